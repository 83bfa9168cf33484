# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The xm toolstack of Xen 3.1 to 4.2, which asks the daemon xend. Nothing else in the collection calls xm.

It has the functions of ``xl``, and those of xend's managed domains besides. Guests are addressed by domain id. Domain 0
is refused here, and so is an id that is another domain's name: xend looks for names first (Xen's
tools/python/xen/xend/XendDomain.py, ``domain_lookup_nr``), and allows names of digits.

Sources of what xm does: Xen's tools/python/xen/xm/main.py and create.py of 3.1 and 4.2.
"""

from __future__ import annotations

import sys
from typing import Any

from .. import _processes
from .._change import CommandFailed, Refused, XenError
from .._formats.guest import cpuset
from .._formats.xl import xl_tables
from .._formats.xl.xl_output import Row
from .._formats.xm import xm_config, xm_output, xm_sxp
from .._host import Host
from . import answers, lost, waiting, xm_devices, xm_logs
from .answers import parsed
from .xm_call import SET_SECONDS, change, listing, paths, query, target

NAME = "xm"
# The configuration files that it reads (see _resources/guests/declare/config.py).
DIALECT = "xm"
DESTROY_SECONDS = 120.0
MAX_NESTED_PAUSES = 16
_XENCOMMONS = "/etc/rc.d/xencommons"

# This module, as the functions of ``waiting`` take it.
TOOL: Any = sys.modules[__name__]
cause = xm_output.cause

attach_disk = xm_devices.attach_disk
detach_disk = xm_devices.detach_disk
attach_nic = xm_devices.attach_nic
detach_nic = xm_devices.detach_nic
insert_cd = xm_devices.insert_cd

guest_log = xm_logs.guest_log
logs = xm_logs.logs
birth_mark = xm_logs.birth_mark


def domain_ids(_text: str) -> set[int]:
    """xm's messages do not tell of domains by their ids."""
    return set()


# -- the life test -----------------------------------------------------------------------------------------------------


def alive(host: Host) -> tuple[bool, str]:
    """Whether xm can be called at all, and if not, why and what to do. Nothing of Xen is called for it."""
    problem = waiting.not_dom0(host)
    if problem:
        return False, problem
    here = paths(host.system)
    if not host.exists(here.xm):
        return False, f"{here.xm} is missing: the Xen tools are not installed."
    running = _processes.names(host)
    if not lost.store_lives(running):
        found = lost.signs(host)
        if found:
            return False, lost.words_for_dead_store(found)
        # xencommons came with Xen 4.1; before, xend starts xenstored itself.
        first = f"{_XENCOMMONS} onestart, then " if host.exists(_XENCOMMONS) else ""
        return False, (
            f"xenstored is not running, and without it xend can't answer. Start it: {first}{here.how_to_start}."
        )
    if "xend" not in running:
        return False, f"xend is not running. Start it: {here.how_to_start}. Guests that are running are not disturbed."
    return True, ""


# -- queries -----------------------------------------------------------------------------------------------------------


def rows(host: Host) -> list[Row]:
    """``xm list``: every domain that runs, domain 0 included. Its memory is what xend has set, which is not always
    what the guest has. Raises CommandFailed."""
    return listing(host).rows


def managed(host: Host) -> list[str]:
    """The names of the domains that xend keeps and that do not run. Raises CommandFailed."""
    return listing(host).managed


def configs(host: Host) -> dict[int, dict[str, Any]]:
    """``xm list --long``: the live configuration of every domain that runs, by domain id, in the words of xl.cfg.
    Raises CommandFailed."""
    found = {}
    for form in parsed(xm_sxp.domains, query(host, "list", "--long")):
        domid = xm_sxp.domid(form)
        if domid is not None:
            found[domid] = xm_sxp.settled(form)
    return found


def domains(host: Host, pools: bool = False, pins: bool = False, shares: bool = False) -> list[dict[str, Any]]:
    """Every running domain but domain 0, as plain data; the same as ``xl.domains``. Raises CommandFailed."""
    long = configs(host)
    found = [row for row in rows(host) if row.domid != 0]
    if any(row.domid not in long and not row.dying for row in found):
        long = configs(host)  # one was born between the two calls
    pinned = answers.pins(parsed(xl_tables.parse_vcpu_list, query(host, "vcpu-list"))) if pins and found else {}
    # Xen 3.1 does not tell of them in the long list.
    if shares and any("cpu_weight" not in long.get(row.domid, {}) for row in found):
        for domid, (weight, cap) in parsed(xm_output.parse_shares, query(host, "sched-credit")).items():
            long.get(domid, {}).update(cpu_weight=weight, cap=cap)
    return [_domain(row, long.get(row.domid), pools, pinned.get(row.domid)) for row in found]


