# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A login at a console, commands and files over it: with a real shell on a real tty, behind a line that is slow or
bad."""

from __future__ import annotations

import os
import random
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader

from ansible_collections.netbsd.xen.plugins.plugin_utils._console.agent import Agent
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.link import (
    LEAVE,
    Spawned,
    console_arguments,
    opened,
    refused,
)
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.needs import ConsoleError, Ended, Held
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.session import Session
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.talk import Talk
from ansible_collections.netbsd.xen.tests.unit.support.console_guest import PASSWORD, Guest


@contextmanager
def guest(tmp_path: Path, **line: object) -> Iterator[Guest]:
    made = Guest(tmp_path / "g", **line)
    try:
        yield made
    finally:
        made.stop()


@contextmanager
def console(made: Guest, pace: float = 0.005) -> Iterator[Talk]:
    link = Spawned([made.ssh, "web1", "exec xl console web1"])
    try:
        talk = Talk(link, pace=pace)
        try:
            talk.take(opened(link, "", 20))
            yield talk
        except Ended:
            raise refused("web1", link, made.say) from None
    finally:
        link.close()


def login(talk: Talk, password: str = PASSWORD, use_shell: bool = False, seconds: float = 30) -> tuple[Session, Agent]:
    session = Session(talk, "web1", "root", password, use_shell)
    return session, session.begin(seconds)


def test_dom0s_login_shell_may_be_a_csh() -> None:
    """Which says "Unknown variable modifier." to what sh takes for an assignment (measured on 7.99.10)."""
    ssh = connection_loader.get("ssh", PlayContext(), os.devnull)
    ssh.set_options(var_options={"ansible_host": "nb1"})
    *_words, host, remote = console_arguments(ssh, "web1", "xl")
    *shell, script = shlex.split(remote)
    assert (host, shell) == ("nb1", ["/bin/sh", "-c"])
    assert script.endswith("exec xl console web1")
    # Of a csh's own signs in quotes there are none, and its words are shorter than this (bin/csh/csh.h, BUFSIZE).
    assert "!" not in remote and len(remote) < 1024


@pytest.mark.parametrize("uid", ["0", "1000"])
def test_who_is_not_root_in_dom0_is_told_so(tmp_path: Path, uid: str) -> None:
    for name, text in (("id", f"[ $1 = -u ] && echo {uid} || echo admin"), ("xl", "echo console of $2")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{text}\n")
        (tmp_path / name).chmod(0o755)
    ssh = connection_loader.get("ssh", PlayContext(), os.devnull)
    ssh.set_options(var_options={"ansible_host": "nb1"})
    remote = console_arguments(ssh, "web1", "xl")[-1]
    ended = subprocess.run(remote, shell=True, env={"PATH": str(tmp_path)}, capture_output=True, text=True, timeout=30)
    if uid == "0":
        assert (ended.returncode, ended.stdout) == (0, "console of web1\n")
    else:
        assert ended.returncode == 1
        assert "are for root of dom0, and the login there is admin: have ansible_user of dom0 be root" in ended.stdout


def test_it_runs_commands_and_logs_out(tmp_path: Path) -> None:
    with guest(tmp_path) as made:
        for _time in range(2):
            with console(made) as talk:
                session, agent = login(talk)
                assert session.faced == ["login"]
                assert agent.run("echo out; echo 'bad äöü' >&2; exit 7", None, 0) == (7, b"out\n", "bad äöü\n".encode())
                assert agent.run("tr a-z A-Z", b"some\0data\n", 0) == (0, b"SOME\0DATA\n", b"")
                assert session.end()
                talk.link.write(LEAVE)


# Always the same: where pieces end is up to their content, and by chance one can be as long as all of it.
PAYLOAD = random.Random(1).randbytes(60 * 1024) + b"a module's text, which is all the same\n" * 1100


def test_what_is_sent_comes_whole_over_a_slow_and_bad_line(tmp_path: Path) -> None:
    """Where bytes are lost, and of more than 1024 at once the rest."""
    data = PAYLOAD[:20000]
    with guest(tmp_path, lost=0.00005, keeps=1024, rate=100000) as made, console(made) as talk:
        _session, agent = login(talk)
        agent.put(data, str(tmp_path / "arrived"))
        assert (tmp_path / "arrived").read_bytes() == data
        assert agent.repeated > 0 and agent.uploaded >= len(data)
        assert agent.get(str(tmp_path / "arrived")) == data


def test_a_module_is_kept_in_pieces_that_are_not_believed(tmp_path: Path) -> None:
    with guest(tmp_path) as made, console(made) as talk:
        _session, agent = login(talk)
        agent.put(PAYLOAD, str(tmp_path / "first"))
        assert (tmp_path / "first").read_bytes() == PAYLOAD and len(PAYLOAD) > 100 * 1024
        # A request took 0.3 seconds where thirty others wanted the two processors: 100 KiB take less than a minute.
        assert agent.sent < 150
        # The same with other arguments before and in it: little is sent.
        before = agent.uploaded
        changed = b"arguments" + PAYLOAD[:40000] + b"more" + PAYLOAD[40000:]
        agent.put(changed, str(tmp_path / "second"))
        assert (tmp_path / "second").read_bytes() == changed
        assert agent.uploaded - before < 80000
        for kept in (made.directory / "home/.ansible/console").iterdir():
            kept.write_bytes(b"another")
        agent.put(changed, str(tmp_path / "third"))
        assert (tmp_path / "third").read_bytes() == changed


def test_a_second_reader_is_refused_and_told_who_has_it(tmp_path: Path) -> None:
    with guest(tmp_path) as made, console(made), pytest.raises(Held) as told, console(made) as talk:
        login(talk)
    text = str(told.value)
    assert "web1: its console is in use, by root on ttyp0 since" in text
    assert "xl console web1)" in text


def typed(talk: Talk, text: str, sees: str) -> None:
    for key in text:
        talk.key(key)
    assert talk.until(lambda _face: True if sees.rstrip() in talk.screen.text else None, 20), talk.screen.text


def person(talk: Talk) -> None:
    typed(talk, "\r", "login: ")
    typed(talk, "root\r", "Password:")
    typed(talk, f"{PASSWORD}\r", "web1# ")


BUSY = {
    "nothing typed": ("", "somebody is at its console (in it stands 'web1#')"),
    "half a line": ("touch DIR/gone", "somebody is at its console"),
    "a pager": ("seq 1 300 | more\r", ""),
    "an editor": ("vi DIR/text\r", ""),
}


@pytest.mark.parametrize(
    ("doing", "fresh"),
    [("nothing typed", True), ("half a line", True), ("half a line", False), ("a pager", False), ("an editor", True)],
    ids=str,
)
def test_a_person_is_not_disturbed(tmp_path: Path, doing: str, fresh: bool) -> None:
    """What a new console does not show of a program is told as silence; and nothing is typed that it could take."""
    keys, told = BUSY[doing]
    there = tmp_path / "d"
    there.mkdir()
    with guest(tmp_path) as made:
        with console(made) as talk:
            person(talk)
            for key in keys.replace("DIR", str(there)):
                talk.key(key)
            while talk.hear(0.7):
                pass
            if not fresh:
                with pytest.raises(ConsoleError) as refused:
                    login(talk, seconds=3)
        if fresh:
            with console(made) as talk, pytest.raises(ConsoleError) as refused:
                login(talk, seconds=3)
    assert told in str(refused.value)
    assert [path.name for path in there.iterdir() if not path.name.startswith(".")] == []


def test_a_boot_that_stands_on_a_line_is_nobody(tmp_path: Path) -> None:
    with guest(tmp_path, stands=5.0) as made, console(made) as talk:
        (made.directory / "boots").touch()
        assert talk.until(lambda _face: True if "Checking quotas:" in talk.screen.text else None, 20)
        session, agent = login(talk)
        assert session.faced[0] == "held" and session.faced[-1] == "login"
        assert agent.run("echo up", None, 0)[1] == b"up\n"


def test_what_a_killed_run_left_is_logged_out_first(tmp_path: Path) -> None:
    with guest(tmp_path) as made:
        with console(made) as talk:
            login(talk)
        with console(made) as talk:
            session, agent = login(talk)
            assert session.faced == ["ours", "login"]
            assert agent.run("echo again", None, 0)[1] == b"again\n"


def test_a_shell_that_is_there_can_be_used_and_is_left_as_it_was(tmp_path: Path) -> None:
    with guest(tmp_path) as made, console(made) as talk:
        person(talk)
        session, agent = login(talk, use_shell=True)
        assert agent.run("echo $0 used", None, 0)[0] == 0
        assert session.end()
        typed(talk, "stty -a | tr ' ' '\\n' | grep -c ^echo$\r", "\n1\n")


def test_a_refused_login_is_told(tmp_path: Path) -> None:
    with guest(tmp_path) as made, console(made) as talk:
        with pytest.raises(ConsoleError, match="refused the login of root") as refused:
            login(talk, password="wrong-word")
        assert "wrong-word" not in str(refused.value)


@pytest.mark.parametrize("shell", [["/bin/bash", "--norc", "-i"], ["/bin/sh"]], ids=["bash", "sh"])
def test_shells(tmp_path: Path, shell: list[str]) -> None:
    with guest(tmp_path, shell=shell) as made, console(made) as talk:
        _session, agent = login(talk)
        assert agent.run("echo it works", None, 0) == (0, b"it works\n", b"")
