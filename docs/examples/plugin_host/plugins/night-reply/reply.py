from pluggy import HookimplMarker

hookimpl = HookimplMarker("mailroom")
answered = []
send = mailer.send


@hookimpl
def handle(message, kind):
    if kind != "spam" and not 9 <= message["hour"] < 18:
        answered.append(send(message["from"], f"Re: {message['subject']}", "We open at nine."))
        return "answered"


@hookimpl
def summary():
    return f"{len(answered)} answered at night"
