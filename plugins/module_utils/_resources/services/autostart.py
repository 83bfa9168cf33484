# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The guests that xendomains starts at boot. The list is the machine's: what nobody declares stays in it.

The list has words, not guests: each becomes a file by the format ``xendomains_config``, and which guest that is stands
in the file (pkgsrc xentools*/files/xendomains.sh). So a guest in NAME.cfg, or in another directory, is known as well.
It is the same with xm and with xl.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import Any

from ... import _rc_conf, _xendomains
from ..._change import Refused
from ..._formats.xl import xlcfg
from ..._formats.xm import xm_config
from ..._host import Host
from ..._xendomains import DEFAULT_FORMAT, FORMAT, LIST, NAME

MAX_CONFIG_BYTES = 1 << 20
OPTIONS: dict[str, Any] = {
    "autostart": {"type": "list", "elements": "str", "required": True},
    "declared": {"type": "list", "elements": "str", "default": []},
    "files": {"type": "dict", "default": {}},
    "config_dir": {"type": "path", "default": DEFAULT_FORMAT[:-3]},
}

_WORD = re.compile(r"[^\s\"'`$\\%*?\[\]]+\Z")


@dataclass(frozen=True)
class Guests:
    """The guests that start with the machine, in their order; all names that are declared; where their configurations
    are; and the files of those whose file has not their name."""

    autostart: tuple[str, ...]
    declared: frozenset[str]
    config_dir: str
    files: dict[str, str] = field(default_factory=dict, hash=False)

    def word(self, name: str) -> str:
        """What stands for a guest in the list, by the usual format."""
        return self.files.get(name, name)

    @property
    def format(self) -> str:
        return f"{self.config_dir}/%s"


def declare(service: str, given: dict[str, Any] | None) -> Guests | None:
    """Raises Refused for a service without such a list, and for what can't be a word in it."""
    if given is None:
        return None
    if service != NAME:
        raise Refused(f"Service {service}: guests are for {NAME}, whose list they are.")
    names = [str(name) for name in (*given["autostart"], *(given.get("declared") or ()))]
    files = {str(name): str(file) for name, file in (given.get("files") or {}).items()}
    for word in (*names, *files.values(), given["config_dir"]):
        if not _WORD.match(word):
            raise Refused(f"Service {NAME}: {word!r} can't be in the list {LIST} or in {FORMAT}.")
    return Guests(tuple(given["autostart"]), frozenset(names), given["config_dir"].rstrip("/"), files)


def read(host: Host) -> list[dict[str, Any]]:
    """Each word of the list, with its file and the name of the guest in it, None if there is none that can be told.
    Empty where only sh could tell the list."""
    return [_entry(host, word, path) for word, path in _xendomains.listed(host)]


def _entry(host: Host, word: str, path: str) -> dict[str, Any]:
    found = host.stat(path) if path.startswith("/") else None
    is_config = found is not None and found.kind == "file" and found.size <= MAX_CONFIG_BYTES
    return {"word": word, "path": path, "exists": is_config, "guest": _guest_in(host, path) if is_config else None}


def _guest_in(host: Host, path: str) -> str | None:
    text = host.read_text(path) or ""
    for parse in (xlcfg.parse, xm_config.parse):
        try:
            name = parse(text).get("name")
        except ValueError:
            continue
        return name if isinstance(name, str) else None
    return None


def variables(
    guests: Guests, listed: list[dict[str, Any]], told: dict[str, Any], warnings: list[str]
) -> tuple[tuple[str, str], ...]:
    """What the two variables are to be. ``told`` is what is told of each (see ``_rc_conf.told``).

    The declared guests come first, in their order; a word that is nobody's of them stays, and means the same file as
    before. A list that starts the same guests from the same files stays, whatever its format. Raises Undecided for a
    list that only sh could tell, Refused for one that it works out.
    """
    for name in (LIST, FORMAT):
        if _rc_conf.effective(told.get(name), name) == _rc_conf.COMPUTED:
            raise Refused(
                f"Service {NAME}: line {told[name]['line']} of {told[name]['path']} has sh work {name} out, and guests "
                "that nobody declares could be lost. Write out there what it is."
            )
    form = (told.get(FORMAT) or {}).get("value") or DEFAULT_FORMAT
    kept = [each for each in listed if _guest(each, guests) not in guests.declared]
    mine = [each["path"] for each in listed if each not in kept]
    warnings += _warnings(kept)
    if mine == [f"{guests.config_dir}/{guests.word(name)}" for name in guests.autostart]:
        same = (LIST, " ".join(each["word"] for each in listed)), (FORMAT, form)
        # A format that is nowhere is the script's own.
        return same if told.get(FORMAT) or (listed and not told.get(LIST)) else same[:1]
    words = [*map(guests.word, guests.autostart), *(_word(each, form, guests) for each in kept)]
    return (LIST, " ".join(words)), (FORMAT, guests.format)


def _guest(entry: dict[str, Any], guests: Guests) -> str:
    """Whose word it is."""
    word: str = entry["word"]
    if word in guests.declared and entry["path"] == f"{guests.config_dir}/{guests.word(word)}":
        return word
    return entry["guest"] or word


def _word(entry: dict[str, Any], form: str, guests: Guests) -> str:
    """The word that means the same file with the format that is wanted."""
    word: str = entry["word"]
    return word if form == guests.format else posixpath.relpath(entry["path"], guests.config_dir)


def _warnings(kept: list[dict[str, Any]]) -> list[str]:
    starts = [each["guest"] or each["word"] for each in kept if each["exists"]]
    found = []
    if starts:
        verb = "start with the machine and are" if len(starts) > 1 else "starts with the machine and is"
        found.append(f"Service {NAME}: {', '.join(starts)} {verb} not declared; the list keeps what is not declared.")
    for each in kept:
        if not each["exists"]:
            found.append(
                f"Service {NAME}: {each['word']} is in the list and not declared, and there is no {each['path']}, so "
                "nothing is started for it. Take it out of the list by hand, if it is not to come back."
            )
    return found
