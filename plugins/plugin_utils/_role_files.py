# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands in the files of the collection's roles."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

# As Ansible has it, links and all: what it has loaded of a role in this run is not loaded again.
ROLES_DIRECTORY = Path(__file__).parents[2] / "roles"


def role_files(loader: Any, name: str, part: Any = dict, role: str = "*") -> dict[str, Any]:
    """One kind of file of all the roles, or of one, in one dictionary, whose values are not to be changed. Variables
    carry their role's name, so none collide."""
    # From ansible-core 2.19 on, text may hold templates only if whoever loads it vouches for it.
    trust = "trusted_as_template" in inspect.signature(loader.load_from_file).parameters
    merged: dict[str, Any] = {}
    for path in sorted(ROLES_DIRECTORY.glob(f"{role}/{name}")):
        keywords = {"trusted_as_template": True} if trust else {}
        merged.update(part(loader.load_from_file(str(path), unsafe=True, **keywords)))
    return merged


def options(loader: Any) -> dict[str, Any]:
    """What the roles take, of their argument specs. Other entry points than main take no more than that."""
    return role_files(loader, "meta/argument_specs.yml", lambda specs: specs["argument_specs"]["main"]["options"])
