#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: look
short_description: Collect what a machine says, for the controller to read
version_added: 0.1.0
description:
  - Runs commands and looks at files as it is asked, and returns what it found, raw. It decides nothing and changes
    nothing. What the answers mean is told on the controller, so that only this one file has to be sent to the machine.
  - M(netbsd.xen.host_info) and the collection's playbooks call it; it is of no use in a playbook of your own.
  - Passwords do not leave the machine. Each is replaced by a digest with the salt of the call, by which the controller
    can tell whether it is the declared one.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.info
options:
  asks:
    description:
      - A list of asks in JSON, each a dictionary. C(run) is an argument list, with C(seconds), C(cwd), C(env) and
        C(stdin); C(paths) are paths, C(glob) is a pattern of such, and C(named) one that finds them in the answers to
        asks whose C(label) is C(in) its list, with the C(facts) that are wanted of each path. What C(named) finds for a
        command are the rest of its arguments, or with C(each) the last one of a command of its own.
      - C(if) is a list of alternatives, each a list of conditions which must all hold, so that C(xl) is not called
        where it would hang, nor any command where other answers say it all. C(odd) leaves out the paths at which there
        is a plain file with something in it, C(instead) what is of no use in a text, and C(most) the texts of more
        bytes.
      - The first ask has the C(salt) and the C(keys) whose values are passwords.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: What the collection itself does with it
  netbsd.xen.look:
    asks: '[{"salt": "of this call", "keys": ["vncpasswd"]}, {"paths": ["/boot.cfg"], "facts": "st"}]'
  register: said
"""

RETURN = r"""
said:
  description: The answers in the order of the asks, as JSON that was compressed by zlib and put into base64.
  returned: success
  type: str
commands:
  description: The commands that were run.
  returned: always
  type: list
  elements: dict
  sample: [{argv: [/usr/pkg/sbin/xl, info], rc: 0, seconds: 0.012}]
