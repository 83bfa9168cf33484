# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same work for many hosts at once: all answers, whoever fails or hangs, and nothing left behind."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.plugin_utils._inventory import parallel
from ansible_collections.netbsd.xen.plugins.plugin_utils._inventory.parallel import Answer

LONG = 600.0


def failing(error: BaseException) -> Callable[[], Any]:
    def work() -> Any:
        raise error

    return work


def test_each_has_its_answer_in_the_order_of_the_works() -> None:
    works = {f"xen{number}": lambda number=number: {"number": number, "text": "x" * 200_000} for number in range(7)}
    found = parallel.answers(works, 3, LONG)
    assert list(found) == list(works)
    assert [answer.value["number"] for answer in found.values()] == list(range(7))
    assert parallel.answers({}, 3, LONG) == {}


def test_so_many_are_asked_at_once_as_may_be() -> None:
    """Each waits until all of them are there."""
    met = multiprocessing.get_context("fork").Barrier(3)
    works = dict.fromkeys(("xen1", "xen2", "xen3"), lambda: met.wait(60) >= 0)
    assert all(answer.value for answer in parallel.answers(works, 3, LONG).values())
    alone = multiprocessing.get_context("fork").Barrier(2)
    works = dict.fromkeys(("xen1", "xen2"), lambda: alone.wait(0.2) >= 0)
    assert all("BrokenBarrierError" in answer.problem for answer in parallel.answers(works, 1, LONG).values())


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (AnsibleConnectionFailure("ssh: no\nroute"), "it can't be reached: ssh: no route"),
        (XenError("this machine is no dom0"), "this machine is no dom0"),
        (AnsibleError("no plugin"), "no plugin"),
        (KeyError("x"), "netbsd.xen.guests: internal error, please report it: KeyError: 'x'"),
        (SystemExit(3), "the process that asked it has ended without a word"),
    ],
)
def test_who_fails_says_why_and_hinders_nobody(error: BaseException, words: str) -> None:
    found = parallel.answers({"bad": failing(error), "good": lambda: 1}, 1, LONG)
    assert found["bad"].value is None and found["bad"].problem.startswith(words)
    assert "\n" not in found["bad"].problem
    assert found["good"] == Answer(1)


def test_who_hangs_is_ended_with_all_that_it_has_started(tmp_path: Path) -> None:
    told = tmp_path / "pid"

    def hang() -> None:
        started = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        (tmp_path / "new").write_text(str(started.pid))
        (tmp_path / "new").rename(told)
        started.wait()

    # On a very busy machine it may be ended before it has started anything; then nothing is left either.
    assert parallel.answers({"hangs": hang}, 2, 2.0) == {"hangs": Answer(problem="it did not answer within 2 seconds")}
    # SIGKILL has been sent, and takes its time.
    while told.exists() and _is_there(int(told.read_text())):
        time.sleep(0.01)


def _is_there(pid: int) -> bool:
    """Whether it runs; nobody may have fetched its status yet."""
    try:
        return b"\nState:\tZ" not in Path(f"/proc/{pid}/status").read_bytes()
    except FileNotFoundError:
        return False


def test_none_has_a_terminal_and_all_are_in_groups_of_their_own() -> None:
    found = parallel.answers({"one": lambda: [os.getsid(0), os.getpid()], "two": lambda: os.getsid(0)}, 2, LONG)
    session, process = found["one"].value
    assert session == process != os.getsid(0)
    assert found["two"].value not in (session, os.getsid(0))
