# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Guests that are installed by each method on a simulated machine, killed behind each step: the next run goes on,
units, mounts and what was unpacked are given back, and what comes of it is what comes of a run that nobody
disturbed."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest
from linux_packages import LEAST
from linux_system import FILES, LINKS, MBR, kernel, packed

from ansible_collections.netbsd.xen.plugins.module_utils import _engine
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read import vnd
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import resource as guest_system
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.methods import image, sets
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.methods.table import METHODS
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work import content, linux_root
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import lock
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.mortal import Stepping, copied
from ansible_collections.netbsd.xen.tests.unit.support.real_tools import MKE2FS
from ansible_collections.netbsd.xen.tests.unit.support.whole_host import the_mirror

PROFILE, RELEASE = "netbsd-7.99.10-xen-4.17", "7.99.10"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwj9+WsILBmTvLUmQ56i6XkrekkVp1AyMUBWPnvAALq admin@rack"
DISK, SEED, RECORD = "/home/xen/web1.img", "/home/xen/web1-seed.iso", "/usr/pkg/etc/xen/.web1.install"
LOGIN = {"network": {"address": "10.0.2.21/24"}, "authorized_keys": [KEY]}
GUEST = {"name": "web1", "memory": 64, "nics": ["bridge0"], "disks": [{"path": DISK, "size": "200M"}]}
NETBSD = {**GUEST, "os": "netbsd", "install": {"release": RELEASE, "source": "/home/mirror", **LOGIN}}
LINUX = {**GUEST, "os": "linux", "kernel": "/home/xen/web1-vmlinuz"}
TREE = {"method": "tree", "tree": "/home/xen/debian.tgz", "filesystem": "ext2", **LOGIN}
# Of each method, and each form of its disk.
GUESTS: dict[str, dict[str, Any]] = {
    "sets": NETBSD,
    "sets, gpt": {**NETBSD, "install": {**NETBSD["install"], "table": "gpt"}},
    "tree": {**LINUX, "ramdisk": "/home/xen/web1-initrd", "install": TREE},
    "packages": {
        **LINUX,
        "install": {"method": "packages", "packages": "/home/xen/debs", **LOGIN},
    },
    "image": {
        **LINUX, "root": "/dev/xvda", "kernel": "/home/xen/vmlinuz",
        "disks": [{"path": DISK, "size": "8M"}, {"path": SEED, "access": "ro"}],
        "install": {"method": "image", "image": "/home/xen/debian.raw", "seed": SEED, **LOGIN},
    },
}  # fmt: skip
# From that step on another one has the same.
UNTIL = {"sets": "/sbin/newfs", "packages": "/usr/bin/ssh-keygen"}
# The steps of a method are shared out among so many tests, which can run at the same time.
PARTS = 2


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A dom0 with all that the guests are made of."""
    folder = tmp_path_factory.mktemp("base") / "nb0"
    made = sim_host.make_host(folder, profile=PROFILE)
    release = f"pub/NetBSD/NetBSD-{RELEASE}"
    shutil.copytree(the_mirror() / release, made.root / f"home/mirror/NetBSD-{RELEASE}")
    made.install("e2fsprogs")
    (made.root / "home/xen/debs").mkdir(parents=True)
    for name, raw in LEAST.items():
        (made.root / "home/xen/debs" / name).write_bytes(raw)
    (made.root / "home/xen/debian.tgz").write_bytes(packed(FILES, LINKS))
    (made.root / "home/xen/debian.raw").write_bytes(MBR + b"a system\n" * 100000)
    (made.root / "home/xen/vmlinuz").write_bytes(kernel())
    return made


@pytest.fixture(autouse=True)
def _quick(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "LOCK_FILE", str(tmp_path / "lock"))
    monkeypatch.setattr(vnd, "BETWEEN_LOOKS_SECONDS", 0.0)
    # Those of type rsa take a second each.
    for method in (linux_root, image):
        monkeypatch.setattr(method, "KEY_TYPES", ("ed25519",))
    monkeypatch.setattr(sets.netbsd_release, "host_key_types", lambda _release: ("ed25519",))


def params(kind: str = "sets", **install: Any) -> dict[str, Any]:
    given = {name: value.get("default") for name, value in guest_system.ARGUMENTS.items()}
    guest = GUESTS[kind]
    return {**given, "guests": [{**guest, "install": {**guest["install"], **install}}], "host_name": "xen1"}


def run(host: Stepping, kind: str = "sets", **install: Any) -> _engine.Outcome:
    return _engine.converge(guest_system, params(kind, **install), host, check=False)


def units(host: Stepping) -> list[str]:
    lines = host.try_run(["/usr/sbin/vnconfig", "-l"]).stdout.splitlines()
    return [line for line in lines if not line.endswith("not in use")]


def left(host: Stepping) -> list[str]:
    """What must not stay: units, wedges, mounts, files on their way, what was unpacked; the disk's mark."""
    mounted = [line for line in host.try_run(["/sbin/mount"]).stdout.splitlines() if "vnd" in line or "/dk" in line]
    own = (".web1.install", ".web1.proof", ".web1.proof.pub")
    found = [name for name in host.list_dir("/usr/pkg/etc/xen") if name.startswith(".web1") and name not in own]
    found += [name for name in host.list_dir("/home/xen") if name.startswith(".") or name.endswith(".new")]
    places = (linux_root.STAGES, image.WORK, "/var/run/netbsd.xen.install")
    wedges = list(host.machine.data.get("wedges", {}))
    return [*units(host), *wedges, *mounted, *found, *(name for place in places for name in host.list_dir(place))]


