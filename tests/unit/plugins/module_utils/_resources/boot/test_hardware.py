# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boot arguments that this machine can't be booted with are refused before the menu is written, whatever the loader."""

from __future__ import annotations

import os

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import boot_cfg, grub_menu, hardware
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.arguments import arguments
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

# record disklabel-wd0, with a partition of RAIDframe
LABEL = """\
16 partitions:
#        size    offset     fstype [fsize bsize cpg/sgs]
 a:   4063232      2048     4.2BSD   2048 16384     0  # (Cyl.      2*-   4033*)
 b:    524288   4065280       swap                     # (Cyl.   4033*-   4553*)
 d:   8388608         0     unused      0     0        # (Cyl.      0 -   8322*)
 e:    614400   4589568       RAID                     # (Cyl.   4553*-   5162*)
 f:    614400   4589568 Linux Ext2      0     0        # (Cyl.   4553*-   5162*)
 g:    614400   4589568      MSDOS
"""
# sbin/dkctl/dkctl.c, disk_getwedgeinfo
WEDGES = {
    "dk1": "dk1 at wd1: root\ndk1: 16777216 blocks at 64, type: ffs\n",
    "dk2": "dk2 at wd1: swap\ndk2: 1048576 blocks at 16777280, type: swap\n",
}
# record dmesg (NetBSD 7.99.10, GENERIC), and how a NetBSD from 9 on says it
DMESG = "mainbus0 (root)\ncom0 at isa0 port 0x3f8-0x3ff irq 4: ns16550a, working fifo\ncom0: console\n"
STAMPED = "[     1.0000000] mainbus0 (root)\n[     1.0321405] com1 at acpi0 (UAR1, PNP0501-1): io 0x2f8-0x2ff irq 3\n"
MEBIBYTE = 1 << 20


def machine(tmp_path, **answers):
    host = RootedHost(tmp_path)
    host.answers = {
        "/sbin/sysctl -n hw.disknames": "wd0 wd1 dk1 dk2 cd0 raid0\n",
        "/sbin/sysctl -n hw.physmem64": f"{4000 * MEBIBYTE}\n",
        "/sbin/disklabel wd0": LABEL,
        "/sbin/disklabel raid0": LABEL,
        "/sbin/raidctl -s raid0": (1, "", "raidctl: ioctl (RAIDFRAME_GET_INFO) failed: Device not configured\n"),
        "/sbin/disklabel wd1": (4, "", "disklabel: could not read existing label\n"),
        **{f"/sbin/dkctl {name} getwedgeinfo": text for name, text in WEDGES.items()},
        "/sbin/dmesg": DMESG,
        "/sbin/sysctl -n machdep.bootmethod": "BIOS\n",
        "/sbin/mount": "/dev/wd0a on / type ffs (local)\n",
        **answers,
    }
    return host


def problems(host, kernel="", xen=""):
    return hardware.problems(hardware.read(host, [kernel]), arguments(kernel, xen))


@pytest.mark.parametrize(
    "root",
    [
        *("wd0a", "WD0A".lower(), "wd0", "wd0e", "wd0f", "raid0a", "dk1"),
        *("wd1a", "wd1"),  # without a label nobody can tell
        *("NAME=root", "wedge:root"),
    ],
)
@pytest.mark.parametrize("word", ["root", "bootdev", "ROOT"])
def test_a_root_that_is_there(tmp_path, word, root):
    assert problems(machine(tmp_path), f"console=pc {word}={root} -v") == []


@pytest.mark.parametrize(("autoconfig", "refused"), [("Yes", False), ("No", True)])
def test_a_set_that_only_rc_configures_is_not_there_yet(tmp_path, autoconfig, refused):
    """sbin/raidctl/raidctl.c, rf_get_device_status and get_component_label."""
    said = (
        "Components:\n           /dev/wd0a: optimal\nNo spares.\nComponent label for /dev/wd0a:\n   RAID Level: 1\n"
        f"   Autoconfig: {autoconfig}\n   Root partition: No\n"
    )
    lines = problems(machine(tmp_path, **{"/sbin/raidctl -s raid0": said}), "root=raid0a")
    assert [("raidctl -A root raid0" in line and "bootloader_root" in line) for line in lines] == [True] * refused


