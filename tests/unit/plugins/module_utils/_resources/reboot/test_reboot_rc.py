# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine whose rc.conf would have /etc/rc hang under Xen is not rebooted (record xenstored-dead-hang)."""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._resources.reboot import rc
from ansible_collections.netbsd.xen.tests.unit.support.rc_machine import Machine, OldMachine

HEAD = "if [ -r /etc/defaults/rc.conf ]; then\n\t. /etc/defaults/rc.conf\nfi\nrc_configured=YES\n"
GUESTS = "xendomains='web1 db1'\n"


def words(host):
    with pytest.raises(Refused) as caught:
        rc.refuse_hanging(host)
    return str(caught.value)


@pytest.mark.parametrize("disabled", ["", "xencommons=NO\n", "xencommons=YES\nxencommons=off\n"])
@pytest.mark.parametrize("guests", [GUESTS, 'xendomains="$(cat /etc/guests)"\n'])
def test_guests_without_xencommons_stop_the_reboot(tmp_path, disabled, guests):
    found = words(Machine(tmp_path, rc_conf=HEAD + disabled + guests))
    assert "not rebooted" in found and "start xendomains, and not xencommons" in found
    assert "netbsd.xen.services" in found


def test_a_file_of_xencommons_own_goes_over_rc_conf(tmp_path):
    host = Machine(tmp_path, rc_conf=HEAD + "xencommons=YES\n" + GUESTS)
    host.put("/etc/rc.conf.d/xencommons", "xencommons=NO\n")
    assert "not xencommons" in words(host)


@pytest.mark.parametrize(
    "settings",
    [
        "xencommons=YES\n" + GUESTS,
        "xencommons=NO\n",
        "xendomains=''\n",
        "xencommons=NO\nif [ -e /kern/xen/privcmd ]; then xencommons=YES; fi\n" + GUESTS,
        ". /etc/rc.conf.site\n" + GUESTS,
        "xencommons=$(uname)\n" + GUESTS,
        GUESTS + "hostname='never closed\n",
    ],
)
def test_a_machine_that_gets_through_or_that_nobody_can_tell_is_let_go(tmp_path, settings):
    rc.refuse_hanging(Machine(tmp_path, rc_conf=HEAD + settings))


@pytest.mark.parametrize(("settings", "hangs"), [("xend=YES\n", True), ("xencommons=YES\nxend=YES\n", False)])
def test_xend_waits_for_xencommons_since_it_has_one(tmp_path, settings, hangs):
    host = OldMachine(tmp_path, "4.2", rc_conf=HEAD + settings)
    if hangs:
        assert "start xend, and not xencommons" in words(host)
    else:
        rc.refuse_hanging(host)


def test_the_first_xencommons_is_switched_by_xends_variable(tmp_path):
    host = OldMachine(tmp_path, "4.1", rc_conf=HEAD + "xend=YES\n" + GUESTS)
    host.put("/etc/rc.d/xencommons", 'name="xencommons"\nrcvar=xend\n')
    rc.refuse_hanging(host)


def test_before_xencommons_xend_brings_xenstored_up_by_itself(tmp_path):
    rc.refuse_hanging(OldMachine(tmp_path, "3.1", rc_conf=HEAD + "xend=YES\nxenbackendd=YES\n" + GUESTS))


def test_a_machine_without_scripts_of_xen_is_let_go(tmp_path):
    host = Machine(tmp_path, rc_conf=HEAD + GUESTS)
    for name in ("xencommons", "xendomains", "xen-watchdog"):
        host.remove(f"/etc/rc.d/{name}")
    rc.refuse_hanging(host)
