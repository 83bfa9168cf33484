# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""/etc/ifconfig.IF files of bridges and VLANs (ifconfig.if(5)): what they do at boot, and changing it line by line.

Read as network_start_interfaces in etc/rc.d/network reads them (NetBSD 7.99.10): a line that ends with a backslash goes
on in the next one, blanks at both ends of each don't count, and a last line without its newline is not read at all.
What begins with ``!`` is a command of the shell's, all else the arguments of an ifconfig, of which the shell takes
comments and separators as well.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from .ifconfig import DEFAULT_MTU

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_BLANKS = " \t"
# brconfig's words that have arguments (its command table in sbin/brconfig/brconfig.c): how many, and which begin with a
# member.
_BRCONFIG_WORDS = {
    **dict.fromkeys(("add", "delete", "discover", "-discover", "learn", "-learn", "stp", "-stp"), 1),
    **dict.fromkeys(("protect", "-protect"), 1),
    **dict.fromkeys(("ifpriority", "ifpathcost", "static"), 2),
    **dict.fromkeys(("deladdr", "maxaddr", "hellotime", "fwddelay", "maxage", "priority", "timeout"), 1),
}
# ifconfig's words with any text behind them (ifconfig(8)), which may be one of its words.
_WITH_TEXT = ("description", "descr", "media", "mediaopt", "mode", "ssid", "nwid", "nwkey", "bssid", "linkstr")
_OF_NO_MEMBER = ("deladdr", "maxaddr", "hellotime", "fwddelay", "maxage", "priority", "timeout")
_SEPARATOR = re.compile(r";|&&")
_COMMENT = re.compile(r"(?:^|(?<=[ \t;&]))#.*")
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
        commands = [] if _is_lost(raw) else _commands(raw, bridge)
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
    text = _ended(text)
    before = parse_bridge_file(text, bridge)
    stale = [name for name, wanted in made.items() if not makes_it(before, name, wanted)]
    lines = _logical_lines(text) if text else ["create\n"]
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
    if not parse_bridge_file("".join(lines), bridge).up:
        lines.append("up\n")
    found = parse_bridge_file("".join(lines), bridge)
    if found.mtu != mtu or sorted(found.members) != sorted(members):
        raise _not_understood(lines, "mtu" if found.mtu != mtu else "brconfig")
    return "".join(lines)


def _not_understood(lines: Sequence[str], word: str) -> NotUnderstood:
    """The last line with a word in it that still does something else."""
    index = max(index for index, line in enumerate(lines) if word in line and line.lstrip()[:1] != "#")
    return NotUnderstood(1 + sum(line.count("\n") for line in lines[:index]), lines[index].strip())


def makes_it(found: BridgeFile, interface: str, wanted: Sequence[str]) -> bool:
    """Whether a bridge's file makes an interface in just this way."""
    return " ".join(found.makes.get(interface, [])) == " ".join(wanted)


def _logical_lines(text: str) -> list[str]:
    """The lines, each with those that it goes on in (collapse_backslash_newline in etc/rc.subr)."""
    found, pending = [], ""
    for line in _LINE.findall(text):
        pending += line
        if not _goes_on(line):
            found.append(pending)
            pending = ""
    return found + ([pending] if pending else [])


def _goes_on(line: str) -> bool:
    return line.rstrip("\n").rstrip(_BLANKS).endswith("\\")


def _is_lost(raw: str) -> bool:
    """Whether a line has no end, so that sh's read leaves it out."""
    return not raw.endswith("\n") or _goes_on(_LINE.findall(raw)[-1])


def _ended(text: str) -> str:
    lines = _logical_lines(text)
    return text + "\n" if lines and _is_lost(lines[-1]) else text


def _joined(raw: str) -> str:
    """What sh reads of a line and those that it goes on in."""
    parts = [part.strip(_BLANKS) for part in raw.rstrip("\n").split("\n")]
    return "".join(part[:-1] if part.endswith("\\") else part for part in parts).strip(_BLANKS)


def _commands(raw: str, interface: str) -> list[list[str]] | None:
    """A line's commands as words, ifconfig's own arguments as an ifconfig command; None if it takes a shell to tell."""
    line = _joined(raw)
    if line.startswith("#") or line in ("", "create", "dhcp"):
        return []
    is_own = not line.startswith("!")
    text = _COMMENT.sub("", line if is_own else line[1:])
    text = text.replace("${int}", interface).replace("$int", interface)
    commands = [words for words in (_words(part) for part in _SEPARATOR.split(text)) if words]
    if any(_SHELL.search(word) for words in commands for word in words):
        return None
    if is_own and commands:
        # They are set first, then other commands run, and ifconfig comes last.
        commands = [*commands[1:], ["ifconfig", interface, *commands[0]]]
    return commands


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[ \t]+", text) if word]


