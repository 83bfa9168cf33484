# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""boot.cfg and what starts from it. Each case names the record (NetBSD 7.99.10) or the fact that it repeats."""
from __future__ import annotations

import pytest

from ansible_collections.netbsd.xen.tests.unit.support.sim_host import Machine, bootloader, images, make_host

XEN = "menu=Xen:load /netbsd-XEN3_DOM0.gz root=wd0a;multiboot /xen.gz dom0_mem=512M\n"
NATIVE = "menu=one:boot netbsd\n"
MISSING = "menu=two:boot /nosuch\n"


def boots(host, text: str) -> str:
    """The kernel's name, or why the machine is down."""
    host.write("/boot.cfg", text)
    data = host.reboot()
    return data["kernel"]["name"] if data["kernel"] else "down: " + data["down_reason"]


@pytest.mark.parametrize(
    ("record", "text", "expected"),
    [
        ("bootcfg-plain", NATIVE + MISSING + "timeout=3\n", "GENERIC"),
        ("bootcfg-comments", "# c\n\n  # c\n\n" + NATIVE + MISSING + "\ntimeout=3\n#x=y\n", "GENERIC"),
        ("bootcfg-timeout-foo", NATIVE + "timeout=foo\n", "down: boot menu: waits for ever"),
        ("bootcfg-timeout-neg", NATIVE + "timeout=-1\n", "down: boot menu: waits for ever"),
        ("bootcfg-timeout-0", NATIVE + "timeout=0\n", "GENERIC"),
        ("bootcfg-default-range", NATIVE + MISSING + "default=9\n", "down: boot menu: entry 'two'"),
        ("bootcfg-default-0", NATIVE + MISSING + "default=0\n", "GENERIC"),
        ("bootcfg-default-letter", NATIVE + MISSING + "default=b\n", "GENERIC"),
        ("bootcfg-missing-kernel", NATIVE + MISSING + "default=2\n", "down: boot menu: entry 'two' starts nothing"),
        ("bootcfg-missing-multiboot", "menu=x:load /netbsd;multiboot /none\n" + NATIVE, "down: boot menu"),
        ("bootcfg-missing-both", "menu=x:load /none;multiboot /none2\n" + NATIVE, "down: boot menu: entry 'x'"),
        ("bootcfg-missing-load", "menu=x:load /none;multiboot /netbsd\n", "GENERIC"),
        ("bootcfg-first-missing-semicolon", "menu=a:boot /nosuch;boot netbsd\n", "GENERIC"),
        ("bootcfg-crlf", "menu=one:boot netbsd\r\ntimeout=2\r\n", "down: boot menu: entry 'one'"),
        # The record shows the menu, not what becomes of it: the command begins with a blank (docommandchoice).
        ("bootcfg-spaces", "menu = one : boot netbsd\n timeout=2\n", "down: boot menu: entry ' one '"),
        ("parseutils.c, gettrailer: a tab", "menu=x:\tboot netbsd\n", "down: boot menu: entry 'x'"),
        ("parseutils.c, parseboot: flags only", "menu=x:boot netbsd root=wd0a\n", "down: boot menu: entry 'x'"),
        ("parseutils.c, parseboot: no file behind", "menu=x:boot -v netbsd\n", "down: boot menu: entry 'x'"),
        ("parseutils.c, parseopts", "menu=x:boot netbsd -Z;boot netbsd -v -x\n", "GENERIC"),
        ("bootmenu.c, docommandchoice", "menu=x:boot /none;;boot netbsd\n", "GENERIC"),
        ("bootmenu.c, docommandchoice", "menu=x:boot /none; ;;boot netbsd\n", "down: boot loader: goes round"),
        ("exec.c, module_init: all modules", "load=/boot.cfg\n" + XEN, "down: Xen panics: could not construct"),
        ("exec.c, module_init: missing ones are left out", "load=/none\n" + XEN, "XEN3_DOM0"),
        ("exec.c, module_add_common: one list",
         "menu=x:rndseed /boot.cfg;load /netbsd-XEN3_DOM0.gz;multiboot /xen.gz\n", "down: Xen panics"),
        ("bootcfg-menu-prompt", "menu=p:prompt\n" + NATIVE, "down: boot loader: at its prompt"),
        ("bootcfg-no-menus", "banner=only\ntimeout=2\n", "GENERIC"),
        ("boot2.c, command_boot: a bare boot is the default entry", "menu=x:boot\n" + MISSING + "default=2\n",
         "down: boot menu: entry 'two'"),
        ("bootmenu.c, bootdefault: once", "menu=x:boot\n" + MISSING, "GENERIC"),
        ("boot2.c, command_dev", "menu=x:dev hd0f:;boot netbsd\n" + NATIVE, "down: boot menu: entry 'x'"),
        ("boot2.c, command_dev: refused without a colon", "menu=x:dev hd0f;boot netbsd\n", "GENERIC"),
        ("boot2.c, parsebootfile: a device", "menu=x:boot hd1a:netbsd;boot hd0a:netbsd\n", "GENERIC"),
        ("exec.c: a module that is missing", "menu=x:load zfs;boot netbsd\n", "GENERIC"),
        ("facts 4.1: menu without a colon is dropped", "menu=boot /nosuch\nmenu=:boot netbsd\n", "GENERIC"),
        ("facts 4.1: keywords match by prefix", "menuitem=one:boot netbsd\ntimeoutx=2\n", "GENERIC"),
        ("facts 4.1: more than 32 KiB are ignored", MISSING + "# " + "x" * 32768 + "\n", "GENERIC"),
        ("facts 4.1: 20 menus at most", MISSING * 20 + NATIVE + "default=21\n", "down: boot menu"),
    ],
)
def test_loader_does_what_the_record_shows(dom0, record, text, expected):
    assert boots(dom0, text).startswith(expected), record


