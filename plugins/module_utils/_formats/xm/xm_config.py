# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""xmdomain.cfg(5): the text of a guest's configuration file for xm to data. Nothing in it is ever run.

To xm such a file is a program in Python 2, and every name that it sets is a setting (Xen's tools/python/xen/xm/opts.py
and create.py). Here it is read with ``ast``: literals, names that were set before, ``+``, ``+=`` and ``%`` with
literals are worked out; everything else is refused by line and by what it is. So is what Python 3 understands in
another way than Python 2. Sizes are bounded, because a text of a few lines can stand for gigabytes.
"""

from __future__ import annotations

import ast
import io
import keyword
import operator
import re
import tokenize
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Dict, List, Union

# As xlcfg.parse gives them: numbers are texts.
Value = Union[str, List["Value"]]
Settings = Dict[str, Value]

MAX_TEXT = 1 << 18
MAX_DEPTH = 20
# How much one setting may hold: characters, with each list and each number counted as a few.
MAX_SIZE = 1 << 16
# The same for everything that is looked at on the way.
MAX_WORK = 1 << 22
# Within one logical line; the parser goes one level deeper for each of them.
MAX_OPERATORS = 200
MAX_BRACKETS = 2000
MAX_DIGITS = 20
LARGEST = 1 << 64

# What a guest has where its file does not say it, other than with xl: xm sends nothing, and xend has this by itself
# (Xen's tools/python/xen/xend/XendConfig.py, actions_after_crash).
UNSAID = {"on_crash": "restart"}

_NOT_RUN = "is code, and configurations are not run"
_STRING_PREFIXES = ("", "r", "u")
# What Python 2 reads otherwise in a plain string, or as a byte that is no character. Other escapes are passed over.
_ODD_ESCAPE = re.compile(r"\\(?:(?P<odd>[uUN]|x[89A-Fa-f]|[2-7][0-7][0-7])|.)", re.DOTALL)
_FORMAT = re.compile(r"%(?:\([^()%]*\))?[-+ #0]{0,3}[0-9]{0,3}(?:\.[0-9]{1,3})?[sdiuxXoc]|%%")
# Bytes that are no UTF-8 come as lone surrogates, which Python's parser refuses; they are moved out of its sight.
_HIDDEN = {0xDC80 + byte: 0x10FE80 + byte for byte in range(128)}
_SHOWN = {hidden: shown for shown, hidden in _HIDDEN.items()}

# What an expression can be that is not worked out. Statements are known by their first word.
_CODE: dict[type[ast.AST], str] = {
    ast.Call: "a call with (...)",
    ast.Attribute: "looking into something with a dot",
    ast.Subscript: "picking a part with [...]",
    ast.Lambda: "lambda",
    ast.IfExp: "if",
    ast.ListComp: "for",
    ast.GeneratorExp: "for",
    ast.DictComp: "for",
    ast.SetComp: "for",
    ast.Compare: "a comparison",
    ast.BoolOp: "and/or",
    ast.JoinedStr: "an f-string",
    ast.Set: "a set",
}
_SIGNS: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.USub: operator.neg, ast.UAdd: operator.pos}


class XmConfigError(ValueError):
    """A text that is not read. ``line`` counts from 1."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")
        self.line = line


def parse(text: str) -> Settings:
    """The settings of a configuration file: key to text or list; True is ``1``, and what is None is not set.

    A name that holds a dictionary is none of them: such a name can only be there for ``%``. Raises XmConfigError for
    what would have to be run, and for what is no Python.
    """
    if len(text) > MAX_TEXT:
        raise XmConfigError(1, f"the file is longer than {MAX_TEXT} characters")
    if any(hidden in text for hidden in map(chr, _SHOWN)) or "\0" in text:
        raise XmConfigError(1, "the file holds characters that no configuration needs")
    hidden = text.translate(_HIDDEN)
    _check_words(hidden)
    evaluation = _Evaluation()
    for statement in _statements(hidden):
        evaluation.statement(statement)
    found = evaluation.names
    return {name: _plain(value) for name, value in found.items() if value is not None and not isinstance(value, dict)}


