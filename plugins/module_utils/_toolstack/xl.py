# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The xl toolstack. Nothing else in the collection calls xl.

Guests are addressed by domain id, never by name: to xl a name of digits is an id, and two domains can have one name.
An id is never given twice while the machine is up. Domain 0 is refused here, whatever the caller thinks.
"""

from __future__ import annotations

import sys
from typing import Any

from .._change import CommandFailed, XenError
from .._formats.xl import xl_json, xl_output, xl_tables
from .._formats.xl.xl_output import Row
from .._host import Host
from . import answers, waiting, xl_devices
from .answers import parsed
from .xl_call import SET_SECONDS, change, dead_store, paths, query

NAME = "xl"
# The configuration files that it reads (see _resources/guests/declare/config.py).
DIALECT = "xl"
DESTROY_SECONDS = 120.0
MAX_NESTED_PAUSES = 16
LOG_DIR = "/var/log/xen"

# This module, as the functions of ``waiting`` take it.
TOOL: Any = sys.modules[__name__]
cause = xl_output.cause
domain_ids = xl_output.domain_ids

attach_disk = xl_devices.attach_disk
detach_disk = xl_devices.detach_disk
attach_nic = xl_devices.attach_nic
detach_nic = xl_devices.detach_nic
insert_cd = xl_devices.insert_cd


# -- the life test -----------------------------------------------------------------------------------------------------


def alive(host: Host) -> tuple[bool, str]:
    """Whether xl can be called at all, and if not, why and what to do.

    With xenstored dead xl goes into uninterruptible sleep, which no signal and no time limit ends (record
    xenstored-dead-hang, NetBSD 7.99.10). So this looks without calling it.
    """
    problem = waiting.not_dom0(host)
    if problem:
        return False, problem
    if not host.exists(paths(host.system).xl):
        return False, f"{paths(host.system).xl} is missing: the Xen tools are not installed."
    dead = dead_store(host)
    return not dead, dead


# -- queries -----------------------------------------------------------------------------------------------------------


def rows(host: Host) -> list[Row]:
    """``xl list``: every domain, domain 0 included. Raises CommandFailed."""
    return parsed(xl_output.parse_list, query(host, "list"))


def configs(host: Host) -> dict[int, dict[str, Any]]:
    """``xl list -l``: every domain's live configuration by domain id. Raises CommandFailed."""
    return parsed(xl_output.parse_list_long, query(host, "list", "-l"))


def domains(host: Host, pools: bool = False, pins: bool = False, shares: bool = False) -> list[dict[str, Any]]:
    """Every domain but domain 0, as plain data.

    Each has ``name``, ``domid``, ``used`` (its memory in MiB), ``online_vcpus``, ``state`` (xl's six letters), and
    ``config``: the live configuration in the words of xl.cfg, or None if it is not known. With ``pools`` also
    ``pool``; with ``pins`` also ``cpus``, the real CPUs that each virtual one may run on (text by number), which costs
    another call. ``shares`` asks for weight and cap, which xl always has in the configuration. Raises CommandFailed.
    """
    long = configs(host)
    found = [row for row in _rows_with_pools(host, pools) if row.domid != 0]
    if any(row.domid not in long and not row.dying for row in found):
        long = configs(host)  # one was born between the two calls
    pinned = answers.pins(parsed(xl_tables.parse_vcpu_list, query(host, "vcpu-list"))) if pins and found else {}
    return [_domain(row, long.get(row.domid), pinned.get(row.domid)) for row in found]


def _domain(row: Row, config: dict[str, Any] | None, pinned: dict[str, str] | None) -> dict[str, Any]:
    return answers.domain(row, xl_json.settled(config) if config else None, row.pool, pinned)


def _rows_with_pools(host: Host, pools: bool) -> list[Row]:
    return parsed(xl_output.parse_list, query(host, "list", "-c")) if pools else rows(host)


