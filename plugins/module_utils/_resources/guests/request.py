# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What can be asked of a running guest and is no state: to reboot, to move to another machine, to write its memory to
a file. Each request proves itself, because reading the machine again could not tell whether it was carried out."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import Any

from ..._change import GUEST_RESTART, LIVE, Change, CommandFailed, Plan, Refused, XenError
from ..._formats.xl.xl_output import Row
from ..._host import Host
from ..._toolstack import lost, waiting
from ..._toolstack.choose import toolstack
from ..._toolstack.lock import exclusive
from .declare.values import name_problem

NAME = "domain_request"
REQUESTS = True
ARGUMENTS: dict[str, Any] = {
    "names": {"type": "list", "elements": "str", "required": True},
    "request": {"type": "str", "choices": ["reboot", "migrate", "dump_core"], "required": True},
    "timeout": {"type": "int", "default": 300},
    "directory": {"type": "path"},
    "target": {"type": "str"},
    "ssh_command": {"type": "path"},
}
LOCK_SECONDS = 900.0
# What another machine is called: no blanks and no leading dash, because xl hands it to ssh.
_TARGET = re.compile(r"[A-Za-z0-9\[][A-Za-z0-9_.:@\[\]-]*\Z")
# xl has a shell run this command (tools/xl/xl_migrate.c, create_migration_child), so it is one plain path.
_COMMAND = re.compile(r"/[A-Za-z0-9_./+-]*\Z")


@dataclass(frozen=True)
class Request:
    """One request to some guests. ``seconds`` is the time for each."""

    kind: str
    names: tuple[str, ...]
    seconds: int
    directory: str
    target: str
    ssh_command: str


def declare(params: dict[str, Any]) -> Request:
    """The request. Raises Refused with everything that is wrong with it, a line each."""
    kind = params["request"]
    request = Request(
        kind=kind,
        names=tuple(params["names"]),
        seconds=params["timeout"],
        directory=(params.get("directory") or "").rstrip("/"),
        target=params.get("target") or "",
        ssh_command=params.get("ssh_command") or "",
    )
    problems = [f"guest {name!r}: {problem}" for name in request.names for problem in [name_problem(name)] if problem]
    problems += [f"guest {name}: is named twice" for name in _repeated(request.names)]
    if not 1 <= request.seconds <= 86400:
        problems.append(f"timeout is {request.seconds}; allowed are 1 to 86400 seconds")
    problems += _option_problems(request)
    if problems:
        raise Refused("\n".join(problems), problems=problems)
    return request


