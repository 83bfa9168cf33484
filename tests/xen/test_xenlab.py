# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The parts of the lab that can go wrong without a machine."""

from __future__ import annotations

import gzip
import lzma
import os
import struct
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from xenlab import guest, kernel, layout, machine, packages, remote

# Two lines as depmod writes them (modules.dep(5)): the one to be loaded first stands last.
MODULES_DEP = """\
kernel/fs/ext4/ext4.ko.xz: kernel/fs/mbcache.ko.xz kernel/fs/jbd2/jbd2.ko.xz kernel/lib/crc16.ko.xz
kernel/fs/mbcache.ko.xz:
kernel/fs/jbd2/jbd2.ko.xz: kernel/lib/crc16.ko.xz
kernel/lib/crc16.ko.xz:
kernel/drivers/xen-blkfront.ko:
"""


@pytest.fixture
def lab(tmp_path: Path) -> layout.Lab:
    return layout.Lab.open("4.20", str(tmp_path / "a lab"), tmp_path)


def bzimage(payload: bytes, setup_sectors: int) -> bytes:
    header = bytearray(((setup_sectors or 4) + 1) * 512)
    header[0x1F1] = setup_sectors
    struct.pack_into("<II", header, 0x248, 16, len(payload))
    return bytes(header) + bytes(16) + payload + b"what follows the payload"


@pytest.mark.parametrize("setup_sectors", [0, 1, 27])
@pytest.mark.parametrize("compress", [gzip.compress, lambda data: lzma.compress(data) + struct.pack("<I", len(data))])
def test_elf_image_is_unpacked(compress, setup_sectors: int) -> None:
    elf = b"\x7fELF" + bytes(range(256)) * 40
    assert kernel.elf_image(bzimage(compress(elf), setup_sectors)) == elf


def test_elf_image_of_unknown_compression_is_refused() -> None:
    with pytest.raises(layout.LabError, match="unknown compression"):
        kernel.elf_image(bzimage(b"BZh9 and more", 1))


def test_load_order_puts_each_module_after_what_it_needs() -> None:
    order = kernel.load_order(MODULES_DEP, ["kernel/fs/builtin_one.ko"], ["xen_blkfront", "ext4", "builtin-one"])
    assert order == [
        "kernel/drivers/xen-blkfront.ko",
        "kernel/lib/crc16.ko.xz",
        "kernel/fs/jbd2/jbd2.ko.xz",
        "kernel/fs/mbcache.ko.xz",
        "kernel/fs/ext4/ext4.ko.xz",
    ]


def test_load_order_refuses_an_unknown_module() -> None:
    with pytest.raises(layout.LabError, match="no module zfs"):
        kernel.load_order(MODULES_DEP, [], ["zfs"])


