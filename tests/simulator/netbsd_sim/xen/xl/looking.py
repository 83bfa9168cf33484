# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xl: what only looks. Records of xl 4.20 unless another is named."""
from __future__ import annotations

import re

from ...core.machine import Machine, NotSimulated
from ..common import domains, guests, hypervisor, listing
from ..common.hypervisor import Domain, err, flush, need_xenstore, out
from . import options
from .finding import NO_TYPE, Call, Command, find_domid, find_guest, known_domid, selected


def _list(m: Machine, args: list[str], call: Call) -> int:
    names = {"long": "l", "verbose": "v", "context": "Z", "cpupool": "c", "numa": "n"}
    given = options.read("list", args, "lvZcn", names)
    if len(given.words) > 1:
        options.usage("list")
        return 1
    if "l" in given.letters and call.settings.get("output_format", "json") != "json":
        raise NotSimulated("xl list -l with output_format sxp")
    domid = find_domid(m, given.words[0]) if given.words else None
    need_xenstore(m)
    domain = None if domid is None else domains.get(m, domid)
    if domid and domain is None:
        err(f"libxl: error: libxl_domain.c:354:libxl_domain_info: Domain {domid}:Getting domain info: No such "
            f"process\nError: Domain '{given.words[0]}' does not exist.\n")
        return 1
    if "l" in given.letters:
        chosen: list[Domain | None] = [domain] if domid is not None else [None, *hypervisor.domains(m).values()]
        for entry in chosen:
            if entry is not None:
                listing.warn_of_stale_devices(entry)
        listing.print_long([listing.domain0_json(m) if entry is None else listing.domain_json(entry)
                            for entry in chosen])
    elif domid is None:
        listing.print_rows(listing.rows(m), given.letters)
    else:
        listing.print_rows([listing.domain0(m) if domain is None else listing.row(m, domain)], given.letters)
    return 0


def _claims(m: Machine, args: list[str], call: Call) -> int:
    options.read("claims", args)
    need_xenstore(m)
    listing.print_rows(listing.rows(m), {"C"})
    return 0


def _vm_list(m: Machine, args: list[str], call: Call) -> int:
    options.read("vm-list", args)
    need_xenstore(m)
    out("UUID                                  ID    name\n")
    for entry in listing.rows(m):
        out(f"{entry.uuid}  {entry.domid}    {entry.name:<30}\n")
    return 0


def _info(m: Machine, args: list[str], call: Call) -> int:
    given = options.read("info", args, "n", {"numa": "n"})
    numa = "n" in given.letters
    hypervisor.info(m, numa, given.words[0] if given.words and not numa else None)
    return 0


def _dmesg(m: Machine, args: list[str], call: Call) -> int:
    given = options.read("dmesg", args, "c", {"clear": "c"})
    if given.letters:
        raise NotSimulated("xl dmesg -c")
    hypervisor.dmesg(m)
    return 0


def _domid(m: Machine, args: list[str], call: Call) -> int:
    name = options.read("domid", args, required=1).words[0]
    need_xenstore(m)
    domid = known_domid(m, name)
    if domid is None:
        err(f"Can't get domid of domain name '{name}', maybe this domain does not exist.\n")
        return 1
    out(f"{domid}\n")
    return 0


def _domname(m: Machine, args: list[str], call: Call) -> int:
    text = options.read("domname", args, required=1).words[0]
    match = re.match(r"\d+", text)
    if match is None:
        err("Invalid domain id.\n\n")
        return 1
    need_xenstore(m)
    domid = int(match[0])
    domain = domains.get(m, domid)
    if domain is None and domid:
        err(f"Can't get domain name of domain id '{domid}', maybe this domain does not exist.\n")
        return 1
    out((hypervisor.dom0_name(m) if domain is None else domain["name"]) + "\n")
    return 0


def _vcpu_list(m: Machine, args: list[str], call: Call) -> int:
    words = options.read("vcpu-list", args).words
    need_xenstore(m)
    out(f"{'Name':<32} {'ID':>5} {'VCPU':>5} {'CPU':>5} {'State':>5} {'Time(s)':>9} Affinity (Hard / Soft)\n")
    for word in words or [""]:
        if word.isdigit() and int(word) and domains.get(m, int(word)) is None:
            err("libxl: error: libxl_domain.c:1669:libxl_list_vcpu: Getting dominfo: No such process\n")  # and status 0
        else:
            listing.print_vcpus(m, selected(m, "vcpu-list", [word] if word else []))
    return 0


