"""The event loop of a program: what is ready, what is due, and what the host has yet to answer.

It waits for nothing itself. In a turn that awaits, the host waits for it, as for any coroutine of the
guest's; elsewhere nothing can come from outside, and there is nothing to wait for but time.

Without a clock that moves, time is the loop's own: it stands still while something can run or the host
is at work on an answer, and is as late as the next timer when not. A program then learns nothing of
the machine's clock, and ends the same each time.
"""

import collections
import contextvars
import heapq

from _guard_types import (
    _answers_later,
    _granted,
    _is_awaited,
    _loop_of_course,
    _refuse,
    _take_course,
)

from . import events, futures, tasks

#: Answers of the host's that may be under way at once; the others have their turn after them.
AT_ONCE = 100
#: How often the loop goes round before it waits for an answer while something can still run. Without a
#: clock no answer is told before: how often it went round would tell how long the answer took.
SPINS = 1000


class _Ask:
    """What the loop asks of the host: some of these answers, or so much time."""

    __slots__ = ("asked",)

    def __init__(self, asked):
        self.asked = asked

    def __await__(self):
        return (yield self.asked)


class _Begun:
    """A coroutine that has run as far as it first waits."""

    __slots__ = ("_coroutine", "_first")

    def __init__(self, coroutine, first):
        self._coroutine, self._first = coroutine, (first,)

    def send(self, value):
        if self._first:
            (first,), self._first = self._first, ()
            return first
        return self._coroutine.send(value)

    def throw(self, *error):
        self._first = ()
        return self._coroutine.throw(*error)

    def close(self):
        self._coroutine.close()

    def __repr__(self):
        return repr(self._coroutine)


class _Answer:
    """An answer of the host's that a task waits for."""

    __slots__ = ("future", "pending", "task")

    def __init__(self, pending, task, future):
        self.pending, self.task, self.future = pending, task, future


async def _to_come():
    """Stands for the coroutine of the turn, until the loop is given it."""


async def _awaited(pending):
    return await pending


