# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""How each change of a guest is carried out."""

from __future__ import annotations

import json
import posixpath
import time
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import Change, CommandFailed, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl_output import Row
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.module_utils._resources import _guest_config, _guest_live
from ansible_collections.netbsd.xen.plugins.module_utils._resources._guest import Guest
from ansible_collections.netbsd.xen.plugins.module_utils._resources._guest_plan import MEMORY_SLACK
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import xl
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack.lock import exclusive

# What a running guest was started with, where its file has been changed since. Gone after a reboot, as the guests are.
STARTED_DIR = "/var/run/netbsd.xen"
LOCK_SECONDS = 900.0
MEMORY_SECONDS = 30.0


def apply(host: Host, change: Change) -> None:
    """Carry one change out. Raises XenError."""
    _ACTS[change.action](host, change.thing, change.data)


# -- files -------------------------------------------------------------------------------------------------------------


def _make_disk(host: Host, name: str, data: dict[str, Any]) -> None:
    host.make_dir(posixpath.dirname(data["path"]))
    host.create_sparse(data["path"], data["size"])


def _write_config(host: Host, name: str, data: dict[str, Any]) -> None:
    path = data["path"]
    folder, base = posixpath.split(path)
    host.make_dir(folder)
    if data["keep"]:
        host.copy_file(path, _guest_config.kept_path(path), _guest_config.SECRET_MODE)
    if data["started_with"] is not None and name not in read_started_with(host):
        remembered = dict(data["started_with"], created=_created(host, name))
        host.make_dir(STARTED_DIR, 0o700)
        host.write_text(f"{STARTED_DIR}/{name}", json.dumps(remembered), 0o600)
    # By way of a second file, because a replaced file would keep the old one's permissions, and this one has a
    # password.
    temporary = f"{folder}/.{base}.new"
    host.remove(temporary)
    host.write_text(temporary, data["text"], data["mode"])
    host.rename(temporary, path)


def read_started_with(host: Host) -> dict[str, Any]:
    """What running guests were started with, by name, where their files have been changed since then."""
    found = {}
    for name in host.list_dir(STARTED_DIR):
        try:
            remembered = json.loads(host.read_text(f"{STARTED_DIR}/{name}") or "")
        except ValueError:
            continue
        if isinstance(remembered, dict) and remembered.get("created") == _created(host, name):
            found[name] = {"settings": remembered.get("settings")}
    return found


def _created(host: Host, name: str) -> str:
    """A mark of the ``xl create`` that a guest comes from: its log's first line, with its domain and process id. A
    guest that reboots keeps it, and keeps its old configuration too (record after-reboot, NetBSD 7.99.10)."""
    content = host.read_bytes(f"{xl.LOG_DIR}/xl-{name}.log") or b""
    return content.split(b"\n", 1)[0].decode("utf-8", "replace")


def _remove_file(host: Host, name: str, data: dict[str, Any]) -> None:
    host.remove(data["path"])


def _remove_disk(host: Host, name: str, data: dict[str, Any]) -> None:
    # Looked at again: what was a file when this was planned may be something else by now.
    found = host.stat(data["path"], follow=False)
    if found is not None and found.kind != "file":
        raise XenError(f"The disk {data['path']} is a {found.kind} now; only regular files are removed.")
    host.remove(data["path"])


# -- starting ----------------------------------------------------------------------------------------------------------


def _create(host: Host, name: str, data: dict[str, Any]) -> None:
    if data["delay"]:
        time.sleep(data["delay"])
    with exclusive(LOCK_SECONDS):
        present = xl.rows(host)
        for row in present:
            if row.name == name and row.dying:
                xl.wait_gone(host, row.domid)
        if any(row.name == name and not row.dying for row in present):
            return  # another run was faster; the guest is what was wanted
        row = xl.create(host, data["path"], name, {row.domid for row in present})
    host.remove(f"{STARTED_DIR}/{name}")
    _check_created(host, row, data["guest"])


