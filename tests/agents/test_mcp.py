"""The MCP server, asked by the official SDK's client."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

pytest.importorskip("mcp", reason="needs the extra mcp")

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from capcompiler import Limits
from capcompiler.agents import Session
from capcompiler.agents.mcp import server
from capcompiler.agents.stopping import run_stoppable


def search(query: str) -> list[str]:
    """Search the web."""
    return [query.upper()]


def talk(session: Session, say: Callable[[Client], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        async with Client(server(session)) as client:
            await say(client)

    asyncio.run(run())


async def call(client: Any, tool: str, **arguments: Any) -> tuple[bool, str]:
    result = await client.call_tool(tool, arguments)
    return result.is_error, result.content[0].text


def test_a_client_lists_the_tool_with_what_is_granted_and_runs_code() -> None:
    async def say(client: Client) -> None:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"run_python", "reset_python"}
        assert "search(query: str) -> list[str]" in (tools["run_python"].description or "")
        assert await call(client, "run_python", code="x = search('a')\nprint(x)") == (False, "['A']\n")
        assert await call(client, "run_python", code="x * 2") == (False, "['A', 'A']")
        failed, text = await call(client, "run_python", code="serch('a')")
        assert failed and "Did you mean search?" in text
        assert (await call(client, "reset_python"))[0] is False
        assert (await call(client, "run_python", code="x"))[0] is True

    talk(Session({"search": search}), say)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"code": 3}, {"code": None}, {"code": ["1"]}, {"code": {"a": 1}}, {"code": "#" * 300_000},
     {"code": True}, {"other": "1"}],
    ids=lambda a: str(a)[:30],
)  # fmt: skip
def test_arguments_of_a_wrong_type_or_size_run_nothing(arguments: dict[str, Any]) -> None:
    session = Session()

    async def say(client: Client) -> None:
        failed, text = await call(client, "run_python", **arguments)
        assert failed and len(text) < 2000

    talk(session, say)
    assert not session.compartment._has_run


def test_code_that_is_stopped_leaves_the_server_answering() -> None:
    async def say(client: Client) -> None:
        many = [call(client, "run_python", code="while True:\n    pass") for _ in range(3)]
        ended = await asyncio.gather(*many, call(client, "run_python", code="1"))
        assert [failed for failed, _ in ended] == [True, True, True, False]
        failed, text = await call(client, "run_python", code="raise ValueError('\\x1b]0;x\\x07' * 9000)")
        assert failed and "\x1b" not in text and len(text) < 10_000

    talk(Session(limits=Limits(steps=10_000)), say)


def test_the_command_serves_on_stdin_and_stdout() -> None:
    async def run() -> None:
        parameters = StdioServerParameters(
            command=sys.executable,
            args=["-m", "capcompiler", "mcp", "--grant", "n=int:7", "--limit", "steps=1e5",
                  "--isolation", "inline"],
        )  # fmt: skip
        async with Client(stdio_client(parameters)) as client:
            assert await call(client, "run_python", code="print('out')\nn * 6") == (False, "out\n42")
            assert (await call(client, "run_python", code="while True: pass"))[0] is True

    asyncio.run(run())


# Calls that nobody waits for any more

#: No limit ends it: only who asked for it.
ENDLESS = Limits(steps=None, seconds=None)
TIERS = pytest.mark.parametrize("isolation", ["inline", "process"])
BEATS = "while True:\n    try:\n        while True: beat()\n    except BaseException: pass"


def still(beats: list[float]) -> bool:
    """Whether nothing beats any more."""
    for _ in range(100):
        before = len(beats)
        time.sleep(0.1)
        if len(beats) == before:
            return True
    return False


@TIERS
def test_code_stops_when_its_client_cancels_the_call(isolation: Any) -> None:
    beats: list[float] = []
    session = Session(
        {"beat": lambda: beats.append(time.monotonic())}, limits=ENDLESS, isolation=isolation
    )

    async def say(client: Client) -> None:
        assert await call(client, "run_python", code="kept = 7") == (
            False, "(it ran; nothing was printed, and there is no value)"
        )  # fmt: skip
        started = time.monotonic()
        with anyio.move_on_after(0.5) as waiting:
            await client.call_tool("run_python", {"code": BEATS})
        assert waiting.cancelled_caught and time.monotonic() - started < 5 and beats
        assert await call(client, "run_python", code="kept") == (False, "7")
        assert still(beats)

    talk(session, say)
    session.close()


def test_a_call_that_is_cancelled_while_it_waits_does_not_run_nor_stop_another() -> None:
    beats: list[float] = []
    go_on = threading.Event()
    session = Session(
        {"beat": lambda: beats.append(1.0), "wait": lambda: go_on.wait(20)}, limits=ENDLESS
    )

    async def say(client: Client) -> None:
        async with anyio.create_task_group() as tasks:
            first: list[Any] = []

            async def run_first() -> None:
                first.append(await call(client, "run_python", code="wait()\nx = 5\nx"))

            tasks.start_soon(run_first)
            await anyio.sleep(0.3)
            with anyio.move_on_after(0.3) as waiting:
                await client.call_tool("run_python", {"code": "beat()"})
            assert waiting.cancelled_caught
            go_on.set()
        assert first == [(False, "5")]
        assert await call(client, "run_python", code="x + 1") == (False, "6")

    talk(session, say)
    assert beats == []


@TIERS
def test_code_stops_when_its_client_goes_away(isolation: Any) -> None:
    beats: list[float] = []
    session = Session(
        {"beat": lambda: beats.append(time.monotonic())}, limits=ENDLESS, isolation=isolation
    )

    async def run() -> None:
        async with Client(server(session)) as client, anyio.create_task_group() as tasks:
            tasks.start_soon(client.call_tool, "run_python", {"code": BEATS})
            while not beats:
                await anyio.sleep(0.05)
            tasks.cancel_scope.cancel()

    asyncio.run(asyncio.wait_for(run(), 30))
    assert still(beats)
    session.close()


#: A client that begins a run and dies, as by a signal that leaves it no time.
DIES = """
import asyncio, os, pathlib, sys
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

