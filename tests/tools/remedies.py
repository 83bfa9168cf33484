# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Whether a message leaves its reader with something to do, or needs words of its own on the page of errors.

A message tells enough if it asks for something (a clause begins with a verb of ORDERS), or says what would be right.
One that refuses a value of the inventory (DECLARED) is its own cause, and the place to mend it is where it says.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from messages_in_code import Message

# What a clause that asks for something begins with.
ORDERS = """
add allow boot bring change choose compare connect convert correct declare destroy enable end get give go have import
install leave let log look lower make mark mend mount move name pack put raise reboot register release remove rename
repeat report reset restart restore run say see set show shut start stop switch take unmount unpack update upgrade use
wait write
""".split()
_ORDER = re.compile(
    rf"(?:^|[.;:,?…]\s?|\(|\b(?:and|or|so|then|please) )(?:{'|'.join(ORDERS)})(?=[ :](?:[a-z…\w'\[(]))", re.IGNORECASE
)
_RIGHT = re.compile(
    r"\b(?:allowed|must (?:be|have|come)|each needs its own|can be used once|did you mean|such as|for example|"
    r"the next run|there are|there will be|those are|it has …|it takes|takes [a-z]+ only|needs?) ?"
)
# Of files that judge what was declared, or given to a filter, and nothing of the machine.
DECLARED = """
*/_arguments.py */_declared.py */_formats/guest/* */_formats/text.py */_formats/units.py */_formats/xl/xl_specs.py
*/_formats/xl/xlcfg.py */_formats/xm/xm_config.py */_templates.py */declare.py */declare/*.py */declared.py
*/install/netbsd_release.py */install/network.py */install/passwords.py */origin.py */systems/methods/*.py filter/*.py
lookup/*.py
""".split()


def needs_cause(message: Message) -> bool:
    if any(fnmatchcase(message.file, pattern) for pattern in DECLARED):
        return False
    return not (_ORDER.search(message.text) or _RIGHT.search(message.text))
