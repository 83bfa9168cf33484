# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""How far something is that takes long: what a module tells, and what is seen of it meanwhile on the controller."""

from __future__ import annotations

import contextlib
import json
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader

from ansible_collections.netbsd.xen.plugins.module_utils import _progress
from ansible_collections.netbsd.xen.plugins.plugin_utils import _watched


@pytest.fixture
def told(monkeypatch, tmp_path):
    path = tmp_path / "progress"
    monkeypatch.setenv(_progress.VARIABLE, str(path))
    monkeypatch.setattr(_progress, "_file", _progress._File())
    monkeypatch.setattr(_progress, "WRITE_SECONDS", 0.05)
    return path


# -- what a module tells -----------------------------------------------------------------------------------------------


def test_a_phase_is_told_at_once_and_then_not_too_often(told, monkeypatch):
    monkeypatch.setattr(_progress, "WRITE_SECONDS", 60.0)
    _progress.say("web1", "unpacks base.tgz", 1, 10, _progress.BYTES)
    _progress.say("web1", "unpacks base.tgz", 2, 10, _progress.BYTES)
    found = json.loads(told.read_text())
    assert (found["thing"], found["phase"], found["done"], found["total"]) == ("web1", "unpacks base.tgz", 1, 10)
    _progress.of("web1")("unpacks etc.tgz")
    assert json.loads(told.read_text())["phase"] == "unpacks etc.tgz"
    assert stat.S_IMODE(told.stat().st_mode) & 0o444 == 0o444
    assert [path.name for path in told.parent.iterdir()] == ["progress"]


def test_nobody_asks(monkeypatch, tmp_path):
    monkeypatch.delenv(_progress.VARIABLE, raising=False)
    monkeypatch.setattr(_progress, "_file", _progress._File())
    before = threading.active_count()
    with _progress.growing("x", "grows", str(tmp_path / "none")):
        _progress.say("web1", "unpacks base.tgz")
        assert threading.active_count() == before
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_grows(told, tmp_path):
    target = tmp_path / "base.tgz"
    with _progress.growing("cache", "is fetched", str(target), 4000):
        target.write_bytes(b"x" * 3000)
        deadline = time.monotonic() + 5
        while json.loads(told.read_text())["done"] != 3000:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_directory_that_grows(told, tmp_path):
    """What was there before does not count."""
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "old.tgz").write_bytes(b"x" * 5000)
    with _progress.growing("packages", "pkgin -y install xentools420", str(cache)):
        (cache / "new.tgz").write_bytes(b"x" * 3000)
        deadline = time.monotonic() + 5
        while json.loads(told.read_text())["done"] != 3000:
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.mark.parametrize("fails", [False, True])
def test_what_is_over_is_told_no_more(told, fails):
    with contextlib.suppress(OSError):
        with _progress.during("web1", "starts"):
            assert json.loads(told.read_text())["phase"] == "starts"
            if fails:
                raise OSError
    assert not told.exists()
    _progress.say("web1", "starts")
    assert json.loads(told.read_text())["began"] >= int(time.time()) - 1


def test_a_link_in_its_place_is_not_followed(told, tmp_path):
    """/tmp is everybody's."""
    victim = tmp_path / "victim"
    victim.write_text("mine")
    told.symlink_to(victim)
    Path(f"{told}.new").symlink_to(victim)
    _progress.say("web1", "unpacks base.tgz")
    assert victim.read_text() == "mine" and not told.is_symlink()


def test_work_goes_on_where_nothing_can_be_told(told, monkeypatch):
    monkeypatch.setattr(_progress._file, "path", str(told / "not" / "there"))
    _progress.say("web1", "unpacks base.tgz")


def test_the_file_goes_with_the_module(tmp_path):
    path = tmp_path / "progress"
    code = (
        "from ansible_collections.netbsd.xen.plugins.module_utils import _progress\nimport os, sys\n"
        f"_progress.say('web1', 'waits')\nassert os.path.exists({str(path)!r})\nsys.exit(3)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, _progress.VARIABLE: str(path), "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
        timeout=60,
    )
    assert ended.returncode == 3 and list(tmp_path.iterdir()) == []


