# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""GRUB 2 on a BIOS machine: what it does with grub.cfg at a boot.

Its directory is taken to be /grub, because /boot is NetBSD's loader and configure guesses the boot directory's name by
the system (--with-bootdir); pkgsrc's Makefile gives none.
Sources: GNU GRUB 2 grub-core/normal/{main,menu}.c (default, fallback, timeout), commands/{loadenv,test}.c,
loader/multiboot.c, loader/i386/bsd.c, the manual. A command that fails says so, and the next one runs.

Xen takes the command lines as they are: it drops a first word only for loaders that put the file's name there, and
GRUB 2 does not (xen/arch/x86/setup.c, cmdline_cook).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from ..core import images
from . import grub_env, grub_script, netbsd_boot, startup, terminals
from .grub_script import Command, If, Node, ScriptError
from .startup import BootDisk, Started

CONFIG = "/grub/grub.cfg"
CORE = "/grub/i386-pc/normal.mod"
_ROOTS = ("hd0,msdos1,netbsd1", "hd0,netbsd1", "hd0,msdos1,bsd1", "hd0,bsd1")
_WITHOUT_EFFECT = {"insmod", "search", "export", "echo", "serial", "terminal_input", "terminal_output", "terminal",
                   "loadfont", "gfxmode", "sleep", "clear", "true", "recordfail", "videoinfo", "background_color", ":"}
_FEATURES = ("feature_menuentry_id", "feature_timeout_style", "feature_platform_search_hint",
             "feature_default_font_path", "feature_all_video_module", "feature_chainloader_bpb", "feature_ntldr")


@dataclass
class _Entry:
    title: str
    id: str
    body: list[Node]


@dataclass
class _Shell:
    """GRUB's variables, menu, and what is loaded."""

    disk: BootDisk
    variables: dict[str, str] = field(default_factory=dict)
    entries: list[_Entry] = field(default_factory=list)
    functions: dict[str, list[Node]] = field(default_factory=dict)
    kernel: tuple[str, images.Image, str] | None = None
    modules: list[tuple[str, images.Image | None, str]] = field(default_factory=list)
    chainload: bool = False
    booted: Started | None = None
    said: list[str] = field(default_factory=list)

    def run(self, nodes: list[Node]) -> bool:
        """Run commands one after the other. Returns whether the last one went well."""
        fine = True
        for node in nodes:
            if self.booted:
                return fine
            fine = self.choose(node) if isinstance(node, If) else self.call(node)
        return fine

    def choose(self, node: If) -> bool:
        for test, body in node.branches:
            if not test or self.run(test):
                return self.run(body)
        return True

    def call(self, node: Command) -> bool:
        words = [word for word in (grub_script.expand(text, self.variables) for text in node.words) if word is not None]
        if not words:
            return True
        if words[0] == "!":
            return not self.call(Command(node.words[1:], node.line))
        if words[0] in ("menuentry", "function"):
            return self.define(words, node)
        assignment = re.fullmatch(r"(\w+)=(.*)", words[0], re.DOTALL)
        if assignment:
            self.variables[assignment[1]] = assignment[2]
            return True
        if words[0] in self.functions:
            return self.run(self.functions[words[0]])
        if words[0] in _WITHOUT_EFFECT:
            return True
        if words[0] not in _COMMANDS:
            raise ScriptError(node.line, f"{words[0]}: not simulated")
        problem = _COMMANDS[words[0]](self, words[1:])
        if problem:
            self.said.append(f"error: {problem}.")
        return problem is None

    def define(self, words: list[str], node: Command) -> bool:
        body = node.body or []
        if words[0] == "function":
            self.functions[words[1]] = body
            return True
        title, ident, rest = "", "", words[1:]
        while rest:
            word = rest.pop(0)
            if word in ("--class", "--users", "--hotkey", "--id"):
                value = rest.pop(0) if rest else ""
                ident = value if word == "--id" else ident
            elif word != "--unrestricted" and not title:
                title = word
        self.entries.append(_Entry(title, ident or title, body))
        return True


# --- commands: None when it went well, else GRUB's message. A false test is the empty message. ------------------------


