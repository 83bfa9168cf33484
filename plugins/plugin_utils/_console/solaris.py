# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A look in at the live system of an OpenSolaris DVD, at its console: is its installer through, is it shown to anybody.

The words and the commands are those of the NetBSD/Xen HOWTO 1.7, Creating an unprivileged Solaris domain (snv_124);
nobody has recorded it. From source are the property by which an installer says that its pool is whole (caiman, ti_api.h
and ict.c, ict_mark_root_pool_ready: ``org.opensolaris.caiman:install`` is busy, then ready, and in OpenIndiana
``org.openindiana.caiman:install``; bootfs alone is set before all is there), and that an installer takes a pool away
which is not ready (perform_slim_install.c), so that one may be imported before it.
"""

from __future__ import annotations

import re
from typing import Callable

from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import visits
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.methods.media import Options

from .conversation import SILENCE, Conversation, Fill, Rule
from .needs import ConsoleError, Held
from .screen import Face, Prompt
from .session import BUSY, ECHO, HELD, PASSWORD, Session
from .talk import ENTER, PACE, Link, Talk
from .transcript import Transcript

USER = USER_PASSWORD = "jack"
# Seconds for the live system to come up, which has all of a DVD to look at.
BOOT_SECONDS = 1800.0
# How often the network is looked for, and the seconds between: it takes a minute (HOWTO).
LOOKS, BETWEEN = 30, 5
# The VNC server's display, as in the HOWTO.
VNC_DISPLAY = ":1"
_POOL = "rpool"
_SHELL = r"^\S+@\S+:\S*[$#] "
_STATUS = r"^={}:([0-9]+)=$"
_ADDRESS = re.compile(r"\binet (?!0\.0\.0\.0)([0-9]+\.[0-9]+\.[0-9]+\.[0-9]+) netmask")
_BOOTFS = re.compile(r"\bbootfs = ([0-9]+)")
_READY = re.compile(r"caiman:install\s+ready\b")
# What vncserver says of a display that it serves already, as to a run that broke off (vncserver of RealVNC 4).
_SERVES = "already running as"
_LOGIN = (
    Rule("login", Fill(USER), prompt=r"\blogin: "),
    Rule("password", Fill(USER_PASSWORD, hidden=True, public=True), prompt=r"^Password: ?$"),
)


def visit(
    link: Link,
    guest: str,
    options: Options,
    offered: str,
    transcript: Transcript,
    say: Callable[[str], None],
    said: bytes = b"",
    pace: float = PACE,
) -> tuple[str, str]:
    """What came of a guest's installer, in the words of visits.py, with a value. One that is shown to nobody yet is
    shown to a person then; ``offered`` is where it is, empty for nowhere. ``said`` is what the console has shown
    already.

    Raises:
        ConsoleError: it could not be told, or not be shown; with the last screen.
        Held: somebody is at the console.
    """
    transcript.secret(options.vnc_password)
    talk = Talk(link, transcript, pace)
    if said:
        talk.take(said)
    _arrive(talk, guest)
    shell = _Shell(talk, say)
    found = _found(shell, options, offered)
    shell.leave()
    return found


def _found(shell: _Shell, options: Options, offered: str) -> tuple[str, str]:
    if not offered:
        # What a person has installed in a live system before this one. There may be none.
        shell.run(f"pfexec zpool import -f {_POOL}")
    _status, said = shell.run(f"zfs get all {_POOL} | grep caiman")
    if _READY.search(said):
        _status, said = shell.run(f"pfexec zdb -vvv {_POOL} | grep bootfs")
        number = _BOOTFS.search(said)
        if number is None:
            raise ConsoleError(f"{_POOL} is installed, and zdb tells no bootfs of it", shell.shown)
        return visits.THROUGH, number[1]
    if offered:
        return visits.AT_WORK, ""
    address = _address(shell)
    if options.display:
        _show_on(shell, options.display)
        return visits.OFFERED, options.display
    _serve(shell, options.vnc_password)
    return visits.OFFERED, address + VNC_DISPLAY


def _arrive(talk: Talk, guest: str) -> None:
    """Have a login prompt, or a shell's, without harm to whoever is there."""
    session = Session(talk, guest, USER, "", use_shell=True)
    deadline = talk.link.now() + BOOT_SECONDS
    while True:
        seen = session.look()
        if seen.kind == HELD:
            raise Held(f"{guest}: somebody is at its console; log out there", talk.shown())
        if seen.kind == PASSWORD:
            talk.key(ENTER)
        if seen.kind not in (BUSY, PASSWORD):
            return
        talk.hear(ECHO)
        if talk.link.now() > deadline:
            raise ConsoleError(f"the live system has not come up within {BOOT_SECONDS:.0f} seconds", talk.shown())


