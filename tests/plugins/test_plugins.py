"""Guest plugins on the hooks of pluggy, the authority that they are granted, and what a hostile one tries."""

from __future__ import annotations

import inspect
import json
import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pluggy", reason="needs the extra plugins")

import pluggy

from capcompiler import Capability, CapabilityError, Limits, register_dataclass
from capcompiler.plugins import (
    Failure,
    Grants,
    Offer,
    PluginError,
    PluginHost,
    Request,
    allow,
    read_plugin,
    read_plugins,
    same_as_before,
    source,
)
from capcompiler.plugins.grants import Remembered

spec, impl = pluggy.HookspecMarker("app"), pluggy.HookimplMarker("app")
HEAD = "from pluggy import HookimplMarker\nhookimpl = HookimplMarker('app')\n"


class Specs:
    @spec
    def work(self, item: Any) -> Any: ...

    @spec(firstresult=True)
    def choose(self, item: Any, kind: Any) -> Any: ...

    @spec(historic=True)
    def told(self, item: Any) -> Any: ...


class Native:
    def __init__(self) -> None:
        self.seen: list[Any] = []

    @impl
    def work(self, item: Any) -> Any:
        self.seen.append(item)
        return "native"

    @impl(trylast=True)
    def choose(self, item: Any, kind: Any) -> Any:
        return "native choice"


class Box(Capability):
    def __init__(self) -> None:
        self.things: list[str] = []

    def put(self, thing: str) -> int:
        self.things.append(thing)
        return len(self.things)

    def take(self) -> str:
        return self.things.pop()

    def inner(self) -> Box:
        return self


class Room:
    """A directory of plugins, a manager and a host, for one test."""

    def __init__(self, path: Path, **options: Any) -> None:
        self.path = path / "plugins"
        self.path.mkdir()
        self.manager = pluggy.PluginManager("app")
        self.manager.add_hookspecs(Specs)
        self.native = Native()
        self.manager.register(self.native, name="native")
        self.box = Box()
        self.asked: list[Request] = []
        self.failures: list[Failure] = []
        options.setdefault("decide", self.ask)
        options.setdefault("limits", Limits(steps=20_000))
        self.host = PluginHost(
            self.manager,
            options.pop("offers", {"box": self.box}),
            options.pop("decide"),
            on_failure=self.failures.append,
            **options,
        )

    def ask(self, request: Request) -> bool:
        self.asked.append(request)
        return True

    def write(self, name: str, body: str, manifest: str = "", version: str = "1", **files: str) -> Path:
        folder = self.path / name
        folder.mkdir(exist_ok=True)
        head = f'[plugin]\nname = "{name}"\nversion = "{version}"\nentry = "main.py"\n'
        (folder / "plugin.toml").write_text(head + manifest, encoding="utf-8")
        (folder / "main.py").write_text(HEAD + body, encoding="utf-8")
        for file, text in files.items():
            (folder / f"{file}.py").write_text(text, encoding="utf-8")
        return folder

    def load(self, *args: Any, **kwargs: Any) -> Any:
        return self.host.load(self.write(*args, **kwargs))


WANTS_BOX = '[authority.box]\nwhy = "to put things in"\n'
WANTS_PUT = WANTS_BOX + 'methods = ["put"]\n'


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Room]:
    return lambda **options: Room(tmp_path, **options)


# Hooks


def test_guests_answer_beside_native_plugins_in_the_order_of_their_marks(room: Room) -> None:
    room.load("last", "@hookimpl(trylast=True)\ndef work(item): return 'last'")
    room.load("first", "@hookimpl(tryfirst=True)\ndef work(item): return 'first'")
    room.load("other", "@hookimpl(specname='work')\ndef anything(): return None")
    assert room.manager.hook.work(item=1) == ["first", "native", "last"]


def test_the_first_result_counts_where_the_hook_says_so(room: Room) -> None:
    room.load(
        "chooser", "@hookimpl\ndef choose(kind, item):\n    return f'{kind} {item}' if kind else None"
    )
    assert room.manager.hook.choose(item=1, kind="a") == "a 1"
    assert room.manager.hook.choose(item=1, kind="") == "native choice"


def test_a_historic_hook_is_told_to_a_plugin_that_comes_later(room: Room) -> None:
    room.manager.hook.told.call_historic(kwargs={"item": "early"})
    room.load(
        "late",
        "heard = []\n@hookimpl\ndef told(item): heard.append(item)\n@hookimpl\ndef work(item): return heard",
    )
    assert room.manager.hook.work(item=1)[0] == ["early"]


def test_a_plugin_has_its_own_modules_and_the_pure_library(room: Room) -> None:
    room.load(
        "many",
        "import helper, json\n@hookimpl\ndef work(item): return json.dumps([helper.x, plugin['name']])",
        helper="x = 1",
    )
    assert room.manager.hook.work(item=0)[0] == '[1, "many"]'
    with pytest.raises(PluginError, match="No module named 'absent'"):
        room.load("none", "import absent")


def test_modules_in_packages(room: Room) -> None:
    folder = room.write("deep", "import pkg.low\n@hookimpl\ndef work(item): return [pkg.top, pkg.low.x]")
    (folder / "pkg").mkdir()
    (folder / "pkg/__init__.py").write_text("top = 'top'")
    (folder / "pkg/low.py").write_text("x = 'low'")
    room.host.load(folder)
    assert room.manager.hook.work(item=0)[0] == ["top", "low"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("@hookimpl\ndef nothing(item): pass", "there is no hook 'nothing'"),
        ("@hookimpl\ndef wrok(item): pass", r"there is no hook 'wrok' \(did you mean 'work'\?\)"),
        (
            "@hookimpl\ndef choose(itme, kind, more): pass",
            r"the hook has no parameter 'itme', 'more' \(did you mean 'item'\?\); it has item, kind",
        ),
        ("@hookimpl(hookwrapper=True)\ndef work(item): yield", "wrapper=True"),
        ("@hookimpl(wrapper=True)\ndef work(item): return (yield)", "may not wrap"),
        ("@hookimpl(tryfirst='yes')\ndef work(item): pass", "wanted True or False"),
        ("@hookimpl(specname='a b')\ndef work(item): pass", "specname"),
        ("@hookimpl\ndef work(item:", "no program of the dialect"),
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit('host')", "failed as it was loaded"),
        ("raise KeyboardInterrupt", "failed as it was loaded"),
        ("import os\nos.system('true')", "failed as it was loaded"),
        ("def _capcompiler_hooks(project, known): return 1\nglobals().__class__", None),
        ("globals = lambda: {'work': hookimpl}", None),
        ("class C: pass\nc = C()\nc.app_impl = {}\nc.__name__ = 'x'", None),
        ("_hidden = hookimpl(lambda item: 1)", "no function of a public name"),
    ],
)
def test_what_is_no_hook_does_not_load(room: Room, body: str, message: str | None) -> None:
    folder = room.write("odd", body)
    if message is None:
        try:
            room.host.load(folder)
        except PluginError:
            pass
        assert room.manager.hook.work(item=1)[-1] == "native"
        return
    with pytest.raises(PluginError, match=message):
        room.host.load(folder)
    assert room.host.plugins == {} and room.manager.hook.work(item=1) == ["native"]


