"""Programs from bytes: each byte is a choice, so what changes bytes changes programs.

Where the bytes end every choice is the first one, which is the smallest.
"""

from __future__ import annotations

from collections.abc import Sequence

from .words import (
    ATOMS,
    BASES,
    BINARY,
    BUILTINS,
    CAPABILITIES,
    CARRIED,
    DUNDERS,
    ERRORS,
    FORMATS,
    GRANTED,
    MODULES,
    TEXTS,
    functions_of,
    names,
)  # fmt: skip

__all__ = ["LONGEST", "program"]

#: Bytes of which a program is made at most.
LONGEST = 400
STATEMENTS = 14
#: `take` keeps what C code, the host and the interpreter hand to the guest's methods; `ran` tells that
#: a method ran at all.
PRELUDE = """\
seen = []
ran = []
def take(*a, **k):
    ran.append(1)
    if len(seen) < 300:
        seen.extend(a)
        seen.extend(k.values())
    return a[-1] if a else None
class S(str):
    def __eq__(self, o): take(o); return True
    def __hash__(self): take(self); return str.__hash__(self)
    def startswith(self, *a): return False
v0 = v1 = take
"""


class Choices:
    """Choices that bytes make."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def byte(self) -> int:
        at, self.at = self.at, self.at + 1
        return self.data[at] if at < len(self.data) else 0

    def below(self, count: int) -> int:
        chosen = self.byte()
        if count > 256:
            chosen = chosen << 8 | self.byte()
        return chosen % count

    def pick(self, options: Sequence[str]) -> str:
        return options[self.below(len(options))]

    def done(self) -> bool:
        return self.at >= len(self.data)


def program(data: bytes) -> str:
    """The text of a hostile program."""
    return Writer(Choices(data[:LONGEST])).whole()


class Writer:
    """Writes statements that feed one another: what one gives has a name that the next ones use."""

    def __init__(self, choices: Choices) -> None:
        self.below, self.pick, self.done = choices.below, choices.pick, choices.done
        self.lines: list[str] = []
        self.values = ["v0", *GRANTED]
        self.classes: list[str] = []
        self.made = 0

    def whole(self) -> str:
        while not self.done() and self.made < STATEMENTS:
            self.statement()
        for name in self.values:
            if name[0] == "v":
                self.tried(f"print({name!r}, type({name}).__name__, callable({name}))")
        return PRELUDE + "\n".join(self.lines) + "\n"

    # Statements

    def statement(self) -> None:
        kinds = (
            self.assigned, self.assigned, self.assigned, self.stored, self.class_, self.class_, self.caught,
            self.generator, self.coroutine, self.matched, self.bound, self.imported, self.ran, self.handed,
            self.library, self.managed, self.dataclass,
        )  # fmt: skip
        self.made += 1
        kinds[self.below(len(kinds))]()

    def new(self) -> str:
        name = f"v{self.made}"
        if name not in self.values:
            self.values.append(name)
        return name

    def tried(self, *lines: str, name: str = "") -> None:
        """Lines whose failure ends nothing, and whose error is a value as well."""
        caught = "BaseException" if self.below(8) == 7 else "Exception"
        keep = f"{name} = e" if name else "take(e)"
        self.lines += ["try:", *(f"    {line}" for line in lines), f"except {caught} as e: {keep}"]

    def assigned(self) -> None:
        value = self.expr(3)
        name = self.new()
        self.tried(f"{name} = {value}", name=name)

    def place(self, depth: int = 1) -> str:
        """What can be stored to."""
        at = self.expr(depth)
        return (
            f"({at}).{self.name()}",
            f"({at})[{self.expr(1)}]",
            f"({at})[:]",
            f"({at})[::{self.expr(0)}]",
        )[self.below(4)]

    def stored(self) -> None:
        value, place, obj = self.expr(2), self.place(), self.expr(1)
        name = self.name()
        self.tried((
            f"{place} = {value}",
            f"setattr({obj}, {self.text(name)}, {value})",
            f"{place} {self.pick(('+', '|', '*', '%', '-'))}= {value}",
            f"del {place}",
            f"delattr({obj}, {self.text(name)})",
            f"type.__setattr__({obj}, {self.text(name)}, {value})",
            f"object.__setattr__({obj}, {self.text(name)}, {value})",
            f"vars({obj})[{self.text(name)}] = {value}",
            f"vars({obj}).update({{{name!r}: {value}}})",
            f"globals()[{self.text(name)}] = {value}",
            f"({obj}).__dict__ |= {{{name!r}: {value}}}",
            f"({obj}).__class__ = {value}",
            f"{place}, *{self.place()} = {value}",
        )[self.below(13)])  # fmt: skip

    def method(self, name: str, kind: str) -> str:
        """A method that keeps what it is handed, and gives something that it should not."""
        if self.below(8) == 7:
            return f"    {name} = {self.expr(1)}"
        gives = (
            "a[-1]", "NotImplemented", "a[0]", "None", self.atom(), self.value(), "1", "'a'", "iter(a)",
            f"super().{name}(*a[1:], **k)", f"{kind}.{name}(*a, **k)", "(yield a)", "take", "True", "seen",
            "10**9", "self",
        )  # fmt: skip
        given = gives[self.below(len(gives))]
        form = self.below(10)
        body = f"take(*a, **k); {'raise ' + self.error() if form == 9 else 'return ' + given}"
        if form == 8:
            return f"    @{self.pick(('staticmethod', 'classmethod', 'property', 'functools.cache'))}\n    def {name}(*a, **k): {body}"
        return f"    {'async ' if form == 7 else ''}def {name}(*a, **k): {body}"

    def base(self) -> str:
        if self.classes and self.below(2):
            return self.pick(self.classes)
        return self.expr(1) if self.below(6) == 5 else self.pick(BASES)

    def class_(self) -> None:
        name = f"C{self.made}"
        bases = [self.base() for _ in range(self.below(3))]
        if self.below(4) == 3:
            bases.append(f"metaclass={self.pick(self.classes) if self.classes else self.pick(BASES)}")
        if self.below(8) == 7:
            bases.append(f"{self.pick(('a', 'bases', 'name'))}={self.expr(1)}")
        kind = bases[0] if bases and "=" not in bases[0] else "object"
        methods = [self.method(self.pick(DUNDERS), kind) for _ in range(1 + self.below(4))]
        if self.below(6) == 5:
            methods.append(f"    {self.pick(CARRIED)} = {self.expr(1)}")
        head = f"class {name}({', '.join(bases)}):"
        decorator = [f"@{self.callable_()}"] if self.below(8) == 7 else []
        self.tried(*decorator, head, *"\n".join(methods).split("\n"))
        self.classes.append(name)
        made = self.new()
        arguments = self.arguments(1)
        self.tried(f"{made} = {name}({arguments})", name=made)

    def caught(self) -> None:
        """An error, and what its handler finds on it."""
        name, value = self.new(), self.expr(1)
        kind = self.error()
        raised = (
            f"raise {kind}", f"raise {kind} from {self.error()}", value, f"raise {value}", "1 / 0", "undefined",
            f"({value}).{self.name()}", "[][1]", "{}['a']", "int('a')", "b'\\xff'.decode()", "next(iter(()))",
            f"raise ExceptionGroup('g', [{kind}, {self.error()}])", "import nowhere",
        )[self.below(14)]  # fmt: skip
        star = "*" if self.below(5) == 4 else ""
        handler = self.pick(ERRORS[: 2 if star else None])
        walk = "".join(f".{self.pick(CARRIED)}" for _ in range(self.below(4)))
        self.tried(
            "try:", f"    {raised}", f"except{star} {handler} as e:", "    take(e, e.args, e.__context__)",
            f"    {name} = e{walk}", "finally:", f"    {self.pick(('pass', 'take(0)', name + ' = take'))}",
            name=name,
        )  # fmt: skip

    def generator(self) -> None:
        name, g = self.new(), f"g{self.made}"
        self.lines += [
            f"def {g}(*a):",
            "    try:",
            f"        x = yield {self.value()}",
            "        take(x)",
            f"        {self.pick(('yield from', 'yield', 'return', 'raise'))} {self.value()}",
            f"    {self.pick(('finally: take(1)', 'except BaseException as e: take(e); yield e', 'finally: yield 2'))}",
        ]
        self.tried(f"{name} = {g}()", f"take(next({name}))", name=name)
        for _ in range(self.below(4)):
            self.tried(
                f"take({name}.{self.pick(('send', 'throw', 'close', '__next__', 'throw'))}({self.pick(('', 'ValueError', 'take', self.error()))}))"
            )

    def coroutine(self) -> None:
        """Something awaited by hand: each step that it takes is looked at."""
        name, f = self.new(), f"f{self.made}"
        what = self.pick(("afn()", self.value(), f"{self.value()}()", "call(afn)", "anext(f0())", "afn"))
        self.lines += [
            f"async def {f}(*a):",
            f"    {self.pick(('take(await W())', f'return await {what}', f'async for x in {what}: take(x)', f'async with {what} as x: take(x)', f'yield {what}', f'return [x async for x in {what}]'))}",
        ]
        steps = self.pick(
            ("send(None)", "__await__()", "throw(ValueError)", "close()", "cr_frame", "asend(None)")
        )
        self.tried(
            f"{name} = {f}()", f"take({name}.{steps})", f"take({name}.{self.pick(CARRIED)})", name=name
        )

    def matched(self) -> None:
        name = self.new()
        pattern = (
            f"object({self.name()}=x)", f"object({self.name()}=object({self.name()}=x))", "[x, *_]", "{**x}",
            f"{{{self.atom_key()}: x}}", f"{self.pick(self.classes or BASES)}(x)", "str() | int() as x", "x",
        )[self.below(8)]  # fmt: skip
        self.tried(
            f"match {self.expr(2)}:",
            f"    case {pattern}: {name} = x",
            f"    case _: {name} = 0",
            name=name,
        )

    def bound(self) -> None:
        """Targets in unusual places."""
        name, value = self.new(), self.expr(2)
        self.tried(*(
            (f"for {self.place()} in {value}: break", f"{name} = 1"),
            (f"[{name}, *rest] = {value}", "take(rest)"),
            (f"{name} = [x for {self.place(0)} in {value}]",),
            (f"{name} = (lambda a, /, *b, c={value}, **d: (a, b, c, d))(*{value}, **{self.value()})",),
            (f"{name} = [y := x for x in {value}]",),
            (f"def {name}(a: {value} = {value}) -> {value}: return a", f"take({name}.__annotations__)"),
            (f"{name}: {value} = {value}", "take(__annotations__)"),
            (f"@{self.callable_()}", f"def {name}(*a): return take(*a)"),
            (f"assert not {value}, {value}", f"{name} = 1"),
            (f"{name} = f'{{{self.value()}!r:{{take!s}}}}'",),
            (f"global {name}", f"del {name}", f"{name} = {value}"),
        )[self.below(11)], name=name)  # fmt: skip

    def imported(self) -> None:
        name, module = self.new(), self.pick(MODULES)
        self.tried((
            f"import {module} as {name}", f"from {module} import {self.name()} as {name}",
            f"from {module} import *; {name} = globals()", f"{name} = __import__({module!r}, fromlist=['a'])",
            f"import {module} as {name}; {name} = {name}.{self.name()}",
            f"import {module} as {name}; {name} = {name}.sys.modules",
        )[self.below(6)], name=name)  # fmt: skip

    def ran(self) -> None:
        """Text that is run, here or by a child."""
        name, text = self.new(), self.pick(TEXTS)
        self.tried((
            f"{name} = eval({text!r})", f"exec({text!r}); {name} = 1", f"exec({text!r}, {self.value()}); {name} = 1",
            f"{name} = eval({text!r}, {{'__builtins__': {self.value()}}})", f"{name} = compile({text!r}, 'f', 'exec')",
            f"{name} = cap_exec({text!r}, {{'f': {self.value()}, 'seen': {self.value()}}})",
            f"{name} = cap_eval('f({self.pick(('1', 'lambda: 0', '[f]', 'type', 'seen'))})', {{'f': {self.callable_()}, 'seen': data}})",
            f"{name} = expose({self.value()}, {self.text(self.name())})",
            f"{name} = cap_exec({text!r}, {{'take': expose({self.value()}, '__call__')}}).value",
        )[self.below(9)], name=name)  # fmt: skip

    def handed(self) -> None:
        """A use of a capability, with something that lies or runs."""
        name, capability = self.new(), self.pick(CAPABILITIES)
        self.tried(f"{name} = {capability}({self.arguments(2)})", name=name)

    def library(self) -> None:
        name = self.new()
        self.tried(f"{name} = {self.of_library()}", name=name)

    def managed(self) -> None:
        name, value = self.new(), self.expr(2)
        self.tried(
            f"with {value} as {self.pick((name, self.place(0)))}:", f"    take({name})", name=name
        )

    def dataclass(self) -> None:
        """Classes that library code makes from text and annotations."""
        name, value = self.new(), self.value()
        text = self.text(self.name())
        self.tried(*(
            ("import dataclasses", "@dataclasses.dataclass", f"class {name}:", f"    a: {value} = {value}", f"    b: {text!s} = 1"),
            ("import collections", f"{name} = collections.namedtuple('N', [{text}, 'a'], defaults=[{value}])",),
            ("import enum", f"{name} = enum.Enum('E', [({text}, {value}), ('b', 2)])",),
            ("import dataclasses", f"{name} = dataclasses.make_dataclass('D', [({text}, {value})])({value})",),
            ("import functools", f"{name} = functools.wraps({value}, assigned=[{text}], updated=[{self.text(self.name())}])(take)",),
            ("import typing", f"{name} = typing.get_type_hints({value})",),
            ("import functools", f"{name} = functools.singledispatch(take)", f"{name}.register({value}, take)"),
            ("import dataclasses", f"{name} = dataclasses.asdict({value})", f"take({name})"),
        )[self.below(8)], name=name)  # fmt: skip

    # Expressions

    def value(self) -> str:
        return self.pick(self.values[-24:])

    def atom(self) -> str:
        return self.pick(ATOMS)

    def atom_key(self) -> str:
        return self.pick(("'a'", "0", "None", "'__class__'", "1.5"))

    def name(self) -> str:
        return self.pick(names()) if self.below(3) == 2 else self.pick(CARRIED)

    def text(self, name: str) -> str:
        """A name as text, or as something that says so."""
        return (repr(name), f"S({name!r})", f"''.join({list(name)!r})", f"{name!r}.encode().decode()")[
            self.below(4)
        ]

    def error(self) -> str:
        kind = self.pick(self.classes) if self.classes and self.below(4) == 3 else self.pick(ERRORS[:-1])
        return (kind, f"{kind}(take)", f"{kind}({self.value()}, {self.value()})", f"{kind}('a')")[
            self.below(4)
        ]

    def callable_(self) -> str:
        if self.classes and self.below(3) == 2:
            return self.pick(self.classes)
        return (self.value(), self.pick(BUILTINS), f"({self.expr(1)})", "take")[self.below(4)]

    def arguments(self, depth: int) -> str:
        given = [self.expr(depth - 1) for _ in range(self.below(4))]
        form = self.below(12)
        if form == 11:
            given.append(f"**{{{self.text(self.name())}: {self.value()}}}")
        elif form == 10:
            given.append(f"*{self.value()}")
        elif form == 9:
            given.append(f"{self.pick(('key', 'default', 'obj', 'name', 'file', 'a'))}={self.value()}")
        return ", ".join(given)

    def of_library(self) -> str:
        module = self.pick(MODULES)
        function = self.pick(functions_of(module) or ("a",))
        found = f"__import__({module!r}, fromlist='a').{function}"
        form = self.below(6)
        if form == 5:
            return f"{found}.{self.name()}"
        return found if form == 4 else f"{found}({self.arguments(2)})"

    def expr(self, depth: int) -> str:
        if depth <= 0:
            return self.value() if self.below(2) else self.atom()
        d = depth - 1
        kinds = (
            lambda: self.value(),
            lambda: self.atom(),
            lambda: f"({self.expr(d)}).{self.name()}",
            lambda: f"({self.expr(d)}).{self.name()}({self.arguments(depth)})",
            lambda: f"({self.expr(d)}).{self.pick(CARRIED)}.{self.pick(CARRIED)}",
            lambda: f"{self.pick(BUILTINS)}({self.arguments(depth)})",
            lambda: f"{self.callable_()}({self.arguments(depth)})",
            lambda: f"({self.expr(d)})[{self.expr(d)}]",
            lambda: f"({self.expr(d)}) {self.pick(BINARY)} ({self.expr(d)})",
            lambda: f"getattr({self.expr(d)}, {self.text(self.name())})",
            lambda: self.of_library(),
            lambda: f"{self.pick(FORMATS) % self.name()!r}.format({self.expr(d)}, {self.expr(d)}, a={self.value()})",
            lambda: f"{self.pick(CAPABILITIES)}({self.arguments(depth)})",
            lambda: f"[take(x) for x in {self.expr(d)}]",
            lambda: f"list(map({self.callable_()}, [{self.expr(d)}, {self.value()}]))",
            lambda: f"sorted([{self.expr(d)}, {self.value()}], key={self.callable_()})",
            lambda: f"(lambda *a, **k: {self.expr(d)})",
            lambda: f"type('T', ({self.base()},), {{{self.text(self.pick(DUNDERS))}: {self.expr(d)}}})",
            lambda: f"__import__('operator').{self.pick(('attrgetter', 'methodcaller', 'itemgetter'))}({self.text(self.name())})({self.expr(d)})",
            lambda: f"__import__('functools').{self.pick(('partial', 'reduce', 'cmp_to_key', 'lru_cache', 'partialmethod', 'cached_property'))}({self.callable_()}, {self.expr(d)})",
            lambda: f"super({self.pick(self.classes or BASES)}, {self.expr(d)}).{self.name()}",
            lambda: f"__import__('copy').{self.pick(('copy', 'deepcopy', 'replace'))}({self.expr(d)})",
            lambda: f"'%s %r %(a)s' % ({self.expr(d)})",
            lambda: f"type({self.expr(d)}).{self.name()}({self.arguments(depth)})",
            lambda: f"({self.expr(d)}).{self.pick(DUNDERS)}({self.arguments(depth)})",
            lambda: "seen[-1]",
        )  # fmt: skip
        return kinds[self.below(len(kinds))]()
