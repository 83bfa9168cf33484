# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""S-expressions, as ``xm list --long`` prints them, to lists of texts and lists.

The grammar is that of xend's reader and writer (Xen's tools/python/xen/xend/sxp.py, ``Parser`` and ``show``): blanks
separate, ``#`` begins a comment, a text that is not a plain word stands in quotes with Python's escapes.
"""

from __future__ import annotations

import re
from typing import Any, List, Union

# A form is a text or a list of forms.
Form = Union[str, List[Any]]

# xend's own forms are five deep; a text that is deeper is no output of it.
MAX_DEPTH = 100

_TOKEN = re.compile(
    r"""(?P<blank>[ \t\n\v\f\r]+|\#[^\n]*)
      | (?P<open>\()
      | (?P<close>\))
      | (?P<quoted>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<word>[^\s(){}<>\[\]!;#'"][^\s(){}<>\[\]!;#]*)""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{2}|[0-7]{1,3}|.)", re.DOTALL)
_MEANINGS = {"a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r"}


def parse(text: str) -> list[Form]:
    """The forms of a text, one after another. Raises ValueError with line and column where it is none."""
    done: list[Form] = []
    open_lists: list[list[Form]] = [done]
    opened_at: list[int] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            unterminated = text[at] in "'\""
            raise _error(text, at, "a text that does not end" if unterminated else f"{text[at]!r} has no place here")
        kind = found.lastgroup
        if kind == "open":
            if len(open_lists) > MAX_DEPTH:
                raise _error(text, at, "too many lists in each other")
            opened_at.append(at)
            open_lists.append([])
        elif kind == "close":
            if not opened_at:
                raise _error(text, at, "')' without '('")
            opened_at.pop()
            whole = open_lists.pop()
            open_lists[-1].append(whole)
        elif kind == "quoted":
            open_lists[-1].append(_unquoted(found.group()[1:-1]))
        elif kind == "word":
            open_lists[-1].append(found.group())
        at = found.end()
    if opened_at:
        raise _error(text, opened_at[-1], "a list that does not end")
    return done


def _error(text: str, at: int, problem: str) -> ValueError:
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    return ValueError(f"line {line}, column {column}: {problem}")


def _unquoted(body: str) -> str:
    return _ESCAPE.sub(lambda found: _meaning(found.group(1)), body)


def _meaning(escape: str) -> str:
    if escape[0] == "x" and len(escape) == 3:
        return chr(int(escape[1:], 16))
    if escape[0] in "01234567":
        return chr(int(escape, 8) & 0xFF)
    return _MEANINGS.get(escape, escape if escape in "'\"\\" else "\\" + escape)


# -- looking into a form -----------------------------------------------------------------------------------------------


def name(form: Form) -> str | None:
    """The first word of a list, by which it is called; None for a text or a list without one."""
    if isinstance(form, list) and form and isinstance(form[0], str):
        return form[0]
    return None


def children(form: Form, wanted: str) -> list[list[Form]]:
    """The lists in a form that are called so."""
    return [child for child in form[1:] if name(child) == wanted] if isinstance(form, list) else []


def value(form: Form, wanted: str) -> str | None:
    """The text of the first ``(wanted TEXT)`` in a form; None if there is none, or no text in it."""
    for child in children(form, wanted):
        return child[1] if len(child) > 1 and isinstance(child[1], str) else None
    return None