def test_the_hooks_that_guests_may_answer_are_the_hosts_to_choose(make: Callable[..., Room]) -> None:
    room = make(hooks={"work"})
    with pytest.raises(PluginError, match="not for guests"):
        room.load("chooser", "@hookimpl\ndef choose(item, kind): return 1")


def test_a_wrapper_sees_and_changes_a_result_where_the_host_lets_it(make: Callable[..., Room]) -> None:
    room = make(wrappers={"work"})
    room.load(
        "around",
        "@hookimpl(wrapper=True)\ndef work(item):\n    found = yield\n    return found + [item]",
    )
    assert room.manager.hook.work(item=3) == ["native", 3]


@pytest.mark.parametrize(
    "body",
    ["    raise ValueError\n    yield", "    yield\n    raise ValueError", "    yield\n    yield", "    return 1",
     "    yield\n    while True: pass", "    try:\n        yield\n    finally:\n        return print", "    pass"],
)  # fmt: skip
def test_a_wrapper_that_fails_leaves_the_result_as_it_was(make: Callable[..., Room], body: str) -> None:
    room = make(wrappers={"work"})
    room.load("around", f"@hookimpl(wrapper=True)\ndef work(item):\n{body}")
    assert room.manager.hook.work(item=3) == ["native"]
    assert len(room.failures) == 1 and room.host.plugins["around"].state == "set aside"


@pytest.mark.parametrize(
    "what", ["5", "None", "box", "box.put", "lambda *_, **__: box", "lambda *_, **__: 5"]
)
@pytest.mark.parametrize("name", ["_capcompiler_begin", "_capcompiler_finish", "_capcompiler_fail"])
def test_a_wrapper_that_puts_its_own_in_the_place_of_ours_fails_alone(
    make: Callable[..., Room], name: str, what: str
) -> None:
    """What stands for it in its world is the plugin's to change, and is neither called nor looked at by
    the host: an AttributeError of ours would end the hook for all, and a capability of the host's would
    be called with the host's own arguments."""
    room = make(wrappers={"work"})
    room.load(
        "around",
        f"globals()[{name!r}] = None\n@hookimpl\ndef choose(item, kind):\n    globals()[{name!r}] = {what}\n"
        "@hookimpl(wrapper=True)\ndef work(item):\n    yield\n    return ['changed']",
        '[authority.box]\nwhy = "x"\n',
    )
    room.manager.hook.choose(item=1, kind=1)
    answers = (
        (["native"], 5)
        if (name, what) == ("_capcompiler_finish", "lambda *_, **__: 5")
        else (["native"],)
    )
    if name == "_capcompiler_fail":
        answers = (["changed"],)
    assert room.manager.hook.work(item=3) in answers
    assert room.box.things == []


def test_a_wrapper_cannot_swallow_what_went_wrong_in_the_host(make: Callable[..., Room]) -> None:
    room = make(wrappers={"work"})
    room.load(
        "around",
        "@hookimpl(wrapper=True)\ndef work(item):\n    try:\n        yield\n    except BaseException:\n        return ['fine']",
    )

    class Broken:
        @impl
        def work(self, item: Any) -> Any:
            raise OSError("disk")

    room.manager.register(Broken())
    with pytest.raises(OSError, match="disk"):
        room.manager.hook.work(item=1)


# What a hostile plugin tries


def test_what_a_plugin_does_to_an_argument_is_seen_by_nobody(room: Room) -> None:
    room.load(
        "vandal",
        "@hookimpl(tryfirst=True)\ndef work(item):\n    item['x'].clear()\n    item.clear()\n    return 'v'",
    )
    item = {"x": [1]}
    room.load("reader", "@hookimpl\ndef work(item): return item")
    assert room.manager.hook.work(item=item) == ["v", {"x": [1]}, "native"]
    assert item == {"x": [1]} and room.native.seen == [item]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("raise ValueError('no')", "error"),
        ("raise SystemExit(1)", "error"),
        ("raise KeyboardInterrupt", "error"),
        ("raise GeneratorExit", "error"),
        ("class LimitExceeded(Exception): pass\n    raise LimitExceeded('steps')", "error"),
        ("class PluginError(BaseException): pass\n    raise PluginError('host', 'x')", "error"),
        ("while True: pass", "limit"),
        ("return 'x' * 10**12", "limit"),
        ("return work(item)", "limit"),
        ("print('x' * 2000000)", "limit"),
        ("return print", "result"),
        ("return [1, {'a': (work,)}]", "result"),
        ("return box", "result"),
        ("return box.put", "result"),
        ("class C: pass\n    return C()", "result"),
        ("return (x for x in 'a')", "result"),
    ],
)
def test_a_plugin_that_goes_wrong_is_reported_and_set_aside(room: Room, body: str, kind: str) -> None:
    room.load("bad", f"@hookimpl(tryfirst=True)\ndef work(item):\n    {body}", WANTS_BOX)
    room.load("good", "@hookimpl\ndef work(item): return 'good'")
    assert room.manager.hook.work(item=1) == ["good", "native"]
    assert [(f.plugin, f.hook, f.kind) for f in room.failures] == [("bad", "work", kind)]
    assert room.host.plugins["bad"].state == "set aside"
    assert room.manager.hook.work(item=1) == ["good", "native"]
    assert len(room.failures) == 1


def test_patience_with_errors(make: Callable[..., Room]) -> None:
    room = make(patience=2)
    room.load("bad", "@hookimpl\ndef work(item):\n    if item: raise ValueError\n    return 'ok'")
    assert [room.manager.hook.work(item=n)[0] for n in (1, 0, 1, 0)] == [
        "native",
        "ok",
        "native",
        "native",
    ]


def test_a_result_of_any_kind_where_the_host_takes_it(make: Callable[..., Room]) -> None:
    room = make(only_data=False)
    room.load("maker", "@hookimpl\ndef work(item): return lambda: item")
    made = room.manager.hook.work(item=5)[0]
    assert made() == 5
    room.host.unload("maker")
    with pytest.raises(CapabilityError):
        made()