def marked(host: Stepping) -> bool:
    """Whether the disk says that it is being written, in more than the name of a pack or a partition."""
    with host.open_file(DISK) as stream:
        head = stream.read(content.LOOKED_AT)
        stream.seek(-content.LOOKED_AT, 2)
        return b"netbsd.xen installs" in head + stream.read()


def test_each_method_is_killed():
    # Those by which the controller takes part have files of their own, test_method_sysinst.py and test_method_media.py.
    here = {guest["install"].get("method", "sets") for guest in GUESTS.values()}
    assert here | {name for name, method in METHODS.items() if method.talks} == set(METHODS)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("kind", GUESTS)
def test_every_step_can_be_the_last_one(base, tmp_path, monkeypatch, kind, part, capsys):
    if MKE2FS is None and "sets" not in kind:
        pytest.skip("mke2fs is not installed")
    kills = 0

    def behind(number: int) -> None:
        nonlocal kills
        others = any(UNTIL[kind] in step for step in whole.steps[:-1]) if kind in UNTIL else False
        if number % PARTS != part or others:
            return
        kills += 1
        machine = copied(whole.machine, tmp_path / f"{number}")
        with monkeypatch.context() as other:
            # The one of the run that is killed goes with it.
            other.setattr(lock, "LOCK_FILE", str(tmp_path / f"{number}.lock"))
            again, step = Stepping(machine), whole.steps[-1]
            outcome = run(again, kind)
            assert {name: str(error) for name, error in outcome.failures.items()} == {}, step
            assert json.loads(again.text(RECORD))["stage"] == "configured", step
            assert left(again) == [], step
            assert run(Stepping(machine), kind).done == [], step
        marks.append(marked(again))
        shutil.rmtree(machine.directory)

    marks: list[bool] = []
    whole = Stepping(copied(base, tmp_path / "whole"), behind)
    assert run(whole, kind).failures == {}
    assert json.loads(whole.text(RECORD))["stage"] == "configured" and left(whole) == [] and not marked(whole)
    # Only a run that is killed behind the record's last word leaves the mark.
    assert marks.count(True) <= 2 and not any(marks[:-2])
    assert kills > 5
    with capsys.disabled():
        print(f"{kind}: killed behind {kills} of {len(whole.steps)} steps")  # noqa: T201


