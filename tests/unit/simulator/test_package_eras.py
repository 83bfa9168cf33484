# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The packages of each era: files, conflicts, rc.d scripts; building them in a pkgsrc tree."""
from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import Host, Machine, hosttree, images
from ansible_collections.netbsd.xen.tests.unit.support.xm_host import MODERN, OLD

NINE = "netbsd-9.4-xen-4.15"


def make(tmp_path, profile: str, preset: str = "python", pkgsrc: bool = False) -> Host:
    hosttree.create(tmp_path / "host", "era0", preset, profile=profile)
    host = Host(tmp_path / "host")
    if pkgsrc:
        from netbsd_sim.pkg import pkgsrc as tree

        with Machine(host.directory) as m:
            m.data["pace"] = 0.0
            tree.create(m)
    return host


@pytest.mark.parametrize(
    ("profile", "package", "path", "release"),
    [(OLD, "xenkernel3", "xen3-kernel", "3.1"), (OLD, "xenkernel33", "xen3-kernel", "3.3"),
     (MODERN, "xenkernel41", "xen41-kernel", "4.1"), (NINE, "xenkernel411", "xen411-kernel", "4.11"),
     (NINE, "xenkernel418", "xen418-kernel", "4.18")])
def test_hypervisors(tmp_path, profile, package, path, release):
    """facts section 1: 3.1 and 3.3 share a directory."""
    host = make(tmp_path, profile)
    host.install(package)
    assert images.identify(host.root / f"usr/pkg/{path}/xen.gz") == images.Image("xen", release, "xen")
    assert images.identify(host.root / f"usr/pkg/{path}/xen-debug.gz").name == "xen-debug"


def refusal(host: Host, package: str, monkeypatch) -> str:
    profile = host.data["profile"]
    release, port = ("5.1", "i386") if profile == OLD else (profile.split("-")[1], "amd64")
    monkeypatch.setenv("PKG_PATH", f"https://cdn.NetBSD.org/pub/pkgsrc/packages/NetBSD/{port}/{release}/All")
    result = host.run("pkg_add", package)
    assert result.rc == 1
    assert host.run("pkg_info", "-e", package).rc == 1
    return result.err


@pytest.mark.parametrize(
    ("profile", "there", "wanted", "words"),
    [(OLD, "xenkernel3", "xenkernel33", "conflicts with `xenkernel3-[0-9]*'"),
     (OLD, "xenkernel33", "xenkernel3", "conflicts with `xenkernel33-[0-9]*'"),
     (OLD, "xentools3", "xenkernel33", "conflicts with `xentools3-[0-9]*'"),  # CONFLICTS of xenkernel33/Makefile
     (OLD, "xentools33", "xentools41", "conflicts with `xentools33-[0-9]*'"),
     (MODERN, "xentools42", "xentools41", "Conflicting PLIST with xentools42-4.2.5: "),
     (NINE, "xentools415", "xentools411", "Conflicting PLIST with xentools415-4.15.5: ")])
def test_what_excludes_each_other(tmp_path, monkeypatch, profile, there, wanted, words):
    host = make(tmp_path, profile)
    host.install(there)
    assert words in refusal(host, wanted, monkeypatch)


def test_kernels_of_two_releases_lie_beside_each_other(tmp_path):
    host = make(tmp_path, NINE)
    host.install("xenkernel413", "xenkernel415", "xenkernel418")
    assert len(list((host.root / "usr/pkg").glob("xen*-kernel/xen.gz"))) == 3


def test_xencommons_of_4_1_is_switched_by_xends_variable_and_starts_xenbackendd(tmp_path):
    """xentools41/files/xencommons.sh."""
    host = make(tmp_path, MODERN, "dom0")
    host.run("pkg_delete", "xentools42")
    for name in ("xencommons", "xend", "xendomains", "xen-watchdog"):
        (host.root / "etc/rc.d" / name).unlink()
    host.install("xentools41", rc_scripts=True)
    assert "\nrcvar=xend\n" in (host.root / "etc/rc.d/xencommons").read_text()
    assert host.rc_script("xencommons", "rcvar").out == "# xencommons\n$xend=YES\n"
    host.reboot()
    assert host.run("pgrep", "xenbackendd").rc == 0
    status = host.rc_script("xencommons", "status")
    assert status.rc == 0
    assert len(status.out.split("pids")[1].split()) == 3
    stopped = host.rc_script("xencommons", "stop")
    assert stopped.out == "Stopping xencommons.\n"
    assert host.rc_script("xencommons", "status").out == "xencommons are not running.\n"


