# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles work out of the admin's variables, templated by a real ansible-playbook."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT, ROLES

PLAY = """
- hosts: all
  gather_facts: false
  vars_files: {files}
  tasks:
    - ansible.builtin.debug:
        msg: "{{{{ [inventory_hostname, {{ {values} }}] | to_json }}}}"
"""


def worked_out(name: str) -> str:
    """What a role's task gives to its module, or how a variable is by default, as an expression."""
    return f"lookup('netbsd.xen.role_value', '{name}')"


def values(
    directory: Path, role: str, expressions: dict[str, str], hosts: dict[str, dict[str, Any]], *options: str
) -> dict[str, Any]:
    """Each host's values of some expressions in the role's variables. What the machine says is that it is a dom0."""
    defaults = yaml.safe_load((ROLES / role / "defaults/main.yml").read_text())
    known = {**defaults, "netbsd_xen_host": {"host": {"role": "dom0"}}}
    (directory / "hosts.yml").write_text(yaml.safe_dump({"all": {"hosts": hosts, "vars": known}}))
    items = ", ".join(f"'{name}': {expression}" for name, expression in expressions.items())
    files = [str(path) for path in (ROLES / role).glob("vars/main.yml")]
    (directory / "play.yml").write_text(PLAY.format(files=json.dumps(files), values=items))
    (directory / "ansible.cfg").write_text("")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment.update(
        ANSIBLE_COLLECTIONS_PATH=os.environ.get("ANSIBLE_COLLECTIONS_PATH", str(CHECKOUT / ".build/collections")),
        ANSIBLE_HOME=str(directory / "home"),
        ANSIBLE_CONFIG=str(directory / "ansible.cfg"),
        NO_COLOR="1",
    )
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "-i", "hosts.yml", "play.yml", *options]
    run = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    messages = [json.loads(found) for found in re.findall(r'"msg": (".*")$', run.stdout, re.MULTILINE)]
    return dict(json.loads(message) for message in messages)
