# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""ssh(1) and ssh-keyscan(1) of dom0, which reach its guests.

A guest answers if it has come up from its disk with an address and sshd, and if dom0 has an interface of that network
in the guest's bridge. Its keys are those on its disk, and who may log in stands there too. Messages and checks:
OpenSSH's ssh.c, sshconnect.c, clientloop.c, auth.c, auth2-pubkey.c, servconf.c (external/bsd/openssh). NetBSD's sshd
lets root in only where sshd_config says so (measured on NetBSD 7.99.10).
"""
from __future__ import annotations

import contextlib
import fnmatch
import ipaddress
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ...core import forms, profiles
from ...core.machine import Machine, NotSimulated, SimError
from ...disk.volume import File
from ...net import network
from . import domains, guestdisk, guestsystem
from .hypervisor import Domain
from .hypervisor import domains as all_domains

Seconds = Callable[[float], float]
_PORT = "22"
_OWN_KEYS = ("id_rsa", "id_ecdsa", "id_ed25519")
# ARP asks five times, a second apart (sys/netinet/if_arp.c).
_ARP_SECONDS = 5
_TCP_SECONDS = 75
# What is there, and the time (module_utils/_formats/install/guest_python.py).
_LOOK = re.compile(r"ls -d (\S+(?: \S+)*); date \+%s")
_OPTIONS = """addkeystoagent batchmode checkhostip clearallforwardings compression connectionattempts connecttimeout
controlmaster controlpath controlpersist forwardagent forwardx11 globalknownhostsfile gssapiauthentication
hashknownhosts hostkeyalias hostkeyalgorithms identitiesonly identityfile kbdinteractiveauthentication loglevel
numberofpasswordprompts passwordauthentication permitlocalcommand port preferredauthentications pubkeyauthentication
requesttty serveralivecountmax serveraliveinterval stricthostkeychecking tcpkeepalive updatehostkeys user
userknownhostsfile visualhostkey""".split()
_YES_NO_ASK = {"yes": "yes", "no": "no", "off": "no", "accept-new": "accept-new", "ask": "ask"}
_ENVIRONMENT = {"HOME": "/root", "LOGNAME": "root", "USER": "root", "SHELL": "/bin/sh",
                "PATH": "/usr/bin:/bin:/usr/pkg/bin:/usr/local/bin"}
# Behind the guest's tree are what all machines share and the guest's own state; both are seen by this process alone.
_ENTER = """/.sim/tools/mount -n --rbind /.sim "$1/.sim" && /.sim/tools/mount -n --bind "$2" "$1/.sim/host" &&
exec /usr/sbin/chroot "$1" /bin/sh -c 'cd /root && exec /bin/sh -c "$1"' sh "$3"
"""


class _Asked:
    """What ssh was called with."""

    def __init__(self, argv: list[str]) -> None:
        letters, values, words = forms.read(argv)
        if not words or "-" in letters:
            raise SimError("usage: ssh destination [command [argument ...]]", 255)
        self.options: dict[str, str] = {}
        for text in values.get("o", []):
            name, _equals, value = re.sub(r"\s*=\s*|\s+", "=", text, count=1).partition("=")
            if name.lower() not in _OPTIONS:
                raise NotSimulated(f"{' '.join(argv)}: option {name}")
            self.options.setdefault(name.lower(), value)
        user, at, self.host = words[0].rpartition("@")
        self.user = user if at else values.get("l", [self.options.get("user", "root")])[-1]
        self.port = values.get("p", [self.options.get("port", _PORT)])[-1]
        self.identities = [*values.get("i", []), *filter(None, [self.options.get("identityfile", "")])]
        self.command = " ".join(words[1:])
        self.quiet = "q" in letters or self.options.get("loglevel", "").upper() in ("QUIET", "FATAL", "ERROR")
        self.batch = self.options.get("batchmode", "no") == "yes"

    def seconds(self, most: float) -> float:
        return min(float(self.options.get("connecttimeout", most) or most), most)


def ssh(m: Machine, argv: list[str]) -> int:
    """ssh [-q] [-i KEY] [-l USER] [-p PORT] [-F FILE] [-o OPTION] [USER@]ADDRESS COMMAND."""
    asked = _Asked(argv)
    domain = reach(m, asked.host, asked.port, asked.seconds)
    found = guestdisk.files(m, domain)
    _check_host_key(m, asked, guestsystem.host_keys(found))
    forced = _authenticated(m, asked, found, guestdisk.is_linux(domain))
    if not (forced or asked.command):
        raise NotSimulated(f"{' '.join(argv)}: a shell on a terminal")
    looked = _LOOK.fullmatch(forced or asked.command)
    if looked is not None:
        return _look(m, found, looked[1].split())
    if guestdisk.is_linux(domain):
        return _run_in_linux(m, forced or asked.command)
    return guestdisk.change(m, domain, lambda tree: run_in(m, domain, tree, forced or asked.command)[0])


def ssh_keyscan(m: Machine, argv: list[str]) -> int:
    """ssh-keyscan [-t TYPES] [-T SECONDS] [-p PORT] ADDRESS...: what cannot be reached is left out, and the status is 0
    (ssh-keyscan.c)."""
    _letters, values, words = forms.read(argv)
    kinds = [kind for each in values.get("t", []) for kind in each.split(",")]
    limit = float(values.get("T", ["5"])[-1])
    for host in words:
        try:
            domain = reach(m, host, values.get("p", [_PORT])[-1], lambda most: min(limit, most))
        except SimError as error:
            print(error.message.replace("ssh: connect to host", "connect").replace(" port 22", ""), file=sys.stderr)
            continue
        for key in guestsystem.host_keys(guestdisk.files(m, domain)):
            if not kinds or any(kind in key.split()[0] for kind in kinds):
                print(f"{host} {key}")
    return 0


def guestsession(m: Machine, argv: list[str]) -> int:
    """guestsession DOMID COMMAND: what the guest's own sshd runs for whom it has let in. No command of a machine's; it
    is for who came through the dom0 without a shell there (rack/forward.py)."""
    domain = all_domains(m).get(argv[1])
    if domain is None or not argv[2]:
        raise NotSimulated(" ".join(argv))
    return guestdisk.change(m, domain, lambda tree: run_in(m, domain, tree, argv[2])[0])


@dataclass(frozen=True)
class Served:
    """With what a guest's sshd answers: its private keys, the lines of those who may log in as root without a command
    of their own, and what it has for PermitRootLogin."""

    host_keys: tuple[bytes, ...]
    authorized: tuple[str, ...]
    root: str


def served(found: dict[str, File]) -> Served:
    settings = _sshd_settings(found)
    name = settings.get("authorizedkeysfile", ".ssh/authorized_keys")
    keys = [key for options, key in _authorized(found, name) if "command=" not in options]
    private = guestsystem.private_keys(found)
    return Served(tuple(private), tuple(keys), settings.get("permitrootlogin", "no"))


# --- the way there ---------------------------------------------------------------------------------------------------


def reach(m: Machine, host: str, port: str, seconds: Seconds) -> Domain:
    """The guest that answers there. Raises SimError in ssh's words."""

    def fail(reason: str, after: float) -> NoReturn:
        m.sleep(seconds(after))
        text = "Operation timed out" if seconds(after) < after else reason
        raise SimError(f"ssh: connect to host {host} port {port}: {text}", 255)

    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        raise SimError(f"ssh: Could not resolve hostname {host}: No address associated with hostname", 255) from None
    own = [(name, ipaddress.ip_interface(f"{inet}/{ipaddress.ip_address(int(mask, 16))}"))
           for name, entry in network.interfaces(m).items() for inet, mask in entry["inet"]]
    if any(interface.ip == address for _name, interface in own):
        raise NotSimulated(f"ssh to this machine itself ({host})")
    near = [(name, interface) for name, interface in own if address in interface.network]
    if not near:
        fail("Operation timed out", _TCP_SECONDS)
    for domain in all_domains(m).values():
        for vif, guest in _addresses(m, domain):
            if guest.ip == address and _joined(m, vif["bridge"], [name for name, _own in near]):
                if near[0][1].ip not in guest.network:
                    fail("Operation timed out", _TCP_SECONDS)  # its answers go elsewhere
                if not domain["system"]["sshd"] or port != _PORT:
                    raise SimError(f"ssh: connect to host {host} port {port}: Connection refused", 255)
                m.data.setdefault("arp", {})[host] = [vif["mac"], near[0][0]]
                return domain
    fail("Host is down", _ARP_SECONDS)


