# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""How the values of a guest's keys are read. Each function takes the guest's fields and the key's name, notes what is
wrong, and gives the value in its long form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Callable

from ...._formats.guest import cpuset, devices
from .fields import Fields

STATES = ("running", "paused", "shutdown", "destroyed", "saved", "absent")
# For these a guest can be declared by its name alone.
DOWN = ("shutdown", "destroyed", "absent")
SYSTEMS = ("netbsd", "linux", "other")
TYPES = ("pv", "pvh", "hvm", "pvshim")
EVENT_ACTIONS = ("destroy", "restart", "rename-restart", "preserve", "coredump-destroy", "coredump-restart")
HEALTH_KEYS = ("console", "port", "address", "timeout")
MAX_VCPUS = 512
# In place of a UUID or a MAC address: none is written, and Xen makes one up at each start.
ANY = "any"
# Files in the configuration directory that are no guest's.
NO_CONFIG = (".conf", ".orig", ".prev", "~", ".sxp")
MAX_NAME = 64
HEALTH_SECONDS, MAX_HEALTH_SECONDS = 120, 3600

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]*\Z")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+~-]*\Z")
_POOL = re.compile(r"[!-~]{1,64}\Z")
_CPUS_ALLOWED = 'a text like "2", "0-3,^1" or "all", or a list with one for each virtual CPU'


class GuestFields(Fields):
    """A guest's dictionary, and what its values follow from: the host, and ``found``, the keys that were read already,
    in the order of the table. ``configured`` is whether it declares a configuration."""

    def __init__(self, name: str, values: dict[str, Any], host_name: str, configured: bool = True) -> None:
        super().__init__(f"guest {name}", values)
        self.name = name
        self.host_name = host_name
        self.configured = configured
        self.found: dict[str, Any] = {}


Read = Callable[[GuestFields, str], Any]


@dataclass(frozen=True)
class Health:
    """How a started guest shows that it is up: a text on its console, or a TCP port of its address that can be opened,
    or both, within so many seconds."""

    console: str
    address: str
    port: int | None
    seconds: int


# -- plain values ------------------------------------------------------------------------------------------------------


def choice(default: str, allowed: tuple[str, ...]) -> Read:
    """One of these words."""
    return lambda fields, key: fields.choice(key, default, allowed)


def whole(least: int, most: int, default: int | None = None) -> Read:
    """A whole number."""
    if default is None:
        return lambda fields, key: fields.optional_integer(key, least, most)
    return lambda fields, key: fields.integer(key, default, least, most)


def flag(fields: GuestFields, key: str) -> bool:
    """True or false; false if it is not given."""
    return fields.flag(key, False)


def given_uuid(fields: Fields, key: str) -> str:
    """A UUID in small letters; empty if none is given."""
    given = fields.text(key)
    if given and not devices.is_uuid(given):
        fields.wrong(key, given, "32 hexadecimal digits in groups of 8-4-4-4-12")
    return given.lower()


def words(main: str, **readers: Callable[[Fields, str], str]) -> Read:
    """A list of devices that a configuration has as ``word=value,word=value``, each word read by its own function. An
    item is a dictionary, or the text of the word that it can't be without."""

    def read(fields: GuestFields, key: str) -> tuple[str, ...]:
        parts = fields.parts(key, main, tuple(readers))
        found = []
        for part in parts:
            values = {word: reader(part, word) for word, reader in readers.items()}
            if main not in part.values:
                part.problem(f"{main} is missing")
            found.append(",".join(f"{word}={value}" for word, value in values.items() if value))
        fields.adopt(parts)
        return tuple(found)

    return read


def is_given(fields: GuestFields, key: str) -> bool:
    """Whether there is a dictionary. What is in it is not this room's matter."""
    value = fields.values.get(key)
    if value is not None and not isinstance(value, dict):
        fields.wrong(key, value, "a dictionary")
    return bool(value)


# -- what it is --------------------------------------------------------------------------------------------------------


def name(fields: GuestFields, key: str) -> str:
    """It has been checked already, because every message begins with it."""
    return fields.name


def name_problem(text: object) -> str | None:
    """What is wrong with a guest's name, in words, or None. The name is a file name, a domain's name and part of log
    names; xl itself lets '/' through and fails half-way (record create_name_slash, xl 4.20)."""
    allowed = f"allowed are up to {MAX_NAME} letters, digits, '_', '.', '+' and '-', beginning with a letter or digit"
    if not isinstance(text, str) or not _NAME.match(text) or len(text) > MAX_NAME:
        return allowed
    if text.isdigit():
        return "a name of digits only is a domain id to xl; allowed is a name with a letter in it"
    if text.lower() == "domain-0":
        return "that is this machine itself, which can't be managed as a guest"
    if ".." in text or text.endswith((".conf", ".orig", ".prev")):
        return "its file would be taken for something else; allowed is a name without '..', .conf, .orig and .prev"
    return None


