# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Look at a machine and do what only needs to look, on the controller. Most often one call of the module ``look`` is
enough; what turns out to be missing is asked for in another one."""

from __future__ import annotations

import base64
import json
import secrets
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xlcfg_keys import SECRET_KEYS
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.asks import Ask
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.collected import CollectedHost, Missing

T = TypeVar("T")

# A chain of readings of which each names what the next one needs is shorter than this.
MOST_CALLS = 20
# Whose values are passwords; the last is what xl itself calls one (libxl_types.idl).
KEYS = (*SECRET_KEYS, "passwd")


@dataclass(frozen=True)
class Looked(Generic[T]):
    """What came of it, how many calls the machine was asked in, and the commands that it ran, in their order."""

    value: T
    calls: int
    commands: list[dict[str, Any]]


def looked(
    execute: Callable[[list[dict[str, Any]]], dict[str, Any]], asks: list[Ask], work: Callable[[CollectedHost], T]
) -> Looked[T]:
    """What ``work`` makes of a machine, which is called until it lacks nothing.

    ``execute`` calls the module ``look`` with asks in its own words and returns its result; ``asks`` are the first
    ones. Parts of the work that need nothing of each other should be called by ``CollectedHost.part``, so that what all
    of them lack is asked for together. Raises XenError if the machine can't be asked.
    """
    salt = secrets.token_hex(16)
    host = CollectedHost(salt)
    commands: list[dict[str, Any]] = []
    for call in range(1, MOST_CALLS + 1):
        request = [{"salt": salt, "keys": list(KEYS)}, *(ask.as_dict() for ask in asks)]
        result = execute(request)
        if "said" not in result:
            raise XenError(str(result.get("msg") or "the machine could not be looked at"), **_details(result))
        commands += result.get("commands", [])
        host.take(asks, unpacked(result["said"]))
        host.begin()
        value = _done(host, work)
        again, asks = asks, host.missing()
        if not asks:
            return Looked(value, call, commands)  # type: ignore[arg-type]  # nothing was missing
        if set(asks) <= set(again):
            break
    raise XenError(f"the machine was asked {call} times, and this is still missing: {_told(asks)}. Please report it.")


def _done(host: CollectedHost, work: Callable[[CollectedHost], T]) -> T | None:
    try:
        return work(host)
    except Missing:
        return None
    except Exception:
        # Something that was only taken for absent may have led to it.
        if not host.missing():
            raise
        return None


def _details(result: dict[str, Any]) -> dict[str, Any]:
    return {key: result[key] for key in ("rc", "module_stdout", "module_stderr", "unreachable") if key in result}


def _told(asks: list[Ask]) -> str:
    return "; ".join(" ".join(ask.run) or ", ".join(ask.paths) for ask in asks)


def unpacked(said: str) -> dict[str, Any]:
    """The answers as ``look`` packs them."""
    answers: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(said)))
    return answers
