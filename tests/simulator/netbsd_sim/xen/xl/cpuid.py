# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""`cpuid =`: the libxl form `host,flag=value` and the old xend form `[ 'leaf:register=bits' ]` (Xen's
tools/libs/light/libxl_cpuid.c; flags: cpuflags.py). What is wrong is reported and left out, never refused."""
from __future__ import annotations

import re
from typing import Any

from ...core.machine import NotSimulated
from . import cnumbers
from .cpuflags import FLAGS, IN_REGISTER
from .settings import Reader

_REGISTERS = ("eax", "ebx", "ecx", "edx")
_BITS = 32
Policy = dict[tuple[int, int | None], dict[str, list[str]]]

_LINE_ERRORS = {1: "illegal leaf number", 2: "illegal subleaf number", 3: "missing colon",
                4: "invalid register name (must be e[abcd]x)", 5: "policy string must be exactly 32 characters long"}
_FLAG_ERRORS = {1: 'missing "=" in key=value', 2: "unknown CPUID flag name",
                3: "illegal CPUID value (must be: [0|1|x|k|s])"}


def read(reader: Reader) -> dict[str, Any] | None:
    """The policy in libxl's JSON form, None if there is none."""
    policy: Policy = {}
    lines = reader.strings("cpuid", quiet=True)
    if lines is not None:
        for line in lines:
            error = _line(policy, line)
            if error:
                reader.report(f'while parsing CPUID line: "{line}":\n  error #{error}: {_LINE_ERRORS[error]}\n')
    elif reader.string("cpuid") is not None:
        _flags(reader, policy, str(reader.string("cpuid")))
    if not policy:
        return None
    entries = []
    for (leaf, subleaf), registers in policy.items():
        entry: dict[str, Any] = {"leaf": leaf}
        if subleaf is not None:
            entry["subleaf"] = subleaf
        entries.append(entry | {name: "".join(registers[name]) for name in _REGISTERS if name in registers})
    return {"cpuid": entries, "msr": []}


def _register(policy: Policy, leaf: int, subleaf: int | None, name: str) -> list[str]:
    return policy.setdefault((leaf, subleaf), {}).setdefault(name, ["x"] * _BITS)


# --- host,flag=value ---------------------------------------------------------------------------------------------


def _flags(reader: Reader, policy: Policy, text: str) -> None:
    words = [word for word in text.split(",") if word]
    if not words:
        return
    if words[0] != "host":
        reader.report(f'while parsing CPUID string: "{text}":\n  error: first word must be "host"\n')
        return
    for word in words[1:]:
        error = _flag(policy, word)
        if error:
            reader.report(f'while parsing CPUID flag: "{word}":\n  error #{error}: {_FLAG_ERRORS[error]}\n')


def _flag(policy: Policy, word: str) -> int:
    name, equals, value = word.partition("=")
    if not equals:
        return 1
    if name in IN_REGISTER:
        raise NotSimulated(f"cpuid flag {name}")
    if name not in FLAGS:
        return 2
    leaf, subleaf, register, bit, length = FLAGS[name]
    if value in ("x", "k", "s"):
        _fill(_register(policy, leaf, subleaf, register), bit, value * length)
        return 0
    number, used = cnumbers.leading(value, 0)
    if not used or used != len(value):
        return 3
    bits = _register(policy, leaf, subleaf, register)
    if name == "family":
        base, extended = (number, 0) if number < 16 else (15, number - 15)
        _fill(bits, 20, _binary(extended, 8))
        _fill(bits, 8, _binary(base, 4))
    elif name == "model":
        _fill(bits, 16, _binary(number >> 4, 4))
        _fill(bits, 4, _binary(number, 4))
    else:
        _fill(bits, bit, _binary(number, length))
    return 0


def _binary(number: int, length: int) -> str:
    return format(number % (1 << length), f"0{length}b")


def _fill(bits: list[str], lowest: int, values: str) -> None:
    """Bit 31 is printed first."""
    end = _BITS - lowest
    bits[end - len(values) : end] = list(values)


# --- leaf:register=bits ------------------------------------------------------------------------------------------


def _line(policy: Policy, line: str) -> int:
    leaf, length = cnumbers.leading(line, 0)
    rest = line[length:]
    if not length:
        return 1
    subleaf = None
    if rest.startswith(","):
        subleaf, length = cnumbers.leading(rest[1:], 0)
        rest = rest[1 + length :]
        if not length:
            return 2
    if not rest.startswith(":"):
        return 3
    for word in rest[1:].split(","):
        name, equals, values = word.partition("=")
        if not equals or name not in _REGISTERS:
            return 4
        if not re.fullmatch(r".{32}", values, re.DOTALL):
            return 5
        policy.setdefault((leaf, subleaf), {})[name] = list(values)
    return 0
