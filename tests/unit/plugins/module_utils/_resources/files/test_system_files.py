# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files to boot with: whole, proven, and never at the cost of the one in place."""

from __future__ import annotations

import gzip
import os

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import (
    content as file_content,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import (
    resource as system_files,
)
from ansible_collections.netbsd.xen.tests.unit.support.files_machine import (
    COPY,
    FETCH,
    KERNEL,
    URL,
    XEN,
    Machine,
    content,
    failure,
    mode,
    params,
    refusal,
    run,
    sha512,
)

# -- copying


def test_a_copy(tmp_path):
    host = Machine(tmp_path)
    (change,) = run(host, dict(COPY, mode="0444")).done
    assert content(host, "/xen-4.20.gz") == XEN
    assert (change.before, change.after["sha512"], change.after["size"]) == (None, sha512(XEN), len(XEN))
    assert mode(host, "/xen-4.20.gz") == 0o444
    assert not host.exists("/xen-4.20.gz.old")


def test_the_previous_file_stays_and_the_place_is_never_empty(tmp_path):
    host = Machine(tmp_path)
    host.put("/xen-4.20.gz", b"old xen")
    run(host, COPY)
    assert content(host, "/xen-4.20.gz.old") == b"old xen" and content(host, "/xen-4.20.gz") == XEN
    assert host.seen == [
        {"xen-4.20.gz": b"old xen", "xen-4.20.gz.old": b"old xen"},
        {"xen-4.20.gz": XEN, "xen-4.20.gz.old": b"old xen"},
    ]


def test_without_keep_previous_nothing_stays(tmp_path):
    host = Machine(tmp_path)
    host.put("/xen-4.20.gz", b"old xen")
    run(host, dict(COPY, keep_previous=False))
    assert not host.exists("/xen-4.20.gz.old")


def test_no_second_script_is_left_where_every_file_is_run(tmp_path):
    host = Machine(tmp_path)
    host.put("/etc/rc.d/xencommons", "#!/bin/sh\n# PROVIDE: xencommons\n")
    host.put("/tmp/xencommons", "#!/bin/sh\n# PROVIDE: xencommons\n# new\n")
    run(host, {"src": "/tmp/xencommons", "dest": "/etc/rc.d/xencommons", "mode": "0755"})
    assert host.list_dir("/etc/rc.d") == ["xencommons"]


def test_only_the_mode(tmp_path):
    host = Machine(tmp_path)
    run(host, dict(COPY, mode="0444"))
    (change,) = run(host, dict(COPY, mode="755")).done
    assert change.summary == "set its mode to 0755"
    assert (content(host, "/xen-4.20.gz"), mode(host, "/xen-4.20.gz")) == (XEN, 0o755)


def test_without_a_mode_the_one_in_place_stays(tmp_path):
    host = Machine(tmp_path)
    host.put("/xen-4.20.gz", b"old")
    os.chmod(host.at("/xen-4.20.gz"), 0o640)
    run(host, COPY)
    assert mode(host, "/xen-4.20.gz") == 0o640


def test_missing_folders_are_made(tmp_path):
    host = Machine(tmp_path)
    run(host, dict(COPY, dest="/home/xen/kernels/xen.gz"))
    assert content(host, "/home/xen/kernels/xen.gz") == XEN


def test_check_mode_touches_nothing(tmp_path):
    host = Machine(tmp_path)
    assert len(run(host, COPY, FETCH, check=True).done) == 2
    assert host.commands == [] and not host.exists("/xen-4.20.gz")


# -- fetching


def test_a_fetch_is_checked_and_leaves_nothing_behind(tmp_path):
    host = Machine(tmp_path)
    run(host, FETCH)
    assert content(host, "/netbsd-XEN3_DOM0.gz") == KERNEL
    assert [line.split()[-1] for line in host.ran] == [URL]
    assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == []


LEFT = [f"/.netbsd-XEN3_DOM0.gz{part}.a1_b2c3d.netbsd_xen" for part in ("", ".old", ".origin")]


def test_what_a_killed_run_left_behind_is_found_told_and_removed(tmp_path):
    host = Machine(tmp_path)
    run(host, FETCH)
    for path in LEFT:
        host.put(path, KERNEL[:100])
    (change,) = run(host, FETCH, check=True).done
    assert all(path in change.summary for path in LEFT)
    assert change.diff()["before"] == "".join(f"{tmp_path}{path}\n" for path in LEFT)
    assert len(os.listdir(tmp_path)) == 5
    run(host, FETCH)
    assert sorted(os.listdir(tmp_path)) == ["netbsd-XEN3_DOM0.gz", "usr"]
    assert content(host, "/netbsd-XEN3_DOM0.gz") == KERNEL


def test_reading_ahead_sees_what_was_left_behind(tmp_path):
    host = Machine(tmp_path)
    run(host, FETCH)
    host.put(LEFT[0])
    current = system_files.read(host)
    (change,) = system_files.plan(current, system_files.declare(params(FETCH))).changes
    assert LEFT[0] in change.summary


def test_the_room_of_what_was_left_behind_can_be_used(tmp_path):
    host = Machine(tmp_path)
    left = tmp_path / ".xen-4.20.gz.a1_b2c3d.netbsd_xen"
    left.write_bytes(bytes(5000))
    host.free_bytes = lambda _path: len(XEN) + (1 << 20) - (5000 if left.exists() else 0)
    run(host, COPY)
    assert content(host, "/xen-4.20.gz") == XEN


def test_what_has_the_sum_is_never_fetched_again(tmp_path):
    host = Machine(tmp_path)
    host.put("/netbsd-XEN3_DOM0.gz", KERNEL)
    assert run(host, dict(FETCH, sha512=FETCH["sha512"].upper())).done == []
    assert host.commands == []


@pytest.mark.parametrize(
    ("offered", "spec", "words"),
    [
        (KERNEL + b"x", FETCH, "not the declared"),
        (None, FETCH, "404 Not Found"),
        (b"", dict(FETCH, sha512=None), "gave nothing"),
        (KERNEL[:-9], dict(FETCH, sha512=None), "cut short"),
        (b"<html>404</html>", dict(FETCH, sha512=None), "no gzip file"),
    ],
    ids=["another", "not there", "empty", "cut short", "an answer of a web server"],
)
def test_a_bad_fetch_leaves_the_machine_as_it_was(tmp_path, offered, spec, words):
    host = Machine(tmp_path)
    host.mirror[URL] = offered
    before = sorted(os.listdir(tmp_path))
    assert words in failure(host, spec)
    assert sorted(os.listdir(tmp_path)) == before


def test_a_bad_fetch_leaves_the_kernel_in_place(tmp_path):
    host = Machine(tmp_path)
    host.put("/netbsd-XEN3_DOM0.gz", b"good old kernel")
    host.mirror[URL] = b"rubbish"
    failure(host, FETCH)
    assert content(host, "/netbsd-XEN3_DOM0.gz") == b"good old kernel"
    assert not host.exists("/netbsd-XEN3_DOM0.gz.old")


def test_without_a_sum_what_is_there_counts_with_a_warning(tmp_path):
    host = Machine(tmp_path)
    host.put("/netbsd-XEN3_DOM0.gz", b"whatever")
    outcome = run(host, dict(FETCH, sha512=None))
    assert outcome.done == [] and "give sha512" in outcome.plan.warnings[0]


# -- refusals


def test_no_room(tmp_path):
    host = Machine(tmp_path)
    host.free = len(XEN) + (1 << 20) - 1
    words = refusal(host, COPY)
    assert str(host.free) in words and str(host.free + 1) in words
    host.free += 1
    run(host, COPY)


def test_the_previous_file_needs_room_too(tmp_path):
    host = Machine(tmp_path)
    host.put("/xen-4.20.gz", b"x" * 5000)
    host.free = len(XEN) + (1 << 20)
    assert "and the previous one" in refusal(host, COPY)
    run(host, dict(COPY, keep_previous=False))


def test_a_fetch_that_does_not_fit(tmp_path):
    host = Machine(tmp_path)
    host.free = 1 << 20
    assert "bytes free" in failure(host, FETCH)
    assert not host.exists("/netbsd-XEN3_DOM0.gz")


@pytest.mark.parametrize(
    ("broken", "words"),
    [(XEN[:-5], "cut short"), (b"MZ" + XEN, "no gzip file"), (b"", "cut short")],
    ids=["cut", "another", "empty"],  # the bytes have the time in them, and all workers have to know the same tests
)
def test_a_source_that_is_no_whole_gzip_file(tmp_path, broken, words):
    host = Machine(tmp_path)
    host.put(COPY["src"], broken)
    assert words in refusal(host, COPY)


def test_a_source_with_another_sum(tmp_path):
    host = Machine(tmp_path)
    assert "not the declared" in refusal(host, dict(COPY, sha512=sha512(KERNEL)))


def test_a_missing_source(tmp_path):
    host = Machine(tmp_path)
    os.unlink(host.at(COPY["src"]))
    assert "/usr/pkg/xen420-kernel/xen.gz does not exist" in refusal(host, COPY)
    (change,) = run(host, COPY, check=True, assume_files=[COPY["src"]]).done
    assert change.thing == "/xen-4.20.gz"


def test_a_link_is_not_replaced(tmp_path):
    host = Machine(tmp_path)
    os.symlink("netbsd", host.at("/xen-4.20.gz"))
    assert "is a link" in refusal(host, COPY)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (dict(COPY, dest="xen.gz"), "absolute"),
        (dict(COPY, dest="/a/../xen.gz"), "absolute"),
        (dict(COPY, dest="/"), "absolute"),
        (dict(COPY, dest="/xen/"), "absolute"),
        (dict(COPY, src="xen.gz"), "absolute"),
        (dict(COPY, src=COPY["dest"]), "the same file"),
        (dict(COPY, sha512="abc"), "3 characters"),
        (dict(COPY, mode="rw"), "octal"),
        (dict(COPY, mode="07777"), "octal"),
        (dict(FETCH, src="https://x/a b"), "no blanks"),
    ],
)
def test_what_makes_no_sense(tmp_path, spec, words):
    assert words in refusal(Machine(tmp_path), spec)


