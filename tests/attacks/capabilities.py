"""Getting more out of a capability than was granted: by its own face, through attenuators, by children."""

from __future__ import annotations

import textwrap
from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="capabilities")
_ERRORS = "(CapError, PermissionError, AttributeError, TypeError, ValueError, OSError, LookupError, NameError, RuntimeError)"


def contained(name: str, source: str, pit: int, setup: str = "") -> Case:
    """The last expression of `source` must fail; if it gives something, that is shown."""
    lines = textwrap.dedent(setup).strip("\n").split("\n") if setup else []
    body = [
        *lines,
        "try:",
        *[f"    {line}" for line in source.split("\n")],
        f"except {_ERRORS}:",
        "    r = 'contained'",
        "r",
    ]
    return case(f"cap-{name}", "\n".join(body), pit=pit, value="contained")


# What of a reference is there at all.
FACES = {
    "directory": "files", "file": "files.open('a.txt')", "database": "db", "clock": "clock", "narrowed": "only(files, 'list')",
    "readonly": "readonly(files)", "revocable": "revocable(files)[0]", "revoker": "revocable(files)[1]",
    "quota": "quota(files, calls=5)", "logged": "logged(files, print)", "confirmed": "confirmed(files, lambda t: True)",
    "sealer": "seal_pair()[0]", "box": "seal_pair()[0](files)", "method": "files.list", "opener": "files.open_builtin()",
}  # fmt: skip
INSIDE = """
    __self__ __func__ __dict__ __globals__ __closure__ __code__ __wrapped__ __slots__ __cap_use__ _cap_inner _cap_policy
    _cap_made _cap_own _cap_derived _cap_interface _cap_readonly _cap_use _tree _at _write _files _stream _door _rules
    _moment _pair _content _cap_content _cap_pair target methods owner handle method function open_ambient ambient
    in_memory __reduce__ __reduce_ex__ __getstate__ __init_subclass__ __subclasshook__
""".split()

# More than what an attenuator leaves.
WIDER = {
    "only-then-another": "r = only(only(files, 'list'), 'open')",
    "only-by-name-of-the-inner": "r = only(files, '_tree')",
    "only-special": "r = only(files, '__init__')",
    "only-mro": "r = only(files, 'mro')",
    "only-of-nothing": "r = only(files)",
    "only-of-data": "r = only([1], 'append')",
    "only-of-a-class": "r = only(int, 'from_bytes')",
    "only-of-a-module": "import math\nr = only(math, 'sin')",
    "only-of-a-builtin-method": "r = only([].append, '__self__')",
    "readonly-writes-text": "r = readonly(files).write_text('a.txt', 'evil')",
    "readonly-opens-to-write": "r = readonly(files).open('a.txt', 'w')",
    "readonly-opens-to-append": "r = readonly(files).open('a.txt', 'a')",
    "readonly-opens-to-update": "r = readonly(files).open('a.txt', 'r+b')",
    "readonly-by-a-subdir": "r = readonly(files).subdir('sub', True).write_text('b.txt', 'evil')",
    "readonly-by-the-opener": "r = readonly(files).open_builtin()('a.txt', 'w')",
    "readonly-by-the-module": "r = readonly(files).module().remove('a.txt')",
    "readonly-removes": "r = readonly(files).remove('a.txt')",
    "readonly-database": "r = readonly(db).execute('delete from t')",
    "readonly-database-by-query": "r = readonly(db).query('delete from t returning x')",
    "readonly-of-only": "r = readonly(only(files, 'open')).open('a.txt', 'w')",
    "only-of-readonly": "r = only(readonly(files), 'open').open('a.txt', 'w')",
    "readonly-of-a-file": "r = readonly(files.open('a.txt', 'r+')).write('evil')",
    "readonly-of-a-method": "r = readonly(files.write_text)('a.txt', 'evil')",
    "readonly-of-quota": "r = readonly(quota(files, calls=9)).write_text('a.txt', 'evil')",
    "readonly-of-logged": "r = readonly(logged(files, print)).mkdir('x')",
    "readonly-of-confirmed": "r = readonly(confirmed(files, lambda t: True)).mkdir('x')",
    "attribute-set-on-it": "c = readonly(files)\nc.write_text = files.write_text\nr = c",
    "attribute-set-by-object": "c = readonly(files)\nobject.__setattr__(c, 'write', True)\nr = c",
    "class-of-it-made": "r = type(files)()",
    "class-of-it-derived": "class D(type(files)): pass\nr = D()",
    "copied": "import copy\ntry: r = copy.copy(readonly(files))\nexcept copy.Error: raise TypeError",
    "deep-copied": "import copy\ntry: r = copy.deepcopy(files)\nexcept copy.Error: raise TypeError",
    "iterated": "r = list(files)",
    "added": "r = files + files",
    "entered": "with files: r = 1",
    "indexed": "r = files['a.txt']",
    "called": "r = files('a.txt')",
    "compared": "r = files < files",
    "quota-below-zero": "r = quota(files, calls=-1)",
    "quota-by-a-lying-int": "class I(int):\n    def __le__(self, other): return False\nr = quota(files, calls=I(0)).list()",
    "quota-by-a-float": "r = quota(files, bytes=float('inf'))",
    "quota-used-up": "q = quota(files, calls=1)\nq.list()\nr = q.list()",
    "quota-through-a-file": "q = quota(files, calls=2)\nf = q.open('a.txt')\nf.read()\nr = f.read()",
    "quota-through-a-subdir": "q = quota(files, calls=1)\ns = q.subdir('sub')\nr = s.list()",
    "quota-attenuated-anew": "q = quota(files, calls=0)\nr = quota(q, calls=100).list()",
    "quota-in-a-child": "q = quota(files, calls=1)\ncap_exec('q.list()', {'q': q})\nr = q.list()",
    "quota-of-bytes-in-a-list": "r = quota(db, bytes=5).query('select 1 x', ['x' * 50])",
    "clock-by-expiring": "r = expiring(files, seconds=0.0001)",
    "clock-by-a-rate": "r = rate_limited(files, 1, 0.0001)",
    "clock-by-the-time-of-a-file": "r = files.stat('a.txt')['modified']",
    "clock-by-the-database": "r = db.query(\"select datetime('now') x\")",
    "clock-by-a-default": "r = db.query('select current_timestamp x')",
    "expired": "r = expiring(files, seconds=0, clock=clock).list()",
    "expired-long-ago": "r = expiring(files, at=0, clock=clock).list()",
    "unconfirmed": "r = confirmed(files, lambda t: False).list()",
    "confirmed-by-truth": "class Y:\n    def __bool__(self): return True\nr = confirmed(files, lambda t: Y()).list()",
    "confirmed-by-equality": "class Y:\n    def __eq__(self, o): return True\nr = confirmed(files, lambda t: Y()).list()",
    "confirmed-by-one": "r = confirmed(files, lambda t: 1).list()",
    "confirmed-by-raising": "def ask(t): raise ValueError\nr = confirmed(files, ask).list()",
    "logged-by-a-sink-that-fails": "def sink(t): raise ValueError\nr = logged(files, sink).list()",
    "unsealed-by-another": "seal, _ = seal_pair()\n_, unseal = seal_pair()\nr = unseal(seal(1))",
    "unsealed-by-the-same-name": "seal, _ = seal_pair('x')\n_, unseal = seal_pair('x')\nr = unseal(seal(1))",
    "unsealed-from-a-lookalike": "_, unseal = seal_pair()\nclass Box: pass\nr = unseal(Box())",
    "unsealed-from-an-attenuated-box": "seal, unseal = seal_pair()\nr = only(seal(1), 'x')",
    "sealed-with-a-lying-name": "class S(str):\n    def __str__(self): return 'x'\nr = seal_pair(S, 5)",
}  # fmt: skip

