# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The files and devices that guests name, and what dom0 itself uses of the disks. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...._change import CommandFailed
from ...._formats.system import mounts, swap
from ...._host import FileStat, Host
from ..declare import config as guest_config
from ..declare.wanted import Wanted

MOUNT, SWAPCTL = "/sbin/mount", "/sbin/swapctl"


def files(configs: dict[str, Any], declared: Wanted | None) -> list[str]:
    """The files to look at: the disks of every configuration, and what the declared guests need."""
    paths = {disk.path for config in configs.values() for disk in guest_config.disks_in(config["settings"])}
    paths.update(path for config in configs.values() for path in config["paths"])
    for guest in declared.guests if declared else ():
        paths.update(disk.path for disk in guest.disks if disk.path)
        paths.update(guest.files)
        if guest.bootloader.startswith("/"):
            paths.add(guest.bootloader)
    return sorted(paths)


def disks(configs: dict[str, Any], started_with: dict[str, Any]) -> dict[str, str]:
    """Every disk that a guest's configuration names, path to guest: in its file, and in what it was started with."""
    named = [(name, config["settings"]) for name, config in [*started_with.items(), *configs.items()]]
    return {disk.path: name for name, settings in named for disk in guest_config.disks_in(settings) if disk.path}


def look(host: Host, paths: Iterable[str], domains: list[dict[str, Any]]) -> dict[str, Any]:
    """``files`` says what is at each path, None for nothing; ``identities`` what it is under any name, also for the
    disks of running guests; ``links`` where a path goes by symbolic links, for those that do."""
    named = set(paths)
    configs = [domain["config"] for domain in domains if domain["config"]]
    running = [disk["path"] for config in configs for disk in config.get("disk", []) if isinstance(disk, dict)]
    seen = {path: host.stat(path) for path in sorted({*named, *running}) if path}
    real = {path: host.real_path(path) for path in seen}
    return {
        "files": {path: found.kind if found else None for path, found in seen.items() if path in named},
        "identities": {path: _identity(real[path], host.stat(real[path])) for path in seen},
        "links": {path: place for path, place in real.items() if place != path},
    }


def _identity(path: str, found: FileStat | None) -> str:
    """What a path leads to: a device by its numbers, a file by its inode, all else by its name."""
    if found is not None and found.kind == "block":
        return f"device {found.major},{found.minor}"
    if found is not None and found.kind == "file":
        return f"inode {found.inode} on {found.device}"
    return path


def of_dom0(host: Host) -> list[list[str]]:
    """The block devices that dom0 itself has in use: name, what for in words, and what it is under any name. Two
    commands, on NetBSD only. Raises CommandFailed if one of them does not tell: what is unknown may be in use."""
    if host.system != "NetBSD":
        return []
    mounted = mounts.parse(host.run([MOUNT]).stdout)
    if not mounted:
        raise CommandFailed(f"{MOUNT} shows no file system, and / always is one. Look at what it prints.")
    used = [(found.device, f"mounted on {found.directory}") for found in mounted]
    used += [(device, "used as swap") for device in _swap(host)]
    return [
        [device, what, _identity(host.real_path(device), host.stat(device))]
        for device, what in used
        if device.startswith("/dev/")
    ]


def _swap(host: Host) -> list[str]:
    """Without any, swapctl says so and fails (record swapctl, NetBSD 7.99.10)."""
    result = host.try_run([SWAPCTL, "-l"])
    if result.rc and swap.NONE not in result.stdout + result.stderr:
        raise CommandFailed(f"{SWAPCTL} -l does not tell what dom0 swaps to: {result.tail}", rc=result.rc)
    return swap.devices(result.stdout)
