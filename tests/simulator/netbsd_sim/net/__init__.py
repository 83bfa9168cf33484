# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interfaces, bridges, routes, npf, and what fetches."""
