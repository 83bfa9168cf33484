# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shows the plan of the rack, writes it to files, and has the hosts count that must count as failed."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.netbsd.xen.plugins.module_utils import _atomic
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan import rack, rack_files, rack_text

# What netbsd.xen.plan is registered as, of each host, and this action.
PLAN = "netbsd_xen_plan"
RACK = "netbsd_xen_rack"
# The groups into which netbsd.xen.plan puts the hosts that it could look at.
IN_SYNC, WITH_WORK = "netbsd_xen_in_sync", "netbsd_xen_with_work"
ARGUMENTS: dict[str, dict[str, Any]] = {
    "part": {"type": "str", "choices": ["plan", "verdict", "waiting"], "default": "plan"},
    "report": {"type": "list", "elements": "path", "default": []},
    "fail_on_drift": {"type": "bool", "default": False},
    "fail_on_problems": {"type": "bool", "default": False},
}
# What is shown is text of a terminal's own: a result would be shown as JSON or YAML, if at all.
COLOURS = {
    rack_text.CHANGE: constants.COLOR_CHANGED,
    rack_text.WAITS: constants.COLOR_SKIP,
    rack_text.LATER: constants.COLOR_SKIP,
    rack_text.UNDECLARED: constants.COLOR_SKIP,
    rack_text.PROBLEM: constants.COLOR_ERROR,
    rack_text.ELSEWHERE: constants.COLOR_WARN,
    rack_text.WARNING: constants.COLOR_WARN,
}

display = Display()


class ActionModule(ActionBase):
    TRANSFERS_FILES = False
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        task_vars = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars)
        result["changed"] = False
        _checked, options = self.validate_argument_spec(argument_spec=ARGUMENTS)
        if options["part"] == "verdict":
            return {**result, **verdict(task_vars)}
        if options["part"] == "waiting":
            _show(_waiting(task_vars))
            return result
        plan = _rack(task_vars, task_vars["ansible_play_hosts_all"])
        paths = [file_of(path) for path in options["report"]]
        _show(rack_text.lines(plan))
        now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        for path in paths:
            _write(path, rack_files.KINDS[os.path.splitext(path)[1]](plan, now))
            display.display(f"written to {rack_text.clean(path)}")
        stopped = plan.stopped(options["fail_on_problems"], options["fail_on_drift"])
        result.update(
            states={view.host: view.state for view in plan.hosts},
            sums=asdict(plan.sums),
            stopped={host: {"msg": each.reason, "unreachable": each.unreachable} for host, each in stopped.items()},
            judged=_judged([view.host for view in plan.hosts], stopped),
            reports=paths,
        )
        return result


def _rack(task_vars: dict[str, Any], hosts: Iterable[str]) -> rack.RackPlan:
    """The plan of these hosts, also of those that are out of the play by now."""
    # Nothing in a result is a template, and a rack's results are much to look for one in.
    found = {host: task_vars["hostvars"].raw_get(host).get(PLAN) for host in hosts}
    return rack.rack_plan(rack.from_result(host, result) for host, result in found.items())


def _waiting(task_vars: dict[str, Any]) -> list[rack_text.Line]:
    """The table of what waits. A play whose hosts all fail shows it too, or nobody would: then the others, which were
    looked at in this run and are not in that play, are told as well."""
    here, left = task_vars["ansible_play_hosts_all"], set(task_vars["ansible_play_hosts"])
    looked_at = [host for group in (IN_SYNC, WITH_WORK) for host in task_vars["groups"].get(group, ())]
    gone = [host for host in here if host not in left]
    known = [host for host in dict.fromkeys([*here, *looked_at]) if host not in gone]
    return rack_text.waiting(_rack(task_vars, known), gone)


def _judged(hosts: Sequence[str], stopped: Mapping[str, Any]) -> list[str]:
    """The hosts of the play of the verdicts: with one that goes on, if there is one, because Ansible ends a run in a
    play of which every host has failed."""
    going_on = [host for host in hosts if host not in stopped]
    return [*stopped, *going_on[:1]] if stopped else []


def verdict(task_vars: dict[str, Any]) -> dict[str, Any]:
    """The host's result: nothing, or that it counts as failed or as unreachable."""
    if RACK not in task_vars:
        raise AnsibleActionFail(f"There is no {RACK}: register it where netbsd.xen.rack_plan shows the plan.")
    stopped = task_vars[RACK]["stopped"].get(task_vars["inventory_hostname"])
    if stopped is None:
        return {}
    if stopped["unreachable"]:
        return {"unreachable": True, "msg": "It can't be reached; why, stands in the plan of the rack."}
    return {"failed": True, "msg": stopped["msg"]}


def _show(lines: Sequence[rack_text.Line]) -> None:
    """With an empty line before them. What stands there is Ansible's, which may also hold this task's header back until
    there is a result."""
    if lines:
        display.display("")
    for line in lines:
        display.display(line.text, color=COLOURS.get(line.kind))


def file_of(path: str) -> str:
    """The file itself, of a link too. Raises AnsibleActionFail for a name that does not say what shall be in it, and
    for one that no file can have."""
    found = os.path.realpath(path)
    kinds = " or ".join(rack_files.KINDS)
    if os.path.splitext(found)[1] not in rack_files.KINDS:
        raise AnsibleActionFail(f"The report {path} must end in {kinds}, which says what shall be in it.")
    if os.path.isdir(found):
        raise AnsibleActionFail(f"The report {path} is a directory; give the name of a file.")
    if not os.path.isdir(os.path.dirname(found)):
        raise AnsibleActionFail(f"The report {path} can't be written: there is no directory {os.path.dirname(found)}.")
    return found


def _write(path: str, content: str) -> None:
    """In one step, so that whoever reads it never reads half of it. Who may read it is for the umask to say, as with
    any file of the admin's: a plan has names and settings of the rack in it, and no secret."""
    mask = os.umask(0)
    os.umask(mask)
    try:
        _atomic.replace(path, content.encode(), 0o666 & ~mask)
    except OSError as error:
        raise AnsibleActionFail(f"The report {path} can't be written: {error.strerror}.") from error
