# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The door to the machine: time limits, atomic writes, what is kept of a file."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import time

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _atomic, _command, _host
from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host


@pytest.fixture
def host():
    return Host()


class TestRun:
    def test_output_status_and_record_of_a_command(self, host):
        result = host.run(["/bin/sh", "-c", "echo out; echo err >&2"])
        assert (result.rc, result.stdout, result.stderr) == (0, "out\n", "err\n")
        assert host.commands[0]["argv"] == ["/bin/sh", "-c", "echo out; echo err >&2"]
        assert host.commands[0]["rc"] == 0

    def test_a_failure_names_command_status_and_last_words(self, host):
        with pytest.raises(CommandFailed) as caught:
            host.run(["/bin/sh", "-c", "echo no such bridge >&2; exit 3"])
        assert "exit status 3: no such bridge" in str(caught.value)
        assert caught.value.details["rc"] == 3

    def test_a_password_in_a_url_is_in_no_record_of_a_command_and_in_no_failure(self, host):
        url = "https://me:sesame@mirror.example/All"
        with pytest.raises(CommandFailed) as caught:
            host.run(["/bin/sh", "-c", 'echo "$0 is not reached" >&2; exit 3', url])
        assert "https://me:********@mirror.example/All is not reached" in str(caught.value)
        assert "sesame" not in str([caught.value, caught.value.details, host.commands])

    def test_an_accepted_status_is_no_failure(self, host):
        assert host.run(["/bin/sh", "-c", "exit 3"], ok=(0, 3)).rc == 3

    def test_a_missing_command_says_so(self, host):
        with pytest.raises(CommandFailed, match="/nonexistent/xl can't be run: No such file or directory"):
            host.run(["/nonexistent/xl", "list"])

    def test_the_time_limit_ends_a_command_and_its_children(self, host, tmp_path):
        witness = tmp_path / "still-here"
        started = time.monotonic()
        with pytest.raises(CommandFailed, match="did not end within 0.3 seconds") as raised:
            host.run(["/bin/sh", "-c", f"echo begun; (sleep 2; echo > {witness}) & wait"], timeout=0.3)
        assert raised.value.printed == "begun\n"
        assert time.monotonic() - started < 1.5
        time.sleep(2.2)
        assert not witness.exists()

    def test_a_daemon_that_keeps_the_output_open_does_not_block(self, host):
        started = time.monotonic()
        result = host.run(["/bin/sh", "-c", "sleep 3 & echo started"])
        assert result.stdout == "started\n"
        assert time.monotonic() - started < 2

    def test_a_child_that_can_not_be_killed_does_not_block(self, host, monkeypatch):
        # As xl with xenstored dead on NetBSD: uninterruptible, no signal ends it (record xenstored-dead-hang).
        monkeypatch.setattr(_command.os, "killpg", lambda *_: None)
        monkeypatch.setattr(_command, "REAP_SECONDS", 0.2)
        started = time.monotonic()
        with pytest.raises(CommandFailed):
            host.run(["/bin/sleep", "3"], timeout=0.2)
        assert time.monotonic() - started < 2

    def test_one_look_runs_a_command_once(self, tmp_path):
        counter = tmp_path / "runs"
        argv = ["/bin/sh", "-c", f"echo run >> {counter}; cat {counter}"]
        looking, acting = Host(one_look=True), Host()
        assert looking.run(argv) is looking.run(argv)
        assert len(looking.commands) == 1
        assert acting.run(argv).stdout != acting.run(argv).stdout

    def test_variables_come_over_the_fixed_ones_and_nothing_else_is_passed_on(self, host, monkeypatch):
        monkeypatch.setenv("PKG_DBDIR", "/elsewhere")
        given = {"PKG_PATH": "http://mirror.example/All", "HOME": "/tmp"}
        text = host.run(["/usr/bin/env"], env=given).stdout
        lines = dict(line.split("=", 1) for line in text.splitlines())
        assert (lines["PKG_PATH"], lines["HOME"], lines["LC_ALL"]) == ("http://mirror.example/All", "/tmp", "C")
        assert "PKG_DBDIR" not in lines

    def test_c_locale_full_path_and_no_standard_input(self, host):
        result = host.run(["/bin/sh", "-c", 'echo "$LC_ALL $PATH"; cat'])
        assert result.stdout == f"C {_command.SEARCH_PATH}\n"

    def test_working_directory(self, host, tmp_path):
        assert host.run(["/bin/pwd"], cwd=str(tmp_path)).stdout.strip() == str(tmp_path)


