# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""newfs(8) and fsck(8) of FFS."""

from __future__ import annotations

import sys

from ..core import forms
from ..core.machine import Machine, NotSimulated, SimError
from ..disk import ffs, labels, volume
from . import devices, diskcommands, mounts, volumes


def newfs(m: Machine, argv: list[str]) -> int:
    """newfs [-I] [-O 1|2] [-V LEVEL] [-b SIZE] [-f SIZE] [-i DENSITY] SPECIAL (record from-sets newfs;
    sbin/newfs/newfs.c: without -O it is format 1)."""
    letters, values, (name,) = forms.read(argv)
    numbers = {letter: int(values[letter][-1]) for letter in "Obfi" if letter in values}
    special = _raw(m, name)
    try:
        span = volumes.partition(m, special)
    except volumes.NoDevice as error:
        raise SimError(f"newfs: {special}: open for read: {error.message}") from None
    for entry in mounts.table(m):
        if entry["device"].replace("/dev/", "/dev/r") == special:
            raise SimError(f"newfs: {special} is mounted on {entry['dir']}")
    disk, letter = volumes.disk_of(special)
    if "I" not in letters and not _is_for_ffs(m, disk, letter):
        raise SimError(f"newfs: {special} partition type is not `4.2BSD'")
    try:
        layout = ffs.layout(span.size // ffs.SECTOR, numbers.get("O", 1), numbers.get("b", 0), numbers.get("f", 0),
                            numbers.get("i", 0))
        volume.make_ffs(span, layout, int(m.now()))
    except ffs.TooSmall as error:  # to standard output, with its own status (mkfs.c)
        print(error)
        return 23
    except volume.Full:
        raise NotSimulated(f"{' '.join(argv)}: too small to hold anything here") from None
    level = values.get("V", ["3"])[-1]
    if level in "3":
        print(ffs.told(layout, special), end="")
    elif level != "0":
        raise NotSimulated(" ".join(argv))
    return 0


def _is_for_ffs(m: Machine, disk: str, letter: str) -> bool:
    """Whether the label, or a wedge itself, says so."""
    if not letter:
        return bool([*m.data["wedges"][disk], "ffs"][4] == "ffs")
    part = volumes.label(m, disk).part(letter)
    return part is not None and part.fstype == labels.FFS


def _raw(m: Machine, name: str) -> str:
    """/dev/rvnd0a for /dev/vnd0a, /dev/rvnd0a and vnd0a; rvnd0a is looked for as /dev/rrvnd0a (facts measured 16)."""
    if name.startswith("/dev/") and not name.startswith("/dev/r"):
        name = name.replace("/dev/", "/dev/r", 1)
    try:
        return diskcommands.open_disk(m, name)
    except SimError as error:
        path, _colon, reason = error.message.rpartition(": ")
        raise SimError(f"newfs: {path}: open for read: {reason}") from None


# --- fsck ------------------------------------------------------------------------------------------------------------

_PHASES = ("1 - Check Blocks and Sizes", "2 - Check Pathnames", "3 - Check Connectivity", "4 - Check Reference Counts",
           "5 - Check Cyl groups")


def fsck(m: Machine, argv: list[str]) -> int:
    """fsck [-f] -n|-p|-y SPECIAL of an FFS (records from-sets fsck-empty, fsck; sbin/fsck_ffs/main.c, setup.c)."""
    letters, _values, (name,) = forms.read(argv)
    if not letters & {"n", "p", "y"}:
        raise NotSimulated(f"{' '.join(argv)}: asks questions")
    special = name if "/" in name else f"/dev/r{name}"
    if devices.node(m, special) is None:
        raise SimError(f"fsck: {special}: No such file or directory", 8)
    try:
        span = volumes.partition(m, special)
    except volumes.NoDevice as error:
        raise SimError(f"Can't open {special}: {error.message}\n{special}: CAN'T CHECK FILE SYSTEM.", 8) from None
    found = volume.find_ffs(span)
    if found is None:
        return _no_superblock(special, "p" in letters)
    block = special.replace("/dev/r", "/dev/", 1)
    entry = next((each for each in mounts.table(m) if each["device"] == block), None)
    if entry is not None and "n" not in letters:
        raise NotSimulated(f"{' '.join(argv)}: it is mounted")
    if found.clean and "f" not in letters:
        print(f"{special}: file system is clean; not checking" if "p" in letters else
              f"** {special}\n** File system is clean; not checking")
        return 0
    counts = volume.count(span)
    if counts is None:
        raise NotSimulated(f"{' '.join(argv)}: what is in it was damaged")
    _tell(special, found, counts, "p" in letters)
    if not found.clean and "n" not in letters:
        volume.mark(span, found.mounted_on, True, int(m.now()))
        print(f"{special}: FILE SYSTEM IS CLEAN; SKIPPING CHECKS" if "p" in letters else
              "\n***** FILE SYSTEM MARKED CLEAN *****")
    return 0


def _no_superblock(special: str, preen: bool) -> int:
    """With -p it gives up (status 8); else it ends with 0 all the same (main.c, checkfilesys)."""
    print(f"** {special}" if not preen else f"{special}: BAD SUPER BLOCK: MAGIC NUMBER WRONG")
    if preen:
        print(f"{special}: UNEXPECTED INCONSISTENCY; RUN fsck_ffs MANUALLY.", file=sys.stderr)
        return 8
    print("BAD SUPER BLOCK: MAGIC NUMBER WRONG")
    return 0


def _tell(special: str, found: ffs.Ffs, counts: tuple[int, int], preen: bool) -> None:
    files, taken = counts
    fragments = taken // found.fsize
    left, loose, blocks = found.free(fragments - 1)
    part = loose * 1000 // found.dsize
    summary = (f"{files} files, {fragments} used, {left} free ({loose} frags, {blocks} blocks, "
               f"{part // 10}.{part % 10}% fragmentation)")
    if preen:
        print(f"{special}: {summary}")
        return
    print(f"** {special}")
    if found.clean:
        print("** File system is already clean")
    print(f"** Last Mounted on {found.mounted_on}")
    for phase in _PHASES:
        print(f"** Phase {phase}")
    print(summary)

