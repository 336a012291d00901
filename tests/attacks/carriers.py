"""Objects that carry others: errors, views, wrappers, descriptors."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="carrier", pit=8)

CASES: list[Case] = [
    case(
        "exception-traceback-is-no-way-out",
        """
        try:
            1 / 0
        except ZeroDivisionError as e:
            r = [n for n in ('f_builtins', 'f_trace', 'f_generator')
                 if hasattr(e.__traceback__.tb_frame, n)]
        r
        """,
        value=[],
    ),
    case(
        "exception-traceback-descriptor",
        """
        try:
            1 / 0
        except ZeroDivisionError as e:
            t = vars(BaseException)['__traceback__'].__get__(e)
        t.tb_frame
        """,
        raises="KeyError",
    ),
    case(
        "exception-traceback-by-operator",
        """
        import operator
        try:
            1 / 0
        except ZeroDivisionError as e:
            r = operator.attrgetter('__traceback__.tb_frame.f_builtins')(e)
        r
        """,
        raises="AttributeError",
    ),
    case(
        "exit-arguments-carry-no-traceback",
        """
        class W:
            def __enter__(self): return self
            def __exit__(self, t, v, tb):
                self.found = [n for n in ('f_builtins', 'f_trace', 'f_generator') if hasattr(tb.tb_frame, n)]
                return True
        w = W()
        with w:
            1 / 0
        w.found
        """,
        value=[],
    ),
    case(
        "async-exit-arguments-carry-no-traceback",
        """
        found = []
        class W:
            async def __aenter__(self): return self
            async def __aexit__(self, t, v, tb):
                found.append([n for n in ('f_builtins', 'f_trace', 'f_generator') if hasattr(tb.tb_frame, n)])
                return True
        async def f():
            async with W():
                1 / 0
        try:
            f().send(None)
        except StopIteration:
            pass
        found
        """,
        value=[[]],
    ),
    case(
        "generator-throw-with-a-traceback",
        """
        def g():
            try:
                yield
            except ValueError as e:
                yield [n for n in ('f_builtins', 'f_trace') if hasattr(e.__traceback__.tb_frame, n)]
        it = g()
        next(it)
        it.throw(ValueError())
        """,
        value=[],
    ),
    case(
        "context-of-a-host-error",
        """
        try:
            fail()
        except Exception as e:
            c = getattr(e, '__context__', None), getattr(e, '__cause__', None)
        c
        """,
        value=(None, None),
    ),
    case(
        "attributes-of-a-host-error",
        """
        try:
            fail()
        except Exception as e:
            r = hasattr(e, 'secret'), hasattr(e, 'door')
        r
        """,
        value=(False, False),
    ),
    case(
        "arguments-of-a-host-error-are-data",
        """
        try:
            fail_with_object()
        except Exception as e:
            r = [type(a).__name__ for a in e.args]
        r
        """,
        value=["str"],
    ),
    case(
        "vm2-cve-2023-30547-host-error-through-a-rethrow",
        """
        class W:
            def __enter__(self): return self
            def __exit__(self, t, v, tb):
                self.found = sorted(n for n in dir(v) if n in ('secret', 'door', 'tb_frame'))
                return True
        w = W()
        with w:
            fail()
        w.found
        """,
        value=[],
    ),
    case(
        "notes-of-a-host-error",
        """
        try:
            fail_with_object()
        except Exception as e:
            r = getattr(e, '__notes__', [])
        r
        """,
        value=[],
    ),
    case(
        "attribute-error-object-of-a-capability",
        """
        try:
            door.secret
        except AttributeError as e:
            o = getattr(e, 'obj', None)
        o is None or o is door
        """,
        value=True,
    ),
    case(
        "n8n-cve-2026-0863-attribute-error-object",
        """
        try:
            (lambda: 0).nothing
        except AttributeError as e:
            r = getattr(e, 'obj', None)
        getattr(r, '__globals__', 'absent')
        """,
        value="absent",
    ),
    case(
        "name-error-carries-a-name-only",
        """
        try:
            nothing
        except NameError as e:
            r = e.name, sorted(n for n in ('obj', 'tb_frame') if hasattr(e, n))
        r
        """,
        value=("nothing", []),
    ),
    case(
        "import-error-path",
        """
        try:
            from math import nothing
        except ImportError as e:
            r = getattr(e, 'path', None)
        r
        """,
        value=None,
    ),
    case(
        "file-error-name",
        """
        try:
            open('/etc/passwd')
        except PermissionError as e:
            r = '/' in str(getattr(e, 'filename2', '')), getattr(e, '__cause__', None)
        r
        """,
        value=(False, None),
    ),
    case("memoryview-object", "memoryview(b'abc').obj", raises="AttributeError", about="obj"),
    case(
        "traceback-chain-shows-lines-of-the-guest-only",
        """
        def f(): fail()
        try:
            f()
        except Exception as e:
            t = e.__traceback__
        found = []
        while t is not None:
            found.append((t.tb_lineno, hasattr(t.tb_frame, 'f_builtins')))
            t = t.tb_next
        found
        """,
        value=[(3, False), (1, False)],
    ),
    case(
        "memoryview-writes-no-constant",
        "memoryview(b'abc')[0] = 1",
        raises="TypeError",
    ),
    case(
        "partial-of-a-capability",
        "import functools\nfunctools.partial(fn).func.__closure__",
        raises="AttributeError",
        about="__closure__",
    ),
    case(
        "partial-of-a-builtin",
        "import functools\nfunctools.partial(print).func.__self__",
        raises="AttributeError",
        about="__self__",
    ),
    case(
        "method-of-a-capability-self",
        "door.ping.__self__.secret",
        raises="AttributeError",
    ),
    case(
        "method-of-a-capability-func",
        "door.ping.__func__",
        raises="AttributeError",
        about="__func__",
    ),
    case(
        "method-of-a-capability-wrapped",
        "door.ping.__wrapped__",
        raises="AttributeError",
        about="__wrapped__",
    ),
    case(
        "class-of-a-capability-init",
        "type(door).__init__.__globals__",
        raises="AttributeError",
        about="__globals__",
    ),
    case("class-of-a-capability-dict", "type(door).__dict__.get('_host', 'absent')", value="absent"),
    case(
        "class-of-a-capability-makes-no-other",
        "type(door)(door)",
        raises="TypeError",
    ),
    case(
        "class-of-a-capability-has-no-base-of-use",
        """
        class Mine(type(door)):
            def steal(self): return self.secret
        Mine
        """,
        raises="TypeError",
    ),
    case(
        "new-on-the-class-of-a-capability",
        "object.__new__(type(door))",
        raises="TypeError",
    ),
    case(
        "class-assignment-to-the-class-of-a-capability",
        """
        class C: pass
        c = C()
        c.__class__ = type(door)
        """,
        raises="TypeError",
    ),
    case(
        "slots-of-a-capability",
        "[n for n in dir(type(door)) if not n.startswith('__')]",
        value=[],
    ),
    case(
        "host-function-attributes",
        "fn.secret",
        raises="AttributeError",
        about="secret",
    ),
    case("host-function-dict", "fn.__dict__", raises="AttributeError", about="__dict__"),
    case(
        "host-function-module",
        "getattr(fn, '__module__', None) in (None, '', '<guest>')",
        value=True,
    ),
    case(
        "host-function-annotations",
        "fn.__annotations__",
        raises="AttributeError",
        about="__annotations__",
    ),
    case("host-function-defaults", "fn.__defaults__", raises="AttributeError", about="__defaults__"),
    case(
        "generic-alias-of-a-capability",
        "list[door].__args__[0].secret",
        raises="AttributeError",
        about="secret",
    ),
    case(
        "generic-alias-origin",
        "list[int].__origin__.__subclasses__()",
        raises="AttributeError",
        about="__subclasses__",
    ),
    case(
        "generic-alias-forwards-names",
        "object.__class_getitem__ if hasattr(object, '__class_getitem__') else "
        "list[int].__subclasses__()",
        raises="AttributeError",
        about="__subclasses__",
    ),
    case(
        "union-arguments",
        "(int | str).__args__[0].__subclasses__()",
        raises="AttributeError",
        about="__subclasses__",
    ),
    case(
        "descriptor-of-a-function",
        "type(lambda: 0).__dict__['__globals__']",
        raises="KeyError",
    ),
    case(
        "descriptor-of-a-generator",
        "type(i for i in '').__dict__['gi_yieldfrom']",
        raises="KeyError",
    ),
    case(
        "descriptor-of-type",
        "type.__dict__['__subclasses__'].__get__(int)",
        raises="AttributeError",
        about="__subclasses__",
    ),
    case(
        "descriptor-by-get",
        "type(type.__dict__['__mro__']).__get__(type.__dict__['__subclasses__'], object)",
        raises="AttributeError",
        about="__subclasses__",
    ),
    case(
        "vars-of-a-class-hides-what-is-denied",
        "[n for n in vars(type) if n in ('__flags__', '__weakrefoffset__', '__abstractmethods__')]",
        value=[],
    ),
    case(
        "class-dict-holds-the-raw-descriptor-of-dict",
        """
        class C: pass
        d = C.__dict__.get('__dict__')
        getattr(d, '__get__', lambda o: 'absent')(C()) in ('absent', {})
        """,
        value=True,
    ),
    case(
        "method-wrapper-self",
        "import math\n(1.5).__add__.__self__, hasattr(math.sin, '__self__'), hasattr(print, '__self__')",
        value=(1.5, False, False),
    ),
    case(
        "slot-wrapper-objclass-subclasses",
        "float.__add__.__objclass__.__base__.__subclasses__()",
        raises="AttributeError",
    ),
    case(
        "lru-cache-gives-nothing-of-the-host",
        "import functools\nfunctools.lru_cache(fn).__wrapped__.__globals__",
        raises="AttributeError",
        about="__globals__",
    ),
    case(
        "print-file-is-no-handle",
        """
        got = []
        class F:
            def write(self, x): got.append(type(x).__name__)
            def flush(self): pass
        print('x', file=F())
        sorted(set(got))
        """,
        value=["str"],
    ),
    case(
        "unicode-error-object",
        """
        try:
            b'\\xff'.decode()
        except UnicodeDecodeError as e:
            r = e.object
        r
        """,
        value=b"\xff",
    ),
    case(
        "stop-iteration-value-of-a-capability-call",
        """
        try:
            next(iter([]))
        except StopIteration as e:
            r = e.value, hasattr(e, 'gi_yieldfrom')
        r
        """,
        value=(None, False),
    ),
    case(
        "exception-group-carries-guest-errors-only",
        """
        try:
            raise ExceptionGroup('g', [ValueError(1)])
        except* ValueError as g:
            r = [hasattr(getattr(e.__traceback__, 'tb_frame', 0), 'f_builtins') for e in g.exceptions]
        r
        """,
        value=[False],
    ),
    case(
        "with-traceback-takes-no-made-up-one",
        """
        try:
            ValueError().with_traceback(object())
        except (TypeError, AttributeError):
            r = 'refused'
        r
        """,
        value="refused",
    ),
    case(
        "returned-host-object-is-no-raw-object",
        "give_object()",
        raises="TypeError",
    ),
    case(
        "returned-host-module-is-no-raw-object",
        "give_module()",
        raises="TypeError",
    ),
    case(
        "returned-host-function-is-a-capability",
        "give_function().__globals__",
        raises="AttributeError",
        about="__globals__",
    ),
    case(
        "returned-bound-method-has-no-self",
        "give_method().__self__",
        raises="AttributeError",
        about="__self__",
    ),
    case(
        "returned-list-is-a-copy",
        """
        x = give_canary()
        x.append('dead')
        x.clear()
        give_canary()
        """,
        value=["alive"],
    ),
    case(
        "caps-data-is-a-copy",
        """
        data['xs'].append('dead')
        data.clear()
        'alive'
        """,
        value="alive",
    ),
    case(
        "arguments-are-copies",
        """
        mine = [1]
        mutate(mine)
        mine
        """,
        value=[1],
    ),
]
