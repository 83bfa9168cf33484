# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Packages of Linux for tests: a .deb and an .rpm with chosen files, and the least set of .deb files that boots.

usage: linux_packages.py DIRECTORY

Nothing in them runs. deb(5); rpm's docs/manual/format.md; cpio(5), newc. What dpkg-deb and rpm2cpio read of them is
looked at by a test where those programs are.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path

from linux_system import kernel

PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress, "xz": lzma.compress, "bzip2": bz2.compress,
    "lzma": lambda raw: lzma.compress(raw, lzma.FORMAT_ALONE),
}  # fmt: skip
SUFFIXES = {"gzip": ".gz", "xz": ".xz", "bzip2": ".bz2", "lzma": ".lzma", "": ""}
_BUILT_IN = b"CONFIG_XEN_BLKDEV_FRONTEND=y\nCONFIG_EXT4_FS=y\n"


def _ar(members: dict[str, bytes]) -> bytes:
    found = b"!<arch>\n"
    for name, content in members.items():
        found += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode()
        found += content + b"\n" * (len(content) % 2)
    return found


def _tar(files: dict[str, bytes], links: dict[str, str]) -> bytes:
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w") as tar:
        for name, text in links.items():
            member = tarfile.TarInfo(f"./{name}")
            member.type, member.linkname = tarfile.SYMTYPE, text
            tar.addfile(member)
        for name, content in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size, member.mode = len(content), 0o644
            tar.addfile(member, io.BytesIO(content))
    return found.getvalue()


def deb(
    files: dict[str, bytes], links: dict[str, str] | None = None, packed_by: str = "xz", name: str = "one"
) -> bytes:  # fmt: skip
    """A package of Debian's."""
    control = f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: nobody\nDescription: none\n".encode()
    data = _tar(files, links or {})
    data = PACKERS[packed_by](data) if packed_by else data
    return _ar({
        "debian-binary": b"2.0\n",
        "control.tar.gz": gzip.compress(_tar({"control": control}, {})),
        f"data.tar{SUFFIXES[packed_by]}": data,
    })  # fmt: skip


def cpio(entries: list[tuple[str, int, bytes, int, int]]) -> bytes:
    """A cpio archive of (name, mode, content, inode, number of links)."""
    found = b""
    for name, mode, content, inode, links in [*entries, ("TRAILER!!!", 0, b"", 0, 1)]:
        numbers = (inode, mode, 0, 0, links, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        found += b"070701" + "".join(f"{number:08x}" for number in numbers).encode() + name.encode() + b"\0"
        found += bytes(-len(found) % 4) + content
        found += bytes(-len(found) % 4)
    return found


def _header(tags: dict[int, tuple[int, list[str] | list[int] | str]]) -> bytes:
    index, store = b"", b""
    for tag, (kind, values) in sorted(tags.items()):
        if kind == 4:
            store += bytes(-len(store) % 4)
        count = 1 if isinstance(values, str) else len(values)
        index += struct.pack(">IIII", tag, kind, len(store), count)
        if isinstance(values, str):
            store += values.encode() + b"\0"
        elif kind == 4:
            store += struct.pack(f">{count}I", *values)
        else:
            store += b"".join(f"{value}".encode() + b"\0" for value in values)
    return b"\x8e\xad\xe8\x01" + bytes(4) + struct.pack(">II", len(tags), len(store)) + index + store


def rpm(
    entries: list[tuple[str, int, bytes, int, int]], owners: dict[str, tuple[str, str]] | None = None,
    packed_by: str = "gzip", payload: bytes | None = None,
) -> bytes:  # fmt: skip
    """A package of rpm's. ``payload`` stands for its files, packed."""
    names = [name.lstrip("./") for name, *_rest in entries]
    folders = sorted({f"/{Path(name).parent}/".replace("/./", "/") for name in names})
    owned = [(owners or {}).get(name, ("root", "root")) for name in names]
    tags: dict[int, tuple[int, list[str] | list[int] | str]] = {
        1000: (6, "one"), 1001: (6, "1"), 1002: (6, "1"), 1124: (6, "cpio"), 1125: (6, packed_by),
        1039: (8, [user for user, _group in owned]), 1040: (8, [group for _user, group in owned]),
        1116: (4, [folders.index(f"/{Path(name).parent}/".replace("/./", "/")) for name in names]),
        1117: (8, [Path(name).name for name in names]), 1118: (8, folders),
    }  # fmt: skip
    lead = struct.pack(">4sBBHH66sHH16s", b"\xed\xab\xee\xdb", 3, 0, 0, 1, b"one-1-1", 1, 5, b"")
    signature = _header({1000: (4, [0])})
    signature += bytes(-(len(lead) + len(signature)) % 8)
    files = PACKERS[packed_by](cpio(entries)) if payload is None else payload
    return lead + signature + _header(tags) + files


LEAST = {
    "base-files_1_all.deb": deb({"etc/debian_version": b"12\n"}, {"bin": "usr/bin", "lib": "usr/lib"}),
    "base-passwd_1_all.deb": deb({
        "usr/share/base-passwd/passwd.master": b"root::0:0:root:/root:/bin/sh\n_apt:*:42:65534::/:/bin/false\n",
        "usr/share/base-passwd/group.master": b"root:*:0:\n",
    }, name="base-passwd"),
    "dpkg_1_all.deb": deb({"usr/bin/dpkg": b"#!/bin/sh\n"}, packed_by="gzip", name="dpkg"),
    "ifupdown_1_all.deb": deb({"usr/sbin/ifup": b"#!/bin/sh\n"}, name="ifupdown"),
    "linux-image_1_all.deb": deb({
        "boot/vmlinuz-6.1.0-38-amd64": kernel(), "boot/config-6.1.0-38-amd64": _BUILT_IN,
    }, name="linux-image"),
    "openssh-server_1_all.deb": deb({"usr/sbin/sshd": b"#!/bin/sh\n"}, packed_by="", name="openssh-server"),
    "systemd_1_all.deb": deb({"usr/lib/systemd/systemd": b"#!/bin/sh\n"}, name="systemd"),
    "systemd-sysv_1_all.deb": deb({}, {"sbin/init": "../lib/systemd/systemd"}, name="systemd-sysv"),
}  # fmt: skip


def main(argv: list[str]) -> int:
    """Write the least set."""
    if len(argv) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    Path(argv[0]).mkdir(parents=True, exist_ok=True)
    for name, content in LEAST.items():
        Path(argv[0], name).write_bytes(content)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
