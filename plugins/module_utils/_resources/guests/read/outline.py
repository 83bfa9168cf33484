# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The guests of a machine in two steps: which there are and in what state, and then what more is known of them. Reads
only.

For whoever wants some of the guests, or none: the first step costs the list of domains and the configuration files,
and says whether the second one is worth it. Nothing of it looks at disks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...._change import XenError
from ...._formats.xl.xl_output import Domain
from ...._host import Host
from ...._toolstack.choose import toolstack
from . import info, state
from .current import SAVED, ConfigFile


@dataclass(frozen=True)
class Outline:
    """``toolstack`` is its program's name; ``configs`` are by file name. Of the domains only the lines of the list are
    known."""

    toolstack: str
    config_dir: str
    configs: dict[str, ConfigFile]
    saved: list[str]
    domains: list[Domain]

    def guests(self) -> dict[str, Any]:
        """By name, in the form of ``info.guests_by_name``."""
        return info.arranged(self.configs, self.config_dir, self.saved, self.domains)


def outline(host: Host, config_dir: str = "", save_dir: str = "") -> Outline:
    """The first step. Raises XenError for a machine whose toolstack does not answer: what it has beside the files, and
    whether that runs, nobody knows then."""
    tool = toolstack(host)
    is_alive, why = tool.alive()
    if not is_alive:
        raise XenError(why)
    config_dir, save_dir = config_dir or tool.paths.config_dir, save_dir or tool.paths.save_dir
    rows = [row for row in tool.rows() if row.domid != 0 and not row.unnamed]
    return Outline(
        toolstack=tool.name,
        config_dir=config_dir,
        configs=state.read_configs(host, config_dir, tool.dialect)[0],
        saved=[name[: -len(SAVED)] for name in host.list_dir(save_dir) if name.endswith(SAVED)],
        domains=[Domain(row.name, row.domid, row.memory, row.vcpus, row.state, None, None, None) for row in rows],
    )


def completed(host: Host, known: Outline) -> dict[str, Any]:
    """The second step: the guests by name, with the live configuration of those that run."""
    domains = [domain for domain in state.read_domains(toolstack(host)) if not domain.row.unnamed]
    return info.arranged(known.configs, known.config_dir, known.saved, domains)
