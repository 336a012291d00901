"""The tool for pydantic-ai, in agents whose model is scripted."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

pytest.importorskip("pydantic_ai", reason="needs the extra pydantic-ai")

from pydantic_ai import Agent
from pydantic_ai.exceptions import UnexpectedModelBehavior
from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo, FunctionModel

from capcompiler import Limits
from capcompiler.agents import Session
from capcompiler.agents.pydantic_ai import python_tool


def search(query: str) -> list[str]:
    """Search the web."""
    return [query.upper()]


class Script:
    """A model that calls the tool with one thing after another, and then says the last answer."""

    def __init__(self, *calls: Any) -> None:
        self.calls = list(calls)
        self.told: list[str] = []
        self.description = ""

    def __call__(self, messages: list[ModelMessage], info: AgentInfo) -> ModelResponse:
        self.description = info.function_tools[0].description or ""
        self.told.append(str(messages[-1].parts[0].content))  # type: ignore[union-attr]
        if not self.calls:
            return ModelResponse(parts=[TextPart(self.told[-1])])
        call = self.calls.pop(0)
        return ModelResponse(parts=[ToolCallPart("run_python", call)])


def answer(script: Script, **options: Any) -> str:
    agent = Agent(FunctionModel(script), tools=[python_tool({"search": search}, **options)])
    return asyncio.run(agent.run("go")).output


def test_a_model_runs_code_and_names_stay() -> None:
    script = Script({"code": "x = search('a')\nprint(x)"}, {"code": "x * 2"})
    assert answer(script) == "['A', 'A']"
    assert script.told[1] == "['A']\n"
    assert "search(query: str) -> list[str]  # Search the web." in script.description


def test_it_mends_its_code_in_one_step() -> None:
    script = Script({"code": "serch('a')"}, {"code": "search('a')"})
    assert answer(script) == "['A']"
    assert "Did you mean search?" in script.told[1]


@pytest.mark.parametrize("wrong", [{"code": 3}, {}, {"code": ["x"]}, {"text": "1"}, "not json", "[1]"])
def test_arguments_of_a_wrong_form_run_nothing(wrong: Any) -> None:
    session = Session()
    script = Script(wrong, {"code": "1"})
    agent = Agent(FunctionModel(script), tools=[python_tool(session=session)])
    assert asyncio.run(agent.run("go")).output == "1"
    assert session.compartment._has_run


def test_huge_code_and_endless_code_are_answered() -> None:
    script = Script({"code": "#" * 300_000}, {"code": "while True: pass"}, {"code": "'ok'"})
    assert answer(script, limits=Limits(steps=10_000)) == "'ok'"
    assert "at most 200,000" in script.told[1] and "stopped" in script.told[2]


def test_after_its_retries_the_run_ends() -> None:
    with pytest.raises(UnexpectedModelBehavior):
        answer(Script(*[{"code": "nothing"}] * 9), retries=2)


def test_code_stops_with_the_run_of_the_agent() -> None:
    beats: list[int] = []
    session = Session({"beat": lambda: beats.append(1)}, limits=Limits(steps=None))
    tool = python_tool(session=session)

    async def run() -> None:
        script = Script({"code": "while True:\n    beat()"})
        task = asyncio.ensure_future(Agent(FunctionModel(script), tools=[tool]).run("go"))
        while not beats:
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(run(), 30))
    assert session.run("1 + 1").text == "2"
