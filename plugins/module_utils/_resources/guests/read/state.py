# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Reading what the guests of a machine are: their configuration files, their domains, their files. Reads only."""

from __future__ import annotations

import re
from typing import Any

from ...._formats.guest import pci
from ...._formats.system import vnconfig
from ...._formats.xl import xlcfg
from ...._formats.xm import xm_config
from ...._host import Host
from ...._toolstack import waiting
from ...._toolstack.choose import toolstack
from ..declare import config as guest_config
from ..declare.wanted import Wanted
from . import live, lost, saved, storage, vnd
from .started_with import read_started_with

# Files in the configuration directory that are no guest's.
_NOT_A_GUEST = (".conf", ".orig", ".prev", "~", ".sxp")
# A guest's configuration is a page of text; whatever is larger is something else.
MAX_CONFIG_BYTES = 1 << 20
# The block script looks for these nodes (tools/hotplug/NetBSD/block), and asks vnconfig(8) which units are in use.
_VND_NODE = re.compile(r"vnd([0-9]+)d\Z")
_PATH = re.compile(r"/[A-Za-z0-9_./+-]*[A-Za-z0-9_]")
_PCI_DIRS = {"NetBSD": "/kern/xen/pci", "Linux": "/sys/bus/pci/drivers/pciback"}


def state(host: Host, declared: Wanted | None) -> dict[str, Any]:
    """Everything that the plan of an unchanged machine needs, as plain data. ``start`` is None: see ``for_start``."""
    tool = toolstack(host)
    ok, why = tool.alive(host)
    paths = tool.paths(host.system)
    config_dir = (declared.config_dir if declared else "") or paths.config_dir
    save_dir = (declared.save_dir if declared else "") or paths.save_dir
    configs, occupied = _configs(host, config_dir, tool.DIALECT)
    pools, pins, shares = (_asked_for(keys, configs, declared) for keys in (("pool",), ("cpus",), ("weight", "cap")))
    domains = tool.domains(host, pools, pins, shares) if ok else []
    # Ahead of the tasks the machine is seen at one moment; where it decides, what comes and goes has its time.
    waits = declared is not None
    if waits and any(lost.is_passing(live.row_of(domain)) for domain in domains):
        waiting.until(lambda: not any(map(lost.is_passing, tool.rows(host))), waiting.GOING_SECONDS)
        domains = tool.domains(host, pools, pins, shares)
    domains = [_without_secrets(domain) for domain in domains]
    files = storage.files(configs, declared)
    started_with = read_started_with(host) if ok else {}
    disks = storage.disks(configs, started_with)
    return {
        "dom0": {"alive": ok, "why": why},
        "toolstack": tool.NAME,
        "dialect": tool.DIALECT,
        "config_dir": config_dir,
        "save_dir": save_dir,
        "configs": configs,
        "occupied": occupied,
        "domains": domains,
        "managed": tool.managed(host) if ok else [],
        **saved.read(host, tool, save_dir),
        "started_with": started_with,
        "waited": waiting.GOING_SECONDS if waits else 0.0,
        "vnd": vnd.read(host, domains, disks, 2 if waits else 1) if ok else None,
        **storage.look(host, files, domains),
        "start": None,
    }


def _without_secrets(domain: dict[str, Any]) -> dict[str, Any]:
    """A running guest's password is in its live configuration too."""
    return dict(domain, config=domain["config"] and guest_config.redacted(domain["config"]))


def _asked_for(keys: tuple[str, ...], configs: dict[str, Any], declared: Wanted | None) -> bool:
    """Whether any guest says something about one of these. Nobody else has to pay for looking."""
    if declared is not None:
        return any(getattr(guest, key) not in (None, "", ()) for guest in declared.guests for key in keys)
    named = {"cpu_weight" if key == "weight" else key for key in keys}
    return any(named & set(config["settings"] or {}) for config in configs.values())


def _configs(host: Host, config_dir: str, dialect: str) -> tuple[dict[str, Any], list[str]]:
    """Every guest's configuration in the directory, by file name; and the names that are taken by something else."""
    configs: dict[str, Any] = {}
    occupied = []
    for name in host.list_dir(config_dir):
        found = None if name.startswith(".") else host.stat(f"{config_dir}/{name}", follow=False)
        if found is None:
            continue
        # xendomains' hooks lie in the same directory, and are executable: NAME-pre, NAME-post.
        if found.kind != "file" or found.size > MAX_CONFIG_BYTES or found.mode & 0o111:
            occupied.append(name)
        elif not name.endswith(_NOT_A_GUEST):
            text = host.read_text(f"{config_dir}/{name}") or ""
            ours = guest_config.HEADER in text.partition("\n")[0]
            configs[name] = dict(_config(text, dialect), private=not found.mode & 0o077, ours=ours)
    return configs, occupied


def _config(text: str, dialect: str) -> dict[str, Any]:
    parse = xm_config.parse if dialect == "xm" else xlcfg.parse
    try:
        return {"settings": guest_config.comparable(parse(text)), "error": None, "paths": []}
    except ValueError as error:
        # Nobody knows what it means, so each path in it may be a disk.
        return {"settings": None, "error": str(error), "paths": sorted(set(_PATH.findall(text)))}


# -- what only a start needs -------------------------------------------------------------------------------------------


def for_start(host: Host, declared: Wanted) -> dict[str, Any]:
    """The machine's bridges, CPUs, free memory (MiB), vnd units, CPU pools, PCI devices that are kept for guests, and
    the disks that dom0 itself uses.

    None stands for what can't be told.
    """
    tool = toolstack(host)
    info = tool.info(host)
    dom0 = waiting.find(tool, host, 0)
    return {
        "bridges": _bridges(host),
        "free": _number(info.get("free_memory")),
        "cpus": _number(info.get("nr_cpus")),
        # If dom0's share is not fixed, the toolstack may take memory from dom0 for a guest.
        "dom0_fixed": "dom0_mem=" in info.get("xen_commandline", ""),
        "dom0_memory": dom0.memory if dom0 else None,
        "pools": tool.pools(host) if any(guest.pool for guest in declared.guests) else None,
        "vnd_units": _vnd_units(host),
        "dom0_disks": storage.of_dom0(host) if _names_devices(declared) else [],
        "pci": pci.addresses_in(host.list_dir(_PCI_DIRS.get(host.system, _PCI_DIRS["NetBSD"]))),
    }


def _names_devices(declared: Wanted) -> bool:
    return any(disk.path.startswith("/dev/") for guest in declared.guests for disk in guest.disks)


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


def _bridges(host: Host) -> list[str]:
    if host.system != "NetBSD":
        return [name for name in host.list_dir("/sys/class/net") if host.exists(f"/sys/class/net/{name}/bridge")]
    lines = host.run(["/sbin/brconfig", "-a"]).stdout.splitlines()
    return sorted(line.split(":", 1)[0] for line in lines if ": flags=" in line and not line[0].isspace())


def _vnd_units(host: Host) -> dict[str, int] | None:
    """How many units have a node, and how many of those are in use; None where disks don't take units."""
    if host.system != "NetBSD":
        return None
    nodes = sum(1 for name in host.list_dir("/dev") if _VND_NODE.match(name))
    return {"nodes": nodes, "used": len(vnconfig.parse(host.run([vnd.VNCONFIG, "-l"]).stdout))}
