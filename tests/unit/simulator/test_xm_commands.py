# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xm and xend of the profiles with Xen 4.2 and 3.1. Sources: Xen's tools/python/xen of those releases."""
from __future__ import annotations

import re

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.xm_host import MODERN, OLD, guest, is_modern, names, ready

CREATED = 'Using config file "/usr/pkg/etc/xen/g1".\nStarted domain g1'


@pytest.fixture(params=[MODERN, OLD])
def host(request, tmp_path):
    return ready(tmp_path, request.param)


# --- create and list ---------------------------------------------------------------------------------------------


def test_list_header_and_row_4_2(modern):
    """main.py xm_brief_list."""
    header, row = modern.xm("list").out.splitlines()
    assert header == "Name                                        ID   Mem VCPUs      State   Time(s)"
    assert row.startswith("Domain-0                                     0   512     4     r-----")


def test_list_header_3_1(old):
    """The column of the id is narrower."""
    assert old.xm("list").out.splitlines()[0] == (
        "Name                                      ID   Mem VCPUs      State   Time(s)")


def test_create(host):
    """create.py main: the file's name, then the domain's (with its id on 4.x)."""
    result = host.xm("create", guest(host))
    assert (result.rc, result.out) == (0, CREATED + (" (id=1)\n" if is_modern(host) else "\n"))
    assert names(host) == ["Domain-0", "g1"]
    assert host.xm("domid", "g1").out == "1\n"
    assert host.xm("domname", "1").out == "g1\n"


def test_create_finds_the_file_in_etc_xen(host):
    guest(host)
    assert host.xm("create", "g1").out.startswith('Using config file "/usr/pkg/etc/xen/g1".')


def test_create_quiet(host):
    assert host.xm("create", "-q", guest(host)).out.startswith("Started domain g1")


def test_create_takes_variables(host):
    assert host.xm("create", guest(host), "name=two", "memory=32").rc == 0
    assert host.xm("list", "two").out.splitlines()[1].split()[:3] == ["two", "1", "32"]


def test_create_twice(host):
    host.xm("create", guest(host))
    result = host.xm("create", guest(host))
    text = "Domain 'g1' already exists with ID '1'" if is_modern(host) else "VM name 'g1' already exists as domain 1"
    assert (result.rc, result.err) == (1, f"Error: {text}\n")


@pytest.mark.parametrize("settings, message", [
    ({"name": "a b"}, "Invalid VM Name"),
    ({"disk": ["file:/disk.img"]}, "Invalid disk specifier: file:/disk.img"),
    ({"vif": ["frob=1"]}, "Invalid vif option: frob"),
    ({"vif": ["frob"]}, "frob should be a pair, separated by an equals sign."),
    ({"disk": ["file:/disk.img,frob,w"]}, "Unable to find number for device (frob)"),
    ({"disk": ["file:/disk.img,xvda,x"]}, "Invalid mode"),
    ({"on_crash": "frob"}, "Invalid event handling mode: crash"),
    ({"on_poweroff": "frob"}, "Invalid event handling mode: shutdown"),
    ({"memory": "abc"}, "Invalid value: abc"),
])
def test_create_refuses(host, settings, message):
    """create.py, XendConfig.py, blkif.py. Nothing stays behind."""
    result = host.xm("create", guest(host, **settings))
    assert (result.rc, result.err) == (1, f"Error: {message}\n")
    assert names(host) == ["Domain-0"]


def test_create_without_a_kernel(host):
    result = host.xm("create", host.config("g1", kernel="/none"))
    text = 'Cannot find kernel "/none"' if is_modern(host) else "Kernel image does not exist: /none"
    assert (result.rc, result.err) == (1, f"Error: {text}\n")


def test_create_with_what_is_no_kernel(host):
    host.write("/empty", "")
    assert host.xm("create", host.config("g1", kernel="/empty")).err == (
        "Error: (2, 'Invalid kernel', 'xc_dom_find_loader: no loader found\\n')\n")


def test_create_without_the_file(host):
    result = host.xm("create", "none")
    assert (result.rc, result.err) == (1, "Error: Unable to open config file: none\n")


def test_create_needs_memory(modern):
    """pkgsrc's xend-config.sxp has ballooning off: what is not free is not there (balloon.py)."""
    result = modern.xm("create", guest(modern, memory=100000))
    assert result.rc == 1
    assert result.err.startswith("Error: Not enough free memory and enable-dom0-ballooning is False, so I cannot "
                                 "release any more.  I need 102400000 KiB but only have ")


