# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""One way to a dom0 for the contract tests, whether it is real or simulated."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible_here import CHECKOUT, Here, Lost, Residents

LAB = CHECKOUT / "tests/xen/lab"
SIMRACK = CHECKOUT / "tests/simulator/simrack"
COLLECTION = CHECKOUT / ".build/collections/ansible_collections/netbsd/xen"

# The releases of real Xen.
NEWEST, OLDEST = "4.20", "4.17"

SIM_FACTS = {
    "xl": "/usr/pkg/sbin/xl",
    "bridge": "bridge0",
    "second_bridge": "bridge1",
    "kernel": "/srv/xen/vmlinux",
    "ramdisk": "/srv/xen/initrd.img",
    "cmdline": "console=hvc0 quiet",
    "ignoring_kernel": "/srv/xen/noack.bin",
    "disks": ["/srv/xen/disk1.img", "/srv/xen/disk2.img", "/srv/xen/disk3.img"],
    "crashing_kernel": "/srv/xen/crash.bin",
    "config_dir": "/usr/pkg/etc/xen",
    "console_log_dir": "/var/log/xen/console",
    "python": "/usr/pkg/bin/python3.13",
    "host_cpus": 4,
    "pvh": True,
    "time_scale": 0.1,
}

# Exit statuses of ansible(1): the task went well, or failed on a host. All others mean that it did not run.
_OK, _FAILED = 0, 2
# A warning of Ansible's, which it breaks into lines that fit a terminal.
_WARNING = re.compile(r"^\[WARNING\]: (.*(?:\n(?!\[).+)*)", re.MULTILINE)
_SSH_FAILED = 255
_INVENTORY = "inventory.yml"


class TargetError(Exception):
    """The machine, or Ansible on the way to it, does not work: nothing that a module said."""


@dataclass(frozen=True)
class Target:
    """A dom0 under test.

    name:      "xen" or "sim"
    host:      the machine's name in the inventory
    inventory: file of the inventory
    facts:     what tests may use there, all paths but the bridges' names: xl, bridge, second_bridge, kernel, ramdisk
               and cmdline (of a guest that acknowledges a shutdown in about a second), ignoring_kernel (of one that
               never does), crashing_kernel (of one that panics if it has no ramdisk), disks (a list), config_dir,
               console_log_dir, python, host_cpus (of which dom0 leaves at least one alone), pvh (whether such guests
               run), time_scale (how long guests take, as a part of what real ones take)
    seconds:   time limit of one command or module run
    scratch:   a directory here for files of the harness
    ssh:       the ssh command for the machine, to be followed by one word: a line for its shell
    residents: the Pythons on the machine that run modules
    here:      Ansible in this process, for this machine
    restart:   a function that ends the machine, dead or alive, and boots it as it was at first; with `with_xen=False`
               as the same machine without the hypervisor. None if the machine is not the tests' own
    """

    name: str
    host: str
    inventory: Path
    facts: Mapping[str, Any]
    seconds: float
    scratch: Path
    ssh: Sequence[str]
    residents: Residents
    here: Here
    restart: Callable[..., None] | None

    def module(self, name: str, args: Mapping[str, Any], check: bool = False, diff: bool = False) -> dict[str, Any]:
        """Runs a module once and returns its result as JSON has it, a failure's too (`failed` is then true), with the
        texts of its warnings.

        Raises TargetError if there is no result: unknown module, machine out of reach, a module that had to be killed.
        """
        _check_is_there(name)
        try:
            return _plain(self.here.run(name, args, check, diff))
        except AnsibleError as error:
            raise TargetError(f"no result of {name} on {self.host}: {error}") from error

    def module_through_ansible(
        self, name: str, args: Mapping[str, Any], check: bool = False, diff: bool = False
    ) -> dict[str, Any]:
        """As module(), but by the program `ansible`, as an admin would. That takes seconds each time."""
        _check_is_there(name)
        with tempfile.TemporaryDirectory(dir=self.scratch) as tree:
            argv = [_ansible(), self.host, "-i", str(self.inventory), "-m", name]
            # An empty JSON object would be taken for free text.
            argv += ["-a", json.dumps(dict(args))] if args else []
            # Three -v: with fewer, Ansible leaves the diff out of the results that it writes to files.
            argv += ["--tree", tree, "-vvv", *(["--check"] if check else []), *(["--diff"] if diff else [])]
            # Of Ansible's own warnings one speaks of --tree.
            ended = _run(argv, self.seconds, cwd=CHECKOUT, env={**os.environ, "ANSIBLE_DEPRECATION_WARNINGS": "0"})
            result_file = Path(tree, self.host)
            result = json.loads(result_file.read_text(encoding="utf-8")) if result_file.exists() else None
        if result is None or ended.returncode not in (_OK, _FAILED):
            raise TargetError(f"no result of {name} on {self.host}:\n{ended.stdout}\n{ended.stderr}")
        # Ansible leaves these two out of the results that it writes to files.
        result["failed"] = ended.returncode == _FAILED
        result["warnings"] = [" ".join(found.split()) for found in _WARNING.findall(ended.stderr)]
        return _plain(result)

    def play(
        self, host: str, variables: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]], seconds: float
    ) -> subprocess.CompletedProcess[str]:
        """Runs tasks by ansible-playbook on another host, beside which the inventory has this one; whatever comes of
        it."""
        with tempfile.TemporaryDirectory(dir=self.scratch) as name:
            hosts, plays = Path(name, "hosts.json"), Path(name, "play.json")
            hosts.write_text(json.dumps({"all": {"hosts": {host: dict(variables)}}}), encoding="utf-8")
            play = {"hosts": host, "gather_facts": False, "tasks": [dict(task) for task in tasks]}
            plays.write_text(json.dumps([play]), encoding="utf-8")
            argv = [_ansible("ansible-playbook"), "-i", str(self.inventory), "-i", str(hosts), "-v", str(plays)]
            return _run(argv, seconds, cwd=CHECKOUT)

    def run(self, argv: Sequence[str], seconds: float | None = None) -> subprocess.CompletedProcess[str]:
        """Runs a command on the machine, word by word, whatever its status; 255, ssh's own, if there is no answer.

        Raises subprocess.TimeoutExpired if it does not end within ``seconds``; there it goes on.
        """
        try:
            return self.residents.command(argv, seconds or self.seconds)
        except Lost as error:
            return subprocess.CompletedProcess(list(argv), _SSH_FAILED, "", str(error))


