# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What a plan goes by is what netbsd.xen.site does: the roles, their tags, their tasks and what these register."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import every
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.order import SITE, Part, Tags, chosen
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Task
from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT, ROLES

# They change nothing of a machine: what was read before is read again.
READERS = {"ansible.builtin.include_tasks", "ansible.builtin.import_tasks", "netbsd.xen.host_info"}
PART = {part: f"{part.role}/{part.tasks_from}" for part in SITE}


def test_the_roles_come_in_the_order_and_with_the_tags_of_the_playbook() -> None:
    steps = yaml.safe_load((CHECKOUT / "playbooks/tasks/machine.yml").read_text())
    calls = [(step["tags"], step["ansible.builtin.import_role"]) for step in steps]
    told = [(tag, call["name"].removeprefix("netbsd.xen."), call.get("tasks_from", "main")) for tag, call in calls]
    assert [(part.tag, part.role, part.tasks_from) for part in SITE] == [
        (tag, role, file.removesuffix(".yml")) for tag, role, file in told
    ]


def modules(part: Part) -> list[tuple[str, dict[str, Any]]]:
    """The tasks of a part that call a module of the collection, with its name."""
    tasks = yaml.safe_load((ROLES / part.role / f"tasks/{part.tasks_from}.yml").read_text())
    found = [(next(key for key in task if "." in key), task) for task in tasks]
    return [(module, task) for module, task in found if module not in READERS]


@pytest.mark.parametrize("part", SITE, ids=PART.values())
def test_the_tasks_of_a_role_come_in_its_order(part: Part) -> None:
    tables: dict[str, Task] = every.ROLES[part.role].TASKS
    found = modules(part)
    options = [str(next(iter(task[module].values()))) for module, task in found]
    names = [text.split("role_value', '")[1].split("'")[0].split(".")[:2] for text in options]
    assert names == [[part.role, name] for name in part.tasks]
    for (module, task), name in zip(found, part.tasks):
        table = tables[name]
        assert module == f"netbsd.xen.{table.resource.NAME}"
        assert task.get("register", "") == table.register
        assert ("failed_when" in task) is table.goes_on
        assert ("when" in task) is (table.when is not Task.when)


def test_every_task_of_the_roles_of_the_playbook_is_in_one_part() -> None:
    parts = [(part.role, name) for part in SITE for name in part.tasks]
    assert len(parts) == len(set(parts))
    roles = {part.role for part in SITE}
    assert set(parts) == {(role, name) for role in roles for name in every.ROLES[role].TASKS}


def test_what_other_tasks_ask_for_is_registered_by_the_roles_of_an_upgrade_too() -> None:
    for name in ("trial", "tools"):
        tasks = yaml.safe_load((ROLES / f"upgrade/tasks/{name}.yml").read_text())
        calls = [(key, task) for task in tasks for key in task if key.startswith("netbsd.xen.")]
        for module, task in calls:
            option = str(next(iter(task[module].values())))
            table = every.ROLES["upgrade"].TASKS[option.split("role_value', '")[1].split(".")[1]]
            assert task.get("register", "") == table.register


def test_no_task_has_a_tag_that_ansible_has_a_meaning_for() -> None:
    assert {part.tag for part in SITE} & {"all", "always", "never", "tagged", "untagged"} == set()


def test_a_run_without_tags_comes_to_all_of_them() -> None:
    assert [ordered.name for ordered in chosen(Tags())] == [name for part in SITE for name in part.tasks]
