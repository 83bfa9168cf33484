# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What is said of Xen's releases and of boot loaders comes from their tables, and nobody else lists releases."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import plugin_tables
import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._releases import NEWEST, RELEASES
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.loaders import LOADERS
from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT

BEGIN = "# releases, default: written by tests/tools/plugin_tables.py"
END = "# end of the releases"
# What is read by admins, and what they set.
PAGES = sorted(
    path
    for pattern in (
        "README.md",
        "docs/*.md",
        "roles/*/README.md",
        "roles/*/meta/argument_specs.yml",
        "roles/*/defaults/main.yml",
        "playbooks/*.yml",
        "plugins/modules/*.py",
        "plugins/filter/*.py",
        "plugins/doc_fragments/*.py",
    )
    for path in CHECKOUT.glob(pattern)
)
NAME = rf"(?<![\d.])(?:{'|'.join(map(re.escape, sorted(RELEASES, key=len, reverse=True)))})(?!\d|\.\d)"
# Two or more of them with no more between than words that list: 4.18, 4.20; 3.1 to 4.2; "4.5" and "4.6".
LIST = re.compile(rf"{NAME}(?:[\"'`)]*(?:,|\s+and|\s+or|\s+to)\s+(?:and\s+|or\s+)?(?:Xen\s+)?[\"'`(CV]*{NAME})+")


def others(path: Path) -> str:
    """A file's text without what is written from the table."""
    return plugin_tables.BLOCK.sub("", path.read_text())


@pytest.mark.parametrize(
    "text", ["4.18, 4.20", "Xen 3.1 and 3.3", "3.1 to 4.2", '["4.5", "4.6"]', "C(4.18) or C(4.20)"]
)
def test_a_list_is_known_for_one(text: str) -> None:
    assert LIST.search(text)


@pytest.mark.parametrize(
    "text", ["Xen 4.18", "4.20 without quotes is the number 4.2", "NetBSD 10.1, 4.1", "14.20, 4.2.1"]
)
def test_what_names_one_is_no_list(text: str) -> None:
    assert not LIST.search(text)


def test_there_are_pages_to_look_through() -> None:
    assert {path.parts[-2] for path in PAGES} >= {"docs", "meta", "defaults", "modules", "filter", "doc_fragments"}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(CHECKOUT)))
def test_no_page_lists_releases_by_itself(path: Path) -> None:
    assert [found[0] for found in LIST.finditer(others(path))] == []


@pytest.mark.parametrize("path", sorted(CHECKOUT.glob("roles/*/defaults/main.yml")), ids=lambda path: path.parts[-3])
def test_no_default_names_a_release_by_itself(path: Path) -> None:
    assert re.findall(rf"[\"']{NAME}[\"']", others(path)) == []


@pytest.mark.parametrize(
    "path",
    [path for path in sorted((CHECKOUT / "plugins").rglob("*.py")) if path.name != "_releases.py"],
    ids=lambda path: str(path.relative_to(CHECKOUT)),
)
def test_code_knows_no_release_by_its_number(path: Path) -> None:
    texts = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
    assert [text for text in texts if text in RELEASES] == []


@pytest.mark.parametrize("path", sorted(CHECKOUT.glob("roles/*/*/*.yml")), ids=lambda path: "/".join(path.parts[-3:]))
def test_roles_compare_no_numbers_of_releases(path: Path) -> None:
    assert re.findall(r"xen_release.*\bis version\(", path.read_text()) == []


def test_all_is_as_the_table_says() -> None:
    assert plugin_tables.main(["--check"]) == 0


def test_a_release_that_is_new_changes_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin_tables, "RELEASES", {**RELEASES, "4.22": RELEASES[NEWEST]})
    new = plugin_tables.texts()
    assert '"4.22"]' in new["roles/services/meta/argument_specs.yml"]["choices"]
    assert plugin_tables.main(["--check"]) == 1


def test_a_loader_that_is_new_changes_what_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin_tables, "LOADERS", {**LOADERS, "limine": LOADERS["grub2"]})
    new = plugin_tables.texts()
    assert new["plugins/modules/preflight.py"]["loaders"] == "choices: [boot_cfg, grub, grub2, limine]\n"
    assert plugin_tables.main(["--check"]) == 1


def test_what_was_between_the_marks_is_replaced_with_their_indentation() -> None:
    page = f"a:\n  {BEGIN}\n  default: '4.2'\n  {END}\nb: 1\n"
    wanted = f"a:\n  {BEGIN}\n  default: '4.20'\n  {END}\nb: 1\n"
    assert plugin_tables.rewritten(page, {"default": "default: '4.20'\n"}) == wanted


def test_markdown_gets_the_blank_lines_that_a_table_needs() -> None:
    begin, end = f"<!--{BEGIN[1:]} -->", f"<!--{END[1:]} -->"
    assert plugin_tables.rewritten(f"{begin}\n{end}\n", {"default": "| a |\n"}) == f"{begin}\n\n| a |\n\n{end}\n"


@pytest.mark.parametrize("page", ["a: 1\n", f"{BEGIN}\n", f"{END}\n", f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n",
                                  f"{BEGIN.replace('default', 'other')}\n{END}\n"])  # fmt: skip
def test_marks_that_are_not_there_once_each_are_an_error(page: str) -> None:
    with pytest.raises(ValueError, match="marks of default"):
        plugin_tables.rewritten(page, {"default": ""})
