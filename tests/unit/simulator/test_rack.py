# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A real rack: the sshd, the sandbox, and Ansible's own modules on a simulated NetBSD."""
from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT, SIMRACK

FIXTURES = Path(__file__).resolve().parent / "fixtures"
COLLECTIONS = CHECKOUT / ".build/collections"
ANSIBLE = Path(sys.executable).parent / "ansible"

pytestmark = pytest.mark.skipif(
    not ANSIBLE.exists() or shutil.which("sshd", path="/usr/sbin:/usr/bin:/usr/local/sbin") is None,
    reason="needs ansible-core and OpenSSH's sshd")


class LiveRack:
    """A started rack, used through its command line."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.inventory = directory.parent / "inventory.yml"
        self.config = directory.parent / "ansible.cfg"

    def simrack(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, str(SIMRACK), words[0], str(self.directory), *words[1:]],
                              capture_output=True, text=True, timeout=60, check=False)

    def exec(self, host: str, *argv: str) -> subprocess.CompletedProcess[str]:
        return self.simrack("exec", host, "--", *argv)

    def ssh(self, host: str, command: str) -> subprocess.CompletedProcess[str]:
        from netbsd_sim.rack.rack import Rack

        return subprocess.run([*Rack(self.directory).ssh_argv(host), command], capture_output=True, text=True,
                              timeout=60, check=False)

    def module(self, host: str, name: str, arguments: dict | None = None) -> dict:
        """Run one Ansible module. Returns its result, a failure's as well."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        environment["ANSIBLE_CONFIG"] = str(self.config)
        command = [str(ANSIBLE), host, "-i", str(self.inventory), "-m", name]
        command += ["-a", json.dumps(arguments)] if arguments else []
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False,
                              env=environment)
        assert "=> {" in done.stdout, done.stdout + done.stderr
        return json.loads(done.stdout[done.stdout.index("=> {") + 3:])


@pytest.fixture(scope="module")
def rack(tmp_path_factory):
    """Host `g1` without Xen, dom0s `d1` and `d2`, bare host `b1`."""
    live = LiveRack(tmp_path_factory.mktemp("live") / "rack")
    try:
        for words in (("create", "--names", "g1", "--python"), ("create", "--names", "d1,d2"),
                      ("create", "--names", "b1", "--bare"), ("start",)):
            done = live.simrack(*words)
            assert done.returncode == 0, done.stderr
        live.inventory.write_text(live.simrack("inventory").stdout)
        live.config.write_text(f"[defaults]\nhost_key_checking = false\ncollections_path = {COLLECTIONS}\n"
                               "[ssh_connection]\npipelining = true\n")
        yield live
    finally:
        live.simrack("destroy")


def fact_paths(value, prefix: str = "") -> set[str]:
    """`path type` of everything in a result."""
    found = set()
    if isinstance(value, dict):
        for key, inner in value.items():
            found |= {f"{prefix}/{key} {type(inner).__name__}"} | fact_paths(inner, f"{prefix}/{key}")
    elif isinstance(value, list):
        for inner in value:
            found |= fact_paths(inner, prefix + "[]")
    return found


def test_setup_gives_the_facts_of_the_real_machine(rack):
    """record ansible-setup.txt: the same keys and types; only the second NIC is more."""
    lines = (FIXTURES / "ansible-setup-keys.txt").read_text().splitlines()
    recorded = {line for line in lines if not line.startswith("#")}
    facts = rack.module("g1", "setup")["ansible_facts"]
    # A session without a terminal has neither (the recorded one had).
    without_terminal = {"/ansible_env/SSH_TTY str", "/ansible_env/TERM str"}
    found = fact_paths(facts)
    assert recorded - found - without_terminal == set()
    assert {line for line in found - recorded if not line.startswith("/ansible_wm1")} == set()
    assert facts["ansible_system"] == facts["ansible_distribution"] == facts["ansible_os_family"] == "NetBSD"
    assert facts["ansible_pkg_mgr"] == "pkgin"
    assert facts["ansible_service_mgr"] == "bsdinit"
    assert facts["ansible_python"]["has_sslcontext"] is False
    assert facts["ansible_env"]["PATH"] == "/usr/bin:/bin:/usr/pkg/bin:/usr/local/bin"
    assert facts["ansible_is_chroot"] is False


