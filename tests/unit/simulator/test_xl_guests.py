# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What the simulated xl does to guests beyond their life: pools, pinning, devices that nobody takes, saving, moving.

"measured on xl 4.20" is what the real one on a Debian dom0 printed, in the words of these tests.
"""
from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from netbsd_sim.system import processes

from ansible_collections.netbsd.xen.tests.unit.support.xl_machine import LAB, Host, NotSimulated, dom0

LINUX = "/srv/xen/vmlinux"
DISK = "disk = [ '/home/d1.img,raw,xvda,rw' ]"
NOBODY = 99999


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with dom0(tmp_path / "host", LAB.name) as machine:
        for number in (1, 2):
            machine.image(f"/home/d{number}.img")
        yield machine


def linux(host: Host, name: str = "l1", *lines: str) -> None:
    assert host.create(name, *lines, kernel=LINUX).rc == 0
    host.later(10)


def live(host: Host, name: str) -> dict:
    return json.loads(host.xl(f"list -l {name}").stdout)[0]["config"]


# --- a number that no domain has ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("line", "rc", "message"), [
    ("pause {}", 0, "Pausing domain: No such process"), ("unpause {}", 0, "unable to get dominfo: No such process"),
    ("shutdown {}", 1, "shutdown failed (rc=-3)"), ("reboot {}", 1, "reboot failed (rc=-3)"),
    ("rename {} x", 1, "Can't rename domain"),
    ("mem-set {} 10", 1, "cannot set domid 99999 dynamic max memory to : 10"),
    ("mem-max {} 10", 1, "cannot set domid 99999 static max memory to : 10"),
    ("vcpu-set {} 1", 1, "Getting domain info: No such process"), ("vcpu-pin {} 0 0", 1, "Could not get domain info"),
    ("vcpu-list {}", 0, "Getting dominfo: No such process"), ("uptime {}", 0, "Can't get start time of domain"),
    ("trigger {} nmi", 0, "Send trigger 'nmi' failed: No such process"), ("sysrq {} h", 0, ""),
    ("dump-core {} /home/core", 1, "core dump failed (rc=-3)"), ("console {}", 1, "Unable to attach console"),
    ("save {} /home/x", 1, "unable to retrieve domain configuration"), ("block-list {}", 0, ""),
    ("block-attach {} /home/d1.img,raw,xvda,rw", 1, "libxl_device_disk_add failed."),
    ("block-detach {} xvda", 1, "Error: Device xvda not connected."), ("network-list {}", 0, ""),
    ("network-attach {} bridge=bridge0", 1, "libxl_device_nic_add failed."),
    ("network-detach {} 0", 1, "Unknown device 0."),
    ("sched-credit2 -d {}", 1, "libxl_domain_sched_params_get failed."),
    ("cpupool-migrate {} Pool-0", 1, "unknown domain '99999'"), ("pci-list {}", 0, ""),
])
def test_a_number_that_no_domain_has(host: Host, line: str, rc: int, message: str) -> None:
    """Measured on xl 4.20."""
    result = host.xl(line.format(NOBODY))
    assert result.rc == rc
    assert message in result.stderr
    assert bool(message) == bool(result.stderr)


# --- names and numbers -------------------------------------------------------------------------------------------


def test_domain_0_can_be_renamed(host: Host) -> None:
    """Measured on xl 4.20: nothing stops it."""
    assert host.xl("rename 0 foo").rc == 0
    assert host.names() == ["foo"]
    assert host.xl("domid Domain-0").rc == 1
    assert host.xl("domid foo").stdout == "0\n"
    assert host.xl("rename foo Domain-0").rc == 0


def test_a_guest_without_a_name(host: Host) -> None:
    """Measured on xl 4.20."""
    linux(host)
    assert host.xl('rename l1 ""').rc == 0
    assert host.xl("destroy l1").rc == 1
    assert host.xl("destroy 1").rc == 0


@pytest.mark.parametrize(("word", "rc"), [("pau", 1), ("uptim", 0), ("c", 1), ("lis", 0)])
def test_a_sub_command_may_be_cut_short(host: Host, word: str, rc: int) -> None:
    """record get_feat: `xl vnc` is vncviewer; measured on xl 4.20: `xl c` is none."""
    assert host.xl(f"{word} nosuch" if word == "pau" else word).rc == rc


def test_top_is_not_simulated(host: Host) -> None:
    with pytest.raises(NotSimulated):
        host.xl("top")


# --- CPUs --------------------------------------------------------------------------------------------------------


def test_list_l_keeps_the_affinity_of_the_creation(host: Host) -> None:
    """Measured on xl 4.20: after vcpu-pin it shows what was declared, a list of lists of numbers."""
    linux(host, "l1", "vcpus = 2", 'cpus = [ "0", "0" ]')
    assert host.xl("vcpu-pin l1 1 1").rc == 0
    build = live(host, "l1")["b_info"]
    assert build["vcpu_hard_affinity"] == [[0], [0]]
    assert build["numa_placement"] == "False"
    assert [line.split()[-3] for line in host.xl("vcpu-list l1").stdout.splitlines()[1:]] == ["0", "1"]


def test_soft_affinity(host: Host) -> None:
    """Measured on xl 4.20."""
    linux(host, "l1", "vcpus = 2")
    assert host.xl("vcpu-pin l1 all - 0").rc == 0
    assert "all / 0" in host.xl("vcpu-list l1").stdout
    result = host.xl("vcpu-pin l1 0 0 1")
    assert result.rc == 0
    assert "All cpus in soft affinity of vcpu 0 are unreachable" in result.stderr


def test_pinning_dry_run(host: Host) -> None:
    """Measured on xl 4.20."""
    linux(host)
    assert host.xl("-N vcpu-pin l1 0 0").stdout == "cpumap: 0\n"
    assert "all / all" in host.xl("vcpu-list l1").stdout


@pytest.mark.parametrize(("lines", "message"), [
    (('cpus = "7"', "vcpus = 1"), "Hard affinity completely outside of domain's cpupool!"),
    (('cpus = [ "0", "7" ]', "vcpus = 2"), "setting affinity failed on vcpu `1'"),
])
def test_cpus_that_do_not_exist(host: Host, lines: tuple[str, ...], message: str) -> None:
    """Measured on xl 4.20. Without `vcpus` nobody looks at them: record create_cpus_absent, status 0."""
    result = host.create("l1", *lines, kernel=LINUX)
    assert result.rc == 3
    assert message in result.stderr
    assert host.names() == ["Domain-0"]


def test_more_vcpus_than_maxvcpus(host: Host) -> None:
    """Measured on xl 4.20."""
    linux(host, "l1", "vcpus = 1", "maxvcpus = 2")
    result = host.xl("vcpu-set -i l1 5")
    assert result.rc == 1
    assert "Requested 5 VCPUs, however maxcpus is 2!" in result.stderr


def test_mem_max_below_the_target(host: Host) -> None:
    """Measured on xl 4.20."""
    linux(host)
    assert host.xl("mem-max l1 10").rc == 1
    assert host.xl("mem-max l1 200").rc == 0
    assert live(host, "l1")["b_info"]["max_memkb"] == 204800


# --- pools -------------------------------------------------------------------------------------------------------


def test_the_pool_is_not_in_list_l(host: Host) -> None:
    """Measured on xl 4.20: only `list -c` tells it."""
    host.xl("cpupool-cpu-remove Pool-0 1")
    host.xl("""cpupool-create 'name="p2"' 'cpus=["1"]'""")
    assert host.create("l1", 'pool = "p2"', kernel=LINUX).rc == 0
    assert "pool_name" not in live(host, "l1")["c_info"]
    assert host.xl("list -c l1").stdout.split()[-1] == "p2"
    assert host.xl("info free_cpus").stdout == "0\n"


def test_a_pool_without_cpus_takes_no_domain(host: Host) -> None:
    """Measured on xl 4.20."""
    linux(host)
    assert host.xl("""cpupool-create 'name="empty"'""").rc == 0
    assert "Error moving domain to cpupool" in host.xl("cpupool-migrate l1 empty").stderr
    result = host.create("l2", 'pool = "empty"', kernel=LINUX)
    assert result.rc == 3
    assert "domain creation fail: No such device" in result.stderr


@pytest.mark.parametrize(("words", "rc", "message"), [
    ("", 1, "Missing cpupool name!"), ("""'name="q"' 'sched="foo"'""", 1, "Unknown scheduler"),
    ("""'name="q"' 'cpus=["9"]'""", 6, "cpu 9 illegal or not free"),
    ("""'name="q"' 'cpus="0"'""", 6, "cpu 0 illegal or not free"), ("""'name="q"' 'nodes=["0"]'""", 6, "no free cpu"),
])
def test_wrong_pools(host: Host, words: str, rc: int, message: str) -> None:
    """Measured on xl 4.20: an error about CPUs has the number of the default scheduler as its status."""
    result = host.xl(f"cpupool-create {words}")
    assert result.rc == rc
    assert message in result.stderr


def test_adding_cpus_to_a_pool_never_fails(host: Host) -> None:
    """Measured on xl 4.20: status 0 for a CPU of another pool, and for one that does not exist."""
    host.xl("""cpupool-create 'name="p2"'""")
    result = host.xl("cpupool-cpu-add p2 0")
    assert (result.rc, "some cpus may not have been added to p2" in result.stderr) == (0, True)
    assert host.xl("cpupool-cpu-add p2 7") .stderr == ""
    assert host.xl("cpupool-cpu-remove p2 0").rc == 0


# --- devices -----------------------------------------------------------------------------------------------------


def test_devices_of_a_guest_that_does_not_listen(host: Host) -> None:
    """Measured on xl 4.20: attached, never connected; the disk goes by force only, the network goes."""
    host.xl(f"create -p {host.config('l1', kernel=LINUX)}")
    assert host.xl("block-attach l1 /home/d2.img,raw,xvdb,rw").rc == 0
    assert host.xl("block-list l1").stdout.splitlines()[1].split()[3:6] == ["1", "-1", "-1"]
    result = host.xl("block-detach l1 xvdb")
    assert result.rc == 1
    assert result.stderr.splitlines()[0].endswith("/local/domain/0/backend/vbd/1/51728 - rc -9")
    assert result.stderr.endswith("libxl_device_disk_safe_remove failed.\n")
    assert host.xl("block-detach -f l1 xvdb").rc == 0
    assert host.xl("network-attach l1 bridge=bridge0").rc == 0
    assert " -1/-1 " in host.xl("network-list l1").stdout
    assert host.xl("network-detach l1 0").rc == 0


def test_all_words_in_one_argument(host: Host) -> None:
    """Measured on xl 4.20: what stands behind the first value is ignored."""
    linux(host)
    host.write("/usr/pkg/etc/xen/xl.conf", 'vif.default.bridge="bridge0"\n')
    assert host.xl("network-attach l1 mac=00:16:3e:00:00:44,bridge=nosuch").rc == 0
    nic = live(host, "l1")["nics"][0]
    assert (nic["mac"], nic["bridge"]) == ("00:16:3e:00:00:44", "bridge0")


def test_a_mac_that_is_too_short_goes_on_in_the_next_word(host: Host) -> None:
    """Measured on xl 4.20: `b` of `bridge` is taken for the sixth number, without a word."""
    linux(host)
    assert host.xl("network-attach l1 mac=1:2:3:4:5 bridge=bridge0").rc == 0
    assert live(host, "l1")["nics"][0]["mac"] == "01:02:03:04:05:0b"


def test_network_detach_of_a_word_is_of_the_first(host: Host) -> None:
    """Measured on xl 4.20: `foo` is number 0."""
    linux(host, "l1", "vif = [ 'bridge=bridge0' ]")
    assert host.xl("network-detach l1 foo").rc == 0
    assert len(host.xl("network-list l1").stdout.splitlines()) == 1


def test_attach_dry_run(host: Host) -> None:
    """Measured on xl 4.20: the device is printed, nothing else happens."""
    linux(host)
    disk = host.xl("-N block-attach l1 /home/d2.img,raw,xvdb,rw").stdout
    assert disk.startswith('disk: {\n    "pdev_path": "/home/d2.img",\n')
    nic = host.xl("-N network-attach l1 mac=00:16:3e:00:04:02 bridge=bridge0").stdout
    assert nic == 'vif: {\n    "mac": "00:16:3e:00:04:02",\n    "bridge": "bridge0"\n}\n\n'
    assert "disks" not in live(host, "l1")


def test_devices_that_went_are_warned_of(host: Host) -> None:
    """Measured on xl 4.20, record list_l_after_detach."""
    linux(host, "l1", DISK)
    host.xl("block-detach l1 xvda")
    assert "Device present in JSON but not in xenstore, ignored" in host.xl("list -l l1").stderr


def test_cd_insert(host: Host) -> None:
    """record cd_insert; measured on xl 4.20: the file is looked at first."""
    linux(host)
    assert host.xl("cd-insert l1 hdc /nosuch").stderr == "Cannot stat file: /nosuch\n"
    assert "cdrom-insert requires an HVM domain" in host.xl("cd-eject l1 hdc").stderr


# --- saving, moving, dumping -------------------------------------------------------------------------------------


def test_save_with_a_configuration(host: Host) -> None:
    """Measured on xl 4.20: the file's configuration is what comes back."""
    linux(host)
    other = host.config("other", kernel=LINUX)
    assert host.xl("save l1 /home/l1.save /nosuch").stderr == "unable to read overridden config file\n"
    assert host.xl(f"save l1 /home/l1.save {other}").rc == 0
    host.later(2)
    assert host.xl("restore -p /home/l1.save").rc == 0
    assert host.names() == ["Domain-0", "other"]
    assert " --p--- " in host.xl("list other").stdout


