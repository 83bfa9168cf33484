# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the guests share: a machine in memory with Xen on it, and a way to run the resource on it."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _engine
from ansible_collections.netbsd.xen.plugins.module_utils._change import Change, Plan, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._plain import as_plain, from_plain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read.current import Current
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import lock, waiting
from ansible_collections.netbsd.xen.tests.unit.support.fakes import MemoryHost

KERNEL = "/home/xen/netbsd-XEN3_DOMU.gz"
WEB = {"name": "web1", "os": "netbsd", "memory": 128, "disks": ["/home/xen/web1.img"], "nics": ["bridge0"]}
LINUX = {"name": "lin1", "os": "linux", "kernel": "/home/xen/vmlinux", "memory": 96, "maxmem": 128}
DEFAULTS = {"netbsd": {"kernel": KERNEL, "root": "xbd0a"}}


def no_waiting(monkeypatch: pytest.MonkeyPatch, lock_file: str) -> dict[str, float]:
    """Time passes only by sleeping, and sleeping takes none. Returns the clock. The lock file is the test's own."""
    clock = {"now": 0.0}
    monkeypatch.setattr(waiting.time, "monotonic", lambda: clock["now"])
    monkeypatch.setattr(waiting.time, "sleep", lambda seconds: clock.update(now=clock["now"] + seconds))
    monkeypatch.setattr(lock, "LOCK_FILE", lock_file)
    return clock


def machine() -> MemoryHost:
    """A machine with the files of WEB and LINUX."""
    host = MemoryHost()
    for path in (KERNEL, "/home/xen/vmlinux", "/home/xen/web1.img"):
        host.put(path)
    return host


def params(*guests: Any, **options: Any) -> dict[str, Any]:
    """The module's arguments, with their defaults."""
    given: dict[str, Any] = {"guests": list(guests), "host_name": "box", "os_defaults": DEFAULTS}
    for key, value in domain.ARGUMENTS.items():
        given.setdefault(key, value.get("default"))
    return dict(given, **options)


def run(host: MemoryHost, *guests: Any, check: bool = False, **options: Any) -> _engine.Outcome:
    """One run of the resource."""
    host.commands.clear()
    return _engine.converge(domain, params(*guests, **options), host, check)


def planned(host: MemoryHost, *guests: Any, **options: Any) -> Plan:
    """What the guests need, as the module finds it out on the machine."""
    return _engine.planned(domain, host, domain.declare(params(*guests, **options)))


def travelled(current: Current) -> Current:
    """What was read, as it arrives on the controller."""
    if sys.version_info < (3, 10):
        pytest.skip("the controller alone makes dataclasses again")
    return from_plain(domain.STATE, json.loads(json.dumps(as_plain(current))))


def actions(outcome: _engine.Outcome) -> list[str]:
    """What was done, or would be done, by the acts' types, like make_disk."""
    return acts(outcome.done)


def acts(changes: list[Change]) -> list[str]:
    """The acts of these changes, by their types, like make_disk."""
    return [re.sub(r"\B(?=[A-Z])", "_", type(change.data).__name__).lower() for change in changes]


def settled(host: MemoryHost, *guests: Any, **options: Any) -> bool:
    """Whether one more run has nothing to do, nothing deferred, and starts at most three xl processes."""
    again = run(host, *guests, **options)
    assert len(host.ran("xl")) <= 3, host.ran("xl")
    return not (again.plan.changes or again.plan.deferred or again.failures)


def refused(host: MemoryHost, *guests: Any, **options: Any) -> str:
    """The words of a refusal; asserts that nothing was touched."""
    before = {path: (entry.content, entry.mode) for path, entry in host.tree.items()}
    with pytest.raises(Refused) as error:
        run(host, *guests, **options)
    assert {path: (entry.content, entry.mode) for path, entry in host.tree.items()} == before
    asked = ("list", "info", "vcpu-list", "cpupool-list")
    assert not [args for args in host.ran("xl") if args[0] not in asked]
    return str(error.value)
