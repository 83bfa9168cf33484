# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A login of ours at a guest's console: see what is there, log in, have a reader in the guest, and log out again.

A console shows nothing of what was said before it was opened. So the first thing typed is a nonce of digits without
Enter, which does no harm anywhere: how it is echoed, and behind what, tells who reads.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from .agent import Agent, reader
from .needs import ConsoleError, Ended, Held
from .screen import Face, Menu, Prompt
from .talk import ENTER, KILL, Talk

LOGIN, SHELL, BUSY, PASSWORD, OURS, HELD = "login", "shell", "busy", "password", "ours", "held"
ERASE, REPRINT, ABORT = "\x7f", "\x12", "\x07"
# How often is logged in at most: a line of the kernel's may hide each prompt of one login.
LOGINS = 3
# Seconds for the echo of a key.
ECHO = 5.0
# Seconds in which a boot says something by itself, also where it has begun a line and works ("Checking quotas:").
# Nobody reads then, and the kernel's tty echoes what is typed, as behind words that somebody has left.
BOOT_STANDS = 10.0
_LOGIN = re.compile(r"(?:^|\s)login: ?$", re.IGNORECASE)
_PASSWORD = re.compile(r"[Pp]assword(?: for \S+)?: ?$")
_PROMPT = re.compile(r"[#$%>\]] ?$")
_PAGER = re.compile(r"^:$|--More--|\(END\)|^lines \d+|^~$|byte \d+$")
_TERMINAL = re.compile(r"Terminal type\?|^TERM = ")


@dataclass(frozen=True)
class Seen:
    """What the console is: one of the words above, and the text before the cursor."""

    kind: str
    before: str = ""


