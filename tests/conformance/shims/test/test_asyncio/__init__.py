"""The tests of `asyncio`, without asking for sockets first."""

from pathlib import PurePosixPath

import test

__path__ = [*__path__, *[str(PurePosixPath(p) / "test_asyncio") for p in test.__path__]]
