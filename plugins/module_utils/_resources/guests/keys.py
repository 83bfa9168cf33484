# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The keys of a guest, one row each: how it is read, what it becomes in the guest's configuration, what of it is seen
in a running guest, and what a change of it costs. What it means to an admin is told in plugins/modules/domain.py.

Which release of Xen knows a key of a configuration stands in _formats/xl/xlcfg_keys.py. How a running guest is changed
in what is LIVE stands in plan/running.py.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Dict, Optional, Tuple

from ..._change import GUEST_RESTART, LIVE
from ..._formats.xl.xl_keys import COMMON_EVENTS, EVENTS
from ..._formats.xl.xl_output import Domain
from ..systems.keys import INSTALL_KEYS
from .declare import devices, values, written
from .declare.fields import Fields
from .declare.values import EVENT_ACTIONS, choice, flag, given_uuid, whole, words
from .read import live
from .read.live import booted, shown

if TYPE_CHECKING:
    from .declare.guest import Guest

Write = Callable[["Guest", str], Dict[str, Any]]
Seen = Callable[["Guest", Domain], Optional[Tuple[Any, Any]]]


@dataclass(frozen=True)
class Key:
    """A key of a guest.

    ``type``, ``elements``, ``parts``   as it is documented; ``parts`` are the keys of its dictionaries
    ``read``        how it is read; None if that is done elsewhere: ``root`` and ``extra`` become a part of ``cmdline``,
                    declare/settings.py reads ``settings`` and the passwords
    ``by_os``       whether ``os_defaults`` may give it
    ``xl``, ``xm``  its key in a configuration, and in one for xm if that is another
    ``write``       what of a configuration it becomes, if that is more than its value
    ``instead``     further keys that can't be given in ``settings``, to what is declared in their place
    ``seen``        what of it a running guest has and should have; None if it does not show
    ``change``      what a change costs a running guest
    ``types``, ``systems``, ``only``    which guests can have it, if not all, and that in words
    ``toolstack``   the only one that can be told it, if not both
    """

    name: str
    type: str
    read: values.Read | None = None
    elements: str = ""
    parts: tuple[str, ...] = ()
    by_os: bool = False
    xl: str = ""
    xm: str = ""
    write: Write | None = None
    instead: dict[str, str] = field(default_factory=dict)
    seen: Seen | None = None
    change: str = GUEST_RESTART
    types: tuple[str, ...] = values.TYPES
    systems: tuple[str, ...] = values.SYSTEMS
    only: str = ""
    toolstack: str = ""

    @property
    def configures(self) -> bool:
        """Whether it is a part of the guest's configuration, of which a guest that is only to be stopped needs none."""
        return self.name not in ("name", "uuid", "config") and bool(self.xl or self.write or self.read is None)

    def written(self, guest: Guest, dialect: str) -> dict[str, Any]:
        """What it becomes in a guest's configuration; nothing where it was not given."""
        if self.write is not None:
            return self.write(guest, dialect)
        if self.read is None or not self.xl:
            return {}
        value = guest.value(self.name)
        name = self.xm if self.xm and dialect == "xm" else self.xl
        return {} if value in ("", None, ()) else {name: list(value) if isinstance(value, tuple) else value}


