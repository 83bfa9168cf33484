# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Role bootstrap, which has one command of its own and calls no module. Pure."""

from __future__ import annotations

import posixpath

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.plugin_utils._arguments import open_passwords
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Task, Variables

PKGIN = "pkgin"


def python_package(variables: Variables) -> str:
    """The package of the interpreter, as pkgsrc names it: python313 has python3.13 (pkgsrc lang/python313)."""
    return posixpath.basename(str(variables["bootstrap_python"])).replace(".", "")


def pkgin(variables: Variables) -> bool:
    """Whether it is needed: only if role dom0, whose default this one is, has its packages from there."""
    return bool(variables.get("dom0_package_source", PKGIN) == PKGIN)


def pkg_path(variables: Variables) -> str:
    """Where the packages are. It becomes a part of a command, which everybody can see. Raises Refused."""
    given = str(variables["bootstrap_pkg_path"])
    for problem in open_passwords({"bootstrap_pkg_path": given}, {}):
        raise Refused(f"{problem}.")
    return given


TASKS: dict[str, Task] = {}
VALUES = {"pkg_path": pkg_path, "pkgin": pkgin, "python_package": python_package}
