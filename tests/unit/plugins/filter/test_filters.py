# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The filters that roles and playbooks use."""

from __future__ import annotations

import importlib
import inspect
import re
from types import ModuleType
from typing import Any

import jinja2
import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.netbsd.xen.plugins.filter.disk_files import disk_files
from ansible_collections.netbsd.xen.plugins.filter.from_xlcfg import from_xlcfg
from ansible_collections.netbsd.xen.plugins.filter.from_xm import from_xm
from ansible_collections.netbsd.xen.plugins.filter.guest_uuid import guest_uuid
from ansible_collections.netbsd.xen.plugins.filter.mac import mac
from ansible_collections.netbsd.xen.plugins.filter.pci_hide import pci_hide
from ansible_collections.netbsd.xen.plugins.filter.to_xlcfg import to_xlcfg
from ansible_collections.netbsd.xen.plugins.filter.vdev_name import vdev_name
from ansible_collections.netbsd.xen.plugins.filter.vdev_number import vdev_number
from ansible_collections.netbsd.xen.plugins.filter.xen_release import xen_release
from ansible_collections.netbsd.xen.plugins.filter.xendomains_order import xendomains_order
from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.devices import derived_mac, derived_uuid
from ansible_collections.netbsd.xen.plugins.module_utils._releases import RELEASES
from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT, ROLES


def test_release_names_the_pair_and_its_files() -> None:
    row = xen_release("4.20")
    assert row["packages"] == ["xenkernel420", "xentools420"]
    assert row["hypervisor"] == "/usr/pkg/xen420-kernel/xen.gz"
    assert row["rc_scripts"][0] == {
        "src": "/usr/pkg/share/examples/rc.d/xencommons",
        "dest": "/etc/rc.d/xencommons",
        "mode": "0755",
        "keep_previous": False,
    }


def test_release_without_quotes_in_yaml_is_found() -> None:
    assert xen_release(4.18)["name"] == "4.18"


def test_a_release_without_quotes_that_may_be_two_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match=r"number 4\.2 and may be 4\.2 or 4\.20; put it in quotes"):
        xen_release(4.20)


def test_a_release_tells_all_that_roles_and_admins_need() -> None:
    old, new = xen_release("3.1"), xen_release("4.18")
    assert (old["hvm_package"], new["hvm_package"]) == ("xentools3-hvm", "")
    assert new["debug_hypervisor"] == "/usr/pkg/xen418-kernel/xen-debug.gz"
    assert old["dom0_kernels"] == {"i386": "XEN3_DOM0", "x86_64": "XEN3_DOM0"}
    assert xen_release("3.3")["dom0_kernels"]["i386"] == "XEN3PAE_DOM0"
    assert new["dom0_kernels"] == {"x86_64": "XEN3_DOM0"}
    assert (old["pci_passthrough"], new["pci_passthrough"]) == (True, False)
    assert (old["guest_types"], new["guest_types"]) == (["pv", "hvm"], ["pv", "pvh", "hvm"])
    assert old["services"][0] == {"name": "xend", "variable": "xend"}
    assert "use 4.20 or 4.18" in old["note"] and new["note"] == ""


def test_unknown_release_is_refused_with_the_known_ones() -> None:
    with pytest.raises(AnsibleFilterError, match=r"'9\.9' is not known\. Use 4\.20 or 4\.18"):
        xen_release("9.9")


@pytest.mark.parametrize(
    ("role", "variable"),
    [
        ("dom0", "dom0_xen_release"),
        ("bootloader", "bootloader_xen_release"),
        ("services", "services_xen_release"),
    ],
)
def test_roles_allow_exactly_the_releases_of_the_table(role: str, variable: str) -> None:
    specs = yaml.safe_load((ROLES / role / "meta/argument_specs.yml").read_text())
    assert specs["argument_specs"]["main"]["options"][variable]["choices"] == list(RELEASES)


def test_disk_files_counts_files_in_both_forms() -> None:
    guests = [
        {"name": "a", "disks": ["/dev/wd0e", "/home/xen/a.img"]},
        {"name": "b", "disks": [{"path": "/home/xen/b.img", "size": "1G"}, {"path": "/dev/mapper/vg-b"}]},
        {"name": "c"},
    ]
    assert disk_files(guests) == ["/home/xen/a.img", "/home/xen/b.img"]


