# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What a guest's ``install`` may say, and what is refused before anything is touched."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import resource as guest_system

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwj9+WsILBmTvLUmQ56i6XkrekkVp1AyMUBWPnvAALq admin@rack"
HASH = "$sha1$22438$h1.ij.ie$jPzYFFHLXNxHA9rUWFuRjZkoHCc/"
INSTALL = {"release": "10.1", "network": {"address": "10.0.0.21/24", "gateway": "10.0.0.1"}, "authorized_keys": [KEY]}
KEYRINGS = "/var/xen/install/keyrings"
GUEST = {
    "name": "web1",
    "os": "netbsd",
    "memory": 256,
    "disks": [{"path": "/home/xen/web1.img", "size": "2G"}],
    "nics": ["bridge0"],
}


def params(install: Any = None, **guest: Any) -> dict[str, Any]:
    given = {name: value.get("default") for name, value in guest_system.ARGUMENTS.items()}
    declared = {**GUEST, **guest, "install": {**INSTALL, **(install or {})}}
    return {**given, "guests": [declared], "host_name": "xen1"}


def refused(install: Any = None, **guest: Any) -> str:
    with pytest.raises(Refused) as error:
        guest_system.declare(params(install, **guest))
    return str(error.value)


@pytest.mark.parametrize(
    ("vdevs", "root"), [(("xvda", "xvdb"), "xbd0a"), (("xvda", "0x1"), "xbd1a"), (("0x2", "0x1"), "xbd1a")]
)
@pytest.mark.parametrize("method", ["sets", "sysinst"])
def test_the_root_is_named_by_the_order_of_the_disks_numbers(vdevs: tuple[str, str], root: str, method: str) -> None:
    """As on 7.99.10: `xbd0 at xenbus0 id 2`, `xbd1 at xenbus0 id 51712`. By default, and another one is refused."""
    disks = [{"path": f"/home/xen/{number}.img", "size": "4G", "vdev": vdev} for number, vdev in enumerate(vdevs)]
    (system,) = guest_system.declare(params(disks=disks, root=root)).systems
    assert (system.install.disk.vdev, system.install.root) == (vdevs[0], root)
    by_itself = params({"method": method, "release": "10.1", "source": "http://192.0.2.4/NetBSD"}, disks=disks)
    by_itself["os_defaults"] = {"netbsd": {"root": "xbd0a"}}
    (system,) = guest_system.declare(by_itself).systems
    assert (system.install.root, system.guest.cmdline) == (root, f"root={root}")
    other = "xbd0a" if root == "xbd1a" else "xbd1a"
    assert f"root is '{other}', and the system will be on {root}" in refused(disks=disks, root=other)


def test_disks_without_a_number_have_the_next_that_is_free() -> None:
    disks = ["/home/xen/a.img", {"path": "/home/xen/b.img", "vdev": "xvda"}, "/home/xen/c.img"]
    (system,) = guest_system.declare(params(disks=disks)).systems
    assert (system.install.disk.vdev, system.guest.cmdline) == ("xvdb", "root=xbd1a")


def test_the_short_form_becomes_the_long_one() -> None:
    (system,) = guest_system.declare(params({"root_password": HASH})).systems
    install = system.install
    assert (install.method, install.arch, install.source) == ("sets", "amd64", "https://cdn.NetBSD.org/pub/NetBSD")
    assert (install.disk.path, install.root, install.hostname) == ("/home/xen/web1.img", "xbd0a", "web1")
    assert install.options.sets == ("base", "etc") and install.options.swap == 256 << 20
    assert install.network is not None and install.network.addresses == ("10.0.0.21/24",)
    assert HASH not in repr(system)


