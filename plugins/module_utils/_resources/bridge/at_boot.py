# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The file that makes a bridge when the machine boots. Pure."""

from __future__ import annotations

import re

from ..._change import Change, Refused
from ..._formats.net import ifconfig, interface_files
from ..._formats.text import printable
from . import rc_conf, vlans
from .declared import Wanted
from .machine import Machine


def _makes(machine: Machine, wanted: Wanted, mtu: int) -> dict[str, list[str]]:
    """The members that the bridge's file makes, with the arguments of ifconfig for each."""
    makes: dict[str, list[str]] = {}
    for name in wanted.interfaces:
        vlan = machine.declared.vlan(name)
        if vlan:
            makes[name] = vlans.setup(vlan, wanted.mtu)
    own = machine.own(wanted)
    last = "up" if mtu == ifconfig.DEFAULT_MTU else f"mtu {mtu} up"
    if wanted.address:
        makes[own] = ["create", f"inet {wanted.address}", last]
    elif own not in wanted.interfaces and made_by_us(machine, wanted):
        makes[own] = []
    return makes


def made_by_us(machine: Machine, wanted: Wanted) -> bool:
    """Whether the bridge's file makes the interface with its address, in the words that are written here. Whoever
    writes it otherwise wants it for himself."""
    text = machine.current["files"].get(wanted.file) or ""
    made = interface_files.parse_bridge_file(text, wanted.name).makes.get(machine.own(wanted), [])
    return re.fullmatch(r"create\ninet \S+\n(mtu [0-9]+ )?up", "\n".join(made)) is not None


def changes(machine: Machine, wanted: Wanted, mtu: int) -> list[Change]:
    """What is to be done to the bridge's file. Raises Refused for one that is not understood."""
    before = machine.current["files"].get(wanted.file)
    after = _wanted_file(machine, wanted, before, mtu)
    if after == before:
        return []
    return [
        Change(
            resource=machine.resource,
            thing=wanted.name,
            action="write_file",
            summary=f"{'change' if before is not None else 'write'} {wanted.file}, which makes the bridge at boot",
            before=None if before is None else printable(before),
            after=printable(after),
            data=(wanted.file, after),
        )
    ]


def _wanted_file(machine: Machine, wanted: Wanted, before: str | None, mtu: int) -> str:
    members, makes = machine.members(wanted), _makes(machine, wanted, mtu)
    told = rc_conf.decides(machine.current, wanted.name)
    try:
        found = interface_files.parse_bridge_file(rc_conf.lines(told) if told else before or "", wanted.name)
        set_members = wanted.mtu is not None
        in_sync = (
            sorted(found.members) == sorted(members)
            and found.up
            and found.mtu == mtu
            and all(interface_files.makes_it(found, name, arguments) for name, arguments in makes.items())
            and (not set_members or all(found.member_mtus.get(name) == mtu for name in wanted.interfaces))
        )
        if before is not None and in_sync:
            return before
        if told:
            raise Refused(f"Bridge {wanted.name}: {rc_conf.words(told, wanted.name, wanted.file, before)}")
        for number, line in found.other:
            if "brconfig" in line:
                raise interface_files.NotUnderstood(number, line)
        return interface_files.update_bridge_file(before or "", wanted.name, members, mtu, set_members, makes)
    except interface_files.NotUnderstood as error:
        number, line = error.args
        raise Refused(
            f"Bridge {wanted.name}: line {number} of {wanted.file} is more than this module understands, so the file "
            f"is not touched: {line!r}. Write it as '!brconfig $int add wm0 up', one "
            "interface a line."
        ) from error
