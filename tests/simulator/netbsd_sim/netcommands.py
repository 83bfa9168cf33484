# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ifconfig, brconfig and route."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from . import network
from .machine import Machine, NotSimulated, SimError

# ifconfig breaks a list of flags before it grows beyond this, and begins again with "NAME: flags=" on the same line.
# Measured: 54 characters stay together, 61 do not (records bridge-mtu, ifconfig-a.txt).
_FLAGS_WIDTH = 55

_CAPABILITIES = ("TSO4", "IP4CSUM_Rx", "IP4CSUM_Tx", "TCP4CSUM_Rx", "TCP4CSUM_Tx", "UDP4CSUM_Rx", "UDP4CSUM_Tx",
                 "TCP6CSUM_Tx", "UDP6CSUM_Tx")


def bits(value: str, names: list[str], width: int = _FLAGS_WIDTH) -> list[str]:
    """`VALUE<A,B>` in pieces of at most `width` characters, as snprintb_m makes them."""
    if not names:
        return [value]
    pieces: list[list[str]] = [[]]
    for name in names:
        if pieces[-1] and len(f"{value}<{','.join([*pieces[-1], name])}>") > width:
            pieces.append([])
        pieces[-1].append(name)
    return [f"{value}<{','.join(piece)}>" for piece in pieces]


def flags_text(name: str, entry: dict[str, Any]) -> str:
    """The first line: in two pieces once it is long. That line breaks Ansible's parser (facts measured 7)."""
    flags = [*entry["flags"]]
    value = sum(network.FLAG_BITS[flag] for flag in flags)
    return "".join(f"{name}: flags={piece}" for piece in bits(f"{value:x}", flags)) + f" mtu {entry['mtu']}"


def show(name: str, entry: dict[str, Any], carries_vlans: bool = False) -> str:
    """ifconfig IF (records ifconfig-a.txt, bridge.txt; the line of a vlan: sbin/ifconfig/vlan.c)."""
    lines = [flags_text(name, entry)]
    if entry["kind"] == "ether":
        lines += [f"\tcapabilities={piece}" for piece in bits("2bf80", list(_CAPABILITIES), 54)]
        lines += ["\tenabled=0", "\tec_capabilities=7<VLAN_MTU,VLAN_HWTAGGING,JUMBO_MTU>",
                  "\tec_enabled=1<VLAN_MTU>" if carries_vlans else "\tec_enabled=0",
                  f"\taddress: {entry['mac']}", "\tmedia: Ethernet autoselect (1000baseT full-duplex)",
                  "\tstatus: active"]
    elif entry["kind"] == "xvif":
        lines += ["\tcapabilities=2800<TCP4CSUM_Tx,UDP4CSUM_Tx>", "\tenabled=0", f"\taddress: {entry['mac']}"]
    elif entry["kind"] == "tap":
        lines += ["\tec_capabilities=5<VLAN_MTU,JUMBO_MTU>", "\tec_enabled=0", f"\taddress: {entry['mac']}",
                  "\tmedia: Ethernet autoselect"]
    elif entry["kind"] == "vether":
        lines += ["\tec_capabilities=5<VLAN_MTU,JUMBO_MTU>", "\tec_enabled=0", f"\taddress: {entry['mac']}"]
    elif entry["kind"] == "vlan" and entry["vlan"]:
        lines += [f"\tvlan: {entry['vlan'][0]} parent: {entry['vlan'][1]}", f"\taddress: {entry['mac']}"]
    for address, mask in entry["inet"]:
        network_of = ipaddress.ip_interface(f"{address}/{ipaddress.ip_address(int(mask, 16))}").network
        tail = f" broadcast {network_of.broadcast_address}" if entry["kind"] != "lo" else ""
        lines.append(f"\tinet {address} netmask {mask}{tail}")
    for address, prefix, scope in entry["inet6"]:
        lines.append(f"\tinet6 {address} prefixlen {prefix}{f' scopeid {scope}' if scope else ''}")
    return "\n".join(lines)


def ifconfig(m: Machine, argv: list[str]) -> int:
    """ifconfig -a|-l|-C | IF [create|destroy|up|down|mtu N|[inet] ADDRESS...]."""
    known = network.interfaces(m)
    words = argv[1:]
    if words in ([], ["-a"]):
        for name, entry in known.items():
            print(show(name, entry, _carries_vlans(m, name)))
        return 0
    if words[0] in ("-l", "-lu", "-lb"):
        print(" ".join(name for name, entry in known.items() if words[0] != "-lu" or "UP" in entry["flags"]))
        return 0
    if words == ["-C"]:
        print(" ".join(network.cloners(m)))
        return 0
    if words[0].startswith("-"):
        raise NotSimulated(" ".join(argv))
    name, *parameters = words
    if parameters[:1] == ["create"]:
        create_clone(m, name)
        parameters = parameters[1:]
    elif parameters == ["destroy"]:
        if name in known and known[name]["kind"] not in network.CLONED_KINDS:
            raise SimError("ifconfig: clone_command: Invalid argument\nifconfig: exec_matches: Invalid argument")
        network.destroy_interface(m, name)
        return 0
    if name not in known:
        # record ifconfig-nonexist.txt
        raise SimError(f"ifconfig: SIOCGIFFLAGS {name}: Device not configured")
    if words[1:]:
        _configure(m, name, parameters)
    else:
        print(show(name, known[name], _carries_vlans(m, name)))
    return 0


