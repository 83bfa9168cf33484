# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Host over a simulated machine, without a sandbox: files below its root, commands of the simulator."""

from __future__ import annotations

import os

from ansible_collections.netbsd.xen.plugins.module_utils._command import SEARCH_PATH, Result
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

_DIRECTORIES = SEARCH_PATH.split(":")


class SimulatedHost(RootedHost):
    """``opened`` are the paths of all files that were read."""

    def __init__(self, machine: sim_host.Host) -> None:
        super().__init__(machine.root)
        self.machine = machine
        self.opened: set[str] = set()
        with sim_host.Machine(machine.directory) as m:
            self.release, self.processor = m.profile.netbsd_release, m.profile.processor

    def try_run(self, argv, timeout=30.0, cwd="/", env=None, stdin=""):
        words = list(argv)
        if words[0].startswith("/etc/rc.d/"):
            words = ["/.sim/bin/rcscript", *words]
        if words[:2] == ["/bin/sh", "/dev/MAKEDEV"]:
            words = ["/.sim/bin/makedev", *words[1:]]
        kept = dict(os.environ)
        os.environ.update(env or {})
        try:
            found = self.machine.run(*words)
        finally:
            os.environ.clear()
            os.environ.update(kept)
        assert found.rc != 97, f"{argv}: {found.err}"
        self.commands.append({"argv": list(argv), "rc": found.rc, "seconds": 0.0})
        return Result(tuple(argv), found.rc, found.out, found.err, 0.0)

    def exists(self, path):
        # A command is a link into the sandbox.
        return super().exists(path) or ("\0" not in path and os.path.islink(self.at(path)))

    def read_bytes(self, path):
        found = super().read_bytes(path)
        if found is not None:
            self.opened.add(path)
        return found

    def open_file(self, path):
        self.opened.add(path)
        return super().open_file(path)
