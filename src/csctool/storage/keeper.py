"""Backups of a desk's directory: written, read, put back. Implements `desk.ports.Keeper`."""

import fcntl
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime
from typing import BinaryIO

from csctool.domain.keeping import Backup
from csctool.errors import CscError, RefusedError, UsageError
from csctool.storage import bundle, files
from csctool.storage.bundle import Member
from csctool.storage.restoring import Restoration, described, restoring
from csctool.storage.snapshot import Snapshot

#: What a backup is called while it is written, beside the file that it will be.
_PREFIX, _SUFFIX = ".csctool-backup-", ".part"


class Keeper:
    """Makes and reads backups of the desk in `root`. `progress` is told (done, all) bytes."""

    def __init__(self, root: str, wait: float, progress: Callable[[int, int], None] = lambda *_: None) -> None:
        self._root = root
        self._wait = wait
        self._progress = progress
        self._troubles: list[CscError] = []

    def back_up(self, path: str, made_at: datetime, *, force: bool, dry_run: bool) -> Backup:
        """Write a consistent copy of the whole desk to a file, or to stdout."""
        if path != "-":
            _require_free(path, force=force)
        with Snapshot(self._root, self._wait) as taken:
            self._troubles += taken.troubles
            said = bundle.manifest(
                made_at, taken.desk, taken.places, sorted(taken.skipped), sorted(taken.left_out), taken.members
            )
            size = 0
            if not dry_run:
                whole = sum(member.size for member in said.files)
                with _stdout() if path == "-" else _appearing(path, force=force) as out:
                    size = bundle.write(out, said, self._counted(taken.content, whole))
        return Backup(
            "stdout" if path == "-" else path, size, made_at, said.csctool, sorted(said.agencies), said.skipped,
            len(said.files), said.left_out, said.digest,
        )  # fmt: skip

    def look(self, path: str) -> Backup:
        """Read a backup to its end, and say what it holds."""
        with bundle.opened(path) as source:
            whole = sum(member.size for member in source.manifest.files)
            done = 0

            def count(size: int) -> None:
                nonlocal done
                done += size
                self._progress(done, whole)

            source.check(count)
            return described(source)

    def restoring(
        self, path: str, agency: str | None, at: datetime, *, dry_run: bool
    ) -> AbstractContextManager[Restoration]:
        """Make ready to restore a backup, or one agency of it."""
        return restoring(path, self._root, agency, at, wait=self._wait, dry_run=dry_run)

    def troubles(self) -> list[CscError]:
        """What was left out, and forgets it."""
        told, self._troubles = self._troubles, []
        return told

    def _counted(self, content: Callable[[Member], Iterator[bytes]], whole: int) -> Callable[[Member], Iterator[bytes]]:
        done = 0

        def counted(member: Member) -> Iterator[bytes]:
            nonlocal done
            for part in content(member):
                yield part
                done += len(part)
                self._progress(done, whole)

        return counted


def _require_free(path: str, *, force: bool) -> None:
    """Raise UsageError for what can't be the name of a new file, RefusedError for a file that is there."""
    directory = os.path.dirname(path) or "."
    if not os.path.isdir(directory):
        raise UsageError(f"no such directory: {directory}", "make it first, or name another file")
    if os.path.exists(path) and not os.path.isfile(path):
        raise UsageError(f"{path} is no plain file", "name a file, or - for stdout")
    if not force and os.path.lexists(path):
        raise RefusedError(f"{path} is there already", "--force replaces it")


@contextmanager
def _stdout() -> Iterator[BinaryIO]:
    sys.stdout.flush()
    yield sys.stdout.buffer


@contextmanager
def _appearing(path: str, *, force: bool) -> Iterator[BinaryIO]:
    """A new file, readable by its owner alone, that gets its name when it is whole and on the disk.

    Raises RefusedError when something got the name meanwhile, NotPermittedError, and StorageError, which says so when
    the file may be there all the same.
    """
    directory = os.path.dirname(path) or "."
    part = ""
    named = False
    try:
        _clear(directory)
        descriptor, part = tempfile.mkstemp(_SUFFIX, _PREFIX, directory)
        with os.fdopen(descriptor, "wb") as file:
            fcntl.flock(descriptor, fcntl.LOCK_EX)  # so that nobody takes it for a leftover
            yield file
            file.flush()
            os.fsync(descriptor)
            _name(part, path, force=force)
            named = True
        files.sync_directory(directory)
    except OSError as error:
        raise files.failure(path, error, "write", saved=named) from error
    finally:
        with suppress(OSError):
            files.remove(part)


def _name(part: str, path: str, *, force: bool) -> None:
    if force:
        os.rename(part, path)
        return
    try:
        os.link(part, path)
    except FileExistsError:
        raise RefusedError(f"{path} is there already", "--force replaces it") from None
    except OSError:  # a file system without second names
        os.rename(part, path)


def _clear(directory: str) -> None:
    """Remove what backups left that were killed: parts that nobody has locked."""
    names: list[str] = []
    with suppress(OSError):
        names = os.listdir(directory)
    for name in names:
        if name.startswith(_PREFIX) and name.endswith(_SUFFIX):
            with suppress(OSError), open(f"{directory}/{name}", "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(f"{directory}/{name}")
