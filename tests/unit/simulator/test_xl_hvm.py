# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Fully virtual guests on a dom0 whose tools have firmware and qemu, as pkgsrc's have: what qemu is told, what libxl
refuses to tell it, drives and the ACPI button. Source: Xen's libxl_dm.c, libxl_disk.c, xl_vmcontrol.c."""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from netbsd_sim.system import processes

from ansible_collections.netbsd.xen.tests.unit.support.xl_machine import LAB, Host, NotSimulated, dom0

QEMU = "/usr/pkg/libexec/xen/bin/qemu-system-i386"
DISKS = 'disk = [ "/home/d1.img,raw,hda,rw", "/home/cd.iso,raw,hdc,cdrom,ro" ]'


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with dom0(tmp_path / "host", LAB.name) as machine:
        for name in ("d1.img", "cd.iso", "other.iso"):
            machine.image(f"/home/{name}")
        machine.write("/usr/pkg/libexec/xen/boot/seabios.bin", "firmware")
        machine.write(QEMU, "qemu")
        machine.m.path(QEMU).chmod(0o755)
        yield machine


def hvm(host: Host, *lines: str):
    host.write("/home/h1.cfg", "\n".join(('name = "h1"', 'type = "hvm"', "memory = 64", *lines)) + "\n")
    return host.xl("create /home/h1.cfg")


def told(host: Host) -> str:
    """qemu's command line, as ps shows it."""
    return next(command for _pid, command in processes.running(host.m) if command.startswith(QEMU))


def test_a_guest_boots_from_its_first_disk(host):
    assert hvm(host, DISKS, 'vif = [ "bridge=bridge0" ]').rc == 0
    words = told(host)
    assert "-name h1 -vnc 127.0.0.1:0,to=99 -display none -device cirrus-vga,vgamem_mb=8 -boot order=cda" in words
    # The card's memory is taken from the guest's.
    assert " -machine xenfv,suppress-vmdesc=on -m 56 " in words
    assert "-drive file=/home/d1.img,if=ide,index=0,media=disk,format=raw,cache=writeback" in words
    assert "-device ide-cd,id=ide-2,drive=ide-2,bus=ide.1,unit=0" in words
    assert host.read("/var/log/xen/qemu-dm-h1.log") == ""


def test_its_device_model_goes_with_it(host):
    hvm(host, DISKS)
    assert host.xl("destroy h1").rc == 0
    assert not [command for _pid, command in processes.running(host.m) if command.startswith(QEMU)]


@pytest.mark.parametrize(("line", "words"), [
    ('serial = "pty"', "-serial pty"), ('boot = "d"', "-boot order=d"), ("vnc = 0", "-vnc none"),
    ('vnclisten = "10.0.0.1"\nvncdisplay = 5\nvncunused = 0', "-vnc 10.0.0.1:5 "),
    ('vga = "stdvga"', "-device VGA,vgamem_mb=16"), ("usb = 1\nusbdevice = \"tablet\"", "-usb -usbdevice tablet"),
    ("usbversion = 3", "-device nec-usb-xhci,id=usb"), ("vcpus = 2\nmaxvcpus = 4", "-smp 2,maxcpus=4"),
    ('xen_platform_pci = 0', "-machine pc,accel=xen"), ('hdtype = "ahci"', "-device ahci,id=ahci0"),
    ('vif = [ "model=e1000,bridge=bridge0" ]', "-device e1000,id=nic0"),
    ('spice = 1\nspiceport = 6000\nspicedisable_ticketing = 1', "-spice port=6000,tls-port=0"),
])
def test_what_qemu_is_told(host, line, words):
    assert hvm(host, DISKS, line).rc == 0
    assert words in told(host)


@pytest.mark.parametrize(("line", "why"), [
    ('disk = [ "/home/d1.img,raw,hda,ro" ]', "qemu-xen doesn't support read-only IDE disk drivers"),
    ('hdtype = "ahci"\ndisk = [ "/home/d1.img,raw,hda,ro" ]', "qemu-xen doesn't support read-only AHCI disk drivers"),
    ("usbversion = 4", "usbversion parameter is invalid, must be between 1 and 3"),
    ("spice = 1", "at least one of the spiceport or tls_port must be provided"),
    ("spice = 1\nspiceport = 6000", "spice ticketing is enabled but missing password"),
])
def test_what_libxl_refuses(host, line, why):
    """The guest is gone again, and its disk is free."""
    result = hvm(host, line)
    assert result.rc == 3
    assert why in result.stderr
    assert "device model did not start: -6" in result.stderr
    assert host.names() == ["Domain-0"]
    assert hvm(host, DISKS).rc == 0


def test_a_fifth_disk_is_only_there_for_drivers(host):
    assert hvm(host, 'disk = [ "/home/d1.img,raw,xvde,rw" ]').rc == 0
    assert "-drive" not in told(host)


def test_without_its_firmware_it_does_not_start(host):
    """Record create_hvm_noqemu."""
    host.m.path("/usr/pkg/libexec/xen/boot/seabios.bin").unlink()
    assert "failed to read BIOS file" in hvm(host, DISKS).stderr


def test_without_qemu_it_does_not_start(host):
    host.m.path(QEMU).chmod(0o644)
    assert f"device model {QEMU} is not executable" in hvm(host, DISKS).stderr


def test_a_qcow2_disk_is_served_by_qemu(host):
    """Also to a guest that is not fully virtual."""
    host.image("/home/d.qcow2")
    assert host.create("p1", 'disk = [ "/home/d.qcow2,qcow2,xvda,rw" ]', kernel="/srv/xen/vmlinux").rc == 0
    assert "-xen-attach -name p1" in told(host) and "-machine xenpv" in told(host)


def test_media_come_and_go(host):
    hvm(host, DISKS)
    assert host.xl("cd-insert h1 hdc /home/other.iso").rc == 0
    assert '"pdev_path": "/home/other.iso"' in host.xl("list -l h1").stdout
    assert host.xl("cd-eject h1 hdc").rc == 0
    assert "other.iso" not in host.xl("list -l h1").stdout
    result = host.xl("cd-insert h1 hda /home/other.iso")
    assert (result.rc, "Virtual device not found" in result.stderr) == (1, True)


@pytest.mark.parametrize(("command", "button"), [("shutdown", "power"), ("reboot", "reset")])
def test_a_guest_without_drivers_has_buttons_only(host, command, button):
    hvm(host, DISKS)
    result = host.xl(f"{command} h1")
    assert (result.rc, f"{command} failed (rc=-10)" in result.stderr) == (1, True)
    assert "external graceful" in result.stderr
    result = host.xl(f"{command} -F h1")
    assert (result.rc, f"sending ACPI {button} button event" in result.stderr) == (0, True)
    host.later(60)
    assert host.names() == ["Domain-0"] + (["h1"] if command == "reboot" else [])


def test_its_memory_is_saved_by_no_source_here(host):
    hvm(host, DISKS)
    host.later(1)
    with pytest.raises(NotSimulated):
        host.xl("save h1 /home/h1.save")