def _statements(text: str) -> list[ast.stmt]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python 3 complains about escapes that Python 2 takes
            return ast.parse(text).body
    except SyntaxError as error:
        raise XmConfigError(error.lineno or 1, f"Python does not understand it: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise XmConfigError(1, f"Python does not understand it: {error}") from None


# -- before the parser sees it -----------------------------------------------------------------------------------------


def _check_words(text: str) -> None:
    """Refuse what begins a line with code, what Python 2 reads otherwise, and what would send the parser deep."""
    operators = brackets = depth = 0
    at_start = True
    for token in _tokens(text):
        line = token.start[0]
        if token.type == tokenize.NEWLINE:
            operators, brackets, at_start = 0, 0, True
            continue
        if token.type in (tokenize.NL, tokenize.COMMENT, tokenize.INDENT, tokenize.DEDENT):
            continue
        if at_start and token.string in _STARTS_CODE:
            raise XmConfigError(line, f"{token.string} {_NOT_RUN}")
        at_start = token.string == ";"
        _check_word(token, line)
        depth += (token.string in "([{") - (token.string in ")]}") if token.type == tokenize.OP else 0
        brackets += token.type == tokenize.OP and token.string in "([{"
        operators += token.type == tokenize.OP and token.string not in _STRUCTURE or token.string in _OPERATOR_WORDS
        if depth > MAX_DEPTH or brackets > MAX_BRACKETS or operators > MAX_OPERATORS:
            raise XmConfigError(line, "too much in one line, or too deep")


_STRUCTURE = ("(", ")", "[", "]", "{", "}", ",", "=", ":", ";")
_OPERATOR_WORDS = ("not", "lambda", "if", "and", "or", "in", "is", "await", "yield")
_STARTS_CODE = frozenset(keyword.kwlist) - {"None", "True", "False", "pass", "not", "lambda"} | {"print", "exec"}


def _tokens(text: str) -> Iterator[tokenize.TokenInfo]:
    line = 1
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline=None).readline):
            line = token.start[0]
            yield token
    except (tokenize.TokenError, SyntaxError) as error:
        place = error.args[1] if len(error.args) > 1 else None
        at = place[0] if isinstance(place, tuple) and isinstance(place[0], int) else getattr(error, "lineno", None)
        raise XmConfigError(at or line, f"Python does not understand it: {error.args[0]}") from None


def _check_word(token: tokenize.TokenInfo, line: int) -> None:
    text = token.string
    if token.type == tokenize.NUMBER and (len(text) > MAX_DIGITS or "_" in text):
        raise XmConfigError(line, f"{text[:MAX_DIGITS]} is too long for a number, or none in Python 2")
    if text == "`":
        raise XmConfigError(line, f"a text in backticks {_NOT_RUN}")
    if token.type == tokenize.STRING:
        prefix = re.split("['\"]", text, maxsplit=1)[0].lower()
        if prefix not in _STRING_PREFIXES:
            raise XmConfigError(line, f"a text that begins with {prefix} is no plain text")
        if prefix == "" and any(found["odd"] for found in _ODD_ESCAPE.finditer(text)):
            raise XmConfigError(line, "an escape in a text that stands for something beyond ASCII")


# -- working out -------------------------------------------------------------------------------------------------------


