# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""How an answer of the simulator is compared with the record of the same command line."""
from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ansible_collections.netbsd.xen.plugins.module_utils._formats.net import ifconfig
from ansible_collections.netbsd.xen.plugins.module_utils._formats.system import cpuctl, dumpfs, mounts
from ansible_collections.netbsd.xen.plugins.module_utils._formats.xl import xl_output, xl_tables

# What differs with each run, or between the machine of the records and another one of the same kind.
_VOLATILE = [
    (re.compile(r"f2:0b:a4(:[0-9a-f]{2}){3}"), "TAP-MAC"),
    (re.compile(r"fe80::f00b:a4ff:\w+:\w+"), "TAP-LINK"),
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} [ \d]\d [\d:]{8} (UTC )?\d{4}"), "DATE"),
    (re.compile(r"\b[A-Z][a-z]{2} [ \d]\d ( \d{4}|[\d:]{5,8}( \d{4})?)"), "DATE"),
    (re.compile(r"\[ [0-9a-f]{7,8} [0-9a-f]{7,8} \]"), "[ ID ]"),
    (re.compile(r"(lib|xg_)(\w+\.c):\d+:"), r"\1\2:LINE:"),
    (re.compile(r"/var/run/xen/"), "/var/run/"),
    # Duplicate address detection takes a second: who looks earlier sees this.
    (re.compile(r" tentative"), ""),
    # Packets that passed.
    (re.compile(r"\t\t[0-9a-f:]{17} wm0 \d+ flags=0<>\n"), ""),
    (re.compile(r"transferred in .* secs \(.* bytes/sec\)"), "transferred in TIME"),
]
_NUMBER = re.compile(r"\d+(\.\d+)?")


def form(text: str) -> str:
    """The text without what differs with each run: numbers are 0, however many blanks stand before them."""
    for pattern, replacement in _VOLATILE:
        text = pattern.sub(replacement, text)
    return re.sub(r"[ \t]+", " ", _NUMBER.sub("0", text))


# --- lists whose members are those of another machine ----------------------------------------------------------------


def processes(text: str) -> str:
    """The columns of a process table, and the daemons of Xen in it; who else runs is another machine's matter."""
    lines = form(text).splitlines()
    daemons = sorted({line for line in lines if re.search(r"xenstored|xenconsoled|sbin/xl", line) and "-o" not in line})
    kinds = sorted({re.sub(r"[\w/.:@~\[\]'-]+", "W", re.sub(r"(?<=\w) \S.*", " ARGS", line.strip())) for line in lines})
    return "\n".join([*kinds[:4], *daemons])


def labels(text: str) -> str:
    """Of `KEY : VALUE` lines the keys."""
    return "\n".join(line.partition(":")[0].strip() for line in text.splitlines())


def any_order(text: str) -> str:
    """The database of packages is a hash, or a list here."""
    return "\n".join(sorted(form(text).splitlines()))


def something(text: str) -> str:
    """A compressed file."""
    return "content" if text else ""


_FORMS: list[tuple[re.Pattern[str], Callable[[str], str]]] = [
    (re.compile(r"^/bin/ps -ax"), processes),
    (re.compile(r"^/usr/pkg/sbin/xl info$"), labels),
    (re.compile(r"^/usr/sbin/pkg_info$"), any_order),
    (re.compile(r"^/usr/bin/ftp -o - .*\.gz$"), something),
]


# --- what the collection reads ---------------------------------------------------------------------------------------

_READERS: list[tuple[re.Pattern[str], Callable[[str], Any]]] = [
    (re.compile(r"^/sbin/ifconfig -a$"), ifconfig.parse_interfaces),
    (re.compile(r"^/sbin/ifconfig [a-z]+\d$"), ifconfig.parse_interfaces),
    (re.compile(r"^/sbin/brconfig (-a|bridge\d)$"), ifconfig.parse_bridges),
    (re.compile(r"^/sbin/mount$"), mounts.parse),
    (re.compile(r"^/usr/sbin/dumpfs -s "), dumpfs.parse),
    (re.compile(r"^/usr/sbin/cpuctl identify"), cpuctl.hardware_virtualization),
    (re.compile(r"^/usr/pkg/sbin/xl list( -c)?$"), xl_output.parse_list),
    (re.compile(r"^/usr/pkg/sbin/xl list -l$"), xl_output.parse_list_long),
    (re.compile(r"^/usr/pkg/sbin/xl vcpu-list$"), xl_tables.parse_vcpu_list),
    (re.compile(r"^/usr/pkg/sbin/xl network-list"), xl_tables.parse_network_list),
    (re.compile(r"^/usr/pkg/sbin/xl block-list"), xl_tables.parse_block_list),
    (re.compile(r"^/usr/pkg/sbin/xl cpupool-list$"), xl_tables.parse_cpupool_list),
]


def _read(reader: Callable[[str], Any], text: str) -> str:
    """What a parser makes of the text, or that it can't."""
    for pattern, replacement in _VOLATILE:
        text = pattern.sub(replacement, text)
    try:
        return re.sub(r"(seconds|cpu_time|time|event_channel|\w*ring)=[\d.]+", r"\1=0", str(reader(text)))
    except ValueError as error:
        return f"not read: {error}"


def differences(record: dict[str, Any], answer: dict[str, Any]) -> list[str]:
    """One text for each thing in which an answer differs from its record."""
    line = " ".join(record["cmd"])
    make_form = next((function for pattern, function in _FORMS if pattern.search(line)), form)
    found = []
    if answer["rc"] != record["rc"]:
        found.append(f"exit status {answer['rc']}, really {record['rc']}: {answer['stderr'][-300:]}")
    for stream in ("stdout", "stderr"):
        ours, real = make_form(answer[stream]), make_form(record[stream])
        if ours != real:
            found.append(f"{stream} {ours[:1500]!r}, really {real[:1500]!r}")
    for pattern, reader in _READERS:
        if pattern.search(line):
            ours, real = _read(reader, answer["stdout"]), _read(reader, record["stdout"])
            if ours != real:
                found.append(f"read as {ours[:1500]}, really {real[:1500]}")
    return found
