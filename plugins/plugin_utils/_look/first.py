# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a machine is asked first, so that one that is as declared is asked once.

What the readers ask beyond this costs another call and nothing else; what they don't ask was asked for nothing. So this
says no more than where to look.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, ValuesView
from dataclasses import is_dataclass
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils import _kernel, _packages, _rc_conf, _releases
from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import ps
from ansible_collections.netbsd.xen.plugins.module_utils._resources import device_nodes
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import efi
from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import resource as files
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read import state
from ansible_collections.netbsd.xen.plugins.module_utils._resources.packages import resource as packages
from ansible_collections.netbsd.xen.plugins.module_utils._resources.services import daemons
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems import addresses
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work import record
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack import xl_call, xm_call
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.asks import Ask, When, command, glob, named, paths

_XL, _XM, _XEND = "/usr/pkg/sbin/xl", "/usr/pkg/sbin/xm", "/etc/rc.d/xend"
_IN_DOM0 = ("exists", _kernel.PRIVCMD)
# The choice that ``_toolstack/choose.py`` makes. On a dom0 without kernfs they are not asked first.
_WITH_XL: When = (
    (_IN_DOM0, ("exists", _XL), ("missing", _XM)),
    (_IN_DOM0, ("exists", _XL), ("exists", _XM), ("missing", _XEND)),
)
_WITH_XM: When = (
    (_IN_DOM0, ("exists", _XM), ("exists", _XEND)),
    (_IN_DOM0, ("exists", _XM), ("missing", _XL)),
)
_PACKAGES_SECONDS, _CHECK_SECONDS = 60.0, 900.0
_SCHEDULER = r"(?m)^xen_scheduler\s*:\s*{}\s*$"
_MENUS, _ROOT_DISK = "menus", r"(?:root|bootdev)=((?!dk[0-9])[a-z]+[0-9]+)[a-p]?\b"
# With its partition, and what the root file system is on in what mount(8) prints.
_ROOT = r"(?:root|bootdev)=((?!dk[0-9])[a-z]+[0-9]+[a-p]?)\b"
_MOUNTED_ROOT = r"(?m)^/dev/([a-z]+[0-9]+[a-p]) on / type "
_LISTED, _LISTS, _CONFIGS, _RUNNING, _MOUNTS = "packages", "lists", "configurations", "running", "mounts"
# Where a file system of DOS is mounted, in what mount(8) prints.
_DOS = r"(?m)^\S+ on (/\S*) type msdos"
# Xen's packages and GRUB's, in what pkg_info(1) prints; and what a packing list says that its package needs.
_OUR_PACKAGE = r"(?m)^((?:xen(?:kernel|tools)[0-9]+(?:-hvm)?|grub2?)-[^\s-]+)(?=\s|$)"
_NEEDED = r"(?m)^@(?:pkgdep|blddep) ([^\s{]+?)(?:[<>=!]|-(?=[0-9\[*]))"
_FILE = r"(?m)^([^@+\s].*)$"
_PKGIN, _FOR_BOOTSTRAP = r"(?m)^(pkgin-[^\s-]+)(?=\s|$)", "pkgin"
# pkg_admin(1) compares the sums; who reads a list only wants to know which files are not meant to be empty.
_SUMS = (r"(?m)^(@comment MD5:)(?!d41d8cd98f00b204e9800998ecf8427e)[0-9a-f]{32}$", r"\1x")
_PREFIX = "/usr/pkg"
# How far each guest's system is, with the disk that it is on.
_RECORDS = record.path("", "*").lstrip("/")
_NEWER, _OLDER = _packages.TOOL_DIRECTORIES
# The newer ones if they are there (see ``_packages.tool``).
_TOOLS_OF_PACKAGES: tuple[tuple[str, When], ...] = (
    (_NEWER, ((("exists", f"{_NEWER}/pkg_info"),),)),
    (_OLDER, ((("exists", f"{_OLDER}/pkg_info"), ("missing", f"{_NEWER}/pkg_info")),)),
)
_TOOLS = r"(?m)^(xentools[0-9]+-[^\s-]+)(?=\s|$)"
_PATH_IN_TEXT = r"/[A-Za-z0-9_./+-]*[A-Za-z0-9_]"


def first_asks(declared: Mapping[str, Iterable[Any]] | None = None) -> list[Ask]:
    """What to ask. ``declared`` are the wanted states of the tasks, as each resource's ``declare`` gives them, by the
    resource's name."""
    wanted = {name: list(each) for name, each in (declared or {}).items()}
    return [
        *machine_asks(),
        *_commands(wanted),
        *_packages_of(wanted),
        *_files(sums=declared is None),
        *_guests(),
        *_declared(wanted),
        *_named_by_guests(),
    ]


