# packages: arpeggio
from arpeggio import EOF, NoMatch, OneOrMore, Optional, ParserPython, RegExMatch, ZeroOrMore


def number():
    return RegExMatch(r"\d+")


def factor():
    return Optional(["+", "-"]), [number, ("(", expression, ")")]


def term():
    return factor, ZeroOrMore(["*", "/"], factor)


def expression():
    return term, ZeroOrMore(["+", "-"], term)


def calc():
    return OneOrMore(expression), EOF


parser = ParserPython(calc)
print(parser.parse("-(4-1)*5+(2+4)"), parser.parse("1+2").tree_str())
try:
    parser.parse("1+*")
except NoMatch as error:
    print(error)
