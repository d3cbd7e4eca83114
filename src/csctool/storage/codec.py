"""Ticket <-> document: the one place that knows the format of stored documents, its version and its migrations.

A document is the public JSON of the ticket without what stands at its default (see `written`), so what lies on disk
reads as what `show --format json` prints. Documents that a command does not touch pass through as undecoded bytes.

Every format so far decodes alike. So a file of an older one is read as it is, and its documents are migrated when it is
written next; the old file is kept beside it then.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from csctool.domain.agenda import Agenda
from csctool.domain.audit import Gap, chain
from csctool.domain.notice import Delivery, Notice
from csctool.domain.ticket import Ticket
from csctool.domain.words import FINISHED
from csctool.errors import DamagedError

if TYPE_CHECKING:  # a command that looks at whole tickets needs no parts of them
    from csctool.storage.partial import Brief, Briefs, Sketch

#: The version of the documents that this csctool writes. Raising it needs an entry in MIGRATIONS.
FORMAT = 2
#: The first format there was.
OLDEST = 1

#: What decoding raises for bytes that are no JSON, or not of the type; the second one for keys that are no UTF-8, the
#: third for a thousand brackets within each other.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

#: Undecoded documents by ticket number (as JSON has it, a string), by table.
Tables = dict[str, Mapping[str, msgspec.Raw]]


class Head(msgspec.Struct, frozen=True, gc=False):
    """The two fields that housekeeping asks about."""

    status: str
    version: int = 0


class Glance(msgspec.Struct, frozen=True, gc=False):
    """What housekeeping asks about a document: is it finished, in which month did it end, what does it wait for."""

    status: str
    opened_at: datetime | None = None
    updated_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    waits: Agenda = msgspec.field(default=Agenda(), name="agenda")

    @property
    def agenda(self) -> Agenda:
        """What the ticket waits for; a finished one only for the archive."""
        return FILED if self.status in FINISHED else self.waits


#: What a finished ticket waits for.
FILED = Agenda(finished=1)


# The decoders are made on first use: making the ticket's costs a millisecond that `--help` should not pay.


@cache
def _decoder(type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type)


@cache
def _part(name: str) -> msgspec.json.Decoder[Any]:
    from csctool.storage import partial

    return _decoder(getattr(partial, name))


def decode(document: msgspec.Raw) -> Ticket:
    """The ticket of a document. Raises DamagedError for one that is none."""
    return _decode(Ticket, document)  # type: ignore[no-any-return]


def outline(document: msgspec.Raw) -> Ticket:
    """The ticket without its history decoded. Raises DamagedError."""
    return _read(_part("Outline"), document)  # type: ignore[no-any-return]


def outlines(file: msgspec.Raw) -> Collection[Ticket]:
    """All tickets of a whole store file in outline, in one go. Raises DamagedError."""
    return _read(_part("Outlines"), file).tickets.values()  # type: ignore[no-any-return]


def sketch(document: msgspec.Raw) -> "Sketch":
    """The fields that queries ask about. Raises DamagedError."""
    return _read(_part("Sketch"), document)  # type: ignore[no-any-return]


def brief(document: msgspec.Raw) -> "Brief":
    """The ticket without texts and history. Raises DamagedError."""
    return _read(_part("Brief"), document)  # type: ignore[no-any-return]


def briefs(file: msgspec.Raw) -> "Briefs":
    """All tickets of a whole store file, in brief. Raises DamagedError."""
    return _read(_part("Briefs"), file)  # type: ignore[no-any-return]


def head(document: msgspec.Raw) -> Head:
    """Status and version. Raises DamagedError."""
    return _decode(Head, document)  # type: ignore[no-any-return]


def glance(document: msgspec.Raw) -> Glance:
    """What housekeeping asks about a document. Raises DamagedError."""
    return _decode(Glance, document)  # type: ignore[no-any-return]


def counters(document: msgspec.Raw | None) -> dict[str, int]:
    """The counters of an agency by name."""
    return {} if document is None else _decode(dict[str, int], document)


def definitions(document: msgspec.Raw | None) -> dict[str, Any]:
    """The definitions of an agency's calendars by digest."""
    return {} if document is None else _decode(dict[str, Any], document)


def months(document: msgspec.Raw | None) -> list[str]:
    """The months that have an archive."""
    return [] if document is None else _decode(list[str], document)


