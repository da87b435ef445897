"""Benchmarks of Yolk and of the Egg app that it replaces: `make bench`."""
