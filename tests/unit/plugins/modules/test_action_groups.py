# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action group in meta/runtime.yml: just the modules with the option that it is for, as each of them says.

Ansible gives the options of a group to each of its members: one that does not take them fails, one that is left out
goes without.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.netbsd.xen.plugins.doc_fragments.resource import ModuleDocFragment
from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT

FRAGMENT = "netbsd.xen.resource.release"
# What a member must be given besides, before it looks at the release.
GUESTS = {"guests": [{"name": "web1", "state": "absent"}]}
OPTIONS = {"domain": GUESTS, "guest_system": GUESTS, "rc_service": {"services": [{"name": "xend"}]}}


def documentation(path: Path) -> dict[str, Any]:
    (text,) = [
        node.value.value
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.Assign) and node.targets[0].id == "DOCUMENTATION"
    ]
    return yaml.safe_load(text)


MODULES = {path.stem: documentation(path) for path in sorted(CHECKOUT.glob("plugins/modules/*.py"))}
WITH_RELEASE = sorted(name for name, told in MODULES.items() if "release" in told["options"])
GROUPS = yaml.safe_load((CHECKOUT / "meta/runtime.yml").read_text())["action_groups"]


def test_the_group_is_just_the_modules_with_a_release() -> None:
    assert len(WITH_RELEASE) > 5
    assert GROUPS == {"release": WITH_RELEASE}
    assert {MODULES[name]["options"]["release"]["type"] for name in WITH_RELEASE} == {"str"}


def test_each_member_says_that_it_is_one() -> None:
    said = [name for name, told in MODULES.items() if FRAGMENT in told.get("extends_documentation_fragment", [])]
    assert said == WITH_RELEASE
    attribute = yaml.safe_load(ModuleDocFragment.RELEASE)["attributes"]["action_group"]
    assert attribute["membership"] == ["netbsd.xen.release"]


def test_no_option_is_common_to_all_modules() -> None:
    """Or a group of all would be good for something."""
    assert set.intersection(*(set(told["options"]) for told in MODULES.values())) == set()


def test_ansible_gives_the_release_to_each_member(tmp_path: Path) -> None:
    """All of them refuse a release that there is not, on the controller."""
    tasks = [{f"netbsd.xen.{name}": OPTIONS.get(name, {}), "ignore_errors": True} for name in WITH_RELEASE]
    defaults = {"group/netbsd.xen.release": {"release": "0.0"}}
    play = {"hosts": "all", "gather_facts": False, "module_defaults": defaults, "tasks": tasks}
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment["ANSIBLE_CONFIG"] = str(CHECKOUT / "ansible.cfg")
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    argv = [program, "--check", "-i", "nowhere.invalid,", str(tmp_path / "play.yml")]
    ran = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120, check=False)
    refused = re.findall(r"Task failed: (?:Xen )?release (?:is )?'0\.0'", ran.stdout)
    assert len(refused) == len(WITH_RELEASE), ran.stdout + ran.stderr
