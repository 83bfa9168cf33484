# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""xm's configuration files and `xm create`'s command line.

A file is Python that xm executes; here assignments and simple expressions are, anything else is not simulated. Source:
tools/python/xen/xm/create.py, opts.py and xenapi_create.py's neighbours in Xen 3.1 and 4.2.
"""
from __future__ import annotations

import ast
import getopt
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ...core.machine import Machine, NotSimulated
from ...pkg import tools
from ..common.hotplug import local
from . import xend_pci

_CONFIG_DIR = "/usr/pkg/etc/xen"

_INTEGERS = {"memory", "maxmem", "vcpus", "nics", "cpu", "cpu_cap", "cpu_weight", "maxvcpus", "shadow_memory"}
_LISTS = {"disk", "vif", "pci"}
_TEXTS = {"name", "kernel", "ramdisk", "root", "extra", "uuid", "cpus", "restart", "on_poweroff", "on_reboot",
          "on_crash", "on_xend_start", "on_xend_stop", "builder", "features", "ip", "bootloader"}
# They mean something to xm, but what follows from them is not known here.
_REFUSED = {"bootloader", "vfb", "tap", "vtpm", "ioports", "irq", "blkif", "netif", "bootargs", "console",
            "usb", "vscsi", "access_control", "features", "cpu", "ip", "netmask", "gateway", "hostname", "interface",
            "dhcp", "nfs_server", "nfs_root", "device_model"}

_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Mod: operator.mod, ast.Mult: operator.mul, ast.Sub: operator.sub,
    ast.FloorDiv: operator.floordiv}

_VIF_KEYS = {"type", "mac", "be_mac", "bridge", "ip", "script", "backend", "vifname", "rate", "model", "accel",
             "policy", "label", "uuid", "gateway", "netmask"}


class XmError(Exception):
    """xm prints `Error: TEXT` and ends with `rc`."""

    def __init__(self, text: str, rc: int = 1) -> None:
        super().__init__(text)
        self.text = text
        self.rc = rc


@dataclass
class Given:
    """What was asked for: the options of the command and the guest's variables."""

    values: dict[str, Any] = field(default_factory=dict)
    file: str = ""
    paused: bool = False
    quiet: bool = False
    dryrun: bool = False


# --- the file ----------------------------------------------------------------------------------------------------


def execute(text: str, path: str, variables: dict[str, Any]) -> dict[str, Any]:
    """Run a configuration file. Raises XmError as xm ends, NotSimulated for more than assignments."""
    try:
        body = ast.parse(text).body
    except SyntaxError as error:
        if re.search(r"^\s*(print\s+\S|exec\s+\S)|\b0[0-7]+\b|<>|\w+\s*,\s*\w+:\s*$", text, re.MULTILINE):
            raise NotSimulated(f"Python 2 in {path}") from None
        raise XmError(f"invalid syntax ({path.rpartition('/')[2]}, line {error.lineno})") from None
    names = dict(variables)
    for statement in body:
        _statement(statement, path, names)
    return names


def _statement(statement: ast.stmt, path: str, names: dict[str, Any]) -> None:
    if isinstance(statement, ast.Pass) or (isinstance(statement, ast.Expr)
                                           and isinstance(statement.value, ast.Constant)):
        return
    if isinstance(statement, ast.Assign) and all(isinstance(target, ast.Name) for target in statement.targets):
        value = _value(statement.value, path, names)
        for target in statement.targets:
            names[target.id] = value  # type: ignore[attr-defined]
        return
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name) and (
            type(statement.op) in _OPERATORS):
        left = _value(ast.Name(statement.target.id, ast.Load()), path, names)
        names[statement.target.id] = _OPERATORS[type(statement.op)](left, _value(statement.value, path, names))
        return
    raise NotSimulated(f"{path} line {statement.lineno}: more than an assignment")


