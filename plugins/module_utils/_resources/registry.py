# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Every resource by its name."""

from __future__ import annotations

from . import device_nodes, kernfs, tool_scripts, xl_conf
from .boot import boot_cfg, grub_menu
from .bridge import resource as bridge
from .files import resource as system_files
from .guests import resource as domain
from .packages import resource as xen_packages
from .preflight import resource as preflight
from .services import resource as rc_service

RESOURCES = {
    resource.NAME: resource
    for resource in (
        boot_cfg,
        bridge,
        device_nodes,
        domain,
        grub_menu,
        kernfs,
        preflight,
        rc_service,
        system_files,
        tool_scripts,
        xen_packages,
        xl_conf,
    )
}
