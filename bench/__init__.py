"""Benchmarks: hexcoder beside its peers, all measured in the same run."""
