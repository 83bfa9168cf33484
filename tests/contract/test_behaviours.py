# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Sixteen behaviours of xl that the collection relies on, or guards against, stated by xl itself.

If one of them fails with a new release of Xen, the collection's assumptions have to be looked at. Those that end the
machine run after all other tests. What the collection makes of them is in test_answers.py, and here where the machine
is lost anyway.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from booting import wait
from contract_target import Target
from contract_xl import Xl
from story import Unanswered

from ansible_collections.netbsd.xen.plugins.module_utils._toolstack.xl import DESTROY_SECONDS
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack.xl_call import QUERY_SECONDS, SET_SECONDS
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack.xl_devices import DEVICE_SECONDS

NOBODY = 65534


def test_behaviour_02_two_creates_at_once_make_two_domains_of_one_name(xl: Xl) -> None:
    """One after the other, the second fails; which way a race ends is a matter of luck, so it is tried a few times."""
    config = xl.config("twin")
    xl.create(config, "-p")
    second = xl("create", "-p", config)
    assert second.returncode == 3
    assert 'Domain with name "twin" already exists.' in second.stderr
    assert len(xl.domains("twin")) == 1

    tool = xl.target.facts["xl"]
    create = f"{tool} create -p {config} &"
    race = f"{create} one=$!; {create} two=$!; wait $one; echo $?; wait $two; echo $?"
    for _attempt in range(8):
        xl.destroy_all()
        statuses = xl.target.run(["sh", "-c", race]).stdout.split()[-2:]
        if len(xl.domains("twin")) == 2:
            assert statuses == ["0", "0"]
            return
    raise AssertionError("never two domains of one name: does xl lock now?")


def test_behaviour_03_a_request_that_is_not_acknowledged_blocks_a_minute(
    target: Target, unanswered: Unanswered
) -> None:
    for word, (seconds, ended) in unanswered.xl.items():
        assert seconds >= 60 * target.facts["time_scale"] - 1
        assert ended.returncode == 1
        assert "guest didn't acknowledge control request: -9" in ended.stderr
        assert f"{word} failed (rc=-9)" in ended.stderr
    assert len(unanswered.xl) == unanswered.guests == 2


def test_behaviour_04_shutdown_that_waits_returns_before_the_domain_is_gone(xl: Xl) -> None:
    disk = f"format=raw,vdev=xvda,access=rw,target={xl.target.facts['disks'][0]}"
    tool = xl.target.facts["xl"]
    line = ""
    # Where time runs fast, the moment is short, and a busy machine may be late for it; to see it once is enough there.
    for _attempt in range(1 if xl.target.facts["time_scale"] == 1 else 5):
        xl.boot("slow", disk=[disk])
        ended = xl.target.run(["sh", "-c", f"{tool} shutdown -w slow && {tool} list"])
        assert ended.returncode == 0, ended.stderr
        line = next((line for line in ended.stdout.splitlines() if line.startswith("slow ")), "")
        xl.wait_for_state("slow", "")
        if line:
            break
    assert line.split()[4:5] in [["---s--"], ["--ps--"], ["--psd-"], ["---s-d"], ["--ps-d"]]


def test_behaviour_05_without_its_monitor_a_shut_down_domain_stays(xl: Xl) -> None:
    xl.boot("orphan")
    xl.kill_monitor("/tmp/orphan.cfg")
    xl.ok("shutdown", "orphan")
    xl.wait_for_state("orphan", "---s--")
    time.sleep(5)
    assert xl.state("orphan") == "---s--"


def test_behaviour_06_the_state_tells_why_a_domain_has_shut_down(xl: Xl) -> None:
    xl.create(xl.config("crashed", kernel=xl.target.facts["crashing_kernel"], memory=96, on_crash="preserve"))
    xl.create(xl.config("paused"), "-p")
    assert xl.state("paused") == "--p---"
    xl.boot("rebooted", on_reboot="preserve")
    xl.ok("reboot", "rebooted")
    xl.wait_for_state("rebooted", "---sr-")
    xl.wait_for_state("crashed", "---sc-")


def test_behaviour_09_without_root_not_even_a_dry_run_works(xl: Xl) -> None:
    drop = "import os, sys; os.setgroups([]); os.setuid(int(sys.argv[1])); os.execv(sys.argv[2], sys.argv[2:])"
    words = [xl.target.facts["python"], "-c", drop, str(NOBODY), xl.target.facts["xl"], "create", "-n", xl.config("n")]
    ended = xl.target.run(words)
    assert ended.returncode == 1
    assert "Could not obtain handle on privileged command interface: Permission denied" in ended.stderr


