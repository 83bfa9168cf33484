# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A released NetBSD, got by anyvm.py: it fetches an image that people keep for CI, and the key that its root accepts.

Of its version 0.7.5 is known, from its code: image and key are ``netbsd/vVERSION/netbsd-RELEASE.qcow2`` and
``...-host.id_rsa`` below the data directory, VERSION being the images'. With a cache directory the image is there too,
at the same place below it, as it came: that one is ours. The one below the data directory it has booted. It writes into
~/.ssh and changes modes there, so it gets a home of its own; it takes any /dev/kvm that it may write to; **it compares
no checksum**, so give NETBSD_SHA512 where that matters. Without a network it tries for eight minutes, then says why on
a line with "Error:". Its boot of the image proves image and key; after that the machine is ours.
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
from collections.abc import Iterable
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
    log = directory / "anyvm.log"
    try:
        status = _run(argv, {**environment, "HOME": str(home)}, log)
    except FileNotFoundError:
        raise VmError("there is no anyvm.py: python -m pip install -r requirements/anyvm.txt") from None
    except subprocess.TimeoutExpired:
        raise VmError(f"anyvm.py did not bring NetBSD {release} within {FETCH_SECONDS:.0f} s, see {log}") from None
    finally:
        end_all(data)
    if status:
        why = f"status {status}: {reason(log.read_text(encoding='utf-8', errors='replace'))}"
        raise VmError(f"anyvm.py, which fetches from github.com, did not bring NetBSD {release} ({why}); see {log}")
    return found(data, cache, release)


def _run(argv: list[str], environment: dict[str, str], log: Path) -> int:
    """The exit status; what it prints goes into a file, so that it can be watched while it fetches."""
    with open(log, "w", encoding="utf-8") as output:
        return subprocess.run(
            argv,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=FETCH_SECONDS,
            check=False,
        ).returncode


def reason(output: str) -> str:
    """Why anyvm.py gave up: its line that begins with "Error:", else its last one, which tells most of a traceback."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("Error:").strip() for line in lines if line.startswith("Error:")]
    return [*lines[-1:], *errors][-1].rstrip(".") if lines else "it printed nothing"


def found(data: Path, cache: Path, release: str) -> tuple[Path, Path]:
    """Image and key, the newest where anyvm.py left several versions. Raises VmError if one is missing."""
    key = _newest(data.rglob(f"netbsd-{release}*host.id_rsa"))
    if key is None:
        raise VmError(f"anyvm.py left no key of NetBSD {release} below {data}")
    name = f"netbsd-{release}*.qcow2"
    unbooted = _newest((cache / key.parent.relative_to(data)).glob(name))
    image = unbooted or _newest(key.parent.glob(name)) or _newest(data.rglob(name))
    if image is None:
        raise VmError(f"anyvm.py left no image of NetBSD {release} below {data}")
    return image, key


def _newest(paths: Iterable[Path]) -> Path | None:
    return max(paths, key=lambda path: path.stat().st_mtime, default=None)


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
