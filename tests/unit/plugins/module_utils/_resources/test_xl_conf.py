# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""xl.conf: what it means, and lines changed without touching any other."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xl_conf as text_format
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xlcfg
from ansible_collections.netbsd.xen.plugins.module_utils._resources import xl_conf
from ansible_collections.netbsd.xen.tests.unit.support.fakes import MemoryHost

PATH = "/usr/pkg/etc/xen/xl.conf"
# The beginning and the end of record getconf (xl 4.20).
STOCK = """\
## Global XL config file ##

# Set domain-id policy. "xen" means that the hypervisor will choose the
# id of a new domain. "random" means that a random value will be chosen.
#domid_policy="xen"

# Control whether dom0 is ballooned down when xen doesn't have enough
# free memory to create a domain.  "auto" means only balloon if dom0
# starts with all the host's memory.
#autoballoon="auto"

# default bridge device to use with vif-bridge hotplug scripts
#vif.default.bridge="xenbr0"

# Specify global vcpu hard affinity masks. See xl.conf(5) for details.
#vm.cpumask="0-7"
#vm.pv.cpumask="0-3"
#vm.hvm.cpumask="3-7"
"""


def machine(text: str | None = STOCK) -> MemoryHost:
    host = MemoryHost()
    if text is not None:
        host.put(PATH, text)
    return host


def run(host: MemoryHost, check: bool = False, **settings: object):
    named = {key.replace("__", "."): value for key, value in settings.items()}
    outcome = converge(xl_conf, {"settings": named, "assume_files": []}, host, check)
    assert outcome.failures == {}
    return outcome


def test_new_settings_go_below_their_examples_and_nothing_else_changes() -> None:
    host = machine()
    done = run(host, autoballoon="off", vif__default__bridge="bridge0").done
    assert [(change.thing, change.impact) for change in done] == [(PATH, "live")]
    assert done[0].before == {"autoballoon": None, "vif.default.bridge": None}
    assert done[0].after == {"autoballoon": "off", "vif.default.bridge": "bridge0"}
    expected = STOCK.replace('#autoballoon="auto"\n', '#autoballoon="auto"\nautoballoon = "off"\n')
    expected = expected.replace('bridge="xenbr0"\n', 'bridge="xenbr0"\nvif.default.bridge = "bridge0"\n')
    assert host.text(PATH) == expected
    assert run(host, autoballoon="off", vif__default__bridge="bridge0").done == []


def test_check_mode_tells_and_touches_nothing() -> None:
    host = machine()
    assert run(host, check=True, autoballoon="off").done != []
    assert host.text(PATH) == STOCK


@pytest.mark.parametrize(
    ("text", "settings"),
    [
        ('autoballoon="off"\n', {"autoballoon": "off"}),
        ("autoballoon=0", {"autoballoon": False}),  # what YAML makes of off
        ("autoballoon = '1' # yes\n", {"autoballoon": "on"}),
        ("", {"autoballoon": "auto", "output_format": "json", "claim_mode": True, "lockfile": None}),
        ('defaultbridge="b0"\n', {"vif.default.bridge": "b0"}),
        ('vif.default.bridge="b0"; defaultbridge="b1"\n', {"vif.default.bridge": "b0"}),
        ("max_grant_frames=0x40\n", {"max_grant_frames": 64}),
        ("max_grant_frames=0100\n", {"max_grant_frames": "64"}),
    ],
)
def test_what_means_the_same_is_left_alone(text: str, settings: dict[str, object]) -> None:
    host = machine(text)
    assert converge(xl_conf, {"settings": settings, "assume_files": []}, host, check=False).done == []
    assert host.text(PATH) == text


OFF = {"autoballoon": "off"}
ADDED = 'autoballoon = "off"\n'


