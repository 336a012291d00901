"""Which classes take arguments by name, on the Python that runs: one that starts to is seen here.

What a constructor is charged for is looked for by place (`guards.named`).
"""

from __future__ import annotations

import builtins
import collections
import datetime
import functools
import itertools
import struct
import types
import weakref
from typing import Any, Final

import pytest

from capcompiler import Compartment
from guards.call import CONSTRUCTORS
from guards.named import _names

#: Classes whose names have no place, with the reason that none of them is one to be charged for.
BY_NAME_ONLY: Final[dict[Any, str]] = {
    dict: "entries",
    collections.defaultdict: "entries",
    collections.OrderedDict: "entries",
    types.SimpleNamespace: "entries",
    functools.partial: "arguments of the function, which is checked when it is called",
    datetime.datetime: "`tzinfo`, which its rule looks for by name; the others are bounded numbers",
    datetime.time: "`tzinfo`, which its rule looks for by name; the others are bounded numbers",
    ImportError: "`path`, which its rule looks for by name; the others are kept as they are",
    AttributeError: "`obj`, which its rule looks for by name; the others are kept as they are",
    struct.Struct: "`format`, which its rule looks for by name",
    zip: "`strict`",
    map: "`strict`, from 3.14 on",
    itertools.product: "`repeat`, which its rule looks for by name",
    itertools.zip_longest: "`fillvalue`",
}
if hasattr(builtins, "frozendict"):  # 3.15
    BY_NAME_ONLY[builtins.frozendict] = "entries"
#: What one has to be given before it looks at names.
_FIRST: Final[dict[Any, tuple[Any, ...]]] = {
    BaseExceptionGroup: ("", [ValueError()]),
    ExceptionGroup: ("", [ValueError()]),
    weakref.ref: (type("Held", (), {}),),
}
Compartment()  # every table is filled


@pytest.mark.parametrize("kind", CONSTRUCTORS, ids=lambda k: k.__qualname__)
def test_a_class_is_charged_for_what_it_is_given_by_name(kind: Any) -> None:
    if any(_names(kind)) or kind in BY_NAME_ONLY:
        return
    with pytest.raises(TypeError, match=r"no keyword arguments|only accepts \*args"):
        kind(*_FIRST.get(kind, ()), **{"no such name": 1})
