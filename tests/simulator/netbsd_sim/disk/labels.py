# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disklabel: as bytes on a disk, as text, and what disklabel(8) thinks of it.

Layout: sys/sys/disklabel.h. On amd64 and i386 it is in the second sector of the disk, or of the MBR's NetBSD partition
(sys/arch/x86/include/disklabel.h). Text, checks and messages: sbin/disklabel/main.c 1.27 and printlabel.c; records
from-sets (disklabel-before, disklabel-R, disklabel-after, NetBSD 7.99.10).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field

SECTOR = 512
MAGIC = 0x82564557
RAW = 3  # partition d
MOST = 16

_HEAD = struct.Struct("<IHH16s16s6IHHIHHHHIII5I5IIHHII")
_PART = struct.Struct("<IIIBBH")
_MBR_NETBSD = 169

DISK_TYPES = ("unknown", "SMD", "MSCP", "old DEC", "SCSI", "ESDI", "ST506", "HP-IB", "HP-FL", "type 9", "floppy", "ccd",
              "vnd", "ATAPI", "RAID", "ld", "jfs", "cgd", "vinum", "flash", "dm", "rumpd", "md")
UNUSED, SWAP, FFS, EXT2, CD9660 = 0, 1, 7, 17, 12
FS_TYPES = ("unused", "swap", "Version 6", "Version 7", "System V", "4.1BSD", "Eighth Edition", "4.2BSD", "MSDOS",
            "4.4LFS", "unknown", "HPFS", "ISO9660", "boot", "ADOS", "HFS", "FILECORE", "Linux Ext2", "NTFS", "RAID",
            "ccd", "jfs", "Apple UFS", "vinum", "UDF", "SysVBFS", "EFS", "NiLFS", "cgd", "MINIX FSv3")
_WITH_CPG = (FFS, FS_TYPES.index("ADOS"), FS_TYPES.index("Apple UFS"), FS_TYPES.index("4.4LFS"))

# Of the geometry, in the order of the bytes.
_GEOMETRY = ("secsize", "nsectors", "ntracks", "ncylinders", "secpercyl", "secperunit", "rpm", "interleave",
             "trackskew", "cylskew", "headswitch", "trkseek")
# The text's names, the attribute, and how many bits it may have.
_NUMBERS = {"bytes/sector": ("secsize", 32), "sectors/track": ("nsectors", 32), "tracks/cylinder": ("ntracks", 32),
            "sectors/cylinder": ("secpercyl", 32), "cylinders": ("ncylinders", 32),
            "total sectors": ("secperunit", 32), "sectors/unit": ("secperunit", 32), "rpm": ("rpm", 16),
            "interleave": ("interleave", 16), "trackskew": ("trackskew", 16), "cylinderskew": ("cylskew", 16),
            "headswitch": ("headswitch", 32), "track-to-track seek": ("trkseek", 32)}


@dataclass
class Part:
    """A partition; size and offset are in sectors, fsize is that of a fragment in bytes."""

    size: int = 0
    offset: int = 0
    fstype: int = UNUSED
    fsize: int = 0
    frag: int = 0
    cpg: int = 0


@dataclass
class Label:
    """A disklabel. Sizes are in sectors but for those of the boot area and the superblock."""

    kind: int = 0
    typename: str = ""
    packname: str = ""
    secsize: int = 0
    nsectors: int = 0
    ntracks: int = 0
    ncylinders: int = 0
    secpercyl: int = 0
    secperunit: int = 0
    rpm: int = 0
    interleave: int = 0
    trackskew: int = 0
    cylskew: int = 0
    headswitch: int = 0
    trkseek: int = 0
    npartitions: int = 0
    bbsize: int = 0
    sbsize: int = 0
    parts: list[Part] = field(default_factory=lambda: [Part() for _number in range(MOST)])

    def part(self, letter: str) -> Part | None:
        """The partition of that letter; None for one that the label lacks."""
        number = ord(letter) - ord("a")
        return self.parts[number] if number < self.npartitions else None


