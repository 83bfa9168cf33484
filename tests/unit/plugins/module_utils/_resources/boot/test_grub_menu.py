# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GRUB's menus, both flavours: what is written, what is left alone, what is never written, and the boot of one time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._formats.boot import grubcfg, menulst
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import grub_menu
from ansible_collections.netbsd.xen.tests.unit.support.rooted import RootedHost

XEN = {
    "name": "Xen",
    "kernel": "/netbsd-XEN3_DOM0.gz",
    "args": "root=wd0a  console=pc",
    "hypervisor": "/xen-4.18.gz",
    "hypervisor_args": "dom0_mem=1G",
}
NEW = dict(XEN, name="Xen 4.20", hypervisor="/xen-4.20.gz")
NATIVE = {"name": "NetBSD", "kernel": "/netbsd"}
CHAIN = {"name": "NetBSD's loader", "commands": ["root (hd0,a)", "chainloader +1"]}
FILES = ("/netbsd", "/netbsd-XEN3_DOM0.gz", "/xen-4.18.gz", "/xen-4.20.gz")
LST, CFG = "/grub/menu.lst", "/grub/grub.cfg"
SAVED, ENV = "/grub/default", "/grub/grubenv"

MENU_LST = """\
default 0
timeout 5
fallback 1
title Xen
\tkernel (hd0,a)/xen-4.18.gz dom0_mem=1G
\tmodule (hd0,a)/netbsd-XEN3_DOM0.gz root=wd0a console=pc
title NetBSD
\tkernel --type=netbsd (hd0,a)/netbsd
"""

GRUB_CFG = """\
### BEGIN netbsd.xen: written by Ansible, edits are lost ###
if [ -s $prefix/grubenv ]; then
\tload_env
fi
set default="Xen"
set timeout=5
set fallback="1"
if [ "${next_entry}" ]; then
\tset default="${next_entry}"
\tset next_entry=
\tsave_env next_entry
\tset fallback="0 1"
fi
menuentry "Xen" {
\tmultiboot2 /xen-4.18.gz placeholder dom0_mem=1G
\tmodule2 /netbsd-XEN3_DOM0.gz placeholder root=wd0a console=pc
}
menuentry "NetBSD" {
\tknetbsd /netbsd
}
### END netbsd.xen ###
"""


def params(flavour, **given):
    default = {"entries": [XEN, NATIVE], "default": "Xen", "timeout": 5, "other_entries": "keep", "assume_files": []}
    return {"flavour": flavour, "protocol": "multiboot2", **default, **given}


def planned(flavour, texts=None, files=FILES, machine="i386", **given):
    known = {LST: None, CFG: None, SAVED: None, ENV: None, **(texts or {})}
    current = {"texts": known, "machine": machine, "files": list(files), "looked_at": list(files)}
    return grub_menu.plan(current, grub_menu.declare(params(flavour, **given)))


def written(flavour, text=None, **given):
    path = LST if flavour == "grub" else CFG
    (change,) = planned(flavour, {path: text}, **given).changes
    # Whatever is written must need nothing more.
    assert planned(flavour, {path: change.after}, **given).changes == []
    return change.after


def refusal(flavour, text=None, **given):
    with pytest.raises(Refused) as caught:
        planned(flavour, {LST if flavour == "grub" else CFG: text}, **given)
    return str(caught.value)


# -- the formats

some_lines = st.sampled_from(
    ["title a", "title=b", "\tkernel /netbsd", "default saved", "default 9", "# x", "", "kernel /x \\", "savedefault 0"]
)


@given(st.lists(st.one_of(some_lines, st.text(alphabet="title=# \\\t\rdefault 19", max_size=20)), max_size=20))
def test_every_menu_lst_comes_back_to_the_byte(lines):
    text = "\n".join(lines)
    menu = menulst.parse(text)
    assert menulst.render(menu) == text
    chosen = menulst.choice(menu, "7\n")
    assert chosen.default is None if not menu.blocks else 0 <= chosen.default < len(menu.blocks)


pieces = st.sampled_from([grubcfg.BEGIN + "\n", grubcfg.END + "\n", 'menuentry "a" {\n', "}\n", "set default=2\n"])


@given(st.lists(st.one_of(pieces, st.text(max_size=10)), max_size=12))
def test_every_grub_cfg_comes_back_to_the_byte(some):
    text = "".join(some)
    assert grubcfg.render(grubcfg.parse(text)) == text


@given(st.dictionaries(st.from_regex(r"[a-z_]{1,9}", fullmatch=True), st.text(alphabet="ab\\\n =", max_size=9)))
def test_grubenv_is_read_as_grub_writes_it(values):
    # grub-core/lib/envblk.c: a backslash before each backslash and newline of a value, '#' to 1024 bytes
    escaped = {name: value.replace("\\", "\\\\").replace("\n", "\\\n") for name, value in values.items()}
    text = "# GRUB Environment Block\n" + "".join(f"{name}={value}\n" for name, value in escaped.items())
    assert grubcfg.variables(text + "#" * (1024 - len(text))) == values


