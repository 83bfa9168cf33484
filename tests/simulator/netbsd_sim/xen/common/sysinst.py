# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""sysinst, as a guest's console shows it: what it asks, in which order, and what it does to the guest's disk.

NetBSD 7: the screens of record sysinst/screens.txt (7.99.10, by HTTP), with the answers of whoever types. NetBSD 9 and
10: usr.sbin/sysinst (main.c, install.c, disks.c, bsddisklabel.c, label.c, net.c, util.c, configmenu.c, menus.mi,
menus.entropy, msg.mi.en, msg.entropy.en), where nothing was recorded. What is not here is not asked by a guest with one
empty disk and one interface, or was not needed yet; it ends with `Unknown`.
"""
from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any, Protocol

from .menus import Asked, Field, Menu, Program, Say

Answers = Generator[Asked, Any, Any]


class Unknown(Exception):
    """A way that is not simulated."""


class Guest(Protocol):
    """The machine that sysinst runs on."""

    release: str
    arch: str
    memory: int
    disks: list[tuple[str, int]]
    interfaces: list[str]

    def write_label(self, disk: str, name: str, swap: int) -> None: ...

    def make_file_systems(self, disk: str) -> None: ...

    def fetch(self, protocol: str, place: Place, name: str) -> bool: ...

    def finish(self, settings: Settings) -> None: ...

    def halt(self) -> None: ...

    def reboot(self) -> None: ...


@dataclass
class Place:
    """Where the sets are, as the menu of the source has it."""

    host: str = "ftp.NetBSD.org"
    directory: str = ""
    sets: str = ""
    device: str = "cd0a"


@dataclass
class Settings:
    """What was typed that ends up in /etc."""

    hostname: str = ""
    domain: str = ""
    address: str = ""
    netmask: str = ""
    gateway: str = ""
    nameserver: str = ""
    keep_network: bool = False
    sshd: bool = False
    root_password: str = ""


_HELLO = """NetBSD/{arch} {release}

This menu-driven tool is designed to help you install NetBSD to a hard disk,
or upgrade an existing NetBSD system, with a minimum of work.
In the following menus type the reference letter (a, b, c, ...) to select an
item, or type CTRL+N/CTRL+P to select the next/previous item.
The arrow keys and Page-up/Page-down may also work.
Activate the current selection from the menu by typing the enter key.
"""
_SURE = """You have chosen to install NetBSD on your hard disk.  This will change
information on your hard disk.  You should have made a full backup before
this procedure!  This procedure will do the following things:
        a) Partition your disk
        b) Create new BSD file systems
        c) Load and install distribution sets
        d) Some initial system configuration

(After you enter the partition information but before your disk is changed,
you will have the opportunity to quit this procedure.)

Shall we continue?"""
_LAST = """Ok, we are now ready to install NetBSD on your hard disk ({disk}).  Nothing has
been written yet.  This is your last chance to quit this process before
anything gets changed.

Shall we continue?"""
_SETS = """The NetBSD distribution is broken into a collection of distribution sets.
There are some basic sets that are needed by all installations and there are
some other sets that are not needed by all installations."""
# How wide the words before a value are, from release 9 on and before (seen on 7.99.10).
_LEGEND = {False: 29, True: 35}
_MEDIUM = """Your disk is now ready for installing the kernel and the distribution sets.
As noted in your INSTALL notes, you have several options.  For ftp or nfs,
you must be connected to a network with access to the proper machines.

Sets selected {all}, processed {done}, Next set {name}."""
_SOURCE = """The following are the {protocol} site, directory, user, and password that will be
used.  If "user" is "ftp", then the password is not needed."""
_COMPLETE = "The installation of NetBSD-{release} is now complete.  The system should boot\nfrom hard disk."
_EXTRACTED = """The extraction of the selected sets for NetBSD-{release} is complete.  The
system is now able to boot from the selected harddisk.  To complete the
installation, sysinst will give you the opportunity to configure some
essential things first."""
_NO_PASSWORD = """The root password of the newly installed system has not yet been initialized,
and is thus empty.  Do you want to set a root password for the system now?"""
_FORCED = """The root password of the newly installed system has not yet been
initialized.

If you do not want to set a password, enter an empty line."""
_ENTERED = """The following are the values you entered.

