# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What xl prints, from transcripts of real ones; and the life test that comes before every call of it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed, Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xl_output
from ansible_collections.netbsd.xen.plugins.module_utils._plain import as_plain
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack.xl import Xl
from ansible_collections.netbsd.xen.tests.unit.support.fakes import Domain, FakeXen, MemoryHost
from ansible_collections.netbsd.xen.tests.unit.support.toolstack_acts import EVERY_ACT

HEADER = "Name                                        ID   Mem VCPUs\tState\tTime(s)\n"
# records list_space, list_crashed (xl 4.20), create-destroy-now (NetBSD 7.99.10)
LIST = HEADER + (
    "Domain-0                                     0   768     1     r-----     122.7\n"
    "x1                                           7    32     1     r-----      19.4\n"
    "sp ace                                      16    32     1     --p---       0.0\n"
    "crash1                                       3   128     1     ---sc-      13.6\n"
    "(null)                                      17     0     1     --p--d       0.1\n"
)


def test_rows_and_names_with_blanks():
    rows = xl_output.parse_list(LIST)
    assert [(row.name, row.domid, row.memory) for row in rows] == [
        ("Domain-0", 0, 768),
        ("x1", 7, 32),
        ("sp ace", 16, 32),
        ("crash1", 3, 128),
        ("(null)", 17, 0),
    ]
    assert [row.paused for row in rows] == [False, False, True, False, True]
    assert [row.down for row in rows] == [False, False, False, True, False]
    assert [row.crashed for row in rows] == [False, False, False, True, False]
    assert [row.dying for row in rows] == [False, False, False, False, True]


@given(
    st.text(st.characters(min_codepoint=33, max_codepoint=126) | st.just(" "), min_size=1, max_size=60).map(str.strip),
    st.integers(0, 65535),
    st.integers(0, 1 << 24),
    st.integers(1, 128),
)
def test_any_name_survives(name, domid, memory, vcpus):
    line = f"{name:<40} {domid:5d} {memory:5d} {vcpus:5d}     -b----  {12345.6:8.1f}\n"
    (row,) = xl_output.parse_list(HEADER + line)
    assert (row.name, row.domid, row.memory, row.vcpus, row.state) == (name, domid, memory, vcpus, "-b----")


@pytest.mark.parametrize("text", ["", "cannot init xl context\n", HEADER + "what is this\n"])
def test_something_else_is_no_list(text):
    with pytest.raises(ValueError, match="xl list printed"):
        xl_output.parse_list(text)


# record list_l_linux (xl 4.20), its guest
LINUX1 = """[{"domid": 29, "config": {
    "c_info": {"type": "pv", "name": "linux1", "domid": 4294967295, "uuid": "71d44e7b-3411-49a9-b94a-33bd59826894",
               "run_hotplug_scripts": "True"},
    "b_info": {"max_vcpus": 2, "avail_vcpus": [0], "max_memkb": 131072, "target_memkb": 98304, "video_memkb": 0,
               "sched_params": {"sched": "credit2", "weight": 256, "cap": 0}, "claim_mode": "True",
               "kernel": "/srv/xen/vmlinux", "cmdline": "console=hvc0 quiet ip4=10.99.0.11/24",
               "ramdisk": "/srv/xen/initrd.img", "type.pv": {}, "arch_arm": {}, "arch_x86": {"msr_relaxed": "False"}},
    "disks": [{"pdev_path": "/srv/xen/disk1.img", "vdev": "xvda", "format": "raw", "readwrite": 1,
               "colo_restore_enable": "False"}],
    "nics": [{"devid": 0, "mac": "00:16:3e:00:00:11", "bridge": "xenbr0", "nictype": "vif"}],
    "on_reboot": "restart", "on_soft_reset": "soft_reset"}}]"""


def test_running_domains_in_the_words_of_a_declaration():
    host = MemoryHost()
    lines = "Domain-0                                     0   768     1     r-----     122.7\n"
    lines += "linux1                                      29    96     1     -b----       5.7\n"
    said = {("list",): HEADER + lines, ("list", "-l"): LINUX1}
    host.programs["/usr/pkg/sbin/xl"] = lambda args: (0, said[tuple(args)], "")
    (found,) = Xl(host).domains()
    assert (found.name, found.domid, found.used, found.state) == ("linux1", 29, 96, "-b----")
    assert (found.pool, found.cpus) == (None, None)
    config = found.config
    assert (config["memory"], config["maxmem"], config["vcpus"], config["maxvcpus"]) == (96, 128, 1, 2)
    assert (config["cpu_weight"], config.get("cap", 0), config["type"]) == (256, 0, "pv")
    assert config["uuid"] == "71d44e7b-3411-49a9-b94a-33bd59826894"
    assert config["disk"][0]["path"] == "/srv/xen/disk1.img"
    assert config["vif"][0]["mac"] == "00:16:3e:00:00:11"
    assert (config["on_poweroff"], config["on_reboot"], config["on_crash"]) == ("destroy", "restart", "destroy")
    assert json.loads(json.dumps(as_plain(found))) == as_plain(found)
    assert found.row == xl_output.parse_list(HEADER + lines)[1]


