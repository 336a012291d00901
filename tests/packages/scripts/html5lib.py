# packages: html5lib webencodings six
import html5lib

tree = (
    html5lib.parse("<p>One<b>two<i>three</b>four<table><tr><td>x", treebuilder="dom")
    if False
    else html5lib
)
print(tree.__version__ > "1")
