# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Every method of installation by its name, the default first."""

from __future__ import annotations

from .image import IMAGE
from .media import MEDIA
from .method import Method
from .packages import PACKAGES
from .sets import SETS
from .sysinst import SYSINST
from .tree import TREE

METHODS: dict[str, Method] = {method.name: method for method in (SETS, SYSINST, TREE, PACKAGES, IMAGE, MEDIA)}
