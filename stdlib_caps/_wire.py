"""Connections that go where the rules say: one look at the name, one checked address, one deadline.

Stops: DNS rebinding (the name is looked up once, and what was checked is what is connected to), private
networks behind public names, and servers that send a byte now and then for ever.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

import httpcore
import httpx

__all__ = ["Transport", "is_public", "looked_up", "resolve"]


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, as the system knows them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _UnderWay:
    """The names that are being looked up. The system's look-up has no deadline and cannot be stopped:
    whoever waits leaves in time, and it is left behind. Each name has one at most, however many ask, and
    names are those of hosts' rules, so that a guest cannot pile threads up."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Anew: the threads of a process stay behind where it is forked."""
        self.lock = threading.Lock()
        self.found: dict[tuple[str, int], Future[list[str]]] = {}

    def ask(self, key: tuple[str, int]) -> Future[list[str]]:
        with self.lock:
            answer = self.found.get(key)
            if answer is None:
                answer = self.found[key] = Future()
                thread = threading.Thread(target=self._look, args=(key, answer), daemon=True)
                try:
                    thread.start()
                except BaseException:
                    del self.found[key]
                    raise
            return answer

    def _look(self, key: tuple[str, int], answer: Future[list[str]]) -> None:
        try:
            found = resolve(*key)
        except BaseException as error:
            self._forget(key)
            answer.set_exception(error)
        else:
            self._forget(key)
            answer.set_result(found)

    def _forget(self, key: tuple[str, int]) -> None:
        with self.lock:
            self.found.pop(key, None)


_under_way = _UnderWay()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_under_way.begin)


def looked_up(host: str, port: int, deadline: float) -> list[str]:
    """What `resolve` says, in time. Raises TimeoutError, and OSError as `resolve` does."""
    return _under_way.ask((host, port)).result(max(deadline - time.monotonic(), 0))


def is_public(address: str) -> bool:
    """Whether an address is one of the public network, also inside the forms that carry another."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        carried = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if carried is not None:
            return is_public(str(carried))
        if ip in _NAT64:
            return is_public(_carried(ip))
        if ip not in _GLOBAL:
            return False
        if int(ip) >> 32 & 0xFDFFFFFF == _ISATAP and not is_public(_carried(ip)):
            return False
    return ip.is_global and not ip.is_multicast


def _carried(ip: ipaddress.IPv6Address) -> str:
    return str(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))


#: What is given out for the public network. Python takes all that it does not know for global too, such
#: as site-local addresses (fec0::1) and those that are IPv4 ones to old systems (::127.0.0.1).
_GLOBAL = ipaddress.IPv6Network("2000::/3")
#: In the middle of an address that carries an IPv4 one, under whatever prefix (RFC 5214).
_ISATAP = 0x00005EFE
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class _Stream:
    """A connection that ends at a moment, however lively it is."""

    def __init__(self, inner: Any, deadline: float) -> None:
        self._inner = inner
        self._deadline = deadline

    def _left(self) -> float:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("the time is up")
        return left

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        data: bytes = self._inner.read(max_bytes, self._left())
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._left())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> _Stream:
        inner = self._inner.start_tls(ssl_context, server_hostname, self._left())
        return _Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend:
    """Connects to one address, whatever name is asked for."""

    def __init__(self, address: str, deadline: float) -> None:
        self._address = address
        self._deadline = deadline
        self._inner: Any = httpcore.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> _Stream:  # fmt: skip
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore.ConnectTimeout("the time is up")
        inner = self._inner.connect_tcp(self._address, port, left, local_address, socket_options)
        return _Stream(inner, self._deadline)

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


class _Body:
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Any:
        yield from self._stream

    def close(self) -> None:
        self._stream.close()


class Transport:
    """One request to one checked address."""

    def __init__(self, address: str, deadline: float, verify: Any) -> None:
        context = verify if verify is not None else httpx.create_ssl_context(trust_env=False)
        backend: Any = _Backend(address, deadline)
        self._pool: Any = httpcore.ConnectionPool(
            ssl_context=context, max_connections=1, max_keepalive_connections=0, retries=0,
            network_backend=backend,
        )  # fmt: skip

    def handle_request(self, request: Any) -> Any:
        """The answer to a `httpx.Request`, its body still to be read."""
        asked = httpcore.Request(
            method=request.method,
            url=httpcore.URL(
                scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )  # fmt: skip
        answer = self._pool.handle_request(asked)
        body: Any = _Body(answer.stream)
        return httpx.Response(answer.status, headers=answer.headers, stream=body)

    def __enter__(self) -> Transport:
        return self

    def __exit__(self, *_error: object) -> None:
        self._pool.close()
