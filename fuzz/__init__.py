"""Fuzzing of everything that digitnet reads; README.md says how to run it."""
