# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What each act of a guest is: a small frozen dataclass of all that it takes, which can carry itself out."""

from __future__ import annotations

from typing import Protocol

from ...._change import Change, XenError
from ...._host import Host
from ...._toolstack.choose import toolstack
from ...._toolstack.interface import Toolstack


class Act(Protocol):
    """One thing to be done to a guest, or to what it left behind."""

    def carry_out(self, tool: Toolstack, name: str) -> None:
        """Do it to the guest of this name, on the toolstack's machine. Raises XenError."""


def carry_out(host: Host, change: Change) -> None:
    """Carry a change out whose data is an act. Raises XenError."""
    tool = toolstack(host)
    ok, why = tool.alive()
    if not ok:
        raise XenError(f"{change.thing} was left as it is: {why}")
    change.data.carry_out(tool, change.thing)
