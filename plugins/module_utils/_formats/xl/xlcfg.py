# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""xl.cfg(5): the text of a guest's configuration file to data and back.

The grammar is that of Xen's own parser (xen tools/libs/util: libxlu_cfg_l.l, libxlu_cfg_y.y, libxlu_cfg.c), not that of
the manual page. It is no Python, although it looks like it: ``True``, ``+`` between strings and upper-case keys are
errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Dict, List, Mapping, NamedTuple, Union

# A number is kept as the string it was written as, because that is what xl does; what it means depends on the key.
Value = Union[str, List["Value"]]
Settings = Dict[str, Value]

# A list in a list in a list ... is legal; nobody's configuration needs more than this, and recursion must end
# somewhere.
MAX_DEPTH = 20

_TOKEN = re.compile(
    r"""(?P<blank>[ \t]+)
      | (?P<newline>\n|\#[^\n]*\n)
      | (?P<ident>[a-z][._0-9a-z]*)
      | (?P<number>[0-9][0-9a-fx]*)
      | (?P<string>'(?:[^'\\\n]|\\[^\n])*'|"(?:[^"\\\n]|\\[^\n])*")
      | (?P<add>\+=)
      | (?P<mark>[=;,\[\]])""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", '"': '"', "'": "'", "\\": "\\"}
_ESCAPED = {meaning: "\\" + letter for letter, meaning in _ESCAPES.items() if letter != "'"}
_ALLOWED = "allowed are texts in quotes, numbers and lists of them, for xl works nothing out"
_KEY = re.compile(r"[a-z][._0-9a-z]*\Z")


class Added(str):
    """A text that was made with ``+=``. It differs from others in one thing: xl takes it for no number."""

    __slots__ = ()


class XlcfgError(ValueError):
    """A text that xl would refuse. ``line`` counts from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line


class _Token(NamedTuple):
    kind: str
    text: str
    line: int


def parse(text: str) -> Settings:
    """The settings of a configuration file: key to string or list; a key that is set twice has its last value.

    Raises XlcfgError where xl ends with a syntax error.
    """
    return _Parser(_tokens(text)).settings()


def _tokens(text: str) -> Iterator[_Token]:
    line, at = 1, 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None and _is_one_byte(text[at:]):
            # xl's lexer waits for more of what it does not know, and at the end of the file forgets about it.
            break
        if found is None:
            # The last line's comment needs its newline too: without one, xl's lexer does not know it for a comment.
            raise XlcfgError(line, f"{text[at : at + 40].splitlines(True)[0]!r} is not understood; {_ALLOWED}")
        kind, content = str(found.lastgroup), found.group()
        if kind == "string":
            yield _Token(kind, _unquote(content, line), line)
        elif kind != "blank":
            yield _Token(content if kind == "mark" else kind, content, line)
        line += content.count("\n")
        at = found.end()
    yield _Token("end", "the end of the file", line)


def _is_one_byte(text: str) -> bool:
    """Whether this is the last byte of a file. A byte that is no UTF-8 is a surrogate here."""
    return len(text) == 1 and (text < "\x80" or "\udc80" <= text <= "\udcff")


def _unquote(quoted: str, line: int) -> str:
    body = quoted[1:-1]
    if "\0" in body:
        raise XlcfgError(line, "a NUL character in a string")
    if "\\" not in body:
        return body
    parts: list[str] = []
    at = 0
    while True:
        found = _ESCAPE.search(body, at)
        if found is None:
            return "".join([*parts, body[at:]])
        parts.append(body[at : found.start()])
        letter = found.group(1)
        at = found.end()
        if letter in _ESCAPES:
            parts.append(_ESCAPES[letter])
        elif letter in "01234567":
            at += _octal_digits(body[at : at + 3], line)
        else:
            # \x is in the source, and never accepted: it wants more than two digits and looks at two.
            raise XlcfgError(line, f"'\\{letter}' in a string means nothing to xl")


def _octal_digits(following: str, line: int) -> int:
    """How much of the text after ``\\0`` belongs to the escape. xl reads the number and then drops it, so it stands for
    nothing at all (libxlu_cfg.c, xlu__cfgl_dequote)."""
    found = re.match(r"[ \t\n\v\f\r]*[+-]?[0-9]+", following)
    if found is None or found.end() < 2:
        raise XlcfgError(line, "too few digits after a backslash in a string")
    return found.end()


class _Parser:
    """Recursive descent over the rules of libxlu_cfg_y.y."""

    def __init__(self, tokens: Iterator[_Token]) -> None:
        self._tokens = tokens
        self._next = next(tokens)

    def settings(self) -> Settings:
        found: Settings = {}
        while self._next.kind != "end":
            if self._next.kind in ("newline", ";"):
                self._take()
                continue
            self._assignment(found)
            if self._next.kind not in ("newline", ";", "end"):
                raise self._unexpected("the end of the line")
        return found

    def _assignment(self, found: Settings) -> None:
        key = self._take("ident").text
        operator = self._take("=", "add")
        value = self._value(MAX_DEPTH)
        if operator.kind == "add":
            value = _added(found.get(key), value, operator.line)
        found[key] = value

    def _value(self, depth: int) -> Value:
        token = self._take("string", "number", "[")
        if token.kind != "[":
            return token.text
        if depth == 0:
            raise XlcfgError(token.line, "lists are nested too deeply")
        return self._list(depth - 1)

    def _list(self, depth: int) -> list[Value]:
        values: list[Value] = []
        self._skip_newlines()
        while self._next.kind != "]":
            values.append(self._value(depth))
            self._skip_newlines()
            if self._next.kind != ",":
                break
            self._take()
            self._skip_newlines()
        self._take("]")
        return values

    def _skip_newlines(self) -> None:
        while self._next.kind == "newline":
            self._take()

    def _take(self, *kinds: str) -> _Token:
        token = self._next
        if kinds and token.kind not in kinds:
            raise self._unexpected(" or ".join(_NAMES.get(kind, repr(kind)) for kind in kinds))
        if token.kind != "end":
            self._next = next(self._tokens)
        return token

    def _unexpected(self, wanted: str) -> XlcfgError:
        found = _NAMES.get(self._next.kind, repr(self._next.text[:40]))
        return XlcfgError(self._next.line, f"{found} where {wanted} is expected")


_NAMES = {
    "ident": "a key",
    "string": "a string",
    "number": "a number",
    "add": "'+='",
    "newline": "the end of the line",
    "end": "the end of the file",
}


def _added(old: Value | None, new: Value, line: int) -> Value:
    if isinstance(new, list) and (old is None or isinstance(old, list)):
        return (old or []) + new
    if isinstance(new, str) and (old is None or isinstance(old, str)):
        return Added((old or "") + new)
    raise XlcfgError(line, "a list can't be added to a string, nor a string to a list")


def render(settings: Mapping[str, object], header: str = "") -> str:
    """The text of a configuration file, one setting a line in the given order, each line of ``header`` as a comment.

    Values are strings, whole numbers, booleans (1 or 0) or lists of them. Raises ValueError for what xl could not read.
    """
    lines = [f"# {line}".rstrip() for line in header.splitlines()]
    lines += [f"{_checked_key(key)} = {_rendered(value)}" for key, value in settings.items()]
    return "".join(line + "\n" for line in lines)


def _checked_key(key: str) -> str:
    if not _KEY.match(key):
        raise ValueError(f"{key!r} can't be a key in an xl configuration")
    return key


def _rendered(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int) and value >= 0:
        return str(value)
    if isinstance(value, (str, int)):
        return _quoted(str(value))
    if isinstance(value, (list, tuple)):
        return _rendered_list(value)
    raise ValueError(f"{value!r} can't be written to an xl configuration")


def _rendered_list(values: object) -> str:
    items = [_rendered(item) for item in values]  # type: ignore[attr-defined]
    if len(items) < 2:
        return "[" + "".join(items) + "]"
    return "[\n" + "".join(f"    {item},\n" for item in items) + "]"


def _quoted(text: str) -> str:
    if "\0" in text:
        raise ValueError("a NUL character can't be written to an xl configuration")
    return '"' + "".join(_ESCAPED.get(character, character) for character in text) + '"'