"""

import base64
import codecs
import errno
import fcntl
import fnmatch
import hashlib
import hmac
import json
import os
import re
import signal
import stat
import tempfile
import time
import zlib
from subprocess import Popen, TimeoutExpired  # AnsibleModule.run_command has no time limit
from typing import Any, Callable, Iterator

from ansible.module_utils.basic import AnsibleModule

SECONDS = 30.0
# After a kill: a process in uninterruptible sleep never goes, and waiting for it would hang us too.
REAP_SECONDS = 2.0
SEARCH_PATH = "/sbin:/usr/sbin:/bin:/usr/bin:/usr/pkg/sbin:/usr/pkg/bin:/usr/local/sbin:/usr/local/bin"
CHUNK = 1 << 20
# Of a file that is read, of what a command prints, of a file that is only summed up, and of a first line.
TEXT_BYTES = 4 << 20
OUTPUT_BYTES = 16 << 20
SUM_BYTES = 1 << 30
LINE_BYTES = 1 << 12
MOST_PATHS = 20000
MOST_LINES = 1000
MOST_EACH = 20
TAIL_BYTES = 64
UNFINISHED = ".netbsd_xen"
NOTHING = (errno.ENOENT, errno.ENOTDIR)


# -- passwords ---------------------------------------------------------------------------------------------------------

_QUOTED_KEY = re.compile(r"\s*[:,=]\s*u?(?=\S)")
_IN_STRING = re.compile(r"\s*=\s*")
_ASSIGNED = re.compile(r"[ \t]*\+?=[\s\\(\[]*")
_MORE = re.compile(r"(?:\\\n|[^'\"\n;#])*")
_MORE_OF_LIST = re.compile(r"[^'\"\])]*")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_MEANINGS = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_BARE = {"json": re.compile(r"[^\s,\]})]+"), "sxp": re.compile(r"[^\s()]+"), "text": re.compile(r"[^\s,;#\])}'\"]+")}
_NO_VALUE = ("null", "None", "true", "false")
_BEHIND_NUL = re.compile(r"(?<=\0)[^\0\n]+")
_PATH = re.compile(r"/[A-Za-z0-9_./+-]*[A-Za-z0-9_]")


class Mask:
    """Puts a digest in the place of each value of a secret key, in the forms in which guests are written down: xl's and
    xm's configurations, JSON, s-expressions, and texts within these. What can't be told is masked."""

    def __init__(self, salt: str, keys: list[str]) -> None:
        self._salt = salt.encode()
        words = "|".join(map(re.escape, keys))
        self._key = re.compile(rf"(?<![\w.])(?:{words})(?![\w.])", re.IGNORECASE) if keys else None

    def value(self, plain: str) -> str:
        """A password's stand-in. It is a word in every grammar that it comes to stand in. None stands for none."""
        if not plain:
            return plain
        made = hmac.new(self._salt, plain.encode("utf-8", "surrogateescape"), hashlib.sha256)
        return "masked" + made.hexdigest()[:40]

    def text(self, text: str, is_file: bool = False) -> str:
        """The text without passwords. What stands behind NUL bytes in a file may be the rest of one, whose key is lost;
        only paths are left of it, because each may be somebody's disk."""
        if is_file and "\0" in text:
            text = _BEHIND_NUL.sub(lambda found: " ".join(_PATH.findall(found.group())), text)
        if self._key is None:
            return text
        parts, at = [], 0
        for found in self._key.finditer(text):
            if found.start() < at:
                continue
            for begin, end, stand_in in self._values(text, found.start(), found.end()):
                parts += [text[at:begin], stand_in]
                at = end
        return "".join([*parts, text[at:]])

    def _values(self, text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
        line_start = text.rfind("\n", 0, start) + 1
        before = text[line_start:start]
        quote = open_quote(before)
        if quote and text[end : end + 1] == quote and before.endswith(quote):
            found = _QUOTED_KEY.match(text, end + 1)
            if found:
                yield from self._one(text, found.end(), "json", quote_bare=found.group().strip() != ",")
        elif quote:
            found = _IN_STRING.match(text, end)
            if found:
                last = end_of(text, found.end(), quote + ",")
                yield found.end(), last, self.value(unescaped(text[found.end() : last]))
        elif before.rstrip().endswith("("):
            found = re.compile(r"\s+").match(text, end)
            if found:
                yield from self._one(text, found.end(), "sxp")
        else:
            found = _ASSIGNED.match(text, end)
            if found:
                is_statement = before.strip() == "" or before.rstrip().endswith(";")
                more = _MORE_OF_LIST if set("[(") & set(found.group()) else _MORE
                yield from self._assigned(text, found.end(), more if is_statement else None)

    def _assigned(self, text: str, at: int, more: re.Pattern[str] | None) -> Iterator[tuple[int, int, str]]:
        for begin, end, stand_in in self._one(text, at, "text", quote_bare=more is not None):
            yield begin, end, stand_in
            at = end
        # What follows may be more of it: "ab" "cd", "ab" + "cd", ["ab", "cd"].
        while more is not None:
            found = more.match(text, at)
            at = found.end() if found else len(text)
            if at >= len(text) or text[at] not in "'\"":
                return
            for begin, end, stand_in in self._one(text, at, "text"):
                yield begin, end, stand_in
                at = end

    def _one(self, text: str, at: int, form: str, quote_bare: bool = False) -> Iterator[tuple[int, int, str]]:
        """One value, in quotes or without; one whose quotes do not end takes the rest of its line, or all."""
        quote = text[at : at + 1]
        if quote in ("'", '"') and quote:
            if form == "text" and text.startswith(quote * 3, at):
                last = text.find(quote * 3, at + 3)
                inside, behind = (text[at + 3 :], len(text)) if last < 0 else (text[at + 3 : last], last + 3)
                yield at, behind, quote + self.value(unescaped(inside)) + quote
                return
            last = end_of(text, at + 1, quote)
            ending = text[last : last + 1] if text[last : last + 1] == quote else ""
            yield at, last + len(ending), quote + self.value(unescaped(text[at + 1 : last])) + ending
            return
        found = _BARE[form].match(text, at)
        if found and found.group() not in _NO_VALUE:
            stand_in = self.value(found.group())
            yield at, found.end(), '"' + stand_in + '"' if quote_bare else stand_in


def open_quote(before: str) -> str:
    """The quote in which the end of this beginning of a line stands; empty if in none."""
    quote, at = "", 0
    while at < len(before):
        letter = before[at]
        if quote and letter == "\\":
            at += 1
        elif letter == quote:
            quote = ""
        elif not quote and letter in "'\"":
            quote = letter
        elif not quote and letter == "#":
            return ""
        at += 1
    return quote


def end_of(text: str, at: int, ends: str) -> int:
    """Where what begins here ends: at one of these letters, or with its line."""
    while at < len(text) and text[at] not in ends and text[at] != "\n":
        at += 2 if text[at] == "\\" and text[at + 1 : at + 2] != "\n" else 1
    return min(at, len(text))


def unescaped(body: str) -> str:
    return _ESCAPE.sub(_meaning, body) if "\\" in body else body


def _meaning(found: re.Match[str]) -> str:
    escape = found.group(1)
    if len(escape) > 1:
        return chr(int(escape[1:], 16))
    return _MEANINGS.get(escape, escape)


# -- commands ----------------------------------------------------------------------------------------------------------


def run(ask: dict[str, Any]) -> dict[str, Any]:
    """Run an argument list: no shell, its own session, C locale, none of our environment, a time limit."""
    limit, started = float(ask.get("seconds", SECONDS)), time.monotonic()
    # Files, not pipes: a daemon that the command starts inherits its output and would keep a pipe open for ever.
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(ask.get("stdin", "").encode("utf-8", "surrogateescape"))
        given.seek(0)
        environment = {"PATH": SEARCH_PATH, "LC_ALL": "C", "LANG": "C", "HOME": "/root"}
        environment.update(ask.get("env") or {})
        try:
            child = Popen(  # pylint: disable=ansible-bad-function
                ask["run"],
                stdin=given,
                stdout=out,
                stderr=err,
                cwd=ask.get("cwd", "/"),
                start_new_session=True,
                env=environment,
            )
        except (OSError, ValueError) as error:
            return {"failed": getattr(error, "strerror", None) or str(error)}
        if not _ended(child, limit):
            _kill(child)
            return {"limit": limit}
        answer: dict[str, Any] = {"rc": child.returncode, "seconds": round(time.monotonic() - started, 3)}
        for name, stream, errors in (("out", out, "surrogateescape"), ("err", err, "replace")):
            size = stream.seek(0, os.SEEK_END)
            if size > OUTPUT_BYTES:
                return {"large": size, "rc": child.returncode}
            stream.seek(0)
            answer[name] = stream.read().decode("utf-8", errors)
        return answer


def _ended(child: Popen[bytes], limit: float) -> bool:
    deadline, pause = time.monotonic() + limit, 0.001
    while child.poll() is None:
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)
    return True


