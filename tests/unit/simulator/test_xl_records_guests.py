# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The simulated xl against what the real one printed, part two: pools, scheduling, PCI, saving and migrating.

fixtures/xl-records-guests.jsonl: measured cases of Xen 4.20, and those of Xen 4.17 that were not repeated there (name
with `4.17:` before it), both on a Debian dom0. How they are compared: support/xl_records.py.
"""
from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.xl_machine import LAB, Host, dom0, hypervisor
from ansible_collections.netbsd.xen.tests.unit.support.xl_records import (
    GRUB_CFG,
    LINUX_CFG,
    Case,
    grub,
    grub_paused,
    linux,
    linux_weighted,
    plain,
    replay,
)

FIXTURE = Path(__file__).with_name("fixtures") / "xl-records-guests.jsonl"
RECORDS = {record["name"]: record for record in map(json.loads, FIXTURE.read_text().splitlines())}
PVH_CFG = ('name = "pvh1"\ntype = "pvh"\nkernel = "/srv/xen/vmlinux"\nramdisk = "/srv/xen/initrd.img"\n'
           'cmdline = "console=hvc0 quiet"\nmemory = 128\n')


def cpu_1_free(host: Host) -> None:
    linux(host)
    assert host.xl("cpupool-cpu-remove Pool-0 1").rc == 0


def pool2(host: Host) -> None:
    cpu_1_free(host)
    assert host.xl("""cpupool-create 'name="pool2"' 'sched="credit2"' 'cpus=["1"]'""").rc == 0


def in_pool2(host: Host) -> None:
    pool2(host)
    assert host.xl("cpupool-migrate linux1 pool2").rc == 0


def pool2_gone(host: Host) -> None:
    pool2(host)
    assert host.xl("cpupool-destroy pool2").rc == 0


def domain(domid: int, name: str = "linux") -> object:
    """A booted guest with that number."""

    def prepare(host: Host) -> None:
        hypervisor.section(host.m)["next_domid"] = domid
        assert host.xl(f"create /srv/xen/{name}.cfg").rc == 0
        host.later(30)

    return prepare


def saved(host: Host) -> None:
    domain(43)(host)
    assert host.xl("save linux1 /tmp/l1.sav").rc == 0
    host.later(2)
    hypervisor.section(host.m)["next_domid"] = 44


def saved_and_running(host: Host) -> None:
    saved(host)
    assert host.xl("restore /tmp/l1.sav").rc == 0


def pvh_saved(host: Host) -> None:
    domain(32, "pvh")(host)
    assert host.xl("save pvh1 /tmp/p.sav").rc == 0
    host.later(2)


def transport(host: Host) -> None:
    """A command that does what it is told on this host, whatever host is named."""
    host.write("/root/fakessh", "#!/bin/sh\nshift\nexec \"$@\"\n")
    host.m.path("/root/fakessh").chmod(0o755)


CASES = [
    Case("channel_list", linux), Case("vtpmlist", linux), Case("usblist", linux), Case("loadpolicy"), Case("psr"),
    Case("set_params"), Case("debugkeys"), Case("get_feat", linux), Case("cd_insert", linux),
    Case("sched_credit2_set", linux), Case("sched_credit_wrong", linux), Case("sched_credit_wrong_set", linux_weighted),
    Case("sched_rtds", linux), Case("cpupool_create", cpu_1_free), Case("cpupool_create_dup", pool2),
    Case("cpupool_destroy", pool2), Case("cpupool_destroy_busy", in_pool2), Case("cpupool_list", linux),
    Case("cpupool_list_2", pool2), Case("cpupool_list_3", in_pool2), Case("cpupool_list_c", linux),
    Case("cpupool_list_nosuch", linux), Case("cpupool_migrate", pool2), Case("cpupool_migrate_back", in_pool2),
    Case("cpupool_cpu_add", pool2_gone), Case("cpupool_cpu_remove", linux), Case("cpupool_rename_bad"),
    Case("pci_list", linux), Case("pci_assignable_list"), Case("pci_assignable_add_bad"), Case("pci_attach", linux),
    Case("pause_grub", grub), Case("unpause_grub", grub_paused), Case("rename_back", lambda host: (
        grub(host), host.xl("rename grub1 grub2"))), Case("destroy_again"), Case("destroy_grub", grub),
    Case("dumpcore_nodom"), Case("migrate_nodom"), Case("vcpu_set_down", linux), Case("vcpulist_down", linux),
    Case("4.17:dump_core", domain(42)), Case("4.17:save", domain(43)), Case("4.17:save_c", domain(44)),
    Case("4.17:save_p", domain(44)), Case("4.17:save_nodir", domain(44)), Case("4.17:restore", saved),
    Case("4.17:restore_while_running", saved_and_running), Case("4.17:pvh_save", domain(32, "pvh")),
    Case("4.17:pvh_save_c", domain(50, "pvh")), Case("4.17:pvh_restore", pvh_saved),
    Case("4.17:migrate_badhost", domain(44)),
    Case("4.17:migrate_localhost", lambda host: (transport(host), domain(44)(host), hypervisor.section(
        host.m).update(next_domid=46))),
    Case("4.17:pvh_migrate", lambda host: (transport(host), domain(50, "pvh")(host))),
    Case("4.17:create_wait_console_less", command="xl create -e -p /srv/xen/grub.cfg"),
]


def newer(text: str) -> str:
    """What differs between 4.17 and 4.20, or with each run."""
    text = re.sub(r"(lib|xg_)(\w+\.c):\d+:", r"\1\2:LINE:", plain(text))
    text = re.sub(r"info 0x3/0x0/\d+", "info 0x3/0x0/SIZE", text)
    # 4.20 says this in addition when a domain could not be made.
    text = re.sub(r"libxl: error: .*Getting domain info: No such process\n", "", text)
    return text.replace("from Xen 4.17", "from Xen 4.20")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.record)
def test_record(case: Case, tmp_path: Path) -> None:
    """Xen 4.20 or 4.17 on Debian."""
    record = RECORDS[case.record]
    with dom0(tmp_path / "host", LAB.name) as host:
        for number in (1, 2):
            host.image(f"/srv/xen/disk{number}.img", 1024 * 1024)
        for name, text in (("linux", LINUX_CFG), ("grub", GRUB_CFG), ("pvh", PVH_CFG)):
            host.write(f"/srv/xen/{name}.cfg", text)
        host.m.path("/tmp").mkdir(exist_ok=True)
        case.prepare(host)
        rc, stdout, stderr = replay(host, case, {**record, "cmd": record["cmd"].replace(
            "/root/fakessh", str(host.m.path("/root/fakessh")))})
        older = case.record.startswith("4.17:")
        make_equal = newer if older else plain
        assert (rc, make_equal(stdout), make_equal(stderr)) == (
            record["rc"], make_equal(record["stdout"]), make_equal(record["stderr"]))


def test_how_many_are_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    """No case is lost silently."""
    names = [case.record for case in CASES]
    assert sorted(names) == sorted(RECORDS)
    with capsys.disabled():
        print(f"\nxl: {len(names)} more records replayed (pools, scheduling, PCI, saving, migrating)")
