"""A tool for pydantic-ai: `run_python`, which runs what a model writes as a guest.

    agent = Agent(model, tools=[python_tool({"search": search})])

What goes wrong is sent back to the model as a retry, in words that say what to write instead; after as
many retries as the tool has, pydantic-ai ends the run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from capcompiler.extras import needs_extra

try:
    from pydantic_ai import ModelRetry, Tool
except ImportError as error:
    raise ImportError(needs_extra(__name__, "pydantic-ai", error.name or "")) from error

from capcompiler.agents.session import Session
from capcompiler.agents.stopping import run_stoppable
from capcompiler.compartment import Isolation
from capcompiler.imports import Imports
from capcompiler.limits import Limits
from capcompiler.membrane.membrane import Use

__all__ = ["DEFAULT_LIMITS", "python_tool"]

#: A model waits for the answer, and so does a person.
DEFAULT_LIMITS = Limits(seconds=30.0)


def python_tool(
    caps: Mapping[str, Any] | None = None,
    *,
    imports: Imports | None = None,
    limits: Limits | None = None,
    isolation: Isolation = "inline",
    on_use: Callable[[Use], None] | None = None,
    name: str = "run_python",
    retries: int = 3,
    session: Session | None = None,
) -> Tool[Any]:
    """A tool that runs Python under these grants. Names stay from call to call.

    Its description tells the model what is granted. retries: how often in a row the model may mend its
    code. session: one of yours, to look at it or to share it; then the options before `name` are not
    for here.
    """
    if session is None:
        session = Session(
            caps, imports=imports, limits=limits if limits is not None else DEFAULT_LIMITS,
            isolation=isolation, on_use=on_use,
        )  # fmt: skip
    world = session

    async def run_python(code: str) -> str:
        done = await run_stoppable(world, code)
        if done.error is not None:
            raise ModelRetry(done.text)
        return done.text or "(it ran; nothing was printed, and there is no value)"

    return Tool(
        run_python,
        name=name,
        description=description(world),
        max_retries=retries,
        # Turns of one world come one after another; the model may ask for several at once.
        sequential=True,
    )


def description(session: Session) -> str:
    """What a model is told of the tool."""
    return (
        "Run Python code, and get what it printed and the value of its last expression. Names that it "
        "binds stay for the next call. The code can use the language, the modules below, and what is "
        f"granted here; there is no other file, network or clock.\n{session.granted()}"
    )
