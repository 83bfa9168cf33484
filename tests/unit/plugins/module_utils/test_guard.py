# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guard of the connection: real processes, which must act if nobody confirms, and only then."""

from __future__ import annotations

import dataclasses
import errno
import os
import pathlib
import subprocess
import sys
import time

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _guard
from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError

TRIED = "bridge0: add wm0"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(_guard, "START_SECONDS", 0.2)


@pytest.fixture
def directory(tmp_path):
    return str(tmp_path / "run" / "guard")


def step(tmp_path, seconds=0.4, extra=(), do=None):
    first, second = (["/bin/sh", "-c", f"echo {word} >> {tmp_path}/undone"] for word in ("one", "two"))
    return _guard.Step(do or [["/usr/bin/touch", f"{tmp_path}/done"]], [first, *extra, second], seconds, TRIED)


def undone(tmp_path):
    path = tmp_path / "undone"
    return path.read_text().split() if path.exists() else []


def left(directory):
    return sorted(name.rpartition(".")[2] for name in os.listdir(directory))


def until(true, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert true()


def now():
    return time.time() + 1


def test_a_confirmed_change_stays(tmp_path, directory):
    _guard.start("t1", step(tmp_path), directory)
    assert left(directory) == ["working"] and not (tmp_path / "done").exists()
    until(lambda: left(directory) == ["armed"])
    (command,) = _guard.confirm("t1", directory, now())
    assert (command["argv"], command["rc"]) == (["/usr/bin/touch", f"{tmp_path}/done"], 0)
    time.sleep(0.8)
    assert (undone(tmp_path), left(directory), (tmp_path / "done").exists()) == ([], [], True)


def test_who_came_in_before_the_change_proves_nothing(tmp_path, directory):
    came = time.time()
    _guard.start("t1", step(tmp_path, seconds=1), directory)
    for state in ("working", "armed"):
        until(lambda state=state: left(directory) == [state])
        with pytest.raises(XenError, match="not made yet") as caught:
            _guard.confirm("t1", directory, came)
        assert caught.value.details == {"guard": "early"}
    until(lambda: left(directory) == ["undone"])


def test_what_nobody_confirms_is_taken_back_in_order(tmp_path, directory):
    _guard.start("t1", step(tmp_path), directory)
    until(lambda: left(directory) == ["undone"])
    assert undone(tmp_path) == ["one", "two"]


def test_a_late_confirmation_is_told_what_was_tried(tmp_path, directory):
    _guard.start("t1", step(tmp_path, seconds=0.1), directory)
    until(lambda: left(directory) == ["undone"])
    with pytest.raises(XenError, match="could not be reached.*after 0.1 seconds: bridge0: add wm0") as caught:
        _guard.confirm("t1", directory, now())
    assert caught.value.details == {"guard": "undone"} and left(directory) == []


def test_a_confirmation_while_it_is_being_taken_back_waits_for_the_end(tmp_path, directory):
    slow = [["/bin/sleep", "0.5"]]
    _guard.start("t1", step(tmp_path, seconds=0.1, extra=slow), directory)
    until(lambda: left(directory) == ["undoing"])
    with pytest.raises(XenError, match="taken back"):
        _guard.confirm("t1", directory, now())
    assert undone(tmp_path) == ["one", "two"]


def test_a_command_that_fails_does_not_stop_the_way_back_and_is_told(tmp_path, directory):
    _guard.start("t1", step(tmp_path, seconds=0.1, extra=[["/bin/false"], ["/no/such/tool"]]), directory)
    until(lambda: left(directory) == ["undone"])
    assert undone(tmp_path) == ["one", "two"]
    with pytest.raises(XenError, match="these commands failed: /bin/false failed.*/no/such/tool can't be run"):
        _guard.confirm("t1", directory, now())


def test_a_change_that_fails_half_way_is_taken_back_at_once(tmp_path, directory):
    do = [["/bin/false"], ["/usr/bin/touch", f"{tmp_path}/done"]]
    _guard.start("t1", step(tmp_path, seconds=300, do=do), directory)
    until(lambda: left(directory) == ["undone"])
    assert undone(tmp_path) == ["one", "two"] and not (tmp_path / "done").exists()
    with pytest.raises(XenError, match="/bin/false failed.* All of this was taken back: bridge0: add wm0"):
        _guard.confirm("t1", directory, now())


def test_nothing_guards_what_never_began(directory):
    os.makedirs(directory)
    with pytest.raises(XenError, match="was rebooted, or the change never began") as caught:
        _guard.confirm("t1", directory, now())
    assert caught.value.details == {"guard": "missing"}


def test_a_later_run_waits_until_the_guard_of_a_dead_one_has_acted(tmp_path, directory):
    _guard.start("t1", step(tmp_path, seconds=0.5), directory)
    _guard.settle(directory)
    assert undone(tmp_path) == ["one", "two"]
    _guard.settle(directory)
    assert left(directory) == []


def test_what_a_dead_guard_left_behind_is_forgotten(tmp_path, directory):
    os.makedirs(directory)
    pathlib.Path(directory, "t1.armed").write_text('{"tried": "x", "seconds": 300, "pid": 999999999}')
    pathlib.Path(directory, "t2.armed").write_text("half of it")
    started = time.monotonic()
    _guard.settle(directory)
    assert left(directory) == [] and time.monotonic() - started < 1
    _guard.settle(str(tmp_path / "none"))


def test_it_outlives_its_starter_and_holds_none_of_its_pipes(tmp_path, directory):
    """As when ssh dies: the starter's whole session is killed, and nobody waits for a pipe that stays open."""
    code = (
        "import os, signal, time\n"
        "from ansible_collections.netbsd.xen.plugins.module_utils import _guard\n"
        f"undo = [['/bin/sh', '-c', 'echo one > {tmp_path}/undone']]\n"
        f"_guard.start('t1', _guard.Step([], undo, 1.0, 'x'), {directory!r})\n"
        "print('started', flush=True)\n"
        "os.killpg(0, signal.SIGKILL)\n"
    )
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        timeout=20,
        check=False,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)),
    )
    assert done.stdout == b"started\n" and done.returncode == -9
    assert undone(tmp_path) == [] or time.monotonic() - started > 1.0
    until(lambda: undone(tmp_path) == ["one"])


