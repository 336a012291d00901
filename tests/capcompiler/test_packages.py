"""Installed pure packages as guest code: what they compute is what they compute under plain Python.

The packages are those that this project and its tests install anyway.
"""

from __future__ import annotations

import contextlib
import io

import pytest

from capcompiler import CapabilityError, Compartment, GuestError, Imports, Limits, cap_exec

PACKAGES = {
    "sortedcontainers": """
from sortedcontainers import SortedDict, SortedList, SortedSet
found = SortedList([3, 1, 2] * 500)
found.add(0)
print(len(found), found[:3], found.bisect(2), found.index(3), found.count(1))
d = SortedDict(b=1, a=2)
print(d, d.peekitem(0), list(d.irange('a', 'b')), list(SortedSet('hello') & SortedSet('yellow')))
print(list(SortedList('cab', key=lambda c: -ord(c))), repr(SortedSet([2, 1])))
""",
    "packaging": """
from packaging.markers import Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version
print(sorted(map(Version, '1.0 1.0rc1 1.0.dev2 1.0.post1 2!0.1'.split())))
r = Requirement('name[a,b]>=1,<2; python_version > "3.8"')
print(r, r.extras == {'a', 'b'}, r.specifier, r.marker)
print('1.5' in SpecifierSet('>=1,!=1.4.*'), canonicalize_name('A_b.C'))
print(Marker('os_name == "x" or extra == "y"').evaluate({'os_name': 'x', 'extra': ''}))
print(parse_wheel_filename('a_b-1.0-py3-none-any.whl')[:3])
for kind, text in ((Version, 'x'), (Requirement, '@@')):
    try:
        kind(text)
    except (InvalidVersion, InvalidRequirement) as e:
        print(type(e).__name__, e)
""",
    "click": """
import click
@click.command()
@click.option('--count', default=1, type=click.IntRange(1, 9), help='How often.')
@click.argument('name')
def hello(count, name):
    for n in range(count):
        click.echo(f'hello {name}')
print([p.name for p in hello.params], hello.get_short_help_str())
context = hello.make_context('hello', ['--count', '3', 'you'])
print(context.params)
try:
    hello.make_context('hello', ['--count', '99', 'you'])
except click.BadParameter as e:
    print(e.format_message())
""",
    "iniconfig": """
from iniconfig import IniConfig, ParseError
c = IniConfig('x.ini', data='[a]\\nb = 1\\nc = x\\n  y\\n[d]\\n')
print(c['a']['b'], c.get('a', 'c'), 'd' in c, list(c['a'].items()), c.get('a', 'b', convert=int) + 1)
try:
    IniConfig('y.ini', data='no section')
except ParseError as e:
    print(e.lineno, e.msg)
""",
}
LIMITS = Limits(steps=50_000_000, memory=2**30)


def natively(source: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(source, "<plain>", "exec"), {"__name__": "__main__"})  # noqa: S102
    return out.getvalue()


@pytest.mark.parametrize("optimize", [False, True], ids=["plain", "optimized"])
@pytest.mark.parametrize("name", PACKAGES)
def test_a_package_does_as_a_guest_what_it_does_under_plain_python(name: str, optimize: bool) -> None:
    source = PACKAGES[name]
    imports = Imports.pure() + Imports.package(name)
    ran = cap_exec(source, imports=imports, limits=LIMITS, optimize=optimize)
    assert ran.output == natively(source) != ""


def test_a_package_is_not_there_unless_granted() -> None:
    with pytest.raises(GuestError, match="sortedcontainers"):
        cap_exec("import sortedcontainers")


def test_a_package_that_is_not_installed_is_said_to_the_host() -> None:
    with pytest.raises((CapabilityError, ImportError), match="no_such_package"):
        Imports.package("no_such_package")


def test_each_compartment_has_its_own_copy() -> None:
    imports = Imports.pure() + Imports.package("iniconfig")
    one, two = Compartment(imports=imports), Compartment(imports=imports)
    one.exec("import iniconfig\niniconfig.left = 1")
    assert two.eval("hasattr(__import__('iniconfig'), 'left')") is False


def test_steps_are_the_same_cold_and_warm() -> None:
    imports = Imports.pure() + Imports.package("packaging")
    source = "from packaging.version import Version\nVersion('1.0')"
    spent = {cap_exec(source, imports=imports, limits=LIMITS).usage.steps for _ in range(3)}
    assert len(spent) == 1
