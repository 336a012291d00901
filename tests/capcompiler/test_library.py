"""The standard library in a guest does what it does under plain CPython, which runs beside as oracle.

What needs authority is refused in words that name the grant, or the reason why there is none.
"""

from __future__ import annotations

import datetime
import sys
import textwrap
from typing import Any

import pytest
from properties.outcome import guest, native

from capcompiler import CapabilityError, Compartment, GuestError, Imports, Limits, cap_exec
from guards.modules import REFUSED
from stdlib_caps import FrozenClock

#: Module to a program that uses what it is used for.
PROGRAMS: dict[str, str] = {
    "abc": """
        import abc
        class A(abc.ABC):
            @property
            @abc.abstractmethod
            def p(self): ...
            @classmethod
            @abc.abstractmethod
            def c(cls): ...
            @classmethod
            def __subclasshook__(cls, other): return True if hasattr(other, 'quack') else NotImplemented
        class B(A):
            p = 1
            @classmethod
            def c(cls): return 'c'
        class D:
            quack = 1
        class V: pass
        A.register(V)
        print(B().c(), isinstance(D(), A), issubclass(V, A), isinstance(5, A), sorted(A.__abstractmethods__))
        print(abc.update_abstractmethods(B) is B, isinstance(abc.get_cache_token(), int), issubclass(B, abc.ABC))
        try: A()
        except TypeError as e: print(str(e).partition(' method')[0])
        """,
    "argparse": """
        import argparse
        p = argparse.ArgumentParser(prog='tool', description='Does things.')
        p.add_argument('name')
        p.add_argument('-n', '--number', type=int, default=3, help='how many')
        p.add_argument('--flag', action='store_true')
        p.add_argument('rest', nargs='*')
        sub = argparse.ArgumentParser(prog='two').add_subparsers(dest='cmd')
        sub.add_parser('go').add_argument('--fast', action='count')
        print(vars(p.parse_args(['a', 'x', 'y', '-n', '5', '--flag'])))
        print(p.parse_known_args(['a', '--zzz'])[1], p.format_usage())
        print(argparse.Namespace(a=1) == argparse.Namespace(a=1))
        class Strict(argparse.ArgumentParser):
            def error(self, message): raise ValueError(message)
        strict = Strict(prog='s'); strict.add_argument('-n', type=int)
        try: strict.parse_args(['-n', 'x'])
        except ValueError as e: print(e)
        """,
    "base64": """
        import base64
        for name in ('b64', 'urlsafe_b64', 'standard_b64', 'b32', 'b32hex', 'b16', 'b85', 'a85'):
            data = bytes(range(0, 256, 5))
            coded = getattr(base64, name + 'encode')(data)
            print(name, coded, getattr(base64, name + 'decode')(coded) == data)
        print(base64.encodebytes(b'a' * 80), base64.decodebytes(b'YWJj\\n'), base64.b64decode('YWJj'), base64.b64encode(b'??>', b'-_'))
        try: base64.b64decode('a', validate=True)
        except Exception as e: print(type(e).__name__, e)
        """,
    "binascii": """
        import binascii
        print(binascii.hexlify(b'ab', ':'), binascii.unhexlify('6162'), binascii.crc32(b'abc'), binascii.crc_hqx(b'abc', 0))
        print(binascii.b2a_base64(b'abc', newline=False), binascii.a2b_base64(b'YWJj'), binascii.b2a_qp(b'a=b'), binascii.a2b_uu(binascii.b2a_uu(b'hi')))
        try: binascii.unhexlify('6')
        except binascii.Error as e: print(e, isinstance(e, ValueError))
        """,
    "bisect": """
        import bisect
        xs = [1, 3, 3, 5]
        print(bisect.bisect(xs, 3), bisect.bisect_left(xs, 3), bisect.bisect_right(xs, 3, 0, 2), bisect.bisect_left(xs, -2, key=lambda x: -x))
        bisect.insort(xs, 4); bisect.insort_left(xs, 3); print(xs)
        print([['F', 'D', 'C', 'B', 'A'][bisect.bisect([60, 70, 80, 90], n)] for n in (33, 60, 77, 90, 100)])
        """,
    "builtins": """
        import builtins
        print(builtins.len('ab'), builtins.int is int, builtins.True_ if hasattr(builtins, 'True_') else 'no', isinstance(builtins.ValueError(), Exception))
        def shout(*a, **k): builtins.print(*(str(x).upper() for x in a), **k)
        shout('a', 'b', sep='-')
        """,
    "calendar": """
        import calendar
        print(calendar.month(2024, 2), calendar.isleap(2000), calendar.leapdays(1900, 2001), calendar.monthrange(2023, 2), calendar.weekday(2024, 1, 1))
        print(calendar.timegm((1970, 1, 2, 0, 0, 0)), list(calendar.day_abbr), calendar.TextCalendar(6).formatmonth(2024, 9))
        print(list(calendar.Calendar().itermonthdays2(2024, 2))[:9], len(calendar.HTMLCalendar().formatyear(2024)))
        try: calendar.monthrange(2024, 13)
        except calendar.IllegalMonthError as e: print(e)
        """,
    "cmath": """
        import cmath
        print(cmath.sqrt(-1), cmath.phase(1j), cmath.polar(1 + 1j), cmath.rect(1, cmath.pi), cmath.exp(1j * cmath.pi), cmath.isclose(1j, 1j + 1e-12))
        print(cmath.log(1j, 2), cmath.isnan(complex('nan')), cmath.inf, cmath.cosh(2j))
        """,
    "codecs": """
        import codecs
        print(codecs.encode('abc', 'utf-8'), codecs.decode(b'abc', 'ascii'), codecs.lookup('UTF8').name, codecs.BOM_UTF8)
        d = codecs.getincrementaldecoder('utf-8')()
        print([d.decode(bytes([b])) for b in 'aé€'.encode()], codecs.getencoder('latin-1')('é'))
        print(codecs.escape_decode(b'a\\\\n')[0], 'a\\u20ac'.encode('ascii', 'xmlcharrefreplace'), codecs.lookup_error('ignore')(UnicodeEncodeError('x', 'aé', 1, 2, 'r')))
        try: codecs.lookup('nothing')
        except LookupError as e: print(e)
        """,
    "collections": """
        import collections
        from collections import Counter, OrderedDict, defaultdict, deque, namedtuple, ChainMap, UserDict, UserList, UserString
        c = Counter('abracadabra'); c.update('zz'); c.subtract('a')
        print(c.most_common(3), c + Counter(a=1), c & Counter(a=2), -Counter(a=-1), sorted(Counter(a=2).elements()), c.total())
        d = defaultdict(list); d['a'].append(1); print(d, d['b'], d.default_factory is list)
        q = deque([1, 2, 3], maxlen=3); q.append(4); q.rotate(1); q.appendleft(0); print(q, q.maxlen, list(reversed(q)), q.index(4))
        o = OrderedDict(a=1, b=2); o.move_to_end('a'); print(o, o.popitem(last=False), OrderedDict(a=1) == {'a': 1})
        P = namedtuple('P', 'x y', defaults=[5]); p = P(1)
        print(p, p._replace(x=2), p._asdict(), P._fields, P._make([1, 2]), P.__doc__, p == (1, 5), P._field_defaults, p.x, P(*p))
        print(namedtuple('Q', 'a def a', rename=True)._fields)
        m = ChainMap({'a': 1}, {'a': 2, 'b': 3}); m['c'] = 4; print(m['a'], m['b'], m.parents, m.new_child({'a': 0})['a'], sorted(m), m.maps)
        class Low(UserDict):
            def __setitem__(self, k, v): super().__setitem__(k.lower(), v)
        low = Low(A=1); low['B'] = 2; print(low, low | {'c': 1}, UserList([1]) + [2], UserString('ab').upper())
        try: namedtuple('P', 'x x')
        except ValueError as e: print(e)
        """,
    "collections.abc": """
        from collections import abc
        class S(abc.Sequence):
            def __len__(self): return 3
            def __getitem__(self, i):
                if i >= 3: raise IndexError
                return i * i
        class M(abc.MutableMapping):
            def __init__(self): self.d = {}
            def __getitem__(self, k): return self.d[k]
            def __setitem__(self, k, v): self.d[k] = v
            def __delitem__(self, k): del self.d[k]
            def __iter__(self): return iter(self.d)
            def __len__(self): return len(self.d)
        class T(abc.Set):
            def __init__(self, xs): self.xs = list(xs)
            def __contains__(self, x): return x in self.xs
            def __iter__(self): return iter(self.xs)
            def __len__(self): return len(self.xs)
        s, m = S(), M(); m.update(a=1, b=2); m.setdefault('c', 3)
        print(list(s), 4 in s, s.index(1), s.count(0), list(reversed(s)), m.pop('a'), dict(m), m == {'b': 2, 'c': 3}, list(m.items()), m.popitem())
        print(sorted(T('ab') | T('bc')), T('ab') <= T('abc'), sorted(T('ab') ^ T('bc')), T('a').isdisjoint(T('b')))
        for kind in 'Hashable Iterable Iterator Reversible Sized Container Callable Collection Sequence MutableSequence Set MutableSet Mapping MutableMapping Generator Awaitable'.split():
            k = getattr(abc, kind, None)
            if k: print(kind, [isinstance(x, k) for x in ([], (), {}, set(), 'a', b'', 1, len, iter([]), (i for i in ()), range(1), bytearray(), {}.keys())])
        """,
    "colorsys": """
        import colorsys
        print(colorsys.rgb_to_hsv(0.2, 0.4, 0.4), colorsys.hsv_to_rgb(0.5, 0.5, 0.4), colorsys.rgb_to_hls(1, 0, 0), colorsys.rgb_to_yiq(0.1, 0.2, 0.3))
        """,
    "configparser": """
        import configparser, io
        c = configparser.ConfigParser()
        c.read_string('[DEFAULT]\\nhome = /h\\n[a]\\nx = 1\\npath = %(home)s/y\\non = yes\\n[b : c]\\n; comment\\nlong = 1\\n  2\\n')
        print(c.sections(), c['a']['path'], c.getint('a', 'x'), c['a'].getboolean('on'), c.get('a', 'nothing', fallback='f'), c['b : c']['long'], 'home' in c['a'])
        c['new'] = {'k': 'v'}; c.set('new', 'z', '5'); out = io.StringIO(); c.write(out); print(out.getvalue())
        try: c.read_string('x = 1')
        except configparser.Error as e: print(type(e).__name__)
        try: c.get('nosection', 'x')
        except configparser.NoSectionError as e: print(e)
        """,
    "contextlib": """
        import contextlib, io
        log = []
        @contextlib.contextmanager
        def cm(n):
            log.append('in ' + n)
            try: yield n
            except ValueError: log.append('caught')
            finally: log.append('out ' + n)
        with cm('a') as a, contextlib.suppress(KeyError): {}['x']
        with cm('b'): raise ValueError
        @cm('c')
        def f(): return 1
        f()
        with contextlib.ExitStack() as stack:
            stack.enter_context(cm('d')); stack.callback(log.append, 'callback'); stack.push(lambda *e: log.append(e[0]))
        class C:
            def close(self): log.append('closed')
        with contextlib.closing(C()), contextlib.nullcontext(5) as n: log.append(n)
        out = io.StringIO()
        with contextlib.redirect_stdout(out): print('hidden')
        class D(contextlib.ContextDecorator):
            def __enter__(self): log.append('D')
            def __exit__(self, *e): return False
        D()(lambda: None)()
        print(log, repr(out.getvalue()), isinstance(C(), contextlib.AbstractContextManager))
        """,
    "contextvars": """
        import contextvars
        v = contextvars.ContextVar('v', default=1)
        token = v.set(2)
        ctx = contextvars.copy_context()
        print(v.get(), ctx[v], ctx.run(lambda: (v.set(9), v.get())[1]), v.get(), token.old_value is contextvars.Token.MISSING, v.name)
        v.reset(token); print(v.get(), v in ctx, len(list(ctx)) >= 1)
        try: contextvars.ContextVar('w').get()
        except LookupError: print('none')
        """,
    "copy": """
        import copy
        class K:
            def __init__(self, x): self.x = x
            def __eq__(self, o): return self.x == o.x
        class C:
            def __copy__(self): return 'copied'
            def __deepcopy__(self, memo): return 'deep'
        xs = [1, [2, 3], {'a': (4, [5])}, K([6]), {7}, bytearray(b'8')]
        a, b = copy.copy(xs), copy.deepcopy(xs)
        print(a == xs, b == xs, a[1] is xs[1], b[1] is xs[1], b[3].x is xs[3].x, b[2]['a'][1] is xs[2]['a'][1], copy.copy(C()), copy.deepcopy([C()]))
        loop = []; loop.append(loop); d = copy.deepcopy(loop); print(d[0] is d, d is loop, copy.copy(len) is len, copy.deepcopy(K) is K)
        """,
    "csv": """
        import csv, io
        out = io.StringIO()
        w = csv.writer(out, delimiter=';', quoting=csv.QUOTE_MINIMAL, lineterminator='\\n')
        w.writerow(['a;b', 'c"d', 1, None, 2.5]); w.writerows([[1, 2], 'ab'])
        print(out.getvalue(), list(csv.reader(io.StringIO(out.getvalue()), delimiter=';')))
        rows = list(csv.DictReader(['n,v', 'a,1', 'b,2,3'], restkey='more')); print(rows)
        out = io.StringIO(); d = csv.DictWriter(out, ['n', 'v'], extrasaction='ignore'); d.writeheader(); d.writerow({'n': 1, 'v': 'x,y', 'z': 0}); print(repr(out.getvalue()))
        class Mine(csv.Dialect):
            delimiter, quotechar, lineterminator, quoting, doublequote = '|', "'", '!', csv.QUOTE_ALL, True
        out = io.StringIO(); csv.writer(out, Mine).writerow([1, "it's"]); print(out.getvalue())
        csv.register_dialect('mine', Mine); print('mine' in csv.list_dialects(), csv.get_dialect('mine').delimiter, list(csv.reader(["'a'|'b'"], 'mine'))); csv.unregister_dialect('mine')
        print(csv.Sniffer().sniff('a;b;c\\n1;2;3\\n4;5;6').delimiter, csv.Sniffer().has_header('name,n\\na,1\\nb,2\\nc,3'))
        print(list(csv.reader(['1,"a",2.5'], quoting=csv.QUOTE_NONNUMERIC)) if 0 else list(csv.reader(['1,"a"'], skipinitialspace=True)))
        try: list(csv.reader(['"a'], strict=True))
        except csv.Error as e: print(e)
        """,
    "dataclasses": """
        import dataclasses
        from dataclasses import dataclass, field, KW_ONLY, InitVar
        @dataclass(order=True)
        class P:
            x: int
            y: list = field(default_factory=list, compare=False)
            z: float = 1.5
            def total(self): return self.x + self.z
        @dataclass(frozen=True, slots=True)
        class F:
            a: int
            _: KW_ONLY
            b: str = 'b'
        @dataclass
        class Q(P):
            w: InitVar[int] = 0
            v: int = field(init=False, repr=False)
            def __post_init__(self, w): self.v = w * 2
        p = P(1, [2])
        print(p, p == P(1), p < P(2), p.total(), dataclasses.asdict(p), dataclasses.astuple(p), dataclasses.replace(p, x=9), [f.name for f in dataclasses.fields(P)])
        print(F(1, b='c'), hash(F(1)) == hash(F(1)), F.__slots__, Q(1, w=4).v, Q(1), dataclasses.is_dataclass(Q), P.__match_args__)
        M = dataclasses.make_dataclass('M', ['a', ('b', int, 5)], namespace={'s': lambda self: self.a + self.b}); print(M(1), M(1).s())
        match p:
            case P(x=1, z=z): print('matched', z)
        try: F(1).a = 2
        except dataclasses.FrozenInstanceError as e: print(e)
        try: dataclass(type('B', (), {'__annotations__': {'x': list}, 'x': []}))
        except ValueError as e: print(str(e)[:40])
        """,
    "datetime": """
        import datetime
        from datetime import date, datetime as dt, time, timedelta, timezone
        d, m = date(2024, 2, 28), dt(2024, 2, 29, 13, 14, 15, 678, timezone.utc)
        print(d + timedelta(days=2), d.isoformat(), d.weekday(), d.isocalendar(), d.replace(day=1), d.strftime('%d.%m.%Y %j %A'), date.fromisoformat('2020-01-02'), d.toordinal())
        print(m.isoformat(), m.astimezone(timezone(timedelta(hours=5, minutes=30), 'X')), m.timestamp(), m.date(), m.timetz(), m.utcoffset(), m.strftime('%H:%M:%S.%f %z %Z %p'))
        print(dt.strptime('03 Mar 2021 04:05', '%d %b %Y %H:%M'), dt.fromisoformat('2020-01-02T03:04:05+02:00'), dt.fromtimestamp(86400, timezone.utc), dt.combine(d, time(1, 2)))
        t = timedelta(days=1, hours=-3, microseconds=5); print(t, t * 2, t / 3, t // timedelta(hours=1), divmod(t, timedelta(hours=2)), t.total_seconds(), -t, abs(-t), repr(t))
        print(m - dt(2024, 1, 1, tzinfo=timezone.utc), sorted([d, date(2020, 1, 1)]), time.fromisoformat('04:05:06'), date.min, dt.max, time(23, 59) > time(1), hash(d) == hash(date(2024, 2, 28)))
        class Z(datetime.tzinfo):
            def utcoffset(self, x): return timedelta(hours=1)
            def dst(self, x): return timedelta(0)
            def tzname(self, x): return 'Z!'
        print(dt(2020, 1, 1, tzinfo=Z()), dt(2020, 1, 1, tzinfo=Z()).tzname(), f'{d:%Y}')
        for bad in (lambda: date(2023, 2, 29), lambda: dt.strptime('x', '%Y'), lambda: d < m):
            try: bad()
            except (ValueError, TypeError) as e: print(type(e).__name__, e)
        """,
    "decimal": """
        from decimal import *
        a, b = Decimal('1.10'), Decimal(3)
        print(a + b, a / b, a ** 2, -a, a % 1, a // 1, divmod(b, a), round(a, 1), a.quantize(Decimal('.1')), b.sqrt(), a.as_tuple(), a.normalize(), int(b), float(a), hash(a) == hash(Decimal('1.1')))
        with localcontext() as ctx:
            ctx.prec = 5; ctx.rounding = ROUND_UP
            print(Decimal(1) / 3, Decimal(2).ln(), Decimal(2).exp(), ctx.flags[Inexact])
        print(getcontext().prec, Decimal('NaN').is_nan(), Decimal('Infinity'), Decimal(0.1), Decimal('1E+5').to_eng_string(), f'{Decimal("1234.5"):,.2f}', Decimal('2').compare(Decimal(1)), max(a, b), sum([a, b]))
        c = Context(prec=3, traps=[DivisionByZero]); print(c.divide(1, Decimal(7)), c.create_decimal('1.23456'), Decimal.from_float(0.5), Decimal('1.5') == 1.5, Decimal(1) < 2)
        for f in (lambda: Decimal('x'), lambda: Decimal(1) / 0, lambda: c.divide(Decimal(1), Decimal(0)), lambda: Decimal('sNaN') + 1):
            try: f()
            except ArithmeticError as e: print(type(e).__name__)
        """,
    "difflib": """
        import difflib
        a, b = 'one two three four'.split(), 'one 2 three five four'.split()
        print('\\n'.join(difflib.unified_diff(a, b, 'x', 'y', lineterm='')), list(difflib.ndiff(a, b)), difflib.get_close_matches('appel', ['ape', 'apple', 'peach']))
        s = difflib.SequenceMatcher(None, 'abcd', 'bcde'); print(s.ratio(), s.get_opcodes(), s.get_matching_blocks(), s.find_longest_match(), s.quick_ratio())
        print(list(difflib.restore(difflib.ndiff(a, b), 1)), list(difflib.context_diff(a, b, lineterm=''))[:5], len(difflib.HtmlDiff().make_table(a, b)))
        """,
    "enum": """
        import enum
        from enum import Enum, IntEnum, Flag, IntFlag, auto, unique
        class C(Enum):
            RED = 1
            GREEN = auto()
            ALIAS = 1
            def low(self): return self.name.lower()
            @property
            def twice(self): return self.value * 2
        class N(IntEnum): ONE = 1; TWO = 2
        class F(Flag): A = auto(); B = auto(); AB = A | B
        class S(enum.StrEnum): X = auto(); Y = 'why'
        class P(Enum):
            EARTH = (5.9, 6.3)
            def __init__(self, mass, radius): self.mass = mass; self.radius = radius
        print(list(C), C.RED, repr(C.GREEN), C(1), C['RED'] is C.ALIAS, C.RED.low(), C.GREEN.twice, C.__members__.keys() == {'RED', 'GREEN', 'ALIAS'}, len(C), C.RED in C)
        print(N.ONE + 1, N.TWO > N.ONE, sorted([N.TWO, N.ONE]), F.A | F.B, F.AB & F.A, ~F.A, F.A in F.AB, bool(F(0)), F(3) is F.AB, S.X, S.Y == 'why', f'{S.X:>3}', P.EARTH.mass, P((5.9, 6.3)))
        print(Enum('Animal', 'ANT BEE').BEE, {C.RED: 1}[C.RED], isinstance(C.RED, C), C.RED != N.ONE, hash(C.RED) == hash(C(1)), IntFlag('I', 'R W')['R'])
        for bad in (lambda: C(9), lambda: C['NO'], lambda: setattr(C, 'RED', 5), lambda: unique(C), lambda: type('D', (C,), {})):
            try: bad()
            except (ValueError, KeyError, AttributeError, TypeError) as e: print(type(e).__name__, e)
        """,
    "errno": """
        import errno
        print(errno.ENOENT, errno.errorcode[errno.EACCES], OSError(errno.ENOENT, 'x').errno, type(OSError(errno.ENOENT, 'x')).__name__)
        """,
    "fnmatch": """
        import fnmatch
        print(fnmatch.fnmatch('a.py', '*.py'), fnmatch.fnmatchcase('A', 'a'), fnmatch.filter(['a.c', 'b.h', 'c.c'], '[a-b].?'), fnmatch.translate('*.[!ch]'))
        """,
    "fractions": """
        from fractions import Fraction
        a = Fraction(3, 4)
        print(a + 1, a * a, a / 3, a ** 2, a ** -1, -a, a % Fraction(1, 3), int(a), float(a), round(a, 1), Fraction('1.25'), Fraction(0.5), Fraction(6, 8) == a, a < 1, a.limit_denominator(2))
        print(repr(a), a.numerator, Fraction(1.1).limit_denominator(100), hash(Fraction(1, 2)) == hash(0.5), sum([a, a]), abs(-a), a.as_integer_ratio(), divmod(a, 2), Fraction(1, 2) == 0.5)
        try: Fraction(1, 0)
        except ZeroDivisionError as e: print(e)
        """,
    "functools": """
        import functools
        from functools import *
        @lru_cache(maxsize=2)
        def f(n): return n * 2
        [f(n) for n in (1, 2, 1, 3, 2)]
        @cache
        def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
        @total_ordering
        class V:
            def __init__(self, n): self.n = n
            def __eq__(self, o): return self.n == o.n
            def __lt__(self, o): return self.n < o.n
        @singledispatch
        def show(x): return 'any'
        @show.register
        def _(x: int): return 'int'
        @show.register(list)
        def _(x): return 'list'
        class K:
            @cached_property
            def c(self): calls.append(1); return 5
            @singledispatchmethod
            def g(self, x): return 'any'
            @g.register
            def _(self, x: str): return 'str'
            part = partialmethod(lambda self, a, b: (a, b), 1)
        calls = []
        def deco(g):
            @wraps(g)
            def inner(*a): 'inner'; return g(*a)
            return inner
        @deco
        def named(): 'doc'
        k = K()
        print(f.cache_info(), fib(50), V(1) <= V(1), V(2) > V(1), show(1), show(True), show([]), show(''), k.c + k.c, calls, k.g('a'), k.g(1), k.part(2))
        p = partial(int, base=2); print(p('101'), p.keywords, reduce(lambda a, b: a + b, 'abc', 'z'), sorted([3, 1, 2], key=cmp_to_key(lambda a, b: b - a)), named.__name__, named.__doc__, named.__wrapped__.__name__)
        print(show.registry.keys() >= {int, list}, show.dispatch(bool) is show.registry[int], functools.partial(functools.partial(max, 1), 2)(3))
        """,
    "getopt": """
        import getopt
        print(getopt.getopt(['-a', '-b', 'x', '--long=5', 'rest'], 'ab:', ['long=']), getopt.gnu_getopt(['r', '-a'], 'a'))
        try: getopt.getopt(['-z'], 'a')
        except getopt.GetoptError as e: print(e)
        """,
    "gettext": """
        import gettext
        _ = gettext.gettext
        print(_('hello'), gettext.ngettext('one', 'many', 2), gettext.NullTranslations().gettext('x'), gettext.c2py('n != 1')(1))
        """,
    "glob": """
        import glob
        print(glob.escape('a*[b]?'), glob.has_magic('a*'), glob.has_magic('a'))
        """,
    "graphlib": """
        import graphlib
        print(list(graphlib.TopologicalSorter({'d': 'bc', 'b': 'a', 'c': 'a'}).static_order())[0])
        t = graphlib.TopologicalSorter(); t.add(2, 1); t.add(3, 2); t.prepare()
        while t.is_active(): r = t.get_ready(); print(r); t.done(*r)
        try: graphlib.TopologicalSorter({1: [2], 2: [1]}).prepare()
        except graphlib.CycleError as e: print(e.args[0], sorted(set(e.args[1])))
        """,
    "hashlib": """
        import hashlib
        for name in 'md5 sha1 sha224 sha256 sha384 sha512 sha3_256 blake2b blake2s'.split():
            h = getattr(hashlib, name)(b'abc'); h.update(b'd'); c = h.copy(); c.update(b'e')
            print(name, h.hexdigest(), h.digest_size, h.block_size, h.name, c.digest()[:4], hashlib.new(name, b'abcd').hexdigest() == h.hexdigest())
        print(hashlib.shake_128(b'a').hexdigest(8), hashlib.blake2b(b'a', digest_size=5, key=b'k', person=b'p').hexdigest(), {'sha256', 'md5'} <= hashlib.algorithms_guaranteed)
        import io
        print(hashlib.file_digest(io.BytesIO(b'abc'), 'md5').hexdigest())
        try: hashlib.new('nothing')
        except ValueError as e: print('unsupported' in str(e))
        """,
    "heapq": """
        import heapq
        h = [5, 2, 8, 1]; heapq.heapify(h); heapq.heappush(h, 0)
        print([heapq.heappop(h) for _ in range(3)], heapq.heappushpop(h, 1), heapq.heapreplace(h, 9), sorted(h), heapq.nlargest(2, 'hello'), heapq.nsmallest(2, [3, 1, 2], key=lambda x: -x), list(heapq.merge([1, 4], [2, 3], reverse=False)))
        class V:
            def __init__(self, n): self.n = n
            def __lt__(self, o): return self.n > o.n
        q = []; [heapq.heappush(q, V(n)) for n in (1, 3, 2)]; print([heapq.heappop(q).n for _ in range(3)])
        """,
    "hmac": """
        import hmac, hashlib
        h = hmac.new(b'key', b'msg', 'sha256'); h.update(b'more')
        print(h.hexdigest(), hmac.digest(b'k', b'm', 'md5').hex(), hmac.compare_digest('a', 'a'), hmac.compare_digest(b'a', b'b'), h.name, h.copy().hexdigest() == h.hexdigest(), hmac.new(b'k', digestmod=hashlib.sha1).hexdigest())
        """,
    "html": """
        import html
        print(html.escape('<a href="x">&\\'</a>'), html.escape('"', quote=False), html.unescape('&lt;&eacute;&#8364;&#x41;&nothing;&notit;'))
        """,
    "html.entities": """
        from html.entities import name2codepoint, codepoint2name, html5
        print(name2codepoint['eacute'], codepoint2name[233], html5['lt;'])
        """,
    "html.parser": """
        from html.parser import HTMLParser
        class P(HTMLParser):
            def handle_starttag(self, tag, attrs): print('start', tag, attrs, self.getpos())
            def handle_endtag(self, tag): print('end', tag)
            def handle_data(self, data): print('data', repr(data))
            def handle_comment(self, data): print('comment', data)
            def handle_decl(self, d): print('decl', d)
        p = P(); p.feed('<!DOCTYPE html><a href="x?a=1&amp;b" class=k>T&eacute;xt<br/><!-- c --></a>'); p.feed('<p>un'); p.close()
        """,
    "http.cookies": """
        from http.cookies import SimpleCookie
        c = SimpleCookie('a=1; b="x y"'); c['d'] = 'z'; c['d']['path'] = '/'
        print(c['a'].value, c['b'].value, c.output())
        """,
    "inspect": """
        import inspect
        def f(a, /, b: int = 1, *c, d, e=2, **g) -> str: 'the doc'
        class K:
            'kdoc'
            def m(self, x): pass
            @classmethod
            def c(cls): pass
            @property
            def p(self): pass
        def gen(): yield
        async def co(): pass
        s = inspect.signature(f)
        print(s, list(s.parameters), s.parameters['b'].default, s.parameters['d'].kind, s.return_annotation, s.bind(1, 2, d=3).arguments, inspect.signature(K.m), inspect.signature(K().m))
        print(inspect.getfullargspec(f).args, inspect.isfunction(f), inspect.isclass(K), inspect.ismethod(K().m), inspect.isgeneratorfunction(gen), inspect.iscoroutinefunction(co), inspect.isbuiltin(len), inspect.getdoc(f), inspect.cleandoc(' a\\n   b'))
        print([n for n, v in inspect.getmembers(K, inspect.isfunction)], inspect.getmro(K)[0] is K, inspect.isabstract(K), inspect.isroutine(len), inspect.unwrap(f) is f, inspect.getattr_static(K, 'p') is K.__dict__['p'])
        print(inspect.isgenerator(gen()), inspect.currentframe().f_lineno, inspect.ismodule(inspect), inspect.getmodule(5))
        try: s.bind(1)
        except TypeError as e: print(e)
        """,
    "io": """
        import io
        s = io.StringIO('one\\ntwo\\nthree'); print(s.readline(), s.read(2), s.tell(), s.readlines(), s.seek(0), list(s), s.getvalue(), s.readable(), s.isatty())
        b = io.BytesIO(b'abc'); b.seek(0, 2); b.write(b'def'); b.seek(1); print(b.read(3), b.getvalue(), b.truncate(2), b.getvalue(), b.readinto(bytearray(2)) if 0 else '')
        with io.TextIOWrapper(io.BytesIO(), 'utf-8') as t: t.write('é'); t.flush(); print(t.buffer.getvalue(), t.encoding)
        s = io.StringIO(newline=None); s.write('a\\r\\nb'); print(repr(s.getvalue()), isinstance(s, io.TextIOBase), isinstance(b, io.BufferedIOBase), isinstance(s, io.IOBase), io.SEEK_END)
        class R(io.RawIOBase):
            def readable(self): return True
            def readinto(self, x): x[:1] = b'z' if not self.__dict__.setdefault('n', 0) else b''; self.n += 1; return 1 if self.n == 1 else 0
        print(R().read()); s.close()
        try: s.read()
        except ValueError as e: print(e)
        try: io.StringIO().fileno()
        except io.UnsupportedOperation as e: print(isinstance(e, OSError))
        """,
    "ipaddress": """
        import ipaddress
        n = ipaddress.ip_network('192.168.0.0/29'); a = ipaddress.ip_address('192.168.0.3')
        print(list(n.hosts()), a in n, n.num_addresses, n.netmask, a + 1, int(a), a.is_private, ipaddress.ip_address('::1').exploded, list(n.subnets(new_prefix=30)), n.supernet(), ipaddress.ip_interface('10.0.0.1/8').network, a.reverse_pointer, sorted([a + 1, a]))
        for bad in ('1.2.3', '256.1.1.1', '::g'):
            try: ipaddress.ip_address(bad)
            except ValueError as e: print(e)
        """,
    "itertools": """
        import itertools
        from itertools import *
        print(list(accumulate([1, 2, 3])), list(accumulate([1, 2, 3], max, initial=2)), list(chain('ab', [1])), list(chain.from_iterable(['ab', 'c'])), list(combinations('abc', 2)), list(combinations_with_replacement('ab', 2)), list(permutations('abc', 2)))
        print(list(compress('abc', [1, 0, 1])), list(islice(count(5, 2), 3)), list(islice(cycle('ab'), 5)), list(dropwhile(lambda x: x < 2, [1, 2, 1])), list(takewhile(lambda x: x < 2, [1, 2, 1])), list(filterfalse(None, [0, 1])), [(k, list(g)) for k, g in groupby('aabba')])
        print(list(islice('abcdef', 1, 5, 2)), list(pairwise('abc')), list(product('ab', repeat=2)), list(repeat(1, 2)), list(starmap(pow, [(2, 3)])), [list(t) for t in tee('ab', 3)], list(zip_longest('ab', 'c', fillvalue='-')))
        """,
    "json": """
        import json
        data = {'a': [1, 2.5, None, True, 'é"\\n'], 'b': {'c': {}}, 'big': 10**30}
        print(json.dumps(data), json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False), json.dumps(data, separators=(',', ':')), json.loads(json.dumps(data)) == data)
        print(json.loads('[1e3, -0.0, "\\\\u00e9", NaN, Infinity]'), json.loads('{"a": 1}', object_hook=lambda d: sorted(d.items())), json.loads('{"a": 1.5, "a": 2}', object_pairs_hook=list, parse_float=str, parse_int=lambda s: s + '!'), json.loads(b'[1]'))
        class E(json.JSONEncoder):
            def default(self, o): return sorted(o) if isinstance(o, set) else super().default(o)
        print(json.dumps({1: {2, 3}, None: 1, True: 0}, cls=E), json.dumps(object, default=lambda o: 'odd'), json.dumps((1,)), ''.join(E().iterencode([{1}])), json.dumps({(1,): 1}, skipkeys=True))
        import io
        f = io.StringIO(); json.dump([1], f); f.seek(0); print(json.load(f), json.JSONDecoder().raw_decode('[1] rest'))
        for bad in ('[1,]', '', '{"a" 1}', '"\\n"', '[1', 'nul'):
            try: json.loads(bad)
            except json.JSONDecodeError as e: print(e, e.pos, e.lineno, e.colno, e.msg)
        loop = []; loop.append(loop)
        for bad in (loop, {1, 2}, float('nan')):
            try: json.dumps(bad, allow_nan=False)
            except (ValueError, TypeError) as e: print(type(e).__name__, str(e)[:28])
        """,
    "keyword": """
        import keyword
        print(keyword.iskeyword('def'), keyword.iskeyword('x'), keyword.issoftkeyword('match'), len(keyword.kwlist), keyword.softkwlist)
        """,
    "linecache": """
        import linecache
        print(repr(linecache.getline('nothing.py', 1)), linecache.getlines('nothing.py')); linecache.checkcache(); linecache.clearcache()
        """,
    "locale": """
        import locale
        print(locale.localeconv()['decimal_point'], locale.format_string('%.2f', 1.5), locale.atof('1.5'), locale.normalize('de'), locale.str(1.5), locale.strcoll('a', 'b') < 0, locale.strxfrm('a') == 'a', locale.delocalize('1.5'))
        """,
    "logging": """
        import logging, io, sys
        out = io.StringIO()
        log = logging.getLogger('app.part'); log.setLevel(logging.DEBUG); log.propagate = False
        h = logging.StreamHandler(out); h.setFormatter(logging.Formatter('%(levelname)s:%(name)s:%(message)s')); log.addHandler(h)
        class F(logging.Filter):
            def filter(self, record): return 'skip' not in record.getMessage()
        log.addFilter(F())
        log.debug('a %s %d', 'b', 1); log.info('skip this'); log.warning('%(x)s', {'x': 5}); log.error('braces {}'); log.log(35, 'odd')
        try: 1 / 0
        except ZeroDivisionError: log.exception('failed')
        text = out.getvalue()
        print(text.partition('Traceback')[0], 'ZeroDivisionError: division by zero' in text, sorted(n for n in vars(logging) if n.startswith('get')), logging.getLevelName(20), logging.getLogger('app.part') is log, log.isEnabledFor(10), log.getEffectiveLevel(), log.parent.name)
        log.removeHandler(h)
        print(logging.Formatter('{levelname:>8} {message}', style='{').format(logging.LogRecord('n', 20, 'p', 1, 'm %s', ('x',), None)))
        """,
    "math": """
        import math
        print(math.factorial(20), math.gcd(12, 18, 8), math.lcm(4, 6), math.isqrt(99), math.comb(10, 3), math.perm(5, 2), math.prod([1, 2, 3]), math.fsum([.1] * 10), math.hypot(3, 4), math.dist((0, 0), (3, 4)))
        print([getattr(math, n)(0.5) for n in 'acos asin atan ceil cos cosh degrees erf erfc exp expm1 fabs floor gamma lgamma log log10 log1p log2 radians sin sinh sqrt tan tanh trunc ulp cbrt exp2'.split()])
        print(math.copysign(1, -0.0), math.frexp(8), math.ldexp(1, 3), math.modf(1.5), math.fmod(7, 3), math.remainder(7, 4), math.isclose(1, 1 + 1e-10), math.isnan(math.nan), math.inf, math.nextafter(1, 2), math.pi, math.tau, math.e, math.pow(2, 3), math.atan2(1, 2), math.log(8, 2))
        class C:
            def __ceil__(self): return 'c'
            def __floor__(self): return 'f'
            def __trunc__(self): return 't'
        print(math.ceil(C()), math.floor(C()), math.trunc(C()))
        for bad in (lambda: math.sqrt(-1), lambda: math.factorial(-1), lambda: math.exp(1000), lambda: math.sqrt('a')):
            try: bad()
            except (ValueError, OverflowError, TypeError) as e: print(type(e).__name__, e)
        """,
    "numbers": """
        import numbers
        class N(numbers.Number): pass
        print([isinstance(x, numbers.Integral) for x in (1, 1.0, True, 1j)], isinstance(1.5, numbers.Real), isinstance(1j, numbers.Complex), isinstance(N(), numbers.Number), issubclass(int, numbers.Rational))
        from fractions import Fraction; from decimal import Decimal
        print(isinstance(Fraction(1, 2), numbers.Rational), isinstance(Decimal(1), numbers.Number), isinstance(Decimal(1), numbers.Real))
        """,
    "operator": """
        import operator as o
        class K: a = 1; b = type('L', (), {'c': 2})()
        print(o.add(1, 2), o.itemgetter(1)('abc'), o.itemgetter(0, 2)('abc'), o.attrgetter('a')(K()), o.attrgetter('a', 'b.c')(K), o.methodcaller('split', ',')('a,b'), o.not_(0), o.contains([1], 1), o.countOf([1, 1], 1), o.indexOf('abc', 'b'), o.truth([]), o.index(True), o.length_hint([1]))
        xs = [1]; o.setitem(xs, 0, 5); o.iadd(xs, [6]); o.delitem(xs, 0); print(xs, o.getitem({'a': 1}, 'a'), o.concat('a', 'b'), o.mul('a', 3), o.neg(1), o.inv(1), o.lshift(1, 3), o.matmul.__name__, o.is_(xs, xs), o.le(1, 2), o.pow(2, 3), o.xor(5, 1), o.abs(-1), o.mod('%s', 1))
        print(repr(o.itemgetter(1)), repr(o.attrgetter('a.b')), repr(o.methodcaller('f', 1, k=2)), o.call(len, 'ab'))
        """,
    "optparse": """
        import optparse
        p = optparse.OptionParser(prog='t'); p.add_option('-f', '--file', dest='f', default='d'); p.add_option('-v', action='count')
        o, a = p.parse_args(['-f', 'x', '-vv', 'rest']); print(o.f, o.v, a)
        """,
    "os": """
        import os
        print(os.sep, os.linesep, os.name, os.curdir, os.fspath('a'), os.path.join('a', 'b'), os.O_RDONLY, issubclass(os.PathLike, object), os.fsencode('a'), os.fsdecode(b'a'), os.pathsep, os.error is OSError)
        class P:
            def __fspath__(self): return 'p/q'
        print(os.fspath(P()), isinstance(P(), os.PathLike), os.path.basename(P()))
        """,
    "os.path": """
        import os.path as p
        print(p.join('a', '/b', 'c'), p.split('/a/b.c'), p.splitext('x.tar.gz'), p.basename('/a/'), p.dirname('/a/b'), p.normpath('/a/./b/../c//d'), p.isabs('/a'), p.commonpath(['/a/b', '/a/c']), p.relpath('/a/b', '/a/c'), p.splitdrive('c:/x'), p.normcase('A'), p.sep)
        """,
    "pathlib": """
        from pathlib import *
        a = PurePosixPath('/x/y/z.tar.gz')
        print(a.name, a.stem, a.suffix, a.suffixes, a.parent, list(a.parents), a.parts, a.with_suffix('.txt'), a.with_name('q'), a / 'k', a.relative_to('/x'), a.is_absolute(), a.match('*.gz'), a.as_posix(), a.joinpath('1', '2'), 'r' / PurePosixPath('s'), a == PurePosixPath('/x/y/z.tar.gz'), repr(a), str(a), a.is_relative_to('/x'), a.with_stem('w'), a.anchor)
        w = PureWindowsPath('C:\\\\a\\\\b.txt'); print(w.drive, w.root, w.as_posix(), w.parts, w == PureWindowsPath('c:/A/B.TXT'), w.suffix)
        print(Path('a') / 'b', isinstance(Path('a'), PurePath), sorted([PurePath('b'), PurePath('a')]), {PurePath('a'): 1}[PurePath('a')])
        try: a.relative_to('/q')
        except ValueError as e: print(type(e).__name__)
        """,
    "pprint": """
        import pprint
        data = {'key': ['a' * 30, 'b' * 30, {'n': list(range(12))}], 'z': (1,), 'a': {3, 1, 2}}
        pprint.pprint(data); pprint.pprint(data, width=30, depth=2, compact=True, sort_dicts=False); pprint.pp({'b': 1, 'a': 2})
        loop = [1]; loop.append(loop); print(pprint.pformat(['word ' * 20], width=40), pprint.isreadable(data), pprint.isrecursive(loop), pprint.saferepr({2: 1, 1: 2}), pprint.pformat('a b ' * 30))
        from collections import OrderedDict, Counter, deque
        pprint.pprint([OrderedDict(a='x' * 40, b='y' * 40), Counter('aab'), deque([1, 2])])
        """,
    "queue": """
        import queue
        q = queue.Queue(2); q.put(1); q.put_nowait(2); print(q.full(), q.get(), q.qsize(), q.get_nowait(), q.empty())
        try: q.get_nowait()
        except queue.Empty: print('empty')
        p = queue.PriorityQueue(); [p.put(x) for x in (3, 1, 2)]; l = queue.LifoQueue(); [l.put(x) for x in 'ab']; s = queue.SimpleQueue(); s.put(1); print([p.get() for _ in range(3)], l.get(), s.get())
        """,
    "quopri": """
        import quopri
        print(quopri.encodestring('é = x'.encode()), quopri.decodestring(b'=C3=A9 =3D x').decode(), quopri.encodestring(b'a b', quotetabs=True))
        """,
    "random": """
        import random
        r = random.Random(42)
        print(r.random(), r.randint(1, 6), r.choice('abc'), r.sample(range(100), 5), r.uniform(1, 2), r.gauss(0, 1), r.shuffle(x := list(range(8))), x, r.choices('ab', [1, 9], k=5), r.randrange(0, 100, 7), r.getrandbits(70), r.betavariate(1, 2), r.expovariate(1), r.triangular(), r.randbytes(4), r.normalvariate(0, 1), r.vonmisesvariate(0, 1), r.paretovariate(1))
        state = r.getstate(); a = r.random(); r.setstate(state); print(a == r.random(), random.Random('text').random(), random.Random(2.5).random(), random.Random(b'b').random())
        class Mine(random.Random):
            def random(self): return 0.5
        print(Mine().randint(1, 10) if 0 else Mine().uniform(0, 4), Mine().choice('abcd'))
        """,
    "re": r"""
        import re
        print(re.findall(r'(\w)(\d)', 'a1 b2'), re.sub(r'(?P<x>a)', r'<\g<x>\1>', 'banana', count=2), re.split(r'[,;]\s*', 'a, b;c'), re.match('a|b', 'b').span(), re.fullmatch('a+', 'aab'), re.search('(?i)X(?=y)', 'axy').start(), re.escape('a.b*'), re.subn('a', 'b', 'aa'))
        m = re.match(r'(?P<year>\d{4})-(?P<m>\d\d)?', '2024-'); print(m.groups('z'), m.groupdict(), m['year'], m.start('m'), m.end(), m.lastgroup, m.re.groupindex, m.expand(r'\1!'), m.string, repr(m), bool(m), m.regs)
        p = re.compile(r'''(?x) \b (a|b)+? \b # comment''', re.M | re.I); print(p.flags, p.groups, p.pattern, [x.group() for x in p.finditer('A b ab')], p.search('xx ab', 2), p == re.compile(p.pattern, re.M | re.I), p.sub(lambda m: m[0].upper(), 'a b c'), repr(re.compile('a', re.S)))
        print(re.findall(b'[a-c]', b'abd'), re.sub('', '-', 'ab'), re.findall('(?<!a)b', 'ab bb'), re.match('(a)?(?(1)b|c)', 'c'), re.findall(r'^.$', 'a\nb', re.M), re.findall(r'\bé\w', 'éa'), re.ASCII | re.DOTALL, re.findall('(?s:.)', '\n'), re.sub('(a)(b)?', r'\2\1', 'a'), re.findall('a{2,3}?', 'aaaa'), re.match(r'(?>a*)a', 'aaa'), re.findall('a++', 'aab'))
        for bad in ('(', '[a', '*', '(?P<a>x)(?P<a>y)', '(?<=a*)', r'\g', 'a{3,1}', '(?z)'):
            try: re.compile(bad)
            except re.error as e: print(e, e.pos)
        """,
    "reprlib": """
        import reprlib
        class R:
            @reprlib.recursive_repr('...')
            def __repr__(self): return f'<{self.x}>'
        r = R(); r.x = [r]; print(r, reprlib.repr(list(range(100))), reprlib.repr('x' * 100), reprlib.repr({1: {2: {3: {4: {5: {6: {7: 8}}}}}}}), reprlib.Repr().repr_int(10**50, 1))
        """,
    "sched": """
        import sched
        log, now = [], [0]
        def wait(n): now[0] += n
        s = sched.scheduler(lambda: now[0], wait); s.enter(5, 1, log.append, 'b'); s.enter(2, 1, log.append, argument=('a',)); s.enterabs(5, 0, log.append, 'c')
        e = s.enter(9, 1, log.append, 'z'); s.cancel(e); print(len(s.queue)); s.run(); print(log, now, s.empty())
        """,
    "shlex": """
        import shlex
        print(shlex.split('a "b c" d\\\\ e # no', comments=True), shlex.quote("it's"), shlex.join(['a b', 'c']), list(shlex.shlex('a=1;b', punctuation_chars=True)))
        try: shlex.split('"open')
        except ValueError as e: print(e)
        """,
    "stat": """
        import stat
        print(stat.filemode(0o100755), stat.S_ISDIR(0o040000), oct(stat.S_IMODE(0o100644)), stat.S_IRUSR)
        """,
    "statistics": """
        import statistics as s
        from fractions import Fraction; from decimal import Decimal
        xs = [1, 2, 2, 3.5, 9]
        print(s.mean(xs), s.median(xs), s.mode(xs), s.multimode('aabb'), s.stdev(xs), s.pvariance(xs), s.quantiles(xs), s.geometric_mean(xs), s.harmonic_mean(xs), s.fmean(xs), s.median_low(xs), s.mean([Fraction(1, 2), 1]), s.mean([Decimal('1.5'), 2]), s.correlation([1, 2, 3], [2, 4, 7]), s.linear_regression([1, 2, 3], [2, 4, 6]), s.covariance([1, 2], [3, 5]), s.median_grouped(xs))
        n = s.NormalDist(100, 15); print(n.cdf(115), n.pdf(100), n.inv_cdf(0.5), n + 5, s.NormalDist.from_samples([1, 2, 3]), n.overlap(s.NormalDist(110, 15)), n.samples(2, seed=1))
        try: s.mean([])
        except s.StatisticsError as e: print(e)
        """,
    "string": """
        import string
        print(string.ascii_letters, string.digits, string.punctuation, repr(string.whitespace), string.capwords('a b'), string.Template('$a ${b}s $$').substitute(a=1, b='x'), string.Template('$a $z').safe_substitute(a=1))
        f = string.Formatter(); print(f.format('{0} {x!r:>5} {0[1]} {y.real}', [1, 2], x='q', y=5), list(f.parse('a{b!r:c}d')), f.vformat('{}', (1,), {}))
        class Mine(string.Formatter):
            def get_value(self, key, args, kwargs): return f'<{key}>'
            def convert_field(self, value, c): return value.upper() if c == 'u' else super().convert_field(value, c)
        print(Mine().format('{a} {b!u}'))
        class T(string.Template): delimiter = '%'; idpattern = '[a-z]+'
        print(T('%ab %%').substitute(ab=3))
        try: string.Template('$').substitute()
        except ValueError as e: print(e)
        """,
    "stringprep": """
        import stringprep
        print(stringprep.in_table_a1('\\u0221'), stringprep.map_table_b2('A'), stringprep.in_table_c12('\\u00a0'))
        """,
    "struct": """
        import struct
        print(struct.pack('>I2sh?', 1, b'ab', -2, True), struct.unpack('<Hb', b'\\1\\0\\xff'), struct.calcsize('qi'), list(struct.iter_unpack('B', b'abc')), struct.unpack_from('>H', b'\\0\\0\\1\\2', 2))
        s = struct.Struct('<d'); b = bytearray(8); s.pack_into(b, 0, 1.5); print(s.size, s.format, s.unpack(b), bytes(b), struct.pack('e', 0.5))
        for bad in (lambda: struct.pack('B', 300), lambda: struct.unpack('I', b'a'), lambda: struct.calcsize('z')):
            try: bad()
            except struct.error as e: print(e)
        """,
    "sys": """
        import sys
        print(sys.version_info[:2], sys.maxsize, sys.byteorder, sys.float_info.max, sys.int_info.bits_per_digit, sys.maxunicode, sys.implementation.name, sys.hexversion == sys.hexversion, sys.getdefaultencoding(), sys.platform, sys.flags.optimize, 'json' in sys.stdlib_module_names)
        print(sys.intern('ab') == 'ab', sys.getrecursionlimit() > 50, sys.getsizeof([]) > 0, sys.stdout.write('x\\n'), sys.exc_info())
        try: 1 / 0
        except ZeroDivisionError as e: print(sys.exc_info()[0] is ZeroDivisionError, sys.exc_info()[1] is e)
        def f(): return sys._getframe().f_code.co_name
        print(f())
        try: sys.exit(3)
        except SystemExit as e: print(e.code)
        """,
    "textwrap": """
        import textwrap
        text = 'The quick brown fox jumps over the lazy dog. ' * 3
        print(textwrap.fill(text, 30), textwrap.wrap(text, 40, initial_indent='* ', subsequent_indent='  '), textwrap.shorten(text, 25), textwrap.dedent('  a\\n    b\\n'), textwrap.indent('a\\n\\nb', '> '), textwrap.TextWrapper(width=10, max_lines=2, placeholder=' ~').wrap(text), textwrap.wrap('abcdefghij', 4), textwrap.wrap('a-b-c', 3, break_on_hyphens=False))
        """,
    "threading": """
        import threading
        lock, rlock, event, local = threading.Lock(), threading.RLock(), threading.Event(), threading.local()
        with lock: print(lock.locked(), lock.acquire(blocking=False))
        with rlock, rlock: print('twice')
        event.set(); local.x = 1; print(event.is_set(), event.wait(0), local.x, threading.current_thread().name, threading.main_thread() is threading.current_thread(), threading.active_count() >= 1, threading.Semaphore(1).acquire(), threading.Thread(target=print).is_alive())
        """,
    "time": """
        import time
        t = time.gmtime(86400 * 366)
        print(t.tm_year, t[:6], time.strftime('%Y-%m-%d %H:%M', t), time.asctime(t), time.strptime('02 Jan 2020', '%d %b %Y').tm_yday, time.struct_time(range(9)), time.strftime('%a %b', time.struct_time((2020, 1, 1, 0, 0, 0, 2, 1, 0))))
        """,
    "token": """
        import token
        print(token.NAME, token.tok_name[token.OP], token.ISTERMINAL(1), token.EXACT_TOKEN_TYPES['+'] == token.PLUS)
        """,
    "tokenize": """
        import io, tokenize
        for t in tokenize.generate_tokens(io.StringIO('def f(a):\\n    return a + 1  # c\\n').readline): print(tokenize.tok_name[t.type], repr(t.string), t.start, t.end)
        print(tokenize.untokenize([(1, 'x'), (54, '='), (2, '1')]), tokenize.detect_encoding(io.BytesIO(b'# coding: latin-1\\n').readline))
        """,
    "tomllib": """
        import tomllib
        print(tomllib.loads('title = "x"\\n[a.b]\\nn = 1_000\\nf = 1.5\\nd = 2020-01-02T03:04:05Z\\nt = [1, [true]]\\ni = {k = "v"}\\n[[list]]\\nm = \\'lit\\'\\n[[list]]\\nh = 0xff\\nml = \"\"\"a\\\\nb\"\"\"', parse_float=str))
        for bad in ('a = ', 'a = 1\\na = 2', '[a', 'a = "x'):
            try: tomllib.loads(bad)
            except tomllib.TOMLDecodeError as e: print(str(e).partition(' (')[0])
        """,
    "traceback": """
        import traceback, sys, io
        def f(): raise ValueError('bad')
        try: f()
        except ValueError as e:
            error = e
        print(traceback.format_exception_only(type(error), error), [x.name for x in traceback.extract_tb(error.__traceback__)], traceback.TracebackException.from_exception(error).stack[0].name)
        text = ''.join(traceback.format_exception(error)); print(text.startswith('Traceback (most recent call last):'), text.endswith('ValueError: bad\\n'))
        try:
            try: f()
            except ValueError as e: raise KeyError('k') from e
        except KeyError as e: print('direct cause' in ''.join(traceback.format_exception(e)))
        out = io.StringIO()
        try: f()
        except ValueError: traceback.print_exc(file=out)
        print(out.getvalue().count('line'), traceback.format_list([('file', 3, 'name', 'code')]), traceback.FrameSummary('a', 1, 'b', line='c').line)
        """,
    "types": """
        import types
        def f(): pass
        def g(): yield
        ns = types.SimpleNamespace(a=1, b=[2]); ns.c = 3
        print(ns, ns == types.SimpleNamespace(a=1, b=[2], c=3), isinstance(f, types.FunctionType), isinstance(len, types.BuiltinFunctionType), isinstance(g(), types.GeneratorType), isinstance(types, types.ModuleType), isinstance(None, types.NoneType), isinstance(int | str, types.UnionType), isinstance(list[int], types.GenericAlias))
        m = types.MappingProxyType({'a': 1}); print(m['a'], dict(m), len(m), 'a' in m, m | {'b': 2})
        K = types.new_class('K', (dict,), {}, lambda ns: ns.update(x=5)); print(K.x, K.__mro__[1], types.resolve_bases((int,)), types.prepare_class('A')[0] is type, types.MethodType(lambda s: s, 5)())
        class D:
            @types.DynamicClassAttribute
            def p(self): return 1
        mod = types.ModuleType('made', 'doc'); mod.x = 1; print(D().p, mod.__name__, mod.__doc__, mod.x, isinstance(K.__dict__, types.MappingProxyType))
        try: m['b'] = 1
        except TypeError as e: print('item assignment' in str(e))
        """,
    "typing": """
        import typing
        from typing import *
        T = TypeVar('T'); S = TypeVar('S', bound=int); P = ParamSpec('P')
        class Box(Generic[T]):
            def __init__(self, x: T): self.x = x
        class N(NamedTuple):
            a: int
            b: str = 'x'
        class D(TypedDict, total=False):
            k: Required[int]
            o: str
        @runtime_checkable
        class Proto(Protocol):
            def close(self) -> None: ...
        class Closer:
            def close(self): pass
        def f(a: 'int', b: Optional[str] = None, *c: List[int]) -> Dict[str, 'str']: pass
        print(N(1), N(1)._replace(a=2), N.__annotations__ == {'a': int, 'b': str}, D(k=1), sorted(D.__required_keys__), isinstance(Closer(), Proto), isinstance(5, Proto), Box[int], Box[int](5).x, Box[T][str], Box.__parameters__)
        print(Optional[int], Union[int, str, int], Callable[[int], str], Tuple[int, ...], Literal['a', 1], List[Dict[str, Any]], Annotated[int, 'm'].__metadata__, Type[int], ClassVar[int], Final[int], get_origin(List[int]), get_args(Dict[int, str]), get_type_hints(f)['a'], cast(int, 'x'), NewType('Id', int)(5))
        @overload
        def g(x: int) -> int: ...
        @overload
        def g(x: str) -> str: ...
        def g(x): return x
        @final
        class Z: pass
        print(g(1), len(get_overloads(g)), Z.__final__, is_typeddict(D), repr(T), S.__bound__, Concatenate[int, P], TypeAlias, assert_type(1, int), reveal_type.__name__, typing.TYPE_CHECKING, Union[int, None] == Optional[int], NoReturn, Self, isinstance([], Sequence))
        for bad in (lambda: Union[()], lambda: Box[int, str], lambda: List[1], lambda: isinstance(1, List[int]), lambda: Generic(), lambda: assert_never(1)):
            try: bad()
            except (TypeError, AssertionError) as e: print(type(e).__name__)
        """,
    "unicodedata": """
        import unicodedata as u
        print(u.name('é'), u.lookup('EURO SIGN'), u.category('A'), u.normalize('NFD', 'é').encode(), u.normalize('NFKC', 'ﬁ'), u.bidirectional('a'), u.combining('\\u0301'), u.decimal('5'), u.numeric('½'), u.digit('²'), u.east_asian_width('字'), u.mirrored('('), u.decomposition('é'), u.is_normalized('NFC', 'é'), u.unidata_version, u.name('\\0', 'none'))
        try: u.lookup('NOTHING')
        except KeyError as e: print(e)
        """,
    "unittest": """
        import unittest, io
        class T(unittest.TestCase):
            def setUp(self): self.x = 1
            def test_ok(self): self.assertEqual(self.x, 1); self.assertRaises(ZeroDivisionError, lambda: 1 / 0); self.assertIn(1, [1]); self.assertAlmostEqual(.1 + .2, .3)
            def test_bad(self): self.assertEqual([1, 2], [1, 3])
            def test_error(self): 1 / 0
            @unittest.skip('why')
            def test_skip(self): pass
            @unittest.expectedFailure
            def test_expected(self): self.fail()
            def test_sub(self):
                for i in range(3):
                    with self.subTest(i=i): self.assertNotEqual(i, 1)
        r = unittest.TestResult(); unittest.defaultTestLoader.loadTestsFromTestCase(T).run(r)
        print(r.testsRun, len(r.failures), len(r.errors), r.skipped[0][1], len(r.expectedFailures), r.wasSuccessful(), unittest.defaultTestLoader.getTestCaseNames(T))
        """,
    "unittest.mock": """
        from unittest.mock import Mock, MagicMock, patch, call, sentinel, ANY, AsyncMock, mock_open, create_autospec
        m = Mock(return_value=5); m.a.b(1, k=2); print(m(3), m.called, m.call_args, m.a.b.call_args_list == [call(1, k=2)], m.mock_calls == [call.a.b(1, k=2), call(3)])
        g = MagicMock(); g.__len__.return_value = 7; g['x'].y = 1; print(len(g), ANY == 5, sentinel.s is sentinel.s)
        class K:
            def f(self): return 'real'
        with patch.object(K, 'f', return_value='fake'): print(K().f())
        s = Mock(side_effect=[1, ValueError('v')]); print(K().f(), s())
        try: s()
        except ValueError as e: print(e)
        try: m.assert_called_once_with(4)
        except AssertionError: print('asserted')
        try: Mock(spec=K).nothing
        except AttributeError as e: print(e)
        a = AsyncMock(return_value=3)
        try: a().send(None)
        except StopIteration as e: print(e.value)
        with patch.dict('os.environ', {'only': 'here'}): import os; print(os.environ['only'])
        with patch('io.open', mock_open(read_data='abc')): import io; print(io.open('f').read())
        with patch('json.loads', return_value=5): import json; print(json.loads('1'))
        print(create_autospec(lambda a, b=1: 0, return_value=2)(1), 'only' in os.environ)
        """,
    "urllib.parse": """
        from urllib.parse import *
        u = urlparse('http://u:p@host:80/p/a;x?q=1&q=2#f'); print(u, u.hostname, u.port, u.username, u.geturl(), parse_qs(u.query), parse_qsl('a=1&b='), urlencode({'a': 'b c', 'd': [1, 2]}, doseq=True), quote('a b/é'), unquote('a%20b'), quote_plus('a b&'), unquote_plus('a+b'), urljoin('http://a/b/c', '../d'), urlsplit('//x/y').netloc, urldefrag('a#b'), urlunsplit(('s', 'n', 'p', 'q', '')), quote_from_bytes(b'\\xff'))
        try: urlparse('http://h:99999').port
        except ValueError as e: print(e)
        """,
    "urllib.error": """
        import urllib.error
        print(issubclass(urllib.error.URLError, OSError), urllib.error.URLError('why').reason)
        """,
    "uuid": """
        import uuid
        u = uuid.uuid5(uuid.NAMESPACE_DNS, 'python.org'); print(u, u.version, u.hex, u.int, u.bytes[:3], u.fields, u.urn, uuid.uuid3(uuid.NAMESPACE_URL, 'x'), uuid.UUID(int=5), uuid.UUID('{12345678-1234-5678-1234-567812345678}'), u == uuid.UUID(str(u)), u.variant, sorted([u, uuid.UUID(int=1)]), uuid.UUID(bytes=b'a' * 16))
        try: uuid.UUID('x')
        except ValueError as e: print(e)
        """,
    "warnings": """
        import warnings
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter('always'); warnings.warn('one'); warnings.warn('two', DeprecationWarning); warnings.warn_explicit('three', UserWarning, 'f', 3)
        print([(str(w.message), w.category.__name__) for w in heard])
        with warnings.catch_warnings():
            warnings.simplefilter('error')
            try: warnings.warn('loud')
            except UserWarning as e: print(e)
        with warnings.catch_warnings():
            warnings.filterwarnings('ignore', 'quiet.*'); warnings.warn('quiet please')
        print(warnings.formatwarning('m', UserWarning, 'f', 1, 'line'))
        """,
    "weakref": """
        import weakref
        class K:
            def f(self): return 'f'
        k = K(); r = weakref.ref(k); log = []
        q = weakref.ref(k, lambda ref: log.append('gone')); p = weakref.proxy(k); d = weakref.WeakValueDictionary(a=k); s = weakref.WeakSet([k]); w = weakref.WeakKeyDictionary({k: 1}); m = weakref.WeakMethod(k.f); fin = weakref.finalize(k, log.append, 'finalized')
        print(r() is k, p.f(), d['a'] is k, k in s, w[k], m()(), fin.alive, weakref.getweakrefcount(k) > 2)
        del k; print(r(), sorted(log), len(d), len(s), len(w), m(), fin.alive)
        try: p.f()
        except ReferenceError as e: print(e)
        """,
    "zlib": """
        import zlib
        data = b'abc' * 500; c = zlib.compress(data, 9); print(len(c) < 50, zlib.decompress(c) == data, zlib.crc32(b'abc'), zlib.adler32(b'abc', 2), zlib.decompress(zlib.compress(b'')))
        try: zlib.decompress(b'nothing')
        except zlib.error as e: print(str(e)[:9])
        o = zlib.compressobj(); p = o.compress(data) + o.flush(); d = zlib.decompressobj()
        print(d.decompress(p, 10), d.eof, d.flush() == data[10:], d.eof, zlib.decompressobj().decompress(p) == data)
        for wrong in (0, -1):
            try: zlib.decompressobj().flush(wrong)
            except ValueError as e: print(e)
        """,
    "zoneinfo": """
        import zoneinfo
        print(issubclass(zoneinfo.ZoneInfoNotFoundError, KeyError))
        """,
    "ast": """
        import ast
        print(ast.literal_eval('[1, (2.5, None), {"a": b"x"}, {1}, -3, 1+2j]'))
        for bad in ('f()', '__import__("os")', '1 + 1', 'x', '[1', ''):
            try: ast.literal_eval(bad)
            except (ValueError, SyntaxError) as e: print(type(e).__name__)
        """,
    "ast trees": """
        import ast, copy
        source = 'class K(B, m=M):\\n x: int = 1\\n async def f(s, *a, k=2): return [x async for x in s if x], f"{a!r:>{k}}"\\n'
        tree = ast.parse(source)
        print(ast.dump(tree, include_attributes=True) == ast.dump(copy.deepcopy(tree), include_attributes=True))
        print(ast.unparse(tree), [type(n).__name__ for n in ast.walk(tree)])
        class Swap(ast.NodeTransformer):
            def visit_Add(self, node): return ast.Mult()
        swapped = ast.fix_missing_locations(Swap().visit(ast.parse('3 + 4', mode='eval')))
        print(eval(compile(swapped, '', 'eval')), ast.literal_eval(ast.parse('[1, -2]', mode='eval')))
        names = {}
        made = ast.Module([ast.Assign([ast.Name('n', ast.Store())], ast.Constant(5))], [])
        exec(compile(ast.fix_missing_locations(made), '', 'exec'), names)
        print(names['n'], tree.body[0].end_lineno, ast.get_source_segment(source, tree.body[0].body[0]))
        for bad in (lambda: ast.parse('1 +'), lambda: compile(ast.Expression(ast.Constant(1)), '', 'exec'), lambda: ast.Name(1, 2, 3)):
            try: bad()
            except (SyntaxError, TypeError) as e: print(type(e).__name__)
        """,
    "ast nodes": """
        import ast, warnings
        class K(ast.Name): pass
        class More(ast.Name): _fields = ('id', 'more')
        class Plain(ast.AST): _fields = ('a',)
        class Typed(ast.AST): _fields = ('a', 'b', 'c'); _field_types = {'a': list[int], 'b': int | None, 'c': ast.expr_context}
        for make in (lambda: ast.Name(), lambda: ast.Name('x'), lambda: ast.Name('x', foo=1), lambda: ast.FunctionDef('x'), lambda: K(), lambda: K('x', foo=1), lambda: More('x'), lambda: Plain(), lambda: Typed(), lambda: ast.Lambda(), lambda: ast.AST(), lambda: ast.expr(), lambda: ast.Name('a', id='b'), lambda: ast.Pass(1), lambda: ast.Dict(), lambda: ast.IfExp(), lambda: ast.Name(1, 2, 3)):
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter('always')
                try: print([(n, type(v).__name__) for n, v in sorted(vars(make()).items())])
                except (TypeError, AttributeError) as e: print(type(e).__name__, e)
                print(sorted(str(w.message) for w in told))
        for kind in (ast.AST, ast.expr, ast.Name, ast.FunctionDef, ast.Constant, ast.Global):
            print(getattr(kind, '_field_types', None))
        """,
    "cmd": """
        import cmd, io
        class C(cmd.Cmd):
            prompt = '> '
            def do_greet(self, line): self.stdout.write(f'hi {line}\\n')
            def do_quit(self, line): return True
        c = C(stdout=io.StringIO()); print(c.onecmd('greet you'), c.onecmd('quit'), repr(c.stdout.getvalue()), c.parseline('a b c'), c.completenames('gr'))
        """,
    "copyreg": """
        import copyreg, copy
        class K:
            def __init__(self, x): self.x = x
        copyreg.pickle(K, lambda k: (K, (k.x + 1,))); print(copy.copy(K(1)).x); del copyreg.dispatch_table[K]
        """,
    "genericpath": """
        import genericpath, os.path, warnings
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', DeprecationWarning)  # of 3.15
            print(genericpath.commonprefix(['ab', 'ac']), os.path.commonprefix(['abc', 'abd']))
        """,
    "ntpath": """
        import ntpath
        print(ntpath.join('c:\\\\a', 'b'), ntpath.splitdrive('c:\\\\x'), ntpath.normpath('a/../b'), ntpath.isabs('c:\\\\'))
        """,
    "wsgiref.headers": """
        from wsgiref.headers import Headers
        h = Headers([('A', '1')]); h.add_header('B', 'x', filename='y z'); h['A'] = '2'; print(h.items(), h.get('a'), str(h))
        """,
    "importlib": """
        import importlib, importlib.util
        m = importlib.import_module('json.decoder'); print(m.__name__, importlib.util.resolve_name('.a', 'p'), importlib.util.find_spec('no_such_module_here'), importlib.import_module('.parse', 'urllib').quote(' '), importlib.util.find_spec('json') is not None)
        try: importlib.import_module('.x')
        except TypeError as e: print('package' in str(e))
        """,
    "platform": """
        import platform
        print(platform.python_implementation(), platform.python_version_tuple()[0], platform.python_version().split('.')[0])
        """,
    "sysconfig": """
        import sysconfig
        print(sysconfig.get_python_version() == '.'.join(map(str, __import__('sys').version_info[:2])))
        """,
    "__future__": """
        import __future__
        print(__future__.annotations.getOptionalRelease()[:2], len(__future__.all_feature_names) > 5)
        """,
}  # fmt: skip
assert len(PROGRAMS) >= 60


