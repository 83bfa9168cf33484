# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is collected of a machine and read on the controller is what is read on the machine itself."""

from __future__ import annotations

import gzip
import json
import os
from typing import Any

import pytest
from netbsd_sim.core import profiles

from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed, NotRead, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._command import Result
from ansible_collections.netbsd.xen.plugins.module_utils._plain import as_plain
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests.read.state import MAX_CONFIG_BYTES
from ansible_collections.netbsd.xen.plugins.module_utils._resources.reboot import target
from ansible_collections.netbsd.xen.plugins.module_utils._resources.registry import RESOURCES
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.read import place_of
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work import record
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work.record import Record
from ansible_collections.netbsd.xen.plugins.plugin_utils._arguments import validated
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.driver import looked
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.first import first_asks
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.info import gather, told
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.plan_host import plan_host
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.order import ALL, chosen
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Variables
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.look_here import Looks
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost
from ansible_collections.netbsd.xen.tests.unit.support.whole_host import GUEST, WholeHost


def everything(host):
    """Every resource's state, and what the machine is."""

    def read(name):
        try:
            return as_plain(RESOURCES[name].read(host, None))
        except XenError as error:
            return str(error)

    return {**gather(host, []), **{name: host.part(lambda name=name: read(name)) for name in RESOURCES}}


@pytest.fixture(params=sorted(profiles.PROFILES))
def host(request, tmp_path):
    return SimulatedHost(sim_host.make_host(tmp_path / "h", "dom0", profile=request.param), one_look=True)


def test_every_resource_is_read_alike(host):
    looks = Looks(host)
    found = looked(looks, [], everything)
    assert found.value["domain"].pop("salt")
    host.commands.clear()
    for name, state in everything(host).items():
        if name == "domain":
            state.pop("salt")
        assert found.value[name] == state, name


# -- how often a machine is asked --------------------------------------------------------------------------------------


def declared_on(whole: WholeHost) -> dict[str, list[Any]]:
    """What the tasks of netbsd.xen.site will declare."""
    variables, found = Variables(whole.variables()), {}
    for ordered in chosen(ALL):
        resource = ordered.task.resource
        if resource is not target and ordered.task.when(variables):
            given = validated(resource.ARGUMENTS, ordered.task.given(variables))
            found.setdefault(resource.NAME, []).append(resource.declare(given))
    return found


def plan_on(whole: WholeHost) -> Any:
    def plan(host):
        whole.host = host
        return plan_host(host, whole.variables())

    return plan


@pytest.mark.parametrize("era", profiles.PROFILES)
def test_a_machine_that_is_as_declared_is_asked_once(tmp_path, monkeypatch, era):
    whole = WholeHost(tmp_path, monkeypatch, era)
    assert whole.run()[1] == []
    here, looks = whole.host, Looks(whole.host)
    found = looked(looks, first_asks(declared_on(whole)), plan_on(whole))
    assert [ask for asks in looks.asked[1:] for ask in asks[1:]] == []
    assert (found.calls, found.value.steps) == (1, ())
    whole.host = here
    assert found.value == plan_host(here, whole.variables())


def test_guests_with_a_system_of_their_own_cost_no_further_call(tmp_path, monkeypatch):
    """Their records lie beside the configurations and say which disks they are about; one may be of a guest that nobody
    declares any more."""
    whole = WholeHost(tmp_path, monkeypatch, "netbsd-10.1-xen-4.20")
    booted = {"kernel": "/home/xen/netbsd-XEN3_DOMU.gz", "root": "xbd0a"}
    whole.own.update(domu_guests=[{**GUEST, **booted}])
    assert whole.run()[1] == []
    whole.host.create_sparse("/home/old.img", 1 << 20)
    for name, disk in (("web1", GUEST["disks"][0]["path"]), ("old", "/home/old.img")):
        verified = Record("verified", "sets", "10.1", disk, place_of(whole.host, disk), "nx0")
        record.write(whole.host, "/usr/pkg/etc/xen", name, verified)
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOwj9+WsILBmTvLUmQ56i6XkrekkVp1AyMUBWPnvAALq admin"
    installed = {"release": "10.1", "network": "dhcp", "authorized_keys": [key]}
    whole.own.update(domu_guests=[{**GUEST, **booted, "install": installed}])
    looks = Looks(whole.host)
    found = looked(looks, first_asks(declared_on(whole)), plan_on(whole))
    assert [ask for asks in looks.asked[1:] for ask in asks[1:]] == []
    assert (found.calls, found.value.steps, found.value.problems) == (1, (), ())


