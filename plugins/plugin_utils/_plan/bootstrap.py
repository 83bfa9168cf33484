# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role bootstrap would do, by the rules of its one command: Python, pkgin, and packages that are not noted as
being on the disk."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.module_utils import _packages
from ansible_collections.netbsd.xen.plugins.module_utils._change import LIVE
from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import packing_list
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import HostPlan, Problem, Step
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Variables

ROLE = "bootstrap"
# No module of the collection does it: the role's own command, by ``raw``.
RESOURCE = "bootstrap"
PKGIN, PKGIN_PATH = "pkgin", "/usr/pkg/bin/pkgin"


def install(package: str) -> Step:
    """What brings a package that is missing, or not whole."""
    return Step(ROLE, RESOURCE, package, "install it", LIVE)


def steps(host: Host, variables: Variables) -> list[Step]:
    """The packages that are missing."""
    found = []
    if not host.exists(variables["bootstrap_python"]):
        found.append(install(variables["bootstrap_python_package"]))
    if variables.on("bootstrap_pkgin") and not _has_pkgin(host):
        found.append(install(PKGIN))
    return found


def _has_pkgin(host: Host) -> bool:
    if not host.exists(PKGIN_PATH):
        return False
    name = next((name for name in _packages.registered(host) if name.rpartition("-")[0] == PKGIN), "")
    files = packing_list.parse(_packages.listed(host, name) or "") if name else []
    return all(host.stat(file.path, follow=False) is not None for file in files)


def later(host: Host, variables: Variables) -> list[Problem]:
    """A run looks closely at packages that came since, which takes long, and brings them to the disk."""
    if not variables.on("bootstrap_settle"):
        return []
    fresh = sorted(set(_packages.registered(host)) - _packages.on_disk(host))
    if not fresh:
        return []
    text = f"whether {len(fresh)} packages that were installed since the last run are whole; then they are synced"
    return [Problem(ROLE, RESOURCE, "packages", text)]


def without_python(name: str, package: str, pkgin: bool) -> HostPlan:
    """The plan of a machine on which no module can run."""
    text = "all else can be told as soon as there is a Python on the machine"
    wanted = [package, *([PKGIN] if pkgin else [])]
    return HostPlan(name, steps=tuple(map(install, wanted)), later=(Problem(ROLE, RESOURCE, "", text),))
