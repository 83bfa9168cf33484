# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The rack's plan as JSON and as a page: all of it is in both, and nothing of it is taken for markup."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import jsonschema
import pytest

from ansible_collections.netbsd.xen.plugins.plugin_utils._plan import rack, rack_files, rack_text
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import DeclaredGuest, HostPlan, Step
from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT
from ansible_collections.netbsd.xen.tests.unit.support.rack_plans import (
    IF_NEEDED,
    bridge,
    disk,
    menu,
    problem,
    restart,
    running,
    sample,
    unreachable,
)

NOW = "2026-11-30T20:00:00Z"
EVIL = "<script>alert(1)</script>\"'&amp;<!--\x1b[2J\u202e{{ 7 * 7 }}\udc80"
(SCHEMA,) = re.findall(r"^```json\n(.*?)^```$", (CHECKOUT / "docs/plan.md").read_text(), re.MULTILINE | re.DOTALL)


class Page(HTMLParser):
    """What a browser finds: the elements with their attributes, the texts, and whether each element that was opened was
    closed."""

    EMPTY = ("meta", "input")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def page(*found: HostPlan | rack.Unseen) -> str:
    return rack_files.as_page(rack.rack_plan(found), NOW)


def told(*found: HostPlan | rack.Unseen) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(rack_files.as_json(rack.rack_plan(found), NOW))
    jsonschema.Draft202012Validator(json.loads(SCHEMA)).validate(content)
    return content


def everything(text: str) -> list[HostPlan | rack.Unseen]:
    """A rack in which this text stands in every place that there is."""
    step = Step(text, text, text, text, "live", text, {text: [text]}, action=text)
    plan = HostPlan(
        text,
        steps=(step,),
        waiting=(Step(text, text, text, text, "host_reboot", [text], None, text),),
        problems=(problem(text, text, text),),
        later=(problem(text, text, text),),
        warnings=(text,),
        running=(running(text + "2", text), running(text, "u1", known=True)),
        declared_guests=(DeclaredGuest(text, text), DeclaredGuest(text, "u1")),
    )
    other = HostPlan(text + "b", running=(running(text, "U1"), running(text, text)))
    new = HostPlan(text + "c", steps=(disk(text),), declared_guests=(DeclaredGuest(text, "U1"),))
    return [plan, other, new, rack.Unseen(text + "d", text, unreachable=True), HostPlan(text + "e")]


@pytest.mark.parametrize("hosts", [0, 1, 3, 20, 200])
def test_the_json_is_as_its_page_says(hosts: int) -> None:
    found = sample(hosts)
    content = told(*found)
    assert [each["host"] for each in content["hosts"]] == [each.host for each in found]
    states = [each["state"] for each in content["hosts"]]
    assert content["sums"]["states"] == {state: states.count(state) for state in rack.STATES}
    assert content["made_at"] == NOW


def test_the_json_tells_drift_from_failure_and_from_hosts_that_can_t_be_reached() -> None:
    content = told(
        HostPlan("a", steps=(bridge(),), waiting=(restart("web1", IF_NEEDED),)),
        HostPlan("b", problems=(problem("no space", "/"),), running=(running("old", "u1"),), warnings=("old",)),
        rack.Unseen("c", "no Python", unreachable=False),
        unreachable("d"),
        HostPlan("e"),
    )
    assert {each["host"]: each["state"] for each in content["hosts"]} == {
        "a": "drifted",
        "b": "failed",
        "c": "failed",
        "d": "unreachable",
        "e": "in_sync",
    }
    drifted, failed = content["hosts"][:2]
    assert drifted["changes"] == [
        {
            "role": "bridge",
            "resource": "bridge",
            "thing": "bridge0",
            "summary": "add wm1 as a member",
            "impact": "live",
            "before": {"members": ["wm0"]},
            "after": {"members": ["wm0", "wm1"]},
        }
    ]
    assert [(each["thing"], each["word"]) for each in drifted["waiting"]] == [("web1", IF_NEEDED)]
    assert failed["problems"] == [{"role": "dom0", "resource": "preflight", "thing": "/", "message": "no space"}]
    assert failed["undeclared"] == [{"name": "old", "uuid": "u1"}] and failed["warnings"] == ["old"]


