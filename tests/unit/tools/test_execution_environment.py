# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What ansible-builder makes of the collection and of the tests' definition, and what is said where no engine can
start. The image itself is built by `make execution-environment`."""

from __future__ import annotations

import re
import subprocess
import tarfile
from pathlib import Path

import execution_environment
import pytest
import yaml

from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of which an image would be built."""
    directory = tmp_path_factory.mktemp("ee")
    execution_environment.context(directory / "definition")
    return execution_environment.create(directory)


def test_the_image_gets_the_archive_with_what_it_needs(context: Path) -> None:
    with tarfile.open(context / "_build/files/netbsd-xen.tar.gz") as archive:
        names = archive.getnames()
        assert {"meta/execution-environment.yml", "playbooks/site.yml"} <= set(names)
        needs = yaml.safe_load(archive.extractfile("meta/execution-environment.yml").read())["dependencies"]
    assert set(needs.values()) <= set(names)
    told = yaml.safe_load((context / "_build/requirements.yml").read_text())
    assert told == {"collections": [{"name": "files/netbsd-xen.tar.gz", "type": "file"}]}


def test_it_is_made_as_a_debian_takes_it(context: Path) -> None:
    (made,) = context.glob("*file")
    text = made.read_text()
    assert "ensurepip" not in text
    assert 'PKGMGR="/usr/bin/apt-get"' in text
    pins = (context / "_build/files/constraints.txt").read_text()
    for name in ("ansible-core", "ansible-runner", "pexpect", "pyte"):
        assert re.search(rf"^{name}==", pins, re.MULTILINE), name


def test_what_the_collection_needs_is_found_in_it() -> None:
    """As ansible-builder asks the image, which has it below ansible_collections."""
    folder = str(CHECKOUT / ".build/collections")
    program = str(execution_environment.PROGRAMS / "ansible-builder")
    ended = subprocess.run(
        [program, "introspect", folder], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    found = yaml.safe_load(ended.stdout.partition("---")[2])
    ours = {kind: [line for line in found[kind] if "netbsd.xen" in line] for kind in ("python", "system")}
    assert [line.split()[0] for line in ours["python"]] == ["pexpect>=4.9", "pyte>=0.8"]
    assert [line.split()[0] for line in ours["system"]] == ["openssh-client", "openssh-clients"]


@pytest.mark.parametrize(("words", "status"), [([], 77), (["--or-say"], 0)])
def test_where_no_engine_can_start_it_says_so(
    words: list[str], status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A machine that is no Debian."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert execution_environment.main([str(tmp_path / "work"), *words]) == status
    assert capfd.readouterr().err.startswith("execution-environment: not run. An engine of its own is Debian's")
    assert not (tmp_path / "work/definition").exists()
