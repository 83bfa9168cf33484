# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The racks of Molecule's scenarios: which machines a scenario has, and how they are reached."""

from __future__ import annotations

from pathlib import Path

import molecule_racks
import pytest
import yaml

from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT

MOLECULE = CHECKOUT / "molecule"


class Listed:
    """A rack as far as its inventory goes."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def inventory(self) -> str:
        hosts = {name: {"ansible_host": "127.1.0.1"} for name in self.names}
        return yaml.safe_dump({"dom0s": {"vars": {"ansible_port": 1, "ansible_ssh_args": "-F x"}, "hosts": hosts}})


def test_a_scenario_has_its_own_machines_unless_it_names_others():
    assert molecule_racks.scenarios(MOLECULE / "upgrade") == [MOLECULE / "upgrade"]
    assert MOLECULE / "netbsd-9.4-xen-4.15" in molecule_racks.scenarios(MOLECULE / "eras")


def test_every_era_is_in_the_scenario_of_all_eras():
    eras = sorted(path.parents[1].name for path in MOLECULE.glob("netbsd-*/vars/machines.yml"))
    assert sorted(molecule_racks.declared(MOLECULE / "eras")["scenarios"]) == eras
    arguments = yaml.safe_load((MOLECULE / "eras/molecule.yml").read_text())["ansible"]["executor"]["args"]
    inventories = [word.split("/")[-2] for word in arguments["ansible_playbook"] if word.endswith("/inventory")]
    assert sorted(inventories) == eras


def test_every_machine_of_an_era_is_in_its_inventory():
    for file in MOLECULE.glob("netbsd-*/vars/machines.yml"):
        directory = file.parents[1]
        made = {name for group in molecule_racks.declared(directory)["machines"] for name in group["names"]}
        (group,) = yaml.safe_load((directory / "inventory/hosts.yml").read_text())["dom0s"]["children"].values()
        assert set(group["hosts"]) == made, directory.name


def test_each_machine_says_how_it_is_reached_and_whose_it_is():
    found = molecule_racks.inventory({"one": Listed("a"), "two": Listed("b")})["dom0s"]["hosts"]
    assert {name: host["molecule_scenario"] for name, host in found.items()} == {"a": "one", "b": "two"}
    assert found["a"]["ansible_port"] == 1
    # testinfra knows no other word for it.
    assert found["a"]["ansible_ssh_common_args"].startswith("-F x -o ControlPath=")
    assert "ansible_ssh_args" not in found["a"]


def test_two_machines_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two machines are called a"):
        molecule_racks.inventory({"one": Listed("a"), "two": Listed("a")})


def test_the_sockets_of_ssh_have_a_directory_also_where_ansible_never_ran(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "none/vars").mkdir(parents=True)
    (tmp_path / "none/vars/machines.yml").write_text("scenarios: []")
    assert molecule_racks.main(["create", str(tmp_path / "none"), str(tmp_path), str(tmp_path / "hosts.yml")]) == 0
    hosts = molecule_racks.inventory({"one": Listed("a")})["dom0s"]["hosts"]
    path = hosts["a"]["ansible_ssh_common_args"].partition("ControlPath=")[2]
    assert Path(path).expanduser().parent.is_dir()


def test_usage(capsys):
    assert molecule_racks.main(["create", "x"]) == 2
    assert "usage:" in capsys.readouterr().err
