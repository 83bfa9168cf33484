# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: network bridges, as they are now and as /etc/ifconfig.bridgeN makes them at boot.

The interfaces of guests (xvif and tap) come and go with them; none is ever taken out of a bridge here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import Change, NotRead, Plan, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._formats import ifconfig, rcconf
from ansible_collections.netbsd.xen.plugins.module_utils._formats.text import printable
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host

NAME = "bridge"
ARGUMENTS: dict[str, Any] = {
    "bridges": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "interfaces": {"type": "list", "elements": "str", "default": []},
            "mtu": {"type": "int"},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
    },
}

IFCONFIG, BRCONFIG = "/sbin/ifconfig", "/sbin/brconfig"
RC_CONF = "/etc/rc.conf"
MIN_MTU, MAX_MTU = 576, 9216

_BRIDGE = re.compile(r"bridge[0-9]{1,5}\Z")
_INTERFACE = re.compile(r"[a-z][a-z0-9_]*[0-9]\Z")
_GUEST = re.compile(r"(xvif|tap)[0-9]")
# Never of use in a bridge, so not offered where a name is wrong.
_NOT_OFFERED = re.compile(r"(bridge|xvif|tap|lo|stf|gif|gre|tun|ppp|sl|pppoe|pflog)[0-9]")


@dataclass(frozen=True)
class Wanted:
    name: str
    interfaces: tuple[str, ...]
    mtu: int | None
    present: bool

    @property
    def file(self) -> str:
        return f"/etc/ifconfig.{self.name}"


# -- declared ---------------------------------------------------------------------------------------------------------


def declare(params: dict[str, Any]) -> list[Wanted]:
    """The wanted bridges. Raises Refused for bad names and for an interface in two places."""
    wanted = [_wanted(spec) for spec in params["bridges"]]
    names = [bridge.name for bridge in wanted]
    owners: dict[str, str] = {}
    for bridge in wanted:
        if names.count(bridge.name) > 1:
            raise Refused(f"Bridge {bridge.name} is declared {names.count(bridge.name)} times.")
        for interface in bridge.interfaces if bridge.present else ():
            if interface in owners:
                raise Refused(
                    f"Interface {interface} is declared in {owners[interface]} and in {bridge.name}; an interface "
                    "can be in one bridge, once."
                )
            owners[interface] = bridge.name
    return wanted


def _wanted(spec: dict[str, Any]) -> Wanted:
    name, mtu = spec["name"], spec.get("mtu")
    if not _BRIDGE.match(name):
        raise Refused(f"Bridge name {name!r}: NetBSD's bridges are called bridge0, bridge1 and so on.")
    for interface in spec.get("interfaces") or ():
        if not _INTERFACE.match(interface) or _BRIDGE.match(interface):
            raise Refused(
                f"Bridge {name}: {interface!r} can't be the name of an interface in a bridge, such as wm0 or vlan10."
            )
        if _GUEST.match(interface):
            raise Refused(
                f"Bridge {name}: {interface} is a guest's interface; Xen puts it there when the guest starts."
            )
    if mtu is not None and not MIN_MTU <= mtu <= MAX_MTU:
        raise Refused(f"Bridge {name}: mtu is {mtu}; allowed is {MIN_MTU} to {MAX_MTU} bytes.")
    return Wanted(name, tuple(spec.get("interfaces") or ()), mtu, spec.get("state", "present") == "present")


# -- current ----------------------------------------------------------------------------------------------------------


def read(host: Host, declared: list[Wanted] | None = None) -> dict[str, Any]:
    """Every interface and bridge of the machine, every bridge's file, and what rc.conf says of them. Two commands."""
    interfaces = ifconfig.parse_interfaces(host.run([IFCONFIG, "-a"]).stdout)
    bridges = ifconfig.parse_bridges(host.run([BRCONFIG, "-a"]).stdout)
    files = [name for name in host.list_dir("/etc") if re.match(r"ifconfig\.bridge[0-9]+\Z", name)]
    return {
        "interfaces": {
            name: {"up": "UP" in found.flags, "mtu": found.mtu, "addresses": found.addresses}
            for name, found in interfaces.items()
        },
        "bridges": bridges,
        "files": {"/etc/" + name: host.read_text("/etc/" + name) for name in files},
        "rc_conf": _read_rc_conf(host),
    }


def _read_rc_conf(host: Host) -> dict[str, str | None]:
    """The settings of rc.conf that decide whether a bridge's file is looked at when the machine boots."""
    document = rcconf.parse(host.read_text(RC_CONF) or "")
    names = ("auto_ifconfig", "net_interfaces")
    return {
        setting.name: setting.value
        for setting in document.settings
        if setting.name in names or setting.name.startswith("ifconfig_bridge")
    }


# -- plan -------------------------------------------------------------------------------------------------------------


