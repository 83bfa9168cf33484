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
def made(name: str) -> dict[str, Any]:
    """What create wrote about the machine."""
    file = Path(os.environ.get("NETBSD_VM") or os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], "hosts.yml")
    return yaml.safe_load(file.read_text())["dom0s"]["hosts"][name]


@pytest.fixture
def era(made: dict[str, Any]) -> str:
    """A simulated machine's own scenario: its rack has the machine, whichever scenario runs."""
    return made["molecule_scenario"]


@pytest.fixture
def variables(name: str, made: dict[str, Any]) -> dict[str, Any]:
    """What the inventories say of the machine."""
    if "molecule_scenario" not in made:
        return made
    file = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"], "molecule", made["molecule_scenario"], "inventory/hosts.yml")
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