@register_dataclass
@dataclass
class Ticket:
    title: str
    extra: Any = None


@pytest.mark.parametrize("extra", ["lambda: 1", "[{1: print}]", "box", "ticket('b')", "ticket"])
def test_an_answer_in_a_dataclass_holds_nothing_to_call(make: Callable[..., Room], extra: str) -> None:
    room = make(offers={"box": Box(), "ticket": lambda title: Ticket(title)})
    manifest = '[authority.box]\nwhy = "x"\n[authority.ticket]\nwhy = "x"\n'
    body = "@hookimpl\ndef work(item):\n    made = ticket('a')\n    made.extra = {}\n    return [made]"
    room.load("maker", body.format(extra), manifest)
    found = room.manager.hook.work(item=5)
    if extra == "ticket('b')":
        assert found == [[Ticket("a", Ticket("b"))], "native"]
    else:
        assert found == ["native"] and room.failures[0].kind == "result"


class Item:
    """What is neither data nor a capability."""


def test_an_argument_of_the_hosts_that_cannot_be_handed_in_is_the_hosts_error(
    make: Callable[..., Room],
) -> None:
    room = make(wrappers={"work"})
    room.load("reader", "@hookimpl\ndef work(item): return item")
    with pytest.raises(CapabilityError) as caught:
        room.manager.hook.work(item={"a": [Item()]})
    assert str(caught.value) == (
        "hook 'work', asked of the plugin 'reader': parameter 'item'['a'][0]: an Item is neither data nor a "
        "capability; wrap it as expose(obj, 'method', ...) to say what of it is granted, or give PluginHost "
        "a function hand_in= that makes data or a capability of it"
    )
    room.host.unload("reader")
    room.load("around", "@hookimpl(wrapper=True)\ndef work(item):\n    return (yield)")
    with pytest.raises(CapabilityError, match="of the plugin 'around': parameter 'item': an Item is"):
        room.manager.hook.work(item=Item())
    room.manager.unregister(room.native)

    class Maker:
        @impl
        def work(self, item: Any) -> Any:
            return Item()

    room.manager.register(Maker())
    with pytest.raises(CapabilityError, match=r"of the plugin 'around': the result\[0\]: an Item is"):
        room.manager.hook.work(item=1)
    assert room.failures == []


def test_a_failure_says_where_it_was_in_the_plugins_own_files(room: Room) -> None:
    helper = "import json\ndef read(text):\n    return json.loads(text)\n"
    room.load("bad", "import helper\n@hookimpl\ndef work(item): return helper.read(item)", helper=helper)
    room.manager.hook.work(item="{")
    failure = room.failures[0]
    assert failure.place == "helper.py:3" and "in read\n" in failure.traceback
    assert str(failure).startswith("bad 1: error in work at helper.py:3: JSONDecodeError: ")
    # A name of the plugin's choice is no place: it could hold anything.
    text = "exec(compile('1 / 0', 'x.py:1: fine\\n? host', 'exec'))"
    room.load("liar", f"@hookimpl\ndef work(item):\n    {text}")
    room.manager.hook.work(item=1)
    assert room.failures[1].place == "main.py:5" and "? host" not in str(room.failures[1])
    with pytest.raises(
        PluginError, match=r"^late: main.py:3: it failed as it was loaded: ZeroDiv"
    ) as caught:
        room.load("late", "1 / 0")
    assert 'File "late/main.py", line 3' in caught.value.traceback
    room.host.load_directory(room.path)
    assert str(room.failures[-1]).startswith("late 1: load at main.py:3: it failed as it was loaded")


def test_a_plugin_that_marks_for_another_project_does_not_load(room: Room) -> None:
    wrong = "from pluggy import HookimplMarker\nhookimpl = HookimplMarker('ap')\n"
    answer = "@hookimpl\ndef work(item): return 1"
    with pytest.raises(PluginError, match=r"for 'ap' only.* of 'app': write HookimplMarker\('app'\)"):
        room.load("odd", wrong + answer)
    assert room.host.plugins == {} and room.failures == []
    # One file may be a plugin of two projects, and what is at its top may be anything.
    odd = "import json\nclass C:\n    __dict__ = 5\nc, n = C(), [1]\n"
    room.load("both", f"{answer}\n{wrong}@hookimpl\ndef other(item): return 2\n{odd}")
    assert room.manager.hook.work(item=1)[0] == 1


def test_a_plugin_that_marks_nothing_is_told_of(room: Room) -> None:
    room.load(
        "idle", "import json\nclass C:\n    __dict__ = 5\nc, n = C(), [1]\ndef work(item): return 1"
    )
    assert [(f.plugin, f.kind) for f in room.failures] == [("idle", "idle")]
    assert str(room.host.failures[0]) == (
        "idle 1: idle: it marks no function as a hook: 'app' will ask it nothing"
    )
    assert room.host.plugins["idle"].state == "running" and room.host.plugins["idle"].failures == []


def test_the_page_has_each_parameter_of_the_host_in_their_order() -> None:
    page = Path(__file__).resolve().parents[2] / "docs/how-to/plugins.md"
    table = page.read_text(encoding="utf-8").split("## What a host can say")[1].split("\n## ")[0]
    named = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    assert named == [*inspect.signature(PluginHost).parameters]


def test_the_manager_is_one() -> None:
    with pytest.raises(TypeError, match=r"manager: wanted a pluggy.PluginManager, got a str"):
        PluginHost("app", {})


def test_an_argument_is_handed_in_as_the_host_says(make: Callable[..., Room]) -> None:
    room = make(hand_in=lambda value: {"id": id(value)} if isinstance(value, Room) else value)
    room.load("reader", "@hookimpl\ndef work(item): return item['id']")
    assert room.manager.hook.work(item=room)[0] == id(room)


def test_a_plugin_cannot_take_the_name_of_another(room: Room) -> None:
    room.load("mail", "")
    for name in ("native", "Native", "m_a_i_l"):
        folder = room.path / name
        room.write(name, "@hookimpl\ndef work(item): return 'squatter'")
        if name == "m_a_i_l":
            (folder / "plugin.toml").write_text(
                '[plugin]\nname = "mail"\nversion = "1"\nentry = "main.py"'
            )
        with pytest.raises(PluginError, match="name"):
            room.host.load(folder)
    other = room.path.parent / "elsewhere"
    other.mkdir()
    room.path, kept = other, room.path
    with pytest.raises(PluginError, match="that of a plugin in"):
        room.load("MAIL", "")
    room.path = kept
    assert room.manager.hook.work(item=1) == ["native"]


# Files


