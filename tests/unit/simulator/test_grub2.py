# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""GRUB 2: grub.cfg, the environment block, its commands. Sources are named in grubcfg_boot.py and grub2.py."""
from __future__ import annotations

import pytest
from netbsd_sim.boot import grub_env, grub_script

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import make_host

HEAD = "set default=0\nset timeout=5\n"
XEN = "menuentry 'Xen' --id xen {\n\tmultiboot /xen.gz dom0_mem=512M\n\tmodule /netbsd-XEN3_DOM0.gz root=wd0a\n}\n"
NATIVE = "menuentry 'Net BSD' --class netbsd {\n\tknetbsd /netbsd -v\n}\n"
CHAIN = "menuentry 'chain' {\n\tset root='hd0,msdos1'\n\tchainloader +1\n}\n"
MISSING = "menuentry 'missing' { multiboot /nosuch; module /netbsd-XEN3_DOM0.gz }\n"
# As grub-mkconfig's 00_header writes it.
ONCE = """if [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="${saved_entry}"
fi
set timeout=5
"""


@pytest.fixture
def host(tmp_path):
    """A dom0 that GRUB 2 boots."""
    return make_host(tmp_path / "host", loader="grub2")


def boots(host, text: str) -> str:
    host.write("/grub/grub.cfg", text)
    data = host.reboot()
    return data["kernel"]["name"] if data["kernel"] else "down: " + data["down_reason"]


def test_a_host_made_with_grub_2_boots_into_xen(host):
    data = host.data
    assert (data["boot_sector"], data["kernel"]["name"]) == ("grub2", "XEN3_DOM0")
    assert data["hypervisor"]["cmdline"] == "dom0_mem=512M"
    assert data["kernel"]["cmdline"] == "root=wd0a console=pc"


def test_without_xen_it_boots_netbsd(tmp_path):
    data = make_host(tmp_path / "h", "bare", profile="netbsd-9.4-xen-4.15", loader="grub2").data
    assert (data["kernel"]["name"], data["kernel"]["release"]) == ("GENERIC", "9.4")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + XEN + NATIVE, "XEN3_DOM0"),
        (HEAD + NATIVE + XEN, "GENERIC"),
        ('set default="Net BSD"\ntimeout=5\n' + XEN + NATIVE, "GENERIC"),
        ("set default=xen\nset timeout=0\n" + NATIVE + XEN, "XEN3_DOM0"),
        ("set default=nobody\nset timeout=0\n" + NATIVE + XEN, "GENERIC"),
        ("set default=9\nset timeout=0\n" + NATIVE + XEN, "GENERIC"),
        (XEN, "down: GRUB 2 menu: waits for ever for a choice"),
        ("set timeout=-1\n" + XEN, "down: GRUB 2 menu: waits for ever for a choice"),
        ("set timeout=1\n", "down: GRUB 2: at its prompt (grub.cfg has no"),
        (HEAD + MISSING + XEN, "down: GRUB 2 menu: waits for ever after 'missing': error: file `/nosuch' not found"),
        ("set fallback=1\n" + HEAD + MISSING + XEN, "XEN3_DOM0"),
        (HEAD + CHAIN, "XEN3_DOM0"),  # boot.cfg's first entry
        (HEAD + XEN.replace("multiboot", "multiboot2").replace("module", "module2"), "XEN3_DOM0"),
        (HEAD + XEN.replace("(", "").replace("/xen.gz", "(hd0,msdos1,netbsd1)/xen.gz"), "XEN3_DOM0"),
        (HEAD + XEN.replace("/xen.gz", "/netbsd"), "down: GRUB 2 menu: waits for ever"),
        (HEAD + "if [ x$a = x ]; then set default=1; else set default=0; fi\n" + XEN + NATIVE, "GENERIC"),
        (HEAD + "if [ -f /nosuch ]; then false; elif true; then set default=1; fi # c\n" + XEN + NATIVE, "GENERIC"),
        (HEAD + "function f {\n set default=1\n}\nf\n" + XEN + NATIVE, "GENERIC"),
        (HEAD + "frobnicate 3\n" + XEN, "down: simulator: grub.cfg line 3: frobnicate: not simulated"),
        (HEAD + "submenu 'x' { true }\n" + XEN, "down: simulator: grub.cfg line 3: submenu"),
        (HEAD + "menuentry 'x' {\n", "down: simulator: grub.cfg line 3"),
        (HEAD + "set a='x\n" + XEN, "down: simulator: grub.cfg line"),
    ],
)
def test_grub_cfg(host, text, expected):
    assert boots(host, text).startswith(expected)


