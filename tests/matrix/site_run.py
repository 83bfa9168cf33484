# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""site.yml on a bare simulated machine with a Python of a certain version: converge, then a run that changes nothing.

usage: site_run.py ANSIBLE_PLAYBOOK PYTHON VERSION WORK

The machine is the first of the demo, ANSIBLE_PLAYBOOK that of the ansible-core in question, PYTHON the file of the
machine's Python and VERSION what it has to say of itself (3.8). Molecule would do, but refuses the oldest ansible-core.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT / "tests/tools"), str(CHECKOUT / "tests/simulator")]

import molecule_racks  # noqa: E402
from netbsd_sim.core import profiles  # noqa: E402
from netbsd_sim.rack.rack import Rack  # noqa: E402

HOST = "xen1"
LIMIT = 600  # seconds of a run, which takes 20 on an idle machine
_COUNT = re.compile(rf"^{HOST}\s*:(.*)$", re.MULTILINE)


def main(playbook: str, python: str, version: str, work: Path) -> int:
    work.mkdir(parents=True, exist_ok=True)
    rack = Rack(work / "rack")
    if (rack.directory / "rack.json").exists():
        rack.destroy()
    try:
        molecule_racks.create(rack, {"machines": [{"preset": "bare", "names": [HOST]}]}, python)
        (work / "hosts.yml").write_text(rack.inventory())
        call = [playbook, f"--inventory={CHECKOUT}/inventories/demo", f"--inventory={work}/hosts.yml",
                f"--limit={HOST}", "netbsd.xen.site"]
        problems = [*converged(run(call)), *other_python(rack, version), *unchanged(run(call))]
    finally:
        if (rack.directory / "rack.json").exists():
            rack.destroy()
    for problem in problems:
        print(f"site_run: {problem}", file=sys.stderr)
    return 1 if problems else 0


def run(call: list[str]) -> tuple[int, str]:
    """The exit status and the output of a run, which is printed too."""
    ended = subprocess.run(call, cwd=CHECKOUT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT, text=True, timeout=LIMIT, check=False)
    print(ended.stdout, flush=True)
    return ended.returncode, ended.stdout


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
