# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Every step of a converge as the last one, by hundreds and in minutes: without Ansible, in this process.

The roles' tasks bring one simulated machine from a state to a declaration (whole_host.py). Before and behind each
command and file operation, and in the middle of those that work in pieces, a copy of it is taken, and in each copy
something has ended the run: a kill, or a power cut with one kind of damage to all that was not fsynced. A child process
plans the copy, has role bootstrap's program look at its packages, runs the same tasks, plans again, and is judged by
what `make faults` promises (judge.py).

It is for use by hand (`python tests/faults/sweep.py --help`); the faults of CI are run.py's.
"""

from __future__ import annotations

import argparse
import errno
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
sys.path[:0] = [str(CHECKOUT / name) for name in (".build/collections", "tests/tools", "tests/simulator")]

import machines  # noqa: E402
import pytest  # noqa: E402
from cases import CASES, WEB, Case, add_own_lines, declare  # noqa: E402
from judge import Reference, Sight, differences, left_over, lost  # noqa: E402
from netbsd_sim.core import powercut  # noqa: E402
from netbsd_sim.core.machine import Machine  # noqa: E402
from steps import Step, changes_nothing  # noqa: E402

from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read import vnd  # noqa: E402
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import lock  # noqa: E402
from ansible_collections.netbsd.xen.tests.unit.support import sim_host  # noqa: E402
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost  # noqa: E402
from ansible_collections.netbsd.xen.tests.unit.support.whole_host import NAME, WholeHost, planned  # noqa: E402

WORK = CHECKOUT / ".build/faults/sweep"
PROGRAM = CHECKOUT / "roles/bootstrap/files/packages.py"
KILL = "kill"
# The cases of make faults whose playbook is site.yml, and what they lack.
_MORE: dict[str, Any] = {
    "bridge_bridges": [{"name": "bridge0", "interfaces": ["wm1"], "address": "10.9.0.1/24"}],
    "bridge_nat": [{"bridge": "bridge0", "interface": "wm0"}],
    "bootloader_console": "com0",
    "services_xl_conf": {"claim_mode": 0},
}
SWEEPS = (
    *(case for case in CASES if case.playbook == "site"),
    Case("nat", "netbsd-10.1-xen-4.20", declare("amd64", "10.1", "4.20", [WEB], **_MORE), disturb=add_own_lines),
    Case(
        "grub2",
        "netbsd-10.1-xen-4.20",
        declare("amd64", "10.1", "4.20", [WEB], bootloader_loader="grub2"),
        loader="grub2",
        disturb=add_own_lines,
    ),
)
# From which byte on a file of this size is NUL; None: it is whole.
DAMAGE: dict[str, Callable[[str, int], int | None]] = {
    "nul": lambda _path, _size: 0,
    "tail": lambda _path, size: size // 2,
    "some": lambda path, size: [0, size // 2, None][sum(map(ord, path)) % 3],
    "others": lambda path, size: [0, None, size // 3][sum(map(ord, path)) % 3],
    "lists": lambda path, _size: 0 if "/+" in path else None,  # of packages, only what tells of them
    "files": lambda path, _size: None if "/+" in path else 0,
}
# Of these the run itself goes on, or ends as it likes: the operation fails, the disk is full, or the command does its
# work and then says that it failed.
ERRORS = {"fail": errno.EIO, "enospc": errno.ENOSPC, "late": 0}
KINDS = (KILL, *DAMAGE, *ERRORS)
# Nobody looks on: guests boot in no time.
PACE = 0.002
_RANDOM = re.compile(r"(?<=\.)[a-z0-9_]{8}(?=\.netbsd_xen\b)")


class Camera:
    """Sees each step of this process on one machine, and calls ``taken`` with its name. What the simulator does itself
    are no steps: its commands are."""

    def __init__(self, host: Path, taken: Callable[[str], None]) -> None:
        self.host, self.root = host, os.path.realpath(host / "root")
        self.taken = taken
        self.blind = 0
        self.command = ""
        # Which operation fails, how, how many have been seen, and what it was.
        self.failing, self.error, self.seen, self.failed_at = 0, "", 0, ""

    @contextmanager
    def closed(self) -> Iterator[None]:
        self.blind += 1
        try:
            yield
        finally:
            self.blind -= 1

    def inside(self, path: Any) -> str:
        """A path as the machine names it; empty if it is another's."""
        name = os.path.abspath(os.fsdecode(path)) if isinstance(path, (str, bytes, os.PathLike)) else ""
        within = name[len(self.root) :] if name.startswith(self.root + "/") else ""
        return "" if within.startswith("/tmp/") else _RANDOM.sub("*", within)

    def fails(self, path: str = "") -> bool:
        """Whether this is the operation that fails; of a file it raises that."""
        if self.blind or not self.failing:
            return False
        self.seen += 1
        if self.seen != self.failing:
            return False
        self.failed_at = path
        if path and ERRORS[self.error]:
            raise OSError(ERRORS[self.error], os.strerror(ERRORS[self.error]), path)
        return True

    def see(self, step: str) -> None:
        if not self.blind:
            with self.closed():
                self.taken(step)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        for name, index in (("rename", 1), ("unlink", 0), ("mkdir", 0), ("rmdir", 0), ("symlink", 1), ("link", 1)):
            patch.setattr(os, name, self._wrapped(name, getattr(os, name), index))
        patch.setattr(os, "fsync", self._fsync(os.fsync))
        patch.setattr(sim_host.Host, "run", self._run(sim_host.Host.run))
        patch.setattr(sim_host.Host, "reboot", self._reboot(sim_host.Host.reboot))
        patch.setattr(SimulatedHost, "sync", self._sync(SimulatedHost.sync))
        patch.setattr(sim_host, "Machine", self._machine())

    def _wrapped(self, kind: str, real: Any, index: int) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            path = self.inside(args[index]) if not self.blind and not options else ""
            if path:
                self.fails(f"{kind} {path}")
            found = real(*args, **options)
            if path:
                self.see(f"{kind} {path}")
            return found

        return call

    def _fsync(self, real: Any) -> Any:
        def call(descriptor: Any) -> None:
            number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
            path = self.inside(os.readlink(f"/proc/self/fd/{number}"))
            about = os.fstat(number)
            if path and stat.S_ISREG(about.st_mode):
                self.see(f"before fsync {path}")
                self.fails(f"fsync {path}")
            real(descriptor)
            if path:
                # As sitecustomize does on a machine of its own.
                with (self.host / powercut.FSYNCED).open("a") as log:
                    log.write(f"{about.st_ino} {about.st_mtime_ns} {about.st_size}\n")

        return call

    def _sync(self, real: Any) -> Any:
        def call(host: SimulatedHost, paths: Any) -> int:
            named = list(paths)
            half = len(named) // 2
            self.see(f"before sync of {len(named)} files")
            with self.closed():
                count = real(host, named[:half])
            self.see(f"half of sync of {len(named)} files")
            with self.closed():
                count += real(host, named[half:])
            self.see(f"sync of {len(named)} files")
            return int(count)

        return call

    def _run(self, real: Any) -> Any:
        def call(machine: sim_host.Host, *argv: str) -> sim_host.Result:
            self.command = " ".join(argv)
            step = not changes_nothing(Step(self.command), 0)
            failed = step and self.fails()
            if failed:
                self.failed_at = self.command
                if ERRORS[self.error]:
                    return sim_host.Result(1, "", f"injected: {os.strerror(ERRORS[self.error])}")
            with self.closed():
                found: sim_host.Result = real(machine, *argv)
            if failed:
                return sim_host.Result(1, found.out, found.err + "injected: it has failed")
            if step:
                self.see(self.command)
            return found

        return call

    def _reboot(self, real: Any) -> Any:
        def call(machine: sim_host.Host) -> dict[str, Any]:
            with self.closed():
                found: dict[str, Any] = real(machine)
            self.see("reboot")
            return found

        return call

    def _machine(camera) -> type[Machine]:
        class Seen(Machine):
            def __init__(self, *args: Any) -> None:
                super().__init__(*args)
                self.midway = self._half

            def _half(self) -> None:
                if camera.blind == 1:
                    self.save()
                    camera.taken(f"half of {camera.command}")

        return Seen


