# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables of a machine that was made by hand, and the proof that netbsd.xen.site would do nothing with them.

What each subject's own file makes of what the resources read is planned as the roles do it. Where the plan is not empty
the next possible declaration is tried; what none of them says is left out, and told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils import _rc_conf, _xendomains
from ansible_collections.netbsd.xen.plugins.module_utils._change import XenError
from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.module_utils._releases import RELEASES
from ansible_collections.netbsd.xen.plugins.module_utils._resources import dom0_weight, xl_conf
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot import (
    boot_cfg,
    by_default,
    grub_legacy,
    grub_menu,
)
from ansible_collections.netbsd.xen.plugins.module_utils._resources.boot.loaders import BOOT_CFG, LOADERS, Loader
from ansible_collections.netbsd.xen.plugins.module_utils._resources.bridge import resource as bridge
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt import bridges, guests, menu, seen_guests, services
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.adopted import Adopted, said
from ansible_collections.netbsd.xen.plugins.plugin_utils._adopt.found import Found
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.host_plan import HostPlan
from ansible_collections.netbsd.xen.plugins.plugin_utils._plan.plan_host import plan_host
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles import domu
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.order import Tags
from ansible_collections.netbsd.xen.plugins.plugin_utils._roles.task import Variables

# The variables of the host with these of ours over them, as the roles see them.
Know = Callable[[Mapping[str, Any]], Mapping[str, Any]]

_SWITCHES = ("xenwatchdog", "XENCONSOLED_TRACE")


def adopt(host: Host, machine: Mapping[str, Any], know: Know) -> Adopted:
    """``machine`` is what ``describe`` tells, ``know`` gives the inventory's variables with those of ours."""
    return _Adopting(host, machine, know).adopted()


