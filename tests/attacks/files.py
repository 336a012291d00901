"""Files and modules of the host, asked for by name."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="files and modules", pit=19)

#: Sources whose error stands in a line that is empty, and sources that the compiler refuses after the parser.
_UNFINISHED = "'if 1:', 'def f():', 'with a:', 'x = \\\\\\n', 'for', '(', '\\'\\'\\'', 'try: pass'"
_LATE = (
    "'return', 'break', 'nonlocal x', 'def f(a, a): pass', 'x = [(yield i) for i in x]', 'match 1:\\n case x: 1\\n case _: 2', "
    "'from __future__ import no', 'def f():\\n from a import *', 'f\\'{*a}\\'', '\\'\\\\z\\' +'"
)

CASES: list[Case] = [
    case("open-for-reading", "open('/etc/passwd')", raises="PermissionError"),
    case("open-for-writing", "open('evil.py', 'w')", raises="PermissionError"),
    case("open-a-descriptor", "open(0)", raises="PermissionError"),
    case("open-by-map", "list(map(open, ['/etc/passwd']))", raises="PermissionError"),
    case("open-as-host-callback", "call(open, '/etc/passwd')", raises="PermissionError"),
    case(
        "open-by-partial",
        "import functools\nfunctools.partial(open, '/etc/passwd')()",
        raises="PermissionError",
    ),
    case("open-with-an-opener", "open('x', opener=lambda *a: 0)", raises="PermissionError"),
    case(
        "open-a-lying-path",
        """
        class P:
            def __fspath__(self): return '/etc/passwd'
        open(P())
        """,
        raises="PermissionError",
    ),
    case("exec-of-a-file", "exec(open('/etc/passwd').read())", raises="PermissionError"),
    case("site-customisation", "open('sitecustomize.py', 'w').write('x')", raises="PermissionError"),
    *(
        case(
            f"import-{name.replace('.', '-').strip('_')}",
            f"try:\n    import {name}\n    r = 'imported'\nexcept ImportError:\n    r = 'refused'\nr",
            value="refused",
        )
        for name in (
            "conftest",
            "tests",
            "site",
            "sitecustomize",
            "usercustomize",
            "capcompiler",
            "guards",
            "stdlib_caps",
            "guards.tables",
            "pytest",
            "RestrictedPython",
            "asttokens",
            "evil_module_that_is_nowhere",
            "_frozen_importlib",
            "_frozen_importlib_external",
            "zipimport",
            "runpy",
            "code",
            "codeop",
            "imp",
        )
    ),
    case("import-the-module-of-the-host", "import attacks.hosts", raises="ModuleNotFoundError"),
    # The guest's own main program: nothing of the host's is in it.
    case("import-main", "import __main__\n__main__.CANARY", raises="AttributeError"),
    case("import-relative", "from . import hosts", raises="ImportError"),
    case("import-relative-two-up", "from .. import hosts", raises="ImportError"),
    case("import-relative-named", "from .hosts import CANARY", raises="ImportError"),
    case(
        "import-by-function-with-level",
        "__import__('hosts', globals(), locals(), [], 1)",
        raises="ImportError",
    ),
    case(
        "import-with-made-up-globals",
        "__import__('hosts', {'__package__': 'attacks', '__name__': 'attacks.x'}, {}, [], 1)",
        raises="ImportError",
    ),
    case(
        "import-after-setting-the-package",
        "__package__ = 'attacks'\n__name__ = 'attacks.x'\nfrom . import hosts",
        raises="ModuleNotFoundError",
        about="attacks",
    ),
    case(
        "import-after-setting-the-path",
        "__path__ = ['/']\n__spec__ = None\n__package__ = 'os'\nfrom . import path\npath.getsize('/')",
        raises="PermissionError",
        about="os.stat",
    ),
    case("import-an-empty-name", "__import__('')", raises="ValueError"),
    case("import-a-path", "__import__('../../etc/passwd')", raises="ModuleNotFoundError"),
    case("import-a-name-with-a-nul", "__import__('math\\0x')", raises="ModuleNotFoundError"),
    case("import-a-surrogate", "__import__('\\ud800')", raises="ModuleNotFoundError"),
    case("import-a-keyword", "__import__('None')", raises="ModuleNotFoundError"),
    case(
        "import-submodule-of-a-c-module", "import math.os", raises="ModuleNotFoundError", about="math.os"
    ),
    case(
        "import-from-a-module-what-is-not-its-own",
        "from json import decoder\ndecoder.re._sre.compile",
        raises="AttributeError",
    ),
    case("import-star-brings-no-module", "from json import *\nsys", raises="NameError", about="sys"),
    case(
        "import-codecs-through-json",
        "import json\njson.codecs.open('/etc/passwd')",
        raises="PermissionError",
        about="open",
    ),
    case(
        "import-sys-through-collections",
        "import collections\ncollections._sys._getframe().f_globals['__builtins__']",
        raises="KeyError",
        about="__builtins__",
    ),
    case(
        "import-sys-through-functools-globals",
        "import functools\nfunctools.reduce.__globals__",
        raises="AttributeError",
        about="__globals__",
    ),
    case("module-file", "import json\njson.__file__", value="lib/json/__init__.py"),
    case("module-path", "import json\njson.__path__", value=["lib/json"]),
    case("module-cached", "import json\njson.__cached__", raises="AttributeError", about="__cached__"),
    case(
        "module-dict-names-no-file",
        "import json\nnames = ('__file__', '__path__', '__loader__', '__spec__', '__builtins__')\n"
        "[k for k, v in vars(json).items() if v is not None and k in names]",
        value=["__file__", "__path__", "__spec__"],
    ),
    case("own-file", "__file__", raises="NameError", about="__file__"),
    case(
        "reload",
        "import importlib\nimportlib.reload(importlib).sys.modules['os'].environ",
        raises="PermissionError",
        about="importlib.reload",
    ),
    # The interpreter shows the line where an error of syntax stands, from the file that it is told of.
    *(
        case(
            f"line-of-a-file-in-an-error-of-syntax-{name}",
            f"import sys, types\nfound = []\nfor source in ({sources}):\n  for n in range(1, 6):\n"
            f"    try: {how}\n    except SyntaxError as e:\n"
            "      found += [x for x in (e.text, str(e), e.args, getattr(e, '_metadata', None)) if '/bin' in str(x)]\n"
            "found",
            value=[],
            pit=21,
        )
        for name, sources, how in (
            ("compile", _UNFINISHED, "compile(source + chr(10) * n, '/etc/passwd', 'exec')"),
            ("eval", _UNFINISHED, "compile(source + chr(10) * n, '/etc/passwd', 'eval')"),
            ("single", _UNFINISHED, "compile(source + chr(10) * n, '/etc/passwd', 'single')"),
            ("bytes", _UNFINISHED, "compile((source + chr(10) * n).encode(), '/etc/passwd', 'exec')"),
            ("carriage", _UNFINISHED, "compile(source + chr(13) * n, '/etc/passwd', 'exec')"),
            ("path", _UNFINISHED, "compile(source + chr(10) * n, b'/etc/passwd', 'exec')"),
            ("tree", _UNFINISHED, "__import__('ast').parse(source + chr(10) * n, '/etc/passwd')"),
            ("compiler", _LATE, "compile(chr(10) * n + source, '/etc/passwd', 'exec')"),
            ("compiler-tree", _LATE, "compile(__import__('ast').parse(source), '/etc/passwd', 'exec')"),
            (
                "compiler-warns",
                _LATE,
                "import warnings; compile(chr(10) * n + source, '/etc/passwd', 'exec')",
            ),
            ("child", _UNFINISHED, "cap_exec(source + chr(10) * n, filename='/etc/passwd')"),
        )
    ),
]
