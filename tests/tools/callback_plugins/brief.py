# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What a run does, one line a task that did something; a task that found everything in order has none."""

from __future__ import annotations

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: brief
    type: stdout
    short_description: One line a task that changed something or failed
    description:
      - Diffs, warnings and the recap are Ansible's own, without empty lines. The default callback prints four lines for
        a task on three hosts, which makes a run of a whole rack too long to be read.
    extends_documentation_fragment: result_format_callback
"""
WORDS = {"changed": "changed", "failed": "FAILED", "unreachable": "UNREACHABLE"}


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "brief"

    def __init__(self):
        super().__init__()
        self._task = ""
        self._hosts = {}

    def v2_playbook_on_task_start(self, task, is_conditional):
        self._end_task()
        self._task = task.get_name()

    def v2_runner_on_ok(self, result):
        if result._result.get("changed"):
            self._note("changed", result)
        self._handle_warnings(result._result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self._note("failed", result)
        self._handle_warnings(result._result)
        self._display.display(f"{result._host.get_name()}: {result._result.get('msg', '')}")

    def v2_runner_on_unreachable(self, result):
        self._note("unreachable", result)
        self._display.display(f"{result._host.get_name()}: {result._result.get('msg', '')}")

    def v2_on_file_diff(self, result):
        diff = result._result.get("diff")
        if diff and result._result.get("changed"):
            text = self._get_diff(diff)
            self._display.display("\n".join(line for line in text.splitlines() if line.strip()))

    def v2_playbook_on_stats(self, stats):
        self._end_task()
        for host in sorted(stats.processed):
            counts = stats.summarize(host)
            words = " ".join(f"{name}={counts[name]}" for name in ("ok", "changed", "unreachable", "failures"))
            self._display.display(f"{host}: {words}")

    def _note(self, how, result):
        self._hosts.setdefault(how, []).append(result._host.get_name())

    def _end_task(self):
        """The line of the task before, once all its hosts have answered."""
        for how, hosts in self._hosts.items():
            self._display.display(f"{WORDS[how]}: {' '.join(sorted(hosts))}: {self._task}")
        self._hosts = {}
