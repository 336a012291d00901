"""Why a test of CPython's does not pass as a guest, by what its outcome says.

A rule that is `raw` is of tests that ask for nothing but authority over the interpreter itself, which
no host can grant: they are counted as not passed, and told apart in a second figure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["RULES", "Rule", "rule_of"]


@dataclass(frozen=True, slots=True)
class Rule:
    """what: what the tests ask for. pattern: found in their outcomes. why: why it is not there."""

    what: str
    pattern: str
    why: str
    raw: bool = False


RULES: Final = (
    Rule("tracing: `sys.settrace`, `sys.setprofile`", r"sys\.set(trace|profile) was not granted",
         "it reaches into the interpreter", raw=True),
    Rule("frames and code of generators: `gi_frame`, `cr_await`, `ag_code` and their kin",
         r"no attribute '(gi|cr|ag)_(frame|code|yieldfrom|await|origin)'|<frame> is not|'traceback' instances",
         "frames lead to every namespace on the stack", raw=True),
    Rule("bytecode: `dis`, `co_consts`, `replace` of code",
         r"dis\.\w+ was not granted|'code' object has no attribute|code of a function cannot be run",
         "code is facts", raw=True),
    Rule("cells and namespaces of functions: `__closure__`, `__globals__`, `__builtins__`",
         r"'function' object has no attribute '__(closure|globals|builtins)__'|cannot create 'cell'",
         "other functions' variables", raw=True),
    Rule("settings of the interpreter: recursion, origins of coroutines",
         r"sys\.(setrecursionlimit|set_coroutine_origin\w+|set_asyncgen_hooks) was not granted",
         "they are the whole process's", raw=True),
    Rule("storing what decides which builtins code reaches",
         r"it decides what (code can|every function)|3 != 7|\[7, 7\] != \[7, 4\]",
         "`builtins` is read", raw=True),
    Rule("finalisers", r"crab people|\[\] != \[99, 98|: 100 != 0|1 != 0$|\(\) (is not|!=) |MyObj object",
         "no finaliser of a guest runs"),
    Rule("`mro`, `__eq__` of metaclasses, classes behind metaclasses, `super` as a base",
         r"classes compare by identity|'super' is not an acceptable base|cannot stand beside a metaclass",
         "the tables are asked by class"),
    Rule("warnings that C code gives", r"Warning'> not triggered",
         "they go to the host's filters; nobody is told"),
    Rule("flags of `compile`", r"flags are not supported", "of them only `PyCF_ONLY_AST` is taken"),
    Rule("suggestions in the text of errors", r"Did you mean|'blech'|ZeroDivisionError'\?|for_suggestions'\?",
         "C code makes them from frames"),
    Rule("`ImportError.path`", r"no attribute 'path'", "it is a path of the host's"),
    Rule("steps, seconds or memory beyond what the harness gives", r"LimitExceeded|timeout",
         "budgets; a loaded machine"),
    Rule("states of iterators", r"__setstate__|no attribute '__reduce__'", "pickling"),
    Rule("codecs that are Python code", r"unknown encoding", "not among the audited ones"),
    Rule("more levels of source than 400", r"nested too deeply", "the compiler's stack"),
    Rule("what the host did not grant", r"^skip: .*not granted", "the harness grants files in memory and a clock"),
)  # fmt: skip


def rule_of(outcome: str) -> Rule | None:
    """The first rule that an outcome falls under; None where there is another reason."""
    for rule in RULES:
        if re.search(rule.pattern, outcome):
            return rule
    return None
