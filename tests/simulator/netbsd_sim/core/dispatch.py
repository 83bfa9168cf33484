# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry point for every simulated command: `/.sim/bin/command` is what all of them are symlinks to.

The path that it was called as picks the function. Around each run: the machine's lock, injected faults, and one line
in commands.log.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable

from . import cutoff, forms
from .machine import SANDBOX_HOST, Machine, NotSimulated, SimError
from .profiles import Profile

Command = Callable[[Machine, "list[str]"], int]

# Where NetBSD has it -> "room.module:function".
COMMANDS: dict[str, str] = {
    "/usr/bin/uname": "system.about:uname",
    "/usr/bin/which": "system.about:which",
    "/bin/hostname": "system.about:hostname",
    "/bin/date": "system.about:date",
    "/sbin/dmesg": "system.about:dmesg",
    "/sbin/sysctl": "system.sysctl:sysctl",
    "/usr/sbin/cpuctl": "system.about:cpuctl",
    "/bin/ps": "system.processes:ps",
    "/usr/bin/pgrep": "system.processes:pgrep",
    "/usr/bin/pkill": "system.processes:pkill",
    "/bin/kill": "system.processes:kill",
    "/sbin/shutdown": "boot.power:shutdown",
    "/sbin/reboot": "boot.power:reboot",
    "/sbin/halt": "boot.power:halt",
    "/sbin/poweroff": "boot.power:poweroff",
    "/sbin/mount": "system.mounts:mount",
    "/sbin/umount": "system.mounts:umount",
    "/bin/df": "system.mounts:df",
    "/sbin/swapctl": "system.mounts:swapctl",
    "/sbin/ifconfig": "net.netcommands:ifconfig",
    "/sbin/brconfig": "net.netcommands:brconfig",
    "/sbin/route": "net.routes:route",
    "/usr/bin/netstat": "net.netstat:netstat",
    "/usr/sbin/vnconfig": "system.diskcommands:vnconfig",
    "/sbin/disklabel": "system.diskcommands:disklabel",
    "/sbin/newfs": "system.newfs:newfs",
    "/usr/sbin/makefs": "system.makefs:makefs",
    "/sbin/fsck": "system.newfs:fsck",
    "/sbin/fsck_ffs": "system.newfs:fsck",
    "/bin/tar": "system.archives:tar",
    "/usr/bin/tar": "system.archives:tar",
    "/usr/sbin/pwd_mkdb": "system.installing:pwd_mkdb",
    "/usr/bin/ssh-keygen": "system.installing:ssh_keygen",
    "/usr/bin/ssh": "xen.common.guestlogin:ssh",
    "/.sim/bin/guestsession": "xen.common.guestlogin:guestsession",
    "/usr/bin/ssh-keyscan": "xen.common.guestlogin:ssh_keyscan",
    "/usr/sbin/arp": "net.netstat:arp",
    "/sbin/rndctl": "system.installing:rndctl",
    "/sbin/raidctl": "system.diskparts:raidctl",
    "/sbin/cgdconfig": "system.diskparts:cgdconfig",
    "/sbin/ccdconfig": "system.diskparts:ccdconfig",
    "/sbin/dkctl": "system.diskparts:dkctl",
    "/sbin/gpt": "system.wedges:gpt",
    "/usr/sbin/installboot": "boot.bootblocks:installboot",
    "/usr/sbin/dumpfs": "boot.bootblocks:dumpfs",
    "/sbin/fdisk": "boot.bootblocks:fdisk",
    "/bin/dd": "boot.bootblocks:dd",
    "/.sim/bin/makedev": "system.diskcommands:makedev",
    "/usr/sbin/service": "system.services:service",
    "/.sim/bin/rcscript": "system.services:rcscript",
    "/usr/sbin/pkg_add": "pkg.pkgadd:pkg_add",
    "/usr/sbin/pkg_admin": "pkg.pkgadmin:pkg_admin",
    "/usr/sbin/pkg_info": "pkg.packages:pkg_info",
    "/usr/sbin/pkg_delete": "pkg.packages:pkg_delete",
    "/usr/bin/ftp": "net.fetch:ftp",
    "/usr/bin/make": "pkg.pkgsrc:make",
    "/sbin/npfctl": "net.npf:npfctl",
    "/usr/bin/cksum": "system.checksums:cksum",
    "/usr/bin/sha1": "system.checksums:sha1",
    "/usr/bin/netpgpverify": "system.checksums:netpgpverify",
    "/usr/bin/stat": "system.stat_command:stat",
}

