"""Requests over the web, to the addresses that are granted."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from typing import Annotated, Any, Final
from urllib.parse import urljoin

from capcompiler import Capability
from capcompiler.membrane.arguments import AtMost
from stdlib_caps._url import HEADER, METHODS, Address, Rule, address_of

__all__ = ["Http", "Rule"]

MAX_BYTES: Final = 4 * 2**20
_MAX_REDIRECTS: Final = 5
_VALUE: Final = re.compile(r"[\x20-\x7e\t]{0,4000}")
#: Headers that a guest may set under any rule. Default-deny: by others, of which there are ever more,
#: servers and what stands before them let a request say another host, path, method or sender than it
#: was checked for (`X-HTTP-Path-Override`, `Client-IP`).
_PLAIN: Final = frozenset(
    """
    accept accept-charset accept-language authorization cache-control content-encoding content-language
    content-type cookie idempotency-key if-match if-modified-since if-none-match if-range
    if-unmodified-since pragma prefer range user-agent
    """.split()
)
_SECRET: Final = frozenset({"authorization", "cookie"})

_Url = Annotated[str, AtMost(8192)]
_Headers = dict[str, str]
Answer = dict[str, Any]


class _Ambient(type):
    """Gives `Http` its constructor without making it a method that a guest could call."""

    def ambient(
        cls, *rules: Rule | str, seconds: float = 10.0, max_bytes: int = MAX_BYTES, verify: Any = None
    ) -> Http:  # fmt: skip
        """Requests from this machine, to what some rule allows.

        rules: each a `Rule`, or an address for GET and HEAD, or `"POST https://..."`. seconds: that
        one request may take, with its redirects. max_bytes: of an answer. verify: an `ssl.SSLContext`
        in the place of the usual one.
        Raises ValueError for a rule that is none, ImportError without httpx (the extra `http`).

        Ambient authority: uses the network of this machine.
        """
        import httpx  # noqa: F401 - so that a host learns of it now, and no guest later

        if not rules:
            raise ValueError("Http: name what may be asked")
        if type(seconds) not in (int, float) or not 0 < seconds < 86_400:
            raise ValueError("Http: seconds: wanted a number above 0")
        if type(max_bytes) is not int or not 0 < max_bytes < 2**30:
            raise ValueError("Http: max_bytes: wanted a whole number above 0")
        made: Http = object.__new__(Http)
        made._rules = tuple(_rule(rule) for rule in rules)
        made._seconds, made._max, made._verify = float(seconds), max_bytes, verify
        return made


def _rule(rule: Rule | str) -> Rule:
    if isinstance(rule, Rule):
        return rule
    methods, _, address = rule.rpartition(" ")
    return Rule(address, tuple(methods.replace(",", " ").split())) if methods else Rule(address)


class Http(Capability, metaclass=_Ambient, reads="get get_text get_json rules"):
    """Requests to what its rules allow. Made by `Http.ambient(rule, ...)`.

    Redirects are followed as long as they stay within the rules; names are looked up once, and a name
    that stands for an address of a private network is refused. No cookies, proxies or passwords of the
    host's go along.
    """

    _rules: tuple[Rule, ...]
    _seconds: float
    _max: int
    _verify: Any

    def __init__(self) -> None:
        raise TypeError("Http: write Http.ambient(rule, ...), which says what it takes")

    def _cap_readonly(self) -> Http:
        return self._with(tuple(
            replace(r, methods=kept) for r in self._rules
            if (kept := tuple(m for m in r.methods if m in ("GET", "HEAD")))
        ))  # fmt: skip

    def _cap_refused(self) -> frozenset[str]:
        return frozenset() if any("POST" in r.methods for r in self._rules) else frozenset({"post"})

    def _with(self, rules: tuple[Rule, ...]) -> Http:
        made: Http = object.__new__(Http)
        made.__dict__.update(self.__dict__, _rules=rules)
        return made

    def rules(self) -> list[str]:
        """What may be asked, each as methods and an address."""
        return [f"{','.join(rule.methods)} {rule.address}" for rule in self._rules]

    def narrowed(self, *rules: str) -> Http:
        """Less of it: each rule, as "GET https://...", must lie within one of these."""
        found = []
        for text in rules:
            wanted = _rule(text)
            own = self._allowing(wanted)
            if own is None:
                raise PermissionError(f"{text[:200]} lies within no rule of this capability")
            found.append(replace(own, address=wanted.address, methods=wanted.methods))
        return self._with(tuple(found))

    def _allowing(self, wanted: Rule) -> Rule | None:
        address = address_of(wanted.address)
        for own in self._rules:
            if all(own.allows(method, address) for method in wanted.methods):
                return own
        return None

    def get(self, url: _Url, headers: _Headers | None = None) -> Answer:
        """Ask for an address: gives `status`, `headers`, `body` (bytes) and `url`."""
        return self.request("GET", url, headers)

    def get_text(self, url: _Url, headers: _Headers | None = None) -> str:
        """The text at an address. Raises OSError for a status that is no success."""
        answer = self._success(url, headers)
        kind = answer["headers"].get("content-type", "")
        encoding = "latin-1" if "charset=iso-8859-1" in kind.lower().replace('"', "") else "utf-8"
        return str(answer["body"].decode(encoding, "replace"))

    def get_json(self, url: _Url, headers: _Headers | None = None) -> Any:
        """What the JSON at an address says. Raises OSError for a status that is no success."""
        answer = self._success(url, headers)
        try:
            return json.loads(answer["body"])
        except (ValueError, RecursionError):
            problem = ValueError("the answer is no JSON")
        raise problem

    def post(self, url: _Url, body: str | bytes = b"", headers: _Headers | None = None) -> Answer:
        """Send text or bytes to an address."""
        return self.request("POST", url, headers, body)

    def request(
        self, method: str, url: _Url, headers: _Headers | None = None, body: str | bytes = b""
    ) -> Answer:
        """Any request that the rules allow."""
        asked, verb = address_of(url), method.upper()
        if verb not in METHODS:
            raise ValueError(f"method: wanted one of {', '.join(METHODS)}")
        own = _checked(headers or {}, self._rule_for(verb, asked))
        data = body.encode() if isinstance(body, str) else body
        deadline = time.monotonic() + self._seconds
        for _ in range(_MAX_REDIRECTS + 1):
            rule = self._rule_for(verb, asked)
            own = {n: v for n, v in own.items() if _is_allowed(n, rule)}
            answer = self._sent(rule, verb, asked, own, data, deadline)
            target = answer["headers"].get("location", "")
            if answer["status"] not in (301, 302, 303, 307, 308) or not target:
                answer["url"] = str(asked)
                return answer
            after = address_of(urljoin(str(asked), target).partition("#")[0])
            if answer["status"] == 303 or (answer["status"] in (301, 302) and verb == "POST"):
                verb, data = "HEAD" if verb == "HEAD" else "GET", b""
            if (after.scheme, after.host, after.port) != (asked.scheme, asked.host, asked.port):
                own = {n: v for n, v in own.items() if n in _PLAIN - _SECRET}
            asked = after
        raise OSError(40, f"more than {_MAX_REDIRECTS} redirects")

    def _success(self, url: str, headers: _Headers | None) -> Answer:
        answer = self.get(url, headers)
        if not 200 <= answer["status"] < 300:
            raise OSError(5, f"the server answered with status {answer['status']}")
        return answer

    def _rule_for(self, verb: str, asked: Address) -> Rule:
        for rule in self._rules:
            if rule.allows(verb, asked):
                return rule
        where = f"{asked.scheme}://{asked.authority}{asked.path}"
        raise PermissionError(f"{verb} {where} was not granted; there are: {', '.join(self.rules())}")

    def _sent(
        self, rule: Rule, verb: str, asked: Address, headers: _Headers, data: bytes, deadline: float
    ) -> Answer:
        import httpx

        from stdlib_caps._wire import Transport

        address = self._address(rule, asked, deadline)
        sent = {"user-agent": "capcompiler", "accept": "*/*", **headers}
        sent.update({name.lower(): value for name, value in rule.headers})
        sent.update({"host": asked.authority, "accept-encoding": "identity", "connection": "close"})
        if data or verb in ("POST", "PUT", "PATCH"):
            sent["content-length"] = str(len(data))
        try:
            with Transport(address, deadline, self._verify) as transport:
                request = httpx.Request(verb, str(asked), headers=sent, content=data or None)
                answer = transport.handle_request(request)
                try:
                    body = self._read(answer, deadline)
                finally:
                    answer.stream.close()
        except Exception as error:
            problem = _problem(error)
        else:
            return {
                "status": answer.status_code,
                "headers": {n.lower(): v for n, v in answer.headers.items()},
                "body": body,
            }
        raise problem

    def _address(self, rule: Rule, asked: Address, deadline: float) -> str:
        """The one address that is connected to: checked, and not looked up again."""
        from stdlib_caps import _wire

        try:
            found = _wire.looked_up(asked.host, asked.port, deadline)
        except TimeoutError as error:
            problem = _problem(error)
        except OSError:
            problem = ConnectionError("the host is not known")
        else:
            return self._permitted(rule, found)
        raise problem

    def _permitted(self, rule: Rule, found: list[str]) -> str:
        from stdlib_caps import _wire

        if not found:
            raise ConnectionError("the host is not known")
        if not (rule.private or rule.literal) and not all(map(_wire.is_public, found)):
            raise PermissionError("the host's name stands for an address that is not public")
        return found[0]

    def _read(self, answer: Any, deadline: float) -> bytes:
        if answer.headers.get("content-encoding", "identity").lower() != "identity":
            raise _Unfit("the answer is packed, which was not asked for")
        if int(answer.headers.get("content-length", "0") or 0) > self._max:
            raise _Unfit(f"the answer is larger than {self._max:,} bytes")
        body = bytearray()
        for part in answer.stream:
            body += part
            if len(body) > self._max:
                raise _Unfit(f"the answer is larger than {self._max:,} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError
        return bytes(body)


class _Unfit(Exception):
    """An answer that is not taken. Its text is for the guest."""


def _checked(headers: _Headers, rule: Rule) -> _Headers:
    """A guest's headers. Raises ValueError for what is not a guest's to set under the rule."""
    if len(headers) > 50:
        raise ValueError("headers: 50 are the most")
    found = {}
    for name, value in headers.items():
        if not HEADER.fullmatch(name) or not _VALUE.fullmatch(value):
            raise ValueError(f"headers: {name[:50]!r} is not plain")
        if not _is_allowed(name.lower(), rule):
            raise ValueError(
                f"headers: {name!r} is not a guest's to set, unless the host's rule has it in "
                "headers_from_guests"
            )
        found[name.lower()] = value
    return found


def _is_allowed(name: str, rule: Rule) -> bool:
    return name in _PLAIN or name in rule.headers_from_guests


def _problem(error: Exception) -> Exception:
    """What a guest is told of a request that failed: nothing of addresses or of this machine."""
    import httpcore
    import httpx

    if isinstance(error, _Unfit):
        return OSError(27, str(error))
    if isinstance(error, (httpcore.TimeoutException, httpx.TimeoutException, TimeoutError)):
        return TimeoutError("the server took too long")
    if isinstance(error, (httpcore.ConnectError, httpx.ConnectError)):
        return ConnectionError("the server could not be reached")
    return ConnectionError("the server did not keep to the protocol, or went away")
