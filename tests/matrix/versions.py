# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The versions that the collection is for: each line of ansible-core from the oldest that meta/runtime.yml takes to the
newest final one."""

from __future__ import annotations

import runpy
from dataclasses import dataclass
from pathlib import Path

FIRST, LAST = "3.8", "3.13"
"""The oldest and the newest Python of a managed machine that the collection promises; README.md says so."""


@dataclass(frozen=True)
class Core:
    """A line of ansible-core: its newest release, the Python of the controller that runs it here, and the Pythons of
    managed machines that it takes, from FIRST on. Together the controllers have all Pythons but those to come."""

    release: str
    controller: str
    targets: tuple[str, ...]

    @property
    def line(self) -> str:
        return self.release.rpartition(".")[0]


CORES = (
    Core("2.17.14", "3.10", ("3.8", "3.9", "3.10", "3.11", "3.12")),
    Core("2.18.19", "3.11", ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")),
    Core("2.19.14", "3.13", ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")),
    Core("2.20.10", "3.12", ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")),
    Core("2.21.5", "3.13", ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")),
)
LINES = {core.line: core for core in CORES}
OLDEST, NEWEST = (CORES[0], FIRST), (CORES[-1], LAST)


def ordered(version: str) -> tuple[int, ...]:
    return tuple(int(word) for word in version.split("."))


def contradiction(core: Core, constants: Path) -> str | None:
    """What ``constants``, ansible_test/_util/target/common/constants.py of that core, says differently."""
    said = runpy.run_path(str(constants))
    controllers = said["CONTROLLER_PYTHON_VERSIONS"]
    every = sorted({*said["REMOTE_ONLY_PYTHON_VERSIONS"], *controllers}, key=ordered)
    targets = tuple(version for version in every if ordered(version) >= ordered(FIRST))
    if core.controller in controllers and core.targets == targets:
        return None
    return f"ansible-core {core.release} runs on {', '.join(controllers)} and takes {', '.join(targets)} (versions.py)"
