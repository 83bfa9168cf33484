# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Entries of a boot menu as they are declared, the same for NetBSD's loader and for GRUB, and what all menus promise:
no entry names a file that is missing, and one of them boots without Xen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..._change import LIMIT, NotRead, Refused
from ..._host import Host
from . import consoles, loaders
from .arguments import KINDS

ARGUMENTS: dict[str, Any] = {
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
            "fallback": {"type": "str"},
            "console": {"type": "str", "choices": list(loaders.CONSOLES)},
            "optional": {"type": "bool", "default": False},
            "adopt": {"type": "list", "elements": "str", "choices": list(KINDS)},
            "commands": {"type": "list", "elements": "str"},
        },
    },
    "default": {"type": "str"},
    "timeout": {"type": "int"},
    "other_entries": {"type": "str", "choices": ["keep", "remove"], "default": "keep"},
    "absent_entries": {"type": "list", "elements": "str", "default": []},
    "assume_files": {"type": "list", "elements": "str", "default": []},
    **consoles.ARGUMENTS,
    **LIMIT,
}

# The dom0 kernel reads no more of its command line (NetBSD sys/arch/xen/xen/xen_machdep.c).
MAX_DOM0_ARGUMENTS = 255
MAX_TIMEOUT = 3600
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SHAPE = ("kernel", "args", "hypervisor", "hypervisor_args", "fallback", "console")


@dataclass(frozen=True)
class Entry:
    """A declared entry: a kernel, a hypervisor with a dom0 kernel, or the loader's own ``commands``.

    Arguments have single blanks between them, because the dom0 kernel takes no others. ``fallback`` is a native kernel
    to boot if a file is missing. ``console`` is what a native kernel has as its console, where the loader tells it one.
    An ``optional`` entry is left out while a file of it is missing. ``adopt`` are the kinds of arguments that the entry
    in use gives to this one (see ``adopted``).
    """

    name: str
    kernel: str = ""
    args: str = ""
    hypervisor: str = ""
    hypervisor_args: str = ""
    fallback: str = ""
    console: str = ""
    optional: bool = False
    commands: tuple[str, ...] = ()
    adopt: frozenset[str] = frozenset()

    @property
    def native(self) -> bool:
        return bool(self.kernel) and not self.hypervisor


@dataclass(frozen=True)
class Menu:
    """What is declared of a menu. ``path`` is empty for the one that the loader reads; ``default`` names an entry;
    ``timeout`` is in seconds; None leaves either alone. ``absent`` are the names of entries that must not be there;
    ``console`` is the loader's own."""

    path: str
    entries: tuple[Entry, ...]
    default: str | None
    timeout: int | None
    keep_others: bool
    assume_files: frozenset[str]
    absent: frozenset[str] = frozenset()
    console: consoles.Console = consoles.LEFT_ALONE

    @property
    def names(self) -> set[str]:
        """The names that are ours to say something about: what has one of them in the menu is declared, or goes."""
        return {entry.name for entry in self.entries} | self.absent


# -- declared ---------------------------------------------------------------------------------------------------------


def declare(params: dict[str, Any]) -> Menu:
    """The wanted menu. Raises Refused for what no loader could read."""
    entries = tuple(_entry(spec) for spec in params["entries"])
    _refuse_twins(entries)
    absent = frozenset(params.get("absent_entries") or ())
    for entry in entries:
        if entry.name in absent:
            raise Refused(f"Boot entry {entry.name!r} is declared, and in absent_entries as well.")
    path = params.get("path") or ""
    if path and not path.startswith("/"):
        raise Refused(f"path is {path!r}; it must be absolute.")
    timeout = params.get("timeout")
    if timeout is not None and not 0 <= timeout <= MAX_TIMEOUT:
        raise Refused(f"timeout is {timeout}; allowed is 0 to {MAX_TIMEOUT} seconds.")
    return Menu(
        path=path,
        entries=entries,
        default=params.get("default"),
        timeout=timeout,
        keep_others=params["other_entries"] == "keep",
        assume_files=frozenset(params["assume_files"]),
        absent=absent,
        console=consoles.declare(params),
    )


