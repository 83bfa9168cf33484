# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The conversation of each release with the simulator's sysinst, which is made from the record and from its source."""

from __future__ import annotations

from pathlib import Path

import pytest
from netbsd_sim.xen.common.menus import Trouble

from ansible_collections.netbsd.xen.plugins.module_utils._formats.install.network import Interface
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.methods import sysinst as method
from ansible_collections.netbsd.xen.plugins.plugin_utils._console import installing
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.needs import ConsoleError
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.sysinst import CONVERSATIONS
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.transcript import Transcript
from ansible_collections.netbsd.xen.tests.unit.support.installer_guest import Console, Told

VALUES = {
    "disk": "xbd0",
    "swap": "64",
    "disk_name": "nx0123456789ab",
    "source": "HTTP",
    "host": "192.0.2.4",
    "directory": "pub/NetBSD/NetBSD-RELEASE",
    "interface": "xennet0",
    "hostname": "web1",
    "domain": "example.org",
    "address": "10.0.2.21",
    "netmask": "255.255.255.0",
    "gateway": "10.0.2.2",
    "nameserver": "10.0.2.3",
    "root_password": "Nx0123456789abcdef7",
}
RELEASES = sorted(f"{number}.1" for number in CONVERSATIONS)
# Those of NetBSD 9 and 10 differ in nothing but what they are asked at the end.
UNLIKE = ("10.1", "7.1")


def talked(release: str, trouble: Trouble | None = None, **values: str) -> tuple[Told, list[str]]:
    console, answers = Console(Told(release), trouble), []
    installing.converse(console, release, {**VALUES, **values}, Transcript(), answers.append)
    return console.guest, answers


def test_the_machines_part_knows_the_same_releases() -> None:
    assert {str(each) for each in method.DIALOGUES} == set(CONVERSATIONS)


@pytest.mark.parametrize("release", RELEASES)
def test_a_whole_installation(release: str) -> None:
    guest, answers = talked(release)
    assert guest.done[:2] == ["label xbd0 nx0123456789ab 64", "newfs xbd0"]
    url = "http://192.0.2.4/pub/NetBSD/NetBSD-RELEASE/amd64/binary/sets"
    assert guest.done[2:-1] == [f"fetch {url}/{name}" for name in ("kern-GENERIC", "modules", "base", "etc")]
    assert guest.done[-1] == "halt"
    found = guest.settings
    assert found and (found.hostname, found.domain, found.address) == ("web1", "example.org", "10.0.2.21")
    assert (found.netmask, found.gateway, found.nameserver) == ("255.255.255.0", "10.0.2.2", "10.0.2.3")
    assert found.keep_network and found.root_password == VALUES["root_password"]
    assert answers[0] == "language" and answers[-1] == "halt"


@pytest.mark.parametrize("release", UNLIKE)
def test_what_is_not_declared_stays_empty(release: str) -> None:
    guest, _answers = talked(release, domain="", gateway="", nameserver="")
    found = guest.settings
    assert found and (found.domain, found.gateway, found.nameserver) == ("", "", "")
    assert guest.done[-1] == "halt"


@pytest.mark.parametrize("release", UNLIKE)
def test_by_ftp(release: str) -> None:
    guest, _answers = talked(release, source="FTP")
    assert guest.done[2].startswith("fetch ftp://192.0.2.4/")


@pytest.mark.parametrize("release", RELEASES)
def test_from_a_cd(release: str, tmp_path: Path) -> None:
    """No network is asked for, and none is set up."""
    values = {name: value for name, value in VALUES.items() if name not in ("host", "directory")}
    console, answers = Console(Told(release)), []
    wanted = {**values, "source": "CD-ROM", "cd": "xbd1d"}
    installing.converse(console, release, wanted, Transcript(str(tmp_path / "cast")), answers.append)
    # The rows of the real one (menus.mi, cdromsource), in their order.
    shown = (tmp_path / "cast").read_text()
    for row in ("b: Binary set directory", "c: Source set directory", "d: Cancel installation", "e: Back to source"):
        assert row in shown
    sets = ("kern-GENERIC", "modules", "base", "etc")
    assert console.guest.done[2:-1] == [f"read xbd1d:/amd64/binary/sets/{name}" for name in sets]
    assert console.guest.done[-1] == "halt" and "network" not in answers


