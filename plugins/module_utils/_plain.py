# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What was read of a machine on its way to the controller: dataclasses as plain data (JSON), and back."""

from __future__ import annotations

from dataclasses import asdict, fields, is_dataclass
from functools import lru_cache
from typing import Any, get_args, get_origin, get_type_hints

_NONE: type = type(None)


def as_plain(value: Any) -> Any:
    """A dataclass, with all that is in it, as dictionaries; everything else as it is."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def from_plain(kind: Any, value: Any) -> Any:
    """What ``as_plain`` made of a value of this type: a dataclass, or a list, a dictionary or an optional one of such.

    A value of any other type is returned as it is. Raises KeyError if a field is missing. It works the types out, which
    takes the Python of a controller (3.10 or newer).
    """
    if value is None:
        return None
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{field.name: from_plain(hints[field.name], value[field.name]) for field in fields(kind)})
    inner = [each for each in get_args(kind) if each is not _NONE]
    if get_origin(kind) is list:
        return [from_plain(inner[0], each) for each in value]
    if get_origin(kind) is dict:
        return {key: from_plain(inner[1], each) for key, each in value.items()}
    return from_plain(inner[0], value) if len(inner) == 1 else value


@lru_cache(maxsize=None)
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)
