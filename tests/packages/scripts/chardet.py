# packages: chardet
import chardet

print(
    chardet.detect("h\u00e9llo w\u00f6rld \u2014 \u20ac".encode())["encoding"].lower(),
    chardet.detect(b"plain")["encoding"].lower(),
)