def test_grub_joins_lines_and_skips_comments():
    text = "title a\nkernel /xen.gz x \\\n  y\n# no\nmodule /netbsd\n# of the next\n\ntitle b\nchainloader +1\n"
    first, second = menulst.parse(text).blocks
    assert first.commands == ("kernel /xen.gz x y", "module /netbsd")
    assert second.before == ("# of the next", "")
    assert menulst.chains(second, "(hd0,a)")


# Forms of an entry of GRUB legacy (stage2/builtins.c): the files without which it does not boot, and the kernel that it
# boots without Xen.
LEGACY = {
    "kernel /netbsd root=wd0a": (["/netbsd"], "/netbsd"),
    "kernel=/netbsd root=wd0a": (["/netbsd"], "/netbsd"),  # skip_to: blanks, tabs or '=' end a command
    "root=(hd0,a)\nkernel = /netbsd": (["/netbsd"], "/netbsd"),
    "root (hd0,a) 1\nkernel /netbsd": (["/netbsd"], "/netbsd"),
    "root (hd1,a)\nkernel /netbsd": ([], None),
    "rootnoverify (hd1,a)\nkernel=/netbsd": ([], None),
    "kernel --type=netbsd /netbsd": (["/netbsd"], "/netbsd"),
    "kernel=--type=netbsd --no-mem-option /netbsd": (["/netbsd"], "/netbsd"),
    "kernel (hd1,a)/netbsd": ([], None),
    "kernel=/xen.gz dom0_mem=262144\nmodule=/netbsd-XEN3_DOM0 root=wd0a": (["/xen.gz", "/netbsd-XEN3_DOM0"], None),
    "kernel /xen.gz\nmodulenounzip /netbsd-XEN3_DOM0.gz": (["/xen.gz", "/netbsd-XEN3_DOM0.gz"], None),
    "kernel /netbsd-XEN3_DOM0": (["/netbsd-XEN3_DOM0"], None),
    "chainloader +1": ([], None),
    "configfile /other.lst": ([], None),
    "savedefault 0\nkernel /netbsd\nboot": (["/netbsd"], "/netbsd"),
}


@pytest.mark.parametrize("commands", LEGACY)
def test_what_is_made_of_an_entry_of_grub_legacy(commands):
    (block,) = menulst.parse(f"title=a\n{commands}\n").blocks
    assert (menulst.files(block, "(hd0,a)"), menulst.native_kernel(block, "(hd0,a)")) == LEGACY[commands]


def test_a_menu_with_equals_signs_gets_xen():
    """From the field."""
    old = "default=1\ntimeout=10\ntitle=Xen\nroot=(hd0,a)\nkernel=/xen.gz dom0_mem=262144\n"
    old += "module=/netbsd-XEN3_DOM0.gz root=wd0a console=pc\n"
    old += "title=NetBSD native\nroot=(hd0,a)\nkernel=/netbsd root=wd0a\n"
    files = (*FILES, "/xen.gz")
    (change,) = planned("grub", {LST: old}, files, entries=[dict(XEN, name="Xen new")], default=None).changes
    menu = menulst.parse(change.after)
    assert menu.titles == ["Xen new", "Xen", "NetBSD native"]
    assert menulst.choice(menu, None).default == 2


# Forms of an entry's first line in GRUB 2 (grub-core/commands/menuentry.c).
TITLES = {
    'menuentry "a b" {': "a b",
    "menuentry 'a b' --class netbsd {": "a b",
    'menuentry --class netbsd "a b" {': "a b",
    "menuentry --class=netbsd --users '' --id 'x y' 'a b' {": "a b",
    "  menuentry --unrestricted plain {": "plain",
    "menuentry plain --hotkey x {": "plain",
    "menuentry ${name} {": None,
    "submenu 'a b' {": None,
}


@pytest.mark.parametrize("line", TITLES)
def test_titles_of_grub_2(line):
    text = f"{line}\n\tknetbsd /netbsd\n}}\n"
    assert [entry.title for entry in grubcfg.entries(text)] == ([TITLES[line]] if TITLES[line] else [])
    assert grubcfg.without_entries(text, ["a b", "plain"]) == ("" if TITLES[line] else text)


@pytest.mark.parametrize(
    ("command", "path"),
    [
        ("knetbsd /netbsd -s", "/netbsd"),
        ("knetbsd -r wd0a /netbsd", "/netbsd"),
        ("knetbsd --root=wd0a -s --serial=com0,9600 /netbsd", "/netbsd"),
        ("multiboot --quirk-bad-kludge --quirk-modules-after-kernel /xen.gz x", "/xen.gz"),
        ("module2 --nounzip /netbsd-XEN3_DOM0.gz", "/netbsd-XEN3_DOM0.gz"),
    ],
)
def test_options_stand_before_a_file_in_grub_2(command, path):
    assert grubcfg.files(grubcfg.Entry("x", (command,)), "") == [path]