def _uptime(m: Machine, args: list[str], call: Call) -> int:
    given = options.read("uptime", args, "s")
    domids = [find_domid(m, word) for word in given.words]
    if any(domid and domains.get(m, domid) is None for domid in domids):
        listing.print_uptimes(m, [], "s" in given.letters)
        err("libxl: error: libxl_domain.c:2233:libxl_vm_get_start_time: Can't get start time of domain\n")
        return 0
    listing.print_uptimes(m, selected(m, "uptime", given.words), "s" in given.letters)
    return 0


def _console(m: Machine, args: list[str], call: Call) -> int:
    """Shows what the guest wrote and never ends, on /dev/null as on a terminal (record xl-console-no-tty); a second
    one is refused (record xl-console-login, status 35)."""
    import fcntl

    given = options.read("console", args, "t:n:es", required=1)
    if given.letters or given.values:
        raise NotSimulated("xl console with options")
    words = given.words
    domain = find_guest(m, "console", words[0], NO_TYPE + "Unable to attach console\n")
    lock = m.path(f"/var/run/xenconsole.{domain['domid']}")
    lock.parent.mkdir(parents=True, exist_ok=True)
    stream = lock.open("w")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        err(f"xenconsole: Could not lock /var/run/xenconsole.{domain['domid']}: Resource temporarily unavailable\n")
        return 35
    if guests.installs(domain):
        from ..common import installer

        return installer.attach(m, domain)
    log = m.path(f"{guests.CONSOLE_LOGS}/guest-{domain['name']}.log")
    out(log.read_text(errors="surrogateescape") if log.exists() else "")
    flush()
    m.hang()
    return 0


# --- what a machine of this kind has none of ---------------------------------------------------------------------

_EMPTY_LISTS = {
    "channel-list": "Idx BE state evt-ch ring-ref connection                               \n",
    "vtpm-list": "Idx BE Uuid                                 handle state evt-ch ring-ref BE-path   \n",
    "usb-list": "",
}


def _no_devices(command: str) -> Command:
    """Records channel_list, vtpmlist, usblist: the title, and no rows."""

    def show(m: Machine, args: list[str], call: Call) -> int:
        words = options.read(command, args, required=1).words
        out(_EMPTY_LISTS[command])
        for word in words:
            find_guest(m, command, word)
        return 0

    return show


def _getenforce(m: Machine, args: list[str], call: Call) -> int:
    """record loadpolicy."""
    options.read("getenforce", args)
    out("Flask XSM Disabled\n")
    return 255


def _psr_hwinfo(m: Machine, args: list[str], call: Call) -> int:
    """record psr."""
    options.read("psr-hwinfo", args)
    out("Cache Monitoring Technology (CMT):\nEnabled         : 0\n")
    return 253


def _set_parameters(m: Machine, args: list[str], call: Call) -> int:
    """record set_params: a name that the hypervisor does not know. What it knows has no source."""
    words = options.read("set-parameters", args, required=1).words
    if words != ["foo=1"]:
        raise NotSimulated(f"xl set-parameters {' '.join(words)}")
    err("libxl: error: libxl.c:656:libxl_set_parameters: setting parameters: No such file or directory\n"
        "cannot set parameters: foo=1\n")
    return 1


def _debug_keys(m: Machine, args: list[str], call: Call) -> int:
    """record debugkeys: what the hypervisor says to it goes to its own log."""
    options.read("debug-keys", args, required=1)
    return 0


def _vncviewer(m: Machine, args: list[str], call: Call) -> int:
    """record get_feat: no guest here has a framebuffer, because there is no device model."""
    given = options.read("vncviewer", args, "a", {"autopass": "a"}, required=1)
    domid = find_domid(m, given.words[0])
    where = f"Domain {domid}:" if domid else ""
    err(f"libxl: error: libxl_console.c:215:libxl_vncviewer_exec: {where}Cannot get vnc-port\n")
    return 1


COMMANDS: dict[str, Command] = {
    "list": _list, "claims": _claims, "vm-list": _vm_list, "info": _info, "dmesg": _dmesg, "domid": _domid,
    "domname": _domname, "vcpu-list": _vcpu_list, "uptime": _uptime, "console": _console, "getenforce": _getenforce,
    "psr-hwinfo": _psr_hwinfo, "set-parameters": _set_parameters, "debug-keys": _debug_keys, "vncviewer": _vncviewer,
    **{name: _no_devices(name) for name in _EMPTY_LISTS},
}