@pytest.mark.parametrize(
    ("root", "words"),
    [
        ("wd7a", "this machine has no disk wd7; it has wd0, wd1, dk1"),
        ("sd0a", "no disk sd0"),
        ("dk9", "no disk dk9"),
        ("wd0b", "its type is swap"),
        ("wd0d", "its type is unused"),
        ("wd0g", "its type is MSDOS"),
        ("wd0h", "wd0 has no partition h"),
        ("dk2", "its type is swap"),
        ("/dev/wd0a", "is no name of a disk or partition"),
        ("wd0a1", "is no name"),
        ("cgd1a", "no disk cgd1"),
    ],
)
def test_a_root_that_is_not(tmp_path, root, words):
    (line,) = problems(machine(tmp_path), f"root={root} console=pc")
    assert words in line and "for its root device at the console" in line and "bootloader_root" in line


# As 7.99.10 says it, and 10 of another card than virtio's.
CARD = "vioif0 at virtio0: Ethernet address 52:54:00:12:34:56\n"
LATER_CARD = "[     1.0] vioif0 at virtio0: features: 0x10020\n[     1.0] vioif0: Ethernet address 52:54:00:12:34:56\n"
WM = "wm0 at pci0 dev 3 function 0: 82540EM 1000BASE-T Ethernet (rev. 0x03)\nwm0: Ethernet address 52:54:00:12:34:57\n"
LD = "virtio1 at pci0 dev 4 function 0\nld0 at virtio1\n"
ON_LD = "root on ld0a dumps on ld0b\n"
ON_WD = "wd0 at atabus0 drive 0\nroot on wd0a dumps on wd0b\n"


@pytest.mark.parametrize(
    ("messages", "missed"),
    [
        (WM + LD + ON_LD, "ld0"),
        (WM + LD + 'dk0 at ld0: "root", 2048 blocks at 64, type: ffs\nroot on dk0\n', "ld0"),
        (f"{WM}{LD}[     1.0] {ON_LD}", "ld0"),
        (CARD + LD + ON_LD, "ld0 and vioif0"),
        (CARD + ON_WD, "vioif0"),
        (LATER_CARD + ON_WD, "vioif0"),
        (CARD + WM + LD + ON_WD, ""),
        ("ld0 at nvme0 nsid 1\n" + ON_LD, ""),
        (WM + LD, ""),
    ],
)
def test_what_no_dom0_kernel_has_a_driver_for(tmp_path, messages, missed):
    """Unless somebody says that his has: XEN3_DOM0 of all releases is without virtio."""
    host = machine(tmp_path, **{"/sbin/dmesg": "mainbus0 (root)\n" + messages})
    said = [line for line in problems(host) if "bootloader_root" in line]
    assert [line.startswith(f"This machine has {missed} of virtio") for line in said] == [True] * bool(missed)
    assert problems(host, "root=wd0a") == []


def test_the_last_root_decides(tmp_path):
    assert problems(machine(tmp_path), "root=wd7a root=wd0a") == []
    assert len(problems(machine(tmp_path), "root=wd0a bootdev=wd7a")) == 1


def test_a_root_on_the_network_is_no_disk(tmp_path):
    assert problems(machine(tmp_path), "root=wm0 nfsroot=10.0.0.1:/export") == []


@pytest.mark.parametrize(
    ("memory", "refused"),
    [
        ("1G", False),
        ("3999M", False),
        ("4000M", True),
        ("4G", True),
        ("8388608", True),  # KiB
        ("min:1G,max:2G,1G", False),
        ("min:512M,max:8G,1G", True),
        ("5T", True),
        ("-512M", False),  # all but that
    ],
)
def test_memory_that_is_there(tmp_path, memory, refused):
    lines = problems(machine(tmp_path), "", f"dom0_mem={memory} console=vga")
    assert bool(lines) == refused
    assert all("this machine has 4000 MiB" in line and "bootloader_dom0_memory" in line for line in lines)


def test_under_xen_the_hypervisor_knows_the_memory_and_nobody_the_ports(tmp_path):
    host = machine(tmp_path, **{"/sbin/sysctl -n hw.physmem64": f"{512 * MEBIBYTE}\n"})
    for path in ("/kern/xen/privcmd", "/usr/pkg/sbin/xl"):
        host.put(path)
    host.answers["/bin/ps -axww -o pid= -o args="] = " 402 xenstored\n"
    host.answers["/usr/pkg/sbin/xl info"] = "total_memory           : 8191\n"
    assert problems(host, "", "dom0_mem=4G console=com2 com2=9600,8n1") == []
    assert len(problems(host, "", "dom0_mem=8191M")) == 1
    host.answers["/usr/pkg/sbin/xl info"] = (1, "", "no answer")
    assert problems(host, "", "dom0_mem=64G") == []


