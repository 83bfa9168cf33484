# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A task's options with what only the controller knows: for its module, and for a plan of it."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
from collections.abc import Mapping
from typing import Any, Callable, Dict

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xlcfg_keys import SECRET_KEYS
from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge import resource as bridge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import resource as system_files
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import resource as guest_system
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.keys import PACKED_KEYS
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.keys import SECRET_KEYS as SYSTEM_SECRETS

CHUNK = 1 << 20

Arguments = Dict[str, Any]
# Finds a file of the controller by its name in a task. Raises AnsibleError.
Find = Callable[[str], str]


def completing(task_vars: Mapping[str, Any], find: Find) -> dict[str, Callable[[Arguments], Arguments]]:
    """What completes a task's options, by the name of its resource."""
    return {
        bridge.NAME: lambda args: with_address(args, task_vars),
        domain.NAME: lambda args: with_secrets_apart(args, task_vars),
        guest_system.NAME: lambda args: with_hashes_apart(args, task_vars),
        system_files.NAME: lambda args: with_sums(args, find)[0],
    }


# -- bridge ------------------------------------------------------------------------------------------------------------


def with_address(args: Arguments, task_vars: Mapping[str, Any]) -> Arguments:
    """The address that we connect to, if it is one: a name says nothing to the machine."""
    host = str(task_vars.get("ansible_host") or task_vars.get("inventory_hostname") or "")
    return dict({"reached_at": host} if _is_address(host) else {}, **args)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


# -- domain ------------------------------------------------------------------------------------------------------------


def with_secrets_apart(args: Arguments, task_vars: Mapping[str, Any]) -> Arguments:
    """The host's name from the inventory, and the guests' passwords in the one option that is never logged."""
    given, guests = args.get("secrets") or {}, args.get("guests")
    if not isinstance(given, dict):
        return args  # which is refused
    secrets = {name: dict(values) if isinstance(values, dict) else values for name, values in given.items()}
    if isinstance(guests, list):
        guests = [_without_secrets(guest, secrets) for guest in guests]
    return dict({"host_name": task_vars.get("inventory_hostname")}, **dict(args, guests=guests, secrets=secrets))


def _without_secrets(guest: Any, secrets: dict[str, Any]) -> Any:
    """A copy of the guest whose passwords have been moved to ``secrets``."""
    if not isinstance(guest, dict):
        return guest
    rest = _without_hashes({key: value for key, value in guest.items() if key not in SECRET_KEYS})
    moved = {key: guest[key] for key in SECRET_KEYS if guest.get(key) is not None}
    if isinstance(guest.get("settings"), dict):
        rest["settings"] = {key: value for key, value in guest["settings"].items() if key not in SECRET_KEYS}
        moved = {**{k: v for k, v in guest["settings"].items() if k in SECRET_KEYS and v is not None}, **moved}
    if moved:
        name = str(guest.get("name"))
        known = secrets.get(name) or {}
        secrets[name] = {**known, **moved} if isinstance(known, dict) else known
    return rest


# -- guest_system ------------------------------------------------------------------------------------------------------


def with_hashes_apart(args: Arguments, task_vars: Mapping[str, Any]) -> Arguments:
    """The host's name from the inventory, and what is secret of the guests' systems (hashes of passwords, what
    cloud-init shall do) in the one option that is never logged. Passwords of their consoles are left away."""
    given, guests = with_secrets_apart({**args, "secrets": {}}, task_vars), args.get("guests")
    installs = [each for each in guests if isinstance(each, dict)] if isinstance(guests, list) else []
    hashes = {str(each.get("name")): _secret(each.get("install")) for each in installs}
    return {**given, "secrets": {name: found for name, found in hashes.items() if found}}


def _secret(install: Any) -> dict[str, Any]:
    values = install if isinstance(install, dict) else {}
    found = {key: values[key] for key in SYSTEM_SECRETS if values.get(key) is not None}
    # What JSON has no form for is written as text, as a date is in YAML.
    return {key: json.dumps(value, default=str) if key in PACKED_KEYS else value for key, value in found.items()}


def _without_hashes(guest: dict[str, Any]) -> dict[str, Any]:
    install = guest.get("install")
    if not isinstance(install, dict):
        return guest
    return {**guest, "install": {key: value for key, value in install.items() if key not in SYSTEM_SECRETS}}


# -- system_files ------------------------------------------------------------------------------------------------------


def with_sums(args: Arguments, find: Find) -> tuple[Arguments, dict[str, str]]:
    """Each file of the controller with its sum, or with the reason why it has none; and where those are, by dest. The
    sum of such a file is part of what is declared, so the same plan tells whether the machine has it already."""
    files, local = args.get("files"), {}
    if not isinstance(files, list):
        return args, {}
    known = []
    for spec in files:
        path, spec = _with_sum(spec, find) if isinstance(spec, dict) and _is_local(spec) else ("", spec)
        known.append(spec)
        if path:
            local[str(spec.get("dest"))] = path
    return {**args, "files": known}, local


def _with_sum(spec: Arguments, find: Find) -> tuple[str, Arguments]:
    """The sum that was declared must be that of the file. The path is empty for one that is not to be used."""
    dest, src = str(spec.get("dest")), str(spec.get("src"))
    try:
        path = find(src)
        found = _sha512(path)
    except (AnsibleError, OSError):
        return "", {**spec, "unfit": f"{dest}: its src {src} is no file on the controller that can be read."}
    declared = str(spec.get("sha512") or found).strip().lower()
    if declared != found:
        sums = f"{found[:16]}..., not the declared {declared[:16]}..."
        return "", {**spec, "unfit": f"{dest}: the SHA512 of {src} on the controller is {sums}"}
    return path, {**spec, "sha512": found}


def _is_local(spec: Arguments) -> bool:
    return not boolean(spec.get("remote_src", True), strict=False)


def _sha512(path: str) -> str:
    if not os.path.isfile(path):
        raise OSError
    digest = hashlib.sha512()
    with open(path, "rb") as stream:
        for chunk in iter(lambda: stream.read(CHUNK), b""):
            digest.update(chunk)
    return digest.hexdigest()
