# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: rc.d services, above all those of Xen: their rc.conf settings and whether they live.

Settings are the matter of ``settings``, Xen's daemons that of ``daemons``; which daemons belong to a service is
asked of the Xen release (``_releases``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from ... import _rc_conf, _releases, _xendomains
from ..._change import GUEST_RESTART, LIMIT, LIVE, Change, NotRead, Plan, Refused
from ..._host import Host
from ..._kernel import PRIVCMD
from ..._toolstack import lost
from . import autostart, daemons
from . import settings as service_settings
from .daemons import XENSTORED
from .settings import SCRIPTS, Wanted

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
            "guests": {"type": "dict", "options": autostart.OPTIONS},
        },
    },
    "release": {"type": "str"},
    "assume_files": {"type": "list", "elements": "str", "default": []},
    **LIMIT,
}

_HARM_OF_TWO = (("xenconsoled", "take each other's output"), ("xenbackendd", "run every hotplug script twice"))

_SERVICE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\Z")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


@dataclass(frozen=True)
class Declared:
    services: tuple[Wanted, ...]
    assume_files: frozenset[str]

    def starts_xenstored(self) -> bool:
        """Whether one of the services brings xenstored up."""
        return any(one.state == "started" and one.known is not None and one.known.xenstore for one in self.services)


# -- declared ---------------------------------------------------------------------------------------------------------


def declare(params: dict[str, Any]) -> Declared:
    """The wanted services. Raises Refused for a bad name, a bad variable, a service named twice, and for one that the
    Xen release does not have."""
    services = tuple(_wanted(spec, params.get("release")) for spec in params["services"])
    names = [service.name for service in services]
    for name in names:
        if names.count(name) > 1:
            raise Refused(
                f"Service {name} is declared {names.count(name)} times; put all that concerns it into one entry."
            )
    return Declared(services, frozenset(params["assume_files"]))


def _wanted(spec: dict[str, Any], release: str | None) -> Wanted:
    name, enabled, state = spec["name"], spec.get("enabled"), spec.get("state")
    if not _SERVICE.match(name):
        raise Refused(f"Service name {name!r}: it must be the name of a script in {SCRIPTS}.")
    known = _known(name, enabled, state, release)
    if state and known is not None and not daemons.members(known):
        raise Refused(
            f"Service {name}: state is {state!r}, but {name} has no daemon and no status. Its guests are "
            "started by netbsd.xen.domain; leave state out."
        )
    variables = tuple((key, _value(name, key, value)) for key, value in sorted((spec.get("variables") or {}).items()))
    guests = autostart.declare(name, spec.get("guests"))
    given = sorted({_xendomains.LIST, _xendomains.FORMAT} & set(dict(variables))) if guests else []
    if given:
        raise Refused(f"Service {name}: {given[0]} follows from guests; give one of the two.")
    return Wanted(name, enabled, state, variables, known, guests)


def _known(name: str, enabled: bool | None, state: str | None, release: str | None) -> _releases.Service | None:
    """What the release says of a service. One of another release, left over from an upgrade, may be disabled and
    stopped, and no more."""
    anywhere = _releases.service(name)
    if release is None or anywhere is None:
        return anywhere
    row = _releases.release(release)
    known = row.service(name)
    if known is None and (enabled or state == "started"):
        raise Refused(f"Service {name}: Xen {release} has no such service; it has {', '.join(row.rc_scripts)}.")
    return known or anywhere


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
    """The scripts, the settings and the processes that matter; Xen's own and, if given, those of the declared
    services."""
    wanted = declared.services if declared else ()
    names = {name for name in host.list_dir(SCRIPTS) if name.startswith(service_settings.OURS)}
    names |= {service.name for service in wanted}
    scripts = {name: service_settings.read_script(host, name) for name in sorted(names)}
    variables = {variable for service in wanted for variable, _value in service.variables}
    variables |= {script["rcvar"] for script in scripts.values() if script and script["rcvar"]}
    processes = daemons.processes(host)
    dom0 = host.exists(PRIVCMD)
    for service in wanted:
        script = scripts[service.name]
        if script and service.state and service.known is None:
            script["running"] = _onestatus(host, service.name)
    return {
        "services": scripts,
        "variables": sorted(variables),
        "rc_conf": host.exists(_rc_conf.RC_CONF),
        "values": service_settings.read_values(host, scripts, variables),
        "autostart": autostart.read(host),
        "processes": processes,
        "xenstore": daemons.ask_xenstore(host) if processes.get(XENSTORED) else None,
        "dom0": dom0,
        # What tells of guests that no new xenstored would know. With one that lives they are the toolstack's business.
        "lost": lost.signs(host) if dom0 and not processes.get(XENSTORED) else [],
    }