class TestWrite:
    def test_new_file_gets_the_mode(self, host, tmp_path):
        path = str(tmp_path / "secret.cfg")
        host.write_text(path, "x", mode=0o600)
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600

    def test_existing_mode_is_kept(self, host, tmp_path):
        path = tmp_path / "rc.conf"
        path.write_text("a")
        path.chmod(0o640)
        host.write_text(str(path), "b")
        assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("b", 0o640)

    def test_bytes_that_are_no_utf8_survive(self, host, tmp_path):
        path = tmp_path / "boot.cfg"
        path.write_bytes(b"banner=caf\xe9\n")
        host.write_text(str(path), host.read_text(str(path)))
        assert path.read_bytes() == b"banner=caf\xe9\n"

    def test_backups_keep_the_first_and_the_last(self, host, tmp_path):
        path = str(tmp_path / "boot.cfg")
        for text in ("one", "two", "three"):
            host.write_text(path, text, backup=True)
        contents = {name: (tmp_path / name).read_text() for name in os.listdir(tmp_path)}
        assert contents == {"boot.cfg": "three", "boot.cfg.orig": "one", "boot.cfg.prev": "two"}

    def test_a_full_disk_leaves_the_old_file_and_nothing_else(self, host, tmp_path, monkeypatch):
        path = tmp_path / "boot.cfg"
        path.write_text("old")

        def full(_descriptor):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(_atomic.os, "fsync", full)
        with pytest.raises(XenError, match="No space left on device. It is unchanged"):
            host.write_text(str(path), "new")
        assert os.listdir(tmp_path) == ["boot.cfg"]
        assert path.read_text() == "old"

    def test_copy_replaces_in_one_step(self, host, tmp_path):
        (tmp_path / "src").write_bytes(b"kernel")
        host.copy_file(str(tmp_path / "src"), str(tmp_path / "netbsd"), 0o444)
        assert (tmp_path / "netbsd").read_bytes() == b"kernel"
        assert stat.S_IMODE((tmp_path / "netbsd").stat().st_mode) == 0o444

    def test_a_sparse_file_never_replaces_one(self, host, tmp_path):
        path = tmp_path / "web1.img"
        host.create_sparse(str(path), 1 << 30)
        assert (path.stat().st_size, path.stat().st_blocks) == (1 << 30, 0)
        path.write_text("data")
        with pytest.raises(XenError, match="File exists"):
            host.create_sparse(str(path), 1 << 30)
        assert path.read_text() == "data"

    def test_a_link_stays_and_its_target_is_written(self, tmp_path):
        (tmp_path / "site").mkdir()
        target, link = tmp_path / "site/rc.conf", tmp_path / "rc.conf"
        target.write_text("old\n")
        target.chmod(0o600)
        link.symlink_to("site/rc.conf")
        Host().write_text(str(link), "new\n", backup=True)
        assert link.is_symlink() and (target.read_text(), target.stat().st_mode & 0o777) == ("new\n", 0o600)
        assert (tmp_path / "rc.conf.orig").read_text() == "old\n"
        (tmp_path / "dangling").symlink_to("site/later")
        Host().write_text(str(tmp_path / "dangling"), "first\n")
        assert (tmp_path / "site/later").read_text() == "first\n"


class TestRead:
    def test_absent_things_are_none(self, host, tmp_path):
        missing = str(tmp_path / "nothing" / "here")
        assert (host.read_text(missing), host.stat(missing), host.list_dir(missing)) == (None, None, [])
        assert host.exists(missing) is False

    def test_what_can_not_be_examined_is_there(self, host, monkeypatch):
        # /kern/xen/privcmd: stat fails with Errno 45, open works (record ansible-stat, NetBSD 7.99.10).
        def unsupported(*_args, **_kwargs):
            raise OSError(45, "Operation not supported")

        monkeypatch.setattr(_host.os, "stat", unsupported)
        assert host.exists("/kern/xen/privcmd") is True

    def test_device_numbers(self, host):
        null = host.stat("/dev/null")
        assert (null.kind, null.major, null.minor) == ("char", 1, 3)


class TestStreams:
    def test_a_stream_is_put_in_place_whole(self, host, tmp_path):
        path = tmp_path / "kernel"
        with host.open_file("/etc/passwd") as stream:
            host.write_stream(stream, str(path), 0o444)
        assert path.read_bytes() == host.read_bytes("/etc/passwd")
        assert stat.S_IMODE(path.stat().st_mode) == 0o444

    def test_a_stream_that_breaks_off_leaves_the_old_file(self, host, tmp_path):
        class Broken:
            def read(self, size):
                raise OSError(5, "Input/output error")

        path = tmp_path / "kernel"
        path.write_bytes(b"old")
        with pytest.raises(XenError, match="It is unchanged"):
            host.write_stream(Broken(), str(path), 0o444)
        assert path.read_bytes() == b"old" and sorted(os.listdir(tmp_path)) == ["kernel", "kernel.orig"]

    def test_what_can_not_be_opened_is_said(self, host, tmp_path):
        with pytest.raises(XenError, match="can't be read: No such file"):
            host.open_file(str(tmp_path / "none"))