def machine_asks() -> list[Ask]:
    """What to ask where only the machine itself is of interest."""
    return [*_machine()]


def guests_asks(folders: Iterable[str] = (), whole: bool = True) -> list[Ask]:
    """What to ask where only the guests are of interest; if not ``whole``, only which there are and in what state.
    ``folders`` are further places of their files."""
    return [*_outline(list(folders)), *(_whole_guests() if whole else ())]


def _outline(folders: list[str]) -> Iterator[Ask]:
    yield command(ps.COMMAND)
    yield paths("s", _kernel.PRIVCMD, "/proc/xen/capabilities", _XL, _XM, _XEND)
    yield command([_XL, "list"], xl_call.QUERY_SECONDS, when=_WITH_XL)
    yield command([_XM, "list"], xm_call.QUERY_SECONDS, when=_WITH_XM)
    for folder in dict.fromkeys(["/usr/pkg/etc/xen", *folders]):
        yield paths("sd", folder)
        yield glob("slrt", f"{folder}/[!.]*", label=_CONFIGS)
        yield glob("slrt", f"{folder}/{_RECORDS}", label=_CONFIGS)
        yield glob("s", f"{folder}/.*.proof")
    yield paths("d", "/var/xen/save")


def _whole_guests() -> Iterator[Ask]:
    yield command([_XL, "list", "-l"], xl_call.QUERY_SECONDS, when=_WITH_XL)
    yield command([_XM, "list", "--long"], xm_call.QUERY_SECONDS, when=_WITH_XM)
    yield named("slr", _PATH_IN_TEXT, [_CONFIGS])
    yield paths("slrt", *addresses.LEASES, *addresses.DNSMASQ_LEASES)
    yield command(addresses.ARP)


def _machine() -> Iterator[Ask]:
    yield command(ps.COMMAND)
    yield command(["/sbin/mount"], label=_MOUNTS)
    for folder in efi.FOLDERS:
        yield named("slr", _DOS, [_MOUNTS], f"{{}}/{folder}")
    for menu in efi.MENUS:
        yield named("slrt", _DOS, [_MOUNTS], f"{{}}/{menu}", label=_MENUS)
    for name in ("kern.boottime", "hw.disknames"):
        yield command(["/sbin/sysctl", "-n", name])
    # A Xen kernel is not asked (see ``efi``).
    yield command(["/sbin/sysctl", "-n", "machdep.bootmethod"], when=((("missing", _kernel.PRIVCMD),),))
    for program, when, seconds in ((_XL, _WITH_XL, xl_call.QUERY_SECONDS), (_XM, _WITH_XM, xm_call.QUERY_SECONDS)):
        yield command([program, "info"], seconds, when=when)
        yield command([program, "list"], seconds, when=when)
    for scheduler in ("credit", "credit2"):
        running = ("says", (_XL, "info"), _SCHEDULER.format(scheduler))
        weight = [_XL, f"sched-{scheduler}", "-d", "0"]
        yield command(weight, xl_call.QUERY_SECONDS, when=tuple((*tests, running) for tests in _WITH_XL))
    running = ("says", (_XM, "info"), _SCHEDULER.format("credit"))
    weight = [_XM, "sched-credit", "-d", "Domain-0"]
    yield command(weight, xm_call.QUERY_SECONDS, when=tuple((*tests, running) for tests in _WITH_XM))
    yield from _pkg_info()
    for database in _packages.DATABASES:
        yield named("s", _TOOLS, [_LISTED], f"{database}/{{}}/+CONTENTS")
    yield paths("s", "/kern", "/kern/version", _kernel.PRIVCMD, _kernel.XENBUS, "/proc/xen/capabilities")
    yield paths("sd", "/kern/xen/pci")
    yield paths("s", _XL, _XM, _XEND)
    menus = ["/boot.cfg", *(f"/grub/{name}" for name in ("menu.lst", "grub.cfg", "default"))]
    yield paths("slrt", *menus, label=_MENUS)
    yield paths("slrt", "/etc/fstab")
    yield glob("slrc", "/xen*")
    yield glob("slrc", "/usr/pkg/xen*-kernel/xen*")


