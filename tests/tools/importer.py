# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Have galaxy-importer, by which Galaxy takes a collection in, look at the archive. A warning of it is a failure.

Its home is below WORK, so that it leaves nothing in the user's. Of its own checks ansible-test's are left out, which
`make sanity` runs on the same files.

usage: importer.py WORK ARCHIVE    run by the Python that has galaxy-importer
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

# It writes "LEVEL: message", and information without a level. Its exit status knows errors only.
COMPLAINT = re.compile(r"^(?:WARNING|ERROR|CRITICAL): ", re.MULTILINE)
DONE = "Importer processing completed successfully"
LIMIT = 600  # seconds


def complaints(said: str) -> list[str]:
    """The lines of its output that Galaxy would show to whoever uploads."""
    return [line for line in said.splitlines() if COMPLAINT.match(line)]


def main(work: Path, archive: Path) -> int:
    home = work / "home"
    home.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "HOME": str(home), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    # The checkout's settings would lead Ansible to the checkout, and not to what is in the archive.
    environment.pop("ANSIBLE_CONFIG", None)
    ended = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", str(archive.resolve())],
        cwd=work,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    found = complaints(ended.stdout)
    if ended.returncode or found or DONE not in ended.stdout:
        print("\n".join(found) or ended.stdout)
        return 1
    loaded = len(re.findall(r"^Loading ", ended.stdout, re.MULTILINE))
    print(f"importer: {archive.name} is taken without a warning, {loaded} parts of it were loaded")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2])))
