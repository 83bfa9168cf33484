# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The connection plugin console, through Ansible: what Ansible's own tests of connections check, and what a console
adds."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from canaries import watched_processes

from ansible_collections.netbsd.xen.tests.unit.support.console_guest import PASSWORD, Guest
from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT

# As test/integration/targets/connection/test_connection.yml of ansible-core.
PLAY = r"""
- hosts: web1
  gather_facts: false
  vars:
    ansible_python_interpreter: PYTHON
    there: DIR/there-汉语
  tasks:
    - name: raw with unicode arg and output
      raw: echo 汉语
      register: said
      failed_when: "'汉语' not in said.stdout"
    - name: copy local file with unicode filename and content
      copy: {src: DIR/here-汉语, dest: "{{ there }}"}
    - name: fetch remote file with unicode filename and content
      fetch: {src: "{{ there }}", dest: DIR/back-汉语, flat: true}
    - name: fetch a file that is not there
      fetch: {src: "{{ there }}.none", dest: DIR/none, flat: true}
      register: missing
      failed_when: missing is not failed or missing is unreachable
    - name: a module
      ping:
      register: pong
      failed_when: pong.ping != 'pong'
    - name: a command that fails
      raw: echo out; echo err >&2; exit 3
      register: bad
      failed_when: bad.rc != 3 or bad.stdout != 'out\n' or bad.stderr != 'err\n'
"""


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guest]:
    made = Guest(tmp_path_factory.mktemp("console") / "g")
    yield made
    made.stop()


def inventory(made: Guest, **more: object) -> str:
    variables = {
        "ansible_connection": "netbsd.xen.console",
        "ansible_console_dom0": "xen1",
        "ansible_password": PASSWORD,
        "ansible_console_timeout": 60,
        **more,
    }
    dom0 = {
        "ansible_host": "192.0.2.10",
        "ansible_port": 2200,
        "ansible_user": "admin",
        "ansible_ssh_executable": made.ssh,
    }
    hosts = {"all": {"hosts": {"xen1": dom0, "web1": variables}}}
    path = made.directory / "inventory.yml"
    path.write_text(yaml.safe_dump(hosts))
    return str(path)


def ansible(made: Guest, *arguments: str, **more: object) -> subprocess.CompletedProcess[str]:
    told = made.directory / "arguments.json"
    env = {**os.environ, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg"), "CONSOLE_TEST_ARGUMENTS": str(told)}
    command = [str(Path(sys.executable).with_name(arguments[0])), "-i", inventory(made, **more), *arguments[1:]]
    return subprocess.run(command, capture_output=True, text=True, env=env, timeout=280, cwd=CHECKOUT)


def test_what_ansible_asks_of_a_connection(guest: Guest) -> None:
    here = guest.directory / "here-汉语"
    here.write_text("content 汉语\n")
    play = guest.directory / "play.yml"
    play.write_text(PLAY.replace("DIR", str(guest.directory)).replace("PYTHON", sys.executable))
    ran = ansible(guest, "ansible-playbook", str(play))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (guest.directory / "back-汉语").read_text() == "content 汉语\n"
    assert re.search(r"web1 .*unreachable=0 +failed=0", ran.stdout)
    # dom0 is reached as its own host in the inventory says.
    arguments = json.loads((guest.directory / "arguments.json").read_text())
    assert "Port=2200" in " ".join(arguments) and 'User="admin"' in " ".join(arguments)
    assert arguments[-2] == "192.0.2.10" and shlex.split(arguments[-1])[-1].endswith("exec xl console web1")


def test_a_console_that_is_in_use_makes_the_guest_unreachable(guest: Guest) -> None:
    holder = subprocess.Popen([guest.ssh, "xen1", "xl console web1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdin and holder.stdout
        holder.stdin.write(b"\r")
        holder.stdin.flush()
        assert holder.stdout.read(4)
        ran = ansible(guest, "ansible", "web1", "-m", "raw", "-a", "true")
    finally:
        holder.kill()
        holder.wait()
    assert ran.returncode == 4, ran.stdout + ran.stderr
    assert "its console is in use, by root on ttyp0" in ran.stdout + ran.stderr


def test_a_dom0_that_is_no_host_is_told(guest: Guest) -> None:
    ran = ansible(guest, "ansible", "web1", "-m", "raw", "-a", "true", ansible_console_dom0="xen9")
    assert "its ansible_console_dom0, xen9, is no host of the inventory" in ran.stdout + ran.stderr


def test_the_transcript_is_an_asciicast_without_the_password(guest: Guest) -> None:
    """Nor is it in what Ansible says, nor among the arguments of processes."""
    cast = guest.directory / "web1.cast"
    with watched_processes({"the login": PASSWORD}) as argued:
        said = ansible(
            guest, "ansible", "web1", "-vvv", "-m", "raw", "-a", "echo hello", ansible_console_transcript=str(cast)
        )
    assert said.returncode == 0, said.stdout + said.stderr
    assert PASSWORD not in said.stdout + said.stderr
    assert argued == set()
    first, *events = [json.loads(line) for line in cast.read_text().splitlines()]
    assert first["version"] == 2 and first["width"] == 80
    assert {kind for _at, kind, _text in events} == {"i", "o"}
    assert "Welcome to NetBSD" in "".join(text for _at, kind, text in events if kind == "o")
    assert PASSWORD not in "".join(text for _at, _kind, text in events)


def test_what_guests_said_last(tmp_path: Path) -> None:
    (tmp_path / "guest-web1.log").write_bytes(b"old\nNetBSD/amd64 (web1) (console)\n\x1b[2J\x07login: \n")
    (tmp_path / "guest-web2.log").write_bytes(b"panic: mutex\n")
    play = str(CHECKOUT / "playbooks/console_log.yml")
    start = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "xen1,", "-c", "local", play]
    start += ["-e", "netbsd_xen_hosts=all", "-e", f"netbsd_xen_console_logs={tmp_path}"]
    env = {**os.environ, "ANSIBLE_CONFIG": str(CHECKOUT / "ansible.cfg")}

    def said(*more: str) -> str:
        ran = subprocess.run([*start, *more], capture_output=True, text=True, env=env, timeout=120)
        assert ran.returncode == 0 and "changed=0" in ran.stdout, ran.stdout + ran.stderr
        return ran.stdout

    everything = said()
    assert "panic: mutex" in everything and "[2Jlogin: " in everything and "\\x1b" not in everything
    some = said("-e", "netbsd_xen_guests=web1,web9", "-e", "netbsd_xen_lines=2")
    assert "web2" not in some and "- old" not in some and "== guest-web9.log: not there" in some
