# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""What becomes of each name of command-records.jsonl when the simulator runs it (simulator/test_command_records.py)."""
from __future__ import annotations

# --- why something differs -------------------------------------------------------------------------------------------

SHORTENED = "lines that nobody reads are left out; what the collection reads of it agrees"
FEWER_FILES = "the simulated machine and its packages have fewer files"
UTILITY = "a utility or the shell of the controller serves here: GNU's, or another shell's, words and options"
NODES = "a device node is a small file for ls; the machine's Python and stat see a node (makedev-*, stat-f-dev)"
XL_4_20 = "xl speaks as that of 4.20 does (xl-records.jsonl): the cause and the status are the same"
NO_PROGRAM = "the simulator has no use for the program: the collection never calls it"

DIFFERS: dict[str, str] = {
    "sysctl-n-hw.disknames": "the simulated machine has no floppy and no CD",
    "dmesg": SHORTENED,
    "cpuctl-identify": SHORTENED,
    "dumpfs-s-rwd0a": SHORTENED,
    "dumpfs-s-dir": SHORTENED,
    "disklabel-wd0": SHORTENED,
    "dd-sector": "cksum without -a is not simulated: the collection never sums up what comes through a pipe",
    "id": UTILITY,
    "sh-read-r": UTILITY,
    "sh-set-pipefail": UTILITY,
    "grep-oP": UTILITY,
    "sha512": UTILITY,
    "mktemp": UTILITY,
    "pgrep-x": "without -x the shell that called it is found too",
    "service-l": "the order is that of the names, and not that of rcorder; nobody reads it",
    "kern-xen-ls": UTILITY,
    "makedev-ls": NODES,
    "ls-dev-xen": NODES,
    "ftp-nofiles": UTILITY,
    "ls-mdec": FEWER_FILES,
    "ls-root": FEWER_FILES,
    "ls-xen": FEWER_FILES,
    "xl-dmesg": SHORTENED,
    "xl-pause-missing": XL_4_20,
    "xl-mem-set-missing": XL_4_20,
    "xl-rename-missing": XL_4_20,
    "xl-shutdown-missing": XL_4_20,
    "xl-reboot-missing": XL_4_20,
    "xl-destroy-missing": XL_4_20,
    "ftp-dir": "the rack's mirror lists no directories",
    "xl-create-p-with-guest": XL_4_20,
    "xl-create-again-with-guest": XL_4_20,
    "xl-list-l-guest-with-guest": XL_4_20,
    "xl-pause-missing-with-guest": XL_4_20,
    "xl-mem-set-missing-with-guest": XL_4_20,
    "xl-rename-missing-with-guest": XL_4_20,
    "xl-block-detach-with-guest": XL_4_20,
    "xl-list-l-guest2-with-guest": XL_4_20,
    "xl-shutdown-missing-with-guest": XL_4_20,
    "xl-reboot-missing-with-guest": XL_4_20,
    "log-xl-with-guest": FEWER_FILES,
    "xl-destroy-missing-with-guest": XL_4_20,
    "ps-end-with-guest": "the xl that waits for a domain ends with `xl destroy`, also where the domain stays as (null)",
    "pkg-add": "MESSAGE of the package: its words are the simulator's own",
    "pkg-info-qL": FEWER_FILES,
    "pkg-info-qL-first-bytes": FEWER_FILES,
    "pkg-db": FEWER_FILES,
    "pkg-contents": FEWER_FILES,
    "pkg-rcd": UTILITY,
    "strings-blocks": "boot blocks have no content: their options are state, which installboot -e shows",
    "t1-create": XL_4_20,
    "t1-block-detach-paused": XL_4_20,
    "t1-save-paused": "strerror(0) is Linux's here, Success, as in the records of a Debian dom0",
    "shutdown-r-now": "nothing runs in the background: rc.shutdown says nothing into the session that is about to end",
}

NOT_REPLAYABLE: dict[str, str] = {
    "su-c": NO_PROGRAM,
    "rcd-order": NO_PROGRAM,
    "gpt-show": NO_PROGRAM,
    "dkctl-list": NO_PROGRAM,
    "dkctl-missing": NO_PROGRAM,
    "pkg-add-n-u-other-version": "it asks the database by file, which has a package that was renamed by hand",
}