def test_behaviour_10_exit_status_0_that_is_not_success(xl: Xl) -> None:
    bridge = xl.target.facts["bridge"]
    wrongs = {
        "no number for memory": {"memory": "lots"},
        "no hardware address": {"vif": [f"mac=no:ad:dr:es:s0:00,bridge={bridge}"]},
        "no such CPU": {"cpus": "77"},
    }
    believed = {}
    for number, (what, keys) in enumerate(wrongs.items()):
        believed[what] = xl.status("create", "-p", xl.config(f"wrong{number}", **keys))
    nothings = {"kernel": "/srv/xen/nosuch", "disk": ["format=raw,vdev=xvda,access=rw,target=/srv/xen/nosuch.img"]}
    for key, value in nothings.items():
        believed[f"missing {key} in a dry run"] = xl.status("create", "-n", xl.config("dry", **{key: value}))
    believed["disks of nobody"] = xl.status("block-list", "nosuch")
    xl.create(xl.config("awake"))
    believed["unpause of what is not paused"] = xl.status("unpause", "awake")
    believed["memory 0"] = xl.status("mem-set", "awake", "0")
    believed["the scheduler that is not used"] = xl.status("sched-credit")
    assert {what: status for what, status in believed.items() if status != 0} == {}
    assert len(xl.domains()) == len(wrongs) + 1


def test_behaviour_10_no_devices_can_be_assigned_and_that_is_no_error(xl: Xl) -> None:
    ended = xl("pci-assignable-list")
    assert (ended.returncode, ended.stdout) == (0, "")


def test_behaviour_11_a_failed_create_can_leave_a_domain_behind(xl: Xl) -> None:
    assert xl.status("create", "-p", xl.config("left/behind")) == 3
    assert xl.state("left/behind") == "--p---"


def test_behaviour_11_a_failed_network_attach_leaves_the_interface_behind(xl: Xl) -> None:
    xl.create(xl.config("wired"))
    assert xl.ok("network-list", "wired").splitlines()[1:] == []
    assert xl.status("network-attach", "wired", "bridge=nosuchbr0") == 1
    assert len(xl.ok("network-list", "wired").splitlines()[1:]) == 1


def test_behaviour_12_pauses_nest(xl: Xl) -> None:
    xl.create(xl.config("nested"))
    for _time in range(2):
        xl.ok("pause", "nested")
    xl.ok("unpause", "nested")
    assert xl.state("nested")[2] == "p"
    xl.ok("unpause", "nested")
    assert xl.state("nested")[2] == "-"


def test_behaviour_13_a_bare_number_is_a_domain_id(xl: Xl) -> None:
    unknown = xl("shutdown", "nosuch")
    assert (unknown.returncode, unknown.stderr) == (1, "nosuch is an invalid domain identifier (rc=-6)\n")
    listed = xl("list", "999")
    assert listed.returncode == 1
    assert "Error: Domain '999' does not exist." in listed.stderr
    xl.create(xl.config("777"), "-p")
    assert xl.status("list", "777") == 1
    assert xl.ok("domid", "777").strip() == xl.domains("777")[0].domid


def test_behaviour_14_exit_statuses_of_create(xl: Xl) -> None:
    disk = ["format=raw,vdev=xvda,access=rw,target=/srv/xen/nosuch.img"]
    xl.create(xl.config("there"), "-p")
    cases = {
        "syntax": (1, xl.write("syntax", 'name = "x"\nmemory = = 3\n')),
        "no name": (1, xl.write("noname", 'type = "pv"\nkernel = "/srv/xen/nosuch"\n')),
        "type": (1, xl.config("badtype", type="pw")),
        "no kernel": (1, xl.write("nokernel", 'name = "nokernel"\ntype = "pv"\n')),
        "vcpus": (1, xl.config("badvcpus", vcpus=4, maxvcpus=2)),
        "uuid": (1, xl.config("baduuid", uuid="none")),
        "memory": (3, xl.config("greedy", memory=900000)),
        "missing kernel": (3, xl.config("k", kernel="/srv/xen/nosuch")),
        "missing disk": (3, xl.config("d", disk=disk)),
        "missing bridge": (3, xl.config("b", vif=["bridge=nosuchbr0"])),
        "duplicate": (3, xl.config("there")),
        "pool": (6, xl.config("p", pool="nosuch")),
    }
    statuses = {what: xl.status("create", "-p", path) for what, (_status, path) in cases.items()}
    assert statuses == {what: status for what, (status, _path) in cases.items()}
    assert xl.status("create") == 6
    assert xl.status("list", "--frob") == 2
    assert [domain.name for domain in xl.domains()] == ["there"]


