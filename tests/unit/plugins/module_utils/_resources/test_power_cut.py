# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file that is read may be full of NUL, end in NUL, be cut in the middle, empty, or no text (record power-cut).

A look over the whole simulated machine, and the plan of each resource: no internal error; what is ours is written
again, what is somebody else's is refused or warned of by its name; and what was there is not lost for it.
"""

from __future__ import annotations

from collections import Counter

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._resources import dom0_weight
from ansible_collections.netbsd.xen.plugins.module_utils._resources.registry import RESOURCES
from ansible_collections.netbsd.xen.plugins.plugin_utils._look import info
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost, sim_host

KINDS = {
    "NUL": lambda content: bytes(len(content)),
    "NUL tail": lambda content: content[: len(content) * 2 // 3] + bytes(len(content) - len(content) * 2 // 3),
    "half": lambda content: content[: len(content) // 2],
    "nothing": lambda _content: b"",
    "no text": lambda content: b"\xff\xfe\x80" + content[::-1],
}
BY_POWER_CUT = ("NUL", "NUL tail")

MENDED = "mended"  # some plan writes it again
REFUSED = "refused"  # some plan stops, and names it
TOLD = "told"  # some plan goes on, with a warning that names it
ANOTHER = "another"  # not a thing of ours, or looked at somewhere else: nobody plans anything, and nobody stumbles

MIRROR = "http://mirror.example/pub/pkgsrc/packages/NetBSD"
GUEST = b'name = "web1"\nuuid = "0f7c1b9e-0000-4000-8000-000000000001"\ntype = "pv"\nkernel = "/netbsd"\nmemory = 128\n'
NPF = b"group default {\n\tpass all\n}\n"
MENU_LST = b"default=0\ntimeout=5\ntitle Xen\n\tkernel (hd0,a)/xen.gz\n\tmodule (hd0,a)/netbsd-XEN3_DOM0.gz\n"
GRUB_CFG = b"set timeout=5\nset default=0\nmenuentry 'NetBSD' {\n\tknetbsd /netbsd\n}\n"
ENTRIES = [
    {"name": "Xen", "kernel": "/netbsd-XEN3_DOM0.gz", "hypervisor": "/xen.gz"},
    {"name": "NetBSD", "kernel": "/netbsd"},
]

# What the machine has besides what a fresh dom0 has.
COMMON = {
    "/etc/npf.conf": NPF,
    "/etc/sysctl.conf": b"kern.maxfiles=4000\n",
    "/etc/rc.conf.d/xencommons": b"XENSTORED_TRACE=\n",
    "/etc/ifconfig.vlan3": b"create\nvlan 3 vlanif wm1\nup\n",
    "/grub/menu.lst": MENU_LST,
    "/grub/default": b"0\n" + b"#" * 9,
    "/grub/grub.cfg": GRUB_CFG,
    "/grub/grubenv": b"# GRUB Environment Block\n" + b"#" * 999,
    "/boot.cfg.prev": b"menu=NetBSD:boot netbsd\ntimeout=5\n",
    "/grub/menu.lst.prev": MENU_LST,
    "/grub/grub.cfg.prev": GRUB_CFG,
    "/var/run/dmesg.boot": b"NetBSD 10.1 (XEN3_DOM0)\nhypervisor0 at mainbus0: Xen version 4.20.2\n",
    "/var/run/netbsd.xen/web1": b'{"created": 1, "settings": {"memory": 128}}',
    "/var/db/netbsd.xen.packages": b"yajl-2.1.0nb1 1700000000.000000\n",
    "/netbsd-XEN3_DOM0.gz.origin": b'{"from": "http://m/x", "sha512": "0", "installed": "0", "checked": true}\n',
    "/usr/pkg/etc/pkgin/repositories.conf": b"http://mirror.example/$arch/All\n",
    "/var/log/xen/console/guest-web1.log": b"NetBSD/amd64 (web1) (console)\n",
}
WEIGHT = {
    "netbsd-10.1-xen-4.20": {"release": "4.20", "weight": 1024},
    "netbsd-6.1-xen-4.2": {"release": "4.2", "weight": 1024},
}
MACHINES = {
    "netbsd-10.1-xen-4.20": {**COMMON, "/usr/pkg/etc/xen/web1": GUEST, "/usr/pkg/etc/xen/other": GUEST},
    "netbsd-6.1-xen-4.2": {
        **COMMON,
        "/usr/pkg/etc/xen/web1": b"name = 'web1'\nkernel = '/netbsd'\nmemory = 128\n",
        "/var/log/xen/xend.log": b"[2026-11-29 13:00:00 1] INFO (SrvDaemon:332) Xend Daemon started\n",
    },
}


def declarations(profile):
    """What is declared of each resource, for the release of the machine."""
    xen = profile.rpartition("-")[2]
    tag = xen.replace(".", "")
    example = "/usr/pkg/share/examples/rc.d/"
    return {
        "boot_cfg": [{"entries": ENTRIES, "default": "Xen", "timeout": 5}],
        "bridge": [
            {"bridges": [{"name": "bridge0", "interfaces": ["wm0"]}]},
            {"bridges": [{"name": "bridge0", "interfaces": ["wm0"], "address": "10.9.0.1/24"}],
             "nat": [{"interface": "wm1", "bridge": "bridge0"}]},
        ],
        "device_nodes": [{}],
        "dom0_weight": [WEIGHT[profile]],
        "domain": [
            {"guests": [{"name": "web1", "os": "netbsd", "kernel": "/netbsd", "memory": 128, "state": "shutdown"}],
             "host_name": "nb0", "release": xen},
        ],
        "guest_system": [],
        "grub_menu": [
            {"flavour": "grub2", "entries": ENTRIES, "timeout": 5},
            {"flavour": "grub", "timeout": 5, "entries": [
                ENTRIES[0], {"name": "NetBSD", "commands": ["root (hd0,a)", "chainloader +1"]}]},
        ],
        "kernfs": [{}],
        "preflight": [{"release": xen}],
        "rc_service": [
            {"release": xen, "services": [{"name": name, "enabled": True, "state": "started"}]}
            for name in ("xencommons",)
        ],
        "system_files": [
            {"files": [
                {"src": f"/usr/pkg/xen{tag}-kernel/xen.gz", "dest": "/xen.gz"},
                {"src": example + "xencommons", "dest": "/etc/rc.d/xencommons", "mode": "0755"},
                {"src": example + "xendomains", "dest": "/etc/rc.d/xendomains", "mode": "0755"},
            ]},
        ],
        "tool_scripts": [{"release": xen}],
        "ttys": [{"console": "com0"}],
        "xen_packages": [{"release": xen, "repository": f"{MIRROR}/amd64/10.1/All"}],
        "xl_conf": [{"settings": {"autoballoon": "off"}}],
    }


def filled(spec, given):
    """Options as Ansible gives them to a module: with defaults, and checked lists of dictionaries."""
    found = {}
    for name, one in spec.items():
        value = given.get(name, one.get("default"))
        if one.get("options") and isinstance(value, list):
            value = [filled(one["options"], each) for each in value]
        found[name] = value
    return found


@pytest.fixture(scope="module", params=sorted(MACHINES))
def machine(request, tmp_path_factory):
    """A dom0 with everything that is read, and the profile that it was made from."""
    host = sim_host.make_host(tmp_path_factory.mktemp("machine") / "nb0", "dom0", profile=request.param)
    host.run("ifconfig", "wm1", "inet", "203.0.113.5/24")
    for path, content in MACHINES[request.param].items():
        file = host.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    script = dom0_weight.script(dom0_weight.declare(WEIGHT[request.param]))
    host.write(dom0_weight.SCRIPT, script)
    (host.root / dom0_weight.SCRIPT.lstrip("/")).chmod(dom0_weight.MODE)
    return host, request.param


def plans(host, profile, names):
    """What the named resources plan, refuse and warn of, as (name, kind, text)."""
    for name in names:
        resource = RESOURCES[name]
        for given in declarations(profile)[name]:
            declared = resource.declare(filled(resource.ARGUMENTS, given))
            try:
                plan = resource.plan(resource.read(host, declared), declared)
            except NotRead:
                raise
            except XenError as error:
                yield name, REFUSED, str(error)
                continue
            for change in [*plan.changes, *plan.deferred]:
                yield name, MENDED, f"{change.thing}: {change.summary}"
            for refusal in plan.refused.values():
                yield name, REFUSED, str(refusal)
            for warning in plan.warnings:
                yield name, TOLD, warning


# What becomes of each file that a power cut has been at. A name that ends with * stands for all that begin so.
EXPECTED = {
    "/boot.cfg": {MENDED},
    "/etc/defaults/rc.conf": {REFUSED},  # rc.conf reads it
    "/etc/fstab": {REFUSED},
    "/etc/ttys": {REFUSED},
    "/etc/ifconfig.bridge0": {MENDED},
    "/etc/ifconfig.vlan3": {ANOTHER},  # a VLAN that nobody declared
    "/etc/npf.conf": {REFUSED},
    "/etc/rc.conf": {REFUSED},
    "/etc/rc.conf.d/xencommons": {REFUSED},
    "/etc/rc.d/xen-watchdog": {ANOTHER},  # not declared
    "/etc/rc.d/xencommons": {MENDED},
    "/etc/rc.d/xend": {ANOTHER},
    "/etc/rc.d/xendom0weight": {MENDED},
    "/etc/rc.d/xendomains": {MENDED},
    "/etc/sysctl.conf": {REFUSED},
    "/grub/default": {ANOTHER, MENDED},  # whoever boots once writes it
    "/grub/grub.cfg": {MENDED},
    "/grub/grubenv": {MENDED},
    "/grub/menu.lst": {MENDED},
    "/netbsd": {ANOTHER},  # the system's own
    "/netbsd-XEN3_DOM0.gz": {ANOTHER},  # its sum is declared with it
    "/netbsd-XEN3_DOM0.gz.origin": {ANOTHER},
    "/usr/pkg/etc/pkgin/repositories.conf": {ANOTHER},
    "/usr/pkg/etc/xen/other": {ANOTHER, TOLD},
    "/usr/pkg/etc/xen/web1": {MENDED},
    "/usr/pkg/etc/xen/*": {MENDED},
    # No package of Xen's; pkgin reads them, and they are mended before it is asked.
    "/usr/pkg/pkgdb/pkgin-25.5.0/*": {ANOTHER},
    "/usr/pkg/pkgdb/python313-3.13.5/*": {ANOTHER},
    "/var/db/pkg/pkgin-25.5.0/*": {ANOTHER},
    "/var/db/pkg/python313-3.13.5/*": {ANOTHER},
    "/usr/pkg/pkgdb/*": {MENDED},
    "/var/db/pkg/*": {MENDED},
    "/usr/pkg/share/examples/*": {MENDED},
    "/usr/pkg/xen*": {MENDED},
    "/var/db/netbsd.xen.packages": {ANOTHER},  # then the contents of all are compared
    "/var/log/*": {ANOTHER},
    "/var/run/*": {ANOTHER},  # gone with the next boot
    "/xen.gz": {MENDED},
}


def expected(path):
    names = [name for name in EXPECTED if name == path or (name[-1] == "*" and path.startswith(name[:-1]))]
    return EXPECTED[names[0]] if names else None


def readers(sim, profile):
    """The files that are read, each with the resources that read it; the look at the machine itself reads for all."""
    found = {path: set() for path in _opened(sim, lambda host: info.gather(host, []))}
    for name in RESOURCES:
        for path in _opened(sim, lambda host, name=name: [RESOURCES[name].read(host), *plans(host, profile, [name])]):
            found.setdefault(path, set()).add(name)
    for path, names in found.items():
        if path.startswith("/usr/pkg/"):
            names.add("xen_packages")  # reads it through pkg_admin
    return {path: names for path, names in found.items() if not path.endswith(".prev")}


def _opened(sim, work):
    host = SimulatedHost(sim)
    work(host)
    return host.opened


def test_every_file(machine, capsys):
    sim, profile = machine
    files = readers(sim, profile)
    assert [path for path in files if expected(path) is None] == [], "say what becomes of it"
    at_rest = set(plans(SimulatedHost(sim), profile, RESOURCES))
    counted, wrong = Counter(), []
    for path, names in sorted(files.items()):
        file = sim.root / path.lstrip("/")
        content, mode = file.read_bytes(), file.stat().st_mode & 0o7777
        file.chmod(0o644)
        for kind, damage in KINDS.items():
            file.write_bytes(damage(content))
            wrong += problems(SimulatedHost(sim), profile, path, kind, sorted(names), at_rest)
            counted[kind] += 1
        file.write_bytes(content)
        file.chmod(mode)
    with capsys.disabled():
        print(f"\n{profile}: {len(files)} files, {dict(counted)}, {sum(counted.values())} cases")
    assert "\n".join(wrong) == ""


def problems(host, profile, path, kind, names, at_rest):
    """What is not as promised of one damaged file."""
    label = f"{path}, {kind}"
    try:
        result = info.gather(host, names)
        happened = set(plans(host, profile, names)) - at_rest
    except Exception as error:
        return [f"{label}: {type(error).__name__}: {error}"]
    errors = result.get("snapshot", {"errors": {}})["errors"]
    found = [f"{label}: {text}" for text in errors.values() if "internal error" in text]
    if kind in BY_POWER_CUT:
        kinds = {what for _name, what, _text in happened} or {ANOTHER}
        if not kinds & expected(path):
            found.append(f"{label}: {kinds}, not {expected(path)}: {sorted(happened)}")
        if REFUSED in expected(path) and not any(path in text for _name, what, text in happened if what == REFUSED):
            found.append(f"{label}: nobody names it: {sorted(happened)}")
    return found
