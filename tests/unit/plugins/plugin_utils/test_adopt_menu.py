# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Menus of GRUBs as people write them: what is declared of one plans to nothing, and what is not declared is told.

Their styles are those of the NetBSD/Xen HOWTO (revision 1.7), of the sample menus of GRUB 0.97 and 2 (docs/menu.lst,
docs/grub.cfg), of what grub-mkconfig(8) makes (util/grub.d/00_header.in, 10_netbsd.in), and of menus in public posts: a
device by its partition table, "knetbsd -r", titles with "=", Linux beside NetBSD.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import grub_menu
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.loaders import LOADERS
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt import menu
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.menu import AS_FOUND, LEFT_ALONE

FILES = ("/netbsd", "/netbsd-GENERIC", "/netbsd-XEN3_DOM0.gz", "/netbsd.backup", "/xen.gz", "/xen-debug.gz")
COUNTS: Counter[str] = Counter()


@dataclass(frozen=True)
class Case:
    """A menu, the entries of it that are declared, and what is told, by the beginning of its reason."""

    loader: str
    text: str
    declared: tuple[str, ...] = ()
    told: tuple[tuple[str, str], ...] = ()
    default: str = ""
    machine: str = "amd64"
    saved: str | None = None
    alone: str = ""


LEGACY = {
    "as the HOWTO, serial and VGA": Case(
        "grub",
        "# GRUB's menu\ndefault=0\ntimeout=10\nserial --unit=0 --speed=115200 --word=8 --parity=no --stop=1\n"
        "terminal --timeout=10 serial console\n\n"
        "title Xen 3 / NetBSD (hda0, serial)\n  kernel (hd0,a)/xen.gz dom0_mem=65536 com1=115200,8n1\n"
        "  module (hd0,a)/netbsd-XEN3_DOM0.gz bootdev=wd0a ro console=ttyS0\n\n# the screen\n"
        "title Xen 3 / NetBSD (hda0, vga)\n  kernel (hd0,a)/xen.gz dom0_mem=65536\n"
        "  module (hd0,a)/netbsd-XEN3_DOM0.gz bootdev=wd0a ro console=tty0\n"
        "title NetBSD 5.1\n  root (hd0,a)\n  kernel --type=netbsd /netbsd-GENERIC\n"
        "title NetBSD chain\n  root        (hd0,0)\n  chainloader +1\n## end\n",
        ("Xen 3 / NetBSD (hda0, serial)", "Xen 3 / NetBSD (hda0, vga)", "NetBSD 5.1", "NetBSD chain"),
        default="Xen 3 / NetBSD (hda0, serial)",
        machine="i386",
    ),
    "equals signs, the native kernel first": Case(
        "grub",
        "default=1\ntimeout=10\ntitle=NetBSD native\nroot=(hd0,a)\nkernel=/netbsd root=wd0a\n"
        "title=Xen\nroot=(hd0,a)\nkernel=/xen.gz dom0_mem=262144\nmodule=/netbsd-XEN3_DOM0.gz root=wd0a console=pc\n",
        ("NetBSD native", "Xen"),
        default="Xen",
        machine="i386",
    ),
    "no default, a fallback": Case(
        "grub",
        "timeout 3\nfallback 1\ncolor white/blue black/light-gray\ntitle Xen\nkernel (hd0,a)/xen.gz\n"
        "module (hd0,a)/netbsd-XEN3_DOM0.gz\ntitle NetBSD\nrootnoverify (hd0,0)\nmakeactive\nchainloader +1\n",
        ("Xen", "NetBSD"),
        default="Xen",
    ),
    "Linux beside it, by sample menus": Case(
        "grub",
        "timeout 30\ndefault 0\nfallback 1\nhiddenmenu\ntitle Xen for NetBSD\nroot (hd0,a)\n"
        "kernel /xen.gz dom0_mem=512M \\\n"
        "  com1=9600,8n1\nmodule /netbsd-XEN3_DOM0.gz root=wd0a\ntitle GNU/Linux\nroot (hd1,0)\n"
        "kernel /vmlinuz root=/dev/hdb1\ninitrd /initrd.img\ntitle NetBSD\nroot (hd0,0)\nchainloader +1\n"
        "title Install GRUB into the hard disk\nroot (hd0,0)\nsetup (hd0)\ntitle Change the colors\n"
        "color light-green/brown\n",
        ("Xen for NetBSD", "GNU/Linux", "NetBSD", "Install GRUB into the hard disk", "Change the colors"),
        default="Xen for NetBSD",
    ),
    "two of one title": Case(
        "grub",
        "default 1\ntimeout 5\ntitle Old\nkernel (hd0,a)/xen-debug.gz\nmodule (hd0,a)/netbsd-XEN3_DOM0.gz\n"
        "title Xen\nkernel (hd0,a)/xen.gz\nmodule (hd0,a)/netbsd-XEN3_DOM0.gz\n"
        "title Old\nkernel (hd0,a)/xen-debug.gz\nmodule (hd0,a)/netbsd.backup\ntitle NetBSD\nchainloader (hd0,0)+1\n",
        ("Xen", "NetBSD"),
        (("Old", "another entry has the same title"),),
        default="Xen",
    ),
    "the files of an entry that nobody boots are gone": Case(
        "grub",
        "default 0\ntimeout 5\ntitle Xen\nkernel (hd0,a)/xen.gz\nmodule (hd0,a)/netbsd-XEN3_DOM0.gz\n"
        "title Xen of old\nkernel (hd0,a)/xen-3.gz\nmodule (hd0,a)/netbsd-old\ntitle NetBSD\nchainloader (hd0,0)+1\n",
        ("Xen", "Xen of old", "NetBSD"),
        default="Xen",
    ),
    "it waits for ever": Case(
        "grub",
        "title Xen\nkernel (hd0,a)/xen.gz\nmodule (hd0,a)/netbsd-XEN3_DOM0.gz\ntitle NetBSD\nchainloader (hd0,0)+1\n",
        alone="the menu has no timeout",
    ),
    "a saved default": Case(
        "grub",
        "default saved\ntimeout 5\ntitle Xen\nkernel (hd0,a)/xen.gz\nmodule (hd0,a)/netbsd-XEN3_DOM0.gz\nsavedefault\n"
        "title NetBSD\nchainloader (hd0,0)+1\nsavedefault\n",
        saved="1\n#\n#\n#\n#\n#\n",
        alone="which entry boots by default is remembered",
    ),
    "no way back": Case(
        "grub",
        "default 0\ntimeout 5\ntitle Xen\nkernel (hd0,a)/xen.gz\nmodule (hd0,a)/netbsd-XEN3_DOM0.gz\n",
        alone="would have no entry that boots a native kernel",
    ),
    "a way back that GRUB legacy can't take": Case(
        "grub",
        "default 0\ntimeout 5\ntitle Xen\nkernel (hd0,a)/xen.gz\nmodule (hd0,a)/netbsd-XEN3_DOM0.gz\n"
        "title NetBSD\nkernel --type=netbsd (hd0,a)/netbsd\n",
        alone="would have no entry that boots a native kernel",
    ),
}
HEADER = """\
# DO NOT EDIT THIS FILE
if [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="%s"
fi
function savedefault {
  if [ -z "${boot_once}" ]; then
    saved_entry="${chosen}"
    save_env saved_entry
  fi
}
if [ x$feature_timeout_style = xy ] ; then
  set timeout_style=menu
  set timeout=5
else
  set timeout=5
fi
"""
XEN = "menuentry 'Xen' {\n\tmultiboot2 /xen.gz placeholder dom0_mem=1G\n\tmodule2 /netbsd-XEN3_DOM0.gz placeholder\n}\n"
NATIVE = 'menuentry "NetBSD" {\n\tknetbsd /netbsd\n}\n'
GRUB2 = {
    "by hand, two entries": Case(
        "grub2",
        "set default=0\nset timeout=5\ninsmod part_msdos\ninsmod part_bsd\ninsmod ufs2\n\nmenuentry 'Xen' {\n"
        "\tmultiboot /xen.gz dom0_mem=512M\n\tmodule /netbsd-XEN3_DOM0.gz root=wd0a console=pc\n}\n" + NATIVE,
        ("Xen", "NetBSD"),
        default="Xen",
    ),
    "as ours, by hand": Case("grub2", "default=Xen\ntimeout=5\n" + NATIVE + XEN, ("NetBSD", "Xen"), default="Xen"),
    "as grub-mkconfig makes it, and entries of one's own": Case(
        "grub2",
        HEADER % "2" + "### BEGIN /usr/pkg/etc/grub.d/10_netbsd ###\n"
        "menuentry 'NetBSD, with kernel /netbsd' --class netbsd --class os {\n\tinsmod part_bsd\n\tinsmod ufs2\n"
        "\tset root='hd0,netbsd1'\n\tsearch --no-floppy --fs-uuid --set=root 5f3cd1a0b1c2d3e4\n"
        "\tknetbsd /netbsd -r wd0a\n}\n"
        "menuentry 'NetBSD, with kernel /netbsd, single user' {\n\tset root='hd0,netbsd1'\n"
        "\tknetbsd /netbsd -s -r wd0a\n}\n"
        "### END /usr/pkg/etc/grub.d/10_netbsd ###\n\n"
        "menuentry 'Xen, VGA' --unrestricted --id xen-vga {\n\tinsmod part_bsd\n\tset root=(hd0,netbsd1)\n"
        "\tmultiboot /xen.gz placeholder dom0_mem=1024M\n\tmodule /netbsd-XEN3_DOM0.gz placeholder root=wd0a\n}\n"
        "if [ -f  ${config_directory}/custom.cfg ]; then\n  source ${config_directory}/custom.cfg\nfi\n",
        ("NetBSD, with kernel /netbsd", "NetBSD, with kernel /netbsd, single user", "Xen, VGA"),
        default="Xen, VGA",
    ),
    "a default by its id, Linux and a submenu": Case(
        "grub2",
        HEADER % "xen" + "menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple' {\n"
        "\tload_video\n\tsearch --set=root --label root --hint hd0,msdos5\n\tlinux /vmlinuz root=LABEL=root\n}\n"
        "submenu 'Advanced options' {\n\tmenuentry 'recovery' {\n\t\tlinux /vmlinuz single\n\t}\n}\n"
        "menuentry 'NetBSD/Xen' --id=xen {\n\tset root=(hd1,1,a)\n\tmultiboot2 /xen.gz\n"
        "\tmodule2 /netbsd-XEN3_DOM0.gz\n}\n"
        "menuentry 'NetBSD' { set root=(hd1,1,a); knetbsd /netbsd; }\nmenuentry \"Save $5\" {\n\ttrue\n}\n",
        ("Debian GNU/Linux", "NetBSD/Xen", "NetBSD"),
        (
            ("number 1", "it is a submenu, or its title"),
            ("number 4", "it is a submenu, or its title"),
        ),
        default="NetBSD/Xen",
    ),
    "titles that a declaration can't have, and one on a condition": Case(
        "grub2",
        "set default='Xen'\nset timeout=10\n" + XEN + NATIVE + "menuentry 'a > b' {\n\ttrue\n}\n"
        "if [ $grub_platform = pc ]; then\n\tmenuentry 'Memtest' {\n\t\tlinux16 /memtest86+.bin\n\t}\nfi\n"
        "menuentry 'Twice' {\n\ttrue\n}\nmenuentry 'Twice' {\n\tfalse\n}\n"
        "menuentry 'Long' {\n\techo one \\\n\t\ttwo\n}\n",
        ("Xen", "NetBSD"),
        (
            ("Memtest", "it is in the menu only on a condition"),
            ("a > b", "its name holds '>'"),
            ("Twice", "another entry has the same title"),
            ("Long", "the command 'echo one \\\\' has a quote that is not closed"),
        ),
        default="Xen",
    ),
    "on another disk": Case(
        "grub2",
        "set default=1\nset timeout=0\nmenuentry 'NetBSD on sda1' {\n        insmod ufs2\n"
        "        set root=(hd0,msdos1)\n"
        "        knetbsd /netbsd --root=wd0a\n}\nmenuentry 'Xen' {\n  multiboot2 (hd1,gpt2)/xen.gz\n"
        "  module2 (hd1,gpt2)/netbsd-XEN3_DOM0.gz root=dk1\n}\n",
        ("NetBSD on sda1", "Xen"),
        default="Xen",
    ),
    "a menu that remembers": Case(
        "grub2",
        'set default="${saved_entry}"\nset timeout=5\n' + XEN + NATIVE,
        alone="which entry boots by default is remembered",
    ),
    "no timeout": Case("grub2", "set default=0\n" + XEN + NATIVE, alone="the menu has no timeout"),
    "a timeout that depends": Case(
        "grub2",
        "set default=0\nif keystatus --shift; then\n\tset timeout=-1\nelse\n\tset timeout=0\nfi\n" + XEN + NATIVE,
        alone="the menu has no timeout, or one that GRUB alone can tell",
    ),
    "a default whose number depends": Case(
        "grub2",
        "set default=1\nset timeout=5\nif [ -e /x ]; then menuentry 'x' { true; }; fi\n" + XEN + NATIVE,
        alone="which entry boots by default is remembered or worked out",
    ),
    "no way back": Case(
        "grub2", "set default=0\nset timeout=5\n" + XEN, alone="would have no entry that boots a native kernel"
    ),
}
CASES = {**LEGACY, **{f"{name} (GRUB 2)": case for name, case in GRUB2.items()}}


