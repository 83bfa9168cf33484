# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""rc.d scripts and service(8) with their traps (facts netbsd-measured 1-5, records xc-*, xd-*, rcd-status.txt)."""
from __future__ import annotations

import re

DOMU = 'name = "{0}"\nkernel = "/home/domu"\nmemory = 64\n'


def test_status_of_running_daemons(dom0):
    """record xc-before: two blanks."""
    result = dom0.run("service", "xencommons", "onestatus")
    assert re.fullmatch(r"xencommons are running as pids  \d+ \d+\.\n", result.out)
    assert result.rc == 0


def test_status_is_0_with_all_dead(dom0):
    """record xs-kill; facts measured 1."""
    dom0.run("pkill", "xenstored")
    dom0.run("pkill", "xenconsoled")
    result = dom0.run("service", "xencommons", "onestatus")
    assert (result.rc, result.out) == (0, "xencommons are not running.\n")


def test_status_with_xenconsoled_dead(dom0):
    """record xc-kill-xenconsoled: an empty pid."""
    dom0.run("pkill", "xenconsoled")
    result = dom0.run("service", "xencommons", "status")
    assert result.rc == 0
    assert re.fullmatch(r"xenstored is running as pid \d+\.\nxenconsoled is running as pid \.\n", result.out)


def test_onestart_beside_running_daemons_adds_a_second_xenconsoled(dom0):
    """record onestart-when-running."""
    result = dom0.run("service", "xencommons", "onestart")
    assert result.out == "Starting xenservices: xenconsoled.\nSetting domain 0 name, domid and JSON config...\n"
    assert result.err == "Dom0 is already set up\n"
    assert len(dom0.run("pgrep", "xenconsoled").out.split()) == 2
    assert len(dom0.run("pgrep", "xenstored").out.split()) == 1


def test_onestop_leaves_xenstored(dom0):
    """record onestop: the newest xenconsoled ends, and status no longer sees the other one."""
    dom0.run("service", "xencommons", "onestart")
    result = dom0.run("service", "xencommons", "onestop")
    assert result.out == "Stopping xencommons.\nWARNING: Not stopping xenstored, as it cannot be restarted.\n"
    assert dom0.run("pgrep", "xenstored").rc == 0
    assert len(dom0.run("pgrep", "xenconsoled").out.split()) == 1
    assert dom0.run("service", "xencommons", "status").out.endswith("xenconsoled is running as pid .\n")


def test_first_start_starts_both(dom0):
    """record boot-xencommons-YES-xendYES."""
    log = (dom0.root / "var/run/rc.log").read_text()
    assert ("Starting xenservices: xenstored, xenconsoled.\nSetting domain 0 name, domid and JSON config...\n"
            "Done setting up Dom0\n") in log


def test_not_enabled(dom0):
    """record xc-start-not-enabled: upstream's script has rcvar=xend."""
    script = dom0.root / "etc/rc.d/xencommons"
    script.write_text(script.read_text().replace("rcvar=$name", "rcvar=xend"))
    dom0.append("/etc/rc.conf", "xend=NO\n")
    result = dom0.run("service", "xencommons", "status")
    assert result.rc == 1
    assert result.err == ("$xend is not enabled - see rc.conf(5).\nUse the following if you wish to perform the "
                          "operation:\n  /etc/rc.d/xencommons onestatus\n")
    assert dom0.run("service", "xencommons", "rcvar").out == "# xencommons\n$xend=NO\n"
    dom0.reboot()
    assert dom0.run("pgrep", "xenstored").rc == 1


def test_unset_rcvar_warns_first(generic):
    """facts section 2.5."""
    generic.install("xentools420", rc_scripts=True)
    result = generic.rc_script("xencommons", "start")
    assert result.rc == 1
    assert result.err.startswith("/etc/rc.d/xencommons: WARNING: $xencommons is not set properly - see rc.conf(5).\n")


def test_start_without_a_hypervisor_starts_nothing(generic):
    """facts section 2.2: a warning, and it goes on."""
    generic.install("xentools420", rc_scripts=True)
    result = generic.rc_script("xencommons", "onestart")
    assert "WARNING: /kern/xen/privcmd is not readable." in result.err
    assert generic.run("pgrep", "xenstored").rc == 1


def test_xendomains_has_no_status(dom0):
    """record xd-start-again."""
    result = dom0.run("service", "xendomains", "status")
    assert result.rc == 1
    assert result.err == ("/etc/rc.d/xendomains: unknown directive 'status'.\n"
                          "Usage: /etc/rc.d/xendomains [fast|force|one](start stop restart rcvar list)\n")
    assert dom0.run("service", "xendomains", "rcvar").out == "# xendomains\n"


