# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""docs/tutorial.md and docs/rehearse.md: their commands, as they stand there, from two bare machines into their guests.

The rack is made by the commands of the page on rehearsals, and the tutorial is gone through on it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from markdown import CHECKOUT, blocks, commands
from rehearsal import ansible_environment

INVENTORY = CHECKOUT / "inventories/tutorial"
SIMRACK = "tests/simulator/simrack"
TUTORIAL = [command for block in blocks("sh") if block.page == "docs/tutorial.md" for command in commands(block)]
REHEARSAL = [command for block in blocks("sh") if block.page == "docs/rehearse.md" for command in commands(block)]
RACK = CHECKOUT / ".build/racks/rehearsal"
HOSTS = CHECKOUT / ".build/rehearsal.yml"
# The guest's own sshd lets root in, which only root's can.
IS_ROOT = os.getuid() == 0


@dataclass(frozen=True)
class Reader:
    """Who goes through the pages: a directory of their own, with an ssh key and what they write into the inventory."""

    home: Path

    @property
    def own(self) -> Path:
        return self.home / "own"

    def run(self, line: str) -> str:
        """A command as it stands in a page, with the simulated machines and the reader's key; what was said."""
        program, _space, rest = line.partition(" ")
        if program.startswith("ansible"):
            given = "-i inventories/tutorial"
            line = f"{Path(sys.executable).with_name(program)} {rest.replace(given, f'{given} -i {self.own}')}"
        ended = subprocess.run(
            ["/bin/sh", "-c", line],
            cwd=CHECKOUT,
            env={**ansible_environment(), "ANSIBLE_HOME": str(self.home / "ansible")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=1500,  # a hang must not last for ever; a busy machine may take its time
            check=False,
        )
        assert ended.returncode == 0, f"{line}: {ended.stdout}"
        return ended.stdout

    def write_down(self) -> None:
        """What the tutorial has its reader change: how the machines are reached, and the key."""
        key = self.home / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, timeout=60)
        hosts = yaml.safe_load(HOSTS.read_text())
        hosts["dom0s"]["vars"]["ansible_ssh_executable"] = str(RACK / "ssh/ssh")
        hosts["netbsd_xen_guests"] = {"vars": {"ansible_ssh_private_key_file": str(key)}}
        (self.own / "host_vars").mkdir(parents=True)
        (self.own / "hosts.yml").write_text(yaml.safe_dump(hosts))
        for declared in INVENTORY.glob("host_vars/*.yml"):
            content = yaml.safe_load(declared.read_text())
            content["domu_guests"][0]["install"]["authorized_keys"] = [key.with_suffix(".pub").read_text().strip()]
            (self.own / "host_vars" / declared.name).write_text(yaml.safe_dump(content))


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    made = Reader(tmp_path_factory.mktemp("reader"))
    create, start, listing = REHEARSAL[:3]
    destroy = REHEARSAL[-1]
    assert [shlex.split(command)[1] for command in (create, start, listing, destroy)] == [
        "create",
        "start",
        "inventory",
        "destroy",
    ]
    made.run(f"{destroy} 2>/dev/null || true")
    try:
        for command in (create, start, listing):
            made.run(command)
        made.write_down()
        yield made
    finally:
        made.run(destroy)
    assert not RACK.exists()


def booted(reader: Reader, host: str) -> dict[str, object]:
    would: dict[str, object] = json.loads(reader.run(f"{SIMRACK} would-boot {RACK} {host}"))
    return would


def test_the_inventory_is_that_of_the_page() -> None:
    shown = [yaml.safe_load(block.text) for block in blocks("yaml") if block.page == "docs/tutorial.md"]
    files = ("group_vars/dom0s.yml", "host_vars/xen1.yml")
    assert shown == [yaml.safe_load((INVENTORY / file).read_text()) for file in files]


def test_from_two_bare_machines_into_their_guests(reader: Reader) -> None:
    """With what else a rehearsal has: workers that have a test each would make the same machines twice at once."""
    bootstrap, check, converge, again, ask = TUTORIAL

    reader.run(bootstrap)
    said = reader.run(check)
    assert "install NetBSD 10.1 from sets on /home/xen/web1.img of 4G" in said
    assert not (RACK / "hosts/xen1/root/home/xen/web1.img").exists()

    reader.run(converge)
    for host, guest in (("xen1", "web1"), ("xen2", "db1")):
        assert guest in reader.run(f"{SIMRACK} exec {RACK} {host} -- /usr/pkg/sbin/xl list")
        assert booted(reader, host)["hypervisor"]

    assert len(re.findall(r"^xen[12] +: .*changed=0 +unreachable=0 +failed=0", reader.run(again), re.MULTILINE)) == 2
    if IS_ROOT:
        said = reader.run(ask)
        (shown,) = [block.text for block in blocks("text") if block.page == "docs/tutorial.md"]
        assert shown in said and "db1 | CHANGED" in said
    what_else_a_rehearsal_has(reader)


def what_else_a_rehearsal_has(reader: Reader) -> None:
    """The machines are dom0s, and as declared."""
    converge, *looks = REHEARSAL[3:-1]
    assert converge.startswith("ansible-playbook ") and all(command.startswith(f"{SIMRACK} ") for command in looks)
    assert len(re.findall(r"^xen[12] +: .*changed=0 ", reader.run(converge), re.MULTILINE)) == 2
    said = "".join(map(reader.run, looks))
    assert "Domain-0" in said and '"hypervisor"' in said and re.search(r"^xen2\b", said, re.MULTILINE)
    with pytest.raises(AssertionError):
        reader.run(f"{SIMRACK} exec {RACK} xen1 -- /sbin/brconfig bridge0 add wm1")