class Whole(WholeHost):
    """Role bootstrap's own program looks at the packages."""

    def bootstrap(self) -> None:
        if self.machine.directory.exists() and not (self.machine.root / "var/db/netbsd.xen.packages").exists():
            super().bootstrap()

    def look_at_packages(self) -> str:
        """What the program says. Where it is for role bootstrap to make pkg_add do the rest, it does."""
        root = str(self.machine.root)
        program = PROGRAM.read_text().replace("import subprocess\n", "")
        for path in ("/usr/pkg/pkgdb", "/var/db/pkg", "/var/db/netbsd.xen.packages"):
            program = program.replace(f'"{path}"', f'"{root}{path}"')
        program = program.replace("prefix = line[5:].strip()", f'prefix = "{root}" + line[5:].strip()')
        said: list[str] = []

        def run(argv: list[str], **_options: Any) -> SimpleNamespace:
            os.environ["PKG_PATH"] = self.own["bootstrap_pkg_path"]
            found = self.machine.run(*argv)
            said.append(f"{argv}: {found.rc} {found.err.strip()}")
            return SimpleNamespace(returncode=found.rc, stdout=found.out, stderr=found.err)

        before, sys.argv = sys.argv, ["-c", "settle", self.profile.python_package, "pkgin"]
        try:
            exec(compile(program, str(PROGRAM), "exec"), {"subprocess": SimpleNamespace(run=run, DEVNULL=None)})
        except SystemExit as ending:
            return "" if not ending.code else f"role bootstrap's program ends with {ending.code}: {said}"
        finally:
            sys.argv = before
        return ""


