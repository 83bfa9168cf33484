# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A login that was seen: the proof that a guest's system works.

Over ssh from dom0, with the host keys that the installation made or read: a machine that answers with others is not
the guest, whatever its address. The key that logs in is the installation's own, which may do nothing in the guest but
tell the time (see ``proof_key_line``), and which can be thrown away once it has. Where dom0 does not reach the guest
its console is looked at: its log, or else ``console`` of the toolstack, to which nothing is ever typed.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..._change import CommandFailed, XenError
from ..._formats.install import console_text, guest_python
from ..._formats.xl.xl_output import Row
from ..._progress import Say
from ..._toolstack import waiting
from ..._toolstack.interface import Toolstack
from . import addresses

# A guest that boots beside busy ones on a slow machine takes minutes.
LOGIN_SECONDS = 600.0
CONNECT_SECONDS = 10
SSH_SECONDS = 40.0
# One look at a console that keeps no log: what it shows in this time.
CONSOLE_SECONDS = 5.0
POLL_SECONDS = 2.0
# How long a guest that asks for a login on its console is given until its sshd answers: a Linux starts both at once.
SSHD_SECONDS = 30.0
# How long a guest that lets one in is given for its Python, which it may have to fetch.
PYTHON_SECONDS = 1800.0
SSH, CONSOLE = "ssh", "console"
CONSOLE_LINES = 12


@dataclass(frozen=True)
class Expected:
    """What is known of a guest before it is asked.

    ``mac`` and ``bridge`` are its first interface's; ``address`` the one it was given (without its prefix), empty with
    dhcp; ``host_keys`` as in a ``.pub`` file (``ssh-ed25519 AAAA...``), none if nobody could read them; ``key`` is the
    file in dom0 of the key that logs in, empty for none; ``console_from`` is how long its console's log was, in bytes,
    before it booted; ``python`` are the ways of a login (SSH, CONSOLE) that counts only once Python was seen too.
    """

    name: str
    host_name: str
    mac: str
    address: str = ""
    host_keys: tuple[str, ...] = ()
    key: str = ""
    console_from: int = 0
    user: str = "root"
    bridge: str = ""
    python: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proof:
    """How a login was seen. ``how`` is SSH or CONSOLE; ``address`` is empty where nobody could tell it; ``known_hosts``
    are the lines for it; ``clock_seconds`` is how much the guest's clock is before dom0's (SSH only), to
    ``clock_margin`` seconds; ``python`` is the path of its Python, empty where none was seen."""

    how: str
    address: str
    known_hosts: tuple[str, ...]
    clock_seconds: float | None
    words: str
    clock_margin: float = 0.0
    python: str = ""


def proof_key_line(public_key: str) -> str:
    """The line of authorized_keys for the key with which the proof logs in: it may tell the time, and which Python
    there is, and nothing else. The single words are older than ``restrict`` (OpenSSH 7.2), which takes a line out of
    the file where it is not known."""
    command = f'command="{guest_python.LOOK}"'
    limits = ("no-pty", "no-port-forwarding", "no-agent-forwarding", "no-X11-forwarding", command)
    return f"{','.join(limits)} {' '.join(public_key.split()[:2])} netbsd.xen-proof"


def prove(
    tool: Toolstack, row: Row, expected: Expected, scratch: str, say: Say, seconds: float = LOGIN_SECONDS
) -> Proof:
    """Wait until a login to a running guest was seen. ``scratch`` is a file in dom0 that may be written and is removed
    again: ssh's known hosts.

    Raises XenError if none was seen within ``seconds`` or the guest ends, with the console's last lines in ``console``.
    """
    look = _Look(tool, row, expected, scratch)
    started, seen = time.monotonic(), False
    while True:
        say("waits for its Python" if seen else "waits for a login")
        proof = look.once()
        if proof is not None and (proof.python or proof.how not in expected.python):
            return proof
        if proof is not None and not seen:
            started, seen = time.monotonic(), True
        left = waiting.find(tool, row.domid)
        if left is None or left.down or left.dying:
            what = "it had its Python" if seen else "anybody could log in"
            raise XenError(f"{expected.name} was started and has ended again before {what}.", **look.said())
        limit = PYTHON_SECONDS if seen else seconds
        if time.monotonic() - started > limit:
            lacks = look.no_python() if seen else f"no login was seen: {'; '.join(look.lacking)}"
            raise XenError(
                f"{expected.name} runs, but within {limit:g} seconds {lacks}. "
                "Nothing is written again: the next run looks once more.",
                **look.said(),
            )
        time.sleep(POLL_SECONDS)


