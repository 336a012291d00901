"""What `types` takes its type objects from; a program may load it, and `types`, as often as it likes."""

from _type_objects import *
