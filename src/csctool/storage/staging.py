"""A backup laid out beside the desk that it is to replace: the agencies' directories as they will stand there.

What csctool does not know in an agency's directory (a password for a mail server, say) is in no backup and goes over by
a second name. So does the lock: who waits for it now, waits for the same file when the directories have been exchanged,
and then reads what lies there. Numbers that the old desk gave out are never given out again, and generations go on, so
that a reader who looked at both desks notices.
"""

import os
import stat
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import NamedTuple

import msgspec

from csctool.domain.audit import Gap
from csctool.domain.keeping import Returned
from csctool.domain.notice import Notice
from csctool.domain.outage import TOLD_OF
from csctool.errors import CscError, DamagedError, StorageError
from csctool.storage import briefs, codec, files, lock, members, recalling, salvage
from csctool.storage.bundle import Bundle, Place
from csctool.storage.database import Database
from csctool.storage.journal import Journal
from csctool.storage.shelf import Shelf

#: What is left free on a disk that a backup is laid out on, in bytes.
SPARE = 16 * 1024 * 1024


class Old(NamedTuple):
    """What an agency of the old desk says: tickets that the new one lacks, its counter, generation and joint record.

    `common` says by key how many events of a ticket are the same in both; None where that can't be read. `counters` are
    the others that it has.
    """

    lost: Sequence[str] = ()
    unreadable: str = ""
    number: int = 0
    generation: int = 0
    joint: msgspec.Raw | None = None
    notices: Sequence[Notice] = ()
    common: Mapping[str, int] | None = None
    counters: Mapping[str, int] | None = None


def lay_out(bundle: Bundle, place: str, wanted: Callable[[str], bool], progress: Callable[[int], None]) -> None:
    """Write the wanted files below `place`, the desk's own below `place/new`, each on the disk when this returns.

    Raises DamagedError, RefusedError, StorageError, NotPermittedError.
    """
    taken = [member for member in bundle.manifest.files if wanted(member.name)]
    _require_room(place, sum(member.size for member in taken))
    path = place
    try:
        for member, content in bundle.members():
            path = f"{place}/{member.name}" if members.agency_of(member.name) else f"{place}/new/{member.name}"
            file = _File(path, int(member.mode, 8)) if wanted(member.name) else None
            for part in content:
                progress(len(part))
                if file:
                    file.write(part)
            if file:
                file.close()
    except OSError as error:
        raise files.failure(path, error, "write") from error


class _File:
    def __init__(self, path: str, mode: int) -> None:
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        os.fchmod(self._descriptor, mode & 0o666)

    def write(self, part: bytes) -> None:
        rest = memoryview(part)
        while rest:
            rest = rest[os.write(self._descriptor, rest) :]

    def close(self) -> None:
        os.fsync(self._descriptor)
        os.close(self._descriptor)


def _require_room(place: str, size: int) -> None:
    found = os.statvfs(place)
    if found.f_bavail * found.f_frsize < size + SPARE:
        raise StorageError(f"the backup needs {size} bytes in {place}, and there is less free", "nothing was changed")


# -- an agency -----------------------------------------------------------------------------------------------------


def prepare(shelf: Shelf) -> None:
    """Make what is derived from an agency's files, and check them. Raises DamagedError, OSError."""
    os.makedirs(shelf.archives.directory, 0o700, exist_ok=True)
    # A new file gets what its directory grants: here all, since nobody else gets in; `settle_in` leaves it its share.
    for directory, _, _ in os.walk(shelf.directory):
        os.chmod(directory, 0o777)
    shelf.live()
    shelf.archives.save_index()
    briefs.save(shelf.archives)


def old_of(shelf: Shelf, new: Shelf) -> Old:
    """What the old desk says of an agency. What is damaged there is no error here."""
    try:
        live = shelf.live()
    except DamagedError as error:
        return Old([], error.message, *salvage.least(shelf))
    lost, why, common = [], "", None
    try:
        alike = list(_alike(shelf, live, new))
        lost = [f"{shelf.agency}-{number}" for number, events, same in sorted(alike, key=_by_number) if same < events]
        common = {f"{shelf.agency}-{number}": same for number, _, same in alike}
    except DamagedError as error:
        why = error.message
    joint, notices = live.joint.undecoded().get("1"), list(live.notices().values())
    counters = codec.counters(live.counters.undecoded().get("1"))
    return Old(lost, why, counters.get("number", 0), live.generation, joint, notices, common, counters)


