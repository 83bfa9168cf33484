# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What xl prints, as data."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

# xl pads the name to 40 columns and the rest from the right, so names may hold blanks (record list_space, xl 4.20).
_ROW = re.compile(
    r"(?P<name>.*?)\s+(?P<domid>\d+)\s+(?P<memory>\d+)\s+(?P<vcpus>\d+)\s+(?P<state>[-rbpscwdS]{6})\s+"
    r"(?P<seconds>[0-9.]+)(\s+(?P<pool>\S.*))?\Z"
)
_NOISE = re.compile(
    r"Parsing config from |(libxl|xc|xl): (info|debug|detail|notice|progress|warning): |Daemon running with |"
    r"Saving to |Loading new save file |Savefile contains "
)
_HOTPLUG_CAUSE = "device_hotplug_child_death_cb: script: "
_DOMAIN_ID = re.compile(r"libxl: error: [^:]+:[0-9]+:[^:]+: Domain ([0-9]+):")
# What xl prints for a domain whose name is not in xenstore.
NAMELESS = "(null)"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Row:
    """One line of ``xl list``: ``memory`` in MiB, ``state`` as xl's six letters, ``pool`` only where it was asked
    for."""

    name: str
    domid: int
    memory: int
    vcpus: int
    state: str
    pool: str | None = None

    @property
    def unnamed(self) -> bool:
        """xenstored does not know it: it is being taken apart and its name has gone before it (record destroy-five,
        NetBSD 7.99.10), or xenstored was started anew beside it and knows nothing of it (xl-list-end-with-guest is the
        one, runs-of-the-collection/xenstored-killed-beside-a-guest the other)."""
        return self.name == NAMELESS

    @property
    def dying(self) -> bool:
        """Being taken apart; soon gone. It may have lost its name already (record create-destroy-now, NetBSD
        7.99.10)."""
        return self.state[5] == "d"

    @property
    def paused(self) -> bool:
        return self.state[2] == "p" and not self.down

    @property
    def down(self) -> bool:
        """Has shut down, rebooted or crashed, and waits for its xl to act."""
        return self.state[3] == "s"

    @property
    def crashed(self) -> bool:
        """Down because it crashed, or because its watchdog fired (state column 5)."""
        return self.down and self.state[4] in "cw"


@dataclass(frozen=True)
class Domain:
    """A running domain. ``used`` is its memory in MiB, ``state`` xl's six letters. ``config`` is its live configuration
    in the words of xl.cfg, None if it is not known; ``cpus`` are the real CPUs that each virtual one may run on (text
    by number, because it travels as JSON), and like ``pool`` None if that was not asked for."""

    name: str
    domid: int
    used: int
    online_vcpus: int
    state: str
    pool: str | None
    cpus: dict[str, str] | None
    config: dict[str, Any] | None

    @property
    def row(self) -> Row:
        """The line of the toolstack's list that it was made of."""
        return Row(self.name, self.domid, self.used, self.online_vcpus, self.state)

    @property
    def settings(self) -> dict[str, Any]:
        """Its configuration, as far as it is known."""
        return self.config or {}

    def devices(self, key: str) -> list[dict[str, Any]]:
        """Its devices of a kind (``disk``, ``vif``), as far as they could be understood."""
        return [each for each in self.settings.get(key, []) if isinstance(each, dict)]

    @property
    def disk_paths(self) -> list[str]:
        """The paths of its disks."""
        return [disk["path"] for disk in self.devices("disk") if disk["path"]]


def parse_list(text: str) -> list[Row]:
    """The rows of ``xl list``, or of ``xl list -c`` with each domain's CPU pool. Raises ValueError if it is something
    else."""
    # Not splitlines: a name may hold what that takes for the end of a line.
    lines = [line for line in text.split("\n") if line]
    if not lines or not lines[0].startswith("Name"):
        raise ValueError("xl list printed no table")
    rows = []
    for line in lines[1:]:
        found = _ROW.match(line)
        if found is None:
            raise ValueError(f"xl list printed a line that is not understood: {line!r}")
        domid, memory, vcpus = (int(found[key]) for key in ("domid", "memory", "vcpus"))
        rows.append(Row(found["name"], domid, memory, vcpus, state=found["state"], pool=found["pool"]))
    return rows


def parse_list_long(text: str) -> dict[int, dict[str, Any]]:
    """The configurations that ``xl list -l`` prints, by domain id. Raises ValueError if it is something else.

    Default values are left out there, and booleans are the strings True and False.
    """
    try:
        domains = json.loads(text)
    except ValueError:
        raise ValueError(
            'xl list -l printed no JSON; is output_format="sxp" set in xl.conf? Remove that line.'
        ) from None
    if not isinstance(domains, list):
        raise ValueError("xl list -l printed JSON that is not a list of domains")
    return {int(domain["domid"]): domain.get("config") or {} for domain in domains}


def parse_info(text: str) -> dict[str, str]:
    """``xl info``: key to value, as text."""
    found = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if colon:
            found[key.strip()] = value.strip()
    return found


def cause(stderr: str) -> str:
    """The line that says why a create failed. The last lines never do: they tell of the clean-up.

    That is what a hotplug script said, if one did, else the first line that is not mere information (records
    create_missing_bridge, create_missing_kernel (xl 4.20), create-five-4vnd, create-vifdef (NetBSD 7.99.10)).
    """
    lines = [line.strip() for line in printable(stderr).splitlines() if line.strip() and not _NOISE.match(line)]
    for line in lines:
        if _HOTPLUG_CAUSE in line:
            return line.split(_HOTPLUG_CAUSE, 1)[1]
    return lines[0] if lines else ""


def domain_ids(stderr: str) -> set[int]:
    """The domains that libxl's messages are about, without domain 0 (record create_duplicate, xl 4.20)."""
    return {int(found) for found in _DOMAIN_ID.findall(stderr)} - {0}


def printable(text: str) -> str:
    """Text from a guest or a log without what could steer the reader's terminal."""
    return _CONTROL.sub("", text.replace("\r\n", "\n"))
