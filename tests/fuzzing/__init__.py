"""Hostile programs made from bytes, and the invariant checked after each; `python -m tests.fuzzing`."""
