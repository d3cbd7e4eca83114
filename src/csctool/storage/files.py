"""Whole files on a disk: read one, or replace some so that a crash at any moment leaves each old or new, never torn."""

import errno
import os
from collections.abc import Sequence
from contextlib import suppress

from csctool.errors import CscError, NotPermittedError, StorageError
from csctool.sharing import adopt

#: What a file is called while it is written. Only the holder of the agency's lock writes, so the name may be fixed.
TEMPORARY = ".tmp"
#: What it is called when it waits for another file to be put in place first: see `joint`.
WAITING = ".next"


def failure(path: str, error: OSError, doing: str, saved: bool = False) -> CscError:
    """The error that the user is told when the system refuses; `saved` when the change may be on disk nevertheless."""
    why = error.strerror or str(error)
    if saved:
        return StorageError(
            f"can't {doing} {path}: {why}",
            "the change may have been saved all the same: look before you repeat it",
        )
    if error.errno in (errno.EACCES, errno.EPERM):
        return NotPermittedError(f"you may not {doing} {path}: {why}", "nothing was changed")
    return StorageError(f"can't {doing} {path}: {why}", "nothing was changed")


def previous(path: str) -> str:
    """Where the generation before of a store file is kept."""
    return path.removesuffix(".json") + ".prev.json"


def of_format(path: str, format: int) -> str:
    """Where the last writing of a store file in an older format is kept."""
    return path.removesuffix(".json") + f".format{format}.json"


def read(path: str, limit: int = -1) -> bytes | None:
    """The bytes of a file, or its first `limit`; None when there is none. Raises NotPermittedError, StorageError."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise failure(path, error, "read") from error
    try:
        if limit >= 0:
            return os.read(descriptor, limit)
        return _read_all(descriptor)
    except OSError as error:
        raise failure(path, error, "read") from error
    finally:
        with suppress(OSError):  # nothing was written through it
            os.close(descriptor)


def exists(path: str) -> bool:
    """Whether something has that name. Unlike `os.path.exists`, a failing disk is no answer: raises StorageError."""
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise failure(path, error, "read") from error
    return True


def _read_all(descriptor: int) -> bytes:
    # A store file is never changed in place, so its size stands while it is open.
    left = os.fstat(descriptor).st_size
    parts = []
    while left > 0:
        part = os.read(descriptor, left)
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


class Replacement:
    """One file that is to be replaced: the new bytes, and the old ones, which are kept.

    They are kept as the generation before where `keep` says so, and under the name `also` for good.
    """

    def __init__(
        self, path: str, new: bytes | bytearray, old: bytes | bytearray | None, keep: bool = True, waits: bool = False,
        also: str | None = None,
    ) -> None:  # fmt: skip
        self.path = path
        self.new = new
        self.directory = os.path.dirname(path)
        self._old = old
        self._waits = waits
        self._kept = [name for name in (also, previous(path) if keep else None) if name and old is not None]

    def prepare(self) -> None:
        """Write the new file beside the old one and bring it to the disk.

        One that waits gets that name when it is whole, so that nobody takes the half of one for damage.
        """
        _write(self.path + TEMPORARY, self.new, like=self.path)
        if self._waits:
            os.rename(self.path + TEMPORARY, self.path + WAITING)

    def commit(self) -> None:
        """Keep the old file, then put the new one in its place.

        The old one gets a second name instead of a new one: there is a whole file under the old name at any moment.
        """
        for name in self._kept:
            self._keep_as(name)
        os.rename(self.path + (WAITING if self._waits else TEMPORARY), self.path)

    def _keep_as(self, name: str) -> None:
        temporary = name + TEMPORARY
        remove(temporary)
        try:
            os.link(self.path, temporary)
        except OSError:
            # No hard links here, or not to a file of somebody else's: a copy does as well.
            _write(temporary, self._old or b"", like=self.path)
        os.rename(temporary, name)
        # Renaming one name of a file to another name of the same file does nothing: after a crash both may be one.
        remove(temporary)

    def abandon(self) -> None:
        """Leave no temporary files."""
        for name in (self.path + TEMPORARY, self.path + WAITING, *(kept + TEMPORARY for kept in self._kept)):
            try:
                remove(name)
            except OSError:
                # The failure that brought us here is the one to tell; the next writer clears the leftover.
                return


def replace(replacements: Sequence[Replacement]) -> None:
    """Replace the files: all are on the disk before the first is put in place, and each is in place before the next.

    Raises NotPermittedError or StorageError, whose hint says when the change may have been saved all the same. A
    failed fsync is not tried again: the kernel may have dropped what it could not write.
    """
    placed = False
    path = ""
    try:
        for replacement in replacements:
            path = replacement.path
            replacement.prepare()
        for replacement in replacements[1:]:
            # Those that wait must still be found waiting after a power cut.
            sync_directory(replacement.directory)
        for replacement in replacements:
            path = replacement.path
            replacement.commit()
            placed = True
            sync_directory(replacement.directory)
    except OSError as error:
        if not placed:
            for replacement in replacements:
                replacement.abandon()
        raise failure(path, error, "write", saved=placed) from error


def replace_in_any_order(replacements: Sequence[Replacement]) -> None:
    """Replace files of one directory that do not wait for each other: all are on the disk before the first is put in
    place, and the directory is brought to the disk once. Raises what `replace` raises."""
    placed = False
    path = ""
    try:
        for replacement in replacements:
            path = replacement.path
            replacement.prepare()
        for replacement in replacements:
            path = replacement.path
            replacement.commit()
            placed = True
        if replacements:
            sync_directory(replacements[0].directory)
    except OSError as error:
        if not placed:
            for replacement in replacements:
                replacement.abandon()
        raise failure(path, error, "write", saved=placed) from error


def derive(path: str, content: bytes | bytearray) -> None:
    """Write a file that is derived from others, whole or not at all, and leave it to the system when it comes to the
    disk: after a power cut it may be torn, and who reads it believes only its checksum. Raises NotPermittedError,
    StorageError."""
    try:
        _write(path + TEMPORARY, content, like=path, sync=False)
        os.rename(path + TEMPORARY, path)
    except OSError as error:
        with suppress(OSError):  # the failure that brought us here is the one to tell
            remove(path + TEMPORARY)
        raise failure(path, error, "write") from error


def sync_directory(path: str) -> None:
    """Bring names that were made or changed in a directory to the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        with suppress(OSError):  # the names are on the disk, or fsync has said that they are not
            os.close(descriptor)


def clear_leftovers(directory: str) -> None:
    """Remove the temporary files that killed writers left; only for the holder of the lock. Raises OSError."""
    try:
        names = os.listdir(directory)
    except FileNotFoundError:
        return
    for name in names:
        if name.endswith(".json" + TEMPORARY):
            remove(f"{directory}/{name}")


def _write(path: str, content: bytes | bytearray, like: str, *, sync: bool = True) -> None:
    """A new file with mode and group of the file `like`, on disk when this returns, unless it is not to `sync`."""
    remove(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        adopt(descriptor, like)
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        if sync:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: str) -> None:
    """Remove a file; none is fine. Raises OSError."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
