# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each simulated command may be called with: options, their arguments, and operands.

Nothing that is not in this table gets past it: such a call ends with 97 and names what no record and no source covers.
`read` parses as getopt(3) of a BSD does, which stops at the first word that is no option.

An entry's records are names of those of NetBSD 7.99.10; a source is a file of NetBSD's, pkgsrc's or Xen's tree.
A command that reads its words by a grammar of its own says where that is, and is as strict there.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from .errors import NotSimulated, SimError


class Known(NamedTuple):
    """`options` are letters as in getopt(3), those that are simulated. `operands` are patterns of which one must match
    all words behind the options, joined by blanks. `values` are patterns of options' arguments. `program` has the
    letters that the program knows beside `options`; what it says of all others is `usage`, with the letter for {}.
    Where that is empty nobody knows, and any other letter ends with 97."""

    options: str = ""
    operands: tuple[str, ...] = ("",)
    source: str = ""
    values: dict[str, str] = {}
    program: str = ""
    usage: str = ""


class Given(NamedTuple):
    """What a command was called with. `values` has the arguments of an option in the order given."""

    letters: set[str]
    values: dict[str, list[str]]
    words: list[str]


_ANY = r"[\s\S]*"
_IF = r"[a-z][a-z0-9_]*\d"
_DISK = r"(/dev/)?r?[a-z]+\d+[a-p]?"
_NAMES = r"\S+( \S+)*"
SHUTDOWN_USAGE = "Usage: shutdown [-Ddfhknprvxz] [-b bootstr] time [message ... | -]"
_MOUNT_OPTION = "(rw|ro|rdonly|log|async|noatime|nodevmtime|nodev|noexec|nosuid|force)"
_MOUNT_USAGE = ("mount: unknown option -- {}\nUsage: mount [-Aadfruvw] [-t type]\n\tmount [-dfruvw] special | node\n"
                "\tmount [-dfruvw] [-o options] [-t type] special node")
VNCONFIG_USAGE = """usage: vnconfig [-crvz] [-f disktab] [-t typename] vnode_disk regular-file [geomspec]
       vnconfig -u [-Fv] vnode_disk
       vnconfig -l [vnode_disk]"""
SYSCTL_USAGE = """usage: sysctl [-AdeMnqrx] [-x[x]|-r] variable ...
       sysctl [-ne] [-q] -w variable=value ...
       sysctl [-dne] -a
       sysctl [-dne] -A
       sysctl [-ne] -M
       sysctl [-dne] [-q] -f file"""
INSTALLBOOT_USAGE = """usage: installboot [-fnv] [-B s2bno] [-b s1bno] [-m machine] [-o options]
\t\t   [-t fstype] filesystem primary [secondary]
usage: installboot -c [-fnv] [-m machine] [-o options] [-t fstype] filesystem
usage: installboot -e [-fnv] [-m machine] [-o options] bootstrap"""
MAKEDEV_USAGE = """Illegal option -{}
Usage: MAKEDEV [-fMsu] [-m mknod] [-p pax] [-t mtree] special [...]
\tCreate listed special devices.  Options:
\t-f\t\tForce permissions to be updated on existing devices.
\t-M\t\tCreate memory file system.
\t-m mknod\tName of mknod(8) program.  [$TOOL_MKNOD or mknod]
\t-p pax  \tName of pax(1) program.  [$TOOL_PAX or pax]
\t-s\t\tGenerate mtree(8) specfile instead of creating devices.
\t-t mtree\tName of mtree(8) program.  [$TOOL_MTREE or mtree]
\t-u\t\tDon't re-create devices that already exist.
"""
_SIGNALS = "(?:TERM|KILL|INT|HUP|15|9|2|1)"