def of_vnd(sectors: int) -> Label:
    """What the kernel makes up for a vnd without a label: the whole of it is `a`, and `d` (sys/dev/vnd.c,
    vndgetdefaultlabel; readdisklabel in sys/arch/x86; record disklabel-before)."""
    small = sectors < 32 * 64
    nsectors, ntracks = (1, 1) if small else (32, 64)
    label = Label(DISK_TYPES.index("vnd"), "vnd", "fictitious", SECTOR, nsectors, ntracks,
                  sectors // (nsectors * ntracks), nsectors * ntracks, sectors, 3600, 1, npartitions=RAW + 1)
    label.parts[0] = Part(sectors, 0, FFS)
    label.parts[RAW] = Part(sectors)
    return label


# --- bytes -----------------------------------------------------------------------------------------------------------


def pack(label: Label) -> bytes:
    """The label as it is on the disk, with its checksum."""
    parts = b"".join(_PART.pack(each.size, each.offset, each.fsize, each.fstype, each.frag, each.cpg)
                     for each in label.parts)

    def head(checksum: int) -> bytes:
        return _HEAD.pack(
            MAGIC, label.kind, 0, label.typename.encode()[:16], label.packname.encode()[:16], label.secsize,
            label.nsectors, label.ntracks, label.ncylinders, label.secpercyl, label.secperunit, 0, 0, 0, label.rpm,
            label.interleave, label.trackskew, label.cylskew, label.headswitch, label.trkseek, 0, *[0] * 10, MAGIC,
            checksum, label.npartitions, label.bbsize, label.sbsize)

    return head(_checksum(head(0) + parts, label.npartitions)) + parts


def unpack(data: bytes) -> Label | None:
    """The label that a sector begins with; None if there is none, or one whose checksum is wrong."""
    if len(data) < _HEAD.size + MOST * _PART.size:
        return None
    values = _HEAD.unpack_from(data)
    npartitions = values[-3]
    if values[0] != MAGIC or values[-5] != MAGIC or npartitions > MOST or _checksum(data, npartitions):
        return None
    typename, packname = (value.rstrip(b"\0").decode(errors="replace") for value in values[3:5])
    label = Label(values[1], typename, packname, npartitions=npartitions, bbsize=values[-2], sbsize=values[-1])
    for name, value in zip(_GEOMETRY, values[5:11] + values[14:20], strict=True):
        setattr(label, name, value)
    for number in range(MOST):
        size, offset, fsize, fstype, frag, cpg = _PART.unpack_from(data, _HEAD.size + number * _PART.size)
        label.parts[number] = Part(size, offset, fstype, fsize, frag, cpg)
    return label


def _checksum(data: bytes, npartitions: int) -> int:
    """sbin/disklabel/dkcksum.c: all 16-bit words, exclusive or. That of a whole label is 0."""
    found = 0
    for (word,) in struct.iter_unpack("<H", data[:_HEAD.size + npartitions * _PART.size]):
        found ^= word
    return found


def place(first_sector: bytes) -> int:
    """The byte at which a disk with this first sector has its label: in the second sector of the MBR's NetBSD
    partition, or of the disk."""
    if first_sector[510:512] == b"\x55\xaa":
        for number in range(4):
            entry = first_sector[446 + 16 * number:462 + 16 * number]
            if entry[4] == _MBR_NETBSD:
                return int(struct.unpack("<I", entry[8:12])[0] + 1) * SECTOR
    return SECTOR


# --- text ------------------------------------------------------------------------------------------------------------


def shown(label: Label, special: str) -> str:
    """What disklabel prints (printlabel.c; records disklabel-before, disklabel-after)."""
    kind = DISK_TYPES[label.kind] if label.kind < len(DISK_TYPES) else str(label.kind)
    lines = [f"# {special}:", f"type: {kind}", f"disk: {label.typename}", f"label: {label.packname}", "flags:",
             f"bytes/sector: {label.secsize}", f"sectors/track: {label.nsectors}", f"tracks/cylinder: {label.ntracks}",
             f"sectors/cylinder: {label.secpercyl}", f"cylinders: {label.ncylinders}",
             f"total sectors: {label.secperunit}", f"rpm: {label.rpm}", f"interleave: {label.interleave}",
             f"trackskew: {label.trackskew}", f"cylinderskew: {label.cylskew}",
             f"headswitch: {label.headswitch}\t\t# microseconds",
             f"track-to-track seek: {label.trkseek}\t# microseconds", "drivedata: 0 ", "",
             f"{label.npartitions} partitions:", "#        size    offset     fstype [fsize bsize cpg/sgs]"]
    lines += [_shown_part(label, number) for number in range(label.npartitions) if label.parts[number].size]
    return "\n".join(lines) + "\n"


def _shown_part(label: Label, number: int) -> str:
    part = label.parts[number]
    kind = FS_TYPES[part.fstype][:10] if part.fstype < len(FS_TYPES) else str(part.fstype)
    bsize = part.fsize * part.frag
    sizes = " " * 20
    if part.fstype in _WITH_CPG:
        sizes = f"  {part.fsize:>5} {bsize:>5} {part.cpg:>5} "
    elif part.fstype == UNUSED:
        sizes = f"  {part.fsize:>5} {bsize:>5} {'':>5} "
    elif part.fstype == EXT2:
        sizes = f"  {part.fsize:>5} {bsize:>5}       "
    elif part.fstype == CD9660:
        sizes = f"  {part.fsize:>6}            "
    end = part.offset + part.size
    first = f"{part.offset // label.secpercyl:>6}{'*' if part.offset % label.secpercyl else ' '}"
    last = f"{-(-end // label.secpercyl) - 1:>6}{'*' if end % label.secpercyl else ''}"
    return f" {chr(97 + number)}: {part.size:>9} {part.offset:>9} {kind:>10}{sizes} # (Cyl. {first}- {last})"


class _Bad(Exception):
    """A line that cannot be read; what disklabel says of it."""


def parse(text: str) -> tuple[Label, list[str], bool]:
    """A prototype as `disklabel -R` reads it: the label, what is said on the way, and whether it can be written
    (main.c, getasciilabel and checklabel). What it does not name is zero."""
    label = Label(bbsize=8192, sbsize=8192)
    said: list[str] = []
    good = True
    for number, line in enumerate(text.splitlines(), 1):
        content = re.split(r"[#\r\n]", line, maxsplit=1)[0].lstrip(" \t")
        if not content:
            continue
        key, colon, value = content.partition(":")
        try:
            if not colon:
                raise _Bad("syntax error")
            kind = _read_line(label, key, value.lstrip(" \t"))
            if kind:
                said += [f"line {number}: warning, unknown file system type: {kind}",
                         "tip: use -l to see all valid file system types"]
        except _Bad as bad:
            said.append(f"line {number}: {bad}")
            good = False
    errors, warnings = check(label)
    return label, said + warnings, good and not errors


def _number(text: str, bits: int = 32) -> int | None:
    match = re.match(r"\d+(?=\s|\Z)", text)
    return int(match[0]) if match and int(match[0]) < 1 << bits else None


def _read_line(label: Label, key: str, value: str) -> str:
    """Take one line into the label. Returns a type of file system that nobody knows; raises _Bad."""
    if key == "type":
        names = [name.lower() for name in DISK_TYPES]
        kind = names.index(value.lower()) if value.lower() in names else _number(value or "unknown", 16)
        if kind is None:
            raise _Bad("syntax error")
        label.kind = kind
    elif key == "flags":
        unknown = [word for word in value.split() if word.lower() not in ("removable", "ecc", "badsect")]
        if unknown:
            raise _Bad(f"bad flag: {unknown[0]}")
    elif key == "drivedata":
        if any(_number(word) is None for word in value.split()[:5]):
            raise _Bad("bad drive data")
    elif key == "disk":
        label.typename = value[:16]
    elif key == "label":
        label.packname = value[:16]
    elif re.match(r"\s*\d+ partitions", key):
        count = int(key.split()[0])
        label.npartitions = count if 0 < count <= MOST else MOST
        if not 0 < count <= MOST:
            raise _Bad("bad # of partitions")
    elif key in _NUMBERS:
        name, bits = _NUMBERS[key]
        number = _number(value, bits)
        if number is None or (name == "secsize" and (number == 0 or number % SECTOR)):
            raise _Bad(f"bad {key}: {value}")
        setattr(label, name, number)
    elif not re.fullmatch("[a-z]", key):
        raise _Bad(f"unknown field: {key}")
    elif ord(key) - ord("a") >= MOST:
        raise _Bad(f"bad partition name: {key}")
    else:
        return _read_part(label, label.parts[ord(key) - ord("a")], value)
    return ""


def _read_part(label: Label, part: Part, text: str) -> str:
    part.size, text = _sectors(label, text)
    part.offset, text = _sectors(label, text)
    if not text:
        raise _Bad("too few fields")
    found = next((number for number, name in enumerate(FS_TYPES) if re.match(re.escape(name) + r"(\s|\Z)", text)), None)
    unknown = ""
    if found is None:
        word = text.split()[0]
        found = _number(word, 8) if word[0].isdigit() else len(FS_TYPES)
        if found is None:
            raise _Bad("syntax error")
        if found >= len(FS_TYPES):
            unknown, found = word, UNUSED
        text = text[len(word):].lstrip(" \t")
    else:
        text = text[len(FS_TYPES[found]):].lstrip(" \t")
    part.fstype = found
    if found in (UNUSED, EXT2) or found in _WITH_CPG:
        part.fsize, text = _field(text)
        if part.fsize:
            size, text = _field(text)
            part.frag = size // part.fsize & 255
            if found in _WITH_CPG:
                part.cpg = _field(text)[0] & 65535
    elif found == CD9660:
        part.fsize, text = _field(text)
    return unknown


def _field(text: str) -> tuple[int, str]:
    if not text:
        raise _Bad("too few fields")
    number = _number(text)
    if number is None:
        raise _Bad("syntax error")
    return number, re.sub(r"\d+[ \t]*", "", text, count=1)


def _sectors(label: Label, text: str) -> tuple[int, str]:
    """A number of sectors, or CYLINDERS/TRACKS/SECTORS."""
    if not text:
        raise _Bad("too few fields")
    match = re.match(r"(\d+)(?:/(\d+)/(\d+))?(?=\s|\Z)[ \t]*", text)
    if match is None:
        raise _Bad("invalid format")
    number = int(match[1])
    if match[2]:
        number = number * label.secpercyl + int(match[2]) * label.nsectors + int(match[3])
    return number, text[match.end():]


def check(label: Label) -> tuple[int, list[str]]:
    """How many errors disklabel finds, and what it says (main.c, checklabel). Fills in what follows from the rest."""
    for value, name in ((label.secsize, "sector size"), (label.nsectors, "sectors/track"),
                        (label.ntracks, "tracks/cylinder")):
        if not value:
            return 1, [f"{name} 0"]
    errors, said = 0, []
    if not label.ncylinders:
        errors, said = 1, ["cylinders/unit 0"]
    if not label.rpm:
        said.append("warning, revolutions/minute 0")
    label.secpercyl = label.secpercyl or label.nsectors * label.ntracks
    label.secperunit = label.secperunit or label.secpercyl * label.ncylinders
    for value, name in ((label.bbsize, "boot block size"), (label.sbsize, "super block size")):
        if not value:
            errors += 1
            said.append(f"{name} 0")
    for number in range(MOST - 1, label.npartitions - 1, -1):
        if label.parts[number].size or label.parts[number].offset:
            said.append(f"warning, partition {chr(97 + number)} increased number of partitions from "
                        f"{label.npartitions} to {number + 1}")
            label.npartitions = number + 1
            break
    for number in range(label.npartitions):
        part, letter = label.parts[number], chr(97 + number)
        if not part.size and part.offset:
            said.append(f"warning, partition {letter}: size 0, but offset {part.offset}")
        if part.offset > label.secperunit:
            errors += 1
            said.append(f"partition {letter}: offset past end of unit")
        if part.offset + part.size > label.secperunit:
            errors += 1
            said.append(f"partition {letter}: partition extends past end of unit")
        said += [f"partitions {letter} and {chr(97 + other)} overlap"
                 for other in range(number + 1, label.npartitions) if _overlap(part, label.parts[other])]
    return errors, said


def _overlap(one: Part, other: Part) -> bool:
    return (UNUSED not in (one.fstype, other.fstype) and one.offset < other.offset + other.size
            and other.offset < one.offset + one.size)
