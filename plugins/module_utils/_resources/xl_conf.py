# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: xl.conf, what xl takes for granted on this machine: a guest's default bridge, whether dom0 gives memory."""

from __future__ import annotations

from typing import Any

from .._change import Change, Plan, Refused, XenError
from .._formats.text import printable
from .._formats.xl import xl_conf, xlcfg
from .._formats.xl.xl_conf import Meaning
from .._host import Host
from .._toolstack import xl_call

NAME = "xl_conf"
ARGUMENTS: dict[str, Any] = {"settings": {"type": "dict", "required": True}}

FILE_NAME = "xl.conf"


def declare(params: dict[str, Any]) -> Meaning:
    """The wanted settings. Raises Refused with everything that is wrong, a line each."""
    problems, wanted = [], {}
    for key, value in params["settings"].items():
        if key not in xl_conf.KEYS:
            problems.append(f"xl.conf: {key!r} is not one of its keys; allowed are {', '.join(sorted(xl_conf.KEYS))}.")
            continue
        try:
            wanted[key] = xl_conf.settled(key, value)
        except ValueError as error:
            problems.append(f"xl.conf: {key} is {value!r}; {error}.")
    if problems:
        raise Refused("\n".join(problems), problems=problems)
    return wanted


def read(host: Host, declared: Meaning | None = None) -> dict[str, Any]:
    """What the file sets, or why xl can't read it."""
    path = f"{xl_call.paths(host.system).config_dir}/{FILE_NAME}"
    text = host.read_text(path)
    try:
        settings, problem = xl_conf.meaning(xlcfg.parse(text or "")), ""
    except xlcfg.XlcfgError as error:
        settings, problem = {}, printable(str(error))
    found = {key: printable(value) for key, value in settings.items() if value is not None}
    return {"path": path, "exists": text is not None, "settings": found, "problem": problem}


def plan(current: dict[str, Any], declared: Meaning) -> Plan:
    """At most one change, of the one file."""
    if current["problem"]:
        raise Refused(
            f"{current['path']}: {current['problem']}. No xl runs before that is corrected; correct it by hand, or "
            "remove the file and run this again."
        )
    found = current["settings"]
    wrong = {key: value for key, value in declared.items() if not xl_conf.same(key, found.get(key), value)}
    result = Plan(warnings=_warnings(current, declared))
    if wrong:
        result.changes.append(_change(current, wrong))
    return result


def _warnings(current: dict[str, Any], declared: Meaning) -> list[str]:
    if current["settings"].get("output_format") != "sxp" or "output_format" in declared:
        return []
    return [
        f'{current["path"]}: output_format is "sxp", but guests are managed through xl\'s JSON. Declare '
        "output_format: json, or remove that line."
    ]


def _change(current: dict[str, Any], wrong: Meaning) -> Change:
    words = [f"{key}={value!r}" if value is not None else f"{key} back to xl's own" for key, value in wrong.items()]
    return Change(
        resource=NAME,
        thing=current["path"],
        action="set" if current["exists"] else "create",
        summary=f"{'set' if current['exists'] else 'create it with'} {', '.join(words)}",
        before={key: current["settings"].get(key) for key in wrong} if current["exists"] else None,
        after=dict(wrong),
        data=wrong,
    )


def apply(host: Host, change: Change) -> None:
    """Write the settings into the file, and leave its other lines as they are. Every xl from now on reads them. The
    file's first content stays as PATH.orig, its last one as PATH.prev."""
    try:
        text = xl_conf.changed(host.read_text(change.thing) or "", change.data)
    except ValueError as error:
        raise XenError(f"{change.thing}: {error}. It is unchanged.") from error
    host.make_dir(change.thing.rpartition("/")[0])
    host.write_text(change.thing, text, backup=True)
