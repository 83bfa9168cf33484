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

from ..machine import Machine
from . import guests, hotplug
from .hotplug import Failure, local
from .hypervisor import (
    KIB_PER_MIB,
    MINIMUM_DOM0_KB,
    Domain,
    domains,
    err,
    free_kb,
    recorded,
    section,
    wait,
)

LOGS = "/var/log/xen"
_LOG_GENERATIONS = 10

DEFAULT_MEMORY_KB = 32 * KIB_PER_MIB  # libxl, when a configuration names none (record create_bad_memory)
_CREATE_SECONDS = 0.9  # records create-hex, create-s1
_DESTROY_SECONDS = 0.35  # record destroy-s2
_ZOMBIE_SECONDS = 1.0  # record destroy-five: a row "(null)" stays a moment
_CLEANUP_SECONDS = 0.4  # record xl-shutdown-w: from --ps-- to the end of the command
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
    return next((domain for domain in domains(m).values() if domain["name"] == name), None)


def get(m: Machine, domid: int) -> Domain | None:
    return domains(m).get(str(domid))


def name_exists(m: Machine, name: str) -> bool:
    return name == "Domain-0" or by_name(m, name) is not None


# --- creation ----------------------------------------------------------------------------------------------------


def memory_need_kb(config: Config) -> int:
    """What libxl wants free before it creates a domain (libxl_mem.c): its memory, the shadow's and 1 MiB."""
    build = config["b_info"]
    maximum = build.get("max_memkb", DEFAULT_MEMORY_KB)
    shadow = 4 * (256 * build.get("max_vcpus", 1) + maximum // KIB_PER_MIB)
    return build.get("target_memkb", maximum) + shadow + KIB_PER_MIB


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


def create(m: Machine, config: Config, paused: bool, autoballoon: bool = True) -> int:
    """Make a domain. Returns its domid; raises CreateFailed.

    Between the check of the name and the entry in the table time passes without the lock, so that two concurrent
    creates of one name can both succeed, as they can on a real host (facts xl-behaviour 2).
    """
    make_room(m, config, autoballoon)
    if config["c_info"].get("pool_name", "Pool-0") != "Pool-0":
        raise CreateFailed(6, ["libxl: error: libxl_create.c:1180:libxl__domain_config_setdefault: Illegal pool "
                               f"specified: {config['c_info']['pool_name']}"])
    if config.get("pcidevs"):
        raise CreateFailed(6, ["libxl: error: libxl_create.c:1206:libxl__domain_config_setdefault: passthrough not "
                               "supported on this platform\n"])
    domid = _new_domid(m)
    _check_name(m, domid, config["c_info"]["name"])
    wait(m, _CREATE_SECONDS)
    settle(m)
    _build(m, domid, config, paused, m.now())
    return domid


def _new_domid(m: Machine) -> int:
    """Failed creations use one up, too (records create-nokern ... create-hex)."""
    state = section(m)
    state["next_domid"] += 1
    return state["next_domid"] - 1


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


def _build(m: Machine, domid: int, config: Config, paused: bool, at: float, monitor: int | None = None) -> None:
    """The checks and steps after the name, in libxl's order. Raises CreateFailed with everything undone."""
    domain = _new_domain(m, domid, config, paused, at)
    try:
        backends = _disk_backends(m, domid, config)
        _check_kernel(m, domid, config)
        _check_memory(m, domid, domain)
        domain["vbds"] = [hotplug.new_vbd(m, disk) for disk in config.get("disks", [])]
        _check_vdevs(domid, domain["vbds"])
        if hotplug.NEEDS_QEMU in backends:
            raise hotplug.no_device_model(domid)
        hotplug.connect_disks(m, domid, domain["vbds"])
    except Failure as failure:
        raise CreateFailed(3, failure.lines + last_words(domid)) from None
    _connect_networks(m, domain)
    for disk in config.get("disks", []):
        disk.setdefault("colo_restore_enable", "False")  # record list_l_one; not in a disk that is attached later
    domain["monitor"] = monitor
    if monitor is None and "/" not in domain["name"]:
        rotate_log(m, domain["name"])
        domain["monitor"] = hotplug.next_pid(m)
    domains(m)[str(domid)] = domain
    _start(m, domain, at)


def _new_domain(m: Machine, domid: int, config: Config, paused: bool, at: float) -> Domain:
    build = config["b_info"]
    maximum = build.get("max_memkb", DEFAULT_MEMORY_KB)
    sched = build.get("sched_params", {})
    return {
        "domid": domid, "name": config["c_info"]["name"], "uuid": config["c_info"]["uuid"], "config": config,
        "os": guests.system(m, build.get("kernel", "")), "created": at, "paused": int(paused), "cpu": 0.0,
        "running_since": at, "mem_kb": build.get("target_memkb", maximum), "max_kb": maximum,
        "target_kb": build.get("target_memkb", maximum), "vcpus": max(1, len(build.get("avail_vcpus", [0]))),
        "max_vcpus": build.get("max_vcpus", 1), "wanted_vcpus": max(1, len(build.get("avail_vcpus", [0]))),
        "affinity": build.get("vcpu_hard_affinity", []), "weight": sched.get("weight", 256),
        "cap": sched.get("cap", 0), "reason": None, "dying": False, "monitor": None, "request": None, "acked": None,
        "vbds": [], "vifs": [],
        "stale": 0,
    }


def _disk_backends(m: Machine, domid: int, config: Config) -> list[str]:
    backends = []
    for index, disk in enumerate(config.get("disks", [])):
        try:
            backends.append(hotplug.disk_backend(m, disk))
        except Failure as failure:
            failure.lines.append(f"libxl: error: libxl_create.c:1373:initiate_domain_create: Domain {domid}:Unable to "
                                 f"set disk defaults for disk {index}")
            raise
    return backends


def _check_kernel(m: Machine, domid: int, config: Config) -> None:
    build = config["b_info"]
    failed = f"libxl: error: libxl_create.c:1695:domcreate_rebuild_done: Domain {domid}:cannot (re-)build domain: -3"
    if config["c_info"]["type"] == "hvm":
        raise Failure(
            "libxl: error: libxl_dom.c:846:libxl__load_hvm_firmware_module: failed to read BIOS file: No such file or "
            "directory",
            "libxl: error: libxl_dom.c:1103:libxl__build_hvm: initializing domain firmware failed", failed)
    for key, line in (("kernel", 641), ("ramdisk", 654)):
        name = build.get(key)
        if name is not None and not local(m, name).is_file():
            raise Failure(
                f"xc: error: panic: xg_dom_core.c:205: failed to open file '{name}': No such file or directory: "
                "Internal error",
                f"libxl: error: libxl_dom.c:{line}:libxl__build_pv: xc_dom_{key}_file failed: No such file or "
                "directory", failed)
    if not guests.is_bootable(m, build.get("kernel", "")):
        raise Failure("xc: error: panic: xg_dom_core.c:689: xc_dom_find_loader: no loader found: Invalid kernel",
                      "libxl: error: libxl_dom.c:566:libxl__build_dom: xc_dom_parse_image failed", failed)


def _check_memory(m: Machine, domid: int, domain: Domain) -> None:
    if domain["mem_kb"] > free_kb(m):
        raise Failure(
            "xc: error: panic: xg_dom_boot.c:119: xc_dom_boot_mem_init: can't allocate low memory for domain: Out of "
            "memory",
            "libxl: error: libxl_dom.c:581:libxl__build_dom: xc_dom_boot_mem_init failed: Cannot allocate memory",
            f"libxl: error: libxl_create.c:1695:domcreate_rebuild_done: Domain {domid}:cannot (re-)build domain: -3")


def _check_vdevs(domid: int, vbds: list[dict[str, Any]]) -> None:
    for vbd in vbds:
        if vbd["devid"] is None:
            raise Failure(
                f"libxl: error: libxl_disk.c:248:libxl__device_from_disk: Domain {domid}:Invalid or unsupported "
                f"virtual disk identifier {vbd['vdev']}",
                f"libxl: error: libxl_disk.c:369:device_disk_add: Domain {domid}:Invalid or unsupported virtual disk "
                f"identifier {vbd['vdev']}",
                f"libxl: error: libxl_create.c:1727:domcreate_launch_dm: Domain {domid}:unable to add disk devices")


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
        from .specs import order_nic

        domain["config"]["nics"] = [order_nic(nic) for nic in domain["config"]["nics"]]


def _start(m: Machine, domain: Domain, at: float) -> None:
    """The guest's console and the xl monitor's log begin; what the kernel does next is planned."""
    if domain["monitor"] is not None:
        log(m, domain, f"Waiting for domain {domain['name']} (domid {domain['domid']}) to die [pid "
                       f"{domain['monitor']}]")
    guests.write_console(m, domain, guests.boot_messages(m, domain))
    if guests.crashes(m, domain["config"]["b_info"]["kernel"]):
        _plan(m, at + _CRASH_SECONDS * m.pace, "shutdown", domid=domain["domid"], reason=guests.CRASH)
    else:
        _plan(m, booted_at(m, domain), "booted", domid=domain["domid"])


def booted_at(m: Machine, domain: Domain) -> float:
    return domain["created"] + guests.TIMES[domain["os"]].boot * m.pace


# --- the xl monitor's log ----------------------------------------------------------------------------------------


def rotate_log(m: Machine, name: str) -> None:
    """An old log becomes .1 and so on, as libxl does it (record logs, xl 4.17)."""
    base = m.path(f"{LOGS}/xl-{name}.log")
    m.path(LOGS).mkdir(parents=True, exist_ok=True)
    if base.exists():
        for generation in range(_LOG_GENERATIONS - 1, 0, -1):
            old = base.with_name(f"{base.name}.{generation}")
            if old.exists():
                old.rename(base.with_name(f"{base.name}.{generation + 1}"))
        base.rename(base.with_name(f"{base.name}.1"))
    base.touch(0o644)


def log(m: Machine, domain: Domain, line: str) -> None:
    """A line of xl-NAME.log. The file keeps its name when the domain is renamed."""
    path = m.path(f"{LOGS}/xl-{domain.setdefault('log_name', domain['name'])}.log")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", errors="surrogateescape") as stream:
        stream.write(line + "\n")


# --- requests ----------------------------------------------------------------------------------------------------


def request(m: Machine, domain: Domain, reason: int) -> None:
    """Write `poweroff` or `reboot` to the guest's control node. Sets `acked` to the time of its answer, if any."""
    if domain["reason"] is not None or guests.ignores_requests(domain["config"]["b_info"]):
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
        if domain["request"] is not None:
            reason, domain["request"] = domain["request"], None
            request(m, domain, reason)
    return True


def panic(m: Machine, domain: Domain) -> None:
    """A NetBSD guest panics and reboots when a network is detached (record guest-panic-on-netdetach)."""
    guests.write_console(m, domain, 'panic: kernel diagnostic assertion "(entry->flags & UVM_MAP_STATIC) == 0" '
                                    "failed\nrebooting...\n")
    _plan(m, m.now(), "shutdown", domid=domain["domid"], reason=guests.REBOOT)


# --- CPU time ----------------------------------------------------------------------------------------------------


def is_busy(m: Machine, domain: Domain) -> bool:
    """Whether the guest uses its CPU: while it boots, and for ever at a prompt that polls."""
    return guests.ignores_requests(domain["config"]["b_info"]) or m.now() < booted_at(m, domain)


def cpu_seconds(m: Machine, domain: Domain) -> float:
    if domain["paused"] or domain["reason"] is not None:
        return domain["cpu"]
    running = recorded(m, m.now() - domain["running_since"])
    return domain["cpu"] + running * (0.9 if guests.ignores_requests(domain["config"]["b_info"]) else 0.05)


def stop_clock(m: Machine, domain: Domain) -> None:
    domain["cpu"] = cpu_seconds(m, domain)
    domain["running_since"] = m.now()


# --- the end -----------------------------------------------------------------------------------------------------


def destroy(m: Machine, domain: Domain, at: float | None = None) -> None:
    """Remove a domain and its devices, now or at a time that has passed."""
    stop_clock(m, domain)
    hotplug.disconnect_all(m, domain)
    domains(m).pop(str(domain["domid"]), None)
    state = section(m)
    state["zombies"].append({"domid": domain["domid"], "cpu": domain["cpu"],
                             "until": (m.now() if at is None else at) + _ZOMBIE_SECONDS * m.pace})
    state["events"] = [event for event in state["events"] if event.get("domid") != domain["domid"]]


def destroy_slowly(m: Machine, domid: int) -> list[str]:
    """`xl destroy`: the domain is dying for a moment. Returns what the scripts print."""
    domain = get(m, domid)
    if domain is None:
        return []
    domain["dying"] = True
    lines = [line for vbd in domain["vbds"] for line in hotplug.complaint(domid, vbd)]
    # An event, so that the domain goes even if this command is killed while it waits.
    _plan(m, m.now() + _DESTROY_SECONDS * m.pace, "reap", domid=domid)
    wait(m, _DESTROY_SECONDS)
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
    now = m.now()
    if state["zombies"]:
        state["zombies"] = [zombie for zombie in state["zombies"] if zombie["until"] > now]


def _booted(m: Machine, event: dict[str, Any]) -> None:
    domain = get(m, event["domid"])
    if domain is not None and domain["reason"] is None:
        guests.write_console(m, domain, guests.login_prompt(m, domain))


def _shutdown(m: Machine, event: dict[str, Any]) -> None:
    """The guest is down; its monitor, if there is one, does what the configuration says (xl_vmcontrol.c)."""
    from .domconfig import ACTION_NAMES

    domain = get(m, event["domid"])
    if domain is None or domain["reason"] is not None:
        return
    if domain["paused"]:
        domain["acked"], domain["request"] = None, event["reason"]
        return
    stop_clock(m, domain)
    domain["reason"] = reason = event["reason"]
    if reason == guests.POWEROFF:
        guests.write_console(m, domain, "syncing disks... done\n")
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
    _plan(m, event["at"] + _CLEANUP_SECONDS * m.pace, "cleanup", domid=domain["domid"], action=action)


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
          monitor=domain["monitor"], log_name=domain["log_name"])


