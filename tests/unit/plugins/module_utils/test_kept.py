# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was found in a file before the collection first wrote it is kept. The table has every place that writes."""

from __future__ import annotations

import ast
import errno
import io
import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils import _atomic, _kept
from ansible_collections.netbsd.xen.plugins.module_utils._change import Change, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge import resource as bridge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.files import resource as system_files
from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

# How what was there is kept.
BOTH = "PATH.orig is the first content, PATH.prev the last"
FIRST = "the first content is kept"
AWAY = "the first content is kept below /var/backups"
OLD = "PATH.old is the content before"
GUEST = "a guest's config that others wrote stays as .NAME.orig"
OURS = "nobody else's: a note, a file on its way, or a copy itself"
SAVED = "a guest's memory, which is put aside and not replaced"
DECLARED_GONE = "what is declared absent goes; a memory that nothing may restore is put aside as PATH.old"
DAMAGED = "a power cut has been at it, so that nothing can be kept"
MODE = "only the permissions change"
ABSENT = "only where nothing is"
NEW = "in a guest's new system, where nobody has been yet; what its set had is kept where it is written over"

# How many calls each function has that write, replace, rename or remove a file, and how what was there is kept.
WRITES = {
    "_packages.py:settle": (1, OURS),
    "_rc_conf.py:write": (1, BOTH),
    "_resources/boot/boot_blocks.py:_install_boot_cfg": (2, f"{FIRST}; {OLD}"),
    "_resources/boot/boot_blocks.py:_install_grub": (2, f"{OURS}; {FIRST}"),
    "_resources/boot/boot_blocks.py:_keep_blocks": (1, OURS),
    "_resources/boot/boot_blocks.py:apply": (2, FIRST),
    "_resources/boot/boot_cfg.py:apply": (1, BOTH),
    "_resources/boot/grub2.py:remember": (1, DAMAGED),
    "_resources/boot/grub2.py:write": (1, BOTH),
    "_resources/boot/grub_legacy.py:write": (4, f"{BOTH}; {FIRST}"),
    "_resources/bridge/nat.py:_load_new": (3, f"{OURS}; {BOTH}"),
    "_resources/bridge/resource.py:apply": (2, AWAY),
    "_resources/dom0_weight.py:apply": (2, f"{AWAY}; {OURS}"),
    "_resources/files/install.py:_note": (2, OURS),
    "_resources/files/install.py:_put": (1, MODE),
    "_resources/files/install.py:_replace": (3, f"{OLD}; {AWAY}"),
    "_resources/files/install.py:apply": (2, f"{OURS}; {MODE}"),
    "_resources/guests/apply/files.py:_replace": (4, GUEST),
    "_resources/guests/apply/files.py:carry_out": (3, DECLARED_GONE),
    "_resources/guests/apply/live.py:carry_out": (1, OURS),
    "_resources/guests/apply/requests.py:ask": (1, OURS),
    "_resources/guests/apply/start.py:start": (2, SAVED),
    "_resources/guests/apply/start.py:started": (2, SAVED),
    "_resources/guests/apply/stop.py:_save": (3, SAVED),
    "_resources/guests/apply/stop.py:ask": (1, SAVED),
    "_resources/guests/read/started_with.py:remember": (1, OURS),
    "_resources/kernfs.py:apply": (1, BOTH),
    "_resources/packages/sources.py:_clear": (1, OURS),
    "_resources/packages/sources.py:clear_rest": (1, OURS),
    "_resources/systems/act.py:_forget_proof_key": (1, OURS),
    "_resources/systems/installer.py:forget": (1, OURS),
    "_resources/systems/installer.py:start": (2, OURS),
    "_resources/systems/methods/image.py:_make_seed": (3, OURS),
    "_resources/systems/methods/packages.py:_put_beside": (1, NEW),
    "_resources/systems/verify.py:_ssh": (3, OURS),
    "_resources/systems/work/boots.py:prove_loader": (1, OURS),
    "_resources/systems/work/dvd.py:copy_out": (1, ABSENT),
    "_resources/systems/work/linux_boot.py:take_out": (2, ABSENT),
    "_resources/systems/work/linux_root.py:_network": (1, NEW),
    "_resources/systems/work/linux_root.py:configure": (1, NEW),
    "_resources/systems/work/linux_root.py:put": (2, NEW),
    "_resources/systems/work/netbsd_disk.py:_make_label": (2, OURS),
    "_resources/systems/work/netbsd_python.py:put": (2, NEW),
    "_resources/systems/work/netbsd_system.py:configure": (4, NEW),
    "_resources/systems/work/netbsd_system.py:_edit": (1, NEW),
    "_resources/systems/work/netbsd_system.py:_own_kernel": (2, NEW),
    "_resources/systems/work/netbsd_system.py:_root_login": (1, NEW),
    "_resources/systems/work/packed.py:_by_zstd": (2, OURS),
    "_resources/systems/work/packed.py:_of_deb": (1, OURS),
    "_resources/systems/work/packed.py:_of_rpm": (1, OURS),
    "_resources/systems/work/packed.py:_payload": (1, OURS),
    "_resources/systems/work/packed.py:obtained": (1, OURS),
    "_resources/systems/work/record.py:forget": (1, OURS),
    "_resources/systems/work/record.py:write": (1, OURS),
    "_resources/systems/work/signed.py:proven": (2, OURS),
    "_resources/systems/work/sources.py:_signed_sums": (1, OURS),
    "_resources/systems/work/ssh_keys.py:make": (2, OURS),
    "_resources/tool_scripts.py:apply": (1, FIRST),
    "_resources/ttys.py:apply": (1, BOTH),
    "_resources/xl_conf.py:apply": (1, BOTH),
}
METHODS = ("write_text", "copy_file", "write_stream", "remove", "rename")
PLUGINS = CHECKOUT / "plugins" / "module_utils"


