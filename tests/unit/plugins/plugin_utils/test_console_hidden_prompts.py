# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A line of the kernel's, or of syslogd's, behind a prompt hides it, and who waits for the prompt sees it nowhere: the
session looks again. The console's time is virtual and decides nothing; the lines come where a real one had them (record
sysinst/screens.txt, screens 206 and 211)."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.plugin_utils._console.session import Session
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.talk import Talk

BANNER = "\r\nNetBSD/amd64 (web1) (console)\r\n\r\nlogin: "
NOISE = "Nov 29 15:34:46 web1 getty[1528]: /dev/ttyE1: Device not configured\r\n"
KILL, ERASE, REPRINT, ENTER = "\x15", "\x7f", "\x12", "\r"


class Console:
    """A talk.Link to a getty, and to the shell behind it. ``noisy`` are the prompts behind which a line comes, once
    each: ``login``, ``password`` or ``shell``; ``noise`` is that line, which may still lack its end."""

    def __init__(self, *noisy: str, noise: str = NOISE) -> None:
        self._noisy, self._noise = list(noisy), noise
        self._clock, self._said, self._line = 0.0, "", ""
        self._asks = "login"
        self.names: list[str] = []
        self.commands: list[str] = []
        self._prompt("login", BANNER)

    def _prompt(self, kind: str, text: str) -> None:
        self._asks, self._line = kind, ""
        self._said += text
        if kind in self._noisy:
            self._noisy.remove(kind)
            self._said += self._noise

    def now(self) -> float:
        return self._clock

    def read(self, seconds: float) -> bytes:
        said, self._said = self._said, ""
        self._clock += 0.01 if said else max(seconds, 0.01)
        return said.encode()

    def write(self, data: bytes) -> None:
        for key in data.decode():
            self._key(key)

    def close(self) -> None:
        pass

    def _key(self, key: str) -> None:
        """libexec/getty/main.c reads names by itself; a shell's tty is tty(4)'s."""
        shown = self._asks != "password"
        if key in (ENTER, "\n"):
            self._enter()
        elif key == ERASE:
            self._said += "\b \b" if self._line and shown else ""
            self._line = self._line[:-1]
        elif key == KILL:
            if self._asks == "login":
                self._said += "\r" + " " * 40 + "\rlogin: "
            elif shown:
                self._said += "\b \b" * len(self._line)
            self._line = ""
        elif key == REPRINT and self._asks == "shell":
            self._said += f"^R\r\n{self._line}"
        elif key.isprintable():
            self._line += key
            self._said += key if shown else ""

    def _enter(self) -> None:
        line = self._line
        if self._asks == "login" and not line:
            self._prompt("login", BANNER)
        elif self._asks == "login":
            self.names.append(line)
            self._prompt("password", "\r\nPassword:")
        elif self._asks == "password" and line != "secret":
            self._prompt("login", "\r\nLogin incorrect\r\nlogin: ")
        else:
            if self._asks == "shell" and line:
                self.commands.append(line)
            self._prompt("shell", "\r\nweb1# ")


def logged_in(console: Console, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A session that has come to the shell's prompt; the reader that it would start there has tests of its own."""
    monkeypatch.setattr(Session, "_read", lambda self: None)
    session = Session(Talk(console), "web1", "root", "secret")
    session.begin(60.0)
    return session


def test_nothing_is_hidden(monkeypatch):
    console = Console()
    assert logged_in(console, monkeypatch).faced == ["login"]
    assert (console.names, console.commands) == (["root"], [])


def test_a_hidden_login_is_asked_for_again(monkeypatch):
    console = Console("login")
    assert logged_in(console, monkeypatch).faced == ["login"]
    assert (console.names, console.commands) == (["root"], [])


@pytest.mark.parametrize("noise", [NOISE, NOISE.rstrip()], ids=["whole", "without its end"])
def test_a_hidden_shell_is_looked_for_again(monkeypatch, noise):
    """It has the login; nothing that is meant for a getty is run in it as a command. What stands behind our own prompt
    is no person's line."""
    console = Console("shell", noise=noise)
    session = logged_in(console, monkeypatch)
    assert session.faced == (["login", "shell"] if noise == NOISE else ["login", "held", "shell"])
    assert (console.names, console.commands) == (["root"], [])


def test_a_hidden_password_is_asked_for_again(monkeypatch):
    console = Console("password")
    assert logged_in(console, monkeypatch).faced == ["login", "login"]
    assert (console.names, console.commands) == (["root", "root"], [])


def test_all_of_them(monkeypatch):
    console = Console("login", "password", "shell")
    logged_in(console, monkeypatch)
    assert console.commands == [] and set(console.names) == {"root"}
