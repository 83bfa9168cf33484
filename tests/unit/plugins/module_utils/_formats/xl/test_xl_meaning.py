# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a configuration means, what is wrong with it: against the recorded verdicts of real xl, and point by point."""

from __future__ import annotations

import re

import pytest
from corpus import RELEASES, recorded, texts
from corpus_compare import differences, tally
from hypothesis import given
from hypothesis import strategies as st
from xl_effective import effective
from xl_problems import problems

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xl_config, xlcfg
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xl_keys import DEVICES, KEYS
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xlcfg_keys import (
    COMMON_KEYS,
    OTHER_KEYS,
    known_keys,
)

PV = {"name": "g", "kernel": "/k", "memory": "64"}
HVM = {"name": "g", "type": "hvm", "memory": "64"}

letters = st.characters(blacklist_characters="\0", blacklist_categories=("Cs",))
values = st.recursive(
    st.text(letters, max_size=20) | st.integers(-5, 5000).map(str), lambda inner: st.lists(inner, max_size=3)
)
keys = st.sampled_from(sorted(COMMON_KEYS | OTHER_KEYS | {"nonsense", "stdvga"}))


@pytest.mark.parametrize("release", RELEASES)
def test_every_configuration_of_the_corpus_is_understood_as_real_xl_did(release):
    verdicts = recorded(release)
    print(f"Xen {release}: {tally(verdicts)}")
    assert differences(release, verdicts) == []


@pytest.mark.parametrize("release", RELEASES)
def test_the_records_are_of_this_corpus_and_large_enough(release):
    verdicts = recorded(release)
    assert set(verdicts) == set(texts())
    assert sum(verdict.accepted for verdict in verdicts.values()) > 150
    assert sum(not verdict.accepted for verdict in verdicts.values()) > 150


def test_every_key_is_in_the_corpus():
    """Apart from what belongs to no release that there is a record of."""
    named = set()
    for text in texts().values():
        try:
            named |= set(xlcfg.parse(text))
        except xlcfg.XlcfgError:
            continue
    assert known_keys("4.17") | known_keys("4.20") <= named


def test_what_xl_refuses_can_be_compared_as_well():
    """A file that somebody else wrote must not stop a run, whatever is in it."""
    judged = 0
    for text in texts().values():
        try:
            settings = xlcfg.parse(text)
        except xlcfg.XlcfgError:
            continue
        assert effective(settings)["type"]
        judged += 1
    assert judged > 400


@given(st.dictionaries(keys, values, max_size=5), st.sampled_from([None, "4.17", "4.20", "4.2"]))
def test_any_configuration_is_judged(settings, release):
    assert all(isinstance(line, str) for line in problems(settings, release))
    assert isinstance(effective(settings, release), dict)


@given(st.dictionaries(keys, values, max_size=5))
def test_what_is_written_anew_means_the_same(settings):
    again = xlcfg.parse(xlcfg.render(settings))
    assert xl_config.settled(again) == xl_config.settled(settings)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"builder": "hvm"}, {"type": "hvm"}),
        ({"builder": "generic"}, {"type": "pv"}),
        ({"builder": "linux"}, {"type": "pv"}),
        ({"root": "xbd0a", "extra": "-v"}, {"cmdline": "root=xbd0a -v"}),
        ({"cmdline": "a", "root": "b"}, {"cmdline": "a"}),
        ({"memory": "0x40"}, {"memory": "64"}),
        ({"memory": 64}, {"memory": "64", "maxmem": "64"}),
        ({"vcpus": 2}, {"vcpus": "2", "maxvcpus": "2"}),
        ({"localtime": True}, {"localtime": "2"}),
        ({"tsc_mode": "2"}, {"tsc_mode": "native"}),
        ({"tsc_mode": "default"}, {}),
        ({"on_watchdog": "destroy"}, {}),
        ({"cpus": "0,1"}, {"cpus": "0-1"}),
        ({"cpus": ["0", "0"], "vcpus": 2}, {"cpus": "0", "vcpus": 2}),
        ({"pci": ["03:00.0"], "pci_seize": 1}, {"pci": ["0000:03:00.0,seize=1,permissive=0"]}),
        ({"vfb": ["vnc=1, vncdisplay=3"]}, {"vfb": ["vncdisplay=3,vnc=1"]}),
        ({"ioports": ["0x2f8-2ff"]}, {"ioports": ["2f8-0x2FF"]}),
        ({"type": "hvm", "firmware": "uefi"}, {"type": "hvm", "bios": "ovmf"}),
        ({"type": "hvm", "stdvga": 1}, {"type": "hvm", "vga": "stdvga"}),
        ({"type": "hvm", "viridian": ["defaults"]}, {"type": "hvm", "viridian": 1}),
        ({"vif": [""]}, {"vif": ["devid=0"]}),
        ({"disk": ["file:/a,xvda,w"]}, {"disk": ["vdev=0xca00,target=/a"]}),
    ],
)
def test_two_spellings_mean_the_same(one, other):
    assert xl_config.settled(one) == xl_config.settled(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"memory": "64"}, {"memory": "65"}),
        ({"type": "pv"}, {"type": "pvh"}),
        ({"nonsense": "a"}, {"nonsense": "b"}),
        ({"cpus": "0"}, {"cpus": "1"}),
        ({"vfb": ["vnc=1"]}, {"vfb": ["vnc=0"]}),
        ({"pci": ["03:00.0"]}, {"pci": ["03:00.1"]}),
        ({"vif": ["trusted"]}, {"vif": ["untrusted"]}),
        ({"disk": []}, {"disk": [",hdc:cdrom,r"]}),
    ],
)
def test_two_meanings_stay_two(one, other):
    assert xl_config.settled(one) != xl_config.settled(other)


