# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests at their console, through their dom0."""

from __future__ import annotations

DOCUMENTATION = r"""
name: console
short_description: Run tasks in a guest at its console
version_added: 0.1.0
description:
  - Logs in at the console of a guest, which is C(xl console) or C(xm console) in its dom0, and runs
    M(ansible.builtin.raw) and, where the guest has Python, every module. The guest needs no network.
  - dom0 is reached as its own host in the inventory says, by ssh.
  - A console has one reader at a time, and so does this. If another one has it, the message says who. If somebody is
    logged in at the console, or has typed something there, nothing is touched.
  - What is sent has a sum and is asked for again if it was not whole; modules stay in the guest, by their content, in
    C(~/.ansible/console), so that the next task is faster.
  - It logs out after each task. If a run was killed, the next one ends the session that was left.
author: netbsd.xen contributors (@netbsd-xen)
requirements:
  - pexpect and pyte (Python libraries on the controller)
  - C(cksum), C(stty), and one of C(base64), C(uuencode), C(openssl) in the guest
options:
  dom0:
    description: The name in the inventory of the machine on which the guest runs.
    type: str
    required: true
    vars:
      - name: ansible_console_dom0
  guest:
    description: The guest's name there.
    type: str
    vars:
      - name: inventory_hostname
      - name: ansible_console_guest
  toolstack:
    description: The program that shows the console.
    type: str
    choices: [xl, xm]
    default: xl
    vars:
      - name: ansible_console_toolstack
  remote_user:
    description: Who logs in. As it is root, C(become) is not needed.
    type: str
    default: root
    vars:
      - name: ansible_user
      - name: ansible_console_user
  password:
    description: The password for the login. A fresh NetBSD has none for root.
    type: str
    vars:
      - name: ansible_password
      - name: ansible_console_password
  use_shell:
    description:
      - Use a shell that is at the console already, such as that of an installation system, and leave it there at the
        end.
      - By default it is taken for somebody's, who is not disturbed.
    type: bool
    default: false
    vars:
      - name: ansible_console_use_shell
  timeout:
    description: Seconds for which a guest that boots, or is busy, is waited for until it asks for a login.
    type: int
    default: 120
    vars:
      - name: ansible_console_timeout
  transcript:
    description:
      - A file of the controller for what is said until the login is done, as an asciicast (C(asciinema play) shows it).
      - Passwords are not in it.
    type: path
    vars:
      - name: ansible_console_transcript
  pipelining:
    description: Give modules to the guest's Python without files of their own. There is no reason not to.
    type: bool
    default: true
    vars:
      - name: ansible_console_pipelining
"""

EXAMPLES = r"""
# Inventory: guests of xen1, at their consoles
# all:
#   children:
#     dom0s:
#       hosts:
#         xen1: {ansible_host: 192.0.2.10}
#     guests_of_xen1:
#       vars:
#         ansible_connection: netbsd.xen.console
#         ansible_console_dom0: xen1
#         ansible_password: "{{ vaulted_root_password }}"
#       hosts:
#         web1:

- name: Bring the network of a guest back, over its console
  hosts: web1
  gather_facts: false
  tasks:
    - name: Its addresses
      ansible.builtin.raw: ifconfig -a
      changed_when: false
"""

import os
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.plugins.connection import ConnectionBase
from ansible.plugins.loader import connection_loader
from ansible.utils.display import Display

from ansible_collections.netbsd.xen.plugins.plugin_utils._console.agent import Agent
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.link import (
    LEAVE,
    Spawned,
    console_arguments,
    opened,
    refused,
    sayer,
    ssh_options,
)
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.needs import ConsoleError, Ended
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.session import Session
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.talk import Talk
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.transcript import Transcript

display = Display()
# Seconds for ssh and the console's program to show that they are there, or why not.
_OPENS = 30.0