def info(host: Host) -> dict[str, str]:
    """``xl info``: key to value; memory in MiB. Works with xenstored dead too (record info). Raises CommandFailed."""
    return xl_output.parse_info(query(host, "info").stdout)


def pools(host: Host) -> list[str]:
    """The names of the CPU pools. Raises CommandFailed."""
    return [pool.name for pool in parsed(xl_tables.parse_cpupool_list, query(host, "cpupool-list"))]


def managed(host: Host) -> list[str]:
    """The guests that the toolstack keeps although they don't run: none, because xl keeps no list of its own."""
    return []


def guest_log(name: str) -> str:
    """The file to which a guest's xl process writes while the guest runs."""
    return f"{LOG_DIR}/xl-{name}.log"


def logs(host: Host, name: str) -> dict[str, str]:
    """The last lines of a guest's logs."""
    return {
        "xl_log": waiting.log_tail(host, guest_log(name)),
        "console_log": waiting.log_tail(host, waiting.console_log(name)),
    }


def birth_mark(host: Host, name: str) -> str:
    """A mark of the ``xl create`` that a guest comes from: its log's first line, with its domain and process id. A
    guest that reboots keeps it, and keeps its old configuration too (record after-reboot, NetBSD 7.99.10)."""
    content = host.read_bytes(guest_log(name)) or b""
    return content.split(b"\n", 1)[0].decode("utf-8", "replace")


# -- starting ----------------------------------------------------------------------------------------------------------


def create(host: Host, config_path: str, name: str, before: set[int], paused: bool = False) -> Row:
    """Start a guest from its configuration file, or with ``paused`` make it ready to run, and return its row.

    ``before`` are the domains that are there already. Raises CommandFailed; see ``waiting.start``.
    """
    options = ["-p"] if paused else []
    return waiting.start(TOOL, host, [paths(host.system).xl, "create", *options, config_path], name, before)


def restore(host: Host, path: str, name: str, before: set[int], paused: bool = False) -> Row:
    """Let a saved guest go on from its file and return its row. Raises CommandFailed; see ``waiting.start``."""
    options = ["-p"] if paused else []
    return waiting.start(TOOL, host, [paths(host.system).xl, "restore", *options, path], name, before)


# -- stopping ----------------------------------------------------------------------------------------------------------


def shutdown(host: Host, row: Row, seconds: float) -> bool:
    """Ask a guest to shut down and wait until its domain is gone. False if it is still there after ``seconds``."""
    return waiting.shutdown(TOOL, host, row, seconds, lambda: _request(host, "shutdown", row.domid, seconds))


def reboot(host: Host, row: Row, seconds: float) -> Row:
    """Ask a guest to reboot and wait for its new domain. Raises XenError if none comes within ``seconds``."""
    return waiting.reboot(TOOL, host, row, seconds, lambda: _request(host, "reboot", row.domid, seconds))


def _request(host: Host, verb: str, domid: int, seconds: float) -> None:
    """Whether it works is seen in the list of domains; status and time of the command say little (records
    shutdown_grub_timeout (xl 4.20), final-prompt-shutdown (NetBSD 7.99.10): it blocks without -w as well)."""
    xl = paths(host.system).xl
    try:
        result = host.try_run([xl, verb, str(waiting.checked(domid))], timeout=max(seconds, 1.0))
        if "PV control interface not available" in result.stderr:
            host.try_run([xl, verb, "-F", str(domid)], timeout=max(seconds, 1.0))
    except CommandFailed:
        return


def destroy(host: Host, domid: int) -> None:
    """Stop a guest at once and wait until its domain is gone. Raises CommandFailed if it is still there."""
    argv = [paths(host.system).xl, "destroy", str(waiting.checked(domid))]
    waiting.destroy(TOOL, host, argv, domid, DESTROY_SECONDS)


