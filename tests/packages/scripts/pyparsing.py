# packages: pyparsing
import pyparsing as pp

number = pp.pyparsing_common.number
expr = pp.infix_notation(
    number,
    [
        ("-", 1, pp.opAssoc.RIGHT),
        (pp.one_of("* /"), 2, pp.opAssoc.LEFT),
        (pp.one_of("+ -"), 2, pp.opAssoc.LEFT),
    ],
)
print(expr.parse_string("2 + 3 * (4 - 1) / -2", parse_all=True).as_list())
pair = pp.Group(pp.Word(pp.alphas)("key") + pp.Suppress("=") + (pp.quoted_string | number)("value"))
found = pp.DelimitedList(pair)("pairs").parse_string("a = 1, b = 'x', c = 2.5")
print(found.as_list(), [p.key for p in found.pairs], found.as_dict().keys())
nested = pp.Forward()
nested <<= pp.Suppress("(") + pp.Group((pp.Word(pp.nums) | nested)[...]) + pp.Suppress(")")
print(nested.parse_string("(1 (2 3) (4))").as_list(), list(pp.Word(pp.nums).scan_string("a1b22"))[1][1:])
try:
    pair.parse_string("a 1")
except pp.ParseException as error:
    print(error, error.lineno, error.col)
print(
    pp.Regex(r"(?P<y>\d+)-(?P<m>\d+)").parse_string("2024-05")["m"],
    pp.Word(pp.nums).set_parse_action(lambda t: int(t[0])).transform_string("a 5"),
)
