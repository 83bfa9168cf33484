# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""`vsnd = [[...]]`: virtual sound cards, a list of texts each (Xen's tools/xl/xl_parse.c)."""
from __future__ import annotations

from typing import Any

from . import cnumbers
from .settings import Reader

_FORMATS = frozenset((
    "s8 u8 s16_le s16_be u16_le u16_be s24_le s24_be u24_le u24_be s32_le s32_be u32_le u32_be f32_le f32_be f64_le "
    "f64_be iec958_subframe_le iec958_subframe_be mu_law a_law ima_adpcm mpeg gsm").split())
_COUNTS = {"channels-min": "channels_min", "channels-max": "channels_max", "buffer-size": "buffer_size"}


def read(reader: Reader, config: dict[str, Any]) -> None:
    """Raises ConfigRefused."""
    cards = reader.items("vsnd")
    if not cards:
        return
    config["vsnds"] = [_card(reader, card, devid) for devid, card in enumerate(cards)]


def _card(reader: Reader, texts: Any, devid: int) -> dict[str, Any]:
    if not isinstance(texts, list):
        line = reader.settings["vsnd"].line
        reader.report(f"{reader.source}:{line}:0: warning: value is not a list\n")
        reader.refuse("Failed to get vsnd card list: Invalid argument")
    card: dict[str, Any] = {"devid": devid, "params": {}}
    for text in texts:
        if not isinstance(text, str):
            break
        _item(reader, card, [word.lstrip(" ") for word in text.split(",") if word])
    return card


def _item(reader: Reader, card: dict[str, Any], words: list[str]) -> None:
    """`card,...`, `pcm,...` and `stream,...`, each belonging to the last of its kind above it."""
    kind = words[0].lower() if words else ""
    if kind == "card":
        place, names = card, {"backend": "backend_domname", "short-name": "short_name", "long-name": "long_name"}
    elif kind == "pcm":
        card.setdefault("pcms", []).append({"params": {}})
        place, names = card["pcms"][-1], {"name": "name"}
    elif kind == "stream":
        pcm = card.setdefault("pcms", [{"params": {}}])[-1]
        pcm.setdefault("streams", []).append({"params": {}})
        place, names = pcm["streams"][-1], {"unique-id": "unique_id", "type": "type"}
    elif words:
        reader.refuse(f"Invalid key: {words[0]}")
    else:
        return
    for word in words[1:]:
        key, equals, value = word.partition("=")
        if equals and _parameter(reader, place["params"], key, value):
            continue
        if not equals or key not in names:
            reader.refuse(f"Invalid parameter: {word}")
        if key == "type" and value.lower() not in ("p", "c"):
            reader.refuse(f"Invalid stream type: {value}")
        place[names[key]] = value.lower() if key == "type" else value


def _parameter(reader: Reader, params: dict[str, Any], key: str, value: str) -> bool:
    """What cards, PCMs and streams can all have. False for another key."""
    if key == "sample-rates":
        params["sample_rates"] = [cnumbers.leading(rate, 0)[0] for rate in value.split(";") if rate]
    elif key == "sample-formats":
        formats = [text.lower() for text in value.split(";") if text]
        for text in formats:
            if text not in _FORMATS:
                reader.refuse(f"Invalid pcm format: {text}")
        params["sample_formats"] = formats
    elif key in _COUNTS:
        number = cnumbers.leading(value, 0)[0]
        if number:
            params[_COUNTS[key]] = number
    else:
        return False
    return True
