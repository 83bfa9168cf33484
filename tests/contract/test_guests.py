# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The guest modules against a toolstack: the same cases on real Xen and on the simulated rack."""

from __future__ import annotations

import pytest
from contract_target import Target
from story import MEMORY, ON_NEWEST, ON_OLDEST, Story, unchanged


def test_a_guest_is_created_once(story: Story) -> None:
    facts = story.target.facts
    story.guest.update(disks=[facts["disks"][0]], nics=[facts["bridge"]])
    foretold = story.run(check=True)
    assert foretold["changed"] is True
    assert story.row() is None
    assert story.target.run(["test", "-e", story.config]).returncode == 1

    done = story.converge()
    assert [change["summary"] for change in done["changes"]] == [change["summary"] for change in foretold["changes"]]
    assert story.row() is not None
    assert story.target.run(["test", "-s", story.config]).returncode == 0

    again = story.run()
    assert unchanged(again)
    xl_calls = [command["argv"][1:] for command in again["commands"] if command["argv"][0].endswith("/xl")]
    assert sorted(xl_calls) == [["list"], ["list", "-l"]]


@ON_OLDEST
def test_a_changed_config_file_is_found_and_repaired(story: Story) -> None:
    story.converge()
    edited = story.target.run(["sed", "-i", "-e", "s/^memory.*/memory = 4321/", story.config])
    assert edited.returncode == 0, edited.stderr
    domid = story.row()[1]
    foretold = story.run(check=True)
    assert (foretold["changed"], len(foretold["changes"])) == (True, 1)
    assert "4321" in str(foretold["diff"])
    assert story.converge()["changes"][0]["impact"] == "live"
    assert unchanged(story.run())
    assert story.row()[1] == domid


def test_memory_changed_by_other_hands_is_set_back(linux: Story) -> None:
    linux.xl("mem-set", linux.name, f"{MEMORY - 16}m")
    assert linux.converge()["changed"] is True
    assert int(linux.row()[2]) == MEMORY
    assert unchanged(linux.run())


@ON_NEWEST
def test_declared_memory_is_set_on_the_running_guest(linux: Story) -> None:
    domid = linux.row()[1]
    result = linux.converge(memory=MEMORY - 8)
    assert {change["impact"] for change in result["changes"]} == {"live"}
    assert (linux.row()[1], int(linux.row()[2])) == (domid, MEMORY - 8)
    assert unchanged(linux.run(memory=MEMORY - 8))


@pytest.mark.parametrize("story", [{"linux": True, "vcpus": 2, "maxvcpus": 2}], indirect=True)
def test_declared_vcpus_are_set_on_the_running_guest(story: Story) -> None:
    """Downwards: a Linux guest gives a CPU back by itself, but takes one only if something in it asks for that
    (record vcpulist_up, xl 4.20)."""
    story.converge()
    story.wait_for_guest()
    domid = story.row()[1]
    story.converge(vcpus=1)
    assert (story.row()[1], story.row()[3]) == (domid, "1")
    assert unchanged(story.run(vcpus=1))


@ON_OLDEST
@pytest.mark.parametrize("story", [{"linux": True}], indirect=True)
def test_what_needs_a_restart_waits_for_permission(story: Story) -> None:
    story.converge()
    story.wait_for_guest()
    domid = story.row()[1]
    wanted = {"cmdline": f"{story.guest['cmdline']} panic=5"}
    deferred = story.converge(**wanted)
    assert [change["impact"] for change in deferred["restart_required"]] == ["guest_restart"]
    assert "cmdline" in deferred["restart_required"][0]["summary"]
    assert story.row()[1] == domid
    assert story.run(**wanted)["changed"] is False

    story.converge(options={"restart_policy": "if_needed"}, **wanted)
    assert story.row()[1] != domid
    assert unchanged(story.run(**wanted))


@ON_NEWEST
def test_a_destroyed_guest_comes_back(story: Story) -> None:
    story.converge()
    story.xl("destroy", story.name)
    assert story.converge()["changed"] is True
    assert story.row() is not None


@ON_OLDEST
def test_a_paused_guest_runs_again(story: Story) -> None:
    story.converge()
    story.xl("pause", story.name)
    story.xl("pause", story.name)  # pauses nest: one unpause is not enough
    assert story.converge()["changed"] is True
    assert "p" not in story.row()[4]
    assert unchanged(story.run())


@ON_NEWEST
def test_shutdown_means_gone(linux: Story) -> None:
    assert linux.converge(state="shutdown")["changed"] is True
    assert linux.row() is None
    assert linux.target.run(["test", "-s", linux.config]).returncode == 0
    assert unchanged(linux.run(state="shutdown"))
    linux.converge()
    assert linux.row() is not None


