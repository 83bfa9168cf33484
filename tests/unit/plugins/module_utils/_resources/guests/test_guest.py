# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's declaration: what its keys become, and what is refused in which words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import (
    checks,
    values,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare import (
    guest as declared_guest,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.devices import Vnc
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.fields import Fields
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.declare.values import Health

KERNEL = "/home/xen/netbsd-XEN3_DOMU.gz"
WEB = {"name": "web1", "os": "netbsd", "memory": 128, "kernel": KERNEL}
HVM = {"name": "win1", "memory": 1024, "type": "hvm"}


def expand(raw, release=None, secrets=None, os_defaults=None):
    return declared_guest.expand(raw, "box", os_defaults or {}, secrets or {}, release)


def made(base=None, release=None, **keys):
    guest, problems = expand(dict(base or WEB, **keys), release)
    assert problems == []
    return guest


def problems_of(base=None, release=None, secrets=None, **keys):
    return expand(dict(base or WEB, **keys), release, secrets)[1]


# -- what becomes of it ------------------------------------------------------------------------------------------------


def test_a_short_declaration_leaves_everything_else_to_xen():
    guest = made()
    assert (guest.type, guest.xl_type, guest.state) == ("pv", "pv", "running")
    assert (guest.cpus, guest.weight, guest.cap, guest.pool) == ((), None, None, "")
    assert (guest.pci, guest.vnc, guest.value("serial"), guest.health) == ((), None, "", None)
    assert (guest.value("on_watchdog"), guest.value("on_soft_reset")) == ("", "")
    assert (guest.depends_on, guest.priority) == ((), 0)


def test_a_shim_is_pvh_to_xl():
    assert (made(type="pvshim").type, made(type="pvshim").xl_type) == ("pvshim", "pvh")


@pytest.mark.parametrize(
    ("declared", "cpus"),
    [
        (2, ("2",)),
        ("0-3,^1", ("0-3,^1",)),
        ("0-3, ^1", ("0-3,^1",)),
        ("all", ("all",)),
        ("all,^0", ("all,^0",)),
        ("nodes:0,^node:1", ("nodes:0,^node:1",)),
        (["2", 3], ("2", "3")),
        # A list counts for the virtual CPUs one by one, so its only item is not for all of them.
        (["2"], ("2", "all")),
        ([], ()),
    ],
)
def test_pinning(declared, cpus):
    assert made(vcpus=2, cpus=declared).cpus == cpus


def test_a_list_of_one_is_whole_for_one_virtual_cpu():
    assert made(cpus=["2"]).cpus == ("2",)


def test_shares_of_the_processor():
    guest = made(vcpus=2, weight=512, cap="150", pool="Pool-1")
    assert (guest.weight, guest.cap, guest.pool) == (512, 150, "Pool-1")
    assert made(cap=0).cap == 0, "no cap, which is not the same as not declared"


@pytest.mark.parametrize(
    ("declared", "vnc"),
    [
        (True, Vnc("127.0.0.1", None, "")),
        (False, None),
        ({"display": 0}, Vnc("127.0.0.1", 0, "")),
        ({"listen": "0.0.0.0", "display": "7", "keymap": "de"}, Vnc("0.0.0.0", 7, "de")),
        ({"listen": "::1"}, Vnc("::1", None, "")),
    ],
)
def test_a_screen(declared, vnc):
    assert made(vnc=declared).vnc == vnc


def test_pci_devices_have_one_spelling():
    (short, long) = made(pci=["03:00.0", {"bdf": "0000:04:00.1", "permissive": True, "rdm_policy": "strict"}]).pci
    assert (short.address, short.permissive) == ("0000:03:00.0", None)
    assert (long.address, long.permissive, long.rdm_policy) == ("0000:04:00.1", True, "strict")
    assert made(pci=[{"bdf": "03:00.0", "vslot": 5}]).pci[0].vslot == 5


def test_health():
    assert made(health={"console": "login:"}).health == Health("login:", "", None, 120)
    health = made(health={"port": 22, "address": "10.0.0.5", "timeout": 300}).health
    assert health == Health("", "10.0.0.5", 22, 300)


def test_order():
    guest = made(depends_on=["db1", "db1", "dns"], priority=-5)
    assert (guest.depends_on, guest.priority) == (("db1", "dns"), -5)
    assert made(depends_on="db1").depends_on == ("db1",)


@pytest.mark.parametrize("state", ["running", "paused", "shutdown", "destroyed", "saved", "absent"])
def test_states(state):
    assert made(state=state).state == state


def test_a_guest_that_is_to_be_gone_needs_its_name_only():
    assert made({"name": "old1"}, state="absent").name == "old1"


def test_defaults_of_a_system_reach_the_new_keys():
    defaults = {"netbsd": {"weight": 512, "health": {"console": "login:"}, "priority": 3}}
    assert declared_guest.os_defaults_problems(defaults) == []
    guest, problems = expand(dict(WEB, weight=100), os_defaults=defaults)
    assert (problems, guest.weight, guest.priority, guest.health.console) == ([], 100, 3, "login:")
    assert "depends_on is not a known key" in declared_guest.os_defaults_problems({"netbsd": {"depends_on": ["x"]}})[0]


def test_a_cd_is_read_only_and_an_hvm_guests_drive_may_be_empty():
    full, empty = made(HVM, disks=[{"path": "/a.iso", "cdrom": True}, {"cdrom": True, "vdev": "hdc"}]).disks
    assert (full.access, full.path, full.vdev) == ("ro", "/a.iso", "xvda")
    assert (empty.access, empty.path, empty.vdev) == ("ro", "", "hdc")


def test_a_free_name_is_free_in_every_spelling():
    disks = made(disks=[{"path": "/x"}, {"path": "/y", "vdev": "0xca00"}]).disks
    assert [disk.vdev for disk in disks] == ["xvdb", "0xca00"]


def test_disks_that_qemu_serves():
    (disk,) = made(disks=[{"path": "/x", "format": "qcow2", "backendtype": "qdisk", "discard": True}]).disks
    assert (disk.format, disk.backendtype, disk.discard) == ("qcow2", "qdisk", True)
    assert made(HVM, disks=[{"path": "/x", "format": "qcow2"}]).disks[0].format == "qcow2"


def test_an_interface_with_a_rate():
    (nic,) = made(nics=[{"bridge": "bridge0", "rate": "10MB/s@20ms", "type": "vif"}]).nics
    assert (nic.rate, nic.type) == ("10MB/s@20ms", "vif")


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"cpus": "0-"}, "cpus is '0-'; '0-' is none; allowed is a text like"),
        ({"cpus": "^all"}, "cpus is '^all'; '^all' is none"),
        ({"cpus": "3-1"}, "cpus is '3-1'; '3-1' is no range"),
        ({"cpus": "1,^1"}, "cpus is '1,^1'; no CPU is left"),
        ({"cpus": "^1"}, "no CPU is left; what ^ takes out must come after"),
        ({"cpus": True}, "cpus is True; allowed is a text like"),
        ({"cpus": {"0": "1"}}, "allowed is a text like"),
        ({"vcpus": 2, "cpus": ["0", "1", "2"]}, "cpus has 3 entries and the guest 2 virtual CPUs"),
        ({"weight": 0}, "weight is 0; allowed is a whole number from 1 to 65535"),
        ({"weight": 65536}, "weight is 65536; allowed"),
        ({"cap": -1}, "cap is -1; allowed is a whole number from 0"),
        ({"vcpus": 2, "cap": 201}, "cap is 201 percent; allowed are 0 (no cap) to 200"),
        ({"pool": "a b"}, "pool is 'a b'; allowed is the name of a CPU pool"),
        ({"pci": ["3:00"]}, "pci 0: bdf is '3:00'; allowed is the address"),
        ({"pci": ["03:00.*"]}, "the address of one function"),
        ({"pci": [{"bdf": "name=card"}]}, "the address of one function"),
        ({"pci": ["03:00.0", "0000:03:00.0"]}, "pci: 0000:03:00.0 is in the list twice"),
        ({"pci": [{"bdf": "03:00.0", "rdm_policy": "maybe"}]}, "rdm_policy is 'maybe'; allowed is strict or relaxed"),
        ({"pci": [{"bdf": "03:00.0", "sieze": True}]}, "sieze is not a known key; did you mean seize?"),
        ({"vnc": "yes"}, "vnc is 'yes'; allowed is true, false or a dictionary with listen, display, keymap"),
        ({"vnc": {"display": 100}}, "vnc: display is 100; allowed is a whole number from 0 to 99"),
        ({"vnc": {"listen": "0.0.0.0,x=1"}}, "vnc: listen is '0.0.0.0,x=1'; allowed is an address"),
        ({"vnc": {"keymap": "de,x"}}, "vnc: keymap is 'de,x'"),
        ({"vnc": {"port": 5900}}, "vnc: port is not a known key"),
        ({"serial": "pty"}, "serial is 'pty'; only an hvm guest has a serial line"),
        ({"vtpm": ["tpm1"]}, "vtpm is ['backend=tpm1']; only a pv or pvh guest can have a TPM, and NetBSD has no"),
        ({"os": "linux", "type": "pvshim", "vtpm": ["tpm1"]}, "vtpm is ['backend=tpm1']; only a pv or pvh guest"),
        ({"os": "linux", "vtpm": [{"uuid": ""}]}, "vtpm 0: backend is missing"),
        ({"settings": {"vtpm": ["backend=tpm1"]}}, "settings: vtpm is not allowed here; it follows from the guest's"),
        ({"on_watchdog": "explode"}, "on_watchdog is 'explode'; allowed is destroy"),
        ({"on_soft_reset": ""}, "on_soft_reset is ''; allowed is destroy"),
        ({"depends_on": ["web1"]}, "depends_on names the guest itself"),
        ({"depends_on": ["a/b"]}, "depends_on: 'a/b' is no guest's name"),
        ({"depends_on": {"db1": 1}}, "depends_on is {'db1': 1}; allowed is the name of a guest, or a list of them"),
        ({"priority": "first"}, "priority is 'first'; allowed is a whole number from -1000 to 1000"),
        ({"health": True}, "health is True; allowed is a dictionary with console, port, address, timeout"),
        ({"health": {}}, "health: there is nothing to look for"),
        ({"health": {"timeout": 5}}, "health: there is nothing to look for"),
        ({"health": {"port": 22}}, "health: address is missing; a port needs"),
        ({"health": {"address": "10.0.0.5", "console": "login:"}}, "health: port is missing"),
        ({"health": {"port": 70000, "address": "x"}}, "health: port is 70000; allowed"),
        ({"health": {"console": "login:", "timeout": 0}}, "health: timeout is 0; allowed is a whole number from 1"),
        ({"health": {"console": "a\nb"}}, "health: console is 'a\\nb'; allowed is text of one line"),
        ({"state": "stopped"}, "allowed is running, paused, shutdown, destroyed, saved or absent"),
        ({"type": "pvhvm"}, "type is 'pvhvm'; allowed is pv, pvh, hvm or pvshim"),
        ({"type": "pvshim", "kernel": None}, "kernel is missing; a pvshim guest needs a kernel"),
        ({"type": "pvshim", "disks": [{"path": "/x", "cdrom": True}]}, "NetBSD as a pvshim guest ignores such disks"),
        (
            {"disks": [{"path": "/x", "format": "qcow2"}]},
            "disk 0: format is 'qcow2'; allowed is raw, because the kernel",
        ),
        (
            {"disks": [{"path": "/x", "format": "vhd", "backendtype": "phy"}]},
            "allowed is raw, because the backend phy is the kernel",
        ),
        ({"os": "linux", "disks": [{"cdrom": True}]}, "disk 0: path is missing; only an hvm guest can have an empty"),
        ({"os": "linux", "disks": [{"path": "/x", "cdrom": True, "access": "rw"}]}, "access is 'rw'; allowed is ro"),
        ({"disks": [{"path": "/x", "script": "a,b"}]}, "script is 'a,b'; allowed is text without a comma"),
        ({"disks": [{"path": "/x", "backendtype": "tap"}]}, "backendtype is 'tap'; allowed is phy or qdisk"),
        ({"disks": [{"path": "/x", "discard": "maybe"}]}, "discard is 'maybe'; allowed is true or false"),
        ({"nics": [{"bridge": "bridge0", "mtu": 9000}]}, "nic 0: mtu is 9000; NetBSD ignores it there; set the MTU of"),
        ({"nics": [{"bridge": "bridge0", "vlan": 3}]}, "nic 0: vlan is 3; NetBSD ignores it there"),
        ({"nics": [{"bridge": "bridge0", "vifname": "x"}]}, "vifname is 'x'; NetBSD can't rename an interface"),
        ({"nics": [{"bridge": "bridge0", "type": "ioemu"}]}, "only an hvm guest has emulated interfaces"),
        ({"nics": [{"bridge": "bridge0", "rate": "10"}]}, "rate is '10'; allowed is bits or bytes a second"),
        ({"nics": [{"bridge": "bridge0", "rate": "0MB/s"}]}, "rate is '0MB/s'; allowed is bits or bytes a second"),
        ({"nics": 3}, "nics is 3; allowed is a list of bridges"),
        (
            {"settings": {"cpu_weight": 5}},
            "settings: cpu_weight is not allowed here; declare the guest's weight instead",
        ),
        ({"settings": {"cap": 5}}, "settings: cap is not allowed here; it follows from the guest's own keys"),
        ({"settings": {"dm_restrict": True}}, "settings: dm_restrict is not allowed; xl on NetBSD aborts with it"),
        ({"settings": {"vncdisplay": 1}}, "declare the guest's vnc: {display: ...} instead"),
        ({"settings": {"pvshim": True}}, "declare the guest's type: pvshim instead"),
        ({"vnc": True, "settings": {"vfb": ["sdl=1"]}}, "settings: vfb is not allowed beside vnc"),
    ],
)
def test_a_wrong_declaration_is_refused_with_what_is_allowed(keys, words):
    found = problems_of(**keys)
    assert any(words in line for line in found), found
    assert all(line.startswith("guest web1: ") for line in found)


