# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""grub.cfg: every construct that GRUB 2's own parser knows, with what is made of it.

GNU GRUB 2: grub-core/script/yylex.l and parser.y (the language), commands/menuentry.c, normal/menu.c (default),
loader/multiboot.c and loader/i386/bsd.c (what an entry loads).
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.boot import grubcfg, grubscript

A = "menuentry 'a' {\n\tknetbsd /a\n}\n"
B = "menuentry 'b' {\n\tknetbsd /b\n}\n"


def meaning(text):
    """The titles of the menu (None for what has none that can be told), the default and the timeout as they are set."""
    titles = [entry and entry.title for entry in grubcfg.menu(text)]
    return titles, grubcfg.setting(text, "default"), grubcfg.setting(text, "timeout")


CONSTRUCTS = {
    # words (yylex.l)
    "": ([], None, None),
    A + B: (["a", "b"], None, None),
    "menuentry a {\n}\n": (["a"], None, None),
    'menuentry "a" {\n}\n': (["a"], None, None),
    "menuentry a\\ b {\n}\n": (["a b"], None, None),
    "menuentry 'a'\" b\"c {\n}\n": (["a bc"], None, None),
    "menuentry 'a $b \"c\"' {\n}\n": (['a $b "c"'], None, None),
    'menuentry "a \\$b \\"c\\"" {\n}\n': (['a $b "c"'], None, None),
    'menuentry "a $b" {\n}\n': ([None], None, None),
    "menuentry ${name} {\n}\n": ([None], None, None),
    "menuentry $name {\n}\n": ([None], None, None),
    "menuentry \\\n  'a' \\\n  --class x {\n}\n": (["a"], None, None),
    "menuentry 'a' { knetbsd /a }\n" + B: (["a", "b"], None, None),
    "menuentry 'a' { knetbsd /a; }; menuentry 'b' { knetbsd /b }\n": (["a", "b"], None, None),
    "menuentry 'a' {\n} # the end\n" + B: (["a", "b"], None, None),
    f"# menuentry 'x' {{\n{A}": (["a"], None, None),
    f"echo 'menuentry x {{'\n{A}": (["a"], None, None),
    f"echo # menuentry 'x' {{\n{A}": (["a"], None, None),
    f"echo x#y {{\n}}\n{A}": (["a"], None, None),
    "menuentry 'a' {\n\techo 'it is } here'\n\tknetbsd /a\n}\n" + B: (["a", "b"], None, None),
    "menuentry 'a' {\n\techo \"two\n}\nlines\"\n}\n" + B: (["a", "b"], None, None),
    "menuentry 'a' {\n\techo ${x} }\n" + B: (["a", "b"], None, None),
    f"menuentries 'x' {{\n}}\n{A}": (["a"], None, None),
    f"menuentry 'x'\n{A}": (["a"], None, None),  # without a block it is an error
    # options (menuentry.c)
    "menuentry --class x --class=y 'a' --users '' --hotkey h --id i {\n}\n": (["a"], None, None),
    "menuentry --unrestricted a --source x {\n}\n": (["a"], None, None),
    # blocks and conditions (parser.y)
    f"submenu 's' {{\n{A}}}\n{B}": ([None, "b"], None, None),
    f"function f {{\n{A}}}\n{B}": (["b"], None, None),
    f"if [ x ]; then\n{A}fi\n{B}": (["a", "b"], None, None),
    f"if true; then {A}else\n{B}fi\n": (["a", "b"], None, None),
    f"for x in 1 2; do\n{A}done\nwhile false; do true; done\nuntil true; do true; done\n{B}": (["a", "b"], None, None),
    "menuentry 'a' {\n\tif [ -e /x ]; then\n\t\tknetbsd /x\n\tfi\n}\n" + B: (["a", "b"], None, None),
    "menuentry 'a' {\n\tfunction g {\n\t\ttrue\n\t}\n\tg\n}\n" + B: (["a", "b"], None, None),
    # variables
    f"set default=1\nset timeout=5\n{A}": (["a"], "1", "5"),
    f"default=1\ntimeout=5\n{A}": (["a"], "1", "5"),
    f"set default='a b' timeout=\"5\"\n{A}": (["a"], "a b", "5"),
    f"set timeout=5 # seconds\n{A}": (["a"], None, "5"),
    f"set timeout=1; set timeout=2\n{A}": (["a"], None, "2"),
    f"if true; then set timeout=3; fi\n{A}": (["a"], None, "3"),
    f'set default="${{saved}}"\n{A}': (["a"], None, None),
    f"set default=$saved\n{A}": (["a"], None, None),
    f"set\nset default\nexport default\nunset timeout\n{A}": (["a"], None, None),
    f"menuentry 'x' {{\n\tset default=7\n}}\n{A}": (["x", "a"], None, None),
    f"echo default=1\n{A}": (["a"], None, None),
    # commands that are kept, wherever they are
    f"insmod part_msdos\nload_env\nsource /grub/more.cfg\nconfigfile /x\nterminal_output console\n{A}": (
        ["a"],
        None,
        None,
    ),
    f"search --set=root --label x\n. /grub/more.cfg\n[ -s x ] && true || false\necho x > y\n{A}": (["a"], None, None),
    # what nobody can read
    "menuentry 'a' {\n\tknetbsd /a\n": (["a"], None, None),
    f"}}\n{A}": (["a"], None, None),
    f'echo "never closed\n{A}': (["a"], None, None),
}