def test_a_dom0_whose_kern_is_not_mounted_has_more_than_dom0s_memory(tmp_path, monkeypatch):
    """Its kernel sees what it was given. Without xenstored, which needs /kern, nobody tells the machine's."""
    names = os.uname_result(("NetBSD", "xen1", "10.1", "NetBSD 10.1 (XEN3_DOM0) #0: Mon", "amd64"))
    monkeypatch.setattr(os, "uname", lambda: names)
    host = machine(tmp_path, **{"/sbin/sysctl -n hw.physmem64": f"{1024 * MEBIBYTE}\n"})
    assert problems(host, xen="dom0_mem=1G console=com1 com1=9600") == []


@pytest.mark.parametrize(
    ("messages", "port", "words"),
    [
        (DMESG, 1, None),
        (DMESG, 2, "to be com1, which Xen calls com2, and this machine's kernel has found com0"),
        (STAMPED, 2, None),
        (STAMPED, 1, "found com1"),
        ("mainbus0 (root)\n", 1, "found none"),
        ("the buffer has lost its beginning\n", 2, None),
        ("", 1, None),
    ],
)
@pytest.mark.parametrize("kept", [True, False], ids=["dmesg.boot", "dmesg"])
def test_a_serial_port_that_the_kernel_has_found(tmp_path, messages, port, words, kept):
    host = machine(tmp_path, **{"/sbin/dmesg": "" if kept else messages})
    if kept:
        host.put("/var/run/dmesg.boot", messages)
    lines = problems(host, "", f"console=com{port} com{port}=115200,8n1")
    assert [words in line and "bootloader_console" in line for line in lines] == ([] if words is None else [True])


@pytest.mark.parametrize("baud", [115201, 0, 1, 14400, 230400, 9601])
def test_a_speed_that_no_port_has(tmp_path, baud):
    (line,) = problems(machine(tmp_path), "", f"com1={baud},8n1 console=com1")
    assert f"com1={baud} is no speed" in line and "9600" in line


@pytest.mark.parametrize("baud", hardware.BAUDS)
def test_a_speed_that_a_port_has(tmp_path, baud):
    assert problems(machine(tmp_path), "", f"com1={baud},8n1 console=com1") == []
    assert 115200 % baud == 0


# record dmesg (NetBSD 7.99.10: GENERIC), and a bus behind a bridge
PCI = """\
mainbus0 (root)
pci0 at mainbus0 bus 0: configuration mode 1
pcib0 at pci0 dev 1 function 0: vendor 8086 product 7000 (rev. 0x00)
vga0 at pci0 dev 2 function 0: vendor 1234 product 1111 (rev. 0x02)
wm0 at pci0 dev 3 function 0: Intel i82540EM 1000BASE-T Ethernet (rev. 0x03)
ppb0 at pci0 dev 28 function 0: vendor 8086 product 2448 (rev. 0x01)
pci1 at ppb0 bus 16
genfb0 at pci1 dev 31 function 7: vendor 10de product 0110 (rev. 0xa1)
isa0 at pcib0
"""


@pytest.mark.parametrize("messages", [PCI, "".join(f"[     1.0321405] {line}\n" for line in PCI.splitlines())])
@pytest.mark.parametrize(
    ("hidden", "what"),
    [
        ("(00:02.0)", ["0000:00:02.0 is vga0, a VGA adapter, which dom0 can't give to a guest"]),
        ("(0000:10:1f.7)", ["0000:10:1f.7 is genfb0, a VGA adapter"]),
        ("(00:01.0)", ["0000:00:01.0 is pcib0, the bridge to ISA devices"]),
        ("(00:03.0)(00:1c.0)", []),
        ("(00:01.0)(00:03.0)(00:02.0)", ["0000:00:01.0 is pcib0", "0000:00:02.0 is vga0"]),
    ],
)
def test_what_no_guest_can_have_is_not_hidden(tmp_path, messages, hidden, what):
    host = machine(tmp_path, **{"/sbin/dmesg": messages})
    lines = problems(host, f"console=pc pciback.hide={hidden}")
    assert len(lines) == len(what) and all(words in line for words, line in zip(what, lines))
    assert all("bootloader_pci_hide" in line for line in lines)


