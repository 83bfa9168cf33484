# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""sysctl(8): the variables that Ansible, the collection and the records ask for."""

from __future__ import annotations

import sys
import time

from ..core import forms
from ..core.machine import Machine, SimError
from ..core.profiles import EFI
from . import diskparts, kernelinfo

# All others are read-only, or nobody has looked.
_WRITABLE = ("net.", "kern.hostname", "kern.domainname", "kern.maxvnodes", "kern.maxproc", "kern.maxfiles", "ddb.",
             "vfs.generic.usermount", "vm.", "machdep.xen.balloon.target")

_LEVELS = ("top", "second", "third", "fourth", "fifth")


def variables(m: Machine) -> dict[str, str]:
    """All variables of this machine as it runs now (records sysctl.txt, sysctl-hw.txt).

    A value that is printed behind `: ` instead of ` = ` begins with a colon.
    """
    under_xen = m.is_dom0()
    memory = _memory(m) * 1024 * 1024
    release, _version = kernelinfo.release_version(m.data)
    disks = " ".join(disk_names(m))
    values = {
        "kern.ostype": "NetBSD",
        "kern.osrelease": release,
        "kern.osrevision": str(m.profile.netbsd_revision),
        "kern.version": kernelinfo.version_text(m.data),
        "kern.maxvnodes": "52402",
        "kern.maxproc": "1044",
        "kern.maxfiles": "3404",
        "kern.argmax": "262144",
        "kern.securelevel": "-1",
        "kern.hostname": m.hostname,
        "kern.domainname": "",
        "kern.rawpartition": "3",
        "kern.root_device": diskparts.root_disk(m),
        "kern.root_partition": "0",
        "kern.boottime": time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(m.data["boot_time"])),
        "kern.configname": m.data["kernel"]["name"],
        "vm.loadavg": ":0.05 0.02 0.00",
        "vfs.generic.usermount": "0",
        "vfs.generic.fstypes": "union umap tmpfs puffs ptyfs procfs overlay null ntfs nfs msdos mfs lfs kernfs fdesc "
                               "ext2fs ffs cd9660",
        "net.inet.ip.forwarding": "0",
        "hw.machine": m.profile.arch,
        "hw.model": "Intel 686-class",
        "hw.ncpu": str(1 if under_xen else m.profile.cpus),
        "hw.byteorder": "1234",
        "hw.physmem": str(memory),
        "hw.usermem": str(memory),
        "hw.pagesize": "4096",
        "hw.disknames": disks,
        "hw.machine_arch": m.profile.processor,
        "hw.physmem64": str(memory),
        "hw.usermem64": str(memory),
        "hw.iostatnames": disks,
        "hw.ncpuonline": str(1 if under_xen else m.profile.cpus),
        "ddb.onpanic": "1",
        **_boot_method(m),
        **(_under_xen(m) if under_xen else _bare_metal(m)),
    }
    values.update(m.data.get("sysctl", {}))
    return values


def _boot_method(m: Machine) -> dict[str, str]:
    """sys/arch/x86/x86/x86_machdep.c, also in a kernel for Xen. That such a kernel says BIOS on an EFI machine is
    inferred: the loader tells it of EFI, and a dom0 is started by Xen. Since when it is there: assumed, with EFI."""
    if m.profile.netbsd_revision < 800000000:
        return {}
    return {"machdep.bootmethod": "UEFI" if m.profile.firmware == EFI and not m.is_dom0() else "BIOS"}


def disk_names(m: Machine) -> list[str]:
    """hw.disknames: the disks, what is made of them, and configured vnd units (facts section 7: the block script reads
    them there)."""
    disks = [disk.name for disk in m.profile.disks] + diskparts.units(m)
    return disks + [f"vnd{unit}" for unit in sorted(m.data.get("vnd", {}), key=int)]


def _memory(m: Machine) -> int:
    """MiB that the kernel sees: all of it, or what dom0_mem left to dom0."""
    hypervisor = m.data.get("hypervisor")
    return int(hypervisor["dom0_memory"]) if hypervisor else m.profile.total_memory


def _under_xen(m: Machine) -> dict[str, str]:
    """record sysctl-machdep: no machdep.dmi under Xen."""
    if not m.profile.balloon:
        return {}
    current = _memory(m) * 1024
    return {
        "machdep.xen.balloon.current": str(current),
        "machdep.xen.balloon.target": str(current),
        "machdep.xen.balloon.min": "2048",
        "machdep.xen.balloon.max": "17179869180",
    }


