# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What the package tools say of damaged packages, and what mends them (records power-cut/README, pkg-* of
netbsd-7.99.10/commands.jsonl; pkg_install admin/check.c, add/perform.c)."""
from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import ALL

pytestmark = pytest.mark.usefixtures("mirror")
XENTOOLS, YAJL = "xentools420-20260610", "yajl-2.1.0nb1"


def fill_with_nul(host, path):
    file = host.root / path
    size = file.lstat().st_size
    file.unlink()
    file.write_bytes(bytes(size))


def entry(host, name, file="+CONTENTS"):
    return host.root / "usr/pkg/pkgdb" / name / file


def test_the_tools_bring_what_they_depend_on(generic):
    """records pkg-add, pkg-info-all, pkg-del-needed."""
    assert generic.run("pkg_add", "-n", "xentools420").err == (
        "pkg_add: Missing dependency yajl>=2.1.0nb1\n\npkg_add: 1 package addition failed\n")
    assert generic.run("pkg_add", "xentools420").rc == 0
    assert generic.run("pkg_info", "-e", "yajl").out == YAJL + "\n"
    refused = generic.run("pkg_delete", "yajl")
    assert (refused.rc, refused.err) == (
        1, f"Package `{YAJL}' is still required by other packages:\n\t{XENTOOLS}\n")
    assert generic.run("pkg_add", "yajl").err == (
        f"pkg_add: package `{YAJL}' was already installed as dependency, now marked as installed manually\n")
    assert generic.run("pkg_add", "yajl").err == f"pkg_add: package `{YAJL}' already recorded as installed\n"


def test_another_version_is_refused_but_with_u(generic):
    """records pkg-add-n-other-version, pkg-add-other-version."""
    generic.run("pkg_add", "yajl")
    entry(generic, YAJL, "").rename(entry(generic, "yajl-2.0.0", ""))
    for flags in ((), ("-n",)):
        assert generic.run("pkg_add", *flags, "yajl").err == (
            f"pkg_add: A different version of {YAJL} is already installed: yajl-2.0.0\n"
            "pkg_add: 1 package addition failed\n")
    assert generic.run("pkg_add", "-U", "yajl").rc == 0
    assert generic.run("pkg_info", "-e", "yajl").out == YAJL + "\n"


def test_check_counts_what_is_whole(dom0):
    result = dom0.run("pkg_admin", "check", "xentools420")
    assert result.rc == 0 and result.err == ""
    assert result.out.startswith(".\nChecked ") and result.out.endswith(" files from 1 package.\nDone.\n")
    assert dom0.run("pkg_admin", "check").err == ""


def test_check_names_what_is_damaged_and_ends_with_0(dom0):
    fill_with_nul(dom0, "usr/pkg/bin/xenstore-ls")
    (dom0.root / "usr/pkg/lib/libyajl.so.2.1.0").unlink()
    result = dom0.run("pkg_admin", "check", "xentools420", "yajl")
    assert result.rc == 0
    assert "/usr/pkg/bin/xenstore-ls fails MD5 checksum\n" in result.out
    assert f"{YAJL}: File `/usr/pkg/lib/libyajl.so.2.1.0' is in +CONTENTS but not on filesystem!" in result.err
    assert "from 2 packages." in result.out


def test_a_packing_list_of_nul_ends_the_check_early(dom0):
    fill_with_nul(dom0, f"usr/pkg/pkgdb/{YAJL}/+CONTENTS")
    result = dom0.run("pkg_admin", "check", "yajl", "xentools420")
    assert (result.rc, result.out) == (0, "")
    assert result.err == f"pkg_admin: Package {YAJL} has no @name, aborting.\n"


def test_what_the_tools_say_of_a_packing_list_of_nul(dom0):
    """The table of power-cut/README."""
    fill_with_nul(dom0, f"usr/pkg/pkgdb/{XENTOOLS}/+CONTENTS")
    fill_with_nul(dom0, f"usr/pkg/pkgdb/{XENTOOLS}/+COMMENT")
    assert f"{XENTOOLS} \n" in dom0.run("pkg_info").out
    assert dom0.run("pkg_info", "-e", "xentools420").rc == 0
    assert "already recorded as installed" in dom0.run("pkg_add", "xentools420").err
    assert "already recorded as installed" in dom0.run("pkg_add", "-n", "xentools420").err
    forced = dom0.run("pkg_add", "-f", "xentools420")
    assert forced.rc == 1 and f"A different version of {XENTOOLS} is already installed: {XENTOOLS}" in forced.err
    refused = dom0.run("pkg_delete", "-f", "xentools420")
    assert (refused.rc, refused.err) == (1, f"pkg_delete: Package `{XENTOOLS}' doesn't have a prefix\n")


def test_pkg_add_U_mends_one_package_and_not_what_it_depends_on(dom0):
    for path in (f"usr/pkg/pkgdb/{XENTOOLS}/+CONTENTS", f"usr/pkg/pkgdb/{YAJL}/+CONTENTS", "usr/pkg/bin/xenstore-ls",
                 "usr/pkg/lib/libyajl.so.2.1.0"):
        fill_with_nul(dom0, path)
    mended = dom0.run("pkg_add", "-U", "xentools420")
    assert mended.rc == 0 and f"pkg_delete: Package `{XENTOOLS}' doesn't have a name" in mended.err
    assert dom0.run("pkg_admin", "check", "xentools420").err == ""
    assert "has no @name" in dom0.run("pkg_admin", "check", "yajl").err
    assert dom0.run("pkg_add", "-U", "yajl").rc == 0
    checked = dom0.run("pkg_admin", "check")
    assert checked.err == "" and "fails" not in checked.out
    assert entry(dom0, YAJL, "+REQUIRED_BY").read_text().split("\n").count(XENTOOLS) == 1


def test_what_a_killed_U_left_is_in_the_way_of_the_next(dom0):
    """add/perform.c, check_already_installed."""
    entry(dom0, YAJL + ".xxxxxx", "").mkdir()
    result = dom0.run("pkg_add", "-U", "yajl")
    assert result.rc == 1
    assert "already has a temporary update directory `/usr/pkg/pkgdb/yajl-2.1.0nb1.xxxxxx'" in result.err


def test_rebuild_tree_finds_out_again_who_needs_whom(dom0):
    entry(dom0, YAJL, "+REQUIRED_BY").write_bytes(bytes(20))
    assert dom0.run("pkg_admin", "rebuild-tree").out == "Done.\n"
    assert entry(dom0, YAJL, "+REQUIRED_BY").read_text() == XENTOOLS + "\n"


def test_findbest_asks_the_mirror(generic):
    found = generic.run("pkg_admin", "findbest", "yajl")
    assert (found.rc, found.out) == (0, f"{ALL}/{YAJL}.tgz\n")
    assert generic.run("pkg_admin", "findbest", "nosuch").rc == 1


def test_pkgin_reads_the_whole_database_first(dom0):
    fill_with_nul(dom0, f"usr/pkg/pkgdb/{YAJL}/+CONTENTS")
    assert dom0.run("pkgin", "-y", "update").rc == 97