KNOWN: dict[str, Known] = {
    # --- the system
    "uname": Known("amnprsv", source="records uname-a, uname-v, uname-p; uname(1)", usage="usage: uname [-amnprsv]"),
    "which": Known("", (_NAMES,), "which(1)"),
    "hostname": Known("s", ("", r"[^-]\S*"), "record hostname; hostname(1)"),
    "date": Known("ur:", ("", r"\+.*"), "records date-ymd, date-s, date-tz", {"r": r"\d+"}),
    "dmesg": Known("", source="record dmesg"),
    "sysctl": Known("anqwf:", ("", r"[\w.-]+(=\S*)?( [\w.-]+(=\S*)?)*"), "records sysctl-*; sysctl(8)", {},
                    "AbdeMrx", "sysctl: unknown option -- {}\n" + SYSCTL_USAGE),
    "cpuctl": Known("", ("list", r"identify \d+"), "records cpuctl-*"),
    "ps": Known("axwo:p:", source="records ps-*; ps(1); bin/ps/ps.c reads `ax` as `-ax`", values={"p": r"\d+"}),
    "pgrep": Known("flx", (r"[^-].*",), "records pgrep-x, pgrep-x-cron"),
    "pkill": Known("fx", (r"[^-].*",), "record pkill-missing; usr.bin/pkill/pkill.c: its signal comes first"),
    "kill": Known("", ("", "-l", rf"(-({_SIGNALS}|0|USR1) |-s {_SIGNALS} )?\d+( \d+)*"),
                  "records kill-*; bin/kill/kill.c"),
    "shutdown": Known("hkpr", (_ANY,), "records shutdown-*; shutdown(8)", {}, "Ddfnvxzb", SHUTDOWN_USAGE),
    "reboot": Known("", source="reboot(8)"),
    "halt": Known("p", source="halt(8)"),
    "poweroff": Known("", source="poweroff(8)"),
    # --- file systems and disks
    "mount": Known("arwft:o:", ("", r"\S+", r"\S+ \S+"), "records mount*, fresh-mount-kernfs; mount(8)",
                   {"t": "kernfs|procfs|ptyfs|tmpfs|ffs|ext2fs|cd9660", "o": f"{_MOUNT_OPTION}(,{_MOUNT_OPTION})*"},
                   "Aduv", _MOUNT_USAGE),
    "umount": Known("f", (r"\S+",), "records umount-*; umount(8)"),
    "df": Known("khP", ("", _NAMES), "records df-k, df-m-P, from-sets df"),
    "swapctl": Known("Alk", source="record swapctl.txt; rc.d/swap1"),
    "vnconfig": Known("cFluvr", ("", r"\S+", r"\S+ \S+"), "records vnconfig-*, vnd-corner", {}, "f:t:z",
                      VNCONFIG_USAGE),
    "disklabel": Known("Rr", (_DISK, _DISK + r" \S+"), "records disklabel-*, from-sets disklabel-R", {},
                       "ABCDFIMNWefilmtvw", "usage: disklabel"),
    "mke2fs": Known("Fqt:O:I:d:E:", (r"\S+ \d+k",), "mke2fs(8)",
                    {"t": "ext[234]", "I": "128|256", "d": "/.*", "E": r"offset=\d+"}),
    "e2fsck": Known("fn", (r"\S+",), "e2fsck(8)"),
    "makefs": Known("t:o:", (r"\S+ \S+",), "makefs of NetBSD 7.99.10; makefs(8)",
                    {"t": "cd9660", "o": r"(rockridge|label=[A-Z0-9_]{1,32})(,(rockridge|label=[A-Z0-9_]{1,32}))*"}),
    "newfs": Known("IO:b:f:i:V:", (r"\S+",), "record from-sets newfs; sbin/newfs/newfs.c",
                   {"O": "[12]", "b": r"\d+", "f": r"\d+", "i": r"\d+", "V": "[0-4]"}),
    "tar": Known("cxpzJf:C:", ("", _NAMES), "records from-sets tar-base, tar-etc; bin/pax/tar.c"),
    "pwd_mkdb": Known("psd:", (r"\S+",), "usr.sbin/pwd_mkdb/pwd_mkdb.c", {"d": "/.*"}),
    "ssh-keygen": Known("AlqyC:E:N:b:f:m:t:", source="ssh-keygen(1); rc.d/sshd"),
    "ssh": Known("46ATaknqtvxF:i:l:o:p:", (_ANY,), "guestlogin.ssh: external/bsd/openssh"),
    "ssh-keyscan": Known("T:p:t:", (_NAMES,), "guestlogin.ssh_keyscan: external/bsd/openssh"),
    "guestsession": Known("", (r"\d+ [\s\S]+",), "rack/forward.py"),
    "arp": Known("an", source="usr.sbin/arp/arp.c"),
    "rndctl": Known("S:", source="sbin/rndctl/rndctl.c", values={"S": "/.*"}),
    "fsck": Known("fnpqy", (r"\S+",), "records from-sets fsck-empty, fsck; sbin/fsck_ffs"),
    "fsck_ffs": Known("fnpqy", (r"\S+",), "records from-sets fsck-empty, fsck; sbin/fsck_ffs"),
    "raidctl": Known("s:A:", ("", r"raid\d+"), "sbin/raidctl/raidctl.c", {"s": r"raid\d+", "A": r"[a-z]+"}),
    "cgdconfig": Known("l", (r"cgd\d+",), "sbin/cgdconfig/cgdconfig.c"),
    "ccdconfig": Known("g", source="sbin/ccdconfig/ccdconfig.c"),
    "dkctl": Known("", (r"[a-z]+\d+ (getwedgeinfo|listwedges|addwedge \S+ \d+ \d+ (ffs|swap))",),
                   "records dkctl-*; sbin/dkctl/dkctl.c"),
    "gpt": Known("", (r"create /\S+", r"add -b \d+ -s \d+ -t (ffs|swap) (-l \S+ )?/\S+"), "sbin/gpt"),
    "installboot": Known("envo:", ("", r"\S+", r"\S+ \S+"), "records installboot-*",
                         {"o": r"(timeout|speed|console)=\w+(,(timeout|speed|console)=\w+)*"},
                         "B:b:cfm:t:", INSTALLBOOT_USAGE),
    "dumpfs": Known("s", (r"/|" + _DISK,), "records dumpfs-s-*"),
    "fdisk": Known("fic:", (_DISK,), "records fdisk-*; fdisk(8)"),
    "dd": Known("", (r"((if|of)=\S+|(bs|count|skip|seek)=\d+[kmg]?|conv=(notrunc|sync|noerror)|msgfmt=quiet)"
                     r"( ((if|of)=\S+|(bs|count|skip|seek)=\d+[kmg]?|conv=(notrunc|sync|noerror)|msgfmt=quiet))*",),
                "records dd-*, mkfile; dd(1)"),
    "makedev": Known("fu", ("", _NAMES), "records makedev-*; etc/MAKEDEV.tmpl", {}, "Mm:p:st:", MAKEDEV_USAGE),
    "cksum": Known("na:", ("", _NAMES), "record cksum-a-sha512", {"a": r"(?i)sha512|sha256|sha1|md5"}),
    "sha1": Known("", (_NAMES,), "usr.bin/cksum/cksum.c: the program's name is that of an algorithm"),
    "netpgpverify": Known("k:", (r"\S+",), "crypto/external/bsd/netpgp/dist/src/netpgpverify/main.c"),
    "stat": Known("Lf:", (_NAMES,), "records stat-*, kern-privcmd-stat"),
    # --- the network
    "ifconfig": Known("alC", ("", f"{_IF}.*", r"[a-z]+\d* (create|destroy)"),
                      "records if*, br-*, tap*, vlan*; netcommands: the words behind an interface"),
    "brconfig": Known("a", ("", f"{_IF}.*", r"\S+( .*)?"), "records br*; netcommands: the words behind a bridge"),
    "route": Known("nq", (r"get( -inet6?)? default", r"(add|change) default \S+", r"add -inet6 default \S+",
                          "delete default"), "route(8); record bridge-file-create; rc.d/network"),
    "netstat": Known("rnf:", source="record bridge-file-create", values={"f": "inet6?"}),
    "npfctl": Known("", (_ANY,), "npf.npfctl: usr.sbin/npf/npfctl/npfctl.c"),
    "ftp": Known("Vo:", (r"\S+://\S+",), "records ftp-*; ftp(1): -V says less"),
    # --- services
    "service": Known("el", (_ANY,), "services.service: records service-*, service.txt", {}, "v", "service"),
    "rcscript": Known("", (_ANY,), "services.run_script: etc/rc.subr; records cron-*, xc-*, xd-*"),
    # --- packages
    "pkg_add": Known("fnuUV", ("", _NAMES), "records pkg-add-*, pkg_add-*; power-cut/README; add/perform.c"),
    "pkg_info": Known("aeEqLXV", ("", _NAMES), "records pkg_info-*, pkg-info-*"),
    "pkg_delete": Known("f", (_NAMES,), "records pkg-del-*, pkg_delete-missing; power-cut/README"),
    "pkg_admin": Known("", (_ANY,), "pkgadmin.pkg_admin: record pkg_admin-pkgdb; power-cut/README"),
    "make": Known("C:", (r"(\w+=\S*|[a-z-]+)?( (\w+=\S*|[a-z-]+))*",), "pkgsrc.make: the pkgsrc guide"),
    "pkgin": Known("nypvd", ("", _NAMES), "pkgin(1); facts netbsd-xen 10", {}, "cfhlPtV",
                   "pkgin: unknown option -- {}\nusage: pkgin [-cdfhlnPtvVy] command [package ...]"),
    "grub": Known("", (_ANY,), "grub.grub: grub/main.c"),
    "grub-install": Known("", (_ANY,), "grub.grub_install, grub2.install: util/grub-install.in"),
    "grub-editenv": Known("", (_ANY,), "grub2.grub_editenv: util/grub-editenv.c"),
    "grub-reboot": Known("", (_ANY,), "grub2.grub_reboot: util/grub-reboot.in"),
    "grub-set-default": Known("", (_ANY,), "grub2.grub_set_default: util/grub-set-default.in"),
    # --- Xen
    "xl": Known("", (_ANY,), "xen/options.read with each sub-command's options: tools/xl/xl_cmdtable.c"),
    "xm": Known("", (_ANY,), "xen/xm.run: tools/python/xen/xm/main.py"),
    "xenstored": Known("", ("", r"--pid-file[= ]/var/run/(xen/|)xenstored\.pid"), "records ps-args-two-o, xc-*"),
    "xenconsoled": Known("", ("", r"--pid-file=/var/run/(xen/|)xenconsoled\.pid"), "record ps-args-two-o"),
    "qemu-img": Known("", (r"convert -f qcow2 -O raw \S+ \S+",), "qemu-img(1)"),
    "xenwatchdogd": Known("", ("", r"\d+ \d+"), "tools/misc/xenwatchdogd.c; xen-watchdog's script"),
    "xen-init-dom0": Known("", source="record xen-init-dom0"),
    "xend": Known("", (_ANY,), "xen/xend_rc.xend: tools/misc/xend"),
    "xenbackendd": Known("", source="tools/xenbackendd/xenbackendd.c; its rc.d script"),
    "xenstore": Known("", (_ANY,), "xen/xenstore: tools/xenstore/xenstore_client.c"),
    "xenstore-read": Known("p", (_NAMES,), "records xs-read-*; tools/xenstore/xenstore_client.c"),
    "xenstore-write": Known("", (r"[^-]\S* [\s\S]*",), "record xs-write"),
    "xenstore-ls": Known("f", ("", _NAMES), "tools/xenstore/xenstore_client.c; xl-domU-session.txt"),
    "xenstore-list": Known("", (_NAMES,), "records xs-list*"),
    "xenstore-rm": Known("", (_NAMES,), "tools/xenstore/xenstore_client.c"),
    "xenstore-exists": Known("", (_NAMES,), "tools/xenstore/xenstore_client.c"),
}

