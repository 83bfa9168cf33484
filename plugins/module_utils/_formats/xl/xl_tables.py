# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The tables of ``xl vcpu-list``, ``network-list``, ``block-list``, ``cpupool-list`` and of the schedulers, as data.

A field that is missing, is ``-``, or is not what it should be is None: nothing is guessed. -1, which xl prints for a
ring or an event channel that is not there yet (record blocklist-five, NetBSD 7.99.10), is None as well. The tables of
xm (Xen's tools/python/xen/xm/main.py) have the same columns with other widths, and are read here too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# The name is padded, and may hold blanks. The affinity is one word for each kind in xl (``1 / all``), and may be two
# words in xm (``any cpu``, ``no cpus``).
_VCPU = re.compile(
    r"(?P<name>.*?)\s+(?P<domid>[0-9]+)\s+(?P<vcpu>[0-9]+)(?:\s+(?P<cpu>[0-9]+|-)\s+(?P<state>[-rbp]{3}))?"
    r"\s+(?P<seconds>[0-9]+\.[0-9]+)(?:\s+(?P<affinity>\S.*?))?\s*\Z"
)
# xm lists its managed domains that do not run too: no domain id, no CPU, no state.
_STOPPED_VCPU = re.compile(r"\S+\s+[0-9]+\s+[0-9]+\.[0-9]+(\s|\Z)")
_POOL = re.compile(
    r"(?P<name>.*?)\s+(?P<cpus>[0-9]+)\s+(?P<scheduler>\S+)\s+(?P<active>[yn])(?:\s+(?P<domains>[0-9]+))?\s*\Z"
)
_SHARES = re.compile(r".*\s(?P<domid>[0-9]+)\s+(?P<weight>[0-9]+)\s+(?P<cap>[0-9]+)\s*\Z")
_DIGITS = re.compile(r"[0-9]{1,18}\Z")
# network-list prints the two rings as one word, 522/523 or "-1/-1"; xm with blanks between them.
_RINGS = re.compile(r"(-?[0-9]+)\s*/\s*(-?[0-9]+)")
_MAC = re.compile(r"[0-9a-f]{2}(:[0-9a-f]{2}){5}\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Vcpu:
    """One virtual CPU. ``cpu`` is where it is now; ``state`` three letters (running, blocked, paused: ``--p`` is one
    that is offline); ``seconds`` the CPU time it has used; ``hard`` and ``soft`` the real CPUs it may and should run
    on."""

    name: str
    domid: int
    vcpu: int
    cpu: int | None
    state: str | None
    seconds: float
    hard: str | None
    soft: str | None


@dataclass(frozen=True)
class LiveNic:
    """One network interface of a domain. ``state`` is xenbus's: 4 is connected."""

    index: int
    backend: int | None
    mac: str | None
    handle: int | None
    state: int | None
    event_channel: int | None
    tx_ring: int | None
    rx_ring: int | None
    path: str | None


@dataclass(frozen=True)
class LiveDisk:
    """One disk of a domain. ``vdev`` is its number (see ``devices.vdev_number``), ``state`` xenbus's: 4 is
    connected."""

    vdev: int
    backend: int | None
    handle: int | None
    state: int | None
    event_channel: int | None
    ring: int | None
    path: str | None


@dataclass(frozen=True)
class Pool:
    """One CPU pool: how many CPUs and domains it has."""

    name: str
    cpus: int
    scheduler: str
    active: bool
    domains: int | None


def parse_vcpu_list(text: str) -> list[Vcpu]:
    """``xl vcpu-list`` or ``xm vcpu-list`` (record vcpulist_pinned, xl 4.20). Raises ValueError for something else."""
    lines = _body(text, "Name", "vcpu-list")
    return [_vcpu(line) for line in lines if _VCPU.match(line) or not _STOPPED_VCPU.match(line)]


def _vcpu(line: str) -> Vcpu:
    found = _VCPU.match(line)
    if found is None:
        raise _not_understood("vcpu-list", line)
    hard, _slash, soft = (found["affinity"] or "").partition("/")
    return Vcpu(
        name=found["name"],
        domid=int(found["domid"]),
        vcpu=int(found["vcpu"]),
        cpu=_number(found["cpu"]),
        state=found["state"],
        seconds=float(found["seconds"]),
        hard=_affinity(hard),
        soft=_affinity(soft),
    )


def _affinity(text: str) -> str | None:
    """xl says ``all`` where xm says ``any cpu``."""
    text = text.strip()
    return {"any cpu": "all", "no cpus": None}.get(text, text or None)


def parse_network_list(text: str) -> list[LiveNic]:
    """``xl network-list DOMAIN`` (records netlist, net_list_3, xl 4.20; net-attach-running, NetBSD 7.99.10). A domain
    without interfaces has no lines, and from xm not even a header. Raises ValueError for something else."""
    return [_nic(line) for line in _body(text, "Idx", "network-list")]


def _nic(line: str) -> LiveNic:
    rings = _RINGS.search(line)
    words = (line[: rings.start()] if rings else line).split()
    after = line[rings.end() :].split() if rings else []
    index = _number(_at(words, 0))
    if index is None:
        raise _not_understood("network-list", line)
    mac = _at(words, 2)
    return LiveNic(
        index=index,
        backend=_number(_at(words, 1)),
        mac=mac.lower() if mac and _MAC.match(mac) else None,
        handle=_number(_at(words, 3)),
        state=_number(_at(words, 4)),
        event_channel=_number(_at(words, 5)),
        tx_ring=_number(rings.group(1)) if rings else None,
        rx_ring=_number(rings.group(2)) if rings else None,
        path=_path(_at(after, 0)),
    )


def parse_block_list(text: str) -> list[LiveDisk]:
    """``xl block-list DOMAIN`` (records blocklist, block_list_2, xl 4.20; blocklist-five, NetBSD 7.99.10). Raises
    ValueError for something else."""
    return [_disk(line) for line in _body(text, "Vdev", "block-list")]


def _disk(line: str) -> LiveDisk:
    words = line.split()
    vdev = _number(_at(words, 0))
    if vdev is None:
        raise _not_understood("block-list", line)
    backend, handle, state, event_channel, ring = (_number(_at(words, place)) for place in range(1, 6))
    return LiveDisk(vdev, backend, handle, state, event_channel, ring, _path(_at(words, 6)))


def parse_cpupool_list(text: str) -> list[Pool]:
    """``xl cpupool-list`` (record cpupool_list_3, xl 4.20). Raises ValueError for something else."""
    return [_pool(line) for line in _body(text, "Name", "cpupool-list")]


def _pool(line: str) -> Pool:
    found = _POOL.match(line)
    if found is None:
        raise _not_understood("cpupool-list", line)
    return Pool(
        name=found["name"],
        cpus=int(found["cpus"]),
        scheduler=found["scheduler"],
        active=found["active"] == "y",
        domains=_number(found["domains"]),
    )


def parse_shares(text: str) -> dict[int, tuple[int, int]]:
    """``xl sched-credit2 -d ID``, ``xl sched-credit -d ID`` (record sched_credit2_dom, xl 4.20) or ``xm sched-credit``:
    the weight and the cap of each domain by its id. Raises ValueError if it is something else."""
    header, *lines = [line for line in text.split("\n") if line.strip()] or [""]
    if header.split() != ["Name", "ID", "Weight", "Cap"]:
        raise ValueError(f"no table of weights was printed, but {header[:80]!r}")
    found = [_SHARES.match(line) for line in lines]
    return {int(row["domid"]): (int(row["weight"]), int(row["cap"])) for row in found if row}


def dom0_weight(text: str) -> int:
    """dom0's weight in such a table. Raises ValueError if it is not in it."""
    shares = parse_shares(text)
    if 0 not in shares:
        raise ValueError("the table of weights has no line for domain 0")
    return shares[0][0]


# -- what they share ---------------------------------------------------------------------------------------------------


def _body(text: str, first_word: str, command: str) -> list[str]:
    """The lines under the header; none for a text without lines."""
    # Not splitlines(): it also breaks at characters that a domain's name may hold.
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return []
    if lines[0].split()[0] != first_word:
        raise ValueError(f"{command} printed no table, but {lines[0][:80]!r}")
    return lines[1:]


def _not_understood(command: str, line: str) -> ValueError:
    return ValueError(f"{command} printed a line that is not understood: {line!r}")


def _at(words: list[str], place: int) -> str | None:
    return words[place] if place < len(words) else None


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and _DIGITS.match(text) else None


def _path(text: str | None) -> str | None:
    return text if text and text.startswith("/") else None
