# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the checkout is, said once."""

from __future__ import annotations

from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[3]
ROLES = CHECKOUT / "roles"
SIMRACK = CHECKOUT / "tests/simulator/simrack"
