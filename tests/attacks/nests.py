"""Sixty levels of `x = (x, x)`: small to hold, endless to walk."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="shared nest", pit=22)

PAIR = "x, y = (), ()\nfor _ in range(60):\n    x, y = (x, x), (y, y)\n"
LISTS = "x, y = [], []\nfor _ in range(60):\n    x, y = [x, x], [y, y]\n"
DICTS = "x, y = {}, {}\nfor _ in range(60):\n    x, y = {1: x, 2: x}, {1: y, 2: y}\n"
SUBCLASS = (
    "class T(tuple): pass\nx, y = T(), T()\nfor _ in range(60):\n    x, y = T((x, x)), T((y, y))\n"
)
SUBLIST = "class L(list): pass\nx, y = L(), L()\nfor _ in range(60):\n    x, y = L((x, x)), L((y, y))\n"
ALIAS = "x = y = int\nfor _ in range(60):\n    x, y = list[x, x], list[y, y]\n"
SLICES = "x, y = 1, 1\nfor _ in range(60):\n    x, y = slice(x, x), slice(y, y)\n"
ERRORS = "x = 1\nfor _ in range(60):\n    x = ValueError(x, x)\n"
PARTIALS = "import functools\nx = 1\nfor _ in range(60):\n    x = functools.partial(int, x, x)\n"
VIEWS = (
    "x, y = {}, {}\nfor _ in range(60):\n"
    "    x, y = {1: x.values(), 2: x.values()}, {1: y.values(), 2: y.values()}\n"
)
ITEMS = (
    "x, y = {}, {}\nfor _ in range(60):\n"
    "    x, y = {1: x.items(), 2: x.items()}, {1: y.items(), 2: y.items()}\n"
)
DEQUES = (
    "import collections\nx, y = 1, 1\nfor _ in range(60):\n"
    "    x, y = collections.deque([x, x]), collections.deque([y, y])\n"
)
INSTANCES = (
    "class C: pass\nx = 1\nfor _ in range(60):\n    c = C()\n    c.__dict__ = {1: x, 2: x}\n"
    "    x = vars(c)\ny = x\n"
)
FROZEN = "x = frozenset()\nfor i in range(60):\n    x = (x, x, i)\n"

WALKS = [
    ("equality", PAIR, "x == y"),
    ("inequality", PAIR, "x != y"),
    ("order", PAIR, "x < y"),
    ("hash", PAIR, "hash(x)"),
    ("repr", PAIR, "repr(x)"),
    ("str", PAIR, "str(x)"),
    ("ascii", PAIR, "ascii(x)"),
    ("print", PAIR, "print(x)"),
    ("f-string", PAIR, "f'{x}'"),
    ("percent", PAIR, "'%s' % (x,)"),
    ("format", PAIR, "'{0}'.format(x)"),
    ("isinstance", PAIR, "isinstance(1, x)"),
    ("issubclass", PAIR, "issubclass(int, x)"),
    ("sorted", PAIR, "sorted([x, y])"),
    ("max", PAIR, "max(x, y)"),
    ("in-a-list", PAIR, "x in [y]"),
    ("in-a-set", PAIR, "x in {1}"),
    ("dict-key", PAIR, "{x: 1}"),
    ("seed-of-a-generator", PAIR, "__import__('_random').Random(x)"),
    ("seed-of-a-generator-again", PAIR, "__import__('_random').Random(1).seed(x)"),
    ("dict-get", PAIR, "{}.get(x)"),
    ("set-add", PAIR, "s = set()\ns.add(x)"),
    ("list-count", PAIR, "[x].count(y)"),
    ("list-index", PAIR, "[x].index(y)"),
    ("list-remove", PAIR, "[x].remove(y)"),
    ("operator-eq", PAIR, "import operator\noperator.eq(x, y)"),
    ("map-hash", PAIR, "list(map(hash, [x]))"),
    ("lru-cache-key", PAIR, "import functools\nfunctools.lru_cache(lambda a: 1)(x)"),
    ("method-eq", PAIR, "x.__eq__(y)"),
    ("method-hash", PAIR, "x.__hash__()"),
    ("method-repr", PAIR, "x.__repr__()"),
    ("match-value", PAIR, "class V: v = y\nmatch x:\n    case V.v: pass"),
    ("exception-class", PAIR, "try:\n    1 / 0\nexcept x:\n    pass"),
    ("startswith", PAIR, "'a'.startswith(x[0][0] if 0 else hash(x))"),
    ("list-equality", LISTS, "x == y"),
    ("list-order", LISTS, "x < y"),
    ("list-repr", LISTS, "repr(x)"),
    ("list-print", LISTS, "print(x)"),
    ("list-json", LISTS, "import json\njson.dumps(x)"),
    ("list-json-indent", LISTS, "import json\njson.dumps(x, indent=1)"),
    ("list-of-lists-sorted", LISTS, "sorted([x, y])"),
    ("dict-equality", DICTS, "x == y"),
    ("dict-repr", DICTS, "repr(x)"),
    ("dict-json", DICTS, "import json\njson.dumps(x)"),
    ("frozen-hash", FROZEN, "hash(x)"),
    ("slice-equality", PAIR, "slice(x) == slice(y)"),
    (
        "deque-equality",
        LISTS,
        "import collections\ncollections.deque([x]) == collections.deque([y])",
    ),
    ("exception-repr", PAIR, "repr(ValueError(x))"),
    ("exception-str", PAIR, "str(ValueError(x))"),
    ("partial-repr", PAIR, "import functools\nrepr(functools.partial(int, x))"),
    ("generic-alias-repr", PAIR, "repr(list[x])"),
    ("generic-alias-hash", PAIR, "hash(list[x])"),
    ("key-error", PAIR, "{}[x]"),
    ("dict-items-in", LISTS, "(1, x) in {1: y}.items()"),
    ("iterator-search", LISTS, "x in iter([y])"),
    ("subclass-equality", SUBCLASS, "x == y"),
    ("subclass-hash", SUBCLASS, "hash(x)"),
    ("subclass-key", SUBCLASS, "{x: 1}"),
    ("subclass-set", SUBCLASS, "{x}"),
    ("subclass-get", SUBCLASS, "{1: 2}.get(x)"),
    ("subclass-in-a-set", SUBCLASS, "x in {1}"),
    ("subclass-isinstance", SUBCLASS, "isinstance(1, x)"),
    ("subclass-issubclass", SUBCLASS, "issubclass(int, x)"),
    ("subclass-except", SUBCLASS, "try:\n    1 / 0\nexcept x:\n    pass"),
    ("subclass-order", SUBCLASS, "x < y"),
    ("subclass-repr", SUBCLASS, "repr(x)"),
    ("subclass-method-hash", SUBCLASS, "tuple.__hash__(x)"),
    ("subclass-inside-a-tuple-hash", SUBCLASS, "hash((x,))"),
    ("subclass-map-hash", SUBCLASS, "list(map(hash, [x]))"),
    ("subclass-lru-cache", SUBCLASS, "import functools\nfunctools.lru_cache(lambda a: 1)(x)"),
    ("subclass-store-key", SUBCLASS, "d = {}\nd[x] = 1"),
    ("subclass-delete-key", SUBCLASS, "d = {1: 2}\ndel d[x]"),
    ("subclass-fromkeys", SUBCLASS, "dict.fromkeys([x])"),
    ("subclass-comprehension", SUBCLASS, "{k for k in [x]}"),
    ("sublist-equality", SUBLIST, "x == y"),
    ("sublist-json", SUBLIST, "import json\njson.dumps(x)"),
    ("alias-equality", ALIAS, "x == y"),
    ("alias-hash", ALIAS, "hash(x)"),
    ("alias-repr", ALIAS, "repr(x)"),
    ("alias-in-a-list-equality", ALIAS, "[x] == [y]"),
    ("alias-as-a-key", ALIAS, "{x: 1}"),
    ("alias-union", ALIAS, "hash(x | int)"),
    ("slices-equality", SLICES, "x == y"),
    ("slices-repr", SLICES, "repr(x)"),
    ("slices-in-a-list-equality", SLICES, "[x] == [y]"),
    ("slices-order", SLICES, "x < y"),
    ("errors-repr", ERRORS, "repr(x)"),
    ("errors-str", ERRORS, "str(x)"),
    ("errors-print", ERRORS, "print([x])"),
    ("errors-f-string", ERRORS, "f'{x}'"),
    ("partials-repr", PARTIALS, "repr(x)"),
    ("partials-print", PARTIALS, "print(x)"),
    ("views-repr", VIEWS, "repr(x)"),
    ("views-str-format", VIEWS, "'{}'.format(x)"),
    ("items-equality", ITEMS, "x.items() == y.items()"),
    ("items-in-a-dict-equality", ITEMS, "x == y"),
    ("items-repr", ITEMS, "repr(x.items())"),
    ("deques-equality", DEQUES, "x == y"),
    ("deques-repr", DEQUES, "repr(x)"),
    ("instances-repr", INSTANCES, "repr(x)"),
    ("exception-uncaught", PAIR, "class E(Exception): pass\nrepr(E(x))"),
    ("key-error-text", PAIR, "str(KeyError(x))"),
    ("assertion", PAIR, "str(AssertionError(x))"),
    ("import-error", PAIR, "str(ImportError(x))"),
    ("stop-iteration", PAIR, "repr(StopIteration(x))"),
    ("percent-mapping", LISTS, "'%(a)s' % {'a': x}"),
    ("join-of-reprs", LISTS, "','.join(map(repr, [x]))"),
    ("sort-key", LISTS, "sorted([1], key=lambda k: repr(x))"),
    ("sort-keys-compared", LISTS, "sorted([1, 2], key=lambda k: [x, y][k - 1])"),
    ("min-key", LISTS, "min([1, 2], key=lambda k: [x, y][k - 1])"),
    ("bisect-like-comparison", LISTS, "(1, x) < (1, y)"),
    ("dict-values-search", LISTS, "x in {1: y}.values()"),
    ("set-of-frozen", FROZEN, "{1, 2}.issubset([x])"),
    ("set-union", PAIR, "{1} | {x}"),
    ("set-discard", PAIR, "{1}.discard(x)"),
    ("dict-pop", PAIR, "{1: 2}.pop(x, None)"),
    ("dict-setdefault", PAIR, "{}.setdefault(x)"),
    ("ordereddict-key", PAIR, "import collections\ncollections.OrderedDict()[x] = 1"),
    (
        "ordereddict-move",
        PAIR,
        "import collections\ncollections.OrderedDict({1: 2}).move_to_end(x)",
    ),
    ("defaultdict-missing", PAIR, "import collections\ncollections.defaultdict(int)[x]"),
    ("groupby-keys", LISTS, "import itertools\nlist(itertools.groupby([x, y]))"),
    ("operator-contains", LISTS, "import operator\noperator.contains([x], y)"),
    ("operator-countof", LISTS, "import operator\noperator.countOf([x], y)"),
    ("operator-itemgetter", PAIR, "import operator\noperator.itemgetter(x)({1: 2})"),
    ("index-with-a-key", PAIR, "{1: 2}[x]"),
    ("match-mapping-key", PAIR, "class V: v = x\nmatch {1: 2}:\n    case {V.v: _}: pass"),
    ("remove-from-a-deque", LISTS, "import collections\ncollections.deque([x]).remove(y)"),
    ("count-in-a-tuple", LISTS, "(x,).count(y)"),
    ("any-equal", LISTS, "any(map(x.__eq__, [y]))"),
]
# What is in the view is on the left, where nobody looked: each element of it is hashed.
VIEWS = PAIR + "i, k = {1: x}.items(), {1: 2}.keys()\n"
WALKS += [
    (f"view-{name}", VIEWS, line)
    for name, line in {
        "difference": "i - []", "reflected-difference": "[] - i", "union": "i | k", "symmetric": "i ^ [1]",
        "intersection": "set() & i", "in-place": "i -= []", "equal": "i == k", "unequal": "i != k",
        "less-or-equal": "i <= k", "of-a-set": "{1} >= i", "isdisjoint": "i.isdisjoint({1, 2, 3})",
        "method": "i.__eq__(k)", "method-of-order": "i.__le__({1})", "in-lists": "[i] == [k]",
        "in-tuples": "(i,) < (k,)", "in-dicts": "{1: i} == {1: k}", "in-slices": "slice(i) == slice(k)",
        "beside-a-set": "[i] == [{1}]", "in-a-chain": "i <= k <= i", "after-is": "1 is not i < k < i",
        "after-in": "1 in i < k", "match": "class V: v = k\nmatch i:\n    case V.v: pass",
        "ordered": "import collections\ncollections.OrderedDict(i).items() - []",
        "operator": "import operator\noperator.eq(i, k)",
    }.items()
]  # fmt: skip
WALKS += [
    ("star-in-a-set", PAIR, "{*[x]}"),
    ("star-of-a-view-in-a-set", VIEWS, "{1, *i}"),
    ("in-before-a-comparison", PAIR, "x in {1} < {2}"),
    ("in-before-an-in", PAIR, "x in {1} in [{1}]"),
    ("in-before-is", LISTS, "x in [y] is None"),
]

CASES: list[Case] = [
    *(
        case(f"nest-{name}", nest + line, stopped=("steps", "memory", "output"), steps=20_000)
        for name, nest, line in WALKS
    ),
    case("nest-to-the-host-and-back", PAIR + "z = door.echo(x)\nz[0] is z[1]", value=True),
    case("nest-of-lists-to-the-host", LISTS + "z = door.echo(x)\nz[0] is z[1]", value=True),
    case("nest-as-a-host-key", PAIR + "door.echo({1: x})[1][0][0] is None", value=False),
    case("nest-length", PAIR + "len(x)", value=2),
    case("nest-identity", PAIR + "x is y, x[0] is x[1]", value=(False, True)),
    case("nest-to-a-child", PAIR + "cap_exec('len(x)', {'x': x}).value", value=2),
    case(
        "nest-in-a-shared-error",
        PAIR + "try:\n    raise ValueError(x)\nexcept ValueError as e:\n    r = len(e.args)\nr",
        value=1,
    ),
]