def _alike(shelf: Shelf, live: Database, new: Shelf) -> Iterator[tuple[str, int, int]]:
    """The tickets of the old desk: number, how many events it has, and how many of the first are those of the new
    desk. One that goes on there from where it stands has as many."""
    there = new.everything(new.live())
    for number, document in shelf.everything(live).items():
        seals = codec.seals(document)
        others = codec.seals(there[number]) if number in there else ()
        same = next((at for at, pair in enumerate(zip(seals, others, strict=False)) if pair[0] != pair[1]), None)
        yield number, len(seals), min(len(seals), len(others)) if same is None else same


def _by_number(found: tuple[str, int, int]) -> int:
    return int(found[0])


def lives(shelves: Iterable[Shelf], old: Mapping[str, Old]) -> recalling.Lives:
    """What the agencies that are restored had before and have after it. Where the old one can't be read, whatever the
    new one has."""
    common: dict[str, int] = {}
    if all(one == Old() for one in old.values()):
        return recalling.Lives(list(old), common)  # a new desk: nobody was told anything here
    for shelf in shelves:
        there = old[shelf.agency].common
        if there is None:
            tickets = shelf.everything(shelf.live())
            there = {f"{shelf.agency}-{number}": codec.head(one).version for number, one in tickets.items()}
        common |= there
    return recalling.Lives(list(old), common)


def join(shelf: Shelf, old: Old, before: str, at: str, lives: recalling.Lives) -> Returned:
    """Let the new agency go on where the old one stood: numbers, generation, what was written with other agencies, and
    what was told, by the record in the directory `before`."""
    live = shelf.live()
    live.upgrade()
    tickets = shelf.everything(live)
    delivered = recalling.still_true(Journal(before), lives)
    recalling.merge(shelf.directory, delivered)
    notices = recalling.outbox(live.notices(), old.notices, delivered, lives)
    if notices or live.outbox.undecoded():
        live.outbox.truncate()
        live.outbox.put({at: codec.encode(notice) for at, notice in notices.items()})
    if live.joint.undecoded():
        live.joint.truncate()
    if old.joint is not None:
        live.joint.put({1: old.joint})
    counters = codec.counters(live.counters.undecoded().get("1"))
    number = counters.get("number", 0)
    if old.number > number:
        gap = Gap(number + 1, old.number, f"restored {at} from an earlier backup")
        live.gaps.put({1: codec.encode([*live.known_gaps(), gap])})
    onward = _told_elsewhere(old, lives) | ({"number": old.number} if old.number > number else {})
    if onward.items() - counters.items():
        counters |= onward
        live.counters.put({1: codec.encode(counters)})
    if live.documents():
        live.go_on_from(old.generation)
        files.replace([shelf.replacement(live)])
    held = sum(notice.error == recalling.RESTORED for notice in notices.values())
    return Returned(shelf.agency, len(tickets), counters.get("number", 0), list(old.lost), old.unreadable, held)


def _told_elsewhere(old: Old, lives: recalling.Lives) -> dict[str, int]:
    """How far the agency has been told of outages that are not restored."""
    return {
        name: told for name, told in (old.counters or {}).items()
        if name.startswith(TOLD_OF) and lives.elsewhere(name.removeprefix(TOLD_OF))
    }  # fmt: skip


# -- directories ---------------------------------------------------------------------------------------------------


def settle_in(new: str, old: str | None, place: Place) -> str | None:
    """Give a directory and all in it the owner, group and mode of the old one, else those that the backup names.

    Answers what could not be done: then its owner alone may look in. Raises OSError.
    """
    owner, group, mode = _rights(old, place)
    note = None
    try:
        if group is None:
            raise PermissionError
        _give(new, owner, group, mode)
    except PermissionError:
        name = os.path.basename(new)
        note = f"{name} can't have the group {place.group or 'that it had'} here: only its owner may read it"
        mode &= 0o700
        group = -1
        _give(new, owner, group, mode)
    for directory, names, found in os.walk(new):
        for name in names:
            _give(f"{directory}/{name}", owner, group, mode)
        for name in found:
            path = f"{directory}/{name}"
            _give(path, owner, group, stat.S_IMODE(os.lstat(path).st_mode) & mode & 0o666)
    return note


