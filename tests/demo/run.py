# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""`make demo`: a rack of three bare machines gets Xen and guests, drifts, is looked at, is repaired.

Ansible's own output is on the screen. What is promised is checked after each act, from what Ansible reported and from
the machines themselves; the end is a table, or a list of the promises that were not kept and exit status 1.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

from drift import DRIFTS, Drift  # noqa: E402
from rehearsal import CHECKOUT, Rack, Run, ansible, inventory, rack  # noqa: E402

HOSTS = ("xen1", "xen2", "xen3")
SITE = CHECKOUT / "playbooks/site.yml"
WORK = CHECKOUT / ".build/demo"
RACK = CHECKOUT / ".build/racks/demo"
SOURCES = (CHECKOUT / "inventories/demo", WORK / "hosts.yml")


class Broken(Exception):
    """A run failed altogether: the acts after it would show nothing."""


def main() -> int:
    started = time.monotonic()
    kept = Promises()
    with rack(RACK, "--names", ",".join(HOSTS), "--bare") as demo:
        # The simulator knows NetBSD's mirror; what the guests that are no NetBSD boot is the demo's own.
        demo.offer("pub/linux/vmlinuz-6.12", b"vmlinuz")
        WORK.mkdir(parents=True, exist_ok=True)
        SOURCES[1].write_text(demo.simrack("inventory"))
        guests = {host: [guest["name"] for guest in inventory(SOURCES)[host]["domu_guests"]] for host in HOSTS}
        try:
            acts(demo, guests, kept)
        except Broken as error:
            kept.broken.append(str(error))
        rack_now = table(demo, guests, kept.repaired)
        kept.check("README shows the table below", readme_sample() <= set(rack_now.splitlines()))
        headline("The rack")
        print(rack_now)
    print(f"\n{kept.count} checks, {len(kept.broken)} not kept, {time.monotonic() - started:.0f} s in all.")
    for promise in kept.broken:
        print(f"NOT KEPT: {promise}")
    print(f"The machines' files are in {RACK.relative_to(CHECKOUT)}; to look around: tests/simulator/simrack --help")
    return 1 if kept.broken else 0


def acts(demo: Rack, guests: dict[str, list[str]], kept: Promises) -> None:
    """The demo from bare machines to the last unchanged run. Raises Broken."""
    headline("1. Three bare NetBSD machines: no Python, no package manager, nothing of Xen. site.yml does the rest.")
    site("from-bare")
    for host in HOSTS:
        running = listed_guests(demo, host)
        for guest in guests[host]:
            state, _memory = running.get(guest, ("no domain", ""))
            kept.check(f"{guest} runs on {host} after the first run", state == "running", f": {state}")

    headline("2. Again: nothing is to be done.")
    kept.check_unchanged("the second run changes nothing", site("again"))

    headline("3. Other hands were at work:")
    for drift in DRIFTS:
        drift.happen(demo)
        print(f"   {drift.host}: {drift.words}")
    drifted = {(drift.host, drift.resource, drift.thing) for drift in DRIFTS}

    headline("4. site.yml --check --diff shows exactly that, and touches nothing.")
    before = fingerprint(demo)
    kept.check_changes("--check shows exactly the drift", site("check", "--check", "--diff"), drifted)
    kept.check_untouched("--check changes no file and no state of any machine", before, fingerprint(demo))

    headline("5. site.yml --diff repairs exactly that.")
    kept.check_changes("the repair does exactly what --check showed", site("repair", "--diff"), drifted)

    headline("6. And again: nothing is to be done.")
    kept.check_unchanged("the last run changes nothing", site("last"))
    for drift in DRIFTS:
        if kept.check(f"repaired: {drift.host}: {drift.words}", drift.is_repaired(demo)):
            kept.repaired.append(drift)


class Promises:
    """What was checked, and what did not hold."""

    def __init__(self) -> None:
        self.count = 0
        self.broken: list[str] = []
        self.repaired: list[Drift] = []

    def check(self, promise: str, holds: bool, found: str = "") -> bool:
        """Count a promise; say at once whether it holds."""
        self.count += 1
        print(f"   {'ok' if holds else 'NOT KEPT'}: {promise}")
        if not holds:
            self.broken.append(f"{promise}{found}")
        return holds

    def check_unchanged(self, promise: str, run: Run) -> None:
        """changed=0 on every host, by Ansible's own count."""
        found = {host: counts["changed"] for host, counts in run.stats.items() if counts["changed"]}
        every_host = set(run.stats) == set(HOSTS)
        self.check(f"{promise} ({run.seconds:.0f} s)", every_host and not found, f": {found} {sorted(run.changes)}")

    def check_changes(self, promise: str, run: Run, expected: set[tuple[str, str, str]]) -> None:
        """Exactly the expected changes, no more and no fewer."""
        surplus, missing = sorted(run.changes - expected), sorted(expected - run.changes)
        found = f": too much {surplus}, too little {missing}"
        self.check(f"{promise} ({run.seconds:.0f} s)", not surplus and not missing, found)
        wrong = sorted(run.planned ^ expected)
        self.check("its first look at the rack had said the very same", not wrong, f": {wrong}")

    def check_untouched(self, promise: str, before: dict[str, str], after: dict[str, str]) -> None:
        """The same fingerprint twice."""
        touched = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
        self.check(promise, not touched, f": touched {touched[:10]}")


