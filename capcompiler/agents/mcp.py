"""An MCP server with one tool, `run_python`, under grants that are given when it starts.

Stops: arguments of a wrong type or size from a client; code that keeps the server from answering others,
or that goes on when its client has cancelled the call or gone away.
"""

from __future__ import annotations

from typing import Any

from capcompiler.extras import needs_extra

try:
    import anyio.to_thread
    from mcp.server.mcpserver import MCPServer
    from mcp.types import CallToolResult, TextContent, ToolAnnotations
except ImportError as error:
    raise ImportError(needs_extra(__name__, "mcp", error.name or "")) from error

from capcompiler import __version__
from capcompiler.agents.session import MOST_CODE, Session
from capcompiler.agents.stopping import run_stoppable

__all__ = ["server"]


def server(session: Session, *, name: str = "capcompiler") -> MCPServer[Any]:
    """A server whose tool runs code in `session`; `reset_python` forgets all names.

    All its clients share that session: one of its own for each that may not know of the others.
    Run it with `.run("stdio")`, or any other way that the SDK has.
    """
    made: MCPServer[Any] = MCPServer(
        name=name,
        version=__version__,
        instructions="run_python runs Python code that can reach what it was granted, and nothing else.",
        log_level="WARNING",
    )

    async def run_python(code: str) -> CallToolResult:
        if type(code) is not str or len(code) > MOST_CODE:
            return _said(f"code: wanted a text of at most {MOST_CODE:,} characters", True)
        # On a thread: the server answers others meanwhile, and hears that a call is cancelled.
        done = await run_stoppable(session, code)
        return _said(done.text, done.error is not None)

    async def reset_python() -> CallToolResult:
        await anyio.to_thread.run_sync(session.reset)
        return _said("all names are forgotten", False)

    made.add_tool(
        run_python,
        description=(
            "Run Python code, and get what it printed and the value of its last expression. Names that "
            "it binds stay for the next call. There is no file, network or clock but by what is "
            f"granted:\n{session.granted()}"
        ),
        annotations=ToolAnnotations(title="Run Python under grants"),
        structured_output=False,
    )
    made.add_tool(
        reset_python,
        description="Forget all names that code of run_python has bound.",
        annotations=ToolAnnotations(title="Forget all names", idempotent_hint=True),
        structured_output=False,
    )
    return made


def _said(text: str, failed: bool) -> CallToolResult:
    shown = text or "(it ran; nothing was printed, and there is no value)"
    return CallToolResult(content=[TextContent(type="text", text=shown)], is_error=failed)
