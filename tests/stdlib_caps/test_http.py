"""Requests against a real server on loopback, one that is hostile where it can be."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from capcompiler import Compartment
from stdlib_caps import Http, Rule, readonly, revocable

pytest.importorskip("httpx", reason="the extra `http` is not installed")
from stdlib_caps import _wire
from stdlib_caps._url import address_of

Attempt = Callable[..., str]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen: list[tuple[str, str, dict[str, str], bytes]]

    def log_message(self, *args: Any) -> None: ...

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        data = self.rfile.read(length)
        headers = {n.lower(): v for n, v in self.headers.items()}
        self.server.seen.append((self.command, self.path, headers, data))  # type: ignore[attr-defined]
        path = self.path.partition("?")[0]
        port = self.server.server_port  # type: ignore[attr-defined]
        try:
            if path.startswith("/v1/to/"):
                self.answer(302, Location=path[len("/v1/to") :])
            elif path == "/v1/away":
                self.answer(302, Location=f"http://localhost:{port}/v1/text")
            elif path == "/v1/other-host":
                self.answer(302, Location="//evil.example/x")
            elif path == "/v1/round":
                self.answer(302, Location="/v1/round")
            elif path == "/v1/see":
                self.answer(303, Location="/v1/text")
            elif path == "/v1/keep":
                self.answer(307, Location="/v1/text")
            elif path == "/v1/bad-location":
                self.answer(302, Location="file:///etc/passwd")
            elif path == "/v1/long":
                self.answer(200, b"x" * 5000)
            elif path == "/v1/lies-short":
                self.answer(200, b"x" * 10, Content_Length="50")
                self.close_connection = True
            elif path == "/v1/lies-huge":
                self.answer(200, b"x" * 10, Content_Length=str(10**12))
                self.close_connection = True
            elif path == "/v1/packed":
                self.answer(200, b"\x1f\x8b", Content_Encoding="gzip")
            elif path == "/v1/for-ever":
                self.send_response(200)
                self.end_headers()
                while True:
                    self.wfile.write(b"x" * 100)
                    self.wfile.flush()
            elif path == "/v1/drip":
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                while True:
                    self.wfile.write(b"a: b\r\n")
                    self.wfile.flush()
                    time.sleep(0.05)
            elif path == "/v1/hang":
                self.server.gone.wait(30)  # type: ignore[attr-defined]
            elif path == "/v1/garbage":
                self.wfile.write(b"\0\1\2 garbage\r\n\r\n")
                self.close_connection = True
            elif path == "/v1/missing":
                self.answer(404, b"no")
            elif path == "/v1/json":
                self.answer(200, b'{"a": [1, 2]}', Content_Type="application/json")
            elif path == "/v1/deep":
                self.answer(200, b"[" * 100_000)
            else:
                self.answer(200, f"{self.command} {self.path}".encode())
        except OSError:
            self.close_connection = True

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do


@pytest.fixture(scope="module")
def running() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []  # type: ignore[attr-defined]
    server.gone = threading.Event()  # type: ignore[attr-defined]
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.gone.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def server(running: ThreadingHTTPServer) -> ThreadingHTTPServer:
    running.seen.clear()  # type: ignore[attr-defined]
    return running


@pytest.fixture
def base(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}"


def caps(base: str, *rules: Any, **options: Any) -> dict[str, Any]:
    return {"net": Http.ambient(*(rules or (Rule(base + "/v1/", "GET POST"),)), **options), "base": base}


def test_what_a_rule_allows_is_asked(base: str, attempt: Attempt, server: Any) -> None:
    c = caps(base)
    assert attempt("net.get_text(base + '/v1/text?a=b%20c')", c) == "'GET /v1/text?a=b%20c'"
    assert attempt("net.get_json(base + '/v1/json')", c) == "{'a': [1, 2]}"
    source = "r = net.post(base + '/v1/x', 'dätä', {'If-Match': 'yes'})\nr['status'], r['body'], r['url'] == base + '/v1/x'"
    assert attempt(source, c) == "(200, b'POST /v1/x', True)"
    command, path, headers, data = server.seen[-1]
    assert (command, path, data, headers["if-match"]) == ("POST", "/v1/x", "dätä".encode(), "yes")
    assert (
        attempt(
            "net.request('head', base + '/v1/text')['body']", {**c, **caps(base, f"HEAD {base}/v1/")}
        )
        == "b''"
    )
    assert attempt("net.get(base + '/v1/missing')['status']", c) == "404"
    assert (
        attempt("net.get_text(base + '/v1/missing')", c)
        == "OSError: [Errno 5] the server answered with status 404"
    )
    assert attempt("net.get_json(base + '/v1/text')", c) == "ValueError: the answer is no JSON"
    assert attempt("net.get_json(base + '/v1/deep')", c) == "ValueError: the answer is no JSON"
    assert attempt("net.rules()", c) == repr([f"GET,POST {base}/v1/"])


OUT = [
    "net.get(base + '/v2/text')", "net.get(base + '/')", "net.get(base + '/v1')", "net.get(base)",
    "net.get(base + '/v10/x')", "net.get(base + '/v1/../v2/x')", "net.get(base + '/v1/%2e%2e/v2/x')",
    "net.get(base + '/v1/.%2E/v2/x')", "net.get(base + '/v1/..%2fv2')", "net.get(base + '/v1/%252e%252e/x')",
    "net.get(base + '/v1/./x')", "net.get(base + '//v1/x')", "net.get(base + '/v1//x')",
    "net.get(base + '/v1\\\\..\\\\v2')", "net.get(base.replace('http', 'https') + '/v1/x')",
    "net.get('http://127.0.0.1:1/v1/x')", "net.get('http://127.0.0.1/v1/x')",
    "net.get(base.replace('127.0.0.1', 'localhost') + '/v1/x')", "net.get(base.replace('127.0.0.1', '127.1') + '/v1/x')",
    "net.get(base.replace('127.0.0.1', '0x7f000001') + '/v1/x')", "net.get(base.replace('127.0.0.1', '[::1]') + '/v1/x')",
    "net.get(base.replace('127.0.0.1', '127.0.0.1.') + '/v1/x')", "net.get(base.replace('//', '//user:pw@') + '/v1/x')",
    "net.get(base + '@evil.example/v1/x')", "net.get('http://evil.example/' + base + '/v1/x')",
    "net.get('file:///etc/passwd')", "net.get('ftp://127.0.0.1/v1/x')", "net.get('//127.0.0.1/v1/x')",
    "net.get('/v1/x')", "net.get('')", "net.get(base + '/v1/x y')", "net.get(base + '/v1/\\r\\nHost: evil')",
    "net.get(base + '/v1/\\0')", "net.get(base + '/v1/\u2025/')", "net.get('http://\uff11\uff12\uff17.0.0.1/v1/x')",
    "net.get('http://[::ffff:127.0.0.1]/v1/x')", "net.get('http://127.0.0.1:99999999/v1/x')",
    "net.get(base + '/v1/..;/v2/x')", "net.get(base + '/v1/..;a=b/v2/x')", "net.get(base + '/v1/.;/..;/v2/x')",
    "net.get(base + '/v1/;/v2/x')", "net.get(base + '/v1/;a/x')", "net.get(base + '/v1/..%3b/v2/x')", "net.get(base + '/v1/..%3B/v2')",
    "net.get(base + '/v1/%c0%ae%c0%ae/v2/x')", "net.get(base + '/v1/%e0%80%ae./v2')", "net.get(base + '/v1/%ef%bc%8e%ef%bc%8e/v2')",
    "net.get(base + '/v1/x%ef%bc%8fy')", "net.get(base + '/v1/%e2%80%a5/v2')", "net.get(base + '/v1/%ff')",
    "net.get(base + '/v1;/x')", "net.get(base + '/v1;x=1/../v2')",
    "net.request('DELETE', base + '/v1/x')", "net.request('PUT', base + '/v1/x', body='x')",
    "net.request('CONNECT', base + '/v1/x')", "net.request('GET /v2 HTTP/1.1\\r\\n', base + '/v1/x')",
    "net.request('TRACE', base + '/v1/x')", "net.get(base + '/v1/x' * 9000)", "net.get(b'http://x')",
    "net.narrowed('GET ' + base + '/')", "net.narrowed('DELETE ' + base + '/v1/')", "net.narrowed('GET http://evil.example/')",
    "net.ambient('GET http://evil.example/')", "net._rules", "net._with(())",
]  # fmt: skip


@pytest.mark.parametrize("source", OUT)
def test_what_no_rule_allows_is_not_sent(base: str, attempt: Attempt, server: Any, source: str) -> None:
    got = attempt(source, caps(base))
    assert got.startswith(("PermissionError", "ValueError", "TypeError", "AttributeError")), got
    assert server.seen == []


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil"}, {"content-length": "0"}, {"Transfer-Encoding": "chunked"}, {"Connection": "x"},
     {"X": "a\r\nY: b"}, {"X\r\nY": "a"}, {"Proxy-Authorization": "x"}, {"X": "\0"}, {"": "x"}, {"X": "ü"},
     {"Upgrade": "h2c"}, {"X ": "x"}, {"Accept-Encoding": "gzip"}],
)  # fmt: skip
def test_headers_that_change_where_a_message_goes_are_refused(
    base: str, attempt: Attempt, server: Any, headers: dict[str, str]
) -> None:
    got = attempt("net.get(base + '/v1/x', h)", {**caps(base), "h": headers})
    assert got.startswith("ValueError: headers"), got
    assert server.seen == []


UNKNOWN = """
    X-HTTP-Host-Override X-HTTP-Path-Override X-HTTP-Method Client-IP X-Forwarded X-Forwarded-For Forwarded
    X-Originating-IP X-Remote-IP X-Real-IP X-Real.IP X_Real_IP Fastly-Client-IP CF-Connecting-IP X-Original-URL
    X-Url X-Middleware-Subrequest X-WebDAV-Method X-Accel-Redirect Front-End-Https X-Anything Origin Referer
    From Destination Content_Type
