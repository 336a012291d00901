# packages: markdown
import markdown

text = '# T\n\nA *b* **c** `d` [e](f "g")\n\n* x\n* y\n\n    code\n\n> q\n\n<div>raw</div>\n\n| a | b |\n|---|---|\n| 1 | 2 |\n'
print(markdown.markdown(text), markdown.markdown(text, extensions=["tables", "fenced_code", "toc"]))