def _kill(child: Popen[bytes]) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    try:
        child.wait(REAP_SECONDS)
    except TimeoutExpired:
        pass


# -- files -------------------------------------------------------------------------------------------------------------


def failure(error: OSError) -> dict[str, Any]:
    return {"errno": error.errno, "error": error.strerror}


def look_at(path: str, follow: bool) -> Any:
    try:
        found = os.stat(path, follow_symlinks=follow)
    except ValueError:
        return None
    except OSError as error:
        return None if error.errno in NOTHING else failure(error)
    # Their encoding differs between systems. What lies on no device, as all below /kern, has -1.
    node, device = found.st_rdev & 0xFFFFFFFFFFFFFFFF, found.st_dev & 0xFFFFFFFFFFFFFFFF
    numbers = [os.major(node), os.minor(node)] if stat.S_ISBLK(found.st_mode) or stat.S_ISCHR(found.st_mode) else [0, 0]
    numbers += [os.major(device), os.minor(device)]
    return [found.st_mode, found.st_size, found.st_uid, found.st_gid, found.st_mtime, found.st_ino, *numbers]


def names_in(path: str) -> Any:
    try:
        return sorted(os.listdir(path))
    except ValueError:
        return []
    except OSError as error:
        return [] if error.errno in NOTHING else failure(error)


def reading(path: str, most: int, use: Callable[[Iterator[bytes]], Any]) -> Any:
    """What ``use`` makes of a file's content. Nothing but plain files is read: a fifo would wait, a tape would wind."""
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode) and not stat.S_ISDIR(found.st_mode):
            return {"special": True}
        if found.st_size > most:
            return {"large": found.st_size}
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except ValueError:
        return None
    except OSError as error:
        return None if error.errno == errno.ENOENT else failure(error)
    try:
        return use(_chunks(descriptor, most))
    except OverflowError:
        return {"large": most + 1}
    except OSError as error:
        return failure(error)
    finally:
        os.close(descriptor)


