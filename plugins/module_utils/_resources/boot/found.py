# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The text of a menu as it is on the disk, also of one that a power cut has been at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..._change import Refused
from ..._formats.system import damage
from ..._host import Host


@dataclass(frozen=True)
class Found:
    """The text of a menu, None if there is none. Of one that a power cut has been at, ``wrong`` says how, and the text
    is that of ``copy``, an earlier one that is whole: we wrote the file since then, so it is ours to write again.
    Without such a copy it is somebody else's, and ``refused`` says what to do."""

    text: str | None
    wrong: str = ""
    copy: str = ""
    refused: str = ""

    @property
    def words(self) -> list[str]:
        return [f"write it again with what {self.copy} has, because it {self.wrong}"] if self.wrong else []


def read_menu(host: Host, path: str) -> Found:
    """A menu, or what can be had of it."""
    text = host.read_text(path)
    wrong = damage.by_power_cut(text)
    if not wrong:
        return Found(text)
    copies = [copy for copy in host.whole_copies(path) if not copy.startswith("/var/backups/")]
    if not copies:
        return Found(None, wrong, refused=damage.not_touched(path, wrong, host.whole_copies(path)))
    return Found(host.read_text(copies[0]), wrong, copies[0])


def found_menu(current: dict[str, Any], path: str) -> Found:
    """What ``read_menu`` found at a path, of a state with ``texts`` and ``damaged``."""
    return Found(current["texts"][path], **current.get("damaged", {}).get(path, {}))


def refuse_damaged(found: Found) -> None:
    """Raise Refused for a menu that is damaged and not ours."""
    if found.refused:
        raise Refused(found.refused)