def calls() -> dict[str, int]:
    """The calls of Host's methods that write, by file and function."""
    found: Counter[str] = Counter()
    for path in sorted(PLUGINS.rglob("*.py")):
        if path.name in ("_host.py", "_atomic.py", "_kept.py"):
            continue
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                for node in ast.walk(function):
                    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                        on = ast.unparse(node.func.value)
                        if node.func.attr in METHODS and on.rpartition(".")[2] == "host":
                            found[f"{path.relative_to(PLUGINS)}:{function.name}"] += 1
    return dict(found)


@pytest.mark.skipif(sys.version_info < (3, 9), reason="ast.unparse; it is the same code under every Python")
def test_every_write_is_in_the_table() -> None:
    assert calls() == {name: count for name, (count, _how) in WRITES.items()}


def test_nothing_writes_past_the_door() -> None:
    """What renames, removes or opens for writing itself: these files only."""
    found = set()
    for path in PLUGINS.rglob("*.py"):
        text = path.read_text()
        if any(word in text for word in ("os.rename(", "os.replace(", "os.unlink(", 'open(path, "w')):
            found.add(path.name)
    # These have a directory or a file of their own, and the last one a guest's new system.
    assert found == {"_host.py", "_atomic.py", "_guard.py", "_progress.py", "_unpacking.py"}


@pytest.mark.parametrize("path", ["/boot.cfg", "/etc/rc.conf", "/grub/default", "/usr/pkg/etc/xen/xl.conf"])
def test_a_copy_beside_the_file(path: str) -> None:
    assert _kept.place(path) == path + ".orig"


@pytest.mark.parametrize("path", ["/etc/ifconfig.bridge0", "/etc/ifconfig.vlan3", "/etc/rc.d/xendomains"])
def test_a_copy_where_it_is_not_taken_for_one_of_them(path: str) -> None:
    assert _kept.place(path) == f"/var/backups{path}.orig"


@pytest.mark.parametrize(
    "path",
    [
        "/var/db/netbsd.xen.packages",
        "/var/run/netbsd.xen/web1",
        "/netbsd.origin",
        "/boot.old",
        "/etc/npf.conf.netbsd-xen",
        "/grub/device.map.new",
        "/boot.cfg.prev",
    ],
)
def test_ours_needs_no_copy(path: str) -> None:
    assert _kept.place(path) is None


