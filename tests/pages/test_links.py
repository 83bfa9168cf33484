# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The archive that users install: what is in it, and that what its pages point at is in it too.

What the pages for those who work on the collection point at is in the checkout.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path, PurePosixPath

import pytest
from markdown import CHECKOUT, CONTRIBUTING, PAGES, WORKSHOP_PAGES, is_here, links
from rehearsal import ansible_environment

# What belongs to the workshop and not to the product.
WORKSHOP = (
    "tests",
    "molecule",
    ".ci",
    ".config",
    "requirements",
    "docs/site",
    "inventories/demo",
    "CONTRIBUTING.md",
    "Makefile",
    "pyproject.toml",
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The paths in the archive, and the directories that they are in."""
    directory = tmp_path_factory.mktemp("archive")
    galaxy = str(Path(sys.executable).with_name("ansible-galaxy"))
    argv = [galaxy, "collection", "build", "--output-path", str(directory), str(CHECKOUT)]
    built = subprocess.run(argv, env=ansible_environment(), capture_output=True, text=True, timeout=300, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    (path,) = directory.glob("*.tar.gz")
    with tarfile.open(path) as packed:
        files = {name for name in packed.getnames() if name != "."}
    return files | {str(parent) for name in files for parent in PurePosixPath(name).parents}


def test_the_archive_has_nothing_of_the_workshop(archive: set[str]) -> None:
    assert {name for name in archive if name.startswith(WORKSHOP)} == set()
    assert {"MANIFEST.json", "README.md", "SECURITY.md"} <= archive
    assert {"plugins/modules/domain.py", "playbooks/site.yml"} <= archive
    assert {"meta/runtime.yml", "inventories/example/hosts.yml", "LICENSES/GPL-3.0-or-later.txt"} <= archive
    # A dot at the beginning is for tools of the checkout.
    assert {name for name in archive if name.startswith(".") and name != "."} == set()
    print(f"{len(archive)} entries in the archive")


def test_links_lead_to_what_is_in_the_archive(archive: set[str]) -> None:
    checked = 0
    for page in PAGES:
        directory = page.parent.relative_to(CHECKOUT)
        for link in filter(is_here, links(page)):
            target = (CHECKOUT / directory / link.split("#")[0]).resolve().relative_to(CHECKOUT)
            assert str(target) in archive, f"{page.relative_to(CHECKOUT)} points at {link}"
            checked += 1
    assert checked > 12
    print(f"{checked} links")


def test_links_of_the_workshop_lead_to_what_is_in_the_checkout() -> None:
    assert CONTRIBUTING in WORKSHOP_PAGES and len(WORKSHOP_PAGES) > 3
    checked = 0
    for page in WORKSHOP_PAGES:
        for link in filter(is_here, links(page)):
            assert (page.parent / link.split("#")[0]).exists(), f"{page.relative_to(CHECKOUT)} points at {link}"
            checked += 1
    assert checked > 7
