# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Whether a signed text was signed by a key of the admin's keyring. NetBSD's own netpgpverify(1) says so, in base since
NetBSD 7, and GnuPG's gpgv(1), which knows more, where that does not.

Sources: crypto/external/bsd/netpgp/dist/src/netpgpverify/main.c (-k FILE; 0 for a good signature, else 1 and a line).
Measured with that of NetBSD 7.99.10 (20150205): the keyring must be binary; a signature that was made with SHA512, or
that has no header before it, which GnuPG writes none from 2.1 on, is refused like a wrong one; and half a signature
ends it with SIGBUS.
"""

from __future__ import annotations

import posixpath

from ...._change import XenError
from ...._formats.system import openpgp
from ...._host import Host

NETPGPVERIFY = "/usr/bin/netpgpverify"
# pkgsrc's security/gnupg and security/gnupg2.
GPGVS = ("/usr/pkg/bin/gpgv", "/usr/pkg/bin/gpgv2")
# The list of a release is some ten megabytes.
SECONDS = 600.0


def proven(host: Host, path: str, keyring: str, scratch: str) -> str:
    """The text in a signed file, which a key in ``keyring`` has signed. ``scratch`` is a file that may be made, and
    is removed again. Raises XenError, in one line, for anything else."""
    try:
        text = openpgp.signed_text(host.read_text(path) or "")
    except ValueError as error:
        raise XenError(f"{path} is no signed list: {error}") from error
    content = host.read_bytes(keyring)
    if content is None:
        raise XenError(f"install.keyring {keyring} does not exist; bring it there")
    try:
        keys = openpgp.keyring(content)
    except ValueError as error:
        raise XenError(f"install.keyring {keyring} is no keyring: {error}") from error
    host.make_dir(posixpath.dirname(scratch), 0o700)
    try:
        host.write_text(scratch, keys.decode("utf-8", "surrogateescape"), 0o600)
        why = _wrong(host, path, scratch)
    finally:
        host.remove(scratch)
    if why:
        raise XenError(f"{path} is refused, its signature does not hold with the keys in {keyring}: {why}")
    return text


def _wrong(host: Host, path: str, keys: str) -> str:
    """Why the signature does not hold; empty if it does. One program that says so is enough."""
    said = []
    for program in (NETPGPVERIFY, *GPGVS):
        if not host.exists(program):
            continue
        command = [program, "-k", keys, path]
        if program in GPGVS:
            command = [program, "--keyring", keys, "--status-fd", "1", path]
        result = host.try_run(command, timeout=SECONDS)
        # A key that has expired or was revoked signs with other words (GnuPG, doc/DETAILS).
        good = any(line.startswith("[GNUPG:] GOODSIG ") for line in result.stdout.splitlines())
        if result.rc == 0 and (good or program == NETPGPVERIFY):
            return ""
        said.append(_line(result.stderr))
    if not said:
        raise XenError(
            f"Nobody here can check the signature of {path}: there is neither {NETPGPVERIFY}, which NetBSD has from 7 "
            "on, nor GnuPG; install gnupg2, or give install.sums instead of install.keyring"
        )
    return "; ".join(said)


def _line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "nothing was said about it"
