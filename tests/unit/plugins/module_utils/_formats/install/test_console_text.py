# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a guest's console says of its state."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import console_text
from ansible_collections.netbsd.xen.plugins.module_utils._formats.net.neighbours import arp_addresses, leased_addresses

# Record xl-console-login, NetBSD 7.99.10.
NETBSD = "Starting inetd.\r\nSun Nov 22 10:12:32 UTC 2026\r\n\r\r\nNetBSD/amd64 (g1) (console)\r\r\n\r\r\nlogin: "
DEBIAN = "\r\n\x1b[32mDebian GNU/Linux 12 web1 hvc0\x1b[0m\r\n\r\nweb1 login: "


@pytest.mark.parametrize("text", [NETBSD, DEBIAN, DEBIAN + "[   12.3] IPv6: eth0: link becomes ready\r\n"])
def test_a_prompt(text):
    assert console_text.asks_for_login(console_text.plain(text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Starting sshd.\r\n",
        "Nov 22 10:12:32 g1 login: ROOT LOGIN (root) ON console\r\n",
        "root device (default xbd0a): ",
    ],
)
def test_no_prompt(text):
    assert not console_text.asks_for_login(console_text.plain(text))


def test_the_prompt_of_another_machine():
    assert not console_text.asks_for_login(console_text.plain(DEBIAN), "db1")
    assert console_text.asks_for_login(console_text.plain(DEBIAN), "web1.example.org")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("xennet0: leased 10.0.2.16 for 86400 seconds\n", "10.0.2.16"),
        ("ci-info: | eth0 | True | 10.0.2.17 | 255.255.255.0 | global | 00:16:3e:00:00:22 |\n", "10.0.2.17"),
        ("bound to 10.0.2.18 -- renewal in 300 seconds.\nbound to 10.0.2.19 -- renewal in 3 seconds.\n", "10.0.2.19"),
        ("nothing\n", ""),
    ],
)
def test_an_address_that_was_given(text, address):
    assert console_text.given_address(text) == address


def test_arp():
    """Record domu-ssh, NetBSD 7.99.10; an entry that is not there yet has no MAC."""
    text = (
        "? (10.0.2.2) at 52:55:0a:00:02:02 on wm0\n? (10.0.2.15) at 52:54:00:12:34:56 on wm0 permanent\n"
        "web1 (10.0.2.16) at 0:16:3e:0:0:11 on wm0\n? (10.0.2.99) at (incomplete) on wm0\n"
    )
    assert arp_addresses(text) == {
        "52:55:0a:00:02:02": ["10.0.2.2"],
        "52:54:00:12:34:56": ["10.0.2.15"],
        "00:16:3e:00:00:11": ["10.0.2.16"],
    }


def test_leases():
    """dhcpd.leases(5): a log, of which the last entry of an address holds."""
    one = "lease 10.0.2.16 {\n  starts 4 2026/11/26 10:00:00;\n  binding state active;\n"
    two = '  hardware ethernet 00:16:3e:00:00:11;\n  client-hostname "web1";\n}\n'
    assert leased_addresses(one + two) == {"00:16:3e:00:00:11": "10.0.2.16"}
    assert leased_addresses(one + two + one.replace("active", "free") + two) == {}
    moved = one.replace(".16", ".17") + two
    assert leased_addresses("# comment\n" + one + two + moved) == {"00:16:3e:00:00:11": "10.0.2.17"}
    given_on = one + two.replace(":11;", ":12;")
    assert leased_addresses(one + two + given_on) == {"00:16:3e:00:00:12": "10.0.2.16"}
