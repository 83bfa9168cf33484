# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Password hashes that a guest's crypt(3) knows, and those that would lock everybody out."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._formats.install.passwords import problem

# BCRYPT and ARGON2 are crypt(3)'s own examples (NetBSD's lib/libcrypt/crypt.3).
SHA512 = "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjlO/O817G3uBnIFNjnQJuesI68OTLiBFdcbYEdFCoEOfaS35inz11"
SHA256 = "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc8"
YESCRYPT = "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$X3DX6M94c7o.9agCG9G317fhZg9SqC.5i5rd.RhAtQ7"
SHA1 = "$sha1$24680$2F4aBnrt$" + "y" * 28
BCRYPT = "$2a$12$eIAq8PR8sIUnJ1HaohxX2O9x9Qlm2vK97LJ5dsXdmB.eXF42qjchC"
ARGON2 = "$argon2id$v=19$m=4096,t=6,p=1$qCatF9a1s/6TgcYB$yeYYrU/rh7E+LI2CAeHTSHVB3iO+OXiNIUHu6NPeTfo"


@pytest.mark.parametrize(
    ("value", "system", "release"),
    [
        (BCRYPT, "netbsd", "5.1"),
        (BCRYPT, "netbsd", "10.1"),
        (SHA1, "netbsd", "9.4"),
        (ARGON2, "netbsd", "10.1"),
        (ARGON2, "netbsd", ""),
        (SHA512, "linux", ""),
        (SHA256, "linux", ""),
        (YESCRYPT, "linux", ""),
        (BCRYPT.replace("$2a$", "$2b$"), "linux", ""),
        (ARGON2, "other", ""),
    ],
)
def test_known(value, system, release):
    assert problem(value, system, release) == ""


@pytest.mark.parametrize(
    ("value", "system", "release", "words"),
    [
        (BCRYPT.replace("$2a$", "$2b$"), "netbsd", "10.1", "write $2a$ in its place"),
        (BCRYPT.replace("$2a$", "$2y$"), "netbsd", "9.4", "write $2a$ in its place"),
        (SHA512, "netbsd", "10.1", "NetBSD does not know: nobody could log in. It takes $2a$, $sha1$, $argon2id$"),
        (SHA256, "netbsd", "9.4", "It takes $2a$, $sha1$: make one with"),
        (ARGON2, "netbsd", "9.4", "from 10 on, and this is 9.4"),
        (ARGON2, "linux", "", "It takes $5$, $6$, $y$"),
        (SHA1, "linux", "", "Linux does not know"),
        ("$1$2qGr5PPQ$eT08WBFev3RPLNChixg0H.", "netbsd", "10.1", "does not know"),
        ("secret", "netbsd", "10.1", "Never write the password itself"),
        ("", "netbsd", "10.1", "is no text"),
        (None, "linux", "", "is no text"),
        (BCRYPT[:-1], "netbsd", "10.1", "does not go on like one"),
        (BCRYPT + "\n", "netbsd", "10.1", "unprintable"),
        (SHA256 + ":0:0", "linux", "", "colon"),
        (BCRYPT.replace("$12$", "$03$"), "netbsd", "10.1", "does not go on like one"),
    ],
)
def test_refused(value, system, release, words):
    said = problem(value, system, release)
    assert words in said
    assert not value or value not in said


@pytest.mark.parametrize(("value", "known"), [(SHA512, True), (YESCRYPT, False), (BCRYPT, False)])
def test_a_linux_without_libxcrypt(value, known):
    assert (problem(value, "linux", libxcrypt=False) == "") is known