def write(folder: Path, manifest: str | bytes, entry: str = "main.py") -> Path:
    folder.mkdir(exist_ok=True)
    data = manifest if isinstance(manifest, bytes) else manifest.encode()
    (folder / "plugin.toml").write_bytes(data)
    (folder / "main.py").write_text("x = 1")
    return folder


@pytest.mark.parametrize(
    "entry",
    ["../other/main.py", "/etc/passwd", "./main.py", "a/../main.py", "main.py/", "", "main", "plugin.toml",
     "c:main.py", "a\\\\main.py", "missing.py", "main.py\\u0000.py", "sub//main.py", "..", "~/main.py"],
)  # fmt: skip
def test_an_entry_is_a_file_of_its_own_folder(tmp_path: Path, entry: str) -> None:
    folder = write(tmp_path / "p", f'[plugin]\nname = "p"\nversion = "1"\nentry = "{entry}"')
    write(tmp_path / "other", "")
    with pytest.raises(PluginError):
        read_plugin(folder)


OK = '[plugin]\nname = "p"\nversion = "1"\nentry = "main.py"\n'


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "plugin = 1",
        "[[plugin]]",
        OK.replace('"p"', '"q"'),
        OK.replace('"p"', '"../p"'),
        OK.replace('"p"', '"p\\u202e"'),
        OK.replace('"p"', "3"),
        OK.replace('"1"', '"1\\n? p 1 asks for nothing: granted"'),
        OK.replace('"1"', '""'),
        OK + "surprise = 1",
        OK + "[authority]\n_x = 1",
        OK + "[authority.x]",
        OK + '[authority.x]\nwhy = ""',
        OK + '[authority.x]\nwhy = "a\\u001b[2J"',
        OK + '[authority.x]\nwhy = "' + "y" * 501 + '"',
        OK + '[authority.x]\nwhy = "y"\nmethods = []',
        OK + '[authority.x]\nwhy = "y"\nmethods = ["_secret"]',
        OK + '[authority.x]\nwhy = "y"\nmethods = "put"',
        OK + '[authority.x]\nwhy = "y"\noptional = "yes"',
        OK + '[authority.__class__]\nwhy = "y"',
        OK + '[authority."a b"]\nwhy = "y"',
        OK + "[limits]\nsteps = -1",
        OK + "[limits]\nsteps = nan",
        OK + "[limits]\nsteps = true",
        OK + "[limits]\nnothing = 1",
        OK + "[other]",
        b"\xff\xfe",
        OK + "# " + "x" * 70_000,
        OK + "x = " + "[" * 60_000,
        OK + "x = " + "9" * 5_000,
        OK + "[limits]\nsteps = " + "9" * 5_000,
        OK + "[limits]\nsteps = 0x" + "f" * 60_000,
        OK + "[limits]\nseconds = 0x" + "f" * 300,
        OK + "a." * 30_000 + "b = 1",
    ],
)
def test_a_manifest_that_is_not_right_is_refused(tmp_path: Path, manifest: str | bytes) -> None:
    with pytest.raises(PluginError):
        read_plugin(write(tmp_path / "p", manifest))


def test_what_is_wrong_is_told_with_its_section(tmp_path: Path) -> None:
    for manifest, message in (
        (OK.replace('version = "1"\n', ""), "[plugin] version: wanted text, and it is not there"),
        (
            OK + 'nmae = "x"',
            "[plugin] has a key 'nmae' (did you mean 'name'?); wanted name, version, entry",
        ),
        (OK + "[authority.glossary]", "[authority.glossary] why: wanted text, and it is not there"),
        (OK + "[authority.glossary]\nwhy = 3", "[authority.glossary] why: wanted text"),
        (
            OK + '[authority.x]\nwhy = "y"\nmethod = ["a"]',
            "[authority.x] has a key 'method' (did you mean",
        ),
        (OK + "[limits]\nstep = 1", "[limits] has a key 'step' (did you mean 'steps'?)"),
        (
            OK + "[limit]\nsteps = 1",
            "its manifest has 'limit' (did you mean 'limits'?); wanted the tables",
        ),
    ):
        with pytest.raises(PluginError) as caught:
            read_plugin(write(tmp_path / "p", manifest))
        assert caught.value.message.startswith(message)
    assert str(Failure("p", "", "", "load", "why")) == "p: load: why"


def test_the_folder_of_a_plugin_is_no_directory_of_plugins(room: Room) -> None:
    folder = room.write("one", "@hookimpl\ndef work(item): return 1")
    assert room.host.load_directory(folder) == [] and room.host.plugins == {}
    assert "one: load: the directory itself has a plugin.toml" in str(room.failures[0])
    assert room.host.reload() == [] and len(room.failures) == 1
    assert room.host.load_directory(folder) == [] and len(room.failures) == 2


def test_links_devices_and_floods_are_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret.py"
    secret.write_text("password = 1")
    plugin = write(tmp_path / "p", OK)
    read_plugin(plugin)
    for make in (
        lambda: (plugin / "main.py").symlink_to(secret),
        lambda: (plugin / "main.py").symlink_to("/dev/zero"),
        lambda: os.mkfifo(plugin / "main.py"),
        lambda: (plugin / "main.py").write_bytes(b"#" * 1_000_001),
        lambda: (plugin / "main.py").mkdir(),
    ):
        (plugin / "main.py").unlink()
        make()
        with pytest.raises(PluginError):
            read_plugin(plugin)
        if (plugin / "main.py").is_dir() and not (plugin / "main.py").is_symlink():
            (plugin / "main.py").rmdir()
            (plugin / "main.py").touch()
    (plugin / "main.py").write_text("")
    (plugin / "sub").symlink_to(tmp_path)
    with pytest.raises(PluginError, match="symbolic link"):
        read_plugin(plugin)
    (tmp_path / "linked").symlink_to(plugin)
    with pytest.raises(PluginError):
        read_plugin(tmp_path / "linked")
    (plugin / "sub").unlink()
    deep = plugin
    for n in range(8):
        deep = deep / f"d{n}"
        deep.mkdir()
    with pytest.raises(PluginError, match="deep"):
        read_plugin(plugin)