MANY = 20


@pytest.fixture(params=["netbsd-10.1-xen-4.20", "netbsd-6.1-xen-4.2"])
def crowded(request, tmp_path, monkeypatch):
    whole = WholeHost(tmp_path, monkeypatch, request.param)
    guests = [
        {**GUEST, "name": f"web{number}", "memory": 16, "disks": [{"path": f"/home/xen/web{number}.img", "size": "1M"}]}
        for number in range(MANY)
    ]
    whole.own.update(domu_guests=guests)
    assert whole.run()[1] == []
    return whole


def test_many_guests_cost_no_further_call(crowded):
    looks = Looks(crowded.host)
    found = looked(looks, first_asks(declared_on(crowded)), plan_on(crowded))
    assert (found.calls, found.value.steps, len(found.value.running)) == (1, (), MANY)
    assert sum(command["argv"][0] in ("/usr/pkg/sbin/xl", "/usr/pkg/sbin/xm") for command in found.commands) == 4
    assert not LOOKED_AT_WHERE_IN_DOUBT & {command["argv"][0] for command in found.commands}


# Whether another partition than the mounted root is there, and what guests that don't run have left behind.
LOOKED_AT_WHERE_IN_DOUBT = {"/sbin/disklabel", "/usr/sbin/vnconfig"}


def test_what_is_in_doubt_is_asked_in_the_same_call(crowded):
    crowded.own["domu_guests"][0]["state"] = "shutdown"
    assert crowded.run()[1] == []
    menu = crowded.host.read_text("/boot.cfg")
    crowded.host.write_text("/boot.cfg", f"{menu}menu=Other:load /netbsd-XEN3_DOM0.gz root=wd0e;multiboot /xen.gz\n")
    looks = Looks(crowded.host)
    found = looked(looks, first_asks(declared_on(crowded)), plan_on(crowded))
    assert found.calls == 1
    assert {command["argv"][0] for command in found.commands} >= LOOKED_AT_WHERE_IN_DOUBT


def test_what_host_info_tells_of_the_machine_takes_one_call(host):
    looks = Looks(host)
    found = told(looks)
    assert [ask for asks in looks.asked[1:] for ask in asks[1:]] == []
    assert (found.calls, found.value) == (1, gather(host, []))


def test_what_host_info_tells_of_everything(host):
    """Nobody has noted of these machines which of their packages are known to be whole, so more of them are asked."""
    looks = Looks(host)
    found = told(looks, ["all"])
    assert found.calls <= 3
    assert found.value["snapshot"].keys() == {"id", "resources", "errors"}
    assert (found.value["snapshot"]["resources"].keys(), found.value["snapshot"]["errors"]) == (RESOURCES.keys(), {})


# -- what must not happen to a machine, or leave it --------------------------------------------------------------------


WITH_XM = ("netbsd-6.1-xen-4.2", "netbsd-5.1-xen-3.1")


def toolstack_calls(looks: Looks) -> list[str]:
    """The words of xl and xm that were called, and of what asks xenstored."""
    programs = ("/usr/pkg/sbin/xl", "/usr/pkg/sbin/xm", "/usr/pkg/bin/xenstore-read", "/usr/pkg/bin/xenstore-ls")
    return [command["argv"][1] for command in looks.host.commands if command["argv"][0] in programs]


def test_nothing_that_would_hang_is_called_without_xenstored(host):
    """Whoever asks for it, and however often."""
    looks = Looks(host)
    for name in ("xend", "oxenstored", "xenstored"):
        host.machine.run("pkill", "-9", name)
    found = looked(looks, first_asks(), everything)
    assert found.value["domain"]["dom0"]["alive"] is False
    assert toolstack_calls(looks) == ["info"] * (host.machine.data["profile"] not in WITH_XM)

    def call(machine):
        with pytest.raises(CommandFailed, match="xenstored has died"):
            machine.run(["/usr/pkg/sbin/xl", "list"])
        with pytest.raises(CommandFailed, match="xenstored has died"):
            machine.run(["/usr/pkg/bin/xenstore-ls", "/local"])

    before = toolstack_calls(looks)
    looked(looks, [], call)
    assert toolstack_calls(looks) == before


