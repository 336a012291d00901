"""A mail room with plugins: a native one, three guests, and two that should not have come.

Run it and read on in docs/how-to/plugins.md.
"""

import sys
import tempfile
from pathlib import Path

import pluggy

from capcompiler import Capability, Limits
from capcompiler.plugins import Grants, Offer, PluginHost, Request

HERE = Path(__file__).parent
hookspec = pluggy.HookspecMarker("mailroom")
hookimpl = pluggy.HookimplMarker("mailroom")
MESSAGES = [
    {"from": "mei@example.org", "subject": "Order", "text": "Where is my order, please?", "hour": 9},
    {"from": "offers@spam.example", "subject": "WIN BIG", "text": "Click here! Click here!", "hour": 11},
    {"from": "anna@example.org", "subject": "Grinder", "text": "The grinder is broken.", "hour": 22},
]


class Specs:
    """What the mail room asks its plugins."""

    @hookspec(firstresult=True)
    def classify(self, message):
        """The kind of a message."""

    @hookspec
    def handle(self, message, kind):
        """Do something about a message, and say what was done."""

    @hookspec
    def decorate(self, text):
        """Parts to show a text with."""

    @hookspec
    def summary(self):
        """One line at the end of the day."""


class Mailer(Capability):
    def __init__(self):
        self._sent = []

    def send(self, to: str, subject: str, text: str) -> int:
        self._sent.append((to, subject))
        return len(self._sent)

    def recall(self, number: int) -> None:
        del self._sent[number - 1]


class Store(Capability):
    def __init__(self):
        self._rows = {}

    def get(self, key: str) -> int | None:
        return self._rows.get(key)

    def put(self, key: str, value: int) -> None:
        self._rows[key] = value

    def wipe(self) -> None:
        self._rows.clear()


class Native:
    """A plugin of the host's own, beside the others."""

    @hookimpl(trylast=True)
    def classify(self, message):
        return "mail"

    @hookimpl
    def decorate(self, text):
        return text.upper()


def decide(request: Request) -> bool:
    """What a person would be asked. This one reads the reason, and grants no whole mailer."""
    answer = bool(request.ask.methods)
    print(f"? {request}: {'yes' if answer else 'no'}")
    return answer


def day(manager: pluggy.PluginManager) -> None:
    for message in MESSAGES:
        kind = manager.hook.classify(message=message)
        done = manager.hook.handle(message=message, kind=kind)
        print(f"{message['from']}: {kind}, {done}")
    print(*manager.hook.decorate(text="the day"), *manager.hook.summary(), sep="; ")


def main() -> None:
    manager = pluggy.PluginManager("mailroom")
    manager.add_hookspecs(Specs)
    manager.register(Native(), name="native")
    mailer = Mailer()
    with tempfile.TemporaryDirectory() as folder:
        remember = Path(folder) / "grants.json"
        host = PluginHost(
            manager,
            {"mailer": mailer, "store": Offer(lambda request: Store())},
            decide,
            remember=remember,
            wrappers={"decorate"},
            limits=Limits(steps=200_000, seconds=60),
            on_failure=lambda failure: print("!", failure),
        )
        host.load_directory(HERE / "plugins")
        print("loaded:", ", ".join(host.plugins))
        day(manager)

        print("THE SAME, GRANTED THE WHOLE MAILER")
        host.decide = lambda request: True
        host.grants.forget("free-gifts")
        host.load(HERE / "plugins" / "free-gifts")
        day(manager)
        print("loaded:", ", ".join(f"{p.name} ({p.state})" for p in host.plugins.values()))
        print("sent:", mailer._sent)

        print("REVOKED")
        host.revoke("night-reply", "mailer")
        day(manager)
        host.close()
        print("remembered:", len(Grants(remember).all()))


if __name__ == "__main__":
    sys.stdout.reconfigure(encoding="utf-8")
    main()
