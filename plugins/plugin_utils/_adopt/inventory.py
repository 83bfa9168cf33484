# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found of a machine as a file of host variables, and where that is written: never over a file that somebody
else wrote, or has changed."""

from __future__ import annotations

import hashlib
import os
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml  # type: ignore[import-untyped]

from ansible_collections.netbsd.xen.plugins.module_utils import _atomic
from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.adopted import Adopted

HEADER = "# Written by netbsd.xen.import, from what the machine is. Once you have changed it, no import writes over it."
_SUM = "# As it was written: "
WIDTH = 120
# What Ansible takes for the variables of a host, by the end of its name; of a directory it takes all files.
ENDINGS = ("", ".yml", ".yaml", ".json")
BESIDE = ".imported"
# In the order of site.yml.
_ORDER = ("bootstrap", "dom0", "makedev", "services", "bridge", "bootloader", "domu")
_MARKS = re.compile(r"\{\{|\{%|\{#|\A#jinja2:")


class _Dumper(yaml.SafeDumper):
    """YAML as people write it: lists within their dictionaries, and no text that Ansible would take for a template."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


class _Block(dict):  # type: ignore[type-arg]
    """A dictionary with a line for each key."""


def _block(dumper: yaml.SafeDumper, block: _Block) -> yaml.MappingNode:
    return dumper.represent_mapping("tag:yaml.org,2002:map", block.items(), flow_style=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    if _MARKS.search(text):
        return dumper.represent_scalar("!unsafe", text, style='"')
    return dumper.represent_scalar("tag:yaml.org,2002:str", text)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(_Block, _block)


def text_of(host: str, adopted: Adopted) -> str:
    """The file of a host's variables, with a sum by which it is known again."""
    found = adopted.found
    lines: list[str] = []
    for name, value in sorted(found.variables.items(), key=_place):
        lines += ["", *_comments(found.notes.get(name, [])), *_variable(name, value, found.notes)]
    for title, told in (
        (f"What is not declared of {host}, and stays as it is:", [str(each) for each in found.told]),
        ("What a run would still do, or complain of, because no variable keeps it from that:", adopted.left),
        ("What a run would leave, until you say the word:", adopted.waiting),
    ):
        if told:
            lines += ["", f"# {title}", *_comments([f"- {each}" for each in told])]
    return _signed("\n".join(lines) + "\n")


def _signed(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return f"---\n{HEADER}\n{_SUM}{digest}\n{text}"


def _is_unchanged(text: str) -> bool:
    """Whether a file is as an import has written it."""
    parts = text.split("\n", 3)
    return len(parts) == 4 and parts[1] == HEADER and _signed(parts[3]) == text


def _place(item: tuple[str, Any]) -> int:
    role = item[0].partition("_")[0]
    return _ORDER.index(role) if role in _ORDER else len(_ORDER)


def _comments(notes: list[str], indent: str = "") -> list[str]:
    wrapper = textwrap.TextWrapper(
        WIDTH, f"{indent}# ", f"{indent}#   ", break_long_words=False, break_on_hyphens=False
    )
    return [line for note in notes for line in wrapper.wrap(note)]


def _variable(name: str, value: Any, notes: Mapping[str, list[str]]) -> list[str]:
    if name != "domu_guests" or not value:
        return _yaml(_Block({name: value}))
    lines = [f"{name}:"]
    for guest in value:
        lines += _comments(notes.get(f"guest {guest['name']}", []), "  ")
        lines += [f"  {line}" for line in _yaml([_Block(guest)])]
    return lines


def _yaml(value: Any) -> list[str]:
    dumped = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=None, sort_keys=False, width=WIDTH - 4, allow_unicode=True
    )
    return textwrap.dedent(dumped).splitlines()


# -- where ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Place:
    """Where a host's variables are written. ``taken`` is the file or directory that is there already, empty for none.
    One of the admin's is another than ``path``: what was found is written beside it, where Ansible does not read it."""

    path: str
    taken: str = ""


def place(directory: str, host: str) -> Place:
    """Raises Refused where nothing can be written."""
    if not directory:
        raise Refused("Say where the inventory is to be written: -e netbsd_xen_import=DIRECTORY.")
    if os.path.exists(directory) and not os.path.isdir(directory):
        raise Refused(f"{directory} is no directory; netbsd_xen_import is the one that has, or is to have, host_vars.")
    folder = os.path.join(os.path.realpath(directory), "host_vars")
    if "/" in host or host in (".", ".."):
        raise Refused(f"{host!r} can't be the name of a file of variables.")
    path = os.path.join(folder, f"{host}.yml")
    taken = next((found for end in ENDINGS if os.path.lexists(found := os.path.join(folder, host + end))), "")
    ours = taken == path and _is_unchanged(_read(path) or "")
    return Place(path + BESIDE if taken and not ours else path, taken)


def written_before(where: Place) -> dict[str, Any]:
    """The variables of an earlier import, as far as the file still is one."""
    try:
        with open(where.taken, encoding="utf-8") as file:
            text = file.read()
    except OSError:
        return {}
    return _loaded(text) if HEADER in text else {}


def _loaded(text: str) -> dict[str, Any]:
    try:
        loaded = yaml.load(text, Loader=_Loader)  # noqa: S506  # a safe loader
    except yaml.YAMLError:
        return {}
    return loaded if isinstance(loaded, dict) else {}


class _Loader(yaml.SafeLoader):
    """With the words of Ansible's that may be in such a file."""


_Loader.add_multi_constructor("!", lambda loader, _suffix, node: loader.construct_scalar(node))


def write(where: Place, text: str, check: bool) -> tuple[str, bool]:
    """Where the text is now, and whether it was written there (with ``check``: would be). Raises Refused for a file
    beside the admin's that is none of ours."""
    for path in (where.taken, where.path):
        if path and _read(path) == text:
            return path, False
    if where.taken and os.path.lexists(where.path) and HEADER not in (_read(where.path) or ""):
        raise Refused(f"{where.path} is there and was not written by an import; move it away, and import again.")
    if not check:
        os.makedirs(os.path.dirname(where.path), exist_ok=True)
        mask = os.umask(0)
        os.umask(mask)
        _atomic.replace(where.path, text.encode("utf-8", "surrogateescape"), 0o666 & ~mask)
    return where.path, True


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError):
        return None