NO_ROOM = OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_does_not_stop_the_way_back(tmp_path, directory, monkeypatch):
    """The guard is a copy of this process, so what is patched here holds there too."""
    write = _guard._write

    def write_the_first(path, content):
        if content.get("commands") or content.get("error"):
            raise NO_ROOM
        write(path, content)

    monkeypatch.setattr(_guard, "_write", write_the_first)
    _guard.start("t1", step(tmp_path), directory)
    until(lambda: left(directory) == ["undone"])
    assert undone(tmp_path) == ["one", "two"]
    with pytest.raises(XenError, match="taken back.*bridge0: add wm0") as caught:
        _guard.confirm("t1", directory, now())
    assert caught.value.details == {"guard": "undone"}


def test_a_command_that_finds_no_room_for_its_output_is_a_failure_like_any_other(tmp_path, directory, monkeypatch):
    run = _guard.Host.run

    def run_some(host, argv, **options):
        if argv[0] == "/bin/false":
            raise NO_ROOM
        return run(host, argv, **options)

    monkeypatch.setattr(_guard.Host, "run", run_some)
    do = [["/usr/bin/touch", f"{tmp_path}/done"], ["/bin/false"]]
    _guard.start("t1", step(tmp_path, seconds=300, do=do, extra=[["/bin/false"]]), directory)
    until(lambda: left(directory) == ["undone"])
    assert undone(tmp_path) == ["one", "two"]
    with pytest.raises(XenError, match="The guard of the connection failed: .*No space left.* was taken back"):
        _guard.confirm("t1", directory, now())


def test_a_guard_that_moves_on_while_one_looks_is_not_taken_for_missing(tmp_path, directory, monkeypatch):
    """The change is made between two looks at the files."""
    os.makedirs(directory)
    working = pathlib.Path(directory, "t1.working")
    working.write_text('{"tried": "x", "seconds": 300, "pid": 1, "commands": []}')
    looked, exists = [], os.path.exists

    def look_and_move(path):
        found = exists(path)
        if path.endswith(".working") and not looked:
            looked.append(path)
            working.rename(pathlib.Path(directory, "t1.armed"))
        return found

    read = _guard._read

    def read_and_move(path):
        found = read(path)
        if path.endswith(".armed") and not looked:
            looked.append(path)
            working.rename(pathlib.Path(directory, "t1.armed"))
        return found

    monkeypatch.setattr(_guard, "_read", read_and_move)
    monkeypatch.setattr(_guard.os.path, "exists", look_and_move)
    with pytest.raises(XenError) as caught:
        _guard.confirm("t1", directory, now())
    assert caught.value.details == {"guard": "early"}