def test_one_mistake_is_one_line():
    assert len(problems_of(cpus="nine")) == 1
    assert len(problems_of(nics=[{"bridge": "bridge0", "mtu": 9000}])) == 1
    assert len(problems_of(disks=[{"path": "/x", "format": "qcow2"}])) == 1
    assert len(problems_of(health={"port": 0, "address": "x"})) == 1
    assert len(problems_of(pci=["x"])) == 1


def test_a_password_with_a_comma_can_not_go_into_a_pv_guests_screen_and_is_not_shown():
    secrets = {"web1": {"vncpasswd": "hunt,er2"}}
    (line,) = problems_of(vnc=True, secrets=secrets)
    assert "vncpasswd holds a comma" in line and "er2" not in line
    assert problems_of(secrets=secrets) == []
    assert problems_of(HVM, vnc=True, secrets={"win1": {"vncpasswd": "hunt,er2"}}) == []


@pytest.mark.parametrize("value", [["vnc=1,vncpasswd=hunter2"], {"vncpasswd": "hunter2"}, [{"spicepasswd": "hunter2"}]])
def test_a_password_in_a_setting_is_refused_without_being_shown(value):
    (line,) = problems_of(settings={"vfb": value})
    assert "settings: vfb holds a password" in line and "hunter2" not in line


