# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""A guest's Python, which Ansible's modules need: where it may be, how the guest is asked for it, and the script with
which a NetBSD installs it when it boots for the first time. Pure.

NetBSD has none in its sets. pkgsrc's are called python313 and have /usr/pkg/bin/python3.13 (lang/python313).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable

# The packages of Pythons that ansible-core takes on a machine; the first that is to be had is installed.
PACKAGES = ("python313", "python312", "python311", "python310", "python39", "python38")
# pkgsrc's own, in the words of pkgin's repositories.conf(5).
DEFAULT_SOURCE = "https://cdn.NetBSD.org/pub/pkgsrc/packages/NetBSD/$arch/$osrelease/All"

# In the guest: the script, which goes away with its packages when all is done, and what it tells.
SCRIPT, FOLDER, LOG = "etc/rc.d/netbsd_xen_python", "var/db/netbsd.xen/packages", "var/log/netbsd_xen_python"
_THERE, _NONE = "netbsd.xen: Python is ", "netbsd.xen: no Python: "

_BASE = re.compile(r"[<>=!]|-\[|-[0-9]|-\*")
_BRACES = re.compile(r"\{([^{}]*)\}")
# Where one looks for it, the best first; of several in one place the newest.
_PLACES = (
    re.compile(r"/usr/bin/python3\Z"),
    re.compile(r"/usr/pkg/bin/python3\.([0-9]+)\Z"),
    re.compile(r"/usr/bin/python3\.([0-9]+)\Z"),
    re.compile(r"/usr/local/bin/python3\Z"),
    re.compile(r"/usr/libexec/platform-python\Z"),
)
_GLOBS = "/usr/bin/python3* /usr/pkg/bin/python3.* /usr/local/bin/python3 /usr/libexec/platform-python"
# As a guest's own shell takes it, whichever that is; date(1) is last, for its status is that of all.
LOOK = f"ls -d /{SCRIPT} {_GLOBS}; date +%s"


def chosen(paths: Iterable[str]) -> str:
    """The best interpreter of those that there are; empty for none, and as long as it is being installed."""
    there = list(paths)
    if f"/{SCRIPT}" in there:
        return ""
    for place in _PLACES:
        found = [match for match in map(place.match, there) if match]
        if found:
            return str(max(found, key=_minor)[0])
    return ""


def _minor(found: re.Match[str]) -> int:
    """The second number of a Python, 0 where its path has none."""
    return int("".join(found.groups()) or 0)


def told(console: str) -> str:
    """The interpreter that the script has told of on the console; empty for none."""
    found = re.findall(rf"{re.escape(_THERE)}(/\S+)$", console, re.MULTILINE)
    return found[-1] if found else ""


def why_none(console: str) -> str:
    """Why there is none yet, as the script has told on the console; empty if it has not."""
    found = re.findall(rf"{re.escape(_NONE)}(.*)$", console, re.MULTILINE)
    return found[-1].strip() if found else ""


# -- packages of NetBSD ------------------------------------------------------------------------------------------------


def source(text: str, release: str, arch: str) -> str:
    """Where a guest's packages are, with the macros of pkgin's repositories.conf(5) read for it. pkgsrc has a directory
    for the first two numbers of a release."""
    short = ".".join(release.split(".")[:2])
    return text.replace("$osrelease", short).replace("$arch", arch)


def has_packages(release: str) -> bool:
    """Whether pkgsrc builds packages for a release: not for current (N.99.N)."""
    return release.split(".")[1:2] != ["99"]


def base(package: str) -> str:
    """The name of a package without its version: libffi of libffi-3.4.6nb1."""
    return package.rpartition("-")[0]


def needed(packing_list: str) -> list[tuple[str, ...]]:
    """What a package needs, by its packing list (pkg_create(1), @pkgdep): the base names of packages of each of which
    one must be there."""
    patterns = [line.split(None, 1)[1].strip() for line in packing_list.splitlines() if line.startswith("@pkgdep ")]
    return [tuple(_BASE.split(each, maxsplit=1)[0] for each in _alternatives(pattern)) for pattern in patterns]


def _alternatives(pattern: str) -> list[str]:
    match = _BRACES.search(pattern)
    if match is None:
        return [pattern]
    parts = [pattern[: match.start()] + each + pattern[match.end() :] for each in match[1].split(",")]
    return [each for part in parts for each in _alternatives(part)]


# -- the script --------------------------------------------------------------------------------------------------------

# rc(8) sources it, and waits for whoever has its descriptors open (rc.subr: 7 and 8 are its own output). A pkg_add that
# was broken off leaves half a package, which another one takes for a whole one; `pkg_add -U` mends it.
_TEXT = """\
#!/bin/sh
# Written by Ansible (netbsd.xen.guest_system): installs Python, once, and goes away then.
#
# PROVIDE: netbsd_xen_python
# REQUIRE: LOGIN

case "$1" in
*start)
    /bin/sh /{script} wait </dev/null >/dev/console 2>&1 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&- &
    ;;
wait)
    while test -e /{script} && ! /bin/sh /{script} once; do sleep 60; done
    ;;
once)
    PATH=/usr/pkg/sbin:/usr/pkg/bin:/sbin:/usr/sbin:/bin:/usr/bin
    PKG_PATH={source}
    export PATH PKG_PATH
    # What a package needs to run is proven by running it.
    works() {{ "$1" -c 'import json, socket, zlib' >/dev/null 2>&1; }}
    add() {{
        if pkg_info -e "$1" >/dev/null 2>&1; then pkg_add -U "$1"; else pkg_add "$1"; fi >>/{log} 2>&1
    }}
    for package in {packages}; do
        python=/usr/pkg/bin/python3.${{package#python3}}
        works "$python" || add "$package" || continue
        listed="/usr/pkg/pkgdb/$package-*/+CONTENTS /var/db/pkg/$package-*/+CONTENTS"
        works "$python" || for each in $(cat $listed 2>/dev/null | sed -n 's/^@blddep //p'); do
            add "${{each%-*}}"
        done
        if works "$python"; then
            sync
            rm -rf /{folder}
            rm -f /{script}
            echo "{there}$python"
            exit 0
        fi
    done
    echo "{none}$(sed -n '$p' /{log})"
    exit 1
    ;;
esac
"""


def script(place: str) -> str:
    """The script, for packages of ``place``, a URL or a directory of the guest."""
    return _TEXT.format(
        script=SCRIPT,
        folder=FOLDER,
        log=LOG,
        packages=" ".join(PACKAGES),
        source=shlex.quote(place),
        there=_THERE,
        none=_NONE,
    )
