# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Ansible's own run of a task, in this process, over a connection to a Python that stays on the machine.

A start of `ansible` takes one to two seconds here, and most of a module's time on the machine goes to the start of its
Python (see resident.py). Both are paid once here. In between everything is Ansible's: its TaskExecutor calls the
action plugin, which maps the arguments, and has the module built as AnsiballZ. Only the connection is another: it takes
from the finished program what the module is called with, and hands that to the machine.
"""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import os
import shlex
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]

# Ansible reads its settings when it is imported: nobody's own are to decide here; the collection is the checkout
# (`make collections`).
for _name in [name for name in os.environ if name.startswith("ANSIBLE_")]:
    del os.environ[_name]
os.environ["ANSIBLE_CONFIG"] = str(CHECKOUT / "ansible.cfg")
os.environ["ANSIBLE_COLLECTIONS_PATH"] = str(CHECKOUT / ".build/collections")

from ansible import context  # noqa: E402
from ansible._internal import _task  # noqa: E402
from ansible.errors import AnsibleConnectionFailure, AnsibleError  # noqa: E402
from ansible.executor.task_executor import TaskExecutor  # noqa: E402
from ansible.executor.task_result import _RawTaskResult  # noqa: E402
from ansible.inventory.manager import InventoryManager  # noqa: E402
from ansible.module_utils.common.collections import ImmutableDict  # noqa: E402
from ansible.parsing.dataloader import DataLoader  # noqa: E402
from ansible.playbook.play import Play  # noqa: E402
from ansible.playbook.play_context import PlayContext  # noqa: E402
from ansible.plugins import loader as plugin_loader  # noqa: E402
from ansible.plugins.callback import CallbackBase  # noqa: E402
from ansible.plugins.connection import ConnectionBase  # noqa: E402
from ansible.vars.hostvars import HostVars  # noqa: E402
from ansible.vars.manager import VariableManager  # noqa: E402

_RUNNER = Path(__file__).with_name("resident.py")
# The machine keeps a module's time; this is what it may take to say that the time was up, and to start its Python.
_GRACE_SECONDS = 60.0
_SSH_FAILED = 255


# Ansible's code is made for processes, not for threads: only one at a time is in it, unless it waits for the machine.
_in_ansible = threading.Lock()


class Lost(Exception):
    """The Python on the machine has ended, or does not answer any more."""


class _Resident:
    """One Python on the machine, which runs one module at a time."""

    def __init__(self, ssh: Sequence[str], python: str) -> None:
        start = "import json, sys; exec(json.loads(sys.stdin.readline()))"
        command = [*ssh, shlex.join(["exec", python, "-c", start])]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._taken: set[str] = set()
        try:
            self._send(_RUNNER.read_text(encoding="utf-8"))
        except Lost:
            self.close()
            raise

    def module(self, program: Mapping[str, Any], environment: Mapping[str, str], seconds: float) -> Mapping[str, Any]:
        """Runs a module. ``program`` is what AnsiballZ calls its main function with. Raises Lost."""
        digest = hashlib.sha256(program["zip_data"].encode()).hexdigest()
        if digest not in self._taken:
            self._ask({"zip": program["zip_data"]}, seconds)
            self._taken.add(digest)
        request = {"module": program["module_fqn"], "params": program["params"], "profile": program["profile"]}
        return self._ask(dict(request, environment=dict(environment), seconds=seconds), seconds)

    def command(self, argv: Sequence[str], seconds: float) -> Mapping[str, Any]:
        """Runs a command. Raises Lost."""
        return self._ask({"argv": list(argv), "seconds": seconds}, seconds)

    def close(self) -> None:
        self._process.kill()
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        self._process.wait()

    def _ask(self, request: Mapping[str, Any], seconds: float) -> dict[str, Any]:
        self._send(request)
        watch = threading.Timer(seconds + _GRACE_SECONDS, self._process.kill)
        watch.start()
        try:
            line = self._process.stdout.readline()
        finally:
            watch.cancel()
        if not line:
            raise Lost("the connection broke, or the machine is gone")
        return json.loads(line)

    def _send(self, message: Any) -> None:
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise Lost(str(error)) from error


class Residents:
    """As many Pythons on the machine as there are things at once; a new one takes seconds under emulation."""

    def __init__(self, ssh: Sequence[str], python: str, seconds: float) -> None:
        self.ssh, self._python, self._seconds = ssh, python, seconds
        self._idle: list[_Resident] = []

    def module(self, program: Mapping[str, Any], environment: Mapping[str, str]) -> tuple[int, bytes, bytes]:
        """Exit status, stdout and stderr of a module. Raises Lost if there are none, also after the time limit."""
        answer = self._with_one(lambda resident: resident.module(program, environment, self._seconds))
        if answer["rc"] is None:
            raise Lost(f"{program['module_fqn']} was killed: it did not end within {self._seconds:g} s")
        return answer["rc"], _bytes(answer["stdout"]), _bytes(answer["stderr"])

    def command(self, argv: Sequence[str], seconds: float) -> subprocess.CompletedProcess[str]:
        """A command's end. Raises Lost, or subprocess.TimeoutExpired if there is none in time; there it goes on."""
        answer = self._with_one(lambda resident: resident.command(argv, seconds))
        if answer["rc"] is None:
            raise subprocess.TimeoutExpired(list(argv), seconds)
        out, err = (_bytes(answer[name]).decode(errors="replace") for name in ("stdout", "stderr"))
        return subprocess.CompletedProcess(list(argv), answer["rc"], out, err)

    def close(self) -> None:
        """Ends them all; the next call starts a new one. For a machine that goes away, too."""
        while self._idle:
            self._idle.pop().close()

    def _with_one(self, ask: Callable[[_Resident], Mapping[str, Any]]) -> Mapping[str, Any]:
        try:
            resident = self._idle.pop()
        except IndexError:
            resident = _Resident(self.ssh, self._python)
        try:
            answer = ask(resident)
        except BaseException:
            resident.close()
            raise
        self._idle.append(resident)
        return answer


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


