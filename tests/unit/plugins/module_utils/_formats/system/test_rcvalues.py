# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""rc.conf and the files that it reads: where a value is told, sh says the same; all else says why, with its line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.system.rcvalues import Value, Values

# A line of rc.conf, what stands in the files `local` and `other` beside it (None: not there), and what is told of x: a
# value with the file that decides, or words of why not. None: it is not set.
READ = [
    (". {d}/local", "x=local", None, ("local", "local")),
    ("source {d}/local", "x=local", None, ("local", "local")),
    ('. "{d}/local"', "x=local", None, ("local", "local")),
    ("[ -r {d}/local ] && . {d}/local", "x=local", None, ("local", "local")),
    ("[ -r {d}/local ] && . {d}/local", None, None, ("first", "rc.conf")),
    ("test -f {d}/local && . {d}/local", "x=local", None, ("local", "local")),
    ("[ -e {d}/other ] && [ -s {d}/local ] && . {d}/local", "x=local", "", ("local", "local")),
    ("[ -e {d}/other ] && [ -s {d}/local ] && . {d}/local", "x=local", None, ("first", "rc.conf")),
    ("[ -s {d}/local ] && . {d}/local", "", None, ("first", "rc.conf")),
    ("if [ -r {d}/local ]; then\n\t. {d}/local\nfi", "x=local", None, ("local", "local")),
    ("if [ -r {d}/local ]\nthen . {d}/local\nfi", "x=local", None, ("local", "local")),
    ("if [ -r {d}/local ]; then . {d}/local; fi", None, None, ("first", "rc.conf")),
    ("if ! [ -r {d}/local ]; then . {d}/other; fi", None, "x=other", ("other", "other")),
    ("if [ -r {d}/local ]; then . {d}/local; else . {d}/other; fi", "x=local", "x=other", ("local", "local")),
    ("if [ -r {d}/local ]; then . {d}/local; else . {d}/other; fi", None, "x=other", ("other", "other")),
    ("[ -r {d}/local ] && { . {d}/local; }", "x=local", None, ("local", "local")),
    ("{ . {d}/local\n}", "x=local", None, ("local", "local")),
    (". {d}/local\nx=last", "x=local", None, ("last", "rc.conf")),
    (". {d}/local", ". {d}/other\nx=local", "x=other", ("local", "local")),
    (". {d}/local", "x=local\n. {d}/other", "x=other", ("other", "other")),
    (". {d}/local", "y=1\n# x=2", None, ("first", "rc.conf")),
    (". {d}/local", "x=", None, ("", "local")),
    (". {d}/local; . {d}/other", "x=local", "y=1", ("local", "local")),
    (". {d}/local\n. {d}/local", "x=local", None, ("local", "local")),
]
UNKNOWN = [
    (". $HOME/local", None, None, "line 2 of {d}/rc.conf reads a file that only sh can find, $HOME/local"),
    (". `echo {d}/local`", "x=local", None, "reads a file that only sh can find"),
    (". local", "x=local", None, "line 2 of {d}/rc.conf reads a file that only sh can find, local"),
    (". {d}/local", None, None, "line 2 of {d}/rc.conf reads {d}/local, which is not there, and sh ends at that"),
    (". {d}/local", 'x="', None, "{d}/local can't be understood: line 1: a quote has no end"),
    (". {d}/local", "x=1\nreturn", None, "{d}/local can't be understood: line 2: 'return' may end it there"),
    (". {d}/local", ". {d}/rc.conf", None, "{d}/local reads {d}/rc.conf, which reads it in turn, and sh does not end"),
    (". {d}/local", "true && x=local", None, "line 1 of {d}/local sets it within a condition"),
    (". {d}/local", "unset x", None, "line 1 of {d}/local sets it within"),
    (". {d}/local", "eval 'x=2'", None, "line 1 of {d}/local sets it within"),
    (". {d}/local", ': "${{x:=2}}"', None, "line 1 of {d}/local sets it within"),
    ("true && . {d}/local", "x=local", None, "line 2 of {d}/rc.conf reads {d}/local on a condition that only sh can"),
    ("[ -d {d} ] && . {d}/local", "x=local", None, "on a condition that only sh can tell"),
    ("[ -r {d}/local ] || . {d}/other", None, "x=other", "on a condition that only sh can tell"),
    ("[ -n \"$y\" -a -r {d}/local ] && . {d}/local", "x=local", None, "on a condition that only sh can tell"),
    ("case $y in *) . {d}/local;; esac", "x=local", None, "on a condition that only sh can tell"),
    ("for f in 1; do . {d}/local; done", "x=local", None, "on a condition that only sh can tell"),
    ("for f in {d}/local; do . $f; done", "x=local", None, "reads a file that only sh can find, $f"),
    ("f() {{ . {d}/local; }}\nf", "x=local", None, "on a condition that only sh can tell"),
    ("( . {d}/local )", "x=local", None, "on a condition that only sh can tell"),
    ("if [ -r {d}/local ]; then :; elif true; then . {d}/other; fi", "", "x=other", "on a condition that only sh"),
    ("if [ -r {d}/local ]; then :; elif true; then . {d}/other; fi", None, "x=other", "on a condition that only sh"),
    ("if true && [ -r {d}/local ]; then . {d}/local; fi", "x=local", None, "on a condition that only sh can tell"),
]


