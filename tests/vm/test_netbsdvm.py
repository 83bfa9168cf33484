# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What the scenario netbsd-vm does around its machine, without one: wishes, trials, screens, inventory, anyvm.py."""

from __future__ import annotations

import configparser
import contextlib
import importlib
import os
import re
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from netbsdvm import anyvm, boot, inventory, offer, qemu, remote, runs, trial, wishes
from netbsdvm.qemu import Hardware, Place
from netbsdvm.remote import Told, Way
from netbsdvm.wishes import NotRun, VmError
from testinfra.utils.ansible_runner import get_ansible_host

COMMAND = Path(__file__).with_name("netbsd-vm")
KEY = "ssh-ed25519 AAAA somebody"
TOLD = Told(release="10.1", machine="amd64", arch="x86_64", interface="vioif0", console="", python=None)


@pytest.fixture
def given(tmp_path: Path) -> dict[str, str]:
    for name in ("disk.img", "key"):
        (tmp_path / name).write_text(name)
    for name in ("packages/All", "amd64/binary/sets", "amd64/binary/kernel"):
        (tmp_path / name).mkdir(parents=True)
    paths = {"NETBSD_IMAGE": "disk.img", "NETBSD_SSH_KEY": "key", "NETBSD_PACKAGES": "packages", "NETBSD_SETS": "amd64"}
    return {name: str(tmp_path / path) for name, path in paths.items()}


# -- wishes ------------------------------------------------------------------------------------------------------------


def test_without_a_machine_it_says_what_it_needs_and_is_not_run(tmp_path: Path) -> None:
    bare = {name: value for name, value in os.environ.items() if not name.startswith("NETBSD_")}
    for command in ("test", "create"):
        argv = [sys.executable, str(COMMAND), command, str(tmp_path / "vm")]
        ended = subprocess.run(argv, env=bare, capture_output=True, text=True, timeout=60, check=False)
        assert (ended.returncode, ended.stdout) == (77, "")
        assert ended.stderr.startswith("netbsd-vm needs a NetBSD to boot: NETBSD_IMAGE=")
        assert len(ended.stderr.splitlines()) == 1
    assert not (tmp_path / "vm").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"NETBSD_SSH_KEY": ""}, "NETBSD_IMAGE needs NETBSD_SSH_KEY"),
        ({"NETBSD_IMAGE": "/nowhere/disk"}, "NETBSD_IMAGE=/nowhere/disk: there is no such file"),
        ({"NETBSD_PACKAGES": "/nowhere"}, "NETBSD_PACKAGES=/nowhere: there is no such directory"),
        ({"NETBSD_SETS": "/usr"}, "NETBSD_SETS=/usr has no directories sets and kernel"),
        ({"NETBSD_DISK": "floppy"}, "NETBSD_DISK=floppy must be one of ide, virtio, scsi"),
        ({"NETBSD_CARD": "ne2k"}, "NETBSD_CARD=ne2k must be one of e1000, virtio-net-pci"),
        ({"NETBSD_MEMORY": "2G"}, "NETBSD_MEMORY=2G must be a number of MiB"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_meant_is_refused(given: dict[str, str], change: dict[str, str], message: str) -> None:
    with pytest.raises(VmError, match=message) as refused:
        wishes.read({**given, **change})
    assert not isinstance(refused.value, NotRun)


def test_a_wish_that_is_empty_is_none(given: dict[str, str]) -> None:
    asked = wishes.read({**given, "NETBSD_DISK": "", "NETBSD_XEN_RELEASE": ""})
    assert (asked.disk, asked.xen, asked.user, asked.memory) == (None, None, "root", 2048)
    assert list(boot.combinations(asked))[0] == ("ide", "e1000")
    assert len(list(boot.combinations(asked))) == 6


# -- QEMU --------------------------------------------------------------------------------------------------------------


def test_a_machine_is_reached_by_ssh_alone_and_loses_what_it_has_not_flushed(tmp_path: Path) -> None:
    for disk in wishes.DISKS:
        argv = qemu.command(Place(tmp_path), Hardware(disk, "e1000", 2048, qemu.SOFTWARE), 4022)
        text = " ".join(argv)
        assert "hostfwd=tcp:127.0.0.1:4022-:22" in text and "ipv6=off" in text
        assert f"file={tmp_path}/disk.qcow2,format=qcow2,cache=writeback" in text
        assert "max" not in argv


def works(directory: Path, script: str) -> bool:
    program = directory / "qemu"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return trial.works(qemu.HARDWARE, directory, str(program))


def test_an_accelerator_works_if_a_program_takes_an_exception(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "TRIAL_SECONDS", 3.0)
    log = tmp_path / "trial.log"
    assert works(tmp_path, f"echo 'SeaBIOS (version 1.16)' > {log}; tail -c 34 {tmp_path}/trial.bin >> {log}; sleep 60")
    assert not works(tmp_path, "echo 'failed to initialize kvm' >&2; exit 1")
    # The firmware comes up, and no more.
    assert not works(tmp_path, f"echo 'SeaBIOS (version 1.16)' > {log}; sleep 60")


def test_where_nothing_runs_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "works", lambda _arguments, _directory: False)
    with pytest.raises(VmError, match="qemu-system-x86_64 runs no program here"):
        trial.accelerators(tmp_path)


