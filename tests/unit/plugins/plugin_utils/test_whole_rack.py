# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What guests of two hosts can't both have, and which hosts of an inventory count."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._formats.guest.devices import derived_mac, derived_uuid
from ansible_collections.netbsd.xen.plugins.plugin_utils import _declared, _rack
from ansible_collections.netbsd.xen.tests.unit.support.inventories import SOUND, guest, report, validate

UUID = "2f2bd4e6-8d3c-4b53-9f3e-0a6c1d2e3f40"
MAC = "00:16:3e:00:00:0a"


def with_mac(mac: str = MAC, **keys: Any) -> dict[str, Any]:
    return guest(nics=[{"bridge": "bridge0", "mac": mac}], **keys)


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (with_mac(), with_mac(MAC.upper(), name="b"), f"mac is '{MAC}'"),
        (guest(uuid=UUID), guest(uuid=UUID.upper(), name="b"), f"uuid is '{UUID}'"),
        (with_mac(state="shutdown"), with_mac(name="b", state="destroyed"), f"mac is '{MAC}'"),
        # Of a wrong guest, too: who corrects it meets the next mistake at once.
        (with_mac(memory="lots"), with_mac(name="b"), f"mac is '{MAC}'"),
        (guest(uuid=derived_uuid("xen2", "b")), guest(name="b"), f"uuid is '{derived_uuid('xen2', 'b')}'"),
        (with_mac(derived_mac("xen2", "b", 0)), guest(name="b"), f"mac is '{derived_mac('xen2', 'b', 0)}'"),
    ],
)
def test_what_two_hosts_both_have_is_refused(one: dict[str, Any], other: dict[str, Any], said: str) -> None:
    reports = [report("xen1", domu_guests=[one]), report("xen2", domu_guests=[other])]
    assert _declared.check_rack(reports) == [
        f"host xen2: guest b: {said}, which guest web1 on host xen1 has too; each needs its own"
    ]


def test_names_are_a_machines_own_and_a_guest_that_is_to_go_has_nothing() -> None:
    both = [report("xen1"), report("xen2")]
    assert _declared.check_rack(both) == []
    moved = [
        report("xen1", domu_guests=[{"name": "web1", "state": "absent", "uuid": UUID}]),
        report("xen2", domu_guests=[guest(uuid=UUID)]),
    ]
    assert _declared.check_rack(moved) == []


def test_a_clash_with_a_host_that_is_not_in_the_run_is_one_and_that_of_two_others_is_not() -> None:
    here = [report("xen1", domu_guests=[with_mac()])]
    others = [_rack.outsider(host, [with_mac(name="b")]) for host in ("xen2", "xen3")]
    assert _declared.check_rack(here, others) == [
        f"host xen1: guest web1: mac is '{MAC}', which guest b on host xen2, which is not in this run, has too; "
        "each needs its own"
    ]
    assert _declared.check_rack([report("xen1")], others) == []


@pytest.mark.parametrize(
    "raw",
    [
        *("web1", None, 7, {}, {"name": 7}),
        *({"name": "b", **keys} for keys in ({"nics": "bridge0"}, {"nics": [{"mac": []}]}, {"nics": [None, 3]})),
        *({"name": "b", "uuid": {}}, {"name": "b", "state": "nowhere"}),
    ],
)
def test_what_is_wrong_on_a_host_that_is_not_in_the_run_is_said_when_it_is_its_turn(raw: Any) -> None:
    assert _declared.check_rack([report("xen1")], [_rack.outsider("xen2", [raw])]) == []