def test_once_a_call_has_failed_the_store_is_looked_for_again(tmp_path):
    host = SimulatedHost(sim_host.make_host(tmp_path / "h", "dom0"))
    looks, ran = Looks(host), host.try_run

    def dies(argv, *args, **options):
        if argv[:2] == ["/usr/pkg/sbin/xl", "list"]:
            host.machine.run("pkill", "-9", "xenstored")
            host.commands.append({"argv": argv, "rc": 1, "seconds": 0.0})
            return Result(tuple(argv), 1, "", "broken", 0.0)
        return ran(argv, *args, **options)

    host.try_run = dies
    looked(looks, first_asks(), lambda machine: None)
    assert toolstack_calls(looks).count("list") == 1


CANARY = "Kanari3n"


@pytest.fixture(params=["netbsd-10.1-xen-4.20", "netbsd-6.1-xen-4.2"])
def secretive(request, tmp_path, monkeypatch):
    """A machine with a guest whose screen has a password."""
    whole = WholeHost(tmp_path, monkeypatch, request.param)
    guest = {**GUEST, "vnc": True, "state": "shutdown"}
    whole.own.update(domu_guests=[guest], domu_secrets={"web1": {"vncpasswd": CANARY}})
    assert whole.run()[1] == []
    return whole


def test_no_password_leaves_a_machine_and_a_changed_one_is_found(secretive):
    config, here = "/usr/pkg/etc/xen/web1", secretive.host
    assert CANARY in here.text(config)
    looks, plan = Looks(here), plan_on(secretive)
    asks = first_asks(declared_on(secretive))
    assert looked(looks, asks, plan).value.steps == ()
    secretive.machine.write("/usr/pkg/etc/xen/torn", f'name = "torn"\nvfb = ["vnc=1,vncpasswd={CANARY}\0\0\0')
    secretive.machine.write("/usr/pkg/etc/xen/lost", f'\0\0\0\0sswd = "{CANARY}"\ndisk = ["file:/x.img,xvda,w"]\n')
    assert looked(looks, asks, plan).value.steps == ()
    secretive.machine.write(config, here.text(config).replace(CANARY, CANARY + "x"))
    found = looked(looks, asks, plan)
    assert [(step.resource, step.thing) for step in found.value.steps] == [("domain", "web1")]
    assert CANARY not in json.dumps(looks.said) + repr(found.value)
    assert "masked" in json.dumps(looks.said)


def test_of_the_files_of_a_package_only_those_are_told_that_are_not_whole(tmp_path, monkeypatch):
    whole = WholeHost(tmp_path, monkeypatch, profiles.DEFAULT_PROFILE)
    assert whole.run()[1] == []
    here, looks = whole.host, Looks(whole.host)
    lost, empty = here.root / "usr/pkg/include/yajl/yajl_common.h", here.root / "usr/pkg/lib/libyajl.so.2.1.0"
    lost.unlink()
    empty.write_text("")
    found = looked(looks, first_asks(declared_on(whole)), plan_on(whole))
    whole.host = here
    assert found.value == plan_host(here, whole.variables())
    told = "".join(step.summary + str(step.before) for step in found.value.steps)
    assert "it lacks /usr/pkg/include/yajl/yajl_common.h" in told and "libyajl.so.2.1.0 is empty" in told
    (paths,) = [answer["paths"] for answer in looks.said[0]["answers"] if "whole" in answer]
    assert sorted(paths) == sorted(f"/{path.relative_to(here.root)}" for path in (lost, empty))