def test_the_trial_is_a_multiboot_kernel_with_a_gate_for_its_exception() -> None:
    program = trial.program()
    magic, flags, check, header, load, end, bss_end, entry = struct.unpack_from("<8I", program)
    assert (magic + flags + check) % 2**32 == 0 and header == load == 0x100000
    assert end == bss_end == load + len(program)
    start = program[entry - load :]
    table = struct.unpack_from("<I", start, start.index(b"\x0f\x01\x1d") + 3)[0]
    limit, gates = struct.unpack_from("<HI", program, table - load)
    assert limit == 31
    low, _selector, _none, kind, high = struct.unpack_from("<HHBBH", program, gates - load + 24)
    handler = program[(high << 16 | low) - load :]
    assert (kind, handler[0]) == (0x8E, 0xBE)
    text = struct.unpack_from("<I", handler, 1)[0]
    assert program[text - load :] == trial.TEXT


def test_a_process_of_somebody_else_is_not_ended(tmp_path: Path) -> None:
    place = Place(tmp_path)
    other = subprocess.Popen(["sleep", "60"], start_new_session=True)
    try:
        place.pid.write_text(f"{other.pid}\n")
        assert qemu.running(place) is None
        qemu.cut(place)
        assert other.poll() is None
        ours = subprocess.Popen(["sh", "-c", "sleep 60; true", f"file:{place.serial}"], start_new_session=True)
        # Linux lets the parent go on before it has noted what the new program was called with.
        while not Path(f"/proc/{ours.pid}/cmdline").read_bytes():
            time.sleep(0.01)
        place.pid.write_text(f"{ours.pid}\n")
        assert qemu.running(place) == ours.pid
        qemu.cut(place)
        assert ours.wait(5) == -9
    finally:
        other.kill()
        other.wait()


@pytest.fixture
def monitor(tmp_path: Path) -> Iterator[list[str]]:
    """A monitor that saves a screen of VGA text."""
    said: list[str] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "monitor"))
        listener.listen()

        def serve() -> None:
            talk, _address = listener.accept()
            with talk:
                talk.sendall(b"QEMU 7.2.0 monitor\r\n(qemu) ")
                said.append(talk.recv(4096).decode())
                cells = bytearray(b" \x07" * 2000)
                cells[160:168] = b"o\x07k\x07:\x07 \x07"
                Path(said[0].split()[3]).write_bytes(cells)
                talk.sendall(b"\r\n(qemu) ")

        threading.Thread(target=serve, daemon=True).start()
        yield said


def test_the_screens_are_what_a_person_would_see(tmp_path: Path, monitor: list[str]) -> None:
    place = Place(tmp_path)
    place.serial.write_text("\x1b[2J>> NetBSD/x86\r\n" + "".join(f"line {n}\r\n" for n in range(40)))
    place.log.write_text("qemu: warning\n")
    shown = qemu.screens(place)
    assert monitor == [f"pmemsave 0xb8000 4000 {tmp_path}/vga\n"]
    assert (
        shown.startswith("--- serial port\nline 15\n") and "line 39\n--- screen\nok:\n--- QEMU\nqemu: warning" in shown
    )


def test_without_a_machine_there_is_nothing_to_see(tmp_path: Path) -> None:
    assert qemu.screens(Place(tmp_path)) == "--- nothing"


