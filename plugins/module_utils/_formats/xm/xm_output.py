# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What xm prints, as data. Sources: Xen's tools/python/xen/xm/main.py (``xm_brief_list``, ``_run_cmd``) of 3.1 to 4.2
and its forerunner of Xen 2, and xm/create.py."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..xl import xl_output
from ..xl.xl_output import Row

# Xen 3.1 to 4.2. The widths changed (ID: 3, then 5), the columns did not; a name with blanks can't be (xend allows
# letters, digits and _-.:/+). A managed domain that does not run has neither id nor state, in their columns blanks.
_ROW = re.compile(
    r"(?P<name>\S+)\s+(?P<domid>[0-9]+)\s+(?P<memory>[0-9]+)\s+(?P<vcpus>[0-9]+)\s+(?P<state>[-rbpscd]{6})"
    r"\s+(?P<seconds>[0-9]+\.[0-9]+)\s*\Z"
)
_MANAGED = re.compile(r"(?P<name>\S+)\s+(?P<memory>[0-9]+)\s+(?P<vcpus>[0-9]+)\s+(?P<seconds>[0-9]+\.[0-9]+)\s*\Z")
# Xen 2 and the first of 3.0: Name, Id, Mem(MB), CPU, State (five letters), Time(s), Console (empty for domain 0).
_OLD_ROW = re.compile(
    r"(?P<name>\S+)\s+(?P<domid>[0-9]+)\s+(?P<memory>[0-9]+)\s+(?P<cpu>-?[0-9]+)\s+(?P<state>[-rbpscd]{5,6})"
    r"\s+(?P<seconds>[0-9]+\.[0-9]+)(\s+(?P<console>[0-9]+))?\s*\Z"
)
_OLD_HEADER = re.compile(r"Name\s+Id\s+Mem\(MB\)\s+CPU\s")
_HEADER = re.compile(r"Name\s+ID\s+Mem(\(MiB\))?\s+VCPUs\s")
_ERROR = re.compile(r"Error: *(?P<text>.*)\Z")


@dataclass(frozen=True)
class Listing:
    """What ``xm list`` shows: ``rows`` of the domains that run, domain 0 included, and the names of the ``managed``
    ones that do not."""

    rows: list[Row]
    managed: list[str]


def parse_list(text: str) -> Listing:
    """``xm list`` in any of its three layouts. Raises ValueError if it is something else.

    Where the CPU column of Xen 2 stands, the number of virtual CPUs is 1: that Xen knew no more.
    """
    lines = text.splitlines()
    if not lines or not (_HEADER.match(lines[0]) or _OLD_HEADER.match(lines[0])):
        raise ValueError("xm list printed no table")
    old = bool(_OLD_HEADER.match(lines[0]))
    listing = Listing([], [])
    for line in lines[1:]:
        found = (_OLD_ROW if old else _ROW).match(line)
        managed = None if found or old else _MANAGED.match(line)
        if found:
            vcpus = 1 if old else int(found["vcpus"])
            listing.rows.append(
                Row(found["name"], int(found["domid"]), int(found["memory"]), vcpus, _state(found["state"]))
            )
        elif managed:
            listing.managed.append(managed["name"])
        elif line.strip():
            raise ValueError(f"xm list printed a line that is not understood: {line!r}")
    return listing


def _state(letters: str) -> str:
    """xend's letters as xl's. To xend a crashed domain is not shut down (tools/libxc/xc_domain.c, xc_domain_getinfo),
    to xl it is; Xen 2 has no letter for a dying one."""
    letters = letters.ljust(6, "-")
    return letters[:3] + "s" + letters[4:] if letters[4] == "c" else letters


def parse_info(text: str) -> dict[str, str]:
    """``xm info``: key to value, as text; memory in MiB. A value that xend does not have is left out."""
    return {key: value for key, value in xl_output.parse_info(text).items() if value != "(none)"}


def cause(stderr: str) -> str:
    """The line that says why a command failed. xm prints it first, and for many errors the command's usage below."""
    lines = [line.strip() for line in xl_output.printable(stderr).splitlines() if line.strip()]
    for line in lines:
        found = _ERROR.match(line)
        if found and found["text"]:
            return found["text"].rstrip(".")
    # A traceback tells at its end.
    if any(line.startswith("Traceback ") for line in lines):
        return lines[-1]
    return lines[0] if lines else ""
