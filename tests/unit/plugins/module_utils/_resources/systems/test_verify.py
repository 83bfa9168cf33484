# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A login that was seen: over ssh with the guest's own host keys, or on its console, to which nothing is typed."""

from __future__ import annotations

import time

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import guest_python
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import verify
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.verify import Expected
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack.console import Held
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack.xl import Xl
from ansible_collections.netbsd.xen.tests.unit.support.fakes import Domain, FakeXen
from ansible_collections.netbsd.xen.tests.unit.support.guests import machine

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGuest root@web1"
MAC = "00:16:3e:00:00:21"
SCRATCH = "/usr/pkg/etc/xen/.web1.known_hosts"
LOG = "/var/log/xen/console/guest-web1.log"
# The end of a boot as a console shows it (record xl-console-login, NetBSD 7.99.10).
PROMPT = (
    "total memory = 128 MB\r\nStarting sshd.\r\nSun Nov 22 10:12:32 UTC 2026\r\n\r\r\nNetBSD/amd64 (web1) (console)"
    "\r\r\n\r\r\nlogin: "
)
BOOTING = "total memory = 128 MB\r\nStarting network.\r\n"
# What ssh says (OpenSSH): a machine with another key, one that lets nobody in, one that is not there yet.
OTHER_KEY = (
    "No ED25519 host key is known for 10.0.2.21 and you have requested strict checking.\r\n"
    "Host key verification failed.\r\n"
)
CHANGED = "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\nHost key verification failed.\r\n"
NOBODY = "root@10.0.2.21: Permission denied (publickey).\r\n"
NOT_YET = "ssh: connect to host 10.0.2.21 port 22: Connection refused\r\n"
ARP = "? (10.0.2.2) at 52:55:0a:00:02:02 on wm0\n? (10.0.2.16) at 0:16:3e:0:0:21 on wm0\n"


class Guest:
    """A guest that runs, and all by which it can be reached. ``ssh`` are its answers one after the other, before the
    time if there is one, the last for good; ``console`` what its console shows at each look."""

    def __init__(self, monkeypatch) -> None:
        self.host = machine()
        self.xen = FakeXen(self.host)
        self.xen.domains.append(Domain("web1", 4, 128, 128, 1, 1, {}))
        self.now = time.time()
        self.ahead = self.takes = 0.0
        self.ssh: list[tuple[int, str]] = [(255, NOT_YET)]
        self.console = [BOOTING, ""]
        self.held = False
        self.asked: list[list[str]] = []
        self.known: list[str] = []
        self.xen.xl_console = self._console
        self.host.programs["/usr/bin/ssh"] = self._ssh
        self.host.programs["/usr/sbin/arp"] = lambda args: (0, "", "")
        monkeypatch.setattr(time, "sleep", self._pass)
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "time", lambda: self.now)
        self.said: list[tuple] = []

    def _pass(self, seconds: float) -> None:
        self.now += seconds

    def _console(self, args):
        assert args == ["4"]
        if self.held:
            return 35, "", "xenconsole: Could not lock /var/run/xenconsole.4: Resource temporarily unavailable\n"
        self.now += verify.CONSOLE_SECONDS
        return None, self.console.pop(0) if len(self.console) > 1 else self.console[0], ""

    def _ssh(self, args):
        self.asked.append(args)
        self.known.append(self.host.text(SCRATCH))
        assert self.host.tree[SCRATCH].mode == 0o600
        rc, text = self.ssh.pop(0) if len(self.ssh) > 1 else self.ssh[0]
        if rc:
            return rc, "", text
        told = f"{text}{int(self.now + self.ahead)}\n"
        self.now += self.takes
        return 0, told, ""

    def prove(self, seconds=120.0, **given):
        expected = Expected("web1", "web1", MAC, **{"address": "10.0.2.21", "host_keys": (KEY,), "key": "/k", **given})
        tool = Xl(self.host)
        (row,) = [row for row in tool.rows() if row.domid == 4]
        return verify.prove(tool, row, expected, SCRATCH, lambda *what: self.said.append(what), seconds)


@pytest.fixture
def guest(monkeypatch):
    return Guest(monkeypatch)


def test_a_login_over_ssh(guest):
    guest.ssh = [(255, NOT_YET), (255, NOT_YET), (0, "")]
    proof = guest.prove()
    assert (proof.how, proof.address) == ("ssh", "10.0.2.21")
    assert proof.known_hosts == ("10.0.2.21 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGuest",)
    assert "a login over ssh from dom0 to 10.0.2.21" in proof.words
    assert [what[0] for what in guest.said] == ["waits for a login"] * 3


def test_no_key_is_accepted_blindly(guest):
    guest.ssh = [(0, "")]
    guest.prove()
    (words,) = guest.asked
    assert {"BatchMode=yes", "StrictHostKeyChecking=yes", f"UserKnownHostsFile={SCRATCH}"} <= set(words)
    assert {"GlobalKnownHostsFile=/dev/null", "ConnectTimeout=10"} <= set(words)
    assert guest.known == ["10.0.2.21 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGuest\n"]
    assert SCRATCH not in guest.host.tree


