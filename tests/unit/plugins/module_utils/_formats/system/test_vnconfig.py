# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What vnconfig -l and xenstore-ls print, as records of NetBSD 7.99.10 have it."""

from __future__ import annotations

from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import vnconfig
from ansible_collections.netbsd.xen.plugins.module_utils._formats.system.vnconfig import Unit
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xenstore

# Record vnconfig-l-guest2-with-guest.
GUESTS = """vnd3: not in use
vnd2: not in use
vnd1: / (/dev/wd0a) inode 9412
vnd0: / (/dev/wd0a) inode 9017
vnd9: not in use
"""
# Record vnconfig-l-after: a file on tmpfs.
TMPFS = "vnd3: dev 171,1 inode 85401585303793410\nvnd2: not in use\n"
# Record after-reboot, shortened.
BACKENDS = """3 = ""
 51712 = ""
  frontend = "/local/domain/3/device/vbd/51712"
  params = "/home/g1.img"
  vnd = "/dev/vnd0d"
  hotplug-status = "connected"
 51728 = ""
  params = "/home/a = \\"b\\".img"
4 = ""
"""


def test_units_and_their_files():
    assert vnconfig.parse(GUESTS) == [Unit("vnd0", 9017, "/"), Unit("vnd1", 9412, "/")]
    assert vnconfig.parse(TMPFS) == [Unit("vnd3", 85401585303793410, device="171,1")]


def test_where_a_file_is_in_words():
    places = [unit.place for unit in [*vnconfig.parse(GUESTS), *vnconfig.parse(TMPFS)]]
    assert places == ["inode 9017 on /", "inode 9412 on /", "inode 85401585303793410 on device 171,1"]


def test_a_line_that_is_not_understood_is_a_unit_in_use():
    (unit,) = vnconfig.parse("vnd7: something new\nno unit at all\n")
    assert (unit, unit.place) == (Unit("vnd7", None), "a file that vnconfig -l does not tell")


def test_a_directory_with_blanks_and_parentheses():
    assert vnconfig.parse("vnd0: /mnt (a) b (/dev/sd0e) inode 5\n") == [Unit("vnd0", 5, "/mnt (a) b")]


def test_the_backends_of_every_disk():
    first, second = xenstore.leaves(BACKENDS, 2)
    assert (first["params"], first["vnd"], first["hotplug-status"]) == ("/home/g1.img", "/dev/vnd0d", "connected")
    assert second == {"params": '/home/a = \\"b\\".img'}
    assert xenstore.leaves("", 2) == []