def test_made_up_addresses_clash_only_where_names_do_or_a_hash_does_and_then_the_way_out_is_said() -> None:
    seen: dict[str, tuple[str, str]] = {}
    clash = None
    for number in range(100_000):
        pair = (f"xen{number % 100}", f"g{number // 100}")
        other = seen.setdefault(derived_mac(*pair, 0), pair)
        if other != pair:
            clash = clash or (other, pair)
    # 24 bits hold 16.8 million addresses; of 100000 about 300 fall on another.
    assert clash and 99_500 < len(seen) < 99_900
    (host1, name1), (host2, name2) = clash
    reports = [report(host1, domu_guests=[guest(name=name1)]), report(host2, domu_guests=[guest(name=name2)])]
    (error,) = _declared.check_rack(reports)
    assert error.startswith(f"host {host2}: guest {name2}: mac is ")
    assert error.endswith("made from the names of host and guest; declare a mac for one of them")


# -- with Ansible ------------------------------------------------------------------------------------------------------


def host(*guests: Any, **values: Any) -> dict[str, Any]:
    return {**SOUND, "domu_guests": list(guests), **values}


def test_hosts_outside_of_the_limit_count(tmp_path: Path) -> None:
    hosts = {
        "xen1": host(with_mac()),
        # Nothing else of them is asked for: neither what takes a secret, nor what is not defined.
        "xen2": host(with_mac("{{ shared_mac }}", name="b", kernel="{{ nobody_has_it }}"), shared_mac=MAC),
        "xen3": {"domu_guests": "{{ own }}", "own": [guest(name="c", uuid=UUID)], "domu_secrets": "{{ vault }}"},
        "xen4": host(guest(uuid=UUID)),
    }
    first = validate(tmp_path, hosts, "--limit", "xen1,xen4")
    text = " ".join(first.stdout.split())
    assert first.returncode != 0
    assert f"host xen1: guest web1: mac is '{MAC}', which guest b on host xen2, which is not in this run" in text
    assert f"host xen4: guest web1: uuid is '{UUID}', which guest c on host xen3, which is not in this run" in text
    assert validate(tmp_path, hosts, "--limit", "xen4:!xen3").returncode != 0


def test_what_is_no_dom0_of_ours_does_not_trouble(tmp_path: Path) -> None:
    hosts = {
        "xen1": host(with_mac()),
        "mail": {"dom0_xen_release": "{{ nothing }}", "whatever": "{{ 1 / 0 }}", "bridge_bridges": 7},
        "torn": {"domu_guests": "{{ nobody_has_it }}"},
        "odd": {"domu_guests": {"web1": {"memory": 512}}},
        "none": {"domu_guests": None},
        "part": {"domu_guests": [{"name": "b", "nics": "{{ [1, 2] | no_such_filter }}"}]},
    }
    run = validate(tmp_path, hosts, "--limit", "xen1")
    text = " ".join((run.stdout + run.stderr).split())
    assert run.returncode == 0, text
    assert "host torn is not in this run and its guests can't be worked out" in text
    assert "host part is not in this run and its guests can't be worked out" in text
    assert not [name for name in ("mail", "odd", "none") if f"host {name} " in text]
    assert "Traceback" not in text


def test_a_machine_that_only_inherits_the_guests_of_a_dom0_is_none_unless_it_is_in_the_group(tmp_path: Path) -> None:
    shared = {"domu_guests": [with_mac()], "bridge_bridges": SOUND["bridge_bridges"]}
    inventory = {"all": {"vars": shared, "hosts": {"mail": {}}, "children": {"dom0s": {"hosts": {"xen1": {}}}}}}
    inventory["all"]["vars"]["domu_os_defaults"] = SOUND["domu_os_defaults"]
    run = validate(tmp_path, inventory, "--limit", "xen1")
    text = " ".join((run.stdout + run.stderr).split())
    assert run.returncode == 0, text
    assert "host mail is not in the group dom0s and has the very guests of a host of this run" in text
    inventory["all"]["children"]["dom0s"]["hosts"]["xen2"] = {}
    run = validate(tmp_path, inventory, "--limit", "xen1")
    assert run.returncode != 0
    assert "which guest web1 on host xen2, which is not in this run, has too" in " ".join(run.stdout.split())