def _commands(wanted: Mapping[str, list[Any]]) -> Iterator[Ask]:
    # The disks that boot entries name are looked at more closely, unless all name what the root is on.
    other_root = ("beyond", _ROOT, (_MENUS,), _MOUNTED_ROOT, (_MOUNTS,))
    yield command(["/sbin/disklabel"], named=_ROOT_DISK, within=[_MENUS], each=True, when=((other_root,),))
    yield command(["/sbin/sysctl", "-n", "hw.physmem64"], when=((("missing", _kernel.PRIVCMD),),))
    yield command(["/sbin/ifconfig", "-a"])
    yield command(["/sbin/brconfig", "-a"])
    for pool, there in (([daemons.POOL], "exists"), ([], "missing")):
        asked = [daemons.XENSTORE_READ, daemons.DOM0_NAME, *pool]
        yield command(asked, daemons.XENSTORE_SECONDS, when=((_IN_DOM0, (there, daemons.XEN_INIT_DOM0)),))
    yield command([_XL, "list", "-l"], xl_call.QUERY_SECONDS, when=_WITH_XL, label=_RUNNING)
    yield command([_XM, "list", "--long"], xm_call.QUERY_SECONDS, when=_WITH_XM, label=_RUNNING)
    guests = [guest for each in wanted.get("domain", ()) for guest in each.guests]
    if any(guest.pool for guest in guests):
        yield command([_XL, "list", "-c"], xl_call.QUERY_SECONDS, when=_WITH_XL)
    if any(guest.cpus for guest in guests):
        yield command([_XL, "vcpu-list"], xl_call.QUERY_SECONDS, when=_WITH_XL)
        yield command([_XM, "vcpu-list"], xm_call.QUERY_SECONDS, when=_WITH_XM)


def _pkg_info() -> Iterator[Ask]:
    for tool, when in _TOOLS_OF_PACKAGES:
        yield paths("s", f"{tool}/pkg_info", f"{tool}/pkg_admin")
        yield command([f"{tool}/pkg_info"], _PACKAGES_SECONDS, label=_LISTED, when=when)


def _packages_of(wanted: Mapping[str, list[Any]]) -> Iterator[Ask]:
    for database in _packages.DATABASES:
        yield glob("s", f"{database}/*/+CONTENTS")
        for pattern, within, form in ((_OUR_PACKAGE, _LISTED, "{}"), (_NEEDED, _LISTS, "{}-[0-9]*")):
            yield named("sdt", pattern, [within], f"{database}/{form}/+CONTENTS", label=_LISTS, instead=_SUMS)
        yield named("sc", _OUR_PACKAGE, [_LISTED], f"{database}/{{}}/+*")
        yield named("st", _PKGIN, [_LISTED], f"{database}/{{}}/+CONTENTS", label=_FOR_BOOTSTRAP)
    yield named("l", _FILE, [_LISTS], f"{_PREFIX}/{{}}", odd=True)
    yield named("slr", _FILE, [_FOR_BOOTSTRAP], f"{_PREFIX}/{{}}")
    yield paths("slr", f"{_PREFIX}/bin/pkgin")
    yield glob("slr", f"{_PREFIX}/bin/python[23]*")
    # The copies of configuration files; no guest's is among them.
    yield named("slrc", r"(?m)^share/examples/(?!rc\.d/)(.*?)(?:[.-]example)?$", [_LISTS], f"{_PREFIX}/etc/{{}}")
    for tool, when in _TOOLS_OF_PACKAGES:
        check = [f"{tool}/pkg_admin", "check"]
        yield command(check, _CHECK_SECONDS, when=when, named=_OUR_PACKAGE, within=[_LISTED])
    yield paths("t", _packages.RECORD)
    trees = {packages.DEFAULT_TREE, *(each.pkgsrc_dir for each in wanted.get("xen_packages", ()))}
    for tree in sorted(trees):
        yield paths("sd", f"{tree}/sysutils")
        for name in ("xenkernel", "xentools", "grub"):
            yield glob("s", f"{tree}/sysutils/{name}*/Makefile")


