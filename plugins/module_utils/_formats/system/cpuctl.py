# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What ``cpuctl identify`` says of a CPU's help for fully virtualized guests."""

from __future__ import annotations

import re

# cpu0: features1 0x80982201<SSE3,VMX,SSSE3>; the label's number differs between NetBSD releases, and a long list goes
# on in a line with the same label (record cpuctl-identify-0, NetBSD 7.99.10; usr.sbin/cpuctl/arch/i386.c).
_FEATURES = re.compile(r"^cpu[0-9]+: [^<\n]*\bfeatures[^<\n]*<([^>\n]*)>", re.MULTILINE)
# Intel's and AMD's. What the firmware has switched off is not listed.
TOKENS = ("VMX", "SVM")


def features(text: str) -> frozenset[str]:
    """Every feature of every ``features`` line."""
    return frozenset(word.strip() for found in _FEATURES.findall(text) for word in found.split(","))


def hardware_virtualization(text: str) -> str | None:
    """``VMX`` (Intel) or ``SVM`` (AMD); None for a CPU without."""
    present = features(text)
    return next((token for token in TOKENS if token in present), None)