def _set(shell: _Shell, words: list[str]) -> str | None:
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            shell.variables[name] = value
    return None


def _unset(shell: _Shell, words: list[str]) -> str | None:
    for word in words:
        shell.variables.pop(word, None)
    return None


def _load_env(shell: _Shell, words: list[str]) -> str | None:
    try:
        variables = grub_env.read(_env_file(shell))
    except grub_env.EnvError as error:
        return str(error)
    wanted = [word for word in words if not word.startswith("-")]
    shell.variables.update({name: value for name, value in variables.items() if not wanted or name in wanted})
    return None


def _save_env(shell: _Shell, words: list[str]) -> str | None:
    """Writes the blocks that the file has."""
    try:
        variables = grub_env.read(_env_file(shell))
        for name in words:
            variables.pop(name, None)
            if name in shell.variables:
                variables[name] = shell.variables[name]
        shell.disk.write(grub_env.FILE, grub_env.render(variables))
    except grub_env.EnvError as error:
        return str(error)
    return None


def _env_file(shell: _Shell) -> bytes:
    content = shell.disk.read(grub_env.FILE)
    if content is None:
        raise grub_env.EnvError(f"file `{grub_env.FILE}' not found")
    return content


def _test(shell: _Shell, words: list[str]) -> str | None:
    words = words[:-1] if words[-1:] == ["]"] else words
    if words[:1] == ["!"]:
        return None if _test(shell, words[1:]) is not None else ""
    if len(words) == 2 and words[0] in ("-e", "-f", "-s"):
        fine = bool(shell.disk.read(_path(shell, words[1]) or ""))
    elif len(words) == 2 and words[0] in ("-n", "-z"):
        fine = bool(words[1]) == (words[0] == "-n")
    elif len(words) == 3 and words[1] in ("=", "==", "!="):
        fine = (words[0] == words[2]) == (words[1] != "!=")
    elif len(words) < 2:
        fine = bool(words and words[0])
    else:
        raise ScriptError(0, f"[ {' '.join(words)} ]: not simulated")
    return None if fine else ""


def _path(shell: _Shell, name: str) -> str | None:
    """The path of a file of the root file system, or None for one of another device."""
    match = re.fullmatch(r"(?:\((.*?)\))?(/.*)", name)
    return match[2] if match and (match[1] or shell.variables.get("root")) in _ROOTS else None


def _multiboot(shell: _Shell, words: list[str]) -> str | None:
    name = words[0] if words else ""
    path = _path(shell, name)
    if path is None or shell.disk.read(path) is None:
        return f"file `{name}' not found"
    image = shell.disk.image(path)
    if image is None or image.kind != "xen":
        return "no multiboot header found"
    shell.kernel, shell.modules, shell.chainload = (path, image, " ".join(words[1:])), [], False
    return None


def _multiboot2(shell: _Shell, words: list[str]) -> str | None:
    image = shell.disk.image(_path(shell, words[0] if words else "") or "")
    if image is not None and image.kind == "xen" and not startup.has_multiboot2(image):
        return "no multiboot header found"
    return _multiboot(shell, words)


def _module(shell: _Shell, words: list[str]) -> str | None:
    words = [word for word in words if word != "--nounzip"]
    if shell.kernel is None or shell.kernel[1].kind != "xen":
        return "you need to load the kernel first"
    name = words[0] if words else ""
    path = _path(shell, name)
    if path is None or shell.disk.read(path) is None:
        return f"file `{name}' not found"
    shell.modules.append((path, shell.disk.image(path), " ".join(words[1:])))
    return None


def _knetbsd(shell: _Shell, words: list[str]) -> str | None:
    options = [word for word in words if word.startswith("-")]
    names = [word for word in words if not word.startswith("-")]
    name = names[0] if names else ""
    path = _path(shell, name)
    if path is None or shell.disk.read(path) is None:
        return f"file `{name}' not found"
    image = shell.disk.image(path)
    if image is None or image.kind != "netbsd":
        return "invalid arch-independent ELF magic"
    shell.kernel, shell.modules, shell.chainload = (path, image, " ".join(options)), [], False
    return None


