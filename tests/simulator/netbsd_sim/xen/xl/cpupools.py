# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xl cpupool-*: records cpupool_* (xl 4.20), measurements there, and Xen's tools/xl/xl_cpupool.c."""
from __future__ import annotations

from ...core.machine import Machine, NotSimulated
from ..common import domains
from ..common.hotplug import local
from ..common.hypervisor import XlExit, err, need_xenstore, out
from ..common.pools import Pool, free_cpus, members, named, pools
from . import cnumbers, options, xlcfg
from .cpuconfig import cpu_range
from .finding import Call, Command, find_domid, known_domid
from .settings import Reader

_SCHEDULERS = ("credit", "credit2", "rtds", "null", "arinc653")


def _needed(m: Machine, text: str) -> Pool:
    """Raises XlExit(1)."""
    pool = named(m, text)
    if pool is None:
        err(f"unknown cpupool '{text}'\n")
        raise XlExit(1)
    return pool


# --- the sub-commands --------------------------------------------------------------------------------------------


def _list(m: Machine, args: list[str], call: Call) -> int:
    given = options.read("cpupool-list", args, "c", {"cpus": "c"})
    need_xenstore(m)
    chosen = pools(m)
    if given.words:
        pool = next((pool for pool in pools(m) if pool["name"] == given.words[0]), None)
        if pool is None:
            err(f"Pool '{given.words[0]}' does not exist\n")
            return 1
        chosen = [pool]
    out(f"{'Name':<19}" + ("CPU list\n" if "c" in given.letters else "CPUs   Sched     Active   Domain count\n"))
    for pool in chosen:
        if "c" in given.letters:
            out(f"{pool['name']:<19}{','.join(str(cpu) for cpu in pool['cpus'])}\n")
        else:
            out(f"{pool['name']:<19}{len(pool['cpus']):3d} {pool['sched']:>9}       y       {members(m, pool):4d}\n")
    return 0


def _create(m: Machine, args: list[str], call: Call) -> int:
    given = options.read("cpupool-create", args, "nf:", {"defconfig": "f", "dryrun": "n"})
    need_xenstore(m)
    source, text = _configuration(m, given)
    try:
        settings = xlcfg.parse(text, source, err)
    except xlcfg.ConfigError:
        err("Failed to parse config file: Invalid argument\n")
        return 1
    reader = Reader(settings, source, err)
    name = reader.string("name")
    if name is None:
        if source == "command line":
            err("Missing cpupool name!\n")
            return 1
        name = source.rpartition("/")[2]
    if any(pool["name"] == name for pool in pools(m)):
        err(f'Pool name "{name}" already exists\n')
        return 1
    scheduler = reader.string("sched") or "credit2"
    if scheduler not in _SCHEDULERS:
        err("Unknown scheduler\n")
        return 1
    # An error from here on has status 6 if no scheduler was named: xl returns the number of the default one.
    cpus = _wanted_cpus(m, reader, 1 if "sched" in settings else 6)
    out(f'Using config file "{source}"\ncpupool name:   {name}\nscheduler:      {scheduler}\n'
        f"number of cpus: {len(cpus)}\n")
    if not call.dry_run and "n" not in given.letters:
        number = next(number for number in range(1, len(pools(m)) + 1) if named(m, str(number)) is None)
        pools(m).append({"id": number, "name": name, "sched": scheduler, "cpus": cpus})
    return 0


def _configuration(m: Machine, given: options.Arguments) -> tuple[str, str]:
    """Name and text: a file, and `key=value` words behind it. Raises XlExit(1)."""
    filename = given.values.get("f")
    extra = ""
    for word in given.words:
        if "=" in word:
            extra += f"\n{word}"
        elif filename is None:
            filename = word
        else:
            raise XlExit(1)
    if filename is None:
        return "command line", extra + "\n"
    try:
        return filename, local(m, filename).read_text(errors="surrogateescape") + extra + "\n"
    except OSError as error:
        err(f"Failed to read config file: {filename}: {error.strerror}\n")
        raise XlExit(1) from None


