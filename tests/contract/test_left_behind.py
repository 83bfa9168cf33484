# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What guests leave behind on NetBSD: vnd units, and domains that a new xenstored does not know. The real Xen of these
tests has Linux in dom0, so only the simulated one, whose sources are records of NetBSD 7.99.10, can be asked."""

from __future__ import annotations

import pytest
from contract_target import Target
from story import Story, acts, unchanged

VNCONFIG = "/usr/sbin/vnconfig"


@pytest.fixture(autouse=True)
def netbsd(target: Target) -> None:
    if target.name != "sim":
        pytest.skip("the tests' real Xen has no NetBSD in dom0")


def units(target: Target) -> dict[str, str]:
    """The configured vnd units and what is said of them."""
    lines = target.run([VNCONFIG, "-l"]).stdout.splitlines()
    return dict(line.split(": ", 1) for line in lines if not line.endswith("not in use"))


def test_a_unit_that_a_guest_left_is_taken_back_and_an_admins_stays(story: Story) -> None:
    target = story.target
    disk, cd = target.facts["disks"][:2]
    story.guest["disks"] = [disk]
    story.converge(state="shutdown")
    before = units(target)
    for unit, path in (("vnd1", disk), ("vnd2", cd)):
        assert target.run([VNCONFIG, unit, path]).returncode == 0
    seen = story.run(check=True, state="shutdown")
    assert [change["summary"] for change in seen["changes"]] == [f"release vnd1, left behind by guest {story.name}"]
    assert {"vnd1", "vnd2"} <= set(units(target))
    assert acts(story.converge(state="shutdown")) == ["release vnd1,"]
    assert set(units(target)) == {*before, "vnd2"}
    assert unchanged(story.run(state="shutdown"))
    assert target.run([VNCONFIG, "-u", "vnd2"]).returncode == 0


def test_a_running_guests_unit_is_its_own(story: Story) -> None:
    story.guest["disks"] = [story.target.facts["disks"][0]]
    story.converge()
    assert unchanged(story.run())
    assert len(units(story.target)) == 1
    story.converge(state="shutdown")
    assert units(story.target) == {}
