# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kernel out of a set, and sums that the mirror tells: fetched once, checked, and known again without fetching."""

from __future__ import annotations

import io
import json
import os
import tarfile

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import resource as system_files
from ansible_collections.netbsd.xen.tests.unit.support.files_machine import (
    KERNEL,
    URL,
    Machine,
    content,
    mode,
    params,
    refusal,
    run,
    sha512,
)

PLAIN = b"an ELF kernel" * 1000
SET = "https://mirror.example/sets/kern-XEN3_DOM0.tar.xz"
SUMS, SET_SUMS = "https://mirror.example/SHA512", "https://mirror.example/sets/SHA512"
DEST = "/netbsd-XEN3_DOM0"
FROM_SET = {"src": SET, "dest": DEST, "member": "./netbsd", "mode": "0444"}
FETCH = {"src": URL, "dest": DEST + ".gz", "sums": SUMS}


def archive(kind="xz", kernel=PLAIN, **others):
    """A set as NetBSD ships one."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{kind}") as tar:
        for name, data in {"./etc/x": b"other", "./netbsd": kernel, **others}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
        link = tarfile.TarInfo("./link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    return buffer.getvalue()


class Mirror(Machine):
    """The mirror also prints a file to standard output, and has sums."""

    def __init__(self, root):
        super().__init__(root)
        self.offer(archive())

    def offer(self, kernel_set):
        self.mirror[SET] = kernel_set
        self.mirror[SET_SUMS] = f"SHA512 (kern-XEN3_DOM0.tar.xz) = {sha512(kernel_set)}\n".encode()
        self.mirror[SUMS] = f"MD5 (x) = 1\nSHA512 (netbsd-XEN3_DOM0.gz) = {sha512(KERNEL)}\n".encode()

    def _ftp(self, argv):
        if argv[2] == "-":
            found = self.mirror.get(argv[3])
            return (1, "", "ftp: 404 Not Found\n") if found is None else (0, found.decode(), "")
        return super()._ftp(argv)

    @property
    def fetched(self):
        return [line.rsplit(" ", 1)[1] for line in self.ran if line.startswith("/usr/bin/ftp")]


def failure(host, spec):
    outcome = converge(system_files, params(spec), host, check=False)
    assert outcome.done == []
    return str(outcome.failures[spec["dest"]])


def ahead(host, spec):
    """The plan that the controller makes of what was read ahead."""
    return system_files.plan(system_files.read(host), system_files.declare(params(spec)))


def ahead_finds_work(host, spec):
    """Whether the controller sees that the machine must look for itself."""
    with pytest.raises(NotRead):
        ahead(host, spec)
    return True


# -- a member of a set


@pytest.mark.parametrize("kind", ["gz", "xz"])
def test_a_kernel_comes_out_of_its_set(tmp_path, kind):
    host = Mirror(tmp_path)
    host.offer(archive(kind))
    (change,) = run(host, FROM_SET).done
    assert content(host, DEST) == PLAIN and mode(host, DEST) == 0o444
    assert change.summary == f"fetch it from {SET}, and take ./netbsd out of it"
    assert sorted(os.listdir(tmp_path)) == ["netbsd-XEN3_DOM0", "netbsd-XEN3_DOM0.origin", "usr"]


def test_a_kernel_from_a_set_is_known_again_without_fetching(tmp_path):
    host = Mirror(tmp_path)
    spec = dict(FROM_SET, sums=SET_SUMS)
    run(host, spec)
    assert host.fetched == [SET_SUMS, SET]
    assert ahead(host, spec).changes == [] and ahead(host, spec).warnings == []
    assert host.fetched == [SET_SUMS, SET]


def test_a_kernel_that_somebody_changed_is_put_back(tmp_path):
    host = Mirror(tmp_path)
    run(host, FROM_SET)
    host.put(DEST, b"another kernel")
    assert ahead_finds_work(host, FROM_SET)
    run(host, FROM_SET)
    assert content(host, DEST) == PLAIN and content(host, DEST + ".old") == b"another kernel"


def test_a_kernel_without_a_note_is_not_believed_and_not_replaced_by_itself(tmp_path):
    host = Mirror(tmp_path)
    host.put(DEST, PLAIN)
    host.put(DEST + ".old", b"the one before")
    run(host, dict(FROM_SET, sha512=sha512(host.mirror[SET])))
    assert host.fetched == [SET]
    assert content(host, DEST + ".old") == b"the one before"


def test_another_set_is_fetched_and_the_kernel_before_stays(tmp_path):
    host = Mirror(tmp_path)
    run(host, dict(FROM_SET, sha512=sha512(host.mirror[SET])))
    host.offer(archive(kernel=b"a newer kernel"))
    run(host, dict(FROM_SET, sha512=sha512(host.mirror[SET])))
    assert content(host, DEST) == b"a newer kernel" and content(host, DEST + ".old") == PLAIN


def test_a_set_on_the_machine_is_looked_into_before_anything_is_touched(tmp_path):
    host = Mirror(tmp_path)
    host.put("/home/sets/kern.tgz", archive("gz"))
    spec = dict(FROM_SET, src="/home/sets/kern.tgz")
    (change,) = run(host, spec, check=True).done
    assert change.after == {"from": spec["src"], "member": "./netbsd", "sha512": sha512(PLAIN), "size": len(PLAIN)}
    assert not host.exists(DEST)
    run(host, spec)
    with pytest.raises(NotRead):
        ahead(host, spec)
    host.put("/home/sets/kern.tgz", archive("gz", kernel=b"a newer kernel"))
    run(host, spec)
    assert content(host, DEST) == b"a newer kernel"


@pytest.mark.parametrize(
    ("offered", "name", "words"),
    [
        (archive(), "netbsd", "has no netbsd; it begins with ./etc/x, ./netbsd"),
        (archive(), "./link", "is no plain file"),
        (archive()[:-100], "./netbsd", "can't be unpacked"),
        (archive("gz")[:60], "./netbsd", "can't be unpacked"),
        (b"<html>", "./netbsd", "can't be unpacked"),
    ],
    ids=["without it", "link", "cut short", "hardly begun", "no archive"],
)
def test_a_bad_set_leaves_the_machine_as_it_was(tmp_path, offered, name, words):
    host = Mirror(tmp_path)
    host.put(DEST, b"good old kernel")
    host.offer(offered)
    assert words in failure(host, dict(FROM_SET, member=name))
    assert sorted(os.listdir(tmp_path)) == ["netbsd-XEN3_DOM0", "usr"]
    assert content(host, DEST) == b"good old kernel"


def test_a_set_cut_short_after_the_kernel_began_does_no_harm(tmp_path):
    whole = archive("gz", kernel=os.urandom(1 << 16))
    host = Mirror(tmp_path)
    host.put("/home/sets/kern.tgz", whole[: len(whole) // 2])
    assert "can't be unpacked" in failure(host, dict(FROM_SET, src="/home/sets/kern.tgz"))
    assert not host.exists(DEST)


def test_a_kernel_that_does_not_fit(tmp_path):
    host = Mirror(tmp_path)
    host.free = len(PLAIN) + (1 << 20) - 1
    assert "bytes free" in failure(host, FROM_SET)
    host.free += 1
    run(host, FROM_SET)


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (dict(FROM_SET, src=URL), "member is for archives"),
        (dict(FROM_SET, dest=DEST + ".gz"), "is not compressed"),
        (dict(FROM_SET, dest="/etc/rc.d/netbsd"), "is run at boot"),
        (dict(FETCH, sums="SHA512"), "sums is 'SHA512'"),
        (dict(FETCH, sums="https://x/a b"), "no blanks"),
    ],
)
def test_what_makes_no_sense(tmp_path, spec, words):
    assert words in refusal(Mirror(tmp_path), spec)


# -- sums that a mirror tells


def test_what_is_fetched_is_checked_against_the_mirrors_sums(tmp_path):
    host = Mirror(tmp_path)
    assert run(host, FETCH).plan.warnings == []
    assert content(host, DEST + ".gz") == KERNEL
    assert host.fetched == [SUMS, URL]
    assert ahead(host, FETCH).changes == []
    host.mirror[URL] = host.mirror[SUMS] = None
    assert run(host, FETCH).done == []


def test_what_the_mirror_does_not_vouch_for_is_refused(tmp_path):
    host = Mirror(tmp_path)
    host.mirror[URL] = KERNEL + b"x"
    assert f"not the one in {SUMS}" in failure(host, FETCH)
    assert os.listdir(tmp_path) == ["usr"]


def test_sums_without_the_file_are_refused(tmp_path):
    host = Mirror(tmp_path)
    host.mirror[SUMS] = b"SHA512 (other) = " + b"a" * 128
    assert "has no line 'SHA512 (netbsd-XEN3_DOM0.gz)" in failure(host, FETCH)
    assert os.listdir(tmp_path) == ["usr"]


def test_a_declared_sum_wins(tmp_path):
    host = Mirror(tmp_path)
    host.mirror[SUMS] = None
    run(host, dict(FETCH, sha512=sha512(KERNEL)))
    assert host.fetched == [URL] and not host.exists(DEST + ".gz.origin")


def test_a_file_that_the_mirror_vouches_for_is_kept_and_noted(tmp_path):
    host = Mirror(tmp_path)
    host.put(DEST + ".gz", KERNEL)
    assert ahead_finds_work(host, FETCH)
    (change,) = run(host, FETCH).done
    assert change.summary == f"note that it is what {URL} offers"
    assert set(host.fetched) == {SUMS} and not host.exists(DEST + ".gz.old")
    assert ahead(host, FETCH).changes == []


def test_another_mirror_with_the_same_file_is_asked_once(tmp_path):
    host = Mirror(tmp_path)
    run(host, FETCH)
    other = dict(FETCH, src="http://other.example/netbsd-XEN3_DOM0.gz", sums="http://other.example/SHA512")
    host.mirror[other["sums"]] = host.mirror[SUMS]
    run(host, other)
    assert ahead(host, other).changes == []
    assert host.fetched.count(other["src"]) == 0


def test_a_note_that_was_not_checked_does_not_stand_for_a_check(tmp_path):
    host = Mirror(tmp_path)
    host.put(DEST + ".gz", KERNEL)
    note = {"from": URL, "member": "", "sha512": sha512(KERNEL), "installed": sha512(KERNEL), "checked": False}
    host.put(DEST + ".gz.origin", json.dumps(note))
    run(host, FETCH)
    assert set(host.fetched) == {SUMS}


@pytest.mark.parametrize("rubbish", ["", "[]", "{", '{"from": 7}', "\xff"])
def test_a_spoilt_note_proves_nothing(tmp_path, rubbish):
    host = Mirror(tmp_path)
    run(host, FROM_SET)
    host.put(DEST + ".origin", rubbish)
    assert len(run(host, FROM_SET).done) == 1


def test_sums_on_the_machine_check_a_file_on_the_machine(tmp_path):
    host = Mirror(tmp_path)
    host.put("/home/sets/netbsd-XEN3_DOM0.gz", KERNEL)
    host.put("/home/sets/SHA512", f"SHA512 (netbsd-XEN3_DOM0.gz) = {'0' * 128}\n")
    spec = {"src": "/home/sets/netbsd-XEN3_DOM0.gz", "dest": DEST + ".gz", "sums": "/home/sets/SHA512"}
    assert "not the one in /home/sets/SHA512" in failure(host, spec)
    host.put("/home/sets/SHA512", f"SHA512 (netbsd-XEN3_DOM0.gz) = {sha512(KERNEL)}\n")
    run(host, spec)
    assert host.commands == []


def test_a_note_goes_with_the_file_that_it_was_about(tmp_path):
    host = Mirror(tmp_path)
    run(host, FETCH)
    host.put(DEST + ".gz", b"x")
    run(host, dict(FETCH, sha512=sha512(KERNEL)))
    assert not host.exists(DEST + ".gz.origin")