def test_without_boot_cfg_the_loader_boots_netbsd(dom0):
    (dom0.root / "boot.cfg").unlink()
    assert dom0.reboot()["kernel"]["file"] == "/netbsd"


def test_no_kernel_at_all_is_down(dom0):
    (dom0.root / "boot.cfg").unlink()
    (dom0.root / "netbsd").unlink()
    assert "no kernel" in dom0.reboot()["down_reason"]
    assert (dom0.directory / "unreachable").read_text() == "down\n"


def test_load_and_multiboot_make_a_dom0_with_that_hypervisor(dom0):
    assert boots(dom0, XEN) == "XEN3_DOM0"
    hypervisor = dom0.data["hypervisor"]
    assert hypervisor["release"] == "4.20"
    assert hypervisor["cmdline"] == "dom0_mem=512M"
    assert dom0.run("sysctl", "machdep.xen.balloon.current").out == "machdep.xen.balloon.current = 524288\n"


@pytest.mark.parametrize(
    ("option", "mebibytes"),
    [("dom0_mem=512M", 512), ("dom0_mem=1G", 1024), ("dom0_mem=524288", 512), ("dom0_mem=min:256M,max:1G,768M", 768)],
)
def test_dom0_mem_forms(dom0, option, mebibytes):
    """facts section 4.4: a number without suffix is KiB."""
    with Machine(dom0.directory) as m:
        assert bootloader.dom0_memory(m, option) == mebibytes


def test_dom0_mem_without_suffix_that_was_meant_as_mebibytes_is_down(dom0):
    """facts section 4.4: 512 are 512 KiB."""
    assert boots(dom0, XEN.replace("512M", "512")).startswith("down: dom0 panics")


def test_a_dom0_kernel_does_not_run_natively(dom0):
    assert boots(dom0, "menu=x:boot /netbsd-XEN3_DOM0.gz\n").startswith("down: kernel /netbsd-XEN3_DOM0.gz")


def test_xen_without_a_dom0_kernel_is_down(dom0):
    assert boots(dom0, XEN.replace("XEN3_DOM0", "NONE")).startswith("down: Xen panics")
    assert boots(dom0, XEN.replace("/netbsd-XEN3_DOM0.gz", "/netbsd")).startswith("down: /netbsd (GENERIC)")


def test_root_with_dev_asks_for_the_root_device(dom0):
    """facts section 4.3: root= takes a name without /dev/."""
    assert boots(dom0, XEN.replace("root=wd0a", "root=/dev/wd0a")).startswith("down: dom0 kernel asks for the root")


def test_the_dom0_kernel_reads_255_characters(dom0):
    """facts section 4.3; what stands behind them is as if it were not there."""
    load = XEN.replace("root=wd0a", "x" * 250 + " root=/dev/wd0a pciback.hide=(03:00.0)")
    assert boots(dom0, load) == "XEN3_DOM0"
    assert not (dom0.root / "kern/xen/pci").exists()


