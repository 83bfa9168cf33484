# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules that write a boot menu have in common."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  entries:
    description:
      - The managed entries. They come first in the menu, in this order. An entry of the same name is replaced.
      - An entry is either a native kernel (O(entries[].kernel)), a hypervisor with a dom0 kernel
        (O(entries[].kernel) and O(entries[].hypervisor)), or the loader's own commands (O(entries[].commands)).
      - Files that an entry names must exist and not be empty, unless they are listed in O(assume_files).
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description:
          - The text in the menu, by which the entry is known. For NetBSD's loader, neither V(:) nor V(#) can be in it;
            for GRUB 2, no double quote, V($), V(>) or backslash, and an entry whose name begins with a digit can't be
            the default or the one of the next boot.
        type: str
        required: true
      kernel:
        description: The kernel file, as seen from the root file system.
        type: str
      args:
        description:
          - The kernel's arguments, such as V(-s) or V(root=wd0a console=pc). A dom0 kernel reads 255 characters.
        type: str
      hypervisor:
        description: The Xen hypervisor file, which makes this an entry that boots into Xen.
        type: str
      hypervisor_args:
        description: The hypervisor's arguments, such as V(dom0_mem=1G). A memory size without a suffix is in KiB.
        type: str
      fallback:
        description:
          - A native kernel that is booted if a file of the entry can't be loaded, for example C(/netbsd).
          - NetBSD's loader notices only that the hypervisor can't be loaded. Without its dom0 kernel, Xen starts and
            fails.
          - GRUB falls back to entries, and only from the default one, so that another entry must boot that kernel.
        type: str
      optional:
        description: Whether the entry is left out of the menu while one of its files is missing.
        type: bool
        default: false
      commands:
        description: The commands of the boot loader, for an entry of any other kind, such as V(prompt).
        type: list
        elements: str
  default:
    description:
      - The name of the entry that boots when nobody chooses one, a managed one or another.
      - If omitted, the entry that was the default stays so, wherever it then stands in the menu.
    type: str
  timeout:
    description: Seconds until the default entry boots, 0 to 3600. If omitted, it is left alone.
    type: int
  other_entries:
    description: Whether entries that are not declared stay after the managed ones (V(keep)) or go (V(remove)).
    type: str
    choices: [keep, remove]
    default: keep
  absent_entries:
    description:
      - Names of entries that must not be in the menu, whatever O(other_entries) says of others. If one of them is the
        default, declare another O(default).
    type: list
    elements: str
    default: []
  assume_files:
    description:
      - Files that are taken to exist. For a run in check mode, where the tasks that would install them did nothing.
    type: list
    elements: str
    default: []
"""
