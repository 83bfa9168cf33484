# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A simulated dom0 in a temporary directory, for the tests of the toolstack."""
from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import shlex
import time
from dataclasses import dataclass
from pathlib import Path

from netbsd_sim import xen
from netbsd_sim.core import profiles
from netbsd_sim.core.machine import Machine, NotSimulated, SimError
from netbsd_sim.net import network
from netbsd_sim.system import devices
from netbsd_sim.xen.common import domains, hypervisor, xenstore
from netbsd_sim.xen.common.jsontext import to_json
from netbsd_sim.xen.xl import domconfig, specs, xlcfg
from netbsd_sim.xen.xl.command import run as run_xl

__all__ = [
    "DOMU", "LAB", "NETBSD", "Host", "Hung", "NotSimulated", "Result", "SimError", "TestMachine", "add_vnd_nodes",
    "devices", "dom0", "domains", "domconfig", "hypervisor", "network", "run_xl", "specs", "to_json", "xen", "xlcfg",
]

DOMU = "/home/netbsd-XEN3_DOMU"

# The hosts of the records: the xl 4.20 lab, and NetBSD 7.99.10 as dom0.
LAB = dataclasses.replace(profiles.NETBSD_10_1_XEN_4_20, name="test-lab", total_memory=3071, cpus=2)
NETBSD = dataclasses.replace(profiles.NETBSD_10_1_XEN_4_20, name="test-netbsd", total_memory=1535, cpus=1)
profiles.PROFILES.update({LAB.name: LAB, NETBSD.name: NETBSD})

_CMDLINES = {LAB.name: "dom0_mem=768M,max:768M dom0_max_vcpus=1", NETBSD.name: "dom0_mem=512M"}


class Hung(Exception):
    """The command would never have come back."""


class TestMachine(Machine):
    """A machine that tells when it hangs, and that can let time pass without waiting."""

    __test__ = False
    shift = 0.0

    def now(self) -> float:
        return time.time() + self.shift

    def sleep(self, seconds: float) -> None:
        self.save()
        self.shift += seconds * self.pace
        self.load()

    def hang(self) -> None:
        raise Hung


@dataclass(frozen=True)
class Result:
    rc: int
    stdout: str
    stderr: str


class Host:
    """The machine with short words for what tests do."""

    def __init__(self, machine: TestMachine) -> None:
        self.m = machine

    def xl(self, line: str) -> Result:
        """Run `xl LINE`; words are split as a shell does."""
        return self.call(run_xl, shlex.split(line))

    def xenstore(self, line: str) -> Result:
        """Run `xenstore LINE`, as in `ls -f`."""
        return self.call(xenstore.xenstore, ["xenstore", *shlex.split(line)])

    def call(self, function, args: list[str]) -> Result:
        stdout, stderr = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
            rc = function(self.m, args)
        return Result(rc, stdout.getvalue(), stderr.getvalue())

    def config(self, name: str, *lines: str, kernel: str = DOMU, memory: int = 64) -> str:
        """Write /home/NAME.cfg; returns its path."""
        path = f"/home/{name}.cfg"
        text = [f'name = "{name}"', f'kernel = "{kernel}"', f"memory = {memory}", *lines]
        self.write(path, "\n".join(text) + "\n")
        return path

    def create(self, name: str, *lines: str, kernel: str = DOMU, memory: int = 64) -> Result:
        return self.xl(f"create {self.config(name, *lines, kernel=kernel, memory=memory)}")

    def write(self, path: str, text: str) -> None:
        target = self.m.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    def image(self, path: str, size: int = 4096) -> str:
        target = self.m.path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as stream:
            stream.truncate(size)
        return path

    def read(self, path: str) -> str:
        return self.m.path(path).read_text()

    def later(self, seconds: float) -> None:
        """Let recorded seconds pass, and whatever is due happen."""
        self.m.shift += seconds * self.m.pace
        domains.settle(self.m)

    def names(self) -> list[str]:
        return [line.split()[0] for line in self.xl("list").stdout.splitlines()[1:]]


@contextlib.contextmanager
def dom0(directory: Path, profile: str = NETBSD.name):
    """A booted dom0 with running daemons, bridge0 and vnd0-3."""
    (directory / "root").mkdir(parents=True)
    now = time.time()
    state = {
        "profile": profile, "hostname": "nbdom0", "pace": 0.1, "boot_time": now - 100, "up_at": now - 90,
        "kernel": {"file": "/netbsd-XEN3_DOM0", "name": "XEN3_DOM0", "cmdline": ""},
        "hypervisor": {"file": "/xen.gz", "release": "4.20", "version": "4.20.2_20260610nb0",
                       "cmdline": _CMDLINES[profile]},
        "mounts": [{"device": "kernfs", "dir": "/kern", "fstype": "kernfs", "options": "rw"}], "xen": {},
    }
    (directory / "state.json").write_text(json.dumps(state))
    with TestMachine(directory) as machine:
        host = Host(machine)
        for daemon in ("xenstored", "xenconsoled"):
            machine.start_daemon(daemon)
        machine.path("/dev").mkdir()
        for unit in range(4):
            add_vnd_nodes(machine, unit)
        nodes = devices.disk_nodes("wd", 0)
        for name in ("wd0e", "rwd0e"):
            devices.make_node(machine.path(f"/dev/{name}"), nodes[name])
        network.create_interface(machine, "wm0", "ether")
        network.interface_up(network.create_interface(machine, "bridge0", "bridge"))
        host.write("/usr/pkg/etc/xen/xl.conf", "# nothing set\n")
        host.write(DOMU, "netbsd kernel")
        for name in ("vmlinux", "initrd.img", "grub.bin"):
            host.write(f"/srv/xen/{name}", name)
        yield host


def add_vnd_nodes(machine: Machine, unit: int) -> None:
    """What is needed of that which `MAKEDEV vndN` makes: the node that the block script looks for."""
    name = f"vnd{unit}d"
    devices.make_node(machine.path(f"/dev/{name}"), devices.disk_nodes("vnd", unit)[name])
