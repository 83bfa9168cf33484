# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a guest's console: ``xl console`` or ``xm console`` in dom0, over the ssh that Ansible has for that
machine."""

from __future__ import annotations

import os
import re
import shlex
import time
from typing import Any, Callable, Mapping, Tuple

from .needs import ConsoleError, Ended, Held, library
from .screen import COLUMNS, ROWS

# xenconsole's own key to leave it (^]), as the shell of telnet has it.
LEAVE = b"\x1d"
# The console's lock, which a second reader finds taken (record of Xen 4.17 on NetBSD 7.99.10: rc 35, which is EAGAIN
# there).
_TAKEN = re.compile(r"Could not lock \S*xenconsole\.(\d+)")
_ASKED = re.compile(r"[Pp]assword(?: for \S+)?: ?$")
# xl of pkgsrc, and of the distributions; the path of a command over ssh has neither.
_PATH = 'PATH="$PATH:/usr/pkg/sbin:/usr/pkg/bin:/usr/local/sbin:/usr/sbin:/sbin"; export PATH; '
# Tasks become root by Ansible's become; the console goes over a plain ssh.
_FOR_ROOT = (
    '[ "$(id -u)" = 0 ] || { echo "guests\' consoles are for root of dom0, and the login there is $(id -un): have '
    'ansible_user of dom0 be root"; exit 1; }; '
)
# Seconds without a word after which the program in dom0 is taken to be there; if it is not yet, what is typed waits for
# it.
QUIET = 1.0
Say = Callable[[str], Tuple[int, str]]


class Spawned:
    """A program on a pty of its own, as talk.Link."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str] | None = None) -> None:
        pexpect = library("pexpect")
        self._eof, self._timeout = pexpect.EOF, pexpect.TIMEOUT
        env = {**os.environ, "TERM": "vt100", **(environment or {})}
        try:
            self._child = pexpect.spawn(
                arguments[0], arguments[1:], env=env, dimensions=(ROWS, COLUMNS), echo=False, timeout=None
            )
        except pexpect.ExceptionPexpect as error:
            raise ConsoleError(f"{arguments[0]} could not be started: {str(error).splitlines()[0]}") from None
        self._child.delaybeforesend = None
        self._child.delayafterclose = self._child.delayafterterminate = 0.05
        self.tail = b""

    def read(self, seconds: float) -> bytes:
        try:
            data: bytes = self._child.read_nonblocking(4096, timeout=max(seconds, 0.0))
        except self._timeout:
            return b""
        except self._eof:
            raise Ended("the console's program ended") from None
        self.tail = (self.tail + data)[-4000:]
        return data

    def write(self, data: bytes) -> None:
        try:
            self._child.send(data)
        except OSError:
            raise Ended("the console's program ended") from None

    def now(self) -> float:
        return time.monotonic()

    def close(self) -> None:
        if not self._child.closed:
            self._child.close(force=True)


def console_arguments(ssh: Any, guest: str, toolstack: str) -> list[str]:
    """The command line for a guest's console: all options are those of the host's ssh connection, as Ansible builds
    them.

    Args:
        ssh: Ansible's ssh connection of dom0, with its options set.
        toolstack: ``xl`` or ``xm``.
    """
    # The login shell may be a csh, which knows no such assignment.
    remote = shlex.join(["/bin/sh", "-c", f"{_PATH}{_FOR_ROOT}exec {toolstack} console {shlex.quote(guest)}"])
    return _arguments(ssh, "-tt", "-e", "none", _host(ssh), remote)


def _host(ssh: Any) -> str:
    # What the plugin does itself before it builds a command.
    ssh.host = ssh.get_option("host") or ssh._play_context.remote_addr
    ssh.port, ssh.user = ssh.get_option("port"), ssh.get_option("remote_user")
    return str(ssh.host)


def _arguments(ssh: Any, *last: str) -> list[str]:
    built = ssh._build_command(ssh.get_option("ssh_executable"), "ssh", *last)
    return [word.decode() if isinstance(word, bytes) else str(word) for word in built]


def opened(link: Spawned, password: str, seconds: float) -> bytes:
    """What the way to the console says at first, which may be nothing; ssh asks for dom0's password here, if it has
    one.

    Raises:
        Ended: it is at its end; ``refused`` tells why.
    """
    said, deadline = b"", link.now() + seconds
    while link.now() < deadline:
        data = link.read(seconds if password else QUIET)
        said += data
        if password and _ASKED.search(said.decode("utf-8", "replace")):
            link.write(password.encode() + b"\n")
            said, password = b"", ""
        elif not data:
            break
    return said


def refused(guest: str, link: Spawned, say: Say) -> ConsoleError:
    """Why a console could not be had, or was lost, from what its program said last.

    Another reader has it: then who, as far as dom0 tells. Or there is no such guest, or no way to dom0.
    """
    said = link.tail.decode("utf-8", "replace")
    taken = _TAKEN.search(said)
    if taken:
        who = holders(guest, taken[1], say)
        text = f"{guest}: its console is in use" + (f", by {'; '.join(who)}" if who else "")
        return Held(f"{text}: a console has one reader at a time. Leave it there with ^], or end that process")
    last = [line for line in said.splitlines() if line.strip()]
    return Ended(f"{guest}: its console ended: {' '.join(last[-2:]) or 'without a word'}")


def holders(guest: str, domid: str, say: Say) -> list[str]:
    """Who has the console open: processes of dom0, as ``user, terminal, since when, process: command``."""
    _status, text = say("ps -axww -o user= -o tty= -o lstart= -o pid= -o args=")
    found = []
    for line in text.splitlines():
        words = line.split()
        if len(words) < 9:
            continue
        user, tty, since, pid, args = words[0], words[1], " ".join(words[2:7]), words[7], words[8:]
        program = args[0].rsplit("/", 1)[-1]
        is_it = program in ("xl", "xm") and args[1:2] == ["console"] and args[-1] in (guest, domid)
        if is_it or (program == "xenconsole" and domid in args[1:]):
            found.append(f"{user} on {tty} since {since} (process {pid}: {' '.join(args)})")
    return found


def sayer(ssh: Any) -> Say:
    """Run a command in dom0 by its ssh connection: status and output."""

    def say(command: str) -> tuple[int, str]:
        status, out, _errors = ssh.exec_command(command, in_data=None, sudoable=False)
        return int(status), out.decode("utf-8", "replace") if isinstance(out, bytes) else str(out)

    return say


def ssh_options(variables: Mapping[str, Any], names: list[str]) -> dict[str, Any]:
    """Of a host's variables those that its ssh connection knows."""
    return {name: variables[name] for name in names if name in variables}
