#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: rc_service
short_description: The rc.d services of a NetBSD dom0
version_added: 0.1.0
description:
  - Enables services by the switch that their own scripts name, sets rc.conf variables, and starts or stops services.
  - Xen's services are judged by their processes and by xenstored's answer, because the status of C(xencommons) is
    always 0.
  - Only the assignment that counts is changed, in its line, in whichever file it is. As C(sh) does, this reads
    C(/etc/rc.conf), all that it reads in turn (C(. /etc/rc.conf.local), also where that is tested for first), and
    C(/etc/rc.conf.d/NAME). Nothing of it is executed.
  - A variable of which only C(sh) could tell what counts (set within a condition or a function, or by a file whose name
    is worked out) is refused, with file and line. So is a change of a file outside of C(/etc), which other machines may
    read too.
  - Of Xen's services just what is missing is started. A living xenstored is never restarted, since guests can't do
    without it. A dead xend, which C(xm) needs, is started; it keeps the guests that run.
  - A dead xenstored is not started beside running guests, because it would not know them. That is refused, with what
    tells of the guests; M(netbsd.xen.xen_reboot) has O(netbsd.xen.xen_reboot#module:abandon_guests) for the way out.
  - From Xen 4.17 on xenstored must also know the first CPU pool, or no guest can be created; it is told of it.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
  - netbsd.xen.resource.release
options:
  services:
    description: The services, each named once.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name of a script in C(/etc/rc.d).
        type: str
        required: true
      enabled:
        description:
          - Whether it starts at boot. If omitted, that is left alone.
          - With V(false), a switch that says neither yes nor no gets C(NO), because each boot warns of such a one.
          - Refused for a script without an rcvar, such as C(xendomains). Its switch is the list of guests in its
            variable.
        type: bool
      state:
        description:
          - Whether it runs now. If omitted, that is left alone.
          - A running C(xencommons) is not stopped. Disable it and reboot.
        type: str
        choices: [started, stopped]
      variables:
        description:
          - rc.conf variables and their values, each a text of one line, a number or a boolean, which becomes C(YES)
            or C(NO).
          - A variable that is not set counts as empty.
        type: dict
        default: {}
      guests:
        description:
          - The guests that C(xendomains) starts at boot, for that service only. Of the list in its variable only the
            words of declared guests are changed. What nobody declares stays, and a warning names it.
          - Each word of the list means a file, by C(xendomains_config), and the guest is the one in the file, so that
            C(NAME.cfg) and files in other directories are known. Where that format is changed, a word that stays is
            written so that it means the same file.
        type: dict
        suboptions:
          autostart:
            description: The names of those that start, in this order.
            type: list
            elements: str
            required: true
          declared:
            description: The names of all that are declared. Those of them that do not start are taken out of the list.
            type: list
            elements: str
            default: []
          files:
            description: The names of the config files that have not their guest's name, by guest.
            type: dict
            default: {}
          config_dir:
            description: Where their config files are, each by its guest's name.
            type: path
            default: /usr/pkg/etc/xen
  release:
    description:
      - The Xen release whose services these are, such as V(4.2). It decides which daemons must live while a service is
        started. Services of other releases can be stopped and disabled only.
      - If omitted, what the newest release with a service of that name says of it holds.
    type: str
  assume_files:
    description:
      - Scripts of Xen, and C(/kern/xen/privcmd), that are taken to exist. For a run in check mode, where the tasks that
        would install or mount them did nothing.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Xen's daemons, now and at boot, and the guests that start at boot
  netbsd.xen.rc_service:
    services:
      - name: xencommons
        enabled: true
        state: started
      - name: xendomains
        guests: {autostart: [web1, db1], declared: [web1, db1, test1]}

- name: The same list as text, whatever stood in it
  netbsd.xen.rc_service:
    services:
      - name: xendomains
        variables:
          xendomains: web1 db1
          xendomains_config: /usr/pkg/etc/xen/%s.cfg

- name: The daemons of an old dom0
  netbsd.xen.rc_service:
    release: "3.1"
    services:
      - name: xend
        enabled: true
        state: started
      - name: xenbackendd
        enabled: true
        state: started
"""

RETURN = r"""
changes:
  description: What was done, or in check mode would be done, in order.
  returned: always
  type: list
  elements: dict
  contains:
    resource:
      description: The kind of thing that changed, which is the module's name.
      type: str
    thing:
      description: What changed, by the name that an admin knows it by.
      type: str
    summary:
      description: The change in one line.
      type: str
    impact:
      description:
        - What the change costs the users of the machine, C(live), C(guest_restart), C(guest_recreate) or
          C(host_reboot).
      type: str
    before:
      description: What was found. Text or plain data, never a secret.
      type: raw
    after:
      description: What is wanted. Text or plain data, never a secret.
      type: raw
restart_required:
  description:
    - Changes that are still needed and were not allowed, in the form of RV(changes).
    - "Each also has its C(word), the options that the admin has to give first, like V(restart_policy: if_needed)."
  returned: always
  type: list
  elements: dict
commands:
  description: The commands that were run on the machine, each with its C(argv), exit status C(rc) and C(seconds).
  returned: always
  type: list
  elements: dict
failures:
  description: What could not be done, each with its C(thing), C(msg) and whatever is known about the cause.
  returned: failure
  type: list
  elements: dict
"""

from ansible_collections.netbsd.xen.plugins.module_utils._engine import run_module
from ansible_collections.netbsd.xen.plugins.module_utils._resources.services import resource as rc_service


def main() -> None:
    run_module(rc_service)


if __name__ == "__main__":
    main()