# records list_c, vcpulist_pinned (xl 4.17)
LIST_C = (
    "Name                                        ID   Mem VCPUs\tState\tTime(s)         Cpupool\n"
    "Domain-0                                     0   768     1     r-----     188.0          Pool-0\n"
    "linux1                                      29    96     1     -b----       4.4          Pool-0\n"
)
VCPU_LIST = (
    "Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)\n"
    "linux1                              29     0    1   -b-       4.1  1 / all\n"
    "linux1                              29     1    -   --p       0.7  all / all\n"
)


def test_pools_and_pins_are_read_where_they_are_asked_for():
    host = MemoryHost()
    said = {("list", "-c"): LIST_C, ("list", "-l"): LINUX1, ("vcpu-list",): VCPU_LIST}
    host.programs["/usr/pkg/sbin/xl"] = lambda args: (0, said[tuple(args)], "")
    (found,) = Xl(host).domains(pools=True, pins=True)
    assert (found.pool, found.cpus) == ("Pool-0", {"0": "1", "1": "all"})
    assert len(host.ran("xl")) == 3


@pytest.mark.parametrize("text", ["", "(domain (domid 0))", "{}"])
def test_a_long_list_that_is_no_json_is_told(text):
    with pytest.raises(ValueError, match="xl list -l printed"):
        xl_output.parse_list_long(text)


def test_info():
    # record info (xl 4.20)
    text = "host                   : xenlab\nfree_memory            : 2270\nxen_changeset          : \n"
    assert xl_output.parse_info(text) == {"host": "xenlab", "free_memory": "2270", "xen_changeset": ""}


PARSING = "Parsing config from /home/t/x.cfg\n"
QEMU = (
    "libxl: info: libxl_create.c:123:libxl__domain_build_info_setdefault: qemu-xen is unavailable, "
    "using qemu-xen-traditional instead: No such file or directory\n"
)
NO_KERNEL = (
    "xc: error: panic: xg_dom_core.c:207: failed to open file '/home/nope': No such file or directory: Internal error"
)
MISLEADING = (
    "libxl: error: libxl_domain.c:1183:libxl__destroy_domid: Domain 4:Non-existant domain\n"
    "libxl: error: libxl_domain.c:1137:domain_destroy_callback: Domain 4:Unable to destroy guest\n"
)


@pytest.mark.parametrize(
    ("stderr", "cause"),
    [
        # record create-nokern (NetBSD 7.99.10)
        (
            NO_KERNEL + "\n",
            NO_KERNEL,
        ),
        # record create-vifdef (NetBSD 7.99.10)
        (
            "brconfig: xenbr0 is not a bridge\nlibxl: error: libxl_exec.c:118:libxl_report_child_exitstatus: "
            "/usr/pkg/etc/xen/scripts/vif-bridge /local/domain/0/backend/vif/8/0 [3417] exited with error status 1\n",
            "brconfig: xenbr0 is not a bridge",
        ),
        # record create_missing_bridge (xl 4.20)
        (
            "libxl: error: libxl_exec.c:117:libxl_report_child_exitstatus: /etc/xen/scripts/vif-bridge online [1439] "
            "exited with error status 1\nlibxl: error: libxl_device.c:1351:device_hotplug_child_death_cb: script: "
            "Could not find bridge device nosuchbr\n",
            "Could not find bridge device nosuchbr",
        ),
    ],
)
def test_the_cause_is_never_among_the_last_lines(stderr, cause):
    assert xl_output.cause(PARSING + QEMU + stderr + MISLEADING) == cause


def test_no_cause_in_no_output():
    assert xl_output.cause(PARSING) == ""


@pytest.mark.parametrize(
    ("process", "lives"),
    [
        ("  402 xenstored", True),
        ("  402 /usr/pkg/sbin/xenstored", True),
        ("  402 oxenstored", True),
        ("  402 xenconsoled", False),
        ("  402 (xenstored)", False),
        ("  402 xenstored <defunct>", False),
        ("  402 xenstored-watch", False),
    ],
)
def test_the_life_test(process, lives):
    host = MemoryHost()
    FakeXen(host)
    host.programs["/bin/ps"] = lambda args: (0, f"    1 init\n{process}\n", "")
    alive, why = Xl(host).alive()
    assert (alive, "xencommons onestart" in why) == (lives, not lives)


