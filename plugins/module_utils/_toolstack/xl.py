# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The xl toolstack. Nothing else in the collection calls xl.

Guests are addressed by domain id, never by name: to xl a name of digits is an id, and two domains can have one name.
An id is never given twice while the machine is up. Domain 0 is refused here, whatever the caller thinks.
"""

from __future__ import annotations

from typing import Any

from .._change import CommandFailed, Refused, XenError
from .._formats.xl import xl_json, xl_output, xl_tables
from .._formats.xl.xl_output import Domain, Row
from . import answers, console, waiting
from .answers import parsed
from .xl_call import SET_SECONDS
from .xl_devices import XlDevices

DESTROY_SECONDS = 120.0
LOG_DIR = "/var/log/xen"


class Xl(XlDevices):
    """A machine's xl; what each method does is told in ``interface.Toolstack``, and here what is peculiar to xl."""

    name = "xl"
    dialect = "xl"
    weighing: tuple[str, ...] = ("credit", "credit2")
    dom0 = "0"

    def alive(self) -> tuple[bool, str]:
        """With xenstored dead xl goes into uninterruptible sleep, which no signal and no time limit ends (record
        xenstored-dead-hang, NetBSD 7.99.10)."""
        problem = waiting.not_dom0(self.host)
        if problem:
            return False, problem
        if not self.host.exists(self.paths.program):
            return False, f"{self.paths.program} is missing: the Xen tools are not installed."
        dead = self.dead_store()
        return not dead, dead

    # -- queries -------------------------------------------------------------------------------------------------------

    def rows(self) -> list[Row]:
        return parsed(xl_output.parse_list, self.query("list"))

    def configs(self) -> dict[int, dict[str, Any]]:
        return parsed(xl_output.parse_list_long, self.query("list", "-l"))

    def domains(self, pools: bool = False, pins: bool = False, shares: bool = False) -> list[Domain]:
        """xl always has weight and cap in the configuration."""
        long = self.configs()
        rows = parsed(xl_output.parse_list, self.query("list", "-c")) if pools else self.rows()
        found = [row for row in rows if row.domid != 0]
        if any(row.domid not in long and not row.dying for row in found):
            long = self.configs()  # one was born between the two calls
        pinned = answers.pins(parsed(xl_tables.parse_vcpu_list, self.query("vcpu-list"))) if pins and found else {}
        return [_domain(row, long.get(row.domid), pinned.get(row.domid)) for row in found]

    def managed(self) -> list[str]:
        """None, because xl keeps no list of its own."""
        return []

    def info(self) -> dict[str, str]:
        """Works with xenstored dead too (record info)."""
        return xl_output.parse_info(self.query("info").stdout)

    def pools(self) -> list[str]:
        return [pool.name for pool in parsed(xl_tables.parse_cpupool_list, self.query("cpupool-list"))]

    # -- what is said of a guest ---------------------------------------------------------------------------------------

    def guest_log(self, name: str) -> str:
        return f"{LOG_DIR}/xl-{name}.log"

    def logs(self, name: str) -> dict[str, str]:
        return {
            "xl_log": waiting.log_tail(self.host, self.guest_log(name)),
            "console_log": waiting.log_tail(self.host, waiting.console_log(name)),
        }

    def console(self, domid: int, seconds: float) -> str:
        return console.read(self.host, [self.paths.program, "console", str(waiting.checked(domid))], seconds)

    def birth_mark(self, name: str) -> str:
        """The first line of the guest's log, with the domain and the process of its ``xl create``, which a reboot
        leaves (record after-reboot, NetBSD 7.99.10)."""
        return self.host.first_line(self.guest_log(name))

    def cause(self, stderr: str) -> str:
        return xl_output.cause(stderr)

    def domain_ids(self, stderr: str) -> set[int]:
        return xl_output.domain_ids(stderr)

    def unanswered(self, error: CommandFailed) -> bool:
        """libxl has taken the request back then (record save-running, NetBSD 7.99.10)."""
        return "didn't acknowledge suspend" in str(error)

    # -- starting and stopping -----------------------------------------------------------------------------------------

    def create(self, config_path: str, name: str, before: set[int], paused: bool = False) -> Row:
        options = ["-p"] if paused else []
        return waiting.start(self, [self.paths.program, "create", *options, config_path], name, before)

    def restore(self, path: str, name: str, before: set[int], paused: bool = False) -> Row:
        options = ["-p"] if paused else []
        return waiting.start(self, [self.paths.program, "restore", *options, path], name, before)

    def delete(self, name: str) -> None:
        raise Refused(f"{name!r} is no domain that xl keeps: it keeps none that does not run.")

    def shutdown(self, row: Row, seconds: float) -> bool:
        return waiting.shutdown(self, row, seconds, lambda: self._request("shutdown", row.domid, seconds))

    def reboot(self, row: Row, seconds: float) -> Row:
        return waiting.reboot(self, row, seconds, lambda: self._request("reboot", row.domid, seconds))

    def _request(self, verb: str, domid: int, seconds: float) -> None:
        """Whether it works is seen in the list of domains; status and time of the command say little (records
        shutdown_grub_timeout (xl 4.20), final-prompt-shutdown (NetBSD 7.99.10): it blocks without -w as well)."""
        xl = self.paths.program
        try:
            result = self.host.try_run([xl, verb, str(waiting.checked(domid))], timeout=max(seconds, 1.0))
            if "PV control interface not available" in result.stderr:
                self.host.try_run([xl, verb, "-F", str(domid)], timeout=max(seconds, 1.0))
        except CommandFailed:
            return

    def destroy(self, domid: int) -> None:
        argv = [self.paths.program, "destroy", str(waiting.checked(domid))]
        waiting.destroy(self, argv, domid, DESTROY_SECONDS)

    def save(self, row: Row, path: str, seconds: float) -> None:
        """A guest that does not acknowledge the request within a minute runs on (record save, NetBSD 7.99.10)."""
        self.change(seconds, "save", str(waiting.checked(row.domid)), path)

    # -- while it runs -------------------------------------------------------------------------------------------------

    def pause(self, row: Row) -> None:
        if not row.paused:
            result = self.change(SET_SECONDS, "pause", str(waiting.checked(row.domid)))
            waiting.check_paused(self, row, list(result.argv), self.cause(result.stderr))

    def unpause(self, row: Row) -> None:
        number = str(waiting.checked(row.domid))
        waiting.unpause(self, row, lambda: self.change(SET_SECONDS, "unpause", number))

    def rename(self, domid: int, name: str) -> None:
        self.change(SET_SECONDS, "rename", str(waiting.checked(domid)), name)

    def set_memory(self, domid: int, mebibytes: int) -> None:
        """The suffix is there because xl(1) and xl differ on the unit of a bare number."""
        self.change(SET_SECONDS, "mem-set", str(waiting.checked(domid)), f"{mebibytes}m")

    def set_vcpus(self, domid: int, count: int) -> None:
        self.change(SET_SECONDS, "vcpu-set", str(waiting.checked(domid)), str(count))

    def pin(self, domid: int, vcpu: str, cpus: str) -> None:
        self.change(SET_SECONDS, "vcpu-pin", str(waiting.checked(domid)), vcpu, cpus)

    def set_weight(self, domid: int, weight: int | None, cap: int | None) -> None:
        """The scheduler is asked for first, because xl's command of another one exits 0 and does nothing (record
        sched_credit_wrong_set, xl 4.20)."""
        scheduler = self.info().get("xen_scheduler", "")
        if scheduler not in self.weighing:
            raise XenError(f"The hypervisor's scheduler is {scheduler!r}, which knows no weight and no cap.")
        words = answers.share_words(weight, cap)
        self.change(SET_SECONDS, f"sched-{scheduler}", "-d", str(waiting.checked(domid)), *words)

    def dom0_weight(self) -> tuple[str, int | None]:
        scheduler = self.info().get("xen_scheduler", "")
        if scheduler not in self.weighing:
            return scheduler, None
        return scheduler, parsed(xl_tables.dom0_weight, self.query(f"sched-{scheduler}", "-d", self.dom0))

    def set_dom0_weight(self, weight: int) -> None:
        """The cap stays (tools/xl/xl_sched.c)."""
        scheduler = self.info().get("xen_scheduler", "")
        self.change(SET_SECONDS, f"sched-{scheduler}", "-d", self.dom0, "-w", str(weight))

    def set_pool(self, domid: int, pool: str) -> None:
        self.change(SET_SECONDS, "cpupool-migrate", str(waiting.checked(domid)), pool)

    def dump_core(self, domid: int, path: str, seconds: float) -> None:
        self.change(seconds, "dump-core", str(waiting.checked(domid)), path)

    def migrate(self, domid: int, machine: str, ssh_command: str, seconds: float) -> None:
        """By ssh in any case, its own if no command is given."""
        options = ["-s", ssh_command] if ssh_command else []
        self.change(seconds, "migrate", *options, str(waiting.checked(domid)), machine)


def _domain(row: Row, config: dict[str, Any] | None, pinned: dict[str, str] | None) -> Domain:
    return answers.domain(row, xl_json.settled(config) if config else None, row.pool, pinned)
