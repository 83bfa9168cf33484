# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""/etc/ifconfig.IF files of bridges and VLANs (ifconfig.if(5)): what they do at boot, and changing it line by line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .ifconfig import DEFAULT_MTU

# A line of an ifconfig.IF file with the lines that it continues on.
_LOGICAL_LINE = re.compile(r"(?:[^\n\\]|\\[\s\S]|\\\Z)*(?:\n|\Z)")
# brconfig's words that have arguments (its command table in sbin/brconfig/brconfig.c): how many, and which begin with a
# member.
_BRCONFIG_WORDS = {
    **dict.fromkeys(("add", "delete", "discover", "-discover", "learn", "-learn", "stp", "-stp"), 1),
    **dict.fromkeys(("protect", "-protect"), 1),
    **dict.fromkeys(("ifpriority", "ifpathcost", "static"), 2),
    **dict.fromkeys(("deladdr", "maxaddr", "hellotime", "fwddelay", "maxage", "priority", "timeout"), 1),
}
_OF_NO_MEMBER = ("deladdr", "maxaddr", "hellotime", "fwddelay", "maxage", "priority", "timeout")
_SEPARATOR = re.compile(r";|&&")
_SHELL = re.compile(r"[|&`$()<>\"'\\{}*?#]")


class NotUnderstood(Exception):
    """A line that would have to be changed, but is more than these functions understand. ``args``: number, text."""


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
    if tool == "ifconfig":
        _configure(result, target, rest, bridge)
    elif target == bridge:
        for word, *arguments in _groups(rest):
            if word in ("up", "down"):
                result.up = word == "up"
            elif word == "add" and arguments and arguments[0] not in result.members:
                result.members += arguments
            elif word == "delete" and arguments and arguments[0] in result.members:
                result.members.remove(arguments[0])


def _configure(result: BridgeFile, target: str, words: list[str], bridge: str) -> None:
    """What a command of ifconfig adds to the file's effect."""
    for word, argument in zip(words, words[1:] + [""]):
        if word == "mtu" and argument.isdigit() and target == bridge:
            result.mtu = int(argument)
        elif word == "mtu" and argument.isdigit():
            result.member_mtus[target] = int(argument)
        elif word in ("up", "down") and target == bridge:
            result.up = word == "up"


def _without_member(lines: list[str], bridge: str, member: str) -> list[str]:
    """The lines without what names ``member``: the word that adds it, and the options that are set for it, which end
    brconfig for one that is not there (``do_bridgeflag``)."""
    found = []
    for number, line in enumerate(lines, 1):
        commands = _commands(line, bridge)
        if commands is None or not any(_names(words, bridge, member) for words in commands):
            found.append(line)
            continue
        if len(commands) > 1 or "\\\n" in line:
            raise NotUnderstood(number, line.strip())
        shorter = _without_words_of(line, member)
        # What is left of "!brconfig $int add wm0" does nothing but print.
        if len(shorter.split()) > 2:
            found.append(shorter)
    return found


def _names(words: list[str], bridge: str, member: str) -> bool:
    is_ours = words[0].rsplit("/", 1)[-1] == "brconfig" and words[1:2] == [bridge]
    return is_ours and any(_is_of(group, member) for group in _groups(words[2:]))


def _groups(words: list[str]) -> list[list[str]]:
    """brconfig's words, each with its arguments."""
    found: list[list[str]] = []
    rest = list(words)
    while rest:
        count = 1 + _BRCONFIG_WORDS.get(rest[0], 0)
        found.append(rest[:count])
        rest = rest[count:]
    return found


def _is_of(group: list[str], member: str) -> bool:
    return group[1:2] == [member] and group[0] not in _OF_NO_MEMBER


def _without_words_of(line: str, member: str) -> str:
    """A line of one brconfig command without the words that are about ``member``; the others keep their blanks."""
    pieces = re.findall(r"\s*\S+", line)
    kept, rest = pieces[:2], pieces[2:]
    for group in _groups([piece.strip() for piece in rest]):
        if not _is_of(group, member):
            kept += rest[: len(group)]
        rest = rest[len(group) :]
    return "".join(kept) + line[len(line.rstrip()) :]


def _without_mtu(line: str, bridge: str) -> str:
    """A line of the bridge's own arguments without its MTU; empty if nothing is left."""
    if line.startswith(("!", "#")):
        return "" if _sets_mtu_of(line, bridge, bridge) else line
    shorter = re.sub(r"(^|[ \t]+)mtu[ \t]+[0-9]+", "", line)
    return shorter if shorter.strip() or not line.strip() else ""


def _sets_mtu_of(line: str, bridge: str, interface: str) -> bool:
    """True for a line that does nothing but set an interface's MTU by an ifconfig command."""
    commands = (_commands(line, bridge) if line.startswith("!") else None) or []
    return len(commands) == 1 and commands[0][1:3] == [interface, "mtu"] and len(commands[0]) == 4


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
