# packages: num2words
from num2words import num2words

for lang in ("en", "de", "fr", "es", "pl", "ja"):
    print(lang, num2words(1234, lang=lang), num2words(21, lang=lang))
print(
    num2words(42, to="ordinal"),
    num2words(3, to="ordinal_num"),
    num2words(1999, to="year"),
    num2words(12.5),
    num2words(5, to="currency", currency="EUR"),
)
