"""What `_py_warnings` of 3.14 takes from C: the guest's own context variables."""

from contextvars import Context, ContextVar, Token, copy_context
