# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dom0s that were made by hand, of all eras and in other people's styles: what is written of them plans to nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from netbsd_sim.core import profiles

from ansible_collections.netbsd.xen.plugins.module_utils import _packages
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt import inventory
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.adopt_host import adopt
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.adopted import Adopted
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.driver import looked
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.first import first_asks
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.plan_host import describe, plan_host
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import MACHINE
from ansible_collections.netbsd.xen.plugins.plugin_utils._templates import Templated, of_roles, seen_by_roles
from ansible_collections.netbsd.xen.tests.unit.support import inventories
from ansible_collections.netbsd.xen.tests.unit.support.look_here import Looks
from ansible_collections.netbsd.xen.tests.unit.support.whole_host import NAME, Jinja, WholeHost

NEWEST = profiles.DEFAULT_PROFILE
KERNEL = "/home/xen/netbsd-XEN3_DOMU.gz"
CONFIGS = "/usr/pkg/etc/xen"
CANARY = "kanarienvogel77"
IMPORTED: Counter[str] = Counter()


def config(name: str, mac: str = "", more: str = "") -> str:
    """As people write one."""
    vif = f"mac={mac},bridge=bridge0" if mac else "bridge=bridge0"
    disk = f"file:/home/xen/{name}.img,0x1,w"
    return f'# {name}\nname = "{name}"\nkernel = "{KERNEL}"\nmemory = 32\nvif = ["{vif}"]\ndisk = ["{disk}"]\n{more}'


def with_password(name: str) -> str:
    return config(name, "00:16:3e:00:00:07", f"vfb = ['vnc=1,vnclisten=127.0.0.1,vncunused=1,vncpasswd={CANARY}']\n")


@dataclass
class Style:
    """Files that somebody wrote, guests that run by their files, and what is to be told of it, by the thing; what a
    run would leave until it is allowed."""

    files: dict[str, str] = field(default_factory=dict)
    started: tuple[str, ...] = ()
    more_rc_conf: str = ""
    commands: tuple[tuple[str, ...], ...] = ()
    told: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    has: dict[str, Any] = field(default_factory=dict)


