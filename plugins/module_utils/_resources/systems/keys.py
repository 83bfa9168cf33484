# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The keys of ``install``. What they mean to an admin is told in plugins/modules/domain.py."""

from __future__ import annotations

# Of all methods.
COMMON_KEYS = (
    "method",
    "release",
    "arch",
    "source",
    "remote_src",
    "keyring",
    "network",
    "hostname",
    "authorized_keys",
    "root_password",
    "ntp",
    "pkg_path",
    "python",
    "again",
)
# Those of a release of NetBSD.
RELEASE_KEYS = ("release", "arch", "source", "remote_src", "keyring", "ntp", "pkg_path")
# Of some methods, each of which says which it has.
METHOD_KEYS = (
    "sets",
    "sums",
    "swap",
    "tree",
    "packages",
    "image",
    "sha512",
    "filesystem",
    "table",
    "seed",
    "user_data",
    "cd",
    "dvd",
    "bits",
    "display",
    "vnc_password",
)
INSTALL_KEYS = (*COMMON_KEYS, *METHOD_KEYS)
NETWORK_KEYS = ("address", "gateway", "nameservers")
# Never in a guest's declaration on its way to a machine (see plugins/action/guest_system.py).
SECRET_KEYS = ("root_password", "user_data", "vnc_password")
# Those of them that are JSON on that way: what is never logged is taken out of a result wherever it stands there, and
# single words of theirs may be anybody's.
PACKED_KEYS = ("user_data",)
