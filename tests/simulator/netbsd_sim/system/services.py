# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""service(8), rc.subr's frame, and the rc.d scripts of the base system and of xentools.

Sources: facts netbsd-xen section 2, records rcd-status.txt, xc-*, xd-*, onestart-when-running, onestop,
bridge-start-only (NetBSD 7.99.10).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass

from ..core import profiles, rcconf, xenhooks
from ..core.machine import Machine, NotSimulated, SimError
from ..net import netstart, npf
from ..pkg import catalogue, tools
from . import foreign, sysctl

Action = Callable[[Machine, "Script"], int]

_PRIVCMD = "/kern/xen/privcmd"


@dataclass(frozen=True)
class Script:
    """An rc.d script as its file says: path as called, base name, $name and the rcvar (None: not gated)."""

    path: str
    base: str
    name: str
    rcvar: str | None
    origin: str = ""  # the package whose script it is


# --- rc.subr ---------------------------------------------------------------------------------------------------------


def rcscript(m: Machine, argv: list[str]) -> int:
    """What every simulated rc.d script executes: argv is [self, the script's path, action]."""
    path = argv[1]
    # Some callers give a relative name (`sh ./network`); rc.subr prints $0 as it is.
    script = read_script(m, path)
    return run_script(m, script, argv[2] if len(argv) > 2 else "", at_boot_time=False)


def read_script(m: Machine, path: str) -> Script:
    """Read `name=` and `rcvar=` from the file: upstream's and pkgsrc's scripts differ (facts measured 3)."""
    file = m.path(os.path.abspath(path))
    text = file.read_text(errors="replace")
    base = os.path.basename(path)
    name = _assignment(text, "name") or base
    rcvar = _assignment(text, "rcvar")
    if rcvar in ("$name", "${name}"):
        rcvar = name
    origin = re.search(r"^# Simulated: .* of (\S+)\.$", text, re.MULTILINE)
    return Script(path, base, name, rcvar, origin[1] if origin else "")


def _assignment(text: str, variable: str) -> str | None:
    match = re.search(rf"^{variable}=[\"']?([^\"'\n#]*)[\"']?\s*$", text, re.MULTILINE)
    return match[1].strip() if match else None


def run_script(m: Machine, script: Script, word: str, at_boot_time: bool) -> int:
    """run_rc_command: prefixes, rcvar, unknown directives."""
    if script.base in foreign.scripts(m, KNOWN):
        return foreign.run(m, script.path, word)
    actions = _actions(m, script)
    prefix = next((known for known in ("fast", "force", "one") if word.startswith(known) and word != known), "")
    action = word.removeprefix(prefix)
    if action not in actions and action not in ("rcvar", "restart"):
        if action:
            # Without its prefix (records xendomains-onestatus, cron-nosuchverb).
            print(f"{script.path}: unknown directive '{action}'.", file=sys.stderr)
        raise SimError(f"Usage: {script.path} [fast|force|one]({_keywords(actions)})")
    enabled = _enabled(m, script)
    if action == "rcvar":
        if script.rcvar and not enabled:
            print(_not_set_properly(m, script), end="", file=sys.stderr)
        print(f"# {script.name}" + (f"\n${script.rcvar}={'YES' if enabled else 'NO'}" if script.rcvar else ""))
        return 0
    if script.rcvar and not enabled and prefix not in ("one", "force"):
        if at_boot_time:
            print(_not_set_properly(m, script), end="")
            return 0
        raise SimError(_not_enabled(m, script, action))
    if action == "restart":
        try:
            actions["stop"](m, script)
        except SimError as error:
            print(error.message, file=sys.stderr)  # what does not run is started all the same
        action = "start"
    # rc.subr tells only whether it went well: xl's 3 becomes 1 (record xd-start-again).
    return 1 if actions[action](m, script) else 0


def _keywords(actions: dict[str, Action]) -> str:
    extra = [name for name in actions if name not in ("start", "stop", "restart")]
    return " ".join(["start", "stop", "restart", "rcvar", *extra])


def _enabled(m: Machine, script: Script) -> bool:
    return bool(script.rcvar) and rcconf.is_yes(rcconf.read(m, script.name).get(script.rcvar or "", ""))


def _not_enabled(m: Machine, script: Script, action: str) -> str:
    """record xc-start-not-enabled; an unset variable gets a warning first (facts section 2.5)."""
    return (f"{_not_set_properly(m, script)}${script.rcvar} is not enabled - see rc.conf(5).\n"
            f"Use the following if you wish to perform the operation:\n  {script.path} one{action}")


