# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is below both toolstacks: the hypervisor, its domains and their devices, xenstore."""
