# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""menu.lst: every construct that GRUB legacy's own parser knows, with what is made of it.

GNU GRUB 0.97: stage2/stage2.c (get_line_from_config, cmain), stage2/cmdline.c (find_command, skip_to, run_script),
stage2/builtins.c (builtin_table).
"""

from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._formats.boot import menulst

ROOT = "(hd0,a)"
CHAIN = "chainloader +1\n"
A = f"title a\n{CHAIN}"
B = f"title b\n{CHAIN}"


def meaning(text):
    """The titles, the default entry's number, the seconds, and the fallback."""
    menu = menulst.parse(text)
    chosen = menulst.choice(menu, None)
    return menu.titles, chosen.default, menulst.timeout(menu), menulst.setting(menu, "fallback")


CONSTRUCTS = {
    # lines
    "": ([], None, None, None),
    A: (["a"], 0, None, None),
    f"\t title\ta \t\n {CHAIN}": (["a"], 0, None, None),
    f"title=a\n{CHAIN}": (["a"], 0, None, None),
    f"title = = a = b\n{CHAIN}": (["a = b"], 0, None, None),
    A.replace("\n", "\r\n"): (["a"], 0, None, None),
    f"title a \\\n b\n{CHAIN}": (["a   b"], 0, None, None),
    f"title a \\\r\n b\n{CHAIN}": (["a   b"], 0, None, None),
    f"# c \\\ntitle x\n{A}": (["a"], 0, None, None),  # a comment goes on as well
    f"# c \\\r\ntitle x\n{A}": (["a"], 0, None, None),
    f"title a # no comment\n{CHAIN}": (["a # no comment"], 0, None, None),
    f"Title x\n{A}": (["a"], 0, None, None),
    f"titlex\n{A}": (["a"], 0, None, None),
    # entries
    f"{A}{B}": (["a", "b"], 0, None, None),
    f"title x\n{A}": (["a"], 0, None, None),
    f"{A}title x\n# x\n": (["a"], 0, None, None),
    f"title x\nno such command\n{A}": (["a"], 0, None, None),
    f"title\n{CHAIN}": ([""], 0, None, None),
    # before the first title
    f"default 1\n{A}{B}": (["a", "b"], 1, None, None),
    f"default=1\n{A}{B}": (["a", "b"], 1, None, None),
    f"default 0x1\n{A}{B}": (["a", "b"], 1, None, None),
    f"default 1st\n{A}{B}": (["a", "b"], 1, None, None),
    f"default 1\ndefault x\n{A}{B}": (["a", "b"], 1, None, None),
    f"default 1\ndefault 0\n{A}{B}": (["a", "b"], 0, None, None),
    f"default saved\n{A}{B}": (["a", "b"], 0, None, None),
    f"default 9\n{A}{B}": (["a", "b"], 0, None, None),
    f"default 9\nfallback 7 1\n{A}{B}": (["a", "b"], 1, None, "7 1"),
    f"{A}default 1\n{B}": (["a", "b"], 0, None, None),  # in an entry it is an error
    f"timeout 5\n{A}": (["a"], 0, 5, None),
    f"timeout=5\ntimeout x\n{A}": (["a"], 0, 5, None),
    f"timeout -1\n{A}": (["a"], 0, None, None),
    f"{A}timeout 5\n": (["a"], 0, None, None),
    f"fallback 1 0\n{A}{B}": (["a", "b"], 0, None, "1 0"),
    f"hiddenmenu\nsplashimage=(hd0,a)/x.gz\npassword --md5 $1$x\ncolor=a/b c/d\n{A}": (["a"], 0, None, None),
    f"serial --unit=0\nterminal --timeout=5 serial console\n{A}": (["a"], 0, None, None),
    f"root (hd1,a)\nkernel /x\nfrobnicate\n{A}": (["a"], 0, None, None),  # not of those that run here
}


@pytest.mark.parametrize("text", CONSTRUCTS)
def test_what_is_made_of_each_construct_of_a_file(text):
    assert meaning(text) == CONSTRUCTS[text]
    # Kept, to the byte, whatever it is.
    assert menulst.render(menulst.parse(text)) == text