def test_behaviour_14_the_last_lines_of_an_error_are_not_its_cause(xl: Xl) -> None:
    failed = xl("create", "-p", xl.config("k", kernel="/srv/xen/nosuch"))
    lines = failed.stderr.splitlines()
    assert lines[0].startswith("Parsing config from ")
    assert "Destruction of domain failed" in lines[-1]
    assert any("/srv/xen/nosuch" in line for line in lines[1:-1])
    fine = xl("create", "-p", xl.config("k"))
    assert (fine.returncode, fine.stdout) == (0, "")
    assert fine.stderr.startswith("Parsing config from ")


def test_behaviour_15_what_json_says_and_leaves_out(xl: Xl) -> None:
    config = xl.config("with blanks", on_reboot="restart", on_crash="preserve")
    dry = [json.loads(xl.ok("create", "-n", "-d", config)) for _time in range(2)]
    assert dry[0]["c_info"]["uuid"] != dry[1]["c_info"]["uuid"]
    assert dry[0]["c_info"]["run_hotplug_scripts"] in ("True", "False")
    assert dry[0]["on_crash"] == "preserve"
    assert "on_poweroff" not in dry[0]  # destroy, the default
    xl.create(config, "-p")
    found = [domain for domain in json.loads(xl.ok("list", "-l")) if domain["domid"] != 0]
    assert [domain["config"]["c_info"]["name"] for domain in found] == ["with blanks"]
    assert [domain["config"]["c_info"]["domid"] for domain in found] == [4294967295]  # the true one is beside config
    assert xl.state("with blanks") == "--p---"


def test_behaviour_16_commands_take_a_small_part_of_their_time_limits(xl: Xl) -> None:
    config = xl.config("timed")
    limits = {
        ("list",): QUERY_SECONDS,
        ("list", "-l"): QUERY_SECONDS,
        ("create", config): DEVICE_SECONDS,
        ("pause", "timed"): SET_SECONDS,
        ("destroy", "timed"): DESTROY_SECONDS,
    }
    took = {}
    for words in limits:
        started = time.monotonic()
        xl.ok(*words)
        took[words] = time.monotonic() - started
    assert {words: seconds for words, seconds in took.items() if seconds > limits[words] / 4} == {}


# --- what ends the machine ---


@pytest.mark.ends_the_machine
def test_behaviour_01_shutdown_of_domain_0_powers_the_host_off(disposable: Target) -> None:
    xl = Xl(disposable)
    refused = xl("destroy", "0")
    assert refused.returncode == 1
    assert "Not destroying domain 0" in refused.stderr
    for state in ("shutdown", "destroyed", "absent"):
        answer = disposable.module("netbsd.xen.domain", {"guests": [{"name": "Domain-0", "state": state}]})
        assert answer["failed"] is True
        assert "Domain-0" in answer["msg"]
    assert xl.domains() == []

    assert xl.status("shutdown", "0") in (0, 255)  # 255 is ssh's, if the machine is faster than the answer

    def off() -> bool:
        # Asked over a session of its own: on the simulated rack, one that is open stays so until another comes or ends.
        disposable.residents.close()
        return disposable.run(["true"]).returncode == 255

    wait(off, "the machine is off", 120)


@pytest.mark.ends_the_machine
def test_behaviour_07_without_xenstored_xl_hangs_for_ever(disposable: Target) -> None:
    xl = Xl(disposable)
    config = xl.config("never")
    killed = disposable.run(["pkill", "-9", "xenstored"])
    assert killed.returncode == 0, killed.stderr
    guest = {"name": "never", "kernel": disposable.facts["ignoring_kernel"], "memory": 32}
    answer = disposable.module("netbsd.xen.domain", {"guests": [guest]})
    assert answer["failed"] is True
    assert "xenstored is not running" in answer["msg"]

    asked = (("list",), ("create", "-p", config), ("destroy", "1"), ("domid", "Domain-0"))
    with ThreadPoolExecutor() as pool:
        hanging = list(pool.map(lambda words: xl.hangs(*words, seconds=20 if disposable.name == "xen" else 5), asked))
    assert dict(zip(asked, hanging, strict=True)) == dict.fromkeys(asked, True)
    assert [xl.status(*words) for words in (("info",), ("dmesg",), ("create", "-n", config))] == [0, 0, 0]


@pytest.mark.ends_the_machine
@pytest.mark.parametrize("disposable", [False], indirect=True, ids=["without-xen"])
def test_behaviour_08_not_under_xen_every_command_fails(disposable: Target) -> None:
    xl = Xl(disposable)
    for command in ("list", "info", "dmesg"):
        ended = xl(command)
        assert ended.returncode == 1
        assert "privileged command interface" in ended.stderr
    if disposable.name == "xen":
        assert disposable.run(["systemctl", "is-active", "xen"]).stdout == "active\n"
    host = disposable.module("netbsd.xen.host_info", {})["host"]
    assert (host["role"], host["toolstack"]) == ("bare_metal", None)
