# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A NoCloud seed: what cloud-init reads of it."""

from __future__ import annotations

import pytest
import yaml

from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import nocloud
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install.network import Interface

NIC = Interface("00:16:3e:00:00:21", addresses=("10.0.2.21/24",), gateways=("10.0.2.2",))
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA admin@example.org"


def read(files: dict[str, str]) -> dict[str, dict]:
    return {name: yaml.safe_load(text) for name, text in files.items()}


def test_a_seed():
    files = nocloud.seed("5b9d-1", "web1", [NIC], [KEY], "$6$salt$hash")
    assert tuple(files) == nocloud.NAMES
    assert files["user-data"].startswith("#cloud-config\n")
    found = read(files)
    assert found["meta-data"] == {"instance-id": "5b9d-1", "local-hostname": "web1"}
    assert found["network-config"]["ethernets"]["eth0"]["match"] == {"macaddress": NIC.mac}
    assert found["user-data"]["users"] == ["default", {"name": "root", "ssh_authorized_keys": [KEY]}]
    assert found["user-data"]["chpasswd"] == {"expire": False, "list": ["root:$6$salt$hash"]}
    assert found["user-data"]["ssh_deletekeys"] is True and found["user-data"]["disable_root"] is False


def test_nobody_logs_in_by_a_password_that_was_not_given():
    found = read(nocloud.seed("1", "web1", [NIC], [KEY]))["user-data"]
    assert "chpasswd" not in found and found["ssh_pwauth"] is False


def test_the_admins_own_keys_come_over_ours():
    own = {"packages": ["python3"], "users": [{"name": "ops"}]}
    found = read(nocloud.seed("1", "web1", [NIC], [KEY], user_data=own))["user-data"]
    assert found["packages"] == ["python3"] and found["users"] == own["users"]


@pytest.mark.parametrize(
    ("own", "packages"),
    [({}, ["python3"]), ({"packages": ["git"]}, ["git", "python3"]), ({"packages": ["python3"]}, ["python3"])],
)
def test_packages_beside_the_admins(own, packages):
    found = read(nocloud.seed("1", "web1", [NIC], user_data=own, packages=nocloud.PYTHON))["user-data"]
    assert found["packages"] == packages


def test_its_machine_id_comes_before_the_admins_commands():
    own = {"bootcmd": ["echo mine"]}
    found = read(nocloud.seed("1", "web1", [NIC], user_data=own, machine_id="0123456789abcdef" * 2))["user-data"]
    ours, theirs = found["bootcmd"]
    assert "echo 0123456789abcdef0123456789abcdef > /etc/machine-id" in ours[-1] and theirs == "echo mine"
    assert own == {"bootcmd": ["echo mine"]}


@pytest.mark.parametrize("version", [1, 2])
def test_the_versions_of_its_network(version):
    found = read(nocloud.seed("1", "web1", [NIC], network_version=version))["network-config"]
    assert found["version"] == version and NIC.mac in str(found)


def test_two_guests_of_one_image_differ_in_all_that_makes_a_machine():
    other = Interface("00:16:3e:00:00:22", dhcp=True)
    one, two = (read(nocloud.seed(uuid, name, [nic])) for uuid, name, nic in (("1", "a", NIC), ("2", "b", other)))
    assert one["meta-data"]["instance-id"] != two["meta-data"]["instance-id"]
    assert one["network-config"] != two["network-config"]
