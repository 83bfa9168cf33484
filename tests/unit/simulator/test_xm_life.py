# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xend, managed domains and the life of a guest under xm. Sources: Xen's tools/python/xen, pkgsrc's rc.d scripts."""
from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.xm_host import MODERN, OLD, guest, is_modern, names, ready


@pytest.fixture(params=[MODERN, OLD])
def host(request, tmp_path):
    return ready(tmp_path, request.param)


# --- xend --------------------------------------------------------------------------------------------------------


def test_without_xend(host):
    """A socket that nobody listens to, or none (after a boot)."""
    host.rc_script("xend", "stop")
    for command in (["list"], ["create", guest(host)]):
        result = host.xm(*command)
        assert result.rc == 1
        assert result.err == "Error: Unable to connect to xend: Connection refused. Is xend running?\n"
    (host.root / "var/run/xend/xmlrpc.sock").unlink()
    assert "xend: No such file or directory. Is xend running?" in host.xm("list").err


def test_scripts_4_2(modern):
    """pkgsrc xentools42: status of xend never says that it runs; stop of xencommons ends xenstored."""
    assert modern.rc_script("xend", "status").out == "xenbackendd is not running.\nxend is not running.\n"
    assert modern.rc_script("xend", "stop").out == "Stopping xendservices.\n"
    assert modern.rc_script("xend", "status").out == "xends are not running.\n"
    assert modern.rc_script("xencommons", "stop").out == "Stopping xencommons.\n"
    assert modern.rc_script("xencommons", "status").out == "xenstored is not running.\nxenconsoled is not running.\n"
    assert not {"xend", "xenbackendd", "xenstored", "xenconsoled"} & set(modern.data["daemons"])
    assert modern.rc_script("xencommons", "start").out.startswith("Starting xenservices: xenstored, xenconsoled.\n")
    assert modern.rc_script("xend", "start").out == "Starting xendservices: xenbackendd, xend.\n"
    assert modern.xm("list").rc == 0


def test_scripts_3_1(old):
    """pkgsrc xentools3: xend starts xenstored and xenconsoled, and leaves them."""
    assert old.rc_script("xend", "start").rc == 1
    assert old.rc_script("xend", "stop").out == "Stopping xend.\n"
    result = old.rc_script("xend", "status")
    assert (result.rc, result.out) == (1, "xend is not running.\n")
    assert {"xenstored", "xenconsoled"} <= set(old.data["daemons"])
    old.change(daemons={})
    assert old.rc_script("xend", "start").out == "Starting xend.\n"
    assert {"xend", "xenstored", "xenconsoled"} <= set(old.data["daemons"])


def test_boot_starts_the_daemons(host):
    host.xm("create", guest(host))
    daemons = host.reboot()["daemons"]
    assert {"xend", "xenstored", "xenconsoled", "xenbackendd"} <= set(daemons)
    assert names(host) == ["Domain-0"]


def test_xl_beside_xm(modern):
    """tools/libxl/xl.c: only a lock file tells it, which NetBSD's scripts never make."""
    assert modern.run("xl", "list").rc == 97
    (modern.root / "var/lock").mkdir(exist_ok=True)
    modern.write("/var/lock/xend", "")
    result = modern.run("xl", "create", "g1")
    assert result.rc == 1
    assert result.err.startswith("xend is running, which prevents xl from working correctly.\n")


# --- managed domains ---------------------------------------------------------------------------------------------


def test_managed_domain(host):
    """new, start, shutdown, delete: its config.sxp outlives it (XendDomain.py)."""
    more = {"disk": ["file:/disk.img,xvda,w"], "vif": ["bridge=bridge0"]}
    assert host.xm("new", guest(host, **more)).out == 'Using config file "/usr/pkg/etc/xen/g1".\n'
    row = host.xm("list").out.splitlines()[2]
    assert row.split() == ["g1", "64", "1", "0.0"]
    assert host.xm("domid", "g1").out == "None\n"
    assert host.xm("new", guest(host)).err == "Error: VM name 'g1' already exists\n"
    assert host.xm("start", "g1").rc == 0
    assert "xvif1.0" in host.run("brconfig", "bridge0").out
    assert host.xm("start", "g1").err == "Error: Domain is already running\n"
    assert host.xm("delete", "g1").err == "Error: Domain is not halted.\n"
    assert host.xm("shutdown", "-w", "g1").out == "Domain g1 terminated\nAll domains terminated\n"
    assert host.xm("shutdown", "g1").err == "Error: Domain cannot be shutdown\n"
    assert host.xm("pause", "g1").err == "Error: Domain 'g1' is not started\n"
    assert host.xm("delete", "g1").rc == 0
    assert names(host) == ["Domain-0"]