def _not_set_properly(m: Machine, script: Script) -> str:
    """rc.subr's checkyesno, at boot as well (record rcd-xen)."""
    value = rcconf.read(m, script.name).get(script.rcvar or "", "").lower()
    if value in ("no", "false", "off", "0"):
        return ""
    return f"{script.path}: WARNING: ${script.rcvar} is not set properly - see rc.conf(5).\n"


def at_boot(m: Machine, base: str) -> int:
    """/etc/rc runs the script with `start`."""
    return run_script(m, read_script(m, f"/etc/rc.d/{base}"), "start", at_boot_time=True)


def run_shutdown_scripts(m: Machine) -> bool:
    """rc.shutdown: scripts with KEYWORD shutdown. Of those simulated, that is xendomains. False: one of them never
    comes back."""
    if not m.is_dom0() or not m.path("/etc/rc.d/xendomains").exists():
        return True
    if _listing_hangs(m):
        return False
    run_script(m, read_script(m, "/etc/rc.d/xendomains"), "stop", at_boot_time=True)
    return True


# --- a plain daemon of the base system -------------------------------------------------------------------------------


def _daemon_status(m: Machine, script: Script) -> int:
    pid = m.daemon(script.name)
    print(f"{script.name} is running as pid {pid}." if pid else f"{script.name} is not running.")
    return 0 if pid else 1


def _daemon_start(m: Machine, script: Script) -> int:
    pid = m.daemon(script.name)
    if pid:
        raise SimError(f"{script.name} already running? (pid={pid}).")
    print(f"Starting {script.name}.")
    pid = m.start_daemon(script.name)
    _write_pid(m, f"/var/run/{script.name}.pid", pid)
    return 0


def _daemon_stop(m: Machine, script: Script) -> int:
    pid = m.daemon(script.name)
    if not pid:
        raise SimError(f"{script.name} not running? (check /var/run/{script.name}.pid).")
    print(f"Stopping {script.name}.")
    m.stop_daemon(script.name)
    return 0


def _daemon_reload(m: Machine, script: Script) -> int:
    print(f"Reloading {script.name} config files.")
    return 0 if m.daemon(script.name) else 1


def _poll(m: Machine, script: Script) -> int:
    """Waits until the daemon has ended (record cron-poll)."""
    while m.daemon("xenwatchdogd" if script.base == "xen-watchdog" else script.name):
        m.sleep(2)
    return 0


def _write_pid(m: Machine, name: str, pid: int) -> None:
    path = m.path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{pid}\n")


_DAEMON: dict[str, Action] = {"start": _daemon_start, "stop": _daemon_stop, "status": _daemon_status,
                              "poll": _poll}
# Those whose script says extra_commands="reload" (etc/rc.d).
_DAEMONS_THAT_RELOAD = ("sshd", "syslogd", "inetd", "postfix")


# --- xencommons ------------------------------------------------------------------------------------------------------

_PID_FILES = {"xenstored": "/var/run/xen/xenstored.pid", "xenconsoled": "/var/run/xen/xenconsoled.pid"}


def _live_pid(m: Machine, name: str) -> int | None:
    """The pid in a daemon's pid file, if such a daemon lives. A second xenconsoled hides the first (record
    onestart-when-running)."""
    path = m.path(_PID_FILES[name])
    try:
        pid = int(path.read_text())
    except (OSError, ValueError):
        return None
    return pid if pid in m.data.get("daemons", {}).values() else None


def _xencommons_status(m: Machine, _script: Script) -> int:
    """Exit status 0 whatever it says (facts measured 1; records xc-before, xc-kill-xenconsoled, xs-kill)."""
    xenstored, xenconsoled = _live_pid(m, "xenstored"), _live_pid(m, "xenconsoled")
    if xenstored and xenconsoled:
        print(f"xencommons are running as pids  {xenstored} {xenconsoled}.")
    elif not xenstored and not xenconsoled:
        print("xencommons are not running.")
    else:
        print(f"xenstored is running as pid {xenstored or ''}.\nxenconsoled is running as pid {xenconsoled or ''}.")
    return 0


