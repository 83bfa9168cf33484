# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What is done to a guest's system: each act is a small frozen dataclass of all that it takes, which carries itself
out."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from ... import _progress
from ..._change import XenError
from ..._formats import units as sizes
from ..._formats.install import netbsd_release
from ..._host import Host
from ..._toolstack import waiting
from ..._toolstack.choose import toolstack
from ..._toolstack.lock import installing
from ..guests.apply import health
from ..guests.apply.files import MakeDisk
from . import installer, verify
from .declare import System
from .methods.method import Method
from .methods.table import METHODS
from .read import place_of
from .work import content, record, ssh_keys, units
from .work.job import Job, Leftover
from .work.record import Record

# How a label's name of the pack begins, and how many random bytes follow, in hexadecimal.
_MARK, _MARK_BYTES = "nx", 6


class Act(Protocol):
    """One thing to be done to a guest's system."""

    def carry_out(self, host: Host) -> None:
        """Do it. Raises XenError."""


@dataclass(frozen=True)
class Put:
    """Put a system on the guest's disk, from where its ``record`` says (None: from the beginning) to configured.
    ``word`` is what was seen of what the disk holds, empty for nothing."""

    system: System
    config_dir: str
    record: Record | None
    word: str

    def carry_out(self, host: Host) -> None:
        name, install = self.system.guest.name, self.system.install
        method = METHODS[install.method]
        with installing(name):
            mine = self.record or self._new()
            say = _Said(name)
            job = Job(host, self.system.guest, install, self.config_dir, mine, say, xen=self.system.xen)
            self._check_size(job, method.check(job))
            if self.record is None:
                self._claim(job)
            with _explained(job, say):
                self._put(job, method)

    def _put(self, job: Job, method: Method) -> None:
        if not job.record.reached(record.FILLED):
            if not method.talks:
                method.prepare(job)
                job.reached(record.PREPARED)
            method.fill(job)
            job.reached(record.FILLED)
        if job.record.installer:
            installer.forget(job)
        job.keys = (*self.system.install.authorized_keys, *_proof_key(job))
        method.configure(job)
        job.note(console_from=health.console_size(job.host, job.name))
        job.reached(record.CONFIGURED)
        method.leave(job)

    def _new(self) -> Record:
        install = self.system.install
        mark = _MARK + secrets.token_hex(_MARK_BYTES)
        again = install.again if self.word and install.again == self.word else ""
        return Record(record.EMPTY, install.method, install.release, install.disk.path, "", mark, again=again)

    def _check_size(self, job: Job, needed: int) -> None:
        """Before the disk is touched, or made."""
        disk = job.install.disk
        found = job.host.stat(disk.path)
        size = found.size if found else disk.size or 0
        if size < needed:
            raise XenError(
                f"guest {job.name}: disk {disk.path} has {sizes.size_text(size)}, and {(needed >> 20) + 1}M are needed "
                "for what is installed on it; declare a larger one"
            )

    def _claim(self, job: Job) -> None:
        """Make the disk where there is none, look once more that it holds what was seen, and begin the record."""
        disk, host = job.install.disk, job.host
        if host.stat(disk.path) is None and disk.size is not None:
            MakeDisk(disk.path, disk.size).carry_out(toolstack(host), job.name)
        found = content.look(host, disk.path)
        if found.word != self.word:
            raise XenError(f"guest {job.name}: disk {disk.path} was written to meanwhile; nothing was done")
        job.note(identity=place_of(host, disk.path))
        if found.kind == content.HOLDS:
            content.clear(host, disk.path, found.size, job.record.mark)


@dataclass(frozen=True)
class Begin(Put):
    """Prepare the guest's disk and start its own installer, which the run ``session`` of the controller talks to."""

    session: str

    def _put(self, job: Job, method: Method) -> None:
        method.prepare(job)
        job.reached(record.PREPARED)
        installer.start(job, method, self.session)


@dataclass(frozen=True)
class GiveBack:
    """Release the unit, and what is mounted, that a run which broke off has left."""

    name: str
    config_dir: str
    record: Record

    def carry_out(self, host: Host) -> None:
        with installing(self.name):
            units.give_back(Leftover(host, self.name, self.config_dir, self.record))


@dataclass(frozen=True)
class Forget:
    """Remove the record of a guest that is no more, nor is its disk."""

    name: str
    config_dir: str

    def carry_out(self, host: Host) -> None:
        with installing(self.name):
            _forget_proof_key(host, self.config_dir, self.name)
            record.forget(host, self.config_dir, self.name)


