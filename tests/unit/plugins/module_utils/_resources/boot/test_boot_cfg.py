# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The boot menu: what is written, what is left alone, and what is never written."""

from __future__ import annotations

import os

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._formats.boot import bootcfg
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import boot_cfg
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

STOCK = """\
# Our machine; ask Ann before you touch this.
menu=Boot normally:rndseed /var/db/entropy-file;boot netbsd
menu=Boot single user:rndseed /var/db/entropy-file;boot netbsd -s

menu=Drop to boot prompt:prompt
default=1
timeout=5
clear=1
"""
XEN = {
    "name": "Xen",
    "kernel": "/netbsd-XEN3_DOM0.gz",
    "args": "root=wd0a  console=pc",
    "hypervisor": "/xen-4.20.gz",
    "hypervisor_args": "dom0_mem=1G",
}
NATIVE = {"name": "NetBSD", "kernel": "/netbsd"}
FILES = ("/netbsd", "/netbsd-XEN3_DOM0.gz", "/xen-4.20.gz")
XEN_LINE = "menu=Xen:load /netbsd-XEN3_DOM0.gz root=wd0a console=pc;multiboot /xen-4.20.gz dom0_mem=1G"


def params(**given):
    default = {"path": "/boot.cfg", "entries": [XEN, NATIVE], "other_entries": "keep", "assume_files": []}
    return dict(default, **given)


BIOS = {"booted": False, "partitions": [], "menus": [], "lasting": []}


def planned(text=STOCK, files=FILES, efi=None, **given):
    current = {
        "path": "/boot.cfg",
        "text": text,
        "release": "10.1",
        "efi": efi or BIOS,
        "files": list(files),
        "looked_at": list(files),
    }
    return boot_cfg.plan(current, boot_cfg.declare(params(**given)))


def written(text=STOCK, files=FILES, **given):
    (change,) = planned(text, files, **given).changes
    # Whatever is written must need nothing more.
    assert planned(change.data, files, **given).changes == []
    return change.data


def refusal(text=STOCK, files=FILES, **given):
    with pytest.raises(Refused) as caught:
        planned(text, files, **given)
    return str(caught.value)


# -- menus from the field


def test_modules_are_no_files_that_a_boot_waits_for():
    """The OpenZFS way to load modules; no file of theirs lies in /."""
    menu = "menu=Boot normally:rndseed /var/db/entropy-file;load solaris;load zfs;boot\n"
    menu += "menu=Prompt with modules:load solaris;load zfs;prompt\ndefault=1\ntimeout=2\n"
    lines = written(menu, entries=[XEN], timeout=5).splitlines()
    assert lines == [XEN_LINE, *menu.splitlines()[:2], "default=2", "timeout=5"]


def test_what_lies_on_another_disk_is_neither_looked_for_nor_a_way_back():
    elsewhere = "menu=Boot PVH:dev hd0f:;load /netbsd-PVH root=wd0f; multiboot /xen420-debug.gz dom0=pvh\n"
    menu = elsewhere + "menu=Boot normally:boot netbsd\ndefault=1\ntimeout=5\n"
    assert elsewhere in written(menu, entries=[XEN])
    only = "menu=Boot the other disk:dev hd0f:;boot netbsd\n"
    assert "no entry that boots a native kernel" in refusal(only, entries=[XEN])


