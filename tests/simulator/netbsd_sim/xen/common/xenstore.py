# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The xenstore tree and the xenstore-* commands.

The tree is computed from the domains, in the layout and order of records xl-domU-session.txt, net-default-key and
create-hex-left (NetBSD 7.99.10); what a command writes or removes is kept beside it. Nobody watches it: writing a key
changes nothing else.
"""
from __future__ import annotations

from typing import Any

from ...core.machine import Machine, NotSimulated
from . import domains, hotplug, hypervisor
from .hypervisor import Domain, XlExit, err, out

Tree = dict[str, str]


def tree(m: Machine) -> Tree:
    """Every node with its value, parents before children."""
    paths: Tree = {"/tool": "", "/tool/xenstored": "", "/local": "", "/local/domain": ""}
    state = hypervisor.section(m)
    # xen-init-dom0, or the rc.d script before it, writes these (tools/helpers/xen-init-dom0.c).
    known = m.data.get("dom0_set_up", True)
    if known:
        _add(paths, "/local/domain/0", {
            "domid": "0", "name": "Domain-0", "memory/target": state["dom0_kb"],
            "memory/static-max": hypervisor.dom0_max_kb(m),
        })
    live = [domain for domain in hypervisor.domains(m).values() if not domain.get("forgotten")]
    for domain in live:
        for vbd in domain["vbds"]:
            _add(paths, f"/local/domain/0/backend/vbd/{domain['domid']}/{vbd['devid']}", _vbd_backend(m, domain, vbd))
    for domain in live:
        _add(paths, f"/local/domain/0/backend/console/{domain['domid']}/0", {
            "frontend": f"/local/domain/{domain['domid']}/console", "frontend-id": domain["domid"], "online": "1",
            "state": "1", "protocol": "vt100"})
    for domain in live:
        for vif in domain["vifs"]:
            _add(paths, f"/local/domain/0/backend/vif/{domain['domid']}/{vif['devid']}", _vif_backend(domain, vif))
    for domain in live:
        _add(paths, f"/local/domain/{domain['domid']}", _frontend(domain))
    if known:
        _add(paths, "/local/pool/0", {"name": "Pool-0"})
    paths["/vm"] = ""
    for domain in live:
        _add(paths, f"/vm/{domain['uuid']}", {"name": domain["name"], "uuid": domain["uuid"]})
    paths["/libxl"] = ""
    for domain in live:
        if "xend" not in domain:
            _add(paths, f"/libxl/{domain['domid']}", _libxl(m, domain))
    return _with_changes(paths, state)


def _add(paths: Tree, base: str, keys: dict[str, Any]) -> None:
    """Nodes below ``base``; missing parents get an empty value, as xenstored gives them."""
    for key, value in [("", ""), *keys.items()]:
        path = f"{base}/{key}".rstrip("/")
        for end in [index for index, letter in enumerate(path) if letter == "/" and index] + [len(path)]:
            paths.setdefault(path[:end], "")
        if key:
            paths[path] = str(value)


def _with_changes(paths: Tree, state: dict[str, Any]) -> Tree:
    for gone in state["removed"]:
        for path in [path for path in paths if path == gone or path.startswith(gone + "/")]:
            del paths[path]
    for path, value in state["written"].items():
        _add(paths, path.rpartition("/")[0] or "/", {path.rpartition("/")[2]: value})
    return paths


def _vbd_backend(m: Machine, domain: Domain, vbd: dict[str, Any]) -> dict[str, Any]:
    keys = _vbd_common(domain, vbd, f"/local/domain/{domain['domid']}/device/vbd/{vbd['devid']}", vbd["state"])
    node = hotplug.vnd_node(vbd)
    if node is not None:
        keys["vnd"] = node
    keys["physical-device"] = hotplug.physical_device(m, vbd)
    if vbd["state"] == 2:  # the kernel could not open it (hotplug.connect_disk)
        return {**keys, "hotplug-status": "connected"}
    return {**keys, "sectors": vbd["sectors"], "info": "0",
            "sector-size": "512", "feature-flush-cache": "1", "hotplug-status": "connected"}


def _vbd_common(domain: Domain, vbd: dict[str, Any], frontend: str, state: int) -> dict[str, Any]:
    return {"frontend": frontend, "params": vbd["target"], "script": f"{hotplug.SCRIPTS}/block",
            "frontend-id": domain["domid"], "online": "1", "removable": int(vbd["cdrom"]), "bootable": "1",
            "state": state, "dev": vbd["vdev"], "type": "phy", "mode": vbd["mode"],
            "device-type": "cdrom" if vbd["cdrom"] else "disk", "discard-enable": "1", "specification": "xen"}


def _vif_backend(domain: Domain, vif: dict[str, Any]) -> dict[str, Any]:
    keys = _vif_common(domain, vif, vif["state"])
    if vif["error"] is None:
        keys["hotplug-status"] = "connected"
    else:
        keys.update({"hotplug-error": vif["error"], "hotplug-status": "error"})
    name = vif.get("ifname") or hotplug.interface_name(domain["domid"], vif["devid"])
    return {**keys, "vifname": name, "feature-rx-copy": "1",
            "feature-rx-flip": "1"}


def _vif_common(domain: Domain, vif: dict[str, Any], state: int) -> dict[str, Any]:
    return {"frontend": f"/local/domain/{domain['domid']}/device/vif/{vif['devid']}",
            "frontend-id": domain["domid"], "online": "1", "state": state, "script": vif["script"],
            "mac": vif["mac"], "bridge": vif["bridge"], "handle": vif["devid"], "type": "vif", "hotplug-status": ""}


def _frontend(domain: Domain) -> dict[str, Any]:
    domid = domain["domid"]
    keys: dict[str, Any] = {"vm": f"/vm/{domain['uuid']}", "name": domain["name"]}
    for cpu in range(domain["max_vcpus"]):
        keys[f"cpu/{cpu}/availability"] = "online" if cpu < domain["wanted_vcpus"] else "offline"
    keys.update({"memory/static-max": domain["max_kb"], "memory/target": domain["target_kb"],
                 "memory/videoram": "0", "device/suspend/event-channel": ""})
    for vbd in domain["vbds"]:
        base = f"device/vbd/{vbd['devid']}"
        keys.update({f"{base}/backend": f"/local/domain/0/backend/vbd/{domid}/{vbd['devid']}",
                     f"{base}/backend-id": "0", f"{base}/state": 3 if vbd["state"] == 2 else vbd["state"],
                     f"{base}/virtual-device": vbd["devid"],
                     f"{base}/device-type": "cdrom" if vbd["cdrom"] else "disk", f"{base}/trusted": "1"})
    for vif in domain["vifs"]:
        base = f"device/vif/{vif['devid']}"
        keys.update({f"{base}/backend": f"/local/domain/0/backend/vif/{domid}/{vif['devid']}",
                     f"{base}/backend-id": "0", f"{base}/state": "4", f"{base}/handle": vif["devid"],
                     f"{base}/mac": vif["mac"], f"{base}/trusted": "1", f"{base}/mtu": "1500"})
    keys.update({f"control/feature-{feature}": "" for feature in ("poweroff", "reboot", "suspend")})
    keys.update({"control/sysrq": "", "control/platform-feature-multiprocessor-suspend": "1",
                 "control/platform-feature-xs_reset_watches": "1"})
    keys.update(dict.fromkeys(("data", "drivers", "feature", "attr", "error"), ""))
    keys.update({"domid": domid, "store/port": "1", "console/backend": f"/local/domain/0/backend/console/{domid}/0",
                 "console/backend-id": "0", "console/limit": "1048576", "console/type": "xenconsoled",
                 "console/output": "pty", "console/tty": "/dev/pts/0", "console/port": "2"})
    return keys


def _libxl(m: Machine, domain: Domain) -> dict[str, Any]:
    """libxl's own copy of the devices; their state there is the initial one (record xenstore_ls, xl 4.20)."""
    keys: dict[str, Any] = {}
    for vbd in domain["vbds"]:
        frontend = f"/local/domain/{domain['domid']}/device/vbd/{vbd['devid']}"
        for key, value in _vbd_common(domain, vbd, frontend, 1).items():
            keys[f"device/vbd/{vbd['devid']}/{key}"] = value
    for vif in domain["vifs"]:
        for key, value in _vif_common(domain, vif, 1).items():
            keys[f"device/vif/{vif['devid']}/{key}"] = value
    return {**keys, "dm-version": "qemu_xen", "type": domain["config"]["c_info"]["type"]}


