# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Address translation for guests' networks, by npf(7): forwarding, a block in /etc/npf.conf, npf itself.

Whoever has rules of his own in npf.conf keeps them. npf is never switched on with rules that somebody else wrote and
did not use: they could end the connection that we came in on.
"""

from __future__ import annotations

import re
from typing import Any

from ... import _rc_conf
from ..._change import GUEST_RESTART, LIVE, Change, CommandFailed, NotRead, Refused
from ..._formats.net import npf
from ..._formats.system import rcconf
from ..._formats.text import printable
from ..._host import Host
from .declared import Declared, Nat

NPFCTL, SYSCTL = "/sbin/npfctl", "/sbin/sysctl"
NPF_CONF, SYSCTL_CONF = "/etc/npf.conf", "/etc/sysctl.conf"
# Beside the file, to be looked at by npfctl before it takes the file's place.
TRIAL = NPF_CONF + ".netbsd-xen"
FORWARDING = "net.inet.ip.forwarding"
# npf.conf(5), HISTORY: NetBSD 6.0.
FIRST_RELEASE = 6
# npfctl_print_nat in usr.sbin/npf/npfctl/npf_show.c; before, only whether npf filters can be told.
FIRST_THAT_SHOWS_MAPS = 7
THING = "nat"

_FORWARDING_LINE = re.compile(rf"^[ \t]*{re.escape(FORWARDING)}[ \t]*=[ \t]*([^\s#]*)", re.MULTILINE)


# -- current ----------------------------------------------------------------------------------------------------------


def read(host: Host, wanted: bool) -> dict[str, Any]:
    """npf.conf, and if there is translation, or is to be, what is set and what runs. Two commands in that case."""
    text = host.read_config(NPF_CONF)
    if not wanted and npf.BEGIN.partition(":")[0] not in (text or ""):
        return {"npf_conf": text, "forwarding": None}
    shown = host.try_run([NPFCTL, "show"]).stdout if host.exists(NPFCTL) else ""
    return {
        "npf_conf": text,
        "forwarding": host.run([SYSCTL, "-n", FORWARDING]).stdout.strip(),
        "sysctl_conf": host.read_config(SYSCTL_CONF) or "",
        "active": npf.is_active(shown),
        "maps": npf.shown_maps(shown),
        "rc_conf": _rc_conf.told(_rc_conf.values(host, "npf"), "npf"),
    }


# -- plan -------------------------------------------------------------------------------------------------------------


def changes(resource: str, current: dict[str, Any], declared: Declared) -> list[Change]:
    """What the declared translation needs; nothing if nothing is declared. Raises Refused where it can't be had."""
    if declared.nat is None:
        return []
    found = current["nat"]
    text = found["npf_conf"] or ""
    try:
        if not declared.nat and npf.maps(text) is None:
            return []
    except npf.Damaged as error:
        raise Refused(
            f"NAT: the marks of the block in {NPF_CONF} are damaged, so it is not touched. It must begin with the line "
            f"{npf.BEGIN.strip()!r} and end with {npf.END.strip()!r}, once; or remove them both."
        ) from error
    if found["forwarding"] is None:
        raise NotRead("npf was not asked")
    major = _major(current["netbsd"])
    after = npf.with_maps(text, [_map(current, nat) for nat in declared.nat], major)
    if not declared.nat and not found["active"]:
        # Loading would switch on what somebody has switched off.
        summary = f"remove the block from {NPF_CONF}, which is not in use"
        data = (NPF_CONF, after)
        return [Change(resource, THING, "write_file", summary, printable(text), printable(after), data=data)]
    if not declared.nat:
        return _rules_changes(resource, found, text, after, declared, major)
    _refuse_sleeping_rules(found, text)
    return [
        *_forwarding_changes(resource, found),
        *_rules_changes(resource, found, text, after, declared, major),
        *_boot_changes(resource, found),
    ]


def _major(netbsd: str) -> int:
    major = netbsd.split(".")[0]
    number = int(major) if major.isdigit() else 0
    if number < FIRST_RELEASE:
        raise Refused(
            f"NAT: this is NetBSD {netbsd}, and npf came with NetBSD {FIRST_RELEASE}. Put the bridge's network behind "
            "another router, or connect the bridge to the network itself: interfaces: [wm0]."
        )
    return number


def _map(current: dict[str, Any], nat: Nat) -> str:
    found = current["interfaces"].get(nat.interface)
    if found is None:
        raise Refused(f"NAT of {nat.bridge}: there is no interface {nat.interface} on this machine.")
    networks = [each for each in found["networks"] if not each.startswith("0.0.0.0/")]
    if not networks:
        raise Refused(f"NAT of {nat.bridge}: {nat.interface} has no IPv4 address that guests could go out with.")
    return npf.map_line(nat.interface, nat.network, networks[0].split("/")[0])


