# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables' values, worked out once and as plain data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ansible.errors import AnsibleError

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused, XenError
from ansible_collections.netbsd.xen.plugins.plugin_utils._role_files import role_files
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import every
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Variables

# How a template begins. "#jinja2:" may give it other marks.
_MARKS = ("{{", "{%", "{#", "#jinja2:")
# A default that is worked out by the tables of the roles: there it takes no template.
_ROLE_VALUE = re.compile(r"\{\{ lookup\('netbsd\.xen\.role_value', '([\w.]+)'\) \}\}")

# What many defaults are: another variable, and perhaps what is meant where that is undefined.
_REFERENCE = re.compile(r"\{\{ (\w+)(?: \| default\('([^'\\]*)'\))? \}\}")


def worked_out(templar: Any, value: Any) -> Any:
    """A variable's value as nothing but dictionaries, lists and scalars."""
    return _plain(value if _is_constant(value) else templar.template(value))


def _is_constant(value: Any) -> bool:
    """Whether nothing in it is a template. A rack has thousands of guests of whom hardly a word is one."""
    if isinstance(value, str):
        return not any(mark in value for mark in _MARKS)
    if isinstance(value, dict):
        return all(map(_is_constant, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_is_constant, value))
    return value is None or isinstance(value, (int, float))


def _plain(value: Any) -> Any:
    """Without lazy containers, and without notes on where a text came from, which take long to copy."""
    if isinstance(value, dict):
        return {_plain(key) if isinstance(key, str) else str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(value)
    return float(value) if isinstance(value, float) else value


def of_roles(loader: Any) -> dict[str, Any]:
    """What all roles have for variables; what their defaults are made from stands in their vars."""
    return {**role_files(loader, "vars/main.yml"), **role_files(loader, "defaults/main.yml")}


def seen_by_roles(roles: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A host's variables with those of all roles, as their tasks have them."""
    return {**roles, **{name: value for name, value in own.items() if value is not None or name not in roles}}


class Templated(Mapping[str, Any]):
    """A host's variables, each templated when it is asked for, and then kept. One without a value counts as not given:
    what the role has by default stands in for it. Raises NotRead or Refused for a default that the roles' tables can't
    work out, AnsibleError for any other. ``known`` are the same variables before the machine was looked at; ``roles``
    is what the roles have for variables, of which most is worked out without a template. ``empty`` are those of the
    variables that were asked for whose template came to no value."""

    def __init__(
        self,
        templar: Any,
        variables: Mapping[str, Any],
        loader: Any,
        known: Templated | None = None,
        roles: Mapping[str, Any] | None = None,
    ) -> None:
        self._templar, self._variables, self._loader = templar, variables, loader
        self._roles = roles or {}
        # What is no template is the same whatever else is known.
        self._constant: dict[str, Any] = known._constant if known else {}
        self._known: dict[str, Any] = {}
        self.empty: set[str] = set()

    def __getitem__(self, key: str) -> Any:
        if key in self._constant:
            return self._constant[key]
        if key not in self._known:
            given = self._variables[key]
            if given is not None and _is_constant(given):
                self._constant[key] = _plain(given)
                return self._constant[key]
            value = self._referred(given) if given is not None and given is self._roles.get(key) else None
            if value is None:
                value = self._worked_out(given)
            if value is None:
                self.empty.add(key)
                value = self._worked_out(role_files(self._loader, "defaults/main.yml", role=key.split("_")[0]).get(key))
            self._known[key] = value
        return self._known[key]

    def _worked_out(self, value: Any) -> Any:
        found = _ROLE_VALUE.fullmatch(value) if isinstance(value, str) else None
        if not found:
            return worked_out(self._templar, value)
        try:
            return every.find(found[1])(Variables(self))
        except (AnsibleError, XenError):
            raise
        except Exception as error:
            # As a template that fails: what it is made from may be of the wrong kind, which its own check tells better.
            raise Refused(f"what it is made from is wrong ({error})") from error

    def _referred(self, text: Any) -> Any:
        """What a role's own text comes to that does nothing but name other variables: to compile a template takes a
        millisecond or two, on each host, and there are a dozen of these. None for any other text, and where only
        Ansible can tell what comes of it."""
        if not isinstance(text, str) or not _is_constant(_REFERENCE.sub("", text)):
            return None
        try:
            values = [self[name] if name in self._variables else default for name, default in _findings(text)]
        except (AnsibleError, XenError):
            return None
        if len(values) == 1 and _REFERENCE.fullmatch(text):
            return values[0]
        if not values or not all(isinstance(value, str) for value in values):
            return None
        return _REFERENCE.sub(lambda _found: str(values.pop(0)), text)

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)


def _findings(text: str) -> list[tuple[str, str | None]]:
    """The variables that a text names, with their values where they are undefined."""
    return [(found[1], found[2]) for found in _REFERENCE.finditer(text)]