@pytest.mark.parametrize("vdev", ["hda", "xvdd", "hdb1", "0x300"])
def test_an_emulated_disk_can_not_be_read_only(vdev):
    disk = {"path": "/home/d.img", "vdev": vdev, "access": "ro"}
    (line,) = problems_of(HVM, disks=[disk])
    assert f"disk /home/d.img is {vdev} with access ro, which no emulated disk can be" in line
    assert problems_of(HVM, disks=[dict(disk, vdev="sda")]) == problems_of(HVM, disks=[dict(disk, vdev="xvde")]) == []
    assert problems_of(HVM, disks=[dict(disk, cdrom=True)]) == problems_of(disks=[disk]) == []


def test_pci_brings_a_warning():
    assert "PCI passthrough is not supported" in checks.warnings(made(pci=["03:00.0"]))[0]
    assert checks.warnings(made(pci=["03:00.0"]), "xm") == []
    assert checks.warnings(made()) == []


# -- releases ----------------------------------------------------------------------------------------------------------


def test_an_unknown_release_is_refused():
    with pytest.raises(Refused, match="release is '9.9'; allowed are 3.1, "):
        expand(WEB, "9.9")


def test_a_setting_must_be_known_to_the_release():
    assert problems_of(settings={"xenstore_feature_mask": 1}) == []
    (line,) = problems_of(release="4.20", settings={"xen_platform_pcii": 1})
    assert "settings: xen_platform_pcii is not a key of a guest's configuration in Xen 4.20; did you mean" in line
    assert "xen_platform_pci" in line.partition("did you mean")[2]