def plan(case, variables, text=None, **more):
    """What a run with these variables would do to the menu."""
    loader = LOADERS[case.loader]
    given = {name.removeprefix("bootloader_"): value for name, value in variables.items()}
    options = {"flavour": case.loader, "protocol": "multiboot2", "other_entries": "keep", "assume_files": [], **given}
    texts = {other.menu: None for other in LOADERS.values()}
    texts.update({loader.menu: case.text if text is None else text, "/grub/default": case.saved})
    current = {"texts": texts, "machine": case.machine, "files": list(FILES), "looked_at": [*FILES, "/xen-3.gz"]}
    return grub_menu.plan(current, grub_menu.declare({**options, **more}))


def why_not(case, variables):
    try:
        return "; ".join(change.summary for change in plan(case, variables).changes)
    except Refused as refused:
        return str(refused)


def declared(case):
    """What would be tried, and the first of it that plans to nothing."""
    found = menu.grub(LOADERS[case.loader], case.text, case.saved)
    tried = [each for each, _note in menu.of_grub(found, case.loader, "multiboot2")][1:]
    assert tried[-1] == LEFT_ALONE
    return found, tried, next((each for each in tried if each != LEFT_ALONE and not why_not(case, each)), None)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.alone])
def test_a_menu_made_by_hand_is_declared_and_plans_to_nothing(name):
    case = CASES[name]
    found, _tried, variables = declared(case)
    assert variables is not None, [why_not(case, each) for each in declared(case)[1][:-1]]
    assert tuple(entry["name"] for entry in variables["bootloader_entries"]) == case.declared
    assert variables["bootloader_default"] == case.default
    told = dict(found.told)
    assert list(told) == [thing for thing, _why in case.told]
    for thing, why in case.told:
        assert told[thing].startswith(why)
    COUNTS.update(menus=1, declared=len(case.declared), told=len(told), stay=AS_FOUND in variables)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.alone])
