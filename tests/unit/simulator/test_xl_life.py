# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What happens to guests over time, and to dom0 because of them. Each test names its source."""
from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.xl_machine import (
    DOMU,
    LAB,
    Host,
    Hung,
    NotSimulated,
    SimError,
    TestMachine,
    add_vnd_nodes,
    devices,
    dom0,
    domains,
    hypervisor,
    network,
    run_xl,
    xen,
)

DISK = "disk = [ 'file:/home/d1.img,xvda,w' ]"
VIF = "vif = [ 'mac=00:16:3e:00:00:11,bridge=bridge0' ]"
LINUX = "/srv/xen/vmlinux"
BOOTED = 30  # recorded seconds after which every guest has booted


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with dom0(tmp_path / "host") as made:
        made.image("/home/d1.img", 1024 * 1024)
        made.image("/home/d2.img", 1024 * 1024)
        yield made


def started(host: Host, name: str, *lines: str, kernel: str = DOMU) -> None:
    """A guest that has booted."""
    result = host.create(name, *lines, kernel=kernel)
    assert result.rc == 0, result.stderr
    host.later(BOOTED)


def vnds(host: Host) -> dict[str, str]:
    return host.m.data.get("vnd", {})


# --- shutdown ----------------------------------------------------------------------------------------------------


def test_shutdown_of_netbsd_blocks_until_the_guest_is_gone(host: Host) -> None:
    """record xl-shutdown-no-wait: 15.59 s without -w, and the guest is gone."""
    started(host, "g1", DISK, VIF)
    before = host.m.now()
    result = host.xl("shutdown g1")
    assert (result.rc, result.stderr) == (0, "Shutting down domain 1\n")
    assert (host.m.now() - before) / host.m.pace == pytest.approx(15.6, abs=0.5)
    host.later(2)
    assert host.names() == ["Domain-0"]
    assert vnds(host) == {}
    assert "xvif1i0" not in network.interfaces(host.m)


def test_shutdown_w_of_netbsd_says_destroyed(host: Host) -> None:
    """record xl-shutdown-w; the log: record after-shutdown."""
    started(host, "g1")
    assert host.xl("shutdown -w g1").stderr == (
        "Shutting down domain 1\nWaiting for 1 domains\nDomain 1 has been destroyed\n")
    lines = host.read("/var/log/xen/xl-g1.log").splitlines()
    assert lines[0].startswith("Waiting for domain g1 (domid 1) to die [pid ")
    assert lines[1:] == ["Domain 1 has shut down, reason code 0 0x0", "Action for shutdown reason code 0 is destroy",
                         "Domain 1 needs to be cleaned up: destroying the domain", "Done. Exiting now"]


def test_shutdown_w_of_linux_returns_while_the_domain_is_listed(host: Host) -> None:
    """facts xl-behaviour 4, record shutdown_preserve: `has been shut down`, listed as ---s--."""
    started(host, "l1", kernel=LINUX)
    assert host.xl("shutdown -w l1").stderr.endswith("Domain 1 has been shut down, reason code 0\n")
    assert " ---s-- " in host.xl("list").stdout
    host.later(2)
    assert host.names() == ["Domain-0"]


@pytest.mark.parametrize("command", ["shutdown", "shutdown -w", "reboot"])
def test_a_guest_that_ignores_requests(host: Host, command: str) -> None:
    """records shutdown_noack_full, reboot_noack_full (xl 4.17), final-prompt-shutdown: 60 s, status 1, still there."""
    started(host, "s1", 'extra = "noack"')
    before = host.m.now()
    result = host.xl(f"{command} s1")
    assert result.rc == 1
    verb = command.split()[0]
    assert result.stderr.splitlines()[1:] == [
        "libxl: error: libxl_domain.c:854:pvcontrol_cb: guest didn't acknowledge control request: -9",
        f"{verb} failed (rc=-9)"]
    assert host.m.now() - before == pytest.approx(60 * host.m.pace, abs=0.2)
    assert host.names() == ["Domain-0", "s1"]
    assert "root device (default xbd0a):" in host.read("/var/log/xen/console/guest-s1.log")


def test_the_time_limit_is_at_least_two_seconds(host: Host) -> None:
    """A caller's own time limit must be able to run out before."""
    host.m.data["pace"] = 0.001
    started(host, "s1", 'extra = "noack"')
    before = host.m.now()
    host.xl("shutdown s1")
    assert host.m.now() - before == pytest.approx(2, abs=0.2)