@pytest.mark.parametrize("ahead", [-3600.0, -1.5, 0.0, 5.0])
@pytest.mark.parametrize("takes", [0.0, 6.0], ids=["at once", "slowly"])
def test_the_guests_clock_is_told_with_how_wrong_that_may_be(guest, ahead, takes):
    """Wherever in the call date(1) has looked at it."""
    guest.ssh, guest.ahead, guest.takes = [(0, "")], ahead, takes
    proof = guest.prove()
    assert abs(proof.clock_seconds - ahead) <= proof.clock_margin + 0.1
    assert proof.clock_margin == 0.5 + takes / 2


@pytest.mark.parametrize(
    ("text", "words"), [(OTHER_KEY, "another machine answers"), (CHANGED, "another machine answers")]
)
def test_another_machine_at_the_address_is_no_proof(guest, text, words):
    guest.ssh = [(255, text)]
    with pytest.raises(XenError, match="no login was seen") as raised:
        guest.prove()
    assert words in str(raised.value) and "its console did not ask for a login" in str(raised.value)


def test_the_console_by_its_log(guest):
    guest.host.put(LOG, PROMPT)
    guest.ssh = [(255, NOBODY)]
    proof = guest.prove()
    assert (proof.how, proof.address, proof.clock_seconds) == ("console", "10.0.2.21", None)
    assert "lets nobody in" in proof.words
    assert guest.host.ran("xl") and ["console", "4"] not in guest.host.ran("xl")


def test_sshd_has_time_after_the_prompt(guest):
    guest.host.put(LOG, PROMPT)
    guest.ssh = [(255, NOT_YET), (255, NOT_YET), (0, "")]
    assert guest.prove().how == "ssh"


def test_without_sshd_the_prompt_is_the_proof(guest):
    guest.host.put(LOG, PROMPT)
    proof = guest.prove()
    assert proof.how == "console" and "Connection refused" in proof.words


def test_a_prompt_of_an_earlier_boot_is_no_proof(guest):
    guest.host.put(LOG, PROMPT + "\r\n" + BOOTING)
    with pytest.raises(XenError, match="did not ask for a login"):
        guest.prove()
    guest.host.put(LOG, PROMPT)
    with pytest.raises(XenError, match="did not ask for a login"):
        guest.prove(console_from=len(PROMPT))


def test_the_console_itself_where_there_is_no_log(guest):
    """Each look shows what came since the last one."""
    guest.console = [BOOTING, PROMPT[:80], PROMPT[80:], ""]
    proof = guest.prove(host_keys=())
    assert proof.how == "console" and "host keys are not known" in proof.words and proof.known_hosts == ()


def test_a_console_that_an_admin_has_is_left_to_him(guest):
    guest.held = True
    with pytest.raises(XenError, match="somebody else has this console"):
        guest.prove(host_keys=())
    guest.ssh = [(0, "")]
    assert guest.prove().how == "ssh"


def test_a_failure_brings_the_console(guest):
    guest.console = [BOOTING + "panic: no init\r\n", ""]
    with pytest.raises(XenError) as raised:
        guest.prove(seconds=30.0)
    assert raised.value.details["console"].endswith("panic: no init")
    assert "the next run looks once more" in str(raised.value)


def test_a_guest_that_ends_is_not_waited_for(guest):
    guest.console = ["panic: no root\r\n", ""]
    tool = Xl(guest.host)
    (row,) = [row for row in tool.rows() if row.domid == 4]
    guest.xen.domains.clear()
    with pytest.raises(XenError, match="has ended again before"):
        verify.prove(tool, row, Expected("web1", "web1", MAC), SCRATCH, lambda *what: None)
    assert not guest.said


DNSMASQ = (
    "1764547200 00:16:3e:00:00:20 10.0.2.15 web0 *\n"
    "1764547200 00:16:3E:00:00:21 10.0.2.16 * 01:00:16:3e:00:00:21\n"
)


@pytest.mark.parametrize("where", ["arp", "lease", "dnsmasq", "console"])
def test_an_address_by_dhcp(guest, where):
    guest.ssh = [(0, "")]
    if where == "arp":
        guest.host.programs["/usr/sbin/arp"] = lambda args: (0, ARP, "")
    elif where == "lease":
        lease = "lease 10.0.2.16 {\n  binding state active;\n  hardware ethernet 00:16:3E:00:00:21;\n}\n"
        guest.host.put("/var/db/dhcpd.leases", lease)
    elif where == "dnsmasq":
        guest.host.put("/var/db/dnsmasq.leases", DNSMASQ)
    else:
        guest.console = [BOOTING + "xennet0: leased 10.0.2.16 for 86400 seconds\r\n", ""]
    proof = guest.prove(address="")
    assert (proof.how, proof.address) == ("ssh", "10.0.2.16")


def test_an_old_lease_does_not_hide_what_the_guest_has_now(guest):
    guest.host.put("/var/db/dnsmasq.leases", DNSMASQ)
    guest.host.programs["/usr/sbin/arp"] = lambda args: (0, ARP.replace("2.16", "2.17"), "")
    guest.ssh = [(255, NOT_YET), (0, "")]
    assert guest.prove(address="").address == "10.0.2.17"
    assert [words[-2] for words in guest.asked] == ["10.0.2.16", "10.0.2.17"]


