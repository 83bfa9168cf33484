# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small commands that tell about the system: uname, hostname, date, dmesg, cpuctl."""

from __future__ import annotations

import shutil
import time

from ..core import forms
from ..core.machine import Machine, SimError
from . import diskparts, kernelinfo


def uname(m: Machine, argv: list[str]) -> int:
    """uname [-amnprsv] (record uname-parts.txt)."""
    release, version = kernelinfo.release_version(m.data)
    values = {"s": "NetBSD", "n": m.hostname, "r": release, "v": version, "m": m.profile.arch,
              "p": m.profile.processor}
    flags = forms.read(argv).letters or {"s"}
    # -a leaves out the processor (record uname-a.txt).
    wanted = "snrvm" if "a" in flags else [key for key in "snrvmp" if key in flags]
    print(" ".join(values[key] for key in wanted))
    return 0


def hostname(m: Machine, argv: list[str]) -> int:
    """hostname [-s] [NAME]: the change is gone after a boot, which takes it from rc.conf (facts measured 12)."""
    given = forms.read(argv)
    if given.words:
        m.data["hostname"] = given.words[0]
    else:
        print(m.hostname.partition(".")[0] if "s" in given.letters else m.hostname)
    return 0


def date(m: Machine, argv: list[str]) -> int:
    """date [-u] [-r SECONDS] [+FORMAT]; the machine's zone is UTC."""
    given = forms.read(argv)
    when = float(given.values["r"][0]) if "r" in given.letters else m.now()
    layout = given.words[0][1:].replace("%s", str(int(when))) if given.words else "%a %b %e %H:%M:%S UTC %Y"
    print(time.strftime(layout, time.gmtime(when)))
    return 0


def dmesg(m: Machine, argv: list[str]) -> int:
    """dmesg: what the kernel has said since the boot."""
    print(message_buffer(m), end="")
    return 0


_COM = ("0x3f8-0x3ff irq 4", "0x2f8-0x2ff irq 3", "0x3e8-0x3ef irq 5", "0x2e8-0x2ef irq 9")


def message_buffer(m: Machine) -> str:
    """The lines by which people tell a dom0 (facts section 9, record sysctl-machdep)."""
    hypervisor = m.data.get("hypervisor")
    memory = hypervisor["dom0_memory"] if hypervisor else m.profile.total_memory
    lines = ["Copyright (c) 1996-2024", "    The NetBSD Foundation, Inc.  All rights reserved.", "",
             kernelinfo.version_text(m.data).rstrip("\n"), f"total memory = {memory} MB", "mainbus0 (root)"]
    if hypervisor:
        lines += [f"hypervisor0 at mainbus0: Xen version {hypervisor['version']}", "vcpu0 at hypervisor0",
                  "xenbus0 at hypervisor0: Xen Virtual Bus Interface",
                  "xencons0 at hypervisor0: Xen Virtual Console Driver"]
    # Under Xen the hypervisor has the first port, and denies it to dom0 (xen/drivers/char/ns16550.c).
    ports = range(1 if hypervisor else 0, m.data.get("serial_ports", 1))
    lines += [f"com{number} at isa0 port {_COM[number]}: ns16550a, working fifo" for number in ports]  # record dmesg
    lines += [f"{name}: Ethernet address {entry['mac']}" for name, entry in m.data["interfaces"].items()
              if entry["kind"] == "ether"]
    for disk in m.profile.disks:
        size = disk.partitions["d"]
        lines += [f"{disk.name} at atabus0 drive 0",
                  f"{disk.name}: {size // 2048} MB, 512 bytes/sect x {size} sectors"]
    name = m.profile.disks[0].name
    lines += [f"boot device: {name}", f"root on {diskparts.root_disk(m)}a dumps on {name}b"]
    lines += m.data.get("kernel_messages", [])
    return "\n".join(lines) + "\n"


def cpuctl(m: Machine, argv: list[str]) -> int:
    """cpuctl list | identify N (records cpuctl-list.txt, cpuctl-identify-0.txt)."""
    words = forms.read(argv).words
    count = 1 if m.is_dom0() else m.profile.cpus
    if words == ["list"]:
        print("Num  HwId Unbound LWPs Interrupts Last change              #Intr\n"
              "---- ---- ------------ ---------- ------------------------ -----")
        since = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(m.data["boot_time"]))
        for number in range(count):
            print(f"{number:<4} {number:<4} online       intr       {since} 0    ")
        return 0
    if int(words[1]) >= count:
        raise SimError("cpuctl: Invalid CPU number")  # record cpuctl-identify-9
    _identify(m, f"cpu{words[1]}:")
    return 0


def _identify(m: Machine, label: str) -> None:
    """The labels of the lines differ by era, and VMX with them: a PV dom0 may not see it (facts section 9). A machine
    whose state says `"hvm": false` has a CPU that cannot do it."""
    vmx = m.profile.hvm_feature + "," if m.data.get("hvm", True) and not m.is_dom0() else ""
    lines = [("features", "0x78bfbfd<FPU,DE,PSE,TSC,MSR,PAE,MCE,CX8,APIC,SEP,MTRR,PGE,MCA>"),
             ("features", "0x78bfbfd<CMOV,PAT,PSE36,CFLUSH,MMX,FXSR,SSE,SSE2>")]
    basic, extended, more = (("features2", "features3", "features4") if m.profile.hvm_feature_label == "features2" else
                             ("features1", "features2", "features3"))
    lines += [(basic, f"0x80982201<SSE3,{vmx}SSSE3,CX16,SSE41,SSE42,POPCNT,RAZ>"),
              (extended, "0x20100800<SYSCALL/SYSRET,XD,EM64T>"), (more, "0x1<LAHF>")]
    print(f"{label} highest basic info 0000000b\n{label} highest extended info 80000008\n"
          f'{label} "{m.profile.cpu_brand}"')
    for name, text in lines:
        print(f"{label} {name} {text}")


def which(m: Machine, argv: list[str]) -> int:
    """which NAME...: exit 1 if one is not on PATH."""
    rc = 0
    for name in forms.read(argv).words:
        found = shutil.which(name)
        if found:
            print(found)
        rc = rc if found else 1
    return rc
