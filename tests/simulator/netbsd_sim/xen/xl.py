# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xl(1) of Xen 4.20 on NetBSD: the sub-commands that look at domains and ask something of them.

Messages and statuses: records in xl-4.20 unless another is named. What no record or source tells ends with
NotSimulated.
"""
from __future__ import annotations

import re
from collections.abc import Callable

from ..machine import Machine, NotSimulated
from . import domains, guests, helptext, hypervisor, listing, options
from .hypervisor import KIB_PER_MIB, Domain, XlExit, err, flush, need_xenstore, out, wait

Command = Callable[[Machine, "list[str]", "Call"], int]

# records shutdown_noack_full, final-prompt-shutdown. Never shorter than a caller's own time limit can be tested with.
_ACKNOWLEDGE_SECONDS = 60
_ACKNOWLEDGE_LEAST = 2.0


class Call:
    """What came before the sub-command: -N (dry run), and xl.conf."""

    def __init__(self, dry_run: bool, settings: dict[str, str]) -> None:
        self.dry_run = dry_run
        self.settings = settings


def xl(m: Machine, argv: list[str]) -> int:
    """Entry for the dispatcher."""
    return run(m, argv[1:])


def run(m: Machine, args: list[str]) -> int:
    """Run one xl command line (without `xl`). Returns its exit status."""
    try:
        return _run(m, args)
    except XlExit as ending:
        return ending.rc


def _run(m: Machine, args: list[str]) -> int:
    rest = list(args)
    letters = ""
    while rest and re.fullmatch(r"-[vftN]+", rest[0]):
        letters += rest.pop(0)[1:]
    if rest and rest[0].startswith("-"):
        raise NotSimulated(f"xl {rest[0]}")
    if not rest:
        out(helptext.text())
        return 1
    hypervisor.open_hypervisor(m)
    call = Call("N" in letters, hypervisor.global_settings(m))
    domains.settle(m)
    name, rest = rest[0], rest[1:]
    if name == "help" and not rest:
        out(helptext.text())
        return 0
    command = _find(name)
    if call.dry_run and name not in _CAN_DRY_RUN:
        err("command does not implement -N (dryrun) option\n")
        return 1
    return command(m, rest, call)


# facts pains-and-xl-reference: only these can.
_CAN_DRY_RUN = frozenset(("create", "config-update", "cd-insert", "cd-eject", "vcpu-pin", "network-attach",
                          "block-attach", "cpupool-create"))
_ELSEWHERE = {"create": "creation", "config-update": "creation", "save": "creation", "restore": "creation",
              "network-attach": "attach", "network-detach": "attach", "network-list": "attach",
              "block-attach": "attach", "block-detach": "attach", "block-list": "attach"}


def _find(name: str) -> Command:
    if name in _COMMANDS:
        return _COMMANDS[name]
    if name in _ELSEWHERE:
        import importlib

        module = importlib.import_module(f"{__package__}.{_ELSEWHERE[name]}")
        return module.COMMANDS[name]
    if name == "help" or name in dict(helptext.COMMANDS):
        raise NotSimulated(f"xl {name}")
    err("command not implemented\n")  # record unknown_command
    raise XlExit(1)


# --- finding domains ---------------------------------------------------------------------------------------------


def find_domid(m: Machine, text: str) -> int:
    """A number is a domid, whether it exists or not; everything else is a name (facts xl-behaviour 13)."""
    need_xenstore(m)
    if text.isdigit():
        return int(text)
    if text == "Domain-0":
        return 0
    domain = domains.by_name(m, text)
    if domain is None:
        err(f"{text} is an invalid domain identifier (rc=-6)\n")
        raise XlExit(1)
    return int(domain["domid"])


def find_guest(m: Machine, command: str, text: str) -> Domain:
    """The guest of that name or number. What the command does to Domain-0, or to a number that is none, has no
    source."""
    domid = find_domid(m, text)
    domain = domains.get(m, domid)
    if domain is None:
        raise NotSimulated(f"xl {command} {text}")
    return domain


def _selected(m: Machine, command: str, words: list[str]) -> list[Domain | None]:
    """The named domains, or all; None is Domain-0."""
    if not words:
        need_xenstore(m)
        return [None, *hypervisor.domains(m).values()]
    return [None if find_domid(m, word) == 0 else find_guest(m, command, word) for word in words]


# --- looking -----------------------------------------------------------------------------------------------------


def _list(m: Machine, args: list[str], call: Call) -> int:
    names = {"long": "l", "verbose": "v", "context": "Z", "cpupool": "c", "numa": "n"}
    given = options.read("list", args, "lvZcn", names)
    if len(given.words) > 1:
        raise NotSimulated("xl list with several domains")
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
    domain = domains.by_name(m, name)
    if domain is None and name != "Domain-0":
        err(f"Can't get domid of domain name '{name}', maybe this domain does not exist.\n")
        return 1
    out(f"{0 if domain is None else domain['domid']}\n")
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
    out(("Domain-0" if domain is None else domain["name"]) + "\n")
    return 0


def _vcpu_list(m: Machine, args: list[str], call: Call) -> int:
    words = options.read("vcpu-list", args).words
    need_xenstore(m)
    out(f"{'Name':<32} {'ID':>5} {'VCPU':>5} {'CPU':>5} {'State':>5} {'Time(s)':>9} Affinity (Hard / Soft)\n")
    listing.print_vcpus(m, _selected(m, "vcpu-list", words))
    return 0


def _uptime(m: Machine, args: list[str], call: Call) -> int:
    given = options.read("uptime", args, "s")
    listing.print_uptimes(m, _selected(m, "uptime", given.words), "s" in given.letters)
    return 0


def _console(m: Machine, args: list[str], call: Call) -> int:
    """Shows what the guest wrote and never ends, on /dev/null as on a terminal (record xl-console-no-tty); a second
    one is refused (record xl-console-login, status 35)."""
    import fcntl

    words = options.read("console", args, required=1).words
    domain = find_guest(m, "console", words[0])
    lock = m.path(f"/var/run/xenconsole.{domain['domid']}")
    lock.parent.mkdir(parents=True, exist_ok=True)
    stream = lock.open("w")
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        err(f"xenconsole: Could not lock /var/run/xenconsole.{domain['domid']}: Resource temporarily unavailable\n")
        return 35
    log = m.path(f"{guests.CONSOLE_LOGS}/guest-{domain['name']}.log")
    out(log.read_text(errors="surrogateescape") if log.exists() else "")
    flush()
    m.hang()
    return 0


# --- requests ----------------------------------------------------------------------------------------------------


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
            raise NotSimulated(f"xl {command} {domid} (no such domain)")
        _ask(m, domid, command, reason)
    if "w" in given.letters:
        _await_deaths(m, chosen)
    return 0


def _dom0_goes_down(m: Machine, command: str) -> int:
    """Domain-0 gets the request as any guest does, and obeys (facts xl-behaviour 1)."""
    from .. import power

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
    if domain is not None:
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
    domains.pause(m, find_guest(m, "pause", options.read("pause", args, required=1).words[0]))
    return 0


def _unpause(m: Machine, args: list[str], call: Call) -> int:
    domain = find_guest(m, "unpause", options.read("unpause", args, required=1).words[0])
    if not domains.unpause(m, domain):
        err(f"libxl: error: libxl_domain.c:684:domain_unpause_done: Domain {domain['domid']}:Unpausing domain: Invalid "
            "argument\n")  # and the status is 0: record unpause_notpaused
    return 0


def _rename(m: Machine, args: list[str], call: Call) -> int:
    old, new = options.read("rename", args, required=2).words[:2]
    domain = find_guest(m, "rename", old)
    if domains.name_exists(m, new):
        err(f'libxl: error: libxl_domain.c:81:libxl__domain_rename: Domain {domain["domid"]}:Domain with name "{new}" '
            f"already exists.\nCan't rename domain '{old}'.\n")
        return 1
    domain.setdefault("log_name", domain["name"])
    domain["name"] = domain["config"]["c_info"]["name"] = new
    return 0


def _trigger(m: Machine, args: list[str], call: Call) -> int:
    words = options.read("trigger", args, required=2).words
    find_guest(m, "trigger", words[0])
    if words[1] != "nmi":
        raise NotSimulated(f"xl trigger {words[1]}")
    return 0


def _sysrq(m: Machine, args: list[str], call: Call) -> int:
    find_guest(m, "sysrq", options.read("sysrq", args, required=2).words[0])
    return 0


# --- memory and CPUs ---------------------------------------------------------------------------------------------

_UNITS_KB = {"": KIB_PER_MIB, "b": 1 / KIB_PER_MIB, "k": 1, "m": KIB_PER_MIB, "g": KIB_PER_MIB**2,
             "t": KIB_PER_MIB**3}


def _memory_kb(text: str) -> int:
    """`96`, `96m`, `1g`: without a unit it is MiB, whatever xl(1) says (facts pains 23). Raises XlExit(1)."""
    match = re.fullmatch(r"(\d+)([bkmgt]?)b?", text.lower())
    if match is None:
        err(f"invalid memory size: {text}\n")
        raise XlExit(1)
    return int(int(match[1]) * _UNITS_KB[match[2]])


def _mem_set(m: Machine, args: list[str], call: Call) -> int:
    name, text = options.read("mem-set", args, required=2).words[:2]
    domid = find_domid(m, name)
    target = _memory_kb(text)
    domain = domains.get(m, domid)
    if domain is None and domid:
        raise NotSimulated(f"xl mem-set {name}")
    maximum = hypervisor.dom0_max_kb(m) if domain is None else domain["max_kb"]
    if target > maximum:
        err(f"libxl: error: libxl_mem.c:278:libxl_set_memory_target: Domain {domid}:memory_dynamic_max must be less "
            "than or equal to memory_static_max\n\n")
    elif domain is None and target < hypervisor.MINIMUM_DOM0_KB:
        err(f"libxl: error: libxl_mem.c:287:libxl_set_memory_target: New target {target} for dom0 is below the minimum "
            "threshold\n")
    else:
        _balloon(m, domain, target)
        return 0
    err(f"cannot set domid {domid} dynamic max memory to : {text}\n")
    return 1


def _balloon(m: Machine, domain: Domain | None, target: int) -> None:
    """The target is set; the memory follows if the guest has a balloon driver that listens (records mem_set_*,
    memset-down at the root device prompt, memset-running-*). Domain-0 can't grow beyond what it booted with."""
    if domain is None:
        state = hypervisor.section(m)
        room = state["dom0_kb"] + hypervisor.free_kb(m)
        state["dom0_kb"] = min(target, room, max(state["dom0_kb"], hypervisor.boot_memory_kb(m)))
        return
    domain["target_kb"] = target
    listens = not guests.ignores_requests(domain["config"]["b_info"]) and domain["reason"] is None
    if listens and target:
        domain["mem_kb"] = min(target, domain["mem_kb"] + hypervisor.free_kb(m))


