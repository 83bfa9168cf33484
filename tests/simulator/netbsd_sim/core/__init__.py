# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every simulated command goes through: the machine's state, its lock, dispatch, faults, sessions."""
