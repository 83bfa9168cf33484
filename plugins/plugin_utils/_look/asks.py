# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``look`` can be asked. It is told in the module; here are its words for the facts about a path:

``s`` what is there, ``l`` the same of a link itself, ``r`` the path without links, ``d`` the names in a directory,
``t`` a file's text, ``c`` what its content is without the content, ``f`` the bytes that may still be written there,
``u`` what killed runs left in a directory, ``1`` a file's first line, ``w`` its lines with certain words, ``z``
whether it is a gzip file that is whole.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Tuple

from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import ps
from ansible_collections.netbsd.xen.plugins.module_utils._host import COMMAND_SECONDS
from ansible_collections.netbsd.xen.plugins.module_utils._toolstack.lost import STORES

# A condition, for example ("exists", "/usr/pkg/sbin/xl"), and alternatives of several that must hold together.
Test = Tuple[Any, ...]
When = Tuple[Tuple[Test, ...], ...]

# Without xenstored a toolstack hangs for good, beyond the reach of any signal (record xenstored-dead-hang, NetBSD
# 7.99.10), and so do those that ask it; only this one word needs none (behaviour 7 of the real xl).
NEEDS_STORE, NEEDS_NO_STORE = ("xl", "xm", "xenstore-read", "xenstore-ls"), ("xl", "info")
STORE_LIVES: Test = ("says", tuple(ps.COMMAND), rf"(?m)^\s*\d+\s+(?:\S*/)?(?:{'|'.join(STORES)})(?:\s|$)")


@dataclass(frozen=True)
class Ask:
    """One ask: a command, or facts about paths that are given, that fit a pattern or that other answers name."""

    run: tuple[str, ...] = ()
    seconds: float = COMMAND_SECONDS
    cwd: str = "/"
    env: tuple[tuple[str, str], ...] = ()
    stdin: str = ""
    paths: tuple[str, ...] = ()
    glob: str = ""
    named: str = ""
    within: tuple[str, ...] = ()
    form: str = "{}"
    facts: str = ""
    words: str = ""
    each: bool = False
    odd: bool = False
    instead: tuple[str, ...] = ()
    most: int = 0
    label: str = ""
    when: When | None = None

    @property
    def command(self) -> Command:
        """What tells the command from others."""
        return (self.run, self.cwd, self.env, self.stdin)

    def as_dict(self) -> dict[str, Any]:
        """The ask in the module's words, without what is as usual."""
        told: dict[str, Any] = {"label": self.label, "if": self.when}
        if self.run:
            told.update({"named": self.named, "in": self.within, "each": self.each})
            told.update(run=self.run, stdin=self.stdin, env=dict(self.env))
            told.update(seconds=None if self.seconds == COMMAND_SECONDS else self.seconds)
            told.update(cwd=None if self.cwd == "/" else self.cwd)
        else:
            told.update(paths=self.paths, glob=self.glob, facts=self.facts, words=self.words, named=self.named)
            told.update(odd=self.odd, instead=self.instead, most=self.most)
            told.update({"in": self.within, "as": None if self.form == "{}" else self.form})
        return {key: value for key, value in told.items() if value}


Command = Tuple[Tuple[str, ...], str, Tuple[Tuple[str, str], ...], str]


def command(
    argv: Sequence[str],
    seconds: float = COMMAND_SECONDS,
    cwd: str = "/",
    env: Mapping[str, str] | None = None,
    stdin: str = "",
    label: str = "",
    when: When | None = None,
    named: str = "",
    within: Sequence[str] = (),
    each: bool = False,
) -> Ask:
    """A command; ``named`` finds the rest of its arguments in the answers labelled so, or with ``each`` the last one
    of a command each. One that would wait for xenstored is run only where that lives, whatever else was said."""
    program = posixpath.basename(argv[0])
    if program in NEEDS_STORE and (program, *argv[1:2]) != NEEDS_NO_STORE:
        # First: another condition may be what one of them says.
        when = tuple((STORE_LIVES, *tests) for tests in (((),) if when is None else when))
    given = tuple(sorted((env or {}).items()))
    more = {"named": named, "within": tuple(within), "label": label, "when": when, "each": each}
    return Ask(tuple(argv), seconds, cwd, given, stdin, **more)  # type: ignore[arg-type]  # each has its own type


def paths(facts: str, *names: str, words: str = "", when: When | None = None, label: str = "") -> Ask:
    """Facts about paths."""
    return Ask(paths=names, facts=facts, words=words, when=when, label=label)


def glob(facts: str, pattern: str, when: When | None = None, label: str = "", most: int = 0) -> Ask:
    """Facts about all paths that fit a pattern, and what is in their directories; no texts of more than ``most`` bytes,
    if that is given."""
    return Ask(glob=pattern, facts=facts, when=when, label=label, most=most)


def named(
    facts: str,
    pattern: str,
    within: Sequence[str],
    form: str = "{}",
    label: str = "",
    odd: bool = False,
    instead: tuple[str, ...] = (),
) -> Ask:
    """Facts about the paths that a regular expression finds in the answers with these labels; put into ``form``, which
    may be a pattern of paths. What these answers name is looked at as well, where their ``label`` is among them. With
    ``odd`` nothing is told of plain files that are not empty but that they are so; ``instead`` is a pattern and what to
    put in its place in a text of which that much is of no use."""
    return Ask(named=pattern, within=tuple(within), facts=facts, form=form, label=label, odd=odd, instead=instead)
