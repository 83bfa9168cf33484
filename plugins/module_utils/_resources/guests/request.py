# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What can be asked of a running guest and is no state: to reboot, to move to another machine, to write its memory to
a file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ..._change import GUEST_RESTART, LIMIT, LIVE, Change, Plan, Refused
from ..._formats.xl.xl_output import Row
from ..._host import Host
from ..._toolstack import lost
from ..._toolstack.choose import toolstack
from .apply.act import Act, carry_out
from .apply.requests import DumpCore, Migrate, Reboot
from .declare.values import name_problem
from .read.current import Dom0

NAME = "domain_request"
# xl is the same on both.
SYSTEMS = ("NetBSD", "Linux")
REQUESTS = True
ARGUMENTS: dict[str, Any] = {
    "names": {"type": "list", "elements": "str", "required": True},
    "request": {"type": "str", "choices": ["reboot", "migrate", "dump_core"], "required": True},
    "timeout": {"type": "int", "default": 300},
    "directory": {"type": "path"},
    "target": {"type": "str"},
    "ssh_command": {"type": "path"},
    **LIMIT,
}
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


@dataclass(frozen=True)
class Asked:
    """Whether the guests can be asked, and the running domains."""

    dom0: Dom0
    rows: list[Row]


def read(host: Host, declared: Request | None = None) -> Asked:
    """One call of the toolstack."""
    tool = toolstack(host)
    ok, why = tool.alive()
    return Asked(Dom0(ok, why), [row for row in tool.rows() if row.domid != 0] if ok else [])


def plan(current: Asked, declared: Request) -> Plan:
    """One change a guest. Raises Refused with every guest that can't be asked."""
    if not current.dom0.alive:
        raise Refused(f"The guests can't be asked for anything: {current.dom0.why}")
    result, problems = Plan(), []
    for name in declared.names:
        found = [row for row in current.rows if row.name == name and not row.dying]
        if len(found) != 1 or found[0].down:
            problems.append(f"guest {name}: {_why_not(found)}")
        else:
            result.changes.append(_change(declared, found[0]))
    if problems:
        nameless = lost.nameless(current.rows)
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
    act: Act = Reboot(row.domid, request.seconds)
    summary, after, impact = "reboot the guest", "running, with a new domain id", GUEST_RESTART
    if request.kind == "migrate":
        act = Migrate(row.domid, request.seconds, request.target, request.ssh_command)
        summary, after, impact = f"move the running guest to {request.target}", f"running on {request.target}", LIVE
    elif request.kind == "dump_core":
        path = f"{request.directory}/{row.name}.core"
        act = DumpCore(row.domid, request.seconds, path)
        summary, after = f"write its memory to {path}; it stands still meanwhile", f"{row.memory} MiB in {path}"
    return Change(NAME, row.name, type(act).__name__, summary, f"domain {row.domid}", after, impact, data=act)


apply = carry_out