def test_a_paused_guest_does_not_acknowledge(host: Host) -> None:
    """record shutdown-paused; once unpaused it obeys."""
    started(host, "g1")
    host.xl("pause g1")
    assert host.xl("shutdown g1").rc == 1
    host.xl("unpause g1")
    host.later(20)
    assert host.names() == ["Domain-0"]


def test_a_crashed_guest_does_not_acknowledge(host: Host) -> None:
    """record shutdown_crashed."""
    host.write("/home/crash", "crash")
    started(host, "c1", 'on_crash = "preserve"', kernel="/home/crash")
    assert " ---sc- " in host.xl("list").stdout
    assert host.xl("shutdown c1").rc == 1


def test_shutdown_of_dom0_powers_the_machine_off(host: Host) -> None:
    """facts xl-behaviour 1."""
    started(host, "g1", DISK)
    assert host.xl("shutdown 0").rc == 0
    assert not host.m.is_up()
    assert not host.m.is_dom0()
    assert host.m.data["xen"] == {}


def test_shutdown_all(host: Host) -> None:
    """xl_vmcontrol.c: -a asks each guest in turn, never Domain-0."""
    started(host, "g1")
    started(host, "g2")
    assert host.xl("shutdown -a -w").rc == 0
    host.later(2)
    assert host.names() == ["Domain-0"]
    assert host.m.is_up()


# --- reboot, crash, actions --------------------------------------------------------------------------------------


def test_reboot_gives_a_new_domid_after_a_moment_without_the_domain(host: Host) -> None:
    """record xl-reboot: 17.4 s, then 2-3 s with no such domain; the log goes on with the same process id."""
    started(host, "g1", DISK, VIF)
    assert host.xl("reboot g1").rc == 0
    host.later(1.5)
    assert host.names() == ["Domain-0"]
    host.later(2)
    assert host.xl("domid g1").stdout == "2\n"
    assert vnds(host) == {"0": "/home/d1.img"}
    assert "xvif2i0" in network.interfaces(host.m)["bridge0"]["members"]
    lines = host.read("/var/log/xen/xl-g1.log").splitlines()
    assert lines[2:5] == ["Action for shutdown reason code 1 is restart",
                          "Domain 1 needs to be cleaned up: destroying the domain", "Done. Rebooting now"]
    assert lines[5].startswith("Waiting for domain g1 (domid 2)")
    assert lines[5].split("[")[1] == lines[0].split("[")[1]


def test_the_restarted_guest_keeps_its_uuid_and_its_mac(host: Host) -> None:
    """xl_vmcontrol.c, reload_domain_config: the running configuration is used again."""
    started(host, "g1", "vif = [ 'bridge=bridge0' ]")
    first = json.loads(host.xl("list -l g1").stdout)[0]["config"]
    host.xl("reboot g1")
    host.later(5)
    second = json.loads(host.xl("list -l g1").stdout)[0]["config"]
    assert second["c_info"]["uuid"] == first["c_info"]["uuid"]
    assert second["nics"] == first["nics"]


@pytest.mark.parametrize(("action", "names"), [("destroy", []), ("preserve", ["g1"]), ("restart", ["g1"])])
def test_on_reboot(host: Host, action: str, names: list[str]) -> None:
    """record list_preserved (xl 4.17): a preserved domain stays shut down; `xl reboot` then is no restart."""
    started(host, "g1", f'on_reboot = "{action}"')
    host.xl("reboot g1")
    host.later(6)
    assert host.names() == ["Domain-0", *names]
    assert (" ---sr- " in host.xl("list").stdout) == (action == "preserve")


def test_rename_restart_keeps_the_dead_domain_under_another_name(host: Host) -> None:
    """xl_vmcontrol.c, preserve_domain."""
    started(host, "g1", 'on_reboot = "rename-restart"')
    host.xl("reboot g1")
    host.later(6)
    assert [name[:3] for name in host.names()] == ["Dom", "g1-", "g1"]


def test_a_guest_that_crashes_at_boot_is_destroyed_by_default(host: Host) -> None:
    """records create_crash: status 0 all the same; on_crash defaults to destroy."""
    host.write("/home/crash", "crash")
    assert host.create("c1", kernel="/home/crash").rc == 0
    host.later(5)
    assert host.names() == ["Domain-0"]
    assert "reason code 3 0x3" in host.read("/var/log/xen/xl-c1.log")


def test_a_guest_that_crashes_at_each_boot_ends_nowhere(host: Host) -> None:
    """on_crash=restart: whoever looks an hour later sees one domain and gets an answer."""
    host.write("/home/crash", "crash")
    host.create("c1", 'on_crash = "restart"', kernel="/home/crash")
    host.later(3600)
    assert host.xl("list").rc == 0