# -- what the change should achieve


def proven(tmp_path, achieved=(), left=(), do=None, seconds=300):
    plain = step(tmp_path, seconds=seconds, do=do)
    return dataclasses.replace(
        plain, achieved=lambda host, results: list(achieved(results)), left=lambda host: list(left)
    )


def test_a_change_that_was_not_achieved_is_taken_back_before_anybody_can_confirm_it(tmp_path, directory):
    """Every command ends with 0, as ifconfig does with an MTU that no card takes."""
    seen = []

    def achieved(results):
        seen.extend(result.argv[0] for result in results)
        return ["wm0: its MTU was to be 9216, but it is 1500. Declare a smaller mtu."] if results else []

    _guard.start("t1", proven(tmp_path, achieved), directory)
    until(lambda: left(directory) == ["undone"])
    assert undone(tmp_path) == ["one", "two"] and (tmp_path / "done").exists()
    with pytest.raises(XenError) as caught:
        _guard.confirm("t1", directory, now())
    assert caught.value.details == {"guard": "undone"}
    assert str(caught.value) == (
        "wm0: its MTU was to be 9216, but it is 1500. Declare a smaller mtu. All of this was taken back: "
        "bridge0: add wm0. The files in /etc were not touched."
    )


def test_a_command_that_fails_for_want_of_an_earlier_ones_effect_is_told_after_it(tmp_path, directory):
    do = [["/usr/bin/touch", f"{tmp_path}/done"], ["/bin/false"]]
    _guard.start("t1", proven(tmp_path, lambda results: [f"{len(results)} seen."], do=do), directory)
    until(lambda: left(directory) == ["undone"])
    with pytest.raises(XenError, match=r"^1 seen\. /bin/false failed with exit status 1: it printed nothing\. All of"):
        _guard.confirm("t1", directory, now())


def test_a_look_that_fails_takes_the_change_back_too(tmp_path, directory):
    def can_not_look(results):
        raise XenError("/sbin/ifconfig -a did not end in 30 seconds.")

    _guard.start("t1", proven(tmp_path, can_not_look), directory)
    until(lambda: left(directory) == ["undone"])
    assert undone(tmp_path) == ["one", "two"]
    with pytest.raises(XenError, match="did not end in 30 seconds. All of this was taken back"):
        _guard.confirm("t1", directory, now())


def test_what_is_achieved_waits_for_its_confirmation(tmp_path, directory):
    _guard.start("t1", proven(tmp_path, lambda results: []), directory)
    until(lambda: left(directory) == ["armed"])
    assert len(_guard.confirm("t1", directory, now())) == 1 and undone(tmp_path) == []


@pytest.mark.parametrize("seconds", [0.1, 300])
def test_what_is_not_as_it_was_after_the_way_back_is_told(tmp_path, directory, seconds):
    fails = (lambda results: ["not so."]) if seconds == 300 else (lambda results: [])
    _guard.start("t1", proven(tmp_path, fails, ["wm0: MTU was 1500 and is 9000"], seconds=seconds), directory)
    until(lambda: left(directory) == ["undone"])
    with pytest.raises(XenError, match="But this is not as it was: wm0: MTU was 1500 and is 9000."):
        _guard.confirm("t1", directory, now())


def test_a_change_without_a_guard_is_looked_at_and_taken_back_as_well(tmp_path):
    host = _guard.Host()
    with pytest.raises(XenError, match="^not so. All of this was taken back: bridge0: add wm0."):
        _guard.attempt(host, proven(tmp_path, lambda results: ["not so."]))
    assert undone(tmp_path) == ["one", "two"] and len(host.commands) == 3
    _guard.attempt(host, proven(tmp_path, lambda results: []))
    assert undone(tmp_path) == ["one", "two"]


def test_an_unguarded_change_on_a_full_disk_is_taken_back(tmp_path, monkeypatch):
    run = _guard.Host.run

    def run_some(host, argv, **options):
        if argv[0] == "/usr/bin/touch":
            raise NO_ROOM
        return run(host, argv, **options)

    monkeypatch.setattr(_guard.Host, "run", run_some)
    with pytest.raises(XenError, match="The change of the network failed: .*No space left on device. All of this"):
        _guard.attempt(_guard.Host(), step(tmp_path))
    assert undone(tmp_path) == ["one", "two"]
