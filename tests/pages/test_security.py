# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""SECURITY.md's promise about passwords: a word of its own for each path that takes a secret, through check and run
with all that Ansible can show, and looked for wherever it must not be."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import linux_system
import pytest
import yaml
from canaries import exposed, files, held, watched_processes, within
from markdown import CHECKOUT
from rehearsal import Rack, ansible, ansible_environment, rack

HOST = "xen1"
CONFIGS = "usr/pkg/etc/xen"
# By the path that takes it. Each is looked for in every place.
WORDS = {
    "domu_secrets: vncpasswd": "Kanari01vogel",
    "domu_guests: vncpasswd": "Kanari02vogel",
    "domu_guests: spicepasswd": "Kanari03vogel",
    "domu_guests: settings.vncpasswd": "Kanari04vogel",
    "install.root_password, of the sets": "Kanari05vogel",
    "install.root_password, of an image": "Kanari06vogel",
    "install.user_data": "Kanari07vogel",
    "a configuration of nobody's, of a guest that runs": "Kanari08vogel",
    "a configuration that is replaced": "Kanari09vogel",
    "repositories.conf of the machine": "Kanari10vogel",
    "a vault of the inventory": "Kanari11vogel",
    "the password to become root": "Kanari12vogel",
}
# Those that have to be in a file of the machine when all is done, plainly.
WRITTEN = {name for name in WORDS if name.startswith("domu_")} | {
    "install.root_password, of an image",
    "install.user_data",
    "a configuration that is replaced",
    "repositories.conf of the machine",
    "a vault of the inventory",
}
VAULT_PASSWORD = "no canary"
INFO = """
- hosts: dom0s
  gather_facts: false
  tasks:
    - netbsd.xen.domain_info:
    - netbsd.xen.host_info:
        resources: all
"""


def pad(word: str, letters: int) -> str:
    """The last part of a hash that has the word in it."""
    return (word + "y" * letters)[:letters]


def variables() -> dict[str, object]:
    """What the inventory says of the machine, but for what is in a vault."""
    mirror = "http://mirror.example/pub"
    word = WORDS

    def disk(name: str, size: str = "4M") -> dict[str, str]:
        return {"path": f"/home/xen/{name}.img", "size": size}

    sets_hash = "$sha1$24680$2F4aBnrt$" + pad(word["install.root_password, of the sets"], 28)
    image = {
        "method": "image",
        "image": "/home/xen/debian.raw.gz",
        "seed": "/home/xen/cloud1-seed.iso",
        "root_password": "$6$saltstring$" + pad(word["install.root_password, of an image"], 86),
        "user_data": {"write_files": [{"path": "/etc/key", "content": word["install.user_data"]}]},
    }
    spice = {"spice": 1, "spiceport": 6000, "spicehost": "127.0.0.1"}
    return {
        "bootstrap_pkg_path": f"{mirror}/pkgsrc/packages/NetBSD/amd64/10.1/All",
        "dom0_mirror": f"{mirror}/NetBSD",
        "dom0_xen_release": "4.20",
        "bridge_bridges": [{"name": "bridge0", "interfaces": ["wm0"]}],
        "domu_install_source": f"{mirror}/NetBSD",
        "domu_restart_policy": "if_needed",
        "domu_secrets": {
            "pv1": {"vncpasswd": word["domu_secrets: vncpasswd"]},
            "pv2": {"vncpasswd": "{{ vaulted }}"},
        },
        "domu_guests": [
            {"name": "pv1", "os": "netbsd", "kernel": "/netbsd", "memory": 64, "vnc": True, "disks": [disk("pv1")]},
            {"name": "pv2", "os": "netbsd", "kernel": "/netbsd", "memory": 64, "vnc": True, "state": "shutdown"},
            {
                **{"name": "hvm1", "type": "hvm", "memory": 64, "vnc": True, "disks": [disk("hvm1")]},
                "vncpasswd": word["domu_guests: vncpasswd"],
            },
            {
                **{"name": "hvm2", "type": "hvm", "memory": 64, "settings": spice, "disks": [disk("hvm2")]},
                "spicepasswd": word["domu_guests: spicepasswd"],
            },
            {
                **{"name": "hvm3", "type": "hvm", "memory": 64, "vnc": True, "disks": [disk("hvm3")]},
                "settings": {"vncpasswd": word["domu_guests: settings.vncpasswd"]},
            },
            {
                **{"name": "sets1", "os": "netbsd", "memory": 64, "disks": [disk("sets1", "512M")]},
                "install": {"release": "10.1", "root_password": sets_hash},
            },
            {
                **{"name": "cloud1", "os": "linux", "memory": 64, "kernel": "/home/xen/vmlinuz", "root": "/dev/xvda1"},
                "disks": [disk("cloud1", "64M"), {"path": "/home/xen/cloud1-seed.iso", "access": "ro"}],
                "install": image,
            },
        ],
    }