def test_without_a_monitor_nothing_is_carried_out(host: Host) -> None:
    """facts xl-behaviour 5, records save_c and list_after_reboot (xl 4.17): after save -c the domain stays ---sr-."""
    started(host, "l1", kernel=LINUX)
    assert host.xl("save -c l1 /home/l1.save").rc == 0
    host.xl("reboot l1")
    host.later(10)
    assert " ---sr- " in host.xl("list").stdout


# --- destroy -----------------------------------------------------------------------------------------------------


def test_a_nameless_row_stays_for_a_moment_after_destroy(host: Host) -> None:
    """record destroy-five: `(null) 13 0 1 --p--d`."""
    started(host, "g1", DISK)
    assert host.xl("destroy g1").rc == 0
    row = host.xl("list").stdout.splitlines()[2].split()
    assert (row[0], row[2], row[3], row[4]) == ("(null)", "0", "1", "--p--d")
    host.later(2)
    assert host.names() == ["Domain-0"]
    assert host.read("/var/log/xen/xl-g1.log").splitlines()[1] == "Domain 1 has been destroyed."


def test_destroy_of_a_guest_on_a_block_device_complains(host: Host) -> None:
    """record create-phys-blk: status 0, and xenstore-read's words about a vnd that never was."""
    started(host, "b1", "disk = [ 'phy:/dev/wd0e,xvda,w' ]")
    assert vnds(host) == {}
    result = host.xl("destroy b1")
    assert (result.rc, result.stderr) == (
        0, "xenstore-read: couldn't read path /local/domain/0/backend/vbd/1/51712/vnd\n")


def test_a_killed_destroy_destroys_all_the_same(host: Host) -> None:
    """The hypervisor finishes what it was told, whatever becomes of xl."""
    started(host, "g1", DISK, VIF)

    def killed(_seconds: float) -> None:
        raise KeyboardInterrupt

    host.m.sleep = killed  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        host.xl("destroy g1")
    assert " --p--d " in host.xl("list").stdout
    host.later(2)
    assert host.names() == ["Domain-0"]
    assert vnds(host) == {}


def test_a_pace_of_zero_divides_nothing(host: Host) -> None:
    """Whoever sets it wants no waiting."""
    host.m.data["pace"] = 0
    assert host.create("g1", DISK).rc == 0
    assert host.xl("shutdown -w g1").rc == 0
    assert host.names() == ["Domain-0"]


def test_a_log_that_exists_becomes_dot_one(host: Host) -> None:
    """record after-reboot: xl-g1.log and xl-g1.log.1."""
    for _round in range(2):
        started(host, "g1")
        host.xl("destroy g1")
        host.later(2)
    assert "(domid 1)" in host.read("/var/log/xen/xl-g1.log.1")
    assert "(domid 2)" in host.read("/var/log/xen/xl-g1.log")


# --- creation and what it leaves ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("lines", "kernel"), [
    ((), "/home/nope"), (("disk = [ 'file:/home/nope.img,xvda,w' ]",), DOMU),
    (("disk = [ 'phy:/dev/rwd0e,xvda,w' ]",), DOMU), ((DISK, "vif = [ 'bridge=bridge9' ]"), DOMU),
    ((DISK, "vif = [ '' ]"), DOMU)])
def test_a_failed_create_leaves_nothing_but_logs(host: Host, lines: tuple[str, ...], kernel: str) -> None:
    """records create-nokern-left, create-nodisk-left, create-rawdisk-left, create-vifdef-left, create-vifunk-left."""
    assert host.create("x1", *lines, kernel=kernel).rc == 3
    assert host.names() == ["Domain-0"]
    assert vnds(host) == {}
    assert sorted(network.interfaces(host.m)) == ["bridge0", "wm0"]
    assert host.xenstore("ls /local/domain/0/backend").stderr == (
        "xenstore-ls: xs_directory (/local/domain/0/backend): No such file or directory\n")


def test_a_failed_create_uses_a_domid(host: Host) -> None:
    """records create-nokern (4), create-nodisk (5): consecutive."""
    host.create("x1", kernel="/home/nope")
    host.create("g1")
    assert host.xl("domid g1").stdout == "2\n"