@pytest.mark.parametrize("module", PROGRAMS)
def test_a_module_does_what_it_does_under_cpython(module: str) -> None:
    source = textwrap.dedent(PROGRAMS[module])
    expected = native(source)
    assert expected.error is None, expected.error
    assert expected.output
    found = guest(source)
    assert found.error is None, found.error
    assert found.output.splitlines() == expected.output.splitlines()


#: What a program asks, and the answer of plain CPython, where running it beside tells nothing: it looks
#: itself up as `__main__`, which is another program there, or says what differs between versions.
ANSWERS: dict[str, tuple[str, Any]] = {
    "annotations of dataclasses as text": (
        """
        from __future__ import annotations
        import dataclasses, typing
        @dataclasses.dataclass
        class P:
            x: int
            n: typing.ClassVar[int] = 4
            i: dataclasses.InitVar[int] = 5
            q: Own = None
        class Own: pass
        r = [f.name for f in dataclasses.fields(P)]
        """,
        ["x", "q"],
    ),
    "hints of a class as text": (
        "import typing\nclass T: pass\nclass C:\n    x: 'T'\n    y: 'list[int]'\nh = typing.get_type_hints(C)\nr = h['x'] is T, h['y'] == list[int]",
        (True, True),
    ),
    "hints of a function as text": (
        "import typing\nclass T: pass\ndef f(x: 'T') -> 'T': pass\nh = typing.get_type_hints(f)\nr = h['x'] is h['return'] is T",
        True,
    ),
    "singledispatch by annotations as text": (
        """
        from __future__ import annotations
        import functools
        class T: pass
        @functools.singledispatch
        def f(x): return 'any'
        @f.register
        def _(x: T): return 'T'
        r = f(T()), f(1)
        """,
        ("T", "any"),
    ),
    "signatures with annotations as text": (
        "import inspect\nclass T: pass\ndef f(x: 'T'): pass\nr = inspect.signature(f, eval_str=True).parameters['x'].annotation is T",
        True,
    ),
    "the main program is a module": ("import sys\nx = 5\nr = sys.modules['__main__'].x", 5),
    "a signature of a class without __init__": ("import inspect\nclass K: pass\nr = str(inspect.signature(K))", "()"),
    "the state of a generator": ("import inspect\nr = inspect.getgeneratorstate(i for i in 'a')", "GEN_CREATED"),
    "the function of a partial": ("import functools\nr = functools.partial(int, base=2).func is int, repr(functools.partial(len))",
                                  (True, "functools.partial(<built-in function len>)")),
    "a key derived from a password": (
        "import hashlib\nr = hashlib.pbkdf2_hmac('sha256', b'pw', b'salt', 3).hex()",
        "3c671234e386cb307220d70ee15c4985160b8a8dba62f247001b07974ad52ed1",
    ),
    "a decimal of many digits": ("import decimal\nr = decimal.getcontext().prec, decimal.MAX_PREC >= 100_000", (28, True)),
    "paths that nobody can look at": ("import os.path\nr = os.path.exists('/etc'), os.path.isdir('/'), os.path.abspath('a')", (False, False, "/a")),
    "the end of the process": ("import weakref\nclass K: pass\nk = K()\nf = weakref.finalize(k, print, 'never')\nr = f.alive, f.atexit", (True, True)),
}  # fmt: skip


