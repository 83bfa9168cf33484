# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Where a lab keeps its files, and the two errands that every part needs: saying something and running a command."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

RELEASES = {"4.17": "bookworm", "4.20": "trixie"}
"""Xen release -> the Debian release that ships it."""
DEFAULT_RELEASE = "4.20"

HOST = "xenlab"


class LabError(Exception):
    """Something that the person at the keyboard must know; the text says what to do or what was found."""


@dataclass(frozen=True)
class Lab:
    """One lab: a Xen release, a work directory, and one of the machines that boot from what is built there."""

    release: str
    directory: Path
    machine: str = ""

    @classmethod
    def open(cls, release: str, directory: str | None, checkout: Path, machine: str = "") -> Lab:
        """The lab in `directory`, by default `.build/xenlab-RELEASE` of the checkout; makes the directories.

        Raises LabError for a release that the lab does not know, and for a machine's name that is no word.
        """
        if release not in RELEASES:
            raise LabError(f"Xen {release} is not among the releases of this lab: {', '.join(RELEASES)}")
        if not re.fullmatch("[a-z0-9]*", machine):
            raise LabError(f"a machine's name is of small letters and digits, and {machine!r} is not")
        path = Path(directory).resolve() if directory else checkout / ".build" / f"xenlab-{release}"
        lab = cls(release, path, machine)
        lab.run.mkdir(parents=True, exist_ok=True)
        return lab

    @property
    def suite(self) -> str:
        """Debian's name of the release in dom0."""
        return RELEASES[self.release]

    @property
    def image(self) -> Path:
        """What `build` makes: kernels, disk, ssh keys."""
        return self.directory / "image"

    @property
    def run(self) -> Path:
        """What belongs to the running machine: pid, port, logs."""
        return self.directory / (f"run-{self.machine}" if self.machine else "run")

    @property
    def serial_log(self) -> Path:
        return self.run / "serial.log"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keeps two calls from building or booting in one directory at the same time; the second waits."""
        with open(self.directory / "lock", "w", encoding="ascii") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def say(text: str) -> None:
    print(f"lab {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def tail(path: Path, lines: int) -> str:
    """The last `lines` lines, blank ones not counted, of a log that may hold anything, or may not be there."""
    if not path.exists():
        return ""
    text = path.read_text(encoding="utf-8", errors="replace")
    return "\n".join([line for line in text.splitlines() if line.strip()][-lines:])


def end_group(child: subprocess.Popen, seconds: float = 10) -> None:
    """Ends a child that leads its own process group: politely, and after `seconds` by force."""
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience)
            return


def run(
    argv: Sequence[str | Path],
    seconds: float,
    *,
    cwd: Path | None = None,
    stdin: IO | None = None,
    stdout: IO | None = None,
    log: Path | None = None,
) -> None:
    """Runs a command to its end within `seconds`; its messages go to `log`, or to the terminal if there is none.

    Whatever happens, the command and its children have ended when this returns.
    Raises LabError, with the log's last lines, if the command fails or takes too long.
    """
    name = Path(argv[0]).name
    with contextlib.ExitStack() as stack:
        messages = stack.enter_context(open(log, "ab")) if log else None
        child = subprocess.Popen(
            [str(word) for word in argv],
            cwd=cwd,
            stdin=stdin or subprocess.DEVNULL,
            stdout=stdout or messages,
            stderr=messages,
            start_new_session=True,
        )
        try:
            status = child.wait(seconds)
        except subprocess.TimeoutExpired:
            raise LabError(f"{name} did not end within {seconds:.0f} s" + _excerpt(log)) from None
        finally:
            if child.returncode is None:
                end_group(child)
    if status != 0:
        raise LabError(f"{name} failed with status {status}" + _excerpt(log))


def _excerpt(log: Path | None) -> str:
    return f"; the end of {log}:\n{tail(log, 25)}" if log else ""