def whole(case: Case, directory: Path, patch: pytest.MonkeyPatch, variables: dict[str, Any]) -> Whole:
    loader = case.variables.get("bootloader_loader", "boot_cfg")
    made = Whole(directory, patch, case.profile, loader=loader)
    made.own.update(variables, **machines.identity("1"))
    return made


class OneMachine:
    """As a rack of one machine, for what happens to it before (cases.py)."""

    def __init__(self, machine: sim_host.Host) -> None:
        self.machine = machine

    def root(self, _name: str) -> Path:
        return self.machine.root

    def execute(self, _name: str, *argv: str) -> str:
        return self.machine.run(*argv).out


def in_state(case: Case, directory: Path, patch: pytest.MonkeyPatch) -> Whole:
    """A machine of a case, in the state in which the run finds it."""
    if case.earlier is not None:
        made = whole(case, directory, patch, case.earlier)
        assert (failures := made.run()[1]) == [], failures
    made = whole(case, directory, patch, case.variables)
    if case.disturb is not None:
        case.disturb(OneMachine(made.machine), NAME)  # type: ignore[arg-type]  # all that a case asks of a rack
    with Machine(made.machine.directory) as m:
        powercut.settle(m)
        m.data["pace"] = PACE
    return made


def look(whole: WholeHost) -> Sight:
    """All of a machine; without what only its next boot would tell."""
    data = whole.machine.data
    domains = data.get("xen", {}).get("domains", {}).values()
    guests = {each["name"]: str(each["domid"]) for each in domains if each["domid"] and not each.get("dying")}
    tree = machines.read_tree(whole.machine.root, {})
    units = tuple(sorted(set(data.get("vnd", {})) - {str(unit) for unit in data.get("vnd_held", [])}))
    xen = (data.get("hypervisor") or {}).get("release", "")
    boots = "" if data["kernel"] else str(data.get("down_reason") or "down")
    return Sight(tree, guests, boots, xen, units, 0, machines.installed(whole.machine.root))


def what_becomes(twin: Whole, reference: Reference, cut: bool) -> Iterator[str]:
    """What of the promises is not kept by a machine on which a run was ended."""
    after = look(twin)
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        boots = after.boots if cut else machines.after_reset(twin.machine.directory)[0]
    if boots:
        yield f"it would not boot: {boots}"
    if after.boots:
        return
    before = reference.before
    if cut:
        before = Sight(before.tree, {}, before.boots, before.xen)
    yield from (f"after the fault: {text}" for text in lost(before, after, reference))
    plan = twin.plan()
    said = [problem.message for problem in plan.problems]
    yield from (f"plan: {text}" for text in [*said, *plan.warnings] if "internal error" in text)
    yield from (f"plan is refused: {text}" for text in said if "internal error" not in text)
    wrong = twin.look_at_packages()
    if wrong:
        yield wrong
    _changes, failures = twin.run()
    yield from (f"second run: {text}" for text in failures)
    if failures:
        return
    again = twin.plan()
    yield from (f"plan after the second run: {problem.message}" for problem in again.problems)
    yield from (f"still planned: {thing}" for thing in sorted(planned(again)))
    yield from (f"still for later: {problem.message}" for problem in again.later)
    then = look(twin)
    yield from (f"after the second run: {text}" for text in lost(before, then, reference))
    yield from differences(then, reference)
    yield from (f"left over: {path}" for path in left_over(then.tree, reference))
    units = set(then.units) - set(reference.after.units)
    yield from (f"vnd{unit} is still configured" for unit in sorted(units))
    if then.xen != reference.after.xen:
        yield f"it runs under Xen {then.xen or '(none)'}"