@pytest.mark.parametrize("nonsense", [None, [], ["web1"], [{"disks": "/a"}], [{"disks": [7, {"size": "1G"}]}]])
def test_disk_files_leaves_nonsense_to_those_who_check_it(nonsense: object) -> None:
    assert disk_files(nonsense) == []


# -- filters for playbooks ---------------------------------------------------------------------------------------------


def test_addresses_and_uuids_are_those_that_guests_get() -> None:
    assert mac("web1", "xen1") == derived_mac("xen1", "web1", 0)
    assert guest_uuid("web1", "xen1") == derived_uuid("xen1", "web1")
    assert len({mac("web1", "xen1"), mac("web1", "xen1", index=1), mac("web1", "xen2"), mac("web2", "xen1")}) == 4


@pytest.mark.parametrize(("guest", "host", "index"), [("", "xen1", 0), ("web1", "", 0), ("web1", "xen1", -1)])
def test_without_names_there_is_no_address(guest: str, host: str, index: int) -> None:
    with pytest.raises(AnsibleFilterError, match="allowed are names and a number from 0"):
        mac(guest, host, index)


@pytest.mark.parametrize(
    ("name", "number"),
    [("xvda", 51712), ("0x301", 0x301), ("hda1", 0x301), ("sdb", 0x810), ("d0p1", 51713), ("1", 1)],
)
def test_numbers_of_virtual_disks(name: str, number: int) -> None:
    assert vdev_number(name) == number


def test_a_number_to_xm_is_hexadecimal() -> None:
    assert (vdev_number("301", "xm"), vdev_number("301")) == (0x301, 301)


@pytest.mark.parametrize("name", ["", "wd0e", "xvdA", "6:cdrom", None])
def test_what_is_no_virtual_disk_is_refused(name: object) -> None:
    with pytest.raises(AnsibleFilterError, match="is no virtual disk; allowed are names such as xvda"):
        vdev_number(name)


def test_a_dialect_that_nobody_speaks_is_refused() -> None:
    with pytest.raises(AnsibleFilterError, match="dialect is 'qemu'; allowed are xl and xm"):
        vdev_number("xvda", "qemu")


@pytest.mark.parametrize(("number", "name"), [(51712, "xvda"), ("769", "hda1"), (2048, "sda"), (1, "0x1")])
def test_names_of_virtual_disks(number: object, name: str) -> None:
    assert vdev_name(number) == name


@pytest.mark.parametrize("number", [-1, "xvda", None, True, 1.5, [51712]])
def test_what_is_no_number_is_refused(number: object) -> None:
    with pytest.raises(AnsibleFilterError, match="is no number of a virtual disk"):
        vdev_name(number)


def test_a_configuration_to_data_and_back() -> None:
    settings = {"name": "it's \\ a \"name\"", "memory": "512", "vif": ["bridge=bridge0", "mac=00:16:3e:00:00:11"]}
    assert from_xlcfg(to_xlcfg(settings, header="by hand")) == settings
    assert to_xlcfg(settings, header="by hand").startswith("# by hand\nname = ")
    assert to_xlcfg({"vnc": True, "memory": 64}) == "vnc = 1\nmemory = 64\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = 'a'\nvnc = True\n", "from_xlcfg: xl can't read this configuration: line 2: "),
        ("name = ", "line 1: the end of the file where a string or a number"),
        (["name"], "allowed is the text of a configuration, not list"),
    ],
)
def test_what_xl_would_refuse_is_refused_with_its_line(text: object, words: str) -> None:
    with pytest.raises(AnsibleFilterError) as refusal:
        from_xlcfg(text)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"Name": "a"}, "'Name' can't be a key"),
        ({"name": None}, "None can't be written"),
        ({"name": "a\0b"}, "a NUL character"),
        ("name", "allowed is a dictionary of settings, not str"),
    ],
)
def test_what_can_not_be_written_is_refused(settings: object, words: str) -> None:
    with pytest.raises(AnsibleFilterError) as refusal:
        to_xlcfg(settings)
    assert words in str(refusal.value)