def _addresses(m: Machine, domain: Domain) -> Iterator[tuple[dict[str, Any], ipaddress.IPv4Interface]]:
    """The addresses of a guest that runs and has come up far enough to have any."""
    system = domain.get("system", {})
    runs = domain["reason"] is None and not domain["paused"] and m.now() >= domains.booted_at(m, domain)
    if runs and system.get("state") == guestsystem.LOGIN:
        for vif in domain["vifs"]:
            for text in system["addresses"].get(str(vif["devid"]), system["addresses"].get(vif["devid"], [])):
                yield vif, ipaddress.IPv4Interface(text)


def _joined(m: Machine, bridge: str, names: list[str]) -> bool:
    known = network.interfaces(m)
    return bridge in known and "UP" in known[bridge]["flags"] and bool(set(names) & set(known[bridge]["members"]))


# --- who answers -----------------------------------------------------------------------------------------------------


def _check_host_key(m: Machine, asked: _Asked, keys: list[str]) -> None:
    """sshconnect.c, check_host_key. Raises SimError where ssh would go no further."""
    name = asked.options.get("hostkeyalias", asked.host)
    own = asked.options.get("userknownhostsfile", f"{_home()}/.ssh/known_hosts").split()[0]
    places = [own, asked.options.get("globalknownhostsfile", "/etc/ssh/ssh_known_hosts").split()[0]]
    known = [line.split()[1:3] for place in places for line in _lines(m, place)
             if name in line.split()[0].split(",") and len(line.split()) >= 3]
    if any(key.split() in known for key in keys):
        return
    strict = _YES_NO_ASK.get(asked.options.get("stricthostkeychecking", "ask"), "ask")
    kinds = {key.split()[0] for key in keys}
    shown = _short(keys[0].split()[0]) if keys else "ED25519"
    if any(kind in kinds for kind, _key in known):
        raise SimError(
            "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\n"
            "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\n"
            "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\n"
            "IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\n"
            f"Host key for {name} has changed and you have requested strict checking.\n"
            "Host key verification failed.", 255)
    if strict == "yes":
        raise SimError(f"No {shown} host key is known for {name} and you have requested strict checking.\n"
                       "Host key verification failed.", 255)
    if strict == "ask":
        raise SimError("Host key verification failed.", 255)  # nobody is there to be asked
    if own != "/dev/null":
        path = m.path(os.path.abspath(own))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a") as stream:
            stream.write(f"{name} {keys[0]}\n")
    if not asked.quiet:
        print(f"Warning: Permanently added '{name}' ({shown}) to the list of known hosts.", file=sys.stderr)