def test_a_debian_that_is_no_dom0():
    host = MemoryHost("Linux")
    FakeXen(host)
    assert Xl(host).alive() == (True, "")
    host.put("/proc/xen/capabilities", "")
    assert "does not say control_d" in Xl(host).alive()[1]


def test_missing_tools_are_told():
    host = MemoryHost()
    FakeXen(host)
    host.remove("/usr/pkg/sbin/xl")
    assert "the Xen tools are not installed" in Xl(host).alive()[1]


def test_output_that_is_not_understood_fails_with_the_command():
    host = MemoryHost()
    FakeXen(host)
    host.programs["/usr/pkg/sbin/xl"] = lambda args: (0, "(domain (domid 0))\n", "")
    with pytest.raises(CommandFailed, match="output_format") as error:
        Xl(host).configs()
    assert error.value.details["command"] == ["/usr/pkg/sbin/xl", "list", "-l"]


def test_info_of_a_machine():
    host = MemoryHost()
    FakeXen(host, free=77)
    assert Xl(host).info()["free_memory"] == "77"


class OtherHands(FakeXen):
    """Somebody else creates a domain of the same name after we have looked and before our own create is through."""

    def xl_create(self, args):
        self.domains.append(Domain("web1", 7, 512, 512, 1, 1, {"name": "web1"}))
        return self.answer


CONFIG = "/usr/pkg/etc/xen/web1"


def racing(rc, stderr):
    host = MemoryHost()
    host.put(CONFIG, 'name = "web1"\nmemory = 512\n')
    xen = OtherHands(host)
    xen.answer = rc, "", stderr
    return host, xen


def test_a_guest_that_others_started_meanwhile_is_never_destroyed():
    # record create_duplicate (xl 4.20): 28 is the half-made domain of the create that failed
    host, xen = racing(
        3,
        "Parsing config from web1\nlibxl: error: libxl_domain.c:81:libxl__domain_rename: Domain 28:Domain with name "
        '"web1" already exists.\n'
        "libxl: error: libxl_create.c:1351:initiate_domain_create: Domain 28:cannot make domain: -6\n",
    )
    with pytest.raises(CommandFailed, match='Domain with name "web1" already exists'):
        Xl(host).create(CONFIG, "web1", before={0})
    assert [domain.domid for domain in xen.domains] == [7]


def test_only_the_domain_that_the_messages_name_is_cleaned_up():
    host, xen = racing(
        3, "libxl: error: libxl_create.c:1695:domcreate_rebuild_done: Domain 4:cannot (re-)build domain: -3\n"
    )
    xen.domains.append(Domain("web1", 4, 512, 512, 1, 1, {"name": "web1"}))
    with pytest.raises(CommandFailed, match="half-made domain 4 "):
        Xl(host).create(CONFIG, "web1", before={0})
    assert [domain.domid for domain in xen.domains] == [7]


def test_of_two_that_may_be_ours_none_is_destroyed():
    host, xen = racing(3, "xl: fatal error: xl_utils.c:277: No such file or directory\n")
    xen.domains.append(Domain("web1", 4, 512, 512, 1, 1, {"name": "web1"}))
    with pytest.raises(CommandFailed, match="domains 4, 7 .* look which one is right"):
        Xl(host).create(CONFIG, "web1", before={0})
    assert len(xen.domains) == 2


def test_two_creates_that_both_succeed_are_told():
    # behaviour 2 of the real xl: two at once can both return 0 and leave two domains of one name
    host, xen = racing(0, "Parsing config from web1\n")
    xen.domains.append(Domain("web1", 4, 512, 512, 1, 1, {"name": "web1"}))
    with pytest.raises(CommandFailed, match="domains 4, 7 .* look which one is right"):
        Xl(host).create(CONFIG, "web1", before={0})
    assert len(xen.domains) == 2


@pytest.mark.parametrize("act", EVERY_ACT, ids=range(len(EVERY_ACT)))
def test_domain_0_is_left_alone(act):
    host = MemoryHost()
    FakeXen(host)
    with pytest.raises(XenError, match="Domain 0 is this machine itself"):
        act(Xl(host), xl_output.Row("Domain-0", 0, 512, 1, "r-----"))
    assert [words for words in host.ran("xl") if words[0] not in ("list", "info")] == []


def test_xl_keeps_no_domain_that_could_be_forgotten():
    host = MemoryHost()
    FakeXen(host)
    with pytest.raises(Refused, match="'web1' is no domain that xl keeps"):
        Xl(host).delete("web1")
    assert host.ran("xl") == []