@ON_OLDEST
def test_a_guest_that_ignores_shutdown_is_destroyed_only_if_allowed(story: Story) -> None:
    story.converge()
    refused = story.run(state="shutdown", options={"shutdown_timeout": 5})
    assert refused["failed"] is True
    assert story.name in refused["msg"] and "destroy_after" in refused["msg"]
    assert story.row() is not None
    assert story.converge(state="shutdown", options={"destroy_after": 2})["changed"] is True
    assert story.row() is None


@ON_NEWEST
def test_absent_removes_the_config_and_keeps_the_disk(story: Story) -> None:
    disk = story.target.facts["disks"][1]
    story.guest["disks"] = [disk]
    story.converge()
    assert story.converge(state="absent", options={"destroy_after": 2})["changed"] is True
    assert story.row() is None
    assert story.target.run(["test", "-e", story.config]).returncode == 1
    assert story.target.run(["test", "-s", disk]).returncode == 0
    assert unchanged(story.run(state="absent"))


@ON_NEWEST
def test_a_file_disk_is_made_once_and_removed_only_on_request(story: Story) -> None:
    path = f"/srv/xen/{story.name}.img"
    disks = [{"path": path, "size": "4M"}]
    story.converge(disks=disks)
    size = story.target.run(["wc", "-c", path]).stdout.split()[0]
    assert int(size) == 4 << 20
    assert unchanged(story.run(disks=disks))
    story.converge(disks=disks, state="absent", options={"remove_disks": True, "destroy_after": 2})
    assert story.target.run(["test", "-e", path]).returncode == 1


REFUSALS = {
    "missing kernel": ({"kernel": "/srv/xen/nosuch"}, "/srv/xen/nosuch"),
    "missing disk": ({"disks": ["/srv/xen/nosuch.img"]}, "/srv/xen/nosuch.img"),
    "missing bridge": ({"nics": ["nosuchbr0"]}, "nosuchbr0"),
    "more memory than there is": ({"memory": "900G", "maxmem": "900G"}, "free"),
    "memory that is none": ({"memory": "lots"}, "lots"),
    "unknown key": ({"frobnicate": 1}, "frobnicate"),
    "multicast address": ({"nics": [{"bridge": "bridge0", "mac": "01:00:00:00:00:01"}]}, "01:00:00:00:00:01"),
    "more vcpus than maxvcpus": ({"vcpus": 4, "maxvcpus": 2}, "maxvcpus"),
    "domain 0": ({"name": "Domain-0"}, "Domain-0"),
    "a domain id for a name": ({"name": "0"}, "'0'"),
    "a path for a name": ({"name": "../etc"}, "../etc"),
}


@ON_OLDEST
@pytest.mark.parametrize("case", REFUSALS)
def test_refused_before_anything_is_touched(story: Story, case: str) -> None:
    keys, word = REFUSALS[case]
    before = story.xl("vm-list")
    result = story.run(**keys)
    assert result["failed"] is True
    assert word in result["msg"]
    assert "Traceback" not in result["msg"]
    assert story.xl("vm-list") == before
    assert story.target.run(["test", "-e", story.config]).returncode == 1


@ON_NEWEST
def test_a_disk_of_another_guest_is_refused(story: Story) -> None:
    disk = story.target.facts["disks"][0]
    story.converge(disks=[disk])
    thief = Story(story.target, disks=[disk])
    result = thief.run()
    assert result["failed"] is True
    assert disk in result["msg"] and story.name in result["msg"]
    assert thief.row() is None


@ON_NEWEST
def test_one_guests_failure_does_not_hide_the_other(story: Story) -> None:
    """A blank disk for a kernel: the plan lets it pass, because it is a file, and Xen does not."""
    broken = Story(story.target, kernel=story.target.facts["disks"][0])
    try:
        result = story.target.module("netbsd.xen.domain", {"guests": [broken.guest, story.guest]})
        assert result["failed"] is True
        assert [failure["thing"] for failure in result["failures"]] == [broken.name]
        assert story.row() is not None
        assert broken.row() is None
    finally:
        broken.remove()


def test_domain_info_tells_what_runs(linux: Story) -> None:
    guest = linux.target.module("netbsd.xen.domain_info", {})["guests"][linux.name]
    assert (guest["state"], guest["config_file"]) == ("running", linux.config)
    assert guest["domain"]["config"]["memory"] == guest["config"]["memory"] == MEMORY
    assert linux.target.module("netbsd.xen.domain_info", {"names": ["nosuch"]})["guests"] == {}


def test_host_info_tells_the_truth(target: Target) -> None:
    result = target.module("netbsd.xen.host_info", {})
    assert result["changed"] is False
    assert result["host"]["role"] == "dom0"
    # Only NetBSD tells when it was booted, and so whether its tools came after that.
    exchanged = False if target.name == "sim" else None
    found = {"name": "xl", "alive": True, "why": "", "exchanged": exchanged, "lost_guests": []}
    assert result["host"]["toolstack"] == found
    assert result["host"]["hypervisor"]["release"] in ("4.17", "4.20")
    assert 0 < result["host"]["hypervisor"]["memory_free"] <= result["host"]["hypervisor"]["memory_total"]
