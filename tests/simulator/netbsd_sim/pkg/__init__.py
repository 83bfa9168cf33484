# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages: what they contain, and pkg_add, pkgin and pkgsrc."""
