# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file that could not be had holds up the guests that need it for their start, and nothing else."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import domu
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Variables
from ansible_collections.netbsd.xen.tests.unit.support.guests import LINUX, actions, run, settled

pytestmark = pytest.mark.usefixtures("clock")

LOST = "/home/xen/lost"
MISSING = {"missing_files": {LOST: f"{LOST}: its src /nowhere does not exist."}}


def guest(name, **keys):
    return dict(LINUX, name=name, **keys)


def told(outcome):
    return {thing: str(error) for thing, error in outcome.failures.items()}


@pytest.mark.parametrize(
    "needing", [{"kernel": LOST}, {"ramdisk": LOST}, {"disks": [LOST]}, {"kernel": None, "bootloader": LOST}]
)
def test_the_others_go_on_and_the_failure_comes_at_the_end(host, xen, needing):
    guests = [guest("db", **needing), guest("web", depends_on=["db"]), guest("dns")]
    for check in (True, False):
        outcome = run(host, *guests, check=check, **MISSING)
        assert actions(outcome) == ["write_config", "create"]
        assert {change.thing for change in outcome.done} == {"dns"}
        assert told(outcome) == {
            LOST: f"{LOST}: its src /nowhere does not exist.",
            "db": f"guest db was left as it is: {LOST}, which it needs, could not be had",
            "web": "guest web was left as it is: it depends on db, which can't be started",
        }
    assert [domain.name for domain in xen.domains if domain.name != "Domain-0"] == ["dns"]


def test_an_old_kernel_is_not_started_in_the_place_of_the_new_one(host, xen):
    host.put(LOST)
    assert "db" in told(run(host, guest("db", kernel=LOST), **MISSING))


def test_a_guest_that_runs_already_needs_nothing(host, xen):
    host.put(LOST)
    run(host, guest("db", kernel=LOST))
    outcome = run(host, guest("db", kernel=LOST), **MISSING)
    assert (outcome.done, list(told(outcome))) == ([], [LOST])


def test_a_guest_that_is_to_be_down_needs_nothing(host, xen):
    host.put(LOST)
    run(host, guest("db", kernel=LOST))
    outcome = run(host, guest("db", kernel=LOST, state="shutdown"), **MISSING)
    assert (actions(outcome), list(told(outcome))) == (["shutdown"], [LOST])


def test_the_failure_is_told_where_nobody_needs_the_file(host, xen):
    assert list(told(run(host, guest("dns"), **MISSING))) == [LOST]
    assert list(told(run(host, **MISSING))) == [LOST]
    assert settled(host, guest("dns"))


def test_the_role_gives_what_its_first_task_said():
    failed = {"failed": True, "failures": [{"thing": LOST, "msg": "no"}], "changes": []}
    given = domu.TASKS["domain"].options["missing_files"]
    assert given(Variables({"domu_files_result": failed})) == {LOST: "no"}
    assert given(Variables({"domu_files_result": {"skipped": True}})) == given(Variables({})) == {}


def test_a_guest_without_its_system_is_not_started_and_the_others_are(host, xen):
    waiting = {"waiting": {"db": "its disk is too small"}}
    outcome = run(host, guest("db"), guest("web", depends_on=["db"]), guest("dns"), **waiting)
    assert told(outcome) == {
        "db": "guest db was not started: its disk is too small",
        "web": "guest web was left as it is: it depends on db, which can't be started",
    }
    assert [domain.name for domain in xen.domains if domain.name != "Domain-0"] == ["dns"]
    # What runs is not held up by it.
    host.put("/home/xen/other")
    run(host, guest("db"))
    assert told(run(host, guest("db"), **waiting)) == {}
