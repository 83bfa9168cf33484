# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What the module `domain` makes of xl's behaviours (test_behaviours.py), where xl alone would leave a mess.

Numbers are those of the behaviours. 1, 7 and 8 are beside the behaviour itself, because they end the machine; 3, 4 and
12 are among the cases of test_guests.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from booting import Boots
from contract_target import Target
from contract_xl import DEAF_CAP, MEMORY, Xl
from story import ON_NEWEST, ON_OLDEST


class Declared:
    """One guest in the module's words."""

    def __init__(self, target: Target, name: str) -> None:
        self.target = target
        self.name = name

    def run(self, **keys: Any) -> dict[str, Any]:
        """The module with this guest alone; without keys it is one that does nothing and ignores everything."""
        facts = self.target.facts
        guest = {"name": self.name, "os": "linux", "kernel": facts["ignoring_kernel"], "memory": MEMORY}
        guest.update({"cap": DEAF_CAP} if "kernel" not in keys else {}, **keys)
        return self.target.module("netbsd.xen.domain", {"guests": [guest]})

    def linux(self) -> dict[str, Any]:
        facts = self.target.facts
        return self.run(kernel=facts["kernel"], ramdisk=facts["ramdisk"], cmdline=facts["cmdline"], memory=96)


@pytest.fixture
def declared(target: Target, xl: Xl, request: pytest.FixtureRequest) -> Iterator[Declared]:
    """A guest of a name of its own, of which nothing is left afterwards."""
    made = Declared(target, f"answer{request.node.name.split('_')[2]}")
    yield made
    xl.destroy_all()
    target.run(["rm", "-f", f"{target.facts['config_dir']}/{made.name}"])


@ON_OLDEST
def test_answer_02_two_runs_at_once_make_one_guest(xl: Xl, declared: Declared) -> None:
    with ThreadPoolExecutor() as pool:
        results = list(pool.map(lambda _number: declared.run(), range(2)))
    assert [result.get("failed", False) for result in results] == [False, False], results
    assert len(xl.domains(declared.name)) == 1


def test_answer_05_a_guest_that_shut_down_without_its_monitor_runs_again(xl: Xl, declared: Declared) -> None:
    config = f"{declared.target.facts['config_dir']}/{declared.name}"

    def start() -> None:
        assert declared.linux().get("failed") is None

    xl.wait_until_up(Boots(xl.target, declared.name), start)
    old = xl.domains(declared.name)[0].domid
    xl.kill_monitor(config)
    xl.ok("shutdown", declared.name)
    xl.wait_for_state(declared.name, "---s--")
    result = declared.linux()
    assert result.get("failed") is None, result["msg"]
    assert result["changed"] is True
    assert xl.state(declared.name)[3] == "-"
    assert [domain.domid for domain in xl.domains(declared.name)] != [old]


@ON_NEWEST
def test_answer_10_a_cpu_that_does_not_exist_is_refused(xl: Xl, declared: Declared) -> None:
    result = declared.run(cpus="77")
    assert result.get("failed") is True, result
    assert "77" in result["msg"]
    assert xl.domains() == []


def test_answer_11_what_a_failed_create_leaves_behind_is_removed(xl: Xl, declared: Declared) -> None:
    """The monitor can't open its log, as with a name that has a slash: xl fails with 3, and the domain is there."""
    log = f"/var/log/xen/xl-{declared.name}.log"
    xl.target.run(["ln", "-sfn", "/nosuch/directory/log", log])
    try:
        assert xl.status("create", "-p", xl.config(declared.name)) == 3
        assert xl.state(declared.name) == "--p---"
        xl.destroy_all()
        result = declared.run()
        assert result.get("failed") is True, result
        assert declared.name in result["msg"]
        assert xl.domains() == []
    finally:
        xl.target.run(["rm", "-f", log])


@ON_NEWEST
def test_answer_13_a_number_is_no_name(xl: Xl, declared: Declared) -> None:
    xl.create(xl.config("bystander"), "-p")
    number = xl.domains()[0].domid
    arguments = {"guests": [{"name": number, "state": "destroyed"}]}
    result = declared.target.module("netbsd.xen.domain", arguments)
    assert result.get("failed") is True, result
    assert [domain.name for domain in xl.domains()] == ["bystander"]