class Connection(ConnectionBase):
    """Ansible's connection to the machine: modules go to the residents, everything else to ssh."""

    transport = "resident"
    has_pipelining = always_pipeline_modules = True

    def __init__(self, residents: Residents, environment: Mapping[str, str], *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self._load_name = self.transport
        self._residents, self._environment = residents, environment

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        program = _called_with(in_data) if in_data else None
        if program is not None:
            _in_ansible.release()
            try:
                return self._residents.module(program, self._environment)
            except Lost as error:
                raise AnsibleConnectionFailure(str(error)) from error
            finally:
                _in_ansible.acquire()
        ended = subprocess.run([*self._residents.ssh, cmd], input=in_data or b"", capture_output=True, check=False)
        if ended.returncode == _SSH_FAILED:
            raise AnsibleConnectionFailure(ended.stderr.decode(errors="replace"))
        return ended.returncode, ended.stdout, ended.stderr

    def put_file(self, in_path: str, out_path: str) -> None:
        raise AnsibleError("this connection transfers no files")

    fetch_file = put_file

    def reset(self) -> None:
        self._residents.close()

    def close(self) -> None:
        pass


def _called_with(program: bytes) -> dict[str, Any] | None:
    """What a program made by AnsiballZ calls its main function with; None if it is no such program."""
    if b"_ansiballz_main(" not in program:
        return None
    (call,) = (
        node
        for node in ast.walk(ast.parse(program))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_ansiballz_main"
    )
    wanted = ("zip_data", "module_fqn", "params", "profile")
    return {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg in wanted}


class Here:
    """Ansible for one host of an inventory, in this process. ``environment`` is what modules find in theirs."""

    def __init__(
        self, inventory: Path, host: str, residents: Residents, environment: Mapping[str, str] | None = None
    ) -> None:
        self._loader = DataLoader()
        hosts = InventoryManager(self._loader, sources=[str(inventory)])
        self._manager = VariableManager(self._loader, hosts)
        HostVars(hosts, self._manager, self._loader)
        self._host = hosts.get_host(host)
        connections = SimpleNamespace(
            get_with_context=lambda _name, *args, **keywords: (
                Connection(residents, environment or {}, *args, **keywords),
                None,
            )
        )
        others = ("action_loader", "module_loader", "become_loader")
        self._plugins = SimpleNamespace(
            connection_loader=connections, **{name: getattr(plugin_loader, name) for name in others}
        )

    def run(self, name: str, args: Mapping[str, Any], check: bool = False, diff: bool = False) -> dict[str, Any]:
        """The result of one task, as a callback plugin of Ansible gets it, with the texts of its warnings.

        Raises AnsibleError if there is no such action, or no answer.
        """
        with _in_ansible:
            return self._run(name, args, check, diff)

    def _run(self, name: str, args: Mapping[str, Any], check: bool, diff: bool) -> dict[str, Any]:
        tasks = [{"action": name, "args": dict(args), "check_mode": check, "diff": diff}]
        play = Play.load(
            {"name": name, "hosts": self._host.name, "gather_facts": False, "tasks": tasks},
            variable_manager=self._manager,
            loader=self._loader,
        )
        task = next(_tasks_of(play))
        variables = self._manager.get_vars(play=play, host=self._host, task=task)
        executor = TaskExecutor(
            self._host, task, variables, PlayContext(play), self._loader, self._plugins, None, self._manager
        )
        with _task.TaskContext(task):
            found = executor.run()
        if found.get("unreachable"):
            raise AnsibleConnectionFailure(found["msg"])
        return _as_callbacks_see(_RawTaskResult(self._host, task, found, task.dump_attrs()))


def _tasks_of(play: Play) -> Iterator[Any]:
    for block in play.tasks:
        yield from block.block


def _as_callbacks_see(raw: _RawTaskResult) -> dict[str, Any]:
    told = raw.as_callback_task_result()
    # With less, Ansible leaves the diff out.
    callback = CallbackBase(display=SimpleNamespace(verbosity=3))
    result = json.loads(callback._dump_results(told.result))
    result["failed"] = raw.is_failed()
    warnings = [warning.event.msg for warning in told.warnings]
    return dict(result, warnings=warnings) if warnings else result


context.CLIARGS = ImmutableDict(
    become=False,
    become_ask_pass=False,
    become_method=None,
    become_user=None,
    check=False,
    connection="resident",
    diff=False,
    extra_vars=(),
    forks=1,
    inventory=(),
    start_at_task=None,
    tags=("all",),
    skip_tags=(),
    verbosity=0,
)
plugin_loader.init_plugin_loader()
