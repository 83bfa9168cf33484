# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The language of grub.cfg, as far as its words and braces: which commands stand where. What they do, only GRUB knows.

Sources: GNU GRUB 2 grub-core/script/yylex.l (words, quotes, comments, lines that go on), parser.y (if, for, while,
until, function, and blocks).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

# A word without its quotes may go on over several pieces; in double quotes, a backslash keeps $, ", \ and a newline.
_PIECE = re.compile(
    r"""(?P<gone>\\\n)|\\(?P<kept>.)|'(?P<single>[^']*)'|"(?P<double>(?:\\.|[^"\\])*)"|(?P<name>\$\{[^}]*\})
    |(?P<plain>[^{}|&;<>\s'"\\])""",
    re.VERBOSE | re.DOTALL,
)
# What stands in a word for a variable, whose value only GRUB knows.
VARIABLE = "\0"
_IN_DOUBLE = re.compile(r'\\([$"\\\n])|(\$)')
_BLANK = re.compile(r"(?:[ \t\r]|\\\n)+")
# Words before a command; those that begin a piece that may not be run, and those that end it.
_BEFORE = ("if", "then", "elif", "else", "while", "until", "do", "!", "time")
_OPENS, _CLOSES = ("if", "while", "until", "for", "case"), ("fi", "done", "esac")


@dataclass(frozen=True)
class Command:
    """A command: its words without quotes, and where it stands in the text. ``depth`` says in how many braces, and
    ``conditional`` that it may not be run. A ``block`` is what is in the braces behind it, None if there are none."""

    words: tuple[str, ...]
    start: int
    end: int
    depth: int
    conditional: bool
    block: str | None = None


@dataclass(frozen=True)
class _Token:
    text: str
    start: int
    end: int
    is_word: bool


def commands(text: str) -> list[Command]:
    """Every command, also those in blocks, in the order of their beginnings. Never fails: a quote that is not closed is
    a character, and a block without an end goes to the end of the text."""
    found: list[Command] = []
    open_blocks: list[tuple[int, int]] = []
    words: list[_Token] = []
    controls = 0
    for token in [*_tokens(text), _Token("\n", len(text), len(text), is_word=False)]:
        if token.is_word and (words or token.text not in _BEFORE + _CLOSES):
            controls += not words and token.text in _OPENS
            words.append(token)
            continue
        if token.is_word:
            controls += (token.text in _OPENS) - (token.text in _CLOSES and controls > 0)
            continue
        if token.text == "{" and words:
            open_blocks.append((len(found), token.end))
            found.append(_command(words, token.end, len(open_blocks) - 1, controls))
        elif token.text == "}":
            if words:
                found.append(_command(words, words[-1].end, len(open_blocks), controls))
            if open_blocks:
                index, start = open_blocks.pop()
                found[index] = _closed(found[index], token.end, text[start : token.start])
        elif words:
            found.append(_command(words, words[-1].end, len(open_blocks), controls))
        words = []
    for index, start in open_blocks:
        found[index] = _closed(found[index], len(text), text[start:])
    return found


def _command(words: list[_Token], end: int, depth: int, controls: int) -> Command:
    return Command(tuple(word.text for word in words), words[0].start, end, depth, conditional=controls > 0)


def _closed(command: Command, end: int, block: str) -> Command:
    return Command(command.words, command.start, end, command.depth, command.conditional, block)


def _tokens(text: str) -> Iterator[_Token]:
    """Words, and the characters that end them."""
    position = 0
    while position < len(text):
        blank = _BLANK.match(text, position)
        if blank:
            position = blank.end()
        elif text[position] == "#":
            end = text.find("\n", position)
            position = len(text) if end < 0 else end
        else:
            word, end = _word(text, position)
            if end == position:
                yield _Token(text[position], position, position + 1, is_word=False)
                end += 1
            else:
                yield _Token(word, position, end, is_word=True)
            position = end


def _word(text: str, position: int) -> tuple[str, int]:
    pieces = []
    while position < len(text):
        piece = _PIECE.match(text, position)
        if piece is None:
            if text[position] not in "'\"\\":
                break
            pieces.append(text[position])
            position += 1
            continue
        pieces.append(_plain(piece))
        position = piece.end()
    return "".join(pieces), position


def _plain(piece: re.Match[str]) -> str:
    """A piece of a word without its quotes."""
    if piece["double"] is not None:
        return _IN_DOUBLE.sub(lambda found: VARIABLE if found[2] else found[1], piece["double"])
    if piece["name"] is not None or piece["plain"] == "$":
        return VARIABLE
    return piece["kept"] or piece["single"] or piece["plain"] or ""
