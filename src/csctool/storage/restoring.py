"""A restore: laid out beside the desk, compared with it while nobody writes, and put in its place."""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from tempfile import TemporaryDirectory

import msgspec

from csctool.domain.keeping import Backup, Restored, Returned
from csctool.errors import CscError, NotFoundError, RefusedError
from csctool.storage import bundle, files, members, staging, swapping
from csctool.storage.bundle import Bundle
from csctool.storage.shelf import Shelf
from csctool.storage.swapping import Plan, Swap


class Restoration:
    """A restore of a backup, or of one agency of it, at the desk `root`; everything is laid out below the swap's place.

    Made with `restoring`, which holds the locks meanwhile.
    """

    def __init__(
        self, source: Bundle, root: str, swap: Swap, agency: str | None, at: datetime, *, dry_run: bool
    ) -> None:
        self._source = source
        self._root = root
        self._swap = swap
        self._agency = agency
        self._at = at
        self._dry_run = dry_run
        self._over = is_desk(root)
        self.keys = [agency] if agency else sorted(source.manifest.agencies)
        self._old: dict[str, staging.Old] = {}
        self._notes: list[str] = []
        self._done: list[Returned] = []
        self._kept: str | None = None

    def lay_out(self) -> None:
        """Write everything beside the desk."""
        place = f"agencies/{self._agency}/" if self._agency else ""
        os.mkdir(self._swap.place, 0o700)
        staging.lay_out(self._source, self._swap.place, lambda name: name.startswith(place), lambda _: None)
        for key in self.keys:
            staging.prepare(self._new(key))

    def compare(self) -> None:
        """Look at what is there; under the locks, unless it is a dry run. Raises NotPermittedError, StorageError."""
        for key in self.keys:
            there = files.exists(self._shelf(key).directory)
            self._old[key] = staging.old_of(self._shelf(key), self._new(key)) if there else staging.Old()
            tickets = len(self._new(key).everything(self._new(key).live()))
            number = max(self._old[key].number, self._new(key).live().counter("number"))
            self._done.append(Returned(key, tickets, number, list(self._old[key].lost), self._old[key].unreadable))

    def seen(self) -> Restored:
        """What it would do."""
        left = [] if self._agency else [key for key in members.agencies(self._root) if key not in self.keys]
        return Restored(
            described(self._source), self._root, self._done, left, self._settings(), None, [], self._dry_run
        )

    def commit(self) -> Restored:
        """Put it in the place of what is there."""
        seen = self.seen()
        target = f"agencies/{self._agency}" if self._agency else "agencies"
        arriving, leaving = ([], []) if self._agency else self._own()
        path, plan = self._swap.place, Plan(target, arriving, leaving, self._over)
        try:
            self._furnish()
            self._swap.begin(plan)
        except (OSError, CscError) as error:
            failure = files.failure(path, error, "write into") if isinstance(error, OSError) else error
            # Back, or on after the exchange; without a word where everything but the last fsync was done.
            done = "it may be restored all the same: look before you repeat it"
            failure.hint = swapping.end(self._root) or (done if self._swap.exchanged(plan) else "nothing was changed")
            raise failure from error
        self._kept = self._swap.kept if self._over else None
        self._save_what_came_late()
        return msgspec.structs.replace(seen, agencies=self._done, kept=self._kept, notes=self._notes)

    # -- the new directories -------------------------------------------------------------------------------------

    def _furnish(self) -> None:
        """Numbers and generations that go on, owners and modes, and what no backup holds. Raises OSError."""
        stamp = f"{self._at:%Y-%m-%d}"
        lives = staging.lives(map(self._new, self.keys), self._old)
        self._done = [
            staging.join(self._new(key), self._old[key], self._shelf(key).directory, stamp, lives) for key in self.keys
        ]
        for key in self.keys:
            old, new = self._shelf(key).directory, self._new(key).directory
            there = old if files.exists(old) else None
            note = staging.settle_in(new, there, self._source.manifest.agencies[key])
            self._notes += [note] if note else []
            staging.carry_over(old, new, key)
        if self._agency:
            return
        staging.settle_own(f"{self._swap.place}/new", self._root, None if self._over else self._source.manifest.desk)
        new = f"{self._swap.place}/agencies"
        os.makedirs(new, exist_ok=True)
        if files.exists(f"{self._root}/agencies"):
            for name in sorted(os.listdir(f"{self._root}/agencies")):
                if not os.path.lexists(f"{new}/{name}") and not name.startswith(".restored-"):
                    staging.leave(f"{self._root}/agencies/{name}", f"{new}/{name}")
            staging.like(f"{self._root}/agencies", new)
        else:
            os.chmod(new, int(self._source.manifest.desk.mode, 8) & 0o755 | 0o700)

    def _own(self) -> tuple[list[str], list[str]]:
        """The desk's own files: those that come (the settings are put in place last of all), and those that go."""
        arriving = [m.name for m in self._source.manifest.files if not members.agency_of(m.name)]
        there = [found.name for found in members.own(self._root, None)]
        leaving = [name for name in there if name not in arriving]
        return [name for name in arriving if name != swapping.SETTINGS], leaving

    def _settings(self) -> list[str]:
        """The settings and plugins of the old desk that the new one has otherwise, or not."""
        names = {m.name for m in self._source.manifest.files if not members.STORE.fullmatch(m.name)}
        for key in (*(() if self._agency else (None,)), *self.keys):
            if os.path.isdir(f"{self._root}/agencies/{key}" if key else self._root):
                names |= {found.name for found in members.own(self._root, key)}
        wanted = f"agencies/{self._agency}/" if self._agency else ""
        return [
            name for name in sorted(names)
            if name.startswith(wanted) and not members.STORE.fullmatch(name) and os.path.exists(f"{self._root}/{name}")
            and (members.agency_of(name) or self.keys[0]) in self.keys
            and not staging.alike(self._staged(name), f"{self._root}/{name}")
        ]  # fmt: skip

    def _save_what_came_late(self) -> None:
        """An agency that somebody made while names were exchanged stands in the old directory: it moves over."""
        if self._agency or not self._kept:
            return
        try:
            for key in members.agencies(self._kept):
                if not os.path.lexists(f"{self._root}/agencies/{key}"):
                    os.rename(f"{self._kept}/agencies/{key}", f"{self._root}/agencies/{key}")
        except (OSError, CscError) as error:
            failure = files.failure(self._kept, error, "look through") if isinstance(error, OSError) else error
            failure.hint = f"all the same the desk is restored; an agency that was made meanwhile lies in {self._kept}"
            raise failure from error

    def _staged(self, name: str) -> str:
        return f"{self._swap.place}/{name}" if members.agency_of(name) else f"{self._swap.place}/new/{name}"

    def _shelf(self, key: str) -> Shelf:
        return Shelf(self._root, key)

    def _new(self, key: str) -> Shelf:
        return Shelf(self._swap.place, key, keep=False)


