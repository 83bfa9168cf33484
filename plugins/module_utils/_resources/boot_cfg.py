# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Resource: the boot menu, /boot.cfg. What the loader can't boot is never written, and a native entry always stays."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._change import Change, NotRead, Plan, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._formats import bootcfg
from ansible_collections.netbsd.xen.plugins.module_utils._formats.text import printable
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host

NAME = "boot_cfg"
DEFAULT_PATH = "/boot.cfg"
ARGUMENTS: dict[str, Any] = {
    "path": {"type": "path", "default": DEFAULT_PATH},
    "entries": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "kernel": {"type": "str"},
            "args": {"type": "str"},
            "hypervisor": {"type": "str"},
            "hypervisor_args": {"type": "str"},
            "commands": {"type": "list", "elements": "str"},
        },
    },
    "default": {"type": "str"},
    "timeout": {"type": "int"},
    "other_entries": {"type": "str", "choices": ["keep", "remove"], "default": "keep"},
    "assume_files": {"type": "list", "elements": "str", "default": []},
}

# The dom0 kernel reads no more of its command line (NetBSD sys/arch/xen/xen/xen_machdep.c).
MAX_DOM0_ARGUMENTS = 255
MAX_TIMEOUT = 3600
RNDSEED = "rndseed /var/db/entropy-file"
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class WantedEntry:
    """A declared entry. ``native`` entries may be given an rndseed command, as the stock ones have."""

    entry: bootcfg.Entry
    native: bool


@dataclass(frozen=True)
class Declared:
    path: str
    entries: tuple[WantedEntry, ...]
    default: str | None
    timeout: int | None
    keep_others: bool
    assume_files: frozenset[str]

    @property
    def files(self) -> list[str]:
        return [path for wanted in self.entries for path in bootcfg.files(wanted.entry)]


# -- declared ---------------------------------------------------------------------------------------------------------


def declare(params: dict[str, Any]) -> Declared:
    """The wanted menu. Raises Refused for what the loader would misread."""
    wanted = tuple(_wanted_entry(spec) for spec in params["entries"])
    _refuse_twins(wanted)
    if not params["path"].startswith("/"):
        raise Refused(f"path is {params['path']!r}; it must be absolute.")
    timeout = params.get("timeout")
    if timeout is not None and not 0 <= timeout <= MAX_TIMEOUT:
        raise Refused(f"timeout is {timeout}; allowed is 0 to {MAX_TIMEOUT} seconds.")
    return Declared(
        path=params["path"],
        entries=wanted,
        default=params.get("default"),
        timeout=timeout,
        keep_others=params["other_entries"] == "keep",
        assume_files=frozenset(params["assume_files"]),
    )


def _wanted_entry(spec: dict[str, Any]) -> WantedEntry:
    name = spec["name"]
    if not name.strip() or name != name.strip() or ":" in name:
        raise Refused(
            f"Boot entry {name!r}: a name needs text, no blanks at its ends and no ':', which ends it in the menu."
        )
    _refuse_unwritable(name, "its name", name)
    commands = tuple(_command(name, text) for text in _commands(spec))
    entry = bootcfg.Entry(name, commands)
    arguments = bootcfg.dom0_arguments(entry)
    if len(arguments) > MAX_DOM0_ARGUMENTS:
        raise Refused(
            f"Boot entry {name!r}: the dom0 kernel's arguments have {len(arguments)} characters; it reads the first "
            f"{MAX_DOM0_ARGUMENTS} only."
        )
    return WantedEntry(entry, native=bool(spec.get("kernel")) and not spec.get("hypervisor"))


def _commands(spec: dict[str, Any]) -> list[str]:
    """An entry's commands from whichever way it was declared in."""
    name, raw = spec["name"], spec.get("commands")
    shaped = [key for key in ("kernel", "args", "hypervisor", "hypervisor_args") if spec.get(key)]
    if raw is not None:
        if shaped:
            raise Refused(f"Boot entry {name!r}: it has both commands and {', '.join(shaped)}; give one or the other.")
        if not raw:
            raise Refused(f"Boot entry {name!r}: its commands are empty.")
        return raw
    if not spec.get("kernel"):
        raise Refused(f"Boot entry {name!r}: it needs a kernel (with a hypervisor for Xen) or commands.")
    if spec.get("hypervisor_args") and not spec.get("hypervisor"):
        raise Refused(f"Boot entry {name!r}: hypervisor_args is given without a hypervisor.")
    if not spec.get("hypervisor"):
        return [_join("boot", spec["kernel"], spec.get("args"))]
    return [
        _join("load", spec["kernel"], spec.get("args")),
        _join("multiboot", spec["hypervisor"], spec.get("hypervisor_args")),
    ]


