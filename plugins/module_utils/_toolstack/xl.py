# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The xl toolstack. Nothing else in the collection calls xl.

Guests are addressed by domain id, never by name: to xl a name of digits is an id, and two domains can have one name.
An id is never given twice while the machine is up. Domain 0 is refused here, whatever the caller thinks.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats import xl_output
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl_output import Row
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host, Result

QUERY_SECONDS = 60.0
CREATE_SECONDS = 300.0
SET_SECONDS = 60.0
DESTROY_SECONDS = 120.0
POLL_SECONDS = 0.5
GONE_SECONDS = 60.0
# A domain that is down is restarted or taken apart by its own xl, within a moment if that lives.
DOWN_SECONDS = 5.0
LOG_TAIL_LINES = 15
LOG_TAIL_CHARACTERS = 4000
MAX_NESTED_PAUSES = 16
XENSTORE_DAEMONS = ("xenstored", "oxenstored")


@dataclass(frozen=True)
class Paths:
    """Where a system keeps its xl."""

    xl: str
    config_dir: str
    how_to_start: str


_PATHS = {
    "NetBSD": Paths("/usr/pkg/sbin/xl", "/usr/pkg/etc/xen", "/etc/rc.d/xencommons onestart"),
    "Linux": Paths("/usr/sbin/xl", "/etc/xen", "systemctl start xenstored"),
}
LOG_DIR = "/var/log/xen"


def paths(system: str) -> Paths:
    """The paths of a system by its ``uname -s``."""
    return _PATHS.get(system, _PATHS["NetBSD"])


# -- the life test -----------------------------------------------------------------------------------------------------


def alive(host: Host) -> tuple[bool, str]:
    """Whether xl can be called at all, and if not, why and what to do.

    With xenstored dead xl goes into uninterruptible sleep, which no signal and no time limit ends (record
    xenstored-dead-hang, NetBSD 7.99.10). So this looks without calling it.
    """
    problem = _not_dom0(host)
    if problem:
        return False, problem
    if not host.exists(paths(host.system).xl):
        return False, f"{paths(host.system).xl} is missing: the Xen tools are not installed."
    # One word a process: the daemon's name without its path. A dead process that nobody has waited for has another
    # name.
    table = host.run(["/bin/ps", "-axo", "pid=,comm="]).stdout
    for line in table.splitlines():
        words = line.split()
        if len(words) == 2 and words[1].rsplit("/", 1)[-1] in XENSTORE_DAEMONS:
            return True, ""
    return False, (
        "xenstored is not running, and without it xl would hang beyond any help. "
        f"Start it: {paths(host.system).how_to_start}. "
        "If guests are running, a new xenstored does not know them: shut them down from inside and reboot the host."
    )


def _not_dom0(host: Host) -> str:
    if host.system == "NetBSD":
        if host.exists("/kern/xen/privcmd"):
            return ""
        return (
            "this machine is no dom0: /kern/xen/privcmd is missing. Boot it under Xen with a XEN3_DOM0 kernel; "
            "if it is, mount kernfs on /kern."
        )
    if "control_d" in (host.read_text("/proc/xen/capabilities") or ""):
        return ""
    return "this machine is no dom0: /proc/xen/capabilities does not say control_d. Boot it under Xen."


# -- queries -----------------------------------------------------------------------------------------------------------


def rows(host: Host) -> list[Row]:
    """``xl list``: every domain, domain 0 included. Raises CommandFailed."""
    result = _query(host, "list")
    try:
        return xl_output.parse_list(result.stdout)
    except ValueError as error:
        raise CommandFailed(str(error), command=list(result.argv), rc=result.rc, output=result.tail) from error


def configs(host: Host) -> dict[int, dict[str, Any]]:
    """``xl list -l``: every domain's live configuration by domain id. Raises CommandFailed."""
    result = _query(host, "list", "-l")
    try:
        return xl_output.parse_list_long(result.stdout)
    except ValueError as error:
        raise CommandFailed(str(error), command=list(result.argv), rc=result.rc, output=result.tail) from error


