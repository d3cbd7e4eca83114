"""The form of a store file: plain JSON, a header and then tables with one document a line, so that grep and diff work.

    {"csctool":{"format":2,"generation":12,"checksum":"6a09e667bb67ae85"},
    "tickets":{
    "1":{"key":"DHS-1", …},
    "2":{"key":"DHS-2", …}
    },
    "counters":{
    "1":{"number":2}
    }
    }

Every byte counts: the header must have exactly this form, and the checksum covers all of the file but its own digits.
It is CRC-32 and Adler-32 side by side. It finds damage, not malice (who can write the file can recompute any digest
without a key): two unrelated sums leave 1 in 2^60 to chance, cost half of BLAKE2b and spare the 4 ms that importing
OpenSSL's digests takes. The header and the checksum stay as they are in every later format.
"""

import os
from collections.abc import Container, Mapping
from zlib import adler32, crc32

import msgspec

from csctool.errors import DamagedError, StorageError
from csctool.storage import codec, files
from csctool.storage.folded import BEGIN, Folded

#: No header is longer: enough to read for who wants the generation only.
HEADER_SIZE = 128
_AFTER = b'"},\n'


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The header: `generation` counts the writings of the file, `checksum` is in lower-case hexadecimal digits."""

    format: int
    generation: int
    checksum: str

    @property
    def before(self) -> bytes:
        """The bytes of the file up to the checksum's digits."""
        return b'{"csctool":{"format":%d,"generation":%d,"checksum":"' % (self.format, self.generation)


def pack(tables: Mapping[str, Mapping[str, msgspec.Raw]], generation: int) -> bytearray:
    """The bytes of a store file, which has one table at least."""
    header = Header(codec.FORMAT, generation, "0" * 16)
    parts: list[bytes | memoryview | msgspec.Raw] = [header.before, header.checksum.encode(), _AFTER]
    for name, documents in tables.items():
        parts += (msgspec.json.encode(name), b":{\n")
        if isinstance(documents, Folded):
            parts += (*documents.lines(), b"},\n")
            continue
        for doc_id, document in documents.items():
            parts += (b'"', doc_id.encode(), b'":', document, b",\n")
        if documents:
            parts[-1] = b"\n"
        parts.append(b"},\n")
    parts[-1] = b"}\n}\n"
    # The checksum is put into its place: a second copy of a big file would cost as much as the checksum does.
    blob = bytearray().join(parts)
    start, end = len(header.before), len(header.before) + len(header.checksum)
    blob[start:end] = _checksum(header.before, memoryview(blob)[end:]).encode()
    return blob


def check(blob: bytes | bytearray, path: str) -> Header:
    """The header of a store file that is whole; `path` is for the messages.

    Raises DamagedError when any byte is not as it was written, StorageError for a format newer than this csctool.
    """
    header = read_header(blob, path)
    after = memoryview(blob)[len(header.before) + len(header.checksum) :]
    if _checksum(header.before, after) != header.checksum:
        raise damaged(path, "its checksum is wrong")
    if header.format > codec.FORMAT:
        raise StorageError(
            f"{path} was written by a newer csctool (format {header.format}; this one knows up to {codec.FORMAT})",
            "upgrade csctool; nothing was changed",
        )
    return header


def unpack(blob: bytes | bytearray, path: str, folded: Container[str] = ()) -> tuple[Header, codec.Tables]:
    """Header and tables of a store file, the documents in the header's format; tables called as in `folded` stay as
    they are until somebody looks into them. Raises what `check` raises, and DamagedError for no JSON."""
    header = check(blob, path)
    try:
        tables = msgspec.json.decode(blob, type=dict[str, msgspec.Raw])
        del tables["csctool"]
        return header, {name: _table(lines, blob if name in folded else None) for name, lines in tables.items()}
    except codec.UNREADABLE as error:
        raise damaged(path, str(error)) from error


def _table(lines: msgspec.Raw, folded_in: bytes | bytearray | None) -> Mapping[str, msgspec.Raw]:
    if folded_in and bytes(memoryview(lines)[: len(BEGIN)]) == BEGIN:
        return Folded(lines, folded_in)
    return msgspec.json.decode(lines, type=dict[str, msgspec.Raw])


def read_header(start: bytes | bytearray, path: str) -> Header:
    """The header, from a file or its first HEADER_SIZE bytes. Raises DamagedError unless it has exactly its form."""
    if not start:
        raise damaged(path, "it is empty")
    line = bytes(start[:HEADER_SIZE]).partition(b"\n")[0]
    try:
        header = msgspec.json.decode(line[:-1] + b"}", type=dict[str, Header])["csctool"]
    except (*codec.UNREADABLE, KeyError) as error:
        raise damaged(path, "it does not begin with csctool's header") from error
    # JSON can be written in many ways; only the one way that `pack` writes it is whole.
    if header.before + header.checksum.encode() + _AFTER != line + b"\n":
        raise damaged(path, "its header was changed")
    return header


def damaged(path: str, why: str) -> DamagedError:
    """The error for a store file that is not as csctool wrote it."""
    previous = files.previous(path)
    hint = "nothing was changed; csctool doctor shows what can be saved"
    if os.path.exists(previous):
        hint += f", and the generation before is kept beside it as {os.path.basename(previous)}"
    return DamagedError(f"{path} is damaged: {why}", hint)


def _checksum(before: bytes, after: memoryview) -> str:
    return f"{crc32(after, crc32(before)):08x}{adler32(after, adler32(before)):08x}"