class Connection(ConnectionBase):
    """A guest at its console."""

    transport = "netbsd.xen.console"
    has_pipelining = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._dom0_options: dict[str, Any] = {}
        self._connected: bool = False
        self._ssh: Any = None
        self._link: Spawned | None = None
        self._session: Session | None = None
        self._transcript = Transcript()

    def _resolve_option_variables(self, variables: Any, templar: Any) -> dict[str, Any]:
        """As for all connections; and dom0's own variables, for the way to it."""
        options: dict[str, Any] = super()._resolve_option_variables(variables, templar)
        dom0 = str(options.get("ansible_console_dom0", ""))
        others = variables.get("hostvars") or {}
        if dom0 in others:
            # Known when it is loaded.
            self._ssh = connection_loader.get("ansible.builtin.ssh", self._play_context.copy(), os.devnull)
            self._dom0_options = ssh_options(others[dom0], C.config.get_plugin_vars("connection", self._ssh._load_name))
        return options

    def _connect(self) -> Connection:
        if self._connected:
            return self
        guest, dom0 = self.get_option("guest"), self.get_option("dom0")
        ssh = self._ssh
        if not ssh:
            raise AnsibleError(f"{guest}: its ansible_console_dom0, {dom0}, is no host of the inventory")
        ssh.set_options(var_options=self._dom0_options)
        password = ssh.get_option("password") or ""
        if password:
            # It is asked for at the terminal, which is ours, and not of a program that might be missing.
            ssh.set_option("password_mechanism", "ssh_askpass")
        display.vvv(f"OPEN CONSOLE OF GUEST {guest} ON {dom0}", host=guest)
        try:
            link = self._link = Spawned(console_arguments(ssh, guest, self.get_option("toolstack")))
            try:
                self._log_in(link, guest, opened(link, password, _OPENS))
            except Ended:
                raise refused(guest, link, sayer(ssh)) from None
        except ConsoleError as error:
            self._hang_up()
            raise AnsibleConnectionFailure(str(error)) from error
        self._connected = True
        return self

    def _log_in(self, link: Spawned, guest: str, said: bytes) -> None:
        self._transcript = Transcript(self.get_option("transcript") or "", f"console of {guest}")
        talk = Talk(link, self._transcript)
        talk.take(said)
        user, password = self.get_option("remote_user"), self.get_option("password") or ""
        self._session = Session(talk, guest, user, password, self.get_option("use_shell"))
        self._session.begin(float(self.get_option("timeout")))
        display.vvv(f"LOGGED IN AT THE CONSOLE AS {user}: {' '.join(self._session.faced)}", host=guest)

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command in the guest: status, output, errors."""
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        with self._told():
            status, out, errors = self._agent.run(cmd, in_data, 0)
        return status, out, errors

    def put_file(self, in_path: str, out_path: str) -> None:
        """Write a file of the controller to the guest."""
        super().put_file(in_path, out_path)
        if not os.path.exists(in_path):
            raise AnsibleFileNotFound(f"{in_path} is not there")
        with open(in_path, "rb") as file, self._told():
            self._agent.put(file.read(), out_path)

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Write a file of the guest to the controller."""
        super().fetch_file(in_path, out_path)
        try:
            with self._told():
                data = self._agent.get(in_path)
        except FileNotFoundError:
            raise AnsibleFileNotFound(f"{in_path} is not there, in the guest") from None
        with open(out_path, "wb") as file:
            file.write(data)

    def reset(self) -> None:
        """Log out, and in again with the next task."""
        self.close()
        self._connect()

    def close(self) -> None:
        """Log out and leave the console."""
        if self._session:
            self._session.end()
        self._hang_up()
        self._connected = False

    @property
    def _agent(self) -> Agent:
        agent = self._session.agent if self._session else None
        if agent is None:
            raise AnsibleConnectionFailure("the console is not open")
        return agent

    def _told(self) -> _Told:
        return _Told(self)

    def _hang_up(self) -> None:
        if self._link:
            try:
                self._link.write(LEAVE)
            except Ended:
                pass
            self._link.close()
        self._transcript.close()
        self._link = self._session = None


class _Told:
    """What goes wrong at the console as Ansible wants to hear it; the console is left then."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        """There is nothing to open."""

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, ConsoleError):
            self._connection._hang_up()
            self._connection._connected = False
            raise AnsibleConnectionFailure(f"{self._connection.get_option('guest')}: {error}") from error
