# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Plans of hosts, as the look at a rack would bring them."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import (
    DeclaredGuest,
    HostPlan,
    Problem,
    RunningGuest,
    Step,
)
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.rack import Unseen

IF_NEEDED = "domu_restart_policy: if_needed"
REBOOT = "bootloader_reboot: true"


def bridge(name: str = "bridge0", summary: str = "add wm1 as a member") -> Step:
    return Step("bridge", "bridge", name, summary, "live", {"members": ["wm0"]}, {"members": ["wm0", "wm1"]})


def menu() -> Step:
    before = "menu=NetBSD:boot netbsd\nmenu=Single user:boot netbsd -s\ntimeout=5\n"
    after = "menu=Xen:load /netbsd-XEN3_DOM0 root=wd0a;multiboot /xen.gz dom0_mem=1024M\n" + before
    return Step("bootloader", "boot_cfg", "/boot.cfg", "put the entry Xen before the others", "live", before, after)


def disk(guest: str, path: str = "/home/xen/web1.img") -> Step:
    summary = f"make the disk {path} of 10G, which takes no space until it is written"
    return Step("domu", "domain", guest, summary, "live", "missing", "file of 10G", action="MakeDisk")


def restart(guest: str, word: str = "") -> Step:
    summary = "restart the guest for memory"
    return Step("domu", "domain", guest, summary, "guest_restart", "memory: 512", "memory: 1024", word, "Restart")


def into_xen(word: str = "") -> Step:
    return Step("bootloader", "xen_reboot", "host", "boot into Xen 4.20", "host_reboot", "Xen 4.18", "Xen 4.20", word)


def declared(*names: str) -> tuple[DeclaredGuest, ...]:
    return tuple(DeclaredGuest(name, "") for name in names)


def running(name: str, uuid: str = "", known: bool = False) -> RunningGuest:
    return RunningGuest(name, uuid, known)


def problem(message: str, thing: str = "", resource: str = "preflight") -> Problem:
    return Problem("dom0", resource, thing, message)


def unreachable(host: str) -> Unseen:
    return Unseen(host, f"Failed to connect to the host via ssh: ssh: connect to host {host} port 22: timed out", True)


def sample(hosts: int) -> list[HostPlan | Unseen]:
    """A rack as racks are: most hosts in sync, something of everything on the others."""
    found: list[HostPlan | Unseen] = []
    for number in range(1, hosts + 1):
        name = f"xen{number}"
        kind = number % 10 if number > 1 else 2
        if kind == 1:
            found.append(HostPlan(name, steps=(bridge(), menu(), restart("web1")), waiting=(into_xen(REBOOT),)))
        elif kind == 2:
            found.append(HostPlan(name, waiting=(restart("db1", IF_NEEDED),), running=(running("old-test", "u1"),)))
        elif kind == 3 and number % 20 == 3:
            found.append(unreachable(name))
        elif kind == 4 and number % 20 == 4:
            refusal = problem("guest web1: disk /home/xen/web1.img does not exist; correct the path", "", "domain")
            found.append(HostPlan(name, steps=(bridge(),), problems=(refusal,), warnings=("Xen 4.17 is old",)))
        elif kind == 5 and number % 40 == 5:
            found.append(HostPlan(name, steps=(disk("mail1"),), declared_guests=declared("mail1")))
        elif kind == 6 and number % 40 == 6:
            found.append(HostPlan(name, running=(running("mail1"),)))
        elif kind == 7 and number % 20 == 7:
            found.append(HostPlan(name, steps=(bridge(),)))
        else:
            found.append(HostPlan(name, warnings=("Xen 4.17 is old",) if number % 20 == 8 else ()))
    return found
