# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A conversation with a program of screens, as data: what it may ask, by which words that is known, and what the answer
is.

The rules are no list of steps. Whatever is asked is answered by the rule that it matches, in whatever order it comes;
what no rule matches stops the conversation with the screen. So a program that comes back to a question, or does not ask
one, is no trouble.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Mapping, Sequence, Union

from .needs import ConsoleError, Ended
from .screen import Face, Menu, Prompt
from .talk import PATIENCE, Talk

# Seconds in which nothing comes at all before the program counts as dead. MAKEDEV in a guest was silent for 96 seconds,
# and init before the first screen for 98 (record of NetBSD 7.99.10, emulated).
SILENCE = 900.0
# Seconds for which a question that no rule knows may stay before it counts as one: screens come in pieces.
UNKNOWN = 30.0


@dataclass(frozen=True)
class Pick:
    """Take the menu's item whose text this pattern is found in."""

    item: str


@dataclass(frozen=True)
class Fill:
    """Type a text at a prompt; one that is ``hidden`` is not shown while it is typed, and written nowhere unless
    everybody knows it (``public``)."""

    text: str
    hidden: bool = False
    public: bool = False


@dataclass(frozen=True)
class Setting:
    """An item of a menu to take until its line has ``shown`` in it, or, without that, until the rule ``done`` was
    used."""

    item: str
    shown: str = ""
    done: str = ""


@dataclass(frozen=True)
class Settings:
    """A menu that shows values: take the first one that is not as wanted, or else the item ``then``."""

    wanted: tuple[Setting, ...]
    then: str


@dataclass(frozen=True)
class Stop:
    """What ends the conversation without success, told in the admin's words."""

    message: str


Act = Union[Pick, Fill, Settings, Stop]


@dataclass(frozen=True)
class Rule:
    """What is asked, and the answer. All patterns that are given must be found: in a menu's title, in an item, in the
    prompt, and anywhere on the screen (its words with single blanks). Words in braces are the values of the
    conversation; a rule with one that is not given is none."""

    name: str
    act: Act
    title: str = ""
    item: str = ""
    prompt: str = ""
    text: str = ""
    after: str = ""
    last: bool = False
    most: int = 4


_VALUE = re.compile(r"\{([a-z_]+)\}")


def filled(rule: Rule, values: Mapping[str, str]) -> Rule | None:
    """The rule with the conversation's values in it: as they are in what is typed, and as words, not patterns,
    elsewhere."""

    def put(text: str, as_typed: bool = False) -> str:
        return _VALUE.sub(lambda found: values[found[1]] if as_typed else re.escape(values[found[1]]), text)

    try:
        act = rule.act
        if isinstance(act, Pick):
            act = Pick(put(act.item))
        elif isinstance(act, Fill):
            act = Fill(put(act.text, as_typed=True), act.hidden, act.public)
        elif isinstance(act, Settings):
            act = Settings(tuple(_settings(act.wanted, values, put)), act.then)
        return Rule(
            rule.name,
            act,
            put(rule.title),
            put(rule.item),
            put(rule.prompt),
            put(rule.text),
            rule.after,
            rule.last,
            rule.most,
        )
    except KeyError:
        return None


def _settings(wanted: Sequence[Setting], values: Mapping[str, str], put: Callable[[str], str]) -> list[Setting]:
    given = [one for one in wanted if all(name in values for name in _VALUE.findall(one.shown + one.item))]
    return [Setting(put(one.item), put(one.shown), one.done) for one in given]