def test_ballooning(modern):
    path = "/usr/pkg/etc/xen/xend-config.sxp"
    text = (modern.root / path[1:]).read_text()
    modern.write(path, text.replace("(enable-dom0-ballooning no)", "(enable-dom0-ballooning yes)"))
    assert modern.xm("create", guest(modern, memory=7700)).rc == 0
    assert int(modern.xm("list", "0").out.splitlines()[1].split()[2]) < 512
    assert "dom0_min_mem is 262144" in modern.xm("create", guest(modern, "g2", memory=7700)).err


def test_duplicates_4_2(modern):
    disks = ["file:/disk.img,xvda,w", "file:/disk.img,xvda,w"]
    assert modern.xm("create", guest(modern, disk=disks)).err == 'Error: The device "xvda" is already defined\n'


def test_dryrun(host):
    """The form that xend would get. Nothing is made, and xend isn't asked."""
    host.rc_script("xend", "stop")
    result = host.xm("create", "-n", guest(host, disk=["file:/disk.img,xvda,w"]))
    assert result.rc == 0
    assert "(vm\n    (name g1)\n    (memory 64)\n    (vcpus 1)\n" in result.out
    assert "    (device (vbd (uname file:/disk.img) (dev xvda) (mode w)))\n)\n" in result.out


# --- the file is Python ------------------------------------------------------------------------------------------


def test_the_file_is_python(host):
    host.write("/usr/pkg/etc/xen/g1", "n = 2\nname = 'g%d' % n\nkernel = '/' + 'vmlinuz'\nmemory = 16 * n\n")
    assert host.xm("create", "g1").rc == 0
    assert host.xm("list", "g2").out.splitlines()[1].split()[2] == "32"


def test_a_name_that_is_not_defined(host):
    host.write("/usr/pkg/etc/xen/g1", "memory = frob\n")
    assert host.xm("create", "g1").err == "Error: name 'frob' is not defined\n"


def test_a_syntax_error(host):
    host.write("/usr/pkg/etc/xen/g1", "memory = (\n")
    assert host.xm("create", "g1").err == "Error: invalid syntax (g1, line 1)\n"


@pytest.mark.parametrize("text", ["import os\n", "def f():\n    pass\n", "name = open('/x').read()\n", "print 'x'\n",
                                  "if 1:\n    memory = 3\n", "vtpm = ['instance=1']\n", "builder = 'hvm'\n",
                                  "bootloader = '/usr/pkg/bin/pygrub'\n"])
def test_more_than_assignments_is_not_simulated(host, text):
    host.write("/usr/pkg/etc/xen/g1", text)
    assert host.xm("create", "g1").rc == 97


def test_the_name_is_that_of_the_file_and_memory_is_128(host):
    host.write("/usr/pkg/etc/xen/frob", "kernel = '/vmlinuz'\n")
    assert host.xm("create", "frob").rc == 0
    assert host.xm("list", "frob").out.splitlines()[1].split()[2] == "128"


# --- devices -----------------------------------------------------------------------------------------------------


def test_devices_of_dom0(host):
    """Interfaces are xvifN.M in the bridge, files are on vnd (facts section 7, Xen before 4.2)."""
    host.xm("create", guest(host, disk=["file:/disk.img,xvda,w"], vif=["bridge=bridge0"]))
    assert "xvif1.0" in host.run("brconfig", "bridge0").out
    assert "vnd0: /" in host.run("vnconfig", "-l").out
    blanks = "  " if is_modern(host) else "    "
    assert host.xm("block-list", "g1").out == (
        f"Vdev  BE handle state evt-ch ring-ref BE-path\n51712{blanks}0    0     4      6      511   "
        "/local/domain/0/backend/vbd/1/51712  \n")
    assert host.xm("network-list", "g1").out.startswith(
        "Idx BE     MAC Addr.     handle state evt-ch tx-/rx-ring-ref BE-path\n0   0  00:16:3e:")
    host.xm("destroy", "g1")
    assert "xvif1.0" not in host.run("brconfig", "bridge0").out
    assert "vnd0: not in use" in host.run("vnconfig", "-l").out


@pytest.mark.parametrize("more, number, kind", [
    ({"vif": ["bridge=none"]}, 0, "vif"), ({"disk": ["file:/none.img,xvda,w"]}, 51712, "vbd"),
    ({"disk": ["phy:/dev/none,hda,w"]}, 768, "vbd")])
