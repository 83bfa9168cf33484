# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same work for many hosts at once, each in a process of its own, with a time that ends it.

Processes, as for Ansible's tasks: its plugins are not made for threads, and only a process can be ended that waits for
a machine which does not answer, together with the ssh that it has started. What they give back is JSON.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._engine import internal_error


@dataclass(frozen=True)
class Answer:
    """What came of a host's work, or why nothing did (``problem``, one line)."""

    value: Any = None
    problem: str = ""


@dataclass
class _Running:
    name: str
    process: Any
    ends: float


def answers(works: Mapping[str, Callable[[], Any]], forks: int, seconds: float) -> dict[str, Answer]:
    """The answers by name, in the order of the works. At most ``forks`` of them go on at once, and none of them for
    more than that many seconds."""
    waiting = list(works)
    running: dict[Connection, _Running] = {}
    found: dict[str, Answer] = {}
    try:
        while waiting or running:
            while waiting and len(running) < max(forks, 1):
                name = waiting.pop(0)
                ends = time.monotonic() + seconds
                reader, process = _started(works[name])
                running[reader] = _Running(name, process, ends)
            next_end = min(each.ends for each in running.values())
            ready = wait(list(running), max(next_end - time.monotonic(), 0.0))
            for reader in [each for each in running if each in ready]:
                found[running[reader].name] = _received(reader)
                _end(reader, running.pop(reader))
            now = time.monotonic()
            for reader in [reader for reader, each in running.items() if each.ends <= now]:
                found[running[reader].name] = Answer(problem=f"it did not answer within {seconds:g} seconds")
                _end(reader, running.pop(reader))
    finally:
        for reader, left in running.items():
            _end(reader, left)
    return {name: found[name] for name in works}


def _started(work: Callable[[], Any]) -> tuple[Connection, Any]:
    reader, writer = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_child, args=(work, writer), daemon=True)
    process.start()
    writer.close()
    return reader, process


def _child(work: Callable[[], Any], writer: Connection) -> None:
    # A group that can be ended as one, and without a terminal at which anything could ask.
    os.setsid()
    writer.send_bytes(json.dumps(_answered(work)).encode())
    writer.close()


def _answered(work: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"value": work()}
    except AnsibleConnectionFailure as error:
        return {"problem": f"it can't be reached: {_line(error)}"}
    except (AnsibleError, XenError) as error:
        return {"problem": _line(error)}
    except Exception as error:
        return {"problem": _line(internal_error("guests", error)["msg"])}


def _line(error: Any) -> str:
    return " ".join(str(error).split())


def _received(reader: Connection) -> Answer:
    try:
        return Answer(**json.loads(reader.recv_bytes()))
    except (EOFError, OSError):
        return Answer(problem="the process that asked it has ended without a word")


def _end(reader: Connection, running: _Running) -> None:
    """End a process, with all that it has started, and have nothing of it left."""
    reader.close()
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(running.process.pid, signal.SIGKILL)
    running.process.kill()
    running.process.join()
    running.process.close()
