# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A record of a real xl, set up and run again on a simulated dom0."""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from ansible_collections.netbsd.xen.tests.unit.support.xl_machine import Host, hypervisor

LINUX_CFG = """name = "linux1"
type = "pv"
kernel = "/srv/xen/vmlinux"
ramdisk = "/srv/xen/initrd.img"
extra = "console=hvc0 quiet ip4=10.99.0.11/24"
memory = 96
maxmem = 128
vcpus = 1
maxvcpus = 2
vif = [ "mac=00:16:3e:00:00:11,bridge=bridge0" ]
disk = [ "format=raw,vdev=xvda,access=rw,target=/srv/xen/disk1.img" ]
"""
GRUB_CFG = 'name = "grub1"\ntype = "pv"\nkernel = "/srv/xen/grub.bin"\nmemory = 32\nvcpus = 1\n'


def nothing(host: Host) -> None:
    """No guest."""


def linux(host: Host) -> None:
    """linux1 has run for a while as domain 29."""
    start(host, 29, "create /srv/xen/linux.cfg")
    host.later(60)


def linux_weighted(host: Host) -> None:
    linux(host)
    assert host.xl("sched-credit2 -d linux1 -w 512 -c 50").rc == 0


def grub_paused(host: Host) -> None:
    """grub1 as domain 27, never started."""
    start(host, 27, "create -p /srv/xen/grub.cfg")


def grub(host: Host) -> None:
    start(host, 27, "create /srv/xen/grub.cfg")


def start(host: Host, domid: int, command: str) -> None:
    hypervisor.section(host.m)["next_domid"] = domid
    result = host.xl(command)
    assert result.rc == 0, result.stderr


@dataclass(frozen=True)
class Case:
    """One replay. ``command`` replaces the recorded one where that named a file that was not recorded."""

    record: str
    prepare: Callable[[Host], None] = nothing
    command: str | None = None


def plain(text: str, *, older: bool = False) -> str:
    """The text without what differs by nature."""
    text = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", lambda found: found[0] if set(found[0]) <= set("0-")
                  else "UUID", text)
    text = re.sub(r" +\d+\.\d(?= |\n|\Z)", " TIME", text)
    text = re.sub(r"\[\d+\] exited", "[PID] exited", text)
    text = text.replace("xenbr0", "bridge0") if not older else text
    # The block script that fails is the one that came last; which disk that is depends on their race.
    text = re.sub(r"(backend/vbd/\d+)/\d+", r"\1/VDEV", text)
    if older:
        text = re.sub(r"(lib|xg_dom_)(\w+\.c):\d+:", r"\1\2:LINE:", text)
        text = "".join(line for line in text.splitlines(True) if "qemu-xen is unavailable" not in line
                       and "Getting domain info: No such process" not in line)
        text = text.replace("bin/qemu-dm is", "bin/qemu-system-i386 is")
    else:
        text = text.replace("/etc/xen/scripts", "/usr/pkg/etc/xen/scripts")
        text = re.sub(r"from (linux|grub)\.cfg", r"from /srv/xen/\1.cfg", text)
    return text


def first_domid(record: dict) -> int | None:
    found = re.search(r"[Dd]omain (\d+):|domid=(\d+)", record["stderr"])
    return int(found[1] or found[2]) if found else None


def replay(host: Host, case: Case, record: dict) -> tuple[int, str, str]:
    words = (case.command or record["cmd"]).split(" ", 1)
    rest = words[1] if len(words) > 1 else ""
    domid = first_domid(record)
    if domid and case.record.startswith("create"):
        hypervisor.section(host.m)["next_domid"] = domid
    rest = rest.replace("bridge=xenbr0", "bridge=bridge0")
    result = host.xl(rest) if words[0] == "xl" else host.xenstore(f"{words[0].removeprefix('xenstore-')} {rest}")
    return result.rc, result.stdout, result.stderr
