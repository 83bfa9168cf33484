# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What Molecule's create and destroy do: the simulated racks of a scenario, and an inventory that says where they are.

usage: molecule_racks.py create SCENARIO_DIRECTORY RACKS INVENTORY
       molecule_racks.py destroy SCENARIO_DIRECTORY RACKS
       molecule_racks.py copy SCENARIO_DIRECTORY RACKS

``vars/machines.yml`` of a scenario has either ``machines`` (and their ``profile``), which become the rack
RACKS/molecule-SCENARIO, or ``scenarios``, names of others: then it has all their machines, each in its own rack.
``copy`` makes all machines of a rack as the first one is, after a look at that one and nothing else stands in its
commands.log; ``guests`` are the names of those on it. ``quiet`` are machines on which nothing will ever be done: they
are frozen, for the commands of a simulated machine are most of what a look at it costs.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "tests/simulator"))
sys.path.insert(0, str(CHECKOUT / ".build/collections"))

from netbsd_sim.core import profiles  # noqa: E402
from netbsd_sim.rack import copies, frozen, hosttree  # noqa: E402
from netbsd_sim.rack.rack import Rack  # noqa: E402

from ansible_collections.netbsd.xen.plugins.filter.guest_uuid import guest_uuid  # noqa: E402
from ansible_collections.netbsd.xen.plugins.filter.mac import mac  # noqa: E402

# Ansible adds a control path of its own where none is said, testinfra does not, and connects anew for each command.
# Nor does Ansible make the directory of a path that it did not choose.
_CONTROL_DIRECTORY = "~/.ansible/cp"
_CONTROL_PATH = f"-o ControlPath={_CONTROL_DIRECTORY}/%C"


def main(argv: list[str]) -> int:
    if len(argv) != {"create": 4, "destroy": 3, "copy": 3}.get(argv[0] if argv else ""):
        print(__doc__, file=sys.stderr)
        return 2
    directories = scenarios(Path(argv[1]).resolve())
    racks = {directory.name: Rack(Path(argv[2]) / f"molecule-{directory.name}") for directory in directories}
    if argv[0] == "copy":
        for directory in directories:
            said = declared(directory)
            copy(racks[directory.name], said["guests"], said["quiet"])
        return 0
    for rack in racks.values():
        if (rack.directory / "rack.json").exists():
            rack.destroy()
    if argv[0] == "create":
        Path(_CONTROL_DIRECTORY).expanduser().mkdir(mode=0o700, parents=True, exist_ok=True)
        for directory in directories:
            create(racks[directory.name], declared(directory))
        Path(argv[3]).write_text(yaml.safe_dump(inventory(racks)))
    return 0


def declared(directory: Path) -> dict[str, Any]:
    """A scenario's vars/machines.yml."""
    return yaml.safe_load((directory / "vars/machines.yml").read_text())


def scenarios(directory: Path) -> list[Path]:
    """The scenarios whose machines this one has."""
    return [directory.parent / name for name in declared(directory).get("scenarios", [directory.name])]


def create(rack: Rack, said: dict[str, Any], python: str | None = None) -> None:
    """Make the rack's machines and start it; ``python`` is the file of their Python, if not the controller's."""
    rack.directory.parent.mkdir(parents=True, exist_ok=True)
    for group in said["machines"]:
        rack.create(group["names"], group["preset"], said.get("profile", profiles.DEFAULT_PROFILE),
                    loader=group.get("loader", hosttree.LOADERS[0]), small_root=group.get("small_root", False),
                    pkgsrc=group.get("pkgsrc", False), python=python)
    # A Linux kernel, for all that the simulated Xen looks at: what their mirror offers besides NetBSD.
    kernel = rack.directory / "mirror/pub/linux/vmlinuz-6.12"
    kernel.parent.mkdir(parents=True, exist_ok=True)
    kernel.write_text("vmlinuz")
    rack.start()


def copy(rack: Rack, guests: list[str], quiet: list[str]) -> None:
    """Make all machines as the first one is, but for their names and what is derived from them, and freeze some. Raises
    RackError if the log of the first one has more than looks."""
    first, *others = rack.names
    for other in others:
        derived = {derive(guest, first): derive(guest, other) for guest in guests for derive in (mac, guest_uuid)}
        copies.copy(rack, first, other, {first: other} | derived)
    for name in quiet:
        frozen.freeze(rack, name, rack.host_dir(first) / "commands.log")


def inventory(racks: dict[str, Rack]) -> dict[str, Any]:
    """Group dom0s: how each machine is reached, and ``molecule_scenario``, the scenario whose rack it stands in."""
    hosts = {}
    for scenario, rack in racks.items():
        listed = yaml.safe_load(rack.inventory())["dom0s"]
        for name, variables in listed["hosts"].items():
            if name in hosts:
                raise ValueError(f"two machines are called {name}")
            hosts[name] = {**listed["vars"], **variables, "molecule_scenario": scenario}
            # testinfra has no ear for ansible_ssh_args.
            hosts[name]["ansible_ssh_common_args"] = f"{hosts[name].pop('ansible_ssh_args')} {_CONTROL_PATH}"
    return {"dom0s": {"hosts": hosts}}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
