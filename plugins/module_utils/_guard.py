# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A process that changes the network, and takes that back unless it is told in time that the machine can be reached.

The one who wants the change starts the guard and goes away, over a connection that nothing has happened to yet. The
guard, which depends on no connection, makes the change. Somebody who comes in over a new connection confirms. All that
they have in common is one small file, TOKEN.STATE in a directory below /var/run, where renaming decides who was first:

    working     the guard makes the change, or is about to
    armed       the change is made; the guard waits
    confirmed   all is well; the guard removes the file and ends
    undoing     the guard takes the change back; nobody can confirm any more
    undone      it is taken back; the file says what was tried, and what failed
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Callable

from ._change import CommandFailed, XenError
from ._command import Result
from ._host import Host

# Cleaned at every boot, as it must be: a machine that boots has what its files say, and nothing to be taken back.
DIRECTORY = "/var/run/netbsd-xen-guard"
LOOK_SECONDS = 0.1
# A command of the way back may take this long; the next one is tried in any case.
COMMAND_SECONDS = 20.0
# How long a guard may take for its commands before nobody waits for it any more.
UNDO_SECONDS = 120.0
# Before the change, so that the starter's answer is on its way.
START_SECONDS = 0.5
_WAITING = ("working", "armed", "undoing")
# When this process began: whoever was here before the change was made proves nothing.
_BEGAN = time.time()


@dataclass(frozen=True)
class Step:
    """A guarded change: the commands ``do`` make it and ``undo`` take it back, ``seconds`` is how long the guard waits
    when it is made, ``tried`` says it in words.

    ``achieved`` looks at the machine after the commands, and gets the results of those that ended well; it returns what
    they did not achieve, in words. ``left`` looks after the way back, and returns what is not as it was. Either may
    raise XenError if it can't look.
    """

    do: Sequence[Sequence[str]]
    undo: Sequence[Sequence[str]]
    seconds: float
    tried: str
    achieved: Callable[[Host, Sequence[Result]], list[str]] = lambda host, results: []
    left: Callable[[Host], list[str]] = lambda host: []


def start(token: str, step: Step, directory: str = DIRECTORY) -> None:
    """Start a guard. When this returns, it runs and survives the end of this process and of its connection."""
    os.makedirs(directory, mode=0o700, exist_ok=True)
    _write(_path(directory, token, "working"), {"seconds": step.seconds, "pid": 0})
    ready, announce = os.pipe()
    child = os.fork()
    if child == 0:
        _become_daemon(ready, announce, directory, token, step)
    os.close(announce)
    os.waitpid(child, 0)
    alive = os.read(ready, 1)
    os.close(ready)
    if alive != b"1":
        _remove(_path(directory, token, "working"))
        raise XenError("The guard of the connection could not be started, so nothing was changed.")


def attempt(host: Host, step: Step) -> None:
    """Make a change that needs no guard, and take it back if it was not achieved. Raises XenError then."""
    try:
        error = _make(host, step)
    except OSError as failure:
        error = f"The change of the network failed: {failure}."
    if error:
        failed, left = _take_back(host, step)
        raise XenError(_taken_back({"tried": step.tried, "error": error, "failed": failed, "left": left}))


def confirm(token: str, directory: str = DIRECTORY, came: float = _BEGAN) -> list[dict[str, Any]]:
    """Tell the guard that the machine can be reached. Returns the commands that it ran, as Host keeps them.

    ``came`` is when the caller came in, in seconds since 1970. Raises XenError with a detail ``guard``: ``early`` if
    that was before the change was made, so that somebody must come anew; ``undone`` if the change was taken back;
    ``missing`` if nothing is known of it.
    """
    # Looked at in the order of the states: what leaves one while we look is seen in the next.
    working, armed = os.path.exists(_path(directory, token, "working")), _path(directory, token, "armed")
    content, made = _read(armed), _modified(armed)
    if working or (made is not None and came <= made):
        raise XenError("The change of the network is not made yet.", guard="early")
    if content is not None and _rename(directory, token, "armed", "confirmed"):
        _wait_until_gone(_path(directory, token, "confirmed"), 10 * LOOK_SECONDS)
        return list(content["commands"])
    _wait_until_gone(_path(directory, token, "undoing"), UNDO_SECONDS)
    undone = _read(_path(directory, token, "undone"))
    if undone is not None:
        _remove(_path(directory, token, "undone"))
        raise XenError(_taken_back(undone), guard="undone")
    raise XenError(
        "Nothing guards the change of the network any more, and it was not taken back: the machine was rebooted, or "
        "the change never began.",
        guard="missing",
    )


def settle(directory: str = DIRECTORY) -> None:
    """Wait for the guards of runs that ended before they could confirm: what they take back must be read as it is
    then. One whose process is dead is forgotten."""
    names = os.listdir(directory) if os.path.isdir(directory) else []
    for token in sorted({name.split(".")[0] for name in names}):
        for state in _WAITING:
            path = _path(directory, token, state)
            content = _read(path)
            if content is not None and _lives(content["pid"]):
                _wait_until_gone(path, float(content["seconds"]) + UNDO_SECONDS)
        for name in os.listdir(directory):
            if name.startswith(token + "."):
                _remove(os.path.join(directory, name))


# -- the guard itself -------------------------------------------------------------------------------------------------


