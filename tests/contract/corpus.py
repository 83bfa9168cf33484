# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""The corpus of guest configurations, and what real ``xl create -n -d`` says of each.

    python tests/contract/corpus.py record [4.17|4.20]    write verdicts-RELEASE.jsonl anew, from the running lab

A record has a line of JSON for each file: name, rc (exit status), stderr (its telling lines), config (the domain's
configuration that xl printed, without a UUID that it invented; null if it refused).
"""

from __future__ import annotations

import io
import json
import re
import shlex
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).resolve().parent / "corpus"
LAB = Path(__file__).resolve().parents[1] / "xen/lab"
RELEASES = ("4.17", "4.20")

# One connection for all files: a new one takes longer than xl does. "$1" is xl, on Debian a script that calls that of
# the release which runs: left out here, it is a fifth of each call under emulation.
_LOOP = """
release=$("$1" info | sed -n 's/^xen_version *: *\\([0-9]*\\.[0-9]*\\).*/\\1/p')
test -x "/usr/lib/xen-$release/bin/xl" && set -- "/usr/lib/xen-$release/bin/xl"
folder=$(mktemp -d /tmp/corpus.XXXXXX) && cd "$folder" && tar -xf - || exit 1
for file in *.cfg; do
    name=${file%.cfg}
    "$1" create -n -d "$file" >"$name.out" 2>"$name.err" </dev/null
    echo $? >"$name.rc"
done
tar -cf - *.out *.err *.rc
cd / && rm -rf "$folder"
"""
_LINES, _COLUMNS = 6, 200


@dataclass(frozen=True)
class Verdict:
    """What xl said of one file: its exit status, the lines of stderr that tell why, and the JSON of stdout."""

    name: str
    rc: int
    stderr: tuple[str, ...]
    config: dict[str, Any] | None

    @property
    def accepted(self) -> bool:
        return self.rc == 0


def texts() -> dict[str, str]:
    """Name to text of every file. As on the machine, a byte that is no UTF-8 is a surrogate."""
    return {path.stem: path.read_bytes().decode("utf-8", "surrogateescape") for path in sorted(CORPUS.glob("*.cfg"))}


def recorded(release: str) -> dict[str, Verdict]:
    """Name to verdict, as recorded."""
    lines = (CORPUS / f"verdicts-{release}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return {row["name"]: Verdict(row["name"], row["rc"], tuple(row["stderr"]), row["config"]) for row in rows}


def judged(ssh: Sequence[str], xl: str, seconds: float) -> dict[str, Verdict]:
    """Name to verdict, as a machine's xl judges the files now.

    ``ssh`` is the command for the machine, to be followed by one word. Raises subprocess.CalledProcessError or
    subprocess.TimeoutExpired if there is no answer.
    """
    command = [*ssh, shlex.join(["sh", "-c", _LOOP, "corpus", xl])]
    ended = subprocess.run(command, input=_archive(), capture_output=True, timeout=seconds, check=True)
    answers = dict(_members(ended.stdout))
    return {name: _verdict(name, text, answers) for name, text in texts().items()}


def _archive() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(CORPUS.glob("*.cfg")):
            archive.add(path, path.name)
    return packed.getvalue()


def _members(packed: bytes) -> Iterator[tuple[str, str]]:
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            content = archive.extractfile(member)
            assert content is not None, f"{member.name} is no file"
            yield member.name, content.read().decode("utf-8", "surrogateescape")


def _verdict(name: str, text: str, answers: dict[str, str]) -> Verdict:
    status = int(answers[f"{name}.rc"])
    config = json.loads(answers[f"{name}.out"]) if status == 0 else None
    if config:
        _drop_inventions(config, text)
    lines = [line for line in answers[f"{name}.err"].splitlines() if not line.startswith("Parsing config from ")]
    return Verdict(name, status, tuple(line[:_COLUMNS] for line in lines[:_LINES]), config)


def _drop_inventions(config: dict[str, Any], text: str) -> None:
    """Takes out what is another in every run: a UUID that the file does not give, the numbers of a generated ID."""
    if not re.search(r"^uuid\b", text, re.MULTILINE):
        del config["c_info"]["uuid"]
    hvm = config["b_info"].get("type.hvm", {})
    if any(hvm.get("ms_vm_genid", [])):
        hvm["ms_vm_genid"] = [1] * 16


def record(release: str) -> None:
    """Writes the record of one release from the lab's machine, which must run."""
    lab = [str(LAB), "--release", release, "ssh", "--"]
    xl = subprocess.run([*lab, "which", "xl"], capture_output=True, text=True, timeout=60, check=True).stdout.strip()
    # lab takes an argument list: the one line for a shell is wrapped once more.
    verdicts = judged([*lab, "sh", "-c"], xl, 1800)
    lines = [json.dumps(asdict(verdict), ensure_ascii=True) for verdict in verdicts.values()]
    (CORPUS / f"verdicts-{release}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    accepted = sum(verdict.accepted for verdict in verdicts.values())
    print(f"Xen {release}: {len(verdicts)} configurations, {accepted} accepted, {len(verdicts) - accepted} refused")


def main() -> None:
    if sys.argv[1:2] != ["record"] or not set(sys.argv[2:]) <= set(RELEASES):
        sys.exit(__doc__)
    for release in sys.argv[2:] or RELEASES:
        record(release)


if __name__ == "__main__":
    main()