def save(host: Host, row: Row, path: str, seconds: float) -> None:
    """Write a guest's memory to a file and end its domain. Raises CommandFailed; the guest runs on then.

    A guest that does not acknowledge the request within a minute runs on (record save, NetBSD 7.99.10).
    """
    change(host, seconds, "save", str(waiting.checked(row.domid)), path)


def unanswered(error: CommandFailed) -> bool:
    """Whether a guest did not answer the request to save itself, which libxl has taken back then (record save-running,
    NetBSD 7.99.10)."""
    return "didn't acknowledge suspend" in str(error)


# -- while it runs -----------------------------------------------------------------------------------------------------


def pause(host: Host, row: Row) -> None:
    """Stop a guest's virtual CPUs, once: pauses nest."""
    if not row.paused:
        result = change(host, SET_SECONDS, "pause", str(waiting.checked(row.domid)))
        waiting.check_paused(TOOL, host, row, list(result.argv), cause(result.stderr))


def unpause(host: Host, row: Row) -> None:
    """Let a paused guest run. Pauses nest (record pause_twice, xl 4.20), so this goes on until it does."""
    for _attempt in range(MAX_NESTED_PAUSES):
        change(host, SET_SECONDS, "unpause", str(waiting.checked(row.domid)))
        found = waiting.find(TOOL, host, row.domid)
        if found is None or not found.paused:
            return
    raise XenError(
        f"{row.name} is still paused after {MAX_NESTED_PAUSES} times xl unpause; something keeps pausing it."
    )


def rename(host: Host, domid: int, name: str) -> None:
    """Give a running guest another name."""
    change(host, SET_SECONDS, "rename", str(waiting.checked(domid)), name)


def set_memory(host: Host, domid: int, mebibytes: int) -> None:
    """Set a running guest's memory target. The suffix is there because xl(1) and xl differ on the unit of a bare
    number."""
    change(host, SET_SECONDS, "mem-set", str(waiting.checked(domid)), f"{mebibytes}m")


def set_vcpus(host: Host, domid: int, count: int) -> None:
    """Set the number of virtual CPUs that a running guest may use."""
    change(host, SET_SECONDS, "vcpu-set", str(waiting.checked(domid)), str(count))


def pin(host: Host, domid: int, vcpu: str, cpus: str) -> None:
    """Let one virtual CPU (a number, or ``all``) run only on these real ones (``0-3,^1``, ``all``)."""
    change(host, SET_SECONDS, "vcpu-pin", str(waiting.checked(domid)), vcpu, cpus)


def set_weight(host: Host, domid: int, weight: int | None, cap: int | None) -> None:
    """Set a guest's share of the CPUs; None leaves a value as it is.

    The scheduler is asked for first, because xl's command of another one exits 0 and does nothing (record
    sched_credit_wrong_set, xl 4.20).
    """
    scheduler = info(host).get("xen_scheduler", "")
    if scheduler not in ("credit", "credit2"):
        raise XenError(f"The hypervisor's scheduler is {scheduler!r}, which knows no weight and no cap.")
    values = [("-w", weight), ("-c", cap)]
    words = [word for option, value in values if value is not None for word in (option, str(value))]
    change(host, SET_SECONDS, f"sched-{scheduler}", "-d", str(waiting.checked(domid)), *words)


def set_pool(host: Host, domid: int, pool: str) -> None:
    """Move a guest to another CPU pool."""
    change(host, SET_SECONDS, "cpupool-migrate", str(waiting.checked(domid)), pool)


def dump_core(host: Host, domid: int, path: str, seconds: float) -> None:
    """Write a guest's memory to a file while it is paused; it goes on afterwards."""
    change(host, seconds, "dump-core", str(waiting.checked(domid)), path)


def migrate(host: Host, domid: int, target: str, ssh_command: str, seconds: float) -> None:
    """Move a running guest to another machine by ssh. Its domain is gone from here afterwards."""
    options = ["-s", ssh_command] if ssh_command else []
    change(host, seconds, "migrate", *options, str(waiting.checked(domid)), target)
