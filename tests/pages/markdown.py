# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What the pages have in them: fenced blocks, commands in the text, links."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

CHECKOUT = Path(__file__).resolve().parents[2]
# What users get with the archive.
PAGES = sorted(
    [CHECKOUT / "README.md", CHECKOUT / "SECURITY.md", *CHECKOUT.glob("docs/*.md"), *CHECKOUT.glob("roles/*/README.md")]
)
# What is for those who work on the collection, in a checkout.
CONTRIBUTING = CHECKOUT / "CONTRIBUTING.md"
WORKSHOP_PAGES = sorted([CONTRIBUTING, *CHECKOUT.glob("tests/**/README.md")])


@dataclass(frozen=True)
class Block:
    """A fenced block: the page's path below the checkout, the line its fence is on, its language, its text."""

    page: str
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"


def blocks(language: str | None = None, pages: Sequence[Path] = PAGES) -> list[Block]:
    """The fenced blocks of the pages, or those in one language."""
    found = [block for page in pages for block in _blocks(page)]
    return [block for block in found if language in (None, block.language)]


def commands(block: Block) -> list[str]:
    """The commands of a block in the language sh, one a line."""
    return [line for line in block.text.splitlines() if line.strip()]


def inline_code(page: Path) -> Iterator[str]:
    """What stands between backticks in a page's text."""
    for token in _tokens(page):
        yield from (child.content for child in token.children or () if child.type == "code_inline")


def links(page: Path) -> Iterator[str]:
    """The targets of a page's links."""
    for token in _tokens(page):
        yield from (str(child.attrs["href"]) for child in token.children or () if child.type == "link_open")


def is_here(link: str) -> bool:
    """Whether a link names a file beside the page, and not something on the web or a place in the page."""
    return re.match(r"[a-z]+:|#", link) is None


def _blocks(page: Path) -> Iterator[Block]:
    for token in _tokens(page):
        if token.type == "fence":
            line = token.map[0] + 1 if token.map else 0
            yield Block(str(page.relative_to(CHECKOUT)), line, token.info.strip(), token.content)


def _tokens(page: Path) -> list[Token]:
    return MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8"))
