# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""npfctl(8) and what /etc/rc.d/npf does: usr.sbin/npf/npfctl/npfctl.c, etc/rc.d/npf.

No packet is filtered. The state is whether filtering is on, and the rules that were loaded last.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from ..core.machine import Machine, NotSimulated, SimError
from . import npfconf

CONFIG = "/etc/npf.conf"

State = dict[str, Any]
_USAGE = ("usage:\tnpfctl start | stop | flush | show | stats\n\tnpfctl validate | reload [<rule-file>]\n"
          "\tnpfctl rule \"rule-name\" { add | rem } <rule-syntax>\n")


def fresh() -> State:
    """As a boot finds it."""
    return {"active": False, "rules": []}


def _state(m: Machine) -> State:
    state: State = m.data["npf"]
    return state


def _major(m: Machine) -> int:
    return int(m.profile.netbsd_release.split(".")[0])


def npfctl(m: Machine, argv: list[str]) -> int:
    """npfctl start | stop | flush | show | validate [FILE] | reload [FILE]."""
    words = argv[1:]
    if not m.profile.npf:  # records npfctl-show, npfctl-validate-missing: this comes before everything else
        raise SimError("npfctl: cannot open '/dev/npf': Device not configured")
    if not words or len(words) > 2 or (len(words) == 2 and words[0] not in ("validate", "valid", "reload")):
        raise SimError(_USAGE)
    word, name = words[0], words[1] if len(words) == 2 else CONFIG
    state = _state(m)
    if word in ("start", "stop"):
        state["active"] = word == "start"
    elif word == "flush":
        state["rules"] = []
    elif word == "show":
        print(f"# filtering:\t{'active' if state['active'] else 'inactive'}\n"
              f"# config:\t{'loaded' if state['rules'] else 'empty'}\n")
        print("\n".join(state["rules"]), end="\n" if state["rules"] else "")
    elif word == "reload":
        state["rules"] = _read(m, name, complete=True)
    elif word == "validate" or (word == "valid" and _major(m) < 7):
        # Before NetBSD 7 only sending the rules to the kernel looked for the default group (npf_build.c).
        print("\n".join(_read(m, name, complete=_major(m) >= 7)))
    elif word in ("stats", "save", "load", "list", "rule", "table", "debug"):
        raise NotSimulated(" ".join(argv))
    else:
        raise SimError(_USAGE)
    return 0


def _read(m: Machine, name: str, complete: bool) -> list[str]:
    """The statements of a file, one a line. Raises SimError in npfctl's words."""
    try:
        text = m.path(os.path.abspath(name)).read_text(errors="replace")
    except OSError as error:
        raise SimError(f"npfctl: open '{name}': {error.strerror}") from None
    try:
        rules, has_default = npfconf.parse(text, old_groups=_major(m) < 7)
    except npfconf.Wrong as wrong:
        near = f" near '{wrong.near}'" if wrong.near else ""
        raise SimError(f"{name}:{wrong.line}:{wrong.column}: {wrong.message}{near}") from None
    if complete and not has_default:
        raise SimError("npfctl: default group was not defined")
    return rules


# --- /etc/rc.d/npf ---------------------------------------------------------------------------------------------------


def rc_start(m: Machine) -> int:
    """Loads the rules and starts, whether the rules are right or not: the last command's status counts."""
    print("Enabling NPF ")
    _said(m, "reload")
    _state(m)["active"] = True
    return 0


def rc_stop(m: Machine) -> int:
    print("Disabling NPF.")
    m.data["npf"] = fresh()
    return 0


def rc_reload(m: Machine) -> int:
    print("Reloading NPF ruleset ")
    return _said(m, "reload")


def _said(m: Machine, word: str) -> int:
    try:
        return npfctl(m, ["/sbin/npfctl", word])
    except SimError as error:
        print(error.message, file=sys.stderr)
        return error.rc
