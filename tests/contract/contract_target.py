# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""One way to a dom0 for the contract tests, whether it is real or simulated."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
LAB = CHECKOUT / "tests/xen/lab"
SIMRACK = CHECKOUT / "tests/simulator/simrack"
COLLECTION = CHECKOUT / ".build/collections/ansible_collections/netbsd/xen"

SIM_FACTS = {
    "xl": "/usr/pkg/sbin/xl",
    "bridge": "bridge0",
    "second_bridge": "bridge1",
    "kernel": "/srv/xen/vmlinux",
    "ramdisk": "/srv/xen/initrd.img",
    "ignoring_kernel": "/srv/xen/noack.bin",
    "disks": ["/srv/xen/disk1.img", "/srv/xen/disk2.img", "/srv/xen/disk3.img"],
    "config_dir": "/usr/pkg/etc/xen",
}

# Exit statuses of ansible(1): the task went well, or failed on a host. All others mean that it did not run.
_OK, _FAILED = 0, 2


class TargetError(Exception):
    """The machine, or Ansible on the way to it, does not work: nothing that a module said."""


@dataclass(frozen=True)
class Target:
    """A dom0 under test.

    name:      "xen" or "sim"
    host:      the machine's name in the inventory
    inventory: file of the inventory
    facts:     what tests may use there, all paths but the bridges' names: xl, bridge, second_bridge, kernel and ramdisk
               (of a guest that acknowledges a shutdown in about a second), ignoring_kernel (of one that never does),
               disks (a list), config_dir
    seconds:   time limit of one command or module run
    scratch:   a directory here for files of the harness
    ssh:       the ssh command for the machine, to be followed by one word: a line for its shell
    """

    name: str
    host: str
    inventory: Path
    facts: Mapping[str, Any]
    seconds: float
    scratch: Path
    ssh: Sequence[str]

    def module(self, name: str, args: Mapping[str, Any], check: bool = False, diff: bool = False) -> dict[str, Any]:
        """Runs a module once and returns its result as JSON has it, a failure's too (`failed` is then true).

        Raises TargetError if there is no result: unknown module, machine out of reach.
        """
        _check_is_there(name)
        with tempfile.TemporaryDirectory(dir=self.scratch) as tree:
            argv = [_ansible(), self.host, "-i", str(self.inventory), "-m", name]
            # An empty JSON object would be taken for free text.
            argv += ["-a", json.dumps(dict(args))] if args else []
            # Three -v: with fewer, Ansible leaves the diff out of the results that it writes to files.
            argv += ["--tree", tree, "-vvv", *(["--check"] if check else []), *(["--diff"] if diff else [])]
            ended = _run(argv, self.seconds, cwd=CHECKOUT, env=_ansible_environment())
            result_file = Path(tree, self.host)
            result = json.loads(result_file.read_text(encoding="utf-8")) if result_file.exists() else None
        if result is None or ended.returncode not in (_OK, _FAILED):
            raise TargetError(f"no result of {name} on {self.host}:\n{ended.stdout}\n{ended.stderr}")
        if ended.returncode == _FAILED:
            result["failed"] = True  # Ansible leaves this key out of the results that it writes to files
        result.pop("invocation", None)
        return result

    def run(self, argv: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Runs a command on the machine by ssh, word by word, whatever its status; 255 may be ssh's own.

        Raises subprocess.TimeoutExpired if it does not end.
        """
        return _run([*self.ssh, shlex.join(argv)], self.seconds)


@contextlib.contextmanager
def real_xen(scratch: Path) -> Iterator[Target]:
    """Real Xen in QEMU. A machine that runs already is used as it is and left running: handy while writing a test."""
    was_running = _run([str(LAB), "status"], 60).returncode == 0
    try:
        _run([str(LAB), "boot"], 3600, check=True)
        facts = json.loads(_run([str(LAB), "facts"], 60, check=True).stdout)
        inventory = _run([str(LAB), "inventory"], 60, check=True).stdout
        # Ten times what an idle machine takes: the tests may share two cores with others.
        yield _target("xen", "xenlab", inventory, facts, 240, scratch)
    finally:
        if not was_running:
            _run([str(LAB), "stop"], 120, check=True)


@contextlib.contextmanager
def simulated_dom0(scratch: Path) -> Iterator[Target]:
    """One host of the simulated rack, with the same guest files as real Xen has."""
    rack, host = scratch / "rack", "contract1"
    simrack = str(SIMRACK)
    _run([simrack, "create", str(rack), "--names", host, "--dom0"], 60, check=True)
    try:
        _run([simrack, "start", str(rack)], 60, check=True)
        inventory = _run([simrack, "inventory", str(rack)], 60, check=True).stdout
        target = _target("sim", host, inventory, SIM_FACTS, 90, scratch)
        prepared = target.run(["sh", "-c", _prepare_sim()])
        if prepared.returncode != 0:
            raise TargetError(f"cannot prepare the simulated host: {prepared.stderr}")
        yield target
    finally:
        _run([simrack, "destroy", str(rack)], 60, check=True)


def _prepare_sim() -> str:
    """Shell commands that put the guest files of SIM_FACTS on a simulated host, and make the second bridge.

    The simulator looks at a kernel's name only: `linu` in it is a Linux guest, `noack` one that ignores requests.
    """
    lines = ["set -e", "mkdir -p /srv/xen"]
    lines += [f"echo test guest > {SIM_FACTS[name]}" for name in ("kernel", "ramdisk", "ignoring_kernel")]
    lines += [f"dd if=/dev/zero of={disk} bs=1048576 count=8 2>/dev/null" for disk in SIM_FACTS["disks"]]
    lines += [f"/sbin/ifconfig {SIM_FACTS['second_bridge']} create"]
    return "\n".join(lines)


TARGETS = {"xen": real_xen, "sim": simulated_dom0}


def _target(name: str, host: str, inventory: str, facts: Mapping[str, Any], seconds: float, scratch: Path) -> Target:
    path = scratch / "inventory.yml"
    path.write_text(inventory, encoding="utf-8")
    listing = _run([_ansible("ansible-inventory"), "-i", str(path), "--host", host], 60, check=True)
    return Target(name, host, path, facts, seconds, scratch, _ssh_argv(json.loads(listing.stdout)))


def _ssh_argv(variables: Mapping[str, Any]) -> tuple[str, ...]:
    """The ssh command to which Ansible's connection variables of a host amount."""
    return (
        "ssh",
        *shlex.split(variables.get("ansible_ssh_args", "")),
        *shlex.split(variables.get("ansible_ssh_common_args", "")),
        *("-p", str(variables["ansible_port"]), "-i", variables["ansible_ssh_private_key_file"]),
        f"{variables['ansible_user']}@{variables['ansible_host']}",
    )


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


def _ansible_environment() -> dict[str, str]:
    """The environment without anybody's own Ansible settings; the collection is the checkout (`make collections`)."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment["ANSIBLE_CONFIG"] = str(CHECKOUT / "ansible.cfg")
    environment["ANSIBLE_COLLECTIONS_PATH"] = str(CHECKOUT / ".build/collections")
    return environment


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
