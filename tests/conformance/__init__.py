"""CPython's own tests as guest code."""