def test_no_grub_cfg_and_no_modules(host):
    (host.root / "grub/grub.cfg").unlink()
    assert host.reboot()["down_reason"].startswith("GRUB 2: at its prompt")
    (host.root / "grub/i386-pc/normal.mod").unlink()
    assert host.reboot()["down_reason"].startswith("GRUB 2: at its rescue prompt")


def test_xen_before_4_9_has_no_multiboot2_header(tmp_path):
    from netbsd_sim.boot import startup
    from netbsd_sim.core import images

    assert startup.has_multiboot2(images.Image("xen", "4.20", "xen"))
    assert not startup.has_multiboot2(images.Image("xen", "4.8", "xen"))


def test_next_entry_is_booted_once(host):
    host.run("grub-set-default", "Net BSD")
    assert boots(host, ONCE + XEN + NATIVE) == "GENERIC"
    host.run("grub-reboot", "Xen")
    assert host.run("grub-editenv", "-", "list").out == "saved_entry=Net BSD\nnext_entry=Xen\n"
    assert host.would_boot()["kernel"]["name"] == "XEN3_DOM0"
    assert host.reboot()["kernel"]["name"] == "XEN3_DOM0"
    assert host.run("grub-editenv", "/grub/grubenv", "list").out == "saved_entry=Net BSD\nnext_entry=\n"
    assert host.reboot()["kernel"]["name"] == "GENERIC"


def test_grub_editenv(host):
    path = host.root / "grub/env2"
    assert host.run("grub-editenv", "/grub/env2", "set", "a=1", "b=x y").rc == 0
    assert (len(path.read_bytes()), path.read_bytes()[:36]) == (1024, b"# GRUB Environment Block\na=1\nb=x y\n#")
    host.run("grub-editenv", "/grub/env2", "unset", "a")
    assert host.run("grub-editenv", "/grub/env2", "list").out == "b=x y\n"
    host.run("grub-editenv", "/grub/env2", "create")
    assert host.run("grub-editenv", "/grub/env2", "list").out == ""
    path.write_text("short")
    assert host.run("grub-editenv", "/grub/env2", "list").err == "grub-editenv: error: invalid environment block.\n"
    assert host.run("grub-editenv", "-", "set", "a=" + "x" * 1024).err == (
        "grub-editenv: error: environment block too small.\n")


def test_an_environment_block_that_is_none_is_left_alone(host):
    host.write("/grub/grubenv", "x" * 1024)
    assert boots(host, ONCE + XEN + NATIVE) == "XEN3_DOM0"
    assert (host.root / "grub/grubenv").read_text() == "x" * 1024


def test_grub_reboot_says_what_it_misses(host):
    assert host.run("grub-reboot").err.startswith("grub-reboot: Menu entry not specified.")


def test_grub_install(tmp_path):
    host = make_host(tmp_path / "h", "python")
    host.install("grub2")
    result = host.run("/usr/pkg/sbin/grub-install", "/dev/rwd0d")
    assert (result.rc, result.out) == (0, "")
    assert result.err == "Installing for i386-pc platform.\nInstallation finished. No error reported.\n"
    assert host.data["boot_sector"] == "grub2"
    assert (host.root / "grub/i386-pc/core.img").exists()
    assert host.run("/usr/pkg/sbin/grub-install", "/dev/rwd9d").rc == 1


@pytest.mark.parametrize(
    ("word", "expected"),
    [("$a", "1"), ('"$a ${b}"', "1 two words"), ("'$a'", "$a"), ("$none", None), ('"$none"', ""), ("x\\ y", "x y"),
     ('a"b"c', "abc"), ('"\\$a"', "$a")],
)
def test_expansion(word, expected):
    assert grub_script.expand(word, {"a": "1", "b": "two words"}) == expected


def test_environment_block_round_trip():
    variables = {"saved_entry": "Xen 4.20 (trial)", "next_entry": ""}
    assert grub_env.read(grub_env.render(variables)) == variables


@pytest.mark.parametrize(
    ("option", "console"),
    [("", "pc"), ("--serial=com0,115200", "com0"), ("--serial=com1", "pc"), ("-h", "com0"), ("-v --serial", "com0")],
)
def test_a_native_kernels_console_is_what_knetbsd_says(host, option, console):
    """loader/i386/bsd.c, NETBSD_SERIAL_ARG; GRUB's own terminal is no matter, and a port that is not there is none."""
    menu = f"serial --unit=0\nterminal_input serial\n{HEAD}{NATIVE.replace('knetbsd', 'knetbsd ' + option)}"
    host.write("/grub/grub.cfg", menu)
    assert host.would_boot()["console"] == console
