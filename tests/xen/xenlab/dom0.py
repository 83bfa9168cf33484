# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, netbsd.xen contributors
"""Turns a plain Debian tree into dom0 and its disk. Runs as (fake) root: see image.py."""

from __future__ import annotations

import gzip
import os
import shutil
import sys
from pathlib import Path

from xenlab import guest, kernel
from xenlab.image import FILES, GUEST_FACTS
from xenlab.layout import HOST, run

_DISK_SIZE = "1536M"
_GUEST_DISK_BYTES = 8 * 1024 * 1024

# virtio_pci and virtio_blk find the disk; ext4 asks for crc32c by its algorithm's name, so no dependency names it.
_BOOT_MODULES = ("virtio_pci", "virtio_blk", "crc32c_generic", "ext4")
_DOM0_MODULES = (
    *_BOOT_MODULES,
    "virtio_net",
    "bridge",
    "loop",
    "tun",
    "ipv6",
    "xen-evtchn",
    "xen-gntdev",
    "xen-gntalloc",
    "xen-privcmd",
    "xenfs",
    "xen-blkback",
    "xen-netback",
)
_GUEST_MODULES = ("xen-blkfront", "xen-netfront")
_SYSTEM_MODULES = (*_GUEST_MODULES, "crc32c_generic", "ext4")


def main() -> None:
    """`SOURCES WORK RELEASE`: makes WORK/image/{xen,vmlinux,initrd.img,dom0.img} of WORK/debian.tar."""
    work, release = Path(sys.argv[2]), sys.argv[3]
    image, root = work / "image", work / "root"
    os.umask(0o022)
    root.mkdir()
    # /dev is mounted at boot; its nodes could not be made here
    run(["tar", "-C", root, "-xpf", work / "debian.tar", "--numeric-owner", "--exclude=./dev/*"], 300)
    linux, version = _unpack_kernel(root, work / "linux")

    (image / "xen").write_bytes(gzip.decompress((root / f"boot/xen-{release}-amd64.gz").read_bytes()))
    (image / "vmlinux").write_bytes(kernel.elf_image((linux / f"boot/vmlinuz-{version}").read_bytes()))
    _make_initramfs(root, linux, version, _BOOT_MODULES, work / "boot", image / "initrd.img")

    _add_guest_files(root, linux, version, work, image / "vmlinux")
    _add_system(root, linux, version, work)
    kernel.copy_modules(linux, version, _DOM0_MODULES, root)
    kernel.index_modules(linux, version, root)
    _configure(root, image, release)
    _make_file_system(root, image / "dom0.img")


def _unpack_kernel(root: Path, target: Path) -> tuple[Path, str]:
    """Takes the kernel's package out of the tree; returns where it is unpacked and the kernel's version."""
    package = next((root / "boot").glob("linux-image-*.deb"))
    run(["dpkg-deb", "-x", package, target], 120)
    package.unlink()
    if not (target / "lib").exists():
        (target / "lib").symlink_to("usr/lib")
    version = next((target / "boot").glob("vmlinuz-*")).name.removeprefix("vmlinuz-")
    run(["/sbin/depmod", "-b", target, version], 120)
    return target, version


def _make_initramfs(root: Path, linux: Path, version: str, names: tuple[str, ...], tree: Path, output: Path) -> None:
    modules = _make_busybox_tree(root, linux, version, tree, names)
    _copy_files("initramfs", tree)
    (tree / "modules").write_text("\n".join(modules) + "\n", encoding="ascii")
    _pack(tree, output)


def _add_guest_files(root: Path, linux: Path, version: str, work: Path, vmlinux: Path) -> None:
    tree = work / "guest"
    modules = _make_busybox_tree(root, linux, version, tree, _GUEST_MODULES)
    _copy_files("guest", tree)
    (tree / "modules").write_text("\n".join(modules) + "\n", encoding="ascii")
    (root / "srv/xen").mkdir(parents=True, exist_ok=True)
    _pack(tree, _inside(root, GUEST_FACTS["ramdisk"]))
    shutil.copy(vmlinux, _inside(root, GUEST_FACTS["kernel"]))
    shutil.copy(root / "usr/lib/grub-xen/grub-x86_64-xen.bin", _inside(root, GUEST_FACTS["ignoring_kernel"]))
    for disk in GUEST_FACTS["disks"]:
        with open(_inside(root, disk), "wb") as handle:
            handle.truncate(_GUEST_DISK_BYTES)


def _add_system(root: Path, linux: Path, version: str, work: Path) -> None:
    """What guests are installed from, and the ramdisk that mounts their disks."""
    ramdisk = _inside(root, GUEST_FACTS["system_ramdisk"])
    _make_initramfs(root, linux, version, _SYSTEM_MODULES, work / "system-boot", ramdisk)
    tree = work / "system"
    guest.make_tree(root, tree)
    _copy_files("system", tree)
    guest.pack(tree, _inside(root, GUEST_FACTS["system_tree"]))


