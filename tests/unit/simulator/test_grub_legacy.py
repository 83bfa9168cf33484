# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""GRUB legacy: menu.lst, the default file, the shell. Sources are named in grub_menu.py and grub.py."""
from __future__ import annotations

import io

import pytest
from netbsd_sim.boot import grub_menu

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import make_host

OLD = "netbsd-5.1-xen-3.1"
HEAD = "default 0\ntimeout 5\n"
XEN = "title Xen\nroot (hd0,a)\nkernel /xen.gz dom0_mem=512M\nmodule /netbsd-XEN3_DOM0.gz root=wd0a\n"
NATIVE = "title NetBSD\nkernel --type=netbsd (hd0,a)/netbsd\n"
CHAIN = "title chain\nrootnoverify (hd0,a)\nchainloader +1\n"
MISSING = "title missing\nkernel /nosuch\n"


@pytest.fixture
def i386(tmp_path):
    """A dom0 of NetBSD 5.1 that GRUB boots."""
    return make_host(tmp_path / "i386", profile=OLD, loader="grub")


@pytest.fixture
def amd64(tmp_path):
    """The same of NetBSD 6.1/amd64."""
    return make_host(tmp_path / "amd64", profile="netbsd-6.1-xen-4.2", loader="grub")


def boots(host, text: str) -> str:
    host.write("/grub/menu.lst", text)
    data = host.reboot()
    return data["kernel"]["name"] if data["kernel"] else "down: " + data["down_reason"]


def saved(host) -> bytes:
    return (host.root / "grub/default").read_bytes()


def test_a_host_made_with_grub_boots_into_xen(i386, amd64):
    for host, release in ((i386, "3.1"), (amd64, "4.2")):
        data = host.data
        assert data["boot_sector"] == "grub"
        assert (data["kernel"]["name"], data["hypervisor"]["release"]) == ("XEN3_DOM0", release)
        assert data["hypervisor"]["cmdline"] == "dom0_mem=512M"


