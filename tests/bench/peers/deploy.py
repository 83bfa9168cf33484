# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A pyinfra deploy of the usual kind for the bench's machines: what the playbook beside it does, in pyinfra's words."""

from io import StringIO

from pyinfra import host
from pyinfra.facts.server import Command
from pyinfra.operations import files, pkgin, server

XL = "/usr/pkg/sbin/xl"

pkgin.packages(name="Packages", packages=["xenkernel420", "xentools420"])
files.line(name="Kernfs in fstab", path="/etc/fstab", line="^kernfs /kern kernfs rw$")
files.line(name="Xen's daemons at boot", path="/etc/rc.conf", line="^xencommons=YES$")
for bridge in host.data.bridge_bridges:
    files.put(
        name="Bridge",
        src=StringIO(f"create\n!brconfig $int add {bridge['interfaces'][0]} up\n"),
        dest=f"/etc/ifconfig.{bridge['name']}",
        mode="644",
    )
files.directory(name="Directory of configs", path="/usr/pkg/etc/xen", mode="755")
for guest in host.data.domu_guests:
    files.template(
        name=f"Config of {guest['name']}",
        src="tests/bench/peers/handwritten/templates/guest.cfg.j2",
        dest=f"/usr/pkg/etc/xen/{guest['name']}",
        mode="644",
        item=guest,
    )
running = host.get_fact(Command, f"{XL} list | awk 'NR > 1 {{ print $1 }}'").split()
for guest in host.data.domu_guests:
    if guest["name"] not in running:
        server.shell(name=f"Start {guest['name']}", commands=[f"{XL} create /usr/pkg/etc/xen/{guest['name']}"])
