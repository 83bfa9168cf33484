# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Put collections of others into a collections directory, without Galaxy.

The `ansible` package on PyPI carries them. Its wheel is downloaded with pip, so that pip's own configuration (proxy,
mirror) holds, and those that are named are unpacked: a few seconds instead of installing the hundred that are in it.

usage: python3 packaged_collections.py PYTHON REQUIREMENTS COLLECTIONS_DIR NAMESPACE.NAME...
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path


def main(python: str, requirements: str, collections: Path, names: Sequence[str]) -> None:
    collections.mkdir(parents=True, exist_ok=True)
    # Beside the target: the rename at the end must stay in one file system.
    with tempfile.TemporaryDirectory(dir=collections, prefix=".packaged-") as work:
        download = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--dest", work]
        subprocess.run([*download, "-r", requirements], check=True)
        (wheel,) = Path(work).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for name in names:
                unpack(archive, f"ansible_collections/{name.replace('.', '/')}/", Path(work), collections)


def unpack(archive: zipfile.ZipFile, collection: str, work: Path, collections: Path) -> None:
    """Put one collection, by its path in the wheel, in the place of what is there."""
    archive.extractall(work, [name for name in archive.namelist() if name.startswith(collection)])
    target = collections / collection
    shutil.rmtree(target, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    (work / collection).rename(target)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4:])
