# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What came of a machine that was made by hand: its variables, and what a run with them would still do. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.found import Found
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import HostPlan


@dataclass
class Adopted:
    """``variables`` are in the order of the file, ``plan`` is what a run with them would do."""

    found: Found
    plan: HostPlan
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def left(self) -> list[str]:
        """What a run would still do, or complain of: no variable keeps it as it is."""
        return said(self.plan)

    @property
    def waiting(self) -> list[str]:
        """What a run would leave until the admin says the word, such as a guest that runs with other settings than its
        configuration has by now."""
        steps = self.plan.waiting
        return [f"{step.resource} {step.thing}: {step.summary} (waits for {step.word})" for step in steps]


def said(plan: HostPlan) -> list[str]:
    """What a run would do, and complain of, a line each."""
    steps = [f"{step.resource} {step.thing}: {step.summary}" for step in plan.steps]
    problems = [*plan.problems, *plan.later]
    said = steps + [f"{each.resource} {each.thing}".rstrip() + f": {each.message}" for each in problems]
    return [" ".join(line.split()) for line in said]
