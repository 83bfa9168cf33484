# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The YAML of the pages is what the collection itself takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml
from markdown import blocks
from rehearsal import CHECKOUT, ansible_environment

YAML = {block: yaml.safe_load(block.text) for block in blocks("yaml")}
# Files of our inventory plugin.
INVENTORIES = [block for block, content in YAML.items() if isinstance(content, dict) and "plugin" in content]
VARIABLES = [block for block, content in YAML.items() if isinstance(content, dict) and block not in INVENTORIES]
# Plays, or the tasks of one.
LISTS = [block for block, content in YAML.items() if isinstance(content, list)]


def ansible(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one of Ansible's programs with the checkout's settings; its errors come with its output."""
    return subprocess.run(
        [str(Path(sys.executable).with_name(program)), *arguments],
        cwd=CHECKOUT,
        env=ansible_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )


def test_each_block_is_in_a_language_of_which_some_test_takes_care() -> None:
    # The picture in mermaid is test_architecture.py's matter, the schema in JSON test_rack_files.py's, cron's line
    # test_commands.py's.
    assert {block.language for block in blocks()} == {"yaml", "sh", "text", "mermaid", "json", "crontab"}
    assert len(VARIABLES) + len(LISTS) + len(INVENTORIES) == len(blocks("yaml"))
    print(f"{len(VARIABLES)} blocks of variables, {len(LISTS)} of plays and tasks")


def test_variables_are_declared_well(tmp_path: Path) -> None:
    """Each block on a host of its own, with the roles' defaults for what it does not say, and the usual bridge."""
    bridges = [{"name": "bridge0", "interfaces": ["wm0"]}]
    hosts = {f"block{number}": YAML[block] for number, block in enumerate(VARIABLES)}
    group = {"hosts": hosts, "vars": {"bridge_bridges": bridges}}
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump({"dom0s": group}))
    checked = ansible("ansible", "-i", str(tmp_path / "hosts.yml"), "dom0s", "-m", "netbsd.xen.validate")
    assert checked.returncode == 0 and f"hosts: {len(hosts)}" in checked.stdout, "\n".join(
        [checked.stdout, *(f"{host} is {block.place}" for host, block in zip(hosts, VARIABLES))]
    )


def test_the_inventory_plugin_takes_its_files(tmp_path: Path) -> None:
    """As far as it comes without a dom0."""
    assert len(INVENTORIES) > 2
    files = {block: tmp_path / f"{number}.guests.yml" for number, block in enumerate(INVENTORIES)}
    for block, file in files.items():
        file.write_text(yaml.safe_dump({**YAML[block], "dom0s": ["localhost,"]}))
    shown = ansible("ansible-inventory", *(f"--inventory={file}" for file in files.values()), "--list")
    told = " ".join(shown.stdout.split())
    assert shown.returncode == 0
    assert told.count("'auto' plugin: netbsd.xen.guests: no host of localhost, is in the group") == len(files), told


def test_plays_and_tasks_are_well_formed(tmp_path: Path) -> None:
    for number, block in enumerate(LISTS):
        content = YAML[block]
        is_playbook = {"hosts", "ansible.builtin.import_playbook"} & set(content[0])
        plays = content if is_playbook else [{"hosts": "all", "gather_facts": False, "tasks": content}]
        playbook = tmp_path / f"block{number}.yml"
        playbook.write_text(yaml.safe_dump(plays))
        checked = ansible("ansible-playbook", "-i", "localhost,", "--syntax-check", str(playbook))
        assert checked.returncode == 0, f"{block.place}: {checked.stdout}"


def test_the_inventories_are_declared_well() -> None:
    for inventory, told in (
        ("example", "3 hosts and 6 guests"),
        ("demo", "3 hosts and 7 guests"),
        ("howto-netbsd", "1 hosts and 2 guests"),
        ("howto-linux", "1 hosts and 5 guests"),
        ("sysinst", "1 hosts and 1 guests"),
        ("tutorial", "2 hosts and 2 guests"),
        ("howto-solaris", "1 hosts and 1 guests"),
    ):
        checked = ansible("ansible", "-i", f"inventories/{inventory}", "dom0s", "-m", "netbsd.xen.validate")
        assert checked.returncode == 0, checked.stdout
        assert f"{told} are declared well." in checked.stdout
