"""Of the helpers of the tests of `asyncio`, those that need no socket and no loop of their own."""

import asyncio
import unittest

TestCase = unittest.TestCase


async def await_without_task(coro):
    """Run a coroutine to its end in a callback, where there is no task."""
    errors = []

    def drive():
        try:
            for _ in coro.__await__():
                pass
        except BaseException as error:
            errors.append(error)

    asyncio.get_running_loop().call_soon(drive)
    await asyncio.sleep(0)
    if errors:
        raise errors[0]
