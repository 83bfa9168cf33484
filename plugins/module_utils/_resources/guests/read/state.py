# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Reading what the guests of a machine are: their configuration files, their domains, their files. Reads only."""

from __future__ import annotations

import re
from dataclasses import replace

from ...._formats.guest import pci
from ...._formats.xl import xlcfg
from ...._formats.xl.xl_output import Domain
from ...._formats.xm import xm_config
from ...._host import Host
from ...._toolstack import waiting
from ...._toolstack.choose import toolstack
from ...._toolstack.interface import Toolstack
from ..declare import config as guest_config
from ..declare.values import NO_CONFIG
from ..declare.wanted import Wanted
from . import backends, elsewhere, lost, saved, storage, vnd
from .current import ConfigFile, Current, Dom0, StartFacts, VndNodes
from .file_names import by_guest
from .started_with import read_started_with

# A guest's configuration is a page of text; whatever is larger is something else.
MAX_CONFIG_BYTES = 1 << 20
# The block script looks for these nodes (tools/hotplug/NetBSD/block), and asks vnconfig(8) which units are in use.
_VND_NODE = re.compile(r"vnd([0-9]+)d\Z")
_PATH = re.compile(r"/[A-Za-z0-9_./+-]*[A-Za-z0-9_]")
_PCI_DIRS = {"NetBSD": "/kern/xen/pci", "Linux": "/sys/bus/pci/drivers/pciback"}


def state(host: Host, declared: Wanted | None) -> Current:
    """Everything that the plan of an unchanged machine needs. ``start`` is None: see ``for_start``."""
    tool = toolstack(host)
    ok, why = tool.alive()
    paths = tool.paths
    config_dir = (declared.config_dir if declared else "") or paths.config_dir
    save_dir = (declared.save_dir if declared else "") or paths.save_dir
    configs, occupied = read_configs(host, config_dir, tool.dialect)
    pools, pins, shares = (_asked_for(keys, configs, declared) for keys in (("pool",), ("cpus",), ("weight", "cap")))
    domains = read_domains(tool, pools, pins, shares) if ok else []
    # Ahead of the tasks the machine is seen at one moment; where it decides, what comes and goes has its time.
    waits = declared is not None and not host.one_look
    if waits and any(lost.is_passing(domain.row) for domain in domains):
        waiting.until(lambda: not any(map(lost.is_passing, tool.rows())), waiting.GOING_SECONDS)
        domains = read_domains(tool, pools, pins, shares)
    # Nobody has to look for what the guests of the directory were made from.
    strange = any(domain.name not in configs for domain in domains)
    found = elsewhere.paths(host, config_dir, MAX_CONFIG_BYTES, strange)
    others = {path: _config_in(host, path, tool.dialect) for path in found}
    files = storage.files({**configs, **others}, declared)
    started_with = read_started_with(tool) if ok else {}
    disks = storage.disks({**configs, **others}, started_with)
    return Current(
        dom0=Dom0(ok, why),
        toolstack=tool.name,
        dialect=tool.dialect,
        config_dir=config_dir,
        save_dir=save_dir,
        configs=configs,
        elsewhere=others,
        salt=host.salt,
        occupied=occupied,
        domains=domains,
        managed=tool.managed() if ok else [],
        **saved.read(host, tool, save_dir),
        started_with=started_with,
        waited=waiting.GOING_SECONDS if waits else 0.0,
        vnd=vnd.read(host, domains, disks, 2 if waits else 1) if ok else None,
        **storage.look(host, files, domains),
    )


def read_domains(tool: Toolstack, pools: bool = False, pins: bool = False, shares: bool = False) -> list[Domain]:
    """Every running domain but domain 0. A running guest's password is in its live configuration too."""
    found = tool.domains(pools, pins, shares)
    return [replace(domain, config=domain.config and guest_config.redacted(domain.config)) for domain in found]


