# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What ifconfig(8) and brconfig(8) print, and the bridges' /etc/ifconfig.bridgeN files (ifconfig.if(5))."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from . import ifconfig_address
from .ifconfig_address import Address

DEFAULT_MTU = 1500

_HEAD = re.compile(r"([A-Za-z][A-Za-z0-9_]*): flags=")
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
_VLAN = re.compile(r"\s+vlan: ([0-9]+) parent: ([a-z][a-z0-9_]*)")
# A row of the address cache has more words before its flags.
_MEMBER = re.compile(r"\t\t(\S+) flags=")
# A line of an ifconfig.IF file with the lines that it continues on.
_LOGICAL_LINE = re.compile(r"(?:[^\n\\]|\\[\s\S]|\\\Z)*(?:\n|\Z)")
_SEPARATOR = re.compile(r";|&&")
_SHELL = re.compile(r"[|&`$()<>\"'\\{}*?#]")


class NotUnderstood(Exception):
    """A line that would have to be changed, but is more than these functions understand. ``args``: number, text."""


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


# -- /etc/ifconfig.bridgeN --------------------------------------------------------------------------------------------


@dataclass
class BridgeFile:
    """What an ifconfig.bridgeN file does at boot. MTUs in bytes; ``other`` are lines that may do more, with numbers.
    ``makes`` are the arguments of ifconfig for each other interface, in order."""

    members: list[str] = field(default_factory=list)
    up: bool = False
    mtu: int = DEFAULT_MTU
    member_mtus: dict[str, int] = field(default_factory=dict)
    makes: dict[str, list[str]] = field(default_factory=dict)
    other: list[tuple[int, str]] = field(default_factory=list)


def parse_bridge_file(text: str, bridge: str) -> BridgeFile:
    """What a file does to ``bridge``. Never fails."""
    result = BridgeFile()
    number = 1
    for raw in _logical_lines(text):
        commands = _commands(raw, bridge)
        if commands is None:
            result.other.append((number, raw.strip()))
        for words in commands or []:
            _carry_out(result, words, bridge)
        number += raw.count("\n")
    return result


