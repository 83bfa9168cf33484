# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options against an argument spec, and what is wrong with them in the words of this collection: where, key, what was
found, what is allowed, and for an unknown key the known one that was probably meant. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.netbsd.xen.plugins.module_utils._change import Refused
from ansible_collections.netbsd.xen.plugins.module_utils._formats import urls
from ansible_collections.netbsd.xen.plugins.module_utils._formats.text import shown, unknown_key
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.keys import SECRET_KEYS

_TYPES = {
    "bool": "true or false",
    "dict": "a dictionary",
    "int": "a whole number",
    "list": "a list",
    "path": "a path",
    "raw": "a value",
    "str": "text",
}
# By what an item of a list is known to the admin, the first of these that it has.
_NAMES = ("name", "dest", "interface")


# The options that have guests.
_GUESTS = ("guests", "domu_guests")

# By the id of a spec, which is kept with it: to make a validator of a spec takes about as long as to use it.
_VALIDATORS: dict[int, tuple[Mapping[str, Any], ArgumentSpecValidator]] = {}


def _validator(spec: Mapping[str, Any]) -> ArgumentSpecValidator:
    if id(spec) not in _VALIDATORS:
        _VALIDATORS[id(spec)] = (spec, ArgumentSpecValidator(dict(spec)))
    return _VALIDATORS[id(spec)][1]


def validated(spec: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The options in their types, defaults included. Raises Refused with a line for everything that is wrong, also in
    ``problems``."""
    checked = _validator(spec).validate(dict(given))
    problems = open_passwords(given, spec)
    if not checked.error_messages and not problems:
        return dict(checked.validated_parameters)
    if checked.error_messages:
        problems += _problems(spec, given, "") or list(checked.error_messages)
    raise Refused("\n".join(problems), problems=problems)


def typed(values: Mapping[str, Any], options: Mapping[str, Any], problems: dict[str, str]) -> dict[str, Any]:
    """Variables in their types, by the argument specs of their roles. What does not fit is left out and put into
    ``problems``, by name. The keys of a list's dictionaries are documentation there; the resource checks them, in its
    own words."""
    # Names that were read from a file say where they stood in it, and take long to copy, as the validator does.
    values = {str.__str__(name): value for name, value in values.items()}
    spec = {name: _outside(options[name]) for name in values}
    for name, value in values.items():
        found = open_passwords({name: value}, spec)
        if found:
            problems[name] = "\n".join(f"{line}." for line in found)
    values = {name: value for name, value in values.items() if name not in problems}
    spec = {name: spec[name] for name in values}
    checked = ArgumentSpecValidator(spec).validate(dict(values))
    if not checked.error_messages:
        return dict(checked.validated_parameters)
    wrong = {name: _value_problems(name, values[name], spec[name], "") for name in spec if values[name] is not None}
    wrong = {name: lines for name, lines in wrong.items() if lines}
    problems.update((name, "\n".join(f"{line}." for line in lines)) for name, lines in wrong.items())
    good = {name: value for name, value in values.items() if name not in wrong}
    return dict(ArgumentSpecValidator({name: spec[name] for name in good}).validate(good).validated_parameters)


def open_passwords(values: Mapping[str, Any], options: Mapping[str, Any]) -> list[str]:
    """A line for each URL with a password in it, but in what is never logged. The password is not in the line. Of
    guests only that is looked at which is fetched for them: what else they are told is theirs."""
    seen = {name: value for name, value in values.items() if not options.get(name, {}).get("no_log")}
    for name in _GUESTS:
        if isinstance(seen.get(name), list):
            seen[name] = [_fetched(guest) for guest in seen[name]]
    return [f"{where} is {urls.PROBLEM}" for name, value in seen.items() for where in urls.with_password(value, name)]


def _fetched(guest: Any) -> dict[str, Any]:
    install = guest.get("install") if isinstance(guest, Mapping) else None
    if not isinstance(install, Mapping):
        return {}
    return {"install": {key: value for key, value in install.items() if key not in SECRET_KEYS}}


def _outside(option: Mapping[str, Any]) -> dict[str, Any]:
    outside = {key: option[key] for key in ("type", "elements", "choices", "no_log") if key in option}
    return {**outside, "elements": "dict"} if "options" in option else outside


def allowed(option: Mapping[str, Any]) -> str:
    """What an option may be, in words, with the verb."""
    if "choices" in option:
        return f"allowed are {', '.join(map(str, option['choices']))}"
    return f"allowed is {_words(option)}"


def _words(option: Mapping[str, Any]) -> str:
    kind, elements = option.get("type", "str"), option.get("elements")
    text = _TYPES[kind]
    if kind == "list" and elements in ("dict", "str", "int"):
        text += {"dict": " of dictionaries", "str": " of texts", "int": " of whole numbers"}[elements]
    if option.get("options"):
        text += f" with {', '.join(option['options'])}"
    return text


def _problems(spec: Mapping[str, Any], given: Mapping[str, Any], where: str) -> list[str]:
    unknown = [key for key in given if key not in spec]
    if "name" in spec and len(unknown) == len(given) == 1 and isinstance(given[unknown[0]], Mapping):
        return [f"{where}name is missing; write it as name: {shown(unknown[0])}, with its other keys beside that"]
    found = [f"{where}{unknown_key(key, spec)}" for key in unknown]
    for name, option in spec.items():
        if given.get(name) is not None:
            found += _value_problems(name, given[name], option, where)
        elif option.get("required"):
            found.append(f"{where}{name} is missing; {allowed(option)}")
    return found


def _value_problems(name: str, value: Any, option: Mapping[str, Any], where: str) -> list[str]:
    plain = {key: option[key] for key in ("type", "elements", "choices") if key in option}
    inside, items = option.get("options"), option.get("elements") == "dict"
    if items:
        plain.pop("elements")
        if not isinstance(value, (list, tuple)):
            return [f"{where}{name} is {_found(value)}; {allowed(option)}{_as_list(value)}"]
    checked = ArgumentSpecValidator({name: plain}).validate({name: value})
    if checked.error_messages:
        found = "not of its type" if option.get("no_log") else _found(value)
        return [f"{where}{name} is {found}; {allowed(option)}"]
    known = checked.validated_parameters[name]
    if items:
        problems = []
        for number, item in enumerate(known):
            label = f"{where}{name}: item {number}"
            if not isinstance(item, Mapping):
                problems.append(f"{label} is {_found(item)}; allowed is a dictionary{_with(inside)}")
            elif inside:
                own = next((item[key] for key in _NAMES if isinstance(item.get(key), str)), None)
                problems += _problems(inside, item, f"{where}{name}: {own}: " if own else f"{label}: ")
        return problems
    return _problems(inside, known, f"{where}{name}: ") if inside else []


def _as_list(value: Any) -> str:
    """How a dictionary becomes a list of them."""
    if not isinstance(value, Mapping) or not value:
        return ""
    first = shown(next(iter(value)))
    if all(isinstance(item, Mapping) for item in value.values()):
        return f", each with its name: write '- name: {first}', with its other keys below"
    return f": write '- {first}: ...', with its other keys below"


def _found(value: Any) -> str:
    """A value in a message, which is one line, and shows nothing of what may hold a guest's password."""
    if isinstance(value, Mapping):
        return f"a dictionary with {', '.join(map(shown, value)) or 'nothing'}"
    if isinstance(value, (list, tuple)) and any(isinstance(item, (Mapping, list)) for item in value):
        return "a list"
    return repr(value)


def _with(inside: Mapping[str, Any] | None) -> str:
    return f" with {', '.join(inside)}" if inside else ""
