# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: rc.d services, above all those of Xen: their rc.conf settings and whether they live.

A script's word is not taken for a fact: ``xencommons status`` exits 0 when all is dead (record dead-after-1, NetBSD
7.99.10). Xen's services are judged by their processes and by xenstored's answer.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils import _releases
from ansible_collections.netbsd.xen.plugins.module_utils._change import (
    Change,
    CommandFailed,
    NotRead,
    Plan,
    Refused,
    XenError,
)
from ansible_collections.netbsd.xen.plugins.module_utils._formats import rcconf
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host, Result

NAME = "rc_service"
ARGUMENTS: dict[str, Any] = {
    "services": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "enabled": {"type": "bool"},
            "state": {"type": "str", "choices": ["started", "stopped"]},
            "variables": {"type": "dict", "default": {}},
        },
    },
    "assume_files": {"type": "list", "elements": "str", "default": []},
}

SCRIPTS = "/etc/rc.d"
RC_CONF = "/etc/rc.conf"
RC_CONF_D = "/etc/rc.conf.d"
DEFAULTS = "/etc/defaults/rc.conf"
PRIVCMD = "/kern/xen/privcmd"
# What xenconsoled logs (pkgsrc xencommons.sh), and where (xen tools/console/daemon/io.c).
CONSOLE_TRACE, CONSOLE_LOGS = "XENCONSOLED_TRACE", "/var/log/xen/console"
XENSTORE_READ = "/usr/pkg/bin/xenstore-read"
XENCONSOLED = "/usr/pkg/sbin/xenconsoled"
XEN_INIT_DOM0 = "/usr/pkg/libexec/xen/bin/xen-init-dom0"
# What read looks at ahead of every task.
OURS = "xen"
# The rcvars of pkgsrc's scripts, for a run in check mode in which no script has been installed yet.
_PKGSRC_RCVARS = {"xencommons": "xencommons", "xen-watchdog": "xenwatchdog", "xendomains": None}

# xencommons' start sleeps 5 s on its way.
SCRIPT_SECONDS = 120.0
XENSTORE_SECONDS = 10.0
# How long a service may take to be well: after a script that succeeded, and after one that did not.
HEALTHY_SECONDS = 30.0
FAILED_SECONDS = 3.0
POLL_SECONDS = 0.5

_SERVICE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_DEFAULT_LINE = re.compile(r"^([A-Za-z_][A-Za-z0-9_]*)=([^\n]*)", re.MULTILINE)

# What xenstored said when it was asked for dom0's name.
ANSWERS, NO_NAME, SILENT, NO_TOOL = "Domain-0", "no name", "no answer", "no xenstore-read"
# A value that is set, but that only sh could tell.
COMPUTED = "(computed when sh reads the file)"


@dataclass(frozen=True)
class Wanted:
    """One declared service. ``variables`` are rc.conf variables other than the service's YES/NO switch."""

    name: str
    enabled: bool | None
    state: str | None
    variables: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Declared:
    services: tuple[Wanted, ...]
    assume_files: frozenset[str]


# -- declared ---------------------------------------------------------------------------------------------------------


def declare(params: dict[str, Any]) -> Declared:
    """The wanted services. Raises Refused for a bad name, a bad variable or a service named twice."""
    services = tuple(_wanted(spec) for spec in params["services"])
    names = [service.name for service in services]
    for name in names:
        if names.count(name) > 1:
            raise Refused(
                f"Service {name} is declared {names.count(name)} times; put all that concerns it into one entry."
            )
    return Declared(services, frozenset(params["assume_files"]))


def _wanted(spec: dict[str, Any]) -> Wanted:
    name = spec["name"]
    if not _SERVICE.match(name):
        raise Refused(f"Service name {name!r}: it must be the name of a script in {SCRIPTS}.")
    known = _releases.service(name)
    if spec.get("state") and known is not None and not known.daemons:
        raise Refused(
            f"Service {name}: state is {spec['state']!r}, but {name} has no daemon and no status. Its guests are "
            "started by netbsd.xen.domain; leave state out."
        )
    variables = tuple((key, _value(name, key, value)) for key, value in sorted((spec.get("variables") or {}).items()))
    return Wanted(name, spec.get("enabled"), spec.get("state"), variables)


def _value(service: str, variable: str, value: Any) -> str:
    if not isinstance(variable, str) or not _VARIABLE.match(variable):
        raise Refused(f"Service {service}: {variable!r} can't be the name of an rc.conf variable.")
    if isinstance(value, bool):
        return "YES" if value else "NO"
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str) or any(ord(char) < 32 for char in value):
        raise Refused(
            f"Service {service}: variable {variable} is {value!r}; allowed is a text of one line, a number or a "
            "boolean."
        )
    return value


