# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dom0s with a process table, for the tests of services: one of today, and one of each era of xend."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

RC_CONF = "# ours\nrc_configured=YES\nxencommons=NO\nhostname=nbdom0\n"
XENCOMMONS = '#!/bin/sh\n# PROVIDE: xencommons\n. /etc/rc.subr\nname="xencommons"\nrcvar=$name\n'
WATCHDOG = 'name="xenwatchdog"\nrcvar=$name\n'
XENDOMAINS = 'name="xendomains"\nctl_command="/usr/pkg/sbin/xl"\n'


class Machine(RootedHost):
    """A dom0 with a process table; xencommons' script starts both daemons whatever runs (record xc-before)."""

    def __init__(self, root, processes=(), rc_conf=RC_CONF):
        super().__init__(root, {"/etc/rc.conf": rc_conf, "/etc/defaults/rc.conf": "sshd=NO # x\n"})
        self.put("/etc/rc.d/xencommons", XENCOMMONS)
        self.put("/etc/rc.d/xen-watchdog", WATCHDOG)
        self.put("/etc/rc.d/xendomains", XENDOMAINS)
        self.put("/etc/rc.d/sshd", 'name="sshd"\nrcvar=$name\n')
        self.put("/kern/xen/privcmd")
        self.put("/usr/pkg/bin/xenstore-read")
        self.put("/usr/pkg/libexec/xen/bin/xen-init-dom0")
        self.processes = list(processes)
        self.dom0_known = self.pool_known = "xenstored" in self.processes
        self.interfaces = "wm0 lo0"
        self.store_is_silent = False
        self.broken = False
        self.answers = {
            "/bin/ps -axww -o pid= -o args=": self._ps,
            "/usr/pkg/bin/xenstore-read": self._xenstore_read,
            "/usr/pkg/bin/xenstore-write /local/pool/0/name Pool-0": self._pool_introduced,
            "/sbin/ifconfig -l": lambda argv: f"{self.interfaces}\n",
            "/etc/rc.d/xencommons onestart": self._onestart,
            "/usr/pkg/sbin/xenconsoled": lambda argv: self._launch("xenconsoled"),
            "/usr/pkg/libexec/xen/bin/xen-init-dom0": self._init_dom0,
            "/bin/kill -TERM": self._kill,
            "/etc/rc.d/xen-watchdog onestart": lambda argv: self._launch("xenwatchdogd"),
            # By any other signal, its script's among them, the machine is reset (Xen's tools/misc/xenwatchdogd.c).
            "/bin/kill -USR1": self._kill,
            "/etc/rc.d/sshd onestatus": lambda argv: (0 if "sshd" in self.processes else 1, "", ""),
            "/etc/rc.d/sshd onestart": lambda argv: self._launch("sshd"),
        }

    def _ps(self, argv):
        rows = ["    0 [system]", "    1 init ", " 1337 sshd: root@notty "]
        rows += [f"{100 + i:5d} /usr/pkg/sbin/{name} " for i, name in enumerate(self.processes)]
        return "\n".join(rows) + "\n"

    def _xenstore_read(self, argv):
        assert {"xenstored", "oxenstored"} & set(self.processes), "this would hang for ever (record xs-kill)"
        if self.store_is_silent:
            return CommandFailed("xenstore-read did not end within 10 seconds", timed_out=True)
        store = {
            "/local/domain/0/name": (self.dom0_known, "Domain-0"),
            "/local/pool/0/name": (self.pool_known, "Pool-0"),
        }
        printed = ""
        for path in argv[1:]:
            known, name = store[path]
            if not known:
                return 1, printed, f"xenstore-read: couldn't read path {path}\n"
            printed += f"{name}\n"
        return printed

    def _launch(self, name):
        if not self.broken:
            self.processes.append(name)

    def _onestart(self, argv):
        self._launch("xenstored")
        self._launch("xenconsoled")
        self.dom0_known = self.pool_known = True
        return (1, "", "xenstored: out of memory\n") if self.broken else "Starting xenservices.\n"

    def _pool_introduced(self, argv):
        self.pool_known = True

    def _init_dom0(self, argv):
        if not self.dom0_known:
            self.dom0_known = self.pool_known = True
        return "Done setting up Dom0\n"

    def _kill(self, argv):
        del self.processes[int(argv[2]) - 100]


PLAIN = 'name="{0}"\nrcvar=$name\n'
PYTHON = "/usr/pkg/bin/python2.7"


class OldMachine(Machine):
    """A dom0 with xend. What each script starts is pkgsrc's files/ of xentools3, xentools41 and xentools42."""

    def __init__(self, root, era, processes=(), rc_conf=RC_CONF):
        super().__init__(root, processes, rc_conf)
        for name in ("xencommons", "xen-watchdog"):
            self.remove(f"/etc/rc.d/{name}")
        self.remove("/usr/pkg/libexec/xen/bin/xen-init-dom0")  # it came with Xen 4.5
        scripts = {"3.1": ("xend", "xenbackendd"), "4.1": ("xencommons", "xend"), "4.2": ("xencommons", "xend")}[era]
        for name in scripts:
            self.put(f"/etc/rc.d/{name}", PLAIN.format(name))
        starts = {
            "3.1": {"xend": ("xenstored", "xenconsoled", "xend"), "xenbackendd": ("xenbackendd",)},
            "4.1": {"xencommons": ("xenstored", "xenconsoled", "xenbackendd"), "xend": ("xend",)},
            "4.2": {"xencommons": ("xenstored", "xenconsoled"), "xend": ("xenbackendd", "xend")},
        }[era]
        for name, daemons in starts.items():
            self.answers[f"/etc/rc.d/{name} onestart"] = lambda argv, daemons=daemons: self._start_all(daemons)
        self.answers["/etc/rc.d/xend onestop"] = lambda argv: self.processes.remove("xend")
        self.answers["/usr/pkg/sbin/xend start"] = lambda argv: self._start_all(("xend",))
        self.answers["/usr/pkg/sbin/xenbackendd"] = lambda argv: self._start_all(("xenbackendd",))
        self.answers["/usr/pkg/bin/xenstore-write /local/domain/0/name Domain-0"] = self._introduced

    def _start_all(self, daemons):
        for name in daemons:
            if name == "xenstored":
                self.dom0_known = True
            elif "xenstored" not in self.processes:
                continue  # without xenstored these end at once
            if name != "xenstored" or name not in self.processes:
                self._launch(name)

    def _introduced(self, argv):
        self.dom0_known = True

    def _ps(self, argv):
        rows = ["    1 init", "  77 grep xend", "  78 vi /usr/pkg/sbin/xend"]
        for number, name in enumerate(self.processes, 100):
            command = f"/usr/pkg/sbin/{name}"
            rows.append(f"{number:5d} {PYTHON} {command} start" if name == "xend" else f"{number:5d} {command}")
        return "\n".join(rows) + "\n"

    def _kill(self, argv):
        self.processes[int(argv[2]) - 100] = "zombie"