def _onestatus(host: Host, name: str) -> bool:
    return daemons.run_script(host, name, "status").rc == 0


# -- plan -------------------------------------------------------------------------------------------------------------


def plan(current: dict[str, Any], declared: Declared) -> Plan:
    """For each service at most two changes: its settings, then its state."""
    result = Plan()
    switches = service_settings.Switches({})
    in_turn = sorted(declared.services, key=_turn)
    xens = [one for one in in_turn if one.known is not None]
    for wanted in in_turn:
        script = _script(current, declared, wanted)
        needs = tuple(one.name for one in xens if wanted in xens and _turn(one) < _turn(wanted))
        settings = service_settings.change(
            NAME, current, _with_guests(current, wanted, result.warnings), script, switches, needs
        )
        state = _state_change(current, declared, wanted, script, result.warnings)
        result.changes += [change for change in (settings, state) if change is not None]
    return result


def _with_guests(current: dict[str, Any], wanted: Wanted, warnings: list[str]) -> Wanted:
    """A service with the variables that its guests make."""
    if wanted.guests is None:
        return wanted
    told = current["values"].get(_xendomains.NAME, current["values"][""])
    try:
        found = autostart.variables(wanted.guests, current["autostart"], told, warnings)
    except _rc_conf.Undecided as refusal:
        raise Refused(f"Service {wanted.name}: {refusal}") from None
    return replace(wanted, variables=(*wanted.variables, *found))


def _turn(wanted: Wanted) -> int:
    """When a service's settings have their turn, and so what they need: with xendomains set and nothing that starts
    xenstored, /etc/rc would hang at the next boot (record xenstored-dead-hang). So that one is first to be switched on,
    and last to be switched off."""
    if wanted.known is None or not wanted.known.xenstore:
        return 1
    return 2 if wanted.enabled is False else 0


def _script(current: dict[str, Any], declared: Declared, wanted: Wanted) -> dict[str, Any]:
    """What is known of the service's script. Raises Refused if there is none."""
    path = f"{SCRIPTS}/{wanted.name}"
    script: dict[str, Any] | None = current["services"].get(wanted.name)
    # One that comes in this run takes the place of what a power cut has left of it.
    if path in declared.assume_files and wanted.known is not None and not (script and script["rcvar"]):
        rcvar = wanted.known.variable or None
        return {"name": rcvar or wanted.name, "rcvar": rcvar, "running": False}
    if script is not None:
        return script
    if wanted.name not in current["services"] and not wanted.name.startswith(service_settings.OURS):
        raise NotRead(f"{path} was not looked at")
    raise Refused(
        f"Service {wanted.name}: there is no {path}. A package's script lies in /usr/pkg/share/examples/rc.d and "
        "must be copied there (netbsd.xen.system_files, or PKG_RCD_SCRIPTS=YES when the package is installed)."
    )


def _state_change(
    current: dict[str, Any], declared: Declared, wanted: Wanted, script: dict[str, Any], warnings: list[str]
) -> Change | None:
    if wanted.state is None:
        return None
    if wanted.known is None:
        if script["running"] is None:
            raise NotRead(f"the status of {wanted.name} was not asked for")
        if script["running"] == (wanted.state == "started"):
            return None
        return _state(wanted, "start it" if wanted.state == "started" else "stop it", "running", "not running")
    if wanted.state == "stopped":
        return _stop_change(current, wanted, wanted.known)
    return _start_change(current, declared, wanted, wanted.known, warnings)