def _chunks(descriptor: int, most: int) -> Iterator[bytes]:
    # A file of /kern or /proc says that it has 0 bytes.
    while True:
        chunk = os.read(descriptor, CHUNK)
        if not chunk:
            return
        most -= len(chunk)
        if most < 0:
            raise OverflowError
        yield chunk


def text_of(path: str, most: int, mask: Mask) -> Any:
    found = reading(path, most, b"".join)
    return mask.text(found.decode("utf-8", "surrogateescape"), is_file=True) if isinstance(found, bytes) else found


def summary(chunks: Iterator[bytes]) -> list[Any]:
    """Size, SHA512, NUL bytes (none, some or all), whether it ends with nothing else, is UTF-8, ends with a newline."""
    digest, decoder = hashlib.sha512(), codecs.getincrementaldecoder("utf-8")()
    size, some, only, utf8, tail = 0, False, True, True, b""
    for chunk in chunks:
        digest.update(chunk)
        size, tail = size + len(chunk), (tail + chunk[-TAIL_BYTES:])[-TAIL_BYTES:]
        # To the first one that decides: a kernel has millions of them.
        some, only = some or b"\0" in chunk, only and not chunk.lstrip(b"\0")
        try:
            utf8 = utf8 and decoder.decode(chunk) is not None
        except UnicodeDecodeError:
            utf8 = False
    try:
        decoder.decode(b"", True)
    except UnicodeDecodeError:
        utf8 = False
    how_many = "none" if not some else "all" if only else "some"
    return [size, digest.hexdigest(), how_many, not tail.strip(b"\0"), utf8, tail[-1:] == b"\n"]


def unpacked(chunks: Iterator[bytes]) -> list[Any]:
    """Whether a gzip file comes to its end, and zlib's words if it can't be unpacked."""
    data = zlib.decompressobj(31)
    try:
        for chunk in chunks:
            while chunk and not data.eof:
                data.decompress(chunk, CHUNK)
                chunk = data.unconsumed_tail
    except zlib.error as error:
        return [False, str(error)]
    return [data.eof, ""]


def first_line(path: str, mask: Mask) -> Any:
    def begin(chunks: Iterator[bytes]) -> bytes:
        return next(chunks, b"")[:LINE_BYTES].split(b"\n", 1)[0]

    found = reading(path, SUM_BYTES, begin)
    return mask.text(found.decode("utf-8", "replace")) if isinstance(found, bytes) else found


def lines_with(path: str, words: str, mask: Mask) -> Any:
    def matching(chunks: Iterator[bytes]) -> list[str]:
        found, rest = [], b""
        for chunk in chunks:
            *lines, rest = (rest + chunk).split(b"\n")
            found += [line for line in lines if wanted in line]
        found += [rest] if wanted in rest else []
        return [mask.text(line.decode("utf-8", "surrogateescape")) for line in found[-MOST_LINES:]]

    wanted = words.encode("utf-8", "surrogateescape")
    return reading(path, SUM_BYTES, matching)


def free_bytes(path: str) -> Any:
    try:
        found = os.statvfs(path)
    except OSError as error:
        return failure(error)
    return found.f_bavail * found.f_frsize


def unfinished(folder: str) -> Any:
    """The files in a directory that runs of this collection which were killed have left behind: nobody holds them."""
    names = names_in(folder)
    if not isinstance(names, list):
        return names
    return [
        name
        for name in names
        if name.startswith(".") and name.endswith(UNFINISHED) and _is_abandoned(os.path.join(folder, name))
    ]


