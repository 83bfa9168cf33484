# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xl save, restore and migrate.

Records: save*, restore*, pvh_save*, pvh_restore, migrate_*, pvh_migrate (xl 4.17, whose source lines the failing ones
keep); save-running (NetBSD 7.99.10); a configuration given with a save or a restore was measured on xl 4.20.
"""
from __future__ import annotations

import json
import subprocess
from typing import Any

from ...core.machine import Machine, NotSimulated
from ..common import domains, guests, hypervisor, monitor
from ..common.hotplug import local, next_pid
from ..common.hypervisor import Domain, XlExit, err, flush, need_xenstore, wait
from ..common.listing import warn_of_stale_devices
from . import creation, options
from .finding import NO_USERDATA, Call, Command, find_guest

# record save: a Linux guest of 128 MiB; a NetBSD guest is asked in vain for as long as a shutdown
_SAVE_SECONDS = 2.0
_RESTORE_SECONDS = 2.0
_MIGRATE_SECONDS = 6.0
_SUSPEND_LIMIT_SECONDS = 60
_SUSPEND_LEAST_SECONDS = 2.0
_PV_STEPS = 16
_PVH_FRAMES, _PVH_STEPS = 1044480, 20
_SAVE_MAGIC = "simulated xl save file\n"
_SAVE_HEADER_BYTES = 48  # tools/xl/xl.h: struct save_file_header, 32 of them are the magic
_NOT_RESUMED = ("libxl: error: libxl_dom_suspend.c:661:domain_resume_done: Domain {domid}:xc_domain_resume failed: "
                "Invalid argument\n")


# --- save --------------------------------------------------------------------------------------------------------


def save(m: Machine, args: list[str], call: Call) -> int:
    given = options.read("save", args, "cp", required=2)
    if len(given.words) > 3:
        options.usage("save")
        return 1
    domain = find_guest(m, "save", given.words[0], NO_USERDATA + "unable to retrieve domain configuration\n")
    name = given.words[1]
    config = _config_to_save(m, domain, call, given.words[2] if len(given.words) > 2 else None)
    path = local(m, name)
    if not path.parent.is_dir():
        err(f"Failed to open temp file {name} for writing\n")
        return 1
    content = _SAVE_MAGIC + json.dumps({"config": config, "mem_kb": domain["mem_kb"], "os": domain["os"]})
    err(f"Saving to {name} new xl format (info 0x3/0x0/{len(content)})\n"
        f"xc: info: Saving domain {domain['domid']}, type {_kind(domain)}\n")
    problem = _cannot_suspend(m, domain)
    if problem:
        path.write_text(_SAVE_MAGIC)
        err(problem)
        return 1
    _show_progress(domain)
    domid = domain["domid"]
    wait(m, _SAVE_SECONDS)
    path.write_text(content)
    _after_save(m, domains.get(m, domid), given.letters)
    return 0


def _kind(domain: Domain) -> str:
    return "x86 PV" if domain["config"]["c_info"]["type"] == "pv" else "x86 HVM"


def _config_to_save(m: Machine, domain: Domain, call: Call, filename: str | None) -> dict[str, Any]:
    """The running configuration, or that of a file. Raises XlExit(1)."""
    if filename is None:
        warn_of_stale_devices(domain)
        return dict(domain["config"])
    try:
        text = local(m, filename).read_bytes().decode(errors="surrogateescape")
    except OSError:
        err("unable to read overridden config file\n")
        raise XlExit(1) from None
    return creation.configuration(m, call, text, filename)


def _cannot_suspend(m: Machine, domain: Domain) -> str:
    """Why a guest is not suspended, "" if it is. It goes on running then (records save, save-running)."""
    if domain["os"] == guests.FIRMWARE:
        raise NotSimulated("xl save of a guest with firmware, whose device model is saved too")
    domid = domain["domid"]
    failed = "Failed to save domain, resuming domain\n"
    resume = (f"xc: error: Dom {domid} not suspended: (shutdown 0, reason 255): Internal error\n"
              + _NOT_RESUMED.format(domid=domid))
    if domains.cpu_seconds(m, domain) == 0:  # its memory tables are not set up
        return ("xc: error: Bad mfn 0 for p2m frame list list: Internal error\n"
                "xc: error: Save failed (0 = Success): Internal error\n"
                f"libxl: error: libxl_stream_write.c:347:libxl__xc_domain_save_done: Domain {domid}:saving domain: "
                f"domain did not respond to suspend request: Success\n{failed}{resume}")
    if domain["os"] == guests.LINUX and not guests.ignores_requests(domain):
        return ""
    wait(m, max(_SUSPEND_LIMIT_SECONDS, hypervisor.recorded(m, _SUSPEND_LEAST_SECONDS)))
    return (f"libxl: error: libxl_dom_suspend.c:270:domain_suspend_common_pvcontrol_suspending: Domain {domid}:guest "
            "didn't acknowledge suspend, cancelling request\n"
            "xc: error: Domain has not been suspended: shutdown 0, reason 255: Internal error\n"
            "xc: error: Save failed (0 = Undefined error: 0): Internal error\n"
            f"libxl: error: libxl_stream_write.c:350:libxl__xc_domain_save_done: Domain {domid}:saving domain: domain "
            f"did not respond to suspend request: Undefined error: 0\n{failed}"
            + resume.replace("libxl_dom_suspend.c:661", "libxl_dom_suspend.c:666"))


def _show_progress(domain: Domain) -> None:
    pv = domain["config"]["c_info"]["type"] == "pv"
    frames, steps = (domain["max_kb"] // 4, _PV_STEPS) if pv else (_PVH_FRAMES, _PVH_STEPS)
    for step in range(1, steps + 1):
        err(f"xc: progress: Frames: {frames * step // steps}/{frames}  {100 * step // steps:3d}%\n")
    err("xc: progress: End of stream: 0/0    0%\n")


def _after_save(m: Machine, domain: Domain | None, letters: set[str]) -> None:
    """Without -c or -p the domain is gone. After either, nobody monitors it any more: its monitor takes the suspend
    for an end (record logs_monitor, facts xl-behaviour 5)."""
    if domain is None:
        return
    monitored, domain["monitor"] = domain["monitor"] is not None, None
    if monitored:
        monitor.log(m, domain, f"Domain {domain['domid']} has shut down, reason code 2 0x2\nDomain has suspended.\n"
                               "Done. Exiting now")
    if "p" in letters:
        domains.pause(m, domain)
    elif "c" not in letters:
        domains.destroy(m, domain)


# --- restore -----------------------------------------------------------------------------------------------------


def restore(m: Machine, args: list[str], call: Call) -> int:
    names = {"vncviewer": "V", "vncviewer-autopass": "A"}
    given = options.read("restore", args, "FcpdeVA", names, required=1)
    for letter in sorted(given.letters & set("FcdVA")):
        raise NotSimulated(f"xl restore -{letter}")
    if len(given.words) > 2:
        options.usage("restore")
        return 1
    name, config_name = given.words[-1], given.words[0] if len(given.words) == 2 else None
    try:
        content = local(m, name).read_text(errors="replace")
    except OSError as error:
        err(f"Can't open restore file: {error.strerror}\n")
        return 1
    if len(content) >= _SAVE_HEADER_BYTES and not content.startswith(_SAVE_MAGIC):
        # record xl-restore-badfile-with-guest (xl 4.17)
        err("File has wrong magic number - corrupt or for a different tool?\n")
        return 1
    if not content.startswith(_SAVE_MAGIC) or content == _SAVE_MAGIC:
        # record restore_bad (xl 4.17), a file that is too short
        err(f"libxl: error: libxl_utils.c:505:libxl_read_exactly: file/stream truncated reading header from {name}\n"
            "xl: fatal error: xl_vmcontrol.c:713: Protocol error: libxl_read_exactly( ctx, restore_fd, &hdr, "
            'sizeof(hdr), restore_source, "header")\n')
        return 1
    need_xenstore(m)
    saved = json.loads(content.removeprefix(_SAVE_MAGIC))
    config = saved["config"]
    err(f"Loading new save file {name} (new xl fmt info 0x3/0x0/{len(content)})\n"
        f" Savefile contains xl domain config in JSON format\nParsing config from {config_name or '<saved>'}\n")
    if config_name is not None:
        config = creation.configuration(m, call, creation.read_file(m, config_name), config_name)
    return _bring_back(m, config, saved, given.letters)


def _bring_back(m: Machine, config: dict[str, Any], saved: dict[str, Any], letters: set[str]) -> int:
    try:
        domid = domains.create(m, config, "p" in letters, monitored="e" not in letters)
    except domains.CreateFailed as failure:
        err("\n".join(failure.lines) + "\n")
        return 1
    domain = domains.get(m, domid)
    if domain is not None:
        domain["mem_kb"] = domain["target_kb"] = min(saved["mem_kb"], domain["max_kb"])
        kind, pages = _kind(domain), ("0xbd1ec", "0xbd1eb") if _kind(domain) == "x86 PV" else ("0xfeffc", "0xfefff")
        err(f"xc: info: Found {kind} domain from Xen {m.profile.xen_release}\nxc: info: Restoring domain\n"
            f"xc: info: Restore successful\nxc: info: XenStore: mfn {pages[0]}, dom 0, evt 1\n"
            f"xc: info: Console: mfn {pages[1]}, dom 0, evt 2\n")
    wait(m, _RESTORE_SECONDS)
    return 0


# --- migrate -----------------------------------------------------------------------------------------------------


def migrate(m: Machine, args: list[str], call: Call) -> int:
    """To this host, through a shell command that stands for ssh (records migrate_localhost, pvh_migrate); or nowhere,
    because that command fails (record migrate_badhost). Another host has no source."""
    given = options.read("migrate", args, "FC:s:eDp", {"live": "L", "debug": "D"}, required=2)
    domain = find_guest(m, "migrate", given.words[0])
    rune = given.values.get("s")
    if rune is None or given.letters or "C" in given.values:
        raise NotSimulated(f"xl migrate {' '.join(args)}")
    warn_of_stale_devices(domain)
    flush()
    if not _transport_works(m, rune, given.words[1]):
        err("libxl: error: libxl_utils.c:505:libxl_read_exactly: file/stream truncated reading banner from migration "
            "receiver stream\nlibxl: info: libxl_exec.c:117:libxl_report_child_exitstatus: migration transport process "
            f"[{next_pid(m)}] exited with error status 1\n")
        return 1
    if given.words[1] != "localhost":
        raise NotSimulated(f"xl migrate to {given.words[1]}")
    err("migration target: Ready to receive domain.\nSaving to migration stream new xl format (info 0x3/0x0/988)\n"
        "Loading new save file <incoming migration stream> (new xl fmt info 0x3/0x0/988)\n"
        " Savefile contains xl domain config in JSON format\nParsing config from <saved>\n"
        f"xc: info: Saving domain {domain['domid']}, type {_kind(domain)}\n")
    if domain["config"]["c_info"]["type"] == "pv":
        return _no_live_migration(m, domain)
    return _move(m, domain)


def _transport_works(m: Machine, rune: str, host: str) -> bool:
    """Whether the command that is to start `xl migrate-receive` there ends well here."""
    ended = subprocess.run(["/bin/sh", "-c", f"{rune} {host} true"], cwd=m.root, stdin=subprocess.DEVNULL,
                           capture_output=True, timeout=60, check=False)
    return ended.returncode == 0


def _no_live_migration(m: Machine, domain: Domain) -> int:
    domid, target = domain["domid"], domains.new_domid(m)
    err("xc: error: Failed to enable logdirty: 95,22,0 (22 = Invalid argument): Internal error\n"
        "xc: error: Save failed (22 = Invalid argument): Internal error\n"
        f"libxl: error: libxl_stream_write.c:347:libxl__xc_domain_save_done: Domain {domid}:saving domain: domain did "
        "not respond to suspend request: Invalid argument\n"
        "migration sender: libxl_domain_suspend failed (rc=-8)\n"
        f"xc: info: Found x86 PV domain from Xen {m.profile.xen_release}\nxc: info: Restoring domain\n"
        "xc: error: Failed to read Record Header from stream (0 = Success): Internal error\n"
        "xc: error: Restore failed (0 = Success): Internal error\n"
        "libxl: error: libxl_stream_read.c:850:libxl__xc_domain_restore_done: restoring domain: Success\n"
        f"libxl: error: libxl_create.c:1695:domcreate_rebuild_done: Domain {target}:cannot (re-)build domain: -3\n"
        + "\n".join(domains.last_words(target)) + "\nmigration target: Domain creation failed (code -3).\n"
        f"libxl: info: libxl_exec.c:117:libxl_report_child_exitstatus: migration transport process [{next_pid(m)}] "
        "exited with error status 1\nMigration failed, failed to suspend at sender.\n")
    return 1


def _move(m: Machine, domain: Domain) -> int:
    """A new domid, and nothing else that its users see. The old domain's monitor ends, the new one has its own."""
    domid, config = domain["domid"], domain["config"]
    wait(m, _MIGRATE_SECONDS)
    old = domains.get(m, domid)
    if old is None:
        raise NotSimulated("xl migrate of a domain that goes away meanwhile")
    domains.destroy(m, old)
    domains.create(m, config, False)
    err(f"xc: info: Found x86 HVM domain from Xen {m.profile.xen_release}\nxc: info: Restoring domain\n"
        "xc: info: Restore successful\nxc: info: XenStore: mfn 0xfeffc, dom 0, evt 1\n"
        "xc: info: Console: mfn 0xfefff, dom 0, evt 2\n"
        "migration target: Transfer complete, requesting permission to start domain.\n"
        "migration sender: Target has acknowledged transfer.\nmigration sender: Giving target permission to start.\n"
        "migration target: Got permission, starting domain.\nmigration target: Domain started successsfully.\n"
        "migration sender: Target reports successful startup.\nMigration successful.\n")
    return 0


COMMANDS: dict[str, Command] = {"save": save, "restore": restore, "migrate": migrate}
