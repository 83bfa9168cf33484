# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of sums that a mirror has in each directory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats.system.cksums import sha512_sums

NAMES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1)


@given(st.dictionaries(NAMES, st.text("0123456789abcdef", min_size=128, max_size=128)))
def test_what_cksum_prints_is_read_back(sums: dict[str, str]) -> None:
    assert sha512_sums("".join(f"SHA512 ({name}) = {digest.upper()}\n" for name, digest in sums.items())) == sums


@given(st.text())
def test_rubbish_has_no_sums(text: str) -> None:
    assert isinstance(sha512_sums(text), dict)


def test_other_algorithms_and_cut_lines_are_passed_over() -> None:
    cut = "SHA512 (netbsd.gz) = " + "a" * 127
    assert sha512_sums(f"MD5 (netbsd.gz) = {'a' * 32}\nSHA256 (netbsd.gz) = {'a' * 64}\n{cut}\n") == {}
    assert sha512_sums(f"SHA512 (a (b).gz) = {'a' * 128}\r\n") == {"a (b).gz": "a" * 128}