def _state(wanted: Wanted, summary: str, running: str, dead: str, needs: tuple[str, ...] = ()) -> Change:
    """Start or stop; ``running`` and ``dead`` are the words for what was found in the one and the other case."""
    if wanted.state == "started":
        words = ("start", dead, "running", LIVE)
    else:
        # Whoever is at a console, or uses another service, loses it. The watchdog serves nobody.
        watchdog = wanted.known is not None and daemons.WATCHDOG in wanted.known.daemons
        words = ("stop", running, "not running", LIVE if watchdog else GUEST_RESTART)
    action, before, after, impact = words
    return Change(NAME, wanted.name, action, summary, before, after, impact, needs=needs, data=wanted.known)


def _stop_change(current: dict[str, Any], wanted: Wanted, known: _releases.Service) -> Change | None:
    processes = current["processes"]
    if known.xenstore and not known.scripts and processes.get(XENSTORED):
        raise Refused(
            f"Service {wanted.name}: it is running and is not stopped, because xenstored can't be started again "
            "beside running guests, and every xl would hang. Set enabled: false and reboot."
        )
    return None if daemons.is_down(known, processes) else _state(wanted, "stop it", "running", "not running")


def _start_change(
    current: dict[str, Any], declared: Declared, wanted: Wanted, known: _releases.Service, warnings: list[str]
) -> Change | None:
    processes, answer = current["processes"], current["xenstore"]
    warnings += _doubles(wanted, known, processes)
    found = daemons.ailment(processes, answer, known)
    if found is None:
        return None
    _refuse_outside_dom0(current, declared, wanted)
    if known.xenstore and not processes.get(XENSTORED) and current["lost"]:
        raise Refused(f"Service {wanted.name}: {lost.words_for_dead_store(current['lost'])}")
    if known.xenstore:
        daemons.refuse_hopeless(wanted.name, processes, answer)
    elif daemons.needs_xenstored(known) and not processes.get(XENSTORED) and not declared.starts_xenstored():
        raise Refused(
            f"Service {wanted.name}: it needs xenstored, which is not running. Start xencommons in the same task, or "
            "before Xen 4.1 xend."
        )
    first = tuple(
        one.name
        for one in declared.services
        if one.known is not None and one.known.xenstore and daemons.needs_xenstored(known)
    )
    return _state(wanted, found[0], "running", found[1], needs=first)


def _doubles(wanted: Wanted, known: _releases.Service, processes: dict[str, list[int]]) -> list[str]:
    """Of these a second one does harm; of xend there are always two, one that watches the other."""
    return [
        f"Service {wanted.name}: {len(processes[name])} {name} run (processes "
        f"{', '.join(map(str, processes[name]))}) and {harm}; end all but one by hand."
        for name, harm in _HARM_OF_TWO
        if name in known.daemons and len(processes.get(name, [])) > 1
    ]


def _refuse_outside_dom0(current: dict[str, Any], declared: Declared, wanted: Wanted) -> None:
    if not current["dom0"] and PRIVCMD not in declared.assume_files:
        raise Refused(
            f"Service {wanted.name}: it can't be started, because there is no {PRIVCMD}. Either this machine did not "
            "boot into Xen (reboot into the Xen entry of the boot menu), or kernfs is not "
            "mounted on /kern (netbsd.xen.kernfs)."
        )


# -- apply ------------------------------------------------------------------------------------------------------------


def apply(host: Host, change: Change) -> None:
    """Write settings, or start or stop, and wait until the daemons themselves say that it worked."""
    if change.action == "configure":
        service_settings.write(host, change.data)
    elif change.data is None:
        _run_other(host, change)
    elif change.action == "start":
        daemons.start(host, change.thing, change.data)
    else:
        daemons.stop(host, change.thing, change.data)


def _run_other(host: Host, change: Change) -> None:
    """A service that is not Xen's: its script's status is all that there is."""
    result = daemons.run_script(host, change.thing, change.action)
    wanted = change.action == "start"
    state = "not running" if wanted else "running"
    daemons.wait(
        lambda: _onestatus(host, change.thing) == wanted, f"{change.thing} is still {state}", result
    )
