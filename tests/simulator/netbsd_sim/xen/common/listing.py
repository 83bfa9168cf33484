# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What `xl list` and its relatives print. Formats: records list_*, vcpulist*, uptime*, vmlist, claims (xl 4.20)."""
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from ...core.machine import Machine
from . import domains, hypervisor, pools
from .hypervisor import KIB_PER_MIB, Domain, err, out
from .jsontext import to_json

_NO_UUID = "00000000-0000-0000-0000-000000000000"
_NO_DOMID = 4294967295
_REASON_LETTERS = "-rscw"


@dataclass(frozen=True)
class Row:
    """One domain as the hypervisor tells it. ``reason`` is None unless it is shut down."""

    name: str
    domid: int
    mem_mib: int
    vcpus: int
    state: str
    seconds: float
    uuid: str = _NO_UUID
    reason: int | None = None
    pool: str = "Pool-0"


def domain0(m: Machine) -> Row:
    state = hypervisor.section(m)
    seconds = 20 + hypervisor.recorded(m, m.now() - float(m.data.get("boot_time", m.now()))) * 0.03
    return Row(hypervisor.dom0_name(m), 0, state["dom0_kb"] // KIB_PER_MIB, hypervisor.dom0_vcpus(m), "r-----", seconds,
               pool=pools.pool_of(m, None)["name"])


def row(m: Machine, domain: Domain) -> Row:
    return Row(domain["name"], domain["domid"], domain["mem_kb"] // KIB_PER_MIB, domain["vcpus"],
               state_letters(m, domain), domains.cpu_seconds(m, domain), domain["uuid"], domain["reason"],
               pools.pool_of(m, domain)["name"])


def state_letters(m: Machine, domain: Domain) -> str:
    """Columns r b p s, the letter of the shutdown's reason, d (facts xl-behaviour 6)."""
    paused = "p" if domain["paused"] or domain["dying"] else "-"
    dying = "d" if domain["dying"] else "-"
    if domain["reason"] is not None:
        return f"--{paused}s{_REASON_LETTERS[domain['reason']]}{dying}"
    if paused == "p":
        return f"--p--{dying}"
    if not domains.is_busy(m, domain):
        return f"-b---{dying}"
    # With one CPU it is dom0 that runs while xl asks (NetBSD records: ------).
    return f"{'r' if m.profile.cpus > 1 else '-'}----{dying}"


def rows(m: Machine) -> list[Row]:
    """All domains, with those that have gone but not quite (record destroy-five)."""
    listed = [domain0(m)] + [row(m, domain) for domain in hypervisor.domains(m).values()]
    listed += [Row("(null)", zombie["domid"], 0, zombie["vcpus"], "--p--d", zombie["cpu"])
               for zombie in hypervisor.section(m)["zombies"] if zombie["until"] > m.now()]
    return sorted(listed, key=lambda row: row.domid)


def print_rows(listed: list[Row], letters: set[str]) -> None:
    """`xl list` with v (uuids), Z (security context), c (pool), n (NUMA), and `xl claims` as letter C."""
    verbose = "v" in letters
    title = "Name                                        ID   Mem VCPUs\tState\tTime(s)"
    title += "   UUID                            Reason-Code\tSecurity Label" if verbose else ""
    title += "   Security Label" if "Z" in letters and not verbose else ""
    title += "  Claimed" if "C" in letters else ""
    title += "         Cpupool" if "c" in letters else ""
    title += " NODE Affinity" if "n" in letters else ""
    out(title + "\n")
    for entry in listed:
        line = (f"{entry.name:<40} {entry.domid:5d} {entry.mem_mib:5d} {entry.vcpus:5d}     {entry.state}  "
                f"{entry.seconds:8.1f}")
        if verbose:
            line += f" {entry.uuid} {'-' if entry.reason is None else format(entry.reason, 'x'):>8}"
        line += f" {0:5d}" if "C" in letters else ""
        line += f" {'-':>16}" if verbose or "Z" in letters else ""
        line += f"{entry.pool:>16}" if "c" in letters else ""
        line += " all" if "n" in letters else ""
        out(line + "\n")


# --- list -l -----------------------------------------------------------------------------------------------------


def domain0_json(m: Machine) -> dict[str, Any]:
    """records list_l_empty (xl 4.20) and xl-session.txt (NetBSD 7.99.10: the maximum without `max:`)."""
    state = hypervisor.section(m)
    return {
        "domid": 0,
        "config": {
            "c_info": {"type": "pv", "name": hypervisor.dom0_name(m)},
            "b_info": {
                "max_memkb": hypervisor.dom0_max_kb(m), "target_memkb": state["dom0_kb"] - 1,
                "sched_params": {"sched": state["pools"][0]["sched"], **state["dom0_sched"]},
                "type.pv": {}, "arch_arm": {}, "arch_x86": {},
            },
        },
    }


