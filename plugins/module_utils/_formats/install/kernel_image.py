# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A Linux kernel's file: how it is packed, and in which ways it can be started under Xen.

xen tools/libs/guest/xg_dom_bzimageloader.c takes a bzImage apart by its header (boot protocol 2.08 or newer) and knows
what packs it by its first bytes; what is inside is an ELF file, whose notes of the owner ``Xen`` say how it starts
(xen/include/public/elfnote.h): an entry or a guest's system for PV, an entry of 32 bits for PVH. Linux' own
``config-VERSION`` says the same, and what is built in, in the words of its Kconfig.
"""

from __future__ import annotations

import importlib
import re
import struct
from dataclasses import dataclass
from typing import Any

ELF, BZIMAGE, GZIPPED = "ELF", "bzImage", "gzip file"
_PACKED_BY = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x5d\0", "lzma"),
    (b"\x89LZO", "lzo"),
    (b"\x02\x21", "lz4"),
)
_SETUP_SECTORS, _MAGIC, _VERSION, _PAYLOAD = 0x1F1, 0x202, 0x206, 0x248
_OLDEST_PROTOCOL = 0x0208
_NOTE_ENTRY, _NOTE_GUEST_OS, _NOTE_PHYS32 = 1, 6, 18
_PT_NOTE = 4
_SETTING = re.compile(r"^CONFIG_(\w+)=(y|m)$", re.MULTILINE)


@dataclass(frozen=True)
class KernelImage:
    """``form`` is ELF, BZIMAGE or GZIPPED, empty for none of them; ``packed_by`` what a bzImage's content is packed
    with; ``pv`` and ``pvh`` whether it can be started so, None where nobody could look into it; ``wrong`` why it is no
    kernel."""

    form: str
    packed_by: str = ""
    pv: bool | None = None
    pvh: bool | None = None
    wrong: str = ""


def look(content: bytes) -> KernelImage:
    """What a kernel's file is. What this Python can't unpack is not looked into."""
    if content[:4] == b"\x7fELF":
        return KernelImage(ELF, "", *_ways(content))
    if content[:2] == b"\x1f\x8b":
        inner = _unpacked("gzip", content)
        return KernelImage(GZIPPED, "", *(_ways(inner) if inner else (None, None)))
    if content[_MAGIC : _MAGIC + 4] != b"HdrS":
        return KernelImage("", wrong="is no kernel (neither ELF nor bzImage)")
    if len(content) < _PAYLOAD + 8 or struct.unpack_from("<H", content, _VERSION)[0] < _OLDEST_PROTOCOL:
        return KernelImage(BZIMAGE, wrong="is a bzImage of a boot protocol before 2.08, which no Xen takes apart")
    offset, length = struct.unpack_from("<II", content, _PAYLOAD)
    start = (content[_SETUP_SECTORS] + 1) * 512 + offset
    if start + length > len(content) or not length:
        return KernelImage(BZIMAGE, wrong="is a bzImage that is cut short")
    packed_by = next((name for magic, name in _PACKED_BY if content.startswith(magic, start)), "")
    if not packed_by:
        return KernelImage(BZIMAGE, wrong="is a bzImage packed by something that Xen does not know")
    inner = _unpacked(packed_by, content[start : start + length])
    return KernelImage(BZIMAGE, packed_by, *(_ways(inner) if inner else (None, None)))


def problem(kernel: KernelImage, guest_type: str, unpacks: tuple[str, ...], xen: str) -> str:
    """Why a guest of a type (``pv``, ``pvh``, ``pvshim``) can't be started from a kernel by a toolstack that unpacks
    these; empty if it can, or if nobody can tell. It goes on after the kernel's path."""
    if kernel.wrong:
        return f"{kernel.wrong}; take the guest's vmlinuz"
    if kernel.packed_by and kernel.packed_by not in unpacks:
        ways = f"{', '.join(unpacks)}, and an ELF file" if unpacks else "an ELF file (vmlinux), plain or gzipped"
        return (
            f"is packed by {kernel.packed_by}, which the tools of Xen {xen} can't unpack (they take {ways}); unpack it "
            "with Linux' scripts/extract-vmlinux, or take a newer Xen"
        )
    as_pvh = guest_type == "pvh"
    if (kernel.pvh if as_pvh else kernel.pv) is False:
        other = "pv" if as_pvh else "pvh"
        way = f"; it can be started as type {other}" if (kernel.pv if as_pvh else kernel.pvh) else ""
        built = "PVH" if as_pvh else "XEN_PV"
        return f"has no note that lets Xen start it as type {guest_type} (CONFIG_{built} is off){way}"
    return ""