def test_without_qemu_it_says_in_a_sentence_which_packages_bring_it(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("ssh", "ssh-keygen"):
        (tmp_path / "bin" / name).symlink_to("/bin/true")
    argv = [sys.executable, str(COMMAND), "create", str(tmp_path / "vm")]
    bare = {"NETBSD_RELEASE": "10.1", "PATH": str(tmp_path / "bin")}
    ended = subprocess.run(argv, env=bare, capture_output=True, text=True, timeout=60, check=False)
    missing = "there is no qemu-system-x86_64, no qemu-img on the path; Debian has them in: qemu-system-x86 qemu-utils"
    assert (ended.returncode, ended.stderr) == (1, f"netbsd-vm: {missing}\n")


# -- booting -----------------------------------------------------------------------------------------------------------


class Mute(Way):
    """Nobody answers."""

    def answers(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("said", "lost"),
    [
        ("Enter pathname of shell or RETURN for /bin/sh:", True),
        ("boot device: <unknown>\nroot device:", True),
        ("panic: no console", True),
        ("ddb.onpanic: 1 -> 0\nStarting dhcpcd.", False),
        ("root device: wd0 was chosen\nlogin:", True),
        ("KVM internal error. Suberror: 1\nemulation failure", True),
    ],
)
def test_a_machine_that_never_comes_up_is_given_up_once_it_is_quiet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, lost: bool
) -> None:
    place = Place(tmp_path)
    place.serial.write_text(said)
    monkeypatch.setattr(qemu, "running", lambda _place: 1)
    monkeypatch.setattr(boot, "LOST_SECONDS", 1.0)
    wanted = "does not come up" if lost else "ssh does not answer within 4 s"
    with pytest.raises(VmError, match=wanted) as gone:
        boot.await_ssh(place, Mute(1, "root", tmp_path, tmp_path), 4)
    assert said.splitlines()[-1] in str(gone.value)


