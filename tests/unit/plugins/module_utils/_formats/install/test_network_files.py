# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's declared interfaces as the files of each system, and what is refused in a declaration."""

from __future__ import annotations

import json

import pytest
import yaml

from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import network
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install.network import Interface

MAC = "00:16:3e:00:00:21"
STATIC = Interface(
    MAC, addresses=("10.0.2.21/24",), gateways=("10.0.2.2",), nameservers=("10.0.2.3",), search=("example.org",)
)
BOTH = Interface(
    MAC, addresses=("10.0.2.21/24", "10.0.2.22/24", "2001:db8::21/64"), gateways=("10.0.2.2", "2001:db8::1")
)
DHCP = Interface("00:16:3e:00:00:22", dhcp=True)


def test_netbsd():
    """The address as the recorded installation has it (record rc.conf, from-sets, NetBSD 7.99.10)."""
    assert network.ifconfig_if(STATIC) == "up\ninet 10.0.2.21 netmask 255.255.255.0\n"
    assert network.ifconfig_if(BOTH) == (
        "up\ninet 10.0.2.21 netmask 255.255.255.0\ninet 10.0.2.22 netmask 255.255.255.0 alias\n"
        "inet6 2001:db8::21 prefixlen 64 alias\n"
    )
    assert network.ifconfig_if(DHCP) == "up\ndhcp\n"
    assert network.rc_conf_values([DHCP, BOTH]) == {"defaultroute": "10.0.2.2", "defaultroute6": "2001:db8::1"}
    assert network.rc_conf_values([DHCP]) == {}
    assert network.resolv_conf([STATIC, STATIC]) == "search example.org\nnameserver 10.0.2.3\n"
    assert network.resolv_conf([DHCP]) == ""


def test_ifupdown():
    assert network.ifupdown([STATIC, DHCP]).split("\n\n") == [
        "auto lo\niface lo inet loopback",
        "auto eth0\niface eth0 inet static\n    address 10.0.2.21\n    netmask 255.255.255.0\n    gateway 10.0.2.2",
        "auto eth1\niface eth1 inet dhcp\n",
    ]
    both = network.ifupdown([BOTH])
    assert both.count("gateway 10.0.2.2\n") == 1
    assert "iface eth0 inet6 static\n    address 2001:db8::21\n    netmask 64\n    gateway 2001:db8::1\n" in both
    assert network.ifupdown([Interface(MAC)]).endswith("iface eth0 inet manual\n")


def test_networkd():
    assert network.networkd([STATIC, DHCP]) == {
        "/etc/systemd/network/10-netbsd-xen-0.network": (
            f"[Match]\nMACAddress={MAC}\n\n[Network]\nAddress=10.0.2.21/24\nGateway=10.0.2.2\nDNS=10.0.2.3\n"
            "Domains=example.org\n"
        ),
        "/etc/systemd/network/10-netbsd-xen-1.network": (
            f"[Match]\nMACAddress={DHCP.mac}\n\n[Network]\nDHCP=ipv4\n\n[DHCP]\nClientIdentifier=mac\n"
        ),
    }


def test_netplan_is_yaml_and_bound_to_the_mac():
    ((path, text),) = network.netplan([BOTH, DHCP]).items()
    assert path == "/etc/netplan/10-netbsd-xen.yaml"
    found = yaml.safe_load(text)
    assert found == json.loads(text)
    assert found["network"]["ethernets"] == {
        "eth0": {
            "match": {"macaddress": MAC},
            "addresses": list(BOTH.addresses),
            "routes": [{"to": "0.0.0.0/0", "via": "10.0.2.2"}, {"to": "::/0", "via": "2001:db8::1"}],
        },
        "eth1": {"match": {"macaddress": DHCP.mac}, "dhcp4": True, "dhcp-identifier": "mac"},
    }


def test_version_1():
    config = network.version_1([BOTH, DHCP, STATIC])["config"]
    assert [each["mac_address"] for each in config] == [MAC, DHCP.mac, MAC]
    assert config[0]["subnets"] == [
        {"type": "static", "address": "10.0.2.21/24", "gateway": "10.0.2.2"},
        {"type": "static", "address": "10.0.2.22/24"},
        {"type": "static6", "address": "2001:db8::21/64", "gateway": "2001:db8::1"},
    ]
    assert config[1]["subnets"] == [{"type": "dhcp4"}]
    assert config[2]["subnets"][0]["dns_nameservers"] == ["10.0.2.3"]


@pytest.mark.parametrize("interface", [STATIC, BOTH, DHCP, Interface(MAC, addresses=("10.0.2.1/31",))])
def test_right(interface):
    assert network.problems(interface) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"addresses": ("10.0.0.21",)}, "its prefix is missing"),
        ({"addresses": ("10.0.0.0/24",)}, "the network 10.0.0.0/24 itself"),
        ({"addresses": ("10.0.0.255/24",)}, "the broadcast address"),
        ({"addresses": ("10.0.0.256/24",)}, "no address with a prefix"),
        ({"addresses": ("10.0.0.1/33",)}, "no address with a prefix"),
        ({"addresses": ("127.0.0.1/8",)}, "no address that a machine can have"),
        ({"addresses": ("224.0.0.1/4",)}, "no address that a machine can have"),
        ({"addresses": ("10.0.0.21/24",), "gateways": ("10.0.1.1",)}, "outside of the guest's network (10.0.0.0/24)"),
        ({"addresses": ("10.0.0.21/24",), "gateways": ("10.0.0.21",)}, "the guest's own address"),
        ({"addresses": ("10.0.0.21/24",), "gateways": ("2001:db8::1",)}, "(no IPv6 address)"),
        ({"addresses": ("10.0.0.21/24",), "gateways": ("10.0.0.1", "10.0.0.2")}, "one of each family"),
        ({"addresses": ("10.0.0.21/24",), "gateways": ("gw",)}, "allowed is an address"),
        ({"dhcp": True, "addresses": ("10.0.0.21/24",)}, "two ways; give one"),
        ({"dhcp": True, "nameservers": ("dns.example.org",)}, "allowed are addresses"),
    ],
)
def test_wrong(given, words):
    (said,) = network.problems(Interface(MAC, **given))
    assert words in said
