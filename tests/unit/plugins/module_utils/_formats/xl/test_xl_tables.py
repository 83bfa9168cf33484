# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of xl's lists, from transcripts of real ones, and those of xm as its source prints them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xl_tables

# records vcpulist, vcpulist_pinned (xl 4.20)
VCPUS = """\
Name                                ID  VCPU   CPU State   Time(s) Affinity (Hard / Soft)
Domain-0                             0     0    1   r--     201.5  all / all
linux1                              29     0    1   -b-       5.2  1 / all
linux1                              29     1    -   --p       0.9  0-1,3 / all
"""
# the widths and words of xm_vcpu_list in tools/python/xen/xm/main.py: Xen 4.2, Xen 3.1
XM_VCPUS = """\
Name                                ID  VCPU   CPU State   Time(s) CPU Affinity
Domain-0                             0     0     0   r--      201.5 any cpu
web1                                 3     0     1   -b-        4.5 0-1,3
web1                                 3     1     -   --p        0.9 no cpus
web1                                 3     2                    0.9 1
sleeper                                    0                    0.0 any cpu
"""
XM31_VCPUS = """\
Name                              ID  VCPU   CPU State   Time(s) CPU Affinity
Domain-0                           0     0     0   r--      201.5 any cpu
"""
# records net_list_2 (xl 4.20), net-attach-running (NetBSD 7.99.10)
NICS = """\
Idx BE Mac Addr.         handle state evt-ch   tx-/rx-ring-ref BE-path                       \n\
0   0  00:16:3e:00:00:11     0     4     -1   522/523         /local/domain/0/backend/vif/29/0
1   0  00:16:3e:00:00:22     1    -1     -1    -1/-1          /local/domain/0/backend/vif/29/1
"""
# xm_network_list and xm_block_list of Xen 4.2
XM_NICS = """\
Idx BE     MAC Addr.     handle state evt-ch tx-/rx-ring-ref BE-path
0   0  00:16:3E:00:00:11    0     4      9     768  /769     /local/domain/0/backend/vif/3/0  \n\
1   0  ??                   1     -1     -1    -1   /-1      ??                              \n\
"""
# record blocklist-five (NetBSD 7.99.10)
DISKS = """\
Vdev  BE  handle state evt-ch ring-ref BE-path                       \n\
51712 0   13     3     6      511      /local/domain/0/backend/vbd/13/51712
51744 0   13     1     -1     -1       /local/domain/0/backend/vbd/13/51744
"""
XM_DISKS = """\
Vdev  BE handle state evt-ch ring-ref BE-path
51712  0    0     4      6      8     /local/domain/0/backend/vbd/3/51712  \n\
"""
# record cpupool_list_3 (xl 4.20)
POOLS = """\
Name               CPUs   Sched     Active   Domain count
Pool-0               1   credit2       y          1
pool 2               1   credit2       n          0
"""


def test_vcpus_of_xl():
    dom0, first, second = xl_tables.parse_vcpu_list(VCPUS)
    assert (dom0.name, dom0.domid, dom0.vcpu, dom0.cpu, dom0.state) == ("Domain-0", 0, 0, 1, "r--")
    assert (first.domid, first.cpu, first.hard, first.soft, first.seconds) == (29, 1, "1", "all", 5.2)
    assert (second.vcpu, second.cpu, second.state, second.hard) == (1, None, "--p", "0-1,3")


def test_a_name_may_hold_what_python_takes_for_a_line_break():
    name = "sp\x85\u2028ace"
    line = f"{name:<35}  3     0    1   -b-       5.2  all / all\n"
    (vcpu,) = xl_tables.parse_vcpu_list(VCPUS.splitlines()[0] + "\n" + line)
    assert (vcpu.name, vcpu.domid) == (name, 3)


def test_vcpus_of_xm_and_a_domain_that_does_not_run_has_none():
    found = xl_tables.parse_vcpu_list(XM_VCPUS)
    assert [(each.name, each.domid, each.vcpu) for each in found] == [
        ("Domain-0", 0, 0),
        ("web1", 3, 0),
        ("web1", 3, 1),
        ("web1", 3, 2),
    ]
    assert [each.hard for each in found] == ["all", "0-1,3", None, "1"]
    assert [each.cpu for each in found] == [0, 1, None, None]
    assert [each.state for each in found] == ["r--", "-b-", "--p", None]
    assert {each.soft for each in found} == {None}


def test_vcpus_of_xm_31():
    (dom0,) = xl_tables.parse_vcpu_list(XM31_VCPUS)
    assert (dom0.domid, dom0.hard) == (0, "all")


