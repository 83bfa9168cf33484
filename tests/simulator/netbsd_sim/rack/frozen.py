# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose commands answer what they said when it was frozen, for who measures time.

A simulated command takes a start of Python, 15 to 20 ms; a real `xl list` or `sysctl` takes 2 ms. On a frozen machine
one script of dash stands for all simulated commands and has the answers in a table: dash and `cat` take 1.5 ms. Files
are as on any other machine. What its Python compiles is not kept (RACK/codes): a real machine keeps nothing of it.

A call that is not in the table ends with 97 and stands in HOST/frozen/missing from then on.

    HOST/frozen/calls.json, statuses.json, N.out, N.err   core/freezing.py
    HOST/frozen/command                                   bound over /.sim/bin/command
    HOST/frozen/uname                                     pysite/sitecustomize.py
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterable
from pathlib import Path

from ..core import profiles
from ..system import kernelinfo
from .rack import Rack, RackError, bind

# What separates arguments where they are compared; in no argument of ours.
_SEPARATOR = "\x1f"
# How often a machine is looked at until it has come to rest; of what is planned on one, each comes once.
_LOOKS = 4
_SANDBOX = "/.sim/host/frozen"
_FREEZE = """import sys
sys.path.append("/.sim/lib")
from netbsd_sim.core import standins
standins.install()
from netbsd_sim.core.freezing import main
main()
"""


def calls(log: Path) -> dict[tuple[str, ...], int]:
    """Each command line of a commands.log once, with its exit status the last time."""
    found = {}
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        found[tuple(entry["argv"])] = int(entry["rc"])
    return found


def freeze(rack: Rack, name: str, log: Path) -> None:
    """Let a host answer from now on what its commands say now, to the calls in that commands.log, which may be another
    host's. Raises RackError if a call answers with another status than in the log, or changes the machine."""
    thaw(rack, name)
    host = rack.host_dir(name)
    known = calls(log)
    frozen = host / "frozen"
    frozen.mkdir()
    (frozen / "calls.json").write_text(json.dumps(list(known)))
    statuses, changed = _settled(rack, name)
    others = [" ".join(argv) for (argv, logged), status in zip(known.items(), statuses) if status != logged]
    if others:
        raise RackError(f"{name}: can't be frozen: ended otherwise than in {log}: {'; '.join(others)}")
    if changed:
        raise RackError(f"{name}: can't be frozen: a call in {log} changes the machine")
    (frozen / "command").write_text(_script(frozen, known, statuses))
    (frozen / "command").chmod(0o755)
    state = json.loads((host / "state.json").read_text())
    words = ("NetBSD", state["hostname"], *kernelinfo.release_version(state), profiles.get(state["profile"]).arch)
    (frozen / "uname").write_text("\n".join(words))
    mounts = [line for line in (host / "mounts").read_text().splitlines(keepends=True) if "/.sim/codes " not in line]
    mounts.append(bind(frozen / "command", host / "root/.sim/bin/command", writable=False))
    (host / "mounts").write_text("".join(mounts))


def _settled(rack: Rack, name: str) -> tuple[list[int], bool]:
    """Look until a look changes nothing: what is due comes to pass in one, and meanwhile something else may become due,
    such as a guest's end of booting. Returns the exit statuses, and whether the last look, too, changed something."""
    file = rack.host_dir(name) / "state.json"
    statuses, changed = _look(rack, name), True
    for _again in range(_LOOKS):
        before = file.read_bytes()
        statuses = _look(rack, name)
        changed = file.read_bytes() != before
        if not changed:
            break
    return statuses, changed


def _look(rack: Rack, name: str) -> list[int]:
    """Have the machine answer all calls into files. Returns their exit statuses."""
    ended = rack.exec(name, ["/.sim/bin/python", "-IS", "-c", _FREEZE], capture_output=True)
    if ended.returncode:
        raise RackError(f"{name}: can't be frozen: {ended.stderr.decode(errors='replace')}")
    statuses: list[int] = json.loads((rack.host_dir(name) / "frozen/statuses.json").read_text())
    return statuses


def thaw(rack: Rack, name: str) -> None:
    """Let a host simulate its commands again."""
    host = rack.host_dir(name)
    shutil.rmtree(host / "frozen", ignore_errors=True)
    (host / "mounts").write_text(rack.mounts(host))


def missing(rack: Rack, name: str) -> list[str]:
    """The command lines that a frozen host could not answer."""
    file = rack.host_dir(name) / "frozen/missing"
    return file.read_text().replace(_SEPARATOR, " ").splitlines() if file.exists() else []


def _script(frozen: Path, known: Iterable[tuple[str, ...]], statuses: list[int]) -> str:
    cases = "".join(
        f"{shlex.quote(_SEPARATOR.join(argv))}) {_answer(frozen, number, status)} ;;\n"
        for number, (argv, status) in enumerate(zip(known, statuses))
    )
    return (f"#!/.sim/bin/sh\n# written by simrack\nIFS='{_SEPARATOR}'\nset -- \"$0\" \"$@\"\ncase $* in\n{cases}esac\n"
            f'printf "%s\\n" "$*" >> {_SANDBOX}/missing\n'
            'IFS=" "; echo "simulator: frozen, and never called like that: $*" >&2\nexit 97\n')


def _answer(frozen: Path, number: int, status: int) -> str:
    """The commands that print one answer. Most print to one stream and end with 0: `cat` takes the script's place."""
    out, err = (f"{_SANDBOX}/{number}.{stream}" if (frozen / f"{number}.{stream}").stat().st_size else ""
                for stream in ("out", "err"))
    if out and not err and status == 0:
        return f"exec /.sim/bin/cat {out}"
    said = [f"/.sim/bin/cat {out}"] if out else []
    said += [f"/.sim/bin/cat {err} >&2"] if err else []
    return "; ".join([*said, f"exit {status}"])
