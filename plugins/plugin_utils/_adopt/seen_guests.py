# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is seen of a machine's guests beside their configurations, and what a plan has against declaring them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read.current import Current
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read.lost import nameless
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.found import Told
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import HostPlan

_OF_GUEST = re.compile(r"guest '?([^\s':]+)'?: (.*)")


def undeclarable(host: Host, current: Current) -> list[Told]:
    """What is no configuration, and guests without one."""
    found = []
    for name in current.occupied:
        path = f"{current.config_dir}/{name}"
        there = host.stat(path)
        if there and there.kind == "file":
            why = "it is executable or too large, so it is taken for no guest's configuration"
            found.append(Told(path, why))
    named = {(config.settings or {}).get("name") for config in current.configs.values()}
    elsewhere = {(config.settings or {}).get("name"): path for path, config in current.elsewhere.items()}
    lost = {each.domid for each in nameless(current)}
    for each in current.domains:
        if not each.domid or each.row.dying or each.domid in lost or each.name in named:
            continue
        where = elsewhere.get(each.name)
        why = f"it runs, and its configuration is {where}" if where else "it runs and has no configuration"
        found.append(Told(f"guest {each.name}", f"{why}; a declared guest's is a file in {current.config_dir}"))
    return found


def state(name: str, current: Current) -> dict[str, str]:
    """The state to declare of a guest, nothing for one that runs."""
    alive = [each for each in current.domains if each.name == name and not each.row.dying]
    if alive:
        return {"state": "paused"} if alive[0].row.paused else {}
    return {"state": "saved" if name in current.saved else "shutdown"}


def wrong(plan: HostPlan, secrets: Collection[str]) -> Iterator[tuple[str, str]]:
    """By guest, why its declaration is not in sync. An inventory that has the passwords (``secrets``) of a guest must
    declare it too, so that a step which nobody notices is left to a run: such a file is for root alone to read."""
    for step in plan.steps:
        if step.thing not in secrets or step.impact != "live":
            yield step.thing, f"a run would {step.summary}"
    for each in (*plan.problems, *plan.later):
        if each.thing:
            yield each.thing, each.message
        for line in each.message.splitlines():
            found = _OF_GUEST.match(line)
            if found:
                yield found[1], found[2]
