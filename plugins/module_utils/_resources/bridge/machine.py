# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a bridge is planned against. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..._formats.net import ifconfig
from .declared import Declared, Wanted, own_interface


@dataclass(frozen=True)
class Machine:
    """What one bridge is planned against: the network as read, with the interfaces that this task makes; all that is
    declared; and what carries the bridge's own address, ``own``."""

    resource: str
    current: dict[str, Any]
    interfaces: dict[str, Any]
    declared: Declared

    def own(self, wanted: Wanted) -> str:
        return own_interface(wanted.name, self.current["netbsd"])

    def members(self, wanted: Wanted) -> list[str]:
        """Everything that is to be in the bridge beside guests."""
        return [*wanted.interfaces, *([self.own(wanted)] if wanted.address else [])]

    def found(self, wanted: Wanted) -> list[str]:
        """The members as they are."""
        members: list[str] = self.current["bridges"].get(wanted.name, [])
        return members

    def mtu(self, wanted: Wanted) -> int:
        """The bridge's MTU in bytes as it is."""
        return self.current["interfaces"].get(wanted.name, {}).get("mtu") or ifconfig.DEFAULT_MTU
