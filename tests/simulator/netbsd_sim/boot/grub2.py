# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands of GRUB 2: grub-editenv, grub-reboot, grub-set-default, grub-install.

Sources: GNU GRUB 2 util/grub-editenv.c, util/grub-reboot.in, util/grub-set-default.in, util/grub-install.c; pkgsrc
sysutils/grub2 (an x86_64 package is one for i386-pc). Files are in /grub.
"""

from __future__ import annotations

import shutil
import sys

from ..core.machine import Machine, NotSimulated, SimError
from ..core.profiles import EFI
from . import grub_env
from .bootblocks import GRUB2

LIBRARY = "/usr/pkg/lib/grub/i386-pc"


# --- the environment block -------------------------------------------------------------------------------------------


def grub_editenv(m: Machine, argv: list[str]) -> int:
    """grub-editenv FILE|- create | list | set NAME=VALUE... | unset NAME..."""
    words = argv[1:]
    if len(words) < 2 or any(word.startswith("-") and word != "-" for word in words):
        raise NotSimulated(" ".join(argv))
    name, action, names = words[0], words[1], words[2:]
    name = grub_env.FILE if name == "-" else name
    if action == "create":
        _write(m, name, {})
    elif action == "list":
        for variable, value in _read(m, name).items():
            print(f"{variable}={value}")
    elif action == "set":
        variables = _read(m, name)
        for word in names:
            variable, equals, value = word.partition("=")
            if not equals:
                raise SimError(f"grub-editenv: error: invalid parameter {word}.")
            variables[variable] = value
        _write(m, name, variables)
    elif action == "unset":
        _write(m, name, {key: value for key, value in _read(m, name).items() if key not in names})
    else:
        raise SimError(f"grub-editenv: Unknown command `{action}'.\nTry `grub-editenv --help' for more information.")
    return 0


def _read(m: Machine, name: str) -> dict[str, str]:
    """A file that is missing is made (open_envblk_file)."""
    if not m.path(name).exists():
        _write(m, name, {})
    try:
        return grub_env.read(m.path(name).read_bytes())
    except grub_env.EnvError as error:
        raise SimError(f"grub-editenv: error: {error}.") from None


def _write(m: Machine, name: str, variables: dict[str, str]) -> None:
    try:
        m.path(name).write_bytes(grub_env.render(variables))
    except grub_env.EnvError as error:
        raise SimError(f"grub-editenv: error: {error}.") from None
    except OSError as error:
        raise SimError(f"grub-editenv: error: cannot open `{name}.new': {error.strerror}.") from None


def grub_reboot(m: Machine, argv: list[str]) -> int:
    """grub-reboot ENTRY: that entry at the next boot only."""
    entry = _entry(argv)
    variables = _read(m, grub_env.FILE)
    previous = variables.pop("prev_saved_entry", "")
    if previous:
        variables["saved_entry"] = previous
    variables["next_entry"] = entry
    _write(m, grub_env.FILE, variables)
    return 0


def grub_set_default(m: Machine, argv: list[str]) -> int:
    """grub-set-default ENTRY: that entry from now on, where grub.cfg asks for saved_entry."""
    entry = _entry(argv)
    variables = _read(m, grub_env.FILE)
    variables.pop("prev_saved_entry", None)
    variables["saved_entry"] = entry
    _write(m, grub_env.FILE, variables)
    return 0


def _entry(argv: list[str]) -> str:
    name = argv[0].rpartition("/")[2]
    words = [word for word in argv[1:] if word != "--boot-directory=/"]
    if any(word.startswith("-") for word in words):
        raise NotSimulated(" ".join(argv))
    if len(words) > 1:
        raise SimError(f"{name}: More than one menu entry?")
    if not words:
        raise SimError(f"{name}: Menu entry not specified.\nUsage: {name} [OPTION] MENU_ENTRY")
    return words[0]


# --- the disk --------------------------------------------------------------------------------------------------------


def install(m: Machine, argv: list[str]) -> int:
    """grub-install [--target=i386-pc] [--boot-directory=/] [--recheck] DISK: its modules to /grub/i386-pc, its core
    image behind the disk's first sector, which it takes over."""
    names = [word for word in argv[1:] if not word.startswith("-")]
    options = {word for word in argv[1:] if word.startswith("-")}
    if options - {"--target=i386-pc", "--boot-directory=/", "--boot-directory=", "--recheck", "--no-floppy"}:
        raise NotSimulated(" ".join(argv))
    disk = m.profile.disks[0]
    if not names:
        raise SimError("grub-install: error: install device isn't specified.")
    if len(names) > 1 or names[0] not in ("(hd0)", "hd0", f"/dev/{disk.name}d", f"/dev/r{disk.name}d"):
        raise SimError(f"grub-install: error: cannot find a GRUB drive for {names[0]}.  Check your device.map.")
    print("Installing for i386-pc platform.", file=sys.stderr)
    if m.profile.firmware == EFI or disk.first < 63:
        raise SimError("grub-install: warning: this partition label has no room for the core image; embedding won't be "
                       "possible.\ngrub-install: error: will not proceed with blocklists.")
    write_files(m)
    print("Installation finished. No error reported.", file=sys.stderr)
    return 0


def write_files(m: Machine) -> None:
    """What an installation leaves on the machine."""
    target = m.path("/grub/i386-pc")
    target.mkdir(parents=True, exist_ok=True)
    for file in m.path(LIBRARY).iterdir():
        shutil.copyfile(file, target / file.name)
    (target / "core.img").write_text("simulated core image\n")
    if not m.path(grub_env.FILE).exists():
        _write(m, grub_env.FILE, {})
    m.data["boot_sector"] = GRUB2
