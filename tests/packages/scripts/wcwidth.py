# packages: wcwidth
from wcwidth import list_versions, wcswidth, wcwidth

for text in (
    "abc",
    "\u30b3\u30f3\u30cb\u30c1\u30cf",
    "e\u0301",
    "\x1b",
    "\u200d",
    "\U0001f468\u200d\U0001f469",
    "\u0000",
):
    print(ascii(text), wcswidth(text), [wcwidth(c) for c in text])
print(list_versions()[-1] >= "15", wcwidth("\u231a"), wcswidth("abc\u30b3", 4))