@dataclass
class _Adopting:
    host: Host
    machine: Mapping[str, Any]
    know: Know
    found: Found = field(default_factory=Found)
    counts: dict[str, int] = field(default_factory=dict)

    def adopted(self) -> Adopted:
        release = self._release()
        if release is not None:
            self.found.variables["dom0_xen_release"] = release
        boots = self._loader_and_files()
        self._part(self._services)
        self._part(self._bridges)
        self._part(self._guests)
        self._bridges_of_guests()
        self._part(self._services_left)
        self._part(self._dom0)
        self._part(lambda: self._menu(boots))
        plan = self._plan()
        return Adopted(self.found, plan, self.counts)

    # -- planning ------------------------------------------------------------------------------------------------------

    def _part(self, read: Callable[[], None]) -> None:
        """One subject. What can't be read of it is told, and hides no other."""
        try:
            self.host.part(read)
        except XenError as error:
            self.found.tell("host", str(error))

    def _variables(self, **more: Any) -> Variables:
        return Variables(self.know({**self.found.variables, **more}))

    def _plan(self, tag: str = "", **more: Any) -> HostPlan:
        tags = Tags(run=(tag,)) if tag else Tags()
        return plan_host(self.host, self.know({**self.found.variables, **more}), tags)

    def _first_in_sync(self, tag: str, candidates: Iterator[tuple[dict[str, Any], str]]) -> bool:
        """Take the first of these that plans to nothing, with its note; none if there is none."""
        without = ""
        for variables, note in candidates:
            plan = self._plan(tag, **variables)
            if plan.in_sync:
                self.found.variables.update(variables)
                if note and variables:
                    about = next(iter(variables))
                    self.found.note(about, note)
                    if without:
                        self.found.note(about, f"without it a run would say: {without}")
                return True
            if not variables:
                without = "; ".join(said(plan))
        return False

    # -- the release, and what the machine boots -----------------------------------------------------------------------

    def _release(self) -> str | None:
        hypervisor = self.machine["host"].get("hypervisor") or {}
        running, packages = hypervisor.get("release"), self.machine["packages"]
        installed = [row.name for row in RELEASES.values() if row.tools_package in packages]
        if running in installed or (running in RELEASES and not installed):
            return str(running)
        if len(installed) == 1:
            self.found.note("dom0_xen_release", "by the package of the tools")
            return installed[0]
        having = ", ".join(installed) or "none"
        self.found.tell("Xen", f"which release it is can't be told: {running} runs, and the tools are of {having}")
        return None

    def _loader_and_files(self) -> Loader:
        """The loader whose menu boots Xen by default, and what that entry names."""
        menus = {loader.name: by_default.read(self.host, loader) for loader in LOADERS.values()}
        booting = [LOADERS[name] for name, each in menus.items() if each.boots_xen(each.default)]
        having = [LOADERS[name] for name, each in menus.items() if each.names]
        # NetBSD's own has a menu on every machine; who has another one put it there.
        others = [each for each in booting if each is not BOOT_CFG]
        loader = next(iter([*others, *booting, *having]), BOOT_CFG)
        variables = self.found.variables
        if len(booting) > 1:
            names = ", ".join(each.name for each in booting)
            text = f"the menus of {names} boot Xen, and which one the machine reads can't be told"
            self.found.note("bootloader_loader", text)
        if loader is not BOOT_CFG or len(booting) > 1:
            variables["bootloader_loader"] = loader.name
        found = menus[loader.name]
        in_use = found.boots_xen(found.default)
        if in_use and in_use.file and in_use.file != f"/xen-{variables.get('dom0_xen_release')}.gz":
            variables["dom0_hypervisor_path"] = in_use.file
            self.found.note("dom0_hypervisor_path", f"by the entry {in_use.name!r} of the boot menu")
        dom0 = in_use.kernel if in_use else None
        if dom0 and dom0 != self._variables().get("dom0_kernel_path"):
            variables["dom0_kernel_path"] = dom0
        if found.natives and "/netbsd" not in found.natives:
            variables["dom0_native_kernel"] = found.natives[0]
        return loader

    # -- dom0 and its nodes --------------------------------------------------------------------------------------------

    def _dom0(self) -> None:
        self._first_in_sync("makedev", self._nodes())
        self._first_in_sync("dom0", self._sources())
        self._first_in_sync("bootstrap", self._packages())

    def _packages(self) -> Iterator[tuple[dict[str, Any], str]]:
        yield {}, ""
        yield {"bootstrap_settle": False}, "packages that others have installed are not looked at closely"

    def _sources(self) -> Iterator[tuple[dict[str, Any], str]]:
        """Packages and kernel from where the role has them; else the kernel as it is; else all of it."""
        yield {}, ""
        kernel = self._variables().get("dom0_kernel_path")
        here = {"dom0_kernel_source": kernel, "dom0_kernel_sums": ""}
        yield here, "the kernel that is there, whose origin nobody has noted"
        none = {"dom0_package_source": "none"}
        yield none, "Xen, its packages and the dom0 kernel stay as they are"

    def _nodes(self) -> Iterator[tuple[dict[str, Any], str]]:
        yield {}, ""
        names = self.host.list_dir("/dev")
        units = {kind: sum(bool(re.fullmatch(rf"{kind}[0-9]+d", name)) for name in names) for kind in ("vnd", "xbd")}
        counted = {f"makedev_{kind}_units": count for kind, count in units.items()}
        yield counted, "as many nodes as there are"

    # -- services ------------------------------------------------------------------------------------------------------

    def _services(self) -> None:
        values = _rc_conf.values(self.host, "xencommons")
        switches = {name: (_rc_conf.told(values, name) or {}).get("value") for name in _SWITCHES}
        row = RELEASES.get(self.found.variables.get("dom0_xen_release", ""))
        current = xl_conf.read(self.host) if row is None or row.toolstack == "xl" else None
        known = {key: value for key, value in current["settings"].items() if key in services.OURS} if current else None
        weight = (self.machine["host"].get("hypervisor") or {}).get("dom0_weight") or 0
        sets = self.host.exists(dom0_weight.SCRIPT)
        self._take(services.adopted(switches, known, weight if sets else 0))

    def _services_left(self) -> None:
        """The services with which a run would still do something are kept as they are."""
        for _each in self._started():
            wrong = dict(services.wrong(self._plan("services")))
            keep = self.found.variables.get("services_keep", [])
            more = [name for name in wrong if name not in keep]
            if not more:
                return
            self.found.variables["services_keep"] = [*keep, *more]
            for name in more:
                self.found.note("services_keep", f"{name}: {wrong[name]}")

    def _started(self) -> range:
        """A failure hides those behind it, so each service may take a plan of its own."""
        row = RELEASES.get(self.found.variables.get("dom0_xen_release", ""))
        return range(len(row.services) + 1 if row else 1)

    def _take(self, found: Found) -> None:
        self.found.variables.update(found.variables)
        for about, notes in found.notes.items():
            for note in notes:
                self.found.note(about, note)
        for told in found.told:
            self.found.tell(told.thing, told.why)

    # -- bridges -------------------------------------------------------------------------------------------------------

    def _bridges(self) -> None:
        found = bridges.adopted(bridge.read(self.host))
        wanted, vlans = found.variables["bridge_bridges"], found.variables.get("bridge_vlans", [])
        self.counts["bridges"] = len(wanted)
        kept, kept_vlans = [], list(vlans)
        for each in vlans:
            why = self._why_not("bridge", each["name"], bridge_bridges=[], bridge_vlans=[each])
            if why:
                kept_vlans.remove(each)
                self.found.tell(f"VLAN {each['name']}", why)
        for each in wanted:
            why = self._why_not("bridge", each["name"], bridge_bridges=[each], bridge_vlans=kept_vlans)
            if why:
                self.found.tell(f"bridge {each['name']}", why)
            else:
                kept.append(each)
        found.variables = {"bridge_bridges": kept, **({"bridge_vlans": kept_vlans} if kept_vlans else {})}
        self._take(found)

    def _why_not(self, tag: str, thing: str, **more: Any) -> str:
        """Why something can't be declared so; empty if a run would do nothing."""
        plan = self._plan(tag, **more)
        against = [f"a run would {step.summary}" for step in plan.steps] + [each.message for each in plan.problems]
        return "; ".join(against + [each.message for each in plan.later])

    def _bridges_of_guests(self) -> None:
        """Who declares bridges, declares those of all guests (``validate``)."""
        variables = self.found.variables
        declared = [each["name"] for each in variables.get("bridge_bridges", [])]
        nics = [nic for guest in variables.get("domu_guests", []) for nic in guest.get("nics", [])]
        named = {nic.get("bridge", "") if isinstance(nic, dict) else nic for nic in nics} - {""}
        unknown = sorted(named.difference(declared))
        if declared and unknown:
            variables["bridge_bridges"] = []
            variables.pop("bridge_vlans", None)
            why = f"guests have {', '.join(unknown)} too, and declared are all of their bridges, or none"
            for each in declared:
                self.found.tell(f"bridge {each}", why)

    # -- guests --------------------------------------------------------------------------------------------------------

    def _guests(self) -> None:
        """Every guest that has a configuration in the directory of role domu."""
        variables = self._variables()
        release = variables.get("domu_release") or None
        current = domain.read(self.host, None)
        known = guests.Host(
            name=str(variables["inventory_hostname"]),
            release=release,
            dialect=current.dialect,
            os_defaults=domu.os_defaults(variables),
            secrets=variables.get("domu_secrets") or {},
            salt=current.salt,
        )
        self.counts["guests"] = 0
        at_boot = {path: place for place, (_word, path) in enumerate(_xendomains.listed(self.host))}
        declared: list[tuple[int, dict[str, Any]]] = []
        for file, config in sorted(current.configs.items()):
            thing, path = f"guest {file}", f"{current.config_dir}/{file}"
            if config.settings is not None and "name" not in config.settings:
                self.found.tell(path, "it names no guest, so it is none's configuration")
                continue
            self.counts["guests"] += 1
            if config.settings is None:
                self.found.tell(thing, f"{path} can't be read: {config.error}")
                continue
            one = guests.declaration(config.settings, file, known)
            if one.raw is None:
                self.found.tell(f"guest {config.settings.get('name') or file}", f"{path}: {one.why}")
                continue
            raw = {**one.raw, **seen_guests.state(one.raw["name"], current)}
            if path in at_boot:
                raw["autostart"] = True
            declared.append((at_boot.get(path, len(at_boot)), raw))
            for note in one.notes:
                self.found.note(f"guest {raw['name']}", note)
        others = seen_guests.undeclarable(self.host, current)
        self.counts["guests"] += sum(each.thing.startswith("guest ") for each in others)
        for each in others:
            self.found.tell(each.thing, each.why)
        chosen = [raw for _place, raw in sorted(declared, key=lambda each: each[0])]
        self.found.variables["domu_guests"] = self._in_sync(chosen)

    def _in_sync(self, chosen: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those of them with whom the plan of role domu is empty: one after the other is left out and told."""
        secrets = set(self._variables().get("domu_secrets") or {})
        while chosen:
            plan = self._plan("domu", domu_guests=chosen)
            wrong = dict(seen_guests.wrong(plan, secrets))
            names = [raw["name"] for raw in chosen]
            wrong = {name: why for name, why in wrong.items() if name in names}
            if not wrong:
                return chosen
            for name, why in wrong.items():
                self.found.tell(f"guest {name}", why)
            chosen = [raw for raw in chosen if raw["name"] not in wrong]
        return chosen

    # -- the boot menu -------------------------------------------------------------------------------------------------

    def _menu(self, loader: Loader) -> None:
        if loader is BOOT_CFG:
            candidates = list(menu.of_boot_cfg(boot_cfg.read(self.host)["text"] or ""))
            self._menu_declared(loader, candidates, by_default.read(self.host, loader).names)
            return
        read = grub_menu.read(self.host)["texts"]
        found = menu.grub(loader, read[loader.menu] or "", read.get(grub_legacy.saved_path(loader.menu)))
        row = RELEASES.get(self.found.variables.get("dom0_xen_release", ""))
        candidates = list(menu.of_grub(found, loader.name, "multiboot2" if row and row.multiboot2 else "multiboot"))
        self._menu_declared(loader, candidates, [name for name, _commands in found.entries], menu.why_alone(found))
        if {"bootloader_entries", *menu.LEFT_ALONE} & set(self.found.variables):
            for name, why in found.told:
                self.found.tell(f"boot menu entry {name}", why)
        if menu.AS_FOUND in self.found.variables:
            without = "; ".join(said(self._plan("bootloader", **{menu.AS_FOUND: False})))
            self.found.note(menu.AS_FOUND, f"without it a run would say: {without}")

    def _menu_declared(
        self, loader: Loader, candidates: list[tuple[dict[str, Any], str]], names: Iterable[str], why: str = ""
    ) -> None:
        """Take the first of these that plans to nothing. Where that is to leave the menu alone, each of its entries is
        told with ``why``, or with what the plan has against the last of the others."""
        if not self._first_in_sync("bootloader", iter(candidates)):
            against = self._why_not("bootloader", loader.menu)
            self.found.tell("boot menu", against or "it has no entry that could be the default")
        elif menu.LEFT_ALONE.items() <= self.found.variables.items():
            tried = [each for each, _note in candidates if each != menu.LEFT_ALONE]
            written = {**tried[-1], **dict.fromkeys(menu.LEFT_ALONE, False)}
            why = why or self._why_not("bootloader", loader.menu, **written)
            for name in names:
                self.found.tell(f"boot menu entry {name}", f"{menu.KEPT} (bootloader_keep_menu): {why}")
