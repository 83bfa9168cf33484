# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""One guest on the target, for one test: what is declared of it, and what the machine says of it."""

from __future__ import annotations

import itertools
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest
from booting import Boots, wait
from contract_target import NEWEST, OLDEST, Target
from contract_xl import DEAF_CAP

# For cases of what the collection decides by itself. What xl answers to the same commands, every release is asked. The
# releases share these cases, so that neither is waited for.
_SHARED = "the collection decides, and xl is called as in cases that run on every release"
ON_NEWEST = pytest.mark.only_on("sim", NEWEST, reason=_SHARED)
ON_OLDEST = pytest.mark.only_on("sim", OLDEST, reason=_SHARED)
# Of a Linux guest, and of one that does nothing.
MEMORY, MAXMEM, DEAF_MEMORY = 96, 128, 32
# A guest takes seconds under emulation, and far more on a machine whose cores others use too.
BOOT_SECONDS = 240
_numbers = itertools.count(1)


class Story:
    """One guest on the target, and what a test asks about it. Removed at the end, with its configuration.

    By default it starts at once, does nothing and never acknowledges anything. With ``linux`` it boots for some
    seconds, and then answers.
    """

    def __init__(self, target: Target, linux: bool = False, **keys: Any) -> None:
        self.target = target
        self.name = f"story{next(_numbers)}"
        facts = target.facts
        if linux:
            system = {name: facts[name] for name in ("kernel", "ramdisk", "cmdline")}
            system |= {"memory": MEMORY, "maxmem": MAXMEM}
        else:
            system = {"kernel": facts["ignoring_kernel"], "memory": DEAF_MEMORY, "maxmem": DEAF_MEMORY, "cap": DEAF_CAP}
        self.guest = {"name": self.name, "os": "linux", "vcpus": 1, **system, **keys}
        self.config = f"{facts['config_dir']}/{self.name}"
        self.boots = Boots(target, self.name)
        self._declared: dict[str, Any] = {}

    def run(self, check: bool = False, options: dict[str, Any] | None = None, **keys: Any) -> dict[str, Any]:
        """The module with this one guest, its keys changed by ``keys``."""
        args = {"guests": [dict(self.guest, **keys)], **(options or {})}
        self._declared = self._declared if check else args
        return self.target.module("netbsd.xen.domain", args, check=check, diff=True)

    def converge(self, **keys: Any) -> dict[str, Any]:
        result = self.run(**keys)
        assert not result.get("failed"), result["msg"]
        return result

    def xl(self, *words: str) -> str:
        ended = self.target.run([self.target.facts["xl"], *words])
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    def row(self) -> list[str] | None:
        """Name, id, memory, vcpus, state, time of the guest; None if it is not there."""
        return next((row for row in self._rows() if row[0] == self.name), None)

    def _rows(self) -> list[list[str]]:
        return [line.split() for line in self.xl("list").splitlines()[1:]]

    def wait_for_guest(self) -> None:
        """Until its kernel has come up and waits for something: only then does it answer requests."""

        def waits() -> bool:
            row = self.row()
            return row is not None and row[4][1] == "b"

        def again() -> None:
            result = self.target.module("netbsd.xen.domain", self._declared)
            assert not result.get("failed"), result["msg"]

        try:
            self.boots.wait(waits, lambda: self.row() is not None, again, BOOT_SECONDS)
        except AssertionError as error:
            log = f"/var/log/xen/xl-{self.name}.log", f"/var/log/xen/console/guest-{self.name}.log"
            said = self.target.run(["tail", "-n", "20", *log]).stdout
            raise AssertionError(f"{self.name} does not come up: {self.row()}\n{said}") from error

    def remove(self) -> None:
        """Without the module under test, which would take several times as long. A domain that is going has no name any
        more."""
        row = self.row()
        self.target.run([self.target.facts["xl"], "destroy", self.name])
        wait(lambda: row is None or row[1] not in [other[1] for other in self._rows()], f"no {self.name}", 60)
        self.target.run(["rm", "-f", self.config])


@dataclass(frozen=True)
class Unanswered:
    """What became of requests that no guest acknowledged.

    xl: seconds and end of `xl shutdown` and `xl reboot`, by these words; guests: how many of their guests ran on
    save:     the result of the module that was to save a guest; saved: its name; runs_on: still as the same domain
    """

    xl: dict[str, tuple[float, subprocess.CompletedProcess[str]]]
    guests: int
    save: dict[str, Any]
    saved: str
    runs_on: bool


def ask_the_deaf(target: Target) -> Unanswered:
    """Asks three guests that do not answer, at once, since xl waits a minute for each; they are gone afterwards."""
    stories = {word: Story(target) for word in ("shutdown", "reboot", "save")}
    saved = stories["save"]
    try:
        for story in stories.values():
            story.converge()
        domid = saved.row()[1]

        def ask(word: str) -> tuple[float, subprocess.CompletedProcess[str]]:
            started = time.monotonic()
            ended = target.run([target.facts["xl"], word, stories[word].name])
            return time.monotonic() - started, ended

        with ThreadPoolExecutor() as pool:
            asked = {word: pool.submit(ask, word) for word in ("shutdown", "reboot")}
            limit = {"shutdown_timeout": int(70 * target.facts["time_scale"])}
            refused = pool.submit(saved.run, options=limit, state="saved")
        xl = {word: one.result() for word, one in asked.items()}
        left = sum(stories[word].row() is not None for word in xl)
        return Unanswered(xl, left, refused.result(), saved.name, saved.row()[1] == domid)
    finally:
        for story in stories.values():
            story.remove()


def acts(result: dict[str, Any]) -> list[str]:
    """The first words of what was done, enough to tell one kind of change from another."""
    return [" ".join(change["summary"].split()[:2]) for change in result["changes"]]


def unchanged(result: dict[str, Any]) -> bool:
    assert not result.get("failed"), result.get("msg")
    return result["changed"] is False and result["changes"] == [] and result["restart_required"] == []
