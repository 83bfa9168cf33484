# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Write the messages of the plugins into docs/errors.md, below what stands there of their causes.

Causes are written on the page by hand: a section's prose says what holds for all of its messages, and the rows of its
table say it for one message, or for some that have one cause. These messages are not listed a second time. A message
that does not say what to do (remedies.py) needs a row, and each row's message must be one of its section.

A section's mark, a comment, names the files below `plugins` and `roles` whose messages it has: "messages, PATTERN
PATTERN: written by tests/tools/errors_page.py", and after the messages "end of the messages". Each file with messages
must be in one section, so a new subject needs words of its own, and each pattern must be of some such file.

usage: python3 errors_page.py [--check]    with --check nothing is written, and a page that differs is an error
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from pathlib import Path

import messages_in_code
import remedies
from messages_in_code import Message

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs/errors.md"
BLOCK = re.compile(
    r"(?P<begin><!-- messages, (?P<patterns>[^:]+): written by tests/tools/errors_page\.py -->)\n"
    r".*?(?P<end><!-- end of the messages -->)",
    re.DOTALL,
)
# A row of a section's table: messages, and what to say of them.
_ROW = re.compile(r"^\| (?P<messages>`[^|]*`) \| (?P<cause>[^|]+) \|$", re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")


def with_messages(page: str, messages: Collection[Message]) -> str:
    """The page with the messages of each section. Raises ValueError if a file is in no section or in two, a pattern
    matches none, a message lacks its cause, or a row is of no message."""
    sections = [block["patterns"].split() for block in BLOCK.finditer(page)]
    problems = [*_homeless({message.file for message in messages}, sections), *_idle(messages, sections)]
    if problems:
        raise ValueError("\n".join(problems))
    begin, parts = 0, []
    for block in BLOCK.finditer(page):
        patterns = block["patterns"].split()
        of_it = [message for message in messages if _matches(message.file, patterns)]
        explained = set(explanations(page[begin : block.start()]))
        problems += _unexplained(of_it, explained)
        texts = {message.text for message in of_it}
        problems += [f"a row is of no message of its section: {text}" for text in sorted(explained - texts)]
        parts += [page[begin : block.start()], _listed(block, texts - explained)]
        begin = block.end()
    if problems:
        raise ValueError("\n".join(problems))
    return "".join([*parts, page[begin:]])


def _listed(block: re.Match[str], texts: Collection[str]) -> str:
    # By their fixed words, so that two that begin with a value are found as well.
    lines = [f"- `{text}`\n" for text in sorted(texts, key=lambda text: (text.strip("… :").lower(), text))]
    return "\n".join([f"{block['begin']}\n", "".join(lines), block["end"]] if lines else [block["begin"], block["end"]])


def explanations(section: str) -> dict[str, str]:
    """The messages that a section's table has, each with what it says of them."""
    return {text: row["cause"] for row in _ROW.finditer(section) for text in _CODE.findall(row["messages"])}


def _unexplained(messages: Iterable[Message], explained: Collection[str]) -> list[str]:
    lacking = {message.text: message for message in messages if remedies.needs_cause(message)}
    return [
        f'{lacking[text].file}: "{text}" says nothing to do. Have it say so, or write a row of its cause'
        for text in sorted(set(lacking) - set(explained))
    ]


def _homeless(files: Iterable[str], sections: list[list[str]]) -> list[str]:
    """Files that are in no section, or in more than one."""
    count = {file: sum(_matches(file, patterns) for patterns in sections) for file in files}
    wrong = sorted(file for file in count if count[file] != 1)
    return [f"{file} has messages and is in {count[file]} sections" for file in wrong]


def _idle(messages: Collection[Message], sections: list[list[str]]) -> list[str]:
    """Patterns of no file with a message."""
    return [
        f"{pattern} is in a mark, and no such file has a message"
        for patterns in sections
        for pattern in patterns
        if not any(fnmatchcase(message.file, pattern) for message in messages)
    ]


def _matches(file: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(file, pattern) for pattern in patterns)


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    messages = messages_in_code.messages(CHECKOUT / "plugins") | messages_in_code.of_tasks(CHECKOUT / "roles")
    page = PAGE.read_text(encoding="utf-8")
    try:
        wanted = with_messages(page, messages)
    except ValueError as error:
        print(f"{PAGE.relative_to(CHECKOUT)}: {error}", file=sys.stderr)
        return 1
    if wanted != page and arguments:
        print("docs/errors.md has other messages than the code. Run tests/tools/errors_page.py.", file=sys.stderr)
        return 1
    PAGE.write_text(wanted, encoding="utf-8")
    count = len({message.text for message in messages})
    rows, sections = len(_ROW.findall(wanted)), len(BLOCK.findall(wanted))
    explained = len(explanations(wanted))
    print(f"errors: {count} messages in {sections} sections, {explained} of them in {rows} rows with cause and remedy")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
