# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ps, pgrep, pkill and kill over the machine's daemons, and the xl process that waits behind each guest.

Simulated process ids are larger than any of the controller's (machine.Machine.start_daemon), because the shell's own
`kill` can't be intercepted: `/bin/kill`, pkill and Python's os.kill end a simulated daemon, the builtin finds no such
process.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from ..core import forms
from ..core.machine import Machine, NotSimulated, SimError

# As started by the rc.d scripts (records after-restarted, status-running-by-hand); others run as /usr/sbin/NAME.
_COMMAND_LINES = {
    "xenstored": "/usr/pkg/sbin/xenstored --pid-file /var/run/xen/xenstored.pid ",
    "xenconsoled": "/usr/pkg/sbin/xenconsoled --pid-file=/var/run/xen/xenconsoled.pid ",
    "xenwatchdogd": "/usr/pkg/sbin/xenwatchdogd 30 15 ",
    # A script: the kernel starts its interpreter (sys/kern/exec_script.c).
    "xend": "/usr/pkg/bin/python2.7 /usr/pkg/sbin/xend start ",
    "xenbackendd": "/usr/pkg/sbin/xenbackendd ",
}

# record kill-l
_SIGNAL_NAMES = """HUP INT QUIT ILL TRAP ABRT EMT FPE KILL BUS SEGV SYS PIPE ALRM TERM URG STOP
TSTP CONT CHLD TTIN TTOU IO XCPU XFSZ VTALRM PROF WINCH INFO USR1 USR2 PWR RT0
RT1 RT2 RT3 RT4 RT5 RT6 RT7 RT8 RT9 RT10 RT11 RT12 RT13 RT14 RT15 RT16 RT17
RT18 RT19 RT20 RT21 RT22 RT23 RT24 RT25 RT26 RT27 RT28 RT29 RT30"""


def running(m: Machine) -> list[tuple[int, str]]:
    """(pid, daemon's name), oldest first. A second daemon of one name is kept as NAME#2. The name of a guest's xl is
    its command line."""
    daemons = [(pid, key.partition("#")[0]) for key, pid in m.data.get("daemons", {}).items()]
    guests = m.data.get("xen", {}).get("domains", {}).values()
    models = [domain["device_model"] for domain in guests if domain.get("device_model")]
    return sorted(daemons + [(domain["monitor"], domain.get("command", "/usr/pkg/sbin/xl create "))
                             for domain in _monitored(m)] + [(model["pid"], model["command"]) for model in models])


def _monitored(m: Machine) -> list[dict[str, Any]]:
    return [domain for domain in m.data.get("xen", {}).get("domains", {}).values() if domain.get("monitor")]


def command_line(name: str) -> str:
    """What ps shows."""
    return name.rstrip() + " " if name.startswith("/") else _COMMAND_LINES.get(name, f"/usr/sbin/{name} ")


def _short(name: str) -> str:
    """The name of the program."""
    return name.split(" ")[0].rpartition("/")[2]


def end(m: Machine, pid: int) -> bool:
    """End the daemon with that id. False if there is none. A guest whose xl is gone runs on (facts xl-behaviour 5)."""
    for domain in _monitored(m):
        if domain["monitor"] == pid:
            domain["monitor"] = None
            return True
    for key, value in list(m.data.get("daemons", {}).items()):
        if value == pid:
            del m.data["daemons"][key]
            return True
    return False


def ps(m: Machine, argv: list[str]) -> int:
    """ps [-]ax[w] [-p PID] [-o COLUMNS]... (records ps-*). Of the commands of this session only ps itself and the login
    are shown."""
    given = forms.read(argv)
    asked = given.values.get("o", ["pid,tt,stat,time,command"])
    columns = [column for text in asked for column in _columns(text)]
    if not columns:
        raise SimError("ps: no valid keywords")
    chosen = given.values.get("p")
    if not chosen and not {"a", "x"} <= given.letters:
        raise NotSimulated(f"{' '.join(argv)}: only those with a terminal")
    processes = [each for each in _all(m, argv) if not chosen or str(each.pid) in chosen]
    rows = [[column.show(process) for column in columns] for process in processes]
    if any(column.header for column in columns):
        rows.insert(0, [column.header for column in columns])
    widths = [max(len(row[i]) for row in [[column.header for column in columns], *rows]) for i in range(len(columns))]
    for row in rows:
        *cells, last = [text.ljust(width) if column.left else text.rjust(width)
                        for column, text, width in zip(columns, row, widths)]
        print(" ".join([*cells, row[-1] if columns[-1].left else last]))
    return 0 if processes else 1


@dataclass(frozen=True)
class _Process:
    """A row of ps. A command line has a blank at its end; a kernel's process is in brackets (record ps-two-o)."""

    pid: int
    name: str
    line: str


def _all(m: Machine, argv: list[str]) -> list[_Process]:
    own = " ".join(["/bin/ps", *argv[1:]]) + " "
    session = [_Process(os.getppid(), "sshd", "sshd: root@notty "), _Process(os.getpid(), "ps", own)]
    return [_Process(0, "system", "[system]"), _Process(1, "init", "init "), *session,
            *(_Process(pid, _short(name), command_line(name)) for pid, name in running(m))]


@dataclass(frozen=True)
class _Column:
    header: str
    left: bool
    show: Callable[[_Process], str]


