# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What a console's screen shows and waits for, sums as a guest makes them, and pieces that keep their names."""

from __future__ import annotations

import json
import random
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.plugin_utils._console import needs
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.link import holders
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.screen import Item, Menu, Prompt, Screen
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.sums import cksum, pieces
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.sums import name as piece_name
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.transcript import Transcript
from ansible_collections.netbsd.xen.tests.unit.support.console_player import RECORD

EVENTS = [json.loads(line) for line in RECORD.read_text(encoding="utf-8").splitlines()[1:]]


def at(seconds: float) -> Screen:
    """The recorded screen at a time."""
    screen = Screen()
    for when, kind, text in EVENTS:
        if when > seconds:
            break
        if kind == "o":
            screen.feed(text.encode())
    return screen


YES_NO = (Item("a", "No"), Item("b", "Yes"))
FACES = {
    "menu with a title": (129.0, Menu("yes or no?", YES_NO, 0)),
    "its second item": (129.52, Menu("yes or no?", YES_NO, 1)),
    "prompt in a box": (150.0, Prompt("Size for swap in MB? [160]: ")),
    "what was typed there": (151.3, Prompt("Size for swap in MB? [160]: 6")),
    "prompt on a line": (162.0, Prompt(" Please enter a name for your NetBSD disk [Xen Virtual ESD]: ")),
    "field with a value": (204.0, Prompt("Host: ftp.NetBSD.org")),
    "menu of one item": (570.0, Menu("", (Item("", "Hit enter to continue"),), 0)),
    "shell": (644.5, Prompt("# ")),
}


@pytest.mark.parametrize("what", list(FACES))
def test_faces_of_the_record(what: str) -> None:
    seconds, face = FACES[what]
    assert at(seconds).face() == face


def test_a_list_without_a_box_and_one_that_scrolls() -> None:
    ok = at(159.0).face()
    assert isinstance(ok, Menu) and ok.items[ok.at] == Item("x", "Partition sizes ok") and len(ok.items) == 8
    zones = at(582.0).face()
    assert (
        isinstance(zones, Menu) and zones.scrolls and zones.items[0] == Item("", "Africa/") and len(zones.items) == 12
    )


def test_a_menu_is_none_while_it_is_drawn() -> None:
    """Of the yes-or-no menu, which comes in three pieces, nothing is taken for a menu before the last byte."""
    screen = at(124.5)
    text = "".join(text for when, kind, text in EVENTS if kind == "o" and 124.5 < when < 125).encode()
    for n in range(len(text)):
        screen.feed(text[n : n + 1])
        face = screen.face()
        if isinstance(face, Menu) and face.title == "yes or no?":
            assert n == len(text) - 1


@given(st.binary(max_size=400))
def test_any_bytes_are_taken(data: bytes) -> None:
    screen = Screen()
    screen.feed(data)
    screen.face()
    # And then it still is a terminal.
    screen.feed(b"\x18\x1b\\\x1b(B\x0f\x1bc\x1b[2J\x1b[Hlogin: ")
    assert screen.face() == Prompt("login: ")


@given(st.binary(max_size=3000))
def test_sums_are_those_of_cksum(data: bytes) -> None:
    assert cksum(data) == subprocess.run(["cksum"], input=data, capture_output=True, check=True).stdout.decode().strip()


def test_pieces_are_all_of_it_and_keep_their_names() -> None:
    data = random.Random(1).randbytes(120_000)
    found = pieces(data)
    assert b"".join(found) == data and pieces(b"") == [b""]
    assert all(len(piece) <= 32768 for piece in found)
    changed = {piece_name(piece) for piece in pieces(b"new" + data)}
    assert len(changed - {piece_name(piece) for piece in found}) <= 2


@given(st.lists(st.sampled_from(["secret", "sec", "ret", "s", "e", "other"]), max_size=12))
def test_a_secret_in_pieces_is_not_written(parts: list[str]) -> None:
    lines: list[str] = []
    transcript = Transcript()
    transcript.secret("secret")
    transcript._event = lambda _at, _kind, text: lines.append(text)  # type: ignore[method-assign]
    for part in parts:
        transcript.came(0, part)
    assert "secret" not in "".join(lines)


def test_who_has_a_console() -> None:
    said = """root   ttyp0 Tue Dec  1 09:00:00 2026  411 xl console web1
anna   ttyp1 Tue Dec  1 09:01:00 2026  502 /usr/pkg/libexec/xen/bin/xenconsole 7 --num 0 --type pv
root   ttyp2 Tue Dec  1 09:02:00 2026  613 xl console web10
root   ttyp3 Tue Dec  1 09:02:00 2026  614 tail -f xl
"""
    assert holders("web1", "7", lambda _command: (0, said)) == [
        "root on ttyp0 since Tue Dec 1 09:00:00 2026 (process 411: xl console web1)",
        "anna on ttyp1 since Tue Dec 1 09:01:00 2026 (process 502: "
        "/usr/pkg/libexec/xen/bin/xenconsole 7 --num 0 --type pv)",
    ]


def test_a_missing_library_is_told() -> None:
    with pytest.raises(needs.ConsoleError, match="and pyte_of_nobody is not there.*pip install pexpect pyte"):
        needs.library("pyte_of_nobody")
