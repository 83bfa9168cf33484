# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's own installer, talked through from its first screen until the guest has halted."""

from __future__ import annotations

import secrets
from typing import Callable, Mapping
from urllib.parse import urlsplit

from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.declare import Install
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.methods.sysinst import CD_DEVICE

from .conversation import SILENCE, Conversation
from .needs import ConsoleError, Ended
from .sysinst import CONVERSATIONS
from .talk import PACE, Link, Talk
from .transcript import Transcript


def values(install: Install, mark: str) -> dict[str, str]:
    """What the conversation says, from the declaration. ``mark`` becomes the name of the disk, by which it is known to
    be ours.

    root's password is one that nobody knows, for as long as nobody could log in: what counts is the hash that is put
    onto the disk when the guest has halted, so no password that is used is ever typed.
    """
    interface, place, cd = install.network, urlsplit(install.source), install.options.cd
    address = interface.parsed[0] if interface and interface.addresses else None
    name, _dot, domain = install.hostname.partition(".")
    by_network = {
        "source": place.scheme.upper(),
        "host": place.hostname or "",
        # Without a slash at its beginning, which would become %2F.
        "directory": f"{place.path.strip('/')}/NetBSD-{install.release}".lstrip("/"),
    }
    return {
        **({"source": "CD-ROM", "cd": CD_DEVICE} if cd else by_network),
        "disk": install.root[:-1],
        "swap": str(install.options.swap >> 20),
        "disk_name": mark,
        "interface": "xennet0",
        "hostname": name,
        "domain": domain,
        "address": str(address.ip) if address else "",
        "netmask": str(address.netmask) if address else "",
        "gateway": interface.gateway(4) if interface else "",
        "nameserver": interface.nameservers[0] if interface and interface.nameservers else "",
        "root_password": f"Nx{secrets.token_hex(8)}7",
    }


def converse(
    link: Link,
    release: str,
    wanted: Mapping[str, str],
    transcript: Transcript,
    say: Callable[[str], None],
    said: bytes = b"",
    pace: float = PACE,
) -> None:
    """Talk with sysinst of a release until the guest has halted. ``said`` is what the console has shown already;
    ``say`` is told each answer, by its rule's name.

    Raises:
        ConsoleError: it broke off; with the last screen and what was waited for.
    """
    talk = Talk(link, transcript, pace)
    if said:
        talk.take(said)
    Conversation(talk, CONVERSATIONS[release.split(".")[0]], wanted, say).run()
    while True:
        try:
            talk.hear(SILENCE)
        except Ended:
            return
        if link.now() - talk.heard_at > SILENCE:
            raise ConsoleError("the guest was told to halt, and its console did not end", talk.shown())
