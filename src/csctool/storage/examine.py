"""A look at every file of an agency: what is damaged, what is odd, and what to do about it. Changes nothing."""

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from datetime import datetime

from csctool.desk.ports import Symptom
from csctool.domain.audit import broken
from csctool.domain.ticket import Ticket
from csctool.errors import CscError, DamagedError
from csctool.storage import codec, files, members
from csctool.storage.archives import Archives
from csctool.storage.database import Database
from csctool.storage.shelf import Shelf

#: A clock may be this many seconds ahead of another before anybody needs to know.
SLACK = 120
#: A lock that has been held for this many seconds is no ordinary change any more.
LONG_HELD = 60
#: File systems over a network, by their names in /proc/mounts: locks and renames keep fewer promises there.
NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse.sshfs", "fuse.glusterfs", "lustre",
     "davfs", "fuse.davfs2", "fuse.s3fs", "fuse.rclone", "ncpfs", "beegfs", "gpfs"}
)  # fmt: skip


def examine(shelf: Shelf, now: datetime) -> Iterator[Symptom]:
    """What is wrong or odd in the agency's directory."""
    yield from _names(shelf)
    yield from _permissions(shelf)
    yield from _lock(shelf)
    try:
        live = shelf.live()
    except CscError as error:
        yield _told(shelf, error, shelf.path)
        live = None
    if live is not None:
        yield from _tickets(shelf, live, now)
        yield from _counter(shelf, live)
    yield from _archive(shelf, now)


def _told(shelf: Shelf, error: CscError, path: str) -> Symptom:
    damage = error.exit == 7
    if isinstance(error, DamagedError):
        return Symptom("damage", shelf.agency, path, error.message, "csctool doctor --repair saves what can be saved")
    return Symptom("damage" if damage else "warning", shelf.agency, path, error.message, error.hint)


def _names(shelf: Shelf) -> Iterator[Symptom]:
    place = os.path.dirname(shelf.directory) + "/"
    for directory in (shelf.directory, shelf.archives.directory):
        try:
            names = sorted(os.listdir(directory))
        except FileNotFoundError:
            continue
        except OSError as error:
            yield _told(shelf, files.failure(directory, error, "read"), directory)
            continue
        for name in names:
            path = f"{directory}/{name}"
            if name.endswith((".json" + files.TEMPORARY, ".json" + files.WAITING)):
                yield Symptom("note", shelf.agency, path, f"{path} was left by a writer that was killed",
                              "the next change finishes or removes it")  # fmt: skip
            elif os.path.islink(path):
                yield Symptom("warning", shelf.agency, path, f"{path} is a symbolic link", "put the file itself there")
            elif members.kind_of(f"agencies/{path.removeprefix(place)}") == "strange":
                yield Symptom("note", shelf.agency, path, f"{path} is none of csctool's files", "nothing, or move it")
            elif os.path.isfile(path) and os.stat(path).st_mtime > time.time() + SLACK:
                yield Symptom("warning", shelf.agency, path, f"{path} was written in the future",
                              "set the clocks of the machines that share the desk")  # fmt: skip


def _permissions(shelf: Shelf) -> Iterator[Symptom]:
    place = os.stat(shelf.directory)
    if place.st_mode & stat.S_IWOTH:
        yield Symptom("warning", shelf.agency, shelf.directory, f"everybody may write into {shelf.directory}",
                      f"chmod o-w {shelf.directory}")  # fmt: skip
    for path in (shelf.path, files.previous(shelf.path), *shelf.archives.paths()):
        try:
            found = os.stat(path)
        except OSError:
            continue  # told elsewhere, where it matters
        if place.st_mode & stat.S_ISGID and found.st_gid != place.st_gid:
            yield Symptom("warning", shelf.agency, path, f"{path} has another group than its directory",
                          f"chgrp --reference={shelf.directory} {path}")  # fmt: skip
        more = stat.S_IMODE(found.st_mode) & ~stat.S_IMODE(place.st_mode) & 0o077
        if more:
            yield Symptom("warning", shelf.agency, path, f"{path} is open to more people than its directory",
                          f"chmod {stat.S_IMODE(found.st_mode) & ~more:o} {path}")  # fmt: skip
        if not os.access(path, os.R_OK | os.W_OK):
            yield Symptom("warning", shelf.agency, path, f"you may not read and write {path}",
                          "join the agency's Unix group, or ask who owns the desk")  # fmt: skip


