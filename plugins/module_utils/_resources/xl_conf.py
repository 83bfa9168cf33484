# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: xl.conf, what xl takes for granted on this machine: a guest's default bridge, whether dom0 gives memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .._change import LIMIT, Change, Plan, Refused, XenError
from .._formats.system import damage
from .._formats.text import printable, unknown_key
from .._formats.xl import xl_conf, xlcfg
from .._formats.xl.xl_conf import Meaning
from .._host import Host
from .._toolstack.xl import Xl

NAME = "xl_conf"
# xl is the same on both.
SYSTEMS = ("NetBSD", "Linux")
ARGUMENTS: dict[str, Any] = {
    "settings": {"type": "dict", "required": True},
    "assume_files": {"type": "list", "elements": "str", "default": []},
    **LIMIT,
}

FILE_NAME = "xl.conf"


@dataclass(frozen=True)
class Declared:
    """The wanted settings, and the files that a run would have brought before."""

    settings: Meaning
    assume_files: frozenset[str]


def declare(params: dict[str, Any]) -> Declared:
    """The wanted settings. Raises Refused with everything that is wrong, a line each."""
    problems, wanted = [], {}
    for key, value in params["settings"].items():
        if key not in xl_conf.KEYS:
            problems.append(f"xl.conf: {unknown_key(key, sorted(xl_conf.KEYS))}")
            continue
        try:
            wanted[key] = xl_conf.settled(key, value)
        except ValueError as error:
            problems.append(f"xl.conf: {key} is {value!r}; {error}.")
    if problems:
        raise Refused("\n".join(problems), problems=problems)
    return Declared(wanted, frozenset(params["assume_files"]))


def read(host: Host, declared: Declared | None = None) -> dict[str, Any]:
    """What the file sets, or why xl can't read it; ``damaged`` is whether a power cut has been at it."""
    path = f"{Xl(host).paths.config_dir}/{FILE_NAME}"
    text = host.read_text(path)
    try:
        settings, problem = xl_conf.meaning(xlcfg.parse(text or "")), ""
    except xlcfg.XlcfgError as error:
        settings, problem = {}, printable(str(error))
    found = {key: printable(value) for key, value in settings.items() if value is not None}
    damaged = bool(damage.by_power_cut(text))
    return {"path": path, "exists": text is not None, "settings": found, "problem": problem, "damaged": damaged}


def plan(current: dict[str, Any], declared: Declared) -> Plan:
    """At most one change, of the one file. One that the package brings again in place of what a power cut has left says
    what xl itself would."""
    brought_again = current["damaged"] and current["path"] in declared.assume_files
    if current["problem"] and not brought_again:
        raise Refused(
            f"{current['path']}: {current['problem']}. No xl runs before that is corrected; correct it by hand, or "
            "remove the file and run this again."
        )
    found = current["settings"]
    wrong = {key: value for key, value in declared.settings.items() if not xl_conf.same(key, found.get(key), value)}
    result = Plan(warnings=_warnings(current, declared.settings))
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