def laid_out(folder: Path, line: str, local: str | None, other: str | None) -> Path:
    """The three files; `{d}` is their directory."""
    for name, text in (("rc.conf", f"x=first\n{line}\n"), ("local", local), ("other", other)):
        if text is not None:
            plain = text.replace("{{", "{").replace("}}", "}")
            (folder / name).write_text(plain.replace("{d}", str(folder)) + ("\n" if text else ""))
    return folder / "rc.conf"


def read(path: str) -> str | None:
    try:
        return Path(path).read_text()
    except OSError:
        return None


def told(*paths: Path) -> Value | None:
    return Values(read, [str(path) for path in paths]).find("x")


def in_sh(*paths: Path) -> str:
    """What sh says of x, empty if it does not get that far; it starts no command but its own."""
    script = "ulimit -n 40\n" + "".join(f". {path}\n" for path in paths) + 'printf "%s" "${x-unset}"'
    return subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, timeout=10, env={"PATH": "/nonexistent"}
    ).stdout


@pytest.mark.parametrize(("line", "local", "other", "expected"), READ)
def test_what_is_read(tmp_path: Path, line: str, local: str | None, other: str | None, expected: tuple) -> None:
    path = laid_out(tmp_path, line, local, other)
    found = told(path)
    assert found is not None
    assert (found.value, Path(found.path).name, found.why) == (*expected, "")
    # "source" is no word of every sh.
    assert line.startswith("source") or in_sh(path) == expected[0]
    assert read(found.path).split("\n")[found.line - 1].startswith("x=")


@pytest.mark.parametrize(("line", "local", "other", "words"), UNKNOWN)
def test_what_only_sh_can_tell(tmp_path: Path, line: str, local: str | None, other: str | None, words: str) -> None:
    path = laid_out(tmp_path, line, local, other)
    found = told(path)
    assert found is not None
    assert words.format(d=tmp_path) in found.why
    # On a line of its own below it is told again, unless sh never gets there.
    path.write_text(path.read_text() + "x=below\n")
    again = told(path)
    assert again is not None
    if "sh ends at that" in found.why or "does not end" in found.why:
        assert (again.why, in_sh(path)) == (found.why, "")
    else:
        assert (again.value, again.why) == ("below", "")
        assert in_sh(path) in ("below", "")  # empty: here sh can't find the file either


def test_the_order_is_rc_conf_then_the_scripts_own_file(tmp_path: Path) -> None:
    first, own = tmp_path / "rc.conf", tmp_path / "xencommons"
    first.write_text("x=1\n")
    assert told(first, own) == Value("1", str(first), 1)
    own.write_text("# mine\nx=2\n")
    assert told(first, own) == Value("2", str(own), 2)
    own.write_text("y=2\n")
    assert told(first, own) == Value("1", str(first), 1)
    first.write_text("y=3\n")
    assert told(first, own) is None


@pytest.mark.parametrize("text", ["x=$y", "x=`date`", 'x="${y:-1}"'])
def test_a_computed_value_is_none_and_its_place_is_known(tmp_path: Path, text: str) -> None:
    path = laid_out(tmp_path, ". {d}/local", text, None)
    assert told(path) == Value(None, str(tmp_path / "local"), 1)


PIECES = st.sampled_from([
    "x=1", "x=2", "y=3", ". {d}/local", ". {d}/other", "[ -r {d}/local ] && . {d}/local", "[ -s {d}/other ] && x=4",
    "if [ -f {d}/other ]; then", "else", "elif true; then", "fi", "{", "}", "f() {", "f", "( x=5 )", "false",
    "true || . {d}/other",
    "! [ -e {d}/local ] && . {d}/other", "case a in b) . {d}/local ;; a) x=6 ;; esac", "# x=7", "return", "unset x",
    "[ -r {d}/local ] || . {d}/other && . {d}/local", "while false; do . {d}/local; done", "x=8 true", ";", "&&",
    ": ${x:=9}",
])
TEXTS = st.lists(PIECES, max_size=7).map("\n".join)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=TEXTS, local=st.none() | TEXTS, other=st.none() | TEXTS)
def test_what_is_told_is_what_sh_says(
    tmp_path_factory: pytest.TempPathFactory, line: str, local: str | None, other: str | None
) -> None:
    path = laid_out(tmp_path_factory.mktemp("rc"), line, local, other)
    found = told(path)
    if found is not None and not found.why:
        assert in_sh(path) in (found.value, "")  # empty: sh has stopped on the way
