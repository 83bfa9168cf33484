# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk's first sector and the root partition's boot blocks: installboot, fdisk -i, dd of a raw disk; dumpfs -s.

State: `boot_sector` says whose code the disk's first sector holds (netbsd, grub or grub2); that loader is booted. The
root partition's own boot blocks, which installboot writes, are another place: GRUB chain-loads them.
"""

from __future__ import annotations

import os
import re
import sys
import time

from ..core import forms
from ..core.machine import Machine, NotSimulated, SimError
from ..core.profiles import Disk
from ..disk.volume import Span
from ..system import devices, diskparts, volumes

NETBSD = "netbsd"
GRUB = "grub"
GRUB2 = "grub2"

# What tells the sectors apart: sys/arch/i386/stand/mbr/mbr.S and bootxx/pbr.S; GNU GRUB 0.97 stage1/stage1.S;
# GNU GRUB 2 grub-core/boot/i386/pc/boot.S.
_TEXTS = {
    NETBSD: b"Error \0\r\n\0NetBSD MBR boot\0No active partition\0Disk read error\0No operating system\0"
            b"Invalid CHS read\0",
    GRUB: b"\x03\x02GRUB \0Geom\0Hard Disk\0Read\0 Error\0",
    GRUB2: b"GRUB \0Geom\0Hard Disk\0Read\0 Error\r\n\0",
    "partition": b"Error \0\r\n\0NetBSD/x86 Primary Bootstrap\0Disk read\0",
}


def nothing_to_start(m: Machine) -> str:
    """Why the firmware finds nothing to start, of a machine whose disks are a mirror: it takes the first disk that
    there is (`dead_disks` are gone), and its partition must have boot blocks. Empty where it finds something."""
    if not m.data.get("raid_root"):
        return ""
    dead = m.data.get("dead_disks", [])
    disk = next((disk.name for disk in m.profile.disks[:2] if disk.name not in dead), None)
    if disk is None:
        return "no disk to boot from"
    return "" if disk in m.data.get("raid_blocks", {}) else f"{disk}: no boot blocks in its partition a"


def sector(kind: str) -> bytes:
    """512 bytes: a jump, the code's texts, the signature."""
    return (b"\xeb\x48\x90" + b"\0" * 125 + _TEXTS[kind]).ljust(510, b"\0") + b"\x55\xaa"


def _first_sectors(m: Machine, device: str) -> bytes | None:
    """What a raw disk or partition begins with; None for a file or device that this is not about."""
    match = re.fullmatch(r"/dev/r?([a-z]+\d+)([a-p])", device)
    disk = next((disk for disk in m.profile.disks if match and disk.name == match[1]), None)
    if match is None or disk is None:
        return None
    if m.data.get("raid_root") and disk in m.profile.disks[:2] and match[2] in "ad":
        if match[2] == "d":
            return sector(m.data.get("boot_sector", NETBSD) if disk is m.profile.disks[0] else NETBSD)
        return sector("partition") if disk.name in m.data.get("raid_blocks", {}) else bytes(512)
    if disk is not m.profile.disks[0]:
        return bytes(512)
    if match[2] == "d" or (match[2] == "a" and disk.first == 0):
        return sector(m.data.get("boot_sector", NETBSD))
    return sector("partition") if match[2] == "a" else bytes(512)


def dd(m: Machine, argv: list[str]) -> int:
    """dd if=/dev/rwd0d [of=FILE] bs=512 count=1 is about the boot sector; any other is the real one."""
    operands = dict(word.partition("=")[::2] for word in forms.read(argv).words)
    for operand in ("if", "of"):  # record dd-missing; GNU dd has other words
        name = operands.get(operand, "/")
        if name.startswith("/dev/") and not m.path(name).exists():
            raise SimError(f"dd: {name}: No such file or directory")
    content = _first_sectors(m, operands.get("if", ""))
    target = _first_sectors(m, operands.get("of", ""))
    if content is None and target is None:
        return _real_dd(m, operands)
    if target is not None or set(operands) - {"if", "of", "bs", "count"}:
        raise NotSimulated(" ".join(argv))  # nobody has said what writing there would do
    size, count = int(operands.get("bs", "512")), int(operands.get("count", "0"))
    if size % 512 or not 0 < size * count <= 65536:
        raise NotSimulated(" ".join(argv))
    data = (content or b"").ljust(size * count, b"\0")[:size * count]
    if "of" in operands:
        m.path(os.path.abspath(operands["of"])).write_bytes(data)
    else:
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except BrokenPipeError:  # whoever was to read it is gone: SIGPIPE
            return 141
    print(f"{count}+0 records in\n{count}+0 records out\n{len(data)} bytes transferred in 0.001 secs "
          f"({len(data) * 1000} bytes/sec)", file=sys.stderr)
    return 0


