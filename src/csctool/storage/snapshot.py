"""A desk at one moment, while others write: every agency's tickets of one generation, joint changes whole.

Store files are never changed in place, so one that is open stays as it is. A snapshot opens all of them and looks
again: when nothing was put in another's place meanwhile, they belong together. When writers came between three times,
they are asked to wait, for as long as opening takes. What is long, reading and compressing, comes after that.
"""

import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from typing import NamedTuple

import msgspec

from csctool.errors import BusyError, CscError, DamagedError, NotPermittedError, StorageError
from csctool.storage import bundle, container, files, members
from csctool.storage.bundle import Member, Place
from csctool.storage.database import Database
from csctool.storage.shelf import TRIES, Shelf

#: What tells two files of one name apart, and a file from itself before it was written to.
Identity = tuple[int, int, int, int]
#: So long one agency is waited for while the locks of others are held, in seconds: theirs must not run out of patience.
TURN = 1.0
_CHUNK = 1024 * 1024


class Pin(msgspec.Struct):
    """A file that is held as it was: an open descriptor and its length, or the content of one that may be edited."""

    mode: int
    descriptor: int
    size: int
    content: bytes = b""

    def read(self) -> bytes:
        """All of it. Raises OSError."""
        return self.content or b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """The same, part by part."""
        if self.descriptor < 0:
            yield self.content
            return
        at = 0
        while part := os.pread(self.descriptor, min(_CHUNK, self.size - at), at):
            yield part
            at += len(part)


class Sight(NamedTuple):
    """A file that was seen: the name under which it is taken (None: it is only watched), and which one it was."""

    name: str | None
    identity: Identity