STYLES = {
    "as the HOWTO": Style(
        files={f"{CONFIGS}/nbsd1": config("nbsd1", "00:16:3e:00:00:09", 'root = "xbd0a"\n')},
        started=("nbsd1",),
        more_rc_conf='xendomains="nbsd1"\n',
    ),
    "files with an ending, and no identities": Style(
        files={
            f"{CONFIGS}/web.cfg": config("web"),
            f"{CONFIGS}/mail.cfg": config("mail", more='on_crash = "preserve"\n'),
            f"{CONFIGS}/off.cfg": config("off"),
        },
        started=("web.cfg", "mail.cfg"),
        more_rc_conf=f'xendomains="mail web"\nxendomains_config="{CONFIGS}/%s.cfg"\n',
    ),
    "rc.conf reads another file": Style(
        files={f"{CONFIGS}/a": config("a"), "/etc/rc.conf.site": 'xendomains="a"\n'},
        started=("a",),
        more_rc_conf="if [ -r /etc/rc.conf.site ]; then\n\t. /etc/rc.conf.site\nfi\n",
    ),
    "a menu with modules": Style(
        files={
            "/boot.cfg": (
                "# by hand\nbanner=Welcome\n"
                "menu=Xen:load /netbsd-XEN3_DOM0.gz root=wd0a console=pc;multiboot /xen.gz dom0_mem=524288\n"
                "menu=Xen for a look:dev hd1a:;load /netbsd-PVH root=wd1a;multiboot /xen-debug.gz dom0=pvh\n"
                "menu=Native:load solaris;load zfs;boot /netbsd\n"
                "menu=Native:boot /netbsd -s\ndefault=1\ntimeout=2\n"
            )
        },
        # It was written after the machine has booted.
        waiting=("xen_reboot hypervisor arguments",),
    ),
    "what can't be declared": Style(
        files={
            f"{CONFIGS}/broken": 'name = "broken"\nmemory = [\n',
            f"{CONFIGS}/secret": config("secret", more=f"vfb = ['vnc=1,vncpasswd={CANARY}']\n"),
            f"{CONFIGS}/nobridge": 'name = "nobridge"\nkernel = "/k"\nmemory = 32\nvif = [""]\n',
            f"{CONFIGS}/fine": config("fine"),
            "/root/elsewhere": config("elsewhere").replace("disk", "# disk"),
        },
        started=("fine", "/root/elsewhere"),
        told=("guest broken", "guest secret", "guest nobridge", "guest elsewhere"),
    ),
    "bridges that no variable can say": Style(
        files={
            "/etc/ifconfig.bridge1": "create\n!brconfig $int add wm1 2>/dev/null; brconfig $int stp wm1 up\n",
            f"{CONFIGS}/a": config("a", "00:16:3e:00:00:09").replace("bridge0", "bridge1"),
            f"{CONFIGS}/b": config("b", "00:16:3e:00:00:0a"),
        },
        commands=(
            ("/sbin/ifconfig", "bridge1", "create"),
            ("/sbin/brconfig", "bridge1", "add", "wm1"),
            ("/sbin/ifconfig", "bridge1", "up"),
            ("/sbin/ifconfig", "wm1", "up"),
        ),
        told=("bridge bridge0", "bridge bridge1"),
    ),
    "two bridges": Style(
        files={"/etc/ifconfig.bridge1": "create\n!brconfig $int add wm1 up\n"},
        commands=(
            ("/sbin/ifconfig", "bridge1", "create"),
            ("/sbin/brconfig", "bridge1", "add", "wm1"),
            ("/sbin/ifconfig", "bridge1", "up"),
            ("/sbin/ifconfig", "wm1", "up"),
        ),
    ),
}


def made(whole: WholeHost, style: Style) -> WholeHost:
    """The machine as somebody made it."""
    whole.host.remove(_packages.RECORD)
    whole.host.make_dir("/home/xen")
    whole.machine.write(KERNEL, "netbsd-XEN3_DOMU")
    for path, text in style.files.items():
        whole.machine.write(path, text)
        if path.startswith(CONFIGS):
            name = path.rpartition("/")[2].removesuffix(".cfg")
            whole.machine.write(f"/home/xen/{name}.img", "disk")
    whole.machine.append("/etc/rc.conf", style.more_rc_conf)
    for command in style.commands:
        ended = whole.machine.run(*command)
        assert ended.rc == 0, ended
    for file in style.started:
        whole.toolstack("create", file if file.startswith("/") else f"{CONFIGS}/{file}")
    return whole


def variables(whole: WholeHost, machine: dict[str, Any], ours: dict[str, Any]) -> Templated:
    """Those of an inventory that says nothing of the host but its guests' passwords, and ours."""
    given = ("inventory_hostname", "bootstrap_python", "bootstrap_python_package", "domu_secrets")
    own = {name: whole.own[name] for name in given if name in whole.own}
    known = {**seen_by_roles(of_roles(whole.loader), {**own, **ours}), MACHINE: machine}
    return Templated(Jinja(known), known, whole.loader)


def adopted(whole: WholeHost) -> tuple[Adopted, str]:
    """From the controller, as the action does it."""
    found = looked(Looks(whole.host), first_asks(), lambda host: adopted_by(host, whole))
    assert found.calls <= 6
    return found.value, inventory.text_of(NAME, found.value)


def adopted_by(host: Any, whole: WholeHost) -> Adopted:
    machine = describe(host)
    return adopt(host, machine, lambda ours: variables(whole, machine, dict(ours)))


def told(found: Adopted) -> list[str]:
    """Without the examples that the package of an old toolstack puts beside the guests."""
    return [each.thing for each in found.found.told if "names no guest" not in each.why]


