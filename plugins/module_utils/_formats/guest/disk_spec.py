# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Disk specifications of a guest's configuration, as xl and as xm read them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .vdev import vdev_number


@dataclass(frozen=True)
class Disk:
    """A guest's disk. ``access`` is rw or ro; ``size`` in bytes is only for making a file that does not exist, and
    ``shared`` what all guests say that write to it on purpose: no toolstack is told of these two.

    The rest is seldom said, and empty or None where it is not: ``backend`` is the name of the domain that serves the
    disk, ``backendtype`` phy, tap, qdisk or standalone, ``specification`` xen or virtio, and ``colo`` the pairs of the
    colo words.
    """

    path: str
    vdev: str
    access: str = "rw"
    format: str = "raw"
    cdrom: bool = False
    size: int | None = None
    backend: str = ""
    backendtype: str = ""
    script: str = ""
    specification: str = ""
    direct_io_safe: bool = False
    discard: bool | None = None
    trusted: bool | None = None
    grant_usage: bool | None = None
    colo: tuple[tuple[str, str], ...] = ()
    shared: str = ""

    def settled(self) -> dict[str, object]:
        """What two descriptions of one disk have in common, whoever wrote them. The first five keys are always
        there. A CD is never written to, whatever its access says (libxlu_disk.c)."""
        number = vdev_number(self.vdev)
        found: dict[str, object] = {
            "vdev": self.vdev if number is None else f"{number:#x}",
            "path": self.path,
            "access": "ro" if self.cdrom else self.access,
            "format": "empty" if self.cdrom and not self.path else self.format,
            "cdrom": self.cdrom,
        }
        found.update((key, value) for key, value in self.extras().items() if key != "colo")
        if self.colo:
            found["colo"] = [list(pair) for pair in sorted(self.colo)]
        return found

    def extras(self) -> dict[str, object]:
        """What is said about the disk beyond the common words."""
        return {
            key: value
            for key, value in vars(self).items()
            if key not in ("vdev", "path", "access", "format", "cdrom", "size", "shared")
            and value not in ("", None, False, ())
            or value is False
            and key in ("discard", "trusted", "grant_usage")
        }


# As it is written, and what it is.
ACCESS = {"rw": "rw", "ro": "ro", "w": "rw", "r": "ro"}
FORMATS = ("raw", "qcow", "qcow2", "vhd", "empty", "qed")
BACKEND_TYPES = ("phy", "tap", "qdisk", "standalone")
SPECIFICATIONS = ("xen", "virtio")
_FLAGS: dict[str, tuple[str, bool]] = {
    "direct-io-safe": ("direct_io_safe", True),
    "discard": ("discard", True),
    "no-discard": ("discard", False),
    "trusted": ("trusted", True),
    "untrusted": ("trusted", False),
    "grant_usage=1": ("grant_usage", True),
    "grant_usage=0": ("grant_usage", False),
}
_COLO_TEXTS = ("colo-host", "colo-export", "active-disk", "hidden-disk")
# Said to mean something, and dropped by xl (libxlu_disk_l.l): both files and block devices are recognised by
# themselves.
_DEAD_PREFIX = re.compile(r"(?:tapdisk|tap2?|aio|ioemu|file|phy):")
_FORMAT_PREFIX = re.compile(r"(raw|qcow2?|vhd):")
_SCRIPT_PREFIX = re.compile(r"(iscsi|e?nbd|drbd):")
_UNKNOWN_PREFIX = re.compile(r"[a-z][a-z0-9]*:(?![a-z0-9])")
_PARAMETER = re.compile(r"([a-z][-a-z0-9]*)=")


# -- xl ----------------------------------------------------------------------------------------------------------------


def parse_disk(text: str, dialect: str = "xl", unknown: frozenset[str] = frozenset()) -> Disk:
    """A disk specification in any of its spellings: ``dialect`` xl (xl-disk-configuration(5), libxlu_disk_l.l) or xm
    (``phy:wd0e,0x1,w``). ``unknown`` are words that an older xl does not know, and takes for positional fields.

    Raises ValueError for one that the toolstack would refuse.
    """
    if dialect == "xm":
        return _parse_xm(text)
    return _XlSpec(text, unknown).disk()