def test_hostile_texts_are_data_in_the_json() -> None:
    text = rack_files.as_json(rack.rack_plan(everything(EVIL)), NOW)
    assert text.isascii() and all(c.isprintable() or c == "\n" for c in text)
    content = told(*everything(EVIL))
    assert content["hosts"][0]["changes"][0]["summary"] == EVIL
    there = {"guest": EVIL, "host": EVIL + "b", "name": EVIL, "same": "uuid", "refused": "disk"}
    assert there in content["hosts"][2]["elsewhere"]


def test_the_page_is_sound_and_needs_nothing_but_itself() -> None:
    for hosts in (0, 1, 3, 20, 200):
        found = Page(page(*sample(hosts)))
        assert found.open == []
        names = {name for _tag, attributes in found.elements for name in attributes}
        assert not names & {"src", "href", "srcset", "data", "action", "style"}
        assert [tag for tag, _attributes in found.elements if tag in ("link", "img", "iframe", "object", "base")] == []
        assert len(found.of("script")) == 1
        ids = [attributes["id"] for _tag, attributes in found.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        assert {attributes["aria-labelledby"] for attributes in found.of("section")} <= set(ids)
    assert "@import" not in page() and "url(" not in page() and "http:" not in page()


def test_hostile_texts_are_texts_on_the_page() -> None:
    text = page(*everything(EVIL))
    assert "{{" in text and "49" not in text
    assert all(c.isprintable() or c == "\n" for c in text)
    text.encode()
    hostile, tame = Page(text), Page(page(*everything("tame")))
    # The same elements and attributes as of a tame rack, so nothing of it became markup.
    shape = [(tag, sorted(attributes)) for tag, attributes in tame.elements]
    assert [(tag, sorted(attributes)) for tag, attributes in hostile.elements] == shape
    assert hostile.of("section")[0]["data-state"] == "failed"


def test_everything_of_the_plan_is_on_the_page_without_its_script() -> None:
    found = sample(40)
    text = "\n".join(Page(page(*found)).texts)
    for view in rack.rack_plan(found).hosts:
        assert view.host in text
        assert view.reason in text
        for step in (*view.plan.steps, *view.plan.waiting):
            assert step.summary in text and rack_text.thing(step.resource, step.thing) in text and step.word in text
        for each in (*view.problems, *view.plan.later):
            assert each.message in text
        for warning in view.warnings:
            assert warning in text
        for guest in view.undeclared:
            assert f"guest {guest.name}" in text
    assert all("hidden" not in attributes for _tag, attributes in Page(page(*found)).elements if _tag != "form")


def test_what_a_change_does_is_told_as_lines() -> None:
    assert rack_files.difference(bridge()) == [(" ", "members:"), (" ", "  wm0"), ("+", "  wm1")]
    assert rack_files.difference(restart("web1")) == [("-", "memory: 512"), ("+", "memory: 1024")]
    shown = rack_files.difference(menu())
    assert shown[0][0] == "+" and shown[0][1].startswith("menu=Xen:")
    assert shown[1:] == [(" ", "menu=NetBSD:boot netbsd"), (" ", "menu=Single user:boot netbsd -s")]
    assert rack_files.difference(Step("a", "b", "c", "d", "live")) == []
    assert rack_files.difference(Step("a", "b", "c", "d", "live", "-- x\n", "++ y\n")) == [("-", "-- x"), ("+", "++ y")]
    far = "".join(f"{number}\n" for number in range(20))
    lines = rack_files.difference(Step("a", "b", "c", "d", "live", far, "a\n" + far + "z\n"))
    assert [sign for sign, _text in lines] == ["+", " ", " ", "@", " ", " ", "+"]


def test_what_is_no_plan_of_a_host_is_in_no_file() -> None:
    """A plan never holds a secret; what else a result of Ansible has beside it goes nowhere."""
    canary = "canary-3e1f1b2c"
    plan = HostPlan("xen1", steps=(bridge(),)).as_data()
    result = {"plan": plan, "invocation": canary, "stdout": canary, "ansible_facts": {"x": canary}}
    found = rack.rack_plan([rack.from_result("xen1", result)])
    for text in (rack_files.as_json(found, NOW), rack_files.as_page(found, NOW), str(rack_text.lines(found))):
        assert canary not in text
