"""Threads and processes: a test that uses them is skipped."""

from _shim import missing_from

__getattr__ = missing_from("concurrent.futures")