def _domain(row: Row, config: dict[str, Any] | None, pools: bool, pinned: dict[str, str] | None) -> dict[str, Any]:
    known = {key: value for key, value in (config or {}).items() if key not in ("domid", "state", "pool")}
    return answers.domain(row, known or None, (config or {}).get("pool") if pools else None, pinned)


def info(host: Host) -> dict[str, str]:
    """``xm info``: key to value; memory in MiB. Raises CommandFailed."""
    return xm_output.parse_info(query(host, "info").stdout)


def pools(host: Host) -> list[str]:
    """The names of the CPU pools; none before Xen 4.1, which has no pools. Raises CommandFailed."""
    if not _knows_pools(host):
        return []
    return [pool.name for pool in parsed(xl_tables.parse_cpupool_list, query(host, "cpupool-list"))]


def _knows_pools(host: Host) -> bool:
    version = info(host)
    numbers = [version.get(key, "") for key in ("xen_major", "xen_minor")]
    return all(number.isdigit() for number in numbers) and [int(number) for number in numbers] >= [4, 1]


# -- starting ----------------------------------------------------------------------------------------------------------


def create(host: Host, config_path: str, name: str, before: set[int], paused: bool = False) -> Row:
    """Start a guest from its configuration file, or with ``paused`` make it ready to run, and return its row.

    ``before`` are the domains that are there already. Raises CommandFailed; see ``waiting.start``. xm runs such a file
    as a program, so one that holds more than settings is refused.
    """
    _check_no_code(host, config_path)
    options = ["-p"] if paused else []
    return waiting.start(TOOL, host, [paths(host.system).xm, "create", *options, config_path], name, before)


def _check_no_code(host: Host, config_path: str) -> None:
    text = host.read_text(config_path)
    if text is None:
        raise XenError(f"The configuration file {config_path} is missing.")
    try:
        xm_config.parse(text)
    except ValueError as error:
        raise Refused(f"{config_path}, {error}. xm would run this file as a program.") from error


def restore(host: Host, path: str, name: str, before: set[int], paused: bool = False) -> Row:
    """Let a saved guest go on from its file and return its row. Raises CommandFailed; see ``waiting.start``."""
    options = ["-p"] if paused else []
    return waiting.start(TOOL, host, [paths(host.system).xm, "restore", *options, path], name, before)


# -- managed domains ---------------------------------------------------------------------------------------------------


def delete(host: Host, name: str) -> None:
    """Have xend forget a domain that it keeps and that does not run. Its disks stay."""
    found = listing(host)
    # This goes by name, so a name of digits must not be another domain's id.
    if name not in found.managed:
        raise Refused(f"{name!r} is no domain that xend keeps and that does not run; those are {found.managed}.")
    change(host, SET_SECONDS, "delete", name)


# -- stopping ----------------------------------------------------------------------------------------------------------


def shutdown(host: Host, row: Row, seconds: float) -> bool:
    """Ask a guest to shut down and wait until its domain is gone. False if it is still there after ``seconds``."""
    return waiting.shutdown(TOOL, host, row, seconds, lambda: _request(host, "shutdown", row.domid))


def reboot(host: Host, row: Row, seconds: float) -> Row:
    """Ask a guest to reboot and wait for its new domain. Raises XenError if none comes within ``seconds``."""
    return waiting.reboot(TOOL, host, row, seconds, lambda: _request(host, "reboot", row.domid))


def _request(host: Host, verb: str, domid: int) -> None:
    """Whether it works is seen in the list of domains. Without -w xm only has xend write the request."""
    try:
        host.try_run([paths(host.system).xm, verb, target(host, domid)], timeout=SET_SECONDS)
    except CommandFailed:
        return


def destroy(host: Host, domid: int) -> None:
    """Stop a guest at once and wait until its domain is gone. Raises CommandFailed if it is still there."""
    argv = [paths(host.system).xm, "destroy", target(host, domid)]
    waiting.destroy(TOOL, host, argv, domid, DESTROY_SECONDS)


