# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What an rc.d service is set to in rc.conf(5): reading it, and the edits that make it as declared. Which file decides
is told by ``_rc_conf``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ... import _rc_conf, _releases
from ..._change import Change, NotRead, Refused
from ..._formats.system import rcconf
from ..._host import Host
from .autostart import Guests

SCRIPTS = "/etc/rc.d"
# What xenconsoled logs (pkgsrc xencommons.sh), and where (xen tools/console/daemon/io.c).
CONSOLE_TRACE, CONSOLE_LOGS = "XENCONSOLED_TRACE", "/var/log/xen/console"
# What is read ahead of every task.
OURS = "xen"


@dataclass(frozen=True)
class Wanted:
    """One declared service. ``variables`` are rc.conf variables other than the service's YES/NO switch. ``known`` is
    what its Xen release says of it, None for a service of something else. ``guests`` are those that it is to start,
    None where that is left alone."""

    name: str
    enabled: bool | None
    state: str | None
    variables: tuple[tuple[str, str], ...]
    known: _releases.Service | None
    guests: Guests | None = None


# -- reading ----------------------------------------------------------------------------------------------------------


def read_script(host: Host, name: str) -> dict[str, Any] | None:
    """What a script calls itself and its switch; None if there is no such script."""
    text = host.read_text(f"{SCRIPTS}/{name}")
    if text is None:
        return None
    return {
        "name": rcconf.script_variable(text, "name") or name,
        "rcvar": rcconf.script_variable(text, "rcvar"),
        "running": None,
    }


def read_values(host: Host, scripts: dict[str, Any], variables: set[str]) -> dict[str, Any]:
    """What is set for each script, by the name that it calls itself, and for one without a file in rc.conf.d (""). Only
    what was asked for: the rest is nobody's business."""
    found = {}
    files = {name for name in host.list_dir(_rc_conf.RC_CONF_D) if name.startswith(OURS)}
    for name in sorted({script["name"] for script in scripts.values() if script} | files | {""}):
        values = _rc_conf.values(host, name)
        asked = {variable for variable in values.names() | variables if _concerns(variable, variables)}
        found[name] = {variable: _rc_conf.told(values, variable) for variable in sorted(asked)}
    return found


def _concerns(variable: str, asked_for: set[str]) -> bool:
    return variable.lower().startswith(OURS) or variable in asked_for


# -- planning ---------------------------------------------------------------------------------------------------------


@dataclass
class Switches:
    """The settings that are planned so far, by variable: the value and whose it is. Several services can have one
    switch: the first revisions of Xen 4.1's xencommons are switched by xend's."""

    planned: dict[str, tuple[str, str]]

    def take(self, service: str, variable: str, value: str) -> bool:
        """Note a setting; False if another service has the same already. Raises Refused if it has another value."""
        found = self.planned.setdefault(variable, (value, service))
        if found[0] != value:
            raise Refused(
                f"Services {found[1]} and {service} both read {variable}, which can't be {rcconf.quoted(found[0])} and "
                f"{rcconf.quoted(value)}; declare the same for both."
            )
        return found[1] == service


def change(
    resource: str,
    current: dict[str, Any],
    wanted: Wanted,
    script: dict[str, Any],
    switches: Switches,
    needs: tuple[str, ...],
) -> Change | None:
    """The edits of a service's settings as one change, or None if all are as declared. ``needs``: see Change."""
    before, after, edits = {}, {}, []
    for variable, value, is_switch in _assignments(wanted, script):
        told = _told(current, wanted, script, variable)
        try:
            found = _rc_conf.effective(told, variable)
            if not switches.take(wanted.name, variable, value) or _same(found, value, is_switch):
                continue
            edits.append((_rc_conf.place(told, variable), variable, value))
        except _rc_conf.Undecided as refusal:
            raise Refused(f"Service {wanted.name}: {refusal}") from None
        before[variable], after[variable] = found, value
    if not edits:
        return None
    return Change(
        resource=resource,
        thing=wanted.name,
        action="configure",
        summary="set " + ", ".join(f"{variable}={rcconf.quoted(value)} in {path}" for path, variable, value in edits),
        before=before,
        after=after,
        needs=needs,
        data=edits,
    )


def _assignments(wanted: Wanted, script: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """The variables that are wanted: name, value, and whether it is the script's YES/NO switch."""
    found = [(variable, value, False) for variable, value in wanted.variables]
    if wanted.enabled is None:
        return found
    rcvar = script["rcvar"]
    if rcvar is None:
        raise Refused(
            f"Service {wanted.name}: enabled is {wanted.enabled}, but its script has no rcvar, so there is no YES/NO "
            "switch. "
            + (
                "Its list of guests is the switch: give variables: {xendomains: 'web1 db1'}."
                if wanted.name == "xendomains"
                else "Give its own variables in variables."
            )
        )
    if rcvar in dict(wanted.variables):
        raise Refused(f"Service {wanted.name}: {rcvar} is its YES/NO switch; give enabled or the variable, not both.")
    return [(rcvar, "YES" if wanted.enabled else "NO", True)] + found


def _told(current: dict[str, Any], wanted: Wanted, script: dict[str, Any], variable: str) -> dict[str, Any] | None:
    """What is told of a variable for a script (see ``_rc_conf.told``)."""
    if not _concerns(variable, set(current["variables"])):
        raise NotRead(f"{variable} was not looked for")
    if not current["rc_conf"]:
        raise Refused(
            f"Service {wanted.name}: {_rc_conf.RC_CONF} is missing; without it the machine stops in single-user mode."
        )
    told: dict[str, Any] | None = current["values"].get(script["name"], current["values"][""]).get(variable)
    return told


def _same(found: str | None, value: str, is_switch: bool) -> bool:
    if found == _rc_conf.COMPUTED:
        return False
    if is_switch:
        return rcconf.is_yes(found) if rcconf.is_yes(value) else rcconf.is_no(found)
    return (found or "") == value


# -- writing ----------------------------------------------------------------------------------------------------------


def write(host: Host, edits: list[tuple[str, str, str]]) -> None:
    """Carry the edits of a change out: path, variable, value."""
    for path, variable, value in edits:
        if variable == CONSOLE_TRACE and value:
            host.make_dir(CONSOLE_LOGS)  # xenconsoled does not make it, and then logs nothing
        _rc_conf.write(host, path, variable, value)


def console_trace(host: Host) -> list[str]:
    """The argument with which xencommons starts xenconsoled if its output is to be logged (pkgsrc xencommons.sh)."""
    found = _rc_conf.values(host, "xencommons").find(CONSOLE_TRACE)
    return [f"--log={found.value}"] if found is not None and found.value and not found.why else []
