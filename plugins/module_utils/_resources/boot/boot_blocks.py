# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: the boot blocks of a disk. What the firmware starts first: NetBSD's own loader, GRUB legacy, or GRUB 2.
Where the root file system is on RAID-1 each disk has its own (mirror.py).

Nothing is read ahead, because these are raw reads of a disk that only somebody who asks for them should cause. The old
blocks are kept in a file before they are overwritten; installboot(8), grub(8) and grub-install(8) write the new ones.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..._change import LIMIT, Change, NotRead, Plan, Refused, XenError
from ..._formats.boot import bootoptions, bootsector
from ..._formats.system import damage, dumpfs
from ..._host import Host
from . import efi, loaders, mirror
from .loaders import BOOT_CFG, GRUB, GRUB2, LOADERS, Loader

NAME = "boot_blocks"
ARGUMENTS: dict[str, Any] = {
    "loader": {"type": "str", "choices": loaders.choices(LOADERS.values(), "netbsd"), "required": True},
    "disk": {"type": "str", "required": True},
    "partition": {"type": "str", "default": "a"},
    "console": {"type": "str", "choices": list(loaders.CONSOLES)},
    "baud": {"type": "int"},
    "assume_files": {"type": "list", "elements": "str", "default": []},
    **LIMIT,
}

DD = "/bin/dd"
DUMPFS = "/usr/sbin/dumpfs"
INSTALL_SECONDS = 120.0
# The sectors before the first partition, where GRUB puts its next stage; a partition's blocks are its first 16.
DISK_SECTORS, PARTITION_SECTORS = 63, 16
STAGES = ("stage1", "stage2", "ffs_stage1_5")
STAGES_SOURCE = "/usr/pkg/share/grub"
CORE_IMAGE = "/grub/i386-pc/core.img"
LOADER, LOADER_SOURCE = "/boot", "/usr/mdec/boot"
# Written when all else is done, so that it says that GRUB was set up with the stages that lie there.
DEVICE_MAP = "/grub/device.map"
_DISK = re.compile(r"[a-z]+[0-9]+")
_PARTITION = re.compile(r"[a-p]")
# grub(8) ends well whatever went wrong, and says "Error 15: File not found".
_GRUB_ERROR = re.compile(r"^\s*Error [0-9]+:.*", re.MULTILINE)


@dataclass(frozen=True)
class Declared:
    """``of`` is the RAID that the partition is a component of, empty for a disk by itself."""

    loader: Loader
    disk: str
    partition: str
    assume_files: frozenset[str]
    options: dict[str, str]
    of: str = ""

    @property
    def raw_disk(self) -> str:
        """The whole disk, which is partition d on i386 and amd64."""
        return f"/dev/r{self.disk}d"

    @property
    def raw_partition(self) -> str:
        return f"/dev/r{self.disk}{self.partition}"

    @property
    def file_system(self) -> str:
        """Where the root file system is seen: in a component it begins behind RAIDframe's own sectors."""
        return f"/dev/r{self.of}a" if self.of else self.raw_partition

    @property
    def kept_blocks(self) -> str:
        return f"{LOADER}.{self.disk}.blocks.orig" if self.of else f"{LOADER}.blocks.orig"


def declare(params: dict[str, Any]) -> Declared:
    """Raises Refused for what is no disk."""
    disk, partition = params["disk"], params["partition"]
    if not _DISK.fullmatch(disk):
        raise Refused(f"disk is {disk!r}; allowed is a disk's name such as wd0 or sd1, without a partition.")
    if not _PARTITION.fullmatch(partition):
        raise Refused(f"partition is {partition!r}; allowed is a letter from a to p.")
    given = {"console": params.get("console"), "speed": params.get("baud")}
    options = {name: str(value) for name, value in given.items() if value is not None}
    return Declared(loaders.loader(params["loader"]), disk, partition, frozenset(params["assume_files"]), options)


# -- current ----------------------------------------------------------------------------------------------------------


def read(host: Host, declared: Declared | None = None) -> dict[str, Any]:
    """Whose code the disk and the partition begin with, which FFS the partition has, and the loaders' files."""
    if declared is None:
        return {"disk": None}
    if mirror.is_raid(declared.disk):
        found = mirror.read(host, declared.disk)
        parts = {part: _read_one(host, _component(declared, part)) for part in found.parts}
        return {"disk": declared.disk, "partition": declared.partition, "mirror": found, "parts": parts}
    return _read_one(host, declared)


def _component(declared: Declared, part: tuple[str, str]) -> Declared:
    return replace(declared, disk=part[0], partition=part[1], of=declared.disk)