# What is taken back stays so.
REVOKED = {
    "itself": "r = c.list()", "a-method": "r = m()", "a-file": "r = f.read()", "a-method-of-a-file": "r = fr()",
    "a-line-of-a-file": "r = next(iter(f))", "a-file-by-with": "with f as g: r = g.read()", "a-part": "r = s.list()",
    "an-opener": "r = o('a.txt')", "narrowed-before": "r = n.list()", "narrowed-now": "r = only(c, 'list').list()",
    "in-a-child": "r = cap_eval('c.list()', {'c': c})", "of-a-child": "r = child()", "in-a-closure": "r = k()",
    "in-a-finally": "try:\n    1 / 0\nfinally:\n    r = c.list()", "in-an-exit": "with E(): 1 / 0",
    "in-a-finaliser": "got = []\nclass D:\n    def __del__(self): got.append(c.list())\nd = D()\ndel d\nr = got[0]",
    "in-a-generator": "r = next(gen)", "by-another-revocable": "r = revocable(c)[0].list()", "by-sealing": "r = unseal(box).list()",
    "by-the-module": "r = mod.list()",
}  # fmt: skip
_TAKEN_BACK = """
c, revoke = revocable(files)
m = c.list; f = c.open('a.txt'); fr = f.read; s = c.subdir('sub'); o = c.open_builtin(); n = only(c, 'list')
child = cap_exec('def go(): return c.list()', {'c': c})['go']
k = lambda: c.list()
class E:
    def __enter__(self): return self
    def __exit__(self, *a): c.list()
def g():
    yield c.list()
gen = g()
seal, unseal = seal_pair(); box = seal(c); mod = c.module()
revoke()
"""

