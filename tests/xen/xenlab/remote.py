# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The way into dom0: ssh for people, ssh for Ansible."""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
from collections.abc import Sequence

from xenlab.layout import HOST, Lab, LabError

_SHARED = ("-o", "ControlPath=shared-ssh")


def write_access(lab: Lab, port: int) -> None:
    """Writes what ssh must know to reach a machine whose port 22 is `port` here: run/port and run/ssh_config."""
    (lab.run / "port").write_text(f"{port}\n", encoding="ascii")
    (lab.run / "ssh_config").write_text(
        f"Host {HOST} 127.0.0.1\n"
        "  HostName 127.0.0.1\n"
        f"  Port {port}\n"
        "  User root\n"
        f"  IdentityFile {_quoted(lab.image / 'client_key')}\n"
        "  IdentitiesOnly yes\n"
        f"  HostKeyAlias {HOST}\n"
        f"  UserKnownHostsFile {_quoted(lab.image / 'known_hosts')}\n"
        "  StrictHostKeyChecking yes\n"
        "  BatchMode yes\n"
        "  LogLevel ERROR\n"
        "  ConnectTimeout 20\n"
        "  ServerAliveInterval 15\n"
        "  ServerAliveCountMax 8\n",
        encoding="utf-8",
    )


def remove_access(lab: Lab) -> None:
    for name in ("port", "ssh_config"):
        (lab.run / name).unlink(missing_ok=True)


def port(lab: Lab) -> int:
    """The port of the machine's ssh on 127.0.0.1. Raises LabError if there is no machine."""
    try:
        return int((lab.run / "port").read_text(encoding="ascii"))
    except FileNotFoundError:
        raise LabError("the machine does not run: 'lab boot' starts it") from None


def ssh_argv(lab: Lab, argv: Sequence[str]) -> list[str]:
    """The command, to be run in lab.run, that runs `argv` in dom0 word by word; without words it opens a shell there.

    Calls share one connection: a new one takes two seconds under emulation.
    """
    port(lab)
    words = list(argv[1:] if argv[:1] == ["--"] else argv)
    share = [*_SHARED, "-o", "ControlMaster=auto", "-o", "ControlPersist=120"]
    return ["ssh", "-F", str(lab.run / "ssh_config"), *share, HOST, *([shlex.join(words)] if words else [])]


def answers(lab: Lab, probe: Sequence[str], patience: float = 5) -> bool:
    """Whether `probe` succeeds in the machine. The time limit there is for xl, which waits for ever for xenstored.

    `patience` is how many seconds its sshd may take to greet. To hang up on a busy one, and call again, keeps it busy
    with handshakes, and OpenSSH 9.8 and newer then let nobody in for a while (PerSourcePenalties).
    """
    probe = ["timeout", "20", *probe]
    wait, seconds = f"ConnectTimeout={patience:.0f}", 40 + patience
    command = ["ssh", "-F", str(lab.run / "ssh_config"), "-o", wait, HOST, shlex.join(probe)]
    try:
        ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False)
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0


def close_shared_connection(lab: Lab) -> None:
    """Ends the background ssh of ssh_argv(), if there is one."""
    command = ["ssh", "-F", str(lab.run / "ssh_config"), *_SHARED, "-O", "exit", HOST]
    with contextlib.suppress(subprocess.TimeoutExpired):
        subprocess.run(command, cwd=lab.run, stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False)


def inventory(lab: Lab) -> str:
    """An Ansible inventory (YAML) with the machine as the host `xenlab` of the group `dom0s`."""
    variables = {
        "ansible_host": "127.0.0.1",
        "ansible_port": port(lab),
        "ansible_user": "root",
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_private_key_file": str(lab.image / "client_key"),
        "ansible_ssh_common_args": shlex.join(["-F", str(lab.run / "ssh_config")]),
        "ansible_timeout": 60,
    }
    lines = [f"          {name}: {json.dumps(value)}\n" for name, value in variables.items()]
    return f"all:\n  children:\n    dom0s:\n      hosts:\n        {HOST}:\n" + "".join(lines)


def _quoted(path: object) -> str:
    return f'"{path}"'
