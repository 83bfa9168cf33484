# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""The list of what xendomains starts at boot, as words and the files that they mean (pkgsrc
xentools*/files/xendomains.sh). Reads only."""

from __future__ import annotations

from . import _rc_conf
from ._host import Host

NAME = "xendomains"
LIST, FORMAT = "xendomains", "xendomains_config"
# What the script takes if nothing is set.
DEFAULT_FORMAT = "/usr/pkg/etc/xen/%s"


def listed(host: Host) -> list[tuple[str, str]]:
    """Each word of the list with its file. Empty where only sh could tell the list."""
    values = _rc_conf.values(host, NAME)
    words, form = values.find(LIST), values.find(FORMAT)
    if words is None or words.why or (form is not None and form.why):
        return []
    pattern = DEFAULT_FORMAT if form is None else form.value or ""
    return [(word, pattern.replace("%s", word, 1)) for word in (words.value or "").split()]
