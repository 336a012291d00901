"""Attacks on the compiler itself: what it parses, normalises, binds and evaluates."""

# ruff: noqa: RUF001  # ambiguous letters are the attack
from __future__ import annotations

import sys
from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="compiler", pit=11)

# Sources too deep or too large for a parser or a pass over its tree: refused, not run, and
# above all not crashed on.
TOO_DEEP = [
    ("parentheses", "(" * 5000 + "1" + ")" * 5000),
    ("lists", "[" * 5000 + "]" * 5000),
    ("minus-signs", "-" * 100_000 + "1"),
    ("not-not", "not " * 50_000 + "1"),
    ("additions", "1" + "+1" * 100_000),
    ("attributes", "a" + ".a" * 100_000),
    ("subscripts", "a" + "[0]" * 100_000),
    ("calls", "a" + "()" * 100_000),
    ("powers", "1" + "**1" * 50_000),
    ("lambdas", "lambda: " * 20_000 + "1"),
    ("conditionals", "1 if 1 else " * 20_000 + "1"),
    ("string-concatenation", "'a' " * 200_000 + "+ " + "-" * 100_000 + "1"),
    ("indented-blocks", "".join(" " * i + "if 1:\n" for i in range(200)) + " " * 200 + "pass"),
    (
        "nested-functions",
        "".join(" " * i + "def f():\n" for i in range(95)) + " " * 95 + "-" * 50_000 + "1",
    ),
    ("elif-chain", "if 0: pass\n" + "elif 0: pass\n" * 20_000),
    ("comprehensions", "[" * 150 + "x" + " for x in [1]]" * 150 + "(" * 250 + ")" * 250),
    ("f-string-nest", "f'{" * 151 + "1" + "}'" * 151),
    ("decorators", "@(" * 500 + "f" + ")" * 500 + "\ndef g(): pass"),
    ("match-patterns", "match 1:\n case " + "[" * 5000 + "]" * 5000 + ": pass"),
    ("starred", "x = " + "(*" * 3000 + "a" + ",)" * 3000),
    ("awaits", "async def f():\n return " + "await " * 50_000 + "1"),
]

# Bytes and text that are no program.
NO_PROGRAM = [
    ("nul-byte", "x = 1\x00\ny = __builtins__"),
    ("nul-in-a-string", "x = 'a\x00b'"),
    ("lone-surrogate", "x = '\ud800'"),
    ("surrogate-name", "\ud800 = 1"),
    ("mixed-tabs", "if 1:\n        x = 1\n\ty = 2"),
    ("form-feed-indent", "if 1:\n\x0c  x = 1\n y = 2"),
    ("bad-escape-name", "x = '\\N{no such name at all}'"),
    ("unterminated", "x = '''abc"),
    ("control-character", "x = 1\x01"),
    ("braces", "from __future__ import braces"),
    ("unknown-future", "from __future__ import evil"),
    ("return-at-top", "return 1"),
    ("yield-at-top", "yield 1"),
    ("yield-from-at-top", "yield from ()"),
    ("break-outside", "break"),
    ("nonlocal-at-top", "nonlocal x"),
    ("assign-to-debug", "__debug__ = 0"),
    ("delete-debug", "del __debug__"),
    ("debug-as-argument", "def f(__debug__): pass"),
    ("walrus-in-a-class-comprehension", "class C:\n x = [y := 1 for _ in [1]]"),
    ("walrus-over-the-loop-variable", "[i := 0 for i in [1]]"),
    ("duplicate-argument", "def f(a, a): pass"),
    ("print-statement", "print 'x'"),
    ("type-comment-bytes", "x = 1 # type: \udcff"),
    ("too-many-digits", "x = " + "9" * 10_000),
    ("import-star-in-a-function", "def f():\n from math import *"),
]

# Spellings that only become the name after normalisation (NFKC).
SPELLINGS = [
    ("fullwidth-letters", "__ｂｕｉｌｔｉｎｓ__"),
    ("mathematical-bold", "__𝐛𝐮𝐢𝐥𝐭𝐢𝐧𝐬__"),
    ("mathematical-italic-b", "__𝑏uiltins__"),
    ("one-fullwidth-letter", "__builtinｓ__"),
    ("ligature-and-script", "__ᵇuiltins__"),
    ("superscript-s", "__builtinˢ__"),
]

