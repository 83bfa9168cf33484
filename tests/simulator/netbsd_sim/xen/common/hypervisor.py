# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The hypervisor's side: the toolstack's section of the state, memory, CPUs, `xl info` and `xl dmesg`.

Figures: records info, info_n (xl 4.20), xl-session.txt (NetBSD 7.99.10 as dom0 on Xen 4.17).
"""
from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from ...core.machine import Machine
from ...core.profiles import XM
from ...system import kernelinfo

if TYPE_CHECKING:
    from ..xl.domconfig import Defaults

Domain = dict[str, Any]

KIB_PER_MIB = 1024
# What Xen keeps for itself (xl-session.txt: 1535 MiB in all, 512 in dom0, 1004 free).
OVERHEAD_KB = 19 * KIB_PER_MIB
# libxl: LIBXL_MIN_DOM0_MEM
MINIMUM_DOM0_KB = 128 * KIB_PER_MIB
# Domain-0's maximum when no `max:` was given (xl-session.txt: `list -l`).
UNLIMITED_KB = 17179869180
# What dom0 leaves free when no dom0_mem was given: 1/16 of the memory, at most 128 MiB (docs/misc/xen-command-line).
_RESERVED_MIB = 128

XL_CONF = "/usr/pkg/etc/xen/xl.conf"
_SIZE_UNITS_KB = {"": 1, "b": 1 / 1024, "k": 1, "m": 1024, "g": 1024**2, "t": 1024**3}


class XlExit(Exception):
    """The command ends now with this status; its messages are printed already."""

    def __init__(self, rc: int) -> None:
        super().__init__(rc)
        self.rc = rc


def out(text: str) -> None:
    sys.stdout.write(text)


def err(text: str) -> None:
    sys.stderr.write(text)


def flush() -> None:
    """What was printed so far must be seen before the command sleeps or hangs."""
    sys.stdout.flush()
    sys.stderr.flush()


def wait(m: Machine, seconds: float) -> None:
    """Let recorded seconds pass. Sections of the state fetched before are stale afterwards."""
    flush()
    m.sleep(seconds)


def recorded(m: Machine, seconds: float) -> float:
    """Seconds of this machine's clock as recorded seconds; a pace of 0 does not divide."""
    return seconds / max(m.pace, 0.001)


def section(m: Machine) -> dict[str, Any]:
    """The toolstack's part of the state. Fetch it anew after each sleep."""
    state: dict[str, Any] = m.data.setdefault("xen", {})
    if "next_domid" not in state:
        state.update({"next_domid": 1, "domains": {}, "events": [], "zombies": [], "written": {}, "removed": [],
                      "dom0_kb": boot_memory_kb(m), "dom0_sched": {"weight": 256, "cap": 0},
                      "pools": [{"id": 0, "name": "Pool-0", "sched": _scheduler(m),
                                 "cpus": list(range(m.profile.cpus))}]})
    return state


def _scheduler(m: Machine) -> str:
    """`sched=` of the hypervisor's command line (docs/misc/xen-command-line.pandoc), the last one; else the default:
    credit2 since 4.12, credit before (xen/common/Kconfig). A name that it does not know gives the default, too
    (xen/common/sched/core.c)."""
    named = [word[6:] for word in command_line(m).split() if word.startswith("sched=")]
    default = "credit" if m.profile.toolstack == XM else "credit2"
    known = ("credit", "sedf") if m.profile.toolstack == XM else ("credit", "credit2", "rtds", "arinc653", "null")
    return named[-1] if named and named[-1] in known else default


def domains(m: Machine) -> dict[str, Domain]:
    """All domains but Domain-0, by domid as text, in the order of creation."""
    found: dict[str, Domain] = section(m)["domains"]
    return found


# --- memory and CPUs ---------------------------------------------------------------------------------------------


def command_line(m: Machine) -> str:
    return str((m.data.get("hypervisor") or {}).get("cmdline", ""))


def _size_kb(text: str) -> int | None:
    match = re.fullmatch(r"(\d+)([bkmgt]?)", text.lower())
    return None if match is None else int(int(match[1]) * _SIZE_UNITS_KB[match[2]])


