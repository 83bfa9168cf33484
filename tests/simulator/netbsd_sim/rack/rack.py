# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rack of simulated hosts: its directory, its one sshd, its inventory.

    RACK/rack.json        names in order, port, profile
    RACK/base/            what all hosts share (base.py)
    RACK/mirror/          what `ftp` on a host can fetch, by URL path
    RACK/codes/           what the hosts' Pythons have compiled out of zip files (pysite/sitecustomize.py), and commands
                          of regular expressions (core/standins.py)
    RACK/hosts/NAME/      a host (machine.py, hosttree.py)
    RACK/addresses/A      symlink: loopback address -> host
    RACK/ssh/             sshd's configuration, keys, pid file, log, and ssh as the controller's (forward.py)
"""

from __future__ import annotations

import compileall
import getpass
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from ..boot import bootblocks
from ..core import base, hangup, profiles
from ..core.machine import Machine
from . import forward, hosttree, mirror

CODE = Path(__file__).resolve().parents[1]


class RackError(Exception):
    """Something that the person at the keyboard has to put right."""


class Rack:
    """A rack's directory. Nothing is kept in memory between calls."""

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory).resolve()

    # --- layout ------------------------------------------------------------------------------------------------

    @property
    def config(self) -> dict[str, Any]:
        try:
            config: dict[str, Any] = json.loads((self.directory / "rack.json").read_text())
        except FileNotFoundError:
            raise RackError(f"{self.directory} is no rack (no rack.json)") from None
        return config

    def _save(self, config: dict[str, Any]) -> None:
        temporary = self.directory / ".rack.json"
        temporary.write_text(json.dumps(config, indent=1) + "\n")
        os.replace(temporary, self.directory / "rack.json")

    @property
    def names(self) -> list[str]:
        return list(self.config["names"])

    def host_dir(self, name: str) -> Path:
        """A host's directory. Raises RackError for a name that the rack does not have."""
        if name not in self.names:
            raise RackError(f"no host {name!r} in this rack; there are: {', '.join(self.names)}")
        return self.directory / "hosts" / name

    def machine(self, name: str) -> Machine:
        return Machine(self.host_dir(name))

    def address(self, name: str) -> str:
        return hosttree.address_of(self.names.index(name))

    # --- create and destroy ------------------------------------------------------------------------------------

    def create(self, names: list[str], preset: str = hosttree.DOM0, profile: str = profiles.DEFAULT_PROFILE,
               *, loader: str = bootblocks.NETBSD, small_root: bool = False, pkgsrc: bool = False,
               raid: bool = False, python: str | Path | None = None) -> None:
        """Make the rack with its hosts, or add hosts to one that exists. hosttree.create tells what the options mean.
        ``python`` is the Python of the controller that all its machines have, by default the one that runs this; it is
        of a new rack only. Raises ValueError for a loader that the profile cannot have, RuntimeError for a ``python``
        that is none."""
        hosttree.check_loader(profile, loader)
        if (self.directory / "rack.json").exists():
            config = self.config
        else:
            config = {"names": [], "port": _free_port(), "profile": profile}
            machines = base.interpreter_of(python) if python else base.own_interpreter()
            if machines.name != base.PYTHON:
                config |= {"interpreter": machines.name, "library": str(machines.library)}
            self._create_shared(profile, machines)
        known = list(config["names"])
        taken = set(known) & set(names)
        if taken or len(set(names)) != len(names):
            raise RackError(f"there is already a host {', '.join(sorted(taken)) or 'of that name'}")
        links = base.library_links(self.directory / "base")
        for name in names:
            host = self.directory / "hosts" / name
            address = hosttree.address_of(len(known))
            index = len(known)
            hosttree.create(host, name, preset, profile, f"10.0.{2 + index // 240}.{15 + index % 240}", links,
                            loader=loader, small_root=small_root, pkgsrc=pkgsrc, raid=raid,
                            interpreter=config.get("interpreter", ""))
            (host / "mounts").write_text(self.mounts(host, config))
            (self.directory / "addresses" / address).symlink_to(f"../hosts/{name}")
            known.append(name)
        config["names"] = known
        self._save(config)

    def _create_shared(self, profile: str, machines: base.Interpreter) -> None:
        for name in ("hosts", "addresses", "codes", "ssh"):
            (self.directory / name).mkdir(parents=True)
        (self.directory / "ssh").chmod(0o700)
        base.build(self.directory / "base", machines)
        mirror.build(self.directory / "mirror", profiles.get(profile))
        compile_code()
        for name in ("host_key", "id"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "simrack",
                            "-f", str(self.directory / "ssh" / name)], check=True, timeout=30)
        shutil.copyfile(self.directory / "ssh" / "id.pub", self.directory / "ssh" / "authorized_keys")

    def mounts(self, host: Path, config: dict[str, Any] | None = None) -> str:
        """An fstab of what the sandbox binds, in order: target directories of one are made by an earlier one. `config`
        is the rack's, where that is not written yet."""
        config = config or self.config
        root = host / "root"
        lines = [bind(self.directory / "base", root / ".sim", writable=False),
                 bind(CODE, root / ".sim/lib/netbsd_sim", writable=False),
                 bind(base.stdlib(), root / ".sim/pylib", writable=False),
                 bind(self.directory / "mirror", root / ".sim/mirror", writable=False),
                 bind(self.directory / "codes", root / ".sim/codes", writable=True),
                 bind(host, root / ".sim/host", writable=True),
                 # who has a file open; with all that is mounted below it, which a user namespace must not part from it
                 f"/proc {_fstab_word(root / '.sim/proc')} none rbind 0 0\n"]
        if "interpreter" in config:
            mounted = root / ".sim" / base.library_mount(config["interpreter"])
            lines.append(bind(Path(config["library"]), mounted, writable=False))
        lines += [bind(Path("/dev") / name, root / "dev" / name, writable=True)
                  for name in ("null", "zero", "random", "urandom", "tty")]
        return "".join(lines)

    def destroy(self) -> None:
        """Stop, and delete everything."""
        self.stop()
        hosttree.remove(self.directory)

    # --- sshd --------------------------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        return int(self.config["port"])

    def daemon_pid(self) -> int:
        """The running sshd's pid, 0 if it does not run. A number that now belongs to something else does not count."""
        pid = hangup.read_pid(str(self.directory / "ssh" / "sshd.pid"))
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes() if pid else b""
        except OSError:
            return 0
        return pid if str(self.directory / "ssh" / "sshd_config").encode() in command else 0

    def start(self) -> None:
        """Start the sshd and wait until it listens. Raises RackError with the end of its log."""
        if self.daemon_pid():
            return
        compile_code()
        config = self.config
        if not _port_is_free(self.port):
            config["port"] = _free_port()
            self._save(config)
        for name in self.names:
            for left_over in (self.host_dir(name) / "connections").iterdir():
                left_over.unlink()
        server = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin:/sbin")
        if server is None:
            raise RackError("no sshd: install OpenSSH's server (Debian: openssh-server)")
        directory = self.directory / "ssh"
        (directory / "sshd_config").write_text(self._sshd_config())
        forward.write_wrapper(self)
        if os.getuid() == 0:
            os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
        subprocess.run([server, "-f", str(directory / "sshd_config"), "-E", str(directory / "sshd.log")],
                       stdin=subprocess.DEVNULL, check=False, timeout=30)
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            if self.daemon_pid() and not _port_is_free(self.port):
                return
            time.sleep(0.02)
        log = (directory / "sshd.log").read_text(errors="replace")
        raise RackError(f"sshd does not listen on port {self.port}:\n{log[-2000:]}")

    def stop(self) -> None:
        """End the sshd, what it started, and whatever still runs in a host's root."""
        daemon = self.daemon_pid()
        if daemon:
            known = hangup.parents()
            hangup.kill([pid for pid in known if hangup.descends(pid, daemon, known)])
            os.kill(daemon, signal.SIGTERM)
            _wait_until_gone(daemon)
        for name in self.names:
            hangup.end_inside(str(self.host_dir(name) / "root"))

    def _sshd_config(self) -> str:
        directory = self.directory / "ssh"
        command = f"/usr/bin/env SIM_PYTHON={_quoted(base.interpreter())} {_quoted(CODE / 'rack/enter.sh')} " \
                  f"{_quoted(self.directory)}"
        return f"""# written by simrack
Port {self.port}
# All addresses of the loopback interface and no other: the routing domain is bound to the device.
ListenAddress 0.0.0.0 rdomain lo
HostKey {directory}/host_key
PidFile {directory}/sshd.pid
AuthorizedKeysFile {directory}/authorized_keys
AllowUsers {getpass.getuser()}
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
UseDNS no
# The default exchange, safe from computers to come, takes as long as all the rest of a session.
# The second name is the same exchange's older one, under which paramiko knows it.
KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org
# A bash that is not the outermost shell leaves the user's own start files alone.
SetEnv SHLVL=2
PrintMotd no
PrintLastLog no
AllowTcpForwarding no
X11Forwarding no
MaxStartups 1000
MaxSessions 1000
LoginGraceTime 120
Subsystem sftp /usr/libexec/sftp-server
ForceCommand {command}
"""

    # --- for people and programs -------------------------------------------------------------------------------

    def exec(self, name: str, argv: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        """Run a command on a host as an ssh session would, without ssh."""
        environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "SIM_PYTHON": str(base.interpreter()),
                       "SSH_ORIGINAL_COMMAND": " ".join(_quoted(word) for word in argv)}
        return subprocess.run([str(CODE / "rack/enter.sh"), "--host", str(self.host_dir(name))], env=environment,
                              check=False, **options)

    def inventory(self) -> str:
        """A YAML inventory of the rack: group `dom0s`."""
        arguments = " ".join(["-F /dev/null", "-o StrictHostKeyChecking=no", "-o UserKnownHostsFile=/dev/null",
                              "-o GlobalKnownHostsFile=/dev/null", "-o LogLevel=ERROR", "-o IdentitiesOnly=yes",
                              "-o ControlMaster=auto", "-o ControlPersist=60s"])
        profile = profiles.get(str(self.config["profile"]))
        lines = ["dom0s:", "  vars:", f"    ansible_port: {self.port}", f"    ansible_user: {getpass.getuser()}",
                 f"    ansible_ssh_private_key_file: {json.dumps(str(self.directory / 'ssh' / 'id'))}",
                 f"    ansible_ssh_args: {json.dumps(arguments)}",
                 f"    ansible_python_interpreter: /usr/pkg/bin/{profile.python_command}", "  hosts:"]
        for name in self.names:
            lines += [f"    {name}:", f"      ansible_host: {self.address(name)}"]
        return "\n".join(lines) + "\n"

    def ssh_argv(self, name: str) -> list[str]:
        """The ssh command line that reaches a host; append the remote command."""
        return ["ssh", "-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-i", str(self.directory / "ssh" / "id"),
                "-p", str(self.port), f"{getpass.getuser()}@{self.address(name)}"]


