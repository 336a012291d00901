# packages: markdown_it mdurl
from markdown_it import MarkdownIt

md = MarkdownIt("commonmark", {"html": False}).enable("table")
text = '# T\n\nA *b* **c** `d` [e](f "g") <http://x.y>\n\n1. x\n2. y\n\n```py\ncode\n```\n\n> q\n\n| a | b |\n|---|---|\n| 1 | 2 |\n'
print(md.render(text), [t.type for t in md.parse("*a*")])
