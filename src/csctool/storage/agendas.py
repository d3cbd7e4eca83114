"""The agenda of an agency, in the first lines of its file: a sweep that finds nothing due in it reads no further.

    {"csctool":{"format":2,"generation":12,"checksum":"6a09e667bb67ae85"},
    "agenda":{
    "1":{"at":"2026-11-02T15:00:00Z","generation":12,"check":"5be0cd19"}
    },

It is written with the tickets, in the same file. Who reads the beginning of a file can't know the checksum over all of
it; so the agenda has a check of its own, and names the generation that it was made for: one that was carried along by
a csctool which knew nothing of it, or in which a bit was flipped, is no agenda.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from zlib import crc32

import msgspec

from csctool.domain.agenda import Agenda, earliest, together
from csctool.errors import DamagedError
from csctool.storage import codec, container, files
from csctool.storage.database import Database
from csctool.storage.folded import Folded

TABLE = "agenda"
#: Header and agenda are shorter than this.
_SIZE = 512
_BEFORE, _AFTER = b'"%s":{' % TABLE.encode(), b"},"


class Noted(Agenda, frozen=True, omit_defaults=True, kw_only=True):
    """As it is written. `letters` is when the first message that waits is due, none where none does; without it that
    is not known."""

    generation: int
    letters: datetime | msgspec.UnsetType | None = msgspec.UNSET
    check: str = ""


def note(database: Database) -> None:
    """Put the agenda that the database will have when it is written before its other tables.

    A document that can't be read leaves it without one: the sweep then looks at every ticket, and tells.
    """
    own = _own(database)
    try:
        letters = _letters(database, own)
        found = together(_agendas(database, own), letters)
    except DamagedError:
        return
    noted = Noted(found.at, found.quiet, found.finished, generation=database.generation + 1, letters=letters)
    database.put_first(TABLE, codec.encode(_checked(noted)))


def _agendas(database: Database, own: Noted | None) -> Iterable[Agenda]:
    """What its tickets wait for. Where tickets and messages were only added, the file's `own` agenda tells of the
    rest."""
    tickets, outbox = database.tickets.undecoded(), database.outbox.undecoded()
    if own and isinstance(tickets, Folded) and (isinstance(outbox, Folded) or own.letters is None):
        return [own, *(codec.glance(document).agenda for document in tickets.fresh.values())]
    return (glance.agenda for _, _, glance in database.glances())


def _letters(database: Database, own: Noted | None) -> datetime | None:
    """When the first message that waits is due. Where some were only added, the file's `own` agenda tells of the
    rest."""
    outbox = database.outbox.undecoded()
    if own and isinstance(outbox, Folded) and not isinstance(own.letters, msgspec.UnsetType):
        return earliest([own.letters, *_due(outbox.fresh.values())])
    return earliest(_due(outbox.values()))


def _due(documents: Iterable[msgspec.Raw]) -> Iterator[datetime]:
    return (one.due for one in map(codec.timed, documents) if one.state == "waiting")


def _own(database: Database) -> Noted | None:
    """The agenda of the file that the database was read from, where it has one to be believed."""
    document = database.documents().get(TABLE, {}).get("1")
    if document is None or database.format != codec.FORMAT:
        return None
    return _believed(document, database.generation)


def read(path: str) -> Agenda | None:
    """The agenda of the file that lies there now; None where it has none to be believed. Raises DamagedError."""
    start = files.read(path, _SIZE)
    if start is None:
        return None
    header = container.read_header(start, path)
    lines = start.split(b"\n", 4)
    if header.format != codec.FORMAT or len(lines) < 5 or (lines[1], lines[3]) != (_BEFORE, _AFTER):
        return None
    noted = _believed(lines[2].removeprefix(b'"1":'), header.generation)
    return Agenda(noted.at, noted.quiet, noted.finished) if noted else None


def _believed(document: bytes | msgspec.Raw, generation: int) -> Noted | None:
    """The agenda of a file of that generation; None where it is none to be believed."""
    try:
        noted = msgspec.json.decode(document, type=Noted)
    except codec.UNREADABLE:
        return None
    return noted if noted.generation == generation and noted == _checked(noted) else None


def _checked(noted: Noted) -> Noted:
    plain = msgspec.structs.replace(noted, check="")
    return msgspec.structs.replace(noted, check=f"{crc32(codec.encode(plain)):08x}")