@contextlib.contextmanager
def real_xen(scratch: Path) -> Iterator[Target]:
    """Real Xen in QEMU. A machine that runs already is used as it is and left running: handy while writing a test."""
    was_running = _run([str(LAB), "status"], 60).returncode == 0

    def restart(with_xen: bool = True) -> None:
        _run([str(LAB), "stop"], 120, check=True)
        _run([str(LAB), "boot", "--port", port, *([] if with_xen else ["--without-xen"])], 1200, check=True)

    try:
        _run([str(LAB), "boot"], 3600, check=True)
        facts = json.loads(_run([str(LAB), "facts"], 60, check=True).stdout)
        inventory = _run([str(LAB), "inventory"], 60, check=True).stdout
        variables = _variables(scratch, "xenlab", inventory)
        port = str(variables["ansible_port"])
        # Ten times what an idle machine takes (a guest's installation): the tests may share two cores with others.
        with _target("xen", "xenlab", variables, facts, 900, scratch) as target:
            yield target if was_running else _restarting(target, restart)
    finally:
        if not was_running:
            _run([str(LAB), "stop"], 120, check=True)


@contextlib.contextmanager
def simulated_dom0(scratch: Path, profile: str | None = None) -> Iterator[Target]:
    """One host of the simulated rack, with the same guest files as real Xen has. ``profile`` is one of the simulator's,
    for a machine of another era than the default one's."""
    rack, host = scratch / "rack", "contract1"
    simrack = str(SIMRACK)

    def restart(with_xen: bool = True) -> None:
        menu = rack / "hosts" / host / "root/boot.cfg"
        entry = 1 if with_xen else 2  # of the menu: Xen, then plain NetBSD
        menu.write_text(re.sub("(?m)^default=.*", f"default={entry}", menu.read_text(encoding="utf-8")), "utf-8")
        _run([simrack, "reboot", str(rack), host], 60, check=True)
        _prepare_sim(target)

    era = ["--profile", profile] if profile else []
    _run([simrack, "create", str(rack), "--names", host, "--dom0", *era], 60, check=True)
    try:
        _run([simrack, "start", str(rack)], 60, check=True)
        variables = _variables(scratch, host, _run([simrack, "inventory", str(rack)], 60, check=True).stdout)
        with _target("sim", host, variables, SIM_FACTS, 90, scratch) as target:
            _prepare_sim(target)
            yield _restarting(target, restart)
    finally:
        _run([simrack, "destroy", str(rack)], 60, check=True)