@pytest.mark.parametrize("host", ["g1", "d1"])
def test_virtualization_says_xen_guest_everywhere(rack, host):
    """facts measured 8: bare metal and dom0 alike, because /dev/xencons exists."""
    facts = rack.module(host, "setup", {"gather_subset": ["!all", "!min", "virtual"]})["ansible_facts"]
    assert (facts["ansible_virtualization_type"], facts["ansible_virtualization_role"]) == ("xen", "guest")


def test_network_facts_vanish_once_a_nic_is_a_bridge_member(rack):
    """facts measured 7; record ansible-setup-net."""
    result = rack.module("d1", "setup", {"gather_subset": ["!all", "!min", "network"]})
    assert "ansible_interfaces" not in result["ansible_facts"]
    assert "ansible_default_ipv4" in rack.module("g1", "setup", {"gather_subset": "network"})["ansible_facts"]


def test_ping_copy_and_the_privcmd_trap(rack):
    """facts measured 9; records ansible-copy, ansible-stat, ansible-slurp-privcmd, ansible-stat-vnd."""
    assert rack.module("d1", "ping")["ping"] == "pong"
    copied = rack.module("d1", "copy", {"content": "hello", "dest": "/root/c1", "mode": "0600", "group": "wheel"})
    assert (copied["changed"], copied["group"]) == (True, "wheel")
    assert rack.module("d1", "copy", {"content": "hello", "dest": "/root/c1", "mode": "0600"})["changed"] is False
    for module, argument in (("stat", "path"), ("slurp", "src")):
        result = rack.module("d1", module, {argument: "/kern/xen/privcmd"})
        assert "[Errno 45] Operation not supported" in json.dumps(result) or result["msg"].startswith("Unable to slurp")
    node = rack.module("d1", "stat", {"path": "/dev/vnd3d"})["stat"]
    assert (node["isblk"], node["device_type"], node["mode"]) == (True, 3635, "0640")


def test_service_module_and_xencommons(rack):
    """facts measured 2 and 5; records ansible-dead-started-1, ansible-svc-xendomains-enabled, ansible-svc-nosuch."""
    rack.exec("d2", "/usr/bin/pkill", "xenstored")
    rack.exec("d2", "/usr/bin/pkill", "xenconsoled")
    assert rack.module("d2", "service", {"name": "xencommons", "state": "started"})["changed"] is False
    assert rack.exec("d2", "/usr/bin/pgrep", "xenstored").returncode == 1
    rack.module("d2", "service", {"name": "xendomains", "enabled": True})
    assert rack.exec("d2", "tail", "-1", "/etc/rc.conf").stdout == 'xendomains="YES"\n'
    assert rack.module("d2", "service", {"name": "nosuch", "state": "started"})["msg"].endswith(
        "unable to find rc.d script")


def test_reboot_module(rack):
    """facts measured 10; records ansible-reboot-default, ansible-reboot-search-only-cmd, ansible-reboot-cmds."""
    failed = rack.module("d1", "reboot", {"reboot_timeout": 20})
    assert "cat: /proc/sys/kernel/random/boot_id: No such file or directory" in failed["msg"]
    boot_time = {"boot_time_command": "/sbin/sysctl -n kern.boottime", "reboot_timeout": 40}
    assert "illegal time format" in rack.module("d1", "reboot", boot_time)["msg"]
    result = rack.module("d1", "reboot", {**boot_time, "reboot_command": "/sbin/shutdown -r now"})
    assert result["rebooted"] is True


