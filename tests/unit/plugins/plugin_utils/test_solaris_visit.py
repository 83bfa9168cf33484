# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Visits at the console of Solaris' live system, which is simulated from the HOWTO's text: at good and at bad ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from netbsd_sim.xen.common.menus import Trouble

from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.methods.media import Options
from ansible_collections.netbsd.xen.plugins.plugin_utils._console import solaris
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.needs import ConsoleError, Held
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.transcript import Transcript
from ansible_collections.netbsd.xen.tests.unit.support.live_guest import Console, Told

SECRET = "S3cr{e}t"
VNC = Options("/home/xen/osol.iso", "64", "", SECRET)
DISPLAY = Options("/home/xen/osol.iso", "64", "10.0.2.2:0", "")
INSTALLED = {"bootfs": 43, "state": "ready"}


def visit(console: Console, options: Options = VNC, offered: str = "", transcript: Transcript | None = None) -> Any:
    return solaris.visit(console, "solaris", options, offered, transcript or Transcript(), lambda _words: None)


def again(console: Console) -> Console:
    """The same live system, as who opens its console later finds it: nothing of what it has said is shown."""
    console._due.clear()
    return console


def test_the_first_visit_shows_the_installer(tmp_path: Path):
    console = Console(Told())
    transcript = Transcript(str(tmp_path / "cast"))
    assert visit(console, transcript=transcript) == ("offered", "10.0.2.60:1")
    transcript.close()
    kept = (tmp_path / "cast").read_text()
    assert console.live.password == SECRET and SECRET not in kept and "jack@opensolaris:~$ " in kept
    assert console.live.ran[-2:] == ["cp .Xclients .vnc/xstartup", "vncserver :1"]
    # It has logged out, and took its time to have an address.
    assert "ifconfig xnf0" in console.live.ran and "sleep 5; ifconfig xnf0" in console.live.ran
    console = again(console)
    assert visit(console, offered="10.0.2.60:1") == ("at-work", "")
    console.live.installed = {"bootfs": 43, "state": "busy"}
    assert visit(again(console), offered="10.0.2.60:1") == ("at-work", ""), "bootfs alone is not believed"
    console.live.installed = INSTALLED
    assert visit(again(console), offered="10.0.2.60:1") == ("through", "43")
    assert console.live.ran.count("vncserver :1") == 1


def test_on_a_display_of_the_admins():
    console = Console(Told())
    assert visit(console, DISPLAY) == ("offered", "10.0.2.2:0")
    assert "export DISPLAY=10.0.2.2:0" in console.live.ran and "vncserver :1" not in console.live.ran


def test_what_was_installed_before_is_found():
    console = Console(Told(INSTALLED))
    assert visit(console) == ("through", "43")
    assert console.live.ran[0] == "pfexec zpool import -f rpool"


def test_a_run_that_broke_off_behind_its_server_is_gone_on_with():
    console = Console(Told())
    visit(console)
    assert visit(again(console)) == ("offered", "10.0.2.60:1")
    assert console.live.ran.count("vncserver :1") == 2


def test_no_address_is_said():
    with pytest.raises(ConsoleError, match="xnf0 has got no address; is there a dhcp server"):
        visit(Console(Told(leased="")))


def test_somebody_at_its_console_is_left_alone():
    console = Console(Told(), boots=0.0)
    for key in "jack\rjack\rvi notes":
        console._send(console.line.key(key))
    with pytest.raises(Held, match="somebody is at its console"):
        visit(console, offered="10.0.2.60:1")
    assert console.live.ran == []


TROUBLES = {
    "none": Trouble(),
    "lost": Trouble(lost=0.03),
    "late": Trouble(delay=0.2),
    "both": Trouble(lost=0.02, delay=0.1),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("what", TROUBLES)
def test_a_bad_console(what: str, seed: int):
    """It comes through with what is there, or says that it does not; it never tells what is not."""
    trouble = Trouble(seed, TROUBLES[what].lost, delay=TROUBLES[what].delay)
    console = Console(Told(INSTALLED), trouble)
    try:
        assert visit(console) == ("through", "43")
    except ConsoleError:
        assert TROUBLES[what].lost


@pytest.mark.parametrize("after", [1, 9, 20, 60, 150])
def test_a_console_that_ends(after: int):
    with pytest.raises(ConsoleError):
        visit(Console(Told(), Trouble(cut_after=after)))
    with pytest.raises(ConsoleError):
        visit(Console(Told(), Trouble(stall_after=after)))
