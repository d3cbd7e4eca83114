"""Ticket <-> document: the one place that knows the format of stored documents, its version and its migrations.

A document is the public JSON of the ticket, so what lies on disk is what `show --json` prints. Documents that a command
does not touch pass through as undecoded bytes.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import msgspec

from csctool.domain.audit import chain
from csctool.domain.notice import Delivery, Notice
from csctool.domain.ticket import Due, Outline, Ticket
from csctool.domain.words import LIVE, OPEN
from csctool.errors import DamagedError

#: The version of the documents that this csctool writes. Raising it needs an entry in MIGRATIONS.
FORMAT = 1

#: format -> what turns a ticket's document (plain values) of that format into one of the next.
MIGRATIONS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}

#: What decoding raises for bytes that are no JSON, or not of the type; the second one for keys that are no UTF-8.
UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError)

#: Undecoded documents by ticket number (as JSON has it, a string), by table.
Tables = dict[str, dict[str, msgspec.Raw]]


class Sketch(msgspec.Struct, frozen=True, gc=False):
    """The fields of a ticket that queries ask about, without texts and history.

    Decoding it costs a third of decoding the ticket, which pays when a query drops most tickets.
    """

    agency: str
    number: int
    kind: str
    status: str
    requester: str | None = None
    service: str | None = None
    category: str | None = None
    priority: str = "P5"
    queue: str | None = None
    tier: str | None = None
    desk: str | None = None
    owner: str | None = None
    assignee: str | None = None
    flags: tuple[str, ...] = ()
    opened_at: datetime | None = None
    updated_at: datetime | None = None
    responded_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    due: Due = Due()
    version: int = 0


class Brief(Sketch, frozen=True, gc=False, omit_defaults=True):
    """A ticket without texts and history: what a query that is `brief` gets in its place."""

    channel: str | None = None
    code: str | None = None
    sla: dict[str, Any] = {}

    @property
    def key(self) -> str:
        """`DHS-1042`."""
        return f"{self.agency}-{self.number}"

    @property
    def open(self) -> bool:
        """Somebody still has to work on it."""
        return self.status in OPEN

    @property
    def live(self) -> bool:
        """Open, or resolved and not closed yet."""
        return self.status in LIVE


class Head(msgspec.Struct, frozen=True, gc=False):
    """The two fields that housekeeping asks about."""

    status: str
    version: int = 0


# The decoders are made on first use: making the ticket's costs a millisecond that `--help` should not pay.


@cache
def _decoder(type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type)


def decode(document: msgspec.Raw) -> Ticket:
    """The ticket of a document. Raises DamagedError for one that is none."""
    return _decode(Ticket, document)  # type: ignore[no-any-return]


def outline(document: msgspec.Raw) -> Ticket:
    """The ticket without its history decoded. Raises DamagedError."""
    return _decode(Outline, document)  # type: ignore[no-any-return]


def sketch(document: msgspec.Raw) -> Sketch:
    """The fields that queries ask about. Raises DamagedError."""
    return _decode(Sketch, document)  # type: ignore[no-any-return]


def brief(document: msgspec.Raw) -> Brief:
    """The ticket without texts and history. Raises DamagedError."""
    return _decode(Brief, document)  # type: ignore[no-any-return]


def head(document: msgspec.Raw) -> Head:
    """Status and version. Raises DamagedError."""
    return _decode(Head, document)  # type: ignore[no-any-return]


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


def delivery(document: msgspec.Raw) -> Delivery:
    """One record of a delivery. Raises DamagedError."""
    return _decode(Delivery, document)  # type: ignore[no-any-return]


def _decode(type: Any, document: msgspec.Raw) -> Any:
    try:
        return _decoder(type).decode(document)
    except UNREADABLE as error:
        start = bytes(document)[:40].decode(errors="replace")
        raise DamagedError(f"a stored document can't be read ({error}): {start}…", "run csctool doctor") from error


@cache
def _encoder() -> msgspec.json.Encoder:
    return msgspec.json.Encoder()


def encode(value: Any) -> msgspec.Raw:
    """The document of a ticket, or of any other plain value that goes into a table; one line of JSON."""
    return msgspec.Raw(_encoder().encode(value))


def sealed(ticket: Ticket, before: msgspec.Raw | None = None) -> msgspec.Raw:
    """The document of a ticket with a seal for each event; those of the document `before` stay as they are."""
    found = chain(ticket, seals(before) if before is not None else ())
    text = _encoder().encode(ticket)
    return msgspec.Raw(text[:-1] + b',"seals":' + _encoder().encode(found) + b"}")


def seals(document: msgspec.Raw) -> tuple[str, ...]:
    """The seals of a document's events. Raises DamagedError."""
    return _decode(_Seals, document).seals  # type: ignore[no-any-return]


class _Seals(msgspec.Struct, frozen=True, gc=False):
    seals: tuple[str, ...] = ()


def upgrade(found: int, tables: Tables) -> Tables:
    """The tables of an older format in this one; migrations run in their order over every ticket."""
    if found == FORMAT:
        return tables
    tickets = tables.get("tickets", {})
    for number, document in tickets.items():
        plain = msgspec.json.decode(document)
        for step in range(found, FORMAT):
            plain = MIGRATIONS[step](plain)
        tickets[number] = encode(plain)
    return tables
