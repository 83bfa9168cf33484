# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A Linux kernel package taken apart: the ELF image inside vmlinuz, and just those modules that are needed."""

from __future__ import annotations

import lzma
import shutil
import struct
import subprocess
import zlib
from collections.abc import Iterable
from pathlib import Path

from xenlab.layout import LabError, run

_UNPACKERS = {
    b"\xfd7zXZ\0": lzma.decompress,
    b"\x1f\x8b": lambda data: zlib.decompressobj(31).decompress(data),
    b"\x28\xb5\x2f\xfd": lambda data: _pipe(["zstd", "-dc"], data),
}


def elf_image(vmlinuz: bytes) -> bytes:
    """The ELF kernel in a bzImage. Xen and xl can unpack one themselves, but under emulation that takes a minute.

    Offsets are those of the x86 boot protocol (Linux, Documentation/arch/x86/boot.rst): setup_sects at 0x1f1 (0 means
    4), payload_offset and payload_length at 0x248, counted from the end of the setup sectors. The payload's last four
    bytes are its length unpacked: no part of the data for xz and zstd, a trailer that is not looked at for gzip.
    Raises LabError for a compression that is not known here.
    """
    setup_sectors = vmlinuz[0x1F1] or 4
    offset, length = struct.unpack_from("<II", vmlinuz, 0x248)
    start = (setup_sectors + 1) * 512 + offset
    payload = vmlinuz[start : start + length - 4]
    for magic, unpack in _UNPACKERS.items():
        if payload.startswith(magic):
            return unpack(payload)
    raise LabError(f"unknown compression of the kernel: it begins with {payload[:6]!r}")


def load_order(modules_dep: str, builtin: Iterable[str], names: Iterable[str]) -> list[str]:
    """Files of the modules `names` and of all that they need, each after what it needs; built-in ones are left out.

    `modules_dep` is the text of modules.dep: `FILE: NEEDED...`, with the one to be loaded first at the end (depmod(8)).
    Raises LabError for a module that this kernel does not have.
    """
    lines = (line.partition(":") for line in modules_dep.splitlines())
    needed = {_name(file): (file, needs.split()) for file, _colon, needs in lines}
    built_in = {_name(file) for file in builtin}
    order: dict[str, None] = {}
    for name in names:
        key = name.replace("-", "_")
        if key in built_in:
            continue
        if key not in needed:
            raise LabError(f"this kernel has no module {name}")
        file, needs = needed[key]
        order.update(dict.fromkeys([*reversed(needs), file]))
    return list(order)


def copy_modules(kernel: Path, version: str, names: Iterable[str], root: Path) -> list[str]:
    """Copies modules, unpacked, into the tree `root`; returns their paths there in the order of loading."""
    source = kernel / "lib/modules" / version
    target = root / "lib/modules" / version
    files = load_order(
        (source / "modules.dep").read_text(encoding="utf-8"),
        (source / "modules.builtin").read_text(encoding="utf-8").splitlines(),
        names,
    )
    copied = []
    for file in files:
        plain = file.removesuffix(".xz").removesuffix(".zst")
        (target / plain).parent.mkdir(parents=True, exist_ok=True)
        (target / plain).write_bytes(_unpacked(source / file))
        copied.append(f"/lib/modules/{version}/{plain}")
    return copied


def index_modules(kernel: Path, version: str, root: Path) -> None:
    """Lets modprobe find the modules that copy_modules put into `root`."""
    for index in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
        shutil.copy(kernel / "lib/modules" / version / index, root / "lib/modules" / version / index)
    run(["/sbin/depmod", "-b", root, version], 120)


def _unpacked(module: Path) -> bytes:
    data = module.read_bytes()
    if module.suffix == ".xz":
        return lzma.decompress(data)
    if module.suffix == ".zst":
        return _pipe(["zstd", "-dc"], data)
    return data


def _name(file: str) -> str:
    return file.rpartition("/")[2].partition(".ko")[0].replace("-", "_")


def _pipe(argv: list[str], data: bytes) -> bytes:
    return subprocess.run(argv, input=data, check=True, stdout=subprocess.PIPE, timeout=120).stdout