def _join(command: str, path: str, arguments: str | None) -> str:
    # The dom0 kernel takes single blanks between options only.
    return " ".join([command, path] + (arguments or "").split())


def _command(name: str, text: str) -> str:
    if not text.strip() or ";" in text:
        raise Refused(
            f"Boot entry {name!r}: a command is {text!r}; it must not be empty or hold ';', which ends a command."
        )
    _refuse_unwritable(name, "a command", text)
    return text.strip()


def _refuse_unwritable(name: str, what: str, text: str) -> None:
    if _CONTROL.search(text):
        raise Refused(f"Boot entry {name!r}: {what} holds a newline or another control character: {text!r}.")
    if "#" in text:
        raise Refused(f"Boot entry {name!r}: {what} holds '#', where the loader takes the line to end: {text!r}.")


def _refuse_twins(wanted: tuple[WantedEntry, ...]) -> None:
    names = [each.entry.text for each in wanted]
    for name in names:
        if names.count(name) > 1:
            raise Refused(f"Boot entry {name!r} is declared {names.count(name)} times; each name can be used once.")


# -- current ----------------------------------------------------------------------------------------------------------


def read(host: Host, declared: Declared | None = None) -> dict[str, Any]:
    """The file, and which of the files that it or the declared entries name exist.

    ``files`` holds the regular, non-empty ones; ``looked_at`` all that were looked for. The regular files of / are
    always among them, so that a plan can be made for what was not yet declared.
    """
    path = declared.path if declared else DEFAULT_PATH
    text = host.read_text(path)
    names = {"/" + name for name in host.list_dir("/")}
    for entry in bootcfg.entries(bootcfg.parse(text or "")):
        names.update(bootcfg.files(entry))
    if declared:
        names.update(declared.files)
    return {
        "path": path,
        "text": text,
        "files": sorted(name for name in names if _is_bootable(host, name)),
        "looked_at": sorted(names),
    }


def _is_bootable(host: Host, path: str) -> bool:
    found = host.stat(path)
    return found is not None and found.kind == "file" and found.size > 0


# -- plan -------------------------------------------------------------------------------------------------------------


def plan(current: dict[str, Any], declared: Declared) -> Plan:
    """At most one change: the file as it must be. Raises Refused for a menu that would leave the machine unbootable."""
    if current["path"] != declared.path:
        raise NotRead(f"{declared.path} was not read")
    before = current["text"] or ""
    if "\r" in before:
        raise Refused(
            f"{declared.path} has lines that end with CR LF, as DOS writes them; the loader takes the CR for a part "
            "of each file's name and boots nothing. Convert it first, for example with: tr "
            "-d '\\r' < boot.cfg > boot.cfg.new"
        )
    old = bootcfg.parse(before)
    new = _wanted_lines(old, declared, is_new=current["text"] is None)
    _refuse_unbootable(current, declared, new)
    after = bootcfg.render(new)
    changes = []
    if after != before:
        changes.append(_change(declared.path, current["text"], after, old, new))
    return Plan(changes, warnings=_warnings(declared, new))


def _wanted_lines(old: list[bootcfg.Line], declared: Declared, is_new: bool) -> list[bootcfg.Line]:
    rndseed = RNDSEED if is_new else _rndseed(old)
    managed = [_with_rndseed(wanted, rndseed) for wanted in declared.entries]
    lines = _with_menu(old, managed, declared.keep_others)
    lines = _with_default(lines, _wanted_default(old, lines, declared), explicit=declared.default is not None)
    return _with_timeout(lines, declared.timeout)


def _rndseed(lines: list[bootcfg.Line]) -> str | None:
    """The command with which this file feeds the kernel's random numbers, if it does."""
    for entry in bootcfg.entries(lines):
        for command in entry.commands:
            if command.split()[0] == "rndseed":
                return command
    return None


def _with_rndseed(wanted: WantedEntry, rndseed: str | None) -> bootcfg.Entry:
    if not wanted.native or rndseed is None:
        return wanted.entry
    return bootcfg.Entry(wanted.entry.text, (rndseed,) + wanted.entry.commands)