def test_the_loader_reads_no_file_system_but_the_root(dom0, tmp_path):
    """facts section 4: hypervisor and kernel must be on the root file system."""
    (dom0.root / "tmp/netbsd").write_bytes((dom0.root / "netbsd").read_bytes())
    assert boots(dom0, "menu=x:boot /tmp/netbsd\n").startswith("down: boot menu: entry 'x'")
    packaged = XEN.replace("/xen.gz", "/usr/pkg/xen420-kernel/xen.gz")
    assert boots(dom0, packaged) == "XEN3_DOM0"
    small = make_host(tmp_path / "small", small_root=True)
    assert boots(small, packaged).startswith("down: boot menu: entry 'Xen'")


def test_a_half_written_kernel_does_not_boot(dom0):
    kernel = dom0.root / "netbsd"
    kernel.write_bytes(kernel.read_bytes()[:1000])
    assert boots(dom0, NATIVE).startswith("down: boot menu: entry 'one'")


def test_a_command_of_80_characters_is_a_hazard_and_kills_a_strict_machine(dom0):
    """facts measured 27: no visible harm up to 300 characters; the source has an unchecked buffer of 80."""
    text = "menu=x:boot netbsd " + "-" + "v" * 80 + "\n"
    assert boots(dom0, text) == "GENERIC"
    assert "overflows" in dom0.data["boot_log"][0]
    with Machine(dom0.directory) as m:
        m.data["strict_boot_commands"] = True
    assert boots(dom0, text).startswith("down: boot command of")


def test_a_command_of_79_characters_is_none(dom0):
    assert boots(dom0, "menu=x:boot netbsd -" + "v" * 66 + "\n") == "GENERIC"
    assert dom0.data["boot_log"] == []


def test_single_user_waits_for_the_console(dom0):
    assert boots(dom0, "menu=s:boot netbsd -s\n").startswith("down: single user")


@pytest.mark.parametrize("text", ["rc_configured=NO\n", 'hostname="open\n'])
def test_a_broken_rc_conf_ends_in_single_user(dom0, text):
    dom0.append("/etc/rc.conf", text)
    assert dom0.reboot()["down_reason"].startswith("single user: /etc/rc.conf")


def test_boot_takes_the_hostname_from_rc_conf(dom0):
    """facts measured 12."""
    dom0.run("hostname", "other")
    assert dom0.run("hostname").out == "other\n"
    dom0.reboot()
    assert dom0.run("hostname").out == "nb0\n"


def test_boot_empties_what_is_memory(dom0):
    dom0.write("/tmp/x", "")
    dom0.write("/var/run/old.pid", "1")
    dom0.reboot()
    assert not (dom0.root / "tmp/x").exists()
    assert not (dom0.root / "var/run/old.pid").exists()


def test_rc_log_tells_that_xendomains_failed(dom0):
    """record fresh-boot-state."""
    log = (dom0.root / "var/run/rc.log").read_text()
    assert "[running /etc/rc.d/xendomains]\n/etc/rc.d/xendomains exited with code 1\n" in log
    assert "    /etc/rc.d/xendomains\nSee /var/run/rc.log for more information.\n" in log


def test_image_survives_compression(tmp_path):
    image = images.Image("xen", "4.20", "xen-debug")
    (tmp_path / "x").write_bytes(image.compressed())
    assert images.identify(tmp_path / "x") == image
    (tmp_path / "y").write_bytes(image.compressed()[:-20])
    assert images.identify(tmp_path / "y") is None


def test_xens_files_are_gone_after_a_boot_without_it(dom0):
    """ls-kern-xen.txt: /kern/xen is there under Xen only."""
    assert (dom0.root / "kern/xen/privcmd").exists()
    assert boots(dom0, NATIVE) == "GENERIC"
    assert not (dom0.root / "kern/xen").exists()


def test_kern_is_empty_after_a_boot_that_mounts_nothing_there(dom0):
    """kernfs is mounted over an empty directory of the root file system (record kernfs)."""
    fstab = dom0.root / "etc/fstab"
    fstab.write_text("".join(line for line in fstab.read_text().splitlines(True) if "kernfs" not in line))
    assert boots(dom0, XEN)
    assert list((dom0.root / "kern").iterdir()) == []
    assert dom0.run("mount", "-t", "kernfs", "kernfs", "/kern").rc == 0
    assert (dom0.root / "kern/xen/privcmd").exists()