def domain_json(domain: Domain) -> dict[str, Any]:
    """The stored configuration with what is live in it: name, memory, CPUs, scheduling, devices."""
    config = domain["config"]
    create = config["c_info"]
    live = {
        "c_info": {"type": create["type"], "name": domain["name"], "domid": _NO_DOMID,
                   **{key: value for key, value in create.items() if key not in ("type", "name", "pool_name")}},
        "b_info": _live_build(domain),
    }
    return {"domid": domain["domid"],
            "config": {**live, **{key: value for key, value in config.items() if key not in live}}}


def warn_of_stale_devices(domain: Domain) -> None:
    """One line for each device that was detached (records list_l_after_detach, save of NetBSD 7.99.10)."""
    for _device in range(domain["stale"]):
        err(f"libxl: warning: libxl_domain.c:2605:retrieve_domain_configuration_end: Domain {domain['domid']}:Device "
            "present in JSON but not in xenstore, ignored\n")


def _live_build(domain: Domain) -> dict[str, Any]:
    build: dict[str, Any] = {}
    for key, value in domain["config"]["b_info"].items():
        if key == "sched_params":
            build.setdefault("max_memkb", domain["max_kb"])
            build.setdefault("target_memkb", domain["target_kb"])
            build["video_memkb"] = 0
            value = {"sched": "credit2", "weight": domain["weight"], "cap": domain["cap"]}
        elif key == "avail_vcpus":
            # What xenstore says it may use, whatever its kernel does (libxl__update_avail_vcpus_xenstore).
            value = list(range(domain["wanted_vcpus"]))
        elif key == "max_memkb":
            value = domain["max_kb"]
        elif key == "target_memkb":
            value = domain["target_kb"]
        elif key == "arch_x86":
            value = {"msr_relaxed": "False"}
        build[key] = value
    return build


def print_long(entries: list[dict[str, Any]]) -> None:
    out(to_json(entries) + "\n\n")


# --- the others --------------------------------------------------------------------------------------------------


def print_vcpus(m: Machine, listed: list[Domain | None]) -> None:
    """Rows of `xl vcpu-list`; None is Domain-0."""
    for domain in listed:
        if domain is None:
            zero = domain0(m)
            for cpu in range(zero.vcpus):
                out(_vcpu(zero.name, 0, cpu, cpu, "r", "-", zero.seconds / zero.vcpus, "all", "all"))
            continue
        state = state_letters(m, domain)
        for cpu in range(domain["max_vcpus"]):
            pinned = domain["affinity"][cpu] if cpu < len(domain["affinity"]) else None
            hard = "all" if pinned is None else cpu_set(pinned, m.profile.cpus)
            wished = domain.get("soft_affinity", [])
            soft = cpu_set(wished[cpu], m.profile.cpus) if cpu < len(wished) else "all"
            usable = [one for one in pinned or range(m.profile.cpus) if one in pools.cpus_of(m, domain)]
            on = usable[cpu % len(usable)] if usable and cpu < domain["vcpus"] else None
            seconds = domains.cpu_seconds(m, domain) / domain["max_vcpus"]
            out(_vcpu(domain["name"], domain["domid"], cpu, on, state[0], state[1], seconds, hard, soft))


def _vcpu(name: str, domid: int, vcpu: int, cpu: int | None, running: str, blocked: str, seconds: float,
          hard: str, soft: str) -> str:
    where = "    -   --p " if cpu is None else f"{cpu:5d}   {running}{blocked}- "
    return f"{name:<32} {domid:5d} {vcpu:5d}{where}{seconds:9.1f}  {hard} / {soft}\n"


def cpu_set(cpus: list[int], total: int) -> str:
    """A set of CPUs as xl prints it: all, none, 0-2,5."""
    if len(cpus) == total:
        return "all"
    parts: list[str] = []
    for cpu in cpus:
        first, _dash, last = parts[-1].partition("-") if parts else ("", "", "")
        if parts and cpu == int(last or first) + 1:
            parts[-1] = f"{first}-{cpu}"
        else:
            parts.append(str(cpu))
    return ",".join(parts) or "none"


def print_uptimes(m: Machine, listed: list[Domain | None], short: bool) -> None:
    """`xl uptime [-s]`; None is Domain-0. In seconds of this machine's clock, not of the records' pace."""
    if not short:
        out(f"{'Name':<33} {'ID':>4} Uptime\n")
    for domain in listed:
        since = float(m.data.get("boot_time", m.now())) if domain is None else domain["created"]
        name, domid = (hypervisor.dom0_name(m), 0) if domain is None else (domain["name"], domain["domid"])
        text = _uptime(max(0, int(m.now() - since)), short)
        if short:
            out(f" {time.strftime('%H:%M:%S', time.localtime(m.now()))} up {text}, {name} ({domid})\n")
        else:
            out(f"{name:<33} {domid:4d} {text}\n")


def _uptime(seconds: int, short: bool) -> str:
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    days = "" if not day else f"{day} day{'s' if day > 1 else ''}, "
    return f"{days}{hour:2d}:{minute:02d}" + ("" if short else f":{second:02d}")