def test_the_key_of_the_proof_is_on_the_disk_before_the_record_says_that_the_guest_has_it(base, tmp_path):
    class Seen(Stepping):
        def write_text(self, path, text, mode=0o644, backup=False):
            if path == RECORD and '"configured"' in text:
                self.before = list(self.synced)
            super().write_text(path, text, mode, backup)

    host = Seen(copied(base, tmp_path / "proof"))
    assert run(host).failures == {}
    proof = "/usr/pkg/etc/xen/.web1.proof"
    assert {proof, f"{proof}.pub", "/usr/pkg/etc/xen"} <= set(host.before)


def test_the_key_of_the_proof_does_not_stay_behind_a_run_that_broke_off(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "proven"))
    assert run(host).failures == {}
    record = json.loads(host.text(RECORD))
    host.write_text(RECORD, json.dumps({**record, "stage": "verified"}))
    (change,) = run(host).done
    assert change.summary.startswith("remove the key by which a login was seen")
    left_of_it = [name for name in host.list_dir("/usr/pkg/etc/xen") if name.startswith(".web1")]
    assert left_of_it == [".web1.install"] and run(host).done == []


def test_a_disk_that_holds_anything_is_written_only_by_its_word(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "held"))
    data = b"the mail of ten years"
    host.make_dir("/home/xen")
    host.create_sparse(DISK, 256 << 20)
    host.write_within(DISK, (256 << 20) - len(data), data)
    outcome = run(host)
    assert (outcome.done, outcome.failures) == ([], {})
    (said,) = outcome.plan.warnings
    assert "installed by others, and nothing was written" in said
    word = said.rsplit(" ", 1)[1]
    wrong = run(host, again="0" * 12)
    assert "nothing was written" in str(wrong.failures["web1"]) and word in str(wrong.failures["web1"])
    assert host.open_file(DISK).read()[-len(data) :] == data
    planned = _engine.converge(guest_system, params(again=word), host, check=True)
    assert [change.impact for change in planned.done] == ["guest_recreate"]
    assert run(host, again=word).failures == {}
    assert host.open_file(DISK).read()[-len(data) :] == bytes(len(data))
    # The word is used up, and stays in the inventory.
    assert run(host, again=word).done == []
    # Nor does it match where dom0 has lost its record.
    host.remove(RECORD)
    assert f"install.again is {word}, and disk" in str(run(host, again=word).failures["web1"])


@pytest.mark.parametrize("kind", [kind for kind in GUESTS if "sets" not in kind])
def test_an_old_word_never_matches_again(base, tmp_path, kind):
    """Also where what is installed is the same to the byte, and dom0 has lost its record."""
    if MKE2FS is None:
        pytest.skip("mke2fs is not installed")
    host = Stepping(copied(base, tmp_path / "again"))
    run(host, kind)
    host.remove(RECORD)
    (said,) = run(host, kind).plan.warnings
    word = said.rsplit(" ", 1)[1]
    assert len(run(host, kind, again=word).done) == 1
    assert run(host, kind, again=word).done == []
    host.remove(RECORD)
    outcome = run(host, kind, again=word)
    assert outcome.done == [] and f"install.again is {word}, and disk" in str(outcome.failures["web1"])


def absent(host: Stepping, check: bool = False) -> _engine.Outcome:
    given = {name: value.get("default") for name, value in guest_system.ARGUMENTS.items()}
    guests = [{"name": "web1", "state": "absent"}]
    return _engine.converge(guest_system, {**given, "guests": guests, "host_name": "xen1"}, host, check=check)


def test_a_guest_that_is_no_more_leaves_nothing_that_says_it_was_installed(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "gone"))
    run(host)
    assert absent(host).done == [], "its disk is there, and its system on it"
    host.remove(DISK)
    assert [change.summary for change in absent(host, check=True).done] == [
        f"forget its installation on {DISK}, which is gone"
    ]
    assert len(absent(host).done) == 1
    assert [name for name in host.list_dir("/usr/pkg/etc/xen") if name.startswith(".web1")] == []
    assert absent(host).done == []
    # The next one of this name has a disk that looks the same from outside.
    host.create_sparse(DISK, 256 << 20)
    assert [change.before for change in run(host).done] == ["empty"]


