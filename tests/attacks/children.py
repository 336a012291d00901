"""What a guest can do with its own guests: `cap_exec`, `expose`, `Capability`, `Limits`."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="children")

# Names that trusted code would read on a guest's object for it, were it to expose them.
EXPOSED = [
    ("function-globals", "lambda: 0", "__globals__"),
    ("function-code", "lambda: 0", "__code__"),
    ("class-subclasses", "object", "__subclasses__"),
    ("builtin-self", "print", "__self__"),
    ("instance-reduce", "type('C', (), {})()", "__reduce_ex__"),
    ("exception-traceback", "ValueError()", "__traceback__"),
]

CASES: list[Case] = [
    *(
        case(
            f"exposed-{name}",
            f"expose({obj}, read=({attr!r},))",
            pit=20,
            raises="ValueError",
            about=attr,
        )
        for name, obj, attr in EXPOSED
    ),
    case(
        "exposed-frame-of-a-generator",
        "hasattr(expose((i for i in 'a'), read=('gi_yieldfrom',)), 'gi_yieldfrom')",
        pit=20,
        value=False,
    ),
    case(
        "exposed-frame-of-a-generator-in-a-child",
        "x = expose((i for i in 'a'), read=('gi_yieldfrom',))\n"
        "cap_exec(\"hasattr(x, 'gi_yieldfrom')\", {'x': x}).value",
        pit=20,
        value=False,
    ),
    case(
        "exposed-code-as-a-method-in-a-child",
        "x = expose((i for i in 'a'), 'gi_code')\n"
        "r = 'contained'\n"
        "try:\n    r = cap_exec('x.gi_code()', {'x': x}).value\nexcept Exception: pass\nr",
        pit=20,
        value="contained",
    ),
    case(
        "exposed-format-of-a-text",
        "expose('{0.__globals__}', 'format')",
        pit=6,
        raises="TypeError",
        about="expose",
    ),
    case(
        "capability-method-runs-guarded",
        "class K(Capability):\n    def act(self): return (i for i in 'a').gi_frame.f_builtins\nK().act()",
        pit=8,
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "capability-annotation-as-text-is-not-evaluated",
        """
        log = []
        class K(Capability):
            def act(self, x: 'log.append(1)'): return x
        cap_exec('k.act(5)', {'k': K()}).value, log
        """,
        pit=24,
        value=(5, []),
    ),
    case(
        "capability-tree",
        "Capability.__subclasses__()",
        pit=8,
        value=[],
    ),
    case(
        "namespace-of-a-child-shows-two-things",
        """
        ns = cap_exec('x = 1')
        [n for n in ('_membrane', '_raw', '_raw_value', '_cache', '_compartment', '__dict__')
         if hasattr(ns, n)]
        """,
        pit=8,
        value=[],
    ),
    case(
        "function-of-a-child-shows-no-globals",
        """
        f = cap_exec('secret = 1\\ndef f(): return secret')['f']
        f(), [n for n in ('__globals__', '__code__', '__closure__', '__self__', '__wrapped__')
              if hasattr(f, n)]
        """,
        pit=8,
        value=(1, []),
    ),
    case(
        "error-of-a-child-carries-data-only",
        """
        try:
            cap_exec('class E(Exception): pass\\nraise E([1])')
        except Exception as e:
            r = [n for n in ('tb_frame', 'frames', 'obj') if hasattr(e, n)], e.__cause__
        r
        """,
        pit=8,
        value=([], None),
    ),
    case(
        "child-sees-no-name-of-its-parent",
        """
        secret = 'mine'
        try:
            r = cap_exec('secret').value
        except Exception:
            r = 'contained'
        r
        """,
        pit=10,
        value="contained",
    ),
    case(
        "child-changes-no-data-of-its-parent",
        "l = [1]\ncap_exec('l.append(2)', {'l': l})\nl",
        pit=10,
        value=[1],
    ),
    case(
        "child-changes-no-module-of-its-parent",
        "import math\ncap_exec('import math\\nmath.pi = 3')\nmath.pi > 3.1",
        pit=10,
        value=True,
    ),
    case(
        "child-under-a-reserved-name",
        "cap_exec('1', {'__builtins__': {}})",
        pit=2,
        raises="CapabilityError",
    ),
    case(
        "child-under-the-name-of-a-guard",
        "r = 'bound'\ntry:\n    cap_exec('1', {'cap:getattr': 1})\nexcept Exception:\n"
        "    r = 'refused'\nr",
        pit=1,
        value="refused",
    ),
    case(
        "limits-are-not-to-be-changed",
        "l = Limits(steps=5)\nl.steps = 10**12",
        pit=4,
        raises="AttributeError",
    ),
    case(
        "limits-are-not-to-be-changed-by-the-slot",
        "l = Limits(steps=5)\nobject.__setattr__(l, 'steps', 10**12)",
        pit=4,
        raises="AttributeError",
    ),
    case(
        "child-in-another-place",
        "cap_exec('1', isolation='process')",
        pit=4,
        raises="ValueError",
    ),
    case(
        "child-with-a-capability-it-keeps",
        "cap_exec('def use(): return door.ping()', {'door': door})['use']()",
        pit=15,
        value="pong",
    ),
]
