# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xl itself on a target, for tests that state how it behaves: guests made by hand, without the collection."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from booting import Boots, wait
from contract_target import Target

# A name may have blanks in it, so a line is read from its end (record list_space, xl 4.20).
_LINE = re.compile(r"(?P<name>.*\S) +(?P<domid>\d+) +\d+ +\d+ +(?P<state>[a-z-]{6}) +[\d.]+")
MEMORY = 32
# Percent of a CPU for a guest that ignores everything: GRUB waits for a key as busily as it can.
DEAF_CAP = 5


@dataclass(frozen=True)
class Domain:
    """A line of `xl list`; state has six letters: running, blocked, paused, shut down, why, dying."""

    name: str
    domid: str
    state: str


class Xl:
    """xl on a target, called as an admin calls it."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def __call__(self, *words: str, seconds: float | None = None) -> subprocess.CompletedProcess[str]:
        """Any status is an answer. Raises subprocess.TimeoutExpired if it does not end within ``seconds``."""
        return self.target.run([self.target.facts["xl"], *words], seconds)

    def ok(self, *words: str) -> str:
        """The output of a command that must go well."""
        ended = self(*words)
        assert ended.returncode == 0, (words, ended.stderr)
        return ended.stdout

    def status(self, *words: str) -> int:
        return self(*words).returncode

    def hangs(self, *words: str, seconds: float = 10) -> bool:
        """Whether the command is still at it after ``seconds``. It goes on there: for a machine that is thrown away."""
        try:
            self(*words, seconds=seconds)
        except subprocess.TimeoutExpired:
            return True
        return False

    def domains(self, name: str | None = None) -> list[Domain]:
        """All domains but 0, or those of one name."""
        matches = (_LINE.fullmatch(line) for line in self.ok("list").splitlines()[1:])
        found = [Domain(match["name"], match["domid"], match["state"]) for match in matches if match]
        return [domain for domain in found if domain.domid != "0" and name in (None, domain.name)]

    def state(self, name: str) -> str:
        """The six letters of the one domain of that name; empty if there is none."""
        found = self.domains(name)
        assert len(found) <= 1, found
        return found[0].state if found else ""

    def wait_for_state(self, name: str, letters: str, seconds: float = 120) -> None:
        """Until the state matches the pattern ``letters``. Raises AssertionError if it does not come to that."""
        wait(lambda: re.fullmatch(letters, self.state(name)), f"{name} in state {letters}", seconds)

    def config(self, name: str, **keys: Any) -> str:
        """Writes a configuration and returns its path: by default a guest that does nothing and ignores everything."""
        facts = {"name": name, "type": "pv", "kernel": self.target.facts["ignoring_kernel"], "memory": MEMORY}
        facts.update({"cap": DEAF_CAP} if "kernel" not in keys else {}, **keys)
        return self.write(name, "".join(f"{key} = {json.dumps(value)}\n" for key, value in facts.items()))

    def linux(self, name: str, **keys: Any) -> str:
        """The configuration of a guest that boots in seconds and acknowledges a shutdown."""
        facts = self.target.facts
        boot = {"kernel": facts["kernel"], "ramdisk": facts["ramdisk"], "extra": facts["cmdline"], "memory": 96}
        return self.config(name, **{**boot, **keys})

    def write(self, name: str, text: str) -> str:
        path = f"/tmp/{re.sub('[^a-z0-9]', '-', name)}.cfg"
        written = self.target.run(["sh", "-c", 'printf %s "$1" >"$2"', "sh", text, path])
        assert written.returncode == 0, written.stderr
        return path

    def create(self, path: str, *words: str) -> None:
        self.ok("create", *words, path)

    def boot(self, name: str, **keys: Any) -> None:
        """Creates a Linux guest and waits until its kernel waits for something: only then does it answer requests."""
        config = self.linux(name, **keys)
        self.wait_until_up(Boots(self.target, name), lambda: self.create(config))

    def wait_until_up(self, boots: Boots, start: Callable[[], object], seconds: float = 120) -> None:
        """Starts a guest, and waits until its kernel waits for something."""
        start()
        boots.wait(lambda: self.state(boots.name) == "-b----", lambda: self.domains(boots.name), start, seconds)

    def kill_monitor(self, config: str) -> None:
        """Ends the xl process that carries out on_poweroff and on_reboot of the guest created from that file."""
        listing = self.target.run(["ps", "-axww", "-o", "pid=", "-o", "args="]).stdout.splitlines()
        monitor = re.compile(rf"xl create (.* )?{re.escape(config)}( |$)")
        monitors = [line.split()[0] for line in listing if monitor.search(line)]
        assert len(monitors) == 1, listing
        killed = self.target.run(["/bin/kill", "-9", *monitors])
        assert killed.returncode == 0, killed.stderr

    def destroy_all(self) -> None:
        """Ends every guest, also one that is just going (behaviour 4). Raises AssertionError if one stays."""

        def gone() -> bool:
            for domain in self.domains():
                self("destroy", domain.domid)
            return not self.domains()

        wait(gone, "no guests", 60)
