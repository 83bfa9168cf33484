# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Guests that shall have a Python: where it comes from, what is refused before a disk is touched, and that a login
counts only once it was seen."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _engine
from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import guest_python
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read import vnd
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import resource as guest_system
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.methods import sets
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import lock
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost
from ansible_collections.netbsd.xen.tests.unit.support.whole_host import the_mirror

RELEASE = "7.99.10"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwj9+WsILBmTvLUmQ56i6XkrekkVp1AyMUBWPnvAALq admin@rack"
DISK, PACKAGES = "/home/xen/web1.img", "/home/packages"
GUEST = {
    "name": "web1",
    "os": "netbsd",
    "memory": 64,
    "disks": [{"path": DISK, "size": "256M"}],
    "nics": ["bridge0"],
}
INSTALL = {"release": RELEASE, "network": {"address": "10.0.2.21/24"}, "authorized_keys": [KEY], "python": True}


def params(install: dict[str, Any], rack: dict[str, Any] | None = None, **guest: Any) -> dict[str, Any]:
    given = {name: value.get("default") for name, value in guest_system.ARGUMENTS.items()}
    declared = {**GUEST, **guest, "install": {**INSTALL, **install}}
    return {**given, **(rack or {}), "guests": [declared], "host_name": "xen1"}


# -- declared ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rack", "install", "place"),
    [
        ({}, {}, "https://cdn.NetBSD.org/pub/pkgsrc/packages/NetBSD/amd64/10.1/All"),
        ({"install_pkg_path": "http://m/$arch/$osrelease"}, {"arch": "i386"}, "http://m/i386/10.1"),
        ({"install_pkg_path": "http://m"}, {"pkg_path": "/home/p/$osrelease/"}, "/home/p/10.1"),
        ({"install_pkg_path": "http://m"}, {"python": False}, ""),
    ],
)
def test_where_it_comes_from(rack: dict[str, Any], install: dict[str, Any], place: str) -> None:
    (system,) = guest_system.declare(params({"release": "10.1", **install}, rack)).systems
    assert (system.install.python, system.install.pkg_path) == (bool(place), place)


@pytest.mark.parametrize(
    ("install", "guest", "words"),
    [
        ({"python": "often"}, {}, "python is 'often'; allowed is true or false"),
        ({}, {}, f"pkgsrc has no packages for NetBSD {RELEASE}; give pkg_path"),
        ({"pkg_path": "packages"}, {}, "pkg_path is 'packages'; allowed is a URL (http://, https://, ftp://) or an"),
        ({"release": "10.1", "network": None}, {"nics": []}, "no network to fetch it; give nics and network, or as"),
        (
            {"method": "image", "image": "/i.raw", "release": None, "network": None, "authorized_keys": None},
            {"kernel": "/home/xen/netbsd"},
            "python would reach nobody: give seed",
        ),
        (
            {"method": "tree", "tree": "/t.tgz", "release": None, "pkg_path": "/p"},
            {"os": "linux", "kernel": "/home/xen/vmlinuz"},
            "pkg_path is not for method tree",
        ),
    ],
)  # fmt: skip
def test_refused_before_anything(install: dict[str, Any], guest: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused) as raised:
        guest_system.declare(params(install, **guest))
    assert words in str(raised.value) and "\n" not in str(raised.value)


# -- from a directory of dom0 ------------------------------------------------------------------------------------------


def package(name: str, *needed: str) -> bytes:
    """A binary package: its packing list comes first (pkg_create(1))."""
    text = "".join([f"@name {name}\n", *(f"@pkgdep {each}\n" for each in needed), "share/doc\n"]).encode()
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        entry = tarfile.TarInfo("+CONTENTS")
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
    return stream.getvalue()


DIRECTORY = {
    "python311-3.11.9.tgz": package("python311-3.11.9", "libffi>=3.4.2nb1", "xz-[0-9]*", "{mit-krb5,libffi}-[0-9]*"),
    "python27-2.7.18.tgz": package("python27-2.7.18"),
    "libffi-3.4.6.tgz": package("libffi-3.4.6", "xz>=5"),
    "libffi-3.4.2.tgz": package("libffi-3.4.2"),
    "xz-5.6.3.tgz": package("xz-5.6.3"),
    "perl-5.40.0.tgz": package("perl-5.40.0"),
    "pkg_summary.gz": b"",
}
WANTED = ["libffi-3.4.2.tgz", "libffi-3.4.6.tgz", "python311-3.11.9.tgz", "xz-5.6.3.tgz"]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("python") / "nb0"
    made = sim_host.make_host(folder, profile="netbsd-7.99.10-xen-4.17")
    shutil.copytree(the_mirror() / f"pub/NetBSD/NetBSD-{RELEASE}", made.root / f"home/mirror/NetBSD-{RELEASE}")
    return folder