def test_a_host_that_boots_refuses_and_ends_its_connections(rack):
    with subprocess.Popen([*_ssh_argv(rack, "d2"), "sleep 60"], stderr=subprocess.DEVNULL) as session:
        time.sleep(1)
        assert session.poll() is None
        assert rack.ssh("d2", "/sbin/reboot").returncode == 0
        assert session.wait(timeout=5) == 255
    assert rack.ssh("d2", "true").returncode == 255
    deadline = time.monotonic() + 10
    while rack.ssh("d2", "true").returncode == 255:
        assert time.monotonic() < deadline
        time.sleep(0.2)


def _ssh_argv(rack, host: str) -> list[str]:
    from netbsd_sim.rack.rack import Rack

    return Rack(rack.directory).ssh_argv(host)


def test_a_host_into_a_missing_kernel_stays_down_until_someone_presses_reset(rack):
    rack.exec("d2", "mv", "/boot.cfg", "/boot.cfg.good")
    rack.exec("d2", "sh", "-c", "echo 'menu=x:boot /nosuch' > /boot.cfg")
    rack.exec("d2", "/sbin/reboot")
    time.sleep(2.5)
    assert rack.ssh("d2", "true").returncode == 255
    assert "down: boot menu: entry 'x' starts nothing, for ever" in rack.simrack("status").stdout
    (rack.directory / "hosts/d2/root/boot.cfg.good").rename(rack.directory / "hosts/d2/root/boot.cfg")
    rack.simrack("reboot", "d2")
    time.sleep(2.5)
    assert rack.ssh("d2", "/usr/bin/uname -v").stdout.startswith("NetBSD 10.1 (XEN3_DOM0)")


def test_a_bare_host_gets_its_python_from_the_mirror(rack):
    assert rack.exec("b1", "ls", "/usr/pkg/bin").returncode == 2
    done = rack.ssh("b1", "PKG_PATH=https://cdn.NetBSD.org/pub/pkgsrc/packages/NetBSD/amd64/10.1/All "
                          "/usr/sbin/pkg_add pkgin && /usr/pkg/bin/pkgin -y install python313")
    assert done.returncode == 0, done.stderr
    assert rack.module("b1", "ping")["ping"] == "pong"


def test_python_says_netbsd(rack):
    code = "import os, platform, sys, socket; print(sys.platform, platform.system(), os.uname().machine, "
    code += "socket.gethostname(), sys.prefix)"
    assert rack.exec("d1", "/usr/pkg/bin/python3.13", "-c", code).stdout == "netbsd10 NetBSD amd64 d1 /usr/pkg\n"


def test_nothing_of_the_controller_is_there(rack):
    """Only the shared tree and what NetBSD has; it can't be written."""
    assert rack.exec("d1", "ls", "/").stdout.split() == [
        "altroot", "bin", "boot", "boot.cfg", "boot.d", "dev", "etc", "home", "kern", "lib", "lib64", "libexec", "mnt",
        "netbsd", "netbsd-XEN3_DOM0.gz", "proc", "rescue", "root", "sbin", "stand", "tmp", "usr", "var", "xen.gz"]
    for path in ("/.sim/bin/x", "/.sim/lib/netbsd_sim/x", "/.sim/pylib/x", "/.sim/mirror/x"):
        assert "Read-only file system" in rack.exec("d1", "touch", path).stderr
    assert rack.exec("d1", "truncate", "-s", "1", "/tmp/x").returncode == 127  # record img-truncate-missing
    assert rack.exec("d1", "ls", "/proc/1").returncode == 2


def test_ftp_fetches_from_the_racks_mirror(rack):
    url = "https://cdn.NetBSD.org/pub/NetBSD/NetBSD-10.1/amd64/binary/kernel/"
    assert rack.exec("g1", "/usr/bin/ftp", "-o", "/tmp/k.gz", url + "netbsd-XEN3_DOM0.gz").returncode == 0
    assert rack.exec("g1", "/usr/bin/ftp", "-o", "/tmp/SHA512", url + "SHA512").returncode == 0
    digest = rack.exec("g1", "/usr/bin/cksum", "-n", "-a", "SHA512", "/tmp/k.gz").stdout.split()[0]
    assert f"SHA512 (netbsd-XEN3_DOM0.gz) = {digest}\n" in rack.exec("g1", "cat", "/tmp/SHA512").stdout
    assert rack.exec("g1", "/usr/bin/ftp", "-o", "/tmp/x", url + "nosuch.gz").returncode == 1


