"""Competitors of the speed benchmarks: each in a process of its own, measured in turn. Run by `make bench`."""
