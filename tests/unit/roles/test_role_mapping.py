# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Role variable to module option is written once: no variable is forgotten, and no task goes past the table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import jinja2
import pytest
import yaml

from ansible_collections.netbsd.xen.plugins.lookup import role_value
from ansible_collections.netbsd.xen.plugins.module_utils._change import NotRead, Refused
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.arguments import VARIABLES
from ansible_collections.netbsd.xen.plugins.plugin_utils import _declared
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import every
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import COMMON, Task, Variables
from ansible_collections.netbsd.xen.tests.unit.support.paths import ROLES

# Variables of the argument specs that no task gives to a module of the collection.
UNUSED = {
    "bootstrap_python_package": "part of bootstrap's one command, quoted; any text may be a package's name",
    "bootstrap_pkgin": "yes or no, which its type says",
    "bootstrap_settle": "yes or no, which its type says",
    "bootstrap_timeout": "a whole number, which its type says; Ansible itself takes it",
    "domu_add_hosts": "yes or no, which its type says; netbsd.xen.guest_hosts asks for it",
    "domu_add_hosts_groups": "names of groups, which Ansible itself takes",
    "domu_add_hosts_jump": "one of its choices, which the argument specs say",
}
# Enough for every branch of the tables to be taken once.
MACHINES = [
    {"role": "dom0", "machine": machine, "release": release, "hypervisor": hypervisor, "toolstack": None}
    for machine, release in (("amd64", "10.1"), ("i386", "5.1"))
    for hypervisor in (None, {"release": "4.18", "boots": None, "installed": None})
]
CASES = [
    {
        "bootloader_loader": loader,
        "bootloader_console": console,
        "bootloader_install": True,
        "services_console_log": True,
        "dom0_kernel_member": member,
        "netbsd_xen_host": {"host": machine, "packages": {"xentools418": "1"}, "snapshot": {"resources": {}}},
        **{f"{role}_xen_release": xen for role in ("dom0", "bootloader", "services")},
    }
    for loader, console in (("boot_cfg", None), ("grub", None), ("grub", "com0"), ("grub2", "both"))
    for member in ("", "./netbsd")
    for xen in ("3.1", "4.20")
    for machine in MACHINES
]
CASES.append({**CASES[0], "ansible_check_mode": True, "bootloader_install": False})
CASES.append({**CASES[0], "bootloader_entries": [], "bootloader_path": "/boot.cfg", "domu_release": ""})
INSTALLED = {
    "name": "web1",
    "os": "netbsd",
    "memory": "256M",
    "disks": [{"path": "/home/xen/web1.img", "size": "4G"}],
    "install": {"method": "sets", "release": "10.1", "authorized_keys": ["ssh-ed25519 AAAA me"]},
}
CASES.append({**CASES[0], "domu_guests": [INSTALLED], "domu_release": "", "domu_install_source": ""})


def specified() -> dict[str, Any]:
    """The options of all roles' argument specs, by variable."""
    found: dict[str, Any] = {}
    for path in ROLES.glob("*/meta/argument_specs.yml"):
        found.update(yaml.safe_load(path.read_text())["argument_specs"]["main"]["options"])
    return found


