# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of GRUB legacy: the grub shell in batch mode, and grub-install.

Sources: GNU GRUB 0.97 grub/main.c, stage2/builtins.c (setup_func, embed_func, install_func: their texts),
util/grub-install.in; pkgsrc sysutils/grub (files in /grub). The shell ends with 0 whatever goes wrong: an error is
only a line `Error N: TEXT` of its output.
"""

from __future__ import annotations

import re
import shutil
import sys

from ..core.machine import Machine, NotSimulated, SimError
from . import grub2, grub_menu
from .bootblocks import GRUB
from .grub_menu import GrubError

_BANNER = """

    GNU GRUB  version 0.97  (640K lower / 3072K upper memory)

 [ Minimal BASH-like line editing is supported.  For the first word, TAB
   lists possible command completions.  Anywhere else TAB lists the possible
   completions of a device/filename. ]
"""
_FILES = ("stage1", "stage2", "ffs_stage1_5")
_EMBEDDED = 14  # sectors of ffs_stage1_5


def grub(m: Machine, argv: list[str]) -> int:
    """grub --batch [--no-floppy] [--device-map=FILE] < commands: root, setup, quit."""
    options = argv[1:]
    if "--batch" not in options or any(not re.fullmatch(r"--batch|--no-floppy|--no-config-file|--no-curses|"
                                                        r"--device-map=\S*", word) for word in options):
        raise NotSimulated(" ".join(argv))
    print(_BANNER)
    root = "(hd0,a)"
    for line in sys.stdin.read().splitlines():
        print(f"grub> {line}")
        name, argument = grub_menu.split_command(line.strip())
        try:
            if name == "quit":
                return 0
            if name == "root":
                root = _root(m, argument)
            elif name == "setup":
                _setup(m, argument, root)
            elif name:
                raise NotSimulated(f"grub> {line}")
        except GrubError as error:
            print(f"\n{error}")
    return 0


def _root(m: Machine, argument: str) -> str:
    device = grub_menu.device(m, argument)
    if not grub_menu.readable(m):
        raise GrubError(17)
    print(" Filesystem type is ffs, partition type 0xa9")
    return device


def _setup(m: Machine, argument: str, root: str) -> None:
    words = [word for word in argument.split() if not word.startswith("--")]
    device = grub_menu.device(m, words[0] if words else "")
    if device != "(hd0)":
        raise NotSimulated(f"grub> setup {argument}")
    if not grub_menu.readable(m):
        raise GrubError(17)
    print(' Checking if "/boot/grub/stage1" exists... no')
    for name in _FILES:
        exists = m.path(f"/grub/{name}").exists()
        print(f' Checking if "/grub/{name}" exists... {"yes" if exists else "no"}')
        if not exists and name != "ffs_stage1_5":
            raise GrubError(15)
    print(f' Running "embed /grub/ffs_stage1_5 {device}"...  {_EMBEDDED} sectors are embedded.\nsucceeded\n'
          f' Running "install /grub/stage1 {device} {device}1+{_EMBEDDED} p {root}/grub/stage2 /grub/menu.lst"... '
          "succeeded\nDone.")
    m.data["boot_sector"] = GRUB


def grub_install(m: Machine, argv: list[str]) -> int:
    """grub-install [--recheck] [--no-floppy] [--root-directory=/] DISK: copies the stages to /grub, runs the shell, and
    looks for `Error` in what it said. GRUB 2's command has the same name; only one of the packages is installed."""
    if m.path(grub2.LIBRARY).exists():
        return grub2.install(m, argv)
    names = [word for word in argv[1:] if not word.startswith("-")]
    options = [word for word in argv[1:] if word.startswith("-")]
    disk = m.profile.disks[0].name
    if any(word not in ("--recheck", "--no-floppy", "--root-directory=/", "--root-directory=") for word in options):
        raise NotSimulated(" ".join(argv))
    if len(names) != 1:
        raise SimError("install_device not specified.")
    if names[0] not in ("(hd0)", "hd0", f"/dev/{disk}d", f"/dev/r{disk}d"):
        raise SimError(f"{names[0]} does not have any corresponding BIOS drive.")
    target = m.path("/grub")
    target.mkdir(exist_ok=True)
    for stage in sorted(m.path(f"/usr/pkg/share/grub/{m.profile.processor}-").iterdir()):
        shutil.copyfile(stage, target / stage.name)
    device_map = f"(hd0)\t/dev/{disk}d\n"
    (target / "device.map").write_text(device_map)
    try:
        _setup(m, "(hd0)", _root(m, "(hd0,a)"))
    except GrubError as error:
        raise SimError(str(error)) from None
    print("Installation finished. No error reported.\nThis is the contents of the device map /grub/device.map.\n"
          "Check if this is correct or not. If any of the lines is incorrect,\nfix it and re-run the script "
          f"`grub-install'.\n\n{device_map}", end="")
    return 0