def _with_menu(old: list[bootcfg.Line], managed: list[bootcfg.Entry], keep_others: bool) -> list[bootcfg.Line]:
    """The lines with the managed entries first. Lines that are right already stay as they are, to the byte."""
    names = {entry.text for entry in managed}
    others = [entry.text for entry in bootcfg.entries(old) if entry.text not in names]
    wanted = {entry.text: entry for entry in managed}
    order = [entry.text for entry in managed] + (others if keep_others else [])
    if [entry.text for entry in bootcfg.entries(old)] == order:
        return [_updated(line, wanted) for line in old]
    kept = {line.entry.text: line for line in old if line.entry is not None}
    block = [_updated(kept.get(entry.text) or bootcfg.entry_line(entry), wanted) for entry in managed]
    return _insert_menu(old, block, names, keep_others)


def _updated(line: bootcfg.Line, wanted: dict[str, bootcfg.Entry]) -> bootcfg.Line:
    if line.entry is None or wanted.get(line.entry.text, line.entry).commands == line.entry.commands:
        return line
    return bootcfg.entry_line(wanted[line.entry.text])


def _insert_menu(
    old: list[bootcfg.Line], block: list[bootcfg.Line], names: set[str], keep_others: bool
) -> list[bootcfg.Line]:
    """``block`` where the menu begins, or at the end. The managed entries' old lines go, the others' if not kept."""
    lines: list[bootcfg.Line] = []
    position = None
    for line in old:
        if line.entry is not None:
            position = len(lines) if position is None else position
            if line.entry.text in names or not keep_others:
                continue
        lines.append(line)
    if position is None:
        return _append(lines, block)
    return lines[:position] + block + lines[position:]


def _append(lines: list[bootcfg.Line], added: list[bootcfg.Line]) -> list[bootcfg.Line]:
    """The lines with more at the end, which is before the empty piece that follows a final newline."""
    body = lines[:-1] if lines and lines[-1].text == "" else lines
    return body + added + [bootcfg.Line("")]


def _set(lines: list[bootcfg.Line], keyword: str, value: int) -> list[bootcfg.Line]:
    """The line that decides replaced, or a new one at the end."""
    deciding = bootcfg.last(lines, keyword)
    if deciding is None:
        return _append(lines, [bootcfg.setting(keyword, value)])
    index = max(i for i, line in enumerate(lines) if line is deciding)
    return lines[:index] + [bootcfg.setting(keyword, value)] + lines[index + 1 :]


def _wanted_default(old: list[bootcfg.Line], new: list[bootcfg.Line], declared: Declared) -> int | None:
    """The index of the default entry in the new menu; None if nothing asks for one.

    Where none is declared, the entry that was the default stays the default, wherever it now stands.
    """
    names = [entry.text for entry in bootcfg.entries(new)]
    if declared.default is not None:
        if declared.default not in names:
            raise Refused(
                f"default is {declared.default!r}, but no entry of {declared.path} will have that name; "
                f"there will be: {', '.join(names) or 'none'}."
            )
        return names.index(declared.default)
    index = bootcfg.default_index(old)
    if index is None or not names:
        return None
    previous = bootcfg.entries(old)[index].text
    return names.index(previous) if previous in names else 0


def _with_default(lines: list[bootcfg.Line], index: int | None, explicit: bool) -> list[bootcfg.Line]:
    """A default line with the index's number. None is added for what the loader takes anyhow, unless declared."""
    line = bootcfg.last(lines, "default")
    if index is None or (
        index == bootcfg.default_index(lines) and bootcfg.is_numeric(line) and not (explicit and line is None)
    ):
        return lines
    return _set(lines, "default", index + 1)


def _with_timeout(lines: list[bootcfg.Line], wanted: int | None) -> list[bootcfg.Line]:
    """A timeout line of its own, even where the loader's default would do: that differs between releases."""
    line = bootcfg.last(lines, "timeout")
    if wanted is None or (line is not None and bootcfg.is_numeric(line) and bootcfg.timeout(lines) == wanted):
        return lines
    return _set(lines, "timeout", wanted)


# -- what is never written --------------------------------------------------------------------------------------------