def test_a_bare_boot_is_no_way_back_once_xen_is_the_default():
    """From any other entry than the default, ``boot`` without a file boots the default first."""
    menu = "menu=Boot normally:boot\ndefault=1\n"
    assert written(menu, entries=[XEN])
    assert "no entry that boots a native kernel" in refusal(menu, entries=[XEN], default="Xen")


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_a_native_kernel_that_is_the_dom0_kernel_by_a_link_is_none(tmp_path, link):
    host = machine(tmp_path, **{"/netbsd-GENERIC": "kernel"})
    host.remove("/netbsd")
    link(host.at("/netbsd-XEN3_DOM0.gz"), host.at("/netbsd"))
    with pytest.raises(Refused, match="/netbsd is a Xen kernel under another name"):
        converge(boot_cfg, params(), host, check=True)
    fallback = dict(XEN, fallback="/netbsd")
    with pytest.raises(Refused, match="/netbsd is a Xen kernel under another name"):
        converge(boot_cfg, params(entries=[fallback, dict(NATIVE, kernel="/netbsd-GENERIC")]), host, check=True)
    assert converge(boot_cfg, params(entries=[XEN, dict(NATIVE, kernel="/netbsd-GENERIC")]), host, check=True).done
    host.put("/boot.cfg", "menu=Boot normally:boot netbsd\n")
    with pytest.raises(Refused, match="no entry that boots a native kernel"):
        converge(boot_cfg, params(entries=[XEN]), host, check=True)


# -- writing


def test_managed_entries_come_first_and_all_else_stays():
    assert written(default="Xen") == (
        "# Our machine; ask Ann before you touch this.\n"
        f"{XEN_LINE}\n"
        "menu=NetBSD:rndseed /var/db/entropy-file;boot /netbsd\n"
        "menu=Boot normally:rndseed /var/db/entropy-file;boot netbsd\n"
        "menu=Boot single user:rndseed /var/db/entropy-file;boot netbsd -s\n"
        "\n"
        "menu=Drop to boot prompt:prompt\n"
        "default=1\ntimeout=5\nclear=1\n"
    )


def test_without_a_declared_default_the_old_one_stays_the_default():
    lines = bootcfg.parse(written())
    assert bootcfg.entries(lines)[bootcfg.default_index(lines)].text == "Boot normally"


def test_the_summary_says_in_words_what_differs():
    (change,) = planned(default="Xen", timeout=9).changes
    assert change.summary == (
        "add entry Xen; add entry NetBSD; default was Boot normally, becomes Xen; timeout was 5 s, becomes 9 s"
    )
    assert (change.thing, change.before) == ("/boot.cfg", STOCK)


def test_other_entries_can_go():
    text = written(other_entries="remove")
    assert [entry.text for entry in bootcfg.entries(bootcfg.parse(text))] == ["Xen", "NetBSD"]
    assert text.startswith("# Our machine") and "clear=1" in text


def test_an_entry_that_is_right_keeps_its_spelling_and_its_comment():
    text = "menu=Xen:load /netbsd-XEN3_DOM0.gz root=wd0a console=pc ; multiboot /xen-4.20.gz dom0_mem=1G # by hand\n"
    text += "# the fallback\nmenu=NetBSD:boot /netbsd\ndefault=1\ntimeout=5"
    assert planned(text, default="Xen").changes == []


def test_an_entry_that_differs_is_replaced_in_its_place():
    text = f"{XEN_LINE.replace('1G', '512M')}\n# the fallback\nmenu=NetBSD:boot /netbsd\nmenu=x:prompt\ntimeout=5\n"
    (change,) = planned(text).changes
    assert change.data == text.replace("512M", "1G")
    assert change.summary == "change entry Xen"


def test_no_rndseed_where_the_file_has_none():
    text = "menu=one:boot netbsd\ntimeout=5\n"
    assert "menu=NetBSD:boot /netbsd\n" in written(text)


def test_a_new_file():
    assert written(None, default="Xen", timeout=5) == (
        f"{XEN_LINE}\nmenu=NetBSD:rndseed /var/db/entropy-file;boot /netbsd\ndefault=1\ntimeout=5\n"
    )


def test_a_file_without_a_newline_at_its_end():
    # record bootcfg-no-newline-end: the loader reads its last line
    text = "menu=NetBSD:boot /netbsd\ntimeout="
    assert written(text + "2", entries=[], timeout=3) == text + "3"


