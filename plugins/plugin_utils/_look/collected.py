# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A machine as it answered the module ``look``: what reads a Host reads it, on the controller.

What nobody has asked yet is missing. Then whoever reads is not told so at once, because he may lack more: a path that
was not looked at is given out as absent, and the machine is asked for all that was missing before it is read again.
From there on no further command is believed to be wanted, because it might be the wrong one. A command that is missing
ends the reading: nobody could make up what it says. Nothing that was read while something was missing is used.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
import stat
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from ansible_collections.netbsd.xen.plugins.module_utils._atomic import is_left_of
from ansible_collections.netbsd.xen.plugins.module_utils._change import CommandFailed, NotRead, XenError
from ansible_collections.netbsd.xen.plugins.module_utils._command import Result
from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import damage
from ansible_collections.netbsd.xen.plugins.module_utils._formats.system.damage import Content
from ansible_collections.netbsd.xen.plugins.module_utils._host import COMMAND_SECONDS, FileStat, Host, Names
from ansible_collections.netbsd.xen.plugins.module_utils._reading import kind_of
from ansible_collections.netbsd.xen.plugins.plugin_utils._look import asks
from ansible_collections.netbsd.xen.plugins.plugin_utils._look.asks import Ask, Command

T = TypeVar("T")

# What is given out for a fact that is missing.
_ABSENT: dict[str, Any] = {
    **{"s": None, "l": None, "d": [], "t": None, "c": None},
    **{"f": 0, "u": [], "1": None, "w": None, "z": [True, ""]},
}
# They cost nothing beside each other.
_TOGETHER = "slr"


class Missing(BaseException):
    """Something was not asked yet. No Exception, so that nobody who reads takes it for the machine's failure."""


