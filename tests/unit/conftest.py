# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for all unit tests: how long an example of hypothesis takes on a busy machine says nothing of the code.

`ansible-test units` runs them under the Pythons of managed machines (tests/matrix), where nothing of the controller is:
only the tests of what runs on a machine, and those with few examples, for the code is the same.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from functools import lru_cache
from pathlib import Path

import pytest
from hypothesis import settings

# Where the simulator is, by pyproject.toml, all the rest of the controller is as well.
ON_A_CONTROLLER = importlib.util.find_spec("netbsd_sim") is not None
if not ON_A_CONTROLLER:
    sys.path += [str(Path(__file__).parents[1] / name) for name in ("contract", "tools")]
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


class OfTheController(pytest.Module):
    """A file of tests that is skipped as a whole, and so is not imported."""

    def collect(self):
        pytest.skip("it needs what runs on a controller", allow_module_level=True)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name no test by bytes: a gzip file has the time in it, and workers that collect the tests a second apart have to
    come to the same names."""
    return argname if isinstance(val, bytes) else None


def pytest_pycollect_makemodule(module_path: Path, parent: pytest.Collector) -> pytest.Module | None:
    """Skip the files that need what runs on a controller, where that is not. pytest_ignore_collect would not be asked:
    ansible-test names each file."""
    if ON_A_CONTROLLER or not is_controllers(module_path):
        return None
    return OfTheController.from_parent(parent, path=module_path)


@lru_cache(maxsize=None)
def is_controllers(path: Path) -> bool:
    """Whether a file imports or calls what runs on a controller only, or uses what does."""
    text = path.read_text(encoding="utf-8")
    if _CONTROLLERS.search(text):
        return True
    support = Path(__file__).parent / "support"
    names = {name for found in _SUPPORT.findall(text) for name in re.findall(r"\w+", found[0] or found[1])}
    return any(is_controllers(support / f"{name}.py") for name in sorted(names) if (support / f"{name}.py").exists())
