# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the files to boot with share: a machine with a mirror, and a way to run the resource on it."""

from __future__ import annotations

import gzip
import hashlib
import os

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import (
    resource as system_files,
)
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

XEN = gzip.compress(os.urandom(3000))
KERNEL = gzip.compress(b"dom0 kernel" * 100)
URL = "https://mirror.example/netbsd-XEN3_DOM0.gz"


def sha512(content):
    return hashlib.sha512(content).hexdigest()


class Machine(RootedHost):
    """A machine whose ftp(1) gives what the test says, and that remembers what was in place at each step."""

    def __init__(self, root):
        super().__init__(root, {"/usr/pkg/xen420-kernel/xen.gz": XEN})
        self.mirror = {URL: KERNEL}
        self.answers = {"/usr/bin/ftp": self._ftp}
        self.seen = []

    def _ftp(self, argv):
        assert argv[1] == "-o" and len(argv) == 4
        content = self.mirror.get(argv[3])
        if content is None:
            return 1, "", "ftp: Error retrieving file -- `404 Not Found'\n"
        self.put(argv[2], content)
        return ""

    def copy_file(self, source, path, mode, keep=True):
        super().copy_file(source, path, mode, keep)
        self.seen.append({name: (self.root / name).read_bytes() for name in os.listdir(self.root) if "." in name[1:]})


COPY = {"src": "/usr/pkg/xen420-kernel/xen.gz", "dest": "/xen-4.20.gz"}
FETCH = {"src": URL, "dest": "/netbsd-XEN3_DOM0.gz", "sha512": sha512(KERNEL)}


def params(*files, **given):
    filled = [dict({"sha512": None, "mode": None, "keep_previous": True}, **spec) for spec in files]
    return dict({"files": filled, "assume_files": []}, **given)


def run(host, *files, check=False, **given):
    outcome = converge(system_files, params(*files, **given), host, check)
    assert {thing: str(error) for thing, error in outcome.failures.items()} == {}
    if not check:
        assert converge(system_files, params(*files, **given), host, check=True).done == []
    return outcome


def failure(host, *files):
    outcome = converge(system_files, params(*files), host, check=False)
    assert outcome.done == []
    return str(outcome.failures[files[0]["dest"]])


def refusal(host, *files):
    """Why these files are refused, one after the other, whether that takes a look at the machine or not."""
    try:
        outcome = converge(system_files, params(*files), host, check=False)
    except Refused as error:
        words = str(error)
    else:
        assert outcome.done == [] and outcome.failures
        words = "; ".join(str(error) for error in outcome.failures.values())
    assert host.commands == []
    return words


def content(host, path):
    return (host.root / path.lstrip("/")).read_bytes()


def mode(host, path):
    return os.stat(host.at(path)).st_mode & 0o777