def test_a_file_on_another_disk_is_nothing_that_can_be_looked_at():
    text = "title a\nroot (hd1,a)\nkernel /netbsd\ntitle b\nkernel (hd0,a)/netbsd\ntitle c\nkernel (hd1,a)/netbsd\n"
    assert [menulst.files(block, "(hd0,a)") for block in menulst.parse(text).blocks] == [[], ["/netbsd"], []]


# -- writing menu.lst


def test_a_new_menu_lst():
    assert written("grub") == MENU_LST


def test_comments_unknown_lines_and_others_entries_stay():
    text = "# Ann's\nserial --unit=0\ndefault 0\ntimeout 5\n\ntitle Old\nchainloader +1\n\n# end\n"
    assert written("grub", text) == (
        "# Ann's\nserial --unit=0\ndefault 0\ntimeout 5\n\nfallback 1\n"
        + MENU_LST[MENU_LST.index("title Xen") :]
        + "title Old\nchainloader +1\n\n# end\n"
    )


def test_the_old_default_stays_the_default_wherever_it_stands():
    text = "default 0\ntimeout 5\ntitle Old\nchainloader +1\n"
    menu = menulst.parse(written("grub", text, default=None))
    assert menu.titles[menulst.choice(menu, None).default] == "Old"


def test_an_entry_that_is_right_keeps_its_spelling():
    spelling = "# by hand\n kernel\t(hd0,a)/xen-4.18.gz \\\n dom0_mem=1G"
    text = MENU_LST.replace("\tkernel (hd0,a)/xen-4.18.gz dom0_mem=1G", spelling)
    assert planned("grub", {LST: text}).changes == []


def test_others_entries_can_go_and_their_comments_stay():
    text = "timeout 5\ntitle Old\nchainloader +1\n# kept\ntitle Older\nchainloader +1\n"
    text = written("grub", text, other_entries="remove")
    assert menulst.parse(text).titles == ["Xen", "NetBSD"]
    assert text.endswith("# kept\n")


@pytest.mark.parametrize("edit", [("default 0", "default 1"), ("dom0_mem=1G", "dom0_mem=2G"), ("timeout 5\n", "")])
def test_drift_in_menu_lst_is_put_right(edit):
    (change,) = planned("grub", {LST: MENU_LST.replace(*edit)}).changes
    assert menulst.choice(menulst.parse(change.after), None).default == 0
    assert sorted(change.after.splitlines()) == sorted(MENU_LST.splitlines())


def test_a_native_kernel_of_64_bits_is_none_for_grub_legacy():
    assert "64 bits" in refusal("grub", machine="amd64")
    assert "chainloader +1" in written("grub", machine="amd64", entries=[XEN, CHAIN])


# -- once, GRUB legacy


def test_a_boot_of_one_time_turns_the_default_back_before_it_loads_anything():
    (change,) = planned("grub", {LST: MENU_LST}, entries=[XEN, NEW, NATIVE], once="Xen 4.20").changes
    menu = menulst.parse(change.data["armed"])
    assert menulst.setting(menu, "default") == "saved"
    assert menu.blocks[1].commands[0] == "savedefault 0"
    assert menulst.setting(menu, "fallback") == "0 2"
    assert menulst.choice(menu, change.data["saved"]) == menulst.Choice(0, once=1)
    # what GRUB writes over the first ten bytes when it starts the trial (savedefault_func)
    assert menulst.choice(menu, "0\0\n\n\n\n\n\n\n\n" + change.data["saved"][10:]) == menulst.Choice(0)
    assert menulst.choice(menulst.parse(change.data["disarmed"]), change.data["saved"]) == menulst.Choice(0)
    assert "the next boot is of Xen 4.20" in change.summary


def test_a_trial_that_stands_first_falls_back_to_the_proven_entry():
    trial = dict(NEW, name="Trial")
    (change,) = planned("grub", {LST: MENU_LST}, entries=[trial], default=None, once="Trial").changes
    menu = menulst.parse(change.data["armed"])
    assert menulst.saves(menu.blocks[0]) == 1
    assert menulst.setting(menu, "fallback") == "1 2"


def armed(saved):
    given = {"entries": [XEN, NEW, NATIVE]}
    (change,) = planned("grub", {LST: MENU_LST}, once="Xen 4.20", **given).changes
    return {LST: change.data["armed"], SAVED: change.data["saved"] if saved is None else saved}, given


def test_a_pending_boot_is_left_alone_and_can_be_taken_back():
    texts, given = armed(None)
    assert planned("grub", texts, **given).changes == []
    assert planned("grub", texts, once="Xen 4.20", **given).changes == []
    (change,) = planned("grub", texts, once="", **given).changes
    assert menulst.setting(menulst.parse(change.after), "default") == "0"
    assert "savedefault" not in change.after