@pytest.mark.parametrize("question", ANSWERS)
def test_a_question_has_the_answer_of_cpython(question: str, optimize: bool) -> None:
    source, expected = ANSWERS[question]
    ns = cap_exec(textwrap.dedent(source), optimize=optimize)
    assert ns["r"] == expected
    assert ns.output == ""


LEVELS = [
    "abc",
    "collections",
    "dataclasses",
    "enum",
    "functools",
    "itertools",
    "json",
    "re",
    "struct",
    "typing",
]


@pytest.mark.parametrize("module", LEVELS)
def test_a_module_does_the_same_at_both_levels(module: str) -> None:
    """Optimised or not, with the same number of steps."""
    source = textwrap.dedent(PROGRAMS[module])
    assert guest(source, optimize=False) == guest(source, optimize=True)


# What is not there


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_refused_module_says_why(name: str, optimize: bool) -> None:
    with pytest.raises(GuestError) as error:
        cap_exec(f"import {name}", optimize=optimize)
    assert error.value.exc_type == "ImportError"
    assert error.value.message == f"the module {name!r} cannot be imported: {REFUSED[name]}"


#: Modules that are nothing but authority or raw interpreter.
AUTHORITY = (
    "ctypes socket subprocess gc marshal pickle signal atexit secrets multiprocessing ssl mmap tempfile "
    "shutil urllib.request http.client ftplib smtplib shelve code codeop pty fcntl resource sqlite3 dbm "
    "select selectors socketserver telnetlib imaplib poplib webbrowser pdb bdb cProfile profile trace "
    "tracemalloc faulthandler _imp _ctypes _socket _posixsubprocess posix nt pwd grp termios tty readline curses "
    "tkinter venv ensurepip zipimport runpy py_compile compileall pickletools symtable _testcapi "
    "_winapi winreg msvcrt syslog crypt spwd nis fileinput zipfile tarfile lzma bz2 gzip "
    "concurrent.futures.thread concurrent.futures.process _asyncio asyncio.streams xmlrpc.client logging.handlers logging.config _signal _pickle _symtable "
    "_tracemalloc _xxsubinterpreters _interpreters _opcode capcompiler guards stdlib_caps builtins.print"
).split()