def _mem_max(m: Machine, args: list[str], call: Call) -> int:
    name, text = options.read("mem-max", args, required=2).words[:2]
    domain = find_guest(m, "mem-max", name)
    domain["max_kb"] = _memory_kb(text)
    return 0


def _vcpu_set(m: Machine, args: list[str], call: Call) -> int:
    given = options.read("vcpu-set", args, "i", {"ignore-host": "i"}, required=2)
    domain = find_guest(m, "vcpu-set", given.words[0])
    match = re.match(r"\d+", given.words[1])
    if match is None:
        err("Error: Invalid argument.\n")
        return 1
    count, cpus = int(match[0]), m.profile.cpus
    if "i" not in given.letters and count > max(domain["vcpus"], cpus):
        err(f"You are overcommmitting! You have {cpus} physical CPUs and want {count} vCPUs! Aborting, use "
            "--ignore-host to continue\n")
        return 1
    if count == 0:
        err(f"libxl: error: libxl_domain.c:1865:libxl_set_vcpuonline: Domain {domain['domid']}:Requested 0 VCPUs!: "
            f"Function not implemented\nlibxl_set_vcpuonline failed domid={domain['domid']} max_vcpus=0, rc: -3\n")
        return 1
    if count > domain["max_vcpus"]:
        raise NotSimulated("xl vcpu-set above maxvcpus")
    # The request is in xenstore. A Linux guest gives CPUs back (tests/contract on Xen 4.20; drivers/xen/cpu_hotplug.c)
    # and takes none by itself (record vcpulist_up).
    domain["wanted_vcpus"] = count
    if domain["os"] == guests.LINUX and not domains.is_busy(m, domain):
        domain["vcpus"] = min(domain["vcpus"], count)
    return 0