def _check_created(host: Host, row: Row, guest: Guest) -> None:
    """xl creates a guest without a device that it did not understand, and says nothing (record create_bad_mac, xl
    4.20)."""
    config = xl.configs(host).get(row.domid)
    if config is None:
        raise CommandFailed(
            f"{guest.name} was started as domain {row.domid} and is gone already",
            xl_log=xl.log_tail(host, f"{xl.LOG_DIR}/xl-{guest.name}.log"),
            console_log=xl.log_tail(host, f"{xl.LOG_DIR}/console/guest-{guest.name}.log"),
        )
    live = _guest_live.domain(row, config)
    differing = (
        _guest_live.differences(guest, live["config"]) if live["config"] else {"everything": ("nothing", "known")}
    )
    if differing:
        what = "; ".join(f"{key} is {pair[0]!r} instead of {pair[1]!r}" for key, pair in differing.items())
        raise CommandFailed(f"{guest.name} runs as domain {row.domid}, but not as declared: {what}", domid=row.domid)


def _revive(host: Host, name: str, data: dict[str, Any]) -> None:
    """A guest that is down may be on its way up again, by its own xl; only when that has had its time we do it."""
    for row in xl.wait_settled(host, name):
        if row.down:
            xl.destroy(host, row.domid)
    _create(host, name, data)


def _restart(host: Host, name: str, data: dict[str, Any]) -> None:
    _shutdown(host, name, data)
    _create(host, name, data)


# -- stopping ----------------------------------------------------------------------------------------------------------


def _shutdown(host: Host, name: str, data: dict[str, Any]) -> None:
    row = _row(host, data["domid"])
    if row is None:
        return
    seconds = float(data["seconds"])
    if xl.shutdown(host, row, seconds):
        _check_gone(host, name)
        return
    if not data["hard"]:
        raise XenError(
            f"{name} did not shut down within {seconds:g} seconds and still runs. Is powerd running in it (or what "
            "shuts it down)? Set destroy_after to a number of seconds if it may be stopped hard after that time.",
            console_log=xl.log_tail(host, f"{xl.LOG_DIR}/console/guest-{name}.log"),
        )
    xl.destroy(host, row.domid)


def _check_gone(host: Host, name: str) -> None:
    left = xl.wait_settled(host, name)
    if left:
        raise XenError(
            f"{name} shut down and is running again as domain {left[0].domid}; its on_poweroff is probably restart."
        )


def _destroy(host: Host, name: str, data: dict[str, Any]) -> None:
    if _row(host, data["domid"]) is not None:
        xl.destroy(host, data["domid"])


def _row(host: Host, domid: int) -> Row | None:
    return next((row for row in xl.rows(host) if row.domid == domid and not row.dying), None)


# -- while it runs -----------------------------------------------------------------------------------------------------


def _unpause(host: Host, name: str, data: dict[str, Any]) -> None:
    row = _row(host, data["domid"])
    if row is not None and row.paused:
        xl.unpause(host, row)


def _set_memory(host: Host, name: str, data: dict[str, Any]) -> None:
    xl.set_memory(host, data["domid"], data["memory"])
    if not data["wait"]:
        return
    row = xl.wait_memory(host, data["domid"], data["memory"], MEMORY_SLACK, MEMORY_SECONDS)
    if row is not None and abs(row.memory - data["memory"]) > MEMORY_SLACK:
        raise XenError(
            f"The memory of {name} is set to {data['memory']} MiB, and after {MEMORY_SECONDS:g} seconds it still has "
            f"{row.memory} MiB: its kernel does not follow (no balloon driver, or not above what it was started with). "
            "Restart it to change its memory."
        )


def _set_vcpus(host: Host, name: str, data: dict[str, Any]) -> None:
    xl.set_vcpus(host, data["domid"], data["vcpus"])


_ACTS = {
    "make_disk": _make_disk,
    "write_config": _write_config,
    "create": _create,
    "revive": _revive,
    "restart": _restart,
    "shutdown": _shutdown,
    "destroy": _destroy,
    "unpause": _unpause,
    "set_memory": _set_memory,
    "set_vcpus": _set_vcpus,
    "remove_config": _remove_file,
    "remove_disk": _remove_disk,
}