def _value(node: ast.expr, path: str, names: dict[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.List):
        return [_value(part, path, names) for part in node.elts]
    if isinstance(node, ast.Tuple):
        return tuple(_value(part, path, names) for part in node.elts)
    if isinstance(node, ast.Name):
        if node.id not in names:
            if node.id in ("os", "sys", "True", "False", "None"):
                raise NotSimulated(f"{path}: {node.id}")
            raise XmError(f"name '{node.id}' is not defined")
        return names[node.id]
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        try:
            return _OPERATORS[type(node.op)](_value(node.left, path, names), _value(node.right, path, names))
        except (TypeError, ValueError, ZeroDivisionError):
            raise NotSimulated(f"{path} line {node.lineno}: an expression that fails") from None
    raise NotSimulated(f"{path}: an expression of kind {type(node).__name__}")


def find_file(m: Machine, name: str) -> str:
    """Where a configuration file is: the current directory, then /usr/pkg/etc/xen."""
    for path in ([name] if name.startswith("/") else [name, f"{_CONFIG_DIR}/{name}"]):
        if local(m, path).is_file():
            return path
    raise XmError(f"Unable to open config file: {name}")


# --- the command line --------------------------------------------------------------------------------------------

_LONG = ["quiet", "paused", "dryrun", "defconfig=", "path=", "help", "config=", "console_autoconnect", "skipdtd",
         "xmldryrun", "vncviewer", "vncviewer-autopass", "help_config"]


def command_line(m: Machine, args: list[str], say: Callable[[str], None]) -> Given:
    """Read options, variables and the file, in xm's order. Raises XmError."""
    given = Given()
    specified: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    name = ""
    while args:
        try:
            options, args = getopt.getopt(args, "hqpncf:F:xs", _LONG)
        except getopt.GetoptError as error:
            raise NotSimulated(f"xm create: {error}") from None
        for option, value in options:
            if option in ("-q", "--quiet"):
                given.quiet = True
            elif option in ("-p", "--paused"):
                given.paused = True
            elif option in ("-n", "--dryrun"):
                given.dryrun = True
            elif option in ("-f", "--defconfig"):
                name = value
            else:
                raise NotSimulated(f"xm create {option}")
        if args:
            key, equals, value = args.pop(0).partition("=")
            if not equals:
                name = key
            elif key in _INTEGERS:
                specified[key] = _integer(value)
            elif key in _LISTS:
                specified.setdefault(key, []).append(value)
            elif key in _TEXTS:
                specified[key] = value
            elif key in _REFUSED:
                raise NotSimulated(f"xm create {key}=")
            else:
                extra[key] = value
    if not name:
        raise NotSimulated("xm create without a configuration file")
    path = find_file(m, name)
    if not given.quiet:
        say(f'Using config file "{path if path.startswith("/") else "./" + path}".\n')
    given.file = path
    found = execute(local(m, path).read_text(errors="surrogateescape"), path, extra)
    given.values = {**_options(found), **specified}
    given.values.setdefault("name", path.rpartition("/")[2])
    return given


def _integer(text: Any) -> int:
    try:
        return int(text)
    except ValueError:
        raise XmError(f"Invalid value: {text}") from None


def _options(found: dict[str, Any]) -> dict[str, Any]:
    """Only words, lists and numbers of the file become options; unknown names are the file's own."""
    values: dict[str, Any] = {}
    for key, value in found.items():
        if isinstance(value, bool) or not isinstance(value, (str, list, int, float)):
            continue
        if key in _REFUSED:
            if value not in ("", [], 0):
                raise NotSimulated(f"{key} in xm's configuration file")
        elif key in _INTEGERS:
            values[key] = _integer(value)
        elif key in _LISTS or key in _TEXTS:
            values[key] = value
    return values


# --- what xend is told -------------------------------------------------------------------------------------------


def settings(m: Machine, values: dict[str, Any]) -> dict[str, Any]:
    """The guest's description as xend keeps it. Raises XmError for what xm itself refuses."""
    if values.get("builder", "linux") not in ("linux", "generic"):
        raise NotSimulated(f"builder {values['builder']}")
    if "restart" in values:
        raise NotSimulated("restart in xm's configuration file")
    new = tools.xm_era(m) != "3.1"
    for key in ("kernel", "ramdisk"):
        name = values.get(key)
        if new and name and not local(m, name).is_file():
            raise XmError(f'Cannot find {key} "{name}"')
    args = " ".join(part for part in (f"root={values['root']}" if values.get("root") else "",
                                      values.get("extra", "")) if part)
    nics = [_vif(text) for text in values.get("vif", [])]
    if "nics" in values and values["nics"] > len(nics):
        nics += [{} for _missing in range(values["nics"] - len(nics))]
    cpus = values.get("cpus", "")
    return {
        "name": str(values["name"]), "uuid": values.get("uuid", ""), "memory": values.get("memory", 128),
        "maxmem": values.get("maxmem", 0), "vcpus": values.get("vcpus", 1), "maxvcpus": values.get("maxvcpus", 0),
        "cpus": ",".join(map(str, cpus)) if isinstance(cpus, list) else str(cpus),
        "cpu_weight": values.get("cpu_weight", 256), "cpu_cap": values.get("cpu_cap", 0),
        "on_poweroff": values.get("on_poweroff", "destroy"), "on_reboot": values.get("on_reboot", "restart"),
        "on_crash": values.get("on_crash", "restart"), "on_xend_start": values.get("on_xend_start", "ignore"),
        "on_xend_stop": values.get("on_xend_stop", "ignore"), "kernel": values.get("kernel", ""),
        "ramdisk": values.get("ramdisk", ""), "args": args, "disks": [_disk(text) for text in values.get("disk", [])],
        "nics": nics, "pci": xend_pci.given(m, values.get("pci", [])), "started": 0.0,
    }


def _disk(text: Any) -> dict[str, str]:
    parts = str(text).split(",")
    if not 3 <= len(parts) <= 5:
        raise XmError(f"Invalid disk specifier: {text}")
    if len(parts) > 3:
        raise NotSimulated(f"a disk with a backend or a VDI: {text}")
    return {"uname": parts[0], "dev": parts[1], "mode": parts[2]}


def _vif(text: Any) -> dict[str, str]:
    nic: dict[str, str] = {}
    for part in str(text).split(","):
        key, equals, value = part.strip().partition("=")
        if not key and not equals:
            continue
        if not equals:
            raise XmError(f"{part.strip()} should be a pair, separated by an equals sign.")
        key, value = key.strip(), value.strip()
        if key not in _VIF_KEYS:
            raise XmError(f"Invalid vif option: {key}")
        nic[key] = value
    return nic


def vm_form(m: Machine, found: dict[str, Any]) -> list[Any]:
    """What `--dryrun` shows."""
    new = tools.xm_era(m) != "3.1"
    image = ["linux", ["kernel", found["kernel"]]]
    image += [["ramdisk", found["ramdisk"]]] if found["ramdisk"] else []
    image += [["videoram", 4]] if new else []
    image += [["args", found["args"]]] if found["args"] else []
    image += [["tsc_mode", 0], ["nomigrate", 0]] if new else []
    form: list[Any] = ["vm", ["name", found["name"]], ["memory", found["memory"]]]
    form += [["maxmem", found["maxmem"]]] if found["maxmem"] else []
    form += [[key, found[key]] for key in ("on_poweroff", "on_reboot", "on_crash")
             if found[key] != ("destroy" if key == "on_poweroff" else "restart")]
    form += [[key, found[key]] for key in ("on_xend_start", "on_xend_stop") if found[key] != "ignore"]
    form += [["vcpus", found["vcpus"]], *([["oos", 1]] if new else []), ["image", image]]
    form += [["s3_integrity", 1]] if new else []
    form += [["device", ["vbd", *([key, disk[key]] for key in ("uname", "dev", "mode"))]] for disk in found["disks"]]
    form += xend_pci.form(found["pci"])
    return form + [["device", ["vif", *([key, value] for key, value in nic.items())]] for nic in found["nics"]]