def test_after_the_trial_its_entry_is_like_any_other():
    texts, given = armed("0\0\n\n\n\n\n\n\n\n#\n")
    (change,) = planned("grub", texts, **given).changes
    assert "savedefault" not in change.after
    (change,) = planned("grub", texts, **dict(given, default="Xen 4.20")).changes
    assert "default 1\n" in change.after


@pytest.mark.parametrize("saved", ["1\n", ""])
def test_a_saved_default_that_grub_could_not_write_to_is_made_longer(saved):
    texts, given = armed(saved)
    (change,) = planned("grub", texts, once="Xen 4.20", **given).changes
    assert len(change.data["saved"]) >= 10 and change.data["saved"].startswith("1\n")


def test_no_moment_of_the_writing_boots_the_trial_twice(tmp_path):
    host = machine(tmp_path)
    stages = []

    def write(path, text, mode=0o644, backup=False):
        RootedHost.write_text(host, path, text, mode, backup)
        menu = menulst.parse(host.text(LST)) if host.exists(LST) else menulst.Menu((), ())
        saved = host.text(SAVED) if host.exists(SAVED) else None
        stages.append(menulst.choice(menu, saved))

    host.write_text = write
    given = params("grub", entries=[XEN, NEW, CHAIN], once="Xen 4.20")
    assert converge(grub_menu, given, host, check=False).failures == {}
    assert stages == [menulst.Choice(0), menulst.Choice(0), menulst.Choice(0, once=1)]
    assert converge(grub_menu, given, host, check=False).done == []


# -- writing grub.cfg


def test_a_new_grub_cfg():
    assert written("grub2") == GRUB_CFG


def test_older_hypervisors_are_started_by_the_older_protocol():
    text = written("grub2", protocol="multiboot")
    assert "\tmultiboot /xen-4.18.gz placeholder dom0_mem=1G\n\tmodule /netbsd-XEN3_DOM0.gz placeholder " in text


def test_everything_around_the_block_stays():
    others = 'set default="0"\nmenuentry "Other" {\n\tchainloader (hd0,msdos2)+1\n}\n'
    text = written("grub2", others)
    assert text.startswith(others + grubcfg.BEGIN)
    # another entry stands first, so that numbers say nothing
    assert "fallback" not in text
    assert "falls back to nothing" in planned("grub2", {CFG: text}).warnings[0]
    assert planned("grub2", {CFG: GRUB_CFG}).warnings == []
    tail = "# of Ann\n"
    assert written("grub2", text.replace("dom0_mem=1G", "dom0_mem=2G") + tail) == text + tail
    assert written("grub2", text, other_entries="remove") == GRUB_CFG


def test_an_entry_of_a_managed_name_outside_the_block_is_replaced():
    others = "set default=0\ninsmod ufs2\n\nmenuentry 'Xen' {\n\tmultiboot /xen.gz\n}\nmenuentry 'Mine' {\n\tboot\n}\n"
    text = written("grub2", others)
    assert text.startswith("set default=0\ninsmod ufs2\n\nmenuentry 'Mine' {\n\tboot\n}\n" + grubcfg.BEGIN)
    assert "/xen.gz\n" not in text


@given(st.lists(st.one_of(pieces, st.text(max_size=10)), max_size=12))
def test_entries_of_other_names_stay(some):
    text = "".join(some)
    assert grubcfg.without_entries(text, ["b"]) == text


@pytest.mark.parametrize("line", ["set default=2", "set timeout=9"])
def test_what_stands_behind_the_block_must_not_undo_it(line):
    assert refusal("grub2", GRUB_CFG + line + "\n")


def test_two_entries_of_one_name_are_refused():
    text = "menuentry 'NetBSD' {\n\tboot\n}\n" + GRUB_CFG
    assert "'NetBSD'" in refusal("grub2", text, entries=[XEN, CHAIN])


def test_drift_in_grub_cfg_is_put_right():
    assert written("grub2", GRUB_CFG.replace('set default="Xen"', "set default=2")) == GRUB_CFG


def test_without_a_declared_default_the_old_one_stays():
    text = GRUB_CFG.replace('set default="Xen"', 'set default="NetBSD"')
    assert 'set default="NetBSD"' in written("grub2", text, default=None, timeout=9)


@pytest.mark.parametrize(("flavour", "path", "text"), [("grub", LST, MENU_LST), ("grub2", CFG, GRUB_CFG)])
def test_the_default_alone_can_be_changed(flavour, path, text):
    (change,) = planned(flavour, {path: text}, entries=[], default="NetBSD", timeout=None).changes
    assert change.summary.startswith("default was Xen, becomes NetBSD")
    assert change.after.count("dom0_mem=1G") == 1 and "/netbsd\n" in change.after


def test_a_native_default_falls_back_to_nothing_and_is_fallen_back_to():
    text = written("grub2", default="NetBSD")
    assert [line for line in text.split("\n") if "fallback" in line] == ['\tset fallback="1"']


