# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The messages that an admin can meet, found in the code of the plugins: what is raised, what is warned of, and what
goes into lists of problems; and what the roles' tasks fail with.

A message is followed back from there to where its words stand: through names, parameters, attributes and functions,
which are told apart by their last name alone, so that a text may be found that never comes as a message. What a
placeholder holds is followed only where the words around it say nothing, as in "guest NAME: PROBLEM". Not found is what
less than WORDS words tell, and what comes through an attribute that is not named below.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

# What stands for a value.
HOLE = "…"
# Beneath a wish to look again, or for a place where the code itself catches it: nobody reads these.
INTERNAL = ("NotRead", "Ended", "Missing", "AnsibleActionSkip", "RuntimeError", "OSError", "FileNotFoundError")
# What is said of a run where nothing is raised, by the name of the attribute, the keyword or the list that holds it.
TOLD = ("problems", "warnings", "errors", "refused", "msg")
_SAYS = ("warn", "warning", "Problem")
# Attributes that may hold a message.
_HELD = ("lost", "message", "reason", "said", "text", "why")
_ERRORS = ("Error", "Fail", "Failure", "Refused", "Exception")
_WORD = re.compile(r"(?:^|(?<=[\s(]))(?:[A-Z]?[a-z]+(?:['-][a-z]+)?|[A-Z]+)(?=[\s,.;:)?]|$)")
# Fewer words are a part of some message.
WORDS = 4
# Commands, patterns and lines of files.
_NO_SENTENCE = re.compile(r"[{$&|]|\.\*|^#")
# Where a text goes on with what another has begun.
_LEADS_ON = re.compile(r"^(?:…[,.;:]+ |[ ,.;:]+)+")
# What these say are names of menu entries, and comments in an inventory that is written.
NO_MESSAGES = ("plugin_utils/_roles/bootloader.py", "plugin_utils/_adopt/menu.py", "plugin_utils/_adopt/services.py")
# Passed through: what they are given comes out, in another order or as text.
_SAME = {"str", "list", "tuple", "sorted", "iter", "dict", "fromkeys", "strip", "rstrip", "replace", "join"}


@dataclass(frozen=True)
class Message:
    """The words of a message with holes for values, and the file that has them, below ``plugins``."""

    file: str
    text: str


@dataclass
class _Function:
    """A function: its file, its name, its parameters without ``self``, and what is in it; a file's top level is one
    without a name."""

    file: str
    name: str
    parameters: list[str]
    nodes: list[ast.AST]

    def results(self) -> Iterator[ast.expr]:
        for node in self.nodes:
            if isinstance(node, (ast.Return, ast.Yield, ast.YieldFrom)) and node.value is not None:
                yield node.value


