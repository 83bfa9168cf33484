#!/usr/bin/python
# Copyright: (c) 2026, netbsd.xen contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: domain
short_description: The guests of a Xen host
version_added: 0.1.0
description:
  - Brings guests to what is declared, in their configuration files and in what runs, and starts or stops them.
  - A guest is in sync only if all three agree, the declaration, its configuration file and the running domain.
  - Everything that is wrong with a declaration is refused before anything is touched, with the guest, the key, what
    was found and what is allowed.
  - What can't be changed while a guest runs is reported in RV(ignore:restart_required) and left alone, unless
    O(restart_policy=if_needed).
  - A guest that fails does not keep the others from being brought up.
author: netbsd.xen contributors (@netbsd-xen)
extends_documentation_fragment:
  - netbsd.xen.resource
  - netbsd.xen.resource.limit
  - netbsd.xen.resource.release
notes:
  - With C(xenstored) dead a call of C(xl) would hang for ever, so the module looks for it first and fails with the
    command that starts it.
  - Two runs on one host at a time are safe. They create guests one after the other.
  - A UUID that the declaration does not give is written to the configuration file, and is no reason for a restart.
  - On NetBSD a guest's disk in a file is a vnd unit, which may stay when the guest ends or the disk is taken. A unit
    that no guest uses is released if a guest's configuration names its file; all others stay.
  - A domain that xenstored does not know ("(null)") can't be managed, and says what to do instead.
