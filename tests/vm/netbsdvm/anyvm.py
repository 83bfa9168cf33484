# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A released NetBSD, got by anyvm.py: it fetches an image that people keep for CI, and the key that its root accepts.

Of its version 0.7.5 is known, from its code: image and ``netbsd-RELEASE-host.id_rsa`` lie below the data directory; it
writes into ~/.ssh and changes modes there, so it gets a home of its own; it takes any /dev/kvm that it may write to;
**it compares no checksum**, so give NETBSD_SHA512 where that matters. It boots the image once, which proves image and
key; after that the machine is ours.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
from pathlib import Path

from netbsdvm import qemu, trial
from netbsdvm.wishes import VmError, Wishes

FETCH_SECONDS = 3600.0


def command(release: str, port: int, data: Path, cache: Path, accelerated: bool) -> list[str]:
    return [
        *("anyvm.py", "--os", "netbsd", "--release", release, "--detach", "--ssh-port", str(port)),
        *("--data-dir", str(data), "--cache-dir", str(cache), "--vnc", "off", "--remote-vnc", "no", "--sync", "off"),
        *([] if accelerated else ["--tcg", "--cpu-type", "qemu64"]),
    ]


def image(wishes: Wishes, directory: Path, environment: dict[str, str]) -> tuple[Path, Path]:
    """The image of ``wishes.release`` and its key. Raises VmError."""
    release = str(wishes.release)
    data, cache, home = (directory / name for name in ("anyvm", "cache", "home"))
    for each in (data, cache, home):
        each.mkdir(mode=0o700, parents=True, exist_ok=True)
    accelerated = qemu.HARDWARE in trial.accelerators(directory)
    argv = command(release, qemu.free_port(), data, cache, accelerated)
    try:
        ended = subprocess.run(
            argv,
            env={**environment, "HOME": str(home)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=FETCH_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise VmError("there is no anyvm.py: python -m pip install -r requirements/anyvm.txt") from None
    except subprocess.TimeoutExpired:
        raise VmError(f"anyvm.py did not bring NetBSD {release} within {FETCH_SECONDS:.0f} s") from None
    finally:
        end_all(data)
    if ended.returncode:
        last = "\n".join((ended.stdout + ended.stderr).splitlines()[-15:])
        raise VmError(f"anyvm.py did not bring NetBSD {release}; is there a network? Status {ended.returncode}\n{last}")
    return found(data, release)


def found(data: Path, release: str) -> tuple[Path, Path]:
    """Image and key below anyvm's data directory. Raises VmError if there is not one of each."""
    images = sorted(data.rglob(f"netbsd-{release}*.qcow2"))
    keys = sorted(data.rglob(f"netbsd-{release}*host.id_rsa"))
    if len(images) != 1 or len(keys) != 1:
        counted = f"{len(images)} images and {len(keys)} keys"
        raise VmError(f"anyvm.py left {counted} of NetBSD {release} below {data}, not one of each")
    return images[0], keys[0]


def check_sum(path: Path, expected: str) -> None:
    """Raises VmError for an image with another SHA512."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha512").hexdigest()
    if digest != expected.lower():
        raise VmError(f"{path} has the SHA512 {digest[:16]}..., not {expected[:16]}... (NETBSD_SHA512)")


def end_all(data: Path) -> None:
    """End the machines whose disks lie below a directory: anyvm.py leaves its own running."""
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = each.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "qemu" in words[0] and any(str(data) in word for word in words):
            os.kill(int(each.parent.name), signal.SIGKILL)
