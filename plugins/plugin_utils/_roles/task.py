# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task of a role gives to its module, worked out of the variables of a host. Pure.

A role's tasks look it up with ``netbsd.xen.role_value``, and ``netbsd.xen.validate`` declares the very same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Callable, Union

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead

MACHINE = "netbsd_xen_host"


class Variables(Mapping[str, Any]):
    """A host's variables. One that is not defined, or that nothing can be made of, is not known: asking for it raises
    NotRead, and so does asking for the machine before anybody has looked at it."""

    def __init__(self, known: Mapping[str, Any]) -> None:
        self._known = known

    def __getitem__(self, key: str) -> Any:
        try:
            return self._known[key]
        except KeyError:
            raise NotRead(f"{key} is undefined") from None

    def get(self, key: str, default: Any = None) -> Any:
        try:
            return self._known[key]
        except KeyError:
            return default

    def on(self, name: str) -> bool:
        """Whether a variable says yes. One that is not known does not."""
        return bool(boolean(self.get(name, False)))

    @property
    def machine(self) -> Mapping[str, Any]:
        """What ``host_info`` says of the machine, for what can't be told without."""
        machine: Mapping[str, Any] = self[MACHINE]["host"]
        return machine

    @property
    def seen(self) -> Mapping[str, Any]:
        """The same, empty where nobody has looked."""
        return (self.get(MACHINE) or {}).get("host") or {}

    def changed_in_check(self, result: str) -> list[str]:
        """In check mode: the things that the task whose result was registered would have changed."""
        if not self.on("ansible_check_mode"):
            return []
        return [change["thing"] for change in (self.get(result) or {}).get("changes") or []]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


Function = Callable[[Variables], Any]
# The variable whose value an option has, or what works the option out.
Source = Union[str, Function]
# By an option's name.
Sources = Mapping[str, Source]


# What every task gives to its module.
LIMIT = "netbsd_xen_max_impact"
COMMON: Sources = {"max_impact": LIMIT}


def always(_variables: Variables) -> bool:
    return True


def worth(source: Source, variables: Variables) -> Any:
    """What an option has, None where it is not given. Raises NotRead where something is not known."""
    return variables[source] if isinstance(source, str) else source(variables)


@dataclass(frozen=True)
class Task:
    """A task of a role: the resource that its module manages, where each of the module's options comes from, and when
    there is anything to do. ``words`` are what a refusal begins with, ``register`` is the variable that gets its
    result. ``goes_on``: where single things could not be had, the tasks after it run all the same, and tell of them."""

    resource: Any
    words: str
    options: Sources
    when: Callable[[Variables], bool] = always
    register: str = ""
    goes_on: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "options", {**self.options, **COMMON})

    def given(self, variables: Variables) -> dict[str, Any]:
        """All options that are given, without those for which something is not known."""
        found = {}
        for name, source in self.options.items():
            try:
                value = worth(source, variables)
            except NotRead:
                continue
            if value is not None:
                found[name] = value
        return found

    def word(self, options: str) -> str:
        """What a deferred change waits for (``Change.word``), with the role's variables for the module's options."""
        said = [pair.partition(": ") for pair in options.split(", ")] if options else []
        return ", ".join(f"{self._variable(option)}: {value}" for option, _colon, value in said)

    def _variable(self, option: str) -> str:
        source = self.options.get(option)
        return source if isinstance(source, str) else option


def constant(value: Any) -> Function:
    """The source of an option that no variable changes."""
    return lambda _variables: value