class _Evaluation:
    """The names that were set so far. Lists are Python's own, so that two names of one list see what is added to it."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}
        self._work = 0

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            value = self._value(node.value)
            for target in node.targets:
                self.names[_name(target)] = value
        elif isinstance(node, ast.AugAssign):
            self._add_to(node)
        elif isinstance(node, ast.Expr):
            self._value(node.value)  # a text that stands alone is a comment
        elif not isinstance(node, ast.Pass):
            raise _refused(node)

    def _add_to(self, node: ast.AugAssign) -> None:
        name = _name(node.target)
        if not isinstance(node.op, ast.Add):
            raise XmConfigError(node.lineno, "of these operators only += is worked out")
        old, new = self._named(name, node), self._value(node.value)
        if isinstance(old, list) and isinstance(new, (list, tuple)):
            old.extend(new)
            self._checked(old, node)
        else:
            self.names[name] = self._sum(old, new, node)

    def _value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            return self._constant(node)
        if isinstance(node, ast.Name):
            return self._named(node.id, node)
        if isinstance(node, (ast.List, ast.Tuple)):
            return self._list(node)
        if isinstance(node, ast.Dict):
            return self._dictionary(node)
        if isinstance(node, ast.UnaryOp):
            return self._signed(node)
        if isinstance(node, ast.BinOp):
            return self._combined(node)
        raise _refused(node)

    def _constant(self, node: ast.Constant) -> Any:
        if node.value is None or isinstance(node.value, (str, int, float)):
            return self._checked(node.value, node)
        raise XmConfigError(_line(node), "allowed are texts, numbers, True, False and None")

    def _named(self, name: str, node: ast.AST) -> Any:
        try:
            return self.names[name]
        except KeyError:
            raise XmConfigError(_line(node), f"{name} was not set before") from None

    def _list(self, node: ast.List | ast.Tuple) -> Any:
        items = [self._value(item) for item in node.elts]
        if any(item is None or isinstance(item, dict) for item in items):
            raise XmConfigError(_line(node), "allowed in a list are texts, numbers and lists")
        return self._checked(items if isinstance(node, ast.List) else tuple(items), node)

    def _dictionary(self, node: ast.Dict) -> dict[str, Any]:
        found = {}
        for key, value in zip(node.keys, node.values):  # noqa: B905 - Python 3.8; ast makes them of one length
            name = None if key is None else self._value(key)
            if not isinstance(name, str):
                raise XmConfigError(_line(node), "the keys of a dictionary must be texts")
            found[name] = self._value(value)
        return found

    def _signed(self, node: ast.UnaryOp) -> Any:
        value = self._value(node.operand)
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        sign = _SIGNS.get(type(node.op))
        if not number or sign is None:
            raise XmConfigError(_line(node), "of the operators before a value only a number's sign is worked out")
        return sign(value)

    def _combined(self, node: ast.BinOp) -> Any:
        if not isinstance(node.op, (ast.Add, ast.Mod)):
            raise XmConfigError(_line(node), "of the operators between values only + and % are worked out")
        left, right = self._value(node.left), self._value(node.right)
        return self._sum(left, right, node) if isinstance(node.op, ast.Add) else self._formatted(left, right, node)

    def _sum(self, left: Any, right: Any, node: ast.AST) -> Any:
        if any(isinstance(left, kind) and isinstance(right, kind) for kind in (str, list, tuple, int)):
            return self._checked(left + right, node)
        raise XmConfigError(_line(node), "these two can't be added")

    def _formatted(self, form: Any, values: Any, node: ast.AST) -> str:
        """``'...%s...' % values``, for plain conversions of texts and whole numbers."""
        given = list(values.values() if isinstance(values, dict) else values if isinstance(values, tuple) else [values])
        if not isinstance(form, str) or not all(isinstance(each, (str, int)) for each in given):
            raise XmConfigError(_line(node), "with % only texts and whole numbers are put into a text")
        if "%" in _FORMAT.sub("", form):
            raise XmConfigError(_line(node), "a conversion with % that is not worked out")
        if len(_FORMAT.findall(form)) * max([1000, *(len(str(each)) for each in given)]) > 100 * MAX_SIZE:
            raise XmConfigError(_line(node), "too much to put into a text with %")
        try:
            text = form % values
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            raise XmConfigError(_line(node), f"% fails: {error}") from None
        return str(self._checked(text, node))

    def _checked(self, value: Any, node: ast.AST) -> Any:
        """The value, if it is small. A list can hold itself, and a line of a few letters can double one."""
        left = -1 if isinstance(value, int) and abs(value) >= LARGEST else _measured(value, MAX_SIZE, MAX_DEPTH)
        self._work += MAX_SIZE - left
        if left < 0 or self._work > MAX_WORK:
            raise XmConfigError(_line(node), "a value that is too large, or lists in each other too deeply")
        return value


def _name(target: ast.expr) -> str:
    if not isinstance(target, ast.Name):
        raise XmConfigError(_line(target), "only single names can be set")
    return target.id


def _measured(value: Any, budget: int, depth: int) -> int:
    """What is left of the budget; negative if the value is too large or too deep."""
    if isinstance(value, str):
        return budget - len(value) - 1
    if not isinstance(value, (list, tuple)):
        return budget - 1
    if depth == 0:
        return -1
    budget -= 1
    for item in value:
        budget = _measured(item, budget, depth - 1)
        if budget < 0:
            return budget
    return budget


def _plain(value: Any) -> Value:
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value if item is not None]
    if isinstance(value, bool):
        return str(int(value))
    return str(value).translate(_SHOWN)


def _refused(node: ast.AST) -> XmConfigError:
    name = _CODE.get(type(node), f"a {type(node).__name__}")
    return XmConfigError(_line(node), f"{name} {_NOT_RUN}")


def _line(node: ast.AST) -> int:
    return getattr(node, "lineno", 1)