@pytest.mark.parametrize("title", ["4.20 first", 'of "Ann"', "costs $5", "a > b"])
def test_a_chosen_entry_of_others_that_grub_would_misread(title):
    others = f"set default=0\nmenuentry '{title}' {{\n\tchainloader +1\n}}\n"
    assert repr(title) in refusal("grub2", others, default=title)
    assert repr(title) in refusal("grub2", others, default=None)
    assert repr(title) in refusal("grub2", others, once=title)
    assert title in written("grub2", others)


def test_a_chosen_entry_must_not_be_taken_for_a_number():
    entries = [XEN, dict(NATIVE, name="10.1 without Xen")]
    assert "number" in refusal("grub2", entries=entries, default="10.1 without Xen")
    assert 'menuentry "10.1 without Xen"' in written("grub2", entries=entries)


def test_a_way_back_that_others_wrote_is_looked_at(tmp_path):
    host = machine(tmp_path)
    host.put(CFG, "menuentry 'NetBSD' {\n\tknetbsd (hd0,msdos1)/old/netbsd\n}\n")
    given = params("grub2", entries=[XEN], root="(hd0,msdos1)")
    with pytest.raises(Refused, match="no entry that boots a native kernel"):
        converge(grub_menu, given, host, check=True)
    host.put("/old/netbsd", "kernel")
    assert len(converge(grub_menu, given, host, check=True).done) == 1


@pytest.mark.parametrize("given", [{"default": None}, {"default": "Xen"}, {"default": "NetBSD", "once": "Xen"}])
def test_a_kept_entry_that_boots_must_have_its_files(given):
    for missing in ("/xen-4.18.gz", "/netbsd-XEN3_DOM0.gz"):
        left = [path for path in FILES if path != missing]
        assert missing in refusal("grub2", GRUB_CFG, entries=[NATIVE], files=left, **given)
    assert planned("grub2", {CFG: GRUB_CFG}, entries=[NATIVE], default="NetBSD", files=FILES[:1]).changes


def test_files_that_only_grub_can_find_are_not_looked_for():
    commands = ["set root=(hd1,msdos1)", "multiboot2 /xen.gz", "module2 /netbsd-XEN3_DOM0.gz"]
    assert grubcfg.files(grubcfg.Entry("x", tuple(commands)), "") == []
    assert grubcfg.files(grubcfg.Entry("x", ("search --file --set=root /a", "knetbsd /netbsd")), "") == []
    assert grubcfg.files(grubcfg.Entry("x", ("multiboot (hd1,msdos1)/xen.gz", "module --nounzip /b c")), "") == ["/b"]
    assert grubcfg.files(grubcfg.Entry("x", ("knetbsd -s (hd1,msdos1)/netbsd",)), "(hd1,msdos1)") == ["/netbsd"]


def test_a_grub_cfg_from_dos_is_refused():
    assert "CR LF" in refusal("grub2", GRUB_CFG.replace("\n", "\r\n"))


# -- once, GRUB 2


def environment(**values):
    text = "# GRUB Environment Block\n" + "".join(f"{name}={value}\n" for name, value in values.items())
    return text + "#" * (1024 - len(text))


def test_next_entry_is_planned_left_alone_and_taken_back():
    texts = {CFG: GRUB_CFG, ENV: environment(next_entry="NetBSD")}
    assert planned("grub2", texts).changes == []
    assert planned("grub2", texts, once="NetBSD").changes == []
    (change,) = planned("grub2", texts, once="").changes
    assert (change.thing, change.summary) == (ENV, "the next boot is of the default")
    (change,) = planned("grub2", {CFG: GRUB_CFG}, once="NetBSD").changes
    assert change.summary == "the next boot is of NetBSD"


def test_next_entry_is_set_with_grubs_own_tool_and_proven(tmp_path):
    host = machine(tmp_path)
    editenv = "/usr/pkg/bin/grub-editenv /grub/grubenv"
    host.answers[f"{editenv} set"] = lambda argv: host.put(ENV, environment(next_entry=argv[3].partition("=")[2]))
    host.answers[f"{editenv} unset"] = lambda argv: host.put(ENV, environment())
    assert converge(grub_menu, params("grub2", once="NetBSD"), host, check=False).failures == {}
    assert converge(grub_menu, params("grub2", once=""), host, check=False).failures == {}
    asked = [line for line in host.ran if line not in host.UNTOLD]
    assert asked == [f"{editenv} set next_entry=NetBSD", f"{editenv} unset next_entry"]
    host.answers[f"{editenv} set"] = ""
    failed = converge(grub_menu, params("grub2", once="NetBSD"), host, check=False).failures
    assert isinstance(failed[ENV], XenError)


# -- both


