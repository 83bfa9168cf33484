# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for all unit tests: how long an example of hypothesis takes on a busy machine says nothing of the code.

`ansible-test units` runs them under the Pythons of managed machines (tests/matrix), where nothing of the controller is:
only the tests of what runs on a machine, and those with few examples, for the code is the same.
"""

from __future__ import annotations

import importlib.util
import re
from functools import lru_cache
from pathlib import Path

from hypothesis import settings

# Where the simulator is, by pyproject.toml, all the rest of the controller is as well.
ON_A_CONTROLLER = importlib.util.find_spec("netbsd_sim") is not None
settings.register_profile("project", deadline=None)
settings.register_profile("other-python", deadline=None, max_examples=10)
settings.load_profile("project" if ON_A_CONTROLLER else "other-python")

_CONTROLLERS = re.compile(
    r"^\s*(?:from|import) (?:netbsd_sim|ansible\.(?!module_utils)"
    r"|ansible_collections\.netbsd\.xen\.plugins\.(?!module_utils|modules))|ansible-playbook",
    re.MULTILINE,
)
_SUPPORT = re.compile(
    r"^from ansible_collections\.netbsd\.xen\.tests\.unit\.support(?:\.(\w+)| import (.+))", re.MULTILINE
)
_left_out = []


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out the files that need what runs on a controller, where that is not."""
    if ON_A_CONTROLLER or collection_path.suffix != ".py" or not is_controllers(collection_path):
        return None
    _left_out.append(collection_path)
    return True


def pytest_report_collectionfinish() -> str | None:
    return f"{len(_left_out)} files are not run: they need what runs on a controller" if _left_out else None


@lru_cache(maxsize=None)
def is_controllers(path: Path) -> bool:
    """Whether a file imports or calls what runs on a controller only, or uses what does."""
    text = path.read_text(encoding="utf-8")
    if _CONTROLLERS.search(text):
        return True
    support = Path(__file__).parent / "support"
    names = {name for found in _SUPPORT.findall(text) for name in re.findall(r"\w+", found[0] or found[1])}
    return any(is_controllers(support / f"{name}.py") for name in sorted(names) if (support / f"{name}.py").exists())