@pytest.mark.parametrize("preset", ["bare", "python"])
def test_without_xen_it_boots_netbsd(tmp_path, preset):
    for profile in (OLD, "netbsd-6.1-xen-4.2"):
        assert make_host(tmp_path / profile, preset, profile=profile, loader="grub").data["kernel"]["name"] == "GENERIC"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + XEN + NATIVE, "XEN3_DOM0"),
        (HEAD + NATIVE + XEN, "GENERIC"),
        ("default=1\ntimeout=5\n" + XEN + NATIVE, "GENERIC"),
        ("default 7\ntimeout 0\n" + XEN + NATIVE, "XEN3_DOM0"),
        ("default x\ntimeout 0\n" + XEN + NATIVE, "XEN3_DOM0"),
        ("# a comment\n\n\tdefault\t1\nfrob 3\ntimeout 5\ncolor black/white\n" + XEN + NATIVE, "GENERIC"),
        (XEN, "down: GRUB menu: waits for ever for a choice"),
        # builtins.c, pause_func, lock_func
        (HEAD + XEN + "pause\n", "down: GRUB: entry 'Xen' waits for ever for a key"),
        (HEAD + XEN + "lock\n", "XEN3_DOM0"),
        (HEAD + "password x\n" + XEN + "lock\n", "down: GRUB menu: waits for ever: 'Xen': Error 32"),
        # builtins.c, terminal_func: of several, the one on which somebody presses a key
        (HEAD + "serial\nterminal serial console\n" + XEN, "down: GRUB: terminal serial console: waits for ever"),
        (HEAD + "serial --unit=0\nterminal --timeout=5 serial console\n" + XEN, "XEN3_DOM0"),
        (HEAD + "serial\nterminal serial\n" + XEN, "XEN3_DOM0"),
        (HEAD + "terminal serial console\nserial\n" + XEN, "XEN3_DOM0"),  # ERR_DEV_NEED_INIT
        ("timeout -1\n" + XEN, "down: GRUB menu: waits for ever for a choice"),
        ("hiddenmenu\ntimeout 2\n" + XEN, "XEN3_DOM0"),
        ("", "down: GRUB: at its prompt"),
        (HEAD + MISSING + XEN, "down: GRUB menu: waits for ever: 'missing': Error 15: File not found"),
        ("fallback 1\n" + HEAD + MISSING + XEN, "XEN3_DOM0"),
        ("fallback 1 2\n" + HEAD + MISSING + MISSING + NATIVE, "GENERIC"),
        ("fallback 9\n" + HEAD + MISSING + XEN, "down: GRUB menu: waits for ever"),
        (HEAD + XEN.replace("module /netbsd", "module /no"), "down: GRUB menu: waits for ever: 'Xen': Error 15"),
        (HEAD + "title x\nmodule /netbsd\n", "down: GRUB menu: waits for ever: 'x': Error 20"),
        (HEAD + "title x\nboot\n", "down: GRUB menu: waits for ever: 'x': Error 8"),
        (HEAD + "title x\nroot (hd0,a)\n", "down: GRUB menu: entry 'x' loads no kernel"),
        (HEAD + "title x\nroot (hd7,a)\n", "down: GRUB menu: waits for ever: 'x': Error 21"),
        (HEAD + "title x\nroot (hd0,p)\n", "down: GRUB menu: waits for ever: 'x': Error 22"),
        (HEAD + "title x\nroot wd0a\n", "down: GRUB menu: waits for ever: 'x': Error 11"),
        (HEAD + "title x\nfrob\nkernel /netbsd\n", "GENERIC"),
        (HEAD + CHAIN, "XEN3_DOM0"),  # boot.cfg's first entry
        (HEAD + CHAIN.replace("(hd0,a)", "(hd0)"), "down: GRUB chain-loads"),
        (HEAD + "title x\nconfigfile /x\n", "down: simulator: GRUB command configfile"),
        ((HEAD + XEN).replace("\n", "\r\n"), "XEN3_DOM0"),
    ],
)
def test_menu_lst(i386, text, expected):
    assert boots(i386, text).startswith(expected)


def test_a_64_bit_kernel_is_none_of_its_kernels(amd64):
    assert "Error 13: Invalid or unsupported executable format" in boots(amd64, HEAD + NATIVE)
    assert boots(amd64, HEAD + CHAIN) == "XEN3_DOM0"


ONCE = "default saved\ntimeout 5\n" + NATIVE.replace("NetBSD", "proven") + XEN + "savedefault 0\n"


def test_an_entry_can_take_itself_back_before_it_starts(i386):
    i386.write("/grub/default", "1\n" + "#" * 20)
    assert boots(i386, ONCE) == "XEN3_DOM0"
    assert saved(i386) == b"0\0" + b"\n" * 8 + b"#" * 12
    assert i386.reboot()["kernel"]["name"] == "GENERIC"


def test_thinking_a_boot_through_takes_nothing_back(i386):
    i386.write("/grub/default", "1\n" + "#" * 20)
    i386.write("/grub/menu.lst", ONCE)
    found = i386.would_boot()
    assert (found["loader"], found["kernel"]["name"], found["hypervisor"]["release"]) == ("grub", "XEN3_DOM0", "3.1")
    assert saved(i386).startswith(b"1\n")


@pytest.mark.parametrize(("content", "error"), [(None, "Error 15"), ("1\n", "Error 25: Disk read error")])
def test_savedefault_writes_only_over_what_is_there(i386, content, error):
    """savedefault_func: ten bytes of an existing file, or the entry fails."""
    text = ONCE.replace("default saved", "default 1")
    if content is not None:
        i386.write("/grub/default", content)
    assert error in boots(i386, text)
    assert boots(i386, "fallback 0\n" + text) == "GENERIC"


