# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of a domU kernel with PCI devices."""

from __future__ import annotations

import re

import pytest
from ansible.errors import AnsibleFilterError
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.filter.pci_kernel_config import pci_kernel_config
from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.pci_kernel import Device, render

# A line of config(5): an instance, its parent, and pairs of locator and value.
DECLARATION = re.compile(r"[a-z]\w*?(\d+|\*)\tat [a-z]\w*(\d+|\?)( [a-z]\w* (\?|-?\d+|0x[0-9a-f]+))*\Z")


def test_the_text_is_what_the_distribution_says_is_to_be_added():
    # sys/arch/amd64/conf/XEN3_DOMU: "PCI pass-through support"
    text = pci_kernel_config([{"device": "wm", "at": "pci"}, {"device": "ukphy", "at": "mii"}])
    assert text.split("\n")[1:] == [
        'include "arch/amd64/conf/XEN3_DOMU"',
        "",
        "xpci*\tat xenbus?",
        "pci*\tat xpci?",
        "wm*\tat pci? dev ? function ?",
        "ukphy*\tat mii? phy ?",
        "",
    ]


def test_another_base_and_other_locators():
    driver = {"device": "ehci0", "at": "pci0", "locators": "dev 29 function 7"}
    text = pci_kernel_config([driver, {"device": "usb", "at": "ehci"}], base="arch/i386/conf/XEN3PAE_DOMU")
    assert 'include "arch/i386/conf/XEN3PAE_DOMU"\n' in text
    assert "ehci0\tat pci0 dev 29 function 7\nusb*\tat ehci?\n" in text


@pytest.mark.parametrize(
    ("drivers", "words"),
    [
        ("wm", "is no list of drivers"),
        ([{"device": "wm"}], "must have device and at"),
        ([{"device": "wm", "at": "pci", "dev": 3}], "may have locators"),
        ([{"device": "wm*\nno pci", "at": "pci"}], "device is .* allowed is the name of a driver, such as wm"),
        ([{"device": "wm", "at": "pci? dev ?"}], "device wm: at is .* such as pci"),
        ([{"device": "wm", "at": "pci", "locators": "dev"}], "locators is 'dev'; allowed is such as"),
        ([{"device": "wm", "at": "pci"}, {"device": "wm*", "at": "pci?"}], r"there twice: wm\* at pci\?"),
        ([{"device": "ukphy", "at": "mii"}], "none of the devices is at pci"),
        ([], "none of the devices is at pci"),
        ([{"device": "xpci", "at": "xenbus"}, {"device": "wm", "at": "pci"}], "xpci at xenbus is there anyway"),
    ],
)
def test_what_config_would_not_read_is_refused(drivers, words):
    with pytest.raises(AnsibleFilterError, match="pci_kernel_config: .*" + words):
        pci_kernel_config(drivers)


@pytest.mark.parametrize("base", ["", 'X"\ninclude "y', "../../etc/passwd"])
def test_a_base_is_a_path_below_the_sources(base):
    with pytest.raises(AnsibleFilterError, match="base is"):
        pci_kernel_config([{"device": "wm", "at": "pci"}], base=base)


@given(st.text(), st.text(), st.text())
def test_nothing_but_declarations_gets_into_the_file(device, at, locators):
    try:
        text = render([Device("wm", "pci"), Device(device, at, locators)])
    except ValueError:
        return
    assert DECLARATION.match(text.split("\n")[6]) and len(text.split("\n")) == 8