def test_only_the_deciding_timeout_line_is_touched():
    text = "menu=NetBSD:boot /netbsd\ntimeout=9\ntimeout=2\n"
    assert written(text, entries=[], timeout=3) == "menu=NetBSD:boot /netbsd\ntimeout=9\ntimeout=3\n"


def test_a_default_by_another_hand_is_put_right():
    text = written(default="Xen")
    (change,) = planned(text.replace("default=1", "default=2"), default="Xen").changes
    assert change.data == text
    assert change.summary == "default was NetBSD, becomes Xen"


def test_raw_commands():
    raw = {"name": "Prompt", "commands": ["consdev com0", "prompt"]}
    assert "menu=Prompt:consdev com0;prompt\n" in written(entries=[raw])


def test_twenty_entries_are_allowed_and_twenty_one_are_not():
    others = "".join(f"menu=e{i}:boot netbsd\n" for i in range(18))
    assert written(others)
    assert "21 entries" in refusal(others + "menu=e18:boot netbsd\n")
    assert written(others + "menu=e18:boot netbsd\n", other_entries="remove")


# -- fallback, optional entries


def test_a_fallback_is_one_more_command():
    # record bootcfg-first-missing-semicolon: a command whose file is missing falls through to the next
    entries = [dict(XEN, fallback="/netbsd"), dict(NATIVE, fallback="/netbsd.old")]
    text = written(None, (*FILES, "/netbsd.old"), entries=entries, timeout=5)
    assert f"{XEN_LINE};boot /netbsd\n" in text
    assert "menu=NetBSD:rndseed /var/db/entropy-file;boot /netbsd;boot /netbsd.old\n" in text


def test_a_fallback_must_be_there_and_makes_no_native_entry():
    assert "/netbsd.old" in refusal(entries=[dict(XEN, fallback="/netbsd.old"), NATIVE])
    assert "no entry that boots" in refusal(None, entries=[dict(XEN, fallback="/netbsd")])


def test_an_optional_entry_is_there_while_its_files_are():
    backup = dict(XEN, name="Xen before", kernel="/netbsd-XEN3_DOM0.gz.old", optional=True)
    with_it = written(None, (*FILES, "/netbsd-XEN3_DOM0.gz.old"), entries=[XEN, NATIVE, backup])
    assert "menu=Xen before:load /netbsd-XEN3_DOM0.gz.old" in with_it
    without = written(with_it, entries=[XEN, NATIVE, backup])
    assert "Xen before" not in without and XEN_LINE in without
    assert "It is optional" in refusal(entries=[XEN, NATIVE, backup], default="Xen before")


# -- old loaders


def test_netbsd_5_gets_no_command_that_it_does_not_know():
    assert "rndseed" not in written(None, loader_release="5.1")
    assert "rndseed" in written(None, loader_release="6.1.5")


@pytest.mark.parametrize("release", ["5.1", "5.2.3", "6.1.5"])
@pytest.mark.parametrize("text", ["# stock\nmenu=a:boot netbsd\ntimeout=5\n", "menu=a:boot netbsd\n\ntimeout=5\n"])
def test_what_an_old_loader_swallows_is_refused(release, text):
    assert "no comments and no blank lines" in refusal(text, loader_release=release)
    assert written(text)


def test_what_an_old_loader_does_not_mind_stays():
    text = "# a=b\nmenu=a:boot netbsd\ndefault=1\n# the end\n"
    assert written(text, loader_release="5.1").endswith("default=3\n# the end\n")
    # what would come behind it would be swallowed
    assert "loses 'timeout=5'" in refusal(text, loader_release="5.1", timeout=5)


# -- EFI


EFI_MENU = "/efi/EFI/NetBSD/boot.cfg"
ON_EFI = {"booted": True, "partitions": ["/efi"], "menus": [EFI_MENU], "lasting": ["/efi"]}
TWO = {"booted": None, "partitions": ["/efi", "/usb"], "menus": [EFI_MENU, "/usb/EFI/NetBSD/boot.cfg"], "lasting": []}