def _chainloader(shell: _Shell, words: list[str]) -> str | None:
    words = [word for word in words if not word.startswith("-")]
    match = re.fullmatch(r"(?:\((.*?)\))?\+1", words[0] if words else "")
    device = (match[1] or shell.variables.get("root")) if match else None
    if device not in (*_ROOTS, "hd0,msdos1"):
        return "invalid file name" if match is None else f"disk `{device}' has nothing to chain-load"
    shell.chainload, shell.kernel = True, None
    return None


def _boot(shell: _Shell, words: list[str]) -> str | None:
    if shell.chainload:
        shell.booted = netbsd_boot.load(shell.disk)
    elif shell.kernel is None:
        return "you need to load the kernel first"
    else:
        path, image, arguments = shell.kernel
        module = shell.modules[0] if shell.modules else None
        shell.booted = (startup.under_xen(shell.disk.m, path, image, arguments, module) if image.kind == "xen"
                        else startup.native(path, image, arguments))
        # loader/i386/bsd.c, NETBSD_SERIAL_ARG: without it, the screen.
        serial = re.search(r"(?:^| )(?:--serial|-h)(?:=(com[0-3])(?:,\d+)?)?(?= |$)", arguments)
        if image.kind != "xen" and serial:
            shell.booted.console = terminals.port(shell.disk.m, serial[1] or "com0")
    return None


def _false(shell: _Shell, words: list[str]) -> str | None:
    return ""


_COMMANDS: dict[str, Callable[[_Shell, list[str]], str | None]] = {
    "set": _set, "unset": _unset, "load_env": _load_env, "save_env": _save_env, "[": _test, "test": _test,
    "multiboot": _multiboot, "multiboot2": _multiboot2, "module": _module, "module2": _module, "knetbsd": _knetbsd,
    "chainloader": _chainloader, "boot": _boot, "false": _false,
}


# --- the menu --------------------------------------------------------------------------------------------------------


def load(disk: BootDisk) -> Started:
    """What GRUB 2 starts. What the simulator does not understand in grub.cfg ends as down, loudly."""
    if disk.read(CORE) is None:
        return Started(down=f"GRUB 2: at its rescue prompt ({CORE} not found)")
    text = disk.text(CONFIG)
    if text is None:
        return Started(down=f"GRUB 2: at its prompt (no {CONFIG})")
    shell = _Shell(disk, {"root": _ROOTS[0], "prefix": f"({_ROOTS[0]})/grub", "grub_platform": "pc",
                          "grub_cpu": "i386", "config_directory": "/grub", **dict.fromkeys(_FEATURES, "y")})
    try:
        shell.run(grub_script.parse(text))
        return shell.booted or _menu(shell)
    except ScriptError as error:
        return Started(down=f"simulator: {error}")


def _menu(shell: _Shell) -> Started:
    if not shell.entries:
        return Started(down="GRUB 2: at its prompt (grub.cfg has no menu entry)")
    if not shell.variables.get("timeout", "").isdigit():
        return Started(down="GRUB 2 menu: waits for ever for a choice (no timeout)")
    tries = [_number(shell, shell.variables.get("default", "")) or 0]
    tries += [number for number in (_number(shell, word) for word in shell.variables.get("fallback", "").split())
              if number is not None]
    root = shell.variables["root"]
    for number in tries:
        shell.variables["root"] = root
        shell.kernel, shell.modules, shell.chainload = None, [], False
        entry = shell.entries[number]
        shell.variables["chosen"] = entry.title
        shell.run(entry.body)
        # An entry ends with `boot` if anything is loaded (menu.c, grub_menu_execute_entry).
        if not shell.booted and (shell.kernel or shell.chainload):
            _boot(shell, [])
        if shell.booted:
            return shell.booted
    return Started(down=f"GRUB 2 menu: waits for ever after {shell.entries[tries[-1]].title!r}: "
                        f"{' '.join(shell.said) or 'it loads nothing'}")


def _number(shell: _Shell, text: str) -> int | None:
    """An entry by its number, title or id; None if there is none (menu.c, get_entry_number)."""
    if text.isdigit():
        return int(text) if int(text) < len(shell.entries) else None
    return next((index for index, entry in enumerate(shell.entries) if text and text in (entry.title, entry.id)), None)