def info(host: Host) -> dict[str, str]:
    """``xl info``: key to value; memory in MiB. Works with xenstored dead too (record info). Raises CommandFailed."""
    return xl_output.parse_info(_query(host, "info").stdout)


def named(host: Host, name: str) -> list[Row]:
    """The domains of a name, without one that is already being taken apart."""
    return [row for row in rows(host) if row.name == name and not row.dying]


# -- acts --------------------------------------------------------------------------------------------------------------


def create(host: Host, config_path: str, name: str, before: set[int]) -> Row:
    """Start a guest from its configuration file and return its row. ``before`` are the domains that are there already.

    Raises CommandFailed, with what xl, its log and the console said, if it did not come up. A domain that a failed
    create left behind is destroyed.
    """
    argv = [paths(host.system).xl, "create", config_path]
    try:
        result = host.try_run(argv, timeout=CREATE_SECONDS)
    except CommandFailed as error:
        raise _create_failed(host, name, argv, None, str(error), _clean_up(host, name, before, "")) from error
    if result.rc != 0:
        why = xl_output.cause(result.stderr) or "it printed nothing"
        raise _create_failed(host, name, argv, result.rc, why, _clean_up(host, name, before, result.stderr))
    new = [row for row in named(host, name) if row.domid not in before]
    if not new:
        why = "xl reported success, but no such domain is there now: the guest has probably died at once"
        raise _create_failed(host, name, argv, result.rc, why, "")
    if len(new) > 1:
        raise _create_failed(host, name, argv, result.rc, "somebody else started it at the same time", _several(new))
    return new[0]


def _clean_up(host: Host, name: str, before: set[int], stderr: str) -> str:
    """After a failed create: destroy what it left, and nothing that other hands have started meanwhile.

    xl can fail and leave a domain (record create_name_slash, xl 4.20). Where its messages name domains, ours is among
    those.
    """
    ours = xl_output.domain_ids(stderr)
    left = [row for row in named(host, name) if row.domid not in before and (not ours or row.domid in ours)]
    if len(left) > 1:
        return _several(left)
    for row in left:
        destroy(host, row.domid)
    return f" The half-made domain {left[0].domid} that it left behind was destroyed." if left else ""


def _several(found: list[Row]) -> str:
    ids = ", ".join(str(row.domid) for row in sorted(found, key=lambda row: row.domid))
    return f" Now the domains {ids} have this name; look which one is right and destroy the others by id."


def _create_failed(host: Host, name: str, argv: list[str], rc: int | None, why: str, cleaned: str) -> CommandFailed:
    ending = "did not end" if rc is None else f"ended with status {rc}"
    return CommandFailed(
        f"{' '.join(argv)} {ending}: {why}.{cleaned}",
        command=argv,
        rc=rc,
        cause=why,
        xl_log=log_tail(host, f"{LOG_DIR}/xl-{name}.log"),
        console_log=log_tail(host, f"{LOG_DIR}/console/guest-{name}.log"),
    )


def log_tail(host: Host, path: str) -> str:
    """The last lines of a log, made safe to print; empty if there is none."""
    content = host.read_bytes(path)
    if not content:
        return ""
    text = xl_output.printable(content[-LOG_TAIL_CHARACTERS:].decode("utf-8", "replace"))
    return "\n".join(text.splitlines()[-LOG_TAIL_LINES:])


def shutdown(host: Host, row: Row, seconds: float) -> bool:
    """Ask a guest to shut down and wait until its domain is gone. False if it is still there after ``seconds``.

    A domain that has shut down and that nobody takes apart, because its xl is gone, is destroyed here.
    """
    domid = _checked(row.domid)
    deadline = time.monotonic() + seconds
    if row.paused:
        # A paused guest can't answer, and xl would wait for its answer (record shutdown-paused, NetBSD 7.99.10).
        unpause(host, row)
    if not row.down:
        _request_shutdown(host, domid, seconds)
    down_since = None
    while True:
        left, now = _find(host, domid), time.monotonic()
        if left is None or left.dying:
            return wait_gone(host, domid)
        if left.down:
            down_since = now if down_since is None else down_since
            if now - down_since > DOWN_SECONDS:
                destroy(host, domid)
                return True
        elif now > deadline:
            return False
        time.sleep(POLL_SECONDS)


