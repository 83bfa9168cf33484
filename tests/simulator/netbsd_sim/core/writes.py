# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machine's Python changes in the file system: watched, logged and made to fail.

Installed by sitecustomize when the host has faults or the file `log_writes`. Each operation is a pair of its kind
(write: opened for writing; rename; unlink; mkdir; rmdir; symlink; link; chmod; chown; truncate) and the absolute path,
that of a rename being the new name. With `log_writes` they stand in commands.log beside the commands, as
{"argv": ["rename", "/etc/rc.conf"]}; rc is 0 or the error's number. A name that `tempfile` made has `*` for its random
part, in every operation on it.

Not watched: /tmp and below, which is memory; Ansible's own ~/.ansible; devices; a path relative to a descriptor.
"""

from __future__ import annotations

import builtins
import errno
import io
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from . import faults, hanging, session

_UNWATCHED = ("/tmp", "/dev", "/proc", "/.sim", "/root/.ansible")
_MAKES = os.O_WRONLY | os.O_RDWR
# Calls with one path, and those whose second one counts.
_ONE_PATH = ("unlink", "remove", "mkdir", "rmdir", "chmod", "chown", "lchown", "truncate")
_TWO_PATHS = ("rename", "replace", "symlink", "link")
_KINDS = {"remove": "unlink", "lchown": "chown", "replace": "rename"}

_temporary: dict[str, str] = {}  # real path -> the one with *


class _Watch:
    """Where to look for faults and where to log."""

    def __init__(self, host_dir: Path) -> None:
        self.host_dir = host_dir
        self.logs = (host_dir / "log_writes").exists()
        # Looked at through the real functions: this must not watch itself.
        self.open = io.open

    def before(self, kind: str, path: str) -> faults.Fault | None:
        """Raises OSError if the operation is to fail; returns a fault that comes after it."""
        with _Unwatched():
            fault = faults.take(self.host_dir, [kind, path])
        if fault is None or fault.comes_after:
            return fault
        if fault.action == faults.HANG:
            with _Unwatched():
                hanging.hang(self.host_dir)
        number = errno.ENOSPC if fault.action == faults.ENOSPC else errno.EIO
        self.log(kind, path, number)
        raise OSError(number, os.strerror(number), path)

    def after(self, fault: faults.Fault | None) -> None:
        """Carry out what comes when the work is done."""
        if fault is None:
            return
        with _Unwatched():
            if fault.action == faults.CUT_OFF or fault.action in faults.POWER_CUTS:
                _on_the_machine(self.host_dir, fault.action)
            elif fault.action == faults.DISCONNECT:
                session.end(self.host_dir)
            else:
                os.kill(os.getpid(), signal.SIGKILL)

    def log(self, kind: str, path: str, rc: int) -> None:
        if self.logs:
            line = json.dumps({"time": round(time.time(), 3), "argv": [kind, path], "rc": rc})
            with self.open(self.host_dir / "commands.log", "a") as stream:
                stream.write(line + "\n")


_busy = False


class _Unwatched:
    """While the watch itself works."""

    def __enter__(self) -> None:
        global _busy
        _busy = True

    def __exit__(self, *_exc: object) -> None:
        global _busy
        _busy = False


def _on_the_machine(host_dir: Path, action: str) -> None:
    sys.path.append("/.sim/lib")  # for what the machine's code imports late
    try:
        from . import cutoff, powercut
        from .machine import Machine

        with Machine(host_dir) as m:
            if action == faults.CUT_OFF:
                cutoff.cut(m)
            else:
                powercut.pull_the_plug(m)
    finally:
        sys.path.remove("/.sim/lib")


def _watched(path: Any) -> str | None:
    """The absolute path as it is matched and logged; None for one that nobody watches."""
    if _busy or isinstance(path, int):
        return None
    name = os.path.abspath(os.fsdecode(path))
    if any(name == top or name.startswith(top + "/") for top in _UNWATCHED):
        return None
    return _temporary.get(name, name)


def install(host_dir: Path) -> None:
    """Watch the functions of os and the built-in open."""
    watch = _Watch(host_dir)
    for names, index in ((_ONE_PATH, 0), (_TWO_PATHS, 1)):
        for name in names:
            setattr(os, name, _wrapped(watch, _KINDS.get(name, name), getattr(os, name), index))
    os.open = _wrapped_os_open(watch, os.open)
    builtins.open = io.open = _wrapped_open(watch, io.open)


def _run(watch: _Watch, kind: str, name: str, work: Any) -> Any:
    fault = watch.before(kind, name)
    try:
        result = work()
    except OSError as error:
        watch.log(kind, name, error.errno or 1)
        raise
    watch.log(kind, name, 0)
    watch.after(fault)
    return result


def _wrapped(watch: _Watch, kind: str, real: Any, index: int) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        path = args[index] if len(args) > index else kwargs.get("dst", kwargs.get("path"))
        relative = any(kwargs.get(word) is not None for word in ("dir_fd", "src_dir_fd", "dst_dir_fd"))
        name = None if relative or path is None else _watched(path)
        if name is None:
            return real(*args, **kwargs)
        return _run(watch, kind, name, lambda: real(*args, **kwargs))

    return call


def _wrapped_os_open(watch: _Watch, real: Any) -> Any:
    def call(path: Any, flags: int, *args: Any, **kwargs: Any) -> Any:
        name = None
        if flags & _MAKES and flags & os.O_TMPFILE != os.O_TMPFILE and kwargs.get("dir_fd") is None:
            name = _note_temporary(path, flags) or _watched(path)
        if name is None:
            return real(path, flags, *args, **kwargs)
        return _run(watch, "write", name, lambda: real(path, flags, *args, **kwargs))

    return call


def _note_temporary(path: Any, flags: int) -> str | None:
    """The name with * for the random part, if tempfile is just making this file."""
    caller = sys._getframe(2)
    if not flags & os.O_EXCL or caller.f_code.co_name != "_mkstemp_inner" or _watched(path) is None:
        return None
    name = os.path.abspath(os.fsdecode(path))
    random = os.fsdecode(caller.f_locals["name"])
    directory, base = os.path.split(name)
    _temporary[name] = os.path.join(directory, base.replace(random, "*"))
    return _temporary[name]


def _wrapped_open(watch: _Watch, real: Any) -> Any:
    def call(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        # With an opener, that one opens: os.open sees it.
        name = _watched(file) if set(mode) & set("wax+") and kwargs.get("opener") is None else None
        if name is None:
            return real(file, mode, *args, **kwargs)
        return _run(watch, "write", name, lambda: real(file, mode, *args, **kwargs))

    return call
