# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of the guests of one dom0 for an inventory, as plain data without any secret."""

from __future__ import annotations

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Dict, List

from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read.outline import (
    Outline,
    completed,
    outline,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import addresses, logins
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import read as systems
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.methods.table import METHODS
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.asks import Ask
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.collected import CollectedHost
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.driver import looked
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.first import guests_asks

Execute = Callable[[List[Dict[str, Any]]], Dict[str, Any]]
# As netbsd.xen.domain_info has them. The second are those of guests that have a domain and may do something.
STATES = ("running", "paused", "down", "crashed", "dying", "saved", "shutdown", "duplicate")
LIVING = ("running", "paused", "duplicate")
OTHER = "other"
# What a kernel of a guest's system is called.
_KERNELS = {"netbsd": "netbsd", "vmlinuz": "linux", "linux": "linux", "bzimage": "linux"}


@dataclass(frozen=True)
class Question:
    """Which guests of a dom0 are wanted: names that fit one of the patterns (none: all), in one of the ``states``.
    ``config_dir`` and ``save_dir`` are where their files are, empty for the usual places; ``addressed`` the guests
    whose address is known already."""

    names: tuple[str, ...] = ()
    states: tuple[str, ...] = STATES
    config_dir: str = ""
    save_dir: str = ""
    addressed: frozenset[str] = frozenset()

    def wants(self, name: str, state: str) -> bool:
        fits = not self.names or any(fnmatch.fnmatchcase(name, pattern) for pattern in self.names)
        return fits and state in self.states

    @property
    def is_usual(self) -> bool:
        """Whether most machines have such a guest."""
        return not self.names and "running" in self.states

    def first_asks(self, whole: bool = True) -> list[Ask]:
        """What is asked at once; if not ``whole``, only what tells names and states."""
        return guests_asks(filter(None, (self.config_dir, self.save_dir)), whole)


def asked(execute: Execute, question: Question) -> dict[str, Any]:
    """The ``names`` of all guests of a machine, and the ``guests`` that are wanted. Where few machines will have such a
    guest, nothing more than names and states is asked of the others. ``execute`` is that of ``looked``. Raises
    XenError."""
    if not question.is_usual:
        first = looked(execute, question.first_asks(whole=False), lambda host: _outlined(host, question))
        known, wanted = first.value
        if not wanted:
            return {"names": sorted(known.guests()), "guests": []}
    return looked(execute, question.first_asks(), lambda host: _read(host, question)).value


def _outlined(host: CollectedHost, question: Question) -> tuple[Outline, list[str]]:
    known = outline(host, question.config_dir, question.save_dir)
    return known, [name for name, guest in known.guests().items() if question.wants(name, guest["state"])]


def _read(host: CollectedHost, question: Question) -> dict[str, Any]:
    known, wanted = _outlined(host, question)
    return {"names": sorted(known.guests()), "guests": _guests(host, known, wanted, question.addressed)}


def _guests(host: CollectedHost, known: Outline, wanted: list[str], addressed: frozenset[str]) -> list[dict[str, Any]]:
    live = host.part(lambda: completed(host, known)) or {}
    here = host.part(lambda: systems.read_in(host, known.config_dir))
    seen = logins.logins(here) if here else {}
    methods = {name: mine.method for name, mine in here.records.items()} if here else {}
    found = []
    for name in wanted:
        told = _told(name, live.get(name) or {}, known.toolstack)
        told["login"] = seen.get(name)
        told["system"] = _system(methods.get(name, ""), told.pop("kernel"))
        has_address = name in addressed or told["addresses"] or (seen.get(name) or {}).get("address")
        if not has_address:
            told["addresses"] = host.part(lambda macs=told["macs"]: _addresses(host, macs)) or []  # type: ignore[misc]
        found.append(told)
    return found


def _told(name: str, guest: Mapping[str, Any], toolstack: str) -> dict[str, Any]:
    """What its configuration says, the live one where it runs."""
    domain = guest.get("domain") or {}
    settings: Mapping[str, Any] = domain.get("config") or guest.get("config") or {}
    nics = [nic for nic in settings.get("vif") or [] if isinstance(nic, Mapping)]
    return {
        "name": name,
        "state": guest.get("state", ""),
        "type": str(settings.get("type") or ""),
        "kernel": str(settings.get("kernel") or (guest.get("config") or {}).get("kernel") or ""),
        "toolstack": toolstack,
        "domid": domain.get("domid"),
        "uuid": str(settings.get("uuid") or ""),
        "memory": _number(domain.get("used") or settings.get("memory")),
        "vcpus": _number(domain.get("online_vcpus") or settings.get("vcpus")),
        "macs": [str(nic["mac"]).lower() for nic in nics if nic.get("mac")],
        "bridges": [str(nic["bridge"]) for nic in nics if nic.get("bridge")],
        "has_network": bool(settings.get("vif")) or not settings,
        "addresses": [address for nic in nics for address in str(nic.get("ip") or "").split()],
        "config_file": guest.get("config_file"),
    }


def _number(value: Any) -> int | None:
    text = str(value)
    return int(text) if text.isdigit() else None


def _system(method: str, kernel: str) -> str:
    """By the installation, or by the name of the kernel."""
    if method in METHODS and len(METHODS[method].systems) == 1:
        return METHODS[method].systems[0]
    file = kernel.rpartition("/")[2].lower()
    return next((system for word, system in _KERNELS.items() if word in file), OTHER)


def _addresses(host: CollectedHost, macs: list[str]) -> list[str]:
    return [address for mac in macs for address in addresses.known(host, mac, "")]
