# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A machine from its start until its ssh answers; and which hardware an image boots on, which only a trial can tell."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from netbsdvm import qemu, trial
from netbsdvm.qemu import Hardware, Place
from netbsdvm.remote import Way
from netbsdvm.wishes import CARDS, DISKS, VmError, Wishes

# A first boot makes ssh keys; in software that alone takes minutes.
FIRST_SECONDS = 900.0
# Another boot of the same machine, in those that the first one took: a file system may be checked.
TIMES, AT_LEAST = 4.0, 240.0
# What a console says when nobody will ever log in, if it then says nothing more.
LOST = re.compile(
    r"^No bootable device|^Enter pathname of shell|^root device:|^panic: |^fatal .*trap in|^db\{?\d*\}?> |"
    r"could not be read|^ERROR: ABORTING BOOT|^boot: ?$|^KVM internal error|^KVM: entry failed",
    re.MULTILINE,
)
LOST_SECONDS = 15.0
# Here a boot has come to its end. Without ssh it has no network, as with another card than it is set up for.
PROMPT = re.compile(r"^(?:\S+ )?login: ?$", re.MULTILINE)
PROMPT_SECONDS = 180.0


def say(text: str) -> None:
    print(f"netbsd-vm {time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def combinations(wishes: Wishes) -> Iterator[tuple[str, str]]:
    """Disks and network cards to try, those that most installed systems have first."""
    disks = [wishes.disk] if wishes.disk else list(DISKS)
    cards = [wishes.card] if wishes.card else list(CARDS)
    for disk in disks:
        for card in cards:
            yield disk, card


def overlay(place: Place, image: Path) -> None:
    """A disk of the machine's own; the image below it is only read."""
    place.overlay.unlink(missing_ok=True)
    told = ["qemu-img", "info", "--output=json", str(image)]
    found = subprocess.run(told, capture_output=True, text=True, timeout=60, check=False)
    if found.returncode:
        raise VmError(f"{image} is no disk that QEMU knows: {found.stderr.strip()}")
    form = "qcow2" if '"format": "qcow2"' in found.stdout else "raw"
    made = ["qemu-img", "create", "-q", "-f", "qcow2", "-F", form, "-b", str(image), str(place.overlay)]
    subprocess.run(made, timeout=60, check=True)


def await_ssh(place: Place, way: Way, seconds: float) -> float:
    """The seconds until ssh answers. Raises VmError with the screens for a machine that never will; it runs on."""
    started = quiet_since = time.monotonic()
    before = ""
    while not way.answers():
        now, shown = time.monotonic(), qemu.screens(place)
        if qemu.running(place) is None:
            raise VmError(f"QEMU has ended\n{shown}")
        quiet_since, before = (quiet_since if shown == before else now), shown
        if LOST.search(shown) and now - quiet_since > LOST_SECONDS:
            raise VmError(f"the machine does not come up\n{shown}")
        if PROMPT.search(shown) and now - quiet_since > PROMPT_SECONDS:
            raise VmError(f"it has booted, and its ssh does not answer\n{shown}")
        if now - started > seconds:
            raise VmError(f"ssh does not answer within {seconds:.0f} s\n{shown}")
        time.sleep(1)
    return time.monotonic() - started


def find_hardware(place: Place, wishes: Wishes, image: Path, way: Callable[[], Way]) -> tuple[Hardware, Way, float]:
    """Start the image on one hardware after the other until ssh answers: that hardware, the way in, and the seconds
    that the boot took. Each trial begins with the image as it was given. Raises VmError with what the last one showed.
    """
    accelerators = trial.accelerators(place.directory)
    told = ""
    for accelerator, (disk, card) in itertools.product(accelerators, combinations(wishes)):
        hardware = Hardware(disk, card, wishes.memory, accelerator)
        overlay(place, image)
        found = way()
        by = "with KVM" if accelerator == qemu.HARDWARE else "in software emulation"
        say(f"booting {image.name} {by}, disk {disk} ({DISKS[disk]}) and card {card} ({CARDS[card]})")
        qemu.start(place, hardware, found.port)
        try:
            seconds = await_ssh(place, found, FIRST_SECONDS)
        except VmError as error:
            told = str(error)
            say(told)
            qemu.cut(place)
            continue
        say(f"ssh answers after {seconds:.0f} s")
        return hardware, found, seconds
    tried = "NETBSD_DISK and NETBSD_CARD name others"
    raise VmError(f"{image} boots on no hardware that was tried ({tried}), or does not take the key.\n{told}")


def again(place: Place, hardware: Hardware, way: Way, measured: float) -> float:
    """Boot the machine as it is, once more if the first time it does not come up in the time that it should need."""
    limit = max(AT_LEAST, TIMES * measured)
    for attempt in (1, 2):
        qemu.cut(place)
        qemu.start(place, hardware, way.port)
        try:
            return await_ssh(place, way, limit)
        except VmError as error:
            say(f"boot {attempt}: {error}")
            told = error
    qemu.cut(place)
    raise told