def test_nics_of_xl():
    first, second = xl_tables.parse_network_list(NICS)
    assert (first.index, first.backend, first.mac, first.handle, first.state) == (0, 0, "00:16:3e:00:00:11", 0, 4)
    assert (first.event_channel, first.tx_ring, first.rx_ring) == (None, 522, 523)
    assert first.path == "/local/domain/0/backend/vif/29/0"
    assert (second.index, second.state, second.tx_ring, second.rx_ring) == (1, None, None, None)


def test_nics_of_xm_and_question_marks_are_unknown():
    first, second = xl_tables.parse_network_list(XM_NICS)
    assert (first.mac, first.state, first.event_channel, first.tx_ring) == ("00:16:3e:00:00:11", 4, 9, 768)
    assert first.path == "/local/domain/0/backend/vif/3/0"
    assert (second.mac, second.handle, second.path) == (None, 1, None)


def test_disks():
    first, second = xl_tables.parse_block_list(DISKS)
    assert (first.vdev, first.backend, first.handle, first.state) == (51712, 0, 13, 3)
    assert (first.event_channel, first.ring, first.path) == (6, 511, "/local/domain/0/backend/vbd/13/51712")
    assert (second.event_channel, second.ring) == (None, None)
    (of_xm,) = xl_tables.parse_block_list(XM_DISKS)
    assert (of_xm.vdev, of_xm.handle, of_xm.state, of_xm.ring) == (51712, 0, 4, 8)


def test_pools():
    first, second = xl_tables.parse_cpupool_list(POOLS)
    assert (first.name, first.cpus, first.scheduler, first.active, first.domains) == ("Pool-0", 1, "credit2", True, 1)
    assert (second.name, second.active, second.domains) == ("pool 2", False, 0)


PARSERS = [
    xl_tables.parse_vcpu_list,
    xl_tables.parse_network_list,
    xl_tables.parse_block_list,
    xl_tables.parse_cpupool_list,
]


def test_fields_that_are_missing_are_unknown():
    (nic,) = xl_tables.parse_network_list(NICS.splitlines()[0] + "\n7\n")
    assert (nic.index, nic.backend, nic.mac, nic.tx_ring, nic.path) == (7, None, None, None, None)
    (disk,) = xl_tables.parse_block_list(DISKS.splitlines()[0] + "\n768 0\n")
    assert (disk.vdev, disk.backend, disk.state, disk.path) == (768, 0, None, None)
    (vcpu,) = xl_tables.parse_vcpu_list(VCPUS.splitlines()[0] + "\ng 1 0 0 -b- 1.0\n")
    assert (vcpu.domid, vcpu.hard, vcpu.soft) == (1, None, None)


@pytest.mark.parametrize("parse", PARSERS)
def test_nothing_and_something_else(parse):
    assert parse("") == []
    with pytest.raises(ValueError, match="printed no table, but 'cannot init xl context'"):
        parse("cannot init xl context\n")


@pytest.mark.parametrize(("parse", "table"), list(zip(PARSERS, (VCPUS, NICS, DISKS, POOLS))))
def test_a_line_that_is_not_understood_is_said(parse, table):
    with pytest.raises(ValueError, match="not understood: 'what is this'"):
        parse(table + "what is this\n")


@pytest.mark.parametrize("parse", PARSERS)
@given(text=st.text(), start=st.sampled_from(["", "Name\n", "Idx\n", "Vdev\n"]))
def test_nothing_else_than_value_error(parse, text, start):
    try:
        assert isinstance(parse(start + text), list)
    except ValueError:
        pass


SHARES_3_1 = """Name                              ID Weight Cap\x20
Domain-0                           0    256    0
lin 1                              7    512   40
"""


# record sched_credit2_dom (xl 4.20)
SHARES_OF_ONE = """\
Name                                ID Weight  Cap
linux1                              29    512   50
"""


def test_shares_of_one_domain():
    assert xl_tables.parse_shares(SHARES_OF_ONE) == {29: (512, 50)}


def test_the_weight_of_dom0():
    assert xl_tables.dom0_weight(SHARES_3_1) == 256
    with pytest.raises(ValueError, match="no line for domain 0"):
        xl_tables.dom0_weight(SHARES_OF_ONE)


def test_shares_of_all_domains_in_one_table():
    """tools/python/xen/xm/main.py of 3.1, xm_sched_credit."""
    assert xl_tables.parse_shares(SHARES_3_1) == {0: (256, 0), 7: (512, 40)}


@pytest.mark.parametrize("text", ["", "Error: no xend\n"])
def test_no_table_of_shares_is_refused(text):
    with pytest.raises(ValueError, match="no table of weights was printed"):
        xl_tables.parse_shares(text)
