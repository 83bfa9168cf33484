# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rack's plan as files: JSON for programs, a page for people. Pure but for the page's template, which is read."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ansible_collections.netbsd.xen.plugins.module_utils._change import Change
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan import rack_text
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import Step
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.rack import IMPACTS, STATES, HostView, RackPlan

# The number goes up when a program that reads the file would have to be changed.
FORMAT = 1
TEMPLATE = "rack_page.html.j2"


def as_json(plan: RackPlan, made_at: str) -> str:
    """The plan as the page docs/plan.md describes it. ``made_at`` is a time in ISO 8601."""
    content = {
        "format": FORMAT,
        "made_at": made_at,
        "sums": asdict(plan.sums),
        "hosts": [_host(view) for view in plan.hosts],
    }
    return json.dumps(content, indent=1) + "\n"


def as_page(plan: RackPlan, made_at: str) -> str:
    """The plan as one HTML page that needs nothing but itself."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(clean=rack_text.clean, difference=difference)
    template = environment.get_template(TEMPLATE)
    return template.render(
        plan=plan,
        sums=plan.sums,
        made_at=made_at,
        states=STATES,
        state_words=rack_text.STATE_WORDS,
        impacts=IMPACTS,
        thing=rack_text.thing,
    )


# The endings that a report's name may have, and what is in such a file.
KINDS: Mapping[str, Callable[[RackPlan, str], str]] = {".json": as_json, ".html": as_page}


def difference(step: Step) -> list[tuple[str, str]]:
    """What a change does, as lines: ``-``, ``+`` or a blank, and the text; ``@`` where lines are left
    out. Nothing where nothing is told of it."""
    told = Change(step.resource, step.thing, "", "", step.before, step.after).diff()
    before, after = told["before"].splitlines(), told["after"].splitlines()
    # The first two lines name the files.
    lines = list(difflib.unified_diff(before, after, lineterm="", n=2))[2:]
    return [("@", "...") if line.startswith("@@") else (line[0], _visible(line[1:])) for line in lines][1:]


def _visible(text: str) -> str:
    """A line as it is, with what a terminal or a browser would obey shown as escapes."""
    return "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in text)


def _host(view: HostView) -> dict[str, Any]:
    plan = view.plan
    return {
        "host": view.host,
        "state": view.state,
        "message": view.reason,
        "changes": [_step(step) for step in plan.steps],
        "waiting": [{**_step(step), "word": step.word} for step in plan.waiting],
        "later": [asdict(each) for each in plan.later],
        "problems": [asdict(each) for each in view.problems],
        "undeclared": [{"name": guest.name, "uuid": guest.uuid} for guest in view.undeclared],
        "elsewhere": [
            {
                "guest": each.guest,
                "host": each.other,
                "name": each.running_as,
                "same": each.same,
                "refused": each.refused,
            }
            for each in view.elsewhere
        ],
        "warnings": list(view.warnings),
    }


def _step(step: Step) -> dict[str, Any]:
    names = ("role", "resource", "thing", "summary", "impact", "before", "after")
    return {name: getattr(step, name) for name in names}