"""


@pytest.mark.parametrize("name", UNKNOWN.split())
def test_headers_that_nobody_named_are_refused(
    base: str, attempt: Attempt, server: Any, name: str
) -> None:
    """Servers and what stands before them take the sender, the path or the method from ever more."""
    got = attempt("net.get(base + '/v1/x', h)", {**caps(base), "h": {name: "1"}})
    assert got.startswith(f"ValueError: headers: '{name}' is not a guest's to set"), got
    assert "headers_from_guests" in got and server.seen == []


def test_headers_that_a_rule_names_are_a_guests_to_set(base: str, attempt: Attempt, server: Any) -> None:
    wide = Rule(base + "/v1/x", ("GET", "POST"), headers_from_guests=("X-Trace", "Origin"))
    c = caps(base, wide, base + "/v1/")
    sent = "{'x-trace': 'a', 'ORIGIN': 'b', 'Accept': 'text/plain'}"
    for net in ("net", "readonly(net)", "net.narrowed('GET ' + base + '/v1/x')"):
        assert attempt(f"{net}.get(base + '/v1/x', {sent})['status']", c) == "200"
        headers = server.seen.pop()[2]
        assert (headers["x-trace"], headers["origin"], headers["accept"]) == ("a", "b", "text/plain")
    assert attempt(f"net.get(base + '/v1/text', {sent})", c).startswith("ValueError: headers: 'x-trace'")
    assert server.seen == []
    # Where it leads to is under another rule, which does not say so.
    c = caps(base, Rule(base + "/v1/see", headers_from_guests=("X-Trace",)), base + "/v1/")
    assert attempt("net.get(base + '/v1/see', {'X-Trace': 'a', 'Accept': 'b'})['status']", c) == "200"
    assert [("x-trace" in seen[2], seen[2]["accept"]) for seen in server.seen] == [
        (True, "b"),
        (False, "b"),
    ]


@pytest.mark.parametrize("name", ["Host", "transfer-encoding", "Content-Length", "Proxy-Authorization",
                                  "Connection", "X Y", "X:", "", "Content_Length"])  # fmt: skip
def test_no_rule_gives_away_where_a_message_ends(name: str) -> None:
    with pytest.raises(ValueError, match="headers_from_guests"):
        Rule("http://a.example/", headers_from_guests=(name,))


def test_the_hosts_own_headers_go_along_unseen(base: str, attempt: Attempt, server: Any) -> None:
    rule = Rule(base + "/v1/", "GET", headers=(("Authorization", "Bearer secret"),))
    c = caps(base, rule)
    got = attempt(
        "r = net.get(base + '/v1/x', {'Authorization': 'mine'})\nr, net.rules(), repr(net), dir(net)", c
    )
    assert "secret" not in got
    assert server.seen[0][2]["authorization"] == "Bearer secret"


@pytest.mark.parametrize("path", ["to/v2/x", "away", "bad-location", "other-host"])
def test_redirects_stay_within_the_rules(base: str, attempt: Attempt, server: Any, path: str) -> None:
    got = attempt(f"net.get(base + '/v1/{path}')", caps(base))
    assert got.startswith(("PermissionError", "ValueError")), got
    assert len(server.seen) == 1


def test_redirects_within_the_rules_are_followed(base: str, attempt: Attempt, server: Any) -> None:
    c = caps(base)
    source = "r = net.get(base + '/v1/to/v1/text')\nr['body'], r['url'] == base + '/v1/text'"
    assert attempt(source, c) == "(b'GET /v1/text', True)"
    assert attempt("net.post(base + '/v1/see', 'x')['body']", c) == "b'GET /v1/text'"
    assert attempt("net.post(base + '/v1/keep', 'x')['body']", c) == "b'POST /v1/text'"
    assert attempt("net.get(base + '/v1/round')", c) == "OSError: [Errno 40] more than 5 redirects"


def test_a_guests_own_secrets_do_not_follow_to_another_host(
    base: str, attempt: Attempt, server: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(_wire, "resolve", lambda host, port: ["127.0.0.1"])
    other = base.replace("127.0.0.1", "localhost")
    c = caps(base, Rule(base + "/v1/"), Rule(other + "/v1/", private=True))
    got = attempt("net.get(base + '/v1/away', {'Authorization': 's', 'Accept': 'y'})['body']", c)
    assert got == "b'GET /v1/text'"
    assert "authorization" in server.seen[0][2] and "authorization" not in server.seen[1][2]
    assert server.seen[1][2]["accept"] == "y" and server.seen[1][2]["host"] == other[len("http://") :]


# Names that stand for other addresses


ADDRESSES = [
    ("8.8.8.8", True), ("127.0.0.1", False), ("10.1.2.3", False), ("192.168.1.1", False), ("172.16.0.1", False),
    ("169.254.169.254", False), ("0.0.0.0", False), ("224.0.0.1", False), ("100.64.0.1", False), ("::1", False),
    ("fe80::1%eth0", False), ("fc00::1", False), ("::ffff:127.0.0.1", False), ("::ffff:8.8.8.8", True),
    ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False), ("2606:4700::1111", True), ("255.255.255.255", False),
    ("ff02::1", False), ("::", False),
    # Python knows none of these for private ones.
    ("::127.0.0.1", False), ("::ffff:0:127.0.0.1", False), ("fec0::1", False), ("64:ff9b:1::7f00:1", False),
    ("::5efe:127.0.0.1", False), ("2606:4700::5efe:127.0.0.1", False), ("2606:4700::200:5efe:10.0.0.1", False),
    ("2606:4700::5efe:8.8.8.8", True), ("5f00::1", False), ("4000::1", False),
]  # fmt: skip


@pytest.mark.parametrize(("address", "public"), ADDRESSES)
def test_addresses_that_are_public(address: str, public: bool) -> None:
    assert _wire.is_public(address) is public


def test_a_name_for_a_private_address_is_refused(
    base: str, attempt: Attempt, server: Any, monkeypatch: Any
) -> None:
    named = base.replace("127.0.0.1", "api.example.com")
    asked: list[str] = []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    monkeypatch.setattr(_wire, "resolve", resolve)
    got = attempt(f"net.get('{named}/v1/x')", caps(base, named + "/v1/"))
    assert got == "PermissionError: the host's name stands for an address that is not public"
    assert server.seen == []
    private = caps(base, Rule(named + "/v1/", private=True))
    assert attempt(f"net.get('{named}/v1/x')['status']", private) == "200"
    assert server.seen[0][2]["host"] == named[len("http://") :]


def test_a_name_is_looked_up_once_and_that_address_is_used(
    base: str, attempt: Attempt, server: Any, monkeypatch: Any
) -> None:
    """A name that is public when it is checked and private when it is used would be a way in."""
    named = base.replace("127.0.0.1", "rebind.example.com")
    answers = [["203.0.113.1", "127.0.0.1"], ["127.0.0.1"]]
    connected: list[str] = []

    def connect(self: Any, host: str, *args: Any) -> Any:
        connected.append(host)
        raise __import__("httpcore").ConnectError("no")

    monkeypatch.setattr(_wire, "is_public", lambda address: address != "127.0.0.1")
    monkeypatch.setattr(_wire, "resolve", lambda host, port: answers.pop(0))
    monkeypatch.setattr(__import__("httpcore").SyncBackend, "connect_tcp", connect)
    c = caps(base, named + "/v1/")
    assert attempt(f"net.get('{named}/v1/x')", c).startswith(
        "PermissionError"
    )  # one of the two is private
    answers[:] = [["203.0.113.1"]]
    assert attempt(f"net.get('{named}/v1/x')", c) == "ConnectionError: the server could not be reached"
    assert connected == ["203.0.113.1"] and answers == []


def test_looking_a_name_up_takes_no_longer_than_the_request_may(
    base: str, attempt: Attempt, monkeypatch: Any
) -> None:
    """The system's own look-up has no deadline, and cannot be stopped: it is left behind, once a name."""
    named = base.replace("127.0.0.1", "slow.example.com")
    go, asked = threading.Event(), []

    def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        go.wait(20)
        return ["127.0.0.1"]

    monkeypatch.setattr(_wire, "resolve", resolve)
    c = caps(base, Rule(named + "/v1/", private=True), seconds=0.2)
    before = threading.active_count()
    started = time.monotonic()
    for _ in range(5):
        assert attempt(f"net.get('{named}/v1/x')", c) == "TimeoutError: the server took too long"
    assert time.monotonic() - started < 5
    assert asked == ["slow.example.com"] and threading.active_count() <= before + 1
    go.set()
    c = caps(base, Rule(named + "/v1/", private=True), seconds=20)
    assert attempt(f"net.get('{named}/v1/x')['status']", c) == "200"
    assert attempt(f"net.get('{named}/v1/x')['status']", c) == "200"
    assert 1 < len(asked) < 4  # an answer is for those who waited for it, and not for later


