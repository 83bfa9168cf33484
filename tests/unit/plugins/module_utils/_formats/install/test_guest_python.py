# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A guest's Python: which one is taken, where its packages are, and the script that installs it, which sh runs here."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from ansible_collections.netbsd.xen.plugins.module_utils._formats.install import guest_python

OTHERS = ["/usr/bin/python3-config", "/usr/pkg/bin/python3.11-config", "/usr/bin/python2"]


@pytest.mark.parametrize(
    ("there", "best"),
    [
        ([], ""),
        (["/usr/pkg/bin/python3.9", "/usr/pkg/bin/python3.11"], "/usr/pkg/bin/python3.11"),
        (["/usr/bin/python3.11", "/usr/bin/python3"], "/usr/bin/python3"),
        (["/usr/bin/python3.9", "/usr/bin/python3.13"], "/usr/bin/python3.13"),
        (["/usr/local/bin/python3"], "/usr/local/bin/python3"),
        (["/usr/libexec/platform-python"], "/usr/libexec/platform-python"),
        (["/usr/pkg/bin/python3.13", f"/{guest_python.SCRIPT}"], ""),
    ],
)
def test_which_one_is_taken(there, best):
    assert guest_python.chosen([*there, *OTHERS]) == best


def test_what_the_console_tells():
    shown = "login: netbsd.xen: no Python: pkg_add: no pkg found for 'python38', sorry.\nmore\n"
    assert guest_python.told(shown) == ""
    assert guest_python.why_none(shown) == "pkg_add: no pkg found for 'python38', sorry."
    assert guest_python.told(shown + "netbsd.xen: Python is /usr/pkg/bin/python3.13\n") == "/usr/pkg/bin/python3.13"


@pytest.mark.parametrize(("release", "directory"), [("10.1", "10.1"), ("9.4", "9.4"), ("6.1.5", "6.1")])
def test_packages_lie_by_the_first_two_numbers_of_a_release(release, directory):
    assert guest_python.source("/m/$arch/$osrelease/All", release, "i386") == f"/m/i386/{directory}/All"


def test_nobody_builds_packages_for_current():
    assert guest_python.has_packages("10.1") and not guest_python.has_packages("7.99.10")


def test_what_a_package_needs():
    listed = "@name python313-3.13.1\n@blddep libffi-3.4.6\n@pkgdep libffi>=3.4.6\n@pkgdep {mit-krb5,heimdal}-[0-9]*\n"
    listed += "@pkgdep xz-5.*\n@pkgdep gettext-lib>=0.22<1\nbin/python3.13\n"
    assert guest_python.needed(listed) == [("libffi",), ("mit-krb5", "heimdal"), ("xz",), ("gettext-lib",)]
    assert guest_python.base("gettext-lib-0.22.5nb1") == "gettext-lib"


# -- the script --------------------------------------------------------------------------------------------------------


class Guest:
    """A directory in which the script runs. Of pkg_add only the packages ``has`` are to be had, and ``broken`` ones are
    not whole until they are added again; without ``needs`` no Python runs."""

    def __init__(self, folder: Path, has: str = "", broken: str = "", needs: str = "") -> None:
        self.folder = folder
        runs = f"test -d {folder}/usr/pkg/pkgdb/{needs}-1" if needs else "exit 0"
        for name in ("bin", "usr/pkg/bin", "usr/pkg/pkgdb", "var/log", "etc/rc.d", guest_python.FOLDER):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self.program("pkg_info", f'test -d {folder}/usr/pkg/pkgdb/"$2"-1')
        self.program(
            "pkg_add",
            f"""echo "$PKG_PATH $*" >> {folder}/added; again=; test "$1" != -U || {{ again=yes; shift; }}
case " {has} " in *" $1 "*) ;; *) echo "pkg_add: no pkg found for '$1', sorry." >&2; exit 1;; esac
mkdir -p {folder}/usr/pkg/pkgdb/"$1"-1; echo "@blddep libffi-3.4.6" > {folder}/usr/pkg/pkgdb/"$1"-1/+CONTENTS
minor=${{1#python3}}; test "$minor" != "$1" || exit 0
case "$again {broken}" in " $1"*) exit 0;; esac
printf '#!/bin/sh\\n{runs}\\n' > {folder}/usr/pkg/bin/python3.$minor; chmod +x {folder}/usr/pkg/bin/python3.$minor""",
        )
        self.script = folder / guest_python.SCRIPT

    def program(self, name: str, text: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def boot(self, place: str = "https://cdn/All") -> subprocess.CompletedProcess:
        text = guest_python.script(place)
        for name in ("/usr/pkg/", f"/{guest_python.LOG}", f"/{guest_python.FOLDER}", f"/{guest_python.SCRIPT}"):
            text = text.replace(name, f"{self.folder}{name}")
        self.script.write_text(text.replace("PATH=", f"PATH={self.folder}/bin:", 1))
        argv = ["/bin/sh", str(self.script), "once"]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, env=dict(os.environ))

    @property
    def added(self) -> list[str]:
        return (self.folder / "added").read_text().splitlines()


def test_the_newest_that_there_is_and_then_the_script_is_gone(tmp_path):
    guest = Guest(tmp_path, has="python311 python310")
    done = guest.boot()
    assert (done.returncode, done.stdout) == (0, f"netbsd.xen: Python is {tmp_path}/usr/pkg/bin/python3.11\n")
    assert guest.added == [f"https://cdn/All python3{minor}" for minor in (13, 12, 11)]
    assert not guest.script.exists() and not (tmp_path / guest_python.FOLDER).exists()


def test_without_any_it_says_why_and_tries_again_at_the_next_boot(tmp_path):
    guest = Guest(tmp_path)
    done = guest.boot()
    assert (done.returncode, guest.script.exists()) == (1, True)
    assert guest_python.why_none(done.stdout) == "pkg_add: no pkg found for 'python38', sorry."


def test_what_was_broken_off_is_added_again(tmp_path):
    """It is registered, so that a plain pkg_add would take it for whole."""
    guest = Guest(tmp_path, has="python313 libffi", broken="python313")
    (tmp_path / "usr/pkg/pkgdb/python313-1").mkdir()
    assert guest.boot().returncode == 0
    assert guest.added == ["https://cdn/All -U python313"]


def test_what_it_needs_is_added_where_it_does_not_run(tmp_path):
    guest = Guest(tmp_path, has="python313 libffi", needs="libffi")
    assert guest.boot().returncode == 0
    assert guest.added == ["https://cdn/All python313", "https://cdn/All libffi"]


def test_a_place_is_no_part_of_the_script(tmp_path):
    guest = Guest(tmp_path)
    guest.boot("/p'; touch /tmp/never; '")
    assert not Path("/tmp/never").exists()


def test_rc_does_not_wait_for_it(tmp_path):
    """It goes on in the background, with none of the descriptors of rc(8), which reads what its scripts say to the
    end."""
    guest = Guest(tmp_path)
    guest.boot()
    text = guest.script.read_text().replace("/dev/console", f"{tmp_path}/console").replace("sleep 60", "sleep 2")
    guest.script.write_text(text)
    argv = ["/bin/sh", "-c", f"exec 7>&1 8>&2; set start; . {guest.script}"]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=True)
    assert (done.stdout, done.stderr) == ("", "")
    # Whoever takes it away has it end.
    guest.script.unlink()
