# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Device nodes, vnd units, mounts and the small commands around them (records of NetBSD 7.99.10)."""
from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import Machine, devices


def unit_list(host) -> list[str]:
    return host.run("vnconfig", "-l").out.splitlines()


@pytest.fixture
def image(dom0):
    dom0.write("/home/d1.img", "x" * 2560)
    return dom0.root / "home/d1.img"


@pytest.fixture
def file_system(dom0):
    """A vnd unit with a file system on it."""
    with open(dom0.root / "home/d2.img", "wb") as stream:
        stream.truncate(4 << 20)
    dom0.run("vnconfig", "vnd0", "/home/d2.img")
    assert dom0.run("newfs", "/dev/rvnd0a").rc == 0


def vnconfig(host, *argv: str) -> tuple[int, str]:
    result = host.run("vnconfig", *argv)
    return result.rc, result.err


def test_four_units_at_first(dom0):
    """record vnconfig-l.txt; facts measured 22."""
    assert unit_list(dom0) == [f"vnd{unit}: not in use" for unit in (3, 2, 1, 0)]


def test_makedev_adds_units(dom0, monkeypatch):
    """record makedev-vnd4."""
    monkeypatch.chdir(dom0.root / "dev")
    assert dom0.run("/.sim/bin/makedev", "./MAKEDEV", "vnd4", "vnd5").rc == 0
    assert unit_list(dom0)[4:] == ["vnd4: not in use", "vnd5: not in use"]
    with Machine(dom0.directory) as m:
        assert devices.node(m, "/dev/vnd5p") == devices.Node("b", 14, 95, 0o640, 0, 5)
        assert devices.node(m, "/dev/rvnd5d") == devices.Node("c", 41, 83, 0o640, 0, 5)


def test_on_i386_the_ninth_partition_is_far_away():
    """DISKMINOR in sys/arch/i386/include/disklabel.h."""
    nodes = devices.disk_nodes("vnd", 4, "i386")
    assert [nodes[f"vnd4{letter}"].minor for letter in "adhip"] == [32, 35, 39, 524320, 524327]


def test_physical_device_is_the_recorded_number(dom0):
    """record after-reboot: vnd0d is 3587; record ansible-stat-vnd: vnd4d is 3651."""
    assert devices.Node("b", 14, 3).rdev == 3587
    assert devices.Node("b", 14, 67).rdev == 3651


def test_makedev_xen_makes_two_nodes(dom0, monkeypatch):
    """record MAKEDEV-xen.txt; facts measured 28: xsd_kva is a target of its own."""
    for name in ("xencons", "xenevt", "xsd_kva"):
        (dom0.root / "dev" / name).unlink()
    monkeypatch.chdir(dom0.root / "dev")
    assert dom0.run("/.sim/bin/makedev", "/dev/MAKEDEV", "xen").rc == 0
    assert sorted(path.name for path in (dom0.root / "dev").glob("x*[!a-p]")) == ["xencons", "xenevt"]
    unknown = dom0.run("/.sim/bin/makedev", "MAKEDEV", "nosuch")
    assert (unknown.rc, unknown.err) == (1, "MAKEDEV: nosuch: unknown device\n")
    assert dom0.run("/.sim/bin/makedev", "./MAKEDEV").rc == 1


def test_makedev_u_keeps_what_exists(dom0, monkeypatch):
    """facts section 3."""
    monkeypatch.chdir(dom0.root / "dev")
    (dom0.root / "dev/xencons").write_text("mine")
    dom0.run("/.sim/bin/makedev", "./MAKEDEV", "-u", "xen")
    assert (dom0.root / "dev/xencons").read_text() == "mine"


def test_vnconfig(dom0, image):
    """records vnconfig-bare-name, -again-same-unit, -same-file-other-unit, -u-again, vnd-corner."""
    assert vnconfig(dom0, "vnd0", "/home/d1.img") == (0, "")
    line = f"vnd0: / (/dev/wd0a) inode {image.stat().st_ino}"
    assert unit_list(dom0)[3] == line
    assert vnconfig(dom0, "vnd0", "/home/d1.img") == (1, "vnconfig: /dev/rvnd0d: VNDIOCSET: Device busy\n")
    assert dom0.run("vnconfig", "-v", "-c", "vnd1", "/home/d1.img").out == (
        "/dev/rvnd1d: 2560 bytes on /home/d1.img\n")
    assert dom0.run("sysctl", "-n", "hw.disknames").out == "wd0 wd1 vnd0 vnd1\n"
    image.unlink()
    assert unit_list(dom0)[3] == line
    assert vnconfig(dom0, "-u", "vnd0") == (0, "")
    assert vnconfig(dom0, "-u", "/dev/vnd0d") == (1, "vnconfig: /dev/rvnd0d: VNDIOCCLR: Device not configured\n")
    assert vnconfig(dom0, "vnd9", "/home/d1.img") == (1, "vnconfig: /dev/rvnd9d: opendisk: No such file or directory\n")
    assert vnconfig(dom0, "vnd2", "/home") == (1, "vnconfig: /home: Is a directory\n")
    assert vnconfig(dom0, "vnd2", "/none") == (1, "vnconfig: /none: No such file or directory\n")
    assert vnconfig(dom0)[1].startswith("usage: vnconfig [-crvz]")