def test_managed_domain_after_a_reboot(host):
    host.xm("new", guest(host, on_xend_start="start"))
    host.xm("new", guest(host, "g2"))
    host.reboot()
    assert host.xm("domid", "g1").out == "1\n"
    assert host.xm("domid", "g2").out == "None\n"


def test_list_long(host):
    host.xm("create", guest(host, disk=["file:/disk.img,xvda,w"], vif=["bridge=bridge0"]))
    text = host.xm("list", "--long", "g1").out
    assert text.startswith("(domain\n    (domid 1)\n")
    assert "    (name g1)\n" in text
    assert f"    (bootloader {repr('') if is_modern(host) else ''})\n" in text
    assert "            (uname file:/disk.img)\n            (mode w)\n            (backend 0)\n" in text


# --- the life of a guest -----------------------------------------------------------------------------------------


def test_pause(host):
    host.xm("create", guest(host))
    host.xm("pause", "g1")
    assert "--p---" in host.xm("list", "g1").out
    host.xm("unpause", "g1")
    assert "--p---" not in host.xm("list", "g1").out


def test_shutdown_does_not_wait(host):
    """Exit status 0 at once (shutdown.py); a guest that ignores requests stays."""
    host.xm("create", guest(host, extra="noack"))
    assert host.xm("shutdown", "g1").rc == 0
    assert names(host) == ["Domain-0", "g1"]


def test_reboot_gives_a_new_number(host):
    host.xm("create", guest(host))
    state = host.data
    state["xen"]["domains"]["1"]["xend"]["started"] -= 100
    host.change(xen=state["xen"])
    assert host.xm("reboot", "-w", "g1").out == "Domain g1 rebooted\nAll domains rebooted\n"
    assert host.xm("domid", "g1").out == "2\n"


def test_restarting_too_fast(modern):
    """MINIMUM_RESTART_TIME: a guest that crashes at once is started once."""
    modern.write("/crash", "crash")
    modern.change(pace=0.01)
    modern.xm("create", modern.config("g1", kernel="/crash"))
    modern.change(pace=0.0001)
    for _round in range(200):
        if names(modern) == ["Domain-0"]:
            break
    assert names(modern) == ["Domain-0"]
    assert "restarting too fast" in (modern.root / "var/log/xen/xend.log").read_text()


def test_a_guest_that_goes_down_without_xend_stays(host):
    host.xm("create", guest(host))
    host.xm("shutdown", "g1")
    host.rc_script("xend", "stop")
    for _round in range(100):
        host.run("xenstore-ls")
    host.rc_script("xend", "start")
    for _round in range(200):
        if names(host) == ["Domain-0"]:
            break
    assert names(host) == ["Domain-0"]


def test_rename(host):
    host.xm("create", guest(host))
    assert host.xm("rename", "g1", "g2").rc == 0
    assert names(host) == ["Domain-0", "g2"]
    assert host.xm("rename", "g2", "a b").err == "Error: Invalid VM Name\n"


def test_memory(modern):
    modern.xm("create", guest(modern))
    assert modern.xm("mem-set", "g1", "32").rc == 0
    assert modern.xm("list", "g1").out.splitlines()[1].split()[2] == "32"
    assert modern.xm("mem-set", "g1", "999").err == (
        "Error: memory_dynamic_max must be less than or equal to memory_static_max\n")
    assert modern.xm("mem-set", "g1", "abc").err == "Error: Invalid argument.\n"


