# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Where a guest stands on its way to its system: a file beside its configuration, that only root can read.

It is written before what it announces is begun (a mark on the disk, a unit of vnd(4)), and advanced after what it
claims has reached the disk, so that a run that broke off, or a power cut, leaves nothing that the next run can't
explain.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields

from ...._host import Host

EMPTY, PREPARED, FILLED, CONFIGURED, BOOTED, VERIFIED = STAGES = (
    "empty",
    "prepared",
    "filled",
    "configured",
    "booted",
    "verified",
)
MODE = 0o600
_SUFFIX = ".install"


@dataclass(frozen=True)
class Record:
    """``disk`` is the path that was declared, ``identity`` what it was under any name, and ``mark`` what its label has
    as the name of the pack; ``unit`` is the vnd unit that is ours, empty for none; ``again`` the admin's word by which
    another content was written over; ``address``, ``host_keys`` (as in .pub files) and ``proof`` say how the guest can
    be reached, and how its login was seen, ``seen`` in one word (``ssh`` or ``console``, empty for not yet); ``clock``
    is how many seconds its clock was before dom0's then, to so many seconds more or less (``clock_margin``), None if
    nobody could tell; ``console_from`` is how long its console's log was before it booted, in bytes; ``installer`` the
    UUID of the domain in which the guest's own installer runs, empty for none, and ``session`` the run that talks to
    it; ``python`` is the path of its Python, empty as long as none was seen.

    Of a guest that a person installs: ``media`` is the vnd unit that its DVD is held on, and ``media_on`` what that is
    on; ``offered`` where its installer waits for the person, empty for not yet; ``boots`` the kernel's arguments with
    which what was installed boots, empty until that is known."""

    stage: str
    method: str
    release: str
    disk: str
    identity: str
    mark: str
    unit: str = ""
    again: str = ""
    address: str = ""
    host_keys: tuple[str, ...] = ()
    proof: str = ""
    console_from: int = 0
    seen: str = ""
    clock: float | None = None
    clock_margin: float = 0.0
    installer: str = ""
    session: str = ""
    python: str = ""
    media: str = ""
    media_on: str = ""
    offered: str = ""
    boots: str = ""

    @property
    def finished(self) -> bool:
        return self.stage == VERIFIED

    def reached(self, stage: str) -> bool:
        return STAGES.index(self.stage) >= STAGES.index(stage)


def path(config_dir: str, name: str) -> str:
    """The record of a guest. No guest's name begins with a dot."""
    return f"{config_dir}/.{name}{_SUFFIX}"


def proof_key(config_dir: str, name: str) -> str:
    """The private key with which a login to the guest is proven, there until it was."""
    return f"{config_dir}/.{name}.proof"


def read_all(host: Host, config_dir: str) -> tuple[dict[str, Record], dict[str, str]]:
    """Every record in a directory by guest, and by guest why one can't be read."""
    found, broken = {}, {}
    for entry in host.list_dir(config_dir):
        if entry.startswith(".") and entry.endswith(_SUFFIX):
            name = entry[1 : -len(_SUFFIX)]
            try:
                found[name] = parsed(host.read_text(f"{config_dir}/{entry}") or "")
            except ValueError as error:
                broken[name] = f"{config_dir}/{entry} is damaged ({error})"
    return found, broken


def parsed(text: str) -> Record:
    """A record from its text. Raises ValueError for anything else."""
    values = json.loads(text)
    names = [field.name for field in fields(Record)]
    if not isinstance(values, dict) or not set(names[:6]) <= set(values) or values["stage"] not in STAGES:
        raise ValueError("it is no record of an installation")
    known = {name: values[name] for name in names if name in values}
    known["host_keys"] = tuple(known.get("host_keys") or ())
    return Record(**known)


def write(host: Host, config_dir: str, name: str, record: Record) -> None:
    """Put a record in place in one step, on the disk when this returns."""
    host.make_dir(config_dir)
    host.write_text(path(config_dir, name), json.dumps(asdict(record), indent=1, sort_keys=True) + "\n", MODE)


def forget(host: Host, config_dir: str, name: str) -> None:
    """Have there be no record of a guest. Raises XenError."""
    host.remove(path(config_dir, name))