def settings(config: str) -> dict[str, str]:
    """A kernel's configuration (``/boot/config-VERSION``): ``y`` or ``m`` by name, without ``CONFIG_``."""
    return dict(_SETTING.findall(config))


def lacks_without_ramdisk(config: dict[str, str], file_system: str) -> list[str]:
    """What a kernel must have built in to mount its root without a ramdisk and has not, by names of Kconfig. ``ext2``
    and ``ext3`` are mounted by ext4's code too."""
    wanted = [("XEN_BLKDEV_FRONTEND",), (f"{file_system.upper()}_FS", "EXT4_FS")]
    if file_system == "ext2":
        wanted[1] = ("EXT2_FS", "EXT3_FS", "EXT4_USE_FOR_EXT2")
    return [f"CONFIG_{names[0]}" for names in wanted if not any(config.get(name) == "y" for name in names)]


def _unpacked(packed_by: str, content: bytes) -> bytes | None:
    """The content, as far as it goes: behind it a bzImage has its size. None if this Python can't."""
    try:
        unpacker = _unpacker(packed_by)
        return None if unpacker is None else bytes(unpacker.decompress(content))
    except Exception:
        # Each module has an error of its own, and a kernel that can't be looked into is only not known.
        return None


def _unpacker(packed_by: str) -> Any:
    module = {"gzip": "zlib", "bzip2": "bz2", "xz": "lzma", "lzma": "lzma"}.get(packed_by)
    if module is None:
        return None
    found = importlib.import_module(module)
    if packed_by == "gzip":
        return found.decompressobj(31)
    return found.BZ2Decompressor() if packed_by == "bzip2" else found.LZMADecompressor()


def _ways(content: bytes) -> tuple[bool | None, bool | None]:
    """Whether an ELF file can be started as PV and as PVH; None for both if it is none."""
    try:
        types = _xen_notes(content)
    except (struct.error, IndexError):
        return None, None
    if types is None:
        return None, None
    return bool(types & {_NOTE_ENTRY, _NOTE_GUEST_OS}), _NOTE_PHYS32 in types


def _xen_notes(content: bytes) -> set[int] | None:
    """The types of the notes whose owner is Xen (elf(5)); None for what is no ELF of this byte order."""
    if content[:4] != b"\x7fELF" or content[5] != 1:
        return None
    wide = content[4] == 2
    start = struct.unpack_from("<Q" if wide else "<I", content, 32 if wide else 28)[0]
    size, count = struct.unpack_from("<HH", content, 54 if wide else 42)
    found: set[int] = set()
    for number in range(count):
        at = start + number * size
        if struct.unpack_from("<I", content, at)[0] != _PT_NOTE:
            continue
        offset = struct.unpack_from("<Q" if wide else "<I", content, at + (8 if wide else 4))[0]
        length = struct.unpack_from("<Q" if wide else "<I", content, at + (32 if wide else 16))[0]
        found |= _types(content[offset : offset + length])
    return found


def _types(notes: bytes) -> set[int]:
    found, at = set(), 0
    while at + 12 <= len(notes):
        owner_size, size, kind = struct.unpack_from("<III", notes, at)
        owner = notes[at + 12 : at + 12 + owner_size].rstrip(b"\0")
        if owner == b"Xen":
            found.add(kind)
        at += 12 + -(-owner_size // 4) * 4 + -(-size // 4) * 4
    return found