class Conversation:
    """One run through the rules, at one console."""

    def __init__(
        self,
        talk: Talk,
        rules: Sequence[Rule],
        values: Mapping[str, str],
        say: Callable[[str], None] = lambda _answer: None,
    ) -> None:
        self._talk = talk
        self._say = say
        self._rules = [whole for rule in rules if (whole := filled(rule, values))]
        self._used: dict[str, int] = {}
        self._answered: tuple[str, Face] = ("", None)
        self._late: Rule | None = None
        self.answers: list[str] = []

    def run(self) -> None:
        """Answer until the last rule was used.

        Raises:
            ConsoleError: a question that no rule knows, one that comes again and again, or silence; with the screen.
            Ended: the console ended before the last answer; with the screen too.
        """
        try:
            self._run()
        except Ended as ended:
            raise Ended(f"{ended}; {self._last()}", self._talk.shown()) from None

    def _last(self) -> str:
        return f"the last answer was {self.answers[-1] if self.answers else 'nothing yet'!r}"

    def _run(self) -> None:
        while True:
            rule, face = self._next()
            if isinstance(rule.act, Stop):
                raise ConsoleError(rule.act.message, self._talk.shown())
            if self._late and (rule.name, face) != self._answered:
                # The answer was taken after all, only later.
                self._note(self._late)
                continue
            if (rule.name, face) == self._answered and not self._talk.alive(face):
                # It was answered, and is only still on the screen.
                self._changed(face)
                continue
            faced = self._answer(rule)
            self._answered = (rule.name, faced)
            # What is not shown can't be asked whether it was taken, and typed again it might go to another question.
            hidden = isinstance(rule.act, Fill) and rule.act.hidden
            if self._talk.enter(faced, SILENCE if hidden else PATIENCE, rule.last):
                self._note(rule)
                if rule.last:
                    return
            elif hidden:
                raise ConsoleError(f"the answer to {rule.name!r} was not taken", self._talk.shown())
            else:
                self._late = rule

    def _note(self, rule: Rule) -> None:
        self._used[rule.name] = self._used.get(rule.name, 0) + 1
        self.answers.append(rule.name)
        self._say(rule.name)
        self._late = None
        if self._used[rule.name] > rule.most:
            text = f"the question {rule.name!r} was answered {rule.most} times, and comes again"
            raise ConsoleError(text, self._talk.shown())

    def _next(self) -> tuple[Rule, Face]:
        """The rule for what is asked next, as soon as one matches."""
        now = self._talk.link.now
        asked: Face = None
        since = now()
        while True:
            face = self._talk.screen.face()
            rule = next((rule for rule in self._rules if self._matches(rule, face)), None)
            if rule:
                return rule, face
            if face != asked:
                asked, since = face, now()
            if isinstance(face, Menu) and now() - since > UNKNOWN:
                raise ConsoleError("the program asks what is not in its conversation", self._talk.shown())
            if now() - self._talk.heard_at > SILENCE:
                raise ConsoleError(f"nothing came for {SILENCE:.0f} seconds; {self._last()}", self._talk.shown())
            self._talk.hear(UNKNOWN)

    def _matches(self, rule: Rule, face: Face) -> bool:
        if rule.after and rule.after not in self._used:
            return False
        if isinstance(face, Menu):
            if rule.prompt or not (rule.title or rule.item):
                return False
            if rule.title and not re.search(rule.title, face.title):
                return False
            if rule.item and face.find(rule.item) is None:
                return False
        elif not (isinstance(face, Prompt) and rule.prompt and re.search(rule.prompt, face.text)):
            return False
        return not rule.text or bool(re.search(rule.text, self._talk.screen.words))

    def _answer(self, rule: Rule) -> Face:
        """Bring the program to where only Enter is missing; what it shows then."""
        act, face = rule.act, self._talk.screen.face()
        if isinstance(act, Fill):
            if act.hidden:
                self._talk.fill_hidden(act.text, act.public)
            elif isinstance(face, Prompt):
                self._talk.fill(face.text, act.text)
            return self._talk.screen.face()
        if isinstance(act, Settings) and isinstance(face, Menu):
            return self._talk.choose(self._wanted(act, face))
        if isinstance(act, Pick):
            return self._talk.choose(act.item)
        return face

    def _wanted(self, act: Settings, menu: Menu) -> str:
        for setting in act.wanted:
            number = menu.find(setting.item)
            if number is None:
                continue
            if setting.done in self._used if setting.done else re.search(setting.shown, menu.items[number].text):
                continue
            return setting.item
        return act.then

    def _changed(self, face: Face) -> None:
        self._talk.expect(lambda now: True if now not in (face, None) else None, SILENCE, "an answer to the last key")