WAYS = {
    "write_text": lambda host, path: host.write_text(path, "ours"),
    "with a backup": lambda host, path: host.write_text(path, "ours", backup=True),
    "copy_file": lambda host, path: host.copy_file("/source", path, 0o644),
    "write_stream": lambda host, path: host.write_stream(io.BytesIO(b"ours"), path, 0o644),
    "rename": lambda host, path: host.rename("/source", path, keep=True),
    "remove": lambda host, path: host.remove(path, keep=True),
}


@pytest.mark.parametrize("path", ["/boot.cfg", "/etc/ifconfig.bridge0", "/etc/rc.d/xendomains"])
@pytest.mark.parametrize("way", WAYS)
def test_first_contact(tmp_path: Path, way: str, path: str) -> None:
    host = RootedHost(tmp_path, {path: "# Petra's\n", "/source": "ours"})
    os.chmod(host.at(path), 0o600)
    copy = _kept.place(path)
    WAYS[way](host, path)
    assert host.text(copy) == "# Petra's\n"
    assert os.stat(host.at(copy)).st_mode & 0o777 == 0o600
    # The first one stays, whatever comes.
    host.put(path, "another\n")
    host.put("/source", "ours")
    WAYS[way](host, path)
    assert host.text(copy) == "# Petra's\n"
    expected = {"boot.cfg", "boot.cfg.orig", "boot.cfg.prev"} if path == "/boot.cfg" else {os.path.basename(path)}
    beside = set(os.listdir(os.path.dirname(host.at(path)))) - {"etc", "source"}
    assert beside <= expected | {os.path.basename(path) + ".prev"}


@pytest.mark.parametrize("content", [b"", b"\0\0\0\0", b"create\n\0\0"])
def test_what_a_power_cut_left_is_not_kept(tmp_path: Path, content: bytes) -> None:
    host = RootedHost(tmp_path, {"/etc/ifconfig.bridge0": content})
    host.write_text("/etc/ifconfig.bridge0", "create\n")
    assert not host.exists("/var/backups")


def test_a_new_file_has_no_copy(tmp_path: Path) -> None:
    host = RootedHost(tmp_path, {"/etc/hosts": ""})
    host.write_text("/etc/ifconfig.bridge0", "create\n")
    assert sorted(os.listdir(tmp_path / "etc")) == ["hosts", "ifconfig.bridge0"]
    assert not host.exists("/var/backups")


def test_without_room_for_the_copy_nothing_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = RootedHost(tmp_path, {"/etc/ifconfig.bridge0": "create\n# mine\n"})

    def full(*_arguments: object, **_options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(_atomic, "replace", full)
    with pytest.raises(XenError, match="can't be written: No space left on device. It is unchanged."):
        host.write_text("/etc/ifconfig.bridge0", "create\n")
    assert host.text("/etc/ifconfig.bridge0") == "create\n# mine\n"


@pytest.mark.parametrize("action", ["write_file", "remove_file"])
def test_the_file_of_a_bridge(tmp_path: Path, action: str) -> None:
    path = "/etc/ifconfig.bridge0"
    host = RootedHost(tmp_path, {path: "create\n# ask Petra\n"})
    data = (path, "create\nup\n") if action == "write_file" else path
    bridge.apply(host, Change("bridge", "bridge0", action, "", data=data))
    assert host.text(f"/var/backups{path}.orig") == "create\n# ask Petra\n"
    assert os.listdir(tmp_path / "etc") == (["ifconfig.bridge0"] if action == "write_file" else [])


def test_an_rc_script(tmp_path: Path) -> None:
    path, source = "/etc/rc.d/xendomains", "/usr/pkg/share/examples/rc.d/xendomains"
    host = RootedHost(tmp_path, {path: "#!/bin/sh\n# by hand\n", source: "#!/bin/sh\n"})
    spec = {"src": source, "dest": path, "sha512": None, "mode": "0755", "keep_previous": True, "member": None}
    outcome = converge(system_files, {"files": [{**spec, "sums": None}], "assume_files": []}, host, check=False)
    assert outcome.failures == {}
    assert host.text(path) == "#!/bin/sh\n"
    assert host.text(f"/var/backups{path}.orig") == "#!/bin/sh\n# by hand\n"
    assert os.listdir(tmp_path / "etc/rc.d") == ["xendomains"]
