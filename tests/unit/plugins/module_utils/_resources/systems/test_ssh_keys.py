# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pairs of ssh keys, made by the real ssh-keygen."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._host import Host
from ansible_collections.netbsd.xen.plugins.module_utils._resources.systems.work import ssh_keys


def test_half_a_pair_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("half a pair")
    public = ssh_keys.make(Host(), str(path), "ed25519", "root@web1")
    told = subprocess.run(["ssh-keygen", "-y", "-f", path], capture_output=True, text=True, check=True, timeout=60)
    assert public.split()[:2] == told.stdout.split()[:2]
    assert public.endswith(" root@web1")


def test_a_slow_machine_has_the_time_that_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An RSA key took an emulated machine longer than what a command has that says nothing of it."""
    limits = []
    run = Host.run

    def noting(host: Host, argv: list[str], **keywords: Any) -> Any:
        limits.append(keywords.get("timeout", 0))
        return run(host, argv, **keywords)

    monkeypatch.setattr(Host, "run", noting)
    ssh_keys.make(Host(), str(tmp_path / "key"), "ed25519", "root@web1")
    assert min(limits) >= 600
