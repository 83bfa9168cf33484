# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""pkg_add, pkg_info and pkgin (facts netbsd-xen sections 1, 2.1 and 10)."""
from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import ALL, images

pytestmark = pytest.mark.usefixtures("mirror")


def test_a_bare_machine_has_nothing(bare):
    """record pkg_info.txt."""
    assert bare.run("pkg_info").out == ""
    assert bare.run("pkg_info", "-e", "pkgin").rc == 1
    assert not (bare.root / "usr/pkg/bin").exists()


def test_a_fresh_machine_was_booted_after_its_packages_were_installed(dom0):
    """kern.boottime has whole seconds (record sysctl)."""
    booted = int(dom0.run("sysctl", "-n", "kern.boottime").out)
    recorded = list((dom0.root / "usr/pkg/pkgdb").glob("*/+CONTENTS"))
    assert len(recorded) > 3
    assert all(contents.stat().st_mtime < booted for contents in recorded)
    dom0.install("grub2")
    assert next((dom0.root / "usr/pkg/pkgdb").glob("grub2*/+CONTENTS")).stat().st_mtime > booted


def test_pkg_add_and_pkgin_bring_python(bare):
    assert bare.run("pkg_add", "pkgin").rc == 0
    assert bare.run("pkgin", "-y", "install", "python313").rc == 0
    assert (bare.root / "usr/pkg/bin/python3.13").is_symlink()
    assert bare.run("pkg_info", "-e", "python313").out == "python313-3.13.5\n"


def test_pkg_add_from_a_directory_takes_what_lies_there(bare, monkeypatch):
    """pkg_add(1), PKG_PATH."""
    folder = bare.root / "home/packages"
    folder.mkdir()
    monkeypatch.setenv("PKG_PATH", "/home/packages")
    assert bare.run("pkg_add", "python313").err.startswith("pkg_add: no pkg found for 'python313', sorry.\n")
    (folder / "python313-3.13.5.tgz").write_bytes(b"")
    assert bare.run("pkg_add", "python313").rc == 0 and (bare.root / "usr/pkg/bin/python3.13").is_symlink()


def test_pkg_add_from_another_releases_mirror_finds_nothing(bare, monkeypatch):
    monkeypatch.setenv("PKG_PATH", ALL.replace("10.1", "9.4"))
    result = bare.run("pkg_add", "pkgin")
    assert (result.rc, result.err) == (
        1, f"pkg_add: Can't process {ALL.replace('10.1', '9.4').replace('.org', '.org:443')}/pkgin*: Not Found\n"
           "pkg_add: no pkg found for 'pkgin', sorry.\npkg_add: 1 package addition failed\n")


def test_files_of_the_xen_packages(generic):
    """facts section 1."""
    generic.run("pkgin", "-y", "install", "xenkernel420", "xentools420")
    kernel = images.identify(generic.root / "usr/pkg/xen420-kernel/xen.gz")
    assert kernel == images.Image("xen", "4.20", "xen")
    assert images.identify(generic.root / "usr/pkg/xen420-kernel/xen-debug.gz").name == "xen-debug"
    for name in ("sbin/xl", "sbin/xenstored", "bin/xenstore-read", "libexec/xen/bin/xen-init-dom0", "etc/xen/xl.conf",
                 "etc/xen/scripts/vif-bridge", "share/examples/rc.d/xencommons"):
        assert (generic.root / "usr/pkg" / name).is_symlink() or (generic.root / "usr/pkg" / name).exists(), name
    contents = (generic.root / "usr/pkg/pkgdb/xentools420-20260610/+CONTENTS").read_text()
    assert "@name xentools420-20260610\n" in contents
    assert "\nsbin/xl\n" in contents


def test_rc_scripts_are_not_copied_by_default(generic):
    """facts section 2.1."""
    said = generic.run("pkg_add", "xentools420").out
    assert "The following files should be created for xentools420-20260610:" in said
    assert not (generic.root / "etc/rc.d/xencommons").exists()


def test_rc_scripts_are_copied_on_demand_and_never_overwritten(generic, monkeypatch):
    """facts section 2.1."""
    monkeypatch.setenv("PKG_RCD_SCRIPTS", "YES")
    generic.write("/etc/rc.d/xendomains", "old")
    said = generic.run("pkgin", "-y", "install", "xentools420").out
    assert "\t/etc/rc.d/xencommons\n\t    [/usr/pkg/share/examples/rc.d/xencommons]\n" in said
    assert "/etc/rc.d/xendomains already exists." in said
    assert (generic.root / "etc/rc.d/xendomains").read_text() == "old"
    script = (generic.root / "etc/rc.d/xencommons").read_text()
    assert '\nname="xencommons"\nrcvar=$name\n' in script


def test_xl_conf_of_the_admin_stays(generic):
    """facts section 1: CONF_FILES only when absent."""
    generic.install("xentools420")
    generic.write("/usr/pkg/etc/xen/xl.conf", "mine\n")
    generic.run("pkg_delete", "xentools420")
    generic.install("xentools420")
    assert (generic.root / "usr/pkg/etc/xen/xl.conf").read_text() == "mine\n"


def test_two_releases_of_the_tools_conflict(generic):
    """xentools415/Makefile names no other release: the files are what they share."""
    generic.install("xentools418")
    result = generic.run("pkg_add", "xentools420")
    assert result.rc == 1
    assert result.err == ("pkg_add: Conflicting PLIST with xentools418-20260911: bin/xen-detect\n"
                          "pkg_add: 1 package addition failed\n")
    assert generic.run("pkg_info", "-e", "xentools420").rc == 1


def test_pkgin_search_is_what_ansible_reads(generic):
    """facts section 10: name-version;=;comment."""
    assert generic.run("pkgin", "-p", "-v").rc == 0
    generic.run("pkgin", "update")
    assert generic.run("pkgin", "-p", "search", "^xentools420$").out == (
        "xentools420-20260610;;Userland Tools for Xen 4.20.x\n")
    generic.install("xentools420")
    assert generic.run("pkgin", "-p", "search", "^xentools420$").out.split(";")[1] == "="
    assert generic.run("pkgin", "-p", "search", "^nosuch$").rc == 1


def test_pkgin_update_tells_when_nothing_is_new(generic):
    first, second = generic.run("pkgin", "-y", "update"), generic.run("pkgin", "-y", "update")
    assert "up-to-date" not in first.out
    assert second.out.startswith("database for https://cdn.NetBSD.org/")
    assert second.out.endswith(" is up-to-date\n")


def test_pkgin_has_no_F(generic):
    """facts section 10."""
    assert generic.run("pkgin", "-y", "-F", "install", "xentools420").rc == 1


def test_pkgin_n_changes_nothing(generic):
    assert generic.run("pkgin", "-n", "install", "xentools420").rc == 0
    assert generic.run("pkg_info", "-e", "xentools420").rc == 1


def test_pkgin_unknown_package(generic):
    result = generic.run("pkgin", "-y", "install", "nosuch")
    assert (result.rc, result.err) == (1, "nosuch is not available in the repository\n")
