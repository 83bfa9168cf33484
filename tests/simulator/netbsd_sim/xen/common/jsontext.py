# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""JSON as libxl's yajl writes it (records dryrun_*, list_l_*)."""
from __future__ import annotations

from typing import Any

_ESCAPES = {ord('"'): '\\"', ord("\\"): "\\\\", ord("\n"): "\\n", ord("\t"): "\\t", ord("\r"): "\\r",
            ord("\b"): "\\b", ord("\f"): "\\f"}
_ESCAPES.update({code: f"\\u{code:04X}" for code in range(32) if code not in _ESCAPES})


def to_json(value: Any, indent: str = "") -> str:
    """Four blanks a level; an empty map or list is two lines with a blank line between."""
    inner = indent + "    "
    if isinstance(value, dict):
        lines = [f'{inner}"{key}": {to_json(entry, inner)}' for key, entry in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list):
        return "[\n" + ",\n".join(inner + to_json(entry, inner) for entry in value) + f"\n{indent}]"
    if isinstance(value, str):
        return '"' + value.translate(_ESCAPES) + '"'
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
