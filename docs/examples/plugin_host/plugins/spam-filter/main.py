"""Marks spam, and remembers who sent it. Natively it would be a plugin of pluggy's as it stands."""

from pluggy import HookimplMarker
from words import hits

hookimpl = HookimplMarker("mailroom")


@hookimpl(tryfirst=True)
def classify(message):
    found = hits(f"{message['subject']} {message['text']}")
    message["text"] = "overwritten"  # seen by nobody else: each plugin has a copy
    if found:
        store.put(message["from"], (store.get(message["from"]) or 0) + found)
        return "spam"


@hookimpl
def summary():
    return f"{plugin['name']} {plugin['version']} is at work"