# In the order of the configuration file, and of reading: a value may follow from those above it.
# fmt: off
KEYS = (
    Key("name", "str", values.name, xl="name", seen=live.never),
    Key("os", "str", choice("other", values.SYSTEMS)),
    Key("uuid", "str", values.uuid, xl="uuid", seen=live.uuid),
    Key("config", "str", values.config_file),
    Key("type", "str", choice("pv", values.TYPES), by_os=True, xl="type", write=written.guest_type,
        instead={"builder": "type", "pvshim": "type: pvshim"}, seen=live.guest_type),
    Key("kernel", "str", Fields.path, by_os=True, xl="kernel", seen=booted("kernel")),
    Key("ramdisk", "str", Fields.path, by_os=True, xl="ramdisk", seen=booted("ramdisk")),
    Key("cmdline", "str", values.cmdline, by_os=True, xl="cmdline", xm="extra", seen=booted("cmdline")),
    Key("root", "str", by_os=True, xl="root"),
    Key("extra", "str", by_os=True, xl="extra"),
    Key("bootloader", "str", Fields.text, by_os=True, xl="bootloader", seen=live.bootloader),
    Key("memory", "raw", values.memory, by_os=True, xl="memory", seen=shown("memory"), change=LIVE),
    Key("maxmem", "raw", values.maxmem, by_os=True, xl="maxmem", write=written.maxmem, seen=shown("maxmem")),
    Key("vcpus", "int", whole(1, values.MAX_VCPUS, 1), by_os=True, xl="vcpus",
        instead={"vcpu_avail": "vcpus and maxvcpus"}, seen=shown("vcpus"), change=LIVE),
    Key("maxvcpus", "int", values.maxvcpus, by_os=True, xl="maxvcpus", write=written.maxvcpus, seen=shown("maxvcpus")),
    # Compared by live.wrong_pins, which has to know how many CPUs the machine has.
    Key("cpus", "raw", values.cpus, by_os=True, xl="cpus", write=written.cpus, seen=live.never, change=LIVE),
    Key("weight", "int", whole(1, 65535), by_os=True, xl="cpu_weight", seen=shown("weight", "cpu_weight", None),
        change=LIVE),
    Key("cap", "int", whole(0, 100 * values.MAX_VCPUS), by_os=True, xl="cap", xm="cpu_cap",
        seen=shown("cap", missing=0), change=LIVE),
    Key("pool", "str", values.pool, by_os=True, xl="pool", seen=live.pool, change=LIVE),
    Key("disks", "list", devices.disks, elements="raw", parts=devices.DISK_KEYS, xl="disk", write=written.disks,
        seen=live.disks, change=LIVE),
    Key("nics", "list", devices.nics, elements="raw", parts=devices.NIC_KEYS, xl="vif", write=written.nics,
        seen=live.nics, change=LIVE),
    Key("pci", "list", devices.pci, elements="raw", parts=devices.PCI_KEYS, xl="pci", write=written.pci, seen=live.pci),
    # xl does not take it without a backend (xl_parse.c, parse_config_data: vtpm).
    Key("vtpm", "list", words("backend", backend=Fields.word, uuid=given_uuid), elements="raw",
        parts=("backend", "uuid"), xl="vtpm", toolstack="xl", types=("pv", "pvh"), systems=("linux", "other"),
        only="only a pv or pvh guest can have a TPM, and NetBSD has no driver for it"),
    Key("vnc", "raw", devices.vnc, parts=devices.VNC_KEYS, by_os=True, write=written.vnc,
        instead={"vnc": "vnc", "vnclisten": "vnc: {listen: ...}", "vncdisplay": "vnc: {display: ...}",
                 "vncunused": "vnc, without a display"}),
    Key("serial", "str", Fields.text, by_os=True, xl="serial", types=("hvm",),
        only="only an hvm guest has a serial line"),
    *(Key(event, "str", choice(EVENTS[event], EVENT_ACTIONS), by_os=True, xl=event, seen=shown(event))
      for event in COMMON_EVENTS),
    Key("on_watchdog", "str", choice("", EVENT_ACTIONS), by_os=True, xl="on_watchdog"),
    Key("on_soft_reset", "str", choice("", (*EVENT_ACTIONS, "soft-reset")), by_os=True, xl="on_soft_reset"),
    # What follows is ours, and stands in no configuration.
    Key("state", "str", choice("running", values.STATES), change=LIVE),
    Key("autostart", "bool", flag, by_os=True, change=LIVE),
    Key("depends_on", "list", values.depends_on, elements="str", change=LIVE),
    Key("priority", "int", whole(-1000, 1000, 0), by_os=True, change=LIVE),
    Key("health", "dict", values.health, parts=values.HEALTH_KEYS, by_os=True, change=LIVE),
    # What is in it is the other room's matter (systems/declare.py).
    Key("install", "dict", values.is_given, parts=INSTALL_KEYS, change=LIVE),
    Key("settings", "dict", by_os=True),
    Key("vncpasswd", "str"),
    Key("spicepasswd", "str"),
)
# fmt: on
GUEST_KEYS = tuple(key.name for key in KEYS)
BY_OS = tuple(key.name for key in KEYS if key.by_os)