def test_scripts_that_fail_are_waited_for_in_vain(host, more, number, kind):
    """DevController.waitForDevice; the domain is destroyed, its number used."""
    result = host.xm("create", guest(host, **more))
    assert result.rc == 1
    assert result.err == f"Error: Device {number} ({kind}) could not be connected. Hotplug scripts not working.\n"
    host.xm("create", guest(host))
    assert host.xm("domid", "g1").out == "2\n"


def test_without_xenbackendd_no_device_works(old):
    """It is what runs the scripts; a dom0 of 3.1 starts it by a script of its own."""
    old.rc_script("xenbackendd", "stop")
    assert "Hotplug scripts not working." in old.xm("create", guest(old, vif=["bridge=bridge0"])).err


def test_too_few_vnds(host):
    for number in range(5):
        host.write(f"/d{number}.img", "x" * 4096)
    disks = [f"file:/d{number}.img,xvd{letter},w" for number, letter in enumerate("abcde")]
    error = host.xm("create", guest(host, disk=disks)).err
    assert error == "Error: Device 51776 (vbd) could not be connected. " + (
        "no available vnd device\n" if is_modern(host) else "Hotplug scripts not working.\n")
    assert host.run("vnconfig", "-l").out.count("not in use") == 4


def test_attach_and_detach(host):
    host.xm("create", guest(host))
    assert host.xm("block-attach", "g1", "file:/disk.img", "xvdb", "w").rc == 0
    assert host.xm("network-attach", "g1", "bridge=bridge0").rc == 0
    assert "51728" in host.xm("block-list", "g1").out
    assert "xvif1.0" in host.run("brconfig", "bridge0").out
    assert host.xm("block-detach", "g1", "xvdb").rc == 0
    assert host.xm("block-list", "g1").out == ""
    assert host.xm("block-detach", "g1", "xvdb").err == "Error: Device 51728 not connected\n"
    assert host.xm("network-detach", "g1", "0").rc == 0


@pytest.mark.parametrize("named", ["xvdb", "/dev/xvdb", "51728", "vbd/51728", "0xca10"])
def test_a_disk_is_detached_by_its_name_or_its_number(host, named):
    """convertToDeviceNumber of xend/server/blkif.py."""
    host.xm("create", guest(host))
    host.xm("block-attach", "g1", "file:/disk.img", "xvdb", "w")
    assert host.xm("block-detach", "g1", named).rc == 0
    assert host.xm("block-list", "g1").out == ""


def test_wrong_mac_4_2(modern):
    modern.xm("create", guest(modern))
    assert modern.xm("network-attach", "g1", "mac=frob").err == (
        "Error: Cannot create a new virtual network interface - MAC address is not valid!\n")


def test_lists_of_devices_want_one_domain(host):
    result = host.xm("block-list")
    assert (result.rc, result.out.splitlines()[0]) == (1, "No domain parameter given")


# --- CPU pools ---------------------------------------------------------------------------------------------------


def test_pools_4_2(modern):
    """brief_cpupool_list of main.py; pool_migrate of XendCPUPool.py."""
    modern.xm("create", guest(modern))
    assert modern.xm("cpupool-list").out == (
        "Name               CPUs   Sched     Active   Domain count\n"
        "Pool-0               4    credit       y          2\n")
    assert modern.xm("cpupool-migrate", "g1", "Pool-0").rc == 0
    for words, why in ((("g1", "p"), "unknown pool p"), (("x", "Pool-0"), "unknown domain x"),
                       (("0", "Pool-0"), "could not move Domain-0")):
        result = modern.xm("cpupool-migrate", *words)
        assert (result.rc, result.err) == (1, f"Error: {why}\n")


def test_no_pools_3_1(old):
    assert old.xm("cpupool-list").err == "Error: Subcommand cpupool-list not found!\n"


# --- words that fail ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["list", "domid", "destroy", "pause", "start", "delete", "shutdown", "block-list"])
def test_unknown_domain(host, command):
    """main.py: 4.x ends with the fault's code, ERROR_INVALID_DOMAIN."""
    result = host.xm(command, "none")
    assert result.err == "Error: Domain 'none' does not exist.\n"
    assert result.rc == (3 if is_modern(host) else 1)


