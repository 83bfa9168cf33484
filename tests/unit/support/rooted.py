# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real Host in a directory of its own, with commands answered by the test."""

from __future__ import annotations

import os
import pathlib

from ansible_collections.netbsd.xen.plugins.module_utils._command import Result
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host


class RootedHost(Host):
    """Files are real, below ``root``. A command is looked up by its words: its answer is a text, a Result-like tuple
    (rc, stdout, stderr) or a function of the argument list. A command that no test expects fails loudly."""

    # What few tests are about: the machine tells nothing of its disks, memory and ports, unless a test has it so.
    UNTOLD = {f"/sbin/{words}": (1, "", "") for words in ("sysctl -n hw.disknames", "sysctl -n hw.physmem64", "dmesg")}

    def __init__(self, root: pathlib.Path, files: dict[str, str | bytes] | None = None) -> None:
        super().__init__()
        self.system = "NetBSD"
        self.release = "10.1"
        self.root = root
        self.answers: dict[str, object] = {}
        self.free = 1 << 40
        self.environments: list[dict[str, str]] = []
        self.inputs: list[str] = []
        self.synced: list[str] = []
        for path, content in (files or {}).items():
            self.put(path, content)

    def at(self, path: str, follow: bool = False) -> str:
        return str(self.root) + path if path.startswith("/") and not path.startswith(str(self.root)) else path

    def put(self, path: str, content: str | bytes = "x") -> None:
        target = pathlib.Path(self.at(path))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape"))

    def text(self, path: str) -> str:
        return pathlib.Path(self.at(path)).read_text(encoding="utf-8", errors="surrogateescape")

    @property
    def ran(self) -> list[str]:
        return [" ".join(command["argv"]) for command in self.commands]

    def try_run(self, argv, timeout=30.0, cwd="/", env=None, stdin=""):
        line = " ".join(argv)
        answers = {**self.UNTOLD, **self.answers}
        keys = [known for known in answers if line == known or line.startswith(known + " ")]
        assert keys, f"unexpected command: {line}"
        answer = answers[max(keys, key=len)]
        if callable(answer):
            answer = answer(list(argv))
        if isinstance(answer, Exception):
            raise answer
        rc, stdout, stderr = answer if isinstance(answer, tuple) else (0, answer or "", "")
        self.commands.append({"argv": list(argv), "rc": rc, "seconds": 0.0})
        self.environments.append(dict(env or {}))
        self.inputs.append(stdin)
        return Result(tuple(argv), rc, stdout, stderr, 0.0)

    def read_bytes(self, path):
        return super().read_bytes(self.at(path))

    def open_file(self, path):
        return super().open_file(self.at(path))

    def exists(self, path):
        return super().exists(self.at(path, True))

    def stat(self, path, follow=True):
        return super().stat(self.at(path, follow), follow)

    def real_path(self, path):
        real = super().real_path(self.at(path))
        return real if path.startswith(str(self.root)) else real[len(os.path.realpath(self.root)) :]

    def list_dir(self, path):
        return super().list_dir(self.at(path))

    def free_bytes(self, path):
        return self.free

    def write_text(self, path, text, mode=0o644, backup=False):
        super().write_text(self.at(path), text, mode, backup)

    def beside(self, path):
        return super().beside(self.at(path))

    def leftovers(self, path):
        return super().leftovers(self.at(path))

    def unfinished(self, folder):
        return super().unfinished(self.at(folder))

    def copy_file(self, source, path, mode, keep=True):
        super().copy_file(self.at(source), self.at(path), mode, keep)

    def write_stream(self, stream, path, mode, keep=True):
        super().write_stream(stream, self.at(path), mode, keep)

    def create_sparse(self, path, size, mode=0o600):
        super().create_sparse(self.at(path), size, mode)

    def write_within(self, path, at, content):
        super().write_within(self.at(path), at, content)

    def make_dir(self, path, mode=0o755):
        super().make_dir(self.at(path), mode)

    def set_mode(self, path, mode):
        super().set_mode(self.at(path), mode)

    def rename(self, source, path, keep=False):
        super().rename(self.at(source), self.at(path), keep)

    def remove(self, path, keep=False):
        super().remove(self.at(path), keep)

    def remove_dir(self, path):
        super().remove_dir(self.at(path))

    def sync(self, paths):
        named = list(paths)
        self.synced += named
        return super().sync([self.at(path) for path in named])
