# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""pre-commit's hooks are the targets of `make lint`, so that the two can't say different things of a change."""

from __future__ import annotations

import re
from typing import Any

import yaml

from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT

MAKEFILE = (CHECKOUT / "Makefile").read_text()


def linters() -> list[str]:
    (line,) = re.findall(r"^LINTERS := (.+)$", MAKEFILE, re.MULTILINE)
    return line.split()


def hooks() -> list[dict[str, Any]]:
    (repository,) = yaml.safe_load((CHECKOUT / ".pre-commit-config.yaml").read_text())["repos"]
    assert repository["repo"] == "local"
    return repository["hooks"]


def test_each_linter_is_a_target_of_make_and_a_hook() -> None:
    assert "\nlint: $(LINTERS:%=lint-%) ##" in MAKEFILE
    assert len(linters()) > 4
    assert sorted(re.findall(r"^lint-([a-z-]+):", MAKEFILE, re.MULTILINE)) == sorted(linters())
    assert [hook["id"] for hook in hooks()] == linters()


def test_a_hook_is_the_target_and_no_more() -> None:
    for hook in hooks():
        assert hook["entry"] == f"make --silent lint-{hook['id']}"
        assert (hook["language"], hook["pass_filenames"]) == ("system", False)
