# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plans netbsd.xen.domain on the controller where the machine has been read already."""

from __future__ import annotations

from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl.xlcfg_keys import SECRET_KEYS
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain
from ansible_collections.netbsd.xen.plugins.plugin_utils._planned import PlannedAction


class ActionModule(PlannedAction):
    RESOURCE = domain

    def arguments(self, args: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """The host's name from the inventory, and the guests' passwords in the one option that is never logged."""
        secrets = {name: dict(values) for name, values in (args.get("secrets") or {}).items()}
        guests = args.get("guests")
        if isinstance(guests, list):
            guests = [_without_secrets(guest, secrets) for guest in guests]
        return dict({"host_name": task_vars.get("inventory_hostname")}, **dict(args, guests=guests, secrets=secrets))


def _without_secrets(guest: Any, secrets: dict[str, dict[str, Any]]) -> Any:
    """A copy of the guest whose passwords have been moved to ``secrets``."""
    if not isinstance(guest, dict):
        return guest
    rest = {key: value for key, value in guest.items() if key not in SECRET_KEYS}
    moved = {key: guest[key] for key in SECRET_KEYS if guest.get(key) is not None}
    if isinstance(guest.get("settings"), dict):
        rest["settings"] = {key: value for key, value in guest["settings"].items() if key not in SECRET_KEYS}
        moved = {**{k: v for k, v in guest["settings"].items() if k in SECRET_KEYS and v is not None}, **moved}
    if moved:
        secrets.setdefault(str(guest.get("name")), {}).update(moved)
    return rest
