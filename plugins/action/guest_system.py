# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans netbsd.xen.guest_system on the controller where the machine has been read already, brings what guests get from
there to the machine, once for all of them, and compares the clocks of guests in which a login was seen with the
controller's, which no machine knows. With guests' own installers it holds the conversations at their consoles, between
two calls of the module: the first has started them, and the second is told how the conversations have ended."""

from __future__ import annotations

import os
import secrets
import time
from typing import Any, Callable

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.loader import connection_loader
from ansible.utils.display import Display

from ansible_collections.netbsd.xen.plugins.module_utils._engine import WARNINGS
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import bring, visits
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import resource as guest_system
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.declare import System
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.methods.table import METHODS
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work.record import VERIFIED
from ansible_collections.netbsd.xen.plugins.plugin_utils import _clocks
from ansible_collections.netbsd.xen.plugins.plugin_utils._arguments import validated
from ansible_collections.netbsd.xen.plugins.plugin_utils._completed import with_hashes_apart
from ansible_collections.netbsd.xen.plugins.plugin_utils._console import installing, solaris
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.link import (
    Spawned,
    console_arguments,
    opened,
    refused,
    sayer,
    ssh_options,
)
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.needs import ConsoleError, Ended
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.talk import PACE
from ansible_collections.netbsd.xen.plugins.plugin_utils._console.transcript import Transcript
from ansible_collections.netbsd.xen.plugins.plugin_utils._planned import PlannedAction

SYSTEM_FILES = "netbsd.xen.system_files"
# Seconds for ssh and the console's program to show that they are there, or why not.
OPENS = 30.0
# The host's variable for the seconds between two characters that are typed at a console.
PACE_VARIABLE = "netbsd_xen_typing_seconds"

display = Display()


class ActionModule(PlannedAction):
    """Files of the controller are brought only for guests that would be installed."""

    RESOURCE = guest_system
    TAKES_LONG = True

    def arguments(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        return with_hashes_apart(args, task_vars)

    def carry_out(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        result = self._carried_out(args, task_vars)
        if not self._task.check_mode:
            clocks = _just_seen(result)
            dom0 = self._dom0_clock() if clocks else None
            said = [_clocks.wrong(name, clock, dom0) for name, clock in clocks.items()] if dom0 else []
            result[WARNINGS] = [*result.get(WARNINGS, []), *filter(None, said)]
        return result

    def _dom0_clock(self) -> _clocks.Range | None:
        """None if it does not say."""
        before = time.time()
        told = self._low_level_execute_command("date +%s", sudoable=False)["stdout"].split()
        return _clocks.ahead(float(told[-1]), before, time.time()) if told and told[-1].isdigit() else None

    def _carried_out(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Let the module do it, with what of the controller's it needs."""
        systems = guest_system.declare(validated(guest_system.ARGUMENTS, args)).systems
        local = [system for system in systems if bring.of(system)]
        if not local or self._task.check_mode:
            return self._with_conversations(args, task_vars, systems)
        self._task.check_mode = True
        try:
            would = super().carry_out(args, task_vars)
        finally:
            self._task.check_mode = False
        changed = {change["thing"] for change in would.get("changes") or []}
        if not changed and not would.get("failed"):
            return would
        unfit = self._bring([system for system in local if system.guest.name in changed], task_vars)
        return self._with_conversations({**args, "unfit": unfit} if unfit else args, task_vars, systems)

    # -- guests' own installers ----------------------------------------------------------------------------------------

    def _with_conversations(
        self, args: dict[str, Any], task_vars: dict[str, Any], systems: tuple[System, ...]
    ) -> dict[str, Any]:
        """Let the module do it, and talk to the installers that it has started."""
        talking = [system for system in systems if METHODS[system.install.method].talks]
        if not talking or self._task.check_mode:
            return super().carry_out(args, task_vars)
        session = secrets.token_hex(8)
        first = super().carry_out({**args, "session": session}, task_vars)
        # One that is nobody's is a person's: whoever comes by may look in.
        waiting = {
            name: each for name, each in (first.get("conversations") or {}).items() if each["session"] in (session, "")
        }
        heard, said = {}, {}
        for system in talking:
            name = system.guest.name
            if name in waiting:
                heard[name], said[name] = self._talked(system, waiting[name], task_vars)
        if not heard:
            return first
        second = super().carry_out({**args, "session": session, "heard": heard}, task_vars)
        for failure in second.get("failures") or []:
            failure.update({key: value for key, value in said.get(failure["thing"], {}).items() if value})
        return _both(first, second)

    def _talked(self, system: System, waiting: dict[str, str], task_vars: dict[str, Any]) -> tuple[str, dict[str, str]]:
        """What to tell the module of a conversation, and what a failure has to show of it."""
        name, dom0 = system.guest.name, str(task_vars.get("inventory_hostname", ""))
        path = _transcript_path(dom0, name)
        transcript = Transcript(path, f"installation of {name} on {dom0}")
        display.vv(f"{dom0}: {name}: talks to its installer; what is said is kept in {path}", host=dom0)

        def say(answer: str) -> None:
            display.vv(f"{dom0}: {name}: its installer: {answer}", host=dom0)

        try:
            link, before = self._console(name, waiting["toolstack"], task_vars)
            try:
                heard = _heard(link, system, waiting, transcript, say, before, _pace(task_vars))
            finally:
                link.close()
        except ConsoleError as error:
            why = str(error).split("\nThe screen was:\n", 1)[0]
            kept = {"screen": transcript.clean(error.screen), "transcript": path}
            return f" the conversation with its installer broke off: {why}. What was said is in {path}", kept
        finally:
            transcript.close()
        return heard, {"transcript": path}

    def _console(self, name: str, toolstack: str, task_vars: dict[str, Any]) -> tuple[Spawned, bytes]:
        """The console of a guest, by the host's own ssh, and what it has said at first. Raises ConsoleError."""
        if self._connection.transport != "ssh" or self._connection.become:
            raise ConsoleError("the way to a guest's console is ssh to dom0 as root, and this host has another")
        ssh = connection_loader.get("ansible.builtin.ssh", self._play_context.copy(), os.devnull)
        known = task_vars["hostvars"][task_vars["inventory_hostname"]]
        ssh.set_options(var_options=ssh_options(known, C.config.get_plugin_vars("connection", ssh._load_name)))
        password = ssh.get_option("password") or ""
        if password:
            # It is asked for at the terminal, which is ours, and not of a program that might be missing.
            ssh.set_option("password_mechanism", "ssh_askpass")
        link = Spawned(console_arguments(ssh, name, toolstack))
        try:
            return link, opened(link, password, OPENS)
        except Ended:
            link.close()
            raise refused(name, link, sayer(ssh)) from None

    # -- files of the controller ---------------------------------------------------------------------------------------

    def _bring(self, systems: list[System], task_vars: dict[str, Any]) -> dict[str, str]:
        """Bring what these guests take. Returns why, by guest, where that can't be had."""
        files: dict[str, str] = {}
        unfit: dict[str, str] = {}
        for system in systems:
            for each in bring.of(system):
                try:
                    files[each.dest] = str(self._find_needle("files", each.src))
                except AnsibleError:
                    if each.needed:
                        unfit[system.guest.name] = f"{each.src} is no file on the controller"
        failed = self._send(files, task_vars) if files else {}
        for system in systems:
            for each in bring.of(system):
                if each.dest in failed:
                    unfit[system.guest.name] = failed[each.dest].rstrip(".")
        return unfit

    def _send(self, files: dict[str, str], task_vars: dict[str, Any]) -> dict[str, str]:
        """Send those files to the machine that it lacks, by their places there. Returns what failed, by place."""
        task = self._task.copy()
        task.action = SYSTEM_FILES
        task.args = {
            "files": [
                {"src": src, "dest": dest, "remote_src": False, "keep_previous": False} for dest, src in files.items()
            ]
        }
        action = self._shared_loader_obj.action_loader.get(
            SYSTEM_FILES,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        result = action.run(task_vars=task_vars)
        if result.get("failed") and not result.get("failures"):
            return dict.fromkeys(files, str(result.get("msg", "it can't be sent")))
        return {failure["thing"]: failure["msg"] for failure in result.get("failures") or []}


def _heard(
    link: Spawned,
    system: System,
    waiting: dict[str, str],
    transcript: Transcript,
    say: Callable[[str], None],
    before: bytes,
    pace: float,
) -> str:
    """Hold the conversation; what the module is to be told of it. Raises ConsoleError."""
    install, mark = system.install, waiting["mark"]
    if METHODS[install.method].visited:
        name, options, offered = system.guest.name, install.options, waiting["offered"]
        found = solaris.visit(link, name, options, offered, transcript, say, before, pace)
        return visits.told(mark, *found)
    wanted = installing.values(install, mark)
    transcript.secret(wanted["root_password"])
    installing.converse(link, install.release, wanted, transcript, say, before, pace)
    return mark


def _pace(task_vars: dict[str, Any]) -> float:
    """Seconds between two characters. Raises ConsoleError."""
    given = task_vars.get(PACE_VARIABLE, PACE)
    try:
        pace = float(given)
    except (TypeError, ValueError):
        pace = -1.0
    if not 0 <= pace <= 10:
        raise ConsoleError(f"{PACE_VARIABLE} is {given!r}; allowed are 0 to 10 seconds between two characters")
    return pace


def _transcript_path(dom0: str, guest: str) -> str:
    """Where the transcript of a guest's last installation is kept, on the controller."""
    home = os.path.expanduser(C.config.get_config_value("ANSIBLE_HOME"))
    folder = os.path.join(home, "netbsd_xen", "consoles")
    os.makedirs(folder, mode=0o700, exist_ok=True)
    return os.path.join(folder, f"{dom0}-{guest}.cast")


def _both(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """The result of two calls as one. What the second does to a guest is the rest of what the first has begun."""
    done = {change["thing"] for change in first.get("changes") or []}
    failures = [*(first.get("failures") or []), *(second.get("failures") or [])]
    more = [change for change in second.get("changes") or [] if change["thing"] not in done]
    both = {
        **second,
        "changed": bool(first.get("changed") or second.get("changed")),
        "changes": [*(first.get("changes") or []), *more],
        "commands": [*(first.get("commands") or []), *(second.get("commands") or [])],
        WARNINGS: list(dict.fromkeys([*(first.get(WARNINGS) or []), *(second.get(WARNINGS) or [])])),
    }
    if first.get("diff"):
        both["diff"] = first["diff"]
    if first.get("failed") or second.get("failed"):
        both.update(failed=True, failures=failures)
        both["msg"] = "; ".join(str(each["msg"]) for each in (first, second) if each.get("failed"))
    return both


def _just_seen(result: dict[str, Any]) -> dict[str, _clocks.Range]:
    """The guests in which this very run has seen a login, and how far their clocks are before dom0's."""
    seen = [change["thing"] for change in result.get("changes") or [] if change["after"] == VERIFIED]
    logins = {name: login for name, login in (result.get("logins") or {}).items() if name in seen}
    told = {name: (login["clock_seconds"], login["clock_margin"]) for name, login in logins.items()}
    return {name: _clocks.Range(at - by, at + by) for name, (at, by) in told.items() if at is not None}
