"""Each deliberate difference from Python that docs/reference/dialect.md lists, shown."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from capcompiler import cap_exec

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "dialect.md"
#: What the page calls it: a program, and the value of its last line.
DIFFERENCES: dict[str, tuple[str, Any]] = {
    "frames are facts": (
        "def g():\n    yield from h()\ndef h(): yield 1\ni = g()\nnext(i)\nf = i.gi_frame\nr = [f.f_lineno, f.f_code.co_name, f.f_globals, f.f_locals, hasattr(f, 'f_builtins'), i.gi_code is g.__code__]\ni.close()\nr, i.gi_frame",
        ([2, "g", {"__name__": "__main__", "__package__": ""}, {}, False, True], None),
    ),
    "code is facts": (
        "import inspect\ndef f(a, b=1): pass\n[hasattr(f, n) for n in ('__globals__', '__builtins__')], f.__code__.co_varnames, hasattr(f.__code__, 'co_consts'), str(inspect.signature(f))",
        ([False, False], ("a", "b"), False, "(a, b=1)"),
    ),
    "what functions keep is shown to their own text": (
        "def make(x):\n    def f(): return x\n    return f\nf = make(5)\ndef g(): yield from f()\nr = [c.cell_contents for c in f.__closure__]\nother = {'f': f}\ntry: exec('f.__closure__', other)\nexcept AttributeError: r = r, 'absent'\nr, getattr(f, '__closure__', None), hasattr(g(), 'gi_yieldfrom')",
        (([5], "absent"), None, False),
    ),
    "cells are read": (
        "x = [1]\ndef make(x): return lambda: x\nc = make(5).__closure__[0]\nr = []\ntry: c.cell_contents = 6\nexcept AttributeError: r.append('refused')\ntry: del c.cell_contents\nexcept AttributeError: r.append('refused')\nr",
        ["refused", "refused"],
    ),
    "no finalisers": (
        "r = []\nclass C:\n    def __del__(self): r.append(1)\nC()\nr, hasattr(C, '__del__')",
        ([], False),
    ),
    "no buffers of a guest's own": (
        "class C:\n    def __buffer__(self, flags): return memoryview(b'x')\nr = hasattr(C, '__buffer__')\ntry: bytes(C())\nexcept TypeError: r = (r, 'refused')\nr",
        (False, "refused"),
    ),
    "no `mro` of a metaclass": (
        "try: type('M', (type,), {'mro': lambda c: [c]})\nexcept TypeError as e: r = 'mro' in str(e)\nr",
        True,
    ),
    "no `__eq__` and `__hash__` of a metaclass": (
        "r = []\nfor n in ('__eq__', '__hash__'):\n    try: type('M', (type,), {n: len})\n    except TypeError: r.append(n)\nr",
        ["__eq__", "__hash__"],
    ),
    "what stands beside a metaclass": (
        "class B:\n    def __eq__(self, other): return True\ntry: type('M', (B, type), {})\nexcept TypeError as e: r = 'metaclass' in str(e)\nclass C: pass\nr, isinstance(type('M', (C, type), {}), type)",
        (True, True),
    ),
    "no class derives from `super`": (
        "try: type('S', (super,), {})\nexcept TypeError as e: r = 'base type' in str(e)\nr",
        True,
    ),
    "methods of descriptors": (
        "try: type(str.format).__get__(str.format, '{}')\nexcept TypeError: r = str.format.__get__('{}')(3)\nr",
        "3",
    ),
    "no tracing": (
        "import sys\nr = []\nfor n in ('settrace', 'setprofile', 'setrecursionlimit'):\n    try: getattr(sys, n)(None)\n    except PermissionError: r.append(n)\nlen(r)",
        3,
    ),
    "the limit of digits is two limits": (
        "import sys\nr = []\nfor n in (1000, 0):\n    sys.set_int_max_str_digits(n)\n    for size in (900, 1100, 100_000):\n        try: r.append(len(str(10**size)))\n        except ValueError: r.append('refused')\nr",
        [901, "refused", "refused", 901, 1101, "refused"],
    ),
    "trees are compiled as text": (
        "import ast\nt = ast.parse('\\n\\n1 / 0')\ntry: exec(compile(t, 'f', 'exec'))\nexcept ZeroDivisionError as e: r = e.__traceback__.tb_next.tb_lineno\nt.body[0].lineno, r",
        (3, 1),
    ),
    "few flags of `compile`": (
        "r = []\nfor text, flag in (('1', 0x1000000), ('await x', 0x2000), ('1', 0x2000)):\n    try: r.append(eval(compile(text, '', 'eval', flag)))\n    except (ValueError, SyntaxError) as e: r.append(type(e).__name__)\nr",
        ["ValueError", "SyntaxError", 1],
    ),
    "groups that take themselves apart": (
        "class G(ExceptionGroup):\n    def derive(self, parts): return G('g', parts)\ntry: raise G('g', [ValueError()])\nexcept* ValueError as e: r = type(e).__name__\nr",
        "ExceptionGroup",
    ),
    "warnings of C code": (
        "import warnings\nclass I(int): pass\nclass K:\n    def __index__(self): return I(1)\nwith warnings.catch_warnings(record=True) as w:\n    warnings.simplefilter('always')\n    range(K())\nlen(w)",
        0,
    ),
    "what errors carry": (
        "r = []\nclass K: pass\nfor x in (K(), [], int, print):\n    try: x.nothing\n    except AttributeError as e: r.append(e.obj is x)\nr",
        [True, False, False, False],
    ),
    "globals of `exec` are copied": (
        "d = {}\nexec('def f(): return x', d)\nd['x'] = 1\nf = d['f']\ntry: r = f()\nexcept NameError: r = 'not yet'\nexec('', d)\nr, f()",
        ("not yet", 1),
    ),
    "states of iterators": (
        "hasattr(iter([]), '__setstate__'), hasattr(iter([]), '__reduce__')",
        (False, False),
    ),
    "keys of a class are text": (
        "class S(str): pass\nC = type('C', (), {S('x'): 1})\ntry: type('C', (), {1: 1})\nexcept TypeError: r = [type(k).__name__ for k in vars(C) if k == 'x']\nr",
        ["str"],
    ),
    "`builtins` is read": (
        "import builtins\nbuiltins.len = lambda x: 7\nlen('abc')",
        3,
    ),
    "lines in errors of syntax": (
        "r = []\nfor source in ('if 1:\\n\\n', 'x = = 1', 'return'):\n    try: compile(source, '/etc/passwd', 'exec')\n    except SyntaxError as e: r.append((e.filename, e.text))\nr",
        [("/etc/passwd", "\n"), ("/etc/passwd", "x = = 1\n"), ("/etc/passwd", None)],
    ),
    "depth of source": (
        "try: compile('-' * 1000 + '1', '', 'eval')\nexcept SyntaxError as e: r = 'nested' in str(e)\nr",
        True,
    ),
    "memory that is not there": (
        "r = []\nfor f in (lambda: [0] * 2**63, lambda: '%99999999999999999999d' % 1, lambda: bytes(2**64)):\n    try: f()\n    except (OverflowError, MemoryError, ValueError) as e: r.append(type(e).__name__)\nlen(r)",
        3,
    ),
}
DIFFERENCES["modules of the library wait"] = (
    "import sys, statistics\nr = ['fractions' in sys.modules]\nstatistics.mean([1])\n[*r, 'fractions' in sys.modules]",
    [False, True],
)
if sys.version_info >= (3, 14):
    DIFFERENCES["annotations as text"] = (
        "import annotationlib\ndef f(x: Later, y: Never, z: 'as it is'): pass\nLater = int\n"
        "annotationlib.get_annotations(f, format=annotationlib.Format.STRING)",
        {"x": "int", "y": "Never", "z": "as it is"},
    )
if sys.version_info >= (3, 15):
    DIFFERENCES["lazy imports of a program"] = (
        "try: exec('lazy import nothing_like_this')\nexcept ImportError: r = 'at once'\nr",
        "at once",
    )
    DIFFERENCES["alphabets of `binascii`"] = (
        "import binascii\nown = binascii.BASE64_ALPHABET[::-1]\nr = binascii.b2a_base64(b'a', alphabet=own)\n"
        "try: binascii.a2b_base64(r, alphabet=own)\nexcept PermissionError as e: r = r, 'translate' in str(e)\nr",
        (b"nv==\n", True),
    )
#: Entries of the page that only newer versions can show.
_SINCE = {
    "annotations as text": (3, 14),
    "lazy imports of a program": (3, 15),
    "alphabets of `binascii`": (3, 15),
}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # C code's, of which one of them is
@pytest.mark.parametrize("name", DIFFERENCES)
@pytest.mark.parametrize("optimize", [False, True])
def test_a_difference_is_what_the_page_says(name: str, optimize: bool) -> None:
    source, value = DIFFERENCES[name]
    assert cap_exec(source, optimize=optimize).value == value


def test_the_page_lists_these_and_no_others() -> None:
    text = (
        PAGE.read_text(encoding="utf-8").partition("## Deliberate differences")[2].partition("\n## ")[0]
    )
    listed = set(re.findall(r"^\| \*\*(.+?)\*\* \|", text, re.MULTILINE))
    newer = {name for name, since in _SINCE.items() if sys.version_info < since}
    assert listed - newer == set(DIFFERENCES)
