# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""netbsd.xen.guests with Ansible itself, on a simulated rack over ssh: what an inventory says, and whom it asks."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.vault import VaultEditor, VaultLib, VaultSecret
from ansible.plugins.doc_fragments import constructed, inventory_cache
from rehearsal import Rack, ansible_environment, rack

from ansible_collections.netbsd.xen.plugins.inventory import guests

KERNEL = "/home/xen/netbsd-XEN3_DOMU.gz"
CONFIGS = "usr/pkg/etc/xen"
PASSWORD = "correct horse"
# Stands for sudo where nobody has to become anybody, and says that it was called.
SUDO = '#!/bin/sh\necho "$@" >> /home/sudo.log\nwhile [ "$1" != /bin/sh ]; do shift; done\nexec "$@"\n'
# Nobody is there.
NOBODY = "xen3"
CACHED = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile"}


class Place:
    """A directory with the inventory of the rack's machines, and one that does not answer; part of it in a vault."""

    def __init__(self, made: Rack, directory: Path) -> None:
        self.made, self.directory = made, directory
        listed = yaml.safe_load(made.simrack("inventory"))["dom0s"]
        key = listed["vars"].pop("ansible_ssh_private_key_file")
        listed["hosts"]["xen2"] |= {"ansible_become": True, "ansible_become_exe": "/home/sudo"}
        listed["hosts"][NOBODY] = {"ansible_host": "127.0.0.1", "ansible_port": 1}
        variables = directory / "group_vars/dom0s"
        variables.mkdir(parents=True)
        # Nobody has these variables here, and nobody asks for them.
        install = {"network": {"address": "{{ net }}.20/24"}, "root_password": "{{ not_there }}"}
        listed["hosts"]["xen1"] |= {"domu_guests": [{"name": "web1", "os": "linux", "install": install}]}
        listed["hosts"]["xen1"] |= {"net": "10.0.2"}
        listed["hosts"]["xen2"] |= {"domu_guests": [{"name": "quiet", "state": "absent", "memory": "{{ nor_this }}"}]}
        self.write("dom0s.yml", {"dom0s": {"hosts": listed["hosts"]}, "others": {"hosts": {"mail": {}}}})
        self.write("group_vars/dom0s/main.yml", {**listed["vars"], "ansible_ssh_private_key_file": "{{ vaulted_key }}"})
        vault = VaultEditor(VaultLib([("default", VaultSecret(PASSWORD.encode()))]))
        secret = vault.encrypt_bytes(f"vaulted_key: {key}\n".encode(), VaultSecret(PASSWORD.encode()))
        (variables / "vault.yml").write_bytes(secret)
        (directory / "password").write_text(PASSWORD)

    def write(self, name: str, content: Any) -> None:
        (self.directory / name).write_text(yaml.safe_dump(content, sort_keys=False))

    def guests(self, **options: Any) -> None:
        """The file of the plugin. Time passes slowly on a busy machine."""
        self.write("guests.yml", {"plugin": "netbsd.xen.guests", "timeout": 300, **options})

    def run(self, *arguments: str, status: int = 0, **environment: str) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            [str(Path(sys.executable).with_name("ansible-inventory")), *arguments],
            cwd=self.directory,
            env={
                **ansible_environment(),
                "ANSIBLE_HOME": str(self.directory / "home"),
                "ANSIBLE_BECOME_ALLOW_SAME_USER": "true",
                "ANSIBLE_VAULT_PASSWORD_FILE": str(self.directory / "password"),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert ended.returncode == status, ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
        return ended

    def sessions(self) -> dict[str, int]:
        """How often each machine was called."""
        logs = {name: self.made.host(name) / "sessions.log" for name in ("xen1", "xen2")}
        return {name: len(log.read_text().splitlines()) if log.exists() else 0 for name, log in logs.items()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("guests")
    with rack(directory / "rack", "--names", "xen1,xen2") as made:
        for name in ("xen1", "xen2"):
            root = made.root(name)
            (root / "home/xen").mkdir(parents=True)
            (root / KERNEL[1:]).write_bytes((root / "netbsd-XEN3_DOM0.gz").read_bytes())
        sudo = made.root("xen2") / "home/sudo"
        sudo.write_text(SUDO)
        sudo.chmod(0o755)
        config(made, "xen1", "web1", 'vif = ["mac=00:16:3e:00:00:01,bridge=bridge0"]')
        config(made, "xen1", "quiet")
        config(made, "xen2", "db1", 'vif = ["mac=00:16:3e:00:00:02,bridge=bridge0,ip=10.0.2.32"]')
        config(made, "xen2", "web1", 'vif = ["mac=00:16:3e:00:00:03,bridge=bridge0"]', "memory = 96")
        config(made, "xen2", "odd", f"extra = \"{{{{ lookup('pipe', 'touch {directory}/pwned') }}}}\"")
        made.execute("xen1", "/usr/pkg/sbin/xl", "create", f"/{CONFIGS}/quiet")
        yield Place(made, directory / "inventory")


def config(made: Rack, host: str, name: str, *lines: str) -> None:
    text = [f'name = "{name}"', f'kernel = "{KERNEL}"', "memory = 64", *lines]
    (made.root(host) / CONFIGS / name).write_text("\n".join(text) + "\n")


def hostvars(ended: subprocess.CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    """What must not be a template Ansible marks in its JSON."""
    listed = json.loads(ended.stdout, object_hook=lambda value: value.get("__ansible_unsafe", value))
    return dict(listed["_meta"]["hostvars"])


def said(ended: subprocess.CompletedProcess[str]) -> str:
    return " ".join(ended.stderr.split())


def test_all_guests_of_all_dom0s(place: Place) -> None:
    cache = str(place.directory / "cache")
    place.guests(
        **CACHED,
        cache_connection=cache,
        strict=True,
        filters=[{"exclude": "netbsd_xen_guest == word"}],
        compose={"half": "netbsd_xen_memory // 2", "words": "word ~ netbsd_xen_dom0"},
        keyed_groups=[{"key": "netbsd_xen_bridges", "prefix": "on"}],
        groups={"large": "netbsd_xen_memory > 80"},
        use_extra_vars=True,
    )
    sources = ("-i", "dom0s.yml", "-i", "guests.yml")
    ended = place.run(*sources, "--list", "-e", "word=odd")
    listed = json.loads(ended.stdout)
    found = hostvars(ended)
    assert f"{NOBODY}: it can't be reached: " in said(ended) and "Its guests are left out." in said(ended)
    groups = {name: sorted(group["hosts"]) for name, group in listed.items() if "hosts" in group}
    assert {name: hosts for name, hosts in groups.items() if name != "dom0s"} == {
        "guests_dom0_xen1": ["quiet", "web1.xen1"],
        "guests_dom0_xen2": ["db1", "web1.xen2"],
        "guests_state_running": ["quiet"],
        "guests_state_shutdown": ["db1", "web1.xen1", "web1.xen2"],
        "guests_type_pv": ["db1", "quiet", "web1.xen1", "web1.xen2"],
        "guests_system_netbsd": ["db1", "quiet", "web1.xen2"],
        "guests_system_linux": ["web1.xen1"],
        "on_bridge0": ["db1", "web1.xen1", "web1.xen2"],
        "large": ["web1.xen2"],
        "others": ["mail"],
    }
    assert len(listed["netbsd_xen_guests"]["children"]) == 7
    assert (found["web1.xen2"]["half"], found["quiet"]["words"]) == (48, "oddxen1")
    # Declared, given by the interface, and known to nobody.
    assert [found[name].get("ansible_host") for name in ("web1.xen1", "db1", "web1.xen2")] == [
        "10.0.2.20",
        "10.0.2.32",
        None,
    ]
    way = found["db1"]["ansible_ssh_common_args"]
    assert f"{place.made.directory}/ssh/id" in way and f" {found['xen2']['ansible_host']}" in way
    console = {name: value for name, value in found["quiet"].items() if name.startswith("ansible_")}
    assert console == {
        "ansible_connection": "netbsd.xen.console",
        "ansible_console_dom0": "xen1",
        "ansible_console_guest": "quiet",
        "ansible_console_toolstack": "xl",
    }
    assert "/usr/pkg/bin/python" in (place.made.root("xen2") / "home/sudo.log").read_text()

    # Whoever has answered is not asked again; whoever has not, is.
    before = place.sessions()
    assert min(before.values()) > 0
    with (place.directory / "guests.yml").open("a") as file:
        file.write("fail_on_unreachable: true\n")
    failed = place.run(*sources, "--list", status=1, ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
    assert f"netbsd.xen.guests: {NOBODY}: it can't be reached" in said(failed) and "xen1: it" not in said(failed)
    assert place.sessions() == before


def test_only_those_who_are_meant_are_asked(place: Place) -> None:
    place.guests(dom0s=["."], limit="xen1", names=["web*", "quiet"], include_stopped=False, jump="never")
    before = place.sessions()
    # The directory has this very file in it.
    ended = place.run("-i", "guests.yml", "--list", "--yaml")
    found = yaml.safe_load(ended.stdout)["all"]["children"]
    assert set(found["netbsd_xen_guests"]["children"]["guests_dom0_xen1"]["hosts"]) == {"quiet"}
    assert "dom0s" not in found
    assert "xen1: guests are reached at their consoles through it, and it is no host of this inventory" in said(ended)
    after = place.sessions()
    assert after["xen2"] == before["xen2"] and after["xen1"] > before["xen1"]
    assert not (place.directory.parent / "pwned").exists()


def test_who_does_not_answer_is_named_and_what_does_not_hold_is_strict_or_not(place: Place) -> None:
    """Each file is on its own; one that fails hinders no other."""
    assert yaml.safe_load(guests.DOCUMENTATION)["options"]["timeout"]["default"] == 10
    common = {"plugin": "netbsd.xen.guests", "dom0s": ["dom0s.yml"], "limit": "xen1", "timeout": 300}
    wrong = {"filters": [{"exclude": "no_such_variable > 1"}], "compose": {"never": "no_such_variable + 1"}}
    place.write("strict.guests.yml", {**common, **wrong, "strict": True, "parent_group": "of_the_strict"})
    names = {"groups_by": ["state"], "group_prefix": "its_", "parent_group": "of_the_patient"}
    place.write("patient.guests.yml", {**common, **wrong, **names})
    with socket.create_server(("127.0.0.1", 0)) as mute:
        silent = {"ansible_host": "127.0.0.1", "ansible_port": mute.getsockname()[1]}
        place.write("silent.yml", {"dom0s": {"hosts": {"mute": silent}}})
        place.write("silent.guests.yml", {**common, "dom0s": ["silent.yml"], "limit": "", "timeout": 1})
        files = ("silent.guests.yml", "strict.guests.yml", "patient.guests.yml")
        ended = place.run(*(f"--inventory={file}" for file in files), "--list", "--yaml")
    assert "mute: it did not answer within 1 seconds. Its guests are left out." in said(ended)
    assert "the filter 'no_such_variable > 1' fails for" in said(ended)
    found = yaml.safe_load(ended.stdout.replace("!unsafe", ""))["all"]["children"]
    assert "of_the_strict" not in found
    groups = found["of_the_patient"]["children"]
    assert {name: set(group["hosts"]) for name, group in groups.items()} == {
        "its_state_running": {"quiet"},
        "its_state_shutdown": {"web1"},
    }
    assert "never" not in groups["its_state_running"]["hosts"]["quiet"]


def test_the_examples_have_options_that_there_are() -> None:
    fragments = yaml.safe_load(constructed.ModuleDocFragment.DOCUMENTATION)["options"]
    fragments |= yaml.safe_load(inventory_cache.ModuleDocFragment.DOCUMENTATION)["options"]
    known = {*yaml.safe_load(guests.DOCUMENTATION)["options"], *fragments}
    examples = list(yaml.safe_load_all(guests.EXAMPLES))
    assert len(examples) == 3
    for example in examples:
        assert set(example) <= known and example["plugin"] == guests.NAME


def test_where_there_is_no_dom0_it_says_so(place: Place) -> None:
    place.guests()
    place.write("other.guests.yml", {"plugin": "netbsd.xen.guests", "dom0s": ["dom0s.yml"], "group": "nobody"})
    # Ansible itself takes a word that it does not know for none.
    place.write("wrong.guests.yml", {"plugin": "netbsd.xen.guests", "name": ["web*"], "filters": [{"exclud": "true"}]})
    ended = place.run("-i", "guests.yml", "-i", "other.guests.yml", "-i", "wrong.guests.yml", "--list")
    assert "no inventory was read before this one; say in dom0s which sources have the dom0s" in said(ended)
    assert "is not a known key" in said(ended) and "exclud" in said(ended)
    assert "dom0s.yml is in the group nobody; see the options dom0s, group and limit" in said(ended)
