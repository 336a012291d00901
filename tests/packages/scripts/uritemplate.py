# packages: uritemplate
from uritemplate import URITemplate, expand, variables

print(
    expand("https://x/{a}{/b*}{?c,d}", a="q r", b=["1", "2"], c="x&y"),
    variables("{a}{+b}"),
    URITemplate("{#x:3}").expand(x="value"),
)
