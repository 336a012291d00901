"""Mutable things that two guests, or a guest and the host, would share."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="shared state", pit=10)
interpreter = partial(new_case, attack="interpreter state", pit=25)

# One guest leaves something where the next one looks; what it finds is given as `value`.
LEFT_BEHIND = [
    (
        "annotations-of-a-builtin",
        "staticmethod(print).__annotations__['left'] = 1",
        "getattr(staticmethod(print), '__annotations__', {}).get('left')",
        None,
    ),
    (
        "annotations-of-a-builtin-by-init",
        "s = staticmethod(len)\ns.__init__(print)\ns.__dict__['__annotations__']['left'] = 1",
        "s = staticmethod(len)\ns.__init__(print)\n'left' in s.__dict__.get('__annotations__', {})",
        False,
    ),
    (
        "annotations-of-a-class-kept-as-a-method",
        "class C:\n    __call__ = dict\nfor v in (vars(C)['__call__'], C.__call__):\n"
        "    try:\n        v.__annotations__['left'] = 1\n    except AttributeError: pass",
        "class C:\n    __call__ = dict\n"
        "[getattr(v, '__annotations__', {}).get('left') for v in (vars(C)['__call__'], C.__call__)]",
        [None, None],
    ),
    (
        "class-of-abc-data",
        "import abc\nclass A(abc.ABC): pass\ntry:\n    type(A._abc_impl).left = 1\nexcept TypeError: pass",
        "import abc\nclass A(abc.ABC): pass\nhasattr(type(A._abc_impl), 'left')",
        False,
    ),
    (
        "weak-references-to-a-class",
        "import weakref\nheld = [weakref.ref(int, print) for i in range(9)]",
        "import weakref\n(weakref.getweakrefs(int), weakref.getweakrefcount(int))",
        ([], 0),
    ),
    (
        "abc-cache-token",
        "import abc\nclass A(abc.ABC): pass\nfor i in range(7): A.register(type(f'C{i}', (), {}))",
        "import abc\nabc.get_cache_token()",
        0,
    ),
    (
        "class-of-the-library",
        "import operator\noperator.attrgetter.left = 1",
        "import operator\nhasattr(operator.attrgetter, 'left')",
        False,
    ),
    (
        "references-to-a-class",
        "held = [ValueError] * 5000",
        "import sys\nsys.getrefcount(ValueError) == sys.getrefcount(KeyError)",
        True,
    ),
    (
        "property-of-an-error-class",
        "n = cap_exec('x = []\\nfor i in range(300): x = [x]')\n"
        "try:\n    n['x']\nexcept Exception as e:\n    for k in type(e).__mro__:\n"
        "        for v in vars(k).values():\n"
        "            if type(v) is property: property.__init__(v, print)",
        "try:\n    cap_exec('1 / 0')\nexcept Exception as e: r = e.message\nr",
        "division by zero",
    ),
]

# Stores on what more than one guest sees. Each is refused as Python refuses it: the first
# field names the object, the statement is tried, and the error is of the given type.
IMMUTABLE = [
    ("int", "int.evil = 1", "TypeError"),
    ("object", "object.evil = 1", "TypeError"),
    ("type", "type.evil = 1", "TypeError"),
    ("int-add", "int.__add__ = lambda a, b: 5", "TypeError"),
    ("str-upper", "str.upper = lambda s: 'stolen'", "TypeError"),
    ("exception", "Exception.evil = 1", "TypeError"),
    ("value-error-init", "ValueError.__init__ = lambda *a: None", "TypeError"),
    ("function-type", "type(lambda: 0).evil = 1", "TypeError"),
    ("generator-type", "type(i for i in '').evil = 1", "TypeError"),
    ("type-setattr", "type.__setattr__(int, 'evil', 1)", "TypeError"),
    ("object-setattr-on-int", "object.__setattr__(int, 'evil', 1)", "TypeError"),
    ("delattr-int", "type.__delattr__(int, 'real')", "TypeError"),
    ("setattr-int", "setattr(int, 'evil', 1)", "TypeError"),
    ("int-dict", "int.__dict__['evil'] = 1", "TypeError"),
    ("vars-int", "vars(int)['evil'] = 1", "TypeError"),
    ("bases-of-int", "bool.__bases__ = (str,)", "TypeError"),
    ("deque", "import collections\ncollections.deque.append = None", "TypeError"),
    ("defaultdict", "import collections\ncollections.defaultdict.evil = 1", "TypeError"),
    ("partial", "import functools\nfunctools.partial.evil = 1", "TypeError"),
    ("itertools-count", "import itertools\nitertools.count.evil = 1", "TypeError"),
    ("date", "import datetime\ndatetime.date.today = lambda: 1", "TypeError"),
    ("datetime-now", "import datetime\ndatetime.datetime.now = lambda: 1", "TypeError"),
    ("builtin-function", "len.evil = 1", "AttributeError"),
    ("print", "print.evil = 1", "AttributeError"),
    ("host-function", "fn.evil = 1", "AttributeError"),
    ("host-function-old-attribute", "fn.secret = 1", "AttributeError"),
    ("capability", "door.evil = 1", "AttributeError"),
    ("capability-method", "door.ping = lambda: 'stolen'", "AttributeError"),
    ("capability-readonly", "door.name = 'stolen'", "AttributeError"),
    ("capability-class", "type(door).evil = 1", "AttributeError"),
    ("capability-method-attribute", "door.ping.evil = 1", "AttributeError"),
    ("object-setattr-on-a-capability", "object.__setattr__(door, 'ping', 1)", "AttributeError"),
    ("delete-capability-method", "del door.ping", "AttributeError"),
    ("capability-class-dict", "type(door).__dict__['evil'] = 1", "TypeError"),
    ("cap-exec", "cap_exec.evil = 1", "AttributeError"),
    ("getattr", "getattr.evil = 1", "AttributeError"),
    ("import", "__import__.evil = 1", "AttributeError"),
    ("limits-class", "Limits.evil = 1", "AttributeError"),
]

# A first guest pollutes what it can; a second one must find Python as it is.
POLLUTERS = [
    (
        "math-pi",
        "import math\nmath.pi = 3\nmath.sqrt = None",
        "import math\n(math.pi > 3, math.sqrt(4.0))",
        (True, 2.0),
    ),
    (
        "json-loads",
        "import json\njson.loads = lambda s: 'stolen'\njson.JSONEncoder.default = lambda s, o: 'x'",
        "import json\njson.loads('[1]'), json.dumps([1])",
        ([1], "[1]"),
    ),
    (
        "json-decoder-scanner",
        "import json\njson.decoder.scanstring = lambda *a: ('stolen', 9)\n"
        "json.decoder.JSONDecoder.decode = lambda *a: 'stolen'",
        "import json\njson.loads('\"a\"')",
        "a",
    ),
    (
        "functools-wraps",
        "import functools\nfunctools.reduce = None\nfunctools.WRAPPER_ASSIGNMENTS = ('__code__',)",
        "import functools, operator\nfunctools.reduce(operator.add, [1, 2])",
        3,
    ),
    (
        "counter-update",
        "import collections\ncollections.Counter.update = lambda *a: 'stolen'\n"
        "collections.abc.Mapping.get = None",
        "import collections\ncollections.OrderedDict(a=1).get('a')",
        1,
    ),
    (
        "string-constants",
        "import string\nstring.digits = 'x'\nstring.Template.pattern = 'x'",
        "import string\nstring.digits",
        "0123456789",
    ),
    (
        "operator-add",
        "import operator\noperator.add = lambda a, b: 'stolen'",
        "import operator\noperator.add(1, 2)",
        3,
    ),
    (
        "builtins-len",
        "import builtins\nbuiltins.len = lambda x: 'stolen'\nlen = lambda x: 'stolen'",
        "len('abc')",
        3,
    ),
    (
        "globals-len",
        "globals()['len'] = lambda x: 'stolen'",
        "len('abc')",
        3,
    ),
    (
        "module-cache",
        "import sys\nsys.modules['math'] = 'stolen'\nsys.modules['evil'] = 'x'",
        "import math\nmath.sqrt(4.0)",
        2.0,
    ),
    (
        "lru-cache",
        "import functools\nfunctools.lru_cache.cache = {1: 2}\nfunctools.cmp_to_key.evil = 1",
        "import functools\nfunctools.lru_cache(lambda x: x)(1)",
        1,
    ),
    (
        "constants-of-code",
        "def f(x=[]): x.append(1); return x\nf()\nf()",
        "def f(x=[]): x.append(1); return x\nf()",
        [1],
    ),
    (
        "same-capability-data",
        "data['xs'].append('dead')",
        "data['xs']",
        [1, 2, 3],
    ),
    (
        "datetime-capi",
        "import datetime\ndatetime.datetime_CAPI = None\ndatetime.date = 'stolen'",
        "import datetime\ndatetime.date(2020, 1, 2).isoformat()",
        "2020-01-02",
    ),
    (
        "asteval-ghsa-vp47-9734-prjw-tampered-module",
        "import math\nmath.sqrt = lambda x: 'stolen'\nmath.__dict__['floor'] = None",
        "import math\n(math.sqrt(9.0), math.floor(2.5))",
        (3.0, 2),
    ),
    (
        "closure-of-a-shared-program",
        "state = [0]\ndef bump():\n    state[0] += 1\n    return state[0]\nbump()",
        "'state' in globals()",
        False,
    ),
]

CASES: list[Case] = [
    *(
        case(f"left-behind-{name}", src, first=first, value=found)
        for name, first, src, found in LEFT_BEHIND
    ),
    *(case(f"store-on-{name}", src, raises=error) for name, src, error in IMMUTABLE),
    *(case(f"polluted-{name}", src, first=first, value=value) for name, first, src, value in POLLUTERS),
    # C state of the interpreter.
    interpreter(
        "class-tree-shows-no-other-guest",
        "object.__subclasses__()",
        first="class Marker: secret = 1\nkept = Marker",
        raises="AttributeError",
        about="__subclasses__",
    ),
    interpreter(
        "class-tree-of-a-builtin",
        "ValueError.__subclasses__()",
        first="class Marker(ValueError): pass",
        raises="AttributeError",
        about="__subclasses__",
    ),
    interpreter(
        "codec-registry-is-the-guests-own",
        """
        import codecs
        try:
            r = 'x'.encode('theirs')
        except LookupError:
            r = 'unknown'
        r
        """,
        first="""
        import codecs
        def search(name):
            return codecs.CodecInfo(lambda s, e='strict': (b'stolen', len(s)), None, name='theirs')
        codecs.register(search)
        'x'.encode('theirs')
        """,
        value="unknown",
    ),
    interpreter("unknown-codec", "'x'.encode('rot_evil')", raises="LookupError"),
    interpreter("codec-name-is-no-module-path", "'x'.encode('../../evil')", raises="LookupError"),
    interpreter("codec-name-with-a-dot", "b'x'.decode('os.path')", raises="LookupError"),
    interpreter(
        "float-format-state", "float.__setformat__", raises="AttributeError", about="__setformat__"
    ),
    interpreter(
        "interned-state",
        """
        try:
            import sys
            sys.setrecursionlimit(10**9)
            r = 'done'
        except (ImportError, PermissionError, AttributeError):
            r = 'refused'
        r
        """,
        value="refused",
    ),
    interpreter(
        "switch-interval",
        """
        try:
            import sys
            sys.setswitchinterval(100.0)
            r = 'done'
        except (ImportError, PermissionError, AttributeError):
            r = 'refused'
        r
        """,
        value="refused",
    ),
    interpreter(
        "int-digits-limit",
        "import sys\nsys.get_int_max_str_digits() == 700, len(str(10**800))",
        first="import sys\nsys.set_int_max_str_digits(700)",
        value=(False, 801),
    ),
    interpreter(
        "trace-function",
        """
        try:
            import sys
            sys.settrace(lambda *a: None)
            r = 'done'
        except (ImportError, PermissionError, AttributeError):
            r = 'refused'
        r
        """,
        value="refused",
    ),
    interpreter(
        "excepthook",
        "import sys\nsys.excepthook is print",
        first="import sys\nsys.excepthook = print",
        value=False,
    ),
    interpreter(
        "abc-caches",
        """
        class M(type):
            def __subclasscheck__(cls, c): return True
            def __instancecheck__(cls, c): return True
        class C(metaclass=M): pass
        isinstance(1, C), isinstance(1, str)
        """,
        first="class M(type):\n    def __instancecheck__(c, o): return True\n"
        "class C(metaclass=M): pass\nisinstance(1, C)",
        value=(True, False),
    ),
    interpreter(
        "type-cache-after-stores",
        """
        class A: x = 1
        class B(A): pass
        r = []
        for i in range(5000):
            A.x = i
            r.append(B.x == i)
        all(r)
        """,
        value=True,
    ),
    interpreter(
        "display-hook-underscore",
        "_",
        first="5",
        raises="NameError",
    ),
    *(
        interpreter(
            f"module-{name.strip('_')}-is-not-there",
            f"try:\n    import {name}\n    r = 'imported'\nexcept ImportError:\n    r = 'refused'\nr",
            value="refused",
        )
        for name in (
            "gc",
            "signal",
            "faulthandler",
            "ctypes",
            "_testcapi",
            "_imp",
            "marshal",
            "atexit",
            "_locale",
            "_tracemalloc",
        )
    ),
]

# Dialects of csv that the host registered; `csv` of the host's own, which `hosts` imports, has "excel".
CASES += [
    interpreter(
        f"dialect-of-the-host-{name}", f"import _csv, io\n{src}", raises="Error", about="unknown dialect"
    )
    for name, src in {
        "by-place": "_csv.reader([], 'excel')",
        "by-name": "_csv.reader([], dialect='excel')",
        "of-a-writer": "_csv.writer(io.StringIO(), dialect='excel')",
        "made": "_csv.Dialect('excel')",
        "made-by-name": "_csv.Dialect(dialect='excel')",
        "registered": "_csv.register_dialect('mine', dialect='excel')",
    }.items()
]
CASES += [
    interpreter(
        "dialects-of-the-guest-by-name",
        "import csv, io\ncsv.register_dialect('mine', delimiter=';')\nout = io.StringIO()\n"
        "csv.writer(out, dialect='mine').writerow([1, 2])\n"
        "class Own(csv.excel): delimiter = '|'\n"
        "[*csv.reader(['a;b'], dialect='mine'), *csv.reader(['a|b'], dialect=Own), out.getvalue(), "
        "[*csv.DictReader(['a,b', '1,2'], dialect='excel')]]",
        value=[["a", "b"], ["a", "b"], "1;2\r\n", [{"a": "1", "b": "2"}]],
    )
]
