# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Host over a simulated machine, without a sandbox: files below its root, commands of the simulator."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from netbsd_sim.system import kernelinfo

from ansible_collections.netbsd.xen.plugins.module_utils._command import Result
from ansible_collections.netbsd.xen.plugins.module_utils._host import Names
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

NODES = {b"b": "block", b"c": "char"}


class SimulatedHost(RootedHost):
    """``opened`` are the paths of all files that were read."""

    def __init__(self, machine: sim_host.Host, one_look: bool = False) -> None:
        super().__init__(machine.root)
        self.one_look = one_look
        self.machine = machine
        self.opened: set[str] = set()
        with sim_host.Machine(machine.directory) as m:
            release, version = kernelinfo.release_version(m.data)
            self.is_named(Names("NetBSD", m.hostname, release, version, m.profile.arch))

    @property
    def kernel(self):
        """Another one after a reboot."""
        return kernelinfo.release_version(self.machine.data)[1]

    @kernel.setter
    def kernel(self, _text):
        pass

    def try_run(self, argv, timeout=30.0, cwd="/", env=None, stdin=""):
        if tuple(argv) in self._seen:
            return self._seen[tuple(argv)]
        # A file beside another has its name in the root of the test's own.
        words = [word[len(str(self.root)) :] if word.startswith(f"{self.root}/") else word for word in argv]
        if words[0].startswith("/etc/rc.d/"):
            words = ["/.sim/bin/rcscript", *words]
        if words[0] == "/bin/sh" and words[1] in ("/dev/MAKEDEV", "MAKEDEV"):
            words = ["/.sim/bin/makedev", *words[1:]]
        kept, here = dict(os.environ), os.getcwd()
        os.environ.update(env or {})
        os.chdir(self.at(cwd))
        try:
            found = self.machine.run(*words)
        finally:
            os.chdir(here)
            os.environ.clear()
            os.environ.update(kept)
        assert found.rc != 97, f"{argv}: {found.err}"
        self.commands.append({"argv": list(argv), "rc": found.rc, "seconds": 0.0})
        result = Result(tuple(argv), found.rc, found.out, found.err, 0.0)
        if self.one_look:
            self._seen[result.argv] = result
        return result

    def at(self, path, follow=False):
        found = super().at(path)
        if follow and "\0" not in path and os.path.islink(found) and not os.path.exists(found):
            # A command is a link into the sandbox.
            return sys.executable
        return found

    def stat(self, path, follow=True):
        found = super().stat(path, follow)
        # A node of the simulated /dev is a file that says what it is (netbsd_sim/pysite/sitecustomize.py).
        if found is None or found.kind != "file" or found.size > 64 or not path.startswith("/dev/"):
            return found
        words = super().read_bytes(path).split()
        if len(words) != 6 or words[0] not in NODES:
            return found
        return replace(found, kind=NODES[words[0]], size=0, major=int(words[1]), minor=int(words[2]))

    def read_bytes(self, path):
        found = super().read_bytes(path)
        if found is not None:
            self.opened.add(path)
        return found

    def open_file(self, path):
        self.opened.add(path)
        return super().open_file(path)
