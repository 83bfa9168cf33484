# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A console that behaves as a recorded one: it sends what was sent then, as soon as the keys come that were typed then.

The record is cut into questions, each ending with Enter. Keys as recorded get the recorded bytes. Others get what the
program's source says of them (NetBSD's usr.bin/menuc/menu_sys.def: letters, ^N, ^P and ^L; a field of curses or of a
tty: echo, ^U), and Enter at another answer goes on at the next question of the record where that answer was given;
where none was, the installation has gone wrong, which ``wrong`` tells. Time is virtual: nobody waits.

``Trouble`` makes it misbehave.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyte

from ansible_collections.netbsd.xen.plugins.plugin_utils._console.needs import Ended

FIXTURES = Path(__file__).parents[1] / "plugins/plugin_utils/fixtures"
RECORD = FIXTURES / "sysinst-7.99.10-xen-pv.cast"
ERRORS = FIXTURES / "sysinst-7.99.10-xen-pv-errors.cast"
# A piece that ends within an escape sequence.
HALF = re.compile(r"\x1b(\[[0-9;?]*|\()?$")
NEXT, BEFORE, REDRAW, KILL, ENTER, ERASE = "\x0e", "\x10", "\x0c", "\x15", "\r", "\x7f"


@dataclass
class Trouble:
    """What goes wrong, by chance: ``seed`` decides. Chances are for each piece of output or each key."""

    seed: int = 0
    split: float = 0.0
    delay: float = 0.0
    stall: float = 0.0
    repeat: float = 0.0
    repaint: float = 0.0
    lost: float = 0.0
    # After so many pieces of output the console ends, or an unknown menu comes.
    cut_after: int = -1
    menu_after: int = -1


class Terminal:
    """A screen of the player's own, to know what is on it."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(80, 24)
        self._stream = pyte.Stream(self.screen)
        self._stream.use_utf8 = False

    def feed(self, text: str) -> None:
        self._stream.feed(text.replace("\0", ""))

    def display(self) -> list[str]:
        return ["".join(self.screen.buffer[y][x].data for x in range(80)) for y in range(24)]

    def item(self) -> str:
        """The menu's item under the cursor; empty if it is in no menu."""
        row, column = self.screen.cursor.y, min(self.screen.cursor.x, 79)
        line = self.display()[row]
        return line[column + 1 :].split("\u2502")[0].strip() if line[column] == ">" else ""

    def rows(self) -> dict[int, str]:
        """The rows of the menu around the cursor and what is in them."""
        if not self.item():
            return {}
        row, column = self.screen.cursor.y, self.screen.cursor.x
        lines = self.display()

        def there(number: int) -> bool:
            return (
                0 <= number < 24
                and lines[number][column] in "> "
                and bool(re.match(r"([A-Za-z]: |[ A-Z][A-Za-z/]+)", lines[number][column + 1 :]))
                and "page down" not in lines[number]
            )

        first = last = row
        while there(first - 1):
            first -= 1
        while there(last + 1):
            last += 1
        return {n: lines[n][column + 1 :].split("\u2502")[0].strip() for n in range(first, last + 1)}

    def before_cursor(self) -> str:
        row, column = self.screen.cursor.y, self.screen.cursor.x
        return self.display()[row][:column].rsplit("\u2502", 1)[-1]

    def painted(self) -> str:
        """All of the screen as bytes that paint it, with line characters of a vt100 and the cursor at its place."""
        lines = "".join(f"\x1b[{n};1H{line.rstrip()}" for n, line in enumerate(self.display(), 1))
        for there, code in zip("\u2500\u2502\u250c\u2510\u2514\u2518", "qxlkmj"):
            lines = lines.replace(there, f"\x1b(0{code}\x1b(B")
        cursor = self.screen.cursor
        drawing = "\x1b(0" if self.screen.g0_charset == pyte.charsets.VT100_MAP else ""
        return f"\x1b(B\x1b[H\x1b[2J{lines}\x1b[{cursor.y + 1};{cursor.x + 1}H{drawing}"


@dataclass
class Question:
    """What the program asked: ``keys`` with what came after each, Enter last."""

    keys: list[tuple[str, list[tuple[float, str]]]] = field(default_factory=list)
    painted: str = ""
    label: str = ""
    chosen: str = ""
    answer: str = ""
    hidden: bool = False
    menu: tuple[str, ...] = ()