@pytest.mark.parametrize("flavour", ["grub", "grub2"])
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"files": FILES[:3], "entries": [NEW, NATIVE], "default": "Xen 4.20"}, "/xen-4.20.gz"),
        ({"entries": [XEN]}, "no entry that boots a native kernel"),
        ({"entries": [XEN, dict(XEN, name="x", hypervisor="", kernel="/netbsd-XEN3_DOM0.gz")]}, None),
        ({"default": "Xen 4.20"}, "there will be: Xen, NetBSD"),
        ({"once": "Xen 4.20"}, "once is 'Xen 4.20'"),
        ({"entries": [dict(XEN, args="x" * 256), NATIVE]}, "256 characters"),
        ({"entries": [NATIVE, NATIVE]}, "declared 2 times"),
        ({"entries": [dict(NATIVE, name="a\\")]}, "'\\\\'"),
        ({"entries": [dict(NATIVE, name="a\nb")]}, "newline"),
        ({"entries": [dict(XEN, fallback="/netbsd.old"), NATIVE], "files": (*FILES, "/netbsd.old")}, "falls back to"),
        ({"timeout": -1}, "timeout is"),
        ({"root": "(hd0,a)\n"}, "root is"),
        ({"root": "hd0,a"}, "root is"),
        ({"entries": [dict(NEW, optional=True), NATIVE], "files": FILES[:3], "default": "Xen 4.20"}, "optional"),
    ],
)
def test_refused(flavour, given, words):
    found = refusal(flavour, **given)
    assert words is None or words in found


@pytest.mark.parametrize(("name", "flavour"), [("=x", "grub"), ('a"b', "grub2"), ("a > b", "grub2"), ("$x", "grub2")])
def test_names_that_grub_would_misread(name, flavour):
    assert repr(name) in refusal(flavour, entries=[XEN, dict(NATIVE, name=name)])


@pytest.mark.parametrize("command", ["echo NetBSD's loader", 'echo "x', "echo x\\"])
def test_a_quote_in_a_command_must_not_swallow_the_rest_of_grub_cfg(command):
    assert repr(command) in refusal("grub2", entries=[XEN, dict(CHAIN, commands=[command, "chainloader +1"])])


def test_grub_legacy_without_a_timeout_would_wait_for_ever():
    assert "wait for ever" in refusal("grub", timeout=None)


@pytest.mark.parametrize("flavour", ["grub", "grub2"])
def test_an_optional_entry_comes_and_goes_with_its_files(flavour):
    entries = [XEN, dict(NEW, optional=True), NATIVE]
    text = written(flavour, entries=entries)
    assert "Xen 4.20" in text
    assert "Xen 4.20" not in written(flavour, text, entries=entries, files=FILES[:3])


@pytest.mark.parametrize("flavour", ["grub", "grub2"])
def test_the_fallback_of_the_default_is_the_entry_of_its_kernel(flavour):
    entries = [dict(XEN, fallback="/netbsd.old"), NATIVE, dict(NATIVE, name="old", kernel="/netbsd.old")]
    text = written(flavour, entries=entries, files=(*FILES, "/netbsd.old"))
    assert {"grub": "fallback 2", "grub2": '\nset fallback="2"\n'}[flavour] in text


def machine(tmp_path):
    return RootedHost(tmp_path, {path: "kernel" for path in FILES})


@pytest.mark.parametrize(("flavour", "path"), [("grub", LST), ("grub2", CFG)])
def test_apply_writes_and_is_done_and_check_mode_touches_nothing(tmp_path, flavour, path):
    host = machine(tmp_path)
    host.put(path, "# old\n")
    given = params(flavour, entries=[XEN, CHAIN])
    assert len(converge(grub_menu, given, host, check=True).done) == 1
    assert host.text(path) == "# old\n"
    outcome = converge(grub_menu, given, host, check=False)
    assert outcome.failures == {} and len(outcome.done) == 1
    assert host.text(path + ".orig") == "# old\n"
    assert converge(grub_menu, given, host, check=False).done == []


@pytest.mark.parametrize("flavour", ["grub", "grub2"])
def test_read_ahead_serves_for_the_usual_paths(tmp_path, flavour):
    host = machine(tmp_path)
    given = params(flavour, entries=[XEN, CHAIN])
    converge(grub_menu, given, host, check=False)
    assert grub_menu.plan(grub_menu.read(host), grub_menu.declare(given)).changes == []
    with pytest.raises(NotRead):
        grub_menu.plan(grub_menu.read(host), grub_menu.declare(dict(given, path="/mnt/menu.lst")))


# -- entries that must not be there ------------------------------------------------------------------------------------


TRIAL = dict(NEW, name="trial")


