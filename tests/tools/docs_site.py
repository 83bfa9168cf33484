# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Build the site of the documentation: the pages that are shipped, the inventories to copy, and what antsibull-docs
makes of modules, roles and plugins, all by Sphinx. A warning is a failure, and nothing is fetched. Before that
antsibull-docs says what it has against the documentation, in names of options and of other collections too.

The pages keep their places (docs/plan.md, roles/dom0/README.md), so that their links to each other hold; docs/site has
what the site alone needs. Links to other files of the checkout lead to an inventory's page, or to the repository.

usage: docs_site.py WORK    the sources go to WORK/source, the site to WORK/html; run by the Python that has Sphinx
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

CHECKOUT = Path(__file__).resolve().parents[2]
SITE = CHECKOUT / "docs/site"
COLLECTION = CHECKOUT / ".build/collections/ansible_collections/netbsd/xen"
REPOSITORY = "https://github.com/netbsd-xen/netbsd.xen"
# For the tests of the collection, not for admins.
NOT_SHOWN = ("demo",)

LIMIT = 900  # seconds for each program; a hang must not last for ever

_CONTENTS = re.compile(r"^\.\. contents::\n(?: +:.*\n)+", re.MULTILINE)
_LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)(#[^)\s]*)?(?=\))")
_MERMAID = re.compile(r"^```mermaid\ngraph TD\n(.*?)^```\n", re.MULTILINE | re.DOTALL)


def main(work: Path) -> int:
    source = work / "source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(SITE, source)
    lay_out(source)
    (source / "ansible.inv").write_bytes(inventory_of_links((SITE / "ansible.txt").read_text(encoding="utf-8")))
    programs = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".build/collections"),
    }
    lint = ("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs=dependent")
    lint = (*lint, "--disallow-unknown-collection-refs", "--skip-rstcheck")
    reference = ("antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error")
    to_html = ("sphinx-build", "--builder=html", "--fail-on-warning", "--keep-going", "--quiet", "--jobs=2")

    def run(program: str, *arguments: str) -> None:
        subprocess.run([str(programs / program), *arguments], env=environment, timeout=LIMIT, check=True)

    generated = source / "collection"
    generated.mkdir()
    try:
        run(*lint, str(COLLECTION))
        run(*reference, f"--dest-dir={generated}", "netbsd.xen")
        for page in generated.glob("*.rst"):
            page.write_text(without_contents(page.read_text(encoding="utf-8")), encoding="utf-8")
        run(*to_html, f"--doctree-dir={work / 'doctrees'}", str(source), str(work / "html"))
    except subprocess.CalledProcessError as error:
        return error.returncode
    print(f"docs: {len(list((work / 'html').rglob('*.html')))} pages in {work / 'html'}")
    return 0


def pages() -> list[PurePosixPath]:
    """What is shipped to be read, below the checkout."""
    found = [CHECKOUT / "README.md", CHECKOUT / "SECURITY.md"]
    found += [*CHECKOUT.glob("docs/*.md"), *CHECKOUT.glob("roles/*/README.md")]
    return sorted(PurePosixPath(page.relative_to(CHECKOUT)) for page in found)


def lay_out(source: Path) -> None:
    """The pages of the checkout as Sphinx is to read them."""
    shown = {str(page) for page in pages()}
    inventories = dict(inventory_pages())

    def target(path: str) -> str:
        """Where a link to a file of the checkout leads: the name of a page below the site, or an address."""
        if f"{path}/README.md" in shown:
            return f"{path}/README.md"
        if path in shown:
            return path
        of_inventory = "/".join(path.removesuffix(".yml").split("/")[:2]) + ".md"
        if of_inventory in inventories:
            return of_inventory
        return f"{REPOSITORY}/{'tree' if (CHECKOUT / path).is_dir() else 'blob'}/main/{path}"

    for name in shown:
        text = with_links(as_table((CHECKOUT / name).read_text(encoding="utf-8")), PurePosixPath(name).parent, target)
        _write(source / name, text)
    for name, text in inventories.items():
        _write(source / name, text)
    names = "\n".join(PurePosixPath(name).name for name in inventories)
    _write(source / "inventories/index.md", f"{_INVENTORIES}\n```{{toctree}}\n:maxdepth: 1\n\n{names}\n```\n")


_INVENTORIES = """\
# Inventories to copy

Each is in the archive of the collection, below `inventories`, and is run by the tests on simulated machines.
"""


def inventory_pages() -> Iterator[tuple[str, str]]:
    """A page for each inventory, or play beside them, with its files as they are."""
    for path in sorted((CHECKOUT / "inventories").iterdir()):
        if path.name in NOT_SHOWN:
            continue
        # How the machines are reached comes first.
        below = sorted(path.rglob("*.yml"), key=lambda file: (file.name != "hosts.yml", file))
        files = below if path.is_dir() else [path]
        parts = [f"## {file.relative_to(CHECKOUT)}\n\n```yaml\n{_shown(file)}```\n" for file in files]
        yield f"inventories/{path.stem}.md", "\n".join([f"# {path.stem}\n", *parts])


def _shown(file: Path) -> str:
    """A file of YAML without its licence, which is that of the whole."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not re.match(r"---$|# SPDX-|# Copyright: ", line))


def with_links(text: str, directory: PurePosixPath, target: Callable[[str], str]) -> str:
    """The text of a page in ``directory``, with links that hold on the site; ``target`` knows where to each leads."""

    def one(link: re.Match[str]) -> str:
        path = os.path.normpath(directory / link[1])
        found = target(path)
        return (found if ":" in found else os.path.relpath(found, directory)) + (link[2] or "")

    return _LINK.sub(one, text)


def as_table(text: str) -> str:
    """A picture in mermaid as a table of what points where: to draw it takes a browser's engine."""

    def one(picture: re.Match[str]) -> str:
        arrows: dict[str, list[str]] = {}
        for line in picture[1].splitlines():
            begin, _arrow, end = line.strip().partition(" --> ")
            arrows.setdefault(begin, []).append(f"`{end}`")
        rows = [f"| `{begin}` | {', '.join(ends)} |\n" for begin, ends in arrows.items()]
        return "".join(["| room | knows |\n|---|---|\n", *rows])

    return _MERMAID.sub(one, text)


def without_contents(page: str) -> str:
    """A generated page without the list of its sections, which the theme shows beside it."""
    return _CONTENTS.sub("", page)


def inventory_of_links(listed: str) -> bytes:
    """An inventory of objects as Sphinx reads it (version 2 of its format), of lines with kind, name and address."""
    places = [line.split() for line in listed.splitlines() if not line.startswith("#")]
    entries = "".join(f"{name} std:{kind} -1 {address} {name}\n" for kind, name, address in places)
    head = ("Sphinx inventory version 2", "Project: Ansible", "Version: ", "The remainder is compressed using zlib.")
    return "".join(f"# {line}\n" for line in head).encode() + zlib.compress(entries.encode())


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