def test_savedefault_fallback(i386):
    i386.write("/grub/default", "0\n" + "#" * 20)
    menu = "fallback 1\ntimeout 0\ndefault saved\n" + XEN + "savedefault fallback\n" + NATIVE
    assert boots(i386, menu) == "XEN3_DOM0"
    assert saved(i386).startswith(b"1\0")


def test_no_stage2_is_down(i386):
    (i386.root / "grub/stage2").unlink()
    assert i386.reboot()["down_reason"].startswith("GRUB: stage 1.5")


def test_the_root_file_system_is_one_that_it_reads(i386):
    out = i386.run("dumpfs", "-s", "/").out
    assert "format\tFFSv1\n" in out
    assert "bsize\t8192\tshift\t13\tmask\t0xffffe000\n" in out
    assert "fsize\t1024\tshift\t10\tmask\t0xfffffc00\n" in out
    assert "ncg\t7\tsize\t491520\tblocks\t" in out
    assert "/dev/wd0a on / type ffs" in i386.run("mount").out
    assert "/dev/wd0g on /usr type ffs" in i386.run("mount").out
    assert i386.run("df", "-k", "/").out.splitlines()[1].split()[:2] == ["/dev/wd0a", "491520"]
    assert " a:    983040      2048     4.2BSD   1024  8192    16\n" in i386.run("disklabel", "wd0").out


# --- the shell and grub-install --------------------------------------------------------------------------------------


def shell(host, monkeypatch, text: str):
    monkeypatch.setattr("sys.stdin", io.StringIO(text))
    return host.run("/usr/pkg/sbin/grub", "--batch", "--no-floppy")


@pytest.fixture
def small(tmp_path):
    """A machine that NetBSD's loader boots, with a root file system for GRUB and its package."""
    host = make_host(tmp_path / "small", "dom0", profile=OLD, small_root=True)
    host.install("grub")
    return host


SETUP = "root (hd0,a)\nsetup (hd0)\nquit\n"


def test_setup_writes_the_boot_sector(small, monkeypatch):
    (small.root / "grub").mkdir()
    for name in ("stage1", "stage2", "ffs_stage1_5"):
        (small.root / "grub" / name).write_text("x")
    result = shell(small, monkeypatch, SETUP)
    assert result.rc == 0
    assert 'Checking if "/grub/stage2" exists... yes' in result.out
    assert "succeeded\nDone.\n" in result.out
    assert small.data["boot_sector"] == "grub"


def test_setup_without_the_stages_says_so_and_ends_with_0(small, monkeypatch):
    result = shell(small, monkeypatch, SETUP)
    assert (result.rc, small.data["boot_sector"]) == (0, "netbsd")
    assert "\nError 15: File not found\n" in result.out


def test_setup_on_a_large_root_file_system_cannot_mount(tmp_path, monkeypatch):
    host = make_host(tmp_path / "large", "python", profile=OLD)
    host.install("grub")
    assert "Error 17: Cannot mount selected partition" in shell(host, monkeypatch, SETUP).out
    assert host.run("/usr/pkg/sbin/grub-install", "/dev/rwd0d").rc == 1
    assert host.data["boot_sector"] == "netbsd"


def test_grub_install(small):
    result = small.run("/usr/pkg/sbin/grub-install", "--no-floppy", "/dev/rwd0d")
    assert result.rc == 0
    assert "Installation finished. No error reported.\n" in result.out
    assert (small.root / "grub/stage2").exists()
    assert small.data["boot_sector"] == "grub"
    assert small.reboot()["down_reason"].startswith("GRUB: at its prompt")
    assert small.run("/usr/pkg/sbin/grub-install", "/dev/wd9d").err == (
        "/dev/wd9d does not have any corresponding BIOS drive.\n")


def test_parse_of_fallback_stops_at_what_is_no_number():
    text = "fallback 1 x 2\ntimeout 3\n" + XEN + NATIVE + MISSING
    assert grub_menu.parse(text).fallbacks == [1]
    assert grub_menu.parse(text).timeout == 3