class Snapshot:
    """Every file of a desk that belongs to it, at one moment. To be closed.

    `troubles` tells which agencies are not in it and why (`skipped` are their keys), `left_out` which files are not;
    `places` are the directories of the others, `members` the files with their digests, in order.
    """

    def __init__(self, root: str, wait: float) -> None:
        self.troubles: list[CscError] = []
        self.skipped: list[str] = []
        self.left_out: list[str] = []
        self.places: dict[str, Place] = {}
        self.members: list[Member] = []
        self._root = root
        self._wait = wait
        self._pins: dict[str, Pin] = {}
        self._agencies = members.agencies(root)
        for key in list(self._agencies):
            if not os.access(path := f"{root}/agencies/{key}", os.R_OK | os.X_OK):
                self._skip(key, NotPermittedError(f"you may not read {path}", ""))
        try:
            self._pin_all()
            self.desk = _place(root)
            self._describe(None)
            for key in list(self._agencies):
                self._describe(key)
        except BaseException:
            self._release(list(self._pins))
            raise

    def __enter__(self) -> "Snapshot":
        return self

    def __exit__(self, *_: object) -> None:
        self._release(list(self._pins))

    def content(self, member: Member) -> Iterator[bytes]:
        """What is in a file."""
        return self._pins[member.name].chunks()

    def _skip(self, key: str, error: CscError) -> None:
        """Leave an agency out."""
        advice = error.hint.removeprefix("nothing was changed").removeprefix("; ")
        error.hint = f"{key} is not in the backup{advice and '; '}{advice}"
        self._agencies.remove(key)
        self.skipped.append(key)
        self.troubles.append(error)
        self._release([name for name in self._pins if members.agency_of(name) == key])

    def _release(self, names: Iterable[str]) -> None:
        for name in names:
            pin = self._pins.pop(name)
            if pin.descriptor >= 0:
                os.close(pin.descriptor)

    # -- one moment ----------------------------------------------------------------------------------------------

    def _pin_all(self) -> None:
        for _ in range(TRIES):
            if self._pinned():
                return
        until = time.monotonic() + self._wait
        while busy := self._pinned_under_locks(until):
            # Somebody holds this one for long: it is waited for while nobody is kept from the others.
            with busy.locked(max(0.0, until - time.monotonic()), shared=True):
                continue

    def _pinned_under_locks(self, until: float) -> Shelf | None:
        """Open everything while nobody writes; the agency that keeps us from it for long. Raises BusyError."""
        with ExitStack() as locks:
            for key in self._agencies:
                shelf = Shelf(self._root, key)
                try:
                    locks.enter_context(shelf.locked(min(TURN, max(0.0, until - time.monotonic())), shared=True))
                except BusyError:
                    if time.monotonic() >= until:
                        raise
                    return shelf
            for _ in range(TRIES):
                if self._pinned():
                    return None
        raise BusyError(f"the settings in {self._root} changed each time they were read", "try again")

    def _pinned(self) -> bool:
        """Open everything; whether it was all there at one moment."""
        self._release(list(self._pins))
        before = self._survey()
        _make_room(sum(map(len, before.values())))
        for key, seen in before.items():
            for path, sight in seen.items():
                if key in (None, *self._agencies) and sight.name and not self._pin(path, sight.name, sight.identity):
                    return False
        return all(before[key] == seen for key, seen in self._survey().items())

    def _pin(self, path: str, name: str, identity: Identity) -> bool:
        """Open a file; whether it is still the one that was seen."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            found = os.fstat(descriptor)
            self._pins[name] = pin = Pin(stat.S_IMODE(found.st_mode), descriptor, found.st_size)
            if not members.STORE.fullmatch(name) and not members.JOURNAL.fullmatch(name):
                pin.content, pin.descriptor = _all_of(descriptor), -1
        except FileNotFoundError:
            return False
        except OSError as error:
            failure = files.failure(path, error, "read")
            key = members.agency_of(name)
            if key is None:
                raise failure from error
            self._skip(key, failure)
            return True
        return _identity(found) == identity

    def _survey(self) -> dict[str | None, dict[str, Sight]]:
        """What is there, by agency and by the path where it lies."""
        found: dict[str | None, dict[str, Sight]] = {}
        self.left_out = []
        for key in (None, *self._agencies):
            try:
                found[key] = self._survey_of(key)
            except (CscError, OSError) as error:
                told = error if isinstance(error, CscError) else files.failure(self._root, error, "read")
                if key is None:
                    raise told from error
                self._skip(key, told)
        return found

    def _survey_of(self, key: str | None) -> dict[str, Sight]:
        found: dict[str, Sight] = {}
        mode = os.stat(f"{self._root}/agencies/{key}" if key else self._root).st_mode
        for there in members.within(self._root, key):
            if members.taken(there, mode) and bundle.fits(there.name):
                found[f"{self._root}/{there.name}"] = Sight(there.name, _identity(there.stat))
            elif members.STORE.fullmatch(there.name):
                raise StorageError(f"{self._root}/{there.name} is no plain file", "put the file itself there")
            elif members.kind_of(there.name) != "derived":
                self.left_out.append(there.name)
        if key is None:
            return found
        shelf = Shelf(self._root, key)
        counts = shelf.current()
        if counts != shelf.path:  # it waits to be put in the place of the other: see `joint`
            if shelf.path in found:
                found[shelf.path] = Sight(None, found[shelf.path].identity)
            with suppress(FileNotFoundError):  # it was put there just now
                found[counts] = Sight(f"agencies/{key}/open.json", _identity(os.stat(counts)))
        return found

    # -- what is in it -------------------------------------------------------------------------------------------

    def _describe(self, key: str | None) -> None:
        """Note the files of an agency, or of the desk, when they are whole and none is missing."""
        held = sorted(name for name in self._pins if members.agency_of(name) == key)
        found = []
        try:
            for name in held:
                content = self._pins[name].read()
                if members.STORE.fullmatch(name):
                    container.check(content, f"{self._root}/{name}")
                if name.endswith("/open.json"):
                    _require_months(Database(f"{self._root}/{name}", content), key or "", held)
                found.append(Member(name, len(content), bundle.digest_of(content), f"{self._pins[name].mode:o}"))
            if key:
                _require_live(Shelf(self._root, key), held)
                self.places[key] = _place(f"{self._root}/agencies/{key}")
        except DamagedError as error:
            self._skip(key or "", error)
        except OSError as error:
            if key is None:
                raise files.failure(self._root, error, "read") from error
            self._skip(key, files.failure(f"{self._root}/agencies/{key}", error, "read"))
        else:
            self.members += found


def _require_live(shelf: Shelf, held: Iterable[str]) -> None:
    """Raise DamagedError when the agency's live tickets are missing."""
    names = [name.rpartition("/")[2] for name in held]
    archived = any("/closed/" in name for name in held)
    if "open.json" not in names and (archived or files.exists(files.previous(shelf.path))):
        raise container.damaged(shelf.path, "it is missing")


def _require_months(live: Database, key: str, held: Iterable[str]) -> None:
    """Raise DamagedError when a month is missing that was archived."""
    for month in live.known_months():
        if f"agencies/{key}/closed/{month}.json" not in held:
            path = f"{live.path.removesuffix('open.json')}closed/{month}.json"
            raise container.damaged(path, "it is missing")


def _all_of(descriptor: int) -> bytes:
    with open(descriptor, "rb") as file:
        return file.read()


def _identity(found: os.stat_result) -> Identity:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _make_room(count: int) -> None:
    """Let this process open so many files at once. Raises StorageError when it may not."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = count + 64
    if hard != resource.RLIM_INFINITY and needed > hard:
        raise StorageError(f"a backup of this desk needs {needed} open files at once", f"ulimit -n {needed}")
    if soft != resource.RLIM_INFINITY and needed > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def _place(path: str) -> Place:
    import grp
    import pwd

    found = os.stat(path)
    owner = group = None
    with suppress(KeyError):
        owner = pwd.getpwuid(found.st_uid).pw_name
    with suppress(KeyError):
        group = grp.getgrgid(found.st_gid).gr_name
    return Place(f"{stat.S_IMODE(found.st_mode):o}", owner, group)
