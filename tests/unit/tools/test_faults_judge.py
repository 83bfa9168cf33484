# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The judge of the fault harness sees each promise that is not kept, and none where all are."""

from __future__ import annotations

from dataclasses import replace

import judge
import pytest
from inject import Fault
from steps import Step


def text(*lines: str) -> judge.Entry:
    return judge.Entry("\n".join(lines), lines)


BEFORE = {
    "netbsd": judge.Entry("native"),
    "etc/rc.conf": text("sshd=YES", "xencommons=NO"),
    "home/xen/mail1.img": judge.Entry("the mail of ten years"),
    "etc/old": text("the run removes this"),
    "boot.cfg.prev": text("before the last change"),
}
AFTER = {
    "netbsd": judge.Entry("native"),
    "etc/rc.conf": text("sshd=YES", "xencommons=YES"),
    "home/xen/mail1.img": judge.Entry("the mail of ten years"),
    "xen.gz": judge.Entry("hypervisor"),
    "boot.cfg.prev": text("before this change"),
}
START = judge.Sight(BEFORE, {"mail1": 1, "web1": 2}, "", "")
END = judge.Sight(AFTER, {"mail1": 1, "web1": 3, "new1": 4}, "", "4.20")
REFERENCE = judge.Reference(START, END)
FINE = judge.Outcome({"ok": 5, "changed": 3, "failures": 0, "unreachable": 0})
SAME = judge.Outcome({"ok": 5, "changed": 0, "failures": 0, "unreachable": 0})
FAILED = judge.Outcome({"ok": 2, "changed": 1, "failures": 1, "unreachable": 0}, (), ("Boot menu: disk full",))
KEPT = judge.Evidence("h1", Fault(Step("rename /boot.cfg"), "fail"), 1, START, FAILED, START, FINE, END, SAME)


def without(sight: judge.Sight, path: str) -> judge.Sight:
    return replace(sight, tree={name: entry for name, entry in sight.tree.items() if name != path})


def having(sight: judge.Sight, path: str, entry: judge.Entry) -> judge.Sight:
    return replace(sight, tree={**sight.tree, path: entry})


def test_a_machine_as_promised_has_nothing_against_it():
    verdict = judge.judge(KEPT, REFERENCE)
    assert (verdict.broken, verdict.notes) == ([], [])


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"fired": 0}, "HARNESS: the fault happened 0 times"),
        ({"fired": 2}, "HARNESS: the fault happened 2 times"),
        ({"first": replace(FAILED, freed=True)}, "the first run hung"),
        ({"first": judge.Outcome({})}, "the first run, of this machine and others, never came to its end"),
        ({"reset": True}, "until it was reset"),
        ({"after_first": replace(START, boots="panics")}, "after the fault the machine would not boot: panics"),
        ({"after_first": without(START, "netbsd")}, "after the fault: lost: /netbsd"),
        ({"after_first": having(START, "netbsd", judge.Entry(""))}, "after the fault: another content: /netbsd"),
        ({"after_first": having(START, "etc/rc.conf", text(""))}, "lost from /etc/rc.conf: sshd=YES"),
        ({"after_first": replace(START, guests={"mail1": 9})}, "guest mail1 was domain 1 and is 9"),
        ({"after_first": replace(START, guests={})}, "guest mail1 was domain 1 and is gone"),
        ({"second": FAILED}, "the second run failed: failures 1 | Boot menu: disk full"),
        ({"second": judge.Outcome({})}, "the second run failed: no recap"),
        ({"second": judge.Outcome({"unreachable": 1})}, "the second run failed: unreachable 1"),
        ({"after_second": replace(END, xen="")}, "starts not Xen 4.20: Xen (none)"),
        ({"after_second": replace(END, xen="4.18")}, "starts not Xen 4.20: Xen 4.18"),
        ({"after_second": replace(END, boots="single user")}, "starts not Xen 4.20: single user"),
        ({"after_second": without(END, "xen.gz")}, "still missing after the run: /xen.gz"),
        ({"after_second": having(END, "etc/rc.conf", text("sshd=YES"))}, "not as after a run without a fault"),
        ({"after_second": replace(END, guests={"mail1": 1, "web1": 3})}, "guest new1 does not run"),
        ({"after_second": replace(END, units=("2",))}, "vnd2 is still configured"),
        ({"after_second": replace(END, file_systems=1)}, "the second run made 1 file systems, where 0 guests"),
        ({"third": FAILED}, "the third run failed"),
        ({"third": replace(FINE, changes=("boot_cfg /boot.cfg",))}, "still changed something: boot_cfg /boot.cfg"),
    ],
)
def test_each_promise_that_is_not_kept_is_told(change, word):
    verdict = judge.judge(replace(KEPT, **change), REFERENCE)
    assert [text for text in verdict.broken if word in text], verdict.broken