def _columns(text: str) -> list[_Column]:
    """What one -o asks for: names with commas or blanks between them, up to the first `=`, behind which all is the
    header of the last one (bin/ps/keyword.c, parsevarlist; record ps-product-form)."""
    names, equals, header = text.partition("=")
    found = []
    for name in re.findall(r"[^,\s]+", names):
        if name in _OTHER_COLUMNS:
            raise NotSimulated(f"ps -o {name}")
        if name not in _COLUMNS:
            print(f"ps: {name}: keyword not found", file=sys.stderr)  # record ps-bad-keyword
            continue
        found.append(_COLUMNS[name])
    return [*found[:-1], replace(found[-1], header=header)] if equals and found else found


# bin/ps/keyword.c
_OTHER_COLUMNS = frozenset("""
    %cpu %mem acflag acflg blocked caught cpu cpuid cputime ctime egid egroup emul etime euid euser f flags gid
    group groupnames groups holdcnt inblk inblock jobc ktrace ktracep laddr lid lim lname login logname lstart
    lstate ltime lwp majflt maxrss minflt msgrcv msgsnd ni nice nivcsw nlwp nlwps nsignals nsigs nswap nvcsw
    nwchan oublk oublock p_ru paddr pagein pcpu pending pgid pmem pri re rgid rgroup rlink rlwp rss rssize rsz
    ruid ruser sess session sid sig sigcatch sigignore sigmask sl start stime svgid svgroup svuid svuser systime
    tdev tpgid tsess tsiz ttyn upr usrpri utime vsize vsz wchan xstat
""".split())


def _first_word(process: _Process) -> str:
    """comm is argv[0] as it was given, with its path, or the whole of a title (record ps-two-o)."""
    return process.line if process.line.startswith(("[", "sshd: ")) else process.line.split(" ")[0] + " "


_COLUMNS = {
    "pid": _Column("PID", False, lambda process: str(process.pid)),
    "ppid": _Column("PPID", False, lambda process: "1"),
    "tt": _Column("TTY", True, lambda process: "?"),
    "tty": _Column("TTY", True, lambda process: "?"),
    "stat": _Column("STAT", True, lambda process: "Is"),
    "state": _Column("STAT", True, lambda process: "Is"),
    "time": _Column("TIME", False, lambda process: "0:00.01"),
    "user": _Column("USER", True, lambda process: "root"),
    "uid": _Column("UID", False, lambda process: "0"),
    "comm": _Column("COMMAND", True, _first_word),
    "ucomm": _Column("COMMAND", True, lambda process: process.name),
    "command": _Column("COMMAND", True, lambda process: process.line),
    "args": _Column("COMMAND", True, lambda process: process.line),
}


def pgrep(m: Machine, argv: list[str]) -> int:
    """pgrep [-flnx] PATTERN: exit 1 when nothing matches."""
    flags, _values, words = forms.read(argv)
    found = _matching(m, flags, words[0])
    for pid, name in found:
        print(f"{pid} {command_line(name) if 'f' in flags else _short(name)}" if "l" in flags else pid)
    return 0 if found else 1


def pkill(m: Machine, argv: list[str]) -> int:
    """pkill [-SIGNAL] [-fx] PATTERN."""
    flags, _values, words = forms.read(argv)
    found = _matching(m, flags, words[0])
    for pid, _name in found:
        end(m, pid)
    return 0 if found else 1


def _matching(m: Machine, flags: set[str], pattern: str) -> list[tuple[int, str]]:
    """With -x all of argv[0] must fit: `pgrep -x xenstored` finds nothing (records pgrep-x, pgrep-x-cron). The pkill.c
    of another release compares the program's name."""
    test = re.fullmatch if "x" in flags else re.search
    return [(pid, name) for pid, name in running(m)
            if test(pattern, command_line(name).rstrip() if "f" in flags else command_line(name).split(" ")[0])]


def _reread_ttys(m: Machine) -> None:
    """init(8) reads ttys(5) again at a hangup."""
    from ..boot import terminals

    m.data["logins"] = terminals.logins(m, m.data.get("console", terminals.SCREEN), m.is_dom0())


def kill(m: Machine, argv: list[str]) -> int:
    """/bin/kill [-SIGNAL] PID...: simulated daemons only; a real process is never ended from here."""
    words = forms.read(argv).words
    if words == ["-l"]:
        print(_SIGNAL_NAMES)
        return 0
    signal_word = words.pop(0) if words and words[0].startswith("-") else ""
    if signal_word == "-s":
        words.pop(0)
    rc = 0
    for word in words:
        pid = int(word)
        if pid == 1 and signal_word == "-HUP":
            _reread_ttys(m)
            alive = True
        elif signal_word == "-0":
            alive = any(pid == known for known, _name in running(m))
        elif signal_word == "-USR1" and (pid, "xenwatchdogd") not in running(m):
            # By it the watchdog ends (Xen's tools/misc/xenwatchdogd.c); oxenstored outlives it.
            raise NotSimulated(f"what process {pid} makes of SIGUSR1")
        else:  # forms.py lets no other signal by that a daemon outlives
            alive = end(m, pid)
        if not alive:
            print(f"kill: {pid}: No such process", file=sys.stderr)
            rc = 1
    if not words:
        raise SimError("usage: kill [-s signal_name] pid ...")
    return rc
