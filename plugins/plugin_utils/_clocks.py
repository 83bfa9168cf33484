# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far a guest's clock is from the controller's. Pure.

What is known is how far it was from dom0's when a login was seen, and dom0's from a look that takes its time. So it is
a range, and only what is wrong wherever in it the truth lies is said. Times are seconds, those of a clock since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass

# How wrong a clock may be before it is said.
CLOCK_SECONDS = 2.0
# ``date +%s`` leaves the rest of its second away.
_WHOLE = 1.0


@dataclass(frozen=True)
class Range:
    """A difference, at least and at most."""

    least: float
    most: float

    def plus(self, other: Range) -> Range:
        return Range(self.least + other.least, self.most + other.most)

    @property
    def is_small(self) -> bool:
        """Whether it may be one that is not said."""
        return self.least <= CLOCK_SECONDS and self.most >= -CLOCK_SECONDS

    def __str__(self) -> str:
        middle = (self.least + self.most) / 2
        return f"{abs(middle):.0f} seconds {'before' if middle > 0 else 'behind'}"


def ahead(told: float, before: float, after: float) -> Range:
    """How far a machine's clock is before ours, of which ``date +%s`` told this, between two looks at ours."""
    return Range(told - after, told + _WHOLE - before)


def wrong(guest: str, clock: Range, dom0: Range) -> str:
    """What is said of a guest whose clock is so far before dom0's, which is so far before ours; empty for one that is
    right enough."""
    found = dom0.plus(clock)
    if found.is_small:
        return ""
    words = f"guest {guest}: its clock is {found} the controller's"
    if not dom0.is_small:
        return f"{words}, and dom0's is {dom0} it; set that one first"
    return f"{words}; give it servers (install.ntp), or have ntpd set it"
