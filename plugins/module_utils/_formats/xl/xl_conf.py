# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""xl.conf(5), which every xl reads before it does anything: what it sets, and changing that line by line.

The grammar is that of xl.cfg. xl ignores keys that it does not know and, for most keys, values that it does not
understand; but a line that is no assignment, or a bad number in one of the grant limits, ends every xl (xen
tools/xl/xl.c, parse_global_config).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Dict, Mapping, Optional

from . import xlcfg

MAX_NUMBER = (1 << 31) - 1
# Settings by key, each in the one way in which it is written. None: not set, so that xl's own default holds.
Meaning = Dict[str, Optional[str]]

# xl compares these words exactly.
_SWITCH = {"0": "0", "1": "1"}
_AUTOBALLOON = {"on": "on", "1": "on", "off": "off", "0": "off", "auto": "auto"}
_NUMBER = re.compile(r"(0x[0-9a-f]+|[0-9]+)\Z", re.IGNORECASE)
_CPUS = re.compile(r"(all|\^?(nodes?:)?[0-9]+(-[0-9]+)?(,\^?(nodes?:)?[0-9]+(-[0-9]+)?)*)\Z")
_UNWRITABLE = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Key:
    """A key of xl.conf.

    ``settle`` brings a value to the one way in which it is written, or to None if xl would not take it; ``default`` is
    what holds if the key is not set, None where that differs between machines; ``older`` is the key's deprecated name,
    which counts only where the key itself is not set.
    """

    allowed: str
    settle: Callable[[str], str | None]
    default: str | None = None
    older: str | None = None


def _one_of(words: Mapping[str, str]) -> Callable[[str], str | None]:
    return words.get


def _number(value: str) -> str | None:
    # As strtol does with base 0: a leading 0 is octal, 0x hexadecimal.
    if not _NUMBER.match(value):
        return None
    try:
        number = int(value, 8 if re.match("0[0-9]", value) else 0)
    except ValueError:
        return None
    return str(number) if number <= MAX_NUMBER else None


def _path(value: str) -> str | None:
    return value if value.startswith("/") and not _UNWRITABLE.search(value) else None


def _word(value: str) -> str | None:
    return value if value and len(value.split()) == 1 and not _UNWRITABLE.search(value) else None


def _cpus(value: str) -> str | None:
    return value if _CPUS.match(value) else None


_SWITCHED = ("0 or 1", _one_of(_SWITCH))
_NUMBERED = (f"a number from 0 to {MAX_NUMBER}", _number)
_PATH = ("an absolute path", _path)
_SCRIPT = ("the name or path of a script", _word)
_CPU_LIST = ("a list of CPUs such as '0-3,^2'", _cpus)

# xl.conf(5) of Xen 4.20.
KEYS: dict[str, Key] = {
    "domid_policy": Key("xen or random", _one_of({"xen": "xen", "random": "random"}), "xen"),
    "autoballoon": Key("on, off or auto", _one_of(_AUTOBALLOON), "auto"),
    "run_hotplug_scripts": Key(*_SWITCHED, default="1"),
    "lockfile": Key(*_PATH),
    "max_grant_frames": Key(*_NUMBERED),
    "max_maptrack_frames": Key(*_NUMBERED),
    "max_grant_version": Key(*_NUMBERED),
    "vif.default.script": Key(*_SCRIPT, default="vif-bridge", older="vifscript"),
    "vif.default.bridge": Key("the name of a bridge", _word, "xenbr0", older="defaultbridge"),
    "vif.default.backend": Key("the name or number of a domain", _word, "0"),
    "vif.default.gatewaydev": Key("the name of an interface", _word),
    "remus.default.netbufscript": Key(*_SCRIPT),
    "colo.default.proxyscript": Key(*_SCRIPT),
    "output_format": Key("json or sxp", _one_of({"json": "json", "sxp": "sxp"}), "json"),
    "blkdev_start": Key("the name of a virtual disk such as xvda", _word, "xvda"),
    "claim_mode": Key(*_SWITCHED, default="1"),
    "vm.cpumask": Key(*_CPU_LIST),
    "vm.hvm.cpumask": Key(*_CPU_LIST),
    "vm.pv.cpumask": Key(*_CPU_LIST),
    "bootloader_restrict": Key(*_SWITCHED, default="0"),
}


def settled(key: str, value: object) -> str | None:
    """A wanted value in the one way in which it is written. Raises ValueError, with what is allowed, for a bad one."""
    if value is None:
        return None
    # To YAML, off and on are false and true.
    text = str(int(value)) if isinstance(value, bool) else str(value)
    found = KEYS[key].settle(text) if isinstance(value, (str, int)) else None
    if found is None:
        raise ValueError(f"allowed is {KEYS[key].allowed}, or null for what xl takes by itself")
    return found


