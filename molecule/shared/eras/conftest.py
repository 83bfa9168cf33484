# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What the tests of every era share."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml


@pytest.fixture
def name(host: Any) -> str:
    """The machine's name in the inventory (its own idea of it may differ)."""
    return host.backend.get_pytest_id().split("://")[-1]


@pytest.fixture
def era(name: str) -> str:
    """The era's own scenario: its rack has the machine, whichever scenario runs."""
    made = yaml.safe_load((Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "hosts.yml").read_text())
    return made["dom0s"]["hosts"][name]["molecule_scenario"]


@pytest.fixture
def variables(name: str, era: str) -> dict[str, Any]:
    """What the era's inventory says of the machine."""
    file = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"], "molecule", era, "inventory/hosts.yml")
    (group,) = yaml.safe_load(file.read_text())["dom0s"]["children"].values()
    return {**group["vars"], **group["hosts"][name]}


@pytest.fixture
def next_boot(name: str, era: str) -> Callable[[], dict[str, Any]]:
    """What the machine's loader would start if the machine were reset now, as the simulator's loader sees it."""

    def look() -> dict[str, Any]:
        argv = [os.environ["SIMRACK"], "would-boot", f"{os.environ['RACKS']}/molecule-{era}", name]
        return json.loads(subprocess.run(argv, check=True, capture_output=True, text=True).stdout)

    return look


@pytest.fixture
def toolstack(variables: dict[str, Any]) -> str:
    """The command that lists the guests."""
    old = tuple(int(number) for number in str(variables["dom0_xen_release"]).split(".")) < (4, 5)
    return f"/usr/pkg/sbin/{'xm' if old else 'xl'}"
