# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Words of sh(1): where one ends, and what it is without its quotation. Nothing is ever executed or substituted."""

from __future__ import annotations

BLANKS = " \t"


def word_end(text: str, at: int) -> int | None:
    """Where a word that begins at ``at`` ends; None if a quote or substitution in it never does."""
    while at < len(text):
        char = text[at]
        if char in BLANKS or char in "\n;&|()":
            return at
        if text.startswith("<<", at):
            return at
        closed = _past(text, at)
        if closed is None:
            return None
        at = closed
    return at


def _past(text: str, at: int) -> int | None:
    """The position after the character, quotation or substitution at ``at``."""
    char = text[at]
    if char == "\\":
        return min(at + 2, len(text))
    if char == "'":
        end = text.find("'", at + 1)
        return None if end < 0 else end + 1
    if char in '"`':
        return _past_nested(text, at + 1, char)
    if text.startswith("${", at):
        return _past_nested(text, at + 2, "}")
    if text.startswith("$(", at):
        return _past_nested(text, at + 2, ")")
    return at + 1


def _past_nested(text: str, at: int, closing: str) -> int | None:
    while at < len(text):
        if text[at] == closing:
            return at + 1
        # Within double quotes an apostrophe is a plain character.
        end = at + 1 if closing == '"' and text[at] == "'" else _past(text, at)
        if end is None:
            return None
        at = end
    return None


def unquoted(word: str) -> str | None:
    """The value of a word without its quotation; None if it holds a substitution, which takes a shell."""
    value, at = "", 0
    quote = ""
    while at < len(word):
        char = word[at]
        if quote == "'" or (quote == "" and char == "'"):
            quote, value = ("" if quote else "'", value) if char == "'" else (quote, value + char)
        elif char == '"':
            quote = "" if quote else '"'
        elif char == "\\" and at + 1 < len(word):
            value += _escaped(word[at + 1], quote)
            at += 1
        elif char in "$`":
            return None
        else:
            value += char
        at += 1
    return value


def _escaped(char: str, quote: str) -> str:
    """What a backslash and ``char`` stand for: within double quotes it escapes few characters."""
    if char == "\n":
        return ""
    return char if not quote or char in '\\"$`' else "\\" + char
