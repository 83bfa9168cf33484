# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What a guest is brought to and given while it lives: states, requests, live changes, order. The same cases on real
Xen and on the simulated rack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from contract_target import Target
from story import MEMORY, ON_NEWEST, ON_OLDEST, Story, Unanswered, acts, unchanged

MAC = "00:16:3e:00:51:0e"
UUID = "5e6f2a0c-0000-4000-8000-0000000051%02d"


def uses(story: Story, fact: str) -> str:
    return story.target.facts[fact]


# -- states ------------------------------------------------------------------------------------------------------------


@ON_OLDEST
def test_a_guest_is_made_paused_stays_so_and_runs_when_it_is_to(story: Story) -> None:
    story.converge(state="paused")
    assert story.row()[4][2] == "p"
    assert unchanged(story.run(state="paused"))
    story.converge()
    assert story.row()[4][2] == "-"


@ON_NEWEST
def test_a_running_guest_is_paused_once(story: Story) -> None:
    story.converge()
    assert story.converge(state="paused")["changes"][0]["impact"] == "guest_restart"
    assert story.row()[4][2] == "p"
    story.xl("unpause", story.name)
    assert story.row()[4][2] == "-", "it was paused more than once"


def test_a_saved_guest_goes_on_from_its_memory_once(linux: Story) -> None:
    linux.converge(state="saved")
    assert linux.row() is None
    assert unchanged(linux.run(state="saved"))
    back = linux.converge()
    assert acts(back) == ["let it"]
    assert linux.row() is not None
    save_dir = back["changes"][0]["summary"].split()[-1].rsplit("/", 1)[0]
    assert linux.name not in linux.target.run(["ls", save_dir]).stdout
    assert unchanged(linux.run())


def test_a_guest_that_ignores_the_request_is_not_saved_and_runs_on(unanswered: Unanswered) -> None:
    refused = unanswered.save
    assert refused["failed"] is True
    assert [failure["thing"] for failure in refused["failures"]] == [unanswered.saved]
    assert unanswered.runs_on


def test_a_declared_uuid_carries_a_guest_over_to_another_name(story: Story) -> None:
    story.guest["uuid"] = UUID % 1
    story.converge()
    domid, old = story.row()[1], story.name
    story.name += "b"
    story.guest["name"] = story.name
    story.config += "b"
    assert acts(story.converge())[0] == "rename the"
    assert story.row()[1] == domid
    assert story.target.run(["test", "-e", story.config[:-1]]).returncode == 1
    assert old not in story.xl("list").split()
    assert unchanged(story.run())


# -- requests ----------------------------------------------------------------------------------------------------------


def ask(story: Story, request: str, **options: object) -> dict:
    return story.target.module("netbsd.xen.domain_request", {"names": [story.name], "request": request, **options})


def test_a_reboot_gives_a_new_domain(linux: Story) -> None:
    domid = linux.row()[1]
    result = ask(linux, "reboot", timeout=90)
    assert not result.get("failed"), result.get("msg")
    assert linux.row()[1] != domid
    assert unchanged(linux.run())


@ON_OLDEST
def test_a_reboot_that_does_not_come_is_a_failure_in_words(story: Story) -> None:
    story.converge()
    result = ask(story, "reboot", timeout=5)
    assert result["failed"] is True
    assert "did not answer" in result["msg"]
    assert story.row() is not None


def test_a_dump_holds_the_guests_memory_and_the_guest_runs_on(linux: Story) -> None:
    result = ask(linux, "dump_core", directory="/srv/xen/dumps")
    assert not result.get("failed"), result.get("msg")
    size = int(linux.target.run(["wc", "-c", f"/srv/xen/dumps/{linux.name}.core"]).stdout.split()[0])
    assert size >= MEMORY << 19
    assert linux.row()[4][2] == "-"
    linux.target.run(["rm", f"/srv/xen/dumps/{linux.name}.core"])


@pytest.fixture
def ssh_to_itself(target: Target) -> Iterator[str]:
    """A program in ssh's place that runs the command on the machine itself, so that a guest can move from here to
    here."""
    path = "/srv/xen/ssh-to-itself"
    script = '#!/bin/sh\nshift\nexec sh -c "$*"\n'
    made = target.run(["sh", "-c", f"printf '%s' '{script}' > {path} && chmod 755 {path}"])
    assert made.returncode == 0, made.stderr
    yield path
    target.run(["rm", path])


@pytest.mark.parametrize("story", [{"linux": True, "type": "pvh"}], indirect=True)
def test_a_guest_moves_while_it_runs(ssh_to_itself: str, story: Story) -> None:
    """A pvh guest: pv ones can't be moved under emulation (record migrate_localhost, xl 4.17)."""
    story.converge()
    story.wait_for_guest()
    domid = story.row()[1]
    result = ask(story, "migrate", target="localhost", ssh_command=ssh_to_itself)
    assert not result.get("failed"), result.get("msg")
    assert story.row()[1] != domid
    assert unchanged(story.run())


# -- live changes ------------------------------------------------------------------------------------------------------