def _real_dd(m: Machine, operands: dict[str, str]) -> int:
    """The controller's dd, with its letters for sizes and NetBSD's last line (records from-sets make-file, mkfile). A
    device with bytes of its own is the part of a file that has them."""
    words = {name: value.upper() if name in ("bs", "count", "skip", "seek") else value
             for name, value in operands.items() if name != "msgfmt"}
    size = words.get("bs", "512")
    block = int(size.rstrip("KMG")) * _UNITS.get(size[-1], 1)
    for operand, skipped in (("if", "skip"), ("of", "seek")):
        span = _device(m, operands.get(operand, ""))
        if span is None:
            continue
        if span.offset % block:
            raise NotSimulated(f"dd of a partition that begins within a block of {block} bytes")
        words[operand] = str(span.path)
        words[skipped] = str(int(words.get(skipped, "0")) + span.offset // block)
        words["conv"] = ",".join([*filter(None, [words.get("conv", "")]), *(["notrunc"] if operand == "of" else [])])
        if not words["conv"]:
            del words["conv"]
        if "count" not in words or int(words["count"]) * block > span.size:
            words["count"] = str(span.size // block)
    sys.stdout.flush()
    import subprocess

    done = subprocess.run(["/.sim/bin/dd", *(f"{name}={value}" for name, value in words.items())],
                          stderr=subprocess.PIPE, text=True, check=False)
    if operands.get("msgfmt") != "quiet" or done.returncode:
        print(_NOTE.sub(_as_bsd, done.stderr), end="", file=sys.stderr)
    return done.returncode


_UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_NOTE = re.compile(r"^(\d+) bytes?.* copied, ([\d.e-]+) s, .*$", re.MULTILINE)


def _as_bsd(found: re.Match[str]) -> str:
    size, seconds = int(found[1]), max(float(found[2]), 0.001)
    return f"{size} bytes transferred in {seconds:.3f} secs ({int(size / seconds)} bytes/sec)"


def _device(m: Machine, name: str) -> Span | None:
    """The bytes of a device; None for a file. Raises SimError for one without any."""
    if devices.node(m, os.path.abspath(name)) is None:
        return None
    try:
        return volumes.partition(m, name)
    except volumes.NoDevice as error:
        raise SimError(f"dd: {name}: {error.message}") from None


# --- installboot, fdisk ----------------------------------------------------------------------------------------------

def installboot(m: Machine, argv: list[str]) -> int:
    """installboot -e [-nv] [-o OPTIONS] DEVICE; installboot [-nv] [-o OPTIONS] DEVICE BOOTXX (records
    installboot-*). It writes the partition's boot blocks; the disk's first sector is the same only for a partition that
    begins there. Without -o the options that the old blocks carried are lost."""
    letters, values, names = forms.read(argv)
    options = dict(part.partition("=")[::2] for part in values.get("o", [""])[0].split(",") if part)
    if not names or ("e" not in letters and len(names) < 2):
        raise SimError(forms.INSTALLBOOT_USAGE)
    device = names[0]
    disk = m.profile.disks[0]
    if not m.path(device).exists():
        raise SimError(f"installboot: Opening file system `{device}' read-write: No such file or directory")
    _refuse_option(options)
    if m.data.get("raid_root"):
        return _installboot_component(m, device, letters, options, names)
    on_root = device == f"/dev/r{disk.name}a"
    if "e" in letters:
        edited = {**m.data.get("boot_options", {}), **options} if on_root else options
        if "v" in letters:
            print(f"File system:         {device}\n{_boot_options(edited)}")
        if "n" not in letters and on_root:
            m.data["boot_options"] = edited
        return 0
    if not m.path(names[1]).exists():
        raise SimError(f"installboot: Opening primary bootstrap `{names[1]}': No such file or directory")
    if "v" in letters:
        print(f"File system:         {device}\nPrimary bootstrap:   {names[1]}\n{_boot_options(options)}")
    if "n" not in letters and on_root:
        m.data["boot_options"] = options
        if disk.first == 0:
            m.data["boot_sector"] = NETBSD
    return 0


def _installboot_component(m: Machine, device: str, letters: set[str], options: dict[str, str],
                           names: list[str]) -> int:
    """The same for a component of a mirrored root, which is a partition like any other to installboot: i386.c looks for
    no file system in it."""
    disk = device.removeprefix("/dev/r")[:-1]
    if device[-1:] != "a" or disk not in [each.name for each in m.profile.disks[:2]]:
        raise NotSimulated(f"installboot {device}")
    blocks = m.data.setdefault("raid_blocks", {})
    if "e" in letters:
        if disk not in blocks:
            raise SimError("installboot: Invalid magic in existing bootstrap")  # arch/i386.c, i386_editboot
        edited = {**blocks[disk], **options}
    elif not m.path(names[1]).exists():
        raise SimError(f"installboot: Opening primary bootstrap `{names[1]}': No such file or directory")
    else:
        edited = options
    if "v" in letters:
        primary = "" if "e" in letters else f"Primary bootstrap:   {names[1]}\n"
        print(f"File system:         {device}\n{primary}{_boot_options(edited)}")
    if "n" not in letters:
        blocks[disk] = edited
    return 0


# usr.sbin/installboot/arch/i386.c, consoles; installboot.c, options: those that are simulated, and the kind of value.
_CONSOLES = ("pc", *(f"com{number}{kbd}" for kbd in ("", "kbd") for number in range(4)), "auto")
_NUMBERS = ("timeout", "speed")


def _refuse_option(options: dict[str, str]) -> None:
    """What installboot refuses before it writes anything."""
    for name, value in options.items():
        if name not in (*_NUMBERS, "console"):
            raise NotSimulated(f"installboot -o {name}={value}")
        if name in _NUMBERS and not re.fullmatch(r"\d+", value):
            raise SimError(f"installboot: Invalid option value `{name}={value}'")
    if options.get("console", "pc") not in _CONSOLES:
        raise SimError("installboot: invalid console name, valid names are:\n\t" + ", ".join(_CONSOLES))


def _boot_options(options: dict[str, str]) -> str:
    return (f"Boot options:        timeout {options.get('timeout', 5)}, flags 0, speed {options.get('speed', 9600)}, "
            f"ioaddr 0, console {options.get('console', 'pc')}")


def fdisk(m: Machine, argv: list[str]) -> int:
    """fdisk -fi [-c FILE] DISK: NetBSD's boot code into the disk's first sector, without questions (fdisk(8): -i the
    boot code, -f no interaction, -c the file with the code, by default /usr/mdec/mbr)."""
    letters, values, names = forms.read(argv)
    code = values.get("c", ["/usr/mdec/mbr"])[0]
    disk = m.profile.disks[0].name
    if letters >= {"f", "i"} and names[0] in (disk, f"/dev/r{disk}d"):
        return _write_mbr(m, code)
    found = next((each for each in m.profile.disks if names[0] in (each.name, f"/dev/r{each.name}d")), None)
    if found is None:  # record fdisk-missing
        node = names[0] if names[0].startswith("/") else f"/dev/r{names[0]}d"
        raise SimError(f"fdisk: cannot opendisk {node}: No such file or directory")
    if letters:
        raise NotSimulated(" ".join(argv))
    _show_mbr(found)
    return 0


def _show_mbr(disk: Disk) -> None:
    """record fdisk-wd0."""
    total = disk.partitions["d"]
    inside = total - disk.first
    last = total - 1
    print(f"Disk: /dev/r{disk.name}d\nNetBSD disklabel disk geometry:\ncylinders: {total // 1008}, heads: 16, "
          f"sectors/track: 63 (1008 sectors/cylinder)\ntotal sectors: {total}, bytes/sector: 512\n\n"
          f"BIOS disk geometry:\ncylinders: {total // 16065}, heads: 255, sectors/track: 63 (16065 sectors/cylinder)\n"
          f"total sectors: {total}\n\nPartitions aligned to 2048 sector boundaries, offset {disk.first}\n\n"
          f"Partition table:\n0: NetBSD (sysid 169)\n    start {disk.first}, size {inside} ({inside // 2048} MB, "
          f"Cyls 0-{last // 16065}/{last // 63 % 255}/{last % 63 + 1}), Active\n1: <UNUSED>\n2: <UNUSED>\n"
          "3: <UNUSED>\nBootselector disabled.\nFirst active partition: 0\nDrive serial number: 0 (0x00000000)")


def _write_mbr(m: Machine, code: str) -> int:
    if not m.path(code).exists():
        raise SimError(f"fdisk: {code}: No such file or directory")
    m.data["boot_sector"] = NETBSD
    return 0


# --- dumpfs ----------------------------------------------------------------------------------------------------------

_MAGIC = {1: 0x11954, 2: 0x19540119}
_SUPERBLOCK = {1: 8192, 2: 65536}


def dumpfs(m: Machine, argv: list[str]) -> int:
    """dumpfs -s FILESYSTEM: the superblock of the root file system. Lines as sbin/dumpfs/dumpfs.c prints them; numbers
    that nobody asks for are only plausible."""
    disk = m.profile.disks[0]
    letters, _values, (name,) = forms.read(argv)
    if "s" not in letters:
        raise NotSimulated(" ".join(argv))
    root = diskparts.root_disk(m)
    if m.data.get("raid_root") and name.removeprefix("/dev/").lstrip("r")[-4:] in [f"{each.name}a" for each in
                                                                                  m.profile.disks[:2]]:
        raise SimError(f"dumpfs: {name}: could not find superblock, skipped")  # behind RAIDframe's own sectors
    if name not in ("/", f"/dev/{root}a", f"/dev/r{root}a", f"{root}a"):
        # records dumpfs-s-missing, dumpfs-s-rwd0b
        where = name if name.startswith("/") else f"/dev/r{name}"
        if not m.path(where).exists():
            raise SimError(f"dumpfs: {where}: No such file or directory")
        if any(where in (f"/dev/{each.name}{letter}", f"/dev/r{each.name}{letter}") and letter != "b"
               for each in m.profile.disks for letter in each.partitions):
            raise NotSimulated(" ".join(argv))  # what is on that partition?
        raise SimError(f"dumpfs: {where}: could not find superblock, skipped")
    fs = m.profile.root_fs
    size = disk.partitions["a"] * 512 // fs.fsize
    frag = fs.bsize // fs.fsize
    location = _SUPERBLOCK[fs.version]
    print(f"file system: /dev/r{root}a\nformat\tFFSv{fs.version}\nendian\tlittle-endian")
    if fs.version == 2:
        print(f"location {location}\t(-b {location // 512})")
    print(f"magic\t{_MAGIC[fs.version]:<8x}\ttime\t{time.asctime(time.gmtime(m.data['boot_time']))}\n"
          f"superblock location\t{location}\tid\t[ 5a5a5a5a 1234567 ]\n"
          f"cylgrp\tdynamic\tinodes\t{'FFSv2' if fs.version == 2 else '4.4BSD'}\tsblock\tFFSv2\tfslevel "
          f"{5 if fs.version == 2 else 4}\n"
          f"nbfree\t{size // frag // 2}\tndir\t120\tnifree\t{size // 8}\tnffree\t14\n"
          f"ncg\t{max(size // 65536, 1)}\tsize\t{size}\tblocks\t{size - size // 32}\n"
          f"bsize\t{fs.bsize}\tshift\t{fs.bsize.bit_length() - 1}\tmask\t0x{-fs.bsize & 0xFFFFFFFF:08x}\n"
          f"fsize\t{fs.fsize}\tshift\t{fs.fsize.bit_length() - 1}\tmask\t0x{-fs.fsize & 0xFFFFFFFF:08x}\n"
          f"frag\t{frag}\tshift\t{frag.bit_length() - 1}\tfsbtodb\t{(fs.fsize // 512).bit_length() - 1}\n"
          "minfree\t5%\toptim\ttime\tmaxcontig 4\tmaxbpg\t2048\n"
          "flags\tfs_flags expanded \nfsmnt\t/\nvolname\t\tswuid\t0")
    return 0
