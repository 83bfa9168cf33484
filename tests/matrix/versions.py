# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The versions that the collection is for: each line of ansible-core from the oldest that meta/runtime.yml takes to the
newest final one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Core:
    """A line of ansible-core: its newest release, the Python of the controller that runs it here, and the Pythons of
    managed machines that it takes (its ansible_test/_util/target/common/constants.py)."""

    release: str
    controller: str
    targets: tuple[str, ...]

    @property
    def line(self) -> str:
        return self.release.rpartition(".")[0]


CORES = (
    Core("2.17.14", "3.10", ("3.8", "3.9", "3.10", "3.11", "3.12")),
    Core("2.18.19", "3.11", ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")),
    Core("2.19.14", "3.11", ("3.8", "3.9", "3.10", "3.11", "3.12", "3.13")),
    Core("2.20.10", "3.12", ("3.9", "3.10", "3.11", "3.12", "3.13")),
    Core("2.21.5", "3.12", ("3.9", "3.10", "3.11", "3.12", "3.13")),
)
OLDEST, NEWEST = (CORES[0], CORES[0].targets[0]), (CORES[-1], CORES[-1].targets[-1])
