# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Domains as ``xm list --long`` tells them. No machine with xend is left to record, so the forms follow its source:
XendConfig.to_sxp and image_sxpr, server/blkif.py, server/netif.py (Xen 4.2), PrettyPrint.py for the layout."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.devices import Disk, Nic
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xm import xm_sxp

LONG = """\
(domain
    (domid 0)
    (cpu_weight 256)
    (cpu_cap 0)
    (vcpus 1)
    (name Domain-0)
    (maxmem 512)
    (memory 512)
    (image (linux (kernel '') (superpages 0)))
    (status 2)
    (state r-----)
)
(domain
    (domid 3)
    (cpu_weight 512)
    (cpu_cap 50)
    (bootloader '')
    (on_crash rename_restart)
    (uuid 71D44E7B-3411-49a9-b94a-33bd59826894)
    (bootloader_args '')
    (vcpus 4)
    (pool_name Pool-0)
    (name web1)
    (on_poweroff destroy)
    (on_reboot restart)
    (cpus ((0 1) (0 1)))
    (description '')
    (maxmem 256)
    (memory 128)
    (shadow_memory 0)
    (vcpu_avail 3)
    (features '')
    (on_xend_start ignore)
    (on_xend_stop ignore)
    (start_time 1335184120.85)
    (cpu_time 4.516173417)
    (online_vcpus 1)
    (image
        (linux
            (kernel /usr/pkg/xen/netbsd-XEN3_DOMU)
            (ramdisk /usr/pkg/xen/ramdisk.fs)
            (args 'root=xbd0a -v it\\'s')
            (superpages 0)
            (tsc_mode 0)
        )
    )
    (status 2)
    (state -b----)
    (store_mfn 65)
    (console_mfn 64)
    (device
        (vif
            (bridge bridge0)
            (mac 00:16:3E:01:02:03)
            (script /usr/pkg/etc/xen/scripts/vif-bridge)
            (rate '62500,50000')
            (uuid 2f5d6bd1-0c47-bb43-92a4-8e4ba6a6f2ea)
            (backend 0)
        )
    )
    (device
        (vbd
            (protocol x86_64-abi)
            (uuid 2d62b5a4-0ad5-3d1e-1b17-d2fd10ffbdc1)
            (bootable 1)
            (dev 0x1:disk)
            (uname phy:wd0e)
            (mode w)
            (backend 0)
            (VDI '')
        )
    )
    (device (vbd (dev xvda:disk) (uname 'file:/home/xen/a b.img') (mode r) (backend 0)))
    (device (vbd (dev hdc:cdrom) (uname file:/home/xen/cd.iso) (mode r) (backend 0)))
    (device (tap (dev 10) (uname tap:aio:/home/xen/t.img) (mode 'w!')))
    (device (console (protocol vt100) (location 2)))
    (device (pci (dev (domain 0x0000) (bus 0x03) (slot 0x00) (func 0x1) (vdevfn 0x100)) (backend 0)))
)
"""


def test_a_running_domain():
    _dom0, form = xm_sxp.domains(LONG)
    assert xm_sxp.domid(form) == 3
    found = xm_sxp.settled(form)
    devices = {key: found.pop(key) for key in ("disk", "vif", "pci")}
    assert found == {
        "name": "web1",
        "uuid": "71d44e7b-3411-49a9-b94a-33bd59826894",
        "type": "pv",
        "kernel": "/usr/pkg/xen/netbsd-XEN3_DOMU",
        "ramdisk": "/usr/pkg/xen/ramdisk.fs",
        "cmdline": "root=xbd0a -v it's",
        "memory": 128,
        "maxmem": 256,
        "vcpus": 2,
        "maxvcpus": 4,
        "cpu_weight": 512,
        "cap": 50,
        "pool": "Pool-0",
        "on_poweroff": "destroy",
        "on_reboot": "restart",
        "on_crash": "rename-restart",
        "domid": 3,
        "state": "-b----",
    }
    assert devices["disk"] == [
        Disk("/dev/wd0e", "0x1").settled(),
        Disk("/home/xen/a b.img", "xvda", access="ro").settled(),
        Disk("/home/xen/cd.iso", "hdc", access="ro", cdrom=True).settled(),
        # a number is hexadecimal to xend, with 0x or without
        Disk("/home/xen/t.img", "0x10").settled(),
    ]
    assert devices["vif"] == [Nic("00:16:3e:01:02:03", "bridge0", script="vif-bridge", rate="10Mb/s").settled()]
    assert devices["pci"] == [{"address": "0000:03:00.1"}]


def test_the_first_is_domain_0():
    form, _web1 = xm_sxp.domains(LONG)
    assert (xm_sxp.domid(form), xm_sxp.settled(form)["name"]) == (0, "Domain-0")
    # without vcpu_avail it may use all that it has
    assert (xm_sxp.settled(form)["vcpus"], xm_sxp.settled(form)["maxvcpus"]) == (1, 1)


MANAGED = """\
(domain (cpu_weight 256) (uuid 9f2b0d7e-aaaa-bbbb-cccc-0123456789ab) (vcpus 1) (name sleeper) (memory 64) (maxmem 64)
    (image (hvm (kernel /usr/pkg/lib/xen/boot/hvmloader) (boot c))) (status 0)
    (device (vif (mac 00:16:3e:00:00:09) (script vif-bridge) (uuid 1)))
    (device (vbd (uname file:/h.img) (driver ioemu) (dev ioemu:hda) (mode w)))
)"""


def test_a_managed_domain_that_does_not_run_has_no_id_and_no_state():
    (form,) = xm_sxp.domains(MANAGED)
    found = xm_sxp.settled(form)
    assert xm_sxp.domid(form) is None
    # hvmloader is the firmware of such a guest and not what was declared
    assert not {"domid", "state", "kernel", "cmdline", "on_crash"} & set(found)
    assert found["type"] == "hvm"
    assert found["disk"] == [Disk("/h.img", "hda").settled()]


def test_the_root_of_a_form_that_has_it_apart():
    text = "(domain (image (linux (root '/dev/hda1 ro') (args 'xencons=tty'))))"
    assert xm_sxp.settled(xm_sxp.domains(text)[0])["cmdline"] == "root=/dev/hda1 ro xencons=tty"


def test_what_is_not_understood_is_left_out_or_told_as_it_is():
    text = """(domain (memory lots) (maxmem 64.0) (vcpus) (vcpu_avail 1) (image) (image xen) (state (r))
        (device) (device (vbd (uname file:/a) (dev xvda) (mode x))) (device (vif (mac nonsense) (rate x))))"""
    assert xm_sxp.settled(xm_sxp.domains(text)[0]) == {
        "maxmem": 64,
        "disk": ["file:/a,xvda,x"],
        "vif": [{**Nic("nonsense").settled(), "rate": "x"}],
    }


@pytest.mark.parametrize("text", ["Error: no", "(domain (name a)", "(vm (name a))", "(domain) extra"])
def test_something_else_is_no_list(text):
    with pytest.raises(ValueError):
        xm_sxp.domains(text)


WORDS = st.sampled_from(
    "domain domid name memory vcpus vcpu_avail image linux device vbd vif pci dev bus slot func domain uname mode "
    "mac rate root args state 1 -1 0x1 1.5 file:/a xvda w ''".split()
)


@given(st.recursive(WORDS, lambda inner: st.lists(inner, max_size=4).map(lambda each: f"({' '.join(each)})")))
def test_no_form_breaks_it(inside):
    for form in xm_sxp.domains(f"(domain {inside})"):
        assert isinstance(xm_sxp.settled(form), dict)