@contextmanager
def restoring(
    path: str, root: str, agency: str | None, at: datetime, *, wait: float, dry_run: bool
) -> Iterator[Restoration]:
    """A restore that is ready: see `desk.ports.Keeper.restoring`."""
    with bundle.opened(path) as source, ExitStack() as held:
        source.check()
        if agency and agency not in source.manifest.agencies:
            raise NotFoundError(f"no agency {agency} in {source.name}", "csctool backup --verify shows what is in it")
        _look_at_place(root, agency)
        if not dry_run:
            _make_ready(root, held)
            held.enter_context(swapping.alone(root, wait))
            swapping.end(root)
            swapping.clear(root)
        swap = Swap(root, _stamp(root, at))
        if dry_run:
            swap.place = held.enter_context(TemporaryDirectory()) + "/desk"
        work = Restoration(source, root, swap, agency, at, dry_run=dry_run)
        try:
            work.lay_out()
            if not dry_run:
                _stop_writers(root, agency, wait, held)
            work.compare()
            yield work
        except OSError as error:
            raise files.failure(error.filename or root, error, "write") from error
        finally:
            if not dry_run and swap.place != swap.kept and not swapping.interrupted(root):
                swapping.remove_tree(swap.place)


def is_desk(root: str) -> bool:
    """Whether a desk is there, perhaps one that has lost its settings."""
    return os.path.exists(f"{root}/{swapping.SETTINGS}") or os.path.isdir(f"{root}/agencies")


def _look_at_place(root: str, agency: str | None) -> None:
    """Refuse a directory that is neither new, nor empty, nor a desk; for an agency alone it has to be a desk."""
    try:
        names = set(os.listdir(root))
    except FileNotFoundError:
        names = set()
    except NotADirectoryError:
        raise RefusedError(f"{root} is no directory", "name a new one") from None
    except OSError as error:
        raise files.failure(root, error, "read") from error
    if is_desk(root):
        return
    if agency:
        raise NotFoundError(f"no desk in {root}", "restore the whole backup, or name a desk")
    if strange := sorted(n for n in names if n != "lost+found" and not n.startswith(swapping.ON_ITS_WAY)):
        raise RefusedError(f"{root} is neither empty nor a desk: {', '.join(strange[:3])}", "name a new directory")


def _make_ready(root: str, held: ExitStack) -> None:
    """Make the directory, unless it is there; one that we made is removed when nothing comes of it."""
    try:
        os.makedirs(root)
    except FileExistsError:
        return
    except OSError as error:
        raise files.failure(root, error, "make") from error
    held.callback(_remove_if_empty, root)


def _remove_if_empty(root: str) -> None:
    with suppress(OSError):
        os.rmdir(root)


def _stop_writers(root: str, agency: str | None, wait: float, held: ExitStack) -> None:
    """Hold the locks of what is there, and end what killed writers left. Raises BusyError, NotPermittedError."""
    until = time.monotonic() + wait
    for key in members.agencies(root):
        if agency in (None, key):
            shelf = Shelf(root, key)
            held.enter_context(shelf.locked(max(0.0, until - time.monotonic())))
            shelf.settle()


def _stamp(root: str, at: datetime) -> str:
    """A name for this restore that no other had."""
    first = f"{at:%Y%m%dT%H%M%SZ}"
    return next(
        stamp for stamp in (first, *(f"{first}-{n}" for n in range(2, 1000)))
        if not os.path.lexists(f"{root}/{swapping.BEFORE}{stamp}")
    )  # fmt: skip


def described(source: Bundle, size: int | None = None) -> Backup:
    """What a backup says of itself."""
    said = source.manifest
    return Backup(
        source.name, source.size if size is None else size, said.made_at, said.csctool, sorted(said.agencies),
        said.skipped, len(said.files), said.left_out, said.digest,
    )  # fmt: skip
