"""`encodings` without a registry: names of encodings made alike."""

from . import aliases


class CodecRegistryError(LookupError, SystemError):
    """A codec is not what it should be."""


def normalize_encoding(encoding):
    """The name with everything but letters, digits and dots made one underscore."""
    if isinstance(encoding, bytes):
        encoding = str(encoding, "ascii")
    chars, punct = [], False
    for c in encoding:
        if c.isalnum() or c == ".":
            if punct and chars:
                chars.append("_")
            if c.isascii():
                chars.append(c)
            punct = False
        else:
            punct = True
    return "".join(chars)
