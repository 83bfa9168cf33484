# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What xm shows: list, vcpu-list, uptime, sched-credit, info.

Formats: tools/python/xen/xm/main.py and xend/XendNode.py, Xen 3.1 and 4.2.
"""
from __future__ import annotations

import getopt

from ...core.machine import Machine, NotSimulated
from ...pkg import tools
from ...system import kernelinfo
from ..common import domains, hypervisor
from ..common.hypervisor import KIB_PER_MIB, out
from . import xend, xend_config, xend_sxp
from .xend import Fault, Guest
from .xm_config import XmError

_STATES = {"all", "running", "halted", "paused", "suspended", "null"}


def _line(m: Machine, guest: Guest) -> str:
    width = 5 if xend.modern(m) else 3
    state = xend_config.state_letters(m, guest) if guest.domid is not None else ""
    domid = "" if guest.domid is None else str(guest.domid)
    return (f"{guest.name:<40} {domid:>{width}} {xend_config.memory_mib(m, guest):5d} "
            f"{xend_config.vcpus(m, guest):5d} {state:>10} {xend_config.cpu_seconds(m, guest):8.1f}")


def _by_name(guests: list[Guest]) -> list[Guest]:
    return sorted(guests, key=lambda guest: guest.name)


def names_for_rc(m: Machine) -> list[str]:
    """What xendomains takes for running: `xm list` without its first two lines and without rows whose fifth word has
    an `s`. A managed domain that does not run has no such word, so it counts."""
    domains.settle(m)
    lines = [_line(m, guest) for guest in _by_name(xend.everything(m))] if m.daemon("xend") else []
    rows = [line.split() for line in lines[1:]]
    return [words[0] for words in rows if len(words) < 5 or "s" not in words[4]]


def selected(m: Machine, words: list[str]) -> list[Guest]:
    return [xend.find(m, word) for word in words] if words else _by_name(xend.everything(m))


def list_domains(m: Machine, args: list[str]) -> int:
    try:
        options, words = getopt.gnu_getopt(args, "lv", ["long", "vcpus", "label", "state=", "pool="])
    except getopt.GetoptError as error:
        raise NotSimulated(f"xm list: {error}") from None
    state = "all"
    for option, value in options:
        if option in ("--label", "--pool"):
            raise NotSimulated(f"xm list {option}")
        if option == "--state":
            state = value
            if state not in _STATES:
                raise XmError(f"Invalid state: {state}")
        if option in ("-v", "--vcpus"):
            raise NotSimulated("xm list --vcpus")
    listed = [guest for guest in selected(m, words) if _in_state(guest, state)]
    if any(option in ("-l", "--long") for option, _value in options):
        for guest in listed:
            out(xend_sxp.pretty(xend_config.domain_form(m, guest), tools.xm_era(m)) + "\n")
        return 0
    width = 5 if xend.modern(m) else 3
    out(f"{'Name':<40} {'ID':>{width}} {'Mem':>5} {'VCPUs':>5} {'State':>10} {'Time(s)':>9}\n")
    for guest in listed:
        out(_line(m, guest) + "\n")
    return 0


def _in_state(guest: Guest, state: str) -> bool:
    if state == "all":
        return True
    paused = bool(guest.live and guest.live["paused"])
    return state == ("halted" if guest.domid is None else "paused" if paused else "running")


def vcpu_list(m: Machine, args: list[str]) -> int:
    width = 5 if xend.modern(m) else 3
    found = [guest for guest in selected(m, args) if guest.domid is not None]
    out(f"{'Name':<32} {'ID':>{width}} {'VCPU':>5} {'CPU':>5} {'State':>5} {'Time(s)':>9} CPU Affinity\n")
    for guest in found:
        count = xend_config.vcpus(m, guest) if guest.live is None else int(guest.live["max_vcpus"])
        online = xend_config.vcpus(m, guest)
        state = xend_config.state_letters(m, guest)
        for number in range(count):
            affinity = guest.live["affinity"][number:number + 1] if guest.live else []
            text = ",".join(map(str, affinity[0])) if affinity and affinity[0] else "any cpu"
            place, letters = (str(number % m.profile.cpus), state[:2] + "-") if number < online else ("-", "--p")
            out(f"{guest.name:<32} {guest.domid:>{width}} {number:5d} {place:>5} {letters:>5}  "
                f"{xend_config.cpu_seconds(m, guest) / count:8.1f} {text}\n")
    return 0


def uptime(m: Machine, args: list[str]) -> int:
    """Domain-0's is read from /proc/uptime, which NetBSD's procfs has only with `-o linux`: there xm takes the error
    for one of its connection."""
    if any(word.startswith("-") for word in args):
        raise NotSimulated("xm uptime -s")
    width = 5 if xend.modern(m) else 3
    listed = [guest for guest in selected(m, args) if guest.domid is not None]
    out(f"{'Name':<33} {'ID':>4} {'Uptime'} \n" if xend.modern(m) else "Name                              ID Uptime\n")
    for guest in listed:
        if guest.live is None:
            raise XmError("Unable to connect to xend: No such file or directory. Is xend running?")
        seconds = round(hypervisor.recorded(m, m.now() - guest.live["created"]))
        days = "" if seconds < 86400 else "1 day, " if seconds < 172800 else f"{seconds // 86400} days, "
        text = f"{days}{seconds // 3600 % 24:2d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
        out(f"{guest.name:<32} {guest.domid:>{width}} {text}\n")
    return 0


def sched_credit(m: Machine, args: list[str]) -> int:
    """Under another scheduler it says so, status 1 (main.py, check_sched_type). Domain-0's values are not kept: xend
    manages it not (XendDomain.py, domain_sched_credit_set)."""
    actual = hypervisor.section(m)["pools"][0]["sched"]
    if actual != "credit":
        raise XmError(f"Xen is running with the {actual} scheduler")
    try:
        options, words = getopt.gnu_getopt(args, "d:w:c:", ["domain=", "weight=", "cap="])
    except getopt.GetoptError as error:
        raise NotSimulated(f"xm sched-credit: {error}") from None
    if words:
        raise NotSimulated("xm sched-credit with more words")
    given = {option.lstrip("-")[0]: value for option, value in options}
    listed = [xend.find(m, given["d"])] if "d" in given else _by_name(xend.everything(m))
    if "w" not in given and "c" not in given:
        new = xend.modern(m)
        out(f"{'Name':<33} {'ID':>4} {'Weight':>6} {'Cap':>4}\n" if new else f"{'Name':<33} ID Weight Cap \n")
        for guest in listed:
            if guest.domid is not None:
                weight, cap = _params(m, guest)
                out(f"{guest.name:<32} {guest.domid:>5} {weight:6d} {cap:4d}\n" if new else
                    f"{guest.name:<32} {guest.domid:3d} {weight:6d} {cap:4d}\n")
        return 0
    if "d" not in given:
        raise NotSimulated("xm sched-credit without a domain")
    guest = listed[0]
    if guest.live is None and not guest.is_dom0:
        raise NotSimulated("xm sched-credit of a domain that does not run")
    now = _params(m, guest)
    weight, cap = int(given.get("w", now[0])), int(given.get("c", now[1]))
    if not 1 <= weight <= 65535:
        raise Fault("Cpu weight out of range, valid values are within range from 1 to 65535")
    most = (hypervisor.dom0_vcpus(m) if guest.live is None else guest.live["max_vcpus"]) * 100
    if not 0 <= cap <= most:
        raise Fault(f"Cpu cap out of range, valid range is from 0 to {most} for specified number of vcpus")
    if guest.live is None:
        hypervisor.section(m)["dom0_sched"].update(weight=weight, cap=cap)
        return 0
    guest.live.update(weight=weight, cap=cap)
    guest.settings.update(cpu_weight=weight, cpu_cap=cap)
    return 0


def _params(m: Machine, guest: Guest) -> tuple[int, int]:
    source = hypervisor.section(m)["dom0_sched"] if guest.live is None else guest.live
    return source["weight"], source["cap"]


def info(m: Machine, args: list[str]) -> int:
    """Keys and order of XendNode.info; a value that follows from nothing here is a plausible constant."""
    if args:
        raise NotSimulated("xm info " + " ".join(args))
    profile, new = m.profile, xend.modern(m)
    release, version = kernelinfo.release_version(m.data)
    total, free = hypervisor.total_kb(m) // KIB_PER_MIB, hypervisor.free_kb(m) // KIB_PER_MIB
    running = str((m.data.get("hypervisor") or {}).get("version") or profile.xen_version)
    major, minor, *extra = running.split(".")
    caps = "xen-3.0-x86_64 xen-3.0-x86_32p " if profile.arch == "amd64" else "xen-3.0-x86_32p "
    lines = [("host", m.hostname), ("release", release), ("version", version), ("machine", profile.arch),
             ("nr_cpus", profile.cpus), ("nr_nodes", 1), *([] if new else [("sockets_per_node", 1)]),
             ("cores_per_socket", profile.cpus), ("threads_per_core", 1), ("cpu_mhz", 2596),
             ("hw_caps", "178bf3fd:80002001:20100800:00000007:00000000:00000000:00000000:00000000" if new else
              "178bf3fd:20100800:00000000:00000140"),
             *([("virt_caps", "")] if new else []), ("total_memory", total), ("free_memory", free)]
    if new:
        lines += [("free_cpus", 0)]
    lines += [("xen_major", major), ("xen_minor", minor), ("xen_extra", "".join(f".{part}" for part in extra)),
              ("xen_caps", caps), ("xen_scheduler", hypervisor.section(m)["pools"][0]["sched"]), ("xen_pagesize", 4096),
              ("platform_params", "virt_start=0xffff800000000000" if profile.arch == "amd64" else
               "virt_start=0xf5800000"), ("xen_changeset", "unavailable")]
    if new:
        lines.append(("xen_commandline", hypervisor.command_line(m)))
    lines += [("cc_compiler", "gcc version 4.5.3 (NetBSD nb2 20110806) " if new else
               "gcc version 4.1.3 20080704 prerelease (NetBSD nb2 20081120) "), ("cc_compile_by", "root"),
              ("cc_compile_domain", ""), ("cc_compile_date", profile.build_date), ("xend_config_format", 4)]
    for key, value in lines:
        out(f"{key:<23}: {value}\n")
    return 0