@dataclass(frozen=True)
class ForgetKey:
    """Remove the key by which a login was seen, which a run that was broken off behind that has left."""

    name: str
    config_dir: str

    def carry_out(self, host: Host) -> None:
        with installing(self.name):
            _forget_proof_key(host, self.config_dir, self.name)


@dataclass(frozen=True)
class Prove:
    """See a login of the guest, which runs as domain ``domid``."""

    system: System
    config_dir: str
    record: Record
    domid: int

    def carry_out(self, host: Host) -> None:
        name = self.system.guest.name
        with installing(name):
            say = _Said(name)
            job = Job(host, self.system.guest, self.system.install, self.config_dir, self.record, say)
            if not job.record.reached(record.BOOTED):
                job.note(stage=record.BOOTED)
            tool = toolstack(host)
            row = waiting.find(tool, self.domid)
            if row is None:
                raise XenError(f"guest {name} has ended before anybody could log in; start it, and run again")
            with _explained(job, say):
                proof = verify.prove(tool, row, self._expected(job), f"{self.config_dir}/.{name}.known_hosts", say)
            job.note(
                stage=record.VERIFIED,
                address=proof.address,
                proof=proof.words,
                seen=proof.how,
                clock=proof.clock_seconds,
                clock_margin=proof.clock_margin,
                python=proof.python or job.record.python,
            )
            _forget_proof_key(host, self.config_dir, name)

    def _expected(self, job: Job) -> verify.Expected:
        install, guest = self.system.install, self.system.guest
        key = record.proof_key(job.config_dir, job.name)
        address = next(iter(install.network.addresses), "") if install.network else ""
        # An image that nobody sets up has the name that it was made with.
        named = METHODS[install.method].sets_up(install.options)
        return verify.Expected(
            name=guest.name,
            host_name=install.hostname if named else "",
            mac=guest.nics[0].mac if guest.nics else "",
            address=address.partition("/")[0],
            host_keys=job.record.host_keys if guest.nics else (),
            key=key if job.host.exists(key) else "",
            console_from=job.record.console_from,
            bridge=guest.nics[0].bridge if guest.nics else "",
            python=self._python(job),
        )

    def _python(self, job: Job) -> tuple[str, ...]:
        """How it has to be seen. What a tree brought is known; of an image the console tells nothing."""
        if not self.system.install.python or job.record.python:
            return ()
        return (verify.SSH, verify.CONSOLE) if METHODS[self.system.install.method].released else (verify.SSH,)


# -- what is said ------------------------------------------------------------------------------------------------------

# What the next run does about a guest that stands there.
_NEXT_RUN = {
    record.EMPTY: "it begins again",
    record.PREPARED: "it fills the disk again, which holds nothing but its own unfinished work",
    record.FILLED: "it goes on with the configuration",
    record.CONFIGURED: "it writes nothing, and looks for a login once the guest runs",
    record.BOOTED: "it writes nothing, and looks for a login once more",
}


class _Said:
    """Says how far a guest is, and knows what was said last."""

    def __init__(self, name: str) -> None:
        self._say, self.phase = _progress.of(name), ""

    def __call__(self, phase: str, done: int | None = None, total: int | None = None, unit: str = "") -> None:
        self.phase = phase
        self._say(phase, done, total, unit)


@contextmanager
def _explained(job: Job, said: _Said) -> Iterator[None]:
    """An error in the block tells at which step it was, where the guest stands, and what the next run does."""
    try:
        yield
    except XenError as error:
        stage = job.record.stage
        found = {"step": said.phase, "stage": stage, "next_run": _NEXT_RUN.get(stage, "")}
        error.details.update({key: value for key, value in found.items() if value and key not in error.details})
        raise


# -- the key of the proof ----------------------------------------------------------------------------------------------


def _proof_key(job: Job) -> list[str]:
    """The line of authorized_keys for that key, made anew; none for a guest without a network."""
    if job.install.network is None:
        return []
    job.host.make_dir(job.config_dir)
    path = record.proof_key(job.config_dir, job.name)
    public = ssh_keys.make(job.host, path, _key_type(job.install.release), "proof")
    # Without it, or with one of NUL, nobody can see the login of the guest, whose disk has its other half.
    job.host.sync([path, f"{path}.pub", job.config_dir])
    return [verify.proof_key_line(public)]


def _key_type(release: str) -> str:
    """What the guest's sshd takes; all but old releases of NetBSD take the best."""
    return netbsd_release.host_key_types(release)[0] if release else "ed25519"


def _forget_proof_key(host: Host, config_dir: str, name: str) -> None:
    for suffix in ("", ".pub"):
        host.remove(record.proof_key(config_dir, name) + suffix)