@pytest.mark.parametrize(
    ("release", "kind", "kernel"),
    [
        ("10.1", "pv", "/home/xen/netbsd-10.1-XEN3_DOMU.gz"),
        ("10.1", "pvshim", "/home/xen/netbsd-10.1-XEN3_DOMU.gz"),
        ("10.1", "pvh", "/home/xen/netbsd-10.1-GENERIC.gz"),
        ("7.99.10", "pv", "/home/xen/netbsd-7.99.10-XEN3_DOMU.gz"),
    ],
)
def test_a_guest_boots_its_release_by_its_type(release: str, kind: str, kernel: str) -> None:
    declared = params({"release": release}, type=kind)
    (system,) = guest_system.declare(declared).systems
    options = {name: value.get("default") for name, value in domain.ARGUMENTS.items()}
    (guest,) = domain.declare({**options, "guests": declared["guests"], "host_name": "xen1"}).guests
    for each in (system.guest, guest):
        assert (each.kernel, each.cmdline) == (kernel, "root=xbd0a")


def test_a_guest_with_a_gpt_has_its_root_on_a_wedge() -> None:
    (system,) = guest_system.declare(params({"table": "gpt"})).systems
    assert (system.install.root, system.guest.cmdline) == ("dk0", "root=dk0")


def test_what_the_admin_says_of_its_kernel_holds() -> None:
    (system,) = guest_system.declare(params(kernel="/home/xen/own", extra="-v")).systems
    assert (system.guest.kernel, system.guest.cmdline) == ("/home/xen/own", "root=xbd0a -v")


def test_who_is_absent_or_has_no_install_has_no_system() -> None:
    assert guest_system.declare(params(state="absent")).systems == ()
    bare = params(kernel="/home/xen/netbsd")
    del bare["guests"][0]["install"]
    assert guest_system.declare(bare).systems == ()


@pytest.mark.parametrize(
    ("rack", "install", "source", "local"),
    [
        ({}, {}, "https://cdn.NetBSD.org/pub/NetBSD", ""),
        ({"install_source": "/home/m/"}, {}, "/home/m", ""),
        ({"install_source": "m/", "install_remote_src": False}, {}, "/var/xen/install", "m"),
        ({"install_source": "m", "install_remote_src": False}, {"source": "/home/m"}, "/home/m", ""),
        ({"install_source": "/home/m"}, {"source": "~/m", "remote_src": False}, "/var/xen/install", "~/m"),
        ({"install_source": "/srv/m"}, {"remote_src": "no"}, "/var/xen/install", "/srv/m"),
    ],
)
def test_a_guests_own_source_comes_before_the_racks(rack: Any, install: Any, source: str, local: str) -> None:
    (system,) = guest_system.declare({**params(install), **rack}).systems
    assert (system.install.source, system.install.local_source) == (source, local)


@pytest.mark.parametrize(
    ("rack", "install", "keyring", "local"),
    [
        ({"install_keyring": "/root/k"}, {}, "/root/k", ""),
        ({"install_keyring": "k", "install_remote_src": False}, {}, f"{KEYRINGS}/k", "k"),
        ({"install_keyring": "a/k", "install_remote_src": False}, {"source": "/m"}, f"{KEYRINGS}/k", "a/k"),
        ({"install_keyring": "/root/k"}, {"keyring": "/root/own"}, "/root/own", ""),
    ],
)
def test_a_keyring_is_where_it_is_declared(rack: Any, install: Any, keyring: str, local: str) -> None:
    given = {"install_source": "m", **rack} if rack.get("install_remote_src") is False else rack
    (system,) = guest_system.declare({**params(install), **given}).systems
    assert (system.install.keyring, system.install.local_keyring) == (keyring, local)


