# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""boot.cfg: read as the loader reads it, written back to the byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.boot import bootcfg

STOCK = """\
menu=Boot normally:rndseed /var/db/entropy-file;boot netbsd
menu=Boot single user:rndseed /var/db/entropy-file;boot netbsd -s
menu=Disable ACPI:rndseed /var/db/entropy-file;boot netbsd -2
menu=Drop to boot prompt:prompt
default=1
timeout=5
clear=1
"""

# record fresh-boot-state (NetBSD 7.99.10): a file that booted into Xen
XEN = """\
banner=NetBSD test
menu=generic:boot netbsd
menu=xen:load /netbsd-XEN3_DOM0 console=xencons bootdev=wd0a;multiboot /xen.gz dom0_mem=512M console=com1 com1=9600
timeout=2
default=2
"""


@given(st.text())
def test_every_file_comes_back_to_the_byte(text):
    assert bootcfg.render(bootcfg.parse(text)) == text


@given(st.text(), st.booleans())
def test_every_file_comes_back_whichever_loader_reads_it(text, comments):
    assert bootcfg.render(bootcfg.parse(text, comments)) == text


def test_an_old_loader_takes_a_comment_for_the_beginning_of_the_next_line():
    # sys/arch/i386/stand/boot/boot2.c (NetBSD 5.2), parsebootconf: a key goes on until the next '='
    lines_ = bootcfg.parse("# c\nmenu=a:boot netbsd\nmenu=b:boot netbsd # -s\n\ntimeout=7\n# x=y\ndefault=1\n", False)
    assert [entry.text for entry in bootcfg.entries(lines_)] == ["b"]
    assert bootcfg.entries(lines_)[0].commands == ("boot netbsd # -s",)
    assert [line.text for line in lines_ if line.swallowed] == ["menu=a:boot netbsd", "timeout=7"]
    assert bootcfg.timeout(lines_) == bootcfg.DEFAULT_TIMEOUT
    assert bootcfg.last(lines_, "default").value == "1"


@pytest.mark.parametrize(
    ("release", "comments", "rndseed"),
    [("5.1", False, False), ("6.1.5", False, True), ("7.0", True, True), ("10.1", True, True), ("", False, False)],
)
def test_what_a_releases_loader_knows(release, comments, rndseed):
    assert (bootcfg.reads_comments(release), bootcfg.knows_rndseed(release)) == (comments, rndseed)


lines = st.sampled_from(
    ["menu=a:boot netbsd", "menu=b", "menu=:boot /x", "timeout=", "timeout=7", "default=b", "default=2", "#x", ""]
)


@given(st.lists(st.one_of(lines, st.text(alphabet="menu=:;#1 boot\t\r", max_size=20)), max_size=25))
def test_no_file_makes_the_questions_fail(some):
    parsed = bootcfg.parse("\n".join(some))
    index = bootcfg.default_index(parsed)
    menu = bootcfg.entries(parsed)
    assert index is None if not menu else 0 <= index < min(len(menu), bootcfg.MAX_ENTRIES)
    assert bootcfg.timeout(parsed) is None or bootcfg.timeout(parsed) >= 0
    for entry in menu:
        assert all(path.startswith("/") for path in bootcfg.files(entry))
        assert bootcfg.native_kernel(entry) is None or bootcfg.native_kernel(entry) in bootcfg.files(entry)
        assert isinstance(bootcfg.dom0_arguments(entry), str)


def test_the_stock_menu():
    parsed = bootcfg.parse(STOCK)
    assert [entry.text for entry in bootcfg.entries(parsed)] == [
        "Boot normally",
        "Boot single user",
        "Disable ACPI",
        "Drop to boot prompt",
    ]
    assert bootcfg.entries(parsed)[1].commands == ("rndseed /var/db/entropy-file", "boot netbsd -s")
    assert (bootcfg.timeout(parsed), bootcfg.default_index(parsed)) == (5, 0)


def test_a_xen_entry():
    native, xen = bootcfg.entries(bootcfg.parse(XEN))
    assert bootcfg.files(xen) == ["/netbsd-XEN3_DOM0", "/xen.gz"]
    assert bootcfg.native_kernel(xen) is None
    assert bootcfg.native_kernel(native) == "/netbsd"
    assert bootcfg.dom0_arguments(xen) == "console=xencons bootdev=wd0a"
    assert bootcfg.dom0_arguments(native) == ""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("timeout=2\n", 2),
        ("timeout=0\n", 0),
        ("timeout=foo\n", None),  # record bootcfg-timeout-foo: waits for ever
        ("timeout=-1\n", None),  # record bootcfg-timeout-neg
        ("timeout=9\ntimeout=2\n", 2),  # record bootcfg-dup-timeout
        (" timeout=2\n", 10),  # record bootcfg-spaces: no keyword begins with a blank
        ("", 10),
    ],
)
def test_timeout_as_the_loader_takes_it(text, seconds):
    assert bootcfg.timeout(bootcfg.parse(text)) == seconds


@pytest.mark.parametrize(
    ("value", "index"),
    [("9", 1), ("0", 0), ("b", 0), ("2", 1), ("1", 0)],  # records bootcfg-default-range, -0, -letter, -missing-kernel
)
def test_default_as_the_loader_takes_it(value, index):
    text = f"banner=hello\nmenu=one:boot netbsd\nmenu=two:boot /nosuch\ntimeout=2\ndefault={value}\n"
    assert bootcfg.default_index(bootcfg.parse(text)) == index


