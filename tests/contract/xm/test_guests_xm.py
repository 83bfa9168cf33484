# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A guest's life on Xen 3.1 and 4.2, by the same declarations as on any other Xen."""

from __future__ import annotations

from story import MEMORY, Story, acts, unchanged

MAC = "00:16:3e:00:51:0e"


def xm_calls(result: dict) -> list[str]:
    return [command["argv"][1] for command in result["commands"] if command["argv"][0].endswith("/xm")]


def test_the_machine_is_known_for_what_it_is(story: Story) -> None:
    host = story.target.module("netbsd.xen.host_info", {})["host"]
    assert host["role"] == "dom0"
    assert host["toolstack"] == {"name": "xm", "alive": True, "why": "", "exchanged": False, "lost_guests": []}


def test_a_guest_is_created_once_and_looked_at_with_three_commands(story: Story) -> None:
    facts = story.target.facts
    story.guest.update(disks=[facts["disks"][0]], nics=[facts["bridge"]])
    foretold = story.run(check=True)
    done = story.converge()
    assert acts(done) == acts(foretold) == ["write the", "start the"]
    again = story.run()
    assert unchanged(again)
    assert len(xm_calls(again)) <= 3
    text = story.target.run(["cat", story.config]).stdout
    assert f"file:{facts['disks'][0]},xvda,w" in text
    assert "cmdline" not in text and "type" not in text, "words that xm does not know"


def test_a_changed_config_file_is_found_and_repaired(story: Story) -> None:
    story.converge()
    edited = story.target.run(["sed", "-i", "-e", f"s/^memory.*/memory = {MEMORY + 16}/", story.config])
    assert edited.returncode == 0, edited.stderr
    assert str(MEMORY + 16) in str(story.run(check=True)["diff"])
    story.converge()
    assert unchanged(story.run())


def test_a_config_file_with_code_is_never_run_and_replaced(story: Story) -> None:
    story.converge(state="shutdown")
    code = "import os\\nos.system('touch /tmp/was-run')\\nname = 'x'\\n"
    story.target.run(["sh", "-c", f'printf "{code}" > {story.config}'])
    result = story.converge()
    assert "line 1" in str(result["diff"])
    assert story.target.run(["test", "-e", "/tmp/was-run"]).returncode == 1
    assert story.row() is not None


def test_memory_changes_while_it_runs(story: Story) -> None:
    story.converge()
    story.wait_for_guest()
    domid = story.row()[1]
    assert {change["impact"] for change in story.converge(memory=MEMORY - 8)["changes"]} == {"live"}
    assert (story.row()[1], int(story.row()[2])) == (domid, MEMORY - 8)
    assert unchanged(story.run(memory=MEMORY - 8))


def test_weight_and_cap_change_while_it_runs(story: Story) -> None:
    story.converge()
    domid = story.row()[1]
    assert "set its" in acts(story.converge(weight=512, cap=40))
    assert story.row()[1] == domid
    assert unchanged(story.run(weight=512, cap=40))


def test_a_disk_and_an_interface_are_given_to_a_running_guest(story: Story) -> None:
    story.converge()
    story.wait_for_guest()
    domid, facts = story.row()[1], story.target.facts
    more = {"disks": [{"path": facts["disks"][1], "access": "ro"}], "nics": [{"bridge": facts["bridge"], "mac": MAC}]}
    assert acts(story.converge(**more)).count("give it") == 2
    assert story.row()[1] == domid
    assert unchanged(story.run(**more))


def test_a_guest_is_paused_and_let_run(story: Story) -> None:
    story.converge()
    story.converge(state="paused")
    assert story.row()[4][2] == "p"
    assert unchanged(story.run(state="paused"))
    story.converge()
    assert story.row()[4][2] == "-"


def test_a_saved_guest_goes_on_from_its_memory(story: Story) -> None:
    story.converge()
    story.wait_for_guest()
    story.converge(state="saved")
    assert story.row() is None
    assert unchanged(story.run(state="saved"))
    assert acts(story.converge()) == ["let it"]
    assert unchanged(story.run())


def test_shutdown_means_gone_and_destroyed_does_too(story: Story) -> None:
    story.converge()
    story.wait_for_guest()
    story.converge(state="shutdown")
    assert story.row() is None
    assert unchanged(story.run(state="shutdown"))
    story.converge()
    story.converge(state="destroyed")
    assert story.row() is None


def test_a_reboot_gives_a_new_domain(story: Story) -> None:
    story.converge()
    story.wait_for_guest()
    domid = story.row()[1]
    result = story.target.module(
        "netbsd.xen.domain_request", {"names": [story.name], "request": "reboot", "timeout": 20}
    )
    # xend destroys a guest that comes back too soon after its start (XendDomainInfo.py, MINIMUM_RESTART_TIME).
    if result.get("failed"):
        assert "no new one has come" in result["msg"] or "is down and stays" in result["msg"]
    else:
        assert story.row()[1] != domid
    assert acts(story.converge()) in ([], ["start the"])


def test_xends_own_copy_of_a_guest_gives_way_to_the_config_file(story: Story) -> None:
    story.converge(state="shutdown")
    story.xl("new", story.config)
    foretold = story.run(state="shutdown", check=True)
    assert acts(foretold) == ["have xend"]
    assert acts(story.converge()) == ["have xend", "start the"]
    assert unchanged(story.run())


def test_absent_leaves_nothing_but_the_disk(story: Story) -> None:
    disk = story.target.facts["disks"][1]
    story.guest["disks"] = [disk]
    story.converge()
    story.converge(state="absent", options={"destroy_after": 30})
    assert story.row() is None
    assert story.target.run(["test", "-e", story.config]).returncode == 1
    assert story.target.run(["test", "-s", disk]).returncode == 0
    assert unchanged(story.run(state="absent"))


def test_a_failed_start_is_told_by_its_cause_and_leaves_nothing(story: Story) -> None:
    result = story.run(kernel=story.target.facts["disks"][0])
    assert result["failed"] is True
    assert result["failures"][0]["cause"]
    assert "Traceback" not in result["msg"]
    assert story.row() is None


def test_with_xend_dead_the_module_says_what_to_start(story: Story) -> None:
    story.converge()
    assert story.target.run(["sh", "/etc/rc.d/xend", "onestop"]).returncode == 0
    try:
        result = story.run()
        assert result["failed"] is True
        assert "xend is not running. Start it: /etc/rc.d/xend onestart" in result["msg"]
        assert xm_calls(result) == []
    finally:
        assert story.target.run(["sh", "/etc/rc.d/xend", "onestart"]).returncode == 0
    assert unchanged(story.run())


def test_what_this_xen_does_not_have_is_refused(story: Story) -> None:
    for keys, word in (({"type": "pvh"}, "pvh"), ({"type": "pvshim"}, "pvshim")):
        result = story.run(options={"release": "4.2"}, **keys)
        assert result["failed"] is True and word in result["msg"]
