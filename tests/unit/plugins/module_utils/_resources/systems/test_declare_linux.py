# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is declared for guests that are installed from a tree or an image."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import act, resource
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work.job import Job
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work.record import BOOTED, Record

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA admin@example.org"
TREE = {
    "name": "web2",
    "os": "linux",
    "memory": "256M",
    "kernel": "/home/xen/web2-vmlinuz",
    "root": "/dev/xvda1",
    "disks": [{"path": "/home/xen/web2.img", "vdev": "xvda1", "size": "2G"}],
    "nics": ["bridge0"],
    "install": {
        "method": "tree",
        "tree": "/home/xen/debian.tgz",
        "network": {"address": "10.0.0.22/24", "gateway": "10.0.0.1"},
        "authorized_keys": [KEY],
        "root_password": "$6$salt$" + "a" * 86,
    },
}
IMAGE = {
    "name": "web3",
    "os": "linux",
    "memory": "256M",
    "bootloader": "pygrub",
    "disks": [{"path": "/home/xen/web3.img", "size": "4G"}, {"path": "/home/xen/web3-seed.iso", "access": "ro"}],
    "nics": ["bridge0"],
    "install": {
        "method": "image",
        "image": "https://x.example/debian.qcow2",
        "sha512": "0" * 128,
        "seed": "/home/xen/web3-seed.iso",
        "network": "dhcp",
        "authorized_keys": [KEY],
    },
}


def declared(guest: dict, **install) -> list:
    values = {key: value for key, value in {**guest["install"], **install}.items() if value is not None}
    params = {name: spec.get("default") for name, spec in resource.ARGUMENTS.items()}
    return list(resource.declare({**params, "guests": [{**guest, "install": values}], "host_name": "box"}).systems)


def refused(guest: dict, **install) -> list[str]:
    with pytest.raises(Refused) as raised:
        declared(guest, **install)
    return raised.value.details["problems"]


def test_a_tree():
    (system,) = declared(TREE)
    assert (system.install.root, system.install.release, system.install.options.file_system) == ("xvda1", "", "ext4")
    assert system.install.network.addresses == ("10.0.0.22/24",)


def test_a_disk_by_its_number():
    """The HOWTO's way to export a partition to Linux."""
    disks = [{"path": "/home/xen/web2.img", "vdev": "0x301", "size": "2G"}]
    (system,) = declared({**TREE, "disks": disks, "root": "/dev/hda1"}, filesystem="ext3")
    assert system.install.root == "hda1"


@pytest.mark.parametrize(
    ("vdev", "install", "root"),
    [
        ("0x300", {}, "hda1"),
        ("0x301", {}, "hda1"),
        ("hda", {}, "hda1"),
        ("xvda", {}, "xvda1"),
        (None, {}, "xvda1"),
        ("xvda", {"table": "none"}, "xvda"),
        ("xvda2", {}, "xvda2"),
        ("sda", {"table": "mbr"}, "sda1"),
    ],
)
def test_the_root_follows_from_the_disk(vdev, install, root):
    """As the HOWTO has it: 0x300 is hda, with the root on hda1, and 0x301 is hda1 itself."""
    disk = {"path": "/home/xen/web2.img", "size": "2G", **({"vdev": vdev} if vdev else {})}
    guest = {key: value for key, value in TREE.items() if key != "root"}
    (system,) = declared({**guest, "disks": [disk]}, **install)
    assert system.install.root == root
    assert system.guest.cmdline == f"root=/dev/{root}"
    # Said once more it must be the same.
    assert declared({**guest, "disks": [disk], "root": f"/dev/{root} ro"}, **install)
    assert any("the system will be on" in line for line in refused({**guest, "disks": [disk], "root": "/dev/sdb7"}))


@pytest.mark.parametrize(
    ("vdev", "install", "words"),
    [
        ("0x301", {"table": "mbr"}, "table is mbr, and the guest's disk is hda1, which has no table"),
        ("xvda", {"table": "gpt"}, "table is 'gpt'; allowed"),
        ("0x1", {}, "Linux knows no disk '0x1'"),
    ],
)
def test_a_table_that_is_refused(vdev, install, words):
    disks = [{"path": "/home/xen/web2.img", "size": "2G", "vdev": vdev}]
    assert any(words in problem for problem in refused({**TREE, "disks": disks}, **install))