@pytest.mark.parametrize(
    "name",
    [b"\xff.py", b"a b.py", b"1.py", b"a.b.py", b"\n.py", b"-.py", "\u202e.py".encode(), b"x/\xff.py"],
)
def test_a_file_that_is_no_module_stops_one_plugin_only(room: Room, name: bytes) -> None:
    room.write("good", "@hookimpl\ndef work(item): return 'good'")
    path = os.path.join(os.fsencode(room.write("odd", "x = 1")), name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    try:
        Path(os.fsdecode(path)).write_text("x = 1")
    except OSError:
        pytest.skip("the file system has no such names")
    room.host.load_directory(room.path)
    assert room.manager.hook.work(item=1) == ["good", "native"]
    (failure,) = room.failures
    assert failure.plugin == "odd" and "has no name that a module can have" in failure.message
    assert str(failure).isprintable()
    assert room.host.reload() == []


@pytest.mark.parametrize(
    ("body", "manifest"),
    [
        ("@hookimpl\ndef {long}(item): pass", ""),
        ("@hookimpl(specname='{long}')\ndef work(item): pass", ""),
        ("@hookimpl(specname='wo' + 'r' * 1_000_000)\ndef work(item): pass", ""),
        ("@hookimpl\ndef work({long}): pass", ""),
        ("x = 1", "[authority.{long}]\nwhy = 'x'\n"),
        ("raise ValueError('x' * 1_000_000)", ""),
        ("yield {long} = 1\n" * 100, ""),
    ],
)
def test_what_is_said_of_a_plugin_is_bounded(room: Room, body: str, manifest: str) -> None:
    long = "a" * 20_000
    room.write("odd", body.format(long=long), manifest.format(long=long))
    room.host.load_directory(room.path)
    (failure,) = room.failures
    assert len(str(failure)) < 21_000


def test_every_byte_counts_in_the_digest(tmp_path: Path) -> None:
    def digest() -> str:
        return read_plugin(tmp_path / "p").digest

    folder = write(tmp_path / "p", OK)
    seen = {digest()}
    for change in (
        lambda: (folder / "main.py").write_text("x = 2"),
        lambda: (folder / "helper.py").write_text(""),
        lambda: (folder / "helper.py").write_text("x = 1"),
        lambda: (folder / "helper.py").rename(folder / "helped.py"),
        lambda: (folder / "plugin.toml").write_text(OK + "# said"),
    ):
        change()
        seen.add(digest())
    assert len(seen) == 6


def test_a_directory_is_read_past_what_is_wrong_in_it(tmp_path: Path) -> None:
    write(tmp_path / "p", OK)
    write(tmp_path / "q", OK)
    (tmp_path / "file.py").write_text("")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "empty").mkdir()
    found, wrong = read_plugins(tmp_path)
    assert [s.manifest.name for s in found] == ["p"]
    assert sorted(e.plugin for e in wrong) == ["empty", "q"]


# Grants


def test_what_is_asked_for_is_granted_and_no_more(room: Room) -> None:
    plugin = room.load(
        "user", "@hookimpl\ndef work(item):\n    box.put(item)\n    return box.take()", WANTS_PUT
    )
    assert plugin.granted == {"box"}
    assert str(room.asked[0]) == "user 1 asks for box(put): to put things in"
    assert room.manager.hook.work(item="x") == ["native"]
    assert "AttributeError" in room.failures[0].message and room.box.things == ["x"]


@pytest.mark.parametrize(
    ("manifest", "answer", "message"),
    [
        (WANTS_BOX, False, "not granted"),
        (WANTS_BOX, None, "not granted"),
        (WANTS_BOX.replace("box", "disk"), True, "not offered"),
        (WANTS_BOX + 'methods = ["burn"]', True, "box.burn"),
        (
            WANTS_BOX + 'methods = ["puts"]',
            True,
            r"box.puts \(did you mean 'put'\?\), which is not offered",
        ),
    ],
)
def test_a_plugin_without_what_it_needs_does_not_load(
    make: Callable[..., Room], manifest: str, answer: Any, message: str
) -> None:
    room = make(decide=lambda request: answer)
    with pytest.raises(PluginError, match=message):
        room.load("user", "", manifest)
    room.load(
        "other",
        "@hookimpl\ndef work(item):\n    return 'box' in globals()",
        manifest.split("methods")[0] + "optional = true",
    )
    if answer is not True or "disk" in manifest:
        assert room.manager.hook.work(item=1) == [False, "native"]


def test_the_host_may_grant_another_thing_this_time(make: Callable[..., Room]) -> None:
    other = Box()
    room = make(decide=lambda request: other)
    room.load("user", "@hookimpl\ndef work(item): return box.put(item)", WANTS_BOX)
    room.manager.hook.work(item="x")
    assert other.things == ["x"] and room.host.grants.all() == []
    with pytest.raises(TypeError, match="decide"):
        room.host.decide = lambda request: "yes"
        room.load("second", "", WANTS_BOX)


def test_each_plugin_gets_its_own_of_an_offer(make: Callable[..., Room]) -> None:
    boxes: dict[str, Box] = {}

    def one(request: Request) -> Box:
        return boxes.setdefault(request.plugin, Box())

    room = make(offers={"box": Offer(one)})
    for name in "ab":
        room.load(name, "@hookimpl\ndef work(item): return box.put(item)", WANTS_BOX)
    room.manager.hook.work(item="x")
    assert {n: b.things for n, b in boxes.items()} == {"a": ["x"], "b": ["x"]}
    with pytest.raises(TypeError, match="offers"):
        PluginHost(room.manager, {"box": "a text"})


def test_a_decision_is_remembered_for_the_same_bytes_only(
    make: Callable[..., Room], tmp_path: Path
) -> None:
    file = tmp_path / "grants.json"
    room = make(remember=file)
    folder = room.write("user", "@hookimpl\ndef work(item): return box.put(item)", WANTS_PUT)
    room.host.load(folder)
    room.host.close()
    assert os.stat(file).st_mode & 0o077 == 0

    def again(decide: Any) -> PluginHost:
        return PluginHost(room.manager, {"box": room.box}, decide, remember=file)

    second = again(None)
    second.load(folder)
    second.close()
    for change in (
        lambda: room.write("user", "@hookimpl\ndef work(item): return box.put('more')", WANTS_PUT),
        lambda: room.write("user", "@hookimpl\ndef work(item): return box.put(item)", WANTS_BOX),
        lambda: room.write("user", "@hookimpl\ndef work(item): return box.put(item)", WANTS_PUT, "0.9"),
        lambda: room.write(
            "user", "@hookimpl\ndef work(item): return box.put(item)", WANTS_PUT, extra="x = 1"
        ),
    ):
        change()
        with pytest.raises(PluginError, match="not granted"):
            again(None).load(folder)


def test_policies(make: Callable[..., Room]) -> None:
    room = make(decide=allow({"user": ["box"]}))
    room.load("user", "", WANTS_PUT)
    with pytest.raises(PluginError, match="not granted"):
        room.load("other", "", WANTS_BOX)
    room.host.decide = same_as_before
    assert room.load("user", "# changed", WANTS_PUT, "2").version == "2"
    with pytest.raises(PluginError, match="not granted"):
        room.load("user", "# changed", WANTS_BOX, "3")
    assert room.host.plugins["user"].version == "2"