def test_hidden_pci_devices_show_below_kern_after_a_boot_that_hides_them(dom0):
    """sys/arch/xen/xen/pciback.c; facts netbsd-xen 3 and 4.3: the kernel reads 63 characters."""
    assert not (dom0.root / "kern/xen/pci").exists()
    hide = "pciback.hide=(03:00.0)(0000:04:1f.7)" + "(05:00.0)" * 6
    boots(dom0, XEN.replace("root=wd0a", f"root=wd0a {hide}"))
    assert sorted(path.name for path in (dom0.root / "kern/xen/pci").iterdir()) == [
        "0000:03:00.0",
        "0000:04:1f.7",
        "0000:05:00.0",
    ]
    boots(dom0, XEN)
    assert not (dom0.root / "kern/xen/pci").exists()


# --- the console ---


def console(host, text: str, ttys: str = "") -> tuple[str, list[str]]:
    """Where the next boot's kernel has its console, and where one can log in."""
    host.write("/boot.cfg", text)
    if ttys:
        host.write("/etc/ttys", ttys)
    found = host.would_boot()
    assert found["kernel"], found["down"]
    return found["console"], found["logins"]


SERIAL_XEN = "menu=x:load /netbsd-XEN3_DOM0.gz {};multiboot /xen.gz dom0_mem=512M {}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (NATIVE, "pc"),
        ("consdev=com0\n" + NATIVE, "com0"),
        ("consdev=com0,115200\n" + NATIVE, "com0"),  # NetBSD 10
        ("consdev=com0kbd\n" + NATIVE, "com0"),
        ("consdev=com1\n" + NATIVE, "pc"),  # pcio.c, initio: no such port
        ("consdev=com9\n" + NATIVE, "pc"),  # boot2.c, command_consdev: invalid console device
        ("consdev=pc,9600\n" + NATIVE, "pc"),
        ("consdev=com0\nmenu=x:consdev pc;boot netbsd\n", "pc"),
        ("menu=x:consdev com0;boot netbsd\n", "com0"),
        # xen/x86/consinit.c; xen-command-line.pandoc
        (SERIAL_XEN.format("console=pc", ""), "pc"),
        (SERIAL_XEN.format("console=tty0", "console=com1 com1=115200,8n1"), "pc"),
        (SERIAL_XEN.format("console=com0", "console=com1 com1=115200,8n1"), "com0"),
        (SERIAL_XEN.format("console=ttyS0", "com1=115200,8n1"), "com0"),
        (SERIAL_XEN.format("console=com0", ""), "pc"),
        (SERIAL_XEN.format("console=com0", "console=com2 com2=115200,8n1"), ""),
        (SERIAL_XEN.format("console=com0", "console=com1"), ""),
    ],
)
def test_where_the_kernel_has_its_console(dom0, text, expected):
    assert console(dom0, text)[0] == expected


def test_a_speed_behind_consdev_is_an_error_for_an_old_loader(tmp_path):
    old = make_host(tmp_path / "h", profile="netbsd-9.4-xen-4.15")
    assert console(old, "consdev=com0,115200\n" + NATIVE)[0] == "pc"
    assert console(old, "consdev=com0\n" + NATIVE)[0] == "com0"


GETTY = '{}\t"/usr/libexec/getty Pc"\tvt100\t{} secure\n'


@pytest.mark.parametrize(
    ("on", "native", "under_xen"),
    [
        ("console", ["com0"], ["com0"]),
        ("constty", ["com0"], ["com0"]),
        ("ttyE0", ["pc"], ["pc"]),
        ("tty00", ["com0"], []),  # the port is the hypervisor's
        ("", [], []),
    ],
)
def test_where_one_can_log_in(dom0, on, native, under_xen):
    names = ("console", "constty", "ttyE0", "tty00")
    ttys = "".join(GETTY.format(name, "on" if name == on else "off") for name in names)
    assert console(dom0, "consdev=com0\n" + NATIVE, ttys)[1] == native
    assert console(dom0, SERIAL_XEN.format("console=com0", "com1=115200,8n1"), ttys)[1] == under_xen


def test_a_getty_on_a_port_that_is_not_there_is_none(dom0):
    assert console(dom0, NATIVE, GETTY.format("tty01", "on") + "# console on\n")[1] == []