def test_no_proxy_of_the_environment_is_used(base: str, attempt: Attempt, monkeypatch: Any) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert attempt("net.get(base + '/v1/x')['status']", caps(base)) == "200"


# Servers that misbehave


MISBEHAVING = [
    ("hang", "TimeoutError: the server took too long"),
    ("drip", "TimeoutError: the server took too long"),
    ("for-ever", "OSError: [Errno 27] the answer is larger than 1,000 bytes"),
    ("long", "OSError: [Errno 27] the answer is larger than 1,000 bytes"),
    ("lies-huge", "OSError: [Errno 27] the answer is larger than 1,000 bytes"),
    ("lies-short", "ConnectionError: the server did not keep to the protocol, or went away"),
    ("packed", "OSError: [Errno 27] the answer is packed, which was not asked for"),
    ("garbage", "ConnectionError: the server did not keep to the protocol, or went away"),
]


@pytest.mark.parametrize(("path", "error"), MISBEHAVING)
def test_servers_that_misbehave(base: str, attempt: Attempt, path: str, error: str) -> None:
    seconds = 0.5 if "Timeout" in error else 20
    c = caps(base, seconds=seconds, max_bytes=1000)
    assert attempt(f"net.get(base + '/v1/{path}')", c) == error


def test_a_server_that_is_not_there(base: str, attempt: Attempt, monkeypatch: Any) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{held.getsockname()[1]}"
        got = attempt(f"net.get('{gone}/v1/x')", caps(base, gone + "/v1/"))
    assert got == "ConnectionError: the server could not be reached"

    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(_wire, "resolve", unknown)
    assert (
        attempt("net.get('http://a.example/')", caps(base, "http://a.example/"))
        == "ConnectionError: the host is not known"
    )


