# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The domain in which a guest's own installer runs, for as long as the controller talks to it.

It has the guest's name and devices, another kernel, and a UUID of its own, which is in the guest's record before it is
created: whatever breaks off, the next run knows it from a guest that somebody uses.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace

from ..._change import CommandFailed, XenError
from ..._formats.xl.xl_output import Domain
from ..._host import Host
from ..._toolstack import console, waiting
from ..._toolstack.choose import toolstack
from ..._toolstack.interface import Toolstack
from ..._toolstack.lock import installing
from ..guests.apply import vnd
from ..guests.apply.start import Create
from ..guests.declare import config
from .methods.method import Method
from .work.job import Job, Leftover
from .work.record import Record

_SUFFIX = ".installer"
# As long as it takes to see whether somebody else has a console.
LOOK_SECONDS = 2.0


def config_path(config_dir: str, name: str) -> str:
    """The configuration of a guest's installer. No guest's name begins with a dot."""
    return f"{config_dir}/.{name}{_SUFFIX}"


def is_it(domain: Domain, record: Record) -> bool:
    """Whether a domain is the installer of which a record tells."""
    return bool(record.installer) and domain.settings.get("uuid") == record.installer


def start(job: Job, method: Method, session: str) -> None:
    """Start it for the conversation of ``session``. Raises XenError."""
    job.say("starts its installer")
    tool, path = toolstack(job.host), config_path(job.config_dir, job.name)
    mine = str(uuid.uuid4())
    guest = replace(method.installer(job), uuid=mine, uuid_given=True)
    job.note(installer=mine, session=session)
    # One whose installer has ended by itself is not worth a copy.
    job.host.remove(path)
    job.host.write_text(path, config.text_of(guest, tool.dialect), config.SECRET_MODE)
    Create(guest, 0, path).carry_out(tool, job.name)


@dataclass(frozen=True)
class End:
    """Have the installer be gone, domain ``domid``. With ``halts`` it is given its time to end by itself, as it does
    when it was told to halt. One that is not ``ours``, of a run that was broken off, is looked at first: another run
    may just talk to it."""

    name: str
    config_dir: str
    record: Record
    domid: int
    ours: bool
    halts: bool

    def carry_out(self, host: Host) -> None:
        tool = toolstack(host)
        with installing(self.name):
            if not self.ours:
                _refuse_if_held(tool, self.name, self.domid)
            if not (self.halts and waiting.gone(tool, self.domid)) and waiting.find(tool, self.domid) is not None:
                tool.destroy(self.domid)
            vnd.take_back(tool, [self.record.disk])
            forget(Leftover(host, self.name, self.config_dir, self.record))


def forget(job: Job | Leftover) -> None:
    """Leave nothing of an installer that is gone."""
    job.host.remove(config_path(job.config_dir, job.name))
    job.note(installer="", session="")


def _refuse_if_held(tool: Toolstack, name: str, domid: int) -> None:
    try:
        tool.console(domid, LOOK_SECONDS)
    except console.Held:
        raise XenError(
            f"guest {name} is just being installed, and somebody has the console of its installer. If that is a run "
            "that is no more, end its process in dom0, and run again"
        ) from None
    except CommandFailed:
        pass  # it is about to end