def notice(document: msgspec.Raw) -> Notice:
    """One notice of the outbox. Raises DamagedError."""
    return _decode(Notice, document)  # type: ignore[no-any-return]


def identified(document: msgspec.Raw) -> str:
    """The id of a notice or of a delivery, without the rest of it. Raises DamagedError."""
    line = bytes(document)
    if line.startswith(b'{"id":"') and line[23:24] == b'"':
        return line[7:23].decode()
    return _decode(_Identified, document).id  # type: ignore[no-any-return]


def about(ticket: str) -> bytes:
    """What stands in the document of every notice about a ticket."""
    return b'"ticket":"%s"' % ticket.encode()


def timed(document: msgspec.Raw) -> "Timed":
    """When a notice is due, and whether it waits. Raises DamagedError."""
    return _decode(Timed, document)  # type: ignore[no-any-return]


def delivery(document: msgspec.Raw) -> Delivery:
    """One record of a delivery. Raises DamagedError."""
    return _decode(Delivery, document)  # type: ignore[no-any-return]


def gaps(document: msgspec.Raw | None) -> list[Gap]:
    """The numbers that were lost."""
    return [] if document is None else _decode(list[Gap], document)


def _decode(type: Any, document: msgspec.Raw) -> Any:
    return _read(_decoder(type), document)


def _read(decoder: msgspec.json.Decoder[Any], document: msgspec.Raw) -> Any:
    try:
        return decoder.decode(document)
    except UNREADABLE as error:
        start = bytes(document)[:40].decode(errors="replace")
        raise DamagedError(f"a stored document can't be read ({error}): {start}…", "run csctool doctor") from error


@cache
def _encoder() -> msgspec.json.Encoder:
    return msgspec.json.Encoder()


def encode(value: Any) -> msgspec.Raw:
    """The document of a plain value that goes into a table; one line of JSON."""
    return msgspec.Raw(_encoder().encode(value))


def document(ticket: Ticket, seals: tuple[str, ...] = ()) -> msgspec.Raw:
    """The document of a ticket with the seals of its events; one line of JSON, the same for equal tickets."""
    from csctool.storage.written import written

    return msgspec.Raw(written(ticket, seals))


def sealed(ticket: Ticket, before: msgspec.Raw | None = None) -> msgspec.Raw:
    """The document of a ticket with a seal for each event; those of the document `before` stay as they are."""

    return document(ticket, chain(ticket, seals(before) if before is not None else ()))


def seals(document: msgspec.Raw) -> tuple[str, ...]:
    """The seals of a document's events. Raises DamagedError."""
    return _decode(_Seals, document).seals  # type: ignore[no-any-return]


class Timed(msgspec.Struct, frozen=True, gc=False):
    """What an agenda asks of a notice."""

    due: datetime
    state: str = "waiting"


class _Identified(msgspec.Struct, frozen=True, gc=False):
    id: str


class _Seals(msgspec.Struct, frozen=True, gc=False):
    seals: tuple[str, ...] = ()


def is_ours(line: msgspec.Raw) -> bool:
    """Whether csctool would write exactly this document, in some format, for the ticket that it is. Raises
    DamagedError."""
    from csctool.storage.written import in_format_1, written

    ticket, kept = decode(line), seals(line)
    return bytes(line) in (written(ticket, kept), in_format_1(ticket, kept))


# -- older formats -----------------------------------------------------------------------------------------------


def upgrade(found: int, tables: Tables) -> Tables:
    """The tables of an older format as they are to be written; migrations run in their order over every ticket.

    A document that is no ticket stays as it is: whoever asks for it is told.
    """
    for step in range(found, FORMAT):
        if "tickets" in tables:
            tables["tickets"] = {number: _migrated(line, step) for number, line in tables["tickets"].items()}
    return tables


def _migrated(line: msgspec.Raw, step: int) -> msgspec.Raw:
    try:
        return MIGRATIONS[step](line)
    except DamagedError:
        return line


#: format -> what turns a ticket's document of that format into one of the next. Doing it twice changes nothing.
MIGRATIONS: Mapping[int, Callable[[msgspec.Raw], msgspec.Raw]] = {
    1: lambda line: document(decode(line), seals(line)),
}
