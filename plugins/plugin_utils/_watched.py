# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say every few seconds how far a module is that takes long, while it still runs.

The module keeps a small file (``module_utils/_progress.py``). A second, light call over the same connection reads it,
from a thread of the worker that waits for the module. What ends before the first look costs nothing.
"""

from __future__ import annotations

import copy
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.utils.display import Display

from ansible_collections.netbsd.xen.plugins.module_utils._progress import BYTES, VARIABLE

SECONDS_VARIABLE = "netbsd_xen_progress_seconds"
SECONDS = 5.0
_MEGABYTE = 1000**2
_display = Display()


@contextmanager
def watched(action: Any, task_vars: Mapping[str, Any]) -> Iterator[None]:
    """While the block runs, say what the module that ``action`` executes in it tells of itself: a line when it has got
    on, every ``netbsd_xen_progress_seconds`` (a variable of the host, 5; 0 for never)."""
    seconds = _seconds(task_vars)
    if seconds <= 0 or action._task.check_mode:
        yield
        return
    path = f"/tmp/.netbsd.xen.{secrets.token_hex(8)}"
    environment = action._task.environment
    action._task.environment = [*(environment or []), {VARIABLE: path}]
    ended = threading.Event()
    host = str(task_vars.get("inventory_hostname", ""))
    # A copy, because the module's own call has its state in the connection.
    watcher = threading.Thread(
        target=_watch, args=(copy.copy(action._connection), path, host, seconds, ended), daemon=True
    )
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        action._task.environment = environment
        # Not waited for: a look at a machine that does not answer takes as long as it takes.


@contextmanager
def waited_for(task_vars: Mapping[str, Any], thing: str, phase: str) -> Iterator[None]:
    """While the block runs, say that the controller itself waits for something: who reboots tells nothing."""
    seconds = _seconds(task_vars)
    if seconds <= 0:
        yield
        return
    ended, began = threading.Event(), time.monotonic()
    host = str(task_vars.get("inventory_hostname", ""))

    def tell() -> None:
        while not ended.wait(seconds):
            _show(f"{host}: {_line(thing, phase, '', int(time.monotonic() - began))}")

    threading.Thread(target=tell, daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def _seconds(task_vars: Mapping[str, Any]) -> float:
    return float(task_vars.get(SECONDS_VARIABLE, SECONDS))


def _show(line: str) -> None:
    # Not among what a callback like json prints as a task's result.
    _display.display(line, stderr=True)


def _watch(connection: Any, path: str, host: str, seconds: float, ended: threading.Event) -> None:
    last = ""
    while not ended.wait(seconds):
        try:
            # Both times are the machine's own.
            _rc, text, _errors = connection.exec_command(f"date +%s; cat {path}", in_data=None, sudoable=False)
        except Exception as error:
            # Whatever is wrong with the connection is the module's own call to tell.
            _display.vvv(f"{host}: its progress could not be looked at: {error}")
            continue
        line = said(text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text))
        if line and line != last and not ended.is_set():
            _show(f"{host}: {line}")
            last = line


def said(text: str) -> str:
    """What the look at a machine says: its clock and the module's file. Empty if there is no file, or none that is
    ours: everybody may write to /tmp."""
    clock, _newline, content = text.partition("\n")
    try:
        told = json.loads(content)
        thing, phase, began = str(told["thing"]), str(told["phase"]), int(told["began"])
        how_far = _how_far(told.get("done"), told.get("total"), str(told.get("unit") or ""))
        seconds = max(int(clock) - began, 0)
    except (ValueError, KeyError, TypeError, AttributeError):
        return ""
    return _line(thing, phase, how_far, seconds)


def _line(thing: str, phase: str, how_far: str, seconds: int) -> str:
    """Without anything that would move a cursor."""
    line = f"{thing}: {phase}{', ' + how_far if how_far else ''}, {seconds} seconds"
    return "".join(character if character.isprintable() else "?" for character in line)


def _how_far(done: Any, total: Any, unit: str) -> str:
    if done is None:
        return ""
    scale, name = (_MEGABYTE, "MB") if unit == BYTES else (1, unit)
    amount = f"{done / scale:.1f}" if scale > 1 else f"{int(done)}"
    if not total:
        return f"{amount} {name}".strip()
    whole = f"{total / scale:.1f}" if scale > 1 else f"{int(total)}"
    return f"{amount} of {whole} {name}".rstrip() + f" ({min(100 * done // total, 100)} %)"
