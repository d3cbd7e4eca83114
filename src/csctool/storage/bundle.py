"""The file of a backup: a gzipped tar that any tar can unpack, strict enough that no byte of it can change unnoticed.

    manifest.json              what is in it: names, sizes, digests, modes, agencies, when and by which csctool
    csctool.toml …             the desk's own files
    agencies/DHS/open.json …   the agencies', in the order of the manifest

After the compressed tar stands an empty gzip member of a fixed form, whose extra field (RFC 1952, 2.3.1.1) is a digest
over every byte before it. A header of the tar is believed only when it is, byte for byte, the one that csctool writes
for what the manifest says. So no name, link, device or size that somebody smuggled in is ever acted upon.
"""

import os
import sys
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from hashlib import blake2b
from typing import BinaryIO

import msgspec

from csctool import __version__
from csctool.domain.words import AGENCY_KEY
from csctool.errors import CscError, DamagedError, NotFoundError, RefusedError, StorageError, UsageError
from csctool.storage import codec, files, members

#: The version of the form. Raising it makes older csctools refuse newer backups.
FORMAT = 1
#: No file of a desk is longer: csctool reads and writes each as a whole.
LARGEST = 4 * 1024**3
#: No desk has more files, and no manifest more bytes.
MOST_FILES, LONGEST_MANIFEST = 1_000_000, 256 * 1024**2
#: The level at which compressing costs a fifth of the highest, for files that are a tenth longer.
LEVEL = 4
_SIZE = 32
_BLOCK = tarfile.BLOCKSIZE
_CHUNK = 1024 * 1024
#: The empty gzip member at the end, around the digest: no time, made on Unix, one extra field `CS`, no content.
_SEAL = b"\x1f\x8b\x08\x04\0\0\0\0\0\x03" + b"\x24\0" + b"CS\x20\0", b"\x03\0" + bytes(8)
_SEALED = len(_SEAL[0]) + _SIZE + len(_SEAL[1])
_MANIFEST = "manifest.json"


