# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""xl create and config-update. Records: create_*, dryrun_*, config_update (xl 4.20), create_wait_console_less (xl
4.17)."""
from __future__ import annotations

import sys
import uuid

from ...core.machine import Machine, NotSimulated
from ..common import domains, hypervisor, monitor, xenstore
from ..common.hotplug import local
from ..common.hypervisor import XlExit, err, need_xenstore, out
from ..common.jsontext import to_json
from . import domconfig, options
from .domconfig import Config
from .finding import NO_USERDATA, Call, Command, find_domid


def _new_uuid() -> str:
    return str(uuid.uuid4())


def read_file(m: Machine, name: str) -> str:
    """The configuration's text. Raises XlExit(3) (record create_nocfg)."""
    if name == "/dev/null":
        return ""
    try:
        if name == "/dev/stdin":
            return sys.stdin.read()
        return local(m, name).read_bytes().decode(errors="surrogateescape")  # line ends as they are
    except OSError as error:
        err(f"Failed to read config file: {name}: {error.strerror}\n")
        raise XlExit(3) from None


def configuration(m: Machine, call: Call, text: str, source: str) -> Config:
    """Raises XlExit for what xl_parse.c refuses."""
    defaults = hypervisor.config_defaults(m, call.settings)
    try:
        return domconfig.from_text(text, source, defaults, _new_uuid, err)
    except domconfig.ConfigRefused as refused:
        raise XlExit(refused.rc) from None


def create(m: Machine, args: list[str], call: Call) -> int:
    names = {"dryrun": "n", "quiet": "q", "defconfig": "f", "vncviewer": "V", "vncviewer-autopass": "A"}
    given = options.read("create", args, "Fnqf:pcdeVA", names)
    for letter in sorted(given.letters & set("FcVA")):
        raise NotSimulated(f"xl create -{letter}")
    filename, extra = _words(given)
    if filename is None:
        err("Config file not specified and none in save file\n")
        return 6
    text = read_file(m, filename)
    if extra:
        text += "\n" + "".join(word + "\n" for word in extra) + "\n"
    if "q" not in given.letters:
        err(f"Parsing config from {filename}\n")
    config = configuration(m, call, text, filename)
    dry_run = "n" in given.letters or call.dry_run
    if dry_run or "d" in given.letters:
        (out if dry_run else err)(to_json(config) + "\n")
    if dry_run:
        return 0
    return _create(m, call, config, given.letters, "/usr/pkg/sbin/xl create " + " ".join(args))


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
            options.usage("create")
            raise XlExit(2)
    return filename, extra


def _create(m: Machine, call: Call, config: Config, letters: set[str], command: str) -> int:
    """-p leaves it paused, -e without a monitor (record create_wait_console_less, xl 4.17).

    ``command`` is what ps shows of the monitor.
    """
    need_xenstore(m)
    release = tuple(int(number) for number in m.data["hypervisor"]["release"].split("."))
    if release >= (4, 17) and not xenstore.tree(m).get("/local/pool/0/name"):
        # tools/libs/light/libxl_create.c; before, the first pool's name was taken for granted (facts measured 34).
        err("libxl: error: libxl_create.c:1178:libxl__domain_config_setdefault: Domain -1:Illegal pool specified: "
            "(null)\n")
        return 6
    autoballoon = call.settings.get("autoballoon", "auto") in ("auto", "on", "1")
    try:
        domid = domains.create(m, config, "p" in letters, autoballoon, "e" not in letters, command)
    except domains.CreateFailed as failure:
        err("\n".join(failure.lines) + "\n")
        return failure.rc
    domain = domains.get(m, domid)
    return 0 if domain is None or "e" in letters or monitor.has_monitor(m, domain) else 3


def config_update(m: Machine, args: list[str], call: Call) -> int:
    given = options.read("config-update", args, "df:", {"defconfig": "f"}, required=1)
    err("WARNING: xl now has better capability to manage domain configuration, avoid using this command when "
        "possible\n")
    domid = find_domid(m, given.words[0])
    filename = given.values.get("f") or (given.words[1] if len(given.words) > 1 else None)
    if filename is None:
        err("Config file not specified\n")
        return 1
    text = read_file(m, filename)
    text += "".join(f"\n{word}" for word in given.words[2:]) + "\n"
    config = configuration(m, call, text, filename)
    if call.dry_run or "d" in given.letters:
        shown = to_json(config, "    ")
        out(f'{{\n    "domid": null,\n    "config": {shown}\n}}\n')
    if call.dry_run:
        return 0
    err(f"setting dom{domid} configuration\n")
    domain = domains.get(m, domid)
    if domain is None and not domid:
        raise NotSimulated("xl config-update 0")
    if domain is None:
        err(NO_USERDATA.format(domid=domid) + "failed to update configuration\n")
        return 1
    domain["next_config"] = config
    return 0


COMMANDS: dict[str, Command] = {"create": create, "config-update": config_update}
