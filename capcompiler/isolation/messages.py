"""The messages of a connection, by number. Each is an array: its number, its serial, what has been let
go of, and the parts that are named here."""

from __future__ import annotations

from typing import Final

#: Programs are numbered as they are sent, and run again by their number alone, as long as no more than
#: so many were sent after them: then the worker drops them, and the host sends them anew.
KEPT_PROGRAMS: Final = 64

# From the host: requests, each answered by one REPLY with its serial.
INIT: Final = 0  # limits, imports, grants, whether uses are told; no reply but where it fails
# A program is a text, the number of one that was sent, or a new number to what was compiled.
EXEC: Final = 1  # program, filename, optimize, whether all names are wanted at once
EVAL: Final = 2  # program, filename, optimize
CALL: Final = 3  # top-level name, args, kwargs
CALL_OBJECT: Final = 4  # object, args, kwargs
READ_OBJECT: Final = 5  # object, name
STORE_OBJECT: Final = 6  # object, name, value
GRANT: Final = 7  # name, value
NAME: Final = 8  # namespace, name ("" for its value)
START: Final = 9  # drive, whether it begins the turn, kind, parts
#: drive, whether it is an exception, value, steps that were spent meanwhile; or drive, None, a list of
#: [which of those that it waits for, whether it is an exception, value], steps
RESUME: Final = 10
CLOSE: Final = 11  # drive, whether the turn was stopped
END: Final = 12  # of a turn that awaits
FORGET: Final = 13  # the wish to end a turn, which is over

# From the host: the answer to a USE or an ASK.
ANSWER: Final = 20  # outcome, value, steps that were spent on it

# From the worker.
HELLO: Final = 40  # its number among processes
REPLY: Final = 41  # whether it failed, value, output, steps, bytes
USE: Final = 42  # operation, capability, name, args, kwargs, steps that are left; [file name, line]
ASK: Final = 43  # what, parts

# Operations of a USE.
DO: Final = 0
READ: Final = 1
WRITE: Final = 2

# Outcomes of an ANSWER.
GIVEN: Final = 0
RAISED: Final = 1
STOPPED: Final = 2
LATER: Final = 3

# Leaves of a value.
CAP: Final = 0  # capability (to the guest: methods, read, write, reads, facets)
METHOD: Final = 1  # capability, name
OBJECT: Final = 2  # object (to the host: what, name, awaitable, offered: methods, read, write, reads)
PENDING: Final = 3  # call
KIND: Final = 4  # number of a registered dataclass: the class itself