def test_everything_typed_is_known_to_the_newest_release():
    everything = dict(
        vcpus=2,
        cpus=["0", "1"],
        weight=512,
        cap=50,
        pool="Pool-0",
        pci=["03:00.0"],
        vnc=True,
        on_watchdog="restart",
        on_soft_reset="soft-reset",
    )
    made(release="4.20", type="pvshim", **everything)
    made(HVM, release="4.20", serial="pty", **everything)


def test_what_the_release_does_not_know_is_refused():
    assert problems_of(release="4.5", type="pvh") == [
        "guest web1: type is 'pvh'; Xen 4.5 has guests of type pv and hvm only"
    ]
    assert problems_of(release="4.5", type="pvshim") != []
    assert problems_of(release="4.5", weight=5, cpus="1") == []


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"type": "pvh"}, "type is 'pvh'; Xen 4.2 has guests of type pv and hvm only"),
        ({"type": "pvshim"}, "type is 'pvshim'; Xen 4.2 has guests of type pv and hvm only"),
        ({"on_soft_reset": "destroy"}, "on_soft_reset is given, which Xen 4.2 does not know"),
        ({"on_watchdog": "destroy"}, "on_watchdog is given, which Xen 4.2 does not know"),
        ({"os": "linux", "vtpm": ["tpm1"]}, "vtpm is given, which xm can't be told; leave it out"),
        ({"cpus": "all"}, "cpus is 'all'; xm takes numbers, ranges and ^ only"),
        ({"cmdline": "-v \u00e9"}, "cmdline is '-v \u00e9'; xm reads ASCII only"),
        ({"disks": ["/home/a,b.img"]}, "/home/a,b.img: xm reads no path with a comma"),
        ({"disks": [{"path": "/x", "script": "/s"}]}, "xm knows raw disks and CDs only"),
        ({"pci": [{"bdf": "03:00.0", "seize": True}]}, "pci: 0000:03:00.0 has seize, which xm does not know"),
    ],
)
def test_what_xm_can_not_be_told(keys, words):
    found = problems_of(release="4.2", **keys)
    assert any(words in line for line in found), found
    assert all(line.startswith("guest web1: ") for line in found)