def test_a_backup_that_was_interrupted_is_no_backup(host, tmp_path, monkeypatch):
    """Half of a first content would stay the first content ever found."""
    path = tmp_path / "rc.conf"
    path.write_text("first\n")

    def cut(source, target, *_length):
        target.write(source.read()[:2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(_atomic.shutil, "copyfileobj", cut)
        with pytest.raises(XenError, match="can't be written"):
            host.write_text(str(path), "second\n", backup=True)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["rc.conf"]
    host.write_text(str(path), "second\n", backup=True)
    assert (tmp_path / "rc.conf.orig").read_text() == (tmp_path / "rc.conf.prev").read_text() == "first\n"


WRITER = """
import sys, time
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
with Host().beside(sys.argv[1]) as (name, stream):
    print(name, flush=True)
    time.sleep(60)
"""


def test_a_file_that_is_being_written_is_left_alone_and_one_of_a_killed_writer_goes(host, tmp_path):
    path = str(tmp_path / "netbsd.gz")
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True, env=environment
    ) as writer:
        unfinished = writer.stdout.readline().strip()
        host.write_text(path, "new\n")
        assert (host.leftovers(path), os.path.exists(unfinished)) == ([], True)
        writer.kill()
    assert host.leftovers(path) == [unfinished]
    host.write_text(path, "newer\n")
    assert sorted(os.listdir(tmp_path)) == ["netbsd.gz", "netbsd.gz.orig"]


@pytest.mark.parametrize("name", [".netbsd.gz.abcdefgh", ".netbsd.gz.old.abcdefgh.netbsd_xen", "netbsd.gz.netbsd_xen"])
def test_a_file_of_somebody_else_is_no_leftover(host, tmp_path, name):
    (tmp_path / name).touch()
    assert host.leftovers(str(tmp_path / "netbsd.gz")) == []


# -- after a power cut


@pytest.mark.parametrize(
    "damaged", [bytes(9), b"menu=N:boo" + bytes(9), b"", b"menu=Net"], ids=["NUL", "NUL tail", "nothing", "half"]
)
def test_what_a_power_cut_left_takes_no_copys_place(tmp_path, damaged):
    host, menu = Host(), tmp_path / "boot.cfg"
    menu.write_bytes(b"menu=Mine:boot netbsd\n")
    host.write_text(str(menu), "menu=NetBSD:boot netbsd\n", backup=True)
    host.write_text(str(menu), "menu=NetBSD:boot netbsd\ntimeout=5\n", backup=True)
    menu.write_bytes(damaged)
    host.write_text(str(menu), "menu=Xen:boot xen\n", backup=True)
    assert (tmp_path / "boot.cfg.prev").read_text() == "menu=NetBSD:boot netbsd\n"
    assert (tmp_path / "boot.cfg.orig").read_text() == "menu=Mine:boot netbsd\n"
    assert menu.read_text() == "menu=Xen:boot xen\n"


def test_a_shorter_content_that_is_whole_is_kept(tmp_path):
    host, menu = Host(), tmp_path / "boot.cfg"
    menu.write_text("timeout=5\ndefault=1\n")
    host.write_text(str(menu), "timeout=5\n", backup=True)
    host.write_text(str(menu), "timeout=6\n", backup=True)
    assert (tmp_path / "boot.cfg.prev").read_text() == "timeout=5\n"


def test_what_came_from_a_power_cut_is_refused_with_what_to_do(tmp_path):
    host, conf = Host(), tmp_path / "rc.conf"
    conf.write_bytes(bytes(30))
    (tmp_path / "rc.conf.prev").write_text("sshd=YES\n")
    with pytest.raises(XenError) as caught:
        host.read_config(str(conf))
    assert str(caught.value) == (
        f"{conf} holds nothing but NUL bytes, as a power cut leaves what was not on the disk yet. It is not touched. "
        f"Restore it ({conf}.prev hold earlier contents), and run this again."
    )


def test_an_empty_file_is_damage_only_where_it_can_not_be(tmp_path):
    host, conf = Host(), tmp_path / "rc.conf"
    assert host.read_config(str(conf), may_be_empty=False) is None
    conf.touch()
    assert host.read_config(str(conf)) == ""
    with pytest.raises(XenError, match="is empty"):
        host.read_config(str(conf), may_be_empty=False)


def test_a_path_with_nul_is_no_file():
    host = Host()
    assert (host.stat("/etc/\0"), host.exists("/etc/\0"), host.read_bytes("/etc/\0"), host.list_dir("/\0")) == (
        None, False, None, [],
    )


def test_sync_passes_over_what_has_no_content(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "link").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    paths = [tmp_path, tmp_path / "file", tmp_path / "link", tmp_path / "pipe", tmp_path / "gone", "/\0"]
    assert Host().sync(map(str, paths)) == 2


def test_a_disk_that_does_not_take_a_file_is_told(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")

    def fails(_descriptor):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(XenError, match="does not get to the disk: Input/output error"):
        Host().sync([str(tmp_path / "file")])
    assert Host().sync([str(tmp_path)]) == 1


def test_what_lies_on_no_device_can_be_examined(tmp_path, monkeypatch):
    """All below /kern and /proc has -1 for its device (NetBSD 7.99.10)."""
    real = os.stat

    def stat_without_device(path, **options):
        found = real(path, **options)
        return os.stat_result([*found[:2], -1, *found[3:10]])

    monkeypatch.setattr(os, "stat", stat_without_device)
    found = Host().stat(str(tmp_path))
    assert found is not None and found.kind == "directory"
    assert found.device == f"{os.major(2**64 - 1)},{os.minor(2**64 - 1)}"
