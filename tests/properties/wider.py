"""Statements of the larger kind: a whole situation each, in which one corner of the language is tried.

They go into the programs that `strategies` writes; what each draws is small, so that a run tries many.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Wider"]


class Wider:
    """Mixed into the writer of programs, whose means of choosing and of writing they use."""

    below: Any
    pick: Any
    chance: Any
    new: Any
    emit: Any
    expr: Any
    number: str = "int"

    def tried(self, depth: int, *lines: str) -> None:
        """Lines that may fail without ending the program, with the text of the error."""
        self.emit(depth, "try:")
        for line in lines:
            self.emit(depth + 1, line)
        self.emit(depth, "except Exception as error:")
        self.emit(depth + 1, "print(type(error).__name__, error)")

    def given(self, depth: int, text: str) -> None:
        """Lines of a text, at a depth."""
        for line in text.strip("\n").split("\n"):
            self.emit(depth, line)

    def scopes(self, scope: Any, depth: int) -> None:
        """Names in comprehensions, class bodies and closures, and what binds them."""
        f, c, x = self.new("f"), self.new("C"), self.new("x")
        first = self.expr(scope, self.number, 1)
        self.given(
            depth,
            f"""
{x} = 'outside'
def {f}(n):
    late = [lambda: i for i in range(3)]
    kept = [lambda i=i: (i, n) for i in range(2)]
    n += {self.below(4)}
    def inner():
        nonlocal n
        n = n * 2
        return [n + j for j in range(2) if (seen := j) or True], seen
    out = inner(), n, [g() for g in late], [g() for g in kept]
    return out, [[a * b for a in range(b)] for b in [1, 2] if (last := b)], last, 'seen' in locals()
class {c}:
    {x} = {self.pick(["'inside'", f"[{x}]", x])}
    pair = [{self.pick([x, "1", "k"])} for k in {self.pick([x, "'ab'", "range(2)"])}]
    {self.pick([f"y = (lambda: {x})()", f"y = {x} * 2", f"del {x}", f"global {self.new('g')}"])}
    def method(self, default={self.pick([x, "1", "pair"])}):
        return {self.pick([x, "default", "__class__.__name__", "pair"])}
    for k in range(2):
        pass
""",
        )
        self.tried(depth, f"print({f}({first}))")
        self.tried(
            depth, f"print({c}().method(), {c}.pair, {c}.k, sorted(n for n in vars({c}) if n[0] != '_'))"
        )
        comprehension = self.pick([
            f"[({x} := k) for k in range(3)]", f"{{k: {x} for k in 'ab' for {x} in 'cd'}}",
            f"[{x} for {x} in range(3) if {x}] + [{x}]", f"list({x} for {x} in [{x}, {x}])",
            "[a for a, *b in ['abc', 'de'] if b]", "{k for k in 'aab'} ^ {k + '' for k in 'b'}",
            "[y for x in [[1], [2, 3]] for y in x if y % 2]", "[(lambda v: v + k)(k) for k in range(3)]",
            f"[{x} for k in undefined]", "[next(g) for g in [iter([])]]",
        ])  # fmt: skip
        self.tried(depth, f"print({comprehension})", f"print({x})")

    def augmented(self, scope: Any, depth: int) -> None:
        """Assignments that read what they store, and in what order they do."""
        c, o, d = self.new("C"), self.new("o"), self.new("d")
        inplace = self.pick(["__iadd__", "__iadd__", "__add__", "__radd__"])
        given = self.pick(["self", "[*self.v, other]", "NotImplemented", "None"])
        self.given(
            depth,
            f"""
class {c}:
    __slots__ = ('v', '_p')
    def __init__(self, v): self.v = v; self._p = 0
    def {inplace}(self, other):
        print('{inplace}', other)
        return {given}
    @property
    def p(self):
        print('get')
        return self._p
    @p.setter
    def p(self, value):
        print('set', value)
        self._p = value
    def __getitem__(self, key):
        print('item', key)
        return self.v[key]
    def __setitem__(self, key, value):
        print('store', key, value)
        self.v[key] = value
    def __repr__(self): return 'C' + repr(self.v)
