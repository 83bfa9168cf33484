# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Write the messages of the plugins into docs/errors.md, below what stands there of their causes.

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
from messages_in_code import Message

CHECKOUT = Path(__file__).resolve().parents[2]
PAGE = CHECKOUT / "docs/errors.md"
BLOCK = re.compile(
    r"(?P<begin><!-- messages, (?P<patterns>[^:]+): written by tests/tools/errors_page\.py -->)\n"
    r".*?(?P<end><!-- end of the messages -->)",
    re.DOTALL,
)


def with_messages(page: str, messages: Collection[Message]) -> str:
    """The page with the messages of each section. Raises ValueError if a file is in no section or in two, or a pattern
    matches none."""
    sections = [block["patterns"].split() for block in BLOCK.finditer(page)]
    problems = [*_homeless({message.file for message in messages}, sections), *_idle(messages, sections)]
    if problems:
        raise ValueError("\n".join(problems))

    def one(block: re.Match[str]) -> str:
        texts = {message.text for message in messages if _matches(message.file, block["patterns"].split())}
        # By their fixed words, so that two that begin with a value are found as well.
        lines = [f"- `{text}`\n" for text in sorted(texts, key=lambda text: (text.strip("… :").lower(), text))]
        return "\n".join([f"{block['begin']}\n", "".join(lines), block["end"]])

    return BLOCK.sub(one, page)


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
    print(f"errors: {len({message.text for message in messages})} messages in {len(BLOCK.findall(page))} sections")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
