# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What ifconfig(8) and brconfig(8) print."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from . import ifconfig_address
from .ifconfig_address import Address

DEFAULT_MTU = 1500

_HEAD = re.compile(r"([^\s:]+): flags=")
_FLAGS = re.compile(r"<([^>]*)>")
_MTU = re.compile(r" mtu ([0-9]+)")
_LINK = re.compile(r"\s+address: ([0-9a-f:]{17})\s*\Z")
# Repeated on the next line if it is long, as the flags are.
_ENABLED = re.compile(r"\s+enabled=[0-9a-fx]+<([^>]*)>")
_DESCRIPTION = re.compile(r"\s+description: \"?(.*?)\"?\s*\Z")
# Flags of net/if.h that ifconfig(8) sets by word.
_FLAG_WORDS = {"NOARP": "-arp", "DEBUG": "debug", "LINK0": "link0", "LINK1": "link1", "LINK2": "link2"}
_CAPABILITIES = ("ip4csum", "tcp4csum", "udp4csum", "tcp6csum", "udp6csum")
# The first words of what ``settings`` may hold (ifconfig(8)).
SETTING_WORDS = frozenset(
    ["description", "tso4", "tso6", "lro", *_FLAG_WORDS.values()]
    + [f"{name}-{way}" for name in _CAPABILITIES for way in ("rx", "tx")]
)
# sbin/ifconfig/vlan.c; a VLAN without a parent shows "<none>" or nothing.
_VLAN = re.compile(r"\s+vlan: ([0-9]+) parent: ([a-z]\S*)")
# A row of the address cache has more words before its flags.
_MEMBER = re.compile(r"\t\t(\S+) flags=")


@dataclass
class Interface:
    """One interface of ``ifconfig -a``. ``mtu`` in bytes, 0 if it was not printed. ``vlan`` is a VLAN's number and
    parent; ``link`` its address on the link; ``enabled`` what of its capabilities is switched on, ``IP4CSUM_Rx``."""

    flags: list[str] = field(default_factory=list)
    mtu: int = 0
    all_addresses: list[Address] = field(default_factory=list)
    vlan: tuple[int, str] | None = None
    link: str = ""
    enabled: list[str] = field(default_factory=list)
    description: str = ""

    @property
    def addresses(self) -> list[str]:
        """Those of both families, without their lengths."""
        return [found.address for found in self.all_addresses]

    @property
    def networks(self) -> list[str]:
        """The IPv4 addresses with their prefix lengths, ``10.0.2.15/24``."""
        return [found.network for found in self.all_addresses if found.family == "inet"]


def parse_interfaces(text: str) -> dict[str, Interface]:
    """What ``ifconfig -a`` printed, by name.

    The flags line of an interface that is or was in a bridge comes in two pieces that repeat the name (record
    bridge-file-create, NetBSD 7.99.10), so every list of flags on the line counts.
    """
    found: dict[str, Interface] = {}
    current = Interface()
    for line in text.splitlines():
        head = _HEAD.match(line)
        if head:
            flags = [flag for group in _FLAGS.findall(line) for flag in group.split(",") if flag]
            mtu = _MTU.search(line)
            current = found[head.group(1)] = Interface(flags, int(mtu.group(1)) if mtu else 0)
            continue
        address, vlan, enabled = ifconfig_address.parse(line), _VLAN.match(line), _ENABLED.match(line)
        link, description = _LINK.match(line), _DESCRIPTION.match(line)
        if address:
            current.all_addresses.append(address)
        if vlan:
            current.vlan = (int(vlan.group(1)), vlan.group(2))
        if link:
            current.link = link.group(1)
        if enabled:
            current.enabled += [name for name in enabled.group(1).split(",") if name]
        if description:
            current.description = description.group(1)
    return found


def settings(found: Interface) -> list[list[str]]:
    """The arguments of ifconfig that make an interface that was just made like this one, beside its addresses, MTU,
    VLAN and whether it is up: what capabilities are used, a description, the flags that an admin can set.

    Not its address on the link: tap(4) and vether(4) invent another one at each boot as well, a VLAN has its parent's.
    No media either: these interfaces have none to choose.
    """
    words = [[word] for word in (name.lower().replace("_", "-") for name in found.enabled) if word in SETTING_WORDS]
    if found.description:
        words.append(["description", found.description])
    return words + [[word] for flag, word in _FLAG_WORDS.items() if flag in found.flags]


def parse_bridges(text: str) -> dict[str, list[str]]:
    """What ``brconfig -a`` printed: each bridge's members, in the order printed."""
    found: dict[str, list[str]] = {}
    members: list[str] = []
    for line in text.splitlines():
        head = _HEAD.match(line)
        member = _MEMBER.match(line)
        if head:
            members = found[head.group(1)] = []
        elif member:
            members.append(member.group(1))
    return found
