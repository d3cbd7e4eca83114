"""The form of a store file: plain JSON, a header and then tables with one document a line, so that grep and diff work.

    {"csctool":{"format":1,"generation":12,"checksum":"6a09e667bb67ae85"},
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
import re
from collections.abc import Mapping
from zlib import adler32, crc32

import msgspec

from csctool.errors import DamagedError, StorageError
from csctool.storage import codec

_HEADER = re.compile(
    rb'\{"csctool":\{"format":([1-9][0-9]{0,5}),"generation":([1-9][0-9]{0,17}),"checksum":"([0-9a-f]{16})"\},\n'
)
#: No header is longer: enough to read for who wants the generation only.
HEADER_SIZE = 128


def pack(tables: Mapping[str, Mapping[str, msgspec.Raw]], generation: int) -> bytes:
    """The bytes of a store file."""
    parts: list[bytes | msgspec.Raw] = []
    for name, documents in tables.items():
        parts += (b",\n" if parts else b"", msgspec.json.encode(name), b":{\n")
        for doc_id, document in documents.items():
            parts += (b'"', doc_id.encode(), b'":', document, b",\n")
        if documents:
            parts[-1] = b"\n"
        parts.append(b"}")
    parts.append(b"\n}\n")
    before = b'{"csctool":{"format":%d,"generation":%d,"checksum":"' % (codec.FORMAT, generation)
    after = b'"},\n' + b"".join(parts)
    return b"".join((before, _checksum(before, after), after))


def unpack(blob: bytes, path: str) -> tuple[int, codec.Tables]:
    """Generation and tables of a store file; `path` is for the messages.

    Raises DamagedError when any byte is not as it was written, StorageError for a format newer than this csctool.
    """
    header = _header(blob, path)
    start, end = header.span(3)
    if _checksum(blob[:start], memoryview(blob)[end:]) != header[3]:
        raise damaged(path, "its checksum is wrong")
    found = int(header[1])
    if found > codec.FORMAT:
        raise StorageError(
            f"{path} was written by a newer csctool (format {found}; this one knows up to {codec.FORMAT})",
            "upgrade csctool; nothing was changed",
        )
    try:
        tables = msgspec.json.decode(blob, type=codec.Tables)
    except msgspec.MsgspecError as error:
        raise damaged(path, str(error)) from error
    del tables["csctool"]
    return int(header[2]), codec.upgrade(found, tables)


def generation_of(start: bytes, path: str) -> int:
    """The generation, from the first HEADER_SIZE bytes of a file. Raises DamagedError."""
    return int(_header(start, path)[2])


def damaged(path: str, why: str) -> DamagedError:
    """The error for a store file that is not as csctool wrote it."""
    previous = path.removesuffix(".json") + ".prev.json"
    hint = "nothing was changed; csctool doctor shows what can be saved"
    if os.path.exists(previous):
        hint += f", and the generation before is kept beside it as {os.path.basename(previous)}"
    return DamagedError(f"{path} is damaged: {why}", hint)


def _header(blob: bytes, path: str) -> re.Match[bytes]:
    if not blob:
        raise damaged(path, "it is empty")
    header = _HEADER.match(blob)
    if not header:
        raise damaged(path, "it does not begin with csctool's header")
    return header


def _checksum(before: bytes, after: bytes | memoryview) -> bytes:
    return b"%08x%08x" % (crc32(after, crc32(before)), adler32(after, adler32(before)))
