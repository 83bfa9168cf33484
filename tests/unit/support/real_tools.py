# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine below a directory whose programs are the real ones of this one, with its paths made those below it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable

from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

MKE2FS = shutil.which("mke2fs", path="/sbin:/usr/sbin")
E2FSCK = shutil.which("e2fsck", path="/sbin:/usr/sbin")
DEBUGFS = shutil.which("debugfs", path="/sbin:/usr/sbin")
QEMU_IMG = shutil.which("qemu-img")
SECONDS = 120


class RealTools(RootedHost):
    """``programs`` are paths of the machine with what stands in for them: a path of this one, or a function of the
    argument list, which returns nothing, or status, output and messages. A link's text (ln -s) is left alone."""

    def __init__(self, root, files=None) -> None:
        super().__init__(root, files)
        self.programs: dict[str, str | Callable[[list[str]], tuple[int, str, str] | None]] = {}

    def try_run(self, argv, timeout=30.0, cwd="/", env=None, stdin=""):
        program = self.programs.get(argv[0], argv[0])
        text = len(argv) - 2 if os.path.basename(argv[0]) == "ln" else -1
        words = [argv[0], *(self.at(word) if index != text else word for index, word in enumerate(argv[1:], start=1))]

        def real(_argv):
            if callable(program):
                return program(words) or (0, "", "")
            done = subprocess.run([program, *words[1:]], capture_output=True, text=True, check=False, timeout=SECONDS)
            return done.returncode, done.stdout, done.stderr

        self.answers = {" ".join(words): real}
        result = super().try_run(words, timeout, cwd, env, stdin)
        self.commands[-1]["argv"] = list(argv)
        return result

    def unpack(self, archive, folder, told):
        super().unpack(archive, self.at(folder), told)

    def write_within(self, path, at, content):
        super().write_within(self.at(path), at, content)
