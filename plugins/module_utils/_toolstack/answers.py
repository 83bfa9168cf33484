# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a toolstack's answers are made into, whichever it is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from .._change import CommandFailed
from .._command import Result
from .._formats.xl.xl_output import Domain, Row
from .._formats.xl.xl_tables import Vcpu

T = TypeVar("T")


def parsed(parse: Callable[[str], T], result: Result) -> T:
    """What a command printed, as data. Raises CommandFailed if it is something else than ``parse`` knows."""
    try:
        return parse(result.stdout)
    except ValueError as error:
        raise CommandFailed(str(error), command=list(result.argv), rc=result.rc, output=result.tail) from error


def domain(row: Row, config: dict[str, Any] | None, pool: str | None, pinned: dict[str, str] | None) -> Domain:
    """One running domain."""
    return Domain(row.name, row.domid, row.memory, row.vcpus, row.state, pool, pinned, config)


def pins(vcpus: Iterable[Vcpu]) -> dict[int, dict[str, str]]:
    """The hard affinity of every virtual CPU: domain id to number (as text, because it travels as JSON) to CPUs."""
    found: dict[int, dict[str, str]] = {}
    for vcpu in vcpus:
        if vcpu.hard is not None:
            found.setdefault(vcpu.domid, {})[str(vcpu.vcpu)] = vcpu.hard
    return found


def share_words(weight: int | None, cap: int | None) -> list[str]:
    """A share of the CPUs as both programs' scheduler commands take it; None leaves a value as it is."""
    values = [("-w", weight), ("-c", cap)]
    return [word for option, value in values if value is not None for word in (option, str(value))]
