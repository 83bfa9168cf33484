# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Faults that need a real session: broken connections, a host that cuts itself off, files, the clock."""
from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time

import pytest
from netbsd_sim.rack import hosttree
from netbsd_sim.rack.rack import Rack

from ansible_collections.netbsd.xen.tests.unit.support.paths import SIMRACK

pytestmark = pytest.mark.skipif(shutil.which("sshd", path="/usr/sbin:/usr/bin:/usr/local/sbin") is None,
                                reason="needs OpenSSH's sshd")
PYTHON = "/usr/pkg/bin/python3.13"


class FaultyHost:
    """One host of a started rack."""

    def __init__(self, rack: Rack) -> None:
        self.rack, self.directory = rack, rack.host_dir("f1")
        self.root = self.directory / "root"

    def fault(self, match: str, action: str) -> None:
        entry = {"match": match, "action": action, "times": 1}
        (self.directory / "faults.json").write_text(json.dumps([entry]))

    def start(self, command: str) -> subprocess.Popen[str]:
        return subprocess.Popen([*self.rack.ssh_argv("f1"), command], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def ssh(self, command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([*self.rack.ssh_argv("f1"), command], capture_output=True, text=True, timeout=60,
                              check=False)

    def python(self, code: str) -> subprocess.CompletedProcess[str]:
        (self.root / "root/code.py").write_text(code)
        return self.ssh(f"{PYTHON} /root/code.py; echo status $?")

    def log(self, name: str) -> list[dict]:
        path = self.directory / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    rack = Rack(tmp_path_factory.mktemp("faulty") / "rack")
    try:
        rack.create(["f1"], hosttree.DOM0)
        rack.start()
        yield rack
    finally:
        rack.destroy()


@pytest.fixture
def host(started):
    found = FaultyHost(started)
    for name in ("faults.json", "faults.log", "fast_clock", "log_writes", "commands.log"):
        (found.directory / name).unlink(missing_ok=True)
    return found


@pytest.mark.parametrize("new_session", [False, True])
def test_disconnect_does_the_work_and_ends_the_session(host, new_session):
    """A client hears of a broken connection, 255, and what would have come next does not happen."""
    host.fault("ifconfig tap. create", "disconnect")
    name = f"tap{int(new_session)}"
    (host.root / "root/code.py").write_text(
        f"import subprocess\nsubprocess.run(['/sbin/ifconfig', '{name}', 'create'], start_new_session={new_session})\n"
        "open('/etc/never', 'w')\n")
    assert host.ssh(f"{PYTHON} /root/code.py; echo never > /etc/never").returncode == 255
    assert name in host.ssh("/sbin/ifconfig -l").stdout
    assert not (host.root / "etc/never").exists()
    assert [line["action"] for line in host.log("faults.log")] == ["disconnect"]


def test_disconnect_spares_who_left_the_session(host):
    host.fault("ifconfig tap9 create", "disconnect")
    code = """import os, subprocess, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    time.sleep(1)
    open('/etc/guard-lives', 'w')
    os._exit(0)
time.sleep(0.3)
subprocess.run(['/sbin/ifconfig', 'tap9', 'create'])
"""
    assert host.python(code).returncode == 255
    time.sleep(1.5)
    assert (host.root / "etc/guard-lives").exists()


@pytest.mark.parametrize("match", ["ifconfig tap8 create", "^rename /etc/guard-lives$"])
def test_disconnect_is_nothing_to_who_left_the_session(host, match):
    for name in ("guard-begins", "guard-lives"):
        (host.root / "etc" / name).unlink(missing_ok=True)
    host.fault(match, "disconnect")
    code = """import os, subprocess
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    subprocess.run(['/sbin/ifconfig', 'tap8', 'create'], check=True)
    open('/etc/guard-begins', 'w').close()
    os.rename('/etc/guard-begins', '/etc/guard-lives')
    subprocess.run(['/sbin/ifconfig', 'tap8', 'destroy'], check=True)
    os._exit(0)
os.wait()
"""
    assert host.python(code).stdout == "status 0\n"
    deadline = time.monotonic() + 30
    while not any("destroy" in line["argv"] for line in host.log("commands.log")) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert (host.root / "etc/guard-lives").exists()
    assert [line["match"] for line in host.log("faults.log")] == [match]
    assert "tap8" not in host.ssh("/sbin/ifconfig -l").stdout


def test_cut_off_until_the_interfaces_are_as_before(host):
    host.fault("brconfig bridge0 delete wm0", "cut_off")
    code = """import os, subprocess, time
if os.fork() == 0:
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(null, number)
    time.sleep(2)
    subprocess.run(['/sbin/brconfig', 'bridge0', 'add', 'wm0'])
    os._exit(0)
subprocess.run(['/sbin/brconfig', 'bridge0', 'delete', 'wm0'])
"""
    (host.root / "root/code.py").write_text(code)
    began = time.monotonic()
    with host.start(f"{PYTHON} /root/code.py; echo through") as waiting:
        while not host.log("faults.log") and time.monotonic() - began < 20:
            time.sleep(0.05)
        time.sleep(0.3)
        assert host.ssh("echo hello").returncode == 255
        assert waiting.poll() is None
        out, _err = waiting.communicate(timeout=30)
    assert out == "through\n"
    assert host.ssh("echo hello").stdout == "hello\n"


def test_a_reboot_ends_a_cut_off(host):
    host.fault("brconfig bridge0 delete wm0", "cut_off")
    with host.start("/sbin/brconfig bridge0 delete wm0; sleep 30") as waiting:
        while not host.log("faults.log"):
            time.sleep(0.05)
        time.sleep(0.3)
        assert host.ssh("true").returncode == 255
        subprocess.run([sys.executable, str(SIMRACK), "reboot", str(host.rack.directory), "f1"], check=True,
                       timeout=60)
        assert waiting.wait(timeout=20) == 255
    deadline = time.monotonic() + 30
    while host.ssh("true").returncode and time.monotonic() < deadline:
        time.sleep(0.3)
    assert "wm0" in host.ssh("/sbin/brconfig bridge0").stdout


REPLACE = """import os, tempfile
descriptor, name = tempfile.mkstemp(prefix='.motd.', dir='/etc')
os.write(descriptor, b'new')
os.close(descriptor)
os.chmod(name, 0o644)
os.rename(name, '/etc/motd')
"""


def test_writes_are_logged_in_order_with_commands(host):
    (host.directory / "log_writes").touch()
    host.python(REPLACE + "open('/tmp/x', 'w')\nos.mkdir('/etc/d')\nos.rmdir('/etc/d')\n"
                          "import subprocess\nsubprocess.run(['/usr/bin/uname'])\nos.unlink('/etc/motd')\n")
    assert [line["argv"] for line in host.log("commands.log")] == [
        ["write", "/etc/.motd.*"], ["chmod", "/etc/.motd.*"], ["rename", "/etc/motd"], ["mkdir", "/etc/d"],
        ["rmdir", "/etc/d"], ["/usr/bin/uname"], ["unlink", "/etc/motd"]]


@pytest.mark.parametrize(("match", "action", "status", "there"), [
    ("^rename /etc/motd$", "fail", 1, False), ("^write /etc/.motd", "enospc", 1, False),
    ("^rename /etc/motd$", "kill_after", 137, True)])
def test_writes_fail_as_commands_do(host, match, action, status, there):
    (host.root / "etc/motd").unlink(missing_ok=True)
    host.fault(match, action)
    done = host.python(REPLACE)
    assert done.stdout == f"status {status}\n"
    assert (host.root / "etc/motd").exists() is there
    errors = {"fail": "[Errno 5] Input/output error", "enospc": "[Errno 28] No space left on device"}
    assert errors.get(action, "") in done.stderr
    assert host.python(REPLACE).stdout == "status 0\n"


def test_disconnect_at_a_rename(host):
    (host.root / "etc/motd").unlink(missing_ok=True)
    host.fault("^rename /etc/motd$", "disconnect")
    assert host.python(REPLACE).returncode == 255
    assert (host.root / "etc/motd").read_text() == "new"


WAIT = """import subprocess, time
began = time.monotonic()
try:
    subprocess.run(['/usr/bin/uname'], timeout=60, capture_output=True)
except subprocess.TimeoutExpired:
    print('limit', time.monotonic() - began >= 60)
before = time.monotonic()
time.sleep(0.3)
print('slow again', time.monotonic() - before < 3)
"""


def test_the_clock_runs_fast_while_something_hangs(host):
    (host.directory / "fast_clock").write_text("100\n")
    host.fault("uname", "hang")
    began = time.monotonic()
    assert host.python(WAIT).stdout == "limit True\nslow again True\nstatus 0\n"
    assert time.monotonic() - began < 20


MIRROR = "PKG_PATH=https://cdn.NetBSD.org/pub/pkgsrc/packages/NetBSD/amd64/10.1/All"


def test_a_killed_pkg_add_leaves_half_a_package_that_counts_as_installed(host):
    """pkg_install add/perform.c, pkg_do: registered, then unpacked; delete/pkg_delete.c: missing files are no error."""
    host.fault("pkg_add grub2", "kill_midway")
    assert "status 137" in host.ssh(f"env {MIRROR} /usr/sbin/pkg_add grub2; echo status $?").stdout
    listed = host.ssh("/usr/sbin/pkg_info -qL grub2").stdout.split()
    there = [(host.root / path.lstrip("/")).is_symlink() or (host.root / path.lstrip("/")).exists() for path in listed]
    assert 0 < sum(there) < len(there)
    again = host.ssh(f"env {MIRROR} /usr/sbin/pkg_add grub2; echo status $?")
    assert ("status 0" in again.stdout, "already recorded as installed" in again.stderr) == (True, True)
    assert host.ssh("/usr/sbin/pkg_delete grub2").returncode == 0
    assert not [path for path in listed if (host.root / path.lstrip("/")).exists()]
