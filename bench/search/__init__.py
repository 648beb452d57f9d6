"""How long agents wait for searches and for cards with much on them: `make bench-search`, docs/benchmarks.md."""
