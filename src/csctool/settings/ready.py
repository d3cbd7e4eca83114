"""Long settings files ready for use, kept beside the file they were read from: reading 200 rules of TOML takes 15 ms.

Only a command that saves a ticket writes it, so that one which only looks, or is refused, leaves no file behind.

The cache is derived and may be deleted at any time. It holds a digest of the text that it was made from and one of
itself, so one that is stale or torn is never believed; one that can't be written is done without. It is believed only
where it is a plain file that nobody but its owner may write, in the hands of somebody who could have written the text.
"""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import msgspec

from csctool import __version__
from csctool.sharing import made

try:  # the same function as in hashlib, without loading OpenSSL at every start
    from _blake2 import blake2b
except ImportError:
    from hashlib import blake2b

#: Below this many bytes, some fifteen rules, the TOML is read faster than it is worth a file.
WORTH = 2048

#: Raise the number when what the text means, or what is refused, changes within a version.
_MARK = f"csctool settings 2 {__version__}\n".encode()
_SIZE = 32
#: A cache that others than its owner may write is not believed.
_MODE = 0o644

T = TypeVar("T", bound=msgspec.Struct)
#: What to do when a command has saved something.
Later = list[Callable[[], None]]


def cache_path(path: str) -> str:
    """Where the cache of a settings file stands."""
    directory, name = os.path.split(path)
    return os.path.join(directory, f".{name.removesuffix('.toml')}.cache")


def recalled(path: str, text: bytes, kind: type[T]) -> T | None:
    """What this very text means, when the cache has it."""
    if len(text) < WORTH:
        return None
    data = _read(cache_path(path), path)
    start = _MARK + _digest(text)
    body = data[len(start) + _SIZE :]
    if not data.startswith(start) or data[len(start) : len(start) + _SIZE] != _digest(body):
        return None
    try:
        return msgspec.msgpack.decode(body, type=kind)
    except msgspec.MsgspecError:
        return None


def remember(path: str, text: bytes, value: msgspec.Struct) -> None:
    """Keep what the text means for the next command."""
    if len(text) < WORTH:
        return
    try:
        body = msgspec.msgpack.encode(value)
        if msgspec.msgpack.decode(body, type=type(value)) != value:
            return
    except (OverflowError, TypeError, msgspec.MsgspecError):
        return  # what can't be kept as it is, a number that is too big for one, is read anew each time
    with suppress(OSError):
        _write(cache_path(path), _MARK + _digest(text) + _digest(body) + body)


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=_SIZE).digest()


def _read(cache: str, path: str) -> bytes:
    try:
        descriptor = os.open(cache, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return b""
    with open(descriptor, "rb") as file:
        return file.read() if _trusted(os.fstat(descriptor), path) else b""


def _trusted(found: os.stat_result, path: str) -> bool:
    if not stat.S_ISREG(found.st_mode) or found.st_mode & 0o022:
        return False
    try:
        directory, source = os.stat(os.path.dirname(path) or "."), os.stat(path)
    except OSError:
        return False
    # Whoever may write the directory could have put another text there as well.
    shared = bool(directory.st_mode & 0o020) and not directory.st_mode & (stat.S_ISVTX | 0o002)
    return shared or found.st_uid in (os.geteuid(), 0, directory.st_uid, source.st_uid)


def _write(cache: str, data: bytes) -> None:
    part = f"{cache}.part"
    try:
        descriptor = made(part, os.O_WRONLY | os.O_NOFOLLOW, _MODE)
        with open(descriptor, "wb") as file:
            file.write(data)
        os.rename(part, cache)
    except OSError:
        # Also where somebody was killed here and left a part: it goes now, and the next command has its turn.
        with suppress(OSError):
            os.unlink(part)
        raise
