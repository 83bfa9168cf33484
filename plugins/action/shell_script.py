# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A text that sh runs from a file, so that neither the login shell nor su's has to read it.

``ansible.builtin.raw`` hands the whole of a command to the login shell as one quoted word. To a csh one of more than
1024 bytes is an error: "Word too long." (NetBSD bin/csh/csh.h, BUFSIZE; lex.c, word; measured on 7.99.10).
"""

from __future__ import annotations

import shlex
from typing import Any

from ansible.plugins.action import ActionBase

ARGUMENTS: dict[str, dict[str, Any]] = {"script": {"type": "str", "required": True}}
NAME = "script.sh"


class ActionModule(ActionBase):
    TRANSFERS_FILES = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result: dict[str, Any] = super().run(tmp, task_vars)
        _checked, options = self.validate_argument_spec(argument_spec=ARGUMENTS)
        if self._task.check_mode:
            return {**result, "skipped": True, "msg": "Nobody can tell what a script would do."}
        shell = self._connection._shell
        try:
            # Root reads it, whoever has brought it.
            path = self._transfer_data(shell.join_path(shell.tmpdir, NAME), options["script"])
            ended = self._low_level_execute_command(f"/bin/sh {shlex.quote(str(path))}")
        finally:
            self._remove_tmp_path(shell.tmpdir)
        failed = {"failed": True, "msg": f"the script ended with status {ended['rc']}"} if ended["rc"] else {}
        return {**result, **ended, "changed": True, **failed}