def uuid(fields: GuestFields, key: str) -> str:
    """The UUID that is given, or one that is the same in every run; empty for whichever Xen makes up."""
    if fields.values.get(key) == ANY:
        return ""
    return given_uuid(fields, key) or devices.derived_uuid(fields.host_name, fields.name)


def config_file(fields: GuestFields, key: str) -> str:
    """The name of its configuration's file, empty for its own name."""
    text = fields.text(key)
    if text and (not _FILE.match(text) or ".." in text or text.endswith(NO_CONFIG)):
        allowed = f"a file's name alone, without blanks, that does not end in {', '.join(NO_CONFIG)}"
        fields.wrong(key, text, allowed)
        return ""
    return "" if text == fields.name else text


def cmdline(fields: GuestFields, key: str) -> str:
    """``cmdline``, or what xl makes of ``root`` and ``extra`` (xl_parse.c, parse_cmdline)."""
    whole_line, root, extra = fields.text(key), fields.text("root"), fields.text("extra")
    if whole_line and (root or extra):
        fields.problem(
            "cmdline is given as well as root or extra, and xl would ignore those; put all of it into cmdline"
        )
    if whole_line or not root:
        return whole_line or extra
    return f"root={root} {extra}".rstrip()


# -- memory and processors ---------------------------------------------------------------------------------------------


def memory(fields: GuestFields, key: str) -> int:
    """In MiB. A guest that is to be gone, or only to be stopped, needs nothing but its name."""
    if key not in fields.values and fields.configured and fields.values.get("state") != "absent":
        fields.problem("memory is missing; allowed is a number of MiB, or a text like 512M or 1G")
    return fields.memory(key, 0)


def maxmem(fields: GuestFields, key: str) -> int:
    """In MiB; as much as ``memory`` if it is not given."""
    return fields.memory(key, fields.found["memory"])


def maxvcpus(fields: GuestFields, key: str) -> int:
    """As many as ``vcpus`` if it is not given."""
    return fields.integer(key, fields.found["vcpus"], 1, MAX_VCPUS)


def cpus(fields: GuestFields, key: str) -> tuple[str, ...]:
    """The real CPUs that each virtual one may run on. A list of one counts for the first virtual CPU alone, as in xl;
    a text counts for all of them."""
    texts = tuple(text.replace(" ", "") for text in fields.texts(key, _CPUS_ALLOWED))
    for text in texts:
        problem = _cpus_problem(text)
        if problem:
            fields.problem(f"cpus is {fields.values[key]!r}; {problem}")
            return ()
    if isinstance(fields.values.get(key), list) and len(texts) == 1 and fields.found["maxvcpus"] > 1:
        return (*texts, "all")
    return texts


def _cpus_problem(text: str) -> str | None:
    for item in text.split(","):
        part = cpuset.part(item)
        # xl does not take out everything (xl_parse.c, update_cpumap_range).
        if part is None or (part.without and part.last is None):
            return f"{item!r} is none; allowed is {_CPUS_ALLOWED}"
    if "node" in text:
        return None
    try:
        chosen = cpuset.cpus(text, cpuset.MOST_CPUS)
    except ValueError as error:
        return str(error)
    return None if chosen else "no CPU is left; what ^ takes out must come after what it is taken from"


def pool(fields: GuestFields, key: str) -> str:
    """The name of a CPU pool."""
    found = fields.text(key)
    if found and not _POOL.match(found):
        fields.wrong(key, found, "the name of a CPU pool, without blanks")
    return found


# -- when it starts ----------------------------------------------------------------------------------------------------


def depends_on(fields: GuestFields, key: str) -> tuple[str, ...]:
    """The names of other guests, each once."""
    names = fields.texts(key, "the name of a guest")
    for each in names:
        problem = name_problem(each)
        if problem:
            fields.problem(f"depends_on: {each!r} is no guest's name; {problem}")
    return tuple(dict.fromkeys(names))


def health(fields: GuestFields, key: str) -> Health | None:
    """How it shows that it is up."""
    part = fields.part(key, HEALTH_KEYS)
    if part is None:
        return None
    found = Health(
        console=part.text("console"),
        address=part.word("address"),
        port=part.optional_integer("port", 1, 65535),
        seconds=part.integer("timeout", HEALTH_SECONDS, 1, MAX_HEALTH_SECONDS),
    )
    if "port" in part.values and not found.address:
        part.problem("address is missing; a port needs the address at which the guest listens")
    elif found.address and "port" not in part.values:
        part.problem("port is missing; an address needs the port on which the guest listens")
    elif not found.console and "port" not in part.values:
        part.problem("there is nothing to look for; give a text of its console, or an address and a port")
    fields.adopt([part])
    return found
