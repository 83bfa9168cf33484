# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""mke2fs(8) and e2fsck(8) of pkgsrc's sysutils/e2fsprogs, and qemu-img of the Xen tools: the controller's own, which
are the same programs, over the machine's paths."""

from __future__ import annotations

import os
import shutil
import sys

from ..core import forms
from ..core.machine import Machine, NotSimulated

_SEARCHED = "/usr/sbin:/sbin:/usr/bin:/bin"


def mke2fs(m: Machine, argv: list[str]) -> int:
    """mke2fs -F ... FILE BLOCKS. No configuration is read but what the program has inside."""
    return _own(m, argv, {"MKE2FS_CONFIG": "/dev/null"})


def e2fsck(m: Machine, argv: list[str]) -> int:
    """e2fsck -f -n FILE."""
    return _own(m, argv, {"E2FSCK_CONFIG": "/dev/null"})


def qemu_img(m: Machine, argv: list[str]) -> int:
    """qemu-img convert."""
    return _own(m, argv, {})


def _own(m: Machine, argv: list[str], environment: dict[str, str]) -> int:
    forms.read(argv)
    name = os.path.basename(argv[0])
    program, words = f"/.sim/bin/{name}", argv[1:]
    if not os.path.exists(program):  # outside the sandbox, where paths are not the machine's
        program = shutil.which(name, path=_SEARCHED) or ""
        words = [str(m.path(word)) if word.startswith("/") else word for word in words]
    if not program:
        raise NotSimulated(f"{name}: the controller has none")
    sys.stdout.flush()
    m.midway()
    child = os.posix_spawn(program, [name, *words], {**os.environ, **environment})
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