@pytest.mark.parametrize("text", CONSTRUCTS)
def test_what_is_made_of_each_construct_of_a_file(text):
    assert meaning(text) == CONSTRUCTS[text]
    assert grubcfg.render(grubcfg.parse(text)) == text
    assert grubcfg.without_entries(text, ["nobody"]) == text


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        (A + B, B),
        (f"# x\n{A}\n{B}", f"# x\n\n{B}"),
        (f"menuentry 'a' {{ knetbsd /a }}\n{B}", B),
        (f"menuentry 'a' {{\n\tknetbsd /a\n}} # the end\n{B}", f" # the end\n{B}"),
        ("menuentry 'a' { true; }; menuentry 'b' { true; }\n", "; menuentry 'b' { true; }\n"),
        (f"true; {A}{B}", f"true; \n{B}"),
        (f"menuentry 'a' {{\n\tif x; then\n\t\tfunction y {{\n\t}}\n\tfi\n}};\n{B}", B),
        (A + A + B, B),
        (A.rstrip(), ""),
    ],
)
def test_an_entry_is_taken_out_and_nothing_else(text, rest):
    assert grubcfg.without_entries(text, ["a"]) == rest


def test_an_entry_that_may_not_be_made_stays():
    # parser.y: an if without a command is an error, and the whole file with it
    text = f"if [ x ]; then\n{A}fi\n{B}"
    assert grubcfg.without_entries(text, ["a", "b"]) == f"if [ x ]; then\n{A}fi\n"
    assert grubcfg.without_entries(f"submenu s {{\n{A}}}\n", ["a"]) == f"submenu s {{\n{A}}}\n"


