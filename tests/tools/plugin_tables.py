# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Write what roles, modules and pages say of Xen's releases and of boot loaders, between two marks, from the plugins'
tables of them.

A mark is a comment of YAML or Markdown: "releases, NAME: written by tests/tools/plugin_tables.py", and after the text
"end of the releases"; or the same of loaders. Which file has which is in `texts`.

usage: python3 plugin_tables.py [--check]    with --check nothing is written, and a text that differs is an error
"""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.append(str(CHECKOUT / ".build" / "collections"))

from ansible_collections.netbsd.xen.plugins.module_utils._releases import (  # noqa: E402
    NEWEST,
    RELEASES,
    Release,
    supported,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import boot_blocks, grub_menu  # noqa: E402
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.loaders import LOADERS  # noqa: E402
from ansible_collections.netbsd.xen.plugins.module_utils._resources.packages import resource as packages  # noqa: E402

BLOCK = re.compile(
    r"""^(?P<indent>\ *)(?P<begin>(?P<mark>\#|<!--)\ (?P<subject>releases|loaders),\ (?P<name>\w+):
        \ written\ by\ tests/tools/plugin_tables\.py(?:\ -->)?)\n
        (?P<text>.*?)^\ *(?P<end>(?P=mark)\ end\ of\ the\ (?P=subject)(?:\ -->)?)$""",
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
MARK = re.compile(r"(?:#|<!--) (?:(?:releases|loaders), |end of the (?:releases|loaders))")
PORTS = {"x86_64": "amd64", "i386": "i386"}
# What starts the guests, and what guards the machine.
NO_DAEMONS = ("xendomains", "xen-watchdog")
UNKNOWN = "not known"


def texts() -> dict[str, dict[str, str]]:
    """What is to be between the marks: file, name, text."""
    choices = f"choices: {json.dumps(list(RELEASES))}\n"
    default = f"default: {json.dumps(NEWEST)}\n"
    of_dom0 = f"\"{{{{ dom0_xen_release | default('{NEWEST}') }}}}\""
    return {
        "roles/dom0/meta/argument_specs.yml": {"choices": choices + default},
        "roles/bootloader/meta/argument_specs.yml": {"choices": choices, "loaders": of_loaders(LOADERS)},
        "roles/services/meta/argument_specs.yml": {"choices": choices},
        "roles/dom0/defaults/main.yml": {"default": f"dom0_xen_release: {json.dumps(NEWEST)}\n"},
        "roles/bootloader/defaults/main.yml": {"default": f"bootloader_xen_release: {of_dom0}\n"},
        "roles/services/defaults/main.yml": {"default": f"services_xen_release: {of_dom0}\n"},
        "plugins/modules/xen_packages.py": {
            "default": default,
            "packages": of_loaders(packages.ARGUMENTS["loader_package"]["choices"]),
        },
        "plugins/modules/boot_blocks.py": {"loaders": of_loaders(boot_blocks.ARGUMENTS["loader"]["choices"])},
        "plugins/modules/grub_menu.py": {"flavours": of_loaders(grub_menu.ARGUMENTS["flavour"]["choices"])},
        "plugins/modules/preflight.py": {"loaders": of_loaders(LOADERS)},
        "plugins/modules/xen_reboot.py": {"loaders": of_loaders(LOADERS)},
        "README.md": {"supported": f"{in_words()}\n", "tested": f"{eras()}\n"},
        "docs/howto.md": {"table": table()},
        "roles/services/README.md": {"services": services()},
    }


def of_loaders(words: Iterable[str]) -> str:
    """Loaders to choose from, or what is named after them."""
    return f"choices: [{', '.join(words)}]\n"


def in_words() -> str:
    """Which releases there are, in a sentence."""
    to_use = " and ".join(f"{name} (security support {_support(RELEASES[name])})" for name in reversed(supported()))
    own = ", ".join(f"{row.name} ({_support(row)})" for row in reversed(RELEASES.values()) if not row.packaged)
    return (
        f"Xen {to_use}; with a warning {own} from packages of your own, and the older ones that pkgsrc had, back to "
        f"{next(iter(RELEASES))}: see [docs/howto.md](docs/howto.md)."
    )


def eras() -> str:
    """What Molecule's scenarios are named after: NetBSD and the releases that it runs there."""
    scenarios = CHECKOUT.glob("molecule/*")
    names = [re.fullmatch(r"netbsd-([0-9.]+)-xen-([0-9.]+)(?:-efi)?", scenario.name) for scenario in scenarios]
    pairs = sorted(
        {(found[1], found[2]) for found in names if found},
        key=lambda pair: [[int(part) for part in number.split(".")] for number in pair],
    )
    parts = [
        f"NetBSD {netbsd} with Xen {' and '.join(xen for _netbsd, xen in of_it)}"
        for netbsd, of_it in itertools.groupby(pairs, key=lambda pair: pair[0])
    ]
    return f"{', '.join(parts)}."


def table() -> str:
    """The table for admins, newest first. Rows that say the same of several releases are one."""
    lines = [
        "| | Xen | toolstack | on | daemons | dom0 kernel on i386 | security support |",
        "|---|---|---|---|---|---|---|",
    ]
    said = ""
    for names, cells in _rows(_cells):
        use, *others = cells
        lines.append(f"| {'' if use == said else use} | {names} | {' | '.join(others)} |".replace("|  |", "| |", 1))
        said = use
    return "\n".join(lines) + "\n"


def services() -> str:
    """Which daemons a release has, in the order in which they start."""
    lines = ["| Xen | services |", "|---|---|"]
    lines += [f"| {names} | {cells[0]} |" for names, cells in _rows(lambda row: [_daemons(row, ", then ")])]
    return "\n".join(lines) + "\n"


def _rows(cells: Callable[[Release], list[str]]) -> Iterator[tuple[str, list[str]]]:
    """The names of neighbours that have the same cells, and these, newest first."""
    for same, rows in itertools.groupby(reversed(RELEASES.values()), key=cells):
        yield ", ".join(row.name for row in rows), same


def _cells(row: Release) -> list[str]:
    return [_use(row), f"`{row.toolstack}`", _machines(row), _daemons(row, ", "), _kernel(row), _support(row)]


def _use(row: Release) -> str:
    if row.name in supported():
        return "to be used today"
    return "where nothing newer runs" if row.packaged else "with packages of your own"


def _machines(row: Release) -> str:
    ports = ", ".join(sorted(PORTS[platform] for platform in row.platforms)) or UNKNOWN
    oldest, newest = row.netbsd
    if oldest is None:
        return ports
    return f"{ports}; NetBSD {oldest} " + ("or newer" if newest is None else f"to {newest}")


def _kernel(row: Release) -> str:
    return row.dom0_kernel("i386") if "i386" in row.platforms else "-" if row.platforms else UNKNOWN


def _daemons(row: Release, between: str) -> str:
    return between.join(f"`{service.name}`" for service in row.services if service.name not in NO_DAEMONS)


def _support(row: Release) -> str:
    return f"until {row.security_support_ends}" if row.security_support_ends else "-"


def rewritten(page: str, wanted: dict[str, str]) -> str:
    """The page with each text between its marks. Raises ValueError if it does not have each of them once."""
    found = [block["name"] for block in BLOCK.finditer(page)]
    if sorted(found) != sorted(wanted) or len(MARK.findall(page)) != 2 * len(found):
        raise ValueError(f"the marks of {', '.join(wanted)} must be there once each, with an end; there are {found}")
    return BLOCK.sub(lambda block: _block(block, wanted[block["name"]]), page)


def _block(block: re.Match[str], text: str) -> str:
    indent = block["indent"]
    inner = "".join(f"{indent}{line}\n" for line in text.splitlines())
    # Markdown takes a table for one only where a blank line is before it.
    inner = f"\n{inner}\n" if block["mark"] == "<!--" else inner
    return f"{indent}{block['begin']}\n{inner}{indent}{block['end']}"


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--check"]):
        print(__doc__, file=sys.stderr)
        return 2
    stale = []
    for name, wanted in texts().items():
        path = CHECKOUT / name
        page = path.read_text(encoding="utf-8")
        try:
            new = rewritten(page, wanted)
        except ValueError as error:
            print(f"{name}: {error}", file=sys.stderr)
            return 1
        if new != page:
            stale.append(name)
            if not arguments:
                path.write_text(new, encoding="utf-8")
    if arguments and stale:
        print(f"Not as the plugins' tables say: {', '.join(stale)}. Run tests/tools/plugin_tables.py.", file=sys.stderr)
    return 1 if arguments and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
