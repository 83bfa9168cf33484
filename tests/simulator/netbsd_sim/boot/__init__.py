# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the reset button to a kernel, and back: boot blocks, loaders, power."""