class Playing:
    """One sweep: its machine without a fault, the copies, and what became of them."""

    def __init__(self, sweep: Case, options: argparse.Namespace, patch: pytest.MonkeyPatch) -> None:
        self.sweep, self.options, self.patch = sweep, options, patch
        self.where = WORK / sweep.name
        self.results = self.where / "results.jsonl"
        self.number = 0
        self.children: set[int] = set()
        self.end = time.monotonic() + options.minutes * 60

    def play(self) -> list[dict[str, Any]]:
        shutil.rmtree(self.where, ignore_errors=True)
        base = self.where / "base"
        base.mkdir(parents=True)
        start = in_state(self.sweep, base, self.patch)
        before = look(start)
        clean = self.copied(base / NAME, "clean")
        done, failures = clean.run()
        assert failures == [], failures
        left = clean.plan()
        assert left.in_sync, left
        self.reference = Reference(before, look(clean))
        print(f"=== {self.sweep.name}: without a fault {len(done)} changes")
        seen = self.copied(base / NAME, "seen")
        self.host = seen.machine.directory
        camera = Camera(self.host, self.taken)
        with pytest.MonkeyPatch.context() as patch:
            camera.install(patch)
            self.camera = patch
            _done, failures = seen.run()
        assert failures == [], failures
        self.failing()
        while self.children:
            self.wait()
        return [json.loads(line) for line in self.results.read_text().splitlines()] if self.results.exists() else []

    def copied(self, host: Path, name: str) -> Whole:
        (self.where / name).mkdir()
        copy(host, self.where / name / NAME)
        return whole(self.sweep, self.where / name, self.patch, self.sweep.variables)

    def wait(self) -> None:
        pid, _status = os.wait()
        self.children.discard(pid)

    def taken(self, step: str) -> None:
        """A copy of the machine as it is now, and a child that sees what becomes of it."""
        self.number += 1
        if self.options.list:
            print(f"   {self.number} {step}")
            return
        wanted = set(self.options.kinds.split(",")) - set(ERRORS)
        wanted = wanted and self.number % self.options.every == self.options.first % self.options.every
        if not wanted or not re.search(self.options.step, step) or time.monotonic() > self.end:
            return
        while len(self.children) >= self.options.jobs:
            self.wait()
        photo = self.where / f"{self.number:04d}"
        copy(self.host, photo)
        # Without its lock, which somebody may hold just now.
        m = Machine(self.host)
        m.load()
        unsafe = list(powercut.unsafe(m))
        pid = os.fork()
        if pid:
            self.children.add(pid)
            return
        try:
            self.camera.undo()  # nothing of the child is a step
            self.child(photo, step, unsafe)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)

    def failing(self) -> None:
        """Each operation fails in turn, in a run of its own."""
        kinds = [kind for kind in self.options.kinds.split(",") if kind in ERRORS]
        for number in range(1, self.number + 1) if kinds and not self.options.list else ():
            if number % self.options.every != self.options.first % self.options.every or time.monotonic() > self.end:
                continue
            while len(self.children) >= self.options.jobs:
                self.wait()
            pid = os.fork()
            if pid:
                self.children.add(pid)
                continue
            try:
                for kind in kinds:
                    self.failing_child(number, kind)
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(0)

    def failing_child(self, number: int, kind: str) -> None:
        case = self.where / f"{number:04d}-{kind}"
        case.mkdir()
        copy(self.where / "base" / NAME, case / NAME)
        step, broken = "", []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lock, "LOCK_FILE", str(case / "a-lock"))
            twin = whole(self.sweep, case, patch, self.sweep.variables)
            camera = Camera(twin.machine.directory, lambda _step: None)
            camera.failing, camera.error = number, kind
            try:
                with pytest.MonkeyPatch.context() as eyes:
                    camera.install(eyes)
                    _done, failures = twin.run()
                step = camera.failed_at
                if not step or not re.search(self.options.step, step):
                    shutil.rmtree(case)
                    return
                broken = [f"first run: {text}" for text in failures if "internal error" in text]
                broken += what_becomes(whole(self.sweep, case, patch, self.sweep.variables), self.reference, False)
            except BaseException as error:
                where = "".join(traceback.format_exception(type(error), error, error.__traceback__)[-4:])
                broken.append(f"EXCEPTION {type(error).__name__}: {error}\n{where}")
        self.note({"number": number, "step": step, "kind": kind, "damaged": [], "broken": broken})
        shutil.rmtree(case)

    def note(self, result: dict[str, Any]) -> None:
        with self.results.open("a") as file:
            file.write(json.dumps(result) + "\n")
        if result["broken"]:
            texts = "".join(f"\n      {text[:600]}" for text in result["broken"][:12])
            print(f"{result['number']} {result['kind']} at {result['step']}:{texts}")
            sys.stdout.flush()

    def child(self, photo: Path, step: str, unsafe: list[str]) -> None:
        bad = False
        for kind in self.options.kinds.split(","):
            # Of a single file, all kinds of damage to several are the same.
            if kind in ERRORS or (kind not in (KILL, "nul") and len(unsafe) < 2):
                continue
            case = self.where / f"{photo.name}-{kind}"
            case.mkdir()
            copy(photo, case / NAME)
            broken, damage = self.case(case, kind, unsafe)
            bad = bad or bool(broken)
            self.note({"number": self.number, "step": step, "kind": kind, "damaged": damage, "broken": broken})
            shutil.rmtree(case)
        if not bad:
            shutil.rmtree(photo)

    def case(self, case: Path, kind: str, unsafe: list[str]) -> tuple[list[str], list[str]]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lock, "LOCK_FILE", str(case / "a-lock"))
            damage: dict[str, int] = {}
            try:
                if kind != KILL:
                    for path in unsafe:
                        begin = DAMAGE[kind](path, (case / NAME / "root" / path).stat().st_size)
                        if begin is not None:
                            damage[path] = begin
                    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
                        with Machine(case / NAME) as m:
                            powercut.come_back(m, damage)
                twin = whole(self.sweep, case, patch, self.sweep.variables)
                return list(what_becomes(twin, self.reference, kind != KILL)), sorted(damage)
            except BaseException as error:
                where = "".join(traceback.format_exception(type(error), error, error.__traceback__)[-4:])
                return [f"EXCEPTION {type(error).__name__}: {error}\n{where}"], sorted(damage)


