"""The MCP server, asked by the official SDK's client."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

pytest.importorskip("mcp", reason="needs the extra mcp")

from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from capcompiler import Limits
from capcompiler.agents import Session
from capcompiler.agents.mcp import server


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