def _xencommons_start(m: Machine, script: Script) -> int:
    """Starts what is missing; beside running daemons a second xenconsoled (facts measured 4)."""
    starting = [] if _live_pid(m, "xenstored") else ["xenstored"]
    print(f"Starting xenservices: {', '.join([*starting, 'xenconsoled'])}.", flush=True)
    for directory in ("/var/run/xen", "/var/run/xenstored"):
        m.path(directory).mkdir(parents=True, exist_ok=True)
    if not m.path(_PRIVCMD).exists():
        print(f"{script.path}: WARNING: {_PRIVCMD} is not readable.", file=sys.stderr)
    if starting:
        if xenstored(m, ["/usr/pkg/sbin/xenstored"]) != 0:
            return 1
        if not m.data.get("booting"):  # then nobody watches
            m.sleep(5)
    print("Setting domain 0 name, domid and JSON config...")
    xen_init_dom0(m, ["/usr/pkg/libexec/xen/bin/xen-init-dom0"])
    return xenconsoled(m, ["/usr/pkg/sbin/xenconsoled"])


def _xencommons_stop(m: Machine, _script: Script) -> int:
    """record onestop: xenstored stays."""
    print("Stopping xencommons.")
    pid = _live_pid(m, "xenconsoled")
    for key, value in list(m.data["daemons"].items()):
        if value == pid:
            del m.data["daemons"][key]
    print("WARNING: Not stopping xenstored, as it cannot be restarted.")
    return 0


def xenstored(m: Machine, argv: list[str]) -> int:
    """Start the daemon. Without a hypervisor, or without kernfs on /kern, it can't."""
    if not m.is_dom0() or not m.path(_PRIVCMD).exists():
        print("xenstored: Failed to initialize dom0 state: No such file or directory", file=sys.stderr)
        return 1
    if m.daemon("xenstored"):
        raise SimError("xenstored: another xenstored is running")
    _write_pid(m, _PID_FILES["xenstored"], m.start_daemon("xenstored"))
    m.data["dom0_set_up"] = False
    xenhooks.store_started(m)
    return 0


def xenconsoled(m: Machine, _argv: list[str]) -> int:
    """Start one; nothing hinders a second (record onestart-when-running)."""
    if not m.is_dom0() or not m.daemon("xenstored"):
        print("xenconsoled: Failed to contact xenstored (No such file or directory).  Is it running?", file=sys.stderr)
        return 1
    key = "xenconsoled" if not m.daemon("xenconsoled") else f"xenconsoled#{m.data['next_pid']}"
    pid = m.start_daemon(key)
    _write_pid(m, _PID_FILES["xenconsoled"], pid)
    return 0


def xenwatchdogd(m: Machine, _argv: list[str]) -> int:
    """Start it."""
    m.start_daemon("xenwatchdogd")
    return 0


def xen_init_dom0(m: Machine, _argv: list[str]) -> int:
    """Give Domain-0 its name in xenstore (records xc-before: a second time it says so)."""
    if not m.daemon("xenstored"):
        m.hang()
    if m.data.get("dom0_set_up"):
        print("Dom0 is already set up", file=sys.stderr)
        return 0
    print("Done setting up Dom0")
    m.data["dom0_set_up"] = True
    xenhooks.daemons_started(m)
    return 0


def _watchdog_start(m: Machine, _script: Script) -> int:
    print("Starting xenwatchdog.")
    return xenwatchdogd(m, [])


def _watchdog_stop(m: Machine, _script: Script) -> int:
    print("Stopping xenwatchdog.")
    return 0 if m.stop_daemon("xenwatchdogd") else 1


def _watchdog_status(m: Machine, script: Script) -> int:
    """rc.subr's own, by `command` and `pidfile` (record rcd-xen)."""
    pid = m.daemon("xenwatchdogd")
    print(f"{script.name} is running as pid {pid}." if pid else f"{script.name} is not running.")
    return 0 if pid else 1


# --- xendomains ------------------------------------------------------------------------------------------------------


def _xendomains_start(m: Machine, script: Script) -> int:
    """Each name's file through `xl create`; an empty list is exit 1 without a word, a missing file is passed over
    (records xd-unset, xd-missing-cfg, xd-start-again)."""
    variables = rcconf.read(m, script.name)
    names = variables.get("xendomains", "").split()
    if not names:
        return 1
    print("Starting xen domains.", flush=True)
    template = variables.get("xendomains_config", "/usr/pkg/etc/xen/%s")
    rc = 0
    for name in names:
        path = template.replace("%s", name)
        if m.path(path).is_file():
            rc = xenhooks.create_file(m, path)
    return rc


def _listing_hangs(m: Machine) -> bool:
    """Whether `xl list`, which xendomains asks for the guests, waits for ever (record xenstored-dead-hang). xm asks
    xend; tools of another release than the hypervisor are refused before that."""
    xl = m.profile.toolstack == profiles.XL and os.path.lexists(m.path("/usr/pkg/sbin/xl"))
    return xl and not m.daemon("xenstored") and tools.release(m) == m.data["hypervisor"]["release"]