def test_a_login_prompt_without_ssh_is_the_wrong_hardware(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the wrong network card a machine boots to its end, and would be waited for a quarter of an hour."""
    place = Place(tmp_path)
    place.serial.write_text("Starting sshd.\n\nNetBSD/amd64 (nb.example) (tty00)\n\nlogin: ")
    monkeypatch.setattr(qemu, "running", lambda _place: 1)
    monkeypatch.setattr(boot, "PROMPT_SECONDS", 1.0)
    with pytest.raises(VmError, match="it has booted, and its ssh does not answer"):
        boot.await_ssh(place, Mute(1, "root", tmp_path, tmp_path), 60)


@pytest.fixture
def csh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ssh to a machine whose login shell takes no quoted text of several lines, as csh does not, and which answers
    with what it was called with."""
    ssh = tmp_path / "bin/ssh"
    ssh.parent.mkdir()
    ssh.write_text(
        """#!/bin/sh
for words; do :; done
test "$(printf '%s' "$words" | wc -l)" -eq 0 || { echo "Unmatched '." >&2; exit 1; }
echo "$words" > "$(dirname "$0")/words"
echo system=NetBSD; echo release=9.4; echo machine=amd64; echo arch=x86_64; echo route=wm0; echo console=
cat > "$(dirname "$0")/stdin"
"""
    )
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{ssh.parent}:{os.environ['PATH']}")
    return ssh.parent


def test_a_machine_is_asked_whatever_the_login_shell_is(tmp_path: Path, csh: Path) -> None:
    told = remote.ask(Way(1, "root", tmp_path, tmp_path))
    assert (told.release, told.interface, told.python) == ("9.4", "wm0", None)
    assert (csh / "words").read_text() == "/bin/sh\n"


@pytest.mark.parametrize(("routes", "expected"), [("  interface: wm0", "wm0"), ("", "vioif0")])
def test_the_interface_is_the_one_that_we_came_by(tmp_path: Path, routes: str, expected: str) -> None:
    """A machine with an address of its own and no default route has one too."""
    for name, said in {"route": routes, "ifconfig": IFCONFIG, "dmesg": "", "uname": "NetBSD"}.items():
        (tmp_path / name).write_text(f"#!/bin/sh\ncat <<'END'\n{said}\nEND\n")
        (tmp_path / name).chmod(0o755)
    script = re.sub(r"/s?bin/(route|ifconfig|dmesg)|/usr/bin/(uname)", rf"{tmp_path}/\1\2", remote.ASKED)
    came = {**os.environ, "SSH_CONNECTION": "10.0.2.2 40000 10.0.2.15 22"}
    ended = subprocess.run(["sh"], input=script, env=came, capture_output=True, text=True, timeout=30, check=True)
    assert f"route={expected}\n" in ended.stdout


# Source: records netbsd-7.99.10, generic/ifconfig-a.txt, with other names and numbers.
IFCONFIG = """wm0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\tinet 10.0.2.1 netmask 0xffffff00 broadcast 10.0.2.255
vioif0: flags=8843<UP,BROADCAST,RUNNING,SIMPLEX,MULTICAST> mtu 1500
\tinet 10.0.2.15/24 broadcast 10.0.2.255 flags 0x0
lo0: flags=8049<UP,LOOPBACK,RUNNING,MULTICAST> mtu 33184
\tinet 127.0.0.1 netmask 0xff000000"""


# -- what it gets ------------------------------------------------------------------------------------------------------


def test_packages_and_sets_are_offered_as_by_a_mirror(given: dict[str, str], tmp_path: Path) -> None:
    asked = wishes.read(given)
    (tmp_path / "packages/All/xenkernel420-4.20.1.tgz").write_text("package")
    (tmp_path / "amd64/binary/sets/SHA512").write_text("sums")
    tree = offer.arranged(tmp_path / "www", asked.packages, asked.sets, "10.1", "amd64")
    assert tree is not None
    port = offer.serve(tree, tmp_path / "www.pid")
    try:
        for path in ("packages/All/xenkernel420-4.20.1.tgz", "pub/NetBSD/NetBSD-10.1/amd64/binary/sets/SHA512"):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
                assert answer.read() in (b"package", b"sums")
    finally:
        offer.stop(tmp_path / "www.pid")
    offered = offer.offered(port, asked.packages, asked.sets)
    assert offered.packages == f"http://10.0.2.2:{port}/packages/All"
    assert offered.mirror == f"http://10.0.2.2:{port}/pub/NetBSD"
    assert offer.arranged(tmp_path / "none", None, None, "10.1", "amd64") is None
    assert offer.offered(None, None, None) == offer.Offer(None, None)


def declared(given: dict[str, str], told: Told, seconds: float = 30.0, **more: str) -> dict[str, object]:
    asked = wishes.read({**given, **more})
    offered = offer.offered(8000, asked.packages, asked.sets)
    way = Way(2222, asked.user, Path(given["NETBSD_SSH_KEY"]), Path("/known_hosts"))
    return inventory.variables(asked, way, told, offered, seconds, KEY)


def test_the_inventory_says_what_the_machine_said(given: dict[str, str], tmp_path: Path) -> None:
    for name in ("xenkernel418-4.18.5", "xentools418-4.18.5", "python312-3.12.9", "python39-3.9.1"):
        (tmp_path / f"packages/All/{name}.tgz").write_text("")
    found = declared(given, TOLD)
    assert found["dom0_xen_release"] == "4.18"
    assert found["ansible_python_interpreter"] == "/usr/pkg/bin/python3.12"
    assert found["dom0_package_source"] == "pkg_add"
    assert found["bridge_bridges"] == [{"name": "bridge0", "interfaces": ["vioif0"]}]
    assert found["bootloader_reboot_timeout"] == 900
    assert "bootloader_console" not in found and "bootloader_root" not in found and "ansible_become" not in found


@pytest.mark.parametrize(("become", "by_ansible"), [("sudo", False), ("su", True), ("doas", True)])
def test_testinfra_becomes_root_as_ansible_does(
    given: dict[str, str], tmp_path: Path, become: str, by_ansible: bool
) -> None:
    found = inventory.inventory(declared(given, TOLD, NETBSD_SSH_USER="admin", NETBSD_BECOME=become))
    hosts = found["dom0s"]["hosts"]
    seen = {"_meta": {"hostvars": hosts}, "all": {"children": ["dom0s"]}, "dom0s": {"hosts": [remote.HOST]}}
    direct = get_ansible_host(configparser.ConfigParser(), seen, remote.HOST)
    assert (direct is None) == by_ansible
    assert by_ansible or direct.backend.sudo
    # su asks for the password at a terminal, which this checkout's settings are without.
    assert hosts[remote.HOST].get("ansible_ssh_use_tty", False) == by_ansible
    assert "NETBSD_BECOME_PASSWORD" in hosts[remote.HOST]["ansible_become_password"]


def test_what_it_has_and_what_is_wished_goes_before(given: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "packages/pkgin-24.tgz").write_text("")
    told = Told("9.4", "amd64", "x86_64", "wm0", "com0", "/usr/pkg/bin/python3.13")
    wished = {"NETBSD_XEN_RELEASE": "4.20", "NETBSD_ROOT_DISK": "ld0", "NETBSD_SSH_USER": "me", "NETBSD_BECOME": "su"}
    found = declared(given, told, 180.0, **wished)
    assert found["ansible_python_interpreter"] == "/usr/pkg/bin/python3.13"
    names = ("dom0_xen_release", "bootloader_root", "bootloader_console", "ansible_user", "ansible_become_method")
    assert [found[name] for name in names] == ["4.20", "ld0a", "com0", "me", "su"]
    assert found["ansible_become"] is True
    assert found["bootloader_reboot_timeout"] == 2700
    assert "dom0_package_source" not in found


# -- anyvm.py ----------------------------------------------------------------------------------------------------------

STAND_IN = """#!/bin/sh
# Takes the command line of anyvm.py 0.7.5 and leaves what it leaves.
echo "$@" > "$HOME/called"
while [ $# -gt 0 ]; do
    case $1 in --data-dir) data=$2;; --release) release=$2;; esac
    shift
done
[ "$release" = 10.1 ] || { echo "Using release: $release"; echo "Error: Cannot find the image link." >&2; exit 1; }
mkdir -p "$data/netbsd/v2.0.6"
echo image > "$data/netbsd/v2.0.6/netbsd-$release.qcow2"
echo key > "$data/netbsd/v2.0.6/netbsd-$release-host.id_rsa"
"""


@pytest.fixture
def stand_in(tmp_path: Path) -> dict[str, str]:
    program = tmp_path / "bin/anyvm.py"
    program.parent.mkdir()
    program.write_text(STAND_IN)
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}", "HOME": "/nonexistent"}


