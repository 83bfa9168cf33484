# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A pulled plug keeps names and sizes, and only what was fsynced (fact 44; records power-cut, NetBSD 7.99.10)."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import time

import pytest
from netbsd_sim.core import powercut
from netbsd_sim.rack import hosttree
from netbsd_sim.rack.rack import Rack

pytestmark = pytest.mark.skipif(shutil.which("sshd", path="/usr/sbin:/usr/bin:/usr/local/sbin") is None,
                                reason="needs OpenSSH's sshd")
PYTHON = "/usr/pkg/bin/python3.13"
WRITE = """import os, sys
for number in range(40):
    with open(f'/etc/{sys.argv[1]}{number}', 'w') as stream:
        stream.write('a line of text that is not NUL\\n' * 200)
        stream.flush()
        if sys.argv[1] == 'synced':
            os.fsync(stream.fileno())
    os.rename(f'/etc/{sys.argv[1]}{number}', f'/etc/{sys.argv[1]}.{number}')
    os.chmod(f'/etc/{sys.argv[1]}.{number}', 0o600)
"""


@pytest.fixture(scope="module")
def rack(tmp_path_factory):
    made = Rack(tmp_path_factory.mktemp("cut") / "rack")
    try:
        made.create(["p1"], hosttree.DOM0)
        made.start()
        yield made
    finally:
        made.destroy()


@pytest.fixture
def root(rack):
    return rack.host_dir("p1") / "root"


def ssh(rack, command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*rack.ssh_argv("p1"), command], capture_output=True, text=True, timeout=60, check=False)


def pull(rack) -> list[str]:
    with rack.machine("p1") as m:
        return powercut.cut(m)


def wait_until_up(rack) -> None:
    deadline = time.monotonic() + 20
    while ssh(rack, "true").returncode and time.monotonic() < deadline:
        time.sleep(0.3)


def write(rack, root, name: str) -> None:
    (root / "root/write.py").write_text(WRITE)
    assert ssh(rack, f"{PYTHON} /root/write.py {name}").returncode == 0


def test_what_was_fsynced_is_whole_and_the_rest_has_nul_at_full_size(rack, root):
    write(rack, root, "synced")
    write(rack, root, "loose")
    damaged = pull(rack)
    wait_until_up(rack)
    contents = {name: (root / "etc" / name).read_bytes() for name in os.listdir(root / "etc")
                if name.startswith(("synced.", "loose."))}
    text = b"a line of text that is not NUL\n" * 200
    assert all(contents[f"synced.{number}"] == text for number in range(40))
    loose = [contents[f"loose.{number}"] for number in range(40)]
    assert {len(content) for content in loose} == {len(text)}
    lost = [content for content in loose if content != text]
    # Most are lost, most of these altogether, and some only in their tail.
    assert 25 <= len(lost) < 40
    assert all(text.startswith(content.rstrip(b"\0")) for content in lost)
    assert 0 < sum(bool(content.strip(b"\0")) for content in lost) < len(lost) / 2
    assert {path for path in damaged if path.startswith("etc/loose")} == {
        f"etc/loose.{number}" for number, content in enumerate(loose) if content != text}


def test_an_old_file_and_what_a_reboot_synced_are_whole(rack, root):
    (root / "etc/old").write_text("old\n")
    os.utime(root / "etc/old", (time.time() - 60, time.time() - 60))
    write(rack, root, "rebooted")
    assert ssh(rack, "/sbin/shutdown -r now").returncode == 0
    wait_until_up(rack)
    assert not [path for path in pull(rack) if path == "etc/old" or path.startswith("etc/rebooted")]


def test_the_same_cut_again_does_the_same(rack, root):
    found = []
    for _attempt in range(2):
        wait_until_up(rack)
        write(rack, root, "again")
        found.append([path for path in pull(rack) if path.startswith("etc/again")])
    assert found[0] == found[1] != []


def test_a_cut_that_is_repeated_damages_what_the_one_before_did(rack, root):
    wait_until_up(rack)
    write(rack, root, "repeated")
    host = rack.host_dir("p1")
    damage = {"etc/repeated.3": 512, "etc/repeated.*.netbsd_xen": 0, "etc/not-there": 0}
    (root / "etc/repeated.ab_c1234.netbsd_xen").write_bytes(b"x" * 9)
    (host / powercut.AGAIN).write_text("".join(f"{begin} {path}\n" for path, begin in damage.items()))
    damaged = pull(rack)
    (host / powercut.AGAIN).unlink()
    assert damaged == ["etc/repeated.3", "etc/repeated.ab_c1234.netbsd_xen"]
    assert powercut.read(host / powercut.DAMAGED) == {damaged[0]: 512, damaged[1]: 0}
    content = (root / "etc/repeated.3").read_bytes()
    assert content.rstrip(b"\0") == (b"a line of text that is not NUL\n" * 200)[:512] and len(content) == 6200
    assert b"\0" not in (root / "etc/repeated.4").read_bytes()


@pytest.mark.parametrize(("action", "package"), [("power_cut", "grub2"), ("power_cut_midway", "xenkernel418")])
def test_a_fault_cuts_the_power_in_the_middle_of_a_session(rack, root, action, package):
    wait_until_up(rack)
    host = rack.host_dir("p1")
    (host / "faults.json").write_text(json.dumps([{"match": "pkg_add ", "action": action, "times": 1}]))
    url = f"http://mirror.example/pub/pkgsrc/packages/NetBSD/amd64/10.1/All/{package}"
    ended = ssh(rack, f"/usr/sbin/pkg_add {url}; echo never > /etc/never")
    assert ended.returncode == 255
    assert not (root / "etc/never").exists()
    wait_until_up(rack)
    (host / "faults.json").unlink()
    damaged = powercut.read(host / powercut.DAMAGED)
    assert sum(package in path for path in damaged) > 1, damaged
    assert all(b"\0" in (root / path).read_bytes() for path in damaged if (root / path).exists())
