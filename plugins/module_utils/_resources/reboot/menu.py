# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Whether the next boot is of the wanted Xen, as far as the boot menu tells. Reads only."""

from __future__ import annotations

import re

from ..._change import Refused
from ..._host import Host
from ..._releases import RELEASES
from ..boot import by_default
from .target import Wanted

# As this collection names the hypervisor's file.
_NAME = re.compile(r"/xen-([0-9]+\.[0-9]+)(?:-debug)?\.gz\Z")


def refuse_other_release(host: Host, wanted: Wanted) -> None:
    """Raise Refused if what will be booted is no Xen, one whose file is missing, or one of another release.

    What only GRUB 2 could tell is let pass, and so is a hypervisor of which nobody knows what it is.
    """
    menu = by_default.read(host, wanted.loader)
    if not menu.certain:
        return
    name = wanted.once or menu.default
    what = f"the entry {name!r} of {wanted.loader.title}, which it would boot," if name else f"{wanted.loader.title}"
    entry = menu.boots_xen(name)
    if entry is None:
        raise _refusal(f"{what} boots no hypervisor", wanted)
    if entry.file is None:
        return
    if not host.exists(entry.file):
        raise _refusal(f"{what} boots {entry.file}, which is missing", wanted)
    releases = _releases_of(host, entry.file)
    if releases and wanted.release not in releases:
        raise _refusal(f"{what} boots {entry.file}, which is of Xen {' or '.join(sorted(releases))}", wanted)


def _refusal(found: str, wanted: Wanted) -> Refused:
    return Refused(
        f"The machine was not rebooted: Xen {wanted.release} is wanted, and {found}. Write the menu first, with role "
        f"netbsd.xen.bootloader or module netbsd.xen.{wanted.loader.menu_module}; or, if something else boots this "
        "machine, say so (loader)."
    )


def _releases_of(host: Host, path: str) -> set[str]:
    """The releases that a hypervisor's file can be of: those whose package has the same content, else that in its name.
    Empty if neither tells."""
    content = host.content(path)
    found = {row.name for row in RELEASES.values() if host.content(row.hypervisor) == content}
    named = _NAME.search(path)
    return found or ({named[1]} if named else set())
