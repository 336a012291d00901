"""What handing capabilities out and passing them on costs a guest, beside the step of each use and what
is copied.

The steps are those of `docs/how-to/grant-less.md`; the bytes are about what CPython takes.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "BYTES_OF_AN_ATTENUATED_METHOD",
    "BYTES_OF_AN_ATTENUATOR",
    "BYTES_OF_A_METHOD",
    "BYTES_OF_MAKING_A_METHOD",
    "STEPS_OF_AN_ATTENUATOR",
    "STEPS_OF_A_COMPARTMENT",
    "STEPS_OF_A_LEVEL",
    "STEPS_OF_A_METHOD",
    "STEPS_OF_MAKING_A_METHOD",
]

#: Each method of a capability that a guest obtains, and of one that an attenuator hands out.
STEPS_OF_A_METHOD: Final = 10
BYTES_OF_A_METHOD: Final = 500
BYTES_OF_AN_ATTENUATED_METHOD: Final = 300
#: What passing one attenuator costs whoever uses it in a turn.
STEPS_OF_A_LEVEL: Final = 50
#: Making an attenuator in the guest, and for each method that it then has.
STEPS_OF_AN_ATTENUATOR: Final = 50
STEPS_OF_MAKING_A_METHOD: Final = 20
BYTES_OF_AN_ATTENUATOR: Final = 2000
BYTES_OF_MAKING_A_METHOD: Final = 1000
#: Making a compartment for a child.
STEPS_OF_A_COMPARTMENT: Final = 50
