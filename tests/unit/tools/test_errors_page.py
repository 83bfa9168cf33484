# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""docs/errors.md: what counts as a message in code, and that the page has just these, each in one section."""

from __future__ import annotations

from pathlib import Path

import errors_page
import messages_in_code
import pytest
import remedies
import yaml
from messages_in_code import Message

CODE = '''
from errors import Refused, XenError

CHECKS = (lambda current: [], _room)


def read(host, path):
    """This is no message at all."""
    if not host.exists(path):
        raise XenError(f"{path} is missing on {host}. Bring it there.")
    summary = "this is what a change says of itself"
    return summary


def plan(found):
    problems = [line for check in CHECKS for line in check(found)]
    if problems:
        raise Refused("\\n".join(problems))
    for guest in found:
        raise Refused(f"guest {guest}: {_why(guest)}")
    raise _refused("this comes through a parameter of it")


def _room(current):
    yield "There is no room " + "for anything. Make some."


def _why(guest):
    why = "it has no disk that it may use"
    return why


def _refused(words):
    return Refused(words)


def warn(result):
    result.warnings.append("with timeout 0 nobody can choose anything")
    raise NotRead("this must be looked at once more")
'''


def test_messages_are_followed_to_their_words(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(CODE)
    assert messages_in_code.messages(tmp_path) == {
        Message("code.py", text)
        for text in (
            "… is missing on …. Bring it there.",
            "There is no room for anything. Make some.",
            "it has no disk that it may use",
            "this comes through a parameter of it",
            "with timeout 0 nobody can choose anything",
        )
    }


def test_what_a_task_fails_with(tmp_path: Path) -> None:
    tasks = tmp_path / "dom0/tasks/main.yml"
    tasks.parent.mkdir(parents=True)
    fail = {"ansible.builtin.fail": {"msg": "{{ host }} has no\nway to {{ it }} there."}}
    empty = {"ansible.builtin.fail": {"msg": "{{ lookup('words', 'of a plugin') }}"}}
    tasks.write_text(yaml.safe_dump([{"block": [fail]}, empty, {"ansible.builtin.debug": {"msg": "no failure"}}]))
    assert messages_in_code.of_tasks(tmp_path) == {Message("roles/dom0/tasks/main.yml", "… has no way to … there.")}


def page(*patterns: str) -> str:
    marks = (
        f"## Subject\n\nProse.\n\n<!-- messages, {pattern}: written by tests/tools/errors_page.py -->\n\n"
        "- `old words`\n\n<!-- end of the messages -->\n"
        for pattern in patterns
    )
    return "\n".join(marks)


MESSAGES = [
    Message("a/one.py", "… is wrong. Mend it."),
    Message("a/two.py", "It broke; run again"),
    Message("b.py", "Allowed is this; write it so"),
]


def test_each_section_gets_its_messages_by_their_fixed_words() -> None:
    written = errors_page.with_messages(page("a/*.py", "b.py"), MESSAGES)
    first, second = written.split("## Subject")[1:]
    assert "\n\n- `… is wrong. Mend it.`\n- `It broke; run again`\n\n<!-- end" in first and "old words" not in written
    assert "- `Allowed is this; write it so`\n" in second
    assert errors_page.with_messages(written, MESSAGES) == written


@pytest.mark.parametrize(
    ("patterns", "said"),
    [
        (["a/*.py"], r"b\.py has messages and is in 0 sections"),
        (["a/*.py", "a/one.py b.py"], r"a/one\.py has messages and is in 2 sections"),
        (["a/*.py", "b.py c.py"], r"c\.py is in a mark"),
    ],
)
def test_a_file_is_in_one_section_and_a_pattern_of_some_file(patterns: list[str], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        errors_page.with_messages(page(*patterns), MESSAGES)


ROW = "| `It broke by itself`<br>`… is gone` | A cable is loose. Put it in. |\n"


def test_a_message_with_a_row_is_not_listed_again() -> None:
    silent = [Message("a/two.py", "It broke by itself"), Message("a/one.py", "… is gone")]
    explained = page("a/*.py", "b.py").replace("Prose.\n", f"Prose.\n\n| it says | do |\n|---|---|\n{ROW}", 1)
    written = errors_page.with_messages(explained, [*MESSAGES, *silent])
    assert written.count("It broke by itself") == 1 and ROW in written
    assert errors_page.explanations(written) == dict.fromkeys(
        ["It broke by itself", "… is gone"], "A cable is loose. Put it in."
    )


def test_a_message_that_says_nothing_to_do_needs_a_row_and_a_row_its_message() -> None:
    with pytest.raises(ValueError, match=r'a/two\.py: "It broke by itself" says nothing to do'):
        errors_page.with_messages(page("a/*.py", "b.py"), [*MESSAGES, Message("a/two.py", "It broke by itself")])
    end = "<!-- end of the messages -->\n"
    elsewhere = page("a/*.py", "b.py").replace(end, end + ROW, 1)
    with pytest.raises(ValueError, match="a row is of no message of its section: It broke by itself"):
        errors_page.with_messages(elsewhere, [*MESSAGES, Message("a/two.py", "It broke by itself; mend it")])


@pytest.mark.parametrize(
    ("file", "text", "needs"),
    [
        ("action/a.py", "… is missing. Bring it there.", False),
        ("action/a.py", "… is …; allowed are 1 to …", False),
        ("action/a.py", "it is in use by …: stop that first", False),
        ("action/a.py", "nobody looked (set timeout)", False),
        ("action/a.py", "The machine was not rebooted. …", True),
        ("action/a.py", "xl list printed no table", True),
        ("action/a.py", "the machine has no use for it", True),
        ("module_utils/_resources/bridge/declared.py", "src and dest are the same file.", False),
    ],
)
def test_who_needs_a_cause(file: str, text: str, needs: bool) -> None:
    assert remedies.needs_cause(Message(file, text)) == needs


def test_the_page_is_that_of_the_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert errors_page.main(["--check"]) == 0
    count, sections, explained, rows = (int(word) for word in capsys.readouterr().out.split() if word.isdigit())
    assert count > 900 and sections > 20 and explained > rows > 100
