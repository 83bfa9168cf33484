# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a plan is made of: changes, their impact, and the errors that stop one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

# What a change costs the people who use the machine, from nothing to everything.
LIVE = "live"
GUEST_RESTART = "guest_restart"
GUEST_RECREATE = "guest_recreate"
HOST_REBOOT = "host_reboot"


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
    """A command on the machine failed, or did not end in time."""


class NotRead(XenError):
    """A plan needs something that was not looked at; whoever planned must look again, at the machine itself."""


@dataclass(frozen=True)
class Change:
    """One thing to be done to one resource.

    ``thing`` is what the admin calls it (``bridge0``, ``web1``, ``/boot.cfg``); ``action`` is the word that the
    resource's ``apply`` knows it by. ``before`` and ``after`` are plain data or text, shown in diff mode, and never
    hold a secret. ``needs`` are things whose failure stops this change. ``data`` is what ``apply`` needs and nobody is
    shown.
    """

    resource: str
    thing: str
    action: str
    summary: str
    before: Any = None
    after: Any = None
    impact: str = LIVE
    needs: tuple[str, ...] = field(default=(), compare=False)
    data: Any = field(default=None, repr=False, compare=False)

    def report(self) -> dict[str, Any]:
        """The change as a module returns it."""
        return {
            "resource": self.resource,
            "thing": self.thing,
            "summary": self.summary,
            "impact": self.impact,
            "before": self.before,
            "after": self.after,
        }

    def diff(self) -> dict[str, Any]:
        """The change as Ansible's diff mode prints it."""
        header = f"{self.resource} {self.thing}: {self.summary}"
        return {
            "before_header": header,
            "after_header": header,
            "before": _diff_side(self.before),
            "after": _diff_side(self.after),
        }


def _diff_side(value: Any) -> Any:
    """A value as Ansible's diff mode can print it: a dictionary as it is, which it lays out itself, all else as lines.

    It takes nothing else apart (CallbackBase._get_diff), and remarks on a last line without newline.
    """
    if value is None or value in ("", [], ()):
        return ""
    if isinstance(value, dict):
        return value
    lines = value if isinstance(value, (list, tuple)) else [value]
    text = "\n".join(str(line) for line in lines)
    return text if text.endswith("\n") else text + "\n"


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
