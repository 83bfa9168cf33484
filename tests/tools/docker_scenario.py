#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Molecule's scenario docker, and the Docker engine that it takes.

usage: docker_scenario.py DIRECTORY [--or-say FILE]

What it makes is below DIRECTORY. Where there is no engine it says so and ends with status 77; with --or-say, as one of
many scenarios, it writes that to FILE, which is empty otherwise, and ends well.

The engine is the one that `docker` finds. With DOCKER_ENGINE=own, as in CI, it is Debian's docker.io, started for the
scenario alone and ended with it, and the base image is made by mmdebstrap of Debian's packages: no image is fetched.
Such an engine takes root, or sudo, and the right to mount; without them there is none. One that does not start in spite
of them is a failure.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
NOT_RUN = 77
OWN = "own"
SCENARIO = "docker"
# A command that has no more to do than to answer, and an engine's start on a busy machine.
ANSWER_SECONDS = 30.0
START_SECONDS = 180.0
STOP_SECONDS = 60.0
BASE_SECONDS = 900.0
# What the Dockerfile needs, and what runs in a container at all. None of them is configured, which is most of the time
# that a base image takes; of all that it does, only the list of users is missed.
BASE_PACKAGES = (
    "base-files base-passwd bash coreutils dash diffutils findutils grep gzip libc-bin mawk mount sed tar util-linux "
    "openssh-client openssh-sftp-server python3"
).split()
USERS = " && ".join(f'cp "$1/usr/share/base-passwd/{name}.master" "$1/etc/{name}"' for name in ("passwd", "group"))
UNREAD = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*")
BASE_IMAGE = "netbsd-xen/debian"


class NotRun(Exception):
    """There is no engine and none is to be expected; the text says what is missing, in a sentence."""


class EngineError(Exception):
    """An engine that should be there and is not."""


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--or-say", type=Path, metavar="FILE")
    arguments = parser.parse_args(argv)
    said = ""
    # What was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    try:
        return test(os.environ, arguments.directory.resolve())
    except NotRun as error:
        said = f"docker: not run. {error}\n"
        if arguments.or_say:
            return 0
        sys.stderr.write(said)
        return NOT_RUN
    except EngineError as error:
        print(f"docker: {error}", file=sys.stderr)
        return 1
    finally:
        if arguments.or_say:
            arguments.or_say.write_text(said)


def can(environment: Mapping[str, str]) -> None:
    """Raises NotRun if there is no engine, or none can be started where one shall be."""
    if environment.get("DOCKER_ENGINE") == OWN:
        may_start_one()
        return
    if shutil.which("docker") is None:
        raise NotRun("It needs Docker, and there is no command docker.")
    said = answer(environment)
    if said:
        raise NotRun(f"It needs a Docker engine, and none answers: {said}")


def may_start_one() -> None:
    """Raises NotRun if this user, on this machine, can't start an engine, whatever is installed."""
    if shutil.which("dpkg-query") is None:
        raise NotRun("An engine of its own is Debian's, and this is no Debian.")
    if os.getuid() and subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode:
        raise NotRun("To start an engine takes root, or sudo without a password.")
    mounts = [*as_root(), "unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"]
    tried = subprocess.run(mounts, check=False, capture_output=True, text=True)
    if tried.returncode:
        raise NotRun(f"No engine can start here, because nothing may be mounted: {last_line(tried.stderr)}")


def as_root() -> list[str]:
    return ["sudo", "-n"] if os.getuid() else []


def answer(environment: Mapping[str, str]) -> str:
    """What is wrong with the engine that `docker` finds, in its own words; empty if it answers."""
    asked = ["docker", "version", "--format", "{{.Server.Version}}"]
    try:
        ended = subprocess.run(
            asked, env=dict(environment), check=False, capture_output=True, text=True, timeout=ANSWER_SECONDS
        )
    except subprocess.TimeoutExpired:
        return f"no answer in {ANSWER_SECONDS:.0f} s"
    return "" if ended.returncode == 0 else last_line(ended.stderr) or f"status {ended.returncode}"


def where(environment: Mapping[str, str]) -> dict[str, str]:
    """DOCKER_HOST as `docker` has it from its context, which neither the SDK nor Ansible's modules know."""
    if environment.get("DOCKER_HOST"):
        return {}
    asked = ["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"]
    ended = subprocess.run(
        asked, env=dict(environment), check=False, capture_output=True, text=True, timeout=ANSWER_SECONDS
    )
    host = ended.stdout.strip()
    return {"DOCKER_HOST": host} if ended.returncode == 0 and host else {}


def last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]