def test_a_full_disk_stops_python_too(rack):
    rack.simrack("fault", "g1", "--match", "^write /etc/", "--action", "enospc", "--times", "1")
    code = "open('/etc/x', 'w')"
    assert "[Errno 28] No space left on device" in rack.exec("g1", "/usr/pkg/bin/python3.13", "-c", code).stderr
    assert rack.exec("g1", "/usr/pkg/bin/python3.13", "-c", code).returncode == 0


def test_logs(rack):
    rack.simrack("reset-log", "g1")
    rack.ssh("g1", "/usr/bin/uname -r; echo \"x'\\y\"")
    host = rack.directory / "hosts/g1"
    [session] = [json.loads(line) for line in (host / "sessions.log").read_text().splitlines()]
    assert session["command"] == "/usr/bin/uname -r; echo \"x'\\y\""
    [command] = [json.loads(line) for line in (host / "commands.log").read_text().splitlines()]
    assert (command["argv"], command["rc"]) == (["/usr/bin/uname", "-r"], 0)


def test_stop_leaves_nothing_running(tmp_path):
    live = LiveRack(tmp_path / "rack")
    live.simrack("create", "--names", "x1", "--python")
    live.simrack("start")
    with subprocess.Popen([*_ssh_argv(live, "x1"), "sleep 300"], stderr=subprocess.DEVNULL) as session:
        time.sleep(1)
        assert session.poll() is None
        live.simrack("stop")
        assert session.wait(timeout=5) == 255
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(live.directory) not in processes
    assert live.simrack("destroy").returncode == 0
    assert not live.directory.exists()


def test_stop_ends_what_was_started_while_it_looked(tmp_path):
    """It broke the deletion of a rack now and then: somebody still wrote there."""
    from netbsd_sim.core import hangup

    live = LiveRack(tmp_path / "rack")
    live.simrack("create", "--names", "x1", "--python")
    live.simrack("start")
    endless = "while :; do sleep 300 & echo >/tmp/$!; done"
    assert live.ssh("x1", f"sh -c '{endless}' </dev/null >/dev/null 2>&1 &").returncode == 0
    root = str(live.directory / "hosts/x1/root")
    deadline = time.monotonic() + 10
    while len(hangup.inside(root)) < 20:
        assert time.monotonic() < deadline
    live.simrack("stop")
    assert hangup.inside(root) == []
    assert live.simrack("destroy").returncode == 0


def test_host_info_leaves_the_state_as_it_is(rack):
    state = rack.directory / "hosts/d1/state.json"
    before = state.read_bytes(), state.stat().st_mtime_ns
    for _look in range(2):
        assert "packages" in rack.module("d1", "netbsd.xen.host_info", {"resources": ["all"]})
        assert (state.read_bytes(), state.stat().st_mtime_ns) == before


def test_what_was_compiled_is_kept_for_all_hosts(rack):
    """Ansible's modules come in zip files, of which Python itself keeps nothing."""
    assert rack.module("d1", "ping")["ping"] == "pong"
    kept = sorted((rack.directory / "codes").iterdir())
    times = [path.stat().st_mtime_ns for path in kept]
    assert kept
    assert rack.module("d2", "ping")["ping"] == "pong"
    assert [path.stat().st_mtime_ns for path in sorted((rack.directory / "codes").iterdir())] == times
    for path in kept:
        path.write_bytes(path.read_bytes()[:20])
    assert rack.module("d2", "ping")["ping"] == "pong"
    assert any(path.stat().st_size > 20 for path in kept), "damaged code is made again"
