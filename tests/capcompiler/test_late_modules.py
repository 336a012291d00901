"""Modules of the library whose texts run when something is first asked of them: no program sees it.

Each probe runs twice, once where the module has been asked for something before, and gives the same.
"""

from __future__ import annotations

import pytest

from capcompiler import Compartment, GuestError, Imports, LimitExceeded, Limits, cap_compile
from capcompiler.importer import LATE
from capcompiler.lazy import LAZY
from capcompiler.standard import library_text
from guards.lazy import LateModule
from guards.modules import module_dict

PROBES = {
    "its type": "import types\n(type(re) is types.ModuleType, re.__class__ is types.ModuleType, type(re).__name__)",
    "its text": "repr(re), str(re), f'{re}'",
    "its identity": "import sys\nsys.modules['re'] is re, re == re, hash(re) == hash(re), {re: 1}[re]",
    "what every module has": "re.__name__, re.__file__, re.__package__, re.__path__, re.__spec__.name",
    "its docstring": "re.__doc__[:20]",
    "its names": "sorted(dir(re)), sorted(vars(re)), len(re.__dict__), re.__dir__().sort()",
    "no names of guards": "[n for n in (*dir(re), *vars(re)) if ':' in n], hasattr(re, 'cap:arrival'), hasattr(re, 'cap:realm')",
    "a name of it": "getattr(re, 'compile').__name__, hasattr(re, 'nope'), getattr(re, 'nope', 5)",
    "a name past its class": "import types\nobject.__getattribute__(re, 'match').__name__, types.ModuleType.__getattribute__(re, 'search').__name__",
    "a name that is not there": "re.nope",
    "a store": "re.compile = 5\nre.compile, re.match.__name__",
    "a store past its class": "import types\nobject.__setattr__(re, 'compile', 1)\ntypes.ModuleType.__setattr__(re, 'match', 2)\nre.compile, re.match, re.search.__name__",
    "a store of its docstring": "re.__doc__ = 'x'\nre.__doc__, re.match.__name__",
    "a store by its names": "vars(re)['compile'] = 5\nre.compile, re.match.__name__",
    "a deletion": "del re.compile\nhasattr(re, 'compile'), hasattr(re, 'match')",
    "a deletion past its class": "object.__delattr__(re, 'compile')\nhasattr(re, 'compile'), hasattr(re, 'match')",
    "names imported from it": "from re import compile as c, I\nc.__name__, int(I)",
    "all imported from it": "from re import *\nmatch.__name__",
    "imported again": "import re as again\nimport importlib\nagain is re, importlib.import_module('re') is re, __import__('re') is re",
    "taken out of the table": "import sys\ndel sys.modules['re']\nre.compile('a')\n're' in sys.modules",
    "replaced in the table": "import sys\nsys.modules['re'] = 7\nre.compile('a')\nsys.modules['re']",
    "a pattern of match": "match 'a':\n    case re.nope: pass",
    "in code that is run by exec": "exec('x = re.compile(\"a\").pattern')\nx",
    "inspected": "import inspect\ninspect.ismodule(re), [n for n, v in inspect.getmembers(re) if n == 'compile']",
    "copied": "import copy\ntry: copy.copy(re)\nexcept TypeError as e: r = str(e)\nr",
}  # fmt: skip


@pytest.mark.parametrize("probe", PROBES)
def test_no_program_sees_whether_a_text_has_run(probe: str, optimize: bool) -> None:
    outcomes = []
    for before in ("import re\n", "import re\nre.compile\n"):
        world = Compartment(limits=Limits(steps=10**7))
        try:
            world.exec(cap_compile(before + "0", optimize=optimize))
            found = world.exec(cap_compile(PROBES[probe], optimize=optimize)).value
        except GuestError as error:
            found = error.exc_type, error.message
        outcomes.append(found)
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("name", sorted(LATE))
def test_each_waits_and_then_runs(name: str) -> None:
    world = Compartment()
    world.exec(f"import {name}")
    module = world._realm.modules[name]
    assert type(module) is LateModule
    world.exec(f"{name}.__doc__")
    assert type(module) is not LateModule and len(module_dict(module)) > 8


def test_steps_are_the_same_at_both_levels() -> None:
    taken = []
    for optimize in (True, False):
        source = "import re, enum, typing\nre.compile('a')\nenum.Enum\n[typing.Any for i in range(3)]"
        world = Compartment()
        taken.append(world.exec(cap_compile(source, optimize=optimize)).usage.steps)
    assert taken[0] == taken[1] > 1000


def test_a_stop_inside_a_text_is_not_caught_and_the_module_waits_on(optimize: bool) -> None:
    world = Compartment(limits=Limits(steps=500))
    world.exec(cap_compile("import enum", optimize=optimize))
    source = "try: enum.Enum\nexcept BaseException: print('caught')\nfinally: print('went on')"
    with pytest.raises(LimitExceeded) as stop:
        world.exec(cap_compile(source, optimize=optimize))
    assert stop.value.kind == "steps"
    assert type(world._realm.modules["enum"]) is LateModule


def test_a_text_that_was_stopped_runs_whole_the_next_time() -> None:
    world = Compartment(limits=Limits(steps=6000))
    world.exec("import json, enum")
    with pytest.raises(LimitExceeded):
        world.exec("for i in range(5500): pass\nenum.Enum")
    assert world.exec("enum.Enum.__name__, 'x' in vars(enum)").value == ("Enum", False)


def test_where_the_library_is_not_whole_its_texts_run_at_once() -> None:
    world = Compartment(imports=Imports.sources({"types": "raise ImportError('no')"}) + Imports.pure())
    with pytest.raises(GuestError, match="no"):
        world.exec("import enum")
    world = Compartment(imports=Imports.pure().without_rows("_functools"))
    world.exec("import functools")
    assert type(world._realm.modules["functools"]) is not LateModule


def test_no_text_runs_outside_a_turn() -> None:
    world = Compartment()
    world.exec("import re")
    module = world._realm.modules["re"]
    assert not hasattr(module, "compile") and type(module) is LateModule


def test_each_row_of_lazy_names_is_of_a_module() -> None:
    for file in LAZY:
        assert library_text(file) is not None, file