def test_no_hypervisor_and_no_kernel_is_brought_over(tmp_path):
    """A real one has a megabyte or more: masked, escaped and sent it took longer than all the rest of a look."""
    host = SimulatedHost(sim_host.make_host(tmp_path / "h", "dom0"), one_look=True)
    binaries = ("xen.gz", "xen-debug.gz", "netbsd", "netbsd-XEN3_DOM0.gz", "home/xen/netbsd-XEN3_DOMU.gz")
    for name in binaries:
        (host.root / name).parent.mkdir(exist_ok=True)
        (host.root / name).write_bytes(os.urandom(1000))
    (host.root / "netbsd-XEN3_DOM0.gz.origin").write_text("{}")
    beside = "usr/pkg/etc/xen/netbsd-INSTALL_XEN3_DOMU.gz"
    (host.root / beside).write_bytes(os.urandom(MAX_CONFIG_BYTES + 1))
    looks = Looks(host)
    found = looked(looks, first_asks(), lambda host: RESOURCES["system_files"].read(host, None)).value
    assert found == RESOURCES["system_files"].read(host, None)
    assert {f"/{name}" for name in binaries} <= found["files"].keys()
    assert found["origins"] == {"/netbsd-XEN3_DOM0.gz": {}}
    paths = [found for answer in looks.said[0]["answers"] for found in answer.get("paths", {}).items()]
    told = {path for path, facts in paths if isinstance(facts.get("t"), str)}
    assert told.isdisjoint(f"/{name}" for name in (*binaries, beside))


def test_only_kernels_that_are_declared_are_read_through(tmp_path, monkeypatch):
    """NetBSD's own has 20 to 30 megabytes, and nobody compares it with anything."""
    whole = WholeHost(tmp_path, monkeypatch, profiles.DEFAULT_PROFILE)
    assert whole.run()[1] == []
    (whole.host.root / "netbsd.test").write_bytes(b"\x7fELF")
    looks = Looks(whole.host)
    found = looked(looks, first_asks(declared_on(whole)), plan_on(whole))
    assert (found.calls, found.value.steps, found.value.problems) == (1, (), ())
    paths = [told for answer in looks.said[0]["answers"] for told in answer.get("paths", {}).items()]
    read = {path for path, facts in paths if facts.get("c")}
    assert {"/netbsd", "/netbsd.test"} <= {path for path, facts in paths if facts.get("s")}
    assert read.isdisjoint({"/netbsd", "/netbsd.test"})
    assert "/netbsd-XEN3_DOM0.gz" in read and any(path.startswith("/xen") for path in read)


@pytest.mark.parametrize("cut", [0, 1])
def test_what_is_binary_is_judged_where_it_is(tmp_path, cut):
    """Passwords are masked in what is brought over, and so is what stands behind NUL bytes, as in any hypervisor."""
    host = SimulatedHost(sim_host.make_host(tmp_path / "h", "dom0"), one_look=True)
    whole = gzip.compress(os.urandom(5000) + b"passwd=secret\0secret" + bytes(5000))
    (host.root / "home/xen.gz").write_bytes(whole[: len(whole) - cut])
    (host.root / "home/netbsd").write_bytes(b"\x7fELF" + bytes(100) + b"x" * 100 + bytes(64) * cut)
    resource = RESOURCES["system_files"]
    files = [{"src": f"/home/{name}", "dest": f"/{name}-new{end}"} for name, end in (("xen.gz", ".gz"), ("netbsd", ""))]
    wanted = resource.declare(validated(resource.ARGUMENTS, {"files": files}))
    found = looked(Looks(host), [], lambda host: resource.read(host, wanted)["damaged"]).value
    assert found == resource.read(host, wanted)["damaged"]
    assert [bool(each) for each in found.values()] == [bool(cut), bool(cut)]


def test_what_only_the_machine_can_read_is_no_lost_file(tmp_path):
    """An archive is too long to be brought over. Its module will look into it; nobody may say that it can't be had."""
    host = SimulatedHost(sim_host.make_host(tmp_path / "h", "dom0"), one_look=True)
    (host.root / "home/kern.tgz").write_bytes(gzip.compress(os.urandom(1000)))
    resource = RESOURCES["system_files"]
    spec = {"src": "/home/kern.tgz", "member": "netbsd", "dest": "/netbsd-OTHER"}
    wanted = resource.declare(validated(resource.ARGUMENTS, {"files": [spec]}))
    with pytest.raises(NotRead):
        looked(Looks(host), [], lambda host: resource.read(host, wanted))