def test_the_fifth_file_disk_needs_more_nodes(host: Host) -> None:
    """records create-five-4vnd, create-five-6vnd-left: all units are free again, then five different ones are used."""
    for number in range(1, 6):
        host.image(f"/home/d{number}.img")
    disks = ",".join(f"'file:/home/d{number}.img,xvd{'abcde'[number - 1]},w'" for number in range(1, 6))
    assert host.create("five", f"disk = [ {disks} ]").rc == 3
    assert vnds(host) == {}
    add_vnd_nodes(host.m, 4)
    assert host.create("five", f"disk = [ {disks} ]").rc == 0
    assert sorted(vnds(host)) == ["0", "1", "2", "3", "4"]
    assert sorted(vnds(host).values()) == [f"/home/d{number}.img" for number in range(1, 6)]


def test_units_do_not_follow_the_order_of_the_disks(host: Host) -> None:
    """record create-five-6vnd-left: d1 had vnd1, d3 had vnd0."""
    for number in range(1, 5):
        host.image(f"/home/d{number}.img")
    disks = ",".join(f"'file:/home/d{number}.img,xvd{'abcd'[number - 1]},w'" for number in range(1, 5))
    host.create("four", f"disk = [ {disks} ]")
    assert [vnds(host)[str(unit)] for unit in range(4)] != [f"/home/d{number}.img" for number in range(1, 5)]


def test_one_image_in_two_guests_is_not_noticed(host: Host) -> None:
    """record create-s2-same-image."""
    assert host.create("s1", DISK).rc == 0
    result = host.create("s2", DISK)
    assert (result.rc, result.stderr) == (0, "Parsing config from /home/s2.cfg\n")
    assert vnds(host) == {"0": "/home/d1.img", "1": "/home/d1.img"}


def test_a_guests_unit_cannot_be_freed(host: Host) -> None:
    """record vnconfig-of-guest-image: Device busy."""
    host.create("s1", DISK)
    with pytest.raises(SimError, match="Device busy"):
        devices.vnconfig_detach(host.m, 0)


def test_the_interface_is_in_its_bridge(host: Host) -> None:
    """xl-domU-session.txt (NetBSD 7.99.10): xvif1i0, UP, with an address of its own."""
    host.create("g1", VIF)
    entry = network.interfaces(host.m)["xvif1i0"]
    assert entry["mac"] == "00:16:3e:01:00:11"
    assert {"UP", "RUNNING", "PROMISC"} <= set(entry["flags"])
    assert network.interfaces(host.m)["bridge0"]["members"] == ["xvif1i0"]


def test_the_default_bridge_of_xl_conf(host: Host) -> None:
    """xl.conf(5), vif.default.bridge."""
    host.write("/usr/pkg/etc/xen/xl.conf", 'vif.default.bridge="bridge0"\n')
    assert host.create("g1", "vif = [ '' ]").rc == 0
    assert json.loads(host.xl("list -l g1").stdout)[0]["config"]["nics"][0]["bridge"] == "bridge0"


def test_two_concurrent_creates_of_one_name_can_both_succeed(tmp_path: Path) -> None:
    """facts xl-behaviour 2: the check and the entry are not one step."""
    with dom0(tmp_path / "host") as host:
        config = host.config("twin")
    codes: list[int] = []

    class Slow(TestMachine):
        def sleep(self, seconds: float) -> None:
            self.save()
            self._release()
            both.wait(10)
            self._acquire()

    both = threading.Barrier(2)

    def one() -> None:
        with Slow(tmp_path / "host") as machine:
            codes.append(run_xl(machine, ["create", "-q", config]))

    threads = [threading.Thread(target=one) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0, 0]
    with TestMachine(tmp_path / "host") as machine:
        assert [domain["name"] for domain in hypervisor.domains(machine).values()] == ["twin", "twin"]


def test_two_creates_one_after_the_other_cannot(host: Host) -> None:
    """record create-dup-name."""
    host.create("g1")
    assert host.create("g1").rc == 3


def test_dry_run_looks_at_nothing(host: Host) -> None:
    """facts xl-behaviour 10: `create -n` with a missing kernel or disk is status 0."""
    path = host.config("x1", "disk = [ 'file:/home/nope.img,xvda,w' ]", kernel="/home/nope")
    assert host.xl(f"create -n {path}").rc == 0
    assert host.names() == ["Domain-0"]


def test_debug_output_goes_to_stderr_unless_dry(host: Host) -> None:
    """xl_vmcontrol.c: -d without -n."""
    path = host.config("g1")
    result = host.xl(f"create -d {path}")
    assert result.stdout == ""
    assert '"name": "g1"' in result.stderr


@pytest.mark.parametrize("option", ["-F", "-c", "-V"])
def test_what_is_not_simulated_ends_loudly(host: Host, option: str) -> None:
    with pytest.raises(NotSimulated, match="not simulated"):
        host.xl(f"create {option} {host.config('g1')}")
    assert host.create("g1").rc == 0
    with pytest.raises(NotSimulated):
        host.xl("migrate g1 elsewhere")


