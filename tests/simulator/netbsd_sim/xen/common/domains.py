# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The life of domains: creation in libxl's order of checks, requests, shutdown, restart, destruction.

Nothing runs in the background. What happens later (a guest is down, its xl monitor destroys or restarts it) is an
event with a time; `settle` carries out what is due whenever somebody looks.
"""
from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from ...core.machine import Machine
from . import checks, devicemodel, guests, hotplug, pools
from .hotplug import Failure
from .hypervisor import KIB_PER_MIB, MINIMUM_DOM0_KB, Domain, dom0_name, domains, free_kb, recorded, section, wait
from .monitor import can_log, log, rotate_log

DEFAULT_MEMORY_KB = 32 * KIB_PER_MIB  # libxl, when a configuration names none (record create_bad_memory)
_CREATE_SECONDS = 0.9  # records create-hex, create-s1
_CPUS_SECONDS = 5.0
_DESTROY_SECONDS = 0.35  # record destroy-s2
_ZOMBIE_SECONDS = 1.0  # record destroy-five: a row "(null)" stays a moment
_CLEANUP_SECONDS = 0.4  # record xl-shutdown-w: from --ps-- to the end of the command
_DISK_CLEANUP_SECONDS = 3.0  # record destroy_preserved (xl 4.17): a Linux guest with a disk
_RESTART_SECONDS = 2.9  # record xl-reboot: two seconds without the domain, then its creation
_CRASH_SECONDS = 1.0
# A guest that crashes at each boot and is restarted each time: enough rounds to see it.
_MAXIMUM_ROUNDS = 20

Config = dict[str, Any]  # libxl's JSON layout, see domconfig

_EVENT_KEYS = {guests.POWEROFF: "on_poweroff", guests.REBOOT: "on_reboot", guests.CRASH: "on_crash"}


class CreateFailed(Exception):
    """A domain could not be made: xl's exit status and what it prints."""

    def __init__(self, rc: int, lines: list[str]) -> None:
        super().__init__(rc)
        self.rc = rc
        self.lines = lines


# --- finding -----------------------------------------------------------------------------------------------------


def by_name(m: Machine, name: str) -> Domain | None:
    """The first domain of that name: there can be two (facts xl-behaviour 2)."""
    return next((domain for domain in domains(m).values() if domain["name"] == name and not domain.get("forgotten")),
                None)


def get(m: Machine, domid: int) -> Domain | None:
    return domains(m).get(str(domid))


def name_exists(m: Machine, name: str) -> bool:
    """Domain-0 can be renamed; an empty name is nobody's."""
    return bool(name) and (name == dom0_name(m) or by_name(m, name) is not None)


# --- creation ----------------------------------------------------------------------------------------------------