@pytest.mark.parametrize("name", AUTHORITY)
def test_a_module_of_authority_is_an_import_error(name: str) -> None:
    source = f"""
    try:
        import {name}
    except ImportError as error:
        r = str(error)
    """
    message = cap_exec(textwrap.dedent(source))["r"]
    assert name.partition(".")[0] in message or "cannot be imported" in message


#: What a program asks for, and what the error must name: the thing, and the grant that supplies it.
NOT_GRANTED = {
    "open": ("open('/etc/passwd')", "open", "directory"),
    "open to write": ("open('x', 'w')", "open", "directory"),
    "io.open": ("import io\nio.open('x')", "open", "directory"),
    "io.FileIO": ("import io\nio.FileIO('x')", "io.FileIO", "directory"),
    "io.open_code": ("import io\nio.open_code('x')", "io.open_code", "directory"),
    "codecs.open": ("import codecs\ncodecs.open('x')", "open", "directory"),
    "tokenize.open": ("import tokenize\ntokenize.open('x')", "open", "directory"),
    "os.listdir": ("import os\nos.listdir('.')", "os.listdir", "directory"),
    "os.stat": ("import os\nos.stat('.')", "os.stat", "directory"),
    "os.remove": ("import os\nos.remove('x')", "os.remove", "directory"),
    "os.mkdir": ("import os\nos.mkdir('x')", "os.mkdir", "directory"),
    "os.scandir": ("import os\nos.scandir('.')", "os.scandir", "directory"),
    "os.walk": ("import os\nlist(os.walk('.'))", "os", "directory"),
    "os.makedirs": ("import os\nos.makedirs('a/b')", "os", "directory"),
    "os.system": ("import os\nos.system('true')", "os.system", "granted"),
    "os.fork": ("import os\nos.fork()", "os.fork", "granted"),
    "os.kill": ("import os\nos.kill(1, 9)", "os.kill", "granted"),
    "os.urandom": ("import os\nos.urandom(4)", "os.urandom", "andom"),
    "os.path.getsize": ("import os\nos.path.getsize('/etc')", "os", "directory"),
    "os.path.realpath": ("import os\nos.readlink('/etc')", "os.readlink", "directory"),
    "pathlib read": ("import pathlib\npathlib.Path('/etc/passwd').read_text()", "open", "directory"),
    "pathlib iterdir": ("import pathlib\nlist(pathlib.Path('/').iterdir())", "os", "directory"),
    "pathlib glob": ("import pathlib\nlist(pathlib.Path('/').glob('*'))", "os", "directory"),
    "pathlib exists": ("import pathlib\npathlib.Path('/etc').exists()", "os", "directory"),
    "pathlib mkdir": ("import pathlib\npathlib.Path('x').mkdir()", "os.mkdir", "directory"),
    "time.time": ("import time\ntime.time()", "time.time", "lock"),
    "time.sleep": ("import time\ntime.sleep(1)", "time.sleep", "lock"),
    "time.monotonic": ("import time\ntime.monotonic()", "time.monotonic", "lock"),
    "time.perf_counter": ("import time\ntime.perf_counter_ns()", "time.perf_counter_ns", "lock"),
    "time.localtime": ("import time\ntime.localtime()", "time", "lock"),
    "time.ctime": ("import time\ntime.ctime()", "time", "lock"),
    "datetime.now": ("import datetime\ndatetime.datetime.now()", "datetime.now", "lock"),
    "datetime.utcnow": ("import datetime\ndatetime.datetime.utcnow()", "datetime.utcnow", "lock"),
    "date.today": ("import datetime\ndatetime.date.today()", "date.today", "lock"),
    "datetime.astimezone": ("import datetime\ndatetime.datetime(2020, 1, 1).astimezone()", "astimezone", "lock"),
    "threads": ("import threading\nthreading.Thread(target=print).start()", "threads", "granted"),
    "timers": ("import threading\nthreading.Timer(1, print).start()", "threads", "granted"),
    "uuid1": ("import uuid\nuuid.uuid1()", "", "granted"),
    "uuid4": ("import uuid\nuuid.uuid4()", "", "granted"),
    "SystemRandom": ("import random\nrandom.SystemRandom().random()", "", "granted"),
    "file_digest": ("import hashlib\nhashlib.file_digest(open('x', 'rb'), 'md5')", "open", "directory"),
    "getpass": ("import getpass\ngetpass.getpass()", "getpass", "granted"),
    "getuser": ("import getpass\ngetpass.getuser()", "getpass", "granted"),
    "input": ("input()", "input", "granted"),
    "settrace": ("import sys\nsys.settrace(print)", "sys.settrace", "granted"),
    "setrecursionlimit": ("import sys\nsys.setrecursionlimit(5)", "sys.setrecursionlimit", "Limits(depth"),
    "codecs.register_error": ("import codecs\ncodecs.register_error('x', print)", "codecs.register", "granted"),
    "csv.field_size_limit": ("import csv\ncsv.field_size_limit(5)", "csv.field_size_limit", "interpreter"),
    "importlib.reload": ("import importlib, json\nimportlib.reload(json)", "importlib.reload", "granted"),
    "importlib.resources": ("import importlib.resources\nimportlib.resources.files('json')", "importlib.resources", "directory"),
    "logging to a file": ("import logging\nlogging.FileHandler('x')", "open", "directory"),
    "logging.basicConfig": ("import logging\nlogging.basicConfig(filename='x')\nlogging.error('a')", "open", "directory"),
    "configparser.read": ("import configparser\nopen(configparser.ConfigParser().read(['x']) or 'x')", "open", "directory"),
    "tomllib.load": ("import tomllib\ntomllib.load(open('x', 'rb'))", "open", "directory"),
    "zoneinfo": ("import zoneinfo\nzoneinfo.ZoneInfo('Europe/Berlin')", "", "granted"),
    "breakpoint": ("breakpoint()", "breakpoint", "granted"),
    "inspect.getsourcefile": ("import linecache\nopen(linecache.__file__)", "open", "directory"),
}  # fmt: skip


