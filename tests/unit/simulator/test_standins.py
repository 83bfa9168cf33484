# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What stands for modules of the standard library in a simulated command: it does what the real ones do, for all that
the simulator's code asks of them."""
from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
import sys
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from netbsd_sim.core import standins

from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT

SIMULATOR = CHECKOUT / "tests/simulator/netbsd_sim"
TREES = {path: ast.parse(path.read_text()) for path in sorted(SIMULATOR.rglob("*.py"))}


@pytest.fixture
def expressions(tmp_path: Path) -> Iterator[object]:
    """The stand-in of `re`, with an empty directory to keep in."""
    real = sys.modules["re"]
    try:
        yield standins.expressions(str(tmp_path))
    finally:
        sys.modules["re"] = real


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == name:
                yield path, node


# --- regular expressions -----------------------------------------------------------------------------------------

EXPRESSIONS = [
    (r"(\w+)=(?P<value>\S*)", 0, "one=1 two= three"),
    (r"^x(.*)$", re.MULTILINE, "x1\ny\nx2"),
    (r"(?i)SHA512|md5", 0, "sha512 MD5"),
    (r"a.b", re.DOTALL | re.IGNORECASE, "A\nB a-b"),
    (r"é+", 0, "éé"),
    (rb"\x00(.)", re.DOTALL, b"\x00\n"),
]


@pytest.mark.parametrize("again", [False, True], ids=["compiled", "kept"])
@pytest.mark.parametrize(("pattern", "flags", "text"), EXPRESSIONS)
def test_an_expression_finds_what_the_real_one_finds(tmp_path, expressions, pattern, flags, text, again):
    if again:
        expressions.compile(pattern, int(flags))
        sys.modules["re"] = re
        expressions = standins.expressions(str(tmp_path))
    found = expressions.compile(pattern, int(flags))
    assert found == re.compile(pattern, flags)
    assert found.groupindex == re.compile(pattern, flags).groupindex
    spans = [[match.span(group) for group in range(found.groups + 1)] for match in found.finditer(text)]
    assert spans == [[match.span(group) for group in range(found.groups + 1)]
                     for match in re.finditer(pattern, text, flags)] != []


def test_what_was_compiled_once_is_not_compiled_again(tmp_path, expressions, monkeypatch):
    expressions.compile("a+b", 0)
    [kept] = tmp_path.iterdir()
    monkeypatch.setattr(standins, "_compile", lambda *arguments: pytest.fail(f"compiled again: {arguments}"))
    assert standins.expressions(str(tmp_path)).fullmatch("a+b", "aab")
    kept.write_bytes(kept.read_bytes()[:-5])  # cut off, as by a full disk
    with pytest.raises(pytest.fail.Exception):
        standins.expressions(str(tmp_path)).fullmatch("a+b", "aab")


def test_nothing_needs_to_be_kept(expressions, tmp_path):
    tmp_path.rmdir()
    assert expressions.fullmatch("a+b", "aab")


def test_the_same_words_with_other_flags_are_another_expression(tmp_path, expressions):
    assert expressions.fullmatch("a", "A", flags=re.IGNORECASE)
    assert not expressions.fullmatch("a", "A")
    assert len(list(tmp_path.iterdir())) == 2


def test_functions(expressions):
    assert expressions.sub(r"(\d)", r"<\1>", "a1b2", 1) == "a<1>b2"
    assert expressions.sub(r"\d", lambda match: match[0] * 2, "a1") == "a11"
    assert expressions.split(r"\s+", "a b  c", 1) == ["a", "b  c"]
    assert expressions.findall(r"\d", "1a2") == ["1", "2"]
    assert expressions.subn("a", "b", "aa") == ("bb", 2)
    assert expressions.match("a", "ab") and expressions.search("b", "ab") and not expressions.match("b", "ab")
    everything = "".join(map(chr, range(1, 256)))
    assert expressions.escape(everything) == re.escape(everything)
    assert expressions.escape(b"a.b") == re.escape(b"a.b")


def test_a_bad_expression_says_what_the_real_module_says(expressions):
    with pytest.raises(re.error, match="unterminated"):
        expressions.compile("(")


def test_flags_by_their_place(expressions):
    assert expressions.fullmatch("a", "A", re.IGNORECASE)
    assert expressions.split("b", "aBa", 0, re.IGNORECASE) == ["a", "a"]
    assert expressions.sub("b", "", "aBab", 1, re.IGNORECASE) == "aab"
    assert expressions.sub("b", "", "aBab", count=1, flags=re.IGNORECASE) == "aab"
    assert expressions.search(expressions.compile("a"), "xa")


# --- classes -----------------------------------------------------------------------------------------------------


def made_by(module: typing.Any) -> tuple[type, type, type]:
    @module.dataclass
    class Plain:
        name: str
        count: int = 1
        words: list = module.field(default_factory=list)
        seed: int = module.field(init=False, repr=False)

        def __post_init__(self) -> None:
            self.seed = self.count * 2

    @module.dataclass(frozen=True)
    class Frozen:
        size: int
        version: str = "1"

        @property
        def twice(self) -> int:
            return self.size * 2

    @module.dataclass(frozen=True)
    class Wider(Frozen):
        more: int = 3

    return Plain, Frozen, Wider


REAL, OURS = made_by(dataclasses), made_by(standins)