def _refuse_unbootable(current: dict[str, Any], declared: Declared, lines: list[bootcfg.Line]) -> None:
    path = declared.path
    menu = bootcfg.entries(lines)
    size = len(bootcfg.render(lines).encode("utf-8", "surrogateescape"))
    if size > bootcfg.MAX_BYTES:
        raise Refused(f"{path} would have {size} bytes; the loader ignores a file of more than {bootcfg.MAX_BYTES}.")
    if len(menu) > bootcfg.MAX_ENTRIES:
        raise Refused(
            f"{path} would have {len(menu)} entries; the loader shows {bootcfg.MAX_ENTRIES} and drops the rest. "
            "Declare fewer, or other_entries: remove."
        )
    if bootcfg.forces_numbers(lines) and bootcfg.timeout(lines) and len(menu) > bootcfg.MAX_NUMBERED_ENTRIES:
        raise Refused(
            f"{path} would have {len(menu)} entries, but its format line demands numbers, and with those the loader "
            f"shows {bootcfg.MAX_NUMBERED_ENTRIES} only. Remove the format line or declare "
            "fewer entries."
        )
    for keyword in ("timeout", "default"):
        line = bootcfg.last(lines, keyword)
        if not bootcfg.is_numeric(line):
            raise Refused(
                f"{path} says {line.text!r}, which is no number: the loader would "
                f"{'wait for ever' if keyword == 'timeout' else 'take the first entry'}. Declare a {keyword}."
            )
    _refuse_missing_files(current, declared, lines)


def _refuse_missing_files(current: dict[str, Any], declared: Declared, lines: list[bootcfg.Line]) -> None:
    menu = bootcfg.entries(lines)
    index = bootcfg.default_index(lines)
    must_boot = [wanted.entry for wanted in declared.entries]
    if index is not None:
        must_boot.append(menu[index])
    for entry in must_boot:
        for path in bootcfg.files(entry):
            if not _exists(current, declared, path):
                raise Refused(
                    f"Boot entry {entry.text!r} of {declared.path} names {path}, which is missing, empty or not a "
                    "file. The loader would come back to the menu for ever. Install it first."
                )
    natives = [path for path in map(bootcfg.native_kernel, menu) if path is not None]
    if not any(_exists(current, declared, path) for path in natives):
        raise Refused(
            f"{declared.path} would have no entry that boots a native kernel "
            f"({', '.join(natives) or 'none is named'}), so "
            "that a Xen which does not come up leaves no way back. Declare one, for example kernel: /netbsd without a "
            "hypervisor."
        )


def _exists(current: dict[str, Any], declared: Declared, path: str) -> bool:
    if path in declared.assume_files or path in current["files"]:
        return True
    if path not in current["looked_at"] and path.count("/") > 1:
        raise NotRead(f"{path} was not looked at")
    return False


# -- words ------------------------------------------------------------------------------------------------------------


def _warnings(declared: Declared, lines: list[bootcfg.Line]) -> list[str]:
    found = []
    for entry in bootcfg.entries(lines):
        for command in entry.commands:
            if len(command) > bootcfg.MAX_COMMAND:
                found.append(
                    f"{declared.path}, entry {entry.text!r}: the command {command.split()[0]} has {len(command)} "
                    f"characters; the loader's buffer holds {bootcfg.MAX_COMMAND} and is not checked."
                )
    if bootcfg.timeout(lines) == 0:
        found.append(f"{declared.path}: with timeout 0 nobody can choose another entry at the console.")
    return found


def _change(
    path: str, before: str | None, after: str, old: list[bootcfg.Line], new: list[bootcfg.Line]
) -> Change:
    return Change(
        resource=NAME,
        thing=path,
        action="write",
        summary="; ".join(_differences(old, new)),
        before=None if before is None else printable(before),
        after=printable(after),
        data=after,
    )


def _differences(old: list[bootcfg.Line], new: list[bootcfg.Line]) -> list[str]:
    """What differs between two menus, in words."""
    before = {entry.text: entry.commands for entry in bootcfg.entries(old)}
    after = {entry.text: entry.commands for entry in bootcfg.entries(new)}
    words = [f"add entry {name}" for name in after if name not in before]
    words += [f"change entry {name}" for name in after if name in before and before[name] != after[name]]
    words += [f"remove entry {name}" for name in before if name not in after]
    if _default_name(old) != _default_name(new):
        words.append(f"default was {_default_name(old)}, becomes {_default_name(new)}")
    if bootcfg.timeout(old) != bootcfg.timeout(new):
        words.append(f"timeout was {_seconds(bootcfg.timeout(old))}, becomes {_seconds(bootcfg.timeout(new))}")
    return words or ["put the entries into the declared order"]


def _default_name(lines: list[bootcfg.Line]) -> str:
    index = bootcfg.default_index(lines)
    return "nothing" if index is None else bootcfg.entries(lines)[index].text


def _seconds(timeout: int | None) -> str:
    return "to wait for ever" if timeout is None else f"{timeout} s"


# -- apply ------------------------------------------------------------------------------------------------------------


def apply(host: Host, change: Change) -> None:
    """Write the file; the first one ever found stays as PATH.orig, the last one as PATH.prev."""
    host.write_text(change.thing, change.data, mode=0o644, backup=True)