def _make_busybox_tree(root: Path, linux: Path, version: str, tree: Path, modules: tuple[str, ...]) -> list[str]:
    for directory in ("bin", "sbin", "dev", "proc", "sys", "mnt"):
        (tree / directory).mkdir(parents=True)
    shutil.copy(root / "bin/busybox", tree / "bin/busybox")
    return kernel.copy_modules(linux, version, modules, tree)


def _pack(tree: Path, output: Path) -> None:
    """Packs a tree as an initramfs: a cpio archive of the format newc."""
    names = sorted(str(path.relative_to(tree)) for path in tree.rglob("*"))
    listing, archive = output.with_suffix(".list"), output.with_suffix(".cpio")
    listing.write_text("\n".join(names) + "\n", encoding="utf-8")
    with open(listing, "rb") as stdin, open(archive, "wb") as stdout:
        run(["cpio", "--quiet", "-o", "-H", "newc", "-R", "0:0"], 60, cwd=tree, stdin=stdin, stdout=stdout)
    output.write_bytes(gzip.compress(archive.read_bytes(), 1))
    listing.unlink()
    archive.unlink()


def _copy_files(name: str, target: Path) -> None:
    """Copies files/NAME into a tree. Modes are ours, not those that a checkout happens to have."""
    for source in sorted((FILES / name).rglob("*")):
        if source.is_file():
            copy = target / source.relative_to(FILES / name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, copy)
            copy.chmod(0o755 if os.access(source, os.X_OK) else 0o644)


def _configure(root: Path, image: Path, release: str) -> None:
    # Where files/dom0/usr/bin/ssh-keygen expects the program.
    (root / "usr/bin/ssh-keygen").rename(root / "usr/lib/openssh/ssh-keygen")
    _copy_files("dom0", root)
    (root / "etc/hostname").write_text(f"{HOST}\n", encoding="ascii")
    (root / "etc/hosts").write_text(f"127.0.0.1 localhost {HOST}\n", encoding="ascii")
    (root / "etc/fstab").write_text("# the initramfs mounts /\n", encoding="ascii")
    _inside(root, GUEST_FACTS["console_log_dir"]).mkdir(parents=True, exist_ok=True)  # xenconsoled makes none
    (root / "etc/machine-id").write_text("0123456789abcdef" * 2 + "\n", encoding="ascii")
    _install_ssh_keys(root, image)
    _choose_units(root)
    _call_xen_tools_directly(root, release)
    _place_as_pkgsrc_does(root)
    for leftover in ("etc/resolv.conf", "etc/apt/apt.conf.d/99mmdebstrap"):  # the second may hold a proxy's password
        (root / leftover).unlink(missing_ok=True)


def _install_ssh_keys(root: Path, image: Path) -> None:
    for key in (root / "etc/ssh").glob("ssh_host_*"):
        key.unlink()
    for name, mode in (("host_key", 0o600), ("host_key.pub", 0o644)):
        target = root / "etc/ssh" / name.replace("host_key", "ssh_host_ed25519_key")
        shutil.copyfile(image / name, target)
        target.chmod(mode)
    (root / "root/.ssh").mkdir(exist_ok=True)
    (root / "root/.ssh").chmod(0o700)
    shutil.copyfile(image / "client_key.pub", root / "root/.ssh/authorized_keys")
    (root / "root/.ssh/authorized_keys").chmod(0o600)


def _choose_units(root: Path) -> None:
    """Enables the lab's own unit and masks those of files/masked-units: every process costs 0.1 s under emulation."""
    units = root / "etc/systemd/system"
    wants = units / "multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    (wants / "lab-net.service").symlink_to("/etc/systemd/system/lab-net.service")
    for line in (FILES / "masked-units").read_text(encoding="ascii").splitlines():
        if line and not line.startswith("#"):
            (units / line).unlink(missing_ok=True)
            (units / line).symlink_to("/dev/null")


def _call_xen_tools_directly(root: Path, release: str) -> None:
    """Debian's xl is a script that looks for the program of the running release: a fifth of the time of each call."""
    for tool in (root / "usr/sbin").iterdir():
        program = Path("usr/lib", f"xen-{release}", "bin", tool.name)
        if tool.is_symlink() and tool.readlink().name == "xen-utils-wrapper" and (root / program).exists():
            tool.unlink()
            tool.symlink_to(f"/{program}")


def _place_as_pkgsrc_does(root: Path) -> None:
    """The programs that make guests' file systems, where the collection looks for them on NetBSD."""
    (root / "usr/pkg/sbin").mkdir(parents=True)
    for name in ("mke2fs", "e2fsck"):
        (root / "usr/pkg/sbin" / name).symlink_to(f"/usr/sbin/{name}")


def _make_file_system(root: Path, disk: Path) -> None:
    features = ["-O", "^has_journal,^metadata_csum", "-E", "lazy_itable_init=1,nodiscard", "-m", "0"]
    run(["/sbin/mke2fs", "-q", "-t", "ext4", *features, "-d", root, disk, _DISK_SIZE], 300)


def _inside(root: Path, path: str) -> Path:
    return root / path.lstrip("/")