options:
  guests:
    description:
      - The guests, each a dictionary. Guests of the host that are not listed are left alone.
      - What a guest does not give is taken from O(os_defaults), and if that does not give it, it is as told here.
    type: list
    elements: raw
    required: true
    suboptions:
      name:
        description:
          - The guest's name, of letters, digits, C(_), C(.), C(+) and C(-). It is its file's name, too.
          - It is the only key that every guest needs.
        type: str
      os:
        description: The guest's system, V(netbsd), V(linux) or V(other) (the default). By it a guest takes its
          O(os_defaults).
        type: str
      uuid:
        description: The guest's UUID. It is derived from O(host_name) and the guest's name if it is not given. With
          V(any) none is written, and Xen makes one up at each start; that is what a configuration made by hand mostly
          does.
        type: str
      config:
        description: The name of its config file in O(config_dir), where that is not the guest's own name, such as
          V(web1.cfg).
        type: str
      type:
        description: V(pv) (the default), V(pvh), V(hvm), or V(pvshim), a pv kernel within a pvh guest.
        type: str
      kernel:
        description: The kernel, a file of the dom0. A V(hvm) guest boots by itself and needs none.
        type: str
      ramdisk:
        description: The kernel's ramdisk, a file of the dom0.
        type: str
      cmdline:
        description: The kernel's whole command line. Takes the place of O(guests[].root) and O(guests[].extra).
        type: str
      root:
        description: The root device, such as V(xbd0a). Of it and O(guests[].extra) xl makes the command line
          C(root=ROOT EXTRA).
        type: str
      extra:
        description: What follows O(guests[].root) on the kernel's command line.
        type: str
      bootloader:
        description: A program of the dom0 that finds the kernel in the guest's disk, for example V(pygrub).
        type: str
      memory:
        description:
          - The guest's memory in MiB, or like V(512M) or V(2G). Every guest needs it but one that is V(absent),
            and one that is only stopped (see O(guests[].state)).
          - A NetBSD guest can't grow above the memory that it was started with, and needs a restart for that.
        type: raw
      maxmem:
        description: How much memory it may be given while it runs, in MiB, or like V(512M) or V(2G). The default is
          O(guests[].memory).
        type: raw
      vcpus:
        description: How many virtual processors it has, by default V(1).
        type: int
      maxvcpus:
        description:
          - How many virtual processors it may be given while it runs. The default is O(guests[].vcpus).
          - In a NetBSD guest the two are equal, because it starts all of them and gives none back.
        type: int
      cpus:
        description: The real processors that the virtual ones may run on. A text for all of them (V(2), V(0-3,^1),
          V(all), V(nodes:0)), or a list with one text for each.
        type: raw
      weight:
        description: Its share where processors are scarce, V(1) to V(65535). Xen's own default is V(256).
        type: int
      cap:
        description: The most that it gets, in percent of one processor. V(150) is one and a half, V(0) is no limit.
        type: int
      pool:
        description: The CPU pool that it runs in.
        type: str
      disks:
        description: The guest's disks. An item is the path of a file or block device, or a dictionary; see
          xl-disk-configuration(5).
        type: list
        elements: raw
        suboptions:
          path:
            description: A file or block device. A V(hvm) guest's CD drive may be empty, without a path.
            type: str
          size:
            description: A size like V(10G), with which a file that does not exist is made, taking no space yet. One
              that exists is never changed.
            type: str
          vdev:
            description: Its name in the guest, V(xvda), V(hda), V(sda) or a number. The default is the next free one of
              V(xvda), V(xvdb), ...
            type: str
          access:
            description: V(rw) (the default) or V(ro). A CD is always V(ro).
            type: str
          format:
            description:
              - V(raw) (the default), V(qcow2), V(qcow), V(vhd) or V(qed).
              - NetBSD's kernel serves V(raw) only. The others need qemu, which a V(hvm) guest has and others get with
                O(guests[].disks[].backendtype=qdisk).
            type: str
          cdrom:
            description: Whether it is a CD, by default V(false).
            type: bool
          script:
            description: A hotplug script.
            type: str
          backendtype:
            description: What serves the disk, V(phy) or V(qdisk). Without it xl chooses.
            type: str
          discard:
            description: Whether the guest is told that it may give back space of the disk.
            type: bool
          direct_io_safe:
            description: Whether dom0's kernel is safe for direct I/O, so that qemu may go past its page cache, by
              default V(false).
            type: bool
          shared:
            description:
              - A name, for a file that guests of this host write to at the same time on purpose, for example with a
                cluster's file system on it. Each of them must give the same one; where it differs, or one gives none,
                the second guest is not started.
              - A device can't be shared, because NetBSD opens it only once. Without this, guests may share a file that
                all of them only read.
            type: str
      nics:
        description:
          - The guest's network interfaces. An item is the name of a bridge, or a dictionary; see
            xl-network-configuration(5).
          - V(mtu), V(vlan) and V(vifname) are refused, because they have no effect on NetBSD.
        type: list
        elements: raw
        suboptions:
          bridge:
            description: The bridge that it is on.
            type: str
          mac:
            description: Its MAC address. It is derived from O(host_name), the guest's name and the interface's number
              if it is not given, so that it is the same in every run. With V(any) none is written, and Xen makes one
              up at each start.
            type: str
          model:
            description: Which card is emulated for a V(hvm) guest, such as V(e1000).
            type: str
          script:
            description: A hotplug script.
            type: str
          ip:
            description: An address that is passed to the hotplug script.
            type: str
          type:
            description: V(vif) or, for a V(hvm) guest, V(ioemu).
            type: str
          rate:
            description: The most that the guest may send through it, like V(10MB/s) or V(100Mb/s).
            type: str
      pci:
        description: PCI devices that the guest gets. An item is the address of a device like V(0000:03:00.0), or a
          dictionary; see xl-pci-configuration(5). dom0 must have been booted with the device hidden from its own
          drivers.
        type: list
        elements: raw
        suboptions:
          bdf:
            description: The device's address, in quotes.
            type: str
          vslot:
            description: The slot that it has in the guest, in hexadecimal. Without it any free one.
            type: str
          permissive:
            description: Whether the guest may write all of the device's configuration.
            type: bool
          msitranslate:
            description: Whether the device uses message signalled interrupts although the guest asks for an ordinary
              one.
            type: bool
          seize:
            description: Whether xl takes the device from dom0's driver, if it is not kept for guests yet.
            type: bool
          power_mgmt:
            description: Whether the guest may change the device's power state.
            type: bool
          rdm_policy:
            description: What xl does if memory that the device has reserved is in use in the guest, V(strict) (it does
              not start) or V(relaxed).
            type: str
      vtpm:
        description:
          - Virtual TPMs of a V(pv) or V(pvh) guest, for which NetBSD has no driver. An item is the name of the domain
            that serves it, or a dictionary; see xen-vtpm(7).
          - Only C(xl) can be told of it.
        type: list
        elements: raw
        suboptions:
          backend:
            description: The name of the domain that serves it, which must be up before the guest is started.
            type: str
          uuid:
            description: The UUID by which it is known there. Without it xl makes one up at each start.
            type: str
      vnc:
        description: The guest's screen by VNC. V(true), V(false) (the default), or a dictionary.
        type: raw
        suboptions:
          listen:
            description: The address of the host where it listens, by default V(127.0.0.1).
            type: str
          display:
            description: V(0) to V(99), for the ports from 5900 on. The default is the first that is free.
            type: int
          keymap:
            description: The keyboard's layout, such as V(de).
            type: str
      serial:
        description: The serial line of a V(hvm) guest, for example V(pty).
        type: str
      on_poweroff:
        description:
          - What follows when it powers off, by default V(destroy).
          - V(destroy), V(restart), V(rename-restart), V(preserve), V(coredump-destroy) or V(coredump-restart).
        type: str
      on_reboot:
        description: What follows when it reboots, as for O(guests[].on_poweroff). The default is V(restart).
        type: str
      on_crash:
        description: What follows when it crashes, as for O(guests[].on_poweroff). The default is V(destroy).
        type: str
      on_watchdog:
        description: What follows when its watchdog runs out, as for O(guests[].on_poweroff). The default is xl's own.
        type: str
      on_soft_reset:
        description: What follows when it asks for a soft reset, as for O(guests[].on_poweroff), or V(soft-reset). The
          default is xl's own.
        type: str
      state:
        description:
          - V(running) (the default); V(paused), ready to run and standing still; V(shutdown), asked to shut down;
            V(destroyed), stopped at once.
          - V(saved), its memory kept in O(save_dir), from where it goes on when it is to be V(running) again.
          - V(absent), shut down and its configuration removed.
          - For V(shutdown), V(destroyed) and V(absent) the guest can be declared by its O(guests[].name) alone, without
            memory, kernel or anything else of a configuration. It is stopped then, and for V(shutdown) and V(destroyed)
            its configuration stays as it was found.
        type: str
      autostart:
        description: Whether it starts with the host, by default V(false). Used by role P(netbsd.xen.services#role).
        type: bool
      depends_on:
        description: Names of guests of this host that must be up before it is started.
        type: list
        elements: str
      priority:
        description: V(-1000) to V(1000), by default V(0). Of guests that don't depend on each other the one with the
          lower number starts earlier.
        type: int
      health:
        description:
          - How it shows that it has come up, for which the next start waits. A text on its console, or an answer by
            TCP, or both.
          - For the console the consoles must be logged, with C(XENCONSOLED_TRACE=guest) for xencommons.
        type: dict
        suboptions:
          console:
            description: Plain text that appears on its console.
            type: str
          address:
            description: Where something must answer at O(guests[].health.port).
            type: str
          port:
            description: A TCP port of O(guests[].health.address).
            type: int
          timeout:
            description: How many seconds that may take, V(1) to V(3600), by default V(120).
            type: int
      install:
        description:
          - How it gets its system, which M(netbsd.xen.guest_system) sees to. M(netbsd.xen.domain) only takes from it
            what the guest then boots.
        type: dict
        suboptions:
          method:
            description:
              - Where the system comes from. V(sets) is NetBSD from its sets, and the default.
              - V(sysinst) is NetBSD by its own installer, which the controller talks to at the guest's console.
              - V(tree) is Linux from a tarball, which O(guests[].install.tree) names.
              - V(packages) is Linux from C(.deb) or C(.rpm) files, which O(guests[].install.packages) names.
              - V(image) is any system from an image of its disk, which O(guests[].install.image) names.
              - V(media) is Solaris from its DVD, O(guests[].install.dvd), whose graphical installer a person goes
                through.
            type: str
          release:
            description: The release of NetBSD, in quotes, such as V("10.1"). Must be given for the methods V(sets) and
              V(sysinst).
            type: str
          arch:
            description: V(amd64), which is the default, or V(i386).
            type: str
          source:
            description: A mirror (C(http), C(https) or C(ftp)) or a directory of dom0, in which the release lies as
              C(NetBSD-RELEASE/ARCH/binary), or with O(guests[].install.remote_src=false) of the controller. The default
              is O(netbsd.xen.guest_system#module:install_source). With method V(sysinst) the guest itself fetches from
              it, so it must be a mirror by C(http) or C(ftp).
            type: str
          remote_src:
            description:
              - With V(false), O(guests[].install.source) and O(guests[].install.keyring) are a directory and a file of
                the controller. A relative path is looked for as M(ansible.builtin.copy) does. What dom0 lacks of it is
                brought there once for all guests, and only when one is to be installed.
              - The default is V(true) beside a source of the guest's own, else
                O(netbsd.xen.guest_system#module:install_remote_src).
            type: bool
          keyring:
            description:
              - A file with the public keys of those who may have signed the release's sums, such as the security
                officer's C(security-officer@netbsd.org.asc), packed as text or not.
              - All that O(guests[].install.sums) does not tell is then checked against the signed list of the release,
                C(security/hashes/NetBSD-RELEASE_hashes.asc) of the source, and not against its file C(SHA512). dom0's
                C(netpgpverify), or GnuPG where that is missing, says whether the signature holds.
              - The default is O(netbsd.xen.guest_system#module:install_keyring).
            type: str
          network:
            description: The guest's first interface. V(dhcp), or a dictionary. Must be given for a guest with
              interfaces.
            type: raw
            suboptions:
              address:
                description: Its address with the length of its network's prefix, such as V(10.0.0.21/24).
                type: str
              gateway:
                description: The way out of that network.
                type: str
              nameservers:
                description: The addresses of name servers.
                type: list
                elements: str
          hostname:
            description: Its own name for itself. The default is the guest's name.
            type: str
          authorized_keys:
            description: The public keys of ssh with which one can log in as root.
            type: list
            elements: str
          root_password:
            description:
              - The hash of root's password, as the guest's crypt(3) knows it. NetBSD knows C($2a$), C($sha1$) and, from
                10 on, C($argon2id$). Ansible makes one with C(password_hash('bcrypt', ident='2a')). Linux knows
                C($5$), C($6$), C($y$) and C($2b$); C(password_hash('sha512')) makes one.
              - Without it nobody logs in with a password, not on the console either.
            type: str
          ntp:
            description: Time servers, by name or address. Without any, the guest's clock is left to itself.
            type: list
            elements: str
          pkg_path:
            description:
              - Where a NetBSD guest's Python comes from (O(guests[].install.python)). A URL with binary packages for
                its release, which it fetches itself with pkg_add(1) when it boots for the first time, or a directory
                of dom0 with them, of which what Python takes is copied onto its disk, so that no network is needed.
                C($arch) and C($osrelease) stand for the guest's own, as in pkgin's C(repositories.conf).
              - The default is O(netbsd.xen.guest_system#module:install_pkg_path).
            type: str
          python:
            description:
              - Whether the guest shall have a Python, so that Ansible's modules can be used in it. The default is
                V(false). A login then counts only once its Python was seen, for which it has half an hour. A guest
                whose login was seen gets none any more; role C(bootstrap) of this collection brings it one.
              - With the methods V(sets) and V(sysinst) the newest that O(guests[].install.pkg_path) has is installed.
                With V(tree) and V(packages) it must be in there, and with V(image) the seed asks cloud-init for it.
            type: bool
          again:
            description:
              - The word for what the disk holds now, from the message that refuses to write it. The disk is written
                again, and what it holds is lost. A word that is not, or no longer, for what the disk holds is refused.
            type: str
          sets:
            description: The sets that are unpacked, without their suffix. The default is V(base) and V(etc).
            type: list
            elements: str
          sums:
            description:
              - For method V(sets), the SHA512 of files by their names, for sets and kernel, and for method V(sysinst)
                for its two kernels. Without one the signed list is asked if there is an
                O(guests[].install.keyring), else the release's own file C(SHA512).
              - For method V(packages), the SHA256 or SHA512 of packages by their names. Must be given for those from
                URLs.
            type: dict
          swap:
            description: How much of the disk is for swap, such as V(512M), or V(0). The default is as much as
              O(guests[].memory).
            type: raw
          cd:
            description:
              - For method V(sysinst), the path in dom0 of an installation CD's image, or of a drive such as
                C(/dev/cd0a), from which the guest gets its sets instead of by the network. While it is installed it
                has no other disk but its first one and this.
            type: path
          dvd:
            description:
              - For method V(media), the path in dom0 of an OpenSolaris DVD's image. Kernel and microroot are copied
                out of it to O(guests[].kernel) and O(guests[].ramdisk), by default C(/home/xen/NAME-unix) and
                C(/home/xen/NAME-x86.microroot). It is held on a vnd unit until the guest boots from its disk.
              - The guest's first disk must be a file of 8G or more with O(guests[].disks[].vdev=0x0), and its memory
                V(640M) or more.
            type: path
          bits:
            description: For method V(media), V(64), which is the default, or V(32).
            type: int
          display:
            description: For method V(media), an X display that the guest reaches and may open, such as V(10.0.2.2:0),
              on which its installer is shown. Either this or O(guests[].install.vnc_password) must be given.
            type: str
          vnc_password:
            description: For method V(media), the password of the VNC server that is started in the guest's live
              system, V(6) to V(8) characters. It is kept out of logs and results.
            type: str
          tree:
            description:
              - For method V(tree), a tarball with the root of a Linux system (plain, or packed by gzip, bzip2 or xz),
                as a URL or a path in dom0.
              - Its newest kernel and the ramdisk for that are taken out to where O(guests[].kernel) and
                O(guests[].ramdisk) say, unless there are files already. With O(guests[].bootloader) the loader must
                find them.
            type: str
          packages:
            description:
              - For method V(packages), the C(.deb) or C(.rpm) files of which the system consists, each a URL or a path
                in dom0, in the order in which they are unpacked; or a directory of dom0, whose files are unpacked in
                the order of their names. C(dpkg) or C(rpm), and systemd, must be among them.
              - Their scripts can't be run in dom0. The guest runs them when it boots for the first time, so until then
                the packages are on its disk, and a service that they would have started is not there before.
              - Nobody makes a ramdisk of them. The kernel must have Xen's disks and the file system built in, as its
                C(/boot/config-*) says, or O(guests[].ramdisk) must be in dom0.
              - What packs them must be gzip, xz or bzip2, or zstd if dom0 has the package C(zstd). Extended attributes
                are left out.
            type: raw
          image:
            description: For method V(image), an image of a disk, raw (or packed by gzip, bzip2 or xz) or qcow2, as a
              URL or a path in dom0. The disk must have a megabyte more, and the rest of it is left to the guest.
            type: str
          sha512:
            description: The SHA512 of O(guests[].install.tree) or O(guests[].install.image). Must be given for a URL.
            type: str
          filesystem:
            description: For the methods V(tree) and V(packages), V(ext4), which is the default, V(ext3) or V(ext2),
              with the features that old kernels and loaders know too.
            type: str
          table:
            description:
              - For method V(sets), V(disklabel), which is the default, or V(gpt). With V(gpt) the guest's root is
                C(dk0) instead of C(xbd0a), and dom0 and the guest must be NetBSD 7 or newer.
              - For the methods V(tree) and V(packages), V(mbr) for a disk with a partition table and one partition, or
                V(none) for a bare file system.
              - "For those the default follows from O(guests[].disks[].vdev): a partition's name (V(xvda1), V(0x301))
                is a bare file system, and a disk's (V(xvda), V(0x300)) has a table, so that the root is C(xvda1) or
                C(hda1). That is the default of O(guests[].root) too, and another one is refused."
            type: str
          seed:
            description:
              - For method V(image), the path of a read-only disk of the guest, which becomes a NoCloud seed for
                cloud-init, with the guest's name, network, keys and password, and with ssh host keys of its own.
              - Without one nothing is changed in the image, and nothing else can be declared.
            type: path
          user_data:
            description: For method V(image), keys of cloud-config for the seed. They come over what is made of the
              other keys. They may have passwords in them, so they are kept out of logs and results.
            type: dict
      settings:
        description: Any other keys of xl.cfg(5). What O(release) does not know is refused, and so is what has a key of
          its own here.
        type: dict
      vncpasswd:
        description: The password of its screen. It is kept out of logs and results, and the file that holds it is
          readable by root only.
        type: str
      spicepasswd:
        description: The password of its screen by SPICE. It is kept out of logs and results, and the file that holds it
          is readable by root only.
        type: str
  host_name:
    description:
      - The host's name, from which MAC addresses and UUIDs are derived. The action plugin fills in
        C(inventory_hostname).
    type: str
    required: true
  config_dir:
    description:
      - The directory of the guests' configuration files, where a guest's file has the guest's name.
      - The default is C(/usr/pkg/etc/xen) on NetBSD and C(/etc/xen) on Linux.
    type: path
  save_dir:
    description:
      - The directory where the memory of V(saved) guests is kept, in files V(NAME.save). Each is as large as its
        guest's memory.
      - The default is C(/var/xen/save) on NetBSD and C(/var/lib/xen/save) on Linux.
    type: path
  release:
    description:
      - The Xen release of the host, like V(4.20). What it does not know is refused, where xl would ignore it without
        a word.
      - For the older ones that is what C(xm) can be told.
      - Without it, a key that any release knows is let through.
    type: str
  os_defaults:
    description:
      - Values for guests that do not give their own, by the guest's V(os).
      - A guest with a V(bootloader) or of type V(hvm) takes no kernel, ramdisk or command line from here.
      - "Not from here: V(name), V(os), V(disks), V(nics), V(pci), V(vtpm), V(uuid), V(config), V(state), V(depends_on),
        V(install) and passwords."
    type: dict
    default: {}
  restart_policy:
    description:
      - Whether a running guest may be shut down and started again where that is the only way to bring it to what is
        declared.
    type: str
    choices: [never, if_needed]
    default: never
  shutdown_timeout:
    description:
      - How many seconds (0 to 3600) a guest may take to shut down. One that takes longer is left running and reported
        as a failure, unless O(destroy_after) is given.
      - So long a guest is also asked to save itself, again and again if it does not answer, as while it boots.
      - A NetBSD guest without C(powerd=YES) in its C(rc.conf) neither shuts down nor saves itself when asked.
    type: int
    default: 180
  destroy_after:
    description:
      - After how many seconds (0 to 3600) a guest that does not shut down is stopped hard. Takes the place of
        O(shutdown_timeout).
    type: int
  remove_disks:
    description:
      - Whether the disks of an V(absent) guest are removed with all their data. Only regular files are, and only
        those that nobody else has under any name, neither another guest (running, declared or only configured) nor
        the machine itself (mounted, swap, a vnd unit). A disk that is kept is a warning.
    type: bool
    default: false
  detach_devices:
    description:
      - Whether disks and network interfaces that are no longer declared may be taken from a guest while it runs.
        Otherwise that takes a restart of the guest, see O(restart_policy).
      - An interface is never taken from a running NetBSD guest, whose kernel panics when that happens.
    type: bool
    default: false
  start_delay:
    description: Seconds to wait between the starts of two guests (0 to 3600).
    type: int
    default: 0
  report_undeclared:
    description: Whether to warn of guests that run and that O(guests) does not name. The role C(domu) does.
    type: bool
    default: false
  bridges:
    description: If given, the only bridges that a guest may be on.
    type: list
    elements: str
    default: []
  assume_dom0:
    description:
      - Plans for a host that is not yet a dom0, in check mode. What can't be looked up there is taken to be right.
    type: bool
    default: false
  assume_files:
    description: Paths that are taken to exist, because earlier tasks of a check run would have put files there.
    type: list
    elements: str
    default: []
  assume_bridges:
    description: Bridges that are taken to exist, because an earlier task of a check run would have made them.
    type: list
    elements: str
    default: []
  assume_vnd_units:
    description: How many vnd units are taken to have device nodes, because an earlier task of a check run would have
      made them.
    type: int
    default: 0
  missing_files:
    description: Files that an earlier task could not bring to the machine, each with the reason. A guest that needs one
      of them for its start is left as it is, and so are those that depend on it. The other guests go on. All of it is a
      failure at the end.
    type: dict
    default: {}
  waiting:
    description: Guests that an earlier task could not get ready, each with the reason. One of them that would be
      started is left as it is, and so are those that depend on it. The other guests go on. All of it is a failure at
      the end.
    type: dict
    default: {}
  installing:
    description: Guests in which their own installers run, or of which nothing but an installation will tell what they
      boot. As long as they shall run, nothing at all is done to them, and what depends on them is not started. That is
      no failure.
    type: list
    elements: str
    default: []
  secrets:
    description:
      - Passwords by guest, each a dictionary with V(vncpasswd) or V(spicepasswd). The action plugin moves them here
        from the guests, so that they are logged nowhere.
      - Those of a guest that is not in O(guests) are refused.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Two guests
  netbsd.xen.domain:
    os_defaults:
      netbsd:
        kernel: /home/xen/netbsd-XEN3_DOMU.gz
        root: xbd0a
    guests:
      - {name: web1, os: netbsd, memory: 512, disks: [/dev/wd0e], nics: [bridge0]}
      - name: db1
        os: netbsd
        memory: 1G
        vcpus: 2
        disks:
          - {path: /home/xen/db1.img, size: 20G}
        nics:
          - {bridge: bridge0, mac: "00:16:3e:00:00:11"}

- name: A guest is shut down, or stopped after two minutes
  netbsd.xen.domain:
    guests:
      - {name: web1, state: shutdown}
    destroy_after: 120

- name: A guest on processors of its own, seen by VNC, with a setting that is used seldom
  netbsd.xen.domain:
    release: "4.20"
    guests:
      - name: build1
        os: netbsd
        kernel: /home/xen/netbsd-XEN3_DOMU.gz
        root: xbd0a
        memory: 2G
        vcpus: 2
        cpus: 2-3
        weight: 512
        disks: [/dev/wd0f]
        nics: [bridge0]
        vnc: {listen: 10.0.0.1, display: 5}
        vncpasswd: "{{ vault_build1_vnc }}"
        settings:
          e820_host: true

- name: The web server starts when the database answers
  netbsd.xen.domain:
    os_defaults:
      netbsd:
        kernel: /home/xen/netbsd-XEN3_DOMU.gz
        root: xbd0a
        memory: 512M
        health: {console: "login:"}
    guests:
      - name: db1
        os: netbsd
        disks: [/dev/wd0g]
        nics: [bridge0]
        health: {address: 10.0.0.21, port: 5432, timeout: 300}
      - {name: web2, os: netbsd, disks: [/dev/wd0h], nics: [bridge0], depends_on: [db1]}

- name: A guest with firmware, its installation CD in the drive
  netbsd.xen.domain:
    guests:
      - name: win1
        type: hvm
        memory: 4G
        disks:
          - {path: /dev/wd0i, vdev: hda}
          - {path: /home/xen/install.iso, vdev: hdc, cdrom: true}
        nics: [{bridge: bridge0, model: e1000}]
        vnc: true
        settings: {boot: dc, usbdevice: tablet}

- name: A guest stands aside for a while, its memory kept in a file
  netbsd.xen.domain:
    guests:
      - {name: web1, os: netbsd, memory: 512, kernel: /home/xen/netbsd-XEN3_DOMU.gz, disks: [/dev/wd0e], state: saved}
    save_dir: /home/xen/save

- name: A guest and its disks are gone
  netbsd.xen.domain:
    guests:
      - {name: old1, state: absent}
    remove_disks: true
"""

RETURN = r"""
changes:
  description: What was done, or in check mode would be done, in order.
  returned: always
  type: list
  elements: dict
  contains:
    resource:
      description: The resource, here V(domain).
      type: str
    thing:
      description: The guest, or the vnd unit that one left behind.
      type: str
    summary:
      description: The change in words.
      type: str
    impact:
      description: What it costs, one of V(live), V(guest_restart), V(guest_recreate) and V(host_reboot).
      type: str
    before:
      description: What was found. A password is replaced by a digest.
      type: raw
    after:
      description: What is wanted. A password is replaced by a digest.
      type: raw
restart_required:
  description:
    - Changes that are still needed and were not allowed, in the form of RV(changes).
    - "Each also has its C(word), the options that the admin has to give first, like V(restart_policy: if_needed)."
  returned: always
  type: list
  elements: dict
commands:
  description: The commands that were run on the machine.
  returned: always
  type: list
  elements: dict
  contains:
    argv:
      description: The command and its arguments.
      type: list
      elements: str
    rc:
      description: Its exit status; nothing if it did not end in time.
      type: int
    seconds:
      description: How long it took.
      type: float
failures:
  description:
    - What failed, each with its C(thing) (the guest) and C(msg) (what was found and what to do).
    - Of a command that failed also C(command), its exit status C(rc) and the line of its output that says why,
      C(cause); of a guest the last lines of its logs, C(xl_log) of C(/var/log/xen/xl-NAME.log) and C(console_log) of
      C(/var/log/xen/console/guest-NAME.log).
  returned: failure
  type: list
  elements: dict
"""

from ansible_collections.netbsd.xen.plugins.module_utils._engine import run_module
from ansible_collections.netbsd.xen.plugins.module_utils._resources.guests import resource as domain


def main() -> None:
    run_module(domain)


if __name__ == "__main__":
    main()
