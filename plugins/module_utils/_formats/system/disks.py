# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What NetBSD's programs print of disks: which there are, where their parts lie, and what they are a part of.

sysctl, disklabel, raidctl, cgdconfig, ccdconfig and dkctl as measured on NetBSD 7.99.10 (the first two: records
sysctl-n-hw.disknames, disklabel-wd0); other releases, lvm and zpool from source, each with its place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Tuple

# Sectors: the first, and how many.
Range = Tuple[int, int]

_PARTITION = re.compile(r"^ ([a-p]):\s+([0-9]+)\s+([0-9]+)\s", re.MULTILINE)
_TYPE = re.compile(r"^ ([a-p]):\s+[0-9]+\s+[0-9]+\s+(\S+(?: \S+)*?)(?:\s{2,}|\s*(?:#|$))", re.MULTILINE)
_WEDGE_TYPE = re.compile(r"^dk[0-9]+: [0-9]+ blocks at [0-9]+, type: (\S*)", re.MULTILINE)
_WEDGE = re.compile(
    r"^(?P<name>dk[0-9]+) at (?P<parent>\S+): .*\n(?P=name): (?P<size>[0-9]+) blocks at (?P<start>[0-9]+),",
    re.MULTILINE,
)
_COMPONENT = re.compile(r"^ *(/\S+): [a-zA-Z_]+$", re.MULTILINE)
_COMPONENT_STATE = re.compile(r"^ +(\S+): ([a-zA-Z_]+)$", re.MULTILINE)
_LABEL_OF = re.compile(r"^   (RAID Level|Autoconfig|Root partition): (\S+)$", re.MULTILINE)
_CGD = re.compile(r"^(cgd[0-9]+): (?:dev ([0-9]+,[0-9]+)|(\S+)) $", re.MULTILINE)
_POOL_PART = re.compile(r"^\t +(\S+)(?: |$)", re.MULTILINE)


def names(text: str) -> list[str]:
    """The disks that there are, wedges and configured units among them: what ``sysctl -n hw.disknames`` prints."""
    return text.split()


def partitions(text: str) -> dict[str, Range]:
    """The partitions of a disk by their letters, as disklabel(8) prints them. It may say that something is odd about
    the label, and end with any status (record disklabel-fresh-vnd)."""
    return {letter: (int(start), int(size)) for letter, size, start in _PARTITION.findall(text)}


def types(text: str) -> dict[str, str]:
    """The types of a disk's partitions by their letters, as disklabel(8) prints them (record disklabel-wd0)."""
    return dict(_TYPE.findall(text))


def wedge_type(text: str) -> str | None:
    """The type of a wedge: what ``dkctl dkN getwedgeinfo`` prints behind its place (sbin/dkctl/dkctl.c,
    disk_getwedgeinfo); None for anything else."""
    found = _WEDGE_TYPE.search(text)
    return found[1] if found else None


def wedge(text: str) -> tuple[str, Range] | None:
    """The disk of a wedge, and where it lies: what ``dkctl dkN getwedgeinfo`` prints (sbin/dkctl/dkctl.c,
    disk_getwedgeinfo); None for anything else."""
    found = _WEDGE.search(text)
    return (found["parent"], (int(found["start"]), int(found["size"]))) if found else None


def raid_components(text: str) -> list[str] | None:
    """The components and spares of a RAID, those that have failed included: what ``raidctl -s raidN`` prints
    (sbin/raidctl/raidctl.c, rf_get_device_status; ``Components:`` has the unit before it since NetBSD 10). One that is
    missing has no path. None for anything else."""
    return _COMPONENT.findall(text) if "Components:" in text else None


@dataclass(frozen=True)
class RaidSet:
    """A RAID with what its components' labels say, each thing once for all components that were read.

    ``states`` are those of its components and spares by their names, ``optimal``, ``used_spare``, ``failed`` and so on;
    ``levels``, ``autoconfig`` and ``root`` the words of the labels: ``1``; ``Yes`` or ``No``; ``No``, ``Yes``, and
    since NetBSD 7 ``Force`` or ``Soft`` in its place.
    """

    states: dict[str, str]
    levels: tuple[str, ...]
    autoconfig: tuple[str, ...]
    root: tuple[str, ...]


def raid_set(text: str) -> RaidSet | None:
    """What ``raidctl -s raidN`` prints (sbin/raidctl/raidctl.c, rf_get_device_status and
    get_component_label). None for anything else."""
    if "Components:" not in text:
        return None
    said: dict[str, list[str]] = {"RAID Level": [], "Autoconfig": [], "Root partition": []}
    for name, word in _LABEL_OF.findall(text):
        said[name] = sorted({*said[name], word})
    head = text.partition("Component label for")[0]
    return RaidSet(dict(_COMPONENT_STATE.findall(head)), *(tuple(words) for words in said.values()))


def ccd_components(text: str) -> dict[str, list[str]]:
    """The components of every ccd: what ``ccdconfig -g`` prints, and what /etc/ccd.conf holds (sbin/ccdconfig/
    ccdconfig.c, print_ccd_info, config_info): unit, interleave, flags, then paths."""
    lines = [line.partition("#")[0].split() for line in text.replace("\\\n", " ").splitlines()]
    lines = [words for words in lines if words and words[0].startswith("ccd")]
    return {words[0]: [word for word in words[2:] if word.startswith("/") or "=" in word] for words in lines}


def cgd_device(text: str, name: str) -> str:
    """The device of a cgd: what ``cgdconfig -l cgdN`` prints (sbin/cgdconfig/cgdconfig.c, show): its name in /dev, or
    its numbers, here ``device MAJOR,MINOR``, if it has none there. Empty if it has none at all."""
    for unit, number, device in _CGD.findall(text):
        if unit == name:
            return f"device {number}" if number else f"/dev/{device}"
    return ""


def cgd_targets(text: str) -> dict[str, str]:
    """The devices that /etc/cgd/cgd.conf names, by cgd (sbin/cgdconfig/cgdconfig.8)."""
    lines = [line.partition("#")[0].split() for line in text.splitlines()]
    return {words[0]: words[1] for words in lines if len(words) > 1}


def pool_parts(text: str) -> list[str]:
    """Whatever stands in the pools that ``zpool status`` shows, disks without the directory among them (external/cddl/
    osnet/dist/cmd/zpool/zpool_main.c, print_status_config)."""
    return [name for name in _POOL_PART.findall(text) if name != "NAME"]


def physical_volumes(text: str) -> list[str]:
    """The disks of LVM: what ``lvm pvs --noheadings -o pv_name`` prints (external/gpl2/lvm2/dist/man/pvs.8.in). On
    NetBSD these are character devices (lvm(8))."""
    return [line.strip() for line in text.splitlines() if line.strip().startswith("/")]
