# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The grammar of npf.conf(5), as far as it decides whether a file is accepted: usr.sbin/npf/npfctl/npf_parse.y.

Names, addresses and numbers are told from keywords and punctuation, and no further: whether a variable is defined or a
port exists is not looked at. Before NetBSD 7 a group was `group (default)` or `group (name "x", interface wm0)`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple


class Wrong(Exception):
    """A syntax error, with what yyerror() prints of its place."""

    def __init__(self, message: str, line: int, column: int, near: str) -> None:
        super().__init__(message)
        self.message, self.line, self.column, self.near = message, line, column, near


class _Token(NamedTuple):
    text: str  # a line's end is "\n", the file's end is ""
    line: int
    column: int


_TOKEN = re.compile(r"""(?P<skip>[ \t\r]+|\\\n|\#[^\n]*)|(?P<token>\n|;|<->|->|<-|<[\w.-]+>|"[^"\n]*"|[{}(),=!]"""
                    r"""|\$[A-Za-z_]\w*|[\w.:/%+*&-]+)""")
_KEYWORDS = frozenset("""alg table map group procedure set pass block ruleset default type hash tree cdb lpm ipset const
    file dynamic static algo all from to port proto family on in out final stateful stateful-all stateful-ends apply
    interface return return-rst return-icmp name""".split())


def _tokens(text: str) -> list[_Token]:
    found, position, line, start = [], 0, 1, 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise Wrong("syntax error", line, position - start + 1, text[position])
        if match["token"]:
            word = "\n" if match["token"] == ";" else match["token"]
            found.append(_Token(word, line, position - start + len(match["token"])))
        if match[0].endswith("\n"):
            line, start = line + 1, match.end()
        position = match.end()
    return [*found, _Token("\n", line, 0), _Token("", line, 0)]


def parse(text: str, old_groups: bool = False) -> tuple[list[str], bool]:
    """(statements, whether there is a default group). Raises Wrong."""
    parser = _Parser(_tokens(text), old_groups)
    parser.lines()
    return parser.statements, parser.has_default


class _Parser:
    """One pass over the tokens. Each method takes what it knows, or raises Wrong at the first token that does not
    fit."""

    def __init__(self, tokens: list[_Token], old_groups: bool) -> None:
        self.tokens, self.at, self.old_groups = tokens, 0, old_groups
        self.statements: list[str] = []
        self.has_default = False

    # --- tokens ------------------------------------------------------------------------------------------------

    @property
    def next(self) -> str:
        return self.tokens[self.at].text

    def fail(self) -> Wrong:
        token = self.tokens[self.at]
        return Wrong("syntax error", token.line, token.column, token.text.strip())

    def take(self, *wanted: str) -> str:
        if self.next not in wanted:
            raise self.fail()
        self.at += 1
        return wanted[0] if len(wanted) == 1 else self.tokens[self.at - 1].text

    def maybe(self, *wanted: str) -> str:
        return self.take(*wanted) if self.next in wanted else ""

    def value(self) -> str:
        """A name, string, number, address, variable or table."""
        if not re.match(r'[\w"$<:]', self.next) or self.next in _KEYWORDS or self.next in ("->", "<-", "<->"):
            raise self.fail()
        self.at += 1
        return self.tokens[self.at - 1].text

    def listed(self, element: Callable[[], object]) -> None:
        """`{ A, B }` or one element."""
        if not self.maybe("{"):
            element()
            return
        element()
        while self.maybe(","):
            element()
        self.take("}")

    # --- statements --------------------------------------------------------------------------------------------

    def lines(self) -> None:
        statements = {"table": self.table, "map": self.map, "group": self.group, "procedure": self.procedure,
                      "alg": self.value, "set": self.setting}
        while self.next:
            if self.maybe("\n"):
                continue
            start = self.at
            if self.next.startswith("$"):
                self.value()
                self.take("=")
                self.listed(self.address)
            elif self.next in statements:
                statements[self.take(*statements)]()
            else:
                raise self.fail()
            if self.next != "\n":
                raise self.fail()
            self.statements.append(self.text(start))

    def text(self, start: int) -> str:
        words = [token.text for token in self.tokens[start:self.at]]
        return " ".join(words).replace("\n ", "\n").strip()

    def setting(self) -> None:
        self.value()
        if not self.maybe("on"):  # `off` is a word like any other here
            self.value()

    def table(self) -> None:
        self.value()
        self.take("type")
        self.take("ipset", "hash", "lpm", "tree", "const", "cdb")
        if self.maybe("file"):
            self.value()
        else:
            self.maybe("dynamic")

    def interface(self) -> None:
        self.value()
        if self.maybe("("):
            self.value()
            self.take(")")

    def address(self) -> None:
        """An address, a name, or a function of an interface such as inet4(wm0)."""
        self.maybe("!")
        self.interface()

    def segment(self) -> None:
        self.listed(self.address)
        if self.maybe("port"):
            self.listed(self.value)

    def map(self) -> None:
        if self.maybe("ruleset"):
            self.name_and_interface()
            return
        self.interface()
        self.maybe("static", "dynamic")
        if self.maybe("algo"):
            self.value()
        self.maybe("no-ports")
        self.protocol()
        self.segment()
        self.take("->", "<-", "<->")
        self.segment()
        if self.maybe("pass"):
            self.filter()

    def procedure(self) -> None:
        self.value()
        self.take("{")
        while self.next not in ("}", ""):
            self.at += 1
        self.take("}")

    def name_and_interface(self) -> None:
        if not self.next.startswith(('"', "$")):
            raise self.fail()
        self.value()
        self.maybe("in", "out", "forw")
        if self.maybe("on"):
            self.interface()

    def group(self) -> None:
        if self.old_groups:
            self.old_group()
        elif self.maybe("default"):
            self.has_default = True
        else:
            self.name_and_interface()
        self.block()

    def old_group(self) -> None:
        self.take("(")
        if self.maybe("default"):
            self.has_default = True
        else:
            while True:
                self.take("name", "interface", "in", "out")
                if self.next not in (",", ")"):
                    self.value()
                if not self.maybe(","):
                    break
        self.take(")")

    def block(self) -> None:
        while self.maybe("\n"):
            continue
        self.take("{")
        while not self.maybe("}"):
            if self.maybe("\n"):
                continue
            word = self.take("pass", "block", "group", "ruleset")
            if word == "group":
                self.group()
            elif word == "ruleset":
                self.name_and_interface()
            else:
                self.rule(word)
            if self.next not in ("\n", "}"):
                raise self.fail()

    def rule(self, word: str) -> None:
        if word == "block":
            self.maybe("return", "return-rst", "return-icmp")
        self.maybe("stateful", "stateful-all", "stateful-ends")
        self.maybe("in", "out")
        self.maybe("final")
        if self.maybe("on"):
            self.interface()
        self.filter()
        if self.maybe("apply"):
            self.value()

    def protocol(self) -> None:
        if self.maybe("proto"):
            self.listed(self.value)
            while self.next in ("flags", "icmp-type", "code"):
                self.at += 1
                self.value()

    def filter(self) -> None:
        if self.maybe("family"):
            self.take("inet4", "inet6", "inet")
        self.protocol()
        if self.maybe("all"):
            return
        if self.next not in ("from", "to"):
            raise self.fail()
        if self.maybe("from"):
            self.segment()
        if self.maybe("to"):
            self.segment()
