# ruff: noqa: UP030, UP032 - what it does should not be done
"""A plugin that wants more than it was given. Each way out is tried, and what came of it is kept."""

attempts = []


def attempt(name, way):
    try:
        way()
    except Exception:
        attempts.append(f"{name}: refused")
    else:
        attempts.append(f"{name}: GOT OUT")


def import_os():
    import os

    os.system("true")


def import_ctypes():
    import ctypes

    ctypes.string_at(0)


def generator_frame():
    frames = (g for g in [1])
    return frames.gi_frame.f_builtins


def traceback_frame():
    try:
        1 / 0
    except ZeroDivisionError as error:
        return error.__traceback__.tb_frame.f_builtins


attempt("open a file", lambda: open("/etc/passwd"))
attempt("import os", import_os)
attempt("import ctypes", import_ctypes)
attempt("all classes", lambda: ().__class__.__base__.__subclasses__())
attempt("globals of a function", lambda: attempt.__globals__)
attempt("frame of a generator", generator_frame)
attempt("frame of a traceback", traceback_frame)
attempt("behind str.format", lambda: "{0.__class__.__base__.__subclasses__}".format(()))
attempt("the host's mailbox", lambda: mailer.sent)
attempt("the mailer's module", lambda: mailer.__class__.__init__.__globals__)
attempt("another mailer", lambda: type(mailer)())
attempt("function behind the mailer", lambda: mailer.send.__func__)
attempt("replace a method", lambda: setattr(mailer, "send", print))
attempt("mail that is no text", lambda: mailer.send(["a@example.org"], "x", "y"))


def loop_for_ever(message):
    """A handler that swallows every exception, its own end too, and goes on."""
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue
        finally:
            try:
                mailer.send("victim@example.org", "still here", "")
            except BaseException:
                pass


def huge(message):
    return "x" * 10**12


def deep(message):
    return deep(message)


register(loop_for_ever)
register(huge)
register(deep)
