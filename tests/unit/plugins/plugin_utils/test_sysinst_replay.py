# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The conversation with sysinst comes through an installation that was recorded on a real machine, however its console
behaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.netbsd.xen.plugins.plugin_utils._console.conversation import Conversation
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.needs import ConsoleError, Ended
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.sysinst import NETBSD_7
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.talk import Talk
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.transcript import Transcript
from ansible_collections.netbsd.xen.tests.unit.support.console_player import ERRORS, RECORD, Player, Trouble

VALUES = {
    "disk": "xbd0",
    "swap": "64",
    "disk_name": "guest3",
    "source": "HTTP",
    "host": "10.0.2.4",
    "directory": "/NetBSD-7.99.10",
    "interface": "xennet0",
    "hostname": "guest3",
    "domain": "example.net",
    "address": "10.0.2.30",
    "netmask": "255.255.255.0",
    "gateway": "10.0.2.2",
    "nameserver": "10.0.2.3",
    "timezone": "Europe/Berlin",
    "region": "Europe",
    "root_password": "sysinst7",
}


def run(player: Player, values: dict[str, str] = VALUES) -> Conversation:
    conversation = Conversation(Talk(player), NETBSD_7, values)
    conversation.run()
    assert player.wrong == []
    return conversation


def test_it_comes_through_the_recorded_installation() -> None:
    player = Player(RECORD)
    answers = run(player).answers
    assert answers[:4] == ["language", "install", "begin", "disk"]
    assert answers[-1] == "halt"
    # The network first, which this sysinst never asks by itself; and the way back without fetching, which the record
    # has.
    assert answers.index("network") < answers.index("server") < answers.index("extracted")
    assert answers.count("source") == 2
    with pytest.raises(Ended):
        while True:
            player.read(1000)


TROUBLES = {
    "split": {"split": 0.5},
    "delay": {"delay": 0.3},
    "stall": {"stall": 0.01},
    "repeat": {"repeat": 0.2},
    "repaint": {"repaint": 0.3},
    "lost keys": {"lost": 0.02},
    "all": {"split": 0.3, "delay": 0.1, "stall": 0.003, "repeat": 0.05, "repaint": 0.1, "lost": 0.01},
}


@pytest.mark.parametrize("trouble", list(TROUBLES))
def test_it_comes_through_a_bad_console(trouble: str) -> None:
    """A conversation that breaks begins again, as the installation does; but never is anything answered wrongly."""
    for attempt in range(4):
        player = Player(RECORD, Trouble(seed=attempt, **TROUBLES[trouble]))
        conversation = Conversation(Talk(player), NETBSD_7, VALUES)
        try:
            conversation.run()
        except ConsoleError:
            assert player.wrong == []
            continue
        assert player.wrong == []
        assert conversation.answers[-1] == "halt"
        return
    pytest.fail("four attempts were not enough")


@pytest.mark.parametrize("after", [3, 60, 200, 420])
def test_a_console_that_is_cut_ends_the_conversation_with_the_screen(after: int) -> None:
    player = Player(RECORD, Trouble(cut_after=after))
    with pytest.raises(Ended, match="the console was cut"):
        Conversation(Talk(player), NETBSD_7, VALUES).run()
    assert player.wrong == []


@pytest.mark.parametrize("after", [45, 80])
def test_an_unknown_menu_stops_it_and_is_shown(after: int) -> None:
    player = Player(RECORD, Trouble(menu_after=after))
    with pytest.raises(ConsoleError, match="what is not in its conversation") as stopped:
        Conversation(Talk(player), NETBSD_7, VALUES).run()
    assert "Panic?" in stopped.value.screen


def test_a_question_whose_value_is_not_given_is_one_that_it_does_not_know() -> None:
    values = {name: value for name, value in VALUES.items() if name != "disk"}
    with pytest.raises(ConsoleError, match="what is not in its conversation") as stopped:
        Conversation(Talk(Player(RECORD)), NETBSD_7, values).run()
    assert "Available disks" in stopped.value.screen


def test_only_the_disk_that_was_meant_is_written() -> None:
    with pytest.raises(ConsoleError, match=r"no item of the menu has '\^xbd1") as stopped:
        Conversation(Talk(Player(RECORD)), NETBSD_7, {**VALUES, "disk": "xbd1"}).run()
    assert "xbd0" in stopped.value.screen


def test_a_disk_that_is_too_small_is_told() -> None:
    """The second recorded run: 20 MB, with colours and another terminal."""
    player = Player(ERRORS)
    with pytest.raises(ConsoleError, match="the disk is too small"):
        Conversation(Talk(player), NETBSD_7, VALUES).run()
    assert player.wrong == []


def test_passwords_are_in_no_transcript_and_no_message(tmp_path: Path) -> None:
    cast = tmp_path / "sysinst.cast"
    transcript = Transcript(str(cast), "sysinst")
    talk = Talk(Player(RECORD), transcript)
    Conversation(talk, NETBSD_7, VALUES).run()
    transcript.close()
    first, *events = [json.loads(line) for line in cast.read_text().splitlines()]
    assert first["version"] == 2 and len(events) > 500
    for kind in "io":
        said = "".join(text for _at, is_kind, text in events if is_kind == kind)
        assert "guest3" in said and "sysinst7" not in said
    assert transcript.clean("its sysinst7 word") == "its ******** word"
    assert cast.stat().st_mode & 0o077 == 0
