# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What an admin may get wrong, on a simulated machine: each is told in one line before the disk is touched, and nothing
half-made stays: no disk, no record, no unit, no mount, no file on its way."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path
from typing import Any

import pytest
from netbsd_sim.net import fetch

from ansible_collections.netbsd.xen.plugins.module_utils import _engine
from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import resource as guest_system
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.methods import image
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work import linux_root
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import lock
from ansible_collections.netbsd.xen.tests.tools.linux_system import FILES, LINKS, MBR, packed
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost
from ansible_collections.netbsd.xen.tests.unit.support.whole_host import the_mirror

RELEASE = "7.99.10"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwj9+WsILBmTvLUmQ56i6XkrekkVp1AyMUBWPnvAALq admin@rack"
DISK, HOME = "/home/xen/web1.img", "/home/xen"
SETS = f"/home/mirror/NetBSD-{RELEASE}/amd64/binary/sets"
URL = "https://cdn.NetBSD.org/pub/NetBSD"
NETWORK = {"network": {"address": "10.0.2.21/24", "gateway": "10.0.2.1"}, "authorized_keys": [KEY]}
NETBSD = {
    "name": "web1",
    "os": "netbsd",
    "memory": 64,
    "disks": [{"path": DISK, "size": "256M"}],
    "nics": ["bridge0"],
    "install": {"release": RELEASE, "source": "/home/mirror", **NETWORK},
}
LINUX = {**NETBSD, "os": "linux", "kernel": "/home/xen/k", "ramdisk": "/home/xen/r", "root": "/dev/xvda"}
TREE = {**LINUX, "root": "/dev/xvda1", "install": {"method": "tree", "tree": f"{HOME}/debian.tgz", **NETWORK}}
IMAGE = {**LINUX, "install": {"method": "image", "image": f"{HOME}/debian.raw"}}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sources that are right, and some that are not."""
    folder = tmp_path_factory.mktemp("bad") / "nb0"
    made = sim_host.make_host(folder, profile="netbsd-7.99.10-xen-4.17")
    made.install("e2fsprogs")
    shutil.copytree(the_mirror() / f"pub/NetBSD/NetBSD-{RELEASE}", made.root / f"home/mirror/NetBSD-{RELEASE}")
    home = made.root / "home/xen"
    home.mkdir(exist_ok=True)
    (home / "debian.tgz").write_bytes(packed(FILES, LINKS))
    (home / "debian.raw").write_bytes(MBR + b"a system\n" * 100000)
    (home / "files.tgz").write_bytes(packed({"etc/motd": b"hello"}, {}))
    (home / "page.html").write_bytes(b"<html>404 Not Found</html>\n" * 100)
    return folder


@pytest.fixture
def host(base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimulatedHost:
    monkeypatch.setattr(lock, "LOCK_FILE", str(tmp_path / "lock"))
    monkeypatch.setattr(fetch, "MIRROR", the_mirror())
    shutil.copytree(base, tmp_path / "nb0", symlinks=True)
    return SimulatedHost(sim_host.Host(tmp_path / "nb0"))


def params(guest: dict[str, Any], install: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = {name: value.get("default") for name, value in guest_system.ARGUMENTS.items()}
    return {**given, "guests": [{**guest, **more, "install": {**guest["install"], **install}}], "host_name": "xen1"}


def small(size: str) -> dict[str, Any]:
    return {"disks": [{"path": DISK, "size": size}]}


DECLARED = {
    "release": (NETBSD, {"release": "10.x"}, "release is '10.x'; allowed is a release of NetBSD"),
    "method": (NETBSD, {"method": "floppy"}, "method is 'floppy'; allowed is "),
    "address": (NETBSD, {"network": {"address": "10.0.2.300/24"}}, "network: address"),
    "the network itself": (NETBSD, {"network": {"address": "10.0.2.0/24"}}, "that is the network"),
    "gateway": (
        NETBSD,
        {"network": {"address": "10.0.2.21/24", "gateway": "10.0.3.1"}},
        "outside of the guest's network",
    ),
    "sum": (NETBSD, {"sums": {"base.tgz": "abc"}}, "with their SHA512 of 128 digits"),
    "set": (NETBSD, {"sets": ["base", "etc", "a/b"]}, "'a/b' is no set"),
    "method's key": (TREE, {"sets": ["base", "etc"]}, "sets is not for method tree"),
    "tree": (TREE, {"tree": "debian.tgz"}, "tree is 'debian.tgz'; allowed is a tarball"),
    "url without sum": (IMAGE, {"image": "https://example.org/debian.raw"}, "sha512 is missing"),
    "linux by sets": (LINUX, {"method": "sets", "release": "10.1"}, "method sets is for netbsd"),
}


@pytest.mark.parametrize("name", DECLARED)
def test_what_is_declared_wrong_is_refused_before_anybody_looks(host: SimulatedHost, name: str) -> None:
    guest, install, words = DECLARED[name]
    with pytest.raises(Refused) as error:
        _engine.converge(guest_system, params(guest, install), host, check=False)
    (line,) = [line for line in str(error.value).splitlines() if words in line]
    assert line.startswith("guest web1: install: ")
    assert host.commands == [] and nothing_of_it(host)


FOUND = {
    "no such release": (NETBSD, {"release": "7.99.11"}, {}, "NetBSD-7.99.11/amd64/binary/kernel/"),
    "no such release there": (NETBSD, {"release": "7.1", "source": URL}, {}, "404 File not found"),
    "no such set": (NETBSD, {"sets": ["base", "etc", "comp"]}, {}, "comp.tgz does not exist; bring it there"),
    "no such set there": (NETBSD, {"sets": ["base", "etc", "comp"], "source": URL}, {}, "no line 'SHA512 (comp"),
    "wrong sum": (NETBSD, {"sums": {"base.tgz": "0" * 128}}, {}, "install.sums says 0000000000000000"),
    "wrong sum there": (NETBSD, {"sums": {"base.tgz": "0" * 128}, "source": URL}, {}, "not the declared, 00000000"),
    "small": (NETBSD, {}, small("32M"), "has 32M, and 97M are needed for what is installed on it"),
    "small for swap": (NETBSD, {"swap": "250M"}, {}, "are needed for what is installed on it"),
    "no kernel": (NETBSD, {}, {"kernel": "/home/xen/own"}, "kernel /home/xen/own does not exist; bring it there"),
    "no tarball": (TREE, {"tree": f"{HOME}/none.tgz"}, {}, f"{HOME}/none.tgz does not exist; bring it there"),
    "a page": (TREE, {"tree": f"{HOME}/page.html"}, {}, "is no tarball, or damaged"),
    "no system": (TREE, {"tree": f"{HOME}/files.tgz"}, {}, "is not the root of a Linux system"),
    "tarball's sum": (TREE, {"sha512": "0" * 128}, {}, "and install.sha512 is 0000000000000000"),
    "small for a tree": (TREE, {}, small("8M"), "are needed for what is installed on it"),
    "no image": (IMAGE, {"image": f"{HOME}/none.raw"}, {}, f"{HOME}/none.raw does not exist; bring it there"),
    "a page as image": (IMAGE, {"image": f"{HOME}/page.html"}, {}, "page.html is a page or a message of a server"),
    "image's sum": (IMAGE, {"sha512": "0" * 128}, {}, "and install.sha512 is 0000000000000000"),
    "small for an image": (IMAGE, {}, small("1M"), "has 1M, and 2M are needed for what is installed on it"),
}


@pytest.mark.parametrize("name", FOUND)
def test_what_can_not_be_had_is_said_before_the_disk_is_touched(host: SimulatedHost, name: str) -> None:
    guest, install, more, words = FOUND[name]
    declared = params(guest, install, **more)
    assert words in refused(host, declared)
    assert nothing_of_it(host)
    # Nor is a disk that is there already, and empty.
    size = declared["guests"][0]["disks"][0]["size"]
    host.create_sparse(DISK, int(size[:-1]) << 20)
    before = (host.stat(DISK), hashlib.sha256(host.read_bytes(DISK) or b"").hexdigest())
    assert words in refused(host, declared)
    assert (host.stat(DISK), hashlib.sha256(host.read_bytes(DISK) or b"").hexdigest()) == before
    assert nothing_of_it(host, disk=True)


@pytest.mark.parametrize("guest", [NETBSD, TREE, IMAGE], ids=["sets", "tree", "image"])
@pytest.mark.parametrize(("path", "words"), [("/dev/wd0e", "is a device"), ("/home/xen", "is a directory")])
def test_a_disk_that_is_no_file_is_refused_before_anything(
    host: SimulatedHost, guest: dict[str, Any], path: str, words: str
) -> None:
    said = refused(host, params(guest, {}, disks=[{"path": path}]))
    assert f"disk {path} {words}, and dom0 can install only on a file" in said
    assert nothing_of_it(host) and not any("newfs" in each["argv"][0] for each in host.commands)


def refused(host: SimulatedHost, declared: dict[str, Any]) -> str:
    outcome = _engine.converge(guest_system, declared, host, check=False)
    said = str(outcome.failures["web1"])
    assert "\n" not in said and outcome.done == []
    return said


def nothing_of_it(host: SimulatedHost, disk: bool = False) -> bool:
    units = host.machine.run("vnconfig", "-l").out
    found = [
        host.exists(DISK) != disk,
        [each for each in host.list_dir("/usr/pkg/etc/xen") if each.startswith(".web1")],
        [line for line in units.splitlines() if "not in use" not in line],
        [each for folder in (HOME, "/var/xen/install") for each in host.list_dir(folder) if each.startswith(".")],
        *(host.list_dir(folder) for folder in ("/var/run/netbsd.xen.install", linux_root.STAGES, image.WORK)),
    ]
    assert not any(found), found
    return True
