# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rest of NetBSD: rc.d, mounts, devices, processes, what tells about the system."""
