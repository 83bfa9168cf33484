# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``netbsd.xen.host_info`` tells of a machine, and how an action plugin looks at its own."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.netbsd.xen.plugins.module_utils import _packages
from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._engine import internal_error
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.module_utils._plain import as_plain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.machine import about
from ansible_collections.netbsd.xen.plugins.module_utils._resources.registry import RESOURCES
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.driver import Looked, looked
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.first import first_asks, machine_asks

MODULE = "netbsd.xen.look"
ALL = "all"
ARGUMENTS: dict[str, Any] = {
    "resources": {"type": "list", "elements": "str", "default": [], "choices": [ALL, *sorted(RESOURCES)]}
}


def by_module(action: ActionBase, task_vars: dict[str, Any]) -> Callable[[list[dict[str, Any]]], dict[str, Any]]:
    """What ``looked`` calls: the module ``look`` on the machine of an action plugin's task."""

    def execute(asks: list[dict[str, Any]]) -> dict[str, Any]:
        args = {"asks": json.dumps(asks)}
        return dict(action._execute_module(module_name=MODULE, module_args=args, task_vars=task_vars))

    return execute


def told(
    execute: Callable[[list[dict[str, Any]]], dict[str, Any]], names: Iterable[str] = ()
) -> Looked[dict[str, Any]]:
    """What ``host_info`` returns, with the state of these resources, of which ``all`` stands for every one."""
    wanted = list(names)
    return looked(execute, first_asks() if wanted else machine_asks(), lambda host: gather(host, wanted))


def gather(host: Host, names: list[str]) -> dict[str, Any]:
    """What is told of a machine."""
    packages = host.part(lambda: _packages.installed(host))
    result = {"host": host.part(lambda: about.describe(host, packages or {})), "packages": packages}
    if names:
        result["snapshot"] = snapshot(host, RESOURCES if ALL in names else names)
    return result


def _state(host: Host, name: str) -> Any:
    return as_plain(RESOURCES[name].read(host, None))


def snapshot(host: Host, names: Iterable[str]) -> dict[str, Any]:
    """Read the named resources; one that can't be read is an error of its own and does not hide the others."""
    resources, errors = {}, {}
    for name in names:
        try:
            resources[name] = host.part(partial(_state, host, name))
        except XenError as error:
            errors[name] = str(error)
        except Exception as error:
            # Whatever is wrong with one thing, the others are still looked at; its own task says more.
            errors[name] = internal_error(name, error)["msg"]
    return {"id": uuid.uuid4().hex, "resources": resources, "errors": errors}
