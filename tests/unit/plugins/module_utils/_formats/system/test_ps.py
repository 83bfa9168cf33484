# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of processes as NetBSD's ps prints it (records ps-*, NetBSD 7.99.10), and Linux's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils import _processes
from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import ps
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

# record ps-args-with-guest-with-guest: dom0 on Xen 4.17.
DOM0 = """\
   0 [system]
   1 init 
 657 /usr/sbin/syslogd -s 
1164 /usr/pkg/sbin/xenstored --pid-file /var/run/xenstored.pid 
1209 /usr/pkg/sbin/xenconsoled --pid-file=/var/run/xenconsoled.pid 
1480 sh -c /usr/pkg/bin/python3.11 -c '...  
2526 /bin/ps -axww -o pid= -o args= 
2614 /usr/pkg/bin/python3.11 -c ...  
3221 /usr/pkg/sbin/xl create -p /root/t1.cfg 
3694 sshd: root@notty 
2045 /usr/libexec/getty Pc console 
"""  # noqa: W291 ps prints the blanks


def test_a_dom0_with_a_guest():
    assert [(each.pid, each.name) for each in ps.parse(DOM0)] == [
        (0, "[system]"),
        (1, "init"),
        (657, "syslogd"),
        (1164, "xenstored"),
        (1209, "xenconsoled"),
        (1480, "sh"),
        (2526, "ps"),
        (2614, "-c"),
        (3221, "xl"),
        (3694, "sshd:"),
        (2045, "getty"),
    ]


def test_a_script_is_called_by_its_own_name_and_who_only_names_it_is_not():
    text = "9 /usr/pkg/bin/python2.7 /usr/pkg/sbin/xend start \n10 vi /usr/pkg/sbin/xenstored\n11 grep xend\n12 python3"
    assert [each.name for each in ps.parse(text)] == ["xend", "vi", "grep", "python3"]


def test_the_dead_do_not_count():
    text = "402 (xenstored)\n403 [xenstored] <defunct>\n404 xenstored <defunct>\n405 xenstored-watch\n"
    assert "xenstored" not in {each.name for each in ps.parse(text)}


def test_a_list_of_ids_only_is_no_list_of_programs():
    """record ps-product-form: what comes if two columns share one -o."""
    assert ps.parse(",comm=\n     0\n     1\n   657\n") == []


@given(st.text())
def test_no_text_is_too_odd(text):
    assert all(each.name for each in ps.parse(text))


def test_each_column_has_an_o_of_its_own(tmp_path):
    host = RootedHost(tmp_path)
    host.answers = {"/bin/ps -axww -o pid= -o args=": DOM0}
    (xl,) = [each for each in _processes.running(host) if each.name == "xl"]
    assert xl.words == ("/usr/pkg/sbin/xl", "create", "-p", "/root/t1.cfg")
    assert {"xenstored", "xenconsoled", "xl"} < _processes.names(host)
    assert not any("," in word for word in ps.COMMAND)
