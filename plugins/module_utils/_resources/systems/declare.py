# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a guest's ``install`` declares: from the short form to the long one, with every value checked. Pure."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from ..._change import Refused
from ..._formats.guest.devices import Disk
from ..._formats.guest.vdev import vdev_number
from ..._formats.install import netbsd_release, passwords
from ..._formats.install import network as networks
from ..._formats.install.network import Interface
from ..._formats.text import unknown_key
from ..guests.declare import wanted as guests_wanted
from ..guests.declare.fields import Fields
from ..guests.declare.guest import Guest
from . import origin
from .keys import COMMON_KEYS, INSTALL_KEYS, METHOD_KEYS, NETWORK_KEYS, PACKED_KEYS, RELEASE_KEYS
from .methods import sysinst
from .methods.method import Method
from .methods.table import METHODS
from .origin import Origin

DHCP = "dhcp"
# The first release that starts dhcpcd for an interface (see _formats/install/network.py).
DHCP_FROM = 6
_HOST_PART = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}[A-Za-z0-9])?"
_HOST_NAME = re.compile(rf"{_HOST_PART}(?:\.{_HOST_PART})*\Z")
_WORD = re.compile(r"[0-9a-f]{12}\Z")
# options, then a type, then the key in base64 (sshd(8), AUTHORIZED_KEYS FILE FORMAT).
_PUBLIC_KEY = re.compile(r"(?:\S.*\s)?(?:ssh-|ecdsa-|sk-)[A-Za-z0-9@.-]+ [A-Za-z0-9+/]+=*(?: .*)?\Z")


@dataclass(frozen=True)
class Install:
    """How a guest gets its system. ``disk`` is the one of its disks that is written, and ``root`` what the guest calls
    the file system on it; ``network`` None means that the guest has no interface; ``ntp`` are servers for its clock;
    ``options`` what its method alone knows; ``keyring`` the keys of which one must have signed the release's sums,
    empty for none; ``python`` whether it shall have a Python for Ansible, which ``pkg_path`` has where its system
    brings none.

    ``source`` and ``keyring`` are what dom0 uses. ``local_source`` and ``local_keyring`` are where the controller has
    what is to be brought there first, empty for none."""

    method: str
    release: str
    arch: str
    source: str
    disk: Disk
    root: str
    network: Interface | None
    hostname: str
    authorized_keys: tuple[str, ...]
    root_password: str = field(repr=False)
    ntp: tuple[str, ...]
    again: str
    options: Any = None
    python: bool = False
    pkg_path: str = ""
    keyring: str = ""
    local_source: str = ""
    local_keyring: str = ""


@dataclass(frozen=True)
class System:
    """A guest and how it gets its system; ``xen`` is the release of Xen, empty if nobody said; ``unfit`` why what it
    takes can't be had of the controller, empty if it can."""

    guest: Guest
    install: Install
    xen: str = ""
    unfit: str = ""


@dataclass(frozen=True)
class Wanted:
    """The systems of a machine's guests, and the guests themselves, whose disks must not be touched. ``session`` is the
    run of the controller that may hold conversations with guests' own installers, empty for none; ``heard`` are those
    that have come to their end, the marks of the records by guest, or why one has not, which begins with a blank."""

    systems: tuple[System, ...]
    guests: guests_wanted.Wanted
    session: str = ""
    heard: dict[str, str] = field(default_factory=dict)

    @property
    def absent(self) -> list[str]:
        return [guest.name for guest in self.guests.guests if guest.state == "absent"]


def declare(params: dict[str, Any]) -> Wanted:
    """What is declared. Raises Refused with everything that is wrong, a line each (also in ``problems``)."""
    found, problems = examined(params)
    if problems:
        raise Refused("\n".join(problems), problems=problems)
    own = (*origin.OPTIONS, "secrets", "unfit", "session", "heard")
    options = {name: value for name, value in params.items() if name not in own}
    known = {"restart_policy": "never", "shutdown_timeout": 180}
    heard = {str(name): str(value) for name, value in (params.get("heard") or {}).items()}
    return Wanted(tuple(found), guests_wanted.wanted({**known, **options}), params.get("session") or "", heard)


