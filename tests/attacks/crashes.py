"""Guests that overrun the C stack of the interpreter, which only a process of their own contains.

The tier inside the host's process does not promise memory safety against C code (the threat model
says so). These sources are held against it all the same: each is contained, or it takes its own
process down; none gets further.
"""

from __future__ import annotations

__all__ = ["CRASHES"]

CRASHES = {
    "chain-of-chains": """
import itertools
g = [1]
for _ in range(100_000):
    g = itertools.chain(g)
list(g)
""",
    "map-of-maps": """
g = [1]
for _ in range(100_000):
    g = map(int, g)
list(g)
""",
    "filter-of-filters": """
g = [1]
for _ in range(100_000):
    g = filter(None, g)
list(g)
""",
    "zip-of-zips": """
g = [1]
for _ in range(100_000):
    g = zip(g)
list(g)
""",
    "enumerate-of-enumerates": """
g = [1]
for _ in range(100_000):
    g = enumerate(g)
list(g)
""",
    "generator-of-generators": """
g = iter(())
for _ in range(100_000):
    g = (x for x in g)
list(g)
""",
    "islice-of-islices": """
import itertools
g = [1]
for _ in range(100_000):
    g = itertools.islice(g, 1)
list(g)
""",
}