def _prepare_sim(target: Target) -> None:
    """Puts the guest files of SIM_FACTS on a simulated host that has just booted, and makes the bridges.

    The simulator looks at a kernel's name (`linu` in it is a Linux guest, `noack` one that ignores requests), and
    whether the file begins with `crash`. Raises TargetError if the host is not there within a minute.
    """
    bridges = [SIM_FACTS["bridge"], SIM_FACTS["second_bridge"]]
    lines = ["set -e", "mkdir -p /srv/xen"]
    lines += [f"echo test guest > {SIM_FACTS[name]}" for name in ("kernel", "ramdisk", "ignoring_kernel")]
    lines += [f"dd if=/dev/zero of={disk} bs=1048576 count=8 2>/dev/null" for disk in SIM_FACTS["disks"]]
    lines += [f"echo crash > {SIM_FACTS['crashing_kernel']}"]
    lines += [f"/sbin/ifconfig {name} >/dev/null 2>&1 || /sbin/ifconfig {name} create" for name in bridges]
    deadline = time.monotonic() + 60
    while (prepared := target.run(["sh", "-c", "\n".join(lines)])).returncode == _SSH_FAILED:
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    if prepared.returncode != 0:
        raise TargetError(f"cannot prepare the simulated host: {prepared.stderr}")


TARGETS = {"xen": real_xen, "sim": simulated_dom0}


def _variables(scratch: Path, host: str, inventory: str) -> dict[str, Any]:
    """Writes the inventory to its file, and returns what it says of the host."""
    path = scratch / _INVENTORY
    path.write_text(inventory, encoding="utf-8")
    listing = _run([_ansible("ansible-inventory"), "-i", str(path), "--host", host], 60, check=True)
    return json.loads(listing.stdout)


@contextlib.contextmanager
def _target(
    name: str, host: str, variables: Mapping[str, Any], facts: Mapping[str, Any], seconds: float, scratch: Path
) -> Iterator[Target]:
    """A target that can't be restarted. At the end the connection that its commands share is closed."""
    inventory, ssh = scratch / _INVENTORY, _ssh_argv(variables, scratch)
    residents = Residents(ssh, variables["ansible_python_interpreter"], seconds)
    here = Here(inventory, host, residents)
    target = Target(name, host, inventory, facts, seconds, scratch, ssh, residents, here, None)
    try:
        yield target
    finally:
        _close_connection(target)


def _restarting(target: Target, restart: Callable[..., None]) -> Target:
    def closing(with_xen: bool = True) -> None:
        _close_connection(target)
        restart(with_xen)

    return replace(target, restart=closing)


def _close_connection(target: Target) -> None:
    """Without it, the first command after a restart would wait for a machine that is no more."""
    target.residents.close()
    _run([*target.ssh[:1], "-O", "exit", *target.ssh[1:]], 30)


def _ssh_argv(variables: Mapping[str, Any], scratch: Path) -> tuple[str, ...]:
    """The ssh command to which Ansible's connection variables of a host amount; calls share one connection.

    A new one takes a second under emulation.
    """
    return (
        "ssh",
        *("-o", "ControlMaster=auto", "-o", "ControlPersist=300", "-o", f"ControlPath={scratch}/ssh"),
        *shlex.split(variables.get("ansible_ssh_args", "")),
        *shlex.split(variables.get("ansible_ssh_common_args", "")),
        *("-p", str(variables["ansible_port"]), "-i", variables["ansible_ssh_private_key_file"]),
        f"{variables['ansible_user']}@{variables['ansible_host']}",
    )


def _plain(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what is there in a failure, or a warning, only, and without the arguments."""
    extra = {"invocation"} | {key for key in ("failed", "warnings") if not result.get(key)}
    return {key: value for key, value in result.items() if key not in extra}


def _check_is_there(module: str) -> None:
    """Stops a misspelt name: to Ansible it is a failure like any other, and a test that expects one would pass."""
    short = module.removeprefix("netbsd.xen.")
    if short == module:
        return
    if not COLLECTION.exists():
        raise TargetError(f"{COLLECTION} is not there: run 'make collections'")
    if not any((COLLECTION / "plugins" / kind / f"{short}.py").exists() for kind in ("modules", "action")):
        raise TargetError(f"the collection has no module {module}")


def _ansible(program: str = "ansible") -> str:
    """Ansible's program beside the Python that runs the tests, as in any virtual environment."""
    beside = Path(sys.executable).with_name(program)
    return str(beside) if beside.exists() else program


def _run(argv: Sequence[str], seconds: float, check: bool = False, **options: Any) -> subprocess.CompletedProcess[str]:
    """Runs a command here; with `check`, raises TargetError with its messages if it fails."""
    ended = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
        **options,
    )
    if check and ended.returncode != 0:
        raise TargetError(f"{shlex.join(argv)} failed with status {ended.returncode}:\n{ended.stdout}{ended.stderr}")
    return ended
