# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A simulated dom0 of xm's time."""
from __future__ import annotations

import json
from pathlib import Path

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import Host, Result, hosttree

MODERN = "netbsd-6.1-xen-4.2"
OLD = "netbsd-5.1-xen-3.1"

_SBIN = ("xm", "xl", "xend", "xenbackendd")


class XmHost(Host):
    """A host with xm, and what a test needs for a guest."""

    def run(self, *argv: str) -> Result:
        if argv[0] in _SBIN:
            argv = (f"/usr/pkg/sbin/{argv[0]}", *argv[1:])
        return super().run(*argv)

    def xm(self, *args: str) -> Result:
        return self.run("xm", *args)

    def config(self, name: str, **more: object) -> str:
        """Write a guest's file. Returns its path."""
        values = {"name": name, "kernel": "/netbsd-XEN3_DOMU.gz", "memory": 64, **more}
        path = f"/usr/pkg/etc/xen/{name}"
        self.write(path, "".join(f"{key} = {value!r}\n" for key, value in values.items()))
        return path

    def change(self, **values: object) -> None:
        """Set keys of the state, such as the pace."""
        path = self.directory / "state.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def make_xm_host(directory: Path, profile: str) -> XmHost:
    """A dom0 that is up, with a pace at which a boot takes no time."""
    hosttree.create(directory, "old0", "dom0", profile=profile)
    host = XmHost(directory)
    host.change(pace=0.001)
    return host


def ready(tmp_path, profile: str) -> XmHost:
    found = make_xm_host(tmp_path / "host", profile)
    found.write("/vmlinuz", "a kernel")
    found.write("/disk.img", "x" * 4096)
    return found


def guest(host: XmHost, name: str = "g1", **more: object) -> str:
    return host.config(name, kernel="/vmlinuz", **more)


def is_modern(host: XmHost) -> bool:
    return host.data["profile"] == MODERN


def names(host: XmHost) -> list[str]:
    return [line.split()[0] for line in host.xm("list").out.splitlines()[1:]]