def on_efi(efi, path=None, read=EFI_MENU):
    current = {"path": read, "text": STOCK, "release": "10.1", "efi": efi, "files": FILES, "looked_at": FILES}
    return boot_cfg.plan(current, boot_cfg.declare(params(path=path)))


@pytest.mark.parametrize("booted", [True, None], ids=["native", "under_xen"])
def test_the_menu_on_the_efi_partition_is_the_one_that_is_managed(booted):
    (change,) = on_efi({**ON_EFI, "booted": booted}).changes
    assert (change.thing, XEN_LINE in change.data) == (EFI_MENU, True)


@pytest.mark.parametrize("booted", [True, None])
def test_a_menu_on_the_efi_partition_comes_before_ours(booted):
    assert f"the EFI loader reads {EFI_MENU}" in refusal(efi={**ON_EFI, "booted": booted})


def test_a_machine_that_boots_by_bios_reads_no_efi_partition():
    assert on_efi({**ON_EFI, "booted": False}, read="/boot.cfg").changes[0].thing == "/boot.cfg"
    assert planned(efi={**ON_EFI, "booted": False}).changes[0].thing == "/boot.cfg"


def test_an_efi_partition_without_a_menu_leaves_ours():
    without = {**ON_EFI, "menus": []}
    assert on_efi(without, read="/boot.cfg").changes[0].thing == "/boot.cfg"


def test_an_efi_partition_that_can_not_be_seen_is_refused_until_somebody_says_which_menu_counts():
    unseen = {**BIOS, "booted": True}
    with pytest.raises(Refused, match=r"no EFI partition is mounted.* Mount it .* bootloader_path to /boot.cfg"):
        on_efi(unseen, read="/boot.cfg")
    assert on_efi(unseen, path="/boot.cfg", read="/boot.cfg").changes[0].thing == "/boot.cfg"


def test_two_menus_on_efi_partitions_are_refused_until_somebody_says_which_one_counts():
    with pytest.raises(Refused, match="the EFI loader reads the one on the partition that it is started from"):
        on_efi(TWO, read="/boot.cfg")
    assert on_efi(TWO, path=EFI_MENU).changes[0].thing == EFI_MENU


def test_what_is_not_mounted_at_the_next_boot_is_warned_of():
    assert "/efi, which has the boot menu" in on_efi({**ON_EFI, "lasting": []}).warnings[0]
    assert on_efi(ON_EFI).warnings == []


def test_how_a_machine_tells_that_it_boots_by_efi(tmp_path):
    host = machine(tmp_path)
    host.answers = {
        "/sbin/sysctl -n machdep.bootmethod": "UEFI\n",
        "/sbin/mount": "/dev/dk1 on / type ffs (log, local)\n/dev/dk0 on /efi type msdos (local)\n",
    }
    assert boot_cfg.read(host)["efi"] == {**BIOS, "booted": True}  # a DOS file system without an EFI directory is none
    host.put("/efi/EFI/boot/bootx64.efi")
    host.put("/etc/fstab", "/dev/dk1 / ffs rw 1 1\n/dev/dk0 /efi msdos rw 0 0\n")
    assert boot_cfg.read(host)["efi"] == {"booted": True, "partitions": ["/efi"], "menus": [], "lasting": ["/efi"]}
    host.put(EFI_MENU, STOCK)
    found = boot_cfg.read(host)
    assert (found["efi"]["menus"], found["path"], found["text"]) == ([EFI_MENU], EFI_MENU, STOCK)
    host.answers["/sbin/sysctl -n machdep.bootmethod"] = (1, "", "sysctl: second level name 'bootmethod' is invalid\n")
    assert boot_cfg.read(host)["efi"]["booted"] is None
    host.answers["/sbin/sysctl -n machdep.bootmethod"] = "BIOS\n"
    assert boot_cfg.read(host)["efi"]["booted"] is False
    host.kernel = "NetBSD 10.1 (XEN3_DOM0) #0: Mon Dec 16 13:08:11 UTC 2024"
    asked = host.ran.count("/sbin/sysctl -n machdep.bootmethod")
    assert boot_cfg.read(host)["efi"]["booted"] is None  # a Xen kernel says BIOS whatever it was, and so is not asked
    assert host.ran.count("/sbin/sysctl -n machdep.bootmethod") == asked
    host.release = "6.1"
    host.answers = {}
    assert boot_cfg.read(host)["efi"] == BIOS


