"""What tests take from `unittest.case`."""

from unittest import SkipTest, TestCase, _Raises

_AssertRaisesContext = _Raises
