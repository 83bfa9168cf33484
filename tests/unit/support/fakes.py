# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine in memory, at the edge of Host: files are a dictionary, and commands are answered by functions.

FakeXen answers for a small Xen behind it. It stands in for the toolstack only as far as the unit tests of what calls xl
need it; how the real one behaves is the simulator's and the lab's matter.
"""

from __future__ import annotations

import io
import json
import posixpath
import re
import time
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._command import Result
from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest import devices
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xlcfg
from ansible_collections.netbsd.xen.plugins.module_utils._host import FileStat, Host

# Record disklabel-wd0 (NetBSD 7.99.10), with one partition more, and one that lies across two others.
LABEL = """\
type: ESDI
8 partitions:
#        size    offset     fstype [fsize bsize cpg/sgs]
 a:   4063232      2048     4.2BSD   2048 16384     0  # (Cyl.      2*-   4033*)
 b:    524288   4065280       swap                     # (Cyl.   4033*-   4553*)
 c:   8386560      2048     unused      0     0        # (Cyl.      2*-   8322*)
 d:   8388608         0     unused      0     0        # (Cyl.      0 -   8322*)
 e:    614400   4589568     unused      0     0        # (Cyl.   4553*-   5162*)
 f:    614400   5203968     unused      0     0        # (Cyl.   5162*-   5772*)
 g:   2570240   5818368     unused      0     0        # (Cyl.   5772*-   8322*)
 h:    614400   4896768     unused      0     0        # (Cyl.   4858*-   5467*)
