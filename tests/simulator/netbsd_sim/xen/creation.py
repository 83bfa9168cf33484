# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xl create, config-update, save and restore.

Records: create_*, dryrun_*, config_update, restore_nofile (xl 4.20); save*, restore* (xl 4.17, whose source lines the
failing save keeps); save-running (NetBSD 7.99.10).
"""
from __future__ import annotations

import json
import sys
import uuid
from typing import TYPE_CHECKING

from ..machine import Machine, NotSimulated
from . import domains, domconfig, guests, hypervisor, options
from .domconfig import Config
from .hotplug import local
from .hypervisor import Domain, XlExit, err, need_xenstore, out, wait
from .jsontext import to_json
from .listing import warn_of_stale_devices

if TYPE_CHECKING:
    from .xl import Call

# record save (xl 4.17): a Linux guest of 128 MiB; a NetBSD guest is asked in vain for as long as a shutdown
_SAVE_SECONDS = 2.0
_RESTORE_SECONDS = 2.0
_SUSPEND_LIMIT_SECONDS = 60
_SUSPEND_LEAST_SECONDS = 2.0
_FRAME_STEPS = 16
_SAVE_MAGIC = "simulated xl save file\n"


def _new_uuid() -> str:
    return str(uuid.uuid4())


def _read_file(m: Machine, name: str) -> str:
    """The configuration's text. Raises XlExit(3) (record create_nocfg)."""
    if name == "/dev/null":
        return ""
    try:
        if name == "/dev/stdin":
            return sys.stdin.read()
        return local(m, name).read_text(errors="surrogateescape")
    except OSError as error:
        err(f"Failed to read config file: {name}: {error.strerror}\n")
        raise XlExit(3) from None


def _configuration(m: Machine, call: Call, text: str, source: str) -> Config:
    """Raises XlExit(1) for what xl_parse.c refuses."""
    defaults = hypervisor.config_defaults(m, call.settings)
    try:
        return domconfig.from_text(text, source, defaults, _new_uuid, err)
    except domconfig.ConfigRefused:
        raise XlExit(1) from None


def create(m: Machine, args: list[str], call: Call) -> int:
    names = {"dryrun": "n", "quiet": "q", "defconfig": "f", "vncviewer": "V", "vncviewer-autopass": "A"}
    given = options.read("create", args, "Fnqf:pcdeVA", names)
    for letter in sorted(given.letters & set("FceVA")):
        raise NotSimulated(f"xl create -{letter}")
    filename, extra = _words(given)
    if filename is None:
        err("Config file not specified and none in save file\n")
        return 6
    text = _read_file(m, filename)
    if extra:
        text += "\n" + "".join(word + "\n" for word in extra) + "\n"
    if "q" not in given.letters:
        err(f"Parsing config from {filename}\n")
    config = _configuration(m, call, text, filename)
    dry_run = "n" in given.letters or call.dry_run
    if dry_run or "d" in given.letters:
        (out if dry_run else err)(to_json(config) + "\n")
    if dry_run:
        return 0
    return _create(m, call, config, "p" in given.letters)


def _words(given: options.Arguments) -> tuple[str | None, list[str]]:
    """The file and the `key=value` words; a second file is a wrong use, status 2 (xl_vmcontrol.c, main_create)."""
    filename = given.values.get("f")
    extra = []
    for word in given.words:
        if "=" in word:
            extra.append(word)
        elif filename is None:
            filename = word
        else:
            raise XlExit(2)
    return filename, extra


def _create(m: Machine, call: Call, config: Config, paused: bool) -> int:
    need_xenstore(m)
    if "bootloader" in config["b_info"] and config["b_info"]["bootloader"]:
        raise NotSimulated("a guest with a bootloader")
    autoballoon = call.settings.get("autoballoon", "auto") in ("auto", "on", "1")
    try:
        domid = domains.create(m, config, paused, autoballoon)
    except domains.CreateFailed as failure:
        err("\n".join(failure.lines) + "\n")
        return failure.rc
    domain = domains.get(m, domid)
    return 0 if domain is None or domains.has_monitor(m, domain) else 3


def config_update(m: Machine, args: list[str], call: Call) -> int:
    given = options.read("config-update", args, "df:", {"defconfig": "f"}, required=1)
    err("WARNING: xl now has better capability to manage domain configuration, avoid using this command when "
        "possible\n")
    from .xl import find_guest

    domain = find_guest(m, "config-update", given.words[0])
    filename = given.values.get("f") or (given.words[1] if len(given.words) > 1 else None)
    if filename is None:
        raise NotSimulated("xl config-update without a file")
    text = _read_file(m, filename)
    text += "".join(f"\n{word}" for word in given.words[2:]) + "\n"
    config = _configuration(m, call, text, filename)
    if call.dry_run:
        raise NotSimulated("xl -N config-update")
    err(f"setting dom{domain['domid']} configuration\n")
    domain["next_config"] = config
    return 0


