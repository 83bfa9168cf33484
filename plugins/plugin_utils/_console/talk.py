# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Talking at a console: wait for what is on the screen, type as slowly as a full screen takes it, and see that it came.

Nothing is done because time has passed. Time only limits how long something is waited for, and how long it is before it
is asked whether a key was lost.
"""

from __future__ import annotations

import re
from typing import Callable, Protocol, TypeVar

from .needs import ConsoleError, Ended
from .screen import Face, Menu, Prompt, Screen
from .transcript import Transcript

# Seconds between two characters; a real sysinst lost some at less (record of NetBSD 7.99.10).
PACE = 0.08
# Seconds after which a key that shows no effect may have been lost.
PATIENCE = 15.0
ENTER, NEXT, BEFORE, PAGE, KILL, REDRAW = "\r", "\x0e", "\x10", ">", "\x15", "\x0c"
_TIMES = 5
# A shell's, behind which a command is typed.
_SHELL = re.compile(r"\S*[#$] ")

T = TypeVar("T")


class Link(Protocol):
    """The way to a console."""

    def read(self, seconds: float) -> bytes:
        """What came, as soon as something comes; empty if nothing came in that time. Raises Ended at the end."""

    def write(self, data: bytes) -> None:
        """Type that."""

    def now(self) -> float:
        """Seconds of a clock that never goes back."""

    def close(self) -> None:
        """Leave the console to others."""


class Talk:
    """A console's link and its screen."""

    def __init__(self, link: Link, transcript: Transcript | None = None, pace: float = PACE) -> None:
        self.link = link
        self.screen = Screen()
        self.transcript = transcript or Transcript()
        self.heard_at = link.now()
        self._pace = pace
        # Whether a key was sent whose effect was not seen yet, and may come when nobody expects it.
        self._unseen = False

    def shown(self) -> str:
        """The screen without secrets, for a message."""
        return self.transcript.clean(self.screen.text)

    def hear(self, seconds: float) -> bool:
        """Take in what comes within that time, at most one piece; whether something came."""
        data = self.link.read(seconds)
        if data:
            self.take(data)
        return bool(data)

    def take(self, data: bytes) -> None:
        """Have what was read on the screen and in the transcript."""
        self.heard_at = self.link.now()
        self.transcript.came(self.heard_at, self.screen.feed(data))

    def until(self, wanted: Callable[[Face], T | None], seconds: float) -> T | None:
        """What ``wanted`` makes of the screen, as soon as that is something; None if it took longer."""
        deadline = self.link.now() + seconds
        while True:
            found = wanted(self.screen.face())
            left = deadline - self.link.now()
            if found is not None or left <= 0:
                return found
            self.hear(left)

    def expect(self, wanted: Callable[[Face], T | None], seconds: float, what: str) -> T:
        """As ``until``, with a message when it took longer."""
        found = self.until(wanted, seconds)
        if found is None:
            raise ConsoleError(f"waited {seconds:.0f} seconds for {what}", self.shown())
        return found

    def key(self, key: str) -> None:
        """One key; what comes while the next one has to wait is taken in."""
        self.transcript.sent(self.link.now(), key)
        self.link.write(key.encode())
        until = self.link.now() + self._pace
        while (left := until - self.link.now()) > 0:
            self.hear(left)

    def choose(self, pattern: str) -> Menu:
        """Have the cursor of the menu on the item that has the pattern in it, and see it there.

        A letter only moves the cursor; what has no letter is reached with the keys for next, previous and the next
        page.
        """
        lost = 0
        while lost < _TIMES:
            menu = self.expect(_menu, _patience(_TIMES), f"a menu with {pattern!r}")
            wanted = menu.find(pattern)
            if wanted == menu.at and not self._unseen:
                return menu
            if wanted is None and not menu.scrolls:
                break
            key = self._towards(menu, wanted)
            if not key:
                continue
            self.key(key)
            seen = bool(self.until(_other_menu(menu), _patience(lost)))
            # A letter takes the cursor to its item from wherever late keys have brought it; other keys do not.
            self._unseen = False if seen and key.isalpha() else self._unseen or not (seen or key.isalpha())
            lost = 0 if seen else lost + 1
        raise ConsoleError(f"no item of the menu has {pattern!r}", self.shown())

    def _towards(self, menu: Menu, wanted: int | None) -> str:
        """The key that brings the cursor nearer to an item; none when late keys had to be waited for."""
        if wanted is None:
            return PAGE
        letter = menu.items[wanted].letter
        if wanted != menu.at:
            return letter or (NEXT if wanted > menu.at else BEFORE)
        # It is there, but a key was sent whose effect was not seen: away first, so that the way back is seen.
        other = next((item.letter for item in menu.items if item.letter not in ("", letter)), "")
        if not letter or not other:
            while self.until(_other_menu(menu), 4 * PATIENCE):
                menu = self.expect(_menu, _patience(_TIMES), "the menu")
            self._unseen = False
            return ""
        return other

    def fill(self, question: str, text: str) -> None:
        """Type into the prompt that ends with ``question``, as it was when it came, what is then seen there.

        What the field holds already is taken out first: typed text would be appended to it.
        """
        label, value = _split(question)
        for time in range(_TIMES):
            if value:
                self.key(KILL)
                if not self.until(_is_prompt(label), _patience(time)):
                    continue
            for character in text:
                self.key(character)
            if self.until(_is_prompt(label + text), _patience(time)):
                return
            value = "?"
        raise ConsoleError(f"typed {text!r}, and the console shows something else", self.shown())

    def fill_hidden(self, text: str, public: bool = False) -> None:
        """Type what is not shown, such as a password; a word that everybody knows (``public``) is no secret."""
        if not public:
            self.transcript.secret(text)
        self.transcript.hide(True)
        try:
            # What somebody, or a key that came late, has typed into it can't be seen.
            for character in KILL + text:
                self.key(character)
        finally:
            self.transcript.hide(False)

    def enter(self, faced: Face, patience: float = PATIENCE, may_end: bool = False) -> bool:
        """Press Enter; whether the program took it: it faces us with something else, or nothing for now, or, where it
        ``may_end`` by that, has ended."""
        try:
            self.key(ENTER)
            return self.until(lambda face: True if face != faced else None, patience) or False
        except Ended:
            if not may_end:
                raise
            return True

    def alive(self, faced: Face) -> bool:
        """Whether the program still waits where it did: a key that does no harm in a menu or a prompt, nor in what may
        have come after it, has its effect."""
        if isinstance(faced, Menu) and len(faced.items) > 1:
            self.key(BEFORE if faced.at else NEXT)
            self.until(_other_menu(faced), PATIENCE)
            menu = self.screen.face()
            moved = isinstance(menu, Menu) and menu.items == faced.items and menu.at != faced.at
            self._unseen = self._unseen or not moved
            return moved
        if isinstance(faced, Menu):
            # Nowhere to move to, but menus are drawn again when they are asked to (menuc's REQ_REDISPLAY).
            self.key(REDRAW)
            before = self.heard_at
            self.until(lambda _face: True if self.heard_at > before else None, PATIENCE)
            return self.heard_at > before and self.screen.face() == faced
        if not isinstance(faced, Prompt):
            return False
        label, value = _split(faced.text)
        if not value:
            self.key("x")
            if not self.until(_is_prompt(label + "x"), PATIENCE):
                return False
        self.key(KILL)
        return bool(self.until(_is_prompt(label), PATIENCE))


def _patience(time: int) -> float:
    """Seconds for the effect of a key that was sent ``time`` times already: a machine may stand still for minutes."""
    return PATIENCE * 2.0**time


def _menu(face: Face) -> Menu | None:
    return face if isinstance(face, Menu) else None


def _other_menu(old: Menu) -> Callable[[Face], bool | None]:
    return lambda face: True if isinstance(face, Menu) and face != old else None


def _split(text: str) -> tuple[str, str]:
    """A prompt's question, with the blank behind it, and what is typed after it."""
    shell = _SHELL.match(text)
    if shell:
        return shell[0], text[shell.end() :]
    end = max(text.rfind(": "), text.rfind(":") if text.endswith(":") else -1)
    if end < 0:
        return text, ""
    label = text[: end + 2]
    return label, text[len(label) :]


def _is_prompt(text: str) -> Callable[[Face], bool | None]:
    wanted = text.rstrip()
    return lambda face: True if isinstance(face, Prompt) and face.text.rstrip() == wanted else None
