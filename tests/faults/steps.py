# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The steps by which a converge changes a machine, from the log of a clean run.

A step is a command or a file operation of the machine's Python, as the simulator writes it into commands.log:
`/sbin/ifconfig bridge0 create`, `rename /etc/rc.conf`. What only looks is no step: after a fault there the machine is
as it was before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

# Commands that only look, and why each of these forms can't change anything.
READ_ONLY = (
    (r"^/sbin/sysctl (-n )?[^=]+$", "without = or -w sysctl prints"),
    (r"^/usr/(pkg/)?sbin/pkg_info\b", "prints the package database"),
    (r"^/usr/(pkg/)?sbin/pkg_admin (check|findbest|config-var)\b", "reads what is installed, asks the mirror, prints"),
    (r"^/usr/pkg/bin/pkgin (-\w+ )*(list|search|avail|show-deps|pkg-descr)\b", "prints pkgin's database"),
    (r"^/usr/bin/(uname|which|stat|cksum|sha512|pgrep)\b", "prints what it is asked"),
    (r"^/bin/(ps|df)\b", "prints"),
    (r"^/bin/(date|hostname)( [+-]\S+)*$", "without an operand date and hostname print"),
    (r"^/sbin/dmesg\b", "prints the kernel's messages"),
    (r"^/sbin/mount( -v)?$", "without operands mount prints"),
    (r"^/sbin/ifconfig( -[alC]+)?( \w+)?$", "with a name at most ifconfig prints"),
    (r"^/sbin/brconfig( -a)?( \w+)?$", "with a name at most brconfig prints"),
    (r"^/sbin/route -n get\b", "asks the routing table"),
    (r"^/usr/bin/netstat -rn\b", "prints the routing table"),
    (r"^/usr/sbin/cpuctl (identify|list)\b", "asks the CPU"),
    (r"^/usr/sbin/vnconfig -l", "lists units"),
    (r"^/sbin/disklabel (-r )?\w+$", "without -R, -e, -w or -i prints the label"),
    (r"^/(usr/)?sbin/dumpfs\b", "prints the superblock"),
    (r"^/sbin/swapctl -l", "lists"),
    (r"^/usr/bin/ssh(-keyscan)? .*( date \+%s|[\d.]+)$", "asks a guest for its key, or for the time"),
    (r"^/usr/sbin/arp -an$", "prints"),
    (r"^/usr/sbin/npfctl (validate|show|stats|list)\b", "checks or prints"),
    (r"^/sbin/npfctl (validate|show|stats|list)\b", "checks or prints"),
    (r"^/usr/bin/ftp -o - ", "prints what it fetches"),
    (r"^/usr/pkg/sbin/x[lm] (list|info|dmesg|vcpu-list|uptime|top|domid|domname|network-list|block-list)\b", "prints"),
    (r"^/usr/pkg/sbin/x[lm] sched-credit2?( -d \S+)?$", "without -w and -c prints"),
    (r"^/usr/pkg/sbin/x[lm] (create|new) .*-n\b", "a dry run"),
    (r"^/usr/pkg/bin/xenstore-(read|ls|list|exists)\b", "prints"),
    (r"^/usr/bin/make (show-var|show-vars)\b", "prints a variable"),
    (r"^/\.sim/bin/rcscript .* (status|rcvar|onestatus)$", "prints"),
    (r"^/usr/sbin/service \S+ (status|rcvar|onestatus)$", "prints"),
    (r"^/usr/pkg/bin/grub-editenv \S+ list$", "prints"),
)
_READ_ONLY = re.compile("|".join(pattern for pattern, _reason in READ_ONLY))

# What differs from run to run in a line: the token of a guarded change, and the name of a file that is being fetched.
_RANDOM = re.compile(r"\b[0-9a-f]{32}\b|(?<=\.)[a-z0-9_]{8}(?=\.netbsd_xen\b)")


@dataclass(frozen=True)
class Step:
    """A step of a converge, by its line in commands.log with blanks between the words."""

    line: str

    @property
    def is_command(self) -> bool:
        """Whether it is a command; else an operation on a file."""
        return self.line.startswith("/")

    @property
    def program(self) -> str:
        """Base name of the command, or the kind of operation."""
        return self.line.split(" ", 1)[0].rpartition("/")[2]

    @property
    def match(self) -> str:
        """The regular expression that finds it, and nothing else, on a machine in the same state."""
        return "^" + "[a-z0-9_]+".join(re.escape(part) for part in _RANDOM.split(self.line)) + "$"

    @property
    def shape(self) -> str:
        """The line without the words that vary with release, architecture, guest and unit."""
        line = re.sub(r"\w+://\S+", "URL", _RANDOM.sub("TOKEN", self.line))
        line = re.sub(r"\b(XEN3)(PAE)?_DOM", r"\1_DOM", line)
        return re.sub(r"\d+([._]\d+)*", "N", line)


def steps(log: Iterable[str]) -> list[Step]:
    """The steps of a run, each line once, in the order of their first occurrence.

    ``log`` are the lines of commands.log, with file operations. One that failed changed nothing; a command that failed
    may have changed something.
    """
    found: dict[Step, None] = {}
    for line in log:
        entry = json.loads(line)
        step = Step(_RANDOM.sub(lambda word: "0" * len(word[0]), " ".join(entry["argv"])))
        if not changes_nothing(step, entry["rc"]):
            found[step] = None
    return list(found)


def changes_nothing(step: Step, status: int) -> bool:
    """Whether a step only looked, or is a file operation that the system refused."""
    if step.is_command:
        return _READ_ONLY.search(step.line) is not None
    return status != 0