def test_the_menu_on_the_efi_partition_is_written_with_its_copies(tmp_path):
    host = machine(tmp_path)
    host.answers = {
        "/sbin/sysctl -n machdep.bootmethod": "UEFI\n",
        "/sbin/mount": "/dev/dk0 on /efi type msdos (local)\n",
    }
    host.put(EFI_MENU, STOCK)
    assert not converge(boot_cfg, params(path=None), host, check=False).failures
    assert XEN_LINE in host.text(EFI_MENU) and host.text(EFI_MENU + ".orig") == STOCK
    assert host.text("/boot.cfg") == STOCK


# -- refusing


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (dict(NATIVE, name="a:b"), "':'"),
        (dict(NATIVE, name=" "), "name needs text"),
        (dict(NATIVE, name="a\nmenu=b"), "newline"),
        (dict(NATIVE, name="a #1"), "'#'"),
        (dict(NATIVE, args="-s; prompt"), "';'"),
        (dict(NATIVE, args="-s\n-d"), None),
        (dict(XEN, hypervisor_args="dom0_mem=1G #big"), "'#'"),
        (dict(NATIVE, commands=["prompt"]), "both commands and kernel"),
        ({"name": "x", "commands": []}, "commands are empty"),
        ({"name": "x", "commands": [" "]}, "empty"),
        ({"name": "x"}, "needs a kernel"),
        ({"name": "x", "hypervisor": "/xen.gz"}, "needs a kernel"),
        (dict(NATIVE, hypervisor_args="x=1"), "without a hypervisor"),
        (dict(XEN, args="x" * 256), "256 characters"),
    ],
)
def test_an_entry_that_the_loader_would_misread(entry, words):
    if words is None:
        # A line break within arguments is a blank like any other.
        assert written(entries=[entry])
        return
    assert words in refusal(entries=[entry, dict(NATIVE, name="another")])


def test_what_the_loader_would_cut_of_dom0s_arguments_is_refused():
    # sys/arch/x86/include/bootinfo.h: the name and the arguments of a module have char path[80]
    room = 79 - len("/netbsd-XEN3_DOM0.gz ")
    plan = planned(entries=[dict(XEN, args="x" * room), NATIVE])
    assert len(plan.changes) == 1
    assert any("the command load has" in warning for warning in plan.warnings)
    said = refusal(entries=[dict(XEN, args="x" * room + "yz"), NATIVE])
    assert "have 81 characters" in said and "drops 'yz'" in said
    (warning,) = planned(f"menu=old:load /x {'y' * 80};multiboot /xen\n{STOCK}", default="NetBSD").warnings[1:]
    assert "hands on" in warning


@pytest.mark.parametrize("args", ["root=wd0a", "-s root=wd0a", "single", "-Z"])
def test_a_native_kernel_takes_flags_only(args):
    assert f"args is {args!r}" in refusal(entries=[XEN, NATIVE, dict(NATIVE, name="x", args=args)])