def test_two_sources_for_one_place(tmp_path):
    assert "declared 2 times" in refusal(Machine(tmp_path), COPY, COPY)


# -- reading ahead


def test_reading_ahead_serves_an_unchanged_run(tmp_path):
    host = Machine(tmp_path)
    script = {"src": "/usr/pkg/share/examples/rc.d/xencommons", "dest": "/etc/rc.d/xencommons", "mode": "0755"}
    guest = {"src": "https://mirror.example/netbsd-XEN3_DOMU.gz", "dest": "/home/xen/netbsd-XEN3_DOMU.gz"}
    host.put(script["src"], "#!/bin/sh\n")
    host.mirror[guest["src"]] = KERNEL
    everything = [COPY, FETCH, script, dict(guest, sha512=sha512(KERNEL))]
    run(host, *everything)
    host.put("/home/xen/web1.img", b"a disk")
    current = system_files.read(host)
    assert system_files.plan(current, system_files.declare(params(*everything))).changes == []
    assert "/home/xen/web1.img" not in current["files"]
    with pytest.raises(NotRead):
        system_files.plan(current, system_files.declare(params(dict(COPY, dest="/srv/xen.gz"))))
    os.unlink(host.at("/xen-4.20.gz"))
    with pytest.raises(NotRead):
        system_files.plan(system_files.read(host), system_files.declare(params(*everything)))