CASES: list[Case] = [
    *(case(f"too-deep-{name}", src, refused="CAP1") for name, src in TOO_DEEP),
    *(case(f"no-program-{name}", src, refused="CAP1") for name, src in NO_PROGRAM),
    *(case(f"spelling-{name}", f"{text} = {{}}", refused="CAP1") for name, text in SPELLINGS),
    *(
        case(f"spelling-loaded-{name}", f"{text}['open']", refused="CAP1")
        for name, text in SPELLINGS[:3]
    ),
    case(
        "spelling-of-an-attribute",
        "(lambda: 0).__ｇlobals__",
        raises="AttributeError",
        about="__globals__",
    ),
    case(
        "spelling-of-a-frame",
        "(i for i in 'a').gi_frame.𝐟_𝐛𝐮𝐢𝐥𝐭𝐢𝐧𝐬",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "spelling-in-a-class-pattern",
        """
        match (i for i in 'a'):
            case object(ｇi_yieldfrom=x): r = 'stolen'
            case _: r = 'absent'
        r
        """,
        value="absent",
    ),
    case("spelling-of-eval", "ｅｖａｌ('__builtins__')", raises="SyntaxError", about="__builtins__"),
    case(
        "spelling-of-a-keyword",
        "def f(**k): return sorted(k)\nf(__ｃlass__=1)",
        value=["__class__"],
    ),
    case(
        "mangling-makes-no-guard-name",
        """
        class C:
            def f(self):
                self.__x = 1
                return sorted(vars(self))
        C().f()
        """,
        value=["_C__x"],
    ),
    case(
        "mangling-of-a-global",
        """
        class C:
            def f(self):
                global __hidden
                __hidden = 5
        C().f()
        _C__hidden
        """,
        value=5,
    ),
    case(
        "mangling-in-nested-classes",
        """
        class A:
            class B:
                __x = 1
                def f(self): return self.__x
        A.B().f(), hasattr(A.B, '_B__x'), hasattr(A.B, '_A__x')
        """,
        value=(1, True, False),
    ),
    case(
        "mangling-of-an-import",
        """
        class C:
            import math as __m
            def f(self): return self.__m.floor(1.5)
        C().f()
        """,
        value=1,
    ),
    case(
        "mangling-of-an-argument",
        """
        class C:
            def f(self, __x=1, *, __y=2): return __x + __y
        C().f(), C().f(_C__x=5), C().f(_C__y=5)
        """,
        value=(3, 7, 6),
    ),
    case(
        "annotation-runs-guarded",
        "def f(x: (i for i in 'a').gi_frame.f_builtins): pass\nf.__annotations__",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "return-annotation-runs-guarded",
        "def f() -> (i for i in 'a').gi_frame.f_builtins: pass\nf.__annotations__",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "class-annotation-runs-guarded",
        "class C:\n x: (i for i in 'a').gi_frame.f_builtins\nC.__annotations__",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "annotation-of-an-attribute-target",
        "class C: pass\nC.x: (i for i in 'a').gi_frame.f_builtins = 1",
        **(
            # 3.14 never runs it.
            {"value": None}
            if sys.version_info >= (3, 14)
            else {"raises": "AttributeError", "about": "f_builtins"}
        ),
    ),
    case(
        "annotation-as-text-is-not-run",
        "from __future__ import annotations\ndef f(x: undefined.gi_yieldfrom): pass\nf.__annotations__['x']",
        value="undefined.gi_yieldfrom",
    ),
    case(
        "decorator-runs-guarded",
        "@(i for i in 'a').gi_frame.f_builtins\ndef f(): pass",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "default-runs-guarded",
        "def f(x=(i for i in 'a').gi_frame.f_builtins): pass",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "keyword-only-default-runs-guarded",
        "def f(*, x=(i for i in 'a').gi_frame.f_builtins): pass",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "base-class-runs-guarded",
        "class C((i for i in 'a').gi_frame.f_builtins): pass",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "class-keyword-runs-guarded",
        "class C(x=(i for i in 'a').gi_frame.f_builtins): pass",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "f-string-runs-guarded",
        "f'{(i for i in \"a\").gi_frame.f_builtins}'",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "f-string-in-a-format-spec-runs-guarded",
        "f'{1:{(i for i in \"a\").gi_frame.f_builtins}}'",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "f-string-debug-form-runs-guarded",
        "f'{(i for i in \"a\").gi_frame.f_builtins=}'",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "walrus-in-a-comprehension-runs-guarded",
        "[(y := x).gi_frame.f_builtins for x in [(i for i in 'a')]]",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "assert-message-runs-guarded",
        "assert False, (i for i in 'a').gi_frame.f_builtins",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "slice-runs-guarded",
        "[1][(i for i in 'a').gi_frame.f_builtins:]",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "for-target-runs-guarded",
        "for (lambda: 0).__code__ in [1]: pass",
        raises="AttributeError",
        about="__code__",
    ),
    case(
        "with-target-runs-guarded",
        """
        class W:
            def __enter__(self): return 1
            def __exit__(self, *a): pass
        with W() as (lambda: 0).__code__: pass
        """,
        raises="AttributeError",
        about="__code__",
    ),
    case(
        "unpacking-target-runs-guarded",
        "a, [(lambda: 0).__code__, *b] = 1, [2, 3]",
        raises="AttributeError",
        about="__code__",
    ),
    case(
        "comprehension-target-runs-guarded",
        "[0 for (lambda: 0).__code__ in [1]]",
        raises="AttributeError",
        about="__code__",
    ),
    case(
        "delete-target-runs-guarded",
        "del (lambda: 0).__code__",
        raises="AttributeError",
        about="__code__",
    ),
    case(
        "augmented-target-runs-guarded",
        "(lambda: 0).__globals__ += 1",
        raises="AttributeError",
        about="__globals__",
    ),
    case(
        "match-subject-and-guard-run-guarded",
        "match 1:\n case x if (i for i in 'a').gi_frame.f_builtins: pass",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "match-value-pattern-runs-guarded",
        "g = (i for i in 'a')\nmatch 1:\n case g.gi_frame.f_builtins: pass",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "match-mapping-key-runs-guarded",
        "g = (i for i in 'a')\nmatch {1: 2}:\n case {g.gi_frame.f_builtins: _}: pass",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "match-class-name-runs-guarded",
        "g = (i for i in 'a')\nmatch 1:\n case g.gi_frame.f_builtins(): pass",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "except-class-runs-guarded",
        "try:\n 1 / 0\nexcept (i for i in 'a').gi_frame.f_builtins: pass",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "global-statement-hides-nothing",
        "def f():\n global g\n g = (i for i in 'a')\n return g.gi_frame.f_builtins\nf()",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "nonlocal-hides-nothing",
        "def f():\n g = 1\n def h():\n  nonlocal g\n  g = (i for i in 'a')\n h()\n"
        " return g.gi_frame.f_builtins\nf()",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "compile-gives-a-tree-of-the-guests-own",
        "import ast\nt = compile('1', 'x', 'exec', 0x400)\nlog = []\nast.Module.left = 1\n"
        "(type(t) is ast.Module, t.left, 'self' in dir(ast.Module))",
        value=(True, 1, False),
    ),
    case(
        "compile-takes-no-tree",
        "compile(object(), 'x', 'exec')",
        raises="TypeError",
    ),
    case(
        "compiled-code-runs-guarded",
        "eval(compile(\"(i for i in 'a').gi_frame.f_builtins\", 'x', 'eval'))",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "exec-runs-guarded",
        "exec(\"x = (i for i in 'a').gi_frame.f_builtins\")",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "exec-bytes-with-a-cookie-that-hides-the-name",
        "exec(b'# -*- coding: utf-7 -*-\\nx = +AF8AXw-builtins+AF8AXw-')",
        raises="SyntaxError",
    ),
    case(
        "exec-bytes-with-a-made-up-codec",
        "exec(b'# -*- coding: evil -*-\\nx = 1')",
        raises="SyntaxError",
    ),
    case(
        "cookie-in-text-changes-nothing",
        "# -*- coding: utf-7 -*-\nx = '+AF8AXw-builtins+AF8AXw-'\nx",
        value="+AF8AXw-builtins+AF8AXw-",
    ),
    case(
        "exec-a-million-parentheses",
        "exec('(' * 20_000)",
        raises="SyntaxError",
    ),
    case(
        "eval-of-a-deep-text",
        "try: r = eval('-' * 20_000 + '1')\nexcept (SyntaxError, MemoryError): r = 'refused'\nr",  # as the parser says
        value="refused",
    ),
    case(
        "exec-a-very-large-source",
        "exec('x = 1\\n' * 5_000_000)",
        stopped=("steps", "memory"),
    ),
    case(
        "exec-in-exec",
        """
        src = "(i for i in 'a').gi_frame.f_builtins"
        for _ in range(5):
            src = 'exec(' + repr(src) + ')'
        exec(src)
        """,
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "exec-in-a-loop-spends-steps",
        "while True: exec('x = 1')",
        stopped="steps",
        steps=2_000,
    ),
    case(
        "constant-folding-builds-nothing-large",
        "x = lambda: ('a' * 4096) * 4096 * 4096 * 4096\n'alive'",
        value="alive",
    ),
    case(
        "constant-folding-of-powers",
        "x = lambda: 2 ** 10 ** 9\n'alive'",
        value="alive",
    ),
    case(
        "huge-hexadecimal-literal",
        "x = 0x" + "f" * 1_000_000 + "\nx.bit_length()",
        value=4_000_000,
    ),
    case(
        "carriage-returns-move-no-line",
        "x = 1\r\ny = 2\r1 / 0",
        raises="ZeroDivisionError",
    ),
    case("many-names", "\n".join(f"x{i} = {i}" for i in range(20_000)) + "\nx19999", value=19999),
    case(
        "many-arguments",
        "def f(*a): return len(a)\nf(" + ", ".join(["1"] * 20_000) + ")",
        value=20_000,
    ),
    case("byte-order-mark", "\ufeffx = 5\nx", refused="CAP1"),
    case("empty", "", value=None),
    case("only-comments", "# nothing\n\n  # here", value=None),
]
