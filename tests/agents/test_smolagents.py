"""The executor for smolagents, beside its own one on the programs of its own tests, and in an agent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("smolagents", reason="needs the extra smolagents")

from smolagents import CodeAgent, Tool
from smolagents.default_tools import FinalAnswerTool
from smolagents.local_python_executor import (
    BASE_BUILTIN_MODULES,
    BASE_PYTHON_TOOLS,
    InterpreterError,
    evaluate_python_code,
)
from smolagents.models import ChatMessage, MessageRole, Model

from capcompiler import Capability, Limits, reach
from capcompiler.agents.smolagents import CapExecutor, Refused

PROGRAMS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "smolagents_programs.json").read_text()
)["programs"]

TAMED = "smolagents refuses it for safety; here it is the guest's own, and without authority"
ABSENT = "smolagents lets it through, to the machine; here it is refused"
PLAIN = "here it does what Python does"
NOT_SHOWN = "the value of such a statement is not shown: to read it again could run code"

#: Programs that do something else here: the test that they are of, how they begin, and why.
#: docs/reference/peers.md tells of each kind.
DIFFERENT = [
    ("test_assignment_cannot_overwrite_tool", "print = '3'", PLAIN),
    ("test_evaluate_subscript", "vendor = {", NOT_SHOWN),
    ("test_max_operations", "def func(a):", NOT_SHOWN),
    ("test_tuples", "digits, i = [1, 2, 3], 1", NOT_SHOWN),
    ("test_while", "house_positions = [", PLAIN),
    ("test_classes", "class Animal:", PLAIN),
    ("test_variable_args", "def var_args_method(self,", PLAIN),
    ("test_exceptions", "def method_that_raises(self):", PLAIN),
    ("test_tuple_id", "food_items = {", PLAIN),
    ("test_nonsimple_augassign", "counts_dict = {", NOT_SHOWN),
    ("test_dangerous_builtins_calls_are_blocked", "import os", TAMED),
    ("test_dangerous_builtins_are_callable_if_explicitly_added", "eval(", TAMED),
    ("test_can_import_os_if_explicitly_authorized", "import os; os.listdir", ABSENT),
    ("test_can_import_os_if_all_imports_authorized", "import os; os.listdir", ABSENT),
    ("test_vulnerability_builtins", "import builtins", TAMED),
    ("test_vulnerability_builtins_safe_functions", "import builtins;", TAMED),
    ("test_vulnerability_builtins_dangerous_functions", "import builtins; builtins.exec", TAMED),
    ("test_vulnerability_dangerous_functions", "import os; os.popen", TAMED),
    ("test_vulnerability_for_all_dangerous_functions", "import builtins; builtins.", TAMED),
    ("test_vulnerability_for_all_dangerous_functions", "import os; os.system", TAMED),
    ("test_vulnerability_via_sys", "import sys", ABSENT),
    ("test_vulnerability_via_importlib", "import importlib", ABSENT),
    ("test_vulnerability_via_submodules", "import warnings; warnings.sys", TAMED),
    ("test_vulnerability_via_submodules_through_indirect_attribute_access", "import", TAMED),
    ("test_vulnerability_via_dunder_access", "a = (); b = a.__class__", TAMED),
    ("test_vulnerability_via_dunder_access", "class A:", TAMED),
    ("test_vulnerability_via_dunder_indirect_access", "a = (); b = getattr", TAMED),
    ("test_vulnerability_via_dunder_call", "'string'.__dir__()", TAMED),
]


def add_two(x: int) -> int:
    return x + 2


def tools_of(program: dict[str, Any]) -> dict[str, Any]:
    all_tools: dict[str, Any] = {"add_two": add_two, "final_answer": FinalAnswerTool()}
    return {name: all_tools[name] for name in program["tools"]}


def ours(program: dict[str, Any]) -> tuple[str | None, Any, bool]:
    executor = CapExecutor(limits=Limits(steps=200_000))
    executor.send_variables(program["state"])
    executor.send_tools(tools_of(program))
    try:
        done = executor(program["code"])
    except Refused as error:
        return type(error.error).__name__, str(error), False
    return None, done.output, done.is_final_answer


def differs(program: dict[str, Any]) -> bool:
    code = program["code"].strip()
    return any(program["test"] == test and code.startswith(head) for test, head, _why in DIFFERENT)


@pytest.mark.parametrize("program", PROGRAMS, ids=[f"{n}-{p['test']}" for n, p in enumerate(PROGRAMS)])
def test_programs_of_its_own_tests(program: dict[str, Any]) -> None:
    """What it runs we run, with the same value; what it refuses we refuse. The table has the rest."""
    failed, value, final = ours(program)
    if "raises" in program:
        same = failed is not None
    else:
        same = failed is None and final == program["final"] and program["gives"] in (None, repr(value))
    if program["test"] == "test_vulnerability_via_sys" and same and differs(program):
        return  # the same text, which it lets through under one list of modules only
    if differs(program):
        assert not same or program["test"].startswith("test_vulnerability"), (failed, value)
    else:
        assert same, (failed, value)


def test_the_table_has_no_row_too_many() -> None:
    for test, head, _why in DIFFERENT:
        assert any(p["test"] == test and p["code"].strip().startswith(head) for p in PROGRAMS), (
            test,
            head,
        )


@pytest.mark.parametrize("number", range(0, len(PROGRAMS), 12))
def test_what_the_table_says_of_it_is_what_it_does(number: int) -> None:
    """A twelfth of it, in the version that is installed."""
    program = PROGRAMS[number]
    base = BASE_PYTHON_TOOLS if program["base"] else {}
    modules = [*BASE_BUILTIN_MODULES, *program["imports"]]
    try:
        value, final = evaluate_python_code(
            program["code"], {**tools_of(program), **base}, {}, dict(program["state"]), modules
        )
    except Exception as error:
        assert type(error).__name__ == program["raises"]
    else:
        assert program["gives"] in (None, repr(value)) and final == program["final"]


# In an agent


class Scripted(Model):  # type: ignore[misc]
    """Says one thing after another, and keeps what it was told."""

    def __init__(self, *codes: str) -> None:
        super().__init__(model_id="scripted")
        self.codes = list(codes)
        self.told: list[str] = []

    def generate(self, messages: list[ChatMessage], **_options: Any) -> ChatMessage:
        self.told.append(str(messages[-1].content))
        code = self.codes.pop(0)
        return ChatMessage(role=MessageRole.ASSISTANT, content=f"Thought: go.\n<code>\n{code}\n</code>")


class Weather(Tool):  # type: ignore[misc]
    name = "weather"
    description = "The weather of a place."
    inputs = {"place": {"type": "string", "description": "where"}}  # noqa: RUF012
    output_type = "string"

    def forward(self, place: str) -> str:
        if place == "nowhere":
            raise ValueError("there is no weather nowhere")
        return f"sun in {place}"


def agent_of(*codes: str, tools: Any = (), **options: Any) -> tuple[CodeAgent, Scripted]:
    model = Scripted(*codes)
    options.setdefault("timeout_seconds", None)
    executor = CapExecutor(**options)
    agent = CodeAgent(
        tools=list(tools), model=model, executor=executor, max_steps=len(codes), verbosity_level=0
    )
    return agent, model


def test_an_agent_calls_tools_keeps_names_and_gives_a_final_answer() -> None:
    agent, model = agent_of(
        "found = weather('Rome')\nprint(found)",
        "final_answer(found.upper() + '!' * n)\nprint('not reached')",
        tools=[Weather()],
    )
    assert agent.run("What is the weather?", additional_args={"n": 2}) == "SUN IN ROME!!"
    assert "sun in Rome" in model.told[1]


def test_an_error_tells_the_model_what_to_write_and_it_mends_its_code_in_one_step() -> None:
    agent, model = agent_of(
        "x = wether(place='Rome')",
        "import os\nos.system('id')",
        "weather('nowhere')",
        "y = weather(place='Rome')\nfinal_answer(y)",
        tools=[Weather()],
    )
    assert agent.run("What is the weather?") == "sun in Rome"
    assert "Did you mean weather?" in model.told[1] and "line 1: x = wether" in model.told[1]
    assert "This was not granted" in model.told[2] and "weather" in model.told[2]
    assert "there is no weather nowhere" in model.told[3]


@pytest.mark.parametrize("isolation", ["inline", "process"])
def test_nothing_catches_the_final_answer(isolation: str) -> None:
    agent, _ = agent_of(
        "while True:\n    try:\n        final_answer(1)\n    except BaseException:\n        pass\n"
        "    finally:\n        final_answer(2)",
        isolation=isolation,
    )
    assert agent.run("go") == 1


@pytest.mark.parametrize("isolation", ["inline", "process"])
def test_what_is_no_data_is_a_token_that_only_tools_open(isolation: Any) -> None:
    class Picture:
        secret = "host's"

    made = Picture()
    seen: list[Any] = []

    def draw() -> Any:
        return {"picture": made, "size": 3}

    def show(picture: Any, many: Any = ()) -> str:
        seen.extend([picture, *many])
        return "shown"

    executor = CapExecutor(additional_functions={"draw": draw, "show": show}, isolation=isolation)
    done = executor("p = draw()\nshow(p['picture'], many=[p['picture']])\nsize = p['size']")
    assert (done.output, seen) == (3, [made, made])
    for code in (
        "p['picture'].secret",
        "p['picture']._value",
        "p['picture']._Token__value",
        "vars(p['picture'])",
        "p['picture'].__dict__['_value']",
        "'{0._value}'.format(p['picture'])",
        "p['picture']()",
    ):
        with pytest.raises(Refused):
            executor(code)
    assert executor("p['picture']").output is made
    executor.send_variables({"given": made})
    executor("show(given)")
    assert seen[-1] is made


def test_a_tool_sees_copies_and_the_code_sees_no_tool() -> None:
    kept: list[Any] = []
    executor = CapExecutor(additional_functions={"keep": kept.append})
    executor("x = [1]\nkeep(x)\nx.append(2)")
    assert kept == [[1]]
    for code in (
        "keep.__self__",
        "keep._tool",
        "keep.__call__.__self__",
        "keep = 3",
        "def keep(): pass",
    ):
        with pytest.raises(InterpreterError):
            executor(code)
    assert executor("keep(5)").output is None and kept == [[1], 5]


def test_errors_of_tools_carry_their_text_and_no_object() -> None:
    class Own(Exception):
        pass

    def fail(how: int) -> None:
        if how:
            raise Own("say it", object())
        raise KeyError("k")

    executor = CapExecutor(additional_functions={"fail": fail})
    code = "try:\n    fail({})\nexcept Exception as e:\n    out = type(e).__name__, len(e.args), str(e)[:4]\nout"
    assert executor(code.format(0)).output == ("KeyError", 1, "\"'k'")
    assert executor(code.format(1)).output[:2] == ("RuntimeError", 1)


def test_prints_are_bounded_and_act_on_no_terminal() -> None:
    executor = CapExecutor(max_print_outputs_length=100)
    executor("print('\x1b]0;owned\x07' + 'a' * 1000)")
    shown = executor.state["_print_outputs"]
    assert len(shown) < 200 and "\x1b" not in shown
    with pytest.raises(Refused) as refused:
        executor("print('before')\nraise ValueError('\x1b[31m' * 5000)")
    assert "\x1b" not in str(refused.value) and len(str(refused.value)) < 9000
    assert executor.state["_print_outputs"] == "before\n"


@pytest.mark.parametrize("code", ["{}", "final_answer({})", "x = {}", "print({})", "[{}]", "raise ValueError({})",
                                  "class A:\n    def __repr__(self): return {}\nA()"])  # fmt: skip
def test_no_value_acts_on_the_terminal_that_an_agent_prints_it_on(code: str) -> None:
    import io

    from rich.console import Console
    from smolagents.monitoring import AgentLogger

    out = io.StringIO()
    logger = AgentLogger(console=Console(file=out, force_terminal=True, width=200, color_system=None))
    hostile = "'a\\x1b]0;evil\\x07 \\x9b31m \\u202e\\u2066 \\x08 \\ud800 b'"
    model = Scripted(code.format(hostile), "final_answer(1)")
    agent = CodeAgent(tools=[], model=model, executor=CapExecutor(), logger=logger, max_steps=2)
    agent.run("go")
    printed = out.getvalue()
    assert "evil" in printed
    assert not {c for c in printed if c in "\x07\x08\x9b\u202e\u2066"} and "\x1b]" not in printed


def test_a_text_that_is_shown_otherwise_is_still_the_text() -> None:
    text = CapExecutor()("'a\\x1bb'").output
    assert text == "a\x1bb" and len(text) == 3 and json.loads(json.dumps(text)) == "a\x1bb"
    assert f"{text}" == str(text) == "a\\x1bb"
    assert type(CapExecutor()("'plain\\ntext'").output) is str


def test_limits_stop_code_and_the_next_piece_runs() -> None:
    executor = CapExecutor(limits=Limits(steps=10_000))
    executor("kept = 1")
    with pytest.raises(Refused, match="stopped"):
        executor("while True:\n    pass")
    with pytest.raises(Refused, match="at most"):
        executor("x" * 300_000)
    assert executor("kept").output == 1


def test_modules_that_bring_authority_are_not_authorised_by_a_list() -> None:
    with pytest.raises(InterpreterError, match="cannot be offered"):
        CapExecutor(["no_such_module_anywhere"])
    # A package of C code is installed, and no guest can run it.
    executor = CapExecutor(["json", "os", "*", "msgspec"])
    for code in ("import os\nos.listdir('.')", "import msgspec"):
        with pytest.raises(Refused):
            executor(code)


def test_capabilities_are_granted_too() -> None:
    class Mailer(Capability):
        def send(self, to: str) -> str:
            return f"sent to {to}"

    executor = CapExecutor(caps={"mail": Mailer(), "double": lambda x: 2 * x})
    assert executor("mail.send('a') + double('b')").output == "sent to abb"
    with pytest.raises(Refused, match=r"mail\.send\(to: str\) -> str"):
        executor("mail.send(1)")
    executor.cleanup()


def test_code_of_an_agent_reaches_nothing_but_what_it_was_granted() -> None:
    executor = CapExecutor(additional_functions={"draw": lambda: object(), "add": add_two})
    executor.send_tools({"weather": Weather(), "final_answer": FinalAnswerTool()})
    executor.send_variables({"n": 1, "picture": object(), "many": [object()]})
    executor("p = draw()\nq = [p, many]\ndef f(): return q")
    assert not reach(executor.compartment).outside


@pytest.mark.parametrize(
    "code",
    [
        "().__class__.__base__.__subclasses__()",
        "weather.__globals__",
        "weather.forward",
        "weather.__call__.__func__",
        "final_answer.__init__.__globals__['__builtins__']",
        "import sys\nsys.modules['os'].system('id')",
        "getattr(weather, '_' + 'tool')",
        "[x for x in (1).__class__.__base__.__subclasses__() if 'wrap' in str(x)]",
        "try:\n    weather()\nexcept Exception as e:\n    e.__traceback__.tb_frame.f_back.f_globals",
        "open('/etc/passwd').read()",
        "__import__('os').system('id')",
        "import random\nrandom._os.system('id')",
        "import queue\nqueue.threading._os.system('id')",
        "exec('import os; os.system(1)')",
        "def f():\n    yield\nf().gi_frame.f_back.f_globals",
        "def f():\n    yield\nf().gi_frame.f_builtins",
    ],
)
def test_ways_out_of_other_executors_lead_nowhere(code: str) -> None:
    """Among them those of CVE-2025-5120 and of the advisories of smolagents' own executor."""
    executor = CapExecutor()
    executor.send_tools({"weather": Weather(), "final_answer": FinalAnswerTool()})
    with pytest.raises(Refused):
        executor(code)


