# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""S-expressions as xend writes and reads them: lists of lists and words.

Source: tools/python/xen/xend/sxp.py and PrettyPrint.py of Xen 4.2 (and of 3.1, where an empty word prints as nothing).
"""
from __future__ import annotations

import re
from typing import Any

Form = Any  # str, int, float, or a list of forms

_WIDTH = 80
_INDENT = 4
_ATOM = re.compile(r"(?:@|[A-Za-z0-9.\-_:/~]+)\Z")
_TOKEN = re.compile(r"""\s*(?:(\()|(\))|'((?:\\.|[^'\\])*)'|"((?:\\.|[^"\\])*)"|([^\s()'"]+))""")


def word(value: Form, release: str) -> str:
    """A word as show() writes it: quoted as Python quotes it, unless it is an atom."""
    text = str(value)
    if text == "" and release == "3.1":
        return ""
    return text if _ATOM.match(text) else repr(text)


def show(form: Form, release: str) -> str:
    """On one line."""
    if isinstance(form, list):
        return "(" + " ".join(show(part, release) for part in form) + ")"
    return word(form, release)


def pretty(form: Form, release: str, used: int = 0, width: int = _WIDTH) -> str:
    """A list that does not fit has each element but its first on a line of its own."""
    flat = show(form, release)
    if not isinstance(form, list) or not form or len(flat) <= width - used:
        return flat
    lines = ["(" + pretty(form[0], release, used + 1, width)]
    lines += [" " * (used + _INDENT) + pretty(part, release, used + _INDENT, width) for part in form[1:]]
    return "\n".join([*lines, " " * used + ")"])


def parse(text: str) -> Form:
    """The first form of a text. Raises ValueError."""
    stack: list[list[Form]] = [[]]
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise ValueError(text[position:position + 20])
        position = match.end()
        if match[1]:
            stack.append([])
        elif match[2]:
            if len(stack) == 1:
                raise ValueError(")")
            done = stack.pop()
            stack[-1].append(done)
        else:
            quoted = match[3] if match[3] is not None else match[4]
            stack[-1].append(match[5] if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
    if len(stack) != 1 or not stack[0]:
        raise ValueError("unfinished form")
    return stack[0][0]


def child(form: Form, name: str, default: str = "") -> str:
    """The value of the first `(name value)` below a form."""
    for part in form[1:]:
        if isinstance(part, list) and part and part[0] == name:
            return str(part[1]) if len(part) > 1 and not isinstance(part[1], list) else default
    return default