def _read_one(host: Host, declared: Declared) -> dict[str, Any]:
    source = _stage_directory(host)
    return {
        "disk": declared.disk,
        "partition": declared.partition,
        "efi": efi.read(host)["booted"] is True,
        "disk_code": bootsector.code(_first_sector(host, declared.raw_disk)),
        "partition_code": bootsector.code(_first_sector(host, declared.raw_partition)),
        "options": _options(host, declared),
        "ffs": _ffs_version(host, declared.file_system),
        "menus": [row.menu for row in LOADERS.values() if host.exists(row.menu)],
        "stages": {name: [_size(host, f"{source}/{name}"), _size(host, f"/grub/{name}")] for name in STAGES},
        "stage_source": source,
        "device_map": host.exists(DEVICE_MAP),
        "core_image": host.exists(CORE_IMAGE),
        "damaged": {path: what for path, what in _damaged(host, source) if what},
        "tools": [row.tool for row in LOADERS.values() if host.exists(row.tool)],
        "loader_is_current": host.content(LOADER) == host.content(LOADER_SOURCE) and host.exists(LOADER),
    }


def _first_sector(host: Host, device: str) -> bytes:
    answer = host.run([DD, f"if={device}", f"bs={bootsector.SECTOR}", "count=1"])
    return answer.stdout.encode("utf-8", "surrogateescape")


def _options(host: Host, declared: Declared) -> dict[str, str]:
    """What the partition's blocks carry. Without -n, installboot would write them."""
    if declared.loader != BOOT_CFG:
        return {}
    answer = host.try_run([BOOT_CFG.tool, "-e", "-n", "-v", declared.raw_partition])
    return bootoptions.parse(answer.stdout) if answer.rc == 0 else {}


def _ffs_version(host: Host, device: str) -> int | None:
    """1 or 2; None for what is no FFS, of which dumpfs(8) says so."""
    answer = host.try_run([DUMPFS, "-s", device])
    found = dumpfs.parse(answer.stdout) if answer.rc == 0 else None
    return {"FFSv1": 1, "FFSv2": 2}.get(found.format) if found else None


def _damaged(host: Host, source: str) -> Iterator[tuple[str, str]]:
    """What is wrong with what a loader reads, or with what would be copied there."""
    for path in (LOADER_SOURCE, *(f"{folder}/{name}" for name in STAGES for folder in (source, "/grub"))):
        yield path, damage.of_program(host.content(path))
    modules = os.path.dirname(CORE_IMAGE)
    for name in host.list_dir(modules):
        if name.endswith(".mod"):
            yield f"{modules}/{name}", damage.of_program(host.content(f"{modules}/{name}"), is_elf=True)


def _stage_directory(host: Host) -> str:
    """pkgsrc names it after the machine, with a '-' behind it (sysutils/grub, PLIST)."""
    names = [name for name in host.list_dir(STAGES_SOURCE) if host.exists(f"{STAGES_SOURCE}/{name}/stage1")]
    return f"{STAGES_SOURCE}/{names[0]}" if names else STAGES_SOURCE


def _size(host: Host, path: str) -> int | None:
    found = host.stat(path)
    return None if found is None else found.size


# -- plan -------------------------------------------------------------------------------------------------------------


def plan(current: dict[str, Any], declared: Declared) -> Plan:
    """The files that the loader needs, then the blocks. Raises Refused for what would not boot."""
    if (current["disk"], current.get("partition")) != (declared.disk, declared.partition):
        raise NotRead(f"{declared.disk} was not looked at")
    if "mirror" in current:
        return _plan_mirror(current, declared)
    return Plan(_plan_one(current, declared))


def _plan_mirror(current: dict[str, Any], declared: Declared) -> Plan:
    """Each component that works gets its own blocks, so that the machine boots from any of them."""
    found = current["mirror"]
    mirror.refuse_unbootable(found, declared.loader)
    # A disk that is new in the set starts as the others do.
    options: dict[str, str] = next((state["options"] for state in current["parts"].values() if state["options"]), {})
    changes = []
    for part, state in current["parts"].items():
        changes += _plan_one({**state, "options": state["options"] or options}, _component(declared, part))
    without = [disk for (disk, _letter), state in current["parts"].items() if state["disk_code"] == bootsector.OTHER]
    return Plan(changes, warnings=mirror.warnings(found, without))


def _plan_one(current: dict[str, Any], declared: Declared) -> list[Change]:
    if current["efi"]:
        raise Refused(
            f"This machine boots by EFI, which starts a file of the EFI partition and no boot blocks; {declared.disk} "
            "is left as it is."
        )
    return _PLANS[declared.loader.name](current, declared)


