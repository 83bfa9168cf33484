# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reboots a machine into the wanted Xen and proves that it runs. Whoever reboots a machine must wait for it elsewhere,
so this part is on the controller; the module of the same name shuts the guests down on the machine."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase

from ansible_collections.netbsd.xen.plugins.module_utils._change import Plan, Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._engine import Outcome, refuse_system
from ansible_collections.netbsd.xen.plugins.module_utils._resources.reboot import target
from ansible_collections.netbsd.xen.plugins.module_utils._resources.reboot.target import Wanted
from ansible_collections.netbsd.xen.plugins.plugin_utils._look import info
from ansible_collections.netbsd.xen.plugins.plugin_utils._planned import (
    again,
    mark_stale,
    reads,
    say_host,
    usable_read,
)
from ansible_collections.netbsd.xen.plugins.plugin_utils._watched import waited_for, watched

# Ansible's own reboot fails with its defaults: shutdown(8) takes no bare 0 for a time (record
# ansible-reboot-search-only-cmd, NetBSD 7.99.10), and there is no boot id (record ansible-reboot-default).
SHUTDOWN = "/sbin/shutdown -r now"
# It asks no rc.d script: xendomains' would call xl, which waits for a dead xenstored for ever (record
# xenstored-dead-hang).
REBOOT = "/sbin/reboot"
BOOT_TIME = "/sbin/sysctl -n kern.boottime"
POLL_SECONDS = 3.0
# How long a command may take to answer: shutdown(8) goes on by itself in the background, sysctl(8) has nothing to do.
SHUTDOWN_SECONDS = 60.0
BOOT_TIME_SECONDS = 30.0
# From the first answer after a boot to the end of rc(8): xencommons alone sleeps for five seconds, and sshd may be up
# before it.
SETTLE_SECONDS = 120.0


class Stopped(Exception):
    """The machine is not as wanted; the text says what it is and what to do."""


