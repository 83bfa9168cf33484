# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Every configuration of the corpus means to the collection what it means to the target's xl."""

from __future__ import annotations

import re

from contract_target import Target
from corpus import RELEASES, judged
from corpus_compare import differences, tally, unlike_recorded

# Half a second each on an idle machine, under emulation.
_SECONDS = 1800


def release_of(target: Target) -> str:
    """Xen's release on the target, as in "4.20"."""
    info = target.run([target.facts["xl"], "info"]).stdout
    major, minor = (re.search(rf"^xen_{part} *: *([0-9]+)", info, re.MULTILINE) for part in ("major", "minor"))
    assert major is not None, info
    assert minor is not None, info
    return f"{major.group(1)}.{minor.group(1)}"


def test_every_configuration_is_understood_as_xl_does(target: Target) -> None:
    release = release_of(target)
    verdicts = judged(target.ssh, target.facts["xl"], _SECONDS)
    print(f"Xen {release}: {tally(verdicts)}")
    unlike = differences(release, verdicts)
    assert not unlike, "\n".join(unlike)
    if release in RELEASES:
        assert unlike_recorded(release, verdicts) == []