@pytest.mark.parametrize("thing", NOT_GRANTED)
def test_what_is_not_granted_names_the_grant(thing: str) -> None:
    source, name, grant = NOT_GRANTED[thing]
    with pytest.raises(CapabilityError) as error:
        cap_exec(source)
    assert isinstance(error.value, GuestError) and error.value.exc_type == "PermissionError"
    assert name in error.value.message
    assert grant in error.value.message


def test_what_is_not_granted_is_a_permission_error_inside(optimize: bool) -> None:
    source = "import os\ntry:\n    os.listdir('.')\nexcept PermissionError as e:\n    r = isinstance(e, OSError), str(e)"
    found = cap_exec(source, optimize=optimize)["r"]
    assert found[0] is True and "os.listdir was not granted" in found[1]


# What is the compartment's own


def test_records_are_dated_by_a_clock_that_was_granted(optimize: bool) -> None:
    source = """
    import logging, io
    s = io.StringIO()
    logging.basicConfig(stream=s, format="%(asctime)s %(message)s")
    logging.warning("here")
    r = s.getvalue()[:10]
    """
    clock = FrozenClock(datetime.datetime(2025, 6, 30, tzinfo=datetime.UTC))
    for caps, day in (({"time": clock}, "2025-06-30"), ({}, "1970-01-01")):
        assert cap_exec(textwrap.dedent(source), caps, optimize=optimize)["r"] == day