TROUBLES = {
    "split": {"split": 0.6},
    "repeat": {"repeat": 0.4},
    "repaint": {"repaint": 0.3},
    "delay": {"delay": 0.2},
    "lost": {"lost": 0.03},
    "all": {"split": 0.3, "repeat": 0.1, "repaint": 0.1, "delay": 0.05, "lost": 0.01},
}


@pytest.mark.parametrize("release", UNLIKE)
@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_bad_console(release: str, trouble: str) -> None:
    """It comes through, or breaks off; the disk gets no other name than the mark, and nothing is answered wrongly."""
    for seed in range(4):
        console = Console(Told(release), Trouble(seed, **TROUBLES[trouble]))
        try:
            installing.converse(console, release, VALUES, Transcript(), lambda _answer: None)
        except ConsoleError:
            assert all(each.startswith(("label xbd0 nx0123456789ab ", "newfs", "fetch")) for each in console.guest.done)
            continue
        assert console.guest.done[0] == "label xbd0 nx0123456789ab 64" and console.guest.done[-1] == "halt"
        assert console.guest.settings and console.guest.settings.address == "10.0.2.21"
        return
    pytest.fail("four attempts were not enough")


@pytest.mark.parametrize("release", UNLIKE)
@pytest.mark.parametrize("after", [3, 45, 90])
def test_a_stall_ends_it_with_the_screen(release: str, after: int) -> None:
    console = Console(Told(release), Trouble(stall_after=after))
    with pytest.raises(ConsoleError) as stopped:
        installing.converse(console, release, VALUES, Transcript(), lambda _answer: None)
    assert stopped.value.screen.strip() and "halt" not in console.guest.done


@pytest.mark.parametrize("release", UNLIKE)
@pytest.mark.parametrize("after", [9, 60])
def test_an_unexpected_menu_ends_it_with_the_screen(release: str, after: int) -> None:
    console = Console(Told(release), Trouble(menu_after=after))
    with pytest.raises(ConsoleError) as stopped:
        installing.converse(console, release, VALUES, Transcript(), lambda _answer: None)
    assert "Panic?" in stopped.value.screen


@pytest.mark.parametrize("release", UNLIKE)
def test_sets_that_are_not_there_are_told(release: str) -> None:
    console = Console(Told(release))
    with pytest.raises(ConsoleError, match="a command of sysinst failed") as stopped:
        installing.converse(console, release, {**VALUES, "directory": "nowhere"}, Transcript(), lambda _answer: None)
    assert "Command failed" in stopped.value.screen


def test_what_is_said_follows_from_the_declaration() -> None:
    class Install:
        source, release, root, hostname = "http://192.0.2.4/pub/NetBSD", "10.1", "xbd0a", "web1.example.org"
        network = Interface("00:16:3e:00:00:21", addresses=("10.0.2.21/23",), gateways=("10.0.2.2",))
        options = method.Options({}, 64 << 20)

    found = installing.values(Install, "nx0123456789ab")  # type: ignore[arg-type]
    password = found.pop("root_password")
    assert found == {
        **{name: VALUES[name] for name in ("disk", "swap", "disk_name", "source", "host", "interface")},
        **{"hostname": "web1", "domain": "example.org", "address": "10.0.2.21", "netmask": "255.255.254.0"},
        **{"gateway": "10.0.2.2", "nameserver": "", "directory": "pub/NetBSD/NetBSD-10.1"},
    }
    Install.options = method.Options({}, 64 << 20, "/home/xen/NetBSD-10.1.iso")
    by_cd = installing.values(Install, "nx0123456789ab")  # type: ignore[arg-type]
    assert (by_cd["source"], by_cd["cd"], by_cd.get("host")) == ("CD-ROM", "xbd1d", None)
    assert len(password) > 12 and installing.values(Install, "x")["root_password"] != password  # type: ignore[arg-type]
