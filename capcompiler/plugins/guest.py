"""What plugins find in their world: `pluggy` with the marker that it has natively, and what looks at the
functions that were marked. All of it runs as guest code, and what it says is checked like any answer."""

from __future__ import annotations

from typing import Final

__all__ = ["LOOK", "MODULES"]

#: The one name of pluggy that a plugin needs, so that the same file is a native plugin and a guest.
_PLUGGY: Final = '''
class HookimplMarker:
    """Marks the functions that answer hooks of a project."""

    def __init__(self, project_name):
        self.project_name = project_name

    def __call__(self, function=None, hookwrapper=False, optionalhook=False, tryfirst=False,
                 trylast=False, specname=None, wrapper=False):
        def mark(function):
            marks = {"hookwrapper": hookwrapper, "optionalhook": optionalhook, "tryfirst": tryfirst,
                     "trylast": trylast, "specname": specname, "wrapper": wrapper}
            setattr(function, self.project_name + "_impl", marks)
            return function

        return mark if function is None else mark(function)
'''
MODULES: Final = {"pluggy": _PLUGGY}

LOOK: Final = """
def _capcompiler_hooks(project, known):
    found = []
    for name, value in list(globals().items()):
        marks = getattr(value, project + "_impl", None)
        if type(marks) is dict and callable(value):
            if name in known:
                parameters = None
            else:
                from inspect import signature

                parameters = [*signature(value).parameters]
            found.append((name, marks, parameters, value))
    return found


def _capcompiler_projects():
    found = set()
    for value in list(globals().values()):
        if callable(value) and isinstance(getattr(value, "__dict__", None), dict):
            for name, marks in value.__dict__.items():
                if name.endswith("_impl") and type(marks) is dict and "hookwrapper" in marks:
                    found.add(name[:-5])
    return sorted(found)


def _capcompiler_begin(function, /, **arguments):
    generator = function(**arguments)
    next(generator)
    return generator


def _capcompiler_finish(generator, result):
    try:
        generator.send(result)
    except StopIteration as stop:
        return stop.value
    raise RuntimeError("a wrapper yields once")


def _capcompiler_fail(generator):
    try:
        generator.throw(RuntimeError("the hook failed"))
    except Exception:
        pass
"""