def _dom0_mem(m: Machine) -> dict[str, int]:
    """`dom0_mem=min:512M,max:1G,768M` of the hypervisor's command line: the last one counts, KiB."""
    sizes: dict[str, int] = {}
    for word in command_line(m).split():
        if not word.startswith("dom0_mem="):
            continue
        sizes = {}
        for part in word.partition("=")[2].split(","):
            kind, colon, size = part.rpartition(":")
            value = _size_kb(size)
            if value is not None:
                sizes[kind if colon else "size"] = value
    return sizes


def total_kb(m: Machine) -> int:
    return m.profile.total_memory * KIB_PER_MIB


def boot_memory_kb(m: Machine) -> int:
    """What Domain-0 has after a boot. More than the machine has is cut down to what there is."""
    available = total_kb(m) - OVERHEAD_KB
    asked = _dom0_mem(m).get("size", _dom0_mem(m).get("max"))
    if asked is None:
        asked = available - min(_RESERVED_MIB * KIB_PER_MIB, total_kb(m) // 16)
    return min(asked, available)


def dom0_max_kb(m: Machine) -> int:
    return _dom0_mem(m).get("max", UNLIMITED_KB)


def free_kb(m: Machine) -> int:
    """Memory that belongs to nobody."""
    used = int(section(m)["dom0_kb"]) + sum(int(domain["mem_kb"]) for domain in domains(m).values())
    return max(0, total_kb(m) - OVERHEAD_KB - used)


def dom0_name(m: Machine) -> str:
    """Domain-0, unless somebody has renamed it."""
    return str(section(m).get("dom0_name", "Domain-0"))


def dom0_vcpus(m: Machine) -> int:
    match = re.search(r"(?:^|\s)dom0_max_vcpus=(\d+)", command_line(m))
    return min(m.profile.cpus, int(match[1])) if match else m.profile.cpus


# --- xl.conf -----------------------------------------------------------------------------------------------------


def global_settings(m: Machine) -> dict[str, str]:
    """xl.conf(5), read by each xl command. A file that is missing is complained about, a wrong one ends it (xl.c)."""
    try:
        text = m.path(XL_CONF).read_text(errors="surrogateescape")
    except FileNotFoundError:
        err(f"Failed to read config file: {XL_CONF}: No such file or directory\n")
        return {}
    if not re.search(r"^[^#\n]*[^#\s]", text, re.MULTILINE):
        return {}  # comments only, as it is installed: no need for the parser
    from ..xl import xlcfg

    try:
        settings = xlcfg.parse(text, XL_CONF, err)
    except xlcfg.ConfigError:
        err("Failed to parse config file: Invalid argument\n")
        raise XlExit(1) from None
    return {name: setting.value for name, setting in settings.items() if isinstance(setting.value, str)}


def config_defaults(m: Machine, settings: dict[str, str]) -> Defaults:
    """What xl.conf says about a guest's devices."""
    from ..xl.domconfig import Defaults

    return Defaults(bridge=settings.get("vif.default.bridge"), cpus=m.profile.cpus)


# --- xl info -----------------------------------------------------------------------------------------------------


def _xen_version(m: Machine) -> tuple[str, str, str]:
    """(major, minor, extra) of the running hypervisor: 4.20.2_x is ("4", "20", ".2_x")."""
    text = str((m.data.get("hypervisor") or {}).get("version") or m.profile.xen_version)
    match = re.fullmatch(r"(\d+)\.(\d+)(.*)", text)
    return (match[1], match[2], match[3]) if match else (text, "", "")


def info_lines(m: Machine, numa: bool) -> list[tuple[str, str]]:
    """`xl info`: (key, value); a line of the NUMA tables has the empty key."""
    profile = m.profile
    cpus = profile.cpus
    major, minor, extra = _xen_version(m)
    release, version = kernelinfo.release_version(m.data)
    total, free = total_kb(m) // KIB_PER_MIB, free_kb(m) // KIB_PER_MIB
    lines = [
        ("host", m.hostname), ("release", release), ("version", version),
        ("machine", profile.arch), ("nr_cpus", str(cpus)), ("max_cpu_id", str(cpus - 1)), ("nr_nodes", "1"),
        ("cores_per_socket", str(cpus)), ("threads_per_core", "1"), ("cpu_mhz", "2596.122"),
        ("hw_caps", "178bf3fd:80002001:20100800:00000007:00000000:00000000:00000000:00000000"),
        ("virt_caps", "pv hvm hap gnttab-v1 gnttab-v2"), ("total_memory", str(total)), ("free_memory", str(free)),
        ("sharing_freed_memory", "0"), ("sharing_used_memory", "0"), ("outstanding_claims", "0"),
        ("free_cpus", str(cpus - len({cpu for pool in section(m)["pools"] for cpu in pool["cpus"]}))),
    ]
    if numa:
        lines += [("cpu_topology", ""), ("", "cpu:    core    socket     node")]
        lines += [("", f"{cpu:3d}:    {cpu:4d}     {0:4d}     {0:4d}") for cpu in range(cpus)]
        lines += [("device topology", ""), ("", "device           node"), ("", "No device topology data available"),
                  ("numa_info", ""), ("", "node:    memsize    memfree    distances"),
                  ("", f"{0:4d}:    {total:6d}     {free:6d}      10")]
    return lines + [
        ("xen_major", major), ("xen_minor", minor), ("xen_extra", extra), ("xen_version", f"{major}.{minor}{extra}"),
        ("xen_caps", "xen-3.0-x86_64 hvm-3.0-x86_32 hvm-3.0-x86_32p hvm-3.0-x86_64 "),
        ("xen_scheduler", section(m)["pools"][0]["sched"]), ("xen_pagesize", "4096"),
        ("platform_params", "virt_start=0xffff800000000000"), ("xen_changeset", ""),
        ("xen_commandline", command_line(m)), ("cc_compiler", "gcc (nb3 20231008) 10.5.0"),
        ("cc_compile_by", "root"), ("cc_compile_domain", ""), ("cc_compile_date", profile.build_date),
        ("build_id", "576c0736b3e38388c5afe9aaccc43a18d514e88e"), ("xend_config_format", "4"),
    ]


def info(m: Machine, numa: bool, wanted: str | None) -> None:
    """Print `xl info`, or with a name only the values of the keys that begin with it (xl_info.c)."""
    for key, value in info_lines(m, numa):
        if wanted is None:
            tables = key in ("cpu_topology", "device topology", "numa_info")
            out(value + "\n" if not key else f"{key:<23}:\n" if tables else f"{key:<23}: {value}\n")
        elif key.startswith(wanted):
            out(value + "\n")


def dmesg(m: Machine) -> None:
    """Print what the hypervisor logged at its start (records dmesg, xl 4.20; xl-session.txt), shortened."""
    major, minor, extra = _xen_version(m)
    total = m.profile.total_memory
    lines = [
        f"Xen version {major}.{minor}{extra} (root@) (gcc (nb3 20231008) 10.5.0) debug=n {m.profile.build_date}",
        f"Command line: {command_line(m)}",
        f"System RAM: {total}MB ({total * KIB_PER_MIB}kB)",
        "Scrubbing Free RAM in background",
        "Std. Loglevel: Errors and warnings",
        "Guest Loglevel: Nothing (Rate-limited: Errors and warnings)",
        "*** Serial input to DOM0 (type 'CTRL-a' three times to switch input)",
        "Freed 656kB init memory",
    ]
    for line in lines:
        out(f"(XEN) {line}\n")


# --- who may talk to whom ----------------------------------------------------------------------------------------


def open_hypervisor(m: Machine) -> None:
    """What each xl does first. Without a hypervisor, or without kernfs on /kern, it ends here.

    Lines: record xl-as-user (NetBSD 7.99.10), with the error of a file that is not there.
    """
    mounted = any("/kern" in mount.values() for mount in m.data.get("mounts", []))
    if m.is_dom0() and (mounted or m.path("/kern/xen/privcmd").exists()):
        return
    err("xencall: error: Could not obtain handle on privileged command interface: No such file or directory\n"
        "libxl: error: libxl.c:102:libxl_ctx_alloc: cannot open libxc handle: Bad file descriptor\n"
        "cannot init xl context\n")
    raise XlExit(1)


def need_xenstore(m: Machine) -> None:
    """Hang for ever if xenstored does not run, as every command that asks it does (record xenstored-dead-hang)."""
    if m.daemon("xenstored") is None:
        flush()
        m.hang()