def _files(sums: bool) -> Iterator[Ask]:
    """``sums``: also of kernels that may be declared. Of those that are, ``_declared`` asks for them, but for dom0's:
    where it comes from follows from the machine, so that nothing of it is declared yet."""
    kernel = "slrc" if sums else "slr"
    yield paths("slrdufc", "/")
    for pattern in ("/*", "/.[!.]*"):
        yield glob("slr", pattern)
    yield glob(kernel, "/netbsd*")
    yield glob("slrc", "/netbsd-XEN*")
    # What is noted about a kernel or hypervisor. Its own content would be a text of many megabytes.
    for kind in ("netbsd", "xen"):
        yield glob("t", f"/{kind}*.origin")
    yield glob("slrct", "/etc/rc.d/xen*")
    yield paths("slrduf", "/etc/rc.d", "/usr/pkg/share/examples/rc.d", *files.GUEST_FOLDERS)
    for folder in files.GUEST_FOLDERS:
        for beginning in files.GUEST_FILES:
            yield glob(kernel, f"{folder}/{beginning}*")
            yield glob("t", f"{folder}/{beginning}*.origin")
    yield glob("slrct", "/usr/pkg/share/examples/rc.d/xen*")
    yield paths("slrd", "/usr/pkg")
    yield glob("slrcud", "/usr/pkg/xen*-kernel")
    for pattern in ("vnd", "rvnd", "xbd", "rxbd"):
        yield glob("s", f"/dev/{pattern}[0-9]*[{device_nodes.LOOKED_AT}]")
    yield paths("slrd", "/dev", "/dev/xencons", "/dev/xenevt", "/dev/xsd_kva")
    yield paths("sd", "/etc")
    yield paths("slrt", _rc_conf.RC_CONF, _rc_conf.DEFAULTS, "/etc/ttys", "/etc/npf.conf")
    yield glob("slrt", "/etc/rc.conf.d/*")
    yield glob("slrt", "/etc/ifconfig.*")
    yield paths("slrt", "/grub/grubenv")
    yield paths("s", *_programs())


def _programs() -> list[str]:
    rows = _releases.RELEASES.values()
    found = {f"{_PREFIX}/{name}" for row in rows for name in row.programs}
    found |= {f"{row.examples}/{name}" for row in rows for name in row.scripts}
    found |= {f"{_PREFIX}/etc/xen/scripts/{name}" for row in rows for name in row.scripts}
    return sorted(found | {"/usr/pkg/bin/xenstore-read"})


def _guests() -> Iterator[Ask]:
    yield glob("slr", "/usr/pkg/etc/xen/*")
    # Whoever keeps kernels beside his guests' configurations: they are none.
    yield glob("t", "/usr/pkg/etc/xen/[!.]*", label=_CONFIGS, most=state.MAX_CONFIG_BYTES)
    yield glob("slrt", f"/usr/pkg/etc/xen/{_RECORDS}", label=_CONFIGS)
    yield glob("slrt", "/usr/pkg/etc/xen/scripts/*")
    yield paths("d", "/var/xen/save")
    yield glob("s", "/var/xen/save/*")
    yield glob("t", "/var/run/netbsd.xen/*", label=_CONFIGS)


def _named_by_guests() -> Iterator[Ask]:
    # Each path in a guest's configuration may be its disk.
    yield named("slr", _PATH_IN_TEXT, [_CONFIGS, _RUNNING])
    yield named("slr", r"phy:([a-z]+[0-9]+[a-p]?)\b", [_CONFIGS, _RUNNING], "/dev/{}")
    # Nobody looks for units that guests have left behind where each disk is a running guest's (see ``read/vnd.py``).
    left = ("beyond", _PATH_IN_TEXT, (_CONFIGS,), _PATH_IN_TEXT, (_RUNNING,))
    yield command(["/usr/sbin/vnconfig", "-l"], when=((_IN_DOM0, left),))


def _declared(wanted: Mapping[str, list[Any]]) -> Iterator[Ask]:
    """Every path that is declared, whatever it is; and what is known of those of certain tasks."""
    found = dict.fromkeys(path for each in wanted.values() for path in _paths_in(each))
    if found:
        yield paths("slr", *found)
    wanted_files = [each for declared in wanted.get("system_files", ()) for each in declared.files]
    if wanted_files:
        places = [path for each in wanted_files for path in (each.dest, each.src) if path.startswith("/")]
        yield paths("slrc", *dict.fromkeys(places))
        yield paths("slrt", *(each.origin for each in wanted_files))
        yield paths("slrduf", *dict.fromkeys(posixpath.dirname(path) for path in places))
    for each in wanted.get("domain", ()):
        for folder in filter(None, (each.config_dir, each.save_dir)):
            yield glob("slrt", f"{folder}/[!.]*", label=_CONFIGS, most=state.MAX_CONFIG_BYTES)
        if each.config_dir:
            yield glob("slrt", f"{each.config_dir}/{_RECORDS}", label=_CONFIGS)


def _paths_in(value: Any) -> Iterator[str]:
    """Every text in it, however deep, that is an absolute path. All of a rack goes through here, so that what is
    common is asked first."""
    if isinstance(value, str):
        if value.startswith("/") and "\0" not in value and " " not in value:
            yield value
        return
    if value is None or isinstance(value, (bool, int, float)):
        return
    if is_dataclass(value):
        value = vars(value)
    if isinstance(value, Mapping):
        value = value.values()
    for each in value if isinstance(value, (list, tuple, set, frozenset, ValuesView)) else ():
        yield from _paths_in(each)