# -- current ----------------------------------------------------------------------------------------------------------


def read(host: Host, declared: Declared | None = None) -> dict[str, Any]:
    """The scripts, the settings and the processes that matter; Xen's own and, if given, those of the declared services.

    Of the rc.conf files only the settings that were asked for are returned: the others are nobody's business.
    """
    wanted = declared.services if declared else ()
    names = {name for name in host.list_dir(SCRIPTS) if name.startswith(OURS)} | {service.name for service in wanted}
    services = {name: _read_script(host, name) for name in sorted(names)}
    variables = {variable for service in wanted for variable, _value in service.variables}
    variables |= {script["rcvar"] for script in services.values() if script and script["rcvar"]}
    processes = _read_processes(host)
    for service in wanted:
        script = services[service.name]
        if script and service.state and _releases.service(service.name) is None:
            script["running"] = host.try_run([f"{SCRIPTS}/{service.name}", "onestatus"]).rc == 0
    return {
        "services": services,
        "variables": sorted(variables),
        "files": {path: _read_settings(host, path, variables) for path in _settings_files(host, services)},
        "defaults": _read_defaults(host, variables),
        "processes": processes,
        "xenstore": _ask_xenstore(host) if processes.get("xenstored") else None,
        "dom0": host.exists(PRIVCMD),
    }


def _read_script(host: Host, name: str) -> dict[str, Any] | None:
    """What a script calls itself and its switch; None if there is no such script."""
    text = host.read_text(f"{SCRIPTS}/{name}")
    if text is None:
        return None
    return {
        "name": rcconf.script_variable(text, "name") or name,
        "rcvar": rcconf.script_variable(text, "rcvar"),
        "running": None,
    }


def _settings_files(host: Host, services: dict[str, Any]) -> list[str]:
    """rc.conf and each service's own file, which is named after what the script calls itself."""
    own = {script["name"] for script in services.values() if script}
    present = set(host.list_dir(RC_CONF_D))
    return [RC_CONF] + [f"{RC_CONF_D}/{name}" for name in sorted(own & present)]


def _read_settings(host: Host, path: str, variables: set[str]) -> dict[str, Any] | None:
    text = host.read_text(path)
    if text is None:
        return None
    document = rcconf.parse(text)
    settings = {}
    for setting in document.settings:
        if _concerns(setting.name, variables):
            settings[setting.name] = {"value": setting.value, "line": setting.line, "nested": setting.nested}
    return {"settings": settings, "trouble": document.trouble}


def _read_defaults(host: Host, variables: set[str]) -> dict[str, str]:
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


def _read_processes(host: Host) -> dict[str, list[int]]:
    """The process ids of Xen's daemons, by name. One ps for all."""
    daemons = {daemon for release in _releases.RELEASES.values() for row in release.services for daemon in row.daemons}
    found: dict[str, list[int]] = {}
    for line in host.run(["/bin/ps", "-axo", "pid=,comm="]).stdout.splitlines():
        words = line.split(None, 2)
        if len(words) > 1 and words[0].isdigit():
            # NetBSD's comm is argv[0], with its path or without (record after-restarted and xc-before).
            name = words[1].rsplit("/", 1)[-1]
            if name in daemons:
                found.setdefault(name, []).append(int(words[0]))
    return found


def _ask_xenstore(host: Host) -> str:
    """Whether xenstored answers and knows dom0. Only to be asked while it lives: else the question never ends."""
    if not host.exists(XENSTORE_READ):
        return NO_TOOL
    try:
        result = host.try_run([XENSTORE_READ, "/local/domain/0/name"], timeout=XENSTORE_SECONDS)
    except CommandFailed:
        return SILENT
    return ANSWERS if result.stdout.strip() == ANSWERS else NO_NAME


# -- plan -------------------------------------------------------------------------------------------------------------


def plan(current: dict[str, Any], declared: Declared) -> Plan:
    """For each service at most two changes: its settings, then its state."""
    result = Plan()
    for wanted in declared.services:
        script = _script(current, declared, wanted)
        settings = _settings_change(current, wanted, script)
        state = _state_change(current, declared, wanted, script, result.warnings)
        result.changes += [change for change in (settings, state) if change is not None]
    return result


