# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A release that is checked against what the security officer has signed, on a simulated machine; and by the real
GnuPG, where there is one."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from netbsd_sim.net import fetch
from netbsd_sim.system import openpgp

from ansible_collections.netbsd.xen.plugins.module_utils import _engine
from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import resource as guest_system
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work import signed
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import lock
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.real_tools import RealTools
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost
from ansible_collections.netbsd.xen.tests.unit.support.whole_host import the_mirror

RELEASE = "7.99.10"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwj9+WsILBmTvLUmQ56i6XkrekkVp1AyMUBWPnvAALq admin@rack"
DISK, RECORD, RING = "/home/xen/web1.img", "/usr/pkg/etc/xen/.web1.install", "/root/officer.asc"
BASE = f"NetBSD-{RELEASE}/amd64/binary/sets/base.tgz"
LIST = f"security/hashes/NetBSD-{RELEASE}_hashes.asc"
GUEST = {
    "name": "web1",
    "os": "netbsd",
    "memory": 64,
    "disks": [{"path": DISK, "size": "256M"}],
    "nics": ["bridge0"],
    "install": {"release": RELEASE, "network": {"address": "10.0.2.21/24"}, "authorized_keys": [KEY]},
}
# Somebody else: n has other factors.
STRANGER = replace(openpgp.OFFICER, n=openpgp.OFFICER.n + 2, user="Somebody <somebody@example.org>")


@pytest.fixture(autouse=True)
def _own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "LOCK_FILE", str(tmp_path / "lock"))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("signed") / "nb0"
    made = sim_host.make_host(folder, profile="netbsd-7.99.10-xen-4.17")
    mirror = the_mirror() / "pub/NetBSD"
    shutil.copytree(mirror / f"NetBSD-{RELEASE}", made.root / f"home/mirror/NetBSD-{RELEASE}")
    shutil.copytree(mirror / "security", made.root / "home/mirror/security")
    shutil.copy(mirror / "security/PGP/security-officer@netbsd.org.asc", made.root / RING[1:])
    return folder


@pytest.fixture
def host(base: Path, tmp_path: Path) -> SimulatedHost:
    shutil.copytree(base, tmp_path / "nb0", symlinks=True)
    return SimulatedHost(sim_host.Host(tmp_path / "nb0"))


def run(host: SimulatedHost, **install: Any) -> _engine.Outcome:
    given = {name: value.get("default") for name, value in guest_system.ARGUMENTS.items()}
    named = {"source": "/home/mirror", "keyring": RING, **GUEST["install"], **install}
    params = {**given, "guests": [{**GUEST, "install": named}], "host_name": "xen1"}
    return _engine.converge(guest_system, params, host, check=False)


def refused(host: SimulatedHost, **install: Any) -> str:
    """The one line with which a guest is refused. Nothing has become of it."""
    outcome = run(host, **install)
    said = str(outcome.failures["web1"])
    assert "\n" not in said and outcome.done == []
    assert not host.exists(DISK) and not host.exists(RECORD)
    assert host.list_dir("/var/run/netbsd.xen.install") == []
    return said


def in_list(host: SimulatedHost, change: Any, root: str = "/home/mirror") -> None:
    path = Path(host.at(f"{root}/{LIST}"))
    path.write_text(change(path.read_text()))


def test_what_is_signed_is_installed(host: SimulatedHost) -> None:
    # Nobody asks the files of sums any more.
    for part in ("sets", "kernel"):
        Path(host.at(f"/home/mirror/NetBSD-{RELEASE}/amd64/binary/{part}/SHA512")).unlink()
    assert run(host).failures == {}
    assert json.loads(host.text(RECORD))["stage"] == "configured"
    # Once a run, however many files there are.
    assert len([each for each in host.commands if "netpgpverify" in each["argv"][0]]) == 1
    assert host.list_dir("/var/run/netbsd.xen.install") == []


def test_from_a_mirror_the_list_is_fetched_with_the_rest(
    host: SimulatedHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "MIRROR", the_mirror())
    url = "https://cdn.NetBSD.org/pub/NetBSD"
    assert run(host, source=url).failures == {}
    assert host.exists(f"/var/xen/install/{LIST}")


def test_a_bad_list_of_a_mirror_is_not_kept(
    host: SimulatedHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = tmp_path / "bad"
    shutil.copytree(the_mirror() / "pub/NetBSD/security", bad / "pub/NetBSD/security")
    path = bad / "pub/NetBSD" / LIST
    path.write_text(path.read_text().replace("base", "bass"))
    shutil.copytree(the_mirror() / f"pub/NetBSD/NetBSD-{RELEASE}", bad / f"pub/NetBSD/NetBSD-{RELEASE}")
    monkeypatch.setattr(fetch, "MIRROR", bad)
    url = "https://cdn.NetBSD.org/pub/NetBSD"
    assert "its signature does not hold" in refused(host, source=url)
    assert not host.exists(f"/var/xen/install/{LIST}")


def test_a_keyring_need_not_be_packed_as_text(host: SimulatedHost) -> None:
    Path(host.at(RING)).write_bytes(openpgp.public(openpgp.OFFICER))
    assert BASE in signed.proven(host, f"/home/mirror/{LIST}", RING, "/var/run/ring")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("base.tgz) = ", "base.tgz) = 0", 2), "does not hold with the keys in /root/officer"),
        (lambda text: text.replace("base.tgz", "evil.tgz"), "Signature on data did not match"),
        (lambda text: f"SHA512 ({BASE}) = {'0' * 128}\n{text}", "is no signed list"),
        (lambda text: f"{text}SHA512 ({BASE}) = {'0' * 128}\n", "is no signed list"),
        (lambda text: openpgp.signed(openpgp.OFFICER, "nothing\n"), f"has no SHA512 of NetBSD-{RELEASE}/amd64"),
        (lambda text: openpgp.signed(STRANGER, "nothing\n"), "Signature key id"),
        (lambda text: "", "is no signed list"),
        (lambda text: "\0" * len(text), "is no signed list"),
    ],
    ids=["sum", "name", "before", "behind", "other list", "stranger", "empty", "lost"],
)
def test_a_list_that_is_not_the_officers_is_refused(host: SimulatedHost, change: Any, words: str) -> None:
    in_list(host, change)
    assert words in refused(host)