def settle_own(new: str, root: str, place: Place | None) -> None:
    """Give the desk's own files the rights of those that they replace; `place` has those of a desk that is new.

    Raises OSError.
    """
    if place is not None:
        settle_in(new, None, place)
        return
    owner = os.stat(root).st_uid if os.geteuid() == 0 else -1
    for directory, _, names in os.walk(new):
        for name in names:
            path = f"{directory}/{name}"
            replaced = root + path.removeprefix(new)
            if os.path.isfile(replaced):
                found = os.stat(replaced)
                with suppress(PermissionError):
                    _give(path, owner, found.st_gid, stat.S_IMODE(found.st_mode) & 0o666)
            else:
                _give(path, owner, -1, stat.S_IMODE(os.lstat(path).st_mode) & 0o664)


def _rights(old: str | None, place: Place) -> tuple[int, int | None, int]:
    """(owner, group, mode): -1 leaves as it is, None can't be known."""
    if old is not None:
        found = os.stat(old)
        return (found.st_uid if os.geteuid() == 0 else -1), found.st_gid, stat.S_IMODE(found.st_mode)
    import grp
    import pwd

    mode = int(place.mode, 8) & ~0o002
    owner = -1
    if os.geteuid() == 0 and place.owner:
        try:
            owner = pwd.getpwnam(place.owner).pw_uid
        except KeyError:
            owner = -1
    if not mode & 0o2000 and not mode >> 3 & ~mode & 0o7:
        return owner, -1, mode  # the group may do nothing that not everybody may
    try:
        return owner, grp.getgrnam(place.group or "").gr_gid, mode
    except KeyError:
        return owner, None, mode


def _give(path: str, owner: int, group: int, mode: int) -> None:
    found = os.lstat(path)
    if owner not in (-1, found.st_uid) or group not in (-1, found.st_gid):
        os.chown(path, owner, group, follow_symlinks=False)
    if not stat.S_ISLNK(found.st_mode):
        os.chmod(path, mode)


def carry_over(old: str, new: str, key: str) -> None:
    """Give the lock, and what csctool does not know in an agency's directory, a second name in the new one.

    Raises OSError.
    """
    root = os.path.dirname(os.path.dirname(old))
    if not files.exists(old):
        lock.make(f"{new}/.lock")
        return
    theirs = {found.name for found in members.own(root, key)}
    _carry_over(root, old, new, theirs)
    if not os.path.exists(f"{new}/.lock"):
        lock.make(f"{new}/.lock")


#: Of what no backup holds: the lock, directories with what they have in them, and what programs read of the messages.
_GOES_ON = frozenset({".lock", "plugins", "templates", "closed", "sent", "messages.jsonl"})


def _carry_over(root: str, old: str, new: str, theirs: Collection[str]) -> None:
    for entry in sorted(os.listdir(old)):
        here, there = f"{old}/{entry}", f"{new}/{entry}"
        name = here.removeprefix(f"{root}/")
        derived = members.kind_of(name) == "derived" and entry not in _GOES_ON
        if derived or name in theirs:
            continue
        if os.path.isdir(here) and not os.path.islink(here):
            if not os.path.isdir(there):
                like(here, there)
            _carry_over(root, here, there, theirs)
        elif not os.path.lexists(there):
            os.link(here, there, follow_symlinks=False)


def leave(old: str, new: str) -> None:
    """A second directory with the same files: of an agency that stays as it is. Raises OSError."""
    like(old, new)
    for entry in sorted(os.listdir(old)):
        if os.path.isdir(f"{old}/{entry}") and not os.path.islink(f"{old}/{entry}"):
            leave(f"{old}/{entry}", f"{new}/{entry}")
        else:
            os.link(f"{old}/{entry}", f"{new}/{entry}", follow_symlinks=False)


def like(old: str, new: str) -> None:
    """Make a directory like another one."""
    os.makedirs(new, 0o700, exist_ok=True)
    found = os.stat(old)
    _give(new, found.st_uid if os.geteuid() == 0 else -1, found.st_gid, stat.S_IMODE(found.st_mode))


def alike(bundle_file: str, desk_file: str) -> bool:
    """Whether a settings file is the same in both."""
    try:
        return files.read(bundle_file) == files.read(desk_file)
    except CscError:
        return False
