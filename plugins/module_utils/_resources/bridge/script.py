# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The script that puts a guest's interface into its bridge. Every release's tools bring one that does (pkgsrc
xentools3/files/vif-bridge-nbsd and its successors); here it is only proven that it is there and can be run.

From Xen 3.0 on it is called with a xenstore path and a state, 2 or 6. On NetBSD 5, whose kernel publishes no name for
the interface, the packaged script makes the name up itself (xentools3/files/xen-subr-nbsd). A script written for Xen 2,
which waits for ``up`` or ``down`` and ``name=value``, does nothing then, and no guest gets its network.
"""

from __future__ import annotations

import re
from typing import Any

from ..._host import Host

DIRECTORY = "/usr/pkg/etc/xen"
XEND_CONFIG = f"{DIRECTORY}/xend-config.sxp"
XL_CONFIG = f"{DIRECTORY}/xl.conf"
# Both toolstacks take this one if nothing else is set (XendOptions.py; libxl_nic.c).
DEFAULT = "vif-bridge"

# A script for Xen 2 tells its tasks apart by these words; later ones ask xenstore.
_XEN_2 = re.compile(r"^[ \t]*['\"]?(?:up|down)['\"]?[ \t]*\)|\bin[ \t]+['\"]?(?:up|down)['\"]?[ \t]*\)", re.MULTILINE)
_XEND = re.compile(r"^[ \t]*\(vif-script[ \t]+['\"]?([^'\")\s]+)", re.MULTILINE)
_XL = re.compile(r"^[ \t]*vif\.default\.script[ \t]*=[ \t]*['\"]([^'\"]+)", re.MULTILINE)


def read(host: Host) -> dict[str, Any] | None:
    """The script that is in use, with the file that says so; None where no tools are installed yet."""
    configs = [path for path in (XEND_CONFIG, XL_CONFIG) if host.exists(path)]
    if not configs:
        return None
    config = configs[0]
    named = (_XEND if config == XEND_CONFIG else _XL).findall(host.read_text(config) or "")
    name = named[-1] if named else DEFAULT
    path = name if name.startswith("/") else f"{DIRECTORY}/scripts/{name}"
    found = host.stat(path)
    text = host.read_text(path) if found is not None and found.kind == "file" else None
    return {
        "config": config,
        "path": path,
        "exists": text is not None,
        "executable": bool(found and found.mode & 0o100),
        "for_xen_2": bool(_XEN_2.search(text or "")) and "xenstore" not in (text or ""),
    }


def warnings(script: dict[str, Any] | None) -> list[str]:
    """Why guests would get no network, in words."""
    if script is None:
        return []
    path, config = script["path"], script["config"]
    if not script["exists"]:
        return [f"Guests get no network: by {config} their script is {path}, which is not there. The tools bring it."]
    if not script["executable"]:
        return [
            f"Guests get no network: {path} can't be run; role netbsd.xen.dom0 repairs a packaged "
            "one (module netbsd.xen.tool_scripts), one of your own needs mode 0755."
        ]
    if script["for_xen_2"]:
        return [
            f"Guests get no network: {path} was written for Xen 2, for calls with up or down. From Xen 3.0 on it is "
            "called with a xenstore path and a state; use the script of the tools package."
        ]
    return []