@dataclass
class _Code:
    """What there is in all files, by name."""

    functions: dict[str, list[_Function]] = field(default_factory=lambda: defaultdict(list))
    errors: set[str] = field(default_factory=set)
    calls: dict[str, list[tuple[ast.Call, _Function]]] = field(default_factory=lambda: defaultdict(list))
    # What is put under a name: an attribute, a keyword, or a key of a dictionary.
    held: dict[str, list[tuple[ast.expr, _Function]]] = field(default_factory=lambda: defaultdict(list))
    # What a file has at its top level, by file and name.
    constants: dict[tuple[str, str], list[tuple[ast.expr, _Function]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    raised: list[tuple[ast.expr, _Function]] = field(default_factory=list)


def messages(root: Path) -> set[Message]:
    """All messages of the Python files below ``root``."""
    code = _read(root)
    search = _Search(code)
    for expression, within in code.raised:
        search.follow(expression, within)
    for name in TOLD:
        for expression, within in code.held[name]:
            search.follow(expression, within)
    for name in _SAYS:
        for call, within in code.calls[name]:
            for argument in call.args[-1:]:
                search.follow(argument, within)
    return {message for message in search.found if message.file not in NO_MESSAGES}


def of_tasks(root: Path) -> set[Message]:
    """What the tasks of the roles below ``root`` fail with; paths begin with ``roles``."""
    found = set()
    for path in root.glob("*/tasks/*.yml"):
        for task in _tasks(yaml.safe_load(path.read_text(encoding="utf-8"))):
            text = re.sub(
                r"\{\{.*?\}\}", HOLE, str(task.get("ansible.builtin.fail", {}).get("msg", "")), flags=re.DOTALL
            )
            if _WORD.search(text):
                found.add(Message(f"roles/{path.relative_to(root)}", " ".join(text.split())))
    return found


def _tasks(tasks: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The tasks, and those of their blocks."""
    for task in tasks or ():
        yield task
        for part in ("block", "rescue", "always"):
            yield from _tasks(task.get(part, ()))


class _Search:
    """Goes from an expression to the words that it can be."""

    def __init__(self, code: _Code) -> None:
        self.code = code
        self.found: set[Message] = set()
        self._seen: set[int] = set()

    def follow(self, node: ast.expr, within: _Function) -> None:
        waiting = [(node, within)]
        while waiting:
            expression, place = waiting.pop()
            if id(expression) in self._seen:
                continue
            self._seen.add(id(expression))
            text = template(expression)
            if len(_WORD.findall(text)) >= WORDS and not _NO_SENTENCE.search(text):
                self.found.add(Message(place.file, _LEADS_ON.sub("", " ".join(text.split()))))
            else:
                waiting += self._sources(expression, place)

    def _sources(self, node: ast.expr, within: _Function) -> Iterator[tuple[ast.expr, _Function]]:
        """Where the words of an expression come from, one step back."""
        if isinstance(node, ast.Call):
            yield from self._of_call(node, within)
        elif isinstance(node, ast.Name):
            yield from ((value, within) for value in _put_under(node.id, within.nodes))
            yield from self._of_parameter(node.id, within)
            yield from self.code.constants[within.file, node.id]
            yield from self._results(node.id)
        elif isinstance(node, ast.Attribute) and node.attr in (*TOLD, *_HELD):
            yield from self.code.held[node.attr]
        elif isinstance(node, ast.JoinedStr):
            yield from ((part.value, within) for part in node.values if isinstance(part, ast.FormattedValue))
        elif isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
            yield node.elt, within
            yield from ((generator.iter, within) for generator in node.generators)
        elif isinstance(node, ast.DictComp):
            yield node.value, within
        elif isinstance(node, ast.IfExp):
            yield from ((value, within) for value in (node.body, node.orelse))
        elif isinstance(node, (ast.BinOp, ast.BoolOp, ast.List, ast.Tuple, ast.Set, ast.Starred, ast.Dict)):
            yield from ((value, within) for value in ast.iter_child_nodes(node) if isinstance(value, ast.expr))

    def _of_call(self, call: ast.Call, within: _Function) -> Iterator[tuple[ast.expr, _Function]]:
        name = _last_name(call.func)
        if name in self.code.functions:
            yield from self._results(name)
        elif name in self.code.errors or name.endswith(_ERRORS) or name in _SAME:
            if isinstance(call.func, ast.Attribute):
                yield call.func.value, within
            yield from ((argument, within) for argument in call.args)
        elif isinstance(call.func, ast.Name):
            # Each of a table of functions, perhaps.
            yield call.func, within

    def _results(self, name: str) -> Iterator[tuple[ast.expr, _Function]]:
        for function in self.code.functions.get(name, ()):
            yield from ((result, function) for result in function.results())

    def _of_parameter(self, name: str, within: _Function) -> Iterator[tuple[ast.expr, _Function]]:
        """What callers give for a parameter."""
        if name not in within.parameters:
            return
        place = within.parameters.index(name)
        for call, caller in self.code.calls[within.name]:
            yield from ((keyword.value, caller) for keyword in call.keywords if keyword.arg == name)
            yield from ((argument, caller) for argument in call.args[place : place + 1])


def template(node: ast.AST) -> str:
    """The words of an expression, with a hole for each value; empty for what is no text as it stands."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(template(part) or HOLE for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        both = template(node.left), template(node.right)
        return "".join(part or HOLE for part in both) if any(both) else ""
    return ""


def _put_under(name: str, nodes: Iterable[ast.AST]) -> Iterator[ast.expr]:
    """What a local name can hold: assigned, added, appended, or gone through by a loop."""
    for node in nodes:
        targets: list[ast.AST] = []
        if isinstance(node, ast.Assign):
            targets = list(node.targets)
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.For, ast.comprehension, ast.NamedExpr)):
            targets = [node.target]
        names = {each.id for target in targets for each in ast.walk(target) if isinstance(each, ast.Name)}
        if name in names:
            value = node.iter if isinstance(node, (ast.For, ast.comprehension)) else node.value  # type: ignore[attr-defined]
            if value is not None:
                yield value
        elif (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("append", "extend")
            and isinstance(node.func.value, ast.Name)
            and node.func.value.id == name
        ):
            yield from node.args


def _assigned(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    """Assignments among the nodes: the last name of what is assigned to, and the value."""
    for node in nodes:
        if isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                yield _last_name(target), node.value


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _read(root: Path) -> _Code:
    code = _Code()
    for path in sorted(root.rglob("*.py")):
        _read_file(str(path.relative_to(root)), ast.parse(path.read_text(encoding="utf-8")), code)
    return code


def _read_file(file: str, tree: ast.Module, code: _Code) -> None:
    inner: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            if any(_last_name(base).endswith(_ERRORS) or _last_name(base) in code.errors for base in node.bases):
                code.errors.add(node.name)
        elif isinstance(node, ast.FunctionDef):
            nodes = list(ast.walk(node))
            inner.update(map(id, nodes))
            arguments = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            function = _Function(file, node.name, [name for name in arguments if name not in ("self", "cls")], nodes)
            code.functions[node.name].append(function)
            _read_nodes(nodes, function, code)
    top = _Function(file, "", [], [])
    for name, value in _assigned(tree.body):
        code.constants[file, name].append((value, top))
    _read_nodes([node for node in ast.walk(tree) if id(node) not in inner], top, code)


def _read_nodes(nodes: Iterable[ast.AST], function: _Function, code: _Code) -> None:
    for node in nodes:
        if isinstance(node, ast.Raise) and node.exc is not None:
            name = _last_name(node.exc.func) if isinstance(node.exc, ast.Call) else ""
            if name not in INTERNAL:
                code.raised.append((node.exc, function))
        elif isinstance(node, ast.Call):
            code.calls[_last_name(node.func)].append((node, function))
            for keyword in node.keywords:
                code.held[keyword.arg or ""].append((keyword.value, function))
            # found.problems.append(...), and lists of that name.
            if isinstance(node.func, ast.Attribute) and node.func.attr in ("append", "extend"):
                code.held[_last_name(node.func.value)] += [(argument, function) for argument in node.args]
        elif isinstance(node, (ast.Assign, ast.AugAssign, ast.AnnAssign)):
            for name, value in _assigned([node]):
                code.held[name].append((value, function))
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    code.held[key.value].append((value, function))