def test_a_guest_of_few_words_has_the_defaults_of_xl():
    assert xl_config.settled(PV) == {
        "name": "g",
        "type": "pv",
        "kernel": "/k",
        "memory": 64,
        "maxmem": 64,
        "vcpus": 1,
        "maxvcpus": 1,
        "disk": [],
        "vif": [],
        "on_poweroff": "destroy",
        "on_reboot": "restart",
        "on_crash": "destroy",
    }


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"kernel": "/k"}, "name is missing"),
        ({"name": "g"}, "neither kernel nor bootloader is given"),
        ({**PV, "type": "xyz"}, "is no type of guest"),
        ({**PV, "uuid": "x"}, "uuid 'x' is not"),
        ({**PV, "vcpus": 4, "maxvcpus": 2}, r"maxvcpus \(2\) is less than vcpus \(4\)"),
        ({**PV, "on_crash": "explode"}, "on_crash is 'explode'; allowed are destroy"),
        ({**PV, "disk": ["/a"]}, "has no vdev"),
        ({**PV, "pci": ["x"]}, "is no PCI device"),
        ({**PV, "vif": ["rate=fast"]}, "the rate 'fast' is none"),
        ({**PV, "cpus": "^all"}, r"cpus: '\^all' is not possible"),
        ({**PV, "cpus": "9"}, "no CPU of the host is in '9'"),
        ({**PV, "vtpm": ["type=x,backend=b"]}, "vtpm: 'type' is not known"),
        ({**HVM, "bios": "phoenix"}, "bios is 'phoenix'; allowed are rombios, seabios, ovmf"),
        ({**HVM, "mmio_hole": 1}, "mmio_hole is 1; allowed are 256 to 3840 MiB"),
        ({**HVM, "vnclisten": "a:1", "vncdisplay": 2}, "VNC display is given twice"),
    ],
)
def test_what_xl_would_refuse_is_said(settings, problem):
    found = problems({"vcpus": 1, **settings}, cpus=8)
    assert len(found) == 1
    assert re.search(problem, found[0])


@pytest.mark.parametrize(
    ("settings", "release", "refused"),
    [
        ({**PV, "tee": "ffa"}, "4.17", True),
        ({**PV, "tee": "ffa"}, "4.20", False),
        ({**PV, "p9": ["tag=t"]}, "4.17", True),
        ({**PV, "p9": ["tag=t"]}, "4.20", False),
        ({**PV, "virtio": ["colour=b"]}, "4.17", False),
        ({**PV, "virtio": ["colour=b"]}, "4.20", True),
        ({**PV, "disk": ["/a,raw,xvda,w,trusted"]}, "4.17", True),
        ({**PV, "disk": ["/a,raw,xvda,w,trusted"]}, "4.20", False),
    ],
)
def test_releases_do_not_refuse_the_same(settings, release, refused):
    assert bool(problems(settings, release)) is refused


def test_nothing_is_told_of_a_good_configuration():
    good = {
        **PV,
        "vif": ["mac=00:16:3e:00:00:11,bridge=bridge0", ""],
        "disk": ["/a,raw,xvda,w"],
        "vnc": 1,
        "vncdisplay": 3,
        "rtc_timeoffset": "-3600",
    }
    assert problems(good) == []


def test_keys_by_release():
    assert known_keys("4.14") < known_keys("4.17") < known_keys("4.18") < known_keys("4.20") < known_keys(None)
    assert known_keys("4.19") == known_keys("4.18")
    assert known_keys("4.16") == known_keys("4.14")
    assert {"vcpu_avail", "bootargs"} <= known_keys("3.1") < known_keys("4.1") == known_keys("4.2")
    assert set(KEYS) | set(DEVICES) <= known_keys(None)
