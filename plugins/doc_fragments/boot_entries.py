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
          - The kernel's arguments, V(-s) and other flags for a native one behind NetBSD's loader, or such as
            V(root=wd0a console=pc) for that of a dom0, which reads 255 characters. NetBSD's loader hands on the first
            79 of the file's name and the arguments together; what is longer is refused.
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
      console:
        description:
          - What the native kernel of the entry, or its O(entries[].fallback), has as its console. NetBSD's loader
            switches to it first, where it is not O(console); GRUB 2 tells the kernel, and is on the screen without it.
            GRUB legacy has no way to tell a kernel. A hypervisor and its dom0 kernel are told by their arguments.
        type: str
        choices: [pc, com0, com1, com2, com3]
      optional:
        description: Whether the entry is left out of the menu while one of its files is missing.
        type: bool
        default: false
      adopt:
        description:
          - Kinds of arguments that the entry in use gives to this one, in place of what stands in O(entries[].args) and
            O(entries[].hypervisor_args). Where it says nothing of a kind, these hold. Each one that is taken over is
            warned of.
          - V(root) is C(root=) and C(bootdev=) of the dom0 kernel, V(console) its C(console=) together with Xen's
            C(console=), C(com1=) and C(com2=), V(pci_hide) is C(pciback.hide=), V(memory) is C(dom0_mem=), V(kernel)
            all else of the dom0 kernel, V(hypervisor) all else of Xen. Flags with which the dom0 kernel waits at its
            console, such as C(-s), are not taken over; that is warned of too.
          - The entry in use is the default one if it boots a hypervisor, else one that has the name of a managed one,
            else the first one that does.
        type: list
        elements: str
        choices: [root, console, pci_hide, kernel, memory, hypervisor]
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
  console:
    description:
      - Where the loader itself has its menu, V(pc) for screen and keyboard, V(com0) and so on for a serial port as
        NetBSD counts them. If omitted, it is left alone.
      - NetBSD's loader gets C(consdev). GRUB legacy gets C(serial) and C(terminal), and asks on both for as long as the
        menu waits, before it takes the serial port. GRUB 2 shows its menu on both at once.
    type: str
    choices: [pc, com0, com1, com2, com3]
  baud:
    description:
      - The speed of any serial console here, in bits a second, with 8 bits, no parity and one stop bit.
      - NetBSD's loader takes it from the menu from NetBSD 10 on, by EFI from 9 on; before that, it has the speed that
        its boot blocks carry (M(netbsd.xen.boot_blocks)).
    type: int
    default: 115200
  assume_files:
    description:
      - Files that are taken to exist. For a run in check mode, where the tasks that would install them did nothing.
    type: list
    elements: str
    default: []
"""
