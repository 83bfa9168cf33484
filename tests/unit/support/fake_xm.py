# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""xm and ps of a machine in memory, as far as the unit tests of the xm toolstack need them. Its output has the layouts
of tools/python/xen/xm/main.py (Xen 4.2, or 3.1 with its narrower ID column); how the real one behaves is the
simulator's matter."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.netbsd.xen.tests.unit.support.fakes import MemoryHost

XEND = "/usr/pkg/bin/python2.7 /usr/pkg/sbin/xend start"
XENSTORED = "/usr/pkg/sbin/xenstored --pid-file=/var/run/xenstored.pid"


@dataclass
class XmDomain:
    """A domain as FakeXm keeps it. ``domid`` None is a managed one that does not run; ``deaf`` answers no request,
    ``greedy`` gives no device back."""

    name: str
    domid: int | None
    memory: int = 128
    vcpus: int = 1
    state: str = "-b----"
    pauses: int = 0
    deaf: bool = False
    greedy: bool = False
    disks: dict[int, str] = field(default_factory=dict)
    nics: dict[int, str] = field(default_factory=dict)


@dataclass
class FakeXm:
    """``errors`` maps a sub-command to what it fails with: (rc, stderr)."""

    host: MemoryHost
    version: tuple[int, int] = (4, 2)
    processes: tuple[str, ...] = (XENSTORED, XEND)
    domains: list[XmDomain] = field(default_factory=list)
    next_domid: int = 10
    errors: dict[str, tuple[int, str]] = field(default_factory=dict)
    leaves_domain: bool = False
    leaves_nic: bool = False

    def __post_init__(self) -> None:
        self.host.put("/usr/pkg/sbin/xm", mode=0o755)
        self.host.put("/kern/xen/privcmd", kind="other")
        self.host.programs.update({"/usr/pkg/sbin/xm": self.xm, "/bin/ps": self.ps})
        self.host.programs.setdefault("/sbin/ifconfig", lambda args: (0, "wm0 lo0\n", ""))

    def ps(self, args):
        assert args == ["-axww", "-o", "pid=", "-o", "args="]
        return 0, "".join(f"{pid:5d} {line}\n" for pid, line in enumerate(("init", *self.processes), 1)), ""

    def xm(self, args):
        verb = args[0]
        if XEND not in self.processes:
            return 1, "", "Error: Unable to connect to xend: Connection refused. Is xend running?\n"
        found = getattr(self, "xm_" + verb.replace("-", "_"))(args[1:]) if verb not in self.errors else None
        if found is None:
            self.half_done(args)
            rc, stderr = self.errors[verb]
            return rc, "", stderr
        return 0, found, ""

    def half_done(self, args):
        if args[0] == "create" and self.leaves_domain:
            self.xm_create(args[1:])
        if args[0] == "network-attach" and self.leaves_nic:
            self.xm_network_attach(args[1:])

    def running(self):
        return [domain for domain in self.domains if domain.domid is not None]

    def by_id(self, text) -> XmDomain:
        assert text != "0", "a command for domain 0"
        (found,) = [domain for domain in self.running() if str(domain.domid) == text]
        return found

    # -- queries -----------------------------------------------------------------------------------------------------

    def xm_list(self, args):
        if args == ["--long"]:
            return "(domain (domid 0) (name Domain-0) (memory 512))\n" + "".join(map(self._long, self.domains))
        assert not args
        width = 3 if self.version < (3, 3) else 5
        head = f"{'Name':<40} {'ID':>{width}} {'Mem':>5} {'VCPUs':>5} {'State':>10} {'Time(s)':>9}\n"
        rows = [("Domain-0", 0, 512, 1, "r-----")]
        for domain in self.domains:
            state = domain.state[:2] + ("p" if domain.pauses else domain.state[2]) + domain.state[3:]
            stopped = domain.domid is None
            rows.append(
                (domain.name, "" if stopped else domain.domid, domain.memory, domain.vcpus, "" if stopped else state)
            )
        return head + "".join(f"{n:<40} {i:>{width}} {m:5d} {v:5d} {s:>10} {1.5:8.1f}\n" for n, i, m, v, s in rows)

    def _long(self, domain):
        domid = "" if domain.domid is None else f"(domid {domain.domid})"
        return (
            f"(domain {domid} (name {domain.name}) (memory {domain.memory}) (maxmem {domain.memory}) "
            f"(vcpus {domain.vcpus}) (vcpu_avail {(1 << domain.vcpus) - 1}) (pool_name Pool-0) "
            f"(image (linux (kernel /netbsd))) (state {domain.state}))\n"
        )

    def xm_vcpu_list(self, args):
        assert not args
        lines = [
            f"{domain.name:<32} {domain.domid:5d} {number:5d} {0:5d} {'-b-':>5}  {1.5:8.1f} {'any cpu'}\n"
            for domain in self.running()
            for number in range(domain.vcpus)
        ]
        return "Name                                ID  VCPU   CPU State   Time(s) CPU Affinity\n" + "".join(lines)

    def xm_info(self, args):
        major, minor = self.version
        return f"host                   : box\nnr_cpus                : 4\nxen_major              : {major}\n" + (
            f"xen_minor              : {minor}\nxen_scheduler          : credit\n"
        )

    def xm_cpupool_list(self, args):
        assert self.version >= (4, 1)
        head = "Name               CPUs   Sched     Active   Domain count\n"
        return head + f"{'Pool-0':<16}   {4:3d}  {'credit':>8}       y          1\n"

    def xm_block_list(self, args):
        lines = [f"{vdev:<5d}  0    0     4      6      8     /be/{vdev}  \n" for vdev in self.by_id(args[0]).disks]
        return "".join(["Vdev  BE handle state evt-ch ring-ref BE-path\n", *lines] if lines else [])

    def xm_network_list(self, args):
        nics = self.by_id(args[0]).nics
        lines = [f"{n:<3d} 0  {mac:<17}    {n}     4      9     7    /8       /be/{n}\n" for n, mac in nics.items()]
        return "".join(
            ["Idx BE     MAC Addr.     handle state evt-ch tx-/rx-ring-ref BE-path\n", *lines] if lines else []
        )

    # -- acts --------------------------------------------------------------------------------------------------------

    def xm_create(self, args):
        name = args[-1].rsplit("/", 1)[-1]
        self.domains.append(XmDomain(name, self.next_domid, pauses=int("-p" in args)))
        self.next_domid += 1
        return f'Using config file "{args[-1]}".\nStarted domain {name} (id={self.next_domid - 1})\n'

    xm_restore = xm_create

    def _managed(self, name):
        (found,) = [domain for domain in self.domains if domain.name == name and domain.domid is None]
        return found

    def xm_delete(self, args):
        self.domains.remove(self._managed(args[0]))
        return ""

    def xm_destroy(self, args):
        self.domains.remove(self.by_id(args[0]))
        return ""

    def xm_shutdown(self, args):
        domain = self.by_id(args[0])
        if not domain.deaf and not domain.pauses:
            self.domains.remove(domain)
        return ""

    def xm_reboot(self, args):
        domain = self.by_id(args[0])
        if not domain.deaf:
            domain.domid = self.next_domid
            self.next_domid += 1
        return ""

    def xm_save(self, args):
        self.host.put(args[1], "saved")
        return self.xm_destroy(args)

    def xm_pause(self, args):
        self.by_id(args[0]).pauses += 1
        return ""

    def xm_unpause(self, args):
        self.by_id(args[0]).pauses -= 1
        return ""

    def xm_rename(self, args):
        self.by_id(args[0]).name = args[1]
        return ""

    def xm_mem_set(self, args):
        self.by_id(args[0]).memory = int(args[1])
        return ""

    def xm_vcpu_set(self, args):
        self.by_id(args[0]).vcpus = int(args[1])
        return ""

    def _accepted(self, args):
        self.by_id(args[0])
        return ""

    xm_vcpu_pin = xm_block_configure = xm_dump_core = xm_cpupool_migrate = _accepted

    def xm_sched_credit(self, args):
        assert args[0] == "-d"
        return self._accepted(args[1:])

    def xm_migrate(self, args):
        assert args[0] == "--live"
        return self.xm_destroy(args[1:])

    def xm_block_attach(self, args):
        assert len(args) == 4
        self.by_id(args[0]).disks[51728] = args[1]
        return ""

    def xm_block_detach(self, args):
        domain = self.by_id(args[0])
        assert int(args[1]) in domain.disks
        if not domain.greedy:
            del domain.disks[int(args[1])]
        return ""

    def xm_network_attach(self, args):
        words = dict(word.split("=") for word in args[1:])
        domain = self.by_id(args[0])
        domain.nics[len(domain.nics)] = words["mac"]
        return ""

    def xm_network_detach(self, args):
        domain = self.by_id(args[0])
        if not domain.greedy:
            del domain.nics[int(args[1])]
        return ""