def _vcpu_pin(m: Machine, args: list[str], call: Call) -> int:
    from .domconfig import cpu_range

    words = options.read("vcpu-pin", args, required=3).words
    domain = find_guest(m, "vcpu-pin", words[0])
    if len(words) > 3 or words[2] == "-":
        raise NotSimulated("xl vcpu-pin with a soft affinity")
    try:
        pinned = cpu_range(words[2], m.profile.cpus, err)
    except ValueError:
        return 1
    if not pinned:
        err("vcpu hard affinity map is empty\n")
        return 1
    count = domain["max_vcpus"]
    if words[1] == "all":
        domain["affinity"] = [pinned] * count
        return 0
    if not words[1].isdigit():
        err(f"Error: Invalid argument {words[1]} as VCPU.\n")
        return 1
    vcpu = int(words[1])
    if vcpu >= count:
        err(f"libxl: error: libxl_sched.c:62:libxl__set_vcpuaffinity: Domain {domain['domid']}:Setting vcpu affinity: "
            f"Invalid argument\nCould not set affinity for vcpu `{vcpu}'.\n")
        return 1
    everywhere = list(range(m.profile.cpus))
    current = domain["affinity"] + [everywhere] * (count - len(domain["affinity"]))
    current[vcpu] = pinned
    domain["affinity"] = current
    return 0


