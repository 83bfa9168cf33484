# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A NoCloud seed: the files from which cloud-init makes one machine of an image.

cloud-init takes a file system with the label ``CIDATA`` or ``cidata`` and in it ``meta-data``, ``user-data`` and
``network-config`` (its documentation, datasource NoCloud). It does its work once an ``instance-id``: host keys of its
own come with a new one. All is written as JSON, which is YAML; ``#cloud-config`` in the first line says what it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from . import network
from .network import Interface

LABEL = "CIDATA"
# What all systems with cloud-init call the package.
PYTHON = ("python3",)
NAMES = ("meta-data", "user-data", "network-config")


def seed(
    instance_id: str,
    host_name: str,
    interfaces: Sequence[Interface],
    authorized_keys: Sequence[str] = (),
    password_hash: str = "",
    user_data: Mapping[str, Any] | None = None,
    network_version: int = 2,
    machine_id: str = "",
    packages: Sequence[str] = (),
) -> dict[str, str]:
    """The seed's files by their names. ``user_data`` are the admin's own keys of cloud-config, which come over ours
    (``bootcmd`` behind ours); ``network_version`` is 2, or 1 for a cloud-init before 17.1. ``password_hash`` is root's;
    without one nobody logs in by a password. ``machine_id`` is what systemd shall know the machine by (machine-id(5));
    ``packages`` are installed with those of the admin's.
    """
    as_network = network.version_1 if network_version == 1 else network.version_2
    users = _user_data(authorized_keys, password_hash, machine_id, user_data or {})
    meta = {"instance-id": instance_id, "local-hostname": host_name}
    return {
        "meta-data": _json(meta),
        "user-data": "#cloud-config\n" + _json(_with_packages(users, packages)),
        "network-config": _json(as_network(interfaces)),
    }


def _user_data(
    keys: Sequence[str], password_hash: str, machine_id: str, own: Mapping[str, Any]
) -> dict[str, Any]:
    found: dict[str, Any] = {"disable_root": False, "ssh_pwauth": False}
    if keys:
        found["ssh_authorized_keys"] = list(keys)
        found["users"] = ["default", {"name": "root", "ssh_authorized_keys": list(keys)}]
    if password_hash:
        # A list: cloud-init before 22.2 knows no ``users`` in it, and later ones still read the list.
        found["chpasswd"] = {"expire": False, "list": [f"root:{password_hash}"]}
    # A copy of a machine must have keys of its own, whatever the image brings.
    found["ssh_deletekeys"] = True
    found.update(own)
    if machine_id:
        # cloud-init knows no key for it, and an image that has one gives it to all its copies.
        once = ["cloud-init-per", "instance", "netbsd-xen-machine-id"]
        command = [*once, "sh", "-c", f"test ! -e /etc/machine-id || echo {machine_id} > /etc/machine-id"]
        found["bootcmd"] = [command, *own.get("bootcmd", [])]
    return found


def _with_packages(found: dict[str, Any], packages: Sequence[str]) -> dict[str, Any]:
    """A key ``packages`` is a list of names, or of names with versions."""
    there = found.get("packages") or []
    missing = [each for each in packages if each not in there]
    return {**found, "packages": [*there, *missing]} if missing else found


def _json(value: object) -> str:
    return json.dumps(value, indent=2, sort_keys=True) + "\n"