def test_a_menu_that_no_declaration_says_is_left_alone_with_the_reason(name):
    case = CASES[name]
    found, tried, variables = declared(case)
    assert variables is None
    against = menu.why_alone(found) or why_not(case, tried[-2])
    assert case.alone in against
    COUNTS.update(menus=1, alone=1, told=len(found.entries) + len(found.told))


def _other_entry(case, variables):
    *before, last = variables["bootloader_entries"]
    return {"bootloader_entries": [*before, {"name": last["name"], "commands": ["chainloader (hd0,7)+1"]}]}


def _without_an_entry(case, variables):
    gone = next(name for name in case.declared if name != case.default)
    left = [entry for entry in variables["bootloader_entries"] if entry["name"] != gone]
    return {"bootloader_entries": left, "bootloader_absent_entries": [gone]}


DRIFT = {
    "an entry": _other_entry,
    "an entry more": _without_an_entry,
    "the timeout": lambda case, variables: {"bootloader_timeout": variables["bootloader_timeout"] + 1},
    "the default": lambda case, _variables: {
        "bootloader_default": next(name for name in case.declared if name != case.default)
    },
}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if not case.alone])
@pytest.mark.parametrize("drift", DRIFT)
def test_a_menu_stays_only_as_long_as_it_says_all_that_is_declared(name, drift):
    case = CASES[name]
    variables = declared(case)[2]
    assert why_not(case, {**variables, **DRIFT[drift](case, variables)})


