# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in the sets base and etc of a release: of their directories and files those that make a system come up, and
that somebody who installs one looks at.

Files and their beginnings: distrib/sets/lists/{base,etc}, src/etc (NetBSD 7.99.10; the listing of its etc.tgz). A
program is a link to the simulator's, as on the machine itself, or a file that names itself.
"""

from __future__ import annotations

import io
import tarfile
from dataclasses import dataclass

from ..core import base, rcscripts
from ..core.dispatch import COMMANDS
from ..core.profiles import Profile
from ..system import foreign

# The time of all that is in a set: sets of one release are the same in every rack.
_BUILT = 1429920000


@dataclass(frozen=True)
class Entry:
    """A directory (neither content nor link), a file or a symbolic link, with its mode."""

    content: bytes | None = None
    link: str = ""
    mode: int = 0o644


_DIRECTORIES = """
altroot bin dev dev/pts etc etc/defaults etc/mtree etc/pam.d etc/powerd/scripts etc/rc.d etc/skel etc/ssh lib libdata
libexec mnt rescue sbin stand usr/bin usr/games usr/include usr/lib usr/libexec usr/mdec usr/sbin usr/share var/account
var/at var/backups var/chroot/sshd var/crash var/cron/tabs var/db var/log var/mail var/run var/spool
""".split()
_PRIVATE = {"root": 0o755, "tmp": 0o1777, "var/tmp": 0o1777}

_PROGRAMS = """
sbin/init sbin/dmesg sbin/fsck_ffs libexec/ld.elf_so usr/libexec/ld.elf_so usr/libexec/getty usr/libexec/sftp-server
usr/sbin/sshd usr/sbin/ntpd usr/sbin/ntpdate usr/sbin/powerd usr/sbin/syslogd usr/sbin/cron usr/bin/login usr/bin/passwd
usr/sbin/usermod usr/mdec/bootxx_ffsv1 usr/mdec/bootxx_ffsv2 usr/mdec/boot usr/mdec/mbr
""".split()

# Of a release that is newer than that of the records the console is another one by default (facts section 8).
_TTYS = """#
# name	getty				type	status		comments
#
console	"/usr/libexec/getty Pc"		vt100	{console} secure
constty	"/usr/libexec/getty Pc"		vt100	{constty} secure
ttyE0	"/usr/libexec/getty Pc"		wsvt25	off secure
ttyE1	"/usr/libexec/getty Pc"		wsvt25	off secure
ttyE2	"/usr/libexec/getty Pc"		wsvt25	off secure
ttyE3	"/usr/libexec/getty Pc"		wsvt25	off secure
tty00	"/usr/libexec/getty std.9600"	unknown off secure
tty01	"/usr/libexec/getty std.9600"	unknown off secure
"""

# record rc.conf-before
_RC_CONF = """#
# See rc.conf(5) for more information.
#
# Use program=YES to enable program, NO to disable it. program_flags are
# passed to the program on the command line.
#

# Load the defaults in from /etc/defaults/rc.conf (if it's readable).
# These can be overridden below.
#
if [ -r /etc/defaults/rc.conf ]; then
	. /etc/defaults/rc.conf
fi

# If this is not set to YES, the system will drop into single-user mode.
#
rc_configured=NO

# Add local overrides below.
#
"""

_MASTER_PASSWD = """root::0:0::0:0:Charlie &:/root:/bin/sh
toor:*:0:0::0:0:Bourne-again Superuser:/root:/bin/sh
daemon:*:1:1::0:0:The devil himself:/:/sbin/nologin
operator:*:2:5::0:0:System &:/usr/guest/operator:/sbin/nologin
bin:*:3:7::0:0:Binaries Commands and Source:/:/sbin/nologin
ntpd:*:15:15::0:0:& pseudo-user:/var/chroot/ntpd:/sbin/nologin
sshd:*:16:16::0:0:& pseudo-user:/var/chroot/sshd:/sbin/nologin
nobody:*:32767:39::0:0:Unprivileged user:/nonexistent:/sbin/nologin
"""

_GROUP = """wheel:*:0:root
daemon:*:1:daemon
kmem:*:2:root
tty:*:4:root
operator:*:5:root
ntpd:*:15:
sshd:*:16:
nobody:*:39:
users:*:100:
"""

_SSHD_CONFIG = """# The strategy used for options in the default sshd_config shipped with
# OpenSSH is to specify options with their default value where
# possible, but leave them commented.

