# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses of PCI devices, and the dom0 kernel's argument that hides them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest import pci


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("0000:03:00.0", "0000:03:00.0"),
        ("3:0.0", "0000:03:00.0"),
        ("00:1F.3", "0000:00:1f.3"),
        ("0000:ff:1f.7", "0000:ff:1f.7"),
    ],
)
def test_every_spelling_becomes_the_kernels(text: str, address: str) -> None:
    assert pci.address(text) == address


@pytest.mark.parametrize(
    "text", ["", "03:00", "03:00.8", "03:20.0", "0001:03:00.0", "123:00.0", "03:00.0 ", "03:00.0)(04:00.0", "wm0"]
)
def test_what_is_no_address_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ValueError, match="is no address of a PCI device; allowed is BUS:DEVICE"):
        pci.address(text)


def test_the_argument_leaves_the_domain_out_because_room_is_scarce() -> None:
    assert pci.pci_hide_argument(["0000:03:00.0", "4:0.1"]) == "pciback.hide=(03:00.0)(04:00.1)"
    assert pci.pci_hide_argument([]) == ""


def test_seven_devices_are_what_the_kernel_reads() -> None:
    seven = [f"03:00.{function}" for function in range(7)]
    assert len(pci.pci_hide_argument(seven)) == len("pciback.hide=") + pci.MAX_HIDE
    with pytest.raises(ValueError, match="8 devices take 72 characters; the dom0 kernel reads 63 .* for 7 devices"):
        pci.pci_hide_argument([*seven, "03:00.7"])


def test_a_device_is_hidden_once() -> None:
    with pytest.raises(ValueError, match="0000:03:00.0 is there twice"):
        pci.pci_hide_argument(["03:00.0", "0000:03:00.0"])


def kernel_reads(argument: str) -> list[tuple[int, int, int]]:
    """As pciback_pci_init and pciback_parse_pci take it apart (NetBSD sys/arch/xen/xen/pciback.c)."""
    value = argument.partition("=")[2]
    assert len(value) < 64
    found = []
    while value:
        assert value[0] == "("
        location, _closing, value = value[1:].partition(")")
        bus, _colon, rest = location.partition(":")
        device, _dot, function = rest.partition(".")
        found.append((int(bus, 16), int(device, 16), int(function, 16)))
    return found


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 31), st.integers(0, 7)), unique=True, max_size=7))
def test_the_kernel_reads_what_was_meant(devices: list[tuple[int, int, int]]) -> None:
    names = [f"{bus:x}:{device:02x}.{function}" for bus, device, function in devices]
    assert kernel_reads(pci.pci_hide_argument(names)) == devices
