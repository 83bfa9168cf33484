# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine has of services and xl.conf as variables of role services. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.found import Found
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import HostPlan

# What role services gives to xl.conf by itself.
OURS = ("autoballoon", "vif.default.bridge")
_SERVICE = re.compile(r"Service ([\w.-]+): (.*)")


def adopted(rc_conf: Mapping[str, str | None], xl_conf: Mapping[str, Any] | None, weight: int) -> Found:
    """``rc_conf`` has what the variables of the daemons are, None for what only sh could tell; ``xl_conf`` the settings
    of that file, None where there is none; ``weight`` is dom0's, 0 where nothing sets it at boot."""
    found = Found()
    if (rc_conf.get("xenwatchdog") or "").lower() in ("yes", "true", "on", "1"):
        found.variables["services_watchdog"] = True
    if rc_conf.get("XENCONSOLED_TRACE") == "guest":
        found.variables["services_console_log"] = True
    found.variables["services_dom0_weight"] = weight
    if not weight:
        found.note("services_dom0_weight", "0 leaves it as it is; nothing sets it at boot")
    if xl_conf is not None:
        found.variables["services_xl_conf"] = {**dict.fromkeys(OURS), **xl_conf}
        missing = [key for key in OURS if key not in xl_conf]
        if missing:
            text = f"null keeps what xl has by itself; the role would set {' and '.join(missing)}"
            found.note("services_xl_conf", text)
    return found


def wrong(plan: HostPlan) -> Iterator[tuple[str, str]]:
    """By service, what a run would do to it or complain of."""
    for step in plan.steps:
        if step.resource == "rc_service":
            yield step.thing, f"a run would {step.summary}"
    for each in plan.problems:
        for line in each.message.splitlines():
            found = _SERVICE.match(line)
            if found:
                yield found[1], found[2]