class Noted(Mapping):
    """Variables with a value each, and a note of those that were asked for."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values, self.asked = values, set()

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return self.values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)


def any_value(option: dict[str, Any]) -> Any:
    if option.get("default") is not None:
        return option["default"]
    if "choices" in option:
        return option["choices"][0]
    return {"bool": False, "dict": {}, "int": 1, "list": [], "path": "/x", "str": "x"}[option["type"]]


WITHOUT_DEFAULT = {
    *("bootloader_entries", "bootloader_path", "bridge_nat", "domu_destroy_after", "netbsd_xen_max_impact"),
    *VARIABLES.values(),
}
# What somebody has who sets nothing.
DEFAULTS = {
    name: any_value(option)
    for name, option in specified().items()
    if name not in WITHOUT_DEFAULT
}


def asked_for(tasks_of: Mapping[str, Any]) -> set[str]:
    """The variables that the tables of these roles ask for, in any of the cases."""
    asked: set[str] = set()
    for case in CASES:
        noted = Noted({**DEFAULTS, "inventory_hostname": "xen1", **case})
        variables = Variables(noted)
        for role in tasks_of.values():
            functions = [*getattr(role, "VALUES", {}).values(), *(task.when for task in role.TASKS.values())]
            for work_out in [*functions, *(task.given for task in role.TASKS.values())]:
                try:
                    work_out(variables)
                except (NotRead, Refused):
                    continue
        asked |= noted.asked
    return asked


def test_every_variable_of_a_role_is_given_to_a_module_or_said_why_not() -> None:
    assert set(specified()) - asked_for(every.ROLES) == set(UNUSED)


def test_a_forgotten_variable_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    makedev = every.ROLES["makedev"]
    whole = makedev.TASKS["device_nodes"]
    short = {name: source for name, source in whole.options.items() if name != "xbd_units"}
    monkeypatch.setitem(makedev.TASKS, "device_nodes", Task(whole.resource, whole.words, short))
    assert set(specified()) - asked_for(every.ROLES) == {*UNUSED, "makedev_xbd_units"}


def test_every_variable_that_is_asked_for_is_one() -> None:
    own = {"ansible_check_mode", "ansible_failed_result", "inventory_hostname", "netbsd_xen_host"}
    registered = ("files", "packages", "systems")
    results = {f"{role}_{what}_result" for role in ("dom0", "domu", "upgrade") for what in registered}
    assert asked_for(every.ROLES) - set(specified()) - own - results == set()


# -- the tasks ---------------------------------------------------------------------------------------------------------

LOOKUP = re.compile(r"lookup\('netbsd\.xen\.role_value', '(?P<name>[^']+)'(?P<omit>, default=omit)?\)")
# One only reads the machine. The other's option is a text of the role, which no resource knows.
WITHOUT_TABLE = {"netbsd.xen.host_info", "netbsd.xen.shell_script"}


def tasks() -> list[tuple[str, dict[str, Any]]]:
    """Every task of every role, with its role."""
    found = []
    for path in sorted(ROLES.glob("*/tasks/*.yml")):
        waiting = yaml.safe_load(path.read_text()) or []
        while waiting:
            task = waiting.pop()
            waiting += [*task.get("block", []), *task.get("rescue", []), *task.get("always", [])]
            found.append((path.parts[-3], task))
    return found


def calls() -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Every call of a module of the collection: role, module, its options, and the task."""
    return [
        (role, module, task[module] or {}, task)
        for role, task in tasks()
        for module in task
        if module.startswith("netbsd.xen.") and module not in WITHOUT_TABLE
    ]


def test_the_calls_are_found() -> None:
    assert len(calls()) == sum(len(role.TASKS) for role in every.ROLES.values()) >= 22


@pytest.mark.parametrize(("role", "module", "options", "task"), calls())
def test_a_task_gives_what_the_table_has_and_nothing_else(
    role: str, module: str, options: dict[str, Any], task: dict[str, Any]
) -> None:
    looked_up = {option: LOOKUP.fullmatch(value.strip("{} ")) for option, value in options.items()}
    names = {option: found["name"] for option, found in looked_up.items() if found}
    (name,) = {found.rpartition(".")[0] for found in names.values()}
    assert names == {option: f"{name}.{option}" for option in options}
    own_role, _dot, own_task = name.partition(".")
    table = every.ROLES[role].TASKS[own_task]
    assert own_role == role
    assert set(options) == set(table.options)
    assert f"netbsd.xen.{table.resource.NAME}" == module
    omitted = {option for option, found in looked_up.items() if found and found["omit"]}
    assert omitted == sometimes_not_given(table)
    conditions = re.findall(r"'([\w.]+\.when)'", str(task.get("when", "")))
    assert conditions == ([] if table.when is Task.when else [f"{name}.when"])