LoginGraceTime 600
#PermitRootLogin no
AuthorizedKeysFile	.ssh/authorized_keys
UsePam yes
Subsystem	sftp	/usr/libexec/sftp-server
"""

_WSCONS_CONF = """#screens to create
#	idx	screen	emul
#screen	0	-	vt100
screen	1	-	vt100
screen	2	-	vt100
screen	3	-	vt100
screen	4	-	-
"""

_SERVICES = "cron dhcpcd inetd network ntpd ntpdate postfix powerd random_seed root sshd swap1 syslogd wscons".split()
_DEFAULTS = {"cron": "YES", "dhcpcd": "NO", "inetd": "YES", "ntpd": "NO", "ntpdate": "NO", "postfix": "NO",
             "powerd": "NO", "sshd": "NO", "syslogd": "YES", "wscons": "NO", "random_seed": "YES"}


def of(profile: Profile) -> dict[str, dict[str, Entry]]:
    """The sets' names and their entries, by path."""
    return {"base": _base(profile), "etc": _etc(profile),
            "modules": {"stand": Entry(mode=0o755), "stand/.simulated": Entry(b"modules\n")}}


def _base(profile: Profile) -> dict[str, Entry]:
    entries = {name: Entry(mode=0o755) for name in _DIRECTORIES}
    entries.update({name: Entry(mode=mode) for name, mode in _PRIVATE.items()})
    entries.update({name: Entry(f"simulated program {name}\n".encode(), mode=0o555) for name in _PROGRAMS})
    for path in COMMANDS:
        if not path.startswith("/.sim/"):
            entries[path[1:]] = Entry(link="/.sim/bin/command")
    for name, directory in base.UTILITIES.items():
        entries.setdefault(f"{directory[1:]}/{name}", Entry(link=f"/.sim/bin/{name}"))
    entries["etc/release"] = Entry(f"NetBSD {profile.netbsd_release}/{profile.arch}\n".encode())
    return entries


def _etc(profile: Profile) -> dict[str, Entry]:
    on, off = ("on ", "off") if profile.netbsd_revision < 800000000 else ("off", "on ")
    texts = {
        ".profile": "export PATH=/sbin:/usr/sbin:/bin:/usr/bin:/usr/pkg/sbin:/usr/pkg/bin\n",
        "boot.cfg": "menu=Boot normally:boot netbsd\ntimeout=5\n",
        "etc/defaults/rc.conf": "".join(f"{name}={value}\n" for name, value in _DEFAULTS.items()),
        "etc/group": _GROUP, "etc/hosts": "::1\t\tlocalhost\n127.0.0.1\tlocalhost\n",
        "etc/inetd.conf": "#\n", "etc/motd": "NetBSD ?.? (UNKNOWN)\n",
        "etc/nsswitch.conf": "group:\tfiles\nhosts:\tfiles dns\npasswd:\tfiles\n",
        "etc/ntp.conf": "driftfile\t/var/db/ntp.drift\nserver\t0.netbsd.pool.ntp.org\n",
        "etc/passwd": "".join(":".join([words[0], "*", *words[2:4], *words[7:]]) + "\n"
                              for words in (line.split(":") for line in _MASTER_PASSWD.splitlines())),
        "etc/profile": "#\n", "etc/rc": "#!/bin/sh\n# simulated\n", "etc/rc.conf": _RC_CONF,
        "etc/rc.shutdown": "#!/bin/sh\n# simulated\n", "etc/rc.subr": foreign.RC_SUBR, "etc/shells": "/bin/sh\n",
        "etc/ssh/sshd_config": _SSHD_CONFIG, "etc/ssh/ssh_config": "#\n", "etc/sysctl.conf": "#\n",
        "etc/syslog.conf": "#\n", "etc/ttys": _TTYS.format(console=on, constty=off), "etc/wscons.conf": _WSCONS_CONF,
        "root/.profile": ". /.profile\n", "var/log/messages": "", "var/cron/tabs/root": "#\n",
    }
    entries = {name: Entry(text.encode(), mode=0o755 if text.startswith("#!") else 0o644)
               for name, text in texts.items()}
    for name in _SERVICES:
        script = rcscripts.text(name, rcvar=name in _DEFAULTS)
        entries[f"etc/rc.d/{name}"] = Entry(script.encode(), mode=0o555)
    entries["dev/MAKEDEV"] = Entry(b'#!/bin/sh\nexec /.sim/bin/makedev "$0" "$@"\n', mode=0o555)
    for name, text in (("master.passwd", _MASTER_PASSWD), ("spwd.db", "simulated database with passwords\n")):
        entries[f"etc/{name}"] = Entry(text.encode(), mode=0o600)
    entries["etc/pwd.db"] = Entry(b"simulated database\n")
    return entries


def archive(entries: dict[str, Entry]) -> bytes:
    """A tar archive with directories before what is in them, the same in every run."""
    named = dict(entries)
    for name in entries:
        while "/" in name:
            name = name.rpartition("/")[0]
            named.setdefault(name, Entry(mode=0o755))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as stream:
        for name, entry in sorted(named.items()):
            member = tarfile.TarInfo(f"./{name}")
            member.mode, member.mtime = entry.mode, _BUILT
            member.type = (tarfile.SYMTYPE if entry.link else
                           tarfile.DIRTYPE if entry.content is None else tarfile.REGTYPE)
            member.linkname = entry.link
            member.size = len(entry.content or b"")
            stream.addfile(member, io.BytesIO(entry.content or b""))
    return buffer.getvalue()

