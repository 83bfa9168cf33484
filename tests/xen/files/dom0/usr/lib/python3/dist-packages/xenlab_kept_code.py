# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Keeps what Python compiles from zip files, for the lab's dom0 only.

Ansible sends each module as a zip of Python sources, which Python compiles anew in every run: a second of emulation a
call. The code is kept under a hash of its source, so it is always that of the source that was sent. Loaded at Python's
start by the .pth file beside this one; whatever goes wrong here, the source is compiled as ever.
"""

import _imp
import marshal
import os
import zipimport

_DIRECTORY = "/run/xenlab-kept-code"
_KEY = 20  # of the hash; changed if what is kept should ever look different

_compile = getattr(zipimport, "_compile_source", None)


def _kept(path):
    try:
        with open(path, "rb") as kept:
            return marshal.load(kept)
    except (OSError, ValueError, EOFError, TypeError):
        return None


def _compile_or_take(pathname, source):
    # The name of the zip, new in each run, is in the code too, but nobody looks at it there except tracebacks.
    name = f"{os.path.basename(pathname)}-{_imp.source_hash(_KEY, source).hex()}"
    path = os.path.join(_DIRECTORY, name)
    code = _kept(path)
    if code is not None:
        return code
    code = _compile(pathname, source)
    try:
        os.makedirs(_DIRECTORY, mode=0o700, exist_ok=True)
        temporary = f"{path}.{os.getpid()}"
        with open(temporary, "wb") as kept:
            marshal.dump(code, kept)
        os.replace(temporary, path)
    except OSError:
        pass
    return code


if _compile is not None:
    zipimport._compile_source = _compile_or_take
