# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The keys of a guest in the argument spec of role domu, between two marks, as the documentation of module domain has
them. role_tables.py writes and compares them.

They are documentation there as well: the items of ``domu_guests`` are ``raw``, whose options Ansible does not check. It
would refuse a wrong one without the guest's name, and fill in None for what is not given.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
MODULE, SPEC = CHECKOUT / "plugins/modules/domain.py", CHECKOUT / "roles/domu/meta/argument_specs.yml"
INDENT = " " * 8
BEGIN, END = f"{INDENT}# Written by tests/tools/role_tables.py:\n", f"{INDENT}# End of the guest's keys.\n"


class _Indented(yaml.SafeDumper):
    """Lists stand deeper than their key, as in the files that people write."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def documented(module: str) -> dict[str, Any]:
    """The keys of a guest in the text of module domain."""
    for node in ast.parse(module).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            return yaml.safe_load(ast.literal_eval(node.value))["options"]["guests"]["suboptions"]
    raise ValueError("the module has no documentation")


def of_role(options: dict[str, Any]) -> dict[str, Any]:
    """The same in the words of an argument spec: what is the module's own option there is the module's here."""
    found = {}
    for name, option in options.items():
        told = option["description"]
        spec = {"description": [_elsewhere(each) for each in ([told] if isinstance(told, str) else told)]}
        spec.update((key, option[key]) for key in ("type", "elements") if key in option)
        if "suboptions" in option:
            spec["options"] = of_role(option["suboptions"])
        found[name] = spec
    return found


def _elsewhere(text: str) -> str:
    text = re.sub(r"\bO\(guests\[", "O(domu_guests[", text)
    return re.sub(r"\bO\((\w+)\)", r"O(netbsd.xen.domain#module:\1)", text)


def with_keys(spec: str, options: dict[str, Any]) -> str:
    """The text of the argument spec with the keys between the marks. Raises ValueError without the marks."""
    before, begin, rest = spec.partition(BEGIN)
    _old, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"it must have the lines {BEGIN.strip()!r} and {END.strip()!r}")
    text = yaml.dump({"options": options}, Dumper=_Indented, sort_keys=False, width=100, allow_unicode=True)
    return f"{before}{begin}" + "".join(f"{INDENT}{line}\n" for line in text.splitlines()) + f"{end}{after}"


def stale(write: bool) -> bool:
    """Whether the argument spec has other keys than the module; with ``write`` it gets those."""
    spec = SPEC.read_text(encoding="utf-8")
    wanted = with_keys(spec, of_role(documented(MODULE.read_text(encoding="utf-8"))))
    if wanted != spec and write:
        SPEC.write_text(wanted, encoding="utf-8")
    return wanted != spec
