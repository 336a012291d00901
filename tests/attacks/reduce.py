"""The pickle protocol, which hands out raw builtins and sets raw state."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="reduce", pit=18)

# Objects whose reduction holds a raw function of the interpreter, or a raw class.
HOLDERS = [
    ("list-iterator", "iter([])"),
    ("tuple-iterator", "iter(())"),
    ("text-iterator", "iter('')"),
    ("range-iterator", "iter(range(3))"),
    ("dict-iterator", "iter({})"),
    ("set-iterator", "iter(set())"),
    ("reversed", "reversed([1])"),
    ("callable-iterator", "iter(int, 1)"),
    ("enumerate", "enumerate([])"),
    ("zip", "zip()"),
    ("map", "map(int, [])"),
    ("filter", "filter(None, [])"),
    ("builtin-function", "print"),
    ("builtin-getattr", "getattr"),
    ("bound-method-of-list", "[].append"),
    ("bound-method-of-guest", "type('C', (), {'m': lambda s: s})().m"),
    ("lambda", "lambda: 0"),
    ("class", "int"),
    ("guest-class", "type('C', (), {})"),
    ("instance", "type('C', (), {})()"),
    ("object", "object()"),
    ("exception", "ValueError(1)"),
    ("slice", "slice(1)"),
    ("range", "range(3)"),
    ("set", "{1}"),
    ("bytearray", "bytearray()"),
    ("generic-alias", "list[int]"),
    ("count", "__import__('itertools').count()"),
    ("chain", "__import__('itertools').chain([1])"),
    ("cycle", "__import__('itertools').cycle([1])"),
    ("islice", "__import__('itertools').islice([1], 1)"),
    ("accumulate", "__import__('itertools').accumulate([1])"),
    ("partial", "__import__('functools').partial(int)"),
    ("attrgetter", "__import__('operator').attrgetter('a')"),
    ("methodcaller", "__import__('operator').methodcaller('a')"),
    ("deque", "__import__('collections').deque()"),
    ("defaultdict", "__import__('collections').defaultdict(int)"),
    ("ordereddict", "__import__('collections').OrderedDict()"),
    ("date", "__import__('datetime').date(2020, 1, 1)"),
    ("timedelta", "__import__('datetime').timedelta(1)"),
    ("capability", "door"),
    ("capability-method", "door.ping"),
    ("host-function", "fn"),
    ("module", "__import__('math')"),
]

# What `copy` has to copy: a class or a function of the guest's own `copyreg` comes first.
TAKEN_APART = {
    *"instance object exception slice range set bytearray partial deque defaultdict".split(),
    *"ordereddict date timedelta attrgetter methodcaller generic-alias".split(),
}
CALLS = [("reduce-ex", "__reduce_ex__(2)"), ("reduce", "__reduce__()")]

CASES: list[Case] = [
    *(
        case(
            f"{word}-of-{name}",
            f"({src}).{call}[0].__globals__",
            raises="AttributeError",
            about="'__globals__'",
        )
        for name, src in HOLDERS
        if name in TAKEN_APART
        for word, call in CALLS
    ),
    *(
        case(
            f"{word}-of-{name}",
            f"""
            try:
                r = ({src}).{call}
            except (AttributeError, TypeError) as e:
                r = 'refused'
            r
            """,
            value="refused",
        )
        for name, src in HOLDERS
        if name not in TAKEN_APART
        for word, call in CALLS
    ),
    *(
        case(
            f"a-copy-by-{word}-of-{name}-is-of-the-same-type",
            f"""
            made = ({src}).{call}
            x = made[0](*made[1])
            made = made[0]
            x = type(x).__name__
            x == type({src}).__name__ and not hasattr(made, '__globals__')
            """,
            value=True,
        )
        for name, src in HOLDERS
        if name in TAKEN_APART
        for word, call in CALLS
    ),
    case("reduce-unbound", "object.__reduce__(iter([]))", raises="TypeError", about="cannot pickle"),
    case(
        "reduce-ex-unbound",
        "object.__reduce_ex__([], 4)[0].__globals__",
        raises="AttributeError",
        about="__globals__",
    ),
    case(
        "reduce-of-a-type-unbound",
        "type.__reduce_ex__(int, 2)",
        raises="TypeError",
        about="cannot pickle",
    ),
    case(
        "reduce-by-super",
        "class C:\n def go(self): return super().__reduce_ex__(2)\nC().go()[0].__globals__",
        raises="AttributeError",
        about="__globals__",
    ),
    case("getstate", "object().__getstate__()", value=None),
    case(
        "getstate-of-a-function", "print.__getstate__()", raises="AttributeError", about="__getstate__"
    ),
    case(
        "exception-setstate-sets-attributes",
        "e = ValueError()\ne.__setstate__({'args': (1,), '__class__': KeyError})",
        raises="TypeError",
        about="__class__",
    ),
    case(
        "exception-setstate-unbound",
        "BaseException.__setstate__(ValueError, {'x': 1})",
        raises="TypeError",
        about="",
    ),
    case(
        "partial-setstate-swaps-the-function",
        "import functools\nfunctools.partial(int).__setstate__((getattr, (object,), {}, {}))",
        raises="AttributeError",
        about="__setstate__",
    ),
    case(
        "range-iterator-setstate",
        "r = iter(range(3))\nr.__setstate__(10**18)\nlist(r)",
        value=[],
    ),
    case(
        "list-iterator-setstate",
        "iter([1]).__setstate__(-10**18)",
        raises="AttributeError",
        about="__setstate__",
    ),
    case(
        "zip-setstate",
        "zip([1]).__setstate__(True)",
        raises="AttributeError",
        about="__setstate__",
    ),
    case(
        "tee-setstate",
        "import itertools\nitertools.tee([1])[0].__setstate__",
        raises="AttributeError",
        about="__setstate__",
    ),
    case(
        "deque-reduce-unbound",
        "import collections\ncollections.deque.__reduce__(iter([]))",
        raises="TypeError",
    ),
    case(
        "copyreg",
        "import copyreg\ncopyreg.dispatch_table[int] = 1",
        first="",
        value=None,
    ),
    case(
        "copyreg-of-another-guest",
        "import copyreg\nint in copyreg.dispatch_table",
        first="import copyreg\ncopyreg.dispatch_table[int] = 1",
        value=False,
    ),
    case("pickle-c", "import _pickle", raises="ModuleNotFoundError", about="_pickle"),
    case(
        "reduce-of-a-guest-is-an-ordinary-method",
        "class C:\n def __reduce__(self): return 'mine'\nC().__reduce__()",
        value="mine",
    ),
    case(
        "reduce-of-a-guest-is-not-run-by-the-membrane",
        """
        log = []
        class L(list):
            def __reduce__(self): log.append('ran'); return (list, ())
            def __reduce_ex__(self, n): log.append('ran'); return (list, ())
            def __deepcopy__(self, memo): log.append('ran'); return []
            def __copy__(self): log.append('ran'); return []
            def __getstate__(self): log.append('ran'); return {}
        door.echo(L([1])), log
        """,
        value=([1], []),
    ),
    case(
        "reduce-by-format",
        "'{0.__reduce__}'.format(iter([]))",
        raises="AttributeError",
        about="__reduce__",
    ),
    case(
        "reduce-by-methodcaller",
        "import operator\noperator.methodcaller('__reduce__')(iter([]))",
        raises="AttributeError",
        about="__reduce__",
    ),
    case(
        "new-of-object-for-a-builtin",
        "object.__new__(int)",
        raises="TypeError",
    ),
    case(
        "newobj-of-a-function",
        "type(lambda: 0).__new__(type(lambda: 0))",
        raises="AttributeError",
        about="__new__",
    ),
    case(
        "init-of-a-builtin-again-changes-nothing",
        """
        import functools
        p = functools.partial(int)
        try:
            object.__init__(p, getattr)
            p.__init__(getattr)
        except TypeError:
            pass
        p()
        """,
        value=0,
    ),
]
