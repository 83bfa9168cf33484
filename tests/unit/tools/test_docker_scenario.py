# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Molecule's scenario docker where there is an engine, none, or one that should be there; what its image is made of."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import docker_scenario
import pytest
import yaml

from ansible_collections.netbsd.xen.tests.unit.support.paths import CHECKOUT

DOCKERFILE = (CHECKOUT / "tests/simulator/Dockerfile").read_text()
Programs = Callable[..., None]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Programs]:
    """Makes programs by their names and scripts, and lets nothing else be found."""
    handler = signal.getsignal(signal.SIGTERM)
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", str(directory))
    monkeypatch.delenv("DOCKER_ENGINE", raising=False)
    monkeypatch.delenv("DOCKER_HOST", raising=False)

    def make(**scripts: str) -> None:
        for name, script in scripts.items():
            (directory / name.replace("_", "-")).write_text(f"#!/bin/sh\n{script}\n")
            (directory / name.replace("_", "-")).chmod(0o755)

    yield make
    signal.signal(signal.SIGTERM, handler)


# A user who may become root, on a Debian that lets him mount.
MAY = {"dpkg_query": "", "sudo": 'shift; test "$1" = true || exec "$@"', "unshare": ""}


@pytest.fixture
def debian(programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Where an engine of its own can start, if the program dockerd does."""
    monkeypatch.setenv("DOCKER_ENGINE", "own")
    monkeypatch.setattr(docker_scenario, "CHECKOUT", tmp_path)
    (tmp_path / "tests/tools").mkdir(parents=True)
    (tmp_path / "tests/tools/debian-packages").symlink_to("/bin/true")
    programs(**MAY, kill='exec /bin/kill "$@"', rm="")
    return programs


def run(directory: Path, *options: str) -> int:
    return docker_scenario.main([str(directory), *options])


def test_without_docker_it_says_so_with_a_status_of_its_own(programs, tmp_path, capsys):
    assert run(tmp_path / "work") == 77
    assert capsys.readouterr().err == "docker: not run. It needs Docker, and there is no command docker.\n"


def test_as_one_of_many_it_is_listed_and_no_failure(programs, tmp_path, capsys):
    said = tmp_path / "not-run"
    assert run(tmp_path / "work", "--or-say", str(said)) == 0
    assert said.read_text() == "docker: not run. It needs Docker, and there is no command docker.\n"
    assert capsys.readouterr() == ("", "")


def test_an_engine_that_does_not_answer_is_none(programs, tmp_path, capsys):
    programs(docker="echo 'Cannot connect to the Docker daemon' >&2; exit 1")
    assert run(tmp_path / "work") == 77
    assert "none answers: Cannot connect to the Docker daemon" in capsys.readouterr().err


@pytest.mark.parametrize("status", [0, 3])
def test_with_an_engine_it_is_molecule_that_tells(programs, tmp_path, status):
    said = tmp_path / "not-run"
    said.write_text("docker: not run. That was yesterday.\n")
    programs(
        docker="case $1 in version) ;; context) echo unix:///home/me/docker.sock ;; esac",
        molecule=f'echo "$* $DOCKER_HOST $PYTHONPATH" >{tmp_path}/called; exit {status}',
    )
    assert run(tmp_path / "work", "--or-say", str(said)) == status
    called = (tmp_path / "called").read_text()
    # The SDK knows nothing of the context that the command has the engine from.
    assert called == f"test --scenario-name docker unix:///home/me/docker.sock {tmp_path}/work/python\n"
    assert said.read_text() == ""


def test_an_engine_of_its_own_is_debians(programs, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DOCKER_ENGINE", "own")
    assert run(tmp_path / "work") == 77
    assert "this is no Debian" in capsys.readouterr().err


def test_where_nothing_may_be_mounted_no_engine_can_start(programs, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DOCKER_ENGINE", "own")
    programs(**{**MAY, "unshare": "echo 'unshare failed: Operation not permitted' >&2; exit 1"})
    assert run(tmp_path / "work") == 77
    assert "nothing may be mounted: unshare failed: Operation not permitted" in capsys.readouterr().err


def test_one_that_should_start_and_does_not_is_a_failure(debian, tmp_path, capsys):
    debian(docker="echo no daemon >&2; exit 1", dockerd="echo 'Devices cgroup is not mounted'; exit 1")
    assert run(tmp_path / "work") == 1
    told = capsys.readouterr().err
    assert "the engine did not start: no daemon" in told and "Devices cgroup is not mounted" in told


def test_the_scenario_has_its_engine_and_its_base_image_and_leaves_none(debian, tmp_path):
    debian(
        docker=f"test -s {tmp_path}/engine",
        mmdebstrap='for archive; do :; done; : >"$archive"',
        dockerd=f"echo $$ >{tmp_path}/engine; exec /bin/sleep 600",
        molecule=f'echo "$DOCKER_BASE $DOCKER_HOST" >{tmp_path}/called; exit 3',
    )
    assert run(tmp_path / "work") == 3
    base, host = (tmp_path / "called").read_text().split()
    assert base == "netbsd-xen/debian" and re.fullmatch(r"unix:///\S+/docker.sock", host)
    assert not Path("/proc", (tmp_path / "engine").read_text().strip()).exists()


def test_its_engine_ends_with_it_when_it_is_ended(debian, tmp_path):
    debian(
        docker=f"test -s {tmp_path}/engine",
        mmdebstrap='for archive; do :; done; : >"$archive"',
        dockerd=f"echo $$ >{tmp_path}/engine; exec /bin/sleep 600",
        molecule="kill -TERM $PPID; exec /bin/sleep 600",
    )
    with pytest.raises(SystemExit) as ended:
        run(tmp_path / "work")
    assert ended.value.code == 128 + signal.SIGTERM
    assert not Path("/proc", (tmp_path / "engine").read_text().strip()).exists()


def test_one_that_does_not_start_in_ci_is_no_pass():
    assert re.search(r"^export DOCKER_ENGINE=own$", (CHECKOUT / ".ci/run").read_text(), re.MULTILINE)


def test_the_base_that_is_made_has_what_the_dockerfile_would_fetch():
    (fetched,) = re.findall(r"apt-get install --yes --no-install-recommends (.*) \\", DOCKERFILE)
    assert set(fetched.split()) <= set(docker_scenario.BASE_PACKAGES)
    assert "dash" in docker_scenario.BASE_PACKAGES, "the container's own shell"


def test_the_image_names_no_registry_and_takes_another_base():
    assert "ARG BASE=debian:bookworm-slim\nFROM ${BASE}\n" in DOCKERFILE
    args = (CHECKOUT / "molecule/docker/create.yml").read_text()
    assert "DOCKER_BASE" in args


def test_all_that_the_driver_needs_is_pinned():
    lines = (CHECKOUT / "requirements/docker.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert len(pins) > 5 and [pin for pin in pins if not re.fullmatch(r"[\w-]+==[\w.]+", pin)] == []


def test_the_container_may_do_no_more_than_mount():
    (platform,) = yaml.safe_load((CHECKOUT / "molecule/docker/molecule.yml").read_text())["platforms"]
    assert platform["capabilities"] == ["SYS_ADMIN"] and "privileged" not in platform
    assert platform["network_mode"] == "none"


@pytest.mark.parametrize(("outside", "told"), [(True, "the machine is still being made"), (False, "here")])
def test_the_shell_of_the_container_tells_by_its_parent_whose_call_it_is(tmp_path, outside, told):
    """A process that came by `docker exec` has a parent of no process id in the container."""
    script = (CHECKOUT / "tests/simulator/container/sh").read_text()
    shell = tmp_path / "sh"
    shell.write_text(script.replace('[ "$PPID" = 0 ]', "true" if outside else "false"))
    ended = subprocess.run(["/bin/sh", str(shell), "-c", "echo here"], capture_output=True, text=True, check=False)
    assert told in ended.stdout + ended.stderr
    assert ended.returncode == (255 if outside else 0)


def test_the_release_is_that_of_this_machine(tmp_path):
    (tmp_path / "os-release").write_text('ID=debian\nVERSION_CODENAME="trixie"\n')
    assert docker_scenario.release(tmp_path / "os-release") == "trixie"
    assert docker_scenario.mmdebstrap(Path("x.tar"))[-2:] == [docker_scenario.release(), "x.tar"]