def _short(kind: str) -> str:
    return "ECDSA" if kind.startswith("ecdsa") else kind.removeprefix("ssh-").upper()


def _home() -> str:
    return "/root"


def _lines(m: Machine, name: str) -> list[str]:
    path = m.path(os.path.abspath(name))
    if name == "/dev/null" or not path.is_file():
        return []
    return [line for line in path.read_text(errors="replace").splitlines() if line.strip() and line[0] != "#"]


# --- who may come in -------------------------------------------------------------------------------------------------


def _authenticated(m: Machine, asked: _Asked, found: dict[str, File], linux: bool) -> str:
    """The command that the key forces, or nothing. Raises SimError for somebody who is not let in."""
    settings = _sshd_settings(found)
    # Of the portable one (sshd_config(5)), and of NetBSD's.
    root = settings.get("permitrootlogin", "prohibit-password" if linux else "no")
    if asked.user == "root" and root in ("yes", "without-password", "prohibit-password", "forced-commands-only") and (
            settings.get("pubkeyauthentication", "yes") == "yes"):
        offered = list(_offered(m, asked))
        for options, key in _authorized(found, settings.get("authorizedkeysfile", ".ssh/authorized_keys")):
            if key in offered:
                forced = re.search(r'command="((?:[^"\\]|\\.)*)"', options)
                if root != "forced-commands-only" or forced:
                    return forced[1].replace('\\"', '"') if forced else ""
    raise SimError(f"{asked.user}@{asked.host}: Permission denied (publickey,password,keyboard-interactive).", 255)


def _sshd_settings(found: dict[str, File]) -> dict[str, str]:
    """sshd_config(5): the first line for a keyword counts."""
    settings: dict[str, str] = {}
    file = found.get("etc/ssh/sshd_config")
    for line in (file.content or b"").decode(errors="replace").splitlines() if file else []:
        words = line.partition("#")[0].split()
        if words and words[0].lower() == "match":
            break
        if len(words) > 1:
            settings.setdefault(words[0].lower(), " ".join(words[1:]))
    return settings


def _authorized(found: dict[str, File], name: str) -> Iterator[tuple[str, str]]:
    """(options, type and key) of root's keys; none from a file that others could have written (auth.c,
    auth_secure_path)."""
    path = f"root/{name.split()[0]}"
    parts = [path, *(str(parent) for parent in Path(path).parents)]
    if any(part in found and (found[part].mode & 0o022 or found[part].uid not in (0, os.getuid())) for part in parts):
        return
    file = found.get(path)
    for line in (file.content or b"").decode(errors="replace").splitlines() if file else []:
        match = re.search(r"(?:^|\s)((?:ssh-|ecdsa-|sk-)\S+\s+[A-Za-z0-9+/=]+)", line)
        if match and not line.startswith("#"):
            yield line[:match.start(1)], " ".join(match[1].split())


