# packages: soupsieve bs4 typing_extensions
import soupsieve as sv
from bs4 import BeautifulSoup

s = BeautifulSoup("<div><p>1<p class=a>2<p>3</div>", "html.parser")
print(
    [e.text for e in sv.select("p:not(.a):nth-of-type(odd)", s)],
    sv.match("div", s.div),
    sv.compile("p > b").pattern,
)
