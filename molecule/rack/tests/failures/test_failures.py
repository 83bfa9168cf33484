# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What the runs of failures.yml said and did: who failed hindered nobody else, and was told of by name."""

from __future__ import annotations

import os
import re
from pathlib import Path

HOSTS = [f"rack{number:02d}" for number in range(1, 21)]


def said(run):
    return Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"], f"{run}.out").read_text()


def recap(run):
    """For each host of a run its counts in Ansible's recap."""
    lines = re.findall(r"^(rack\d\d) +: (.+)$", said(run).split("PLAY RECAP")[1], re.MULTILINE)
    return {host: {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", counts)} for host, counts in lines}


def bad(run):
    """The hosts that the recap counts as failed or unreachable."""
    return {
        host: (each["failed"], each["unreachable"] > 0)
        for host, each in recap(run).items()
        if each["failed"] or each["unreachable"]
    }


def test_one_machine_that_is_down_and_one_that_fails_hinder_no_other():
    counts = recap("in-batches")
    assert sorted(counts) == HOSTS
    assert bad("in-batches") == {"rack07": (0, True), "rack08": (1, False)}
    # Of those with work two are a batch. rack03 is in that of rack08, and rack12 is behind it.
    assert {host for host in HOSTS if counts[host]["changed"]} == {"rack03", "rack12"}


def test_the_tables_tell_of_them_by_name():
    text = said("in-batches")
    assert "rack07: can't be reached: " in text
    assert "20 hosts: 1 can't be reached, 3 to be changed, 16 in sync" in text
    assert re.search(r"live +bridge bridge1 +create it, add wm1", text)
    assert "no such interface" in text


def test_a_batch_of_which_every_host_fails_is_the_last():
    """So a batch of one is a brake: the machine behind the one that failed is left as it is."""
    counts = recap("one-at-a-time")
    assert bad("one-at-a-time") == {"rack08": (1, False)}
    assert counts["rack12"]["changed"] == 0


def test_a_plan_of_a_part_tells_of_that_part():
    assert "2 hosts: 1 can't be reached, 1 in sync" in said("plan-of-a-part")
    assert sorted(recap("plan-of-a-part")) == ["rack05", "rack07"]


def test_nobody_has_asked_the_machines_in_sync_for_more_than_a_look():
    """They are frozen, and what they could not answer stands there."""
    hosts = Path(os.environ["RACKS"], "molecule-rack/hosts")
    assert len(list(hosts.glob("*/frozen"))) == 14
    assert [str(path) for path in hosts.glob("*/frozen/missing")] == []