def _plan_grub(current: dict[str, Any], declared: Declared) -> list[Change]:
    _refuse_unready(current, declared)
    if current["ffs"] != 1:
        raise Refused(
            f"GRUB legacy reads FFSv1 only, which {declared.disk}{declared.partition} is not; it would start and find "
            f"neither its menu nor a kernel. Use {loaders.names(row for row in LOADERS.values() if row.root is None)}."
        )
    # GRUB writes its menu's name into the copy of stage2, so that contents always differ.
    stale = [
        name
        for name, (source, copy) in current["stages"].items()
        if copy is None or source not in (None, copy) or f"/grub/{name}" in current["damaged"]
    ]
    changes = []
    if stale:
        _refuse_damaged(current, [f"{current['stage_source']}/{name}" for name in stale], "the package grub")
        missing = [name for name in stale if current["stages"][name][0] is None]
        if missing and not declared.assume_files:
            raise Refused(f"{STAGES_SOURCE} has no {', '.join(missing)}; is the package grub installed?")
        summary = f"copy {', '.join(stale)} from {current['stage_source']}"
        data = [(f"{current['stage_source']}/{name}", f"/grub/{name}") for name in stale]
        changes.append(Change(NAME, "/grub", "stages", summary, after=stale, data=data))
    if stale or current["disk_code"] != GRUB.name or not current["device_map"]:
        changes.append(_install(current, declared, needs=("/grub",)))
    return changes


def _plan_grub2(current: dict[str, Any], declared: Declared) -> list[Change]:
    _refuse_unready(current, declared)
    modules = [path for path in current["damaged"] if path.startswith(os.path.dirname(CORE_IMAGE) + "/")]
    if current["disk_code"] == GRUB2.name and current["core_image"] and not modules:
        return []
    return [_install(current, declared)]


def _plan_boot_cfg(current: dict[str, Any], declared: Declared) -> list[Change]:
    if current["disk_code"] in (GRUB.name, GRUB2.name):
        raise Refused(
            f"{declared.disk} starts with GRUB. Put NetBSD's master boot record back yourself, for example with: "
            f"fdisk -i {declared.disk} (fdisk(8)); then run this again."
        )
    if current["ffs"] is None:
        raise Refused(f"{declared.disk}{declared.partition} has no FFS file system; there is no boot block for it.")
    _refuse_damaged(current, [LOADER_SOURCE], "the set base of this NetBSD")
    options = {**current["options"], **declared.options}
    if current["partition_code"] == BOOT_CFG.name and current["loader_is_current"]:
        return [] if options == current["options"] else [_edit(current, declared)]
    lost = bootoptions.cannot_be_kept(options)
    if lost:
        raise Refused(
            f"The boot blocks of {declared.disk}{declared.partition} have the option {lost}, which can't be read and "
            f"given to new ones. Take it away, for example with: installboot -e -o password= {declared.raw_partition} "
            "(installboot(8)); then run this again, and set it again afterwards."
        )
    return [_install(current, declared, options=options)]


_PLANS = {BOOT_CFG.name: _plan_boot_cfg, GRUB.name: _plan_grub, GRUB2.name: _plan_grub2}


def _edit(current: dict[str, Any], declared: Declared) -> Change:
    """Options of blocks that are right otherwise."""
    before = {name: current["options"].get(name, "") for name in declared.options}
    return Change(
        resource=NAME,
        thing=f"{declared.disk}{declared.partition}",
        action="options",
        summary=f"give the boot blocks of {declared.disk}{declared.partition} {bootoptions.argument(declared.options)}",
        before=bootoptions.argument(before),
        after=bootoptions.argument(declared.options),
        data=declared,
    )


def _install(
    current: dict[str, Any], declared: Declared, needs: tuple[str, ...] = (), options: dict[str, str] | None = None
) -> Change:
    before = current["partition_code" if declared.loader == BOOT_CFG else "disk_code"]
    return Change(
        resource=NAME,
        thing=declared.disk,
        action=declared.loader.name,
        summary=f"let {declared.disk} start with {declared.loader.title}",
        before="something else" if before == bootsector.OTHER else LOADERS[before].title,
        after=declared.loader.title,
        needs=needs,
        data=(declared, current["ffs"], options or {}),
    )


def _refuse_damaged(current: dict[str, Any], sources: list[str], where: str) -> None:
    for path in sources:
        if path in current["damaged"]:
            raise Refused(f"{path} {current['damaged'][path]}, so it is not installed. Restore it from {where}.")


