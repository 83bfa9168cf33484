# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""rc.conf(5) files: what they set, and changing one setting without touching another byte.

They are shell scripts that sh(1) reads from top to bottom, so the last assignment of a variable counts. This is no
shell: it understands assignments on their own, knows where quoting, comments, functions and conditions begin and end,
and tells of every assignment whether it is always carried out. Nothing in a file is ever executed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from .sh_words import BLANKS, unquoted, word_end

_ASSIGNMENT = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_SCRIPT_LINE = r"^[ \t]*{}=(?P<value>[^#\s;]*|\"[^\"\n]*\"|'[^'\n]*')[ \t]*(?:[#;].*)?$"
_REFERENCE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_OPENING = {"if": "fi", "case": "esac", "while": "done", "until": "done", "for": "done", "{": "}"}
_CLOSING = frozenset(_OPENING.values())
# Words after which a command stands as it does at the beginning of a line.
_LEADING = frozenset(("then", "else", "elif", "do", "!", "if", "while", "until", "{", "fi", "done", "esac", "}"))
_ENDING = frozenset(("return", "exit"))
_DEFAULTING = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*):?=")
_ASSIGNED_WITHIN = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=")
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)\Z")
_DECLARING = frozenset(("export", "readonly"))
# What checkyesno in rc.subr(8) takes for yes; all else is no.
_YES = frozenset(("yes", "true", "on", "1"))
_NO = frozenset({"no", "false", "off", "0"})


@dataclass(frozen=True)
class Setting:
    """One assignment. ``value`` is None if it takes a shell to know it; ``start`` and ``end`` enclose the value's text;
    ``line`` counts from 1; ``nested`` is True within a condition, a loop or a function, where nobody knows whether it
    is carried out."""

    name: str
    value: str | None
    line: int
    start: int
    end: int
    nested: bool


@dataclass(frozen=True)
class Guard:
    """A command whose success decides whether another one is run: its words, and whether it must fail. Without words
    it is something else than one command."""

    words: tuple[str, ...] = ()
    fails: bool = False


# Within a function, a loop, a branch of case, another shell, or after a pipe.
OBSCURE = Guard()


@dataclass(frozen=True)
class Source:
    """A file that is read in turn. ``name`` is None if it takes a shell to know it, ``text`` is the word as it stands
    there; it is read if all ``guards`` say so; ``start`` is where it stands."""

    name: str | None
    text: str
    line: int
    start: int
    guards: tuple[Guard, ...]


@dataclass
class Document:
    """A file's settings in order, the files that it reads in turn, and why it can't be trusted, if so."""

    text: str
    settings: list[Setting] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    trouble: str = ""

    def last(self, name: str) -> Setting | None:
        """The assignment that counts, or None."""
        found = [setting for setting in self.settings if setting.name == name]
        return found[-1] if found else None


@lru_cache(maxsize=8)
def parse(text: str) -> Document:
    """A file's settings. Never fails; a file that ends within a quote or a condition has ``trouble``. All who ask for
    the same text get the same document, which nobody changes: to plan a machine asks more than ten times."""
    return _Scanner(text).scan()


def is_yes(value: str | None) -> bool:
    """Whether rc.subr's checkyesno takes a value for yes."""
    return value is not None and value.lower() in _YES


def is_no(value: str | None) -> bool:
    """Whether rc.subr's checkyesno takes a value for no. Whatever is neither, unset included, counts as no and brings a
    warning at each boot, "is not set properly" (etc/rc.subr)."""
    return value is not None and value.lower() in _NO


def quoted(value: str) -> str:
    """A value as it is written into a file: bare words for YES and NO, else in double quotes."""
    if value in ("YES", "NO"):
        return value
    return '"' + re.sub(r'([\\"$`])', r"\\\1", value) + '"'


def assign(document: Document, name: str, value: str, append: bool = False) -> str:
    """The file's text with ``name`` set to ``value``: the assignment that counts is changed, or a line added. With
    ``append`` a line is added in any case, because what another file says comes after that assignment."""
    setting = None if append else document.last(name)
    text = document.text
    if setting is not None:
        return text[: setting.start] + quoted(value) + text[setting.end :]
    if text and not text.endswith("\n"):
        text += "\n"
    return f"{text}{name}={quoted(value)}\n"


def script_variable(script: str, name: str) -> str | None:
    """The value of an assignment at the beginning of a line in an rc.d script, such as ``name`` or ``rcvar``.

    ``$name`` and ``${name}`` within it are looked up in the script. None if it is not set or not that simple.
    """
    values = _script_values(script, name)
    if not values:
        return None
    value = values[-1]
    for braced, bare in _REFERENCE.findall(value):
        known = _script_values(script, braced or bare)
        if not known or (braced or bare) == name:
            return None
        value = value.replace("${" + braced + "}" if braced else "$" + bare, known[-1])
    return None if "$" in value or "`" in value else value


def _script_values(script: str, name: str) -> list[str]:
    found = re.finditer(_SCRIPT_LINE.format(re.escape(name)), script, re.MULTILINE)
    return [match.group("value").strip("\"'") for match in found]


