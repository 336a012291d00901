# packages: slugify text_unidecode
from slugify import slugify

for text in (
    "This is a test ---",
    "\u5f71\u5e08\u55ef",
    "C'est d\u00e9j\u00e0 l'\u00e9t\u00e9.",
    "a b &amp; 1,000",
    "\u043a\u043e\u043c\u043f",
):
    print(
        slugify(text),
        slugify(text, max_length=9, word_boundary=True, separator="_"),
        slugify(text, allow_unicode=True) != "",
    )
print(slugify("the quick brown", stopwords=["the"], replacements=[["quick", "slow"]]))
