# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kernels and hypervisors as files: a header line that the simulated loader can read, padded to some KiB."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

_MAGIC = b"simulated-image "
_SIZE = 4096


@dataclass(frozen=True)
class Image:
    """What a boot file is. kind: `netbsd` (name is the kernel config) or `xen` (name is xen or xen-debug)."""

    kind: str
    release: str
    name: str

    def content(self) -> bytes:
        """The uncompressed file."""
        header = _MAGIC + f"{self.kind} {self.release} {self.name}\n".encode()
        # Not compressible, so that the .gz is some KiB as well.
        filler = b"".join(hashlib.sha512(header + bytes([i])).digest() for i in range(_SIZE // 64))
        return (header + filler)[:_SIZE]

    def compressed(self) -> bytes:
        """The same as a .gz file, equal in every run."""
        return gzip.compress(self.content(), mtime=0)


def identify(path: Path) -> Image | None:
    """What a file is to the boot loader, or None if it is nothing that could run. Compressed files load as well."""
    try:
        return identify_content(path.read_bytes())
    except OSError:
        return None


def identify_content(content: bytes) -> Image | None:
    """The same for what is in the file."""
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error):
            return None
    if not content.startswith(_MAGIC) or len(content) < _SIZE:
        return None  # a half-written file does not boot
    kind, release, name = content[len(_MAGIC):content.index(b"\n")].decode().split(" ")
    return Image(kind, release, name)
