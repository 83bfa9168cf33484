# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The words of an entry's two command lines, the dom0 kernel's and the hypervisor's, and which variable has each.

| line | argument | kind | declared by |
|---|---|---|---|
| dom0 kernel | ``root=``, ``bootdev=`` | root | bootloader_root |
| dom0 kernel | ``console=`` | console | bootloader_console |
| dom0 kernel | ``pciback.hide=`` | pci_hide | bootloader_pci_hide |
| dom0 kernel | flags with ``s``, ``a``, ``c``, ``d`` | | never taken over, and said: the kernel asks somebody |
| dom0 kernel | all else (``ip=``, ``nfsroot=``, ``-v``...) | kernel | bootloader_dom0_args |
| hypervisor | ``dom0_mem=`` | memory | bootloader_dom0_memory |
| hypervisor | ``console=``, ``com1=``, ``com2=`` | console | bootloader_console, bootloader_baud |
| hypervisor | all else (``vga=``, ``noreboot``...) | hypervisor | bootloader_xen_args |

Sources: ``xen_parse_cmdline`` (NetBSD sys/arch/xen/xen/xen_machdep.c; names count whatever their case) with the flags
of sys/sys/boot_flag.h, and Xen's docs/misc/xen-command-line.pandoc. The console is one kind on both lines: a dom0
kernel without ``console=pc`` writes to the hypervisor's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

# By kind, the variable that declares it.
VARIABLES = {
    "root": "bootloader_root",
    "console": "bootloader_console",
    "pci_hide": "bootloader_pci_hide",
    "kernel": "bootloader_dom0_args",
    "memory": "bootloader_dom0_memory",
    "hypervisor": "bootloader_xen_args",
}
KINDS = tuple(VARIABLES)
# The flags with which a kernel asks somebody at the console.
ASKS = "asks"
_OF_KERNEL = (
    (re.compile(r"(?:root|bootdev)=", re.IGNORECASE), "root"),
    (re.compile(r"console=", re.IGNORECASE), "console"),
    (re.compile(r"pciback\.hide=", re.IGNORECASE), "pci_hide"),
    (re.compile(r"-\w*[acds]"), ASKS),
    (re.compile(""), "kernel"),
)
_OF_HYPERVISOR = (
    (re.compile(r"dom0_mem="), "memory"),
    (re.compile(r"(?:console|com[0-9]+)="), "console"),
    (re.compile(""), "hypervisor"),
)
_NO = re.compile(r"no-?(?=.)")


@dataclass(frozen=True)
class Arguments:
    """What an entry gives to the dom0 kernel and to the hypervisor, in words."""

    kernel: tuple[str, ...]
    hypervisor: tuple[str, ...]

    def of(self, kind: str) -> tuple[str, ...]:
        """The words of a kind, of both lines."""
        return _of_kind(self.kernel, _OF_KERNEL, kind) + _of_kind(self.hypervisor, _OF_HYPERVISOR, kind)


def same(one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether two command lines say the same. Each argument is taken by itself (``_cmdline_parse`` in Xen's
    common/kernel.c, ``xen_parse_cmdline``), so only the order of those of one name counts."""
    return _by_name(one) == _by_name(other)


def _by_name(words: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for word in words:
        # no-smt and smt=0 are one argument; flags of a kernel are in any word.
        found.setdefault("" if word.startswith("-") else _NO.sub("", word.partition("=")[0].lower()), []).append(word)
    return found


def arguments(kernel: str, hypervisor: str) -> Arguments:
    """From two command lines."""
    return Arguments(tuple(kernel.split()), tuple(hypervisor.split()))


def _kind(word: str, table: tuple[tuple[re.Pattern[str], str], ...]) -> str:
    return next(kind for pattern, kind in table if pattern.match(word))


def _of_kind(words: Iterable[str], table: tuple[tuple[re.Pattern[str], str], ...], kind: str) -> tuple[str, ...]:
    return tuple(word for word in words if _kind(word, table) == kind)


def kinds(kernel: str, hypervisor: str) -> set[str]:
    """Which kinds two command lines say something of."""
    found = arguments(kernel, hypervisor)
    return {_kind(word, _OF_KERNEL) for word in found.kernel} | {
        _kind(word, _OF_HYPERVISOR) for word in found.hypervisor
    }


def taken_kinds(own: Arguments, found: Arguments, adopt: Collection[str]) -> set[str]:
    """The adopted kinds of which something else was found than is given. What is not found takes nothing away."""
    return {kind for kind in adopt if found.of(kind) and sorted(found.of(kind)) != sorted(own.of(kind))}


def without(own: Arguments, kinds: Collection[str]) -> Arguments:
    """What is given, without some kinds."""
    return Arguments(_merged(own.kernel, (), _OF_KERNEL, kinds), _merged(own.hypervisor, (), _OF_HYPERVISOR, kinds))


def merged(own: Arguments, found: Arguments, adopt: Collection[str]) -> Arguments:
    """What is given, with what was found in place of it where a kind is adopted; in the order that was found, where
    that says the same."""
    taken = taken_kinds(own, found, adopt)
    kernel = _merged(own.kernel, found.kernel, _OF_KERNEL, taken)
    hypervisor = _merged(own.hypervisor, found.hypervisor, _OF_HYPERVISOR, taken)
    return Arguments(
        found.kernel if same(kernel, found.kernel) else kernel,
        found.hypervisor if same(hypervisor, found.hypervisor) else hypervisor,
    )


def _merged(
    own: tuple[str, ...],
    found: tuple[str, ...],
    table: tuple[tuple[re.Pattern[str], str], ...],
    taken: Collection[str],
) -> tuple[str, ...]:
    stays = [word for word in own if _kind(word, table) not in taken]
    return (*stays, *(word for word in found if _kind(word, table) in taken))
