# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What xm prints. No machine with xend is left to record: widths and words are those of its source
(tools/python/xen/xm/main.py of Xen 2, 3.1 and 4.2)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xl_output import Row
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xm import xm_output

DOMAINS = [("Domain-0", "0", 512, 1, "r-----", 58.1), ("web.1", "12", 128, 2, "-b----", 3.4)]


def table(columns: int, domains: list[tuple]) -> str:
    """``xm_brief_list``: Xen 3.1 with an ID of three columns, 3.3 to 4.2 of five."""
    head = f"{'Name':<40} {'ID':>{columns}} {'Mem':>5} {'VCPUs':>5} {'State':>10} {'Time(s)':>9}\n"
    lines = [
        f"{name:<40} {domid:>{columns}} {memory:5d} {vcpus:5d} {state:>10} {seconds:8.1f}\n"
        for name, domid, memory, vcpus, state, seconds in domains
    ]
    return head + "".join(lines)


@pytest.mark.parametrize("columns", [3, 5])
def test_the_two_layouts_of_xen_3_and_4(columns):
    found = xm_output.parse_list(table(columns, DOMAINS))
    assert found.rows == [Row("Domain-0", 0, 512, 1, "r-----"), Row("web.1", 12, 128, 2, "-b----")]
    assert found.managed == []


def test_a_managed_domain_that_does_not_run_has_neither_id_nor_state():
    found = xm_output.parse_list(table(5, [*DOMAINS, ("sleeper", "", 64, 1, "", 0.0), ("7", "", 64, 4, "", 17.5)]))
    assert [row.name for row in found.rows] == ["Domain-0", "web.1"]
    assert found.managed == ["sleeper", "7"]


def test_xen_2_has_a_cpu_and_a_console():
    text = (
        "Name              Id  Mem(MB)  CPU  State  Time(s)  Console\n"
        f"{'Domain-0':<16} {0:3d}  {64:7d}  {0:3d}  {'r----':>5}  {58.1:7.1f}    {'':>4}\n"
        f"{'nbsd':<16} {1:3d}  {128:7d}  {-1:3d}  {'----c':>5}  {3.4:7.1f}    {'9601':>4}\n"
    )
    found = xm_output.parse_list(text)
    assert found.rows == [Row("Domain-0", 0, 64, 1, "r-----"), Row("nbsd", 1, 128, 1, "---sc-")]


@pytest.mark.parametrize(
    ("letters", "down", "crashed", "paused", "dying"),
    [
        ("-b----", False, False, False, False),
        ("--p---", False, False, True, False),
        ("---s--", True, False, False, False),
        ("----c-", True, True, False, False),
        ("---s-d", True, False, False, True),
        ("------", False, False, False, False),
    ],
)
def test_states_mean_what_xl_means(letters, down, crashed, paused, dying):
    (row,) = xm_output.parse_list(table(5, [("g", "3", 64, 1, letters, 0.1)])).rows
    assert (row.down, row.crashed, row.paused, row.dying) == (down, crashed, paused, dying)


NAMES = st.from_regex(r"[A-Za-z0-9_.:/+-]{1,60}", fullmatch=True)


@given(
    NAMES, st.integers(0, 65535), st.integers(0, 1 << 24), st.integers(1, 128), st.booleans(), st.sampled_from([3, 5])
)
def test_any_name_survives(name, domid, memory, vcpus, runs, columns):
    domain = (name, str(domid), memory, vcpus, "-b----", 9.5) if runs else (name, "", memory, vcpus, "", 0.0)
    found = xm_output.parse_list(table(columns, [domain]))
    assert found.rows == ([Row(name, domid, memory, vcpus, "-b----")] if runs else [])
    assert found.managed == ([] if runs else [name])


@pytest.mark.parametrize(
    "text", ["", "Error: Unable to connect to xend: Connection refused. Is xend running?\n", table(5, []) + "what?\n"]
)
def test_something_else_is_no_list(text):
    with pytest.raises(ValueError, match="xm list printed"):
        xm_output.parse_list(text)


@given(st.text(), st.booleans())
def test_nothing_else_than_value_error(text, headed):
    try:
        assert isinstance(xm_output.parse_list((table(5, []) if headed else "") + text), xm_output.Listing)
    except ValueError:
        pass


def test_info():
    """``xm info`` prints '%-23s:' and the value; xen_commandline came with Xen 4.1."""
    text = (
        "host                   : box.example\n"
        "release                : 6.1.5\n"
        "free_memory            : 3391\n"
        "xen_major              : 4\n"
        "xen_extra              : .5\n"
        "xen_commandline        : dom0_mem=512M console=com1\n"
        "cc_compile_by          : (none)\n"
    )
    assert xm_output.parse_info(text) == {
        "host": "box.example",
        "release": "6.1.5",
        "free_memory": "3391",
        "xen_major": "4",
        "xen_extra": ".5",
        "xen_commandline": "dom0_mem=512M console=com1",
    }


@pytest.mark.parametrize(
    ("stderr", "cause"),
    [
        ("Error: Domain 'x' does not exist.\n", "Domain 'x' does not exist"),
        (
            "Error: Unable to connect to xend: Connection refused. Is xend running?\n",
            "Unable to connect to xend: Connection refused. Is xend running?",
        ),
        (
            "Warning: The nics option is deprecated.\nError: (22, 'Invalid argument')\nUsage: xm x\n",
            "(22, 'Invalid argument')",
        ),
        ("Error:\nError: Device 51712 (vbd) could not be connected.\n", "Device 51712 (vbd) could not be connected"),
        ("Traceback (most recent call last):\n  File x\nKeyError: 'domid'\n", "KeyError: 'domid'"),
        ("xm: no\x1b[31m memory\n", "xm: no[31m memory"),
        ("", ""),
    ],
)
def test_causes(stderr, cause):
    assert xm_output.cause(stderr) == cause