def _refuse_unready(current: dict[str, Any], declared: Declared) -> None:
    """GRUB without a menu shows its prompt, and waits there for ever."""
    menu, tool = declared.loader.menu, declared.loader.tool
    if menu not in current["menus"] and menu not in declared.assume_files:
        raise Refused(f"There is no {menu}, so that GRUB would wait at its prompt for ever. Write the menu first.")
    if tool not in current["tools"] and tool not in declared.assume_files:
        raise Refused(f"There is no {tool}; install the package {declared.loader.package} first.")


# -- apply ------------------------------------------------------------------------------------------------------------


def apply(host: Host, change: Change) -> None:
    """Copy the stages, or keep the old blocks and write the new ones."""
    if change.action == "stages":
        host.make_dir("/grub")
        host.remove(DEVICE_MAP, keep=True)
        for source, path in change.data:
            host.copy_file(source, path, 0o644)
        return
    if change.action == "options":
        wanted = bootoptions.argument(change.data.options)
        host.run([BOOT_CFG.tool, "-e", "-v", "-o", wanted, change.data.raw_partition], timeout=INSTALL_SECONDS)
        return
    _INSTALL[change.action](host, *change.data)


def _install_grub(host: Host, declared: Declared, ffs: int, options: dict[str, str]) -> None:
    _keep_blocks(host, declared.raw_disk, f"/grub/{declared.disk}.blocks.orig", DISK_SECTORS)
    new_map = f"{DEVICE_MAP}.new"
    host.write_text(new_map, f"(hd0)\t{declared.raw_disk}\n")
    commands = f"root (hd0,{declared.partition})\nsetup (hd0)\nquit\n"
    argv = [GRUB.tool, "--batch", f"--device-map={new_map}"]
    result = host.run(argv, timeout=INSTALL_SECONDS, stdin=commands)
    failed = _GRUB_ERROR.search(result.stdout + result.stderr)
    if failed:
        raise XenError(f"grub could not install itself on {declared.disk}: {failed.group().strip()}", command=argv)
    host.rename(new_map, DEVICE_MAP, keep=True)


def _install_grub2(host: Host, declared: Declared, ffs: int, options: dict[str, str]) -> None:
    host.make_dir("/grub")
    _keep_blocks(host, declared.raw_disk, f"/grub/{declared.disk}.blocks.orig", DISK_SECTORS)
    host.run([GRUB2.tool, "--boot-directory=/", declared.raw_disk], timeout=INSTALL_SECONDS)
    host.sync(_files_below(host, "/grub"))


def _files_below(host: Host, folder: str) -> list[str]:
    """A directory with all that is in it."""
    found = [folder]
    for name in host.list_dir(folder):
        state = host.stat(f"{folder}/{name}", follow=False)
        is_folder = state is not None and state.kind == "directory"
        found += _files_below(host, f"{folder}/{name}") if is_folder else [f"{folder}/{name}"]
    return found


def _install_boot_cfg(host: Host, declared: Declared, ffs: int, options: dict[str, str]) -> None:
    """The new blocks carry the options of the old ones, and those that are declared.

    The loader comes last, so that it says that all the blocks were written: of those only the first is looked at. Old
    blocks load a new loader and new blocks an old one (sys/arch/i386/stand/bootxx/boot1.c)."""
    _keep_blocks(host, declared.raw_partition, declared.kept_blocks, PARTITION_SECTORS)
    blocks = f"/usr/mdec/bootxx_ffsv{ffs}"
    given = ["-o", bootoptions.argument(options)] if options else []
    host.run([BOOT_CFG.tool, "-v", *given, declared.raw_partition, blocks], timeout=INSTALL_SECONDS)
    if host.exists(LOADER) and host.content(LOADER) == host.content(LOADER_SOURCE):
        return  # the same for all components of a RAID, and what was there before them stays
    if host.exists(LOADER):
        host.copy_file(LOADER, f"{LOADER}.old", 0o444)
    host.copy_file(LOADER_SOURCE, LOADER, 0o444)


_INSTALL = {BOOT_CFG.name: _install_boot_cfg, GRUB.name: _install_grub, GRUB2.name: _install_grub2}


def _keep_blocks(host: Host, device: str, path: str, sectors: int) -> None:
    """A copy of what will be overwritten; the first one ever made stays."""
    if host.exists(path):
        return
    # Complete or not there: half a copy must not be taken for the whole.
    host.run([DD, f"if={device}", f"of={path}.new", f"bs={bootsector.SECTOR}", f"count={sectors}"])
    host.sync([f"{path}.new"])
    host.rename(f"{path}.new", path)
