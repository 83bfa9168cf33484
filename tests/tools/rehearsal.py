# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What the demo and the bench share: a simulated rack, and Ansible's runs against it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
SIMRACK = CHECKOUT / "tests/simulator/simrack"
PLUGINS = CHECKOUT / "tests/tools/callback_plugins"
# Settings for a run of a whole rack that somebody shall read.
BRIEF = {"ANSIBLE_STDOUT_CALLBACK": "brief", "ANSIBLE_DIFF_CONTEXT": "1"}
# Far above what any of these runs takes; a hang must not last for ever.
RUN_LIMIT = 1800  # seconds


@dataclass(frozen=True)
class Rack:
    """A simulated rack: the CLI of tests/simulator/simrack for one directory."""

    directory: Path

    def simrack(self, command: str, *arguments: str) -> str:
        """Run one of simrack's commands. Raises CalledProcessError; its message goes to the screen."""
        return self._simrack(command, *arguments).stdout

    def execute(self, host: str, *argv: str) -> str:
        """What a command prints on a host's own console; no ssh, no Ansible. What it says on its standard error is
        shown only if it fails: NetBSD's scripts complain of much that is nothing."""
        return self._simrack("exec", host, "--", *argv, stderr=subprocess.PIPE).stdout

    def _simrack(self, command: str, *arguments: str, **streams: Any) -> subprocess.CompletedProcess[str]:
        argv = [sys.executable, str(SIMRACK), command, str(self.directory), *arguments]
        ended = subprocess.run(
            argv, check=False, stdout=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, **streams
        )
        if ended.returncode:
            sys.stderr.write(ended.stderr or "")
        ended.check_returncode()
        return ended

    def host(self, name: str) -> Path:
        """A host's directory: root/ is its file system, *.log say what ran there."""
        return self.directory / "hosts" / name

    def root(self, name: str) -> Path:
        """A host's file system."""
        return self.host(name) / "root"

    def offer(self, url_path: str, content: bytes) -> None:
        """Let the rack's machines fetch something more from their mirror."""
        file = self.directory / "mirror" / url_path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)


@contextmanager
def rack(directory: Path, *create: str) -> Iterator[Rack]:
    """A new rack at ``directory`` with its sshd running, ended afterwards.

    Its files stay until the next one is made there. ``create`` are the arguments of ``simrack create``.
    """
    made = Rack(directory)
    if (directory / "rack.json").exists():
        made.simrack("destroy")
    directory.parent.mkdir(parents=True, exist_ok=True)
    try:
        made.simrack("create", *create)
        made.simrack("start")
        yield made
    finally:
        made.simrack("stop")


@dataclass
class Run:
    """What one run of Ansible did, from the lines that the callback plugin wrote_down has left.

    ``changes``: (host, resource, thing) of each change that a module reported in ``changes``; for a task that changed
    something and reports no such list, (host, "task", its name).
    ``planned``: what the run said in advance that it would change, in the same form.
    ``failures``: for each host the messages of the tasks that failed there.
    ``stats``: for each host ok, changed, failures, unreachable and so on, as Ansible's recap has them.
    """

    status: int
    seconds: float
    output: Path | None = None  # of a quiet run
    changes: set[tuple[str, str, str]] = field(default_factory=set)
    planned: set[tuple[str, str, str]] = field(default_factory=set)
    failures: dict[str, list[str]] = field(default_factory=dict)
    stats: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def changed(self) -> int:
        """Tasks that changed something, on all hosts."""
        return sum(counts["changed"] for counts in self.stats.values())


def ansible(
    program: str,
    *arguments: str,
    record: Path,
    quiet: bool = False,
    brief: bool = False,
    limit: float = RUN_LIMIT,
    programs: Path | None = None,
    settings: Mapping[str, str] | None = None,
    watch: Callable[[int], None] | None = None,
) -> Run:
    """Run one of Ansible's programs with the checkout's settings, output on the screen unless ``quiet``.

    With ``brief`` a task that did nothing is not on the screen, and one that did something has one line and its diff.
    ``record`` is the file in which the callback plugin writes down what happened. With ``quiet`` the output is kept
    beside it, with the ending .out. ``programs`` is where Ansible is, if not beside this Python; ``settings`` are
    further variables of its environment; ``watch`` is called with its process id when it has begun. Raises
    subprocess.TimeoutExpired after ``limit`` seconds; Ansible and its workers have ended then.
    """
    record.parent.mkdir(parents=True, exist_ok=True)
    record.unlink(missing_ok=True)
    started = time.monotonic()
    with record.with_suffix(".out").open("w") if quiet else nullcontext() as output:
        running = subprocess.Popen(
            [str((programs or Path(sys.executable).parent) / program), *arguments],
            cwd=CHECKOUT,
            env={**ansible_environment(record), **(BRIEF if brief else {}), **(settings or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if quiet else None,
        )
        try:
            if watch:
                watch(running.pid)
            status = running.wait(limit)
        except subprocess.TimeoutExpired:
            _end(running)
            raise
    run = read_record(record, status, time.monotonic() - started)
    run.output = record.with_suffix(".out") if quiet else None
    return run


def _end(running: subprocess.Popen[bytes]) -> None:
    """End Ansible, and its workers, which would go on without it."""
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(running.pid)], check=False, stdout=subprocess.PIPE, text=True
    )
    running.kill()
    for pid in map(int, listed.stdout.split()):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    running.wait()


def read_record(record: Path, status: int, seconds: float) -> Run:
    """The Run that a record tells of. No record (Ansible did not get that far) is a run without stats."""
    run = Run(status, seconds)
    for line in record.read_text().splitlines() if record.exists() else ():
        _add(run, json.loads(line))
    return run


def read_records(record: Path) -> list[Run]:
    """All runs that wrote into one record, without their status and time."""
    runs = [Run(0, 0.0)]
    for line in record.read_text().splitlines():
        if runs[-1].stats:
            runs.append(Run(0, 0.0))
        _add(runs[-1], json.loads(line))
    return runs


def _add(run: Run, event: dict[str, Any]) -> None:
    """What one line of a record tells of a run. A later look at a host tells more than the one before: now there is a
    Python."""
    if event["event"] == "planned":
        others = {planned for planned in run.planned if planned[0] != event["host"]}
        run.planned = others | {(event["host"], each["resource"], each["thing"]) for each in event["changes"]}
    elif event["event"] == "changed":
        things = [(change["resource"], change["thing"]) for change in event["changes"]] or [("task", event["task"])]
        run.changes.update((event["host"], *thing) for thing in things)
    elif event["event"] == "failed":
        run.failures.setdefault(event["host"], []).append(f"{event['task']}: {event['msg']}")
    elif event["event"] == "stats":
        run.stats = event["hosts"]


def inventory(sources: Sequence[Path]) -> dict[str, dict[str, Any]]:
    """Every host's variables, as Ansible sees them."""
    sources_arguments = [word for source in sources for word in ("-i", str(source))]
    listed = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-inventory")), *sources_arguments, "--list"],
        check=True,
        cwd=CHECKOUT,
        env=ansible_environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(listed.stdout)["_meta"]["hostvars"]


def ansible_environment(record: Path | None = None) -> dict[str, str]:
    """The environment with the checkout's Ansible settings and nobody else's."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment["ANSIBLE_CONFIG"] = str(CHECKOUT / "ansible.cfg")
    if record:
        environment["ANSIBLE_CALLBACK_PLUGINS"] = str(PLUGINS)
        environment["ANSIBLE_CALLBACKS_ENABLED"] = "wrote_down"
        environment["WROTE_DOWN_FILE"] = str(record)
    return environment
