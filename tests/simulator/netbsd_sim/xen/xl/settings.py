# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The settings of a parsed file, read with the warnings that xl prints (Xen's tools/libs/util/libxlu_cfg.c)."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from . import cnumbers, xlcfg

Report = Callable[[str], None]


class ConfigRefused(Exception):
    """xl exits with this status; what is wrong has been reported."""

    def __init__(self, rc: int = 1) -> None:
        super().__init__(rc)
        self.rc = rc


@dataclass
class Reader:
    """``source`` is the file's name in messages. Each getter returns None for what is not set or of another kind."""

    settings: dict[str, xlcfg.Setting]
    source: str
    report: Report

    def warn(self, name: str, message: str) -> None:
        self.report(f"{self.source}:{self.settings[name].line}: warning: {message}\n")

    def refuse(self, message: str = "", rc: int = 1) -> NoReturn:
        """End xl, with a line unless there is no message."""
        if message:
            self.report(message + "\n")
        raise ConfigRefused(rc)

    def string(self, name: str, quiet: bool = False) -> str | None:
        setting = self.settings.get(name)
        if setting is None:
            return None
        if isinstance(setting.value, list):
            if not quiet:
                self.warn(name, f"parameter `{name}' is a list but should be a single value")
            return None
        return setting.value

    def number(self, name: str, quiet: bool = False) -> int | None:
        """A decimal, 0x hexadecimal or 0 octal number (record create_bad_memory)."""
        text = self.string(name, quiet)
        if text is None:
            return None
        number, wrong = self._long(name, text)
        if wrong and not quiet:
            self.warn(name, wrong)
        return None if wrong else number

    def _long(self, name: str, text: str) -> tuple[int, str]:
        if self.settings[name].added:
            return 0, f"can't use += with numbers for parameter `{name}'"
        number, length = cnumbers.leading(text, 0)
        if not -cnumbers.LONG_MAX - 1 <= number <= cnumbers.LONG_MAX:
            return 0, f"parameter `{name}' could not be parsed as a number: Numerical result out of range"
        if length == 0 or length != len(text):
            return 0, f"parameter `{name}' is not a valid number"
        return number, ""

    def flag(self, name: str, quiet: bool = False) -> str | None:
        """A number as libxl's boolean with default: "True", "False"."""
        number = self.number(name, quiet)
        return None if number is None else str(number != 0)

    def items(self, name: str, quiet: bool = False) -> list[Any] | None:
        """A list with whatever is in it."""
        setting = self.settings.get(name)
        if setting is None:
            return None
        if not isinstance(setting.value, list):
            if not quiet:
                self.warn(name, f"parameter `{name}' is a single value but should be a list")
            return None
        return setting.value

    def strings(self, name: str, quiet: bool = False) -> list[str] | None:
        """The leading strings of a list: xl stops at the first entry that is a list."""
        values = self.items(name, quiet)
        if values is None:
            return None
        found: list[str] = []
        for value in values:
            if not isinstance(value, str):
                break
            found.append(value)
        return found