def test_what_xen_would_take_for_its_dom0_kernel_is_refused():
    assert "'load=zfs' before the dom0 kernel" in refusal(f"load=zfs\n{STOCK}")
    own = {"name": "own", "commands": ["rndseed /e", "load /netbsd-XEN3_DOM0.gz", "multiboot /xen-4.20.gz"]}
    assert "'rndseed /e' before the dom0 kernel" in refusal(entries=[own, NATIVE], files=[*FILES, "/e"])
    # Without Xen in what is declared or booted by default, it is nobody's business.
    assert written(f"load=zfs\n{STOCK}", entries=[NATIVE])


def test_79_characters_are_no_reason_to_warn():
    fits = {"name": "fits", "kernel": "/netbsd", "args": "-" + "v" * (79 - len("boot /netbsd -"))}
    assert planned(entries=[fits]).warnings == []
    too_long = dict(fits, args=fits["args"] + "v")
    assert "80 characters" in planned(entries=[too_long]).warnings[0]


def test_two_entries_with_one_name():
    assert "declared 2 times" in refusal(entries=[NATIVE, NATIVE])


def test_crlf():
    assert "CR LF" in refusal(STOCK.replace("\n", "\r\n"))


def test_a_file_that_the_loader_would_ignore():
    assert "32768" in refusal(STOCK + "# " + "x" * 32768 + "\n")


@pytest.mark.parametrize("line", ["timeout=foo", "timeout=-1", "timeout= 5", "default=b"])
def test_a_line_that_is_no_number(line):
    text = f"menu=NetBSD:boot /netbsd\n{line}\n"
    keyword = line.partition("=")[0]
    if keyword == "default":
        # The entry that the loader takes is written down as a number.
        assert "default=1" in written(text, entries=[])
    else:
        assert "no number" in refusal(text, entries=[])
    assert written(text, entries=[], **{keyword: {"timeout": 5, "default": "NetBSD"}[keyword]})


@pytest.mark.parametrize("timeout", [-1, 3601])
def test_a_timeout_that_makes_no_sense(timeout):
    assert "timeout is" in refusal(timeout=timeout)


def test_timeout_zero_is_allowed_with_a_warning():
    assert "nobody can choose" in planned(timeout=0).warnings[0]


def test_a_default_that_names_no_entry():
    assert "there will be: Xen, NetBSD, Boot normally" in refusal(default="Xen 4.18")


@pytest.mark.parametrize("missing", ["/xen-4.20.gz", "/netbsd-XEN3_DOM0.gz"])
def test_an_entry_whose_file_is_missing(missing):
    files = [path for path in FILES if path != missing]
    assert missing in refusal(files=files)
    assert planned(files=files, assume_files=[missing]).changes


def test_a_kept_default_whose_kernel_is_missing():
    text = STOCK.replace("boot netbsd\n", "boot onetbsd\n")
    assert "/onetbsd" in refusal(text, entries=[dict(NATIVE, name="other")])


def test_a_native_entry_always_stays():
    words = refusal("menu=NetBSD:boot /netbsd\n", entries=[XEN], other_entries="remove")
    assert "no entry that boots a native kernel" in words
    assert "no entry that boots" in refusal("menu=old:boot /onetbsd\nmenu=Xen:prompt\ndefault=2\n", entries=[XEN])
    assert "no entry that boots" in refusal(None, entries=[XEN])


def test_a_kernel_for_xen_is_no_native_kernel():
    fake = {"name": "NetBSD", "kernel": "/netbsd-XEN3_DOM0.gz"}
    assert "no entry that boots" in refusal(None, entries=[XEN, fake])


def test_forced_numbers_hide_the_tenth_entry():
    others = "".join(f"menu=e{i}:boot netbsd\n" for i in range(8)) + "format=numbers\ntimeout=5\n"
    assert "demands numbers" in refusal(others)


def test_a_file_elsewhere_that_nobody_looked_at():
    with pytest.raises(NotRead):
        planned(entries=[dict(NATIVE, kernel="/kernels/netbsd")])


def test_another_path_was_not_read():
    with pytest.raises(NotRead):
        planned(path="/mnt/boot.cfg")


