# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands for modules of the standard library while a simulated command runs, because they take longer to import
than most commands to run: a command takes as long as Python's start and what it imports.

A stand-in has what commands use of its module; whoever asks it for more gets that of the real one. Each does what the
real one does for what the simulator's code uses (tests/unit/simulator/test_standins.py compares them).
"""

from __future__ import annotations

import _collections_abc
import _functools  # type: ignore[import-not-found]  # below `functools`
import _imp
import _operator
import _sre  # type: ignore[import-not-found]  # below `re`
import marshal
import os
import sys
import urllib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

CODES = "/.sim/codes"
# Annotations stand in a class's namespace until this Python, and what is below `re` has been the same since 3.11.
_KNOWN_PYTHONS = ((3, 11), (3, 13))

_HARDLY_USED = ("copy", "gzip", "hashlib", "ipaddress", "ntpath", "platform", "random", "shlex", "shutil", "subprocess",
                "sysconfig", "tarfile", "tempfile", "uuid", "warnings")


def install() -> None:
    """Let stand-ins be found from now on. Before anything else is imported."""
    # signature: for the docstring of a class that has none
    Late("inspect", get_annotations=lambda cls: cls.__dict__.get("__annotations__", {}), signature=lambda cls: "")
    typing = Late("typing", Any=None, NoReturn=None, Protocol=object, TYPE_CHECKING=False, ClassVar=Late,
                  _GenericAlias=Late)
    vars(urllib)["parse"] = Late("urllib.parse", quote_from_bytes=None)
    for name in _HARDLY_USED:
        Late(name)
    Late("collections", abc=_collections_abc)
    sys.modules["collections.abc"] = _collections_abc
    if _KNOWN_PYTHONS[0] <= sys.version_info[:2] <= _KNOWN_PYTHONS[1]:
        typing.NamedTuple = NamedTuple
        Late("operator", attrgetter=_operator.attrgetter, itemgetter=_operator.itemgetter)
        Late("functools", lru_cache=_lru_cache)
        Late("dataclasses", dataclass=dataclass, field=field, replace=replace)
        expressions(CODES)


class Late(type(sys)):  # type: ignore[misc]  # a module
    """A module of which only what is `known` is there; it is imported when somebody asks it for anything else."""

    def __init__(self, name: str, **known: Any) -> None:
        self.__dict__.update(known, __name__=name, __spec__=None)
        sys.modules[name] = self

    def __getattr__(self, wanted: str) -> Any:
        if wanted.startswith("__"):
            raise AttributeError(wanted)
        return getattr(self.really(), wanted)

    def really(self) -> Any:
        """The real module."""
        if "real" not in self.__dict__:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
            __import__(self.__name__)
            real = self.__dict__["real"] = sys.modules[self.__name__]
            if "abc" in self.__dict__:  # imported already, so that nobody makes it a part of the real one
                vars(real)["abc"] = self.abc
        return self.__dict__["real"]


def _lru_cache(limit: Any = 128, typed: bool = False, **named: Any) -> Any:
    """functools.lru_cache: what is below that one too. Nobody here asks how often something was found."""
    limit = named.get("maxsize", limit)
    if callable(limit):
        return _functools._lru_cache_wrapper(limit, 128, typed, tuple)
    return lambda function: _functools._lru_cache_wrapper(function, limit, typed, tuple)


# --- regular expressions -----------------------------------------------------------------------------------------


def expressions(directory: str) -> Late:
    """Make `re` what keeps in that directory, for all machines of the rack, what it has compiled: an expression takes
    half a millisecond to compile, and its compiler five to import."""
    used: dict[tuple[Any, int], Any] = {}
    module = Late("re", IGNORECASE=2, I=2, MULTILINE=8, M=8, DOTALL=16, S=16, VERBOSE=64, X=64, ASCII=256, A=256)

    def compiled(pattern: Any, flags: int = 0) -> Any:
        if not isinstance(pattern, (str, bytes)):
            return pattern  # compiled already
        key = (pattern, int(flags))
        if key not in used:
            used[key] = _kept(directory, key) or _compile(module, directory, key)
        return used[key]

    def calling(name: str, words: int) -> Callable[..., Any]:
        """The function of that name, which takes so many words between expression and flags."""
        def function(pattern: Any, *given: Any, flags: int = 0, **named: Any) -> Any:
            flags = given[words] if len(given) > words else flags
            return getattr(compiled(pattern, flags), name)(*given[:words], **named)
        return function

    def escape(text: Any) -> Any:
        return text.translate(_ESCAPED) if isinstance(text, str) else module.really().escape(text)

    module.compile, module.escape = compiled, escape
    for words, names in _FUNCTIONS.items():
        for name in names:
            setattr(module, name, calling(name, words))
    return module


_FUNCTIONS = {1: ("fullmatch", "match", "search", "findall", "finditer"), 2: ("split",), 3: ("sub", "subn")}
_ESCAPED = {ord(letter): "\\" + letter for letter in "()[]{}?*+-|^$\\.&~# \t\n\r\v\f"}


def _file(directory: str, key: tuple[Any, int]) -> str:
    # Of another type and with other flags the same words are another expression; of another Python it is no code.
    return f"{directory}/re-{_sre.MAGIC}-{_imp.source_hash(key[1], repr(key[0]).encode()).hex()}"


def _kept(directory: str, key: tuple[Any, int]) -> Any:
    """The compiled expression, None if it is not kept."""
    try:
        with open(_file(directory, key), "rb") as stream:
            return _sre.compile(*marshal.load(stream))
    except (OSError, EOFError, ValueError, TypeError):
        return None


def _compile(module: Late, directory: str, key: tuple[Any, int]) -> Any:
    """Have the real module compile it, and keep what came of it."""
    compiler = module.really()._compiler
    sys.modules["re"] = module  # what is imported next has its expressions kept as well
    parts: list[Any] = []

    def note(*arguments: Any) -> Any:
        parts.extend(arguments)
        return _sre.compile(*arguments)

    noting = type(sys)("_sre")
    vars(noting).update(vars(_sre), compile=note)
    given = vars(compiler)
    given["_sre"] = noting
    try:
        expression = compiler.compile(*key)
    finally:
        given["_sre"] = _sre
    name = _file(directory, key)
    temporary = f"{name}.{os.getpid()}"
    try:
        with open(temporary, "wb") as stream:
            marshal.dump([_plain(part) for part in parts], stream)
        os.replace(temporary, name)
    except OSError:
        pass  # a full disk: it costs time, nothing else
    return expression


def _plain(part: Any) -> Any:
    """The compiler's numbers have names, which are nothing for marshal."""
    return [int(number) for number in part] if isinstance(part, list) else int(part) if isinstance(part, int) else part