# Commands that a package brings; they exist once it is installed.
PACKAGE_COMMANDS: dict[str, str] = {
    "/usr/pkg/bin/pkgin": "pkg.pkgin:pkgin",
    "/usr/pkg/sbin/mke2fs": "system.extfs:mke2fs",
    "/usr/pkg/sbin/e2fsck": "system.extfs:e2fsck",
    "/usr/pkg/libexec/xen/bin/qemu-img": "system.extfs:qemu_img",
    "/usr/pkg/sbin/grub": "boot.grub:grub",
    "/usr/pkg/sbin/grub-install": "boot.grub:grub_install",
    "/usr/pkg/bin/grub-editenv": "boot.grub2:grub_editenv",
    "/usr/pkg/sbin/grub-reboot": "boot.grub2:grub_reboot",
    "/usr/pkg/sbin/grub-set-default": "boot.grub2:grub_set_default",
    "/usr/pkg/sbin/xl": "xen.xl.command:xl",
    "/usr/pkg/sbin/xenstored": "system.services:xenstored",
    "/usr/pkg/sbin/xenconsoled": "system.services:xenconsoled",
    "/usr/pkg/sbin/xenwatchdogd": "system.services:xenwatchdogd",
    "/usr/pkg/libexec/xen/bin/xen-init-dom0": "system.services:xen_init_dom0",
    "/usr/pkg/bin/xenstore": "xen.common.xenstore:xenstore",
    "/usr/pkg/bin/xenstore-read": "xen.common.xenstore:xenstore_read",
    "/usr/pkg/bin/xenstore-write": "xen.common.xenstore:xenstore_write",
    "/usr/pkg/bin/xenstore-ls": "xen.common.xenstore:xenstore_ls",
    "/usr/pkg/bin/xenstore-list": "xen.common.xenstore:xenstore_list",
    "/usr/pkg/bin/xenstore-rm": "xen.common.xenstore:xenstore_rm",
    "/usr/pkg/bin/xenstore-exists": "xen.common.xenstore:xenstore_exists",
}


def find(path: str, profile: Profile) -> Command:
    """The function behind a path. Raises NotSimulated for a file that is there but has no behaviour."""
    target = profile.commands.get(path) or COMMANDS.get(path) or PACKAGE_COMMANDS.get(path)
    if target is None:
        raise NotSimulated(path)
    module, function = target.split(":")
    try:
        command: Command = getattr(importlib.import_module(f"..{module}", __package__), function)
    except (ImportError, AttributeError):
        if os.environ.get("NETBSD_SIM_DEBUG"):
            raise
        raise NotSimulated(path) from None
    return command


def run(m: Machine, argv: list[str]) -> int:
    """Run one command on a machine whose lock is held. argv[0] is the command's absolute path. Returns its status."""
    fault = None
    if os.path.exists(f"{m.host_dir}/faults.json"):
        from . import faults  # imports take longer than most commands

        fault = faults.take(m.host_dir, argv)
        if fault is not None and not fault.comes_after:
            return faults.act_before(m, fault)
    if m.data.get("xen", {}).get("domains"):
        from .. import xen

        xen.settle(m)  # what guests did meanwhile shows in interfaces and vnd units
    cutoff.note(m)
    m.stuck = fault is not None and fault.action == faults.STUCK
    if fault is not None and fault.action in faults.MIDWAY:
        m.midway = lambda: faults.act_after(m, fault)
    try:
        command = find(argv[0], m.profile)
        forms.read(argv)
        rc = command(m, argv)
    except SimError as error:
        if error.message:
            print(error.message, file=sys.stderr)
        rc = error.rc
    if fault is not None:
        faults.act_after(m, fault)
    if "cut_off" in m.data:
        cutoff.look(m)
    return rc


def log(m: Machine, argv: list[str], rc: int, started: float) -> None:
    """One JSON line a command that has ended."""
    line = json.dumps({"time": round(started, 3), "argv": argv, "rc": rc})
    with open(m.host_dir / "commands.log", "a") as stream:
        stream.write(line + "\n")


def refuse_user(path: str) -> None:
    """Only root reaches the machine's state, as only root opens privcmd (record xl-as-user, NetBSD 7.99.10)."""
    if os.path.basename(path) != "xl":
        error = NotSimulated(f"{path} for another user than root")
        print(error.message, file=sys.stderr)
        sys.exit(error.rc)
    print("xencall: error: Could not obtain handle on privileged command interface: Permission denied\n"
          "libxl: error: libxl.c:102:libxl_ctx_alloc: cannot open libxc handle: Bad file descriptor\n"
          "cannot init xl context", file=sys.stderr)
    sys.exit(1)


def main() -> None:
    """Entry of /.sim/bin/command."""
    called_as = os.path.abspath(sys.argv[0])
    argv = [called_as, *sys.argv[1:]]
    if os.geteuid() != 0:
        refuse_user(called_as)
    rc = 1
    with Machine(SANDBOX_HOST) as m:
        started = m.now()
        try:
            rc = run(m, argv)
        except SystemExit as ending:
            rc = int(ending.code or 0)
        finally:
            log(m, argv, rc, started)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.stderr.flush()
    # Nothing is left to tidy up, and the interpreter's own way out takes a few milliseconds.
    os._exit(rc)