def save(host: Host, row: Row, path: str, seconds: float) -> None:
    """Write a guest's memory to a file and end its domain. Raises CommandFailed; the guest runs on then."""
    change(host, seconds, "save", target(host, row.domid), path)


def unanswered(error: CommandFailed) -> bool:
    """Whether a guest did not answer the request to save itself and may be asked again. What xend says then is not
    known, so it is not."""
    return False


# -- while it runs -----------------------------------------------------------------------------------------------------


def pause(host: Host, row: Row) -> None:
    """Stop a guest's virtual CPUs."""
    if not row.paused:
        result = change(host, SET_SECONDS, "pause", target(host, row.domid))
        waiting.check_paused(TOOL, host, row, list(result.argv), cause(result.stderr))


def unpause(host: Host, row: Row) -> None:
    """Let a paused guest run, however often it was paused."""
    number = target(host, row.domid)
    for _attempt in range(MAX_NESTED_PAUSES):
        change(host, SET_SECONDS, "unpause", number)
        found = waiting.find(TOOL, host, row.domid)
        if found is None or not found.paused:
            return
    raise XenError(
        f"{row.name} is still paused after {MAX_NESTED_PAUSES} times xm unpause; something keeps pausing it."
    )


def rename(host: Host, domid: int, name: str) -> None:
    """Give a running guest another name."""
    change(host, SET_SECONDS, "rename", target(host, domid), name)


def set_memory(host: Host, domid: int, mebibytes: int) -> None:
    """Set a running guest's memory target. A bare number is MiB to xm."""
    change(host, SET_SECONDS, "mem-set", target(host, domid), str(mebibytes))


def set_vcpus(host: Host, domid: int, count: int) -> None:
    """Set the number of virtual CPUs that a running guest may use."""
    change(host, SET_SECONDS, "vcpu-set", target(host, domid), str(count))


def pin(host: Host, domid: int, vcpu: str, cpus: str) -> None:
    """Let one virtual CPU (a number, or ``all``) run only on these real ones (``0-3,^1``, ``all``)."""
    number, chosen = target(host, domid), _cpus(host, cpus)
    numbers = [vcpu] if vcpu != "all" else _vcpus(host, domid)
    for each in numbers:
        change(host, SET_SECONDS, "vcpu-pin", number, each, chosen)


def _vcpus(host: Host, domid: int) -> list[str]:
    """xm before 4 takes one virtual CPU at a time."""
    found = parsed(xl_tables.parse_vcpu_list, query(host, "vcpu-list"))
    return [str(vcpu.vcpu) for vcpu in found if vcpu.domid == domid]


def _cpus(host: Host, text: str) -> str:
    """xm knows ``all`` only alone, and no sets of nodes."""
    if text == "all" or "all" not in text and cpuset.readable(text):
        return text
    total = info(host).get("nr_cpus", "")
    if not cpuset.readable(text) or not total.isdigit():
        raise Refused(f"The CPUs {text!r}: xm does not know such a set; give the CPUs by their numbers, like 0-3.")
    return ",".join(str(cpu) for cpu in sorted(cpuset.cpus(text, int(total))))


def set_weight(host: Host, domid: int, weight: int | None, cap: int | None) -> None:
    """Set a guest's share of the CPUs; None leaves a value as it is. Only the credit scheduler has both."""
    values = [("-w", weight), ("-c", cap)]
    words = [word for option, value in values if value is not None for word in (option, str(value))]
    change(host, SET_SECONDS, "sched-credit", "-d", target(host, domid), *words)


def set_pool(host: Host, domid: int, pool: str) -> None:
    """Move a guest to another CPU pool."""
    if not _knows_pools(host):
        raise Refused(f"The CPU pool {pool}: this Xen has none; they came with Xen 4.1.")
    change(host, SET_SECONDS, "cpupool-migrate", target(host, domid), pool)


def dump_core(host: Host, domid: int, path: str, seconds: float) -> None:
    """Write a guest's memory to a file while it is paused; it goes on afterwards."""
    change(host, seconds, "dump-core", target(host, domid), path)


def migrate(host: Host, domid: int, machine: str, ssh_command: str, seconds: float) -> None:
    """Move a running guest to another machine, whose xend must accept relocations: that is how xend does it, and not by
    ssh. Its domain is gone from here afterwards."""
    if ssh_command:
        raise Refused("xm moves a guest through xend's own connection, not by ssh; leave the ssh command out.")
    change(host, seconds, "migrate", "--live", target(host, domid), machine)