# -- what is said of it ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({}, "web1: unpacks base.tgz, 7 seconds"),
        ({"done": 45_000_000, "total": 120_000_000, "unit": "bytes"}, "45.0 of 120.0 MB (37 %), 7 seconds"),
        ({"done": 1_500_000, "unit": "bytes"}, "web1: unpacks base.tgz, 1.5 MB, 7 seconds"),
        ({"done": 3, "total": 4, "unit": "files"}, "3 of 4 files (75 %), 7 seconds"),
        ({"done": 9, "total": 4, "unit": "files"}, "9 of 4 files (100 %), 7 seconds"),
    ],
)
def test_lines(values, line):
    told = {"thing": "web1", "phase": "unpacks base.tgz", "began": 1000, **values}
    assert _watched.said(f"1007\n{json.dumps(told)}\n").endswith(line)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1007\n",
        "1007\nno json",
        "1007\n[]",
        '1007\n{"thing": "web1"}',
        "x\n{}",
        '1\n{"thing":1,"phase":2,"began":"x"}',
    ],
)
def test_rubbish_is_no_line(text):
    assert _watched.said(text) == ""


def test_nothing_that_moves_a_cursor_gets_into_a_log():
    told = {"thing": "web1", "phase": "a\x1b[2Jb\rc\nd", "began": 1}
    assert _watched.said(f"1\n{json.dumps(told)}") == "web1: a?[2Jb?c?d, 0 seconds"


# -- both together -----------------------------------------------------------------------------------------------------


class Task:
    check_mode = False
    environment = None


class Action:
    def __init__(self) -> None:
        self._task = Task()
        self._connection = connection_loader.get("local", PlayContext())


@pytest.fixture
def lines(monkeypatch):
    found: list[str] = []
    monkeypatch.setattr(_watched._display, "display", lambda text, stderr=False: found.append(text))
    return found


def test_a_module_that_takes_long_is_looked_at(lines):
    action = Action()
    with _watched.watched(action, {"inventory_hostname": "xen1", "netbsd_xen_progress_seconds": 0.2}):
        ((variable, path),) = action._task.environment[0].items()
        assert variable == _progress.VARIABLE
        told = {"thing": "web1", "phase": "unpacks base.tgz", "began": int(time.time())}
        Path(path).write_text(json.dumps(told))
        deadline = time.monotonic() + 20
        while not lines and time.monotonic() < deadline:
            time.sleep(0.05)
        os.unlink(path)
    assert lines and lines[0].startswith("xen1: web1: unpacks base.tgz, ")
    assert action._task.environment is None


@pytest.mark.parametrize("seconds", [5, 0])
def test_what_is_short_costs_no_look(lines, monkeypatch, seconds):
    action = Action()
    monkeypatch.setattr(type(action._connection), "exec_command", lambda *args, **kwargs: pytest.fail("a look"))
    with _watched.watched(action, {"netbsd_xen_progress_seconds": seconds}):
        assert (action._task.environment is None) == (seconds == 0)
        time.sleep(0.1)
    assert lines == []


def test_what_the_controller_itself_waits_for(lines):
    variables = {"inventory_hostname": "xen1", "netbsd_xen_progress_seconds": 0.05}
    with _watched.waited_for(variables, "the machine", "reboots\x1b[2J"):
        time.sleep(0.4)
    assert lines and set(lines) == {"xen1: the machine: reboots?[2J, 0 seconds"}
    del lines[:]
    time.sleep(0.1)
    with _watched.waited_for({**variables, "netbsd_xen_progress_seconds": 0}, "the machine", "reboots"):
        time.sleep(0.1)
    assert lines == []


def test_a_machine_that_can_not_be_looked_at_is_no_failure(lines, monkeypatch):
    action = Action()

    def broken(*args, **kwargs):
        raise OSError("no route")

    monkeypatch.setattr(type(action._connection), "exec_command", broken)
    with _watched.watched(action, {"netbsd_xen_progress_seconds": 0.05}):
        time.sleep(0.3)
    assert lines == []
