# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was said at a console, as an asciicast (version 2), so that ``asciinema play`` shows it. No secret gets into
it."""

from __future__ import annotations

import json
import os
from typing import IO

from .screen import COLUMNS, ROWS

HIDDEN = "********"


class Transcript:
    """Written while it happens, a line an event; without a path, only secrets are known."""

    def __init__(self, path: str = "", title: str = "") -> None:
        self._file: IO[str] | None = None
        self._secrets: set[str] = set()
        self._rest = ""
        self._hiding = False
        self._began: float | None = None
        if path:
            # What guests say is for the admin alone.
            self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8")
            self._line({"version": 2, "width": COLUMNS, "height": ROWS, "title": title})

    def secret(self, text: str) -> None:
        """A word that must not be written from now on."""
        if text:
            self._secrets.add(text)

    def hide(self, on: bool) -> None:
        """Whether what the console sends may be a secret's echo, letter by letter: nothing readable is written then."""
        self._hiding = on

    def clean(self, text: str) -> str:
        """A text without the secrets."""
        for word in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(word, HIDDEN)
        return text

    def sent(self, at: float, text: str) -> None:
        """Keys that were typed at a time in seconds."""
        self._event(at, "i", HIDDEN if self._hiding else self.clean(text))

    def came(self, at: float, text: str) -> None:
        """What the console sent."""
        if self._hiding:
            text = "".join("*" if character.isprintable() and character != " " else character for character in text)
        text = self.clean(self._rest + text)
        # A secret may come in pieces: what could be the beginning of one waits for the next piece.
        kept = max((n for word in self._secrets for n in range(1, len(word)) if text.endswith(word[:n])), default=0)
        self._rest = text[len(text) - kept :]
        self._event(at, "o", text[: len(text) - kept])

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def _event(self, at: float, kind: str, text: str) -> None:
        if text:
            self._began = at if self._began is None else self._began
            self._line([round(at - self._began, 3), kind, text])

    def _line(self, value: object) -> None:
        if self._file:
            self._file.write(json.dumps(value) + "\n")
            self._file.flush()