def _entry(spec: dict[str, Any]) -> Entry:
    name = spec["name"]
    if not name.strip() or name != name.strip():
        raise Refused(f"Boot entry {name!r}: a name needs text, and no blanks at its ends.")
    refuse_unwritable(name, "its name", name)
    _refuse_shapeless(name, spec)
    entry = Entry(
        name=name,
        kernel=_path(name, spec.get("kernel")),
        args=_words(name, spec.get("args")),
        hypervisor=_path(name, spec.get("hypervisor")),
        hypervisor_args=_words(name, spec.get("hypervisor_args")),
        fallback=_path(name, spec.get("fallback")),
        console=spec.get("console") or "",
        optional=bool(spec.get("optional")),
        commands=tuple(_command(name, text) for text in spec.get("commands") or ()),
        adopt=frozenset(spec.get("adopt") or ()),
    )
    if entry.hypervisor:
        refuse_long_arguments(name, entry.args)
    return entry


def refuse_long_arguments(name: str, arguments: str) -> None:
    """Raise Refused for more than the dom0 kernel reads."""
    if len(arguments) > MAX_DOM0_ARGUMENTS:
        raise Refused(
            f"Boot entry {name!r}: the dom0 kernel's arguments have {len(arguments)} characters; it reads the first "
            f"{MAX_DOM0_ARGUMENTS} only."
        )


def _refuse_shapeless(name: str, spec: dict[str, Any]) -> None:
    shape = [key for key in _SHAPE if spec.get(key)]
    if spec.get("commands") is not None:
        if shape:
            raise Refused(f"Boot entry {name!r}: it has both commands and {', '.join(shape)}; give one or the other.")
        if not spec["commands"]:
            raise Refused(f"Boot entry {name!r}: its commands are empty.")
        return
    if not spec.get("kernel"):
        raise Refused(f"Boot entry {name!r}: it needs a kernel (with a hypervisor for Xen) or commands.")
    if spec.get("hypervisor_args") and not spec.get("hypervisor"):
        raise Refused(f"Boot entry {name!r}: hypervisor_args is given without a hypervisor.")


def _path(name: str, path: str | None) -> str:
    """A file's path. It is one word on the loader's command line."""
    if path and len(path.split()) != 1:
        raise Refused(f"Boot entry {name!r}: the file {path!r} has a blank in its name, where the loader ends it.")
    refuse_unwritable(name, "a file", path or "")
    return path or ""


def _words(name: str, arguments: str | None) -> str:
    text = " ".join((arguments or "").split())
    refuse_unwritable(name, "an argument", text)
    return text


def _command(name: str, text: str) -> str:
    if not text.strip():
        raise Refused(f"Boot entry {name!r}: a command is empty.")
    refuse_unwritable(name, "a command", text)
    return text.strip()


def command(*words: str) -> str:
    """A line for a loader from those words that are not empty."""
    return " ".join(word for word in words if word)


def refuse_unwritable(name: str, what: str, text: str) -> None:
    """Raise Refused for a control character, which would end a line of the menu or worse."""
    if _CONTROL.search(text):
        raise Refused(f"Boot entry {name!r}: {what} holds a newline or another control character: {text!r}.")


def refuse_characters(entry: Entry, characters: str, why: str) -> None:
    """Raise Refused for an entry that holds what ``why`` says this loader can't read."""
    texts = (entry.name, entry.kernel, entry.args, entry.hypervisor, entry.hypervisor_args, entry.fallback)
    for text in (*texts, *entry.commands):
        bad = next((character for character in characters if character in text), None)
        if bad is not None:
            raise Refused(f"Boot entry {entry.name!r}: {text!r} holds {bad!r}, {why}.")


def _refuse_twins(entries: Iterable[Entry]) -> None:
    names = [entry.name for entry in entries]
    for name in names:
        if names.count(name) > 1:
            raise Refused(f"Boot entry {name!r} is declared {names.count(name)} times; each name can be used once.")


# -- files ------------------------------------------------------------------------------------------------------------


