# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Where the releases come from that guests get, and whose keys have signed them: what is declared for the rack, and a
guest's own. Pure."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Any

from ..._formats.install import guest_python
from ..guests.declare.fields import Fields
from .work import sources

DEFAULT_SOURCE = "https://cdn.NetBSD.org/pub/NetBSD"
# The same for those that fetch it themselves, and know no TLS.
PLAIN_SOURCE = "http://cdn.NetBSD.org/pub/NetBSD"
# The module's options about it.
OPTIONS = ("install_source", "install_remote_src", "install_keyring", "install_pkg_path")
_URL = ("http://", "https://", "ftp://")


@dataclass(frozen=True)
class Origin:
    """What is declared for all guests. Not ``remote_src``: ``source`` and ``keyring`` are paths of the controller.
    ``pkg_path`` is where their Python comes from, empty for pkgsrc's own packages."""

    source: str
    keyring: str
    remote_src: bool
    pkg_path: str = ""


def of_rack(params: dict[str, Any]) -> Origin:
    """What the module's options say."""
    source, remote_src = params.get("install_source") or DEFAULT_SOURCE, params.get("install_remote_src")
    pkg_path = params.get("install_pkg_path") or ""
    return Origin(source, params.get("install_keyring") or "", remote_src is not False, pkg_path)


def read(fields: Fields, rack: Origin, plain: bool = False) -> dict[str, str]:
    """The keys of ``Install`` about it; what is wrong is noted in ``fields``. ``plain``: for the guest itself."""
    remote = fields.flag("remote_src", "source" in fields.values or rack.remote_src)
    source = fields.text("source", rack.source).rstrip("/")
    if plain and source == DEFAULT_SOURCE:
        source = PLAIN_SOURCE
    keyring = fields.text("keyring", rack.keyring)
    found = {"source": source, "keyring": keyring}
    if not remote:
        found.update(source=sources.CACHE, local_source=source)
        if not source or source.startswith(_URL):
            fields.wrong("source", source, "with remote_src: false a directory of the controller")
    elif not _is_url(source) and not _is_path(source):
        fields.wrong("source", source, f"a URL ({', '.join(_URL)}) or an absolute path of dom0 without '..'")
    if keyring and not (remote if "keyring" in fields.values else rack.remote_src):
        found.update(keyring=f"{sources.KEYRINGS}/{posixpath.basename(keyring)}", local_keyring=keyring)
    elif keyring and not _is_path(keyring):
        fields.wrong("keyring", keyring, "an absolute path of dom0 without '..'")
    return found


def packages(fields: Fields, rack: Origin, release: str, arch: str, has_network: bool) -> str:
    """Where a guest that shall have Python gets it: a URL that it reaches itself, or a directory of dom0. What is wrong
    is noted in ``fields``."""
    given = fields.text("pkg_path", rack.pkg_path).rstrip("/")
    place = guest_python.source(given or guest_python.DEFAULT_SOURCE, release, arch)
    if not _is_url(place) and not _is_path(place):
        allowed = f"a URL ({', '.join(_URL)}) or an absolute path of dom0 without '..'"
        fields.wrong("pkg_path", given, allowed)
    elif not given and not guest_python.has_packages(release):
        fields.problem(f"python is true, and pkgsrc has no packages for NetBSD {release}; give pkg_path")
    elif _is_url(place) and not has_network:
        fields.problem(
            "python is true, and the guest has no network to fetch it; give nics and network, or as pkg_path a "
            "directory of dom0 with the packages"
        )
    return place


def _is_url(text: str) -> bool:
    return text.startswith(_URL) and not re.search(r"\s", text)


def _is_path(text: str) -> bool:
    return text.startswith("/") and ".." not in text.split("/")
