# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The least of a Linux system for tests that install guests: a tarball of its root, and an image of a disk.

usage: linux_system.py DIRECTORY

Nothing in it runs. The kernel is an ELF file with the note by which Xen starts a PV guest (xen public/elfnote.h).
"""

from __future__ import annotations

import gzip
import io
import struct
import sys
import tarfile
from pathlib import Path

TARBALL, IMAGE = "debian.tar.gz", "debian.raw.gz"
_GUEST_OS = b"\4\0\0\0\6\0\0\0\6\0\0\0Xen\0linux\0\0\0"


def kernel(notes: bytes = _GUEST_OS) -> bytes:
    """An ELF file with one segment of notes (elf(5))."""
    head = struct.pack("<4sBB10xHHIQQQIHHHHHH", b"\x7fELF", 2, 1, 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return head + struct.pack("<IIQQQQQQ", 4, 4, 120, 0, 0, len(notes), len(notes), 4) + notes


FILES = {
    "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\n",
    "etc/shadow": b"root:!:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n",
    "etc/inittab": b"id:2:initdefault:\n",
    "etc/securetty": b"hvc0\n",
    "etc/machine-id": b"0123456789abcdef0123456789abcdef\n",
    "etc/ssh/sshd_config": b"PermitRootLogin prohibit-password\n",
    "etc/ssh/ssh_host_rsa_key": b"everybody's\n",
    "etc/udev/rules.d/70-persistent-net.rules": b"# a MAC of another machine\n",
    "sbin/ifup": b"#!/bin/sh\n",
    "sbin/init": b"#!/bin/sh\n",
    "usr/bin/python3.11": b"#!/bin/sh\n",
    "usr/sbin/sshd": b"#!/bin/sh\n",
    "boot/vmlinuz-6.1.0-9-amd64": kernel(),
    "boot/vmlinuz-6.1.0-38-amd64": kernel() + b"newer",
    "boot/initrd.img-6.1.0-38-amd64": b"ramdisk",
}
LINKS = {"etc/resolv.conf": "/run/systemd/resolve/stub-resolv.conf", "bin": "usr/bin", "usr/bin/python3": "python3.11"}
MBR = bytes(446) + b"\x80" + bytes(63) + b"\x55\xaa"


def packed(files: dict[str, bytes], links: dict[str, str], mode: str = "w:gz", prefix: str = "./") -> bytes:
    """A tarball, whose files belong to group 42."""
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode=mode) as tar:  # type: ignore[call-overload]
        for name, text in links.items():
            member = tarfile.TarInfo(prefix + name)
            member.type, member.linkname = tarfile.SYMTYPE, text
            tar.addfile(member)
        for name, content in files.items():
            member = tarfile.TarInfo(prefix + name)
            member.size, member.uid, member.gid, member.mode = len(content), 0, 42, 0o640
            tar.addfile(member, io.BytesIO(content))
    return found.getvalue()


def main(argv: list[str]) -> int:
    """Write both files."""
    if len(argv) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    Path(argv[0], TARBALL).write_bytes(packed(FILES, LINKS))
    Path(argv[0], IMAGE).write_bytes(gzip.compress(MBR + b"a system\n" * 100000 + bytes(8 << 20)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