# Less of it


def test_it_is_narrowed_and_taken_back(base: str, attempt: Attempt, server: Any) -> None:
    c = caps(base)
    assert (
        attempt("n = net.narrowed('GET ' + base + '/v1/a/')\nn.get(base + '/v1/a/x')['status']", c)
        == "200"
    )
    assert attempt("n = net.narrowed('GET ' + base + '/v1/a/')\nn.get(base + '/v1/b')", c).startswith(
        "PermissionError"
    )
    assert attempt("readonly(net).post(base + '/v1/x')", c).startswith("PermissionError")
    assert attempt("readonly(net).get(base + '/v1/x')['status']", c) == "200"
    assert readonly(c["net"]).rules() == [f"GET {base}/v1/"]  # type: ignore[attr-defined]
    cap, revoke = revocable(c["net"])
    world = Compartment({"net": cap, "base": base})
    world.exec("n = net.narrowed('GET ' + base + '/v1/a/')")
    revoke()
    server.seen.clear()
    with pytest.raises(Exception, match="revoked"):
        world.exec("n.get(base + '/v1/a/x')")
    assert server.seen == []


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "GET",
        "ftp://x/",
        "http://x/?q",
        "GET,EVIL http://x/",
        "http://u@x/",
        "http://x/../",
        "GET http://x y/",
    ],
)
def test_what_is_no_rule_is_refused(rule: str) -> None:
    with pytest.raises(ValueError):
        Http.ambient(rule)


def test_it_is_made_by_name_only() -> None:
    with pytest.raises(TypeError, match="ambient"):
        Http()
    with pytest.raises(ValueError, match="name what may be asked"):
        Http.ambient()
    for options in ({"seconds": 0}, {"seconds": float("nan")}, {"max_bytes": -1}, {"max_bytes": 1.5}):
        with pytest.raises(ValueError, match="Http"):
            Http.ambient("http://x/", **options)  # type: ignore[arg-type]


def test_addresses_are_taken_apart() -> None:
    parts = address_of("HTTPS://API.Example.com/a/b?c=d")
    assert (parts.scheme, parts.host, parts.port, parts.target) == (
        "https",
        "api.example.com",
        443,
        "/a/b?c=d",
    )
    assert str(parts) == "https://api.example.com/a/b?c=d"
    assert str(address_of("http://[::1]:80")) == "http://[::1]/"
