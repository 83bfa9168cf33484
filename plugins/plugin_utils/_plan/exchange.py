# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role upgrade would do: whether it exchanges one Xen for another, by the rules of its own tasks. Pure."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.module_utils._change import HOST_REBOOT
from ansible_collections.netbsd.xen.plugins.module_utils._resources.reboot import target
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import Problem, Step
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import upgrade
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Variables

ROLE = "upgrade"


def step(variables: Variables) -> Step | None:
    """The exchange, None where the wanted release runs with its tools. How it goes on hangs on each boot."""
    wanted = variables["dom0_xen_release"]
    if upgrade.is_trial(variables):
        before, summary = upgrade.running(variables), f"try Xen {wanted}, then exchange the tools for its own"
    elif upgrade.exchanges(variables):
        before, summary = upgrade.running(variables) or "none", f"exchange the tools for those of Xen {wanted}"
    else:
        return None
    return Step(ROLE, target.NAME, "Xen", summary, HOST_REBOOT, before, wanted)


def problem(variables: Variables) -> Problem | None:
    """What is in the way of it."""
    is_trial = upgrade.is_trial(variables)
    text = upgrade.trial_obstacle(variables) if is_trial else upgrade.tools_obstacle(variables)
    return Problem(ROLE, target.NAME, "Xen", text) if text else None


def later() -> Problem:
    return Problem(ROLE, target.NAME, "", "all else is told when the machine runs under the other Xen")