# --- dataclasses -------------------------------------------------------------------------------------------------

_NOTHING = object()


class Field:
    """What `field` was told of one."""

    def __init__(self, default_factory: Any = None, init: bool = True, repr: bool = True) -> None:
        self.default_factory, self.init, self.repr = default_factory, init, repr


def field(**told: Any) -> Any:
    return Field(**told)


def dataclass(given: type | None = None, *, frozen: bool = False) -> Any:
    """What dataclasses.dataclass makes, without generating and compiling code for it: that takes half a millisecond a
    class."""
    if given is None:
        return lambda later: dataclass(later, frozen=frozen)
    fields = dict(vars(given.__mro__[1]).get("_fields", {}))
    for name in vars(given).get("__annotations__", ()):
        default = vars(given).get(name)
        fields[name] = default if isinstance(default, Field) else Field()
        if isinstance(default, Field):
            delattr(given, name)
    names = tuple(name for name, known in fields.items() if known.init)
    shown = tuple(name for name, known in fields.items() if known.repr)
    factories = {name: known.default_factory for name, known in fields.items() if known.default_factory}

    def __init__(self: Any, *values: Any, **named: Any) -> None:
        if len(values) > len(names):
            raise TypeError(f"{given.__name__} takes {len(names)} values, and was given {len(values)}")
        found = dict(zip(names, values))
        for name in named:
            if name in found or name not in names:
                raise TypeError(f"{given.__name__}: {name} is no value of it, or was given twice")
        found.update(named)
        for name in names:
            if name not in found:
                if name not in factories and not hasattr(given, name):
                    raise TypeError(f"{given.__name__} without its {name}")
                found[name] = factories[name]() if name in factories else getattr(given, name)
        self.__dict__.update(found)
        if hasattr(self, "__post_init__"):
            self.__post_init__()

    def values_of(self: Any) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in fields)

    def __eq__(self: Any, other: object) -> Any:
        return values_of(self) == values_of(other) if type(other) is type(self) else NotImplemented

    def __repr__(self: Any) -> str:
        return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    made: dict[str, Any] = {"__init__": __init__, "__eq__": __eq__, "__repr__": __repr__, "__hash__": None}
    if frozen:
        made |= {"__hash__": lambda self: hash(values_of(self)), "__setattr__": _refuse, "__delattr__": _refuse}
    made |= {"_fields": fields, "__match_args__": names}
    for name, value in made.items():
        if name not in vars(given):
            setattr(given, name, value)
    return given


class _Named(type):
    """Makes what a class of typing.NamedTuple is: a tuple whose members have names."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> Any:
        names = tuple(body.get("__annotations__", ())) if bases != (tuple,) else ()
        defaults = {member: body.pop(member) for member in names if member in body}
        body |= {member: property(_operator.itemgetter(number)) for number, member in enumerate(names)}
        body |= {"_fields": names, "_field_defaults": defaults, "__match_args__": names, "__slots__": ()}
        return super().__new__(cls, name, bases, body)


class NamedTuple(tuple, metaclass=_Named):  # type: ignore[type-arg]
    """typing.NamedTuple, without the code that it would generate and compile for a class."""

    _fields: tuple[str, ...]
    _field_defaults: dict[str, Any]

    def __new__(cls, *values: Any, **named: Any) -> Any:
        if named or len(values) != len(cls._fields):
            first = dict(zip(cls._fields, values))
            given = {**cls._field_defaults, **first, **named}
            if len(values) > len(first) or first.keys() & named or given.keys() != set(cls._fields):
                raise TypeError(f"{cls.__name__} takes {', '.join(cls._fields)}")
            values = tuple(given[name] for name in cls._fields)
        return tuple.__new__(cls, values)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in zip(self._fields, self))})"


def _refuse(_self: Any, name: str, _value: Any = None) -> None:
    raise AttributeError(f"cannot assign to field {name!r}")


def replace(known: Any, **changes: Any) -> Any:
    """A copy with other values."""
    return type(known)(**{name: getattr(known, name) for name in known.__match_args__} | changes)