def examined(params: dict[str, Any]) -> tuple[list[System], list[str]]:
    """The systems that are declared, as far as their guests are right, and everything that is wrong with them. What is
    wrong with the guests themselves is told elsewhere."""
    found, problems = [], []
    known = {guest.name: guest for guest in guests_wanted.examined({**_NUMBERS, **params, "secrets": {}}).guests}
    secrets = params.get("secrets") or {}
    for raw in params["guests"]:
        guest = known.get(str(raw.get("name"))) if isinstance(raw, dict) else None
        if guest is None or raw.get("install") is None or guest.state == "absent":
            continue
        if not isinstance(raw["install"], dict):
            problems.append(f"guest {guest.name}: install is {raw['install']!r}; allowed is a dictionary with release")
            continue
        mine = _unpacked(secrets.get(guest.name) or {})
        values = {key: value for key, value in {**raw["install"], **mine}.items() if value is not None}
        fields = Fields(f"guest {guest.name}: install", values)
        install = _install(fields, guest, origin.of_rack(params))
        problems += fields.problems
        if install is not None and not fields.problems:
            unfit = (params.get("unfit") or {}).get(guest.name) or ""
            found.append(System(guest, install, params.get("release") or "", str(unfit)))
    return found, problems


_NUMBERS = {"shutdown_timeout": 180, "start_delay": 0}


def _unpacked(secrets: dict[str, Any]) -> dict[str, Any]:
    return {key: json.loads(value) if key in PACKED_KEYS else value for key, value in secrets.items()}


def _install(fields: Fields, guest: Guest, rack: Origin) -> Install | None:
    method = METHODS.get(fields.choice("method", "sets", tuple(METHODS)), METHODS["sets"])
    if guest.os not in method.systems:
        fields.problem(f"method {method.name} is for {' and '.join(method.systems)}, and the guest's os is {guest.os}")
        return None
    for key in fields.values:
        if key not in INSTALL_KEYS:
            fields.problem(unknown_key(key, (*COMMON_KEYS, *method.keys)))
        elif key in METHOD_KEYS and key not in method.keys or key in RELEASE_KEYS and not method.released:
            fields.problem(f"{key} is not for method {method.name}")
    disk = next((each for each in guest.disks if each.path and not each.cdrom), None)
    if disk is None or disk.access != "rw":
        fields.problem("the guest has no disk that it may write to, as its first one; declare it in disks")
        return None
    release, arch = _release(fields) if method.released else "", ""
    if method.released:
        arch = fields.choice("arch", netbsd_release.ARCHES[0], netbsd_release.ARCHES)
    # A NetBSD guest counts them in the order of their numbers, however they are declared
    # (sys/arch/xen/xenbus/xenbus_probe.c, xenbus_probe_device_type; measured on 7.99.10).
    disks = sorted((each for each in guest.disks if each.path and not each.cdrom), key=_number)
    options = method.read(fields, guest, disk)
    network = _network(fields, guest, release, method)
    python, pkg_path = fields.flag("python", False), ""
    if python and not method.sets_up(options):
        seed = "give seed, the path of a read-only disk of the guest, or " if "seed" in method.keys else ""
        fields.problem(f"python would reach nobody: {seed}leave python out")
    if python and release:
        pkg_path = origin.packages(fields, rack, release, arch, network is not None)
    install = Install(
        method=method.name,
        release=release,
        arch=arch,
        disk=disk,
        root=method.root(disk, disks.index(disk), options),
        network=network,
        # What a person calls it nobody knows here.
        hostname="" if method.visited else _hostname(fields, guest),
        authorized_keys=_keys(fields),
        root_password=_password(fields, guest.os, release),
        ntp=_servers(fields),
        again=_again(fields),
        options=options,
        python=python,
        pkg_path=pkg_path,
        **(origin.read(fields, rack, method.talks) if method.released else {"source": ""}),
    )
    if not install.authorized_keys and not install.root_password and method.sets_up(install.options):
        fields.problem("nobody could log in; give authorized_keys, root_password (a hash), or both")
    if install.release or not method.released:
        for problem in method.unfit(guest, install.root, release, arch):
            fields.problem(problem)
    if method.name == sysinst.NAME and not fields.problems:
        for problem in _unreachable(install):
            fields.problem(problem)
    return install