def _wanted_cpus(m: Machine, reader: Reader, rc: int) -> list[int]:
    """Raises XlExit for a CPU that is not free."""
    free = free_cpus(m)
    if reader.items("nodes") is not None:
        if not free or "0" not in (reader.strings("nodes") or []):
            err("no free cpu found\n")
            raise XlExit(rc)
        return free
    words = reader.strings("cpus", quiet=True)
    if words is not None:
        wanted = [cnumbers.atoi(word) for word in words]
    elif reader.string("cpus", quiet=True) is not None:
        try:
            wanted = cpu_range(str(reader.string("cpus")), m.profile.cpus, err)
        except ValueError:
            raise XlExit(rc) from None
    else:
        wanted = []
    for cpu in wanted:
        if cpu not in free:
            err(f"cpu {cpu} illegal or not free\n")
            raise XlExit(rc)
    return sorted(set(wanted))


def _destroy(m: Machine, args: list[str], call: Call) -> int:
    text = options.read("cpupool-destroy", args, required=1).words[0]
    need_xenstore(m)
    pool = _needed(m, text)
    if members(m, pool):
        err(f"Can't destroy cpupool '{text}'\n")
        return 1
    pools(m).remove(pool)
    return 0


def _rename(m: Machine, args: list[str], call: Call) -> int:
    """Nobody looks whether another pool has the name already (measured on xl 4.20)."""
    old, new = options.read("cpupool-rename", args, required=2).words[:2]
    need_xenstore(m)
    _needed(m, old)["name"] = new
    return 0


def _range(m: Machine, text: str) -> list[int]:
    """Raises XlExit(1)."""
    try:
        return [cpu for cpu in cpu_range(text, m.profile.cpus, err) if cpu < m.profile.cpus]
    except ValueError:
        raise XlExit(1) from None


def _cpu_add(m: Machine, args: list[str], call: Call) -> int:
    """The status is 0 whatever comes of it."""
    name, text = options.read("cpupool-cpu-add", args, required=2).words[:2]
    need_xenstore(m)
    cpus = _range(m, text)
    pool = _needed(m, name)
    failed = False
    for cpu in cpus:
        if cpu in free_cpus(m):
            pool["cpus"] = sorted([*pool["cpus"], cpu])
        elif cpu not in pool["cpus"]:
            err(f"libxl: error: libxl_cpupool.c:302:libxl_cpupool_cpuadd: Error moving cpu {cpu} to cpupool: No such "
                "device\n")
            failed = True
    if failed:
        err(f"some cpus may not have been added to {name}\n")
    return 0


def _cpu_remove(m: Machine, args: list[str], call: Call) -> int:
    """The status is 0 whatever comes of it. The last CPU of a pool with domains has no source."""
    name, text = options.read("cpupool-cpu-remove", args, required=2).words[:2]
    need_xenstore(m)
    cpus = _range(m, text)
    pool = _needed(m, name)
    failed = False
    for cpu in cpus:
        if cpu not in pool["cpus"]:
            err(f"libxl: error: libxl_cpupool.c:365:libxl_cpupool_cpuremove: Error removing cpu {cpu} from cpupool: "
                "Cannot assign requested address\n")
            failed = True
        elif len(pool["cpus"]) == 1 and members(m, pool):
            raise NotSimulated(f"xl cpupool-cpu-remove of the last CPU of {name}")
        else:
            pool["cpus"].remove(cpu)
    if failed:
        err(f"Some cpus may have not or only partially been removed from '{name}'.\nIf a cpu can't be added to another "
            f"cpupool, add it to '{name}' again and retry.\n")
    return 0


def _migrate(m: Machine, args: list[str], call: Call) -> int:
    name, text = options.read("cpupool-migrate", args, required=2).words[:2]
    need_xenstore(m)
    domid = int(name) if name.isdigit() else known_domid(m, name)
    domain = None if domid is None else domains.get(m, domid)
    if domain is None and (domid is None or domid):
        err(f"unknown domain '{name}'\n")
        return 1
    pool = _needed(m, text)
    if domain is None:
        raise NotSimulated("xl cpupool-migrate of Domain-0")
    if not pool["cpus"]:
        err(f"libxl: error: libxl_cpupool.c:437:libxl_cpupool_movedomain: Domain {find_domid(m, name)}:Error moving "
            "domain to cpupool\n")
        return 1
    domain["pool"] = pool["id"]
    return 0


COMMANDS: dict[str, Command] = {
    "cpupool-list": _list, "cpupool-create": _create, "cpupool-destroy": _destroy, "cpupool-rename": _rename,
    "cpupool-cpu-add": _cpu_add, "cpupool-cpu-remove": _cpu_remove, "cpupool-migrate": _migrate,
}