def save(m: Machine, args: list[str], call: Call) -> int:
    from .xl import find_guest

    given = options.read("save", args, "cp", required=2)
    domain = find_guest(m, "save", given.words[0])
    name = given.words[1]
    path = local(m, name)
    if not path.parent.is_dir():
        err(f"Failed to open temp file {name} for writing\n")
        return 1
    warn_of_stale_devices(domain)
    content = _SAVE_MAGIC + json.dumps({"config": domain["config"], "mem_kb": domain["mem_kb"]})
    err(f"Saving to {name} new xl format (info 0x3/0x0/{len(content)})\n"
        f"xc: info: Saving domain {domain['domid']}, type x86 PV\n")
    if domain["os"] == guests.NETBSD or guests.ignores_requests(domain["config"]["b_info"]):
        path.write_text(_SAVE_MAGIC)
        return _not_suspended(m, domain["domid"])
    frames = domain["max_kb"] // 4
    for step in range(1, _FRAME_STEPS + 1):
        err(f"xc: progress: Frames: {frames * step // _FRAME_STEPS}/{frames}  {100 * step // _FRAME_STEPS:3d}%\n")
    err("xc: progress: End of stream: 0/0    0%\n")
    domid = domain["domid"]
    wait(m, _SAVE_SECONDS)
    path.write_text(content)
    _after_save(m, domains.get(m, domid), given.letters)
    return 0


def _not_suspended(m: Machine, domid: int) -> int:
    """A guest that does not acknowledge a suspend goes on running (records save, save-running)."""
    wait(m, max(_SUSPEND_LIMIT_SECONDS, hypervisor.recorded(m, _SUSPEND_LEAST_SECONDS)))
    err(f"libxl: error: libxl_dom_suspend.c:270:domain_suspend_common_pvcontrol_suspending: Domain {domid}:guest "
        "didn't acknowledge suspend, cancelling request\n"
        "xc: error: Domain has not been suspended: shutdown 0, reason 255: Internal error\n"
        "xc: error: Save failed (0 = Undefined error: 0): Internal error\n"
        f"libxl: error: libxl_stream_write.c:350:libxl__xc_domain_save_done: Domain {domid}:saving domain: domain did "
        "not respond to suspend request: Undefined error: 0\n"
        "Failed to save domain, resuming domain\n"
        f"xc: error: Dom {domid} not suspended: (shutdown 0, reason 255): Internal error\n"
        f"libxl: error: libxl_dom_suspend.c:666:domain_resume_done: Domain {domid}:xc_domain_resume failed: Invalid "
        "argument\n")
    return 1


def _after_save(m: Machine, domain: Domain | None, letters: set[str]) -> None:
    """Without -c or -p the domain is gone. After -c nobody monitors it any more (facts xl-behaviour 5)."""
    if domain is None:
        return
    if "p" in letters:
        domains.pause(m, domain)
    elif "c" in letters:
        domain["monitor"] = None
    else:
        domains.destroy(m, domain)
        if domain["monitor"] is not None:
            domains.log(m, domain, f"Domain {domain['domid']} has been destroyed.")


def restore(m: Machine, args: list[str], call: Call) -> int:
    given = options.read("restore", args, "p", required=1)
    if len(given.words) > 1:
        raise NotSimulated("xl restore with a configuration")
    name = given.words[0]
    try:
        content = local(m, name).read_text(errors="replace")
    except OSError as error:
        err(f"Can't open restore file: {error.strerror}\n")
        return 1
    if not content.startswith(_SAVE_MAGIC) or content == _SAVE_MAGIC:
        # record restore_bad (xl 4.17), a file that is too short
        err(f"libxl: error: libxl_utils.c:505:libxl_read_exactly: file/stream truncated reading header from {name}\n"
            "xl: fatal error: xl_vmcontrol.c:713: Protocol error: libxl_read_exactly( ctx, restore_fd, &hdr, "
            'sizeof(hdr), restore_source, "header")\n')
        return 1
    need_xenstore(m)
    err(f"Loading new save file {name} (new xl fmt info 0x3/0x0/{len(content)})\n"
        " Savefile contains xl domain config in JSON format\nParsing config from <saved>\n")
    saved = json.loads(content.removeprefix(_SAVE_MAGIC))
    try:
        domains.create(m, saved["config"], "p" in given.letters)
    except domains.CreateFailed as failure:
        err("\n".join(failure.lines) + "\n")
        return 1
    err(f"xc: info: Found x86 PV domain from Xen {m.profile.xen_release}\nxc: info: Restoring domain\n"
        "xc: info: Restore successful\nxc: info: XenStore: mfn 0xbd1ec, dom 0, evt 1\n"
        "xc: info: Console: mfn 0xbd1eb, dom 0, evt 2\n")
    wait(m, _RESTORE_SECONDS)
    return 0


COMMANDS = {"create": create, "config-update": config_update, "save": save, "restore": restore}
