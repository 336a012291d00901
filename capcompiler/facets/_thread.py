"""`_thread` without threads: locks that a program of one thread can take and give back."""

from _guard_types import _refuse

error = RuntimeError
TIMEOUT_MAX = 9223372036.0


class LockType:
    """A lock. Waiting for one that is held would never end, since nobody else runs."""

    __module__ = "_thread"

    def __init__(self):
        self._held = False

    def acquire(self, blocking=True, timeout=-1):
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        if timeout != -1 and timeout < 0:
            raise ValueError("timeout value must be a non-negative number")
        if not self._held:
            self._held = True
            return True
        if not blocking or timeout != -1:
            return False
        raise RuntimeError("this lock is held, and there is no other thread to release it")

    def release(self):
        if not self._held:
            raise RuntimeError("release unlocked lock")
        self._held = False

    def locked(self):
        return self._held

    acquire_lock, release_lock, locked_lock = acquire, release, locked

    def __enter__(self):
        self.acquire()
        return True

    def __exit__(self, *details):
        self.release()

    def _at_fork_reinit(self):
        self._held = False

    def __repr__(self):
        return f"<{'locked' if self._held else 'unlocked'} _thread.lock object>"


lock = LockType


def allocate_lock():
    """A new lock."""
    return LockType()


allocate = allocate_lock


class RLock:
    """A lock that its holder may take again."""

    __module__ = "_thread"

    def __init__(self):
        self._count = 0

    def acquire(self, blocking=True, timeout=-1):
        self._count += 1
        return True

    def release(self):
        if not self._count:
            raise RuntimeError("cannot release un-acquired lock")
        self._count -= 1

    def locked(self):
        return self._count > 0

    def __enter__(self):
        self.acquire()
        return True

    def __exit__(self, *details):
        self.release()

    def _is_owned(self):
        return self._count > 0

    def _recursion_count(self):
        return self._count

    def _release_save(self):
        count, self._count = self._count, 0
        return count

    def _acquire_restore(self, count):
        self._count = count

    def _at_fork_reinit(self):
        self._count = 0

    def __repr__(self):
        state = "locked" if self._count else "unlocked"
        owner = get_ident() if self._count else 0
        return f"<{state} _thread.RLock object owner={owner} count={self._count}>"


class _local:
    """Attributes of the one thread there is."""


def get_ident():
    """The number of the one thread there is."""
    return 1


get_native_id = _get_main_thread_ident = get_ident


def _is_main_interpreter():
    return True


def daemon_threads_allowed():
    return False


def _count():
    return 0


def stack_size(size=0):
    return 0


def start_new_thread(function, args, kwargs={}):
    _refuse("threads were not granted: a compartment runs one turn at a time")


start_new = start_new_thread


def start_joinable_thread(function, *, handle=None, daemon=True):
    start_new_thread(function, ())


def interrupt_main(signum=2):
    _refuse("interrupt_main was not granted: nothing grants it")


def exit():
    raise SystemExit


exit_thread = exit


def _set_sentinel():
    return LockType()


class _ExceptHookArgs(tuple):
    """What a thread's exception hook is told."""

    exc_type = property(lambda self: self[0])
    exc_value = property(lambda self: self[1])
    exc_traceback = property(lambda self: self[2])
    thread = property(lambda self: self[3])


def _excepthook(args):
    import sys

    sys.stderr.write(f"Exception in thread: {args.exc_type.__name__}: {args.exc_value}\n")


class _ThreadHandle:
    """A thread that was never started."""

    ident = None

    def __init__(self):
        self._done = False

    def is_done(self):
        return self._done

    def join(self, timeout=None):
        raise RuntimeError("thread not started")

    def _set_done(self):
        self._done = True


def _make_thread_handle(ident):
    """The one thread that runs here."""
    handle = _ThreadHandle()
    handle.ident = ident
    return handle


def _shutdown():
    """Waits for the threads that are left: there are none."""


def set_name(name):
    """Would name the thread to the operating system."""
