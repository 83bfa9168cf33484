# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The dom0s of an inventory: their variables, and what is declared of their guests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ansible.errors import AnsibleError
from ansible.inventory.manager import InventoryManager
from ansible.template import Templar
from ansible.vars.manager import VariableManager

from ansible_collections.netbsd.xen.plugins.plugin_utils import _guest_hosts, _guest_ways
from ansible_collections.netbsd.xen.plugins.plugin_utils._inventory.reading import Question
from ansible_collections.netbsd.xen.plugins.plugin_utils._templates import worked_out

GUESTS, CONFIG_DIR, SAVE_DIR = "domu_guests", "domu_config_dir", "domu_save_dir"
# Nothing else of a guest is templated: it may need what is not there in this run, such as a password.
_KEYS, _INSTALL_KEYS = ("name", "os", "state"), ("network",)


@dataclass(frozen=True)
class DeclaredGuest:
    """``system`` is its ``os``, and ``address`` that of its first interface; empty for what nobody says."""

    system: str = ""
    address: str = ""


@dataclass(frozen=True)
class Dom0:
    """A dom0. ``variables`` are all that its host has, not templated; ``connection`` are those of the way to it."""

    name: str
    variables: dict[str, Any]
    connection: dict[str, Any]
    config_dir: str = ""
    save_dir: str = ""
    guests: dict[str, DeclaredGuest] = field(default_factory=dict)

    def question(self, names: Sequence[str], states: Sequence[str]) -> Question:
        addressed = frozenset(name for name, guest in self.guests.items() if guest.address)
        return Question(tuple(names), tuple(states), self.config_dir, self.save_dir, addressed)


def find(loader: Any, sources: list[str], group: str, limit: str) -> tuple[list[Dom0], list[str]]:
    """The dom0s of these sources that are in the group and fit the pattern ``limit``, and a line for each whose
    variables can't be worked out. ``loader`` has the passwords of the vaults."""
    manager = InventoryManager(loader=loader, sources=sources)
    variables = VariableManager(loader=loader, inventory=manager)
    if group not in manager.groups:
        return [], []
    here = manager.get_hosts(group)
    wanted = {host.name for host in (manager.get_hosts(limit) if limit else here)}
    found, problems = [], []
    for host in here:
        if host.name not in wanted:
            continue
        try:
            found.append(_dom0(host.name, variables.get_vars(host=host), loader))
        except AnsibleError as error:
            problems.append(f"{host.name}: its variables can't be worked out: {' '.join(str(error).split())}")
    return found, problems


def _dom0(name: str, variables: dict[str, Any], loader: Any) -> Dom0:
    templar = Templar(loader=loader, variables=variables)

    def value(key: str) -> Any:
        return worked_out(templar, variables[key]) if variables.get(key) is not None else None

    said = {key: value(key) for key in _guest_hosts.CONNECTION if key in variables}
    return Dom0(
        name=name,
        variables=variables,
        connection={**_guest_ways.settings(), **{key: each for key, each in said.items() if each is not None}},
        config_dir=str(value(CONFIG_DIR) or "").rstrip("/"),
        save_dir=str(value(SAVE_DIR) or "").rstrip("/"),
        guests=dict(_declared(templar, variables.get(GUESTS))),
    )


def _declared(templar: Any, raw: Any) -> Iterable[tuple[str, DeclaredGuest]]:
    guests = raw if isinstance(raw, list) else templar.template(raw) if raw is not None else []
    for each in guests if isinstance(guests, list) else []:
        guest = each if isinstance(each, Mapping) else templar.template(each)
        if not isinstance(guest, Mapping):
            continue
        known = worked_out(templar, {key: guest[key] for key in _KEYS if key in guest})
        if known.get("state") == "absent":
            continue
        install = guest.get("install")
        install = install if isinstance(install, Mapping) else templar.template(install)
        inside = install if isinstance(install, Mapping) else {}
        network = worked_out(templar, {key: inside[key] for key in _INSTALL_KEYS if key in inside}).get("network")
        yield str(known.get("name")), DeclaredGuest(str(known.get("os") or ""), _address(network))


def _address(network: Any) -> str:
    """The first one that is declared, without its prefix; empty for dhcp."""
    given = network.get("address") if isinstance(network, Mapping) else None
    first = given[0] if isinstance(given, list) and given else given
    return first.partition("/")[0] if isinstance(first, str) else ""