def _become_daemon(ready: int, announce: int, directory: str, token: str, step: Step) -> None:
    """Leave the session, the terminal and every pipe of the one who started us, and watch. Never returns."""
    try:
        os.close(ready)
        os.setsid()
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        if os.fork():
            os._exit(0)
        os.chdir("/")
        # ssh ends only when nobody holds the other end of its pipes.
        nothing = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nothing, descriptor)
        _write(_path(directory, token, "working"), _note(step))
        os.write(announce, b"1")
        os.closerange(3, 256)
        watch(token, step, directory)
    finally:
        os._exit(0)


def watch(token: str, step: Step, directory: str) -> None:
    """Make the change, wait for the confirmation, and take the change back if that does not come.

    Nothing that goes wrong in here, a full disk or a lost file, may leave a change that nobody guards.
    """
    known = _note(step)
    try:
        time.sleep(START_SECONDS)
        confirmed = _make_and_wait(token, step, directory, known)
    except Exception as error:
        confirmed, known["error"] = False, f"The guard of the connection failed: {error}."
        for state in ("working", "armed"):
            _rename(directory, token, state, "undoing")
    if confirmed:
        _remove(_path(directory, token, "confirmed"))
        return
    known["failed"], known["left"] = _take_back(Host(), step)
    with contextlib.suppress(OSError):
        _write(_path(directory, token, "undoing"), known)
    _rename(directory, token, "undoing", "undone")


def _note(step: Step) -> dict[str, Any]:
    """What the file says: the change, and what became of it so far."""
    return {
        "tried": step.tried,
        "seconds": step.seconds,
        "pid": os.getpid(),
        "commands": [],
        "error": "",
        "failed": [],
        "left": [],
    }


def _make_and_wait(token: str, step: Step, directory: str, known: dict[str, Any]) -> bool:
    """Make the change; True if it was confirmed in time, else the state is ``undoing``."""
    working, armed = _path(directory, token, "working"), _path(directory, token, "armed")
    host = Host()
    known["error"] = _make(host, step)
    known["commands"] = host.commands
    _write(working, known)
    if known["error"]:
        _rename(directory, token, "working", "undoing")
        return False
    os.rename(working, armed)
    deadline = time.monotonic() + step.seconds
    while time.monotonic() < deadline and os.path.exists(armed):
        time.sleep(LOOK_SECONDS)
    return not _rename(directory, token, "armed", "undoing")


def _make(host: Host, step: Step) -> str:
    """Run the commands up to the first that fails, and look at what they achieved. Returns what went wrong, in words: a
    command that ends well proves nothing, and one that fails may do so because of one that did not."""
    results: list[Result] = []
    failed: list[str] = []
    try:
        for argv in step.do:
            results.append(host.run(argv, timeout=COMMAND_SECONDS))
    except CommandFailed as failure:
        failed.append(f"{failure}.")
    try:
        return " ".join([*step.achieved(host, results), *failed])
    except XenError as error:
        return " ".join([*failed, str(error)])


def _take_back(host: Host, step: Step) -> tuple[list[str], list[str]]:
    """Run all the commands, whatever becomes of each: the change may have been made in part only. Returns which failed,
    and what is not as it was."""
    failed = []
    for argv in step.undo:
        try:
            host.run(argv, timeout=COMMAND_SECONDS)
        except (CommandFailed, OSError) as error:
            failed.append(str(error))
    try:
        return failed, step.left(host)
    except (XenError, OSError) as error:
        return failed, [f"it could not be looked at: {error}"]


def _taken_back(undone: dict[str, Any]) -> str:
    left = undone["left"]
    if undone["error"]:
        # What was not done can't be taken back, so failures on the way back say nothing.
        words = f"{undone['error']} All of this was taken back: {undone['tried']}. The files in /etc were not touched."
        told = undone["failed"] if left else []
    else:
        words = (
            f"The machine could not be reached after this change of its network, which was therefore taken back after "
            f"{undone['seconds']:g} seconds: {undone['tried']}. The files in /etc were not touched."
        )
        told = undone["failed"]
    if left:
        words += f" But this is not as it was: {'; '.join(left)}."
    if told:
        words += f" On the way back, these commands failed: {'; '.join(told)}."
    return words


# -- files ------------------------------------------------------------------------------------------------------------


def _path(directory: str, token: str, state: str) -> str:
    return os.path.join(directory, f"{token}.{state}")


def _write(path: str, content: dict[str, Any]) -> None:
    """In one step, so that nobody reads half of it."""
    temporary = path + ".new"
    with open(temporary, "w", encoding="utf-8") as stream:
        json.dump(content, stream)
    os.rename(temporary, path)


def _read(path: str) -> dict[str, Any] | None:
    try:
        with open(path, encoding="utf-8") as stream:
            content: dict[str, Any] = json.load(stream)
    except (FileNotFoundError, ValueError):
        return None
    return content


def _modified(path: str) -> float | None:
    try:
        return os.stat(path).st_mtime
    except FileNotFoundError:
        return None


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _rename(directory: str, token: str, old: str, new: str) -> bool:
    """Whether the file was there to be renamed: of two that try, one succeeds."""
    try:
        os.rename(_path(directory, token, old), _path(directory, token, new))
    except FileNotFoundError:
        return False
    return True


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return pid > 0


def _wait_until_gone(path: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while os.path.exists(path) and time.monotonic() < deadline:
        time.sleep(LOOK_SECONDS)
