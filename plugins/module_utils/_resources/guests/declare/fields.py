# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Reading a dictionary of the inventory key by key, with a line for everything that is wrong with it."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from typing import Any

from ...._formats import units
from ...._formats.text import unknown_key

MIN_MEMORY, MAX_MEMORY = 16, 1 << 24

_INTEGER = re.compile(r"-?[0-9]{1,9}\Z")
_TRUE, _FALSE = ("yes", "on", "true", "1"), ("no", "off", "false", "0")


class Fields:
    """A dictionary from the inventory, read key by key; whatever is wrong is noted with where, key, value and what is
    allowed, and a harmless value stands in for it."""

    def __init__(self, where: str, values: dict[str, Any]) -> None:
        self.where = where
        self.values = values
        self.problems: list[str] = []

    def problem(self, text: str) -> None:
        self.problems.append(f"{self.where}: {text}")

    def wrong(self, key: str, value: object, allowed: str) -> None:
        self.problem(f"{key} is {value!r}; allowed is {allowed}")

    def adopt(self, parts: Iterable[Fields]) -> None:
        for part in parts:
            self.problems += part.problems

    def only(self, known: Iterable[str]) -> None:
        names = list(known)
        for key in self.values:
            if key not in names:
                self.problem(unknown_key(key, names))

    def text(self, key: str, default: str = "") -> str:
        value = self.values.get(key, default)
        if isinstance(value, (int, str)) and not isinstance(value, bool):
            text = str(value)
            if not any(ord(character) < 32 or ord(character) == 127 for character in text):
                return text
        self.wrong(key, value, "text of one line")
        return default

    def word(self, key: str, default: str = "") -> str:
        """Text that goes into a list with commas."""
        text = self.text(key, default)
        if "," in text:
            self.wrong(key, text, "text without a comma")
            return default
        return text

    def path(self, key: str, needed: bool = False) -> str:
        if self.values.get(key) is None:
            if needed:
                self.problem(f"{key} is missing; allowed is an absolute path without '..'")
            return ""
        told = len(self.problems)
        path = self.text(key)
        if (not path and not needed) or len(self.problems) > told:
            return ""
        if not path.startswith("/") or ".." in path.split("/"):
            self.wrong(key, path, "an absolute path without '..'")
            return ""
        return posixpath.normpath("/" + path.lstrip("/"))

    def integer(self, key: str, default: int, least: int, most: int) -> int:
        found = self.optional_integer(key, least, most)
        return default if found is None else found

    def optional_integer(self, key: str, least: int, most: int) -> int | None:
        """A whole number, or None where none is given."""
        if key not in self.values:
            return None
        value = self.values[key]
        text = str(value).strip()
        if not isinstance(value, bool) and _INTEGER.match(text) and least <= int(text) <= most:
            return int(text)
        self.wrong(key, value, f"a whole number from {least} to {most}")
        return None

    def memory(self, key: str, default: int) -> int:
        if key not in self.values:
            return default
        value = self.values[key]
        try:
            found = units.mebibytes(value)
        except ValueError:
            found = 0
        if MIN_MEMORY <= found <= MAX_MEMORY:
            return found
        self.wrong(key, value, f"a number of MiB from {MIN_MEMORY}, or a text like 512M or 1G")
        return default

    def size(self, key: str) -> int | None:
        if key not in self.values:
            return None
        try:
            return units.size_bytes(self.values[key])
        except ValueError:
            self.wrong(key, self.values[key], "a size with a unit, for example 500M or 10G")
            return None

    def flag(self, key: str, default: bool) -> bool:
        found = self.optional_flag(key)
        return default if found is None else found

    def optional_flag(self, key: str) -> bool | None:
        """True or false, or None where neither is given."""
        if key not in self.values:
            return None
        value = self.values[key]
        if isinstance(value, bool):
            return value
        word = str(value).lower()
        if word not in _TRUE + _FALSE:
            self.wrong(key, value, "true or false")
        return word in _TRUE

    def choice(self, key: str, default: str, allowed: tuple[str, ...]) -> str:
        return default if key not in self.values else self.choice_of(key, self.values[key], allowed, default)

    def choice_of(self, key: str, value: object, allowed: tuple[str, ...], default: str = "") -> str:
        if value in allowed:
            return str(value)
        self.wrong(key, value, listed(allowed))
        return default

    def texts(self, key: str, what: str) -> tuple[str, ...]:
        """A list of texts, which may be given as the only one; a number counts as its text."""
        value = self.values.get(key, [])
        items = value if isinstance(value, list) else [value]
        if any(isinstance(item, bool) or not isinstance(item, (int, str)) for item in items):
            self.wrong(key, value, f"{what}, or a list of them")
            return ()
        return tuple(str(item).strip() for item in items)

    def items(self, key: str, main: str, known: tuple[str, ...]) -> list[tuple[int, dict[str, Any]]]:
        """A list whose items are dictionaries, or in short form the text of their main key; numbered from 0."""
        value = self.values.get(key, [])
        if not isinstance(value, list):
            one = "; put it into a list, with a dash before it" if isinstance(value, (dict, str)) else ""
            self.wrong(key, value, f"a list of {main}s or of dictionaries with {', '.join(known)}{one}")
            return []
        found = []
        for number, item in enumerate(value):
            entry = {main: item} if isinstance(item, str) else item
            if not isinstance(entry, dict):
                self.problem(
                    f"{key}: item {number} is {item!r}; allowed is a {main} or a dictionary with {', '.join(known)}"
                )
                continue
            part = Fields(f"{self.where}: {singular(key)} {number}", entry)
            part.only(known)
            self.adopt([part])
            found.append((number, {name: content for name, content in entry.items() if content is not None}))
        return found

    def parts(self, key: str, main: str, known: tuple[str, ...]) -> list[Fields]:
        """The items of such a list, to be read key by key; the caller adopts their problems."""
        return [
            Fields(f"{self.where}: {singular(key)} {number}", entry) for number, entry in self.items(key, main, known)
        ]

    def part(self, key: str, known: tuple[str, ...]) -> Fields | None:
        """A dictionary within this one, to be read key by key, or None if there is none; the caller adopts its
        problems."""
        value = self.values.get(key)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(key, value, f"a dictionary with {', '.join(known)}")
            return None
        part = Fields(f"{self.where}: {key}", {name: content for name, content in value.items() if content is not None})
        part.only(known)
        return part


def singular(key: str) -> str:
    """disks: disk, nics: nic, pci: pci."""
    return key[:-1] if key.endswith("s") else key


def listed(allowed: Iterable[str]) -> str:
    """a, b or c."""
    names = list(allowed)
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
