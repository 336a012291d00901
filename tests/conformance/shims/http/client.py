"""`http.client` is authority: a test that uses it is skipped."""

from _shim import missing_from

__getattr__ = missing_from("http.client")