def {d}(value, told):
    print('evaluated', told)
    return value
{o} = {c}([1, 2, 3])
""",
        )
        operator = self.pick(["+=", "-=", "*=", "//=", "**=", "<<=", "|=", "%=", "@="])
        value = self.expr(scope, self.number, 1)
        for action in (
            f"{d}({o}, 1).p {operator} {d}({self.below(5)}, 2)",
            f"{d}({o}, 1)[{d}({self.below(4)}, 2)] {operator} {d}({self.below(5)}, 3)",
            f"{o}[{self.below(2)}:{self.below(4)}] += {self.pick(['[9]', '(9,)', '9', 'None'])}",
            f"{o}.v[0] {operator} {value}",
            f"{o} {self.pick(['+=', '-='])} {self.pick(['1', o, value])}",
            f"{o}.v[{d}(-1, 1)], {o}.p = {d}(7, 2), {d}(8, 3)",
            f"{o}.absent += 1",
            f"a = b = [0]; a += b; a *= 2; print(a is b, b); ({d}(a, 1))[:1], = {d}('z', 2),",
        ):
            if self.chance(3):
                self.tried(depth, action, f"print({o})")

    def described(self, scope: Any, depth: int) -> None:
        """Properties, descriptors of both kinds, slots, and which of them is asked first."""
        base, c, o = self.new("B"), self.new("C"), self.new("o")
        setter = self.pick(["", "    def __set__(self, o, v): print('set', v); o.__dict__[self.n] = v"])
        deleter = self.pick(["", "    def __delete__(self, o): print('del', self.n)"])
        hook = self.pick([
            "", "    def __getattr__(self, n): return 'missing ' + n",
            "    def __getattribute__(self, n):\n        print('asked', n)\n"
            "        return object.__getattribute__(self, n)",
            "    def __setattr__(self, n, v): print('store', n); super().__setattr__(n, v)",
            "    def __delattr__(self, n): print('delete', n); super().__delattr__(n)",
        ])  # fmt: skip
        self.given(
            depth,
            f"""
import functools
class D{c}:
    def __set_name__(self, owner, n): self.n = n
    def __get__(self, o, kind=None): return 'got', self.n, o is None
{setter}
{deleter}
class {base}:
    d = D{c}()
    shared = {self.expr(scope, self.number, 1)}
    @property
    def p(self): return self.__dict__.get('q', 'unset')
    @p.setter
    def p(self, v):
        if v == 3: raise AttributeError('no three')
        self.__dict__['q'] = v
    @p.deleter
    def p(self): del self.__dict__['q']
    @functools.cached_property
    def once(self):
        print('worked out')
        return len(self.__dict__)
    @classmethod
    def made(cls): return cls.__name__, cls.shared
    @staticmethod
    def free(*a, **k): return a, k
{hook}
class {c}({base}):
    {self.pick(["pass", "shared = 'own'", "d = 5", "p = property(lambda self: 'hidden')"])}
    def p2(self): return super().p, super().d, super().made()
{o} = {c}()
""".replace("\n\n", "\n"),
        )
        for action in (
            f"print({o}.d, {c}.d)",
            f"{o}.d = 1; print({o}.d, sorted(vars({o})))",
            f"del {o}.d",
            f"{o}.p = {self.below(4)}; print({o}.p)",
            f"del {o}.p; print({o}.p)",
            f"print({o}.once, {o}.once); del {o}.once; print({o}.once)",
            f"print({o}.p2())",
            f"print({o}.made(), {c}.free(1, k=2), {o}.free())",
            f"{o}.__dict__['d'] = 'in the way'; print({o}.d)",
            f"{o}.shared += 1; print({o}.shared, {base}.shared)",
            f"print(getattr({o}, 'nowhere', 'default'), hasattr({o}, 'p'))",
            f"{c}.late = property(lambda self: self.shared); print({o}.late); {o}.late = 1",
        ):
            if self.chance(2):
                self.tried(depth, action)

    def folded(self, scope: Any, depth: int) -> None:
        """Builtins that walk, over what is there at once and over what comes one by one."""
        numbers = self.pick([
            "[0.1] * 10", "[1, 2.5, True]", "[1e100, 1.0, -1e100]", "[2**70, 0.5, -(2**70)]", "[1j, 0.1, 0.2]",
            "[]", "['b', 'a']", "[[1], [2]]", "[3, 1, 2, 1]", f"[{self.expr(scope, self.number, 1)}]",
            "[None]", "[float('inf'), float('-inf')]", "[10**30, 1, -(10**30), 0.1]",
        ])  # fmt: skip
        source = self.pick(["{0}", "iter({0})", "(v for v in {0})", "tuple({0})", "map(lambda v: v, {0})",
                            "reversed({0})", "filter(None, {0})", "dict.fromkeys(map(str, {0}))"])  # fmt: skip
        walked = source.format(f"({numbers})")
        self.tried(depth, f"print(list({walked}))")
        for action in (
            f"sum({walked})", f"sum({walked}, {self.pick(['0.5', '10', '()', '[]', '1j', 'None', 'True'])})",
            f"max({walked}, default='none')", f"min({walked}, key=repr)", f"sorted({walked}, key=str, reverse=True)",
            f"any({walked}), all({walked})", f"list(enumerate({walked}, 2))", f"list(zip({walked}, 'abc'))",
            f"list(zip({walked}, 'ab', strict=True))", f"[*{walked}, *{walked}]", f"'-'.join(map(repr, {walked}))",
            f"list(map(lambda *a: a, {walked}, range(2)))", f"1 in {walked}, 0.1 in {walked}",
            f"(lambda *a, **k: (a, k))(*{walked}, z=1)", f"dict(zip('abc', {walked}))",
            f"[divmod(v, 3) for v in {walked}], [pow(v, 2) for v in {walked}]", f"list(map(round, {walked}))",
        ):  # fmt: skip
            if self.chance(4):
                self.tried(depth, f"print({action})")

    def managed(self, scope: Any, depth: int) -> None:
        """`with`, one and several, and what leaves it how."""
        c, f = self.new("M"), self.new("f")
        leaves = self.pick(
            ["return 'left'", "raise KeyError('body')", "pass", "break", "continue", "1 / 0"]
        )
        self.given(
            depth,
            f"""
