# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes an unpacked system a machine of its own: pwd_mkdb, ssh-keygen, rndctl."""

from __future__ import annotations

import hashlib
import os
import shutil
import struct
import sys
from pathlib import Path

from ..core import forms
from ..core.machine import Machine, SimError

_FIELDS = 10  # of master.passwd(5)


def pwd_mkdb(m: Machine, argv: list[str]) -> int:
    """pwd_mkdb [-p] [-s] [-d DIR] FILE (usr.sbin/pwd_mkdb/pwd_mkdb.c). New files are made beside the old ones and
    renamed, FILE last of all; what a run that was killed has left of them stops the next one."""
    letters, values, (name,) = forms.read(argv)
    etc = f"{values.get('d', [''])[-1]}/etc"
    source = m.path(os.path.abspath(name))
    try:
        lines = source.read_text().splitlines()
    except OSError as error:
        raise SimError(f"pwd_mkdb: Cannot open `{name}': {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        words = line.split(":")
        if len(words) != _FIELDS or not words[2].isdigit() or not words[3].isdigit():
            # pw_scan.c says what it misses; after it the program does.
            raise SimError(f"pwd_mkdb: {name}, {number}: Syntax mkpw_error: Inappropriate file type or format")
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    made: dict[str, tuple[str, str]] = {}
    if "s" not in letters:
        made[f"{etc}/pwd.db.tmp"] = (f"{etc}/pwd.db", f"simulated database of {digest}\n")
    made[f"{etc}/spwd.db.tmp"] = (f"{etc}/spwd.db", f"simulated database of {digest} with passwords\n")
    if "p" in letters and "s" not in letters:
        old = [":".join([words[0], "*", *words[2:4], *words[7:]]) for words in (line.split(":") for line in lines)]
        made[f"{name}.orig"] = (f"{etc}/passwd", "".join(f"{line}\n" for line in old))
    written: list[Path] = []
    for temporary, (final, text) in made.items():
        place = m.path(os.path.abspath(temporary))
        if place.exists():
            for each in written:
                each.unlink()
            what = "create" if temporary.endswith(".orig") else "open"
            raise SimError(f"pwd_mkdb: Cannot {what} `{temporary}': File exists")
        place.write_text(text)
        place.chmod(0o600 if final.endswith("spwd.db") else 0o644)
        written.append(place)
    m.midway()
    for temporary, (final, _text) in made.items():
        os.replace(m.path(os.path.abspath(temporary)), m.path(final))
    source.chmod(0o600)
    os.replace(source, m.path(f"{etc}/master.passwd"))
    return 0


def ssh_keygen(m: Machine, argv: list[str]) -> int:
    """ssh-keygen, the controller's: it is OpenSSH's here and there. Keys of types rsa1 and dsa, which it no longer
    makes and NetBSD's older ones do, are only files that name themselves."""
    forms.read(argv)
    words = argv[1:]
    if "-t" in words and words[words.index("-t") + 1] in ("rsa1", "dsa") and "-f" in words:
        return _old_key(m, words)
    program = "/.sim/bin/ssh-keygen"
    if not os.path.exists(program):  # outside the sandbox, where paths are not the machine's
        program = shutil.which("ssh-keygen") or program
        words = [str(m.path(word)) if word.startswith("/") else word for word in words]
    sys.stdout.flush()
    child = os.posix_spawn(program, ["ssh-keygen", *words], os.environ)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _old_key(m: Machine, words: list[str]) -> int:
    kind, name = words[words.index("-t") + 1], words[words.index("-f") + 1]
    comment = words[words.index("-C") + 1] if "-C" in words else f"root@{m.hostname}"
    path = m.path(os.path.abspath(name))
    seed = os.urandom(32).hex()
    path.write_text(f"-----BEGIN {kind.upper()} PRIVATE KEY-----\nsimulated {seed}\n"
                    f"-----END {kind.upper()} PRIVATE KEY-----\n")
    path.chmod(0o600)
    public = hashlib.sha256(seed.encode()).hexdigest()
    body = f"1024 65537 {int(public, 16)}" if kind == "rsa1" else f"ssh-dss AAAAB3NzaC1kc3M{public}"
    text = f"{body} {comment}\n"
    path.with_name(path.name + ".pub").write_text(text)
    return 0


def rndctl(m: Machine, argv: list[str]) -> int:
    """rndctl -S FILE: a seed, with its sum (sbin/rndctl/rndctl.c, do_save: entropy, 32 bytes of data, SHA1)."""
    name = forms.read(argv).values["S"][-1]
    path = m.path(os.path.abspath(name))
    content = struct.pack("<I", 256) + os.urandom(32)
    try:
        path.unlink(missing_ok=True)
        path.write_bytes(content + hashlib.sha1(content).digest())  # noqa: S324
    except OSError as error:
        raise SimError(f"rndctl: output open: {error.strerror}") from None
    path.chmod(0o600)
    return 0
