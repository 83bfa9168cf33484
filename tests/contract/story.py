# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""One guest on the target, for one test: what is declared of it, and what the machine says of it."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest
from contract_target import NEWEST, Target
from contract_xl import DEAF_CAP, POLL_SECONDS

# For cases of what the collection decides by itself. What xl answers to the same commands, every release is asked.
ONE_RELEASE = pytest.mark.only_on(
    "sim", NEWEST, reason="the collection decides, and xl is called as in cases that run on every release"
)
MEMORY, MAXMEM = 96, 128
# A guest takes seconds under emulation, and far more on a machine whose cores others use too.
BOOT_SECONDS = 240
_numbers = itertools.count(1)


class Story:
    """One guest on the target, and what a test asks about it. Removed at the end, with its configuration."""

    def __init__(self, target: Target, memory: int = MEMORY, **keys: Any) -> None:
        self.target = target
        self.name = f"story{next(_numbers)}"
        facts = target.facts
        self.guest = {
            "name": self.name,
            "os": "linux",
            "kernel": facts["kernel"],
            "ramdisk": facts["ramdisk"],
            "cmdline": "console=hvc0 quiet",
            "memory": memory,
            "maxmem": MAXMEM,
            "vcpus": 1,
            **keys,
        }
        self.config = f"{facts['config_dir']}/{self.name}"

    def ignores_requests(self) -> None:
        """Makes it a guest that never acknowledges anything."""
        self.guest.update(kernel=self.target.facts["ignoring_kernel"], memory=32, maxmem=32, cap=DEAF_CAP)
        del self.guest["ramdisk"], self.guest["cmdline"]

    def run(self, check: bool = False, options: dict[str, Any] | None = None, **keys: Any) -> dict[str, Any]:
        """The module with this one guest, its keys changed by ``keys``."""
        args = {"guests": [dict(self.guest, **keys)], **(options or {})}
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
        for line in self.xl("list").splitlines()[1:]:
            if line.split()[0] == self.name:
                return line.split()
        return None

    def wait_for_guest(self) -> None:
        """Until its kernel has come up and waits for something: only then does it answer requests."""
        deadline = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < deadline:
            row = self.row()
            if row and row[4][1] == "b":
                return
            time.sleep(POLL_SECONDS)
        log = f"/var/log/xen/xl-{self.name}.log", f"/var/log/xen/console/guest-{self.name}.log"
        said = self.target.run(["tail", "-n", "20", *log]).stdout
        raise AssertionError(f"{self.name} does not come up: {row}\n{said}")

    def remove(self) -> None:
        gone = {"guests": [{"name": self.name, "state": "absent"}], "destroy_after": 0}
        self.target.module("netbsd.xen.domain", gone)


def acts(result: dict[str, Any]) -> list[str]:
    """The first words of what was done, enough to tell one kind of change from another."""
    return [" ".join(change["summary"].split()[:2]) for change in result["changes"]]


def unchanged(result: dict[str, Any]) -> bool:
    assert not result.get("failed"), result.get("msg")
    return result["changed"] is False and result["changes"] == [] and result["restart_required"] == []
