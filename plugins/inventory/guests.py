# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guests of all dom0s, as hosts of an inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: guests
short_description: The guests of all dom0s as hosts
version_added: 0.2.0
description:
  - Asks the dom0s of an inventory which guests they have, and makes each guest a host, with the way to it. The dom0s
    are reached as a task would reach them, by their own variables, vaulted ones among them; nothing on them is changed.
  - Its file ends in C(guests.yml) or C(guests.yaml), such as C(rack.guests.yml).
  - A dom0 that can't be reached, that is none, or whose toolstack does not answer is named in a warning, and its guests
    are left out.
  - A guest whose address is known gets it, from its declaration (C(install) with C(network)), else from its
    installation (see M(netbsd.xen.guest_system)), else from its dom0 (C(ip) of an interface, leases of dhcpd and
    dnsmasq on dom0, dom0's arp table). The way to it goes through its dom0, whose sshd must allow that
    (C(AllowTcpForwarding), as it does by default). That way is made from all that says how the dom0 itself is reached,
    but for a password.
  - Where the collection has installed a guest, only its own host keys are accepted, which are in a file of their own on
    the controller. Of others ssh's own settings decide, under the name that the guest has in the inventory.
  - A guest without a network is reached at its console, by P(netbsd.xen.console#connection), for which its dom0 must be
    a host of the same inventory.
  - A guest is called by its own name. Where several dom0s have one of that name, or a dom0 itself is called so, it is
    C(GUEST.DOM0).
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - constructed
  - inventory_cache
seealso:
  - plugin: netbsd.xen.guest_hosts
    plugin_type: lookup
  - plugin: netbsd.xen.console
    plugin_type: connection
  - module: netbsd.xen.domain_info
options:
  plugin:
    description: The name of this plugin, always V(netbsd.xen.guests).
    type: str
    required: true
    choices: [netbsd.xen.guests]
  dom0s:
    description:
      - The inventory sources that have the dom0s; paths are relative to this file.
      - By default these are the sources that Ansible has read before this one.
    type: list
    elements: str
    default: []
  group:
    description: The group of the dom0s in them.
    type: str
    default: dom0s
  limit:
    description: A pattern of hosts, as for C(--limit); no other dom0 is asked.
    type: str
    default: ""
  names:
    description:
      - Patterns of guests' names, such as V(web*), of which one must fit. By default all do.
      - Of a dom0 that has no such guest nothing more is read than their names and states.
    type: list
    elements: str
    default: []
  states:
    description: The states of guests that are wanted, as M(netbsd.xen.domain_info) has them.
    type: list
    elements: str
    choices: [running, paused, down, crashed, dying, saved, shutdown, duplicate]
    default: [running, paused, down, crashed, dying, saved, shutdown, duplicate]
  include_stopped:
    description: Whether guests that don't run are hosts too; those that are V(running), V(paused) or V(duplicate) do.
    type: bool
    default: true
  filters:
    description:
      - Conditions by which guests are taken or left out, from the first to the last; the first one that holds decides.
        Where none does, a guest is taken.
      - They see a guest's own variables, before O(compose). One that can't be worked out does not hold, or is an error
        with O(strict).
    type: list
    elements: dict
    default: []
    suboptions:
      include:
        description: A condition; a guest for which it holds is taken.
        type: raw
      exclude:
        description: A condition; a guest for which it holds is left out.
        type: raw
  groups_by:
    description:
      - By what guests are grouped; the groups are children of O(parent_group). Their names are O(group_prefix), what it
        is, and its value, such as C(guests_dom0_xen1), C(guests_state_running), C(guests_type_pv) and
        C(guests_system_netbsd).
      - The system is that of the declaration (C(os)), else that of the installation, else it is told by the name of the
        kernel.
    type: list
    elements: str
    choices: [dom0, state, type, system]
    default: [dom0, state, type, system]
  group_prefix:
    description: How the names of these groups begin.
    type: str
    default: guests_
  parent_group:
    description: The group of all guests.
    type: str
    default: netbsd_xen_guests
  jump:
    description:
      - Whether guests are reached through their dom0, V(always) or V(never). With V(auto) the controller looks at which
        addresses it sees the guests' own host keys, which takes three seconds where it sees none.
    type: str
    choices: [auto, always, never]
    default: always
  console:
    description:
      - Which guests are reached at their console, V(always) all of them, V(without_address) also those whose address
        nobody knows.
    type: str
    choices: [without_network, without_address, always, never]
    default: without_network
  timeout:
    description: Seconds in which a dom0 has to answer.
    type: int
    default: 10
  forks:
    description: How many dom0s are asked at once. By default as many as Ansible's own C(forks).
    type: int
  fail_on_unreachable:
    description:
      - Whether a dom0 that could not be asked is an error, with which no guest is in the inventory. Ansible itself goes
        on behind that, unless its setting C(any_unparsed_is_failed) says otherwise.
    type: bool
    default: false
notes:
  - Passwords that Ansible asks for (C(-k), C(-K)) are not known while an inventory is read.
  - A guest has the variables C(netbsd_xen_dom0), C(netbsd_xen_guest) (its name there),
    C(netbsd_xen_state), C(netbsd_xen_type), C(netbsd_xen_system), C(netbsd_xen_memory) in MiB, C(netbsd_xen_vcpus),
    C(netbsd_xen_domid), C(netbsd_xen_uuid), C(netbsd_xen_macs), C(netbsd_xen_bridges), C(netbsd_xen_toolstack),
    C(netbsd_xen_config_file), and C(netbsd_xen_declared), which says whether the dom0's C(domu_guests) has it.
  - Nothing that a dom0 tells is taken for a template. No password of a guest is read, nor cached.
  - What is cached is what each dom0 said; one that did not answer is asked again.
"""

EXAMPLES = r"""
# guests.yml, beside the file or directory that has the group dom0s:
#   ansible-inventory -i dom0s.yml -i guests.yml --graph
plugin: netbsd.xen.guests

---
# rack.guests.yml, on its own; its dom0s may have vaulted variables
plugin: netbsd.xen.guests
dom0s: [dom0s.yml]
limit: rack1
names: ["web*", "db?"]
include_stopped: false

---
# Groups and variables by what is known of the guests
plugin: netbsd.xen.guests
filters:
  - exclude: netbsd_xen_memory is none
  - include: netbsd_xen_system == 'netbsd'
  - exclude: true
keyed_groups:
  - key: netbsd_xen_bridges
    prefix: bridge
groups:
  large: netbsd_xen_memory >= 1024
compose:
  ansible_python_interpreter: "'/usr/pkg/bin/python3.13'"
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: /var/tmp/guests
"""

import hashlib
import json
import os
from typing import Any

from ansible import constants, context
from ansible.errors import AnsibleParserError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.display import Display
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats.text import unknown_key
from ansible_collections.netbsd.xen.plugins.plugin_utils import _guest_ways
from ansible_collections.netbsd.xen.plugins.plugin_utils._inventory import dom0s, hosts, parallel, reading, remote
from ansible_collections.netbsd.xen.plugins.plugin_utils._inventory.dom0s import Dom0
from ansible_collections.netbsd.xen.plugins.plugin_utils._inventory.hosts import Host

NAME = "netbsd.xen.guests"
ENDINGS = ("guests.yml", "guests.yaml")
FILTERS = ("include", "exclude")

display = Display()
# The files that are being read: a directory of dom0s may have the file of their guests in it.
_reading: set[str] = set()


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Tells Ansible about the inventory."""

    NAME = NAME

    def verify_file(self, path: str) -> bool:
        return bool(super().verify_file(path)) and path.endswith(ENDINGS)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        if os.path.realpath(path) in _reading:
            return
        super().parse(inventory, loader, path, cache)
        self._refuse_unknown(self._read_config_data(path))
        _reading.add(os.path.realpath(path))
        try:
            here, unknown = dom0s.find(loader, self._sources(path), self.get_option("group"), self.get_option("limit"))
        finally:
            _reading.discard(os.path.realpath(path))
        if not here and not unknown:
            raise AnsibleParserError(f"{NAME}: {self._nobody(self._sources(path))}")
        found, problems = self._asked(here, path, cache)
        problems += unknown
        if problems and self.get_option("fail_on_unreachable"):
            raise AnsibleParserError(f"{NAME}: " + "; ".join(problems))
        for problem in problems:
            display.warning(f"{problem}. Its guests are left out.")
        self._add({each.name: each for each in here}, found)

    def _refuse_unknown(self, given: dict[str, Any]) -> None:
        """Ansible takes a misspelled option for none."""
        known = constants.config.get_configuration_definitions("inventory", self._load_name)
        filters = given.get("filters") or []
        wrong = [unknown_key(name, known) for name in given if name not in known]
        wrong += [unknown_key(word, FILTERS) for each in filters for word in each if word not in FILTERS]
        if wrong:
            raise AnsibleParserError(f"{NAME}: {'; '.join(wrong)}")

    def _sources(self, path: str) -> list[str]:
        """What is given, a list of hosts as it is, or what was read before this file; of a directory its files."""
        given = self.get_option("dom0s")
        folder = os.path.dirname(os.path.abspath(path))
        if not given:
            return [str(each) for each in self.inventory.processed_sources if each]
        return [each if "," in each else os.path.join(folder, os.path.expanduser(each)) for each in map(str, given)]

    def _nobody(self, sources: list[str]) -> str:
        if not sources:
            return "no inventory was read before this one; say in dom0s which sources have the dom0s"
        wanted = " that fits ".join(filter(None, (self.get_option("group"), self.get_option("limit"))))
        return f"no host of {', '.join(sources)} is in the group {wanted}; see the options dom0s, group and limit"

    # -- asking --------------------------------------------------------------------------------------------------------

    def _asked(self, here: list[Dom0], path: str, cache: bool) -> tuple[dict[str, Any], list[str]]:
        """What each dom0 said, now or for the cache, and why others said nothing."""
        names, states = self.get_option("names"), self._states()
        questions = {each.name: each.question(names, states) for each in here}
        key = f"{self.get_cache_key(path)}_{_digest([names, states])}"
        uses_cache = self.get_option("cache")
        try:
            known: dict[str, Any] = dict(self._cache[key]) if uses_cache and cache else {}
        except KeyError:
            known = {}
        works = {
            each.name: lambda dom0=each: _read(dom0, questions[dom0.name], self.loader)
            for each in here
            if each.name not in known
        }
        forks = self.get_option("forks") or context.CLIARGS.get("forks") or constants.DEFAULT_FORKS
        told = parallel.answers(works, int(forks), float(self.get_option("timeout")))
        said = {name: answer.value for name, answer in told.items() if not answer.problem}
        if uses_cache and (said or not known):
            self._cache[key] = {**known, **said}
        everything = {**known, **said}
        found = {each.name: everything[each.name] for each in here if each.name in everything}
        return found, [f"{name}: {answer.problem.rstrip('.')}" for name, answer in told.items() if answer.problem]

    def _states(self) -> list[str]:
        wanted = self.get_option("states")
        return [state for state in wanted if self.get_option("include_stopped") or state in reading.LIVING]

    # -- hosts ---------------------------------------------------------------------------------------------------------

    def _add(self, here: dict[str, Dom0], found: dict[str, Any]) -> None:
        jump, console = self.get_option("jump"), self.get_option("console")
        made, left_out = hosts.hosts(here, found, _guest_ways.scan, _guest_ways.folder(), jump, console)
        wanted = [host for host in made if self._is_wanted(host)]
        try:
            _guest_ways.keep(host.way for host in wanted if host.way)
        except XenError as error:
            raise AnsibleParserError(f"{NAME}: {error}") from error
        lost = {host.dom0 for host in wanted if host.needs_dom0 and host.dom0 not in self.inventory.hosts}
        left_out += [
            f"{name}: guests are reached at their consoles through it, and it is no host of this inventory; give the "
            "source that has it (-i) as well"
            for name in sorted(lost)
        ]
        for line in left_out:
            display.warning(line)
        parent = self.inventory.add_group(self.get_option("parent_group"))
        groups = self._groups(wanted, parent)
        for host in wanted:
            self._add_host(host, [groups[each] for each in _values(host) if each in groups] or [parent])

    def _groups(self, wanted: list[Host], parent: str) -> dict[tuple[str, str], str]:
        """The group of each value that a host has."""
        found = {}
        for word in self.get_option("groups_by"):
            for _word, value in sorted({each for host in wanted for each in _values(host) if each[0] == word}):
                name = self._sanitize_group_name(f"{self.get_option('group_prefix')}{word}_{value}")
                found[word, value] = self.inventory.add_group(name)
                self.inventory.add_child(parent, found[word, value])
        return found

    def _is_wanted(self, host: Host) -> bool:
        known = {"inventory_hostname": host.name, **host.about, **host.connection}
        for each in self.get_option("filters"):
            for word in FILTERS:
                if each.get(word) is not None and self._holds(each[word], known, host.name):
                    return word == "include"
        return True

    def _holds(self, condition: Any, known: dict[str, Any], name: str) -> bool:
        if isinstance(condition, bool):
            return condition
        try:
            return bool(boolean(self._compose(condition, wrap_var(known)), strict=False))
        except Exception as error:
            if self.get_option("strict"):
                raise AnsibleParserError(f"{NAME}: the filter {condition!r} fails for {name}: {error}") from error
            return False

    def _add_host(self, host: Host, groups: list[str]) -> None:
        self.inventory.add_host(host.name)
        for name, value in {**host.about, **host.connection}.items():
            self.inventory.set_variable(host.name, name, wrap_var(value))
        for group in groups:
            self.inventory.add_child(group, host.name)
        known = self.inventory.get_host(host.name).get_vars()
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), known, host.name, strict)
        self._add_host_to_composed_groups(self.get_option("groups"), known, host.name, strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, host.name, strict)


def _values(host: Host) -> list[tuple[str, str]]:
    """By what it can be grouped."""
    known = [(word, host.about[f"{hosts.PREFIX}{word}"]) for word in ("dom0", "state", "type", "system")]
    return [(word, value) for word, value in known if value]


def _read(dom0: Dom0, question: reading.Question, loader: Any) -> dict[str, Any]:
    """What a dom0 says. In a process of its own."""
    return reading.asked(remote.looks(dom0.variables, loader), question)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:10]
