# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""How the pages are laid out for the site, and what is believed of Galaxy's importer."""

from __future__ import annotations

import re
import zlib
from pathlib import Path, PurePosixPath

import docs_site
import importer
import pytest

from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("source")
    docs_site.lay_out(made)
    return made


@pytest.mark.parametrize(
    ("page", "link"),
    [
        ("README.md", "[bootstrap](roles/bootstrap/README.md)"),
        ("README.md", "[ansible.cfg](https://github.com/netbsd-xen/netbsd.xen/blob/main/ansible.cfg)"),
        ("README.md", "[inventories/example](inventories/example.md)"),
        ("docs/pci.md", "(../inventories/howto-pci.md)"),
        ("docs/errors.md", "[role domu](../roles/domu/README.md)"),
        ("docs/how-it-works.md", "# How it works"),
        ("inventories/howto-pci.md", "## inventories/howto-pci/host_vars/pci1.yml\n\n```yaml\n"),
        ("inventories/index.md", "\nhowto-netbsd-guests.md\n"),
    ],
)
def test_links_lead_to_pages_of_the_site(source: Path, page: str, link: str) -> None:
    assert link in (source / page).read_text()


def test_no_inventory_of_the_tests_is_shown(source: Path) -> None:
    assert not (source / "inventories/demo.md").exists()
    assert "SPDX" not in (source / "inventories/example.md").read_text()


def test_each_page_has_a_place_in_the_index() -> None:
    """Sphinx complains of a page in no list; here it is said without Sphinx."""
    listed = (docs_site.SITE / "index.md").read_text() + (docs_site.SITE / "roles.md").read_text()
    assert [page for page in map(str, docs_site.pages()) if page not in listed] == []


def test_a_picture_becomes_a_table() -> None:
    picture = "before\n\n```mermaid\ngraph TD\n    a --> b/c\n    a --> d\n    d --> e\n```\n\nbehind\n"
    assert docs_site.as_table(picture) == (
        "before\n\n| room | knows |\n|---|---|\n| `a` | `b/c`, `d` |\n| `d` | `e` |\n\nbehind\n"
    )
    assert "mermaid" not in docs_site.as_table((CHECKOUT / "docs/architecture.md").read_text())


def test_links_to_elsewhere_stay() -> None:
    text = "[a](https://example.org/x) [b](#here) [c](../d.md#e)"
    shown = docs_site.with_links(text, PurePosixPath("docs"), lambda path: f"moved/{path}")
    assert shown == "[a](https://example.org/x) [b](#here) [c](../moved/d.md#e)"


def test_the_list_of_sections_goes() -> None:
    page = "Title\n=====\n\n.. contents::\n   :local:\n   :depth: 1\n\n\nSynopsis\n"
    assert docs_site.without_contents(page) == "Title\n=====\n\n\n\nSynopsis\n"


def test_the_inventory_of_links_is_in_sphinx_format() -> None:
    made = docs_site.inventory_of_links("# of no page\nlabel a.b plugins/a.html#b\nenvvar X config.html\n")
    head, body = made[: made.index(b"zlib.\n") + 6], made[made.index(b"zlib.\n") + 6 :]
    assert head.splitlines()[0] == b"# Sphinx inventory version 2" and len(head.splitlines()) == 4
    lines = zlib.decompress(body).decode().splitlines()
    assert lines == ["a.b std:label -1 plugins/a.html#b a.b", "X std:envvar -1 config.html X"]


def test_a_complaint_of_the_importer_is_seen_behind_success() -> None:
    said = "Importing with galaxy-importer 0.4.44\nWARNING: ERROR    Failed to find x.\nImporter processing completed"
    assert importer.complaints(said) == ["WARNING: ERROR    Failed to find x."]
    assert importer.complaints("Loading module warn\nsays WARNING: not\n") == []


def test_what_asks_for_the_tools_pins_them() -> None:
    for name in ("docs", "importer"):
        lines = (CHECKOUT / f"requirements/{name}.txt").read_text().splitlines()
        asked = [line for line in lines if line and not line.startswith(("#", "-r "))]
        assert asked and all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in asked)
