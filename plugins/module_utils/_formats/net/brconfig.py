# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What brconfig(8) prints of a bridge beside its members: all that differs from a bridge that was just made."""

from __future__ import annotations

import re

_HEAD = re.compile(r"([A-Za-z][A-Za-z0-9_]*): flags=")
_MEMBER = re.compile(r"\t\t(\S+) flags=[0-9a-fx]+<([^>]*)>")
_PORT = re.compile(r"\t\t\tport \d+ priority (\d+)(?: path cost (\d+))?")
_TREE = re.compile(r"\t\t(priority \d+ hellotime \d+ fwddelay \d+ maxage \d+)\s*\Z")
_FILTER = re.compile(r"\t\tipfilter enabled")
_CACHE = re.compile(r"\tAddress cache \(max cache: (\d+), timeout: (\d+)\)")
_STATIC = re.compile(r"\t\t([0-9a-f]{2}(?::[0-9a-f]{2}){5}) (\S+) \d+ flags=[0-9a-f]+<[^>]*STATIC")
# record br-show-new-b (NetBSD 7.99.10)
_NEW_PORT_PRIORITY, _NEW_PATH_COST = "128", "55"
_NEW = {"priority": "32768", "hellotime": "2", "fwddelay": "15", "maxage": "20", "maxaddr": "100", "timeout": "1200"}


def parse_settings(text: str) -> dict[str, list[list[str]]]:
    """What ``brconfig -a`` printed: for each bridge, in order, the arguments of brconfig that make a new bridge with
    the same members like it. Those for one member have its name as their second word."""
    found: dict[str, list[list[str]]] = {}
    settings: list[list[str]] = []
    member = ""
    for line in text.splitlines():
        head, flags, port = _HEAD.match(line), _MEMBER.match(line), _PORT.match(line)
        tree, cache, static = _TREE.match(line), _CACHE.match(line), _STATIC.match(line)
        if head:
            settings = found[head.group(1)] = []
        elif flags:
            member = flags.group(1)
            settings += _of_flags(member, flags.group(2).split(","))
        elif port:
            settings += _of_port(member, port.group(1), port.group(2))
        elif tree:
            words = tree.group(1).split()
            settings += [list(pair) for pair in zip(words[::2], words[1::2]) if _NEW[pair[0]] != pair[1]]
        elif _FILTER.match(line):
            settings.append(["ipf"])
        elif cache:
            pairs = zip(("maxaddr", "timeout"), cache.groups())
            settings += [list(pair) for pair in pairs if _NEW[pair[0]] != pair[1]]
        elif static:
            settings.append(["static", static.group(2), static.group(1)])
    return found


def _of_flags(member: str, flags: list[str]) -> list[list[str]]:
    """A new member learns and discovers, takes no part in the spanning tree, and is not protected (IFBIFBITS in
    net/if_bridgevar.h; the last one from NetBSD 10 on)."""
    found = [] if "LEARNING" in flags else [["-learn", member]]
    found += [] if "DISCOVER" in flags else [["-discover", member]]
    found += [["protect", member]] if "PROTECTED" in flags else []
    return found + ([["stp", member]] if "STP" in flags else [])


def _of_port(member: str, priority: str, cost: str | None) -> list[list[str]]:
    """The cost is printed of members in the spanning tree only (net/bridgestp.h: BSTP_DEFAULT_PATH_COST)."""
    found = [] if priority == _NEW_PORT_PRIORITY else [["ifpriority", member, priority]]
    return found + ([] if cost in (None, _NEW_PATH_COST) else [["ifpathcost", member, str(cost)]])