def outcome(act: typing.Callable[[], object]) -> object:
    """What comes of it: its text, or the kind of its error."""
    try:
        return str(act())
    except (TypeError, AttributeError) as error:
        return TypeError if isinstance(error, TypeError) else AttributeError


@pytest.mark.parametrize("act", [
    lambda plain, frozen, wider: plain("x"),
    lambda plain, frozen, wider: plain("x", 2, ["a"]).words,
    lambda plain, frozen, wider: plain(count=3, name="x").seed,
    lambda plain, frozen, wider: plain(),
    lambda plain, frozen, wider: plain("x", name="y"),
    lambda plain, frozen, wider: plain("x", other=1),
    lambda plain, frozen, wider: plain("x", 1, [], 4),
    lambda plain, frozen, wider: plain("x").words is plain("x").words,
    lambda plain, frozen, wider: plain("x") == plain("x"),
    lambda plain, frozen, wider: plain("x") == plain("x", 2),
    lambda plain, frozen, wider: plain("x") == "x",
    lambda plain, frozen, wider: hash(plain("x")),
    lambda plain, frozen, wider: setattr(plain("x"), "name", "y"),
    lambda plain, frozen, wider: plain.count,
    lambda plain, frozen, wider: plain.words,
    lambda plain, frozen, wider: plain.__match_args__,
    lambda plain, frozen, wider: frozen(1).twice,
    lambda plain, frozen, wider: hash(frozen(1)) == hash(frozen(1)),
    lambda plain, frozen, wider: len({frozen(1), frozen(1), frozen(2)}),
    lambda plain, frozen, wider: setattr(frozen(1), "size", 2),
    lambda plain, frozen, wider: delattr(frozen(1), "size"),
    lambda plain, frozen, wider: wider(1, more=2),
    lambda plain, frozen, wider: wider(1) == frozen(1),
    lambda plain, frozen, wider: wider.__match_args__,
])
def test_a_dataclass_does_what_a_real_one_does(act):
    assert outcome(lambda: act(*OURS)) == outcome(lambda: act(*REAL))


def test_replace():
    assert standins.replace(OURS[2](1, more=4), version="2") == OURS[2](1, "2", 4)
    with pytest.raises(TypeError):
        standins.replace(OURS[1](1), other=2)


def test_no_more_is_asked_of_dataclasses():
    decorators = {ast.unparse(decorator) for tree in TREES.values() for node in ast.walk(tree)
                  if isinstance(node, ast.ClassDef) for decorator in node.decorator_list}
    assert {name for name in decorators if "dataclass" in name} == {"dataclass", "dataclass(frozen=True)"}
    assert {keyword.arg for _path, call in calls("field") for keyword in call.keywords} <= {
        "default_factory", "init", "repr"}


class RealPair(typing.NamedTuple):
    first: int
    second: str = "b"


class OurPair(standins.NamedTuple):
    first: int
    second: str = "b"

    @property
    def both(self) -> str:
        return f"{self.first}{self.second}"


@pytest.mark.parametrize("act", [
    lambda pair: tuple(pair(1)),
    lambda pair: tuple(pair(1, "c")),
    lambda pair: pair(second="d", first=2).second,
    lambda pair: pair(),
    lambda pair: pair(1, first=2),
    lambda pair: pair(1, "a", "b"),
    lambda pair: pair(1, other=2),
    lambda pair: pair(1) == (1, "b"),
    lambda pair: setattr(pair(1), "first", 2),
    lambda pair: pair._fields,
    lambda pair: repr(pair(1)).partition("(")[2],
])
def test_a_named_tuple_does_what_a_real_one_does(act):
    assert outcome(lambda: act(OurPair)) == outcome(lambda: act(RealPair))


def test_a_named_tuple_has_properties_of_its_own():
    assert OurPair(1).both == "1b"


# --- modules -----------------------------------------------------------------------------------------------------


def test_who_asks_for_more_gets_the_real_module(tmp_path):
    script = """
import sys
sys.path.append(sys.argv[1])
from netbsd_sim.core import standins
standins.CODES = sys.argv[2]
standins.install()
import dataclasses, functools, re, shutil, tarfile, uuid, json
from collections.abc import Callable
assert json.loads('{"a": [1, 2.5]}') == {"a": [1, 2.5]}
from netbsd_sim.core import dispatch
from netbsd_sim.net import netcommands
from netbsd_sim.pkg import packages
from netbsd_sim.system import about, diskcommands, mounts, processes, services, sysctl
from netbsd_sim.xen.xl import command, looking
real = {name for name, module in sys.modules.items() if "__file__" in vars(module)}
print(sorted({"dataclasses", "enum", "inspect", "typing"} & real))
from collections import OrderedDict
assert functools.reduce(lambda one, two: one + two, [1, 2]) == 3
assert re.RegexFlag.I == 2 and re.purge() is None
assert uuid.UUID(int=1).hex.endswith("1") and shutil.which("sh") and tarfile.TarInfo("x").name == "x"
import typing
assert typing.Union[int, str] and typing.get_type_hints(len) == {}
import argparse, ipaddress, logging, pathlib
print(re.sub("(a)", r"\\1\\1", "ba"))
"""
    words = [sys.executable, "-IS", "-c", script, str(SIMULATOR.parent), str(tmp_path)]
    for already in (["enum"], []):  # the first one compiles expressions
        ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
        assert (ended.stdout, ended.stderr) == (f"{already}\nbaa\n", "")