def _script(current: dict[str, Any], declared: Declared, wanted: Wanted) -> dict[str, Any]:
    """What is known of the service's script. Raises Refused if there is none."""
    path = f"{SCRIPTS}/{wanted.name}"
    script = current["services"].get(wanted.name)
    if script is not None:
        return script
    if path in declared.assume_files and wanted.name in _PKGSRC_RCVARS:
        rcvar = _PKGSRC_RCVARS[wanted.name]
        return {"name": rcvar or wanted.name, "rcvar": rcvar, "running": False}
    if wanted.name not in current["services"] and not wanted.name.startswith(OURS):
        raise NotRead(f"{path} was not looked at")
    raise Refused(
        f"Service {wanted.name}: there is no {path}. A package's script lies in /usr/pkg/share/examples/rc.d and "
        "must be copied there (netbsd.xen.system_files, or PKG_RCD_SCRIPTS=YES when the package is installed)."
    )


# -- settings


def _settings_change(current: dict[str, Any], wanted: Wanted, script: dict[str, Any]) -> Change | None:
    before, after, edits = {}, {}, []
    for variable, value, is_switch in _assignments(wanted, script):
        found, path = _effective(current, wanted, script, variable)
        if _same(found, value, is_switch):
            continue
        before[variable], after[variable] = found, value
        edits.append((path, variable, value))
    if not edits:
        return None
    return Change(
        resource=NAME,
        thing=wanted.name,
        action="configure",
        summary="set " + ", ".join(f"{variable}={rcconf.quoted(value)} in {path}" for path, variable, value in edits),
        before=before,
        after=after,
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
    """The value that counts (None: unset) and the file in which to change it.

    rc.subr reads /etc/rc.conf, which reads the defaults first, and then /etc/rc.conf.d/NAME.
    """
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
        return rcconf.is_yes(found) == rcconf.is_yes(value)
    return (found or "") == value


# -- state


def _state_change(
    current: dict[str, Any], declared: Declared, wanted: Wanted, script: dict[str, Any], warnings: list[str]
) -> Change | None:
    if wanted.state is None:
        return None
    known = _releases.service(wanted.name)
    if known is None:
        if script["running"] is None:
            raise NotRead(f"the status of {wanted.name} was not asked for")
        return _switch(wanted, script["running"])
    if known.xenstore:
        return _xencommons_change(current, declared, wanted, known, warnings)
    running = all(current["processes"].get(daemon) for daemon in known.daemons)
    if wanted.state == "started" and not running:
        _refuse_outside_dom0(current, declared, wanted)
    return _switch(wanted, running)


def _switch(wanted: Wanted, running: bool) -> Change | None:
    if running == (wanted.state == "started"):
        return None
    action = "start" if wanted.state == "started" else "stop"
    return _state(wanted, action, f"{action} it", "running" if running else "not running")


def _state(wanted: Wanted, action: str, summary: str, before: str) -> Change:
    after = "running" if wanted.state == "started" else "not running"
    return Change(NAME, wanted.name, action, summary, before=before, after=after)


def _refuse_outside_dom0(current: dict[str, Any], declared: Declared, wanted: Wanted) -> None:
    if not current["dom0"] and PRIVCMD not in declared.assume_files:
        raise Refused(
            f"Service {wanted.name}: it can't be started, because there is no {PRIVCMD}. Either this machine did not "
            "boot into Xen (reboot into the Xen entry of the boot menu), or kernfs is not "
            "mounted on /kern (netbsd.xen.kernfs)."
        )


def _xencommons_change(
    current: dict[str, Any], declared: Declared, wanted: Wanted, known: _releases.Service, warnings: list[str]
) -> Change | None:
    processes = current["processes"]
    if wanted.state == "stopped":
        if processes.get("xenstored"):
            raise Refused(
                f"Service {wanted.name}: it is running and is not stopped, because xenstored can't be started again "
                "beside running guests, and every xl would hang. Set enabled: false and reboot."
            )
        return None
    consoles = processes.get("xenconsoled", [])
    if len(consoles) > 1:
        warnings.append(
            f"Service {wanted.name}: {len(consoles)} xenconsoled run (processes {', '.join(map(str, consoles))}) and "
            "take each other's output; end all but one by hand."
        )
    ailment = _ailment(processes, current["xenstore"], known)
    if ailment is None:
        return None
    _refuse_outside_dom0(current, declared, wanted)
    if current["xenstore"] == SILENT:
        raise Refused(
            f"Service {wanted.name}: xenstored runs (process {processes['xenstored'][0]}) but does not answer within "
            f"{XENSTORE_SECONDS:g} s. It can't be restarted beside running guests; reboot the machine."
        )
    if current["xenstore"] == NO_TOOL:
        raise Refused(
            f"Service {wanted.name}: xenstored runs, but {XENSTORE_READ} is missing; are the Xen tools installed?"
        )
    return _state(wanted, "start_xencommons", ailment[0], ailment[1])


def _ailment(
    processes: dict[str, list[int]], answer: str | None, known: _releases.Service
) -> tuple[str, str] | None:
    """What is to be done and what was found, in words; None if every daemon lives and xenstored knows dom0."""
    dead = [daemon for daemon in known.daemons if not processes.get(daemon)]
    if "xenstored" in dead:
        return "start it", " and ".join(dead) + " not running"
    if answer != ANSWERS:
        return "tell xenstored of dom0, and start what is missing", "xenstored runs, but does not know dom0"
    if dead:
        return "start " + " and ".join(dead), " and ".join(dead) + " not running"
    return None


# -- apply ------------------------------------------------------------------------------------------------------------


def apply(host: Host, change: Change) -> None:
    """Write settings, or start or stop, and wait until the daemons themselves say that it worked."""
    if change.action == "configure":
        for path, variable, value in change.data:
            if variable == CONSOLE_TRACE and value:
                host.make_dir(CONSOLE_LOGS)  # xenconsoled does not make it, and then logs nothing
            document = rcconf.parse(host.read_text(path) or "")
            host.write_text(path, rcconf.assign(document, variable, value), backup=True)
    elif change.action == "start_xencommons":
        _start_xencommons(host)
    else:
        _run_script(host, change.thing, change.action)


def _run_script(host: Host, name: str, action: str) -> None:
    known = _releases.service(name)
    result = host.try_run([f"{SCRIPTS}/{name}", f"one{action}"], timeout=SCRIPT_SECONDS)
    wanted = action == "start"

    def done() -> bool:
        if known is None:
            return (host.try_run([f"{SCRIPTS}/{name}", "onestatus"]).rc == 0) == wanted
        processes = _read_processes(host)
        return all(bool(processes.get(daemon)) == wanted for daemon in known.daemons)

    state = "not running" if wanted else "running"
    _wait(done, f"{name} is still {state}", result)


def _start_xencommons(host: Host) -> None:
    """Start what is missing of xencommons, and nothing twice.

    Its script starts both daemons whatever runs already: with xenstored alive that would add a second xenconsoled
    (record xc-before). So the script is run only while xenstored is dead; a xenconsoled that has outlived xenstored has
    lost it for good and is ended first. xenstored itself is never ended.
    """
    known = _releases.service("xencommons")
    processes = _read_processes(host)
    result = None
    if not processes.get("xenstored"):
        for process in processes.get("xenconsoled", []):
            host.run(["/bin/kill", "-TERM", str(process)])
        result = host.try_run([f"{SCRIPTS}/xencommons", "onestart"], timeout=SCRIPT_SECONDS)
    else:
        if _ask_xenstore(host) == NO_NAME:
            result = host.run([XEN_INIT_DOM0])
        if not processes.get("xenconsoled"):
            result = host.run([XENCONSOLED] + _console_trace(host))

    def healthy() -> bool:
        now = _read_processes(host)
        return bool(now.get("xenstored")) and _ailment(now, _ask_xenstore(host), known) is None

    if result is not None:
        _wait(healthy, "the daemons of xencommons are not well", result)


def _console_trace(host: Host) -> list[str]:
    """The argument with which the script starts xenconsoled if its output is to be logged (pkgsrc xencommons.sh)."""
    for path in (f"{RC_CONF_D}/xencommons", RC_CONF):
        setting = rcconf.parse(host.read_text(path) or "").last(CONSOLE_TRACE)
        if setting is not None:
            return [f"--log={setting.value}"] if setting.value and not setting.nested else []
    return []


def _wait(done: Any, complaint: str, result: Result) -> None:
    """Ask again and again until ``done``. Raises XenError with the last words of the command that should do it."""
    end = time.monotonic() + (HEALTHY_SECONDS if result.rc == 0 else FAILED_SECONDS)
    while not done():
        if time.monotonic() > end:
            raise XenError(
                f"{' '.join(result.argv)} ended with status {result.rc}, but {complaint}: "
                f"{result.tail or 'it printed nothing'}",
                command=list(result.argv),
                rc=result.rc,
                output=result.tail,
            )
        time.sleep(POLL_SECONDS)