def proven(whole: WholeHost, text: str, style: Style, found: Adopted) -> None:
    """The written file alone plans to nothing; what is told stands in it."""
    loaded = inventory._loaded(text)
    plan = plan_host(whole.host, variables(whole, describe(whole.host), loaded))
    assert (plan.steps, plan.problems, plan.later) == ((), (), ())
    assert plan.in_sync
    assert found.left == []
    assert [line.partition(":")[0] for line in found.waiting] == list(style.waiting)
    assert inventories.report(NAME, **loaded).errors == []
    assert sorted(told(found)) == sorted(style.told)
    assert all(thing in text for thing in style.told)
    assert CANARY not in text
    IMPORTED.update(machines=1, told=len(style.told))
    IMPORTED.update(guests=len(loaded["domu_guests"]), bridges=len(loaded["bridge_bridges"]))


@pytest.mark.parametrize("era", profiles.PROFILES)
def test_a_dom0_of_every_era_plans_to_nothing(tmp_path, monkeypatch, era):
    style = STYLES["as the HOWTO"]
    whole = made(WholeHost(tmp_path, monkeypatch, era, preset="dom0"), style)
    found, text = adopted(whole)
    proven(whole, text, style, found)
    (guest,) = found.found.variables["domu_guests"]
    assert guest["autostart"] is True
    assert guest["nics"] == [{"bridge": "bridge0", "mac": "00:16:3e:00:00:09"}]
    # What the file has and nobody else is compared with it: a change by other hands is seen.
    whole.machine.write(f"{CONFIGS}/nbsd1", config("nbsd1", "00:16:3e:00:00:09", 'root = "xbd0a"\nvcpus = 2\n'))
    plan = plan_host(whole.host, variables(whole, describe(whole.host), inventory._loaded(text)))
    assert [step.thing for step in plan.steps] == ["nbsd1"]


@pytest.mark.parametrize("name", [name for name in STYLES if name != "as the HOWTO"])
def test_other_peoples_styles_plan_to_nothing(tmp_path, monkeypatch, name):
    whole = made(WholeHost(tmp_path, monkeypatch, NEWEST, preset="dom0"), STYLES[name])
    found, text = adopted(whole)
    proven(whole, text, STYLES[name], found)


GRUB2_HEADER = 'set timeout=5\nif [ -s $prefix/grubenv ]; then load_env; fi\n'
GRUBS = {
    "GRUB 2": (NEWEST, "grub2", Style()),
    "GRUB legacy": ("netbsd-5.1-xen-3.1", "grub", Style()),
    # GRUB legacy chains to NetBSD's loader there, whose menu is left alone as well.
    "GRUB legacy, amd64": ("netbsd-6.1-xen-4.2", "grub", Style()),
    "GRUB 2, other kernels and a submenu": (
        NEWEST,
        "grub2",
        Style(
            files={
                "/netbsd-DOM0": "netbsd-XEN3_DOM0",
                "/netbsd.ok": "netbsd-GENERIC",
                "/grub/grub.cfg": GRUB2_HEADER
                + "set default=Xen\nsubmenu 'Linux' {\n\tmenuentry 'Debian' {\n\t\ttrue\n\t}\n}\n"
                "menuentry 'Xen' --class xen {\n\tset root=(hd0,netbsd1)\n\tmultiboot2 /xen.gz dom0_mem=512M\n"
                "\tmodule2 /netbsd-DOM0 root=wd0a\n}\nmenuentry NetBSD { knetbsd /netbsd.ok }\n",
            },
            told=("boot menu entry number 0",),
            has={"dom0_kernel_path": "/netbsd-DOM0", "dom0_native_kernel": "/netbsd.ok", "bootloader_default": "Xen"},
        ),
    ),
}


