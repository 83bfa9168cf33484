# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The files in /etc of a NetBSD that was unpacked from its sets, made one machine's own. Each function takes a file's
text, gives the new one, and gives the same for what it has given. Pure.

Measured on NetBSD 7.99.10: with these files a guest asks for a login on its console, and lets root in by ssh with a
key; ``PermitRootLogin`` is ``no`` there by default, also for keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ..system import rcconf, ttys

_BEGIN = "# Below: what netbsd.xen wrote when it installed this system."
_TOP = "# Above: what netbsd.xen wrote when it installed this system."
_CONFIGURED = re.compile(r"^rc_configured=.*$", re.MULTILINE)
_SCREEN = re.compile(r"^(?=(?:screen|mux|encoding|font|keyboard|setvar)\b)", re.MULTILINE)
_ROOT = re.compile(r"^(root):[^:\n]*:", re.MULTILINE)
_TOOR = re.compile(r"^(toor):[^:\n]*:", re.MULTILINE)
CONSOLE = "console"
# No password has this hash.
LOCKED = "*"


def fstab(root: str, swap: str) -> str:
    """The file systems of a guest: its root, swap (empty for none), and what the kernel makes."""
    lines = [f"/dev/{root}\t/\tffs\trw,log\t1 1"]
    lines += [f"/dev/{swap}\tnone\tswap\tsw\t0 0"] if swap else []
    lines += ["ptyfs\t/dev/pts\tptyfs\trw\t0 0", "kernfs\t/kern\tkernfs\trw\t0 0", "procfs\t/proc\tprocfs\trw\t0 0"]
    return "\n".join(lines) + "\n"


def swap_beside(root: str) -> str:
    """The swap that an installation puts behind a root: the next wedge, or partition b."""
    return f"dk{int(root[2:]) + 1}" if root.startswith("dk") else f"{root[:-1]}b"


def rc_conf(text: str, settings: Mapping[str, str]) -> str:
    """rc.conf(5) that lets the machine come up, with these settings at its end."""
    kept = _CONFIGURED.sub("rc_configured=YES", _without(text))
    if not _CONFIGURED.search(kept):
        kept += "rc_configured=YES\n"
    lines = [f"{name}={rcconf.quoted(value)}" for name, value in settings.items()]
    return kept + "\n".join([_BEGIN, *lines]) + "\n"


def _without(text: str) -> str:
    kept = text.split(_BEGIN, 1)[0]
    return kept if kept.endswith("\n") or not kept else kept + "\n"


def only_console(text: str) -> str:
    """ttys(5) with a login on the console alone: the screens and serial lines of real machines have no device in a
    guest."""
    for terminal in ttys.parse(text):
        if terminal.on != (terminal.name == CONSOLE):
            text = ttys.switched(text, terminal.line, terminal.name == CONSOLE)
    return text


def no_screens(text: str) -> str:
    """wscons.conf(5) without any screen, nor settings for one."""
    return _SCREEN.sub("#", text)


def master_passwd(text: str, root_hash: str) -> str:
    """passwd(5) with the hash of root's password, LOCKED for none. toor is the same user."""
    return _TOOR.sub(rf"\1:{LOCKED}:", _ROOT.sub(lambda found: f"{found.group(1)}:{root_hash}:", text))


def sshd_config(text: str) -> str:
    """sshd_config(5) that lets root in with a key. The first line for an option counts."""
    rest = text.split(_TOP + "\n", 1)[-1]
    return f"PermitRootLogin without-password\n{_TOP}\n{rest}"


def ntp_conf(servers: Iterable[str]) -> str:
    return "driftfile /var/db/ntp.drift\n" + "".join(f"server {server} iburst\n" for server in servers)
