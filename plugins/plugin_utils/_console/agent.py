# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands and files over a guest's console, when a shell of ours reads there: every line in both directions has its
sum.

A console loses characters when they come too fast, and what the kernel has to say comes in between. So nothing is run
that did not come whole, nothing is believed that did not, and what was lost is asked for again: a request has a number,
and one that is repeated is answered again but not done again.
"""

from __future__ import annotations

import base64
import re
import shlex

from .needs import ConsoleError
from .sums import cksum, name, pieces
from .talk import Link

# Bytes of a base64 line, which is what uudecode takes.
_LINE_BYTES = 57
# Bytes of data in one request, at first and at most: a tty of NetBSD keeps 1024 characters (TTYHOG) for who reads
# slowly.
_FIRST, _LARGEST = 2 * _LINE_BYTES, 48 * _LINE_BYTES
_LEAST = _LINE_BYTES
# Seconds for the first answer, and how often one is asked for.
ANSWER, TIMES = 10.0, 8
_CODERS = {
    "base64": ("base64", "base64 -d"),
    # NetBSD has no base64(1) before release 10.
    "uuencode": ("uuencode -m x|sed '1d;$d'", "{ echo begin-base64 600 x;cat;echo ====;}|uudecode -p"),
    "openssl": ("openssl base64", "openssl base64 -d"),
}


def reader(nonce: str, stays: bool) -> str:
    """The line that makes a login shell our reader. It is taken by csh and sh alike: no newline, no exclamation mark.

    A line without a blank is asked back, which tells that it is one of ours; any other must be as its sum says.

    Args:
        stays: go back to the shell at the end, with the tty as it was; else the session ends with the reader.
    """
    loop = (
        f'stty raw -echo;printf "@@{nonce} ok\\n";while IFS= read -r l;do case $l in *\\ *)t=${{l#* * }};'
        '[ "$(printf %s "$t"|cksum) $t" = "$l" ]&&eval "$t";;?*)printf "@@%s ok\\n" "$l";;esac;done'
    )
    if stays:
        return f"/bin/sh -c 'S=$(stty -g);{loop};stty $S'"
    return f"exec /bin/sh -c '{loop}'"


class NoAnswer(ConsoleError):
    """A request was sent as often as it may be."""


class Agent:
    """The guest's side of it, asked through the console's link."""

    def __init__(self, link: Link, first_id: int) -> None:
        self._link = link
        self._id = first_id
        self._said = ""
        self._answer = ANSWER
        self._size, self._ceiling, self._good = _FIRST, _LARGEST, 0
        self._encode = self._decode = ""
        self._kept = ""
        self._here = ""
        self.sent = self.repeated = self.uploaded = 0

    # Requests.

    def _write(self, text: str) -> None:
        self._link.write(f"{cksum(text.encode())} {text}\n".encode())
        self.sent += 1

    def ask(self, command: str, patience: float = 0.0, times: int = TIMES) -> str:
        """The one line that a short command says. Done once, however often it has to be sent.

        Raises:
            NoAnswer: no whole answer came.
        """
        self._id += 1
        text = f'[ "$L" = {self._id} ]||{{ L={self._id};X=$({command});}};A "{self._id} $X"'
        for time in range(times):
            began = self._link.now()
            # The newline ends what is left of a line that came in pieces.
            if time:
                self._link.write(b"\n")
                self.repeated += 1
            self._write(text)
            answer = self._answered(str(self._id), patience + self._answer * (1 + time / 2))
            if answer is not None:
                if not time:
                    self._answer = min(ANSWER, max(1.0, self._answer / 2, 6 * (self._link.now() - began)))
                return answer
            if re.search(r"login: ?$", self._said):
                raise ConsoleError("the guest asks for a login again: it was restarted, or the session was ended there")
        last = " / ".join(line.strip() for line in self._said.splitlines()[-4:] if line.strip())
        raise NoAnswer(f"no whole answer came over the console in {times} attempts; it said last: {last or 'nothing'}")

    def _answered(self, number: str, seconds: float) -> str | None:
        deadline = self._link.now() + seconds
        while True:
            for found in re.finditer(r"@(\d+)\.(\d+) (" + number + r" [^\n]*)\n", self._said):
                if cksum(found[3].encode("latin-1")) == f"{found[1]} {found[2]}":
                    self._said = self._said[found.end() :]
                    return found[3].partition(" ")[2].strip()
            left = deadline - self._link.now()
            if left <= 0:
                return None
            self._said = (self._said + self._link.read(left).decode("latin-1"))[-20000:]

    # The session.

    def begin(self) -> None:
        """Give the reader its words, find what it can encode with, and make a directory of the session's own."""
        self._write('A(){ set -- "$1" $(printf %s "$1"|cksum);printf \'@%s.%s %s\\n\' $2 $3 "$1";}')
        wanted = " ".join(_CODERS)
        coder = self._begun(f"for c in {wanted};do command -v $c >/dev/null&&echo $c&&break;done")
        if coder not in _CODERS:
            raise ConsoleError(f"the guest has none of {', '.join(_CODERS)}, which files take over a console")
        self._encode, self._decode = _CODERS[coder]
        self._here = self.ask("umask 077;mktemp -d /tmp/console.XXXXXX")
        if not self._here.startswith("/"):
            raise ConsoleError("the guest could make no directory in /tmp")
        kept = self.ask("umask 077;d=$HOME/.ansible/console;mkdir -p $d&&[ -w $d ]&&echo $d")
        self._kept = kept or self._here
        self.ask(f"find {self._kept} -type f -mtime +30 -exec rm -f {{}} +")

    def _begun(self, command: str) -> str:
        """The first request: the words for an answer may have been lost before it."""
        for _time in range(TIMES):
            try:
                return self.ask(command, times=1)
            except NoAnswer:
                self._link.write(b"\n")
                self._write('A(){ set -- "$1" $(printf %s "$1"|cksum);printf \'@%s.%s %s\\n\' $2 $3 "$1";}')
        return self.ask(command)

    def end(self) -> None:
        """Have the reader end, and with it the session. There is no answer to that."""
        self._link.write(b"\n")
        self._write(f"rm -rf {self._here or '/tmp/console.none'};break")

    # Files.

    def put(self, data: bytes, path: str) -> None:
        """Write a file. What the guest has of it from an earlier time is not sent again."""
        quoted = shlex.quote(path)
        if len(data) <= self._size:
            lines = " ".join(_encoded(data))
            done = (
                f"printf '%s\\n' {lines}|{{ {self._decode};}}>{quoted}&&cksum <{quoted}"
                if data
                else f": >{quoted}&&cksum <{quoted}"
            )
            if self.ask(done) == cksum(data):
                return
        parts = pieces(data)
        for again in (False, True):
            self._have(parts, again)
            for number in range(0, len(parts), 8):
                sign = ">>" if number else ">"
                files = " ".join(name(part) for part in parts[number : number + 8])
                self.ask(f"cd {self._kept}&&cat {files}{sign}{quoted}", patience=5)
            if self.ask(f"cksum <{quoted}", patience=5) == cksum(data):
                return
        raise ConsoleError(f"{path} of the guest could not be written, or not be read again")

    def _have(self, parts: list[bytes], again: bool) -> None:
        """Have the guest keep all pieces; with ``again`` none of those that it has is believed."""
        for number in range(0, len(parts), 8):
            some = {name(part): part for part in parts[number : number + 8]}
            test = "false" if again else "[ -f $f ]"
            missing = self.ask(f"cd {self._kept}&&for f in {' '.join(some)};do {test}||printf '%s ' $f;done").split()
            for one in missing:
                if one in some:
                    self._send(some[one], one)

    def _send(self, data: bytes, kept_as: str) -> None:
        up, new = f"{self._here}/up", f"{self._kept}/{kept_as}.new"
        lines, at, failed = _encoded(data), 0, 0
        total = sum(len(line) + 1 for line in lines)
        self.ask(f": >{up}")
        while at < len(lines):
            some = lines[at : at + max(1, self._size // _LINE_BYTES)]
            here = at * (len(lines[0]) + 1)
            append = f"[ $(wc -c <{up}) -eq {here} ]&&printf '%s\\n' {' '.join(some)}>>{up}"
            before = self.repeated
            try:
                there = int(self.ask(f"{append};echo $(wc -c <{up})", times=2))
            except NoAnswer:
                # Too much at once, perhaps: with less, from wherever the guest is.
                failed += 1
                if failed > TIMES:
                    raise
                self._paced(False)
                continue
            at, failed = (len(lines) if there == total else there // (len(lines[0]) + 1)), 0
            self._paced(self.repeated == before)
        self.uploaded += len(data)
        whole = f'[ "$(cksum <{new})" = "{cksum(data)}" ]&&mv {new} {self._kept}/{kept_as}&&echo kept'
        if self.ask(f"{{ {self._decode};}}<{up}>{new}&&{whole}", patience=5) != "kept":
            raise ConsoleError("the guest could not decode or keep what was sent; is its disk full?")

    def _paced(self, good: bool) -> None:
        """More at once while all comes whole; half when something was lost, and not more than that twice."""
        if not good:
            self._ceiling = max(_LEAST, self._size // 2 // _LINE_BYTES * _LINE_BYTES)
            self._size, self._good = self._ceiling, 0
            return
        self._good += 1
        if self._good >= 64:
            # What was too much may have been chance.
            self._ceiling, self._good = min(_LARGEST, self._ceiling * 2), 0
        self._size = min(self._ceiling, self._size * 2)

    def get(self, path: str, seconds: float = 0.0) -> bytes:
        """A file of the guest."""
        quoted = shlex.quote(path)
        told = self.ask(f"cksum <{quoted} 2>/dev/null||echo none", patience=seconds or 5)
        if told == "none":
            raise FileNotFoundError(path)
        total = int(told.split()[1])
        data, block = b"", 2048
        while len(data) < total:
            before = self.repeated
            block_of = f"dd if={quoted} bs={block} skip={len(data) // block} count=1 2>/dev/null"
            data += base64.b64decode(self.ask(f"{block_of}|{{ {self._encode};}}|tr -d '\\n'", patience=2))
            if self.repeated > before and block > 256:
                block //= 2
        if cksum(data) != told:
            raise ConsoleError(f"{path} changed while it was read")
        return data

    # Commands.

    def run(self, command: str, given: bytes | None, seconds: float) -> tuple[int, bytes, bytes]:
        """Run a command with /bin/sh: status, output, errors.

        Args:
            given: its standard input; none is /dev/null.
            seconds: how long it may take; 0 for as long as it takes.
        """
        here = self._here
        self.put(command.encode("utf-8", "surrogateescape"), f"{here}/cmd")
        if given is not None:
            self.put(given, f"{here}/in")
        stdin = f"{here}/in" if given is not None else "/dev/null"
        job = f"/bin/sh {here}/cmd <{stdin} >{here}/out 2>{here}/err;echo $? >{here}/new;mv {here}/new {here}/rc"
        self.ask(f"rm -f {here}/rc;{{ {job};}} >/dev/null 2>&1 &")
        wait = f"n=0;while [ ! -s {here}/rc ]&&[ $n -lt 40 ];do n=$((n+1));sleep 0.1 2>/dev/null||sleep 1;done"
        deadline = self._link.now() + seconds
        while True:
            told = self.ask(f"{wait};cat {here}/rc 2>/dev/null", patience=45)
            if told:
                break
            if seconds and self._link.now() > deadline:
                raise ConsoleError(f"the command takes longer than {seconds:.0f} seconds in the guest")
        return int(told), self.get(f"{here}/out"), self.get(f"{here}/err")


def _encoded(data: bytes) -> list[str]:
    return [base64.b64encode(data[n : n + _LINE_BYTES]).decode() for n in range(0, len(data), _LINE_BYTES)]
