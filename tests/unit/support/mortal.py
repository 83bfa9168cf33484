# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A simulated machine on which a run of ours can be broken off behind each of its steps: a copy of it is what such a
run would have left, so that one run shows them all."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._command import Result
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost

# They only look. Whatever else a command is, it is a step.
LOOKS = ("xl list", "xl info", "ps ", "sysctl", "vnconfig -l", "xenstore-ls", "brconfig -a", "disklabel vnd", "arp ")
LOOKS += ("listwedges", "getwedgeinfo")
WRITES = ("write_text", "copy_file", "write_stream", "set_mode", "make_dir", "rename", "remove", "remove_dir", "sync")
WRITES += ("create_sparse", "write_within", "unpack")
# Programs of this machine that do the same here, over the machine's paths.
OWN = ("/bin/rm", "/bin/ln")


class Stepping(SimulatedHost):
    """``steps`` are those that a run made; ``behind`` is called with the number of each, from 1, once it is done."""

    def __init__(self, machine: sim_host.Host, behind: Callable[[int], None] | None = None) -> None:
        super().__init__(machine)
        self.steps: list[str] = []
        self.behind = behind

    def step(self, words: str, done: Callable[[], Any]) -> Any:
        found = done()
        self.steps.append(words)
        if self.behind is not None:
            self.behind(len(self.steps))
        return found

    def try_run(self, argv, timeout=30.0, cwd="/", env=None, stdin=""):
        line = " ".join(argv)
        if any(look in line for look in LOOKS) or line == "/sbin/mount":
            return super().try_run(argv, timeout, cwd, env, stdin)
        if argv[0] in OWN:
            return self.step(line, lambda: self._own(argv))
        return self.step(line, lambda: super(Stepping, self).try_run(argv, timeout, cwd, env, stdin))

    def _own(self, argv):
        # The text of a link is left as it is.
        text = len(argv) - 2 if argv[0].endswith("ln") else -1
        words = [word if number == text else self.at(word) for number, word in enumerate(argv[1:], 1)]
        subprocess.run([os.path.basename(argv[0]), *words], check=True, timeout=60)
        return Result(tuple(argv), 0, "", "", 0.0)

    def write_within(self, path, at, content):
        super().write_within(self.at(path), at, content)

    def unpack(self, archive, folder, told):
        super().unpack(archive, self.at(folder), told)


def _stepping(name: str) -> Any:
    real = getattr(Stepping, name)

    def done(self: Stepping, *args: Any, **options: Any) -> Any:
        first = args[0]
        about = " ".join(first) if isinstance(first, list) else first if isinstance(first, str) else ""
        words = f"{name} {about}"
        return self.step(words, lambda: real(self, *args, **options))

    return done


for _name in WRITES:
    setattr(Stepping, _name, _stepping(_name))


def copied(machine: sim_host.Host, folder: Path) -> sim_host.Host:
    """Another machine that is as this one is now. The files that its units are on have other numbers, as records of
    ours have them too."""
    subprocess.run(["cp", "-a", "--sparse=always", "--reflink=auto", machine.directory, folder], check=True, timeout=60)
    found = sim_host.Host(folder)
    with sim_host.Machine(folder) as m:
        inodes = {unit: m.path(path) for unit, path in m.data.get("vnd", {}).items()}
        m.data["vnd_inodes"] = {unit: path.stat().st_ino for unit, path in inodes.items() if path.exists()}
    for record in (found.root / "usr/pkg/etc/xen").glob(".*.install"):
        for disk in [*(found.root / "home/xen").glob("*.img"), *(found.root / "home/xen").glob("*.iso")]:
            before = (machine.root / disk.relative_to(found.root)).stat().st_ino
            text = record.read_text().replace(f'"inode {before} on', f'"inode {disk.stat().st_ino} on')
            record.write_text(text)
    return found
