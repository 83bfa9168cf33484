# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""xend: which domains it knows, running ones and managed ones that are not, and how a command finds one.

Source: tools/python/xen/xend/XendDomain.py, XendError.py and xend/server/SrvServer's socket paths, Xen 3.1 and 4.2.
Managed domains live in /var/lib/xend/domains/UUID/config.sxp.
"""
from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.machine import Machine, NotSimulated
from ...pkg import tools
from ..common import domains, hypervisor
from ..common.hypervisor import Domain
from . import xend_config, xend_sxp
from .xm_config import XmError

SOCKET = "/var/run/xend/xmlrpc.sock"
_MANAGED = "/var/lib/xend/domains"

DOM0 = "Domain-0"
Settings = dict[str, Any]


class Fault(Exception):
    """xend refuses. `missing` is the one fault whose exit status differs on 4.x (main.py: the fault's code)."""

    def __init__(self, text: str, missing: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.missing = missing


@dataclass
class Guest:
    """A domain as xend sees it. `live` is None for a managed one that does not run, and for Domain-0."""

    name: str
    uuid: str
    live: Domain | None
    settings: Settings

    @property
    def is_dom0(self) -> bool:
        return self.name == DOM0 and not self.settings

    @property
    def domid(self) -> int | None:
        return 0 if self.is_dom0 else None if self.live is None else int(self.live["domid"])


def modern(m: Machine) -> bool:
    """Whether this is xend 4.x."""
    return tools.xm_era(m) != "3.1"


def connect(m: Machine) -> None:
    """What each xm command but a few does first."""
    if m.daemon("xend") is None:
        reason = "Connection refused" if m.path(SOCKET).exists() else "No such file or directory"
        raise XmError(f"Unable to connect to xend: {reason}. Is xend running?")
    if m.daemon("xenstored") is None:
        raise NotSimulated("xend without xenstored")
    domains.settle(m)


def log(m: Machine, text: str) -> None:
    """A line of xend's log, in its format."""
    import time

    path = m.path("/var/log/xen/xend.log" if modern(m) else "/var/log/xend.log")
    path.parent.mkdir(parents=True, exist_ok=True)
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(m.now()))
    with path.open("a", errors="surrogateescape") as stream:
        stream.write(f"[{stamp} {m.daemon('xend') or 0}] {text}\n")


# --- finding -----------------------------------------------------------------------------------------------------


def _file(m: Machine, key: str) -> Path:
    return m.path(f"{_MANAGED}/{key}/config.sxp")


def is_managed(m: Machine, key: str) -> bool:
    return _file(m, key).is_file()


def save_managed(m: Machine, settings: Settings) -> None:
    """Write a managed domain's config.sxp."""
    path = _file(m, settings["uuid"])
    path.parent.mkdir(parents=True, exist_ok=True)
    form = xend_config.domain_form(m, Guest(settings["name"], settings["uuid"], None, settings))
    path.write_text(xend_sxp.pretty(form, tools.xm_era(m), width=78), errors="surrogateescape")


def forget_managed(m: Machine, key: str) -> None:
    path = _file(m, key)
    path.unlink()
    path.parent.rmdir()


def live(m: Machine) -> list[Guest]:
    """Running guests, by domid."""
    return [Guest(domain["name"], domain["uuid"], domain, domain["xend"])
            for domain in hypervisor.domains(m).values()]


def dormant(m: Machine) -> list[Guest]:
    """Managed domains that do not run."""
    running = {guest.uuid for guest in live(m)}
    directory = m.path(_MANAGED)
    found = []
    for path in sorted(directory.glob("*/config.sxp")) if directory.is_dir() else []:
        if path.parent.name not in running:
            settings = xend_config.from_form(xend_sxp.parse(path.read_text(errors="surrogateescape")))
            found.append(Guest(settings["name"], settings["uuid"], None, settings))
    return found


def everything(m: Machine) -> list[Guest]:
    """Domain-0, running and dormant ones."""
    return [Guest(DOM0, "00000000-0000-0000-0000-000000000000", None, {}), *live(m), *dormant(m)]


def find(m: Machine, text: str) -> Guest:
    """By name, then number, then uuid. Raises Fault."""
    guests = everything(m)
    named = [guest for guest in guests if guest.name == text]
    numbered = [guest for guest in guests if text.isdigit() and guest.domid == int(text)]
    for guest in (*named, *numbered, *(guest for guest in guests if guest.uuid == text)):
        return guest
    raise Fault(f"Domain '{text}' does not exist.", missing=True)


def find_live(m: Machine, text: str) -> Guest:
    """A running guest, or Domain-0. Raises Fault."""
    guest = find(m, text)
    if guest.live is None and not guest.is_dom0:
        raise Fault(f"Domain '{text}' is not started")
    return guest


def running(m: Machine, text: str, command: str) -> tuple[Guest, Domain]:
    """A guest that runs. Raises Fault for none, NotSimulated for what has no source."""
    guest = find(m, text)
    if guest.live is None:
        raise NotSimulated(f"xm {command} of {'Domain-0' if guest.is_dom0 else 'a domain that does not run'}")
    return guest, guest.live


def new_uuid() -> str:
    return str(uuid.uuid4())