def test_menu_lines_that_are_none():
    # record bootcfg-no-title: a line without a colon is dropped, an empty title shows the command
    parsed = bootcfg.parse("menu=boot netbsd\nmenu=:boot netbsd\ntimeout=2\n")
    assert bootcfg.entries(parsed) == [bootcfg.Entry("boot netbsd", ("boot netbsd",))]


def test_a_comment_ends_a_line_anywhere():
    (entry,) = bootcfg.entries(bootcfg.parse("menu=a:boot netbsd -s # single user; really\n#menu=b:boot x\n"))
    assert entry.commands == ("boot netbsd -s",)


def test_keywords_are_compared_by_their_beginning():
    # record bootcfg-spaces: "menu = one : boot netbsd" is a menu line
    (entry,) = bootcfg.entries(bootcfg.parse("menu = one : boot netbsd\n"))
    assert (entry.text, entry.commands) == ("one", ("boot netbsd",))


# Every command of the loader (boot2.c and efiboot/boot.c, ``commands``), and what is made of an entry with it: the
# files without which it does not boot, and the kernel that it boots without Xen. A command that is in neither stays as
# it is.
COMMANDS = {
    "boot": (["/netbsd"], None),  # the default entry, once: see below
    "boot -s": (["/netbsd"], "/netbsd"),
    "boot netbsd.old -s": (["/netbsd.old"], "/netbsd.old"),
    "boot -s netbsd.old": (["/netbsd.old"], "/netbsd.old"),
    "boot /netbsd-XEN3_DOM0.gz": (["/netbsd-XEN3_DOM0.gz"], None),
    "boot hd1a:netbsd": ([], None),
    "boot hd1a:": ([], None),
    "boot NAME=other:/netbsd": ([], None),
    "pkboot netbsd": (["/netbsd"], "/netbsd"),
    "dev hd0f:;boot netbsd": ([], None),
    "dev NAME=other:;boot netbsd": ([], None),
    "dev;boot netbsd": (["/netbsd"], "/netbsd"),
    "dev hd0f;boot netbsd": (["/netbsd"], "/netbsd"),  # without its colon it is refused, and changes nothing
    "boot netbsd;dev hd0f:;boot netbsd": (["/netbsd"], "/netbsd"),
    "load zfs;load /stand/own.kmod;boot netbsd": (["/netbsd"], "/netbsd"),  # goes on without a module
    "load netbsd-XEN3_DOM0 a=b  c;multiboot xen.gz x": (["/netbsd-XEN3_DOM0", "/xen.gz"], None),
    "load /dom0;load /ramdisk;multiboot /xen.gz": (["/dom0", "/xen.gz"], None),
    "load /dom0;dev hd0f:;multiboot /xen.gz": ([], None),
    "load hd1a:/dom0;multiboot /xen.gz": (["/xen.gz"], None),
    "multiboot /xen.gz;boot netbsd": (["/xen.gz", "/netbsd"], None),
    "multiboot": ([], None),
    "prompt": ([], None),
    "menu": ([], None),
    "quit": ([], None),
    "help": ([], None),
    "?": ([], None),
    "ls hd0a:/": ([], None),
    "version": ([], None),
    "memmap": ([], None),
    "devpath": ([], None),
    "efivar": ([], None),
    **{
        f"{command};boot netbsd": (["/netbsd"], "/netbsd")
        for command in (
            "consdev com0",
            "consdev auto,9600",
            "modules off",
            "vesa 800x600x32",
            "gop 2",
            "text 1",
            "splash /boot.jpg",
            "rndseed /var/db/entropy-file",
            "fs /ramdisk.fs",
            "userconf disable acpi*",
        )
    },
}


@pytest.mark.parametrize("commands", COMMANDS)
def test_what_is_made_of_each_command_of_the_loader(commands):
    entry = bootcfg.Entry("x", bootcfg.split_commands(commands))
    assert (bootcfg.files(entry), bootcfg.native_kernel(entry)) == COMMANDS[commands]


def test_every_command_of_the_loader_has_its_verdict():
    known = set(
        "? boot consdev dev devpath efivar fs gop help load ls memmap menu modules multiboot pkboot prompt quit "
        "rndseed splash text userconf version vesa".split()
    )
    named = {command.split()[0] for commands in COMMANDS for command in bootcfg.split_commands(commands)}
    assert named == known
    print(f"{len(known)} commands of the loader in {len(COMMANDS)} forms")


@pytest.mark.parametrize(
    ("default", "natives"),
    [
        ("1", ["/netbsd"]),  # in itself, the second time, it boots netbsd
        ("2", []),  # from there, Xen
        ("3", ["/netbsd.old"]),  # which is an entry of its own
    ],
)
def test_a_bare_boot_is_a_way_back_as_the_default_only(default, natives):
    menu = "menu=a:load zfs;boot\nmenu=b:load /dom0;multiboot /xen.gz\n"
    menu += "menu=c:boot netbsd.old\n" if default == "3" else ""
    assert bootcfg.native_kernels(bootcfg.parse(f"{menu}default={default}\n")) == natives
