# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A program of menus and fields at a console of 80 columns and 24 rows, as sysinst has them.

A program is a generator: it yields what it asks, and is sent the answer. Keys and looks: usr.bin/menuc/menu_sys.def
(letters and ^N, ^P move the cursor, Enter takes the item, ^L draws again), usr.bin/msgc/msg_sys.def (a field takes
^U and DEL, and begins with what it holds already); record sysinst/screens.txt, surprises 2 and 5 (NetBSD 7.99.10).
"""
from __future__ import annotations

import random
import string
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Protocol

ENTER, NEXT, BEFORE, REDRAW, KILL, ERASE = "\r", "\x0e", "\x10", "\x0c", "\x15", "\x7f"
_LETTERS = string.ascii_lowercase.replace("x", "")
# A piece of output and the seconds before it.
Out = tuple[float, str]


@dataclass(frozen=True)
class Menu:
    """Items to choose from; the answer is the number of one. `last` is its exit, with the letter x. `text` stands
    above; when not `boxed` it is a list at the left edge."""

    items: tuple[str, ...]
    title: str = ""
    text: str = ""
    last: str = ""
    boxed: bool = True
    letters: bool = True
    row: int = 8
    at: int = 0
    # A line of dashes before the item of that number, which cannot be chosen.
    rule_before: int = -1


@dataclass(frozen=True)
class Field:
    """A text to be typed behind `label`; the answer is all that the field holds then. `holds` is in it already;
    `hidden` is not shown. `boxed`: in a window of its own. `adds`: below what is on the screen, not instead of it.
    `tty`: a program asks that knows no windows."""

    label: str
    holds: str = ""
    text: str = ""
    hidden: bool = False
    boxed: bool = False
    adds: bool = False
    tty: bool = False


@dataclass(frozen=True)
class Say:
    """Text that is shown meanwhile, for so many seconds; nothing is asked."""

    text: str
    seconds: float = 1.0
    clears: bool = True


Asked = Menu | Field | Say
# What is sent is the number of an item, a text, or nothing at the beginning.
Program = Generator[Asked, Any, None]


class Side(Protocol):
    """A program's side of the console. `repainted` is what is sent when it draws all anew, nothing if it never does."""

    ended: bool

    def start(self) -> list[Out]: ...

    def key(self, key: str) -> list[Out]: ...

    def repainted(self) -> str: ...


class Screen:
    """The program's side of the console. `key` takes one key and gives what is sent for it."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._asked: Asked | None = None
        self._held = ""
        self._at = 0
        self._bottom = 1
        self.ended = False
        self.answers: list[str] = []

    def start(self) -> list[Out]:
        return self._go_on(None)

    def _go_on(self, answer: int | str | None) -> list[Out]:
        outs: list[Out] = []
        while True:
            try:
                asked = self._program.send(answer)
            except StopIteration:
                self.ended = True
                return outs
            if not isinstance(asked, Say):
                self._asked = asked
                self._held = asked.holds if isinstance(asked, Field) else ""
                self._at = asked.at if isinstance(asked, Menu) else 0
                return [*outs, (0.3, self.painted())]
            outs.append((asked.seconds, self._said(asked)))
            answer = None

    def key(self, key: str) -> list[Out]:
        asked = self._asked
        if self.ended or asked is None:
            return []
        if key == ENTER:
            answer = self._at if isinstance(asked, Menu) else self._held
            shown = self._names(asked)[self._at] if isinstance(asked, Menu) else self._held
            self.answers.append("*" * len(shown) if isinstance(asked, Field) and asked.hidden else shown)
            self._asked = None
            return self._go_on(answer)
        if isinstance(asked, Menu):
            return self._moved(asked, key)
        return self._typed(asked, key) if isinstance(asked, Field) else []

    def _moved(self, menu: Menu, key: str) -> list[Out]:
        if key == REDRAW:
            return [(0.05, self.painted())]
        names, old = self._names(menu), self._at
        if key == NEXT:
            self._at = min(old + 1, len(names) - 1)
        elif key == BEFORE:
            self._at = max(old - 1, 0)
        elif menu.letters and key.isalpha():
            self._at = next((n for n, name in enumerate(names) if name.startswith(f"{key}: ")), old)
        if self._at == old:
            return [(0.05, "\a")]
        row, column = self._place(menu)
        lines = [row + number + (0 <= menu.rule_before <= number) for number in (old, self._at)]
        return [(0.05, f"\x1b[{lines[0]};{column}H \x1b[{lines[1]};{column}H>\b")]

    def _typed(self, asked: Field, key: str) -> list[Out]:
        before = self._held
        if key == KILL:
            self._held = ""
        elif key == ERASE:
            self._held = before[:-1]
        elif key.isprintable():
            self._held += key
            return [] if asked.hidden else [(0.05, key)]
        return [] if asked.hidden else [(0.05, "\b \b" * (len(before) - len(self._held)))]

    # --- how it looks ------------------------------------------------------------------------------------------------

    def painted(self) -> str:
        """All of what is asked, the cursor at its place."""
        asked = self._asked
        if isinstance(asked, Menu):
            return self._menu(asked)
        return self._field(asked) if isinstance(asked, Field) else ""

    def repainted(self) -> str:
        """The same again, over what is there; a field that was added to others stays where it is."""
        if isinstance(self._asked, Field) and self._asked.adds:
            return ""
        return self.painted()

    def _names(self, menu: Menu) -> list[str]:
        names = [f"{letter}: {item}" for letter, item in zip(_LETTERS, menu.items)] if menu.letters else [*menu.items]
        return names + ([f"x: {menu.last}"] if menu.last else [])

    def _place(self, menu: Menu) -> tuple[int, int]:
        """Row and column, from 1, of the first item's mark."""
        if not menu.boxed:
            return menu.row + 1, 2
        width = max(len(line) for line in [*self._names(menu), *menu.title.splitlines()]) + 1
        return menu.row + 1 + (len(menu.title.splitlines()) + 1 if menu.title else 0), (80 - width) // 2

    def _menu(self, menu: Menu) -> str:
        row, column = self._place(menu)
        names = self._names(menu)
        shown = ["\x1b[H\x1b[2J", _lines(menu.text)]
        if menu.boxed:
            title = [f" {line}" for line in [*menu.title.splitlines(), ""]] if menu.title else []
            inside = title + [f" {name}" for name in names]
            width = max(len(line) for line in inside) + 1
            top = row - len(title) - 1
            shown.append(_drawn(top, column - 1, "l" + "q" * width + "k"))
            for number, line in enumerate(inside, 1):
                shown.append(f"{_drawn(top + number, column - 1, 'x')}{line.ljust(width)}"
                             f"{_drawn(top + number, column + width, 'x')}")
            shown.append(_drawn(top + len(inside) + 1, column - 1, "m" + "q" * width + "j"))
        else:
            if menu.rule_before >= 0:
                names.insert(menu.rule_before, "   " + "-" * 57)
            shown += [f"\x1b[{row + number};{column}H {name}" for number, name in enumerate(names)]
        at = row + self._at + (0 <= menu.rule_before <= self._at)
        return "".join(shown) + f"\x1b[{at};{column}H>\b"

    def _field(self, asked: Field) -> str:
        held = "" if asked.hidden else self._held
        if asked.boxed:
            return ("\x1b[H\x1b[2J" + _lines(asked.text) + _drawn(13, 2, "l" + "q" * 76 + "k") + _drawn(14, 2, "x")
                    + " " * 76 + _drawn(14, 79, "x") + _drawn(15, 2, "m" + "q" * 76 + "j")
                    + f"\x1b[14;3H{asked.label}{held}")
        if not asked.adds:
            self._bottom = 2 + len(asked.text.splitlines())
            cleared = "\x1b[H\x1b[2J" + _lines(asked.text)
            return cleared + f"\x1b[{self._bottom};{2 - asked.tty}H{asked.label}{held}"
        self._bottom += 1
        return f"\x1b[{self._bottom};{2 - asked.tty}H{asked.label}{held}"

    def _said(self, asked: Say) -> str:
        self._bottom = 2 + len(asked.text.splitlines()) if asked.clears else self._bottom
        return ("\x1b[H\x1b[2J" + _lines(asked.text)) if asked.clears else asked.text.replace("\n", "\r\n")


