# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""`make bench`: what an unchanged run costs, beside the floor (a ping) and beside others who read the same rack.

The machines are a simulated rack over real SSH on loopback, already as declared. A simulated command takes far longer
than a real one, so they answer from frozen outputs (tests/simulator/netbsd_sim/rack/frozen.py); a call that nobody
recorded ends the bench. What is measured against the simulator itself is called raw. Times depend on the machine, so
ratios are wanted: runs that are compared take turns, and the median of their rounds counts.

The racks take a few minutes to make. All of it takes about half an hour on two quiet cores, with --quick three minutes;
parts of it can be run alone: `make bench ONLY=raw,unchanged`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "tools"), str(TESTS / "simulator")]

import figures as wanted  # noqa: E402
import others  # noqa: E402
from costs import Memory, Series, add, load, must_succeed, ratio, rounds  # noqa: E402
from figures import Figure, table  # noqa: E402
from racks import SITE, WORK, BenchRack  # noqa: E402
from rehearsal import CHECKOUT, Run, rack  # noqa: E402

VALIDATE = CHECKOUT / "tests/bench/validate.yml"
GIB = 1 << 30
# The parts, in their order. Those of the rack of the usual size share it.
SMALL = ("raw", "unchanged", "becoming", "mitogen", "one-change", "by-hand")
LARGE = ("large",)
INVENTORY = ("inventory",)
PARTS = SMALL + LARGE + INVENTORY
FEWER_ROUNDS = 3  # at most, of what is only shown beside and takes long
SPARE = "spare"  # the machine on which is found out what others do and call; in no run that is measured
PING, LOOK = "ansible.builtin.ping", "netbsd.xen.host_info"
# su and doas of the bench's machines, where nobody has to become anybody else: what they cost is that Ansible then
# sends files instead of pipelining.
BECOMERS = {
    "su": ("usr/bin/su", '#!/bin/sh\nshift\nexec /bin/sh "$@"\n'),
    "community.general.doas": ("usr/bin/doas", '#!/bin/sh\nwhile [ "$1" != /bin/sh ]; do shift; done\nexec "$@"\n'),
}


