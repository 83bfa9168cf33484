# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Pairs of ssh keys that are made in dom0: guests' own, and the one by which a login is proven."""

from __future__ import annotations

from ...._host import Host

SSH_KEYGEN = "/usr/bin/ssh-keygen"
# An RSA key of 3072 bits takes a slow CPU more than half a minute (measured on one that QEMU emulates).
SECONDS = 900.0


def make(host: Host, path: str, kind: str, comment: str, *form: str) -> str:
    """Make a pair at ``path``, in place of what is there: half a pair is none, and ssh-keygen would ask before it
    writes over it. ``form`` are more of its options. Returns the line of the public half. Raises XenError."""
    host.remove(path)
    host.remove(f"{path}.pub")
    host.run([SSH_KEYGEN, "-q", "-t", kind, *form, "-N", "", "-C", comment, "-f", path], timeout=SECONDS)
    return (host.read_text(f"{path}.pub") or "").strip()