def _asked_for(keys: tuple[str, ...], configs: dict[str, ConfigFile], declared: Wanted | None) -> bool:
    """Whether any guest says something about one of these. Nobody else has to pay for looking."""
    if declared is not None:
        return any(getattr(guest, key) not in (None, "", ()) for guest in declared.guests for key in keys)
    named = {"cpu_weight" if key == "weight" else key for key in keys}
    return any(named & set(config.settings or {}) for config in configs.values())


def read_configs(host: Host, config_dir: str, dialect: str) -> tuple[dict[str, ConfigFile], list[str]]:
    """Every guest's configuration in the directory, by file name; and the names that are taken by something else."""
    configs: dict[str, ConfigFile] = {}
    occupied = []
    for name in host.list_dir(config_dir):
        found = None if name.startswith(".") else host.stat(f"{config_dir}/{name}", follow=False)
        if found is None:
            continue
        # xendomains' hooks lie in the same directory, and are executable: NAME-pre, NAME-post.
        if found.kind != "file" or found.size > MAX_CONFIG_BYTES or found.mode & 0o111:
            occupied.append(name)
        elif not name.endswith(NO_CONFIG):
            configs[name] = _config_in(host, f"{config_dir}/{name}", dialect)
    return configs, occupied


def _config_in(host: Host, path: str, dialect: str) -> ConfigFile:
    found, text = host.stat(path), host.read_text(path) or ""
    private, ours = found is not None and not found.mode & 0o077, guest_config.HEADER in text.partition("\n")[0]
    parse, unsaid = (xm_config.parse, xm_config.UNSAID) if dialect == "xm" else (xlcfg.parse, {})
    if not text.strip():
        return ConfigFile(None, "it is empty", [], private, ours)
    try:
        return ConfigFile(guest_config.comparable({**unsaid, **parse(text)}), None, [], private, ours)
    except ValueError as error:
        # Nobody knows what it means, so each path in it may be a disk.
        return ConfigFile(None, str(error), sorted(set(_PATH.findall(text))), private, ours)


# -- what only a start needs -------------------------------------------------------------------------------------------


def for_start(host: Host, declared: Wanted, current: Current) -> StartFacts:
    """What only a start needs to know. Six commands at most, whatever the number of guests, unless one starts from a
    device."""
    current = by_guest(current, declared)
    tool = toolstack(host)
    info = tool.info()
    units = vnd.configured(host) if host.system == "NetBSD" else []
    ends = backends.settled(host, declared.guests, {domain.domid for domain in current.domains})
    dom0 = waiting.find(tool, 0)
    return StartFacts(
        bridges=_bridges(host),
        free=_number(info.get("free_memory")),
        cpus=_number(info.get("nr_cpus")),
        dom0_fixed="dom0_mem=" in info.get("xen_commandline", ""),
        dom0_memory=dom0.memory if dom0 else None,
        pools=tool.pools() if any(guest.pool for guest in declared.guests) else None,
        vnd_units=_vnd_units(host, len(units)),
        storage=storage.for_start(host, current, declared, units, ends),
        backends=ends,
        pci=pci.addresses_in(host.list_dir(_PCI_DIRS.get(host.system, _PCI_DIRS["NetBSD"]))),
    )


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


def _bridges(host: Host) -> list[str]:
    if host.system != "NetBSD":
        return [name for name in host.list_dir("/sys/class/net") if host.exists(f"/sys/class/net/{name}/bridge")]
    lines = host.run(["/sbin/brconfig", "-a"]).stdout.splitlines()
    return sorted(line.split(":", 1)[0] for line in lines if ": flags=" in line and not line[0].isspace())


def _vnd_units(host: Host, used: int) -> VndNodes | None:
    if host.system != "NetBSD":
        return None
    nodes = sum(1 for name in host.list_dir("/dev") if _VND_NODE.match(name))
    return VndNodes(nodes, used)
