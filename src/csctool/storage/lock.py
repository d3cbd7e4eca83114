"""The lock of an agency: `flock` on a file that is never unlinked, waited for within a limit, first come first served.

The kernel frees it when its holder dies, so it is never broken by age. The holder writes its process number into the
file, for the message of who waits in vain and for nothing else.

Who waits sleeps in the kernel's queue, which is in order of arrival. That alone would let newcomers slip in between a
release and the first waiter's waking up; so everybody takes a *turnstile* before the lock (an OFD lock on the same
file) and leaves it with the lock in hand. The turnstile is a courtesy only: who has stood there for half of the time
limit, because somebody in front was stopped, goes past it. A wait in the kernel has no limit; so a thread does it, and
the time is watched from outside.
"""

import _thread
import errno
import fcntl
import os
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from csctool.errors import BusyError, CscError
from csctool.storage import files

#: Linux has locks that belong to an open file; elsewhere there is no turnstile, and newcomers may slip in.
_TURNSTILE = getattr(fcntl, "F_OFD_SETLK", None), getattr(fcntl, "F_OFD_SETLKW", None)


def make(path: str) -> None:
    """Make the lock file, unless it is there. Raises OSError."""
    os.close(_open(path, shared=False))


@contextmanager
def held(path: str, agency: str, wait: float, shared: bool = False) -> Iterator[None]:
    """Hold the lock while the block runs.

    Waits up to `wait` seconds, then raises BusyError. Raises NotPermittedError or StorageError when the lock file can't
    be opened or locked.
    """
    try:
        descriptor = _open(path, shared)
        try:
            got_it = _at_once(descriptor, shared)
        except OSError:
            _release(descriptor)
            raise
        began = time.monotonic()
        if not got_it and wait > 0:
            got_it = _Waiter(descriptor, shared, polite=True).got_it(wait / 2)
            if not got_it:
                descriptor = _open(path, shared)
                got_it = _Waiter(descriptor, shared, polite=False).got_it(wait - (time.monotonic() - began))
        elif not got_it:
            _release(descriptor)
    except OSError as error:
        raise files.failure(path, error, "lock") from error
    if not got_it:
        waited = time.monotonic() - began
        raise BusyError(f"{agency} is busy: its lock was not free for {waited:.3g} s{_holder(path)}", "try again")
    try:
        if not shared:
            _sign(descriptor)
        yield
    finally:
        _release(descriptor)


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


def _kind(shared: bool) -> int:
    return fcntl.LOCK_SH if shared else fcntl.LOCK_EX


def _at_once(descriptor: int, shared: bool) -> bool:
    """Lock it if that is possible without waiting or overtaking anybody who waits. Raises OSError."""
    if not _turnstile(descriptor, fcntl.F_WRLCK, wait=False):
        return False
    try:
        fcntl.flock(descriptor, _kind(shared) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False  # but first in the turnstile
    _turnstile(descriptor, fcntl.F_UNLCK, wait=False)
    return True


def _turnstile(descriptor: int, kind: int, *, wait: bool) -> bool:
    """Enter or leave the turnstile; False when somebody stands in it. Where there is none, everybody is in it."""
    operation = _TURNSTILE[wait]
    if operation is None:
        return True
    try:
        fcntl.fcntl(descriptor, operation, struct.pack("hhqqi4x", kind, os.SEEK_SET, 0, 0, 0))
    except BlockingIOError:
        return False
    except OSError:
        return True  # this file system has no such locks, or the file may not be written: `flock` decides alone
    return True


class _Waiter:
    """A thread that sleeps in the kernel's queue. Whoever loses patience leaves the descriptor to it."""

    def __init__(self, descriptor: int, shared: bool, *, polite: bool) -> None:
        self._descriptor = descriptor
        self._kind = _kind(shared)
        self._polite = polite
        self._done = _thread.allocate_lock()
        self._settled = _thread.allocate_lock()
        self._left = False
        self._error: OSError | None = None
        self._done.acquire()
        _thread.start_new_thread(self._wait, ())

    def got_it(self, wait: float) -> bool:
        """Whether the lock came within `wait` seconds. Raises OSError."""
        came = False
        try:
            came = self._done.acquire(timeout=max(0.0, wait))
        finally:
            with self._settled:
                # It may have come in this very moment; else the thread closes what it gets too late.
                came = came or self._done.acquire(blocking=False)
                self._left = not came
        if self._error:
            raise self._error
        return came

    def _wait(self) -> None:
        try:
            if self._polite:
                _turnstile(self._descriptor, fcntl.F_WRLCK, wait=True)
            fcntl.flock(self._descriptor, self._kind)
            _turnstile(self._descriptor, fcntl.F_UNLCK, wait=False)
        except OSError as error:
            self._error = error
        with self._settled:
            if self._left:
                _release(self._descriptor)
            else:
                self._done.release()


def _release(descriptor: int) -> None:
    # Unlocked by name, since a child that was forked meanwhile still holds the descriptor. Linux gives it back even
    # when closing reports an error, and nothing was written through it: what was done under the lock must not be told
    # as failed because of it.
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    with suppress(OSError):
        os.close(descriptor)


def _sign(descriptor: int) -> None:
    # A full disk must not keep anybody from a lock that is held already; the name is for a message only.
    with suppress(OSError):
        os.pwrite(descriptor, b"%-19d\n" % os.getpid(), 0)


def _holder(path: str) -> str:
    name = b""
    with suppress(CscError):
        name = (files.read(path, 20) or b"").strip()
    return f" (held by process {name.decode()})" if name.isdigit() else ""