def test_a_released_image_comes_by_anyvm(
    tmp_path: Path, stand_in: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", stand_in["PATH"])
    monkeypatch.setattr(trial, "accelerators", lambda _directory: [qemu.SOFTWARE])
    image, key = anyvm.image(wishes.read({"NETBSD_RELEASE": "10.1"}), tmp_path / "vm", stand_in)
    assert (image.read_text(), key.read_text()) == ("image\n", "key\n")
    called = (tmp_path / "vm/home/called").read_text()
    assert called.startswith("--os netbsd --release 10.1 --detach --ssh-port ")
    assert called.endswith("--vnc off --remote-vnc no --sync off --tcg --cpu-type qemu64\n")
    with pytest.raises(VmError) as error:
        anyvm.image(wishes.read({"NETBSD_RELEASE": "9.9"}), tmp_path / "vm", stand_in)
    why = f"(status 1: Cannot find the image link); see {tmp_path}/vm/anyvm.log"
    assert str(error.value) == f"anyvm.py, which fetches from github.com, did not bring NetBSD 9.9 {why}"
    anyvm.check_sum(image, _sha512(image))
    with pytest.raises(VmError, match="has the SHA512"):
        anyvm.check_sum(image, "00" * 64)


def _sha512(path: Path) -> str:
    ended = subprocess.run(["sha512sum", str(path)], capture_output=True, text=True, check=True)
    return ended.stdout.split()[0].upper()


# What anyvm.py asks of programs when it boots a machine: the version, the accelerators, and a login.
PROGRAMS = {
    "qemu-system-x86_64": 'case "$*" in *--version*) echo "QEMU emulator version 7.2.22";; *help*) echo tcg;;'
    ' *) echo "$*" > "$HOME/qemu"; echo $$ > "$HOME/pid"; exec -a qemu-system-x86_64 bash -c "sleep 60; :" "$@";; esac',
    "ssh": 'echo "$*" > "$HOME/ssh"',
    "zstd": ":",
}


def test_the_real_anyvm_takes_our_words_and_leaves_image_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pinned release of it, with an image that is there already, since that it takes without a network."""
    (tmp_path / "bin").mkdir()
    for name, script in PROGRAMS.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/bash\n{script}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    path = f"{tmp_path}/bin:{Path(sys.executable).parent}:{os.environ['PATH']}"
    version = importlib.import_module("anyvm_py").DEFAULT_BUILDER_VERSIONS["netbsd"]
    vm, place = tmp_path / "vm", f"netbsd/v{version}"
    for name in (f"cache/{place}", f"anyvm/{place}"):
        (vm / name).mkdir(parents=True)
        (vm / name / "netbsd-10.1.qcow2").write_text(f"image of {name}")
    for name in ("host.id_rsa", "id_rsa.pub"):
        (vm / f"anyvm/{place}/netbsd-10.1-{name}").write_text("key")
    (vm / f"anyvm/{place}/netbsd-10.1.profile.json").write_text("{}")
    monkeypatch.setattr(trial, "accelerators", lambda _directory: [qemu.SOFTWARE])
    image, key = anyvm.image(wishes.read({"NETBSD_RELEASE": "10.1"}), vm, {**os.environ, "PATH": path})
    assert image == vm / f"cache/{place}/netbsd-10.1.qcow2"
    assert key == vm / f"anyvm/{place}/netbsd-10.1-host.id_rsa"
    assert key.stat().st_mode & 0o777 == 0o600
    booted = (vm / "home/qemu").read_text()
    assert f"file={vm}/anyvm/{place}/netbsd-10.1.qcow2,format=qcow2,if=virtio" in booted
    assert "accel=tcg" in booted and " -cpu qemu64 " in booted and " -device e1000," in booted and "ipv6=off" in booted
    assert (vm / "home/ssh").read_text().endswith("root@127.0.0.1 exit\n")
    process = Path("/proc", (vm / "home/pid").read_text().strip(), "cmdline")
    deadline = time.monotonic() + 20
    with contextlib.suppress(OSError):  # it is gone, which a process that is killed takes a moment for
        while process.read_text():
            assert time.monotonic() < deadline, "anyvm.py's machine was left running"
            time.sleep(0.05)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Release: 10.1\nError: Required tool(s) not found: ssh\nInstall it\n", "Required tool(s) not found: ssh"),
        ('Traceback (most recent call last):\n  File "a", line 1\nOSError: disk full\n\n', "OSError: disk full"),
        ("", "it printed nothing"),
    ],
)
def test_why_anyvm_gave_up_is_one_line(output: str, expected: str) -> None:
    assert anyvm.reason(output) == expected


def test_of_several_versions_of_an_image_the_newest_is_taken(tmp_path: Path) -> None:
    """A newer anyvm.py brings a newer image, and leaves the old one."""
    data, cache = tmp_path / "data", tmp_path / "cache"
    for hours, version in enumerate(("v2.2.7", "v2.0.6")):
        (data / version).mkdir(parents=True)
        for name in ("netbsd-10.1.qcow2", "netbsd-10.1-host.id_rsa"):
            (data / version / name).write_text(version)
            os.utime(data / version / name, (3600 * hours, 3600 * hours))
    image, key = anyvm.found(data, cache, "10.1")
    assert (image.read_text(), key.read_text()) == ("v2.0.6", "v2.0.6")
    for missing, word in ((key, "key"), (image, "image")):
        for each in data.rglob(f"*{missing.suffix}"):
            each.rename(each.with_suffix(".gone"))
        with pytest.raises(VmError, match=f"left no {word} of NetBSD 10"):
            anyvm.found(data, cache, "10.1")
        for each in data.rglob("*.gone"):
            each.rename(each.with_suffix(missing.suffix))


def test_without_anyvm_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(trial, "accelerators", lambda _directory: [qemu.SOFTWARE])
    with pytest.raises(VmError, match=r"pip install -r requirements/anyvm\.txt"):
        anyvm.image(wishes.read({"NETBSD_RELEASE": "10.1"}), tmp_path, {"PATH": "/nonexistent"})


def test_the_workflow_for_a_ci_runs_the_scenario_on_each_release() -> None:
    """That GitHub would take it is a linter's matter."""
    workflow = yaml.safe_load(COMMAND.with_name("workflow.yml").read_text())
    job = workflow["jobs"]["netbsd-vm"]
    assert job["strategy"]["matrix"] == {"release": ["9.4", "10.1", "11.0"]}
    assert job["env"]["NETBSD_RELEASE"] == "${{ matrix.release }}"
    makefile = (COMMAND.parents[2] / "Makefile").read_text()
    runs = [step["run"] for step in job["steps"] if "run" in step]
    assert "make molecule SCENARIO=netbsd-vm" in runs and "molecule-netbsd-vm:" in makefile
    assert [run for run in runs if run.startswith("tests/")] == [f"tests/vm/{COMMAND.name} screens .build/netbsd-vm"]


# -- runs that do not end ----------------------------------------------------------------------------------------------


def playbook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = tmp_path / "bin/ansible-playbook"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")


def test_a_run_is_killed_at_its_task_and_not_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    playbook(tmp_path, monkeypatch, 'echo "PLAY [x]"; echo "TASK [netbsd.xen.dom0 : Files] ***"; sleep 60; touch ran')
    acted: list[str] = []
    runs.broken_off(
        tmp_path / "hosts", tmp_path / "site", tmp_path / "log", "dom0 : Files", lambda: acted.append("cut")
    )
    assert acted == ["cut"]
    assert (tmp_path / "log").read_text().startswith("PLAY [x]\nTASK [netbsd.xen.dom0 : Files]")
    assert not (tmp_path / "ran").exists()


def test_no_worker_goes_on_when_the_run_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of Ansible's workers is a session of its own (executor/process/worker.py of ansible-core)."""
    worker = f"setsid sh -c 'touch {tmp_path}/begun; sleep 3; touch {tmp_path}/ran'"
    playbook(tmp_path, monkeypatch, f"{worker} & echo 'TASK [netbsd.xen.dom0 : Files] ***'; sleep 60")

    def begun() -> None:
        while not (tmp_path / "begun").exists():
            time.sleep(0.01)

    runs.broken_off(tmp_path / "hosts", tmp_path / "site", tmp_path / "log", "dom0 : Files", begun)
    time.sleep(4)
    assert not (tmp_path / "ran").exists()


def test_a_task_is_seen_while_it_runs(tmp_path: Path) -> None:
    """Ansible leaves what it prints to a pipe in its buffer until the task's result is there."""
    task = {
        "name": "dom0 : Files",
        "ansible.builtin.command": {"argv": ["sh", "-c", f"sleep 4; touch {tmp_path}/done"]},
    }
    site, hosts, done = tmp_path / "site.yml", tmp_path / "hosts.yml", []
    site.write_text(yaml.safe_dump([{"hosts": "all", "gather_facts": False, "tasks": [task]}]))
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    hosts.write_text(yaml.safe_dump({"all": {"hosts": {"here": local}}}))
    runs.broken_off(hosts, site, tmp_path / "log", "dom0 : Files", lambda: done.append((tmp_path / "done").exists()))
    assert done == [False]


class Installing(Way):
    """A machine that says one thing after the other, and the last one for ever."""

    def run(self, words: str, seconds: float = 0, given: str = "") -> subprocess.CompletedProcess[str]:
        told = SAID.pop(0) if len(SAID) > 1 else SAID[0]
        return subprocess.CompletedProcess([], 0, told, "")


SAID: list[str] = []


@pytest.mark.parametrize(
    "come", ["COMMAND\n/usr/sbin/pkg_add \n", "COMMAND\nsh \n\n/usr/pkg/pkgdb:\nxenkernel417-4.17.5\n"]
)
def test_packages_come_once_one_is_installed_or_registered(tmp_path: Path, come: str) -> None:
    way = Installing(1, "root", tmp_path, tmp_path)
    SAID[:] = ["COMMAND\npython3.11 pkg_add\n", "COMMAND\nsh\nperl5-5.40\n", come]
    remote.await_packages(way, 60)
    assert SAID == [come]
    SAID[:] = ["COMMAND\nsh\nperl5-5.40\n"]
    with pytest.raises(VmError, match="none of Xen's packages was installed within 0 s"):
        remote.await_packages(way, 0)


def test_a_run_that_never_gets_there_proves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    playbook(tmp_path, monkeypatch, 'echo "fatal: it failed"; exit 2')
    with pytest.raises(VmError, match="ended with status 2 before task 'dom0 : Files'; all of it is in"):
        runs.broken_off(tmp_path / "hosts", tmp_path / "site", tmp_path / "log", "dom0 : Files", lambda: None)
    assert "fatal: it failed" in (tmp_path / "log").read_text()


def test_wishes_name_every_variable_of_the_page() -> None:
    page = COMMAND.with_name("README.md").read_text()
    code = Path(wishes.__file__).read_text()
    rows = [row.split("|")[1] for row in page.splitlines() if row.startswith("| `NETBSD")]
    told = set(re.findall(r"NETBSD_[A-Z0-9_]+", " ".join(rows)))
    asked = set(re.findall(r'"(NETBSD_[A-Z0-9_]+)"', code))
    assert told == asked - {"NETBSD_RELEASE"}
