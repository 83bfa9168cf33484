# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests as hosts of an inventory: how the controller reaches each in which a login was seen. Pure.

No host key is accepted that the installation did not make or read. A guest is known under its own name (HostKeyAlias),
for behind two dom0s two guests may have one address; for the same reason each has a socket of its own for connections
that are kept open (ControlPath), which Ansible names after address, port and user.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Callable, Dict, FrozenSet, List

AUTO, ALWAYS, NEVER = JUMPS = ("auto", "always", "never")
RUNNING = "running"
DOM0_VARIABLE = "netbsd_xen_dom0"
# Which host keys answer at each of these addresses, as seen from the controller.
Scan = Callable[[List[str]], Dict[str, FrozenSet[str]]]


@dataclass(frozen=True)
class Dom0:
    """A dom0 of the play. ``connection`` are its variables for connections; ``guests`` those that it declares;
    ``logins`` as netbsd.xen.guest_system returns them; ``present`` are the hosts that stand for its guests already, by
    name, with their addresses."""

    name: str
    connection: Mapping[str, Any]
    guests: tuple[Any, ...]
    logins: Mapping[str, Mapping[str, Any]]
    groups: tuple[str, ...]
    jump: str = AUTO
    present: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GuestHost:
    """A guest as a host. ``known_hosts`` are the lines of its own file, ``path``; ``straight``: the controller reaches
    it without its dom0; ``python`` is the path of its Python, empty where none was seen."""

    name: str
    guest: str
    dom0: str
    address: str
    user: str
    groups: tuple[str, ...]
    straight: bool
    known_hosts: tuple[str, ...]
    path: str
    ssh_common_args: str
    control_path: str
    python: str = ""


@dataclass(frozen=True)
class _Candidate:
    dom0: Dom0
    guest: str
    name: str
    login: Mapping[str, Any]


def hosts(dom0s: Iterable[Dom0], scan: Scan, folder: str) -> tuple[list[GuestHost], list[str]]:
    """The guests that can be reached, and a line for each that can't. ``folder`` is where the files of their host keys
    are. The controller looks at most once, and only where nobody has said how guests are reached."""
    dom0s = list(dom0s)
    found = [each for dom0 in dom0s for each in _candidates(dom0, _twice(dom0s))]
    asked = [each.login["address"] for each in found if each.dom0.jump == AUTO and not _is_local(each.dom0)]
    seen = scan(sorted(set(filter(None, asked)))) if any(asked) else {}
    made, left_out = [], []
    for each in found:
        why = _why_not(each)
        straight = not why and _is_straight(each, seen)
        if not (why or straight or each.login["seen"] == "ssh"):
            why = "neither its dom0 nor the controller reaches it over ssh"
        if why:
            left_out.append(f"{each.dom0.name}: guest {each.guest} does not join the inventory: {why}")
        else:
            made.append(_host(each, straight, folder))
    return made, left_out


def _twice(dom0s: list[Dom0]) -> set[str]:
    """Names that guests of several dom0s have."""
    counted = Counter(name for dom0 in dom0s for name in {str(guest.get("name")) for guest in _of(dom0)})
    return {name for name, count in counted.items() if count > 1}


def _of(dom0: Dom0) -> list[Mapping[str, Any]]:
    """The guests that shall run, have a network, and whose systems are installed here."""
    guests = [guest for guest in dom0.guests if isinstance(guest, Mapping) and guest.get("install")]
    return [guest for guest in guests if guest.get("nics") and guest.get("state", RUNNING) == RUNNING]


def _candidates(dom0: Dom0, twice: set[str]) -> list[_Candidate]:
    """Those in which a login was seen. Who has joined already is not looked for again."""
    found = []
    for guest in map(str, (each.get("name") for each in _of(dom0))):
        login = dom0.logins.get(guest)
        name = f"{guest}.{dom0.name}" if guest in twice else guest
        if login is not None and (not login["address"] or dom0.present.get(name) != login["address"]):
            found.append(_Candidate(dom0, guest, name, login))
    return found


def _why_not(found: _Candidate) -> str:
    if not found.login["address"]:
        return f"nobody knows its address ({found.login['proof']})"
    if not is_address(found.login["address"]):
        return "what its dom0 gives for its address is none"
    if not found.login["host_keys"]:
        return "its host keys are not known, and none is accepted blindly"
    return ""


