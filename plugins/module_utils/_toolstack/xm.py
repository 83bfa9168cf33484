# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The xm toolstack of Xen 3.1 to 4.2, which asks the daemon xend. Nothing else in the collection calls xm.

Guests are addressed by domain id. Domain 0 is refused here, and so is an id that is another domain's name: xend looks
for names first (Xen's tools/python/xen/xend/XendDomain.py, ``domain_lookup_nr``), and allows names of digits.

Sources of what xm does: Xen's tools/python/xen/xm/main.py and create.py of 3.1 and 4.2.
"""

from __future__ import annotations

from typing import Any

from .. import _processes
from .._change import CommandFailed, Refused, XenError
from .._formats.guest import cpuset
from .._formats.xl import xl_tables
from .._formats.xl.xl_output import Domain, Row
from .._formats.xm import xm_config, xm_output, xm_sxp
from . import answers, console, lost, waiting, xm_logs
from .answers import parsed
from .xm_call import SET_SECONDS
from .xm_devices import XmDevices

DESTROY_SECONDS = 120.0
_XENCOMMONS = "/etc/rc.d/xencommons"


class Xm(XmDevices):
    """A machine's xm; what each method does is told in ``interface.Toolstack``, and here what is peculiar to xm."""

    name = "xm"
    dialect = "xm"
    # credit2 was an experiment then.
    weighing: tuple[str, ...] = ("credit",)
    # Not 0: xend looks for names first.
    dom0 = "Domain-0"

    def alive(self) -> tuple[bool, str]:
        problem = waiting.not_dom0(self.host)
        if problem:
            return False, problem
        here = self.paths
        if not self.host.exists(here.program):
            return False, f"{here.program} is missing: the Xen tools are not installed."
        running = _processes.names(self.host)
        if not lost.store_lives(running):
            found = lost.signs(self.host)
            if found:
                return False, lost.words_for_dead_store(found)
            # xencommons came with Xen 4.1; before, xend starts xenstored itself.
            first = f"{_XENCOMMONS} onestart, then " if self.host.exists(_XENCOMMONS) else ""
            return False, (
                f"xenstored is not running, and without it xend can't answer. Start it: {first}{here.how_to_start}."
            )
        if "xend" not in running:
            return False, (
                f"xend is not running. Start it: {here.how_to_start}. Guests that are running are not disturbed."
            )
        return True, ""

    # -- queries -------------------------------------------------------------------------------------------------------

    def rows(self) -> list[Row]:
        """A domain's memory is what xend has set, which is not always what the guest has."""
        return self.listing().rows

    def configs(self) -> dict[int, dict[str, Any]]:
        """In the words of xl.cfg."""
        found = {}
        for form in parsed(xm_sxp.domains, self.query("list", "--long")):
            domid = xm_sxp.domid(form)
            if domid is not None:
                found[domid] = xm_sxp.settled(form)
        return found

    def domains(self, pools: bool = False, pins: bool = False, shares: bool = False) -> list[Domain]:
        long = self.configs()
        found = [row for row in self.rows() if row.domid != 0]
        if any(row.domid not in long and not row.dying for row in found):
            long = self.configs()  # one was born between the two calls
        pinned = answers.pins(parsed(xl_tables.parse_vcpu_list, self.query("vcpu-list"))) if pins and found else {}
        # Xen 3.1 does not tell of them in the long list.
        if shares and any("cpu_weight" not in long.get(row.domid, {}) for row in found):
            for domid, (weight, cap) in parsed(xl_tables.parse_shares, self.query("sched-credit")).items():
                long.get(domid, {}).update(cpu_weight=weight, cap=cap)
        return [_domain(row, long.get(row.domid), pools, pinned.get(row.domid)) for row in found]

    def managed(self) -> list[str]:
        return self.listing().managed

    def info(self) -> dict[str, str]:
        return xm_output.parse_info(self.query("info").stdout)

    def pools(self) -> list[str]:
        if not self._knows_pools():
            return []
        return [pool.name for pool in parsed(xl_tables.parse_cpupool_list, self.query("cpupool-list"))]

    def _knows_pools(self) -> bool:
        """They came with Xen 4.1."""
        version = self.info()
        numbers = [version.get(key, "") for key in ("xen_major", "xen_minor")]
        return all(number.isdigit() for number in numbers) and [int(number) for number in numbers] >= [4, 1]

    # -- what is said of a guest ---------------------------------------------------------------------------------------

    def guest_log(self, name: str) -> str:
        """None, because xend has one log for all."""
        return ""

    def logs(self, name: str) -> dict[str, str]:
        return xm_logs.logs(self.host, name)

    def console(self, domid: int, seconds: float) -> str:
        return console.read(self.host, [self.paths.program, "console", self.target(domid)], seconds)

    def birth_mark(self, name: str) -> str:
        return xm_logs.birth_mark(self.host, name)

    def cause(self, stderr: str) -> str:
        return xm_output.cause(stderr)

    def domain_ids(self, stderr: str) -> set[int]:
        """xm's messages do not tell of domains by their ids."""
        return set()

    def unanswered(self, error: CommandFailed) -> bool:
        """What xend says then is not known, so no guest is asked again."""
        return False

    # -- starting and stopping -----------------------------------------------------------------------------------------

    def create(self, config_path: str, name: str, before: set[int], paused: bool = False) -> Row:
        """xm runs a configuration file as a program, so one that holds more than settings is refused."""
        self._check_no_code(config_path)
        options = ["-p"] if paused else []
        return waiting.start(self, [self.paths.program, "create", *options, config_path], name, before)

    def _check_no_code(self, config_path: str) -> None:
        text = self.host.read_text(config_path)
        if text is None:
            raise XenError(f"The configuration file {config_path} is missing.")
        try:
            xm_config.parse(text)
        except ValueError as error:
            raise Refused(f"{config_path}, {error}. xm would run this file as a program.") from error

    def restore(self, path: str, name: str, before: set[int], paused: bool = False) -> Row:
        options = ["-p"] if paused else []
        return waiting.start(self, [self.paths.program, "restore", *options, path], name, before)

    def delete(self, name: str) -> None:
        """This goes by name, so a name of digits must not be another domain's id."""
        managed = self.managed()
        if name not in managed:
            raise Refused(f"{name!r} is no domain that xend keeps and that does not run; those are {managed}.")
        self.change(SET_SECONDS, "delete", name)

    def shutdown(self, row: Row, seconds: float) -> bool:
        return waiting.shutdown(self, row, seconds, lambda: self._request("shutdown", row.domid))

    def reboot(self, row: Row, seconds: float) -> Row:
        return waiting.reboot(self, row, seconds, lambda: self._request("reboot", row.domid))

    def _request(self, verb: str, domid: int) -> None:
        """Whether it works is seen in the list of domains. Without -w xm only has xend write the request."""
        try:
            self.host.try_run([self.paths.program, verb, self.target(domid)], timeout=SET_SECONDS)
        except CommandFailed:
            return

    def destroy(self, domid: int) -> None:
        argv = [self.paths.program, "destroy", self.target(domid)]
        waiting.destroy(self, argv, domid, DESTROY_SECONDS)

    def save(self, row: Row, path: str, seconds: float) -> None:
        self.change(seconds, "save", self.target(row.domid), path)

    # -- while it runs -------------------------------------------------------------------------------------------------

    def pause(self, row: Row) -> None:
        if not row.paused:
            result = self.change(SET_SECONDS, "pause", self.target(row.domid))
            waiting.check_paused(self, row, list(result.argv), self.cause(result.stderr))

    def unpause(self, row: Row) -> None:
        number = self.target(row.domid)
        waiting.unpause(self, row, lambda: self.change(SET_SECONDS, "unpause", number))

    def rename(self, domid: int, name: str) -> None:
        self.change(SET_SECONDS, "rename", self.target(domid), name)

    def set_memory(self, domid: int, mebibytes: int) -> None:
        """A bare number is MiB to xm."""
        self.change(SET_SECONDS, "mem-set", self.target(domid), str(mebibytes))

    def set_vcpus(self, domid: int, count: int) -> None:
        self.change(SET_SECONDS, "vcpu-set", self.target(domid), str(count))

    def pin(self, domid: int, vcpu: str, cpus: str) -> None:
        """xm before 4 takes one virtual CPU at a time."""
        number, chosen = self.target(domid), self._cpus(cpus)
        numbers = [vcpu] if vcpu != "all" else self._vcpus(domid)
        for each in numbers:
            self.change(SET_SECONDS, "vcpu-pin", number, each, chosen)

    def _vcpus(self, domid: int) -> list[str]:
        found = parsed(xl_tables.parse_vcpu_list, self.query("vcpu-list"))
        return [str(vcpu.vcpu) for vcpu in found if vcpu.domid == domid]

    def _cpus(self, text: str) -> str:
        """xm knows ``all`` only alone, and no sets of nodes."""
        if text == "all" or "all" not in text and cpuset.readable(text):
            return text
        total = self.info().get("nr_cpus", "")
        if not cpuset.readable(text) or not total.isdigit():
            raise Refused(f"The CPUs {text!r}: xm does not know such a set; give the CPUs by their numbers, like 0-3.")
        return ",".join(str(cpu) for cpu in sorted(cpuset.cpus(text, int(total))))

    def set_weight(self, domid: int, weight: int | None, cap: int | None) -> None:
        """Only the credit scheduler has both."""
        self.change(SET_SECONDS, "sched-credit", "-d", self.target(domid), *answers.share_words(weight, cap))

    def dom0_weight(self) -> tuple[str, int | None]:
        scheduler = self.info().get("xen_scheduler", "")
        if scheduler not in self.weighing:
            return scheduler, None
        return scheduler, parsed(xl_tables.dom0_weight, self.query("sched-credit", "-d", self.dom0))

    def set_dom0_weight(self, weight: int) -> None:
        """The cap stays (XendDomain.py, domain_sched_credit_set)."""
        self.change(SET_SECONDS, "sched-credit", "-d", self.dom0, "-w", str(weight))

    def set_pool(self, domid: int, pool: str) -> None:
        if not self._knows_pools():
            raise Refused(f"The CPU pool {pool}: this Xen has none; they came with Xen 4.1.")
        self.change(SET_SECONDS, "cpupool-migrate", self.target(domid), pool)

    def dump_core(self, domid: int, path: str, seconds: float) -> None:
        self.change(seconds, "dump-core", self.target(domid), path)

    def migrate(self, domid: int, machine: str, ssh_command: str, seconds: float) -> None:
        """The other machine's xend must accept relocations: that is how xend does it, and not by ssh."""
        if ssh_command:
            raise Refused("xm moves a guest through xend's own connection, not by ssh; leave the ssh command out.")
        self.change(seconds, "migrate", "--live", self.target(domid), machine)


def _domain(row: Row, config: dict[str, Any] | None, pools: bool, pinned: dict[str, str] | None) -> Domain:
    known = {key: value for key, value in (config or {}).items() if key not in ("domid", "state", "pool")}
    return answers.domain(row, known or None, (config or {}).get("pool") if pools else None, pinned)