def test_an_xm_configuration_is_read_and_never_run() -> None:
    assert from_xm('d = "/dev/"\ndisk = ["phy:" + d + "wd0e,0x1,w"]\n')["disk"] == ["phy:/dev/wd0e,0x1,w"]
    with pytest.raises(AnsibleFilterError, match="from_xm: this configuration can't be read: line 2: "):
        from_xm('name = "a"\nimport os\n')
    with pytest.raises(AnsibleFilterError, match="not dict"):
        from_xm({})


def test_devices_become_the_kernels_argument_or_are_refused() -> None:
    assert pci_hide(["0000:03:00.0", "4:0.1"]) == "pciback.hide=(03:00.0)(04:00.1)"
    assert pci_hide([]) == ""
    with pytest.raises(AnsibleFilterError, match="pci_hide: '180.0' is no address .* in quotes"):
        pci_hide([180.0])  # what YAML makes of 03:00.0 without quotes
    with pytest.raises(AnsibleFilterError, match="is no list"):
        pci_hide("03:00.0")


def test_guests_start_after_those_that_they_depend_on_then_by_priority_then_as_declared() -> None:
    guests = [
        {"name": "web1", "autostart": True, "depends_on": ["db1"]},
        {"name": "test1", "autostart": False},
        {"name": "log1", "autostart": "yes", "priority": "10"},
        {"name": "db1", "autostart": True, "depends_on": ["nfs1"]},
        {"name": "nfs1"},
        {"name": "dns1", "os": "netbsd", "priority": -5},
        {"name": "old1", "autostart": True, "state": "absent"},
    ]
    assert xendomains_order(guests, {"netbsd": {"autostart": True}}) == ["dns1", "db1", "web1", "log1"]


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        [],
        ["web1"],
        [{"autostart": True}],
        [{"name": "a", "autostart": "perhaps", "priority": "high", "depends_on": 7}],
        [{"name": "a", "state": "absent", "autostart": True}],
    ],
)
def test_what_is_no_guest_is_left_to_those_who_check_it(nonsense: object) -> None:
    assert xendomains_order(nonsense, "nonsense") == []


def test_guests_that_depend_on_each_other_in_a_circle_are_not_lost() -> None:
    guests = [{"name": name, "autostart": True, "depends_on": [other]} for name, other in (("a", "b"), ("b", "a"))]
    assert sorted(xendomains_order(guests)) == ["a", "b"]


# -- their documentation -----------------------------------------------------------------------------------------------

FILTERS = sorted(path.stem for path in (CHECKOUT / "plugins/filter").glob("*.py"))
# An expression in an example, and the result that the comment behind it states.
EXAMPLE = re.compile(r"""(?P<quoted>"\{\{ .* \}\}")\}?  # (?P<result>.*)""")


def documented(name: str) -> ModuleType:
    return importlib.import_module(f"ansible_collections.netbsd.xen.plugins.filter.{name}")


def stated_examples() -> list[tuple[str, str, str, dict[str, Any]]]:
    found = []
    for name in FILTERS:
        for text in documented(name).EXAMPLES.split("\n\n"):
            variables = yaml.safe_load(text)[0].get("vars", {})
            for match in EXAMPLE.finditer(text):
                found.append((name, yaml.safe_load(match["quoted"])[3:-3], match["result"], variables))
    return found


def test_each_filter_has_an_example_that_states_its_result() -> None:
    assert {name for name, *_example in stated_examples()} == set(FILTERS)


@pytest.mark.parametrize(("name", "expression", "result", "variables"), stated_examples())
def test_an_example_gives_what_its_comment_says(
    name: str, expression: str, result: str, variables: dict[str, Any]
) -> None:
    environment = jinja2.Environment()
    for each in FILTERS:
        for short, function in documented(each).FilterModule().filters().items():
            environment.filters[f"netbsd.xen.{short}"] = function
    assert str(environment.compile_expression(expression)(**variables)) == result


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_is_documented_under_its_own_name(name: str) -> None:
    module = documented(name)
    assert list(module.FilterModule().filters()) == [name]
    documentation = yaml.safe_load(module.DOCUMENTATION)
    assert documentation["name"] == name
    parameters = list(inspect.signature(module.FilterModule().filters()[name]).parameters)[1:]
    assert parameters == [option for option in documentation["options"] if option != "_input"]
    assert f"netbsd.xen.{name}" in module.EXAMPLES
    assert "_value" in yaml.safe_load(module.RETURN)
