# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Xen releases as people write them into YAML."""

from __future__ import annotations

from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._releases import RELEASES, Release, release


def unquoted(value: Any) -> str:
    """What is wrong with a number in place of a release, empty for nothing: ``4.20`` without quotes is the number 4.2
    to YAML, which is another release. A number that can be only one release is let pass."""
    if isinstance(value, float) and f"{value}0" in RELEASES:
        return f"is the number {value} and may be {value} or {value}0; put it in quotes."
    return ""


def row(value: Any) -> Release:
    """The row of a release, as it stands in YAML. Raises Refused for one that is not in the table, and for a number
    that may be two of them."""
    problem = unquoted(value)
    if problem:
        raise Refused(f"A Xen release {problem}")
    return release(str(value))