@pytest.mark.parametrize(
    ("text", "settings", "after"),
    [
        # the line that counts is changed where it stands, with what is behind it
        ("autoballoon='on'\t# why\nlockfile='/l'", OFF, "autoballoon=\"off\"\t# why\nlockfile='/l'\n"),
        ('autoballoon="on"\nautoballoon="auto"\n', OFF, 'autoballoon="on"\nautoballoon="off"\n'),
        # xl compares words exactly: this one is none to it, and auto holds
        ('autoballoon="OFF"\n', OFF, 'autoballoon="off"\n'),
        # two on one line: a later line counts
        ('claim_mode=1; autoballoon="on"\n', OFF, 'claim_mode=1; autoballoon="on"\n' + ADDED),
        ('autoballoon="o"\nautoballoon+="n"\n', OFF, 'autoballoon="o"\nautoballoon+="n"\n' + ADDED),
        # an example within a list is no place for a line
        ('x = [\n#autoballoon="auto"\n1 ]\n', OFF, 'x = [\n#autoballoon="auto"\n1 ]\n' + ADDED),
        ('claim_mode=0\ndefaultbridge="b"\n', {"vif.default.bridge": None, "claim_mode": None}, ""),
        ("max_grant_frames='64'\n", {"max_grant_frames": "32"}, "max_grant_frames=32\n"),
        # xl overlooks a stray last byte, but not before a newline
        ("lockfile='/l' '", OFF, "lockfile='/l' \n" + ADDED),
        ("lockfile='/l' #", OFF, "lockfile='/l' #\n" + ADDED),
        ("#claim_mode=1\n", {"claim_mode": False}, "#claim_mode=1\nclaim_mode = 0\n"),
    ],
)
def test_lines_are_changed_one_by_one(text: str, settings: dict[str, object], after: str) -> None:
    host = machine(text)
    outcome = converge(xl_conf, {"settings": settings, "assume_files": []}, host, check=False)
    assert (outcome.failures, len(outcome.done)) == ({}, 1)
    assert host.text(PATH) == after


def test_a_missing_file_is_created() -> None:
    host = machine(None)
    assert [change.action for change in run(host, autoballoon="off").done] == ["create"]
    assert host.text(PATH) == 'autoballoon = "off"\n'
    assert run(machine(None), autoballoon="auto").done == []


def test_on_linux_it_lies_elsewhere() -> None:
    host = MemoryHost("Linux")
    run(host, autoballoon="off")
    assert host.text("/etc/xen/xl.conf") == 'autoballoon = "off"\n'


def test_bytes_that_are_no_text_survive() -> None:
    host = machine()
    host.tree[PATH].content = b"# caf\xe9\n" + STOCK.encode()
    run(host, autoballoon="off")
    assert host.tree[PATH].content.startswith(b"# caf\xe9\n##")


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"autobaloon": "off"}, "autobaloon is not a known key; did you mean autoballoon?"),
        ({"autoballoon": "maybe"}, "autoballoon is 'maybe'; allowed is on, off or auto, or null"),
        ({"claim_mode": 2}, "claim_mode is 2; allowed is 0 or 1"),
        ({"max_grant_frames": "lots"}, "max_grant_frames is 'lots'; allowed is a number from 0 to 2147483647"),
        ({"max_grant_frames": 1 << 31}, "allowed is a number"),
        ({"max_grant_frames": "09"}, "allowed is a number"),
        ({"lockfile": "xl.lock"}, "lockfile is 'xl.lock'; allowed is an absolute path"),
        ({"vif.default.bridge": "b 0"}, "allowed is the name of a bridge"),
        ({"vif.default.bridge": ["bridge0"]}, "allowed is the name of a bridge"),
        ({"vif.default.script": "a\nb"}, "allowed is the name or path of a script"),
        ({"vm.cpumask": "0-"}, "allowed is a list of CPUs such as '0-3,^2'"),
        ({"output_format": "xml"}, "allowed is json or sxp"),
    ],
)
def test_what_xl_would_ignore_or_die_of_is_refused(settings: dict[str, object], words: str) -> None:
    with pytest.raises(Refused) as refusal:
        xl_conf.declare({"settings": settings, "assume_files": []})
    assert words in str(refusal.value)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(Refused) as refusal:
        xl_conf.declare({"settings": {"a": 1, "claim_mode": 7}, "assume_files": []})
    assert len(refusal.value.details["problems"]) == 2


