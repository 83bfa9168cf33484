# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host of an inventory that is asked outside of a play: through its own connection and become plugin, as a task would
reach it."""

from __future__ import annotations

import json
import os
import tempfile
from typing import Any

from ansible import constants, context
from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins import loader as plugins
from ansible.template import Templar

from ansible_collections.netbsd.xen.plugins.plugin_utils._inventory.reading import Execute
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.info import MODULE


def looks(variables: dict[str, Any], loader: Any) -> Execute:
    """What ``looked`` calls: the module ``look`` on the host that has these variables. What was given on the command
    line counts as far as it is known there; passwords that were asked for are not. Raises AnsibleError."""
    task = Task.load({"name": "the guests", "action": MODULE}, loader=loader)
    templar = Templar(loader=loader, variables=variables)
    # Some connections lock it. It is there for as long as the process.
    lock, path = tempfile.mkstemp()
    os.unlink(path)
    play_context = PlayContext(connection_lockfd=lock)
    play_context = play_context.set_task_and_variable_override(task=task, variables=variables, templar=templar)
    connection = _connection(variables, templar, play_context)
    action = plugins.action_loader.get(
        "ansible.builtin.normal",
        task=task,
        connection=connection,
        play_context=play_context,
        loader=loader,
        templar=templar,
        shared_loader_obj=plugins,
    )

    def execute(asks: list[dict[str, Any]]) -> dict[str, Any]:
        args = {"asks": json.dumps(asks)}
        return dict(action._execute_module(module_name=MODULE, module_args=args, task_vars=variables))

    return execute


def _connection(variables: dict[str, Any], templar: Any, play_context: Any) -> Any:
    def value(name: str, default: Any) -> Any:
        return templar.template(variables[name]) if variables.get(name) is not None else default

    kind = value("ansible_connection", context.CLIARGS.get("connection") or constants.DEFAULT_TRANSPORT)
    kind = "ssh" if kind == "smart" else kind
    connection = plugins.connection_loader.get(kind, play_context, os.devnull)
    if connection is None:
        raise AnsibleError(f"there is no connection plugin {kind}")
    become = None
    if boolean(value("ansible_become", context.CLIARGS.get("become") or constants.DEFAULT_BECOME)):
        method = context.CLIARGS.get("become_method") or constants.DEFAULT_BECOME_METHOD
        method = value("ansible_become_method", method)
        become = plugins.become_loader.get(method)
        if become is None:
            raise AnsibleError(f"there is no become plugin {method}")
    connection.set_become_plugin(become)
    connection.set_options(var_options=connection._resolve_option_variables(variables, templar))
    for kind, plugin in (("shell", connection._shell), ("become", become)):
        if plugin is not None:
            names = constants.config.get_plugin_vars(kind, plugin._load_name)
            given = {name: templar.template(variables[name]) for name in names if name in variables}
            plugin.set_options(var_options=given)
    if become is not None:
        play_context.set_become_plugin(become.name)
        for option in ("become_user", "become_flags", "become_exe", "become_pass"):
            try:
                setattr(play_context, option, become.get_option(option))
            except KeyError:
                continue  # not every method has all of them
        play_context.prompt = become.prompt
    return connection
