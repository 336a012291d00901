"""What a message tells: texts of host errors, paths, addresses, the looks of host objects."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="message", pit=21)

# Everything a guest can read about what it was handed. The runner looks for the host's secret,
# its paths and its addresses in each outcome; here the guest looks for them too.
LOOKS = [
    ("repr-of-a-capability", "repr(door)"),
    ("str-of-a-capability", "str(door)"),
    ("format-of-a-capability", "f'{door}'"),
    ("percent-of-a-capability", "'%s %r' % (door, door)"),
    ("ascii-of-a-capability", "ascii(door)"),
    ("repr-of-a-capability-method", "repr(door.ping)"),
    ("repr-of-a-host-function", "repr(fn)"),
    ("repr-of-a-capability-class", "repr(type(door))"),
    ("repr-in-a-list", "repr([door, fn, {1: door}])"),
    ("doc-of-a-capability", "str(getattr(door, '__doc__', ''))"),
    ("doc-of-a-host-function", "str(getattr(fn, '__doc__', ''))"),
    ("name-of-a-host-function", "str(getattr(fn, '__name__', ''))"),
    ("qualified-name-of-a-host-function", "str(getattr(fn, '__qualname__', ''))"),
    ("module-of-a-capability-class", "str(getattr(type(door), '__module__', ''))"),
    ("name-of-a-capability-class", "type(door).__name__"),
    ("dir-of-a-capability", "str(dir(door))"),
    ("text-of-a-missing-attribute", "text(lambda: door.secret)"),
    ("text-of-a-wrong-call", "text(lambda: door())"),
    ("text-of-a-wrong-addition", "text(lambda: door + 1)"),
    ("text-of-a-wrong-index", "text(lambda: door[0])"),
    ("text-of-a-wrong-iteration", "text(lambda: list(door))"),
    ("text-of-a-wrong-await", "text(lambda: door.ping().__await__())"),
    ("text-of-a-wrong-argument", "text(lambda: door.ping(1, 2, 3))"),
    ("text-of-a-wrong-keyword", "text(lambda: door.ping(secret=1))"),
    ("text-of-a-host-error", "text(lambda: fail())"),
    ("text-of-a-host-error-with-an-object", "text(lambda: fail_with_object())"),
    ("text-of-a-host-os-error", "text(lambda: fail_with_path())"),
    ("text-of-a-host-group", "text(lambda: fail_with_group())"),
    ("text-of-a-host-error-with-a-cause", "text(lambda: fail_with_cause())"),
    ("text-of-a-host-repr-error", "text(lambda: give_object())"),
    ("text-of-an-import", "text(lambda: __import__('os.secret'))"),
    ("text-of-an-open", "text(lambda: open('x'))"),
    ("text-of-a-deep-recursion", "text(lambda: exec('(' * 5000))"),
    ("text-of-a-syntax-error", "text(lambda: exec('x ='))"),
    ("text-of-a-refusal", "text(lambda: exec('__builtins__'))"),
    ("text-of-a-dead-child", "text(lambda: cap_exec('1/0'))"),
    ("text-of-a-refused-child", "text(lambda: cap_exec('__builtins__'))"),
    ("text-of-a-wrong-grant", "text(lambda: cap_exec('1', {'x': object()}))"),
    ("text-of-a-json-error", "text(lambda: __import__('json').dumps(door))"),
    ("text-of-a-host-key-error", "text(lambda: fail_with_key())"),
]

READ = """
def text(f):
    try:
        return str(f())
    except Exception as e:
        return f'{e} {e!r} {e.args} {type(e).__name__} {getattr(e, "filename", "")}'
t = __LOOK__
bad = ['s3cret', '/work', '/usr', '/tmp', '/home', 'site-packages', 'hosts.py', '.py"',
       'Door', 'attacks']
