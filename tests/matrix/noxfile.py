# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The sessions of `make matrix`: every ansible-core with every Python of a managed machine that it takes (versions.py).

`make matrix` runs all of it, `make matrix-ends` what CI takes: the oldest core with the oldest Python and the newest
with the newest. Every other test runs on those of requirements/run.txt, which are between. A Python that is not here is
listed as not run; with `-- complete` it is a failure instead.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nox

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT / "tests/matrix"), str(CHECKOUT / "tests/tools")]

import sanity  # noqa: E402
from table import NOT_RUN  # noqa: E402
from versions import CORES, LINES, NEWEST, OLDEST, Core, contradiction  # noqa: E402

WORK = CHECKOUT / ".build/matrix"
nox.options.envdir = str(WORK / "nox")

# pyenv's own pythonX.Y fail for what is not selected, so that those that work come first.
_LINKS = Path(tempfile.mkdtemp(prefix="netbsd-xen-pythons-"))
atexit.register(shutil.rmtree, _LINKS, ignore_errors=True)
os.environ["PATH"] = f"{sanity.pyenv_pythons(_LINKS / 'bin')}:{os.environ['PATH']}"


def pairs(*ends: tuple[tuple[Core, str], str]) -> list[object]:
    """Each core's line with each Python of its machines, as parameters of a session; ``ends`` are those with a tag.

    Only texts: nox writes them into its report."""
    tags = dict(ends)
    return [nox.param(core.line, target, id=f"core-{core.line}-python-{target}",
                      tags=[tags[core, target]] if (core, target) in tags else [])
            for core in CORES for target in core.targets]


@nox.session(python=False)
@nox.parametrize("line,target", pairs((OLDEST, "oldest"), (NEWEST, "newest")))
def site(session: nox.Session, line: str, target: str) -> None:
    """From the archive in an empty place: a bare simulated machine with that Python, see site_run.py."""
    python, programs = there(session, target), environment(session, LINES[line])
    session.run(sys.executable, str(CHECKOUT / "tests/matrix/site_run.py"), f"{programs}/ansible-playbook", python,
                target, str(WORK / f"site-{line}-{target}"))


# Under the newest Python of a machine there is nothing that those of the controllers, one version older, have not seen.
@nox.session(python=False)
@nox.parametrize("line,target", pairs((OLDEST, "oldest")))
def units(session: nox.Session, line: str, target: str) -> None:
    """The unit tests of what runs on a managed machine, by `ansible-test units` under that Python."""
    there(session, target)
    tests = ("tests/unit/plugins/modules/", "tests/unit/plugins/module_utils/")
    by_ansible_test(session, LINES[line], f"units-{line}-{target}", "units", "--python", target, *tests)


@nox.session(python=False)
@nox.parametrize("line", [nox.param(line, id=f"core-{line}") for line in LINES])
def sanity_tests(session: nox.Session, line: str) -> None:
    """`ansible-test sanity` of that core, under all Pythons that are here."""
    by_ansible_test(session, LINES[line], f"sanity-{line}", "sanity")


def by_ansible_test(session: nox.Session, core: Core, name: str, command: str, *arguments: str) -> None:
    """Call ansible-test on a copy of the collection: it wants one at a path of a certain form."""
    programs = environment(session, core)
    os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
    if sanity.main(WORK / name, ["--venv", "--color", "no", *arguments], command, f"{programs}/ansible-test"):
        session.error(f"ansible-test {command} has failed")


def environment(session: nox.Session, core: Core) -> Path:
    """The programs of that core, in an environment that all its sessions share."""
    python, place = there(session, core.controller), WORK / f"core-{core.line}"
    wanted = f"ansible-core=={core.release}"
    pins = CHECKOUT / "requirements/matrix.txt"
    made, stamp = place / ".made-of", f"{wanted}\n{pins.read_text()}"
    WORK.mkdir(parents=True, exist_ok=True)
    with open(WORK / f"core-{core.line}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # sessions may run side by side
        if not made.exists() or made.read_text() != stamp:
            session.run(python, "-m", "venv", "--clear", str(place))
            session.run(str(place / "bin/python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install",
                        wanted, "--constraint", str(pins))
            made.write_text(stamp)
    (constants,) = place.glob("lib/python*/site-packages/ansible_test/_util/target/common/constants.py")
    differs = contradiction(core, constants)
    if differs:
        session.error(differs)
    return place / "bin"


def there(session: nox.Session, version: str) -> str:
    """The path of that Python. Where there is none the session is not run, or fails where all have to be there."""
    found = shutil.which(f"python{version}")
    if found is None or subprocess.run([found, "-c", ""], capture_output=True, timeout=60, check=False).returncode:
        text = f"{NOT_RUN}: there is no python{version} here (on PATH, or of pyenv)"
        session.error(text) if "complete" in session.posargs else session.skip(text)
    return os.path.realpath(found)
