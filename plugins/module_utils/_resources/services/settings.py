# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What an rc.d service is set to in rc.conf(5): reading it, and the edits that make it as declared.

rc.subr(8) reads /etc/rc.conf, which reads the system's defaults first, and then /etc/rc.conf.d/NAME, where NAME is what
the script calls itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ... import _releases
from ..._change import Change, NotRead, Refused
from ..._formats.system import rcconf
from ..._host import Host

SCRIPTS = "/etc/rc.d"
RC_CONF = "/etc/rc.conf"
RC_CONF_D = "/etc/rc.conf.d"
DEFAULTS = "/etc/defaults/rc.conf"
# What xenconsoled logs (pkgsrc xencommons.sh), and where (xen tools/console/daemon/io.c).
CONSOLE_TRACE, CONSOLE_LOGS = "XENCONSOLED_TRACE", "/var/log/xen/console"
# What is read ahead of every task.
OURS = "xen"
# A value that is set, but that only sh could tell.
COMPUTED = "(computed when sh reads the file)"

_DEFAULT_LINE = re.compile(r"^([A-Za-z_][A-Za-z0-9_]*)=([^\n]*)", re.MULTILINE)


@dataclass(frozen=True)
class Wanted:
    """One declared service. ``variables`` are rc.conf variables other than the service's YES/NO switch. ``known`` is
    what its Xen release says of it, None for a service of something else."""

    name: str
    enabled: bool | None
    state: str | None
    variables: tuple[tuple[str, str], ...]
    known: _releases.Service | None


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


def read_files(host: Host, scripts: dict[str, Any], variables: set[str]) -> dict[str, Any]:
    """The settings in rc.conf and in each script's own file. Only what was asked for: the rest is nobody's business."""
    own = {script["name"] for script in scripts.values() if script}
    present = set(host.list_dir(RC_CONF_D))
    paths = [RC_CONF] + [f"{RC_CONF_D}/{name}" for name in sorted(own & present)]
    return {path: _read_settings(host, path, variables) for path in paths}


def _read_settings(host: Host, path: str, variables: set[str]) -> dict[str, Any] | None:
    text = host.read_config(path, may_be_empty=path != RC_CONF)
    if text is None:
        return None
    document = rcconf.parse(text)
    settings = {}
    for setting in document.settings:
        if _concerns(setting.name, variables):
            settings[setting.name] = {"value": setting.value, "line": setting.line, "nested": setting.nested}
    return {"settings": settings, "trouble": document.trouble}


def read_defaults(host: Host, variables: set[str]) -> dict[str, str]:
    """The system's defaults. They come with the system and are plain, so that a line each will do."""
    found = {}
    for name, rest in _DEFAULT_LINE.findall(host.read_text(DEFAULTS) or ""):
        if _concerns(name, variables):
            setting = rcconf.parse(f"{name}={rest}").last(name)
            if setting is not None and setting.value is not None:
                found[name] = setting.value
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
        found, path = _effective(current, wanted, script, variable)
        if not switches.take(wanted.name, variable, value) or _same(found, value, is_switch):
            continue
        before[variable], after[variable] = found, value
        edits.append((path, variable, value))
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


def _effective(
    current: dict[str, Any], wanted: Wanted, script: dict[str, Any], variable: str
) -> tuple[str | None, str]:
    """The value that counts (None: unset) and the file in which to change it."""
    if not _concerns(variable, set(current["variables"])):
        raise NotRead(f"{variable} was not looked for")
    for path in (f"{RC_CONF_D}/{script['name']}", RC_CONF):
        content = current["files"].get(path)
        setting = (content or {}).get("settings", {}).get(variable)
        if content and content["trouble"]:
            raise Refused(
                f"Service {wanted.name}: {path} can't be understood, so it is not touched: {content['trouble']}."
            )
        if setting is not None:
            if setting["nested"]:
                raise Refused(
                    f"Service {wanted.name}: {variable} is set in line {setting['line']} of {path} within a "
                    "condition or a function, so nobody but sh knows its value. Set it on a line of its own, below."
                )
            return COMPUTED if setting["value"] is None else setting["value"], path
    if current["files"].get(RC_CONF) is None:
        raise Refused(f"Service {wanted.name}: {RC_CONF} is missing; without it the machine stops in single-user mode.")
    return current["defaults"].get(variable), RC_CONF


def _same(found: str | None, value: str, is_switch: bool) -> bool:
    if found == COMPUTED:
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
        document = rcconf.parse(host.read_config(path, may_be_empty=path != RC_CONF) or "")
        host.write_text(path, rcconf.assign(document, variable, value), backup=True)


def console_trace(host: Host) -> list[str]:
    """The argument with which xencommons starts xenconsoled if its output is to be logged (pkgsrc xencommons.sh)."""
    for path in (f"{RC_CONF_D}/xencommons", RC_CONF):
        setting = rcconf.parse(host.read_text(path) or "").last(CONSOLE_TRACE)
        if setting is not None:
            return [f"--log={setting.value}"] if setting.value and not setting.nested else []
    return []
