# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A newcomer's way from the archive alone, on a bare simulated machine with a Python of a certain version.

usage: site_run.py ANSIBLE_PLAYBOOK PYTHON VERSION WORK

The archive is built and installed into an empty place by the ansible-core in question, ANSIBLE_PLAYBOOK, whose
environment has nothing else, and nothing of the checkout's settings holds. There netbsd.xen.site converges the machine,
then changes nothing; an inventory is imported, with which netbsd.xen.plan finds no drift and netbsd.xen.site changes
nothing; and ansible-doc shows a module. The machine is the first of the demo, PYTHON the file of its Python and VERSION
what that has to say of itself (3.8). Molecule would do, but refuses the oldest ansible-core.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT / "tests/tools"), str(CHECKOUT / "tests/simulator")]

import molecule_racks  # noqa: E402
from netbsd_sim.core import profiles  # noqa: E402
from netbsd_sim.rack.rack import Rack  # noqa: E402

HOST = "xen1"
LIMIT = 600  # seconds of a run, which takes 20 on an idle machine
SETTINGS = """[defaults]
home = {directory}/home
collections_path = {directory}/collections
[ssh_connection]
pipelining = true
"""
_COUNT = re.compile(rf"^{HOST}\s*:(.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Place:
    """An empty directory with settings for Ansible and, below it, the collection; the programs of an ansible-core."""

    directory: Path
    programs: Path

    def run(self, program: str, *arguments: str) -> tuple[int, str]:
        """The exit status and the output of a program of Ansible's, which is printed too."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment["ANSIBLE_CONFIG"] = str(self.directory / "ansible.cfg")
        ended = subprocess.run([str(self.programs / program), *arguments], cwd=self.directory, env=environment,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               timeout=LIMIT, check=False)
        print(ended.stdout, flush=True)
        return ended.returncode, ended.stdout


def main(playbook: str, python: str, version: str, work: Path) -> int:
    place = empty(work / "place", Path(playbook).parent)
    problems = installed(place) or tried(place, python, version, work)
    for problem in problems:
        print(f"site_run: {problem}", file=sys.stderr)
    return 1 if problems else 0


def empty(directory: Path, programs: Path) -> Place:
    """A new place, with README's one setting and one that keeps out what the user has installed."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    (directory / "ansible.cfg").write_text(SETTINGS.format(directory=directory))
    return Place(directory, programs)


def installed(place: Place) -> list[str]:
    """What is wrong with the archive's way into the place."""
    built = place.run("ansible-galaxy", "collection", "build", "--output-path", str(place.directory), str(CHECKOUT))
    archives = [str(path) for path in place.directory.glob("netbsd-xen-*.tar.gz")]
    if built[0] or len(archives) != 1:
        return [f"the archive was not built: status {built[0]}"]
    status, _output = place.run("ansible-galaxy", "collection", "install", "--offline", *archives)
    return [f"the archive can't be installed: status {status}"] if status else []


def tried(place: Place, python: str, version: str, work: Path) -> list[str]:
    """What is wrong with the way from a bare machine."""
    rack = Rack(work / "rack")
    if (rack.directory / "rack.json").exists():
        rack.destroy()
    try:
        molecule_racks.create(rack, {"machines": [{"preset": "bare", "names": [HOST]}]}, python)
        own = place.directory / "inventory"
        own.mkdir()
        (own / "hosts.yml").write_text(rack.inventory())
        demo = ["-i", f"{CHECKOUT}/inventories/demo", "-i", f"{own}/hosts.yml", "--limit", HOST]
        return [
            *converged(place.run("ansible-playbook", *demo, "netbsd.xen.site")),
            *other_python(rack, version),
            *unchanged(place.run("ansible-playbook", *demo, "netbsd.xen.site")),
            *adopted(lambda *words: place.run("ansible-playbook", "-i", str(own), *words), own),
            *shown(place.run("ansible-doc", "netbsd.xen.domain")),
        ]
    finally:
        if (rack.directory / "rack.json").exists():
            rack.destroy()


def adopted(play: Callable[..., tuple[int, str]], own: Path) -> list[str]:
    """What is wrong with the first inventory of somebody who has such a machine and no inventory of it."""
    status, output = play("netbsd.xen.import", "-e", f"netbsd_xen_import={own}")
    if status or "plans to nothing" not in output:
        return [f"the import ended with status {status}, and does not say that its inventory plans to nothing"]
    status, _output = play("netbsd.xen.plan", "-e", "netbsd_xen_fail_on_drift=true")
    if status:
        return [f"the plan by the imported inventory ended with status {status}"]
    return [f"by the imported inventory: {problem}" for problem in unchanged(play("netbsd.xen.site"))]


def shown(ended: tuple[int, str]) -> list[str]:
    """What is wrong with a module's documentation."""
    return [] if ended[0] == 0 and "EXAMPLES" in ended[1] else [f"ansible-doc ended with status {ended[0]}"]


def counts(output: str) -> dict[str, int]:
    """The numbers of the recap's line of HOST; none if there is no such line."""
    lines = _COUNT.findall(output)
    return {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", lines[-1])} if lines else {}


def converged(ended: tuple[int, str]) -> list[str]:
    """What is wrong with a first run."""
    status, output = ended
    if status or not counts(output).get("changed"):
        return [f"the first run ended with status {status} and these counts: {counts(output)}"]
    return [f"the first run says: {line}" for line in output.splitlines() if "DEPRECATION" in line]


def unchanged(ended: tuple[int, str]) -> list[str]:
    """What is wrong with a second run, in which a host that is in sync ends before the roles."""
    status, output = ended
    found = counts(output)
    if status or not found or found["changed"]:
        return [f"the second run ended with status {status} and these counts: {found}"]
    return ["the second run went through the roles of a host that is in sync"] if "TASK [netbsd.xen." in output else []


def other_python(rack: Rack, version: str) -> list[str]:
    """What is wrong with the machine's Python."""
    command = profiles.get(profiles.DEFAULT_PROFILE).python_command
    ended = rack.exec(HOST, [f"/usr/pkg/bin/{command}", "--version"], capture_output=True, text=True, timeout=60)
    said = ended.stdout.strip()
    return [] if said.startswith(f"Python {version}.") else [f"the machine has {said!r} and not Python {version}"]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4], Path(sys.argv[4]).resolve()))
