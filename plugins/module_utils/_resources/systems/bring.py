# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What dom0 must have of the controller before a guest can be installed from there. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .declare import System
from .methods import sets
from .work import sources


@dataclass(frozen=True)
class Brought:
    """A file of the controller and its place in dom0. ``needed``: without it the guest can't be installed."""

    src: str
    dest: str
    needed: bool = True


def of(system: System) -> list[Brought]:
    """The files for one guest, in the folders of a mirror."""
    install, found = system.install, []
    if install.local_keyring:
        found.append(Brought(install.local_keyring, install.keyring))
    if install.local_source:
        names = [*sets.files(system.guest, install)]
        if install.keyring:
            names.append(f"{sources.HASHES}/{sources.hashes_file(install.release)}")
        found += [Brought(f"{install.local_source}/{name}", f"{install.source}/{name}") for name in names]
        for part in (sources.SETS, sources.KERNELS):
            name = f"{sources.folder('', install.release, install.arch, part)[1:]}/{sources.SUMS}"
            # Who gives sums, or a keyring, needs no such file.
            found.append(Brought(f"{install.local_source}/{name}", f"{install.source}/{name}", needed=False))
    return found