def test_pci_devices_are_looked_for_where_some_are_hidden(tmp_path):
    host = machine(tmp_path, **{"/sbin/dmesg": PCI})
    unasked = hardware.read(host, ["console=pc"])
    assert unasked["kept"] is None and hardware.problems(unasked, arguments("console=pc", "")) == []
    with pytest.raises(NotRead):
        hardware.problems(unasked, arguments("pciback.hide=(00:03.0)", ""))
    # A kernel that has lost its first messages is believed.
    assert problems(machine(tmp_path, **{"/sbin/dmesg": "lost\n"}), "pciback.hide=(00:02.0)") == []


def test_a_machine_that_tells_nothing_is_believed(tmp_path):
    host = RootedHost(tmp_path)
    assert problems(host, "root=wd7a", "dom0_mem=64G console=com2 com2=9600") == []


def test_a_disk_that_was_not_looked_at_must_be(tmp_path):
    found = hardware.read(machine(tmp_path), ["root=wd1a"])
    with pytest.raises(NotRead):
        hardware.problems(found, arguments("root=wd0e", ""))


@pytest.mark.parametrize(
    ("lines", "asked"),
    [
        (["root=wd0a", "console=pc root=wd0a -s"], []),  # what the root file system is on is there, and it fits
        (["root=wd0a", "root=wd0e"], ["wd0"]),
        (["root=wd0"], ["wd0"]),
        (["root=wd1a"], ["wd1"]),
    ],
)
def test_the_label_is_read_where_another_partition_than_the_mounted_root_is_named(tmp_path, lines, asked):
    host = machine(tmp_path)
    found = hardware.read(host, lines)
    assert [argv.split()[1] for argv in host.ran if argv.startswith("/sbin/disklabel ")] == asked
    assert all(hardware.problems(found, arguments(line, "")) == [] for line in lines)


def test_a_disk_for_boot_blocks(tmp_path):
    found = hardware.read(machine(tmp_path), [])
    assert hardware.disk_problems(found, "wd1") == []
    assert "no disk wd2; it has wd0, wd1" in hardware.disk_problems(found, "wd2")[0]


# -- the menus


XEN = {"name": "Xen", "kernel": "/netbsd-XEN3_DOM0.gz", "hypervisor": "/xen-4.20.gz"}
WRONG = {**XEN, "args": "root=wd7a console=com1", "hypervisor_args": "dom0_mem=64G console=com2 com2=12345"}


@pytest.mark.parametrize("resource", [boot_cfg, grub_menu], ids=lambda resource: resource.NAME)
@pytest.mark.parametrize("flavour", ["grub", "grub2"])
def test_every_menu_refuses_all_of_it_at_once(tmp_path, resource, flavour):
    host = machine(tmp_path)
    for path in ("/netbsd", "/netbsd-XEN3_DOM0.gz", "/xen-4.20.gz"):
        host.put(path)
    chained = {"name": "NetBSD", "commands": ["boot netbsd" if resource is boot_cfg else "chainloader +1"]}
    params = {"entries": [WRONG, chained], "timeout": 5, "other_entries": "keep", "assume_files": []}
    params.update(flavour=flavour, protocol="multiboot2")
    declared = resource.declare(params)
    with pytest.raises(Refused) as caught:
        resource.plan(resource.read(host, declared), declared)
    assert len(str(caught.value).splitlines()) == 4
    right = {**XEN, "args": "root=wd0a console=com0", "hypervisor_args": "dom0_mem=1G console=com1 com1=115200"}
    declared = resource.declare({**params, "entries": [right, chained]})
    assert resource.plan(resource.read(host, declared), declared).changes


def test_what_the_entry_in_use_gives_is_not_judged(tmp_path):
    host = machine(tmp_path)
    for path in ("/netbsd", "/netbsd-XEN3_DOM0.gz", "/xen-4.20.gz"):
        host.put(path)
    host.put(
        "/boot.cfg",
        "menu=Xen:load /netbsd-XEN3_DOM0.gz root=ld9a;multiboot /xen-4.20.gz dom0_mem=2G\n"
        "menu=NetBSD:boot netbsd\n",
    )
    own = {**XEN, "args": "console=pc", "hypervisor_args": "dom0_mem=8G", "adopt": ["root", "memory"]}
    params = {"entries": [own], "other_entries": "keep", "assume_files": []}
    declared = boot_cfg.declare(params)
    (change,) = boot_cfg.plan(boot_cfg.read(host, declared), declared).changes
    assert "root=ld9a" in change.data and "dom0_mem=2G" in change.data