# --- memory ------------------------------------------------------------------------------------------------------


def free_memory(host: Host) -> int:
    return int(host.xl("info free_memory").stdout)


def test_free_memory_is_what_guests_leave(host: Host) -> None:
    """xl-session.txt (NetBSD 7.99.10): 1535 MiB, 512 in dom0, 1004 free; a guest takes its own."""
    assert free_memory(host) == 1004
    host.create("g1", memory=200)
    assert free_memory(host) == 804
    host.later(BOOTED)
    host.xl("mem-set g1 100")
    assert free_memory(host) == 904
    host.xl("destroy g1")
    assert free_memory(host) == 1004


def test_dom0_gives_memory_until_its_minimum(host: Host) -> None:
    """xl_vmcontrol.c, freemem; record create-bigmem: below 128 MiB dom0 refuses, status 3."""
    assert host.create("g1", memory=1200).rc == 0
    assert int(host.xl("list 0").stdout.splitlines()[1].split()[2]) < 512
    assert host.create("g2", memory=400).rc == 3


def test_without_autoballoon_the_guest_does_not_fit(host: Host) -> None:
    """record create_oom (xl 4.20)."""
    host.write("/usr/pkg/etc/xen/xl.conf", 'autoballoon="off"\n')
    result = host.create("g1", memory=1200)
    assert result.rc == 3
    assert "Out of memory" in result.stderr
    assert host.xl("list 0").stdout.splitlines()[1].split()[2] == "512"


def test_a_guest_at_its_root_prompt_does_not_balloon(host: Host) -> None:
    """records memset-down, memset-up: status 0, the memory stays; above the maximum status 1, until mem-max."""
    started(host, "s1", 'extra = "noack"')
    assert host.xl("mem-set s1 48").rc == 0
    assert host.xl("list s1").stdout.splitlines()[1].split()[2] == "64"
    assert host.xl("mem-set s1 96").rc == 1
    assert host.xl("mem-max s1 96").rc == 0
    assert host.xl("mem-set s1 96").rc == 0


def test_list_l_shows_live_memory(host: Host) -> None:
    """record memset-running-down."""
    started(host, "g1", "maxmem = 128")
    host.xl("mem-set g1 48")
    build = json.loads(host.xl("list -l g1").stdout)[0]["config"]["b_info"]
    assert (build["max_memkb"], build["target_memkb"]) == (131072, 49152)
    assert host.xenstore("read /local/domain/1/memory/target").stdout == "49152\n"


def test_memory_that_is_no_number_is_the_default(host: Host) -> None:
    """record create_bad_memory and the list after it: 32 MiB."""
    host.write("/home/lots.cfg", f'name = "lots"\nkernel = "{DOMU}"\nmemory = "lots"\n')
    assert host.xl("create /home/lots.cfg").rc == 0
    assert host.xl("list lots").stdout.splitlines()[1].split()[2] == "32"


# --- devices of a running guest ----------------------------------------------------------------------------------


def test_network_detach_panics_netbsd(host: Host) -> None:
    """records net-attach-running, guest-panic-on-netdetach: status 0, and the guest restarts with a new domid."""
    started(host, "g1", VIF)
    assert host.xl("network-attach g1 mac=00:16:3e:00:00:32 bridge=bridge0").rc == 0
    assert host.xl("network-detach g1 1").rc == 0
    host.later(6)
    assert host.xl("domid g1").stdout == "2\n"
    assert "reason code 1 0x1" in host.read("/var/log/xen/xl-g1.log")
    assert "panic:" in host.read("/var/log/xen/console/guest-g1.log")


def test_network_detach_does_not_panic_linux_or_a_prompt(host: Host) -> None:
    """records net_detach_mac (xl 4.20), network-detach (NetBSD at its root device prompt)."""
    started(host, "l1", VIF, kernel=LINUX)
    started(host, "s1", "vif = [ 'mac=00:16:3e:00:00:31,bridge=bridge0' ]", 'extra = "noack"')
    assert host.xl("network-detach l1 0").rc == 0
    assert host.xl("network-detach s1 00:16:3e:00:00:31").rc == 0
    host.later(6)
    assert host.names() == ["Domain-0", "l1", "s1"]
    assert network.interfaces(host.m)["bridge0"]["members"] == []


