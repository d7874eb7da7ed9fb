"""Benchmarks: digitnet against the libraries that a user would pick instead; see README.md here."""