def look_at(host: Host, named: Iterable[str]) -> dict[str, Any]:
    """Which files can be booted.

    ``files`` holds the regular, non-empty ones, ``identities`` what each of them is under any name; ``looked_at`` all
    that were looked for. The regular files of / are always among them, so that a plan can be made for what was not yet
    declared.
    """
    names = {"/" + name for name in host.list_dir("/")} | set(named)
    seen = {name: host.stat(name) for name in sorted(names)}
    there = {name: found for name, found in seen.items() if found and found.kind == "file" and found.size > 0}
    identities = {name: f"{found.device}/{found.inode}" for name, found in there.items()}
    return {"files": list(there), "identities": identities, "looked_at": list(seen)}


def exists(current: dict[str, Any], assumed: Iterable[str], path: str) -> bool:
    """True if a file can be booted, or will be there by then. Raises NotRead if nobody looked."""
    if path in assumed or path in current["files"]:
        return True
    if path not in current["looked_at"] and path.count("/") > 1:
        raise NotRead(f"{path} was not looked at")
    return False


def refuse_missing(current: dict[str, Any], menu: Menu, name: str, files: Iterable[str]) -> None:
    """Raise Refused if an entry names a file that can't be booted."""
    for path in files:
        if not exists(current, menu.assume_files, path):
            raise Refused(
                f"Boot entry {name!r} of {menu.path} names {path}, which is missing, empty or not a file. The loader "
                "would come back to the menu for ever. Install it first."
            )


def refuse_disguised(current: dict[str, Any], menu: Menu) -> None:
    """Raise Refused for an entry that is to boot without Xen, or falls back to that, with a kernel that is the dom0
    kernel under another name: a link that leads to it, say. It does not run without a hypervisor."""
    for entry in menu.entries:
        for path in (entry.kernel if entry.native else "", entry.fallback):
            if path and _is_disguised(current, menu, path):
                raise Refused(
                    f"Boot entry {entry.name!r} of {menu.path}: {path} is a Xen kernel under another name, which does "
                    "not boot without a hypervisor. Name the native kernel's own file (bootloader_native_kernel)."
                )


def _is_disguised(current: dict[str, Any], menu: Menu, path: str) -> bool:
    """Whether a file is one whose name says Xen, or one that is declared for a hypervisor."""
    identities = current.get("identities", {})
    declared = {entry.kernel for entry in menu.entries if entry.hypervisor}
    for_xen = {found for name, found in identities.items() if "XEN3" in name.rsplit("/", 1)[-1] or name in declared}
    return identities.get(path) in for_xen


def refuse_without_native(current: dict[str, Any], menu: Menu, natives: list[str]) -> None:
    """Raise Refused unless one of the kernels that the menu boots without Xen is there, and is no Xen kernel."""
    if not any(exists(current, menu.assume_files, path) and not _is_disguised(current, menu, path) for path in natives):
        raise Refused(
            f"{menu.path} would have no entry that boots a native kernel ({', '.join(natives) or 'none is named'}), so "
            "that a Xen which does not come up leaves no way back. Declare one, for example kernel: /netbsd without a "
            "hypervisor."
        )


def default_name(menu: Menu, names: list[str]) -> str | None:
    """The declared default; None if none is. Raises Refused if the menu will have no entry of that name."""
    if menu.default is not None and menu.default not in names:
        left_out = " It is optional, and a file of it is missing." if menu.default in _optional(menu) else ""
        raise Refused(
            f"default is {menu.default!r}, but no entry of {menu.path} will have that name; "
            f"there will be: {', '.join(names) or 'none'}.{left_out}"
        )
    return menu.default


def _optional(menu: Menu) -> list[str]:
    return [entry.name for entry in menu.entries if entry.optional]


# -- words ------------------------------------------------------------------------------------------------------------


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What differs between two menus, in words; each is a dictionary from an entry's name to what it does."""
    words = [f"add entry {name}" for name in after if name not in before]
    words += [f"change entry {name}" for name in after if name in before and before[name] != after[name]]
    return words + [f"remove entry {name}" for name in before if name not in after]


def seconds(timeout: int | None) -> str:
    return "to wait for ever" if timeout is None else f"{timeout} s"