def _offered(m: Machine, asked: _Asked) -> Iterator[str]:
    """The public keys of the private ones that ssh has and may read without a passphrase."""
    names = asked.identities or [f"{_home()}/.ssh/{name}" for name in _OWN_KEYS]
    for name in names:
        path = m.path(os.path.abspath(name))
        if not path.is_file():
            if asked.identities:
                print(f"Warning: Identity file {name} not accessible: No such file or directory.", file=sys.stderr)
            continue
        if path.stat().st_mode & 0o077:
            print(f"Permissions {path.stat().st_mode & 0o7777:04o} for '{name}' are too open.\nIt is required that "
                  "your private key files are NOT accessible by others.\nThis private key will be ignored.",
                  file=sys.stderr)
            continue
        program = "/.sim/bin/ssh-keygen" if os.path.exists("/.sim/bin/ssh-keygen") else "ssh-keygen"
        done = subprocess.run([program, "-y", "-P", "", "-f", str(path)], capture_output=True, text=True, timeout=30,
                              check=False, stdin=subprocess.DEVNULL)
        if done.returncode == 0:
            yield " ".join(done.stdout.split()[:2])


# --- inside ----------------------------------------------------------------------------------------------------------


def _look(m: Machine, found: dict[str, File], patterns: list[str]) -> int:
    """ls(1) of what is there, which says of each pattern without a match that there is nothing of that name, and then
    date(1), whose status is that of both (sh(1), lists)."""
    for pattern in patterns:
        names = sorted(name for name in found if fnmatch.fnmatch(f"/{name}", pattern))
        for name in names:
            print(f"/{name}")
        if not names:
            print(f"ls: {pattern}: No such file or directory", file=sys.stderr)
    print(int(m.now()))
    return 0


def _run_in_linux(m: Machine, command: str) -> int:
    """Of a Linux guest's programs date(1) alone is here."""
    if command != "date +%s":
        raise NotSimulated(f"{command} in a Linux guest")
    print(int(m.now()))
    return 0


def run_in(m: Machine, domain: Domain, tree: Path, command: str, captured: bool = False) -> tuple[int, str]:
    """Run a command in the guest's system: its status, and what it printed if that is ``captured``."""
    sys.stdout.flush()
    if not os.path.exists("/.sim/tools/unshare"):  # outside the sandbox
        ended = subprocess.run(["/bin/sh", "-c", command], check=False, timeout=60, stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.PIPE)
        print(ended.stdout, end="")
        return ended.returncode, ""
    state = tree.parent / "host"
    state.mkdir()
    (state / "state.json").write_text(json.dumps(_state(m, domain, tree)))
    with _furnished(tree):
        ended = subprocess.run(["/.sim/tools/unshare", "--mount", "--propagation", "unchanged", "/bin/sh", "-c", _ENTER,
                                "sh", str(tree), str(state), command], env=_ENVIRONMENT, check=False, text=True,
                               stdout=subprocess.PIPE if captured else None)
    return ended.returncode, ended.stdout or ""


@contextlib.contextmanager
def _furnished(tree: Path) -> Iterator[None]:
    """The tree with what the controller's programs need to run there, which goes again."""
    (tree / ".sim").mkdir()
    added: list[Path] = [tree / ".sim"]
    for line in Path("/.sim/links/list").read_text().split():
        place = tree / line.lstrip("/")
        new = [each for each in reversed(place.parents) if not each.exists()]
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            place.symlink_to("/.sim/so")
            added += [*new, place]
    try:
        yield
    finally:
        for each in reversed(added):
            each.unlink() if each.is_symlink() else each.rmdir()


def _state(m: Machine, domain: Domain, tree: Path) -> dict[str, object]:
    """The guest as a machine."""
    release = (tree / "etc/release").read_text().split()[1].split("/")[0] if (tree / "etc/release").exists() else ""
    kind = next((each for each in profiles.PROFILES.values() if each.netbsd_release == release), m.profile)
    system = domain["system"]
    interfaces: dict[str, object] = {}
    guest = Machine(tree.parent / "host", tree)
    guest.data.update(profile=kind.name, interfaces=interfaces)
    for vif in domain["vifs"]:
        entry = network.create_interface(guest, f"xennet{vif['devid']}", "ether", mac=vif["mac"])
        network.interface_up(entry)
        for text in system["addresses"].get(str(vif["devid"]), []):
            interface = ipaddress.IPv4Interface(text)
            entry["inet"].append([str(interface.ip), f"0x{int(interface.netmask):08x}"])
    booted = domains.booted_at(m, domain)
    return {
        "profile": kind.name, "hostname": system["host_name"], "pace": m.pace, "hypervisor": None,
        "kernel": {"name": "XEN3_DOMU", "release": kind.netbsd_release,
                   "cmdline": domain["config"]["b_info"].get("cmdline", "")},
        "boot_time": booted, "up_at": booted, "down_reason": None, "daemons": {"sshd": 4194400}, "next_pid": 4194500,
        "interfaces": interfaces, "vnd": {}, "boots": 1, "boot_log": [], "xen": {}, "hardware_macs": [],
        "mounts": [{"device": f"/dev/{system['root']}", "dir": "/", "fstype": "ffs", "options": "rw,log"}],
    }

