# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Runs modules and commands on the machine under test, in a Python that stays there.

Ansible sends each module as a zip with all that it imports (AnsiballZ) to a Python of its own, which costs seconds
under emulation, most of it for importing the same code again. Here that Python is kept: it takes such a zip once,
imports what is in it, and forks for each call. What then runs in the fork is AnsiballZ's own loader. A command by the
same way spares it sshd's new session with a shell.

This file is sent over ssh and runs as a program on the machine (Python 3.8 or newer, standard library only). Each line
of its stdin is a request, each line of its stdout the answer, both JSON objects:

    {"zip": TEXT}               a module with what it imports, in base64; the answer is {}
    {"module": FULL NAME, "params": JSON TEXT, "profile": NAME, "environment": {NAME: TEXT}, "seconds": NUMBER}
                                calls the module; one that does not end within that time is killed
    {"argv": WORDS, "seconds": NUMBER}
                                runs the command; one that does not end within that time goes on

The answer to the last two has rc, stdout and stderr; rc is null if the time was up. The program ends when its stdin
does, and leaves nothing behind.
"""

import atexit
import base64
import importlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import traceback
import zipfile


class TimeIsUp(Exception):
    pass


def main():
    folder = tempfile.mkdtemp(prefix="resident-")
    sys.path[:] = [folder] + [path for path in sys.path if path not in ("", ".")]
    signal.signal(signal.SIGALRM, _give_up)
    try:
        for line in sys.stdin:
            request = json.loads(line)
            if "zip" in request:
                answer = _take(folder, request["zip"])
            else:
                answer = _answer(_module if "module" in request else _command, folder, request)
            print(json.dumps(answer), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _take(folder, packed):
    """Unpacks a module with what it imports, and imports the latter. Zips share files, which are the same in each."""
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(packed))) as archive:
        archive.extractall(folder)
        names = archive.namelist()
    importlib.invalidate_caches()
    for name in names:
        if "/module_utils/" in name and name.endswith(".py"):
            try:
                importlib.import_module(name[:-3].replace("/", ".").replace(".__init__", ""))
            except ImportError:
                pass  # of a library that this machine does not have; the module will say so if it needs it
    return {}


def _answer(function, folder, request):
    """Files take the output, not pipes: daemons that are left behind may keep them open."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        answer = {"rc": function(folder, request, out, err)}
        for name, stream in (("stdout", out), ("stderr", err)):
            stream.seek(0)
            answer[name] = stream.read().decode("utf-8", "surrogateescape")
        return answer


def _command(_folder, request, out, err):
    try:
        child = subprocess.Popen(request["argv"], stdin=subprocess.DEVNULL, stdout=out, stderr=err)
    except OSError as error:
        err.write(str(error).encode())
        return 127  # a shell's status for a command that is not there
    return _wait(child.pid, request["seconds"])


def _module(folder, request, out, err):
    child = os.fork()
    if child == 0:
        _be_module(folder, request, out.fileno(), err.fileno())
    rc = _wait(child, request["seconds"])
    if rc is None:
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return rc


def _wait(child, seconds):
    """The child's exit status as a shell has it, or None if the time is up."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        status = os.waitpid(child, 0)[1]
    except TimeIsUp:
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _give_up(_signal, _frame):
    raise TimeIsUp


def _be_module(folder, request, out, err):
    """The rest of a fork's life. A group of its own, so that it can be killed with its children; not a session of its
    own, because a module has none under ssh either."""
    rc = 1
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        sys.stdin = open(os.devnull)
        for number, descriptor in enumerate((sys.stdin.fileno(), out, err)):
            os.dup2(descriptor, number)
        os.environ.update(request["environment"])
        from ansible.module_utils._internal._ansiballz import _loader

        _loader.run_module(
            json_params=request["params"].encode(),
            profile=request["profile"],
            module_fqn=request["module"],
            modlib_path=folder,
            extensions={},
        )
    except SystemExit as ended:
        rc = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        # Not an ordinary exit: the way out leads through main(), which would remove the parent's folder.
        atexit._run_exitfuncs()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(rc)


if __name__ == "__main__":
    main()
