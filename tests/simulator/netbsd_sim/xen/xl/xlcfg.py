# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The grammar of xl.cfg as the real parser reads it, with its error messages.

Written after the rules of Xen's tools/libs/util/libxlu_cfg_l.l and libxlu_cfg_y.y (a flex scanner and a bison
grammar). It knows nothing of the collection's own parser: the two are compared by tests. Sources for the
messages: records create_bad_syntax, create_bad_memory (xl 4.20), create-syntax, create-xm, xm2-n (NetBSD 7.99.10).
"""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from . import cnumbers

if TYPE_CHECKING:
    Value = str | list["Value"]

END = "$end"
IDENT = "IDENT"
STRING = "STRING"
NUMBER = "NUMBER"
NEWLINE = "NEWLINE"
ADD = "+="

# Longest match first, as flex does: the patterns don't overlap except "+=" with "+".
_TOKEN = re.compile(
    r"""(?P<blank>[ \t]+)
      | (?P<ident>[a-z][._0-9a-z]*)
      | (?P<number>[0-9][0-9a-fx]*)
      | (?P<add>\+=)
      | (?P<punct>[,\[\]=;])
      | (?P<newline>\n|\#[^\n]*\n)
      | (?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
    """,
    re.VERBOSE,
)
_REST_OF_WORD = re.compile(r"[^ \t\n]*")
_OCTAL_DIGITS, _LEAST_DIGITS = 3, 2
_LOOKS_LIKE_PYTHON = frozenset("+,-.():")
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", '"': '"', "'": "'", "\\": "\\"}

PYTHON_WARNING = (
    "warning: Config file looks like it contains Python code.\n"
    "warning:  Arbitrary Python is no longer supported.\n"
    "warning:  See https://wiki.xen.org/wiki/PythonInXlConfig\n"
)


class ConfigError(Exception):
    """The text is not a configuration; the messages have been reported already."""


class ScannerDied(ConfigError):
    """libxlu ends by an assertion: xl is killed by SIGABRT."""


@dataclass
class Setting:
    """One assignment. ``line`` counts from 1; ``added`` is true for ``+=``."""

    value: Value
    line: int
    added: bool = False


@dataclass
class Token:
    kind: str
    text: str
    line: int
    value: str = ""  # of a string: without quotes and escapes


class _Abort(Exception):
    """The parser can't recover: bison pops its whole stack."""


@dataclass
class _Reporter:
    """Counts and prints errors as xlu__cfg_yyerror does: one lexical error hides the later errors of its line."""

    source: str
    report: Callable[[str], None]
    failed: bool = False
    lexical_error_line: int = -1

    def error(self, line: int, text: str, message: str) -> None:
        if line <= self.lexical_error_line:
            return
        newline = ""
        quoted = bool(text)
        if text.endswith("\n"):
            text = text[:-1]
            line -= 1
            if not text:
                newline, quoted = "<newline>", False
        near = f"`{text.rstrip(chr(9) + ' ')}'" if quoted else newline
        # The end of the file is a NUL character of length 1 in flex: quotes with nothing between them.
        near = "`'" if text == "\0" else near
        self.report(f"{self.source}:{line}: config parsing error near {near}: {message}\n")
        self.failed = True

    def lexical(self, line: int, text: str, message: str = "lexical error") -> None:
        self.error(line, text, message)
        self.lexical_error_line = line


@dataclass
class _Scanner:
    text: str
    errors: _Reporter
    line: int = 1
    position: int = 0
    python: bool = False
    end_text: str = "\0"
    token: Token = field(default_factory=lambda: Token(NEWLINE, "", 1))

    def next(self) -> Token:
        self.token = self._scan()
        return self.token

    def _scan(self) -> Token:
        while self.position < len(self.text):
            match = _TOKEN.match(self.text, self.position)
            if match is None:
                token = self._lexical_error()
                if token is not None:
                    return token
                continue
            self.position = match.end()
            if match.lastgroup != "blank":
                return self._token(match.lastgroup or "", match.group())
        return Token(END, self.end_text, self.token.line)

    def _token(self, group: str, text: str) -> Token:
        if group == "newline":
            self.line += 1
            return Token(NEWLINE, text, self.line - 1)
        kind = {"ident": IDENT, "number": NUMBER, "string": STRING, "add": ADD}.get(group, text)
        return Token(kind, text, self.line, self._unquote(text) if kind == STRING else "")

    def _unquote(self, text: str) -> str:
        """The text without quotes and escapes. Numbers are read wrongly by libxlu itself: `\\x41` is always an error,
        `\\101` and up to two digits more leave nothing (libxlu_cfg.c, xlu__cfgl_dequote; fixture xl-configs)."""
        if self.errors.failed:
            return ""
        as_c_sees_it = text.partition("\0")[0]
        if len(as_c_sees_it) < 2 or as_c_sees_it[0] != as_c_sees_it[-1]:
            self.errors.report("xl: libxlu_cfg.c:607: xlu__cfgl_dequote: Assertion `len>=2 && src[0]==src[len-1]' "
                               "failed.\n")
            raise ScannerDied
        plain = ""
        position = 1
        while position < len(text) - 1:
            letter, position = text[position], position + 1
            if letter != "\\":
                plain += letter
                continue
            letter, position = text[position], position + 1
            if letter in _ESCAPES:
                plain += _ESCAPES[letter]
                continue
            digits = cnumbers.leading(text[position : position + _OCTAL_DIGITS], 10)[1] if letter in "01234567" else 0
            if digits < _LEAST_DIGITS:
                self._bad_escape(text, letter)
                return ""
            position += digits
        return plain

    def _bad_escape(self, text: str, letter: str) -> None:
        kind = "hex" if letter == "x" else "octal" if letter in "01234567" else ""
        self.errors.lexical(self.line, text, f"invalid digit after backslash {kind}numerical character escape in "
                            "quoted string" if kind else "invalid character after backlash in quoted string")
        self.errors.failed = True

    def _lexical_error(self) -> Token | None:
        """The wrong character and the rest of its word; a line end that follows at once belongs to the error."""
        start = self.position
        self.python = self.python or self.text[start] in _LOOKS_LIKE_PYTHON
        rest = _REST_OF_WORD.match(self.text, start + 1)
        end = rest.end() if rest else start + 1
        self.position = end
        if end == len(self.text) and end == start + 1:
            self.end_text = self.text[start]
            return None
        if end > start + 1:
            self.errors.lexical(self.line, self.text[start:end])
            return None
        self.position = end + 1
        if self.text[end] == "\n":
            self.line += 1
            self.errors.lexical(self.line, self.text[start : end + 1])
            return Token(NEWLINE, self.text[start : end + 1], self.line)
        self.errors.lexical(self.line, self.text[start : end + 1])
        return None


class _Parser:
    """Recursive descent with bison's error recovery.

    After an error the parser discards up to the line end; it stays silent until three tokens were accepted.
    """

    def __init__(self, scanner: _Scanner) -> None:
        self.scanner = scanner
        self.errors = scanner.errors
        self.settings: dict[str, Setting] = {}
        self.quiet = 0
        self.last = scanner.token  # what was accepted last

    def parse(self) -> None:
        self.scanner.next()
        while self.scanner.token.kind != END:
            try:
                self._statement()
            except _Unexpected as wrong:
                self._recover(wrong.expecting)

    def _accept(self) -> Token:
        self.last = self.scanner.token
        self.quiet = max(0, self.quiet - 1)
        self.scanner.next()
        return self.last

    def _statement(self) -> None:
        kind = self.scanner.token.kind
        if kind in (NEWLINE, ";"):
            self._accept()
        elif kind == IDENT:
            self._assignment()
        else:
            raise _Unexpected("$end or IDENT or NEWLINE or ';'")

    def _assignment(self) -> None:
        name = self._accept().text
        if self.scanner.token.kind not in (ADD, "="):
            raise _Unexpected("+= or '='")
        added = self._accept().kind == ADD
        line = self.scanner.token.line
        value = self._value("STRING or NUMBER or '['")
        self._store(name, Setting(value, line, added))
        if self.scanner.token.kind in (NEWLINE, ";"):
            self._accept()
        elif self.scanner.token.kind != END:
            self._complain("$end")
            raise _Abort

    def _value(self, expecting: str) -> Value:
        kind = self.scanner.token.kind
        if kind == NUMBER:
            return self._accept().text
        if kind == STRING:
            return self._accept().value
        if kind != "[":
            raise _Unexpected(expecting)
        self._accept()
        values: list[Value] = []
        self._skip_newlines()
        while self.scanner.token.kind in (STRING, NUMBER, "["):
            values.append(self._value("']'"))
            self._skip_newlines()
            if self.scanner.token.kind != ",":
                break
            self._accept()
            self._skip_newlines()
        if self.scanner.token.kind != "]":
            raise _Unexpected("']'")
        self._accept()
        return values

    def _skip_newlines(self) -> None:
        while self.scanner.token.kind == NEWLINE:
            self._accept()

    def _store(self, name: str, new: Setting) -> None:
        if self.errors.failed:
            return
        old = self.settings.get(name)
        if new.added and old is not None:
            if isinstance(old.value, list) != isinstance(new.value, list):
                # bison stores without looking at what follows, so the last token of the value is "near"
                self.errors.lexical(
                    self.last.line, self.last.text, 'can\'t add [list] to "string" or vice versa'
                )
                self.errors.failed = True
                return
            new.value = old.value + new.value  # type: ignore[operator]
        self.settings[name] = new

    def _complain(self, expecting: str) -> None:
        if self.quiet == 0:
            token = self.scanner.token
            kind = token.kind if token.kind in (END, IDENT, STRING, NUMBER, NEWLINE, ADD) else f"'{token.kind}'"
            self.errors.error(token.line, token.text, f"syntax error, unexpected {kind}, expecting {expecting}")

    def _recover(self, expecting: str) -> None:
        self._complain(expecting)
        self.quiet = 3
        while self.scanner.token.kind != NEWLINE:
            if self.scanner.token.kind == END:
                raise _Abort
            self.scanner.next()
        self._accept()


class _Unexpected(Exception):
    def __init__(self, expecting: str) -> None:
        super().__init__(expecting)
        self.expecting = expecting


def parse(text: str, source: str, report: Callable[[str], None]) -> dict[str, Setting]:
    """Read a configuration.

    ``source`` is the file name that messages begin with, ``report`` gets each message with its line end.
    Returns the settings by name (the last assignment wins). Raises ConfigError after reporting what is wrong.
    """
    errors = _Reporter(source, lambda message: report(_as_text(message)))
    scanner = _Scanner(_as_bytes(text), errors)
    parser = _Parser(scanner)
    try:
        parser.parse()
    except _Abort:
        errors.failed = True
    if errors.failed:
        if scanner.python:
            report(PYTHON_WARNING)
        raise ConfigError
    for setting in parser.settings.values():
        setting.value = _decoded(setting.value)
    return parser.settings


def _as_bytes(text: str) -> str:
    """One character a byte: that is what the scanner sees."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _as_text(text: str) -> str:
    return text.encode("latin-1", "replace").decode("utf-8", "surrogateescape")


def _decoded(value: Value) -> Value:
    return [_decoded(entry) for entry in value] if isinstance(value, list) else _as_text(value)