def test(environment: Mapping[str, str], directory: Path) -> int:
    """Run the scenario. Returns Molecule's status."""
    directory.mkdir(parents=True, exist_ok=True)
    can(environment)
    settings = {**environment, "PYTHONPATH": str(directory / "python")}
    if environment.get("DOCKER_ENGINE") != OWN:
        return molecule({**settings, **where(environment)})
    install()
    with engine(directory) as socket:
        settings["DOCKER_HOST"] = f"unix://{socket}"
        settings["DOCKER_BASE"] = base_image(settings, directory)
        return molecule(settings)


def install() -> None:
    """Debian's engine, and what makes base images. Raises EngineError."""
    packages = [str(CHECKOUT / "tests/tools/debian-packages"), "docker.io", "mmdebstrap"]
    if subprocess.run(packages, check=False, stdin=subprocess.DEVNULL).returncode:
        raise EngineError("Debian's packages docker.io and mmdebstrap could not be installed")


def molecule(environment: Mapping[str, str]) -> int:
    return subprocess.run(
        ["molecule", "test", "--scenario-name", SCENARIO], env=dict(environment), check=False
    ).returncode


@contextmanager
def engine(directory: Path) -> Iterator[Path]:
    """An engine of our own, as long as the block runs; the path of its socket. It makes no network: the image is built
    and the machine runs without one. Raises EngineError with the end of its log if it does not start."""
    data, log = directory / "data", directory / "engine.log"
    # The path of a socket may have 107 characters only, and a checkout may lie deep.
    with tempfile.TemporaryDirectory(prefix="netbsd-xen-") as short:
        socket, pid = Path(short, "docker.sock"), Path(short, "pid")
        argv = [
            "dockerd",
            "--bridge=none",
            "--iptables=false",
            f"--data-root={data}",
            f"--exec-root={short}/exec",
            f"--pidfile={pid}",
            f"--host=unix://{socket}",
            f"--group={os.getgid()}",
        ]
        with log.open("w") as output:
            running = subprocess.Popen(
                [*as_root(), *argv],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                env={**os.environ, "PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"},
            )
        try:
            wait_for(running, socket, log)
            yield socket
        finally:
            stop(running, pid)
            # A container on the host's network leaves a mount.
            for mount in Path(short).glob("exec/netns/*"):
                subprocess.run([*as_root(), "umount", str(mount)], check=False, capture_output=True)
            # Its own, and root's.
            subprocess.run([*as_root(), "rm", "-rf", str(data), f"{short}/exec"], check=False)


def wait_for(running: subprocess.Popen[bytes], socket: Path, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while said := answer({**os.environ, "DOCKER_HOST": f"unix://{socket}"}):
        if running.poll() is not None or time.monotonic() > deadline:
            told = "".join(log.read_text(errors="replace").splitlines(keepends=True)[-10:])
            raise EngineError(f"the engine did not start: {said}\n{told}")
        time.sleep(0.1)


def stop(running: subprocess.Popen[bytes], pid: Path) -> None:
    """End the engine by its own process id: what we started may be sudo."""
    for name in ("TERM", "KILL"):
        if running.poll() is not None:
            return
        number = pid.read_text().strip() if pid.exists() else str(running.pid)
        subprocess.run([*as_root(), "kill", f"-{name}", number], check=False)
        try:
            running.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            continue


def base_image(environment: Mapping[str, str], directory: Path) -> str:
    """Make the base image. Returns its name. Raises EngineError if that fails."""
    archive = directory / "base.tar"
    run(mmdebstrap(archive), environment)
    run(["docker", "import", str(archive), BASE_IMAGE], environment)
    archive.unlink()
    return BASE_IMAGE


def mmdebstrap(archive: Path) -> list[str]:
    """The command line that makes the base image's archive, of the release that runs here."""
    return [
        "mmdebstrap",
        "--quiet",
        "--variant=extract",
        f"--include={','.join(BASE_PACKAGES)}",
        *(f"--dpkgopt=path-exclude={pattern}" for pattern in UNREAD),
        f"--extract-hook={USERS}",
        release(),
        str(archive),
    ]


def release(file: Path = Path("/etc/os-release")) -> str:
    """This Debian's code name."""
    lines = dict(line.split("=", 1) for line in file.read_text().splitlines() if "=" in line)
    return lines.get("VERSION_CODENAME", "bookworm").strip('"')


def run(argv: Sequence[str], environment: Mapping[str, str]) -> None:
    try:
        ended = subprocess.run(
            argv,
            env=dict(environment),
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=BASE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise EngineError(f"{argv[0]} was not done after {BASE_SECONDS:.0f} s") from None
    if ended.returncode:
        raise EngineError(f"{argv[0]} ended with status {ended.returncode}: {ended.stdout[-2000:]}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