def _lock(shelf: Shelf) -> Iterator[Symptom]:
    path = f"{shelf.directory}/.lock"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return  # the first writer makes it
    except OSError as error:
        yield _told(shelf, files.failure(path, error, "lock"), path)
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        since = time.time() - os.fstat(descriptor).st_mtime
        if since > LONG_HELD:
            holder = os.pread(descriptor, 20, 0).strip().decode(errors="replace")
            yield Symptom("warning", shelf.agency, path, f"process {holder} has held the lock for {since:.0f} s",
                          f"look at it (ps {holder}); the lock is free when it ends")  # fmt: skip
    except OSError as error:
        yield _told(shelf, files.failure(path, error, "lock"), path)
    finally:
        os.close(descriptor)


def _tickets(shelf: Shelf, database: Database, now: datetime) -> Iterator[Symptom]:
    ahead = []
    for number, document in database.tickets.undecoded().items():
        try:
            ticket = codec.decode(document)
        except DamagedError as error:
            yield Symptom("damage", shelf.agency, database.path, f"{shelf.agency}-{number}: {error.message}",
                          "restore it from a backup")  # fmt: skip
            continue
        wrong = _wrong(ticket, codec.seals(document), f"{shelf.agency}-{number}")
        if wrong:
            yield Symptom("damage", shelf.agency, database.path, wrong, "csctool audit verify tells more")
        if ticket.history and (ticket.history[-1].at - now).total_seconds() > SLACK:
            ahead.append(ticket.key)
    if ahead:
        some = ", ".join(ahead[:5]) + (" …" if len(ahead) > 5 else "")
        yield Symptom("warning", shelf.agency, database.path, f"{len(ahead)} tickets changed in the future: {some}",
                      "set this machine's clock, or the one that wrote them")  # fmt: skip


def _wrong(ticket: Ticket, seals: tuple[str, ...], key: str) -> str | None:
    if ticket.key != key:
        return f"{key} is filed under a number that is not its own: it says {ticket.key}"
    found = broken(ticket, seals)
    return None if found is None else f"{key}: its history breaks at event {found.seq}: {found.why}"


def _counter(shelf: Shelf, live: Database) -> Iterator[Symptom]:
    try:
        given = codec.counters(live.counters.undecoded().get("1")).get("number", 0)
        highest = max(map(int, shelf.everything(live)), default=0)
    except CscError:
        return  # told with the file that can't be read
    if given < highest:
        yield Symptom("damage", shelf.agency, shelf.path,
                      f"the counter of {shelf.agency} stands at {given}, and there is {shelf.agency}-{highest}",
                      f"csctool note {shelf.agency}-{highest} -m seen sets it right")  # fmt: skip


def _archive(shelf: Shelf, now: datetime) -> Iterator[Symptom]:
    archives = shelf.archives
    places: dict[str, str] = {}
    try:
        months = archives.months()
    except CscError as error:
        yield _told(shelf, error, archives.directory)
        return
    for month in months:
        try:
            database = archives.month(month)
        except CscError as error:
            yield _told(shelf, error, archives.path(month))
            continue
        yield from _tickets(shelf, database, now)
        for number in database.tickets.undecoded():
            if number in places:
                yield Symptom("note", shelf.agency, database.path,
                              f"{shelf.agency}-{number} lies in {places[number]} and in {month}",
                              "the higher version counts; nothing to do")  # fmt: skip
            places[number] = month
    yield from _index(shelf, archives)


def _index(shelf: Shelf, archives: Archives) -> Iterator[Symptom]:
    try:
        fresh = archives.index_is_fresh()
    except CscError:
        return  # a month can't be read: told above
    if not fresh:
        yield Symptom("note", shelf.agency, archives.directory, f"the index of {archives.directory} is out of date",
                      "csctool archive makes it anew; nothing is lost")  # fmt: skip


def network(root: str, mounts: str = "/proc/mounts") -> Symptom | None:
    """A warning when the desk lies on a network file system."""
    place = os.path.realpath(root)
    best, kind = "", ""
    try:
        with open(mounts, encoding="utf-8", errors="replace") as file:
            for line in file:
                _, where, found, *_ = line.split(" ")
                where = where.replace("\\040", " ")
                if (place == where or place.startswith(where.rstrip("/") + "/")) and len(where) >= len(best):
                    best, kind = where, found
    except OSError:
        return None  # a system that does not tell
    if kind not in NETWORK:
        return None
    return Symptom("warning", None, root, f"the desk lies on a network file system ({kind} at {best})",
                   "locks and renames keep fewer promises there: move it to a local disk")  # fmt: skip
