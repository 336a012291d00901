"""`asyncio` for the coroutines of one program, on a loop that runs within its turn; see `_loop`.

Coroutines, tasks, locks, queues, groups and timeouts are the library's own. What needs the host's
network, processes, threads or signals is not here.
"""

import importlib

from _guard_types import _refuse

from . import (
    coroutines,
    events,
    exceptions,
    futures,
    locks,
    protocols,
    queues,
    runners,
    taskgroups,
    tasks,
    timeouts,
    transports,
)
from ._loop import BaseEventLoop, EventLoop, SelectorEventLoop
from ._loop import Policy as DefaultEventLoopPolicy
from .coroutines import *
from .events import *
from .exceptions import *
from .futures import *
from .locks import *
from .protocols import *
from .queues import *
from .runners import *
from .taskgroups import *
from .tasks import *
from .timeouts import *
from .transports import *

__all__ = (
    *("BaseEventLoop", "EventLoop", "SelectorEventLoop", "DefaultEventLoopPolicy"),
    *coroutines.__all__,
    *events.__all__,
    *exceptions.__all__,
    *futures.__all__,
    *locks.__all__,
    *protocols.__all__,
    *runners.__all__,
    *queues.__all__,
    *tasks.__all__,
    *taskgroups.__all__,
    *timeouts.__all__,
    *transports.__all__,
)

_NETWORK = frozenset(
    """
    open_connection start_server open_unix_connection start_unix_server StreamReader StreamWriter
    StreamReaderProtocol Server streams sslproto selector_events base_events unix_events
    """.split()
)
_PROCESSES = frozenset(
    """
    create_subprocess_exec create_subprocess_shell subprocess SubprocessProtocol AbstractChildWatcher
    SafeChildWatcher FastChildWatcher PidfdChildWatcher MultiLoopChildWatcher ThreadedChildWatcher
    """.split()
)


def __getattr__(name):
    if name in _NETWORK:
        _refuse(f"asyncio.{name} was not granted: it is network access; the host grants a capability")
    if name in _PROCESSES:
        _refuse(f"asyncio.{name} was not granted: it controls processes; the host grants a Command")
    if name in ("to_thread", "threads"):
        _refuse(f"asyncio.{name} was not granted: a compartment runs one turn at a time")
    if name in ("graph", "staggered"):
        return importlib.import_module(f"asyncio.{name}")
    for graph in ("print_call_graph", "format_call_graph", "capture_call_graph", "FutureCallGraph"):
        if name == graph:
            return getattr(importlib.import_module("asyncio.graph"), name)
    raise AttributeError(f"module 'asyncio' has no attribute {name!r}")
