# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the machine's Python say NetBSD. Python imports it at start, so it imports nothing that it can do without."""

import builtins
import io
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType
    from typing import Any

_HOST = "/.sim/host"
_STATE = "/.sim/host/state.json"
_PRIVCMD = "/kern/xen/privcmd"

# NetBSD's EOPNOTSUPP. The number has another meaning here, so the text comes along.
_EOPNOTSUPP = (45, "Operation not supported")


def _state() -> "dict[str, Any]":
    import json

    with _real_open(_STATE) as stream:
        state: dict[str, Any] = json.load(stream)
    return state


# --- names -------------------------------------------------------------------------------------------------------


def _uname() -> os.uname_result:
    """record uname-parts.txt; the kernel's name is part of the version. A frozen machine (rack/frozen.py) has it in a
    file: what is imported here takes 15 ms."""
    try:
        with _real_open(_HOST + "/frozen/uname") as stream:
            return os.uname_result(stream.read().splitlines())
    except FileNotFoundError:
        pass
    sys.path.append("/.sim/lib")
    try:
        from netbsd_sim.core import profiles
        from netbsd_sim.system import kernelinfo
    finally:
        sys.path.remove("/.sim/lib")
    state = _state()
    return os.uname_result(("NetBSD", state["hostname"], *kernelinfo.release_version(state),
                            profiles.get(state["profile"]).arch))


def _hostname() -> str:
    return str(_state()["hostname"])


# --- device nodes and /kern --------------------------------------------------------------------------------------

_real_stat, _real_lstat, _real_open = os.stat, os.lstat, io.open


def _node_values(path: str, found: os.stat_result) -> "tuple[int, int, int, int] | None":
    """(mode bits, device number, uid, gid) of a placeholder below /dev, or None."""
    if found.st_size > 64 or found.st_mode & 0o170000 != 0o100000:
        return None
    with _real_open(path, "rb") as stream:
        words = stream.read(64).split()
    if len(words) != 6 or words[0] not in (b"b", b"c"):
        return None
    major, minor = int(words[1]), int(words[2])
    kind = 0o060000 if words[0] == b"b" else 0o020000
    device = (major << 8 & 0xFFF00) | (minor << 12 & 0xFFF00000) | (minor & 0xFF)
    return kind | found.st_mode & 0o7777, device, found.st_uid, found.st_gid


_mounts: "tuple[int, list[tuple[str, str]]]" = (0, [])


# File systems without a device: NODEV (NetBSD 7.99.10, os.stat of /kern and /proc).
_NO_DEVICE = ("kernfs", "procfs")


def _mount_of(path: str) -> "tuple[int, str]":
    """The number of the mount that a path lies on, 0 for the root, and the kind of its file system."""
    global _mounts
    changed = _real_stat(_STATE).st_mtime_ns
    if changed != _mounts[0]:
        points = [(mount["dir"], mount["fstype"]) for mount in _state()["mounts"] if mount["dir"] != "/"]
        _mounts = (changed, points)
    found = (0, "")
    for number, (point, kind) in enumerate(_mounts[1], 1):
        if path == point or path.startswith(point + "/"):
            found = (number, kind)
    return found


def _with_device(found: os.stat_result, path: str) -> os.stat_result:
    """os.path.ismount and ansible.posix.mount compare device numbers."""
    number, kind = _mount_of(path)
    if not number:
        return found
    device = -1 if kind in _NO_DEVICE else found[2] + number
    return os.stat_result([*found[:2], device, *found[3:10]], _other_fields(found))


def _as_netbsd(found: os.stat_result, given: "Any") -> os.stat_result:
    if isinstance(given, int):
        return found
    path = os.path.abspath(os.fsdecode(given))
    if path == "/":
        # The root directory of an FFS is inode 2: so that nobody takes the sandbox for a chroot.
        return os.stat_result([found[0], 2, *found[2:10]], _other_fields(found))
    if "/dev/" not in path:
        return _with_device(found, path)
    values = _node_values(path, found)
    if values is None:
        return _with_device(found, path)
    numbers = list(found[:10])
    numbers[0], numbers[4], numbers[5], numbers[6] = values[0], values[2], values[3], 0
    return os.stat_result(numbers, {**_other_fields(found), "st_blocks": 0, "st_rdev": values[1]})


def _other_fields(found: os.stat_result) -> "dict[str, Any]":
    """What os.stat_result keeps beside its first ten numbers."""
    names = ("st_atime", "st_mtime", "st_ctime", "st_atime_ns", "st_mtime_ns", "st_ctime_ns", "st_blksize",
             "st_blocks", "st_rdev")
    return {name: getattr(found, name) for name in names}


def _stat(path: "Any", *, dir_fd: "int | None" = None, follow_symlinks: bool = True) -> os.stat_result:
    found = _real_stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
    return _as_netbsd(found, path) if dir_fd is None else found