# --- commands ----------------------------------------------------------------------------------------------------


def _connect(m: Machine, command: str) -> Tree:
    """Without Xen there is nothing to open (record noxen_xenstore_ls, xl 4.17); a dead xenstored never answers."""
    if not m.is_dom0():
        err(f"{command}: xs_open: No such file or directory\n")
        raise XlExit(1)
    hypervisor.need_xenstore(m)
    domains.settle(m)
    return tree(m)


def _children(paths: Tree, base: str) -> list[str]:
    prefix = base.rstrip("/") + "/"
    return [path for path in paths if path.startswith(prefix) and "/" not in path[len(prefix):]]


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _print_below(paths: Tree, base: str, flat: bool, depth: int = 0) -> None:
    for path in _children(paths, base):
        name = path if flat else " " * depth + path.rpartition("/")[2]
        out(f"{name} = {_quoted(paths[path])}\n")
        _print_below(paths, path, flat, depth + 1)


def _missing(command: str, path: str, paths: Tree) -> None:
    """xenstore-ls's words for a path that isn't there (records after-shutdown, shutdown-w-no-powerd)."""
    if path in paths or path == "/":
        return
    error = "Invalid argument" if "//" in path or not path.startswith("/") else "No such file or directory"
    err(f"{command}: xs_directory ({path}): {error}\n")
    raise XlExit(1)


