"""Keys of dictionaries that answer one question with yes and the next with no.

A class's namespace may hold keys that are no text. Their `__eq__` and `__hash__` are asked by every
look-up of a name on the class, by a guard and then by the interpreter: two looks, two answers.
"""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="lying key")

# A key that passes for `name` as long as `mood` lasts.
KEY = """
mood = [True]
class Key:
    def __init__(self, name): self.name = name
    def __hash__(self): return hash(self.name)
    def __eq__(self, o):
        if o is self: return True
        return bool(mood and mood.pop()) and o == self.name
class Always(Key):
    def __eq__(self, o): return o is self or o == self.name
    __hash__ = Key.__hash__
log = []
def quiet(f):
    try:
        return f()
    except (TypeError, AttributeError, ValueError, KeyError):
        return None
"""

CASES: list[Case] = [
    case(
        "key-hides-subclasses-of-a-metaclass",
        KEY
        + """
def attack():
    found = 0
    for moods in range(1, 8):
        M = type('M', (type,), {Key('__subclasses__'): 1})
        mood[:] = [True] * moods
        raw = quiet(lambda: M.__subclasses__)
        mood.clear()
        if callable(raw) and len(quiet(lambda: raw(object)) or ()) > 5:
            found += 1
    return found
quiet(attack) or 0
""",
        pit=7,
        value=0,
    ),
    case(
        "key-hides-reduce-of-an-exception",
        KEY
        + """
def attack():
    found = 0
    for moods in range(1, 8):
        E = type('E', (Exception,), {Key('__reduce_ex__'): 1})
        e = E()
        mood[:] = [True] * moods
        raw = quiet(lambda: e.__reduce_ex__)
        mood.clear()
        if callable(raw):
            found += 1
    return found
quiet(attack) or 0
""",
        pit=7,
        value=0,
    ),
    case(
        "key-hides-setstate-of-an-exception",
        KEY
        + """
def attack():
    found = 0
    for moods in range(1, 8):
        E = type('E', (Exception,), {Key('__setstate__'): 1})
        e = E()
        mood[:] = [True] * moods
        raw = quiet(lambda: e.__setstate__)
        mood.clear()
        if callable(raw):
            found += 1
    return found
quiet(attack) or 0
""",
        pit=18,
        value=0,
    ),
    case(
        "key-passes-for-a-finaliser",
        KEY
        + """
def attack():
    C = type('C', (), {Always('__del__'): lambda self: log.append('ran')})
    C()
    C()
quiet(attack)
log
""",
        pit=9,
        value=[],
    ),
    case(
        "key-passes-for-a-finaliser-in-a-class-body",
        KEY
        + """
def attack():
    class C:
        locals()[Always('__del__')] = lambda self: log.append('ran')
    C()
quiet(attack)
log
""",
        pit=9,
        value=[],
    ),
    case(
        "key-passes-for-a-finaliser-in-a-prepared-namespace",
        KEY
        + """
class M(type):
    @classmethod
    def __prepare__(m, n, b): return {Always('__del__'): lambda self: log.append('ran')}
def attack():
    class C(metaclass=M): pass
    C()
quiet(attack)
log
""",
        pit=9,
        value=[],
    ),
    case(
        "key-passes-for-the-mark-of-a-guest-class",
        KEY
        + """
def attack():
    got = []
    class Any:
        def __hash__(self): return hash('__guest__')
        def __eq__(self, o):
            got.append(o if type(o) is str else type(o).__name__)
            return False
    C = type('C', (), {Any(): 1})
    C().x = 1
    return [n for n in got if not n.isidentifier()]
quiet(attack) or []
""",
        pit=1,
        value=[],
    ),
    case(
        "key-in-an-instance-hides-nothing",
        KEY
        + """
class C: pass
c = C()
vars(c)[Key('__class__')] = 1
mood[:] = [True]
r = c.__class__
mood.clear()
r is C or r == 1
""",
        pit=7,
        value=True,
    ),
    case(
        "key-in-a-function-hides-no-globals",
        KEY
        + """
def attack():
    found = 0
    for moods in range(1, 8):
        def f(): pass
        vars(f)[Key('__globals__')] = 1
        mood[:] = [True] * moods
        raw = quiet(lambda: f.__globals__)
        mood.clear()
        if raw is not None and raw != 1:
            found += 1
    return found
quiet(attack) or 0
""",
        pit=7,
        value=0,
    ),
    case(
        "key-for-builtins-in-an-exec-namespace",
        KEY
        + """
ns = {Always('__builtins__'): {'len': lambda x: 'stolen'}}
def attack():
    exec('r = len("abc")', ns)
    return [v for k, v in ns.items() if type(k) is str and k == 'r']
quiet(attack) in (None, [3])
""",
        pit=2,
        value=True,
    ),
    case(
        "key-for-a-guard-in-exec-locals",
        KEY
        + """
def attack():
    ns = {Always('cap:getattr'): lambda *a: log.append(a), Always('cap:call'): log.append}
    exec('r = "a".upper()', {}, ns)
quiet(attack)
log
""",
        pit=1,
        value=[],
    ),
    case(
        "key-that-spins-while-the-host-looks-on",
        """
        class Spin:
            def __hash__(self): return hash('__reduce_ex__')
            def __eq__(self, o):
                while True: pass
        type('C', (), {Spin(): 1})
        """,
        pit=3,
        raises="TypeError",
    ),
]
