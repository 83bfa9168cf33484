# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What is of this machine alone: it is a container's, and its loader would start Xen again."""

from __future__ import annotations

import json
import subprocess

import pytest


@pytest.fixture
def container(host):
    """A command in the container around the machine."""

    def run(*argv):
        name = host.backend.get_pytest_id().split("://")[-1]
        ended = subprocess.run(
            ["docker", "exec", name, *argv], capture_output=True, text=True, timeout=120, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


def test_its_shell_is_the_machines_and_the_container_is_around_it(host, container):
    assert host.check_output("uname") == "NetBSD"
    assert container("bash", "-c", "uname").strip() == "Linux"


def test_its_next_boot_starts_xen(container):
    boots = json.loads(container("simrack", "would-boot", "/rack", container("cat", "/etc/hostname").strip()))
    assert (boots["down"], boots["hypervisor"]["release"]) == ("", "4.20")


def test_it_was_rebooted_once_and_by_the_run(container):
    """The repair takes no reboot."""
    log = container("cat", "/rack/machine/commands.log").splitlines()
    assert len([line for line in log if json.loads(line)["argv"][0] == "/sbin/shutdown"]) == 1
