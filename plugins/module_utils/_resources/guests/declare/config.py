# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A guest's configuration file: what it must say, and what two of them have to say alike to mean the same."""

from __future__ import annotations

import hashlib
import hmac
import posixpath
import re
from collections.abc import Callable
from typing import Any

from ...._formats.guest import devices
from ...._formats.xl import xl_config, xlcfg
from ...._formats.xl.xlcfg_keys import SECRET_KEYS, known_keys
from ..keys import KEYS
from .guest import Guest

HEADER = "Written by Ansible (netbsd.xen.domain). Changes made here are undone by its next run."
SECRET_MODE, PLAIN_MODE = 0o600, 0o644
# How a password's stand-in begins.
DIGEST = "sha256:"

_SECRET_IN_TEXT = re.compile(r"\b(" + "|".join(SECRET_KEYS) + r")=([^,]*)")
# What xm has under a name that xl does not know (xen tools/python/xen/xm/create.py, 4.2.2).
_XM_NAMES = {key.xm: key.xl for key in KEYS if key.xm and key.xm not in known_keys()}


def settings_of(guest: Guest, dialect: str = "xl") -> dict[str, Any]:
    """The settings that the guest's configuration file must hold, passwords included, in the words of xl.cfg(5) or, for
    ``dialect`` xm, of ``xm create``."""
    settings = {name: value for key in KEYS for name, value in key.written(guest, dialect).items()}
    settings.update(guest.settings)
    inside = "vncpasswd" if guest.vnc and guest.type != "hvm" else None
    settings.update({key: value for key, value in guest.secrets.items() if key != inside})
    return settings


def text_of(guest: Guest, dialect: str = "xl") -> str:
    """The guest's configuration file, readable by xl and as Python."""
    return xlcfg.render(settings_of(guest, dialect), HEADER)


def mode_of(guest: Guest) -> int:
    """The permissions of its file: nobody else reads a password."""
    return SECRET_MODE if guest.secrets else PLAIN_MODE


def redacted(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings as they may travel and be shown: each password replaced by a digest by which it can be compared."""
    name = str(settings.get("name", ""))
    return {key: _instead(lambda key, plain: digest(name, key, plain), key, value) for key, value in settings.items()}


def masked(settings: dict[str, Any], salt: str) -> dict[str, Any]:
    """Settings as they come from a machine that was looked at from the controller: no password leaves it, and the
    module ``look`` puts its own stand-in with this salt into its place. Without a salt nothing was masked."""
    if not salt:
        return settings
    return {key: _instead(lambda _key, plain: mask(salt, plain), key, value) for key, value in settings.items()}


def _instead(stand_in: Callable[[str, str], str], key: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_instead(stand_in, key, item) for item in value]
    if isinstance(value, dict):
        return {inner: _instead(stand_in, inner, content) for inner, content in value.items()}
    if key in SECRET_KEYS:
        return stand_in(key, str(value))
    if isinstance(value, str) and "passwd=" in value:
        return _SECRET_IN_TEXT.sub(lambda found: f"{found.group(1)}={stand_in(found.group(1), found.group(2))}", value)
    return value


def mask(salt: str, plain: str) -> str:
    """A password's stand-in on its way from a machine, in the words of the module ``look``."""
    if not salt or not plain:
        return plain
    made = hmac.new(salt.encode(), plain.encode("utf-8", "surrogateescape"), hashlib.sha256)
    return "masked" + made.hexdigest()[:40]


def digest(name: str, key: str, value: str) -> str:
    """A password's stand-in. The guest's name is part of it, so that equal passwords of two guests do not show."""
    return DIGEST + hashlib.sha256(f"{name}\0{key}\0{value}".encode("utf-8", "surrogateescape")).hexdigest()[:32]


def disks_in(comparable: dict[str, Any] | None) -> list[devices.Disk]:
    """The disks that a configuration names, without what xl would refuse."""
    disks = []
    for entry in (comparable or {}).get("disk", []):
        if isinstance(entry, dict) and entry["path"].startswith("/"):
            disks.append(devices.Disk(**entry))
    return disks


def kept_path(path: str) -> str:
    """Where a configuration that xl can't read is kept. Hidden, so that nobody takes it for a guest's."""
    folder, name = posixpath.split(path)
    return f"{folder}/.{name}.orig"


def comparable(settings: dict[str, Any], salt: str = "") -> dict[str, Any]:
    """A configuration as it is compared, carried and shown: what it means, whoever wrote it and however. With a salt
    its passwords are as those of a machine that was looked at with that one (see ``masked``)."""
    known = {_XM_NAMES.get(key, key): value for key, value in masked(settings, salt).items()}
    return redacted(xl_config.settled(known))


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """The keys in which two settled configurations differ."""
    return sorted(key for key in set(before) | set(after) if before.get(key) != after.get(key))