def test_restore_with_a_configuration_and_without_a_monitor(host: Host) -> None:
    """Measured on xl 4.20: `restore -e FILE.cfg FILE`; nobody carries out on_reboot then (facts xl-behaviour 5)."""
    linux(host)
    host.xl("save l1 /home/l1.save")
    host.later(2)
    result = host.xl(f"restore -e {host.config('l9', kernel=LINUX)} /home/l1.save")
    assert "Parsing config from /home/l9.cfg" in result.stderr
    host.xl("reboot l9")
    host.later(10)
    assert " ---sr- " in host.xl("list l9").stdout


def test_create_e_has_no_monitor(host: Host) -> None:
    """record create_wait_console_less (xl 4.17), facts xl-behaviour 5."""
    assert host.xl(f"create -e {host.config('l1', kernel=LINUX)}").rc == 0
    host.later(5)
    host.xl("shutdown l1")
    host.later(10)
    assert " ---s-- " in host.xl("list l1").stdout


def test_a_guest_whose_monitor_is_killed_stays(host: Host) -> None:
    """facts xl-behaviour 5: ps shows the xl that waits; once it is gone, on_poweroff is not carried out."""
    linux(host)
    (pid, line), = [(pid, line) for pid, line in processes.running(host.m) if "xl create" in line]
    assert line == "/usr/pkg/sbin/xl create /home/l1.cfg"
    assert host.call(processes.kill, ["/bin/kill", "-9", str(pid)]).rc == 0
    host.xl("shutdown l1")
    host.later(10)
    assert " ---s-- " in host.xl("list l1").stdout


