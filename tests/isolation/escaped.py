"""Programs that are plain, unguarded Python in a worker: what a guest would be that had got out."""

from __future__ import annotations

import textwrap

from capcompiler import Program, cap_compile

__all__ = ["escaped"]

#: From nothing to the modules of the process, as every guide to escaping from sandboxes has it.
OUT = """
world = [c for c in ().__class__.__base__.__subclasses__() if c.__name__ == '_wrap_close'][0]
os = world.__init__.__globals__
sys = os['sys']
modules = sys.modules
"""


def escaped(source: str) -> Program:
    """A program whose code no guard was put into. `os` (its names) and `modules` are at hand."""
    text = OUT + textwrap.dedent(source)
    honest = cap_compile("0")
    code = compile(text, f"<escaped>\x1f{honest.code.co_filename.rpartition(chr(31))[2]}", "exec")
    return Program(text, "exec", "<escaped>", True, frozenset(), frozenset(), honest.digest, code)