@pytest.mark.parametrize(
    ("install", "guest", "words"),
    [
        ({"release": "10.x"}, {}, "release is '10.x'; allowed is a release of NetBSD"),
        ({"release": 10.1}, {}, "release is 10.1; put it in quotes"),
        ({"release": None}, {}, "release is missing"),
        ({"release": "9.4"}, {"type": "pvh"}, "NetBSD 9.4 has no kernel for a guest of type pvh; 10.0 and later have"),
        ({"method": "floppy"}, {}, "method is 'floppy'; allowed is sets"),
        ({"relaese": "10.1"}, {}, "relaese is not a known key; did you mean release?"),
        ({}, {"os": "linux", "kernel": "/home/xen/vmlinuz"}, "method sets is for netbsd, and the guest's os is linux"),
        ({}, {"type": "hvm"}, "makes no boot loader"),
        ({}, {"root": "xbd1a"}, "root is 'xbd1a', and the system will be on xbd0a"),
        ({}, {"disks": []}, "has no disk that it may write to"),
        ({}, {"disks": [{"path": "/home/xen/a", "access": "ro"}]}, "has no disk that it may write to"),
        ({"source": "mirror"}, {}, "source is 'mirror'; allowed is a URL"),
        ({"source": "https://a b"}, {}, "source is 'https://a b'; allowed is a URL"),
        ({"source": "https://a", "remote_src": False}, {}, "with remote_src: false a directory of the controller"),
        ({"source": "", "remote_src": False}, {}, "with remote_src: false a directory of the controller"),
        ({"remote_src": "perhaps"}, {}, "remote_src is 'perhaps'; allowed is true or false"),
        ({"keyring": "officer.asc"}, {}, "keyring is 'officer.asc'; allowed is an absolute path of dom0"),
        ({"hostname": "a_b"}, {}, "hostname is 'a_b'; allowed is a host name"),
        ({"network": None}, {}, "network is missing; allowed is dhcp, or a dictionary"),
        ({"network": {"address": "10.0.0.21"}}, {}, "its prefix is missing"),
        ({"network": {"address": "10.0.0.0/24"}}, {}, "that is the network"),
        ({"network": {"address": "10.0.0.2/24", "gateway": "10.0.9.1"}}, {}, "outside of the guest's network"),
        ({"network": "dhcp", "release": "5.1"}, {}, "which NetBSD 5.1 does not do by itself"),
        ({}, {"nics": []}, "network is given, and the guest has no interface"),
        ({"authorized_keys": ["secret"]}, {}, "item 0 is no public key of ssh"),
        ({"authorized_keys": []}, {}, "nobody could log in"),
        ({"root_password": "$6$abc$" + "d" * 86}, {}, "root_password is a $6$ hash, which NetBSD does not know"),
        ({"root_password": "sesame"}, {}, "root_password is no hash of a password"),
        ({"ntp": ["a b"]}, {}, "ntp: 'a b' is no server"),
        ({"again": "please"}, {}, "again is 'please'; allowed is the word of 12 characters"),
        ({"sets": ["base"]}, {}, "sets lacks etc"),
        ({"sets": ["base", "etc", "../x"]}, {}, "'../x' is no set"),
        ({"sums": {"base.tgz": "0" * 128}}, {}, "base.tgz is not a known key; did you mean base.tar.xz"),
        ({"sums": {"base.tar.xz": "0"}}, {}, "with their SHA512 of 128 digits"),
        ({"swap": "much"}, {}, "swap is 'much'; allowed is a size"),
        ({"table": "mbr"}, {}, "table is 'mbr'; allowed"),
        ({"table": "gpt", "release": "6.1"}, {}, "of which a guest with NetBSD 6.1 makes no wedges"),
        ({"table": "gpt"}, {"root": "xbd0a"}, "root is 'xbd0a', and the system will be on dk0"),
        ({"table": "gpt"}, {"root": "dk"}, "root is 'dk', and the system will be on dk0"),
    ],
)
def test_what_is_wrong_is_refused_in_a_line(install: Any, guest: Any, words: str) -> None:
    lines = [line for line in refused(install, **guest).splitlines() if words in line]
    assert lines and all(line.startswith("guest web1: install") for line in lines)
    assert "sesame" not in lines[0] and "d" * 86 not in lines[0]
