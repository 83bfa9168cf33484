# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Simulated machines as the fault harness needs them: copies in the same state, and a look at all of one."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from judge import Entry, Sight
from netbsd_sim.boot import power
from netbsd_sim.core import hanging, powercut
from netbsd_sim.core.machine import Machine
from netbsd_sim.disk import labels, volume

# Not compared, with the reason.
_PASSING = re.compile(
    r"^(tmp|proc|kern|\.sim"  # memory, and the simulator's own
    r"|var/(run|tmp|log|db/pkgin|db/entropy-file)"  # of one boot, or of the day
    r"|var/db/netbsd\.xen\.packages"  # when each package was registered
    r"|root/\.ansible"
    r"|dev/(null|zero|random|urandom|tty|pts|shm)"  # the controller's
    r")(/|$)|/__pycache__(/|$)"
)
_MAX_TEXT = 65536  # bytes; longer files are no configuration
_CLOCK_FACTOR = 200  # half an hour's time limit in nine seconds

# A guest's record of its installation, and what of it is the same on each machine.
_RECORD = re.compile(r"/\.[^/]+\.install$")
_OF_RECORD = ("stage", "method", "release", "disk")
# From here on a guest's disk has its system.
_HAS_SYSTEM = ("configured", "booted", "verified")
# What each installation makes anew: keys and what is computed of them, the seed.
_OWN_OF_GUEST = re.compile(r"etc/ssh/ssh_host_|root/\.ssh/|etc/s?pwd\.db$|var/db/entropy-file$")

# How long a host may hang, or be out of reach, before the harness ends that: in real seconds. The first is more than
# three hours of the fast clock, the second more than a guarded change of the network waits for its confirmation.
HANG_SECONDS = 100.0
CUT_OFF_SECONDS = 200.0


def clone(template: Path, host: Path) -> None:
    """Make the machine in ``host`` a copy of the one in ``template``; it keeps its own name and addresses."""
    own = json.loads((host / "state.json").read_text())
    source = json.loads((template / "state.json").read_text())
    shutil.rmtree(host / "root")
    _copy(template / "root", host / "root")
    renamed = dict(zip(_names(source), _names(own), strict=True))
    (host / "state.json").write_text(_replace((template / "state.json").read_text(), renamed))
    for passed in ("unreachable", "answered.json"):
        (host / passed).unlink(missing_ok=True)
    for path in (*(host / "root/etc").rglob("*"), *(host / "root/usr/pkg/etc").rglob("*")):
        if path.is_file() and not path.is_symlink() and path.stat().st_size < _MAX_TEXT:
            text = path.read_text(errors="surrogateescape")
            if (other := _replace(text, renamed)) != text:
                path.write_text(other, errors="surrogateescape")


def keep(host: Path, copy: Path) -> None:
    """Keep a machine's files and state, to clone it later."""
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    _copy(host / "root", copy / "root")
    shutil.copyfile(host / "state.json", copy / "state.json")