class ActionModule(ActionBase):
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._task_vars = task_vars = task_vars or {}
        super().run(tmp, task_vars)
        wanted = self._wanted()
        self._commands: list[dict[str, Any]] = []
        ran: dict[str, Any] = {"before": None, "after": None}
        result: dict[str, Any] = {"changed": False, "changes": [], "restart_required": [], "ran": ran}
        try:
            found = self._known() or self._look_again(result)
            ran["before"] = ran["after"] = target.describe(found)
            self._refuse_system(found["system"])
            plan = target.plan(found, wanted)
            result.update(self._planned(plan))
            self._refuse(plan, found, wanted)
            if plan.changes and self._task.check_mode and not wanted.assume_ready:
                self._module("netbsd.xen.xen_reboot", dict(self._task.args))  # what it refuses
            elif plan.changes and not self._task.check_mode:
                result["changed"] = False
                self._reboot(wanted, found, result)
        except Stopped as error:
            result.update(failed=True, msg=str(error))
        result["commands"] = self._commands
        return say_host(result, str(task_vars.get("inventory_hostname", "")))

    # -- the task ------------------------------------------------------------------------------------------------------

    def _wanted(self) -> Wanted:
        checked = ArgumentSpecValidator(target.ARGUMENTS).validate(dict(self._task.args))
        if checked.error_messages:
            raise AnsibleActionFail("; ".join(checked.error_messages))
        try:
            return target.declare(checked.validated_parameters)
        except Refused as error:
            raise AnsibleActionFail(str(error)) from error

    def _planned(self, plan: Plan) -> dict[str, Any]:
        result = Outcome(plan, done=list(plan.changes)).result()
        if not self._task.diff:
            del result["diff"]
        return result

    def _refuse(self, plan: Plan, found: dict[str, Any], wanted: Wanted) -> None:
        """Stop where nothing can go on: without Xen there are no guests. A check goes on, with a warning."""
        if plan.deferred and wanted.required and not target.in_xen(found, wanted.release):
            if not self._task.check_mode:
                raise Stopped(target.waits(found, wanted))
        if plan.changes and self._connection.transport == "local":
            raise Stopped("The connection is local: this machine would reboot under the run that is to prove it.")

    def _refuse_system(self, system: str) -> None:
        try:
            refuse_system(system, target.NAME)
        except Refused as error:
            raise Stopped(str(error)) from error

    # -- the machine ---------------------------------------------------------------------------------------------------

    def _known(self) -> dict[str, Any] | None:
        """The machine as it was read in this run, if that still holds."""
        read = usable_read(self._task_vars)
        return None if read is None else dict(read["host"])

    def _look_again(self, result: dict[str, Any]) -> dict[str, Any]:
        """The machine as it is now. Where it was read in this run, all of it, so that later tasks need not look, unless
        it is rebooted. Raises Stopped if that is not possible."""
        if not reads(self._task_vars):
            return self._look()
        found = self._told(info.ALL)
        result.update(again(found, self._task_vars))
        return dict(found["host"])

    def _look(self) -> dict[str, Any]:
        """Raises Stopped if that is not possible."""
        return dict(self._told()["host"])

    def _told(self, *resources: str) -> dict[str, Any]:
        try:
            found = info.told(info.by_module(self, self._task_vars), resources)
        except XenError as error:
            raise Stopped(str(error)) from error
        self._commands += found.commands
        return found.value

    def _module(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """Run a module on the machine. Raises Stopped with its own words if it fails."""
        with watched(self, self._task_vars):
            result: dict[str, Any] = self._execute_module(module_name=name, module_args=args, task_vars=self._task_vars)
        self._commands += result.get("commands") or []
        if result.get("failed"):
            raise Stopped(result.get("msg") or f"{name} failed without a word.")
        return result

    def _waited_for(self, phase: str) -> AbstractContextManager[None]:
        return waited_for(self._task_vars, "the machine", phase)

    def _menu(self, wanted: Wanted, **settings: str) -> None:
        self._module(f"netbsd.xen.{wanted.loader.menu_module}", {**wanted.loader.menu_options, **settings})

    def _boot_time(self) -> str:
        """The machine's boot time, as it prints it; empty if it does not answer."""
        try:
            with at_most(BOOT_TIME_SECONDS):
                result = self._low_level_execute_command(BOOT_TIME, sudoable=True)
        except AnsibleConnectionFailure:
            return ""
        return result["stdout"].strip() if result["rc"] == 0 else ""

    # -- the reboot ----------------------------------------------------------------------------------------------------

    def _reboot(self, wanted: Wanted, found: dict[str, Any], result: dict[str, Any]) -> None:
        before = self._boot_time()
        if not before:
            raise Stopped(f"{BOOT_TIME} printed nothing, so that a reboot could not be proven. Nothing was done.")
        result["guests"] = []
        try:
            result["guests"] = self._module("netbsd.xen.xen_reboot", dict(self._task.args))["guests"]
            result["changed"] = bool(result["guests"])
            if wanted.once:
                self._menu(wanted, once=wanted.once)
            started = time.monotonic()
            asked_with = REBOOT if wanted.abandon_guests and target.lost_guests(found) else SHUTDOWN
            self._shut_down(asked_with, wanted)
        except Stopped as error:
            raise Stopped(f"{error}{_words_for_guests(result['guests'])}") from error
        finally:
            result.pop("ansible_facts", None)
            mark_stale(result, self._task_vars)
        result["changed"] = True
        result["ran"]["after"] = None
        with self._waited_for(f"reboots, for which it has {wanted.seconds} seconds"):
            last = self._wait_until_back(before, wanted)
        if last == before:
            result["ran"]["after"] = result["ran"]["before"]
            raise Stopped(
                f"The machine still answers {wanted.seconds} seconds after {asked_with} and has not gone down. What "
                "holds it up is on its console and in /var/log/messages; if it is xl, which waits for a dead "
                "xenstored, /sbin/reboot does not ask it."
            )
        with self._waited_for("has booted, and is looked at until it is as wanted"):
            now = self._settled(wanted)
        result["seconds"] = round(time.monotonic() - started, 1)
        result["ran"]["after"] = target.describe(now)
        self._judge(now, found, wanted, result)

    def _shut_down(self, command: str, wanted: Wanted) -> None:
        # What Ansible keeps on the machine for this task would be gone, or in the way, after the reboot.
        self._remove_tmp_path(self._connection._shell.tmpdir)
        try:
            with at_most(SHUTDOWN_SECONDS):
                asked = self._low_level_execute_command(command, sudoable=True)
        except AnsibleConnectionFailure:
            return  # it was faster than its answer, or there is none; the boot time will tell
        # reboot(8) ends the session with all that runs, and then the shell's status tells nothing.
        refused = asked["rc"] == 1 if command == REBOOT else asked["rc"] != 0 and "Shutdown NOW" not in asked["stdout"]
        if refused:
            if wanted.once:
                self._menu(wanted, once="")
            said = (asked["stderr"] or asked["stdout"]).strip()
            raise Stopped(f"{command} ended with status {asked['rc']}: {said}. The machine was not rebooted.")

    def _wait_until_back(self, before: str, wanted: Wanted) -> str:
        """Wait until the machine answers and has another boot time, and return it; the one from before if it still
        answers when the time is up."""
        deadline = time.monotonic() + wanted.seconds
        last = before
        while time.monotonic() < deadline:
            self._reset_connection()
            last = self._boot_time()
            if last and last != before:
                break
            time.sleep(POLL_SECONDS)
        if not last:
            raise Stopped(_words_for_silence(wanted))
        return last

    def _reset_connection(self) -> None:
        """A connection that is kept open leads to the machine before the reboot."""
        try:
            self._connection.reset()
        except (AnsibleConnectionFailure, AttributeError):
            pass

    def _settled(self, wanted: Wanted) -> dict[str, Any]:
        """The machine once it is as wanted, or at the latest after SETTLE_SECONDS: rc(8) may still be at work."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            late = time.monotonic() > deadline
            try:
                found = self._look()
                if late or not target.problems(found, wanted) or not target.in_xen(found, wanted.release):
                    return found
            except (AnsibleConnectionFailure, Stopped) as error:
                if late:
                    raise Stopped(f"The machine has booted and can't be looked at: {error}") from error
            time.sleep(POLL_SECONDS)
            self._reset_connection()

    def _judge(self, now: dict[str, Any], before: dict[str, Any], wanted: Wanted, result: dict[str, Any]) -> None:
        """Raise Stopped if the machine did not come back as wanted, after doing what keeps it bootable."""
        problems = target.problems(now, wanted)
        if not problems:
            return
        result["failures"] = [{"thing": now["name"], "msg": problem} for problem in problems]
        words = f"After the reboot {now['name']} runs {target.describe(now)}, but {'; '.join(problems)}."
        if target.to_be_undone(now, wanted):
            words += self._put_native_back(wanted)
        elif now["role"] == "dom0" and not target.in_xen(now, wanted.release):
            words += " The boot menu's default was left as it is."
        raise Stopped(words)

    def _put_native_back(self, wanted: Wanted) -> str:
        entry = wanted.native_entry
        try:
            self._menu(wanted, default=entry)
        except (AnsibleConnectionFailure, Stopped) as error:
            return f" The entry {entry} could not be made the default of the boot menu: {error}"
        return f" The entry {entry} is now the default of the boot menu; the next run makes it Xen again."


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """Give up on a connection that does not answer. Raises AnsibleConnectionFailure. An alarm is what Ansible's own
    task keyword ``timeout`` uses; if one is set already, it goes on afterwards."""

    def give_up(_signal: int, _frame: Any) -> None:
        raise AnsibleConnectionFailure(f"no answer within {seconds:g} seconds")

    handler = signal.signal(signal.SIGALRM, give_up)
    left, _interval = signal.setitimer(signal.ITIMER_REAL, seconds)
    started = time.monotonic()
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, handler)
        elapsed = time.monotonic() - started
        signal.setitimer(signal.ITIMER_REAL, max(left - elapsed, 0.001) if left else 0)


def _words_for_guests(ended: list[str]) -> str:
    return f" Its guests {', '.join(ended)} were shut down; start them again with netbsd.xen.domain." if ended else ""


def _words_for_silence(wanted: Wanted) -> str:
    entry = f"the entry {wanted.native_entry}" if wanted.native_entry else "an entry without a hypervisor"
    after = (
        f"GRUB was told to boot {wanted.once} this time only: after a reset it boots its default again."
        if wanted.once
        else f"At the console, {entry} of the boot menu boots without Xen."
    )
    return f"The machine has not answered for {wanted.seconds} seconds after the reboot. {after}"