def test_random_gives_the_same_in_every_run(optimize: bool) -> None:
    source = "import random\nr = [random.random(), random.randint(1, 100), random.Random().random(), random.choice('abc')]"
    assert cap_exec(source, optimize=optimize)["r"] == cap_exec(source, optimize=not optimize)["r"]


def test_two_generators_without_a_seed_differ(optimize: bool) -> None:
    source = "import random\nr = random.Random().random() == random.Random().random()"
    assert cap_exec(source, optimize=optimize)["r"] is False


def test_the_environment_is_empty_and_its_own(monkeypatch: pytest.MonkeyPatch, optimize: bool) -> None:
    monkeypatch.setenv("SECRET", "s")
    source = (
        "import os\nos.environ['MINE'] = '1'\nr = dict(os.environ), os.getenv('SECRET'), os.getcwd()"
    )
    assert cap_exec(source, optimize=optimize)["r"] == ({"MINE": "1"}, None, "/")
    import os

    assert "MINE" not in os.environ


def test_sys_tells_nothing_of_the_host(optimize: bool) -> None:
    source = """
    import sys, platform, sysconfig
    r = [sys.path, sys.argv, sys.executable, sys.prefix, platform.node(), platform.platform(),
         sysconfig.get_config_var('prefix'), sys.stdin, sys.warnoptions, sys.meta_path, sys.version]
    """
    found: Any = cap_exec(textwrap.dedent(source), optimize=optimize)["r"]
    text = repr(found)
    for secret in (sys.prefix, sys.executable, *filter(None, sys.path)):
        assert secret not in text
    assert found[1] == [""] and found[-1] == sys.version.split()[0]