def memory_need_kb(config: Config) -> int:
    """What libxl wants free before it creates a domain (libxl_mem.c): its memory, the shadow's and 1 MiB."""
    build = config["b_info"]
    maximum = int(build.get("max_memkb", DEFAULT_MEMORY_KB))
    shadow = 4 * (256 * int(build.get("max_vcpus", 1)) + maximum // KIB_PER_MIB)
    return int(build.get("target_memkb", maximum)) + shadow + KIB_PER_MIB


def make_room(m: Machine, config: Config, autoballoon: bool) -> None:
    """Take memory from Domain-0 if too little is free. Raises CreateFailed below dom0's minimum (create-bigmem).

    The default `autoballoon="auto"` is on here even with dom0_mem on the hypervisor's command line: that record's
    machine had it.
    """
    missing = memory_need_kb(config) - free_kb(m)
    if not autoballoon or missing <= 0:
        return
    target = max(0, section(m)["dom0_kb"] - missing)
    if target < MINIMUM_DOM0_KB:
        raise CreateFailed(3, [
            f"libxl: error: libxl_mem.c:287:libxl_set_memory_target: New target {target} for dom0 is below the "
            "minimum threshold",
            "failed to free memory for the domain",
        ])
    section(m)["dom0_kb"] = target


def create(m: Machine, config: Config, paused: bool, autoballoon: bool = True, monitored: bool = True,
           command: str = "/usr/pkg/sbin/xl ") -> int:
    """Make a domain. Returns its domid; raises CreateFailed. Without a monitor nobody carries out what on_poweroff and
    its like say; ``command`` is what ps shows of it.

    Between the check of the name and the entry in the table time passes without the lock, so that two concurrent
    creates of one name can both succeed, as they can on a real host (facts xl-behaviour 2).
    """
    make_room(m, config, autoballoon)
    pool = _pool(m, config)
    if config.get("pcidevs"):
        raise CreateFailed(6, ["libxl: error: libxl_create.c:1206:libxl__domain_config_setdefault: passthrough not "
                               "supported on this platform\n"])
    domid = new_domid(m)
    if not pool["cpus"]:
        raise CreateFailed(3, [
            "libxl: error: libxl_create.c:744:libxl__domain_make: domain creation fail: No such device",
            "libxl: error: libxl_create.c:1351:initiate_domain_create: cannot make domain: -3"])
    _check_name(m, domid, config["c_info"]["name"])
    wait(m, _CREATE_SECONDS)
    settle(m)
    _build(m, domid, config, paused, m.now(), monitored=monitored)
    domains(m)[str(domid)]["command"] = command
    return domid


def _pool(m: Machine, config: Config) -> dict[str, Any]:
    name = config["c_info"].get("pool_name")
    pool = pools.pools(m)[0] if name is None else pools.named(m, name)
    if pool is None:
        raise CreateFailed(6, ["libxl: error: libxl_create.c:1180:libxl__domain_config_setdefault: Illegal pool "
                               f"specified: {name}"])
    return pool


def new_domid(m: Machine) -> int:
    """Failed creations use one up, too (records create-nokern ... create-hex)."""
    state = section(m)
    state["next_domid"] += 1
    return int(state["next_domid"]) - 1


def _check_name(m: Machine, domid: int, name: str) -> None:
    if name_exists(m, name):
        raise CreateFailed(3, [
            f'libxl: error: libxl_domain.c:81:libxl__domain_rename: Domain {domid}:Domain with name "{name}" already '
            "exists.",
            f"libxl: error: libxl_create.c:1351:initiate_domain_create: Domain {domid}:cannot make domain: -6",
            *last_words(domid),
        ])


def last_words(domid: int, devices_too: bool = False) -> list[str]:
    """What follows each failure; the cause stands above (records create_duplicate, create_missing_bridge)."""
    gone = (f"libxl_dom.c:1244:libxl__userdata_path: unable to find domain info for domain {domid}: No such process"
            if devices_too else f"libxl_domain.c:1179:libxl__destroy_domid: Domain {domid}:Non-existant domain")
    return [
        f"libxl: error: libxl_domain.c:354:libxl_domain_info: Domain {domid}:Getting domain info: No such process",
        f"libxl: error: {gone}",
        f"libxl: error: libxl_domain.c:1133:domain_destroy_callback: Domain {domid}:Unable to destroy guest",
        f"libxl: error: libxl_domain.c:1060:domain_destroy_cb: Domain {domid}:Destruction of domain failed",
    ]


def _build(m: Machine, domid: int, config: Config, paused: bool, at: float, monitor: int | None = None,
           monitored: bool = True) -> None:
    """The checks and steps after the name, in libxl's order. Raises CreateFailed with everything undone."""
    domain = new_domain(m, domid, config, paused, at)
    domain["pool"] = _pool(m, config)["id"]
    try:
        backends = checks.disk_backends(m, domid, config)
        checks.affinity(m, domain)
        checks.kernel(m, domid, config)
        checks.memory(m, domid, domain)
        domain["vbds"] = [hotplug.new_vbd(m, disk) for disk in config.get("disks", [])]
        checks.vdevs(domid, domain["vbds"])
        if devicemodel.needed(config, backends):
            domain["device_model"] = devicemodel.start(m, domid, config, backends)
        hotplug.connect_disks(m, domid, domain["vbds"])
    except Failure as failure:
        raise CreateFailed(3, failure.lines + last_words(domid)) from None
    _connect_networks(m, domain)
    for disk in config.get("disks", []):
        disk.setdefault("colo_restore_enable", "False")  # record list_l_one; not in a disk that is attached later
    domain["monitor"] = monitor
    if monitor is None and monitored and can_log(m, domain["name"]):
        rotate_log(m, domain["name"])
        domain["monitor"] = hotplug.next_pid(m)
    domains(m)[str(domid)] = domain
    start_guest(m, domain, at)


def new_domain(m: Machine, domid: int, config: Config, paused: bool, at: float) -> Domain:
    build = config["b_info"]
    maximum = build.get("max_memkb", DEFAULT_MEMORY_KB)
    sched = build.get("sched_params", {})
    return {
        "domid": domid, "name": config["c_info"]["name"], "uuid": config["c_info"]["uuid"], "config": config,
        "os": guests.system(m, config), "created": at, "paused": int(paused), "cpu": 0.0,
        "running_since": at, "mem_kb": build.get("target_memkb", maximum), "max_kb": maximum,
        "target_kb": build.get("target_memkb", maximum), "vcpus": max(1, len(build.get("avail_vcpus", [0]))),
        "max_vcpus": build.get("max_vcpus", 1), "wanted_vcpus": max(1, len(build.get("avail_vcpus", [0]))),
        "affinity": [list(cpus) for cpus in build.get("vcpu_hard_affinity", [])],
        "soft_affinity": [list(cpus) for cpus in build.get("vcpu_soft_affinity", [])],
        "weight": sched.get("weight", 256), "cap": sched.get("cap", 0), "reason": None, "dying": False,
        "monitor": None, "request": None, "acked": None,
        "vbds": [], "vifs": [], "device_model": None,
        "stale": 0,
    }


def _connect_networks(m: Machine, domain: Domain) -> None:
    domid = domain["domid"]
    for nic in domain["config"].get("nics", []):
        vif = hotplug.new_vif(domid, nic)
        domain["vifs"].append(vif)
        nic.update(mac=vif["mac"], bridge=vif["bridge"], nictype=nic.get("nictype", "vif"))
        try:
            hotplug.connect_network(m, domid, vif)
        except Failure as failure:
            # The guest's console existed already: its log stays (record guest-vifdef.log in `rename`).
            guests.write_console(m, domain, "\n")
            hotplug.disconnect_all(m, domain)
            raise CreateFailed(3, [
                *failure.lines,
                f"libxl: error: libxl_create.c:1982:domcreate_attach_devices: Domain {domid}:unable to add vif "
                "devices",
                *last_words(domid, devices_too=True),
            ]) from None
    if domain["vifs"]:
        from ..xl.specs import order_nic

        domain["config"]["nics"] = [order_nic(nic) for nic in domain["config"]["nics"]]


def start_guest(m: Machine, domain: Domain, at: float) -> None:
    """The guest's console and the xl monitor's log begin; what the kernel does next is planned."""
    if domain["monitor"] is not None:
        log(m, domain, f"Waiting for domain {domain['name']} (domid {domain['domid']}) to die [pid "
                       f"{domain['monitor']}]")
    panics = _look_at_disks(m, domain)
    guests.write_console(m, domain, guests.boot_messages(m, domain))
    if not domain["paused"]:
        _started(m, domain)
    if panics or guests.crashes(m, domain["config"]["b_info"].get("kernel", "")):
        _plan(m, at + _CRASH_SECONDS * m.pace, "shutdown", domid=domain["domid"], reason=guests.CRASH)
    else:
        _plan(m, booted_at(m, domain), "booted", domid=domain["domid"])


def _look_at_disks(m: Machine, domain: Domain) -> bool:
    """Note what the guest's disks make of its boot. Whether it panics."""
    if domain["os"] == guests.FIRMWARE:
        return False
    from . import guestsystem, linuxsystem, solaris

    if domain["os"] == guests.NETBSD:
        system = guestsystem.look(m, domain)
    elif domain["os"] == guests.SOLARIS:
        system = solaris.look(m, domain)
    else:
        system = linuxsystem.look(m, domain) or guestsystem.look_for_linux(m, domain)
    domain["system"] = dict(vars(system))
    return bool(domain["system"]["state"] == guestsystem.PANIC)


def booted_at(m: Machine, domain: Domain) -> float:
    return float(domain["created"]) + guests.TIMES[domain["os"]].boot * m.pace


# --- requests ----------------------------------------------------------------------------------------------------


def request(m: Machine, domain: Domain, reason: int) -> None:
    """Write `poweroff` or `reboot` to the guest's control node. Sets `acked` to the time of its answer, if any."""
    if domain["reason"] is not None or guests.ignores_requests(domain):
        return
    if domain["paused"]:
        domain["request"] = reason
        return
    if domain["acked"] is not None:
        return
    times = guests.TIMES[domain["os"]]
    start = max(m.now(), booted_at(m, domain))
    down = start + (times.poweroff if reason == guests.POWEROFF else times.reboot) * m.pace
    domain["acked"] = down + _CLEANUP_SECONDS * m.pace if times.acknowledge is None else (
        start + times.acknowledge * m.pace)
    _plan(m, down, "shutdown", domid=domain["domid"], reason=reason)


def pause(m: Machine, domain: Domain) -> None:
    stop_clock(m, domain)
    domain["paused"] += 1


def unpause(m: Machine, domain: Domain) -> bool:
    """False if it was not paused. Pauses nest (facts xl-behaviour 12)."""
    if not domain["paused"]:
        return False
    domain["paused"] -= 1
    if not domain["paused"]:
        domain["running_since"] = m.now()
        _started(m, domain)
        if domain["request"] is not None:
            reason, domain["request"] = domain["request"], None
            request(m, domain, reason)
    return True


def ends(m: Machine, domain: Domain, reason: int) -> None:
    """The guest halts or reboots by itself, now."""
    _plan(m, m.now(), "shutdown", domid=domain["domid"], reason=reason)


def panic(m: Machine, domain: Domain) -> None:
    """A NetBSD guest panics and reboots when a network is detached (record guest-panic-on-netdetach)."""
    guests.write_console(m, domain, 'panic: kernel diagnostic assertion "(entry->flags & UVM_MAP_STATIC) == 0" '
                                    "failed\nrebooting...\n")
    _plan(m, m.now(), "shutdown", domid=domain["domid"], reason=guests.REBOOT)


# --- CPU time ----------------------------------------------------------------------------------------------------


def is_busy(m: Machine, domain: Domain) -> bool:
    """Whether the guest uses its CPU: while it boots, and for ever at a prompt that polls."""
    return guests.ignores_requests(domain) or m.now() < booted_at(m, domain)


def cpu_seconds(m: Machine, domain: Domain) -> float:
    used = float(domain["cpu"])
    if domain["paused"] or domain["reason"] is not None:
        return used
    running = recorded(m, m.now() - domain["running_since"])
    return used + running * (0.9 if guests.ignores_requests(domain) else 0.05)


def stop_clock(m: Machine, domain: Domain) -> None:
    domain["cpu"] = cpu_seconds(m, domain)
    domain["running_since"] = m.now()


# --- the end -----------------------------------------------------------------------------------------------------


def destroy(m: Machine, domain: Domain, at: float | None = None) -> None:
    """Remove a domain and its devices, now or at a time that has passed."""
    stop_clock(m, domain)
    until = (m.now() if at is None else at) + _ZOMBIE_SECONDS * m.pace
    zombie = {"domid": domain["domid"], "cpu": domain["cpu"], "vcpus": domain["vcpus"], "until": until}
    if domain.get("stuck"):
        from . import leftovers

        zombie.update(leftovers.keep(m, domain))
        _plan(m, zombie["until"], "leave", interfaces=zombie["interfaces"], units=zombie["units"])
    else:
        hotplug.disconnect_all(m, domain)
    domains(m).pop(str(domain["domid"]), None)
    state = section(m)
    # Those that are gone altogether are forgotten here and not when somebody looks, which changes nothing.
    state["zombies"] = [zombie for zombie in state["zombies"] if zombie["until"] > m.now()]
    state["zombies"].append(zombie)
    state["events"] = [event for event in state["events"] if event.get("domid") != domain["domid"]]


def destroy_slowly(m: Machine, domid: int) -> list[str]:
    """`xl destroy`: the domain is dying for a moment. Returns what the scripts print."""
    domain = get(m, domid)
    if domain is None:
        return []
    domain["dying"] = True
    lines = [line for vbd in domain["vbds"] for line in hotplug.complaint(domid, vbd)]
    seconds = _DESTROY_SECONDS
    if m.stuck:
        from . import leftovers

        domain["stuck"] = True
        lines, seconds = leftovers.complaints(domain), leftovers.DESTROY_SECONDS
    # An event, so that the domain goes even if this command is killed while it waits.
    _plan(m, m.now() + seconds * m.pace, "reap", domid=domid)
    wait(m, seconds)
    settle(m)
    return lines


# --- events ------------------------------------------------------------------------------------------------------


def _plan(m: Machine, at: float, what: str, **details: Any) -> None:
    section(m)["events"].append({"at": at, "what": what, **details})


def _due(m: Machine) -> Iterator[dict[str, Any]]:
    for _round in range(_MAXIMUM_ROUNDS * 10):
        events = section(m)["events"]
        event = min(events, key=lambda event: event["at"], default=None)
        if event is None or event["at"] > m.now():
            return
        events.remove(event)
        yield event
    for event in section(m)["events"]:
        event["at"] = max(event["at"], m.now() + 1)


def settle(m: Machine) -> None:
    """Let happen what is due. Every command that looks at domains, vnd units or interfaces calls it first."""
    state = m.data.get("xen")
    if not state or "events" not in state:
        return
    for event in _due(m):
        _HANDLERS[event["what"]](m, event)


def _booted(m: Machine, event: dict[str, Any]) -> None:
    domain = get(m, event["domid"])
    if domain is not None and domain["reason"] is None:
        said = ""
        if domain.get("system", {}).get("root"):
            from . import firstboot, guestdisk

            guestdisk.came_up(m, domain)
            said = firstboot.run(m, domain)
        guests.write_console(m, domain, guests.login_prompt(m, domain) + said)


def _shutdown(m: Machine, event: dict[str, Any]) -> None:
    """The guest is down; its monitor, if there is one, does what the configuration says (xl_vmcontrol.c)."""
    from ..xl.domconfig import ACTION_NAMES

    domain = get(m, event["domid"])
    if domain is None or domain["reason"] is not None:
        return
    if domain["paused"]:
        domain["acked"], domain["request"] = None, event["reason"]
        return
    stop_clock(m, domain)
    domain["reason"] = reason = event["reason"]
    if reason in (guests.POWEROFF, guests.REBOOT) and domain.get("system", {}).get("root"):
        from . import guestdisk

        guestdisk.went_down(m, domain)
    if reason == guests.POWEROFF:
        guests.write_console(m, domain, "syncing disks... done\n")
    if "xend" in domain:
        from ..xm import xend_life

        xend_life.guest_is_down(m, domain, event["at"])
        return
    if domain["monitor"] is None:
        return
    action = domain["config"].get(_EVENT_KEYS[reason], "destroy")
    log(m, domain, f"Domain {domain['domid']} has shut down, reason code {reason} 0x{reason:x}")
    log(m, domain, f"Action for shutdown reason code {reason} is {ACTION_NAMES[action]}")
    if action.startswith("coredump"):
        log(m, domain, f"dumping core to /var/lib/xen/dump/{domain['name']}")
        action = action.removeprefix("coredump_")
    if action == "preserve":
        log(m, domain, "Done. Exiting now")
        domain["monitor"] = None
        return
    linux_disks = domain["os"] == guests.LINUX and domain["vbds"]
    seconds = _DISK_CLEANUP_SECONDS if linux_disks else _CLEANUP_SECONDS
    _plan(m, event["at"] + seconds * m.pace, "cleanup", domid=domain["domid"], action=action)


def _cleanup(m: Machine, event: dict[str, Any]) -> None:
    domain = get(m, event["domid"])
    if domain is None:
        return
    restart = event["action"].startswith("restart")
    if event["action"] == "restart_rename":
        _preserve(m, domain, event["at"])
    else:
        log(m, domain, f"Domain {domain['domid']} needs to be cleaned up: destroying the domain")
        destroy(m, domain, event["at"])
    if not restart:
        log(m, domain, "Done. Exiting now")
        return
    log(m, domain, "Done. Rebooting now")
    _plan(m, event["at"] + _RESTART_SECONDS * m.pace, "restart", config=domain.get("next_config", domain["config"]),
          monitor=domain["monitor"], log_name=domain["log_name"], command=domain.get("command", ""))


def _preserve(m: Machine, domain: Domain, at: float) -> None:
    """`rename-restart`: the dead domain stays under another name."""
    suffix = time.strftime("-%Y%m%dT%H%MZ", time.gmtime(at))
    log(m, domain, f"Preserving domain {domain['domid']} {domain['name']} with suffix{suffix}")
    domain["config"] = dict(domain["config"], c_info=dict(domain["config"]["c_info"]))
    domain["name"] += suffix


def _restart(m: Machine, event: dict[str, Any]) -> None:
    domid = new_domid(m)
    config = event["config"]
    try:
        _check_name(m, domid, config["c_info"]["name"])
        _build(m, domid, config, False, event["at"], monitor=event["monitor"])
        domains(m)[str(domid)]["command"] = event["command"]
    except CreateFailed as failure:
        log(m, {"name": event["log_name"]}, "\n".join(failure.lines))


def _reap(m: Machine, event: dict[str, Any]) -> None:
    """The end of `xl destroy`."""
    domain = get(m, event["domid"])
    if domain is None:
        return
    destroy(m, domain, event["at"])
    if domain["monitor"] is not None:
        log(m, domain, f"Domain {domain['domid']} has been destroyed.")


def _leave(m: Machine, event: dict[str, Any]) -> None:
    """A domain that stayed behind is gone at last."""
    from . import leftovers

    leftovers.end(m, event)


def _bring_cpus(m: Machine, event: dict[str, Any]) -> None:
    """A NetBSD guest brings all its CPUs on line, whatever `vcpus` says (record xl-list-nested-with-guest), but not one
    that waits for a root device (record vcpu-set)."""
    domain = get(m, event["domid"])
    if domain is not None and not guests.ignores_requests(domain):
        domain["vcpus"] = domain["max_vcpus"]


def _started(m: Machine, domain: Domain) -> None:
    """Its kernel runs for the first time: it connects its devices."""
    if domain.get("started"):
        return
    domain["started"] = True
    for vif in domain["vifs"]:
        hotplug.run_network(m, domain["domid"], vif)
    if domain["os"] == guests.NETBSD and "xend" not in domain:
        _plan(m, m.now() + _CPUS_SECONDS * m.pace, "cpus", domid=domain["domid"])


def _xend(m: Machine, event: dict[str, Any]) -> None:
    """What xend has planned for a guest of its own."""
    from ..xm import xend_life

    xend_life.carry_out(m, event)


_HANDLERS = {"leave": _leave, "cpus": _bring_cpus, "xend": _xend, "reap": _reap, "booted": _booted,
             "shutdown": _shutdown, "cleanup": _cleanup, "restart": _restart}