class EventLoop(events.AbstractEventLoop):
    """Runs callbacks and tasks of one program."""

    def __init__(self):
        self._ready = collections.deque()
        self._scheduled = []
        self._count = 0
        self._answers = []
        self._waits = set()  # ids of what these stand for
        self._came = {}
        self._now = 0.0
        self._clock = _granted("clock")
        if self._clock is not None and not hasattr(self._clock, "monotonic"):
            self._clock = None  # it stands still
        self._closed = self._stopping = self._awaits = False
        self._factory = self._handler = None
        self._debug = False
        self._main = None

    def __repr__(self):
        return (
            f"<{type(self).__name__} running={self.is_running()} closed={self.is_closed()} "
            f"debug={self.get_debug()}>"
        )

    # Time

    def time(self):
        """Seconds since some moment: of the clock that was granted, or else of the loop's own time."""
        return self._now if self._clock is None else self._clock.monotonic()

    # What is to run

    def _check_closed(self):
        if self._closed:
            raise RuntimeError("Event loop is closed")

    def call_soon(self, callback, *args, context=None):
        self._check_closed()
        handle = events.Handle(callback, args, self, context)
        self._ready.append(handle)
        return handle

    call_soon_threadsafe = call_soon

    def call_later(self, delay, callback, *args, context=None):
        if delay is None:
            raise TypeError("delay must not be None")
        return self.call_at(self.time() + delay, callback, *args, context=context)

    def call_at(self, when, callback, *args, context=None):
        if when is None:
            raise TypeError("when cannot be None")
        self._check_closed()
        timer = events.TimerHandle(when, callback, args, self, context)
        self._count += 1
        heapq.heappush(self._scheduled, (when, self._count, timer))
        timer._scheduled = True
        return timer

    def _timer_handle_cancelled(self, handle):
        """It is left out when it is due."""

    def create_future(self):
        return futures.Future(loop=self)

    def create_task(self, coro, **kwargs):
        self._check_closed()
        if _answers_later(coro):  # to the program it is as a coroutine of the host's
            coro = _awaited(coro)
        if self._factory is not None:
            return self._factory(self, coro, **kwargs)
        return tasks.Task(coro, loop=self, **kwargs)

    def set_task_factory(self, factory):
        if factory is not None and not callable(factory):
            raise TypeError("task factory must be a callable or None")
        self._factory = factory

    def get_task_factory(self):
        return self._factory

    # Answers of the host's

    def _wait_for(self, task, yielded):
        future = self.create_future()
        if not self._awaits:
            future.set_exception(
                RuntimeError(
                    "what the host answers later can be awaited by the program itself, in a turn that "
                    "awaits, and not within asyncio.run()"
                )
            )
        elif id(yielded) in self._waits or _is_awaited(yielded):
            # The host would refuse it to the loop, and with it all others that are asked for.
            future.set_exception(RuntimeError("cannot reuse already awaited coroutine"))
        else:
            self._waits.add(id(yielded))
            self._answers.append(_Answer(yielded, task, future))
        future._asyncio_future_blocking = True
        return future

    def _arrived(self, asked, answers):
        for i, value, error in answers:
            answer = asked[i]
            self._answers.remove(answer)
            self._waits.discard(id(answer.pending))
            if answer.future.done():
                continue
            if error is None:
                self._came[answer.task] = value
                answer.future.set_result(None)
            else:
                answer.future.set_exception(error)

    # Running

    def _due(self):
        """Make ready what is due; when the next is, or None."""
        scheduled = self._scheduled
        while scheduled and scheduled[0][2]._cancelled:
            heapq.heappop(scheduled)[2]._scheduled = False
        if not scheduled:
            return None
        now = self.time()
        while scheduled and scheduled[0][0] <= now:
            handle = heapq.heappop(scheduled)[2]
            handle._scheduled = False
            if not handle._cancelled:
                self._ready.append(handle)
        return scheduled[0][0] if scheduled else None

    def _run_ready(self):
        """Run what is ready now, and nothing that it makes ready."""
        events._running.append(self)
        try:
            for _ in range(len(self._ready)):
                handle = self._ready.popleft()
                if not handle._cancelled:
                    handle._run()
        finally:
            events._running.pop()

    def _runs(self):
        return any([loop is self for loop in events._running])

    def _lose(self):
        raise RuntimeError("what the program awaits will never come: nothing is left to run")

    async def _until(self, done):
        """Run until `done()`, in a turn that awaits."""
        spins = 0
        while not done():
            due = self._due()
            if self._ready:
                self._run_ready()
                if done():
                    return
                due = self._due()
            for answer in [a for a in self._answers if a.future.done()]:
                self._answers.remove(answer)
                self._waits.discard(id(answer.pending))
            asked = self._answers[:AT_ONCE]
            if self._ready and (spins < SPINS or not asked):
                # Whatever else the host runs has its turn too.
                answers = await _Ask((0, *[a.pending for a in asked]))
                if asked and self._clock is None:
                    spins += 1
            elif asked or (due is not None and self._clock is not None):
                spins = 0
                left = None if due is None or self._clock is None else max(0.0, due - self.time())
                answers = await _Ask((left, *[a.pending for a in asked]))
            elif due is not None:
                self._now = due
                continue
            else:
                self._lose()
            self._arrived(asked, answers)

    async def _serve(self, coroutine, first):
        """Go on with a coroutine of the turn, that has yielded `first`, and whatever it has begun."""
        main = self._main
        if main is None:
            main = self._stand_for_main()
        tasks._leave_task(self, main)
        main._coro, main._context = _Begun(coroutine, first), contextvars.copy_context()
        main._log_destroy_pending = False
        self.call_soon(main._Task__step, context=main._context)
        self._awaits = True
        try:
            await self._until(main.done)
            left = [t for t in tasks.all_tasks(self) if not t.done()]
            for task in left:
                task.cancel()
            await self._until(lambda: all([t.done() for t in left]))
        finally:
            self._awaits = False
            self.close()
        return main.result()

    def _stand_for_main(self):
        """The task of the coroutine that runs, which the loop has yet to be given."""
        coroutine = _to_come()
        main = self._main = tasks.Task(coroutine, loop=self)
        coroutine.close()
        self._ready.pop()  # its first step is made already
        tasks._enter_task(self, main)
        return main

    def run_forever(self):
        """Run until `stop()`, or until nothing is left to run."""
        self._check_runnable()
        self._stopping = False
        while not self._stopping:
            due = self._due()
            if self._ready:
                self._run_ready()
            elif due is None:
                self._lose()
            elif self._clock is None:
                self._now = due
            else:
                self._sleep(max(0.0, due - self.time()))
        self._stopping = False

    def _sleep(self, seconds):
        if not hasattr(self._clock, "sleep"):
            _refuse("waiting was not granted: the host grants a Clock that can sleep")
        self._clock.sleep(seconds)

    def _check_runnable(self):
        self._check_closed()
        if self._runs() or self._awaits:
            raise RuntimeError("This event loop is already running")
        if events._get_running_loop() is not None:
            raise RuntimeError("Cannot run the event loop while another loop is running")

    def run_until_complete(self, future):
        """Run until a future, or the task of a coroutine, is done: its result."""
        self._check_runnable()
        made = not futures.isfuture(future)
        future = tasks.ensure_future(future, loop=self)
        if made:
            future._log_destroy_pending = False
        future.add_done_callback(self._stop_at)
        try:
            self.run_forever()
        except:
            if made and future.done() and not future.cancelled():
                future.exception()
            raise
        finally:
            future.remove_done_callback(self._stop_at)
        if not future.done():
            raise RuntimeError("Event loop stopped before Future completed.")
        return future.result()

    def _stop_at(self, future):
        if not future.cancelled():
            error = future.exception()
            if isinstance(error, (SystemExit, KeyboardInterrupt)):
                return  # it has ended the loop already
        self.stop()

    def stop(self):
        self._stopping = True

    def is_running(self):
        return self._runs() or events._get_running_loop() is self

    def is_closed(self):
        return self._closed

    def close(self):
        if self._runs():
            raise RuntimeError("Cannot close a running event loop")
        self._closed = True
        self._ready.clear()
        self._scheduled.clear()
        self._answers.clear()
        self._waits.clear()
        self._came.clear()

    async def shutdown_asyncgens(self):
        """Generators end with their turn."""

    async def shutdown_default_executor(self, timeout=None):
        """There is none."""

    # Errors

    def set_exception_handler(self, handler):
        if handler is not None and not callable(handler):
            raise TypeError(f"A callable object or None is expected, got {handler!r}")
        self._handler = handler

    def get_exception_handler(self):
        return self._handler

    def default_exception_handler(self, context):
        """Say on `sys.stderr` what went wrong in a callback."""
        from .log import logger

        error = context.get("exception")
        details = (type(error), error, error.__traceback__) if error is not None else False
        lines = [context.get("message") or "Unhandled exception in event loop"]
        lines += [f"{k}: {context[k]!r}" for k in sorted(context) if k not in ("message", "exception")]
        logger.error("\n".join(lines), exc_info=details)

    def call_exception_handler(self, context):
        handler = self._handler
        if handler is None:
            self.default_exception_handler(context)
            return
        try:
            handler(self, context)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            told = {"message": "Unhandled error in exception handler", "exception": error}
            self.default_exception_handler({**told, "context": context})

    def get_debug(self):
        return self._debug

    def set_debug(self, enabled):
        self._debug = enabled