def test_vcpus(host):
    host.xm("create", guest(host, vcpus=2))
    assert host.xm("vcpu-list", "g1").out.count("any cpu") == 2
    assert host.xm("vcpu-pin", "g1", "0", "1").rc == 0
    assert host.xm("vcpu-list", "g1").out.splitlines()[1].endswith(" 1")
    assert host.xm("vcpu-set", "g1", "0").err == (
        "Error: Zero or less VCPUs is invalid\n" if is_modern(host) else "Error: Invalid VCPUs\n")


def test_scheduler(host):
    host.xm("create", guest(host, cpu_weight=512))
    assert host.xm("sched-credit", "-d", "g1").out.splitlines()[1].split() == ["g1", "1", "512", "0"]
    assert host.xm("sched-credit", "-d", "g1", "-w", "0").err == (
        "Error: Cpu weight out of range, valid values are within range from 1 to 65535\n")


def test_uptime_of_domain0_needs_a_linux_procfs(host):
    host.xm("create", guest(host))
    assert host.xm("uptime", "g1").rc == 0
    result = host.xm("uptime")
    assert (result.rc, result.err) == (
        1, "Error: Unable to connect to xend: No such file or directory. Is xend running?\n")


def test_info(host):
    out = host.xm("info").out
    assert ("xen_major              : 4\nxen_minor              : 2\n" in out) == is_modern(host)
    assert "xen_scheduler          : credit\n" in out


def test_save_and_restore(host):
    """XendCheckpoint.py: the guest leaves a file, and comes back from it with a new number."""
    host.xm("create", guest(host))
    file = "/tmp/saved"
    while host.xm("save", "g1", file).rc == 97:  # while it boots
        pass
    assert names(host) == ["Domain-0"]
    assert host.xm("restore", file).rc == 0
    assert host.xm("domid", "g1").out == "2\n"
    assert "already exists" in host.xm("restore", file).err
    if is_modern(host):
        assert host.xm("save", "g1", file).err == f"Error: Save file:{file} exist!\n\n"


def test_save_and_restore_refuse(host):
    assert host.xm("save", "0", "/etc/frob").err == "Error: Cannot save privileged domain 0\n"
    assert host.xm("save", "0", "/none/frob").err == "Error: xm save: Unable to create file /none/frob\n"
    assert host.xm("restore", "/none").err == "Error: xm restore: Unable to read file /none\n"
    host.write("/frob", "x")
    assert host.xm("restore", "/frob").err == "Error: not a valid guest state file: signature read\n"
    host.write("/frob", "x" * 40)
    assert host.xm("restore", "/frob").err == f"Error: not a valid guest state file: found '{'x' * 16}'\n"


def test_save_of_a_netbsd_guest_has_no_source(host):
    host.write("/netbsd-guest", "a kernel")
    host.xm("create", host.config("g1", kernel="/netbsd-guest"))
    assert host.xm("save", "g1", "/tmp/frob").rc == 97


def test_dump_core(host):
    host.xm("create", guest(host))
    assert host.xm("dump-core", "g1", "/tmp/core").out == "Dumping core of domain: g1 ...\n"
    assert (host.root / "tmp/core").exists()


def test_console_text_is_in_no_log(host):
    """xenconsoled of that time writes no log by itself."""
    host.xm("create", guest(host))
    assert "Linux" in (host.directory / "console/1.log").read_text()
    assert not (host.root / "var/log/xen/console/guest-g1.log").exists()


# --- xendomains --------------------------------------------------------------------------------------------------


def test_xendomains(host):
    host.append("/etc/rc.conf", 'xendomains="g1"\n')
    guest(host)
    assert host.rc_script("xendomains", "start").rc == 0
    assert names(host) == ["Domain-0", "g1"]
    assert host.rc_script("xendomains", "list").out == "g1\n"
    assert "All domains stopped." in host.rc_script("xendomains", "stop").out


def test_xendomains_counts_managed_domains_that_do_not_run(host):
    """Their row has no state, in which the script looks for an `s`."""
    host.xm("new", guest(host))
    assert host.rc_script("xendomains", "list").out == "g1\n"
