# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Options of xl's sub-commands, read as its def_getopt does (xl_utils.c)."""
from __future__ import annotations

from dataclasses import dataclass, field

from ...core.machine import NotSimulated
from ..common.hypervisor import XlExit, err, out

_DESTROY_USAGE = """Usage: xl [-vtTf] destroy [options] <Domain>


Terminate a domain immediately.

Options:

-f                      Permit destroying domain 0, which will only succeed
                        when run from disaggregated toolstack domain with a
                        hardware domain distinct from domain 0.
"""
_LIST_USAGE = """Usage: xl [-vtT] list [options] [Domain]


List information about all/some domains.

Options:

-l, --long              Output all VM details
-v, --verbose           Prints out UUIDs and security context
-Z, --context           Prints out security context
-c, --cpupool           Prints the cpupool the domain is in
-n, --numa              Prints out NUMA node affinity
"""
# The sub-commands whose help was recorded (destroy_noarg) or measured on xl 4.20.
_USAGE = {
    "destroy": _DESTROY_USAGE, "list": _LIST_USAGE,
    "cd-insert": "Usage: xl [-vtTfN] cd-insert <Domain> <VirtualDevice> <path>\n\nInsert a cdrom into a guest's cd "
                 "drive.\n\n",
    "domid": "Usage: xl [-vtT] domid <DomainName>\n\nConvert a domain name to domain id.\n\n",
    "domname": "Usage: xl [-vtT] domname <DomainId>\n\nConvert a domain id to domain name.\n\n",
}


def usage(command: str) -> None:
    """Print a sub-command's help, if it is known."""
    out(_USAGE.get(command, ""))


@dataclass
class Arguments:
    """What was given: letters of options, values of those that have one, and the rest in order."""

    letters: set[str] = field(default_factory=set)
    values: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)


def read(command: str, args: list[str], letters: str = "", names: dict[str, str] | None = None,
         required: int = 0) -> Arguments:
    """Split options from words; they may stand in any order, `--` ends them.

    ``letters`` is as in getopt(3) (`f:` has a value), ``names`` maps long options to letters. Raises XlExit(2) for an
    unknown option or too few words (records list_badopt, destroy_noarg).
    """
    result = Arguments()
    rest = list(args)
    while rest:
        arg = rest.pop(0)
        if arg == "--":
            result.words += rest
            break
        if arg.startswith("--"):
            name, equals, value = arg[2:].partition("=")
            letter = (names or {}).get(name)
            if name == "help":
                raise NotSimulated(f"xl {command} --help")
            if letter is None:
                _unsupported("\0")
            _store(result, str(letter), letters, value if equals else None, rest)
        elif arg.startswith("-") and len(arg) > 1:
            _cluster(result, command, arg[1:], letters, rest)
        else:
            result.words.append(arg)
    if len(result.words) < required:
        err(f"'xl {command}' requires at least {required} argument{'s' if required > 1 else ''}.\n\n")
        usage(command)
        raise XlExit(2)
    return result


def _cluster(result: Arguments, command: str, cluster: str, letters: str, rest: list[str]) -> None:
    while cluster:
        letter, cluster = cluster[0], cluster[1:]
        if letter == "h":
            raise NotSimulated(f"xl {command} -h")
        if letter not in letters.replace(":", ""):
            _unsupported(letter)
        takes_value = f"{letter}:" in letters
        _store(result, letter, letters, cluster if takes_value and cluster else None, rest)
        if takes_value:
            return


def _store(result: Arguments, letter: str, letters: str, value: str | None, rest: list[str]) -> None:
    if f"{letter}:" not in letters:
        result.letters.add(letter)
        return
    if value is None:
        if not rest:
            _unsupported(letter)
        value = rest.pop(0)
    result.values[letter] = value


def _unsupported(letter: str) -> None:
    err(f"option `{letter}' not supported.\n")
    raise XlExit(2)