def _carries_vlans(m: Machine, name: str) -> bool:
    return any(entry.get("vlan") and entry["vlan"][1] == name for entry in network.interfaces(m).values())


def create_clone(m: Machine, name: str) -> None:
    """ifconfig NAME create: only the cloners' names, with a number (record bridge-destroy-with-member)."""
    match = re.fullmatch(r"([a-z]+)(\d+)", name)
    if not match or match[1] not in network.cloners(m):
        raise SimError("ifconfig: clone_command: Invalid argument\nifconfig: exec_matches: Invalid argument")
    if match[1] not in network.CLONED_KINDS:
        raise NotSimulated(f"ifconfig {name} create")
    network.create_interface(m, name, match[1])


def _configure(m: Machine, name: str, parameters: list[str]) -> None:
    entry = network.interfaces(m)[name]
    words = list(parameters)
    tag = None
    while words:
        word = words.pop(0)
        if word == "up":
            network.interface_up(entry)
        elif word == "down":
            network.interface_down(entry)
        elif word == "mtu":
            network.set_mtu(m, name, int(words.pop(0)))
        elif word in ("vlan", "vlanif", "-vlanif"):
            tag = _configure_vlan(m, name, word, tag, words)
        elif word in ("media", "description", "descr"):
            words.pop(0)
        elif word == "inet" or re.match(r"\d+\.\d+\.\d+\.\d+", word):
            set_address(entry, word if word != "inet" else words.pop(0), words)
        elif word in ("inet6", "delete", "-alias"):
            raise NotSimulated(f"ifconfig {name} {word}")
        else:
            raise SimError(f"ifconfig: unknown command or parameter: {word}")


def _configure_vlan(m: Machine, name: str, word: str, tag: int | None, words: list[str]) -> int | None:
    """`vlan N vlanif IF` and `-vlanif` (sbin/ifconfig/vlan.c: setvlan, setvlanif). Returns the tag named so far."""
    entry = network.interfaces(m)[name]
    if entry["kind"] != "vlan":
        raise SimError("ifconfig: valid only with vlan(4) interfaces")
    if word == "-vlanif":
        network.unconfigure_vlan(entry)
        return None
    if word == "vlan":
        if entry["vlan"]:  # sets the tag for the parent that it has
            raise SimError("ifconfig: SIOCSETVLAN: Device busy")
        return int(words.pop(0))
    if tag is None:
        raise SimError("ifconfig: exec_matches: No such file or directory")
    network.configure_vlan(m, entry, tag, words.pop(0))
    return tag


def set_address(entry: dict[str, Any], text: str, words: list[str]) -> None:
    """`ADDRESS[/BITS] [netmask M] [broadcast B] [alias|delete|-alias]`. An address alone replaces the first."""
    if entry["kind"] == "bridge":
        raise SimError("ifconfig: SIOCAIFADDR: Inappropriate ioctl for device")  # record bridge-autodestroy-member
    address, _slash, prefix = text.partition("/")
    mask = ipaddress.ip_network(f"0.0.0.0/{prefix or 24}").netmask
    keep = False
    while words and words[0] in ("netmask", "broadcast", "alias", "delete", "-alias"):
        word = words.pop(0)
        if word == "alias":
            keep = True
        elif word in ("delete", "-alias"):
            _remove_address(entry, address)
            return
        else:
            value = words.pop(0)
            if word == "netmask":
                mask = ipaddress.ip_address(int(value, 16) if value.startswith("0x") else value)
    if entry["kind"] == "vlan" and not entry["vlan"]:
        raise SimError("ifconfig: SIOCAIFADDR: Invalid argument")
    entry["inet"] = (entry["inet"] if keep else []) + [[address, f"0x{int(mask):08x}"]]
    network.interface_up(entry)
    if entry["kind"] == "ether" and not entry["inet6"]:
        entry["inet6"] = [[link_local(entry["mac"], name_of(entry)), 64, f"0x{entry['index']:x}"]]


