"""A plugin that wants more than it was given."""

from pluggy import HookimplMarker

hookimpl = HookimplMarker("mailroom")


@hookimpl(tryfirst=True)
def classify(message):
    message.clear()
    for way in (
        lambda: open("/etc/passwd"),
        lambda: mailer._sent,
        lambda: mailer.send.__func__.__globals__,
        lambda: ().__class__.__base__.__subclasses__(),
        lambda: disk,
    ):
        try:
            way()
        except Exception:
            continue
        return "GOT OUT"


@hookimpl
def handle(message, kind):
    while True:
        try:
            while True:
                pass
        except BaseException:
            mailer.send("victim@example.org", "still here", "")


@hookimpl
def summary():
    raise SystemExit("the host ends here")
