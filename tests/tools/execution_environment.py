#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""An execution environment with the collection's archive: built by ansible-builder, then site.yml runs from it.

usage: execution_environment.py DIRECTORY [--or-say]

What it makes is below DIRECTORY. Where no engine can start it says so and ends with status 77; with --or-say, as one of
many gates, it ends well. The engine is an own one (docker_scenario.py), the base image is made by mmdebstrap of
Debian's packages, and the rest comes from Debian and PyPI. The machine is a simulated one, bare, which is reached by
ssh as a real one is, and what is done there is what tests/matrix/site_run.py does. It takes minutes, and root.
"""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(CHECKOUT / "tests/matrix"), str(CHECKOUT / "tests/tools")]

import docker_scenario  # noqa: E402
import site_run  # noqa: E402

DEFINITION = CHECKOUT / "tests/execution-environment/execution-environment.yml"
BASE, IMAGE = "netbsd-xen/ee-base", "netbsd-xen/ee"
BASE_PACKAGES = "ca-certificates,python3,python3-pip"
# Nobody asks whether this image survives a power cut, reads its manuals, or wants what Debian recommends besides.
QUICKLY = (
    "--dpkgopt=force-unsafe-io",
    *(f"--dpkgopt=path-exclude={pattern}" for pattern in docker_scenario.UNREAD),
    '--aptopt=APT::Install-Recommends "false"',
)
# How this machine reaches PyPI, if in its own way: whom it trusts, and where packages are.
OURS = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pip.conf")
PROGRAMS = Path(sys.executable).parent
BUILD_SECONDS = 1800.0
# The machine's key is this user's.
WRAPPER = """#!/bin/sh
exec docker run --rm --network=host --user={user} --env=HOME=/tmp --volume={checkout}:{checkout}:ro \\
    --volume={work}:{work} --workdir={work}/place \\
    --env=ANSIBLE_CONFIG {image} {name} "$@"
"""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--or-say", action="store_true")
    arguments = parser.parse_args(argv)
    directory = arguments.directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    # What was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        docker_scenario.may_start_one()
        docker_scenario.install()
        context(directory / "definition")
        with docker_scenario.engine(directory) as socket:
            settings = {**os.environ, "DOCKER_HOST": f"unix://{socket}"}
            base_image(directory, settings)
            build(directory, settings)
            return converge(directory, settings)
    except docker_scenario.NotRun as error:
        print(f"execution-environment: not run. {error}", file=sys.stderr)
        return 0 if arguments.or_say else docker_scenario.NOT_RUN
    except docker_scenario.EngineError as error:
        print(f"execution-environment: {error}", file=sys.stderr)
        return 1


def context(directory: Path) -> None:
    """What ansible-builder gets: the definition, and beside it the collection's archive and the pins."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    shutil.copy(DEFINITION, directory)
    lists = [(CHECKOUT / f"requirements/{name}.txt").read_text() for name in ("run", "test")]
    pins = {line for text in lists for line in text.splitlines()}
    (directory / "constraints.txt").write_text("".join(f"{line}\n" for line in sorted(pins) if "==" in line))
    run([str(PROGRAMS / "ansible-galaxy"), "collection", "build", "--output-path", str(directory), str(CHECKOUT)])
    (archive,) = directory.glob("netbsd-xen-*.tar.gz")
    archive.rename(directory / "netbsd-xen.tar.gz")


def create(directory: Path) -> Path:
    """The directory of which an engine builds the image, with its Containerfile."""
    place = directory / "context"
    definition = directory / "definition" / DEFINITION.name
    run([str(PROGRAMS / "ansible-builder"), "create", f"--file={definition}", f"--context={place}"], directory)
    return place


def base_image(directory: Path, settings: Mapping[str, str]) -> None:
    """Debian with Python and pip, and with what this machine has of its own to reach PyPI."""
    archive = directory / "base.tar"
    hooks = [f"--customize-hook=upload {shlex.quote(path)} {shlex.quote(path)}" for path in OURS if Path(path).exists()]
    made = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={BASE_PACKAGES}", *QUICKLY, *hooks]
    docker_scenario.run([*made, docker_scenario.release(), str(archive)], settings)
    docker_scenario.run(["docker", "import", str(archive), BASE], settings)
    archive.unlink()


def build(directory: Path, settings: Mapping[str, str]) -> None:
    """On the network of this machine: the engine makes none."""
    command = [str(PROGRAMS / "ansible-builder"), "build", "--container-runtime=docker", f"--tag={IMAGE}"]
    command += [f"--file={directory / 'definition' / DEFINITION.name}", f"--context={directory / 'context'}"]
    run([*command, "--extra-build-cli-args=--network=host", "--verbosity=3"], directory, settings)


def converge(directory: Path, settings: Mapping[str, str]) -> int:
    """site.yml from the image, on a bare simulated machine. Returns a status."""
    work = directory / "site"
    work.mkdir(exist_ok=True)
    programs = directory / "programs"
    programs.mkdir(exist_ok=True)
    for name in ("ansible-playbook", "ansible-doc"):
        program = programs / name
        program.write_text(WRAPPER.format(checkout=CHECKOUT, work=work, image=IMAGE, name=name, user=os.getuid()))
        program.chmod(0o755)
    os.environ.update(settings)
    place = site_run.empty(work / "place", programs)
    # The collection is the image's.
    (place.directory / "ansible.cfg").write_text("[ssh_connection]\npipelining = true\n")
    problems = site_run.tried(place, sys.executable, ".".join(platform.python_version_tuple()[:2]), work)
    for problem in problems:
        print(f"execution-environment: {problem}", file=sys.stderr)
    return 1 if problems else 0


def run(argv: Sequence[str], where: Path | None = None, settings: Mapping[str, str] | None = None) -> None:
    """Its output is ours. Raises EngineError."""
    ended = subprocess.run(
        argv, cwd=where, env=dict(settings) if settings else None, stdin=subprocess.DEVNULL, timeout=BUILD_SECONDS
    )
    if ended.returncode:
        raise docker_scenario.EngineError(f"{Path(argv[0]).name} ended with status {ended.returncode}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
