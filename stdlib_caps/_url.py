"""Addresses of the web, taken apart strictly, and the rules that say which may be asked.

Stops: two readers of one address that see different hosts or paths (`http://good@evil`,
`http://good\\@evil`, `/v1/%2e%2e/admin`). What is not plain is refused instead of repaired.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

__all__ = ["FRAMING", "HEADER", "METHODS", "Address", "Rule", "address_of"]

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_PATH: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*")
_QUERY: Final = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/?\[\]|-]|%[0-9A-Fa-f]{2})*")
#: Encoded dots, slashes, semicolons, backslashes, percents and controls: servers differ in what they
#: make of them.
_DOUBTFUL: Final = re.compile(r"%(2e|2f|3b|5c|25|[01][0-9a-f]|7f)", re.IGNORECASE)
HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
#: Headers that decide where a message goes or where it ends. No rule gives them away.
FRAMING: Final = frozenset(
    """
    host content-length transfer-encoding connection keep-alive te trailer upgrade expect
    accept-encoding http2-settings
    """.split()
)


@dataclass(frozen=True, slots=True)
class Address:
    """scheme, host and port as they are compared; path and query as they are sent."""

    scheme: str
    host: str
    port: int
    path: str
    query: str

    @property
    def target(self) -> str:
        return self.path + (f"?{self.query}" if self.query else "")

    @property
    def authority(self) -> str:
        """What stands in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def address_of(url: str) -> Address:
    """The parts of an absolute address. Raises ValueError for what is not plain."""
    if len(url) > 8192 or not url.isascii() or re.search(r"[\x00-\x20\x7f\\]", url):
        raise ValueError("url: wanted printable ASCII without spaces and backslashes")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ValueError(f"url: {error}") from None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").lower()
    if scheme not in _PORTS:
        raise ValueError("url: wanted http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("url: names and passwords do not belong in it")
    if ":" in host:
        host = str(ipaddress.IPv6Address(host))
    elif not _HOST.fullmatch(host) or ".." in host:
        raise ValueError("url: the host is not plain")
    path = parts.path or "/"
    if not _PATH.fullmatch(path) or _DOUBTFUL.search(path) or "//" in path or _has_a_double(path):
        raise ValueError("url: the path is not plain")
    # Some servers take what follows a `;` off each name before they go by the path.
    names = [segment.partition(";") for segment in path.split("/")]
    if any(name in (".", "..") or (mark and not name) for name, mark, _ in names):
        raise ValueError("url: the path has '.' or '..' in it")
    if not _QUERY.fullmatch(parts.query):
        raise ValueError("url: the query is not plain; quote what is in it")
    return Address(scheme, host, port if port is not None else _PORTS[scheme], path, parts.query)


def _has_a_double(path: str) -> bool:
    """Whether a server may read one of `./\\;%` where nobody wrote it: from bytes that are no UTF-8,
    such as the long forms of a dot, or from characters that stand for others, such as the wide dot."""
    try:
        text = unquote_to_bytes(path).decode()
    except UnicodeDecodeError:
        return True
    plain = unicodedata.normalize("NFKC", text)
    return any(plain.count(mark) > text.count(mark) for mark in "./\\;%")


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be asked: `Rule("https://api.example.com/v1/", "GET")`.

    address: scheme, host, port and a prefix of the path; it counts at a `/`, so that `/v1` is not
    `/v10`. methods: names of methods. private: whether the host's name may stand for an address of
    this machine or of a network that is not public; an address written as numbers says so itself.
    headers: sent along with each request under the rule, and not shown to the guest.
    headers_from_guests: names of headers that a guest may set, beside those that say no more than what
    is asked for, how it is written and who the guest says it is.
    """

    address: str
    methods: tuple[str, ...] = ("GET", "HEAD")
    private: bool = False
    headers: tuple[tuple[str, str], ...] = ()
    headers_from_guests: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        given = self.methods
        methods = tuple(given.upper().split() if isinstance(given, str) else [m.upper() for m in given])
        if not methods or not set(methods) <= set(METHODS):
            raise ValueError(f"Rule: methods: wanted some of {', '.join(METHODS)}")
        object.__setattr__(self, "methods", methods)
        names = tuple(n.lower() for n in self.headers_from_guests)
        for name in names:
            plain = name.replace("_", "-")  # as CGI has it
            if not HEADER.fullmatch(name) or plain in FRAMING or plain.startswith("proxy-"):
                raise ValueError(f"Rule: headers_from_guests: {name!r} is not a guest's to set")
        object.__setattr__(self, "headers_from_guests", names)
        parsed = address_of(self.address)
        if parsed.query:
            raise ValueError("Rule: the address has a query; rules end with the path")

    @property
    def literal(self) -> bool:
        """Whether the host is an address in numbers."""
        try:
            ipaddress.ip_address(address_of(self.address).host)
        except ValueError:
            return False
        return True

    def allows(self, method: str, asked: Address) -> bool:
        own = address_of(self.address)
        if (own.scheme, own.host, own.port) != (asked.scheme, asked.host, asked.port):
            return False
        inside = own.path if own.path.endswith("/") else own.path + "/"
        return method in self.methods and (asked.path == own.path or asked.path.startswith(inside))
