# packages: tinycss2 webencodings
import tinycss2

rules = tinycss2.parse_stylesheet(
    "a > b { color: red; width: 10px } @media x { p { y: z } }", skip_whitespace=True
)
print(
    [r.type for r in rules],
    tinycss2.serialize(rules),
    [t.type for t in tinycss2.parse_component_value_list("1px #fff url(x)")],
)