# Options that are words: they stand where others' operands do, and no getopt looks at them.
_OWN_WORDS = {"grub", "grub-install", "grub-editenv", "grub-reboot", "grub-set-default", "xl", "xm", "xend", "xenstore",
              "xenstored", "xenconsoled", "npfctl", "rcscript", "xenstore-write", "service", "kill"}
# What a script of the machine calls with its own path before the words that it was given itself.
_BEHIND_A_SCRIPT = ("makedev", "rcscript")


def name_of(argv: list[str]) -> str:
    """The entry of a command line: the program's name, without its directory."""
    return argv[0].rpartition("/")[2]


def read(argv: list[str]) -> Given:
    """What a command was called with. Raises NotSimulated for what the table has not, SimError where it is known what
    the program says of it."""
    name = name_of(argv)
    known = KNOWN.get(name)
    if known is None:
        raise NotSimulated(argv[0])
    letters: set[str] = set()
    values: dict[str, list[str]] = {}
    words = list(argv[2:] if name in _BEHIND_A_SCRIPT else argv[1:])
    if name == "pkill" and words and re.fullmatch("-" + _SIGNALS, words[0]):
        del words[0]
    if name == "ps" and words and words[0].isalpha():
        words[0] = "-" + words[0]
    while name not in _OWN_WORDS and words and words[0].startswith("-") and words[0] != "-":
        cluster = words.pop(0)[1:]
        if cluster == "-":
            break
        while cluster:
            letter, cluster = cluster[0], cluster[1:]
            _check_option(known, argv, letter)
            letters.add(letter)
            if f"{letter}:" in known.options:
                if not cluster and not words:
                    raise NotSimulated(f"{_line(argv)}: option -{letter} without its argument")
                value, cluster = cluster or words.pop(0), ""
                if not re.fullmatch(known.values.get(letter, _ANY), value):
                    raise NotSimulated(f"{_line(argv)}: -{letter} {value} (sources: {known.source})")
                values.setdefault(letter, []).append(value)
    if not any(re.fullmatch(pattern, " ".join(words)) for pattern in known.operands):
        raise NotSimulated(f"{_line(argv)}: operands `{' '.join(words)}' (sources: {known.source})")
    return Given(letters, values, words)


def _check_option(known: Known, argv: list[str], letter: str) -> None:
    if letter in known.options.replace(":", ""):
        return
    if known.usage and letter not in known.program:
        raise SimError(known.usage.replace("{}", letter))
    raise NotSimulated(f"{_line(argv)}: option -{letter} (sources: {known.source})")


def _line(argv: list[str]) -> str:
    return " ".join(argv)
