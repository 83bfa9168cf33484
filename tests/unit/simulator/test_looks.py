# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Whoever only looks leaves no trace in the machine's state, be it the first look after a change."""
from __future__ import annotations

import pytest
from netbsd_sim.core import profiles
from netbsd_sim.pkg import catalogue

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import Host, Machine, images, make_host

CONFIGS = "/usr/pkg/etc/xen"
XL, XM = "/usr/pkg/sbin/xl", "/usr/pkg/sbin/xm"

LOOKS = """
uname -a
hostname
date
dmesg
sysctl -a
sysctl -n hw.machine
cpuctl list
ps -axo pid,command
pgrep -x xenstored
mount
df -k
swapctl -l
ifconfig -a
ifconfig -l
ifconfig -C
ifconfig wm0
brconfig bridge0
route -n get default
vnconfig -l
disklabel wd0
dumpfs -s /
service -l
service sshd status
pkg_info
pkg_info -L {tools}
pkgin list
npfctl show
cksum -a SHA512 /etc/rc.conf
stat -f %Lp /etc/rc.conf
xenstore-ls
xenstore-list /local/domain
xenstore-read /local/domain/0/name
/.sim/bin/rcscript {xen_script} status
/.sim/bin/rcscript /etc/rc.d/xendomains status
/.sim/bin/rcscript /etc/rc.d/network rcvar
"""
XL_LOOKS = """
{xl} list
{xl} list -l
{xl} list -v
{xl} info
{xl} dmesg
{xl} vm-list
{xl} uptime
{xl} domid web1
{xl} vcpu-list
{xl} cpupool-list
{xl} cpupool-list -c
{xl} sched-credit2
{xl} block-list web1
{xl} network-list web1
{xl} create -n {configs}/web1
"""
XM_LOOKS = """
{xm} list
{xm} list --long
{xm} info
{xm} dmesg
{xm} vcpu-list
{xm} uptime
{xm} domid web1
{xm} block-list web1
{xm} network-list web1
{xm} sched-credit -d web1
"""


@pytest.fixture(params=sorted(profiles.PROFILES))
def machine(request, tmp_path) -> Host:
    """A dom0 with a guest, another guest that has just been destroyed, and an interface that was just made."""
    host = make_host(tmp_path / "h", profile=request.param)
    tool = XM if profiles.get(request.param).toolstack == profiles.XM else XL
    with Machine(host.directory) as m:
        m.data["pace"] = 0.0  # all that guests do by themselves is over at once
        kernel = images.Image("netbsd", m.profile.netbsd_release, "XEN3_DOMU")
        m.path("/netbsd-XEN3_DOMU").write_bytes(kernel.content())
        m.path(CONFIGS).mkdir(parents=True, exist_ok=True)
    for name in ("web1", "gone1"):
        host.write(f"{CONFIGS}/{name}", f'name = "{name}"\nkernel = "/netbsd-XEN3_DOMU"\nmemory = 64\n'
                                        'vif = ["bridge=bridge0"]\n')
        assert host.run(tool, "create", f"{CONFIGS}/{name}").rc == 0
    assert host.run(tool, "destroy", "gone1").rc == 0
    assert host.run("ifconfig", "tap5", "create").rc == 0
    return host


def test_two_looks_leave_the_state_as_it_is(machine):
    state = machine.directory / "state.json"
    with Machine(machine.directory) as m:
        profile = m.profile
    tools = next(name for name in profile.packages if name.startswith("xentools"))
    looks = (LOOKS + (XM_LOOKS if profile.toolstack == profiles.XM else XL_LOOKS)).format(
        tools=tools, xl=XL, xm=XM, configs=CONFIGS, xen_script=f"/etc/rc.d/{catalogue.daemon_scripts(profile)[0]}")
    unknown = []
    before = state.read_bytes(), state.stat().st_mtime_ns
    for line in 2 * looks.split("\n"):
        if line:
            if machine.run(*line.split()).rc == 97:
                unknown.append(line)
            assert (state.read_bytes(), state.stat().st_mtime_ns) == before, line
    assert not unknown, "nothing was looked at"
    machine.run("ifconfig", "tap6", "create")
    assert state.read_bytes() != before[0], "this test could not fail"