"""


@dataclass
class Entry:
    """Something in the file system."""

    content: bytes = b""
    mode: int = 0o644
    kind: str = "file"
    size: int | None = None
    modified: float = 0.0


class MemoryHost(Host):
    """Host with nothing real behind it. ``programs`` maps a program's path to a function of its arguments that
    gives (rc, stdout, stderr)."""

    def __init__(self, system: str = "NetBSD") -> None:
        super().__init__()
        self.system = system
        self.release = "10.1"
        self.tree: dict[str, Entry] = {}
        self.programs: dict[str, Any] = {}
        self.synced: list[str] = []

    # -- for tests -----------------------------------------------------------------------------------------------------

    def put(self, path: str, content: str = "", mode: int = 0o644, kind: str = "file") -> None:
        self.tree[path] = Entry(content.encode(), mode, kind)

    def text(self, path: str) -> str:
        return self.tree[path].content.decode()

    def inode(self, path: str) -> int:
        """The number of a file, for as long as it is there."""
        return id(self.tree[path])

    def ran(self, program: str) -> list[list[str]]:
        return [command["argv"][1:] for command in self.commands if posixpath.basename(command["argv"][0]) == program]

    # -- Host ----------------------------------------------------------------------------------------------------------

    def try_run(self, argv, timeout=30.0, cwd="/", env=None, stdin=""):
        program = self.programs.get(argv[0])
        if program is None:
            raise CommandFailed(
                f"{argv[0]} can't be run: No such file or directory. Is it installed?", command=list(argv)
            )
        rc, stdout, stderr = program(list(argv[1:]))
        self.commands.append({"argv": list(argv), "rc": rc, "seconds": 0.0})
        if rc is None:
            failed = CommandFailed(
                f"{' '.join(argv)} did not end within {timeout:g} seconds and was killed", timed_out=True
            )
            failed.printed = stdout
            raise failed
        return Result(tuple(argv), rc, stdout, stderr, 0.0)

    def read_bytes(self, path):
        entry = self.tree.get(path)
        return None if entry is None else entry.content

    def open_file(self, path):
        return io.BytesIO(self.tree[path].content)

    def exists(self, path):
        return path in self.tree or any(known.startswith(path + "/") for known in self.tree)

    def stat(self, path, follow=True):
        path = self.real_path(path) if follow else path
        entry = self.tree.get(path)
        if entry is None:
            there = self.exists(path) or path == "/"
            return FileStat("directory", 0, 0o755, 0, 0, device="0,0") if there else None
        size = len(entry.content) if entry.size is None else entry.size
        where = {"inode": self.inode(path), "device": "0,0"}
        if entry.kind == "block":
            where.update(major=1, minor=self.inode(path))
        return FileStat(entry.kind, size, entry.mode, 0, 0, modified=entry.modified, **where)

    def real_path(self, path):
        entry = self.tree.get(path)
        return entry.content.decode() if entry is not None and entry.kind == "link" else path

    def list_dir(self, path):
        inside = [known[len(path) + 1 :].split("/")[0] for known in self.tree if known.startswith(path + "/")]
        return sorted(set(inside))

    def free_bytes(self, path):
        return 1 << 40

    def write_text(self, path, text, mode=0o644, backup=False):
        old = self.tree.get(path)
        self.tree[path] = Entry(text.encode("utf-8", "surrogateescape"), old.mode if old else mode)

    def copy_file(self, source, path, mode, keep=True):
        self.tree[path] = Entry(self.tree[source].content, mode)

    def write_stream(self, stream, path, mode, keep=True):
        self.tree[path] = Entry(stream.read(), mode)

    def make_dir(self, path, mode=0o755):
        self.tree.setdefault(path, Entry(mode=mode, kind="directory"))

    def rename(self, source, path, keep=False):
        self.tree[path] = self.tree.pop(source)

    def remove(self, path, keep=False):
        self.tree.pop(path, None)

    def remove_dir(self, path):
        self.tree.pop(path, None)

    def sync(self, paths):
        self.synced += list(paths)
        return len(self.synced)

    def create_sparse(self, path, size, mode=0o600):
        if path in self.tree:
            raise XenError(f"The disk file {path} can't be created: File exists")
        self.tree[path] = Entry(mode=mode, size=size)


@dataclass
class Domain:
    """A running domain as FakeXen keeps it. ``pauses`` nest."""

    name: str
    domid: int
    memory: int
    maxmem: int
    vcpus: int
    maxvcpus: int
    settings: dict[str, Any]
    state: str = "-b----"
    used: int | None = None
    pauses: int = 0
    deaf: bool = False
    # Whether dom0's ends of its devices are there still.
    connected: bool = True
    # Requests to save itself that it does not answer before it does, as one that is still booting.
    boots: int = 0
    weight: int = 256
    cap: int = 0
    pool: str = "Pool-0"
    pins: dict[int, str] = field(default_factory=dict)


@dataclass
class FakeXen:
    """xl, ps and brconfig of a MemoryHost. The switches on it make a create fail in one of the recorded ways."""

    host: MemoryHost
    free: int = 4096
    commandline: str = "dom0_mem=1G"
    xenstored: bool = True
    bridges: tuple[str, ...] = ("bridge0",)
    domains: list[Domain] = field(default_factory=list)
    next_domid: int = 1
    create_error: tuple[int, str] | None = None
    leaves_domain: bool = False
    loses_nics: bool = False
    dies_at_once: bool = False
    follows_memory: bool = True
    # Without it all of a guest's virtual CPUs are on line, whatever is set.
    follows_vcpus: bool = True
    cpus: int = 4
    scheduler: str = "credit2"
    pools: tuple[str, ...] = ("Pool-0", "Pool-1")
    fails_nics: bool = False
    ignores_devices: bool = False
    # From when on guests connect their devices.
    up_at: float = 0.0
    reboots: str = "returns"
    request_seconds: float = 0.0
    dump_mebibytes: int | None = None
    migrates: bool = True
    vnd_nodes: int = 4
    vnd_used: int = 0
    # Units that nobody has released: number to file. ``vnd_busy`` are open somewhere, ``vnd_going`` go by themselves
    # after so many looks, ``leaves_vnd`` has each guest that ends leave its own.
    vnd_left: dict[int, str] = field(default_factory=dict)
    vnd_busy: set[int] = field(default_factory=set)
    vnd_going: dict[int, int] = field(default_factory=dict)
    leaves_vnd: bool = False
    mounted: str = ""
    more_disks: tuple[str, ...] = ()
    more_processes: str = ""
    # xenstored dies of a create.
    kills_store: bool = False
    backends: str | None = None
    ended: list[Domain] = field(default_factory=list)
    # Sub-commands that end with 0 and do nothing.
    believed: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        xl = "/usr/pkg/sbin/xl" if self.host.system == "NetBSD" else "/usr/sbin/xl"
        self.host.put(xl, mode=0o755)
        if self.host.system == "NetBSD":
            self.host.put("/kern/xen/privcmd", kind="other")
        else:
            self.host.put("/proc/xen/capabilities", "control_d\n")
            for bridge in self.bridges:
                self.host.put(f"/sys/class/net/{bridge}/bridge/bridge_id", "x")
        for unit in range(self.vnd_nodes if self.host.system == "NetBSD" else 0):
            self.host.put(f"/dev/vnd{unit}d", kind="block")
        self.host.programs.update(
            {xl: self.xl, "/bin/ps": self.ps, "/sbin/brconfig": self.brconfig, "/usr/sbin/vnconfig": self.vnconfig}
        )
        self.host.programs.setdefault("/sbin/ifconfig", lambda args: (0, "wm0 lo0\n", ""))
        self.host.programs.update({"/sbin/mount": self.mount, "/usr/pkg/bin/xenstore-ls": self.xenstore_ls})
        # Record swapctl (NetBSD 7.99.10).
        self.host.programs.setdefault("/sbin/swapctl", lambda args: (1, "", "no swap devices configured\n"))
        self.host.programs.setdefault("/sbin/sysctl", self.sysctl)
        self.host.programs.setdefault("/sbin/disklabel", self.disklabel)

    def named(self, name: str) -> Domain:
        (found,) = [domain for domain in self.domains if domain.name == name]
        return found

    def mount(self, args):
        assert not args
        return 0, "/dev/wd0a on / type ffs (log, local)\n" + self.mounted, ""

    def sysctl(self, args):
        assert args == ["-n", "hw.disknames"]
        blocks = [path for path, entry in self.host.tree.items() if entry.kind == "block"]
        nodes = [re.match(r"/dev/(?!vnd)([a-z]+[0-9]+)[a-p]?\Z", path) for path in blocks]
        disks = {node[1] for node in nodes if node} | {"wd0"} | set(self.more_disks)
        return 0, " ".join([*sorted(disks), *(f"vnd{unit}" for unit in self.vnd_left)]) + "\n", ""

    def disklabel(self, args):
        (disk,) = args
        return 0, f"# /dev/r{disk}d:\n{LABEL}", ""

    def xenstore_ls(self, args):
        assert self.xenstored, "xenstore-ls was called with xenstored dead: a real one would hang for ever"
        missing = 1, "", f"xenstore-ls: xs_directory ({args[0]}): No such file or directory\n"
        if args == ["/local/domain/0/backend/vbd"]:
            return missing if self.backends is None else (0, self.backends, "")
        assert args == ["/local/domain/0/backend"]
        text = "".join(self._backends())
        return (0, text, "") if text else missing

    def _backends(self):
        """Of the domains that xenstored knows, those that are just going among them; and ``ended``, which nobody lists
        (record after-reboot, NetBSD 7.99.10)."""
        known = [domain for domain in self.domains if domain.name != "(null)" or domain.state.endswith("d")]
        known = [domain for domain in (*known, *self.ended) if domain.connected]
        for kind in ("disk", "vif") if known else ():
            yield f'{"vbd" if kind == "disk" else "vif"} = ""\n'
            for domain in known:
                yield f' {domain.domid} = ""\n'
                for number, text in enumerate(domain.settings.get(kind, [])):
                    yield f'  {number} = ""\n   frontend-id = "{domain.domid}"\n   state = "4"\n'
                    if kind == "vif":
                        yield f'   mac = "{devices.parse_vif(text).mac}"\n'
                    else:
                        disk = devices.parse_disk(text)
                        yield f'   params = "{disk.path}"\n   mode = "{"w" if disk.access == "rw" else "r"}"\n'

    def ps(self, args):
        if args == ["-axww", "-o", "ppid=", "-o", "args="]:
            return 0, "    0 init \n    1 /usr/pkg/sbin/xl create /usr/pkg/etc/xen/other \n" + self.more_processes, ""
        assert args == ["-axww", "-o", "pid=", "-o", "args="]
        daemons = "  402 xenstored\n  409 xenconsoled\n" if self.xenstored else ""
        return 0, "    1 init\n" + daemons + self.more_processes, ""

    def brconfig(self, args):
        assert args == ["-a"]
        lines = [f"{bridge}: flags=41<UP,RUNNING>\n\tConfiguration:\n\t\tpriority 32768\n" for bridge in self.bridges]
        return 0, "".join(lines), ""

    def xl(self, args):
        assert self.xenstored, f"xl {' '.join(args)} was called with xenstored dead: a real one would hang for ever"
        assert args[1:2] != ["0"] and args[1:3] != ["-d", "0"], "a command for domain 0"
        if args[0] in self.believed:
            return 0, "", f"libxl: error: libxl.c:1:{args[0]}: No such process\n"
        before = list(self.domains)
        result = getattr(self, "xl_" + args[0].replace("-", "_"))(args[1:])
        for domain in before:
            if domain not in self.domains and self.leaves_vnd and args[0] != "reboot":
                for text in domain.settings.get("disk", []):
                    self.vnd_left[len(self.vnd_left)] = devices.parse_disk(text).path
        return result

    def vnconfig(self, args):
        if args[0] == "-u":
            unit = int(args[1][3:])
            if unit not in self.vnd_left or unit in self.vnd_busy:
                why = "Device busy" if unit in self.vnd_left else "Device not configured"
                return 1, "", f"vnconfig: /dev/rvnd{unit}d: VNDIOCCLR: {why}\n"
            del self.vnd_left[unit]
            return 0, "", ""
        assert args == ["-l"]
        for unit, looks in list(self.vnd_going.items()):
            self.vnd_going[unit] = looks - 1
            if looks == 0:
                self.vnd_left.pop(unit, None)
        used = [f"vnd{unit}: /home (/dev/wd0f) inode {unit}\n" for unit in range(self.vnd_used)]
        left = {unit: self.host.stat(path).inode for unit, path in self.vnd_left.items()}
        used += [f"vnd{unit}: / (/dev/wd0a) inode {inode}\n" for unit, inode in left.items()]
        return 0, "".join(used) + f"vnd{self.vnd_used + 20}: not in use\n", ""

    def xl_list(self, args):
        if args == ["-l"]:
            return (
                0,
                json.dumps([{"domid": 0, "config": {"c_info": {"type": "pv", "name": "Domain-0"}}}, *self._long()]),
                "",
            )
        assert args in ([], ["-c"])
        head = "Name                                        ID   Mem VCPUs\tState\tTime(s)"
        rows = [("Domain-0", 0, 1024, 1, "r-----", "Pool-0")]
        for domain in self.domains:
            state = domain.state[:2] + ("p" if domain.pauses else domain.state[2]) + domain.state[3:]
            used = domain.memory if domain.used is None else domain.used
            rows.append((domain.name, domain.domid, used, domain.vcpus, state, domain.pool))
        pool = [f" {row[5]:>15}" if args else "" for row in rows]
        body = [f"{n:<40} {i:5d} {m:5d} {v:5d}     {s}  {1.5:8.1f}" for n, i, m, v, s, _pool in rows]
        return 0, "\n".join([head, *(line + more for line, more in zip(body, pool))]) + "\n", ""

    def xl_vcpu_list(self, args):
        assert not args
        lines = ["Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)"]
        for domain in self.domains:
            for vcpu in range(domain.maxvcpus):
                hard = domain.pins.get(vcpu, "all")
                lines.append(f"{domain.name:<32} {domain.domid:5d} {vcpu:5d} {0:5d}   -b- {1.0:9.1f} {hard} / all")
        return 0, "\n".join(lines) + "\n", ""

    def xl_cpupool_list(self, args):
        lines = ["Name               CPUs   Sched     Active   Domain count"]
        lines += [f"{name:<16} {2:3d}  {self.scheduler:>10}       y {1:11d}" for name in self.pools]
        return 0, "\n".join(lines) + "\n", ""

    def _long(self):
        for domain in self.domains:
            yield {"domid": domain.domid, "config": _config_json(domain, self.loses_nics)}

    def xl_info(self, args):
        return (
            0,
            f"host                   : box\nnr_cpus                : {self.cpus}\n"
            f"free_memory            : {self.free}\n"
            f"xen_scheduler          : {self.scheduler}\nxen_commandline        : {self.commandline}\n",
            "",
        )

    def xl_create(self, args):
        *options, path = args
        assert options in ([], ["-p"])
        if self.kills_store:
            self.xenstored = False
            return 3, "", "libxl: error: libxl_create.c:1500:domcreate_launch_dm: unable to add disk devices\n"
        settings = xlcfg.parse(self.host.text(path))
        name = str(settings["name"])
        if any(domain.name == name for domain in self.domains):
            return (
                3,
                "",
                f'libxl: error: libxl_domain.c:81:libxl__domain_rename: Domain with name "{name}" already exists.\n',
            )
        if self.create_error is None or self.leaves_domain:
            memory, vcpus = int(str(settings["memory"])), int(str(settings.get("vcpus", 1)))
            self.domains.append(
                Domain(
                    name=name,
                    domid=self.next_domid,
                    memory=memory,
                    maxmem=int(str(settings.get("maxmem", memory))),
                    vcpus=vcpus,
                    maxvcpus=int(str(settings.get("maxvcpus", vcpus))),
                    settings=settings,
                    pauses=len(options),
                    weight=int(str(settings.get("cpu_weight", 256))),
                    cap=int(str(settings.get("cap", 0))),
                    pool=str(settings.get("pool", "Pool-0")),
                )
            )
            self._pin_as_configured(self.domains[-1])
            log = f"Waiting for domain {name} (domid {self.next_domid}) to die [pid {1000 + self.next_domid}]\n"
            self.host.put(f"/var/log/xen/xl-{name}.log", log)
            self.next_domid += 1
        if self.dies_at_once:
            self.domains.pop()
        if self.create_error is not None:
            return self.create_error[0], "", f"Parsing config from {path}\n{self.create_error[1]}"
        return 0, "", f"Parsing config from {path}\n"

    def _pin_as_configured(self, domain):
        cpus = domain.settings.get("cpus", [])
        for vcpu in range(domain.maxvcpus):
            domain.pins[vcpu] = cpus if isinstance(cpus, str) else ([*cpus, *["all"] * domain.maxvcpus])[vcpu]

    def _by_id(self, text):
        return next((domain for domain in self.domains if domain.domid == int(text)), None)

    def xl_shutdown(self, args):
        domain = self._by_id(args[-1])
        if domain is None:
            return 1, "", f"{args[-1]} is an invalid domain identifier (rc=-6)\n"
        if domain.deaf or domain.pauses:
            return 1, "", "guest didn't acknowledge control request: -9\nshutdown failed (rc=-9)\n"
        self.domains.remove(domain)
        return 0, "", ""

    def xl_destroy(self, args):
        domain = self._by_id(args[-1])
        if domain is None:
            return 1, "", f"{args[-1]} is an invalid domain identifier (rc=-6)\n"
        self.domains.remove(domain)
        return 0, "", ""

    def xl_unpause(self, args):
        domain = self._by_id(args[0])
        domain.pauses -= 1
        return 0, "", ""

    def xl_mem_set(self, args):
        domain = self._by_id(args[0])
        assert args[1].endswith("m")
        if not self.follows_memory:
            domain.used = domain.memory
        domain.memory = int(args[1][:-1])
        return 0, "", ""

    def xl_vcpu_set(self, args):
        domain = self._by_id(args[0])
        domain.settings = dict(domain.settings, avail=int(args[1]))
        if self.follows_vcpus:
            domain.vcpus = int(args[1])
        return 0, "", ""

    def xl_pause(self, args):
        self._by_id(args[0]).pauses += 1
        return 0, "", ""

    def xl_reboot(self, args):
        domain = self._by_id(args[-1])
        time.sleep(self.request_seconds)
        if domain.deaf or domain.pauses:
            return 1, "", "guest didn't acknowledge control request: -9\nreboot failed (rc=-9)\n"
        if self.reboots == "stays":
            domain.state = "---sr-"
        else:
            self.domains.remove(domain)
        if self.reboots == "returns":
            self.domains.append(replace(domain, domid=self.next_domid))
            self.next_domid += 1
        return 0, "", ""

    def xl_dump_core(self, args):
        size = self._by_id(args[0]).memory if self.dump_mebibytes is None else self.dump_mebibytes
        self.host.tree[args[1]] = Entry(size=size << 20)
        return 0, "", ""

    def xl_migrate(self, args):
        domain = self._by_id(args[-2])
        if domain.boots:
            domain.boots -= 1
            return 1, "", "libxl: error: guest didn't acknowledge suspend, cancelling request\n"
        if not self.migrates:
            return 1, "", "migration sender: libxl_domain_suspend failed (rc=-8)\n"
        self.domains.remove(self._by_id(args[-2]))
        return 0, "", ""

    def xl_rename(self, args):
        self._by_id(args[0]).name = args[1]
        return 0, "", ""

    def xl_vcpu_pin(self, args):
        domain = self._by_id(args[0])
        for vcpu in range(domain.maxvcpus) if args[1] == "all" else [int(args[1])]:
            domain.pins[vcpu] = args[2]
        return 0, "", ""

    def xl_sched_credit2(self, args):
        assert self.scheduler == "credit2"
        options = dict(zip(args[::2], args[1::2]))
        domain = self._by_id(options["-d"])
        domain.weight = int(options.get("-w", domain.weight))
        domain.cap = int(options.get("-c", domain.cap))
        return 0, "", ""

    def xl_cpupool_migrate(self, args):
        self._by_id(args[0]).pool = args[1]
        return 0, "", ""

    def xl_save(self, args):
        domain = self._by_id(args[0])
        if domain.deaf or domain.boots:
            domain.boots = max(domain.boots - 1, 0)
            time.sleep(self.request_seconds)
            self.host.put(args[1], "half of its memory")
            return 1, "", "libxl: error: guest didn't acknowledge suspend, cancelling request\n"
        self.host.put(args[1], json.dumps(domain.settings))
        self.domains.remove(domain)
        return 0, "", ""

    def xl_restore(self, args):
        *options, path = args
        if self.create_error is not None:
            return self.create_error[0], "", self.create_error[1]
        settings = json.loads(self.host.text(path))
        self.host.put("/tmp/restored", xlcfg.render(settings))
        return self.xl_create([*options, "/tmp/restored"])

    def xl_block_attach(self, args):
        self._by_id(args[0]).settings.setdefault("disk", []).append(args[1])
        return 0, "", ""

    def xl_block_detach(self, args):
        disks = self._by_id(args[0]).settings.setdefault("disk", [])
        number = devices.vdev_number(args[1])
        found = [disk for disk in disks if devices.vdev_number(devices.parse_disk(disk).vdev) == number]
        if not found:
            return 1, "", f"Error: Device {args[1]} not connected.\n"
        disks.remove(found[0])
        return 0, "", ""

    def xl_cd_insert(self, args):
        domain = self._by_id(args[0])
        assert domain.settings["type"] == "hvm", "cdrom-insert requires an HVM domain"
        disks = [devices.parse_disk(text) for text in domain.settings["disk"]]
        domain.settings["disk"] = [
            devices.render_disk(replace(disk, path=args[2], format="raw") if disk.vdev == args[1] else disk)
            for disk in disks
        ]
        return 0, "", ""

    def xl_block_list(self, args):
        lines = ["Vdev  BE  handle state  evt-ch ring-ref BE-path"]
        for text in self._by_id(args[0]).settings.get("disk", []):
            number = devices.vdev_number(devices.parse_disk(text).vdev)
            state = 1 if self.ignores_devices or time.monotonic() < self.up_at else 4
            path = f"/local/domain/0/backend/vbd/{args[0]}/{number}"
            lines.append(f"{number:<5d} 0   {args[0]:<6} {state}      9      8        {path}")
        return 0, "\n".join(lines) + "\n", ""

    def xl_network_list(self, args):
        lines = ["Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref BE-path"]
        for index, text in enumerate(self._by_id(args[0]).settings.get("vif", [])):
            late = self.ignores_devices or time.monotonic() < self.up_at
            mac, state = devices.parse_vif(text).mac, 1 if late else 4
            path = f"/local/domain/0/backend/vif/{args[0]}/{index}"
            lines.append(f"{index:<3d} 0  {mac:<17} {index:6d} {state:5d} {9:6d} {768:5d}/{769:<5d} {path}")
        return 0, "\n".join(lines) + "\n", ""

    def xl_network_attach(self, args):
        self._by_id(args[0]).settings.setdefault("vif", []).append(",".join(args[1:]))
        return (1, "", "libxl: error: no luck with the bridge\n") if self.fails_nics else (0, "", "")

    def xl_network_detach(self, args):
        nics = self._by_id(args[0]).settings["vif"]
        wanted = int(args[1]) if args[1].isdigit() else [devices.parse_vif(nic).mac for nic in nics].index(args[1])
        del nics[wanted]
        return 0, "", ""


def _config_json(domain: Domain, loses_nics: bool) -> dict[str, Any]:
    """As ``xl list -l`` prints it (records list_l_linux, list_l_2disks, xl 4.20): defaults are left out."""
    settings = domain.settings
    build = {
        "max_vcpus": domain.maxvcpus,
        "avail_vcpus": list(range(settings.get("avail", domain.vcpus))),
        "max_memkb": domain.maxmem * 1024,
        "target_memkb": domain.memory * 1024,
        "sched_params": {"sched": "credit2", "weight": domain.weight, "cap": domain.cap},
    }
    build.update({key: settings[key] for key in ("kernel", "ramdisk", "cmdline", "bootloader") if key in settings})
    disks = []
    for text in settings.get("disk", []):
        disk = devices.parse_disk(text)
        entry = {"pdev_path": disk.path, "vdev": disk.vdev, "format": disk.format}
        if disk.cdrom:
            entry.update(is_cdrom=1, removable=1)
        disks.append(dict(entry, readwrite=1) if disk.access == "rw" and not disk.cdrom else entry)
    nics = []
    for text in [] if loses_nics else settings.get("vif", []):
        nic = devices.parse_vif(text)
        nics.append({"devid": len(nics), "mac": nic.mac, "bridge": nic.bridge, "nictype": "vif"})
    config = {
        "c_info": {"type": settings.get("type", "pv"), "name": domain.name, "uuid": settings.get("uuid", "")},
        "b_info": build,
        "on_soft_reset": "soft_reset",
    }
    for key in ("on_poweroff", "on_reboot", "on_crash"):
        if settings.get(key, "destroy") != "destroy":
            config[key] = settings[key].replace("-", "_")
    passed = [devices.parse_pci(text) for text in settings.get("pci", [])]
    config["pcidevs"] = [{"domain": pci.domain, "bus": pci.bus, "dev": pci.dev, "func": pci.func} for pci in passed]
    return dict(config, **({"disks": disks} if disks else {}), **({"nics": nics} if nics else {}))
