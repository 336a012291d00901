"""Methods of builtin classes and of ours, called on what is no instance of the class.

C code checks the object that a method is called on. A stand-in of ours that did not read its own slots
from an object of the guest's, and did what that object said.
"""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

self_of = partial(new_case, attack="false self", pit=7)

# An object that answers for every slot of ours, and says of each class that it is the guest's.
FAKE = """
class Meter:
    live = False
    def charge(self, n): pass
class R:
    meter = Meter()
    def is_guest_class(self, kind): return True
    def may_hold(self, kind): return True
class Use:
    def __init__(self): self.call = list
    def help(self): return 'x'
class Fake:
    __realm__ = R()
    __raw__ = {'__builtins__': 1}
    __real__ = '__globals__'
    __mode__ = 'exec'
    __cap_use__ = Use()
    def __init__(self, kind): self.__kind__ = self.__owner__ = kind
    def __iter__(self): return itertools.repeat(1)
    def __len__(self): return 1
import itertools, re
function = type(lambda: 0)
fake = Fake(function)
fake.__tamed__ = list
"""
CLASSES = {
    "class-namespace": "type(vars(Fake))",
    "module-namespace": "type(globals())",
    "stand-in": "type(str.format)",
    "getter": "type(type.__dict__['__mro__'])",
    "code": "type(compile('1', '', 'eval'))",
    "frame": "type(__import__('sys')._getframe())",
    "stream": "type(__import__('sys').stdout)",
    "pattern": "type(re.compile(''))",
    "memory": "memoryview",
    "function": "function",
    "module": "type(re)",
    "moment": "__import__('datetime').datetime",
}

CASES: list[Case] = [
    *(
        self_of(
            f"every-method-of-{name}-on-a-false-self",
            f"""{FAKE}
kind = {kind}
taken = []
for name in dir(kind):
    if name in ('__class__', '__doc__', '__init_subclass__', '__subclasshook__', '__new__'):
        continue
    if name in dir(object) and getattr(kind, name, None) == getattr(object, name, None):
        continue
    method = getattr(kind, name, None)
    if not callable(method) or getattr(method, '__self__', None) is kind:
        continue
    for arguments in (), ('__globals__',), ('__globals__', 1), (fake,):
        try:
            method(fake, *arguments)
        except (TypeError, AttributeError):
            continue
        taken.append(name)
sorted(set(taken) - {{'__class_getitem__', '__eq__', '__ne__', '__call__'}})
""",
            value=[],
        )
        for name, kind in CLASSES.items()
    ),
    self_of(
        "the-globals-of-a-host-function-through-a-false-namespace",
        f"""{FAKE}
get = type(vars(Fake)).__getitem__
function_of = get(Fake(type(print)), '__func__').__get__
get(fake, '__globals__').__get__(function_of(print))
""",
        raises="TypeError",
        about="doesn't apply",
    ),
    self_of(
        "a-stand-in-that-calls-a-class-of-the-guests-choice",
        f"{FAKE}\ntype(str.format).__call__(fake, fake)",
        raises="TypeError",
        about="requires a 'method_descriptor' object",
    ),
    *(
        self_of(
            f"super-of-a-class-that-says-it-is-another-{name}",
            f"""
import types
class S(types.SimpleNamespace): pass
class M(type):
    {says}
class K(metaclass=M): pass
super(S, K).__dict__
""",
            raises="TypeError",
            about="doesn't apply",
        )
        for name, says in {
            "by-property": "@property\n    def __class__(cls): return S",
            "by-reading": "def __getattribute__(cls, name): return S if name == '__class__' "
            "else super().__getattribute__(name)",
        }.items()
    ),
    *(
        self_of(
            f"a-class-that-makes-no-instances-called-by-type-{name}",
            f"import functools, re, types\nkind = {kind}\ntype.__call__(kind{arguments})",
            raises="TypeError",
            about="cannot create",
        )
        for name, kind, arguments in (
            ("cache", "type(functools.lru_cache(lambda: 0))", ", list, None, False, tuple"),
            ("cell", "types.CellType", ", 1"),
            ("function", "type(lambda: 0)", ", 1, {}"),
        )
    ),
]
