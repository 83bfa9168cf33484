# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Whether /etc/rc comes to its end when a machine boots into Xen. Reads only.

Without xenstored, xl sleeps where no signal and no time limit reaches it (record xenstored-dead-hang, NetBSD 7.99.10),
and so does xend from Xen 4.1 on, which leaves it to xencommons to start xenstored. If /etc/rc calls one of them it
stays there, and the machine never gets as far as sshd. Before, xend started xenstored by itself, and xm only asks xend.
"""

from __future__ import annotations

from ... import _rc_conf, _releases
from ..._change import Refused
from ..._formats.system import rcconf
from ..._host import Host
from ..services import daemons, settings

XENCOMMONS = "xencommons"
XENDOMAINS = "xendomains"


def refuse_hanging(host: Host) -> None:
    """Raises Refused if at the next boot something would wait for a xenstored that nothing starts.

    An xencommons that only sh could tell, because it is set within a condition or in another file, counts as enabled.
    """
    if not host.exists(f"{settings.SCRIPTS}/{XENCOMMONS}") or _is_enabled(host, XENCOMMONS) is not False:
        return
    started = [name for name in _clients() if _is_enabled(host, name)]
    if _list_of_guests(host) != "":
        started.append(XENDOMAINS)
    if started:
        raise Refused(
            f"The machine was not rebooted: at boot /etc/rc would start {' and '.join(started)}, and not {XENCOMMONS}. "
            "Under Xen it would hang there, because nothing starts xenstored, and nobody could log in. Enable "
            f"{XENCOMMONS} with role netbsd.xen.services, or module netbsd.xen.rc_service (name: {XENCOMMONS}, "
            "enabled: true)."
        )


def _clients() -> list[str]:
    """The services that are of no use before another one has started xenstored."""
    services = [service for row in _releases.RELEASES.values() for service in row.services]
    return sorted({service.name for service in services if daemons.needs_xenstored(service)})


def _is_enabled(host: Host, service: str) -> bool | None:
    """Whether /etc/rc starts a service; None if that can't be told."""
    script = settings.read_script(host, service)
    if script is None:
        return False
    if script["rcvar"] is None:
        return None
    value = _value(host, script["name"], script["rcvar"])
    return None if value is None else rcconf.is_yes(value)


def _list_of_guests(host: Host) -> str | None:
    """The guests that xendomains starts; None if that can't be told. It has no switch, the list is one."""
    script = settings.read_script(host, XENDOMAINS)
    found = "" if script is None else _value(host, script["name"], XENDOMAINS)
    return None if found is None else found.strip()


def _value(host: Host, script: str, variable: str) -> str | None:
    """A variable as rc.subr(8) finds it for a script; empty if it is not set, None if only sh could tell."""
    found = _rc_conf.values(host, script).find(variable)
    if found is None:
        return ""
    return None if found.why else found.value
