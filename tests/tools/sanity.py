# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Run `ansible-test sanity` on a copy of what this checkout ships; tests/matrix runs `ansible-test units` so as well.

ansible-test wants a collection at a real path that ends in ansible_collections/NAMESPACE/NAME, which a checkout need
not have. It also wants to download pip's bootstrap script: a small one in its cache, which asks Python's own ensurepip,
makes that needless. Its home directory is below WORK, the user's is left alone.

usage: python3 sanity.py WORK [ansible-test sanity's arguments...]
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
CONFIGURATION = "tests/config.yml"

# ansible-test runs this with the arguments of get-pip.py, under the Python that is to have a pip. It has set
# PIP_CONFIG_FILE to null in this process, so that the work is done in children that do not see it.
GET_PIP = """\
import os
import subprocess
import sys

os.environ.pop("PIP_CONFIG_FILE", None)
os.environ["PIP_QUIET"] = "1"
arguments = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
subprocess.run([sys.executable, "-m", "pip", "install", *arguments], check=True)
"""


# By the version of pip that an ansible-core asks for: 2.17, 2.18 and 2.19, later ones.
PIP_VERSIONS = ("23_1_2", "24_2", "25_2")


def main(work: Path, arguments: list[str], command: str = "sanity", program: str = "ansible-test") -> int:
    """Run ``program`` with ``command``, `sanity` or `units`; its exit status."""
    copy = work / "ansible_collections" / "netbsd" / "xen"
    home = work / "home"
    refresh(copy, with_tests=command == "units")
    for version in PIP_VERSIONS:
        script = home / ".ansible" / "test" / "cache" / f"get_pip_{version}.py"
        script.parent.mkdir(parents=True, exist_ok=True)
        script.write_text(GET_PIP)
    return subprocess.run([program, command, *arguments], cwd=copy, env=environment(work, home), check=False).returncode


def refresh(copy: Path, with_tests: bool = False) -> None:
    """Make ``copy`` what the archive would hold: every file that git knows or would know and that galaxy.yml does not
    leave out. The tests, which are not shipped, are looked at by `make lint`; for unit tests they are there as well.
    ansible-test's output stays, and its configuration is always there."""
    left_out = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text())["build_ignore"]
    if with_tests:
        left_out.remove("tests")
    git = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    output = copy / "tests" / "output"
    kept = copy.with_name(".output-of-the-last-run")
    if output.exists():
        output.rename(kept)
    shutil.rmtree(copy, ignore_errors=True)
    for name in filter(None, output_of(*git, cwd=CHECKOUT).split("\0")):
        source, target = CHECKOUT / name, copy / name
        # By .gitignore ansible-test's own output is known for what it is.
        kept_out = any(fnmatch(part, pattern) for part in _prefixes(name) for pattern in left_out)
        if kept_out and name not in (".gitignore", CONFIGURATION):
            continue
        if source.exists():  # git still lists what was deleted and not yet committed
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    if kept.exists():
        output.parent.mkdir(parents=True, exist_ok=True)
        kept.rename(output)
    # ansible-test asks git for the files. The checkout's own git ignores this copy: it would find none and be content.
    output_of("git", "init", "--quiet", cwd=copy)


def _prefixes(name: str) -> list[str]:
    """``a``, ``a/b`` and ``a/b/c`` of ``a/b/c``: a directory that is left out takes along what is in it."""
    words = name.split("/")
    return ["/".join(words[:count]) for count in range(1, len(words) + 1)]


def environment(work: Path, home: Path) -> dict[str, str]:
    """The caller's, with another home; pip keeps finding the user's configuration (a proxy, a mirror) where it is."""
    configuration = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    path = f"{pyenv_pythons(work / 'pythons')}:{os.environ['PATH']}"
    return dict(os.environ, HOME=str(home), XDG_CONFIG_HOME=configuration, PATH=path)


def pyenv_pythons(links: Path) -> Path:
    """A directory with a working pythonX.Y for each version that pyenv has, if it is in use.

    Its own pythonX.Y commands exist for all of them, but fail for those that are not selected: ansible-test would stop.
    """
    shutil.rmtree(links, ignore_errors=True)
    links.mkdir(parents=True)
    if shutil.which("pyenv"):
        for version in output_of("pyenv", "versions", "--bare").split():
            name = "python" + ".".join(version.split(".")[:2])
            python = Path(output_of("pyenv", "prefix", version).strip(), "bin", name)
            if python.exists():
                (links / name).unlink(missing_ok=True)
                (links / name).symlink_to(python)
    return links


def output_of(*command: str, cwd: Path | None = None) -> str:
    return subprocess.run(command, cwd=cwd, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), sys.argv[2:]))
