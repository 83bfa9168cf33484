# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Runs inside a simulated host: many command lines one after the other, in one session.

Standard input is a JSON list of {cmd, env, cwd, seconds}; standard output gets a JSON list of {rc, stdout, stderr}. A
simulated command runs in a fork of this process, as its own process would: that spares the start of a Python for each.
rc is "timeout" for a command that was still there after `seconds`, "start:REASON" for one that could not be started.
"""
from __future__ import annotations

import json
import os
import signal
import sys
import time
import types

sys.path.append("/.sim/lib")
sys.modules["inspect"] = types.SimpleNamespace(  # as the simulated commands do
    get_annotations=lambda cls: cls.__dict__.get("__annotations__", {}), signature=lambda cls: "")

from netbsd_sim.core import dispatch  # noqa: E402

_COMMAND = "/.sim/bin/command"
_PATH = "/sbin:/usr/sbin:/bin:/usr/bin:/usr/pkg/sbin:/usr/pkg/bin"


def run(record: dict) -> dict:
    """One command line."""
    argv, seconds = record["cmd"], record.get("seconds", 20)
    environment = {**os.environ, "PATH": _PATH, **record.get("env", {})}
    directory = record.get("cwd", "/root")
    if not os.access(argv[0], os.X_OK):
        return {"rc": "start:No such file or directory", "stdout": "", "stderr": ""}
    files = [os.memfd_create(name) for name in ("stdout", "stderr")]
    child = os.fork()
    if child == 0:
        _become(argv, environment, directory, *files)
    rc = _ended(child, seconds)
    texts = []
    for file in files:
        os.lseek(file, 0, os.SEEK_SET)
        with os.fdopen(file, errors="replace") as stream:
            texts.append(stream.read())
    return {"rc": rc, "stdout": texts[0], "stderr": texts[1]}


def _become(argv: list[str], environment: dict[str, str], directory: str, out: int, err: int) -> None:
    try:
        os.setpgid(0, 0)
        os.chdir(directory)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        if os.path.realpath(argv[0]) != _COMMAND:
            os.execve(argv[0], argv, environment)
        os.environ.update(environment)
        sys.argv = argv
        dispatch.main()
    except BaseException:  # a traceback of the simulator is what is to be seen
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)


def _ended(child: int, seconds: float) -> int | str:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.002)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timeout"


if __name__ == "__main__":
    json.dump([run(record) for record in json.load(sys.stdin)], sys.stdout)
