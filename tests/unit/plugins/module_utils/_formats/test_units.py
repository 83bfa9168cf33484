# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Sizes as admins write them, both ways."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.netbsd.xen.plugins.module_utils._formats import units


@given(st.integers(1, 999), st.sampled_from("KMGT"))
def test_a_size_is_shown_as_it_is_read(number: int, unit: str) -> None:
    size = units.size_bytes(f"{number}{unit}")
    assert units.size_bytes(units.size_text(size)) == size


@given(st.integers(1, 1 << 24))
def test_memory_is_shown_as_it_is_read(memory: int) -> None:
    assert units.mebibytes(units.memory_text(memory)) == memory


def test_the_largest_unit_that_divides() -> None:
    sizes = (20 << 30, 1536 << 20, 1000, 1024)
    assert [units.size_text(size) for size in sizes] == ["20G", "1536M", "1000 bytes", "1K"]
    assert [units.memory_text(memory) for memory in (512, 1024, 1536, 20480)] == ["512M", "1G", "1536M", "20G"]
