# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Writes down, beside whatever is on the screen, what a run changed and how it ended."""

from __future__ import annotations

import json
import os

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
    name: wrote_down
    type: notification
    short_description: Writes a run's changes and its recap to a file
    description:
      - One JSON object a line. C(event) is C(changed) (a task that changed something, or in check mode would),
        C(planned) (what a look said that a run would change, before anything was), C(failed) or C(stats).
    requirements:
      - enabled in the configuration
    options:
      file:
        description: The file, made anew by whoever starts the run.
        required: true
        env:
          - name: WROTE_DOWN_FILE
        ini:
          - section: callback_wrote_down
            key: file
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "wrote_down"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        # Hosts that are no longer as they were looked at. To get a Python is no change of what a look tells.
        self._began = set()

    def v2_runner_on_ok(self, result):
        if result._result.get("changed"):
            changes = _changes(result._result)
            if changes:
                self._began.add(result._host.get_name())
            self._write("changed", result, changes=changes)
        elif isinstance(result._result.get("plan"), dict) and result._host.get_name() not in self._began:
            self._write("planned", result, changes=_told(result._result["plan"].get("steps", [])))

    def v2_runner_on_failed(self, result, ignore_errors=False):
        said = [result._result.get("msg", ""), result._result.get("internal_traceback", "")]
        self._write("failed", result, msg="\n".join(str(each) for each in said if each))
        # A task may have done some of its work before it failed.
        self.v2_runner_on_ok(result)

    def v2_playbook_on_stats(self, stats):
        self._write("stats", hosts={host: stats.summarize(host) for host in sorted(stats.processed)})

    def _write(self, event, result=None, **details):
        where = {"host": result._host.get_name(), "task": result._task.get_name()} if result else {}
        # Opened for each line: what a run that is killed has written is complete.
        with open(self.get_option("file"), "a", encoding="utf-8") as record:
            record.write(json.dumps({"event": event, **where, **details}) + "\n")
            record.flush()
            os.fsync(record.fileno())


def _changes(result):
    """Resource, thing and summary of each change that a module of this collection reports; empty for other modules."""
    changes = result.get("changes")
    return _told(changes) if isinstance(changes, list) else []


def _told(changes):
    return [{key: change[key] for key in ("resource", "thing", "summary")} for change in changes]
