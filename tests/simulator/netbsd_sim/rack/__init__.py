# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rack of machines: its directory, the file systems of its hosts, the mirror, the way in."""
