# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""rc.d scripts that somebody wrote: sh runs them as they are, and the machine's commands in them are the simulator's.

A boot happens in one process, which holds the machine's lock. So each command of the machine is a small script there
that asks this process and passes on what it answers; files below /etc that rc.subr(8) reads are those of the machine.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from ..core import dispatch
from ..core.machine import Machine

_SECONDS = 60
_STUB = """#!/bin/sh
{{ echo "$$"; echo "{path}"; for word; do echo "$word"; done; echo; }} >"{folder}/ask"
until [ -p "{folder}/answer.$$" ]; do sleep 0.02; done
{{ read -r rc; cat; }} <"{folder}/answer.$$"
cat "{folder}/errors.$$" >&2
exit "$rc"
"""
_READ_BY_RC_SUBR = ("etc/rc.subr", "etc/rc.conf", "etc/rc.conf.local", "etc/defaults/rc.conf", "etc/rc.conf.d/*")

# What etc/rc.subr does for a script that brings its commands along (run_rc_command, checkyesno, load_rc_config, warn).
RC_SUBR = """# Simulated: what scripts with commands of their own need of rc.subr(8).
warn() {
	echo 1>&2 "$0: WARNING: $*"
}
checkyesno() {
	eval _value=\\$${1}
	case $_value in
	[Yy][Ee][Ss]|[Tt][Rr][Uu][Ee]|[Oo][Nn]|1) return 0 ;;
	[Nn][Oo]|[Ff][Aa][Ll][Ss][Ee]|[Oo][Ff][Ff]|0) return 1 ;;
	*) warn "\\$${1} is not set properly - see rc.conf(5)."; return 1 ;;
	esac
}
load_rc_config() {
	. /etc/rc.conf
	if [ -f /etc/rc.conf.d/"$1" ]; then
		. /etc/rc.conf.d/"$1"
	fi
}
run_rc_command() {
	rc_arg=$1
	case $rc_arg in
	fast*) rc_arg=${rc_arg#fast} ;;
	force*) rc_arg=${rc_arg#force}; [ -z "$rcvar" ] || eval "$rcvar"=YES ;;
	one*) rc_arg=${rc_arg#one}; [ -z "$rcvar" ] || eval "$rcvar"=YES ;;
	esac
	if [ -n "$rcvar" ] && ! checkyesno "$rcvar"; then
		return 0
	fi
	eval _cmd=\\$${rc_arg}_cmd
	if [ -z "$_cmd" ]; then
		echo 1>&2 "$0: unknown directive '$rc_arg'."
		exit 1
	fi
	eval $_cmd
}
_rc_subr_loaded=:
"""


def scripts(m: Machine, known: Iterable[str]) -> list[str]:
    """The base names of the scripts that are not the simulator's. rc.subr passes over what can't be run, and over
    scratch files (run_rc_script)."""
    found = []
    for path in sorted(m.path("/etc/rc.d").iterdir()):
        if path.name in known or re.search(r"[~#]$|\.OLD$|\.orig$|,v$", path.name) or not os.access(path, os.X_OK):
            continue
        if "/.sim/bin/rcscript" not in path.read_text(errors="replace"):
            found.append(path.name)
    return found


def placed(m: Machine, order: Iterable[str], known: Iterable[str]) -> list[str]:
    """The order of a boot with these scripts in it: each after all that it REQUIREs (rcorder(8))."""
    result = list(order)
    for name in scripts(m, known):
        text = m.path(f"/etc/rc.d/{name}").read_text(errors="replace")
        required = " ".join(re.findall(r"^# REQUIRE:(.*)$", text, re.MULTILINE)).split()
        places = [result.index(other) + 1 for other in required if other in result]
        result.insert(max(places, default=len(result)), name)
    return result


def run(m: Machine, path: str, word: str) -> int:
    """Run the script. Returns its exit status; what it says goes to standard output, as at boot."""
    with tempfile.TemporaryDirectory(dir=m.host_dir) as folder:
        commands = {**dispatch.COMMANDS, **dispatch.PACKAGE_COMMANDS, **m.profile.commands}
        stubs = {name: _stub(folder, name) for name in commands if os.path.lexists(m.path(name))}
        for pattern in _READ_BY_RC_SUBR:
            for file in m.root.glob(pattern):
                copy = Path(folder, file.relative_to(m.root))
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.write_text(_moved(file.read_text(errors="replace"), folder, stubs))
        script = Path(folder, "script")
        script.write_text(_moved(m.path(path).read_text(errors="replace"), folder, stubs))
        os.mkfifo(f"{folder}/ask")
        ask = os.open(f"{folder}/ask", os.O_RDWR | os.O_NONBLOCK)
        try:
            return _run(m, folder, ask, word)
        finally:
            os.close(ask)


def _stub(folder: str, path: str) -> str:
    stub = Path(folder, "bin", os.path.basename(path))
    stub.parent.mkdir(exist_ok=True)
    stub.write_text(_STUB.format(folder=folder, path=path))
    stub.chmod(0o755)
    return str(stub)


def _moved(text: str, folder: str, stubs: dict[str, str]) -> str:
    """A script's text with the machine's files and commands where this process has them."""
    text = re.sub(r"(?<![\w.])/etc/(?=rc\.|defaults/)", f"{folder}/etc/", text)
    for path, stub in stubs.items():
        text = re.sub(rf"(?<![\w./-]){re.escape(path)}(?![\w./-])", stub, text)
    return text


def _run(m: Machine, folder: str, ask: int, word: str) -> int:
    with open(f"{folder}/said", "w+") as said:
        process = subprocess.Popen(
            ["/bin/sh", f"{folder}/script", word], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
            env={"PATH": f"{folder}/bin:/sbin:/bin:/usr/sbin:/usr/bin"})
        question, waited = "", 0.0
        while process.poll() is None and waited < _SECONDS:
            ready, _, _ = select.select([ask], [], [], 0.02)
            if not ready:
                waited += 0.02
                continue
            question += os.read(ask, 65536).decode()
            if question.endswith("\n\n"):
                asker, *argv = question[:-2].split("\n")
                _answer(m, folder, asker, argv)
                question = ""
        process.kill()
        status = process.wait()
        said.seek(0)
        print(said.read(), end="")
    return status


def _answer(m: Machine, folder: str, asker: str, argv: list[str]) -> None:
    out, err, started = io.StringIO(), io.StringIO(), m.now()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            rc = dispatch.run(m, argv)
        except SystemExit as ending:
            rc = int(ending.code or 0)
    dispatch.log(m, argv, rc, started)
    Path(folder, f"errors.{asker}").write_text(err.getvalue())
    os.mkfifo(f"{folder}/answer.{asker}")  # by this process: a machine's own root has no mkfifo(1)
    with open(f"{folder}/answer.{asker}", "w") as stream:
        stream.write(f"{rc}\n{out.getvalue()}")
    sys.stdout.flush()