def test_a_table_of_methods_allows_no_more(make: Callable[..., Room]) -> None:
    room = make(decide=allow({"user": {"box": ["put", "take"]}}))
    room.load("user", "", WANTS_PUT)
    for version, manifest in enumerate((WANTS_BOX, WANTS_BOX + 'methods = ["put", "inner"]'), 2):
        with pytest.raises(PluginError, match="not granted"):
            room.load("user", "", manifest, str(version))
    for table in ({"user": "box"}, {"user": {"box": "put"}}, {"user": {"box": None}}, {"user": 1}):
        with pytest.raises(TypeError, match=r"allow: 'user'.*wanted a list of names"):
            allow(table)  # type: ignore[arg-type]


def test_where_nothing_decides_the_refusal_says_so(make: Callable[..., Room]) -> None:
    room = make(decide=None)
    with pytest.raises(PluginError, match="does not load; nothing decides: give PluginHost decide="):
        room.load("user", "", WANTS_BOX)
    room.host.decide = lambda request: None
    with pytest.raises(PluginError, match="without which it does not load$"):
        room.load("user", "", WANTS_BOX)


def test_a_question_about_an_update_says_what_it_was(room: Room) -> None:
    room.load("user", "", WANTS_PUT)
    room.load("user", "# edited", WANTS_PUT)
    room.load("user", "# edited", WANTS_PUT, "2")
    asked = "asks for box(put): to put things in"
    assert list(map(str, room.asked)) == [
        f"user 1 {asked}",
        f"user 1 {asked} (before its files changed, it had it)",
        f"user 2 {asked} (as version 1, it had it)",
    ]


def test_a_damaged_record_grants_nothing(tmp_path: Path) -> None:
    file = tmp_path / "grants.json"
    for text in ("", "{", "[]", '{"format": 2, "grants": []}', '{"format": 1, "grants": [{}]}',
                 '{"format": 1, "grants": [{"plugin": 1}]}', "[" * 100_000,
                 json.dumps({"format": 1, "grants": [dict(plugin="p", version="1", digest="d", authority="a",
                                                          methods=[], granted="yes")]})):  # fmt: skip
        file.write_text(text)
        with pytest.raises(ValueError, match="no record of grants"):
            Grants(file)


def test_the_record_is_not_where_plugins_are(make: Callable[..., Room], tmp_path: Path) -> None:
    room = make(remember=tmp_path / "plugins" / "grants.json")
    with pytest.raises(ValueError, match="directory of plugins"):
        room.host.load_directory(room.path)
    with pytest.raises(ValueError, match="directory of plugins"):
        room.load("p", "")


def test_what_was_revoked_is_gone_from_every_closure(room: Room) -> None:
    room.host.patience = 100
    room.load(
        "holder",
        "put, inner = box.put, box.inner()\nkept = [lambda x: box.put(x), put, inner.put]\n"
        "@hookimpl\ndef work(item):\n"
        "    done = 0\n    for way in kept:\n        try:\n            way(item)\n            done += 1\n"
        "        except PermissionError:\n            pass\n    return done",
        WANTS_BOX,
    )
    assert room.manager.hook.work(item="x")[0] == 3
    room.host.revoke("holder", "box")
    assert room.manager.hook.work(item="y")[0] == 0
    assert room.box.things == ["x"] * 3 and room.host.grants.all() == []
    assert room.host.plugins["holder"].granted == frozenset()
    with pytest.raises(KeyError):
        room.host.plugins["holder"].revoke("box")


def test_a_plugin_may_be_revoked_and_unloaded_in_the_middle_of_its_own_call(room: Room) -> None:
    class Trap(Box):
        def put(self, thing: str) -> int:
            room.host.unload("user")
            return 0

    room.host.offers["box"] = Trap()
    room.load("user", "@hookimpl\ndef work(item):\n    box.put(item)\n    return 'went on'", WANTS_BOX)
    assert room.manager.hook.work(item="x") == ["native"]
    assert room.host.plugins == {} and room.failures == []


def test_a_use_is_told_with_the_plugins_name(make: Callable[..., Room]) -> None:
    uses: list[Any] = []
    room = make(on_use=lambda name, use: uses.append((name, use.path, use.args)))
    room.load("user", "@hookimpl\ndef work(item): return box.put(item)", WANTS_PUT)
    room.manager.hook.work(item="x")
    assert uses == [("user", "box.put", ("x",))]


def test_a_manifest_may_ask_for_less_and_never_for_more(room: Room) -> None:
    loop = "@hookimpl\ndef work(item):\n    for i in range(10_000): pass\n    return 'done'"
    room.load("modest", loop, "[limits]\nsteps = 100")
    room.load("greedy", loop, "[limits]\nsteps = 10_000_000_000\nseconds = 100000")
    assert room.host.plugins["greedy"].limits.steps == 20_000
    assert room.manager.hook.work(item=1) == ["done", "native"]


# Reloading


def test_what_changes_is_loaded_again_and_what_goes_is_unloaded(room: Room) -> None:
    room.write("a", "@hookimpl\ndef work(item): return 'a1'")
    room.host.load_directory(room.path)
    assert room.host.reload() == []
    room.write("a", "@hookimpl\ndef work(item): return 'a2'")
    room.write("b", "@hookimpl\ndef work(item): return 'b'")
    assert room.host.reload() == ["a", "b"]
    assert sorted(room.manager.hook.work(item=1)) == ["a2", "b", "native"]
    for file in (room.path / "a").iterdir():
        file.unlink()
    (room.path / "a").rmdir()
    assert room.host.reload() == ["a"]
    assert room.manager.hook.work(item=1) == ["b", "native"]


def test_a_version_that_cannot_be_loaded_leaves_the_old_one_at_work(room: Room) -> None:
    room.write("a", "@hookimpl\ndef work(item): return 'a1'")
    room.host.load_directory(room.path)
    for body, manifest in (("@hookimpl\ndef work(item", ""), ("@hookimpl\ndef nothing(): pass", ""),
                           ("@hookimpl\ndef work(wrong): pass", ""), ("1 / 0", "[authority.x]\nwhy='y'")):  # fmt: skip
        room.write("a", body, manifest)
        assert room.host.reload() == [] and room.host.reload() == []
        assert room.manager.hook.work(item=1) == ["a1", "native"]
    assert len(room.failures) == 4
    (room.path / "a" / "plugin.toml").write_text("[plu")
    assert room.host.reload() == [] and room.host.reload() == []
    assert room.manager.hook.work(item=1) == ["a1", "native"] and len(room.failures) == 5


