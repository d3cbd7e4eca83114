"""What a damaged store file still tells: nothing of it is believed yet.

A document is a line. Where the ends of lines are hit, a ticket is looked for by how its document begins; where the name
of a table is hit, a ticket is known by itself. Of the other tables that is taken which is what its table holds.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from json import JSONDecoder
from typing import NamedTuple

import msgspec

from csctool.domain.notice import identity
from csctool.errors import DamagedError
from csctool.storage import codec, container, joint

#: A document: its id, then JSON up to the end of the line.
_DOCUMENT = re.compile(rb'^"(\d{1,10})":(.*?),?$')
_TABLE = re.compile(rb'^"(\w+)":\{$')
_END = re.compile(rb"^\},?$")
#: How the document of a ticket begins.
_BEGIN = re.compile(rb'\{"key":"[A-Z][A-Z0-9]{1,9}-([1-9]\d{0,9})"')


class Found(NamedTuple):
    """What a damaged file still tells: documents that may be tickets, each with the numbers that it may have; the
    numbers of tickets that are there and can't be read; the documents of other tables, and which of these were hit."""

    tickets: list[tuple[tuple[str, ...], msgspec.Raw]]
    unreadable: set[str]
    tables: dict[str, dict[str, msgspec.Raw]]
    hit: set[str]
    generation: int

    def highest(self) -> int:
        """The highest number that anything in the file bears witness to."""
        told = (number for numbers, _ in self.tickets for number in numbers[:1])
        return max(map(int, (*told, *self.unreadable)), default=0)


def read(blob: bytes) -> Found:
    """Everything that can be made out in the bytes of a file."""
    found = Found([], set(), {}, set(), _generation(blob))
    table = ""
    for line in blob.split(b"\n"):
        document = _DOCUMENT.match(line)
        if named := _TABLE.match(line):
            table = named[1].decode()
        elif _END.match(line):
            table = ""
        elif document and (whole := _json(document[2])):
            _filed(found, table, document[1].decode(), whole)
        elif table in ("", "tickets"):
            _pieces(found, line, document[1].decode() if document else None)
        else:
            found.hit.add(table)
    return found


def _generation(blob: bytes) -> int:
    try:
        return container.read_header(blob, "").generation
    except DamagedError:
        return 0


def _json(text: bytes) -> msgspec.Raw | None:
    try:
        msgspec.json.decode(text)
    except codec.UNREADABLE:
        return None
    return msgspec.Raw(text)


def _filed(found: Found, table: str, number: str, document: msgspec.Raw) -> None:
    """A document under its id. Where the name of its table was hit, only a ticket is known by itself."""
    own = _BEGIN.match(bytes(document))
    if table == "tickets" or own:
        numbers = (number, own[1].decode()) if own else (number,)
        found.tickets.append((tuple(dict.fromkeys(numbers)), document))
    elif table in _TABLES:
        documents = found.tables.setdefault(table, {})
        if _fits(_TABLES[table], document):
            documents[number] = document
        else:
            found.hit.add(table)


def _pieces(found: Found, line: bytes, number: str | None) -> None:
    """The tickets in a line that is no document: its id was hit, or its end, which made two lines one."""
    text = line.decode("utf-8", "surrogateescape")
    told = {number} if number else set()
    end = 0
    for start in _BEGIN.finditer(line):
        if start.start() < end:
            continue  # in what was a ticket's text
        own = start[1].decode()
        told.add(own)
        at = len(line[: start.start()].decode("utf-8", "surrogateescape"))
        with suppress(ValueError, RecursionError):
            _, stop = _DECODER.raw_decode(text, at)
            piece = text[at:stop].encode("utf-8", "surrogateescape")
            end = start.start() + len(piece)
            if whole := _json(piece):
                found.tickets.append(((own,), whole))
                told.discard(own)
    found.unreadable.update(told)


def _fits(check: Callable[[msgspec.Raw], object], document: msgspec.Raw) -> bool:
    try:
        return bool(check(document))
    except (DamagedError, *codec.UNREADABLE):
        return False


def _addressed(document: msgspec.Raw) -> bool:
    """Whether a notice is about the ticket, and to the address, that its identity says."""
    notice = codec.notice(document)
    return notice.id == identity(notice.ticket, notice.seq, notice.transport, notice.to)


#: Tables besides that of the tickets, and what tells that a document belongs there.
_TABLES: Mapping[str, Callable[[msgspec.Raw], object]] = {
    "counters": codec.counters, "calendars": codec.definitions, "gaps": codec.gaps, "joint": joint.record,
    "months": codec.months, "outbox": _addressed,
}  # fmt: skip
_DECODER = JSONDecoder()