class _Look:
    """Looks for a login again and again; ``lacking`` is why the last look saw none. ``no_ssh``: nothing that time could
    mend, ssh has said so, or can't say anything."""

    def __init__(self, tool: Toolstack, row: Row, expected: Expected, scratch: str) -> None:
        self.tool, self.row, self.expected, self.scratch = tool, row, expected, scratch
        self.host = tool.host
        self.shown = ""
        self.lacking: list[str] = []
        self.asked_at: float | None = None
        self.no_ssh = not expected.host_keys
        self.why_no_address = ""

    def once(self) -> Proof | None:
        """One look. ssh comes first, for it says more; the console is read anyway, for it may tell the address."""
        self.lacking = []
        asks = self._console()
        found = self._addresses()
        for address in found:
            proof = self._ssh(address)
            if proof is not None:
                return proof
        if not asks:
            return None
        self.asked_at = self.asked_at or time.monotonic()
        if found and not self.no_ssh and time.monotonic() - self.asked_at < SSHD_SECONDS:
            return None
        words = "; ".join(["its console asks for a login", *self.lacking])
        address = found[0] if found else ""
        python = guest_python.told(console_text.plain(self.shown))
        return Proof(CONSOLE, address, self._known(address), None, words, python=python)

    def said(self) -> dict[str, str]:
        """The console's last lines, for a failure."""
        lines = console_text.plain(self.shown).splitlines()[-CONSOLE_LINES:]
        return {"console": "\n".join(lines), **self.tool.logs(self.expected.name)}

    def no_python(self) -> str:
        """What is said of a guest in which one can log in, for a failure."""
        shown = guest_python.why_none(console_text.plain(self.shown))
        return f"it has got no Python: {shown or f'its /{guest_python.LOG} or cloud-init may tell why'}"

    # -- the console ---------------------------------------------------------------------------------------------------

    def _console(self) -> bool:
        log = self.host.read_bytes(waiting.console_log(self.expected.name))
        if log is not None:
            start = self.expected.console_from
            # A log that has become shorter was begun anew.
            self.shown = log[start if len(log) >= start else 0 :].decode("utf-8", "replace")
        else:
            try:
                self.shown += self.tool.console(self.row.domid, CONSOLE_SECONDS)
            except CommandFailed as error:
                self.lacking.append(str(error))
                return False
        text = console_text.last_boot(console_text.plain(self.shown))
        if console_text.asks_for_login(text, self.expected.host_name):
            return True
        self.lacking.append("its console did not ask for a login")
        return False

    # -- ssh -----------------------------------------------------------------------------------------------------------

    def _addresses(self) -> list[str]:
        """The declared address, or those that its MAC may have; none if nobody tells."""
        if self.expected.address:
            return [self.expected.address]
        if not self.expected.mac:
            self.lacking.append("it has no interface")
            return []
        shown = console_text.last_boot(console_text.plain(self.shown))
        found = addresses.known(self.host, self.expected.mac, shown)
        if not found:
            # What it hangs on does not change while a guest boots.
            why = self.why_no_address or addresses.why_none(self.host, self.expected.mac, self.expected.bridge)
            self.why_no_address = why
            self.lacking.append(why)
        return found

    def _known(self, address: str) -> tuple[str, ...]:
        return tuple(f"{address} {' '.join(key.split()[:2])}" for key in self.expected.host_keys if address)

    def _ssh(self, address: str) -> Proof | None:
        if not self.expected.host_keys:
            self.lacking.append("its host keys are not known, so nobody could tell it from another machine over ssh")
            return None
        known = self._known(address)
        self.host.remove(self.scratch)
        self.host.write_text(self.scratch, "".join(f"{line}\n" for line in known), mode=0o600)
        before = time.time()
        try:
            result = self.host.try_run(_ssh_command(self.expected, self.scratch, address), timeout=SSH_SECONDS)
        except CommandFailed as error:
            self.lacking.append(str(error))
            return None
        finally:
            self.host.remove(self.scratch)
        after = time.time()
        said = result.stdout.split()
        if result.rc != 0 or not said or not said[-1].isdigit():
            self.no_ssh = "Permission denied" in result.tail
            self.lacking.append(f"ssh to {address}: {_why(result.tail)}")
            return None
        # date(1) leaves the rest of its second away, and was somewhere between the two looks at this clock.
        told, margin = float(said[-1]) + 0.5, 0.5 + (after - before) / 2
        clock = round(told - (before + after) / 2, 1)
        words = f"a login over ssh from dom0 to {address}, with a host key that the installation knows"
        return Proof(SSH, address, known, clock, words, round(margin, 1), guest_python.chosen(said[:-1]))


def _ssh_command(expected: Expected, known_hosts: str, address: str) -> list[str]:
    options = {
        "BatchMode": "yes",
        "CheckHostIP": "no",
        "ConnectTimeout": str(CONNECT_SECONDS),
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": known_hosts,
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    key = ["-i", expected.key] if expected.key else []
    return ["/usr/bin/ssh", "-F", "/dev/null", *words, *key, "-l", expected.user, address, guest_python.LOOK]


def _why(tail: str) -> str:
    """ssh's words as the admin needs them."""
    if "REMOTE HOST IDENTIFICATION HAS CHANGED" in tail or "Host key verification failed" in tail:
        return "another machine answers there: its host key is none of the guest's"
    if "Permission denied" in tail:
        return "the guest answers with its own host key and lets nobody in"
    lines = tail.splitlines()
    return lines[-1] if lines else "it printed nothing"
