# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What other hands do to the rack between two runs: past Ansible, on the machines' own consoles and in their files."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from rehearsal import Rack

XL = "/usr/pkg/sbin/xl"
BRCONFIG = "/sbin/brconfig"
CONFIGS = "usr/pkg/etc/xen"


@dataclass(frozen=True)
class Drift:
    """One act of somebody's.

    ``resource`` and ``thing`` are the words by which the collection must name it; ``short`` stands in the table.
    ``act`` does it, ``repaired`` asks the machine itself whether it is undone.
    """

    host: str
    resource: str
    thing: str
    words: str
    short: str
    act: Callable[[Rack, str], None]
    repaired: Callable[[Rack, str], bool]

    def happen(self, rack: Rack) -> None:
        self.act(rack, self.host)

    def is_repaired(self, rack: Rack) -> bool:
        return self.repaired(rack, self.host)


def edit(rack: Rack, host: str, path: str, pattern: str, replacement: str) -> None:
    """Edit a file of a host. Raises ValueError if there is nothing to edit: the demo would show nothing."""
    file = rack.root(host) / path
    text, count = re.subn(pattern, replacement, file.read_text(), flags=re.MULTILINE)
    if not count:
        raise ValueError(f"{host}:/{path} has nothing that matches {pattern!r}")
    file.write_text(text)


# --- /boot.cfg ---


def menu(rack: Rack, host: str) -> list[str]:
    """The commands of the boot menu's entries, in order."""
    return re.findall(r"^menu=[^:\n]*:(.*)$", (rack.root(host) / "boot.cfg").read_text(), flags=re.MULTILINE)


def boot_natively(rack: Rack, host: str) -> None:
    native = next(number for number, commands in enumerate(menu(rack, host), start=1) if "multiboot" not in commands)
    edit(rack, host, "boot.cfg", r"^default=.*$", f"default={native}")


def boots_xen(rack: Rack, host: str) -> bool:
    (default,) = re.findall(r"^default=(\d+)$", (rack.root(host) / "boot.cfg").read_text(), flags=re.MULTILINE)
    return "multiboot" in menu(rack, host)[int(default) - 1]


# --- the running system ---


def unplug(rack: Rack, host: str) -> None:
    rack.execute(host, BRCONFIG, "bridge0", "delete", "wm0")


def is_plugged(rack: Rack, host: str) -> bool:
    return "wm0" in rack.execute(host, BRCONFIG, "bridge0")


def destroy(guest: str) -> Callable[[Rack, str], None]:
    def act(rack: Rack, host: str) -> None:
        rack.execute(host, XL, "destroy", guest)
        # For a moment a row without a name is left of it. What goes by itself must not be laid to --check's charge.
        for _attempt in range(50):
            if "(null)" not in rack.execute(host, XL, "list"):
                return
            time.sleep(0.2)
        raise TimeoutError(f"{guest} on {host} does not go away")

    return act


def lives(guest: str) -> Callable[[Rack, str], bool]:
    return lambda rack, host: (
        re.search(rf"^{re.escape(guest)}\s", rack.execute(host, XL, "list"), re.MULTILINE) is not None
    )


# --- files ---


def give_memory(guest: str, mebibytes: int) -> Callable[[Rack, str], None]:
    return lambda rack, host: edit(rack, host, f"{CONFIGS}/{guest}", r"^memory *=.*$", f"memory = {mebibytes}")


def has_not_memory(guest: str, mebibytes: int) -> Callable[[Rack, str], bool]:
    def check(rack: Rack, host: str) -> bool:
        config = (rack.root(host) / CONFIGS / guest).read_text()
        return re.search(rf"^memory *= *{mebibytes}$", config, re.MULTILINE) is None

    return check


def forget_xencommons(rack: Rack, host: str) -> None:
    edit(rack, host, "etc/rc.conf", r"^xencommons=.*\n", "")


def starts_xencommons(rack: Rack, host: str) -> bool:
    rc_conf = (rack.root(host) / "etc/rc.conf").read_text()
    return re.search(r"^xencommons=[\"']?YES[\"']?$", rc_conf, re.MULTILINE | re.IGNORECASE) is not None


DRIFTS = (
    Drift(
        "xen1",
        "boot_cfg",
        "/boot.cfg",
        "an editor made the native kernel the default of the boot menu",
        "boot menu",
        boot_natively,
        boots_xen,
    ),
    Drift(
        "xen1",
        "domain",
        "web1",
        "a wrong `xl destroy` ended the guest web1",
        "created again",
        destroy("web1"),
        lives("web1"),
    ),
    Drift("xen2", "bridge", "bridge0", "wm0 was taken out of bridge0", "bridge", unplug, is_plugged),
    Drift(
        "xen2",
        "rc_service",
        "xencommons",
        "xencommons=YES went from /etc/rc.conf",
        "rc.conf",
        forget_xencommons,
        starts_xencommons,
    ),
    Drift(
        "xen3",
        "domain",
        "build1",
        "the config of the guest build1 says 4096 MiB now",
        "config",
        give_memory("build1", 4096),
        has_not_memory("build1", 4096),
    ),
)
