# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module ``look`` over a machine of the tests: its own code, with the machine's files and commands below it."""

from __future__ import annotations

import json
import os
import stat
import types
from typing import Any
from unittest import mock

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed
from ansible_collections.netbsd.xen.plugins.modules import look

# A simulated machine's nodes are files.
NODES = {"block": stat.S_IFBLK, "char": stat.S_IFCHR}


class Looks:
    """What ``looked`` calls; ``asked`` are the asks of each call in the module's words, ``said`` its raw answers."""

    def __init__(self, host) -> None:
        self.host = host
        self.asked: list[list[dict[str, Any]]] = []
        self.said: list[dict[str, Any]] = []

    def __call__(self, asks: list[dict[str, Any]]) -> dict[str, Any]:
        asks = json.loads(json.dumps(asks))
        self.asked.append(asks)
        with mock.patch.multiple(look, os=_Os(self.host), run=self._run, free_bytes=self.host.free_bytes):
            found = look.Look(asks)
            self.said.append(found.answers())
        return {"said": look.packed(self.said[-1]), "commands": found.commands}

    def _run(self, ask: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self.host.try_run(
                ask["run"], ask.get("seconds", 30.0), ask.get("cwd", "/"), ask.get("env"), ask.get("stdin", "")
            )
        except CommandFailed as error:
            limit = ask.get("seconds", 30.0)
            return {"limit": limit} if error.details.get("timed_out") else {"failed": "No such file or directory"}
        return {"rc": answer.rc, "out": answer.stdout, "err": answer.stderr, "seconds": answer.seconds}


class _Os:
    """The module os of a machine in a directory."""

    def __init__(self, host) -> None:
        self.host = host
        self.environ = {"SSH_CONNECTION": host.ssh_connection}
        self.path = types.SimpleNamespace(realpath=host.real_path, join=os.path.join)

    def __getattr__(self, name):
        return getattr(os, name)

    def uname(self):
        host = self.host
        return os.uname_result((host.system, host.name, host.release, host.kernel, host.hardware))

    def stat(self, path, follow_symlinks=True):
        found = os.stat(self.host.at(path, follow_symlinks), follow_symlinks=follow_symlinks)
        seen = self.host.stat(path, follow_symlinks)
        if seen is None or seen.kind not in NODES:
            return found
        mode = NODES[seen.kind] | stat.S_IMODE(found.st_mode)
        numbers = {"st_rdev": os.makedev(seen.major, seen.minor), "st_mtime": found.st_mtime}
        return os.stat_result((mode, *found[1:6], seen.size, *found[7:]), numbers)

    def listdir(self, path):
        return os.listdir(self.host.at(path))

    def open(self, path, flags):
        return os.open(self.host.at(path), flags)