def test_a_big_gzip_file_is_read_in_pieces(tmp_path):
    host = Machine(tmp_path)
    blown_up = gzip.compress(b"\0" * (64 << 20))
    for name, data in (("whole", blown_up), ("cut", blown_up[:-1])):
        (tmp_path / f"{name}.gz").write_bytes(data)
    assert file_content.gzip_damage(host, "/whole.gz") is None
    assert file_content.gzip_damage(host, "/cut.gz") == "it is cut short"


# -- one file is no other's matter


@pytest.mark.parametrize(
    "bad",
    [
        {"src": "/nowhere/a.gz"},
        {"src": "/usr/pkg/xen420-kernel/xen.gz", "sha512": "0" * 128},
        {"src": URL, "sums": "https://mirror.example/nothing"},
        {"src": URL, "sums": "/nowhere/SHA512"},
        {"src": "/usr/pkg/xen420-kernel/torn.tgz", "member": "./netbsd", "dest": "/bad"},
        {"src": "https://mirror.example/nothing.gz"},
        {"src": "/usr/pkg/xen420-kernel/xen.gz", "dest": "/etc"},
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_a_file_that_can_not_be_had_is_a_failure_and_holds_up_no_other(tmp_path, bad, first):
    host = Machine(tmp_path)
    host.put("/usr/pkg/xen420-kernel/torn.tgz", b"torn")
    (tmp_path / "etc").mkdir()
    bad = {"dest": "/bad.gz", **bad}
    files = [bad, FETCH] if first else [FETCH, bad]
    for check in (True, False):
        outcome = converge(system_files, params(*files), host, check)
        assert FETCH["dest"] in [change.thing for change in outcome.done]
        assert check or list(outcome.failures) == [bad["dest"]]
    assert content(host, FETCH["dest"]) == KERNEL
    again = converge(system_files, params(*files), host, check=False)
    assert (again.done, list(again.failures)) == ([], [bad["dest"]])
