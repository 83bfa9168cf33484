# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""A guest with a console, and a dom0 whose ssh and xl lead to it: real ttys and a real shell, behind a line that can be
slow and bad.

As on a machine: the guest is there whether or not somebody looks, what it said before is not shown again, a second
reader is refused (the record of Xen 4.17 on NetBSD 7.99.10: "Could not lock", status 35), and ^] leaves. A getty is as
NetBSD's: it echoes by itself, takes DEL and ^U, and asks again after an empty name.

Run as a program it is one of the parts: ``guest DIR``, ``ssh ...``, ``xl console NAME``.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import random
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
import tty
from pathlib import Path

# Of root in the guest: a word that stands nowhere else.
PASSWORD = "Kanari13vogel"
LOGIN = b"\r\nNetBSD/amd64 (web1) (console)\r\n\r\nlogin: "


class Guest:
    """What a test has of it."""

    def __init__(self, directory: Path, **line: object) -> None:
        self.directory = directory
        (directory / "bin").mkdir(parents=True)
        (directory / "home").mkdir()
        for name in ("ssh", "xl", "xm", "ps"):
            path = directory / "bin" / name
            path.write_text(f'#!/bin/sh\nexec {sys.executable} -B {__file__} {name} {directory} "$@"\n')
            path.chmod(0o755)
        (directory / "line.json").write_text(json.dumps(line))
        log = (directory / "log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-B", __file__, "guest", str(directory)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        deadline = time.monotonic() + 20
        while not (directory / "console").exists():
            assert time.monotonic() < deadline and self._process.poll() is None, (directory / "log").read_text()
            time.sleep(0.02)

    @property
    def ssh(self) -> str:
        return str(self.directory / "bin/ssh")

    def say(self, command: str) -> tuple[int, str]:
        """Run a command in dom0."""
        ran = subprocess.run([self.ssh, "xen1", command], capture_output=True, text=True, timeout=60)
        return ran.returncode, ran.stdout

    @property
    def sent(self) -> int:
        """Bytes that came to the guest."""
        return int((self.directory / "sent").read_text() or 0)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        # Not all that was started at its console ends with it: a pager without its tty spins for ever.
        ours = f"HOME={self.directory}/home\0".encode()
        for each in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if ours in each.read_bytes():
                    os.kill(int(each.parent.name), signal.SIGKILL)


def _getty(directory: Path) -> None:
    """Who reads at the console when nobody is logged in; becomes the user's shell."""
    line = json.loads((directory / "line.json").read_text())
    shell = line.get("shell", ["/bin/sh", "-i"])
    _boot(directory / "boots", line.get("stands", 0.0))
    while True:
        tty.setraw(0, termios.TCSANOW)
        os.write(1, LOGIN)
        name = _name()
        password = b""
        if name:
            attributes = termios.tcgetattr(0)
            attributes[0] |= termios.ICRNL | termios.IXON
            attributes[1] |= termios.OPOST | termios.ONLCR
            attributes[3] |= termios.ICANON | termios.ISIG | termios.ECHOE | termios.ECHOK | termios.IEXTEN
            termios.tcsetattr(0, termios.TCSADRAIN, attributes)
            os.write(1, b"Password:")
            password = os.read(0, 200).strip()
            os.write(1, b"\n")
        if name == b"root" and password == PASSWORD.encode():
            attributes[3] |= termios.ECHO | termios.ECHOCTL
            termios.tcsetattr(0, termios.TCSADRAIN, attributes)
            os.write(1, b"Welcome to NetBSD!\n\n")
            home = str(directory / "home")
            environment = {"HOME": home, "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "PS1": "web1# ", "TERM": "vt100"}
            os.chdir(home)
            os.execvpe(shell[0], shell, environment)
        if name:
            time.sleep(0.2)
            os.write(1, b"Login incorrect or refused on this terminal.\n")


def _boot(told: Path, stands: float) -> None:
    """The end of a boot, once the test says so: NetBSD's /etc/rc.d/quota begins a line and works for a while. Nobody
    reads then, and the kernel echoes what is typed (seen on NetBSD 7.99.10)."""
    if not stands or told.with_name("booted").exists():
        return
    while not told.exists():
        time.sleep(0.02)
    os.write(1, b"Clearing temporary files.\nChecking quotas:")
    time.sleep(stands)
    told.with_name("booted").touch()
    os.write(1, b" done.\n")


def _name() -> bytes:
    """NetBSD's libexec/getty/main.c: it reads in raw mode, and DEL and ^U are its own matter."""
    name = b""
    while True:
        key = os.read(0, 1)
        if key in (b"\r", b"\n"):
            os.write(1, b"\r\n")
            return name
        if key == b"\x7f":
            os.write(1, b"\b \b" if name else b"")
            name = name[:-1]
        elif key == b"\x15":
            os.write(1, b"\r" + b" " * 40 + b"\rlogin: ")
            name = b""
        elif key > b" ":
            name += key
            os.write(1, key)


class _Console:
    """The guest's end: a pty whose shell is begun again, and a socket for one reader."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._line = json.loads((directory / "line.json").read_text())
        self._random = random.Random(self._line.get("seed", 0))
        self._sent = 0
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(directory / "starting"))
        self._socket.listen(1)
        (directory / "sent").write_text("0")
        self._start()
        os.rename(directory / "starting", directory / "console")

    def _start(self) -> None:
        self._pid, self._master = pty.fork()
        if not self._pid:
            _getty(self._directory)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def run(self) -> None:
        reader: socket.socket | None = None
        while True:
            ready = select.select([self._socket, self._master, *([reader] if reader else [])], [], [], 1.0)[0]
            if self._socket in ready:
                reader = self._socket.accept()[0]
            if self._master in ready:
                try:
                    data = os.read(self._master, 512)
                except OSError:
                    os.waitpid(self._pid, 0)
                    os.close(self._master)
                    self._start()
                    continue
                if reader:
                    self._give(reader, data)
            if reader and reader in ready:
                data = reader.recv(8192)
                if not data:
                    reader.close()
                    reader = None
                    continue
                self._take(data)

    def _give(self, reader: socket.socket, data: bytes) -> None:
        if self._random.random() < self._line.get("noise", 0):
            data += b"xennet0: watchdog: a line of the kernel\r\n"
        try:
            reader.sendall(data)
        except OSError:
            pass

    def _take(self, data: bytes) -> None:
        # Only so many at once are kept, as by a tty whose reader is slow (TTYHOG is 1024).
        whole = len(data) <= self._line.get("keeps", 100000)
        lost = self._line.get("lost", 0)
        data = bytes(byte for byte in data if self._random.random() >= lost)
        if not whole:
            data = data[: self._line["keeps"]]
        if self._line.get("rate"):
            time.sleep(len(data) / self._line["rate"])
        self._sent += len(data)
        (self._directory / "sent").write_text(str(self._sent))
        os.write(self._master, data)


def _xl(directory: Path, arguments: list[str]) -> int:
    if arguments[:1] != ["console"] or arguments[-1] != "web1":
        sys.stderr.write(f"{arguments[-1]} is an invalid domain identifier (rc=-6)\n")
        return 1
    lock = (directory / "xenconsole.7").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.stderr.write("xenconsole: Could not lock /var/run/xenconsole.7: Resource temporarily unavailable\n")
        return 35
    (directory / "holder").write_text(str(os.getpid()))
    console = socket.socket(socket.AF_UNIX)
    console.connect(str(directory / "console"))
    if os.isatty(0):
        # As xenconsole does (init_term): what was typed before is not thrown away.
        tty.setraw(0, termios.TCSANOW)
    while True:
        ready = select.select([0, console], [], [])[0]
        if console in ready:
            data = console.recv(4096)
            if not data:
                return 0
            os.write(1, data)
        if 0 in ready:
            data = os.read(0, 4096)
            if not data or b"\x1d" in data:
                return 0
            console.sendall(data)


def main(arguments: list[str]) -> int:
    part, directory, rest = arguments[0], Path(arguments[1]), arguments[2:]
    if part == "guest":
        signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
        _Console(directory).run()
    if part == "ssh":
        # Where ssh would take it to, options apart.
        if os.environ.get("CONSOLE_TEST_ARGUMENTS"):
            Path(os.environ["CONSOLE_TEST_ARGUMENTS"]).write_text(json.dumps(rest))
        path = f"{directory}/bin:/usr/bin:/bin"
        return os.execve("/bin/sh", ["sh", "-c", rest[-1]], {**os.environ, "PATH": path})
    if part in ("xl", "xm"):
        return _xl(directory, rest)
    if part == "ps":
        holder = (directory / "holder").read_text()
        print(f"root ttyp0 Tue Dec  1 09:00:00 2026 {holder} xl console web1")
        print("root ?     Tue Dec  1 09:00:00 2026 1 init")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