def _number(disk: Disk) -> int:
    return vdev_number(disk.vdev) or 0


def _unreachable(install: Install) -> list[str]:
    return sysinst.unreachable(install.local_source or install.source, install.network, install.options.cd)


def _release(fields: Fields) -> str:
    if "release" not in fields.values:
        fields.problem('release is missing; allowed is a release of NetBSD in quotes, for example "10.1"')
        return ""
    text = fields.text("release")
    quoted = isinstance(fields.values["release"], str)
    wrong = netbsd_release.problem(text) if quoted else 'put it in quotes, like "10.1"'
    if wrong:
        fields.problem(f"release is {fields.values['release']!r}; {wrong}")
        return ""
    return text


def _hostname(fields: Fields, guest: Guest) -> str:
    text = fields.text("hostname", guest.name)
    if not _HOST_NAME.match(text):
        allowed = "a host name of letters, digits and '-', with dots between its parts"
        fields.problem(f"hostname is {text!r}; allowed is {allowed}")
    return text


def _network(fields: Fields, guest: Guest, release: str, method: Method) -> Interface | None:
    """The guest's first interface."""
    value = fields.values.get("network")
    if value is not None and not guest.nics:
        fields.problem("network is given, and the guest has no interface; declare nics, or leave network out")
        return None
    if value is None:
        if guest.nics and method.released:
            fields.problem(f"network is missing; allowed is {DHCP}, or a dictionary with {', '.join(NETWORK_KEYS)}")
        return None
    mac = guest.nics[0].mac
    if value == DHCP:
        if release and netbsd_release.major(release) < DHCP_FROM:
            fields.problem(f"network is {DHCP}, which NetBSD {release} does not do by itself; give an address")
        return Interface(mac, dhcp=True)
    part = fields.part("network", NETWORK_KEYS)
    if part is None:
        return None
    gateway = part.text("gateway")
    found = Interface(
        mac,
        addresses=(part.text("address"),),
        gateways=(gateway,) if gateway else (),
        nameservers=part.texts("nameservers", "an address"),
    )
    for problem in networks.problems(found):
        part.problem(problem)
    fields.adopt([part])
    return found


def _keys(fields: Fields) -> tuple[str, ...]:
    keys = tuple(key for key in fields.texts("authorized_keys", "a public key of ssh") if key)
    for number, key in enumerate(keys):
        if not _PUBLIC_KEY.match(key):
            fields.problem(
                f"authorized_keys: item {number} is no public key of ssh; allowed is a line as in ~/.ssh/id_ed25519.pub"
            )
    return keys


def _password(fields: Fields, system: str, release: str) -> str:
    """No value is part of a message."""
    given = fields.values.get("root_password")
    if given is None:
        return ""
    problem = passwords.problem(given, system, release)
    if problem:
        fields.problem(f"root_password {problem}")
        return ""
    return str(given)


def _servers(fields: Fields) -> tuple[str, ...]:
    servers = fields.texts("ntp", "a server's name or address")
    for server in servers:
        if not re.match(r"[A-Za-z0-9.:-]+\Z", server):
            fields.problem(f"ntp: {server!r} is no server; allowed are names and addresses")
    return servers


def _again(fields: Fields) -> str:
    text = fields.text("again")
    if text and not _WORD.match(text):
        fields.wrong("again", text, "the word of 12 characters from the message that refused to write the disk again")
    return text