def plan(current: dict[str, Any], declared: list[Wanted]) -> Plan:
    """The changes of each bridge's file and of the bridge as it is now. What frees an interface comes first."""
    if "bridges" not in current:
        raise NotRead("the bridges were not read")
    result = Plan()
    frees: list[Change] = []
    for wanted in declared:
        if not wanted.present:
            frees += _absent_changes(current, wanted)
            continue
        mtu = _checked_mtu(current, declared, wanted)
        result.warnings += _warnings(current, wanted, mtu)
        result.changes += _present_changes(current, wanted, mtu, frees)
    result.changes = frees + result.changes
    return result


def _checked_mtu(current: dict[str, Any], declared: list[Wanted], wanted: Wanted) -> int:
    """The MTU that the bridge and all its members must have. Raises Refused for members that can't be its members."""
    interfaces = current["interfaces"]
    for name in wanted.interfaces:
        if name not in interfaces:
            usable = sorted(each for each in interfaces if not _NOT_OFFERED.match(each))
            raise Refused(
                f"Bridge {wanted.name}: there is no interface {name} on this machine; there are: {', '.join(usable)}."
            )
        _refuse_member_of_another(current, declared, wanted, name)
    if wanted.mtu is not None:
        return wanted.mtu
    mtus = {name: interfaces[name]["mtu"] for name in wanted.interfaces}
    if len(set(mtus.values())) > 1:
        words = ", ".join(f"{name} has {mtu}" for name, mtu in mtus.items())
        raise Refused(
            f"Bridge {wanted.name}: its interfaces must have one MTU, but {words}. Declare the bridge's mtu, or "
            "change theirs."
        )
    return next(iter(mtus.values()), _live_mtu(current, wanted))


def _live_mtu(current: dict[str, Any], wanted: Wanted) -> int:
    return current["interfaces"].get(wanted.name, {}).get("mtu") or ifconfig.DEFAULT_MTU


def _refuse_member_of_another(current: dict[str, Any], declared: list[Wanted], wanted: Wanted, interface: str) -> None:
    # A bridge that is declared without the interface gives it up first.
    declared_names = {bridge.name for bridge in declared}
    for bridge, members in current["bridges"].items():
        if interface in members and bridge != wanted.name and bridge not in declared_names:
            raise Refused(
                f"Bridge {wanted.name}: {interface} is a member of {bridge}, and an interface can be in one bridge "
                f"only. Take it out of {bridge}: declare {bridge} too, without it or with state: "
                "absent."
            )


def _present_changes(current: dict[str, Any], wanted: Wanted, mtu: int, frees: list[Change]) -> list[Change]:
    changes = []
    before = current["files"].get(wanted.file)
    after = _wanted_file(wanted, before, mtu)
    if after != before:
        changes.append(_file_change(wanted, before, after))
    members = current["bridges"].get(wanted.name, [])
    extra = [name for name in members if name not in wanted.interfaces and not _GUEST.match(name)]
    if extra:
        summary = "remove " + ", ".join(extra)
        frees.append(_live(wanted, summary, members, _left(members, extra), _delete(wanted, extra)))
    changes += _live_changes(current, wanted, mtu, _left(members, extra))
    return changes


def _wanted_file(wanted: Wanted, before: str | None, mtu: int) -> str:
    try:
        found = ifconfig.parse_bridge_file(before or "", wanted.name)
        set_members = wanted.mtu is not None
        in_sync = (
            before is not None
            and sorted(found.members) == sorted(wanted.interfaces)
            and found.up
            and found.mtu == mtu
            and (not set_members or all(found.member_mtus.get(name) == mtu for name in wanted.interfaces))
        )
        if in_sync:
            return before
        for number, line in found.other:
            if "brconfig" in line:
                raise ifconfig.NotUnderstood(number, line)
        return ifconfig.update_bridge_file(before or "", wanted.name, list(wanted.interfaces), mtu, set_members)
    except ifconfig.NotUnderstood as error:
        number, line = error.args
        raise Refused(
            f"Bridge {wanted.name}: line {number} of {wanted.file} is more than this module understands, so the file "
            f"is not touched: {line!r}. Write it as '!brconfig $int add wm0 up', one "
            "interface a line."
        ) from error


def _file_change(wanted: Wanted, before: str | None, after: str) -> Change:
    return Change(
        resource=NAME,
        thing=wanted.name,
        action="write_file",
        summary=f"{'change' if before is not None else 'write'} {wanted.file}, which makes the bridge at boot",
        before=None if before is None else printable(before),
        after=printable(after),
        data=(wanted.file, after),
    )


