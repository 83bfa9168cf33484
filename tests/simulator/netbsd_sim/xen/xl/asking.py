# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xl: requests to a domain. Records of xl 4.20 unless another is named."""
from __future__ import annotations

import os

from ...core.machine import Machine, NotSimulated
from ..common import domains, guests, hypervisor
from ..common.hotplug import local
from ..common.hypervisor import XlExit, err, flush, need_xenstore, out, wait
from . import options
from .finding import NO_INFO, NO_TYPE, Call, Command, find_domid, find_guest, known_domid

# records shutdown_noack_full, final-prompt-shutdown. Never shorter than a caller's own time limit can be tested with.
_ACKNOWLEDGE_SECONDS = 60
_ACKNOWLEDGE_LEAST = 2.0
_DUMP_SECONDS = 3.0  # record dump_core (xl 4.17): 7.9 s for 96 MiB in software emulation
_NO_SUCH_PAUSED = "libxl: error: libxl_domain.c:583:libxl_domain_pause: Pausing domain: No such process\n"


def _shutdown(m: Machine, args: list[str], call: Call) -> int:
    return _shutdown_or_reboot(m, args, "shutdown", guests.POWEROFF)


def _reboot(m: Machine, args: list[str], call: Call) -> int:
    return _shutdown_or_reboot(m, args, "reboot", guests.REBOOT)


def _shutdown_or_reboot(m: Machine, args: list[str], command: str, reason: int) -> int:
    given = options.read(command, args, "awF", {"all": "a", "wait": "w"})
    if not given.words and "a" not in given.letters:
        err("You must specify -a or a domain id.\n\n")
        return 1
    need_xenstore(m)
    if "a" in given.letters:
        chosen = [int(domid) for domid in hypervisor.domains(m)]
    else:
        chosen = [find_domid(m, given.words[0])]
    if chosen == [0]:
        return _dom0_goes_down(m, command)
    for domid in chosen:
        if domains.get(m, domid) is None:
            verb = "Shutting down" if command == "shutdown" else "Rebooting"
            err(f"{verb} domain {domid}\n{NO_TYPE}{command} failed (rc=-3)\n")
            return 1
        if not _has_drivers(m, domid):
            _press_button(m, domid, command, reason, "F" in given.letters)
        else:
            _ask(m, domid, command, reason)
    if "w" in given.letters:
        _await_deaths(m, chosen)
    return 0


def _has_drivers(m: Machine, domid: int) -> bool:
    domain = domains.get(m, domid)
    return domain is None or domain["os"] != guests.FIRMWARE


def _press_button(m: Machine, domid: int, command: str, reason: int, fallback: bool) -> None:
    """A guest that reads no xenstore (libxl_domain.c, ERROR_NOPARAVIRT; xl_vmcontrol.c). Raises XlExit(1)."""
    verb, button = ("Shutting down", "power") if command == "shutdown" else ("Rebooting", "reset")
    err(f"{verb} domain {domid}\nPV control interface not available: ")
    if not fallback:
        err(f"external graceful {command} not possible.\nUse \"-F\" to fallback to ACPI "
            f"{'power' if command == 'shutdown' else 'reset'} event.\n{command} failed (rc=-10)\n")
        raise XlExit(1)
    err(f"sending ACPI {button} button event.\n")
    domain = domains.get(m, domid)
    if domain is not None:
        domains.request(m, domain, reason)


def _dom0_goes_down(m: Machine, command: str) -> int:
    """Domain-0 gets the request as any guest does, and obeys (facts xl-behaviour 1)."""
    from ...boot import power

    if command == "reboot":
        raise NotSimulated("xl reboot 0")
    err("Shutting down domain 0\n")
    flush()
    power.go_down(m, "powered off (xl shutdown 0)")
    return 0


def _ask(m: Machine, domid: int, command: str, reason: int) -> None:
    """Write the request and wait until the guest takes it away. Raises XlExit(1) when it never does."""
    verb = "Shutting down" if command == "shutdown" else "Rebooting"
    err(f"{verb} domain {domid}\n")
    flush()
    limit = m.now() + max(_ACKNOWLEDGE_SECONDS * m.pace, _ACKNOWLEDGE_LEAST)
    domain = domains.get(m, domid)
    if domain is not None and not domain.get("forgotten"):
        domains.request(m, domain, reason)
    while m.now() < limit:
        domain = domains.get(m, domid)
        if domain is None or (domain["acked"] is not None and domain["acked"] <= m.now()):
            return
        until = domain["acked"] if domain["acked"] is not None else m.now() + 1
        wait(m, hypervisor.recorded(m, max(0.0, min(until, limit, m.now() + 0.25) - m.now())) + 0.01)
        domains.settle(m)
    err("libxl: error: libxl_domain.c:854:pvcontrol_cb: guest didn't acknowledge control request: -9\n"
        f"{command} failed (rc=-9)\n")
    raise XlExit(1)


def _await_deaths(m: Machine, chosen: list[int]) -> None:
    """-w: until each is shut down or gone. A guest that is shut down may still be listed (facts xl-behaviour 4)."""
    err(f"Waiting for {len(chosen)} domains\n")
    for domid in chosen:
        while True:
            domains.settle(m)
            domain = domains.get(m, domid)
            if domain is None:
                err(f"Domain {domid} has been destroyed\n")
                break
            if domain["reason"] is not None:
                err(f"Domain {domid} has been shut down, reason code {domain['reason']}\n")
                break
            wait(m, 0.2)


