# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""ifconfig, brconfig and route."""

from __future__ import annotations

import ipaddress
import re
import sys
from typing import Any

from ..core import forms
from ..core.machine import Machine, NotSimulated, SimError
from . import addresses, network

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
    return "".join(f"{name}: flags={piece}" for piece in bits(f"{value:x}", flags)) + (
        f" mtu {entry['mtu']}" if entry["mtu"] else "")  # record vlan-show-new


def show(m: Machine, name: str, entry: dict[str, Any]) -> str:
    """ifconfig IF (records ifconfig-a, ifconfig-a-guest-with-guest, tap-show, vlan-show)."""
    lines = [flags_text(name, entry)]
    kind = entry["kind"]
    if kind == "ether" or (kind == "vlan" and entry["vlan"]):
        # A vlan takes over what its parent offers (if_vlan.c, vlan_config).
        lines += [f"\tcapabilities={piece}" for piece in bits("2bf80", list(_CAPABILITIES), 54)]
        lines.append("\tenabled=0")
    if kind == "ether":
        lines += ["\tec_capabilities=7<VLAN_MTU,VLAN_HWTAGGING,JUMBO_MTU>",
                  "\tec_enabled=1<VLAN_MTU>" if _carries_vlans(m, name) else "\tec_enabled=0",
                  f"\taddress: {entry['mac']}", "\tmedia: Ethernet autoselect (1000baseT full-duplex)",
                  "\tstatus: active"]
    elif kind == "xvif":
        lines += ["\tcapabilities=2800<TCP4CSUM_Tx,UDP4CSUM_Tx>", "\tenabled=0", f"\taddress: {entry['mac']}"]
    elif kind == "tap":
        lines += ["\tec_capabilities=5<VLAN_MTU,JUMBO_MTU>", "\tec_enabled=0", f"\taddress: {entry['mac']}",
                  "\tmedia: Ethernet autoselect"]
    elif kind == "vether":
        lines += ["\tec_capabilities=5<VLAN_MTU,JUMBO_MTU>", "\tec_enabled=0", f"\taddress: {entry['mac']}"]
    elif kind == "vlan" and entry["vlan"]:
        lines += [f"\tvlan: {entry['vlan'][0]} parent: {entry['vlan'][1]}", f"\taddress: {entry['mac']}"]
    return "\n".join([*lines, *addresses.shown(m, entry)])


def ifconfig(m: Machine, argv: list[str]) -> int:
    """ifconfig -a|-l|-C | IF [create|destroy|up|down|mtu N|[inet|inet6] ADDRESS...|vlan N vlanif IF|-vlanif]."""
    known = network.interfaces(m)
    letters, _values, words = forms.read(argv)
    if letters == {"l"}:
        print(" ".join(known))
        return 0
    if letters == {"C"}:
        print(" ".join(network.cloners(m)))
        return 0
    if letters == {"a"} or not words:
        for name, entry in known.items():
            print(show(m, name, entry))
        return 0
    name, *parameters = words
    if parameters[:1] == ["create"]:
        create_clone(m, name)
        parameters = parameters[1:]
    elif parameters == ["destroy"]:
        if known[name]["kind"] not in network.CLONED_KINDS if name in known else not _is_cloned(m, name):
            raise SimError("ifconfig: clone_command: Invalid argument\nifconfig: exec_matches: Invalid argument")
        network.destroy_interface(m, name)
        return 0
    if name not in known:
        # records ifconfig-missing, ifconfig-nosuch-up
        raise SimError("ifconfig: exec_matches: Device not configured" if parameters else
                       f"ifconfig: SIOCGIFFLAGS {name}: Device not configured")
    if words[1:]:
        return _configure(m, name, parameters)
    print(show(m, name, known[name]))
    return 0


def _is_cloned(m: Machine, name: str) -> bool:
    return name.rstrip("0123456789") in network.cloners(m)


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


# What ifconfig knows and nobody here has looked at (sbin/ifconfig: the parsers that each file registers).
_NOT_SIMULATED = re.compile(
    r"-?(media|mediaopt|mode|instance|description|descr|link[0-2]|arp|metric|tunnel|deletetunnel|nwid|nwkey|ssid|list|"
    r"powersave|chan|bssid|agrport|advbase|advskew|carpdev|pass|state|vhid|anycast|deprecated|pltime|vltime|eui64|"
    r"preference|maxupd|syncdev|syncpeer|linkstr|debug|rtadv|at|atalk|link|(ip|tcp|udp|tso)[46]\S*)")
# Without a server that answers: records tap-inet-bad, and if-bad-keyword, which was not over after 40 s.
_DNS_SECONDS = {"inet": 30.8, "": 60.0}

