# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that a toolstack does to one running guest."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.devices import Disk, Nic

EVERY_ACT = [
    lambda tool, row: tool.shutdown(row, 0.1),
    lambda tool, row: tool.reboot(row, 0.1),
    lambda tool, row: tool.destroy(row.domid),
    lambda tool, row: tool.save(row, "/s", 1.0),
    lambda tool, row: tool.pause(row),
    lambda tool, row: tool.unpause(row),
    lambda tool, row: tool.rename(row.domid, "x"),
    lambda tool, row: tool.set_memory(row.domid, 64),
    lambda tool, row: tool.set_vcpus(row.domid, 1),
    lambda tool, row: tool.pin(row.domid, "0", "0"),
    lambda tool, row: tool.set_weight(row.domid, 1, 1),
    lambda tool, row: tool.set_pool(row.domid, "p"),
    lambda tool, row: tool.attach_disk(row.domid, Disk("/a", "xvdb")),
    lambda tool, row: tool.detach_disk(row.domid, "xvdb"),
    lambda tool, row: tool.attach_nic(row.domid, Nic("00:16:3e:00:00:01")),
    lambda tool, row: tool.detach_nic(row.domid, "00:16:3e:00:00:01"),
    lambda tool, row: tool.insert_cd(row.domid, "hdc", "/cd.iso"),
    lambda tool, row: tool.insert_cd(row.domid, "hdc", ""),
    lambda tool, row: tool.dump_core(row.domid, "/c", 1.0),
    lambda tool, row: tool.migrate(row.domid, "other", "", 1.0),
]