def _lines(text: str) -> str:
    return "".join(f"\x1b[{row};2H{line}" for row, line in enumerate(text.splitlines(), 2))


def _drawn(row: int, column: int, corners: str) -> str:
    """Lines of a vt100."""
    return f"\x1b[{row};{column}H\x1b(0{corners}\x1b(B"


# --- a bad line ------------------------------------------------------------------------------------------------------

# What no installer asks.
PANIC = Menu(("Abort, retry", "Ignore"), title="Panic?")


@dataclass
class Trouble:
    """What goes wrong at the console, decided by `seed`: chances that a key is lost, and that a piece of output comes
    in two, is said again, late (`delay`, so many seconds more), or that the screen is painted once more. After so many
    keys it stalls for good, an unknown menu comes, or the console ends (-1: never)."""

    seed: int = 0
    lost: float = 0.0
    split: float = 0.0
    repeat: float = 0.0
    repaint: float = 0.0
    delay: float = 0.0
    stall_after: int = -1
    menu_after: int = -1
    cut_after: int = -1
    chance: random.Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)


class Line:
    """The screen at the other end of a line that may be bad."""

    def __init__(self, screen: Side, trouble: Trouble | None = None) -> None:
        self.screen = screen
        self._trouble = trouble or Trouble()
        self._keys = 0
        self._unknown: Screen | None = None
        self.cut = False

    def start(self) -> list[Out]:
        return self._sent(self.screen.start())

    def key(self, key: str) -> list[Out]:
        trouble = self._trouble
        self._keys += 1
        if self._keys == trouble.cut_after:
            self.cut = True
        if self.cut or 0 <= trouble.stall_after < self._keys or trouble.chance.random() < trouble.lost:
            return []
        if self._keys == trouble.menu_after:
            self._unknown = Screen(_asks_for_ever(PANIC))
            return self._sent(self._unknown.start())
        return self._sent((self._unknown or self.screen).key(key))

    def _sent(self, outs: list[Out]) -> list[Out]:
        trouble, random_ = self._trouble, self._trouble.chance.random
        sent: list[Out] = []
        for seconds, text in outs:
            late = 20.0 * random_() if random_() < trouble.delay else 0.0
            at = text.rfind("\x1b[") if random_() < trouble.split and text.count("\x1b[") > 3 else 0
            sent += [(seconds + late, text[:at]), (1.0, text[at:])] if at else [(seconds + late, text)]
            if random_() < trouble.repeat and text.startswith("\x1b[H\x1b[2J"):
                sent.append((0.1, text))
        if random_() < trouble.repaint and not self.screen.ended and self._unknown is None:
            sent.append((0.2, self.screen.repainted()))
        return sent


def _asks_for_ever(asked: Menu) -> Program:
    while True:
        yield asked