def test_wrong_count(host):
    result = host.xm("destroy")
    assert (result.rc, result.err) == (1, "Error: 'xm destroy' requires 1 argument.\n\n")
    assert result.out == "Usage: xm destroy <Domain>\n\nTerminate a domain immediately.\n\n"
    assert host.xm("block-attach", "x").err == "Error: 'xm block-attach' requires between 4 and 5 arguments.\n\n"


def test_unknown_command(host):
    result = host.xm("frob")
    assert (result.rc, result.err) == (1, "Error: Subcommand frob not found!\n")


def test_old_names_and_beginnings(host):
    host.xm("create", guest(host))
    assert host.xm("vif-list", "g1").err == "Command vif-list is deprecated.  Please use xm network-list instead.\n"
    assert host.xm("dest", "g1").rc == 0
    assert names(host) == ["Domain-0"]


@pytest.mark.parametrize("command", ["migrate", "block-configure", "top", "suspend"])
def test_what_has_no_source(host, command):
    host.xm("create", guest(host))
    assert host.xm(command, "g1", "x").rc == 97


def test_domain0(host):
    assert host.xm("destroy", "0").err == "Error: Cannot destroy privileged domain 0\n"
    assert host.xm("shutdown", "0").err == "Error: Domain 0 cannot be shutdown\n"
    assert host.xm("pause", "Domain-0").err == "Error: Cannot pause privileged domain Domain-0\n"
    assert host.xm("destroy", "7").err == "Error: (3, 'No such process')\n"


# --- the HOWTO's Solaris and PCI devices -------------------------------------------------------------------------


def test_a_cd_of_solaris_is_listed_with_its_type(host):
    """blkif.py, getDeviceConfiguration: name and type, which is not said twice. A disk without a type is one."""
    disks = ["file:/disk.img,0,w", "file:/cd.iso,6:cdrom,r"]
    host.write("/cd.iso", "x")
    assert host.xm("create", guest(host, memory=640, ramdisk="/vmlinuz", disk=disks)).rc == 0
    listed = host.xm("list", "-l", "g1").out
    assert re.findall(r"\(dev ([^)]*)\)", listed) == ["0:disk", "6:cdrom"]


@pytest.mark.parametrize("vdev, number", [("6", 6), ("0x6", 6), ("10", 16), ("0x10", 16), ("f", 15)])
def test_a_device_without_a_name_is_hexadecimal(host, vdev, number):
    """util/blkif.py, blkdev_name_to_number."""
    assert host.xm("create", guest(host, disk=[f"file:/disk.img,{vdev},w"])).rc == 0
    assert host.run("xenstore-list", "/local/domain/0/backend/vbd/1").out == f"{number}\n"


def hide(host, *addresses):
    """As if dom0 had been booted with pciback.hide."""
    (host.root / "kern/xen/pci").mkdir()
    for address in addresses:
        host.write(f"/kern/xen/pci/{address}", "")


def test_pci_devices_go_to_a_guest_of_3_1(old):
    """The HOWTO's `pci = [ '0000:00:06.0', '0000:00:0a.0' ]`; create.py takes them without the domain too, and drops
    without a word what is no address."""
    hide(old, "0000:00:06.0", "0000:00:0a.0")
    assert old.xm("create", guest(old, pci=["0000:00:06.0", "00:0a.0", "frob"])).rc == 0
    listed = old.xm("list", "-l", "g1").out
    assert re.findall(r"\(slot ([^)]*)\)", listed) == ["0x06", "0x0a"]
    assert re.findall(r"\(domain ([^)]*)\)", listed) == ["0x0000", "0x0"]


def test_a_pci_device_that_dom0_keeps_for_itself(old):
    """pciif.py, setupDevice. The guest is gone again."""
    result = old.xm("create", guest(old, pci=["0000:00:06.0"]))
    assert result.rc == 1
    assert result.err.startswith("Error: pci: failed to locate device and parse it's resources - ")
    assert names(old) == ["Domain-0"]


def test_xen_4_looks_for_pci_devices_where_linux_has_them(modern):
    """util/pci.py, find_sysfs_mnt: NetBSD has no /proc/mounts of that kind."""
    hide(modern, "0000:00:06.0")
    result = modern.xm("create", guest(modern, pci=["0000:00:06.0"]))
    why = "Failed to locate sysfs mount: /proc/bus/pci/devices: No such file or directory (2)"
    text = f"pci: failed to locate device and parse it's resources - Error Parsing PCI Device Info: {why}"
    assert (result.rc, result.err) == (1, f"Error: {text}\n")
