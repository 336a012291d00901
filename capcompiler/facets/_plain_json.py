"""What `json` does for data of exact builtin types, by C and without the rest of the library."""

try:
    import _json
except ImportError:  # the host has taken the row away
    _json = None

__all__ = ["__getattr__", "_plain"]

_SPACE = " \t\n\r"
_LATER = {
    "JSONDecoder": "decoder", "JSONDecodeError": "decoder", "JSONEncoder": "encoder",
    "decoder": "", "encoder": "", "scanner": "", "codecs": "",
}  # fmt: skip


def __getattr__(name):
    """A part of `json` that is loaded when it is asked for."""
    import json

    found = vars(json).get(name)
    if found is None:
        where = _LATER.get(name)
        if where is None:
            raise AttributeError(f"module 'json' has no attribute {name!r}")
        if name == "codecs":
            import codecs as found
        elif where:
            found = getattr(__import__(f"json.{where}", None, None, (name,)), name)
        else:
            found = __import__(f"json.{name}", None, None, (name,))
        setattr(json, name, found)
    return found


def _plain(part):
    """The encoder and the decoder that `json` uses where nothing is asked of them. part: gives a part
    of `json` by its name."""

    def unknown(o):
        return part("JSONEncoder")().default(o)

    class Encoder:
        def encode(self, o):
            if _json is None:
                return part("JSONEncoder")().encode(o)
            if isinstance(o, str):
                return _json.encode_basestring_ascii(o)
            make = _json.make_encoder(
                {}, unknown, _json.encode_basestring_ascii, None, ": ", ", ", False, False, True
            )
            return "".join(make(o, 0))

        def iterencode(self, o, _one_shot=False):
            return part("JSONEncoder")().iterencode(o, _one_shot)

        def __getattr__(self, name):
            return getattr(part("JSONEncoder")(), name)

    class Decoder:
        strict = True
        object_hook = object_pairs_hook = array_hook = None
        parse_float, parse_int = float, int
        parse_constant = {
            "-Infinity": float("-inf"), "Infinity": float("inf"), "NaN": float("nan"),
        }.__getitem__  # fmt: skip
        scan = None

        def decode(self, s):
            if _json is None or type(s) is not str:
                return part("JSONDecoder")().decode(s)
            if self.scan is None:
                Decoder.scan = staticmethod(_json.make_scanner(self))
            try:
                found, end = self.scan(s, len(s) - len(s.lstrip(_SPACE)))
            except StopIteration:
                end = -1
            if end < 0 or s[end:].strip(_SPACE):
                return part("JSONDecoder")().decode(s)  # says what is wrong, and where
            return found

        def __getattr__(self, name):
            return getattr(part("JSONDecoder")(), name)

    return Encoder(), Decoder()
