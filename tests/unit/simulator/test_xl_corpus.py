# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The simulated `xl create -n -d` against what the real one of Xen 4.20 said to the same file: status, configuration in
its order, and every line on standard error.

Two sets: the corpus of the contract tests (tests/contract/corpus), and fixtures/xl-configs.jsonl, which tries each key,
device and message of the simulator's own tables.
"""
from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT
from ansible_collections.netbsd.xen.tests.unit.support.xl_machine import LAB, Host, NotSimulated, dom0

CORPUS = CHECKOUT / "tests/contract/corpus"
OWN = Path(__file__).with_name("fixtures") / "xl-configs.jsonl"

# Where Debian keeps what pkgsrc has elsewhere.
_FIRMWARE = ("/usr/lib/xen-4.20/boot", "/usr/pkg/libexec/xen/boot")
# What the shell around the real xl said when xl was killed.
_SHELL = frozenset(("Aborted (core dumped)", "Segmentation fault (core dumped)",
                    "timeout: the monitored command dumped core"))
# The corpus keeps no more lines of a file.
_LINES = 6
# Made anew by each run.
_RANDOM = ("uuid", "ms_vm_genid")

# Files that this simulator does not answer (status 97): none.
NOT_ANSWERED: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Verdict:
    """What xl said: ``lines`` are those on standard error but the first."""

    rc: int
    config: str | None
    lines: tuple[str, ...]


def recorded(entry: dict) -> Verdict:
    lines = tuple(line for line in entry["stderr"] if line and line not in _SHELL)
    return Verdict(entry["rc"], comparable(entry["config"]), lines[:_LINES])


def comparable(config: dict | None) -> str | None:
    """The configuration as text, so that the order of its keys counts."""
    if config is None:
        return None
    for part in (config["c_info"], config["b_info"].get("type.hvm", {})):
        for key in _RANDOM:
            if key in part:
                part[key] = "random"
    config["c_info"].pop("uuid", None)
    return json.dumps(config).replace(*_FIRMWARE)


def simulated(host: Host, name: str, text: bytes) -> Verdict:
    path = host.m.path(f"/corpus/{name}.cfg")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text)
    result = host.xl(f"create -n -d /corpus/{name}.cfg")
    first, *lines = result.stderr.replace("/corpus/", "").splitlines()
    assert first == f"Parsing config from {name}.cfg"
    config = json.loads(result.stdout) if result.stdout else None
    return Verdict(result.rc, comparable(config), tuple(line for line in lines if line)[:_LINES])


def corpus() -> Iterator[tuple[str, bytes, dict]]:
    for line in (CORPUS / "verdicts-4.20.jsonl").read_text().splitlines():
        entry = json.loads(line)
        path = CORPUS / f"{entry['name']}.cfg"
        if path.exists():
            yield entry["name"], path.read_bytes(), entry


def own() -> Iterator[tuple[str, bytes, dict]]:
    for line in OWN.read_text().splitlines():
        entry = json.loads(line)
        yield entry["name"], entry["text"].encode(), entry


@pytest.mark.parametrize(("cases", "least"), [(corpus, 150), (own, 300)], ids=["corpus", "own"])
def test_every_verdict_is_that_of_the_real_one(cases, least: int, tmp_path: Path,
                                               capsys: pytest.CaptureFixture[str]) -> None:
    wrong: dict[str, tuple[Verdict, Verdict]] = {}
    loud: set[str] = set()
    count = accepted = 0
    with dom0(tmp_path / "host", LAB.name) as host:
        for name, text, entry in cases():
            count += 1
            accepted += entry["rc"] == 0
            try:
                found = simulated(host, name, text)
            except NotSimulated:
                loud.add(name)
                continue
            if found != recorded(entry):
                wrong[name] = (recorded(entry), found)
    with capsys.disabled():
        print(f"\nxl create -n -d: {count} configurations compared with Xen 4.20 ({accepted} accepted, "
              f"{count - accepted} refused), {len(loud)} not answered")
    assert wrong == {}
    assert loud == NOT_ANSWERED
    assert count >= least