def _copy(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-a", "--sparse=always", "--", source, target], check=True, timeout=120)


def identity(name: str) -> dict[str, str]:
    """The inventory variables of a machine from which its guests' MACs and UUIDs are made."""
    number = int(re.sub(r"\D", "", name) or 0)
    return {
        "faults_mac": f"00:16:3e:{number >> 8:02x}:{number & 255:02x}",
        "faults_uuid": f"5e7ab17e-{number:04x}",
    }


def _names(state: dict) -> list[str]:
    """What only this machine has in its files, in the same order for each machine."""
    name = state["hostname"]
    return [name, state["address"], *state["hardware_macs"], *identity(name).values()]


def _replace(text: str, renamed: dict[str, str]) -> str:
    if not renamed:
        return text
    words = "|".join(re.escape(name) for name in sorted(renamed, key=len, reverse=True))
    return re.sub(rf"(?<![\w.])({words})(?![\w])", lambda found: renamed[found[1]], text)


# --- looking -----------------------------------------------------------------------------------------------------


def look(host: Path) -> Sight:
    """A machine as it is now, and what the reset button would make of it. Changes nothing."""
    state = json.loads((host / "state.json").read_text())
    domains = state.get("xen", {}).get("domains", {}).values()
    # Domain ids begin anew with each boot.
    boot = f"of the boot at {state.get('boot_time')}"
    living = [domain for domain in domains if domain["domid"] and not domain.get("dying")]
    guests = {domain["name"]: f"{domain['domid']} {boot}" for domain in living}
    boots, xen = after_reset(host)
    tree = read_tree(host / "root", {name: "OWN" for name in _names(state)})
    held = {str(unit) for unit in state.get("vnd_held", [])}
    units = tuple(sorted(set(state.get("vnd", {})) - held))
    return Sight(tree, guests, boots, xen, units, file_systems(host), installed(host / "root"))


def file_systems(host: Path) -> int:
    """How many file systems the machine's newfs has made since its log was emptied."""
    log = host / "commands.log"
    lines = map(json.loads, log.read_text().splitlines() if log.exists() else ())
    return sum(line["argv"][0] == "/sbin/newfs" and line["rc"] == 0 for line in lines)


def installed(root: Path) -> frozenset[str]:
    """The guests whose record says that their disk has its system."""
    found = set()
    for path in (root / "usr/pkg/etc/xen").glob(".*.install"):
        with suppress(ValueError):
            if json.loads(path.read_bytes()).get("stage") in _HAS_SYSTEM:
                found.add(path.name[1:].removesuffix(".install"))
    return frozenset(found)


def read_tree(root: Path, renamed: dict[str, str]) -> dict[str, Entry]:
    """Every file, directory and symlink below ``root``, without what passes. Names in ``renamed`` are replaced."""
    found = {}
    for directory, names, files in os.walk(root):
        inside = os.path.relpath(directory, root)
        prefix = "" if inside == "." else inside + "/"
        names[:] = [name for name in names if not _PASSING.search(prefix + name)]
        for name in (*names, *files):
            if not _PASSING.search(prefix + name):
                found[prefix + name] = _entry(Path(directory, name), renamed)
    return found


def _entry(path: Path, renamed: dict[str, str]) -> Entry:
    status = path.lstat()
    digest = hashlib.sha256(f"{status.st_mode} {status.st_uid} {status.st_gid} ".encode())
    if stat.S_ISLNK(status.st_mode):
        digest.update(os.readlink(path).encode())
    elif stat.S_ISREG(status.st_mode) and status.st_size < _MAX_TEXT:
        return _text_entry(path, digest, renamed)
    elif stat.S_ISREG(status.st_mode) and (system := _guest_system(path, status.st_size)):
        return Entry(digest.hexdigest(), system)
    elif stat.S_ISREG(status.st_mode):
        digest.update(f"{status.st_size} ".encode())
        for piece in pieces(path):
            digest.update(piece)
    return Entry(digest.hexdigest())


def _guest_system(path: Path, size: int) -> tuple[str, ...]:
    """The files of the NetBSD on a guest's disk, one line each; nothing for a disk without."""
    disk = volume.Span(path, 0, size)
    label = volume.read_label(disk)
    part = label.part("a") if label else None
    if part is None or not part.size:
        return ()
    span = volume.Span(path, part.offset * labels.SECTOR, part.size * labels.SECTOR)
    files = volume.files(span) if volume.find_ffs(span) else None
    lines = [f"{part.offset} {part.size} {label.npartitions if label else 0}"]
    for name, file in sorted((files or {}).items()):
        content = b"" if _OWN_OF_GUEST.search(name) else file.content or b""
        lines.append(f"{name} {file.mode:o} {file.uid} {hashlib.sha256(content).hexdigest()[:12]} {file.link}")
    return tuple(lines)


def _text_entry(path: Path, digest: hashlib._Hash, renamed: dict[str, str]) -> Entry:
    content = path.read_bytes()
    if _RECORD.search(str(path)):
        with suppress(ValueError):
            record = json.loads(content)
            content = json.dumps({key: record.get(key) for key in _OF_RECORD}).encode()
    try:
        text = _replace(content.decode(), renamed)
    except UnicodeDecodeError:
        digest.update(content)
        return Entry(digest.hexdigest())
    digest.update(text.encode())
    return Entry(digest.hexdigest(), tuple(text.splitlines()))


def pieces(path: Path) -> Iterator[bytes]:
    """A file's content without its holes: a guest's disk of some GiB has hardly anything in it."""
    with path.open("rb") as file:
        end = 0
        while True:
            try:
                start = os.lseek(file.fileno(), end, os.SEEK_DATA)
            except OSError:  # ENXIO: nothing but a hole, or nothing at all, from here to the end
                return
            end = os.lseek(file.fileno(), start, os.SEEK_HOLE)
            yield f"{start} ".encode() + os.pread(file.fileno(), end - start, start)


# The simulated rc takes all that this process prints for what the boot prints, so one boots at a time.
_BOOTS = threading.Lock()


class HangsAtBoot(Exception):
    """A script of /etc/rc never comes back, so those after it never run."""


class _Booting(Machine):
    """A machine whose reset button is pressed from here, where nobody can wait for ever."""

    def hang(self) -> None:
        raise HangsAtBoot("/etc/rc hangs")


def after_reset(host: Path) -> tuple[str, str]:
    """(why the machine would not come up, or nothing; the Xen that it would come up under, or nothing).

    A copy of the machine is reset, so its own daemons and file systems have their say, not only the boot loader.
    """
    with tempfile.TemporaryDirectory(dir=host.parent.parent) as scratch:
        copy = Path(scratch, host.name)
        keep(host, copy)
        (copy / "connections").mkdir()
        with _BOOTS, _Booting(copy, copy / "root") as m:
            try:
                power.reset(m)
            except HangsAtBoot as error:
                return str(error), ""
            if not m.data.get("kernel"):
                return m.data.get("down_reason") or "down", ""
            if not _lets_in(m):
                return f"it boots, and nobody can log in: no sshd, or none at {m.data['address']}", ""
            return "", (m.data.get("hypervisor") or {}).get("release", "")


def _lets_in(m: Machine) -> bool:
    """Whether sshd runs and the machine has its address on an interface that is up."""
    interfaces = m.data["interfaces"].values()
    addresses = {words[0] for entry in interfaces if "UP" in entry["flags"] for words in entry["inet"]}
    return m.daemon("sshd") is not None and m.data["address"] in addresses


# --- while a run goes on -----------------------------------------------------------------------------------------


def prepare(host: Path, log: bool) -> None:
    """Let limits on commands that hang end soon; log file operations if ``log``. All that there is is on the disk."""
    (host / powercut.DAMAGED).unlink(missing_ok=True)
    with Machine(host, host / "root") as m:
        powercut.settle(m)
    (host / "fast_clock").write_text(f"{_CLOCK_FACTOR}\n")
    if log:
        (host / "log_writes").touch()
    (host / "commands.log").write_text("")


def damaged(host: Path) -> dict[str, int]:
    """The files that a power cut has damaged in a machine, and where the NUL begins in each."""
    return powercut.read(host / powercut.DAMAGED) or {}


def out_of_reach(host: Path) -> bool:
    """Whether a machine is down, or cut off for good."""
    mark = host / "unreachable"
    return mark.exists() and mark.read_text().strip() in ("down", "cut")


def press_reset(host: Path) -> None:
    """The reset button; waits until the machine is up, if it comes up at all."""
    with _BOOTS, _Booting(host, host / "root") as m, suppress(HangsAtBoot):
        power.reset(m)
    power.hang_up(host)
    time.sleep(power.BOOT_SECONDS)


def wait_for_boot(host: Path) -> None:
    """Until a machine that boots by itself answers. A run may end in the moment of its last machine's power cut."""
    try:
        until = (host / "unreachable").read_text().strip()
    except FileNotFoundError:
        return
    if until.isdigit():
        time.sleep(max(0.0, int(until) / 1000 - time.time()))


def end_hangs(host: Path) -> None:
    """End what still hangs after a run that does not wait for it, so that the clock runs as it should again."""
    if hanging.is_hanging(host):
        power.hang_up(host)


class Watch:
    """Ends what nothing else ends while a run goes on, and remembers where; and what a power cut ends, but for the
    process that met it. A context manager around the run."""

    def __init__(self, hosts: Iterable[Path]) -> None:
        self.hosts = list(hosts)
        self.freed: set[str] = set()
        self._since: dict[Path, float] = {}
        self._cut = {host for host in self.hosts if (host / powercut.DAMAGED).exists()}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(2.0):
            for host in self.hosts:
                self._look(host)

    def _look(self, host: Path) -> None:
        if host not in self._cut and (host / powercut.DAMAGED).exists():
            self._cut.add(host)
            power.hang_up(host)
        hangs, cut = hanging.is_hanging(host), _is_cut_off(host)
        if not hangs and not cut:
            self._since.pop(host, None)
            return
        since = self._since.setdefault(host, time.monotonic())
        if time.monotonic() - since > (HANG_SECONDS if hangs else CUT_OFF_SECONDS):
            self.freed.add(host.name)
            power.hang_up(host)
            self._since.pop(host, None)


def _is_cut_off(host: Path) -> bool:
    mark = host / "unreachable"
    try:
        return mark.read_text().strip() == "cut"
    except FileNotFoundError:
        return False