@dataclass
class Machine:
    """A machine that somebody else has had before, and what was seen: by the place, the words that stood there."""

    rack: Rack
    work: Path
    seen: dict[str, set[str]] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.rack.root(HOST)

    @property
    def left(self) -> Path:
        """All that Ansible leaves on the controller."""
        return self.work / "left"

    def prepare(self) -> None:
        """What is there before the collection comes."""
        home = self.root / "home/xen"
        home.mkdir(parents=True, exist_ok=True)
        linux_system.main([str(home)])
        (home / "vmlinuz").write_bytes(linux_system.kernel())
        nobodys, replaced = "a configuration of nobody's, of a guest that runs", "a configuration that is replaced"
        for name, word in (("other", WORDS[nobodys]), ("pv1", WORDS[replaced])):
            text = f'name = "{name}"\nkernel = "/netbsd"\nmemory = 32\nvfb = ["vnc=1,vncpasswd={word}"]\n'
            (self.root / CONFIGS / name).write_text(text)
        self.rack.execute(HOST, "/usr/pkg/sbin/xl", "create", f"/{CONFIGS}/other")
        repository = self.root / "usr/pkg/etc/pkgin/repositories.conf"
        repository.parent.mkdir(parents=True, exist_ok=True)
        repository.write_text(f"http://me:{WORDS['repositories.conf of the machine']}@mirror.example/pub/All\n")
        repository.chmod(0o600)

    def inventory(self) -> None:
        self.left.mkdir()
        folder = self.work / "inventory/host_vars" / HOST
        folder.mkdir(parents=True)
        (folder / "plain.yml").write_text(yaml.safe_dump(variables()))
        (self.work / "vault-password").write_text(VAULT_PASSWORD)
        vaulted = {
            "vaulted": WORDS["a vault of the inventory"],
            "ansible_become_password": WORDS["the password to become root"],
        }
        subprocess.run(
            [
                *(str(Path(sys.executable).with_name("ansible-vault")), "encrypt"),
                *("--output", str(folder / "vault.yml"), "--vault-password-file", str(self.work / "vault-password")),
            ],
            input=yaml.safe_dump(vaulted),
            env=ansible_environment(),
            check=True,
            text=True,
            capture_output=True,
            timeout=120,
        )
        (self.work / "inventory/hosts.yml").write_text(self.rack.simrack("inventory"))
        guests = {"plugin": "netbsd.xen.guests", "timeout": 300, "jump": "never", "cache": True}
        cache = {"cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(self.left / "guests")}
        (self.work / "rack.guests.yml").write_text(yaml.safe_dump({**guests, **cache}))

    def run(self, place: str, program: str, *arguments: str, status: int = 0) -> None:
        """One run, with all that Ansible shows and keeps. What it says is searched, and the arguments of all processes
        meanwhile."""
        settings = {
            "ANSIBLE_LOG_PATH": str(self.left / "ansible.log"),
            "ANSIBLE_HOME": str(self.left / "home"),
            "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self.left / "facts"),
            "ANSIBLE_VAULT_PASSWORD_FILE": str(self.work / "vault-password"),
        }
        record = self.left / f"{place}.jsonl"
        with watched_processes(WORDS) as argued:
            ended = ansible(
                program, "-i", str(self.work / "inventory"), *arguments, record=record, quiet=True, settings=settings
            )
        assert ended.output
        said = ended.output.read_bytes()
        assert ended.status == status, said.decode()[-4000:]
        self.seen[f"{place}: what it says"] = within(said, WORDS)
        self.seen[f"{place}: arguments of processes"] = argued


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """The machine after all that an admin does to it."""
    with rack(CHECKOUT / ".build/racks/security", "--names", HOST) as made:
        it = Machine(made, tmp_path_factory.mktemp("security"))
        it.prepare()
        it.inventory()
        report = f"netbsd_xen_report={it.left}/plan.json,{it.left}/plan.html"
        site = ["-vvv", "--diff", "playbooks/site.yml", "-e", report]
        # The machine is a dom0. No other role takes a secret; the disks need nodes.
        site += ["--tags", "makedev,domu"]
        it.run("check", "ansible-playbook", *site, "--check")
        it.run("run", "ansible-playbook", *site)
        made.execute(HOST, "/usr/pkg/sbin/xl", "destroy", "pv1")
        made.simrack("fault", HOST, "--match", "xl create", "--action", "fail")
        it.run("failure", "ansible-playbook", *site, status=2)
        made.simrack("fault", HOST, "--clear")
        imported = f"netbsd_xen_import={it.left}"
        it.run("import", "ansible-playbook", "-vvv", "playbooks/import.yml", "-e", imported)
        (it.work / "info.yml").write_text(INFO)
        it.run("info", "ansible-playbook", "-vvv", str(it.work / "info.yml"))
        guests = str(it.work / "rack.guests.yml")
        it.run("inventory of guests", "ansible-inventory", "-i", guests, "--list", "--limit", "netbsd_xen_guests")
        yield it


def test_no_secret_is_where_none_may_be(machine: Machine) -> None:
    """One test: workers that have a part each would make the same machine twice at once."""
    nothing_that_is_shown_has_one(machine)
    nothing_that_stays_on_the_controller_has_one(machine)
    no_command_of_the_machine_has_one_among_its_arguments(machine)
    only_root_can_read_a_file_with_one(machine)
    places = len(machine.seen) + 3
    print(f"{len(WORDS)} paths of secrets x {places} places: {len(WORDS) * places} times nothing was seen")


def nothing_that_is_shown_has_one(machine: Machine) -> None:
    assert {place: found for place, found in machine.seen.items() if found} == {}


def nothing_that_stays_on_the_controller_has_one(machine: Machine) -> None:
    kept = [path.relative_to(machine.left).as_posix() for path in files(machine.left)]
    for name in ("plan.json", "plan.html", "ansible.log", "host_vars/xen1.yml", "failure.jsonl"):
        assert name in kept
    assert any(name.startswith("guests/") for name in kept), "the inventory of guests has no cache"
    assert held([machine.left], WORDS) == {}


def no_command_of_the_machine_has_one_among_its_arguments(machine: Machine) -> None:
    log = (machine.rack.host(HOST) / "commands.log").read_bytes()
    assert b"xl create" in log or b"xl" in log
    assert within(log, WORDS) == set()


def only_root_can_read_a_file_with_one(machine: Machine) -> None:
    found = held([machine.root], WORDS)
    # What others wrote and nobody declared is left as it is.
    others = machine.root / CONFIGS / "other"
    assert exposed(found).keys() == {others}
    # Each is where it belongs, so that it could have been seen elsewhere.
    written = {name for path, names in found.items() if path != others for name in names}
    assert written >= WRITTEN


def test_what_is_looked_for_is_found(tmp_path: Path) -> None:
    """In each form, and among the arguments of a process."""
    words = {"it": "Kanari99vogel"}
    for number in range(3):
        (tmp_path / str(number)).write_bytes(base64.b64encode(b"x" * number + b"Kanari99vogel, and more"))
    (tmp_path / "plain").write_text("vncpasswd=Kanari99vogel")
    (tmp_path / "none").write_text("vncpasswd=Kanari9")
    assert sorted(path.name for path in held([tmp_path], words)) == ["0", "1", "2", "plain"]
    with watched_processes(words) as seen:
        subprocess.run(["sleep", "0.1"], check=True, timeout=60)
        assert seen == set()
        subprocess.run([sys.executable, "-c", "import time; time.sleep(1)", "Kanari99vogel"], check=True, timeout=60)
    assert seen == {"it"}
