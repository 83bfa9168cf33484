# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A simulated machine with all that netbsd.xen.site does on it: planned, and done by the same tasks without Ansible."""

from __future__ import annotations

import atexit
import importlib
import re
import shutil
import tempfile
from collections import ChainMap
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from jinja2 import Environment, StrictUndefined
from jinja2.runtime import Context, missing
from netbsd_sim.core import profiles
from netbsd_sim.net import fetch
from netbsd_sim.rack import mirror

from ansible_collections.netbsd.xen.plugins.module_utils import _packages
from ansible_collections.netbsd.xen.plugins.module_utils._change import Change
from ansible_collections.netbsd.xen.plugins.module_utils._engine import converge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.reboot import target
from ansible_collections.netbsd.xen.plugins.plugin_utils._arguments import validated
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import HostPlan
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.plan_host import describe, plan_host
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.order import ALL, Tags, chosen
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import MACHINE, Variables
from ansible_collections.netbsd.xen.plugins.plugin_utils._templates import Templated, of_roles, seen_by_roles
from ansible_collections.netbsd.xen.tests.unit.support import sim_host
from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT
from ansible_collections.netbsd.xen.tests.unit.support.simulated import SimulatedHost

GUEST = {
    "name": "web1",
    "os": "netbsd",
    "memory": 64,
    "disks": [{"path": "/home/xen/web1.img", "size": "8M"}],
    "nics": ["bridge0"],
}
NAME = "nb0"
# What the simulator calls a loader.
SIMULATED = {"boot_cfg": "netbsd"}


class Jinja:
    """Templates without Ansible, whose own loader of plugins does not come into a test's process: enough for the roles'
    defaults, each of which may name others."""

    def __init__(self, known: Mapping[str, Any] | None = None) -> None:
        self._environment = Environment(undefined=StrictUndefined)
        self._environment.context_class = self._context()
        for path in (CHECKOUT / "plugins/filter").glob("[!_]*.py"):
            module = importlib.import_module(f"ansible_collections.netbsd.xen.plugins.filter.{path.stem}")
            filters = {f"netbsd.xen.{name}": each for name, each in module.FilterModule().filters().items()}
            self._environment.filters.update(filters)
        self.known: Mapping[str, Any] = Templated(self, known or {}, DataLoader())

    def _context(jinja) -> type[Context]:
        class Known(Context):
            def resolve_or_missing(self, key: str) -> Any:
                return jinja.known.get(key, missing)

        return Known

    def template(self, value: Any) -> Any:
        if isinstance(value, str):
            alone = re.fullmatch(r"\{\{((?:(?!\}\}).)*)\}\}", value, re.DOTALL)
            # A single expression keeps its type.
            if alone:
                return self._environment.compile_expression(alone[1])()
            return self._environment.from_string(value).render()
        if isinstance(value, dict):
            return {key: self.template(each) for key, each in value.items()}
        return [self.template(each) for each in value] if isinstance(value, list) else value


@lru_cache(maxsize=None)
def the_mirror() -> Path:
    """One for all machines of a test's process."""
    directory = Path(tempfile.mkdtemp(prefix="netbsd-xen-mirror-"))
    atexit.register(shutil.rmtree, directory)
    mirror.build(directory, profiles.get(profiles.DEFAULT_PROFILE))
    return directory


class WholeHost:
    """A machine of an era, made unless it is in the directory, and the variables that an inventory has for it."""

    def __init__(
        self, directory: Path, patch: pytest.MonkeyPatch, profile: str, preset: str = "python", loader: str = "boot_cfg"
    ) -> None:
        self.profile, self.loader = profiles.get(profile), DataLoader()
        patch.setattr(fetch, "MIRROR", the_mirror())
        self.machine = sim_host.Host(directory / NAME)
        if not self.machine.directory.exists():
            loaded_by = SIMULATED.get(loader, loader)
            sim_host.make_host(self.machine.directory, preset, NAME, profile=profile, loader=loaded_by)
        self.host = SimulatedHost(self.machine)
        self.bootstrap()
        release = self.profile.netbsd_release
        kernel = f"NetBSD/NetBSD-{release}/{self.profile.arch}/binary/kernel/netbsd-XEN3_DOMU.gz"
        self.own: dict[str, Any] = {
            "inventory_hostname": NAME,
            "bootstrap_python": f"/usr/pkg/bin/{self.profile.python_command}",
            "bootstrap_python_package": self.profile.python_package,
            "dom0_xen_release": profile.rpartition("xen-")[2].removesuffix("-efi"),
            "dom0_mirror": "http://mirror.example/pub/NetBSD",
            "bootloader_loader": loader,
            "bootloader_reboot": True,
            "bridge_bridges": [{"name": "bridge0", "interfaces": ["wm0"]}],
            "domu_files": [{"src": f"http://mirror.example/pub/{kernel}", "dest": "/home/xen/netbsd-XEN3_DOMU.gz"}],
            "domu_guests": [GUEST],
        }

    def bootstrap(self) -> None:
        """Role bootstrap notes what is on the disk."""
        _packages.settle(self.host, set(_packages.registered(self.host)) - _packages.on_disk(self.host))

    def toolstack(self, *words: str) -> None:
        """Something that somebody does with xl, or xm."""
        ended = self.machine.run(f"/usr/pkg/sbin/{self.profile.toolstack}", *words)
        assert ended.rc == 0, ended

    def variables(self) -> Templated:
        """The variables that the roles see, now that somebody has looked at the machine."""
        known = {**seen_by_roles(of_roles(self.loader), self.own), MACHINE: describe(self.host)}
        return Templated(Jinja(known), known, self.loader)

    def plan(self, tags: Tags = ALL) -> HostPlan:
        return plan_host(self.host, self.variables(), tags)

    def run(self) -> tuple[set[tuple[str, str]], list[str]]:
        """Do it, task by task: what was changed, by resource and thing, and what failed. The changes themselves are in
        ``made`` then."""
        own: dict[str, Any] = {}
        self.made: list[Change] = []
        variables = Variables(ChainMap(own, self.variables()))
        done: set[tuple[str, str]] = set()
        for ordered in chosen(ALL):
            task = ordered.task
            if not task.when(variables):
                continue
            given = validated(task.resource.ARGUMENTS, task.given(variables))
            if task.resource is target:
                plan = target.plan(dict(variables.machine), target.declare(given))
                done |= {(change.resource, change.thing) for change in plan.changes}
                self.made += plan.changes
                if plan.deferred and variables.machine["role"] != "dom0":
                    return done, plan.warnings
                if plan.changes:
                    self.machine.reboot()
                    variables = Variables(ChainMap(own, self.variables()))
                continue
            outcome = converge(task.resource, given, self.host, check=False)
            done |= {(change.resource, change.thing) for change in outcome.done}
            self.made += outcome.done
            if task.register:
                own[task.register] = outcome.result()
            if outcome.failures:
                return done, [str(error) for error in outcome.failures.values()]
        return done, []


def planned(plan: HostPlan) -> set[tuple[str, str]]:
    """What a plan would change, by resource and thing."""
    return {(step.resource, step.thing) for step in plan.steps}