def test_a_file_that_is_not_what_was_signed_is_refused(host: SimulatedHost) -> None:
    """Also if the file of sums beside it knows no better."""
    path = Path(host.at(f"/home/mirror/{BASE}"))
    path.write_bytes(path.read_bytes() + b"more")
    host.machine.run("cksum", "-a", "SHA512", f"/home/mirror/{BASE}")
    said = refused(host)
    assert said.startswith(f"/home/mirror/{BASE} has the SHA512 ") and "the signed list of NetBSD 7.99.10 says" in said


def test_the_admins_own_sums_come_first(host: SimulatedHost) -> None:
    assert "install.sums says 0000000000000000..." in refused(host, sums={"base.tgz": "0" * 128})


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "install.keyring /root/officer.asc does not exist; bring it there"),
        (b"", "Signature key id"),
        (openpgp.armored("PUBLIC KEY BLOCK", openpgp.public(STRANGER)).encode(), "Signature key id"),
        (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n!!\n-----END PGP PUBLIC KEY BLOCK-----\n", "is no keyring: it is "),
        (b"my keys\n", "can't read keyring"),
    ],
    ids=["none", "empty", "stranger", "damaged", "rubbish"],
)
def test_a_keyring_that_does_not_help_is_said(host: SimulatedHost, content: bytes | None, words: str) -> None:
    path = Path(host.at(RING))
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert words in refused(host)


def test_where_nobody_can_check_it_that_is_said(host: SimulatedHost) -> None:
    Path(host.at(signed.NETPGPVERIFY)).unlink()
    assert "install gnupg2, or give install.sums" in refused(host)


# -- the real GnuPG ----------------------------------------------------------------------------------------------------

GPGV = shutil.which("gpgv")
LINE = f"SHA512 ({BASE}) = {'0' * 128}\n"
WAYS = {
    "old": openpgp.signed(openpgp.OFFICER, LINE),
    "new": openpgp.signed(openpgp.OFFICER, LINE, openpgp.SHA512, ""),
}


def with_gpgv(folder: Path, text: str) -> RealTools:
    ring = openpgp.armored("PUBLIC KEY BLOCK", openpgp.public(openpgp.OFFICER))
    host = RealTools(folder, {"/home/list.asc": text, RING: ring, signed.GPGVS[1]: ""})
    host.programs = {signed.GPGVS[1]: GPGV}
    return host


@pytest.mark.skipif(GPGV is None, reason="there is no GnuPG")
@pytest.mark.parametrize("way", WAYS)
def test_gnupg_knows_what_is_signed(tmp_path: Path, way: str) -> None:
    host = with_gpgv(tmp_path, WAYS[way])
    assert signed.proven(host, "/home/list.asc", RING, host.at("/run/ring")) == LINE
    assert host.list_dir("/run") == []


@pytest.mark.skipif(GPGV is None, reason="there is no GnuPG")
@pytest.mark.parametrize("text", [WAYS["old"].replace("base", "bass"), openpgp.signed(STRANGER, LINE)])
def test_gnupg_refuses_all_else(tmp_path: Path, text: str) -> None:
    host = with_gpgv(tmp_path, text)
    with pytest.raises(XenError, match=r"does not hold with the keys in \S+: gpgv: \S+"):
        signed.proven(host, "/home/list.asc", RING, host.at("/run/ring"))
    assert host.list_dir("/run") == []


@pytest.mark.skipif(GPGV is None, reason="there is no GnuPG")
def test_what_an_old_netpgpverify_can_not_read_gnupg_can(host: SimulatedHost, tmp_path: Path) -> None:
    in_list(host, lambda text: WAYS["new"])
    path = f"/home/mirror/{LIST}"
    with pytest.raises(XenError, match="Signature did not match contents"):
        signed.proven(host, path, RING, "/var/run/ring")

    class Both(type(host)):  # type: ignore[misc]
        def exists(self, path: str) -> bool:
            return path == signed.GPGVS[1] or bool(super().exists(path))

        def try_run(self, argv: list[str], *args: Any, **more: Any) -> Any:
            if argv[0] not in signed.GPGVS:
                return super().try_run(argv, *args, **more)
            other = with_gpgv(tmp_path / "other", WAYS["new"])
            shutil.copy(self.at(argv[2]), other.at(RING))
            return other.try_run([*argv[:2], RING, *argv[3:5], "/home/list.asc"])

    host.__class__ = Both
    assert signed.proven(host, path, RING, "/var/run/ring") == LINE