def test_xendomains_without_a_list_fails_silently(dom0):
    """records xd-unset, xd-stop-none."""
    for action in ("start", "onestart", "onestop"):
        result = dom0.run("service", "xendomains", action)
        assert (result.rc, result.out, result.err) == (1, "", "")
    assert dom0.run("service", "xendomains", "onelist").out == "\n"


def test_xendomains_yes_is_a_guest_named_yes(dom0):
    """record xd-enabled-YES-start: its config is missing, so it is passed over."""
    dom0.append("/etc/rc.conf", 'xendomains="YES"\n')
    result = dom0.run("service", "xendomains", "start")
    assert (result.rc, result.out) == (0, "Starting xen domains.\n")


def start_list(host, names: str) -> None:
    host.append("/etc/rc.conf", f'xendomains="{names}"\nxendomains_config="/home/%s.cfg"\n')


def test_xendomains_starts_the_list_and_stops_all(dom0):
    """records xd-list-set, xd-missing-cfg, xd-start-again, xd-stop."""
    dom0.write("/home/domu", "kernel of a guest\n")
    dom0.write("/home/s1.cfg", DOMU.format("s1"))
    start_list(dom0, "nosuch s1")
    assert dom0.run("service", "xendomains", "start").rc == 0
    assert dom0.run("service", "xendomains", "list").out == "s1\n"
    again = dom0.run("service", "xendomains", "start")
    assert again.rc == 1
    assert 'already exists' in again.err
    stopped = dom0.run("service", "xendomains", "stop")
    assert (stopped.rc, stopped.out) == (0, "Stopping xen domains.\nAll domains stopped.\n")
    assert dom0.run("service", "xendomains", "list").out == "\n"


def test_listed_guests_start_at_boot(dom0):
    dom0.write("/home/domu", "kernel of a guest\n")
    dom0.write("/home/s1.cfg", DOMU.format("s1"))
    start_list(dom0, "s1")
    dom0.reboot()
    assert dom0.run("service", "xendomains", "list").out == "s1\n"


def test_plain_daemon(dom0):
    """record rcd-status.txt."""
    assert re.fullmatch(r"sshd is running as pid \d+\.\n", dom0.rc_script("sshd", "status").out)
    assert dom0.rc_script("sshd", "rcvar").out == "# sshd\n$sshd=YES\n"
    stopped = dom0.rc_script("ntpd", "onestatus")
    assert (stopped.rc, stopped.out) == (1, "ntpd is not running.\n")
    assert dom0.rc_script("ntpd", "status").rc == 1


def test_watchdog_has_an_rcvar_of_another_name(dom0):
    """facts section 2.3."""
    dom0.append("/etc/rc.conf", "xen_watchdog=YES\n")
    assert dom0.run("service", "xen-watchdog", "rcvar").out == "# xenwatchdog\n$xenwatchdog=NO\n"
    dom0.append("/etc/rc.conf", "xenwatchdog=YES\n")
    assert dom0.run("service", "xen-watchdog", "start").out == "Starting xenwatchdog.\n"


def test_rc_conf_d_wins(dom0):
    """facts section 2.5: keyed on $name."""
    dom0.write("/etc/rc.conf.d/xencommons", "xencommons=NO\n")
    assert dom0.run("service", "xencommons", "rcvar").out == "# xencommons\n$xencommons=NO\n"


def test_service_without_such_a_script(dom0):
    result = dom0.run("service", "nosuch", "start")
    assert (result.rc, result.err) == (1, "nosuch does not exist in /etc/rc.d\n")
    assert dom0.run("service").err.startswith("usage: service [-elv]\n")


def test_ps_reads_all_behind_the_first_equals_sign_as_a_header(dom0):
    """record ps-product-form; bin/ps/keyword.c, parsevarlist."""
    header, *rows = dom0.run("ps", "-axo", "pid=,comm=").out.splitlines()
    assert header.strip() == ",comm=" and rows and all(row.strip().isdigit() for row in rows)
    assert dom0.run("ps", "-axww", "-o", "pid=,args=").out.lstrip().startswith(",args=\n")