@pytest.mark.parametrize("flavour", ["grub", "grub2"])
def test_an_entry_goes_by_its_name_and_the_others_stay(flavour):
    """After an upgrade that of the trial is the same as the default."""
    with_trial = written(flavour, entries=[XEN, TRIAL, dict(NEW, name="Xen 4.18"), NATIVE])
    entries = [dict(XEN, hypervisor="/xen-4.20.gz"), NATIVE]
    text = written(flavour, with_trial, entries=entries, absent_entries=["trial"])
    assert "trial" not in text and "Xen 4.18" in text
    if flavour == "grub":
        menu = menulst.parse(text)
        assert menu.titles == ["Xen", "NetBSD", "Xen 4.18"] and "fallback 1\n" in text
    else:
        titles = [entry.title for entry in grubcfg.entries(text)]
        assert titles == ["Xen", "NetBSD", "Xen 4.18"] and 'set default="Xen"' in text


@pytest.mark.parametrize("flavour", ["grub", "grub2"])
def test_one_that_is_not_there_changes_nothing(flavour):
    path, text = (LST, MENU_LST) if flavour == "grub" else (CFG, GRUB_CFG)
    assert planned(flavour, {path: text}, absent_entries=["trial"]).changes == []


def test_outside_of_the_managed_block_as_well():
    text = GRUB_CFG + 'menuentry "trial" {\n\tknetbsd /old\n}\nmenuentry "mine" {\n\tknetbsd /mine\n}\n'
    after = written("grub2", text, absent_entries=["trial"])
    assert "trial" not in after and 'menuentry "mine"' in after


@pytest.mark.parametrize("flavour", ["grub", "grub2"])
def test_declared_and_absent_at_once_is_refused(flavour):
    assert "'Xen' is declared, and in absent_entries as well" in refusal(flavour, absent_entries=["Xen"])


# -- the console -------------------------------------------------------------------------------------------------------

SERIAL = {"console": "com0", "baud": 115200}
SERIAL_LINE = "serial --unit=0 --speed=115200 --word=8 --parity=no --stop=1"


def test_grub_legacy_gets_a_serial_port_before_the_terminal_and_asks_as_long_as_the_menu_waits():
    header = written("grub", MENU_LST, **SERIAL).split("title")[0].splitlines()
    assert header == ["default 0", "timeout 5", "fallback 1", SERIAL_LINE, "terminal --timeout=5 serial console"]
    header = written("grub", None, timeout=0, console="com2", baud=9600).split("title")[0].splitlines()
    assert "serial --unit=2 --speed=9600 --word=8 --parity=no --stop=1" in header
    assert "terminal --timeout=0 serial console" in header


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        # before its port, a terminal is an error and nothing (stage2/builtins.c: ERR_DEV_NEED_INIT)
        (f"terminal --timeout=5 serial console\n{SERIAL_LINE}\n", SERIAL),
        ("serial --unit=1 --speed=9600\nterminal --timeout=5 serial console\n", SERIAL),
        (f"{SERIAL_LINE}\n\n# which one?\nterminal=console\n", SERIAL),
        (f"{SERIAL_LINE}\nterminal --timeout=99 --dumb serial\nterminal console\n", SERIAL),
        (f"{SERIAL_LINE}\nterminal --timeout=5 serial console\n", {"console": "pc"}),
    ],
)
def test_grub_legacys_other_terminals_are_replaced(said, wanted):
    text = written("grub", said + MENU_LST, **wanted)
    lines = [line for line in text.splitlines() if "serial" in line or "terminal" in line]
    serial = [SERIAL_LINE, "terminal --timeout=5 serial console"]
    assert lines == ([] if wanted["console"] == "pc" else serial)
    assert text.endswith(MENU_LST[MENU_LST.index("default") :])
    assert ("# which one?" in said) == ("# which one?" in text)


def test_grub_legacys_terminal_that_is_right_or_not_declared_stays():
    right = f"{SERIAL_LINE}\n# ask\n  terminal=--timeout=5  serial console\n{MENU_LST}"
    assert planned("grub", {LST: right}, **SERIAL).changes == []
    other = f"serial --unit=1\nterminal serial\n{MENU_LST}"
    assert planned("grub", {LST: other}).changes == []


@pytest.mark.parametrize("terminal", ["terminal serial console", "terminal=--dumb console serial hercules"])
def test_a_terminal_that_waits_for_ever_is_refused(terminal):
    # stage2/builtins.c, terminal_func: without a limit, of several it takes the one on which a key is pressed
    text = f"{SERIAL_LINE}\n{terminal}\n{MENU_LST}"
    assert "waits for ever for a key" in refusal("grub", text)
    assert "terminal --timeout=5 serial console" in written("grub", text, **SERIAL)


def test_grub2_has_its_menu_on_both_and_tells_native_kernels():
    entries = [XEN, {**NATIVE, "console": "com0"}, {**NATIVE, "name": "NetBSD, VGA", "console": "pc"}]
    text = written("grub2", GRUB_CFG, entries=entries, **SERIAL)
    block = [
        *(f"{line}\n" for line in (SERIAL_LINE, "terminal_input serial console", "terminal_output serial console"))
    ]
    assert "".join(["fi\n", *block, 'menuentry "Xen" {']) in text
    # loader/i386/bsd.c, NETBSD_SERIAL_ARG
    assert 'menuentry "NetBSD" {\n\tknetbsd --serial=com0,115200 /netbsd\n}' in text
    assert 'menuentry "NetBSD, VGA" {\n\tknetbsd /netbsd\n}' in text
    assert 'set fallback="1"' in text
    assert "terminal" not in written("grub2", text)