class _Scanner:
    """One pass over the text, a command at a time."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.stack: list[str] = []
        # What decides whether the inside of each of those is run.
        self.frames: list[tuple[Guard, ...]] = []
        self.document = Document(text)
        self.words: list[tuple[int, int]] = []
        # After && or || a command may not be run; after | it runs in another shell.
        self.conditional = False
        self.guards: tuple[Guard, ...] = ()
        # The last command that ended, and whether a ! stood before it.
        self.last = OBSCURE
        self.negated = False
        # How many commands an if has had before its then; the next { is a function's.
        self.tests = 0
        self.function = False

    def scan(self) -> Document:
        while self.at < len(self.text) and not self.document.trouble:
            self._step()
        self._end_command()
        if self.stack and not self.document.trouble:
            self._give_up(f"{self.stack[-1]!r} is missing at the end")
        return self.document

    def _step(self) -> None:
        char = self.text[self.at]
        if char in BLANKS:
            self.at += 1
        elif self.text.startswith("\\\n", self.at):
            self.at += 2
        elif char == "#":
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end
        elif char == "\n":
            self._end_command()
            self._unconditional()
            self.at += 1
        elif char in ";&|()":
            self._operator(char)
        elif self.text.startswith("<<", self.at):
            self._give_up("it has a here-document")
        else:
            self._word()

    def _operator(self, char: str) -> None:
        double = self.text.startswith(char * 2, self.at)
        if char == "(":
            self._open_parenthesis()
            return
        if char == ")":
            self._close_parenthesis()
            return
        self._end_command()
        if char == ";":
            self._unconditional()
        elif char == "|" or double:
            self.guards += (self.last if char == "&" else OBSCURE,)
            self.conditional = True
        self.at += 2 if double else 1

    def _unconditional(self) -> None:
        self.conditional, self.guards = False, ()

    def _open_parenthesis(self) -> None:
        if self.words:
            # NAME ( ) opens a function, whose body follows.
            self.words.clear()
            self.function = True
        self._push(")", (OBSCURE,))
        self.at += 1

    def _push(self, closing: str, guards: tuple[Guard, ...]) -> None:
        self.stack.append(closing)
        self.frames.append(self.guards + guards)

    def _pop(self) -> None:
        self.stack.pop()
        self.frames.pop()
        self.last = OBSCURE

    def _close_parenthesis(self) -> None:
        if self.stack and self.stack[-1] == ")":
            self._end_command()
            self._pop()
        elif self.stack and self.stack[-1] == "esac":
            self.words.clear()  # that was the pattern of a branch
        else:
            self._give_up("a ')' too many")
        self.at += 1

    def _word(self) -> None:
        start = self.at
        end = word_end(self.text, start)
        if end is None:
            self._give_up("a quote has no end", start)
            return
        self.at = end
        word = self.text[start:end]
        if not self.words and self._keyword(word):
            return
        self.words.append((start, end))

    def _keyword(self, word: str) -> bool:
        """Take a reserved word at the beginning of a command; True if it was one."""
        if word in _OPENING:
            self._push(_OPENING[word], () if word == "if" or (word == "{" and not self.function) else (OBSCURE,))
            self.tests, self.function = 0, False
            self._unconditional()
            if word in ("case", "for"):
                self.words.append((self.at - len(word), self.at))
            return True
        if word in _CLOSING:
            if not self.stack or self.stack[-1] != word:
                self._give_up(f"{word!r} without a beginning")
            else:
                self._pop()
            return True
        if word == "!":
            self.negated = not self.negated
        elif word in ("then", "else", "elif") and self.stack:
            self._branch(word)
        return word in _LEADING

    def _branch(self, word: str) -> None:
        """What decides about the branch of an if that begins here."""
        outer = self.frames[-1]
        if word == "then":
            self.frames[-1] = (*outer, self.last if self.tests == 1 else OBSCURE)
        elif word == "else" and outer and outer[-1].words:
            self.frames[-1] = (*outer[:-1], Guard(outer[-1].words, not outer[-1].fails))
        else:
            self.frames[-1] = (*outer[:-1], OBSCURE)
        self._unconditional()

    def _end_command(self) -> None:
        words, self.words = self.words, []
        if not words:
            return
        texts = [self.text[start:end] for start, end in words]
        guards = tuple(guard for frame in self.frames for guard in frame) + self.guards
        self.last = Guard(tuple(unquoted(text) or "" for text in texts), self.negated)
        self.tests, self.negated = self.tests + 1, False
        if texts[0] in (".", "source") and len(texts) > 1:
            line = self._line(words[0][0])
            self.document.sources.append(Source(unquoted(texts[1]), texts[1], line, words[0][0], guards))
        if texts[0] in _ENDING and "}" not in self.stack:
            self._give_up(f"{texts[0]!r} may end it there", words[0][0])
            return
        self._set_otherwise(words, texts)
        if texts[0] in _DECLARING:
            words, texts = words[1:], texts[1:]
        names = [found.group(1) for found in map(_ASSIGNMENT.match, texts) if found]
        if len(names) < len(texts):
            return  # VAR=x command: set for that command only
        for (start, end), name in zip(words, names):
            begin = start + len(name) + 1
            self.document.settings.append(
                Setting(
                    name=name,
                    value=unquoted(self.text[begin:end]),
                    line=self._line(start),
                    start=begin,
                    end=end,
                    nested=bool(self.stack) or self.conditional,
                )
            )

    def _set_otherwise(self, words: list[tuple[int, int]], texts: list[str]) -> None:
        """Note variables that are set by something else than an assignment: unset, eval, ${NAME:=WORD}."""
        for (start, _end), text in zip(words, texts):
            found = list(_DEFAULTING.finditer(text))
            if texts[0] == "unset":
                found += _NAME.finditer(text)
            elif texts[0] == "eval":
                found += _ASSIGNED_WITHIN.finditer(text)
            for match in found:
                place = start + match.end()
                self.document.settings.append(Setting(match.group(1), None, self._line(start), place, place, True))

    def _line(self, position: int) -> int:
        return self.text.count("\n", 0, position) + 1

    def _give_up(self, why: str, position: int | None = None) -> None:
        self.document.trouble = f"line {self._line(self.at if position is None else position)}: {why}"
        self.words.clear()