def copy(host: Path, to: Path) -> None:
    subprocess.run(["cp", "-a", "--sparse=always", "--reflink=auto", str(host), str(to)], check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sweeps", default="", help="only these: " + ", ".join(each.name for each in SWEEPS))
    parser.add_argument("--step", default="", help="only steps that match this regular expression")
    parser.add_argument("--kinds", default=",".join(KINDS), help="of " + ", ".join(KINDS))
    parser.add_argument("--minutes", type=float, default=60.0, help="none begins later, of each sweep")
    parser.add_argument("--every", type=int, default=1, help="only every so many steps")
    parser.add_argument("--first", type=int, default=0, help="beginning with this one")
    parser.add_argument("--jobs", type=int, default=2, help="at once")
    parser.add_argument("--list", action="store_true", help="print the steps")
    options = parser.parse_args()
    bad = 0
    for sweep in SWEEPS:
        if options.sweeps and sweep.name not in options.sweeps.split(","):
            continue
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as temporary, pytest.MonkeyPatch.context() as patch:
            patch.setattr(lock, "LOCK_FILE", f"{temporary}/lock")
            patch.setattr(vnd, "BETWEEN_LOOKS_SECONDS", 0.0)
            patch.setattr(powercut, "_UNSAFE_SECONDS", 1e9)
            found = Playing(sweep, options, patch).play()
        wrong = [result for result in found if result["broken"]]
        bad += len(wrong)
        kinds = Counter(result["kind"] for result in found)
        print(
            f"{sweep.name}: {len(found)} cases {dict(kinds)}, {len(wrong)} not as promised, "
            f"{time.monotonic() - started:.0f} s"
        )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
