# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Changes to the lines of a boot.cfg. What needs no change stays as it is, to the byte."""

from __future__ import annotations

from . import bootcfg
from .bootcfg import Entry, Line


def with_menu(old: list[Line], managed: list[Entry], ours: set[str], keep_others: bool) -> list[Line]:
    """The lines with the managed entries first, in their order. ``ours`` are the names that nobody else's entry may
    have; an old entry of such a name that is not among the managed ones goes."""
    wanted = {entry.text: entry for entry in managed}
    written = [entry.text for entry in bootcfg.entries(old)]
    order = list(wanted) + ([name for name in written if name not in ours] if keep_others else [])
    if written == order:
        return [_updated(line, wanted) for line in old]
    kept = {line.entry.text: line for line in old if line.entry is not None}
    block = [_updated(kept.get(entry.text) or bootcfg.entry_line(entry), wanted) for entry in managed]
    return _insert_menu(old, block, ours, keep_others)


def _updated(line: Line, wanted: dict[str, Entry]) -> Line:
    if line.entry is None or wanted.get(line.entry.text, line.entry).commands == line.entry.commands:
        return line
    return bootcfg.entry_line(wanted[line.entry.text])


def _insert_menu(old: list[Line], block: list[Line], ours: set[str], keep_others: bool) -> list[Line]:
    """``block`` where the menu begins, or at the end."""
    lines: list[Line] = []
    position = None
    for line in old:
        if line.entry is not None:
            position = len(lines) if position is None else position
            if line.entry.text in ours or not keep_others:
                continue
        lines.append(line)
    if position is None:
        return _append(lines, block)
    return lines[:position] + block + lines[position:]


def _append(lines: list[Line], added: list[Line]) -> list[Line]:
    """The lines with more at the end, which is before the empty piece that follows a final newline."""
    body = lines[:-1] if lines and lines[-1].text == "" else lines
    return body + added + [Line("")]


def with_console(lines: list[Line], wanted: str, baud: int) -> list[Line]:
    """A consdev line that says what is wanted. The screen needs none where none is."""
    line = bootcfg.last(lines, "consdev")
    if bootcfg.is_console("pc" if line is None else line.value, wanted, baud):
        return lines
    return _set(lines, "consdev", wanted)


def _set(lines: list[Line], keyword: str, value: int | str) -> list[Line]:
    """The line that decides replaced, or a new one at the end."""
    deciding = bootcfg.last(lines, keyword)
    if deciding is None:
        return _append(lines, [bootcfg.setting(keyword, value)])
    index = max(i for i, line in enumerate(lines) if line is deciding)
    return lines[:index] + [bootcfg.setting(keyword, value)] + lines[index + 1 :]


def with_default(lines: list[Line], index: int | None, explicit: bool) -> list[Line]:
    """A default line with the index's number. None is added for what the loader takes anyhow, unless ``explicit``."""
    line = bootcfg.last(lines, "default")
    if index is None or (
        index == bootcfg.default_index(lines) and bootcfg.is_numeric(line) and not (explicit and line is None)
    ):
        return lines
    return _set(lines, "default", index + 1)


def with_timeout(lines: list[Line], wanted: int | None) -> list[Line]:
    """A timeout line of its own, even where the loader's default would do: that differs between releases."""
    line = bootcfg.last(lines, "timeout")
    if wanted is None or (line is not None and bootcfg.is_numeric(line) and bootcfg.timeout(lines) == wanted):
        return lines
    return _set(lines, "timeout", wanted)