# -- on a machine


def machine(tmp_path, **files):
    host = RootedHost(tmp_path, {"/boot.cfg": STOCK, **{path: "kernel" for path in FILES}})
    host.answers = {"/sbin/sysctl -n machdep.bootmethod": "BIOS\n", "/sbin/mount": "/dev/wd0a on / type ffs (local)\n"}
    for path, content in files.items():
        host.put(path, content)
    return host


def test_apply_writes_keeps_the_old_file_and_is_done(tmp_path):
    host = machine(tmp_path)
    outcome = converge(boot_cfg, params(default="Xen", timeout=5), host, check=False)
    assert outcome.failures == {} and len(outcome.done) == 1
    assert XEN_LINE in host.text("/boot.cfg")
    assert host.text("/boot.cfg.orig") == host.text("/boot.cfg.prev") == STOCK
    assert converge(boot_cfg, params(default="Xen", timeout=5), host, check=False).done == []
    # What was asked is whether an EFI loader reads another menu before this one, and what the machine has.
    assert set(host.ran) - set(host.UNTOLD) == {"/sbin/sysctl -n machdep.bootmethod", "/sbin/mount"}


def test_check_mode_touches_nothing(tmp_path):
    host = machine(tmp_path)
    assert len(converge(boot_cfg, params(default="Xen"), host, check=True).done) == 1
    assert host.text("/boot.cfg") == STOCK and not host.exists("/boot.cfg.prev")


def test_read_ahead_serves_for_entries_in_the_root(tmp_path):
    host = machine(tmp_path)
    current = boot_cfg.read(host)
    assert set(FILES) <= set(current["files"])
    assert boot_cfg.plan(current, boot_cfg.declare(params())).changes


def test_an_empty_kernel_file_does_not_count(tmp_path):
    host = machine(tmp_path)
    host.put("/xen-4.20.gz", b"")
    with pytest.raises(Refused, match=r"/xen-4\.20\.gz"):
        converge(boot_cfg, params(), host, check=True)


def test_bytes_that_are_no_utf8_survive(tmp_path):
    host = machine(tmp_path)
    host.put("/boot.cfg", b"# caf\xe9\n" + STOCK.encode())
    outcome = converge(boot_cfg, params(), host, check=False)
    assert outcome.failures == {}
    assert (tmp_path / "boot.cfg").read_bytes().startswith(b"# caf\xe9\n")
    outcome.done[0].before.encode("utf-8")


# -- entries that must not be there


def test_an_entry_goes_by_its_name_and_the_others_stay():
    """After an upgrade that of the trial is the same as the default."""
    with_trial = written(entries=[XEN, dict(XEN, name="trial"), NATIVE], default="trial")
    text = written(with_trial, default="Xen", absent_entries=["trial"])
    names = [entry.text for entry in bootcfg.entries(bootcfg.parse(text))]
    assert names == ["Xen", "NetBSD", "Boot normally", "Boot single user", "Drop to boot prompt"]
    assert "default=1\n" in text and text.startswith("# Our machine")


def test_the_summary_names_it():
    with_trial = written(entries=[XEN, dict(XEN, name="trial"), NATIVE], default="Xen")
    (change,) = planned(with_trial, default="Xen", absent_entries=["trial"]).changes
    assert change.summary == "remove entry trial"


def test_declared_and_absent_at_once_is_refused():
    assert "'Xen' is declared, and in absent_entries as well" in refusal(absent_entries=["Xen"])


def test_the_default_can_t_be_one_that_goes():
    with_trial = written(entries=[XEN, dict(XEN, name="trial"), NATIVE], default="trial")
    assert "default is 'trial'" in refusal(with_trial, default="trial", absent_entries=["trial"])


# -- the console -------------------------------------------------------------------------------------------------------

SERIAL = {"console": "com0", "baud": 115200}