def _remove_address(entry: dict[str, Any], address: str) -> None:
    kept = [pair for pair in entry["inet"] if pair[0] != address]
    if len(kept) == len(entry["inet"]):
        raise SimError("ifconfig: SIOCDIFADDR: Can't assign requested address")
    entry["inet"] = kept


def name_of(entry: dict[str, Any]) -> str:
    """The name kept with an interface for its link-local zone."""
    return entry.get("zone", "")


def link_local(mac: str, zone: str) -> str:
    """The fe80:: address of a MAC address (EUI-64)."""
    octets = [int(part, 16) for part in mac.split(":")]
    octets[0] ^= 2
    eui = octets[:3] + [0xFF, 0xFE] + octets[3:]
    host = int.from_bytes(bytes(eui), "big")
    return f"{ipaddress.IPv6Address((0xFE80 << 112) | host)}%{zone}"


# --- brconfig --------------------------------------------------------------------------------------------------------


def show_bridge(m: Machine, name: str) -> str:
    """brconfig BRIDGE (record brconfig-bridge0.txt). The port is the member's interface index."""
    entry = network.bridge(m, name)
    value = sum(network.FLAG_BITS[flag] for flag in entry["flags"])
    # brconfig writes <> even for no flags, ifconfig does not (record bridge-file-badmember).
    lines = [f"{name}: flags={value:x}<{','.join(entry['flags'])}>", "\tConfiguration:",
             "\t\tpriority 32768 hellotime 2 fwddelay 15 maxage 20", "\t\tipfilter disabled flags 0x0",
             "\tInterfaces:"]
    for member in entry["members"]:
        index = network.interfaces(m)[member]["index"]
        lines += [f"\t\t{member} flags=3<LEARNING,DISCOVER>", f"\t\t\tport {index} priority 128"]
    lines.append("\tAddress cache (max cache: 100, timeout: 1200):")
    return "\n".join(lines)


def brconfig(m: Machine, argv: list[str]) -> int:
    """brconfig -a | BRIDGE [add IF|delete IF|up|down]..."""
    words = argv[1:]
    if not words:
        raise SimError("usage: brconfig -a\n       brconfig interface\n       brconfig interface command [<arg> ...]")
    if words == ["-a"]:
        for name, entry in network.interfaces(m).items():
            if entry["kind"] == "bridge":
                print(show_bridge(m, name))
        return 0
    name = words.pop(0)
    target = network.bridge(m, name)
    if not words:
        print(show_bridge(m, name))
        return 0
    while words:
        word = words.pop(0)
        if word in ("add", "delete", "-"):
            if not words:
                raise SimError(f"brconfig: {word} requires 1 argument")
            (network.add_member if word == "add" else network.delete_member)(m, name, words.pop(0))
        elif word == "up":
            network.interface_up(target)
        elif word == "down":
            network.interface_down(target)
        elif word in ("stp", "-stp", "maxaddr", "timeout", "flush", "ipf", "-ipf", "priority"):
            raise NotSimulated(f"brconfig {name} {word}")
        else:
            raise SimError(f"brconfig: unknown command: {word}")  # record bridge-second
    return 0


def route(m: Machine, argv: list[str]) -> int:
    """route -n get [-inet6] default; route add|delete default GATEWAY."""
    words = [word for word in argv[1:] if word not in ("-n", "-q")]
    if words[:1] == ["add"] and words[1:2] == ["default"] and len(words) == 3:
        m.data.setdefault("routes", {})["default"] = words[2]
        print(f"add net default: gateway {words[2]}")
        return 0
    if words == ["delete", "default"]:
        m.data.setdefault("routes", {}).pop("default", None)
        return 0
    if words[:1] != ["get"] or words[-1] != "default":
        raise NotSimulated(" ".join(argv))
    gateway = m.data.get("routes", {}).get("default")
    carrier = _interface_towards(m, gateway) if gateway else None
    if "-inet6" in words or carrier is None:
        raise SimError("route: writing to routing socket: not in table")
    name, local = carrier
    print(f"   route to: default\ndestination: default\n       mask: default\n    gateway: {gateway}\n"
          f" local addr: {local}\n  interface: {name}\n      flags: <UP,GATEWAY,DONE,STATIC>\n"
          " recvpipe  sendpipe  ssthresh  rtt,msec    rttvar  hopcount      mtu     expire\n"
          "       0         0         0         0         0         0         0         0 ")
    return 0


def _interface_towards(m: Machine, gateway: str) -> tuple[str, str] | None:
    for name, entry in network.interfaces(m).items():
        for address, mask in entry["inet"]:
            net = ipaddress.ip_interface(f"{address}/{ipaddress.ip_address(int(mask, 16))}").network
            if ipaddress.ip_address(gateway) in net:
                return name, address
    return None
