"""Every generated program does as a guest what it does under plain CPython, at either level of
optimisation and for the same number of steps."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import given

from capcompiler import DialectError, GuestError, cap_compile, cap_eval, check
from properties.outcome import examples, guest, native, plain
from properties.strategies import expressions, programs

SOURCES = {
    "empty": "",
    "a docstring alone": '"""nothing"""\n',
    "names": "a = 1\nb = [a, 2.0, True]\n_c = 3\ndel a\n",
    "an error in a function": "def f(n):\n    return 1 // n\nprint(f(1))\nf(0)\n",
    "an error of the program's own": "class Odd(ValueError):\n    pass\nraise Odd('really', 3)\n",
    "an error without text": "raise ValueError\n",
    "a key": "{}['a']\n",
    "cause and context": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError(1) from e\n",
    "printing": "print(1, 'a', [2], sep='-', end='!\\n')\nprint()\nprint('x', end='')\n",
    "a generator that is driven": (
        "def g():\n    got = yield 1\n    while got:\n        got = yield got * 2\n    return 'done'\n"
        "it = g()\nout = [next(it), it.send(3), it.send(4)]\ntry:\n    it.send(0)\n"
        "except StopIteration as stop:\n    out.append(stop.value)\n"
    ),
    "super and mro": (
        "class A:\n    def f(self): return ['A']\n"
        "class B(A):\n    def f(self): return ['B', *super().f()]\n"
        "class C(A):\n    def f(self): return ['C', *super().f()]\n"
        "class D(B, C):\n    def f(self): return ['D', *super().f()]\n"
        "out = D().f()\nmro = [k.__name__ for k in D.__mro__]\n"
    ),
    "descriptors": (
        "class Field:\n    def __set_name__(self, owner, name): self.name = name\n"
        "    def __get__(self, obj, kind=None): return (obj is None, self.name)\n"
        "    def __set__(self, obj, value): obj.__dict__[self.name] = value * 2\n"
        "class K:\n    x = Field()\nk = K()\nk.x = 21\nout = (k.x, K.x, k.__dict__, vars(k))\n"
    ),
    "slots": (
        "class P:\n    __slots__ = ('x',)\np = P()\np.x = 1\ntry:\n    p.y = 2\n"
        "except AttributeError as e:\n    print(e)\n"
    ),
    "metaclass": (
        "class Meta(type):\n    def __new__(m, name, bases, ns, **kw):\n"
        "        ns['tag'] = kw.get('tag', name.lower())\n"
        "        return super().__new__(m, name, bases, ns)\n"
        "class K(metaclass=Meta, tag='t'):\n    pass\nclass L(K):\n    pass\nout = (K.tag, L.tag)\n"
    ),
    "closures in loops": "out = [f() for f in [lambda i=i: i * i for i in range(4)]]\n",
    "late binding": "fs = []\nfor i in range(3):\n    fs.append(lambda: i)\nout = [f() for f in fs]\n",
    "star arguments": (
        "def f(a, /, b=2, *c, d=4, **e): return (a, b, c, d, e)\n"
        "out = [f(1), f(1, *[2, 3], d=5, **{'x': 6}), f(*'ab', **{})]\n"
    ),
    "chained comparison evaluates once": (
        "seen = []\ndef v(n):\n    seen.append(n)\n    return n\nout = v(1) < v(3) > v(2) != v(9)\n"
    ),
    "order of evaluation": (
        "seen = []\ndef v(n):\n    seen.append(n)\n    return n\n"
        "d = {}\nd[v(1)] = v(2)\nv([0, 0])[v(1)] = v(3)\nout = {v(4): v(5), **{v(6): v(7)}}\n"
        "def f(*a, **k): return a, k\nf(v(8), *[v(9)], x=v(10))\n"
        "v([1])[v(0)] += v(11)\n"
    ),
    "except star": (
        "try:\n    raise ExceptionGroup('g', [ValueError(1), TypeError(2)])\n"
        "except* ValueError as e:\n    print('v', len(e.exceptions))\n"
        "except* TypeError as e:\n    print('t', len(e.exceptions))\n"
    ),
    "finally wins": "def f():\n    try:\n        return 1\n    finally:\n        return 2\nout = f()\n",
    "a name that an except clause unbinds": (
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    pass\ne\n"
    ),
    "unbound local": "def f():\n    x += 1\nf()\n",
    "string methods": (
        "s = 'Hello, World'\nout = [s.translate({72: 'J'}), s.encode(), s.center(20, '*'),"
        " '{:>8.3f}|{!r}|{x[0]}'.format(3.14159, 'a', x=[1]), s.format_map({}), '%(a)s' % {'a': 1}]\n"
    ),
    "in-place operators of a class": (
        "class V:\n    def __init__(self, n): self.n = n\n"
        "    def __iadd__(self, o): self.n += o; return self\n"
        "    def __rsub__(self, o): return ('rsub', o, self.n)\n    def __matmul__(self, o): return o\n"
        "v = w = V(1)\nv += 4\nout = (w.n, 10 - v, v @ 'm')\n"
    ),
    "async definitions": (
        "async def f(n):\n    return n + 1\nasync def g():\n    return await f(1) + await f(2)\n"
        "c = g()\ntry:\n    c.send(None)\nexcept StopIteration as stop:\n    out = stop.value\ndel c\n"
    ),
    "walrus in a comprehension": "out = [y for x in range(5) if (y := x * x) > 3]\nlast = y\n",
    "annotations": "x: int = 1\ny: 'str'\ndef f(a: int = 2) -> str: ...\nout = (f.__annotations__['a'] is int)\n",
    "global": "n = 0\ndef f():\n    global n\n    n += 1\nfor _ in range(3):\n    f()\n",
    "deep recursion within reason": "def f(n):\n    return 0 if n == 0 else 1 + f(n - 1)\nout = f(300)\n",
    "big numbers": "out = [2 ** 200, -7 // 2, -7 % 3, 7 << 70, 10 ** 30 // 7, hash(2 ** 61)]\n",
    "slices": "x = list(range(10))\nx[2:4] = 'ab'\ndel x[::3]\nout = (x, x[::-2], 'abc'[-2:], (1, 2)[5:])\n",
    "dict order": "d = {'b': 1, 'a': 2}\nd |= {'c': 3}\nd.update(a=4)\nout = (list(d), d.items() >= {('a', 4)})\n",
    "unpacking errors": "a, b = [1, 2, 3]\n",
    "wrong call": "def f(a, *, b): ...\nf(1, 2)\n",
    "no such attribute": "[].nothing\n",
    "no such method of a class": "class K: ...\nK().nothing\n",
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
def test_a_program_does_what_cpython_does(name: str) -> None:
    source = SOURCES[name]
    expected = native(source)
    outcomes = [guest(source, optimize=optimize) for optimize in (True, False)]
    assert outcomes[0] == outcomes[1]
    assert outcomes[0].but_steps() == expected


@given(programs())
@examples(250)
def test_generated_programs_do_what_cpython_does(source: str) -> None:
    expected = native(source)
    optimized, routed = guest(source), guest(source, optimize=False)
    assert optimized.but_steps() == expected
    assert routed == optimized


@given(programs(size=5))
@examples(60)
def test_a_program_is_the_same_each_time_and_after_pickling(source: str) -> None:
    program = cap_compile(source)
    first = guest(program)
    assert guest(program) == first
    assert guest(pickle.loads(pickle.dumps(program))) == first  # noqa: S301 - our own bytes
    assert check(source) == []


@given(expressions())
@examples(200)
def test_generated_expressions_have_the_value_that_cpython_gives(source: str) -> None:
    expected = native(f"value = ({source})\n")
    for optimize in (True, False):
        got: Any
        try:
            got = {"value": plain(cap_eval(source, optimize=optimize))}, None
        except GuestError as error:
            got = None, (error.exc_type, error.message)
        assert got == (expected.names, expected.error)


@given(programs(size=4))
@examples(60)
def test_half_a_program_is_refused_where_python_refuses_it(source: str) -> None:
    half = source[: len(source) * 2 // 3].rstrip("\n ")
    try:
        expected = native(half).but_steps()
    except SyntaxError:
        with pytest.raises(DialectError):
            guest(half)
        assert check(half)
        return
    assert guest(half).but_steps() == expected
