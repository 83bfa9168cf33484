# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What every toolstack needs around its commands: looking until a domain is what it should be, and making sure that a
failed start leaves nothing behind.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from .. import _progress
from .._change import CommandFailed, XenError
from .._formats.xl import xl_output
from .._formats.xl.xl_output import Row
from .._host import Host
from .._kernel import PRIVCMD
from .interface import Toolstack

POLL_SECONDS = 0.5
GONE_SECONDS = 60.0
# How long a domain of which nobody knows whose it was is waited for while it is taken apart: it takes some seconds
# (record destroy-five, NetBSD 7.99.10), and one that something in dom0 holds stays for good.
GOING_SECONDS = 15.0
# A domain that is down is restarted or taken apart by its toolstack, within a moment if that lives.
DOWN_SECONDS = 5.0
START_SECONDS = 300.0
# libxl gives a guest a minute to answer a request, and says so a little later.
ANSWER_SECONDS = 90.0
AGAIN_SECONDS = 5.0
MAX_NESTED_PAUSES = 16
LOG_TAIL_LINES = 15
LOG_TAIL_CHARACTERS = 4000


# -- the machine -------------------------------------------------------------------------------------------------------


def not_dom0(host: Host) -> str:
    """Why this machine is no dom0, and what to do about it; empty if it is one."""
    if host.system == "NetBSD":
        if host.exists(PRIVCMD):
            return ""
        return (
            f"this machine is no dom0: {PRIVCMD} is missing. Boot it under Xen with a XEN3_DOM0 kernel; "
            "if it is, mount kernfs on /kern."
        )
    if "control_d" in (host.read_text("/proc/xen/capabilities") or ""):
        return ""
    return "this machine is no dom0: /proc/xen/capabilities does not say control_d. Boot it under Xen."


def console_log(name: str) -> str:
    """Where xenconsoled logs a guest's console, if it was told to (tools/console/daemon/io.c, create_domain_log)."""
    return f"/var/log/xen/console/guest-{name}.log"


# -- looking -----------------------------------------------------------------------------------------------------------


def find(tool: Toolstack, domid: int) -> Row | None:
    """The domain of an id, or None. It may be dying."""
    return next((row for row in tool.rows() if row.domid == domid), None)


def named(tool: Toolstack, name: str) -> list[Row]:
    """The domains of a name, without one that is already being taken apart."""
    return [row for row in tool.rows() if row.name == name and not row.dying]


def gone(tool: Toolstack, domid: int, seconds: float = GONE_SECONDS) -> bool:
    """Wait until a domain id is not listed any more. A destroyed domain stays a moment, and with it its disks."""
    return until(lambda: find(tool, domid) is None, seconds)


def settled(tool: Toolstack, name: str, seconds: float = DOWN_SECONDS) -> list[Row]:
    """The domains of a name after those that are down have had their time to be restarted or removed by their
    toolstack."""
    deadline = time.monotonic() + seconds
    while True:
        found = named(tool, name)
        if not any(row.down for row in found) or time.monotonic() > deadline:
            return found
        time.sleep(POLL_SECONDS)


def memory(tool: Toolstack, domid: int, mebibytes: int, slack: int, seconds: float) -> Row | None:
    """Wait until a guest has taken or given the memory; its last row, or None if it is gone."""
    return _shown(tool, domid, lambda row: abs(row.memory - mebibytes) <= slack, seconds)


def vcpus(tool: Toolstack, domid: int, count: int, seconds: float) -> Row | None:
    """Wait until a guest uses so many virtual CPUs; its last row, or None if it is gone."""
    return _shown(tool, domid, lambda row: row.vcpus == count, seconds)


def _shown(tool: Toolstack, domid: int, wanted: Callable[[Row], bool], seconds: float) -> Row | None:
    deadline = time.monotonic() + seconds
    while True:
        found = find(tool, domid)
        if found is None or wanted(found) or time.monotonic() > deadline:
            return found
        time.sleep(POLL_SECONDS)


def check_paused(tool: Toolstack, row: Row, argv: list[str], why: str) -> None:
    """Raises CommandFailed if a guest that was paused by a command is not: it ends with 0 whatever happens (record
    xl-pause-missing, NetBSD 7.99.10). ``why`` is what it said."""
    found = find(tool, row.domid)
    if found is not None and not found.paused:
        said = why or "it printed nothing"
        text = f"{' '.join(argv)} ended with status 0, and {row.name} is not paused: {said}"
        raise CommandFailed(text, command=argv, rc=0, cause=said)


