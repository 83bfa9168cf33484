# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A guest whose kernel panics while it boots is started once more, and nothing else is passed over."""

from __future__ import annotations

from subprocess import CompletedProcess
from types import SimpleNamespace
from typing import Any

import booting
import pytest

PANIC = "[    3.1] PANIC: double fault, error_code: 0x0\n[    3.2] Kernel panic - not syncing: Fatal exception\n"


class Guest:
    """One that does, at each start, what its ``boots`` say: ``up``, ``panic``, ``end`` without a word, or ``hang``."""

    def __init__(self, *boots: str, log: str = "") -> None:
        self.boots, self.log, self.starts = list(boots), log, 0
        self.state = ""

    def start(self) -> None:
        self.starts += 1
        self.state = self.boots.pop(0)
        self.log += PANIC if self.state == "panic" else "booted\n"

    def run(self, argv: list[str]) -> CompletedProcess[str]:
        assert argv == ["cat", "/log/guest-g1.log"]
        return CompletedProcess(argv, 0, self.log, "")

    @property
    def target(self) -> Any:
        return SimpleNamespace(facts={"console_log_dir": "/log"}, run=self.run)


def wait(guest: Guest) -> booting.Boots:
    boots = booting.Boots(guest.target, "g1")
    guest.start()
    boots.wait(lambda: guest.state == "up", lambda: guest.state in ("up", "hang"), guest.start, 0.5)
    return boots


def test_one_panic_is_told_and_the_guest_is_started_once_more() -> None:
    guest = Guest("panic", "up")
    with pytest.warns(booting.BootPanic, match="g1: PANIC: double fault.*; started once more"):
        boots = wait(guest)
    assert (guest.starts, len(boots.panics)) == (2, 1)


def test_a_second_panic_is_a_failure() -> None:
    guest = Guest("panic", "panic", "up")
    with pytest.warns(booting.BootPanic), pytest.raises(AssertionError, match="g1 panics whenever it boots"):
        wait(guest)
    assert guest.starts == 2


@pytest.mark.parametrize("what", ["end", "hang"])
@pytest.mark.parametrize("log", ["", PANIC], ids=["quiet", "an older panic"])
def test_whatever_else_keeps_it_from_coming_up_is_a_failure(what: str, log: str) -> None:
    guest = Guest(what, "up", log=log)
    with pytest.raises(AssertionError, match="not within"):
        wait(guest)
    assert guest.starts == 1


def test_one_that_comes_up_is_started_once() -> None:
    guest = Guest("up", log=PANIC)
    assert (wait(guest).panics, guest.starts) == ([], 1)


def test_one_that_was_seen_up_is_up_also_if_it_runs_again_at_the_next_look() -> None:
    guest = Guest("up")
    looks = iter([False, True, False, False])
    boots = booting.Boots(guest.target, "g1")
    guest.start()
    boots.wait(lambda: next(looks), lambda: True, guest.start, 5)
    assert (list(looks), boots.panics, guest.starts) == ([False, False], [], 1)
