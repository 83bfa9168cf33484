# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Which packages may have met a power cut since they were installed, and what is done about it.

Given to `python -c` by the role's one command, on a machine where no module has run yet; so it is short and needs
nothing but Python 3. What it notes, and how, is shared with the collection's _packages.py: a line for each package that
was fsynced, its full name and when it was registered.

    look            ends with 0 if all packages are noted, else with 3
    check BASE...   prints what is damaged of the named packages and all that they depend on
    settle BASE...  puts that in place again by `pkg_add -U`, which prints, then brings all whole packages to the disk
"""

import fcntl
import glob
import os
import re
import subprocess
import sys
import zipfile  # one of the last modules of a Python's library, which has thousands of files

DATABASES = ("/usr/pkg/pkgdb", "/var/db/pkg")
RECORD = "/var/db/netbsd.xen.packages"
UNKNOWN = 3
NUL = b"\0"
assert zipfile


def entries():
    """Full name to directory of each installed package. A killed `pkg_add -U` leaves one that ends with .xxxxxx."""
    found = {}
    for database in DATABASES:
        for name in sorted(os.listdir(database)) if os.path.isdir(database) else []:
            if os.path.isfile(f"{database}/{name}/+CONTENTS") and not name.endswith(".xxxxxx"):
                found[name] = f"{database}/{name}"
    return found


def content(path):
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def stamp(directory):
    return f"{os.stat(directory + '/+CONTENTS').st_mtime:.6f}"


def unknown():
    """The packages that are not noted as they are now."""
    noted = dict(line.split() for line in content(RECORD).decode("latin-1").splitlines() if len(line.split()) == 2)
    return {name: path for name, path in entries().items() if noted.get(name) != stamp(path)}


def listed(directory):
    return content(directory + "/+CONTENTS").decode("utf-8", "surrogateescape").split("\n")


def files(directory):
    """The paths that a packing list names."""
    prefix = ""
    for line in listed(directory):
        if line.startswith("@cwd "):
            prefix = line[5:].strip().rstrip("/")
        elif line and not line.startswith("@"):
            yield f"{prefix}/{line}"


def copies(directory):
    """The configuration files that its +INSTALL script copies from its examples where there are none."""
    for path in files(directory):
        prefix, examples, rest = path.partition("/share/examples/")
        if examples:
            yield f"{prefix}/etc/" + re.sub(r"[.-]example$", "", rest)


def is_whole(name, directory):
    """By pkg_admin's text: it always ends with 0, says nothing of what it does not read behind a NUL in a list, and
    nothing of scripts, descriptions and copies of examples."""
    for path in [*(f"{directory}/{file}" for file in os.listdir(directory)), *copies(directory)]:
        if NUL in content(path):
            return False
    run = subprocess.run(["pkg_admin", "check", name], capture_output=True, text=True, errors="replace", check=False)
    others = re.findall(r"^\.*(/.*) fails MD5 checksum$", run.stdout, flags=re.MULTILINE)
    lost = "not on filesystem" in run.stderr or "not same as recorded" in run.stdout
    return "Checked " in run.stdout and not lost and all(map(is_edited, others))


def is_edited(path):
    """Whether a file of another content is somebody's text, and whole. A power cut leaves NUL, and half a file does not
    end with a line."""
    found = content(path)
    return found.endswith(b"\n") and NUL not in found


def with_dependencies(bases):
    """The full names of packages and all that they depend on, dependencies first."""
    known = {name.rpartition("-")[0]: name for name in entries()}
    order = []

    def visit(base, above):
        if base not in known or base in above or known[base] in order:
            return
        for line in listed(entries()[known[base]]):
            if line.startswith(("@pkgdep ", "@blddep ")):
                visit(re.split(r"[<>=!]|-(?=[0-9\[*])", line.split(" ", 1)[1])[0], [*above, base])
        order.append(known[base])

    for base in bases:
        visit(base, [])
    return order


def damaged(bases):
    fresh = unknown()
    return [name for name in with_dependencies(bases) if name in fresh and not is_whole(name, fresh[name])]


def mend(name):
    """What would be in the way of `pkg_add -U` goes first: a killed one's rest, and notes and scripts of NUL."""
    directory = entries()[name]
    rest = directory + ".xxxxxx"
    for file in os.listdir(rest) if os.path.isdir(rest) else []:
        os.unlink(f"{rest}/{file}")
    if os.path.isdir(rest):
        os.rmdir(rest)
    notes = [f"{directory}/{file}" for file in ("+DEINSTALL", "+REQUIRED_BY", "+INSTALLED_INFO")]
    for path in [*notes, *copies(directory)]:
        if NUL in content(path):
            os.unlink(path)
    return subprocess.run(["pkg_add", "-U", name.rpartition("-")[0]], check=False).returncode == 0


def sync(path):
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def bring_to_disk(names):
    """Everything that packages brought, with the directories that it is in, then the note."""
    paths = [os.path.dirname(RECORD)]
    for name in names:
        directory = entries()[name]
        paths += [*files(directory), *copies(directory)]
        paths += [f"{directory}/{file}" for file in os.listdir(directory)] + [directory]
    os.sync()  # only schedules the writing, in the disk's order: fsync has less to wait for then
    for path in dict.fromkeys(paths):
        if os.path.isfile(path) and not os.path.islink(path):
            sync(path)
    for path in sorted({os.path.dirname(path) for path in paths}):
        sync(path)
    left = unknown()
    with open(RECORD + ".new", "w", encoding="utf-8") as stream:
        for name, directory in sorted(entries().items()):
            if name not in left or name in names:
                stream.write(f"{name} {stamp(directory)}\n")
        stream.flush()
        os.fsync(stream.fileno())
    os.rename(RECORD + ".new", RECORD)
    remove_unfinished()
    sync(os.path.dirname(RECORD))


def remove_unfinished():
    """What a module that a power cut ended was writing in the note's place; one that still writes has a lock on it."""
    directory, name = os.path.split(RECORD)
    for path in glob.glob(f"{directory}/.{name}.*.netbsd_xen"):
        try:
            with open(path, "rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(path)
        except OSError:
            continue


def main(what, bases):
    if what == "look":
        return UNKNOWN if unknown() else 0
    wrong, tried = damaged(bases), []
    while what == "settle" and wrong and wrong not in tried:
        tried.append(wrong)
        if not all(mend(name) for name in wrong):
            return 1
        subprocess.run(["pkg_admin", "rebuild-tree"], stdout=subprocess.DEVNULL, check=False)
        wrong = damaged(bases)
    fresh = unknown()
    if what == "settle" and fresh and not wrong:
        bring_to_disk([name for name in fresh if is_whole(name, fresh[name])])
    print("".join(f"damaged: {name}\n" for name in wrong) + "".join(f"mended: {each}\n" for each in tried), end="")
    return 1 if wrong and what == "settle" else 0


sys.exit(main(sys.argv[1], sys.argv[2:]))