DNS Domain:             {0.domain}
Host Name:              {0.hostname}
Nameserver:             {0.nameserver}
Primary Interface:      {1}
Media type:             <default>
Host IP:                {0.address}
Netmask:                {0.netmask}
IPv4 Gateway:           {0.gateway}
IPv6 autoconf:"""
_ENTROPY = """This system seems to lack a cryptographically strong pseudo random
number generator. There is not enough entropy available to create secure
keys (e.g. ssh host keys).

If you plan to use this installation for production work and will
for example have ssh host keys generated, we strongly advise to complete
the entropy setup now!"""
_GOOGLE = tuple(f"google-public-dns-{letter}.google.com (IPv{version})" for version in "46" for letter in "ab")
_LANGUAGES = ("Installation messages in English", "Installation auf Deutsch",
              "Komunikaty instalacyjne w jezyku polskim", "Messages d'installation en francais",
              "Mensajes de instalacion en castellano")


@dataclass
class Sysinst:
    """One run of sysinst. `entropy`: whether there is enough; without it NetBSD 10 asks."""

    guest: Guest
    entropy: bool = False
    settings: Settings = field(default_factory=Settings)
    place: Place = field(default_factory=Place)
    network_up: bool = False
    was_asked_yes: bool = False

    @property
    def major(self) -> int:
        return int(self.guest.release.split(".")[0])

    @property
    def new(self) -> bool:
        """Since NetBSD 9 partitions are edited otherwise (partitions.c)."""
        return self.major >= 9

    # --- the frame ---------------------------------------------------------------------------------------------------

    def program(self) -> Program:
        """From the first screen until the machine halts or reboots."""
        guest = self.guest
        hello = _HELLO.format(arch=guest.arch, release=guest.release)
        self.place = Place(directory=f"pub/NetBSD/NetBSD-{guest.release}", sets=f"/{guest.arch}/binary/sets")
        yield Menu(_LANGUAGES, text=hello, row=13)
        while True:
            main = yield Menu(("Install NetBSD to hard disk", "Upgrade NetBSD on a hard disk",
                               "Re-install sets or install additional sets", "Reboot the computer", "Utility menu",
                               "Config menu"), f"NetBSD-{guest.release} Install System", hello, "Exit Install System",
                              row=12)
            if main == 0:
                yield from self._install()
            elif main == 3:
                guest.reboot()
                return
            elif main == 4:
                chosen = yield Menu(("Run /bin/sh", "Set timezone", "Configure network", "Partition a disk",
                                     "Logging functions", "Halt the system"), f"NetBSD-{guest.release} Utilities",
                                    hello, "Exit", row=12)
                if chosen == 0 and (yield from self._shell()):
                    return
                if chosen == 5:
                    guest.halt()
                    return
            elif main == 6:
                yield Say("# ")
                return
            else:
                raise Unknown(f"item {main} of the main menu")

    def _shell(self) -> Answers:
        """Whether the machine has ended."""
        line = yield Field("# ", text="\n" * 18, tty=True)
        while str(line).strip() not in ("exit", ""):
            if str(line).strip() in ("halt -p", "reboot"):
                # The prompt again in between: surprise 12 of the record.
                yield Say("\n# Nov 29 15:32:51 halt: halted by root\nsyncing disks... done\n", clears=False)
                (self.guest.halt if str(line).strip() == "halt -p" else self.guest.reboot)()
                return True
            yield Say(f"\n{str(line).split()[0]}: not found\n", clears=False)
            line = yield Field("# ", adds=True, tty=True)
        return False

    def _sure(self, text: str, title: str = "", no_first: bool = True) -> Answers:
        words = ("No", "Yes") if no_first else ("Yes", "No")
        title = title or ("Yes or no?" if self.new else "yes or no?")
        at = yield Menu(words, title, text, row=14)
        self.was_asked_yes = words[int(at)] == "Yes"
        return self.was_asked_yes

    def _install(self) -> Answers:
        guest = self.guest
        if not (yield from self._sure(_SURE)):
            return
        names = tuple(f"{name} ({size}M)" if self.new else name for name, size in guest.disks)
        more = "Extended partitioning (software RAID, etc...)" if self.new else "Extended partitioning"
        chosen = yield Menu((*names, more), "Available disks", "On which disk do you want to install NetBSD?", "Exit",
                            row=6)
        if int(chosen) >= len(names):
            return
        disk, size = guest.disks[int(chosen)]
        wanted = yield from (self._new_partitions(disk, size) if self.new else self._partitions(disk, size))
        if wanted is None or not (yield from self._sure(_LAST.format(disk=disk))):
            return
        name, swap = wanted
        yield Say(f"     Status: Running\n    Command: disklabel -w -r -f /tmp/disktab {disk} '{name}'")
        guest.write_label(disk, name, swap)
        yield Say(f"     Status: Running\n    Command: newfs -V2 -O 2 /dev/r{disk}a", 5.0)
        guest.make_file_systems(disk)
        if not self.new:
            yield from self._boot_blocks()
        if not (yield from self._unpack()):
            return
        if self.new:
            yield from self._password(_FORCED)
            if self.major >= 10 and not self.entropy:
                yield from self._add_entropy()
        yield from self._configure()
        guest.finish(self.settings)
        yield from self._continue(_COMPLETE.format(release=guest.release))

    def _continue(self, text: str) -> Answers:
        yield Menu(("Hit enter to continue",), text=text, letters=False, row=11)

    def _boot_blocks(self) -> Answers:
        """Asked of a disk that nobody boots from, too: surprise 9 of the record."""
        items = ("Use BIOS console", *(f"Use serial port com{number}" for number in range(4)), "Set serial baud rate",
                 "Use existing bootblocks")
        while (yield Menu(items, "Bootblocks selection", "Selected bootblock: BIOS console", "Exit", row=10)) != 7:
            pass

    # --- partitions --------------------------------------------------------------------------------------------------

    def _partitions(self, disk: str, size: int) -> Answers:
        """NetBSD 7 and 8. The name of the disk and its swap in megabytes; None for none."""
        chosen = yield Menu(("Set sizes of NetBSD partitions", "Use existing partition sizes"),
                            "Choose your installation", f"The NetBSD part of your disk is {size} Megabytes.", row=12)
        if chosen != 0:
            raise Unknown("Use existing partition sizes")
        swap, at = self.guest.memory, 0
        while True:
            root = size - swap
            rows = [f"{root // 2:>6}   ({root})       {root // 2:>6}{root * 1024:>10} + /",
                    f"{swap:>6}            {swap:>6}{swap * 2048:>10}   swap",
                    *(f"{0:>6}{0:>18}{0:>10}   {name}" for name in ("/tmp (tmpfs)", "/usr", "/var", "/home"))]
            if root < 31:
                yield Menu(("Reduce partition sizes",), text=f"Not enough space, {31 - root} MB missing", boxed=False)
                return None
            at = yield Menu((*rows, "Add a user defined partition", "Change input units (sectors/cylinders/MB)"),
                            text="You can now change the sizes for the system partitions.",
                            last=f"Accept partition sizes.  Free space {root // 2} MB, 12 free partitions.",
                            boxed=False, at=at)
            if at == 8:
                break
            if at != 1:
                raise Unknown(f"line {at} of the sizes")
            swap = yield from self._number(f"Size for swap in MB? [{swap}]: ", swap)
        rows = [f"{0:>9} {size - swap - 1:>9} {size - swap:>9} FFSv2      Yes   Yes   /",
                f"{size - swap:>9} {size - 1:>9} {swap:>9} swap", f"{0:>9} {size - 1:>9} {size:>9} NetBSD partition",
                f"{0:>9} {size - 1:>9} {size:>9} Whole disk", f"{0:>9} {0:>9} {0:>9} unused"]
        at = yield Menu((*rows, "Show all unused partitions", "Change input units (sectors/cylinders/MB)"),
                        text="We now have your BSD-disklabel partitions as:\nThis is your last chance to change them.",
                        last="Partition sizes ok", boxed=False, at=7)
        if at != 7:
            raise Unknown(f"line {at} of the label")
        default = "Xen Virtual ESD"
        name = yield Field(f"Please enter a name for your NetBSD disk [{default}]: ")
        return str(name) or default, swap

    def _number(self, label: str, default: int) -> Answers:
        typed = yield Field(label, boxed=True)
        return int(str(typed)) if str(typed).isdigit() else default

    def _new_partitions(self, disk: str, size: int) -> Answers:
        """NetBSD 9 and 10 (bsddisklabel.c, label.c)."""
        schemes = ("Guid Partition Table (GPT)", "Master Boot Record (MBR)", "disklabel (NetBSD only)")
        scheme = yield Menu(schemes, "Select a partitioning scheme",
                            "The disk seems not to have been partitioned before. Please select\n"
                            "a partitioning scheme from the available options below.", "Cancel", row=8)
        if scheme != 2:
            raise Unknown(f"{scheme}: only a disklabel is simulated")
        chosen = yield Menu(("Set sizes of NetBSD partitions", "Use default partition sizes"),
                            "What would you like to do?",
                            f"The NetBSD (or free) part of your disk ({disk}) is {size}M.", row=12)
        swap, unit, at = self.guest.memory, 1 if self.major < 10 else 2048, 0
        while chosen == 0:
            name = "MB" if unit == 2048 else "sec"
            sized = [2048 * number // unit for number in (size - swap, swap)]
            rows = [f"{f'{sized[0] // 2} ({sized[0]})':<35} + /", f"{sized[1]:<35}   <swap>",
                    *(f"{0:<35}   {each}" for each in ("/tmp (tmpfs)", "/usr", "/var"))]
            at = yield Menu((*rows, "Add a user defined partition", "Change input units (sectors/cylinders/MB/GB)"),
                            text="You can now change the sizes for the system partitions.\n\n"
                                 f"  Size ({name})                             Filesystem",
                            last=f"Go on.  Free space {sized[0] // 2} {name}.", boxed=False, at=at,
                            rule_before=5)
            if at == 7:
                break
            if at == 6:
                units = ("Gigabytes", "Megabytes", "Cylinders", "Sectors")
                picked = yield Menu(units, "Choosing mega- or gigabytes will give partition sizes close\n"
                                    "to your choice.\n\nChoose your size specifier", row=3)
                unit = {1: 2048, 3: 1}.get(picked, unit)
            elif at == 1:
                typed = yield from self._number(f"Size for  in {name}? [{sized[1]}]: ", sized[1])
                swap = typed * unit // 2048
            else:
                raise Unknown(f"line {at} of the sizes")
        pack = "fictitious"
        while True:
            rows = [f"{0:>12} {size - swap - 1:>12} {size - swap:>12}    FFSv2 N    /",
                    f"{size - swap:>12} {size - 1:>12} {swap:>12}     swap",
                    f"{0:>12} {size - 1:>12} {size:>12} NetBSD partition",
                    f"{0:>12} {size - 1:>12} {size:>12} Whole disk"]
            at = yield Menu((*rows, "Add a partition", "Change input units (sectors/cylinders/MB/GB)",
                             "Edit name of the disk", "Clone external partition(s)", "Cancel"),
                            text=f"We now have your disklabel partitions for {disk} below.\n"
                                 "This is your last chance to change them.\n\nFlags: (I)nstall, (N)ewfs.   "
                                 f"Total size: {size}M, free: 0", last="Partition sizes ok", boxed=False, at=9,
                            rule_before=4)
            if at == 9:
                return pack, swap
            if at == 8:
                return None
            if at != 6:
                raise Unknown(f"line {at} of the partitions")
            typed = yield Field("Enter disk name: ", holds=pack, boxed=True, text="The name of the disk is arbitrary.")
            pack = str(typed)

    # --- sets --------------------------------------------------------------------------------------------------------

    def _unpack(self) -> Answers:
        """Whether all is there."""
        chosen = yield Menu(("Full installation", "Installation without X11", "Minimal installation",
                             "Custom installation"), "Select your distribution", _SETS, "Abandon installation", row=10)
        if chosen not in (2, 3):
            raise Unknown("more than the minimal installation")
        if chosen == 3:
            yes = ("Kernel (GENERIC)            Yes", "Kernel Modules              Yes",
                   "Base                        Yes", "System (/etc)               Yes")
            no = tuple(f"{name:<28} No" for name in ("Compiler Tools", "Games", "Online Manual Pages"))
            listed = "The following is the list of distribution sets that will be used."
            at = yield Menu((*yes, *no), text=listed, last="Install selected sets", boxed=False, at=7)
            if at != 7:
                raise Unknown("another choice of sets")
        sets, done, again = ("kern-GENERIC", "modules", "base", "etc"), 0, True
        while done < len(sets):
            name = sets[done]
            if again:
                protocol = yield from self._source(len(sets), done, name)
                if not protocol:
                    return False
            yield Say(f"     Status: Running\n    Command: ftp {protocol}://{self.place.host}/{self.place.directory}"
                      f"{self.place.sets}/{name}", 10.0)
            again = protocol != "cd" and not self.network_up or not self.guest.fetch(protocol, self.place, name)
            if again:
                yield Field("Hit enter to continue", text=f"     Status: Command failed\n    Command: ftp {name}\n\n")
                continue
            done += 1
        yield Say("     Status: Running\n    Command: (cd /dev; sh MAKEDEV all)", 96.0)
        if not self.network_up:
            yield from self._continue(_EXTRACTED.format(release=self.guest.release))
            return True
        title = ("Is the network information you entered accurate for this machine\n"
                 "in regular operation and do you want it installed in /etc?")
        self.settings.keep_network = yield from self._sure("", title, no_first=False)
        yield from self._continue(_EXTRACTED.format(release=self.guest.release))
        return True

    def _source(self, number: int, done: int, name: str) -> Answers:
        """The protocol by which the sets come; empty to give up."""
        kinds = ("HTTP", "FTP") if self.new else ("FTP", "HTTP")
        items = ("CD-ROM / DVD / install image media", *kinds, "NFS", "Floppy", "Unmounted fs", "Local directory",
                 "Skip set", "Skip set group", "Abandon installation")
        while True:
            chosen = yield Menu(items, "Install from", _MEDIUM.format(all=number, done=done, name=name), row=10)
            if chosen == 9:
                return ""
            if chosen == 0 and (yield from self._cd()):
                return "cd"
            if chosen not in (0, 1, 2):
                raise Unknown(items[int(chosen)])
            if not chosen:
                continue
            protocol = kinds[int(chosen) - 1].lower()
            if (yield from self._site(protocol)):
                return protocol

    def _cd(self) -> Answers:
        """None of its drives is a CD drive (disks.c, is_cdrom_device), so it asks (util.c, get_via_cdrom; the rows are
        those of menus.mi, cdromsource, and seen on 7.99.10)."""
        at, text = 0, "Enter the CDROM device to be used and directory on the CDROM where\nthe distribution is located."
        while True:
            rows = [("Device", self.place.device), ("Binary set directory", self.place.sets),
                    ("Source set directory", "/source/sets")]
            items = tuple(f"{label:<{_LEGEND[self.new]}} {value}" for label, value in rows)
            at = yield Menu((*items, "Cancel installation", "Back to source selection & retry"), text=text,
                            last="Continue", boxed=False, row=6, at=at)
            if at == 0:
                # A short field has the old value in brackets (usr.bin/msgc/msg_sys.def, msg_prompt_win; so on 7.99.10).
                typed = str((yield Field(f"device [{self.place.device}]: ", boxed=True)))
                self.place.device = typed or self.place.device
            elif at == 5:
                return True
            elif at == 4:
                return False
            else:
                raise Unknown((*items, "Cancel installation")[int(at)])

    def _site(self, protocol: str) -> Answers:
        """False for back to where the source is chosen: also after a yes or no in this menu, surprise 6 of the
        record."""
        place, at, self.was_asked_yes = self.place, 0, False
        while True:
            rows = [("Host", place.host), ("Base directory", place.directory), ("Binary set directory", place.sets),
                    ("Source set directory", "/source/sets"), ("User", "ftp"), ("Password", ""), ("Proxy", ""),
                    ("Transfer directory", "/usr/INSTALL"), ("Delete after install", "No")]
            width = _LEGEND[self.new]
            items = (*(f"{label:<{width}} {value}".rstrip() for label, value in rows), "Configure network", "Exit")
            at = yield Menu(items, text=_SOURCE.format(protocol=protocol), last="Get Distribution", boxed=False, row=4,
                            at=at)
            if at == 0:
                place.host = str((yield Field("Host: ", holds=place.host, boxed=True)))
            elif at == 1:
                place.directory = str((yield Field("Base directory: ", holds=place.directory, boxed=True)))
            elif at == 9:
                yield from self._configure_network()
            elif at == 10:
                return False
            elif at == 11:
                return self.new or not self.was_asked_yes
            else:
                raise Unknown(rows[int(at)][0])

    def _configure_network(self) -> Answers:
        guest, found = self.guest, self.settings
        chosen = yield Menu(tuple(guest.interfaces), "Available interfaces",
                            "Which network device would you like to use?", "Exit", row=6)
        if int(chosen) >= len(guest.interfaces):
            return
        media = "Network media type (empty to autoconfigure): " if self.new else "Network media type: "
        yield Field(media, text="To be able to use the network, we need answers to the following:")
        if (yield from self._sure("", "Perform autoconfiguration?", no_first=False)):
            raise Unknown("dhcp")
        text = "To be able to use the network, we need answers to the following:"
        found.hostname = str((yield Field("Your host name: ", found.hostname, text)))
        found.domain = str((yield Field("Your DNS domain: ", found.domain, adds=True)))
        found.address = str((yield Field("Your IPv4 address: ", found.address, adds=True)))
        default = found.netmask or "0xff000000"
        found.netmask = str((yield Field(f"IPv4 Netmask [{default}]: ", adds=True))) or default
        found.gateway = str((yield Field("IPv4 gateway: ", found.gateway, adds=True)))
        chosen = yield Menu((*_GOOGLE, "other "), "  Select DNS server", row=11)
        if chosen == 4:
            found.nameserver = str((yield Field("Your name server: ", found.nameserver, text)))
        else:
            found.nameserver = "8.8.8.8"
        shown = _ENTERED.format(found, guest.interfaces[0])
        self.network_up = bool((yield from self._sure(shown, "Are they OK?", no_first=False)))
        yield Say(f"     Status: Running\n    Command: /sbin/ping -v -c 5 -w 5 -o -n {found.gateway}", 6.0)

    # --- afterwards --------------------------------------------------------------------------------------------------

    def _password(self, text: str) -> Answers:
        head = "     Status: Running\n    Command: passwd -l root\n" + "-" * 78 + f"\n{text}\nChanging local password."
        while True:
            first = yield Field("New password:", text=head, hidden=True, tty=True)
            second = yield Field("Retype new password:", hidden=True, adds=True, tty=True)
            if first == second:
                self.settings.root_password = str(first)
                return
            yield Say("\nMismatch; try again, EOF to quit.\n", clears=False)

    def _add_entropy(self) -> Answers:
        """menus.entropy."""
        items = ("Manually input random characters", "Import a NetBSD entropy file", "Load raw binary random data",
                 "Re-test")
        chosen = yield Menu((*items, "Not now, continue!"), _ENTROPY, row=3)
        if chosen != 4:
            raise Unknown(items[int(chosen)])

    def _configure(self) -> Answers:
        at, sshd = 15, "Enable sshd (Secure Shell daemon)" if self.new else "Enable sshd"
        while True:
            found = self.settings
            rows = [("Configure network", "configure"), ("Timezone", "UTC"), ("Root shell", "/bin/sh"),
                    ("Change root password", "password set" if found.root_password else "***EMPTY***"),
                    ("Enable installation of binary packages", "install"), ("Fetch and unpack pkgsrc", "install"),
                    (sshd, "YES" if found.sshd else "NO"), ("Enable ntpd", "NO"), ("Run ntpdate at boot", "NO"),
                    ("Enable mdnsd", "NO"), ("Enable xdm", "NO"), ("Enable cgd", "YES"), ("Enable lvm", "NO"),
                    ("Enable raidframe", "YES"), ("Add a user", "")]
            items = tuple(f"{label:<50} {value}".rstrip() for label, value in rows)
            at = yield Menu(items, text="Configure the additional items as needed.", last="Finished configuring",
                            boxed=False, row=3, at=at)
            if at == 15:
                return
            if at == 3:
                if (yield from self._sure(_NO_PASSWORD, no_first=False)):
                    yield from self._password("")
            elif at == 6:
                found.sshd = not found.sshd
            else:
                raise Unknown(rows[int(at)][0])
