# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""xm save, restore and dump-core (main.py, XendCheckpoint.py, XendDomainInfo.dumpCore, Xen 3.1 and 4.2).

What a NetBSD guest does when it is asked to suspend has no source here.
"""
from __future__ import annotations

import json
import os
import time

from ...core.machine import Machine, NotSimulated
from ..common import domains, guests, hotplug
from ..common.hypervisor import flush, out, wait
from . import xend, xend_create
from .xend import Fault
from .xm_config import XmError

_SIGNATURE = "LinuxGuestRecord"
_SAVE_SECONDS = 3.0  # assumed


def save(m: Machine, args: list[str]) -> int:
    options = {word for word in args if word.startswith("-")}
    name, path = [word for word in args if not word.startswith("-")][:2]
    if options - ({"-f", "--force"} if xend.modern(m) else set()):
        raise NotSimulated(f"xm save {min(options)}")
    file = hotplug.local(m, path)
    if xend.modern(m) and file.exists() and not options:
        raise XmError(f"Save file:{path} exist!\n")
    if not file.parent.is_dir():
        raise XmError(f"xm save: Unable to create file {path}")
    guest = xend.find(m, name)
    if guest.is_dom0:
        raise Fault(f"Cannot save privileged domain {name}")
    domain = xend.running(m, name, "save")[1]
    if (domain["os"] != guests.LINUX or domain["paused"] or domains.is_busy(m, domain)
            or xend.is_managed(m, guest.uuid)):
        raise NotSimulated("xm save of this guest")
    wait(m, _SAVE_SECONDS)
    file.write_text(_SIGNATURE + json.dumps(guest.settings))
    again = domains.get(m, domain["domid"])
    if again is not None:
        domains.destroy(m, again)
    return 0


def restore(m: Machine, args: list[str]) -> int:
    words = [word for word in args if not word.startswith("-")]
    options = set(args) - set(words)
    if options - {"-p", "--paused"}:
        raise NotSimulated(f"xm restore {min(options)}")
    file = hotplug.local(m, words[0])
    if not file.is_file() or not os.access(file, os.R_OK):
        raise XmError(f"xm restore: Unable to read file {words[0]}")
    text = file.read_text(errors="replace")
    if len(text) < len(_SIGNATURE):
        raise Fault("not a valid guest state file: signature read")
    if not text.startswith(_SIGNATURE):
        raise Fault(f"not a valid guest state file: found '{text[:len(_SIGNATURE)]}'")
    try:
        found = json.loads(text.removeprefix(_SIGNATURE))
    except ValueError:
        raise NotSimulated("xm restore of a file that is damaged") from None
    xend_create.check_new(m, found)
    xend_create.build(m, found, bool(options))
    return 0


def dump_core(m: Machine, args: list[str]) -> int:
    words = [word for word in args if not word.startswith("-")]
    options = set(args) - set(words)
    if options - {"-L", "--live"}:
        raise NotSimulated(f"xm dump-core {min(options)}")
    guest, domain = xend.running(m, words[0], "dump-core")
    if len(words) > 1:
        path = hotplug.local(m, words[1])
    elif xend.modern(m):
        stamp = time.strftime("%Y-%m%d-%H%M.%S", time.localtime(m.now()))
        path = m.path(f"/var/xen/dump/{guest.name}/{stamp}-{guest.name}.{domain['domid']}.core")
        path.parent.mkdir(parents=True, exist_ok=True)
    else:
        raise NotSimulated("xm dump-core without a file")
    if not path.parent.is_dir():
        raise NotSimulated("xm dump-core to a directory that is not there")
    out(f"Dumping core of domain: {words[0]} ...\n")
    flush()
    path.write_bytes(b"\x7fELF simulated core\n")
    return 0
