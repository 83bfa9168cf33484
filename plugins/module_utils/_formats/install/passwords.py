# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Password hashes: which of them a guest's crypt(3) knows. One that it does not know locks everybody out, and nothing
says so before somebody wants to log in.

NetBSD: lib/libcrypt. crypt.c takes ``$2`` for bcrypt, ``$s`` for sha1, ``$a`` for argon2 where that is built, and what
else begins with ``$`` for md5, so that a ``$6$`` never matches; bcrypt.c knows the minor version ``a`` alone and
returns nothing for ``b`` and ``y``. Argon2 came with NetBSD 10 (its crypt(3)).
Linux: glibc's libcrypt (``$5$`` and ``$6$``), and libxcrypt, which took its place (crypt(5): ``$y$`` and every bcrypt
too).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..text import near

_RADIX = r"[./0-9A-Za-z]"
_BASE64 = r"[+/0-9A-Za-z]"
# The text behind the first two dollars, by what is between them.
_SHAPES = {
    "2a": rf"(0[4-9]|[12][0-9]|3[01])\${_RADIX}{{53}}",
    "sha1": rf"[0-9]+\${_RADIX}{{1,64}}\${_RADIX}{{28}}",
    "argon2id": rf"v=[0-9]+\$m=[0-9]+,t=[0-9]+,p=[0-9]+\${_BASE64}+\${_BASE64}+",
    "5": rf"(rounds=[0-9]+\$)?[^$:\s]{{1,16}}\${_RADIX}{{43}}",
    "6": rf"(rounds=[0-9]+\$)?[^$:\s]{{1,16}}\${_RADIX}{{86}}",
    "y": rf"{_RADIX}+\${_RADIX}{{1,86}}\${_RADIX}{{43}}",
}
_SHAPES.update(dict.fromkeys(("2b", "2y"), _SHAPES["2a"]))
_HASH = re.compile(r"\$([a-z0-9]+)\$(.*)", re.DOTALL)
# From which release on, by its first number.
_NETBSD = {"2a": 0, "sha1": 0, "argon2id": 10}
_GLIBC = ("5", "6")
_LIBXCRYPT = (*_GLIBC, "y", "2a", "2b", "2y")
_MAKE_NETBSD = "{{ password | ansible.builtin.password_hash('bcrypt', ident='2a') }}, or pwhash(1) on a NetBSD"
_MAKE_LINUX = "{{ password | ansible.builtin.password_hash('sha512') }}, or mkpasswd -m sha512crypt on a Linux"


def problem(value: object, system: str, release: str = "", libxcrypt: bool = True) -> str:
    """Why a guest could not check a password against this hash, and what to do; empty if it can. The hash itself is not
    in the text.

    ``system`` is the guest's: ``netbsd`` with its ``release`` (``10.1``; empty for any), or ``linux``, where
    ``libxcrypt`` says whether it has that (False: glibc's own libcrypt). What other systems know, nobody here does.
    """
    if not isinstance(value, str) or not value:
        return "is no text; a hash of the password is wanted"
    found = _HASH.match(value)
    if not found:
        return f"is no hash of a password (a hash begins with $). Never write the password itself: {_how(system)}"
    kind, rest = found.groups()
    if ":" in value or not value.isprintable():
        return "has a colon or an unprintable character, which would break the file of passwords"
    why = _unknown(kind, system, release, libxcrypt)
    if why:
        return why
    if kind in _SHAPES and not re.fullmatch(_SHAPES[kind], rest):
        return f"begins like a hash (${kind}$) and does not go on like one: it is cut off, or has something behind it"
    return ""


def _how(system: str) -> str:
    return f"make one with {_MAKE_LINUX if system == 'linux' else _MAKE_NETBSD}"


def _unknown(kind: str, system: str, release: str, libxcrypt: bool) -> str:
    if system == "netbsd":
        return _unknown_to_netbsd(kind, release)
    if system != "linux":
        return ""
    known = _LIBXCRYPT if libxcrypt else _GLIBC
    if kind in known:
        return ""
    whose = "Linux" if libxcrypt else "this guest's libc (it has no libxcrypt)"
    return (
        f"is a ${kind}$ hash, which {whose} does not know{near(kind, known)}: nobody could log in. It takes "
        f"{_listed(known)}: {_how(system)}"
    )


def _unknown_to_netbsd(kind: str, release: str) -> str:
    number = re.match(r"[0-9]+", release)
    major = int(number.group()) if number else None
    known = [name for name, since in _NETBSD.items() if major is None or major >= since]
    if kind in known:
        return ""
    if kind in ("2b", "2y"):
        return (
            f"is a ${kind}$ hash; NetBSD's bcrypt knows $2a$ only, and nobody could log in. It is the same otherwise: "
            "write $2a$ in its place, or give password_hash ident='2a'"
        )
    if kind in _NETBSD:
        why = f"NetBSD knows from {_NETBSD[kind]} on, and this is {release}"
    else:
        why = f"NetBSD does not know: nobody could log in. It takes {_listed(known)}"
    return f"is a ${kind}$ hash, which {why}: {_how('netbsd')}"


def _listed(kinds: Iterable[str]) -> str:
    return ", ".join(f"${kind}$" for kind in kinds)
