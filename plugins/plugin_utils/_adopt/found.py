# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was made of a machine: variables of roles, notes on them, and what can't be declared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Told:
    """A thing that can't be declared and stays as it is, and why, in one line."""

    thing: str
    why: str

    def __str__(self) -> str:
        return f"{self.thing}: {self.why}"


@dataclass
class Found:
    """``variables`` are those of roles that say what the machine is, ``notes`` what was inferred of them, by variable
    or by ``guest NAME``, and ``told`` what no variable can say."""

    variables: dict[str, Any] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    told: list[Told] = field(default_factory=list)

    def note(self, about: str, text: str) -> None:
        self.notes.setdefault(about, []).append(text)

    def tell(self, thing: str, why: str) -> None:
        found = Told(thing, " ".join(why.split()))
        if found not in self.told:
            self.told.append(found)