# What an entry with these commands does: its files, the native kernel, and whether it starts NetBSD's own loader.
NOTHING = ([], None, False)
NATIVE = (["/netbsd"], "/netbsd", False)
XEN = (["/xen.gz", "/netbsd-XEN3_DOM0"], None, False)
COMMANDS = {
    "knetbsd /netbsd": NATIVE,
    "knetbsd /netbsd -s": NATIVE,
    "knetbsd -s -r wd0a /netbsd": NATIVE,
    "knetbsd --root=wd0a --serial=com0,9600 /netbsd": NATIVE,
    "knetbsd --root wd0a /netbsd": NATIVE,
    "knetbsd '/netbsd'": NATIVE,
    "knetbsd \\\n\t/netbsd": NATIVE,
    "insmod bsd; knetbsd /netbsd; boot": NATIVE,
    "if [ -e /x ]; then\nknetbsd /netbsd\nfi": NATIVE,
    "knetbsd $root/netbsd": NOTHING,
    "knetbsd ${kernel}": NOTHING,
    "knetbsd (hd0,msdos1)/netbsd": ([], "(hd0,msdos1)/netbsd", False),
    "set root=(hd0,1)\nknetbsd /netbsd": ([], "/netbsd", False),
    "set root='hd0,msdos1'; knetbsd /netbsd": ([], "/netbsd", False),
    "root=hd1\nknetbsd /netbsd": ([], "/netbsd", False),
    "search --no-floppy --set=root --label x\nknetbsd /netbsd": ([], "/netbsd", False),
    "search.fs_uuid 1234 root\nknetbsd /netbsd": ([], "/netbsd", False),
    "knetbsd /netbsd-XEN3_DOM0": (["/netbsd-XEN3_DOM0"], None, False),
    "echo knetbsd /netbsd": NOTHING,
    "multiboot /xen.gz x\nmodule /netbsd-XEN3_DOM0 y": XEN,
    "multiboot2 --quirk-bad-kludge /xen.gz x\nmodule2 --nounzip /netbsd-XEN3_DOM0": XEN,
    "multiboot /xen.gz; module /netbsd-XEN3_DOM0": XEN,
    'multiboot "/xen.gz" "a b"\nmodule /netbsd-XEN3_DOM0': XEN,
    "multiboot /xen.gz # module /x\nmodule /netbsd-XEN3_DOM0": XEN,
    "linux /vmlinuz root=x\ninitrd /initrd": NOTHING,
    "kfreebsd /x": NOTHING,
    "chainloader +1": ([], None, True),
    "chainloader --force (hd0,msdos1)+1": ([], None, True),
    "set root=hd0,1\nchainloader +1": ([], None, True),
    "search --set=root --label x\nchainloader +1": ([], None, True),
    "chainloader (hd1)+1": NOTHING,
    "set root='(hd1,msdos1)'\nchainloader +1": NOTHING,
    "set root=hd10,1; chainloader +1": NOTHING,
    "configfile /other.cfg": NOTHING,
    "halt": NOTHING,
    "reboot": NOTHING,
}


@pytest.mark.parametrize("commands", COMMANDS)
def test_what_is_made_of_each_command_of_an_entry(commands):
    (entry,) = grubcfg.entries(f"menuentry 'x' {{\n{commands}\n}}\n")
    found = grubcfg.files(entry, ""), grubcfg.native_kernel(entry), grubcfg.chains(entry)
    assert found == COMMANDS[commands]


@pytest.mark.parametrize(
    ("words", "ident"),
    [("--id i a", "i"), ("--id=i a", "i"), ("a --id 'i j'", "i j"), ("a", ""), ("a --class --id", "")],
)
def test_the_id_of_an_entry(words, ident):
    (entry,) = grubcfg.entries(f"menuentry {words} {{\n}}\n")
    assert (entry.title, entry.id) == ("a", ident)


pieces = st.sampled_from(
    ["menuentry ", "'a' ", "{", "}", "\n", ";", "if ", "then ", "fi", '"', "'", "\\", "$", "#", "set x=1"]
)


@given(st.lists(st.one_of(pieces, st.text(max_size=4)), max_size=20))
def test_no_file_makes_the_questions_fail(some):
    text = "".join(some)
    for command in grubscript.commands(text):
        assert 0 <= command.start < command.end <= len(text) and command.words
    for entry in grubcfg.entries(text):
        grubcfg.files(entry, ""), grubcfg.native_kernel(entry), grubcfg.chains(entry), grubcfg.xen(entry)
    grubcfg.setting(text, "default")
    assert grubcfg.without_entries(text, []) == text
    grubcfg.without_entries(text, ["a"])


def test_the_constructs_are_counted():
    print(f"{len(CONSTRUCTS)} constructs of a grub.cfg, {len(COMMANDS)} forms of an entry's commands")
