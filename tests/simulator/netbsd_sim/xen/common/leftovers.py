# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What a guest leaves behind whose devices do not go, on a machine under load: the fault `stuck`.

Records xl-block-detach-with-guest to ifconfig-l-end-with-guest, t1-vnconfig-after-destroy (xl 4.17, NetBSD 7.99.10):
the detach fails, `xl destroy` complains and ends with 0, the domain stays for a while as `(null)` with its
interfaces, and the vnd unit of the disk that was to be detached stays configured for good.
"""
from __future__ import annotations

from typing import Any

from ...core.machine import Machine
from ...net import network
from ...system import devices
from . import hotplug
from .hypervisor import Domain

DESTROY_SECONDS = 15.0
_GONE_SECONDS = 60.0  # how long the domain stays: it was there some seconds later, and gone with the next guest


def complaints(domain: Domain) -> list[str]:
    """What `xl destroy` says, and 0 is its status."""
    domid = domain["domid"]
    paths = [f"vbd/{domid}/{vbd['devid']}" for vbd in domain["vbds"] if vbd.get("detaching")]
    paths += [f"vif/{domid}/{vif['devid']}" for vif in domain["vifs"]]
    if not paths:
        return []
    return [*(f"libxl: error: libxl_device.c:1194:device_backend_callback: Domain {domid}:unable to remove device with "
              f"path /local/domain/0/backend/{path}" for path in paths),
            f"libxl: error: libxl_domain.c:1524:devices_destroy_cb: Domain {domid}:libxl__devices_destroy failed"]


def keep(m: Machine, domain: Domain) -> dict[str, Any]:
    """Release what goes, and return what the dying domain's row is kept with."""
    units = []
    for vbd in domain["vbds"]:
        if vbd.get("detaching") and vbd["unit"] is not None:
            units.append(vbd["unit"])
        else:
            hotplug.disconnect_disk(m, vbd)
    names = [vif.get("ifname") or hotplug.interface_name(domain["domid"], vif["devid"]) for vif in domain["vifs"]]
    return {"until": m.now() + _GONE_SECONDS * m.pace, "interfaces": names, "units": units}


def end(m: Machine, left: dict[str, Any]) -> None:
    """The domain is gone at last, and with it its interfaces. Nobody holds its vnd units any more, and nobody frees
    them."""
    for name in left["interfaces"]:
        if name in network.interfaces(m):
            network.destroy_interface(m, name)
    for unit in left["units"]:
        devices.vnd_release(m, unit)
