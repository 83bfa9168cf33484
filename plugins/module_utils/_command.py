# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Running a command: an argument list with a time limit, in the C locale."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ._change import CommandFailed
from ._formats.urls import masked

# A non-login ssh to NetBSD has no sbin in its PATH (record path-raw), and rc.d scripts expect a full one.
SEARCH_PATH = "/sbin:/usr/sbin:/bin:/usr/bin:/usr/pkg/sbin:/usr/pkg/bin:/usr/local/sbin:/usr/local/bin"
# After a kill: how long to wait for the dead child. A process in uninterruptible sleep (xl with xenstored dead) never
# goes, and waiting for it would hang us too.
REAP_SECONDS = 2.0
# How often a command that runs is looked at: soon at first, because most take a few milliseconds.
FIRST_LOOK_SECONDS = 0.001
SLOWEST_LOOK_SECONDS = 0.02
TAIL_LINES = 10


@dataclass(frozen=True)
class Result:
    """What a command did. ``rc`` is the exit status, negative for a signal; ``seconds`` is wall time."""

    argv: tuple[str, ...]
    rc: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def tail(self) -> str:
        """The last lines that it said, for an error message; a URL of the machine's own may have a password in it."""
        text = masked(self.stderr.strip() or self.stdout.strip())
        return "\n".join(text.splitlines()[-TAIL_LINES:])


def told(argv: Sequence[str]) -> list[str]:
    """A command as it may be told."""
    return [masked(word) for word in argv]


def run(argv: Sequence[str], timeout: float, cwd: str, env: Mapping[str, str] | None, stdin: str) -> Result:
    """Run an argument list in ``cwd`` with ``stdin`` as its input, for ``timeout`` seconds at most.

    Raises CommandFailed if it can't be started, or was killed because its time was up.
    """
    started = time.monotonic()
    # Files, not pipes: a daemon that the command starts inherits its output and would keep a pipe open for ever.
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin.encode("utf-8", "surrogateescape"))
        given.seek(0)
        try:
            # AnsibleModule.run_command has no time limit, and reads from pipes.
            child = subprocess.Popen(  # pylint: disable=ansible-bad-function
                list(argv),
                stdin=given,
                stdout=out,
                stderr=err,
                cwd=cwd,
                start_new_session=True,
                env={"PATH": SEARCH_PATH, "LC_ALL": "C", "LANG": "C", "HOME": "/root", **(env or {})},
            )
        except OSError as error:
            raise CommandFailed(
                f"{argv[0]} can't be run: {error.strerror}. Is it installed?", command=told(argv)
            ) from error
        ended = _ended(child, timeout)
        if not ended:
            _kill(child)
        seconds = time.monotonic() - started
        out.seek(0)
        err.seek(0)
        stdout = out.read().decode("utf-8", "surrogateescape")
        if not ended:
            failed = CommandFailed(
                f"{' '.join(told(argv))} did not end within {timeout:g} seconds and was killed",
                command=told(argv),
                timed_out=True,
            )
            failed.printed = stdout
            raise failed
        return Result(tuple(argv), child.returncode, stdout, err.read().decode("utf-8", "replace"), seconds)


def _ended(child: subprocess.Popen[bytes], timeout: float) -> bool:
    """Wait for a command. Popen.wait(timeout) looks every 50 ms only, ten times what most commands take."""
    deadline = time.monotonic() + timeout
    pause = FIRST_LOOK_SECONDS
    while child.poll() is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, SLOWEST_LOOK_SECONDS)
    return True


def _kill(child: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    try:
        child.wait(REAP_SECONDS)
    except subprocess.TimeoutExpired:
        pass