def test_a_vif_with_a_wrong_bridge_stays(host: Host) -> None:
    """facts xl-behaviour 11, records net_attach_badbridge, net_list_3."""
    started(host, "l1", kernel=LINUX)
    assert host.xl("network-attach l1 bridge=bridge9").rc == 1
    assert "xvif1i0" in network.interfaces(host.m)
    assert len(host.xl("network-list l1").stdout.splitlines()) == 2
    assert host.xenstore("read /local/domain/0/backend/vif/1/0/hotplug-status").stdout == "error\n"


def test_block_attach_and_detach(host: Host) -> None:
    """record block-attach-running: a booted NetBSD guest takes it and lets it go."""
    started(host, "g1", DISK)
    assert host.xl("block-attach g1 file:/home/d2.img,xvdb,w").rc == 0
    assert sorted(vnds(host).values()) == ["/home/d1.img", "/home/d2.img"]
    assert host.xl("block-attach g1 file:/home/d2.img,xvdb,w").rc == 1
    assert [disk["vdev"] for disk in json.loads(host.xl("list -l g1").stdout)[0]["config"]["disks"]] == ["xvda", "xvdb"]
    assert host.xl("block-detach g1 xvdb").rc == 0
    assert vnds(host) == {"0": "/home/d1.img"}
    assert host.xl("block-detach g1 xvdb").rc == 1


def test_a_guest_at_its_root_prompt_keeps_its_disks(host: Host) -> None:
    """record block-detach: 10 s, status 1."""
    started(host, "s1", DISK, 'extra = "noack"')
    result = host.xl("block-detach s1 xvda")
    assert result.rc == 1
    assert result.stderr.endswith("libxl_device_disk_safe_remove failed.\n")
    assert vnds(host) == {"0": "/home/d1.img"}


def test_block_list_of_an_unknown_domain_is_no_failure(host: Host) -> None:
    """facts xl-behaviour 10."""
    assert host.xl("block-list nosuch").rc == 0


# --- save and restore --------------------------------------------------------------------------------------------


def test_save_and_restore_of_linux(host: Host) -> None:
    """records save, list_after_save, restore (xl 4.17)."""
    started(host, "l1", kernel=LINUX)
    result = host.xl("save l1 /home/l1.save")
    assert result.rc == 0
    assert "xc: progress: Frames: 1024/16384    6%\n" in result.stderr
    host.later(2)
    assert host.names() == ["Domain-0"]
    assert host.xl("restore /home/l1.save").rc == 0
    assert host.xl("domid l1").stdout == "2\n"
    assert host.xl("restore /home/l1.save").rc == 1


def test_save_of_netbsd_fails(host: Host) -> None:
    """record save-running: 60 s, status 1, the guest runs on; the file that stays cannot be restored."""
    started(host, "g1")
    assert host.xl("save g1 /home/g1.save").rc == 1
    assert host.names() == ["Domain-0", "g1"]
    assert host.xl("restore /home/g1.save").rc == 1


# --- daemons -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["list", "list -l", "domid x", "destroy x", "shutdown x", "vcpu-list", "uptime",
                                     "block-list x", "network-list x", "pause x", "mem-set x 64", "create"])
def test_with_xenstored_dead_xl_hangs(host: Host, command: str) -> None:
    """record xenstored-dead-hang; facts xl-behaviour 7."""
    path = host.config("g1")
    host.m.stop_daemon("xenstored")
    with pytest.raises(Hung):
        host.xl(f"create {path}" if command == "create" else command)


@pytest.mark.parametrize("words", ["ls", "read /local/domain/0/name", "list /", "exists /", "write /x y", "rm /x"])
def test_with_xenstored_dead_xenstore_commands_hang(host: Host, words: str) -> None:
    """record noxs_xsls (xl 4.17)."""
    host.m.stop_daemon("xenstored")
    with pytest.raises(Hung):
        host.xenstore(words)


def test_with_xenstored_dead_some_commands_work(host: Host) -> None:
    """records noxs_info, noxs_dmesg, noxs_create_n (xl 4.17)."""
    path = host.config("g1")
    host.m.stop_daemon("xenstored")
    assert [host.xl(command).rc for command in ("info", "dmesg", f"create -n {path}")] == [0, 0, 0]


def test_with_xenconsoled_dead_guests_start_but_nothing_is_logged(host: Host) -> None:
    """record xc-kill-xenconsoled."""
    host.m.stop_daemon("xenconsoled")
    started(host, "g1")
    assert host.names() == ["Domain-0", "g1"]
    assert not host.m.path("/var/log/xen/console/guest-g1.log").exists()


