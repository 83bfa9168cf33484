# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What keys of a guest that are more than one value become in its configuration, in the words of xl.cfg(5) or, for
``dialect`` xm, of ``xm create`` (xen tools/python/xen/xm/create.py, 3.3.1 and 4.2.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...._formats.guest import devices

if TYPE_CHECKING:
    from .guest import Guest


def guest_type(guest: Guest, dialect: str) -> dict[str, Any]:
    """Releases before 4.10 know ``builder`` only, and take a guest without it for a pv one; the later ones know both
    (xl_parse.c)."""
    settings: dict[str, Any] = {} if dialect == "xm" else {"type": guest.xl_type}
    if guest.type == "hvm":
        settings["builder"] = "hvm"
    if guest.type == "pvshim":
        settings["pvshim"] = True
    return settings


def maxmem(guest: Guest, dialect: str) -> dict[str, Any]:
    """Left out where it is the default."""
    return {"maxmem": guest.maxmem} if guest.maxmem != guest.memory else {}


def maxvcpus(guest: Guest, dialect: str) -> dict[str, Any]:
    """Left out where it is the default."""
    return {"maxvcpus": guest.maxvcpus} if guest.maxvcpus != guest.vcpus else {}


def cpus(guest: Guest, dialect: str) -> dict[str, Any]:
    """A text counts for all virtual CPUs, a list for each its own."""
    if not guest.cpus:
        return {}
    return {"cpus": guest.cpus[0] if len(guest.cpus) == 1 else list(guest.cpus)}


def disks(guest: Guest, dialect: str) -> dict[str, Any]:
    """Always there, as the interfaces are."""
    return {"disk": [devices.render_disk(disk, dialect) for disk in guest.disks]}


def nics(guest: Guest, dialect: str) -> dict[str, Any]:
    """Both toolstacks read one form."""
    return {"vif": [devices.render_vif(nic) for nic in guest.nics]}


def pci(guest: Guest, dialect: str) -> dict[str, Any]:
    """Both toolstacks read one form."""
    return {"pci": [devices.render_pci(device) for device in guest.pci]} if guest.pci else {}


def vnc(guest: Guest, dialect: str) -> dict[str, Any]:
    """Keys of its own for hvm, whose screen is a part of its machine; a device with its own little list, password
    included, for the others. xm of Xen 3 knows that device by its type and takes the keymap from outside."""
    screen = guest.vnc
    if screen is None:
        return {}
    words = {"vnclisten": screen.listen}
    if screen.display is not None:
        words["vncdisplay"] = str(screen.display)
    words["vncunused"] = "1" if screen.display is None else "0"
    if guest.type == "hvm":
        return {"vnc": True, **words, **({"keymap": screen.keymap} if screen.keymap else {})}
    if guest.secrets.get("vncpasswd"):
        words["vncpasswd"] = guest.secrets["vncpasswd"]
    xm, outside = dialect == "xm", {}
    if screen.keymap and xm:
        outside["keymap"] = screen.keymap
    elif screen.keymap:
        words["keymap"] = screen.keymap
    listed = ",".join(f"{key}={value}" for key, value in words.items())
    return {"vfb": [f"type=vnc,{listed}" if xm else f"vnc=1,{listed}"], **outside}
