"""Measurement: suites, benchmarks, statistics, gates."""