class Place(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A directory of the desk: who owned it, its Unix group, what they may do there (as octal digits)."""

    mode: str
    owner: str | None = None
    group: str | None = None


class Member(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file: its name relative to the desk, its length, the BLAKE2b digest of its content, its mode."""

    name: str
    size: int
    digest: str
    mode: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup holds. `skipped` names agencies that could not be read, `left_out` files that are none of
    csctool's; `digest` covers names and contents: two backups of the same state have the same one."""

    format: int
    csctool: str
    made_at: datetime
    desk: Place
    agencies: dict[str, Place]
    skipped: list[str]
    left_out: list[str]
    files: list[Member]
    digest: str = ""


class _Form(msgspec.Struct, frozen=True):
    """What stays in the manifest of every later format."""

    format: int


def manifest(made_at: datetime, desk: Place, agencies: dict[str, Place], skipped: list[str], left_out: list[str],
             found: list[Member]) -> Manifest:  # fmt: skip
    """What a backup of these files says of itself."""
    return Manifest(FORMAT, __version__, made_at, desk, agencies, skipped, left_out, found, _over_all(found))


def digest_of(content: bytes) -> str:
    """The digest of a file's content."""
    return blake2b(content, digest_size=_SIZE).hexdigest()


def fits(name: str) -> bool:
    """Whether a name can stand in a tar without extensions."""
    try:
        _header(name, 0, 0o600, 0)
    except ValueError:
        return False
    return True


def _over_all(found: list[Member]) -> str:
    return digest_of("".join(f"{m.digest} {m.size} {m.name}\n" for m in found).encode())


def _header(name: str, size: int, mode: int, at: int) -> bytes:
    """The one header that this file has. Raises ValueError for a name that is too long."""
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, mode, at
    return info.tobuf(tarfile.USTAR_FORMAT, "utf-8", "strict")


# -- writing -------------------------------------------------------------------------------------------------------


def write(out: BinaryIO, said: Manifest, content: Callable[[Member], Iterator[bytes]]) -> int:
    """Write a backup; answers its length. `content` gives the bytes of a member, as many as the manifest says.

    Raises OSError of the file that is written, StorageError for content that is not what the manifest says.
    """
    sealing = _Sealing(out)
    at = int(said.made_at.timestamp())
    body = msgspec.json.format(msgspec.json.encode(said), indent=1) + b"\n"
    sealing.add(_header(_MANIFEST, len(body), 0o600, at))
    sealing.fill(iter((body,)))
    for member in said.files:
        sealing.add(_header(member.name, member.size, int(member.mode, 8), at))
        if sealing.fill(content(member)) != (member.size, member.digest):
            raise StorageError(f"{member.name} changed while it was read", "try again")
    return sealing.close()


class _Sealing:
    """Compresses what is added, and keeps a digest of what was written."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._packer = zlib.compressobj(LEVEL, zlib.DEFLATED, 31)
        self._digest = blake2b(digest_size=_SIZE)
        self._written = 0

    def add(self, data: bytes) -> None:
        self._put(self._packer.compress(data))

    def fill(self, parts: Iterator[bytes]) -> tuple[int, str]:
        """Add a file's content and fill up its last block: (length, digest)."""
        size, digest = 0, blake2b(digest_size=_SIZE)
        for part in parts:
            size += len(part)
            digest.update(part)
            self.add(part)
        self.add(bytes(-size % _BLOCK))
        return size, digest.hexdigest()

    def close(self) -> int:
        self.add(bytes(2 * _BLOCK))
        self._put(self._packer.flush())
        self._put(self._digest.digest().join(_SEAL))
        self._out.flush()
        return self._written

    def _put(self, data: bytes) -> None:
        self._digest.update(data)
        self._written += len(data)
        self._out.write(data)


# -- reading -------------------------------------------------------------------------------------------------------


class Bundle:
    """A backup that is read. Made with `opened`, which has checked that no byte changed since it was written."""

    def __init__(self, file: BinaryIO, name: str, end: int) -> None:
        self.name = name
        self._file = file
        self._end = end
        self.size = end + _SEALED
        self.manifest = self._start()[0]

    def _start(self) -> "tuple[Manifest, _Inflated]":
        self._file.seek(0)
        tar = _Inflated(self._file, self._end, self.name)
        header = tar.read(_BLOCK)
        info = self._parsed(header)
        if info.name != _MANIFEST or not info.isreg() or info.size > LONGEST_MANIFEST:
            raise self._foreign(f"it begins with {info.name!r} and not with a manifest")
        said = self._read_manifest(tar.read(info.size))
        if header != _header(_MANIFEST, info.size, 0o600, int(said.made_at.timestamp())):
            raise self._foreign("the header of its manifest is not the one that csctool writes")
        tar.pad(info.size)
        return said, tar

    def members(self) -> Iterator[tuple[Member, Iterator[bytes]]]:
        """Every file with its content, in order, each to be read to its end. The content is checked while it is read.

        Raises RefusedError for anything in the tar that the manifest does not name, DamagedError.
        """
        _, tar = self._start()
        at = int(self.manifest.made_at.timestamp())
        for member in self.manifest.files:
            header = tar.read(_BLOCK)
            if header != _header(member.name, member.size, int(member.mode, 8), at):
                raise self._foreign(f"it holds {self._told(header)} where its manifest has {member.name!r}")
            yield member, self._content(tar, member)
            tar.pad(member.size)
        if tar.read(2 * _BLOCK) != bytes(2 * _BLOCK) or not tar.ended():
            raise self._foreign("it holds more than its manifest names")

    def check(self, progress: Callable[[int], None] = lambda _: None) -> None:
        """Read everything once. Raises RefusedError, DamagedError."""
        for _, content in self.members():
            for part in content:
                progress(len(part))

    def _content(self, tar: "_Inflated", member: Member) -> Iterator[bytes]:
        digest = blake2b(digest_size=_SIZE)
        left = member.size
        while left:
            part = tar.read(min(left, _CHUNK))
            left -= len(part)
            digest.update(part)
            yield part
        if digest.hexdigest() != member.digest:
            raise DamagedError(f"{self.name}: {member.name} is not what its manifest says", "take another backup")

    def _read_manifest(self, body: bytes) -> Manifest:
        try:
            form = msgspec.json.decode(body, type=_Form).format
            if form > FORMAT:
                raise StorageError(
                    f"{self.name} was written by a newer csctool (backup format {form}; this one knows up to {FORMAT})",
                    "upgrade csctool",
                )
            said = msgspec.json.decode(body, type=Manifest)
        except codec.UNREADABLE as error:
            raise self._foreign(f"its manifest can't be read: {error}") from None
        wrong = _objection(said)
        if wrong:
            raise self._foreign(wrong)
        return said

    def _foreign(self, why: str) -> RefusedError:
        return RefusedError(f"{self.name} is no backup that csctool made: {why}", "nothing was written")

    def _parsed(self, header: bytes) -> tarfile.TarInfo:
        try:
            return tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
        except tarfile.TarError as error:
            raise self._foreign(f"it is no tar ({error})") from None

    def _told(self, header: bytes) -> str:
        if header == bytes(_BLOCK):
            return "nothing"
        info = self._parsed(header)
        kind = {tarfile.SYMTYPE: "a symbolic link", tarfile.LNKTYPE: "a link", tarfile.DIRTYPE: "a directory",
                tarfile.CHRTYPE: "a device", tarfile.BLKTYPE: "a device", tarfile.FIFOTYPE: "a pipe"}  # fmt: skip
        return f"{kind.get(info.type, 'a file')} {info.name!r} of {info.size} bytes"


def _objection(said: Manifest) -> str | None:
    """What is wrong with a manifest; None for nothing."""
    seen: set[str] = set()
    if len(said.files) > MOST_FILES:
        return f"it names {len(said.files)} files"
    for key in (*said.agencies, *said.skipped):
        if not AGENCY_KEY.fullmatch(key):
            return f"it names an agency {key!r}"
    for member in said.files:
        if members.kind_of(member.name) != "member" or not fits(member.name):
            return f"it names {member.name!r}, which is no file of a desk"
        if member.name in seen:
            return f"it names {member.name!r} twice"
        seen.add(member.name)
        agency = members.agency_of(member.name)
        if agency and agency not in said.agencies:
            return f"it names {member.name!r}, and no agency {agency}"
        if not 0 <= member.size <= LARGEST:
            return f"it says that {member.name!r} has {member.size} bytes"
    for mode in (said.desk.mode, *(p.mode for p in said.agencies.values()), *(m.mode for m in said.files)):
        if not mode.isdecimal() or not mode.isascii() or set(mode) & {"8", "9"} or len(mode) > 4:
            return f"it names a mode {mode!r}"
    if said.made_at.tzinfo is None or not 0 <= said.made_at.timestamp() < 8**11:
        return f"it says that it was made at {said.made_at}"
    if "csctool.toml" not in seen:
        return "it holds no settings of a desk"
    return None if said.digest == _over_all(said.files) else "its digest is not that of the files it names"


class opened:  # noqa: N801 - a context manager that reads like the function it stands for
    """The backup in a file (`-`: on stdin, kept in a nameless file meanwhile), whole as it was written.

    Raises NotFoundError, NotPermittedError, DamagedError for one that changed, RefusedError for one of a hostile or
    foreign make, StorageError for one of a newer csctool.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._name = "stdin" if path == "-" else path
        self._file: BinaryIO | None = None

    def __enter__(self) -> Bundle:
        self._file = _spooled() if self._path == "-" else _file_of(self._path)
        try:
            return Bundle(self._file, self._name, _sealed_end(self._file, self._name))
        except BaseException:
            self._file.close()
            raise

    def __exit__(self, *_: object) -> None:
        if self._file:
            self._file.close()


def _file_of(path: str) -> BinaryIO:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        file = os.fdopen(descriptor, "rb")
    except FileNotFoundError:
        raise NotFoundError(f"no such file: {path}") from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a directory", "name the file of a backup") from None
    except OSError as error:
        raise files.failure(path, error, "read") from error
    if not file.seekable():
        file.close()
        raise DamagedError(f"{path} is no plain file", "name the file of a backup, or - for stdin")
    return file


def _spooled() -> BinaryIO:
    file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    try:
        while part := sys.stdin.buffer.read(_CHUNK):
            file.write(part)
        file.flush()
    except OSError as error:
        file.close()
        raise files.failure(tempfile.gettempdir(), error, "write into") from error
    return file


def _sealed_end(file: BinaryIO, name: str) -> int:
    """Where the compressed tar ends. Raises DamagedError unless every byte is as it was written."""
    try:
        end = file.seek(0, os.SEEK_END) - _SEALED
        digest = blake2b(digest_size=_SIZE)
        file.seek(0)
        left = max(0, end)
        while left and (part := file.read(min(left, _CHUNK))):
            digest.update(part)
            left -= len(part)
        seal = file.read(_SEALED)
    except OSError as error:
        raise files.failure(name, error, "read") from error
    if end < 0 or seal[: len(_SEAL[0])] != _SEAL[0] or seal[-len(_SEAL[1]) :] != _SEAL[1]:
        raise DamagedError(f"{name} is no backup of csctool, or its end is missing", "take another one")
    if seal != digest.digest().join(_SEAL):
        raise DamagedError(f"{name} is damaged: its bytes are not those that were written", "take another backup")
    return end


class _Inflated:
    """The bytes of a tar out of a gzipped file, as few at a time as are asked for, whatever they were packed into."""

    def __init__(self, file: BinaryIO, end: int, name: str) -> None:
        self._file = file
        self._left = end
        self._name = name
        self._unpacker = zlib.decompressobj(31)
        self._ready = b""

    def read(self, size: int) -> bytes:
        """Exactly so many bytes. Raises DamagedError when there are fewer."""
        parts = [self._ready[:size]]
        self._ready = self._ready[size:]
        missing = size - len(parts[0])
        while missing:
            part = self._more(missing)
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def pad(self, size: int) -> None:
        """The rest of the last block of a file of that size. Raises DamagedError unless it is empty."""
        if self.read(-size % _BLOCK).strip(b"\0"):
            raise DamagedError(f"{self._name} holds something between its files", "take another backup")

    def ended(self) -> bool:
        """Whether nothing follows: neither in the tar nor behind it."""
        while not self._unpacker.eof:
            part, fed = self._step(1)
            if part or not (fed or self._unpacker.eof):
                return False
        return not self._unpacker.unused_data and not self._left

    def _more(self, most: int) -> bytes:
        """Some bytes, at most so many; perhaps none yet. Raises DamagedError when there are no more."""
        part, fed = (b"", b"") if self._unpacker.eof else self._step(most)
        if not part and not fed:
            raise self._torn("it ends too early")
        return part

    def _step(self, most: int) -> tuple[bytes, bytes]:
        """(what was unpacked, what it was unpacked from)."""
        fed = self._unpacker.unconsumed_tail
        if not fed:
            fed = self._file.read(min(self._left, _CHUNK))
            self._left -= len(fed)
        try:
            return self._unpacker.decompress(fed, most), fed
        except zlib.error as error:
            raise self._torn(str(error)) from None

    def _torn(self, why: str) -> CscError:
        return DamagedError(f"{self._name} is damaged: {why}", "take another backup")
