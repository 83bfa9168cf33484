# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A configuration becomes a declaration that means the same, or is told; over all of the contract tests' corpus."""

from __future__ import annotations

from collections import Counter

import corpus
import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xlcfg
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xm import xm_config
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import config
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.guest import expand
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.guests import Host, declaration
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.domu import OS_DEFAULTS

XEN1 = Host("xen1", "4.20", os_defaults=OS_DEFAULTS)
KERNEL = "/home/xen/netbsd-XEN3_DOMU.gz"
HOWTO = f"""kernel = "{KERNEL}"
memory = 64
name = "nbsd1"
vif = [ 'mac=aa:00:00:d1:00:09,bridge=bridge0' ]
disk = [ 'file:/home/xen/nbsd1.img,0x1,w' ]
root = "xbd0"
"""


def read(text, dialect="xl"):
    parse = xm_config.parse if dialect == "xm" else xlcfg.parse
    return config.comparable(parse(text))


def written(raw, host):
    """What the declaration's own file would be, as it is read again."""
    guest, problems = expand(raw, host.name, dict(host.os_defaults), dict(host.secrets), host.release)
    assert problems == []
    return read(config.text_of(guest, host.dialect), host.dialect)


def test_every_configuration_of_the_corpus_is_declared_or_told():
    counts, told = Counter(), []
    for name, text in corpus.texts().items():
        try:
            settings = read(text)
        except ValueError:
            counts["no configuration"] += 1
            continue
        found = declaration(settings, f"{name}.cfg", XEN1)
        counts["imported"] += 1
        if found.raw is None:
            assert found.why, name
            assert "\n" not in found.why, name
            counts["told"] += 1
            told.append(name)
            continue
        # By the way of a file, which is another one than that on which the declaration was proven.
        assert written(found.raw, XEN1) == settings, name
        counts["nothing"] += 1
    print(
        f"{counts['imported']} configs imported, {counts['nothing']} plan to nothing, {counts['told']} told as not "
        f"declarable; {counts['no configuration']} files are no configuration"
    )
    assert counts["imported"] == counts["nothing"] + counts["told"]
    # What xl takes and no declaration can say are devices and keys that the collection refuses on purpose.
    assert counts["nothing"] >= 305
    assert {"vif-default", "disk-colo", "key-unknown"} <= set(told)


@pytest.mark.parametrize(
    ("text", "raw"),
    [
        (
            HOWTO,
            {
                **{"name": "nbsd1", "os": "netbsd", "config": "nbsd1.cfg", "uuid": "any", "root": "xbd0"},
                **{"memory": "64M", "disks": [{"path": "/home/xen/nbsd1.img", "vdev": "0x1"}]},
                "nics": [{"bridge": "bridge0", "mac": "aa:00:00:d1:00:09"}],
            },
        ),
        (
            f'name="a"\nkernel="{KERNEL}"\nroot="xbd0a"\nmemory=1024\nvcpus=2\nvif=["bridge=bridge0"]\n'
            'disk=["phy:/dev/wd0e,xvda,w"]\nuuid="8f0f0e9e-0000-4000-8000-000000000001"\n',
            {
                **{"name": "a", "os": "netbsd", "config": "nbsd1.cfg", "uuid": "8f0f0e9e-0000-4000-8000-000000000001"},
                **{"memory": "1G", "vcpus": 2, "disks": ["/dev/wd0e"], "nics": [{"bridge": "bridge0", "mac": "any"}]},
            },
        ),
        (
            'name="l"\nkernel="/home/xen/vmlinuz-6.12"\nextra="console=hvc0"\nroot="/dev/xvda1 ro"\nmemory=96\n'
            'on_crash="preserve"\ncpus="1-2"\nlocaltime=1\n',
            {
                **{"name": "l", "os": "linux", "config": "nbsd1.cfg", "uuid": "any"},
                "kernel": "/home/xen/vmlinuz-6.12",
                **{"root": "/dev/xvda1", "extra": "ro console=hvc0", "memory": "96M", "cpus": "1-2"},
                **{"on_crash": "preserve", "settings": {"localtime": 1}},
            },
        ),
        (
            'name="w"\nbuilder="hvm"\nmemory=512\ndisk=["/home/w.img,raw,hda,w", "/w.iso,raw,hdc,r,cdrom"]\n'
            'vnc=1\nvnclisten="127.0.0.1"\nvncunused=1\n',
            {
                **{"name": "w", "config": "nbsd1.cfg", "uuid": "any", "type": "hvm", "memory": "512M", "vnc": True},
                "disks": [{"path": "/home/w.img", "vdev": "hda"}, {"path": "/w.iso", "vdev": "hdc", "cdrom": True}],
            },
        ),
    ],
)
def test_short_forms_are_as_a_person_writes_them(text, raw):
    assert declaration(read(text), "nbsd1.cfg", XEN1).raw == raw


def test_what_was_inferred_is_noted():
    notes = " ".join(declaration(read(HOWTO), "nbsd1", XEN1).notes)
    assert f"os: by the name of its kernel, {KERNEL}" in notes
    assert "uuid: its configuration has none" in notes
    assert "mac:" not in notes


CANARY = "kanarienvogel77"
WITH_PASSWORD = HOWTO + f"vfb = [ 'vnc=1,vnclisten=127.0.0.1,vncunused=1,vncpasswd={CANARY}' ]\n"


def test_a_password_is_never_in_a_declaration():
    found = declaration(read(WITH_PASSWORD), "nbsd1", XEN1)
    assert found.raw is None
    assert "domu_secrets" in found.why
    assert CANARY not in repr(found)


def test_with_the_password_in_the_inventory_the_guest_is_declared_without_it():
    host = Host("xen1", "4.20", os_defaults=OS_DEFAULTS, secrets={"nbsd1": {"vncpasswd": CANARY}})
    found = declaration(read(WITH_PASSWORD), "nbsd1", host)
    assert found.raw is not None
    assert found.raw["vnc"] is True
    assert CANARY not in repr(found)
    assert written(found.raw, host) == read(WITH_PASSWORD)


def test_a_wrong_password_in_the_inventory_declares_nothing():
    host = Host("xen1", "4.20", os_defaults=OS_DEFAULTS, secrets={"nbsd1": {"vncpasswd": "another"}})
    assert declaration(read(WITH_PASSWORD), "nbsd1", host).raw is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('type="hvm"\nvnc=1\n', "vnclisten ('127.0.0.1', and the configuration has nothing); vncunused (1, and the"),
        ('type="hvm"\nvnc=1\nvncunused=0\nvnclisten="127.0.0.1"\n', "vncunused (1, and the configuration has 0)"),
        ('kernel="/k"\nvfb=["vnc=1"]\n', "of vfb"),
        ('kernel="/k"\nvif=[""]\n', "nic 0: bridge is ''; allowed is the name of a bridge"),
        ('kernel="/k"\nvif=["mac=00:16:3e:00:00:01"]\n', "nic 0: bridge is ''; allowed is the name of a bridge"),
    ],
)
def test_what_no_declaration_says_is_told_with_what_to_write(text, why):
    found = declaration(read(f'name="w"\nmemory=64\n{text}'), "w", XEN1)
    assert found.raw is None
    assert why in found.why


def test_one_for_xm():
    host = Host("xen1", "4.2", dialect="xm", os_defaults=OS_DEFAULTS)
    text = HOWTO.replace('root = "xbd0"', 'root = "xbd0"\nextra = "-v"')
    found = declaration(read(text, "xm"), "nbsd1", host)
    assert found.raw is not None
    assert written(found.raw, host) == read(text, "xm")