def test_ps_with_an_o_a_column(dom0):
    """records ps-two-o and ps-args-two-o: argv[0] with its path and a blank, kernel processes, titles, ps itself."""
    rows = [line.lstrip().split(" ", 1) for line in dom0.run("ps", "-ax", "-o", "pid=", "-o", "comm=").out.splitlines()]
    assert ["0", "[system]"] in rows and ["1", "init "] in rows
    programs = [row[1] for row in rows]
    assert {"/usr/pkg/sbin/xenstored ", "/usr/pkg/sbin/xenconsoled ", "/bin/ps ", "sshd: root@notty "} < set(programs)
    lines = dom0.run("ps", "-axww", "-o", "pid=", "-o", "args=").out
    assert "/bin/ps -axww -o pid= -o args= \n" in lines and "/usr/pkg/sbin/xenstored --pid-file" in lines


def test_ps_with_headers(dom0):
    """record ps-comm-pid-noeq."""
    out = dom0.run("ps", "-axo", "pid,comm").out.splitlines()
    assert re.fullmatch(" *PID COMMAND", out[0]) and re.fullmatch(" *0 \\[system\\]", out[1])


def test_a_new_store_beside_a_running_guest_does_not_know_it(dom0):
    """facts measured 46; record xenstored-killed-beside-a-guest."""
    dom0.write("/home/domu", "kernel of a guest\n")
    dom0.write("/home/g1.img", "\0" * 65536)
    dom0.write("/g1", DOMU.format("g1") + 'disk = ["/home/g1.img,raw,xvda,rw"]\n')
    assert dom0.run("xl", "create", "/g1").rc == 0
    assert "attach device vnd0d" in dom0.run("dmesg").out
    dom0.run("pkill", "xenstored")
    dom0.run("pkill", "xenconsoled")
    assert dom0.run("service", "xencommons", "onestart").rc == 0
    listed = dom0.run("xl", "list").out
    assert "(null)" in listed and "g1" not in listed
    assert dom0.run("xl", "domid", "g1").rc == 1 and dom0.run("xl", "shutdown", "(null)").rc == 1
    assert dom0.run("xenstore-exists", "/local/domain/1/name").rc == 1


def test_create_needs_the_pool_in_xenstore_and_xen_init_dom0_does_not_bring_it_back(dom0):
    """facts measured 34; tools/helpers/xen-init-dom0.c."""
    dom0.write("/home/domu", "kernel of a guest\n")
    dom0.write("/g1", DOMU.format("g1"))
    dom0.run("xenstore-rm", "/local/pool/0")
    assert dom0.run("xl", "list").rc == 0
    created = dom0.run("xl", "create", "/g1")
    assert created.rc == 6 and "Illegal pool specified: (null)" in created.err
    assert dom0.run("/usr/pkg/libexec/xen/bin/xen-init-dom0").err == "Dom0 is already set up\n"
    assert dom0.run("xenstore-exists", "/local/pool/0/name").rc == 1
    assert dom0.run("xenstore-write", "/local/pool/0/name", "Pool-0").rc == 0
    assert dom0.run("xl", "create", "/g1").rc == 0


def test_a_switch_that_is_not_set_is_warned_of_at_each_boot(dom0):
    """record rcd-xen; rc.subr's checkyesno."""
    warning = "/etc/rc.d/xen-watchdog: WARNING: $xenwatchdog is not set properly - see rc.conf(5).\n"
    assert warning in (dom0.root / "var/run/rc.log").read_text()
    assert dom0.rc_script("xen-watchdog", "start").err.startswith(warning)
    dom0.append("/etc/rc.conf", "xenwatchdog=NO\n")
    assert dom0.run("reboot").rc == 0
    assert warning not in (dom0.root / "var/run/rc.log").read_text()
    assert "WARNING" not in dom0.rc_script("xen-watchdog", "start").err


def test_a_script_that_can_t_be_run_is_found_out_by_the_next_guest(dom0):
    """record after-reboot-script-not-executable, NetBSD 7.99.10."""
    dom0.write("/home/domu", "kernel of a guest\n")
    dom0.write("/g1", DOMU.format("g1") + 'vif = ["bridge=bridge0"]\n')
    dom0.run("ifconfig", "bridge0", "create")
    (dom0.root / "usr/pkg/etc/xen/scripts/vif-bridge").chmod(0o644)
    created = dom0.run("xl", "create", "/g1")
    assert created.rc == 3
    assert "cannot execute /usr/pkg/etc/xen/scripts/vif-bridge: Permission denied" in created.err
    (dom0.root / "usr/pkg/etc/xen/scripts/vif-bridge").chmod(0o755)
    assert dom0.run("xl", "create", "/g1").rc == 0
