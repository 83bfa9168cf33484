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
    # Its command begins with a blank, and is none (bootmenu.c, docommandchoice; parseutils.c, gettrailer).
    assert (entry.text, entry.commands, bootcfg.boots(entry)) == ("one", (" boot netbsd",), [])


# Every command of the loader (boot2.c and efiboot/boot.c, ``commands``), and what is made of an entry with it: the
# files without which it does not boot, and the kernel that it boots without Xen. A command that is in neither stays as
# it is.
COMMANDS = {
    "boot": (["/netbsd"], None),  # the default entry, once: see below
    "boot -s": (["/netbsd"], "/netbsd"),
    "boot netbsd.old -s": (["/netbsd.old"], "/netbsd.old"),
    # parseutils.c, parseboot: behind flags comes nothing but flags, and an unknown one is an error; nothing is booted
    "boot -s netbsd.old": ([], None),
    "boot netbsd root=wd0a": ([], None),
    "boot netbsd -s single": ([], None),
    "boot netbsd -s -Z": ([], None),
    "boot netbsd -": ([], None),
    "boot netbsd -sv -x": (["/netbsd"], "/netbsd"),
    "boot\tnetbsd\t-s": (["/netbsd"], "/netbsd"),
    "boot -s -1;boot netbsd.old": (["/netbsd", "/netbsd.old"], "/netbsd"),
    "boot netbsd foo;boot netbsd.old": (["/netbsd.old"], "/netbsd.old"),
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
    # exec.c, module_add_common: one list, whose first file Xen takes for dom0's kernel
    "rndseed /entropy;load /dom0;multiboot /xen.gz": (["/entropy", "/xen.gz"], None),
    "fs /ramdisk.fs;multiboot /xen.gz": (["/ramdisk.fs", "/xen.gz"], None),
    "splash /boot.jpg;load /dom0;multiboot /xen.gz": (["/boot.jpg", "/xen.gz"], None),
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


# -- what is no command ------------------------------------------------------------------------------------------------

KERNEL = "menu=a:boot netbsd\n"


def meaning(text):
    """What the loader makes of a file: its entries, the number of the default one, seconds, and its other keys."""
    lines_ = bootcfg.parse(text)
    menu = [(entry.text, entry.commands) for entry in bootcfg.entries(lines_)]
    keys = [(line.keyword, line.value) for line in lines_ if line.keyword not in ("", "menu", "default", "timeout")]
    return menu, bootcfg.default_index(lines_), bootcfg.timeout(lines_), keys


A = [("a", ("boot netbsd",))]
# Every construct of a file that is no command (sys/lib/libsa/bootcfg.c, perform_bootcfg; lib/bootmenu.c; boot2.c,
# parsebootfile), and its verdict: read as given here, or kept (`keys`), which is neither read nor lost.
CONSTRUCTS = {
    # keywords
    "menu=a:boot netbsd\n": (A, 0, 10, []),
    "menuentry=a:boot netbsd\n": (A, 0, 10, []),
    "Menu=a:boot netbsd\n": ([], None, 10, []),
    "menu=a\n": ([], None, 10, []),
    "menu=:boot netbsd\n": ([("boot netbsd", ("boot netbsd",))], 0, 10, []),
    "menu=a:\n": ([("a", ())], 0, 10, []),
    "menu=a:b:c\n": ([("a", ("b:c",))], 0, 10, []),
    "menu=a=b:boot netbsd\n": ([("a=b", ("boot netbsd",))], 0, 10, []),
    f"{KERNEL}default=2x\n": (A, 0, 10, []),
    f"{KERNEL}menu=b:prompt\ndefault= 2\n": ([*A, ("b", ("prompt",))], 1, 10, []),
    f"{KERNEL}menu=b:prompt\ndefault=2\ndefault=1\n": ([*A, ("b", ("prompt",))], 0, 10, []),
    f"{KERNEL}timeout= 3\n": (A, 0, None, []),
    f"{KERNEL}timeout=3x\n": (A, 0, 3, []),
    f"{KERNEL}timeout=\n": (A, 0, None, []),
    f"banner=Hi # there\n{KERNEL}": (A, 0, 10, [("banner", "Hi ")]),
    f"{KERNEL}clear=1\n": (A, 0, 10, [("clear", "1")]),
    f"{KERNEL}format=l\n": (A, 0, 10, [("format", "l")]),
    f"{KERNEL}consdev=com0,115200\n": (A, 0, 10, [("consdev", "com0,115200")]),
    f"{KERNEL}root=dk0\n": (A, 0, 10, [("root", "dk0")]),
    f"{KERNEL}load=zfs\n": (A, 0, 10, [("load", "zfs")]),
    f"{KERNEL}fs=/r.fs\nfsck=1\n": (A, 0, 10, [("fs", "/r.fs")]),
    f"{KERNEL}userconf=disable acpi*\n": (A, 0, 10, [("userconf", "disable acpi*")]),
    # these are commands only: as keywords they are none
    f"{KERNEL}rndseed=/var/db/entropy-file\nsplash=/b.jpg\nvesa=on\nmodules=off\n": (A, 0, 10, []),
    f"{KERNEL}prompt\nno such thing\ntimeout = 3\n": (A, 0, None, []),  # "timeout " begins with the keyword
    # lines
    "": ([], None, 10, []),
    "\n\n#menu=a:boot netbsd\n  # x\n": ([], None, 10, []),
    " menu=a:boot netbsd\n": ([], None, 10, []),
    "menu=a:boot netbsd": (A, 0, 10, []),
    "menu=a:boot netbsd # -s\n": (A, 0, 10, []),
    "menu=a#b:boot netbsd\n": ([], None, 10, []),
    f"menu=a:{'x' * 300}\n": ([("a", ("x" * 300,))], 0, 10, []),
    # a list of commands (docommandchoice)
    "menu=a:boot /x ; boot netbsd;\n": ([("a", ("boot /x", "boot netbsd"))], 0, 10, []),
    "menu=a:boot /x;;boot netbsd\n": ([("a", ("boot /x", "boot netbsd"))], 0, 10, []),
    "menu=a:boot /x; ;;boot netbsd\n": ([("a", ("boot /x",))], 0, 10, []),  # it goes round for ever
    "menu=a:;boot netbsd\n": ([("a", ())], 0, 10, []),  # what it does first is in nobody's hands
    "menu=a:\tboot netbsd;\tboot x\n": ([("a", ("\tboot netbsd", "\tboot x"))], 0, 10, []),
}


@pytest.mark.parametrize("text", CONSTRUCTS)
def test_what_is_made_of_each_construct_of_a_file(text):
    assert meaning(text) == CONSTRUCTS[text]
    # Kept, to the byte, whatever it is.
    assert bootcfg.render(bootcfg.parse(text)) == text


# A file's name (boot2.c, parsebootfile), and the path in the root file system, None for one that can't be told.
FILES = {
    "netbsd": "/netbsd",
    "/netbsd": "/netbsd",
    "//netbsd": "/netbsd",
    "hd0a:netbsd": None,
    "hd0a:/netbsd": None,
    "hd0:netbsd": None,
    "cd0a:/netbsd": None,
    "raid0a:netbsd": None,
    "esp:/netbsd": None,
    "NAME=root:/netbsd": None,
    "NAME=a b:/netbsd": "/NAME=a",  # a blank ends a file's name
    "hd0a:": None,
}


@pytest.mark.parametrize("name", FILES)
def test_what_is_made_of_each_kind_of_file_name(name):
    (boot,) = bootcfg.boots(bootcfg.Entry("x", (f"multiboot {name}",)))
    assert boot.file == FILES[name]


@pytest.mark.parametrize(
    ("format_", "count", "default"),
    [("n", 12, 8), ("D", 12, 8), ("n\nformat=zzz", 12, 8), ("n\nformat=a", 12, 11), ("l", 12, 11), ("a", 12, 11)],
)
def test_digits_show_nine_entries_only(format_, count, default):
    text = "".join(f"menu={number}:boot netbsd\n" for number in range(count))
    parsed = bootcfg.parse(f"{text}default=12\nformat={format_}\n")
    assert (bootcfg.default_index(parsed), len(bootcfg.entries(parsed))) == (default, count)


@pytest.mark.parametrize(
    ("commands", "file", "stray"),
    [
        ("load /dom0;multiboot /xen", "", ""),
        ("load /dom0;load /ramdisk;multiboot /xen", "", ""),
        ("multiboot /xen", "", ""),
        ("boot netbsd", "load=zfs\n", ""),
        ("load /dom0;multiboot /xen", "load=zfs\n", "load=zfs"),
        ("load /dom0;multiboot /xen", "fs=/ramdisk.fs\n", "fs=/ramdisk.fs"),
        ("load /dom0;multiboot /xen", "userconf=list\n", ""),
        ("rndseed /e;load /dom0;multiboot /xen", "", "rndseed /e"),
        ("splash /b.jpg;load /dom0;multiboot /xen", "", "splash /b.jpg"),
        ("load /dom0;rndseed /e;multiboot /xen", "", ""),
    ],
)
def test_what_xen_would_take_for_its_dom0_kernel(commands, file, stray):
    entry = bootcfg.Entry("x", bootcfg.split_commands(commands))
    assert bootcfg.stray_module(entry, bootcfg.parse(file)) == stray


def test_a_modules_arguments_are_cut_with_its_name():
    # sys/arch/x86/include/bootinfo.h: char path[80]; exec.c, module_init: strncpy(..., sizeof(path) - 1)
    text = "/netbsd-XEN3_DOM0 root=wd0a " + "x" * 51
    assert len(text) == bootcfg.MAX_MODULE
    assert bootcfg.cut_module(bootcfg.Entry("x", (f"load {text}", "multiboot /xen"))) == ""
    assert bootcfg.cut_module(bootcfg.Entry("x", (f"load {text}y", "multiboot /xen"))) == f"{text}y"
    assert bootcfg.cut_module(bootcfg.Entry("x", (f"multiboot /xen {text}",))) == ""


def test_the_constructs_are_counted():
    print(f"{len(CONSTRUCTS)} constructs that are no command, {len(FILES)} kinds of file names")
