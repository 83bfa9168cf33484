# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a plan is made of: changes, their impact, and the errors that stop one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

# What a change costs the people who use the machine, from nothing to everything.
LIVE = "live"
GUEST_RESTART = "guest_restart"
GUEST_RECREATE = "guest_recreate"
HOST_REBOOT = "host_reboot"
IMPACTS = (LIVE, GUEST_RESTART, GUEST_RECREATE, HOST_REBOOT)
# The option by which an admin sets a limit to that, which every resource's module has.
LIMIT: dict[str, Any] = {"max_impact": {"type": "str", "choices": list(IMPACTS), "default": HOST_REBOOT}}


# What an admin calls the things of a resource, where that is not the resource's own word.
_NOUNS = {"domain": "guest"}


def noun(resource: str) -> str:
    """What an admin calls a thing of this resource."""
    return _NOUNS.get(resource, resource)


class XenError(Exception):
    """Base of every error that an admin may see; the text says what was found and what to do.

    ``details`` go into the module's result beside the message (for example the command that failed).
    """

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.details = details


class Refused(XenError):
    """What was asked for is wrong or unsafe; nothing was touched."""


class CommandFailed(XenError):
    """A command on the machine failed, or did not end in time; ``printed`` is what it had printed until then."""

    printed = ""


class NotRead(XenError):
    """A plan needs something that was not looked at; whoever planned must look again, at the machine itself.

    ``reading`` names the reading that brings it, if the resource has one for it (see ``_engine``).
    """

    def __init__(self, message: str, reading: str = "") -> None:
        super().__init__(message)
        self.reading = reading


def above(impact: str, limit: str) -> bool:
    """Whether an impact costs more than the limit allows."""
    return IMPACTS.index(impact) > IMPACTS.index(limit)


def limit_word(impact: str) -> str:
    """What the admin has to say before a change of this impact is done, where the limit is below it."""
    return f"max_impact: {impact}"


@dataclass(frozen=True)
class Change:
    """One thing to be done to one resource.

    ``thing`` is what the admin calls it (``bridge0``, ``web1``, ``/boot.cfg``); ``action`` is the word that the
    resource's ``apply`` knows it by. ``before`` and ``after`` are plain data or text, shown in diff mode, and never
    hold a secret. ``needs`` are things whose failure stops this change. ``word`` is what the admin has to say before a
    deferred change is done, as options of its module (``restart_policy: if_needed``), with commas between several;
    empty for what is done. ``data`` is what ``apply`` needs and nobody is shown: of a guest the act itself, of which
    ``action`` is the type (see ``_resources/guests/apply/act.py``).
    """

    resource: str
    thing: str
    action: str
    summary: str
    before: Any = None
    after: Any = None
    impact: str = LIVE
    word: str = ""
    needs: tuple[str, ...] = field(default=(), compare=False)
    data: Any = field(default=None, repr=False, compare=False)

    def report(self) -> dict[str, Any]:
        """The change as a module returns it, with ``word`` if it waits for one."""
        found = {
            "resource": self.resource,
            "thing": self.thing,
            "summary": self.summary,
            "impact": self.impact,
            "before": self.before,
            "after": self.after,
        }
        return {**found, "word": self.word} if self.word else found

    def waits(self) -> str:
        """What is said of it in every run, until the admin lets it be done."""
        return f"{self._name} was left as it is; with {self.word} a run does this: {self.summary}"

    @property
    def _name(self) -> str:
        return f"{noun(self.resource)} {self.thing}"

    def diff(self) -> dict[str, Any]:
        """The change as Ansible's diff mode prints it."""
        header = f"{self._name} ({self.impact}): {self.summary}"
        return {
            "before_header": header,
            "after_header": header,
            "before": _diff_side(self.before),
            "after": _diff_side(self.after),
        }


def _diff_side(value: Any) -> str:
    """A value as the lines of a diff, text always: Ansible takes nothing else apart (CallbackBase._get_diff), remarks
    on a last line without newline, and would show an entry as changed because of the comma behind it."""
    if isinstance(value, str):
        text = value
    else:
        text = "\n".join(_lines(value))
    return text if text.endswith("\n") or not text else text + "\n"


def _lines(value: Any) -> list[str]:
    if value is None or value == "":
        return []
    if isinstance(value, dict):
        return [line for key, inner in value.items() for line in _entry(key, inner)]
    if isinstance(value, (list, tuple)):
        return [line for inner in value for line in _lines(inner)]
    return str(value).splitlines()


def _entry(key: Any, value: Any) -> list[str]:
    """One key: beside its value, or above several; nothing for one that has none."""
    if value is None:
        return []
    if isinstance(value, (dict, list, tuple)):
        return [f"{key}:", *(f"  {line}" for line in _lines(value))]
    return [f"{key}: {value}"]


@dataclass
class Plan:
    """What a resource needs in order to be as declared.

    ``changes`` will be done; ``deferred`` would disturb somebody and were not allowed; ``refused`` are things, by name,
    that can't be had and of which nothing is touched; ``warnings`` are for the admin. An empty ``changes`` means that
    nothing will be done. In sync means that ``deferred`` and ``refused`` are empty too.
    """

    changes: list[Change] = field(default_factory=list)
    deferred: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    refused: dict[str, XenError] = field(default_factory=dict)

    def within(self, limit: str) -> Plan:
        """The same plan with what costs more than ``limit`` put off. Such a change holds up what a failure of it would:
        what comes behind it for the same thing, and what needs that thing."""
        held: dict[str, str] = {}
        changes, deferred = [], list(self.deferred)
        for change in self.changes:
            costs = [held[thing] for thing in (change.thing, *change.needs) if thing in held]
            costs += [change.impact] if above(change.impact, limit) else []
            if not costs:
                changes.append(change)
                continue
            held[change.thing] = max(costs, key=IMPACTS.index)
            deferred.append(replace(change, word=limit_word(held[change.thing])))
        said = [each.waits() for each in deferred[len(self.deferred) :]]
        return replace(self, changes=changes, deferred=deferred, warnings=[*self.warnings, *said])