def _request_shutdown(host: Host, domid: int, seconds: float) -> None:
    """Whether it works is seen in the list of domains; status and time of ``xl shutdown`` say little (records
    shutdown_grub_timeout (xl 4.20), final-prompt-shutdown (NetBSD 7.99.10): it blocks without -w as well)."""
    xl = paths(host.system).xl
    try:
        result = host.try_run([xl, "shutdown", "-w", str(domid)], timeout=max(seconds, 1.0))
    except CommandFailed:
        return
    if "PV control interface not available" in result.stderr:
        try:
            host.try_run([xl, "shutdown", "-w", "-F", str(domid)], timeout=max(seconds, 1.0))
        except CommandFailed:
            return


def destroy(host: Host, domid: int) -> None:
    """Stop a guest at once and wait until its domain is gone. Raises CommandFailed if it is still there."""
    argv = [paths(host.system).xl, "destroy", str(_checked(domid))]
    result = host.try_run(argv, timeout=DESTROY_SECONDS)
    # While it is shutting down by itself a destroy can fail although all is well, so the list decides.
    if not wait_gone(host, domid):
        raise CommandFailed(
            f"{' '.join(argv)} ended with status {result.rc}, and the domain is still there: "
            f"{xl_output.cause(result.stderr) or 'it printed nothing'}",
            command=argv,
            rc=result.rc,
        )


def unpause(host: Host, row: Row) -> None:
    """Let a paused guest run. Pauses nest (record pause_twice, xl 4.20), so this goes on until it does."""
    for _attempt in range(MAX_NESTED_PAUSES):
        host.run([paths(host.system).xl, "unpause", str(_checked(row.domid))], timeout=SET_SECONDS)
        found = _find(host, row.domid)
        if found is None or not found.paused:
            return
    raise XenError(
        f"{row.name} is still paused after {MAX_NESTED_PAUSES} times xl unpause; something keeps pausing it."
    )


def set_memory(host: Host, domid: int, mebibytes: int) -> None:
    """Set a running guest's memory target. The suffix is there because xl(1) and xl differ on the unit of a bare
    number."""
    host.run([paths(host.system).xl, "mem-set", str(_checked(domid)), f"{mebibytes}m"], timeout=SET_SECONDS)


def set_vcpus(host: Host, domid: int, count: int) -> None:
    """Set the number of virtual CPUs that a running guest may use."""
    host.run([paths(host.system).xl, "vcpu-set", str(_checked(domid)), str(count)], timeout=SET_SECONDS)


def wait_memory(host: Host, domid: int, mebibytes: int, slack: int, seconds: float) -> Row | None:
    """Wait until a guest has taken or given the memory; its last row, or None if it is gone."""
    deadline = time.monotonic() + seconds
    while True:
        found = _find(host, domid)
        if found is None or abs(found.memory - mebibytes) <= slack or time.monotonic() > deadline:
            return found
        time.sleep(POLL_SECONDS)


def wait_gone(host: Host, domid: int, seconds: float = GONE_SECONDS) -> bool:
    """Wait until a domain id is not listed any more. A destroyed domain stays a moment, and with it its disks."""
    deadline = time.monotonic() + seconds
    while _find(host, domid) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def wait_settled(host: Host, name: str, seconds: float = DOWN_SECONDS) -> list[Row]:
    """The domains of a name after those that are down have had their time to be restarted or removed by their own
    xl."""
    deadline = time.monotonic() + seconds
    while True:
        found = named(host, name)
        if not any(row.down for row in found) or time.monotonic() > deadline:
            return found
        time.sleep(POLL_SECONDS)


def _find(host: Host, domid: int) -> Row | None:
    return next((row for row in rows(host) if row.domid == domid), None)


def _query(host: Host, *words: str) -> Result:
    return host.run([paths(host.system).xl, *words], timeout=QUERY_SECONDS)


def _checked(domid: int) -> int:
    if domid <= 0:
        raise XenError("Domain 0 is this machine itself; no guest command is ever given for it.")
    return domid