def _is_command(line: str) -> bool:
    return line.lstrip(_BLANKS).startswith("!")


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
    before = ""
    for word, argument in zip(words, words[1:] + [""]):
        before, is_value = word, before in _WITH_TEXT
        if is_value:
            before = ""
        elif word == "mtu" and argument.isdigit() and target == bridge:
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
    if line.lstrip(_BLANKS).startswith(("!", "#")):
        return "" if _sets_mtu_of(line, bridge, bridge) else line
    shorter = re.sub(r"(^|[ \t]+)mtu[ \t]+[0-9]+", "", line)
    return shorter if shorter.strip() or not line.strip() else ""


def _sets_mtu_of(line: str, bridge: str, interface: str) -> bool:
    """True for a line that does nothing but set an interface's MTU by an ifconfig command."""
    commands = (_commands(line, bridge) if _is_command(line) else None) or []
    return len(commands) == 1 and commands[0][1:3] == [interface, "mtu"] and len(commands[0]) == 4


def _makes(line: str, bridge: str, interface: str) -> bool:
    """True for a line that does nothing but make an interface."""
    commands = _commands(line, bridge) if _is_command(line) else None
    return bool(commands) and all(
        words[0].rsplit("/", 1)[-1] == "ifconfig" and words[1:2] == [interface] for words in commands or []
    )


def _insert_early(lines: list[str], early: list[str]) -> list[str]:
    """``early`` before the first line that does anything but create the bridge: a member must fit its MTU."""
    position = 0
    while position < len(lines) and (_joined(lines[position]) in ("", "create") or lines[position].lstrip()[:1] == "#"):
        position += 1
    return lines[:position] + early + lines[position:]


# -- /etc/ifconfig.vlanN ----------------------------------------------------------------------------------------------

_VLAN_WORDS = re.compile(
    r"\bvlan[ \t]+(?P<number>[0-9]+)[ \t]+vlanif[ \t]+(?P<parent>[^\s;&#]+)"
    r"|\bvlanif[ \t]+(?P<parent_2>[^\s;&#]+)[ \t]+vlan[ \t]+(?P<number_2>[0-9]+)"
)


def parse_vlan_file(text: str, interface: str) -> tuple[int, str] | None:
    """The number and the parent that a VLAN gets from its file at boot, or None. The last ones count."""
    found = None
    for raw in _logical_lines(text):
        for words in ([] if _is_lost(raw) else _commands(raw, interface)) or []:
            if words[0].rsplit("/", 1)[-1] == "ifconfig" and words[1:2] == [interface]:
                match = _VLAN_WORDS.search(" ".join(words[2:]))
                if match:
                    number, parent = match["number"] or match["number_2"], match["parent"] or match["parent_2"]
                    found = int(number), parent
    return found


def update_vlan_file(text: str, interface: str, number: int, parent: str) -> str:
    """The file made to give the VLAN this number and parent; all other lines stay. Raises NotUnderstood if a line that
    must change is beyond it."""
    if parse_vlan_file(text, interface) == (number, parent):
        return text
    words = f"vlan {number} vlanif {parent}"
    lines = _logical_lines(_ended(text))
    if any("vlanif" in line and _commands(line, interface) is None for line in lines):
        raise _not_understood(lines, "vlanif")
    lines = [_with_vlan(line, words) for line in lines]
    if parse_vlan_file("".join(lines), interface) is None:
        kept = [line for line in lines if line.strip() != "create"]
        lines = ["create\n", words + "\n", "up\n", *kept]
    if parse_vlan_file("".join(lines), interface) != (number, parent):
        raise _not_understood(lines, "vlan")
    return "".join(lines)


def _with_vlan(line: str, words: str) -> str:
    """A line with these words for its VLAN's, if it has any; one that goes on becomes one line then."""
    if line.lstrip()[:1] == "#":
        return line
    joined = _joined(line) + "\n"
    return _VLAN_WORDS.sub(words, joined if "\\\n" in line and _VLAN_WORDS.search(joined) else line)


# -- ifconfig_IF in rc.conf(5) ----------------------------------------------------------------------------------------


def of_variable(value: str) -> str:
    """The lines that ``ifconfig_IF`` in rc.conf stands for, which are read instead of the file's: semicolons are ends
    of lines, unless it has such ends itself."""
    return (value if "\n" in value else value.replace(";", "\n")) + "\n"