def _live_changes(current: dict[str, Any], wanted: Wanted, mtu: int, members: list[str]) -> list[Change]:
    """What the bridge needs now. Its MTU comes before its members, because one with another MTU is not taken."""
    commands: list[list[str]] = []
    words = []
    exists = wanted.name in current["bridges"]
    if not exists:
        commands.append([IFCONFIG, wanted.name, "create"])
        words.append("create it")
    for name in wanted.interfaces:
        if wanted.mtu is not None and current["interfaces"][name]["mtu"] != mtu:
            commands.append([IFCONFIG, name, "mtu", str(mtu)])
            words.append(f"set the MTU of {name} to {mtu}")
    if (_live_mtu(current, wanted) if exists else ifconfig.DEFAULT_MTU) != mtu:
        commands.append([IFCONFIG, wanted.name, "mtu", str(mtu)])
        words.append(f"set its MTU to {mtu}")
    missing = [name for name in wanted.interfaces if name not in members]
    commands += [[BRCONFIG, wanted.name, "add", name] for name in missing]
    if missing:
        words.append("add " + ", ".join(missing))
    if not exists or not current["interfaces"].get(wanted.name, {}).get("up"):
        commands.append([BRCONFIG, wanted.name, "up"])
        words.append("bring it up")
    if not commands:
        return []
    after = {"members": sorted(set(members) | set(wanted.interfaces)), "mtu": mtu, "up": True}
    return [
        Change(
            resource=NAME,
            thing=wanted.name,
            action="run",
            summary=", ".join(words),
            before=_live_state(current, wanted, members) if exists else None,
            after=after,
            data=commands,
        )
    ]


def _live_state(current: dict[str, Any], wanted: Wanted, members: list[str]) -> dict[str, Any]:
    up = bool(current["interfaces"].get(wanted.name, {}).get("up"))
    return {"members": sorted(members), "mtu": _live_mtu(current, wanted), "up": up}


def _live(wanted: Wanted, summary: str, before: list[str], after: list[str], commands: list[list[str]]) -> Change:
    return Change(
        NAME, wanted.name, "run", summary, {"members": sorted(before)}, {"members": sorted(after)}, data=commands
    )


def _left(members: list[str], extra: list[str]) -> list[str]:
    return [name for name in members if name not in extra]


def _delete(wanted: Wanted, members: list[str]) -> list[list[str]]:
    return [[BRCONFIG, wanted.name, "delete", name] for name in members]


def _absent_changes(current: dict[str, Any], wanted: Wanted) -> list[Change]:
    members = current["bridges"].get(wanted.name, [])
    guests = [name for name in members if _GUEST.match(name)]
    if guests:
        raise Refused(
            f"Bridge {wanted.name}: it can't go while guests use it ({', '.join(guests)}). Stop them or move them "
            "first."
        )
    addresses = current["interfaces"].get(wanted.name, {}).get("addresses")
    if addresses:
        raise Refused(
            f"Bridge {wanted.name}: it has addresses ({', '.join(addresses)}), so it does more than join guests. "
            "Remove them by hand first."
        )
    changes = []
    before = current["files"].get(wanted.file)
    if before is not None:
        summary = f"remove {wanted.file}"
        changes.append(Change(NAME, wanted.name, "remove_file", summary, printable(before), None, data=wanted.file))
    if wanted.name in current["bridges"]:
        state = _live_state(current, wanted, members)
        commands = [[IFCONFIG, wanted.name, "destroy"]]
        changes.append(Change(NAME, wanted.name, "run", "destroy it", state, None, data=commands))
    return changes


def _warnings(current: dict[str, Any], wanted: Wanted, mtu: int) -> list[str]:
    found = []
    rc_conf = current["rc_conf"]
    if "auto_ifconfig" in rc_conf and not rcconf.is_yes(rc_conf["auto_ifconfig"]):
        if wanted.name not in (rc_conf.get("net_interfaces") or "").split():
            # record net-interfaces-set (NetBSD 7.99.10)
            found.append(
                f"Bridge {wanted.name}: {RC_CONF} has auto_ifconfig=NO and does not name it in net_interfaces, so it "
                "will not be there after a reboot."
            )
    if f"ifconfig_{wanted.name}" in rc_conf:
        found.append(
            f"Bridge {wanted.name}: {RC_CONF} sets ifconfig_{wanted.name} beside {wanted.file}; remove that setting."
        )
    for name in wanted.interfaces:
        if not current["interfaces"][name]["up"]:
            found.append(f"Bridge {wanted.name}: its interface {name} is down; write up into /etc/ifconfig.{name}.")
    if mtu != ifconfig.DEFAULT_MTU:
        found.append(
            f"Bridge {wanted.name}: its MTU is {mtu}; a guest's interface comes with {ifconfig.DEFAULT_MTU} unless "
            "its vif says otherwise, and can't join a bridge of another MTU."
        )
    return found


# -- apply ------------------------------------------------------------------------------------------------------------


def apply(host: Host, change: Change) -> None:
    """Write or remove the file, or run the commands in order."""
    if change.action == "write_file":
        path, text = change.data
        host.write_text(path, text)
    elif change.action == "remove_file":
        host.remove(change.data)
    else:
        for argv in change.data:
            host.run(argv)
