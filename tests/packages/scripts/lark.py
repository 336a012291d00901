# packages: lark
from lark import Lark, Transformer, UnexpectedInput, v_args

GRAMMAR = """
    ?start: sum
    ?sum: product | sum "+" product -> add | sum "-" product -> sub
    ?product: atom | product "*" atom -> mul | product "/" atom -> div
    ?atom: NUMBER -> number | "-" atom -> neg | "(" sum ")"
    %import common.NUMBER
    %import common.WS_INLINE
    %ignore WS_INLINE
"""


@v_args(inline=True)
class Calc(Transformer):
    from operator import add, mul, neg, sub
    from operator import truediv as div

    number = float


lalr = Lark(GRAMMAR, parser="lalr", transformer=Calc())
print(lalr.parse("1 + 2 * (3 - 4) / 5"), lalr.parse("-(2)"))
earley = Lark(GRAMMAR)
tree = earley.parse("1 + 2 * 3")
print(tree.pretty(), Calc().transform(tree), [t for t in tree.scan_values(lambda v: True)])
try:
    lalr.parse("1 + * 2")
except UnexpectedInput as error:
    print(type(error).__name__, error.line, error.column, error.get_context("1 + * 2"))
ambiguous = Lark('start: a*\na: "x" | "x" "x"', ambiguity="explicit")
print(len(list(ambiguous.parse("xxx").iter_subtrees())))
