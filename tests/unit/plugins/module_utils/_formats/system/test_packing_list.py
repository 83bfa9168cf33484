# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a packing list says of a package's files (pkg_create(1))."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.module_utils._formats.system.packing_list import File, parse

LIST = """\
@comment $NetBSD: PLIST,v 1.1 $
@name xentools420-20260610
@blddep yajl-2.1.0nb2
@pkgdep yajl>=2.1.0
@cwd /usr/pkg
sbin/xl
@comment MD5:0123456789abcdef0123456789abcdef
lib/libxl.so
@comment Symlink:libxl.so.4
share/xen/empty
@comment MD5:d41d8cd98f00b204e9800998ecf8427e
@mode 0600
@pkgdir etc/xen
@ignore
+DESC
@cwd /
etc/x
"""


def test_files_have_their_directory_and_say_whether_they_are_empty():
    assert parse(LIST) == [
        File("/usr/pkg/sbin/xl", True),
        File("/usr/pkg/lib/libxl.so"),
        File("/usr/pkg/share/xen/empty"),
        File("/etc/x"),
    ]


def test_a_list_that_was_never_written_has_no_files():
    assert parse("") == []