async def main():
    parameters = StdioServerParameters(command=sys.executable, args=sys.argv[2:])
    async with Client(stdio_client(parameters)) as client:
        code = "n = 0\\nwhile True:\\n    n += 1\\n    open('beat', 'w').write(str(n))"
        asyncio.ensure_future(client.call_tool("run_python", {"code": code}))
        while not pathlib.Path(sys.argv[1], "beat").exists():
            await asyncio.sleep(0.05)
        os._exit(3)

asyncio.run(main())
"""


@TIERS
def test_the_command_ends_when_its_client_dies(isolation: str, tmp_path: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-c", DIES, str(tmp_path), "-m", "capcompiler", "mcp", "--grant",
         f"fs=dir:{tmp_path}:rw", "--limit", "steps=none", "--isolation", isolation],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, timeout=60, capture_output=True,
    )  # fmt: skip
    assert done.returncode == 3, done.stderr.decode()[-2000:]
    beat = tmp_path / "beat"
    for _ in range(100):
        before = beat.read_bytes(), beat.stat().st_mtime_ns
        time.sleep(0.3)
        if (beat.read_bytes(), beat.stat().st_mtime_ns) == before:
            break
    else:
        raise AssertionError("the code runs on without its client")
    found = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True)
    assert not found.stdout, "the server runs on without its client"


def test_a_task_that_is_cancelled_stops_its_code() -> None:
    """As the run of an agent is, by whoever started it."""
    beats: list[float] = []
    session = Session({"beat": lambda: beats.append(1.0)}, limits=ENDLESS)

    async def run() -> None:
        task = asyncio.ensure_future(run_stoppable(session, BEATS))
        while not beats:
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await run_stoppable(session, "1 + 1")).text == "2"

    asyncio.run(asyncio.wait_for(run(), 20))
    assert still(beats)