def test_a_file_that_ends_every_xl_is_not_built_upon() -> None:
    with pytest.raises(Refused, match=r"xl\.conf: line 2: .*No xl runs before that is corrected"):
        host = machine("claim_mode=1\nautoballoon = off\n")
        converge(xl_conf, {"settings": OFF, "assume_files": [PATH]}, host, check=False)


def test_a_check_waits_for_the_package_that_brings_the_file_again() -> None:
    host = machine("\0" * 900)
    with pytest.raises(Refused, match="No xl runs before that is corrected"):
        converge(xl_conf, {"settings": OFF, "assume_files": []}, host, check=True)
    given = {"settings": OFF, "assume_files": [PATH]}
    assert [change.thing for change in converge(xl_conf, given, host, check=True).done] == [PATH]


def test_sxp_is_warned_about_unless_somebody_declared_it() -> None:
    host = machine('output_format="sxp"\n')
    outcome = run(host)
    assert (outcome.done, len(outcome.plan.warnings)) == ([], 1)
    assert 'output_format is "sxp"' in outcome.plan.warnings[0]
    assert run(host, output_format="sxp").plan.warnings == []
    assert run(host, output_format="json").plan.warnings == []
    assert host.text(PATH) == 'output_format="json"\n'


def test_the_reading_travels_and_is_enough_for_a_plan() -> None:
    current = json.loads(json.dumps(xl_conf.read(machine('autoballoon="off"\n'), None)))
    assert xl_conf.plan(current, xl_conf.declare({"settings": OFF, "assume_files": []})).changes == []


def test_what_other_hands_break_meanwhile_is_not_overwritten() -> None:
    host = machine()
    change = xl_conf.plan(xl_conf.read(host), xl_conf.Declared({"autoballoon": "off"}, frozenset())).changes[0]
    host.put(PATH, "claim_mode = [\n")
    with pytest.raises(XenError, match="It is unchanged"):
        xl_conf.apply(host, change)
    assert host.text(PATH) == "claim_mode = [\n"


VALUES = {
    "autoballoon": st.sampled_from(["on", "off", "auto", None]),
    "vif.default.bridge": st.sampled_from(["bridge0", "b1", None]),
    "claim_mode": st.sampled_from(["0", "1", None]),
}
LINES = st.sampled_from(
    [
        "# a comment\n",
        "\n",
        '#autoballoon="auto"\n',
        'autoballoon="on"\n',
        "autoballoon='off' # yes\n",
        "claim_mode=0;lockfile='/l'\n",
        "claim_mode = 1 ;\n",
        'vif.default.bridge="b1"\n',
        'defaultbridge="b2"\n',
        "unknown = [ 'a',\n 'claim_mode=1',\n]\n",
        'unknown += [ "b" ]\n',
        "vm.cpumask = '0-3'",
    ]
)


@given(lines=st.lists(LINES, max_size=12), wanted=st.fixed_dictionaries({}, optional=VALUES))
def test_whatever_the_file_either_the_settings_hold_and_all_else_stays_or_it_is_refused(
    lines: list[str], wanted: dict[str, str | None]
) -> None:
    text = "".join(lines)
    try:
        before = xlcfg.parse(text)
        after = text_format.changed(text, wanted)
    except ValueError:
        return
    meant = text_format.meaning(xlcfg.parse(after))
    assert {key: meant[key] for key in wanted} == wanted
    assert {key: value for key, value in meant.items() if key not in wanted} == {
        key: value for key, value in text_format.meaning(before).items() if key not in wanted
    }
    assert [line for line in text.splitlines(True) if line.startswith("#")] == [
        line for line in after.splitlines(True) if line.startswith("#")
    ]


@given(st.text(alphabet="aclm_ode=1\"'#;\n[],\\ ", max_size=60))
def test_no_text_makes_it_crash(text: str) -> None:
    host = machine(text)
    try:
        outcome = converge(xl_conf, {"settings": {"claim_mode": "0"}, "assume_files": []}, host, check=False)
    except Refused:
        return
    assert outcome.failures == {}
    assert xlcfg.parse(host.text(PATH))["claim_mode"] == "0"
