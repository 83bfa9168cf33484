# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is on a disk: labels, file systems, the files in them. Bytes and trees, no machine."""
