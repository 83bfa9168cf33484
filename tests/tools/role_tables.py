# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Write the table of variables in each role's README, between two marks, from the role's meta/argument_specs.yml.

A row has the variable, its default, and the first paragraph of its description (a list's first item). The default is
what a sentence "The default is ..." of any paragraph says, which then is no part of the text; else the spec's own.
Before that the keys of a guest are written into the spec of role domu (see guest_options.py).

usage: python3 role_tables.py [--check]    with --check nothing is written, and a table that differs is an error
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import guest_options
import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
BEGIN, END = "<!-- variables: written by tests/tools/role_tables.py -->", "<!-- end of the variables -->"

_SENTENCE = re.compile(r"(?<=\.) (?=[A-Z])")
_DEFAULT = re.compile(r"The default is (.+)\.")
_BOLD = re.compile(r"\bB\(([^)]*)\)")
# Ansible's markup: the code in it, and where an option or a return value is another plugin's, which one's.
_MARKUP = re.compile(r"\b(?:RV|[COVPM])\((?:(?P<plugin>[\w.]+)#(?P<kind>\w+):)?(?P<text>[^)]*)\)")


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    stale = [str(guest_options.SPEC.relative_to(CHECKOUT))] if guest_options.stale(write=not arguments) else []
    for spec in sorted(CHECKOUT.glob("roles/*/meta/argument_specs.yml")):
        readme = spec.parents[1] / "README.md"
        page = readme.read_text(encoding="utf-8")
        try:
            wanted = with_table(page, table(yaml.safe_load(spec.read_text(encoding="utf-8"))))
        except ValueError as error:
            print(f"{readme.relative_to(CHECKOUT)}: {error}", file=sys.stderr)
            return 1
        if wanted != page:
            stale.append(str(readme.relative_to(CHECKOUT)))
            if not arguments:
                readme.write_text(wanted, encoding="utf-8")
    if arguments and stale:
        told = "Not as module domain and the argument specs say"
        print(f"{told}: {', '.join(stale)}. Run tests/tools/role_tables.py.", file=sys.stderr)
    return 1 if arguments and stale else 0


def table(specs: dict[str, Any]) -> str:
    """The table of what a role takes, of the content of its argument_specs.yml. Other entry points take no more."""
    rows = [
        f"| `{name}` | {default(option)} | {text(option)} |"
        for name, option in specs["argument_specs"]["main"]["options"].items()
    ]
    return "\n".join(["| variable | default | |", "|---|---|---|", *rows])


def with_table(page: str, rows: str) -> str:
    """The page with the rows between the marks. Raises ValueError if it does not have each of them once, in order."""
    before, begin, rest = page.partition(f"{BEGIN}\n")
    _old, end, after = rest.partition(f"\n{END}\n")
    if not begin or not end or BEGIN in rest or END in before + after:
        raise ValueError(f"it must have the lines {BEGIN!r} and {END!r}, once and in this order")
    return f"{before}{begin}\n{rows}\n{end}{after}"


def default(option: dict[str, Any]) -> str:
    """The default in a table's cell."""
    told = [found[1] for each in _sentences(_paragraphs(option)) if (found := _DEFAULT.fullmatch(each))]
    if told:
        return _cell(told[0])
    value = option.get("default")
    if value is None or value == "":
        return "none"
    # What YAML would read as something else has to be in quotes.
    bare = isinstance(value, str) and yaml.safe_load(value) == value
    return _cell(f"C({value if bare else json.dumps(value)})")


def text(option: dict[str, Any]) -> str:
    """What is said of a variable in a table's cell."""
    return _cell(" ".join(each for each in _sentences(_paragraphs(option)[:1]) if not _DEFAULT.fullmatch(each)))


def _paragraphs(option: dict[str, Any]) -> list[str]:
    described = option["description"]
    return [described] if isinstance(described, str) else described


def _sentences(paragraphs: list[str]) -> list[str]:
    return [each for paragraph in paragraphs for each in _SENTENCE.split(" ".join(paragraph.split()))]


def _cell(words: str) -> str:
    return _MARKUP.sub(_code, _BOLD.sub(r"**\1**", words)).replace("|", "\\|")


def _code(found: re.Match[str]) -> str:
    """Of another role's variable the name is enough. Of a module it is said how to read more."""
    shown = f"`{found['text'].rpartition('main:')[2]}`"
    return f"{shown} (`ansible-doc {found['plugin']}`)" if found["kind"] == "module" else shown


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
