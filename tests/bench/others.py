# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The bench's peers: a playbook and a pyinfra deploy of the usual kind, and our playbook with Mitogen's strategy."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from pathlib import Path

from netbsd_sim.core import base
from racks import SITE, WORK, BenchRack, declared
from rehearsal import CHECKOUT, RUN_LIMIT, Run, ansible_environment

HANDWRITTEN = CHECKOUT / "tests/bench/peers/handwritten/site.yml"
DEPLOY = CHECKOUT / "tests/bench/peers/deploy.py"
# Made by the Makefile, from requirements/peers.txt.
PROGRAMS = CHECKOUT / ".build/peers/bin"


def handwritten(bench: BenchRack, *arguments: str) -> Run:
    """The playbook of the usual kind."""
    return bench.playbook(HANDWRITTEN, *arguments)


def mitogen_settings() -> dict[str, str]:
    """What Ansible has to be told in order to use Mitogen's strategy."""
    [plugins] = PROGRAMS.parent.glob("lib/python3*/site-packages/ansible_mitogen/plugins/strategy")
    return {
        "ANSIBLE_STRATEGY_PLUGINS": str(plugins),
        "ANSIBLE_STRATEGY": "mitogen_linear",
        # It does not read the ssh arguments that say so for the rack's machines.
        "ANSIBLE_HOST_KEY_CHECKING": "false",
    }


def give_ctypes(bench: BenchRack) -> None:
    """Let the machines' Python have ctypes, without which Mitogen does not run. A NetBSD may lack it, and so the
    simulator leaves its library out."""
    extensions = map(str, (base.stdlib() / "lib-dynload").glob("_ctypes.*.so"))
    listed = subprocess.run(["ldd", *extensions], check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout
    for library in re.findall(r"=> (/\S+/libffi\S+)", listed):
        shutil.copyfile(library, bench.rack.directory / "base/so" / Path(library).name)


def ping_with_mitogen(bench: BenchRack) -> Run:
    return bench.module("ansible.builtin.ping", programs=PROGRAMS, settings=mitogen_settings())


def site_with_mitogen(bench: BenchRack) -> Run:
    return bench.playbook(SITE, programs=PROGRAMS, settings=mitogen_settings())


def last_error(run: Run) -> str:
    """The last line of a run that says what went wrong."""
    lines = run.output.read_text().splitlines() if run.output else []
    told = [line for line in lines if "ERROR" in line or "fatal" in line or "rror:" in line]
    return (told or lines or ["no output"])[-1][:200]


def pyinfra(bench: BenchRack, *arguments: str) -> Run:
    """The deploy of the usual kind, on all machines at once as pyinfra does it."""
    inventory, output = WORK / "pyinfra_inventory.py", WORK / "pyinfra.out"
    inventory.write_text(_pyinfra_inventory(bench))
    started = time.monotonic()
    with output.open("w") as stream:
        ended = subprocess.run(
            [str(PROGRAMS / "pyinfra"), "-y", str(inventory), str(DEPLOY), *arguments],
            cwd=CHECKOUT,
            env=ansible_environment(),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=RUN_LIMIT,
        )
    run = Run(ended.returncode, time.monotonic() - started, output)
    run.changes = {("all", "pyinfra", operation) for operation in changed_operations(output.read_text())}
    run.stats = {"all": {"changed": len(run.changes)}}
    return run


def changed_operations(text: str) -> set[str]:
    """The operations that changed something, of what pyinfra printed last: a table of operation, hosts, success, error
    and no change, in which a dash is none."""
    table = text.rpartition("--> Results:")[2]
    return {found[1] for found in re.finditer(r"^ +(\S.*?) {2,}\d+ +[1-9]\d* ", table, re.MULTILINE)} - {"Grand total"}


def _pyinfra_inventory(bench: BenchRack) -> str:
    ssh = bench.simulated
    hosts = [(host, {"ssh_hostname": ssh.address(host)}) for host in bench.hosts]
    data = {
        **declared(bench.guests),
        "ssh_port": ssh.port,
        "ssh_user": "root",
        "ssh_key": str(Path(ssh.directory) / "ssh/id"),
        "ssh_known_hosts_file": "/dev/null",
        "ssh_strict_host_key_checking": "off",
        "ssh_allow_agent": False,
        "ssh_look_for_keys": False,
    }
    return f"dom0s = ({hosts!r}, {data!r})\n"