# record tapA-mtu-bad
_USAGE = """usage: ifconfig [-h] [-m] [-v] [-z] [-L] interface
\t[ af [ address [ dest_addr ] ] [ netmask mask ] [ prefixlen n ]
\t\t[ alias | -alias ] ]
\t[ up ] [ down ] [ metric n ] [ mtu n ]
\t[ maxupd n ] [ syncdev iface ] [syncpeer peer_addr]
\t[ vlan n vlanif i ] [ -vlanif i ]
\t[ [ af ] tunnel src_addr dest_addr ] [ deletetunnel ]
\t[ media type ] [ mediaopt opts ] [ -mediaopt opts ] [ instance minst ]
\t[ nwid network_id ] [ nwkey network_key | -nwkey ]
\t[ list scan ]
\t[ powersave | -powersave ] [ powersavesleep duration ]
\t[ hidessid | -hidessid ] [ apbridge | -apbridge ]
\t[ agrport i ] [ -agrport i ]
\t[ anycast | -anycast ] [ deprecated | -deprecated ]
\t[ pltime n ] [ vltime n ] [ eui64 ]
\t[ advbase n ] [ advskew n ] [ carpdev iface ] [ pass passphrase ] [ state state ] [ vhid n ]
\t[ arp | -arp ]
\t[ preference n ]
\t[ link0 | -link0 ] [ link1 | -link1 ] [ link2 | -link2 ]
       ifconfig -a [-b] [-d] [-h] [-m] [-u] [-v] [-z] [ af ]
       ifconfig -l [-b] [-d] [-s] [-u]
       ifconfig -C
       ifconfig -w n
       ifconfig interface create
       ifconfig interface destroy"""


def _configure(m: Machine, name: str, parameters: list[str]) -> int:
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
            _set_mtu(m, name, words)
        elif word in ("vlan", "vlanif", "-vlanif"):
            tag = _configure_vlan(m, name, word, tag, words)
        elif word == "inet6":
            addresses.set_inet6(entry, words)
        elif word == "inet" or _is_address(word):
            text = words.pop(0) if word == "inet" and words else word
            if not _is_address(text):
                _ask_dns(m, "inet")
            addresses.set_inet(entry, text, words)
        elif _NOT_SIMULATED.fullmatch(word) or word in ("delete", "alias", "-alias", "netmask", "broadcast"):
            raise NotSimulated(f"ifconfig {name} {' '.join(parameters)}: {word}")
        else:
            _ask_dns(m, "")
    return 0


def _is_address(text: str) -> bool:
    try:
        return ipaddress.ip_interface(text).version == 4
    except ValueError:
        return False


def _ask_dns(m: Machine, family: str) -> None:
    """A word that ifconfig does not know may be the name of a host: it asks for that one, waits and prints its usage
    (records tap-inet-bad, if-bad-keyword)."""
    m.sleep(_DNS_SECONDS[family])
    raise SimError(_USAGE)


def _set_mtu(m: Machine, name: str, words: list[str]) -> None:
    """What the kernel refuses is only warned of (setifmtu in sbin/ifconfig; records wm0-mtu-20000, tapA-mtu-bad)."""
    text = words.pop(0) if words else ""
    if not text.isdigit():
        raise SimError(_USAGE)
    if not network.set_mtu(m, name, int(text)):
        print(network.INVALID_MTU, file=sys.stderr)


def _configure_vlan(m: Machine, name: str, word: str, tag: int | None, words: list[str]) -> int | None:
    """`vlan N vlanif IF` and `-vlanif` (sbin/ifconfig/vlan.c: setvlan, setvlanif). Returns the tag named so far."""
    entry = network.interfaces(m)[name]
    if entry["kind"] != "vlan":
        raise SimError("ifconfig: valid only with vlan(4) interfaces")
    if word == "-vlanif":
        network.unconfigure_vlan(m, entry)
        return None
    if word == "vlan":
        if entry["vlan"]:  # sets the tag for the parent that it has
            raise SimError("ifconfig: SIOCSETVLAN: Device busy")
        return int(words.pop(0))
    if tag is None:
        raise SimError("ifconfig: exec_matches: No such file or directory")
    network.configure_vlan(m, entry, tag, words.pop(0))
    return tag


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
        tree = member in entry.get("stp", [])  # net/if_bridgevar.h: IFBIF_STP is 4; a new port costs 55
        lines += [f"\t\t{member} flags={'7<LEARNING,DISCOVER,STP>' if tree else '3<LEARNING,DISCOVER>'}",
                  f"\t\t\tport {index} priority 128{' path cost 55 forwarding' if tree else ''}"]
    lines.append("\tAddress cache (max cache: 100, timeout: 1200):")
    return "\n".join(lines)


# sbin/brconfig/brconfig.c, command_table: those that nobody has looked at.
_BRIDGE_WORDS = ("stp", "-stp", "maxaddr", "timeout", "flush", "flushall", "deladdr", "static", "ipf", "-ipf",
                 "priority", "hellotime", "fwddelay", "maxage", "ifpriority", "ifpathcost", "learn", "-learn",
                 "discover", "-discover")


def brconfig(m: Machine, argv: list[str]) -> int:
    """brconfig -a | BRIDGE [add IF|delete IF|up|down]..."""
    letters, _values, words = forms.read(argv)
    if not words and not letters:
        raise SimError("usage: brconfig -a\n       brconfig interface\n       brconfig interface command [<arg> ...]")
    if letters == {"a"}:
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
        elif word in ("up", "down"):
            (network.interface_up if word == "up" else network.interface_down)(target)
        elif word in ("stp", "-stp") and words:
            network.set_spanning_tree(m, name, words.pop(0), word == "stp")
        elif word in _BRIDGE_WORDS:
            raise NotSimulated(f"brconfig {name} {word}")
        else:
            raise SimError(f"brconfig: unknown command: {word}")  # record bridge-second
    return 0
