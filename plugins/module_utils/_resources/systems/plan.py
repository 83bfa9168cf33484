# Copyright: (c) 2026, netbsd.xen contributors
# SPDX-License-Identifier: BSD-2-Clause
"""What the guests' systems need. Pure.

A disk is written only if it holds nothing, or what a record of ours proves to be our own unfinished work, or exactly
what the admin's word names.
"""

from __future__ import annotations

from ..._change import GUEST_RECREATE, LIVE, Change, NotRead, Plan, Refused, XenError
from ..._formats import units
from ..._formats.xl.xl_output import Domain
from ..guests.declare import config
from ..guests.plan import storage
from ..guests.plan.seen import Seen, lives_of, seen
from ..guests.read.current import Current as Guests
from . import installer, visits
from .act import Act, Begin, Forget, ForgetKey, GiveBack, Prove, Put
from .declare import System, Wanted
from .methods import sysinst
from .methods.table import METHODS
from .read import DISKS, Current
from .work import content, record
from .work.content import Content
from .work.job import mount_point
from .work.record import Record

RESOURCE = visits.RESOURCE
UP = ("running", "paused")
# Of a conversation that broke off.
_STANDS = {"stage": record.PREPARED, "next_run": "it begins with an empty disk again"}


def plan(current: Current, wanted: Wanted) -> Plan:
    """What the systems need. A guest whose disk can't be had is refused, and the others are not held up by it. Raises
    NotRead, and Refused where no guest can be managed."""
    asked = wanted.guests.config_dir
    if asked not in ("", current.config_dir):
        raise NotRead(f"{asked} was not read")
    found = Plan()
    for system in wanted.systems:
        if wanted.heard and system.guest.name not in wanted.heard:
            continue
        try:
            _one(system, current, wanted, found)
        except NotRead:
            raise
        except XenError as error:
            found.refused[system.guest.name] = error
    for name in wanted.absent:
        _absent(name, current, wanted, found)
    return found


def _absent(name: str, current: Current, wanted: Wanted, found: Plan) -> None:
    """A guest that shall be no more. What says that it was installed goes when its disk has gone: the next guest of its
    name may have a disk that looks the same from outside."""
    mine = current.records.get(name)
    if mine is None:
        return
    if mine.unit:
        found.changes.append(_give_back(name, mine, current))
    elif mine.media:
        guests = _guests(current, wanted)
        # It has the DVD until the guest was taken apart, by whoever manages guests.
        if guests is not None and visits.lives(guests.domains, mine) is None:
            act = visits.LetGo(name, current.config_dir, mine)
            found.changes.append(_change(name, act, f"let {mine.media} go, which its DVD is on", mine.media, ""))
    elif current.disks.get(mine.disk) != mine.identity:
        summary = f"forget its installation on {mine.disk}, which is gone"
        found.changes.append(_change(name, Forget(name, current.config_dir), summary, mine.stage, ""))


def _one(system: System, current: Current, wanted: Wanted, found: Plan) -> None:
    name, install = system.guest.name, system.install
    if name in current.broken:
        raise Refused(
            f"guest {name}: {current.broken[name]}, so nobody knows whose its disk is; nothing was written. Remove "
            "that file if the guest is installed, or if its disk is empty."
        )
    mine = _record_of(system, current)
    again = bool(install.again) and (mine is None or install.again != mine.again)
    if mine and mine.reached(record.CONFIGURED) and not again:
        _made(system, mine, current, wanted, found)
        return
    guests = _guests(current, wanted)
    live = lives_of(system.guest, guests, wanted.guests) if guests else []
    disk = _content(system, current)
    lives = live[0] if live and mine and installer.is_it(live[0], mine) else None
    if mine and visits.in_hand(mine) and not METHODS[system.install.method].visited:
        raise Refused(
            f"guest {name}: a person installs it by method {mine.method}; nothing was written. To have it by "
            f"{system.install.method} instead, destroy it, and remove {record.path(current.config_dir, name)}"
        )
    if mine and visits.in_hand(mine) and (lives or mine.boots):
        _visited(system, mine, lives, current, wanted, found)
        return
    if lives and mine:
        _talks(system, mine, lives, current, wanted, found)
        return
    if live:
        _runs(system, live[0], disk, found)
        return
    if mine and mine.unit:
        found.changes.append(_give_back(name, mine, current))
        return
    _write(system, mine, disk, current, guests, wanted, found)


def _record_of(system: System, current: Current) -> Record | None:
    """The guest's record, if it is about the disk that is there."""
    found = current.records.get(system.guest.name)
    if found is None or not current.disks.get(found.disk) or current.disks[found.disk] != found.identity:
        return None
    return found if found.disk == system.install.disk.path else None


