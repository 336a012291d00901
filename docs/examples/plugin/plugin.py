"""A plugin of a mail room: classes that handle messages, registered with the host.

Granted: `register(handler)`, `store` (get, put, visit) and `mailer` (send).
"""

from functools import partial


class Skip(Exception):
    """Raised by a handler that leaves a message to others."""


class Handler:
    """The base of all handlers: counts what it has handled."""

    def __init__(self, name):
        self.name = name
        self.handled = 0
        self._seen = []

    def __call__(self, message):
        try:
            answer = self.answer(message)
        except Skip as reason:
            return f"{self.name}: left alone ({reason})"
        self.handled += 1
        self._seen.append(message["id"])
        return f"{self.name}: {answer}"

    def answer(self, message):
        raise NotImplementedError

    def summary(self):
        return {"name": self.name, "handled": self.handled, "messages": self._seen}


class SpamFilter(Handler):
    words = ("click here", "win big")

    def answer(self, message):
        text = f"{message['subject']} {message['text']}".lower()
        hits = sum(text.count(word) for word in self.words)
        if not hits:
            raise Skip("not spam")
        store.put(f"spam:{message['from']}", (store.get(f"spam:{message['from']}") or 0) + hits)
        return f"spam, {hits} {'hit' if hits == 1 else 'hits'}"


class AutoReply(Handler):
    def __init__(self, name, hours):
        super().__init__(name)
        self.first, self.last = hours

    def answer(self, message):
        if store.get(f"spam:{message['from']}"):
            raise Skip("a known spammer")
        if self.first <= message["hour"] < self.last:
            raise Skip("we are open")
        number = mailer.send(message["from"], f"Re: {message['subject']}", "We open at nine.")
        return f"replied with mail {number}"


class Escalate(AutoReply):
    """Sends what sounds urgent to the desk, at any hour."""

    urgent = frozenset({"broken", "return", "lawyer"})

    def __init__(self, name, desk):
        super().__init__(name, hours=(0, 0))
        self.desk = desk

    def answer(self, message):
        words = {w.strip(".,!?").lower() for w in message["text"].split()}
        match sorted(words & self.urgent):
            case []:
                raise Skip("nothing urgent")
            case [word]:
                reason = word
            case [*several]:
                reason = " and ".join(several)
        mailer.send(self.desk, f"[{reason}] {message['subject']}", message["text"])
        return f"escalated: {reason}"


def count(totals, key, value):
    """A callback that the store calls for each of its entries."""
    kind, _, _sender = key.partition(":")
    totals[kind] = totals.get(kind, 0) + value


def totals():
    found = {}
    store.visit(partial(count, found))
    return found


register(SpamFilter("spam"))
register(AutoReply("night", hours=(9, 18)))
register(Escalate("urgent", "desk@example.org"))