def _split(command: str, args: list[str], known: str) -> tuple[set[str], list[str]]:
    letters = {arg[1:] for arg in args if arg.startswith("-")}
    unknown = letters - set(known)
    if unknown:
        raise NotSimulated(f"{command} -{sorted(unknown)[0]}")
    return letters, [arg for arg in args if not arg.startswith("-")]


def _ls(m: Machine, args: list[str]) -> int:
    letters, words = _split("xenstore-ls", args, "f")
    paths = _connect(m, "xenstore-ls")
    for base in words or ["/"]:
        _missing("xenstore-ls", base, paths)
        _print_below(paths, base, "f" in letters)
    return 0


def _list(m: Machine, args: list[str]) -> int:
    _letters, words = _split("xenstore-list", args, "")
    paths = _connect(m, "xenstore-list")
    for base in words:
        if base not in paths and base != "/":
            err(f"xenstore-list: could not list path {base}\n")
            return 1
        for path in _children(paths, base):
            out(path.rpartition("/")[2] + "\n")
    return 0


def _read(m: Machine, args: list[str]) -> int:
    letters, words = _split("xenstore-read", args, "p")
    paths = _connect(m, "xenstore-read")
    for path in words:
        if path not in paths:
            err(f"xenstore-read: couldn't read path {path}\n")  # record xenstore_read_missing
            return 1
        out(f"{path}: {paths[path]}\n" if "p" in letters else f"{paths[path]}\n")
    return 0


def _exists(m: Machine, args: list[str]) -> int:
    _letters, words = _split("xenstore-exists", args, "")
    paths = _connect(m, "xenstore-exists")
    return 0 if all(path in paths or path == "/" for path in words) else 1


def _write(m: Machine, args: list[str]) -> int:
    _letters, words = _split("xenstore-write", args, "")
    if not words or len(words) % 2:
        raise NotSimulated("xenstore-write with a path but no value")
    _connect(m, "xenstore-write")
    state = hypervisor.section(m)
    for path, value in zip(words[::2], words[1::2], strict=True):
        state["written"][path] = value
    return 0


def _rm(m: Machine, args: list[str]) -> int:
    letters, words = _split("xenstore-rm", args, "t")
    if letters:
        raise NotSimulated("xenstore-rm -t")
    paths = _connect(m, "xenstore-rm")
    state = hypervisor.section(m)
    for path in words:
        if path not in paths:
            err(f"xenstore-rm: could not remove path {path}\n")
            return 1
        written = state["written"]
        for known in [known for known in written if known == path or known.startswith(path + "/")]:
            del written[known]
        state["removed"].append(path)
    return 0


_COMMANDS = {"ls": _ls, "list": _list, "read": _read, "exists": _exists, "write": _write, "rm": _rm}


def _run(m: Machine, name: str, args: list[str]) -> int:
    try:
        return _COMMANDS[name](m, args)
    except XlExit as ending:
        return ending.rc


def xenstore(m: Machine, argv: list[str]) -> int:
    """`xenstore ls ...`: all commands in one."""
    if len(argv) < 2 or argv[1] not in _COMMANDS:
        raise NotSimulated(" ".join(["xenstore", *argv[1:2]]))
    return _run(m, argv[1], argv[2:])


def xenstore_ls(m: Machine, argv: list[str]) -> int:
    return _run(m, "ls", argv[1:])


def xenstore_list(m: Machine, argv: list[str]) -> int:
    return _run(m, "list", argv[1:])


def xenstore_read(m: Machine, argv: list[str]) -> int:
    return _run(m, "read", argv[1:])


def xenstore_exists(m: Machine, argv: list[str]) -> int:
    return _run(m, "exists", argv[1:])


def xenstore_write(m: Machine, argv: list[str]) -> int:
    return _run(m, "write", argv[1:])


def xenstore_rm(m: Machine, argv: list[str]) -> int:
    return _run(m, "rm", argv[1:])
