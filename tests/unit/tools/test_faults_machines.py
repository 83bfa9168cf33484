# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Copies of simulated machines for the fault harness, and what it sees of them."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import machines
import pytest
from netbsd_sim.boot import power
from netbsd_sim.core.machine import Machine
from netbsd_sim.rack import hosttree

PROFILE = "netbsd-10.1-xen-4.20"


@pytest.fixture(scope="module")
def dom0(tmp_path_factory) -> Path:
    """A machine that boots Xen and must not be changed."""
    host = tmp_path_factory.mktemp("rack") / "hosts/plain"
    hosttree.create(host, "plain", hosttree.DOM0, PROFILE, "10.0.2.15")
    with Machine(host, host / "root") as m:
        power.reset(m)
    return host


@pytest.fixture
def copy(dom0, tmp_path) -> Path:
    host = tmp_path / "hosts/h0017"
    hosttree.create(host, "h0017", hosttree.BARE, PROFILE, "10.0.2.32")
    machines.clone(dom0, host)
    return host


def test_a_copy_is_the_same_machine_under_its_own_name(dom0, copy):
    assert "hostname=h0017\n" in (copy / "root/etc/rc.conf").read_text()
    assert "10.0.2.32" in (copy / "root/etc/ifconfig.wm0").read_text()
    with Machine(copy, copy / "root") as m:
        assert (m.hostname, m.is_dom0(), m.data["address"]) == ("h0017", True, "10.0.2.32")
    one, other = machines.look(dom0), machines.look(copy)
    keys = {path for path in one.tree if "ssh_host" in path}
    assert keys
    assert {path: entry for path, entry in other.tree.items() if path not in keys} == {
        path: entry for path, entry in one.tree.items() if path not in keys
    }


def test_no_two_machines_have_the_same_guests():
    identities = [machines.identity(name) for name in ("plain", "h0001", "h0256", "h0511")]
    assert len({word for identity in identities for word in identity.values()}) == 8


def test_looking_says_what_the_reset_button_would_do_and_does_not_press_it(dom0):
    state = (dom0 / "state.json").read_text()
    seen = machines.look(dom0)
    assert (seen.boots, seen.xen) == ("", "4.20")
    assert (dom0 / "state.json").read_text() == state


def test_a_machine_that_would_not_come_up_is_seen(copy):
    (copy / "root/netbsd-XEN3_DOM0.gz").unlink()
    assert machines.look(copy).boots != ""


def test_a_machine_whose_boot_hangs_would_not_come_up(copy):
    rc_conf = copy / "root/etc/rc.conf"
    kept = [line for line in rc_conf.read_text().splitlines() if "xencommons" not in line]
    rc_conf.write_text("\n".join([*kept, 'xendomains="web1"', ""]))
    config = copy / "root/usr/pkg/etc/xen/web1"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text('name = "web1"\nkernel = "/netbsd-XEN3_DOMU.gz"\n')
    shutil.copy(copy / "root/netbsd-XEN3_DOM0.gz", copy / "root/netbsd-XEN3_DOMU.gz")
    assert machines.look(copy).boots == "/etc/rc hangs"


@pytest.mark.parametrize(
    ("path", "line"), [("etc/ifconfig.wm0", "inet 10.0.2.32 netmask 255.255.255.0"), ("etc/rc.conf", "sshd=YES")]
)
def test_a_machine_that_boots_where_nobody_can_log_in_would_not_come_up(copy, path, line):
    file = copy / "root" / path
    assert line in file.read_text()
    file.write_text(file.read_text().replace(line, ""))
    assert machines.look(copy).boots == "it boots, and nobody can log in: no sshd, or none at 10.0.2.32"


def test_a_machine_that_boots_natively_is_up_without_xen(copy):
    menu = copy / "root/boot.cfg"
    menu.write_text(menu.read_text().replace("default=1", "default=2"))
    seen = machines.look(copy)
    assert (seen.boots, seen.xen) == ("", "")


def test_a_tree_shows_content_mode_and_link_but_not_what_passes(tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "tmp").mkdir()
    (tmp_path / "tmp/x").touch()
    file = tmp_path / "etc/rc.conf"
    file.write_text("a=1\nb=2\n")
    (tmp_path / "etc/link").symlink_to("a")
    before = machines.read_tree(tmp_path, {})
    assert set(before) == {"etc", "etc/rc.conf", "etc/link"}
    assert before["etc/rc.conf"].lines == ("a=1", "b=2")
    file.chmod(0o600)
    (tmp_path / "etc/link").unlink()
    (tmp_path / "etc/link").symlink_to("b")
    after = machines.read_tree(tmp_path, {})
    assert {path for path in before if before[path] != after[path]} == {"etc/rc.conf", "etc/link"}


def test_data_in_a_guests_disk_is_seen_through_its_holes(tmp_path):
    disk = tmp_path / "mail1.img"
    with disk.open("wb") as file:
        file.truncate(1 << 30)
    empty = machines.read_tree(tmp_path, {})["mail1.img"]
    with disk.open("r+b") as file:
        file.seek(1 << 29)
        file.write(b"mail")
    assert machines.read_tree(tmp_path, {})["mail1.img"] != empty
    shutil.copy(disk, tmp_path / "copy.img")
    assert os.stat(disk).st_blocks < 100


def test_out_of_reach_is_down_or_cut_off_but_not_booting(tmp_path):
    mark = tmp_path / "unreachable"
    assert not machines.out_of_reach(tmp_path)
    for text, expected in (("down\n", True), ("cut\n", True), ("1795377490152\n", False)):
        mark.write_text(text)
        assert machines.out_of_reach(tmp_path) is expected


@pytest.mark.parametrize(
    ("mark", "seconds"), [("down\n", 0), ("cut\n", 0), (None, 0), ("{soon}\n", 0.3), ("{past}\n", 0)]
)
def test_a_machine_that_boots_is_waited_for(tmp_path, mark, seconds):
    now = time.time()
    if mark is not None:
        text = mark.format(soon=int(now * 1000) + 300, past=int(now * 1000) - 300)
        (tmp_path / "unreachable").write_text(text)
    machines.wait_for_boot(tmp_path)
    assert seconds * 0.8 <= time.time() - now < seconds + 0.2