class CollectedHost(Host):
    """``commands`` are those whose answers were used. ``salt`` is that of its passwords' digests (see ``look``)."""

    def __init__(self, salt: str) -> None:
        self.commands = []
        self.one_look = True
        self.salt = salt
        self._seen = {}
        self._ran: dict[Command, dict[str, Any]] = {}
        self._paths: dict[str, dict[str, Any]] = {}
        self._listed: dict[str, set[str]] = {}
        self._used: set[Command] = set()
        self._whole: set[str] = set()
        self._missing: dict[tuple[str, str] | Ask, str] = {}
        self._unsure = False
        self._now = 0.0

    # -- what was collected ----------------------------------------------------------------------------------------

    def take(self, asked: Sequence[Ask], said: Mapping[str, Any]) -> None:
        """Add the answers to these asks, as ``look`` packs them."""
        if not self._now:
            self.is_named(Names(*said["names"]))
            self.ssh_connection, self._now = said["ssh_connection"], said["now"]
        texts: dict[str, list[str]] = {}
        for ask, answer in zip(asked, said["answers"]):
            if ask.label:
                found = [answer.get("out"), *(facts.get("t") for facts in answer.get("paths", {}).values())]
                texts.setdefault(ask.label, []).extend(text for text in found if isinstance(text, str))
            if "whole" in answer:
                self._take_whole(ask, answer, texts)
            for path, facts in answer.get("paths", {}).items():
                known = self._paths.setdefault(path, {})
                if "w" in facts and "w" in known:
                    facts = {**facts, "w": {**known["w"], **facts["w"]}}
                known.update(facts)
                self._listed.pop(path, None)
            for one in answer.get("each", ()):
                self._ran[(tuple(one["run"]), *ask.command[1:])] = one
            if "each" in answer:
                continue
            # What was skipped because of anything else than the store may still be wanted.
            if ask.run and ("skipped" not in answer or ask.when == ((asks.STORE_LIVES,),)):
                self._ran[(tuple(answer.get("run", ask.run)), *ask.command[1:])] = answer

    def _take_whole(self, ask: Ask, answer: Mapping[str, Any], texts: Mapping[str, list[str]]) -> None:
        """The files that are as usual are named by no more than the texts that name them, and a sum."""
        naming = [text for label in ask.within for text in texts.get(label, ())]
        named = {ask.form.format(name) for text in naming for name in re.findall(ask.named, text)}
        whole = named - answer["paths"].keys()
        digest = hashlib.sha256("\0".join(sorted(whole)).encode("utf-8", "surrogateescape")).hexdigest()
        if [len(whole), digest] == answer["whole"]:
            self._whole |= whole

    def begin(self) -> None:
        """Be read from the beginning."""
        self.commands, self._used = [], set()
        self._missing, self._unsure = {}, False

    def missing(self) -> list[Ask]:
        """What has to be asked before this machine can be read."""
        facts: dict[tuple[str, str], list[str]] = {}
        found = [each for each in self._missing if isinstance(each, Ask)]
        of_paths: dict[str, str] = {}
        for each, words in self._missing.items():
            if isinstance(each, tuple) and each[0] == "w":
                found.append(asks.paths("w", each[1].partition("\0")[0], words=words))
            elif isinstance(each, tuple):
                of_paths[each[1]] = of_paths.get(each[1], "") + each[0]
        for path, wanted in of_paths.items():
            wanted = "".join(dict.fromkeys(_TOGETHER + wanted))
            facts.setdefault((wanted, ""), []).append(path)
        return found + [asks.paths(wanted, *named) for (wanted, _none), named in facts.items()]

    def part(self, read: Callable[[], T]) -> T | None:
        """What ``read`` gives, a part of the work that needs no other; None while something of it is missing: then the
        work's result is thrown away, and other parts are still worth a try."""
        lacked, unsure = len(self._missing), self._unsure
        self._unsure = False
        try:
            found = read()
        except Missing:
            return None
        except Exception:
            if len(self._missing) == lacked:
                raise
            return None
        finally:
            self._unsure = unsure
        return found if len(self._missing) == lacked else None

    def _fact(self, path: str, fact: str, words: str = "") -> Any:
        known = self._paths.get(path)
        if known is not None and fact in known and (fact != "w" or words in known[fact]):
            return known[fact]
        if fact != "f" and self._is_absent(path):
            return path if fact == "r" else _ABSENT[fact]
        key = f"{path}\0{words}" if fact == "w" else path
        self._missing[(fact, key)] = words
        self._unsure = True
        return path if fact == "r" else _ABSENT[fact]

    def _is_absent(self, path: str) -> bool:
        """Whether a directory above is known not to have it. A DOS file system has a file by more than one name."""
        folder, name = posixpath.split(path)
        if folder == path or not name or not folder:
            return False
        known = self._paths.get(folder, {})
        if "s" in known and known["s"] is None:
            return True
        if "s" in known and isinstance(known["s"], list) and isinstance(known.get("d"), list):
            if folder not in self._listed:
                self._listed[folder] = {each.lower() for each in known["d"]}
            return stat.S_ISDIR(known["s"][0]) and name.lower() not in self._listed[folder]
        return self._is_absent(folder)

    # -- commands --------------------------------------------------------------------------------------------------

    def try_run(
        self,
        argv: Sequence[str],
        timeout: float = COMMAND_SECONDS,
        cwd: str = "/",
        env: Mapping[str, str] | None = None,
        stdin: str = "",
    ) -> Result:
        ask = asks.command(argv, timeout, cwd, env, stdin)
        answer = self._ran.get(ask.command)
        if answer is None or answer.get("limit", timeout) < timeout:
            if not self._unsure:
                self._missing[ask] = ""
            raise Missing(" ".join(argv))
        if "skipped" in answer:
            text = f"{' '.join(argv)} was not run, because xenstored has died meanwhile"
            raise CommandFailed(text, command=list(argv))
        if "failed" in answer:
            text = f"{argv[0]} can't be run: {answer['failed']}. Is it installed?"
            raise CommandFailed(text, command=list(argv))
        if "large" in answer:
            raise NotRead(f"{' '.join(argv)} printed {answer['large']} bytes, too many to be brought to the controller")
        first = ask.command not in self._used
        self._used.add(ask.command)
        if "limit" in answer:
            if first:
                self.commands.append({"argv": list(argv), "rc": None, "seconds": round(timeout, 3)})
            text = f"{' '.join(argv)} did not end within {timeout:g} seconds and was killed"
            raise CommandFailed(text, command=list(argv), timed_out=True)
        if first:
            self.commands.append({"argv": list(argv), "rc": answer["rc"], "seconds": answer["seconds"]})
        return Result(ask.run, answer["rc"], answer["out"], answer["err"], answer["seconds"])

    # -- files -----------------------------------------------------------------------------------------------------

    def read_bytes(self, path: str) -> bytes | None:
        """Passwords, and what might be one behind NUL bytes, are gone from what was brought over."""
        raise NotRead(f"{path} can be read on its machine only")

    def read_text(self, path: str) -> str | None:
        found = _read(path, self._fact(path, "t"))
        return None if found is None else str(found)

    def content(self, path: str) -> Content | None:
        summed = self._fact(path, "c")
        if self.stat(path) is None:
            return None
        found = _read(path, summed)
        return None if found is None else Content(*found)

    def gzip_damage(self, path: str) -> str:
        is_whole, error = _read(path, self._fact(path, "z"))
        if error:
            return damage.no_gzip(error)
        return "" if is_whole else damage.CUT_SHORT

    def first_line(self, path: str) -> str:
        return _read(path, self._fact(path, "1")) or ""

    def lines_with(self, path: str, words: str) -> list[str]:
        found = self._fact(path, "w", words)
        return _read(path, found[words]) or [] if found else []

    def open_file(self, path: str) -> Any:
        raise NotRead(f"{path} can be read on its machine only")

    def exists(self, path: str) -> bool:
        return self._fact(path, "s") is not None

    def stat(self, path: str, follow: bool = True) -> FileStat | None:
        found = self._fact(path, "s" if follow else "l")
        if found is None:
            return None
        if isinstance(found, dict):
            raise XenError(f"{path} can't be examined: {found['error']}")
        mode, size, uid, gid, modified, inode, major, minor, *device = found
        where = f"{device[0]},{device[1]}"
        return FileStat(kind_of(mode), size, stat.S_IMODE(mode), uid, gid, major, minor, modified, inode, where)

    def is_lost(self, path: str) -> str:
        return "" if path in self._whole else super().is_lost(path)

    def real_path(self, path: str) -> str:
        return str(self._fact(path, "r"))

    def list_dir(self, path: str) -> list[str]:
        return list(_found(path, self._fact(path, "d")))

    def free_bytes(self, path: str) -> int:
        return int(_found(path, self._fact(path, "f")))

    def leftovers(self, path: str) -> list[str]:
        folder, name = posixpath.split(path)
        return [posixpath.join(folder, each) for each in self.unfinished(folder or ".") if is_left_of(each, name)]

    def unfinished(self, folder: str) -> list[str]:
        return list(_found(folder, self._fact(folder, "u")))

    # -- the rest --------------------------------------------------------------------------------------------------

    def now(self) -> float:
        return self._now

    def _only_looked_at(self, *_args: Any, **_options: Any) -> Any:
        raise RuntimeError("what was collected of a machine can't be changed, and nothing of it is waited for")

    pause = write_text = copy_file = write_stream = set_mode = make_dir = rename = remove = _only_looked_at
    remove_dir = sync = create_sparse = beside = _only_looked_at


def _found(path: str, answer: Any) -> Any:
    """An answer, or the machine's OSError, as whoever looks there himself gets it."""
    if isinstance(answer, dict):
        raise OSError(answer["errno"], answer["error"], path)
    return answer


def _read(path: str, answer: Any) -> Any:
    """What was read of a file. Raises XenError if it could not be, NotRead if it was not tried."""
    if not isinstance(answer, dict):
        return answer
    if "large" in answer:
        raise NotRead(f"{path} has {answer['large']} bytes, too many to be brought to the controller")
    if "special" in answer:
        raise NotRead(f"{path} is no plain file, and only such are read from here")
    raise XenError(f"{path} can't be read: {answer['error']}")
