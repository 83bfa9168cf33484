# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A console's screen as a terminal keeps it, and what its program waits for: a menu, a prompt, or nothing yet.

What is active is where the cursor is. Rests of older screens stay on real screens, and screens come in pieces (the
record of a real sysinst has both), but the cursor is put to its place last: on the ``>`` of a menu, or behind the text
of a prompt.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Any, Union

from .needs import library

COLUMNS, ROWS = 80, 24
_ITEM = re.compile(r"([A-Za-z]): (.*)")
_LINE, _TOP = "\u2502", "\u250c"
# A shell's prompt that says who is where, at the edge of the screen.
_SHELL = re.compile(r"\S+@\S+:\S*[$#] ")
# What draws a box where the terminal has no line characters: curses' own substitutes.
_PLAIN = str.maketrans({"|": _LINE})


@dataclass(frozen=True)
class Item:
    """A line of a menu; no letter where the menu has none."""

    letter: str
    text: str


@dataclass(frozen=True)
class Menu:
    """A menu with the cursor in it. ``at`` is the item that Enter would take."""

    title: str
    items: tuple[Item, ...]
    at: int
    scrolls: bool = False

    def find(self, pattern: str) -> int | None:
        """The number of the first item whose text the pattern is found in."""
        return next((n for n, item in enumerate(self.items) if re.search(pattern, item.text)), None)


@dataclass(frozen=True)
class Prompt:
    """The text before the cursor, from the edge of the screen or of its box: a question, and what was typed after
    it."""

    text: str


Face = Union[Menu, Prompt, None]


class Screen:
    """80 columns and 24 rows, as sysinst and consoles without a size of their own have them."""

    def __init__(self) -> None:
        self._pyte = library("pyte")
        self._screen: Any = self._pyte.Screen(COLUMNS, ROWS)
        self._decoder = codecs.getincrementaldecoder("utf-8")("latin1-rests")
        self._stream: Any = None
        self._shown: list[str] | None = None
        self._begin()

    def _begin(self) -> None:
        # Without pyte's UTF-8 mode, which drops the line characters of a vt100: what comes is decoded here.
        self._stream = self._pyte.Stream(self._screen, strict=False)
        self._stream.use_utf8 = False

    def feed(self, data: bytes) -> str:
        """Take in what the console sent; returns it as text."""
        text: str = self._decoder.decode(data)
        self._shown = None
        try:
            self._stream.feed(text.replace("\0", ""))
        except (TypeError, ValueError, IndexError):
            # A sequence that pyte does not know how to take; its parser is dead then.
            self._begin()
        return text

    @property
    def _display(self) -> list[str]:
        """All rows at their whole width, without pyte's look at wide characters, which takes most of its time."""
        if self._shown is None:
            rows = self._screen.buffer
            self._shown = ["".join(rows[y][x].data for x in range(COLUMNS)) for y in range(ROWS)]
        return self._shown

    @property
    def lines(self) -> list[str]:
        return [line.rstrip() for line in self._display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip("\n")

    @property
    def words(self) -> str:
        """All of the screen with single blanks, so that a sentence is found however it was broken into lines."""
        return " ".join(self.text.split())

    @property
    def cursor(self) -> tuple[int, int]:
        """Row and column, from 0."""
        return self._screen.cursor.y, min(self._screen.cursor.x, COLUMNS - 1)

    @property
    def wrapped(self) -> bool:
        """Whether the cursor waits behind the last column."""
        return bool(self._screen.cursor.x >= COLUMNS)

    def face(self) -> Face:
        """What the program waits for at the cursor; None while it is drawn, or where nothing is asked."""
        row, column = self.cursor
        lines = [line.translate(_PLAIN) for line in self._display]
        if lines[row][column] == ">":
            return _boxed(lines, row, column) or _listed(lines, row, column)
        text = lines[row] if self.wrapped else lines[row][:column]
        if _SHELL.match(self._display[row]):
            # What looks like the side of a box is a pipe.
            text = self._display[row] if self.wrapped else self._display[row][:column]
        else:
            text = text.rsplit(_LINE, 1)[-1]
        return Prompt(text) if text.strip() else None


def _boxed(lines: list[str], row: int, column: int) -> Menu | None:
    """The menu in a box whose left edge is beside the cursor."""
    left = column - 1
    if left < 0 or lines[row][left] != _LINE:
        return None
    top = row
    while top >= 0 and lines[top][left] == _LINE:
        top -= 1
    bottom = row
    while bottom < ROWS and lines[bottom][left] == _LINE:
        bottom += 1
    if top < 0 or bottom == ROWS or lines[top][left] != _TOP:
        return None
    inside = [line[column:].split(_LINE, 1)[0].rstrip() for line in lines[top + 1 : bottom]]
    at = row - top - 1
    title: list[str] = []
    if "" in inside[:at]:
        blank = inside.index("")
        title, inside, at = inside[:blank], inside[blank + 1 :], at - blank - 1
    scrolls = bool(inside) and inside[-1].lstrip().startswith("<: page up")
    return _menu(title, inside[:-1] if scrolls else inside, at, scrolls)


def _listed(lines: list[str], row: int, column: int) -> Menu | None:
    """The menu without a box: lines with letters around the cursor, and between them what can't be chosen, such as a
    line of dashes."""

    def is_item(number: int) -> bool:
        return 0 <= number < ROWS and bool(re.match(r"[> ][A-Za-z]: ", lines[number][column:]))

    def is_between(number: int) -> bool:
        return 0 <= number < ROWS and lines[number][column] == " " and bool(lines[number][column:].strip())

    def end(step: int) -> int:
        """The last item in that direction, over lines that are none."""
        last = at = row
        while is_item(at + step) or is_between(at + step):
            at += step
            last = at if is_item(at) else last
        return last

    if not is_item(row):
        return None
    top, bottom = end(-1), end(1)
    return _menu([], [line[column:].rstrip() for line in lines[top : bottom + 1]], row - top, False)


def _menu(title: list[str], inside: list[str], at: int, scrolls: bool) -> Menu | None:
    items = []
    for line in inside:
        found = _ITEM.match(line[1:])
        items.append(Item(found[1], found[2].strip()) if found else Item("", line[1:].strip()))
    return Menu(" ".join(" ".join(title).split()), tuple(items), at, scrolls) if 0 <= at < len(items) else None


def _latin1(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("latin1-rests", _latin1)
