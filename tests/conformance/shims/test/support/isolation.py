"""Tests that want a process of their own are skipped."""

import unittest


def runInSubprocess(*args, **kwargs):
    return unittest.skip("a process")