def test_state_of_the_library_lasts_in_its_compartment_only(optimize: bool) -> None:
    source = """
    import csv, decimal, random, logging, warnings, locale, copyreg
    csv.register_dialect('mine', delimiter='|')
    decimal.getcontext().prec = 5
    logging.getLogger().setLevel(10)
    warnings.simplefilter('error')
    """
    look = """
    import csv, decimal, logging
    r = 'mine' in csv.list_dialects(), decimal.getcontext().prec, str(decimal.Decimal(1) / 3), logging.getLogger().level
    """
    with Compartment() as one, Compartment() as two:
        one.exec(textwrap.dedent(source), optimize=optimize)
        assert one.exec(textwrap.dedent(look), optimize=optimize)["r"] == (True, 5, "0.33333", 10)
        assert two.exec(textwrap.dedent(look), optimize=optimize)["r"] == (
            False,
            28,
            "0." + "3" * 28,
            30,
        )
    import csv
    import decimal

    assert "mine" not in csv.list_dialects() and decimal.getcontext().prec == 28


@pytest.mark.parametrize("module", sorted(Imports.pure().names))
def test_every_name_imports(module: str) -> None:
    """Whatever `Imports.names` says can be imported, and says of itself where it is from."""
    source = f"import {module}, sys\nr = sys.modules[{module!r}].__name__\nf = getattr({module}, '__file__', '')"
    names = cap_exec(source, limits=Limits(steps=2_000_000))
    assert names["r"] in (module, "posixpath")
    assert not names["f"].startswith("/")