def is_address(text: str) -> bool:
    """Whether it is an IP address. What comes from a machine must not become an option of ssh."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def reached(
    dom0: Dom0, guest: str, name: str, login: Mapping[str, Any], seen: Mapping[str, frozenset[str]], folder: str
) -> GuestHost:
    """A guest whose ``login`` has an address, as a host called ``name``. Where no host keys are known, what the admin
    has told ssh of host keys counts. ``seen`` are those that the controller sees, if it has looked."""
    found = _Candidate(dom0, guest, name, login)
    return _host(found, _is_straight(found, seen), folder)


def variables(host: GuestHost) -> dict[str, Any]:
    """What the inventory says of such a host, for whom nothing is left to be looked up."""
    found = {
        "ansible_connection": "ssh",
        "ansible_host": host.address,
        "ansible_user": host.user,
        "ansible_ssh_common_args": host.ssh_common_args,
        "ansible_control_path": host.control_path,
        "ansible_host_key_checking": True if host.known_hosts else None,
        "ansible_python_interpreter": host.python,
        DOM0_VARIABLE: host.dom0,
    }
    return {name: value for name, value in found.items() if value}


def _is_local(dom0: Dom0) -> bool:
    """Whether the dom0 is the controller itself."""
    return dom0.connection.get("ansible_connection") == "local"


def _is_straight(found: _Candidate, seen: Mapping[str, frozenset[str]]) -> bool:
    """Another machine at that address, as the controller sees it, has other keys."""
    if _is_local(found.dom0) or found.dom0.jump == NEVER:
        return True
    return bool(seen.get(found.login["address"], frozenset()) & set(found.login["host_keys"]))


def _host(found: _Candidate, straight: bool, folder: str) -> GuestHost:
    name, address = found.name, found.login["address"]
    path = f"{folder}/{re.sub(r'[^A-Za-z0-9_.+-]', '_', name)}"
    digest = hashlib.sha256(f"{found.dom0.name} {name} {address}".encode()).hexdigest()[:10]
    return GuestHost(
        name=name,
        guest=found.guest,
        dom0=found.dom0.name,
        address=address,
        user=found.login["user"],
        groups=found.dom0.groups,
        straight=straight,
        known_hosts=tuple(f"{name} {key}" for key in found.login["host_keys"]),
        path=path,
        ssh_common_args=_arguments(found, path, straight),
        control_path=f"%(directory)s/{digest}",
        python=_python(found.login),
    )


def _python(login: Mapping[str, Any]) -> str:
    """What comes from a machine is a plain path or nothing. A login that was seen by an earlier version has none."""
    path = str(login.get("python") or "")
    return path if re.fullmatch(r"/[A-Za-z0-9._/-]+", path) else ""


def _arguments(found: _Candidate, path: str, straight: bool) -> str:
    options = {}
    if found.login["host_keys"]:
        options["StrictHostKeyChecking"] = "yes"
        options["UserKnownHostsFile"] = f'"{_literal(path)}"'
        options["GlobalKnownHostsFile"] = "/dev/null"
    if found.login["host_keys"] or not straight:
        options["HostKeyAlias"] = found.name
        options["CheckHostIP"] = "no"
    if not straight:
        options["ProxyCommand"] = _jump(found.dom0)
    return " ".join(f"-o {shlex.quote(f'{name}={value}')}" for name, value in options.items())


def _jump(dom0: Dom0) -> str:
    """The command that goes through the dom0. ``ProxyJump`` would do without all that Ansible knows of how to reach it:
    port, user, key, and further arguments."""
    known = dom0.connection
    words = [str(known.get("ansible_ssh_executable") or "ssh")]
    for name in _ARGUMENTS:
        words += shlex.split(str(known.get(name) or ""))
    for option, names in _WORDS:
        value = next((str(known[name]) for name in names if known.get(name)), "")
        words += [option, value] if value else []
    address = known.get("ansible_host") or known.get("ansible_ssh_host") or dom0.name
    return f"{_literal(shlex.join(words))} -W '[%h]:%p' {_literal(shlex.quote(str(address)))}"


def _literal(text: str) -> str:
    """As ssh takes it, to which a percent sign is the begin of something else."""
    return text.replace("%", "%%")


# What ssh is told of the way to a dom0, and the variables that say so.
_ARGUMENTS = ("ansible_ssh_args", "ansible_ssh_common_args", "ansible_ssh_extra_args")
_WORDS = (
    ("-p", ("ansible_port", "ansible_ssh_port")),
    ("-l", ("ansible_user", "ansible_ssh_user")),
    ("-i", ("ansible_ssh_private_key_file", "ansible_private_key_file")),
)
CONNECTION = (
    *("ansible_connection", "ansible_ssh_executable", "ansible_host", "ansible_ssh_host"),
    *_ARGUMENTS,
    *(name for _option, names in _WORDS for name in names),
)
