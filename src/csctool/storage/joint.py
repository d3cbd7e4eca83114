"""Units of work over several agencies: one rename decides for all of them, and whoever comes next finishes the rest.

The agency first in key order is the *home* of the unit. The new files of the others are written beside the old ones, as
`open.json.next`, and name their home. The home's file names the generation and checksum of each of them; putting it in
place saves the whole unit. Then the others are put in place. When the writer dies in between, a waiting file whose home
names it counts as in place, and one whose home does not never does. A home's record of an agency stands until the next
unit over the two, so that it is still there when somebody looks.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from csctool.errors import DamagedError
from csctool.storage import codec, container
from csctool.storage.database import Database

Record = tuple[int, str]


class Joint(msgspec.Struct):
    """The record in an agency's file: its `home` in the last unit it followed, and what it wrote at home of others."""

    home: str | None = None
    members: dict[str, Record] = {}


def follow(database: Database, home: str) -> None:
    """Stage that the file counts when the home's does."""
    record = _record(database)
    record.home = home
    database.joint.put({1: codec.encode(record)})


def lead(database: Database, members: Mapping[str, bytes | bytearray]) -> None:
    """Stage that the members' files, given as their bytes, count when this one does."""
    record = _record(database)
    record.members |= {agency: _identity(blob) for agency, blob in members.items()}
    database.joint.put({1: codec.encode(record)})


def home(waiting: Database) -> str:
    """The agency whose file decides about a waiting one."""
    return _record(waiting).home or ""


def saved(home: Database, agency: str, waiting: bytes) -> bool:
    """Whether the home's file says that the agency's waiting file was saved."""
    return _record(home).members.get(agency) == _identity(waiting)


def _identity(blob: bytes | bytearray) -> Record:
    header = container.read_header(blob, "")
    return header.generation, header.checksum


def record(document: msgspec.Raw) -> Joint:
    """The record of a document. Raises DamagedError for one that is none."""
    try:
        return msgspec.json.decode(document, type=Joint)
    except codec.UNREADABLE as error:
        raise DamagedError(f"not a record of units of work: {error}") from error


def _record(database: Database) -> Joint:
    document: Any = database.joint.undecoded().get("1")
    return Joint() if document is None else record(document)
