# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sysinst asks, by release of NetBSD, and what it is answered.

The rules of NetBSD 7 are those of a whole installation that was recorded on a real machine (7.99.10 in a Xen PV guest,
by HTTP). Those of NetBSD 9 and 10 are from the source, and were never seen on a machine: of usr.sbin/sysinst msg.mi.en
and msg.entropy.en for the words; install.c, disks.c, bsddisklabel.c, label.c, net.c, util.c and configmenu.c for what
is asked. They edit partitions otherwise, ask for no name of the disk by themselves, and for root's password without
being told to.

Values: ``disk``, ``swap`` (megabytes), ``disk_name``, ``source`` (HTTP, FTP or CD-ROM), ``host`` and ``directory`` (of
the server with the sets) or ``cd`` (the device),
``interface``, ``hostname``, ``domain``, ``address``, ``netmask``, ``gateway``, ``nameserver``, ``timezone`` with its
``region``, ``root_password``.
"""

from __future__ import annotations

from .conversation import Fill, Pick, Rule, Setting, Settings, Stop

_HTTP = Settings(
    (
        # Not asked by itself in this release. Before the rest, because a question that is answered inside of this menu
        # has "Get Distribution" go back once without fetching.
        Setting("^Configure network", done="network"),
        Setting("^Host ", shown=r"^Host +{host}( |$)"),
        Setting("^Base directory ", shown=r"^Base directory +{directory}( |$)"),
    ),
    then="^Get Distribution",
)
_CD = Settings((Setting("^Device ", shown=r"^Device +{cd}( |$)"),), then="^Continue")
_CONFIG = Settings(
    (
        Setting("^Timezone ", shown=r" {timezone}$"),
        Setting("^Change root password ", shown=r" password set$"),
        Setting("^Enable sshd ", shown=r" YES$"),
    ),
    then="^Finished configuring",
)

NETBSD_7: tuple[Rule, ...] = (
    Rule("language", Pick("Installation messages in English"), item="Installation messages in English"),
    # What went wrong, before what would go on from there.
    Rule("failed", Stop("a command of sysinst failed"), prompt="Hit enter to continue", text="Status: Command failed"),
    Rule(
        "too small", Stop("the disk is too small for what sysinst wants to put on it"), item="^Reduce partition sizes"
    ),
    # When all is done: to a shell, because the guest must halt. Rebooted it would come up with sysinst again.
    Rule("to the utilities", Pick("^Utility menu"), title="Install System", after="complete"),
    Rule("to the shell", Pick("^Run /bin/sh"), title="Utilities", after="complete"),
    Rule("halt", Fill("halt -p"), prompt=r"^# ", after="to the shell", last=True),
    Rule("install", Pick("^Install NetBSD to hard disk"), title="Install System", most=1),
    Rule("begin", Pick("^Yes"), title="yes or no", text="You have chosen to install NetBSD .* Shall we continue"),
    Rule("disk", Pick("^{disk}( |$)"), title="Available disks"),
    Rule("partitions", Pick("^Set sizes of NetBSD partitions"), title="Choose your installation"),
    Rule(
        "sizes", Settings((Setting(r" swap$", shown=r"^{swap} "),), "^Accept partition sizes"), item="^Accept partition"
    ),
    Rule("swap", Fill("{swap}"), prompt=r"Size for swap in MB\? \[.*\]: "),
    Rule("label", Pick("^Partition sizes ok"), item="^Partition sizes ok", text="your BSD-disklabel partitions"),
    Rule("disk name", Fill("{disk_name}"), prompt=r"name for your NetBSD disk \[.*\]: "),
    # Nothing is written before this one, and only to the disk that it names.
    Rule(
        "write",
        Pick("^Yes"),
        title="yes or no",
        text=r"install NetBSD on your hard disk \({disk}\)\. .* Shall we continue",
    ),
    Rule("boot blocks", Pick("^Exit"), title="Bootblocks selection"),
    Rule("sets", Pick("^Custom installation"), title="Select your distribution"),
    Rule("selected", Pick("^Install selected sets"), item="^Install selected sets"),
    Rule("source", Pick("^{source}( |$)"), title="^Install from", most=6),
    Rule("http", _HTTP, item="^Get Distribution", text="the (http|ftp) site", most=12),
    # From its source in all releases (menus.mi, cdromsource); seen on 7.99.10. A prompt has the old value in brackets
    # where the field is short, and in the field where it is long (usr.bin/msgc/msg_sys.def, msg_prompt_win).
    Rule("cd", _CD, item="^Continue", text="the CDROM device", most=6),
    Rule("cd device", Fill("{cd}"), prompt=r"^device( \[.*\])?:"),
    Rule("server", Fill("{host}"), prompt=r"^Host: "),
    Rule("directory", Fill("{directory}"), prompt=r"^Base directory: "),
    Rule("interface", Pick("^{interface}$"), title="Available interfaces"),
    Rule("media", Fill(""), prompt="Network media type: $"),
    Rule("by hand", Pick("^No"), title="Perform autoconfiguration"),
    Rule("hostname", Fill("{hostname}"), prompt="Your host name: "),
    Rule("domain", Fill("{domain}"), prompt="Your DNS domain: "),
    Rule("address", Fill("{address}"), prompt="Your IPv4 address: "),
    Rule("netmask", Fill("{netmask}"), prompt=r"IPv4 Netmask \[.*\]: "),
    Rule("gateway", Fill("{gateway}"), prompt="IPv4 gateway: "),
    Rule("resolver", Pick("^other"), title="Select DNS server"),
    Rule("nameserver", Fill("{nameserver}"), prompt="Your name server: "),
    Rule("network", Pick("^Yes"), title="Are they OK", text=r"Host IP: {address} .*Netmask: {netmask} "),
    Rule("keep network", Pick("^Yes"), title="do you want it installed in /etc"),
    Rule(
        "extracted",
        Pick("Hit enter"),
        item="Hit enter to continue",
        text="extraction of the selected sets .* is complete",
    ),
    Rule("zone is set", Pick("^Exit"), item=".", text="choose the timezone .* Selected: {timezone} "),
    Rule("zone", Pick("^{timezone}$"), item="^{region}/[A-Z]", text="choose the timezone .* Press 'x'", most=8),
    Rule("region", Pick("^{region}/$"), item="^[A-Z][A-Za-z0-9]+/?$", text="choose the timezone .* Press 'x'", most=8),
    Rule("no password yet", Pick("^Yes"), title="yes or no", text="root password .* not yet been initialized"),
    Rule("password", Fill("{root_password}", hidden=True), prompt="^New password:"),
    Rule("password again", Fill("{root_password}", hidden=True), prompt="^Retype new password:"),
    Rule("configuration", _CONFIG, item="^Finished configuring", most=12),
    Rule("complete", Pick("Hit enter"), item="Hit enter to continue", text="installation of NetBSD.* is now complete"),
)

# What follows is as before in the words that are looked for, or has them in both.
_CHANGED = ("begin", "partitions", "sizes", "swap", "label", "disk name", "write", "media", "configuration")
_KEPT = tuple(rule for rule in NETBSD_7 if rule.name not in _CHANGED)
_UNITS, _SWAP = "^Change input units", Setting(r" <swap>$", shown=r"^{swap} ")
_NEW_CONFIG = Settings(
    (
        Setting("^Change root password ", shown=r" password set$"),
        Setting("^Enable sshd ", shown=r" YES$"),
    ),
    then="^Finished configuring",
)

NETBSD_9: tuple[Rule, ...] = (
    *_KEPT[:3],
    Rule("too small", Stop("the disk is too small for what sysinst wants to put on it"), item="^Abort.*Not enough"),
    *_KEPT[3:],
    Rule("begin", Pick("^Yes"), title="Yes or no", text="You have chosen to install NetBSD .* Shall we continue"),
    # Only of a disk without any table. A disklabel is what the guest's kernel and dom0 find a root in.
    Rule("scheme", Pick("disklabel"), item="disklabel", text="partitioning scheme"),
    Rule("partitions", Pick("^Set sizes of NetBSD partitions"), item="^Set sizes of NetBSD partitions"),
    Rule("megabytes", Pick("^Megabytes"), item="^Megabytes"),
    Rule("units", Pick(_UNITS), item=r"^Go on\.", text=r"^(?!.*Size \(MB\)).*Size \("),
    Rule("sizes", Settings((_SWAP,), r"^Go on\."), item=r"^Go on\.", text=r"Size \(MB\)"),
    Rule("swap", Fill("{swap}"), prompt=r"Size for .*in MB\? \[.*\]: "),
    # Its name is what the disk is known by, if all breaks off behind this.
    Rule(
        "label",
        Settings((Setting("^Edit name of the disk", done="disk name"),), "^Partition sizes ok"),
        item="^Partition sizes ok",
        text="your disklabel partitions for {disk}",
    ),
    Rule("disk name", Fill("{disk_name}"), prompt="Enter disk name: "),
    Rule(
        "write",
        Pick("^Yes"),
        title="Yes or no",
        text=r"install NetBSD on your hard disk \({disk}\)\. .* Shall we continue",
    ),
    Rule("network works", Pick("^Yes"), title="Your network seems to work fine"),
    Rule("media", Fill(""), prompt=r"Network media type.*: "),
    Rule("entropy", Pick("^Not now"), title="not enough entropy"),
    Rule("configuration", _NEW_CONFIG, item="^Finished configuring", most=12),
)

# By the release's first number. What is not here is not known, and is not guessed.
CONVERSATIONS: dict[str, tuple[Rule, ...]] = {"7": NETBSD_7, "9": NETBSD_9, "10": NETBSD_9}
