# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Every resource by its name."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.module_utils._resources import (
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
