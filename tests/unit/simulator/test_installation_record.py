# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""An installation of a guest from sets, as NetBSD 7.99.10 did it, said again to a simulated machine of that profile.

fixtures/installation-record.jsonl has the commands in order, with what each printed and its status. Each is in one of
two tables: SAME (status and texts are equal) or DIFFERS, with the reason; there the status is equal all the same.
"""
from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from netbsd_sim.rack.rack import Rack

RECORDS = [
    json.loads(line)
    for line in Path(__file__).with_name("fixtures").joinpath("installation-record.jsonl").read_text().splitlines()
]
PROFILE = "netbsd-7.99.10-xen-4.17"
LS = "ls is the controller's: another width, and a node is a small file; sets are a few KiB, with fewer files"
INODE = "numbers of inodes; the other guest of that machine is not there"

SAME = """
sets-dir fetch-wrong-path fetch-base fetch-etc vnconfig vnconfig-again disklabel-before write-proto disklabel-R
disklabel-after newfs fsck-empty mount mount-list tar-base tar-etc makedev mkdirs fstab rc.conf-before rc.conf
rc.conf-after umount-busy vnconfig-u-busy umount vnconfig-u vnconfig-u-again conf mount-while-running
""".split()
DIFFERS = {
    "date": "when and where the kernel was built, and how full its disk is",
    "ls-sets": LS, "cksum": LS, "df": LS, "ls-dev": LS, "fsck": LS,
    "make-file": "how long it takes",
    "vnd-list-before": INODE, "vnd-list": INODE, "vnd-list-after": INODE, "xl-list": INODE,
    "xl-create": "that machine had no qemu of upstream's kind, and xl said so",
}
NOT_REPLAYED = {"passwd": "the collection sets a password without running anything of the guest's"}

# What runs them on the machine; its own mirror has the directories of the CDN.
DRIVER = """
import json, subprocess, sys
answers = []
for line in json.load(sys.stdin):
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True,
                          env={"PATH": "/sbin:/usr/sbin:/bin:/usr/bin:/usr/pkg/sbin:/usr/pkg/bin"})
    answers.append([done.returncode, done.stdout, done.stderr])
json.dump(answers, sys.stdout)
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, Any], list[Any]]]:
    """Each record with what the simulator says."""
    rack = Rack(tmp_path_factory.mktemp("installation") / "rack")
    replayed = [record for record in RECORDS if record["name"] not in NOT_REPLAYED]
    lines = [record["cmd"].replace("10.0.2.4/NetBSD", "10.0.2.4/pub/NetBSD/NetBSD") for record in replayed]
    try:
        rack.create(["rack7"], "dom0", PROFILE)
        with rack.machine("rack7") as m:
            m.data["pace"] = 0.01
            m.path("/netbsd-XEN3_DOMU").write_bytes(m.path("/netbsd").read_bytes())
        done = rack.exec("rack7", ["/.sim/bin/python", "-IS", "-c", DRIVER], input=json.dumps(lines).encode(),
                         capture_output=True, timeout=300)
        assert done.returncode == 0, done.stderr.decode()
    finally:
        rack.destroy()
    return {record["name"]: (record, said) for record, said in zip(replayed, json.loads(done.stdout), strict=True)}


def test_every_record_is_in_one_table() -> None:
    assert sorted([*SAME, *DIFFERS, *NOT_REPLAYED]) == sorted(record["name"] for record in RECORDS)


def test_what_is_said_is_the_same(found: dict[str, tuple[dict[str, Any], list[Any]]]) -> None:
    wrong = {name: said for name, (record, said) in found.items()
             if name in SAME and said != [record["rc"], record["stdout"], record["stderr"]]}
    assert wrong == {}


def test_what_differs_does_in_its_text_alone(found: dict[str, tuple[dict[str, Any], list[Any]]]) -> None:
    for name in DIFFERS:
        record, said = found[name]
        assert said[0] == record["rc"], (name, said)
        assert said[1:] != [record["stdout"], record["stderr"]], name
