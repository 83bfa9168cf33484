# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""How each change of a guest is carried out."""

from __future__ import annotations

import json
import posixpath
import time
from collections.abc import Callable
from typing import Any

from ...._change import Change, CommandFailed, XenError
from ...._formats.xl.xl_output import Row
from ...._host import Host
from ...._toolstack import waiting
from ...._toolstack.choose import toolstack
from ...._toolstack.lock import exclusive
from ..declare import config
from ..declare.guest import Guest
from ..plan.running import MEMORY_SLACK
from ..read import compare
from ..read.started_with import STARTED_DIR, read_started_with, remembered_of
from . import health, stop, vnd

LOCK_SECONDS = 900.0
# How long a guest's kernel may take to follow when its memory or its virtual CPUs are changed.
FOLLOW_SECONDS = 30.0


def apply(host: Host, change: Change) -> None:
    """Carry one change out. Raises XenError."""
    _ACTS[change.action](host, change.thing, change.data)


# -- files -------------------------------------------------------------------------------------------------------------


def _make_disk(host: Host, name: str, data: dict[str, Any]) -> None:
    path, size = data["path"], data["size"]
    with exclusive(LOCK_SECONDS):
        found = host.stat(path)
        if found is not None and (found.kind, found.size) == ("file", size):
            return  # another run was faster
        host.make_dir(posixpath.dirname(path))
        host.create_sparse(path, size)


def _write_config(host: Host, name: str, data: dict[str, Any]) -> None:
    """One at a time, because two runs would take each other's temporary file away."""
    with exclusive(LOCK_SECONDS):
        _replace_config(host, name, data)


def _replace_config(host: Host, name: str, data: dict[str, Any]) -> None:
    path = data["path"]
    folder, base = posixpath.split(path)
    host.make_dir(folder)
    if data["keep"] and not host.exists(config.kept_path(path)):
        host.copy_file(path, config.kept_path(path), config.SECRET_MODE)
    if data["started_with"] is not None and name not in read_started_with(host):
        _remember(host, name, data["started_with"])
    # By way of a second file, because a replaced file would keep the old one's permissions, and this one has a
    # password.
    temporary = f"{folder}/.{base}.new"
    host.remove(temporary)
    host.write_text(temporary, data["text"], data["mode"])
    host.rename(temporary, path)


def _remember(host: Host, name: str, started_with: dict[str, Any]) -> None:
    remembered = dict(started_with, created=toolstack(host).birth_mark(host, name))
    host.make_dir(STARTED_DIR, 0o700)
    host.write_text(f"{STARTED_DIR}/{name}", json.dumps(remembered), 0o600)


def _remove_file(host: Host, name: str, data: dict[str, Any]) -> None:
    host.remove(data["path"])


def _remove_disk(host: Host, name: str, data: dict[str, Any]) -> None:
    # Looked at again: what was a file when this was planned may be something else by now.
    found = host.stat(data["path"], follow=False)
    if found is not None and found.kind != "file":
        raise XenError(f"The disk {data['path']} is a {found.kind} now; only regular files are removed.")
    host.remove(data["path"])


def _forget(host: Host, name: str, data: dict[str, Any]) -> None:
    toolstack(host).delete(host, name)


def _release_vnd(host: Host, unit: str, data: dict[str, Any]) -> None:
    vnd.release(host, toolstack(host), unit, data["path"])


def _set_aside(host: Host, name: str, data: dict[str, Any]) -> None:
    with exclusive(LOCK_SECONDS):
        if host.exists(data["path"]):
            host.rename(data["path"], data["path"] + ".old")


# -- starting ----------------------------------------------------------------------------------------------------------


def _create(host: Host, name: str, data: dict[str, Any]) -> None:
    tool, guest, console_at = toolstack(host), data["guest"], health.console_size(host, name)
    paused = guest.state == "paused"
    row = _start(host, name, data, lambda before: tool.create(host, data["path"], name, before, paused))
    host.remove(f"{STARTED_DIR}/{name}")
    if row is not None:
        _check_created(tool, host, row, guest)
        health.wait(tool, host, row, guest.health, console_at)


