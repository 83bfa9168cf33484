# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Whatever a change holds, Ansible's own diff mode can print it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.plugins.callback import CallbackBase

from ansible_collections.netbsd.xen.plugins.module_utils._change import Change


def printed(before: Any, after: Any) -> list[str]:
    change = Change("domain", "web1", "start", "start the guest", before, after)
    return CallbackBase()._get_diff([change.diff()]).splitlines()


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (512, 1024, ["-512", "+1024"]),
        ("not running", "running", ["-not running", "+running"]),
        (None, True, ["+True"]),
        (["wm0"], ["wm0", "wm1"], ["+wm1"]),
        ([], ["wm0"], ["+wm0"]),
        ({"memory": 512}, {"memory": 1024}, ["-memory: 512", "+memory: 1024"]),
        # What stays in a list is no difference, whatever comes behind it.
        ({"disks": ["a"]}, {"disks": ["a", "b"]}, ["+  b"]),
        ({"disks": ["a"]}, {}, ["-disks:", "-  a"]),
        ({"xend": None}, {"xend": "YES"}, ["+xend: YES"]),
        ({"vnc": {"listen": "::1"}}, {"vnc": {"listen": "::1", "display": 1}}, ["+  display: 1"]),
        ("default=3\n", "default=1\n", ["-default=3", "+default=1"]),
        (0, 1.5, ["-0", "+1.5"]),
    ],
)
def test_it_is_printed_with_its_lines_and_no_remark(before: Any, after: Any, lines: list[str]) -> None:
    found = printed(before, after)
    assert [line for line in found if line.startswith(("+", "-")) and not line.startswith(("+++", "---"))] == lines
    assert not [line for line in found if line.startswith("\\")]
    assert found[0].endswith("guest web1 (live): start the guest")