[b for b in bad if b in t]
"""

CASES: list[Case] = [
    *(case(name, READ.replace("__LOOK__", look), value=[]) for name, look in LOOKS),
    *(
        case(
            f"{name}-has-no-address",
            f"' at 0x' in {look}",
            value=False,
        )
        for name, look in LOOKS[:9]
    ),
    case("host-error-uncaught", "fail()", raises="RuntimeError"),
    case("host-value-error-on-purpose", "refuse('no')", raises="ValueError", about="no"),
    case("host-error-subclass-is-its-nearest-builtin", "fail_with_subclass()", raises="LookupError"),
    case("host-os-error-names-no-host-path", "fail_with_path()", raises="FileNotFoundError"),
    case(
        "guest-system-exit-ends-no-host",
        "raise SystemExit(5)",
        raises="SystemExit",
    ),
    case(
        "guest-keyboard-interrupt-ends-no-host",
        "raise KeyboardInterrupt",
        raises="KeyboardInterrupt",
    ),
    case(
        "guest-generator-exit-ends-no-host",
        "raise GeneratorExit",
        raises="GeneratorExit",
    ),
    case(
        "guest-stop-iteration-ends-no-host",
        "raise StopIteration(5)",
        raises="StopIteration",
    ),
    case(
        "very-long-message-is-bounded",
        "raise ValueError('x' * 10**6)",
        raises="ValueError",
    ),
    case(
        "message-in-itself",
        "e = ValueError()\ne.args = (e,)\nraise e",
        raises="ValueError",
    ),
    case(
        "cause-in-a-circle",
        """
        a, b = ValueError('a'), ValueError('b')
        a.__cause__ = b
        b.__cause__ = a
        raise a
        """,
        raises="ValueError",
        about="a",
    ),
    case(
        "context-in-a-very-long-chain",
        """
        e = None
        for i in range(5000):
            n = ValueError(str(i))
            n.__context__ = e
            e = n
        raise e
        """,
        raises="ValueError",
        about="4999",
    ),
    case(
        "group-nested-deep",
        """
        e = ValueError('leaf')
        for _ in range(2000):
            e = ExceptionGroup('g', [e])
        raise e
        """,
        raises="ExceptionGroup",
    ),
    case(
        "group-shared-sixty-deep",
        """
        e = ValueError('leaf')
        for _ in range(60):
            e = ExceptionGroup('g', [e, e])
        raise e
        """,
        stopped="steps",
    ),
    case(
        "arguments-shared-sixty-deep",
        """
        x = ()
        for _ in range(60):
            x = (x, x)
        raise ValueError(x)
        """,
        stopped="steps",
    ),
    case(
        "notes-that-are-no-text",
        "e = ValueError('a')\ne.__notes__ = [object(), 5]\nraise e",
        raises="ValueError",
        about="a",
    ),
    case(
        "notes-that-are-no-list",
        "e = ValueError('a')\ne.__notes__ = 10**9\nraise e",
        raises="ValueError",
        about="a",
    ),
    case(
        "surrogate-in-a-message",
        "raise ValueError('\\ud800')",
        raises="ValueError",
    ),
    case(
        "escape-sequence-in-a-message",
        "raise ValueError('\\x1b[2J')",
        raises="ValueError",
    ),
    case(
        "text-method-that-spins",
        "class E(Exception):\n def __str__(self):\n  while True: pass\nraise E()",
        stopped="steps",
    ),
    case(
        "text-method-that-raises-the-same",
        "class E(Exception):\n def __str__(self): raise E()\nraise E()",
        raises="E",
    ),
    case(
        "text-method-that-prints-after-the-end",
        "class E(Exception):\n def __str__(self): print('in the turn'); return 'x'\nraise E()",
        raises="E",
    ),
    case(
        "class-name-by-a-metaclass-property",
        "class M(type):\n @property\n def __name__(cls): keep('after the turn'); return 'Lie'\n"
        "class E(Exception, metaclass=M): pass\nraise E('x')",
        raises="E",
    ),
    case(
        "arguments-property-that-spins",
        "class E(Exception):\n @property\n def args(self):\n  while True: pass\nraise E('x')",
        raises="E",
    ),
    case(
        "escape-in-the-file-name-of-compile",
        "exec(compile('1/0', '\\x1b[2J/etc/passwd', 'exec'))",
        raises="ZeroDivisionError",
    ),
    case(
        "file-name-of-a-host-file-shows-no-host-line",
        "exec(compile('\\n' * 3 + '1/0', '/etc/passwd', 'exec'))",
        raises="ZeroDivisionError",
    ),
]