def test_a_guests_system_is_made_of_what_dom0_has(tmp_path: Path) -> None:
    """Here busybox and the loader are scripts that say what the real ones say: their programs, their libraries."""
    root, tree = tmp_path / "root", tmp_path / "tree"
    library = "usr/lib/x86_64-linux-gnu/libc.so.6"
    files = {
        "usr/bin/busybox": "#!/bin/sh\nprintf '%s\\n' bin/sh sbin/init usr/bin/cksum usr/sbin/sshd\n",
        "lib64/ld-linux-x86-64.so.2": f"#!/bin/sh\necho '\tlibc.so.6 => {root}/{library} (0x00007f00)'\n",
        **dict.fromkeys(("usr/sbin/sshd", "usr/bin/cksum", "usr/lib/openssh/sftp-server", library), "a program"),
        **dict.fromkeys(("usr/bin/python3.13", "usr/lib/python3.13/os.py"), "source"),
        "usr/lib/python3.13/__pycache__/os.cpython-313.pyc": "compiled",
        "usr/lib/python3.13/antigravity.py": "not compiled",
        "usr/lib/python3.13/test/test_os.py": "source",
        "usr/lib/python3.13/lib-dynload/_ssl.so": "an extension",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
        (root / name).chmod(0o755)
    (root / "usr/bin/python3").symlink_to("python3.13")
    guest.make_tree(root, tree)
    there = {str(path.relative_to(tree)) for path in (tree / "usr").rglob("*") if not path.is_dir()}
    assert there == {
        *("usr/bin/busybox", "usr/bin/sh", "usr/sbin/init", "usr/bin/cksum", "usr/sbin/sshd"),
        *("usr/lib/openssh/sftp-server", library, "usr/lib64/ld-linux-x86-64.so.2"),
        *("usr/bin/python3", "usr/bin/python3.13", "usr/lib/python3.13/os.pyc", "usr/lib/python3.13/antigravity.py"),
        "usr/lib/python3.13/lib-dynload/_ssl.so",
    }
    assert (tree / "sbin/init").readlink() == Path("/usr/bin/busybox")
    assert (tree / "usr/sbin/sshd").read_text() == (tree / "usr/bin/cksum").read_text() == "a program"
    assert (tree / "usr/lib/python3.13/os.pyc").read_text() == "compiled"
    assert (tree / "etc/shadow").stat().st_mode & 0o777 == 0o600


def test_sources_follow_apt() -> None:
    targets = (
        "http://other.example/apt|Docker|Docker CE\n"
        "http://a.example/debian/|Debian|Debian\n"
        "http://b.example/sec/|Debian|Debian-Security\n"
    )
    assert packages.debian_sources("trixie", targets, None) == [
        "deb http://a.example/debian trixie main",
        "deb http://a.example/debian trixie-updates main",
        "deb http://b.example/sec trixie-security main",
    ]


def test_sources_of_a_named_mirror_leave_apt_alone() -> None:
    sources = packages.debian_sources("bookworm", "http://a.example/debian/|Debian|Debian\n", "http://m.example/debian")
    assert sources[0] == "deb http://m.example/debian bookworm main"
    assert sources[2] == "deb http://m.example/debian-security bookworm-security main"


def test_sources_without_debian_are_refused() -> None:
    with pytest.raises(layout.LabError, match="XENLAB_MIRROR"):
        packages.debian_sources("trixie", "http://u.example/ubuntu/|Ubuntu|Ubuntu\n", None)


def test_a_foreign_process_is_not_taken_for_the_machine(lab: layout.Lab) -> None:
    (lab.run / "pid").write_text(f"{os.getpid()}\n")
    assert machine.pid(lab) is None
    machine.stop(lab)  # must not end this test
    assert not (lab.run / "pid").exists()


def test_machines_of_one_build_are_kept_apart(lab: layout.Lab, tmp_path: Path) -> None:
    other = layout.Lab.open("4.20", str(lab.directory), tmp_path, "other")
    assert other.image == lab.image
    assert other.run != lab.run
    remote.write_access(lab, 2201)
    remote.write_access(other, 2202)
    machine.stop(other)
    assert remote.port(lab) == 2201


@pytest.mark.parametrize("name", ["../run", "a b", "A"])
def test_a_machines_name_is_part_of_a_path(lab: layout.Lab, tmp_path: Path, name: str) -> None:
    with pytest.raises(layout.LabError, match="small letters and digits"):
        layout.Lab.open("4.20", str(lab.directory), tmp_path, name)


def test_the_longer_a_boot_takes_the_longer_its_sshd_may_take_to_greet(
    lab: layout.Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[float] = []
    clock = iter([10, 12, 200, 200, 500])
    monkeypatch.setattr(machine, "time", SimpleNamespace(monotonic=lambda: next(clock), sleep=lambda _seconds: None))

    def answers(_lab: layout.Lab, _probe: tuple[str, ...], patience: float) -> bool:
        given.append(patience)
        return len(given) == 3

    monkeypatch.setattr(machine.remote, "answers", answers)
    machine._await(lab, SimpleNamespace(poll=lambda: None), 0, ("true",))
    assert given == [5, 25, 62.5]


def test_run_ends_the_children_of_a_command_that_takes_too_long(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    child = f"import time; time.sleep(3); open({str(mark)!r}, 'w')"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    with pytest.raises(layout.LabError, match="within 1 s"):
        layout.run([sys.executable, "-c", parent], 1)
    time.sleep(3)
    assert not mark.exists()


def test_run_shows_the_end_of_the_log(tmp_path: Path) -> None:
    with pytest.raises(layout.LabError, match="status 3; (.|\n)*the reason"):
        layout.run(["sh", "-c", "echo the reason; exit 3"], 10, log=tmp_path / "log")


def test_inventory_needs_a_machine(lab: layout.Lab) -> None:
    with pytest.raises(layout.LabError, match="does not run"):
        remote.inventory(lab)


def test_ssh_config_survives_a_blank_in_the_path(lab: layout.Lab) -> None:
    remote.write_access(lab, 2201)
    shown = subprocess.run(
        ["ssh", "-G", "-F", lab.run / "ssh_config", layout.HOST], capture_output=True, text=True, check=True, timeout=10
    ).stdout.splitlines()
    assert "port 2201" in shown
    assert f"identityfile {lab.image / 'client_key'}" in shown
    assert any(line.startswith("userknownhostsfile ") and "known_hosts" in line for line in shown)


def test_ssh_keeps_the_words_apart(lab: layout.Lab) -> None:
    remote.write_access(lab, 2201)
    assert remote.ssh_argv(lab, ["--", "ls", "a b"])[-2:] == [layout.HOST, "ls 'a b'"]
    assert remote.ssh_argv(lab, [])[-1] == layout.HOST
