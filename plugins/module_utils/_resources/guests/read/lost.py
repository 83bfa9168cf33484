# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Domains that the toolstack lists as ``(null)``, because xenstored does not know them. Pure.

One that is being taken apart is so for a moment, or for good if something in dom0 holds its memory. One that runs was
there before its xenstored: that one died, and a new one knows nothing of it (record
xenstored-killed-beside-a-guest, NetBSD 7.99.10).
"""

from __future__ import annotations

from ...._formats.xl.xl_output import Domain, Row
from ...._toolstack import lost
from ..declare.guest import Guest
from .current import Current


def nameless(current: Current) -> list[Domain]:
    """The domains that xenstored does not know. One that was paused when its xenstored died looks like one that is just
    being made, and is told from it by time (see ``is_passing``)."""
    return [each for each in current.domains if each.row.unnamed and not each.row.dying]


def words(current: Current) -> list[str]:
    """What the admin must know of those, whoever they are, and do; none if there are none."""
    found = [domain.row for domain in nameless(current)]
    return [lost.words_for_nameless(found)] if found else []


def is_passing(row: Row) -> bool:
    """Whether a domain is so for a moment only: it is being taken apart, or is just being made, paused and without a
    name."""
    return row.dying or (row.unnamed and row.paused)


def belongs_to(guest: Guest, domain: Domain, current: Current) -> bool:
    """Whether a domain without a name is this guest, as far as the toolstack still has its configuration."""
    return _is(guest, domain, current) or _has_mac_of(guest, domain)


def _is(guest: Guest, domain: Domain, current: Current) -> bool:
    persisted = current.configs.get(guest.name)
    uuids = {guest.uuid, ((persisted and persisted.settings) or {}).get("uuid")} - {None, ""}
    return domain.settings.get("name") == guest.name or domain.settings.get("uuid") in uuids


def _has_mac_of(guest: Guest, domain: Domain) -> bool:
    macs = {nic.mac for nic in guest.nics if nic.mac}
    return any(nic.get("mac") in macs for nic in domain.devices("vif"))


def problem(guest: Guest, current: Current) -> str:
    """Why nothing can be done to this guest, in words: it runs without a name, or may do so. Empty if it does not.
    What to do is in ``words``."""
    found = nameless(current)
    for domain in found:
        if _is(guest, domain, current):
            return f"it runs as {label(domain)}"
    for domain in found:
        if _has_mac_of(guest, domain):
            return f"it may be {label(domain)}, which has its MAC address"
        if domain.config is None:
            return f"it may be {label(domain)}; nothing else is known of that one"
    return ""


def staying(current: Current) -> list[str]:
    """What the admin must know of domains that have been destroyed and have not gone in time."""
    return [
        f"domain {domain.domid} ({domain.name}, {domain.state}) has been destroyed and is still listed after "
        f"{current.waited:g} seconds: something in dom0 holds its memory or its devices. What it has (vnd units, "
        f"interfaces xvif{domain.domid}i0 and so on) stays taken until it goes; if it never does, only a reboot of "
        "the machine frees it."
        for domain in current.domains
        if domain.row.dying
    ]


def label(domain: Domain) -> str:
    """A domain that has something which another guest wants, in words."""
    row = domain.row
    if row.dying:
        return f"domain {row.domid}, {row.name}, which has been destroyed and is just going; run again when it is gone"
    if row.unnamed:
        return f"domain {row.domid}, which xenstored does not know (to xl it is {row.name})"
    return f"the running guest {row.name}"