def test_a_power_cut_ends_guests_and_they_run_again_at_the_end():
    cut = replace(KEPT, fault=Fault(KEPT.fault.step, "power_cut"))
    again = replace(END, guests={**END.guests, "mail1": 5})
    seen = replace(cut, after_first=replace(START, guests={}), after_second=again)
    assert judge.judge(seen, REFERENCE).broken == []
    ended = replace(cut, after_second=replace(END, guests={"web1": 3, "new1": 4}))
    assert judge.judge(ended, REFERENCE).broken == ["guest mail1 does not run at the end"]


def test_a_first_run_that_says_it_succeeded_must_have_done_it():
    half = judge.judge(replace(KEPT, first=FINE), REFERENCE)
    assert "the first run succeeded, and yet: still missing after the run: /xen.gz" in half.broken
    done = judge.judge(replace(KEPT, first=FINE, after_first=END), REFERENCE)
    assert (done.broken, done.notes) == ([], ["the first run succeeded in spite of the fault"])


def test_what_a_run_without_a_fault_changes_may_be_half_done_after_the_first():
    half = having(without(START, "etc/old"), "etc/rc.conf", text("sshd=YES"))
    moved = replace(half, guests={"mail1": 1})
    assert judge.judge(replace(KEPT, after_first=moved), REFERENCE).broken == []


def test_the_order_of_settings_does_not_count_but_the_settings_do():
    other_order = having(END, "etc/rc.conf", text("xencommons=YES", "sshd=YES"))
    assert judge.judge(replace(KEPT, after_second=other_order), REFERENCE).broken == []
    twice = having(END, "etc/rc.conf", text("xencommons=YES", "sshd=YES", "sshd=YES"))
    assert judge.judge(replace(KEPT, after_second=twice), REFERENCE).broken == [
        "not as after a run without a fault: /etc/rc.conf"
    ]


def test_the_version_before_may_be_any_but_must_be_there():
    other = having(END, "boot.cfg.prev", text("before another change"))
    assert judge.judge(replace(KEPT, after_second=other), REFERENCE).broken == []
    gone = without(END, "boot.cfg.prev")
    assert judge.judge(replace(KEPT, after_second=gone), REFERENCE).broken == [
        "still missing after the run: /boot.cfg.prev"
    ]


def test_of_a_machine_without_anything_only_some_files_are_named():
    after = {f"file{number}": judge.Entry("new") for number in range(100)}
    found = judge.differences(START, judge.Reference(START, replace(END, tree=after, guests={})))
    assert len(found) == 6
    assert "95 files more" in found[-1]


def test_no_temporary_file_may_stay():
    verdict = judge.judge(replace(KEPT, after_second=having(END, "etc/.rc.conf.x1", judge.Entry(""))), REFERENCE)
    assert verdict.broken == ["left over: /etc/.rc.conf.x1"]


@pytest.mark.parametrize(
    ("path", "exchanging", "found"),
    [
        # Between two packages there is neither's file; what no run exchanges is lost, and so is an admin's own.
        ("usr/pkg/sbin/xl", True, []),
        ("usr/pkg/sbin/xl", False, ["lost: /usr/pkg/sbin/xl"]),
        ("usr/pkg/etc/xen/web1", True, ["lost: /usr/pkg/etc/xen/web1"]),
    ],
)
def test_a_package_that_is_being_exchanged_is_not_lost(path, exchanging, found):
    start = having(START, path, text("4.18"))
    if exchanging:
        start = having(start, "var/db/pkg/xentools418-1/+CONTENTS", text("xl"))
    reference = judge.Reference(start, having(END, path, text("4.20")))
    now = without(start, path)
    assert judge.lost(start, now, reference, judge.exchanges(reference)) == found
    assert judge.lost(start, now, reference) == [f"lost: /{path}"]


@pytest.mark.parametrize(
    ("between", "found"),
    [(["menu=A:a", "default=2"], []), (["default=1"], ["lost from /boot.cfg: menu=A:a"])],
)
def test_the_default_may_be_another_for_a_trial_and_no_entry_may_go(between, found):
    start = having(START, "boot.cfg", text("menu=A:a", "default=1"))
    reference = judge.Reference(start, having(END, "boot.cfg", text("menu=A:a", "menu=B:b", "default=1")))
    assert judge.lost(start, having(start, "boot.cfg", text(*between)), reference) == found


def test_only_faults_that_happened_are_counted():
    other = replace(KEPT, fired=0)
    counts = judge.tally([judge.judge(evidence, REFERENCE) for evidence in (KEPT, KEPT, other)])
    assert counts == {"rename": {"fail": 2}}


def test_the_record_for_programs_has_step_and_verdict():
    record = judge.as_record(judge.judge(replace(KEPT, reset=True), REFERENCE))
    assert (record["step"], record["action"]) == ("rename /boot.cfg", "fail")
    assert "reset" in record["broken"][0]
