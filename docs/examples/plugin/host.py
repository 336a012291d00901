"""A mail room that lets plugins handle its messages.

A plugin is handed three things: a function to register its handlers with, a mailer and a store. The
handlers come out as handles, which the host calls with each message; each call has a budget.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from capcompiler import Capability, CapError, Limits, cap_exec, expose

HERE = Path(__file__).parent


class Mailer(Capability):
    """A guest can call `send`, with text only, and nothing else of it."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, str]] = []

    def send(self, to: str, subject: str, text: str) -> int:
        self.sent.append((to, subject, text))
        return len(self.sent)


class Store:
    """An ordinary object of the host's, that knows nothing of guests."""

    def __init__(self) -> None:
        self.entries: dict[str, Any] = {}
        self.path = "/var/lib/mailroom"

    def get(self, key: str) -> Any:
        return self.entries.get(key)

    def put(self, key: str, value: Any) -> None:
        self.entries[key] = value

    def visit(self, visitor: Callable[[str, Any], None]) -> None:
        for key in sorted(self.entries):
            visitor(key, self.entries[key])

    def clear(self) -> None:
        self.entries.clear()


Load = Callable[[str, dict[str, Any], str], Mapping[str, Any]]


def load_guest(source: str, caps: dict[str, Any], filename: str) -> Mapping[str, Any]:
    return cap_exec(source, caps, filename=filename, limits=Limits(steps=100_000))


def run_plugin(load: Load = load_guest) -> None:
    """Load plugin.py and hand it every message. load: how a plugin's source becomes names."""
    mailer, store = Mailer(), Store()
    handlers: list[Any] = []
    plugin = load(
        (HERE / "plugin.py").read_text(encoding="utf-8"),
        {
            "register": handlers.append,
            "mailer": mailer,
            "store": expose(store, "get", "put", "visit") if load is load_guest else store,
        },
        "plugin.py",
    )
    print(f"{len(handlers)} handlers registered")
    for message in json.loads((HERE / "messages.json").read_text(encoding="utf-8")):
        print(f"message {message['id']} from {message['from']}")
        for handler in handlers:
            print("   ", handler(message))
    for handler in handlers:
        print("summary:", handler.summary())
    print("totals:", plugin["totals"]())
    for to, subject, _text in mailer.sent:
        print(f"mail to {to}: {subject}")


def run_hostile() -> None:
    """Load hostile.py: what it tries at once fails, and so does what it tries when it is called."""
    mailer = Mailer()
    handlers: list[Any] = []
    plugin = load_guest(
        (HERE / "hostile.py").read_text(encoding="utf-8"),
        {"register": handlers.append, "mailer": mailer},
        "hostile.py",
    )
    for line in plugin["attempts"]:
        print("   ", line)
    for handler in handlers:
        try:
            handler({"id": 7})
        except CapError as error:
            print(f"    stopped: {error}")
    print("mails sent by it:", len(mailer.sent))


def main() -> None:
    run_plugin()
    print("HOSTILE PLUGIN")
    run_hostile()


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()