def test_an_address_that_nobody_tells(guest):
    guest.host.put(LOG, PROMPT)
    proof = guest.prove(address="")
    assert (proof.how, proof.address) == ("console", "")
    assert f"its console names none, and dom0 knows none of its MAC {MAC}" in proof.words


INTERFACES = (
    "wm0: flags=8843<UP,BROADCAST,RUNNING> mtu 1500\n\tinet {address}\n"
    "wm1: flags=8843<UP,BROADCAST,RUNNING> mtu 1500\n\tinet6 fe80::1%wm1/64 flags 0\n"
    "bridge0: flags=41<UP,RUNNING> mtu 1500\n"
)
BRIDGES = "bridge0: flags=41<UP,RUNNING>\n\tInterfaces:\n\t\t{member} flags=3<LEARNING,DISCOVER>\n"


@pytest.mark.parametrize(("member", "alone"), [("wm0", False), ("wm1", True)])
def test_where_dom0_has_no_address_itself_only_the_console_could_tell(guest, member, alone):
    guest.host.programs["/sbin/ifconfig"] = lambda args: (0, INTERFACES.format(address="10.0.2.15/24"), "")
    guest.host.programs["/sbin/brconfig"] = lambda args: (0, BRIDGES.format(member=member), "")
    with pytest.raises(XenError) as raised:
        guest.prove(seconds=30.0, address="", bridge="bridge0")
    assert ("dom0 has none itself on bridge0" in str(raised.value)) is alone
    assert guest.host.ran("ifconfig") == [["-a"]], "it does not change while a guest boots"


def test_the_line_of_the_key_that_proves():
    line = verify.proof_key_line("ssh-ed25519 AAAAproof root@dom0\n")
    options, kind, key, comment = line.rsplit(" ", 3)
    assert (kind, key, comment) == ("ssh-ed25519", "AAAAproof", "netbsd.xen-proof")
    assert f'command="{guest_python.LOOK}"' in options and "no-pty" in options and "restrict" not in options
    assert '"' not in guest_python.LOOK and guest_python.LOOK.endswith("; date +%s")


# -- its Python --------------------------------------------------------------------------------------------------------

BOTH = ("ssh", "console")
AT_WORK = f"/{guest_python.SCRIPT}\n/usr/pkg/bin/python3.13\n"


def test_the_python_that_was_seen(guest):
    guest.ssh = [(0, "/usr/pkg/bin/python3.11\n/usr/pkg/bin/python3.11-config\n")]
    assert guest.prove().python == "/usr/pkg/bin/python3.11"


def test_none_is_none_where_nobody_wants_it(guest):
    guest.ssh = [(0, "")]
    assert guest.prove().python == ""


def test_a_login_counts_only_with_the_python_that_is_wanted(guest):
    guest.ssh = [(255, NOT_YET), (0, AT_WORK), (0, AT_WORK), (0, "/usr/pkg/bin/python3.13\n")]
    proof = guest.prove(python=BOTH)
    assert (proof.how, proof.python) == ("ssh", "/usr/pkg/bin/python3.13")
    assert [what[0] for what in guest.said] == ["waits for a login"] * 2 + ["waits for its Python"] * 2


def test_a_guest_without_it_says_why_on_its_console(guest):
    guest.host.put(LOG, PROMPT + "netbsd.xen: no Python: pkg_add: no pkg found for 'python38', sorry.\r\n")
    guest.ssh = [(0, f"/{guest_python.SCRIPT}\n")]
    started = guest.now
    with pytest.raises(XenError) as raised:
        guest.prove(python=BOTH)
    assert f"within {verify.PYTHON_SECONDS:g} seconds it has got no Python: pkg_add: no pkg found" in str(raised.value)
    assert guest.now - started > verify.PYTHON_SECONDS and "the next run looks once more" in str(raised.value)


def test_its_console_tells_it_where_nobody_gets_in(guest):
    guest.host.put(LOG, PROMPT)
    assert guest.prove(python=("ssh",)).how == "console", "the console tells nothing of this one's"
    guest.host.put(LOG, PROMPT + "\r\nnetbsd.xen: Python is /usr/pkg/bin/python3.13\r\n")
    assert guest.prove(python=BOTH).python == "/usr/pkg/bin/python3.13"


def test_a_guest_that_ends_before_it_has_it(guest):
    guest.ssh = [(0, AT_WORK)]
    tool = Xl(guest.host)
    (row,) = [row for row in tool.rows() if row.domid == 4]
    guest.xen.domains.clear()
    expected = Expected("web1", "web1", MAC, address="10.0.2.21", host_keys=(KEY,), key="/k", python=BOTH)
    with pytest.raises(XenError, match="ended again before it had its Python"):
        verify.prove(tool, row, expected, SCRATCH, lambda *what: None)


def test_held_is_a_failed_command():
    assert issubclass(Held, CommandFailed)
