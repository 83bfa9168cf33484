# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A role's default that only names other variables comes to what Ansible makes of it, without a template."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

from ansible_collections.netbsd.xen.plugins.plugin_utils._templates import Templated, of_roles, seen_by_roles

ROLES = of_roles(DataLoader())
REFERRING = {
    "bootloader_xen_release": "4.20",
    "bootloader_dom0_kernel": "/netbsd-XEN3_DOM0.gz",
    "dom0_hypervisor_path": "/xen-4.20.gz",
    "services_config_dir": "/usr/pkg/etc/xen",
    "domu_release": "4.20",
}


class Counted:
    """A templar that says how many templates it was asked for."""

    def __init__(self, variables: dict[str, Any]) -> None:
        self.templar = Templar(DataLoader(), variables=variables)
        self.asked = 0

    def template(self, value: Any) -> Any:
        self.asked += 1
        return self.templar.template(value)


def both(own: dict[str, Any]) -> tuple[Templated, Templated, Counted]:
    """A host's variables worked out with what is known of the roles, and as Ansible does it all."""
    variables = seen_by_roles(ROLES, own)
    counted = Counted(variables)
    return (
        Templated(counted, variables, DataLoader(), None, ROLES),
        Templated(Counted(variables), variables, DataLoader()),
        counted,
    )


def found(variables: Templated, name: str) -> Any:
    try:
        return variables[name]
    except AnsibleError as error:
        return type(error)


@pytest.mark.parametrize(("name", "value"), REFERRING.items())
def test_no_template_is_needed(name, value):
    ours, theirs, counted = both({"dom0_xen_release": "4.20", "dom0_kernel_path": "/netbsd-XEN3_DOM0.gz"})
    assert (ours[name], counted.asked) == (value, 0)
    assert theirs[name] == value


@pytest.mark.parametrize("name", REFERRING)
@pytest.mark.parametrize(
    "own",
    [
        {},
        {"dom0_xen_release": 4.2},
        {"dom0_xen_release": None, "domu_config_dir": None},
        {"dom0_xen_release": ["4.20"]},
        {"dom0_xen_release": "", "dom0_kernel_path": ""},
    ],
)
def test_it_is_what_ansible_makes_of_it(name, own):
    ours, theirs, _counted = both({"dom0_kernel_path": "/netbsd-XEN3_DOM0.gz", **own})
    assert found(ours, name) == found(theirs, name)


def test_an_admins_own_text_is_ansibles_to_read():
    """Whether it may be a template at all, for instance: text from elsewhere may not."""
    ours, _theirs, counted = both({"bootloader_dom0_kernel": "{{ dom0_secret | default('x') }}", "dom0_secret": "s"})
    found(ours, "bootloader_dom0_kernel")
    assert counted.asked == 1


def test_no_default_takes_a_template_on_a_host():
    """To compile one takes a millisecond or two, for each host."""
    guest = {"name": "web1", "autostart": True, "disks": ["/home/xen/web1.img", "/dev/wd0e"]}
    host = {"release": "10.1", "machine": "amd64", "processor": "x86_64", "role": "dom0"}
    own = {"inventory_hostname": "xen1", "domu_guests": [guest], "netbsd_xen_host": {"host": host}}
    ours, _theirs, counted = both(own)
    values = {name: ours[name] for name in ROLES if not name.startswith("__")}
    assert counted.asked == 0
    told = ("makedev_vnd_units", "services_xendomains", "bootloader_hypervisor", "bootstrap_pkgin")
    assert [values[name] for name in told] == [5, ["web1"], "/xen-4.20.gz", True]
    assert (values["bootstrap_python_package"], values["upgrade_without_fallback"]) == ("python313", False)