@pytest.mark.parametrize("command", ["list", "info", "create -n /home/g1.cfg", "help"])
def test_without_xen_nothing_works(host: Host, command: str) -> None:
    """facts netbsd-xen 9; the words of record xl-as-user with another error."""
    host.m.data["hypervisor"] = None
    result = host.xl(command)
    assert (result.rc, result.stdout) == (1, "")
    assert result.stderr.splitlines()[-1] == "cannot init xl context"


def test_without_kernfs_nothing_works(host: Host) -> None:
    """/kern/xen/privcmd is the only door."""
    host.m.data["mounts"] = []
    assert host.xl("list").stderr.startswith("xencall: error: Could not obtain handle on privileged command interface")


def test_without_xen_xenstore_ls_says_so(host: Host) -> None:
    """record noxen_xenstore_ls (xl 4.17)."""
    host.m.data["hypervisor"] = None
    result = host.xenstore("ls")
    assert (result.rc, result.stderr) == (1, "xenstore-ls: xs_open: No such file or directory\n")


def test_console_never_ends_and_is_exclusive(host: Host) -> None:
    """records xl-console-no-tty, xl-console-login (status 35)."""
    import fcntl

    started(host, "g1")
    with pytest.raises(Hung):
        host.xl("console g1")
    with host.m.path("/var/run/xenconsole.1").open("w") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        result = host.xl("console g1")
    assert (result.rc, result.stderr) == (
        35, "xenconsole: Could not lock /var/run/xenconsole.1: Resource temporarily unavailable\n")


# --- xenstore ----------------------------------------------------------------------------------------------------


def test_xenstore_layout_of_a_disk(host: Host) -> None:
    """record create-hex-left."""
    host.create("hex", "disk = [ 'file:/home/d1.img,0x1,w' ]")
    assert host.xenstore("ls /local/domain/0/backend/vbd/1").stdout == (
        '1 = ""\n frontend = "/local/domain/1/device/vbd/1"\n params = "/home/d1.img"\n'
        ' script = "/usr/pkg/etc/xen/scripts/block"\n frontend-id = "1"\n online = "1"\n removable = "0"\n'
        ' bootable = "1"\n state = "4"\n dev = "0x1"\n type = "phy"\n mode = "w"\n device-type = "disk"\n'
        ' discard-enable = "1"\n specification = "xen"\n vnd = "/dev/vnd0d"\n physical-device = "3587"\n'
        ' sectors = "2048"\n info = "0"\n sector-size = "512"\n feature-flush-cache = "1"\n'
        ' hotplug-status = "connected"\n')


def test_xenstore_write_read_list_exists_rm(host: Host) -> None:
    assert host.xenstore("exists /tool/mine").rc == 1
    assert host.xenstore("write /tool/mine/a hello").rc == 0
    assert host.xenstore("read /tool/mine/a").stdout == "hello\n"
    assert host.xenstore("list /tool/mine").stdout == "a\n"
    assert host.xenstore("exists /tool/mine").rc == 0
    assert host.xenstore("rm /tool/mine").rc == 0
    assert host.xenstore("read /tool/mine/a").rc == 1


def test_xenstore_ls_of_an_empty_domid(host: Host) -> None:
    """record shutdown-w-no-powerd: /local/domain//control is an invalid argument."""
    assert host.xenstore("ls /local/domain//control").stderr == (
        "xenstore-ls: xs_directory (/local/domain//control): Invalid argument\n")


# --- names, numbers, CPUs ----------------------------------------------------------------------------------------


def test_a_number_is_a_domid_never_a_name(host: Host) -> None:
    """facts xl-behaviour 13, records create_name_numeric, destroy_numeric_name, domid_numeric_name."""
    host.write("/home/n.cfg", f'name = "123"\nkernel = "{DOMU}"\nmemory = 32\n')
    assert host.xl("create -p /home/n.cfg").rc == 0
    assert host.xl("destroy 123").rc == 1
    assert host.xl("domid 123").stdout == "1\n"
    assert host.xl("destroy 1").rc == 0


def test_rename_shows_everywhere_but_in_the_log(host: Host) -> None:
    """record rename."""
    started(host, "s1")
    assert host.xl("rename s1 s9").rc == 0
    assert host.names() == ["Domain-0", "s9"]
    assert '"name": "s9"' in host.xl("list -l s9").stdout
    host.xl("destroy s9")
    assert "destroyed" in host.read("/var/log/xen/xl-s1.log")


def test_more_vcpus_than_the_host_has(host: Host) -> None:
    """record vcpu-set (NetBSD 7.99.10, one CPU)."""
    started(host, "s1", "vcpus = 1", "maxvcpus = 2", 'extra = "noack"')
    result = host.xl("vcpu-set s1 2")
    assert result.rc == 1
    assert result.stderr == ("You are overcommmitting! You have 1 physical CPUs and want 2 vCPUs! Aborting, use "
                             "--ignore-host to continue\n")