@pytest.mark.parametrize(
    ("release", "efi", "line"),
    [
        # boot/boot2.c and efiboot/boot.c, command_consdev: who takes a speed
        ("5.1", False, "consdev=com0"),
        ("9.4", False, "consdev=com0"),
        ("8.3", True, "consdev=com0"),
        ("9.4", True, "consdev=com0,115200"),
        ("10.1", False, "consdev=com0,115200"),
        ("11.0", True, "consdev=com0,115200"),
    ],
)
def test_the_loader_gets_its_console_with_a_speed_where_it_takes_one(release, efi, line):
    stock = STOCK.replace("# Our machine; ask Ann before you touch this.\n", "").replace("\n\n", "\n")
    machine = {**BIOS, "booted": efi, "partitions": ["/efi"] if efi else []}
    text = written(stock, efi=machine, loader_release=release, **SERIAL)
    assert text.splitlines()[-1] == line


@pytest.mark.parametrize(
    ("said", "wanted", "line"),
    [
        ("consdev=com0\n", SERIAL, "consdev=com0,115200"),
        ("consdev=com1,115200\n", SERIAL, "consdev=com0,115200"),
        ("consdev=pc\nconsdev=auto\n", SERIAL, "consdev=com0,115200"),
        ("consdev=com0,9600\n", {"console": "com0", "baud": 19200}, "consdev=com0,19200"),
        ("consdev=com0\n", {"console": "pc"}, "consdev=pc"),
    ],
)
def test_another_console_is_replaced_where_it_stands(said, wanted, line):
    assert written(said + STOCK, **wanted).splitlines()[said.count("\n") - 1] == line


@pytest.mark.parametrize(
    ("said", "wanted", "release"),
    [
        ("consdev=com0,115200\n", SERIAL, "10.1"),
        ("consdev=com0 \n", SERIAL, "9.4"),
        # A dom0 that was booted by EFI can't be told from others: the native kernel's run wrote the speed.
        ("consdev=com0,115200\n", SERIAL, "9.4"),
        ("consdev=com0\n", {}, "10.1"),
        ("", {"console": "pc"}, "10.1"),
    ],
)
def test_a_console_that_is_right_or_not_declared_stays(said, wanted, release):
    text = written(said + STOCK, loader_release=release, **wanted)
    assert [line for line in text.splitlines() if "consdev" in line] == [line.rstrip("\n") for line in [said] if line]


def test_an_entry_of_another_console_switches_to_it_first():
    entries = [
        {**XEN, "console": "com0", "fallback": "/netbsd"},
        {**XEN, "name": "Xen, VGA", "console": "pc", "fallback": "/netbsd"},
        {**NATIVE, "console": "com0"},
        {**NATIVE, "name": "NetBSD, VGA", "console": "pc"},
        {**NATIVE, "name": "NetBSD, second port", "console": "com1"},
    ]
    lines = written(entries=entries, **SERIAL).splitlines()
    for_xen = "load /netbsd-XEN3_DOM0.gz root=wd0a console=pc;multiboot /xen-4.20.gz dom0_mem=1G;boot /netbsd"
    seed = "rndseed /var/db/entropy-file"
    assert [line for line in lines if line.startswith("menu=")][:5] == [
        f"menu=Xen:{for_xen}",
        f"menu=Xen, VGA:consdev pc;{for_xen}",
        f"menu=NetBSD:{seed};boot /netbsd",
        f"menu=NetBSD, VGA:consdev pc;{seed};boot /netbsd",
        f"menu=NetBSD, second port:consdev com1,115200;{seed};boot /netbsd",
    ]


def test_a_console_beside_commands_is_refused():
    assert "both commands and console" in refusal(entries=[{"name": "x", "commands": ["prompt"], "console": "pc"}])


def test_the_change_of_a_console_is_said():
    (change,) = planned(entries=[], **SERIAL).changes
    assert change.summary == "the loader's console was what the boot blocks say, becomes com0,115200"