@pytest.mark.parametrize("name", GRUBS)
def test_the_entries_of_a_grub_are_declared(tmp_path, monkeypatch, name):
    era, loader, style = GRUBS[name]
    whole = made(WholeHost(tmp_path, monkeypatch, era, preset="dom0", loader=loader), style)
    found, text = adopted(whole)
    proven(whole, text, style, found)
    variables = found.found.variables
    assert variables["bootloader_loader"] == loader
    assert [entry["name"] for entry in variables["bootloader_entries"]] == ["Xen", "NetBSD"]
    assert variables["bootloader_as_found"] is True
    assert "bootloader_keep_menu" not in variables
    assert {key: variables.get(key) for key in style.has} == style.has
    assert "# without it a run would say: grub_menu /grub/" in text.partition("bootloader_timeout")[2]


SAVING = GRUB2_HEADER + 'set default="${saved_entry}"\nmenuentry Xen { multiboot2 /xen.gz; module2 /k; }\n'
NO_WAY_BACK = SAVING.replace("${saved_entry}", "Xen")
XEN_ALONE = "menu=Xen:load /netbsd-XEN3_DOM0.gz;multiboot /xen.gz\ntimeout=5\n"
ALONE = {
    "which entry boots by default is remembered or worked out by GRUB": ("grub2", "/grub/grub.cfg", SAVING),
    "/grub/grub.cfg would have no entry that boots a native kernel": ("grub2", "/grub/grub.cfg", NO_WAY_BACK),
    "/boot.cfg would have no entry that boots a native kernel": ("boot_cfg", "/boot.cfg", XEN_ALONE),
}


@pytest.mark.parametrize("why", ALONE)
def test_a_menu_that_can_not_be_declared_stays_and_the_reason_is_told(tmp_path, monkeypatch, why):
    loader, path, text = ALONE[why]
    style = Style({path: text}, told=("boot menu entry Xen",))
    whole = made(WholeHost(tmp_path, monkeypatch, NEWEST, preset="dom0", loader=loader), style)
    found, text = adopted(whole)
    proven(whole, text, style, found)
    assert found.found.variables["bootloader_keep_menu"] is True
    (menu,) = (each.why for each in found.found.told if each.thing == "boot menu entry Xen")
    assert menu.startswith(f"the boot menu is left alone (bootloader_keep_menu): {why}")


def test_a_guest_that_runs_with_other_settings_than_its_configuration_is_told(tmp_path, monkeypatch):
    whole = made(
        WholeHost(tmp_path, monkeypatch, NEWEST, preset="dom0"), Style({f"{CONFIGS}/a": config("a")}, started=("a",))
    )
    whole.machine.write(f"{CONFIGS}/a", config("a", more="vcpus = 2\n"))
    found, text = adopted(whole)
    assert found.left == []
    (waiting,) = found.waiting
    assert waiting.startswith("domain a: ") and "(waits for domu_restart_policy: if_needed)" in waiting
    assert "# What a run would leave, until you say the word:\n# - domain a: " in text


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_guest_whose_password_the_inventory_has_is_declared(tmp_path, monkeypatch, mode):
    whole = made(WholeHost(tmp_path, monkeypatch, NEWEST, preset="dom0"), Style({f"{CONFIGS}/s": with_password("s")}))
    (whole.machine.root / CONFIGS[1:] / "s").chmod(mode)
    whole.own["domu_secrets"] = {"s": {"vncpasswd": CANARY}}
    found, text = adopted(whole)
    assert [guest["name"] for guest in found.found.variables["domu_guests"]] == ["s"]
    assert (told(found), CANARY in text) == ([], False)
    # Of a file that others can read a run has to do something, whoever declares it.
    assert [line.partition(", because")[0] for line in found.left] == (
        [] if mode == 0o600 else [f"domain s: make the configuration {CONFIGS}/s readable by root only"]
    )


def test_the_count():
    """Of those above."""
    print(
        f"{IMPORTED['machines']} machines made by hand imported, all plan to nothing: {IMPORTED['guests']} guests, "
        f"{IMPORTED['bridges']} bridges declared, {IMPORTED['told']} things told as not declarable"
    )
