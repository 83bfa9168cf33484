# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""Names and numbers of virtual disks (vbd-interface(7)): ``xvda`` is 0xca00.

A guest knows its disk by the number. NetBSD attaches its disks in the order of their numbers, Linux derives the name
from the number.
"""

from __future__ import annotations

import re

XVD_MAJOR = 202
_EXTENDED = 1 << 28

# Linux' majors of IDE and SCSI disks. xl knows the first two, or the first, of each; xm knows all of them.
_IDE_MAJORS = (3, 22, 33, 34, 56, 57, 88, 89, 90, 91)
_SCSI_MAJORS = (8, 65, 66, 67, 68, 69, 70, 71, 128, 129, 130, 131, 132, 133, 134, 135)
_XL_IDE_DISKS, _XL_SCSI_DISKS = 4, 16
_XM_IDE_DISKS, _XM_SCSI_DISKS, _XM_XVD_DISKS = 20, 256, 16

_NAME = re.compile(r"(xvd|hd|sd)([a-z]{1,4})([1-9][0-9]{0,2})?\Z")
_DISK_PARTITION = re.compile(r"d([0-9]{1,7})p([0-9]{1,3})\Z")
_NUMBER = re.compile(r"(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)\Z", re.IGNORECASE)
_XM_NUMBER = re.compile(r"(?:0x)?[0-9a-f]+\Z", re.IGNORECASE)
_LARGEST = (1 << 31) - 1


def vdev_number(vdev: str, dialect: str = "xl") -> int | None:
    """The number of a virtual disk's name, by which two spellings of one disk are known; None for a bad name.

    ``dialect`` xl: as in libxl__device_disk_dev_number (xen tools/libs/light/libxl_device.c). ``dialect`` xm: as in
    blkdev_name_to_number (xen tools/python/xen/util/blkif.py); there every number is hexadecimal, with 0x or without.
    """
    if dialect == "xm":
        return _xm_number(vdev)
    found = _DISK_PARTITION.match(vdev)
    if found:
        return _xvd_number(int(found.group(1)), int(found.group(2)))
    found = _NAME.match(vdev)
    if found:
        disk, partition = _letters(found.group(2)), int(found.group(3) or 0)
        if found.group(1) == "xvd":
            return _xvd_number(disk, partition)
        if found.group(1) == "hd":
            return _ide_number(disk, partition, _XL_IDE_DISKS)
        return _scsi_number(disk, partition, _XL_SCSI_DISKS)
    return _within(_integer(vdev))


def _xm_number(vdev: str) -> int | None:
    found = _NAME.match(vdev)
    if found:
        disk, partition = _letters(found.group(2)), int(found.group(3) or 0)
        if found.group(1) == "xvd":
            return _xvd_number(disk, partition) if disk < _XM_XVD_DISKS and partition <= 15 else None
        if found.group(1) == "hd":
            return _ide_number(disk, partition, _XM_IDE_DISKS)
        return _scsi_number(disk, partition, _XM_SCSI_DISKS)
    return _within(int(vdev, 16)) if _XM_NUMBER.match(vdev) else None


def vdev_name(number: int) -> str:
    """The name of a virtual disk's number as xl knows it: 0xca00 is xvda, 0x301 is hda1, 0x800 is sda. A number without
    a name (1, which NetBSD's own documents use) is returned as hexadecimal text."""
    for name in (_xvd_name(number), _ide_name(number), _scsi_name(number)):
        if name and vdev_number(name) == number:
            return name
    return f"{number:#x}"


def default_vdev(index: int) -> str:
    """xvda, xvdb, ... for the disks of a guest that do not name theirs."""
    return "xvd" + _lettered(index)


def _integer(text: str) -> int | None:
    """A number as C's strtol reads it with base 0."""
    if not _NUMBER.match(text):
        return None
    if text[:2].lower() == "0x":
        return int(text, 16)
    return int(text, 8 if text.startswith("0") else 10)


def _within(number: int | None) -> int | None:
    return number if number is not None and number <= _LARGEST else None


def _letters(text: str) -> int:
    """a is 0, z is 25, aa is 26."""
    number = 0
    for letter in text:
        number = number * 26 + ord(letter) - ord("a") + 1
    return number - 1


def _lettered(index: int) -> str:
    letters = ""
    index += 1
    while index:
        index, letter = divmod(index - 1, 26)
        letters = chr(ord("a") + letter) + letters
    return letters


def _xvd_number(disk: int, partition: int) -> int | None:
    if disk <= 15 and partition <= 15:
        return (XVD_MAJOR << 8) | (disk << 4) | partition
    if disk < (1 << 20) and partition <= 255:
        return _EXTENDED | (disk << 8) | partition
    return None


def _ide_number(disk: int, partition: int, disks: int) -> int | None:
    if disk >= disks or partition > 63:
        return None
    return (_IDE_MAJORS[disk // 2] << 8) | ((disk & 1) << 6) | partition


def _scsi_number(disk: int, partition: int, disks: int) -> int | None:
    if disk >= disks or partition > 15:
        return None
    return (_SCSI_MAJORS[disk // 16] << 8) | ((disk % 16) << 4) | partition


def _named(prefix: str, disk: int, partition: int) -> str:
    return f"{prefix}{_lettered(disk)}{partition or ''}"


def _xvd_name(number: int) -> str:
    if number >> 8 == XVD_MAJOR:
        return _named("xvd", number >> 4 & 15, number & 15)
    if number >> 28 == 1:
        return _named("xvd", number >> 8 & 0xFFFFF, number & 255)
    return ""


def _ide_name(number: int) -> str:
    for place, major in enumerate(_IDE_MAJORS[: _XL_IDE_DISKS // 2]):
        if number >> 8 == major:
            return _named("hd", 2 * place + (number >> 6 & 1), number & 63)
    return ""


def _scsi_name(number: int) -> str:
    return _named("sd", number >> 4 & 15, number & 15) if number >> 8 == _SCSI_MAJORS[0] else ""
