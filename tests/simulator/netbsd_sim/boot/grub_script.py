# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The language of grub.cfg, as much as the simulated loader reads: commands, `if`, functions, menu entries, variables
and quotes (GNU GRUB manual, "Writing full configuration files directly"). Anything else is a ScriptError."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_KEYWORDS = ("then", "elif", "else", "fi", "}")
_NOT_READ = ("while", "until", "for", "case", "submenu")
_VARIABLE = re.compile(r"\\(?P<escaped>[$\"\\])|\$(?:\{(\w+|\?|[0-9@#*])\}|(\w+|\?|[0-9@#*]))")


class ScriptError(Exception):
    """What this reader does not understand, with the number of its line."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"grub.cfg line {line}: {what}")


@dataclass
class Token:
    """A word as it is written, quotes included, or one of `;`, a newline, `{` and `}`."""

    text: str
    line: int


@dataclass
class Command:
    """A simple command. A menu entry or a function has a body."""

    words: list[str]
    line: int
    body: list[Node] | None = None


@dataclass
class If:
    """Branches in order: condition and body; the condition of `else` is empty."""

    branches: list[tuple[list[Node], list[Node]]] = field(default_factory=list)


Node = Command | If


def tokens(text: str) -> list[Token]:
    """Cut a file into words."""
    found: list[Token] = []
    line, position = 1, 0
    while position < len(text):
        char = text[position]
        if char == "\\" and text[position + 1:position + 2] == "\n":
            position, line = position + 2, line + 1
        elif char in " \t\r":
            position += 1
        elif char == "#":
            end = text.find("\n", position)
            position = len(text) if end < 0 else end
        elif char in "\n;{}":
            found.append(Token(char, line))
            line += char == "\n"
            position += 1
        elif char in "&|<>":
            raise ScriptError(line, f"{char!r}: not simulated")
        else:
            end = _word_end(text, position, line)
            found.append(Token(text[position:end], line))
            line += text.count("\n", position, end)
            position = end
    return found


def _word_end(text: str, position: int, line: int) -> int:
    while position < len(text) and text[position] not in " \t\r\n;{}&|<>":
        char = text[position]
        if char == "\\":
            position += 2
        elif char == "'":
            position = _closing(text, position, "'", line)
        elif char == '"':
            position = _closing(text, position, '"', line)
        elif text.startswith("${", position):
            position = _closing(text, position + 1, "}", line)
        else:
            position += 1
    return position


def _closing(text: str, position: int, mark: str, line: int) -> int:
    """Behind the closing mark of what begins at `position`."""
    position += 1
    while position < len(text) and text[position] != mark:
        position += 2 if text[position] == "\\" and mark == '"' else 1
    if position >= len(text):
        raise ScriptError(line, f"no closing {mark}")
    return position + 1


class _Parser:
    def __init__(self, found: list[Token]) -> None:
        self.tokens = found
        self.position = 0

    def peek(self) -> Token:
        last = self.tokens[-1].line if self.tokens else 1
        return self.tokens[self.position] if self.position < len(self.tokens) else Token("", last)

    def take(self, expected: str = "") -> Token:
        token = self.peek()
        if expected and token.text != expected:
            raise ScriptError(token.line, f"{expected!r} expected, not {token.text!r}")
        self.position += 1
        return token

    def block(self) -> list[Node]:
        """Commands up to a keyword that ends them, or to the end of the file."""
        nodes: list[Node] = []
        while self.position < len(self.tokens) and self.peek().text not in _KEYWORDS:
            if self.peek().text in (";", "\n"):
                self.position += 1
            elif self.peek().text == "if":
                nodes.append(self.condition())
            else:
                nodes.append(self.command())
        return nodes

    def condition(self) -> If:
        node = If()
        self.take("if")
        while True:
            test = self.block()
            self.take("then")
            node.branches.append((test, self.block()))
            token = self.take()
            if token.text == "else":
                node.branches.append(([], self.block()))
                token = self.take()
            if token.text == "fi":
                return node
            if token.text != "elif":
                raise ScriptError(token.line, f"'fi' expected, not {token.text!r}")

    def command(self) -> Command:
        first = self.peek()
        if first.text in _NOT_READ:
            raise ScriptError(first.line, f"{first.text}: not simulated")
        command = Command([], first.line)
        while self.position < len(self.tokens) and self.peek().text not in (";", "\n", "}"):
            if self.peek().text == "{":
                self.position += 1
                command.body = self.block()
                self.take("}")
                break
            command.words.append(self.take().text)
        if (command.body is not None) != (first.text in ("menuentry", "function")):
            raise ScriptError(first.line, f"{first.text}: braces")
        return command


def parse(text: str) -> list[Node]:
    """A file's commands. Raises ScriptError."""
    parser = _Parser(tokens(text))
    nodes = parser.block()
    if parser.position < len(parser.tokens):
        raise ScriptError(parser.peek().line, f"unexpected {parser.peek().text!r}")
    return nodes


def expand(word: str, variables: dict[str, str]) -> str | None:
    """A word without quotes and with the values of variables; None where nothing is left of an unquoted one."""
    parts: list[str] = []
    quoted = False
    for match in re.finditer(r"'([^']*)'|\"((?:[^\"\\]|\\.)*)\"|\\(.)|([^'\"\\]+)", word, re.DOTALL):
        single, double, escaped, plain = match.groups()
        quoted = quoted or single is not None or double is not None
        if single is not None:
            parts.append(single)
        elif double is not None:
            parts.append(_values(double, variables))
        else:
            parts.append(escaped if escaped is not None else _values(plain, variables))
    text = "".join(parts)
    return text if text or quoted else None


def _values(text: str, variables: dict[str, str]) -> str:
    """Values for names; within double quotes a backslash keeps `$`, `"` and itself as they are."""
    return _VARIABLE.sub(lambda match: match["escaped"] or variables.get(match[2] or match[3], ""), text)
