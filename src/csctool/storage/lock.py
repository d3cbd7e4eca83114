"""The lock of an agency: `flock` on a file that is never unlinked, waited for within a limit, first come first served.

The kernel frees it when its holder dies, so it is never broken by age. The holder writes its process number and the
time into the file, for the messages of who waits in vain and of the doctor, and for nothing else.

The kernel's queue for a lock lets newcomers slip in between a release and the first waiter's waking up, and on a busy
machine some would wait for ever. So everybody takes a number, holds the byte of that number (an OFD lock on the same
file, far behind its end) until the lock is got, and waits for the byte of the number before. The queue is a courtesy
only: where it does not work, or somebody in front is stopped for half of the time limit, `flock` alone decides. A wait
in the kernel has no limit; so a thread does it, and the time is watched from outside.
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
from csctool.sharing import opened
from csctool.storage import files

#: Linux has locks that belong to an open file; elsewhere there is no queue.
_OFD = getattr(fcntl, "F_OFD_SETLK", None), getattr(fcntl, "F_OFD_SETLKW", None)
#: The bytes that are locked: the one for taking a number, and from where the numbers stand.
_GATE, _NUMBERS = 1 << 40, 1 << 41
#: Where the last number is written in the file, behind the holder; how many numbers there are before they begin again.
_COUNTER, _MOST = 20, 1 << 40
#: `struct flock` of the kernel: kind of lock, from where, start, length (0: to the end), process.
_FLOCK = "hhqqi4x"
_FLAGS = os.O_RDWR | os.O_NOFOLLOW
#: Taking a number takes microseconds; so often it is tried, a millisecond apart, when somebody else is at it.
_TRIES = 50


def make(path: str) -> None:
    """Make the lock file, unless it is there. Raises OSError."""
    os.close(opened(path, _FLAGS))


@contextmanager
def held(path: str, agency: str, wait: float, shared: bool = False) -> Iterator[None]:
    """Hold the lock while the block runs.

    Waits up to `wait` seconds, then raises BusyError. Raises NotPermittedError or StorageError when the lock file can't
    be opened or locked.
    """
    try:
        descriptor = _open(path, shared)
        try:
            got_it, number = _at_once(descriptor, shared)
        except OSError:
            _release(descriptor)
            raise
        began = time.monotonic()
        if not got_it and wait > 0:
            got_it = _Waiter(descriptor, shared, number).got_it(wait / 2)
            if not got_it:
                descriptor = _open(path, shared)
                got_it = _Waiter(descriptor, shared, 0).got_it(wait - (time.monotonic() - began))
        elif not got_it:
            _release(descriptor)
    except OSError as error:
        raise files.failure(path, error, "lock") from error
    if not got_it:
        raise BusyError(f"{agency} is busy: its lock was not free for {wait:.3g} s{_holder(path)}", "try again")
    try:
        if not shared:
            _sign(descriptor)
        yield
    finally:
        _release(descriptor)


def _open(path: str, shared: bool) -> int:
    try:
        return opened(path, _FLAGS)
    except OSError as error:
        if shared and error.errno in (errno.EACCES, errno.EROFS):
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        raise


def _kind(shared: bool) -> int:
    return fcntl.LOCK_SH if shared else fcntl.LOCK_EX


def _at_once(descriptor: int, shared: bool) -> tuple[bool, int]:
    """Lock it if nobody has it or waits for it: whether that was possible, and the number taken (0: none).

    Raises OSError.
    """
    number = _number(descriptor)
    try:
        if number and not _byte(descriptor, fcntl.F_RDLCK, _before(number)):
            return False, number
        fcntl.flock(descriptor, _kind(shared) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False, number
    _leave(descriptor, number)
    return True, number


def _number(descriptor: int) -> int:
    """Take a number and hold its byte; 0 where there is no queue or taking one does not work."""
    try:
        for _ in range(_TRIES):
            if _byte(descriptor, fcntl.F_WRLCK, _GATE):
                break
            time.sleep(0.001)
        else:
            return 0
        try:
            written = os.pread(descriptor, 20, _COUNTER).strip()
            number = int(written) % _MOST + 1 if written.isdigit() else 1
            os.pwrite(descriptor, b"%-19d\n" % number, _COUNTER)
            return number if _byte(descriptor, fcntl.F_WRLCK, _NUMBERS + number) else 0
        finally:
            _byte(descriptor, fcntl.F_UNLCK, _GATE)
    except OSError:
        return 0  # a system or a file system without such locks, a full disk, a file that may only be read


def queued(descriptor: int) -> bool:
    """Whether anybody holds a number of the queue. Raises OSError."""
    operation = getattr(fcntl, "F_OFD_GETLK", None)
    if operation is None:
        return False
    asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, _NUMBERS, 0, 0)
    found = fcntl.fcntl(descriptor, operation, asked)
    return bool(struct.unpack(_FLOCK, found)[0] != fcntl.F_UNLCK)


def _before(number: int) -> int:
    return _NUMBERS + (number - 2) % _MOST + 1


def _leave(descriptor: int, number: int) -> None:
    if number:
        with suppress(OSError):
            _byte(descriptor, fcntl.F_UNLCK, _before(number))
            _byte(descriptor, fcntl.F_UNLCK, _NUMBERS + number)


def _byte(descriptor: int, kind: int, at: int, *, wait: bool = False) -> bool:
    """Lock or unlock a byte; False when somebody else has it. Raises OSError where there are no such locks."""
    operation = _OFD[wait]
    if operation is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    try:
        fcntl.fcntl(descriptor, operation, struct.pack(_FLOCK, kind, os.SEEK_SET, at, 1, 0))
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True


class _Waiter:
    """A thread that waits its turn (at once with the number 0). Whoever loses patience leaves the descriptor to it."""

    def __init__(self, descriptor: int, shared: bool, number: int) -> None:
        self._descriptor = descriptor
        self._kind = _kind(shared)
        self._number = number
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
            if self._number:
                with suppress(OSError):
                    _byte(self._descriptor, fcntl.F_RDLCK, _before(self._number), wait=True)
            fcntl.flock(self._descriptor, self._kind)
            _leave(self._descriptor, self._number)
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
        os.pwrite(descriptor, b"%-19b\n" % (b"%d %d" % (os.getpid(), time.time())), 0)


def signed(line: bytes) -> tuple[int, int]:
    """(the process that locked a file last, since when in seconds of Unix time), from the file's beginning; 0 where
    that is not known."""
    words = line[:_COUNTER].split()
    number, since, *_ = (int(word) if word.isdigit() else 0 for word in (*words, b"", b""))
    return number, since


def _holder(path: str) -> str:
    number = 0
    with suppress(CscError):
        number, _ = signed(files.read(path, _COUNTER) or b"")
    return f" (held by process {number})" if number else ""
