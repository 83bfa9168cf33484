# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A check says of the boot menu what the run then does, whatever the loader, and whatever an earlier task of that run
would have brought."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import resource as system_files
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import bootloader
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Variables
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

_LINES = (Path(__file__).parent / "fixtures/boot-menus.txt").read_text().splitlines()
# The variables of a host, of which a few are set anew.
HOST = json.loads(next(line for line in _LINES if not line.startswith("#")))
KERNEL, XEN, DEBUG = "/netbsd-XEN3_DOM0.gz", "/xen-4.20.gz", "/xen-4.20-debug.gz"
LEFT = "/.netbsd-XEN3_DOM0.gz.9rbnzjh0.netbsd_xen"
SOURCES = {KERNEL: "/mirror/kernel", XEN: "/pkg/xen.gz", DEBUG: "/pkg/xen-debug.gz"}
OWN = {
    "/boot.cfg": "menu=Xen:load /netbsd-XEN3_DOM0.gz root=dk1;multiboot /xen-4.20.gz dom0_mem=2G\n"
    "menu=Old:boot netbsd\ntimeout=5\n",
    "/grub/menu.lst": "default 0\ntimeout 5\ntitle Xen\n\tkernel /xen-4.20.gz dom0_mem=2G\n"
    "\tmodule /netbsd-XEN3_DOM0.gz root=dk1\n",
    "/grub/grub.cfg": "set default=0\nset timeout=5\nmenuentry 'Xen' {\n\tmultiboot2 /xen-4.20.gz dom0_mem=2G\n"
    "\tmodule2 /netbsd-XEN3_DOM0.gz root=dk1\n}\n",
}
# What of the files is there before, and which of those that are there are others.
STATES = {
    "nothing yet": {},
    "all as they are": {KERNEL: "new", XEN: "new"},
    "another kernel": {KERNEL: "old", XEN: "new"},
    "another hypervisor": {KERNEL: "new", XEN: "old"},
    "both, for the second time": {KERNEL: "old", XEN: "old", f"{KERNEL}.old": "older", f"{XEN}.old": "older"},
    "what a killed run has left": {KERNEL: "new", XEN: "old", LEFT: "half"},
    "a debug hypervisor": {KERNEL: "new", XEN: "new", DEBUG: "old"},
}


def content(path: str, what: str) -> bytes:
    return gzip.compress(f"{what} {path}".encode(), mtime=0)


def machine(directory: Path, state: dict[str, str], menu: bool) -> RootedHost:
    files = {source: content(path, "new") for path, source in SOURCES.items()}
    files.update({path: content(path, what) for path, what in state.items()})
    host = RootedHost(directory, {"/netbsd": "native", "/boot.cfg": OWN["/boot.cfg"], **files})
    for path in state:
        host.set_mode(path, 0o444)
    for path, text in OWN.items() if menu else ():
        host.put(path, text)
    host.answers = {"/sbin/sysctl -n machdep.bootmethod": "BIOS\n", "/sbin/mount": "/dev/wd0a on / type ffs (local)\n"}
    return host


def run(host: RootedHost, loader: str, debug: bool, check: bool) -> list[Any]:
    """What the role's tasks report of the menus, after the files of role dom0."""
    files = [
        {"src": SOURCES[path], "dest": path, "mode": "0444", "keep_previous": True}
        for path in (KERNEL, XEN, *([DEBUG] if debug else []))
    ]
    result = converge(system_files, {"files": files, "assume_files": []}, host, check).result()
    known = {**HOST, "bootloader_loader": loader, "bootloader_hypervisor": XEN, "bootloader_entries": None}
    known.update(bootloader_dom0_kernel=KERNEL, bootloader_xen_release="4.20", bootloader_default="Xen")
    known.update(ansible_check_mode=check, dom0_files_result=json.loads(json.dumps(result)))
    known.update(bootloader_previous_hypervisor="", bootloader_native_kernel="/netbsd", bootloader_root=None)
    variables = Variables({**known, "netbsd_xen_host": {"host": {"machine": "amd64"}}})
    found = []
    for name in ("boot_cfg", "grub_menu", "boot_cfg_behind_grub"):
        task = bootloader.TASKS[name]
        if task.when(variables):
            given = {key: option.get("default") for key, option in task.resource.ARGUMENTS.items()}
            outcome = converge(task.resource, {**given, **task.given(variables)}, host, check)
            assert outcome.failures == {}
            found.append(outcome.result())
    return found


@pytest.mark.parametrize("menu", [True, False], ids=["a menu of somebody", "no menu"])
@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
@pytest.mark.parametrize("loader", ["boot_cfg", "grub", "grub2"])
def test_what_is_checked_is_what_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loader: str, state: dict[str, str], menu: bool
) -> None:
    names = os.uname_result(("NetBSD", "xen1", "10.1", "NetBSD 10.1 (GENERIC) #0", "amd64"))
    monkeypatch.setattr(os, "uname", lambda: names)
    host = machine(tmp_path, state, menu)
    before = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    checked = run(host, loader, DEBUG in state, check=True)
    assert {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    done = run(host, loader, DEBUG in state, check=False)
    for key in ("changed", "changes", "diff"):
        assert [each[key] for each in checked] == [each[key] for each in done], key
    assert any(each["changed"] for each in done)
    again = run(host, loader, DEBUG in state, check=True)
    assert [each["changes"] for each in again] == [[]] * len(done)
    replaced = [path for path in (KERNEL, XEN) if state.get(path) == "old"]
    for path in replaced:
        assert f"{path}.old" in str(done[0]["diff"]) and host.read_bytes(f"{path}.old") == content(path, "old")
