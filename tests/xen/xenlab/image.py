# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Builds what the machine boots: Xen, Debian's kernel, a small initramfs and dom0's disk."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

from xenlab import packages
from xenlab.layout import HOST, Lab, run, say

SOURCES = Path(__file__).resolve().parents[1]
FILES = SOURCES / "files"

# What a kernel does at boot that no test asks about, and that takes half of a guest's boot under emulation: tests of
# itself, defences, marking its own memory, and the writing of a line about each.
QUICK_BOOT = (
    "quiet rodata=off cryptomgr.notests mitigations=off kprobes_disabled lsm= ima=off audit=0 "
    "initcall_blacklist=crypto_algapi_init,init_kprobe_trace,load_system_certificate_list,crypto_kdf108_init"
)

GUEST_FACTS = {
    "xl": "/usr/sbin/xl",
    "bridge": "xenbr0",
    "second_bridge": "bridge0",
    "kernel": "/srv/xen/vmlinux",
    "ramdisk": "/srv/xen/initrd.img",
    "cmdline": f"console=hvc0 {QUICK_BOOT}",
    "ignoring_kernel": "/srv/xen/grub.bin",
    "crashing_kernel": "/srv/xen/vmlinux",
    "system_tree": "/srv/xen/system.tar",
    "system_ramdisk": "/srv/xen/system-initrd.img",
    "disks": ["/srv/xen/disk1.img", "/srv/xen/disk2.img", "/srv/xen/disk3.img"],
    "config_dir": "/etc/xen",
    "python": "/usr/bin/python3",
    "console_log_dir": "/var/log/xen/console",
    "host_cpus": 2,
    "pvh": True,
    "time_scale": 1,
}
"""What is in dom0 for the tests.

The guest of `kernel`, `ramdisk` and `cmdline` acknowledges a shutdown in about a second, that of `ignoring_kernel`
never, and that of `crashing_kernel` panics if it has no ramdisk. `system_tree` is what a guest is installed from, which
`kernel` and `system_ramdisk` boot. The bridges are made at boot by
files/dom0/usr/local/sbin/lab-net. `host_cpus` are the CPUs of the host, of which dom0 has one, so that guests can be
pinned and CPU pools made. `pvh` says that PVH guests run; `time_scale` is for the simulated machine, whose guests take
a tenth of the time.
"""

_DOM0_PACKAGES = (
    "systemd-sysv",
    "udev",
    "kmod",
    "iproute2",
    "procps",
    "openssh-server",
    "e2fsprogs",
    "python3",
    "busybox-static",
    "grub-xen-host",  # grub as a PV kernel: a guest that ignores what the toolstack asks
    "xen-utils-{release}",
    "xen-hypervisor-{release}-amd64",
)
_LEFT_OUT = ("man/*", "doc/*", "info/*", "locale/*", "grub/*", "bash-completion/*")

# The kernel package is only fetched: its installation would pull in and run initramfs-tools, for a minute and in vain.
_FETCH_KERNEL = (
    'export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" && cd "$1/boot" && '
    "apt-get -q download $(apt-cache depends linux-image-amd64 | sed -n 's/^ *Depends: //p' | head -n 1)"
)


def build(lab: Lab, force: bool) -> None:
    """Builds the lab's image directory unless it is there and was made by these very sources.

    The directory appears complete or not at all. Raises LabError if a step fails; the log is `build.log` beside it.
    """
    key = _key(lab.release)
    stamp = lab.image / "KEY"
    if not force and stamp.exists() and stamp.read_text(encoding="ascii") == key:
        return
    started = time.monotonic()
    log = lab.directory / "build.log"
    log.write_bytes(b"")
    say(f"building Xen {lab.release} on Debian {lab.suite}; log: {log}")
    with tempfile.TemporaryDirectory(dir=lab.directory, prefix="building-") as name:
        work = Path(name)
        (work / "image").mkdir()
        _make_keys(work / "image", log)
        _bootstrap(lab, work / "debian.tar", log)
        say(f"Debian is there after {time.monotonic() - started:.0f} s; making the disk")
        _make_disk(lab, work, log)
        (work / "image" / "KEY").write_text(key, encoding="ascii")
        shutil.rmtree(lab.image, ignore_errors=True)
        (work / "image").rename(lab.image)
    say(f"built in {time.monotonic() - started:.0f} s")


def _key(release: str) -> str:
    """Changes with the release and with every file that has a say in the image."""
    modules = [SOURCES / "xenlab" / name for name in ("dom0.py", "guest.py", "image.py", "kernel.py", "packages.py")]
    files = sorted(path for path in FILES.rglob("*") if path.is_file())
    digest = hashlib.sha256(release.encode())
    for path in [*modules, *files]:
        digest.update(str(path.relative_to(SOURCES)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _make_keys(image: Path, log: Path) -> None:
    """One key for the client, one for the machine: so that ssh can check who it talks to."""
    for name in ("client_key", "host_key"):
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", HOST, "-f", image / name], 60, log=log)
    public = (image / "host_key.pub").read_text(encoding="ascii")
    (image / "known_hosts").write_text(f"{HOST} {public}", encoding="ascii")


def _bootstrap(lab: Lab, tarball: Path, log: Path) -> None:
    sources = packages.debian_sources(lab.suite, packages.apt_index_targets(), os.environ.get("XENLAB_MIRROR"))
    include = ",".join(_DOM0_PACKAGES).format(release=lab.release)
    argv = ["mmdebstrap", "--variant=minbase", "--format=tar", f"--include={include}"]
    argv += [f"--aptopt={option}" for option in packages.apt_options()]
    argv += [f"--dpkgopt=path-exclude=/usr/share/{pattern}" for pattern in _LEFT_OUT]
    argv += [f"--customize-hook={_FETCH_KERNEL}", lab.suite, str(tarball), *sources]
    run(argv, 1800, log=log)


def _make_disk(lab: Lab, work: Path, log: Path) -> None:
    # fakeroot: the disk's files belong to root although nobody needs to be root here
    python = [sys.executable, "-c", "import sys; sys.path.insert(0, sys.argv[1]); from xenlab import dom0; dom0.main()"]
    run(["fakeroot", "--", *python, SOURCES, work, lab.release], 600, log=log)
