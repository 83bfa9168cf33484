# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The programs that run on a machine. Reads only."""

from __future__ import annotations

from ._formats.system import ps
from ._formats.system.ps import Process
from ._host import Host


def running(host: Host) -> list[Process]:
    """Every process that lives. Raises CommandFailed if nobody could look."""
    return ps.parse(host.run(ps.COMMAND).stdout)


def names(host: Host) -> set[str]:
    """The names of the running programs, without their paths, and of scripts in Python."""
    return {process.name for process in running(host)}
