"""How long a decision takes against the statements it consists of: `make bench-lookup`, docs/benchmarks.md."""