class _XlSpec:
    """A walk through the parameters of one specification. A value may be given twice only if nothing changes."""

    def __init__(self, text: str, unknown: frozenset[str]) -> None:
        self._text = text
        self._unknown = unknown
        self._found: dict[str, object] = {}
        self._colo: dict[str, str] = {}
        self._prefixed = False
        self._access_set = False

    def disk(self) -> Disk:
        rest = self._text.lstrip(" \t\n")
        while rest:
            rest = self._parameter(rest).lstrip(" \t\n")
        return self._finished()

    def _parameter(self, rest: str) -> str:
        """Takes the first parameter; returns what follows it."""
        if rest.startswith("target="):
            line, newline, after = rest.partition("\n")
            self._set_text("path", _chopped(line[len("target=") :]))
            return newline + after
        prefixed = self._prefix(rest)
        if prefixed is not None:
            return prefixed
        word, _comma, after = rest.partition(",")
        if not self._flag(word) and not self._named(word):
            if "=" in word:
                raise self._wrong(word, "is not understood")
            self._positional(word)
        return after

    def _prefix(self, rest: str) -> str | None:
        found = _FORMAT_PREFIX.match(rest)
        if found:
            self._set_format(found.group(1))
        else:
            found = _SCRIPT_PREFIX.match(rest)
            if found:
                self._set_text("script", f"block-{found.group(1)}")
        found = found or _DEAD_PREFIX.match(rest)
        if found:
            self._prefixed = True
            return rest[found.end() :]
        if _UNKNOWN_PREFIX.match(rest):
            raise self._wrong(rest.partition(":")[0] + ":", "is no prefix that xl knows")
        return None

    def _flag(self, word: str) -> bool:
        if word in _FLAGS and word not in self._unknown:
            key, value = _FLAGS[word]
            self._found[key] = value
        elif word == "cdrom":
            self._found["cdrom"] = True
        elif word in ("colo", "no-colo"):
            self._colo["colo"] = str(word == "colo")
        else:
            return False
        return True

    def _named(self, word: str) -> bool:
        parameter = _PARAMETER.match(word)
        if parameter is None:
            return False
        key, value = parameter.group(1), word[parameter.end() :]
        if key == "format":
            self._set_format(value)
        elif key == "devtype":
            self._set_type(value)
        elif key == "access":
            self._set_access(value)
        elif key in ("vdev", "backend", "script"):
            self._set_text(key, value)
        elif key == "backendtype":
            self._set_choice(key, value, BACKEND_TYPES)
        elif key == "specification":
            self._set_choice(key, value, SPECIFICATIONS)
        elif key in _COLO_TEXTS:
            self._colo[key] = value
        elif key == "colo-port":
            self._set_colo_port(value)
        else:
            return False
        return True

    def _positional(self, word: str) -> None:
        if self._found.get("path") is None:
            self._found["path"] = word
        elif not self._prefixed and "format" not in self._found:
            if self._found["path"] or not self._vdev_and_type(word):
                self._set_format(word)
            else:
                self._found["format"] = "empty"
        elif "vdev" not in self._found:
            if not self._vdev_and_type(word):
                self._set_text("vdev", word)
        elif not self._access_set:
            self._access_set = True
            self._set_access(word)
        else:
            raise self._wrong(word, "is one field too many")

    def _vdev_and_type(self, word: str) -> bool:
        """The old form ``hdc:cdrom``."""
        vdev, colon, kind = word.rpartition(":")
        if colon:
            self._set_text("vdev", vdev)
            self._set_type(kind)
        return bool(colon)

    def _set_text(self, key: str, value: str) -> None:
        if self._found.get(key):
            raise self._wrong(value, f"gives the {key} twice")
        self._found[key] = value

    def _set_choice(self, key: str, value: str, allowed: tuple[str, ...]) -> None:
        if value not in allowed:
            raise self._wrong(value, f"is no {key}; allowed are {', '.join(allowed)}")
        if self._found.get(key, value) != value:
            raise self._wrong(value, f"gives the {key} twice")
        self._found[key] = value

    def _set_format(self, value: str) -> None:
        self._set_choice("format", value or "raw", FORMATS)

    def _set_access(self, value: str) -> None:
        if value and value not in ACCESS:
            raise self._wrong(value, "is no access; allowed are rw and ro")
        self._found["access"] = ACCESS[value or "rw"]

    def _set_type(self, value: str) -> None:
        if value not in ("cdrom", "disk"):
            raise self._wrong(value, "is no type of disk; allowed are cdrom and disk")
        self._found["cdrom"] = value == "cdrom"

    def _set_colo_port(self, value: str) -> None:
        number = re.match(r"\s*[+-]?([0-9]+)", value)
        if not number or not int(number.group(1)):
            raise self._wrong(value, "is no port")
        self._colo["colo-port"] = str(int(number.group(1)))

    def _finished(self) -> Disk:
        if "vdev" not in self._found:
            raise self._wrong("", "has no vdev")
        cdrom = bool(self._found.get("cdrom"))
        if not cdrom and "path" not in self._found:
            raise self._wrong("", "has no target")
        self._found.setdefault("path", "")
        if cdrom:
            self._found["access"] = "ro"
            if not self._found["path"]:
                self._found["format"] = "empty"
        return Disk(colo=tuple(sorted(self._colo.items())), **self._found)  # type: ignore[arg-type]

    def _wrong(self, word: str, why: str) -> ValueError:
        return ValueError(
            f"{self._text!r} is no disk: {word!r} {why}" if word else f"{self._text!r} is no disk: it {why}"
        )