def _guests(current: Current, wanted: Wanted) -> Seen | None:
    """The guests as they are; None in a check of a machine that is no dom0 yet. Raises NotRead if nobody looked."""
    if current.guests is None:
        raise NotRead("the guests' disks were not looked at", reading=DISKS)
    if not current.guests.dom0.alive:
        if wanted.guests.assume_dom0:
            return None
        raise Refused(f"The guests can't be managed: {current.guests.dom0.why}")
    return seen(current.guests, wanted.guests)


def _content(system: System, current: Current) -> Content:
    path = system.install.disk.path
    if path not in current.contents:
        raise NotRead(f"{path} was not looked at", reading=DISKS)
    return current.contents[path]


# -- a guest whose system is there -------------------------------------------------------------------------------------


def _made(system: System, mine: Record, current: Current, wanted: Wanted, found: Plan) -> None:
    if mine.unit:
        _guests(current, wanted)
        found.changes.append(_give_back(system.guest.name, mine, current))
    if mine.finished and system.guest.name in current.proofs:
        forget = ForgetKey(system.guest.name, current.config_dir)
        words = "remove the key by which a login was seen, which a run that broke off has left"
        found.changes.append(_change(system.guest.name, forget, words, "there", "removed"))
    if mine.finished or system.guest.state not in UP:
        return
    guests = _guests(current, wanted)
    live = lives_of(system.guest, guests, wanted.guests) if guests else []
    if len(live) != 1 or live[0].row.down:
        return  # it is started by whoever starts guests
    act = Prove(system, current.config_dir, mine, live[0].domid)
    summary = f"see that one can log in to the {_words(system)} that was installed"
    found.changes.append(_change(system.guest.name, act, summary, mine.stage, record.VERIFIED))


def _runs(system: System, live: Domain, disk: Content, found: Plan) -> None:
    """The disk of a guest that runs is never touched. What it runs from is a system that is there."""
    guest = system.guest
    if system.install.again:
        raise Refused(
            f"guest {guest.name}: install.again is given, and the guest runs; nothing was written. Shut it down first "
            "(state: shutdown)."
        )
    found.warnings.append(
        f"guest {guest.name} runs, and there is no record of an installation: it counts as installed by others, and "
        "nothing was written"
    )


def _visited(system: System, mine: Record, live: Domain | None, current: Current, wanted: Wanted, found: Plan) -> None:
    """A person installs in the guest, or has."""
    asked = visits.Asked(wanted.session, wanted.heard.get(system.guest.name, ""))
    own = visits.plan(system, mine, live, current.config_dir, asked)
    found.changes += own.changes
    found.deferred += own.deferred
    found.warnings += own.warnings


def _talks(system: System, mine: Record, live: Domain, current: Current, wanted: Wanted, found: Plan) -> None:
    """The guest's own installer runs. Only the run that has started it lets it go on, until it has heard its end."""
    name, heard = system.guest.name, wanted.heard.get(system.guest.name, "")
    if wanted.session and mine.session == wanted.session and not heard:
        return
    halts = heard == mine.mark
    ours = bool(wanted.session) and mine.session == wanted.session
    act = installer.End(name, current.config_dir, mine, live.domid, ours, halts)
    what = "is told to be through" if halts else "was not heard to its end"
    summary = f"end the installer of {_words(system)}, which {what}"
    found.changes.append(_change(name, act, summary, f"domain {live.domid}", ""))


# -- a disk to be written ----------------------------------------------------------------------------------------------


def _write(
    system: System,
    mine: Record | None,
    disk: Content,
    current: Current,
    guests: Seen | None,
    wanted: Wanted,
    found: Plan,
) -> None:
    name, install = system.guest.name, system.install
    path = install.disk.path
    if system.unfit:
        raise Refused(f"guest {name}: {system.unfit}; nothing was written")
    if disk.kind == content.UNFIT:
        # A unit of vnd(4) is a regular file (sys/dev/vnd.c, VNDIOCSET), and a partition's label is its disk's.
        raise Refused(
            f"guest {name}: disk {path} is {disk.words}, and dom0 can install only on a file; give the guest a file as "
            "its first disk (path and size) and this one as another, or leave install out and install it from within"
        )
    if METHODS[install.method].visited and system.guest.state not in UP:
        return  # its live system is a guest that runs
    if disk.kind == content.MISSING:
        _missing(system, current, guests)
    elif disk.kind == content.HOLDS and not _is_ours(mine, disk, name):
        if mine and wanted.heard.get(name) == mine.mark:
            raise XenError(_not_ours(system, disk))
        if not install.again:
            found.warnings.append(_by_others(system, disk))
            return
        if install.again != disk.word:
            raise Refused(
                f"guest {name}: install.again is {install.again}, and disk {path} holds {disk.words} now, of which "
                f"the word is {disk.word}; nothing was written. To lose what it holds, write install.again: {disk.word}"
            )
    if guests is not None and disk.kind != content.MISSING:
        problems = storage.problems(system.guest, install.disk, guests, wanted.guests)
        if problems:
            raise Refused(f"guest {name}: {'; '.join(problems)}; nothing was written")
    over = disk.kind == content.HOLDS and not _is_ours(mine, disk, name)
    resumed = mine if mine and disk.kind != content.MISSING and not over else None
    act = _act(system, current, wanted, resumed, disk)
    before = resumed.stage if resumed else disk.words or ("no disk" if disk.kind == content.MISSING else record.EMPTY)
    impact = GUEST_RECREATE if over else LIVE
    found.changes.append(
        _change(
            name,
            act,
            _summary(system, resumed, over, disk.kind == content.UNKNOWN),
            before,
            record.CONFIGURED,
            impact,
        )
    )