def test_a_menu_that_has_to_be_written_gets_a_fallback():
    case = CASES["by hand, two entries (GRUB 2)"]
    variables = {**declared(case)[2], "bootloader_timeout": 9}
    assert variables[AS_FOUND] is True
    (change,) = plan(case, variables).changes
    assert 'set fallback="1"' in change.after
    assert plan(case, variables, text=change.after).changes == []


def test_an_entry_for_one_boot_is_written_whatever_stays():
    for name in ("by hand, two entries (GRUB 2)", "as the HOWTO, serial and VGA"):
        case = CASES[name]
        assert plan(case, declared(case)[2], once=case.declared[-1]).changes


def test_words_of_the_role_where_they_say_the_same():
    (native, xen) = declared(CASES["as ours, by hand (GRUB 2)"])[2]["bootloader_entries"]
    assert native == {"name": "NetBSD", "kernel": "/netbsd"}
    assert xen == {
        **{"name": "Xen", "kernel": "/netbsd-XEN3_DOM0.gz"},
        **{"hypervisor": "/xen.gz", "hypervisor_args": "dom0_mem=1G"},
    }
    entries = declared(CASES["as the HOWTO, serial and VGA"])[2]["bootloader_entries"]
    assert entries[1]["args"] == "bootdev=wd0a ro console=tty0"
    assert entries[3]["commands"] == ["root (hd0,0)", "chainloader +1"]


def test_the_count():
    """Of those above."""
    print(
        f"{COUNTS['menus']} menus of GRUBs made by hand: {COUNTS['menus'] - COUNTS['alone']} declared and plan to "
        f"nothing "
        f"with {COUNTS['declared']} entries, {COUNTS['stay']} of them as they were found; {COUNTS['alone']} left "
        f"alone; "
        f"{COUNTS['told']} entries told as not declarable"
    )