def _xendomains_stop(m: Machine, _script: Script) -> int:
    """Every live guest, not only those listed; none is exit 1 without a word (records xd-stop, xd-stop-none)."""
    if m.is_dom0() and _listing_hangs(m):
        m.hang()
    names = xenhooks.guest_names(m) if m.is_dom0() else []
    if not names:
        return 1
    print("Stopping xen domains.", flush=True)
    for name in names:
        xenhooks.shutdown_guest(m, name)
    waited, limit = 0, 60 + 5 * len(names)
    while xenhooks.guest_names(m) and waited < limit:
        m.sleep(10)
        waited += 10
    left = xenhooks.guest_names(m)
    print(f"Failed to stop: {' '.join(left)}" if left else "All domains stopped.")
    return 0


def _xendomains_list(m: Machine, _script: Script) -> int:
    if m.is_dom0() and _listing_hangs(m):
        m.hang()
    print(" ".join(xenhooks.guest_names(m)) if m.is_dom0() else "")
    return 0


# Scripts with actions of their own; all others are plain daemons. xendomains has no status (facts measured 5).
_OWN: dict[str, dict[str, Action]] = {
    "xencommons": {"start": _xencommons_start, "stop": _xencommons_stop, "status": _xencommons_status},
    "xendomains": {"start": _xendomains_start, "stop": _xendomains_stop, "list": _xendomains_list},
    "xen-watchdog": {"start": _watchdog_start, "stop": _watchdog_stop, "status": _watchdog_status, "poll": _poll},
    "network": {"start": lambda m, script: netstart.network_start(m),
                "stop": lambda m, script: netstart.network_stop(m)},
    "npf": {"start": lambda m, script: npf.rc_start(m), "stop": lambda m, script: npf.rc_stop(m),
            "reload": lambda m, script: npf.rc_reload(m), "status": lambda m, script: 0},
    "sysctl": {"start": lambda m, script: sysctl.rc_start(m), "stop": lambda m, script: 0},
}

# Whose scripts are the simulator's, whatever stands in them.
KNOWN = frozenset((*_OWN, "xend", "xenbackendd"))

_NOT_DAEMONS = ("mountall", "mountcritlocal", "swap2", "local")


def _actions(m: Machine, script: Script) -> dict[str, Action]:
    if script.base in ("xencommons", "xend", "xenbackendd"):
        from ..xen.xm import xend_rc

        # A script that stayed behind when its package went away does what it did.
        release = catalogue.release_of(script.origin) if script.origin else m.profile.xen_release
        if release in xend_rc.ACTIONS:
            return xend_rc.ACTIONS[release][script.base]
    if script.base in _OWN:
        return _OWN[script.base]
    if script.base in _NOT_DAEMONS:
        raise NotSimulated(script.path)
    return {**_DAEMON, "reload": _daemon_reload} if script.base in _DAEMONS_THAT_RELOAD else _DAEMON


# --- service(8) ------------------------------------------------------------------------------------------------------

_SERVICE_USAGE = """usage: service [-elv]
       service [-ev] rc_script_name [rc_script_name2 [...]]
       service [-v] rc_script_name action
       -e: List enabled scripts; check if given scripts are enabled
       -l: List all scripts in rcorder
       -v: Verbose (mention in which directory script is found)
rc_directories is currently set to /etc/rc.d"""


def service(m: Machine, argv: list[str]) -> int:
    """service -l | -e | NAME ACTION (record service.txt)."""
    words = argv[1:]
    if words and words[0] in ("-v", "-ev", "-lv"):
        raise NotSimulated(" ".join(argv))
    if not words or (words[0].startswith("-") and words[0] not in ("-l", "-e")):
        if words and words[0].startswith("--"):
            print("Illegal option --", file=sys.stderr)  # record ansible-service-facts
        raise SimError(_SERVICE_USAGE)
    scripts = sorted(path.name for path in m.path("/etc/rc.d").iterdir())
    if words[0] in ("-l", "-e"):
        if words[1:]:
            raise NotSimulated(" ".join(argv))
        for name in scripts:
            if words[0] == "-l" or _enabled(m, read_script(m, f"/etc/rc.d/{name}")):
                print(f"/etc/rc.d/{name}")
        return 0
    if words[0] not in scripts:
        raise SimError(f"{words[0]} does not exist in /etc/rc.d")
    if len(words) < 2:
        raise SimError(_SERVICE_USAGE)
    return run_script(m, read_script(m, f"/etc/rc.d/{words[0]}"), words[1], at_boot_time=False)
