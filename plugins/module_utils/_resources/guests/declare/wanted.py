# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What a task declares of a machine's guests. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from .guest import Guest


@dataclass(frozen=True)
class Wanted:
    """Everything that a task declares. Times in seconds."""

    guests: tuple[Guest, ...]
    config_dir: str = ""
    save_dir: str = ""
    restart_policy: str = "never"
    shutdown_timeout: int = 180
    destroy_after: int | None = None
    remove_disks: bool = False
    detach_devices: bool = False
    start_delay: int = 0
    assume_dom0: bool = False
    assume_files: tuple[str, ...] = ()
    assume_bridges: tuple[str, ...] = ()
    assume_vnd_units: int = 0