def _chopped(text: str) -> str:
    return text[:-1] if text.endswith(",") else text


# -- xm ----------------------------------------------------------------------------------------------------------------

_XM_FIELDS = (3, 4)
_XM_ACCESS = {**ACCESS, "w!": "rw"}


def _parse_xm(text: str) -> Disk:
    """``UNAME,DEV,MODE`` and perhaps the domain that serves it (xen tools/python/xen/xm/create.py; the type of the
    device in DEV: xen tools/python/xen/xend/server/blkif.py). ``w!`` is rw; that others may write too is not kept."""
    fields = [field.strip() for field in text.split(",")]
    if len(fields) not in _XM_FIELDS:
        raise ValueError(f"{text!r} is no disk: xm wants three fields, or four with a backend's domain")
    uname, dev, mode = fields[:3]
    if mode not in _XM_ACCESS:
        raise ValueError(f"{text!r} is no disk: {mode!r} is no mode; allowed are r, w and w!")
    dev = dev[len("ioemu:") :] if dev.startswith("ioemu:") else dev
    vdev, _colon, kind = dev.partition(":")
    if kind not in ("", "cdrom", "disk"):
        raise ValueError(f"{text!r} is no disk: {kind!r} is no type of disk; allowed are cdrom and disk")
    path, form = _xm_target(uname)
    return Disk(
        path=path,
        vdev=vdev,
        access=_XM_ACCESS[mode],
        format=form,
        cdrom=kind == "cdrom",
        backend=fields[3] if len(fields) == 4 else "",
    )


def _xm_target(uname: str) -> tuple[str, str]:
    """Path and format. xm looks for a device that is no whole path in /dev."""
    form, path = "raw", uname
    while True:
        kind, colon, rest = path.partition(":")
        if not colon or "/" in kind:
            return path, "raw" if path else "empty"
        if kind in ("qcow", "qcow2", "vhd"):
            return rest, kind
        path = f"/dev/{rest}" if kind == "phy" and rest and not rest.startswith("/") else rest
        if kind == "phy":
            return path, form


# -- both --------------------------------------------------------------------------------------------------------------


def render_disk(disk: Disk, dialect: str = "xl") -> str:
    """The specification. ``dialect`` xl: the keyword form, with the target last, because it may hold commas and
    blanks. ``dialect`` xm: the form that xm of Xen 3.1 to 4.2 and every xl read alike; raises ValueError for a disk
    that has none."""
    if dialect == "xm":
        return _render_xm(disk)
    words = [f"format={disk.format}", f"vdev={disk.vdev}", f"access={disk.access}"]
    if disk.cdrom:
        words.append("devtype=cdrom")
    extras = disk.extras()
    for key in ("backend", "backendtype", "script", "specification"):
        if key in extras:
            words.append(f"{key}={extras[key]}")
    words += [word for word, (key, value) in _FLAGS.items() if extras.get(key) is value]
    for key, value in disk.colo:
        words.append(("colo" if value == "True" else "no-colo") if key == "colo" else f"{key}={value}")
    return ",".join([*words, f"target={disk.path}"])


def _render_xm(disk: Disk) -> str:
    if disk.format not in ("raw", "empty") or disk.extras():
        raise ValueError(f"the disk {disk.path}: xm knows raw disks and CDs only, without further words")
    if any(mark in disk.path for mark in ",= "):
        raise ValueError(f"the disk {disk.path}: xm reads no path with a comma, a blank or an equals sign")
    prefix = "" if not disk.path else "phy:" if disk.path.startswith("/dev/") else "file:"
    vdev = disk.vdev + (":cdrom" if disk.cdrom else "")
    access = "r" if disk.access == "ro" or disk.cdrom else "w"
    return f"{prefix}{disk.path},{vdev},{access}"
