"""Files that several Unix users share: who owns a new one and who may read and write it, whatever their umask is.

A new file follows its directory, a new version of a file the old one. What root makes belongs to the owner of the
directory, so that cron as root locks nobody out. Nothing has another mode for even a moment: who is killed meanwhile
leaves nothing that keeps others out.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

#: What a file may get from its directory: all but execution; and what of that nobody should give to everybody.
DATA, SETTINGS = 0o666, 0o664


def opened(path: str, flags: int, mask: int = DATA) -> int:
    """A descriptor of a file, which is made when it is not there. Raises OSError."""
    try:
        return os.open(path, flags | os.O_CLOEXEC)
    except FileNotFoundError:
        pass
    try:
        return made(path, flags, mask)
    except FileExistsError:
        return os.open(path, flags | os.O_CLOEXEC)


def made(path: str, flags: int, mask: int = DATA) -> int:
    """A descriptor of a new file that has what its directory grants. Raises OSError, also where there is one."""
    place = os.stat(os.path.dirname(path) or ".")
    with _umask():
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, stat.S_IMODE(place.st_mode) & mask)
    if os.geteuid() == 0:
        os.fchown(descriptor, place.st_uid, place.st_gid)
    return descriptor


def adopt(descriptor: int, path: str, mask: int = DATA) -> None:
    """Give a new file mode, group and owner of the one at `path` that it will replace; where there is none, those that
    the directory gives. Raises OSError."""
    try:
        like = os.stat(path)
        mode = stat.S_IMODE(like.st_mode)
    except FileNotFoundError:
        like = os.stat(os.path.dirname(path) or ".")
        mode = stat.S_IMODE(like.st_mode) & mask
        if os.geteuid() != 0:
            os.fchmod(descriptor, mode)  # the group is the directory's if that hands it on, else one's own
            return
    new = os.fstat(descriptor)
    if like.st_gid != new.st_gid:
        os.fchown(descriptor, -1, like.st_gid)
    if like.st_uid != new.st_uid and os.geteuid() == 0:
        os.fchown(descriptor, like.st_uid, -1)
    os.fchmod(descriptor, mode)


def make_directory(path: str) -> None:
    """A directory with owner, group and mode of the one it is in; one that is there stays as it is. Raises OSError."""
    if os.path.isdir(path):
        return
    above = os.stat(os.path.dirname(path) or ".")
    with _umask():
        os.mkdir(path, stat.S_IMODE(above.st_mode))  # the bit that hands the group on comes with the place
    if os.geteuid() == 0:
        os.chown(path, above.st_uid, above.st_gid)


@contextmanager
def _umask() -> Iterator[None]:
    before = os.umask(0)
    try:
        yield
    finally:
        os.umask(before)
