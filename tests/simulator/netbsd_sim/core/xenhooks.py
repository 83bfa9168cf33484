# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the rest of the machine asks of the Xen toolstack. Imported late: most commands never need it."""

from __future__ import annotations

from .machine import Machine


def at_boot(m: Machine) -> None:
    """After a boot under Xen: no domains but Domain-0."""
    from .. import xen

    xen.at_boot(m)


def at_shutdown(m: Machine) -> None:
    """Before the machine goes down: guests are gone."""
    if m.is_dom0():
        from .. import xen

        xen.at_shutdown(m)


def store_started(m: Machine) -> None:
    """A xenstored has started: what another one knew is gone."""
    from .. import xen

    xen.store_started(m)


def daemons_started(m: Machine) -> None:
    """xen-init-dom0 has run."""
    from .. import xen

    xen.daemons_started(m)


def create_file(m: Machine, path: str) -> int:
    """`xl create PATH`. Returns its exit status."""
    from .. import xen

    return xen.xl_create_file(m, path)


def shutdown_guest(m: Machine, name: str) -> int:
    """`xl shutdown -F NAME`. Returns its exit status."""
    from .. import xen

    return xen.xl_shutdown(m, name)


def guest_names(m: Machine) -> list[str]:
    """Names of the guests that live, in the order of their ids."""
    from .. import xen

    return xen.guest_names(m)