def _repeated(names: tuple[str, ...]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _option_problems(request: Request) -> list[str]:
    problems = []
    wanted = {"dump_core": "directory", "migrate": "target"}.get(request.kind)
    for option, kind in (("directory", "dump_core"), ("target", "migrate"), ("ssh_command", "migrate")):
        given = getattr(request, option)
        if given and request.kind != kind:
            problems.append(f"{option} is {given!r}; it is only for request: {kind}")
        elif not given and wanted == option:
            problems.append(f"{option} is missing; request: {kind} needs it")
    if request.directory and (not request.directory.startswith("/") or ".." in request.directory.split("/")):
        problems.append(f"directory is {request.directory!r}; allowed is an absolute path without '..'")
    if request.target and not _TARGET.match(request.target):
        problems.append(f"target is {request.target!r}; allowed is the name or address of a machine")
    if request.ssh_command and not _COMMAND.match(request.ssh_command):
        problems.append(f"ssh_command is {request.ssh_command!r}; allowed is the path of one program, without options")
    return problems


def read(host: Host, declared: Request | None = None) -> dict[str, Any]:
    """The running domains. One call of the toolstack."""
    tool = toolstack(host)
    ok, why = tool.alive(host)
    rows = tool.rows(host) if ok else []
    return {
        "dom0": {"alive": ok, "why": why},
        "domains": [[row.name, row.domid, row.memory, row.vcpus, row.state] for row in rows if row.domid != 0],
    }


def plan(current: dict[str, Any], declared: Request) -> Plan:
    """One change a guest. Raises Refused with every guest that can't be asked."""
    if not current["dom0"]["alive"]:
        raise Refused(f"The guests can't be asked for anything: {current['dom0']['why']}")
    rows = [Row(*row) for row in current["domains"]]
    result, problems = Plan(), []
    for name in declared.names:
        found = [row for row in rows if row.name == name and not row.dying]
        if len(found) != 1 or found[0].down:
            problems.append(f"guest {name}: {_why_not(found)}")
        else:
            result.changes.append(_change(declared, found[0]))
    if problems:
        nameless = lost.nameless(rows)
        problems += [lost.words_for_nameless(nameless)] if nameless else []
        raise Refused("\n".join(problems), problems=problems)
    return result


def _why_not(found: list[Row]) -> str:
    if len(found) > 1:
        return f"{len(found)} domains with this name run (ids {', '.join(str(row.domid) for row in found)})"
    if found:
        return f"it is down (state {found[0].state}); netbsd.xen.domain with state running takes it apart and starts it"
    return "it is not running on this machine"


def _change(request: Request, row: Row) -> Change:
    data = {"request": request, "domid": row.domid}
    summary, after, impact = {
        "reboot": ("reboot the guest", "running, with a new domain id", GUEST_RESTART),
        "migrate": (f"move the running guest to {request.target}", f"running on {request.target}", LIVE),
        "dump_core": (
            f"write its memory to {_core_path(request, row.name)}; it stands still meanwhile",
            f"{row.memory} MiB in {_core_path(request, row.name)}",
            LIVE,
        ),
    }[request.kind]
    return Change(NAME, row.name, request.kind, summary, f"domain {row.domid}", after, impact, data=data)


def _core_path(request: Request, name: str) -> str:
    return f"{request.directory}/{name}.core"


def apply(host: Host, change: Change) -> None:
    """Carry one request out and prove it. Raises XenError."""
    tool = toolstack(host)
    ok, why = tool.alive(host)
    if not ok:
        raise XenError(f"{change.thing} was left as it is: {why}")
    row = waiting.find(tool, host, change.data["domid"])
    if row is None or row.dying:
        raise XenError(f"{change.thing} has ended meanwhile; nothing was asked of it.")
    with exclusive(LOCK_SECONDS):
        _ACTS[change.action](tool, host, row, change.data["request"])


def _reboot(tool: Any, host: Host, row: Row, request: Request) -> None:
    """It is asked once, and one that is still booting finds the request when it is up: libxl leaves it standing."""
    if row.paused:
        tool.unpause(host, row)
    tool.reboot(host, row, request.seconds)


def _dump_core(tool: Any, host: Host, row: Row, request: Request) -> None:
    path = _core_path(request, row.name)
    if host.exists(path):
        raise XenError(f"{path} is there already; move it away, so that no earlier dump is lost.")
    host.make_dir(request.directory, 0o700)
    free = host.free_bytes(request.directory) >> 20
    if free < row.memory:
        raise XenError(f"{path} would take {row.memory} MiB, and {free} MiB are free there.")
    try:
        tool.dump_core(host, row.domid, path, request.seconds)
    except CommandFailed:
        host.remove(path)
        raise
    written = host.stat(path)
    if written is None or written.size < row.memory << 19:
        size = written.size if written else 0
        raise XenError(f"{path} has {size} bytes, which can't be the {row.memory} MiB of {row.name}.")
    _check_runs(tool, host, row, posixpath.basename(path))


def _check_runs(tool: Any, host: Host, row: Row, what: str) -> None:
    left = waiting.find(tool, host, row.domid)
    if left is None or left.down:
        raise XenError(f"{what} was written, but {row.name} does not run on.", **tool.logs(host, row.name))


def _migrate(tool: Any, host: Host, row: Row, request: Request) -> None:
    def ask(seconds: float) -> None:
        tool.migrate(host, row.domid, request.target, request.ssh_command, seconds)

    try:
        waiting.suspend(tool, host, row, request.seconds, ask, "timeout")
    except CommandFailed as error:
        left = waiting.find(tool, host, row.domid)
        where = "it is not here any more; look for it on the target" if left is None else f"it is {_condition(left)}"
        raise XenError(
            f"{row.name} could not be moved to {request.target}: {error}. Now {where}.", **error.details
        ) from error
    if not waiting.gone(tool, host, row.domid):
        raise XenError(f"{row.name} was moved to {request.target}, and domain {row.domid} is still here.")


def _condition(row: Row) -> str:
    if row.down:
        return "down here"
    return "paused here" if row.paused else "running here"


_ACTS = {"reboot": _reboot, "migrate": _migrate, "dump_core": _dump_core}