def test_an_old_release_takes_what_it_knows():
    made(release="4.2", os="linux", vcpus=1, maxvcpus=2, cpus="0-3,^1", weight=5, cap=5, disks=["/dev/wd0e"], vnc=True)
    made(HVM, release="3.3", serial="pty", vnc={"display": 1}, disks=[{"cdrom": True, "vdev": "hdc"}])
    assert problems_of(release="3.3", os="linux", maxvcpus=2) == [
        "guest web1: maxvcpus is 2; Xen 3.3 starts all of a guest's virtual CPUs"
    ]


# -- how values are read -----------------------------------------------------------------------------------------------


def read_words(given):
    fields = values.GuestFields("web1", {"toy": given}, "box")
    return values.words("maker", maker=Fields.word, id=values.given_uuid)(fields, "toy"), fields.problems


def test_devices_of_words():
    uuid = "5E6F2A0C-0000-4000-8000-000000000001"
    assert read_words(["lego", {"maker": "brio", "id": uuid}, {"id": None, "maker": "x"}]) == (
        ("maker=lego", f"maker=brio,id={uuid.lower()}", "maker=x"),
        [],
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("lego", "guest web1: toy is 'lego'; allowed is a list of makers or of dictionaries with maker, id"),
        ([{"id": ""}], "guest web1: toy 0: maker is missing"),
        (["a,b"], "guest web1: toy 0: maker is 'a,b'; allowed is text without a comma"),
        (["x", {"maker": "x", "id": "1"}], "guest web1: toy 1: id is '1'; allowed is 32 hexadecimal digits"),
        ([{"maker": "x", "mkaer": "y"}], "guest web1: toy 0: mkaer is not a known key; did you mean maker?"),
    ],
)
def test_words_that_are_wrong(given, words):
    (problem,) = read_words(given)[1]
    assert problem.startswith(words)


# -- whatever comes ----------------------------------------------------------------------------------------------------

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(declared_guest.GUEST_KEYS), anything, max_size=6))
def test_no_declaration_makes_it_crash(keys):
    guest, problems = expand(dict(WEB, **keys), "4.20")
    assert guest is not None or problems
    assert all("\n" not in line for line in problems)


@given(st.lists(st.dictionaries(st.sampled_from(["path", "vdev", "cdrom", "format", "size", "bdf", "mac"]), anything)))
def test_no_list_of_devices_makes_it_crash(items):
    _guest_found, problems = expand(dict(WEB, disks=items, nics=items, pci=items), "4.20")
    assert isinstance(problems, list)
