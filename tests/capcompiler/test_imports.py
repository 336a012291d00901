"""What a guest can import: where modules come from, in which order, and what an import does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from capcompiler import (
    Capability,
    CapabilityError,
    Compartment,
    GuestError,
    Imports,
    LimitExceeded,
    Limits,
    cap_compile,
    cap_exec,
    expose,
)

PURE = Imports.pure()
SEPARATOR = r"__(?!init__|$)"


def run(source: str, imports: Imports | None = None, caps: Any = None, **options: Any) -> Any:
    return cap_exec(textwrap.dedent(source), caps, imports=imports, **options)


def refused(source: str, imports: Imports | None = None, caps: Any = None, **options: Any) -> GuestError:
    """The error that a program ends in."""
    with pytest.raises(GuestError) as caught:
        run(source, imports, caps, **options)
    return caught.value


def texts(**modules: str) -> Imports:
    """Sources by names in which two underscores stand for a dot, as in `p__a` for p.a."""
    return Imports.sources(
        {re.sub(SEPARATOR, ".", name): textwrap.dedent(text) for name, text in modules.items()}
    )


class Tool(Capability):
    """A capability that stands for a module."""

    def now(self) -> int:
        return 3


def write(root: Path, **files: str | bytes) -> None:
    """Files by names in which two underscores stand for a slash: `p__m` is p/m.py."""
    for name, text in files.items():
        path = root / (re.sub(SEPARATOR, "/", name) + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).encode())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A directory of modules, beside one that is not to be read."""
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    write(inside, a="import b\nx = b.y + 1", b="y = 2", p____init__="from .m import v", p__m="v = __name__",
          space__k="v = 5")  # fmt: skip
    write(outside, secret="x = 'SECRET'", package____init__="x = 'SECRET'", package__m="x = 'SECRET'")
    return inside


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of installed packages."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


# Where modules come from


def test_the_default_is_pure(optimize: bool) -> None:
    assert run("import json\nr = json.loads('[1]')", optimize=optimize)["r"] == [1]
    assert run("import json\nr = json.loads('[1]')", PURE, optimize=optimize)["r"] == [1]


@pytest.mark.parametrize("name", ["json", "math", "os", "sys", "builtins", "collections.abc"])
def test_none_has_nothing(name: str, optimize: bool) -> None:
    error = refused(f"import {name}", Imports.none(), optimize=optimize)
    top = name.partition(".")[0]
    assert (error.exc_type, error.message) == (
        "ImportError",
        f"the module {top!r} was not granted to this program",
    )
    assert run("r = len([1])", Imports.none(), optimize=optimize)["r"] == 1


def test_sources(optimize: bool) -> None:
    imports = texts(m="x = 1\ndef f(n):\n    return n + x")
    assert run("import m\nr = m.f(1)", imports, optimize=optimize)["r"] == 2
    assert run("from m import f, x as y\nr = f(y)", imports, optimize=optimize)["r"] == 2
    assert refused("import n", imports, optimize=optimize).message == "No module named 'n'"


def test_sources_are_copied() -> None:
    given = {"m": "x = 1"}
    imports = Imports.sources(given)
    given["m"], given["n"] = "x = 2", ""
    assert run("import m\nr = m.x", imports)["r"] == 1
    assert refused("import n", imports).exc_type == "ModuleNotFoundError"


@pytest.mark.parametrize("name", ["a b", "a..b", "", ".a", "a.", "a-b", "../a", "a/b", 5, None])
def test_sources_take_names_of_modules_only(name: Any) -> None:
    with pytest.raises(ValueError, match="not a module's name") as error:
        Imports.sources({name: ""})
    assert repr(name) in str(error.value)


@pytest.mark.parametrize("text", [b"x = 1", None, 5, ["x = 1"]])
def test_sources_take_text_only(text: Any) -> None:
    with pytest.raises(TypeError, match=rf"'m'.*wanted text, got {type(text).__name__}"):
        Imports.sources({"m": text})


def test_sources_take_a_mapping() -> None:
    with pytest.raises(TypeError, match="mapping"):
        Imports.sources(["m"])  # type: ignore[arg-type]


def test_directory(folder: Path, optimize: bool) -> None:
    imports = Imports.directory(folder)
    assert run("import a\nr = a.x", imports, optimize=optimize)["r"] == 3
    assert run("import p\nr = p.v", imports, optimize=optimize)["r"] == "p.m"
    assert run("import space.k as k\nr = k.v", imports, optimize=optimize)["r"] == 5
    assert refused("import c", imports, optimize=optimize).message == "No module named 'c'"
    assert Imports.directory(str(folder)).names == imports.names == {"a", "b", "p", "space"}


def test_a_directory_is_read_when_it_is_imported(folder: Path) -> None:
    imports = Imports.directory(folder)
    assert refused("import later", imports).exc_type == "ModuleNotFoundError"
    write(folder, later="x = 1")
    assert run("import later\nr = later.x", imports)["r"] == 1
    write(folder, later="x = 'two'")
    assert run("import later\nr = later.x", imports)["r"] == "two"


def test_a_directory_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "nothing", tmp_path / "file"):
        with pytest.raises(NotADirectoryError, match=f"{path.name}.*is not a directory"):
            Imports.directory(path)


def test_nothing_is_written_beside_the_sources(folder: Path) -> None:
    before = sorted(folder.rglob("*"))
    run("import a, p, space.k", Imports.directory(folder))
    assert sorted(folder.rglob("*")) == before


def test_an_installed_package(site: Path, optimize: bool) -> None:
    write(site, here____init__="from ._core import f", here___core="import math\ndef f(): return math.floor(1.5)",
          beside="x = 1")  # fmt: skip
    imports = PURE + Imports.package("here")
    assert run("import here\nr = here.f()", imports, optimize=optimize)["r"] == 1
    assert refused("import beside", imports, optimize=optimize).message == "No module named 'beside'"
    assert "here" not in sys.modules
    assert run("import beside\nr = beside.x", Imports.package("beside"), optimize=optimize)["r"] == 1


def test_a_package_of_one_file_has_no_neighbours(site: Path) -> None:
    write(site, one="import two", two="x = 1")
    error = refused("import one", Imports.package("one"))
    assert error.exc_type == "ModuleNotFoundError" and "'two'" in error.message


@pytest.mark.parametrize("name", ["no_such_package", "math", "sys", "_struct"])
def test_a_package_that_is_not_there_or_no_source(name: str) -> None:
    with pytest.raises(ImportError, match=name):
        Imports.package(name)


@pytest.mark.parametrize("name", ["", "a.b", "../a", "a b"])
def test_a_package_is_named_by_its_top(name: str) -> None:
    with pytest.raises(ValueError, match="top-level"):
        Imports.package(name)


def test_a_real_package(optimize: bool) -> None:
    pytest.importorskip("sortedcontainers")
    imports = PURE + Imports.package("sortedcontainers")
    source = (
        "from sortedcontainers import SortedDict\nd = SortedDict(b=1, a=2)\nr = list(d), d.peekitem(0)"
    )
    assert run(source, imports, optimize=optimize)["r"] == (["a", "b"], ("a", 2))