def _address(shell: _Shell) -> str:
    """The live system's, by dhcp, as soon as it has one."""
    for look in range(LOOKS):
        _status, said = shell.run(f"sleep {BETWEEN}; ifconfig xnf0" if look else "ifconfig xnf0")
        found = _ADDRESS.search(said)
        if found:
            return found[1]
    raise ConsoleError("the live system's xnf0 has got no address; is there a dhcp server on its bridge?", shell.shown)


def _serve(shell: _Shell, password: str) -> None:
    """A VNC server with the desktop on which a person starts the installer."""
    shell.run("vncpasswd", password)
    shell.run("cp .Xclients .vnc/xstartup")
    status, said = shell.run(f"vncserver {VNC_DISPLAY}")
    if status and _SERVES not in said:
        raise ConsoleError("the live system could not start its VNC server", shell.shown)


def _show_on(shell: _Shell, display: str) -> None:
    """The installer itself, on a display that the person has."""
    shell.run(f"export DISPLAY={display}")
    # In the background, for the next run wants this shell.
    shell.run("nohup pfexec gui-install >.gui-install 2>&1 &")
    status, _said = shell.run("sleep 5; pgrep -f gui-install")
    if status:
        raise ConsoleError(f"the installer does not run on {display}; may the guest open it (xhost)?", shell.shown)


class _Shell:
    """A shell at the console, logged in to where it must be. Each command says its number and its status, so that what
    was said before it, and what has not come yet, is not taken for its answer."""

    def __init__(self, talk: Talk, say: Callable[[str], None]) -> None:
        self._talk, self._say, self._number = talk, say, 0

    @property
    def shown(self) -> str:
        return self._talk.shown()

    def run(self, command: str, secret: str = "") -> tuple[int, str]:
        """The status of a command and what it has said. ``secret`` is typed where it asks for a password."""
        self._number += 1
        glue = "" if command.endswith("&") else ";"
        self._converse(Rule(command, Fill(f"{command}{glue} echo ={self._number}:$?="), prompt=_SHELL, last=True))
        if secret:
            self._tell(secret)
        found = self._talk.expect(self._answer, SILENCE, f"the end of {command}")
        if secret and found[0]:
            raise ConsoleError(f"{command} does not take the password", self._talk.shown())
        return found

    def _tell(self, secret: str) -> None:
        """vncpasswd begins again where it was not told the same twice."""
        for _time in range(4):
            asks = self._talk.expect(self._asks, SILENCE, "a prompt for a password")
            if not asks:
                return
            first = Rule("a password", Fill("{secret}", hidden=True), prompt="^Password:")
            again = Rule("the password again", Fill("{secret}", hidden=True), prompt="^Verify:", last=True)
            Conversation(self._talk, (first, again), {"secret": secret}, self._say).run()
        raise ConsoleError("the password was typed four times, and is asked for again", self._talk.shown())

    def leave(self) -> None:
        """Log out, and see that."""
        self._converse(Rule("log out", Fill("exit"), prompt=_SHELL, last=True))
        self._talk.until(lambda face: True if _is_prompt(face, r"\blogin: ?$") else None, ECHO * 4)

    def _converse(self, rule: Rule) -> None:
        Conversation(self._talk, (*_LOGIN, rule), {}, self._say).run()

    def _answer(self, _face: Face) -> tuple[int, str] | None:
        lines = self._talk.screen.lines
        status = re.compile(_STATUS.format(self._number))
        end = next((row for row, line in enumerate(lines) if status.match(line)), None)
        if end is None:
            return None
        typed = [row for row in range(end) if f"echo ={self._number}:$?=" in lines[row]]
        found = status.match(lines[end])
        return int(found[1]) if found else 0, "\n".join(lines[typed[-1] + 1 if typed else 0 : end])

    def _asks(self, face: Face) -> bool | None:
        """Whether a password is asked for; None while neither that nor the command's end is there."""
        if _is_prompt(face, "^Password: ?$"):
            return True
        return False if self._answer(face) else None


def _is_prompt(face: Face, pattern: str) -> bool:
    return isinstance(face, Prompt) and bool(re.search(pattern, face.text))