def test_a_mounted_unit_is_busy(dom0, file_system):
    """record vnconfig-u-busy."""
    assert dom0.run("mount", "/dev/rvnd0a", "/mnt").err == (
        "mount_ffs: /dev/rvnd0a on /mnt: Block device required\n")  # record mount-raw
    assert dom0.run("mount", "/dev/vnd0a", "/mnt").rc == 0
    assert vnconfig(dom0, "-u", "vnd0") == (1, "vnconfig: /dev/rvnd0d: VNDIOCCLR: Device busy\n")
    dom0.run("umount", "/mnt")
    assert vnconfig(dom0, "-u", "vnd0") == (0, "")


def test_forced_unconfigure_of_a_mounted_unit_hangs(dom0, file_system, monkeypatch):
    """records vnconfig-F-mounted-hang, vnd-mount-once-F."""
    dom0.run("mount", "/dev/vnd0a", "/mnt")

    def hang(_machine):
        raise TimeoutError

    monkeypatch.setattr(Machine, "hang", hang)
    with pytest.raises(TimeoutError):
        dom0.run("vnconfig", "-uF", "vnd0")


def test_units_are_gone_after_a_boot(dom0, image):
    dom0.run("vnconfig", "vnd0", "/home/d1.img")
    dom0.reboot()
    assert unit_list(dom0)[3] == "vnd0: not in use"


# --- mounts ----------------------------------------------------------------------------------------------------------


def kernfs_lines(host) -> int:
    return host.run("mount").out.count("kernfs on /kern type kernfs (local)\n")


def test_kernfs_stacks(dom0):
    """record kernfs: mounting twice stacks, rc 0."""
    assert kernfs_lines(dom0) == 1
    assert dom0.run("mount", "-t", "kernfs", "kernfs", "/kern").rc == 0
    assert kernfs_lines(dom0) == 2
    assert dom0.run("umount", "/kern").rc == 0
    assert (dom0.root / "kern/xen/privcmd").exists()
    assert dom0.run("umount", "/kern").rc == 0
    assert not (dom0.root / "kern/xen").exists()
    assert dom0.run("umount", "/kern").err == "umount: /kern: not currently mounted\n"
    assert dom0.run("mount", "/kern").rc == 0
    assert dom0.run("mount", "-a").rc == 0
    assert kernfs_lines(dom0) == 1


def test_bad_fstab(dom0):
    """record fstab-bad."""
    dom0.append("/etc/fstab", "kernfs /kern2 kernfs rw\n")
    result = dom0.run("mount", "-a")
    assert (result.rc, result.err) == (1, "mount: realpath `/kern2': No such file or directory\n")
    assert dom0.run("mount", "/kern3").err == "mount: Unknown special file or file system `/kern3'\n"
    dom0.append("/etc/fstab", "tmpfs /var/shm tmpfs\n")
    assert dom0.run("mount", "-a").err == "mount: /etc/fstab, 9: Missing fields\n"


def test_mount_p_is_unknown(dom0):
    """record mount-p.txt."""
    assert dom0.run("mount", "-p").err.startswith("mount: unknown option -- p\nUsage: mount [-Aadfruvw] [-t type]\n")


def test_privcmd_only_under_xen(dom0, generic):
    """record sysctl-values: no /kern/xen on GENERIC; record ls-dev-xen.txt: /dev/xencons is there all the same."""
    assert (dom0.root / "kern/xen/privcmd").exists()
    assert not (generic.root / "kern/xen").exists()
    assert (generic.root / "dev/xencons").exists()


# --- sysctl, uname ---------------------------------------------------------------------------------------------------


def test_sysctl(dom0, generic):
    """records sysctl, sysctl-machdep."""
    assert generic.run("sysctl", "machdep.xen").err == (
        "sysctl: second level name 'xen' in 'machdep.xen' is invalid\n")
    assert dom0.run("sysctl", "machdep.dmi").err == "sysctl: second level name 'dmi' in 'machdep.dmi' is invalid\n"
    assert generic.run("sysctl", "kern.nosuch").rc == 1
    assert generic.run("sysctl", "-n", "kern.boottime").out.strip().isdigit()
    assert generic.run("sysctl", "kern.ostype").out == "kern.ostype = NetBSD\n"
    assert generic.run("sysctl", "-p", "/etc/sysctl.conf").err.startswith("sysctl: unknown option -- p\n")


def test_uname(dom0, generic):
    """record uname-parts.txt; facts section 9: the kernel's name tells dom0."""
    assert [generic.run("uname", flag).out for flag in ("-s", "-r", "-m", "-p")] == [
        "NetBSD\n", "10.1\n", "amd64\n", "x86_64\n"]
    assert generic.run("uname", "-v").out.startswith("NetBSD 10.1 (GENERIC) #0: ")
    assert dom0.run("uname", "-a").out.startswith("NetBSD nb0 10.1 NetBSD 10.1 (XEN3_DOM0) #0: ")


def test_what_is_not_simulated_ends_loudly(dom0):
    result = dom0.run("sysctl", "-d", "kern.boottime")
    assert result.rc == 97
    assert result.err == ("simulator: /sbin/sysctl -d kern.boottime: option -d (sources: records sysctl-*; sysctl(8)): "
                          "not simulated\n")
    assert dom0.run("/usr/pkg/sbin/xentop").rc == 97