def _sched_credit2(m: Machine, args: list[str], call: Call) -> int:
    names = {"domain": "d", "weight": "w", "cap": "c"}
    given = options.read("sched-credit2", args, "d:w:c:", names)
    need_xenstore(m)
    if "d" not in given.values:
        out("Cpupool Pool-0: ratelimit=1000us\n")
        _sched_rows(m, [None, *hypervisor.domains(m).values()])
        return 0
    domid = find_domid(m, given.values["d"])
    domain = domains.get(m, domid)
    if domain is None and domid:
        raise NotSimulated(f"xl sched-credit2 -d {given.values['d']}")
    if "w" not in given.values and "c" not in given.values:
        _sched_rows(m, [domain])
        return 0
    target = hypervisor.section(m)["dom0_sched"] if domain is None else domain
    vcpus = hypervisor.dom0_vcpus(m) if domain is None else domain["max_vcpus"]
    limits = (("w", "weight", 441, 1, 65535, "weight out of range, valid values are within range from 1 to 65535"),
              ("c", "cap", 451, 0, vcpus * 100,
               f"cap out of range, valid range is from 0 to {vcpus * 100} for specified number of vcpus"))
    new = {}
    for letter, key, line, least, most, message in limits:
        if letter in given.values:
            new[key] = int(given.values[letter])
            if not least <= new[key] <= most:
                err(f"libxl: error: libxl_sched.c:{line}:sched_credit2_domain_set: Domain {domid}:Cpu {message}\n"
                    "libxl_domain_sched_params_set failed.\n")
                return 1
    target.update(new)
    return 0


def _sched_rows(m: Machine, listed: list[Domain | None]) -> None:
    out(f"{'Name':<33} {'ID':>4} {'Weight':>6} {'Cap':>4}\n")
    for domain in listed:
        name, domid = ("Domain-0", 0) if domain is None else (domain["name"], domain["domid"])
        params = hypervisor.section(m)["dom0_sched"] if domain is None else domain
        out(f"{name:<33} {domid:4d} {params['weight']:6d} {params['cap']:4d}\n")


_COMMANDS: dict[str, Command] = {
    "list": _list, "claims": _claims, "vm-list": _vm_list, "info": _info, "dmesg": _dmesg, "domid": _domid,
    "domname": _domname, "vcpu-list": _vcpu_list, "uptime": _uptime, "console": _console, "shutdown": _shutdown,
    "reboot": _reboot, "destroy": _destroy, "pause": _pause, "unpause": _unpause, "rename": _rename,
    "trigger": _trigger, "sysrq": _sysrq, "mem-set": _mem_set, "mem-max": _mem_max, "vcpu-set": _vcpu_set,
    "vcpu-pin": _vcpu_pin, "sched-credit2": _sched_credit2,
}