import contextlib
class {c}:
    def __init__(self, n): self.n = n
    def __enter__(self):
        print('enter', self.n)
        {self.pick(["return self.n", "return self", "raise ValueError('enter')", "return (self.n, 2)"])}
    def __exit__(self, kind, error, tb):
        print('exit', self.n, kind and kind.__name__, error and error.args, tb is None)
        {self.pick(["return False", "return True", "return 1", "raise TypeError('exit')", "pass"])}
@contextlib.contextmanager
def {f}(n):
    print('begin', n)
    try:
        yield n
    except {self.pick(["KeyError", "ZeroDivisionError", "Exception"])} as error:
        print('seen', repr(error), repr(error.__context__))
        {self.pick(["pass", "raise", "raise ValueError('other') from error", "raise ValueError('new')"])}
    finally:
        print('end', n)
def run{f}():
    for k in range(2):
        with {
                self.pick(
                    [
                        f"{c}(k) as a, {f}(k) as b",
                        f"{f}(k) as (a), {c}(a)",
                        f"{c}(1)",
                        f"{f}(k), {f}(k + 5)",
                        "contextlib.suppress(KeyError)",
                    ]
                )
            }:
            print('in', k)
            {leaves}
        print('after', k)
    return 'whole'
""",
        )
        self.tried(depth, f"print(run{f}())")
        self.emit(depth, "try:")
        self.emit(depth + 1, f"run{f}()")
        self.emit(depth, "except Exception as error:")
        self.emit(depth + 1, "while error is not None:")
        self.emit(depth + 2, "print(repr(error), error.__suppress_context__, repr(error.__cause__))")
        self.emit(depth + 2, "error = error.__context__")

    def stepped(self, scope: Any, depth: int) -> None:
        """Generators and asynchronous ones, driven by each of their methods."""
        f, g, a, b = self.new("f"), self.new("g"), self.new("a"), self.new("b")
        self.given(
            depth,
            f"""
def {f}(n):
    total = n
    while True:
        try:
            got = yield total
            total += got or 1
        except {self.pick(["ValueError", "KeyError", "(KeyError, IndexError)"])} as error:
            {self.pick(["total = repr(error)", "return total", "yield 'more'", "raise", "total = 0"])}
        finally:
            {self.pick(["pass", "print('kept')", "total = total if total else 5"])}
        if total == 7 or not isinstance(total, int): return {self.pick(["total", "[total]", "None"])}
async def {a}(n):
    try:
        for k in range(n):
            got = yield k
            if got: print('got', got)
    except {self.pick(["ValueError", "KeyError"])} as error:
        yield 'caught ' + str(error)
    finally:
        print('done')
async def run{a}(n):
    made = {a}(n)
    {
                self.pick(
                    [
                        "print([v async for v in made])",
                        "print(await anext(made), await anext(made, 'none'))",
                        "print(await made.asend(None))",
                        "print(await made.asend(3))",
                    ]
                )
            }
    {
                self.pick(
                    [
                        "print(await made.asend('x'))",
                        "await made.aclose()",
                        "print(await made.athrow(ValueError('t')))",
                        "print({{k: v async for k, v in ((w, w) async for w in made)}})",
                    ]
                )
            }
    {self.pick(["return 'ran'", "return await anext(made, 'default')", "await made.aclose(); return 1"])}
{g} = {f}({self.below(6)})
{b} = run{a}({self.below(4)})
""",
        )
        for _ in range(2 + self.below(5)):
            action = self.pick(
                ["next({g})", "{g}.send(2)", "{g}.throw(ValueError('v'))", "{g}.throw(KeyError)", "{g}.close()",
                 "[v for v, _ in zip({g}, range(3))]", "{g}.throw(StopIteration(1))", "(lambda: (yield from {g}))().send(None)"]
            )  # fmt: skip
            self.tried(depth, f"print({action.format(g=g)})")
        self.emit(depth, "try:")
        self.emit(depth + 1, f"print({b}.send(None))")
        self.emit(depth, "except StopIteration as stop:")
        self.emit(depth + 1, "print('returned', stop.value)")
        self.emit(depth, "except BaseException as error:")
        self.emit(depth + 1, "print(type(error).__name__, error)")