def _lstat(path: "Any", *, dir_fd: "int | None" = None) -> os.stat_result:
    found = _real_lstat(path, dir_fd=dir_fd)
    return _as_netbsd(found, path) if dir_fd is None else found


class _Unreadable(io.RawIOBase):
    """Opens, and fails at the first read (records ansible-stat, ansible-slurp-privcmd, cat-privcmd.txt)."""

    def readable(self) -> bool:
        return True

    def readinto(self, _buffer: "Any") -> int:
        raise OSError(*_EOPNOTSUPP)


# --- opening -----------------------------------------------------------------------------------------------------


def _open(file: "Any", mode: str = "r", *args: "Any", **kwargs: "Any") -> "Any":
    if file in (_PRIVCMD, os.fsencode(_PRIVCMD)) and "r" in mode and "+" not in mode:
        if not os.access(file, os.R_OK):
            return _real_open(file, mode)
        raw = io.BufferedReader(_Unreadable())
        return raw if "b" in mode else io.TextIOWrapper(raw)
    return _real_open(file, mode, *args, **kwargs)


# --- fsync: what survives when the plug is pulled (powercut.py) ---------------------------------------------------

_real_fsync, _fstat, _write_fsynced = os.fsync, os.fstat, os.open


def _fsync(fd: "Any") -> None:
    _real_fsync(fd)
    found = _fstat(fd if isinstance(fd, int) else fd.fileno())
    line = f"{found.st_ino} {found.st_mtime_ns} {found.st_size}\n".encode()
    log = _write_fsynced(_HOST + "/fsynced", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        os.write(log, line)
    finally:
        os.close(log)


# --- processes ---------------------------------------------------------------------------------------------------

_real_kill = os.kill
_FIRST_SIMULATED_PID = 4194305  # above the largest number that Linux gives


def _kill(pid: int, signal_number: int) -> None:
    if pid < _FIRST_SIMULATED_PID:
        _real_kill(pid, signal_number)
        return
    import subprocess

    if subprocess.call(["/bin/kill", f"-{int(signal_number)}", str(pid)], stderr=subprocess.DEVNULL) != 0:
        raise ProcessLookupError(3, "No such process")


def _loadavg() -> "tuple[float, float, float]":
    """An idle machine; the real call reads Linux's /proc."""
    return (0.05, 0.02, 0.0)


def _netbsd_major() -> str:
    with _real_open("/etc/release") as stream:
        return stream.read().split()[1].partition(".")[0]


def _watch() -> None:
    """The clock and the files, only where somebody asked for it: it takes time."""
    fast, watched = os.path.exists(_HOST + "/fast_clock"), os.path.exists(_HOST + "/log_writes")
    watched = watched or os.path.exists(_HOST + "/faults.json")
    if not fast and not watched:
        return
    sys.path.append("/.sim/lib")
    try:
        from pathlib import Path

        if fast:
            from netbsd_sim.core import hanging

            hanging.install(Path(_HOST))
        if watched:
            from netbsd_sim.core import writes

            writes.install(Path(_HOST))
    finally:
        sys.path.remove("/.sim/lib")


# --- speed -------------------------------------------------------------------------------------------------------

_CODES = "/.sim/codes"


def _keep_compiled() -> None:
    """Keep what was compiled out of zip files, as __pycache__ does for other files. Ansible sends each module as one,
    and compiling it takes longer than all the rest of a module's run. The name is the source's hash, so what was kept
    never goes stale, and all hosts of the rack share it."""
    import zipimport

    really_compile = vars(zipimport)["_compile_source"]

    def compile_source(path: str, source: bytes) -> "CodeType":
        import _imp
        import marshal

        name = f"{_CODES}/{_imp.source_hash(len(source), source).hex()}"
        try:
            with _real_open(name, "rb") as stream:
                code: CodeType = marshal.load(stream)
            vars(_imp)["_fix_co_filename"](code, path)
            return code
        except (OSError, EOFError, ValueError, TypeError):
            code = really_compile(path, source)
        temporary = f"{name}.{os.getpid()}"
        try:
            with _real_open(temporary, "wb") as stream:
                marshal.dump(code, stream)
            _real_replace(temporary, name)
        except OSError:
            pass  # not root, or a full disk: it costs time, nothing else
        return code

    vars(zipimport)["_compile_source"] = compile_source


_real_replace = os.replace

if os.path.exists(_STATE):
    os.uname = _uname
    os.stat, os.lstat = _stat, _lstat
    os.kill = _kill
    os.fsync = os.fdatasync = _fsync
    os.getloadavg = _loadavg
    builtins.open = io.open = _open
    import _socket

    _socket.gethostname = _hostname
    sys.platform = "netbsd" + _netbsd_major()
    if os.path.isdir(_CODES):
        _keep_compiled()
    _watch()