def _is_abandoned(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def matching(pattern: str) -> tuple[dict[str, Any], list[str]]:
    """What is in the directories that were looked through, and the paths that fit a pattern, in the manner of sh: a
    star is no slash, and finds no name that begins with a dot."""
    head = re.split(r"[*?\[]", pattern)[0].rpartition("/")[0]
    listed: dict[str, Any] = {}
    found = [head]
    for part in pattern[len(head) + 1 :].split("/"):
        folders, found = found, []
        fits = re.compile(fnmatch.translate(part)).match
        for folder in folders:
            place = folder or "/"
            names = names_in(place)
            listed[place] = {"s": look_at(place, True), "d": names}
            for name in names if isinstance(names, list) else []:
                if fits(name) and (not name.startswith(".") or part.startswith(".")):
                    found.append(folder + "/" + name)
    return listed, found


# -- the call ----------------------------------------------------------------------------------------------------------


class Look:
    """The answers of one call."""

    def __init__(self, asks: list[dict[str, Any]]) -> None:
        first = asks[0]
        self._mask = Mask(first["salt"], first["keys"])
        self._asks = asks[1:]
        self._ran: dict[tuple[str, ...], dict[str, Any]] = {}
        self._texts: dict[str, list[str]] = {}
        self._left = MOST_PATHS
        self._latest: tuple[str, Any] = ("", None)
        self._real: dict[str, str] = {}
        self._told: set[str] = set()
        self.commands: list[dict[str, Any]] = []

    def answers(self) -> dict[str, Any]:
        said = [self._answer(ask) for ask in self._asks]
        return {
            "answers": said,
            "names": list(os.uname()),
            "now": time.time(),
            "ssh_connection": os.environ.get("SSH_CONNECTION", ""),
        }

    def _answer(self, ask: dict[str, Any]) -> dict[str, Any]:
        if not self._holds(ask.get("if")):
            return {"skipped": True}
        if "run" in ask:
            if "named" not in ask:
                return self._run(ask)
            words = self._named(ask)
            if ask.get("each"):
                return {"each": [self._run(dict(ask, run=[*ask["run"], word])) for word in words[:MOST_EACH]]}
            return self._run(dict(ask, run=[*ask["run"], *words])) if words else {"skipped": True}
        answer, paths = matching(ask["glob"]) if "glob" in ask else ({}, [])
        # What is in a directory is told once, however many patterns look into it.
        answer = {folder: facts for folder, facts in answer.items() if folder not in self._told}
        self._told.update(answer)
        seen: set[str] = set()
        whole: list[str] = []
        for path in [*paths, *self._paths(ask, answer)]:
            if path in seen:
                continue
            seen.add(path)
            self._left -= 1
            if self._left < 0:
                return {"paths": answer, "too_many": True}
            facts = self._facts(path, ask)
            if ask.get("odd") and is_whole(facts.get("l")):
                whole.append(path)
            else:
                answer[path] = dict(answer.get(path, {}), **facts)
        # Of those that are as usual it is enough that both sides mean the same ones.
        more = {"whole": [len(whole), digest_of(whole)]} if ask.get("odd") else {}
        return dict({"paths": answer}, **more)

    # -- commands

    def _run(self, ask: dict[str, Any]) -> dict[str, Any]:
        answer = run(ask)
        if "named" in ask:
            answer["run"] = ask["run"]
        if "rc" in answer or "limit" in answer:
            seconds = answer.get("seconds", answer.get("limit"))
            self.commands.append({"argv": ask["run"], "rc": answer.get("rc"), "seconds": seconds})
        for name in ("out", "err"):
            if name in answer:
                answer[name] = self._mask.text(answer[name])
        if answer.get("rc") != 0:
            # What this was called upon may not be so any more: xenstored may have died of it.
            for alternative in ask.get("if") or []:
                for test in alternative:
                    if test[0] == "says":
                        self._ran.pop(tuple(test[1]), None)
        self._ran[tuple(ask["run"])] = answer
        self._keep(ask, answer.get("out", ""))
        return answer

    def _holds(self, alternatives: list[list[list[Any]]] | None) -> bool:
        return alternatives is None or any(all(map(self._test, tests)) for tests in alternatives)

    def _test(self, test: list[Any]) -> bool:
        kind, what = test[0], test[1]
        if kind == "system":
            return bool(os.uname().sysname == what)
        if kind in ("exists", "missing"):
            return bool((look_at(what, True) is not None) == (kind == "exists"))
        if kind == "beyond":
            return self._beyond(what, *test[2:])
        known = self._ran.get(tuple(what))
        if known is None:
            known = self._run({"run": what})
        return known.get("rc") == 0 and re.search(test[2], known["out"]) is not None

    def _beyond(self, pattern: str, within: list[str], other: str, others: list[str]) -> bool:
        """Whether a pattern finds something in some answers that the other one does not in others. What is the path of
        no plain file with something in it is nothing."""
        found = set(self._named({"named": pattern, "in": within}))
        found -= set(self._named({"named": other, "in": others}))
        return any(not path.startswith("/") or is_whole(look_at(path, True)) for path in found)

    # -- paths

    def _keep(self, ask: dict[str, Any], text: Any) -> None:
        if ask.get("label") and isinstance(text, str):
            self._texts.setdefault(ask["label"], []).append(text)

    def _paths(self, ask: dict[str, Any], listed: dict[str, Any]) -> Iterator[str]:
        yield from ask.get("paths", ())
        # What is found there may name more: what a package needs may need something itself.
        known: set[str] = set()
        while "named" in ask:
            fresh = [path for path in self._named(ask) if path not in known]
            if not fresh:
                return
            for path in fresh:
                known.add(path)
                if "*" in path:
                    folders, found = matching(path)
                    for folder, facts in folders.items():
                        listed.setdefault(folder, {}).update(facts)
                    yield from found
                else:
                    yield path

    def _named(self, ask: dict[str, Any]) -> list[str]:
        """What a pattern finds in the answers with these labels, each once, in their order."""
        form: str = ask.get("as", "{}")
        named: dict[str, None] = {}
        for label in ask["in"]:
            for text in self._texts.get(label, ()):
                named.update((form.format(found), None) for found in re.findall(ask["named"], text))
        return list(named)

    def _at(self, path: str) -> Any:
        """What is there itself, be it a link. It is asked for several facts about one path, one after the other."""
        if self._latest[0] != path:
            self._latest = (path, look_at(path, False))
        return self._latest[1]

    def _real_path(self, path: str) -> str:
        """The path without links. Of a directory with many files it is worked out once."""
        folder, _slash, name = path.rpartition("/")
        found = self._at(path)
        if path[:1] != "/" or name in ("", ".", "..") or not isinstance(found, list) or is_link(found):
            return real_path(path)
        if folder not in self._real:
            self._real[folder] = real_path(folder or "/")
        return self._real[folder].rstrip("/") + "/" + name

    def _facts(self, path: str, ask: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        self._latest = ("", None)
        for fact in ask["facts"]:
            if fact == "s":
                found = self._at(path)
                answer[fact] = look_at(path, True) if is_link(found) else found
            elif fact == "l":
                answer[fact] = self._at(path)
            elif fact == "r":
                answer[fact] = self._real_path(path)
            elif fact == "d":
                answer[fact] = names_in(path)
            elif fact == "t":
                answer[fact] = text_of(path, ask.get("most", TEXT_BYTES), self._mask)
                if "instead" in ask and isinstance(answer[fact], str):
                    answer[fact] = re.sub(ask["instead"][0], ask["instead"][1], answer[fact])
                self._keep(ask, answer[fact])
            elif fact == "c":
                answer[fact] = reading(path, SUM_BYTES, summary)
            elif fact == "z":
                answer[fact] = reading(path, SUM_BYTES, unpacked)
            elif fact == "f":
                answer[fact] = free_bytes(path)
            elif fact == "u":
                answer[fact] = unfinished(path)
            elif fact == "1":
                answer[fact] = first_line(path, self._mask)
            elif fact == "w":
                answer[fact] = {ask["words"]: lines_with(path, ask["words"], self._mask)}
        return answer


def is_link(found: Any) -> bool:
    return isinstance(found, list) and stat.S_ISLNK(found[0])


def is_whole(found: Any) -> bool:
    """Whether this is a plain file that is not empty, or a link."""
    return isinstance(found, list) and (stat.S_ISLNK(found[0]) or (stat.S_ISREG(found[0]) and found[1] > 0))


def digest_of(names: list[str]) -> str:
    return hashlib.sha256("\0".join(sorted(names)).encode("utf-8", "surrogateescape")).hexdigest()


def real_path(path: str) -> str:
    try:
        return os.path.realpath(path)
    except ValueError:
        return path


def packed(answers: dict[str, Any]) -> str:
    """The same answers are the same text. What is no UTF-8 is escaped in it."""
    return base64.b64encode(zlib.compress(json.dumps(answers, sort_keys=True).encode("ascii"), 6)).decode("ascii")


def main() -> None:
    module = AnsibleModule(
        argument_spec={"asks": {"type": "str", "required": True, "no_log": True}}, supports_check_mode=True
    )
    look = Look(json.loads(module.params["asks"]))
    module.exit_json(changed=False, said=packed(look.answers()), commands=look.commands)


if __name__ == "__main__":
    main()
