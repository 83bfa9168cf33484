# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""`make bench`: what a run that changes nothing costs, beside the floor (a ping) and a playbook of the usual kind.

The machines are a simulated rack over real SSH on loopback, already as declared. All three are run by the same Ansible
with the same settings (ansible.cfg), each after a run that has opened the connections.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from rehearsal import CHECKOUT, Rack, Run, ansible, rack  # noqa: E402

RACK = CHECKOUT / ".build/racks/bench"
WORK = CHECKOUT / ".build/bench"
INVENTORY = WORK / "inventory"
SITE = CHECKOUT / "playbooks/site.yml"
HANDWRITTEN = CHECKOUT / "tests/bench/handwritten/site.yml"

MOST_TIMES_THE_PING = 8.0
FEWEST_TIMES_FASTER = 10.0


@dataclass(frozen=True)
class Cost:
    """What one kind of run costs: wall time in seconds, and for each host the remote sessions and the xl processes."""

    name: str
    seconds: float
    sessions: float
    toolstack: float


def main() -> int:
    arguments = parse_arguments()
    hosts = [f"nb{number:03d}" for number in range(1, arguments.hosts + 1)]
    with rack(RACK, "--names", ",".join(hosts), "--dom0") as bench:
        declare(bench, arguments.guests)
        print(f"{len(hosts)} simulated machines get {arguments.guests} guests each...", flush=True)
        must_succeed(site())
        costs = [
            measure(bench, hosts, "ansible all -m ping", ping, arguments.repeat),
            measure(bench, hosts, "site.yml, unchanged", site, arguments.repeat),
            measure(bench, hosts, "handwritten, unchanged", handwritten, 1),
        ]
    return report(costs, arguments)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", type=int, default=20, help="machines in the rack (default: %(default)s)")
    parser.add_argument("--guests", type=int, default=20, help="guests on each (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of which the median counts (default: %(default)s)")
    return parser.parse_args()


def declare(bench: Rack, guests: int) -> None:
    """Write the inventory: where the machines are, and the same guests on each."""
    (INVENTORY / "group_vars").mkdir(parents=True, exist_ok=True)
    (INVENTORY / "hosts.yml").write_text(bench.simrack("inventory"))
    mirror = "http://mirror.example/pub"
    variables = {
        "bootstrap_pkg_path": f"{mirror}/pkgsrc/packages/NetBSD/amd64/10.1/All",
        "dom0_mirror": f"{mirror}/NetBSD",
        "bootloader_reboot": True,
        "bridge_bridges": [{"name": "bridge0", "interfaces": ["wm0"]}],
        "domu_files": [
            {
                "src": f"{mirror}/NetBSD/NetBSD-10.1/amd64/binary/kernel/netbsd-XEN3_DOMU.gz",
                "dest": "/home/xen/netbsd-XEN3_DOMU.gz",
            }
        ],
        "domu_guests": [
            {
                "name": f"guest{number:02d}",
                "os": "netbsd",
                "memory": 64,
                "disks": [{"path": f"/home/xen/guest{number:02d}.img", "size": "64M"}],
                "nics": ["bridge0"],
            }
            for number in range(1, guests + 1)
        ],
    }
    # JSON is YAML.
    (INVENTORY / "group_vars/dom0s.yml").write_text(json.dumps(variables, indent=1))


def ping() -> Run:
    return ansible(
        "ansible", "all", "-i", str(INVENTORY), "-m", "ansible.builtin.ping", record=WORK / "ping.jsonl", quiet=True
    )


def site() -> Run:
    return ansible("ansible-playbook", "-i", str(INVENTORY), str(SITE), record=WORK / "site.jsonl", quiet=True)


def handwritten() -> Run:
    return ansible(
        "ansible-playbook", "-i", str(INVENTORY), str(HANDWRITTEN), record=WORK / "handwritten.jsonl", quiet=True
    )


def must_succeed(run: Run) -> None:
    """Ends the bench if a run failed: the time of a failed run says nothing."""
    if run.status:
        print(*run.output.read_text().splitlines()[-40:], sep="\n")
        sys.exit(f"this run failed with status {run.status}; all of its output is in {run.output}")


def measure(bench: Rack, hosts: list[str], name: str, act: Callable[[], Run], repeat: int) -> Cost:
    """The cost of a run that must not change anything, after one that may."""
    must_succeed(act())
    for host in hosts:
        bench.simrack("reset-log", host)
    runs = [act() for _run in range(repeat)]
    for run in runs:
        must_succeed(run)
        if run.changed:
            sys.exit(f"{name}: this run was to change nothing, but it changed {sorted(run.changes)[:5]}...")
    cost = Cost(
        name,
        statistics.median(run.seconds for run in runs),
        sum(len(lines(bench, host, "sessions.log")) for host in hosts) / len(hosts) / repeat,
        sum(is_toolstack(line) for host in hosts for line in lines(bench, host, "commands.log")) / len(hosts) / repeat,
    )
    print(f"{name}: {cost.seconds:.1f} s", flush=True)
    return cost


def lines(bench: Rack, host: str, log: str) -> list[str]:
    return (bench.host(host) / log).read_text().splitlines()


def is_toolstack(line: str) -> bool:
    """Whether a line of commands.log is an xl process."""
    return Path(json.loads(line)["argv"][0]).name == "xl"


def report(costs: list[Cost], arguments: argparse.Namespace) -> int:
    """Print the table and the verdict; 1 if a target was missed."""
    floor, ours, theirs = costs
    print(f"\n{arguments.hosts} hosts with {arguments.guests} guests each, nothing to do; median of {arguments.repeat}")
    print("runs (handwritten: of one)\n")
    print(f"{'':24}{'seconds':>9}{'x ping':>9}{'sessions/host':>15}{'xl/host':>9}")
    for cost in costs:
        pings = cost.seconds / floor.seconds
        print(f"{cost.name:24}{cost.seconds:9.1f}{pings:9.1f}{cost.sessions:15.1f}{cost.toolstack:9.1f}")
    ratio, gain = ours.seconds / floor.seconds, theirs.seconds / ours.seconds
    print(f"\nsite.yml takes {ratio:.1f} times a ping (target: at most {MOST_TIMES_THE_PING:g})")
    print(f"and is {gain:.1f} times as fast as the handwritten playbook (target: at least {FEWEST_TIMES_FASTER:g}).")
    missed = ratio > MOST_TIMES_THE_PING or gain < FEWEST_TIMES_FASTER
    if missed:
        print("TARGET MISSED")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