def questions(path: Path) -> tuple[list[tuple[float, str]], list[Question]]:
    """What came before the first key, and the questions of a record."""
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    first: list[tuple[float, str]] = []
    found: list[Question] = []
    out = first
    last, terminal, open_question = 0.0, Terminal(), False
    escape = ""
    for at, kind, text in events:
        if kind == "o":
            out.append((at - last, text))
            last = at
            terminal.feed(text)
            continue
        # An arrow key is one key, and sysinst takes it as ^N.
        escape += text
        if escape in ("\x1b", "\x1b["):
            continue
        key, escape = {"\x1b[B": NEXT}.get(escape, escape), ""
        if not open_question:
            question = Question(painted=terminal.painted(), label=terminal.before_cursor())
            question.menu = tuple(re.sub(r"^([a-zA-Z]: \S+).*", r"\1", row) for row in terminal.rows().values())
            found.append(question)
        if key == ENTER:
            # The cursor may have moved only after Enter was typed.
            letter = question.keys[-1][0] if question.keys else ""
            named = [row for row in terminal.rows().values() if letter and row.startswith(f"{letter}: ")]
            question.chosen = (named or [terminal.item()])[0]
            typed = "".join(k for k, _outs in question.keys).rsplit(KILL, 1)[-1]
            question.answer = "" if question.chosen else typed
            question.hidden = bool(question.answer) and not terminal.before_cursor().endswith(question.answer)
        out = []
        question.keys.append((key, out))
        last, open_question = at, key != ENTER
    for number in range(len(found) - 1, 0, -1):
        # What was typed where nothing was asked was waited for by nobody.
        if not found[number].menu and not found[number].label.strip():
            found[number - 1].keys[-1][1].extend(out for _key, outs in found.pop(number).keys for out in outs)
    return first, found


