"""Benchmarks: what a manager would want measured before believing it. Each is a package and a make target."""