def test_a_script_that_stays_behind_does_what_it_did(tmp_path):
    host = make(tmp_path, MODERN, "dom0")
    host.run("pkg_delete", "xentools42")
    host.install("xentools41", rc_scripts=True)
    host.reboot()
    assert "Starting xendservices: xenbackendd, xend." in (host.root / "var/run/rc.log").read_text()


def test_xend_of_3_3_starts_xenstored(tmp_path):
    """xentools33/files/xend.sh."""
    host = make(tmp_path, OLD, "dom0")
    for package in ("xentools3", "xenkernel3"):
        host.run("pkg_delete", package)
    host.install("xenkernel33", "xentools33")
    (host.root / "xen.gz").write_bytes((host.root / "usr/pkg/xen3-kernel/xen.gz").read_bytes())
    # On i386 this hypervisor takes PAE kernels only (facts section 5).
    pae = images.Image("netbsd", "5.1", "XEN3PAE_DOM0")
    (host.root / "netbsd-XEN3_DOM0.gz").write_bytes(pae.compressed())
    state = host.reboot()
    assert state["down_reason"] is None
    assert state["hypervisor"]["release"] == "3.3"
    assert host.run("pgrep", "xenstored").rc == 0


def test_the_two_grubs(tmp_path, monkeypatch):
    """sysutils/grub and grub2: PLIST and CONFLICTS."""
    old = make(tmp_path / "old", OLD)
    said = old.install("grub")
    assert "look in /grub for its files" in said
    assert (old.root / "usr/pkg/share/grub/i386-/stage2").exists()
    new = make(tmp_path / "new", NINE)
    new.install("grub2")
    assert (new.root / "usr/pkg/lib/grub/i386-pc/multiboot.mod").exists()
    assert (new.root / "usr/pkg/sbin/grub-reboot").is_symlink()


def in_tree(host: Host, monkeypatch, package: str, *targets: str):
    monkeypatch.chdir(host.root)  # what the machine calls its directory is given with -C
    return host.run("make", "-C", f"/usr/pkgsrc/sysutils/{package}", *targets)


def test_pkgsrc_builds_what_the_mirror_offers(tmp_path, monkeypatch):
    host = make(tmp_path, NINE, pkgsrc=True)
    assert in_tree(host, monkeypatch, "xenkernel415", "show-var", "VARNAME=PKGNAME").out == "xenkernel415-4.15.5\n"
    result = in_tree(host, monkeypatch, "xenkernel415", "install", "clean", "BATCH=yes")
    assert result.rc == 0, result.err
    assert "===> Installing for xenkernel415-4.15.5\n" in result.out
    assert host.run("pkg_info", "-e", "xenkernel415").out == "xenkernel415-4.15.5\n"
    assert not (host.root / "usr/pkgsrc/sysutils/xenkernel415/work").exists()


def test_pkgsrc_refuses_what_is_there_or_conflicts(tmp_path, monkeypatch):
    host = make(tmp_path, NINE, pkgsrc=True)
    host.install("xentools418")
    again = in_tree(host, monkeypatch, "xentools418", "install")
    assert again.rc == 1
    assert "xentools418-20260911 is already installed - perhaps an older version?" in again.err
    assert again.err.endswith("make: stopped in /usr/pkgsrc/sysutils/xentools418\n")
    other = in_tree(host, monkeypatch, "xentools415", "install")
    assert (other.rc, "Conflicting PLIST" in other.err) == (1, True)
    assert in_tree(host, monkeypatch, "xentools418", "frob").rc == 1


def test_sets_have_the_form_of_their_release(tmp_path):
    """facts section 5."""
    from netbsd_sim.core import profiles
    from netbsd_sim.rack import mirror

    mirror.build(tmp_path, profiles.get(OLD))
    for path in ("5.1/i386/binary/sets/kern-XEN3PAE_DOM0.tgz", "6.1/amd64/binary/sets/kern-XEN3_DOM0.tgz",
                 "9.4/amd64/binary/sets/kern-XEN3_DOM0.tar.xz", "10.1/amd64/binary/sets/kern-XEN3_DOM0.tar.xz"):
        file = tmp_path / f"pub/NetBSD/NetBSD-{path}"
        assert file.exists(), path
        assert f"SHA512 ({file.name}) = " in (file.parent / "SHA512").read_text()
