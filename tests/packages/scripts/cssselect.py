# packages: cssselect
from cssselect import GenericTranslator, SelectorSyntaxError, parse

print(
    GenericTranslator().css_to_xpath("div#a > p.b:nth-child(2n+1), a[href^='x']"),
    [s.specificity() for s in parse("a.b#c, *")],
)
try:
    GenericTranslator().css_to_xpath("a[")
except SelectorSyntaxError as error:
    print(error)
