# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""How a guest is stopped: asked to shut down, destroyed, or saved."""

from __future__ import annotations

import posixpath
from typing import Any

from ...._change import CommandFailed, XenError
from ...._formats.xl.xl_output import Row
from ...._host import Host
from ...._toolstack import waiting
from ...._toolstack.choose import toolstack
from ...._toolstack.lock import exclusive
from . import vnd

LOCK_SECONDS = 900.0
# To write a guest's memory to the disk, beside the time that it has to react: a slow disk writes 20 MiB a second.
SAVE_MEBIBYTES_A_SECOND = 20


def row_of(host: Host, domid: int) -> Row | None:
    """The domain of an id, or None if it is gone or just going."""
    found = waiting.find(toolstack(host), host, domid)
    return None if found is None or found.dying else found


# -- shutting down -----------------------------------------------------------------------------------------------------


def shutdown(host: Host, name: str, data: dict[str, Any]) -> None:
    """Ask the guest once and wait until it is gone.

    A guest that is still booting does not answer, and finds the request when it is up: libxl leaves it standing when it
    gives up (tools/libs/light/libxl_domain.c, pvcontrol_cb). To ask again would press the power button of a guest that
    is just shutting down slowly, for NetBSD acknowledges neither.
    """
    tool, row = toolstack(host), row_of(host, data["domid"])
    if row is None:
        return
    seconds = float(data["seconds"])
    if tool.shutdown(host, row, seconds):
        _check_gone(host, name)
    elif not data["hard"]:
        raise XenError(
            f"{name} did not shut down within {seconds:g} seconds and still runs. Is powerd running in it (or what "
            "shuts it down), and has it booted? Set destroy_after to a number of seconds if it may be stopped hard "
            "after that time.",
            **tool.logs(host, name),
        )
    else:
        tool.destroy(host, row.domid)
    vnd.take_back(host, tool, data["disks"])


def _check_gone(host: Host, name: str) -> None:
    left = waiting.settled(toolstack(host), host, name)
    if left:
        raise XenError(
            f"{name} shut down and is running again as domain {left[0].domid}; its on_poweroff is probably restart."
        )


def destroy(host: Host, name: str, data: dict[str, Any]) -> None:
    """Stop the guest at once."""
    tool = toolstack(host)
    if row_of(host, data["domid"]) is not None:
        tool.destroy(host, data["domid"])
        vnd.take_back(host, tool, data["disks"])


# -- saving ------------------------------------------------------------------------------------------------------------


def save(host: Host, name: str, data: dict[str, Any]) -> None:
    """Write the guest's memory to a file and end its domain."""
    with exclusive(LOCK_SECONDS):
        row = row_of(host, data["domid"])
        if row is None and host.exists(data["path"]):
            return  # another run was faster
        _save_domain(host, name, row, data)
    vnd.take_back(host, toolstack(host), data["disks"])


def _save_domain(host: Host, name: str, row: Row | None, data: dict[str, Any]) -> None:
    """Save to a file beside the wanted one, so that half of a guest's memory is never taken for all of it."""
    tool = toolstack(host)
    if row is None:
        raise XenError(f"{name} has ended by itself; there is no memory left to save.")
    partial = data["path"] + ".partial"
    host.make_dir(posixpath.dirname(partial), 0o700)
    _check_space(host, name, row, partial)
    if row.paused:
        tool.unpause(host, row)  # a paused guest can't answer the request
    writing = row.memory / SAVE_MEBIBYTES_A_SECOND

    def ask(seconds: float) -> None:
        host.remove(partial)
        tool.save(host, row, partial, seconds + writing)

    try:
        waiting.suspend(tool, host, row, float(data["seconds"]), ask, "shutdown_timeout")
    except CommandFailed:
        if row_of(host, row.domid) is not None:
            host.remove(partial)
        raise
    written = host.stat(partial)
    if written is None or not written.size or not waiting.gone(tool, host, row.domid):
        raise XenError(f"{name} was to be saved, but {partial} and the list of domains do not show it.")
    host.rename(partial, data["path"])


def _check_space(host: Host, name: str, row: Row, path: str) -> None:
    free = host.free_bytes(posixpath.dirname(path)) >> 20
    if free < row.memory:
        raise XenError(f"{path} would take {row.memory} MiB, and {free} MiB are free there; {name} runs on.")
