# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose interfaces, bridges and routes refuse, lose and print what NetBSD's do (if_bridge.c, if_vlan.c;
records bridge-mtu, bridge-two, wm0-mtu-20000, vlan-detach-in-bridge, tapA-show-CD), with npf and one sysctl
variable."""

from __future__ import annotations

import copy
import ipaddress

from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

NO_MTU = "ifconfig: SIOCSIFMTU: Invalid argument\n"
MAC = "52:54:00:12:34:56"
LINK = "fe80::5054:ff:fe12:3456"


class Machine(RootedHost):
    """``addresses`` are those given to each interface, of either family; ``limit`` is the largest MTU of a card."""

    def __init__(self, root, mtus=(("wm0", 1500), ("wm1", 1500)), bridges=None, addresses=None, netbsd="10.1"):
        super().__init__(root, {"/etc/rc.conf": "rc_configured=YES\n", "/sbin/npfctl": "x"})
        self.old = int(netbsd.split(".")[0]) < 8
        self.limit = 9000
        self.mtus = dict(mtus, lo0=33648)
        self.down = set()
        self.vlans: dict[str, tuple[int, str]] = {}
        self.networks: dict[str, list[str]] = {name: list(found) for name, found in (addresses or {}).items()}
        self.flags: dict[str, str] = {}
        self.settings: dict[str, list[list[str]]] = {}
        self.bridges = {name: list(members) for name, members in (bridges or {}).items()}
        self.bridge_settings: dict[str, list[list[str]]] = {}
        self.routes: dict[str, tuple[str, str]] = {}
        for name, members in self.bridges.items():
            self.mtus[name] = 1500
            for member in members:
                self.mtus.setdefault(member, 1500)
        self.forwarding, self.npf_active, self.npf_rules, self.bad_rules = "0", False, "", False
        self.answers = {
            "/sbin/ifconfig": self._ifconfig,
            "/sbin/brconfig": self._brconfig,
            "/sbin/npfctl": self._npfctl,
            "/sbin/sysctl": self._sysctl,
            "/sbin/route": self._route,
            "/usr/bin/netstat": self._netstat,
        }

    def state(self):
        """All that matters to who wants to reach the machine, and to who made it so."""
        bridges = {name: sorted(members) for name, members in self.bridges.items()}
        filled = [
            {name: value for name, value in found.items() if value}
            for found in (self.networks, self.settings, self.bridge_settings)
        ]
        for networks in filled[0].values():
            networks.sort(key=lambda network: ":" in network)  # the kernel's order matters within a family
        return copy.deepcopy((self.mtus, self.down, self.vlans, bridges, self.routes, *filled))

    # -- ifconfig, brconfig --------------------------------------------------------------------------------------------

    def _ifconfig(self, argv):
        if argv[1] == "-a":
            return "".join(map(self._show_interface, self.mtus))
        name, action, rest = argv[1], argv[2], argv[3:]
        if action == "create":
            if name in self.mtus:
                return 1, "", "ifconfig: clone_command: File exists\n"
            self.mtus[name] = 0 if name.startswith("vlan") else 1500
            if name.startswith("bridge"):
                self.bridges[name] = []
            self.down.add(name)
        elif name not in self.mtus:
            return 1, "", f"ifconfig: SIOCGIFFLAGS {name}: Device not configured\n"
        elif action in ("description", "ip4csum-tx", "link1"):
            self.settings.setdefault(name, []).append(argv[2:])
        else:
            return getattr(self, "_" + action.replace("-", "no_"))(name, rest)
        return ""

    def _destroy(self, name, rest):
        del self.mtus[name]
        self.down.discard(name)
        for found in (self.vlans, self.bridges, self.bridge_settings):
            found.pop(name, None)
        self._lose(name)
        return ""

    def _lose(self, name):
        """What an interface loses that is destroyed, and a VLAN that is taken from its parent."""
        self.networks.pop(name, None)
        self.settings.pop(name, None)
        self._forget([each for each, (_gateway, through) in self.routes.items() if through == name])
        for bridge, members in self.bridges.items():
            if name in members:
                self._leave(bridge, name)

    def _forget(self, destinations):
        for destination in destinations:
            del self.routes[destination]

    def _mtu(self, name, rest):
        mtu = int(rest[0])
        parent = self.vlans.get(name, (0, ""))[1]
        if (parent and mtu > self.mtus[parent]) or (name.startswith("wm") and mtu > self.limit):
            return 0, "", NO_MTU
        self.mtus[name] = mtu
        return ""

    def _up(self, name, rest):
        self.down.discard(name)
        return ""

    def _down(self, name, rest):
        self.down.add(name)
        return ""

    def _vlan(self, name, rest):
        if name in self.vlans:
            return 1, "", "ifconfig: SIOCSETVLAN: Device busy\n"
        number, word, parent = rest
        assert word == "vlanif" and parent in self.mtus
        self.vlans[name] = (int(number), parent)
        self.mtus[name] = self.mtus[parent]
        self.down.discard(name)
        return ""

    def _no_vlanif(self, name, rest):
        self.vlans.pop(name, None)
        self.mtus[name] = 0
        self.down.add(name)
        self._lose(name)
        return ""

    def _inet(self, name, rest, version=4):
        assert not name.startswith("bridge"), "a bridge takes no address"
        networks = self.networks.setdefault(name, [])
        address = rest[0].split("/")[0]
        there = next((network for network in networks if network.split("/")[0] == address), None)
        if rest[1:] == ["delete"]:
            if there is None:
                return 1, "", "ifconfig: SIOCDIFADDR: Can't assign requested address\n"
            networks.remove(there)
            network = ipaddress.ip_interface(there).network
            gateways = {each: ipaddress.ip_address(gateway) for each, (gateway, _name) in self.routes.items()}
            self._forget([each for each, gateway in gateways.items() if gateway in network])
            return ""
        first = next((network for network in networks if ipaddress.ip_interface(network).version == version), None)
        if "alias" not in rest and first:
            networks.remove(first)
        length = rest[rest.index("prefixlen") + 1] if "prefixlen" in rest else rest[0].split("/")[1]
        if f"{address}/{length}" not in networks:
            networks.append(f"{address}/{length}")
        self.down.discard(name)
        return ""

    def _inet6(self, name, rest):
        return self._inet(name, rest, version=6)

    def _show_interface(self, name):
        flags = "8802<BROADCAST>" if name in self.down else "8843<UP,RUNNING>"
        settings = self.settings.get(name, [])
        flags = flags.replace(">", ",LINK1>") if ["link1"] in settings else flags
        lines = [f"{name}: flags={flags}" + (f" mtu {self.mtus[name]}" if self.mtus[name] else "")]
        lines += [f'\tdescription: "{words[1]}"' for words in settings if words[0] == "description"]
        lines += ["\tenabled=2800<IP4CSUM_Tx>" if ["ip4csum-tx"] in settings else "\tenabled=0"]
        if name in self.vlans:
            lines.append("\tvlan: {} parent: {}".format(*self.vlans[name]))
        networks = self.networks.get(name, [])
        if not name.startswith(("bridge", "lo")) and self.mtus[name]:
            lines.append(f"\taddress: {MAC}")
            if name not in self.down:
                networks = [*networks, f"{LINK}/64"]
        found = {4: 0, 6: 0}
        for network in networks:
            version = ipaddress.ip_interface(network).version
            lines.append(self._show_address(name, network, found[version]))
            found[version] += 1
        return "\n".join(lines) + "\n"

    def _show_address(self, name, text, count):
        found = ipaddress.ip_interface(text)
        flags = self.flags.get(text, "")
        zone = f"%{name}" if found.is_link_local and found.version == 6 else ""
        if found.version == 4:
            broadcast = f"broadcast {found.network.broadcast_address}"
            if not self.old:
                return f"\tinet {text} {broadcast} flags 0x0"
            return f"\tinet {'alias ' * bool(count)}{found.ip} netmask 0x{int(found.netmask):08x} {broadcast}"
        if self.old:
            return f"\tinet6 {found.ip}{zone} prefixlen {found.network.prefixlen} {flags.lower()}"
        return f"\tinet6 {found.ip}{zone}/{found.network.prefixlen} flags 0x40<{flags}>"

    # -- routes --------------------------------------------------------------------------------------------------------

    def _netstat(self, argv):
        family = argv[-1]
        lines = [
            f"{destination:18} {gateway:18} UGS         -        -      -  {through}"
            for destination, (gateway, through) in self.routes.items()
            if (":" in gateway) == (family == "inet6")
        ]
        head = "Destination        Gateway            Flags    Refs      Use    Mtu Interface"
        return "\n".join(["Routing tables", "", "Internet:", head, *lines]) + "\n"

    def _route(self, argv):
        words = [word for word in argv[1:] if word not in ("-n", "-inet6", "-net", "-host")]
        assert words[0] == "add"
        destination, gateway = words[1:]
        if destination in self.routes:
            return 1, "", f"add net {destination}: gateway {gateway}: File exists\n"
        for name, networks in self.networks.items():
            if any(ipaddress.ip_address(gateway) in ipaddress.ip_interface(each).network for each in networks):
                self.routes[destination] = (gateway, name)
                return f"add net {destination}: gateway {gateway}\n"
        return 1, "", f"add net {destination}: gateway {gateway}: Network is unreachable\n"

    # -- brconfig ------------------------------------------------------------------------------------------------------

    def _brconfig(self, argv):
        if argv[1] == "-a":
            return "".join(self._show_bridge(name) for name in self.bridges)
        name, action = argv[1], argv[2]
        if name not in self.bridges:
            return 1, "", "brconfig: unable to get interface flags: Device not configured\n"
        if action in ("up", "down"):
            (self.down.discard if action == "up" else self.down.add)(name)
        elif action == "delete":
            if argv[3] not in self.bridges[name]:
                return 1, "", f"brconfig: delete {argv[3]}: No such file or directory\n"
            self._leave(name, argv[3])
        elif action in ("stp", "priority"):
            self.bridge_settings.setdefault(name, []).append(argv[2:])
        else:
            assert action == "add"
            return self._add(name, argv[3])
        return ""

    def _add(self, bridge, name):
        if name in self.bridges[bridge]:
            return 1, "", f"brconfig: add {name}: File exists\n"
        if any(name in members for members in self.bridges.values()):
            return 1, "", f"brconfig: add {name}: Device busy\n"
        if self.mtus[bridge] != self.mtus.get(name) or (name.startswith("vlan") and name not in self.vlans):
            return 1, "", f"brconfig: add {name}: Invalid argument\n"
        self.bridges[bridge].append(name)
        return ""

    def _leave(self, bridge, name):
        self.bridges[bridge].remove(name)
        kept = [words for words in self.bridge_settings.get(bridge, []) if words != ["stp", name]]
        self.bridge_settings[bridge] = kept

    def _show_bridge(self, name):
        settings = self.bridge_settings.get(name, [])
        priority = next((words[1] for words in settings if words[0] == "priority"), "32768")
        lines = [f"{name}: flags=41<UP,RUNNING>", "\tConfiguration:"]
        lines += [f"\t\tpriority {priority} hellotime 2 fwddelay 15 maxage 20", "\t\tipfilter disabled flags 0x0"]
        lines.append("\tInterfaces:")
        for member in self.bridges[name]:
            stp = ",STP" if ["stp", member] in settings else ""
            lines += [f"\t\t{member} flags=3<LEARNING,DISCOVER{stp}>", "\t\t\tport 1 priority 128"]
        lines.append("\tAddress cache (max cache: 100, timeout: 1200):")
        return "\n".join(lines) + "\n"

    # -- npfctl, sysctl ------------------------------------------------------------------------------------------------

    def _npfctl(self, argv):
        action = argv[1]
        if action == "show":
            return self._show_npf()
        if action == "validate" and self.bad_rules:
            return 1, "", "/etc/npf.conf.netbsd-xen:2:1: syntax error near 'map'\n"
        if action == "reload":
            self.npf_rules = self.text(argv[2])
        elif action == "start":
            self.npf_active = True
        return ""

    def _show_npf(self):
        """As npf_show.c prints it: the interface's own address, and what is translated behind it."""
        maps = [line.split() for line in self.npf_rules.splitlines() if line.startswith("map")]
        lines = [f"map {words[1]} dynamic any -> 10.0.2.15 pass family inet4 from {words[3]} " for words in maps]
        state = "active" if self.npf_active else "inactive"
        return f"# filtering:\t{state}\n# config:\t\tloaded\n\n" + "".join(line + "\n" for line in lines)

    def _sysctl(self, argv):
        if argv[1:] == ["-n", "net.inet.ip.forwarding"]:
            return self.forwarding + "\n"
        assert argv[1:] == ["-w", "net.inet.ip.forwarding=1"]
        self.forwarding = "1"
        return ""