REPLAYED = """
ps-product-form ps-two-o ps-args ps-args-two-o ps-comm-pid-noeq ps-p-missing ps-p-1 ps-bad-keyword
sysctl-n-kern.boottime sysctl-n-machdep.bootmethod sysctl-n-net.inet.ip.forwarding sysctl-n-hw.machine_arch
sysctl-n-hw.ncpu sysctl-n-hw.physmem64 sysctl-n-kern.osrelease sysctl-n-kern.version sysctl-n-machdep.booted_kernel
sysctl-n-kern.securelevel sysctl-n-no.such.node sysctl-w-fwd1 sysctl-w-fwd0 sysctl-w-unknown sysctl-w-readonly
ifconfig-a ifconfig-l ifconfig-C ifconfig-missing brconfig-a brconfig-missing brconfig-notabridge mount
mount-kernfs-again umount-kern-extra mount-kernfs mount-kernfs-nodir mount-after umount-missing df-k df-m-P
cpuctl-identify-9 cpuctl-list dumpfs-s-rwd0b dumpfs-s-missing disklabel-missing fdisk-wd0 fdisk-missing
dd-sector-partition dd-missing vnconfig-l vnconfig-l-vnd0 vnconfig-l-vnd99 mkfile vnconfig-v vnconfig-v-busy
vnconfig-l-after vnconfig-u vnconfig-u-unused vnconfig-nofile pkg_info pkg_info-e-missing pkg_info-qL-missing
pkg_info-X-missing pkg_delete-missing pkg_admin-pkgdb pkg_add-V pkg_add-n-missing hostname uname-a uname-v uname-p
id-u stat-f stat-f-dev stat-missing date-ymd date-s sh-test-h sh-func-exit sh-pipe-status sh-command-v sed-i sed-E awk
cksum-a-sha512 kill-0-missing kill-TERM-missing kill-l pgrep-x-cron pkill-missing nohup setsid-missing shutdown-bad
shutdown-badtime service-cron service-missing cron-onestatus cron-status cron-rcvar cron-describe cron-poll
cron-nosuchverb cron-onestart-running cron-onestop cron-onestatus-stopped cron-onestop-stopped cron-onestart
cron-onerestart kern-privcmd-stat makedev-vnd3 makedev-f makedev-bad makedev-xen makedev-xbd makedev-dash ftp-o-dash
ftp-o-404 ftp-refused ftp-badhost ftp-https ftp-nowrite installboot-n installboot-n-ffsv2 installboot-nosuch
installboot-nodev npfctl-show npfctl-validate-missing npfctl-reload-missing etc-fstab br-create br-create-again
br-show-new br-show-new-b br-up br-add-missing br-stp-missing br-delete-notmember br-mtu br-mtu-back br-mtu-9000
br-mtu-big br-mtu-1500 br-inet tap-create tap-show tap-mtu tap-inet tap-inet-alias tap-show-addr tap-inet-delete
tap-inet-delete-missing tap-inet-bad tap-up br-add-tap-mtu-differs tap-mtu-1500 br-add-tap br-add-tap-again br-list
br-list-a if-list-a br-mtu-with-member tap-mtu-in-bridge tap-mtu-in-bridge-back br-mtu-1500b br-stp br-nostp br-down
br-create6 br-add-busy br6-destroy tap-destroy-in-bridge br-list-after-tapdestroy br-delete-gone vether-create
vether-destroy vlan-create vlan-show-new vlan-noparent vlan-badid vlan-set vlan-set-same vlan-set-other-id vlan-show
vlan-create2 vlan-dup vlan-set-lo vlan-mtu-too-big vlan-mtu vlan-mtu-1500 vlan-up br-add-vlan br-show-vlan
if-show-vlan-in-bridge vlan-detach-in-bridge vlan-show-detached br-delete-vlan vlan-detach-again vlan-reset vlan-inet
vlan-show-inet vlan-alias vlan-delete-inet br-add-vlan2 vlan-destroy-in-bridge br-show-after-vlandestroy vlan9-destroy
vlan-destroy-gone br-destroy br-destroy-gone br-cmd-gone br-up-gone if-create-nosuch if-destroy-physical
if-bad-keyword if-final-l wm0-mtu-9000 wm0-mtu-20000 wm0-mtu-1500 rc-netfile rcd-xen xencommons-status xl-info xl-list
xl-list-c xl-list-l xl-list-l-missing xl-list-missing xl-vcpu-list xl-cpupool-list xl-cpupool-list-c xl-domid-missing
xl-nosuchcommand xs-read-name xs-read-missing xs-list xs-list-missing xs-write xl-create-nofile ps-with-guest
ps-args-with-guest xl-list-paused xl-list-l-guest xl-vcpu-list-guest ifconfig-a-guest ifconfig-l-guest
brconfig-a-guest vnconfig-l-guest xl-network-list-missing xl-block-list-missing xl-list-nested xl-sched-credit2 mk-d2
vnconfig-l-guest2 xl-list-l-guest2 xl-list-after-badsave xl-restore-nofile log-xl xl-list-end ifconfig-l-end
vnconfig-l-end ps-end xs-list-end xendomains-onestatus xendomains-rcvar xen-init-dom0 tapA-create tapA-inet-A
tapA-inet-B-noalias tapA-show-AB tapA-alias-C tapA-inet-D-noalias tapA-show-CD tapA-mtu-bad tapA-mtu-500000
tapA-show-mtu tapA-destroy rc-network-file fresh-mount-kernfs date-tz ftp-file-url ftp-exists cfg-write-with-guest
xl-create-nofile-with-guest xl-create-n-with-guest ps-with-guest-with-guest ps-args-with-guest-with-guest
xl-list-paused-with-guest xl-vcpu-list-guest-with-guest xl-network-list-with-guest xl-block-list-with-guest
ifconfig-a-guest-with-guest ifconfig-l-guest-with-guest brconfig-a-guest-with-guest vnconfig-l-guest-with-guest
xl-unpause-with-guest xl-unpause-again-with-guest xl-network-list2-with-guest xl-block-list2-with-guest
xl-network-list-missing-with-guest xl-block-list-missing-with-guest xl-pause-with-guest xl-pause-again-with-guest
xl-unpause2-with-guest xl-list-nested-with-guest xl-unpause3-with-guest xl-mem-set-with-guest
xl-mem-set-big-with-guest xl-vcpu-set-with-guest xl-vcpu-set-many-with-guest xl-vcpu-pin-with-guest
xl-vcpu-pin-bad-with-guest xl-vcpu-pin-all-with-guest xl-sched-credit2-with-guest xl-sched-credit2-set-with-guest
xl-sched-credit2-bad-with-guest xl-sched-credit-with-guest xl-cpupool-migrate-with-guest
xl-cpupool-migrate-bad-with-guest xl-rename-with-guest xl-rename-clash-with-guest xl-rename-back-with-guest
mk-d2-with-guest xl-block-attach-with-guest xl-block-list3-with-guest xl-block-attach-missing-with-guest
xl-block-detach-missing-with-guest xl-network-attach-badbridge-with-guest xl-network-list3-with-guest
vnconfig-l-guest2-with-guest xl-cd-eject-with-guest xl-save-badpath-with-guest xl-list-after-badsave-with-guest
xl-restore-nofile-with-guest xl-restore-badfile-with-guest xl-dump-core-bad-with-guest xl-destroy-with-guest
xl-list-end-with-guest ifconfig-l-end-with-guest vnconfig-l-end-with-guest xs-list-end-with-guest
xendomains-onestatus-with-guest xendomains-rcvar-with-guest xen-init-dom0-with-guest pkg-add-n-dep pkg-add-n
pkg-add-again pkg-add-n-installed pkg-add-u pkg-add-missing pkg-add-two-one-missing pkg-info-all pkg-info-e
pkg-info-e-pattern pkg-info-E pkg-whole pkg-del-needed pkg-rm-file pkg-whole-broken pkg-del pkg-del-dep-broken
pkg-del-again pkg-info-end pkg-add-badurl pkg-add-refused pkg-old-setup pkg-add-n-other-version pkg-add-other-version
pkg-info-after pkg-clean installboot-e-n-v installboot-plain-n t1-block-attach-paused t1-block-list-paused
t1-block-detach-f-paused t1-network-attach-paused t1-network-list-paused t1-network-detach-paused t1-shutdown-paused
t1-list-after-save t1-destroy t1-list-after-destroy t1-vnconfig-after-destroy t1-ifconfig-after-destroy xs-ls-backend
ifconfig-nosuch-up
""".split()