class Session:
    """Someone's login at a guest's console, with a reader of ours in it."""

    def __init__(self, talk: Talk, guest: str, user: str, password: str, use_shell: bool = False) -> None:
        self._talk, self._guest, self._user, self._password = talk, guest, user, password
        self._use_shell = use_shell
        self._stays = False
        self.agent: Agent | None = None
        self.faced: list[str] = []
        talk.transcript.secret(password)

    def begin(self, seconds: float) -> Agent:
        """Log in and get the reader to work.

        Args:
            seconds: how long a guest that boots, or is busy, is waited for.

        Raises:
            Held: a person is logged in, has typed something, or is in a program.
            ConsoleError: the login was refused, or nobody answers.
        """
        deadline = self._talk.link.now() + seconds
        # How often we have logged in. A line of the kernel's behind a prompt hides it, and what came of it.
        tried = 0
        # The line that nobody has taken for ours, when it was seen first.
        stood = ""
        while True:
            seen = self.look()
            self.faced.append(seen.kind)
            line, left = seen.before.strip(), deadline - self._talk.link.now()
            if not tried and seen.kind == HELD and line not in ("", stood) and left > 0:
                # Who has left it so is there the next time too; a boot goes on.
                stood = line
                self._goes_on(line, min(left, BOOT_STANDS))
                continue
            if tried and seen.kind == HELD:
                # What is on the line is the kernel's, behind our own prompt.
                for key in (KILL, ENTER):
                    self._talk.key(key)
            elif seen.kind == HELD or (seen.kind == SHELL and not self._use_shell and not tried):
                what = f"in it stands {seen.before.strip()!r}" if seen.before.strip() else "a program runs there"
                text = f"{self._guest}: somebody is at its console ({what}). Log out there"
                if seen.kind == SHELL:
                    text += ", or let the shell that is there be used (ansible_console_use_shell)"
                raise Held(text, self._talk.shown())
            if seen.kind == SHELL:
                self._stays = not tried
                return self._read()
            if seen.kind == LOGIN:
                if self._login(seen, last=tried + 1 >= LOGINS):
                    return self._read()
                tried += 1
                # It was seen to be there, and takes its time.
                deadline = max(deadline, self._talk.link.now() + ECHO * 8)
            if seen.kind == OURS:
                # A run of ours that was killed: its login is not ours to use, it may be of another user.
                agent = Agent(self._talk.link, 0)
                agent.end()
                self._talk.until(_asks_login, ECHO * 2)
            elif seen.kind == PASSWORD:
                self._talk.key(ENTER)
                self._talk.until(_asks_login, ECHO * 4)
            else:
                self._talk.hear(ECHO)
            if self._talk.link.now() > deadline:
                text = (
                    f"{self._guest}: its console asks for no login, nor is a shell there, within {seconds:.0f} seconds"
                )
                raise ConsoleError(text, self._talk.shown())

    def _goes_on(self, line: str, seconds: float) -> None:
        """Wait until something else than ``line`` stands before the cursor, or that long."""
        self._talk.until(lambda face: True if _row(face).strip() != line else None, seconds)

    def look(self) -> Seen:
        """What is there, without harm to it."""
        # What the console has to say by itself comes first: a piece, then another, as long as they follow each other.
        for _piece in range(200):
            if not self._talk.hear(0.3):
                break
        before = _row(self._talk.screen.face())
        if _PASSWORD.search(before):
            return Seen(PASSWORD, before)
        nonce = str(secrets.randbelow(900000) + 100000)
        for key in nonce:
            self._talk.key(key)
        shown = self._talk.until(lambda face: _row(face) if _row(face).endswith(nonce) else None, ECHO)
        if shown is None:
            return self._silent(nonce)
        before = shown[: -len(nonce)]
        if not before.strip():
            before = self._hidden_line(nonce)
            if before.strip() and not _PROMPT.search(before):
                self._erase(len(nonce) + 1)
                return Seen(HELD, before)
            # A getty asks again then, and who is at a shell that is not shown yet loses nothing.
            self._talk.key(KILL)
            before = self._talk.until(lambda face: _row(face) if _asks_login(face) else None, ECHO / 10) or ""
        else:
            self._erase(len(nonce))
            self._talk.until(lambda face: True if _row(face).rstrip() == before.rstrip() else None, ECHO)
        if _LOGIN.search(before):
            return Seen(LOGIN, before)
        if _PAGER.search(before.strip()):
            return Seen(HELD, before)
        if _PROMPT.search(before):
            return Seen(SHELL, before)
        if before.strip():
            return Seen(HELD, before)
        # An empty line, of which nothing is left to do harm: Enter shows who reads.
        self._talk.key(ENTER)
        found = self._talk.until(
            lambda face: _row(face) if _asks_login(face) or _PROMPT.search(_row(face)) else None, ECHO
        )
        if found is None:
            return Seen(BUSY)
        return Seen(LOGIN if _LOGIN.search(found) else SHELL, found)

    def _erase(self, number: int) -> None:
        for _time in range(number):
            self._talk.key(ERASE)

    def _hidden_line(self, nonce: str) -> str:
        """What stood on the line before the nonce, and was shown before the console was opened: the tty prints it
        again."""
        talk = self._talk
        row = talk.screen.cursor[0]
        talk.key(REPRINT)
        talk.key("0")
        shown = talk.until(lambda face: _row(face) if _row(face).endswith(nonce + "0") else None, ECHO / 2)
        if shown is None:
            # A shell with a line editor searches its history with that key. This one has it show the line again.
            talk.key(ABORT)
            shown = talk.until(lambda face: _row(face) + "0" if _row(face).endswith(nonce) else None, ECHO / 2)
        # A getty prints nothing again, and what it may hold is a name.
        return shown[: -len(nonce) - 1] if shown and talk.screen.cursor[0] != row else ""

    def _silent(self, nonce: str) -> Seen:
        """Digits that are not shown: a reader of ours repeats them at the end of their line; else a program has the
        tty."""
        before = self._talk.link.now()
        self._talk.key("\n")
        found = self._talk.until(lambda _face: True if f"@@{nonce} ok" in self._talk.screen.text else None, ECHO)
        if found:
            return Seen(OURS)
        row = _row(self._talk.screen.face())
        if _PASSWORD.search(row):
            return Seen(PASSWORD, row)
        if self._talk.heard_at > before and _asks_login(self._talk.screen.face()):
            return Seen(LOGIN, row)
        return Seen(HELD, row) if row.strip() and not _LOGIN.search(row) else Seen(BUSY, row)

    def _login(self, seen: Seen, last: bool) -> bool:
        """Whether a shell came. Raises ConsoleError for a login that is refused, and for a ``last`` one without."""
        talk = self._talk
        face = talk.screen.face()
        talk.fill(face.text if isinstance(face, Prompt) else seen.before, self._user)
        talk.key(ENTER)
        after = talk.until(lambda face: _after_login(_row(face), self._user), ECHO * 8)
        if after == PASSWORD:
            talk.fill_hidden(self._password)
            talk.key(ENTER)
            after = talk.until(lambda face: _after_password(_row(face)), ECHO * 8)
        while after == "terminal":
            talk.key(ENTER)
            after = talk.until(lambda face: _after_password(_row(face)), ECHO * 4)
        if after == LOGIN:
            raise ConsoleError(f"{self._guest}: the console refused the login of {self._user}", talk.shown())
        if after != SHELL and last:
            raise ConsoleError(f"{self._guest}: no shell came after the login of {self._user}", talk.shown())
        return after == SHELL

    def _read(self) -> Agent:
        """Have our reader started by the shell at whose prompt we are."""
        talk = self._talk
        nonce = secrets.token_hex(4)
        text = reader(nonce, self._stays)
        for pause in (0.02, 0.08, 0.2):
            said = b""
            for start in range(0, len(text), 16):
                talk.link.write(text[start : start + 16].encode())
                said += talk.link.read(16 * pause)
            talk.link.write(b"\r")
            deadline = talk.link.now() + 2 * ECHO
            while talk.link.now() < deadline and not re.search(rf"@@{nonce} ok\n".encode(), said):
                said += talk.link.read(1.0)
            if re.search(rf"@@{nonce} ok\n".encode(), said):
                self.agent = Agent(talk.link, secrets.randbelow(900000000) + 100)
                self.agent.begin()
                return self.agent
            # Whatever came of it is a line without its end.
            for key in ("\x03", KILL, ENTER):
                talk.key(key)
            talk.until(lambda face: True if _PROMPT.search(_row(face)) else None, ECHO)
        raise ConsoleError(
            f"{self._guest}: the shell at its console did not take the line that is to read for us", talk.shown()
        )

    def end(self, seconds: float = 10.0) -> bool:
        """Log out; whether the console asks for a login again, or shows the shell that was there."""
        if not self.agent:
            return True
        try:
            self.agent.end()
            self.agent = None
            wanted = _PROMPT.search if self._stays else _LOGIN.search
            return bool(self._talk.until(lambda face: True if wanted(_row(face)) else None, seconds))
        except Ended:
            return False


def _row(face: Face) -> str:
    if isinstance(face, Menu):
        # A prompt that ends with ">" at the cursor is none; the cursor of a shell is behind it.
        return ""
    return face.text if isinstance(face, Prompt) else ""


def _asks_login(face: Face) -> bool | None:
    return True if _LOGIN.search(_row(face)) else None


def _after_login(row: str, user: str) -> str | None:
    if _PASSWORD.search(row):
        return PASSWORD
    if _LOGIN.search(row[: -len(user)] if row.endswith(user) else row):
        return None
    if _TERMINAL.search(row):
        return "terminal"
    return SHELL if _PROMPT.search(row) else None


def _after_password(row: str) -> str | None:
    if _LOGIN.search(row):
        return LOGIN
    if _TERMINAL.search(row):
        return "terminal"
    return SHELL if _PROMPT.search(row) else None
