# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The pages that the HOWTO's links and its chapter on PCI ask for: their inventories on simulated machines, as one
comes to them: one with its root on RAID-1, one that boots by GRUB, one of Xen 3.1's time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown import CHECKOUT, blocks
from rehearsal import Rack, Run, ansible, ansible_environment, rack

RACKS = {
    "mirror1": ("--names", "mirror1", "--raid"),
    "loader1": ("--names", "loader1", "--loader", "grub2"),
    "pci1": ("--names", "pci1", "--profile", "netbsd-5.1-xen-3.1"),
}
INVENTORIES = [f"inventories/howto-{name}" for name in ("raid-1", "native-loader", "pci")]
# Ansible's exit status where a task failed on some host.
FAILED = 2


@dataclass(frozen=True)
class Machines:
    """Each in a rack of its own, for a rack is of one time; ``where`` is an inventory of all."""

    racks: dict[str, Rack]
    where: Path

    def run(self, *more: str, status: int = 0) -> Run:
        """The playbook with the inventories of the pages."""
        sources = [word for source in (*INVENTORIES, str(self.where)) for word in ("-i", source)]
        record = self.where.with_name("run.jsonl")
        ended = ansible("ansible-playbook", *sources, "playbooks/site.yml", *more, record=record, quiet=True)
        assert ended.status == status, ended.output.read_text() if ended.output else ""
        return ended

    def would_boot(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.racks[name].simrack("would-boot", name))
        return found

    def lose_disk(self, name: str, *disks: str) -> None:
        state = self.racks[name].host(name) / "state.json"
        state.write_text(json.dumps({**json.loads(state.read_text()), "dead_disks": list(disks)}))


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    directory = tmp_path_factory.mktemp("howto-pages")
    with ExitStack() as stack:
        racks = {name: stack.enter_context(rack(directory / name, *create)) for name, create in RACKS.items()}
        hosts = {}
        for made in racks.values():
            listed = yaml.safe_load(made.simrack("inventory"))["dom0s"]
            hosts.update({name: {**listed["vars"], **of_it} for name, of_it in listed["hosts"].items()})
        where = directory / "hosts.yml"
        where.write_text(yaml.safe_dump({"dom0s": {"hosts": hosts}}))
        # What the page has its reader build.
        kernel = racks["pci1"].root("pci1") / "home/xen/netbsd-XEN3_DOMU_PCI"
        kernel.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-c", KERNEL, str(kernel)], cwd=CHECKOUT / "tests/simulator", check=True)
        yield Machines(racks, where)


KERNEL = """
import sys
from pathlib import Path
from netbsd_sim.core import images
Path(sys.argv[1]).write_bytes(images.Image("netbsd", "5.1", "XEN3_DOMU").content())
"""


def test_the_pages_on_simulated_machines(machines: Machines) -> None:
    machines.lose_disk("mirror1", "wd0")
    assert "wd1: no boot blocks" in machines.would_boot("mirror1")["down"]
    machines.lose_disk("mirror1")

    # The machine with GRUB is left as it is, with words; the others get all.
    first = machines.run("-e", "bootloader_reboot=true", status=FAILED)
    assert list(first.failures) == ["loader1"]
    assert "wd0 starts with GRUB" in first.failures["loader1"][0] and "fdisk" in first.failures["loader1"][0]
    before = machines.would_boot("loader1")
    assert (before["loader"], before["hypervisor"]["release"]) == ("grub2", "4.20")

    machines.racks["loader1"].execute("loader1", "/sbin/fdisk", "-fi", "wd0")
    second = machines.run("-e", "bootloader_reboot=true")
    assert {host for host, *_thing in second.changes} == {"loader1"}, "the others were as they should be"
    after = machines.would_boot("loader1")
    assert (after["loader"], after["hypervisor"]["release"], after["console"]) == ("netbsd", "4.20", "com0")

    # Either disk boots the mirrored machine.
    for lost in ("wd1", "wd0"):
        machines.lose_disk("mirror1", lost)
        boots = machines.would_boot("mirror1")
        assert boots["hypervisor"]["release"] == "4.20" and "root=raid0a" in boots["kernel"]["cmdline"], boots
    machines.lose_disk("mirror1")

    # The guest runs with the card that dom0 has left to it.
    pci = machines.racks["pci1"]
    assert "0000:03:00.0" in pci.execute("pci1", "/bin/ls", "/kern/xen/pci")
    assert "(bus 0x03)" in pci.execute("pci1", "/usr/pkg/sbin/xm", "list", "--long", "router")


def test_the_inventories_have_what_the_pages_show() -> None:
    for page, inventory in (("raid-1", "howto-raid-1/host_vars/mirror1.yml"), ("pci", "howto-pci/host_vars/pci1.yml")):
        (shown, *_others) = [
            content
            for block in blocks("yaml")
            if block.page == f"docs/{page}.md" and isinstance(content := yaml.safe_load(block.text), dict)
        ]
        there = yaml.safe_load((CHECKOUT / "inventories" / inventory).read_text())
        assert shown.items() <= there.items()


def test_the_guest_of_the_page_is_one_of_the_inventory() -> None:
    (shown,) = [yaml.safe_load(block.text) for block in blocks("yaml") if block.page == "docs/linux-guest.md"]
    (guest,) = shown["domu_guests"]
    there = yaml.safe_load((CHECKOUT / "inventories/howto-linux/host_vars/xen1.yml").read_text())["domu_guests"]
    (same,) = [each for each in there if each["name"] == guest["name"]]
    for key in set(guest) - {"install", "nics"}:
        assert guest[key] == same[key]
    assert set(guest["install"]) == set(same["install"])


def test_the_kernel_of_the_page_is_what_the_filter_makes(tmp_path: Path) -> None:
    (task,) = [
        content[0]
        for block in blocks("yaml")
        if block.page == "docs/pci.md" and isinstance(content := yaml.safe_load(block.text), list)
    ]
    made = tmp_path / "made"
    task["ansible.builtin.copy"]["dest"] = str(made)
    playbook = tmp_path / "play.yml"
    playbook.write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]))
    argv = [str(Path(sys.executable).with_name("ansible-playbook")), "-c", "local", "-i", "localhost,", str(playbook)]
    ended = subprocess.run(
        [*argv, "-e", f"ansible_python_interpreter={sys.executable}"],
        cwd=CHECKOUT,
        env=ansible_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (shown,) = [block.text for block in blocks("text") if block.page == "docs/pci.md"]
    assert made.read_text() == shown
