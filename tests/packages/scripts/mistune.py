# packages: mistune
import mistune

text = """# Title

Some *text* with **bold**, `code`, a [link](https://example.com "t") and ![img](a.png).

- one
- two
  - three

1. first
2. second

> quote
> more

```python
x = 1
```

| a | b |
|---|--:|
| 1 | 2 |

~~gone~~ and a footnote[^1].

[^1]: here

***
<b>raw</b> &amp; done
"""
print(mistune.html(text))
print(mistune.create_markdown(renderer=None)("a *b*"))
print(mistune.create_markdown(escape=True, plugins=["strikethrough", "table", "url"])(text))