def test_dump_core_of_a_guest_that_never_ran(host: Host) -> None:
    """Measured on xl 4.20; record dump_core (xl 4.17) is of one that did."""
    host.xl(f"create -p {host.config('l1', kernel=LINUX)}")
    assert "p2m_size < nr_pages" in host.xl("dump-core l1 /home/core").stderr
    host.xl("unpause l1")
    host.later(5)
    assert host.xl("dump-core l1 /home/core").rc == 0
    assert host.m.path("/home/core").stat().st_size > 0
    assert host.xl("dump-core l1 /nosuch/core").rc == 1


def test_a_bootloader_needs_a_disk(host: Host) -> None:
    """Measured on xl 4.20; what it finds on one is not simulated."""
    result = host.create("l1", 'bootloader = "pygrub"')
    assert result.rc == 3
    assert "cannot run bootloader with no boot disk" in result.stderr
    with pytest.raises(NotSimulated):
        host.create("l2", 'bootloader = "pygrub"', DISK)


def test_config_update_dry_run(host: Host) -> None:
    """Measured on xl 4.20."""
    linux(host)
    result = host.xl(f"-N config-update l1 {host.config('l1', memory=96)}")
    assert json.loads(result.stdout)["domid"] is None
    assert "setting dom" not in result.stderr
    assert host.xl("config-update l1").stderr.endswith("Config file not specified\n")