def test_grub_legacy_tells_native_kernels_nothing():
    text = written("grub", None, entries=[XEN, {**NATIVE, "console": "com0"}], **SERIAL)
    assert "\tkernel --type=netbsd (hd0,a)/netbsd\n" in text


# -- what a menu.lst of others does, and may not -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "header", "waits"),
    [("pause who is there?", "", True), ("lock", "", False), ("lock", "password --md5 $1$x\n", True)],
)
def test_an_entry_that_waits_for_somebody_is_never_the_default(command, header, waits):
    own = {"name": "own", "commands": ["root (hd0,a)", command, "chainloader +1"]}
    text = header + MENU_LST
    if waits:
        assert "waits for somebody" in refusal("grub", text, entries=[own, NATIVE], default="own")
    else:
        assert written("grub", text, entries=[own, NATIVE], default="own")
    # Somebody may choose it.
    assert written("grub", text, entries=[XEN, NATIVE, own])


@pytest.mark.parametrize(
    ("machine", "other", "way"),
    [
        ("i386", "kernel --type=netbsd /netbsd", True),
        # stage2/boot.c: a kernel of 64 bits is none for it
        ("amd64", "kernel --type=netbsd /netbsd", False),
        ("amd64", "rootnoverify (hd0,1)\nchainloader +1", True),
        ("amd64", "chainloader (hd0,0)+1", True),
        ("amd64", "rootnoverify (hd1,0)\nchainloader +1", False),
        ("amd64", "chainloader (hd1)+1", False),
        ("amd64", "chainloader (hd0)+1", False),
        ("amd64", "configfile (hd0,a)/grub/other.lst", False),
    ],
)
def test_what_of_others_is_a_way_back(machine, other, way):
    text = f"timeout 5\ntitle other\n{other}\n"
    if way:
        assert "fallback 1" in written("grub", text, entries=[XEN], machine=machine)
        return
    with pytest.raises(Refused, match="no entry that boots a native kernel"):
        planned("grub", {LST: text}, entries=[XEN], machine=machine)


def test_a_title_without_a_command_does_not_count():
    text = f"default 2\ntitle --- others ---\n# none\ntitle odd\nfrobnicate 3\n{MENU_LST.split(chr(10), 3)[3]}"
    text = f"timeout 5\n{text}title Third\n\tchainloader +1\n"
    # Xen is 0, NetBSD 1, Third 2.
    after = written("grub", text, entries=[XEN, NATIVE], default=None)
    assert after.startswith("timeout 5\ndefault 2\nfallback 1\n")
    assert "title --- others ---\n# none\ntitle odd\nfrobnicate 3\ntitle Xen\n" in after


# -- what a grub.cfg of others does, and may not -----------------------------------------------------------------------

OTHER = "menuentry 'Other' {\n\tchainloader +1\n}\n"


def test_an_entry_of_ours_on_one_line_takes_no_other_along():
    text = written("grub2", f"menuentry 'NetBSD' {{ knetbsd /netbsd.by.hand }}\n{OTHER}# end\n")
    assert text.startswith(f"{OTHER}# end\n{grubcfg.BEGIN}\n")


@pytest.mark.parametrize("setting", ["default=0", "set timeout=9; true", "if true; then set default=1; fi"])
def test_whatever_sets_what_is_declared_behind_the_block_is_refused(setting):
    assert "behind the managed block" in refusal("grub2", f"{GRUB_CFG}{setting}\n")


@pytest.mark.parametrize(
    ("others", "default"),
    [
        (f"set default=1\nsubmenu s {{\n{OTHER}}}\nmenuentry b {{\n\tchainloader +1\n}}\n", "b"),
        ("default=i\nmenuentry a {\n}\nmenuentry --id i b {\n\tchainloader +1\n}\n", "b"),
        (f"{OTHER}menuentry b {{\n}}\n", "Other"),
    ],
)
def test_the_default_of_others_stays_the_default(others, default):
    assert f'set default="{default}"' in written("grub2", others, default=None)


@pytest.mark.parametrize("said", ["0", "s>Other", "2"])
def test_a_default_that_only_grub_can_tell_is_refused(said):
    others = f"set default='{said}'\nsubmenu s {{\n{OTHER}}}\n{OTHER}menuentry $x {{\n}}\n"
    assert "Declare a default" in refusal("grub2", others, default=None)
    assert written("grub2", others, default="Xen")


def test_what_starts_another_disk_is_no_way_back():
    others = "menuentry 'Other' {\n\tset root='hd1,msdos1'; chainloader +1\n}\n"
    assert "no entry that boots a native kernel" in refusal("grub2", others, entries=[XEN])