# Putting them together


def test_the_left_side_wins(optimize: bool) -> None:
    left, right = texts(m="x = 'left'", l="y = 1"), texts(m="x = 'right'", r="y = 2")
    source = "import m, l, r\nr = (m.x, l.y, r.y)"
    assert run(source, left + right, optimize=optimize)["r"] == ("left", 1, 2)
    assert run(source, right + left, optimize=optimize)["r"] == ("right", 1, 2)
    assert run(source, Imports.none() + left + right + Imports.none())["r"] == ("left", 1, 2)


def test_own_modules_shadow_the_librarys_from_the_left_only(optimize: bool) -> None:
    mine = texts(json="mine = True", math="mine = True", sys="mine = True")
    source = "import json, math, sys\nr = [hasattr(m, 'mine') for m in (json, math, sys)]"
    assert run(source, mine + PURE, optimize=optimize)["r"] == [True] * 3
    assert run(source, PURE + mine, optimize=optimize)["r"] == [False] * 3


def test_a_shadowed_package_does_not_mix_with_the_other(optimize: bool) -> None:
    mine = texts(json____init__="mine = True", json__own="x = 1")
    assert run("import json.own\nr = json.own.x", mine + PURE, optimize=optimize)["r"] == 1


def test_plus_makes_a_third() -> None:
    left, right = texts(a=""), texts(b="")
    both = left + right
    assert both.names == {"a", "b"} and left.names == {"a"} and right.names == {"b"}
    assert refused("import b", left).exc_type == "ModuleNotFoundError"


@pytest.mark.parametrize("other", [5, "json", None, ["json"], {}])
def test_plus_takes_imports_only(other: Any) -> None:
    with pytest.raises(TypeError):
        Imports.none() + other
    with pytest.raises(TypeError):
        other + Imports.none()


@pytest.mark.parametrize("imports", [5, "json", ["json"], {"json": ""}, Imports])
def test_imports_are_imports(imports: Any) -> None:
    with pytest.raises(TypeError, match="wanted Imports or None"):
        cap_exec("", imports=imports)


def test_imports_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        PURE.chain = ()  # type: ignore[misc]


# only and without


def test_only_keeps_what_is_named(optimize: bool) -> None:
    few = PURE.only("math", "string")
    assert few.names == {"math", "string"}
    run("import math, string", few, optimize=optimize)
    error = refused("import json", few, optimize=optimize)
    assert (error.exc_type, error.message) == (
        "ImportError",
        "the module 'json' was not granted to this program",
    )


def test_only_keeps_what_the_library_itself_imports(optimize: bool) -> None:
    few = PURE.only("json", "statistics")
    source = "import json, statistics\nr = json.loads('[1, 2]'), statistics.mean([1, 3])"
    assert run(source, few, optimize=optimize)["r"] == ([1, 2], 2)


@pytest.mark.parametrize("name", ["re", "json.nothing", "collections", "os", "_json", "codecs"])
def test_what_the_library_imported_is_not_the_guests_to_import(name: str, optimize: bool) -> None:
    """What may be imported does not depend on what was imported before."""
    few = PURE.only("json")
    refused(f"import {name}", few, optimize=optimize)
    refused(f"import json\nimport {name}", few, optimize=optimize)
    refused(f"import json, importlib\nimportlib.import_module({name!r})", few, optimize=optimize)


def test_without_holds_after_the_library_imported_it(optimize: bool) -> None:
    most = PURE.without("re", "datetime")
    for source in ("import re", "import json\nimport re", "import csv\nfrom re import compile"):
        assert "'re'" in refused(source, most, optimize=optimize).message
    assert run("import json\nr = json.loads('[1]')", most, optimize=optimize)["r"] == [1]


def test_own_modules_stand_beside_the_librarys(optimize: bool) -> None:
    """A module of the host's by the name of one that the library keeps: each has its own, in any order."""
    imports = PURE.only("json", "datetime") + texts(types="mine = 1", re="mine = 2")
    work = "json.loads('[1]'), str(datetime.datetime.strptime('2020', '%Y').date())"
    for source in (
        f"import json, datetime\nw = {work}\nimport types, re",
        f"import types, re\nimport json, datetime\nw = {work}",
    ):
        source += "\nr = w, types.mine, re.mine, __import__('re') is re"
        assert run(source, imports, optimize=optimize)["r"] == (([1], "2020-01-01"), 1, 2, True)


def test_only_keeps_the_modules_below(optimize: bool) -> None:
    imports = texts(p____init__="", p__a="x = 1", p__b____init__="", p__b__c="x = 2")
    run("import p.a, p.b.c", imports.only("p"), optimize=optimize)
    run("import p.b.c", imports.only("p.b"), optimize=optimize)
    refused("import p.a", imports.only("p.b"), optimize=optimize)
    refused("import p.b.c", imports.only("p.a"), optimize=optimize)
    assert run("from p import b\nr = b.__name__", imports.only("p.b"), optimize=optimize)["r"] == "p.b"


def test_without_takes_the_modules_below(optimize: bool) -> None:
    imports = texts(p____init__="", p__a="", p__b__c="")
    run("import p.a", imports.without("p.b"), optimize=optimize)
    for name in ("p.b", "p.b.c"):
        assert repr("p.b") in refused(f"import {name}", imports.without("p.b")).message
    assert refused("import p", imports.without("p")).exc_type == "ModuleNotFoundError"
    run("import pp", texts(pp="").without("p"))


def test_only_and_without_follow_each_other(optimize: bool) -> None:
    imports = PURE.only("math", "json", "re").without("re")
    assert imports.names == {"math", "json"}
    refused("import re", imports, optimize=optimize)
    assert imports.only("math").names == {"math"}
    with pytest.raises(ValueError, match="'re'"):
        imports.only("re")


def test_only_is_of_what_stands_to_its_left() -> None:
    imports = texts(mine="x = 1") + PURE.only("math")
    assert imports.names == {"mine", "math"}
    assert (texts(mine="") + PURE).only("mine").names == {"mine"}


@pytest.mark.parametrize("name", ["nonsense", "socket", "json.nothing", "", "math.sqrt"])
def test_only_takes_names_that_are_there(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name!r} is not among the modules"):
        PURE.only("math", name)


@pytest.mark.parametrize("name", [5, None, b"math", ["math"]])
def test_names_of_modules_are_text(name: Any) -> None:
    for narrow in (PURE.only, PURE.without):
        with pytest.raises(TypeError):
            narrow(name)


def test_only_nothing_is_none(optimize: bool) -> None:
    assert PURE.only().names == frozenset()
    refused("import math", PURE.only(), optimize=optimize)


def test_names_are_those_that_import(optimize: bool) -> None:
    names = sorted(PURE.names)
    assert {"json", "math", "re", "os", "sys", "collections"} <= set(names)
    assert not {"socket", "ctypes", "pickle", "subprocess"} & set(names)
    assert not [n for n in names if n.startswith("_")]
    present = [n for n in names if n in sys.stdlib_module_names]
    assert present == names
    # The ones that cost little to import; test_library imports the others.
    for name in ("math", "errno", "time", "token", "keyword", "bisect", "this"):
        if name in names:
            run(f"import {name}", optimize=optimize)


