# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A NetBSD machine in a directory: a test double of a NetBSD Xen dom0."""
