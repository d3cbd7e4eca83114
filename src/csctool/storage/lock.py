"""The lock of an agency: `flock` on a file that is never unlinked, waited for within a limit.

The kernel frees it when its holder dies, so it is never broken by age. The holder writes its process number into the
file, for the message of who waits in vain and for nothing else.
"""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from csctool.errors import BusyError
from csctool.storage import files

#: How long to sleep between two tries, in seconds: short at first, since most holders take a few milliseconds.
FIRST_PAUSE, LONGEST_PAUSE = 0.001, 0.02


def make(path: str) -> None:
    """Make the lock file, unless it is there. Raises OSError."""
    os.close(_open(path, shared=False))


@contextmanager
def held(path: str, agency: str, wait: float, shared: bool = False) -> Iterator[None]:
    """Hold the lock while the block runs.

    Waits up to `wait` seconds, then raises BusyError. Raises NotPermittedError or StorageError when the lock file can't
    be opened.
    """
    try:
        descriptor = _open(path, shared)
    except OSError as error:
        raise files.failure(path, error, "lock") from error
    try:
        _acquire(descriptor, agency, wait, shared)
        if not shared:
            _sign(descriptor)
        yield
    finally:
        os.close(descriptor)


def _open(path: str, shared: bool) -> int:
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        pass
    except OSError as error:
        if shared and error.errno in (errno.EACCES, errno.EROFS):
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        raise
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return os.open(path, flags)
    os.fchmod(descriptor, files.file_mode(os.path.dirname(path)))
    return descriptor


def _acquire(descriptor: int, agency: str, wait: float, shared: bool) -> None:
    kind = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
    began = time.monotonic()
    pause = FIRST_PAUSE
    while True:
        try:
            fcntl.flock(descriptor, kind)
            return
        except BlockingIOError:
            waited = time.monotonic() - began
        if waited >= wait:
            raise BusyError(
                f"{agency} is busy: its lock was not free for {waited:.3g} s{_holder(descriptor)}", "try again"
            )
        # The lowest bits of the clock are jitter enough to keep many waiters from knocking in step.
        jitter = 0.5 + (time.monotonic_ns() & 1023) / 1024
        time.sleep(min(pause * jitter, wait - waited))
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _sign(descriptor: int) -> None:
    # A full disk must not keep anybody from a lock that is held already; the name is for a message only.
    with suppress(OSError):
        os.pwrite(descriptor, b"%-19d\n" % os.getpid(), 0)


def _holder(descriptor: int) -> str:
    name = os.pread(descriptor, 20, 0).strip()
    return f" (held by process {name.decode()})" if name.isdigit() else ""