# What an entry of each command does: the files on the root device, the native kernel, whether it starts another loader,
# and what it waits for. A command that is in none of these is kept in its place, and means nothing here.
NOTHING = ([], None, False, "")
NATIVE = (["/netbsd"], "/netbsd", False, "")
COMMANDS = {
    "kernel /netbsd": NATIVE,
    "kernel=/netbsd": NATIVE,
    "kernel --type=netbsd (hd0,a)/netbsd -s": NATIVE,
    "kernel --type=netbsd --no-mem-option /netbsd": NATIVE,
    "root (hd0,a)\nkernel /netbsd\nboot": NATIVE,
    "root (hd1,a)\nkernel /netbsd": NOTHING,
    "root (hd1,a) 0x2\nkernel (hd0,a)/netbsd": NATIVE,
    "rootnoverify (hd1,a)\nkernel /netbsd": NOTHING,
    "kernel (hd0,1)/netbsd": NOTHING,
    "kernel (nd)/netbsd": NOTHING,
    "kernel /netbsd-XEN3_DOM0": (["/netbsd-XEN3_DOM0"], None, False, ""),
    "kernel /xen.gz x\nmodule /netbsd root=wd0a": (["/xen.gz", "/netbsd"], None, False, ""),
    "kernel /xen.gz\nmodulenounzip /netbsd.gz": (["/xen.gz", "/netbsd.gz"], None, False, ""),
    "kernel /vmlinuz\ninitrd /initrd": (["/vmlinuz"], "/vmlinuz", False, ""),
    "chainloader +1": ([], None, True, ""),
    "chainloader --force (hd0,1)+1": ([], None, True, ""),
    "chainloader (hd1,0)+1": NOTHING,
    "chainloader (hd0)+1": NOTHING,
    "rootnoverify (hd1,0)\nmakeactive\nmap (hd0) (hd1)\nchainloader +1": NOTHING,
    "pause here": ([], None, False, "pause"),
    "lock\nkernel /netbsd": (["/netbsd"], "/netbsd", False, "lock"),
    "savedefault 1\nkernel /netbsd": NATIVE,
    "savedefault fallback\nkernel /netbsd": NATIVE,
    **{
        f"{command}\nkernel /netbsd": NATIVE
        for command in """blocklist /x|bootp|cat /x|cmp /x /y|color a/b|debug|dhcp|displayapm|displaymem|embed /x (hd0)
            fallback 1|find /netbsd|foreground ff|background 00|fstest|geometry (hd0)|help|hiddenmenu|hide (hd0,1)
            impsprobe|install /x|ioprobe (hd0)|md5crypt|pager on|partnew (hd0,1)|parttype (hd0,1) 0xa9|password x
            rarp|read 0x0|serial|setkey|setup (hd0)|splashimage /x|terminal console|terminfo|testload /x|testvbe 1
            tftpserver x|timeout 1|default 1|unhide (hd0,1)|uppermem 1|vbeprobe|makeactive|map (hd0) (hd1)|rootx (hd1)
            """.replace("\n", "|").split("|")
        for command in [command.strip()]
        if command
    },
    "configfile /grub/other.lst": NOTHING,
    "halt": NOTHING,
    "reboot": NOTHING,
    "quit": NOTHING,
}


@pytest.mark.parametrize("commands", COMMANDS)
def test_what_is_made_of_each_command(commands):
    menu = menulst.parse(f"password x\ntitle a\n{commands}\n")
    (entry,) = menu.blocks
    found = menulst.files(entry, ROOT), menulst.native_kernel(entry, ROOT)
    assert (*found, menulst.chains(entry, ROOT), menulst.asks(menu, entry)) == COMMANDS[commands]


def test_every_command_of_grub_legacy_has_its_verdict():
    lines = {line for commands in COMMANDS for line in commands.split("\n")}
    named = {menulst._word(line) for line in lines} | {"title"}
    assert named - {"rootx", "title"} == set(menulst._COMMANDS)
    print(f"{len(named) - 1} commands of GRUB legacy in {len(COMMANDS)} forms, {len(CONSTRUCTS)} constructs of a file")