def test_config_update_counts_at_the_next_reboot(host: Host) -> None:
    """record config_update (xl 4.20); xl_vmcontrol.c, reload_domain_config."""
    started(host, "g1")
    path = host.config("g1", memory=96)
    assert host.xl(f"config-update g1 {path}").rc == 0
    host.xl("reboot g1")
    host.later(5)
    assert host.xl("list g1").stdout.splitlines()[1].split()[2] == "96"


# --- the machine around it ---------------------------------------------------------------------------------------


def test_hooks_of_a_boot(host: Host) -> None:
    """After a reboot there is only Domain-0, and what guests held is free."""
    started(host, "g1", DISK, VIF)
    xen.at_shutdown(host.m)
    assert vnds(host) == {}
    assert "xvif1i0" not in network.interfaces(host.m)
    xen.at_boot(host.m)
    xen.daemons_started(host.m)
    assert host.names() == ["Domain-0"]
    assert host.create("g1").rc == 0
    assert host.xl("domid g1").stdout == "1\n"


def test_hooks_of_xendomains(host: Host) -> None:
    """records xd-list-set, xd-stop."""
    path = host.config("g1")
    assert xen.xl_create_file(host.m, path) == 0
    assert xen.guest_names(host.m) == ["g1"]
    assert xen.xl_shutdown(host.m, "g1") == 0
    assert xen.guest_names(host.m) == []


def test_what_is_due_happens_without_xl(host: Host) -> None:
    """ifconfig and vnconfig look at the same machine: after the time has come the guest holds nothing."""
    started(host, "g1", DISK, VIF)
    domains.request(host.m, hypervisor.domains(host.m)["1"], 0)
    host.m.shift += 20 * host.m.pace
    xen.settle(host.m)
    assert vnds(host) == {}


def test_two_cpus_show_a_busy_guest_as_running(tmp_path: Path) -> None:
    """records list_created (xl 4.20, two CPUs: r-----) and create-then-poll (NetBSD, one CPU: ------)."""
    with dom0(tmp_path / "lab", LAB.name) as lab, dom0(tmp_path / "netbsd") as netbsd:
        for host, letters in ((lab, "r-----"), (netbsd, "------")):
            host.create("g1")
            assert host.xl("list g1").stdout.splitlines()[1].split()[4] == letters
            host.later(BOOTED)
            assert host.xl("list g1").stdout.splitlines()[1].split()[4] == "-b----"


def test_a_netbsd_guest_brings_all_its_cpus_on_line(host: Host) -> None:
    """Records xl-list-nested-with-guest, xl-vcpu-set-with-guest: `vcpus` says nothing, and vcpu-set does nothing."""
    started(host, "g1", "vcpus = 1", "maxvcpus = 2")
    assert [row.split()[3] for row in host.xl("list").stdout.splitlines()[2:]] == ["2"]
    assert host.xl("vcpu-set g1 1").rc == 0
    assert [row.split()[3] for row in host.xl("list").stdout.splitlines()[2:]] == ["2"]


def test_devices_that_do_not_go(host: Host) -> None:
    """Records xl-block-detach-with-guest to ifconfig-l-end-with-guest, t1-vnconfig-after-destroy: the fault `stuck`."""
    host.image("/home/d1.img")
    host.image("/home/d2.img")
    started(host, "t1", "disk = [ 'file:/home/d1.img,0x1,w' ]", "vif = [ 'bridge=bridge0' ]")
    assert host.xl("block-attach t1 format=raw,vdev=xvdb,access=rw,target=/home/d2.img").rc == 0
    host.m.stuck = True
    assert host.xl("block-detach t1 xvdb").rc == 1
    assert host.xl("destroy t1").rc == 0
    host.m.stuck = False
    assert [row.split()[:4] for row in host.xl("list").stdout.splitlines()[2:]] == [["(null)", "1", "0", "1"]]
    assert "xvif1i0" in network.interfaces(host.m) and set(host.m.data["vnd"].values()) == {"/home/d2.img"}
    with pytest.raises(SimError, match="Device busy"):
        devices.vnconfig_detach(host.m, 1)
    host.later(61)
    assert "(null)" not in host.xl("list").stdout and "xvif1i0" not in network.interfaces(host.m)
    assert set(host.m.data["vnd"].values()) == {"/home/d2.img"}
    devices.vnconfig_detach(host.m, 1)