# A granted capability comes first


def test_a_granted_capability_is_a_module(optimize: bool) -> None:
    for source in ("import tool\nr = tool.now()", "from tool import now\nr = now()",
                   "import tool as t\nr = t.now()", "r = __import__('tool').now()"):  # fmt: skip
        assert run(source, Imports.none(), {"tool": Tool()}, optimize=optimize)["r"] == 3
    assert run("import f\nr = f(2)", Imports.none(), {"f": lambda n: n + 1}, optimize=optimize)["r"] == 3


def test_a_granted_capability_comes_before_any_source(optimize: bool) -> None:
    caps = {"json": Tool(), "time": Tool()}
    source = "import json, time\nr = json.now() + time.now()"
    for imports in (PURE, texts(json="x = 1", time="x = 1") + PURE, Imports.none()):
        assert run(source, imports, caps, optimize=optimize)["r"] == 6


def test_a_granted_capability_has_no_other_names(optimize: bool) -> None:
    error = refused("from tool import later", PURE, {"tool": Tool()}, optimize=optimize)
    assert (error.exc_type, "later" in error.message, "tool" in error.message) == (
        "ImportError",
        True,
        True,
    )


@pytest.mark.parametrize("value", [[1], "text", 5, {"x": 1}])
def test_data_is_no_module(value: Any, optimize: bool) -> None:
    assert (
        refused("import data", PURE, {"data": value}, optimize=optimize).exc_type
        == "ModuleNotFoundError"
    )


def test_a_capability_of_the_name_of_a_package_is_no_package(optimize: bool) -> None:
    error = refused("import json.decoder", PURE, {"json": Tool()}, optimize=optimize)
    assert error.exc_type in ("ImportError", "ModuleNotFoundError")
    assert "'json.decoder'" in error.message and "not a package" in error.message


@pytest.mark.parametrize("name", ["re", "token", "calendar", "copy", "types"])
def test_the_library_does_not_take_a_capability_for_its_own_module(name: str, optimize: bool) -> None:
    """A host that grants a capability of some name breaks no module that imports another of it."""
    source = "import json, datetime\nr = json.loads('[1]'), str(datetime.datetime.strptime('2020', '%Y').date())"
    caps = {name: Tool()}
    assert run(source, PURE, caps, optimize=optimize)["r"] == ([1], "2020-01-01")


def test_a_grant_later_is_found(optimize: bool) -> None:
    with Compartment(imports=PURE) as world:
        with pytest.raises(GuestError, match="No module named 'tool'"):
            world.exec("import tool", optimize=optimize)
        world.grant("tool", expose(Tool(), "now"))
        assert world.exec("import tool\nr = tool.now()", optimize=optimize)["r"] == 3


# Packages


PACKAGE = {
    "p.__init__": "from . import a\nfrom .q import r as deep\nname = __name__",
    "p.a": "x = 'a'\nhere = __name__, __package__, __file__",
    "p.q.__init__": "here = __name__, __package__, __file__, list(__path__)",
    "p.q.r": "from .. import a\nfrom ..a import x\nfrom . import s\nfrom .s import y as z\nfrom ...p import a as again\nv = (a.x, x, s.y, z)",
    "p.q.s": "y = 's'",
}


def test_relative_imports(optimize: bool) -> None:
    imports = Imports.sources(
        {**PACKAGE, "p.q.r": PACKAGE["p.q.r"].replace("from ...p import a as again\n", "")}
    )
    assert run("import p\nr = p.deep.v, p.name", imports, optimize=optimize)["r"] == (
        ("a", "a", "s", "s"),
        "p",
    )


def test_what_import_binds(optimize: bool) -> None:
    imports = texts(p__q__r="v = 1", p__q__s="v = 2")
    source = """
    import p.q.r
    import p.q.s as s
    from p.q import r as r2
    r = (p.q.r.v, s.v, r2 is p.q.r, p.__name__, hasattr(p.q, 's'), p.q.s is s)
    """
    assert run(source, imports, optimize=optimize)["r"] == (1, 2, True, "p", True, True)


def test_a_submodule_is_bound_in_its_package(optimize: bool) -> None:
    imports = texts(p____init__="q = 'own'", p__q="v = 1")
    source = "from p import q\na = q\nimport p.q\nb = p.q.v\nfrom p import q\nr = (a, b, q.v)"
    assert run(source, imports, optimize=optimize)["r"] == ("own", 1, 1)


def test_what_a_module_knows_of_itself(optimize: bool) -> None:
    source = """
    import p.a, p.q
    r = p.a.here, p.q.here, p.__file__, list(p.__path__), p.__package__
    spec = p.a.__spec__.name, p.a.__spec__.origin, p.a.__spec__.parent, p.q.__spec__.parent
    main = __name__, __package__
    """
    names = run(source, Imports.sources({**PACKAGE, "p.__init__": ""}), optimize=optimize)
    assert names["r"] == (
        ("p.a", "p", "p/a.py"),
        ("p.q", "p.q", "p/q/__init__.py", ["p/q"]),
        "p/__init__.py",
        ["p"],
        "p",
    )
    assert names["spec"] == ("p.a", "p/a.py", "p", "p.q")
    assert names["main"] == ("__main__", "")


def test_a_package_without_init(folder: Path, optimize: bool) -> None:
    imports = Imports.directory(folder)
    names = run(
        "import space.k\nr = space.k.v, list(space.__path__), space.__package__",
        imports,
        optimize=optimize,
    )
    assert names["r"] == (5, ["space"], "space")
    assert run("import p.q.r\nr = p.q.r.v", texts(p__q__r="v = 1"), optimize=optimize)["r"] == 1


def test_a_package_wins_over_a_module_of_its_name(folder: Path, optimize: bool) -> None:
    write(folder, two="x = 'file'", two____init__="x = 'package'")
    assert run("import two\nr = two.x", Imports.directory(folder), optimize=optimize)["r"] == "package"


def test_a_file_wins_over_a_directory_without_init(folder: Path, optimize: bool) -> None:
    write(folder, two="x = 'file'", two__k="")
    assert run("import two\nr = two.x", Imports.directory(folder), optimize=optimize)["r"] == "file"