def _preserve(m: Machine, domain: Domain, at: float) -> None:
    """`rename-restart`: the dead domain stays under another name."""
    suffix = time.strftime("-%Y%m%dT%H%MZ", time.gmtime(at))
    log(m, domain, f"Preserving domain {domain['domid']} {domain['name']} with suffix{suffix}")
    domain["config"] = dict(domain["config"], c_info=dict(domain["config"]["c_info"]))
    domain["name"] += suffix


def _restart(m: Machine, event: dict[str, Any]) -> None:
    domid = _new_domid(m)
    config = event["config"]
    try:
        _check_name(m, domid, config["c_info"]["name"])
        _build(m, domid, config, False, event["at"], monitor=event["monitor"])
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


_HANDLERS = {"reap": _reap, "booted": _booted, "shutdown": _shutdown, "cleanup": _cleanup, "restart": _restart}


# --- a name that cannot be a file --------------------------------------------------------------------------------


def has_monitor(m: Machine, domain: Domain) -> bool:
    """Whether xl could go to the background with xl-NAME.log. It can't with a `/` in the name, and says so, but the
    domain stays (record create_name_slash)."""
    if "/" not in domain["name"]:
        return True
    err("xl: fatal error: xl_utils.c:277: No such file or directory: logfile = open(fullname, O_WRONLY | O_CREAT | "
        "O_APPEND | O_CLOEXEC, 0644)\n"
        f"libxl: error: libxl_exec.c:117:libxl_report_child_exitstatus: domain monitoring daemonizing child "
        f"[{hotplug.next_pid(m)}] exited with error status 1\n")
    return False
