"""`_codecs` over the codecs that text and bytes know themselves. No codec can be registered: the
registry is the interpreter's."""

from _guard_types import _refuse

_NAMES = {
    "utf_8": "utf-8", "utf8": "utf-8", "u8": "utf-8", "utf": "utf-8", "cp65001": "utf-8",
    "utf_8_sig": "utf-8-sig", "ascii": "ascii", "us_ascii": "ascii", "646": "ascii",
    "latin_1": "iso8859-1", "latin1": "iso8859-1", "iso_8859_1": "iso8859-1",
    "iso8859_1": "iso8859-1", "8859": "iso8859-1", "l1": "iso8859-1", "latin": "iso8859-1",
    "utf_16": "utf-16", "utf16": "utf-16", "utf_16_le": "utf-16-le", "utf_16_be": "utf-16-be",
    "utf_32": "utf-32", "utf32": "utf-32", "utf_32_le": "utf-32-le", "utf_32_be": "utf-32-be",
    "unicode_escape": "unicode-escape", "raw_unicode_escape": "raw-unicode-escape",
}  # fmt: skip
_infos = {}
_handlers = {}


def lookup(encoding, /):
    """The codec of this name."""
    import codecs

    key = encoding.lower().replace("-", "_").replace(" ", "_")
    name = _NAMES.get(key)
    if name is None:
        try:
            "".encode(encoding)
        except LookupError:
            raise LookupError(f"unknown encoding: {encoding}") from None
        name = key.replace("_", "-")
    found = _infos.get(name)
    if found is not None:
        return found

    def encode_(text, errors="strict"):
        return text.encode(name, errors), len(text)

    def decode_(data, errors="strict"):
        return bytes(data).decode(name, errors), len(data)

    class Incremental(codecs.BufferedIncrementalDecoder):
        def _buffer_decode(self, data, errors, final):
            try:
                return data.decode(name, errors), len(data)
            except UnicodeDecodeError as error:
                if final or error.end < len(data) or len(data) - error.start > 4:
                    raise
                return data[: error.start].decode(name, errors), error.start

    class IncrementalEncoder(codecs.IncrementalEncoder):
        def encode(self, text, final=False):
            return text.encode(name, self.errors)

    class StreamWriter(codecs.StreamWriter):
        def encode(self, text, errors="strict"):
            return encode_(text, errors)

    class StreamReader(codecs.StreamReader):
        def decode(self, data, errors="strict"):
            return decode_(data, errors)

    found = _infos[name] = codecs.CodecInfo(
        name=name, encode=encode_, decode=decode_, incrementalencoder=IncrementalEncoder,
        incrementaldecoder=Incremental, streamwriter=StreamWriter, streamreader=StreamReader,
    )  # fmt: skip
    return found


def encode(obj, encoding="utf-8", errors="strict"):
    """`obj` through the codec."""
    return lookup(encoding).encode(obj, errors)[0]


def decode(obj, encoding="utf-8", errors="strict"):
    """`obj` back through the codec."""
    return lookup(encoding).decode(obj, errors)[0]


def register(*_args):
    _refuse("codecs.register was not granted: the registry is the interpreter's")


unregister = register


def register_error(errors, error_handler, /):
    _refuse("codecs.register_error was not granted: the registry is the interpreter's")


def _strict(error):
    raise error


def _ignore(error):
    return "", error.end


def _replace(error):
    mark = "?" if isinstance(error, UnicodeEncodeError) else "\ufffd"
    return mark * (error.end - error.start if mark == "?" else 1), error.end


def _backslashreplace(error):
    found = error.object[error.start : error.end]
    if isinstance(found, bytes):
        return "".join(f"\\x{b:02x}" for b in found), error.end
    return found.encode("ascii", "backslashreplace").decode(), error.end


def _xmlcharrefreplace(error):
    return "".join(f"&#{ord(c)};" for c in error.object[error.start : error.end]), error.end


def _namereplace(error):
    return error.object[error.start : error.end].encode("ascii", "namereplace").decode(), error.end


_handlers.update(
    strict=_strict, ignore=_ignore, replace=_replace, backslashreplace=_backslashreplace,
    xmlcharrefreplace=_xmlcharrefreplace, namereplace=_namereplace,
)  # fmt: skip


def lookup_error(name, /):
    """The handler of coding errors of this name."""
    try:
        return _handlers[name]
    except KeyError:
        raise LookupError(f"unknown error handler name '{name}'") from None


def _pair(codec):
    def encode(text, errors="strict", /):
        return text.encode(codec, errors or "strict"), len(text)

    def decode(data, errors="strict", final=False, /):
        return bytes(data).decode(codec, errors or "strict"), len(data)

    return encode, decode


utf_8_encode, utf_8_decode = _pair("utf-8")
ascii_encode, ascii_decode = _pair("ascii")
latin_1_encode, latin_1_decode = _pair("latin-1")
utf_16_encode, utf_16_decode = _pair("utf-16")
utf_16_le_encode, utf_16_le_decode = _pair("utf-16-le")
utf_16_be_encode, utf_16_be_decode = _pair("utf-16-be")
utf_32_encode, utf_32_decode = _pair("utf-32")
utf_32_le_encode, utf_32_le_decode = _pair("utf-32-le")
utf_32_be_encode, utf_32_be_decode = _pair("utf-32-be")
unicode_escape_encode, unicode_escape_decode = _pair("unicode-escape")
raw_unicode_escape_encode, raw_unicode_escape_decode = _pair("raw-unicode-escape")


def escape_decode(data, errors="strict", /):
    """Bytes with the escapes of a bytes literal."""
    text = bytes(data).decode("latin-1")
    return text.encode("latin-1").decode("unicode-escape").encode("latin-1"), len(data)


def escape_encode(data, errors="strict", /):
    return repr(bytes(data))[2:-1].encode("ascii"), len(data)


def charmap_build(table, /):
    """A table of characters, one for each byte, turned round."""
    return {ord(c): byte for byte, c in enumerate(table) if c != "\ufffe"}


def charmap_decode(data, errors="strict", mapping=None, /):
    data = bytes(data)
    if mapping is None:
        return data.decode("latin-1"), len(data)
    out, at = [], 0
    while at < len(data):
        try:
            found = mapping[data[at]]
        except (IndexError, KeyError):
            found = None
        if found is None or found == "\ufffe" or found == 0xFFFE:
            error = UnicodeDecodeError("charmap", data, at, at + 1, "character maps to <undefined>")
            text, at = lookup_error(errors or "strict")(error)
            out.append(text)
            continue
        out.append(chr(found) if isinstance(found, int) else found)
        at += 1
    return "".join(out), len(data)


def charmap_encode(text, errors="strict", mapping=None, /):
    if mapping is None:
        return text.encode("latin-1", errors or "strict"), len(text)
    out, at = [], 0
    while at < len(text):
        try:
            found = mapping[ord(text[at])]
        except (IndexError, KeyError):
            found = None
        if found is None:
            error = UnicodeEncodeError("charmap", text, at, at + 1, "character maps to <undefined>")
            more, at = lookup_error(errors or "strict")(error)
            out.append(charmap_encode(more, "strict", mapping)[0] if isinstance(more, str) else more)
            continue
        out.append(bytes((found,)) if isinstance(found, int) else found)
        at += 1
    return b"".join(out), len(text)