PACKAGES = {
    **TREE,
    "install": {
        "method": "packages",
        "packages": ["/home/xen/debs/base-files_12_amd64.deb", "https://x.example/linux_6_amd64.deb"],
        "sums": {"linux_6_amd64.deb": "0" * 64},
        "authorized_keys": [KEY],
    },
}


def test_packages():
    (system,) = declared(PACKAGES)
    options = system.install.options
    assert (len(options.files), options.folder, options.sums) == (2, "", {"linux_6_amd64.deb": "0" * 64})
    (folder,) = declared(PACKAGES, packages="/home/xen/debs", sums=None)
    assert (folder.install.options.files, folder.install.options.folder) == ((), "/home/xen/debs")


@pytest.mark.parametrize(
    ("install", "words"),
    [
        ({"packages": None}, "packages is missing"),
        ({"packages": ["/home/xen/a.tgz", "/home/xen/b.deb"]}, "packages is '/home/xen/a.tgz'; allowed is a list of"),
        ({"packages": ["a.deb"]}, "packages is 'a.deb'"),
        ({"packages": "/home/../etc"}, "packages is '/home/../etc'"),
        ({"sums": None}, "sums lacks linux_6_amd64.deb"),
        ({"sums": {"linux_6_amd64.deb": "0" * 40}}, "sums is wrong"),
        ({"sums": {"linux_6_amd64.deb": "0" * 64, "x.deb": "0" * 64}}, "'x.deb' is the name of none"),
        ({"tree": "/home/xen/a.tgz"}, "tree is not for method packages"),
    ],
)
def test_packages_that_are_refused(install, words):
    assert any(words in problem for problem in refused(PACKAGES, **install))


def test_no_loader_finds_a_kernel_in_packages():
    guest = {key: value for key, value in PACKAGES.items() if key not in ("kernel", "root")}
    assert any("packages have no boot menu" in problem for problem in refused({**guest, "bootloader": "pygrub"}))


def test_an_image():
    (system,) = declared(IMAGE)
    assert system.install.network.dhcp and system.install.options.seed == "/home/xen/web3-seed.iso"
    bare = declared(IMAGE, seed=None, network=None, authorized_keys=None)
    assert bare[0].install.network is None


@pytest.mark.parametrize(
    ("install", "words"),
    [
        ({"release": "10.1"}, "release is not for method tree"),
        ({"image": "/x"}, "image is not for method tree"),
        ({"tree": None}, "a tarball, as a URL or an absolute path"),
        ({"tree": "https://x.example/a.tgz"}, "sha512 is missing"),
        ({"filesystem": "xfs"}, "filesystem is 'xfs'"),
        ({"authorized_keys": None, "root_password": None}, "nobody could log in"),
        ({"root_password": "$argon2id$v=19$m=4096,t=6,p=1$abc$def"}, "which Linux does not know"),
        ({"network": {"address": "10.0.0.22"}}, "its prefix is missing"),
        ({"again": "xyz"}, "the word of 12 characters"),
        ({"method": "sets"}, "method sets is for netbsd"),
        ({"method": "media"}, "method media is for other"),
        ({"method": "floppy"}, "method is 'floppy'"),
    ],
)
def test_a_tree_that_is_refused(install, words):
    assert any(words in problem for problem in refused(TREE, **install))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"root": "/dev/xvda2"}, "root is 'xvda2', and the system will be on xvda1"),
        ({"disks": []}, "no disk that it may write to"),
    ],
)
def test_a_guest_that_would_not_find_its_root(changes, words):
    assert any(words in problem for problem in refused({**TREE, **changes}))


def test_no_hash_is_in_a_message():
    problems = refused(TREE, root_password="$2a$12$" + "x" * 20)
    assert problems and not any("xxxx" in problem for problem in problems)


@pytest.mark.parametrize(
    ("guest", "changed", "name"),
    [
        (TREE, {}, "web2"),
        (IMAGE, {}, "web3"),
        # What is in the image names itself, and nobody could tell it another name.
        (IMAGE, dict.fromkeys(("seed", "network", "authorized_keys")), ""),
    ],
    ids=["tree", "image-with-seed", "image-alone"],
)
def test_the_name_that_the_console_asks_a_login_for(guest: dict, changed: dict, name: str) -> None:
    (system,) = declared(guest, **changed)
    record = Record(BOOTED, system.install.method, "", system.install.disk.path, "", "mark")
    job = Job(Host(), system.guest, system.install, "/nowhere", record)
    assert act.Prove(system, "/nowhere", record, 3)._expected(job).host_name == name