def _restore(host: Host, name: str, data: dict[str, Any]) -> None:
    """Let a saved guest go on. Its file is out of the way before it runs, because to restore it once more later, over
    disks that have changed since, would ruin them."""
    tool, guest, console_at = toolstack(host), data["guest"], health.console_size(host, name)
    path, taken = data["saved"], data["taken"]
    paused = guest.state == "paused"

    def go_on(before: set[int]) -> Row:
        host.rename(path, taken)
        try:
            return tool.restore(host, taken, name, before, paused)
        except CommandFailed:
            if not waiting.named(tool, host, name):
                host.rename(taken, path)
            raise

    row = _start(host, name, data, go_on)
    if row is not None:
        host.remove(taken)
    remembered = remembered_of(host, name)
    if remembered:
        _remember(host, name, {"settings": remembered.get("settings")})
    if row is not None:
        health.wait(tool, host, row, guest.health, console_at)


def _start(host: Host, name: str, data: dict[str, Any], start: Callable[[set[int]], Row]) -> Row | None:
    """One start at a time on a machine; and none (None) if another run was faster, because then the guest is what was
    wanted."""
    if data["delay"]:
        time.sleep(data["delay"])
    tool = toolstack(host)
    with exclusive(LOCK_SECONDS):
        present = tool.rows(host)
        for row in present:
            # One that is being taken apart may have lost its name already, and still has its disks.
            if row.dying and (row.name == name or row.unnamed):
                waiting.gone(tool, host, row.domid, waiting.GOING_SECONDS if row.unnamed else waiting.GONE_SECONDS)
        if any(row.name == name and not row.dying for row in present):
            return None
        return start({row.domid for row in present})


def _check_created(tool: Any, host: Host, row: Row, guest: Guest) -> None:
    """xl creates a guest without a device that it did not understand, and says nothing (record create_bad_mac, xl
    4.20)."""
    shares = guest.weight is not None or guest.cap is not None
    domains = tool.domains(host, pools=bool(guest.pool), shares=shares)
    found = [domain for domain in domains if domain["domid"] == row.domid]
    if not found or not found[0]["config"]:
        raise CommandFailed(
            f"{guest.name} was started as domain {row.domid} and is gone already", **tool.logs(host, guest.name)
        )
    differing = compare.differences(guest, found[0])
    if differing:
        what = "; ".join(f"{key} is {pair[0]!r} instead of {pair[1]!r}" for key, pair in differing.items())
        raise CommandFailed(f"{guest.name} runs as domain {row.domid}, but not as declared: {what}", domid=row.domid)


def _revive(host: Host, name: str, data: dict[str, Any]) -> None:
    """A guest that is down may be on its way up again, by its toolstack; only when that has had its time we do it."""
    tool = toolstack(host)
    for row in waiting.settled(tool, host, name):
        if row.down:
            tool.destroy(host, row.domid)
            vnd.take_back(host, tool, data["disks"])
    _create(host, name, data)


def _restart(host: Host, name: str, data: dict[str, Any]) -> None:
    stop.shutdown(host, name, data)
    _create(host, name, data)


# -- while it runs -----------------------------------------------------------------------------------------------------


def _pause(host: Host, name: str, data: dict[str, Any]) -> None:
    row = stop.row_of(host, data["domid"])
    if row is not None and not row.paused:
        toolstack(host).pause(host, row)


def _unpause(host: Host, name: str, data: dict[str, Any]) -> None:
    row = stop.row_of(host, data["domid"])
    if row is not None and row.paused:
        toolstack(host).unpause(host, row)


def _rename(host: Host, name: str, data: dict[str, Any]) -> None:
    with exclusive(LOCK_SECONDS):
        toolstack(host).rename(host, data["domid"], name)
    if host.exists(f"{STARTED_DIR}/{data['old']}"):
        host.rename(f"{STARTED_DIR}/{data['old']}", f"{STARTED_DIR}/{name}")