def compile_code() -> None:
    """Byte-compile the simulator, because a machine sees it read-only."""
    compileall.compile_dir(str(CODE), quiet=2)


def bind(source: Path, target: Path, writable: bool) -> str:
    """One fstab line. A read-only remount in a user namespace must repeat the flags that the source is mounted with."""
    options = ["bind"]
    if not writable:
        flags = os.statvfs(source).f_flag
        options.append("ro")
        options += [name for bit, name in ((os.ST_NOSUID, "nosuid"), (os.ST_NODEV, "nodev"), (os.ST_NOEXEC, "noexec"),
                                           (os.ST_NOATIME, "noatime"), (os.ST_NODIRATIME, "nodiratime"),
                                           (os.ST_RELATIME, "relatime")) if flags & bit]
    return f"{_fstab_word(source)} {_fstab_word(target)} none {','.join(options)} 0 0\n"


def _fstab_word(path: Path) -> str:
    return str(path).replace("\\", "\\134").replace(" ", "\\040").replace("\t", "\\011")


def _quoted(word: object) -> str:
    return shlex.quote(str(word))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _port_is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _wait_until_gone(pid: int, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not os.path.exists(f"/proc/{pid}"):
            return
        time.sleep(0.02)
    os.kill(pid, signal.SIGKILL)


def main_error(error: Exception) -> int:
    """How the command line tells an error."""
    print(f"simrack: {error}", file=sys.stderr)
    return 2
