"""Syntax trees made by hand, and the road from a text to one."""

from __future__ import annotations

from functools import partial

from .case import Case
from .case import case as new_case

case = partial(new_case, attack="compiler", pit=11)

_MAKE = (
    "import ast\ndef run(*body):\n"
    "    m = ast.Module(list(body), [])\n"
    "    exec(compile(ast.fix_missing_locations(m), 'f', 'exec'), globals())\n"
    "def load(n): return ast.Name(n, ast.Load())\n"
)

CASES: list[Case] = [
    case("tree-of-a-reserved-name", f"{_MAKE}run(ast.Expr(load('__builtins__')))", raises="SyntaxError"),
    case(
        "tree-that-binds-a-reserved-name",
        f"{_MAKE}run(ast.Assign([ast.Name('__builtins__', ast.Store())], ast.Constant({{}})))",
        raises="SyntaxError",
    ),
    case(
        "tree-of-a-guard-name",
        f"{_MAKE}run(ast.Expr(load('cap:getattr')))\n'cap:getattr' in globals()",
        value=False,
    ),
    case(
        "tree-of-a-denied-attribute",
        f"{_MAKE}run(ast.Expr(ast.Attribute(ast.Lambda(ast.arguments([], [], None, [], [], None, []), "
        "ast.Constant(0)), '__globals__', ast.Load())))",
        raises="AttributeError",
        about="__globals__",
    ),
    case(
        "tree-whose-name-is-a-program",
        f"{_MAKE}run(ast.Expr(load('(i for i in \"a\").gi_frame.f_builtins')))",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "tree-with-an-object-as-a-constant",
        f"{_MAKE}class K:\n    def __repr__(self): return '(lambda: 0).__globals__'\nrun(ast.Expr(ast.Constant(K())))",
        raises="AttributeError",
        about="__globals__",
    ),
    case(
        "tree-with-a-function-as-a-constant",
        f"{_MAKE}run(ast.Expr(ast.Constant(len)))",
        raises="SyntaxError",
    ),
    case(
        "tree-with-itself-inside",
        f"{_MAKE}x = ast.UnaryOp(ast.Not(), None)\nx.operand = x\nrun(ast.Expr(x))",
        stopped=("depth", "steps", "memory"),
    ),
    case(
        "tree-too-deep-for-the-parser",
        f"{_MAKE}x = ast.Constant(1)\nfor i in range(100_000): x = ast.UnaryOp(ast.USub(), x)\nrun(ast.Expr(x))",
        stopped=("depth", "steps", "memory"),
    ),
    case("tree-of-a-text-too-deep", "import ast\nast.parse('-' * 5000 + '1')", raises="SyntaxError"),
    case("tree-of-a-huge-text", "import ast\nast.parse('x\\n' * 10**7)", stopped=("steps", "memory")),
    case("tree-of-a-nul", "import ast\nast.parse('x\\0y')", raises="SyntaxError"),
    case(
        "tree-is-charged-for-its-nodes",
        "import ast\nfor i in range(100): ast.parse('x+' * 300 + 'x')",
        steps=20_000,
        stopped=("steps", "memory"),
    ),
    case(
        "nodes-are-the-guests-own-classes",
        "import ast\nast.Name.evil = 1\ntype(ast.parse('x').body[0].value) is ast.Name, ast.parse('x').body[0].value.evil",
        value=(True, 1),
    ),
    case(
        "nodes-of-another-guest-are-untouched",
        "import ast\nhasattr(ast.Name, 'evil')",
        first="import ast\nast.Name.evil = 1",
        value=False,
    ),
    case(
        "nodes-of-a-class-that-is-not-ones-own",
        "import _guard_types as g\nName = Module = Expr = int\ng._syntax_tree('x', 'f', 'exec', globals())",
        raises="TypeError",
    ),
    case(
        "nodes-of-a-class-with-a-new-of-its-own",
        "import _guard_types as g\nlog = []\nclass Module(list):\n    def __new__(c, *a): log.append(1)\n"
        "try:\n    g._syntax_tree('x', 'f', 'exec', globals())\nexcept TypeError:\n    pass\nlog",
        value=[],
    ),
    case(
        "nodes-of-a-class-with-a-dictionary-that-lies",
        "import ast, _ast\nlog = []\nclass Name:\n    __dict__ = property(lambda s: log.append(1))\n"
        "    def __setattr__(s, n, v): log.append(n)\n_ast.Name = Name\nr = ast.parse('x')\nlog",
        raises="TypeError",
    ),
    case(
        "nodes-of-a-class-with-slots",
        "import ast, _ast\nclass Name:\n    __slots__ = ('id', 'ctx')\n_ast.Name = Name\nast.parse('x')",
        raises="TypeError",
    ),
    case(
        "tree-from-a-namespace-that-lies",
        "import _guard_types as g\nclass N:\n    __raw__ = {}\ng._syntax_tree('x', 'f', 'exec', N())",
        raises="TypeError",
    ),
    case(
        "tree-from-texts-that-lie",
        "import _guard_types as g, _ast\nclass S(str):\n    def __eq__(s, o): return True\n"
        "    def __hash__(s): return hash('exec')\ng._syntax_tree('x', 'f', S('evil'), vars(_ast))",
        raises="ValueError",
    ),
    case(
        "tree-by-flags-that-lie",
        "class I(int):\n    def __and__(s, o): return 0x400\ncompile('1', 'f', 'eval', I(1))",
        raises="ValueError",
    ),
    case(
        "tree-by-top-level-await",
        "import ast\ncompile('await x', 'f', 'exec', ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)",
        raises="SyntaxError",
        about="'await' outside function",
    ),
    case(
        "tree-that-takes-the-place-of-unparse",
        "import ast, _ast_whole\n_ast_whole.unparse = lambda t: '(i for i in \"a\").gi_frame.f_builtins'\n"
        "eval(compile(ast.parse('1', mode='eval'), 'f', 'eval'))",
        raises="AttributeError",
        about="f_builtins",
    ),
    case(
        "node-whose-class-passes-for-a-tree",
        "import ast\nclass K(ast.Expression): pass\nclass S(str): pass\nk = K(ast.Constant(5))\n"
        "eval(compile(k, 'f', 'eval'))",
        value=5,
    ),
    case(
        "methods-of-nodes-are-called-through-their-guards",
        "import ast, _ast\nclass Name(_ast.expr):\n    _fields = ('id', 'ctx')\n    def id(self): return 0\n"
        "def f(x): return x.id()\nf(Name())\n_ast.Name = Name\nf(ast.parse('x').body[0].value)",
        raises="TypeError",
    ),
    case(
        "literal-eval-of-a-tree-that-is-none",
        "import ast\ntry:\n    r = ast.literal_eval(ast.parse('(lambda: 0)()', mode='eval'))\n"
        "except ValueError:\n    r = 'refused'\nr",
        value="refused",
    ),
    case(
        "transformer-that-gives-what-it-likes",
        "import ast\nclass T(ast.NodeTransformer):\n    def visit_Constant(self, n): return ast.Name('open', ast.Load())\n"
        "t = ast.fix_missing_locations(T().visit(ast.parse('1(\"f\")', mode='eval')))\neval(compile(t, 'f', 'eval'))",
        raises="PermissionError",
    ),
    case(
        "copied-nodes-run-nothing",
        "import ast, copy\nt = ast.parse('x', mode='eval')\nt.__reduce_ex__ = lambda p: (open, ('f',))\n"
        "type(copy.copy(t)).__name__",
        raises="PermissionError",
    ),
]