def _set_memory(host: Host, name: str, data: dict[str, Any]) -> None:
    tool = toolstack(host)
    tool.set_memory(host, data["domid"], data["memory"])
    if not data["wait"]:
        return
    row = waiting.memory(tool, host, data["domid"], data["memory"], MEMORY_SLACK, FOLLOW_SECONDS)
    if row is not None and abs(row.memory - data["memory"]) > MEMORY_SLACK:
        raise XenError(
            f"The memory of {name} is set to {data['memory']} MiB, and after {FOLLOW_SECONDS:g} seconds it still has "
            f"{row.memory} MiB: its kernel does not follow (no balloon driver, or not above what it was started with). "
            "Restart it to change its memory."
        )


def _set_vcpus(host: Host, name: str, data: dict[str, Any]) -> None:
    """What the toolstack has set says nothing of what the guest uses: the command ends with 0 and the guest's kernel
    may do nothing (record xl-vcpu-set-with-guest, NetBSD 7.99.10)."""
    tool = toolstack(host)
    tool.set_vcpus(host, data["domid"], data["vcpus"])
    if not data["wait"]:
        return
    row = waiting.vcpus(tool, host, data["domid"], data["vcpus"], FOLLOW_SECONDS)
    if row is not None and row.vcpus != data["vcpus"]:
        raise XenError(
            f"The virtual CPUs of {name} are set to {data['vcpus']}, and after {FOLLOW_SECONDS:g} seconds it still "
            f"uses {row.vcpus}: its kernel does not follow. Declare maxvcpus {data['vcpus']} and restart it."
        )


def _pin(host: Host, name: str, data: dict[str, Any]) -> None:
    for vcpu, cpus in data["pins"].items():
        toolstack(host).pin(host, data["domid"], vcpu, cpus)


def _set_weight(host: Host, name: str, data: dict[str, Any]) -> None:
    toolstack(host).set_weight(host, data["domid"], data["weight"], data["cap"])


def _set_pool(host: Host, name: str, data: dict[str, Any]) -> None:
    toolstack(host).set_pool(host, data["domid"], data["pool"])


def _attach_disk(host: Host, name: str, data: dict[str, Any]) -> None:
    toolstack(host).attach_disk(host, data["domid"], data["disk"])


def _detach_disk(host: Host, name: str, data: dict[str, Any]) -> None:
    toolstack(host).detach_disk(host, data["domid"], data["vdev"])


def _attach_nic(host: Host, name: str, data: dict[str, Any]) -> None:
    toolstack(host).attach_nic(host, data["domid"], data["nic"])


def _detach_nic(host: Host, name: str, data: dict[str, Any]) -> None:
    toolstack(host).detach_nic(host, data["domid"], data["mac"])


def _insert_cd(host: Host, name: str, data: dict[str, Any]) -> None:
    toolstack(host).insert_cd(host, data["domid"], data["vdev"], data["path"])


_ACTS = {
    "make_disk": _make_disk,
    "write_config": _write_config,
    "remove_config": _remove_file,
    "remove_disk": _remove_disk,
    "set_aside": _set_aside,
    "forget": _forget,
    "create": _create,
    "restore": _restore,
    "revive": _revive,
    "restart": _restart,
    "shutdown": stop.shutdown,
    "destroy": stop.destroy,
    "save": stop.save,
    "release_vnd": _release_vnd,
    "pause": _pause,
    "unpause": _unpause,
    "rename": _rename,
    "set_memory": _set_memory,
    "set_vcpus": _set_vcpus,
    "pin": _pin,
    "set_weight": _set_weight,
    "set_pool": _set_pool,
    "attach_disk": _attach_disk,
    "detach_disk": _detach_disk,
    "attach_nic": _attach_nic,
    "detach_nic": _detach_nic,
    "insert_cd": _insert_cd,
}
