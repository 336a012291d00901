"""Programs for property tests: a grammar, drawn from by Hypothesis.

Every program ends by itself: loops run over short ranges and containers, functions call only those
defined before them, and what grows is cut to length. Most expressions are well typed; one in some
eighty is not, so that errors, and their texts, are tested too. Nothing depends on addresses, on the
order of sets of text, or on names of modules.

`programs(restricted=True)` keeps to what RestrictedPython's own policy accepts.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import strategies as st

from properties.wider import Wider

__all__ = ["expressions", "programs"]

INT, STR, BOOL, LIST, DICT, TUPLE, FLOAT, SET = "int str bool list dict tuple float set".split()
KINDS = (INT, STR, BOOL, LIST, DICT, TUPLE, FLOAT, SET)
EXCEPTIONS = ("ValueError", "KeyError", "ZeroDivisionError", "IndexError", "TypeError", "LookupError")
WORDS = ("alpha", "b", "Gamma delta", "", "x,y,,z", "ß 1", "42", "%s", "{0}", "tab\\tline\\n")


@dataclass
class Scope:
    """What is in reach at one place of the program."""

    names: dict[str, list[str]] = field(default_factory=lambda: {k: [] for k in KINDS})
    functions: list[tuple[str, list[str], str]] = field(default_factory=list)
    objects: list[tuple[str, str]] = field(default_factory=list)
    inside: str = ""

    def copy(self) -> Scope:
        return Scope(
            {k: list(v) for k, v in self.names.items()},
            list(self.functions),
            list(self.objects),
            self.inside,
        )


class Writer(Wider):
    """Writes one program. draw: Hypothesis's. restricted: keep to RestrictedPython's policy."""

    def __init__(self, draw, restricted: bool) -> None:
        self.draw = draw
        self.restricted = restricted
        self.lines: list[str] = []
        self.serial = 0
        self.classes: list[tuple[str, str]] = []

    # Choosing

    def below(self, bound: int) -> int:
        return self.draw(st.integers(0, bound - 1))

    def pick(self, options):
        options = list(options)
        return options[self.below(len(options))]

    def chance(self, one_in: int) -> bool:
        return self.below(one_in) == one_in - 1

    def new(self, prefix: str) -> str:
        self.serial += 1
        return f"{prefix}{self.serial}"

    def emit(self, depth: int, text: str) -> None:
        self.lines.append("    " * depth + text)

    def told(self, error: str) -> str:
        """What a program tells of an error. RestrictedPython's guards have texts of their own."""
        if not self.restricted:
            return error
        return f"[isinstance({error}, k) for k in ({', '.join(sorted(set(EXCEPTIONS)))})]"

    # Expressions

    def expr(self, scope: Scope, kind: str, fuel: int) -> str:
        """An expression that is, but for a mistake now and then, of one kind."""
        if self.chance(80):
            kind = self.pick(KINDS)
        if fuel <= 0 or self.chance(4):
            return self.atom(scope, kind)
        if self.chance(12):
            return (
                f"({self.expr(scope, kind, fuel - 1)} if {self.expr(scope, BOOL, fuel - 1)}"
                f" else {self.expr(scope, kind, fuel - 1)})"
            )
        if self.chance(14):
            call = self.call(scope, kind, fuel)
            if call:
                return call
        if self.chance(20):
            word = self.pick(["and", "or"])
            return f"({self.expr(scope, kind, fuel - 1)} {word} {self.expr(scope, kind, fuel - 1)})"
        if self.chance(30):
            name = self.pick(["u", "v"])
            return f"(lambda {name}: {name})({self.expr(scope, kind, fuel - 1)})"
        return getattr(self, f"{kind}_expr")(scope, lambda k: self.expr(scope, k, fuel - 1))

    def atom(self, scope: Scope, kind: str) -> str:
        if scope.names[kind] and not self.chance(3):
            return self.pick(scope.names[kind])
        if kind == INT:
            return str(self.pick([0, 1, 2, 3, 5, 7, 10, 64, 255, 1000003, 2**63]))
        if kind == STR:
            return f'"{self.pick(WORDS)}"'
        if kind == BOOL:
            return self.pick(["True", "False"])
        if kind == FLOAT:
            return self.pick(["0.0", "1.5", "2.25", "1e9", "0.1"])
        ints = ", ".join(str(self.below(9)) for _ in range(self.below(4)))
        if kind == LIST:
            return f"[{ints}]"
        if kind == TUPLE:
            return f"({ints},)" if ints else "()"
        if kind == SET:
            return f"{{{ints}}}" if ints else "set()"
        return "{" + ", ".join(f'"{w}": {self.below(9)}' for w in WORDS[: self.below(4)]) + "}"

    def simple(self, scope: Scope, kind: str) -> str:
        """An expression that may stand in an f-string on any Python: no quotes, no backslash."""
        text = self.expr(scope, kind, 2)
        if not set(text) & set("'\"\\{}:"):
            return text
        return self.pick(scope.names[kind]) if scope.names[kind] else f"str({self.below(99)})"

    def call(self, scope: Scope, kind: str, fuel: int) -> str:
        fitting = [f for f in scope.functions if f[2] == kind and f[0] != scope.inside]
        if not fitting:
            return ""
        name, kinds, _ = self.pick(fitting)
        args = [self.expr(scope, k, fuel - 1) for k in kinds]
        if args and self.chance(8):
            return f"{name}(*[{', '.join(args)}])"
        if self.chance(25):
            args = args[1:]
        return f"{name}({', '.join(args)})"

    def int_expr(self, scope: Scope, sub) -> str:
        form = self.below(22)
        if form < 3:
            return f"({sub(INT)} {self.pick(['+', '-'])} {sub(INT)})"
        if form == 3:
            return f"({sub(INT)} * {sub(INT)} % 9973)"
        if form == 4:
            return f"({sub(INT)} {self.pick(['//', '%', '&', '|', '^'])} {sub(INT)})"
        if form == 5:
            return f"({sub(INT)} % 100 {self.pick(['**', '<<', '>>'])} {self.below(4)})"
        if form == 6:
            return f"{self.pick(['-', '+', '~'])}{sub(INT)}"
        if form == 7:
            return f"len({sub(self.pick([STR, LIST, DICT, TUPLE, SET]))})"
        if form == 8:
            return f"sum({sub(self.pick([LIST, TUPLE, SET]))})"
        if form == 9:
            return f"{self.pick(['max', 'min'])}({sub(LIST)}, default={self.below(5)})"
        if form == 10:
            return f"{sub(LIST)}[{sub(INT)}]"
        if form == 11:
            return f"{sub(DICT)}[{sub(STR)}]"
        if form == 12:
            return f"({sub(DICT)}).get({sub(STR)}, {sub(INT)})"
        if form == 13:
            return f"({sub(STR)}).{self.pick(['count', 'find', 'index'])}({sub(STR)})"
        if form == 14:
            return f"int({sub(self.pick([STR, BOOL, FLOAT]))})"
        if form == 15:
            return f"abs({sub(INT)})"
        if form == 16:
            return f"({sub(self.pick([LIST, TUPLE]))}).{self.pick(['count', 'index'])}({sub(INT)})"
        if form == 17:
            return f"divmod({sub(INT)}, {sub(INT)})[{self.below(2)}]"
        if form == 18:
            return f"pow({sub(INT)} % 50, {self.below(4)}, {sub(INT)})"
        if form == 19:
            return f"sum({self.generator(scope, INT)})"
        if form == 20:
            return f"hash({sub(INT)})"
        return f"round({sub(FLOAT)})" if form == 21 else f"ord({sub(STR)}[:1])"

    def str_expr(self, scope: Scope, sub) -> str:
        form = self.below(22)
        if form < 2:
            return f"({sub(STR)} + {sub(STR)})[:30]"
        if form == 2:
            return f"({sub(STR)} * ({sub(INT)} % 4))[:30]"
        if form == 3:
            return f"{sub(STR)}[{self.slice(scope, sub)}]"
        if form == 4:
            return f"{sub(STR)}[{sub(INT)}]"
        if form == 5:
            method = self.pick("upper lower strip title swapcase casefold capitalize lstrip".split())
            return f"({sub(STR)}).{method}()"
        if form == 6:
            return f"({sub(STR)}).replace({sub(STR)}, {sub(STR)})[:30]"
        if form == 7:
            return f"({sub(STR)}).join(str(i) for i in {sub(LIST)})[:30]"
        if form == 8:
            return f"str({sub(self.pick([INT, BOOL, LIST, TUPLE, FLOAT]))})"
        if form == 9:
            return f"repr({sub(self.pick([INT, STR, LIST, DICT, TUPLE]))})[:40]"
        if form in (10, 11):
            spec = self.pick(["", ":>5", ":<4", "!r", "!s:^6", "!r:>8"])
            return f'f"a{{{self.simple(scope, STR)}{spec}}}b"'
        if form == 12:
            spec = self.pick(["", ":d", ":05d", ":+", ":x", ":,", ":b", ":s", ":.2f", "!r:>9"])
            return f'f"{{{self.simple(scope, INT)}{spec}}}"'
        if form == 13:
            spec = self.pick(["%s", "%r", "%5s", "%-6s|", "<%.2s>"])
            return f"'{spec}' % ({sub(STR)},)"
        if form == 14:
            return f"'%{self.pick(['d', '05d', 'x', '+d', 'o'])}' % {sub(INT)}"
        if form == 15:
            return f"({sub(STR)}).{self.pick(['center', 'ljust', 'rjust', 'zfill'])}({self.below(9)})"
        if form == 16:
            return f"({sub(STR)}).partition({sub(STR)})[{self.below(3)}]"
        if form == 17:
            return f"{self.pick(['hex', 'oct'])}({sub(INT)})"
        if form == 18:
            return f"chr({sub(INT)} % 90 + 33)"
        if form == 19 and not self.restricted:
            return (
                f"'{{}}-{{0}}'.format({sub(INT)})"
                if self.chance(4)
                else (f"'<{{:>4}}|{{x!r:.6}}>'.format({sub(INT)}, x={sub(STR)})")
            )
        if form == 20 and not self.restricted:
            return f"type({sub(self.pick(KINDS))}).__name__"
        if form == 21 and not self.restricted:
            return f"({sub(self.pick([INT, STR, LIST]))}).__class__.__name__"
        return f"({sub(STR)}).removeprefix({sub(STR)})"

    def bool_expr(self, scope: Scope, sub) -> str:
        form = self.below(11)
        kind = self.pick([INT, STR, LIST, TUPLE, FLOAT])
        if form < 3:
            return f"({sub(kind)} {self.pick(['==', '!=', '<', '<=', '>', '>='])} {sub(kind)})"
        if form == 3:
            return f"({sub(INT)} < {sub(INT)} <= {sub(INT)})"
        if form == 4:
            return f"(not {sub(self.pick(KINDS))})"
        if form == 5:
            holder, item = self.pick([(LIST, INT), (DICT, STR), (STR, STR), (SET, INT), (TUPLE, INT)])
            return f"({sub(item)} {self.pick(['in', 'not in'])} {sub(holder)})"
        if form == 6:
            return f"{self.pick(['any', 'all'])}({self.generator(scope, BOOL)})"
        if form == 7:
            method = self.pick("isdigit isalpha isspace isupper isidentifier".split())
            return f"({sub(STR)}).{method}()"
        if form == 8:
            return f"({sub(STR)}).{self.pick(['startswith', 'endswith'])}({sub(STR)})"
        if form == 9:
            return f"isinstance({sub(self.pick(KINDS))}, {self.pick(['int', 'str', '(int, str)'])})"
        return f"({sub(kind)} is {self.pick(['None', 'not None'])})"

    def float_expr(self, scope: Scope, sub) -> str:
        form = self.below(6)
        if form == 0:
            return f"({sub(INT)} / {sub(INT)})"
        if form == 1:
            return f"({sub(FLOAT)} {self.pick(['+', '-', '*'])} {sub(FLOAT)})"
        if form == 2:
            return f"float({sub(self.pick([INT, STR, BOOL]))})"
        if form == 3:
            return f"round({sub(FLOAT)}, {self.below(3)})"
        if form == 4:
            return f"({sub(FLOAT)} // {sub(FLOAT)})"
        return f"abs({sub(FLOAT)})"

    def list_expr(self, scope: Scope, sub) -> str:
        form = self.below(14)
        if form == 0:
            return f"({sub(LIST)} + {sub(LIST)})[:12]"
        if form == 1:
            return f"({sub(LIST)} * ({sub(INT)} % 3))[:12]"
        if form == 2:
            return f"{sub(LIST)}[{self.slice(scope, sub)}]"
        if form == 3:
            return f"sorted({sub(self.pick([LIST, TUPLE, SET]))})"
        if form == 4:
            key = self.pick(["-n", "n % 3", "str(n)"])
            return f"sorted({sub(LIST)}, key=lambda n: {key}, reverse={sub(BOOL)})"
        if form in (5, 6):
            return f"[{self.generator(scope, INT)[1:-1]}]"
        if form == 7:
            return f"list({self.pick(['map', 'filter'])}(lambda n: n % 3, {sub(LIST)}))"
        if form == 8:
            return f"[a + b for a, b in zip({sub(LIST)}, {sub(TUPLE)})]"
        if form == 9:
            return f"[i * n for i, n in enumerate({sub(LIST)}, {self.below(3)})]"
        if form == 10:
            return f"[{sub(INT)}, *{sub(LIST)}][:12]"
        if form == 11:
            return f"list(reversed({sub(LIST)}))"
        if form == 12:
            return f"list(range({sub(INT)} % 6, {sub(INT)} % 9, {self.pick([1, 2, -1])}))"
        return f"[len(part) for part in ({sub(STR)}).split({sub(STR)})]"

    def tuple_expr(self, scope: Scope, sub) -> str:
        form = self.below(4)
        if form == 0:
            return f"({sub(INT)}, {sub(INT)})"
        if form == 1:
            return f"tuple({sub(LIST)})"
        if form == 2:
            return f"({sub(TUPLE)} + {sub(TUPLE)})[:6]"
        return f"{sub(TUPLE)}[{self.slice(scope, sub)}]"

    def set_expr(self, scope: Scope, sub) -> str:
        form = self.below(3)
        if form == 0:
            return f"set({sub(LIST)})"
        if form == 1:
            return f"({sub(SET)} {self.pick(['|', '&', '-', '^'])} {sub(SET)})"
        return f"{{{self.generator(scope, INT)[1:-1]}}}"

    def dict_expr(self, scope: Scope, sub) -> str:
        form = self.below(5)
        if form == 0:
            return f"{{{sub(STR)}: {sub(INT)}, {sub(STR)}: {sub(INT)}}}"
        if form == 1:
            return f"dict(a={sub(INT)}, b={sub(INT)})"
        if form == 2:
            return f"{{str(k): k for k in {sub(LIST)}}}"
        if form == 3:
            return f"{{k: v + 1 for k, v in ({sub(DICT)}).items()}}"
        return f"dict(zip({sub(STR)}, {sub(LIST)}))"

    def slice(self, scope: Scope, sub) -> str:
        parts = [self.pick(["", "1", "2", "-1", "-3", "5", "0"]) for _ in range(2 + self.below(2))]
        return ":".join(parts)

    def generator(self, scope: Scope, kind: str) -> str:
        """A generator expression over ints, with its own brackets."""
        name = self.new("g")
        inner = scope.copy()
        source = self.expr(inner, LIST, 1) if self.chance(2) else f"range({self.below(6)})"
        inner.names[INT].append(name)
        text = f"({self.expr(inner, kind, 1)} for {name} in {source}"
        if self.chance(4):
            other = self.new("g")
            inner.names[INT].append(other)
            text = (
                f"({self.expr(inner, kind, 1)} for {name} in {source} for {other} in range({name} % 4)"
            )
        if self.chance(3):
            text += f" if {self.expr(inner, BOOL, 1)}"
        return text + ")"

    # Statements

    def block(self, scope: Scope, depth: int, size: int) -> None:
        for _ in range(1 + self.below(size)):
            self.statement(scope, depth)

    def bind(self, scope: Scope, depth: int, kind: str) -> None:
        """Assign to a new name, or to one that holds this kind already."""
        fuel = 2 + self.below(2)
        if scope.names[kind] and self.chance(2):
            name = self.pick(scope.names[kind])
            self.emit(depth, f"{name} = {self.expr(scope, kind, fuel)}")
            return
        name = self.new(kind[0])
        if self.chance(12):
            self.emit(depth, f"if ({name} := {self.expr(scope, kind, fuel)}):")
            self.emit(depth + 1, f"print('true', len(str({name})) > 0)")
        elif self.chance(8) and not self.restricted:
            self.emit(depth, f"{name}: {kind} = {self.expr(scope, kind, fuel)}")
        else:
            self.emit(depth, f"{name} = {self.expr(scope, kind, fuel)}")
        scope.names[kind].append(name)

    def statement(self, scope: Scope, depth: int) -> None:
        deep = depth >= 4
        form = self.below(30)
        if deep and form >= 12 and form not in (16, 17, 18):
            form = self.below(12)
        if form < 6:
            self.bind(scope, depth, self.pick(KINDS))
        elif form == 6:
            self.augment(scope, depth)
        elif form == 7:
            self.unpack(scope, depth)
        elif form == 8:
            self.item(scope, depth)
        elif form == 9:
            kind = self.pick(KINDS)
            value = self.expr(scope, kind, 2)
            self.emit(depth, f"print({f'sorted({value})' if kind == SET else value})")
        elif form == 10:
            self.method(scope, depth)
        elif form == 11:
            self.instance(scope, depth)
        elif form in (12, 13):
            self.branch(scope, depth)
        elif form in (14, 15):
            self.loop(scope, depth)
        elif form == 16:
            self.emit(depth, f"assert {self.expr(scope, BOOL, 1)} or True, {self.expr(scope, STR, 1)}")
        elif form == 17 and self.chance(4):
            self.emit(depth, f"raise {self.pick(EXCEPTIONS)}({self.expr(scope, STR, 1)})")
        elif form == 18 and scope.names[INT] and self.chance(3):
            name = self.pick(scope.names[INT])
            self.emit(depth, f"del {name}")
        elif form in (19, 20):
            self.attempt(scope, depth)
        elif form in (21, 22) and depth < 2:
            self.function(scope, depth)
        elif form in (23, 24) and depth < 1:
            self.klass(scope, depth)
        elif form == 25 and not self.restricted:
            self.match(scope, depth)
        elif form == 26 and not self.restricted:
            self.manage(scope, depth)
        elif form in (27, 28) and not self.restricted and depth < 2:
            self.maker(scope, depth)
        else:
            self.bind(scope, depth, self.pick(KINDS))

    def augment(self, scope: Scope, depth: int) -> None:
        kind, operator = self.pick(
            [(INT, "+="), (INT, "-="), (INT, "%="), (INT, "|="), (INT, "//="), (STR, "+="),
             (LIST, "+="), (FLOAT, "*="), (SET, "|="), (SET, "&="), (TUPLE, "+=")]
        )  # fmt: skip
        if not scope.names[kind]:
            self.bind(scope, depth, kind)
        name = self.pick(scope.names[kind])
        self.emit(depth, f"{name} {operator} {self.expr(scope, kind, 1)}")
        if kind in (STR, LIST, TUPLE):
            self.emit(depth, f"{name} = {name}[:20]")

    def unpack(self, scope: Scope, depth: int) -> None:
        a, b = self.new("i"), self.new("i")
        form = self.below(4)
        if form == 0:
            self.emit(depth, f"{a}, {b} = {self.expr(scope, INT, 1)}, {self.expr(scope, INT, 1)}")
        elif form == 1:
            rest = self.new("l")
            self.emit(depth, f"{a}, *{rest}, {b} = [1, 2, *{self.expr(scope, LIST, 1)}]")
            scope.names[LIST].append(rest)
        elif form == 2:
            c = self.new("s")
            self.emit(
                depth,
                f"({a}, {b}), {c} = {self.expr(scope, TUPLE, 1)}, {self.expr(scope, STR, 1)}",
            )
            scope.names[STR].append(c)
        else:
            self.emit(depth, f"{a} = {b} = {self.expr(scope, INT, 1)}")
        scope.names[INT] += [a, b]

    def item(self, scope: Scope, depth: int) -> None:
        kind = self.pick([LIST, DICT])
        if not scope.names[kind]:
            self.bind(scope, depth, kind)
        name = self.pick(scope.names[kind])
        key = self.expr(scope, INT if kind == LIST else STR, 1)
        if kind == LIST and self.chance(4):
            self.emit(depth, f"{name}[{self.slice(scope, None)}] = {self.expr(scope, LIST, 1)}")
            self.emit(depth, f"del {name}[20:]")
        elif self.chance(4):
            self.emit(depth, f"del {name}[{key}]")
        elif not self.restricted and self.chance(2):
            self.emit(depth, f"{name}[{key}] {self.pick(['+=', '-=', '%='])} {self.expr(scope, INT, 1)}")
        else:
            self.emit(depth, f"{name}[{key}] = {self.expr(scope, INT, 1)}")

    def method(self, scope: Scope, depth: int) -> None:
        """A call that changes a container."""
        kind = self.pick([LIST, DICT, SET])
        if not scope.names[kind]:
            self.bind(scope, depth, kind)
        name = self.pick(scope.names[kind])
        value = self.expr(scope, INT, 1)
        if kind == LIST:
            text = self.pick(
                [f"append({value})", f"insert({self.below(3)}, {value})", "reverse()", "sort()",
                 "pop()", f"remove({value})", f"extend([{value}])", "clear()", "sort(key=str)"]
            )  # fmt: skip
        elif kind == DICT:
            key = self.expr(scope, STR, 1)
            text = self.pick(
                [f"update(a={value})", f"pop({key})", f"setdefault({key}, {value})", "popitem()"]
            )
        else:
            text = self.pick([f"add({value})", f"discard({value})", f"remove({value})"])
        self.emit(depth, f"{name}.{text}")
        if kind == LIST:
            self.emit(depth, f"del {name}[20:]")

    def branch(self, scope: Scope, depth: int) -> None:
        self.emit(depth, f"if {self.expr(scope, self.pick([BOOL, BOOL, INT, LIST]), 2)}:")
        self.block(scope.copy(), depth + 1, 3)
        if self.chance(3):
            self.emit(depth, f"elif {self.expr(scope, BOOL, 1)}:")
            self.block(scope.copy(), depth + 1, 2)
        if self.chance(2):
            self.emit(depth, "else:")
            self.block(scope.copy(), depth + 1, 2)

    def loop(self, scope: Scope, depth: int) -> None:
        inner = scope.copy()
        form = self.below(6)
        if form == 0:
            name = self.new("n")
            self.emit(depth, f"{name} = {self.below(5)}")
            self.emit(depth, f"while {name} > 0:")
            self.emit(depth + 1, f"{name} = {name} - 1")
        elif form == 1:
            key, value = self.new("s"), self.new("i")
            self.emit(depth, f"for {key}, {value} in sorted({self.expr(scope, DICT, 1)}.items())[:5]:")
            inner.names[STR].append(key)
            inner.names[INT].append(value)
        elif form == 2:
            name = self.new("s")
            self.emit(depth, f"for {name} in {self.expr(scope, STR, 1)}[:4]:")
            inner.names[STR].append(name)
        else:
            name = self.new("i")
            source = f"range({self.below(5)})" if form < 4 else f"{self.expr(scope, LIST, 1)}[:5]"
            self.emit(depth, f"for {name} in {source}:")
            inner.names[INT].append(name)
        self.block(inner, depth + 1, 3)
        if self.chance(4):
            self.emit(depth + 1, f"if {self.expr(inner, BOOL, 1)}:")
            self.emit(depth + 2, self.pick(["break", "continue"]))
            self.block(inner, depth + 1, 2)
        if self.chance(6):
            self.emit(depth, "else:")
            self.block(scope.copy(), depth + 1, 2)

    def attempt(self, scope: Scope, depth: int) -> None:
        self.emit(depth, "try:")
        self.block(scope.copy(), depth + 1, 3)
        if self.chance(3):
            self.emit(depth + 1, f"raise {self.pick(EXCEPTIONS)}({self.expr(scope, STR, 1)})")
        shape = self.below(6)
        if shape < 5:
            caught = self.pick([*EXCEPTIONS, "Exception", "Exception", "(KeyError, TypeError)"])
            error = self.new("e")
            self.emit(depth, f"except {caught} as {error}:")
            self.emit(depth + 1, f"print('caught', {self.told(error)})")
            if not self.restricted and self.chance(2):
                self.emit(depth + 1, f"print(type({error}).__name__, {error}.args)")
            if self.chance(6):
                self.emit(depth + 1, self.pick(["raise", f"raise ValueError('again') from {error}"]))
            if self.chance(4):
                self.emit(depth, "else:")
                self.block(scope.copy(), depth + 1, 2)
        if shape >= 4:
            self.emit(depth, "finally:")
            self.block(scope.copy(), depth + 1, 2)

    def parameters(self) -> list[str]:
        return [self.pick([INT, INT, STR, LIST, DICT]) for _ in range(self.below(3))]

    def function(self, scope: Scope, depth: int) -> None:
        name = self.new("f")
        kinds = self.parameters()
        result = self.pick(KINDS)
        inner = scope.copy()
        inner.inside = name
        # Names of the module can be read here, not assigned: start from parameters alone.
        inner.names = {k: [] for k in KINDS}
        texts = []
        for kind in kinds:
            parameter = self.new("p")
            inner.names[kind].append(parameter)
            texts.append(f"{parameter}={self.atom(Scope(), kind)}" if (texts and "=" in texts[-1])
                         or self.chance(5) else parameter)  # fmt: skip
        if self.chance(8):
            extra = self.new("l")
            texts.append(f"*{extra}")
        if self.chance(10):
            texts.append(f"{self.new('q')}=1")
        self.emit(depth, f"def {name}({', '.join(texts)}):")
        if not self.restricted and scope.names[INT] and self.chance(2):
            outer = self.pick(scope.names[INT])
            self.emit(depth + 1, f"{'nonlocal' if scope.inside else 'global'} {outer}"
                      if self.can_rebind(scope, outer) else "pass")  # fmt: skip
            if self.can_rebind(scope, outer):
                self.emit(depth + 1, f"{outer} = {outer} + 1")
        self.block(inner, depth + 1, 3)
        if self.chance(4):
            self.emit(depth + 1, f"if {self.expr(inner, BOOL, 1)}:")
            self.emit(depth + 2, f"return {self.expr(inner, result, 1)}")
        self.emit(depth + 1, f"return {self.expr(inner, result, 2)}")
        scope.functions.append((name, kinds, result))

    @staticmethod
    def can_rebind(scope: Scope, name: str) -> bool:
        """Whether `global` or `nonlocal` may name it here: it must not be a parameter's alias."""
        return name.isidentifier() and not scope.inside

    def klass(self, scope: Scope, depth: int) -> None:
        name = self.new("C")
        base = self.pick([c for c, _ in self.classes]) if self.classes and self.chance(2) else ""
        start = self.pick([INT, STR, LIST])
        inner = scope.copy()
        inner.names = {k: [] for k in KINDS}
        inner.inside = name
        self.emit(depth, f"class {name}({base}):" if base else f"class {name}:")
        self.emit(depth + 1, f"limit = {self.below(9)}")
        parameter = self.new("p")
        own = {k: list(v) for k, v in inner.names.items()}
        inner.names[start] = [parameter]
        self.emit(depth + 1, f"def __init__(self, {parameter}={self.atom(Scope(), start)}):")
        if base:
            call = f"{base}.__init__" if self.restricted else "super().__init__"
            self.emit(depth + 2, f"{call}()" if not self.restricted else "pass")
            if self.restricted:
                self.emit(depth + 2, "self.items = []")
        else:
            self.emit(depth + 2, "self.items = []")
        self.emit(depth + 2, f"self.count = {self.expr(inner, INT, 2)}")
        inner.names = own
        inner.names[INT] = ["self.count", "self.limit"]
        inner.names[LIST] = ["self.items"]
        value = self.new("p")
        self.emit(depth + 1, f"def add(self, {value}):")
        method = inner.copy()
        method.names[INT].append(value)
        self.emit(depth + 2, f"self.items.append({self.expr(method, INT, 2)})")
        if self.restricted:
            self.emit(depth + 2, "self.count = self.count + 1")
        else:
            self.emit(depth + 2, f"self.count {self.pick(['+=', '-=', '|='])} {value}")
        self.emit(depth + 2, f"return {self.expr(method, INT, 2)}")
        self.emit(depth + 1, "def size(self):")
        self.emit(depth + 2, f"return {self.expr(inner, INT, 2)}")
        if self.chance(2):
            self.emit(depth + 1, "def __lt__(self, other):")
            self.emit(depth + 2, "return self.count < other.count")
        if self.chance(2):
            self.emit(depth + 1, "def __eq__(self, other):")
            self.emit(depth + 2, "return isinstance(other, " + name + ") and self.count == other.count")
        if not self.restricted:
            if self.chance(2):
                self.emit(depth + 1, "@property")
                self.emit(depth + 1, "def double(self):")
                self.emit(depth + 2, f"return {self.expr(inner, INT, 1)}")
                if self.chance(2):
                    self.emit(depth + 1, "@double.setter")
                    self.emit(depth + 1, "def double(self, value):")
                    self.emit(depth + 2, "self.count = value")
            if self.chance(2):
                self.emit(depth + 1, "def __add__(self, other):")
                self.emit(depth + 2, f"return {name}().count if self is other else self.count + 1")
            if self.chance(2):
                self.emit(depth + 1, "def __len__(self):")
                self.emit(depth + 2, f"return {self.expr(inner, INT, 1)} % 10")
            if self.chance(2):
                self.emit(depth + 1, "def __repr__(self):")
                self.emit(depth + 2, f'return f"{name}({{self.count!r}}, {{self.items}})"[:60]')
            if self.chance(3):
                self.emit(depth + 1, "def __getitem__(self, key):")
                self.emit(depth + 2, "return self.items[key]")
            if self.chance(3):
                self.emit(depth + 1, "@classmethod")
                self.emit(depth + 1, "def make(cls, *args):")
                self.emit(depth + 2, "return cls(*args)")
            if self.chance(3):
                self.emit(depth + 1, "@staticmethod")
                self.emit(depth + 1, "def twice(n):")
                self.emit(depth + 2, "return n + n")
            if self.chance(4):
                self.emit(depth + 1, "def __getattr__(self, name):")
                self.emit(depth + 2, "return name.upper()")
        self.classes.append((name, start))

    def instance(self, scope: Scope, depth: int) -> None:
        """Make an object of a class, or use one that is there."""
        if not self.classes:
            self.bind(scope, depth, self.pick(KINDS))
            return
        if not scope.objects or self.chance(3):
            name, start = self.pick(self.classes)
            obj = self.new("o")
            self.emit(depth, f"{obj} = {name}({self.expr(scope, start, 1)})")
            scope.objects.append((obj, name))
            return
        obj, _ = self.pick(scope.objects)
        form = self.below(7 if self.restricted else 14)
        if form < 2:
            self.emit(depth, f"print({obj}.add({self.expr(scope, INT, 1)}))")
        elif form == 2:
            name = self.new("i")
            self.emit(depth, f"{name} = {obj}.size()")
            scope.names[INT].append(name)
        elif form == 3:
            self.emit(depth, f"{obj}.count = {self.expr(scope, INT, 1)}")
        elif form == 4:
            self.emit(depth, f"print({obj}.count, {obj}.items, {obj}.limit)")
        elif form == 5:
            other, _ = self.pick(scope.objects)
            self.emit(depth, f"print({obj} {self.pick(['==', '!=', '<'])} {other})")
        elif form == 6:
            self.emit(depth, f"{obj}.extra{self.below(2)} = {self.expr(scope, LIST, 1)}")
        elif form == 7:
            self.emit(depth, f"{obj}.count {self.pick(['+=', '*=', '%='])} {self.below(5)}")
        elif form == 8:
            self.emit(depth, f"{obj}.items += {self.expr(scope, LIST, 1)}")
            self.emit(depth, f"del {obj}.items[20:]")
        elif form == 9:
            self.emit(depth, f"print(len({obj}), bool({obj}))")
        elif form == 10:
            self.emit(
                depth, f"print(getattr({obj}, {self.pick(['count', 'double', 'nothing'])!r}, None))"
            )
        elif form == 11:
            attribute = self.pick(["double", "extra0", "items", "twice(3)", "make().count"])
            self.emit(depth, f"print({obj}.{attribute})")
        elif form == 12:
            self.emit(depth, f"print(list({obj})[:5], hasattr({obj}, 'double'))")
        else:
            self.emit(depth, f"print(({obj} + 1), sorted(vars({obj})), type({obj}).__mro__[0].__name__)")

    def match(self, scope: Scope, depth: int) -> None:
        subject = self.expr(scope, self.pick([INT, STR, LIST, TUPLE, DICT]), 2)
        self.emit(depth, f"match {subject}:")
        for _ in range(1 + self.below(3)):
            inner = scope.copy()
            a, b = self.new("i"), self.new("l")
            pattern = self.pick(
                ["0 | 1 | 2", f"[{a}]", f"[{a}, *{b}]", "str()", "int()", f"int({a})",
                 f'{{"a": {a}, **{self.new("d")}}}', "True | None", '"alpha" | "b"', f"(_, {a})",
                 f"[1, 2, *_] as {b}"]
            )  # fmt: skip
            if f"{a}" in pattern:
                inner.names[INT].append(a)
            if f"{b}" in pattern:
                inner.names[LIST].append(b)
            guard = f" if {self.expr(inner, BOOL, 1)}" if self.chance(3) else ""
            self.emit(depth + 1, f"case {pattern}{guard}:")
            self.block(inner, depth + 2, 2)
        if self.chance(2):
            self.emit(depth + 1, "case _:")
            self.block(scope.copy(), depth + 2, 2)

    def manage(self, scope: Scope, depth: int) -> None:
        """A `with` over a context manager of the program's own."""
        name = self.new("M")
        swallow = self.pick(["False", "True", "kind is ValueError"])
        self.emit(depth, f"class {name}:")
        self.emit(depth + 1, "def __enter__(self):")
        self.emit(depth + 2, "print('in')")
        self.emit(depth + 2, f"return {self.expr(Scope(), LIST, 1)}")
        self.emit(depth + 1, "def __exit__(self, kind, error, traceback):")
        self.emit(depth + 2, "print('out', kind and kind.__name__, error)")
        self.emit(depth + 2, f"return {swallow}")
        inner = scope.copy()
        target = self.new("l")
        inner.names[LIST].append(target)
        self.emit(depth, f"with {name}() as {target}:")
        self.block(inner, depth + 1, 3)

    def maker(self, scope: Scope, depth: int) -> None:
        """A generator, a closure or a decorator."""
        form = self.below(3)
        name = self.new("f")
        if form == 0:
            self.emit(depth, f"def {name}(n):")
            inner = Scope()
            inner.names[INT].append("n")
            inner.inside = name
            self.emit(depth + 1, f"for k in range(n % {2 + self.below(4)}):")
            self.emit(depth + 2, f"got = yield {self.expr(inner, INT, 2)}")
            self.emit(depth + 2, "print('got', got)")
            if self.chance(2):
                self.emit(depth + 1, f"yield from {self.expr(inner, LIST, 1)}")
            self.emit(depth + 1, f"return {self.expr(inner, INT, 1)}")
            target = self.new("l")
            self.emit(depth, f"{target} = list({name}({self.expr(scope, INT, 1)}))")
            scope.names[LIST].append(target)
        elif form == 1:
            self.emit(depth, f"def {name}():")
            self.emit(depth + 1, f"total = {self.below(5)}")
            self.emit(depth + 1, "def step(by=1):")
            self.emit(depth + 2, "nonlocal total")
            self.emit(depth + 2, "total += by")
            self.emit(depth + 2, "return total")
            self.emit(depth + 1, "return step")
            step = self.new("f")
            self.emit(depth, f"{step} = {name}()")
            self.emit(depth, f"print({step}(), {step}({self.expr(scope, INT, 1)}), {step}())")
        else:
            self.emit(depth, f"def {name}(function):")
            self.emit(depth + 1, "def inner(*args, **named):")
            self.emit(depth + 2, "print('call', function.__name__, args, sorted(named))")
            self.emit(depth + 2, "return function(*args, **named)")
            self.emit(depth + 1, "return inner")
            decorated = self.new("f")
            self.emit(depth, f"@{name}")
            self.emit(depth, f"def {decorated}(a, b=2, *c, d=4, **e):")
            self.emit(depth + 1, "return a + b + len(c) + d + len(e)")
            scope.functions.append((decorated, [INT], INT))

    # What only the whole language has

    def raising(self, scope: Scope, depth: int) -> None:
        """An exception class of the program's own, a chain of causes, a group."""
        form = self.below(4)
        name = self.new("E")
        base = self.pick(EXCEPTIONS)
        self.emit(depth, f"class {name}({base}):")
        self.emit(depth + 1, "def __init__(self, *args, **named):")
        self.emit(depth + 2, "super().__init__(*args)")
        self.emit(depth + 2, "self.named = named")
        self.emit(depth, "try:")
        if form == 0:
            self.emit(depth + 1, "try:")
            self.emit(
                depth + 2, f"raise {name}({self.expr(scope, INT, 1)}, a={self.expr(scope, STR, 1)})"
            )
            self.emit(depth + 1, f"except {base} as first:")
            self.emit(
                depth + 2, f"raise {self.pick(EXCEPTIONS)}('second') from {self.pick(['first', 'None'])}"
            )
        elif form == 1:
            parts = ", ".join(f"{self.pick([name, *EXCEPTIONS])}({i})" for i in range(1 + self.below(4)))
            self.emit(depth + 1, "try:")
            self.emit(
                depth + 2, f"raise ExceptionGroup('g', [{parts}, ExceptionGroup('h', [{name}(9)])])"
            )
            self.emit(depth + 1, f"except* {self.pick([name, *EXCEPTIONS])} as some:")
            self.emit(depth + 2, "print(repr(some), [type(e).__name__ for e in some.exceptions])")
            self.emit(depth + 2, self.pick(["pass", f"raise {name}('again')", "1 // 0"]))
            self.emit(depth + 1, f"except* {self.pick(EXCEPTIONS)}:")
            self.emit(depth + 2, "print('other')")
        elif form == 2:
            self.emit(depth + 1, "try:")
            self.emit(depth + 2, f"print({self.expr(scope, INT, 1)} // {self.below(2)})")
            self.emit(depth + 1, "finally:")
            self.emit(depth + 2, f"raise {name}(k=1)")
        else:
            self.emit(depth + 1, f"error = {name}({self.expr(scope, STR, 1)})")
            self.emit(depth + 1, "error.add_note('noted')")
            self.emit(depth + 1, "raise error")
        self.emit(depth, "except BaseException as last:")
        self.emit(depth + 1, "print(repr(last), getattr(last, 'named', None), repr(last.__cause__))")
        self.emit(depth + 1, "print(repr(last.__context__), last.__suppress_context__)")
        self.emit(depth + 1, "print(getattr(last, '__notes__', None))")

    def metaclass(self, scope: Scope, depth: int) -> None:
        """A metaclass, descriptors, and a class that asks them."""
        meta, described, name = self.new("T"), self.new("D"), self.new("K")
        self.emit(depth, f"class {meta}(type):")
        if self.chance(2):
            self.emit(depth + 1, "@classmethod")
            self.emit(depth + 1, "def __prepare__(mcs, name, bases, **options):")
            self.emit(depth + 2, "print('prepare', name, sorted(options))")
            self.emit(depth + 2, "return {'prepared': 1}")
        self.emit(depth + 1, "def __new__(mcs, name, bases, namespace, **options):")
        self.emit(depth + 2, "print('new', [n for n in namespace if n[:1] != '_'])")
        self.emit(depth + 2, "return super().__new__(mcs, name, bases, namespace)")
        self.emit(depth + 1, "def __init__(cls, name, bases, namespace, **options):")
        self.emit(depth + 2, "super().__init__(name, bases, namespace)")
        if self.chance(2):
            self.emit(depth + 1, "def __call__(cls, *args):")
            self.emit(depth + 2, "print('call', args)")
            self.emit(depth + 2, "return super().__call__(*args)")
        if self.chance(2):
            self.emit(depth + 1, "def __instancecheck__(cls, other):")
            self.emit(depth + 2, f"return {self.pick(['True', 'False', 'type(other) is int'])}")
        if self.chance(2):
            self.emit(depth + 1, "def __getattr__(cls, name):")
            self.emit(depth + 2, "return 'meta ' + name")
        self.emit(depth, f"class {described}:")
        self.emit(depth + 1, "def __set_name__(self, owner, name):")
        self.emit(depth + 2, "print('named', owner.__name__, name)")
        self.emit(depth + 2, "self.name = name")
        self.emit(depth + 1, "def __get__(self, obj, kind=None):")
        self.emit(depth + 2, "return (self.name, obj is None, kind.__name__)")
        if self.chance(2):
            self.emit(depth + 1, "def __set__(self, obj, value):")
            self.emit(depth + 2, "obj.__dict__[self.name] = value")
        if self.chance(2):
            self.emit(depth + 1, "def __delete__(self, obj):")
            self.emit(depth + 2, "print('delete', self.name)")
        option = self.pick(["", ", a=1"])
        self.emit(depth, f"class {name}(metaclass={meta}{option}):")
        self.emit(depth + 1, f"d = {described}()")
        if self.chance(3):
            self.emit(depth + 1, "__slots__ = ('x', '__dict__')")
        self.emit(depth + 1, "def __init_subclass__(cls, **options):")
        self.emit(depth + 2, "print('subclass', cls.__name__, sorted(options))")
        obj = self.new("o")
        self.emit(depth, f"{obj} = {name}()")
        for action in (
            f"print({obj}.d, {name}.d)",
            f"{obj}.d = {self.expr(scope, INT, 1)}",
            f"print({obj}.d, sorted({obj}.__dict__))",
            f"del {obj}.d",
            f"print(isinstance(1, {name}), isinstance({obj}, {name}), type({name}).__name__)",
            f"print({name}.absent)",
            f"class {self.new('K')}({name}): y = 1",
            f"print({name}.prepared, [c.__name__ for c in {name}.__mro__])",
        ):
            if self.chance(3):
                continue
            self.emit(depth, "try:")
            self.emit(depth + 1, action)
            self.emit(depth, "except Exception as error:")
            self.emit(depth + 1, "print(type(error).__name__, error)")

    def awaiting(self, scope: Scope, depth: int) -> None:
        """Coroutines and asynchronous generators, driven by hand."""
        waits, made, manager, main = self.new("W"), self.new("f"), self.new("M"), self.new("f")
        self.emit(depth, f"class {waits}:")
        self.emit(depth + 1, "def __init__(self, n): self.n = n")
        self.emit(depth + 1, "def __await__(self):")
        self.emit(depth + 2, f"for k in range({self.below(3)}):")
        self.emit(depth + 3, "print('sent', (yield k))")
        self.emit(depth + 2, "return self.n")
        self.emit(depth, f"async def {made}(n):")
        self.emit(depth + 1, "try:")
        self.emit(depth + 2, f"for k in range(n % {2 + self.below(3)}):")
        self.emit(depth + 3, f"yield await {waits}(k)")
        self.emit(depth + 1, "finally:")
        self.emit(depth + 2, "print('closed')")
        self.emit(depth, f"class {manager}:")
        self.emit(depth + 1, "async def __aenter__(self):")
        self.emit(depth + 2, f"return await {waits}('in')")
        self.emit(depth + 1, "async def __aexit__(self, kind, error, traceback):")
        self.emit(depth + 2, "print('out', kind and kind.__name__, error)")
        self.emit(depth + 2, f"return {self.pick(['False', 'True'])}")
        self.emit(depth, f"async def {main}(n):")
        self.emit(depth + 1, f"async with {manager}() as entered:")
        self.emit(depth + 2, "print(entered)")
        self.emit(depth + 2, f"async for x in {made}(n):")
        self.emit(depth + 3, f"print('x', x, [y async for y in {made}(x) if y])")
        self.emit(
            depth + 3,
            f"if x == {1 + self.below(3)}: {self.pick(['break', 'continue', 'raise KeyError(x)'])}",
        )
        self.emit(depth + 2, f"return {self.expr(Scope(), INT, 1)} + await {waits}(1)")
        driven = self.new("g")
        self.emit(depth, f"{driven} = {main}({self.below(6)})")
        self.emit(depth, "try:")
        self.emit(depth + 1, f"for k in range({3 + self.below(20)}):")
        self.emit(depth + 2, f"print('yielded', {driven}.send(None if k == 0 else k))")
        if self.chance(2):
            self.emit(depth + 1, f"{driven}.throw({self.pick(EXCEPTIONS)}('thrown'))")
        self.emit(depth, "except StopIteration as stop:")
        self.emit(depth + 1, "print('returned', stop.value)")
        self.emit(depth, "except Exception as error:")
        self.emit(depth + 1, f"print('raised', {self.told('error')})")
        self.emit(depth, "finally:")
        self.emit(depth + 1, f"{driven}.close()")

    def driving(self, scope: Scope, depth: int) -> None:
        """A generator sent to, thrown into and closed."""
        inner, outer, driven = self.new("f"), self.new("f"), self.new("g")
        self.emit(depth, f"def {inner}(n):")
        self.emit(depth + 1, "try:")
        self.emit(depth + 2, "got = yield n")
        self.emit(depth + 2, f"yield got, {self.expr(Scope(), STR, 1)}")
        self.emit(depth + 1, f"except {self.pick(EXCEPTIONS)} as error:")
        self.emit(depth + 2, "yield 'handled', str(error)")
        self.emit(depth + 1, "finally:")
        self.emit(depth + 2, "print('end of inner')")
        self.emit(depth + 1, "return 'value'")
        self.emit(depth, f"def {outer}(n):")
        self.emit(depth + 1, "global driven")
        self.emit(depth + 1, "driven = n")
        self.emit(depth + 1, f"found = yield from {inner}(n)")
        self.emit(depth + 1, "print('found', found)")
        self.emit(depth + 1, f"yield from {self.expr(scope, LIST, 1)}")
        self.emit(depth, f"{driven} = {outer}({self.expr(scope, INT, 1)})")
        for _ in range(1 + self.below(5)):
            action = self.pick(
                ["next({g})", "{g}.send(1)", "{g}.send(None)", "{g}.throw(ValueError('t'))",
                 "{g}.throw(KeyError, KeyError('k'))", "{g}.close()", "list({g})[:3]"]
            ).format(g=driven)  # fmt: skip
            self.emit(depth, "try:")
            self.emit(depth + 1, f"print({action})")
            self.emit(depth, "except Exception as error:")
            # The text of a `send` to what is delegated to names our own iterator.
            self.emit(depth + 1, "print(type(error).__name__)")

    def patterns(self, scope: Scope, depth: int) -> None:
        """`match` over objects of the program's own."""
        name = self.new("K")
        self.emit(depth, f"class {name}:")
        args = self.pick(["('x', 'y')", "('x',)", "()", "['x']", "('z',)"])
        self.emit(depth + 1, f"__match_args__ = {args}")
        self.emit(depth + 1, "def __init__(self, x, y=0): self.x, self.y = x, y")
        self.emit(
            depth + 1, f"def __eq__(self, other): print('eq'); return {self.pick(['True', 'False'])}"
        )
        subject = f"{name}({self.expr(scope, INT, 1)}, {self.expr(scope, self.pick(KINDS), 1)})"
        self.emit(
            depth, f"for subject in ({subject}, [{subject}, 1], {{'k': {subject}}}, {self.below(3)}):"
        )
        self.emit(depth + 1, "match subject:")
        for _ in range(1 + self.below(4)):
            pattern = self.pick(
                [f"{name}(0)", f"{name}(a, y=b)", f"{name}(x=int(a))", f"[{name}() as a, *b]",
                 f"{{'k': {name}(y=[*a]), **b}}", f"{name}(a, b)", f"{name}.other", f"{name}(0 | 1 as a)",
                 f"{name}() | int()", "0 | 1", f"({name}(x=a), 1) | [a]"]
            )  # fmt: skip
            guard = " if print('guard') is None" if self.chance(3) else ""
            self.emit(depth + 2, f"case {pattern}{guard}:")
            self.emit(depth + 3, f"print({pattern.replace(chr(34), chr(39))!r})")
        self.emit(depth + 2, "case _:")
        self.emit(depth + 3, "print('none')")

    # Programs

    def program(self, size: int) -> str:
        scope = Scope()
        larger = [
            self.raising, self.metaclass, self.awaiting, self.driving, self.patterns, self.scopes,
            self.augmented, self.described, self.folded, self.managed, self.stepped,
        ]  # fmt: skip
        for _ in range(2 + self.below(size)):
            whole = not self.restricted and self.chance(6)
            statement = self.pick(larger) if whole else self.statement
            if self.chance(2):
                statement(scope, 0)
                continue
            # Half of the statements may fail without ending the program.
            self.emit(0, "try:")
            statement(scope, 1)
            self.emit(0, "except Exception as error:")
            self.emit(1, f"print('failed', {self.told('error')})")
        return "\n".join(self.lines) + "\n"


@st.composite
def programs(draw, restricted: bool = False, size: int = 10) -> str:
    """Text of a program. size: statements at the top, at most two more than this."""
    return Writer(draw, restricted).program(size)


@st.composite
def expressions(draw, restricted: bool = True) -> str:
    """Text of one expression without names of its own."""
    writer = Writer(draw, restricted)
    return writer.expr(Scope(), writer.pick(KINDS), 3)