def meaning(settings: Mapping[str, xlcfg.Value]) -> Meaning:
    """What the settings of a file mean: every key to its value, or to None if it is not set.

    A value that xl does not understand is kept as it stands, so that it is equal to no allowed one.
    """
    return {key: _meant(key, settings) for key in KEYS}


def _meant(key: str, settings: Mapping[str, xlcfg.Value]) -> str | None:
    value = settings.get(key, settings.get(KEYS[key].older or ""))
    if value is None:
        return None
    return (KEYS[key].settle(value) or value) if isinstance(value, str) else str(value)


def same(key: str, found: str | None, wanted: str | None) -> bool:
    """Whether two values mean the same. One that is not set means the default, where that is known."""
    default = KEYS[key].default
    return (found or default) == (wanted or default)


# -- changing a file ---------------------------------------------------------------------------------------------------


def changed(text: str, wanted: Meaning) -> str:
    """The file's text with these settings, and every other line as it was.

    The line that counts is changed where it stands; a new one goes below its commented-out example, else to the end. A
    key that is wanted to be None loses its lines. Raises XlcfgError if xl can't read the text, ValueError if it can't
    be changed line by line.
    """
    before = xlcfg.parse(text)
    after = _ended(text)
    for key, value in wanted.items():
        after = _without(after, key) if value is None else _with(after, key, value)
    _check(before, xlcfg.parse(after), wanted)
    return after


def _ended(text: str) -> str:
    """The text with a newline at its end. A stray last byte that xl overlooks there would count before a newline."""
    if not text or text.endswith("\n"):
        return text
    try:
        xlcfg.parse(text + "\n")
    except xlcfg.XlcfgError:
        return text[:-1] + "\n"
    return text + "\n"


def _check(before: xlcfg.Settings, after: xlcfg.Settings, wanted: Meaning) -> None:
    """Nothing but what was wanted may have changed, however strange the file is."""
    found = meaning(after)
    wrong = [key for key, value in wanted.items() if found[key] != value]
    names = {name for key in wanted for name in (key, KEYS[key].older)}
    others = {key: value for key, value in before.items() if key not in names}
    if wrong or others != {key: value for key, value in after.items() if key not in names}:
        raise ValueError(
            f"{', '.join(wrong or sorted(wanted))} can't be changed line by line; put each setting on a line of its own"
        )


def _with(text: str, key: str, value: str) -> str:
    lines = _lines(text)
    line = xlcfg.render({key: int(value) if value == "0" or re.match(r"[1-9][0-9]*\Z", value) else value})
    for candidate in (_replaced(lines, key, line), _below_example(lines, key, line)):
        if _reads_as(candidate, key, value):
            return candidate
    return text + line  # the last assignment counts


def _replaced(lines: list[str], key: str, line: str) -> str:
    """The text with the key's last plain line changed: what is around the value stays."""
    matches = [(number, found) for number, found in enumerate(map(_assignment(key).match, lines)) if found]
    if not matches:
        return ""
    last, old = matches[-1]
    value = line.partition(" = ")[2].rstrip("\n")
    return "".join([*lines[:last], old.group("before") + value + old.group("after"), *lines[last + 1 :]])


def _below_example(lines: list[str], key: str, line: str) -> str:
    """The text with the line below the key's example in the file as it is installed (``#autoballoon="auto"``)."""
    found = [number for number, old in enumerate(lines) if re.match(rf"#[ \t]*{re.escape(key)}[ \t]*=", old)]
    return "".join([*lines[: found[-1] + 1], line, *lines[found[-1] + 1 :]]) if found else ""


def _reads_as(text: str, key: str, value: str) -> bool:
    """Whether xl would read that value: the line may stand within a list, or another assignment may follow."""
    try:
        return xlcfg.parse(text).get(key) == value
    except xlcfg.XlcfgError:
        return False


def _without(text: str, key: str) -> str:
    names = [name for name in (key, KEYS[key].older) if name]
    return "".join(line for line in _lines(text) if not any(_assignment(name).match(line) for name in names))


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n", text)


def _assignment(key: str) -> re.Pattern[str]:
    """A line that sets the key to a string or a number, and does nothing else."""
    return re.compile(
        rf"""(?P<before>[ \t]*{re.escape(key)}[ \t]*=[ \t]*)
             (?:"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'|[0-9][0-9a-fx]*)
             (?P<after>[ \t]*;?[ \t]*(?:\#.*)?\n)\Z""",
        re.VERBOSE,
    )
