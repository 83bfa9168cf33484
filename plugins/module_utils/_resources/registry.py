# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Every resource by its name."""

from __future__ import annotations

from . import device_nodes, dom0_weight, kernfs, tool_scripts, ttys, xl_conf
from .boot import boot_cfg, grub_menu
from .bridge import resource as bridge
from .files import resource as system_files
from .guests import resource as domain
from .packages import resource as xen_packages
from .preflight import resource as preflight
from .services import resource as rc_service
from .systems import resource as guest_system

RESOURCES = {
    resource.NAME: resource
    for resource in (
        boot_cfg,
        bridge,
        device_nodes,
        dom0_weight,
        domain,
        grub_menu,
        guest_system,
        kernfs,
        preflight,
        rc_service,
        system_files,
        tool_scripts,
        ttys,
        xen_packages,
        xl_conf,
    )
}
