# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Live changes of the network as one step: the commands, a look whether they achieved what they should, and the way
back. The guard takes the step where it touches the connection, ``carry_out`` everywhere else."""

from __future__ import annotations

from typing import Any, Iterable, Sequence

from ... import _guard
from ..._change import Refused, XenError
from ..._command import Result
from ..._formats.net.netstat import Route
from ..._host import Host
from . import connection, read, seen
from .read import IFCONFIG, ROUTE


def step(host: Host, current: dict[str, Any], commands: list[list[str]], seconds: float, tried: str) -> _guard.Step:
    """The step that these commands make, planned against ``current``. Raises Refused if a route would be lost for good.
    Reads the routes if there are any that could be lost."""
    lost = _routes_through(host, current, commands)
    wanted = seen.expected(commands)

    def achieved(host: Host, results: Sequence[Result]) -> list[str]:
        _give_again(host, lost)
        # After a command that failed, only what the others should have achieved.
        due = wanted if len(results) == len(commands) else seen.expected([each.argv for each in results])
        return seen.lacking(due, read.live(host), _said(results))

    def left(host: Host) -> list[str]:
        return seen.differences(current, read.live(host))

    undo = connection.undo(current, commands) + [_add(route) for route in lost]
    return _guard.Step(commands, undo, seconds, tried, achieved, left)


def carry_out(host: Host, commands: list[list[str]], tried: str) -> None:
    """Make a change that does not touch the connection. Raises XenError if it was not achieved; it is taken back then.
    Four looks, before and after."""
    _guard.attempt(host, step(host, read.live(host), commands, 0.0, tried))


def _said(results: Sequence[Result]) -> dict[seen.Fact, str]:
    """What each command said on its standard error, by what it was about."""
    return {
        fact: "; ".join(result.stderr.strip().splitlines()).replace(": ", " said: ", 1)
        for result in results
        if result.stderr.strip()
        for fact in seen.facts_of(result.argv)
    }


# -- routes -----------------------------------------------------------------------------------------------------------


def losing(current: dict[str, Any], commands: list[list[str]]) -> set[str]:
    """The interfaces with addresses, if only one of the link, that lose them on the way."""
    live = [argv for argv in commands if argv[0] == IFCONFIG]
    names = {argv[1] for argv in live if argv[2] in ("destroy", "-vlanif") or argv[-1] == "delete"}
    return {name for name in names if (current["interfaces"].get(name) or {"addresses": []})["addresses"]}


def blocked(commands: list[list[str]], routes: Iterable[Route]) -> str | None:
    """Why these commands must not be run, in words: a given route goes through an interface that goes for good."""
    gone = {argv[1] for argv in commands if argv[0] == IFCONFIG and argv[2:] == ["destroy"]}
    for route in routes:
        if route.interface in gone:
            return (
                f"{route.interface}: the route to {route.destination} goes through it, by {route.gateway}. Give the "
                f"machine another one first: route change {route.destination} GATEWAY, and /etc/mygate or rc.conf for "
                "the next boot."
            )
    return None


def _routes_through(host: Host, current: dict[str, Any], commands: list[list[str]]) -> list[Route]:
    """The given routes through interfaces that lose their addresses on the way. Raises Refused for those of an
    interface that goes for good."""
    names = losing(current, commands)
    found = [route for route in read.routes(host) if route.interface in names] if names else []
    words = blocked(commands, found)
    if words:
        raise Refused(words)
    return found


def _add(route: Route) -> list[str]:
    family = ["-inet6"] if route.family == "inet6" else []
    kind = [] if route.destination == "default" or family else ["-net" if "/" in route.destination else "-host"]
    return [ROUTE, "-n", "add", *family, *kind, route.destination, route.gateway]


def _give_again(host: Host, lost: list[Route]) -> None:
    """Some kernels keep a route whose interface has lost its addresses for a moment, others do not."""
    if not lost:
        return
    found = read.routes(host)
    for route in lost:
        if route not in found:
            host.run(_add(route))
    missing = [route for route in lost if route not in read.routes(host)]
    if missing:
        words = ", ".join(f"to {route.destination} by {route.gateway}" for route in missing)
        raise XenError(f"The routes through {missing[0].interface} could not be given back: {words}.")