JSON = r"""
import json
def outcome(f):
    try:
        return f()
    except Exception as e:
        return type(e).__name__, str(e), [str(n) for n in getattr(e, "__notes__", ())]
ring = []
ring.append(ring)
r = [outcome(f) for f in [
    lambda: json.dumps({"a": [1, 2.5, None, True, "\xe9\ud800"]}), lambda: json.dumps("x"),
    lambda: json.dumps(float("inf")), lambda: json.dumps({1: 2, None: 3, True: 1, 2.5: 1}),
    lambda: json.dumps({(1,): 2}), lambda: json.dumps([1j]), lambda: json.dumps([{"a": 1j}]),
    lambda: json.loads(' {"a": [1, 2.5, -Infinity]} '), lambda: json.loads("[1,2"),
    lambda: json.loads("{} x"), lambda: json.loads(""), lambda: json.loads("\ufeff1"),
    lambda: json.loads(5), lambda: json.loads(b"\xff\xfe1\x00"), lambda: json.loads(b"[1]"),
    lambda: json.JSONDecodeError.__module__, lambda: json.decoder.JSONDecoder is json.JSONDecoder,
    lambda: json.loads("[1]", parse_int=float), lambda: json.dumps([1], indent=2),
    lambda: json.nothing, lambda: json.loads("nul"), lambda: json.loads('"\t"'),
    lambda: json.loads("[1,]"), lambda: json.dumps({"b": 1, "a": 2}, sort_keys=True),
    lambda: json.detect_encoding(b"1"), lambda: json.dumps(ring),
]]
from json import *
n = [x for x in ("dumps", "JSONDecoder", "JSONEncoder", "JSONDecodeError") if x in globals()]
"""


def test_json_is_loaded_as_far_as_it_is_used_and_does_what_it_does(optimize: bool) -> None:
    wanted: dict[str, Any] = {}
    exec(JSON, wanted)
    names = cap_exec(JSON, optimize=optimize)
    assert [repr(v) for v in names["r"]] == [repr(v) for v in wanted["r"]]
    assert names["n"] == wanted["n"]
    source = "import json, sys\njson.loads(json.dumps([1]))\nsorted(n for n in sys.modules if 're' in n)"
    assert cap_exec(source, optimize=optimize).value == []