class Player:
    """A talk.Link to the recorded guest."""

    def __init__(
        self, path: Path, trouble: Trouble | None = None, end: str = "Parsing config", begin: str = ""
    ) -> None:
        first, self.questions = questions(path)
        if begin:
            # The console of the guest's second start.
            for number, question in enumerate(self.questions):
                outs = question.keys[-1][1]
                starts = [n for n, (_wait, text) in enumerate(outs) if begin in text and (number or n)]
                if starts:
                    first, self.questions = outs[starts[0] :], self.questions[number + 1 :]
                    break
        self._end = end
        self.trouble = trouble or Trouble()
        self._random = random.Random(self.trouble.seed)
        self._clock = 0.0
        self._due: list[tuple[float, str, str]] = []
        self._keys: list[str] = []
        self._terminal = Terminal()
        self._ended = False
        self._at = 0
        self._typed: list[str] = []
        self._as_recorded = True
        self._pieces = 0
        self.wrong: list[str] = []
        self.lost = self.repaints = 0
        self.answered: list[str] = []
        self._send(first)

    # What the engine sees.

    def now(self) -> float:
        return self._clock

    def close(self) -> None:
        self._ended = True

    def write(self, data: bytes) -> None:
        for key in data.decode():
            if self._random.random() < self.trouble.lost:
                self.lost += 1
            else:
                self._keys.append(key)
        self._work()

    def read(self, seconds: float) -> bytes:
        self._work()
        if not self._due:
            if self._ended:
                raise Ended("the record is at its end")
            self._clock += seconds
            return b""
        at, kind, text = self._due[0]
        if at > self._clock + seconds:
            self._clock += seconds
            return b""
        self._clock = max(self._clock, at)
        self._due.pop(0)
        self._pieces += 1
        if self._pieces == self.trouble.cut_after:
            self._due, self._ended = [], True
            raise Ended("the console was cut")
        if kind == "repaint":
            self.repaints += 1
            text = self._terminal.painted()
        elif kind == "out":
            self._terminal.feed(text)
        if self._pieces >= self.trouble.menu_after > 0 and kind == "out" and not HALF.search(text):
            self.trouble.menu_after = 0
            text += self._unknown_menu()
        self._work()
        return text.encode()

    # What the program does.

    def _send(self, outs: list[tuple[float, str]]) -> None:
        at = max([self._clock, *(due for due, _kind, _text in self._due)])
        chance = self._random.random
        for wait, text in outs:
            if self._end and self._end in text and self._at > 0:
                self._ended = True
                break
            at += wait
            for piece in self._pieces_of(text):
                at += self._random.uniform(0, 5) if chance() < self.trouble.delay else 0
                at += 400 if chance() < self.trouble.stall else 0
                self._due.append((at, "out", piece))
            if HALF.search(text):
                continue
            if chance() < self.trouble.repeat:
                # A terminal's absolute places bear it; what is relative is mended by the repaint that follows.
                self._due += [(at, "again", text), (at, "repaint", "")]
            if chance() < self.trouble.repaint:
                self._due.append((at + 0.5, "repaint", ""))

    def _pieces_of(self, text: str) -> list[str]:
        if self._random.random() >= self.trouble.split or len(text) < 2:
            return [text]
        cut = self._random.randrange(1, len(text))
        return [text[:cut], *self._pieces_of(text[cut:])]

    def _work(self) -> None:
        """Take the keys that came, one after the other, when nothing is left to say."""
        while self._keys and not self._due and not self._ended and self._at < len(self.questions):
            self._take(self._keys.pop(0))

    def _take(self, key: str) -> None:
        question = self.questions[self._at]
        number = len(self._typed)
        if self._as_recorded and number < len(question.keys) and question.keys[number][0] == key and key != ENTER:
            self._typed.append(key)
            self._send(question.keys[number][1])
            return
        if key == ENTER:
            self._enter(question)
            return
        self._as_recorded = False
        if question.chosen:
            self._menu_key(key)
        elif key == KILL:
            shown = 0 if question.hidden else len(self._terminal.before_cursor()) - len(_label(question.label))
            self._typed.append(KILL)
            self._echo("\b \b" * shown)
        elif key == ERASE:
            if self._typed and self._typed[-1] != KILL:
                self._typed.pop()
                self._echo("" if question.hidden else "\b \b")
        elif key.isprintable():
            self._typed.append(key)
            self._echo("" if question.hidden else key)

    def _echo(self, text: str) -> None:
        if text:
            self._send([(0.05, text)])

    def _menu_key(self, key: str) -> None:
        """A key in a menu that was not typed in the record: letters, ^N and ^P move the cursor, ^L draws the menu
        again."""
        if key == REDRAW:
            self._echo(self._terminal.painted())
            return
        rows = self._terminal.rows()
        row, column = self._terminal.screen.cursor.y, self._terminal.screen.cursor.x
        to = row + (key == NEXT) - (key == BEFORE)
        if key.isalpha():
            to = next((n for n, text in rows.items() if text.startswith(f"{key}: ")), row)
        if to in rows and to != row:
            self._echo(f"\x1b[{row + 1};{column + 1}H \x1b[{to + 1};{column + 1}H>\b")

    def _enter(self, question: Question) -> None:
        typed = "".join(self._typed)
        item = self._terminal.item()
        answer = "" if question.chosen else typed.rsplit(KILL, 1)[-1]
        if question.chosen:
            given = _name(item)

            def fits(other: Question) -> bool:
                return _name(other.chosen) == given and bool(given) and other.menu == question.menu
        else:
            given = answer

            def fits(other: Question) -> bool:
                same = _label(other.label).strip().startswith(_label(question.label).strip())
                return not other.chosen and other.answer == answer and (same or other.hidden and question.hidden)

        if question.hidden and answer != question.answer and not any(fits(q) for q in self.questions[self._at :]):
            # passwd(1) of the ramdisk: "Mismatch; try again, EOF to quit." (NetBSD's local_passwd.c).
            self._at -= _label(question.label).startswith("Retype")
            self._restart()
            self._echo("\r\nMismatch; try again, EOF to quit.\r\nNew password:")
            return
        self._go_on(question, given, fits)

    def _go_on(self, question: Question, given: str, fits: Callable[[Question], bool]) -> None:
        ahead = [n for n in range(self._at, min(self._at + 16, len(self.questions))) if fits(self.questions[n])]
        if not ahead:
            self.wrong.append(
                f"{question.label or question.menu}: {given!r} instead of {question.chosen or question.answer!r}"
            )
            self._ended = True
            return
        target = self.questions[ahead[0]]
        outs = target.keys[-1][1]
        if ahead[0] != self._at and target.chosen:
            # Another screen than that of the record: what comes is the screen that it became.
            outs = [(sum(wait for wait, _text in outs), _after(target))]
        self.answered.append(given)
        self._at = ahead[0] + 1
        self._restart()
        self._send(outs)

    def _restart(self) -> None:
        self._typed, self._as_recorded = [], True

    def _unknown_menu(self) -> str:
        lines = [
            "lqqqqqqqqqqqqqqqqqqk",
            "x Panic?           x",
            "x                  x",
            "x>a: Abort, retry  x",
            "x b: Ignore        x",
        ]
        lines.append("mqqqqqqqqqqqqqqqqqqj")
        text = "".join(
            f"\x1b[{8 + n};20H" + re.sub(r"^([lxm])(.*)([kxj])$", _edges, line) for n, line in enumerate(lines)
        )
        self._due, self._keys = [], []
        self.questions = self.questions[: self._at]
        return text + "\x1b[11;21H"


def _edges(found: re.Match[str]) -> str:
    inside = f"\x1b(0{found[2]}\x1b(B" if "qq" in found[2] else found[2]
    return f"\x1b(0{found[1]}\x1b(B{inside}\x1b(0{found[3]}\x1b(B"


def _after(question: Question) -> str:
    """The screen after a question was answered as in the record."""
    ahead = Terminal()
    ahead.feed(question.painted)
    for _key, outs in question.keys:
        for _wait, text in outs:
            ahead.feed(text)
    return ahead.painted()


def _name(item: str) -> str:
    return re.split(r"\s{2,}", item)[0]


def _label(text: str) -> str:
    """A prompt's question without what stands in its field."""
    end = text.rfind(": ")
    return text[: end + 2] if end >= 0 else text
