# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Nothing gets past a simulated command that no record and no source covers."""
from __future__ import annotations

import pytest
from netbsd_sim.core import dispatch, forms, profiles
from netbsd_sim.core.errors import NotSimulated, SimError

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import make_host

COMMANDS = {*dispatch.COMMANDS, *dispatch.PACKAGE_COMMANDS,
            *(path for profile in profiles.PROFILES.values() for path in profile.commands)}
# Those that read their words themselves, and how each of them is asked for something that it does not know.
OF_THEIR_OWN = {
    "xl": ["list", "--frobnicate"], "xm": ["frobnicate"], "xend": ["frobnicate"], "xenstore": ["frobnicate"],
    "npfctl": ["save"], "service": ["-v", "cron"], "grub": ["--frobnicate"], "grub-install": ["--frobnicate"],
    "grub-editenv": ["--frobnicate"], "grub-reboot": ["--frobnicate"], "grub-set-default": ["--frobnicate"],
    "rcscript": ["/etc/rc.d/cron", "frobnicate"], "pkg_admin": ["frobnicate"],
}


def names() -> list[str]:
    return sorted({path.rpartition("/")[2] for path in COMMANDS})


def test_each_command_has_its_entry_and_each_entry_its_command() -> None:
    assert set(names()) == set(forms.KNOWN)
    assert [name for name, known in forms.KNOWN.items() if not known.source] == []


@pytest.mark.parametrize("name", [name for name in names() if name not in OF_THEIR_OWN])
def test_an_option_that_nobody_knows_is_refused(name: str) -> None:
    """By the simulator, or with the usage of the program where that is known."""
    with pytest.raises(SimError) as refused:
        forms.read([f"/sbin/{name}", *(["/dev/MAKEDEV"] if name == "makedev" else []), "-Y"])
    assert refused.value.rc == 97 and "-Y" in refused.value.message or "sage" in refused.value.message


@pytest.mark.parametrize("name", sorted(set(OF_THEIR_OWN) - {"xm", "xend", "rcscript", "grub", "grub-install"}))
def test_those_with_a_grammar_of_their_own_refuse_as_well(tmp_path, name: str) -> None:
    host = make_host(tmp_path / "h", loader="grub2")
    assert host.run(name, *OF_THEIR_OWN[name]).rc in (1, 2, 97)


@pytest.mark.parametrize("line", [
    "ps -axo rss=", "ps -l", "sysctl -x kern.ostype", "ifconfig -v wm0", "ifconfig wm0 media auto", "route flush",
    "brconfig bridge0 maxaddr 5", "vnconfig -z vnd0 /x", "mount -u /", "mount -o frobnicate /kern", "df -i",
    "dd ibs=9 if=/x", "kill -USR1 1", "pkill -USR1 cron", "pgrep -n cron", "date -j", "shutdown -k now", "reboot -n",
    "stat -f %X /etc", "ftp -s addr http://x/y", "pkg_add -A yajl", "pkg_info -X yajl", "pkgin -c install x",
    "netstat -i",
    "installboot -m amd64 /dev/rwd0a /usr/mdec/bootxx_ffsv2", "service -v cron", "xenstore-ls -p /",
    "cksum -b /etc/fstab"])
def test_what_no_record_covers_ends_with_97_and_says_so(dom0_once, line: str) -> None:
    result = dom0_once.run(*line.split())
    assert result.rc == 97 and result.err.startswith("simulator: ") and result.err.endswith(": not simulated\n")


@pytest.fixture(scope="module")
def dom0_once(tmp_path_factory):
    return make_host(tmp_path_factory.mktemp("forms") / "h", "dom0")


def test_options_end_where_a_bsd_ends_them() -> None:
    """getopt(3) stops at the first operand, where GNU's goes on."""
    assert forms.read(["/usr/sbin/vnconfig", "-v", "vnd0", "/x"]).letters == {"v"}
    with pytest.raises(NotSimulated):
        forms.read(["/usr/sbin/vnconfig", "vnd0", "/x", "-v"])


def test_an_option_takes_its_argument_from_its_own_word_or_the_next() -> None:
    together, apart = forms.read(["/bin/ps", "-axopid="]), forms.read(["/bin/ps", "-axo", "pid="])
    assert together == apart == forms.Given({"a", "x", "o"}, {"o": ["pid="]}, [])
