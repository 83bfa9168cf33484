# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Put the community.general collection into a collections directory, without Galaxy.

The `ansible` package on PyPI carries it. Its wheel is downloaded with pip, so that pip's own configuration (proxy,
mirror) holds, and that one collection is unpacked: a few seconds instead of installing the hundred that are in it.

usage: python3 community_general.py PYTHON REQUIREMENTS COLLECTIONS_DIR
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

COLLECTION = "ansible_collections/community/general/"


def main(python: str, requirements: str, collections: Path) -> None:
    target = collections / COLLECTION
    collections.mkdir(parents=True, exist_ok=True)
    # Beside the target: the rename at the end must stay in one file system.
    with tempfile.TemporaryDirectory(dir=collections, prefix=".community-general-") as work:
        download = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", work]
        subprocess.run([*download, "-r", requirements], check=True)
        (wheel,) = Path(work).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(work, [name for name in archive.namelist() if name.startswith(COLLECTION)])
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        (Path(work) / COLLECTION).rename(target)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