def test_a_plugin_that_was_set_aside_comes_back_when_it_has_changed(room: Room) -> None:
    room.write("a", "@hookimpl\ndef work(item): return 1 / 0")
    room.host.load_directory(room.path)
    room.manager.hook.work(item=1)
    assert room.host.reload() == [] and room.host.plugins["a"].state == "set aside"
    room.write("a", "@hookimpl\ndef work(item): return 'mended'")
    assert room.host.reload() == ["a"]
    assert room.manager.hook.work(item=1) == ["mended", "native"]


def test_a_plugin_that_was_set_aside_comes_back_as_it_is_when_it_is_unloaded(room: Room) -> None:
    room.write("a", "calls = []\n@hookimpl\ndef work(item): return 6 // item")
    room.host.load_directory(room.path)
    room.manager.hook.work(item=0)
    assert room.host.reload() == [] and room.host.plugins["a"].state == "set aside"
    room.host.unload("a")
    assert room.host.reload() == ["a"]
    assert room.manager.hook.work(item=2) == [3, "native"]


def test_a_host_is_closed_at_the_end_of_with(room: Room) -> None:
    room.write("a", "@hookimpl\ndef work(item): return 'a'")
    with pytest.raises(KeyError), room.host as host:
        host.load_directory(room.path)
        assert room.manager.hook.work(item=1) == ["a", "native"]
        raise KeyError
    assert room.manager.hook.work(item=1) == ["native"] and not room.host.plugins


def test_what_runs_is_what_was_asked_about(make: Callable[..., Room]) -> None:
    """A file that is changed between the question and the answer."""

    def swap(request: Request) -> bool:
        (room.path / "a" / "main.py").write_text(HEAD + "@hookimpl\ndef work(item): return box.take()")
        (room.path / "a" / "helper.py").write_text("x = 'swapped'")
        return True

    room = make(decide=swap)
    room.load(
        "a", "import helper\n@hookimpl\ndef work(item): return helper.x", WANTS_BOX, helper="x = 'asked'"
    )
    assert room.manager.hook.work(item=1)[0] == "asked"


def test_watching_reloads_in_the_background(room: Room) -> None:
    room.write("a", "@hookimpl\ndef work(item): return 1")
    room.host.load_directory(room.path)
    seen = threading.Event()
    reload = room.host.reload

    def noted() -> list[str]:
        changed = reload()
        if changed:
            seen.set()
        return changed

    room.host.reload = noted  # type: ignore[method-assign]
    stop = room.host.watch(0.01)
    with pytest.raises(RuntimeError):
        room.host.watch()
    room.write("a", "@hookimpl\ndef work(item): return 2")
    assert seen.wait(60)
    stop()
    room.host.watch(0.01)()
    assert 2 in room.manager.hook.work(item=1)


def test_reloading_while_hooks_are_called(room: Room) -> None:
    room.write("a", "@hookimpl\ndef work(item): return 0")
    room.host.load_directory(room.path)
    ended = threading.Event()
    wrong: list[Any] = []

    def call() -> None:
        while not ended.is_set():
            found = room.manager.hook.work(item=1)
            if found[-1] != "native":
                wrong.append(found)

    thread = threading.Thread(target=call)
    thread.start()
    try:
        for n in range(5):
            room.write("a", f"@hookimpl\ndef work(item): return {n}")
            room.host.reload()
    finally:
        ended.set()
        thread.join()
    assert wrong == [] and room.failures == []