# Out of a directory, by what a guest says.
PATHS = {
    "dots": "'../x'", "dots-inside": "'sub/../../x'", "absolute": "'/etc/passwd'", "drive": "'C:/x'", "backslash": "'..\\\\x'",
    "nul": "'a.txt\\0.png'", "long": "'x' * 5000", "a-lying-text": "S('../x')", "bytes": "b'../x'", "an-object": "P()",
    "a-list": "['..', 'x']", "a-number": "3", "true": "True", "none": "None",
}  # fmt: skip
_LIARS = """
class S(str):
    def startswith(self, *a): return False
    def split(self, *a): return ['a.txt']
    def __contains__(self, x): return False
    def __eq__(self, o): return True
    def __hash__(self): return 0
class P:
    def __fspath__(self): return '../x'
"""

# Between guests.
NESTS = {
    "child-widens": "r = cap_eval(\"d.write_text('a.txt', 'evil')\", {'d': readonly(files)})",
    "child-takes-off-what-its-parent-put-on": "r = cap_eval(\"only(d, 'write_text')\", {'d': only(files, 'list')})",
    "child-sees-the-grant": "r = cap_eval('files.list()', {'d': files})",
    "child-sees-a-siblings-grant": "cap_exec('x = d', {'d': files})\nr = cap_eval('d', {})",
    "child-sees-the-state-of-a-capability": "r = cap_eval('k.secret', {'k': K()})",
    "child-sees-the-dict-of-a-capability": "r = cap_eval('k.__dict__', {'k': K()})",
    "child-sees-the-class-of-a-capability": "r = cap_eval('type(k).secret', {'k': K()})",
    "child-calls-a-private-method": "r = cap_eval('k._hidden()', {'k': K()})",
    "child-calls-init": "r = cap_eval('k.__init__()', {'k': K()})",
    "child-sets-state": "r = cap_exec('k.secret = 5', {'k': K()})",
    "child-reaches-the-function-of-a-method": "r = cap_eval('k.give.__func__', {'k': K()})",
    "child-reaches-globals-of-a-function": "r = cap_eval('f.__globals__', {'f': lambda: 0})",
    "child-raises-its-budget": "r = cap_eval('sum(1 for _ in range(10000))', limits=Limits(steps=100))",
    "child-with-more-seconds": "r = Limits(seconds=5)",
    "child-with-bad-limits": "r = Limits(steps=-1)",
    "child-fills-in-open": "r = cap_eval(\"open('a.txt').read()\", {'d': files})",
    "grandchild-fills-in-open": "r = cap_eval('cap_eval(\"open(1)\")', {'d': files.module()})",
    "annotations-by-a-method-handed-on": "r = cap_eval('w(5, 5)', {'w': files.write_text})",
    "annotations-by-a-narrowed-method": "r = cap_eval('w(5, 5)', {'w': only(files, 'write_text').write_text})",
    "annotations-by-a-policy": "r = quota(files, calls=5).write_text(b'a.txt', 5)",
}  # fmt: skip
_PARENT = """
class K(Capability):
    secret = 'mine'
    def __init__(self): self.secret = 'mine'
    def _hidden(self): return self.secret
    def give(self): return 1
"""

CASES: list[Case] = [
    *(
        case(
            f"cap-inside-{name}",
            f"_c = {made}\n[n for n in {INSIDE!r} if hasattr(_c, n) and n not in ('__init_subclass__', '__subclasshook__',"
            " '__reduce__', '__reduce_ex__', '__getstate__')]",
            pit=8,
            value=[],
        )
        for name, made in FACES.items()
    ),
    *(contained(f"wider-{name}", source, 20) for name, source in WIDER.items()),
    *(contained(f"revoked-{name}", source, 15, _TAKEN_BACK) for name, source in REVOKED.items()),
    *(contained(f"path-{name}", f"r = files.read_text({path})", 7, _LIARS) for name, path in PATHS.items()),
    *(contained(f"path-written-{name}", f"r = files.write_text({path}, 'x')", 19, _LIARS) for name, path in PATHS.items()),
    *(contained(f"nest-{name}", source, 10, _PARENT) for name, source in NESTS.items()),
    case(
        "cap-attenuators-for-ever",
        "c = files\nwhile True: c = quota(c, calls=5)",
        pit=5,
        stopped=("steps", "memory"),
    ),
    case(
        "cap-a-thousand-attenuators-deep",
        "c = files\nfor _ in range(1000): c = quota(c, calls=5)\nc.list()",
        pit=5,
        stopped=("depth", "memory"),
        steps=None,
    ),
    case(
        "cap-use-after-the-stop",
        "try:\n    while True: pass\nfinally:\n    quota(files, calls=5).write_text('evil', '')",
        pit=3,
        stopped="steps",
    ),
    case(
        "cap-children-for-ever",
        "def nest(n): return cap_exec('cap_exec(\"1\")')\nwhile True: nest(1)",
        pit=5,
        stopped=("steps", "memory"),
    ),
    case("cap-a-callback-that-runs-on", "confirmed(files, lambda t: [0 for _ in iter(int, 1)]).list()", pit=3, stopped=("steps", "memory")),
    case("cap-shown-without-its-host", "[repr(files), str(db), f'{clock}', '%s' % (files,)]", pit=21, value=["<capability>"] * 4),
]  # fmt: skip