def test_an_error_says_how_tools_are_called_and_what_for() -> None:
    class Search(Tool):  # type: ignore[misc]
        name = "search"
        description = "Search  the\nweb."
        inputs = {"query": {"type": "string", "description": "what for"}, "n": {"type": "integer", "description": "how many"}}  # fmt: skip
        output_type = "array"

        def forward(self, query: str, n: int) -> Any:
            return [query] * n

    executor = CapExecutor(additional_functions={"plain": lambda x: x})
    executor.send_tools({"search": Search()})
    with pytest.raises(Refused) as caught:
        executor("serach('a')")
    assert "search(query: string, n: integer) -> array  # Search the web." in str(caught.value)
    assert "plain(x)" in str(caught.value)


def test_a_value_whose_text_has_no_end_is_not_printed_by_an_agent() -> None:
    """`str` of sixty levels of `x = (x, x)` never ends, and an agent takes that of every value."""
    executor = CapExecutor()
    executor.send_tools({"final_answer": lambda answer: answer})
    nest = "x = 'a'\nfor _ in range(60): x = (x, x)\n"
    assert len(str(executor(f"{nest}[x]").output)) < 100_000
    with pytest.raises(Refused, match="has no end"):
        executor(f"{nest}final_answer({{1: x}})")
    assert executor("final_answer(list(range(100_000)))").output == list(range(100_000))


def test_what_is_granted_is_shown_as_the_code_sees_it() -> None:
    class Mailer(Capability):
        def __repr__(self) -> str:
            return "secret"

        def send(self, to: str) -> int:
            return len(to)

    executor = CapExecutor(caps={"mailer": Mailer()})
    for code in ("mailer", "[mailer]", "mailer.send"):
        assert "secret" not in str(executor(code).output)


def test_a_variable_whose_name_no_code_can_write_is_left_out() -> None:
    executor = CapExecutor()
    executor.send_variables({"my file": 1, "class": 2, "": 3, "a": 4})
    assert executor("a").output == 4