def main() -> int:
    arguments = parse_arguments()
    found: list[Figure] = []
    for stage, parts in ((small, SMALL), (large, LARGE), (guests, INVENTORY)):
        if arguments.only & set(parts):
            found += stage(arguments)
    print(f"\n{arguments.hosts} hosts with {arguments.guests} guests each; large: {arguments.large_hosts} with "
          f"{arguments.large_guests}; inventory: {arguments.guests_hosts} with {arguments.guests_guests}. Medians of "
          f"{arguments.repeat} rounds (su, doas, Mitogen, inventory: at most {FEWER_ROUNDS}; large: "
          f"{large_rounds(arguments.repeat)}).\n")
    print(table(found, judge=not arguments.quick))
    return int(not arguments.quick and any(figure.missed for figure in found))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hosts", type=int, default=20, help="machines in the rack (default: %(default)s)")
    parser.add_argument("--guests", type=int, default=20, help="guests on each (default: %(default)s)")
    parser.add_argument("--large-hosts", type=int, default=100, help="machines of the large rack (%(default)s)")
    parser.add_argument("--large-guests", type=int, default=40, help="guests on each (default: %(default)s)")
    parser.add_argument("--guests-hosts", type=int, default=40, help="machines with guests as hosts (%(default)s)")
    parser.add_argument("--guests-guests", type=int, default=20, help="guests on each (default: %(default)s)")
    parser.add_argument("--repeat", type=int, default=5, help="rounds; their median counts (default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="small racks, one round, and no target")
    parser.add_argument("--only", default=",".join(PARTS), help="which parts (default: %(default)s)")
    arguments = parser.parse_args()
    arguments.only = set(arguments.only.split(","))
    if unknown := arguments.only - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are: {', '.join(PARTS)}")
    if arguments.quick:
        arguments.hosts, arguments.guests, arguments.repeat = 3, 4, 1
        arguments.large_hosts, arguments.large_guests = 6, 6
        arguments.guests_hosts, arguments.guests_guests = 4, 4
    return arguments


@contextmanager
def made(name: str, hosts: int, guests: int) -> Iterator[BenchRack]:
    """A rack on which nothing is to be done, its machines still simulated."""
    names = [f"nb{number:03d}" for number in range(1, hosts + 1)]
    print(f"{hosts} machines get {guests} guests each...", flush=True)
    with rack(CHECKOUT / ".build/racks" / name, "--names", ",".join([*names, SPARE]), "--dom0") as empty:
        bench = BenchRack(empty, names, guests)
        bench.make()
        yield bench


def ping(bench: BenchRack, **options: object) -> Run:
    return bench.module(PING, **options)


def look(bench: BenchRack) -> Run:
    return bench.module(LOOK)


def inventory(bench: BenchRack, limit: str = "") -> Run:
    """All guests as hosts. A machine that is left out ends the bench."""
    return bench.guests_as_hosts(limit)


def site(bench: BenchRack, *arguments: str, **options: object) -> Run:
    return bench.playbook(SITE, *arguments, **options)


# --- the rack of the usual size ----------------------------------------------------------------------------------


def small(arguments: argparse.Namespace) -> list[Figure]:
    """All that is not a matter of size."""
    found: list[Figure] = []
    only, repeat = arguments.only, arguments.repeat
    with made("bench", arguments.hosts, arguments.guests) as bench:
        if "raw" in only:
            found += raw(bench, repeat)
        if not only & set(SMALL[1:]):
            return found
        calls = record(bench, peers="by-hand" in only)
        bench.freeze(calls)
        for part, measure in zip(SMALL[1:4], (unchanged, becoming, mitogen), strict=True):
            if part in only:
                found += measure(bench, repeat)
        bench.check_answers()
        if "one-change" in only:
            found += one_change(bench, repeat)
        if "by-hand" in only:
            found += by_hand(bench, calls, repeat)
        bench.check_answers()
    return found


def raw(bench: BenchRack, repeat: int) -> list[Figure]:
    """Against the simulator itself."""
    print("raw:", flush=True)
    costs = rounds({"ping": lambda: ping(bench), "look": lambda: look(bench), "site": lambda: site(bench)}, repeat)
    bench.reset_logs()
    must_succeed("site.yml", site(bench))
    sessions, toolstack = bench.a_host("sessions.log"), bench.a_host("commands.log", '"/usr/pkg/sbin/xl"')
    return [
        Figure("raw: ping", costs["ping"].typical, "s", load=load()),
        Figure("raw: unchanged site.yml", costs["site"].typical, "s", load=load()),
        Figure("raw: unchanged site.yml / ping", ratio(costs["site"], costs["ping"]), load=load()),
        Figure("raw: unchanged site.yml / bare host_info", ratio(costs["site"], costs["look"]), "",
               wanted.SITE_PER_LOOK, load()),
        Figure("remote calls an unchanged host", sessions, "", wanted.CALLS),
        Figure("xl processes an unchanged host", toolstack),
    ]


def record(bench: BenchRack, *, peers: bool) -> Path:
    """The log of all commands that anybody's unchanged run calls, with ``peers`` also theirs. The spare machine then
    becomes as they have it."""
    print("recording...", flush=True)
    bench.copy(bench.hosts[0], [SPARE])
    spare = BenchRack(bench.rack, [SPARE], bench.guests)
    lines = []
    ours = {"look": look, "site.yml": site, "inventory": inventory}
    theirs = {"handwritten": others.handwritten, "pyinfra": others.pyinfra} if peers else {}
    for acts in (ours, theirs):
        for name, act in acts.items():
            must_succeed(name, act(spare))
        spare.reset_logs()
        for name, act in acts.items():
            add(Series(name), lambda act=act: act(spare))
        lines += spare.calls()
    log = WORK / "calls.log"
    log.write_text("".join(f"{line}\n" for line in lines))
    return log


def unchanged(bench: BenchRack, repeat: int) -> list[Figure]:
    """Against frozen machines: the floor, and us."""
    print("frozen:", flush=True)
    acts = {"ping": ping, "look": look, "site": site, "inventory": inventory}
    costs = rounds({name: lambda act=act: act(bench) for name, act in acts.items()}, repeat)
    bench.own = costs["site"]
    return [
        Figure("ping", costs["ping"].typical, "s", load=load()),
        Figure("unchanged site.yml", costs["site"].typical, "s", load=load()),
        Figure("unchanged site.yml / ping", ratio(costs["site"], costs["ping"]), "", wanted.SITE_PER_PING, load()),
        Figure("unchanged site.yml / bare host_info", ratio(costs["site"], costs["look"]), load=load()),
        Figure("inventory of the guests", costs["inventory"].typical, "s", load=load()),
        Figure("inventory of the guests / ping", ratio(costs["inventory"], costs["ping"]), load=load()),
    ]


def becoming(bench: BenchRack, repeat: int) -> list[Figure]:
    """With su and doas, which Ansible never pipelines through."""
    found = []
    for method, (path, program) in BECOMERS.items():
        for host in bench.hosts:
            file = bench.rack.root(host) / path
            file.unlink(missing_ok=True)
            file.write_text(program)
            file.chmod(0o755)
        settings = {
            "ANSIBLE_BECOME": "true",
            "ANSIBLE_BECOME_METHOD": method,
            # The rack's machines are entered as root.
            "ANSIBLE_BECOME_ALLOW_SAME_USER": "true",
            "ANSIBLE_PIPELINING": "false",
        }
        short = method.rpartition(".")[2]
        costs = rounds(
            {
                f"ping, {short}": lambda settings=settings: ping(bench, settings=settings),
                f"site, {short}": lambda settings=settings: site(bench, settings=settings),
            },
            min(repeat, FEWER_ROUNDS),
        )
        below, above = costs.values()
        found.append(Figure(f"with {short}: unchanged site.yml / ping", ratio(above, below), load=load(),
                            note=f"{above.typical:.1f} s / {below.typical:.1f} s"))
    return found


def mitogen(bench: BenchRack, repeat: int) -> list[Figure]:
    """Our playbook with Mitogen's strategy."""
    name = "Mitogen: unchanged site.yml / ping of plain Ansible"
    others.give_ctypes(bench)
    first = others.site_with_mitogen(bench)
    if first.status or first.changed:
        return [Figure(name, None, note=f"does not run here: {others.last_error(first)}")]
    costs = rounds(
        {
            "ping": lambda: ping(bench),
            "ping, Mitogen": lambda: others.ping_with_mitogen(bench),
            "site, Mitogen": lambda: others.site_with_mitogen(bench),
        },
        min(repeat, FEWER_ROUNDS),
    )
    plain, below, above = costs.values()
    return [
        Figure("Mitogen: ping / ping of plain Ansible", ratio(below, plain), load=load(),
               note=f"{below.typical:.1f} s"),
        Figure(name, ratio(above, plain), load=load(), note=f"{above.typical:.1f} s"),
    ]


def one_change(bench: BenchRack, repeat: int) -> list[Figure]:
    """A guest of one machine is gone, and site.yml starts it. That machine is simulated, for its answers change, and so
    it is in the unchanged run beside."""
    host, guest = bench.hosts[0], "guest01"
    bench.thaw(host)
    before, after = Series("unchanged, one machine simulated"), Series("one guest gone")
    must_succeed("site.yml", site(bench))
    for _round in range(repeat):
        add(before, lambda: site(bench))
        bench.rack.execute(host, "/usr/pkg/sbin/xl", "destroy", guest)
        add(after, lambda: site(bench), changes=True)
    more = statistics.median(one - other for one, other in zip(after.seconds, before.seconds, strict=True))
    return [Figure("one change on one host: more than unchanged", more, "s", wanted.ONE_CHANGE, load(),
                   f"{after.typical:.1f} s, {before.typical:.1f} s")]


def by_hand(bench: BenchRack, calls: Path, repeat: int) -> list[Figure]:
    """The others, on machines as they have left them. The playbook takes long and so is run once."""
    own = bench.own or rounds({"site": lambda: site(bench)}, repeat)["site"]
    bench.copy(SPARE, bench.hosts)
    bench.freeze(calls)
    must_succeed("ping", ping(bench))
    playbook = Series("handwritten")
    add(playbook, lambda: others.handwritten(bench))
    deploy = rounds({"pyinfra": lambda: others.pyinfra(bench)}, repeat)["pyinfra"]
    return [
        Figure("handwritten playbook / site.yml, unchanged", playbook.typical / own.typical, "",
               wanted.HANDWRITTEN, load(), f"{playbook.typical:.0f} s"),
        Figure("pyinfra / site.yml, unchanged", deploy.typical / own.typical, load=load(),
               note=f"{deploy.typical:.1f} s"),
    ]


# --- the large rack ----------------------------------------------------------------------------------------------


def large_rounds(repeat: int) -> int:
    """How often the large rack is measured, behind a round that is not."""
    return max(1, repeat // 2)


def large(arguments: argparse.Namespace) -> list[Figure]:
    """What grows with the rack: time, memory, and the processor time that each guest adds."""
    hosts, guests = arguments.large_hosts, arguments.large_guests
    repeat = large_rounds(arguments.repeat)
    with made("bench-one", hosts, 1) as bench:
        bench.freeze(recorded_of_us(bench))
        least = rounds({"site, one guest a host": lambda: site(bench)}, repeat)["site, one guest a host"]
        bench.check_answers()
    with made("bench-large", hosts, guests) as bench:
        bench.freeze(recorded_of_us(bench))
        costs = rounds({"ping": lambda: ping(bench), "site": lambda: site(bench)}, repeat)
        memory = Memory()
        must_succeed("site.yml", site(bench, watch=memory.watch))
        checks = rounds(
            {
                "validate": lambda: bench.playbook(VALIDATE),
                "nothing": lambda: bench.playbook(VALIDATE, "-e", "validate=false"),
            },
            repeat,
        )
        bench.check_answers()
    most = costs["site"].typical_cpu
    return [
        Figure("large: ping", costs["ping"].typical, "s", load=load()),
        Figure("large: unchanged site.yml", costs["site"].typical, "s", load=load()),
        Figure("large: unchanged site.yml / ping", ratio(costs["site"], costs["ping"]), "", wanted.LARGE_SITE_PER_PING,
               load()),
        Figure("large: memory of the controller and its forks", memory.most / GIB, "GiB", wanted.MEMORY, load()),
        Figure("large: own CPU a guest", (most - least.typical_cpu) * 1000 / (hosts * (guests - 1)), "ms",
               wanted.CPU_A_GUEST, load(), f"{most:.1f} s, {least.typical_cpu:.1f} s with one guest a host"),
        Figure(f"large: CPU of the check of {hosts * guests} guests",
               checks["validate"].typical_cpu - checks["nothing"].typical_cpu, "s", wanted.VALIDATE, load()),
    ]


# --- guests as hosts ---------------------------------------------------------------------------------------------


def guests(arguments: argparse.Namespace) -> list[Figure]:
    """The guests of many machines as an inventory, without and with a cache."""
    hosts, each = arguments.guests_hosts, arguments.guests_guests
    with made("bench-guests", hosts, each) as bench:
        bench.reset_logs()
        must_succeed("inventory", inventory(bench, bench.hosts[0]))
        bench.freeze(bench.rack.host(bench.hosts[0]) / "commands.log")
        acts = {"ping": ping, "guests": inventory, "guests, cached": cached_inventory}
        cached_inventory(bench)
        repeat = min(arguments.repeat, FEWER_ROUNDS)
        costs = rounds({name: lambda act=act: act(bench) for name, act in acts.items()}, repeat)
        bench.check_answers()
    size = f"inventory of {hosts * each} guests on {hosts} hosts"
    return [
        Figure(size, costs["guests"].typical, "s", load=load(), note=f"CPU {costs['guests'].typical_cpu:.1f} s"),
        Figure(f"{size} / ping", ratio(costs["guests"], costs["ping"]), load=load()),
        Figure(f"{size}, cached", costs["guests, cached"].typical, "s", load=load()),
    ]


def cached_inventory(bench: BenchRack) -> Run:
    """The same from the cache that the first such run has made."""
    return bench.guests_as_hosts(cached=True)


def recorded_of_us(bench: BenchRack) -> Path:
    """The log of what ping and site.yml call on one machine."""
    for _run in range(2):
        bench.reset_logs()
        must_succeed("site.yml", site(bench, "-l", bench.hosts[0]))
    return bench.rack.host(bench.hosts[0]) / "commands.log"


if __name__ == "__main__":
    sys.exit(main())
