# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What packages that were only unpacked still need: the accounts that their scripts would have made, and those scripts
themselves, which a guest runs when it boots for the first time. Pure.

Debian's order is that of ``debootstrap --second-stage``: base-passwd's accounts are there, everything is unpacked once
more by dpkg itself, which so gets to know it, and configured.
"""

from __future__ import annotations

PACKAGES = "var/lib/netbsd.xen/packages"
SCRIPT, UNIT_FOLDER, UNIT = "usr/lib/netbsd.xen/first-boot", "etc/systemd/system", "netbsd.xen-first-boot.service"
# What sets them up, by how the packages' names end, and in which of them that is.
PROGRAMS = {".deb": "usr/bin/dpkg", ".rpm": "usr/bin/rpm"}
SYSTEMD = "lib/systemd/systemd"
# Debian's accounts, as base-passwd brings them.
MASTERS = {"etc/passwd": "usr/share/base-passwd/passwd.master", "etc/group": "usr/share/base-passwd/group.master"}

_SET_UP = {
    ".deb": """\
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true
mkdir -p /var/lib/dpkg/info /var/lib/dpkg/updates
touch /var/lib/dpkg/status /var/lib/dpkg/available
[ -e /etc/localtime ] || ln -sf /usr/share/zoneinfo/UTC /etc/localtime
dpkg --force-depends --force-confold --force-overwrite --unpack ./*.deb || exit 1
dpkg --force-depends --force-confold --configure -a || dpkg --force-confold --configure -a || exit 1
""",
    ".rpm": """\
rpm --initdb || exit 1
rpm -U --force --nodeps ./*.rpm || exit 1
""",
}
_HEAD = """\
#!/bin/sh
# Written by Ansible (netbsd.xen.guest_system): sets up the packages that were unpacked here, once.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
cd /{packages} || exit 0
"""
_TAIL = """\
rm -rf /{packages}
rm -f /{folder}/multi-user.target.wants/{unit}
"""
_UNIT_TEXT = """\
[Unit]
Description=Set up the packages that were unpacked here
ConditionPathExists=/{packages}
After=local-fs.target
Before=multi-user.target

[Service]
Type=oneshot
ExecStart=/bin/sh /{script}
TimeoutStartSec=infinity
StandardOutput=journal+console
"""


def script(kind: str) -> str:
    """The script for packages whose names end so."""
    tail = _TAIL.format(packages=PACKAGES, folder=UNIT_FOLDER, unit=UNIT)
    return _HEAD.format(packages=PACKAGES) + _SET_UP[kind] + tail


def unit() -> str:
    """systemd's unit that runs it."""
    return _UNIT_TEXT.format(packages=PACKAGES, script=SCRIPT)


def shadow(passwd: str) -> str:
    """shadow(5) for the accounts of passwd(5), none of which can log in with a password."""
    names = [line.split(":", 1)[0] for line in passwd.splitlines() if ":" in line]
    return "".join(f"{name}:*:19000:0:99999:7:::\n" for name in names)


def number_of(text: str, name: str) -> int:
    """The number of a user or a group in passwd(5) or group(5); root's for one that is not in it."""
    for line in text.splitlines():
        words = line.split(":")
        if words[0] == name and len(words) > 2 and words[2].isdigit():
            return int(words[2])
    return 0