def _refuse_sleeping_rules(found: dict[str, Any], text: str) -> None:
    if npf.has_rules(text) and not found["active"]:
        raise Refused(
            f"NAT: {NPF_CONF} has rules that this collection did not write, and npf does not run. Switched on, they "
            "could end this connection. Start it yourself (npf=YES in /etc/rc.conf, service npf start), then repeat "
            "this."
        )


def _forwarding_changes(resource: str, found: dict[str, Any]) -> list[Change]:
    changes = []
    text = found["sysctl_conf"]
    lines = _FORWARDING_LINE.findall(text)
    if lines[-1:] != ["1"]:
        after = _with_forwarding(text)
        summary = f"set {FORWARDING}=1 in {SYSCTL_CONF}"
        before = lines[-1] if lines else None
        changes.append(Change(resource, THING, "write_file", summary, before, "1", data=(SYSCTL_CONF, after)))
    if found["forwarding"] != "1":
        summary = f"set {FORWARDING}=1 now"
        changes.append(Change(resource, THING, "forward", summary, found["forwarding"], "1"))
    return changes


def _with_forwarding(text: str) -> str:
    """The last line that sets it counts (sysctl.conf(5)); it is changed, or one is added."""
    matches = list(_FORWARDING_LINE.finditer(text))
    if matches:
        return text[: matches[-1].start(1)] + "1" + text[matches[-1].end(1):]
    if text and not text.endswith("\n"):
        text += "\n"
    return f"{text}{FORWARDING}=1\n"


def _rules_changes(
    resource: str, found: dict[str, Any], text: str, after: str, declared: Declared, major: int
) -> list[Change]:
    if after != text:
        word = "change" if found["npf_conf"] is not None else "write"
        before = None if found["npf_conf"] is None else printable(text)
        summary = f"{word} {NPF_CONF} and load it"
        impact = GUEST_RESTART if found["active"] and _ways(text) - _ways(after) else LIVE
        return [Change(resource, THING, "load_new", summary, before, printable(after), impact, data=after)]
    wanted = [f"{nat.interface} {nat.network}" for nat in declared.nat or ()]
    lost = [each for each in wanted if each not in found["maps"]] if major >= FIRST_THAT_SHOWS_MAPS else []
    if declared.nat and (lost or not found["active"]):
        state = {"active": found["active"], "maps": found["maps"]}
        return [Change(resource, THING, "load", f"load {NPF_CONF}", state, {"active": True, "maps": wanted})]
    return []


def _ways(text: str) -> set[str]:
    """Which networks go out through which interfaces, whatever address that has."""
    return {line.partition("->")[0] for line in (npf.maps(text) or "").splitlines()}


def _boot_changes(resource: str, found: dict[str, Any]) -> list[Change]:
    told = found["rc_conf"]
    try:
        value = _rc_conf.effective(told, "npf")
        if rcconf.is_yes(value):
            return []
        path = _rc_conf.place(told, "npf")
    except _rc_conf.Undecided as refusal:
        raise Refused(f"NAT: {refusal}") from None
    return [Change(resource, THING, "enable", f"set npf=YES in {path}", value, "YES", data=path)]


# -- apply ------------------------------------------------------------------------------------------------------------


def apply(host: Host, change: Change) -> None:
    """Carry one change out."""
    if change.action == "forward":
        host.run([SYSCTL, "-w", f"{FORWARDING}=1"])
    elif change.action == "enable":
        _rc_conf.write(host, change.data, "npf", "YES")
    elif change.action == "load_new":
        _load_new(host, change.data)
    else:
        _load(host, NPF_CONF)


def _load_new(host: Host, text: str) -> None:
    """The new rules are checked and loaded before they take the old file's place: what is in the file has run."""
    host.write_text(TRIAL, text, mode=0o600)
    try:
        host.run([NPFCTL, "validate", TRIAL])
        _load(host, TRIAL)
    except CommandFailed as error:
        raise CommandFailed(f"npf does not take the new rules, so {NPF_CONF} stays as it is: {error}") from error
    finally:
        host.remove(TRIAL)
    host.write_text(NPF_CONF, text, backup=True)


def _load(host: Host, path: str) -> None:
    """Loading replaces all rules at once and keeps the connections (npfctl(8)); only then npf is switched on, if it was
    not."""
    host.run([NPFCTL, "reload", path])
    if not npf.is_active(host.run([NPFCTL, "show"]).stdout):
        host.run([NPFCTL, "start"])
