# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The bench's racks: one machine is made by site.yml, the others are copies of it with names of their own, and what the
commands of all of them say is frozen."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import rehearsal
import yaml
from costs import Series
from netbsd_sim.rack import copies, frozen
from netbsd_sim.rack.rack import Rack as Simulated
from rehearsal import CHECKOUT, Run, ansible

sys.path.insert(0, str(CHECKOUT / ".build/collections"))

from ansible_collections.netbsd.xen.plugins.filter.guest_uuid import guest_uuid  # noqa: E402
from ansible_collections.netbsd.xen.plugins.filter.mac import mac  # noqa: E402

WORK = CHECKOUT / ".build/bench"
SITE = CHECKOUT / "playbooks/site.yml"
MIRROR = "http://mirror.example/pub"


def declared(guests: int) -> dict[str, object]:
    """The variables of all hosts: a dom0 with a bridge, and that many guests."""
    kernel = "/home/xen/netbsd-XEN3_DOMU.gz"
    return {
        "bootstrap_pkg_path": f"{MIRROR}/pkgsrc/packages/NetBSD/amd64/10.1/All",
        "dom0_mirror": f"{MIRROR}/NetBSD",
        "bootloader_reboot": True,
        "bridge_bridges": [{"name": "bridge0", "interfaces": ["wm0"]}],
        "domu_files": [{"src": f"{MIRROR}/NetBSD/NetBSD-10.1/amd64/binary/kernel/{Path(kernel).name}", "dest": kernel}],
        "domu_guests": [
            {
                "name": name,
                "os": "netbsd",
                "memory": 64,
                "disks": [{"path": f"/home/xen/{name}.img", "size": "64M"}],
                "nics": ["bridge0"],
            }
            for name in guest_names(guests)
        ],
    }


def guest_names(guests: int) -> list[str]:
    return [f"guest{number:02d}" for number in range(1, guests + 1)]


class BenchRack:
    """Some machines of a simulated rack with ``guests`` guests each, and their inventory."""

    def __init__(self, rack: rehearsal.Rack, hosts: Sequence[str], guests: int) -> None:
        self.rack = rack
        self.hosts = list(hosts)
        self.guests = guests
        self.simulated = Simulated(rack.directory)
        self.own: Series | None = None  # what an unchanged site.yml cost on its frozen machines, once that is known
        self.inventory = WORK / f"{rack.directory.name}-{hosts[0]}"
        (self.inventory / "group_vars").mkdir(parents=True, exist_ok=True)
        listed = yaml.safe_load(rack.simrack("inventory"))
        listed["dom0s"]["hosts"] = {host: listed["dom0s"]["hosts"][host] for host in hosts}
        (self.inventory / "hosts.yml").write_text(yaml.safe_dump(listed))
        # JSON is YAML.
        (self.inventory / "group_vars/dom0s.yml").write_text(json.dumps(declared(guests), indent=1))

    def make(self) -> None:
        """Have site.yml make the first machine, and the others of it."""
        first = self.hosts[0]
        run = self.playbook(SITE, "-l", first)
        if run.status:
            sys.exit(f"{first} can't be made; all of the output is in {run.output}")
        self.copy(first, self.hosts[1:])

    def copy(self, source: str, targets: Iterable[str]) -> None:
        """Make machines of this rack as that one is."""
        for target in targets:
            copies.copy(self.simulated, source, target, self._words(source, target))

    def _words(self, source: str, target: str) -> dict[str, str]:
        """What stands for the one host where the other one has its own: what is derived from the host's name."""
        return {source: target} | {
            derive(guest, source): derive(guest, target)
            for guest in guest_names(self.guests)
            for derive in (mac, guest_uuid)
        }

    def calls(self) -> list[str]:
        """The lines of the logs of commands, of all machines since their logs were emptied."""
        return self._lines("commands.log")

    def _lines(self, log: str) -> list[str]:
        return [line for host in self.hosts for line in (self.rack.host(host) / log).read_text().splitlines()]

    def freeze(self, calls: Path) -> None:
        """Let all machines answer those calls from now on with what they say to them now."""
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(lambda host: frozen.freeze(self.simulated, host, calls), self.hosts))

    def thaw(self, host: str) -> None:
        """Let a machine simulate its commands again."""
        frozen.thaw(self.simulated, host)

    def check_answers(self) -> None:
        """Ends the bench if a frozen machine was called in a way that nobody recorded."""
        missing = {call: host for host in self.hosts for call in frozen.missing(self.simulated, host)}
        if missing:
            sys.exit("Not recorded, so that a frozen machine could not answer: " + "; ".join(
                f"{call} (on {host})" for call, host in sorted(missing.items())
            ))

    def reset_logs(self) -> None:
        for host in self.hosts:
            self.rack.simrack("reset-log", host)

    def a_host(self, log: str, word: str = "") -> float:
        """How many lines with that word a log has, the mean of all hosts."""
        return sum(word in line for line in self._lines(log)) / len(self.hosts)

    # --- runs ---

    def playbook(self, playbook: Path, *arguments: str, **options: object) -> Run:
        """A quiet run of a playbook; ``options`` are those of rehearsal.ansible."""
        record = f"{playbook.parent.name}-{playbook.stem}"
        return self._run("ansible-playbook", record, str(playbook), *arguments, **options)

    def module(self, name: str, *arguments: str, **options: object) -> Run:
        """A quiet run of one module on all hosts."""
        return self._run("ansible", name, "all", "-m", name, *arguments, **options)

    def guests_as_hosts(self, limit: str = "", cached: bool = False) -> Run:
        """A quiet run of ansible-inventory with the guests of all hosts, or of one. No host may be left out."""
        plugin = WORK / "guests.yml"
        # A bench may have a busy machine for itself: what it takes is measured, and not how much it may.
        said = {"plugin": "netbsd.xen.guests", "timeout": 600, "fail_on_unreachable": True, "limit": limit}
        if cached:
            where = f"{self.inventory}-cache"
            said.update(cache=True, cache_plugin="ansible.builtin.jsonfile", cache_connection=where)
        plugin.write_text(yaml.safe_dump(said))
        settings = {"ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
        return self._run(
            "ansible-inventory", "guests", "-i", str(plugin), "--graph", "netbsd_xen_guests", settings=settings
        )

    def _run(self, program: str, record: str, *arguments: str, **options: object) -> Run:
        return ansible(
            program, "-i", str(self.inventory), *arguments, record=WORK / f"{record}.jsonl", quiet=True, **options
        )