def _refused(name, what):
    def refuse(self, *args, **kwargs):
        _refuse(f"loop.{name} was not granted: {what}")

    refuse.__name__ = name
    return refuse


for _name in """
    create_connection create_server create_unix_connection create_unix_server create_datagram_endpoint
    connect_accepted_socket getaddrinfo getnameinfo sock_recv sock_recv_into sock_recvfrom
    sock_recvfrom_into sock_sendall sock_sendto sock_connect sock_accept sock_sendfile sendfile start_tls
    add_reader remove_reader add_writer remove_writer connect_read_pipe connect_write_pipe
""".split():
    setattr(EventLoop, _name, _refused(_name, "it is network access; the host grants a capability"))
for _name in ("subprocess_exec", "subprocess_shell", "add_signal_handler", "remove_signal_handler"):
    setattr(EventLoop, _name, _refused(_name, "it is control over processes; the host grants a Command"))
for _name in ("run_in_executor", "set_default_executor"):
    setattr(EventLoop, _name, _refused(_name, "a compartment runs one turn at a time"))

BaseEventLoop = SelectorEventLoop = EventLoop


class Policy(getattr(events, "_BaseDefaultEventLoopPolicy", None) or events.BaseDefaultEventLoopPolicy):
    """Makes loops."""

    _loop_factory = EventLoop


def waits_for(task, yielded):
    """What a task that yields this waits for: a future of its loop's, where the host answers."""
    if not _answers_later(yielded) or not isinstance(task._loop, EventLoop):
        return yielded
    return task._loop._wait_for(task, yielded)


def came_for(task):
    """What the host's answer to a task was, once."""
    loop = task._loop
    return loop._came.pop(task, None) if isinstance(loop, EventLoop) else None


def loop_of_turn():
    """The loop of the coroutine that the host runs, made when it is first asked for; None where a turn
    does not await."""
    found = _loop_of_course()
    if found is None:
        made = EventLoop()
        if _take_course(made, made._serve):
            made._stand_for_main()
            found = made
    return found