def test_weight_cap_and_pinning_change_while_it_runs_and_are_set_back(linux: Story) -> None:
    domid = linux.row()[1]
    wanted = {"weight": 512, "cap": 40, "cpus": "1"}
    result = linux.converge(**wanted)
    assert {change["impact"] for change in result["changes"]} == {"live"}
    assert linux.row()[1] == domid
    shares = linux.xl("sched-credit2", "-d", linux.name).splitlines()[-1].split()
    assert shares[-2:] == ["512", "40"]
    assert linux.xl("vcpu-list", linux.name).splitlines()[-1].split("-b-")[-1].split()[-3:] == ["1", "/", "all"]
    again = linux.run(**wanted)
    assert unchanged(again)
    assert len([command for command in again["commands"] if command["argv"][0].endswith("/xl")]) == 3

    linux.xl("vcpu-pin", linux.name, "0", "all")
    linux.xl("sched-credit2", "-d", linux.name, "-w", "256")
    assert sorted(acts(linux.converge(**wanted))) == ["pin its", "set its"]
    assert unchanged(linux.run(**wanted))


def test_a_disk_comes_and_goes_while_it_runs(linux: Story) -> None:
    domid, disk = linux.row()[1], uses(linux, "disks")[1]
    more = {"disks": [{"path": disk, "access": "ro"}]}
    assert "give it" in acts(linux.converge(**more))
    assert len(linux.xl("block-list", linux.name).splitlines()) == 2
    assert unchanged(linux.run(**more))

    kept = linux.run()
    assert [change["impact"] for change in kept["restart_required"]] == ["guest_restart"]
    assert "take the" in acts(linux.converge(options={"detach_devices": True}))
    assert len(linux.xl("block-list", linux.name).splitlines()) <= 1
    assert linux.row()[1] == domid
    assert unchanged(linux.run())


def test_an_interface_comes_and_goes_while_it_runs(linux: Story) -> None:
    domid = linux.row()[1]
    more = {"nics": [{"bridge": uses(linux, "bridge"), "mac": MAC}]}
    assert "give it" in acts(linux.converge(**more))
    assert MAC in linux.xl("network-list", linux.name)
    assert unchanged(linux.run(**more))
    assert "take the" in acts(linux.converge(options={"detach_devices": True}))
    assert MAC not in linux.xl("network-list", linux.name)
    assert linux.row()[1] == domid
    assert unchanged(linux.run())


@pytest.fixture
def second_pool(target: Target) -> Iterator[str]:
    """A CPU pool beside the one that every machine has, with the machine's last CPU."""
    name, last = "storypool", str(target.facts["host_cpus"] - 1)
    xl = target.facts["xl"]
    for words in (["cpupool-cpu-remove", "Pool-0", last], ["cpupool-create", f'name="{name}"', f'cpus=["{last}"]']):
        assert target.run([xl, *words]).returncode == 0, words
    yield name
    for words in (["cpupool-destroy", name], ["cpupool-cpu-add", "Pool-0", last]):
        assert target.run([xl, *words]).returncode == 0, words


def test_a_guest_moves_to_another_pool_and_back(second_pool: str, story: Story) -> None:
    story.converge(pool="Pool-0")
    domid = story.row()[1]
    assert "move it" in acts(story.converge(pool=second_pool))
    assert second_pool in story.xl("list", "-c", story.name)
    assert unchanged(story.run(pool=second_pool))
    assert "move it" in acts(story.converge(pool="Pool-0"))
    assert story.row()[1] == domid
    missing = story.run(pool="nosuch")
    assert missing["failed"] is True and "nosuch" in missing["msg"]


# -- many --------------------------------------------------------------------------------------------------------------


@ON_NEWEST
def test_guests_start_after_what_they_depend_on(story: Story) -> None:
    needed = Story(story.target)
    story.guest["depends_on"] = [needed.name]
    try:
        result = story.target.module("netbsd.xen.domain", {"guests": [story.guest, needed.guest]})
        assert not result.get("failed"), result.get("msg")
        assert int(needed.row()[1]) < int(story.row()[1])
    finally:
        needed.remove()


@ON_NEWEST
def test_what_depends_on_a_guest_that_fails_is_not_started(story: Story) -> None:
    """A blank disk for a kernel: the plan lets it pass, because it is a file, and Xen does not."""
    broken = Story(story.target, kernel=uses(story, "disks")[0])
    story.guest["depends_on"] = [broken.name]
    try:
        result = story.target.module("netbsd.xen.domain", {"guests": [story.guest, broken.guest]})
        assert [failure["thing"] for failure in result["failures"]] == [broken.name, story.name]
        assert "depends on" in result["failures"][1]["msg"]
        assert story.row() is None
    finally:
        broken.remove()


@ON_OLDEST
@pytest.mark.parametrize("story", [{"linux": True}], indirect=True)
def test_a_guest_is_waited_for_until_its_console_says_that_it_is_up(story: Story) -> None:
    text = "Linux version"
    loud = story.guest["cmdline"].replace(" quiet", "")
    story.converge(cmdline=loud, health={"console": text, "timeout": 60})
    log = story.target.run(["cat", f"/var/log/xen/console/guest-{story.name}.log"]).stdout
    assert text in log


@ON_OLDEST
@pytest.mark.parametrize("story", [{"linux": True}], indirect=True)
def test_a_console_that_never_says_it_is_a_failure_with_its_last_lines(story: Story) -> None:
    result = story.run(health={"console": "no guest says this", "timeout": 8})
    assert result["failed"] is True
    assert "did not show 'no guest says this'" in result["msg"]
    assert result["failures"][0]["console_log"]
    assert story.row() is not None