def test_two_threads_in_two_plugins_do_not_wait_for_each_other_for_ever(
    make: Callable[..., Room], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("capcompiler.plugins.plugin._PATIENCE", 0.2)
    both = threading.Barrier(2)

    class Phone(Capability):
        def call(self, name: str) -> Any:
            both.wait(60)
            made = room.host.plugins[name]
            try:
                return made.ask("work", lambda: "answered", True)
            finally:
                both.wait(60)

    room = make(offers={"phone": Phone()})
    manifest = '[authority.phone]\nwhy = "to call the other"\n'
    room.load(
        "a", "@hookimpl\ndef work(item): return phone.call('b') if item == 'a' else None", manifest
    )
    room.load("b", "@hookimpl\ndef choose(item, kind): return phone.call('a')", manifest)
    other = threading.Thread(target=lambda: room.manager.hook.choose(item=1, kind=2))
    other.start()
    try:
        room.manager.hook.work(item="a")
    except threading.BrokenBarrierError:
        pass
    other.join(60)
    assert not other.is_alive()


def test_a_plugin_that_is_unloaded_from_another_thread_ends_in_the_middle(room: Room) -> None:
    inside, go_on = threading.Event(), threading.Event()

    class Slow(Box):
        def put(self, thing: str) -> int:
            inside.set()
            go_on.wait(60)
            return 0

    room.host.offers["box"] = Slow()
    room.load("slow", "@hookimpl\ndef work(item):\n    box.put('x')\n    return 'went on'", WANTS_BOX)
    found: list[Any] = []
    caller = threading.Thread(target=lambda: found.extend(room.manager.hook.work(item=1)))
    caller.start()
    assert inside.wait(60)
    room.host.unload("slow")
    go_on.set()
    caller.join(60)
    assert found == ["native"] and room.failures == []


def test_revoking_what_is_not_held_is_no_error(room: Room) -> None:
    room.load("user", "", WANTS_BOX)
    room.host.set_aside("user")
    room.host.revoke("user", "box")
    room.host.revoke("nobody")
    assert room.host.grants.all() == []


# What a plugin is called, and what it is told by


@pytest.mark.parametrize("name", ["__class__", "__dict__", "__init__", "_hidden"])
@pytest.mark.parametrize("optional", ["", ", optionalhook=True"])
def test_a_hook_named_after_a_part_of_pluggy_stops_one_plugin_only(
    room: Room, name: str, optional: str
) -> None:
    room.write("a-bad", f"@hookimpl(specname='{name}'{optional})\ndef work(item): return 1")
    room.write("good", "@hookimpl\ndef work(item): return 2")
    room.host.load_directory(room.path)
    assert room.manager.hook.work(item=1) == [2, "native"]
    assert [(f.plugin, f.kind) for f in room.failures] == [("a-bad", "load")]


def test_a_function_named_as_what_stands_for_the_plugin(make: Callable[..., Room]) -> None:
    room = make()

    class More:
        @spec
        def plugin(self, item: Any) -> Any: ...

    room.manager.add_hookspecs(More)
    room.load("named", "@hookimpl\ndef plugin(item): return item")
    assert room.manager.hook.plugin(item=4) == [4]
    assert "<guest plugin named>" in repr(room.manager.get_plugins())


@pytest.mark.parametrize(
    ("body", "kind"), [("while True: pass", "limit"), ("raise ValueError", "error")]
)
def test_a_plugin_that_fails_as_a_historic_hook_asks_it_is_set_aside(
    room: Room, body: str, kind: str
) -> None:
    room.manager.hook.told.call_historic(kwargs={"item": 1})
    room.load("bad", f"@hookimpl\ndef told(item):\n    {body}\n@hookimpl\ndef work(item): return 66")
    assert [f.kind for f in room.failures] == [kind]
    assert room.host.plugins["bad"].state == "set aside"
    assert room.manager.hook.work(item=1) == ["native"]
    assert room.manager.get_plugin("bad") is None
    (room.path / "bad" / "main.py").write_text(HEAD + "@hookimpl\ndef work(item): return 3")
    assert room.host.reload() == ["bad"]
    assert room.manager.hook.work(item=1) == [3, "native"]


def test_an_optional_hook_that_is_not_there_is_nobodys_trouble(room: Room) -> None:
    room.load("early", "@hookimpl(optionalhook=True)\ndef later(odd, odder): return 1")

    class Later:
        @spec
        def later(self, item: Any) -> Any: ...

    room.manager.add_hookspecs(Later)
    assert room.manager.hook.later(item=1) == []


def test_a_native_plugins_fault_is_not_the_guests(room: Room) -> None:
    class Odd:
        @impl
        def no_such_hook(self, item: Any) -> Any: ...

    room.manager.register(Odd())
    room.load("good", "@hookimpl\ndef work(item): return 2")
    assert room.manager.hook.work(item=1) == [2, "native"]


def test_no_text_of_a_plugins_steers_a_terminal_or_forges_a_line(room: Room) -> None:
    for name in ("x\x1b[31mred", "y\nhappy 1.0: fine"):
        (room.path / name).mkdir()
        (room.path / name / "plugin.toml").write_text("")
    evil = "\\x1b[31m\\r\\nother 1.0: fine \\u202e"
    room.load("bad", f"@hookimpl\ndef work(item): raise ValueError('{evil}')")
    room.write("worse", f"raise ValueError('{evil}')")
    room.host.load_directory(room.path)
    room.manager.hook.work(item=1)
    assert len(room.failures) == 4
    for failure in room.failures:
        for text in (str(failure), failure.message, failure.traceback):
            assert not re.search("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e]", text)
        assert all(line.startswith("    ") for line in str(failure).splitlines()[1:])


# Grants that several hosts keep in one file


def test_what_one_host_takes_back_no_other_brings_back(
    make: Callable[..., Room], tmp_path: Path
) -> None:
    room = make(remember=tmp_path / "grants.json")
    room.load("user", "", WANTS_BOX)
    other = Grants(tmp_path / "grants.json")
    other.forget("user", "box")
    room.load("second", "", WANTS_BOX)  # the first host writes the file again
    assert [r.plugin for r in Grants(tmp_path / "grants.json").all()] == ["second"]
    assert [r.plugin for r in room.host.grants.all()] == ["second"]


def test_a_host_sees_what_another_took_back_before_it_loads_again(
    make: Callable[..., Room], tmp_path: Path
) -> None:
    room = make(remember=tmp_path / "grants.json")
    room.load("user", "", WANTS_BOX)
    Grants(tmp_path / "grants.json").forget("user")
    room.host.unload("user")
    room.host.reload()
    assert [r.authority for r in room.asked] == ["box", "box"]


def test_two_processes_that_decide_at_once_lose_no_decision(tmp_path: Path) -> None:
    path = tmp_path / "grants.json"
    kept = [Grants(path), Grants(path)]

    def decide(which: int) -> None:
        for n in range(25):
            kept[which].keep(Remembered(f"p{which}-{n}", "1", "d", "box", (), True))

    threads = [threading.Thread(target=decide, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Grants(path).all()) == 50


def test_nobody_is_asked_about_what_is_not_offered(room: Room) -> None:
    ask = '[authority.box]\nwhy = "w"\nmethods = ["put", "burn"]\n'
    with pytest.raises(PluginError, match=r"asks for box\.burn, which is not offered"):
        room.load("user", "", ask)
    assert room.asked == [] and room.host.grants.all() == []
    names = ", ".join(f'"m{n}"' for n in range(300))
    with pytest.raises(PluginError, match="at most 200 names"):
        room.load("flood", "", f'[authority.box]\nwhy = "w"\nmethods = [{names}]\n')


def test_a_flood_of_files_is_not_read(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = room.write("flood", "")
    for part in range(4):
        (folder / f"part{part}").mkdir()
        for n in range(60):
            (folder / f"part{part}" / f"m{n}.py").write_text("x = 1\n")
    with pytest.raises(PluginError, match="more than 200 files"):
        read_plugin(folder)
    monkeypatch.setattr("capcompiler.plugins.source._MAX_ENTRIES", 100)
    with pytest.raises(PluginError, match="more than 100 entries"):
        read_plugin(folder)
    monkeypatch.undo()
    folder = room.write("heavy", "")
    read: list[str] = []
    own = source._read
    monkeypatch.setattr(source, "_read", lambda *args: [read.append(args[1]), own(*args)][1])
    for n in range(20):
        (folder / f"m{n}.py").write_text("#" * 900_000)
    with pytest.raises(PluginError, match="more than 4,000,000 bytes"):
        read_plugin(folder)
    assert len(read) < 10


# Worker processes


def test_a_plugin_in_a_worker_process(make: Callable[..., Room]) -> None:
    room = make(isolation="process", limits=Limits(steps=None, seconds=0.5), wrappers={"work"})
    room.load("a", "@hookimpl\ndef work(item): return [box.put(item), item]", WANTS_PUT)
    room.load("b", "@hookimpl(wrapper=True)\ndef work(item):\n    return [*(yield), 'b']")
    room.load("stuck", "@hookimpl\ndef choose(item, kind):\n    while True: pass")
    assert room.manager.hook.work(item="x") == [[1, "x"], "native", "b"]
    assert room.manager.hook.choose(item=1, kind=2) == "native choice"
    with pytest.raises(
        CapabilityError, match=r"the plugin '[ab]': parameter 'item'\[0\]: an Item is neither"
    ):
        room.manager.hook.work(item=[Item()])
    assert [(f.plugin, f.kind) for f in room.failures] == [("stuck", "limit")]
    room.host.close()