@pytest.fixture
def host(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimulatedHost:
    monkeypatch.setattr(lock, "LOCK_FILE", str(tmp_path / "lock"))
    monkeypatch.setattr(vnd, "BETWEEN_LOOKS_SECONDS", 0.0)
    monkeypatch.setattr(sets.netbsd_release, "host_key_types", lambda _release: ("ed25519",))
    shutil.copytree(base, tmp_path / "nb0", symlinks=True)
    return SimulatedHost(sim_host.Host(tmp_path / "nb0"))


def run(host: SimulatedHost, packages: dict[str, bytes], **install: Any) -> _engine.Outcome:
    folder = host.machine.root / PACKAGES[1:]
    folder.mkdir(exist_ok=True)
    for name, content in packages.items():
        (folder / name).write_bytes(content)
    declared = params({"source": "/home/mirror", "pkg_path": PACKAGES, **install})
    return _engine.converge(guest_system, declared, host, check=False)


def on_disk(host: SimulatedHost) -> list[str]:
    """The packages on the guest's disk, which is mounted then."""
    for words in (["vnconfig", "vnd3", DISK], ["mount", "/dev/vnd3a", "/mnt"]):
        assert host.machine.run(*words).rc == 0
    return sorted(path.name for path in (host.machine.root / "mnt" / guest_python.FOLDER).iterdir())


def test_what_it_takes_is_on_the_disk_and_no_more(host: SimulatedHost) -> None:
    done = run(host, DIRECTORY)
    assert done.failures == {}, done.failures
    assert on_disk(host) == WANTED
    script = host.machine.root / "mnt" / guest_python.SCRIPT
    assert script.read_text() == guest_python.script(f"/{guest_python.FOLDER}") and script.stat().st_mode & 0o111


def test_a_run_that_broke_off_is_gone_on_with(host: SimulatedHost, monkeypatch: pytest.MonkeyPatch) -> None:
    copied, copy = [], host.copy_file

    def cut(source: str, target: str, mode: int, **more: bool) -> None:
        copied.extend([source] if source.startswith(PACKAGES) else [])
        if len(copied) == 2:
            copied.append("")
            raise XenError("no more")
        copy(source, target, mode, **more)

    monkeypatch.setattr(host, "copy_file", cut)
    assert "no more" in str(run(host, DIRECTORY).failures["web1"])
    assert run(host, {}).failures == {} and on_disk(host) == WANTED


@pytest.mark.parametrize(
    ("packages", "words"),
    [
        ({"perl-5.40.0.tgz": package("perl-5.40.0")}, f"{PACKAGES} has no package of Python (python313-*.tgz or"),
        ({**DIRECTORY, "xz-5.6.3.tgz": None}, f"{PACKAGES} lacks the package xz, which {PACKAGES}/python311-3"),
        ({**DIRECTORY, "xz-5.6.3.tgz": b"\x1f\x8b"}, f"{PACKAGES}/xz-5.6.3.tgz is no package that can be read"),
        ({**DIRECTORY, "xz-5.6.3.tgz": b"\xfd7zXZ\0" + bytes(40)}, "xz-5.6.3.tgz is no package that can be read"),
        ({**DIRECTORY, "xz-5.6.3.tgz": b""}, f"{PACKAGES}/xz-5.6.3.tgz is no package"),
    ],
)  # fmt: skip
def test_packages_that_can_not_be_had(host: SimulatedHost, packages: dict[str, bytes | None], words: str) -> None:
    done = run(host, {name: content for name, content in packages.items() if content is not None})
    assert words in str(done.failures["web1"]) and "\n" not in str(done.failures["web1"])
    assert not (host.machine.root / DISK[1:]).exists()


def test_a_disk_that_has_no_room_for_it(host: SimulatedHost) -> None:
    done = run(host, {"python313-3.13.1.tgz": package("python313-3.13.1") + bytes(64 << 20)})
    assert "are needed for what is installed on it" in str(done.failures["web1"])
    assert not (host.machine.root / DISK[1:]).exists()
