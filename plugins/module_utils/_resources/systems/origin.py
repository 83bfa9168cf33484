# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Where the releases come from that guests get, and whose keys have signed them: what is declared for the rack, and a
guest's own. Pure."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Any

from ..guests.declare.fields import Fields
from .work import sources

DEFAULT_SOURCE = "https://cdn.NetBSD.org/pub/NetBSD"
# The same for those that fetch it themselves, and know no TLS.
PLAIN_SOURCE = "http://cdn.NetBSD.org/pub/NetBSD"
# The module's options about it.
OPTIONS = ("install_source", "install_remote_src", "install_keyring")
_URL = ("http://", "https://", "ftp://")


@dataclass(frozen=True)
class Origin:
    """What is declared for all guests. Not ``remote_src``: both are paths of the controller."""

    source: str
    keyring: str
    remote_src: bool


def of_rack(params: dict[str, Any]) -> Origin:
    """What the module's options say."""
    source, remote_src = params.get("install_source") or DEFAULT_SOURCE, params.get("install_remote_src")
    return Origin(source, params.get("install_keyring") or "", remote_src is not False)


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


def _is_url(text: str) -> bool:
    return text.startswith(_URL) and not re.search(r"\s", text)


def _is_path(text: str) -> bool:
    return text.startswith("/") and ".." not in text.split("/")