def test_a_guest_that_is_no_more_gives_its_unit_back(base, tmp_path):
    cut: list[Any] = []

    def behind(_number: int) -> None:
        if "newfs" in whole.steps[-1] and not cut:
            cut.append(copied(whole.machine, tmp_path / "cut"))

    whole = Stepping(copied(base, tmp_path / "whole"), behind)
    run(whole)
    host = Stepping(cut[0])
    assert len(units(host)) == 1
    assert [change.action for change in absent(host).done] == ["GiveBack"]
    assert units(host) == [] and absent(host).done == []


@pytest.mark.parametrize(
    ("kind", "install", "words"),
    [
        ("sets", {"swap": "300M"}, "are needed for what is installed on it"),
        ("sets, gpt", {"swap": "300M"}, "are needed for what is installed on it"),
        ("sets", {"sums": {"base.tgz": "0" * 128}}, "install.sums says 0000000000000000"),
        ("sets", {"sets": ["base", "etc", "comp"]}, "comp.tgz does not exist; bring it there"),
        ("sets", {"release": "7.99.11"}, "NetBSD-7.99.11/amd64/binary/kernel/"),
        ("packages", {"sums": {"dpkg_1_all.deb": "0" * 64}}, "has the SHA256"),
        ("packages", {"packages": "/home/xen"}, "/home/xen has no .deb and no .rpm files"),
        ("packages", {"packages": ["/home/xen/debs/none.deb"]}, "none.deb does not exist"),
    ],
)
def test_what_can_not_be_had_is_said_before_the_disk_is_touched(base, tmp_path, kind, install, words):
    host = Stepping(copied(base, tmp_path / "lacking"))
    said = str(run(host, kind, **install).failures["web1"])
    assert words in said and "\n" not in said
    assert not host.exists(DISK) and not host.exists(RECORD) and left(host) == []


@pytest.mark.parametrize("kind", ["sets", "sets, gpt"])
def test_what_says_whose_the_disk_is_is_on_it_before_all_else(base, tmp_path, kind):
    host = Stepping(copied(base, tmp_path / "order"))
    run(host, kind)
    steps = [step.split()[0] for step in host.steps if DISK in step or "newfs" in step]
    made = steps.index("/sbin/newfs")
    assert ("sync" if kind == "sets" else "write_within") in steps[:made]


def test_a_gpt_and_its_guest_agree(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "gpt"))
    assert run(host, "sets, gpt").failures == {}
    run_of = host.machine.run
    run_of("vnconfig", "-c", "vnd0", DISK)
    mark = json.loads(host.text(RECORD))["mark"]
    root, swap = run_of("dkctl", "vnd0", "listwedges").out.splitlines()[1:]
    # The megabytes of the two tables are left out of 200M.
    assert root == f"dk0: {mark}, {(200 - 2 - 64) << 11} blocks at 2048, type: ffs"
    assert swap == f"dk1: {mark}-swap, {64 << 11} blocks at {(200 - 1 - 64) << 11}, type: swap"
    host.make_dir("/mnt")
    assert run_of("mount", "-r", "-t", "ffs", "/dev/dk0", "/mnt").rc == 0
    assert [line.split()[0] for line in host.text("/mnt/etc/fstab").splitlines()][:2] == ["/dev/dk0", "/dev/dk1"]
    assert guest_system.declare(params("sets, gpt")).systems[0].guest.cmdline == "root=dk0"


def test_a_kernel_that_does_not_look_for_wedges_is_told(base, tmp_path, monkeypatch):
    """DKWEDGE_AUTODISCOVER is an option of the kernel's."""
    monkeypatch.setattr("netbsd_sim.system.wedges.discover", lambda _m, _unit: None)
    host = Stepping(copied(base, tmp_path / "told"))
    assert run(host, "sets, gpt").failures == {}
    assert any("addwedge" in step for step in host.steps) and left(host) == []


def test_an_old_dom0_makes_no_gpt(base, tmp_path):
    host = Stepping(copied(base, tmp_path / "old"))
    host.release = "6.1"
    said = str(run(host, "sets, gpt").failures["web1"])
    assert "table is gpt, and NetBSD 6.1 of dom0 makes no wedges" in said and not host.exists(DISK)
