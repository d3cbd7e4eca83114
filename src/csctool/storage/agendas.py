"""The agenda of an agency, in the first lines of its file: a sweep that finds nothing due in it reads no further.

    {"csctool":{"format":2,"generation":12,"checksum":"6a09e667bb67ae85"},
    "agenda":{
    "1":{"at":"2026-11-02T15:00:00Z","generation":12,"check":"5be0cd19"}
    },

It is written with the tickets, in the same file. Who reads the beginning of a file can't know the checksum over all of
it; so the agenda has a check of its own, and names the generation that it was made for: one that was carried along by
a csctool which knew nothing of it, or in which a bit was flipped, is no agenda.
"""

from zlib import crc32

import msgspec

from csctool.domain.agenda import Agenda, together
from csctool.errors import DamagedError
from csctool.storage import codec, container, files
from csctool.storage.database import Database

TABLE = "agenda"
#: Header and agenda are shorter than this.
_SIZE = 512
_BEFORE, _AFTER = b'"%s":{' % TABLE.encode(), b"},"


class Noted(Agenda, frozen=True, omit_defaults=True, kw_only=True):
    """As it is written."""

    generation: int
    check: str = ""


def note(database: Database) -> None:
    """Put the agenda that the database will have when it is written before its other tables.

    A document that can't be read leaves it without one: the sweep then looks at every ticket, and tells.
    """
    try:
        notices = map(codec.timed, database.outbox.undecoded().values())
        due = [notice.due for notice in notices if notice.state == "waiting"]
        found = together((glance.agenda for _, _, glance in database.glances()), *due)
    except DamagedError:
        return
    noted = Noted(found.at, found.quiet, found.finished, generation=database.generation + 1)
    database.put_first(TABLE, codec.encode(_checked(noted)))


def read(path: str) -> Agenda | None:
    """The agenda of the file that lies there now; None where it has none to be believed. Raises DamagedError."""
    start = files.read(path, _SIZE)
    if start is None:
        return None
    header = container.read_header(start, path)
    lines = start.split(b"\n", 4)
    if header.format != codec.FORMAT or len(lines) < 5 or (lines[1], lines[3]) != (_BEFORE, _AFTER):
        return None
    try:
        noted = msgspec.json.decode(lines[2].removeprefix(b'"1":'), type=Noted)
    except codec.UNREADABLE:
        return None
    if noted.generation != header.generation or noted != _checked(noted):
        return None
    return Agenda(noted.at, noted.quiet, noted.finished)


def _checked(noted: Noted) -> Noted:
    plain = msgspec.structs.replace(noted, check="")
    return msgspec.structs.replace(noted, check=f"{crc32(codec.encode(plain)):08x}")