BAD_RELATIVE = {
    "no package": ("from . import x", {}, "attempted relative import with no known parent package"),
    "no package, a name": ("from .m import x", {"m": "x = 1"}, "attempted relative import with no known parent package"),
    "a module beside": ("import m", {"m": "from . import n", "n": ""},
                        "attempted relative import with no known parent package"),
    "beyond the top": ("import p.a", {"p.a": "from ... import x"}, "attempted relative import beyond top-level package"),
    "far beyond": ("import p.a", {"p.a": "from ....... import x"}, "attempted relative import beyond top-level package"),
    "a name that is not there": ("import p.a", {"p.a": "from . import nothing"}, "cannot import name 'nothing' from 'p'"),
    "a module that is not there": ("import p.a", {"p.a": "from .nothing import x"}, "No module named 'p.nothing'"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_RELATIVE)
def test_bad_relative_imports(case: str, optimize: bool) -> None:
    source, modules, message = BAD_RELATIVE[case]
    error = refused(source, Imports.sources(modules), optimize=optimize)
    assert error.exc_type in ("ImportError", "ModuleNotFoundError")
    assert error.message == message


# Star imports

STARS = {
    "all public names": (
        {"m": "a = 1\n_b = 2\n__c = 3\ndef d(): pass\nimport n", "n": ""},
        ["a", "d", "n"],
    ),
    "__all__": ({"m": "__all__ = ['a', '_b']\na = 1\n_b = 2\nc = 3"}, ["_b", "a"]),
    "__all__ as a tuple": ({"m": "__all__ = ('a',)\na = b = 1"}, ["a"]),
    "an empty __all__": ({"m": "__all__ = []\na = 1"}, []),
    "__all__ made in steps": ({"m": "__all__ = ['a']\n__all__ += ['b']\na = b = c = 1"}, ["a", "b"]),
    "a package": ({"m.__init__": "a = 1", "m.n": "b = 2"}, ["a"]),
    "a package that loaded a part": (
        {"m.__init__": "a = 1\nfrom . import n", "m.n": "b = 2"},
        ["a", "n"],
    ),
    "__all__ of a package names a part": ({"m.__init__": "__all__ = ['n']", "m.n": "b = 2"}, ["n"]),
    "a relative one": ({"m.__init__": "from .n import *", "m.n": "b = 2\n_c = 3"}, ["b", "n"]),
    "the module's own __getattr__": (
        {
            "m": "__all__ = ['lazy']\ndef __getattr__(name):\n    if name == 'lazy': return 1\n    raise AttributeError(name)"
        },
        ["lazy"],
    ),
}


@pytest.mark.parametrize("case", STARS)
def test_star_imports(case: str, optimize: bool) -> None:
    modules, expected = STARS[case]
    source = "before = set(globals())\nfrom m import *\nr = sorted(set(globals()) - before - {'before'})"
    assert run(source, Imports.sources(modules), optimize=optimize)["r"] == expected


def test_star_import_binds_the_values(optimize: bool) -> None:
    imports = texts(m="__all__ = ['f', 'x']\nx = [1]\ndef f(): return x")
    assert run("x = 5\nfrom m import *\nr = f() is x, x", imports, optimize=optimize)["r"] == (True, [1])


@pytest.mark.parametrize(
    "text, kind, message",
    [
        ("__all__ = ['nothing']", "AttributeError", "nothing"),
        ("__all__ = [1]", "TypeError", "m.__all__ must be str"),
        ("__all__ = 5", "TypeError", "int"),
    ],
)
def test_bad_all(text: str, kind: str, message: str, optimize: bool) -> None:
    error = refused("from m import *", texts(m=text), optimize=optimize)
    assert (error.exc_type, message in error.message) == (kind, True)


def test_star_import_stays_at_module_level() -> None:
    with pytest.raises(SyntaxError):
        cap_compile("def f():\n    from m import *")


# Modules that import each other

CIRCLES = {
    "used later": ({"a": "import b\nx = 1\ndef f(): return b.g()", "b": "import a\ndef g(): return a.x"}, "a.f()", 1),
    "itself": ({"a": "import a\nx = a.__name__"}, "a.x", "a"),
    "from a package's part": (
        {"a.__init__": "from . import b\nx = 1", "a.b": "import a\nfrom . import c\ndef f(): return a.x", "a.c": "from . import b\nk = b.__name__"},
        "(a.b.f(), a.c.k)",
        (1, "a.b"),
    ),
    "half made": ({"a": "x = 1\nimport b\ny = 2", "b": "import a\nseen = hasattr(a, 'x'), hasattr(a, 'y')"}, "a.b.seen", (True, False)),
    "as": ({"a.__init__": "", "a.b": "import a.c as c\nv = c.v", "a.c": "import a.b as b\nv = b.__name__"}, "__import__('a.b').b.v", "a.b"),
    "from, of what is there": ({"a": "x = 1\nfrom b import y", "b": "from a import x\ny = x + 1"}, "a.y", 2),
}  # fmt: skip


@pytest.mark.parametrize("case", CIRCLES)
def test_circular_imports(case: str, optimize: bool) -> None:
    modules, expression, expected = CIRCLES[case]
    assert (
        run(f"import a\nr = {expression}", Imports.sources(modules), optimize=optimize)["r"] == expected
    )


def test_a_circular_import_of_what_is_not_there_yet(optimize: bool) -> None:
    imports = texts(a="from b import y\nx = 1", b="from a import x\ny = 1")
    error = refused("import a", imports, optimize=optimize)
    assert error.exc_type == "ImportError"
    assert "cannot import name 'x' from" in error.message and "'a'" in error.message
    error = refused("import a", texts(a="from a import x\nx = 1"), optimize=optimize)
    assert "cannot import name 'x' from" in error.message


def test_an_endless_chain_of_imports_ends(optimize: bool) -> None:
    many = Imports.sources({f"m{i}": f"import m{i + 1}" for i in range(2000)})
    with pytest.raises(LimitExceeded) as stop:
        run("import m0", many, optimize=optimize)
    assert stop.value.kind == "depth"


# A module's own __getattr__ and __dir__


def test_module_getattr(optimize: bool) -> None:
    imports = texts(
        m="""
        calls = []
        def __getattr__(name):
            calls.append(name)
            if name.startswith('lazy'):
                globals()[name] = value = name.upper()
                return value
            raise AttributeError(f'no {name}')
        def __dir__():
            return ['b', 'a']
        """
    )
    source = """
    import m
    from m import lazy_two
    r = m.lazy_one, m.lazy_one, lazy_two, getattr(m, 'other', 5), hasattr(m, 'lazy_three'), dir(m)
    calls = [c for c in m.calls if not c.startswith('__')]
    try: m.gone
    except AttributeError as e: gone = str(e)
    try: from m import gone_too
    except ImportError as e: gone_too = str(e)
    """
    names = run(source, imports, optimize=optimize)
    assert names["r"] == ("LAZY_ONE", "LAZY_ONE", "LAZY_TWO", 5, True, ["a", "b"])
    assert names["calls"] == ["lazy_two", "lazy_one", "other", "lazy_three"]
    assert names["gone"] == "no gone" and "'gone_too' from 'm'" in names["gone_too"]


def test_a_module_may_put_another_object_in_its_place(optimize: bool) -> None:
    imports = PURE + texts(m="import sys\nsys.modules[__name__] = 'another object'")
    assert run("import m\nr = m", imports, optimize=optimize)["r"] == "another object"
    assert run("from m import upper\nr = upper()", imports, optimize=optimize)["r"] == "ANOTHER OBJECT"


# The compartment's own table


def test_each_compartment_has_its_own_modules(optimize: bool) -> None:
    imports = PURE + texts(m="xs = []\nprint('made')")
    one, two = Compartment(imports=imports), Compartment(imports=imports)
    source = "import m, json\nm.xs.append(1)\njson.mark = len(m.xs)\nr = len(m.xs)"
    results = [(w.exec(source, optimize=optimize)["r"], w.output) for w in (one, one, two)]
    assert results == [(1, "made\n"), (2, ""), (1, "made\n")]
    assert one.eval("json.mark") == 2 and two.eval("json.mark") == 1
    import json

    assert not hasattr(json, "mark")


def test_sys_modules_is_the_compartments(optimize: bool) -> None:
    source = """
    import sys, m
    r = sorted(sys.modules)
    same = sys.modules['m'] is m
    del sys.modules['m']
    import m as k
    again = k is m, len(log)
    sys.modules['put'] = 'in'
    import put
    sys.modules['none'] = None
    try: import none
    except ModuleNotFoundError as e: halted = str(e)
    """
    imports = PURE + texts(m="__import__('sys').modules['__main__x'] = 0")
    names = run("log = []\n" + textwrap.dedent(source), imports, optimize=optimize)
    assert names["r"] == ["__main__", "__main__x", "m", "sys"]
    assert (names["same"], names["again"], names["put"]) == (True, (False, 0), "in")
    assert names["halted"] == "import of none halted; None in sys.modules"
    assert "__main__x" not in sys.modules and "put" not in sys.modules


def test_a_module_is_run_once(optimize: bool) -> None:
    imports = texts(m="print('m')\nimport n", n="print('n')\nimport m")
    ns = run(
        "import m, n\nfrom m import n as k\nimport m as q\ndef f():\n    import m\nf()",
        imports,
        optimize=optimize,
    )
    assert ns.output == "m\nn\n"


def test_a_module_that_failed_is_tried_again(optimize: bool) -> None:
    imports = texts(m="print('try')\n1 / 0", p____init__="", p__bad="x = 1\nraise KeyError(5)")
    with Compartment(imports=PURE + imports) as world:
        for _ in range(2):
            with pytest.raises(GuestError, match="ZeroDivisionError") as error:
                world.exec("import m", optimize=optimize)
            assert error.value.output == "try\n"
        source = "import sys\ntry: import p.bad\nexcept KeyError: r = sorted(m for m in sys.modules if m not in ('sys', '__main__'))"
        assert world.exec(source, optimize=optimize)["r"] == ["p"]


def test_what_a_module_stores_is_its_own(optimize: bool) -> None:
    imports = texts(m="len = lambda x: 'mine'\nn = 1\ndef f(): return n, len('ab')")
    source = "import m\nn = 5\na = m.f()\nm.n = 7\nr = a, m.f(), len('ab'), n"
    assert run(source, imports, optimize=optimize)["r"] == ((1, "mine"), (7, "mine"), 2, 5)


# Ways to say it


def test_forms_of_import(optimize: bool) -> None:
    imports = PURE + texts(p__a="v = 1", p__b="v = 2")
    source = """
    import importlib, p.a, p.b as b
    r = [__import__('p.a').__name__, __import__('p.a', fromlist=['v']).__name__, b.v,
         importlib.import_module('p.b').v, importlib.import_module('.a', 'p').v]
    def f():
        import p.a as q
        from p import a, b as c
        return q.v, a.v, c.v
    class K:
        from p.a import v
        import p.b
    r += [f(), K.v, K.p.b.v]
    """
    assert run(source, imports, optimize=optimize)["r"] == ["p", "p.a", 2, 2, 1, (1, 1, 2), 1, 2]


def test_future_imports(optimize: bool) -> None:
    imports = texts(
        m="'doc'\nfrom __future__ import annotations\ndef f(x: nowhere): pass", n="def f(x: int): pass"
    )
    source = "from __future__ import annotations\nimport m, n\ndef g(x: nowhere): pass\nr = m.f.__annotations__, g.__annotations__, n.f.__annotations__ == {'x': int}, m.__doc__"
    assert run(source, imports, optimize=optimize)["r"] == (
        {"x": "nowhere"},
        {"x": "nowhere"},
        True,
        "doc",
    )
    assert (
        run("import __future__\nr = __future__.annotations.getMandatoryRelease()", optimize=optimize)[
            "r"
        ]
        is None
    )


NO_NAMES = ["", ".", "..", ".m", "m.", "a..b", "a b", "cap:sre", "a\0b", "../x", "/etc/passwd", "m/../n", "m\\n", "M",
            "\u212a", "m.__init__"]  # fmt: skip


@pytest.mark.parametrize("name", NO_NAMES)
def test_names_that_are_no_modules(name: str, optimize: bool) -> None:
    imports = PURE + texts(m="x = 1", k="x = 1")
    error = refused(f"__import__({name!r})", imports, optimize=optimize)
    assert error.exc_type in ("ImportError", "ModuleNotFoundError", "ValueError")
    assert "No module named" in error.message or "Empty module name" in error.message


def test_long_names_are_cut(optimize: bool) -> None:
    error = refused("__import__('a' * 100_000)", optimize=optimize)
    assert error.exc_type == "ImportError" and len(error.message) < 500


@pytest.mark.parametrize("name", ["5", "None", "b'math'", "['math']", "object()"])
def test_a_name_is_text(name: str, optimize: bool) -> None:
    assert refused(f"__import__({name})", optimize=optimize).exc_type == "TypeError"


# Errors name the thing, the place and the remedy


@pytest.mark.parametrize(
    "name", ["socket", "ctypes", "subprocess", "gc", "pickle", "secrets", "urllib.request"]
)
def test_a_module_of_authority_says_so(name: str, optimize: bool) -> None:
    error = refused(f"import {name}", optimize=optimize)
    assert error.exc_type == "ImportError"
    assert repr(name) in error.message and "cannot be imported" in error.message


@pytest.mark.parametrize(
    "name", ["sqlite3", "email", "readline", "_socket", "select", "xml.etree.ElementTree"]
)
def test_a_module_of_the_library_without_a_row_is_said_to_be_one(name: str, optimize: bool) -> None:
    """Not `No module named`: it is there, and not for guests."""
    error = refused(f"import {name}", optimize=optimize)
    assert error.exc_type in ("ImportError", "ModuleNotFoundError")
    assert name.partition(".")[0] in error.message
    assert "standard library" in error.message or "not granted" in error.message


@pytest.mark.parametrize("name", ["nothing_of_this_name", "json.nothing"])
def test_a_module_that_does_not_exist(name: str, optimize: bool) -> None:
    source = f"try:\n    import {name}\nexcept ModuleNotFoundError as e:\n    r = (str(e), e.name)"
    assert run(source, optimize=optimize)["r"] == (f"No module named {name!r}", name)


def test_a_module_is_no_package(optimize: bool) -> None:
    for name, top in (("math.x", "math"), ("m.x", "m"), ("os.nothing", "os")):
        error = refused(f"import {name}", PURE + texts(m=""), optimize=optimize)
        assert error.message == f"No module named {name!r}; {top!r} is not a package"


def test_a_name_that_a_module_lacks(optimize: bool) -> None:
    source = "try:\n    from math import squareroot\nexcept ImportError as e:\n    r = (str(e), e.name, type(e).__name__)"
    assert run(source, optimize=optimize)["r"] == (
        "cannot import name 'squareroot' from 'math'",
        "math",
        "ImportError",
    )


def test_an_error_at_import_shows_the_modules_line(optimize: bool) -> None:
    imports = texts(p__m="x = 1\ndef f():\n    return 1 / 0\nf()")
    error = refused("import p.m", imports, optimize=optimize)
    assert error.exc_type == "ZeroDivisionError"
    for part in (
        'File "<guest>", line 1',
        'File "p/m.py", line 4',
        'File "p/m.py", line 3',
        "return 1 / 0",
    ):
        assert part in error.traceback
    assert "capcompiler" not in error.traceback and "import_" not in error.traceback


def test_an_error_in_a_dependency_is_not_taken_for_the_module_missing(optimize: bool) -> None:
    imports = texts(p____init__="", p__m="import nothing_here")
    assert (
        refused("from p import m", imports, optimize=optimize).message
        == "No module named 'nothing_here'"
    )
    assert refused("import p.m", imports, optimize=optimize).message == "No module named 'nothing_here'"


BAD_SOURCES = {
    "syntax": ("ok = 1\nx = = 1", 2, "invalid syntax"),
    "indentation": ("if 1:\nx = 1", 2, "expected an indented block"),
    "reserved name": ("ok = 1\n\n__builtins__ = {}", 3, "__builtins__"),
    "reserved name in a function": ("def f():\n    __builtins__ = {}", 2, "__builtins__"),
    "star in a function": ("def f():\n    from m import *", 2, "import *"),
    "NUL": ("x = 1\0", 1, "NUL"),
    "return outside": ("return 1", 1, "'return' outside function"),
    "too deep": ("x = " + "(" * 3000 + ")" * 3000, 1, ""),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_SOURCES)
def test_bad_sources_name_file_and_line(case: str, optimize: bool) -> None:
    text, line, message = BAD_SOURCES[case]
    source = """
    try:
        import p.bad
    except SyntaxError as e:
        r = e.filename, e.lineno, str(e)
    """
    imports = Imports.sources({"p.bad": text})
    filename, number, shown = run(source, imports, optimize=optimize)["r"]
    assert (filename, number) == ("p/bad.py", line)
    assert message in shown
    error = refused("import p.bad", imports, optimize=optimize)
    assert error.exc_type in ("SyntaxError", "IndentationError") and "bad.py" in error.message


def test_a_bad_module_is_not_left_in_the_table(optimize: bool) -> None:
    source = "import sys\ntry:\n    import bad\nexcept SyntaxError:\n    r = 'bad' in sys.modules"
    assert run(source, PURE + texts(bad="x = = 1"), optimize=optimize)["r"] is False


# Files


def link(folder: Path, name: str, target: Path) -> None:
    (folder / name).symlink_to(target)


def test_links_do_not_lead_out_of_a_directory(folder: Path, optimize: bool) -> None:
    outside = folder.parent / "outside"
    link(folder, "one.py", outside / "secret.py")
    link(folder, "two", outside / "package")
    link(folder, "three", outside)
    link(folder / "p", "four.py", outside / "secret.py")
    link(folder, "five.py", Path("../outside/secret.py"))
    write(folder, six____init__="")
    link(folder / "six", "seven", outside / "package")
    imports = Imports.directory(folder)
    for name in (
        "one",
        "two",
        "two.m",
        "three",
        "three.secret",
        "three.package.m",
        "p.four",
        "five",
        "six.seven.m",
    ):
        error = refused(f"import {name} as z\nr = z.x", imports, optimize=optimize)
        assert error.exc_type in ("ImportError", "ModuleNotFoundError"), name
        assert "SECRET" not in str(error) and str(folder) not in str(error)
    for name in ("one", "five"):
        assert (
            "outside of its directory" in refused(f"import {name}", imports, optimize=optimize).message
        )


def test_links_within_a_directory_are_followed(folder: Path, optimize: bool) -> None:
    link(folder, "alias.py", folder / "b.py")
    link(folder, "q", folder / "p")
    imports = Imports.directory(folder)
    assert run("import alias, q\nr = alias.y, q.v", imports, optimize=optimize)["r"] == (2, "q.m")


def test_a_link_to_a_directory_may_be_given(folder: Path, optimize: bool) -> None:
    link(folder.parent, "way", folder)
    assert (
        run("import a\nr = a.x", Imports.directory(folder.parent / "way"), optimize=optimize)["r"] == 3
    )
    dotted = folder / ".." / folder.name
    assert run("import a\nr = a.x, a.__file__", Imports.directory(dotted))["r"] == (3, "a.py")


def test_a_directory_exchanged_for_a_link_leads_nowhere(folder: Path) -> None:
    imports = Imports.directory(folder)
    folder.rename(folder.parent / "moved")
    link(folder.parent, folder.name, folder.parent / "outside")
    assert "x" not in str(refused("import secret\nprint(secret.x)", imports).output)


@pytest.mark.parametrize("name", ["../outside/secret", "..", ".", "..outside.secret", "p/../a", "p/m", "{out}/secret",
                                  "./a", "a.py", "~", "p.m.py", "A", "a "])  # fmt: skip
def test_names_do_not_lead_out_of_a_directory(folder: Path, name: str, optimize: bool) -> None:
    name = name.format(out=folder.parent / "outside")
    error = refused(f"__import__({name!r})", Imports.directory(folder), optimize=optimize)
    assert error.exc_type == "ModuleNotFoundError"


def test_odd_files(folder: Path, optimize: bool) -> None:
    link(folder, "dangling.py", folder / "gone.py")
    link(folder, "loop.py", folder / "loop.py")
    (folder / "dir.py").mkdir()
    os.mkfifo(folder / "pipe.py")
    for name in ("dangling", "loop", "dir", "pipe"):
        error = refused(f"import {name}", Imports.directory(folder), optimize=optimize)
        assert error.exc_type in ("ImportError", "ModuleNotFoundError") and name in error.message


@pytest.mark.parametrize("suffix", [".so", ".abi3.so", ".pyc"])
def test_compiled_code_is_refused(folder: Path, suffix: str, optimize: bool) -> None:
    (folder / f"quick{suffix}").write_bytes(b"\x7fELF")
    (folder / "p" / f"quick{suffix}").write_bytes(b"\x7fELF")
    for name in ("quick", "p.quick"):
        error = refused(f"import {name}", Imports.directory(folder), optimize=optimize)
        assert error.exc_type == "ImportError"
        assert repr(name) in error.message and "compiled code" in error.message


def test_a_package_with_compiled_parts(site: Path, optimize: bool) -> None:
    write(site, fast____init__="from ._speed import f")
    (site / "fast" / "_speed.so").write_bytes(b"\x7fELF")
    error = refused("import fast", PURE + Imports.package("fast"), optimize=optimize)
    assert (error.exc_type, "'fast._speed'" in error.message) == ("ImportError", True)
    assert "compiled code" in error.message


ENCODINGS = {
    "utf-8": ("x = 'ä€'".encode(), "ä€"),
    "latin-1": ("# -*- coding: latin-1 -*-\nx = 'ä'".encode("latin-1"), "ä"),
    "mark": (b"\xef\xbb\xbfx = 7", 7),
    "line ends": (b"x = 1\r\nx += 1\r\n", 2),
    "no line end": (b"x = 3", 3),
    "empty": (b"", None),
}


@pytest.mark.parametrize("case", ENCODINGS)
def test_encodings_of_files(folder: Path, case: str, optimize: bool) -> None:
    data, expected = ENCODINGS[case]
    write(folder, coded=data)
    assert (
        run("import coded\nr = getattr(coded, 'x', None)", Imports.directory(folder), optimize=optimize)[
            "r"
        ]
        == expected
    )


@pytest.mark.parametrize("data", [b"x = '\xe4'", b"# coding: nothing\nx = 1", b"x = 1\0", b"\xff\xfex\0",
                                  b"# coding: rot13\nk = 1"])  # fmt: skip
def test_files_that_are_no_text(folder: Path, data: bytes, optimize: bool) -> None:
    write(folder, coded=data)
    error = refused("import coded", Imports.directory(folder), optimize=optimize)
    assert error.exc_type == "SyntaxError" and "coded.py" in error.message


def test_a_huge_file_is_refused(folder: Path, optimize: bool) -> None:
    write(folder, huge=b"x = 1\n" * 500_000)
    error = refused("import huge", Imports.directory(folder), optimize=optimize)
    assert error.exc_type == "SyntaxError" and "at most" in error.message and "huge.py" in error.message


# Data of packages


@pytest.fixture
def packaged(site: Path) -> Imports:
    write(
        site,
        kit____init__="""
        import io, os.path
        HERE = os.path.dirname(__file__)
        def read(name, mode='r', open=io.open, **options):
            with open(os.path.join(HERE, name), mode, **options) as file:
                return file.read()
        """,
        kit__resources="""
        import importlib.resources
        def read(): return importlib.resources.files('kit').joinpath('data.txt').read_text(encoding='utf-8')
        """,
        kit__plain="""
        import os.path
        def read():
            with open(os.path.join(os.path.dirname(__file__), 'data.txt'), encoding='utf-8') as file:
                return file.read()
        """,
        beside="SECRET = 1",
    )
    (site / "kit" / "data.txt").write_text("grüße\n", encoding="utf-8")
    (site / "kit" / "deep").mkdir()
    (site / "kit" / "deep" / "raw.bin").write_bytes(b"\0\1")
    (site / "secret.txt").write_text("SECRET")
    link(site / "kit", "way.txt", site / "secret.txt")
    return PURE + Imports.package("kit")


def test_a_package_reads_the_data_that_lies_in_it(packaged: Imports, optimize: bool) -> None:
    source = "import kit\nr = kit.read('data.txt', encoding='utf-8'), kit.read('deep/raw.bin', 'rb')"
    assert run(source, packaged, optimize=optimize)["r"] == ("grüße\n", b"\0\1")


def test_a_package_reads_its_data_by_open(packaged: Imports, optimize: bool) -> None:
    assert run("import kit.plain\nr = kit.plain.read()", packaged, optimize=optimize)["r"] == "grüße\n"


def test_a_package_reads_its_data_by_path(packaged: Imports, site: Path, optimize: bool) -> None:
    write(
        site,
        kit__paths="""
        import importlib.resources as r, pathlib
        here = pathlib.Path(__file__).parent / 'data.txt'
        with open(here, encoding='utf-8') as file:
            a = file.read()
        b = here.read_text(encoding='utf-8')
        c = r.read_binary('kit', 'data.txt').decode(), r.is_resource('kit', 'data.txt'), r.is_resource('kit', 'no')
        d = (r.files('kit') / 'deep' / 'raw.bin').read_bytes(), r.files('kit').joinpath('deep/raw.bin').name
        """,
    )
    source = "from kit.paths import a, b, c, d\nr = a, b, c, d"
    text = "grüße\n"
    assert run(source, packaged, optimize=optimize)["r"] == (
        text,
        text,
        (text, True, False),
        (b"\0\1", "raw.bin"),
    )
    for bad in (
        "files('json')",
        "files('nothing')",
        "files('kit').iterdir()",
        "read_text('kit', '../secret.txt')",
    ):
        with pytest.raises(CapabilityError, match=r"importlib\.resources.* was not granted"):
            run(f"import importlib.resources as r\nr.{bad}", packaged, optimize=optimize)


def test_a_package_reads_its_data_by_importlib(packaged: Imports, optimize: bool) -> None:
    assert (
        run("import kit.resources\nr = kit.resources.read()", packaged, optimize=optimize)["r"]
        == "grüße\n"
    )


@pytest.mark.parametrize("name", ["../secret.txt", "way.txt", "/etc/passwd", "../beside.py", "nothing.txt", "deep",
                                  "deep/../../secret.txt", "", ".", "data.txt\0", "../../../../../../etc/passwd"])  # fmt: skip
def test_a_package_reads_nothing_else(packaged: Imports, name: str, optimize: bool) -> None:
    with pytest.raises((CapabilityError, GuestError)) as error:
        run(f"import kit\nprint(kit.read({name!r}))", packaged, optimize=optimize)
    assert "SECRET" not in str(error.value)
    assert getattr(error.value, "output", "") == ""


@pytest.mark.parametrize("mode", ["w", "a", "r+", "x", "wb"])
def test_a_package_writes_nothing(packaged: Imports, site: Path, mode: str, optimize: bool) -> None:
    before = {p: p.read_bytes() for p in site.rglob("*") if p.is_file()}
    with pytest.raises((CapabilityError, GuestError)):
        run(f"import kit\nkit.read('data.txt', {mode!r})", packaged, optimize=optimize)
    assert {p: p.read_bytes() for p in site.rglob("*") if p.is_file()} == before


def test_data_is_charged(packaged: Imports, site: Path, optimize: bool) -> None:
    (site / "kit" / "big.bin").write_bytes(b"\0" * 4_000_000)
    with pytest.raises(LimitExceeded) as stop:
        run(
            "import kit\nkit.read('big.bin', 'rb')",
            packaged,
            optimize=optimize,
            limits=Limits(memory=10**6),
        )
    assert stop.value.kind == "memory"


def test_a_package_may_name_modules_of_authority_at_its_top(site: Path, optimize: bool) -> None:
    write(
        site,
        asks="""
        import pickle, socket, subprocess
        from socket import timeout
        class Mine(pickle.PicklingError): pass
        def use(): return subprocess.run(['true'])
        """,
    )
    imports = PURE + Imports.package("asks")
    assert run("import asks\nr = issubclass(asks.timeout, Exception), asks.Mine.__name__", imports)[
        "r"
    ] == (
        False,
        "Mine",
    )
    with pytest.raises(CapabilityError, match=r"subprocess\.run was not granted"):
        run("import asks\nasks.use()", imports, optimize=optimize)
    for source in (
        "import pickle",
        "import asks\nimport pickle",
        "import asks\nfrom socket import socket",
    ):
        assert refused(source, imports, optimize=optimize).exc_type == "ImportError"


def test_a_package_without_the_library_names_what_it_lacks(site: Path, optimize: bool) -> None:
    write(site, wants="import json")
    error = refused("import wants", Imports.package("wants"), optimize=optimize)
    assert (error.exc_type, "'json'" in error.message) == ("ImportError", True)


# What imports cost


def test_imports_are_charged(optimize: bool) -> None:
    loop = texts(m="for i in range(10**9): pass")
    for source in ("import m", "try:\n    import m\nexcept BaseException:\n    pass"):
        with pytest.raises(LimitExceeded) as stop:
            run(source, loop, optimize=optimize, limits=Limits(steps=10_000))
        assert stop.value.kind == "steps"


def test_output_and_memory_at_import_are_charged(optimize: bool) -> None:
    for text, kind in (
        ("while True: print('x' * 99)", "output"),
        ("x = 'a' * 10**9", "memory"),
        ("def f(): f()\nf()", "depth"),
    ):
        with pytest.raises(LimitExceeded) as stop:
            run("import m", texts(m=text), optimize=optimize, limits=Limits(memory=10**7, output=1000))
        assert stop.value.kind == kind


def test_seconds_hold_at_import(optimize: bool) -> None:
    with pytest.raises(LimitExceeded) as stop:
        run(
            "import m",
            texts(m="while True: pass"),
            optimize=optimize,
            limits=Limits(steps=None, seconds=0.1),
        )
    assert stop.value.kind == "seconds"


def test_an_import_costs_the_same_each_time() -> None:
    """In a process that has compiled nothing yet as in one that has, and at both levels."""
    code = textwrap.dedent(
        """
        from capcompiler import cap_exec, Imports
        source = "import csv, re, m\\nre.compile('a(b|c)*')\\nm.f()"
        imports = Imports.pure() + Imports.sources({"m": "import textwrap\\ndef f(): return textwrap.dedent('a')"})
        for optimize in (True, False, True, False):
            print(cap_exec(source, imports=imports, optimize=optimize).usage.steps)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    steps = done.stdout.split()
    assert len(steps) == 4 and len(set(steps)) == 1 and int(steps[0]) > 100


def test_a_second_import_costs_little(optimize: bool) -> None:
    with Compartment() as world:
        first = world.exec("import csv", optimize=optimize).usage.steps
        again = world.exec("import csv", optimize=optimize).usage.steps
    assert again < 10 < first


def test_programs_say_what_they_import() -> None:
    program = cap_compile("import json, a.b\nfrom c.d import e\nfrom . import f\ndef g():\n    import h")
    assert {"json", "a.b", "c.d", "h"} <= set(program.imports)
    assert not cap_compile("x = 1").imports


# Rows of the audited table, which a host can change


def test_a_row_that_is_gone_is_gone_for_the_library_too() -> None:
    few = Imports.pure().without_rows("_json", "zlib")
    assert "zlib" not in few.rows and "math" in few.rows
    found = cap_exec(
        "import json, sys\nr = json.loads('[1, {\"a\": 2}]'), '_json' in sys.modules", imports=few
    )
    assert found["r"] == ([1, {"a": 2}], False)
    with pytest.raises(GuestError, match="zlib"):
        cap_exec("import zlib", imports=few)
    with pytest.raises(ValueError, match="no_such_row"):
        Imports.pure().without_rows("no_such_row")


def test_a_row_of_the_hosts_own() -> None:
    more = Imports.row("colorsys", "rgb_to_hls", "ONE_THIRD", why="numbers to numbers") + Imports.pure()
    more = Imports.row("_bisect", "bisect_left", why="reads a list of data") + more
    source = """
import _bisect, colorsys
found = []
for get in (lambda: colorsys.rgb_to_hls.__self__, lambda: colorsys.rgb_to_hls.__globals__,
            lambda: colorsys.hls_to_rgb, lambda: colorsys.sys):
    try:
        found.append(get())
    except AttributeError:
        pass
log = []
class K:
    def __lt__(self, other): log.append(1)
try:
    _bisect.bisect_left([K()], 1)
except TypeError:
    found.append('refused')
r = colorsys.rgb_to_hls(1, 0, 0), round(colorsys.ONE_THIRD, 3), _bisect.bisect_left([1, 5], 3), found, log
"""
    found = cap_exec(source, imports=more)["r"]
    assert found == ((0.0, 0.5, 1.0), 0.333, 1, ["refused"], [])
    assert more.rows["_bisect"] == "reads a list of data"
    assert "colorsys" in more.without("_bisect").rows


@pytest.mark.parametrize(
    "arguments, problem",
    [
        (("os", "path"), TypeError),
        (("decimal", "Decimal"), TypeError),
        (("math", "no_such_name"), AttributeError),
        (("no_such_module", "x"), ImportError),
        (("math",), ValueError),
    ],
)
def test_a_row_that_leads_on_is_refused(arguments: tuple[str, ...], problem: type[Exception]) -> None:
    with pytest.raises(problem):
        Imports.row(*arguments, why="none")
    with pytest.raises(ValueError, match="why"):
        Imports.row("math", "sqrt", why=" ")


# Finders of a guest's own


FINDER = """
import sys, importlib.util
class Finder:
    asked = []
    def find_spec(self, name, path, target=None):
        self.asked.append(name)
        return importlib.util.spec_from_loader(name, self) if name == 'made_up' else None
    def create_module(self, spec): return None
    def exec_module(self, module): module.x = 5
sys.meta_path.append(Finder())
"""


def test_a_finder_of_the_guests_own_is_asked_last() -> None:
    found = cap_exec(FINDER + "import made_up, math\nr = made_up.x, math.floor(1.5), Finder.asked")["r"]
    assert found == (5, 1, ["made_up"])


def test_the_library_asks_no_finder_of_the_guests() -> None:
    source = FINDER + "import json\nr = [n for n in Finder.asked]"
    assert cap_exec(source, imports=Imports.pure().without_rows("_json"))["r"] == []


def test_a_finder_makes_nothing_that_another_compartment_has() -> None:
    one, two = Compartment(), Compartment()
    one.exec(FINDER + "import made_up")
    with pytest.raises(GuestError, match="made_up"):
        two.exec("import made_up")


@pytest.mark.parametrize(
    "name",
    ["hidden.py", "./hidden.py", "__pycache__/hidden.cpython-311.pyc", "sub/key.txt", "sub//key.txt"],
)
def test_what_was_taken_from_a_package_is_no_data_of_it_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    package = tmp_path / "some_package"
    for folder in ("__pycache__", "sub"):
        (package / folder).mkdir(parents=True)
    (package / "__init__.py").write_text("import pkgutil\n")
    for file in ("hidden.py", "__pycache__/hidden.cpython-311.pyc", "sub/key.txt", "open.txt"):
        (package / file).write_text("s3cret = 1")
    monkeypatch.syspath_prepend(str(tmp_path))
    whole = Imports.package("some_package")
    less = whole.without("some_package.hidden", "some_package.sub")
    source = "import pkgutil\nprint(pkgutil.get_data('some_package', {!r}))"
    assert "s3cret" in cap_exec(source.format(name), imports=whole + Imports.pure()).output
    with pytest.raises(GuestError, match="FileNotFoundError"):
        cap_exec(source.format(name), imports=less + Imports.pure())
    assert less.data(f"site-packages/some_package/{name}") is None
    assert "s3cret" in cap_exec(source.format("open.txt"), imports=less + Imports.pure()).output