def _act(system: System, current: Current, wanted: Wanted, resumed: Record | None, disk: Content) -> Put:
    """Who fills the disk: this machine, or the guest's own installer, which must have been heard to its end."""
    name = system.guest.name
    heard = wanted.heard.get(name, "")
    if METHODS[system.install.method].talks and not (resumed and resumed.reached(record.FILLED)):
        if heard and METHODS[system.install.method].visited:
            raise visits.ended(name, heard)
        if heard and (resumed is None or heard != resumed.mark):
            raise XenError(f"guest {name}: {heard.strip()}", **_STANDS)
        if not heard:
            return Begin(system, current.config_dir, resumed, disk.word, wanted.session)
    return Put(system, current.config_dir, resumed, disk.word)


def _is_ours(mine: Record | None, disk: Content, name: str) -> bool:
    """Whether what a disk holds is our own unfinished work: its label has the mark of the record, and no system has had
    the file system since we had it mounted."""
    if mine is not None and mine.reached(record.PREPARED) and visits.in_hand(mine):
        # What a person has installed, which no step of ours writes over.
        return True
    if mine is None or disk.mark != mine.mark:
        return False
    installers = (sysinst.TARGET,) if mine.method == sysinst.NAME else ()
    return disk.mounted_on in ("", mount_point(name), *installers)


def _missing(system: System, current: Current, guests: Guests | None) -> None:
    """Raise Refused if there is no disk, and none may be made."""
    disk, name = system.install.disk, system.guest.name
    if disk.size is None:
        raise Refused(
            f"guest {name}: disk {disk.path} does not exist; correct the path, or give a size (like 10G) to have the "
            "file made"
        )
    if guests is not None and name in guests.configs and _names(guests, name, disk.path):
        raise Refused(
            f"guest {name}: disk {disk.path} is gone, and {guests.config_path(name)} names it; bring it back (is its "
            "file system mounted?), or remove that configuration to have the guest made anew"
        )


def _names(guests: Guests, name: str, path: str) -> bool:
    return any(each.path == path for each in config.disks_in(guests.configs[name].settings))


def _not_ours(system: System, disk: Content) -> str:
    """Of a conversation that ended well, and a disk that is not the one of which it was."""
    return (
        f"guest {system.guest.name}: its installer says that it is through, and disk {system.install.disk.path} holds "
        f"{disk.words}, which has no mark of that installation; nothing more was written. To have it installed again, "
        f"and lose what it holds, write install.again: {disk.word}"
    )


def _by_others(system: System, disk: Content) -> str:
    return (
        f"guest {system.guest.name}: disk {system.install.disk.path} holds {disk.words} and there is no record of an "
        f"installation: it counts as installed by others, and nothing was written. To lose what it holds, write "
        f"install.again: {disk.word}"
    )


def _words(system: System) -> str:
    return f"NetBSD {system.install.release}" if system.install.release else "system"


def _summary(system: System, resumed: Record | None, over: bool, unknown: bool) -> str:
    disk = system.install.disk
    size = f" of {units.size_text(disk.size)}" if disk.size else ""
    article = "" if system.install.release else "a "
    by = "by" if METHODS[system.install.method].talks else "from"
    what = f"install {article}{_words(system)} {by} {system.install.method} on {disk.path}{size}"
    if METHODS[system.install.method].visited:
        what = f"start {system.install.options.dvd}, with whose installer a person installs on {disk.path}{size}"
    if over:
        return f"{what}, over what it holds"
    if resumed:
        return f"{what}, going on from where it was {resumed.stage}"
    return f"{what}, unless that holds something" if unknown else what


def _give_back(name: str, mine: Record, current: Current) -> Change:
    act = GiveBack(name, current.config_dir, mine)
    summary = f"give back {mine.unit}, which an installation that broke off has left"
    return _change(name, act, summary, mine.unit, "")


def _change(name: str, act: Act, summary: str, before: str, after: str, impact: str = LIVE) -> Change:
    return Change(RESOURCE, name, type(act).__name__, summary, before, after, impact, data=act)
