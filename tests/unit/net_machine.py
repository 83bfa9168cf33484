# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose interfaces and bridges refuse what NetBSD refuses (if_bridge.c, if_vlan.c; records bridge-mtu,
bridge-two), with npf and one sysctl variable."""

from __future__ import annotations

import copy

from ansible_collections.netbsd.xen.tests.unit.rooted import RootedHost


class Machine(RootedHost):
    def __init__(self, root, mtus=(("wm0", 1500), ("wm1", 1500)), bridges=None, addresses=None):
        super().__init__(root, {"/etc/rc.conf": "rc_configured=YES\n", "/sbin/npfctl": "x"})
        self.mtus = dict(mtus, lo0=33648)
        self.down = set()
        self.vlans: dict[str, tuple[int, str]] = {}
        self.networks: dict[str, list[str]] = {name: list(found) for name, found in (addresses or {}).items()}
        self.bridges = {name: list(members) for name, members in (bridges or {}).items()}
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
        }

    def state(self):
        """All that matters to who wants to reach the machine."""
        bridges = {name: sorted(members) for name, members in self.bridges.items()}
        found = (self.mtus, self.down, self.vlans, {k: v for k, v in self.networks.items() if v}, bridges)
        return copy.deepcopy(found)

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
        else:
            return getattr(self, "_" + action.replace("-", "no_"))(name, rest)
        return ""

    def _destroy(self, name, rest):
        del self.mtus[name]
        self.down.discard(name)
        self.networks.pop(name, None)
        self.vlans.pop(name, None)
        self.bridges.pop(name, None)
        self._leave(name)
        return ""

    def _mtu(self, name, rest):
        parent = self.vlans.get(name, (0, ""))[1]
        if parent and int(rest[0]) > self.mtus[parent]:
            return 1, "", "ifconfig: SIOCSIFMTU: Invalid argument\n"
        self.mtus[name] = int(rest[0])
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
        self.vlans.pop(name)
        self.mtus[name] = 0
        self.down.add(name)
        self._leave(name)
        return ""

    def _inet(self, name, rest):
        assert not name.startswith("bridge"), "a bridge takes no address"
        networks = self.networks.setdefault(name, [])
        if rest[1:] == ["delete"]:
            networks[:] = [network for network in networks if network.split("/")[0] != rest[0]]
        elif rest[0] not in networks:
            networks.append(rest[0])
        return ""

    def _leave(self, name):
        for members in self.bridges.values():
            if name in members:
                members.remove(name)

    def _show_interface(self, name):
        flags = "8802<BROADCAST>" if name in self.down else "8843<UP,RUNNING>"
        lines = [f"{name}: flags={flags} mtu {self.mtus[name]}"]
        if name in self.vlans:
            lines.append("\tvlan: {} parent: {}".format(*self.vlans[name]))
        lines += [f"\tinet {network} broadcast 10.255.255.255 flags 0x0" for network in self.networks.get(name, [])]
        return "\n".join(lines) + "\n"

    def _brconfig(self, argv):
        if argv[1] == "-a":
            return "".join(self._show_bridge(name) for name in self.bridges)
        name, action = argv[1], argv[2]
        if name not in self.bridges:
            return 1, "", "brconfig: unable to get interface flags: Device not configured\n"
        if action == "up":
            self.down.discard(name)
        elif action == "delete":
            self.bridges[name].remove(argv[3])
        else:
            assert action == "add"
            return self._add(name, argv[3])
        return ""

    def _add(self, bridge, name):
        if name in self.bridges[bridge]:
            return 1, "", f"brconfig: add {name}: File exists\n"
        if any(name in members for members in self.bridges.values()):
            return 1, "", f"brconfig: add {name}: Device busy\n"
        if self.mtus[bridge] != self.mtus[name] or (name.startswith("vlan") and name not in self.vlans):
            return 1, "", f"brconfig: add {name}: Invalid argument\n"
        self.bridges[bridge].append(name)
        return ""

    def _show_bridge(self, name):
        members = "".join(f"\t\t{member} flags=3<LEARNING,DISCOVER>\n" for member in self.bridges[name])
        return f"{name}: flags=41<UP,RUNNING>\n\tConfiguration:\n\t\tpriority 32768\n\tInterfaces:\n{members}"

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