def site(act: str, *arguments: str) -> Run:
    """One run of site.yml on the screen. Raises Broken if it fails."""
    sources = [word for source in SOURCES for word in ("-i", str(source))]
    run = ansible("ansible-playbook", *sources, str(SITE), *arguments, record=WORK / f"{act}.jsonl", brief=True)
    if run.status:
        raise Broken(f"the run '{act}' of site.yml ended with status {run.status}")
    return run


def fingerprint(demo: Rack) -> dict[str, str]:
    """Every file of every machine (type, mode, owner, content) and all of its state that is not a file, digested."""
    found = {}
    for host in HOSTS:
        for directory, names, files in os.walk(demo.root(host)):
            for name in (*names, *files):
                path = Path(directory, name)
                found[str(path)] = digest(path)
        found[f"{host}: state"] = digest(demo.host(host) / "state.json")
    return found


def digest(path: Path) -> str:
    """What there is to know of a directory entry."""
    status = path.lstat()
    digested = hashlib.sha256(f"{status.st_mode} {status.st_uid} {status.st_gid} {status.st_size} ".encode())
    if stat.S_ISREG(status.st_mode):
        for piece in pieces(path):
            digested.update(piece)
    elif stat.S_ISLNK(status.st_mode):
        digested.update(os.readlink(path).encode())
    return digested.hexdigest()


def pieces(path: Path) -> Iterator[bytes]:
    """A file's content without its holes: a guest's disk of 8 GiB has nothing in it yet."""
    with path.open("rb") as file:
        end = 0
        while True:
            try:
                start = os.lseek(file.fileno(), end, os.SEEK_DATA)
            except OSError:  # ENXIO: nothing but a hole, or nothing at all, from here to the end
                return
            end = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            yield f"{start}-{end} ".encode()
            yield os.pread(file.fileno(), end - start, start)


STATES = {"r": "running", "b": "running", "p": "paused", "s": "shut down", "c": "crashed", "d": "dying"}


def listed_guests(demo: Rack, host: str) -> dict[str, tuple[str, str]]:
    """name: (state in words, MiB) of what `xl list` on the host's own console shows."""
    guests = {}
    for line in demo.execute(host, "/usr/pkg/sbin/xl", "list").splitlines()[1:]:
        name, _domid, memory, _vcpus, flags, _time = line.split()
        # A guest that runs and has nothing to do at that moment shows no flag at all.
        guests[name] = (next((STATES[flag] for flag in flags if flag in STATES), "running"), memory)
    return guests


def table(demo: Rack, guests: dict[str, list[str]], repaired: list[Drift]) -> str:
    """The rack at the end, a line a guest and one for each host itself."""
    rows = [("HOST", "GUEST", "STATE", "MEMORY", "REPAIRED")]
    for host in HOSTS:
        try:
            listed = listed_guests(demo, host)
        except Exception as error:  # a host that failed half-way has a line, too
            rows.append((host, "-", f"xl list: {error}", "", ""))
            continue
        for name in ["Domain-0", *guests[host]]:
            state, memory = listed.get(name, ("no domain", "0"))
            here = [drift.short for drift in repaired if drift.host == host and shown_at(drift, guests[host]) == name]
            rows.append((host, name, state, f"{memory} MiB", ", ".join(here)))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows)


def readme_sample() -> set[str]:
    """The rows of this table that README shows. Raises ValueError if it shows none."""
    text = (CHECKOUT / "README.md").read_text(encoding="utf-8")
    _before, header, rest = text.partition("HOST  GUEST")
    rows = (header + rest).split("\n...", maxsplit=1)[0].splitlines()
    if not header or len(rows) < 2:
        raise ValueError("README.md has no table that begins with HOST  GUEST and ends with ...")
    return set(rows)


def shown_at(drift: Drift, guests: list[str]) -> str:
    """The table's line for a repair: the guest's own, or the host's."""
    return drift.thing if drift.thing in guests else "Domain-0"


def headline(text: str) -> None:
    print(f"\n=== {text}", flush=True)


if __name__ == "__main__":
    # Ansible writes to the same screen: keep the order of lines when it is a pipe.
    sys.stdout.reconfigure(line_buffering=True)
    sys.exit(main())