def update_bridge_file(
    text: str,
    bridge: str,
    members: list[str],
    mtu: int,
    set_members: bool,
    makes: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The file made to bring ``bridge`` up with just these members and this MTU; lines that are right stay as they are.

    With ``set_members`` it sets the members' MTU too. ``makes`` are members that the file itself creates, each with the
    arguments of the ifconfig commands for it; an empty list is an interface that it must not make. Raises NotUnderstood
    if a line that must change is beyond it.
    """
    made = makes or {}
    before = parse_bridge_file(text, bridge)
    stale = [name for name, wanted in made.items() if not makes_it(before, name, wanted)]
    lines = _logical_lines(text) if text else ["create\n"]
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    for member in before.members:
        if member not in members or member in stale:
            lines = _without_member(lines, bridge, member)
    lines = [line for line in lines if not any(_makes(line, bridge, name) for name in stale)]
    early = []
    if before.mtu != mtu:
        lines = [_without_mtu(line, bridge) for line in lines]
        early.append(f"mtu {mtu}\n")
    if set_members:
        wrong = [member for member in members if member not in made and before.member_mtus.get(member) != mtu]
        lines = [line for line in lines if not any(_sets_mtu_of(line, bridge, member) for member in wrong)]
        early += [f"!ifconfig {member} mtu {mtu}\n" for member in wrong]
    lines = _insert_early([line for line in lines if line], early)
    for member in members:
        if member not in before.members or member in stale:
            lines += [f"!ifconfig {member} {arguments}\n" for arguments in made.get(member, ())]
            lines.append(f"!brconfig $int add {member} up\n")
    after = "".join(lines)
    return after if parse_bridge_file(after, bridge).up else after + "up\n"


def makes_it(found: BridgeFile, interface: str, wanted: Sequence[str]) -> bool:
    """Whether a bridge's file makes an interface in just this way."""
    return " ".join(found.makes.get(interface, [])) == " ".join(wanted)


def _logical_lines(text: str) -> list[str]:
    return [line for line in _LOGICAL_LINE.findall(text) if line]


def _commands(raw: str, bridge: str) -> list[list[str]] | None:
    """A line's commands as words, ifconfig's own arguments as an ifconfig command; None if it takes a shell to tell."""
    line = raw.replace("\\\n", " ").strip()
    if not line or line.startswith("#"):
        return []
    if not line.startswith("!"):
        return [["ifconfig", bridge] + line.split()]
    line = line[1:].replace("${int}", bridge).replace("$int", bridge)
    commands = [part.split() for part in _SEPARATOR.split(line) if part.strip()]
    if any(_SHELL.search(word) for words in commands for word in words):
        return None
    return commands


def _carry_out(result: BridgeFile, words: list[str], bridge: str) -> None:
    """What one command of the file adds to its effect."""
    tool = words[0].rsplit("/", 1)[-1]
    if len(words) < 2 or tool not in ("ifconfig", "brconfig"):
        return
    target, rest = words[1], words[2:]
    if target != bridge and tool == "ifconfig" and rest and not (len(rest) == 2 and rest[0] == "mtu"):
        result.makes.setdefault(target, []).append(" ".join(rest))
    for word, argument in zip(rest, rest[1:] + [""]):
        if word == "mtu" and argument.isdigit() and tool == "ifconfig":
            if target == bridge:
                result.mtu = int(argument)
            else:
                result.member_mtus[target] = int(argument)
        if target != bridge:
            continue
        if word in ("up", "down"):
            result.up = word == "up"
        elif tool == "brconfig" and word == "add" and argument and argument not in result.members:
            result.members.append(argument)
        elif tool == "brconfig" and word == "delete" and argument in result.members:
            result.members.remove(argument)


def _without_member(lines: list[str], bridge: str, member: str) -> list[str]:
    """The lines without the command that adds ``member``."""
    found = []
    pattern = re.compile(rf"[ \t]+add[ \t]+{re.escape(member)}(?=\s|\Z)")
    for number, line in enumerate(lines, 1):
        commands = _commands(line, bridge)
        if commands is None or not _adds(commands, bridge, member):
            found.append(line)
            continue
        if len(commands) > 1 or "\\\n" in line:
            raise NotUnderstood(number, line.strip())
        shorter = pattern.sub("", line)
        # What is left of "!brconfig $int add wm0" does nothing but print.
        if len(shorter.split()) > 2:
            found.append(shorter)
    return found


def _adds(commands: list[list[str]], bridge: str, member: str) -> bool:
    effect = BridgeFile()
    for words in commands:
        _carry_out(effect, words, bridge)
    return member in effect.members


def _without_mtu(line: str, bridge: str) -> str:
    """A line of the bridge's own arguments without its MTU; empty if nothing is left."""
    if line.startswith(("!", "#")):
        return "" if _sets_mtu_of(line, bridge, bridge) else line
    shorter = re.sub(r"(^|[ \t]+)mtu[ \t]+[0-9]+", "", line)
    return shorter if shorter.strip() or not line.strip() else ""


def _sets_mtu_of(line: str, bridge: str, interface: str) -> bool:
    """True for a line that does nothing but set an interface's MTU by an ifconfig command."""
    commands = _commands(line, bridge) if line.startswith("!") else None
    return bool(commands) and len(commands) == 1 and commands[0][1:3] == [interface, "mtu"] and len(commands[0]) == 4


def _makes(line: str, bridge: str, interface: str) -> bool:
    """True for a line that does nothing but make an interface."""
    commands = _commands(line, bridge) if line.startswith("!") else None
    return bool(commands) and all(
        words[0].rsplit("/", 1)[-1] == "ifconfig" and words[1:2] == [interface] for words in commands or []
    )


def _insert_early(lines: list[str], early: list[str]) -> list[str]:
    """``early`` before the first line that does anything but create the bridge: a member must fit its MTU."""
    position = 0
    while position < len(lines) and (lines[position].strip() in ("", "create") or lines[position].startswith("#")):
        position += 1
    return lines[:position] + early + lines[position:]


# -- /etc/ifconfig.vlanN ----------------------------------------------------------------------------------------------

_VLAN_WORDS = re.compile(r"\bvlan[ \t]+([0-9]+)[ \t]+vlanif[ \t]+(\S+)")


def parse_vlan_file(text: str) -> tuple[int, str] | None:
    """The number and the parent that a VLAN gets from its file at boot, or None. The last ones count."""
    found = [words for line in _logical_lines(text) if line[:1] not in "#!" for words in _VLAN_WORDS.findall(line)]
    return (int(found[-1][0]), found[-1][1]) if found else None


def update_vlan_file(text: str, number: int, parent: str) -> str:
    """The file made to give the VLAN this number and parent; all other lines stay."""
    if parse_vlan_file(text) == (number, parent):
        return text
    words = f"vlan {number} vlanif {parent}"
    lines = [_VLAN_WORDS.sub(words, line) if line[:1] not in "#!" else line for line in _logical_lines(text)]
    if parse_vlan_file("".join(lines)) is None:
        kept = [line for line in lines if line.strip() != "create"]
        lines = ["create\n", words + "\n", "up\n", *kept]
    return "".join(lines)