def _destroy(m: Machine, args: list[str], call: Call) -> int:
    given = options.read("destroy", args, "f", required=1)
    domid = find_domid(m, given.words[0])
    if domid == 0:
        if given.letters:
            raise NotSimulated("xl destroy -f 0")
        err("Not destroying domain 0; use -f to force.\n"
            "This can only be done when using a disaggregated hardware domain and toolstack.\n\n")
        return 1
    if domains.get(m, domid) is None:
        err("\n".join(domains.last_words(domid)) + "\ndestroy failed (rc=-21)\n")  # record destroy_numeric_name
        return 1
    for line in domains.destroy_slowly(m, domid):
        err(line + "\n")
    return 0


def _pause(m: Machine, args: list[str], call: Call) -> int:
    """The status is 0 even for a number that no domain has."""
    word = options.read("pause", args, required=1).words[0]
    domains.pause(m, find_guest(m, "pause", word, _NO_SUCH_PAUSED, rc=0))
    return 0


def _unpause(m: Machine, args: list[str], call: Call) -> int:
    domain = find_guest(m, "unpause", options.read("unpause", args, required=1).words[0], NO_TYPE, rc=0)
    if not domains.unpause(m, domain):
        err(f"libxl: error: libxl_domain.c:684:domain_unpause_done: Domain {domain['domid']}:Unpausing domain: Invalid "
            "argument\n")  # and the status is 0: record unpause_notpaused
    return 0


def _rename(m: Machine, args: list[str], call: Call) -> int:
    """Any name will do, the empty one too, and Domain-0 is renamed as any other (measured on xl 4.20)."""
    old, new = options.read("rename", args, required=2).words[:2]
    domid = find_domid(m, old)
    domain = domains.get(m, domid)
    if domain is None and domid:
        err(f"{NO_INFO}Can't rename domain '{old}'.\n")
        return 1
    if new and known_domid(m, new) is not None:
        err(f'libxl: error: libxl_domain.c:81:libxl__domain_rename: Domain {domid}:Domain with name "{new}" '
            f"already exists.\nCan't rename domain '{old}'.\n")
        return 1
    if domain is None:
        hypervisor.section(m)["dom0_name"] = new
        return 0
    domain.setdefault("log_name", domain["name"])
    domain["name"] = domain["config"]["c_info"]["name"] = new
    return 0


_TRIGGERS = ("nmi", "reset", "init", "power", "sleep", "s3resume")


def _trigger(m: Machine, args: list[str], call: Call) -> int:
    """What the hypervisor answers is only printed."""
    words = options.read("trigger", args, required=2).words
    domid = find_domid(m, words[0])
    if words[1] not in _TRIGGERS:
        err(f'Invalid trigger "{words[1]}"\n')
        return 1
    where = "libxl: error: libxl_domain.c:2209:libxl_send_trigger: "
    domain = domains.get(m, domid)
    if domain is None and domid:
        err(f"{where}Send trigger '{words[1]}' failed: No such process\n")
    elif domain is not None and words[1] == "power" and domain["config"]["c_info"]["type"] == "pv":
        err(f"{where}Domain {domid}:Send trigger 'power' failed: Invalid argument\n")
    elif domain is None or words[1] != "nmi":
        raise NotSimulated(f"xl trigger {' '.join(words)}")
    return 0


def _sysrq(m: Machine, args: list[str], call: Call) -> int:
    """The letter is written to xenstore, whoever reads it."""
    words = options.read("sysrq", args, required=2).words
    find_domid(m, words[0])
    if len(words[1]) != 1:
        err("Invalid sysrq.\n\n")
        out("Usage: xl [-vtTf] sysrq <Domain> <letter>\n\nSend a sysrq to a domain.\n\n")
        return 1
    return 0


def _dump_core(m: Machine, args: list[str], call: Call) -> int:
    """record dump_core (xl 4.17). A guest that has not set up its memory tables yet cannot be dumped."""
    name, target = options.read("dump-core", args, required=2).words[:2]
    domid = find_domid(m, name)
    domain = domains.get(m, domid)
    if domain is None and not domid:
        raise NotSimulated("xl dump-core 0")
    path = local(m, target)
    if domain is None:
        cause, reason = f"Could not get info for dom{domid} (3 = No such process)", "No such process"
    elif not path.parent.is_dir():
        cause, reason = f"Could not open corefile {target} (2 = No such file or directory)", "No such file or directory"
    elif domains.cpu_seconds(m, domain) == 0:
        cause, reason = "p2m_size < nr_pages -1 (1 < 1fff", "Success"
        path.write_bytes(b"")
    else:
        wait(m, _DUMP_SECONDS)
        path.write_bytes(b"\x7fELF simulated core\n")
        os.truncate(path, domain["mem_kb"] * 1024)  # it holds all of the guest's memory
        path.chmod(0o600)
        return 0
    where = "" if domain is None else f"Domain {domid}:"
    err(f"xc: error: {cause}: Internal error\nlibxl: error: libxl_domain.c:599:libxl_domain_core_dump: {where}Core "
        f"dumping domain to {target}: {reason}\ncore dump failed (rc=-3)\n")
    return 1


COMMANDS: dict[str, Command] = {
    "shutdown": _shutdown, "reboot": _reboot, "destroy": _destroy, "pause": _pause, "unpause": _unpause,
    "rename": _rename, "trigger": _trigger, "sysrq": _sysrq, "dump-core": _dump_core,
}