def unpause(tool: Toolstack, row: Row, once: Callable[[], object]) -> None:
    """Let a paused guest run by ``once``, a command, again and again: pauses nest (record pause_twice, xl 4.20). Raises
    XenError if it is paused after all."""
    for _attempt in range(MAX_NESTED_PAUSES):
        once()
        found = find(tool, row.domid)
        if found is None or not found.paused:
            return
    raise XenError(
        f"{row.name} is still paused after {MAX_NESTED_PAUSES} times {tool.name} unpause; something keeps pausing it."
    )


def until(reached: Callable[[], bool], seconds: float) -> bool:
    """Look again and again; False if it was not so within ``seconds``. It is looked at least once."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


# -- starting ----------------------------------------------------------------------------------------------------------


def start(tool: Toolstack, argv: list[str], name: str, before: set[int]) -> Row:
    """Run a command that creates or restores a guest, and return the guest's row. ``before`` are the domains that are
    there already.

    Raises CommandFailed, with what the command, the logs and the console said, if it did not come up. A domain that a
    failed command left behind is destroyed.
    """
    try:
        with _progress.during(name, "starts"):
            result = tool.host.try_run(argv, timeout=START_SECONDS)
    except CommandFailed as error:
        cleaned = _clean_up(tool, name, before, "")
        raise _start_failed(tool, name, argv, None, str(error), cleaned) from error
    if result.rc != 0:
        why = tool.cause(result.stderr) or "it printed nothing"
        cleaned = _clean_up(tool, name, before, result.stderr)
        raise _start_failed(tool, name, argv, result.rc, why, cleaned)
    new = [row for row in named(tool, name) if row.domid not in before]
    if not new:
        why = "it reported success, but no such domain is there now: the guest has probably died at once"
        raise _start_failed(tool, name, argv, result.rc, why, "")
    if len(new) > 1:
        why = "somebody else started it at the same time"
        raise _start_failed(tool, name, argv, result.rc, why, several(new))
    return new[0]


def _clean_up(tool: Toolstack, name: str, before: set[int], stderr: str) -> str:
    """After a failed start: destroy what it left, and nothing that other hands have started meanwhile.

    xl can fail and leave a domain (record create_name_slash, xl 4.20). Where its messages name domains, ours is among
    those.
    """
    ours = tool.domain_ids(stderr)
    try:
        found = named(tool, name)
    except CommandFailed as error:
        return f" What it left behind could not be looked at: {error}"
    left = [row for row in found if row.domid not in before and (not ours or row.domid in ours)]
    if len(left) > 1:
        return several(left)
    for row in left:
        tool.destroy(row.domid)
    return f" The half-made domain {left[0].domid} that it left behind was destroyed." if left else ""


def several(found: list[Row]) -> str:
    """Words for domains that should be one."""
    ids = ", ".join(str(row.domid) for row in sorted(found, key=lambda row: row.domid))
    return f" Now the domains {ids} have this name; look which one is right and destroy the others by id."


def _start_failed(
    tool: Toolstack, name: str, argv: list[str], rc: int | None, why: str, cleaned: str
) -> CommandFailed:
    ending = "did not end" if rc is None else f"ended with status {rc}"
    return CommandFailed(
        f"{' '.join(argv)} {ending}: {why}.{cleaned}", command=argv, rc=rc, cause=why, **tool.logs(name)
    )


def log_tail(host: Host, path: str) -> str:
    """The last lines of a log, made safe to print; empty if there is none."""
    content = host.read_bytes(path)
    if not content:
        return ""
    text = xl_output.printable(content[-LOG_TAIL_CHARACTERS:].decode("utf-8", "replace"))
    return "\n".join(text.splitlines()[-LOG_TAIL_LINES:])


# -- stopping ----------------------------------------------------------------------------------------------------------


def shutdown(tool: Toolstack, row: Row, seconds: float, request: Callable[[], None]) -> bool:
    """Have a guest shut down by ``request`` and wait until its domain is gone. False if it is still there after
    ``seconds``.

    A domain that has shut down and that nobody takes apart, because its toolstack's process is gone, is destroyed here.
    """
    with _progress.during(row.name, f"shuts down, for which it has {seconds:.0f} seconds"):
        return _shut_down(tool, row, seconds, request)


def _shut_down(tool: Toolstack, row: Row, seconds: float, request: Callable[[], None]) -> bool:
    deadline = time.monotonic() + seconds
    if row.paused:
        # A paused guest can't answer, and xl would wait for its answer (record shutdown-paused, NetBSD 7.99.10).
        tool.unpause(row)
    if not row.down:
        request()
    down_since = None
    while True:
        left, now = find(tool, row.domid), time.monotonic()
        if left is None or left.dying:
            return gone(tool, row.domid)
        if left.down:
            down_since = now if down_since is None else down_since
            if now - down_since > DOWN_SECONDS:
                tool.destroy(row.domid)
                return True
        elif now > deadline:
            return False
        time.sleep(POLL_SECONDS)


def suspend(tool: Toolstack, row: Row, seconds: float, ask: Callable[[float], None], option: str) -> None:
    """Have a guest suspend itself by ``ask``, a command that may take so many seconds, and ask again for ``seconds``.

    A guest that is still booting does not answer, and the toolstack takes its request back after a minute (record
    save-running, NetBSD 7.99.10): seconds later it works. The command itself is never ended while it waits for the
    answer: its request would stand, and the guest would suspend itself for nobody. ``option`` is what gives it more
    time. Raises CommandFailed.
    """
    begin = time.monotonic()
    asked = 0
    while True:
        asked += 1
        asked_at = time.monotonic()
        left = begin + seconds - asked_at
        try:
            with _progress.during(row.name, "was asked to suspend itself"):
                ask(max(left, ANSWER_SECONDS))
            return
        except CommandFailed as error:
            found = find(tool, row.domid)
            if not tool.unanswered(error) or found is None or found.dying:
                raise
            took = time.monotonic() - asked_at
            if left - took < AGAIN_SECONDS + took:
                raise _unanswered(tool, row, asked, time.monotonic() - begin, option, error) from error
        time.sleep(AGAIN_SECONDS)


def _unanswered(
    tool: Toolstack, row: Row, asked: int, seconds: float, option: str, error: CommandFailed
) -> CommandFailed:
    times = {1: "once", 2: "twice"}.get(asked, f"{asked} times")
    return CommandFailed(
        f"{row.name} was asked {times} within {seconds:.0f} seconds to suspend itself, did not answer, and runs on "
        f"({error.details.get('cause', error)}). A NetBSD guest needs powerd for it (powerd=YES in its rc.conf), and "
        f"must have booted: look at its console. A longer {option} gives it more time.",
        **dict(error.details, **tool.logs(row.name)),
    )


def destroy(tool: Toolstack, argv: list[str], domid: int, seconds: float) -> None:
    """Run a command that stops a guest at once and wait until its domain is gone. Raises CommandFailed if it stays."""
    result = tool.host.try_run(argv, timeout=seconds)
    # While it is shutting down by itself a destroy can fail although all is well, so the list decides.
    if not gone(tool, domid):
        raise CommandFailed(
            f"{' '.join(argv)} ended with status {result.rc}, and the domain is still there: "
            f"{tool.cause(result.stderr) or 'it printed nothing'}",
            command=argv,
            rc=result.rc,
        )


def reboot(tool: Toolstack, row: Row, seconds: float, request: Callable[[], None]) -> Row:
    """Have a guest reboot by ``request`` and return its new row: a reboot gives a new domain id (record xl-reboot,
    NetBSD 7.99.10).

    Raises XenError if no new domain of the name is there after ``seconds``.
    """
    deadline = time.monotonic() + seconds
    with _progress.during(row.name, "reboots"):
        request()
        while True:
            left = named(tool, row.name)
            new = [each for each in left if each.domid != row.domid and not each.down]
            if new:
                return new[0]
            if time.monotonic() > deadline:
                break
            time.sleep(POLL_SECONDS)
    if any(each.domid == row.domid and not each.down for each in left):
        found = (
            f"it still runs as domain {row.domid}: it did not answer the request (has it booted, and is powerd running "
            "in it?)"
        )
    elif left:
        found = f"domain {left[0].domid} is down and stays: its toolstack's process is gone, or its on_reboot says so"
    else:
        found = "its domain has gone and no new one has come: its on_reboot does not restart it"
    why = f"{row.name} was asked to reboot, and after {seconds:g} seconds {found}."
    raise XenError(why, **tool.logs(row.name))


def checked(domid: int) -> int:
    """The id of a guest, for a command. Raises XenError for domain 0, whatever the caller thinks."""
    if domid <= 0:
        raise XenError("Domain 0 is this machine itself; no guest command is ever given for it.")
    return domid