def sometimes_not_given(table: Task) -> set[str]:
    """The options that are not given in some case, or to somebody who leaves out what has no default."""
    found = set(COMMON)
    for case in CASES:
        variables = Variables({**DEFAULTS, "inventory_hostname": "xen1", **case})
        if table.when(variables):
            found |= set(table.options) - set(table.given(variables))
    return found


def looked_up_names() -> set[str]:
    paths = [*ROLES.glob("*/*/*.yml"), *ROLES.parent.glob("playbooks/*.yml")]
    text = "\n".join(path.read_text() for path in paths)
    return {found["name"] for found in LOOKUP.finditer(text)}


def test_what_the_roles_look_up_is_there_and_nothing_is_there_for_nobody() -> None:
    options = {
        f"{name}.{task}.{option}"
        for name, role in every.ROLES.items()
        for task, table in role.TASKS.items()
        for option in [*table.options, *([] if table.when is Task.when else ["when"])]
    }
    values = {f"{name}.{value}" for name, role in every.ROLES.items() for value in getattr(role, "VALUES", {})}
    assert looked_up_names() == options | values


# -- the check of the inventory ----------------------------------------------------------------------------------------


def test_the_check_declares_what_every_role_gives_to_its_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """Role upgrade goes by the variables of dom0 and bootloader, and gives the same to the same modules."""
    specs: list[Any] = []
    as_before = _declared.validated
    monkeypatch.setattr(_declared, "validated", lambda spec, params: specs.append(spec) or as_before(spec, params))
    known = {name: value for name, value in DEFAULTS.items() if name != "bootloader_native_kernel"}
    for loader in ("boot_cfg", "grub"):
        values = {
            **known,
            "bootloader_loader": loader,
            "bootloader_console": "com0",
            "bootloader_native_kernel": "/netbsd",
            "domu_guests": [INSTALLED],
            **{f"{role}_xen_release": "4.20" for role in ("dom0", "bootloader", "services")},
        }
        _declared.check_host(_declared.HostVariables("xen1", values, frozenset()), specified())
    roles = [role for name, role in every.ROLES.items() if name != "upgrade"]
    resources = [task.resource for role in roles for task in role.TASKS.values()]
    assert [each.NAME for each in resources if not any(each.ARGUMENTS is spec for spec in specs)] == []


# -- the lookup --------------------------------------------------------------------------------------------------------


def test_a_name_that_there_is_not_is_said() -> None:
    names = ("nothing", "dom0.nothing", "makedev.nothing", "nothing.a.b", "dom0.kernfs.nothing", "dom0.nothing.when")
    for name in names:
        with pytest.raises(role_value.AnsibleError, match=f"there is no {name}"):
            role_value._value(name, Variables({}), None)


def test_an_option_that_is_not_given_is_the_default() -> None:
    assert role_value._value("bridge.bridge.nat", Variables({}), "omitted") == "omitted"
    assert role_value._value("bridge.bridge.nat", Variables({"bridge_nat": []}), "omitted") == []
    with pytest.raises(role_value.AnsibleError, match="bridge_nat is undefined"):
        role_value._value("bridge.bridge.nat", Variables({}), None)


def test_its_examples_give_what_their_comments_say() -> None:
    examples = re.compile(r"""msg: "\{\{ (?P<expression>.*) \}\}"  # (?P<result>.*)""")
    stated = list(examples.finditer(role_value.EXAMPLES))
    assert len(stated) == len(yaml.safe_load(role_value.EXAMPLES)) == 2
    for task, found in zip(yaml.safe_load(role_value.EXAMPLES), stated):
        variables = Variables(task["vars"])
        looked_up = {"lookup": lambda _plugin, name, known=variables: role_value._value(name, known, None)}
        expression = jinja2.Environment().compile_expression(found["expression"])
        assert str(expression(**looked_up)) == found["result"]
