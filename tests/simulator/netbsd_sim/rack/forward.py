# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a guest through its dom0: what `ssh -W ADDRESS:PORT DOM0`, the command of a jump host, is given.

The rack's one sshd would connect from the controller, where no guest is. So RACK/ssh/ssh stands for ssh(1) of the
controller, and only such a call is another one there: the real ssh has itself let in to the dom0 first, with all that
it was called with; then the guest's own sshd answers, a real one, with the host keys and the authorized keys that are
on its disk. Whether dom0 reaches the guest, and what it says if not, is guestlogin's matter. ssh's last words:
clientloop.c (client_input_channel_open...), ssh.c (ssh_stdio_confirm).
"""

from __future__ import annotations

import getopt
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import base
from ..core.machine import SimError
from ..xen.common import guestdisk, guestlogin

if TYPE_CHECKING:
    from .rack import Rack

# ssh(1)'s options: those with an argument have a colon.
_OPTIONS = "1246AaCfGgKkMNnqsTtVvXxYyB:b:c:D:E:e:F:I:i:J:L:l:m:O:o:p:Q:R:S:W:w:"
_SIMRACK = Path(__file__).resolve().parents[2] / "simrack"


def wrapper(rack: Rack) -> str:
    """RACK/ssh/ssh."""
    call = shlex.join([sys.executable, str(_SIMRACK), "forward", str(rack.directory), "--"])
    return f'#!/bin/sh\n# written by simrack\ncase " $* " in\n*" -W "*) exec {call} "$@" ;;\nesac\nexec ssh "$@"\n'


def forward(rack: Rack, argv: list[str]) -> int:
    """Carry standard input and output to and from the sshd of a guest, until one of them ends."""
    options, words = getopt.getopt(argv, _OPTIONS)
    target = next(value for letter, value in options if letter == "-W")
    others = [word for letter, value in options if letter != "-W" for word in (letter, value) if word]
    let_in = subprocess.run(["ssh", *others, words[0], "exit"], check=False, stdin=subprocess.DEVNULL)
    if let_in.returncode:
        return let_in.returncode
    address = words[0].rpartition("@")[2]
    name = (rack.directory / "addresses" / address).resolve().name
    host, _colon, port = target.rpartition(":")
    with tempfile.TemporaryDirectory(dir=rack.directory / "ssh") as folder:
        with rack.machine(name) as m:
            try:
                domain = guestlogin.reach(m, host.strip("[]"), port, lambda seconds: seconds)
            except SimError as error:
                reason = error.message.rpartition(": ")[2]
                print(f"channel 0: open failed: connect failed: {reason}\nstdio forwarding failed", file=sys.stderr)
                return 255
            config = _config(rack, name, int(domain["domid"]), guestlogin.served(guestdisk.files(m, domain)), folder)
        server = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin:/sbin") or "sshd"
        log = str(rack.directory / "ssh/sshd.log")
        return subprocess.run([server, "-i", "-f", str(config), "-E", log], check=False).returncode


def _config(rack: Rack, name: str, domid: int, served: guestlogin.Served, folder: str) -> Path:
    keys = []
    for number, key in enumerate(served.host_keys):
        keys.append(Path(folder, f"key{number}"))
        keys[-1].write_bytes(key)
        keys[-1].chmod(0o600)
    authorized = Path(folder, "authorized_keys")
    authorized.write_text("".join(f"{key}\n" for key in served.authorized))
    inside = [sys.executable, str(_SIMRACK), "exec", str(rack.directory), name, "--", "/.sim/bin/guestsession"]
    config = Path(folder, "sshd_config")
    config.write_text("".join(f"HostKey {key}\n" for key in keys) + f"""AuthorizedKeysFile {authorized}
PermitRootLogin {served.root}
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PidFile none
PrintMotd no
PrintLastLog no
SetEnv SIM_PYTHON={base.interpreter()} SHLVL=2
ForceCommand {shlex.join([*inside, str(domid)])} "$SSH_ORIGINAL_COMMAND"
""")
    return config


def write_wrapper(rack: Rack) -> None:
    """As often as the rack is started: another Python may do that."""
    path = rack.directory / "ssh" / "ssh"
    path.write_text(wrapper(rack))
    os.chmod(path, 0o755)