def _bare_metal(m: Machine) -> dict[str, str]:
    """record sysctl-kern.txt, but not a machine under QEMU: then it is /dev/xencons that Ansible takes for Xen."""
    return {
        "machdep.biosbasemem": "639",
        "machdep.biosextmem": "1047424",
        "machdep.booted_kernel": m.data["kernel"]["file"].lstrip("/"),
        "machdep.dmi.system-vendor": "netbsd.xen",
        "machdep.dmi.system-product": "Simulated PC",
        "machdep.dmi.system-version": "1",
        "machdep.dmi.system-uuid": "00000000-0000-0000-0000-000000000000",
        "machdep.dmi.bios-vendor": "netbsd.xen",
        "machdep.cpu_brand": m.profile.cpu_brand,
        "machdep.pae": "1",
        "machdep.idle-mechanism": "acpi",
    }


def sysctl(m: Machine, argv: list[str]) -> int:
    """sysctl [-anqw] [name[=value]...] | -f FILE (records sysctl, sysctl-values, sysctl-machdep)."""
    given = forms.read(argv)
    flags, names = given.letters, given.words
    if "f" in flags:
        return _show_or_assign(m, {*flags, "w"}, _file_lines(m, given.values["f"][0]))
    return _show_or_assign(m, flags, names)


def _show_or_assign(m: Machine, flags: set[str], names: list[str]) -> int:
    known = variables(m)
    if "a" in flags:
        names = list(dict.fromkeys(name.partition(".")[0] for name in known))
    if not names:
        raise SimError(forms.SYSCTL_USAGE)
    rc = 0
    for name in names:
        try:
            _assign(m, known, name, flags) if "=" in name else _show(m, known, name, flags)
        except SimError as error:
            if "q" not in flags:
                print(error.message, file=sys.stderr)
            rc = 1
    return rc


def _file_lines(m: Machine, name: str) -> list[str]:
    """The assignments of a file as sysctl.conf(5) has them: one a line, # begins a comment."""
    try:
        text = m.path(name).read_text(errors="replace")
    except OSError as error:
        raise SimError(f"sysctl: {name}: {error.strerror}") from None
    return [line for line in (line.partition("#")[0].strip() for line in text.splitlines()) if line]


def rc_start(m: Machine) -> int:
    """/etc/rc.d/sysctl start."""
    print("Setting sysctl variables:")
    lines = _file_lines(m, "/etc/sysctl.conf") if m.path("/etc/sysctl.conf").exists() else []
    return _show_or_assign(m, {"w"}, lines) if lines else 0


def _show(m: Machine, known: dict[str, str], name: str, flags: set[str]) -> None:
    name = name.rstrip(".")
    if name == "machdep.booted_kernel" and m.is_dom0():
        # The node is there, and the loader has told a dom0's kernel nothing (record of that name).
        raise SimError(f"sysctl: {name}: the value is not available (No such file or directory)")
    found = [key for key in known if key == name or key.startswith(name + ".")]
    if not found:
        raise SimError(_invalid(known, name))
    for key in found:
        value = known[key]
        if "n" in flags:
            print(str(int(m.data["boot_time"])) if key == "kern.boottime" else value.lstrip(":"))
        elif value.startswith(":"):
            print(f"{key}: {value[1:]}")
        else:
            print(f"{key} = {value}")


def _invalid(known: dict[str, str], name: str) -> str:
    """Which part of the name nobody knows (record sysctl: "second level name 'xen' in 'machdep.xen' is invalid")."""
    words = name.split(".")
    for depth in range(len(words)):
        prefix = ".".join(words[:depth + 1])
        if not any(key == prefix or key.startswith(prefix + ".") for key in known):
            place = "" if "." not in name else f" in '{name}'"  # records sysctl-n-no.such.node, sysctl
            return f"sysctl: {_LEVELS[min(depth, 4)]} level name '{words[depth]}'{place} is invalid"
    return f"sysctl: {name}: the value is not available (Operation not supported)"


def _assign(m: Machine, known: dict[str, str], assignment: str, flags: set[str]) -> None:
    name, _equals, value = assignment.partition("=")
    if "w" not in flags:
        raise SimError("sysctl: Must specify -w to set variables")  # sbin/sysctl/sysctl.c, parse
    if name not in known:
        raise SimError(_invalid(known, name))
    if not name.startswith(_WRITABLE):
        raise SimError(f"sysctl: {name}: Operation not permitted")  # record sysctl-w-readonly
    if "q" not in flags:
        print(f"{name}: {known[name]} -> {value}")
    m.data.setdefault("sysctl", {})[name] = value
    if name == "kern.hostname":
        m.data["hostname"] = value
